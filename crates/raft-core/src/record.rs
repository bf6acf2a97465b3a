//! Records: what survives a crash, and how a node is rebuilt from it.

use crate::{Batch, Command, ConfigError, Index, Log, Term};
use transport::{NodeId, Stored};

/// One record of a node's durable log. Written in order, and read back in the same order.
///
/// ```
/// use raft_core::{Batch, Config, Index, Raft, Record, Term};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), [1, 2, 3].map(NodeId)).unwrap();
/// let ballot = Record::Ballot { term: Term(4), vote: Some(NodeId(2)) };
/// let batch = Record::Append(Batch::commands(Term(4), Index(1), [7_u64, 8]).unwrap());
/// let records = vec![
///     Stored { token: Token(1), record: ballot },
///     Stored { token: Token(2), record: batch },
/// ];
/// let raft = Raft::recover(&config, records).unwrap();
/// assert_eq!((raft.term(), raft.vote()), (Term(4), Some(NodeId(2))));
/// assert_eq!((raft.log().last().index, raft.commit()), (Index(2), Index(0)));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T: serde::Serialize",
        deserialize = "T: crate::Command + serde::Deserialize<'de>"
    ))
)]
pub enum Record<T> {
    /// The node entered `term`, or voted in it.
    Ballot {
        /// The term.
        term: Term,
        /// Whom it voted for in that term.
        vote: Option<NodeId>,
    },
    /// The log now ends with this batch: whatever stood at its first index and after is gone.
    Append(Batch<T>),
}

/// Why a node cannot be rebuilt. Nothing is repaired by guessing: the disk, or whoever wrote the
/// records, needs a look.
///
/// ```
/// use raft_core::{Batch, Config, Index, Raft, Record, RecoverError, Term};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), [NodeId(1)]).unwrap();
/// let record = Record::Append(Batch::<u64>::blank(Term(1), Index(1)));
/// let error = Raft::recover(&config, vec![Stored { token: Token(1), record }]).unwrap_err();
/// // The ballot that must come before an entry of its term is missing.
/// assert_eq!(error, RecoverError::FutureEntry { term: Term(1), reached: Term(0) });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A batch begins past the end of the log, or its term is lower than the one before it.
    #[error("the record at {first} does not continue a log that ends at {last}")]
    NotContiguous {
        /// Where the batch begins.
        first: Index,
        /// Where the log ended.
        last: Index,
    },
    /// A ballot's term is lower than one before it, or a second vote was cast in a term.
    #[error("the ballot of {term} contradicts the one before it")]
    BallotWentBack {
        /// The term of the record.
        term: Term,
    },
    /// An entry has a term that the node had not entered.
    #[error("an entry of {term} was stored by a node that had only reached {reached}")]
    FutureEntry {
        /// The entry's term.
        term: Term,
        /// The node's term.
        reached: Term,
    },
}

/// The durable state of a node.
pub(crate) struct Durable<T> {
    pub(crate) term: Term,
    pub(crate) vote: Option<NodeId>,
    pub(crate) log: Log<T>,
}

impl<T: Command> Durable<T> {
    /// Folds records, oldest first.
    pub(crate) fn fold(
        records: impl IntoIterator<Item = Stored<Record<T>>>,
    ) -> Result<Self, RecoverError> {
        let mut state = Self {
            term: Term(0),
            vote: None,
            log: Log::new(),
        };
        for stored in records {
            match stored.record {
                Record::Ballot { term, vote } => {
                    let second_vote =
                        term == state.term && state.vote.is_some_and(|old| Some(old) != vote);
                    if term < state.term || second_vote {
                        return Err(RecoverError::BallotWentBack { term });
                    }
                    (state.term, state.vote) = (term, vote);
                }
                Record::Append(batch) => {
                    let (first, term) = (batch.first(), batch.term());
                    if term > state.term {
                        let reached = state.term;
                        return Err(RecoverError::FutureEntry { term, reached });
                    }
                    let last = state.log.last().index;
                    if first <= last {
                        state.log.truncate(first);
                    }
                    if !state.log.append(batch) {
                        return Err(RecoverError::NotContiguous { first, last });
                    }
                }
            }
        }
        Ok(state)
    }
}
