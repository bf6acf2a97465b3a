//! Matrix clocks: whose it is, its own row, and by how much each other row lags behind it.

use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{ClockError, Defect, MatrixClock, VectorClock};

/// Nobody is known to know more than the owner, so a lag can always be written, and a row that
/// claims more cannot.
impl Wire for MatrixClock {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.slot(), out);
        self.clock().encode(out);
        let others = self.rows().enumerate();
        for (_, row) in others.filter(|&(slot, _)| slot != self.slot()) {
            for (own, known) in self.clock().as_slice().iter().zip(row.as_slice()) {
                write_u64(own.saturating_sub(*known), out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let slot =
            usize::try_from(input.u64()?).map_err(|_| input.malformed_before(Defect::TooLarge))?;
        let own = VectorClock::decode(input)?;
        let width = own.slots();
        let others_count = width.saturating_sub(1);
        // A byte an entry is the least: what does not follow need not be reserved.
        if others_count.saturating_mul(width) > input.left() {
            return Err(input.malformed_before(Defect::TooMany));
        }
        let mut others = Vec::with_capacity(others_count);
        for _ in 0..others_count {
            let mut row = Vec::with_capacity(width);
            for own in own.as_slice() {
                let known = own.checked_sub(input.u64()?);
                row.push(known.ok_or_else(|| input.malformed_before(Defect::TooLarge))?);
            }
            others.push(VectorClock::from_vec(own.epoch(), row)?);
        }
        Self::from_parts(slot, own, others).map_err(|defect| input.malformed_before(defect))
    }
}
