//! An operation as checkers read it: a call, and how it ended.
//!
//! Order. Every event has a position, counted from the first event; **the order of events is the order of time**, so
//! two events with equal times are ordered by where they stand. Operation `a` precedes `b` exactly when the return of
//! `a` has a smaller position than the call of `b`. Whoever builds operations by hand may give two events one
//! position: then they are concurrent.

use core::fmt;

/// A client. Every format counts processes from zero; nemesis and other named processes are left out when reading.
///
/// ```
/// assert_eq!(consistency::ProcessId(3).to_string(), "3");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessId(pub u64);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An operation's place in its history: the operations are counted from zero, in the order of their calls.
///
/// ```
/// use consistency::OperationId;
///
/// let names = ["first", "second"];
/// assert_eq!(names[OperationId(1).0], "second");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OperationId(pub usize);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// When an event happened.
///
/// ```
/// let moment = consistency::Moment { position: 4, time_ns: Some(1_000) };
/// assert!(moment.position > 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moment {
    /// Place of the event among all events of the history: what checkers order by.
    pub position: u64,
    /// Time in nanoseconds, for people.
    pub time_ns: Option<u64>,
}

/// How an operation ended.
///
/// ```
/// use consistency::{Completion, Moment};
///
/// let read: Completion<i64> = Completion::Ok { at: Moment { position: 1, time_ns: None }, output: 7 };
/// assert_eq!(read.output(), Some(&7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Completion<O> {
    /// It happened, between its call and `at`, and gave `output`. A compare-and-set that found a different value is
    /// an `Ok` too: its output says so.
    Ok {
        /// The return.
        at: Moment,
        /// What the client heard.
        output: O,
    },
    /// It definitely did not happen, and nothing was learned.
    Fail {
        /// When the client heard so.
        at: Moment,
    },
    /// It may take effect at any time after its call, or never.
    Info {
        /// When the client gave up; `None` when the history ended first. Orders nothing.
        at: Option<Moment>,
    },
}

impl<O> Completion<O> {
    /// The output, where there is one.
    #[must_use]
    pub const fn output(&self) -> Option<&O> {
        match self {
            Self::Ok { output, .. } => Some(output),
            Self::Fail { .. } | Self::Info { .. } => None,
        }
    }
}

/// One operation: who called what when, and how it ended.
///
/// ```
/// use consistency::{KvInput, KvOutput, ProcessId, Recorder};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 1), 0)?;
/// recorder.ok(put, KvOutput::Done, 5)?;
/// let operations = recorder.finish();
/// assert_eq!(operations[put.0].process, ProcessId(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Operation<I, O> {
    /// Who called. Linearizability does not look at it.
    pub process: ProcessId,
    /// When it was called.
    pub call: Moment,
    /// What was asked.
    pub input: I,
    /// How it ended.
    pub completion: Completion<O>,
}

impl<I, O> Operation<I, O> {
    /// The position at which the operation's effect was certainly over: that of its ok, `u64::MAX` for all others.
    /// A return written before its own call counts as at the call.
    #[must_use]
    pub fn return_position(&self) -> u64 {
        match &self.completion {
            Completion::Ok { at, .. } => at.position.max(self.call.position),
            Completion::Fail { .. } | Completion::Info { .. } => u64::MAX,
        }
    }
}
