//! The learner: who accepted which ballot, and what that decides.
//!
//! # Rules
//!
//! 1. A value is chosen once a write quorum has accepted *one* ballot (*Paxos Made Simple*, §2.1).
//!    Acceptances of different ballots are never added up, even if their values are equal.
//! 2. The decision is the first value learned, and it never changes.
//!
//! Of each acceptor only the greatest ballot is kept, so memory does not grow with the ballots. An
//! acceptance that a later one pushed out may leave a chosen ballot unrecognised, and never the
//! other way round; a later ballot then carries the same value.

use alloc::vec::Vec;

use quorum::QuorumSystem;
use transport::NodeId;

use crate::{Ballot, Change};

/// The memory of one learner. A plain value.
///
/// ```
/// use paxos_core::{Ballot, Learner};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let ballot = |round| Ballot { round, node: NodeId(1) };
/// let mut learner = Learner::new();
/// assert!(!learner.on_accepted(NodeId(1), ballot(1), &"left", &quorums));
/// // Two acceptances, but of two ballots.
/// assert!(!learner.on_accepted(NodeId(2), ballot(2), &"left", &quorums));
/// assert!(learner.on_accepted(NodeId(1), ballot(2), &"left", &quorums));
/// assert_eq!(learner.decided(), Some(&"left"));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Learner<V> {
    /// The greatest ballot each acceptor is known to have accepted; in order of acceptors.
    accepted: Vec<(NodeId, Ballot)>,
    decided: Option<V>,
}

/// A second decision was announced, with another value. The one known stays.
#[derive(Clone, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[error("another value was decided")]
pub struct Contradiction<V> {
    /// The value announced second.
    pub value: V,
}

impl<V> Learner<V> {
    /// A learner that has heard nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            accepted: Vec::new(),
            decided: None,
        }
    }

    /// The decision, if it is known.
    #[must_use]
    pub const fn decided(&self) -> Option<&V> {
        self.decided.as_ref()
    }

    /// Whether `node` is known to have accepted `ballot`, or a later one.
    #[must_use]
    pub fn has_accepted(&self, node: NodeId, ballot: Ballot) -> bool {
        self.place(node).is_ok_and(|place| {
            self.accepted
                .get(place)
                .is_some_and(|seen| seen.1 >= ballot)
        })
    }

    fn place(&self, node: NodeId) -> Result<usize, usize> {
        self.accepted.binary_search_by_key(&node, |seen| seen.0)
    }
}

impl<V: Clone> Learner<V> {
    /// Counts that `from` accepted `value` in `ballot`. Whether that decides.
    ///
    /// Not counted: strangers, repetitions, and ballots below one that the acceptor went on to.
    pub fn on_accepted(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        value: &V,
        quorums: &QuorumSystem<NodeId>,
    ) -> bool {
        if self.decided.is_some() || !quorums.contains(&from) {
            return false;
        }
        match self.place(from) {
            Ok(place) => match self.accepted.get_mut(place) {
                Some(seen) if seen.1 < ballot => seen.1 = ballot,
                _ => return false,
            },
            Err(place) => self.accepted.insert(place, (from, ballot)),
        }
        let in_this_ballot = |node: &NodeId| self.accepted.contains(&(*node, ballot));
        let is_chosen = quorums.is_write_quorum(in_this_ballot);
        if is_chosen {
            self.decided = Some(value.clone());
        }
        is_chosen
    }
}

impl<V: PartialEq> Learner<V> {
    /// Somebody who knows the decision tells it.
    ///
    /// # Errors
    ///
    /// Another value was decided before. No correct node announces that.
    pub fn on_decided(&mut self, value: V) -> Result<Change, Contradiction<V>> {
        match &self.decided {
            None => {
                self.decided = Some(value);
                Ok(Change::New)
            }
            Some(decided) if *decided == value => Ok(Change::Repeated),
            Some(_) => Err(Contradiction { value }),
        }
    }
}

impl<V> Default for Learner<V> {
    fn default() -> Self {
        Self::new()
    }
}
