//! The serde form: how the system was made. Decoding makes it again, so only a checked one comes out.
//!
//! The form is an enum with one variant, so that other ways to make a system can follow.

use alloc::vec::Vec;
use core::fmt::{self, Debug};
use core::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{MEMBERS_MAX, QuorumSystem};

#[derive(Serialize)]
#[serde(rename = "QuorumSystem", rename_all = "snake_case")]
enum Shown<'a, N> {
    Weighted {
        members: &'a [(N, u64)],
        read_weight: u64,
        write_weight: u64,
    },
}

#[derive(Deserialize)]
#[serde(rename = "QuorumSystem", rename_all = "snake_case")]
enum Claimed<N> {
    Weighted {
        members: Members<N>,
        read_weight: u64,
        write_weight: u64,
    },
}

impl<N: Serialize> Serialize for QuorumSystem<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Shown::Weighted {
            members: &self.members,
            read_weight: self.read_weight,
            write_weight: self.write_weight,
        };
        shown.serialize(serializer)
    }
}

impl<'de, N: Clone + Debug + Deserialize<'de> + Ord> Deserialize<'de> for QuorumSystem<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Claimed::Weighted {
            members: Members(members),
            read_weight,
            write_weight,
        } = Claimed::deserialize(deserializer)?;
        Self::weighted_flexible(members, read_weight, write_weight).map_err(D::Error::custom)
    }
}

/// At most [`MEMBERS_MAX`] of them.
struct Members<N>(Vec<(N, u64)>);

impl<'de, N: Deserialize<'de>> Deserialize<'de> for Members<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded(PhantomData))
    }
}

struct Bounded<N>(PhantomData<N>);

impl<'de, N: Deserialize<'de>> Visitor<'de> for Bounded<N> {
    type Value = Members<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MEMBERS_MAX} members of a quorum system")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Members<N>, S::Error> {
        let claimed = sequence.size_hint().unwrap_or(0);
        if claimed > MEMBERS_MAX {
            return Err(S::Error::invalid_length(claimed, &self));
        }
        // Nothing is reserved on the word of the input.
        let mut members = Vec::new();
        while let Some(member) = sequence.next_element()? {
            if members.len() == MEMBERS_MAX {
                return Err(S::Error::invalid_length(MEMBERS_MAX + 1, &self));
            }
            members.push(member);
        }
        Ok(Members(members))
    }
}
