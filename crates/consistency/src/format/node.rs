//! What the readers of JSON and EDN both give: a value tree of bounded depth, with places for complaints.

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use super::cursor::Cursor;
use crate::{Error, Value};

/// Deeper values are refused, so that no input can exhaust the stack.
pub(super) const DEPTH_MAX: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) offset: usize,
    pub(super) tree: Tree<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum Tree<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    /// A whole number that only 64 bits without a sign hold: good for a process or a time.
    Natural(u64),
    /// A number that is not a whole number of 64 bits, a character or a bare symbol: only skipped fields may hold it.
    Opaque,
    Text(Cow<'a, str>),
    /// Without its colon. Inside a value it is as good as text.
    Keyword(&'a str),
    List(Vec<Node<'a>>),
    Map(Vec<(Node<'a>, Node<'a>)>),
}

impl Node<'_> {
    /// The word of a keyword or text.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.tree {
            Tree::Keyword(name) => Some(name),
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value this stands for. Depth is bounded by the reader.
    pub(super) fn value(&self, cursor: &Cursor<'_>, texts: &mut Texts) -> Result<Value, Error> {
        let expected = "nil, a truth value, a 64-bit whole number, text, or a list or map of these";
        Ok(match &self.tree {
            Tree::Nil => Value::Nil,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Int(value) => Value::Int(*value),
            Tree::Text(text) => texts.value(text),
            Tree::Keyword(word) => texts.value(word),
            Tree::List(nodes) => {
                let mut values = Vec::with_capacity(nodes.len());
                for node in nodes {
                    values.push(node.value(cursor, texts)?);
                }
                Value::List(values.into())
            }
            Tree::Map(entries) => match entries.as_slice() {
                [(key, bytes)] if key.name() == Some("bytes") => match &bytes.tree {
                    Tree::Text(hex) => read_hex(hex).ok_or_else(|| {
                        cursor.error(bytes.offset, "an even number of hex digits")
                    })?,
                    _ => return Err(cursor.error(bytes.offset, "hex digits")),
                },
                [(key, pairs)] if matches!(&key.tree, Tree::Text(name) if name == "map") => {
                    pairs.pairs(cursor, texts)?
                }
                _ => map(
                    cursor,
                    texts,
                    entries.iter().map(|(key, value)| (key, value)),
                )?,
            },
            Tree::Natural(_) | Tree::Opaque => {
                return Err(cursor.error(self.offset, expected));
            }
        })
    }

    /// The map that this list of pairs stands for: how our own format writes what is no JSON object.
    fn pairs(&self, cursor: &Cursor<'_>, texts: &mut Texts) -> Result<Value, Error> {
        let expected = "pairs [key value]";
        let Tree::List(nodes) = &self.tree else {
            return Err(cursor.error(self.offset, expected));
        };
        let mut pairs = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.tree {
                Tree::List(pair) => match pair.as_slice() {
                    [key, value] => pairs.push((key, value)),
                    _ => return Err(cursor.error(node.offset, expected)),
                },
                _ => return Err(cursor.error(node.offset, expected)),
            }
        }
        map(cursor, texts, pairs)
    }

    /// A value for people: what has no value form is left out.
    pub(super) fn remark(&self, cursor: &Cursor<'_>, texts: &mut Texts) -> Value {
        self.value(cursor, texts)
            .unwrap_or_else(|_| Value::from("details left out"))
    }

    /// The whole number from 0 that this is.
    pub(super) fn natural(&self) -> Option<u64> {
        match self.tree {
            Tree::Int(number) => u64::try_from(number).ok(),
            Tree::Natural(number) => Some(number),
            _ => None,
        }
    }

    /// Whether this is a list of lists that start with a word: `[[:append 1 2] [:r 3 nil]]`.
    pub(super) fn is_transaction(&self) -> bool {
        let Tree::List(parts) = &self.tree else {
            return false;
        };
        !parts.is_empty()
            && parts.iter().all(|part| match &part.tree {
                Tree::List(words) => words.first().is_some_and(|word| word.name().is_some()),
                _ => false,
            })
    }
}

/// The map of these entries, each key once.
fn map<'n, 'a: 'n>(
    cursor: &Cursor<'_>,
    texts: &mut Texts,
    entries: impl IntoIterator<Item = (&'n Node<'a>, &'n Node<'a>)>,
) -> Result<Value, Error> {
    let mut map: BTreeMap<Value, Value> = BTreeMap::new();
    for (key, value) in entries {
        let offset = key.offset;
        let key = key.value(cursor, texts)?;
        if map.insert(key, value.value(cursor, texts)?).is_some() {
            return Err(cursor.error(offset, "each key once"));
        }
    }
    Ok(Value::map(map))
}

/// Short texts seen lately, so that equal keys and values share one allocation.
///
/// A table of the last text of each hash: a text that is not found is merely made anew, so no input is slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    seen: Vec<Option<Arc<str>>>,
}

/// Longer texts are hardly ever seen twice.
const SHARED_BYTES_MAX: usize = 64;
const SEEN_BITS: u32 = 10;

impl Texts {
    pub(super) fn value(&mut self, text: &str) -> Value {
        Value::Text(self.share(text))
    }

    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if text.len() > SHARED_BYTES_MAX {
            return text.into();
        }
        if self.seen.is_empty() {
            self.seen.resize(1 << SEEN_BITS, None);
        }
        let place = place_of(text.as_bytes());
        let Some(seen) = self.seen.get_mut(place) else {
            return text.into();
        };
        match seen {
            Some(known) if **known == *text => known.clone(),
            _ => seen.insert(text.into()).clone(),
        }
    }
}

/// The first and the last eight bytes and the length, mixed.
fn place_of(bytes: &[u8]) -> usize {
    let word = |part: &[u8]| {
        part.iter()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
    };
    let first = bytes.get(..8).unwrap_or(bytes);
    let last = bytes
        .get(bytes.len().saturating_sub(8)..)
        .unwrap_or_default();
    let mixed = word(first)
        .rotate_left(17)
        .wrapping_add(word(last))
        .wrapping_add(bytes.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - SEEN_BITS)) as usize
}

fn read_hex(hex: &str) -> Option<Value> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    let digits = digits?;
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect();
    Some(Value::from_bytes(&bytes?))
}

/// The number these characters spell: whole and of 64 bits, or opaque.
pub(super) fn number(digits: &str) -> Tree<'static> {
    if let Ok(number) = digits.parse() {
        return Tree::Int(number);
    }
    digits.parse().map_or(Tree::Opaque, Tree::Natural)
}

/// Reads four hex digits of a `\u` escape.
fn escape_unit(cursor: &mut Cursor<'_>) -> Result<u32, Error> {
    let mut unit = 0_u32;
    for _ in 0..4 {
        let offset = cursor.offset();
        let digit = cursor.bump().and_then(|character| character.to_digit(16));
        let Some(digit) = digit else {
            return Err(cursor.error(offset, "four hex digits"));
        };
        unit = unit << 4 | digit;
    }
    Ok(unit)
}

/// Reads a string whose opening quote is taken, up to and with the closing one. `is_strict` is JSON's rule: no bare
/// control characters, and pairs of surrogates.
#[inline]
pub(super) fn string<'a>(cursor: &mut Cursor<'a>, is_strict: bool) -> Result<Cow<'a, str>, Error> {
    let first_plain = if is_strict { b' ' } else { 0 };
    let is_plain = |byte: u8| byte != b'"' && byte != b'\\' && byte >= first_plain;
    let start = cursor.take_while(is_plain);
    if cursor.eat(b'"') {
        return Ok(Cow::Borrowed(start));
    }
    escaped(cursor, start, is_strict).map(Cow::Owned)
}

/// The rest of a string that is not all plain.
#[cold]
fn escaped(cursor: &mut Cursor<'_>, start: &str, is_strict: bool) -> Result<String, Error> {
    let first_plain = if is_strict { b' ' } else { 0 };
    let is_plain = |byte: u8| byte != b'"' && byte != b'\\' && byte >= first_plain;
    let mut text = start.to_string();
    loop {
        let offset = cursor.offset();
        match cursor.bump() {
            Some('"') => return Ok(text),
            Some('\\') => text.push(escape(cursor, offset, is_strict)?),
            Some(control) if is_strict && control < ' ' => {
                return Err(cursor.error(offset, "an escaped control character"));
            }
            Some(character) => {
                text.push(character);
                text.push_str(cursor.take_while(is_plain));
            }
            None => return Err(cursor.error(offset, "a closing quote")),
        }
    }
}

fn escape(cursor: &mut Cursor<'_>, offset: usize, is_strict: bool) -> Result<char, Error> {
    Ok(match cursor.bump() {
        Some(same @ ('"' | '\\')) => same,
        Some('/') if is_strict => '/',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => {
            let mut unit = escape_unit(cursor)?;
            if (0xd800..0xdc00).contains(&unit)
                && cursor.peek() == Some(b'\\')
                && cursor.peek_at(1) == Some(b'u')
            {
                cursor.bump();
                cursor.bump();
                let low = escape_unit(cursor)?;
                let high = (unit & 0x3ff) << 10;
                unit = match low {
                    0xdc00..0xe000 => (high | (low & 0x3ff)).saturating_add(0x1_0000),
                    _ => unit,
                };
            }
            char::from_u32(unit).ok_or_else(|| cursor.error(offset, "a character"))?
        }
        _ => return Err(cursor.error(offset, "an escape such as \\n or \\u0041")),
    })
}
