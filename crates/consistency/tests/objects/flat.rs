//! Random and exhaustive small histories of reads and writes, as flat transactions of one step.

use consistency::transactions::{Builder, Ending, MicroOperation, Transactions};
use consistency::{Moment, OperationId, ProcessId, Value};

use crate::common::below;
use quickcheck::Gen;

/// One operation: when, by whom, what.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) process: u64,
    pub(crate) call: u64,
    /// `None` for an indeterminate one.
    pub(crate) end: Option<u64>,
    pub(crate) ending: Ending,
    pub(crate) key: &'static str,
    pub(crate) is_read: bool,
    /// 0 is the initial value.
    pub(crate) value: i64,
}

pub(crate) fn value(number: i64) -> Value {
    if number == 0 {
        Value::Nil
    } else {
        Value::Int(number)
    }
}

pub(crate) fn flat(steps: &[Step]) -> Transactions {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let mut builder = Builder::new();
    for step in steps {
        let id = builder.invoke(ProcessId(step.process), at(step.call));
        let (key, value) = (step.key.into(), value(step.value));
        let micro = if step.is_read {
            let value = (step.ending == Ending::Committed).then_some(value);
            MicroOperation::Read { key, value }
        } else {
            MicroOperation::Write { key, value }
        };
        let end = step.end.map(at);
        builder
            .complete(id, step.ending, end, [micro])
            .expect("open");
    }
    builder.finish()
}

/// The steps with these numbers, alone.
pub(crate) fn only(steps: &[Step], kept: &[OperationId]) -> Vec<Step> {
    kept.iter().map(|id| steps[id.0].clone()).collect()
}

/// Operations of up to `width` positions each, distinct values, reads of values that were written or of none; with
/// `is_loose` also reads of what nobody wrote, failures and timeouts. Equal positions occur.
pub(crate) fn random(g: &mut Gen, count: u64, width: u64, is_loose: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut call = 0;
    let writes = 1 + below(g, count);
    for place in 0..count {
        call += below(g, 3);
        let is_read = below(g, 2) == 0;
        let ending = match below(g, 8) {
            0 if is_loose => Ending::Indeterminate,
            1 if is_loose => Ending::Aborted,
            _ => Ending::Committed,
        };
        let end = (ending == Ending::Committed).then(|| call + below(g, width));
        steps.push(Step {
            process: place,
            call,
            end,
            ending,
            key: "x",
            is_read,
            value: if is_read {
                below(g, writes + 1) as i64
            } else {
                1 + steps.iter().filter(|it: &&Step| !it.is_read).count() as i64
            },
        });
    }
    let written = steps.iter().filter(|step| !step.is_read).count() as i64;
    for step in &mut steps {
        if step.is_read && !is_loose {
            step.value %= written + 1;
        }
    }
    steps
}
