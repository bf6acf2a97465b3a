//! The serde forms of what is declared and known about a group: rosters and matrix clocks. Decoding
//! holds them to the same rules as their constructors.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::Bounded;
use crate::{MatrixClock, Roster, Succession, VectorClock};

impl<A: Serialize> Serialize for Roster<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "Roster")]
        struct Form<'a, A> {
            epoch: u64,
            succession: &'a Succession<A>,
            actors: &'a [A],
        }
        let form = Form {
            epoch: self.epoch(),
            succession: self.succession(),
            actors: self.actors(),
        };
        form.serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de> + Ord> Deserialize<'de> for Roster<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Roster", deny_unknown_fields, bound = "A: Deserialize<'de>")]
        struct Form<A> {
            epoch: u64,
            succession: Succession<A>,
            actors: Bounded<A, { VectorClock::SLOTS_MAX }>,
        }
        let form = Form::deserialize(deserializer)?;
        Self::from_parts(form.epoch, form.actors.0, form.succession).map_err(D::Error::custom)
    }
}

impl Serialize for MatrixClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "MatrixClock")]
        struct Form<'a> {
            slot: usize,
            own: &'a VectorClock,
            others: &'a [VectorClock],
        }
        let form = Form {
            slot: self.slot(),
            own: self.clock(),
            others: self.others(),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MatrixClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "MatrixClock", deny_unknown_fields)]
        struct Form {
            slot: usize,
            own: VectorClock,
            others: Bounded<VectorClock, { MatrixClock::SLOTS_MAX }>,
        }
        let form = Form::deserialize(deserializer)?;
        Self::from_parts(form.slot, form.own, form.others.0).map_err(D::Error::custom)
    }
}
