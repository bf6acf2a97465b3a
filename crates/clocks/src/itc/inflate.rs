//! The paper's `event`: counts one event somewhere in what the stamp owns (section 5.3).
//!
//! Any growth within the own part of the line, and only there, would be right. This one keeps the
//! tree small: `fill` makes each owned node one leaf, with the greatest count in it, and raises it
//! to the smallest count of its sibling; if that raises nothing, `grow` adds 1 where that adds the
//! fewest leaves.

use alloc::vec::Vec;

use super::events::Events;
use super::id::Id;
use super::steps::{Leaf, Steps, deeper, overlay};
use crate::ClockError;

/// Counts one event of the owner of `id`.
pub(super) fn inflate(id: &Id, events: &mut Events) -> Result<(), ClockError> {
    let (id, steps) = (id.steps(), events.steps_mut());
    match survey(id, steps) {
        Some(place) => grow(id, steps, place),
        None => {
            *steps = fill(id, steps).check_size()?;
            Ok(())
        }
    }
}

/// Whether the owner of `id`, who has just counted an event, can count one more, or why not.
///
/// That event left a leaf that is owned in full, so the next adds no leaf. Nor does it fail while
/// every count can grow: a node is raised only to a count that is there.
pub(super) fn check_next(id: &Id, events: &Events) -> Result<(), ClockError> {
    let mut counts = events.steps().leaves().iter().map(|leaf| leaf.value);
    if counts.any(|count| count == u64::MAX) {
        return inflate(id, &mut events.clone());
    }
    Ok(())
}

/// A node of which every leaf was seen.
#[derive(Clone, Copy)]
struct Node {
    depth: u16,
    /// The smallest count in it.
    min: u64,
    /// Whether all of it is owned, and so one leaf.
    is_owned: bool,
    /// Where its leaves begin, if they are written.
    start: usize,
}

impl Node {
    /// The piece that two leaves cover, one a count, and one owned or not.
    fn piece(count: &Leaf<u64>, owned: &Leaf<bool>, start: usize) -> Self {
        Self {
            depth: count.depth().max(owned.depth()),
            min: count.value,
            is_owned: owned.value,
            start,
        }
    }

    /// The smallest count once it is raised to that of its sibling, if it is owned.
    fn raised(&self, sibling: &Self) -> u64 {
        if self.is_owned {
            self.min.max(sibling.min)
        } else {
            self.min
        }
    }

    /// The parent, if this is the left child and `right` the other.
    fn parent(&self, right: &Self, min: u64) -> Self {
        Self {
            depth: self.depth.saturating_sub(1),
            min,
            is_owned: self.is_owned && right.is_owned,
            start: self.start,
        }
    }
}

/// Where an event would be counted, and what that costs.
#[derive(Clone, Copy)]
struct Place {
    /// How many leaves it adds, and then how deep it is.
    cost: (u16, u16),
    /// The leaf that counts.
    leaf: usize,
    /// The piece, among those on which both functions are constant.
    piece: usize,
}

/// The cheapest place to grow, the last if there are several; nothing if there is something to fill.
fn survey(id: &Steps<bool>, events: &Steps<u64>) -> Option<Place> {
    // Left children that wait for their siblings: each deeper than the one before, so they are few.
    let mut waiting: Vec<Node> = Vec::new();
    let mut best: Option<Place> = None;
    let mut is_filled = true;
    let (mut leaf, mut piece) = (0, 0);
    overlay(events, id, |count, owned| {
        let cost = (owned.depth().saturating_sub(count.depth()), owned.depth());
        let covers = |place: &Leaf<u64>| core::ptr::eq(place, count);
        if !events.leaves().get(leaf).is_some_and(covers) {
            leaf += 1;
        }
        if owned.value && best.is_none_or(|best| cost <= best.cost) {
            best = Some(Place { cost, leaf, piece });
        }
        piece += 1;
        let mut node = Node::piece(count, owned, 0);
        while let Some(left) = waiting.pop_if(|left| left.depth == node.depth) {
            is_filled &= left.raised(&node) == left.min && node.raised(&left) == node.min;
            node = left.parent(&node, left.min.min(node.min));
        }
        waiting.push(node);
        is_filled
    });
    best.filter(|_| is_filled)
}

/// The paper's `fill`.
fn fill(id: &Steps<bool>, events: &Steps<u64>) -> Steps<u64> {
    let mut filled = Steps::with_capacity(events.leaves().len());
    let mut waiting: Vec<Node> = Vec::new();
    overlay(events, id, |count, owned| {
        let leaves = filled.leaves_mut();
        let mut node = Node::piece(count, owned, leaves.len());
        leaves.push(deeper(count, owned, count.value));
        while let Some(left) = waiting.pop_if(|left| left.depth == node.depth) {
            node = combine(left, node, leaves);
        }
        waiting.push(node);
        true
    });
    filled
}

/// The parent of two siblings, once an owned one is raised and equal ones are made one leaf.
fn combine(left: Node, right: Node, leaves: &mut Vec<Leaf<u64>>) -> Node {
    let (left_min, right_min) = (left.raised(&right), right.raised(&left));
    for (node, min) in [(left, left_min), (right, right_min)] {
        // Only what is one leaf is raised.
        if min > node.min
            && let Some(leaf) = leaves.get_mut(node.start)
        {
            leaf.value = min;
        }
    }
    if let Some([first, second]) = leaves.get_mut(left.start..)
        && first.value == second.value
    {
        *first = first.widened(first.value);
        leaves.truncate(right.start);
    }
    left.parent(&right, left_min.min(right_min))
}

/// The paper's `grow`: adds 1 at the place.
fn grow(id: &Steps<bool>, events: &mut Steps<u64>, place: Place) -> Result<(), ClockError> {
    let count = events.leaves_mut().get_mut(place.leaf);
    let count = count.ok_or(ClockError::CounterExhausted)?;
    let next = count.value.checked_add(1);
    let next = next.ok_or(ClockError::CounterExhausted)?;
    if place.cost.0 == 0 {
        // No sibling becomes equal: `fill` would have found it greater.
        count.value = next;
        return Ok(());
    }
    let leaves = events.leaves().len();
    let mut grown = Steps::with_capacity(leaves.saturating_add(usize::from(place.cost.0)));
    let mut piece = 0;
    overlay(events, id, |count, owned| {
        let value = if piece == place.piece {
            next
        } else {
            count.value
        };
        piece += 1;
        grown.push(deeper(count, owned, value));
        true
    });
    *events = grown.check_size()?;
    Ok(())
}
