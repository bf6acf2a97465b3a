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

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::bounded::Bounded;
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
            counters: Bounded<u64, { VectorClock::SLOTS_MAX }>,
        }
        let Form { epoch, counters } = Form::deserialize(deserializer)?;
        Self::from_vec(epoch, counters.0).map_err(D::Error::custom)
    }
}
