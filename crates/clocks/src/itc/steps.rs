//! A step function over the line from 0 to 1, cut at halves of halves: what both parts of a stamp
//! are.
//!
//! The paper writes such a function as a binary tree whose leaves are the steps, each node holding
//! what its leaves have in common. Here stand the leaves alone, from left to right, with their whole
//! value, so that nothing is lifted or sunk and no operation descends: each is one pass.
//!
//! A leaf knows its depth, and how many branches open between the leaf before and itself. Where a
//! leaf begins says at which depth a right child begins there, so `depth - opens` is a matter of
//! place alone: two functions, walked side by side, agree on it wherever both begin a leaf.
//!
//! Invariants: the leaves cover the line exactly; none is deeper than [`DEPTH_MAX`]; there are at
//! most [`LEAVES_MAX`]; and no two siblings have the same value, which makes the form canonical.
//! A leaf is a right child exactly if it opens nothing, so siblings are easily seen: one that opens
//! and the one after that does not.

use alloc::vec;
use alloc::vec::Vec;

use super::{DEPTH_MAX, LEAVES_MAX};
use crate::{ClockError, Defect};

/// One step: where it lies in the tree, and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leaf<V> {
    depth: u16,
    opens: u16,
    pub(crate) value: V,
}

impl<V> Leaf<V> {
    /// How many branches stand above it.
    pub(crate) const fn depth(&self) -> u16 {
        self.depth
    }

    /// How many branches open between the leaf before and this one.
    pub(crate) const fn opens(&self) -> u16 {
        self.opens
    }

    /// The depth of the greatest node that begins where this leaf begins and not before.
    pub(super) const fn begins_at(&self) -> u16 {
        self.depth.saturating_sub(self.opens)
    }

    /// The same place with another value.
    pub(super) const fn with<W>(&self, value: W) -> Leaf<W> {
        Leaf {
            depth: self.depth,
            opens: self.opens,
            value,
        }
    }

    /// The place of its left half.
    pub(super) const fn left_half<W>(&self, value: W) -> Leaf<W> {
        Leaf {
            depth: self.depth.saturating_add(1),
            opens: self.opens.saturating_add(1),
            value,
        }
    }

    /// The place of its right half.
    pub(super) const fn right_half<W>(&self, value: W) -> Leaf<W> {
        Leaf {
            depth: self.depth.saturating_add(1),
            opens: 0,
            value,
        }
    }

    /// The place of its parent, for a left child.
    pub(super) const fn widened<W>(&self, value: W) -> Leaf<W> {
        Leaf {
            depth: self.depth.saturating_sub(1),
            opens: self.opens.saturating_sub(1),
            value,
        }
    }
}

/// The steps from left to right.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Steps<V>(Vec<Leaf<V>>);

impl<V: Copy + Eq> Steps<V> {
    /// The same value everywhere.
    pub(super) fn constant(value: V) -> Self {
        Self(vec![Leaf {
            depth: 0,
            opens: 0,
            value,
        }])
    }

    /// No leaf yet: to be filled by [`push`](Self::push).
    pub(super) fn with_capacity(leaves: usize) -> Self {
        Self(Vec::with_capacity(leaves))
    }

    pub(crate) fn leaves(&self) -> &[Leaf<V>] {
        &self.0
    }

    pub(super) fn leaves_mut(&mut self) -> &mut Vec<Leaf<V>> {
        &mut self.0
    }

    pub(super) fn depth(&self) -> u16 {
        self.0.iter().map(Leaf::depth).max().unwrap_or(0)
    }

    /// Appends a leaf, and makes one of siblings that have become equal.
    #[inline]
    pub(super) fn push(&mut self, mut leaf: Leaf<V>) {
        while leaf.opens == 0
            && let Some(sibling) = self
                .0
                .pop_if(|last| last.opens > 0 && last.value == leaf.value)
        {
            leaf = sibling.widened(leaf.value);
        }
        self.0.push(leaf);
    }

    /// Refuses more leaves than a stamp may have.
    pub(super) fn check_size(self) -> Result<Self, ClockError> {
        let (leaves, leaves_max) = (self.0.len(), LEAVES_MAX);
        if leaves > leaves_max {
            return Err(ClockError::TooManyLeaves { leaves, leaves_max });
        }
        Ok(self)
    }
}

impl<V: Copy> Clone for Steps<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    // A derive would allocate afresh.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

/// Visits each piece of the line on which both functions are constant, from left to right, with the
/// two leaves that cover it, until told to stop. The piece is the deeper of the two leaves.
///
/// O(leaves of both).
#[inline]
pub(super) fn overlay<A, B>(
    left: &Steps<A>,
    right: &Steps<B>,
    mut go_on: impl FnMut(&Leaf<A>, &Leaf<B>) -> bool,
) {
    let (mut left, mut right) = (left.0.iter(), right.0.iter());
    while let (Some(a), Some(b)) = (left.next(), right.next()) {
        let goes_on = if a.depth == b.depth {
            go_on(a, b)
        } else if a.depth > b.depth {
            within(a, &mut left, b.depth, |a| go_on(a, b))
        } else {
            within(b, &mut right, a.depth, |b| go_on(a, b))
        };
        if !goes_on {
            return;
        }
    }
}

/// Visits `first` and the leaves after it that lie within its ancestor at `depth`.
#[inline]
fn within<V>(
    first: &Leaf<V>,
    rest: &mut core::slice::Iter<'_, Leaf<V>>,
    depth: u16,
    mut go_on: impl FnMut(&Leaf<V>) -> bool,
) -> bool {
    // How many nodes are still to come: each branch that opens adds one, each leaf is one.
    let mut pending = usize::from(first.depth.saturating_sub(depth));
    if !go_on(first) {
        return false;
    }
    while pending > 0
        && let Some(leaf) = rest.next()
    {
        pending = (pending + usize::from(leaf.opens)).saturating_sub(1);
        if !go_on(leaf) {
            return false;
        }
    }
    true
}

/// The deeper of two leaves that cover a piece, which is the piece, with a value.
#[inline]
pub(super) fn deeper<A, B, V>(left: &Leaf<A>, right: &Leaf<B>, value: V) -> Leaf<V> {
    if left.depth() < right.depth() {
        right.with(value)
    } else {
        left.with(value)
    }
}

/// Puts steps together from leaves that anybody may have written, and refuses what is not
/// canonical.
#[derive(Debug)]
pub(crate) struct Builder<V> {
    steps: Vec<Leaf<V>>,
    /// The depths of the right children still to come, the next one last.
    pending: Vec<u16>,
    is_complete: bool,
}

impl<V: Copy + Eq> Builder<V> {
    pub(crate) const fn new() -> Self {
        Self {
            steps: Vec::new(),
            pending: Vec::new(),
            is_complete: false,
        }
    }

    /// Adds the next leaf.
    pub(crate) fn push(&mut self, depth: u16, value: V) -> Result<(), Defect> {
        if depth > DEPTH_MAX {
            return Err(Defect::TooDeep);
        }
        if self.is_complete || self.steps.len() == LEAVES_MAX {
            return Err(Defect::TooMany);
        }
        let begins_at = self.pending.last().copied().unwrap_or(0);
        // A leaf that is shallower overlaps the one before.
        let opens = depth.checked_sub(begins_at).ok_or(Defect::NotCanonical)?;
        let is_equal_sibling = |last: &Leaf<V>| last.opens > 0 && last.value == value;
        if opens == 0 && self.steps.last().is_some_and(is_equal_sibling) {
            return Err(Defect::NotCanonical);
        }
        self.pending.pop();
        self.pending.extend(begins_at.saturating_add(1)..=depth);
        self.steps.push(Leaf {
            depth,
            opens,
            value,
        });
        self.is_complete = self.pending.is_empty();
        Ok(())
    }

    /// The steps, if they cover the line.
    pub(crate) fn finish(self) -> Result<Steps<V>, Defect> {
        if self.is_complete {
            Ok(Steps(self.steps))
        } else {
            Err(Defect::Ended)
        }
    }
}
