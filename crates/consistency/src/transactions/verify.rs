//! The separate verifier of commit orders, for every level: it shares no code with the checkers.
//!
//! A *place* is a position in the order, counted from one; place 0 is the initial state. Let `t3` read x from `t1`. Then
//! no `t2` that wrote x and that `t3` had to see may stand behind `t1` (Biswas and Enea 2019, section 2.3). Whom it had
//! to see:
//!
//! - read committed: whom it read from before, in program order; read atomic: whom it reads from, and its session before
//!   it; causal: its causal past;
//! - the others: everyone up to a *horizon*. Prefix: the last place of its session before it and of those it reads from;
//!   snapshot isolation: of writers before it of a key that it writes, too; serializable: the place before its own.
//!
//! Strict serializability also asks that nobody stands before somebody who had returned when it was called.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use super::{Ending, Header, Micro, MicroKind, Transactions};
use crate::{Consistency, Error, OperationId};

/// Whether `order` is a commit order that explains the history at `level`: it holds every committed transaction, some
/// indeterminate ones and no aborted one, keeps the order of each session, and every read sees what it must.
///
/// O(n log n) for n steps and elements of lists read; O(n^1.5 log n) for read committed and read atomic, which is
/// O(n log n) where a transaction is small. Causal also takes (transactions + reads) × (sessions + indeterminate
/// transactions in the order): quadratic where sessions are many. Nothing stops it on the way.
///
/// ```
/// use consistency::transactions::{Builder, Ending, MicroOperation, verify};
/// use consistency::{Consistency, Error, Moment, ProcessId, Value};
///
/// let (mut builder, at) = (Builder::new(), |position| Moment { position, time_ns: None });
/// let writer = builder.invoke(ProcessId(0), at(0));
/// let write = MicroOperation::Write { key: "x".into(), value: 1.into() };
/// builder.complete(writer, Ending::Committed, Some(at(1)), [write])?;
/// let reader = builder.invoke(ProcessId(1), at(2));
/// let read = MicroOperation::Read { key: "x".into(), value: Some(Value::Nil) };
/// builder.complete(reader, Ending::Committed, Some(at(3)), [read])?;
/// let history = builder.finish();
///
/// assert_eq!(verify(&history, Consistency::Serializable, &[reader, writer]), Ok(()));
/// assert_eq!(
///     verify(&history, Consistency::StrictSerializable, &[reader, writer]),
///     Err(Error::WitnessOrder { operation: writer }),
/// );
/// # Ok::<(), consistency::Error>(())
/// ```
///
/// # Errors
/// The `Witness…` variants of [`Error`]; [`Error::NotTransactional`] for a model of single operations.
pub fn verify(
    history: &Transactions,
    level: Consistency,
    order: &[OperationId],
) -> Result<(), Error> {
    if !level.is_transactional() {
        return Err(Error::NotTransactional { level });
    }
    let places = places(history, order)?;
    let follows = sessions(history, &places, order.len())?;
    let mut latest_call = 0;
    for operation in order.iter().copied() {
        let Some(header) = history.headers().get(operation.0) else {
            continue;
        };
        if level == Consistency::StrictSerializable && header.end_position < latest_call {
            return Err(Error::WitnessOrder { operation });
        }
        latest_call = latest_call.max(header.call.position);
    }
    let mut lines = vec![Line::default(); history.keys_count()];
    for (place, operation) in (1..).zip(order) {
        for micro in history.micros_of(operation.0) {
            if let Some(line) = lines
                .get_mut(micro.key as usize)
                .filter(|_| micro.is_write())
            {
                line.values.push(micro.value);
                line.places.push(place);
            }
        }
    }
    let case = Case {
        history,
        order,
        reads: reads(history, order, &lines)?,
        lines,
        follows,
    };
    let wrong = match level {
        Consistency::ReadCommitted | Consistency::ReadAtomic => case.unseen(level),
        Consistency::CausalTransactions => case.outside_its_past(),
        _ => case.beyond_the_horizon(level),
    };
    let operation = wrong.and_then(|place| operation_at(order, place));
    operation.map_or(Ok(()), |operation| Err(Error::WitnessIllegal { operation }))
}

fn operation_at(order: &[OperationId], place: u32) -> Option<OperationId> {
    order.get((place as usize).checked_sub(1)?).copied()
}

/// The writes of one key in the order: what, and at which place.
#[derive(Clone, Default)]
struct Line {
    values: Vec<u32>,
    places: Vec<u32>,
}

/// An external read: who, what, from whom; `next` is how much of the line it saw.
struct Read {
    reader: u32,
    key: u32,
    source: u32,
    next: usize,
}

/// The place of each transaction, 0 where it has none.
fn places(history: &Transactions, order: &[OperationId]) -> Result<Vec<u32>, Error> {
    let mut places = vec![0; history.len()];
    for (place, operation) in (1..).zip(order.iter().copied()) {
        match (
            places.get_mut(operation.0),
            history.headers().get(operation.0),
        ) {
            (Some(0), Some(header)) if header.ending == Ending::Aborted => {
                return Err(Error::WitnessFailed { operation });
            }
            (Some(free), _) if *free == 0 => *free = place,
            (Some(_), _) => return Err(Error::WitnessRepeats { operation }),
            (None, _) => return Err(Error::WitnessStranger { operation }),
        }
    }
    let all = history.headers().iter().zip(&places).enumerate();
    for (operation, (header, place)) in all {
        if header.ending == Ending::Committed && *place == 0 {
            let operation = OperationId(operation);
            return Err(Error::WitnessMisses { operation });
        }
    }
    Ok(places)
}

/// Of each place that of the committed transaction before it in its session.
fn sessions(history: &Transactions, places: &[u32], count: usize) -> Result<Vec<u32>, Error> {
    let mut last = vec![0; history.sessions_count()];
    let mut follows = vec![0; count.saturating_add(1)];
    for (
        operation,
        (
            Header {
                session, ending, ..
            },
            place,
        ),
    ) in history.headers().iter().zip(places).enumerate()
    {
        if let (Some(last), 1..) = (last.get_mut(*session as usize), *place) {
            if *place < *last {
                let operation = OperationId(operation);
                return Err(Error::WitnessSession { operation });
            }
            if let Some(follows) = follows.get_mut(*place as usize) {
                *follows = *last;
            }
            if *ending == Ending::Committed {
                *last = *place;
            }
        }
    }
    Ok(follows)
}

/// Every external read of a committed transaction, in the order of places and then of the program.
fn reads(
    history: &Transactions,
    order: &[OperationId],
    lines: &[Line],
) -> Result<Vec<Read>, Error> {
    let mut writers: Vec<(u32, u32, u32)> = Vec::new();
    for (key, line) in (0..).zip(lines) {
        let writes = line.values.iter().zip(&line.places);
        writers.extend(writes.map(|(value, place)| (key, *value, *place)));
    }
    writers.sort_unstable();
    let mut reads = Vec::new();
    for (reader, operation) in (1..).zip(order.iter().copied()) {
        if history.ending(operation.0 as u32) != Some(Ending::Committed) {
            continue;
        }
        let mut own: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for micro in history.micros_of(operation.0) {
            let (mine, line) = (own.get(&micro.key), lines.get(micro.key as usize));
            let source = match (micro.kind, mine, line) {
                (MicroKind::Append | MicroKind::Write, ..) => {
                    own.entry(micro.key).or_default().push(micro.value);
                    continue;
                }
                (MicroKind::ReadUnheard, ..) => continue,
                (MicroKind::Read, Some(mine), _) if mine.last() == Some(&micro.value) => continue,
                (MicroKind::Read, None, Some(line)) => of_register(&writers, *micro, line),
                (MicroKind::ReadPrefix | MicroKind::ReadStrange, mine, Some(line)) => {
                    of_list(history.list(*micro), mine.map_or(&[], Vec::as_slice), line)
                }
                _ => None,
            };
            let Some((source, next)) = source.filter(|(source, _)| *source < reader) else {
                return Err(Error::WitnessIllegal { operation });
            };
            reads.push(Read {
                reader,
                key: micro.key,
                source,
                next,
            });
        }
    }
    Ok(reads)
}

/// The one writer of the value, whose last write of this key it is.
fn of_register(writers: &[(u32, u32, u32)], read: Micro, line: &Line) -> Option<(u32, usize)> {
    let (key, value) = (read.key, read.value);
    let start = writers.partition_point(|writer| (writer.0, writer.1) < (key, value));
    let end = writers.partition_point(|writer| (writer.0, writer.1) <= (key, value));
    let found = writers.get(start..end)?;
    let (Some((.., source)), Some((.., last))) = (found.first(), found.last()) else {
        return (value == Transactions::NIL).then_some((0, 0));
    };
    let next = line.places.partition_point(|place| place <= source);
    let is_final = line.values.get(next.checked_sub(1)?) == Some(&value);
    (source == last && is_final && value != Transactions::NIL).then_some((*source, next))
}

/// The list is what stands in the line so far, up to a whole transaction, and the reader's own elements.
fn of_list(list: &[u32], own: &[u32], line: &Line) -> Option<(u32, usize)> {
    let base = list.strip_suffix(own)?;
    let source = base
        .len()
        .checked_sub(1)
        .and_then(|last| line.places.get(last));
    let source = source.copied().unwrap_or(0);
    let is_whole = line.places.get(base.len()) != Some(&source);
    (line.values.starts_with(base) && is_whole).then_some((source, base.len()))
}

struct Case<'a> {
    history: &'a Transactions,
    order: &'a [OperationId],
    reads: Vec<Read>,
    lines: Vec<Line>,
    follows: Vec<u32>,
}

impl Case<'_> {
    /// The places of those who wrote what this read saw replaced: all behind its source.
    fn newer(&self, read: &Read) -> &[u32] {
        let line = self.lines.get(read.key as usize);
        line.and_then(|line| line.places.get(read.next..))
            .unwrap_or_default()
    }

    fn header(&self, place: u32) -> Option<&Header> {
        self.history
            .headers()
            .get(operation_at(self.order, place)?.0)
    }

    fn micros(&self, place: u32) -> &[Micro] {
        let operation = operation_at(self.order, place);
        operation.map_or(&[], |operation| self.history.micros_of(operation.0))
    }

    /// Read committed and read atomic.
    fn unseen(&self, level: Consistency) -> Option<u32> {
        for reads in self.reads.chunk_by(|one, other| one.reader == other.reader) {
            let mut seen = Seen::new(self, reads);
            if level == Consistency::ReadAtomic {
                reads.iter().for_each(|read| seen.add(read.source));
            }
            for read in reads {
                if seen.has_newer(read) {
                    return Some(read.reader);
                }
                seen.add(read.source);
            }
        }
        if level == Consistency::ReadCommitted {
            return None;
        }
        let mut last: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let mut reads = self.reads.iter().peekable();
        for place in 1..=self.order.len() as u32 {
            let header = self.header(place)?;
            while let Some(read) = reads.next_if(|read| read.reader == place) {
                let own = last.get(&(header.session, read.key));
                if own.is_some_and(|own| *own > read.source) {
                    return Some(place);
                }
            }
            let writes = self.micros(place).iter().filter(|micro| micro.is_write());
            for write in writes.filter(|_| header.ending == Ending::Committed) {
                last.insert((header.session, write.key), place);
            }
        }
        None
    }

    /// Causal: chain by chain (a session, or an indeterminate transaction), how far each transaction's past holds it.
    fn outside_its_past(&self) -> Option<u32> {
        let know = |table: &[u32], place: u32| table.get(place as usize).copied().unwrap_or(0);
        let mut chains = vec![u32::MAX];
        let mut count = self.history.sessions_count() as u32;
        for place in 1..=self.order.len() as u32 {
            let header = self.header(place)?;
            if header.ending == Ending::Committed {
                chains.push(header.session);
            } else {
                chains.push(count);
                count = count.saturating_add(1);
            }
        }
        let by_chain = |line: &Line| {
            let places = line
                .places
                .iter()
                .map(|place| (know(&chains, *place), *place));
            let mut places: Vec<(u32, u32)> = places.collect();
            places.sort_unstable();
            places
        };
        let writers: Vec<Vec<(u32, u32)>> = self.lines.iter().map(by_chain).collect();
        let mut known = vec![0_u32; chains.len()];
        for chain in 0..count {
            let mut rest = self.reads.as_slice();
            for (place, of_chain) in (0_u32..).zip(&chains) {
                let here = rest.iter().take_while(|read| read.reader <= place);
                let (reads, others) = rest.split_at_checked(here.count())?;
                rest = others;
                let before = know(&self.follows, place);
                let sources = reads.iter().map(|read| know(&known, read.source));
                let past = sources.fold(know(&known, before), u32::max);
                for read in reads {
                    let is_newer = self.newer(read).first().is_some_and(|at| *at <= past);
                    if let Some(writers) = writers.get(read.key as usize).filter(|_| is_newer) {
                        let after = writers.partition_point(|at| *at <= (chain, past));
                        let last = after.checked_sub(1).and_then(|last| writers.get(last));
                        if last.is_some_and(|last| last.0 == chain && last.1 > read.source) {
                            return Some(place);
                        }
                    }
                }
                if let Some(known) = known.get_mut(place as usize) {
                    *known = if *of_chain == chain { place } else { past };
                }
            }
        }
        None
    }

    /// Prefix, snapshot isolation and serializability.
    fn beyond_the_horizon(&self, level: Consistency) -> Option<u32> {
        let mut horizons = self.follows.clone();
        for read in &self.reads {
            if let Some(horizon) = horizons.get_mut(read.reader as usize) {
                *horizon = (*horizon).max(read.source);
            }
        }
        for (place, horizon) in (0_u32..).zip(&mut horizons) {
            match level {
                Consistency::Prefix => {}
                Consistency::SnapshotIsolation => {
                    let micros = self.micros(place).iter();
                    for write in micros.filter(|micro| micro.is_write()) {
                        let line = self.lines.get(write.key as usize)?;
                        let before = line.places.partition_point(|other| *other < place);
                        let last = before.checked_sub(1).and_then(|last| line.places.get(last));
                        *horizon = last.copied().unwrap_or(0).max(*horizon);
                    }
                }
                _ => *horizon = place.saturating_sub(1),
            }
        }
        let is_wrong = |read: &&Read| {
            let horizon = horizons.get(read.reader as usize).copied().unwrap_or(0);
            self.newer(read)
                .first()
                .is_some_and(|place| *place <= horizon)
        };
        self.reads.iter().find(is_wrong).map(|read| read.reader)
    }
}

/// Of one reader: which writers it has seen, as the latest of them for each key that it reads.
struct Seen<'a> {
    case: &'a Case<'a>,
    sources: BTreeSet<u32>,
    latest: BTreeMap<u32, u32>,
}

impl<'a> Seen<'a> {
    fn new(case: &'a Case<'a>, reads: &[Read]) -> Self {
        Self {
            case,
            sources: BTreeSet::new(),
            latest: reads.iter().map(|read| (read.key, 0)).collect(),
        }
    }

    /// O(the smaller of what it wrote and what the reader reads), times a logarithm; O(log) a second time.
    fn add(&mut self, source: u32) {
        if source == 0 || !self.sources.insert(source) {
            return;
        }
        let micros = self.case.micros(source);
        if micros.len() <= self.latest.len() {
            for write in micros.iter().filter(|micro| micro.is_write()) {
                if let Some(latest) = self.latest.get_mut(&write.key) {
                    *latest = source.max(*latest);
                }
            }
        } else {
            for (key, latest) in &mut self.latest {
                let line = self.case.lines.get(*key as usize);
                if line.is_some_and(|line| line.places.binary_search(&source).is_ok()) {
                    *latest = source.max(*latest);
                }
            }
        }
    }

    /// Whether it has seen somebody who wrote this key behind the one it read it from.
    fn has_newer(&self, read: &Read) -> bool {
        self.latest
            .get(&read.key)
            .is_some_and(|latest| *latest > read.source)
    }
}
