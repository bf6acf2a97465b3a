//! Transactions whose begin and end are events.
//!
//! Rules. Of one process, `invoke` opens a transaction and `ok`, `fail` or `info` ends it; `ok` repeats the steps with
//! what the reads heard, `fail` means aborted, and `info`, like being open at the end, indeterminate. After an `info`
//! the process may begin another under its number. An event without a process ends what the last event without a
//! process began, and such a transaction is a client's only one: nothing is known about who made it. Which kind a key
//! is (list or register) follows from its appends, its writes and what reads of it heard.

use alloc::{collections::BTreeMap, vec::Vec};

use super::taken::Part;
use crate::{
    Error, EventKind, Moment, OperationId, ProcessId,
    transactions::{Builder, Ending, MicroOperation, Transactions},
};

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

    pub(super) fn take(&mut self, part: Part) -> Result<(), Error> {
        let at = Moment {
            position: self.position,
            time_ns: part.time_ns,
        };
        self.position = self.position.saturating_add(1);
        if part.kind == EventKind::Invoke {
            return self.begin(part, at);
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
        if !is_same_plan(&open.plan, &part.steps) {
            return Err(Error::PairDiffers {
                line: part.line,
                opened_line: open.line,
            });
        }
        self.builder.complete(open.id, ending, Some(at), part.steps)
    }

    fn begin(&mut self, part: Part, at: Moment) -> Result<(), Error> {
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
        let process = part.process.unwrap_or(ProcessId(self.unnamed_count));
        let id = self.builder.invoke(process, at);
        self.builder.stand_on_line(part.line);
        let open = Open {
            id,
            line: part.line,
            process,
            plan: part.steps,
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
        let history = self.builder.finish();
        history.settle_kinds()?;
        Ok(history)
    }
}

/// Whether what was done is what was planned, apart from what reads heard.
fn is_same_plan(plan: &[MicroOperation], done: &[MicroOperation]) -> bool {
    use MicroOperation::{Read, ReadList};
    let is_same = |(planned, done): (&MicroOperation, &MicroOperation)| match (planned, done) {
        (Read { .. } | ReadList { .. }, Read { .. } | ReadList { .. }) => {
            planned.key() == done.key()
        }
        _ => planned == done,
    };
    plan.len() == done.len() && plan.iter().zip(done).all(is_same)
}
