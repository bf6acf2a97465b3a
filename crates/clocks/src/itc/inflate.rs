//! The paper's `event`: counts one event somewhere in what the stamp owns (section 5.3.4).
//!
//! Any growth within the own part of the line, and only there, would be right. This one keeps the
//! tree small: `fill` raises owned leaves as far as the tree gets simpler for it; if there are none,
//! `grow` adds one where the fewest leaves are added.

use alloc::vec::Vec;

use super::events::Events;
use super::id::Id;
use super::steps::{Leaf, Steps, overlay};
use crate::ClockError;

/// Counts one event of the owner of `id`.
pub(super) fn inflate(id: &Id, events: &mut Events) -> Result<(), ClockError> {
    match fill(id.steps(), events.steps()) {
        Some(filled) => *events.steps_mut() = filled.check_size()?,
        None => grow(id.steps(), events.steps_mut())?,
    }
    Ok(())
}

/// A node whose leaves are all written.
#[derive(Clone, Copy)]
struct Node {
    depth: u16,
    /// Where its leaves begin.
    start: usize,
    /// The smallest count in it.
    min: u64,
    /// Whether all of it is owned, and so one leaf.
    is_owned: bool,
}

/// Makes every owned node one leaf, with the greatest count in it, and raises it to the smallest
/// count of its sibling. Nothing if that changes no count.
fn fill(id: &Steps<bool>, events: &Steps<u64>) -> Option<Steps<u64>> {
    let mut filled = Steps::with_capacity(events.leaves().len());
    // Left children that wait for their siblings: their depths grow, so they are few.
    let mut waiting: Vec<Node> = Vec::new();
    let mut is_raised = false;
    overlay(events, id, |count, owned| {
        let leaf = if count.depth() < owned.depth() {
            owned.with(count.value)
        } else {
            *count
        };
        let leaves = filled.leaves_mut();
        let mut node = Node {
            depth: leaf.depth(),
            start: leaves.len(),
            min: leaf.value,
            is_owned: owned.value,
        };
        leaves.push(leaf);
        while let Some(left) = waiting.pop_if(|left| left.depth == node.depth) {
            node = combine(left, node, leaves, &mut is_raised);
        }
        waiting.push(node);
        true
    });
    is_raised.then_some(filled)
}

/// The parent of two siblings, of which an owned one is raised.
fn combine(left: Node, right: Node, leaves: &mut Vec<Leaf<u64>>, is_raised: &mut bool) -> Node {
    let raised = |own: Node, other: Node| match own.is_owned {
        true => own.min.max(other.min),
        false => own.min,
    };
    let (left_min, right_min) = (raised(left, right), raised(right, left));
    for (node, min) in [(left, left_min), (right, right_min)] {
        if min > node.min
            && let Some(leaf) = leaves.get_mut(node.start)
        {
            leaf.value = min;
            *is_raised = true;
        }
    }
    if let Some([first, second]) = leaves.get_mut(left.start..)
        && first.value == second.value
    {
        *first = first.widened(first.value);
        leaves.truncate(right.start);
    }
    Node {
        depth: left.depth.saturating_sub(1),
        start: left.start,
        min: left_min.min(right_min),
        is_owned: left.is_owned && right.is_owned,
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

/// Adds 1 to the owned leaf where that adds the fewest leaves; the least deep of those; the last of
/// those.
fn grow(id: &Steps<bool>, events: &mut Steps<u64>) -> Result<(), ClockError> {
    let Some(place) = cheapest(id, events) else {
        return Ok(());
    };
    let count = events.leaves_mut().get_mut(place.leaf);
    let count = count.ok_or(ClockError::CounterExhausted)?;
    let next = count.value.checked_add(1);
    let next = next.ok_or(ClockError::CounterExhausted)?;
    if place.cost.0 == 0 {
        // No sibling becomes equal: `fill` would have found it greater.
        count.value = next;
        return Ok(());
    }
    let mut grown = Steps::with_capacity(events.leaves().len() + usize::from(place.cost.0));
    let mut piece = 0;
    overlay(events, id, |count, owned| {
        let value = match piece == place.piece {
            true => next,
            false => count.value,
        };
        piece += 1;
        grown.push(if count.depth() < owned.depth() {
            owned.with(value)
        } else {
            count.with(value)
        });
        true
    });
    *events = grown.check_size()?;
    Ok(())
}

fn cheapest(id: &Steps<bool>, events: &Steps<u64>) -> Option<Place> {
    let mut best: Option<Place> = None;
    let (mut leaf, mut piece) = (0, 0);
    let mut covering = events.leaves().first();
    overlay(events, id, |count, owned| {
        if !covering.is_some_and(|last| core::ptr::eq(last, count)) {
            covering = events.leaves().get(leaf + 1);
            leaf += 1;
        }
        let cost = (owned.depth().saturating_sub(count.depth()), owned.depth());
        if owned.value && best.is_none_or(|best| cost <= best.cost) {
            best = Some(Place { cost, leaf, piece });
        }
        piece += 1;
        true
    });
    best
}
