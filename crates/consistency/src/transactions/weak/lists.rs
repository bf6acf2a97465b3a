//! Lists give their order of versions away: what was read says which append came after which.
//!
//! The *base* of a read is the list without the reader's own appends at its end. All bases of a key must be prefixes of
//! the longest one, which holds each transaction's appends whole, side by side, in program order. An append that is
//! not in it comes after it: a list loses nothing.

use alloc::{format, vec, vec::Vec};

use super::facts::{Facts, Marks};
use super::reading::{INITIAL, Version, at, contradiction, involve};
use crate::transactions::budget::{Budget, Stop};
use crate::transactions::{Micro, MicroKind, Transactions};
use crate::{Anomaly, Edge, OperationId, Reason, Rule};

const INCOMPATIBLE: Rule = Rule {
    name: "incompatible-order",
    about: "two reads of a list, or a read and the appender, disagree on the order of its elements",
};

const DUPLICATE: Rule = Rule {
    name: "duplicate-elements",
    about: "a list holds an element twice that was appended once",
};

const DIRTY_WRITE: Rule = Rule {
    name: "G0",
    about: "the writes of transactions interleave, so no order of the transactions explains them",
};

/// A base that was read.
#[derive(Clone, Copy, Debug)]
struct Base {
    key: u32,
    length: u32,
    reader: u32,
    /// The place of the list among the strange ones; `None` for a prefix of the spine.
    strange: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Lists<'a> {
    history: &'a Transactions,
    facts: &'a Facts,
    /// Of each key the longest base that is a prefix of its spine.
    prefixes: Vec<Option<Base>>,
    strange: Vec<Base>,
}

impl<'a> Lists<'a> {
    pub(super) const fn new(history: &'a Transactions, facts: &'a Facts) -> Self {
        Self {
            history,
            facts,
            prefixes: Vec::new(),
            strange: Vec::new(),
        }
    }

    pub(super) fn read(&mut self, reader: u32, micro: Micro, base: &[u32]) {
        let is_strange = micro.kind == MicroKind::ReadStrange;
        let base = Base {
            key: micro.key,
            length: base.len() as u32,
            reader,
            strange: is_strange.then_some(micro.value),
        };
        if is_strange {
            self.strange.push(base);
            return;
        }
        if self.prefixes.is_empty() {
            self.prefixes = vec![None; self.history.keys_count()];
        }
        if let Some(longest) = self.prefixes.get_mut(micro.key as usize)
            && longest.is_none_or(|longest| longest.length < base.length)
        {
            *longest = Some(base);
        }
    }

    /// The order of versions, and whether the indeterminate appenders that were seen count.
    pub(super) fn versions(
        self,
        counts: &mut [bool],
        budget: &mut Budget<'_>,
    ) -> Result<Vec<Version>, Stop> {
        let mut bases: Vec<Base> = self.prefixes.iter().flatten().copied().collect();
        bases.extend(&self.strange);
        bases.sort_by_key(|base| (base.key, u32::MAX - base.length));
        let mut versions = Vec::new();
        let mut marks = Marks::new(self.facts);
        let mut last_writer: Vec<(u32, u32)> = vec![(INITIAL, 0); self.history.keys_count()];
        for bases in bases.chunk_by(|one, other| one.key == other.key) {
            let Some((longest, others)) = bases.split_first() else {
                continue;
            };
            for other in others {
                budget.spend(other.length as usize)?;
                self.agree(*longest, *other)
                    .map_err(|stop| self.involve_last(stop, &[*longest, *other]))?;
            }
            budget.spend(longest.length as usize)?;
            let last = self
                .walk(*longest, &mut marks, &mut versions, counts)
                .map_err(|stop| self.involve_last(stop, &[*longest]))?;
            if let Some(place) = last_writer.get_mut(longest.key as usize) {
                *place = (last, longest.reader);
            }
        }
        // What was appended twice is in no list, or this is not reached.
        let once = (0_u32..).zip(self.facts.iter());
        let once = once.filter(|(place, _)| !marks.is_set(*place));
        let unseen = once.map(|(_, fact)| fact).chain(self.facts.repeats());
        for fact in unseen {
            let Some((last, reader)) = last_writer.get(fact.key as usize).copied() else {
                continue;
            };
            let is_unseen = fact.is_append && counts.get(fact.transaction as usize) == Some(&true);
            if is_unseen && last != INITIAL && last != fact.transaction {
                versions.push(Version {
                    key: fact.key,
                    earlier: last,
                    later: fact.transaction,
                    reader,
                    is_beyond: true,
                });
            }
        }
        Ok(versions)
    }

    fn list(&self, base: Base) -> &'a [u32] {
        let list = match base.strange {
            None => self.history.spine(base.key),
            Some(value) => self.history.list(Micro {
                kind: MicroKind::ReadStrange,
                key: base.key,
                value,
            }),
        };
        list.get(..base.length as usize).unwrap_or_default()
    }

    /// A read of a list is one of its last element: without whoever wrote that, there is no read.
    fn involve_last(&self, mut stop: Stop, bases: &[Base]) -> Stop {
        if let Stop::Violated(anomaly) = &mut stop {
            let writers = bases.iter().filter_map(|base| {
                self.facts
                    .last_other(base.reader, base.key, self.list(*base))
            });
            involve(anomaly, writers);
        }
        stop
    }

    /// Two bases are prefixes of one another, or something is wrong with one of them.
    fn agree(&self, longer: Base, shorter: Base) -> Result<(), Stop> {
        let (long, short) = (self.list(longer), self.list(shorter));
        let pairs = long.iter().zip(short);
        let Some((one, other)) = pairs.clone().find(|(one, other)| one != other) else {
            return Ok(());
        };
        // An element that is wrong by itself says more than the order it stands in.
        for base in [longer, shorter] {
            let mut marks = Marks::new(self.facts);
            for value in self.list(base) {
                self.element(base, *value, &mut marks)?;
            }
        }
        let key = self.history.key(longer.key);
        let writer = |value: u32| {
            let fact = self.facts.get(longer.key, value);
            OperationId(fact.map_or(0, |fact| fact.transaction as usize))
        };
        let edge = |before: u32, after: u32| Edge {
            source: writer(before),
            target: writer(after),
            reason: Reason::Because(format!(
                "one of the two lists read from {key} has {} where the other has {}",
                self.history.value(before),
                self.history.value(after),
            )),
        };
        let readers = [longer, shorter].map(|base| OperationId(base.reader as usize));
        Err(Anomaly {
            rule: INCOMPATIBLE,
            operations: vec![writer(*one), writer(*other), readers[0], readers[1]],
            edges: vec![edge(*one, *other), edge(*other, *one)],
            is_minimal: false,
        }
        .into())
    }

    /// The writer of one element.
    fn element(&self, base: Base, value: u32, marks: &mut Marks) -> Result<u32, Stop> {
        let fact = self
            .facts
            .source(self.history, base.reader, base.key, value)?;
        let place = self.facts.place(base.key, value);
        if place.is_some_and(|place| marks.set(place)) {
            return Ok(fact.transaction);
        }
        let clause = format!(
            "the transaction read a list from {} that holds {} twice",
            self.history.key(base.key),
            self.history.value(value),
        );
        let mut anomaly = contradiction(DUPLICATE, base.reader, clause);
        anomaly
            .operations
            .push(OperationId(fact.transaction as usize));
        anomaly.operations.sort_unstable();
        anomaly.operations.dedup();
        Err(anomaly.into())
    }

    /// The longest base, run by run; gives the last writer.
    fn walk(
        &self,
        base: Base,
        marks: &mut Marks,
        versions: &mut Vec<Version>,
        counts: &mut [bool],
    ) -> Result<u32, Stop> {
        let list = self.list(base);
        let mut writers = Vec::with_capacity(list.len());
        for value in list {
            let writer = self.element(base, *value, marks)?;
            if let Some(counts) = counts.get_mut(writer as usize) {
                *counts = true;
            }
            writers.push(writer);
        }
        let mut earlier = INITIAL;
        let mut place = 0_usize;
        while let Some(writer) = writers.get(place).copied() {
            let rest = list.get(place..).unwrap_or_default();
            let micros = self.history.micros_of(writer as usize).iter();
            let appends = micros
                .filter(|micro| micro.kind == MicroKind::Append && micro.key == base.key)
                .map(|micro| micro.value);
            let mut count = 0_usize;
            for append in appends {
                if rest.get(count) != Some(&append) {
                    let other = writers.get(place.saturating_add(count)).copied();
                    return Err(self.torn(base, list, place, count, (writer, other, append)));
                }
                count = count.saturating_add(1);
            }
            if earlier != INITIAL {
                versions.push(Version {
                    key: base.key,
                    earlier,
                    later: writer,
                    reader: base.reader,
                    is_beyond: false,
                });
            }
            earlier = writer;
            place = place.saturating_add(count.max(1));
        }
        Ok(earlier)
    }

    /// The appends of `writer` do not stand together in the order in which it made them: where `append` should stand
    /// is an element of `other`.
    fn torn(
        &self,
        base: Base,
        list: &[u32],
        place: usize,
        count: usize,
        (writer, other, append): (u32, Option<u32>, u32),
    ) -> Stop {
        let value = |number: u32| self.history.value(number);
        let key = self.history.key(base.key);
        let here = place.saturating_add(count);
        let stands = list.get(here).copied().unwrap_or(Transactions::NIL);
        let before = here.checked_sub(1).map(|before| at(list, before));
        let mut operations = vec![
            OperationId(base.reader as usize),
            OperationId(writer as usize),
        ];
        let source = OperationId(writer as usize);
        let anomaly = match (other, before) {
            (Some(other), Some(before)) if other != writer && count > 0 => {
                let target = OperationId(other as usize);
                operations.push(target);
                let edge = |source, target, older, newer| Edge {
                    source,
                    target,
                    reason: Reason::AppendsBehind {
                        key: key.clone(),
                        older: value(older),
                        newer: value(newer),
                        reader: OperationId(base.reader as usize),
                    },
                };
                Anomaly {
                    rule: DIRTY_WRITE,
                    operations,
                    edges: vec![
                        edge(source, target, before, stands),
                        edge(target, source, stands, append),
                    ],
                    is_minimal: false,
                }
            }
            _ => {
                let clause = format!(
                    "the transaction appended {} to {key} before {}, and a list read has them otherwise",
                    value(append),
                    value(stands),
                );
                let mut anomaly = contradiction(INCOMPATIBLE, writer, clause);
                anomaly.operations = operations;
                anomaly
            }
        };
        anomaly.into()
    }
}
