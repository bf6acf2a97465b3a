//! Small histories, and a short way to write them.

use consistency::causal::{Certificate, check};
use std::fmt;

use consistency::transactions::{Builder, Ending, MicroOperation, Transactions};
use consistency::{Anomaly, Consistency, Judgement, Limits, Moment, OperationId, ProcessId, Value};

/// The models of this check.
pub(crate) const LEVELS: [Consistency; 8] = [
    Consistency::CausalMemory,
    Consistency::CausalConvergence,
    Consistency::Causal,
    Consistency::Pram,
    Consistency::ReadYourWrites,
    Consistency::MonotonicReads,
    Consistency::MonotonicWrites,
    Consistency::WritesFollowReads,
];

/// One operation: a read, a write, or both. The value 0 is "never written".
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) session: u64,
    pub(crate) ending: Ending,
    pub(crate) key: char,
    pub(crate) read: Option<i64>,
    pub(crate) written: Option<i64>,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, key, .. } = self;
        write!(f, "{:?} {session}", self.ending)?;
        if let Some(value) = self.read {
            write!(f, " r({key})={value}")?;
        }
        if let Some(value) = self.written {
            write!(f, " w({key})={value}")?;
        }
        Ok(())
    }
}

pub(crate) const fn r(session: u64, key: char, value: i64) -> Op {
    Op {
        session,
        ending: Ending::Committed,
        key,
        read: Some(value),
        written: None,
    }
}

pub(crate) const fn w(session: u64, key: char, value: i64) -> Op {
    Op {
        session,
        ending: Ending::Committed,
        key,
        read: None,
        written: Some(value),
    }
}

pub(crate) const fn cas(session: u64, key: char, expected: i64, new: i64) -> Op {
    Op {
        session,
        ending: Ending::Committed,
        key,
        read: Some(expected),
        written: Some(new),
    }
}

pub(crate) const fn timed_out(op: Op) -> Op {
    Op {
        ending: Ending::Indeterminate,
        ..op
    }
}

pub(crate) const fn failed(op: Op) -> Op {
    Op {
        ending: Ending::Aborted,
        ..op
    }
}

fn value(number: i64) -> Value {
    match number {
        0 => Value::Nil,
        number => number.into(),
    }
}

pub(crate) fn history(ops: &[Op]) -> Transactions {
    let mut builder = Builder::new();
    for (place, op) in ops.iter().enumerate() {
        let at = Moment {
            position: place as u64,
            time_ns: None,
        };
        let id = builder.invoke(ProcessId(op.session), at);
        let key = || Value::from(op.key.to_string().as_str());
        let read = op.read.map(|heard| MicroOperation::Read {
            key: key(),
            value: (op.ending == Ending::Committed).then(|| value(heard)),
        });
        let written = op.written.map(|written| MicroOperation::Write {
            key: key(),
            value: value(written),
        });
        let steps = read.into_iter().chain(written);
        builder
            .complete(id, op.ending, Some(at), steps)
            .expect("open");
    }
    builder.finish()
}

pub(crate) fn judge(ops: &[Op], level: Consistency) -> Judgement<Certificate> {
    check(&history(ops), level, &Limits::default(), &mut || true)
}

/// The anomaly of a history that does not hold.
pub(crate) fn anomaly(ops: &[Op], level: Consistency) -> Anomaly {
    match judge(ops, level) {
        Judgement::Violated(anomaly) => *anomaly,
        other => panic!("{level}: {other:?}"),
    }
}

/// The history in which only `kept` are known: what read the write of another is no longer heard.
pub(crate) fn keep_only(ops: &[Op], kept: &[OperationId]) -> Vec<Op> {
    let is_kept = |place: usize| kept.contains(&OperationId(place));
    let writer = |key: char, value: i64| {
        ops.iter().position(|op| {
            op.ending != Ending::Aborted && op.key == key && op.written == Some(value)
        })
    };
    let mut rest = Vec::new();
    for (place, op) in ops.iter().enumerate() {
        if !is_kept(place) {
            continue;
        }
        let mut op = *op;
        if let Some(read) = op.read
            && let Some(writer) = writer(op.key, read)
            && !is_kept(writer)
        {
            op.read = None;
        }
        rest.push(op);
    }
    rest
}
