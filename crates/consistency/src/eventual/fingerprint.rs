//! Fingerprints: 64 bits that stand for the state of a key.
//!
//! A tombstone has one like any other state, so a deleted key takes part in every comparison
//! (scylladb#3561 and topgun pull request 54 tell what happens otherwise).
//!
//! Two different states share a fingerprint by chance once in 2^64 comparisons, and the next change
//! of the key tells them apart. Members do not forge, so nothing stronger is needed.

use super::Versions;

/// The fingerprint of a key and its state. O(bytes).
pub(super) fn of(key: &[u8], versions: &Versions) -> u64 {
    let mut mixer = Mixer(0x6A09_E667_F3BC_C908);
    mixer.bytes(key);
    let counters = versions
        .context()
        .iter()
        .filter(|&(_, counter)| counter > 0);
    for (slot, counter) in counters {
        mixer.number(slot as u64);
        mixer.number(counter);
    }
    // Counters and siblings could otherwise trade places.
    mixer.number(u64::MAX);
    for sibling in versions.siblings() {
        mixer.number(sibling.dot.actor as u64);
        mixer.number(sibling.dot.number());
        mixer.bytes(&sibling.value);
    }
    mixer.0
}

struct Mixer(u64);

impl Mixer {
    /// One round of SplitMix64 (Steele, Lea and Flood 2014).
    const fn number(&mut self, number: u64) {
        let mut word = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ number;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.0 = (word ^ (word >> 31)).wrapping_add(self.0.rotate_left(23));
    }

    /// The length goes first, so that two strings never run into each other.
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(chunk) {
                *place = *byte;
            }
            self.number(u64::from_le_bytes(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use clocks::VectorClock;

    fn state(writes: &[(usize, &str)]) -> Versions {
        let mut versions = Versions::new(3).unwrap();
        for &(slot, value) in writes {
            versions
                .put(slot, &VectorClock::default(), value.into())
                .unwrap();
        }
        versions
    }

    #[test]
    fn every_part_of_a_state_shows_in_its_fingerprint() {
        let mut deleted = state(&[(0, "a")]);
        deleted.delete(&deleted.context().clone()).unwrap();
        let states = [
            (&b"k"[..], Versions::new(3).unwrap()),
            (b"l", Versions::new(3).unwrap()),
            (b"k", state(&[(0, "a")])),
            (b"k", state(&[(1, "a")])),
            (b"k", state(&[(0, "b")])),
            (b"k", state(&[(0, "a"), (0, "b")])),
            (b"k", state(&[(0, "ab"), (0, "")])),
            // Equal clocks, and different siblings: a delete does not advance the clock.
            (b"k", deleted),
        ];
        let mut seen: Vec<u64> = states.iter().map(|(key, state)| of(key, state)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), states.len());
    }
}
