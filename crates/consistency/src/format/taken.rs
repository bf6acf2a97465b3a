//! What the readers of the formats hand on.

use alloc::vec::Vec;

use crate::{
    Event, EventKind, ProcessId,
    transactions::{Ending, MicroOperation},
};

/// One piece of a file.
#[derive(Debug)]
pub(super) enum Taken {
    /// Nothing follows.
    End,
    /// Nothing of interest.
    Nothing,
    /// An event or a line that is left out, and counted.
    Skipped,
    /// An event of a single operation, and its line.
    Event(u64, Event),
    /// An event of a transaction.
    Part(Part),
    /// A whole transaction of the present session, and its line.
    Whole(u64, Ending, Vec<MicroOperation>),
    /// The present session ends.
    SessionEnd,
    /// A step of the present transaction, and its line.
    Step(u64, MicroOperation),
    /// The present transaction ends.
    TransactionEnd,
    /// A step of any transaction of any session.
    Numbered(Numbered),
}

/// An event of a transaction.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) line: u64,
    pub(super) process: Option<ProcessId>,
    pub(super) kind: EventKind,
    /// Empty for a fail or an info.
    pub(super) steps: Vec<MicroOperation>,
    pub(super) time_ns: Option<u64>,
}

/// A step that names its session and transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    pub(super) line: u64,
    pub(super) session: u64,
    pub(super) transaction: i64,
    pub(super) is_write: bool,
    pub(super) key: i64,
    pub(super) value: i64,
}
