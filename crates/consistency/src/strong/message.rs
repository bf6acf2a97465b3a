//! Messages: what stores tell each other.

use core::fmt;

use transport::Bytes;

use super::{Timestamp, Version};

/// The name of an operation among all operations its node ever began.
///
/// ```
/// use consistency::strong::OperationName;
/// assert_eq!(OperationName { incarnation: 2, number: 7 }.to_string(), "2.7");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct OperationName {
    /// How often the node had started; at most [`INCARNATION_MAX`](Self::INCARNATION_MAX).
    pub incarnation: u64,
    /// The operation's number in that life.
    pub number: u64,
}

impl OperationName {
    /// The last life of a node that counts, 2⁴⁸.
    pub const INCARNATION_MAX: u64 = 1 << 48;
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.incarnation, self.number)
    }
}

/// A message between two members.
///
/// ```
/// use consistency::strong::{Message, OperationName, Wanted};
/// let message = Message::Query {
///     operation: OperationName { incarnation: 1, number: 0 },
///     key: "x".into(),
///     wanted: Wanted::Version,
/// };
/// assert_eq!(message.operation().number, 0);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Message {
    /// Step 1: what do you hold?
    Query {
        /// The operation that asks.
        operation: OperationName,
        /// The key.
        key: Bytes,
        /// What it needs to know.
        wanted: Wanted,
    },
    /// Step 2: hold this, unless you hold a greater one.
    Update {
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
            Self::Query { operation, .. }
            | Self::Update { operation, .. }
            | Self::Reply { operation, .. } => *operation,
        }
    }

    /// Whether its numbers are ones that a member may have reached.
    pub(super) fn is_believable(&self) -> bool {
        let timestamp = match self {
            Self::Update { version, .. }
            | Self::Reply {
                answer: Answer::Version(version),
                ..
            } => version.timestamp,
            Self::Reply {
                answer: Answer::Timestamp { timestamp, .. },
                ..
            } => *timestamp,
            Self::Query { .. } | Self::Reply { .. } => Timestamp::ZERO,
        };
        self.operation().incarnation <= OperationName::INCARNATION_MAX
            && timestamp.counter <= Timestamp::COUNTER_MAX
    }
}

/// What a query needs to know: a write needs no value.
///
/// ```
/// use consistency::strong::Wanted;
/// assert_ne!(Wanted::Timestamp, Wanted::Version);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Wanted {
    /// The timestamp, and whether there is room: for a write.
    Timestamp,
    /// Timestamp and value: for a read.
    Version,
}

/// What a replica answers. Each kind answers one kind of question, so that an answer to an earlier phase
/// cannot be taken for one to a later.
///
/// ```
/// use consistency::strong::{Answer, Timestamp};
/// let never_heard = Answer::Timestamp { timestamp: Timestamp::ZERO, has_room: true };
/// assert_ne!(never_heard, Answer::Stored);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Answer {
    /// To a query of a write.
    Timestamp {
        /// The greatest it holds for the key.
        timestamp: Timestamp,
        /// Whether it holds the key, or could.
        has_room: bool,
    },
    /// To a query of a read: the greatest version it holds.
    Version(Version),
    /// To an update: it holds that version or a greater one, durably.
    Stored,
    /// To an update: it does not hold the key and has no room for it.
    Full,
}
