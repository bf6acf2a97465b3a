//! The serde form of a clock of fixed width: a sequence of exactly so many counters.

use core::fmt;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ArrayClock;

impl<const N: usize> Serialize for ArrayClock<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A tuple, because both sides know its length: compact formats do not write it.
        let mut tuple = serializer.serialize_tuple(N)?;
        for counter in self.as_array() {
            tuple.serialize_element(counter)?;
        }
        tuple.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for ArrayClock<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(N, ArrayVisitor)
    }
}

struct ArrayVisitor<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for ArrayVisitor<N> {
    type Value = ArrayClock<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exactly {N} counters of a vector clock")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<ArrayClock<N>, S::Error> {
        let mut counters = [0; N];
        for (read, counter) in counters.iter_mut().enumerate() {
            let next = sequence.next_element::<u64>()?;
            *counter = next.ok_or_else(|| S::Error::invalid_length(read, &self))?;
        }
        if sequence.next_element::<IgnoredAny>()?.is_some() {
            return Err(S::Error::invalid_length(N.saturating_add(1), &self));
        }
        Ok(ArrayClock::from_counters(counters))
    }
}
