//! Two trees over places in a row, laid out in arrays: how often a place is covered, and the best among some places.

use alloc::{vec, vec::Vec};

/// Counts for each place; a whole range can be lowered, and the first zero found, in O(log n). Nothing is pushed down:
/// `least` of a node is the least count below it but for what `lowered` says of the nodes above.
pub(super) struct Counts {
    /// A power of two; leaves follow from here on.
    size: usize,
    least: Vec<u32>,
    /// How much a node's whole range was lowered.
    lowered: Vec<u32>,
}

impl Counts {
    pub(super) fn new(counts: &[u32]) -> Self {
        let size = counts.len().next_power_of_two().max(2);
        let mut least = vec![u32::MAX; size.saturating_mul(2)];
        for (slot, count) in least.iter_mut().skip(size).zip(counts) {
            *slot = *count;
        }
        let mut tree = Self {
            size,
            least,
            lowered: vec![0; size],
        };
        for node in (1..size).rev() {
            tree.rebuild(node);
        }
        tree
    }

    /// Takes one from each place of `start..end`, all of which are above zero.
    pub(super) fn lower(&mut self, start: usize, end: usize) {
        let (mut left, mut right) = (
            start.saturating_add(self.size),
            end.saturating_add(self.size),
        );
        let (first, last) = (left, right.saturating_sub(1));
        while left < right {
            if left & 1 == 1 {
                self.lower_node(left);
                left = left.saturating_add(1);
            }
            if right & 1 == 1 {
                right = right.saturating_sub(1);
                self.lower_node(right);
            }
            left /= 2;
            right /= 2;
        }
        for leaf in [first, last] {
            let mut node = leaf / 2;
            while node > 0 {
                self.rebuild(node);
                node /= 2;
            }
        }
    }

    /// The first place from `start` on whose count is zero.
    pub(super) fn first_zero(&self, start: usize) -> Option<usize> {
        if start >= self.size {
            return None;
        }
        let mut node = start.saturating_add(self.size);
        // What all nodes above this one say.
        let mut above = 0_u32;
        let mut ancestor = node / 2;
        while ancestor > 0 {
            above = above.saturating_add(self.lowered_of(ancestor));
            ancestor /= 2;
        }
        while self.least_of(node) != above {
            // On to the next subtree to the right.
            while node & 1 == 1 {
                node /= 2;
                above = above.saturating_sub(self.lowered_of(node));
                if node <= 1 {
                    return None;
                }
            }
            node = node.saturating_add(1);
        }
        while node < self.size {
            above = above.saturating_add(self.lowered_of(node));
            node = node.saturating_mul(2);
            if self.least_of(node) != above {
                node = node.saturating_add(1);
            }
        }
        Some(node.saturating_sub(self.size))
    }

    fn lower_node(&mut self, node: usize) {
        if let Some(least) = self.least.get_mut(node) {
            *least = least.saturating_sub(1);
        }
        if let Some(lowered) = self.lowered.get_mut(node) {
            *lowered = lowered.saturating_add(1);
        }
    }

    fn rebuild(&mut self, node: usize) {
        let child = node.saturating_mul(2);
        let below = self
            .least_of(child)
            .min(self.least_of(child.saturating_add(1)));
        let lowered = self.lowered_of(node);
        if let Some(least) = self.least.get_mut(node) {
            *least = below.saturating_sub(lowered);
        }
    }

    fn least_of(&self, node: usize) -> u32 {
        self.least.get(node).copied().unwrap_or(u32::MAX)
    }

    fn lowered_of(&self, node: usize) -> u32 {
        self.lowered.get(node).copied().unwrap_or(0)
    }
}

/// The greatest of some places of a range, in O(log n).
pub(super) struct Greatest {
    size: usize,
    /// `score << 32 | place + 1`; zero for a place that does not take part.
    best: Vec<u64>,
}

impl Greatest {
    pub(super) fn new(places: usize) -> Self {
        let size = places.next_power_of_two().max(2);
        Self {
            size,
            best: vec![0; size.saturating_mul(2)],
        }
    }

    pub(super) fn set(&mut self, place: usize, score: u32) {
        self.write(
            place,
            u64::from(score) << 32 | (place as u64).saturating_add(1),
        );
    }

    pub(super) fn clear(&mut self, place: usize) {
        self.write(place, 0);
    }

    /// Score and place of the greatest in `start..end`.
    pub(super) fn greatest(&self, start: usize, end: usize) -> Option<(u32, usize)> {
        let (mut left, mut right) = (
            start.saturating_add(self.size),
            end.saturating_add(self.size),
        );
        let mut best = 0;
        while left < right {
            if left & 1 == 1 {
                best = best.max(self.best_of(left));
                left = left.saturating_add(1);
            }
            if right & 1 == 1 {
                right = right.saturating_sub(1);
                best = best.max(self.best_of(right));
            }
            left /= 2;
            right /= 2;
        }
        let place = (best as u32).checked_sub(1)?;
        Some(((best >> 32) as u32, place as usize))
    }

    fn write(&mut self, place: usize, word: u64) {
        let mut node = place.saturating_add(self.size);
        if let Some(slot) = self.best.get_mut(node) {
            *slot = word;
        }
        while node > 1 {
            let best = self.best_of(node).max(self.best_of(node ^ 1));
            node /= 2;
            match self.best.get_mut(node) {
                Some(slot) if *slot != best => *slot = best,
                _ => return,
            }
        }
    }

    fn best_of(&self, node: usize) -> u64 {
        self.best.get(node).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> impl FnMut(usize) -> usize {
        let mut word = 3_u64;
        move |bound| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (word >> 33) as usize % bound
        }
    }

    #[test]
    fn the_first_zero_is_the_one_that_counting_finds() {
        let mut below = numbers();
        for places in [1, 2, 3, 5, 8, 33, 64] {
            let mut counts: Vec<u32> = (0..places).map(|_| below(6) as u32).collect();
            let mut tree = Counts::new(&counts);
            for _ in 0..400 {
                let start = below(places);
                let end = start + below(places - start + 1);
                let found = counts[start..].iter().position(|count| *count == 0);
                assert_eq!(tree.first_zero(start), found.map(|it| it + start));
                if counts[start..end].iter().all(|count| *count > 0) {
                    tree.lower(start, end);
                    counts[start..end].iter_mut().for_each(|count| *count -= 1);
                }
            }
        }
    }

    #[test]
    fn the_greatest_is_the_one_that_looking_finds() {
        let mut below = numbers();
        for places in [1, 2, 5, 16, 33] {
            let mut scores: Vec<Option<u32>> = vec![None; places];
            let mut tree = Greatest::new(places);
            for _ in 0..400 {
                let place = below(places);
                if below(3) == 0 {
                    tree.clear(place);
                    scores[place] = None;
                } else {
                    let score = below(10) as u32;
                    tree.set(place, score);
                    scores[place] = Some(score);
                }
                let start = below(places);
                let end = start + below(places - start + 1);
                let expected = (start..end).filter_map(|it| Some((scores[it]?, it))).max();
                assert_eq!(tree.greatest(start, end), expected);
            }
        }
    }
}
