//! Checks certificates. Shares no code with the checks: it reads the history anew, by values, and replays.

mod guarantees;
mod order;
mod views;

use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::{Certificate, Ending, Transactions};
use crate::{Consistency, Error, OperationId, transactions::MicroKind};

/// Whether this certificate shows that the history keeps this model.
///
/// An order is replayed with a clock for each session, in O(n · k) for k sessions, and memory for as many clocks as
/// there are writes still to be read; views in O(n) each. For the session guarantees there is no certificate, and
/// the definition is applied read by read: O(n²) and more, for histories of some thousand operations.
///
/// # Errors
/// [`Error::WitnessKind`] for a certificate of another model; otherwise the first operation that does not fit: a
/// stranger, one placed twice, left out, before an earlier one of its session or before the write it read, or a read that
/// should have seen something else ([`Error::WitnessIllegal`]).
///
/// ```
/// use consistency::causal::{Certificate, check, of_operations, verify};
/// use consistency::{Consistency, Error, Limits, ProcessId, Recorder, Register, RegisterInput, RegisterOutput, Value};
///
/// let mut recorder = Recorder::new();
/// let write = recorder.invoke(ProcessId(0), RegisterInput::write(1), 0)?;
/// recorder.ok(write, RegisterOutput::Done, 1)?;
/// let read = recorder.invoke(ProcessId(1), RegisterInput::read(), 2)?;
/// recorder.ok(read, RegisterOutput::Value(1.into()), 3)?;
/// let history = of_operations(&Register::new(Value::Nil), &recorder.finish())?;
///
/// let right = Certificate::Order(vec![write, read]);
/// assert_eq!(verify(&history, Consistency::Causal, &right), Ok(()));
/// let wrong = Certificate::Order(vec![read, write]);
/// let refused = verify(&history, Consistency::Causal, &wrong);
/// assert_eq!(refused, Err(Error::WitnessBeforeSource { operation: read }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    history: &Transactions,
    level: Consistency,
    certificate: &Certificate,
) -> Result<(), Error> {
    let lines = Lines::of(history);
    match (level, certificate) {
        (Consistency::Causal, Certificate::Order(order)) => order::replay(&lines, order, false),
        (Consistency::CausalConvergence, Certificate::Order(order)) => {
            order::replay(&lines, order, true)
        }
        (Consistency::CausalMemory, Certificate::Views(views)) => {
            views::replay(history, &lines, views, true)
        }
        (Consistency::Pram, Certificate::Views(views)) => {
            views::replay(history, &lines, views, false)
        }
        (
            Consistency::ReadYourWrites
            | Consistency::MonotonicReads
            | Consistency::MonotonicWrites
            | Consistency::WritesFollowReads,
            Certificate::ReadByRead,
        ) => guarantees::apply(&lines, level),
        _ => Err(Error::WitnessKind { level }),
    }
}

/// One operation as this verifier reads it.
#[derive(Clone, Copy, Debug)]
struct Line {
    session: usize,
    /// Key and value.
    read: Option<(u32, u32)>,
    written: Option<(u32, u32)>,
    ending: Ending,
    /// The operation whose write it read.
    source: Option<usize>,
    /// The committed operation of its session before it.
    previous: Option<usize>,
}

/// The history, operation by operation.
struct Lines {
    all: Vec<Line>,
    keys_count: usize,
    sessions_count: usize,
}

impl Lines {
    fn of(history: &Transactions) -> Self {
        let mut writers = BTreeMap::new();
        let mut all = Vec::with_capacity(history.len());
        let mut last = vec![None; history.sessions_count()];
        for (place, header) in history.headers().iter().enumerate() {
            let (mut read, mut written) = (None, None);
            for micro in history.micros_of(place) {
                match (micro.kind, header.ending) {
                    (MicroKind::Read, Ending::Committed) => read = Some((micro.key, micro.value)),
                    (MicroKind::Write, _) => written = Some((micro.key, micro.value)),
                    _ => {}
                }
            }
            if let Some(written) = written
                && header.ending != Ending::Aborted
            {
                writers.entry(written).or_insert(place);
            }
            let session = header.session as usize;
            let previous = last.get(session).copied().flatten();
            if header.ending == Ending::Committed
                && (read.is_some() || written.is_some())
                && let Some(last) = last.get_mut(session)
            {
                *last = Some(place);
            }
            all.push(Line {
                session,
                read,
                written,
                ending: header.ending,
                source: None,
                previous,
            });
        }
        for line in &mut all {
            let version = line.read.filter(|(_, value)| *value != Transactions::NIL);
            line.source = version.and_then(|version| writers.get(&version).copied());
        }
        Self {
            all,
            keys_count: history.keys_count(),
            sessions_count: history.sessions_count(),
        }
    }

    /// The operation of this number, if it has a place in an order.
    fn placed(&self, operation: OperationId) -> Result<&Line, Error> {
        let stranger = Error::WitnessStranger { operation };
        let line = self.all.get(operation.0).ok_or_else(|| stranger.clone())?;
        match (line.ending, line.read, line.written) {
            (Ending::Aborted, ..) => Err(Error::WitnessFailed { operation }),
            (_, None, None) => Err(stranger),
            _ => Ok(line),
        }
    }
}

/// Which operations an order has placed so far.
struct Placed {
    is_placed: Vec<bool>,
}

impl Placed {
    fn new(lines: &Lines) -> Self {
        Self {
            is_placed: vec![false; lines.all.len()],
        }
    }

    fn is(&self, place: usize) -> bool {
        self.is_placed.get(place).copied().unwrap_or(false)
    }

    /// Places the next one: once, and behind `previous` of its session.
    fn place(&mut self, operation: OperationId, previous: Option<usize>) -> Result<(), Error> {
        if previous.is_some_and(|previous| !self.is(previous)) {
            return Err(Error::WitnessProcessOrder { operation });
        }
        match self.is_placed.get_mut(operation.0) {
            Some(is_placed) if !*is_placed => *is_placed = true,
            _ => return Err(Error::WitnessRepeats { operation }),
        }
        Ok(())
    }

    /// That what this operation read is placed.
    fn has_source(&self, operation: OperationId, line: &Line) -> Result<(), Error> {
        let is_version = line
            .read
            .is_some_and(|(_, value)| value != Transactions::NIL);
        if is_version && !line.source.is_some_and(|source| self.is(source)) {
            return Err(Error::WitnessBeforeSource { operation });
        }
        Ok(())
    }
}
