//! A place in a text that knows how to complain.

use alloc::{string::String, string::ToString};

use crate::Error;

/// Longest piece of the text quoted in an error, in characters.
const QUOTED_MAX: usize = 24;

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    /// Lines are counted lazily, from the last place asked for.
    counted_to: usize,
    line: u64,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            offset: 0,
            counted_to: 0,
            line: 1,
        }
    }

    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.offset >= self.text.len()
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.offset).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    /// Takes `byte`, which must be ASCII, if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.offset = self.offset.saturating_add(1);
        }
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.error_here(expected))
        }
    }

    /// Takes the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.offset = self.offset.saturating_add(character.len_utf8());
        Some(character)
    }

    /// Takes characters while `is_part` says so.
    pub(super) fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest
            .find(|character| !is_part(character))
            .unwrap_or(rest.len());
        self.offset = self.offset.saturating_add(length);
        rest.get(..length).unwrap_or_default()
    }

    /// The line of this place, from 1. Cheap when asked for in rising order.
    pub(super) fn line(&mut self, offset: usize) -> u64 {
        if let Some(fresh) = self.text.as_bytes().get(self.counted_to..offset) {
            let breaks = fresh.iter().filter(|byte| **byte == b'\n').count();
            self.line = self.line.saturating_add(breaks as u64);
            self.counted_to = offset;
        }
        self.line
    }

    pub(super) fn error_here(&self, expected: &'static str) -> Error {
        self.error(self.offset, expected)
    }

    pub(super) fn error(&self, offset: usize, expected: &'static str) -> Error {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before
            .rfind('\n')
            .map_or(0, |found| found.saturating_add(1));
        let on_line = before.get(line_start..).unwrap_or_default();
        let after = self.text.get(before.len()..).unwrap_or_default();
        Error::Parse {
            line: (before.matches('\n').count() as u64).saturating_add(1),
            column: (on_line.chars().count() as u64).saturating_add(1),
            expected,
            found: quote(after),
        }
    }
}

fn quote(after: &str) -> String {
    let Some(first) = after.chars().next() else {
        return "the end".to_string();
    };
    if matches!(first, '\n' | '\r') {
        return "the end of the line".to_string();
    }
    if first == '"' {
        let mut quotes = 0;
        let is_within = |c: &char| {
            let is_open = quotes < 2;
            quotes += i32::from(*c == '"');
            is_open && *c != '\n'
        };
        return after
            .chars()
            .take_while(is_within)
            .take(QUOTED_MAX)
            .collect();
    }
    let is_token = |c: char| !c.is_whitespace() && !matches!(c, ',' | '}' | ']' | ')' | '"');
    let token: String = after
        .chars()
        .take_while(|c| is_token(*c))
        .take(QUOTED_MAX)
        .collect();
    if token.is_empty() {
        after.chars().take(1).collect()
    } else {
        token
    }
}
