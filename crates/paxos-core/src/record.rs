//! Records: what survives a crash, and how a node is rebuilt from it.
//!
//! # Which record may follow which
//!
//! | record | written as | where |
//! |---|---|---|
//! | `Promised` | a plain record | anywhere; above every promise before it |
//! | `Accepted` | a plain record | anywhere; not below the promise, above every ballot accepted before it |
//! | `State` | a checkpoint, in place of a plain record | first in what a crash leaves |
//! | `Decided` | a checkpoint | alone in what a crash leaves |
//!
//! A node that knows the decision is no acceptor any more: it answers every question with the
//! decision. So `Decided` replaces the promise and the accepted proposal.

use transport::{NodeId, Stored};

use crate::{Acceptor, Ballot, Change, Config, Denial, Learner, Outbid, Proposal, Value};

/// One record of a node's durable log.
///
/// ```
/// use paxos_core::{Ballot, Config, Paxos, Proposal, Record};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let config = Config::new(NodeId(1), quorums).unwrap();
/// let ballot = Ballot { round: 4, node: NodeId(2) };
/// let record = Record::Accepted(Proposal { ballot, value: 7_u64 });
/// let paxos = Paxos::recover(&config, vec![Stored { token: Token(1), record }]).unwrap();
/// assert_eq!(paxos.acceptor().promised(), Some(ballot));
/// assert_eq!(paxos.decided(), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Record<V> {
    /// The acceptor promised a ballot.
    Promised(Ballot),
    /// The acceptor accepted a proposal, and promised its ballot.
    Accepted(Proposal<V>),
    /// All that the acceptor knows.
    State {
        /// The promise.
        promised: Ballot,
        /// The proposal accepted last.
        accepted: Option<Proposal<V>>,
    },
    /// The node knows the decision.
    Decided(V),
}

/// Why a node cannot be rebuilt. Nothing is repaired by guessing: the disk, or whoever wrote the
/// records, needs a look.
///
/// ```
/// use paxos_core::{Ballot, Config, Paxos, Record, RecoverError};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
/// let ballot = Ballot { round: 1, node: NodeId(1) };
/// let twice = [1, 2].map(|token| Stored { token: Token(token), record: Record::Promised(ballot) });
/// let error = Paxos::<u64>::recover(&config, twice.to_vec()).unwrap_err();
/// assert_eq!(error, RecoverError::BallotWentBack { ballot, promised: ballot });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// A promise is not above the one before it, or a proposal was accepted below the promise.
    #[error("{ballot} was recorded after {promised} had been promised")]
    BallotWentBack {
        /// The ballot of the record.
        ballot: Ballot,
        /// The promise before it.
        promised: Ballot,
    },
    /// A proposal was accepted in a ballot in which one had been accepted before.
    #[error("a second proposal was accepted in {ballot}")]
    AcceptedTwice {
        /// The ballot.
        ballot: Ballot,
    },
    /// A ballot belongs to nobody among the members: the log is of another cluster.
    #[error("{ballot} belongs to no member")]
    Stranger {
        /// The ballot.
        ballot: Ballot,
    },
    /// A ballot is of a round that no node uses.
    #[error("{ballot} is beyond the last round")]
    BeyondLastRound {
        /// The ballot.
        ballot: Ballot,
    },
    /// A checkpoint stands after other records.
    #[error("record {place} is a checkpoint, which only the first can be")]
    LateCheckpoint {
        /// Its place; the first record has place 0.
        place: usize,
    },
    /// A record follows the decision, after which a node writes nothing.
    #[error("record {place} follows the decision")]
    AfterDecision {
        /// Its place; the first record has place 0.
        place: usize,
    },
}

/// The durable state of a node.
pub(crate) struct Durable<V> {
    pub(crate) acceptor: Acceptor<V>,
    pub(crate) learner: Learner<V>,
}

impl<V: Value> Durable<V> {
    /// Folds records, oldest first.
    pub(crate) fn fold(
        config: &Config,
        records: impl IntoIterator<Item = Stored<Record<V>>>,
    ) -> Result<Self, RecoverError> {
        let mut state = Self {
            acceptor: Acceptor::new(),
            learner: Learner::new(),
        };
        let is_member = |node: NodeId| config.quorums().contains(&node);
        for (place, stored) in records.into_iter().enumerate() {
            if state.learner.decided().is_some() {
                return Err(RecoverError::AfterDecision { place });
            }
            let is_checkpoint = matches!(stored.record, Record::State { .. } | Record::Decided(_));
            if is_checkpoint && place > 0 {
                return Err(RecoverError::LateCheckpoint { place });
            }
            if let Some(ballot) = stored
                .record
                .ballots()
                .find(|ballot| !is_member(ballot.node))
            {
                return Err(RecoverError::Stranger { ballot });
            }
            if let Some(ballot) = stored
                .record
                .ballots()
                .find(|ballot| !ballot.is_believable())
            {
                return Err(RecoverError::BeyondLastRound { ballot });
            }
            state.apply(stored.record)?;
        }
        Ok(state)
    }

    fn apply(&mut self, record: Record<V>) -> Result<(), RecoverError> {
        match record {
            Record::Promised(ballot) => self.promise(ballot),
            Record::Accepted(proposal) => self.accept(proposal),
            Record::State { promised, accepted } => {
                if let Some(accepted) = accepted {
                    let ballot = accepted.ballot;
                    self.accept(accepted)?;
                    if ballot == promised {
                        return Ok(());
                    }
                }
                self.promise(promised)
            }
            Record::Decided(value) => {
                // The first decision of an empty learner.
                let _ = self.learner.on_decided(value);
                Ok(())
            }
        }
    }

    fn promise(&mut self, ballot: Ballot) -> Result<(), RecoverError> {
        match self.acceptor.prepare(ballot) {
            Ok(Change::New) => Ok(()),
            Ok(Change::Repeated) => Err(RecoverError::BallotWentBack {
                ballot,
                promised: ballot,
            }),
            Err(Outbid { promised }) => Err(RecoverError::BallotWentBack { ballot, promised }),
        }
    }

    fn accept(&mut self, proposal: Proposal<V>) -> Result<(), RecoverError> {
        let ballot = proposal.ballot;
        match self.acceptor.accept(proposal) {
            Ok(Change::New) => Ok(()),
            Ok(Change::Repeated) | Err(Denial::SecondValue { .. }) => {
                Err(RecoverError::AcceptedTwice { ballot })
            }
            Err(Denial::Outbid(Outbid { promised })) => {
                Err(RecoverError::BallotWentBack { ballot, promised })
            }
        }
    }
}

impl<V> Record<V> {
    /// The ballots it names.
    fn ballots(&self) -> impl Iterator<Item = Ballot> {
        let (first, second) = match self {
            Self::Promised(ballot) => (Some(*ballot), None),
            Self::Accepted(proposal) => (Some(proposal.ballot), None),
            Self::State { promised, accepted } => {
                let accepted = accepted.as_ref().map(|proposal| proposal.ballot);
                (Some(*promised), accepted)
            }
            Self::Decided(_) => (None, None),
        };
        first.into_iter().chain(second)
    }
}
