// The pictures: the front, load, latency and staleness.
const shown = (points) => Array.isArray(points) ? points.filter(([x, y]) => isNumber(x) && isNumber(y)) : [];
const range = (values, otherwise) => values.length === 0 ? otherwise : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
/** A frame for a picture: its heading, its buttons, its plot, and who is not in it and why. */
const figure = (id, heading, about, ...tools) => {
  const plot = el("div", { class: "plot", id, tabindex: 0, role: "group", "aria-label": heading + ". Arrow keys read it out." });
  const missing = el("span", { class: "missing" });
  const caption = el("figcaption", {}, about + " ", missing);
  byId("figures").append(el("figure", { class: id === "staleness" && "wide" }, el("div", { class: "head" }, el("h3", {}, heading), el("span", { class: "tools" }, tools)), plot, caption));
  return { plot, missing };
};
/** Says of whom there is nothing to draw. */
const sayMissing = (node, has, isSure = () => false) => {
  const names = (list) => list.map((it) => it.name);
  const [sure, without] = [true, false].map((which) => names(shownCandidates().filter((it) => !has(it) && isSure(it) === which)));
  const none = view.shown.size === 0 ? "No candidate is chosen above." : null;
  const always = sure.length && `Every read sees it at once, so not drawn: ${some(sure, 6)}.`;
  const unknown = without.length && `Not known, so not drawn: ${some(without, 6)}.`;
  node.textContent = none ?? [always, unknown].filter(Boolean).join(" ");
};

const drawFront = () => {
  if (measures.length < 2) return absentFigure("The front", "A front needs two measures of a candidate, and there are not as many: no load, no failures and no delays are known.");
  const first = (...keys) => measures.find((it) => keys.includes(it.key));
  const axes = { x: first("load") ?? first("network_load", "resilience") ?? measures[0] };
  // The first of those that are asked for most which tells the candidates apart.
  const variety = (it) => new Set(candidates.map(it.of).filter(isNumber)).size;
  const wanted = ["read_p99", "t_visibility_999_ms", "latency", "read_unavailability", "write_unavailability"].map((key) => first(key)).filter(Boolean);
  const others = [...wanted, ...measures].filter((it) => it !== axes.x);
  const most = Math.max(...others.map(variety));
  axes.y = others.find((it) => variety(it) * 2 > most);
  const select = (axis) => {
    const options = measures.map((it) => el("option", { value: it.key, selected: it === axes[axis] }, fullName(it)));
    return el("label", {}, axis, el("select", { id: "front-" + axis, onchange: (event) => { axes[axis] = measures.find((it) => it.key === event.target.value); changed(); } }, options));
  };
  const { plot, missing } = figure("front", "The front", "Filled: no other candidate is as good in everything and better in something; hollow: dominated. The stairs join those that none beats on these two axes.", select("x"), select("y"));
  const axis = (it, points) => {
    const values = points.map((candidate) => it.of(candidate));
    const [low, high] = range(values, [0, 1]);
    const arrow = it.better < 0 ? "less is better" : "more is better";
    const scale = low > 0 && high / low > 30 ? "log" : low === 0 && high > 0 && values.some((v) => v > 0 && high / v > 30) ? "knee" : "linear";
    const common = { label: `${fullName(it)} (${arrow})`, say: (value) => it.said(value) };
    if (scale === "log") return { ...common, scale, low: low / 1.6, high: high * 1.6 };
    if (scale === "knee") return { ...common, scale, knee: Math.min(...values.filter((v) => v > 0)), low: 0, high: high * 1.6 };
    const pad = (high - low || Math.abs(high) || 1) * 0.12;
    return { ...common, scale, low: low >= 0 && low - pad < 0 ? 0 : low - pad, high: high + pad };
  };
  scatter(plot, () => {
    const both = [axes.x, axes.y];
    const drawn = shownCandidates().filter((it) => both.every((measure) => isNumber(measure.of(it))));
    sayMissing(missing, (it) => drawn.includes(it));
    const all = candidates.filter((it) => both.every((measure) => isNumber(measure.of(it))));
    const unbeaten = drawn.filter((it) => !drawn.some((other) => beats(other, it, both)));
    const [x, y] = both.map((measure) => axis(measure, all));
    const places = new Map(unbeaten.map((it) => [`${axes.x.of(it)} ${axes.y.of(it)}`, [axes.x.of(it), axes.y.of(it)]]));
    const sorted = [...places.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    // Between two steps lies the corner that is no better than either.
    const corner = (a, b) => [axes.x.better < 0 ? b[0] : a[0], axes.x.better < 0 ? a[1] : b[1]];
    const front = sorted.map((point, at) => [...point, at === 0 ? null : corner(sorted[at - 1], point)]);
    const points = drawn.map((candidate) => ({ candidate, x: axes.x.of(candidate), y: axes.y.of(candidate) }));
    const tell = ({ candidate }) => [el("h4", {}, candidate.name), pairs(
      ...measures.map((it) => [fullName(it), isNumber(it.of(candidate)) ? it.said(it.of(candidate), candidate) + (it.more?.(candidate) ? ` (${it.more(candidate)})` : "") : null]),
      ["dominated by", some(candidate.dominated_by)])];
    return { label: `${drawn.length} candidates by ${fullName(axes.x)} and ${fullName(axes.y)}`, x, y, points, front, tell };
  });
};
const absentFigure = (heading, why) => {
  byId("figures").append(el("figure", {}, el("h3", {}, heading), absent(why)));
};

const drawLoad = () => {
  const points = (it) => shown(it.load_by_read_fraction);
  if (!candidates.some((it) => points(it).length > 1)) return absentFigure("Load by read fraction", "No candidate has an optimal strategy, so there is no load to draw.");
  let kind = "load";
  const buttons = choice("what is drawn", [["load", "load"], ["capacity", "capacity"]], kind, (value) => { kind = value; changed(); });
  const { plot, missing } = figure("load", "Load by read fraction", "The least load of the busiest node that a strategy made for this read fraction comes to. Capacity is its inverse.", buttons);
  lineChart(plot, () => {
    const of = (it) => kind === "load" ? points(it) : points(it).filter(([, load]) => load > 0).map(([x, load]) => [x, 1 / load]);
    const high = range(candidates.flatMap((it) => of(it).map(([, y]) => y)), [0, 1])[1];
    const series = shownCandidates().filter((it) => of(it).length > 1).map((candidate) => ({ candidate, points: of(candidate) }));
    sayMissing(missing, (it) => of(it).length > 1);
    return {
      label: `${kind} of ${plural(series.length, "candidate")} by read fraction`, series,
      x: { scale: "linear", low: 0, high: 1, label: "share of operations that read", say: (v) => Math.round(v * 100) + " %" },
      y: { scale: "linear", low: 0, high: high * 1.06 || 1, label: kind === "load" ? "load of the busiest node, per operation" : "capacity, operations per second", say: kind === "load" ? number : whole },
      tell: (x) => `${share(+x.toFixed(3))} reads`, value: (value) => kind === "load" ? number(value, 4) : whole(value),
    };
  });
};

const shareAxis = (kind, most, label) => kind === "nines"
  ? { scale: "nines", most, low: 0, high: 1 - 10 ** -most, label, say: (v) => v === 0 ? "0" : +(v * 100).toFixed(6) + " %" }
  : { scale: "linear", low: 0, high: 1, label, say: (v) => +(v * 100).toFixed(6) + " %" };
/** How many nines the curves reach: three or four, as nothing beyond 99.9 % is asked. */
const ninesOf = (shares) => {
  const most = range(shares.filter((v) => v < 1).map((v) => -Math.log10(1 - v)), [3, 3])[1];
  return Math.max(3, Math.min(4, Math.ceil(most - 1e-9)));
};
const tailButtons = (state) => choice("share axis", [["nines", "tail"], ["linear", "linear"]], state.kind, (value) => { state.kind = value; changed(); });

const drawLatency = (operation) => {
  const key = operation + "_cdf", title = operation === "read" ? "How long reads take" : "How long writes take";
  const points = (it) => shown(it[key]);
  if (!candidates.some((it) => points(it).length > 1)) return absentFigure(title, `No candidate has delays from which the latency of a ${operation} follows.`);
  const state = { kind: "nines" };
  const { plot, missing } = figure(key, title, `The share of ${operation}s that are done by then. Marks: p50, p99 and p99.9, with their interval where they are sampled.`, tailButtons(state));
  // The same axis for reads and writes, so that they compare.
  const times = candidates.flatMap((it) => [...shown(it.read_cdf), ...shown(it.write_cdf)]).filter(([x, y]) => x > 0 && y > 0.002 && y < 0.9999).map(([x]) => x);
  const [low, high] = range(times, [1, 10]);
  const isWide = high / low > 8;
  lineChart(plot, () => {
    const series = shownCandidates().filter((it) => points(it).length > 1).map((candidate) => {
      const latency = candidate[operation + "_latency"];
      const marks = latency ? [[latency.p50, 0.5, latency.intervals?.[0]], [latency.p99, 0.99, latency.intervals?.[1]], [latency.p999, 0.999, latency.intervals?.[2]]] : [];
      return { candidate, points: points(candidate), marks };
    });
    sayMissing(missing, (it) => points(it).length > 1);
    const most = ninesOf(candidates.flatMap((it) => points(it).map(([, y]) => y)));
    return {
      label: `latency of ${operation}s of ${plural(series.length, "candidate")}`, series,
      x: { scale: isWide ? "log" : "linear", low: isWide ? low : 0, high: high === low ? low * 2 : high, label: "milliseconds" + (isWide ? ", logarithmic" : ""), say: (v) => number(v) },
      y: shareAxis(state.kind, most, `share of ${operation}s done`),
      tell: (x) => "by " + ms(x), value: (value, _, it) => share(value) + (it.error > 1e-6 ? " ± " + errorText(it.error * 100) : ""),
    };
  });
};

const drawStaleness = () => {
  const curve = (it) => Array.isArray(it.consistency_curve) ? it.consistency_curve.filter(([t, p]) => isNumber(t) && Array.isArray(p) && p.every(isNumber)) : [];
  if (!candidates.some((it) => curve(it).length > 1)) return absentFigure("How stale reads are", "No candidate has delays from which it follows when a write is seen.");
  const state = { kind: "nines" };
  const { plot, missing } = figure("staleness", "How stale reads are", "The share of reads that see a write which returned so long before. Shaded: the interval in which it lies. Marks: when 99.9 % see it.", tailButtons(state));
  const times = candidates.flatMap((it) => curve(it).map(([t]) => t)).filter((t) => t > 0);
  const high = range(times, [1, 1])[1], knee = Math.max(range(times, [1, 1])[0], high / 2000);
  lineChart(plot, () => {
    const series = shownCandidates().filter((it) => curve(it).length > 1).map((candidate) => ({
      candidate, points: curve(candidate).map(([t, p]) => [t, p[1]]), band: curve(candidate).map(([t, p]) => [t, p[0], p[2]]),
      marks: [[candidate.t_visibility_999_ms, 0.999, candidate.t_visibility_999_interval_ms]].filter(([t]) => isNumber(t)),
    }));
    sayMissing(missing, (it) => curve(it).length > 1, (it) => it.t_visibility_999_ms === 0);
    const most = ninesOf([0.999, ...candidates.flatMap((it) => curve(it).map(([, p]) => p[1]))]);
    return {
      label: `staleness over time of ${plural(series.length, "candidate")}`, series,
      x: { scale: high / knee > 30 ? "knee" : "linear", knee, low: 0, high, label: "milliseconds after the write returned" + (high / knee > 30 ? ", logarithmic" : ""), say: (v) => number(v) },
      y: shareAxis(state.kind, most, "share of reads that see it"),
      tell: (x) => ms(x) + " after the write", value: (value, range) => share(value) + (range && range[0] !== null && range[1] - range[0] > 1e-6 ? ` (${share(range[0])} to ${share(range[1])})` : ""),
    };
  });
};
