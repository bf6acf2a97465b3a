//! Commands: what the replicated log carries.

use core::fmt;

use raft_core::Index;
use transport::Bytes;

/// A client session, named by the log index of the command that opened it: unique for the life of
/// the cluster, without anybody's clock or randomness.
///
/// ```
/// use kv::SessionId;
/// use raft_core::Index;
/// assert_eq!(SessionId(Index(7)).to_string(), "s7");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct SessionId(pub Index);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// A change of one key.
///
/// ```
/// use kv::Operation;
/// let operation = Operation::Append { key: "x".into(), value: "1".into() };
/// assert_eq!(&**operation.key(), b"x");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Operation {
    /// Sets the value.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
    },
    /// Adds bytes at the end of the value; an absent key counts as empty.
    Append {
        /// The key.
        key: Bytes,
        /// The bytes to add.
        value: Bytes,
    },
    /// Sets the value if the present one is `expected`.
    CompareAndSet {
        /// The key.
        key: Bytes,
        /// The value it must have; `None`: it must be absent.
        expected: Option<Bytes>,
        /// Its new value.
        value: Bytes,
    },
    /// Removes the key.
    Delete {
        /// The key.
        key: Bytes,
    },
}

impl Operation {
    /// The key it changes.
    #[must_use]
    pub const fn key(&self) -> &Bytes {
        match self {
            Self::Put { key, .. }
            | Self::Append { key, .. }
            | Self::CompareAndSet { key, .. }
            | Self::Delete { key } => key,
        }
    }

    /// The bytes it would store.
    #[must_use]
    pub const fn value(&self) -> Option<&Bytes> {
        match self {
            Self::Put { value, .. }
            | Self::Append { value, .. }
            | Self::CompareAndSet { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }

    /// The longest value it carries: to store, or to compare with.
    pub(crate) fn longest_value(&self) -> Option<&Bytes> {
        let expected = match self {
            Self::CompareAndSet { expected, .. } => expected.as_ref(),
            _ => None,
        };
        expected
            .into_iter()
            .chain(self.value())
            .max_by_key(|value| value.len())
    }
}

/// One entry of the replicated log.
///
/// ```
/// use kv::{Command, Operation, SessionId};
/// use raft_core::{Command as _, Index};
/// let command = Command::Execute {
///     session: SessionId(Index(2)),
///     sequence: 1,
///     operation: Operation::Delete { key: "x".into() },
/// };
/// assert_eq!(command.weight_bytes(), Command::Open.weight_bytes() + 1);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Command {
    /// Opens a session, named by this entry's index.
    Open,
    /// Executes an operation once, however often it is retried.
    Execute {
        /// The client's session.
        session: SessionId,
        /// The operation's number in the session: 1, 2, 3, …
        sequence: u64,
        /// What to do.
        operation: Operation,
    },
}

impl raft_core::Command for Command {
    fn weight_bytes(&self) -> usize {
        // Tags, session and sequence take about this much on a wire.
        const OVERHEAD_BYTES: usize = 24;
        let Self::Execute { operation, .. } = self else {
            return OVERHEAD_BYTES;
        };
        let expected = match operation {
            Operation::CompareAndSet {
                expected: Some(expected),
                ..
            } => expected.len(),
            _ => 0,
        };
        let value = operation.value().map_or(0, |value| value.len());
        OVERHEAD_BYTES
            .saturating_add(operation.key().len())
            .saturating_add(expected)
            .saturating_add(value)
    }
}
