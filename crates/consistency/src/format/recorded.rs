//! What a file holds: single operations or transactions.
//!
//! Rules of transactions. Of one process, `invoke` opens a transaction and `ok`, `fail` or `info` ends it; `ok` repeats
//! the steps with what the reads heard, `fail` means aborted, and `info`, like being open at the end, indeterminate.
//! After an `info` the process may begin another under its number. An event without a process ends what the last event
//! without a process began, and such a transaction is a client's only one: nothing is known about who made it.
//! Which kind a key is (list or register) follows from its appends, its writes and what reads of it heard.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    cursor::Cursor,
    node::{Node, Tree},
};
use crate::{
    Error, EventKind, History, Moment, OperationId, ProcessId, Value,
    transactions::{Builder, Ending, MicroOperation, Transactions},
};

/// What a file holds. See [`parse_recorded`](crate::parse_recorded).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recorded {
    /// Single operations: every event is one.
    Operations(History),
    /// Transactions: every event is one.
    Transactions(Transactions),
}

/// An event of a transaction, as it stands in the file.
#[derive(Debug)]
pub(super) struct Part<'n, 'a> {
    pub(super) line: u64,
    pub(super) process: Option<ProcessId>,
    pub(super) kind: EventKind,
    /// The place of the event, for complaints about what it lacks.
    pub(super) offset: usize,
    pub(super) steps: Option<&'n Node<'a>>,
    pub(super) time_ns: Option<u64>,
}

#[derive(Debug)]
struct Open {
    id: OperationId,
    line: u64,
    process: ProcessId,
    plan: Vec<MicroOperation>,
}

/// Gathers transactions event by event.
#[derive(Debug)]
pub(super) struct Gatherer {
    builder: Builder,
    open: BTreeMap<ProcessId, Open>,
    unnamed: Option<Open>,
    unnamed_count: u64,
    position: u64,
}

impl Gatherer {
    pub(super) fn new() -> Self {
        Self {
            builder: Builder::new(),
            open: BTreeMap::new(),
            unnamed: None,
            unnamed_count: 0,
            position: 0,
        }
    }

    pub(super) fn take(&mut self, cursor: &Cursor<'_>, part: &Part<'_, '_>) -> Result<(), Error> {
        let at = Moment {
            position: self.position,
            time_ns: part.time_ns,
        };
        self.position = self.position.saturating_add(1);
        if part.kind == EventKind::Invoke {
            return self.begin(cursor, part, at);
        }
        let open = match part.process {
            Some(process) => self.open.remove(&process),
            None => self.unnamed.take(),
        };
        let Some(open) = open else {
            return Err(Error::NeverInvoked {
                line: part.line,
                process: part.process.unwrap_or(ProcessId(self.unnamed_count)),
            });
        };
        let ending = match part.kind {
            EventKind::Ok => Ending::Committed,
            EventKind::Fail => Ending::Aborted,
            EventKind::Info | EventKind::Invoke => Ending::Indeterminate,
        };
        if ending != Ending::Committed {
            return self.builder.complete(open.id, ending, None, open.plan);
        }
        let done = steps(cursor, part)?;
        if !is_same_plan(&open.plan, &done) {
            return Err(Error::PairDiffers {
                line: part.line,
                opened_line: open.line,
            });
        }
        self.builder.complete(open.id, ending, Some(at), done)
    }

    fn begin(&mut self, cursor: &Cursor<'_>, part: &Part<'_, '_>, at: Moment) -> Result<(), Error> {
        let before = match part.process {
            Some(process) => self.open.get(&process),
            None => self.unnamed.as_ref(),
        };
        if let Some(before) = before {
            return Err(Error::ProcessBusy {
                line: part.line,
                process: before.process,
                opened_line: before.line,
            });
        }
        let plan = steps(cursor, part)?;
        let process = part.process.unwrap_or(ProcessId(self.unnamed_count));
        let id = self.builder.invoke(process, at);
        self.builder.stand_on_line(part.line);
        let open = Open {
            id,
            line: part.line,
            process,
            plan,
        };
        match part.process {
            Some(process) => drop(self.open.insert(process, open)),
            None => {
                self.unnamed = Some(open);
                self.unnamed_count = self.unnamed_count.saturating_add(1);
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Transactions, Error> {
        let open = core::mem::take(&mut self.open).into_values();
        for open in open.chain(self.unnamed.take()) {
            let ending = Ending::Indeterminate;
            self.builder.complete(open.id, ending, None, open.plan)?;
        }
        let mut history = self.builder.finish();
        history.settle_kinds()?;
        Ok(history)
    }
}

/// Whether what was done is what was planned, apart from what reads heard.
fn is_same_plan(plan: &[MicroOperation], done: &[MicroOperation]) -> bool {
    plan.len() == done.len()
        && plan
            .iter()
            .zip(done)
            .all(|(planned, done)| match (planned, done) {
                (
                    MicroOperation::Read { key, .. } | MicroOperation::ReadList { key, .. },
                    MicroOperation::Read { key: other, .. }
                    | MicroOperation::ReadList { key: other, .. },
                ) => key == other,
                _ => planned == done,
            })
}

fn steps(cursor: &Cursor<'_>, part: &Part<'_, '_>) -> Result<Vec<MicroOperation>, Error> {
    let is_heard = part.kind == EventKind::Ok;
    let Some(node) = part.steps else {
        return Err(cursor.error(part.offset, "a transaction with a value"));
    };
    let Tree::List(nodes) = &node.tree else {
        return Err(cursor.error(node.offset, "a list of steps such as [:append x 1]"));
    };
    nodes
        .iter()
        .map(|node| step(cursor, node, is_heard))
        .collect()
}

fn step(cursor: &Cursor<'_>, node: &Node<'_>, is_heard: bool) -> Result<MicroOperation, Error> {
    let expected = "a step [append key value], [r key value] or [w key value]";
    let Tree::List(words) = &node.tree else {
        return Err(cursor.error(node.offset, expected));
    };
    let [word, key, value] = words.as_slice() else {
        return Err(cursor.error(node.offset, expected));
    };
    let is_list = matches!(value.tree, Tree::List(_));
    let key = key.value(cursor)?;
    Ok(match word.name() {
        Some("append") => MicroOperation::Append {
            key,
            value: value.value(cursor)?,
        },
        Some("w") if is_list => return Err(cursor.error(value.offset, "the value of a register")),
        Some("w") => MicroOperation::Write {
            key,
            value: value.value(cursor)?,
        },
        Some("r") if !is_heard => MicroOperation::Read { key, value: None },
        Some("r") => match value.value(cursor)? {
            Value::List(values) => MicroOperation::ReadList {
                key,
                values: Some(values.to_vec()),
            },
            value => MicroOperation::Read {
                key,
                value: Some(value),
            },
        },
        _ => return Err(cursor.error(word.offset, "append, r or w")),
    })
}
