//! The serde form of a Bloom clock: how many hashes, and the sequence of its counters.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::Bounded;
use crate::BloomClock;

impl Serialize for BloomClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "BloomClock")]
        struct Form<'a> {
            hashes: u8,
            counters: &'a [u64],
        }
        let (hashes, counters) = (self.hashes(), self.as_slice());
        Form { hashes, counters }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BloomClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "BloomClock", deny_unknown_fields)]
        struct Form {
            hashes: u8,
            counters: Bounded<u64, { BloomClock::COUNTERS_MAX }>,
        }
        let Form { hashes, counters } = Form::deserialize(deserializer)?;
        Self::from_vec(hashes, counters.0).map_err(D::Error::custom)
    }
}
