//! Vectors of numbers that share what they have in common.
//!
//! A vector is a binary tree, and equal trees are one: every node is a pair of children, interned. So the root's number
//! stands for the whole vector, two vectors are equal exactly when their roots are, and a vector that differs from a
//! known one in one place costs O(log n).

use alloc::vec::Vec;

use crate::intern::Interner;

#[derive(Debug)]
pub(super) struct Tree {
    /// Children of a node, the left one in the upper half. A child is a node, or in the lowest level a number.
    nodes: Interner<u64>,
    levels: u32,
}

impl Tree {
    /// Trees for vectors of `length` numbers, and the root of that with zeros everywhere.
    pub(super) fn new(length: usize) -> (Self, u32) {
        let levels = length.max(1).next_power_of_two().trailing_zeros();
        let mut tree = Self {
            nodes: Interner::new(),
            levels,
        };
        let root = (0..levels).fold(0, |child, _| tree.nodes.intern(pair(child, child)));
        (tree, root)
    }

    /// The root of the vector that has `number` at `place` and is that of `root` elsewhere.
    pub(super) fn with(&mut self, root: u32, place: usize, number: u32) -> u32 {
        let mut siblings = Vec::with_capacity(self.levels as usize);
        let mut node = root;
        for level in (0..self.levels).rev() {
            let children = self.nodes.get(node).copied().unwrap_or(0);
            let (left, right) = ((children >> 32) as u32, children as u32);
            let is_right = place >> level & 1 == 1;
            siblings.push((is_right, if is_right { left } else { right }));
            node = if is_right { right } else { left };
        }
        siblings
            .into_iter()
            .rev()
            .fold(number, |child, (is_right, sibling)| {
                self.nodes.intern(if is_right {
                    pair(sibling, child)
                } else {
                    pair(child, sibling)
                })
            })
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes()
    }

    /// Whether the nodes near the end of their 32-bit numbers.
    pub(super) const fn is_full(&self) -> bool {
        self.nodes.len() > (u32::MAX / 2) as usize
    }
}

fn pair(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_equal_exactly_when_the_vectors_are() {
        for length in [0_usize, 1, 2, 3, 5, 8] {
            let (mut tree, zeros) = Tree::new(length);
            let mut known = Vec::from([(Vec::from_iter((0..length).map(|_| 0)), zeros)]);
            let mut random = 7_u64;
            for _ in 0..300 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let (mut vector, root) = known[random as usize % known.len()].clone();
                if length == 0 {
                    continue;
                }
                let place = (random >> 32) as usize % length;
                let number = (random >> 48) as u32 % 3;
                vector[place] = number;
                let changed = tree.with(root, place, number);
                for (other, its_root) in &known {
                    assert_eq!(
                        *other == vector,
                        *its_root == changed,
                        "{other:?} {vector:?}"
                    );
                }
                known.push((vector, changed));
            }
        }
    }
}
