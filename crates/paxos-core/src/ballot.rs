//! Ballots, totally ordered and each owned by one node, and the proposals made in them.

use core::fmt;

use transport::NodeId;

/// The number of an attempt to get a value chosen.
///
/// Ordered by round, then by node. Each ballot belongs to the node it names: nobody else may use it,
/// and its owner proposes at most one value in it (*Paxos Made Simple*, §2.2: "different proposers
/// choose their numbers from disjoint sets").
///
/// ```
/// use paxos_core::Ballot;
/// use transport::NodeId;
/// let first = Ballot::above(None, NodeId(2)).unwrap();
/// assert_eq!(first, Ballot { round: 1, node: NodeId(2) });
/// // A node with a greater number need not open a new round to be heard.
/// assert_eq!(Ballot::above(Some(first), NodeId(3)), Some(Ballot { round: 1, node: NodeId(3) }));
/// assert_eq!(Ballot::above(Some(first), NodeId(1)), Some(Ballot { round: 2, node: NodeId(1) }));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Ballot {
    /// The round; the first one is 1, the last one [`ROUND_MAX`](Self::ROUND_MAX).
    pub round: u64,
    /// The owner.
    pub node: NodeId,
}

impl Ballot {
    /// The last round that a node uses or believes in, 2⁴⁸: at a thousand rounds a second some nine
    /// thousand years away. Whoever names a later one is broken or lies.
    pub const ROUND_MAX: u64 = 1 << 48;

    /// The least ballot of `node` that is greater than `other`; its first one when there is no other.
    /// `None` after the last round, where a node stops proposing.
    #[must_use]
    pub fn above(other: Option<Self>, node: NodeId) -> Option<Self> {
        let Some(other) = other else {
            return Some(Self { round: 1, node });
        };
        if node > other.node {
            let round = other.round;
            return Some(Self { round, node }).filter(|ballot| ballot.is_believable());
        }
        let round = other.round.checked_add(1)?;
        Some(Self { round, node }).filter(|ballot| ballot.is_believable())
    }

    /// Whether a node may have used it.
    pub(crate) const fn is_believable(&self) -> bool {
        self.round <= Self::ROUND_MAX
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ballot {}.{}", self.round, self.node)
    }
}

/// A value proposed in a ballot.
///
/// All proposals of one ballot carry the same value, so a ballot names its proposal.
///
/// ```
/// use paxos_core::{Ballot, Proposal};
/// use transport::NodeId;
/// let ballot = Ballot { round: 4, node: NodeId(1) };
/// assert_eq!(Proposal { ballot, value: "left" }.ballot.round, 4);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Proposal<V> {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: V,
}
