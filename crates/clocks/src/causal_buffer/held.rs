//! The messages that are here, each in a place that it keeps; places are linked into lists.

use alloc::vec::Vec;

use super::CausalMessage;

/// No place: the end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// A message that waits or is ready.
#[derive(Clone, Debug)]
pub(super) struct Held<M> {
    pub(super) message: CausalMessage<M>,
    /// The slot of the event that it waits for, and of no slot before it; `NONE` once it is ready.
    waits_in: u32,
    /// The next that waits for the same event, or that is ready.
    pub(super) next: u32,
}

impl<M> Held<M> {
    /// The event that it waits for.
    pub(super) fn waits_for(&self) -> Option<(usize, u64)> {
        let slot = self.waits_in as usize;
        Some((slot, self.needs(slot)?))
    }

    /// Goes on to the first event that it needs and that is not known, from the one that it waited
    /// for. Events of slots before that stay known.
    pub(super) fn await_next(&mut self, known: &[u64]) -> Option<(usize, u64)> {
        let start = self.waits_in as usize;
        let from = self.message.from;
        let stamp = self.message.stamp.as_slice();
        let entries = stamp.iter().zip(known).enumerate().skip(start);
        let mut missing = entries.map(|(slot, (&counter, &known))| {
            // Of its sender it needs all but itself.
            let needed = counter.saturating_sub(u64::from(slot == from));
            (slot, needed, known)
        });
        let missing = missing.find(|&(_, needed, known)| needed > known);
        self.waits_in = missing.map_or(NONE, |(slot, ..)| slot as u32);
        missing.map(|(slot, needed, _)| (slot, needed))
    }

    fn needs(&self, slot: usize) -> Option<u64> {
        let counter = self.message.stamp.as_slice().get(slot)?;
        Some(counter.saturating_sub(u64::from(slot == self.message.from)))
    }
}

/// Messages by place. A place that was left is used again.
#[derive(Clone, Debug)]
pub(super) struct Slab<M> {
    places: Vec<Option<Held<M>>>,
    free: Vec<u32>,
}

impl<M> Slab<M> {
    /// The greatest number of messages.
    pub(super) const LENGTH_MAX: u32 = NONE;

    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.places.len().saturating_sub(self.free.len())
    }

    pub(super) fn insert(&mut self, message: CausalMessage<M>) -> u32 {
        let held = Held {
            message,
            waits_in: 0,
            next: NONE,
        };
        if let Some(place) = self.free.pop()
            && let Some(entry) = self.places.get_mut(place as usize)
        {
            *entry = Some(held);
            return place;
        }
        // The limit on messages keeps this below `LENGTH_MAX`.
        let place = self.places.len() as u32;
        self.places.push(Some(held));
        place
    }

    pub(super) fn remove(&mut self, place: u32) -> Option<Held<M>> {
        let held = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(held)
    }

    pub(super) fn get(&self, place: u32) -> Option<&Held<M>> {
        self.places.get(place as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Held<M>> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    pub(super) fn set_next(&mut self, place: u32, next: u32) {
        if let Some(held) = self.get_mut(place) {
            held.next = next;
        }
    }

    /// It waits for nothing, and is the last of its list.
    pub(super) fn set_ready(&mut self, place: u32) {
        if let Some(held) = self.get_mut(place) {
            held.waits_in = NONE;
            held.next = NONE;
        }
    }

    /// Takes a place that was removed out of the list that begins at `first`.
    pub(super) fn unlink(&mut self, first: u32, place: u32, next: u32) {
        let mut current = first;
        while let Some(held) = self.get_mut(current) {
            if held.next == place {
                held.next = next;
                return;
            }
            current = held.next;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Held<M>)> {
        let places = (0..).zip(&self.places);
        places.filter_map(|(place, held)| Some((place, held.as_ref()?)))
    }

    /// Takes all messages out.
    pub(super) fn drain(&mut self) -> Vec<CausalMessage<M>> {
        self.free.clear();
        let places = self.places.drain(..);
        places.flatten().map(|held| held.message).collect()
    }
}
