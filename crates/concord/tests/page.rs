//! The page of `concord check --report`, opened in a real browser without a window.
//!
//! A script at its end does what people do (wheel, drag, pointer, keys, buttons), and writes what came of it where
//! `--dump-dom` shows it. Where no browser is installed, the test says so and looks at the text of the page only.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::browser::{browser, look};
use common::{concord, folder};
use serde_json::Value;

/// What people do, and what they see then.
const HANDS: &str = r#"
  const picture = document.getElementById("picture"), tip = document.getElementById("tip");
  const detail = document.getElementById("detail");
  const see = () => { timeline.draw(); return { ...picture.dataset, left: +picture.dataset.left, right: +picture.dataset.right }; };
  const at = (x, y) => { const box = picture.getBoundingClientRect(); return { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, pointerId: 1 }; };
  const point = (kind, x, y) => picture.dispatchEvent(new PointerEvent(kind, at(x, y)));
  const press = (key) => picture.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const click = (id) => document.getElementById(id).click();
  found.first = see();
  click("whole");
  found.whole = see();
  const middle = picture.clientWidth / 2;
  for (let turn = 0; turn < 3; turn++) picture.dispatchEvent(new WheelEvent("wheel", { ...at(middle, 60), deltaY: -400 }));
  found.closer = see();
  point("pointerdown", middle, 60); point("pointermove", middle - 120, 60); point("pointerup", middle - 120, 60);
  found.dragged = see();
  press("ArrowLeft");
  found.moved = see();
  click("jump");
  found.jumped = see();
  const core = timeline.bars.filter((bar) => bar.mark === 1);
  const seen = core.map((bar) => [bar, timeline.boxOf(bar)]).filter(([, box]) => box.x >= 92 && box.x < picture.clientWidth);
  found.core = core.length;
  const [bar, box] = seen[0];
  point("pointermove", box.x + 3, box.y + box.h / 2);
  found.tip = tip.hidden ? null : tip.textContent;
  point("pointerleave", 0, 0);
  found.tipAfter = tip.hidden;
  // The outline of what convicts is in its colour, which is no other bar's.
  timeline.draw();
  const scale = picture.width / picture.clientWidth;
  const pixel = (x, y) => [...picture.getContext("2d").getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data].slice(0, 3);
  found.outline = pixel(box.x + box.w / 2, box.y);
  found.dark = matchMedia("(prefers-color-scheme: dark)").matches;
  found.ground = getComputedStyle(document.body).backgroundColor;
  point("pointerdown", box.x + 3, box.y + box.h / 2); point("pointerup", box.x + 3, box.y + box.h / 2);
  found.detail = detail.textContent;
  press("Escape"); press("n");
  found.next = detail.textContent;
  press("0");
  found.all = see();
  const start = performance.now();
  for (let turn = 0; turn < 10; turn++) timeline.draw();
  found.millis = (performance.now() - start) / 10;
"#;

/// The page of this history, and the words of its verdict.
fn page(folder: &Path, name: &str, text: &str, arguments: &[&str]) -> String {
    std::fs::write(folder.join(name), text).expect("a file");
    let ran = concord(
        folder,
        &[&["check", name, "--report", "page.html"], arguments].concat(),
    );
    assert_eq!(ran.code, 1, "{ran:?}");
    std::fs::read_to_string(folder.join("page.html")).expect("a page")
}

/// Clients that write and read a register in turn, `operations` in all; late in the run one reads an old value.
fn stale(operations: usize) -> String {
    let mut text = String::new();
    let mut event = |process: usize, kind: &str, function: &str, value: usize| {
        let time = text.len();
        let _ = writeln!(
            text,
            "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{function}\",\"value\":{value},\"time\":{time}}}"
        );
    };
    for number in 0..operations / 2 {
        let (writer, reader) = (number % 5, 5 + number % 3);
        event(writer, "invoke", "write", number);
        event(reader, "invoke", "read", 0);
        event(writer, "ok", "write", number);
        let is_stale = number == operations * 2 / 5;
        event(
            reader,
            "ok",
            "read",
            if is_stale { number - 3 } else { number },
        );
    }
    text
}

fn count(found: &Value, what: &str) -> usize {
    let text = found[what].as_str().expect("a count");
    text.parse().expect("a number")
}

fn span(found: &Value) -> f64 {
    found["right"].as_f64().expect("a place") - found["left"].as_f64().expect("a place")
}

#[test]
fn the_page_works_in_a_browser() {
    let here = folder("page-works");
    let page = page(&here, "h.jsonl", &stale(60), &["--model", "register"]);
    let Some(browser) = browser() else {
        println!("browser absent: nobody opened the page of concord check --report");
        return;
    };
    println!("browser tested: {browser}");
    let found = look(browser, &here, &page, HANDS, &[]);
    assert_eq!(count(&found["first"], "lanes"), 8);
    assert_eq!(count(&found["first"], "bars"), 60);
    // The whole history shows every bar; closer, fewer.
    assert_eq!(count(&found["whole"], "drawn"), 60);
    assert!(count(&found["closer"], "drawn") < 60, "{found}");
    assert!(span(&found["closer"]) < span(&found["whole"]) / 4.0);
    assert!(found["dragged"]["left"].as_f64() > found["closer"]["left"].as_f64());
    assert!(found["moved"]["left"].as_f64() < found["dragged"]["left"].as_f64());
    // The evidence: the read, and the writes that make it stale.
    let core = found["core"].as_u64().expect("a count");
    assert!(core >= 2);
    assert_eq!(count(&found["jumped"], "marked") as u64, core);
    assert!(
        count(&found["jumped"], "numbered") > 0,
        "the longest order is drawn"
    );
    let tip = found["tip"].as_str().expect("a tooltip");
    assert!(
        tip.contains("part of the evidence") && tip.contains("line "),
        "{tip}"
    );
    assert_eq!(found["tipAfter"], true);
    assert_eq!(found["detail"].as_str(), Some(tip));
    assert!(
        found["next"]
            .as_str()
            .is_some_and(|next| next.contains("line 1 to line 3")),
        "{found}"
    );
    assert_eq!(count(&found["all"], "drawn"), 60);
    // Red, on light ground.
    assert_eq!(found["outline"], serde_json::json!([192, 37, 27]));
    assert_eq!(
        (found["dark"].as_bool(), found["ground"].as_str()),
        (Some(false), Some("rgb(252, 252, 250)"))
    );
}

#[test]
fn the_page_is_dark_where_that_is_wished() {
    let here = folder("page-dark");
    let page = page(&here, "h.jsonl", &stale(20), &["--model", "register"]);
    let Some(browser) = browser() else { return };
    let found = look(
        browser,
        &here,
        &page,
        HANDS,
        &["--blink-settings=preferredColorScheme=0"],
    );
    assert_eq!(
        (found["dark"].as_bool(), found["ground"].as_str()),
        (Some(true), Some("rgb(21, 24, 28)"))
    );
    assert_eq!(found["outline"], serde_json::json!([255, 107, 94]));
}

#[test]
fn ten_thousand_operations_are_drawn_as_far_as_they_are_visible() {
    let here = folder("page-large");
    let page = page(&here, "h.jsonl", &stale(10_000), &["--model", "register"]);
    let Some(browser) = browser() else { return };
    let found = look(browser, &here, &page, HANDS, &[]);
    assert_eq!(count(&found["whole"], "bars"), 10_000);
    assert_eq!(count(&found["whole"], "drawn"), 10_000);
    assert!(count(&found["jumped"], "drawn") < 400, "{found}");
    println!("10,000 operations drawn in {} ms", found["millis"]);
}

// A value that looks like the end of the script stays a value, also to a browser.
#[test]
fn markup_in_values_stays_text() {
    let here = folder("page-markup");
    let evil = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>";
    let text = stale(10).replace("\"value\":0,", &format!("\"value\":\"{evil}\","));
    let text = text.replace("\"value\":1,", &format!("\"value\":\"{evil}1\","));
    let page = page(&here, "h.jsonl", &text, &["--model", "register"]);
    assert!(!page.contains(evil));
    let Some(browser) = browser() else { return };
    let found = look(browser, &here, &page, HANDS, &[]);
    assert!(
        found["next"]
            .as_str()
            .is_some_and(|next| next.contains("</script><script>")),
        "{found}"
    );
    let dom = std::fs::read_to_string(here.join("dom.html")).expect("what the browser saw");
    assert!(dom.contains("<title>violated: h.jsonl</title>") && !dom.contains("<img"));
}

#[test]
fn a_page_asks_the_network_for_nothing() {
    let here = folder("page-network");
    let page = page(&here, "h.jsonl", &stale(10), &["--model", "register"]);
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
    assert!(page.contains("default-src 'none'"));
}
