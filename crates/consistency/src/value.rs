//! The values that every format maps to.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::fmt;

/// What a client wrote or read. Cloning shares.
///
/// `Nil` is "no value": an absent key, a register never written. It differs from the empty text.
///
/// The display form is JSON, and what reads our JSON lines reads it back the same. Bytes that are not UTF-8 are written
/// `{"bytes":"<hex>"}`. A map is an object where that is exact: every key is text, there are at most 64, and the only
/// key is neither `bytes` nor `map`. Any other map is written `{"map":[[key,value],…]}`.
///
/// ```
/// use consistency::Value;
///
/// assert_ne!(Value::Nil, Value::from(""));
/// assert_eq!(Value::from_bytes(b"abc"), Value::from("abc"));
/// assert_eq!(Value::from_bytes(&[0xff, 1]).to_string(), r#"{"bytes":"ff01"}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Value {
    /// No value.
    #[default]
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(Arc<str>),
    /// Bytes that are not UTF-8: make them with [`Value::from_bytes`], so that equal bytes are equal values.
    Bytes(Arc<[u8]>),
    /// A list, such as the `[expected new]` of a compare-and-set.
    List(Arc<[Self]>),
    /// A map, such as the balances of a bank, keys ascending and each once: make it with [`Value::map`], so that equal
    /// maps are equal values.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "entries_in_order"))]
    Map(Arc<[(Self, Self)]>),
}

/// The longest map that is written as a JSON object: what the reader takes.
const FIELDS_MAX: usize = 64;

impl Value {
    /// The value of these bytes: text where they are UTF-8, bytes where they are not. O(length).
    ///
    /// ```
    /// # use consistency::Value;
    /// assert_eq!(Value::from_bytes(b""), Value::from(""));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Bytes(bytes.into()),
        }
    }

    /// A list of these values.
    ///
    /// ```
    /// # use consistency::Value;
    /// assert_eq!(Value::list([1.into(), 2.into()]).to_string(), "[1,2]");
    /// ```
    #[must_use]
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::List(values.into_iter().collect())
    }

    /// A map of these entries; of entries with one key the last one stands. O(n log n).
    ///
    /// ```
    /// # use consistency::Value;
    /// let map = Value::map([("y".into(), 2.into()), ("x".into(), 1.into())]);
    /// assert_eq!(map.to_string(), r#"{"x":1,"y":2}"#);
    /// assert_eq!(Value::map([(1.into(), 2.into())]).to_string(), r#"{"map":[[1,2]]}"#);
    /// ```
    #[must_use]
    pub fn map(entries: impl IntoIterator<Item = (Self, Self)>) -> Self {
        let entries: BTreeMap<Self, Self> = entries.into_iter().collect();
        Self::Map(entries.into_iter().collect())
    }

    /// What a map holds under `key`; `None` where it holds nothing, or this is no map. O(log n).
    ///
    /// ```
    /// # use consistency::Value;
    /// let map = Value::map([("x".into(), 1.into())]);
    /// assert_eq!(map.entry(&"x".into()), Some(&1.into()));
    /// ```
    #[must_use]
    pub fn entry(&self, key: &Self) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let place = entries.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        entries.get(place).map(|(_, value)| value)
    }

    /// This value with `tail` behind it: `Nil` is the neutral element, text and bytes are joined; anything else has no
    /// meaning and gives `None`. O(length of both).
    ///
    /// ```
    /// # use consistency::Value;
    /// assert_eq!(Value::from("ab").append(&"c".into()), Some("abc".into()));
    /// assert_eq!(Value::from(1).append(&"c".into()), None);
    /// ```
    #[must_use]
    pub fn append(&self, tail: &Self) -> Option<Self> {
        match (self, tail) {
            (Self::Nil, other) | (other, Self::Nil) => Some(other.clone()),
            (Self::Text(head), Self::Text(tail)) => {
                let mut joined = String::with_capacity(head.len().saturating_add(tail.len()));
                joined.push_str(head);
                joined.push_str(tail);
                Some(Self::Text(joined.into()))
            }
            _ => {
                let joined: Vec<u8> = [self.bytes()?, tail.bytes()?].concat();
                Some(Self::from_bytes(&joined))
            }
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => write_json_text(f, text),
            Self::Bytes(bytes) => {
                f.write_str("{\"bytes\":\"")?;
                for byte in bytes.iter() {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str("\"}")
            }
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => write_map(f, entries),
        }
    }
}

fn write_map(f: &mut fmt::Formatter<'_>, entries: &[(Value, Value)]) -> fmt::Result {
    let is_taken = |name: &str| name == "bytes" || name == "map";
    let is_object = entries.len() <= FIELDS_MAX
        && entries.iter().all(|(key, _)| match key {
            Value::Text(name) => entries.len() > 1 || !is_taken(name),
            _ => false,
        });
    let [open, begin, between, end, close] = if is_object {
        ["{", "", ":", "", "}"]
    } else {
        ["{\"map\":[", "[", ",", "]", "]}"]
    };
    f.write_str(open)?;
    for (place, (key, value)) in entries.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        write!(f, "{comma}{begin}{key}{between}{value}{end}")?;
    }
    f.write_str(close)
}

/// A map from outside may come in any order.
#[cfg(feature = "serde")]
fn entries_in_order<'de, D>(deserializer: D) -> Result<Arc<[(Value, Value)]>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let entries: Vec<(Value, Value)> = serde::Deserialize::deserialize(deserializer)?;
    let entries: BTreeMap<Value, Value> = entries.into_iter().collect();
    Ok(entries.into_iter().collect())
}

pub(crate) fn write_json_text(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_halves_of_a_character_gives_the_text_it_spells() {
        let whole = "é".as_bytes();
        let (head, tail) = (
            Value::from_bytes(&whole[..1]),
            Value::from_bytes(&whole[1..]),
        );
        assert_eq!(head.append(&tail), Some(Value::from("é")));
    }

    #[test]
    fn an_absent_value_is_not_the_empty_text() {
        assert_ne!(Value::Nil, Value::from(""));
        assert_eq!(Value::Nil.append(&Value::from("")), Some(Value::from("")));
    }
}
