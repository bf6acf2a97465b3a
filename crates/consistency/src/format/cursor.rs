//! A place in a text that knows how to complain, and whether it has looked past the text's end.
//!
//! The text may be a piece of a longer one. Whoever reads it asks [`Cursor::has_met_end`] afterwards: only when no
//! reader looked past the end is what was read (or refused) independent of what follows.

use alloc::{string::String, string::ToString};
use core::cell::Cell;

use crate::Error;

/// Longest piece of the text quoted in an error, in characters.
const QUOTED_MAX: usize = 24;

/// Where a text begins in its file: its line, from 1, and how many characters stand before it on that line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Place {
    pub(super) const START: Self = Self { line: 1, column: 0 };

    /// The place behind this text, which begins here.
    pub(super) fn after(self, text: &str) -> Self {
        Self {
            line: self.line.saturating_add(line_breaks(text.as_bytes())),
            ..self.after_line(text)
        }
    }

    /// The column of the place behind this text, on a line that is not counted.
    fn after_line(self, text: &str) -> Self {
        let (column, tail) = match text.rfind('\n') {
            Some(last) => (0, text.get(last.saturating_add(1)..).unwrap_or_default()),
            None => (self.column, text),
        };
        Self {
            column: column.saturating_add(tail.chars().count() as u64),
            ..self
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    /// Everything before this is read for good, even if what follows is not complete.
    safe: usize,
    place: Place,
    /// Lines are counted lazily, from the last place asked for.
    counted_to: usize,
    line: u64,
    has_met_end: Cell<bool>,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str, place: Place) -> Self {
        Self {
            text,
            offset: 0,
            safe: 0,
            place,
            counted_to: 0,
            line: place.line,
            has_met_end: Cell::new(false),
        }
    }

    #[inline]
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    /// Says that everything before this place is read for good.
    #[inline]
    pub(super) const fn settle(&mut self) {
        self.safe = self.offset;
    }

    pub(super) const fn settled(&self) -> usize {
        self.safe
    }

    /// The place of this offset. Cheap where no later line was asked for.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        if offset < self.counted_to {
            return self.place.after(before);
        }
        Place {
            line: self.line(offset),
            ..self.place.after_line(before)
        }
    }

    /// Whether anything since the start depended on where the text ends.
    pub(super) const fn has_met_end(&self) -> bool {
        self.has_met_end.get()
    }

    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    /// The text from `start` to here.
    #[inline]
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.offset).unwrap_or_default()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    /// The byte this far behind the next one.
    #[inline]
    pub(super) fn peek_at(&self, distance: usize) -> Option<u8> {
        let place = self.offset.saturating_add(distance);
        let byte = self.text.as_bytes().get(place);
        if byte.is_none() {
            self.has_met_end.set(true);
        }
        byte.copied()
    }

    /// Takes `byte`, which must be ASCII, if it is next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.offset = self.offset.saturating_add(1);
        }
        is_next
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.error_here(expected))
        }
    }

    /// Takes the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let rest = self.text.get(self.offset..).unwrap_or_default();
        let Some(character) = rest.chars().next() else {
            self.has_met_end.set(true);
            return None;
        };
        self.offset = self.offset.saturating_add(character.len_utf8());
        Some(character)
    }

    /// Takes bytes while `is_part` says so. It must say the same of all bytes that are not ASCII.
    #[inline]
    pub(super) fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let start = self.offset;
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        match bytes.iter().position(|byte| !is_part(*byte)) {
            Some(length) => self.offset = start.saturating_add(length),
            None => {
                self.offset = self.text.len();
                self.has_met_end.set(true);
            }
        }
        self.since(start)
    }

    /// The line of this place, from 1. Cheap when asked for in rising order.
    #[inline]
    pub(super) fn line(&mut self, offset: usize) -> u64 {
        if let Some(fresh) = self.text.as_bytes().get(self.counted_to..offset) {
            self.line = self.line.saturating_add(line_breaks(fresh));
            self.counted_to = offset;
        }
        self.line
    }

    pub(super) fn error_here(&self, expected: &'static str) -> Error {
        self.error(self.offset, expected)
    }

    pub(super) fn error(&self, offset: usize, expected: &'static str) -> Error {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let after = self.text.get(before.len()..).unwrap_or_default();
        let found = quote(after);
        // A longer text might be quoted longer.
        if after.is_empty() || found == after {
            self.has_met_end.set(true);
        }
        error(self.place.after(before), expected, found)
    }
}

/// The beginning of this text, as an error shows it.
pub(super) fn quote(after: &str) -> String {
    let Some(first) = after.chars().next() else {
        return "the end".to_string();
    };
    if matches!(first, '\n' | '\r') {
        return "the end of the line".to_string();
    }
    let mut quotes = 0;
    let is_part = |character: &char| {
        if first == '"' {
            let is_open = quotes < 2;
            quotes += i32::from(*character == '"');
            is_open && *character != '\n'
        } else {
            !character.is_whitespace() && !matches!(character, ',' | '}' | ']' | ')' | '"')
        }
    };
    let quoted: String = after.chars().take(QUOTED_MAX).take_while(is_part).collect();
    if quoted.is_empty() {
        after.chars().take(1).collect()
    } else {
        quoted
    }
}

pub(super) fn error(place: Place, expected: &'static str, found: String) -> Error {
    Error::Parse {
        line: place.line,
        column: place.column.saturating_add(1),
        expected,
        found,
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
