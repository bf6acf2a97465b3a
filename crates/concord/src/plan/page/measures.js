// What is measured of a candidate, for the table of candidates and the axes of the front; less is better unless said.
const better = { less: -1, more: 1 };
const plain = (value) => number(value);
const measure = (key, group, name, unit, of, said, order = "less", more = null) => ({ key, group, name, unit, of, said, better: better[order], more });
const percentile = (which, at) => (candidate) => candidate[which]?.[at];
const percentileInterval = (which, at) => (candidate) => interval(candidate[which]?.intervals?.[["p50", "p99", "p999"].indexOf(at)]);
/** Of reads and of writes, where they differ; the lesser counts. */
const bothOf = (what) => (value, candidate) => {
  const [read, write] = [candidate?.["read_" + what], candidate?.["write_" + what]];
  return isNumber(read) && isNumber(write) && read !== write ? `${read} / ${write}` : number(value);
};
const least = (...values) => values.every(isNumber) ? Math.min(...values) : values.find(isNumber);
const gapOf = (candidate) => {
  const gap = candidate.certificate?.gap;
  return candidate.load_exact && candidate.load_exact !== String(candidate.load) ? "= " + candidate.load_exact : isNumber(gap) && gap > 1e-9 * Math.abs(candidate.certificate.value) ? "gap " + errorText(gap) : null;
};
const errorOf = (candidate) => isNumber(candidate.error) ? "± " + errorText(candidate.error) : null;
const MEASURES = [
  measure("load", "What a strategy costs", "load", "", (it) => it.load, plain, "less", gapOf),
  measure("capacity", "What a strategy costs", "capacity", "op/s", (it) => it.capacity, whole, "more"),
  measure("network_load", "What a strategy costs", "network", "nodes/op", (it) => it.network_load, plain),
  measure("latency", "What a strategy costs", "latency", "ms", (it) => it.latency, plain),
  measure("resilience", "What survives", "nodes lost", "reads / writes", (it) => it.resilience ?? least(it.read_resilience, it.write_resilience), bothOf("resilience"), "more"),
  measure("zone_resilience", "What survives", "zones lost", "reads / writes", (it) => least(it.read_zone_resilience, it.write_zone_resilience), bothOf("zone_resilience"), "more"),
  measure("read_unavailability", "What survives", "no reads", "probability", (it) => it.read_unavailability, plain),
  measure("write_unavailability", "What survives", "no writes", "probability", (it) => it.write_unavailability, plain),
  measure("consistent_at_0", "How fresh", "seen at once", "", (it) => it.consistent_at?.["0"], share, "more", (it) => it.consistency_curve ? errorOf(it) : null),
  measure("t_visibility_999_ms", "How fresh", "99.9 % see it", "ms later", (it) => it.t_visibility_999_ms, plain, "less", (it) => interval(it.t_visibility_999_interval_ms)),
  ...["read", "write"].flatMap((operation) => [["p50", "p50"], ["p99", "p99"], ["p999", "p99.9"]].map(([key, name]) =>
    measure(`${operation}_${key}`, operation === "read" ? "Reads take" : "Writes take", name, "ms", percentile(operation + "_latency", key), plain, "less", percentileInterval(operation + "_latency", key)))),
];
/** With its operation, where the name alone does not say it. */
const fullName = (it) => (it.key.endsWith("resilience") ? it.name : undefined) ?? (it.group.endsWith("take") ? it.key.split("_")[0] + " latency " : it.key === "latency" ? "strategy's " : "") + it.name + (it.unit ? `, ${it.unit}` : "");
const known = (it) => candidates.filter((candidate) => isNumber(it.of(candidate)));
const measures = MEASURES.filter((it) => known(it).length > 0);
// Where one value of a column is very small, all that are small are told alike.
for (const it of measures) {
  if (it.said === plain && known(it).some((candidate) => it.of(candidate) > 0 && it.of(candidate) < 1e-3)) it.said = (value) => number(value, 3, 0.1);
}
/** Better in one and worse in none of these. */
const beats = (one, other, these) => these.every((it) => it.of(one) * it.better >= it.of(other) * it.better) && these.some((it) => it.of(one) * it.better > it.of(other) * it.better);
