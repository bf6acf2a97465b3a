//! What a snapshotting process exchanges, is asked, answers and stores.

use alloc::boxed::Box;
use alloc::vec::Vec;

use thiserror::Error;
use transport::{Ends, NodeId, RequestId};

use crate::{GlobalSnapshot, SnapshotId};

/// A message of the process inside, or one of the snapshot algorithm. They share the link, in order.
///
/// ```
/// use snapshot::SnapshotMessage;
/// let message = SnapshotMessage::<_, ()>::Process("hello");
/// assert!(matches!(message, SnapshotMessage::Process("hello")));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum SnapshotMessage<M, S> {
    /// Of the process inside.
    Process(M),
    /// Divides what its sender sent on this channel before it recorded its state from what it sent
    /// afterwards.
    Marker {
        /// Of which snapshot.
        id: SnapshotId,
        /// The life of the sender.
        incarnation: u64,
    },
    /// What one participant recorded, on its way to the initiator.
    Report(Box<Report<S, M>>),
}

/// What one participant recorded, or why it did not.
///
/// ```
/// use snapshot::{AbortReason, Report, SnapshotId};
/// use transport::NodeId;
/// let id = SnapshotId { initiator: NodeId(0), incarnation: 1, number: 1 };
/// let outcome = Err(AbortReason::RecordingsMax { node: NodeId(1) });
/// let report = Report::<(), ()> { id, incarnation: 1, outcome };
/// assert!(report.outcome.is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Report<S, M> {
    /// Of which snapshot.
    pub id: SnapshotId,
    /// The life of the participant.
    pub incarnation: u64,
    /// What it recorded.
    pub outcome: Result<LocalState<S, M>, AbortReason>,
}

/// The state of one process and of the channels towards it.
///
/// ```
/// use snapshot::LocalState;
/// let local = LocalState::<u64, ()> { state: 70, channels: vec![] };
/// assert_eq!(local.state, 70);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct LocalState<S, M> {
    /// Of the process.
    pub state: S,
    /// Of each channel towards it.
    pub channels: Vec<ChannelState<M>>,
}

/// What came in on one channel between the recording of the state and the marker.
///
/// ```
/// use snapshot::ChannelState;
/// use transport::NodeId;
/// let channel = ChannelState { from: NodeId(1), incarnation: 1, messages: vec!["late"] };
/// assert_eq!(channel.messages, ["late"]);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct ChannelState<M> {
    /// Who sent them.
    pub from: NodeId,
    /// The life of the sender whose marker came.
    pub incarnation: u64,
    /// In the order of arrival.
    pub messages: Vec<M>,
}

/// What a client asks: something of the process inside, or a snapshot.
///
/// ```
/// use snapshot::SnapshotRequest;
/// use transport::RequestId;
/// let request = SnapshotRequest::<()>::Take { id: RequestId(1) };
/// assert_eq!(request, SnapshotRequest::Take { id: RequestId(1) });
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum SnapshotRequest<Q> {
    /// Of the process inside.
    Process(Q),
    /// A snapshot of the whole system. It ends with one [`SnapshotEvent::Taken`] or
    /// [`SnapshotEvent::Aborted`] of the same `id`.
    Take {
        /// The client's name for the request.
        id: RequestId,
    },
}

/// What a client hears: something of the process inside, or how its snapshot ended.
///
/// ```
/// use snapshot::{AbortReason, SnapshotEvent};
/// use transport::RequestId;
/// let id = RequestId(1);
/// let reason = AbortReason::RepeatedId;
/// let event = SnapshotEvent::<(), (), ()>::Aborted { id, snapshot: None, reason };
/// assert!(matches!(event, SnapshotEvent::Aborted { snapshot: None, .. }));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum SnapshotEvent<E, S, M> {
    /// Of the process inside.
    Process(E),
    /// The snapshot is complete.
    Taken {
        /// The request.
        id: RequestId,
        /// The global state.
        snapshot: Box<GlobalSnapshot<S, M>>,
    },
    /// There will be no snapshot.
    Aborted {
        /// The request.
        id: RequestId,
        /// The snapshot that was begun; `None`: refused, no marker was sent.
        snapshot: Option<SnapshotId>,
        /// Why.
        reason: AbortReason,
    },
}

impl<E: Ends, S, M> Ends for SnapshotEvent<E, S, M> {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Process(event) => event.ends(),
            Self::Taken { id, .. } | Self::Aborted { id, .. } => Some(*id),
        }
    }
}

/// Why a snapshot was refused or given up.
///
/// ```
/// use snapshot::AbortReason;
/// use transport::NodeId;
/// let reason = AbortReason::ChannelFull { from: NodeId(1), to: NodeId(2) };
/// assert_eq!(reason.to_string(), "n2 would record too many messages from n1");
/// ```
#[derive(Clone, Debug, Eq, Error, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum AbortReason {
    /// Not every report came in time: a node or a link is away, or not every node can be reached
    /// from the initiator over channels.
    #[error("no report in time from {} node(s)", missing.len())]
    Timeout {
        /// Whose report is missing.
        missing: Vec<NodeId>,
    },
    /// A participant waited in vain for a marker.
    #[error("{node} waited in vain for a marker from {from}")]
    MarkerMissing {
        /// Who waited.
        node: NodeId,
        /// For whose marker.
        from: NodeId,
    },
    /// A node takes part in as many snapshots as it may.
    #[error("{node} takes part in as many snapshots as it may")]
    RecordingsMax {
        /// Which.
        node: NodeId,
    },
    /// More messages on one channel than may be recorded.
    #[error("{to} would record too many messages from {from}")]
    ChannelFull {
        /// The sender.
        from: NodeId,
        /// Who recorded.
        to: NodeId,
    },
    /// A node took part in two lives: one of them recorded, another one sent a marker.
    #[error("{node} restarted during the snapshot")]
    Restarted {
        /// Which.
        node: NodeId,
    },
    /// The node still holds a request of the same name.
    #[error("a request of this name is still held")]
    RepeatedId,
    /// No number is left: 2⁴⁸ snapshots in one life.
    #[error("no snapshot number is left")]
    NumbersExhausted,
}

/// What a snapshotting process stores: the records of the process inside, and its own life.
///
/// ```
/// use snapshot::SnapshotRecord;
/// let born = SnapshotRecord::<u8> { incarnation: 1, record: None };
/// assert!(born.record.is_none());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct SnapshotRecord<R> {
    /// Which life of the node, counted from 1.
    pub incarnation: u64,
    /// The record of the process inside; `None` for one that only says that a life began.
    pub record: Option<R>,
}
