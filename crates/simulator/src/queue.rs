//! The event queue: a hierarchical timing wheel that is exact, stable and allocates only to grow.
//!
//! A time is eleven digits of six bits. An event waits at the level of the highest digit in which
//! its time differs from the queue's time, in the slot of that digit. So:
//!
//! 1. Events on a lower level come before all events on a higher one, and within a level slots
//!    come in order: the next event is found with two bit scans.
//! 2. When the next slot is not on level 0, the queue's time moves to the earliest time in it, and
//!    its events spread over lower levels. Each event moves at most once a level, and a slot with
//!    one event is taken as it is.
//! 3. Slots are first-in first-out and spreading keeps their order; nothing enters a lower slot
//!    before the higher one is spread. So events of one time leave in the order they came.

const LEVELS: usize = 11;
const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const NIL: u32 = u32::MAX;

/// Events by time, then by arrival.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    now: u64,
    len: usize,
    levels: u16,
    slots: [u64; LEVELS],
    lists: Box<[[List; SLOTS]; LEVELS]>,
    entries: Vec<Entry<T>>,
    free: u32,
}

#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
}

#[derive(Debug)]
struct Entry<T> {
    time: u64,
    next: u32,
    event: Option<T>,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let empty = List {
            head: NIL,
            tail: NIL,
        };
        Self {
            now: 0,
            len: 0,
            levels: 0,
            slots: [0; LEVELS],
            lists: Box::new([[empty; SLOTS]; LEVELS]),
            entries: Vec::new(),
            free: NIL,
        }
    }

    /// Adds an event; a time already past counts as now.
    #[inline(always)]
    pub(crate) fn push(&mut self, time: u64, event: T) {
        let time = time.max(self.now);
        let index = if self.free == NIL {
            self.entries.push(Entry {
                time,
                next: NIL,
                event: Some(event),
            });
            // More than 2^32 - 1 waiting events would need over 100 GB first.
            (self.entries.len() - 1) as u32
        } else {
            let index = self.free;
            let entry = &mut self.entries[index as usize];
            self.free = entry.next;
            entry.time = time;
            entry.event = Some(event);
            index
        };
        self.len += 1;
        self.link(index, time);
    }

    /// Takes the earliest event with its time; among equals the one that came first.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let slot = self.slots[level].trailing_zeros() as usize;
        let list = self.lists[level][slot];
        if level > 0 && list.head != list.tail {
            return self.spread(level, slot, list);
        }
        Some(self.take(level, slot, list))
    }

    /// How many events wait.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn take(&mut self, level: usize, slot: usize, list: List) -> (u64, T) {
        let entry = &mut self.entries[list.head as usize];
        let next = entry.next;
        entry.next = self.free;
        self.free = list.head;
        self.now = entry.time;
        let event = entry.event.take().expect("a listed entry holds an event");
        self.len -= 1;
        if list.head == list.tail {
            self.clear(level, slot);
        } else {
            self.lists[level][slot].head = next;
        }
        (self.now, event)
    }

    #[inline]
    fn clear(&mut self, level: usize, slot: usize) {
        self.slots[level] &= !(1 << slot);
        if self.slots[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// Moves the events of a slot to lower levels and takes the first.
    fn spread(&mut self, level: usize, slot: usize, list: List) -> Option<(u64, T)> {
        self.clear(level, slot);
        let mut earliest = u64::MAX;
        let mut index = list.head;
        loop {
            let entry = &self.entries[index as usize];
            earliest = earliest.min(entry.time);
            if index == list.tail {
                break;
            }
            index = entry.next;
        }
        self.now = earliest;
        let mut index = list.head;
        loop {
            let Entry { time, next, .. } = self.entries[index as usize];
            self.link(index, time);
            if index == list.tail {
                break;
            }
            index = next;
        }
        let slot = (earliest & (SLOTS as u64 - 1)) as usize;
        let list = self.lists[0][slot];
        Some(self.take(0, slot, list))
    }

    #[inline]
    fn link(&mut self, index: u32, time: u64) {
        let level = (63 - ((time ^ self.now) | 1).leading_zeros()) / DIGIT_BITS;
        let slot = ((time >> (level * DIGIT_BITS)) & (SLOTS as u64 - 1)) as usize;
        let level = level as usize;
        let list = &mut self.lists[level][slot];
        if self.slots[level] & (1 << slot) == 0 {
            *list = List {
                head: index,
                tail: index,
            };
            self.slots[level] |= 1 << slot;
            self.levels |= 1 << level;
        } else {
            let tail = list.tail as usize;
            list.tail = index;
            self.entries[tail].next = index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;
    use std::collections::BTreeMap;

    quickcheck! {
        fn events_leave_by_time_and_then_by_arrival(steps: Vec<(u64, u8, bool)>) -> bool {
            let mut queue = Queue::new();
            let mut model = BTreeMap::new();
            let (mut now, mut arrival) = (0_u64, 0_u64);
            for (delay, shift, pop) in steps {
                // Every magnitude of delay, and many equal times.
                let time = now.saturating_add(delay >> (shift % 64));
                queue.push(time, arrival);
                model.insert((time, arrival), ());
                arrival += 1;
                if pop {
                    let Some(((time, event), ())) = model.pop_first() else { return false };
                    if queue.pop() != Some((time, event)) {
                        return false;
                    }
                    now = time;
                }
            }
            while let Some(((time, event), ())) = model.pop_first() {
                if queue.pop() != Some((time, event)) {
                    return false;
                }
            }
            queue.pop().is_none() && queue.len() == 0
        }
    }

    #[test]
    fn the_last_time_of_all_is_reachable() {
        let mut queue = Queue::new();
        queue.push(u64::MAX, 'z');
        queue.push(u64::MAX - 1, 'y');
        queue.push(0, 'a');
        assert_eq!(queue.pop(), Some((0, 'a')));
        assert_eq!(queue.pop(), Some((u64::MAX - 1, 'y')));
        assert_eq!(queue.pop(), Some((u64::MAX, 'z')));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn a_time_already_past_counts_as_now() {
        let mut queue = Queue::new();
        queue.push(100, 'a');
        assert_eq!(queue.pop(), Some((100, 'a')));
        queue.push(5, 'b');
        assert_eq!(queue.pop(), Some((100, 'b')));
    }

    #[test]
    fn entries_are_used_again() {
        let mut queue = Queue::new();
        for time in 0..10_000 {
            queue.push(time, ());
            queue.push(time + 1_000_000, ());
            queue.pop();
            queue.pop();
        }
        assert!(queue.entries.len() <= 2);
    }
}
