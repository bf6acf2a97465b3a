//! Transactions of formats that know sessions and no times.
//!
//! Rules. Every transaction stands at position 0, so all are concurrent; only the sessions order them. Sessions are
//! processes, counted from zero in the order of the file, or named by it. A transaction without steps is none. In the
//! formats of which zero is the initial value, a read of zero from a key to which nobody writes zero heard "never
//! written".

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    Format,
    taken::{Numbered, Taken},
};
use crate::{
    Error, Moment, ProcessId, Value,
    transactions::{Builder, Ending, MicroOperation, Transactions},
};

const NO_TIME: Moment = Moment {
    position: 0,
    time_ns: None,
};

/// Gathers transactions session by session.
#[derive(Debug)]
pub(super) struct Gatherer {
    builder: Builder,
    is_zero_initial: bool,
    session: u64,
    /// The present transaction, and its line.
    line: u64,
    steps: Vec<MicroOperation>,
    scattered: Scattered,
}

impl Gatherer {
    pub(super) fn new(format: Format) -> Self {
        Self {
            builder: Builder::new(),
            is_zero_initial: matches!(format, Format::Plume | Format::DbcopJson),
            session: 0,
            line: 0,
            steps: Vec::new(),
            scattered: Scattered::default(),
        }
    }

    pub(super) fn take(&mut self, taken: Taken) -> Result<(), Error> {
        match taken {
            Taken::Step(line, step) => {
                if self.steps.is_empty() {
                    self.line = line;
                }
                self.steps.push(step);
                Ok(())
            }
            Taken::TransactionEnd => self.end(),
            Taken::SessionEnd => {
                self.end()?;
                self.session = self.session.saturating_add(1);
                Ok(())
            }
            Taken::Whole(line, ending, steps) => self.add(self.session, line, ending, steps),
            Taken::Numbered(step) => self.scattered.take(step),
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let steps = core::mem::take(&mut self.steps);
        self.add(self.session, self.line, Ending::Committed, steps)
    }

    fn add(
        &mut self,
        session: u64,
        line: u64,
        ending: Ending,
        steps: Vec<MicroOperation>,
    ) -> Result<(), Error> {
        if steps.is_empty() {
            return Ok(());
        }
        let id = self.builder.invoke(ProcessId(session), NO_TIME);
        self.builder.stand_on_line(line);
        self.builder.complete(id, ending, Some(NO_TIME), steps)
    }

    pub(super) fn finish(mut self) -> Result<Transactions, Error> {
        self.end()?;
        let mut scattered = core::mem::take(&mut self.scattered);
        scattered.steps.sort_by_key(|step| step.transaction);
        let steps = scattered.steps;
        for part in steps.chunk_by(|left, right| left.transaction == right.transaction) {
            let Some(begun) = part
                .first()
                .and_then(|step| scattered.transactions.get(step.transaction as usize))
            else {
                continue;
            };
            let steps = part.iter().map(Step::micro).collect();
            self.add(begun.session, begun.line, begun.ending, steps)?;
        }
        let mut history = self.builder.finish();
        if self.is_zero_initial {
            history.settle_initial(Value::Int(0));
        }
        Ok(history)
    }
}

/// Steps of which each names its transaction, gathered until all are known.
#[derive(Debug, Default)]
struct Scattered {
    steps: Vec<Step>,
    transactions: Vec<Begun>,
    numbers: BTreeMap<i64, u32>,
    last: Option<(i64, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    transaction: u32,
    is_write: bool,
    key: i64,
    value: i64,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    session: u64,
    line: u64,
    ending: Ending,
}

impl Scattered {
    fn take(&mut self, step: Numbered) -> Result<(), Error> {
        let fresh = self.transactions.len() as u32;
        // A step of no transaction is one that was aborted, all by itself.
        let is_aborted = step.transaction == -1;
        let number = match self.last {
            _ if is_aborted => fresh,
            Some((name, number)) if name == step.transaction => number,
            _ => *self.numbers.entry(step.transaction).or_insert(fresh),
        };
        if number == fresh {
            let ending = if is_aborted {
                Ending::Aborted
            } else {
                Ending::Committed
            };
            self.transactions.push(Begun {
                session: step.session,
                line: step.line,
                ending,
            });
        }
        self.last = (!is_aborted).then_some((step.transaction, number));
        let begun = self.transactions.get(number as usize);
        if let Some(begun) = begun.filter(|begun| begun.session != step.session) {
            return Err(Error::TwoSessions {
                line: step.line,
                opened_line: begun.line,
            });
        }
        self.steps.push(Step {
            transaction: number,
            is_write: step.is_write,
            key: step.key,
            value: step.value,
        });
        Ok(())
    }
}

impl Step {
    fn micro(&self) -> MicroOperation {
        let (key, value) = (Value::Int(self.key), Value::Int(self.value));
        if self.is_write {
            MicroOperation::Write { key, value }
        } else {
            let value = Some(value);
            MicroOperation::Read { key, value }
        }
    }
}
