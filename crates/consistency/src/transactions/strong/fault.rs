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
                "a transaction sees its own writes, and of others the same state throughout",
            ),
            Self::ThinAir => ("thin-air", "a value read was written by somebody"),
            Self::AbortedRead => ("G1a", "nobody reads what an aborted transaction wrote"),
            Self::IntermediateRead => (
                "G1b",
                "nobody reads what its own transaction wrote over, or appended to",
            ),
            Self::Duplicate => ("duplicate", "an element appended once is in a list once"),
            Self::IncompatibleOrder => (
                "incompatible-order",
                "of two reads of one list the shorter is a prefix of the longer",
            ),
            Self::TornAppends => (
                "torn-append",
                "the appends of one transaction to a list stand together, in its order",
            ),
        };
        Rule { name, about }
    }
}

impl Fault {
    pub(in crate::transactions) fn anomaly(&self, history: &Transactions) -> Box<Anomaly> {
        let (reader, writer) = (
            OperationId(self.reader as usize),
            OperationId(self.writer as usize),
        );
        let mut operations = vec![reader];
        if self.writer != NONE && writer != reader {
            operations.push(writer);
        }
        operations.sort_unstable();
        let edge = Edge {
            source: if self.writer == NONE { reader } else { writer },
            target: reader,
            reason: Reason::Because(self.clause(history)),
        };
        Box::new(Anomaly {
            rule: self.kind.rule(),
            operations,
            edges: Vec::from([edge]),
            is_minimal: true,
        })
    }

    fn clause(&self, history: &Transactions) -> String {
        let key = history.key(self.key);
        let value = history.value(self.value);
        let (reader, writer) = (self.reader, self.writer);
        match self.kind {
            FaultKind::Internal => {
                format!("T{reader} reads {key} otherwise than its own earlier steps left it")
            }
            FaultKind::ThinAir => {
                format!("T{reader} read {value} in {key}, which nobody wrote")
            }
            FaultKind::AbortedRead => {
                format!("T{reader} read {value} in {key}, which T{writer} wrote before it aborted")
            }
            FaultKind::IntermediateRead => format!(
                "T{reader} read {key} as T{writer} had left it at {value}, with a later step of T{writer} still to come"
            ),
            FaultKind::Duplicate => format!("T{reader} read {value} in {key} twice"),
            FaultKind::IncompatibleOrder => format!(
                "neither of the lists that T{writer} and T{reader} read from {key} is a prefix of the other"
            ),
            FaultKind::TornAppends => format!(
                "the list that T{reader} read from {key} does not hold what T{writer} appended together and in its order"
            ),
        }
    }
}
