//! Requests and events: what a client asks of its node, and what it hears.

use transport::{Bytes, Ends, RequestId};

use super::{Timestamp, Version};

/// What a client can ask of any node.
///
/// ```
/// use consistency::strong::Request;
/// use transport::RequestId;
/// let delete = Request::Write { id: RequestId(1), key: "x".into(), value: None };
/// assert_eq!(delete.id(), RequestId(1));
/// assert_eq!(&**delete.key(), b"x");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Request {
    /// Reads a key.
    Read {
        /// Unique among the requests this node holds.
        id: RequestId,
        /// The key.
        key: Bytes,
    },
    /// Sets a key, or deletes it.
    Write {
        /// Unique among the requests this node holds.
        id: RequestId,
        /// The key.
        key: Bytes,
        /// Its new value; `None`: absent.
        value: Option<Bytes>,
    },
}

impl Request {
    /// Its name.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        match self {
            Self::Read { id, .. } | Self::Write { id, .. } => *id,
        }
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &Bytes {
        match self {
            Self::Read { key, .. } | Self::Write { key, .. } => key,
        }
    }
}

/// What a client hears. Every event is final: each request gets exactly one, unless its node crashes
/// first.
///
/// ```
/// use consistency::strong::Event;
/// use transport::{Ends, RequestId};
/// assert_eq!(Event::Unknown { id: RequestId(7) }.ends(), Some(RequestId(7)));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Event {
    /// It was read.
    Read {
        /// The request.
        id: RequestId,
        /// The key.
        key: Bytes,
        /// What it held.
        version: Version,
    },
    /// It was written, or deleted.
    Written {
        /// The request.
        id: RequestId,
        /// The key.
        key: Bytes,
        /// The place of the write among those of the key.
        timestamp: Timestamp,
    },
    /// It had no effect and never will have one. It is handed back.
    Refused {
        /// The request, whole.
        request: Request,
        /// Why.
        refusal: Refusal,
    },
    /// It is a write that some replicas may have stored, and too few have said so: it may take effect at
    /// any later time, or never.
    Unknown {
        /// The request.
        id: RequestId,
    },
}

/// After [`Refusal::RepeatedId`] the earlier request of that name still goes on.
impl Ends for Event {
    fn ends(&self) -> Option<RequestId> {
        Some(match self {
            Self::Read { id, .. } | Self::Written { id, .. } | Self::Unknown { id } => *id,
            Self::Refused { request, .. } => request.id(),
        })
    }
}

/// Why a request was refused.
///
/// ```
/// use consistency::strong::Refusal;
/// assert_eq!(Refusal::KeyTooLong { bytes_max: 8 }.to_string(), "the key is longer than 8 bytes");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Refusal {
    /// The node already holds a request of this name, which goes on and gets its own answer.
    #[error("this node already holds a request of this name")]
    RepeatedId,
    /// The node holds as many operations as it may.
    #[error("this node already holds {operations_max} operations")]
    Overloaded {
        /// The limit.
        operations_max: usize,
    },
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
    /// Too many replicas hold as many keys as they may, and this is none of them.
    #[error("too many replicas have no room for another key")]
    Full,
    /// Too few replicas answered within the patience.
    #[error("too few replicas answered in time")]
    NoQuorum,
    /// No timestamp is left above those of the key.
    #[error("the timestamps of the key are used up")]
    TimestampsUsedUp,
}
