// The candidates side by side, what could not be found out, what is claimed, and the rest of each.
const nameOf = (candidate, ...more) => el("span", { class: "who" }, look(candidate), el("span", {}, el("b", {}, candidate.name), " ",
  el("span", { class: "tag" }, candidate.protocol), " ", candidate.is_found && el("span", { class: "tag" }, "found by search"), more));

const drawSummary = () => {
  const host = byId("summary");
  if (candidates.length === 0) return host.append(absent("There is no candidate: the file names none, and no search found one."));
  const columns = measures;
  const groups = [];
  for (const it of columns) {
    if (groups.at(-1)?.name === it.group) groups.at(-1).count++;
    else groups.push({ name: it.group, count: 1 });
  }
  const starts = new Set(groups.map((_, at) => groups.slice(0, at).reduce((sum, it) => sum + it.count, 0)));
  const best = new Map(columns.map((it) => [it, range(known(it).map(it.of), [null, null])[it.better < 0 ? 0 : 1]]));
  const body = el("tbody"), heads = [];
  const row = (candidate) => el("tr", { class: isDominated(candidate) && "dominated", "data-place": candidate.place },
    el("th", { class: "name left", scope: "row" }, nameOf(candidate, isDominated(candidate) && el("small", {}, "dominated by " + some(candidate.dominated_by, 3)))),
    columns.map((it, at) => {
      const value = it.of(candidate), more = isNumber(value) ? it.more?.(candidate) : null;
      const isBest = candidates.length > 1 && isNumber(value) && value === best.get(it) && !isDominated(candidate);
      return el("td", { class: [starts.has(at) && "first"].filter(Boolean).join(" "), title: isNumber(value) ? null : "not known, or does not apply" },
        el("span", { class: isBest && "best" }, it.said(value, candidate)), more && el("small", {}, more));
    }));
  let sorted = null, direction = 1;
  const fillBody = () => {
    const value = (it) => sorted === null ? it.place : sorted === "name" ? it.name : sorted.of(it);
    const rows = [...candidates].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (typeof x === "string") return x.localeCompare(y, "en", { numeric: true }) * direction;
      // What is not known stands last, whichever way it is sorted.
      return isNumber(x) && isNumber(y) ? (x - y) * direction || a.place - b.place : isNumber(y) - isNumber(x) || a.place - b.place;
    });
    body.replaceChildren(...rows.map(row));
    for (const [head, it] of heads) head.setAttribute("aria-sort", it === sorted ? (direction > 0 ? "ascending" : "descending") : "none");
  };
  const head = (it, name, unit, cls) => {
    const sort = () => {
      // First the best on top.
      direction = sorted === it ? -direction : it === "name" || it.better < 0 ? 1 : -1;
      sorted = it;
      fillBody();
    };
    const cell = el("th", { class: cls, scope: "col", "aria-sort": "none" }, el("button", { type: "button", onclick: sort, "data-key": it.key ?? it }, name), unit && el("small", {}, unit));
    heads.push([cell, it]);
    return cell;
  };
  host.append(el("div", { class: "box" }, el("table", {}, el("thead", {},
    el("tr", {}, el("th", { class: "name" }), groups.map((it) => el("th", { class: "group", colspan: it.count, scope: "colgroup" }, it.name))),
    el("tr", {}, head("name", "candidate", null, "name left"), columns.map((it, at) => head(it, it.name, it.unit, starts.has(at) ? "first" : null)))), body)));
  if (columns.length === 0) host.append(absent("No measure of any candidate is known."));
  fillBody();
  const unknown = candidates.filter((it) => it.unknown.length > 0), noted = candidates.filter((it) => it.notes.length > 0);
  const lines = (them, what) => el("ul", {}, them.flatMap((it) => it[what].map((text) => el("li", {}, el("b", {}, it.name), ": " + text))));
  const infeasible = candidates.filter((it) => it.infeasible);
  if (infeasible.length) host.append(el("div", { class: "warnings", role: "note" }, el("h3", {}, "Limits that no strategy keeps"), el("ul", {}, infeasible.map((it) => el("li", {}, el("b", {}, it.name), ": " + it.infeasible)))));
  if (unknown.length) host.append(el("div", { class: "warnings", role: "note" }, el("h3", {}, "What could not be found out"), lines(unknown, "unknown")));
  if (noted.length) host.append(el("details", { class: "notes" }, el("summary", {}, "Notes (" + noted.reduce((sum, it) => sum + it.notes.length, 0) + ")"), lines(noted, "notes")));
};

/** From how much longer an operation takes for each millisecond between zones. */
const sensitivityWord = (value) => !isNumber(value) ? "" : Math.abs(value) < 0.05 ? "waits for no other zone" : `waits ${number(value, 2)} ms for each`;
const PAIR = {
  PA: "in a partition it goes on answering", PC: "in a partition it stays consistent", EL: "else it does not wait", EC: "else it waits for consistency",
};
const drawClaims = () => {
  const host = byId("claims");
  const rows = candidates.flatMap((candidate) => candidate.claims.map((claim) => ({ candidate, claim })));
  if (rows.length === 0) return host.append(absent("Nothing is claimed of any candidate: no shape of partition was asked, or no delays between zones are known."));
  const body = el("tbody", {}, rows.map(({ candidate, claim }, at) => el("tr", { "data-place": candidate.place },
    el("th", { class: "left wrap name", scope: "row" }, rows[at - 1]?.candidate === candidate ? null : nameOf(candidate)),
    el("td", { class: "left" }, claim.operation),
    el("td", { class: "left" }, el("span", { class: "pair", title: `${PAIR[claim.in_partition] ?? ""}; ${PAIR[claim.else] ?? ""}` }, `${claim.in_partition}/${claim.else}`),
      el("small", {}, claim.gives_up?.length ? "gives up " + claim.gives_up.join(", ") : Array.isArray(claim.gives_up) ? "the other operation pays" : null)),
    el("td", {}, isNumber(claim.delay_sensitivity) ? number(claim.delay_sensitivity) : "–", el("small", {}, [sensitivityWord(claim.delay_sensitivity), claim.delay_order].filter(Boolean).join(", "))),
    el("td", { class: "left" }, el("span", { class: claim.is_confirmed ? "confirmed" : "unconfirmed" }, claim.is_confirmed ? "✓ confirmed" : "✗ not confirmed"), el("small", {}, claim.machine)),
    el("td", { class: "left wrap mono witness" }, claim.witness, claim.else_witness && el("div", {}, el("span", { class: "about" }, "nothing cut: "), claim.else_witness)))));
  host.append(el("div", { class: "box" }, el("table", {}, el("thead", {}, el("tr", {},
    el("th", { class: "left", scope: "col" }, "candidate"), el("th", { class: "left", scope: "col" }, "operation"), el("th", { class: "left", scope: "col" }, "PACELC"),
    el("th", { scope: "col" }, "delay sensitivity", el("small", {}, "ms per ms between zones")), el("th", { class: "left", scope: "col" }, "by the checker"), el("th", { class: "left", scope: "col" }, "witness"))), body)));
  redraws.push(() => { for (const row of body.rows) row.hidden = !view.shown.has(+row.dataset.place); });
};

const quorumRows = (heading, quorums) => {
  if (!Array.isArray(quorums) || quorums.length === 0) return null;
  const sorted = [...quorums].sort((a, b) => b[1] - a[1]), first = sorted.slice(0, 40);
  return el("div", {}, el("h3", {}, heading), el("table", {}, el("tbody", {}, first.map(([nodes, part]) => el("tr", {},
    el("td", { class: "left wrap mono" }, nodes.join(" ")), el("td", {}, share(part)),
    el("td", { class: "left" }, el("i", { class: "amount", style: `width:${(90 * Math.max(0, Math.min(1, part))).toFixed(1)}px` })))))),
  sorted.length > first.length && el("small", {}, `and ${sorted.length - first.length} more`));
};
const shareRows = (heading, shares, name) => {
  const rows = Object.entries(shares ?? {}).sort((a, b) => a[0] - b[0]);
  return rows.length === 0 ? null : el("div", {}, el("h3", {}, heading), el("table", {}, el("tbody", {}, rows.map(([at, part]) => el("tr", {}, el("td", { class: "left" }, name(at)), el("td", {}, share(part)))))));
};
const drawDetails = () => {
  const host = byId("details");
  if (candidates.length === 0) return host.append(absent("There is no candidate."));
  const said = (latency) => latency && `p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, p99.9 ${ms(latency.p999)}`;
  host.append(...candidates.map((it) => el("details", { id: "candidate-" + it.place }, el("summary", {}, nameOf(it)), el("div", { class: "inside" },
    el("div", {}, el("h3", {}, "What it is"), pairs(
      ["nodes", it.nodes.join(" "), "mono"], ["a read contacts", it.reads, "mono"], ["a write contacts", it.writes, "mono"], ["load, exactly", it.load_exact, "mono"],
      ["certificate", it.certificate && `value ${number(it.certificate.value, 6)}, no strategy below ${number(it.certificate.bound, 6)}, gap ${errorText(it.certificate.gap)}`],
      ["times", it.method && [it.method, errorOf(it)].filter(Boolean).join(", ")], ["reads take", said(it.read_latency)], ["writes take", said(it.write_latency)],
      ["99.9 % see it", isNumber(it.t_visibility_999_ms) ? "after " + ms(it.t_visibility_999_ms) : null], ["dominated by", it.dominated_by.join(", ")])),
    quorumRows("Quorums of reads", it.strategy?.reads), quorumRows("Quorums of writes", it.strategy?.writes),
    shareRows("Reads that see a write after", it.consistent_at, (at) => at + " ms"), shareRows("Reads that see one of the last", it.consistent_within_versions, (at) => plural(+at, "version")),
    [["unknown", "What could not be found out"], ["notes", "Notes"]].map(([what, heading]) => it[what].length > 0 && el("div", {}, el("h3", {}, heading), el("ul", {}, it[what].map((text) => el("li", {}, text)))))))));
};
