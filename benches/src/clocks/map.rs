//! The clock of the tutorials: a hash map from actor to counter.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use clocks::Causality;

/// A vector clock as a tutorial writes it.
///
/// ```
/// use benches::clocks::SipClock;
/// let (mut a, b) = (SipClock::of([(1, 5)]), SipClock::of([(1, 3), (2, 4)]));
/// a.merge(&b);
/// assert_eq!((a.get(1), a.get(2)), (5, 4));
/// ```
#[derive(Debug, Default)]
pub struct MapClock<S> {
    counters: HashMap<usize, u64, S>,
}

/// With the standard library's hasher.
pub type SipClock = MapClock<RandomState>;

/// With the hasher of the compiler and of some engines.
pub type FxClock = MapClock<BuildHasherDefault<Fx>>;

impl<S: Clone> Clone for MapClock<S> {
    fn clone(&self) -> Self {
        Self {
            counters: self.counters.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.counters.clone_from(&source.counters);
    }
}

impl<S: BuildHasher + Default> MapClock<S> {
    /// The clock of these counters.
    pub fn of(counters: impl IntoIterator<Item = (usize, u64)>) -> Self {
        Self {
            counters: counters.into_iter().collect(),
        }
    }

    /// Takes the greater counter of each actor.
    pub fn merge(&mut self, other: &Self) {
        for (&actor, &counter) in &other.counters {
            let own = self.counters.entry(actor).or_insert(0);
            *own = counter.max(*own);
        }
    }

    /// The counter of an actor.
    #[must_use]
    pub fn get(&self, actor: usize) -> u64 {
        self.counters.get(&actor).copied().unwrap_or(0)
    }

    /// Every actor with its counter, in no order.
    #[must_use]
    pub fn entries(&self) -> Vec<(usize, u64)> {
        let entries = self.counters.iter();
        entries.map(|(&actor, &counter)| (actor, counter)).collect()
    }

    /// How this clock stands to another: stops as soon as that is known.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.is_within(other), other.is_within(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (false, false) => Causality::Concurrent,
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        let mut counters = self.counters.iter();
        counters.all(|(&actor, &counter)| counter <= other.get(actor))
    }
}

/// The multiplicative hasher of Firefox and of the Rust compiler: fast, and no defence against
/// chosen keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fx(u64);

impl Hasher for Fx {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_compare_by_causality() {
        let clock = |a, b| FxClock::of([(1, a), (2, b)]);
        assert_eq!(clock(1, 2).compare(&clock(1, 2)), Causality::Equal);
        assert_eq!(clock(1, 2).compare(&clock(1, 3)), Causality::Before);
        assert_eq!(clock(2, 2).compare(&clock(1, 2)), Causality::After);
        assert_eq!(clock(2, 1).compare(&clock(1, 2)), Causality::Concurrent);
    }
}
