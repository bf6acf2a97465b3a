//! The work on one key: whose each value is, the order of a list, the version each read saw.

use alloc::{vec, vec::Vec};

use super::{
    facts::{Entry, Facts, Stop},
    fault::{Fault, FaultKind},
    rows::{NONE, at, put},
    scan::OutsideRead,
};
use crate::{
    NotCheckable,
    transactions::{Ending, Micro, MicroKind, Transactions},
};

/// A list that ends within the appends of one transaction shows no version.
const WITHIN: u32 = NONE - 1;

/// Who wrote a value of the key in hand.
#[derive(Clone, Copy, Debug)]
struct Owner {
    /// The key plus one.
    stamp: u32,
    entry: u32,
    is_twice: bool,
}

/// Its tables are used again for the next key: the stamps tell whose they are.
#[derive(Debug)]
pub(super) struct Judge {
    /// For each value.
    owners: Vec<Owner>,
    /// For each place of the longest list its entry.
    places: Vec<u32>,
    /// For each length of a list the version it shows: a place among the writers in order, [`NONE`] for the empty one,
    /// or [`WITHIN`].
    versions: Vec<u32>,
}

impl Judge {
    pub(super) fn new(values_count: usize) -> Self {
        let nobody = Owner {
            stamp: 0,
            entry: NONE,
            is_twice: false,
        };
        Self {
            owners: vec![nobody; values_count],
            places: Vec::new(),
            versions: Vec::new(),
        }
    }

    /// Finds each value's entry: one that did not abort before one that did, and of one transaction the last.
    pub(super) fn index(
        &mut self,
        history: &Transactions,
        key: u32,
        is_list: bool,
        entries: &[Entry],
    ) {
        let stamp = key.wrapping_add(1);
        for (number, entry) in (0_u32..).zip(entries) {
            let Some(owner) = self.owners.get_mut(entry.value as usize) else {
                continue;
            };
            let mut is_twice = false;
            if owner.stamp == stamp {
                if is_aborted(history, entry.writer) {
                    continue;
                }
                let other = entries.get(owner.entry as usize);
                let is_rival = other.is_some_and(|other| {
                    !is_aborted(history, other.writer) && (is_list || other.writer != entry.writer)
                });
                is_twice = owner.is_twice || is_rival;
            }
            *owner = Owner {
                stamp,
                entry: number,
                is_twice,
            };
        }
    }

    fn entry_of(&self, history: &Transactions, key: u32, value: u32) -> Result<u32, Stop> {
        match self.owners.get(value as usize) {
            Some(owner) if owner.stamp == key.wrapping_add(1) => {
                if owner.is_twice {
                    return Err(Stop::NotCheckable(NotCheckable::WrittenTwice {
                        key: history.key(key),
                        value: history.value(value),
                    }));
                }
                Ok(owner.entry)
            }
            _ => Ok(NONE),
        }
    }

    pub(super) fn register(
        &self,
        facts: &mut Facts<'_>,
        key: u32,
        entries: &[Entry],
    ) -> Result<(), Stop> {
        let history = facts.history;
        for read in facts.reads.row_mut(key) {
            let number = self.entry_of(history, key, read.seen)?;
            let found = entries.get(number as usize);
            let is_initial = read.seen == Transactions::NIL;
            let mut fault = Fault {
                kind: FaultKind::ThinAir,
                key,
                value: read.seen,
                reader: read.reader,
                writer: found.map_or(NONE, |entry| entry.writer),
            };
            let next = entries.get(number.wrapping_add(1) as usize);
            fault.kind = match found {
                None if is_initial => continue,
                None => FaultKind::ThinAir,
                Some(entry) if is_aborted(history, entry.writer) => {
                    // Its value may be the initial one: then nobody needs the aborted write.
                    if is_initial {
                        continue;
                    }
                    FaultKind::AbortedRead
                }
                Some(_) if is_initial => {
                    return Err(Stop::NotCheckable(NotCheckable::WrittenTwice {
                        key: history.key(key),
                        value: history.value(read.seen),
                    }));
                }
                Some(entry) if entry.writer == read.reader => FaultKind::Internal,
                Some(entry) if next.is_some_and(|next| next.writer == entry.writer) => {
                    FaultKind::IntermediateRead
                }
                Some(entry) => {
                    // Becomes a place among the writers once all who take part are known.
                    read.version = entry.writer;
                    take_in(&mut facts.takes_part, entry.writer);
                    continue;
                }
            };
            facts.faults.push(fault);
        }
        Ok(())
    }

    pub(super) fn list(
        &mut self,
        facts: &mut Facts<'_>,
        key: u32,
        entries: &mut [Entry],
    ) -> Result<(), Stop> {
        let history = facts.history;
        let mut longest: Option<OutsideRead> = None;
        for read in facts.reads.row(key) {
            if longest.is_none_or(|longest| read.seen > longest.seen) {
                longest = Some(*read);
            }
        }
        let Some(longest) = longest else {
            return Ok(());
        };
        put(&mut facts.longest, key, longest.reader);
        let list = list_seen(history, longest);
        self.place(facts, key, longest.reader, list, entries)?;
        torn_runs(facts, key, longest.reader, list, entries);
        self.number_versions(entries);
        self.versions_of_reads(facts, key, longest, list, entries)
    }

    /// Gives the elements of the longest list their entries.
    fn place(
        &mut self,
        facts: &mut Facts<'_>,
        key: u32,
        reader: u32,
        list: &[u32],
        entries: &mut [Entry],
    ) -> Result<(), Stop> {
        let history = facts.history;
        self.places.clear();
        for (place, value) in (0_u32..).zip(list) {
            let number = self.entry_of(history, key, *value)?;
            let entry = entries.get_mut(number as usize);
            let fault = |kind, writer| Fault {
                kind,
                key,
                value: *value,
                reader,
                writer,
            };
            let mut known = NONE;
            match entry {
                None => facts.faults.push(fault(FaultKind::ThinAir, NONE)),
                Some(entry) if is_aborted(history, entry.writer) => {
                    facts
                        .faults
                        .push(fault(FaultKind::AbortedRead, entry.writer));
                }
                Some(entry) if entry.place != NONE => {
                    facts.faults.push(fault(FaultKind::Duplicate, NONE));
                }
                Some(entry) => {
                    entry.place = place;
                    known = number;
                    take_in(&mut facts.takes_part, entry.writer);
                }
            }
            self.places.push(known);
        }
        Ok(())
    }

    /// A version ends where the next element is another transaction's.
    fn number_versions(&mut self, entries: &[Entry]) {
        self.versions.clear();
        self.versions.push(NONE);
        let writer_at = |place: usize| {
            let number = self.places.get(place).copied().unwrap_or(NONE);
            entries.get(number as usize).map(|entry| entry.writer)
        };
        let (mut version, mut last) = (NONE, None);
        for place in 0..self.places.len() {
            let writer = writer_at(place);
            if writer.is_some() && writer != last {
                version = version.wrapping_add(1);
                last = writer;
            }
            let next = writer_at(place.saturating_add(1));
            let is_within = writer.is_some() && next == writer;
            self.versions.push(if is_within { WITHIN } else { version });
        }
    }

    fn versions_of_reads(
        &self,
        facts: &mut Facts<'_>,
        key: u32,
        longest: OutsideRead,
        list: &[u32],
        entries: &[Entry],
    ) -> Result<(), Stop> {
        let history = facts.history;
        let spine = history.spine(key);
        // How far the spine, which most reads are prefixes of, agrees with the longest list.
        let common = if is_strange(history, longest) {
            let pairs = spine.iter().zip(list);
            pairs.take_while(|(left, right)| left == right).count()
        } else {
            list.len()
        };
        let mut own = entries.iter().peekable();
        for read in facts.reads.row_mut(key) {
            let agrees = if is_strange(history, *read) {
                list.starts_with(list_seen(history, *read))
            } else {
                read.seen as usize <= common
            };
            let mut fault = Fault {
                kind: FaultKind::IncompatibleOrder,
                key,
                value: NONE,
                reader: read.reader,
                writer: longest.reader,
            };
            if !agrees {
                self.stranger(&mut fault, list_seen(history, *read), history, entries)?;
                facts.faults.push(fault);
                read.version = WITHIN;
                continue;
            }
            read.version = at(&self.versions, read.seen);
            if read.version == WITHIN {
                let number = at(&self.places, read.seen.wrapping_sub(1));
                let entry = entries.get(number as usize);
                fault.kind = FaultKind::IntermediateRead;
                fault.value = entry.map_or(NONE, |entry| entry.value);
                fault.writer = entry.map_or(NONE, |entry| entry.writer);
                facts.faults.push(fault);
            }
            // Reads and entries both follow the order of transactions.
            while own.next_if(|entry| entry.writer < read.reader).is_some() {}
            while let Some(entry) = own.next_if(|entry| entry.writer == read.reader) {
                if entry.place < read.seen {
                    fault.kind = FaultKind::Internal;
                    fault.writer = read.reader;
                    facts.faults.push(fault);
                    break;
                }
            }
        }
        Ok(())
    }

    /// A list that is no prefix of the longest may hold an element it must not hold at all.
    fn stranger(
        &self,
        fault: &mut Fault,
        list: &[u32],
        history: &Transactions,
        entries: &[Entry],
    ) -> Result<(), Stop> {
        for value in list {
            let number = self.entry_of(history, fault.key, *value)?;
            let found = entries.get(number as usize);
            let kind = match found {
                None => FaultKind::ThinAir,
                Some(entry) if is_aborted(history, entry.writer) => FaultKind::AbortedRead,
                Some(_) => continue,
            };
            fault.kind = kind;
            fault.value = *value;
            fault.writer = found.map_or(NONE, |entry| entry.writer);
            break;
        }
        Ok(())
    }

    /// Adds the key's writers to the facts: those in order, then the loose ones.
    pub(super) fn writers(&mut self, facts: &mut Facts<'_>, key: u32, entries: &[Entry]) {
        let before = facts.writers.len();
        let placed = entries.iter().filter(|entry| entry.place != NONE);
        let length = placed
            .clone()
            .map(|entry| entry.place.saturating_add(1))
            .max();
        self.places.clear();
        self.places.resize(length.unwrap_or(0) as usize, NONE);
        for entry in placed {
            put(&mut self.places, entry.place, entry.writer);
        }
        for writer in self.places.iter().filter(|writer| **writer != NONE) {
            if facts.writers.get(before..).and_then(<[u32]>::last) != Some(writer) {
                facts.writers.push(*writer);
            }
        }
        facts
            .ordered
            .push(facts.writers.len().saturating_sub(before) as u32);
        for run in entries.chunk_by(|left, right| left.writer == right.writer) {
            let Some(writer) = run.first().map(|entry| entry.writer) else {
                continue;
            };
            let takes_part = facts.takes_part.get(writer as usize) == Some(&true);
            if takes_part && run.iter().all(|entry| entry.place == NONE) {
                facts.writers.push(writer);
            }
        }
        facts.starts.push(facts.writers.len() as u32);
        if facts.is_list.get(key as usize) == Some(&false) {
            let writers = facts.writers.get(before..).unwrap_or_default();
            for read in facts.reads.row_mut(key) {
                let place = writers.binary_search(&read.version);
                read.version = place.map_or(NONE, |place| place as u32);
            }
        }
    }
}

fn is_aborted(history: &Transactions, transaction: u32) -> bool {
    let header = history.headers().get(transaction as usize);
    header.is_none_or(|header| header.ending == Ending::Aborted)
}

fn take_in(takes_part: &mut [bool], writer: u32) {
    if let Some(takes_part) = takes_part.get_mut(writer as usize) {
        *takes_part = true;
    }
}

fn micro_of(history: &Transactions, read: OutsideRead) -> Option<Micro> {
    let micros = history.micros_of(read.reader as usize);
    micros.get(read.step as usize).copied()
}

fn is_strange(history: &Transactions, read: OutsideRead) -> bool {
    micro_of(history, read).is_some_and(|micro| micro.kind == MicroKind::ReadStrange)
}

/// What others had appended when this was read.
fn list_seen(history: &Transactions, read: OutsideRead) -> &[u32] {
    let list = micro_of(history, read).map(|micro| history.list(micro));
    list.and_then(|list| list.get(..read.seen as usize))
        .unwrap_or_default()
}

/// The appends of one transaction must stand together in the list, in its order, and all or none of them.
fn torn_runs(facts: &mut Facts<'_>, key: u32, reader: u32, list: &[u32], entries: &[Entry]) {
    for run in entries.chunk_by(|left, right| left.writer == right.writer) {
        let mut fault = Fault {
            kind: FaultKind::TornAppends,
            key,
            value: NONE,
            reader,
            writer: run.first().map_or(NONE, |entry| entry.writer),
        };
        let seen = run.iter().filter(|entry| entry.place != NONE).count();
        let mut pairs = run
            .iter()
            .zip(run.iter().skip(1))
            .take(seen.saturating_sub(1));
        let is_together = run.first().is_some_and(|entry| entry.place != NONE)
            && pairs.all(|(left, right)| left.place.wrapping_add(1) == right.place);
        let last = seen.checked_sub(1).and_then(|last| run.get(last));
        let Some(last) = last else { continue };
        if !is_together {
            facts.faults.push(fault);
        } else if seen < run.len() {
            let is_at_end = last.place as usize == list.len().saturating_sub(1);
            if is_at_end {
                fault.kind = FaultKind::IntermediateRead;
                fault.value = last.value;
            }
            facts.faults.push(fault);
        }
    }
}
