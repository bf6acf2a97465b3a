//! The serde form of siblings: a sequence of `actor`, the `counter` of its last write, and the
//! `values` of its last few, newest first.

use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::Bounded;
use crate::DvvSet;
use crate::dvv_set::Entry;

/// The limits of every set: they do not depend on what it holds.
const ACTORS_MAX: usize = DvvSet::<(), ()>::ACTORS_MAX;
const SIBLINGS_MAX: usize = DvvSet::<(), ()>::SIBLINGS_MAX;

impl<A: Serialize, V: Serialize> Serialize for DvvSet<A, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries())
    }
}

impl<A: Serialize, V: Serialize> Serialize for Entry<A, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "DvvEntry")]
        struct Form<'a, A, V> {
            actor: &'a A,
            counter: u64,
            values: Vec<&'a V>,
        }
        let form = Form {
            actor: &self.actor,
            counter: self.counter.get(),
            values: self.newest_first().collect(),
        };
        form.serialize(serializer)
    }
}

impl<'de, A, V> Deserialize<'de> for DvvSet<A, V>
where
    A: Ord + Clone + Deserialize<'de>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Bounded::<Entry<A, V>, ACTORS_MAX>::deserialize(deserializer)?;
        Self::from_entries(entries.0).map_err(D::Error::custom)
    }
}

impl<'de, A: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Entry<A, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            rename = "DvvEntry",
            deny_unknown_fields,
            bound(deserialize = "A: Deserialize<'de>, V: Deserialize<'de>")
        )]
        struct Form<A, V> {
            actor: A,
            counter: u64,
            values: Bounded<V, SIBLINGS_MAX>,
        }
        let form = Form::deserialize(deserializer)?;
        Self::new(form.actor, form.counter, form.values.0).map_err(D::Error::custom)
    }
}
