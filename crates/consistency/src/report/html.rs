//! The page: the text first, which needs no script, then the picture.

use alloc::{format, string::String};
use core::fmt::Write as _;

use super::{Report, cycle, data, grouped};

const STYLE: &str = include_str!("style.css");
const VIEW: &str = include_str!("view.js");
const HANDS: &str = include_str!("hands.js");

/// Nothing may be fetched from anywhere; what is in the page may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

const TOOLS: &str = r##"<div id="tools" role="toolbar" aria-label="The view">
<button type="button" id="jump">Jump to the evidence</button>
<button type="button" id="whole">Whole history</button>
<button type="button" id="left" aria-label="Earlier">◀</button>
<button type="button" id="right" aria-label="Later">▶</button>
<button type="button" id="closer" aria-label="Closer">+</button>
<button type="button" id="further" aria-label="Further away">−</button>
<label id="key-label">key <select id="key"></select></label>
<label id="ordered-label"><input type="checkbox" id="ordered" checked> the order</label>
<label id="clock-label"><input type="checkbox" id="clock"> by the clock</label>
<label id="only-label"><input type="checkbox" id="only"> only marked processes</label>
</div>"##;

const LEGEND: &str = r#"<ul id="legend">
<li><i class="read"></i>reads</li>
<li><i class="update"></i>updates</li>
<li><i class="failed"></i>did not happen</li>
<li><i class="open"></i>unknown: at any later time, or never</li>
<li class="if-core"><i class="core"></i>the evidence</li>
<li class="if-blocked"><i class="blocked"></i>could not come next</li>
<li class="if-order"><i class="order">1</i>place in the order</li>
<li class="if-arrow"><i class="arrow">→</i>must come before</li>
</ul>"#;

/// Text between tags or in an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

pub(super) fn page(report: &Report) -> String {
    let title = escaped(&report.title);
    let name = report.finding.name();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}: {title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p class=\"finding {name}\"><strong>{name}</strong> {}</p>\n</header>\n<main>\n",
        escaped(&report.headline)
    );
    out.push_str("<div class=\"sections\">\n");
    for section in &report.sections {
        let _ = writeln!(out, "<section><h2>{}</h2>", escaped(&section.heading));
        for sentence in &section.sentences {
            let _ = writeln!(out, "<p>{}</p>", escaped(sentence));
        }
        if !section.lines.is_empty() {
            out.push_str("<pre>");
            for line in &section.lines {
                let _ = writeln!(out, "{}", escaped(line));
            }
            out.push_str("</pre>\n");
        }
        out.push_str("</section>\n");
    }
    out.push_str("</div>\n");
    if let Some(drawing) = cycle::drawing(report) {
        let _ = writeln!(out, "<div class=\"ring\">{drawing}</div>");
    }
    if !report.bars.is_empty() {
        picture(&mut out, report);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn picture(out: &mut String, report: &Report) {
    let (shown, count) = (report.bars.len(), report.bars_count);
    let caption = if shown < count {
        let (shown, count) = (grouped(shown), grouped(count));
        format!("{shown} of {count} operations: those around the evidence.")
    } else {
        format!("All {} operations.", grouped(count))
    };
    let _ = write!(
        out,
        "<figure>\n<figcaption>{caption} Time runs right, a lane for each process, a bar from call to \
         return.</figcaption>\n<noscript><p>The picture needs a script; everything that decides stands in the text \
         above.</p></noscript>\n{TOOLS}\n{LEGEND}\n<canvas id=\"map\" height=\"34\" aria-hidden=\"true\"></canvas>\n\
         <div id=\"stage\"><canvas id=\"picture\" tabindex=\"0\" role=\"application\" aria-label=\"Timeline of the \
         operations. Arrows move, plus and minus zoom, 0 shows all, v the evidence, n and p the next and the previous \
         operation.\"></canvas><div id=\"tip\" role=\"tooltip\" hidden></div></div>\n\
         <p id=\"detail\" aria-live=\"polite\">Drag to move, turn the wheel to zoom, point at a bar for its details, \
         click to keep them. Keys: arrows, + − 0, v evidence, n p next and previous operation.</p>\n</figure>\n\
         <script type=\"application/json\" id=\"data\">{}</script>\n<script>\n{VIEW}{HANDS}</script>\n",
        data::json(report)
    );
}
