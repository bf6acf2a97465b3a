//! The serde forms of sets of dots.
//!
//! - [`DotSet`]: the sequence of its actors, each with the sequence of its runs, each a pair of its
//!   first and last event;
//! - [`DotContext`]: `vector`, `beyond`.
//!
//! Decoding refuses actors and runs out of order, runs that touch each other or the vector, and more
//! than [`DotSet::RUNS_MAX`] runs, and grows only with those that have really arrived.

use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sparse::{Sorted, SortedVisitor};
use crate::dot_set::Run;
use crate::{DotContext, DotSet, VersionVector};

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.after.saturating_add(1), self.last).serialize(serializer)
    }
}

impl<A: Serialize> Serialize for DotSet<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.histories();
        serializer.collect_seq(rows.map(|(actor, history)| (actor, history.runs)))
    }
}

impl<'de, A: Deserialize<'de> + Ord> Deserialize<'de> for DotSet<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = SortedVisitor::<(A, Runs)>::new(Self::RUNS_MAX);
        let rows = deserializer.deserialize_seq(rows)?;
        let mut set = Self::new();
        for (actor, Runs(runs)) in rows {
            set.push(actor, runs).map_err(D::Error::custom)?;
        }
        Ok(set)
    }
}

/// The runs of one actor, at least one.
struct Runs(Vec<Run>);

impl<'de> Deserialize<'de> for Runs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let runs = SortedVisitor::<Run>::new(DotSet::<()>::RUNS_MAX);
        let runs = deserializer.deserialize_seq(runs)?;
        if runs.is_empty() {
            return Err(D::Error::custom("an actor has no run"));
        }
        Ok(Self(runs))
    }
}

impl Sorted for Run {
    type Form = (u64, u64);

    fn from_form((first, last): (u64, u64)) -> Result<Self, &'static str> {
        match first.checked_sub(1) {
            Some(after) if after < last => Ok(Self { after, last }),
            _ => Err("a run has no event"),
        }
    }

    fn follows(&self, previous: &Self) -> bool {
        previous.last < self.after
    }
}

impl<A: Ord> Sorted for (A, Runs) {
    type Form = Self;

    fn from_form(row: Self) -> Result<Self, &'static str> {
        Ok(row)
    }

    fn follows(&self, previous: &Self) -> bool {
        previous.0 < self.0
    }
}

impl<A: Serialize> Serialize for DotContext<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "DotContext")]
        struct Form<'a, A> {
            vector: &'a VersionVector<A>,
            beyond: &'a DotSet<A>,
        }
        let form = Form {
            vector: self.vector(),
            beyond: self.beyond(),
        };
        form.serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de> + Ord + Clone> Deserialize<'de> for DotContext<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            rename = "DotContext",
            deny_unknown_fields,
            bound = "A: Deserialize<'de> + Ord + Clone"
        )]
        struct Form<A> {
            vector: VersionVector<A>,
            beyond: DotSet<A>,
        }
        let Form { vector, beyond } = Form::deserialize(deserializer)?;
        let context = Self::from_parts(vector, beyond);
        context.ok_or_else(|| D::Error::custom("a run touches the vector"))
    }
}
