//! The page as one file: its styles, its script and its data are in it, it asks no network for anything, and its policy
//! forbids it to.
//!
//! What a user named stands in it twice: as text, escaped, and as data, in which no `<` is left, so that nothing in it
//! can end the script element. The script makes text of it, and never markup. The same data give the same bytes.

use serde::Serialize;

const STYLE: &str = include_str!("style.css");
const BODY: &str = include_str!("body.html");
/// One script: each part uses what those before it define.
const SCRIPT: &str = concat!(
    include_str!("base.js"),
    include_str!("chart.js"),
    include_str!("measures.js"),
    include_str!("pictures.js"),
    include_str!("tables.js"),
    include_str!("matrix.js"),
    include_str!("start.js"),
);

/// Nothing may be fetched from anywhere; what is in the page may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The page of these candidates. Refused is only what is no JSON.
pub(super) fn html(
    title: &str,
    about: &str,
    candidates: &[impl Serialize],
) -> serde_json::Result<String> {
    let data = serde_json::to_string(candidates)?.replace('<', "\\u003c");
    let (title, about) = (escaped(title), escaped(about));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>plan: {title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<div><h1>{title}</h1><p class=\"about\">{about}</p></div>\n\
         {BODY}<script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{SCRIPT}</script>\n\
         </body>\n</html>\n"
    ))
}

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
