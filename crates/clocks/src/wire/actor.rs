//! How a sorted list of actors is written: each as its distance from the one before.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Reader, write_count, write_u64};
use crate::{Actor, ClockError, Defect};

/// An actor's name that the compact encoding can write, in a strictly sorted list.
///
/// Numbers are written as the gap to the number before, so a list out of order cannot even be
/// written. Text is written as its length and its bytes.
///
/// ```
/// use clocks::wire::{Reader, WireActor};
///
/// let mut out = Vec::new();
/// 1_000_u64.encode_after(None, &mut out);
/// 1_001_u64.encode_after(Some(&1_000), &mut out);
/// assert_eq!(out.len(), 2 + 1);
///
/// let mut input = Reader::new(&out);
/// let first = u64::decode_after(None, &mut input)?;
/// assert_eq!(u64::decode_after(Some(&first), &mut input)?, 1_001);
/// # Ok::<(), clocks::ClockError>(())
/// ```
pub trait WireActor: Ord + Clone {
    /// The fewest bytes that a name takes, whatever stands before it.
    const BYTES_MIN: usize = 1;

    /// Appends this name, which comes after `previous` in a sorted list.
    fn encode_after(&self, previous: Option<&Self>, out: &mut Vec<u8>);

    /// Reads the name that comes after `previous`.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`]; with [`Defect::NotSorted`] if it does not come after `previous`.
    fn decode_after(previous: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl WireActor for $number {
            fn encode_after(&self, previous: Option<&Self>, out: &mut Vec<u8>) {
                let gap = match previous {
                    None => *self,
                    // Strictly greater, so the smallest gap is written as 0.
                    Some(previous) => self.wrapping_sub(*previous).wrapping_sub(1),
                };
                write_u64(gap as u64, out);
            }

            fn decode_after(
                previous: Option<&Self>,
                input: &mut Reader<'_>,
            ) -> Result<Self, ClockError> {
                let gap = input.u64()?;
                let number = Self::try_from(gap).ok().and_then(|gap| match previous {
                    None => Some(gap),
                    Some(previous) => previous.checked_add(1)?.checked_add(gap),
                });
                number.ok_or_else(|| input.malformed_before(Defect::TooLarge))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, usize);

/// A name of fixed length, such as a UUID, is written as it is.
impl<const N: usize> WireActor for [u8; N] {
    const BYTES_MIN: usize = N;

    fn encode_after(&self, _previous: Option<&Self>, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode_after(previous: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let bytes = input.bytes(N)?;
        let name = Self::try_from(bytes).map_err(|_| input.malformed(Defect::Ended))?;
        if previous.is_some_and(|previous| name <= *previous) {
            return Err(input.malformed(Defect::NotSorted));
        }
        Ok(name)
    }
}

impl WireActor for String {
    fn encode_after(&self, _previous: Option<&Self>, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    // To share the front with the name before would save bytes, but let a few bytes claim much text.
    fn decode_after(previous: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let length = input.count(1, usize::MAX)?;
        let name = core::str::from_utf8(input.bytes(length)?);
        let name = name.map_err(|_| input.malformed(Defect::NotText))?;
        if previous.is_some_and(|previous| name <= previous.as_str()) {
            return Err(input.malformed(Defect::NotSorted));
        }
        Ok(Self::from(name))
    }
}

/// The incarnation starts anew with each id, and is a gap within one.
impl<I: WireActor> WireActor for Actor<I> {
    // A later life of the same id takes a byte that says so, and a gap.
    const BYTES_MIN: usize = 2;

    fn encode_after(&self, previous: Option<&Self>, out: &mut Vec<u8>) {
        // A byte says whether the id is that of the actor before.
        match previous.filter(|previous| previous.id == self.id) {
            Some(previous) => {
                out.push(1);
                let gap = self.incarnation.wrapping_sub(previous.incarnation);
                write_u64(gap.wrapping_sub(1), out);
            }
            None => {
                out.push(0);
                let previous = previous.map(|previous| &previous.id);
                self.id.encode_after(previous, out);
                write_u64(self.incarnation, out);
            }
        }
    }

    fn decode_after(previous: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        match (input.u8()?, previous) {
            (1, Some(previous)) => {
                let gap = input.u64()?;
                let next = previous.incarnation.checked_add(1);
                let incarnation = next.and_then(|next| next.checked_add(gap));
                let incarnation =
                    incarnation.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
                Ok(Self::new(previous.id.clone(), incarnation))
            }
            (0, previous) => {
                let id = I::decode_after(previous.map(|previous| &previous.id), input)?;
                Ok(Self::new(id, input.u64()?))
            }
            _ => Err(input.malformed_before(Defect::UnknownTag)),
        }
    }
}
