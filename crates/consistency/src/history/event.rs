//! One line of a history: somebody invoked something, or heard how it ended.

use alloc::sync::Arc;
use core::fmt;

use crate::{ProcessId, Value};

/// What an event says about an operation.
///
/// ```
/// use consistency::EventKind;
///
/// assert_eq!(EventKind::from_name("info"), Some(EventKind::Info));
/// assert_eq!(EventKind::Info.name(), "info");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EventKind {
    /// The operation was called.
    Invoke,
    /// It happened, and the client heard so.
    Ok,
    /// It definitely did not happen. (A compare-and-set that fails without an error did see a different value.)
    Fail,
    /// Nobody knows: it may take effect at any later time, or never.
    Info,
}

impl EventKind {
    /// The word used in every format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "invoke" => Self::Invoke,
            "ok" => Self::Ok,
            "fail" => Self::Fail,
            "info" => Self::Info,
            _ => return None,
        })
    }
}

/// What was asked of the system.
///
/// ```
/// use consistency::Function;
///
/// assert_eq!(Function::from_name("cas"), Function::Cas);
/// assert_eq!(Function::from_name("drain").name(), "drain");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Function {
    /// Read a register.
    Read,
    /// Write a register.
    Write,
    /// Compare and set: the value is `[expected new]`.
    Cas,
    /// Read a key.
    Get,
    /// Write a key.
    Put,
    /// Append to a key's value.
    Append,
    /// Remove a key.
    Delete,
    /// Add to a set, or to a counter.
    Add,
    /// Remove from a set.
    Remove,
    /// Ask a set for a value.
    Contains,
    /// Put at the end of a queue.
    Enqueue,
    /// Take from the front of a queue.
    Dequeue,
    /// Put on a stack.
    Push,
    /// Take from a stack.
    Pop,
    /// Put into a priority queue.
    Insert,
    /// Take the greatest of a priority queue.
    TakeMax,
    /// Take a lock.
    Acquire,
    /// Give a lock back.
    Release,
    /// Move money between accounts.
    Transfer,
    /// Several reads and writes at once.
    Txn,
    /// Any other name: kept, and refused by the models here.
    Other(Arc<str>),
}

impl Function {
    /// The word used in every format.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
            Self::Get => "get",
            Self::Put => "put",
            Self::Append => "append",
            Self::Delete => "delete",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Contains => "contains",
            Self::Enqueue => "enqueue",
            Self::Dequeue => "dequeue",
            Self::Push => "push",
            Self::Pop => "pop",
            Self::Insert => "insert",
            Self::TakeMax => "take-max",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Transfer => "transfer",
            Self::Txn => "txn",
            Self::Other(name) => name,
        }
    }

    /// The function of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "read" => Self::Read,
            "write" => Self::Write,
            "cas" => Self::Cas,
            "get" => Self::Get,
            "put" => Self::Put,
            "append" => Self::Append,
            "delete" => Self::Delete,
            "add" => Self::Add,
            "remove" => Self::Remove,
            "contains" => Self::Contains,
            "enqueue" => Self::Enqueue,
            "dequeue" => Self::Dequeue,
            "push" => Self::Push,
            "pop" => Self::Pop,
            "insert" => Self::Insert,
            "take-max" => Self::TakeMax,
            "acquire" => Self::Acquire,
            "release" => Self::Release,
            "transfer" => Self::Transfer,
            "txn" => Self::Txn,
            _ => Self::Other(name.into()),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One event of a history, untyped: a [`Notation`](crate::Notation) gives it a meaning.
///
/// ```
/// use consistency::{Event, EventKind, Function, ProcessId, Value};
///
/// let call = Event {
///     process: ProcessId(0),
///     kind: EventKind::Invoke,
///     function: Function::Write,
///     key: Some("x".into()),
///     value: Value::Int(3),
///     error: None,
///     time_ns: Some(17),
/// };
/// assert_eq!(call.function.name(), "write");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Who.
    pub process: ProcessId,
    /// Called, or how it ended.
    pub kind: EventKind,
    /// What.
    pub function: Function,
    /// On which key, for histories over several objects.
    pub key: Option<Value>,
    /// The argument (invoke) or the result (ok); a completion of the others repeats the argument or says nothing.
    pub value: Value,
    /// Why it failed or is unknown. A failed compare-and-set that gives an error observed nothing.
    pub error: Option<Value>,
    /// When, in nanoseconds of the recorder's clock. Shown to people, never used to order events.
    pub time_ns: Option<u64>,
}
