//! Requests and events: what the local client asks and hears.

use transport::{Ends, NodeId, RequestId};

use crate::{Batch, Index, Term};

/// What a client asks of its node.
///
/// Each request gets exactly one final event: [`Event::Refused`], [`Event::Proposed`] or
/// [`Event::Readable`]. A crash of the node ends its requests without one.
///
/// ```
/// use raft_core::Request;
/// use transport::RequestId;
/// let write = Request::Propose { id: RequestId(1), command: 42_u64 };
/// let read = Request::<u64>::Read { id: RequestId(2) };
/// assert!(write.id() < read.id());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Request<T> {
    /// Append a command to the replicated log.
    Propose {
        /// The request's name.
        id: RequestId,
        /// The command.
        command: T,
    },
    /// Find out when local state is fresh enough for a linearizable read (ReadIndex, dissertation
    /// §6.4).
    Read {
        /// The request's name.
        id: RequestId,
    },
}

impl<T> Request<T> {
    /// The request's name.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        match self {
            Self::Propose { id, .. } | Self::Read { id } => *id,
        }
    }
}

/// What a client hears from its node.
///
/// An application applies what is committed, and answers its clients by the other events:
///
/// ```
/// use raft_core::{Batch, Event, Index, Outcome, Term};
/// use transport::RequestId;
/// let (index, term) = (Index(2), Term(1));
/// let mut sum = 0;
/// for event in [
///     Event::Committed(Batch::blank(term, Index(1))),
///     Event::Committed(Batch::commands(term, index, [40_u64, 2]).unwrap()),
///     Event::Proposed { id: RequestId(1), outcome: Outcome::Committed { index, term } },
/// ] {
///     match event {
///         Event::Committed(batch) => sum += batch.entries().iter().sum::<u64>(),
///         Event::Proposed { .. } => assert_eq!(sum, 42, "applied before it is answered"),
///         _ => {}
///     }
/// }
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T: serde::Serialize",
        deserialize = "T: crate::Command + serde::Deserialize<'de>"
    ))
)]
pub enum Event<T> {
    /// The next committed entries, for the application to apply. From index 1 on, in order, without
    /// gaps, each once per life of the process; a batch that holds a proposal of this node comes
    /// before its [`Event::Proposed`].
    Committed(Batch<T>),
    /// How a proposal that entered the log ended.
    Proposed {
        /// The request.
        id: RequestId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The application's state is now fresh enough for this read: everything acknowledged before
    /// the read was asked has been handed over.
    Readable {
        /// The request.
        id: RequestId,
        /// The commit index, already handed over.
        index: Index,
    },
    /// The request was not executed and never will be. It is handed back.
    Refused {
        /// The request, whole.
        request: Request<T>,
        /// Who leads, if this node knows.
        leader: Option<NodeId>,
        /// Why.
        refusal: Refusal,
    },
    /// This node's view of who leads has changed.
    Leader {
        /// The node's term.
        term: Term,
        /// The leader of that term, if known.
        leader: Option<NodeId>,
    },
}

impl<T> Ends for Event<T> {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Proposed { id, .. } | Self::Readable { id, .. } => Some(*id),
            Self::Refused { request, .. } => Some(request.id()),
            Self::Committed(_) | Self::Leader { .. } => None,
        }
    }
}

/// How a proposal that entered the log ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Outcome {
    /// It is committed and will be applied everywhere.
    Committed {
        /// Its index.
        index: Index,
        /// Its term.
        term: Term,
    },
    /// A newer term has committed another entry at its index, or before it: it was not executed and
    /// never will be.
    Lost {
        /// The term of that entry.
        term: Term,
    },
    /// The node lost its leadership, and did not learn the fate of the entry within the
    /// configured patience: it may yet be committed.
    Unknown {
        /// The node's term when it gave up.
        term: Term,
    },
}

/// Why a request was refused.
///
/// ```
/// use raft_core::Refusal;
/// assert_eq!(Refusal::NotLeader.to_string(), "this node does not lead");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Refusal {
    /// Only a leader takes requests.
    #[error("this node does not lead")]
    NotLeader,
    /// The leader lost its leadership before the request entered the log or was confirmed.
    #[error("this node led when the request came, and no longer does")]
    LostLeadership,
    /// Too many requests wait already.
    #[error("too many requests wait already")]
    Overloaded,
}
