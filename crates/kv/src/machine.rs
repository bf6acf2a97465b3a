//! The state machine: what applying a log of commands leads to.
//!
//! A pure function of the log: no clock, no node, no randomness. Two machines that applied the same
//! commands are equal.
//!
//! # Sessions (Raft §8, dissertation §6.3)
//!
//! A client numbers its operations 1, 2, 3, … and has one under way at a time.
//!
//! | sequence, compared with the session's last | the machine |
//! |---|---|
//! | one more | executes it and remembers the reply |
//! | equal | repeats the remembered reply |
//! | lower | rejects it: it was answered, and the answer is forgotten |
//! | more than one more | rejects it: one before it is missing |
//! | zero | rejects it: the first operation has number 1 |
//! | no such session | rejects it: it was closed to make room, or never opened |
//!
//! An operation that breaks a size limit counts as executed: the rejection is its reply, and its
//! number is spent. The other rejections leave the number as it was.
//!
//! # Invariants
//!
//! - *Applied rises*: an entry at or below the last one applied changes nothing.
//! - *Bounded*: never more than `sessions_max` sessions. The one whose last use lies furthest back
//!   in the log makes room: every attempt is a use, also one that is rejected.

use alloc::collections::BTreeMap;

use raft_core::{Batch, Index};
use transport::Bytes;

use crate::config::Limits;
use crate::{Command, Config, Operation, SessionId};

/// A map with sessions.
///
/// ```
/// use kv::{Command, Machine, Operation, Reply};
/// use raft_core::Index;
///
/// let mut machine = Machine::default();
/// let Ok(Reply::Opened { session }) = machine.apply(Index(1), &Command::Open) else { panic!() };
/// let append = Command::Execute {
///     session,
///     sequence: 1,
///     operation: Operation::Append { key: "x".into(), value: "1".into() },
/// };
/// machine.apply(Index(2), &append).unwrap();
/// machine.apply(Index(3), &append).unwrap(); // a retry
/// assert_eq!(machine.get(b"x"), Some(&"1".into()));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Machine {
    limits: Limits,
    map: BTreeMap<Bytes, Bytes>,
    sessions: BTreeMap<SessionId, Session>,
    /// Sessions by the index of their last use, the oldest first.
    by_use: BTreeMap<Index, SessionId>,
    applied: Index,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Session {
    sequence: u64,
    reply: Applied,
    used: Index,
}

/// What applying a command gave.
pub type Applied = Result<Reply, Rejection>;

/// A command's result.
///
/// ```
/// use kv::Reply;
/// let (absent, empty) = (None, Some("".into()));
/// assert_ne!(Reply::Value { value: absent }, Reply::Value { value: empty });
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Reply {
    /// The session is open.
    Opened {
        /// Its name.
        session: SessionId,
    },
    /// The value was put, appended or swapped in.
    Written,
    /// The compare-and-set did nothing: the value was another.
    Mismatch {
        /// The value it found.
        actual: Option<Bytes>,
    },
    /// The key is gone.
    Deleted {
        /// Whether it was there.
        existed: bool,
    },
    /// What a read found.
    Value {
        /// The value; `None`: the key is absent.
        value: Option<Bytes>,
    },
}

/// Why the machine did not execute a command.
///
/// ```
/// use kv::{Command, Machine, Operation, Rejection, SessionId};
/// use raft_core::Index;
/// let command = Command::Execute {
///     session: SessionId(Index(7)),
///     sequence: 1,
///     operation: Operation::Delete { key: "x".into() },
/// };
/// let rejected = Machine::default().apply(Index(1), &command);
/// assert_eq!(rejected, Err(Rejection::SessionClosed));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum Rejection {
    /// The session is not open: it never was, or it was closed to make room. An earlier attempt of
    /// the operation may have been executed.
    #[error("the session is not open")]
    SessionClosed,
    /// The operation was answered before, and a later one too: its reply is forgotten.
    #[error("the operation was answered before operation {last}, and its reply is forgotten")]
    AlreadyAnswered {
        /// The session's last sequence.
        last: u64,
    },
    /// An operation before this one never came.
    #[error("an operation between {last} and this one is missing")]
    SequenceGap {
        /// The session's last sequence.
        last: u64,
    },
    /// The operation has number 0; a session's first operation has number 1.
    #[error("a session's first operation has number 1, not 0")]
    SequenceZero,
    /// The entry, or one after it, was applied before.
    #[error("the log is applied up to {last} already")]
    AlreadyApplied {
        /// The last entry applied.
        last: Index,
    },
    /// The key is longer than the limit.
    #[error("the key is longer than {bytes_max} bytes")]
    KeyTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The value would be longer than the limit.
    #[error("the value would be longer than {bytes_max} bytes")]
    ValueTooLong {
        /// The limit.
        bytes_max: usize,
    },
}

impl Machine {
    /// An empty machine with the limits of `config`.
    #[must_use]
    pub const fn new(config: &Config) -> Self {
        Self::with_limits(config.limits)
    }

    const fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            map: BTreeMap::new(),
            sessions: BTreeMap::new(),
            by_use: BTreeMap::new(),
            applied: Index(0),
        }
    }

    /// Applies a batch of the log; what each command gave goes to `results`, in index order. A blank
    /// entry gives nothing. Equal to [`apply`](Self::apply) on each command.
    ///
    /// ```
    /// use kv::{Command, Machine};
    /// use raft_core::{Batch, Index, Term};
    /// let mut machine = Machine::default();
    /// machine.apply_batch(&Batch::blank(Term(1), Index(1)), |_, _| unreachable!());
    /// let batch = Batch::commands(Term(1), Index(2), [Command::Open, Command::Open]).unwrap();
    /// let mut indexes = vec![];
    /// machine.apply_batch(&batch, |index, _| indexes.push(index));
    /// assert_eq!(indexes, [Index(2), Index(3)]);
    /// assert_eq!((machine.applied(), machine.sessions_len()), (Index(3), 2));
    /// ```
    pub fn apply_batch(&mut self, batch: &Batch<Command>, mut results: impl FnMut(Index, Applied)) {
        let mut index = batch.first();
        for command in batch.entries() {
            let applied = self.apply(index, command);
            results(index, applied);
            index = index.next();
        }
        self.applied = self.applied.max(batch.last());
    }

    /// Applies the command at `index`. O(log keys + log sessions), and O(bytes) for an append.
    ///
    /// # Errors
    ///
    /// The command was not executed: it was applied before, or a session or size rule forbids it.
    /// No value changes; what a session remembers stands at the top of this file.
    pub fn apply(&mut self, index: Index, command: &Command) -> Applied {
        if index <= self.applied {
            let last = self.applied;
            return Err(Rejection::AlreadyApplied { last });
        }
        self.applied = index;
        match command {
            Command::Open => Ok(self.open(index)),
            Command::Execute {
                session,
                sequence,
                operation,
            } => self.execute_once(index, *session, *sequence, operation),
        }
    }

    /// The value of a key; `None`: it is absent. O(log keys).
    ///
    /// ```
    /// assert_eq!(kv::Machine::default().get(b"x"), None);
    /// ```
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Bytes> {
        self.map.get(key)
    }

    /// The index of the last entry applied.
    #[must_use]
    pub const fn applied(&self) -> Index {
        self.applied
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys_len(&self) -> usize {
        self.map.len()
    }

    /// How many sessions are open.
    #[must_use]
    pub fn sessions_len(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    fn open(&mut self, index: Index) -> Reply {
        let session = SessionId(index);
        let reply = Reply::Opened { session };
        let fresh = Session {
            sequence: 0,
            reply: Ok(reply.clone()),
            used: index,
        };
        self.sessions.insert(session, fresh);
        self.by_use.insert(index, session);
        while self.sessions.len() > self.limits.sessions_max {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                break;
            };
            self.sessions.remove(&oldest);
        }
        reply
    }

    fn execute_once(
        &mut self,
        index: Index,
        id: SessionId,
        sequence: u64,
        operation: &Operation,
    ) -> Applied {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(Rejection::SessionClosed);
        };
        self.by_use.remove(&session.used);
        self.by_use.insert(index, id);
        session.used = index;
        let last = session.sequence;
        if sequence == 0 {
            return Err(Rejection::SequenceZero);
        }
        if sequence == last {
            return session.reply.clone();
        }
        if sequence < last {
            return Err(Rejection::AlreadyAnswered { last });
        }
        if Some(sequence) != last.checked_add(1) {
            return Err(Rejection::SequenceGap { last });
        }
        let reply = execute(&mut self.map, self.limits, operation);
        session.sequence = sequence;
        session.reply = reply.clone();
        reply
    }
}

impl Default for Machine {
    /// An empty machine with the default limits.
    fn default() -> Self {
        Self::with_limits(Limits::DEFAULT)
    }
}

fn execute(map: &mut BTreeMap<Bytes, Bytes>, limits: Limits, operation: &Operation) -> Applied {
    check_sizes(map, limits, operation)?;
    Ok(match operation {
        Operation::Put { key, value } => {
            map.insert(key.clone(), value.clone());
            Reply::Written
        }
        Operation::Append { key, value } => {
            let old: &[u8] = map.get(key).map_or(&[], |old| old);
            let whole = Bytes::from([old, value].concat());
            map.insert(key.clone(), whole);
            Reply::Written
        }
        Operation::CompareAndSet {
            key,
            expected,
            value,
        } => {
            let actual = map.get(key);
            if actual == expected.as_ref() {
                map.insert(key.clone(), value.clone());
                Reply::Written
            } else {
                Reply::Mismatch {
                    actual: actual.cloned(),
                }
            }
        }
        Operation::Delete { key } => Reply::Deleted {
            existed: map.remove(key).is_some(),
        },
    })
}

fn check_sizes(
    map: &BTreeMap<Bytes, Bytes>,
    limits: Limits,
    operation: &Operation,
) -> Result<(), Rejection> {
    if operation.key().len() > limits.key_bytes_max {
        let bytes_max = limits.key_bytes_max;
        return Err(Rejection::KeyTooLong { bytes_max });
    }
    let before = match operation {
        Operation::Append { key, .. } => map.get(key).map_or(0, |old| old.len()),
        _ => 0,
    };
    let added = operation.value().map_or(0, |value| value.len());
    if before.saturating_add(added) > limits.value_bytes_max {
        let bytes_max = limits.value_bytes_max;
        return Err(Rejection::ValueTooLong { bytes_max });
    }
    Ok(())
}
