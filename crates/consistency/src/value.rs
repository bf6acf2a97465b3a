//! The values that every format maps to.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

/// What a client wrote or read. Cloning shares.
///
/// `Nil` is "no value": an absent key, a register never written. It differs from the empty text.
/// The display form is JSON; bytes that are not UTF-8 are written `{"bytes":"<hex>"}`.
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
}

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
        }
    }
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
