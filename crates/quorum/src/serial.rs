//! The serde form: how the system was made. Decoding makes it again, so only a checked one comes out.
//!
//! A system is an enum with a variant for each way to make one. An expression is the list of its steps
//! in postorder: a node, or `choose` over the last so many parts.

use alloc::vec::Vec;
use core::fmt::{self, Debug};
use core::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::formula::{EXPRESSION_SIZE_MAX, Formula, Step};
use crate::system::Rule;
use crate::{Expression, MEMBERS_MAX, QuorumSystem, Side};

#[derive(Serialize)]
#[serde(rename = "QuorumSystem", rename_all = "snake_case")]
enum Shown<'a, N> {
    Weighted {
        members: &'a [(N, u64)],
        read_weight: u64,
        write_weight: u64,
    },
    Expressions {
        reads: Steps<'a, N>,
        writes: Steps<'a, N>,
    },
}

#[derive(Deserialize)]
#[serde(rename = "QuorumSystem", rename_all = "snake_case")]
#[serde(bound(deserialize = "N: Clone + Deserialize<'de> + Ord"))]
enum Claimed<N> {
    Weighted {
        members: Members<N>,
        read_weight: u64,
        write_weight: u64,
    },
    Expressions {
        reads: Expression<N>,
        writes: Expression<N>,
    },
}

#[derive(Serialize)]
#[serde(rename = "Step", rename_all = "snake_case")]
enum ShownStep<'a, N> {
    Node(&'a N),
    Choose { needed: u16, of: u16 },
}

#[derive(Deserialize)]
#[serde(rename = "Step", rename_all = "snake_case")]
enum ClaimedStep<N> {
    Node(N),
    Choose { needed: u16, of: u16 },
}

impl<N: Serialize> Serialize for QuorumSystem<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match &self.rule {
            Rule::Weights { read, write } => Shown::Weighted {
                members: &self.members,
                read_weight: *read,
                write_weight: *write,
            },
            Rule::Expressions(pair) => Shown::Expressions {
                reads: Steps::new(pair.formula(Side::Read), self.members()),
                writes: Steps::new(pair.formula(Side::Write), self.members()),
            },
        };
        shown.serialize(serializer)
    }
}

impl<'de, N: Clone + Debug + Deserialize<'de> + Ord> Deserialize<'de> for QuorumSystem<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let made = match Claimed::deserialize(deserializer)? {
            Claimed::Weighted {
                members,
                read_weight,
                write_weight,
            } => Self::weighted_flexible(members.0, read_weight, write_weight),
            Claimed::Expressions { reads, writes } => Self::new(reads, writes),
        };
        made.map_err(D::Error::custom)
    }
}

impl<N: Serialize> Serialize for Expression<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Steps::new(self.formula(), self.nodes()).serialize(serializer)
    }
}

/// A formula with the names of its places.
struct Steps<'a, N> {
    names: Vec<&'a N>,
    formula: &'a Formula,
}

impl<'a, N> Steps<'a, N> {
    fn new(formula: &'a Formula, names: impl Iterator<Item = &'a N>) -> Self {
        let names = names.collect();
        Self { names, formula }
    }
}

impl<N: Serialize> Serialize for Steps<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let steps = self.formula.steps().iter().filter_map(|step| match *step {
            Step::Node(place) => self
                .names
                .get(usize::from(place))
                .copied()
                .map(ShownStep::Node),
            Step::Choose { needed, of } => Some(ShownStep::Choose { needed, of }),
        });
        let steps: Vec<ShownStep<'_, N>> = steps.collect();
        serializer.collect_seq(steps)
    }
}

impl<'de, N: Clone + Deserialize<'de> + Ord> Deserialize<'de> for Expression<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bounded = Bounded::new("steps of an expression", EXPRESSION_SIZE_MAX);
        let claimed: Vec<ClaimedStep<N>> = deserializer.deserialize_seq(bounded)?;
        let (mut names, mut steps) = (Vec::new(), Vec::new());
        for step in claimed {
            steps.push(match step {
                ClaimedStep::Node(node) => {
                    names.push(node);
                    // There are at most as many as fit.
                    Step::Node((names.len() - 1) as u16)
                }
                ClaimedStep::Choose { needed, of } => Step::Choose { needed, of },
            });
        }
        Self::named(names, steps).map_err(D::Error::custom)
    }
}

/// At most [`MEMBERS_MAX`] of them.
struct Members<N>(Vec<(N, u64)>);

impl<'de, N: Deserialize<'de>> Deserialize<'de> for Members<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bounded = Bounded::new("members of a quorum system", MEMBERS_MAX);
        deserializer.deserialize_seq(bounded).map(Members)
    }
}

/// A list that is refused as soon as it is too long.
struct Bounded<T> {
    of: &'static str,
    most: usize,
    items: PhantomData<T>,
}

impl<T> Bounded<T> {
    const fn new(of: &'static str, most: usize) -> Self {
        let items = PhantomData;
        Self { of, most, items }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} {}", self.most, self.of)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Vec<T>, S::Error> {
        let claimed = sequence.size_hint().unwrap_or(0);
        if claimed > self.most {
            return Err(S::Error::invalid_length(claimed, &self));
        }
        // Nothing is reserved on the word of the input.
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            if items.len() == self.most {
                return Err(S::Error::invalid_length(self.most + 1, &self));
            }
            items.push(item);
        }
        Ok(items)
    }
}
