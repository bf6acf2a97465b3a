// Axes, curves and points, drawn anew at each change at the width that there is.
const floorOf = (value, floor) => Math.max(value, floor);
/** How values become places: each scale says where a value stands on a line, and which values are named there. */
const SCALES = {
  linear: () => ({ place: (v) => v, value: (p) => p, ticks: linearTicks }),
  log: () => ({ place: (v) => Math.log10(floorOf(v, 1e-300)), value: (p) => 10 ** p, ticks: logTicks }),
  // Logarithmic from `knee` on, linear below it, so that zero has a place.
  knee: (knee) => ({ place: (v) => Math.log10(1 + v / knee), value: (p) => knee * (10 ** p - 1), ticks: (low, high) => [0, ...logTicks(knee, high)] }),
  // A share by how many nines it has: 0, 90 %, 99 % … stand equally far apart.
  nines: (most) => ({
    place: (v) => Math.min(-Math.log10(floorOf(1 - v, 1e-300)), most), value: (p) => 1 - 10 ** -p,
    ticks: (low, high) => [0, 0.5, 0.9, 0.99, 0.999, 0.9999].filter((v) => v <= high + 1e-12),
  }),
};
const linearTicks = (low, high, most) => {
  const rough = (high - low) / Math.max(most, 1);
  if (!(rough > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => size * factor >= rough * 0.999);
  const ticks = [];
  for (let turn = Math.ceil(low / step - 1e-9); turn * step <= high * (1 + 1e-12) && ticks.length < 50; turn++) ticks.push(+(turn * step).toPrecision(12));
  return ticks;
};
const logTicks = (low, high, most = 8) => {
  const ticks = [], first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const factors = last - first <= 2 ? [1, 2, 5] : last - first <= 4 ? [1, 3] : [1];
  for (let exponent = first; exponent <= last; exponent++) for (const factor of factors) ticks.push(factor * 10 ** exponent);
  const inside = ticks.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  const stride = Math.ceil(inside.length / Math.max(most, 2));
  return inside.filter((_, at) => at % stride === 0);
};

/** The value of a curve at x, on the line between its points; null beyond its ends unless it stays there. */
const valueAt = (points, x, staysAfter) => {
  let low = 0, high = points.length - 1;
  if (high < 0 || x < points[0][0]) return null;
  if (x > points[high][0]) return staysAfter ? points[high][1] : null;
  while (low < high) { const middle = (low + high) >> 1; if (points[middle][0] < x) low = middle + 1; else high = middle; }
  if (low === 0 || points[low][0] === x) return points[low][1];
  const [[x0, y0], [x1, y1]] = [points[low - 1], points[low]];
  return x1 === x0 ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
};

const axisOf = ({ scale, low, high, knee, most, ...rest }) => {
  const kind = SCALES[scale](scale === "nines" ? most : knee);
  const [first, last] = [kind.place(low), kind.place(high)];
  const span = last - first || 1;
  return { ...kind, ...rest, low, high, at: (v) => (kind.place(v) - first) / span, from: (part) => kind.value(first + part * span) };
};
/** Lines, names of values and titles of both axes; what turns values into pixels. */
const drawFrame = (host, label, xAxis, yAxis) => {
  const width = Math.max(host.clientWidth, 240), height = width < 460 ? 270 : 320;
  const x = axisOf(xAxis), y = axisOf(yAxis);
  const box = { left: 58, right: width - 16, top: 26, bottom: height - 42 };
  const X = (v) => box.left + Math.max(-0.02, Math.min(1.02, x.at(v))) * (box.right - box.left);
  const Y = (v) => box.bottom - Math.max(-0.02, Math.min(1.02, y.at(v))) * (box.bottom - box.top);
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const tick of y.ticks(y.low, y.high, 6)) {
    const at = Math.round(Y(tick)) + 0.5;
    picture.append(svg("line", { class: "rule", x1: box.left, x2: box.right, y1: at, y2: at }),
      svg("text", { x: box.left - 7, y: at + 4, "text-anchor": "end" }, y.say(tick)));
  }
  let taken = -Infinity;
  for (const tick of x.ticks(x.low, x.high, Math.max(3, Math.floor(width / 85)))) {
    const at = Math.round(X(tick)) + 0.5, text = x.say(tick), half = text.length * 3.4;
    if (at < box.left - 1 || at > box.right + 1) continue;
    picture.append(svg("line", { class: "rule", x1: at, x2: at, y1: box.top, y2: box.bottom }));
    if (at - half < taken + 12) continue;
    taken = at + half;
    picture.append(svg("text", { x: at, y: box.bottom + 16, "text-anchor": at + half > width ? "end" : "middle" }, text));
  }
  picture.append(svg("path", { class: "axis", fill: "none", d: `M${box.left + .5},${box.top}V${box.bottom + .5}H${box.right}` }),
    svg("text", { class: "title", x: 2, y: 13 }, y.label),
    svg("text", { class: "title", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, x.label));
  return { picture, box, x, y, X, Y, width, height };
};
const seriesGroup = (candidate) => svg("g", {
  class: `series ${candidate.colour}` + (view.lit === null ? "" : view.lit === candidate.place ? " lit" : " faded"), "data-place": candidate.place,
});
/** Corners of a path in pixels, without those that would fall on the pixel before. */
const pathOf = (points, X, Y) => {
  let path = "", [lastX, lastY] = [NaN, NaN];
  points.forEach(([x, y], at) => {
    const [px, py] = [X(x), Y(y)];
    if (Math.abs(px - lastX) < 0.4 && Math.abs(py - lastY) < 0.4 && at < points.length - 1) return;
    path += (path === "" ? "M" : "L") + px.toFixed(1) + "," + py.toFixed(1);
    [lastX, lastY] = [px, py];
  });
  return path;
};

/**
 * Curves over one axis. `spec()` says what to draw now: label, x, y, series of { candidate, points, band, marks, staysAfter };
 * `tell(x)` heads the read-out, `value(y, at)` words a value in it.
 */
const lineChart = (host, spec) => {
  let frame = null, now = null, cursor = null;
  const draw = () => {
    now = spec();
    frame = drawFrame(host, now.label, now.x, now.y);
    const { picture, X, Y, x, box } = frame;
    for (const { candidate, points, band, marks, staysAfter } of now.series) {
      const group = seriesGroup(candidate);
      const end = points.at(-1);
      const all = staysAfter && end && end[0] < x.high ? [...points, [x.high, end[1]]] : points;
      if (band && band.length > 1) {
        const lower = band.map(([t, low]) => [t, low]), upper = band.map(([t, , high]) => [t, high]).reverse();
        group.append(svg("path", { class: "band", d: pathOf(lower, X, Y) + pathOf(upper, X, Y).replace("M", "L") + "Z" }));
      }
      if (all.length > 1) group.append(svg("path", { class: "curve", d: pathOf(all, X, Y), "stroke-dasharray": candidate.dash }));
      for (const [at, value, range] of marks ?? []) {
        if (!isNumber(at) || at < x.low * 0.999 || at > x.high * 1.001) continue;
        const [px, py] = [X(at), Y(value)];
        if (range) group.append(svg("path", { class: "bar-error", d: `M${X(range[0])},${py}H${X(range[1])}m0,-4v8M${X(range[0])},${py - 4}v8` }));
        group.append(svg("path", { class: "mark", d: markPath(candidate.place, px, py, 3.6) }));
      }
      picture.append(group);
    }
    const clip = "clip-" + host.id;
    picture.prepend(svg("clipPath", { id: clip }, svg("rect", { x: box.left - 6, y: box.top - 6, width: box.right - box.left + 12, height: box.bottom - box.top + 12 })));
    for (const group of picture.querySelectorAll("g.series")) group.setAttribute("clip-path", `url(#${clip})`);
    host.replaceChildren(picture);
    host.dataset.series = now.series.length;
  };
  const point = (part, clientX, clientY) => {
    if (now.series.length === 0) return;
    const { box, picture, x, X, Y } = frame;
    cursor = Math.max(0, Math.min(1, part));
    const at = x.from(cursor), px = X(at);
    picture.querySelector(".cursor")?.remove();
    const group = svg("g", { class: "cursor" }, svg("line", { class: "cross", x1: px, x2: px, y1: box.top, y2: box.bottom }));
    const seen = now.series.map(({ candidate, points, band, staysAfter }) => {
      const value = valueAt(points, at, staysAfter);
      const range = band && [1, 2].map((side) => valueAt(band.map((row) => [row[0], row[side]]), at, staysAfter));
      return { candidate, value, range, y: value === null ? null : Y(value) };
    });
    const known = seen.filter((it) => it.value !== null).sort((a, b) => a.y - b.y || b.value - a.value);
    const bounds = picture.getBoundingClientRect();
    const gap = (it) => Math.abs(it.y - (clientY - bounds.top));
    const nearest = known.reduce((best, it) => best === null || gap(it) < gap(best) ? it : best, null);
    for (const it of known) group.append(svg("g", { class: "series " + it.candidate.colour }, svg("path", { class: "mark", d: markPath(it.candidate.place, px, it.y) })));
    picture.append(group);
    const rows = [...known, ...seen.filter((it) => it.value === null)].map((it) => el("div", { class: it === nearest ? "row near" : "row" },
      look(it.candidate), el("span", {}, it.candidate.name), el("b", {}, it.value === null ? "–" : now.value(it.value, it.range, it.candidate))));
    showTip(clientX, clientY, el("h4", {}, now.tell(at)), rows);
  };
  const leave = () => { cursor = null; frame.picture.querySelector(".cursor")?.remove(); hideTip(); };
  const bounds = () => frame.picture.getBoundingClientRect();
  host.addEventListener("pointermove", (event) => {
    const { box, width } = frame, inside = bounds(), factor = width / inside.width;
    point(((event.clientX - inside.left) * factor - box.left) / (box.right - box.left), event.clientX, event.clientY);
  });
  host.addEventListener("pointerleave", leave);
  host.addEventListener("blur", leave);
  host.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const part = (cursor ?? 0.5) + step, { box } = frame, inside = bounds();
    const px = inside.left + box.left + Math.max(0, Math.min(1, part)) * (box.right - box.left);
    point(part, px, inside.top + 40);
  });
  redraws.push(draw);
};

/** Points over two axes, and the stairs along those that no other point beats on both. */
const scatter = (host, spec) => {
  let frame = null, now = null, kept = 0;
  const tell = (at, clientX, clientY) => {
    const it = now.points[at];
    if (it) { kept = at; showTip(clientX, clientY, now.tell(it)); mark(at); }
  };
  const mark = (at) => frame.picture.querySelectorAll(".point").forEach((point, place) => point.classList.toggle("lit", place === at));
  const draw = () => {
    now = spec();
    frame = drawFrame(host, now.label, now.x, now.y);
    const { picture, X, Y, box } = frame;
    const stairs = now.front.flatMap(([x, y, corner]) => (corner ? [corner, [x, y]] : [[x, y]]).map(([x, y]) => [X(x), Y(y)]));
    if (stairs.length > 1) picture.append(svg("path", { class: "stair", d: "M" + stairs.map((point) => point.join()).join("L") }));
    const steps = stairs.slice(1).map(([x, y], at) => ({ left: Math.min(x, stairs[at][0]), right: Math.max(x, stairs[at][0]), top: Math.min(y, stairs[at][1]), bottom: Math.max(y, stairs[at][1]) }));
    const taken = now.points.map(({ x, y }) => ({ left: X(x) - 7, right: X(x) + 7, top: Y(y) - 7, bottom: Y(y) + 7 }));
    const names = [];
    now.points.forEach(({ candidate, x, y }) => {
      const group = seriesGroup(candidate), [px, py] = [X(x), Y(y)];
      group.classList.add("point");
      group.append(svg("path", { class: isDominated(candidate) ? "mark hollow" : "mark", d: markPath(candidate.place, px, py, 6) }));
      picture.append(group);
      const name = labelFor(candidate.name, px, py, taken, steps, box) ?? labelFor(candidate.name, px, py, taken, [], box);
      if (name) names.push(name);
    });
    picture.append(...names);
    host.replaceChildren(picture);
    host.dataset.points = now.points.length;
    host.dataset.front = now.front.length;
  };
  const at = (event) => {
    const { picture, X, Y, width } = frame, inside = picture.getBoundingClientRect(), factor = width / inside.width;
    const [x, y] = [(event.clientX - inside.left) * factor, (event.clientY - inside.top) * factor];
    const far = now.points.map((it) => Math.hypot(X(it.x) - x, Y(it.y) - y));
    const least = Math.min(...far);
    return least < 40 ? far.indexOf(least) : -1;
  };
  host.addEventListener("pointermove", (event) => { const found = at(event); if (found < 0) { hideTip(); mark(-1); } else tell(found, event.clientX, event.clientY); });
  host.addEventListener("pointerleave", () => { hideTip(); mark(-1); });
  host.addEventListener("blur", () => { hideTip(); mark(-1); });
  host.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (step === undefined || now.points.length === 0) return;
    event.preventDefault();
    const next = (kept + step + now.points.length) % now.points.length, it = now.points[next];
    const inside = frame.picture.getBoundingClientRect();
    tell(next, inside.left + frame.X(it.x), inside.top + frame.Y(it.y));
  });
  redraws.push(draw);
};
/** A name beside its point, at the first place that is free; none if there is no such place. */
const labelFor = (name, x, y, taken, lines, box) => {
  const text = name.length > 26 ? name.slice(0, 25) + "…" : name, wide = text.length * 6.9, gap = 10;
  const places = [[x + gap, y + 4, "start"], [x - gap, y + 4, "end"], [x, y - gap, "middle"], [x, y + gap + 9, "middle"], [x + gap, y - 9, "start"], [x + gap, y + 17, "start"], [x - gap, y - 9, "end"], [x - gap, y + 17, "end"]];
  for (const [tx, ty, anchor] of places) {
    const left = anchor === "start" ? tx : anchor === "end" ? tx - wide : tx - wide / 2;
    const room = { left, right: left + wide, top: ty - 11, bottom: ty + 3 };
    const misses = (other) => room.right < other.left || room.left > other.right || room.bottom < other.top || room.top > other.bottom;
    const isOwn = (other) => Math.abs((other.left + other.right) / 2 - x) < 1 && Math.abs((other.top + other.bottom) / 2 - y) < 1;
    const isInside = room.left > box.left && room.right < box.right + 14 && room.top > 2 && room.bottom < box.bottom;
    const isFree = isInside && lines.every(misses) && taken.every((other) => misses(other) || isOwn(other));
    if (!isFree) continue;
    taken.push(room);
    return svg("text", { class: "tag-name", x: tx, y: ty, "text-anchor": anchor }, text);
  }
  return null;
};
