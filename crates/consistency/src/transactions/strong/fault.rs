//! What a single transaction, or a single list, shows to be wrong: no cycle is needed.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use super::rows::NONE;
use crate::{Anomaly, Edge, OperationId, Reason, Rule, transactions::Transactions};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transactions) enum FaultKind {
    /// The reader disagrees with its own reads and writes.
    Internal,
    /// The reader saw a value that nobody wrote.
    ThinAir,
    /// The reader saw a value whose transaction aborted.
    AbortedRead,
    /// The reader saw a value that its transaction replaced, or appended to, before it committed.
    IntermediateRead,
    /// The reader saw one element twice.
    Duplicate,
    /// The reader and the writer (a reader too) saw two orders of one list.
    IncompatibleOrder,
    /// The list read shows the appends of the writer in an order other than its own, or with others between them.
    TornAppends,
}

/// One such finding. `value` may be [`NONE`].
#[derive(Clone, Copy, Debug)]
pub(in crate::transactions) struct Fault {
    pub(in crate::transactions) kind: FaultKind,
    pub(in crate::transactions) key: u32,
    pub(in crate::transactions) value: u32,
    pub(in crate::transactions) reader: u32,
    pub(in crate::transactions) writer: u32,
}

impl FaultKind {
    pub(in crate::transactions) const fn rule(self) -> Rule {
        let (name, about) = match self {
            Self::Internal => (
                "internal",
                "a transaction that does not see its own writes, or sees others' in two states",
            ),
            Self::ThinAir => ("thin-air-read", "a read of a value that nobody wrote"),
            Self::AbortedRead => ("G1a", "a read of what an aborted transaction wrote"),
            Self::IntermediateRead => (
                "G1b",
                "a read of what its own transaction wrote over, or appended to",
            ),
            Self::Duplicate => (
                "duplicate-elements",
                "a list that holds an element twice that was appended once",
            ),
            Self::IncompatibleOrder => (
                "incompatible-order",
                "two reads of one list of which neither is a prefix of the other",
            ),
            Self::TornAppends => (
                "torn-append",
                "appends of one transaction to a list that do not stand together in its order",
            ),
        };
        Rule { name, about }
    }
}

impl Fault {
    /// The finding in words, by its reader and, where there is one, its writer.
    pub(in crate::transactions) fn anomaly(&self, history: &Transactions) -> Box<Anomaly> {
        let reader = OperationId(self.reader as usize);
        let writer = if self.writer == NONE {
            reader
        } else {
            OperationId(self.writer as usize)
        };
        let mut operations = vec![reader, writer];
        operations.sort_unstable();
        operations.dedup();
        let mut edges = Vec::new();
        if matches!(
            self.kind,
            FaultKind::AbortedRead | FaultKind::IntermediateRead
        ) {
            let (key, value) = (history.key(self.key), history.value(self.value));
            edges.push(Edge {
                source: writer,
                target: reader,
                reason: Reason::ReadsFrom { key, value },
            });
        }
        edges.push(Edge {
            source: reader,
            target: writer,
            reason: Reason::Because(self.clause(history)),
        });
        Box::new(Anomaly {
            rule: self.kind.rule(),
            operations,
            edges,
            is_minimal: false,
        })
    }

    fn clause(&self, history: &Transactions) -> String {
        let key = history.key(self.key);
        let value = || history.value(self.value);
        match self.kind {
            FaultKind::Internal => {
                format!(
                    "a read of {key} shows something else than the reader's own earlier steps left"
                )
            }
            FaultKind::ThinAir => format!("{} was read in {key}, and nobody wrote it", value()),
            FaultKind::AbortedRead => {
                "the writer aborted, and nobody may read what it wrote".into()
            }
            FaultKind::IntermediateRead => {
                format!("the writer wrote {key} once more, and nobody may see it half done")
            }
            FaultKind::Duplicate => {
                format!("{} stands in {key} twice, and was appended once", value())
            }
            FaultKind::IncompatibleOrder => {
                format!(
                    "of the two lists they read from {key} neither is the beginning of the other"
                )
            }
            FaultKind::TornAppends => format!(
                "a list read from {key} does not hold what one transaction appended there together and in its order"
            ),
        }
    }
}
