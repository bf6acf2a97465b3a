//! Who waits for an event, and whether that event's message is here.
//!
//! Events not far beyond what is known of their actor have a table each actor, in which the event's
//! number gives the place: a counter claimed by a peer cannot make two of them collide, as it could
//! in a hash table. Those further on are in a map.
//!
//! Invariant: an event has one entry, in the table or in the map; events already known have none.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::held::NONE;
use crate::VectorClock;

/// What is known of an event that has not been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Where its message is, if it is here and waits.
    pub(super) message: u32,
    /// The first message that waits for it.
    pub(super) waiters: u32,
}

const EMPTY: Key = Key {
    message: NONE,
    waiters: NONE,
};

#[derive(Clone, Debug)]
pub(super) struct Index {
    /// How many events of each actor the tables hold: a power of two.
    window: usize,
    near: Vec<Key>,
    far: BTreeMap<(usize, u64), Key>,
}

impl Index {
    const WINDOW_MIN: usize = 4;
    const WINDOW_MAX: usize = 1 << 10;
    /// For the tables of all actors together, which are there from the start: 2 MiB.
    const PLACES_MAX: usize = 1 << 18;

    /// The tables take about as much space as the messages' own places.
    pub(super) fn new(slots: usize, messages_max: u32) -> Self {
        let slots = slots.max(1);
        let share = (messages_max as usize).saturating_mul(2) / slots;
        let share_max = (Self::PLACES_MAX / slots).clamp(1, Self::WINDOW_MAX);
        // Rounded down, so that all together stay within the limit.
        let window_max = 1 << share_max.ilog2();
        let window = share
            .min(window_max)
            .next_power_of_two()
            .max(Self::WINDOW_MIN);
        Self {
            window,
            near: vec![EMPTY; window.saturating_mul(slots)],
            far: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, slot: usize, counter: u64, known: &VectorClock) -> Key {
        let near = self.place(slot, counter, known);
        match near.and_then(|place| self.near.get(place)) {
            Some(key) if *key != EMPTY || self.far.is_empty() => *key,
            _ => self.far.get(&(slot, counter)).copied().unwrap_or(EMPTY),
        }
    }

    pub(super) fn set_message(
        &mut self,
        slot: usize,
        counter: u64,
        known: &VectorClock,
        message: u32,
    ) {
        let key = self.get(slot, counter, known);
        self.set(slot, counter, known, Key { message, ..key });
    }

    pub(super) fn set_waiters(
        &mut self,
        slot: usize,
        counter: u64,
        known: &VectorClock,
        waiters: u32,
    ) {
        let key = self.get(slot, counter, known);
        self.set(slot, counter, known, Key { waiters, ..key });
    }

    /// Forgets an event, which is about to be known, and says what was known of it.
    pub(super) fn take(&mut self, slot: usize, counter: u64, known: &VectorClock) -> Key {
        let key = self.get(slot, counter, known);
        if key != EMPTY {
            self.set(slot, counter, known, EMPTY);
        }
        key
    }

    /// Forgets all events.
    pub(super) fn clear(&mut self) {
        self.near.fill(EMPTY);
        self.far.clear();
    }

    fn set(&mut self, slot: usize, counter: u64, known: &VectorClock, key: Key) {
        // What went into the map stays there when it comes near.
        let is_far = !self.far.is_empty() && self.far.contains_key(&(slot, counter));
        let near = self.place(slot, counter, known).filter(|_| !is_far);
        if let Some(entry) = near.and_then(|place| self.near.get_mut(place)) {
            *entry = key;
        } else if key == EMPTY {
            self.far.remove(&(slot, counter));
        } else {
            self.far.insert((slot, counter), key);
        }
    }

    /// Where in the tables an event belongs, if it is near.
    fn place(&self, slot: usize, counter: u64, known: &VectorClock) -> Option<usize> {
        let ahead = counter.checked_sub(known.get(slot))?;
        // A table of `window` places has one for each of the `window` events after the known ones.
        if ahead == 0 || ahead > self.window as u64 {
            return None;
        }
        let offset = counter as usize & (self.window - 1);
        slot.checked_mul(self.window)?.checked_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_all_actors_have_a_limit_however_many_messages_may_wait() {
        for slots in [1, 2, 3, 255, 256, 257, 4096, 40_000, VectorClock::SLOTS_MAX] {
            for messages_max in [0, 1, 1000, u32::MAX] {
                let places = Index::new(slots, messages_max).near.len();
                let messages = messages_max as usize;
                assert!(places <= Index::PLACES_MAX, "{slots} slots: {places}");
                assert!(places >= Index::WINDOW_MIN * slots);
                assert!(places <= Index::WINDOW_MIN * (slots + messages), "{slots}");
            }
        }
    }
}
