//! Equal values get equal small numbers. Deterministic: the hash has no seed, the numbers follow first sight.

use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::hash::{Hash, Hasher};

/// Multiply-and-rotate, 64 bits. Whoever knows it can make values whose hashes crowd: tables of values from outside
/// have a bound, the search's budget or [`Interner::intern_bounded`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixer(u64);

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    pub(crate) const fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (slot, byte) in word.iter_mut().zip(chunk) {
                *slot = *byte;
            }
            self.add(u64::from_le_bytes(word));
        }
        self.add(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.add(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }

    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(SPREAD)
    }
}

/// Slots of an open-addressing table: numbers plus one, zero for empty. At most half full.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    slots: Vec<u32>,
    used: usize,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![0; 16],
            used: 0,
        }
    }

    /// The first number of this hash for which `is_it` answers yes.
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = hash as usize & mask;
        loop {
            match self.slots.get(place).copied().unwrap_or(0) {
                0 => return None,
                slot if is_it(slot.wrapping_sub(1)) => return Some(slot.wrapping_sub(1)),
                _ => place = place.wrapping_add(1) & mask,
            }
        }
    }

    /// As [`Slots::find`], but looks at this many slots at most; `Err` when none of them was empty.
    fn find_within(
        &self,
        hash: u64,
        slots_max: usize,
        mut is_it: impl FnMut(u32) -> bool,
    ) -> Result<Option<u32>, ()> {
        let mask = self.slots.len().wrapping_sub(1);
        for step in 0..slots_max {
            let place = (hash as usize).wrapping_add(step) & mask;
            match self.slots.get(place).copied().unwrap_or(0) {
                0 => return Ok(None),
                slot if is_it(slot.wrapping_sub(1)) => return Ok(Some(slot.wrapping_sub(1))),
                _ => {}
            }
        }
        Err(())
    }

    /// As [`Slots::insert`], but a number that finds no slot among this many goes to `evict`, old ones too.
    fn insert_within(
        &mut self,
        hash: u64,
        number: u32,
        slots_max: usize,
        hash_of: impl Fn(u32) -> u64,
        mut evict: impl FnMut(u32),
    ) {
        let mut coming = vec![number.wrapping_add(1)];
        if self.used.saturating_mul(2) >= self.slots.len() {
            let wider = vec![0; self.slots.len().saturating_mul(2)];
            let old = core::mem::replace(&mut self.slots, wider);
            self.used = 0;
            coming.extend(old.into_iter().filter(|slot| *slot != 0));
        }
        let mask = self.slots.len().wrapping_sub(1);
        for slot in coming {
            let hash = if slot == number.wrapping_add(1) {
                hash
            } else {
                hash_of(slot.wrapping_sub(1))
            };
            let free = (0..slots_max)
                .map(|step| (hash as usize).wrapping_add(step) & mask)
                .find(|place| self.slots.get(*place) == Some(&0));
            match free.and_then(|place| self.slots.get_mut(place)) {
                Some(empty) => {
                    *empty = slot;
                    self.used = self.used.saturating_add(1);
                }
                None => evict(slot.wrapping_sub(1)),
            }
        }
    }

    /// Adds a number that [`Slots::find`] did not find; `hash_of` gives the hash of a number already there.
    pub(crate) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        if self.used.saturating_mul(2) >= self.slots.len() {
            let wider = vec![0; self.slots.len().saturating_mul(2)];
            let old = core::mem::replace(&mut self.slots, wider);
            for slot in old.into_iter().filter(|slot| *slot != 0) {
                self.place(hash_of(slot.wrapping_sub(1)), slot);
            }
        }
        self.place(hash, number.wrapping_add(1));
        self.used = self.used.saturating_add(1);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.slots.len().saturating_mul(4)
    }

    fn place(&mut self, hash: u64, slot: u32) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = hash as usize & mask;
        while let Some(taken) = self.slots.get_mut(place) {
            if *taken == 0 {
                *taken = slot;
                return;
            }
            place = place.wrapping_add(1) & mask;
        }
    }
}

/// Values by number.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    hashes: Vec<u64>,
    slots: Slots,
    /// What [`Interner::intern_bounded`] found no slot for.
    crowded: BTreeMap<T, u32>,
}

/// An honest table half full has hardly ever more than a hundred taken slots in a row.
const CROWD: usize = 256;

impl<T: Eq + Hash> Interner<T> {
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::new(),
            hashes: Vec::new(),
            slots: Slots::new(),
            crowded: BTreeMap::new(),
        }
    }

    /// As [`Interner::intern`], for values from outside: however they were chosen, each costs O(log n). Those whose
    /// hashes crowd go to an ordered map. One interner is used with this, or with the other, never with both.
    ///
    /// Invariant: every value is in a slot near its hash, or in the map.
    pub(crate) fn intern_bounded(&mut self, value: T) -> u32
    where
        T: Ord + Clone,
    {
        let mut mixer = Mixer::default();
        value.hash(&mut mixer);
        let hash = mixer.finish();
        let (values, hashes) = (&self.values, &self.hashes);
        let found = self.slots.find_within(hash, CROWD, |number| {
            hashes.get(number as usize) == Some(&hash)
                && values.get(number as usize) == Some(&value)
        });
        if let Ok(Some(number)) = found {
            return number;
        }
        if let Some(number) = self.crowded.get(&value) {
            return *number;
        }
        let number = self.values.len() as u32;
        if found.is_err() {
            self.crowded.insert(value.clone(), number);
            self.values.push(value);
            self.hashes.push(hash);
            return number;
        }
        self.values.push(value);
        self.hashes.push(hash);
        let (values, hashes, crowded) = (&self.values, &self.hashes, &mut self.crowded);
        self.slots.insert_within(
            hash,
            number,
            CROWD,
            |other| hashes.get(other as usize).copied().unwrap_or(0),
            |other| {
                if let Some(value) = values.get(other as usize) {
                    crowded.insert(value.clone(), other);
                }
            },
        );
        number
    }

    pub(crate) fn intern(&mut self, value: T) -> u32 {
        let mut mixer = Mixer::default();
        value.hash(&mut mixer);
        let hash = mixer.finish();
        let (values, hashes) = (&self.values, &self.hashes);
        let known = self.slots.find(hash, |number| {
            hashes.get(number as usize) == Some(&hash)
                && values.get(number as usize) == Some(&value)
        });
        if let Some(number) = known {
            return number;
        }
        let number = self.values.len() as u32;
        self.values.push(value);
        self.hashes.push(hash);
        let hashes = &self.hashes;
        self.slots.insert(hash, number, |other| {
            hashes.get(other as usize).copied().unwrap_or(0)
        });
        number
    }

    pub(crate) const fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)
    }

    pub(crate) fn bytes(&self) -> usize {
        let each = size_of::<T>().saturating_add(8);
        self.values
            .len()
            .saturating_mul(each)
            .saturating_add(self.slots.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values whose hashes all fall into the same few slots of any table of up to 2^24.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Crowding(u64);

    impl Hash for Crowding {
        fn hash<H: Hasher>(&self, state: &mut H) {
            // The mixer's steps, undone: hashes that differ above 40 bits only.
            state.write_u64(undone(self.0 << 40));
        }
    }

    fn undone(hash: u64) -> u64 {
        let mut inverse = SPREAD;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(SPREAD.wrapping_mul(inverse)));
        }
        let folded = hash.wrapping_mul(inverse);
        (folded ^ (folded >> 32)).wrapping_mul(inverse)
    }

    #[test]
    fn values_made_to_crowd_cost_no_more_than_a_logarithm() {
        let mut mixer = Mixer::default();
        Crowding(5).hash(&mut mixer);
        assert_eq!(mixer.finish(), 5 << 40, "the attack is one");
        let mut interner = Interner::new();
        for round in 0..2 {
            for value in 0..100_000_u64 {
                let number = interner.intern_bounded(Crowding(value));
                assert_eq!(number, value as u32, "round {round}");
            }
        }
        assert!(interner.crowded.len() > 90_000);
    }

    #[test]
    fn honest_values_do_not_crowd() {
        let mut interner = Interner::new();
        for round in 0..2 {
            for value in 0..200_000_u64 {
                assert_eq!(
                    interner.intern_bounded(value),
                    value as u32,
                    "round {round}"
                );
            }
        }
        assert!(interner.crowded.is_empty());
    }

    #[test]
    fn equal_values_get_equal_numbers_through_every_growth() {
        let mut interner = Interner::new();
        for round in 0..3 {
            for value in 0..5_000_u64 {
                assert_eq!(interner.intern(value * 7), value as u32, "round {round}");
            }
        }
        assert_eq!(interner.get(4_999), Some(&34_993));
    }
}
