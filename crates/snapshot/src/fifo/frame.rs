//! What travels between two FIFO ends, what they store, and what they tell their clients.

use transport::{Ends, NodeId, RequestId};

/// What one end sends the other.
///
/// ```
/// use snapshot::{Frame, FrameBody};
/// let frame = Frame::<u8> { incarnation: 1, peer_incarnation: 0, body: FrameBody::Hello };
/// assert_eq!(frame.peer_incarnation, 0); // not yet known
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Frame<M> {
    /// The life of the sender.
    pub incarnation: u64,
    /// The life of the receiver that is meant; 0: the sender knows of none.
    pub peer_incarnation: u64,
    /// What it is about.
    pub body: FrameBody<M>,
}

/// What a frame is about.
///
/// ```
/// use snapshot::FrameBody;
/// let body = FrameBody::Message { session: 1, sequence: 1, message: "hello" };
/// assert!(matches!(body, FrameBody::Message { sequence: 1, .. }));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum FrameBody<M> {
    /// Only the two lives.
    Hello,
    /// A message of the process inside.
    Message {
        /// Which session of these two lives, counted from 1.
        session: u64,
        /// Its place in the session, counted from 1.
        sequence: u64,
        /// The message.
        message: M,
    },
    /// The receiver has handed over every message up to this place.
    Acknowledge {
        /// The session.
        session: u64,
        /// The place.
        sequence: u64,
    },
}

/// What a FIFO end stores: the records of the process inside, and its own life.
///
/// ```
/// use snapshot::FifoRecord;
/// let born = FifoRecord::<u8> { incarnation: 1, record: None };
/// assert!(born.record.is_none());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct FifoRecord<R> {
    /// Which life of the node, counted from 1.
    pub incarnation: u64,
    /// The record of the process inside; `None` for one that only says that a life began.
    pub record: Option<R>,
}

/// What a client hears: something of the process inside, or that a session is over.
///
/// ```
/// use snapshot::{FifoEvent, SessionEnd};
/// use transport::NodeId;
/// let event = FifoEvent::<()>::SessionEnded {
///     peer: NodeId(1),
///     end: SessionEnd::Full,
///     messages_dropped: 4_096,
/// };
/// assert_ne!(event, FifoEvent::Process(()));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum FifoEvent<E> {
    /// Of the process inside.
    Process(E),
    /// What was sent to `peer` and not acknowledged may be lost.
    SessionEnded {
        /// The other end.
        peer: NodeId,
        /// Why.
        end: SessionEnd,
        /// How many messages were not acknowledged. Some of them may have arrived.
        messages_dropped: usize,
    },
}

impl<E: Ends> Ends for FifoEvent<E> {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Process(event) => event.ends(),
            Self::SessionEnded { .. } => None,
        }
    }
}

/// Why a session ended.
///
/// ```
/// assert_ne!(snapshot::SessionEnd::Full, snapshot::SessionEnd::PeerRestarted);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum SessionEnd {
    /// The peer lives anew: a new session has begun.
    PeerRestarted,
    /// More messages wait than may: what waited is dropped. The message for which there was no room
    /// is the first of a new session.
    Full,
}

/// What a FIFO end has dropped and repeated, since its process was made.
///
/// ```
/// use snapshot::FifoCounts;
/// assert_eq!(FifoCounts::default().frames_repeated, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct FifoCounts {
    /// Messages sent again because no acknowledgement came in time.
    pub frames_repeated: u64,
    /// Messages that came again: dropped.
    pub duplicates: u64,
    /// Messages that came early and waited for those before them.
    pub early: u64,
    /// Frames of a former life of either end, or of a former session: dropped.
    pub frames_stale: u64,
    /// Frames that no correct peer sends, such as those with numbers above
    /// [`NUMBER_MAX`](crate::NUMBER_MAX): dropped.
    pub frames_refused: u64,
    /// Messages of the process inside to nodes that are not peers: dropped.
    pub messages_unroutable: u64,
    /// Messages of the process inside after the last session of two lives, the 2⁴⁸th: dropped.
    pub messages_after_end: u64,
}
