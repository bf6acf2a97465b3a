//! Clocks that came in and are not needed any more: their memory carries the next ones out.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use clocks::VectorClock;

/// A few clocks to write over. They hold no state: all `Spares` are equal, and a clone is empty.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    clocks: Vec<VectorClock>,
    clocks_max: usize,
}

impl Spares {
    pub(crate) const fn new(clocks_max: usize) -> Self {
        Self {
            clocks: Vec::new(),
            clocks_max,
        }
    }

    pub(crate) fn give(&mut self, clock: VectorClock) {
        if self.clocks.len() < self.clocks_max {
            self.clocks.push(clock);
        }
    }

    /// A copy of `clock`, in the memory of a spare one where there is one of the same width.
    pub(crate) fn copy(&mut self, clock: &VectorClock) -> VectorClock {
        let Some(mut copy) = self.clocks.pop() else {
            return clock.clone();
        };
        copy.clone_from(clock);
        copy
    }
}

impl Clone for Spares {
    fn clone(&self) -> Self {
        Self::new(self.clocks_max)
    }
}

impl PartialEq for Spares {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Spares {}

impl Hash for Spares {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}
