//! Reads numbers and counts from bytes that anybody may have written.

use crate::{ClockError, Defect};

/// The most bytes that a number takes.
const BYTES_MAX: usize = 10;

/// Where the bits of the last of them go: of a 64-bit number only one is left.
const LAST_SHIFT: u32 = 63;

/// The bytes that are still to be read, and how far along they stand.
///
/// ```
/// use clocks::wire::Reader;
///
/// let mut input = Reader::new(&[0xac, 0x02, 7]);
/// assert_eq!(input.u64()?, 300);
/// assert_eq!(input.left(), 1);
/// assert!(input.finish().is_err());
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the front of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// [`Defect::Ended`].
    pub fn u8(&mut self) -> Result<u8, ClockError> {
        let byte = self.bytes.get(self.offset).copied();
        let byte = byte.ok_or_else(|| self.malformed(Defect::Ended))?;
        self.offset += 1;
        Ok(byte)
    }

    /// Reads a LEB128 number.
    ///
    /// # Errors
    ///
    /// [`Defect::Ended`]; [`Defect::TooLarge`] above 64 bits; [`Defect::Overlong`] if the last byte
    /// adds nothing.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, ClockError> {
        match self.bytes.get(self.offset..) {
            // Most counters are small. A last byte of zero would add nothing.
            Some(&[first @ ..0x80, ..]) => {
                self.offset += 1;
                Ok(u64::from(first))
            }
            Some(&[first, second @ 1..0x80, ..]) => {
                self.offset += 2;
                Ok(u64::from(first & 0x7f) | u64::from(second) << 7)
            }
            Some(&[first, second @ 0x80..=0xff, third @ 1..0x80, ..]) => {
                self.offset += 3;
                let low = u64::from(first & 0x7f) | u64::from(second & 0x7f) << 7;
                Ok(low | u64::from(third) << 14)
            }
            _ => self.long_u64(),
        }
    }

    /// Reads a number of any length, or says what is wrong with it.
    fn long_u64(&mut self) -> Result<u64, ClockError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let mut number = 0_u64;
        for (shift, &byte) in (0..u64::BITS).step_by(7).zip(rest) {
            self.offset += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == LAST_SHIFT && bits > 1 {
                return Err(self.malformed_before(Defect::TooLarge));
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return if bits == 0 && shift > 0 {
                    Err(self.malformed_before(Defect::Overlong))
                } else {
                    Ok(number)
                };
            }
        }
        if rest.len() < BYTES_MAX {
            Err(self.malformed(Defect::Ended))
        } else {
            Err(self.malformed_before(Defect::TooLarge))
        }
    }

    /// Reads how many items follow, of at least `bytes_min` bytes each and at most `count_max`.
    ///
    /// What is promised is there, so it is safe to reserve space for as many.
    ///
    /// # Errors
    ///
    /// Those of [`u64`](Self::u64); [`Defect::TooMany`].
    pub fn count(&mut self, bytes_min: usize, count_max: usize) -> Result<usize, ClockError> {
        let count = self.u64()?;
        let possible = self.left().checked_div(bytes_min).unwrap_or(usize::MAX);
        match usize::try_from(count) {
            Ok(count) if count <= possible.min(count_max) => Ok(count),
            _ => Err(self.malformed_before(Defect::TooMany)),
        }
    }

    /// Reads so many bytes as they are.
    ///
    /// # Errors
    ///
    /// [`Defect::Ended`].
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], ClockError> {
        let end = self.offset.checked_add(length);
        let bytes = end.and_then(|end| self.bytes.get(self.offset..end));
        let bytes = bytes.ok_or_else(|| self.malformed(Defect::Ended))?;
        self.offset += length;
        Ok(bytes)
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Defect::Surplus`] if bytes are left.
    pub fn finish(&self) -> Result<(), ClockError> {
        if self.left() == 0 {
            Ok(())
        } else {
            Err(self.malformed(Defect::Surplus))
        }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.offset)
    }

    /// The place of the next byte, from 0.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The error that the next byte is wrong in this way.
    #[must_use]
    pub const fn malformed(&self, defect: Defect) -> ClockError {
        let offset = self.offset;
        ClockError::Malformed { offset, defect }
    }

    /// The error that the byte just read is wrong in this way.
    #[must_use]
    pub const fn malformed_before(&self, defect: Defect) -> ClockError {
        let offset = self.offset.saturating_sub(1);
        ClockError::Malformed { offset, defect }
    }
}
