//! Cut vectors: how many entries are missing, and those that are left.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_count};
use crate::{ClockError, Defect, Truncated, VersionVector};

impl<A: WireActor> Wire for Truncated<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.dropped(), out);
        self.kept().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let dropped = input.u64()?;
        let kept = VersionVector::decode(input)?;
        Self::from_parts(kept, dropped).ok_or_else(|| input.malformed_before(Defect::TooMany))
    }
}
