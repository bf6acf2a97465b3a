//! The edges that causality forces, with memory linear in the history.
//!
//! A reader of x from `t1` that has `t2` in its causal past (session order and reads, transitively), where `t2` wrote x
//! too, puts `t2` before `t1` (Biswas and Enea 2019, axiom *causal*; AWDIT, PLDI 2025, section 4, for the O(n·k) idea: of
//! each of the k sessions only the last such writer matters, since the others come before it).
//!
//! The causal past is a vector of counters, one for each session. Such vectors for all transactions at once are
//! transactions × sessions; here they are made a few *columns* (sessions) at a time, for all transactions, in
//! topological order. A column needs no other column, so the passes give the same edges, and memory is
//! transactions × columns of one pass.
//!
//! What the reader's past holds of a session beyond the past of `t1` is all that matters: the rest comes before `t1`
//! anyway. The same goes for the past of whoever is known to come before `t1`: of these the topologically latest is
//! remembered, the *herald* of `t1`. Mostly nothing is left, and then the writers of that session are not looked at.
//!
//! An indeterminate transaction comes after its session but before nothing of it. It ends its session's column where
//! it is the first such and nothing comes behind; otherwise it has a column of its own.

use alloc::{vec, vec::Vec};

use super::reading::{INITIAL, Reading, at};
use super::saturate::Forced;
use crate::transactions::budget::{Budget, Stop};
use crate::transactions::{Ending, Transactions};

/// Counters of one pass, at most: 64 MiB.
const COUNTERS_MAX: usize = 1 << 24;
/// Columns of one pass, at least.
const COLUMNS_MIN: usize = 16;

/// `order` holds the transactions that count, each after those it follows or reads from.
pub(super) fn causal(
    history: &Transactions,
    reading: &Reading,
    order: &[u32],
    budget: &mut Budget<'_>,
) -> Result<Vec<Forced>, Stop> {
    let chains = Chains::new(history, reading);
    let writers = Writers::new(history, reading, &chains);
    let width = COUNTERS_MAX
        .checked_div(order.len())
        .unwrap_or(0)
        .max(COLUMNS_MIN)
        .min(chains.count as usize)
        .max(1);
    budget.claim(order.len().saturating_mul(width).saturating_mul(4))?;
    let mut columns = Columns {
        reading,
        chains: &chains,
        writers: &writers,
        first: 0,
        width,
        rows: vec![0; history.len()],
        counters: vec![0; order.len().saturating_mul(width)],
        row: vec![0; width],
        cursors: writers.starts.clone(),
        heralds: vec![INITIAL; history.len()],
        pairs: Pairs::default(),
    };
    for (row, transaction) in (0_u32..).zip(order) {
        if let Some(place) = columns.rows.get_mut(*transaction as usize) {
            *place = row;
        }
    }
    loop {
        for transaction in order {
            columns.visit(*transaction, budget)?;
        }
        columns.pairs.settle(&chains, budget)?;
        let next = (columns.first as usize).saturating_add(width);
        if next >= chains.count as usize {
            break;
        }
        columns.advance(next as u32);
    }
    Ok(columns.pairs.forced)
}

/// Sequences of transactions of which each comes causally before the next.
#[derive(Debug)]
struct Chains {
    count: u32,
    /// Of each transaction its chain and its place there, counted from one.
    places: Vec<(u32, u32)>,
}

impl Chains {
    fn new(history: &Transactions, reading: &Reading) -> Self {
        let sessions = history.sessions_count();
        let mut last_committed: Vec<u32> = vec![0; sessions];
        let headers = history.headers();
        let counted = || {
            reading
                .counted()
                .filter_map(|it| Some((it, headers.get(it as usize)?)))
        };
        for (transaction, header) in counted() {
            let last = last_committed.get_mut(header.session as usize);
            if let Some(last) = last.filter(|_| header.ending == Ending::Committed) {
                *last = transaction;
            }
        }
        let mut lengths: Vec<(u32, bool)> = vec![(0, false); sessions];
        let mut count = sessions as u32;
        let mut places = vec![(0, 0); history.len()];
        for (transaction, header) in counted() {
            let session = header.session as usize;
            let (Some((length, is_closed)), Some(place)) = (
                lengths.get_mut(session),
                places.get_mut(transaction as usize),
            ) else {
                continue;
            };
            let is_committed = header.ending == Ending::Committed;
            if is_committed || (!*is_closed && transaction > at(&last_committed, session)) {
                *is_closed = !is_committed;
                *length = length.saturating_add(1);
                *place = (header.session, *length);
            } else {
                *place = (count, 1);
                count = count.saturating_add(1);
            }
        }
        Self { count, places }
    }

    fn of(&self, transaction: u32) -> (u32, u32) {
        self.places
            .get(transaction as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// The writers of each key, grouped into runs of one chain.
#[derive(Debug)]
struct Writers {
    /// Of each key where its runs begin.
    starts: Vec<u32>,
    runs: Vec<Run>,
    /// Places in the chain, and who stands there.
    entries: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    chain: u32,
    /// Where its entries end; they begin where those of the run before end.
    end: u32,
}

impl Writers {
    fn new(history: &Transactions, reading: &Reading, chains: &Chains) -> Self {
        let mut all: Vec<(u32, u32, u32, u32)> = Vec::with_capacity(reading.written.items().len());
        for transaction in reading.counted() {
            let (chain, place) = chains.of(transaction);
            let written = reading.written.row(transaction).iter();
            all.extend(written.map(|key| (*key, chain, place, transaction)));
        }
        all.sort_unstable();
        let mut writers = Self {
            starts: vec![0; history.keys_count().saturating_add(1)],
            runs: Vec::new(),
            entries: Vec::with_capacity(all.len()),
        };
        for run in all.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            writers.entries.extend(
                run.iter()
                    .map(|(_, _, place, transaction)| (*place, *transaction)),
            );
            if let Some((key, chain, _, _)) = run.first() {
                writers.runs.push(Run {
                    chain: *chain,
                    end: writers.entries.len() as u32,
                });
                if let Some(end) = writers.starts.get_mut((*key as usize).saturating_add(1)) {
                    *end = writers.runs.len() as u32;
                }
            }
        }
        // A key that nobody wrote has no run: its rows are empty.
        let mut latest = 0;
        for start in &mut writers.starts {
            latest = (*start).max(latest);
            *start = latest;
        }
        writers
    }

    fn entries(&self, run: u32) -> &[(u32, u32)] {
        let end = |run: usize| self.runs.get(run).map_or(0, |run| run.end as usize);
        let start = (run as usize).checked_sub(1).map_or(0, end);
        self.entries
            .get(start..end(run as usize))
            .unwrap_or_default()
    }
}

struct Columns<'a> {
    reading: &'a Reading,
    chains: &'a Chains,
    writers: &'a Writers,
    /// The chains `first..first + width` are those of this pass.
    first: u32,
    width: usize,
    /// Where a transaction's row of counters stands.
    rows: Vec<u32>,
    /// Of each transaction, in topological order, how much of each chain it and its past hold.
    counters: Vec<u32>,
    row: Vec<u32>,
    /// Of each key its first run of this pass.
    cursors: Vec<u32>,
    /// Of each transaction the topologically latest that is known to come before it.
    heralds: Vec<u32>,
    pairs: Pairs,
}

impl Columns<'_> {
    fn visit(&mut self, reader: u32, budget: &mut Budget<'_>) -> Result<(), Stop> {
        let reads = self.reading.reads.row(reader);
        budget.spend(reads.len().saturating_add(self.width / 16))?;
        self.row.fill(0);
        let follows = self.reading.follows.get(reader as usize).copied();
        self.join(follows.unwrap_or(INITIAL));
        let mut joined = INITIAL;
        for read in reads {
            if read.writer != joined {
                joined = read.writer;
                self.join(joined);
            }
        }
        for read in reads {
            self.force(read.key, read.writer, budget)?;
        }
        let (chain, place) = self.chains.of(reader);
        let column = chain.wrapping_sub(self.first);
        if let Some(counter) = self.row.get_mut(column as usize) {
            *counter = place;
        }
        let range = self.range(reader);
        if let Some(counters) = self.counters.get_mut(range) {
            counters.copy_from_slice(&self.row);
        }
        Ok(())
    }

    fn row_of(&self, transaction: u32) -> usize {
        at(&self.rows, transaction as usize) as usize
    }

    fn range(&self, transaction: u32) -> core::ops::Range<usize> {
        let start = self.row_of(transaction).saturating_mul(self.width);
        start..start.saturating_add(self.width)
    }

    fn counters_of(&self, transaction: u32) -> &[u32] {
        if transaction == INITIAL {
            return &[];
        }
        self.counters
            .get(self.range(transaction))
            .unwrap_or_default()
    }

    fn join(&mut self, past: u32) {
        if past == INITIAL {
            return;
        }
        let range = self.range(past);
        for (counter, other) in self
            .row
            .iter_mut()
            .zip(self.counters.get(range).unwrap_or_default())
        {
            *counter = (*counter).max(*other);
        }
    }

    /// What the reader knows of this key's writers, and the writer it read from does not, comes before that writer.
    fn force(&mut self, key: u32, writer: u32, budget: &mut Budget<'_>) -> Result<(), Stop> {
        let mut herald = self
            .heralds
            .get(writer as usize)
            .copied()
            .unwrap_or(INITIAL);
        let mut pairs = core::mem::take(&mut self.pairs);
        let known_to_writer = self.counters_of(writer);
        let mut known_to_herald = self.counters_of(herald);
        let end = at(&self.writers.starts, (key as usize).saturating_add(1));
        let mut run = at(&self.cursors, key as usize);
        let mut steps = 0_usize;
        while run < end {
            let Some(Run { chain, .. }) = self.writers.runs.get(run as usize) else {
                break;
            };
            let column = chain.wrapping_sub(self.first) as usize;
            let Some(known) = self.row.get(column).copied() else {
                break;
            };
            steps = steps.saturating_add(1);
            let old = at(known_to_writer, column).max(at(known_to_herald, column));
            if known > old {
                let entries = self.writers.entries(run);
                let after = entries.partition_point(|(place, _)| *place <= known);
                let last = after.checked_sub(1).and_then(|last| entries.get(last));
                if let Some((_, seen)) = last.filter(|(place, _)| *place > old) {
                    pairs.forced.push(Forced {
                        earlier: *seen,
                        later: writer,
                    });
                    if herald == INITIAL || self.row_of(*seen) > self.row_of(herald) {
                        herald = *seen;
                        known_to_herald = self.counters_of(herald);
                    }
                }
            }
            run = run.wrapping_add(1);
        }
        self.pairs = pairs;
        if let Some(place) = self.heralds.get_mut(writer as usize) {
            *place = herald;
        }
        budget.spend(steps)?;
        if self.pairs.is_full() {
            self.pairs.settle(self.chains, budget)?;
        }
        Ok(())
    }

    fn advance(&mut self, first: u32) {
        for (cursor, end) in self
            .cursors
            .iter_mut()
            .zip(self.writers.starts.iter().skip(1))
        {
            while *cursor < *end
                && self
                    .writers
                    .runs
                    .get(*cursor as usize)
                    .is_some_and(|run| run.chain < first)
            {
                *cursor = cursor.wrapping_add(1);
            }
        }
        self.first = first;
        // Of a herald that comes later than the reader nothing is known in this pass.
        self.counters.fill(0);
    }
}

/// Forced pairs. Of those with one later side and one chain only the latest matters: the chain brings the others.
#[derive(Default)]
struct Pairs {
    forced: Vec<Forced>,
    settled: usize,
}

impl Pairs {
    fn is_full(&self) -> bool {
        self.forced.len() >= self.settled.saturating_mul(2).max(1 << 20)
    }

    fn settle(&mut self, chains: &Chains, budget: &mut Budget<'_>) -> Result<(), Stop> {
        budget.claim(self.forced.len().saturating_mul(size_of::<Forced>()))?;
        self.forced.sort_unstable_by_key(|pair| {
            let (chain, place) = chains.of(pair.earlier);
            (pair.later, chain, u32::MAX.wrapping_sub(place))
        });
        self.forced
            .dedup_by_key(|pair| (pair.later, chains.of(pair.earlier).0));
        self.settled = self.forced.len();
        budget.spend(self.settled)
    }
}
