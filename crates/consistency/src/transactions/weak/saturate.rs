//! The edges that read committed and read atomic force, as few as imply them all.
//!
//! Both look at a reader, at a transaction `seen` that it had seen, and at a key that `seen` wrote and the reader read
//! from somebody else: then `seen` comes before that one. The keys are found in the smaller of two sets (what `seen`
//! wrote, what the reader read), which bounds the work by O(n^1.5) for n operations (AWDIT: Møldrup and Pavlogiannis,
//! PLDI 2025, section 3).
//!
//! - Read committed: what was seen is what was read before, in program order. The earliest later read of a key
//!   suffices, and of two reads of one key that follow each other the first writer before the second: the rest follows.
//! - Read atomic: what was seen is all that was read, and all of the session before. Of the session, the last writer of
//!   a key suffices.

use alloc::{vec, vec::Vec};

use super::reading::{INITIAL, Reading, at};
use crate::transactions::Transactions;
use crate::transactions::budget::{Budget, Stop};

/// `earlier` must come before `later`, where `later` may be [`INITIAL`]: then nothing can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forced {
    pub(super) earlier: u32,
    pub(super) later: u32,
}

/// Of one reader at a time, a writer for each key; forgets everything when the next one comes.
struct Table {
    since: Vec<u32>,
    writer: Vec<u32>,
    keys: Vec<u32>,
    round: u32,
}

impl Table {
    fn new(keys: usize) -> Self {
        Self {
            since: vec![0; keys],
            writer: vec![0; keys],
            keys: Vec::new(),
            round: 0,
        }
    }

    fn clear(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.keys.clear();
    }

    fn get(&self, key: u32) -> Option<u32> {
        (at(&self.since, key as usize) == self.round).then(|| at(&self.writer, key as usize))
    }

    fn set(&mut self, key: u32, writer: u32) {
        if let (Some(since), Some(place)) = (
            self.since.get_mut(key as usize),
            self.writer.get_mut(key as usize),
        ) {
            if *since != self.round {
                *since = self.round;
                self.keys.push(key);
            }
            *place = writer;
        }
    }

    /// `seen` comes before whoever wrote a key here that it wrote as well.
    fn force(
        &self,
        reading: &Reading,
        seen: u32,
        forced: &mut Vec<Forced>,
        budget: &mut Budget<'_>,
    ) -> Result<(), Stop> {
        let written = reading.written.row(seen);
        budget.spend(self.keys.len().min(written.len()))?;
        let push = |forced: &mut Vec<Forced>, later: u32| {
            if later != seen {
                forced.push(Forced {
                    earlier: seen,
                    later,
                });
            }
        };
        if written.len() <= self.keys.len() {
            for key in written {
                if let Some(later) = self.get(*key) {
                    push(forced, later);
                }
            }
        } else {
            for key in &self.keys {
                if reading.writes(seen, *key) {
                    push(forced, at(&self.writer, *key as usize));
                }
            }
        }
        Ok(())
    }
}

pub(super) fn read_committed(
    history: &Transactions,
    reading: &Reading,
    budget: &mut Budget<'_>,
) -> Result<Vec<Forced>, Stop> {
    let mut forced = Vec::new();
    let mut later = Table::new(history.keys_count());
    // Of each transaction the reader, plus one, that read from it earlier than where we are.
    let mut first_read: Vec<u32> = vec![0; history.len()];
    let mut is_first: Vec<bool> = Vec::new();
    for reader in reading.counted() {
        let reads = reading.reads.row(reader);
        if reads.len() < 2 {
            continue;
        }
        budget.spend(reads.len())?;
        is_first.clear();
        for read in reads {
            let by = first_read.get_mut(read.writer as usize);
            is_first.push(by.is_some_and(|by| {
                let is_new = *by != reader.wrapping_add(1);
                *by = reader.wrapping_add(1);
                is_new
            }));
        }
        later.clear();
        for (read, is_first) in reads.iter().zip(&is_first).rev() {
            if *is_first {
                later.force(reading, read.writer, &mut forced, budget)?;
            } else if let Some(next) = later.get(read.key)
                && next != read.writer
                && read.writer != INITIAL
            {
                forced.push(Forced {
                    earlier: read.writer,
                    later: next,
                });
            }
            later.set(read.key, read.writer);
        }
    }
    Ok(forced)
}

pub(super) fn read_atomic(
    history: &Transactions,
    reading: &Reading,
    budget: &mut Budget<'_>,
) -> Result<Vec<Forced>, Stop> {
    let mut forced = Vec::new();
    let mut here = Table::new(history.keys_count());
    let mut seen: Vec<u32> = Vec::new();
    for reader in reading.counted() {
        let reads = reading.reads.row(reader);
        budget.spend(reads.len())?;
        here.clear();
        seen.clear();
        for read in reads {
            if read.writer != INITIAL {
                seen.push(read.writer);
            }
            // Two writers of one key: each was seen when the other was read.
            match here.get(read.key) {
                Some(other) if other != read.writer => {
                    for (earlier, later) in [(other, read.writer), (read.writer, other)] {
                        if earlier != INITIAL {
                            forced.push(Forced { earlier, later });
                        }
                    }
                }
                _ => here.set(read.key, read.writer),
            }
        }
        if reads.len() > 1 {
            seen.sort_unstable();
            seen.dedup();
            for seen in &seen {
                here.force(reading, *seen, &mut forced, budget)?;
            }
        }
    }
    sessions(history, reading, &mut forced, budget)?;
    Ok(forced)
}

/// What the session itself had written before: session by session, the last writer of each key.
fn sessions(
    history: &Transactions,
    reading: &Reading,
    forced: &mut Vec<Forced>,
    budget: &mut Budget<'_>,
) -> Result<(), Stop> {
    let mut last = Table::new(history.keys_count());
    for members in by_session(history, reading).windows() {
        last.clear();
        for member in members {
            let reads = reading.reads.row(*member);
            let written = reading.written.row(*member);
            budget.spend(reads.len().saturating_add(written.len()))?;
            for read in reads {
                if let Some(seen) = last.get(read.key)
                    && seen != read.writer
                {
                    forced.push(Forced {
                        earlier: seen,
                        later: read.writer,
                    });
                }
            }
            for key in written {
                last.set(*key, *member);
            }
        }
    }
    Ok(())
}

/// The committed transactions of each session, in its order.
pub(super) struct Sessions {
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Sessions {
    pub(super) fn windows(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|pair| {
            let (start, end) = (at(pair, 0) as usize, at(pair, 1) as usize);
            self.members.get(start..end).unwrap_or_default()
        })
    }
}

pub(super) fn by_session(history: &Transactions, reading: &Reading) -> Sessions {
    let headers = history.headers();
    let committed = || {
        reading.counted().filter_map(|transaction| {
            let header = headers.get(transaction as usize)?;
            (header.ending == crate::transactions::Ending::Committed)
                .then_some((transaction, header.session as usize))
        })
    };
    let mut starts = vec![0_u32; history.sessions_count().saturating_add(2)];
    for (_, session) in committed() {
        if let Some(count) = starts.get_mut(session.saturating_add(2)) {
            *count = count.saturating_add(1);
        }
    }
    let mut sum = 0_u32;
    for start in &mut starts {
        sum = sum.saturating_add(*start);
        *start = sum;
    }
    let mut members = vec![0; sum as usize];
    for (transaction, session) in committed() {
        // The next free place of a session stands one further, so that it ends as the session's beginning.
        if let Some(next) = starts.get_mut(session.saturating_add(1)) {
            if let Some(place) = members.get_mut(*next as usize) {
                *place = transaction;
            }
            *next = next.saturating_add(1);
        }
    }
    starts.pop();
    Sessions { starts, members }
}
