//! One transaction at a time: what it read from others, and whether it agrees with itself.
//!
//! A transaction sees its own writes, and the same state of others throughout. So only its first look at a key says
//! something about others: for a list what is left when its own appends so far are taken from the end, for a
//! register what it read before it wrote. Every later read must repeat that, plus its own writes since
//! (internal consistency: Cerone, Bernardi and Gotsman 2015).

use alloc::{vec, vec::Vec};

use super::{
    fault::{Fault, FaultKind},
    rows::{NONE, at},
};
use crate::transactions::{Ending, Micro, MicroKind, Transactions};

/// What a committed transaction saw of others at one key.
#[derive(Clone, Copy, Debug)]
pub(in crate::transactions) struct OutsideRead {
    pub(in crate::transactions) reader: u32,
    /// The micro-operation that read, counted within its transaction.
    pub(in crate::transactions) step: u32,
    /// A list: how many of its elements are the others'. A register: the value's number.
    pub(in crate::transactions) seen: u32,
    /// The version: a place among the key's writers, [`NONE`] for the initial state. Set when the key is judged.
    pub(in crate::transactions) version: u32,
}

/// What the current transaction has done to one key so far.
#[derive(Clone, Copy, Debug)]
struct KeyState {
    /// The transaction plus one.
    stamp: u32,
    /// The last micro-operation that wrote since the last read, or [`NONE`].
    pending: u32,
    pending_count: u32,
    /// The last heard read, or [`NONE`]. (For a register, the last read or write.)
    last: u32,
}

/// The walk through all transactions.
pub(super) struct Scan<'a> {
    history: &'a Transactions,
    states: Vec<KeyState>,
    /// For each micro-operation of the current transaction the pending append before it.
    links: Vec<u32>,
    pub(super) reads: Vec<(u32, OutsideRead)>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(history: &'a Transactions) -> Self {
        let fresh = KeyState {
            stamp: 0,
            pending: NONE,
            pending_count: 0,
            last: NONE,
        };
        Self {
            history,
            states: vec![fresh; history.keys_count()],
            links: Vec::new(),
            reads: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// O(its micro-operations, and the lengths of its reads that are no prefix of the key's spine).
    pub(super) fn transaction(&mut self, number: u32, is_list: &[bool]) {
        let history = self.history;
        let header = history.headers().get(number as usize);
        if header.is_none_or(|header| header.ending != Ending::Committed) {
            return;
        }
        let micros = history.micros_of(number as usize);
        self.links.clear();
        for (step, micro) in (0_u32..).zip(micros) {
            let Some(state) = self.states.get_mut(micro.key as usize) else {
                continue;
            };
            if state.stamp != number.wrapping_add(1) {
                *state = KeyState {
                    stamp: number.wrapping_add(1),
                    pending: NONE,
                    pending_count: 0,
                    last: NONE,
                };
            }
            let mut link = NONE;
            match micro.kind {
                MicroKind::Append => {
                    link = state.pending;
                    state.pending = step;
                    state.pending_count = state.pending_count.saturating_add(1);
                }
                MicroKind::Write => {
                    state.pending = step;
                    state.last = step;
                }
                MicroKind::ReadUnheard => {}
                _ if is_list.get(micro.key as usize) == Some(&true) => {
                    self.read_list(number, step, *micro, micros);
                }
                _ => self.read_register(number, step, *micro, micros),
            }
            self.links.push(link);
        }
    }

    fn read_register(&mut self, number: u32, step: u32, micro: Micro, micros: &[Micro]) {
        let Some(state) = self.states.get_mut(micro.key as usize) else {
            return;
        };
        let before = micros.get(state.last as usize);
        state.last = step;
        match before {
            None => self.outside(number, step, micro, micro.value),
            Some(before) if before.value == micro.value => {}
            Some(_) => self.fault(number, micro),
        }
    }

    fn read_list(&mut self, number: u32, step: u32, micro: Micro, micros: &[Micro]) {
        let Some(state) = self.states.get_mut(micro.key as usize) else {
            return;
        };
        let (mut pending, count, last) = (state.pending, state.pending_count, state.last);
        state.pending = NONE;
        state.pending_count = 0;
        state.last = step;
        // Its own appends since the last read, from the last to the first, stand at the end.
        let list = self.history.list(micro);
        let mut length = list.len();
        while let Some(own) = micros.get(pending as usize) {
            length = length.wrapping_sub(1);
            if list.get(length) != Some(&own.value) {
                return self.fault(number, micro);
            }
            pending = at(&self.links, pending);
        }
        debug_assert!(list.len().saturating_sub(length) == count as usize);
        match micros.get(last as usize) {
            None => self.outside(number, step, micro, length as u32),
            Some(before) if self.is_list_of_length(*before, micro, length) => {}
            Some(_) => self.fault(number, micro),
        }
    }

    /// Whether what `before` read is what `now` read up to `length`.
    fn is_list_of_length(&self, before: Micro, now: Micro, length: usize) -> bool {
        let are_prefixes =
            before.kind == MicroKind::ReadPrefix && now.kind == MicroKind::ReadPrefix;
        let (earlier, list) = (self.history.list(before), self.history.list(now));
        earlier.len() == length && (are_prefixes || list.get(..length) == Some(earlier))
    }

    fn outside(&mut self, reader: u32, step: u32, micro: Micro, seen: u32) {
        let version = NONE;
        let read = OutsideRead {
            reader,
            step,
            seen,
            version,
        };
        self.reads.push((micro.key, read));
    }

    fn fault(&mut self, reader: u32, micro: Micro) {
        self.faults.push(Fault {
            kind: FaultKind::Internal,
            key: micro.key,
            value: NONE,
            reader,
            writer: reader,
        });
    }
}
