//! The serde form of a vector clock: its epoch, and the sequence of its counters, one per slot.
//!
//! The width is the length, so every sequence of at most [`VectorClock::SLOTS_MAX`] counters is
//! exactly one clock, zeros included. Decoding refuses a longer one as soon as that is known, and
//! grows only with the counters that have really arrived, whatever length the input claims.

mod array;
mod bloom;
mod bounded;
mod dots;
mod dotted;
mod dvv_set;
mod roster;
mod sparse;
mod truncated;

use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::VectorClock;

impl Serialize for VectorClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "VectorClock")]
        struct Form<'a> {
            epoch: u64,
            counters: &'a [u64],
        }
        let form = Form {
            epoch: self.epoch(),
            counters: self.as_slice(),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VectorClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "VectorClock", deny_unknown_fields)]
        struct Form {
            epoch: u64,
            counters: Counters,
        }
        let Form { epoch, counters } = Form::deserialize(deserializer)?;
        Self::from_vec(epoch, counters.0).map_err(D::Error::custom)
    }
}

/// At most as many counters as a clock may have slots.
struct Counters(Vec<u64>);

impl<'de> Deserialize<'de> for Counters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CountersVisitor)
    }
}

struct CountersVisitor;

impl<'de> Visitor<'de> for CountersVisitor {
    type Value = Counters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at most {} counters of a vector clock",
            VectorClock::SLOTS_MAX
        )
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Counters, S::Error> {
        let claimed = sequence.size_hint().unwrap_or(0);
        if claimed > VectorClock::SLOTS_MAX {
            return Err(S::Error::invalid_length(claimed, &self));
        }
        let mut counters = Vec::with_capacity(reserved(claimed));
        while let Some(counter) = sequence.next_element::<u64>()? {
            if counters.len() == VectorClock::SLOTS_MAX {
                return Err(S::Error::invalid_length(counters.len() + 1, &self));
            }
            counters.push(counter);
        }
        Ok(Counters(counters))
    }
}

/// How many counters to reserve on the word of the input alone: at most half a KiB.
fn reserved(claimed: usize) -> usize {
    claimed.min(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_length_alone_reserves_at_most_half_a_kib() {
        for claimed in [65, 1000, VectorClock::SLOTS_MAX, usize::MAX] {
            assert!(reserved(claimed) * size_of::<u64>() <= 512, "{claimed}");
        }
        assert_eq!(
            reserved(5),
            5,
            "a usual clock is decoded with one allocation"
        );
    }
}
