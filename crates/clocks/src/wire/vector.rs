//! Dense clocks: the epoch, how many slots, and the counter of each. A clock of fixed width is its
//! counters alone.

use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{ArrayClock, ClockError, VectorClock};

impl Wire for VectorClock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.slots());
        write_u64(self.epoch(), out);
        write_count(self.slots(), out);
        for &counter in self.as_slice() {
            write_u64(counter, out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let epoch = input.u64()?;
        let slots = input.count(1, Self::SLOTS_MAX)?;
        let mut counters = Vec::with_capacity(slots);
        for _ in 0..slots {
            counters.push(input.u64()?);
        }
        Self::from_vec(epoch, counters)
    }
}

impl<const N: usize> Wire for ArrayClock<N> {
    fn encode(&self, out: &mut Vec<u8>) {
        for &counter in self.as_array() {
            write_u64(counter, out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let mut counters = [0; N];
        for counter in &mut counters {
            *counter = input.u64()?;
        }
        Ok(Self::from_counters(counters))
    }
}
