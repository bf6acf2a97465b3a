//! The lines on which things stand, in about a byte each.
//!
//! Lines rise with the things, so only the differences are kept: seven bits a byte, least first, the eighth saying
//! that more follow. Every 64th thing has an anchor, its own line and where the next difference stands.

use alloc::vec::Vec;

const ANCHOR_EVERY: usize = 64;

/// On which line of its file each event or transaction stands, in the order of the file.
///
/// ```
/// use consistency::{CasRegister, Lines, OperationsBuilder, Value};
///
/// let model = CasRegister::new(Value::Nil);
/// let (_, lines): (_, Lines) = OperationsBuilder::new(&model).finish();
/// assert_eq!(lines.get(0), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    anchors: Vec<(u64, usize)>,
    differences: Vec<u8>,
    length: usize,
    last: u64,
}

impl Lines {
    pub(crate) const fn new() -> Self {
        Self {
            anchors: Vec::new(),
            differences: Vec::new(),
            length: 0,
            last: 0,
        }
    }

    /// Adds the next line; one less than the line before counts as the same.
    pub(crate) fn push(&mut self, line: u64) {
        let line = line.max(self.last);
        if self.length.is_multiple_of(ANCHOR_EVERY) {
            self.anchors.push((line, self.differences.len()));
        } else {
            let mut difference = line.saturating_sub(self.last);
            while difference > 0x7f {
                self.differences.push(difference as u8 | 0x80);
                difference >>= 7;
            }
            self.differences.push(difference as u8);
        }
        self.length = self.length.saturating_add(1);
        self.last = line;
    }

    /// The line of what stands at this place, from 1. O(1): at most 63 differences are added up.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<u64> {
        if place >= self.length {
            return None;
        }
        let (anchor, start) = *self.anchors.get(place / ANCHOR_EVERY)?;
        let mut line = anchor;
        let mut bytes = self.differences.get(start..)?.iter();
        for _ in 0..place % ANCHOR_EVERY {
            let mut shift = 0_u32;
            loop {
                let byte = *bytes.next()?;
                line = line.saturating_add(u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0));
                if byte & 0x80 == 0 {
                    break;
                }
                shift = shift.saturating_add(7);
            }
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_comes_back() {
        let mut lines = Lines::new();
        let mut expected = Vec::new();
        let mut line = 1;
        for place in 0..1_000_u64 {
            line += [0, 1, 1, 2, 127, 128, 16_384, 1 << 40][(place % 8) as usize];
            lines.push(line);
            expected.push(Some(line));
        }
        let got: Vec<_> = (0..1_000).map(|place| lines.get(place)).collect();
        assert_eq!(got, expected);
        assert_eq!(lines.get(1_000), None);
    }
}
