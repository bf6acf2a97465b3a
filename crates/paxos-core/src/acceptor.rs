//! The acceptor: what it promised, what it accepted last.
//!
//! # Rules (*Paxos Made Simple*, §2.2)
//!
//! | hears | when | does |
//! |---|---|---|
//! | prepare `b` | `b` is greater than its promise | promises `b` |
//! | prepare `b` | `b` is its promise | the same answer again |
//! | accept `(b, v)` | `b` is not below its promise | accepts `(b, v)`, and promises `b` |
//! | accept `(b, v)` | it has accepted `(b, v)` | the same answer again |
//! | either | `b` is below its promise | refuses, and names the promise |
//!
//! # Invariants
//!
//! - The promise never falls, and it is never below the accepted ballot. That an accept raises the
//!   promise is needed: otherwise a later accept of a lower ballot would replace the accepted
//!   proposal, and the highest one could be forgotten.
//! - An acceptor accepts one value a ballot.
//!
//! Both survive a crash only if every [`Change::New`] is durable before it is told.

use crate::{Ballot, Proposal};

/// The memory of one acceptor. A plain value: making its changes durable is the caller's part.
///
/// ```
/// use paxos_core::{Acceptor, Ballot, Change, Outbid, Proposal};
/// use transport::NodeId;
/// let ballot = |round| Ballot { round, node: NodeId(1) };
/// let mut acceptor = Acceptor::new();
/// assert_eq!(acceptor.prepare(ballot(2)), Ok(Change::New));
/// assert_eq!(acceptor.prepare(ballot(1)), Err(Outbid { promised: ballot(2) }));
/// let proposal = Proposal { ballot: ballot(2), value: "left" };
/// assert_eq!(acceptor.accept(proposal.clone()), Ok(Change::New));
/// assert_eq!(acceptor.accepted(), Some(&proposal));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Acceptor<V> {
    promised: Option<Ballot>,
    accepted: Option<Proposal<V>>,
}

/// Whether an answer says something that was not said before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Change {
    /// The state changed: it must be durable before anybody is told.
    New,
    /// The same question came before; the state is as it was.
    Repeated,
}

/// A ballot came after a greater one was promised.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[error("{promised} was promised")]
pub struct Outbid {
    /// The promise.
    pub promised: Ballot,
}

/// Why a proposal was not accepted.
///
/// ```
/// use paxos_core::{Acceptor, Ballot, Denial, Proposal};
/// use transport::NodeId;
/// let ballot = Ballot { round: 1, node: NodeId(1) };
/// let mut acceptor = Acceptor::new();
/// acceptor.accept(Proposal { ballot, value: "left" }).unwrap();
/// let denial = acceptor.accept(Proposal { ballot, value: "right" }).unwrap_err();
/// assert_eq!(denial, Denial::SecondValue { ballot });
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Denial {
    /// A greater ballot was promised.
    #[error(transparent)]
    Outbid(#[from] Outbid),
    /// Another value was accepted in the same ballot. No correct proposer does that.
    #[error("another value was accepted in {ballot}")]
    SecondValue {
        /// The ballot.
        ballot: Ballot,
    },
}

impl<V> Acceptor<V> {
    /// An acceptor that has heard nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            promised: None,
            accepted: None,
        }
    }

    /// Phase 1: promises to accept nothing below `ballot`. Whoever asked is then told what
    /// [`accepted`](Self::accepted) returns.
    ///
    /// # Errors
    ///
    /// A greater ballot was promised.
    pub fn prepare(&mut self, ballot: Ballot) -> Result<Change, Outbid> {
        match self.promised {
            Some(promised) if promised > ballot => Err(Outbid { promised }),
            Some(promised) if promised == ballot => Ok(Change::Repeated),
            _ => {
                self.promised = Some(ballot);
                Ok(Change::New)
            }
        }
    }

    /// The greatest ballot promised.
    #[must_use]
    pub const fn promised(&self) -> Option<Ballot> {
        self.promised
    }

    /// The proposal accepted last: the one of the greatest ballot.
    #[must_use]
    pub const fn accepted(&self) -> Option<&Proposal<V>> {
        self.accepted.as_ref()
    }
}

impl<V: PartialEq> Acceptor<V> {
    /// Phase 2: accepts `proposal` unless a greater ballot was promised.
    ///
    /// # Errors
    ///
    /// A greater ballot was promised, or another value was accepted in this one.
    pub fn accept(&mut self, proposal: Proposal<V>) -> Result<Change, Denial> {
        let ballot = proposal.ballot;
        if let Some(promised) = self.promised
            && promised > ballot
        {
            return Err(Outbid { promised }.into());
        }
        match &self.accepted {
            Some(accepted) if *accepted == proposal => Ok(Change::Repeated),
            Some(accepted) if accepted.ballot == ballot => Err(Denial::SecondValue { ballot }),
            _ => {
                self.promised = Some(ballot);
                self.accepted = Some(proposal);
                Ok(Change::New)
            }
        }
    }
}

impl<V> Default for Acceptor<V> {
    fn default() -> Self {
        Self::new()
    }
}
