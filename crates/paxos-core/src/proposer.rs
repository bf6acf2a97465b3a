//! The proposer: one ballot, from the first question to the proposal.
//!
//! # Stages (*Paxos Made Simple*, §2.2)
//!
//! | stage | when | next |
//! |---|---|---|
//! | asking | a read quorum promised, somebody in it had accepted | offering the value of the *highest* ballot accepted |
//! | asking | a read quorum promised, nobody in it had accepted | free |
//! | free | a value of one's own is at hand | offering it |
//!
//! # Invariants
//!
//! - Only promises of this very ballot count, each acceptor's once.
//! - At most one value is offered in the ballot.

use alloc::vec::Vec;

use quorum::QuorumSystem;
use transport::NodeId;

use crate::{Ballot, Proposal};

/// One ballot of its owner. A plain value; an attempt that fails is followed by a new one.
///
/// ```
/// use paxos_core::{Ballot, Mandate, Proposal, Proposer};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let ballot = |round| Ballot { round, node: NodeId(1) };
/// let old = Proposal { ballot: ballot(1), value: "left" };
///
/// let mut proposer = Proposer::new(ballot(5));
/// assert_eq!(proposer.on_promise(NodeId(1), ballot(5), None, &quorums), None);
/// // A second promise makes a quorum, and it binds the proposer to what was accepted before.
/// let mandate = proposer.on_promise(NodeId(2), ballot(5), Some(old), &quorums);
/// assert_eq!(mandate, Some(Mandate::Bound));
/// assert_eq!(proposer.proposal().map(|proposal| proposal.value), Some("left"));
/// assert_eq!(proposer.offer("right"), Err("right"));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Proposer<V> {
    ballot: Ballot,
    stage: Stage<V>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Stage<V> {
    Asking {
        /// Who promised, in order.
        promised: Vec<NodeId>,
        /// Of what they had accepted, the proposal of the greatest ballot.
        highest: Option<Proposal<V>>,
    },
    Free,
    Offering(Proposal<V>),
}

/// What a read quorum of promises allows a proposer to propose.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mandate {
    /// Nobody in the quorum has accepted anything: any value. Nothing was chosen in a lower ballot,
    /// and nothing ever will be.
    Free,
    /// Only the value that [`Proposer::proposal`] shows: it may be chosen already.
    Bound,
}

impl<V> Proposer<V> {
    /// A proposer about to ask in `ballot`.
    #[must_use]
    pub const fn new(ballot: Ballot) -> Self {
        let stage = Stage::Asking {
            promised: Vec::new(),
            highest: None,
        };
        Self { ballot, stage }
    }

    /// Counts the answer of `from` to a prepare: it promised `ballot`, and had accepted `accepted`
    /// before. The mandate is returned once, by the promise that completes a read quorum.
    ///
    /// Not counted: an answer about another ballot, a second one of the same acceptor, one of a
    /// stranger, one that claims to have accepted this ballot or a later one, and all that come
    /// after the mandate.
    pub fn on_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: Option<Proposal<V>>,
        quorums: &QuorumSystem<NodeId>,
    ) -> Option<Mandate> {
        let Stage::Asking { promised, highest } = &mut self.stage else {
            return None;
        };
        if ballot != self.ballot || !quorums.contains(&from) {
            return None;
        }
        let is_possible = accepted.as_ref().is_none_or(|old| old.ballot < ballot);
        let Err(place) = promised.binary_search(&from) else {
            return None;
        };
        if !is_possible {
            return None;
        }
        promised.insert(place, from);
        if let Some(accepted) = accepted
            && highest
                .as_ref()
                .is_none_or(|highest| accepted.ballot > highest.ballot)
        {
            *highest = Some(accepted);
        }
        if !quorums.is_read_quorum(|node| promised.binary_search(node).is_ok()) {
            return None;
        }
        match highest.take() {
            Some(Proposal { value, .. }) => {
                self.stage = Stage::Offering(Proposal { ballot, value });
                Some(Mandate::Bound)
            }
            None => {
                self.stage = Stage::Free;
                Some(Mandate::Free)
            }
        }
    }

    /// Offers a value of the owner's, after [`Mandate::Free`].
    ///
    /// # Errors
    ///
    /// The proposer is not free; the value is handed back.
    pub fn offer(&mut self, value: V) -> Result<(), V> {
        if !matches!(self.stage, Stage::Free) {
            return Err(value);
        }
        let ballot = self.ballot;
        self.stage = Stage::Offering(Proposal { ballot, value });
        Ok(())
    }

    /// The ballot.
    #[must_use]
    pub const fn ballot(&self) -> Ballot {
        self.ballot
    }

    /// What is offered, once something is.
    #[must_use]
    pub const fn proposal(&self) -> Option<&Proposal<V>> {
        match &self.stage {
            Stage::Offering(proposal) => Some(proposal),
            Stage::Asking { .. } | Stage::Free => None,
        }
    }

    /// Whether the promise of `node` still matters and is missing.
    #[must_use]
    pub fn awaits(&self, node: NodeId) -> bool {
        match &self.stage {
            Stage::Asking { promised, .. } => promised.binary_search(&node).is_err(),
            Stage::Free | Stage::Offering(_) => false,
        }
    }
}
