//! The other half of the contract: how messages travel.
//!
//! # Rules a transport keeps
//!
//! 1. *Bounded*: a full queue refuses with [`SendError::Full`]. Nothing waits for room in secret.
//! 2. *Nothing lost in silence*: a refused envelope comes back inside the error.
//! 3. *Drained*: what was accepted before the other side went is received before the disconnection
//!    is seen.
//! 4. *Not forged*: a node sends under its own name only.
//!
//! An accepted envelope may still be lost, repeated or reordered by the network behind it: see the
//! rules of a world in [`Process`](crate::Process).

use core::time::Duration;

use thiserror::Error;

use crate::NodeId;

/// A message with its sender and receiver.
///
/// ```
/// use transport::{Envelope, NodeId};
/// let envelope = Envelope { source: NodeId(1), target: NodeId(2), message: "hello" };
/// assert_eq!(envelope.target, NodeId(2));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Envelope<M> {
    /// Who sends it.
    pub source: NodeId,
    /// Who shall receive it.
    pub target: NodeId,
    /// What it says.
    pub message: M,
}

/// One node's access to a network. Rules: see the top of this file's page, or the crate page.
///
/// ```
/// use transport::{Envelope, NodeId, SendError, Transport};
///
/// /// Sends the answer to the asker, or gives it back.
/// fn answer<T: Transport<Message = u64>>(
///     transport: &mut T,
///     question: Envelope<u64>,
/// ) -> Result<(), SendError<Envelope<u64>>> {
///     transport.send(Envelope {
///         source: question.target,
///         target: question.source,
///         message: question.message + 1,
///     })
/// }
/// ```
pub trait Transport {
    /// What the nodes exchange.
    type Message;

    /// Hands an envelope to the network. Never waits.
    ///
    /// # Errors
    ///
    /// The envelope comes back, with the reason; it was not and will not be delivered.
    fn send(
        &mut self,
        envelope: Envelope<Self::Message>,
    ) -> Result<(), SendError<Envelope<Self::Message>>>;

    /// The next envelope for this node, or `None` if there is none yet. Never waits.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Disconnected`] once every envelope is received and none can come.
    fn try_receive(&mut self) -> Result<Option<Envelope<Self::Message>>, ReceiveError>;

    /// The next envelope for this node, waiting for it up to `timeout`; then `None`.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Disconnected`] once every envelope is received and none can come; a waiting
    /// call learns it at once.
    fn receive_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Option<Envelope<Self::Message>>, ReceiveError>;
}

/// Why a send was refused, with what was refused.
///
/// ```
/// use transport::SendError;
/// let error = SendError::Full("hello");
/// assert_eq!(error.to_string(), "the target's queue is full");
/// assert_eq!(error.into_inner(), "hello");
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SendError<T> {
    /// The target's queue has no room now: try again later, or drop it.
    #[error("the target's queue is full")]
    Full(T),
    /// The network has no such node.
    #[error("the target is unknown")]
    UnknownTarget(T),
    /// The target has left for good.
    #[error("the target has disconnected")]
    Disconnected(T),
    /// The envelope names another node as its source.
    #[error("the source is another node")]
    ForeignSource(T),
}

impl<T> SendError<T> {
    /// What was refused.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(refused)
            | Self::UnknownTarget(refused)
            | Self::Disconnected(refused)
            | Self::ForeignSource(refused) => refused,
        }
    }
}

/// Why nothing can be received any more.
///
/// ```
/// assert_eq!(transport::ReceiveError::Disconnected.to_string(), "every peer has disconnected");
/// ```
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// Every peer has left, and everything they sent is received.
    #[error("every peer has disconnected")]
    Disconnected,
}
