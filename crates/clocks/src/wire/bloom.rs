//! Bloom clocks: how many hashes, how many counters, and each counter.

use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{BloomClock, ClockError, Defect};

impl Wire for BloomClock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.hashes());
        write_count(self.as_slice().len(), out);
        for &counter in self.as_slice() {
            write_u64(counter, out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let hashes = input.u8()?;
        if hashes == 0 || hashes > Self::HASHES_MAX {
            return Err(input.malformed_before(Defect::NotAllowed));
        }
        let slots = input.count(1, Self::COUNTERS_MAX)?;
        if slots == 0 {
            return Err(input.malformed_before(Defect::NotAllowed));
        }
        let mut counters = Vec::with_capacity(slots);
        for _ in 0..slots {
            counters.push(input.u64()?);
        }
        Self::from_vec(hashes, counters)
    }
}
