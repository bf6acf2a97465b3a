//! The memory of a version vector: few entries in place, more on the heap.
//!
//! An entry is an `Option` only so that a slot can be empty while others move past it, without any
//! unsafe code. It costs nothing: a counter is never zero, so `None` needs no byte of its own.
//!
//! Invariants: every slot of [`Entries::as_slice`] is `Some`, in strictly increasing order of the
//! actors, except inside one call that is about to fill it; slots in place beyond the length are
//! `None`.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::Dot;

/// How many entries need no allocation.
pub(super) const INLINE: usize = 4;

/// The last known event of an actor.
pub(super) type Entry<A> = Option<Dot<A>>;

pub(super) enum Entries<A> {
    Inline {
        length: u8,
        slots: [Entry<A>; INLINE],
    },
    Heap(Vec<Entry<A>>),
}

impl<A> Entries<A> {
    pub(super) const fn new() -> Self {
        Self::Inline {
            length: 0,
            slots: [const { None }; INLINE],
        }
    }

    /// Room for `capacity` entries.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        if capacity <= INLINE {
            Self::new()
        } else {
            Self::Heap(Vec::with_capacity(capacity))
        }
    }

    /// Appends an entry that comes after all others.
    pub(super) fn push(&mut self, dot: Dot<A>) {
        let length = self.as_slice().len();
        match self {
            Self::Heap(heap) => heap.push(Some(dot)),
            Self::Inline { .. } => {
                self.grow(length + 1);
                if let Some(last) = self.as_mut_slice().last_mut() {
                    *last = Some(dot);
                }
            }
        }
    }

    /// Puts an entry in the place `index`, before the one that stands there. O(entries).
    pub(super) fn insert(&mut self, index: usize, dot: Dot<A>) {
        self.grow(self.as_slice().len() + 1);
        if let Some(tail) = self.as_mut_slice().get_mut(index..) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = Some(dot);
            }
        }
    }

    /// Adds empty slots at the end, up to `length` in all. Allocates at most once.
    pub(super) fn grow(&mut self, length: usize) {
        match self {
            Self::Inline { length: own, .. } if length <= INLINE => *own = length as u8,
            Self::Inline { slots, .. } => {
                let mut heap = Vec::with_capacity(length.max(2 * INLINE));
                heap.extend(slots.iter_mut().map(Option::take));
                heap.resize_with(length, || None);
                *self = Self::Heap(heap);
            }
            Self::Heap(heap) => heap.resize_with(length, || None),
        }
    }

    /// Drops all but the first `length` slots.
    pub(super) fn truncate(&mut self, length: usize) {
        match self {
            Self::Inline { length: own, slots } => {
                for slot in slots.iter_mut().skip(length) {
                    *slot = None;
                }
                *own = (*own).min(length.min(INLINE) as u8);
            }
            Self::Heap(heap) => heap.truncate(length),
        }
    }

    /// Drops the empty slots `start..end`: what follows moves up to them.
    pub(super) fn close_gap(&mut self, start: usize, end: usize) {
        match self {
            Self::Heap(heap) if start < end && end <= heap.len() => drop(heap.drain(start..end)),
            Self::Heap(_) => {}
            Self::Inline { slots, .. } => {
                let mut kept = 0;
                for at in 0..INLINE {
                    if slots.get(at).is_some_and(Option::is_some) {
                        slots.swap(kept, at);
                        kept += 1;
                    }
                }
                self.truncate(kept);
            }
        }
    }

    pub(super) fn as_slice(&self) -> &[Entry<A>] {
        match self {
            Self::Inline { length, slots } => slots.get(..usize::from(*length)).unwrap_or_default(),
            Self::Heap(heap) => heap,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Entry<A>] {
        match self {
            Self::Inline { length, slots } => {
                slots.get_mut(..usize::from(*length)).unwrap_or_default()
            }
            Self::Heap(heap) => heap,
        }
    }
}

impl<A: Clone> Clone for Entries<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Inline { length, slots } => Self::Inline {
                length: *length,
                slots: slots.clone(),
            },
            Self::Heap(heap) => Self::Heap(heap.clone()),
        }
    }

    // An allocation is kept, also for few entries.
    fn clone_from(&mut self, source: &Self) {
        match self {
            Self::Heap(heap) => {
                heap.clear();
                heap.extend_from_slice(source.as_slice());
            }
            Self::Inline { .. } => *self = source.clone(),
        }
    }
}

/// Where the actor's entry is, or where it would have to be inserted.
pub(super) fn search<A: Ord>(entries: &[Entry<A>], actor: &A) -> Result<usize, usize> {
    entries.binary_search_by(|entry| match entry {
        Some(dot) => dot.actor.cmp(actor),
        None => Ordering::Greater,
    })
}
