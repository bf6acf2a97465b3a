//! The serde form of an interval tree clock: the leaves of a tree from left to right, each with its
//! depth.
//!
//! Decoding refuses what is not canonical at the first leaf that shows it, and grows only with the
//! leaves that have really arrived, whatever length the input claims.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::steps::{Builder, Steps};
use super::{Events, Id, Stamp};

impl<V: Copy + Eq + Serialize> Serialize for Steps<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let leaves = self.leaves().iter();
        serializer.collect_seq(leaves.map(|leaf| (leaf.depth(), leaf.value)))
    }
}

impl<'de, V: Copy + Eq + Deserialize<'de>> Deserialize<'de> for Steps<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(StepsVisitor(PhantomData))
    }
}

struct StepsVisitor<V>(PhantomData<V>);

impl<'de, V: Copy + Eq + Deserialize<'de>> Visitor<'de> for StepsVisitor<V> {
    type Value = Steps<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the leaves of a tree in their canonical form")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Steps<V>, S::Error> {
        let mut builder = Builder::new();
        while let Some((depth, value)) = sequence.next_element::<(u16, V)>()? {
            builder.push(depth, value).map_err(S::Error::custom)?;
        }
        builder.finish().map_err(S::Error::custom)
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.steps().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Steps::deserialize(deserializer).map(Self::from_steps)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "Stamp")]
        struct Form<'a> {
            id: &'a Steps<bool>,
            events: &'a Events,
        }
        let form = Form {
            id: self.id.steps(),
            events: &self.events,
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Stamp", deny_unknown_fields)]
        struct Form {
            id: Steps<bool>,
            events: Events,
        }
        let Form { id, events } = Form::deserialize(deserializer)?;
        let id = Id::from_steps(id).ok_or_else(|| D::Error::custom("a stamp that owns nothing"))?;
        Ok(Self { id, events })
    }
}
