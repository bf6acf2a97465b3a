//! Which format a file looks like, from its beginning.

use super::Format;

/// How much of a file is looked at, in bytes.
const HEAD_BYTES: usize = 4096;

pub(super) fn detect(bytes: &[u8]) -> Option<Format> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let mut marks = head
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b',');
    match (marks.next()?, marks.next()) {
        (b'{', Some(b'"')) => Some(object(head)),
        (b'{', Some(b'}')) => Some(Format::JsonLines),
        (b'{', _) if is_key_value_log(head) => Some(Format::KeyValueLog),
        (b'{' | b'#' | b';' | b'(', _) => Some(Format::JepsenEdn),
        (b'[', Some(b'[')) => Some(Format::DbcopJson),
        (b'[', Some(b'{' | b'#' | b']' | b';')) => Some(Format::JepsenEdn),
        (b'r' | b'w', Some(b'(')) => Some(Format::Plume),
        _ if has(head, b"\t:") => Some(Format::JepsenLog),
        _ if has_steps(head) => Some(Format::Sessions),
        _ => None,
    }
}

/// An object that starts with a field of DBCop's histories is one; the fields of our events are others.
fn object(head: &[u8]) -> Format {
    let name = head.split(|byte| *byte == b'"').nth(1);
    match name {
        Some(b"params" | b"info" | b"start" | b"end" | b"data") => Format::DbcopJson,
        _ => Format::JsonLines,
    }
}

/// A map of process, type, function, key and value, in this order and with nothing else, whose key is text and whose
/// function is one of three.
fn is_key_value_log(head: &[u8]) -> bool {
    let mut words = head
        .split(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b'{'))
        .filter(|word| !word.is_empty());
    let mut next = || words.next().unwrap_or_default();
    next() == b":process"
        && next().iter().all(u8::is_ascii_digit)
        && next() == b":type"
        && next().starts_with(b":")
        && next() == b":f"
        && matches!(next(), b":get" | b":put" | b":append")
        && next() == b":key"
        && next().starts_with(b"\"")
        && words.next() == Some(b":value")
        && {
            let event = head.split(|byte| *byte == b'}').next().unwrap_or_default();
            ![&b":time"[..], b":index", b":error"]
                .into_iter()
                .any(|name| has(event, name))
        }
}

/// Whether the first line that is no separator is a step: `r` or `w` and two words.
fn has_steps(head: &[u8]) -> bool {
    let step = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.iter().all(|byte| matches!(byte, b'-' | b'=')));
    let mut words = step
        .unwrap_or_default()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    matches!(words.next(), Some(b"r" | b"w")) && words.count() == 2
}

fn has(head: &[u8], part: &[u8]) -> bool {
    head.windows(part.len()).any(|window| window == part)
}
