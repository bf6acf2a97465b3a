//! Requests and events: what a client asks of its node, and what it hears.

use raft_core::Term;
use transport::{Bytes, Ends, NodeId, RequestId};

use crate::{Operation, Rejection, Reply, SessionId};

/// A request, with the name that its answer will carry.
///
/// ```
/// use kv::{Ask, Request};
/// use transport::RequestId;
/// let request = Request { id: RequestId(1), ask: Ask::Get { key: "x".into() } };
/// assert_eq!(request.id, RequestId(1));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Request {
    /// Unique among the requests this node holds.
    pub id: RequestId,
    /// What is asked.
    pub ask: Ask,
}

/// What a client can ask.
///
/// ```
/// use kv::{Ask, Operation, SessionId};
/// use raft_core::Index;
/// let ask = Ask::Execute {
///     session: SessionId(Index(2)), // what `Ask::Open` was answered
///     sequence: 1,
///     operation: Operation::Put { key: "x".into(), value: "1".into() },
/// };
/// assert_ne!(ask, Ask::Open);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Ask {
    /// Opens a session.
    Open,
    /// Executes an operation once, however often it is asked.
    Execute {
        /// The session.
        session: SessionId,
        /// The operation's number in it: 1, 2, 3, … A retry repeats the number.
        sequence: u64,
        /// What to do.
        operation: Operation,
    },
    /// Reads a key, linearizably. A read needs no session: repeating it does no harm.
    Get {
        /// The key.
        key: Bytes,
    },
}

/// What a client hears. The first five are final: each request gets exactly one of them, unless its
/// node crashes first.
///
/// They speak of one attempt. After a retry, *refused* and *lost* leave open what an earlier attempt
/// did; another retry with the same number finds out.
///
/// ```
/// use kv::{Event, Reply};
/// use transport::{Ends, RequestId};
/// let event = Event::Done { id: RequestId(7), reply: Reply::Written };
/// assert_eq!(event.ends(), Some(RequestId(7)));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Event {
    /// It was executed.
    Done {
        /// The request.
        id: RequestId,
        /// Its result.
        reply: Reply,
    },
    /// It reached the state machine, where this attempt changed no value.
    Rejected {
        /// The request.
        id: RequestId,
        /// Why.
        rejection: Rejection,
    },
    /// It was not executed and never will be. It is handed back.
    Refused {
        /// The request, whole.
        request: Request,
        /// Who leads, if this node knows: ask there.
        leader: Option<NodeId>,
        /// Why.
        refusal: Refusal,
    },
    /// It entered the log and was overwritten by a newer term: it was not executed and never will
    /// be.
    Lost {
        /// The request.
        id: RequestId,
    },
    /// The node was deposed and did not learn the fate of the request: it may yet be executed.
    /// Retrying it in its session is safe.
    Unknown {
        /// The request.
        id: RequestId,
    },
    /// This node's view of who leads has changed.
    Leader {
        /// The node's term.
        term: Term,
        /// The leader of that term, if known.
        leader: Option<NodeId>,
    },
}

/// After [`Refusal::RepeatedId`] the earlier request of that name still goes on.
impl Ends for Event {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Done { id, .. }
            | Self::Rejected { id, .. }
            | Self::Lost { id }
            | Self::Unknown { id } => Some(*id),
            Self::Refused { request, .. } => Some(request.id),
            Self::Leader { .. } => None,
        }
    }
}

/// Why a request was refused.
///
/// ```
/// use kv::Refusal;
/// let refusal = Refusal::Raft(raft_core::Refusal::NotLeader);
/// assert_eq!(refusal.to_string(), "this node does not lead");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Refusal {
    /// Raft did not take it.
    #[error(transparent)]
    Raft(raft_core::Refusal),
    /// The node already holds a request of this name, which goes on and gets its own answer.
    #[error("this node already holds a request of this name")]
    RepeatedId,
    /// The key is longer than the limit.
    #[error("the key is longer than {bytes_max} bytes")]
    KeyTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The value to store, or to compare with, is longer than the limit.
    #[error("the value is longer than {bytes_max} bytes")]
    ValueTooLong {
        /// The limit.
        bytes_max: usize,
    },
}
