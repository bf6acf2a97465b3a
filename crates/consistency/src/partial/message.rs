//! Messages: what a coordinator asks of replicas, and what they answer.

use transport::Bytes;

use super::{OperationName, Timestamp, Version};

/// A message between two members.
///
/// ```
/// use consistency::partial::{Message, OperationName};
/// let operation = OperationName { incarnation: 1, number: 0 };
/// let message = Message::Read { operation, key: "x".into() };
/// assert_eq!(message.operation(), operation);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Message {
    /// What do you hold?
    Read {
        /// The operation that asks.
        operation: OperationName,
        /// The key.
        key: Bytes,
    },
    /// Hold this, unless you hold a greater one: for a write, or to repair.
    Write {
        /// The operation that asks.
        operation: OperationName,
        /// The key.
        key: Bytes,
        /// The version to store.
        version: Version,
    },
    /// The answer to either.
    Reply {
        /// The operation that asked.
        operation: OperationName,
        /// What the replica says.
        answer: Answer,
    },
}

impl Message {
    /// The operation it belongs to.
    #[must_use]
    pub const fn operation(&self) -> OperationName {
        match self {
            Self::Read { operation, .. }
            | Self::Write { operation, .. }
            | Self::Reply { operation, .. } => *operation,
        }
    }

    /// Whether its numbers are ones that a member may have reached.
    pub(super) const fn is_believable(&self) -> bool {
        let counter = match self {
            Self::Write { version, .. }
            | Self::Reply {
                answer: Answer::Version(version),
                ..
            } => version.timestamp.counter,
            Self::Read { .. } | Self::Reply { .. } => 0,
        };
        self.operation().incarnation <= OperationName::INCARNATION_MAX
            && counter <= Timestamp::COUNTER_MAX
    }
}

/// What a replica answers. Each kind answers one kind of question.
///
/// ```
/// use consistency::partial::{Answer, Version};
/// let never_heard = Answer::Version(Version::default());
/// assert_ne!(never_heard, Answer::Stored);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Answer {
    /// To a read: the greatest version it holds.
    Version(Version),
    /// To a write: it holds that version or a greater one, durably.
    Stored,
    /// To a write: it does not hold the key and has no room for it.
    Full,
}
