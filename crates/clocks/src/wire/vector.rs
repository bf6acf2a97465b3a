//! Dense clocks: the epoch, how many slots, and the counter of each. A clock of fixed width is its
//! counters alone.

use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{ArrayClock, ClockError, VectorClock};

impl Wire for VectorClock {
    fn encode(&self, out: &mut Vec<u8>) {
        let each = usual_bytes(self.as_slice());
        out.reserve(HEAD.saturating_add(self.slots().saturating_mul(each)));
        write_u64(self.epoch(), out);
        write_count(self.slots(), out);
        write_counters(self.as_slice(), each, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let epoch = input.u64()?;
        let slots = input.count(1, Self::SLOTS_MAX)?;
        let mut clock = Self::zeros(epoch, slots);
        for counter in clock.counters_mut() {
            *counter = input.u64()?;
        }
        Ok(clock)
    }
}

impl<const N: usize> Wire for ArrayClock<N> {
    fn encode(&self, out: &mut Vec<u8>) {
        let each = usual_bytes(self.as_array());
        out.reserve(N.saturating_mul(each));
        write_counters(self.as_array(), each, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let mut counters = [0; N];
        for counter in &mut counters {
            *counter = input.u64()?;
        }
        Ok(Self::from_counters(counters))
    }
}

/// Room for the usual epoch and width.
const HEAD: usize = 6;

/// Into how many bytes each of the counters fits, but for the few that take more than 3.
fn usual_bytes(counters: &[u64]) -> usize {
    match counters.iter().fold(0, |bits, counter| bits | counter) {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 3,
    }
}

/// Appends the counters, of so many bytes each, one after the other.
fn write_counters(counters: &[u64], each: usize, out: &mut Vec<u8>) {
    if each == 1 {
        // Each is its own byte, and all are written at once.
        out.extend(counters.iter().map(|&counter| counter as u8));
        return;
    }
    for &counter in counters {
        write_u64(counter, out);
    }
}
