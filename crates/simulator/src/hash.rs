//! The event-stream hash: one number for everything that happened in a run.

use core::hash::Hasher;

use crate::rng::mix;

/// A pinned 64-bit streaming hash.
///
/// Each word takes one xor, one multiplication and one rotation, all bijections of the state, so no
/// word is ever forgotten; [`finish`](Hasher::finish) mixes the rest. Every integer is one 64-bit
/// word, `usize` and `isize` too, so 32-bit and 64-bit machines agree. Only slices of integers wider
/// than a byte go in as the machine stores them: they agree among little-endian machines.
///
/// It tells runs apart; it does not resist an attacker.
///
/// ```
/// use std::hash::{Hash, Hasher};
/// use simulator::StreamHasher;
///
/// let mut hasher = StreamHasher::new();
/// ("append", 7_usize).hash(&mut hasher);
/// assert_eq!(hasher.finish(), 0x6db4_6097_932e_e920);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamHasher(u64);

impl StreamHasher {
    /// The hash of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }

    #[inline]
    pub(crate) const fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }
}

impl Default for StreamHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher for StreamHasher {
    #[inline]
    fn finish(&self) -> u64 {
        mix(self.0)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = rest.len() as u8;
        self.word(u64::from_le_bytes(last));
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.word(u64::from(value));
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.word(u64::from(value));
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.word(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.word(value as u64);
        self.word((value >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }

    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.word(value as u64);
    }

    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.word(value as u64);
    }

    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.word(value as u64);
    }

    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.word(value as u64);
    }

    #[inline]
    fn write_i128(&mut self, value: i128) {
        self.write_u128(value as u128);
    }

    #[inline]
    fn write_isize(&mut self, value: isize) {
        self.word(value as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hash::Hash;

    fn hash(value: impl Hash) -> u64 {
        let mut hasher = StreamHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn the_hash_is_pinned() {
        // Worked out apart from this code, from the definition.
        assert_eq!(hash(0_u64), 0xe216_6f5a_d8b5_db1d);
        assert_eq!(hash("simulator"), 0xe437_b85e_f760_3641);
    }

    #[test]
    fn widths_do_not_matter_and_values_do() {
        assert_eq!(hash(7_usize), hash(7_u64));
        assert_eq!(hash(-7_isize), hash(-7_i64));
        assert_ne!(hash(7_u64), hash(8_u64));
        assert_ne!(hash((1_u64, 2_u64)), hash((2_u64, 1_u64)));
        assert_ne!(hash([1_u8, 0].as_slice()), hash([1_u8].as_slice()));
        assert_ne!(hash(0_u64), hash((0_u64, 0_u64)));
    }

    #[test]
    fn each_single_bit_changes_the_hash() {
        let seen: std::collections::BTreeSet<u64> = (0..64).map(|bit| hash(1_u64 << bit)).collect();
        assert_eq!(seen.len(), 64);
    }
}
