"use strict";
// What is seen: the data laid out, and drawn as far as it is visible. Where to look is `view`; hands.js changes it.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const picture = byId("picture"), map = byId("map");
const GUTTER = 92, AXIS = 26, ROW_MAX = 36, ROW_MIN = 15;
const HAPPENED = 0, FAILED = 1, OPEN = 2, CORE = 1, BLOCKED = 2;

const bars = data.bars.map(([id, row, start, end, fate, update, mark, letter, key, line, endLine, from, to, call, answer], place) => ({
  place, id, row, fate, update: update === 1, mark, letter, key, line, endLine, call, answer,
  // By the order of events, and by the clock: a bar without a time stands where the one before it does.
  starts: [start, from], ends: [end + (end === start ? 0.6 : 0), to ?? from], cut: [Infinity, Infinity],
}));
const hasClock = bars.length > 0 && bars.every((bar) => bar.starts[1] !== null);
// From nothing before the first event to nothing after the last.
const spans = [Math.max(data.span - 1, 1), Math.max(...bars.map((bar) => bar.ends[1] ?? 0), 1)];
const marked = bars.filter((bar) => bar.mark !== 0);
const lanes = data.lanes.map(([name, first, count]) => ({ name, first, count }));
const rows = [];
for (const lane of lanes) for (let extra = 0; extra < lane.count; extra++) rows.push({ lane, bars: [], isMarked: false });
for (const bar of bars) rows[bar.row].bars.push(bar);
for (const row of rows) {
  row.bars.sort((a, b) => a.starts[0] - b.starts[0] || a.place - b.place);
  row.isMarked = row.bars.some((bar) => bar.mark !== 0);
  // A bar that fades out ends where its successor begins.
  for (const clock of [0, 1]) row.bars.forEach((bar, at) => { if (at > 0) row.bars[at - 1].cut[clock] = bar.starts[clock]; });
}
for (const lane of lanes) {
  lane.isMarked = rows.slice(lane.first, lane.first + lane.count).some((row) => row.isMarked);
}

// Points of an order: at or after every call before it, so within each bar. Several at one call share the room up to the
// next event.
// An order that does not keep real time is numbers only.
const orders = data.orders.map(([label, isTimed, steps]) => {
  const points = steps.map(([number, place]) => ({ number: number + 1, bar: bars[place], xs: [0, 0] }));
  if (!isTimed) {
    for (const point of points) point.xs = point.bar.starts;
    points.sort((a, b) => a.xs[0] - b.xs[0]);
    return { label, isTimed, points };
  }
  for (const clock of [0, 1]) {
    let latest = -Infinity, group = [];
    const spread = () => group.forEach((point, at) => {
      if (clock === 0) point.xs[0] = latest + (at + 1) / (group.length + 1);
    });
    for (const point of points) {
      const call = point.bar.starts[clock] ?? 0;
      if (call > latest) { spread(); latest = call; group = []; }
      group.push(point);
      point.xs[clock] = latest;
    }
    spread();
  }
  return { label, isTimed, points };
});

const view = {
  clock: 0, left: 0, right: spans[0], top: 0, key: null, isOrdered: true, isMarkedOnly: false, hovered: null, kept: null,
};
let colours = {}, visibleRows = rows, width = 0, height = 0, rowHeight = ROW_MAX;

const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "ink", "quiet", "line", "stripe", "panel", "read", "update", "failed", "bar-ink", "core", "blocked", "order"]) {
    colours[name] = style.getPropertyValue("--" + name).trim();
  }
};
const fit = (canvas, cssHeight) => {
  const scale = window.devicePixelRatio || 1;
  const cssWidth = canvas.clientWidth || 900;
  canvas.style.height = cssHeight + "px";
  const [w, h] = [Math.round(cssWidth * scale), Math.round(cssHeight * scale)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return [pen, cssWidth, cssHeight];
};
const arrange = () => {
  visibleRows = view.isMarkedOnly ? rows.filter((row) => row.isMarked) : rows;
  visibleRows.forEach((row, at) => { row.y = at; });
  const room = Math.max(260, window.innerHeight * 0.7) - AXIS;
  rowHeight = Math.max(ROW_MIN, Math.min(ROW_MAX, Math.floor(room / Math.max(visibleRows.length, 1))));
  height = AXIS + Math.min(visibleRows.length * rowHeight, room) + 6;
};
const toX = (value) => GUTTER + (value - view.left) / (view.right - view.left) * (width - GUTTER);
const toValue = (x) => view.left + (x - GUTTER) / (width - GUTTER) * (view.right - view.left);
/** How far a bar fades out, in pixels: less where many share the picture. */
const fadeLength = () => Math.max(24, Math.min(130, (width - GUTTER) / (view.right - view.left) * spans[view.clock] / spans[0] * 4));
const toY = (row) => AXIS + row.y * rowHeight - view.top;
const isShown = (bar) => !view.isMarkedOnly || rows[bar.row].isMarked;
/** The drawn box of a bar, which is at least two pixels wide. */
const boxOf = (bar) => {
  const x = toX(bar.starts[view.clock]), tall = rowHeight >= 24;
  const top = toY(rows[bar.row]) + (tall ? 13 : 2), bottom = toY(rows[bar.row]) + rowHeight - (tall ? 3 : 2);
  let end = toX(bar.ends[view.clock]);
  const cut = toX(bar.cut[view.clock]);
  if (bar.fate === OPEN) end = Math.min(Math.max(end, x + 8) + fadeLength(), cut - 1);
  else end = Math.min(end, Math.max(cut - 0.5, x));
  return { x, y: top, w: Math.max(end - x, bar.mark ? 4 : 2), h: bottom - top, solid: Math.min(toX(bar.ends[view.clock]), end) };
};
const firstVisible = (row) => {
  let low = 0, high = row.bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const bar = row.bars[middle];
    const last = bar.fate === OPEN ? Math.min(bar.cut[view.clock], bar.ends[view.clock] + 140 * (view.right - view.left) / width) : bar.ends[view.clock];
    if (last < view.left) low = middle + 1; else high = middle;
  }
  return Math.max(0, low - 1);
};
const shorten = (pen, text, room) => {
  if (pen.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(text.slice(0, middle) + "…").width <= room) low = middle; else high = middle - 1;
  }
  return low > 0 ? text.slice(0, low) + "…" : "";
};
const labelOf = (bar) => (bar.letter ? bar.letter + "  " : "") + bar.call + (bar.fate === HAPPENED && !bar.update ? " → " + bar.answer : "");

const drawBar = (pen, bar) => {
  const box = boxOf(bar);
  const isDim = view.key !== null && bar.key !== view.key && bar.mark === 0;
  pen.globalAlpha = isDim ? 0.18 : 1;
  const fill = bar.update ? colours.update : colours.read;
  if (bar.fate === FAILED && box.w < 5) {
    pen.fillStyle = colours.failed;
    pen.fillRect(box.x, box.y, box.w, box.h);
  } else if (bar.fate === FAILED) {
    pen.strokeStyle = colours.quiet;
    pen.setLineDash([4, 3]);
    pen.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(box.w - 1, 1), box.h - 1);
    pen.setLineDash([]);
  } else if (bar.fate === OPEN && box.w > 6) {
    const fade = pen.createLinearGradient(Math.max(box.solid, box.x + 8), 0, Math.max(box.x + box.w, box.solid + 1, box.x + 9), 0);
    fade.addColorStop(0, fill);
    fade.addColorStop(1, fill + "00");
    pen.fillStyle = fade;
    pen.fillRect(box.x, box.y, box.w, box.h);
  } else {
    pen.fillStyle = fill;
    pen.fillRect(box.x, box.y, box.w, box.h);
  }
  if (bar.mark || bar === view.kept || bar === view.hovered) {
    pen.strokeStyle = bar.mark === CORE ? colours.core : bar.mark === BLOCKED ? colours.blocked : colours.ink;
    pen.lineWidth = bar === view.kept ? 3.5 : bar.mark ? 2.5 : 1.5;
    pen.strokeRect(box.x, box.y, box.w, box.h);
    pen.lineWidth = 1;
  }
  const left = Math.max(box.x, GUTTER), room = box.x + box.w - left - 9;
  if (room > 8 && rowHeight >= 16 && !isDim) {
    pen.font = (bar.mark ? "bold " : "") + (rowHeight >= 24 ? "12px" : "10.5px") + " ui-monospace, \"DejaVu Sans Mono\", monospace";
    const text = bar.mark === CORE && room < 26 ? shorten(pen, bar.letter, room + 5) : room > 24 ? shorten(pen, labelOf(bar), room) : "";
    pen.fillStyle = bar.fate === FAILED ? colours.quiet : bar.fate === OPEN ? colours.ink : colours["bar-ink"];
    if (text) pen.fillText(text, left + 5, box.y + box.h / 2 + 0.5);
  }
  pen.globalAlpha = 1;
};

const drawTicks = (pen) => {
  const clock = view.clock === 1;
  const rough = (view.right - view.left) / Math.max((width - GUTTER) / 110, 1);
  let step = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5, 10]) if (step * factor >= rough) { step *= factor; break; }
  if (!clock) step = Math.max(step, 1);
  const [unit, size] = step >= 1e9 ? ["s", 1e9] : step >= 1e6 ? ["ms", 1e6] : step >= 1e3 ? ["µs", 1e3] : ["ns", 1];
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "left";
  const first = Math.max(0, Math.ceil(view.left / step) * step), last = Math.min(view.right, spans[view.clock]);
  for (let at = first; at <= last; at += step) {
    const x = Math.round(toX(at)) + 0.5;
    pen.strokeStyle = colours.line;
    pen.beginPath();
    pen.moveTo(x, AXIS - 6);
    pen.lineTo(x, height);
    pen.stroke();
    const text = clock ? (at / size).toLocaleString("en", { maximumFractionDigits: 3 }) + " " + unit : "event " + Math.round(at).toLocaleString("en");
    if (x + pen.measureText(text).width + 8 < width) {
      pen.fillStyle = colours.quiet;
      pen.fillText(text, x + 4, AXIS / 2);
    }
  }
};

const drawLanes = (pen) => {
  let shade = false, before = null, labelled = -Infinity;
  pen.save();
  pen.beginPath();
  pen.rect(0, AXIS, width, height - AXIS);
  pen.clip();
  for (const row of visibleRows) {
    const y = toY(row);
    if (row.lane !== before) { shade = !shade; }
    if (y > -rowHeight && y < height) {
      if (shade) { pen.fillStyle = colours.stripe; pen.fillRect(0, y, width, rowHeight); }
      if (row.lane !== before && y - labelled >= 14) {
        labelled = y;
        pen.font = (row.lane.isMarked ? "bold " : "") + "12px system-ui, sans-serif";
        pen.fillStyle = row.lane.isMarked ? colours.core : colours.ink;
        pen.fillText(shorten(pen, row.lane.name, GUTTER - 14), 8, y + rowHeight / 2 + (rowHeight >= 24 ? 5 : 0));
      }
    }
    before = row.lane;
  }
  pen.restore();
};

/** The orders to be drawn, each with its visible points; closer than every few pixels they would say nothing. */
const visibleOrders = () => {
  const all = [];
  if (!view.isOrdered) return all;
  for (const { points, isTimed } of orders) {
    if (view.key !== null && orders.length > 1 && points.length > 0 && points[0].bar.key !== view.key) continue;
    const at = view.clock;
    let low = 0, high = points.length;
    while (low < high) { const middle = (low + high) >> 1; if (points[middle].xs[at] < view.left) low = middle + 1; else high = middle; }
    let last = low;
    while (last < points.length && points[last].xs[at] <= view.right && last - low < width) last++;
    const seen = points.slice(Math.max(0, low - 1), last + 1).filter((point) => isShown(point.bar));
    if (seen.length > (width - GUTTER) / 7) continue;
    all.push({ isTimed, points: seen.map((point) => ({
      point, x: toX(point.xs[at]) + (isTimed ? 0 : 9), y: toY(rows[point.bar.row]) + (rowHeight >= 24 ? 7 : 3),
    })) });
  }
  return all;
};
const drawLines = (pen, some) => {
  pen.strokeStyle = colours.order;
  pen.lineWidth = 1.5;
  pen.globalAlpha = 0.6;
  for (const { points, isTimed } of some) {
    if (!isTimed) continue;
    pen.beginPath();
    points.forEach(({ x, y }, at) => { if (at === 0) pen.moveTo(x, y); else pen.lineTo(x, y); });
    pen.stroke();
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
};
/** The points of the orders, with their numbers where there is room; how many numbers. */
const drawPoints = (pen, some) => {
  let numbered = 0;
  const taken = new Map();
  pen.font = "bold 9.5px ui-monospace, \"DejaVu Sans Mono\", monospace";
  pen.textAlign = "center";
  for (const { points } of some) for (const { point, x, y } of points) {
    if (x < GUTTER - 4 || x > width + 20 || y < AXIS) continue;
    const text = String(point.number), half = pen.measureText(text).width / 2 + 4;
    const before = taken.get(point.bar.row) ?? -Infinity;
    pen.fillStyle = colours.order;
    if (rowHeight >= 24 && before < x - half - 1) {
      taken.set(point.bar.row, x + half);
      pen.beginPath();
      pen.roundRect(x - half, y - 6, half * 2, 12, 6);
      pen.fill();
      pen.fillStyle = colours.ground;
      pen.fillText(text, x, y + 0.5);
      numbered++;
    } else if (before < x - 2) {
      pen.beginPath();
      pen.arc(x, y, 2.5, 0, 7);
      pen.fill();
    }
  }
  pen.textAlign = "left";
  return numbered;
};

/** The edges of the argument, from bar to bar. */
const drawArrows = (pen) => {
  pen.strokeStyle = pen.fillStyle = colours.core;
  pen.lineWidth = 1.5;
  for (const [source, target] of data.arrows) {
    const [a, b] = [bars[source], bars[target]];
    if (!isShown(a) || !isShown(b)) continue;
    const [from, to] = [boxOf(a), boxOf(b)];
    const isDown = to.y > from.y;
    const [x1, y1] = [from.x + from.w / 2, from.y === to.y ? from.y : isDown ? from.y + from.h : from.y];
    const [x2, y2] = [to.x + Math.min(to.w / 2, 14), from.y === to.y ? to.y : isDown ? to.y : to.y + to.h];
    const bend = from.y === to.y ? -26 : 0;
    const [cx, cy] = [(x1 + x2) / 2 + (from.y === to.y ? 0 : 24), (y1 + y2) / 2 + bend];
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.quadraticCurveTo(cx, cy, x2, y2);
    pen.stroke();
    const angle = Math.atan2(y2 - cy, x2 - cx);
    pen.beginPath();
    pen.moveTo(x2, y2);
    pen.lineTo(x2 - 9 * Math.cos(angle - 0.4), y2 - 9 * Math.sin(angle - 0.4));
    pen.lineTo(x2 - 9 * Math.cos(angle + 0.4), y2 - 9 * Math.sin(angle + 0.4));
    pen.fill();
  }
  pen.lineWidth = 1;
};

const drawMap = () => {
  const [pen, w, h] = fit(map, 34);
  pen.clearRect(0, 0, w, h);
  const span = spans[view.clock], across = (value) => value / span * (w - 4) + 2;
  const columns = new Float64Array(Math.ceil(w) + 1);
  for (const bar of bars) columns[Math.floor(across(bar.starts[view.clock]))]++;
  const most = columns.reduce((a, b) => Math.max(a, b), 1);
  pen.fillStyle = colours.quiet;
  columns.forEach((count, x) => { if (count > 0) { const tall = 2 + (h - 12) * count / most; pen.globalAlpha = 0.45; pen.fillRect(x, h - tall - 2, 1.2, tall); } });
  pen.globalAlpha = 1;
  for (const mark of [BLOCKED, CORE]) {
    pen.fillStyle = mark === CORE ? colours.core : colours.blocked;
    for (const bar of marked) if (bar.mark === mark) pen.fillRect(across(bar.starts[view.clock]) - 1.5, 2, 3, h - 4);
  }
  const [x, end] = [across(Math.max(view.left, 0)), across(Math.min(view.right, span))];
  pen.strokeStyle = colours.order;
  pen.lineWidth = 2;
  pen.strokeRect(x, 1, Math.max(end - x, 4), h - 2);
};

/** Draws everything that is visible, and says on the canvas what that was. */
const draw = () => {
  readColours();
  arrange();
  const [pen, w, h] = fit(picture, height);
  width = w;
  view.top = Math.max(0, Math.min(view.top, AXIS + visibleRows.length * rowHeight + 6 - h));
  pen.clearRect(0, 0, w, h);
  pen.textBaseline = "middle";
  drawLanes(pen);
  drawTicks(pen);
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, AXIS, w - GUTTER, h - AXIS);
  pen.clip();
  for (const bar of marked) {
    const box = boxOf(bar);
    if (isShown(bar) && box.w < 12) {
      pen.globalAlpha = 0.25;
      pen.fillStyle = bar.mark === CORE ? colours.core : colours.blocked;
      pen.fillRect(box.x - 1, AXIS, 2, h);
      pen.globalAlpha = 1;
    }
  }
  const seen = visibleOrders();
  drawLines(pen, seen);
  drawArrows(pen);
  let drawn = 0, drawnMarked = 0;
  const pending = [];
  for (const row of visibleRows) {
    const y = toY(row);
    if (y + rowHeight < AXIS || y > h) continue;
    let filled = -Infinity;
    for (let at = firstVisible(row); at < row.bars.length; at++) {
      const bar = row.bars[at];
      if (bar.starts[view.clock] > view.right) break;
      if (bar.mark !== 0 || bar === view.kept || bar === view.hovered) { pending.push(bar); continue; }
      const right = toX(bar.ends[view.clock]);
      // What fits in a pixel that is full already adds nothing.
      if (right < filled + 0.7 && bar.fate !== OPEN) { drawn++; continue; }
      filled = Math.max(filled, right);
      drawBar(pen, bar);
      drawn++;
    }
  }
  for (const bar of pending) { drawBar(pen, bar); drawn++; if (bar.mark !== 0) drawnMarked++; }
  const numbered = drawPoints(pen, seen);
  pen.restore();
  drawMap();
  Object.assign(picture.dataset, {
    lanes: lanes.length, bars: bars.length, drawn, marked: drawnMarked, numbered, arrows: data.arrows.length,
    left: view.left.toFixed(3), right: view.right.toFixed(3),
  });
};
