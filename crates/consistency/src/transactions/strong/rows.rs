//! Items grouped by a number, in one piece of memory.

use alloc::{vec, vec::Vec};

/// "None" among the numbers of transactions, entries, versions and lists.
pub(in crate::transactions) const NONE: u32 = u32::MAX;

/// `rows_count` rows, each keeping the order in which its items came.
#[derive(Clone, Debug)]
pub(in crate::transactions) struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Groups pairs of row and item. The items must come alike each time. O(rows + items).
    pub(in crate::transactions) fn group<I: Iterator<Item = (u32, T)>>(
        rows_count: usize,
        blank: T,
        items: impl Fn() -> I,
    ) -> Self {
        let mut starts = vec![0_u32; rows_count.saturating_add(1)];
        for (row, _) in items() {
            add_one(&mut starts, row);
        }
        // First each row's end; placing from there backwards would turn the order, so shift to the beginnings.
        let mut sum = 0_u32;
        for start in &mut starts {
            let count = *start;
            *start = sum;
            sum = sum.wrapping_add(count);
        }
        let mut grouped = vec![blank; sum as usize];
        for (row, item) in items() {
            let place = at(&starts, row);
            if let Some(slot) = grouped.get_mut(place as usize) {
                *slot = item;
            }
            add_one(&mut starts, row);
        }
        // Each start has moved to its row's end, which is the next row's beginning.
        starts.rotate_right(1);
        put(&mut starts, 0, 0);
        Self {
            starts,
            items: grouped,
        }
    }

    fn range(&self, row: u32) -> core::ops::Range<usize> {
        let start = at(&self.starts, row);
        let end = at(&self.starts, row.saturating_add(1));
        if end == NONE {
            0..0
        } else {
            start as usize..end as usize
        }
    }

    pub(in crate::transactions) fn row(&self, row: u32) -> &[T] {
        self.items.get(self.range(row)).unwrap_or_default()
    }

    pub(in crate::transactions) fn row_mut(&mut self, row: u32) -> &mut [T] {
        let range = self.range(row);
        self.items.get_mut(range).unwrap_or_default()
    }

    pub(in crate::transactions) const fn items_count(&self) -> usize {
        self.items.len()
    }
}

pub(in crate::transactions) fn at(numbers: &[u32], place: u32) -> u32 {
    numbers.get(place as usize).copied().unwrap_or(NONE)
}

pub(in crate::transactions) fn put(numbers: &mut [u32], place: u32, number: u32) {
    if let Some(slot) = numbers.get_mut(place as usize) {
        *slot = number;
    }
}

fn add_one(numbers: &mut [u32], place: u32) {
    if let Some(slot) = numbers.get_mut(place as usize) {
        *slot = slot.wrapping_add(1);
    }
}
