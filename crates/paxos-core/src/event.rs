//! Requests and events: what the local client asks and hears.

use transport::{Ends, RequestId};

/// What a client asks of its node.
///
/// Each request gets exactly one final event: any but [`Event::Learned`]. A crash of the node ends
/// its requests without one.
///
/// ```
/// use paxos_core::Request;
/// use transport::RequestId;
/// let propose = Request::Propose { id: RequestId(1), value: 42_u64 };
/// let learn = Request::<u64>::Learn { id: RequestId(2) };
/// assert!(propose.id() < learn.id());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Request<V> {
    /// Have a value decided: this one, unless another was first.
    Propose {
        /// The request's name.
        id: RequestId,
        /// The value.
        value: V,
    },
    /// Find out what was decided, without proposing anything. What is found accepted is finished,
    /// because it may be chosen already.
    Learn {
        /// The request's name.
        id: RequestId,
    },
}

impl<V> Request<V> {
    /// The request's name.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        match self {
            Self::Propose { id, .. } | Self::Learn { id } => *id,
        }
    }
}

/// What a client hears from its node.
///
/// | final event | meaning | may the proposal still be chosen because of this request? |
/// |---|---|---|
/// | `Decided`, `is_own` | this value is decided, for ever | it was |
/// | `Decided`, not `is_own` | another value is | no |
/// | `Undecided` | nothing was decided when the node began to ask | |
/// | `Unknown` | the value was offered, and patience ended before its fate was known | yes |
/// | `Refused` | the value was never offered to any acceptor | no |
///
/// ```
/// use paxos_core::Event;
/// use transport::{Ends, RequestId};
/// let event = Event::Decided { id: RequestId(1), value: 42_u64, is_own: true };
/// assert_eq!(event.ends(), Some(RequestId(1)));
/// assert_eq!(Event::Learned { value: 42_u64 }.ends(), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Event<V> {
    /// The node knows the decision. Once per life of the process, before any other event tells it.
    Learned {
        /// The decision.
        value: V,
    },
    /// The request is answered: this value is decided, and no other ever will be.
    Decided {
        /// The request.
        id: RequestId,
        /// The decision.
        value: V,
        /// Whether it equals the value that this request proposed. Somebody else may have proposed
        /// the same: whoever must know gives each proposal a name inside the value.
        is_own: bool,
    },
    /// Ends to [`Request::Learn`]: a read quorum had accepted nothing when it was asked, and it was
    /// asked after the request came. So nothing was decided at some moment between the two.
    Undecided {
        /// The request.
        id: RequestId,
    },
    /// The node gave up a proposal after its value was offered: it may yet be chosen.
    Unknown {
        /// The request.
        id: RequestId,
    },
    /// The request came to nothing. A value was never offered to any acceptor, and never will be on
    /// this request's account. It is handed back.
    Refused {
        /// The request, whole.
        request: Request<V>,
        /// Why.
        refusal: Refusal,
    },
}

impl<V> Ends for Event<V> {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Learned { .. } => None,
            Self::Decided { id, .. } | Self::Undecided { id } | Self::Unknown { id } => Some(*id),
            Self::Refused { request, .. } => Some(request.id()),
        }
    }
}

/// Why a request was refused.
///
/// ```
/// use paxos_core::Refusal;
/// assert_eq!(Refusal::Overloaded.to_string(), "too many requests wait already");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Refusal {
    /// No quorum answered within the configured patience.
    #[error("no quorum answered in time")]
    GaveUp,
    /// Too many requests wait already.
    #[error("too many requests wait already")]
    Overloaded,
    /// The value is larger than the configuration allows.
    #[error("a value of {bytes} bytes; the limit is {bytes_max}")]
    TooLarge {
        /// Its weight.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The node has no greater ballot left.
    #[error("there is no ballot left")]
    NoBallotLeft,
}
