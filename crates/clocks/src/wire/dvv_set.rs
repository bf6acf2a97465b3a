//! Siblings: how many actors, and for each its name, the number of its last write, how many values
//! it has, and these, newest first.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_count, write_u64};
use crate::dvv_set::Entry;
use crate::{ClockError, Defect, DvvSet};

/// A value must take at least one byte.
impl<A: WireActor, V: Wire> Wire for DvvSet<A, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.entries().len(), out);
        let mut previous = None;
        for entry in self.entries() {
            entry.actor.encode_after(previous, out);
            previous = Some(&entry.actor);
            write_u64(entry.counter.get(), out);
            write_count(entry.values.len(), out);
            for value in entry.newest_first() {
                value.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let count = input.count(A::BYTES_MIN.saturating_add(2), Self::ACTORS_MAX)?;
        let mut entries: Vec<Entry<A, V>> = Vec::new();
        let mut room = Self::SIBLINGS_MAX;
        for _ in 0..count {
            let previous = entries.last().map(|entry| &entry.actor);
            let actor = A::decode_after(previous, input)?;
            let counter = input.u64()?;
            if counter == 0 {
                return Err(input.malformed_before(Defect::ZeroCounter));
            }
            let known = usize::try_from(counter).unwrap_or(usize::MAX);
            let length = input.count(1, known.min(room))?;
            room = room.saturating_sub(length);
            // A value in memory may be much larger than its encoding, so nothing is reserved.
            let mut values = Vec::new();
            for _ in 0..length {
                values.push(V::decode(input)?);
            }
            let entry = Entry::new(actor, counter, values);
            entries.push(entry.map_err(|defect| input.malformed(defect))?);
        }
        Self::from_entries(entries).map_err(|defect| input.malformed(defect))
    }
}
