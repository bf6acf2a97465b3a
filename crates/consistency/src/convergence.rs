//! Convergence: once nobody writes any more, do all replicas give the same answers?
//!
//! A history is *quiet* from a position on when every write has returned before it. Reads called from there on are
//! judged, key by key:
//!
//! - they all return one value (eventual consistency: Terry and others 1995; Vogels 2009),
//! - which somebody wrote, or which is the initial one. A list whose elements were all written counts as siblings: a
//!   store that keeps concurrent writes side by side,
//! - and which was not certainly overwritten: by a later write of the session that wrote it, or of a session that had
//!   read it, or, for the initial value, by any write. (Siblings are not judged so: a put that does not name what it
//!   has seen leaves it standing.)
//!
//! Time alone overwrites nothing: stores that are not linearizable may order writes otherwise. Nor does a history say
//! how long replicas need to talk to each other, so who gives no position asks for convergence at once; give the one
//! from which the network had been whole long enough.
//!
//! A key with an indeterminate write is never quiet by itself: it may take effect at any later time. Such keys are
//! judged only when a position is given, which then says that it did not.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use crate::{
    Anomaly, Edge, Judgement, Limits, NotCheckable, OperationId, Reason, Rule, UnknownReason,
    Value,
    transactions::{Ending, Header, MicroKind, Transactions},
};

const DIVERGENT: Rule = Rule {
    name: "divergent-reads",
    about: "two reads of one key return different values although nothing is written any more",
};
const THIN_AIR: Rule = Rule {
    name: "thin-air-read",
    about: "a read returns a value that no operation that may have happened wrote",
};
const RESURRECTED: Rule = Rule {
    name: "lost-overwrite",
    about: "a key ends with a value that was overwritten by somebody who knew it",
};

/// What all reads agree on; see [`convergence`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Converged {
    /// The position from which on the history is quiet.
    pub quiet_from: u64,
    /// The keys that were read from there on.
    pub keys: Vec<ConvergedKey>,
}

/// What one key ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConvergedKey {
    /// The key.
    pub key: Value,
    /// What every quiet read of it returned.
    pub value: Value,
    /// The quiet reads. One alone agrees with itself.
    pub reads: Vec<OperationId>,
}

/// Whether the reads of a quiet history agree. With `quiet_from`, reads called at that position or later are judged,
/// and nothing is said of keys that are still written; without, those called after every write of the history had
/// returned.
///
/// *Not checkable* ([`NotCheckable::NeverQuiet`]): there are no such reads. Registers only: an append or a read of a
/// list is not checkable either. O(n log n).
///
/// ```
/// use consistency::{Judgement, Limits, Moment, OperationId, ProcessId, convergence};
/// use consistency::transactions::{Builder, Ending, MicroOperation};
///
/// let mut builder = Builder::new();
/// let mut position = 0..;
/// let mut done = |process, step| {
///     let mut now = || Moment { position: position.next().unwrap_or(0), time_ns: None };
///     let id = builder.invoke(ProcessId(process), now());
///     builder.complete(id, Ending::Committed, Some(now()), [step])?;
///     Ok::<_, consistency::Error>(id)
/// };
/// let read = |value: i64| MicroOperation::Read { key: "x".into(), value: Some(value.into()) };
/// let write = |value: i64| MicroOperation::Write { key: "x".into(), value: value.into() };
/// done(0, write(1))?;
/// done(1, write(2))?;
/// let one = done(2, read(1))?;
/// let other = done(3, read(2))?;
/// let judgement = convergence(&builder.finish(), None, &Limits::default(), &mut || true);
/// let anomaly = judgement.anomaly().expect("two values");
/// assert_eq!(anomaly.rule.name, "divergent-reads");
/// assert_eq!(anomaly.operations, [one, other]);
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn convergence(
    history: &Transactions,
    quiet_from: Option<u64>,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Converged> {
    if !keep_going() {
        return Judgement::Unknown(UnknownReason::Interrupted);
    }
    let bytes = history.steps_count().saturating_mul(size_of::<Step>());
    if bytes > limits.bytes_max {
        return Judgement::Unknown(UnknownReason::MemoryBound);
    }
    let mut steps = match steps(history) {
        Ok(steps) => steps,
        Err(operation) => {
            return Judgement::NotCheckable(NotCheckable::NotReadOrWrite { operation });
        }
    };
    let is_found = quiet_from.is_none();
    let quiet_from = quiet_from.unwrap_or_else(|| {
        let ends = steps.iter().filter(|it| it.is_write && it.is_committed());
        ends.map(|it| it.end.saturating_add(1)).max().unwrap_or(0)
    });
    // Stable: a transaction's own steps keep their order.
    steps.sort_by_key(|step| (step.key, step.operation));
    let mut keys = Vec::new();
    for steps in steps.chunk_by(|a, b| a.key == b.key) {
        if !keep_going() {
            return Judgement::Unknown(UnknownReason::Interrupted);
        }
        let key = Key {
            history,
            steps,
            quiet_from,
        };
        if !key.is_quiet(is_found) {
            continue;
        }
        match key.judge() {
            Ok(Some(converged)) => keys.push(converged),
            Ok(None) => {}
            Err(anomaly) => return Judgement::Violated(anomaly),
        }
    }
    if keys.is_empty() {
        return Judgement::NotCheckable(NotCheckable::NeverQuiet);
    }
    Judgement::Holds(Converged { quiet_from, keys })
}

/// A read or a write of one key.
#[derive(Clone, Copy, Debug)]
struct Step {
    key: u32,
    value: u32,
    operation: u32,
    session: u32,
    is_write: bool,
    ending: Ending,
    call: u64,
    end: u64,
}

impl Step {
    fn is_committed(&self) -> bool {
        self.ending == Ending::Committed
    }

    const fn id(&self) -> OperationId {
        OperationId(self.operation as usize)
    }
}

fn steps(history: &Transactions) -> Result<Vec<Step>, OperationId> {
    let mut steps = Vec::new();
    for (place, header) in history.headers().iter().enumerate() {
        for micro in history.micros_of(place) {
            let is_write = match micro.kind {
                MicroKind::Write => true,
                MicroKind::Read => false,
                MicroKind::ReadUnheard => continue,
                _ => return Err(OperationId(place)),
            };
            let Header {
                session,
                ending,
                call,
                end_position: end,
                ..
            } = *header;
            if is_write || ending == Ending::Committed {
                steps.push(Step {
                    key: micro.key,
                    value: micro.value,
                    operation: place as u32,
                    session,
                    is_write,
                    ending,
                    call: call.position,
                    end,
                });
            }
        }
    }
    Ok(steps)
}

/// The steps of one key, by operation.
struct Key<'a> {
    history: &'a Transactions,
    steps: &'a [Step],
    quiet_from: u64,
}

impl Key<'_> {
    fn writes(&self) -> impl Iterator<Item = &Step> {
        let writes = self.steps.iter().filter(|it| it.is_write);
        writes.filter(|it| it.ending != Ending::Aborted)
    }

    /// Whether nobody writes it from `quiet_from` on.
    fn is_quiet(&self, is_found: bool) -> bool {
        self.writes().all(|write| match write.ending {
            Ending::Committed => write.end < self.quiet_from,
            _ => !is_found && write.call < self.quiet_from,
        })
    }

    fn judge(&self) -> Result<Option<ConvergedKey>, Box<Anomaly>> {
        let mut reads = self.steps.iter();
        let mut quiet = reads
            .by_ref()
            .filter(|it| !it.is_write && it.call >= self.quiet_from);
        let Some(first) = quiet.next() else {
            return Ok(None);
        };
        let mut converged = ConvergedKey {
            key: self.history.key(first.key),
            value: self.history.value(first.value),
            reads: [first.id()].into(),
        };
        for read in quiet {
            if read.value != first.value {
                return Err(anomaly(
                    DIVERGENT,
                    [first.id(), read.id()].into(),
                    Vec::new(),
                ));
            }
            if converged.reads.last() != Some(&read.id()) {
                converged.reads.push(read.id());
            }
        }
        let mut writers = self.writes().filter(|it| it.value == first.value);
        match (writers.next(), writers.next()) {
            (None, _) if first.value == Transactions::NIL => self.not_overwritten(first, None)?,
            (None, _) if self.are_siblings(&converged.value) => {}
            (None, _) => return Err(anomaly(THIN_AIR, [first.id()].into(), Vec::new())),
            (Some(write), None) if first.value != Transactions::NIL => {
                self.not_overwritten(first, Some(write))?;
            }
            // Which of several writes it saw cannot be said.
            (Some(_), _) => {}
        }
        Ok(Some(converged))
    }

    /// Whether every element of this list was written to the key.
    fn are_siblings(&self, value: &Value) -> bool {
        let Value::List(siblings) = value else {
            return false;
        };
        let written: BTreeSet<Value> = self
            .writes()
            .map(|it| self.history.value(it.value))
            .collect();
        !siblings.is_empty() && siblings.iter().all(|it| written.contains(it))
    }

    /// Refuses a final value that somebody overwrote who knew it. `write` is its one write; `None` for the initial
    /// value, which everybody knows.
    fn not_overwritten(&self, read: &Step, write: Option<&Step>) -> Result<(), Box<Anomaly>> {
        let mut who_knows: BTreeSet<u32> = BTreeSet::new();
        for step in self.steps.iter().filter(|it| it.is_committed()) {
            if step.value == read.value {
                who_knows.insert(step.session);
            } else if step.is_write && (write.is_none() || who_knows.contains(&step.session)) {
                return Err(self.overwritten(read, write, step));
            }
        }
        Ok(())
    }

    fn overwritten(&self, read: &Step, write: Option<&Step>, newer: &Step) -> Box<Anomaly> {
        let mut operations: Vec<OperationId> = [read.id(), newer.id()].into();
        operations.extend(write.map(Step::id));
        let misses = Reason::Misses {
            key: self.history.key(read.key),
            read: self.history.value(read.value),
            newer: self.history.value(newer.value),
        };
        // How the overwriting session knew: by its own write, or by its first read of the value.
        let knew = self.steps.iter().find(|it| {
            it.value == read.value && it.session == newer.session && it.operation <= newer.operation
        });
        operations.extend(knew.map(Step::id));
        operations.sort_unstable();
        operations.dedup();
        let edges = [
            (newer.id(), read.id(), Reason::RealTime),
            (read.id(), newer.id(), misses),
        ];
        let edge = |(source, target, reason)| Edge {
            source,
            target,
            reason,
        };
        let mut found = anomaly(RESURRECTED, operations, edges.map(edge).into());
        // Without the write of the value, the read of it would come out of thin air.
        found.is_minimal = write.is_none();
        found
    }
}

fn anomaly(rule: Rule, mut operations: Vec<OperationId>, edges: Vec<Edge>) -> Box<Anomaly> {
    operations.sort_unstable();
    operations.dedup();
    Box::new(Anomaly {
        rule,
        operations,
        edges,
        is_minimal: true,
    })
}
