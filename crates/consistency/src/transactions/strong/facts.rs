//! Who wrote each key, in which order as far as that is certain, and which version each reader saw.
//!
//! Lists. Every read from outside is a state of the list, so of two of them one is a prefix of the other, and the
//! longest gives the order of all elements ever read (Kingsbury and Alvaro 2020). The appends of a transaction take
//! effect at once: they stand together in it, and no read ends between them. Committed appends in no read come after
//! all that were read, in an order that nobody saw: those writers are *loose*.
//!
//! Registers. Each value read has one writer. All writers of a key are loose, unless each of them read the version
//! that it replaced (see [`chain`](super::chain)).
//!
//! An indeterminate transaction takes part exactly when a committed one read something of it: leaving out one that
//! nobody saw never turns a good order into a bad one.

use alloc::{vec, vec::Vec};

use super::{
    fault::Fault,
    judge::Judge,
    rows::{NONE, Rows, at},
    scan::{OutsideRead, Scan},
};
use crate::{
    NotCheckable, UnknownReason,
    transactions::{Ending, MicroKind, Transactions},
};

/// How many transactions or keys are done between two questions whether to go on.
pub(in crate::transactions) const STRIDE: usize = 4_096;

/// One append or write.
#[derive(Clone, Copy, Debug)]
pub(in crate::transactions) struct Entry {
    pub(in crate::transactions) writer: u32,
    pub(in crate::transactions) value: u32,
    /// A list: its place in the longest list read, or [`NONE`].
    pub(in crate::transactions) place: u32,
}

const BLANK: Entry = Entry {
    writer: NONE,
    value: NONE,
    place: NONE,
};

/// Everything that the checkers need, key by key.
#[derive(Debug)]
pub(in crate::transactions) struct Facts<'a> {
    pub(in crate::transactions) history: &'a Transactions,
    /// Whether a transaction takes part in the order.
    pub(in crate::transactions) takes_part: Vec<bool>,
    pub(in crate::transactions) reads: Rows<OutsideRead>,
    /// The writers of all keys, key by key, those in certain order before the loose ones.
    pub(in crate::transactions) writers: Vec<u32>,
    pub(in crate::transactions) starts: Vec<u32>,
    pub(in crate::transactions) ordered: Vec<u32>,
    /// For each key the reader of the longest list, or [`NONE`].
    pub(in crate::transactions) longest: Vec<u32>,
    pub(in crate::transactions) is_list: Vec<bool>,
    pub(in crate::transactions) faults: Vec<Fault>,
    /// Keys that [`Self::pass_over`] named.
    passed_over: Vec<bool>,
}

/// Why there are no facts.
#[derive(Debug)]
pub(in crate::transactions) enum Stop {
    Unknown(UnknownReason),
    NotCheckable(NotCheckable),
}

impl<'a> Facts<'a> {
    /// O(size of the history); asks every few thousand transactions.
    pub(in crate::transactions) fn gather(
        history: &'a Transactions,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Self, Stop> {
        let is_list = kinds_of_keys(history)?;
        let mut scan = Scan::new(history);
        for number in 0..history.len() {
            ask(number, keep_going)?;
            scan.transaction(number as u32, &is_list);
        }
        let Scan { reads, faults, .. } = scan;
        let blank = OutsideRead {
            reader: NONE,
            step: 0,
            seen: 0,
            version: NONE,
        };
        let keys_count = history.keys_count();
        let reads = Rows::group(keys_count, blank, || reads.iter().copied());
        let entries = Rows::group(keys_count, BLANK, || entries_of(history));
        let mut facts = Self {
            history,
            takes_part: history
                .headers()
                .iter()
                .map(|header| header.ending == Ending::Committed)
                .collect(),
            reads,
            writers: Vec::new(),
            starts: vec![0],
            ordered: Vec::new(),
            longest: vec![NONE; keys_count],
            is_list,
            faults,
            passed_over: vec![false; keys_count],
        };
        facts.judge_keys(entries, keep_going)?;
        Ok(facts)
    }

    /// Lets no order be drawn from these keys: with a read that is wrong by itself, which version was seen is a guess.
    pub(in crate::transactions) fn pass_over(&mut self, keys: impl Iterator<Item = u32>) {
        for key in keys {
            if let Some(is_passed_over) = self.passed_over.get_mut(key as usize) {
                *is_passed_over = true;
            }
        }
    }

    pub(in crate::transactions) fn is_passed_over(&self, key: u32) -> bool {
        self.passed_over.get(key as usize) == Some(&true)
    }

    /// The writers of a key whose order is certain, oldest first.
    pub(in crate::transactions) fn ordered(&self, key: u32) -> &[u32] {
        let all = self.writers(key);
        all.get(..at(&self.ordered, key) as usize).unwrap_or(all)
    }

    /// The writers of a key in no certain order; they come after the ordered ones.
    pub(in crate::transactions) fn loose(&self, key: u32) -> &[u32] {
        let all = self.writers(key);
        all.get(at(&self.ordered, key) as usize..)
            .unwrap_or_default()
    }

    /// All writers of a key; [`OutsideRead::version`] is a place here.
    pub(in crate::transactions) fn writers(&self, key: u32) -> &[u32] {
        let start = at(&self.starts, key) as usize;
        let end = at(&self.starts, key.saturating_add(1)) as usize;
        self.writers.get(start..end).unwrap_or_default()
    }

    pub(in crate::transactions) fn keys(&self) -> core::ops::Range<u32> {
        0..self.history.keys_count() as u32
    }

    /// Bytes held, roughly.
    pub(in crate::transactions) fn bytes(&self) -> usize {
        let reads = self.reads.items_count().saturating_mul(20);
        let writers = self.writers.len().saturating_mul(4);
        let keys = self.longest.len().saturating_mul(16);
        reads.saturating_add(writers).saturating_add(keys)
    }

    fn judge_keys(
        &mut self,
        mut entries: Rows<Entry>,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), Stop> {
        let mut judge = Judge::new(self.history.values_count());
        for key in self.keys() {
            ask(key as usize, keep_going)?;
            let is_list = self.is_list.get(key as usize) == Some(&true);
            judge.index(self.history, key, is_list, entries.row(key));
            if is_list {
                judge.list(self, key, entries.row_mut(key))?;
            } else {
                judge.register(self, key, entries.row(key))?;
            }
        }
        for key in self.keys() {
            ask(key as usize, keep_going)?;
            judge.writers(self, key, entries.row(key));
        }
        Ok(())
    }
}

pub(in crate::transactions) fn ask(
    done: usize,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<(), Stop> {
    if done.is_multiple_of(STRIDE) && !keep_going() {
        return Err(Stop::Unknown(UnknownReason::Interrupted));
    }
    Ok(())
}

/// For each key whether it is a list. A key that nobody wrote is whatever it was read as.
fn kinds_of_keys(history: &Transactions) -> Result<Vec<bool>, Stop> {
    let mut is_list = vec![false; history.keys_count()];
    let mut is_register = vec![false; history.keys_count()];
    for number in 0..history.len() {
        for micro in history.micros_of(number) {
            let kinds = match micro.kind {
                MicroKind::Append | MicroKind::ReadPrefix | MicroKind::ReadStrange => &mut is_list,
                MicroKind::Write => &mut is_register,
                // "Never written" is said of lists too.
                MicroKind::Read if micro.value != Transactions::NIL => &mut is_register,
                MicroKind::Read | MicroKind::ReadUnheard => continue,
            };
            if let Some(kind) = kinds.get_mut(micro.key as usize) {
                *kind = true;
            }
        }
    }
    let both = is_list
        .iter()
        .zip(&is_register)
        .position(|both| both == (&true, &true));
    match both {
        Some(key) => Err(Stop::NotCheckable(NotCheckable::ListAndRegister {
            key: history.key(key as u32),
        })),
        None => Ok(is_list),
    }
}

fn entries_of(history: &Transactions) -> impl Iterator<Item = (u32, Entry)> + '_ {
    (0..history.len()).flat_map(move |number| {
        let micros = history.micros_of(number).iter();
        micros.filter_map(move |micro| {
            let writes = matches!(micro.kind, MicroKind::Append | MicroKind::Write);
            let entry = Entry {
                writer: number as u32,
                value: micro.value,
                place: NONE,
            };
            writes.then_some((micro.key, entry))
        })
    })
}
