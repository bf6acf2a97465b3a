// The partition matrix: shapes by operation and side, a candidate a column; and every state of the links, counted.
const WORDS = [
  ["total", "T", "every client via any node, and whoever moves still sees what they did"],
  ["sticky", "St", "every client via any node, as long as it keeps to its node"],
  ["side", "S", "every client on this side, via any of its nodes"],
  ["partly", "P", "only via some nodes of this side"],
  ["leader-bound", "L", "only via one node of this side, for a role that it keeps"],
  ["none", "–", "nobody on this side is answered"],
];
const wordOf = (text) => WORDS.find(([word]) => text === word || text.startsWith(word + " "));

/** The name of a shape after its kind, with which most names begin. */
const withoutKind = ({ kind, shape }) => shape.startsWith(kind) ? shape.slice(kind.length).trim() : shape;

const matrixRows = () => {
  const rows = new Map();
  for (const candidate of candidates) for (const cell of candidate.partitions) {
    const key = JSON.stringify([cell.kind, cell.shape, cell.operation, cell.side]);
    if (!rows.has(key)) rows.set(key, { kind: cell.kind, shape: cell.shape, operation: cell.operation, side: cell.side, nodes: candidate.nodes, cells: [] });
    rows.get(key).cells[candidate.place] = cell;
  }
  // Shapes in the order in which they came, each once.
  const shapes = new Map();
  for (const row of rows.values()) {
    const key = JSON.stringify([row.kind, row.shape]);
    if (!shapes.has(key)) shapes.set(key, []);
    shapes.get(key).push(row);
  }
  return [...shapes.values()];
};
const outage = (times) => times && [`p50 ${ms(times.p50)}, p99 ${ms(times.p99)}, p99.9 ${ms(times.p999)}`,
  interval(times.intervals?.[1]) && ` (p99 within ${interval(times.intervals[1])} ms)`].filter(Boolean).join("");
const tellCell = (row, candidate, cell) => {
  const heading = el("h4", {}, `${candidate.name}: ${row.operation}, clients on ${row.side.join(" ") || "no node"}`);
  if (!cell) return [heading, el("p", {}, `Not asked of this candidate: ${row.kind} ${withoutKind(row)}`)];
  const word = wordOf(cell.availability);
  return [heading, pairs(
    ["shape", `${row.kind} ${withoutKind(row)}`], ["available", cell.availability + (word ? `: ${word[2]}` : "")],
    ["keeps", cell.model ?? (cell.availability === "none" ? "nothing: nobody is answered" : "none of the models that are known")], ["attainable", cell.attainable], ["because", cell.because],
    ["outage", outage(cell.outage_ms)], ["witness", cell.witness ?? "none was recorded", "mono"])];
};

const drawMatrix = () => {
  const host = byId("matrix"), shapes = matrixRows(), rows = shapes.flat();
  if (rows.length === 0) return host.append(absent("No shape of partition was asked of any candidate."));
  const unique = (values) => [...new Set(values)];
  const filter = { kind: "", operation: "", differing: false };
  const select = (name, text, values) => el("label", {}, text, el("select", { id: "filter-" + name, onchange: (event) => { filter[name] = event.target.value; arrange(); } },
    el("option", { value: "" }, "all"), values.map((value) => el("option", { value }, value))));
  const count = el("span", { class: "about", role: "status", id: "rows-shown" });
  const differing = el("label", {}, el("input", { type: "checkbox", id: "filter-differing", onchange: (event) => { filter.differing = event.target.checked; arrange(); } }), "only where candidates differ");
  host.append(el("div", { class: "tools" }, select("kind", "shape", unique(rows.map((row) => row.kind))), select("operation", "operation", unique(rows.map((row) => row.operation))), candidates.length > 1 && differing, count));
  host.append(el("ul", { class: "words" }, WORDS.map(([word, letter, about]) => el("li", {}, el("b", { class: "a-" + word }, letter), `${word}: ${about}`))));

  const head = el("tr", {}, el("th", { class: "where", scope: "col" }, "operation, clients on"),
    candidates.map((it) => el("th", { class: "column", scope: "col", title: it.name, "data-place": it.place }, el("span", {}, it.name))));
  const table = el("table", { role: "grid", "aria-label": "What each operation still can do, in each shape" }, el("thead", {}, head));
  const kept = el("div", { id: "kept", "aria-live": "polite" }, "Point at a cell for its reasons and its witness; click, tap or press Enter to keep them here. Arrow keys move.");
  const cells = new Map();
  for (const shape of shapes) {
    const bounds = el("tbody", { "data-kind": shape[0].kind });
    bounds.append(el("tr", { class: "shape-row" }, el("th", { class: "shape", colspan: candidates.length + 1, scope: "rowgroup" }, el("span", {}, el("b", {}, shape[0].kind), el("small", { class: "mono" }, withoutKind(shape[0]))))));
    for (const row of shape) {
      const line = el("tr", { "data-operation": row.operation }, el("th", { class: "where", scope: "row" }, row.operation + " ", dots(row), el("span", { class: "mono" }, row.side.join(" "))));
      for (const candidate of candidates) {
        const cell = row.cells[candidate.place], word = cell && wordOf(cell.availability);
        const label = cell ? cell.availability : "not asked";
        const node = el("td", { class: "cell " + (word ? "a-" + word[0] : "unasked"), role: "gridcell", tabindex: -1, "data-place": candidate.place, "aria-label": `${candidate.name}: ${label}${cell?.model ? ", " + cell.model : ""}` },
          el("span", { class: "word" }, cell ? cell.availability : "·"), el("span", { class: "letter" }, word ? word[1] : cell ? "?" : "·"), cell?.model && el("small", {}, cell.model));
        cells.set(node, { row, candidate, cell });
        line.append(node);
      }
      row.line = line;
      bounds.append(line);
    }
    shape.body = bounds;
    table.append(bounds);
  }
  host.append(el("div", { class: "beside" }, el("div", { class: "box", id: "grid" }, table), kept));

  const arrange = () => {
    let visible = 0;
    for (const shape of shapes) {
      for (const row of shape) {
        const words = new Set(shownCandidates().map((it) => JSON.stringify([row.cells[it.place]?.availability, row.cells[it.place]?.model])));
        const isIn = (!filter.kind || row.kind === filter.kind) && (!filter.operation || row.operation === filter.operation) && (!filter.differing || words.size > 1);
        row.line.hidden = !isIn;
        visible += isIn;
      }
      shape.body.hidden = shape.every((row) => row.line.hidden);
    }
    count.textContent = visible === rows.length ? `${plural(rows.length, "row")}` : `${visible} of ${plural(rows.length, "row")}`;
    for (const node of table.querySelectorAll("[data-place]")) node.hidden = !view.shown.has(+node.dataset.place);
    table.classList.toggle("compact", view.shown.size > 6 || host.clientWidth < 170 + 110 * view.shown.size);
    const reachable = [...cells.keys()].find((node) => node.tabIndex === 0 && node.offsetParent !== null);
    if (!reachable) { for (const node of cells.keys()) node.tabIndex = -1; const first = [...cells.keys()].find((node) => node.offsetParent !== null); if (first) first.tabIndex = 0; }
  };
  redraws.push(arrange);
  gridHands(table, cells, kept);
};
/** The nodes in their order: filled are those of the side. */
const dots = (row) => {
  if (row.nodes.length === 0 || row.nodes.length > 12) return null;
  return el("span", { class: "dots", "aria-hidden": "true" }, row.nodes.map((node) => row.side.includes(node) ? "●" : el("i", {}, "○")));
};
const gridHands = (table, cells, kept) => {
  const cellOf = (event) => event.target.closest?.(".cell");
  const show = (node, x, y) => { const { row, candidate, cell } = cells.get(node); showTip(x, y, tellCell(row, candidate, cell)); };
  const beside = (node) => { const box = node.getBoundingClientRect(); show(node, box.left + box.width / 2, box.bottom - 8); };
  const keep = (node) => {
    table.querySelector(".kept")?.classList.remove("kept");
    node.classList.add("kept");
    const { row, candidate, cell } = cells.get(node);
    kept.replaceChildren(...tellCell(row, candidate, cell));
  };
  table.addEventListener("pointermove", (event) => { const node = cellOf(event); if (node) show(node, event.clientX, event.clientY); else hideTip(); });
  table.addEventListener("pointerleave", hideTip);
  table.addEventListener("focusin", (event) => { const node = cellOf(event); if (node?.matches(":focus-visible")) beside(node); });
  table.addEventListener("focusout", hideTip);
  table.addEventListener("click", (event) => { const node = cellOf(event); if (node) { focus(node); keep(node); show(node, event.clientX, event.clientY); } });
  const focus = (node) => {
    for (const other of table.querySelectorAll('.cell[tabindex="0"]')) other.tabIndex = -1;
    node.tabIndex = 0;
    node.focus({ preventScroll: false });
  };
  table.addEventListener("keydown", (event) => {
    const node = cellOf(event);
    if (!node) return;
    const seen = (list) => [...list].filter((it) => it.offsetParent !== null);
    const lines = seen(table.querySelectorAll("tbody tr[data-operation]")), across = seen(node.parentElement.querySelectorAll(".cell"));
    const [line, column] = [lines.indexOf(node.parentElement), across.indexOf(node)];
    const go = (toLine, toColumn) => { const target = seen(lines[toLine]?.querySelectorAll(".cell") ?? [])[toColumn]; if (target) focus(target); };
    const moves = {
      ArrowLeft: () => go(line, column - 1), ArrowRight: () => go(line, column + 1), ArrowUp: () => go(line - 1, column), ArrowDown: () => go(line + 1, column),
      Home: () => go(line, 0), End: () => go(line, across.length - 1), PageUp: () => go(Math.max(0, line - 10), column), PageDown: () => go(Math.min(lines.length - 1, line + 10), column),
      Enter: () => keep(node), " ": () => keep(node),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  });
};

const drawStates = () => {
  const host = byId("states"), counted = candidates.filter((it) => it.link_states);
  if (counted.length === 0) return host.append(absent("The states of the links were counted for no candidate: it is done for five nodes at most."));
  const rows = counted.flatMap((candidate) => Object.entries(candidate.link_states.counts ?? {}).map(([operation, counts]) => ({ candidate, operation, counts })));
  const body = el("tbody", {}, rows.map(({ candidate, operation, counts }, at) => {
    const parts = WORDS.map(([word, letter]) => [word, letter, counts[word] ?? 0]).concat(Object.entries(counts).filter(([word]) => !WORDS.some((it) => it[0] === word)).map(([word, part]) => [word, "?", part]));
    const sum = parts.reduce((total, [, , part]) => total + part, 0);
    const spoken = parts.filter(([, , part]) => part > 0).map(([word, , part]) => `${word} in ${whole(part)} (${share(part / sum)})`);
    const isFirst = rows[at - 1]?.candidate !== candidate;
    return el("tr", { "data-place": candidate.place }, el("th", { class: "left name", scope: "row" }, isFirst && nameOf(candidate, el("small", {}, `${whole(candidate.link_states.states)} states, ${whole(candidate.link_states.classes)} up to renaming`))),
      el("td", { class: "left" }, operation), el("td", { class: "left states" }, el("div", { class: "stack", role: "img", "aria-label": spoken.join(", "), title: spoken.join("\n") },
        parts.filter(([, , part]) => part > 0).map(([word, letter, part]) => el("i", { class: "a-" + word, style: `flex-grow:${part};flex-basis:0;font-style:normal` }, part / sum > 0.03 ? letter : "")))));
  }));
  host.append(el("div", { class: "box" }, el("table", {}, body)));
  redraws.push(() => { for (const row of body.rows) row.hidden = !view.shown.has(+row.dataset.place); });
};
