//! Values of a file that know where they stand, so that whatever is wrong with one can be shown there.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use crate::exit::BadInput;
use crate::plan::table::cut;

/// So many characters of a line are shown with an error.
const EXCERPT_MAX: usize = 88;

/// A message has at most so many characters: what it quotes may be long.
const MESSAGE_MAX: usize = 600;

/// A file's name and text.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// What is wrong at a place: file, line, column, key, message, and the line itself.
    pub(crate) fn complain(
        &self,
        span: &Range<usize>,
        key: &str,
        message: impl fmt::Display,
    ) -> BadInput {
        let start = floor(self.text, span.start);
        let before = self.text.get(..start).unwrap_or("");
        let number = 1 + before.matches('\n').count();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = 1 + before
            .get(line_start..)
            .map_or(0, |text| text.chars().count());
        let line = self.text.get(line_start..).unwrap_or("");
        let line = line.split(['\n', '\r']).next().unwrap_or("");
        let key = if key.is_empty() {
            String::new()
        } else {
            format!("{}: ", shown(&cut(key, EXCERPT_MAX)))
        };
        let message = cut(&message.to_string(), MESSAGE_MAX);
        let name = self.name;
        let width = span.end.saturating_sub(start).max(1);
        let picture = picture(number, line, column, width);
        BadInput::new(format_args!(
            "{name}: line {number}, column {column}: {key}{message}{picture}"
        ))
    }

    /// What is wrong with the whole file.
    pub(crate) fn complain_of_all(&self, message: impl fmt::Display) -> BadInput {
        BadInput::at(self.name, message)
    }
}

/// The line, and marks below the place. The marks end with the line.
fn picture(number: usize, line: &str, column: usize, width: usize) -> String {
    if line.trim().is_empty() {
        return String::new();
    }
    // Of a long line, the part around the place.
    let skipped = (column + EXCERPT_MAX / 4).saturating_sub(EXCERPT_MAX);
    let seen: String = line.chars().skip(skipped).take(EXCERPT_MAX).collect();
    let seen = shown(&seen);
    let indent = column - 1 - skipped.min(column - 1);
    let room = seen.chars().count().saturating_sub(indent).max(1);
    let marks = "^".repeat(width.min(room));
    let margin = " ".repeat(number.to_string().len());
    format!(
        "\n  {number} | {seen}\n  {margin} | {}{marks}",
        " ".repeat(indent)
    )
}

/// Without characters that would move the cursor or hide.
fn shown(text: &str) -> String {
    let of = |one: char| if one.is_control() { ' ' } else { one };
    text.chars().map(of).collect()
}

/// The nearest place at or before `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A value, with its key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    source: &'a Source<'a>,
    path: String,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Entry<'a> {
    /// Something is wrong with this value.
    pub(crate) fn wrong(&self, message: impl fmt::Display) -> BadInput {
        self.source.complain(&self.span, &self.path, message)
    }

    /// This is not what was expected.
    pub(crate) fn expected(&self, what: impl fmt::Display) -> BadInput {
        self.wrong(format_args!("expected {what}, and found {}", self.found()))
    }

    /// Something is wrong at this byte of the text that the value is.
    pub(crate) fn wrong_at(
        &self,
        byte: usize,
        width: usize,
        message: impl fmt::Display,
    ) -> BadInput {
        let raw = self.source.text.get(self.span.clone()).unwrap_or("");
        let inside = match self.value {
            DeValue::String(text) => raw.find(text.as_ref()),
            _ => None,
        };
        match inside {
            Some(inside) => {
                let start = self.span.start + inside + byte;
                let span = start..start + width;
                self.source.complain(&span, &self.path, message)
            }
            // The text is written with escapes.
            None => self.wrong(format_args!("at byte {byte}: {message}")),
        }
    }

    fn found(&self) -> String {
        match self.value {
            DeValue::String(text) => {
                let text: String = text.chars().take(40).collect();
                format!("the text {text:?}")
            }
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Datetime(_) => "a date or time".to_owned(),
            DeValue::Array(list) if list.is_empty() => "an empty list".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(crate) fn text(&self, what: &str) -> Result<&'a str, BadInput> {
        self.as_text().ok_or_else(|| self.expected(what))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.value, DeValue::Integer(_) | DeValue::Float(_))
    }

    pub(crate) fn truth(&self) -> Result<bool, BadInput> {
        let truth = self.value.as_bool();
        truth.ok_or_else(|| self.expected("true or false"))
    }

    /// A number in a range.
    pub(crate) fn number(&self, what: &str, range: RangeInclusive<f64>) -> Result<f64, BadInput> {
        let number = match self.value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|whole| whole as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        // Written so that what is not a number is refused too.
        let number = number.filter(|number| range.contains(number));
        number
            .map(|number| number + 0.0)
            .ok_or_else(|| self.expected(what))
    }

    /// A number above zero.
    pub(crate) fn positive(&self, what: &str) -> Result<f64, BadInput> {
        self.number(what, VERY_LITTLE..=VERY_MUCH)
    }

    pub(crate) fn probability(&self) -> Result<f64, BadInput> {
        self.number("a probability, from 0 to 1", 0.0..=1.0)
    }

    /// Milliseconds, none or more.
    pub(crate) fn milliseconds(&self) -> Result<f64, BadInput> {
        self.number("milliseconds, from 0 to 1e9", 0.0..=1e9)
    }

    /// A whole number in a range.
    pub(crate) fn whole(&self, range: RangeInclusive<u64>) -> Result<u64, BadInput> {
        let number = match self.value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (low, high) = range.into_inner();
                self.expected(format_args!("a whole number from {low} to {high}"))
            })
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, BadInput> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let list = words.join(", ");
        let text = self.text(&format!("one of {list}"))?;
        let found = choices.iter().find(|(word, _)| *word == text);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let guess = nearest(text, words.iter().copied());
            self.wrong(format_args!("{text:?} is none of {list}{guess}"))
        })
    }

    pub(crate) fn table(&self, what: &str) -> Result<Table<'a>, BadInput> {
        match self.value {
            DeValue::Table(table) => Ok(Table {
                source: self.source,
                path: self.path.clone(),
                span: self.span.clone(),
                table,
            }),
            _ => Err(self.expected(what)),
        }
    }

    /// The entries of a list that is not empty.
    pub(crate) fn list(&self, what: &str) -> Result<Vec<Self>, BadInput> {
        let DeValue::Array(list) = self.value else {
            return Err(self.expected(what));
        };
        if list.is_empty() {
            return Err(self.expected(what));
        }
        let entries = list.iter().enumerate();
        Ok(entries
            .map(|(place, value)| Entry {
                source: self.source,
                path: format!("{}[{}]", self.path, place + 1),
                span: value.span(),
                value: value.get_ref(),
            })
            .collect())
    }
}

/// Numbers below would make loads that are no numbers.
const VERY_LITTLE: f64 = 1e-9;
const VERY_MUCH: f64 = 1e12;

/// Where something stands that may turn out wrong later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) span: Range<usize>,
    pub(crate) path: String,
}

/// A table, with its key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a> {
    source: &'a Source<'a>,
    path: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// The table that is the whole file.
    pub(crate) const fn whole(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self {
            source,
            path: String::new(),
            span: 0..0,
            table,
        }
    }

    pub(crate) fn wrong(&self, message: impl fmt::Display) -> BadInput {
        self.source.complain(&self.span, &self.path, message)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            span: self.span.clone(),
            path: self.path.clone(),
        }
    }

    /// Refuses every key but these.
    pub(crate) fn only(&self, keys: &[&str]) -> Result<(), BadInput> {
        match self
            .entries()
            .into_iter()
            .find(|(name, _)| !keys.contains(&name.text.as_str()))
        {
            None => Ok(()),
            Some((name, _)) => {
                let guess = nearest(&name.text, keys.iter().copied());
                let list = keys.join(", ");
                Err(name.wrong(format_args!("unknown key{guess}; the keys here are {list}")))
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry<'a>> {
        let (_, value) = self.table.get_key_value(key)?;
        Some(Entry {
            source: self.source,
            path: self.path_of(key),
            span: value.span(),
            value: value.get_ref(),
        })
    }

    pub(crate) fn need(&self, key: &str, what: &str) -> Result<Entry<'a>, BadInput> {
        let missing = || self.wrong(format_args!("the key `{key}` is missing: {what}"));
        self.get(key).ok_or_else(missing)
    }

    /// All of them, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(Key<'a>, Entry<'a>)> {
        let mut entries: Vec<(Key<'a>, Entry<'a>)> = self
            .table
            .iter()
            .map(|(name, value)| {
                let path = self.path_of(name.get_ref());
                let key = Key {
                    source: self.source,
                    text: name.get_ref().to_string(),
                    path: path.clone(),
                    span: name.span(),
                };
                let entry = Entry {
                    source: self.source,
                    path,
                    span: value.span(),
                    value: value.get_ref(),
                };
                (key, entry)
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span.start);
        entries
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// A key, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'a> {
    source: &'a Source<'a>,
    pub(crate) text: String,
    path: String,
    span: Range<usize>,
}

impl Key<'_> {
    pub(crate) fn wrong(&self, message: impl fmt::Display) -> BadInput {
        self.source.complain(&self.span, &self.path, message)
    }
}
