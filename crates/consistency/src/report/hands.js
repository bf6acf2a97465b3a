// What people do: move, zoom, point, choose. Every change of `view` ends in `changed`.
const tip = byId("tip"), detail = byId("detail"), hint = detail.textContent;
let isDue = false;
const changed = () => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; draw(); });
};
const limit = (left, right) => {
  const span = spans[view.clock], most = span * 1.06, least = view.clock === 0 ? 3 : Math.max(span / 1e6, 10);
  const size = Math.max(Math.min(right - left, most), Math.min(least, most));
  const start = Math.max(-span * 0.03, Math.min((left + right - size) / 2, span * 1.03 - size));
  [view.left, view.right] = [start, start + size];
  changed();
};
const zoom = (factor, x = GUTTER + (width - GUTTER) / 2) => {
  const middle = toValue(Math.max(x, GUTTER));
  limit(middle - (middle - view.left) * factor, middle + (view.right - middle) * factor);
};
const move = (part) => { const by = (view.right - view.left) * part; limit(view.left + by, view.right + by); };
const whole = () => limit(-spans[view.clock] * 0.02, spans[view.clock] * 1.02);
const showBars = (some) => {
  if (some.length === 0) return whole();
  const starts = some.map((bar) => bar.starts[view.clock]), ends = some.map((bar) => Math.max(bar.ends[view.clock], bar.starts[view.clock]));
  const [first, last] = [starts.reduce((a, b) => Math.min(a, b)), ends.reduce((a, b) => Math.max(a, b))];
  const aside = Math.max((last - first) * 0.15, view.clock === 0 ? 4 : spans[1] / 2000);
  limit(first - aside, last + aside);
  arrange();
  const ys = some.filter(isShown).map((bar) => rows[bar.row].y * rowHeight);
  if (ys.length > 0) {
    const [top, bottom] = [Math.min(...ys), Math.max(...ys) + rowHeight];
    const room = height - AXIS;
    view.top = bottom - top > room ? top : Math.max(0, (top + bottom - room) / 2);
  }
};
/** The operations of the evidence; where they lie far apart, the last of them and what is near. */
const evidence = () => {
  const core = marked.filter((bar) => bar.mark === CORE), some = core.length > 0 ? core : marked;
  const last = some.reduce((latest, bar) => Math.max(latest, bar.starts[0]), 0);
  const isWide = some.some((bar) => bar.starts[0] < last - 240);
  showBars(isWide ? marked.filter((bar) => Math.abs(bar.starts[0] - last) <= 60) : some);
};

const nanos = (value) => value >= 1e9 ? (value / 1e9).toFixed(3) + " s" : value >= 1e6 ? (value / 1e6).toFixed(3) + " ms" : value + " ns";
const describe = (bar) => {
  const parts = [`${bar.letter ? bar.letter + "  " : ""}${rows[bar.row].lane.name}: ${bar.call} → ${bar.answer}`];
  if (bar.line !== null) parts.push(`line ${bar.line}` + (bar.endLine !== null ? ` to line ${bar.endLine}` : ""));
  if (bar.starts[1] !== null) parts.push(`from ${nanos(bar.starts[1])}` + (bar.fate === OPEN ? "" : ` to ${nanos(bar.ends[1])}`));
  for (const order of orders) {
    const point = order.points.find((point) => point.bar === bar);
    if (point) parts.push(`number ${point.number} of the order` + (order.label ? ` of ${order.label}` : ""));
  }
  if (bar.mark === CORE) parts.push("part of the evidence");
  if (bar.mark === BLOCKED) parts.push("could not come next after the longest order");
  for (const [source, target, , sentence] of data.arrows) {
    if (bars[source] === bar || bars[target] === bar) parts.push(sentence);
  }
  return parts.join("\n");
};
const barAt = (x, y) => {
  if (x < GUTTER || y < AXIS) return null;
  const row = visibleRows[Math.floor((y - AXIS + view.top) / rowHeight)];
  if (!row) return null;
  let best = null, distance = 5;
  for (let at = firstVisible(row); at < row.bars.length; at++) {
    const bar = row.bars[at], box = boxOf(bar);
    if (box.x > x + 5) break;
    const off = Math.max(box.x - x, x - box.x - box.w, 0) - (bar.mark ? 0.5 : 0);
    if (off < distance) { distance = off; best = bar; }
  }
  return best;
};
const hover = (x, y) => {
  const bar = barAt(x, y);
  if (bar !== view.hovered) { view.hovered = bar; changed(); }
  tip.hidden = bar === null;
  if (bar === null) return;
  tip.textContent = describe(bar);
  const [w, h] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = Math.max(0, Math.min(x + 14, width - w - 4)) + "px";
  tip.style.top = (y + h + 22 > height && y > h + 12 ? y - h - 12 : y + 18) + "px";
};
const keep = (bar) => {
  view.kept = bar;
  detail.className = bar ? "kept" : "";
  detail.textContent = bar ? describe(bar) : hint;
  changed();
};
const keepNext = (by) => {
  const all = view.isMarkedOnly ? bars.filter(isShown) : bars;
  if (all.length === 0) return;
  const now = all.indexOf(view.kept);
  const next = all[now < 0 ? 0 : Math.max(0, Math.min(all.length - 1, now + by))];
  keep(next);
  const start = next.starts[view.clock], size = view.right - view.left;
  if (start < view.left || start > view.right) limit(start - size / 2, start + size / 2);
  const y = rows[next.row].y * rowHeight;
  if (y < view.top || y + rowHeight > view.top + height - AXIS) view.top = Math.max(0, y - (height - AXIS) / 2);
};

const inside = (event, canvas) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
let drag = null;
picture.addEventListener("pointerdown", (event) => {
  const [x, y] = inside(event, picture);
  drag = { x, y, left: view.left, right: view.right, top: view.top, hasMoved: false };
  try { picture.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
});
picture.addEventListener("pointermove", (event) => {
  const [x, y] = inside(event, picture);
  if (!drag) return hover(x, y);
  drag.hasMoved ||= Math.abs(x - drag.x) + Math.abs(y - drag.y) > 4;
  if (!drag.hasMoved) return;
  tip.hidden = true;
  const by = (drag.x - x) / (width - GUTTER) * (drag.right - drag.left);
  view.top = drag.top + drag.y - y;
  limit(drag.left + by, drag.right + by);
});
picture.addEventListener("pointerup", (event) => {
  if (drag && !drag.hasMoved) keep(barAt(...inside(event, picture)));
  drag = null;
});
picture.addEventListener("pointercancel", () => { drag = null; });
picture.addEventListener("pointerleave", () => { tip.hidden = true; if (view.hovered) { view.hovered = null; changed(); } });
picture.addEventListener("dblclick", (event) => zoom(0.4, inside(event, picture)[0]));
picture.addEventListener("wheel", (event) => {
  event.preventDefault();
  tip.hidden = true;
  if (event.shiftKey) { view.top += event.deltaY; return changed(); }
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move(event.deltaX / width);
  zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.002))), inside(event, picture)[0]);
}, { passive: false });
picture.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15),
    ArrowUp: () => { view.top -= rowHeight * 2; changed(); }, ArrowDown: () => { view.top += rowHeight * 2; changed(); },
    "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1.6), 0: whole, Home: whole, v: evidence,
    n: () => keepNext(1), p: () => keepNext(-1), Escape: () => keep(null),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});

const jumpTo = (event) => {
  const x = inside(event, map)[0], middle = (x - 2) / (map.clientWidth - 4) * spans[view.clock], half = (view.right - view.left) / 2;
  limit(middle - half, middle + half);
};
let isMapHeld = false;
map.addEventListener("pointerdown", (event) => { isMapHeld = true; jumpTo(event); });
map.addEventListener("pointermove", (event) => { if (isMapHeld && event.buttons) jumpTo(event); else isMapHeld = false; });
map.addEventListener("pointerup", () => { isMapHeld = false; });

const press = { jump: evidence, whole, left: () => move(-0.4), right: () => move(0.4), closer: () => zoom(0.5), further: () => zoom(2) };
for (const [id, act] of Object.entries(press)) byId(id).addEventListener("click", act);
const hideUnless = (wanted, element) => { if (!wanted) element.style.display = "none"; };
hideUnless(marked.length > 0, byId("jump"));
hideUnless(lanes.some((lane) => !lane.isMarked) && marked.length > 0, byId("only-label"));
hideUnless(hasClock, byId("clock-label"));
hideUnless(data.keys.length > 1, byId("key-label"));
hideUnless(orders.length > 0, byId("ordered-label"));
for (const [name, wanted] of [["core", marked.some((bar) => bar.mark === CORE)], ["blocked", marked.some((bar) => bar.mark === BLOCKED)], ["order", orders.length > 0], ["arrow", data.arrows.length > 0]]) {
  hideUnless(wanted, document.querySelector(".if-" + name));
}
const option = (text, value) => { const it = document.createElement("option"); it.textContent = text; it.value = value; byId("key").append(it); };
option("all", "");
data.keys.forEach((key, at) => option(key, String(at)));
byId("key").addEventListener("change", (event) => { view.key = event.target.value === "" ? null : Number(event.target.value); changed(); });
byId("ordered").addEventListener("change", (event) => { view.isOrdered = event.target.checked; changed(); });
byId("only").addEventListener("change", (event) => { view.isMarkedOnly = event.target.checked; view.top = 0; changed(); });
byId("clock").addEventListener("change", (event) => { view.clock = event.target.checked ? 1 : 0; whole(); });

window.addEventListener("resize", changed);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
window.addEventListener("beforeprint", () => { document.documentElement.classList.add("printing"); draw(); });
window.addEventListener("afterprint", () => { document.documentElement.classList.remove("printing"); draw(); });

const guilty = new Set(marked.map((bar) => bar.key));
if (guilty.size === 1 && !guilty.has(null) && data.keys.length > 1) {
  [view.key] = guilty;
  byId("key").value = String(view.key);
}
// Short histories are shown whole; of a long one, what matters.
draw();
if (data.span > 160 && marked.length > 0) evidence(); else whole();
draw();
// For tests, and for whoever looks on from a console.
window.timeline = { view, draw, bars, boxOf };
