//! Opens a page in a real browser without a window.
//!
//! A script at its end, the hands, does what people do (wheel, drag, pointer, keys, buttons), and writes what came of it
//! where `--dump-dom` shows it. A test without a browser says so and looks at the text of the page only.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

const BEFORE: &str = r#"<script>
const found = { errors: [] };
window.addEventListener("error", (event) => found.errors.push(event.message));
try {
"#;
const AFTER: &str = r#"} catch (error) { found.errors.push(String(error.stack)); }
top.document.documentElement.setAttribute("data-found", encodeURIComponent(JSON.stringify(found)));
</script>
"#;

/// The first that is installed.
pub(crate) fn browser() -> Option<&'static str> {
    let works = |name: &&&str| {
        let mut command = Command::new(name);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    BROWSERS.iter().find(works).copied()
}

/// Opens the page in a window of 1400 by 900 unless the flags say another, lets the hands loose on it, and tells what they
/// found: the hands fill `found`, and whatever they throw fails.
pub(crate) fn look(browser: &str, folder: &Path, page: &str, hands: &str, flags: &[&str]) -> Value {
    open(browser, folder, &with_hands(page, hands), flags)
}

/// The same in a frame of this width: no window is as narrow as a telephone.
pub(crate) fn look_narrow(
    browser: &str,
    folder: &Path,
    page: &str,
    hands: &str,
    width: u32,
    flags: &[&str],
) -> Value {
    let inner = with_hands(page, hands)
        .replace('&', "&amp;")
        .replace('"', "&quot;");
    let outer = format!(
        "<!doctype html><iframe width=\"{width}\" height=\"844\" style=\"border:0\" srcdoc=\"{inner}\"></iframe>"
    );
    let flags = [&["--hide-scrollbars"], flags].concat();
    open(browser, folder, &outer, &flags)
}

fn with_hands(page: &str, hands: &str) -> String {
    page.replace("</body>", &format!("{BEFORE}{hands}{AFTER}</body>"))
}

fn open(browser: &str, folder: &Path, page: &str, flags: &[&str]) -> Value {
    let file = folder.join("hands.html");
    std::fs::write(&file, page).expect("a page");
    let out = folder.join("dom.html");
    let log = folder.join("log.txt");
    let create = |path: &Path| std::fs::File::create(path).expect("a file");
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--window-size=1400,900",
        ])
        .args(flags)
        .args([profile.as_str(), "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .stdout(create(&out))
        .stderr(create(&log))
        .spawn()
        .expect("the browser starts");
    let start = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if start.elapsed() > Duration::from_secs(50) {
            child.kill().expect("a child");
            panic!("the browser does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    let complaints: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert_eq!(complaints, [""; 0], "nothing on the console");
    let dom = std::fs::read_to_string(&out).expect("what the browser saw");
    let (_, rest) = dom.split_once("data-found=\"").expect("the hands' report");
    let (found, _) = rest.split_once('"').expect("its end");
    let found: Value = serde_json::from_str(&unescaped(found)).expect("JSON");
    assert_eq!(found["errors"], serde_json::json!([]));
    found
}

/// `%20` and its like.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next(), rest.next()].map(|digit| digit.unwrap_or(b'0'));
            let digits = String::from_utf8_lossy(&digits).into_owned();
            bytes.push(u8::from_str_radix(&digits, 16).expect("two digits"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("text")
}
