//! A dense clock of a few slots that are known when the program is compiled.

use crate::{Causality, ClockError, Dot};

/// A vector clock of `N` slots, held in place: `Copy`, and without any allocation.
///
/// For the usual three to seven replicas, whose number never changes while the program runs. The
/// slots are managed by hand; there is no epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArrayClock<const N: usize> {
    counters: [u64; N],
}

impl<const N: usize> ArrayClock<N> {
    /// A clock before any event.
    #[must_use]
    pub const fn new() -> Self {
        Self { counters: [0; N] }
    }

    /// Counts one event of the actor in `slot`.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`], [`ClockError::CounterExhausted`].
    pub fn tick(&mut self, slot: usize) -> Result<Dot<usize>, ClockError> {
        let slots = N;
        let counter = self
            .counters
            .get_mut(slot)
            .ok_or(ClockError::UnknownSlot { slot, slots })?;
        let dot = crate::kernel::next(slot, *counter)?;
        *counter = dot.number();
        Ok(dot)
    }

    /// Joins `other` into this clock, and tells if it learned something.
    pub fn merge(&mut self, other: &Self) -> bool {
        crate::kernel::join(&mut self.counters, &other.counters)
    }

    /// How this clock stands to `other`.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        crate::kernel::compare(&self.counters, &other.counters)
    }
}

impl<const N: usize> Default for ArrayClock<N> {
    fn default() -> Self {
        Self::new()
    }
}
