//! Who read from whom: every value read is traced to its one writer, and what no order could mend is named at once.
//!
//! *Internal* reads come after a write of the same key in the same transaction and must see it; all others are
//! *external* and are what the axioms speak of. Checked here, before any order is looked for:
//!
//! - a value that nobody wrote (thin air), or that the reader itself writes only later (future read);
//! - a value of an aborted transaction (G1a), or one that its own transaction replaced later (G1b);
//! - an internal read that does not end in the transaction's own writes.

use alloc::{vec, vec::Vec};

use super::facts::{Fact, Facts};
use super::lists::Lists;
use crate::transactions::budget::{Budget, Stop};
use crate::transactions::{Ending, Micro, MicroKind, Transactions};
use crate::{Anomaly, Edge, OperationId, Reason, Rule, Value};

/// Stands for the transaction that wrote the initial state: before all others, and no place in the history.
pub(super) const INITIAL: u32 = u32::MAX;

/// An external read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) key: u32,
    pub(super) writer: u32,
}

/// Rows of different lengths, one behind the other.
#[derive(Debug)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) const fn new() -> Self {
        Self {
            ends: Vec::new(),
            items: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(super) fn end_row(&mut self) {
        self.ends.push(self.items.len() as u32);
    }

    pub(super) fn row(&self, row: u32) -> &[T] {
        let row = row as usize;
        let start = row
            .checked_sub(1)
            .map_or(0, |before| at(&self.ends, before));
        let end = at(&self.ends, row);
        self.items
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    pub(super) const fn items(&self) -> &Vec<T> {
        &self.items
    }
}

/// One entry of a table; 0 outside of it.
pub(super) fn at(table: &[u32], place: usize) -> u32 {
    table.get(place).copied().unwrap_or(0)
}

/// What the axioms need of a history.
#[derive(Debug)]
pub(super) struct Reading {
    /// Whether a transaction counts as committed: it did, or somebody read from it.
    pub(super) counts: Vec<bool>,
    /// Of each transaction its external reads, in program order.
    pub(super) reads: Rows<Read>,
    /// Of each transaction the keys it wrote, ascending, each once.
    pub(super) written: Rows<u32>,
    /// The order of versions that lists give away.
    pub(super) versions: Vec<Version>,
    /// Of each transaction that counts the one before it in its session order.
    pub(super) follows: Vec<u32>,
}

/// The version of `key` by `later` comes after the one by `earlier`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) key: u32,
    pub(super) earlier: u32,
    pub(super) later: u32,
    /// Who read the list that says so.
    pub(super) reader: u32,
    /// Whether that list does not hold the later one.
    pub(super) is_beyond: bool,
}

impl Reading {
    pub(super) fn new(history: &Transactions, budget: &mut Budget<'_>) -> Result<Self, Stop> {
        let facts = Facts::new(history, budget)?;
        let mut tracer = Tracer {
            history,
            lists: Lists::new(history, &facts),
            facts: &facts,
            counts: history
                .headers()
                .iter()
                .map(|header| header.ending == Ending::Committed)
                .collect(),
            reads: Rows::new(),
            own_since: vec![0; history.keys_count()],
            own: vec![0; history.keys_count()],
            appended: Vec::new(),
            last_append: vec![NONE; history.keys_count()],
        };
        for transaction in 0..history.len() as u32 {
            budget.spend(history.micros_of(transaction as usize).len())?;
            // What an indeterminate transaction read is unknown, also when what it wrote was seen.
            if history.ending(transaction) == Some(Ending::Committed) {
                tracer.trace(transaction)?;
            }
            tracer.reads.end_row();
        }
        let Tracer {
            lists,
            mut counts,
            reads,
            ..
        } = tracer;
        let versions = lists.versions(&mut counts, budget)?;
        let follows = follows(history, &counts);
        drop(facts);
        Ok(Self {
            written: written(history, &counts),
            counts,
            reads,
            versions,
            follows,
        })
    }

    pub(super) fn counts(&self, transaction: u32) -> bool {
        self.counts.get(transaction as usize) == Some(&true)
    }

    pub(super) fn writes(&self, transaction: u32, key: u32) -> bool {
        self.written.row(transaction).binary_search(&key).is_ok()
    }

    /// The transactions that count, ascending.
    pub(super) fn counted(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..)
            .zip(&self.counts)
            .filter_map(|(transaction, counts)| counts.then_some(transaction))
    }
}

/// A committed transaction comes before all later ones of its session; an indeterminate one before none, since it may
/// take effect at any time.
fn follows(history: &Transactions, counts: &[bool]) -> Vec<u32> {
    let mut last = vec![INITIAL; history.sessions_count()];
    let mut follows = vec![INITIAL; history.len()];
    let all = history.headers().iter().zip(counts).zip(&mut follows);
    for (transaction, ((header, counts), follows)) in (0_u32..).zip(all) {
        let Some(last) = last.get_mut(header.session as usize) else {
            continue;
        };
        if *counts {
            *follows = *last;
        }
        if header.ending == Ending::Committed {
            *last = transaction;
        }
    }
    follows
}

fn written(history: &Transactions, counts: &[bool]) -> Rows<u32> {
    let mut rows = Rows::new();
    let mut keys = Vec::new();
    for (transaction, counts) in counts.iter().enumerate() {
        keys.clear();
        if *counts {
            let writes = history.micros_of(transaction).iter();
            keys.extend(
                writes
                    .filter(|micro| micro.is_write())
                    .map(|micro| micro.key),
            );
            keys.sort_unstable();
            keys.dedup();
        }
        for key in &keys {
            rows.push(*key);
        }
        rows.end_row();
    }
    rows
}

/// Walks through the transactions one by one.
struct Tracer<'a> {
    history: &'a Transactions,
    facts: &'a Facts,
    lists: Lists<'a>,
    counts: Vec<bool>,
    reads: Rows<Read>,
    /// Of each key the transaction, plus one, that `own` speaks of.
    own_since: Vec<u32>,
    /// What that transaction wrote last; for a list, how much it appended.
    own: Vec<u32>,
    /// What it appended, and the place of its append to the same key before that.
    appended: Vec<(u32, u32)>,
    /// Of each key that `own` speaks of the place of its last append.
    last_append: Vec<u32>,
}

/// No place among the appends.
const NONE: u32 = u32::MAX;

impl Tracer<'_> {
    fn trace(&mut self, reader: u32) -> Result<(), Stop> {
        self.appended.clear();
        for micro in self.history.micros_of(reader as usize) {
            match micro.kind {
                MicroKind::Write => {
                    self.set_own(reader, micro.key, micro.value);
                }
                MicroKind::Append => {
                    let count = self.own(reader, micro.key);
                    self.set_own(reader, micro.key, count.unwrap_or(0).saturating_add(1));
                    let place = self.appended.len() as u32;
                    if let Some(last) = self.last_append.get_mut(micro.key as usize) {
                        let before = count.map_or(NONE, |_| *last);
                        self.appended.push((micro.value, before));
                        *last = place;
                    }
                }
                MicroKind::Read => self.read(reader, *micro)?,
                MicroKind::ReadPrefix | MicroKind::ReadStrange => self.read_list(reader, *micro)?,
                MicroKind::ReadUnheard => {}
            }
        }
        Ok(())
    }

    fn own(&self, reader: u32, key: u32) -> Option<u32> {
        let since = at(&self.own_since, key as usize);
        (since == reader.wrapping_add(1)).then(|| at(&self.own, key as usize))
    }

    fn set_own(&mut self, reader: u32, key: u32, value: u32) {
        if let (Some(since), Some(own)) = (
            self.own_since.get_mut(key as usize),
            self.own.get_mut(key as usize),
        ) {
            *since = reader.wrapping_add(1);
            *own = value;
        }
    }

    fn read(&mut self, reader: u32, micro: Micro) -> Result<(), Stop> {
        if let Some(own) = self.own(reader, micro.key) {
            return if own == micro.value {
                Ok(())
            } else {
                Err(self.internal(reader, micro, self.history.value(own)))
            };
        }
        let writer = if micro.value == Transactions::NIL {
            match self.facts.get(micro.key, Transactions::NIL) {
                Some(fact) if !fact.is_aborted(self.history) => {
                    return Err(fact.is_written_twice(self.history));
                }
                _ => INITIAL,
            }
        } else {
            let fact = self
                .facts
                .source(self.history, reader, micro.key, micro.value)?;
            if !fact.is_final {
                return Err(intermediate(self.history, reader, fact).into());
            }
            fact.transaction
        };
        self.external(micro.key, writer);
        Ok(())
    }

    fn read_list(&mut self, reader: u32, micro: Micro) -> Result<(), Stop> {
        let list = self.history.list(micro);
        let own = self.own(reader, micro.key).unwrap_or(0) as usize;
        let (base, tail) = list
            .len()
            .checked_sub(own)
            .and_then(|length| list.split_at_checked(length))
            .unwrap_or((&[], &[]));
        if own > 0 && (tail.len() != own || !self.ends_in_own(micro.key, tail)) {
            let last = at(&self.last_append, micro.key as usize);
            let last = self.appended.get(last as usize);
            let last = last.map_or(Transactions::NIL, |(value, _)| *value);
            return Err(self.internal(reader, micro, self.history.value(last)));
        }
        let writer = match base.last() {
            None => INITIAL,
            Some(last) => {
                let source = self.facts.source(self.history, reader, micro.key, *last);
                let fact = source.map_err(|mut stop| {
                    if let Stop::Violated(anomaly) = &mut stop {
                        involve(anomaly, self.facts.last_other(reader, micro.key, base));
                    }
                    stop
                })?;
                if !fact.is_final {
                    return Err(intermediate(self.history, reader, fact).into());
                }
                fact.transaction
            }
        };
        self.lists.read(reader, micro, base);
        self.external(micro.key, writer);
        Ok(())
    }

    /// Whether its last appends to this key are those, in this order. O(their number).
    fn ends_in_own(&self, key: u32, tail: &[u32]) -> bool {
        let mut place = at(&self.last_append, key as usize);
        tail.iter().rev().all(|value| {
            let own = self.appended.get(place as usize);
            place = own.map_or(NONE, |(_, before)| *before);
            own.is_some_and(|(own, _)| own == value)
        })
    }

    fn external(&mut self, key: u32, writer: u32) {
        if let Some(counts) = self.counts.get_mut(writer as usize) {
            *counts = true;
        }
        self.reads.push(Read { key, writer });
    }

    fn internal(&self, reader: u32, micro: Micro, own: Value) -> Stop {
        let key = self.history.key(micro.key);
        let read = seen_value(self.history, micro);
        let clause = alloc::format!(
            "the transaction wrote {own} to {key} and then read {read} there, not its own write"
        );
        let mut anomaly = contradiction(INTERNAL, reader, clause);
        let seen = [micro.value];
        let seen = match micro.kind {
            MicroKind::Read => &seen,
            _ => self.history.list(micro),
        };
        let writer = self.facts.last_other(reader, micro.key, seen);
        involve(&mut anomaly, writer);
        anomaly.into()
    }
}

/// What a read saw, for people.
pub(super) fn seen_value(history: &Transactions, micro: Micro) -> Value {
    match micro.kind {
        MicroKind::ReadPrefix | MicroKind::ReadStrange => {
            Value::list(history.list(micro).iter().map(|it| history.value(*it)))
        }
        _ => history.value(micro.value),
    }
}

const INTERNAL: Rule = Rule {
    name: "internal",
    about: "a transaction does not see its own last write",
};

const INTERMEDIATE: Rule = Rule {
    name: "G1b",
    about: "a transaction reads what another one replaced before it committed",
};

fn intermediate(history: &Transactions, reader: u32, fact: Fact) -> Anomaly {
    let (key, value) = (history.key(fact.key), history.value(fact.value));
    read_of(
        INTERMEDIATE,
        reader,
        fact.transaction,
        Reason::ReadsFrom { key, value },
        "it was not the last that the writer wrote there, so nobody else may see it",
    )
}

/// One transaction that contradicts itself.
pub(super) fn contradiction(
    rule: Rule,
    transaction: u32,
    clause: alloc::string::String,
) -> Anomaly {
    let id = OperationId(transaction as usize);
    Anomaly {
        rule,
        operations: vec![id],
        edges: vec![Edge {
            source: id,
            target: id,
            reason: Reason::Because(clause),
        }],
        is_minimal: false,
    }
}

/// Adds whom it takes.
pub(super) fn involve(anomaly: &mut Anomaly, transactions: impl IntoIterator<Item = u32>) {
    let ids = transactions.into_iter().map(|it| OperationId(it as usize));
    anomaly.operations.extend(ids);
    anomaly.operations.sort_unstable();
    anomaly.operations.dedup();
}

/// A read of something that must not be read.
pub(super) fn read_of(
    rule: Rule,
    reader: u32,
    writer: u32,
    reason: Reason,
    objection: &str,
) -> Anomaly {
    let (reader, writer) = (OperationId(reader as usize), OperationId(writer as usize));
    let mut operations = vec![reader, writer];
    operations.sort_unstable();
    operations.dedup();
    let edges = vec![
        Edge {
            source: writer,
            target: reader,
            reason,
        },
        Edge {
            source: reader,
            target: writer,
            reason: Reason::Because(objection.into()),
        },
    ];
    Anomaly {
        rule,
        operations,
        edges,
        is_minimal: false,
    }
}
