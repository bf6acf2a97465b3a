//! Every write by its key and value, so that a read finds its one writer.

use alloc::{format, vec, vec::Vec};
use core::hash::Hasher;

use super::reading::{at, contradiction, read_of};
use crate::intern::{Mixer, Slots};
use crate::transactions::budget::{Budget, Stop};
use crate::transactions::{Ending, MicroKind, Transactions};
use crate::{NotCheckable, Reason, Rule};

/// One write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) key: u32,
    pub(super) value: u32,
    pub(super) transaction: u32,
    /// Whether its transaction wrote nothing to this key after it.
    pub(super) is_final: bool,
    pub(super) is_append: bool,
    /// Whether some other write that may have happened wrote the same.
    is_ambiguous: bool,
}

impl Fact {
    pub(super) fn is_aborted(self, history: &Transactions) -> bool {
        is_aborted(history, self.transaction)
    }

    pub(super) fn is_written_twice(self, history: &Transactions) -> Stop {
        NotCheckable::WrittenTwice {
            key: history.key(self.key),
            value: history.value(self.value),
        }
        .into()
    }
}

fn is_aborted(history: &Transactions, transaction: u32) -> bool {
    history.ending(transaction) == Some(Ending::Aborted)
}

#[derive(Debug)]
pub(super) struct Facts {
    facts: Vec<Fact>,
    slots: Slots,
    /// Appends of what another transaction appended too: no read tells them apart, but they stand in no list either.
    repeats: Vec<Fact>,
}

const THIN_AIR: Rule = Rule {
    name: "thin-air-read",
    about: "a transaction reads a value that nobody wrote",
};

const FUTURE: Rule = Rule {
    name: "future-read",
    about: "a transaction reads what it writes itself only later",
};

const ABORTED: Rule = Rule {
    name: "G1a",
    about: "a transaction reads what an aborted one wrote",
};

impl Facts {
    pub(super) fn new(history: &Transactions, budget: &mut Budget<'_>) -> Result<Self, Stop> {
        let mut facts = Self {
            facts: Vec::new(),
            slots: Slots::new(),
            repeats: Vec::new(),
        };
        let mut is_list: Vec<Option<bool>> = vec![None; history.keys_count()];
        let mut written_by = vec![0; history.keys_count()];
        for transaction in 0..history.len() as u32 {
            let micros = history.micros_of(transaction as usize);
            budget.spend(micros.len())?;
            for micro in micros.iter().rev() {
                let is_append = micro.kind == MicroKind::Append;
                if let Some(of_list) = micro.of_list() {
                    let known = is_list.get_mut(micro.key as usize);
                    if known.is_some_and(|known| *known.get_or_insert(of_list) != of_list) {
                        let key = history.key(micro.key);
                        return Err(NotCheckable::ListAndRegister { key }.into());
                    }
                }
                if !micro.is_write() {
                    continue;
                }
                let mut is_final = false;
                if let Some(by) = written_by.get_mut(micro.key as usize) {
                    is_final = *by != transaction.wrapping_add(1);
                    *by = transaction.wrapping_add(1);
                }
                facts.add(
                    history,
                    Fact {
                        key: micro.key,
                        value: micro.value,
                        transaction,
                        is_final,
                        is_append,
                        is_ambiguous: false,
                    },
                );
            }
        }
        Ok(facts)
    }

    pub(super) const fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    /// The further appends of what [`Facts::iter`] has once.
    pub(super) fn repeats(&self) -> &[Fact] {
        &self.repeats
    }

    /// The place of a write among all.
    pub(super) fn place(&self, key: u32, value: u32) -> Option<u32> {
        self.slots.find(hash(key, value), |place| {
            self.facts
                .get(place as usize)
                .is_some_and(|fact| fact.key == key && fact.value == value)
        })
    }

    pub(super) fn get(&self, key: u32, value: u32) -> Option<Fact> {
        let place = self.place(key, value)?;
        self.facts.get(place as usize).copied()
    }

    /// The write that a read of this value saw, if it may see it.
    pub(super) fn source(
        &self,
        history: &Transactions,
        reader: u32,
        key: u32,
        value: u32,
    ) -> Result<Fact, Stop> {
        let names = || (history.key(key), history.value(value));
        let Some(fact) = self.get(key, value) else {
            let (key, value) = names();
            let clause =
                format!("the transaction read {value} from {key}, which nobody ever wrote there");
            return Err(contradiction(THIN_AIR, reader, clause).into());
        };
        if fact.is_ambiguous {
            return Err(fact.is_written_twice(history));
        }
        if fact.transaction == reader {
            let (key, value) = names();
            let clause =
                format!("the transaction read {value} from {key} before it wrote that itself");
            return Err(contradiction(FUTURE, reader, clause).into());
        }
        if fact.is_aborted(history) {
            let (key, value) = names();
            let reason = Reason::ReadsFrom { key, value };
            let objection = "the writer aborted, so what it wrote never was";
            let anomaly = read_of(ABORTED, reader, fact.transaction, reason, objection);
            return Err(anomaly.into());
        }
        Ok(fact)
    }

    /// The writer of the last element that is not the reader's own: a read of a list is a read of that, and without
    /// that writer there is no read.
    pub(super) fn last_other(&self, reader: u32, key: u32, list: &[u32]) -> Option<u32> {
        list.iter().rev().find_map(|value| {
            let writer = self.get(key, *value)?.transaction;
            (writer != reader).then_some(writer)
        })
    }

    fn add(&mut self, history: &Transactions, fact: Fact) {
        let known = self
            .place(fact.key, fact.value)
            .and_then(|place| self.facts.get_mut(place as usize));
        if let Some(known) = known {
            if known.transaction == fact.transaction {
                // A register written twice alike holds the same; a list holds it twice, unless it never did.
                known.is_ambiguous |= fact.is_append && !is_aborted(history, fact.transaction);
            } else if is_aborted(history, known.transaction) {
                *known = fact;
            } else if !is_aborted(history, fact.transaction) {
                known.is_ambiguous = true;
                if fact.is_append {
                    self.repeats.push(fact);
                }
            }
            return;
        }
        let place = self.facts.len() as u32;
        self.facts.push(fact);
        let facts = &self.facts;
        self.slots
            .insert(hash(fact.key, fact.value), place, |other| {
                facts
                    .get(other as usize)
                    .map_or(0, |fact| hash(fact.key, fact.value))
            });
    }
}

fn hash(key: u32, value: u32) -> u64 {
    let mut mixer = Mixer::default();
    mixer.add((u64::from(key) << 32) | u64::from(value));
    mixer.finish()
}

/// Marks of writes, one bit's worth each.
#[derive(Debug)]
pub(super) struct Marks(Vec<u32>);

impl Marks {
    pub(super) fn new(facts: &Facts) -> Self {
        Self(vec![0; facts.len().div_ceil(32)])
    }

    /// Marks one; whether it was not marked before.
    pub(super) fn set(&mut self, place: u32) -> bool {
        let bit = 1 << (place % 32);
        self.0.get_mut(place as usize / 32).is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    }

    pub(super) fn is_set(&self, place: u32) -> bool {
        at(&self.0, place as usize / 32) & (1 << (place % 32)) != 0
    }
}
