"use strict";
// What every part of the page uses: the candidates and their looks, numbers in words, and the read-out.
const byId = (id) => document.getElementById(id);
const SVG = byId("seed").namespaceURI;
const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};
/** An element; strings among its children are text, whatever they contain. */
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const COLOURS = 7, DASHES = ["", "7 3", "2 2.5", "11 3 2 3"], MARKS = 5;
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const candidates = JSON.parse(byId("data").textContent).map((outcome, place) => ({
  nodes: [], partitions: [], claims: [], dominated_by: [], unknown: [], notes: [], ...outcome, place,
  colour: "k" + place % COLOURS, dash: DASHES[place % DASHES.length],
}));
const isDominated = (candidate) => candidate.dominated_by.length > 0;

/** What is shown: candidates by place, and the one that is pointed at in the legend. */
const view = { shown: new Set(candidates.map((it) => it.place)), lit: null };
const redraws = [];
const changed = () => redraws.forEach((redraw) => redraw());
const isShown = (candidate) => view.shown.has(candidate.place);
const shownCandidates = () => candidates.filter(isShown);

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (exponent) => "10" + (exponent < 0 ? "⁻" : "") + [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
/** So many significant digits; the very small and the very large as a power of ten. */
const number = (value, digits = 3, small = 1e-3) => {
  if (!isNumber(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < small || size >= 1e7) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return (+mantissa === 1 ? "" : (+mantissa) + " × ") + power(+exponent);
  }
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(places, 12) });
};
const whole = (value) => isNumber(value) ? value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 }) : "–";
const ms = (value) => isNumber(value) ? number(value, value >= 1000 ? 4 : 3) + " ms" : "–";
/** A share as a percentage that never rounds to all or nothing what is neither. */
const share = (value) => {
  if (!isNumber(value)) return "–";
  if (value === 0 || value === 1) return value * 100 + " %";
  const rest = Math.min(value, 1 - value);
  if (rest < 1e-6) return value > 0.5 ? "1 − " + number(1 - value, 2) : number(value, 2);
  const places = Math.max(1, Math.ceil(-Math.log10(rest)));
  return (value * 100).toLocaleString("en", { maximumFractionDigits: Math.min(places, 6) }) + " %";
};
/** Two ends, unless they read alike. */
const interval = (pair) => {
  if (!Array.isArray(pair) || !pair.every(isNumber)) return null;
  const [low, high] = pair.map((value) => number(value));
  return low === high ? null : `${low}–${high}`;
};
/** An error to two digits, rounded up: none is told smaller than it is. */
const errorText = (value) => {
  if (!(value > 0)) return number(value);
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return number(Math.ceil(value / unit - 1e-9) * unit, 2);
};
const plural = (count, one, many = one + "s") => count + " " + (count === 1 ? one : many);
/** Names one after the other; of many, the first few and how many more. */
const some = (names, most = 4) => names.slice(0, most).join(", ") + (names.length > most ? ` and ${names.length - most} more` : "");

/** The path of a marker around a point. */
const markPath = (place, x, y, size = 4.5) => {
  const s = size;
  switch (place % MARKS) {
    case 0: return `M${x - s},${y}a${s},${s} 0 1 0 ${2 * s},0a${s},${s} 0 1 0 ${-2 * s},0Z`;
    case 1: return `M${x - s},${y - s}h${2 * s}v${2 * s}h${-2 * s}Z`;
    case 2: return `M${x},${y - s * 1.35}l${s * 1.35},${s * 1.35}l${-s * 1.35},${s * 1.35}l${-s * 1.35},${-s * 1.35}Z`;
    case 3: return `M${x},${y - s * 1.25}l${s * 1.25},${s * 2.2}h${-s * 2.5}Z`;
    default: return `M${x},${y + s * 1.25}l${s * 1.25},${-s * 2.2}h${-s * 2.5}Z`;
  }
};
/** A candidate's colour, line and marker. */
const look = (candidate) => svg("svg", { class: "look series " + candidate.colour, width: 30, height: 14, viewBox: "0 0 30 14", "aria-hidden": "true" },
  svg("line", { class: "curve", x1: 0, x2: 30, y1: 7, y2: 7, "stroke-dasharray": candidate.dash }),
  svg("path", { class: isDominated(candidate) ? "mark hollow" : "mark", d: markPath(candidate.place, 15, 7, 3.8) }));

const tip = byId("tip");
/** Shows the read-out beside a point of the window, where there is room. */
const showTip = (x, y, ...content) => {
  tip.replaceChildren(...content.flat().filter(Boolean));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - width - 16 : x + 16;
  tip.style.left = Math.max(8, Math.min(left, innerWidth - width - 8)) + "px";
  tip.style.top = Math.max(8, Math.min(y + 14, innerHeight - height - 8)) + "px";
};
const hideTip = () => { tip.hidden = true; };
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, { passive: true });

/** A list of pairs, without those that have no value. */
const pairs = (...rows) => el("dl", {}, rows.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value, look]) =>
  [el("dt", {}, name), el("dd", { class: look }, value)]));
const absent = (text) => el("p", { class: "absent" }, text);
/** Buttons of which one is pressed. */
const choice = (label, options, chosen, choose) => {
  const group = el("span", { class: "choice", role: "group", "aria-label": label });
  const press = (value) => { for (const button of group.children) button.setAttribute("aria-pressed", button.value === value); };
  for (const [value, text] of options) {
    group.append(el("button", { type: "button", value, "aria-pressed": "false", onclick: () => { press(value); choose(value); } }, text));
  }
  press(chosen);
  return group;
};

/** The legend that stands over all the pictures. */
const drawLegend = () => {
  const legend = byId("legend");
  if (candidates.length === 0) return;
  const chips = candidates.map((candidate) => {
    const toggle = (event) => {
      if (event.shiftKey) view.shown = new Set([candidate.place]);
      else if (!view.shown.delete(candidate.place)) view.shown.add(candidate.place);
      changed();
    };
    const light = (place) => () => { view.lit = place; changed(); };
    const title = candidate.name + (isDominated(candidate) ? ", dominated by " + some(candidate.dominated_by) : "");
    return el("button", { type: "button", class: "chip", title, onclick: toggle, onpointerenter: light(candidate.place), onpointerleave: light(null) },
      look(candidate), el("span", {}, candidate.name));
  });
  const only = (wanted) => () => { view.shown = new Set(candidates.filter(wanted).map((it) => it.place)); changed(); };
  const bulk = (text, wanted) => el("button", { type: "button", class: "all", onclick: only(wanted) }, text);
  legend.append(...chips);
  if (candidates.length > 1) legend.append(bulk("all", () => true), bulk("none", () => false));
  if (candidates.some(isDominated)) legend.append(bulk("not dominated", (it) => !isDominated(it)));
  redraws.push(() => chips.forEach((chip, place) => chip.setAttribute("aria-pressed", view.shown.has(place))));
};

/** Light or dark, as the system says until the button is pressed. */
const drawTheme = () => {
  const root = document.documentElement, button = byId("theme");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const say = () => { button.textContent = isDark() ? "☀ light" : "☾ dark"; };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; say(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  button.hidden = false;
  say();
};
