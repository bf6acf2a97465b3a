//! A sequence that is read up to a limit, and no further.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// At most `MAX` items.
///
/// Decoding refuses a longer sequence as soon as that is known, and grows only with the items that
/// have really arrived, whatever length the input claims.
pub(crate) struct Bounded<T, const MAX: usize>(pub(crate) Vec<T>);

/// How many bytes to reserve on the word of the input alone.
const CLAIMED_BYTES_MAX: usize = 512;

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

struct BoundedVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for BoundedVisitor<T, MAX> {
    type Value = Bounded<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a sequence of at most {MAX} items")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Self::Value, S::Error> {
        let claimed = sequence.size_hint().unwrap_or(0);
        if claimed > MAX {
            return Err(S::Error::invalid_length(claimed, &self));
        }
        let mut items = Vec::with_capacity(reserved::<T>(claimed));
        while let Some(item) = sequence.next_element()? {
            if items.len() == MAX {
                return Err(S::Error::invalid_length(items.len() + 1, &self));
            }
            items.push(item);
        }
        Ok(Bounded(items))
    }
}

/// How many items to reserve on the word of the input alone: at most half a KiB.
pub(super) fn reserved<T>(claimed: usize) -> usize {
    claimed.min(CLAIMED_BYTES_MAX / size_of::<T>().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_length_alone_reserves_at_most_half_a_kib() {
        for claimed in [0, 65, 1000, usize::MAX] {
            assert!(reserved::<u64>(claimed) * 8 <= CLAIMED_BYTES_MAX);
            assert!(reserved::<[u64; 7]>(claimed) * 56 <= CLAIMED_BYTES_MAX);
            assert!(reserved::<()>(claimed) <= CLAIMED_BYTES_MAX);
        }
        assert_eq!(
            reserved::<u64>(5),
            5,
            "a usual clock is decoded with one allocation"
        );
    }

    #[test]
    fn a_sequence_is_refused_at_the_first_item_too_many() {
        let read = |text| serde_json::from_str::<Bounded<u64, 3>>(text).map(|items| items.0);
        assert_eq!(read("[1,2,3]").unwrap(), [1, 2, 3]);
        // The text ends there: a reader that went on would complain of that.
        let refused = read("[1,2,3,4").unwrap_err();
        assert!(refused.is_data(), "{refused}");
    }
}
