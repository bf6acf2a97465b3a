//! The compact encoding: small numbers in few bytes, and one encoding for each value.
//!
//! Numbers are LEB128: seven bits a byte, the lowest first, the high bit set on every byte but the
//! last. Sorted names are written as the distance from the one before.
//!
//! The form is canonical: decoding refuses whatever encoding does not write, and what is decoded
//! encodes to the same bytes. So equal bytes are equal values. The converse fails where equality asks
//! for less than is written: a [`VectorClock`](crate::VectorClock) keeps its width, which is room and
//! not value, and a [`DottedVersionVector`](crate::DottedVersionVector) equals another of the same
//! dot. Whoever signs or deduplicates bytes should keep to one width, as the clocks of one
//! [`Roster`](crate::Roster) do.
//!
//! ```
//! use clocks::{VectorClock, wire::Wire};
//!
//! let (narrow, wide) = (VectorClock::from_counters(&[1])?, VectorClock::from_counters(&[1, 0])?);
//! assert_eq!(narrow, wide);
//! assert_ne!(narrow.to_bytes(), wide.to_bytes());
//! # Ok::<(), clocks::ClockError>(())
//! ```
//!
//! Decoding takes bytes from anybody: it never panics, and it allocates no more than a small
//! multiple of the bytes that are there, whatever they claim.

mod actor;
mod bloom;
mod delta_stream;
mod dots;
mod dotted;
mod dvv_set;
mod events;
mod hlc;
mod itc;
mod matrix;
mod reader;
mod roster;
mod sparse;
mod truncated;
mod value;
mod vector;

use alloc::vec::Vec;

pub use actor::WireActor;
pub use delta_stream::{Acknowledgement, DeltaReceiver, DeltaSender};
pub use reader::Reader;

use crate::ClockError;

/// A value with a compact encoding.
///
/// ```
/// use clocks::{VectorClock, wire::Wire};
///
/// let clock = VectorClock::from_counters(&[4, 0, 300])?;
/// let bytes = clock.to_bytes();
/// assert_eq!(VectorClock::from_bytes(&bytes)?, clock);
/// # Ok::<(), clocks::ClockError>(())
/// ```
pub trait Wire: Sized {
    /// Appends the encoding to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads one value from the front of `input`.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`] for whatever [`encode`](Self::encode) does not write.
    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError>;

    /// The encoding alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Reads a value that is all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`], also if bytes are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ClockError> {
        let mut input = Reader::new(bytes);
        let value = Self::decode(&mut input)?;
        input.finish()?;
        Ok(value)
    }
}

/// Appends a number as LEB128: 1 byte below 128, 3 below 2^21, at most 10.
///
/// ```
/// let mut out = Vec::new();
/// clocks::wire::write_u64(300, &mut out);
/// assert_eq!(out, [0xac, 0x02]);
/// ```
#[inline]
pub fn write_u64(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends how many items follow, as LEB128.
pub fn write_count(count: usize, out: &mut Vec<u8>) {
    write_u64(count as u64, out);
}
