//! Requests and events: what a client asks of its node, and what it hears.

use clocks::Dot;
use transport::{Bytes, Ends, RequestId};

use super::{CausalContext, KeyVersions, Versions};

/// What a client can ask. The name is echoed in the answer.
///
/// A *context* says which versions the client has seen: [`Reply::context`] of an earlier answer, from
/// any node, for the same key. The [`Default`] has seen nothing.
///
/// ```
/// use consistency::eventual::Request;
/// use transport::RequestId;
/// let request = Request::Get { id: RequestId(7), key: "fruit".into() };
/// assert_eq!(request.id(), RequestId(7));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Request {
    /// Reads a key.
    Get {
        /// Unique among the requests this node holds.
        id: RequestId,
        /// The key.
        key: Bytes,
    },
    /// Stores a value in place of what the context covers. What the context does not cover stays, as
    /// a sibling.
    Put {
        /// Unique among the requests this node holds.
        id: RequestId,
        /// The key.
        key: Bytes,
        /// The value.
        value: Bytes,
        /// What the client has seen of this key.
        context: CausalContext,
    },
    /// Removes what the context covers. What it does not cover stays; an empty context removes
    /// nothing.
    Delete {
        /// Unique among the requests this node holds.
        id: RequestId,
        /// The key.
        key: Bytes,
        /// What the client has seen of this key.
        context: CausalContext,
    },
}

impl Request {
    /// The request's name.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        match self {
            Self::Get { id, .. } | Self::Put { id, .. } | Self::Delete { id, .. } => *id,
        }
    }

    /// The key it is about.
    #[must_use]
    pub const fn key(&self) -> &Bytes {
        match self {
            Self::Get { key, .. } | Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }

    /// What it is based on; `None` for a read.
    #[must_use]
    pub const fn context(&self) -> Option<&CausalContext> {
        match self {
            Self::Get { .. } => None,
            Self::Put { context, .. } | Self::Delete { context, .. } => Some(context),
        }
    }
}

/// What a client hears: exactly one event for each request, unless its node crashes first. Then the
/// request may have been executed or not.
///
/// ```
/// use consistency::eventual::{Event, KeyVersions, Reply, Versions};
/// use transport::{Ends, RequestId};
/// let item = KeyVersions { key: "fruit".into(), versions: Versions::new(3)? };
/// let reply = Reply::Found { item };
/// assert_eq!(Event::Done { id: RequestId(7), reply }.ends(), Some(RequestId(7)));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Event {
    /// It was executed at this node, durably.
    Done {
        /// The request.
        id: RequestId,
        /// Its result.
        reply: Reply,
    },
    /// It was not executed and never will be. It is handed back.
    Refused {
        /// The request, whole.
        request: Request,
        /// Why.
        refusal: Refusal,
    },
}

/// Every event ends a request.
impl Ends for Event {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Done { id, .. } => Some(*id),
            Self::Refused { request, .. } => Some(request.id()),
        }
    }
}

/// A request's result, always with the versions of the key at this node after it: siblings to look
/// at, and a context for the next write.
///
/// ```
/// use consistency::eventual::{KeyVersions, Reply, Versions};
/// let mut versions = Versions::new(1)?;
/// let dot = versions.put(0, &Default::default(), "apple".into())?;
/// let reply = Reply::Written { dot, item: KeyVersions { key: "fruit".into(), versions } };
/// assert_eq!(reply.versions().siblings()[0].dot, dot);
/// assert!(reply.context().is_of(b"fruit"));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Reply {
    /// The answer to a get.
    Found {
        /// The key at this node.
        item: KeyVersions,
    },
    /// The answer to a put.
    Written {
        /// The name of the write.
        dot: Dot<usize>,
        /// The key at this node.
        item: KeyVersions,
    },
    /// The answer to a delete.
    Deleted {
        /// The key at this node: siblings that the context did not cover stand.
        item: KeyVersions,
    },
}

impl Reply {
    /// The versions of the key at this node.
    #[must_use]
    pub const fn versions(&self) -> &Versions {
        &self.item().versions
    }

    /// The key, and its versions at this node.
    #[must_use]
    pub const fn item(&self) -> &KeyVersions {
        match self {
            Self::Found { item } | Self::Written { item, .. } | Self::Deleted { item } => item,
        }
    }

    /// What the client has now seen of the key, for its next write. O(slots).
    #[must_use]
    pub fn context(&self) -> CausalContext {
        self.item().context()
    }
}

/// Why a request was refused.
///
/// ```
/// use consistency::eventual::Refusal;
/// let refusal = Refusal::TooManySiblings { siblings_max: 64 };
/// assert_eq!(refusal.to_string(), "the key would have more than 64 siblings: read, and write with the context");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Refusal {
    /// The key is longer than the limit.
    #[error("the key is longer than {bytes_max} bytes")]
    KeyTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The value is longer than the limit.
    #[error("the value is longer than {bytes_max} bytes")]
    ValueTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The context is neither empty nor as wide as the cluster.
    #[error("the context has {slots} slots, and the cluster has {members} members")]
    ContextWidth {
        /// The width of the context.
        slots: usize,
        /// The width of the cluster.
        members: usize,
    },
    /// The context counts under another roster's epoch than the store, which uses epoch 0.
    #[error("the context is of epoch {epoch}, and the store counts in epoch 0")]
    ContextOfAnotherEpoch {
        /// The epoch of the context.
        epoch: u64,
    },
    /// The context was shown for another key.
    #[error("the context is that of another key")]
    ContextOfAnotherKey,
    /// The context knows writes that cannot exist: of this node, beyond the last one it took; or of
    /// another, beyond 2^62 and what is known here.
    #[error("the context claims {claimed} writes of slot {slot}, and {known} are known here")]
    ContextUnknown {
        /// The slot.
        slot: usize,
        /// The context's counter.
        claimed: u64,
        /// This node's counter.
        known: u64,
    },
    /// The write would leave the key with more siblings than the limit. None is ever dropped to make
    /// room.
    #[error(
        "the key would have more than {siblings_max} siblings: read, and write with the context"
    )]
    TooManySiblings {
        /// The limit.
        siblings_max: usize,
    },
    /// This node has written as many keys as it may, deleted ones included.
    #[error("this node has written {keys_max} keys, deleted ones included, and may write no other")]
    TooManyKeys {
        /// The limit.
        keys_max: usize,
    },
    /// This node has taken 2^63 writes of the key. No context brings that about.
    #[error("the counter of this key is exhausted")]
    CounterExhausted,
    /// Too many requests wait for the disk.
    #[error("{requests_max} requests wait for the disk")]
    Overloaded {
        /// The limit.
        requests_max: usize,
    },
    /// The node already holds a request of this name, which goes on and gets its own answer.
    #[error("this node already holds a request of this name")]
    RepeatedId,
}
