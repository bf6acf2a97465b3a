//! The page of `concord plan --report`, opened in a real browser without a window.
//!
//! The page is what the binary wrote; where more is needed than a small plan tells, its data are replaced by made-up ones.

mod common;

use std::path::Path;

use common::browser::{browser, look, look_narrow};
use common::{concord, folder};
use serde_json::{Value, json};

/// Three nodes, and candidates of these names.
fn plan(names: &[&str]) -> String {
    let mut text =
        "[nodes]\na = { failure = 0.01 }\nb = { failure = 0.02 }\nc = { failure = 0.03 }\n"
            .to_owned();
    for name in names {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        text += &format!("[[candidate]]\nname = \"{name}\"\nreads = \"a*b + b*c + a*c\"\n");
    }
    text
}

/// What the binary writes about this plan.
fn page(folder: &Path, file: &str, names: &[&str]) -> String {
    std::fs::write(folder.join(file), plan(names)).expect("a file");
    let ran = concord(folder, &["plan", file, "--report", "page.html"]);
    assert!([0, 3].contains(&ran.code), "{ran:?}");
    std::fs::read_to_string(folder.join("page.html")).expect("a page")
}

const DATA: &str = "<script type=\"application/json\" id=\"data\">";

/// The same page with other data.
fn with(page: &str, candidates: &Value) -> String {
    let (before, rest) = page.split_once(DATA).expect("the data");
    let (_, after) = rest.split_once("</script>").expect("their end");
    let data = candidates.to_string().replace('<', "\\u003c");
    format!("{before}{DATA}{data}</script>{after}")
}

/// So many candidates about which everything is known but what every third lacks.
fn made_up(count: usize) -> Value {
    (0..count).map(candidate).collect()
}

fn candidate(place: usize) -> Value {
    let size = place as f64 + 1.0;
    let percentiles = json!({"p50": size, "p99": 9.0 * size, "p999": 20.0 * size,
        "intervals": [[0.9 * size, 1.1 * size], [8.0 * size, 10.0 * size], [15.0 * size, 25.0 * size]]});
    let times = || (0..60).map(|step| 0.1 * 1.15_f64.powi(step));
    let cdf: Vec<(f64, f64)> = times().map(|t| (t, 1.0 - (-t / size).exp())).collect();
    let seen = |t: f64| {
        let p = 1.0 - 0.5 * (-t / size).exp();
        (t, [(p - 0.01).max(0.0), p, (p + 0.01).min(1.0)])
    };
    let curve: Vec<(f64, [f64; 3])> = std::iter::once(0.0).chain(times()).map(seen).collect();
    let load = |step: u32| {
        let read_fraction = f64::from(step) / 10.0;
        (read_fraction, size * (1.2 - read_fraction))
    };
    let dominated_by = if place == 3 {
        vec!["majority 0"]
    } else {
        vec![]
    };
    let mut outcome = json!({
        "name": format!("majority {place}"), "protocol": "quorum", "is_found": place > 4, "nodes": ["a", "b", "c", "d", "e"],
        "reads": "a*b", "writes": "a + b", "read_resilience": 2, "write_resilience": 1, "resilience": 1,
        "read_unavailability": 0.03 / size, "write_unavailability": 0.0002 * size,
        "load": 1.0 / (100.0 + size), "capacity": 100.0 + size, "network_load": 3.0, "latency": 30.0 - size,
        "certificate": {"value": 1.0, "bound": 1.0, "gap": 0.0},
        "strategy": {"reads": [[["a", "b"], 1.0]], "writes": [[["a"], 0.5], [["b"], 0.5]]},
        "load_by_read_fraction": (0..=10).map(load).collect::<Vec<_>>(),
        "partitions": cells(place), "dominated_by": dominated_by,
        "link_states": {"states": 1_048_576, "classes": 9608, "counts": {"read": {"total": 1, "side": 700_000, "none": 348_575}}},
        "claims": [{"operation": "read", "in_partition": "PC", "else": "EC", "delay_sensitivity": 2.0, "is_confirmed": true,
            "gives_up": ["availability"], "machine": "a store", "else_witness": "a read missed a write",
            "witness": "split {a b c} | {d e}: a read at d is not answered"}],
    });
    if place % 3 != 2 {
        let timing = json!({
            "method": "sampled", "error": 0.01, "consistent_at": {"0": 0.5, "10": 0.9}, "t_visibility_999_ms": 30.0 * size,
            "t_visibility_999_interval_ms": [28.0 * size, 33.0 * size], "read_latency": percentiles, "write_latency": percentiles,
            "read_cdf": cdf, "write_cdf": cdf, "consistency_curve": curve,
        });
        let (Value::Object(all), Value::Object(more)) = (&mut outcome, timing) else {
            unreachable!("both are objects")
        };
        all.extend(more);
    }
    outcome
}

/// 26 shapes by two operations and two sides: 104 rows.
fn cells(place: usize) -> Vec<Value> {
    let mut cells = Vec::new();
    for number in 0..26 {
        let kind = ["minority", "halves", "bridge"][number % 3];
        for operation in ["read", "write"] {
            for side in [["a", "b", "c"].as_slice(), &["d", "e"]] {
                let is_answered = side.len() > 2 || place == 1;
                let mut cell = json!({
                    "shape": format!("split {number} {{a b c}} | {{d e}}"), "kind": kind, "operation": operation, "side": side,
                    "availability": if is_answered { "side" } else { "none" }, "because": "the quorum a b is left",
                    "attainable": "linearizable", "witness": format!("witness of {place} in {number}: {operation} at {}", side[0]),
                });
                if is_answered {
                    cell["model"] = json!("linearizable");
                }
                cells.push(cell);
            }
        }
    }
    cells
}

/// How people move about the page.
const MOVES: &str = r#"
const all = (what, within = document) => [...within.querySelectorAll(what)];
const visible = (node) => node.offsetParent !== null;
const at = (node, x = 5, y = 5) => { const box = node.getBoundingClientRect(); return { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true }; };
const point = (node, x, y) => node.dispatchEvent(new PointerEvent("pointermove", at(node, x, y)));
const press = (node, key) => node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const choose = (id, value) => { const node = byId(id); node.value = value; node.dispatchEvent(new Event("change")); };
const said = () => tip.hidden ? null : tip.textContent;
const cells = () => all(".cell").filter(visible);
found.fetched = performance.getEntriesByType("resource").length;
found.width = [innerWidth, document.documentElement.scrollWidth];
"#;

/// What everybody does, on a wide screen.
const HANDS: &str = r##"
found.series = ["load", "read_cdf", "write_cdf", "staleness"].map((id) => +byId(id).dataset.series);
found.points = +byId("front").dataset.points;
found.hollow = all("#front .mark.hollow").length;
found.bands = all("#staleness .band").length;
found.missing = all(".missing").map((node) => node.textContent);
// The matrix: a cell tells its reasons under the pointer, and keeps them where it is clicked.
const cell = cells()[4];
point(cell);
found.tip = said();
cell.dispatchEvent(new PointerEvent("pointerleave", at(cell)));
cell.click();
found.kept = byId("kept").textContent;
press(document, "Escape");
found.escaped = said();
press(cell, "ArrowRight");
found.right = document.activeElement === cells()[5];
press(document.activeElement, "ArrowDown");
found.down = document.activeElement === cells()[9];
press(document.activeElement, "Enter");
found.keptByKey = byId("kept").textContent;
found.tabStops = all('.cell[tabindex="0"]').length;
// Filters.
const rows = () => all("#grid tbody tr[data-operation]").filter(visible).length;
found.rows = [rows()];
choose("filter-kind", "bridge"); found.rows.push(rows());
choose("filter-operation", "write"); found.rows.push(rows());
byId("filter-differing").click(); found.rows.push(rows(), byId("rows-shown").textContent);
byId("filter-differing").click(); choose("filter-kind", ""); choose("filter-operation", ""); found.rows.push(rows());
// The header stays while the rows scroll.
const grid = byId("grid");
grid.scrollTop = 400;
found.stays = Math.abs(grid.querySelector("thead th").getBoundingClientRect().top - grid.getBoundingClientRect().top) < 3;
// The legend takes a candidate out of every picture, and brings it back.
const chip = all("#legend .chip")[1];
chip.click();
found.without = [chip.getAttribute("aria-pressed"), +byId("load").dataset.series, +byId("front").dataset.points, cells().length, all("#claims tbody tr").filter(visible).length];
chip.click();
found.again = [chip.getAttribute("aria-pressed"), +byId("load").dataset.series];
all("#legend .all")[1].click();
found.nobody = [+byId("load").dataset.series, all(".missing")[0].textContent];
all("#legend .all")[0].click();
// Sorting: the best first, then the other way; what is not known is last.
const names = () => all("#summary tbody b").map((node) => node.textContent.slice(-1)).join("");
const head = (key) => all("#summary th button").find((node) => node.dataset.key === key);
found.order = [names()];
head("capacity").click(); found.order.push(names(), head("capacity").parentElement.getAttribute("aria-sort"));
head("read_p99").click(); found.order.push(names());
head("read_p99").click(); found.order.push(names());
found.claim = all("#claims tbody tr")[0].textContent;
found.dominated = all("#summary tr.dominated").map((row) => row.querySelector("small").textContent);
// Read-outs of pictures, by pointer and by key.
const load = byId("load");
point(load, 58 + (load.clientWidth - 74) / 2, 100);
found.load = said();
load.dispatchEvent(new PointerEvent("pointerleave", at(load)));
found.loadAfter = said();
press(load, "Home"); found.loadAtNone = said();
press(byId("staleness"), "Home"); found.staleness = said();
const path = () => byId("read_cdf").querySelector(".curve").getAttribute("d");
const tail = path();
byId("read_cdf").closest("figure").querySelector('button[value="linear"]').click();
found.isLinear = path() !== tail;
press(byId("front"), "ArrowRight"); found.front = said();
const stairs = () => [byId("front").dataset.front, byId("front").querySelector("svg").getAttribute("aria-label")];
found.stairs = [stairs()];
choose("front-y", "latency"); found.stairs.push(stairs());
found.options = all("#front-x option").map((node) => node.value);
// Every text against what lies under it, in light and in dark.
const channels = (colour) => { const parts = colour.match(/[\d.e-]+/g).map(Number); return colour.startsWith("color(") ? [...parts.slice(0, 3).map((v) => v * 255), parts[3] ?? 1] : [...parts.slice(0, 3), parts[3] ?? 1]; };
const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
const under = (node) => {
  const layers = [];
  for (let it = node; it; it = it.parentElement) { const c = channels(getComputedStyle(it).backgroundColor); if (c[3] > 0) { layers.push(c); if (c[3] === 1) break; } }
  return layers.reverse().reduce((colour, layer) => over(layer, colour), [255, 255, 255]);
};
const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const poor = () => {
  const bad = [];
  for (const node of all("body *")) {
    const text = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data).join("").trim();
    const box = node.getBoundingClientRect();
    if (!text || box.width === 0 || ["SCRIPT", "NOSCRIPT", "OPTION", "STYLE"].includes(node.tagName)) continue;
    const style = getComputedStyle(node), ground = under(node.closest("svg")?.parentElement ?? node);
    let solid = 1;
    for (let it = node; it; it = it.parentElement) solid *= +getComputedStyle(it).opacity;
    const ink = channels(node.namespaceURI === SVG ? style.fill : style.color);
    const contrast = ratio(over([...ink.slice(0, 3), ink[3] * solid], ground), ground);
    if (contrast < 4.5) bad.push(`${node.tagName}.${node.getAttribute("class")} ${text.slice(0, 20)}: ${contrast.toFixed(2)}`);
    found.texts = (found.texts ?? 0) + 1;
  }
  return bad;
};
all("details").forEach((node) => { node.open = true; });
found.ground = []; found.poor = [];
for (const turn of [0, 1]) {
  found.ground.push(getComputedStyle(document.body).backgroundColor);
  found.poor.push(...poor());
  byId("theme").click();
}
"##;

fn text<'a>(found: &'a Value, what: &str) -> &'a str {
    found[what]
        .as_str()
        .unwrap_or_else(|| panic!("{what}: {found}"))
}

#[test]
fn the_page_of_a_plan_works_in_a_browser() {
    let here = folder("plan-page-works");
    let page = with(&page(&here, "cluster.toml", &["one"]), &made_up(4));
    let Some(browser) = browser() else {
        println!("browser absent: nobody opened the page of concord plan --report");
        return;
    };
    println!("browser tested: {browser}");
    let found = look(browser, &here, &page, &format!("{MOVES}{HANDS}"), &[]);
    assert_eq!(found["fetched"], 0);
    assert_eq!(found["series"], json!([4, 3, 3, 3]));
    assert_eq!(
        (&found["points"], &found["hollow"], &found["bands"]),
        (&json!(3), &json!(1), &json!(3))
    );
    assert_eq!(found["missing"][0], "Not known, so not drawn: majority 2.");
    // The second row: reads at d and e in the first shape.
    let witness = "witness of 0 in 0: read at d";
    for place in ["tip", "kept"] {
        let tip = text(&found, place);
        assert!(
            tip.contains(witness)
                && tip.contains("nothing: nobody is answered")
                && tip.contains("the quorum a b is left"),
            "{tip}"
        );
    }
    assert_eq!(found["escaped"], Value::Null);
    assert_eq!(
        (&found["right"], &found["down"], &found["tabStops"]),
        (&json!(true), &json!(true), &json!(1))
    );
    assert!(
        text(&found, "keptByKey").contains("witness of 1 in 0: write at a"),
        "{found}"
    );
    assert_eq!(found["rows"], json!([104, 32, 16, 8, "8 of 104 rows", 104]));
    assert_eq!(found["stays"], true);
    assert_eq!(found["without"], json!(["false", 3, 2, 312, 3]));
    assert_eq!(found["again"], json!(["true", 4]));
    assert_eq!(found["nobody"], json!([0, "No candidate is chosen above."]));
    assert_eq!(
        found["order"],
        json!(["0123", "3210", "descending", "0132", "3102"])
    );
    assert_eq!(found["dominated"], json!(["dominated by majority 0"]));
    let claim = text(&found, "claim");
    assert!(
        claim.contains("PC/ECgives up availability") && claim.contains("a read missed a write"),
        "{claim}"
    );
    // With no reads it is 1.2 times the size.
    assert!(text(&found, "load").starts_with("50 % reads"), "{found}");
    assert!(
        text(&found, "loadAtNone").starts_with("0 % readsmajority 34.8"),
        "{found}"
    );
    assert_eq!(found["loadAfter"], Value::Null);
    assert!(
        text(&found, "staleness").contains("0 ms after the write")
            && text(&found, "staleness").contains("50 % (49 % to 51 %)"),
        "{found}"
    );
    assert_eq!(found["isLinear"], true);
    assert!(
        text(&found, "front").contains("majority")
            && text(&found, "front").contains("capacity, op/s"),
        "{found}"
    );
    // Of those with a known latency of reads the first is best at it, and the last has the least load: all are on the front.
    assert_eq!(
        found["stairs"][0],
        json!(["3", "3 candidates by load and read latency p99, ms"])
    );
    assert_eq!(
        found["stairs"][1],
        json!(["1", "4 candidates by load and strategy's latency, ms"])
    );
    let options = found["options"].as_array().expect("axes").len();
    assert!(options >= 12, "{found}");
    assert_eq!(
        found["ground"],
        json!(["rgb(252, 252, 250)", "rgb(21, 24, 28)"])
    );
    assert_eq!(
        found["poor"],
        json!([]),
        "every text has a contrast of 4.5 to 1"
    );
    assert!(found["texts"].as_u64() > Some(1000), "{found}");
}

const NARROW: &str = r##"
found.compact = all("#grid table.compact").length;
found.looks = new Set(candidates.map((it) => it.colour + it.dash)).size;
found.wide = all("body *").filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".box, #legend, svg")).map((node) => node.tagName + "." + node.className);
const cell = cells()[2];
point(cell);
found.tip = said();
const box = tip.getBoundingClientRect();
found.inside = box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
found.dark = getComputedStyle(document.body).backgroundColor;
"##;

#[test]
fn twelve_candidates_fit_a_telephone() {
    let here = folder("plan-page-narrow");
    let Some(browser) = browser() else { return };
    let page = with(&page(&here, "cluster.toml", &["one"]), &made_up(12));
    let flags = ["--blink-settings=preferredColorScheme=0"];
    let hands = format!("{MOVES}{NARROW}");
    let found = look_narrow(browser, &here, &page, &hands, 390, &flags);
    assert_eq!(
        found["width"],
        json!([390, 390]),
        "no scrolling to the side"
    );
    assert_eq!(found["wide"], json!([]));
    assert_eq!(
        (&found["compact"], &found["looks"], &found["inside"]),
        (&json!(1), &json!(12), &json!(true))
    );
    assert!(
        text(&found, "tip").contains("witness of 2 in 0: read at a"),
        "{found}"
    );
    assert_eq!(found["dark"], "rgb(21, 24, 28)");
}

const READ: &str = r##"
found.title = document.title;
found.names = all("#summary tbody b").map((node) => node.textContent);
found.absent = all(".absent").map((node) => node.textContent);
found.images = all("img").length;
"##;

// A name that looks like the end of the script stays a name; what is not known is said to be so.
#[test]
fn names_stay_text_and_what_is_absent_says_why() {
    let here = folder("plan-page-names");
    let names = [
        "</script><script>document.title='taken'</script>",
        "<img src=x onerror=alert(1)>",
        "\"quoted\" & 'so' \\u003c",
    ];
    let file = "a<b>&.toml";
    let page = page(&here, file, &names);
    assert!(!page.contains(names[0]) && !page.contains(names[1]) && !page.contains(file));
    assert_eq!(
        page.matches("<title>plan: a&lt;b&gt;&amp;.toml</title>")
            .count(),
        1
    );
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "the data and the script"
    );
    let Some(browser) = browser() else { return };
    let found = look(browser, &here, &page, &format!("{MOVES}{READ}"), &[]);
    assert_eq!(found["title"], format!("plan: {file}"));
    assert_eq!(found["names"], json!(names));
    assert_eq!(found["images"], 0);
    let bare = json!([{"name": "bare", "protocol": "local", "load": null, "consistency_curve": [[null, [null, null, null]]], "read_cdf": [[0.0, null]]}]);
    for candidates in [bare, json!([])] {
        let found = look(
            browser,
            &here,
            &with(&page, &candidates),
            &format!("{MOVES}{READ}"),
            &[],
        );
        let absent = found["absent"].to_string();
        for why in [
            "no load",
            "delays",
            "No shape of partition",
            "links",
            "Nothing is claimed",
        ] {
            assert!(absent.contains(why), "{why}: {absent}");
        }
    }
}

#[test]
fn the_page_of_a_plan_asks_the_network_for_nothing() {
    let here = folder("plan-page-network");
    let page = page(&here, "cluster.toml", &["one", "two"]);
    assert!(
        !page.contains("http:")
            && !page.contains("https:")
            && !page.contains("src=")
            && !page.contains("url(\"")
    );
    assert!(page.contains("default-src 'none'"));
    assert!(
        !page.contains("innerHTML"),
        "what a user named never becomes markup"
    );
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_anything_is_computed() {
    let here = folder("plan-page-refused");
    std::fs::write(here.join("cluster.toml"), plan(&["one"])).expect("a file");
    let ran = concord(
        &here,
        &["plan", "cluster.toml", "--report", "absent/page.html"],
    );
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("absent/page.html"), "{ran:?}");
}
