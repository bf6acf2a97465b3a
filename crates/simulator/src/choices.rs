//! Recorded choices, compactly: one to nine bytes an entry.
//!
//! An entry of `k` bytes (`k <= 8`) holds `7 k` bits of value above `k - 1` zero bits and a one, in
//! little-endian order; a first byte of zero stands before eight plain bytes. The length shows in
//! the first byte, so writing and reading take no loop.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SimulatorError;

/// A sequence of choices.
///
/// As text, and in serde, it is a string of hexadecimal digits, without the zeros at its end.
///
/// ```
/// use simulator::Choices;
/// let choices: Choices = [0, 300, 7].into_iter().collect();
/// assert_eq!((choices.len(), choices.byte_len()), (3, 4));
/// let text = choices.to_string();
/// assert_eq!(text.parse::<Choices>()?.iter().collect::<Vec<_>>(), [0, 300, 7]);
/// # Ok::<(), simulator::SimulatorError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Choices {
    bytes: Vec<u8>,
    entries: usize,
}

impl Choices {
    /// No choices.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            entries: 0,
        }
    }

    /// Appends a choice.
    #[inline(always)]
    pub fn push(&mut self, value: u64) {
        self.entries += 1;
        let bits = 64 - (value | 1).leading_zeros();
        if bits > 56 {
            self.push_plain(value);
            return;
        }
        let length = bits.div_ceil(7);
        let word = (value << length) | (1 << (length - 1));
        let end = self.bytes.len() + length as usize;
        self.bytes.extend_from_slice(&word.to_le_bytes());
        self.bytes.truncate(end);
    }

    #[cold]
    fn push_plain(&mut self, value: u64) {
        self.bytes.push(0);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// How many choices there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// How many bytes they take.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// How many of them are not zero: how far they are from a benign run.
    #[must_use]
    pub fn nonzero(&self) -> usize {
        self.iter().filter(|&value| value != 0).count()
    }

    /// The choices, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let mut position = 0;
        core::iter::from_fn(move || read(&self.bytes, &mut position))
    }

    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    pub(crate) fn into_reader(self) -> Reader {
        Reader {
            bytes: self.bytes,
            position: 0,
        }
    }
}

/// Reads recorded choices one by one.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    position: usize,
}

impl Reader {
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u64> {
        read(&self.bytes, &mut self.position)
    }
}

/// Reads an entry at `position` and moves past it; `None` at the end, or where an entry is cut off.
#[inline]
fn read(bytes: &[u8], position: &mut usize) -> Option<u64> {
    let first = *bytes.get(*position)?;
    if first == 0 {
        let rest = bytes.get(*position + 1..*position + 9)?;
        *position += 9;
        return Some(u64::from_le_bytes(rest.try_into().ok()?));
    }
    let length = first.trailing_zeros() as usize + 1;
    let entry = bytes.get(*position..*position + length)?;
    *position += length;
    let mut word = [0; 8];
    word[..length].copy_from_slice(entry);
    Some(u64::from_le_bytes(word) >> length)
}

impl FromIterator<u64> for Choices {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut choices = Self::new();
        values.into_iter().for_each(|value| choices.push(value));
        choices
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.iter().enumerate().filter(|&(_, value)| value != 0);
        let entries = kept.last().map_or(0, |(index, _)| index + 1);
        let mut end = 0;
        for _ in 0..entries {
            read(&self.bytes, &mut end);
        }
        self.bytes[..end]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Choices {
    type Err = SimulatorError;

    fn from_str(text: &str) -> Result<Self, SimulatorError> {
        let malformed = |offset| SimulatorError::MalformedChoices { offset };
        let digits = text.as_bytes();
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        for (index, pair) in digits.chunks(2).enumerate() {
            let digit = |at: usize| {
                let character = pair.get(at).copied().map(char::from);
                character.and_then(|character| character.to_digit(16))
            };
            match (digit(0), digit(1)) {
                (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                _ => return Err(malformed(index * 2)),
            }
        }
        let (mut entries, mut position) = (0, 0);
        while read(&bytes, &mut position).is_some() {
            entries += 1;
        }
        if position != bytes.len() {
            return Err(malformed(position * 2));
        }
        Ok(Self { bytes, entries })
    }
}

impl Serialize for Choices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    quickcheck! {
        fn entries_of_every_size_come_back(values: Vec<(u64, u8)>) -> bool {
            let values: Vec<u64> = values.iter().map(|(value, shift)| value >> (shift % 64)).collect();
            let choices: Choices = values.iter().copied().collect();
            let text = choices.to_string();
            let Ok(parsed) = text.parse::<Choices>() else { return false };
            let zeros = values.len() - parsed.len();
            choices.iter().eq(values.iter().copied())
                && choices.len() == values.len()
                && parsed.iter().eq(values[..parsed.len()].iter().copied())
                && values[values.len() - zeros..].iter().all(|&value| value == 0)
        }

        fn any_text_is_read_or_refused(text: String) -> bool {
            text.parse::<Choices>().is_ok() || text.parse::<Choices>().is_err()
        }
    }

    #[test]
    fn cut_off_text_is_refused() {
        let choices: Choices = [u64::MAX, 1 << 40].into_iter().collect();
        let text = choices.to_string();
        assert_eq!(
            text[..text.len() - 2].parse::<Choices>(),
            Err(SimulatorError::MalformedChoices { offset: 18 })
        );
        assert!("0g".parse::<Choices>().is_err());
        assert!("030".parse::<Choices>().is_err());
    }
}
