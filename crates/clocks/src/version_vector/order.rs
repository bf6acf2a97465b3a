//! How two sorted lists of entries stand to each other, and what they share.

use core::cmp::Ordering;

use super::entries::{Entries, Entry};
use crate::Causality;

/// When one list is this many times longer than the other, seeking beats walking.
pub(super) const SKEW: usize = 16;

/// The order of two lists: an actor that one lacks counts there as zero.
pub(super) fn compare<A: Ord>(left: &[Entry<A>], right: &[Entry<A>]) -> Causality {
    if right.len() / SKEW > left.len() {
        return compare_few(left, right);
    }
    if left.len() / SKEW > right.len() {
        return compare_few(right, left).reverse();
    }
    // No counter is zero, so the longer list has an actor that the other lacks.
    let mut left_less = left.len() < right.len();
    let mut right_less = right.len() < left.len();
    let mut same = 0;
    for (l, r) in left.iter().zip(right) {
        let (Some(l), Some(r)) = (l, r) else {
            break;
        };
        if l.actor != r.actor || (left_less && right_less) {
            break;
        }
        left_less |= l.counter < r.counter;
        right_less |= r.counter < l.counter;
        same += 1;
    }
    let (mut i, mut j) = (same, same);
    while let (false, Some(Some(l)), Some(Some(r))) =
        (left_less && right_less, left.get(i), right.get(j))
    {
        let order = l.actor.cmp(&r.actor);
        let is_shared = order == Ordering::Equal;
        left_less |= order == Ordering::Greater || (is_shared && l.counter < r.counter);
        right_less |= order == Ordering::Less || (is_shared && r.counter < l.counter);
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    left_less |= j < right.len();
    right_less |= i < left.len();
    match (left_less, right_less) {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}

/// As [`compare`], when `right` is much longer, and so has an actor that `left` lacks.
fn compare_few<A: Ord>(left: &[Entry<A>], right: &[Entry<A>]) -> Causality {
    let mut at = 0;
    let is_at_most = left.iter().flatten().all(|left| {
        at = seek(right, at, &left.actor);
        let right = right.get(at).and_then(Option::as_ref);
        right.is_some_and(|right| left.actor == right.actor && left.counter <= right.counter)
    });
    if is_at_most {
        Causality::Before
    } else {
        Causality::Concurrent
    }
}

/// Lowers every entry of `own` to that of `other`, and drops the actors that it lacks. Tells if
/// something changed.
pub(super) fn meet<A: Ord>(own: &mut Entries<A>, other: &[Entry<A>]) -> bool {
    let entries = own.as_mut_slice();
    let length = entries.len();
    let mut difference = 0;
    let (mut kept, mut at, mut from) = (0, 0, 0);
    while let (Some(Some(own)), Some(Some(other))) = (entries.get_mut(at), other.get(from)) {
        let order = own.actor.cmp(&other.actor);
        if order == Ordering::Equal {
            let met = own.counter.min(other.counter);
            difference |= own.counter.get() ^ met.get();
            own.counter = met;
            entries.swap(kept, at);
            kept += 1;
        }
        at += usize::from(order != Ordering::Greater);
        from += usize::from(order != Ordering::Less);
    }
    own.truncate(kept);
    difference != 0 || kept != length
}

/// How many actors of `other` are missing in `own`.
pub(super) fn missing<A: Ord>(own: &[Entry<A>], other: &[Entry<A>]) -> usize {
    let (mut at, mut from, mut missing) = (0, 0, 0);
    while let (Some(Some(own)), Some(Some(other))) = (own.get(at), other.get(from)) {
        let order = own.actor.cmp(&other.actor);
        at += usize::from(order != Ordering::Greater);
        from += usize::from(order != Ordering::Less);
        missing += usize::from(order == Ordering::Greater);
    }
    missing + other.len().saturating_sub(from)
}

/// Where, from place `start` on, the actor's entry is or would belong. O(log distance): the stride
/// doubles until it is passed, and the last stride is halved.
pub(super) fn seek<A: Ord>(entries: &[Entry<A>], start: usize, actor: &A) -> usize {
    let is_before = |entry: &Entry<A>| entry.as_ref().is_some_and(|dot| dot.actor < *actor);
    let (mut low, mut stride) = (start, 1);
    while entries.get(low + stride - 1).is_some_and(is_before) {
        low += stride;
        stride *= 2;
    }
    let high = entries.len().min(low + stride);
    let range = entries.get(low..high).unwrap_or_default();
    low + range.partition_point(is_before)
}
