//! The walks over two sorted lists of entries: merge, join, meet, compare.
//!
//! Two clocks that meet often have the same actors, so every walk begins in step, and leaves it
//! only at the first actor that the other lacks.

use core::cmp::Ordering;

use super::entries::{Entries, Entry};
use crate::Causality;

/// Raises every entry of `own` to that of `other`, and adds the actors that it lacks. Tells if
/// something changed.
pub(super) fn merge<A: Ord + Clone>(own: &mut Entries<A>, other: &[Entry<A>]) -> bool {
    let (same, mut has_changed) = raise_in_step(own.as_mut_slice(), other);
    let rest = other.get(same..).unwrap_or_default();
    if rest.is_empty() {
        return has_changed;
    }
    let own_rest = own.as_mut_slice().get_mut(same..).unwrap_or_default();
    let length = own_rest.len();
    let (missing, has_raised) = raise_shared(own_rest, rest);
    has_changed |= has_raised;
    if missing > 0 {
        own.grow(same + length + missing);
        let own_rest = own.as_mut_slice().get_mut(same..).unwrap_or_default();
        fill_backward(own_rest, length, rest);
        has_changed = true;
    }
    has_changed
}

/// Raises entries as long as both lists have the same actors. Tells how many they were, and if
/// one changed.
fn raise_in_step<A: Ord>(own: &mut [Entry<A>], other: &[Entry<A>]) -> (usize, bool) {
    let mut difference = 0;
    let mut same = 0;
    for (own, other) in own.iter_mut().zip(other) {
        let (Some(own), Some(other)) = (own, other) else {
            break;
        };
        if own.actor != other.actor {
            break;
        }
        let joined = own.counter.max(other.counter);
        difference |= own.counter.get() ^ joined.get();
        own.counter = joined;
        same += 1;
    }
    (same, difference != 0)
}

/// Raises the entries of the actors that both lists have. Tells how many of `other` are missing
/// in `own`, and if an entry changed.
fn raise_shared<A: Ord>(own: &mut [Entry<A>], other: &[Entry<A>]) -> (usize, bool) {
    let mut difference = 0;
    let (mut at, mut from, mut missing) = (0, 0, 0);
    while let (Some(Some(own)), Some(Some(other))) = (own.get_mut(at), other.get(from)) {
        let order = own.actor.cmp(&other.actor);
        if order == Ordering::Equal {
            let joined = own.counter.max(other.counter);
            difference |= own.counter.get() ^ joined.get();
            own.counter = joined;
        }
        at += usize::from(order != Ordering::Greater);
        from += usize::from(order != Ordering::Less);
        missing += usize::from(order == Ordering::Greater);
    }
    missing += other.len().saturating_sub(from);
    (missing, difference != 0)
}

/// Moves the first `length` entries of `own` towards its end, and puts those of `other` that are
/// missing between them: from the back, so that no entry is overwritten before it has moved.
fn fill_backward<A: Ord + Clone>(own: &mut [Entry<A>], length: usize, other: &[Entry<A>]) {
    let (mut from, mut at, mut end) = (other.len(), length, own.len());
    // Between `at` and `end` there is an empty slot for each missing entry that is still to come.
    while end > at {
        let Some(Some(next)) = from.checked_sub(1).and_then(|last| other.get(last)) else {
            break;
        };
        let order = match at.checked_sub(1).and_then(|last| own.get(last)) {
            Some(Some(last)) => last.actor.cmp(&next.actor),
            _ => Ordering::Less,
        };
        end -= 1;
        if order == Ordering::Less {
            if let Some(slot) = own.get_mut(end) {
                *slot = Some(next.clone());
            }
        } else {
            at -= 1;
            own.swap(at, end);
        }
        from -= usize::from(order != Ordering::Greater);
    }
}

/// Makes `out` the join of both lists, whatever it held before.
pub(super) fn join_into<A: Ord + Clone>(
    out: &mut Entries<A>,
    left: &[Entry<A>],
    right: &[Entry<A>],
) {
    out.truncate(0);
    let (mut i, mut j) = (0, 0);
    loop {
        let dot = match (left.get(i), right.get(j)) {
            (Some(Some(l)), Some(Some(r))) => {
                let order = l.actor.cmp(&r.actor);
                i += usize::from(order != Ordering::Greater);
                j += usize::from(order != Ordering::Less);
                match order {
                    Ordering::Less => l.clone(),
                    Ordering::Greater => r.clone(),
                    Ordering::Equal => {
                        let mut dot = l.clone();
                        dot.counter = dot.counter.max(r.counter);
                        dot
                    }
                }
            }
            (Some(Some(l)), _) => {
                i += 1;
                l.clone()
            }
            (_, Some(Some(r))) => {
                j += 1;
                r.clone()
            }
            _ => break,
        };
        out.push(dot);
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

/// The order of two lists: an actor that one lacks counts there as zero.
pub(super) fn compare<A: Ord>(left: &[Entry<A>], right: &[Entry<A>]) -> Causality {
    // No counter is zero, so the longer list has an actor that the other lacks.
    let mut left_less = left.len() < right.len();
    let mut right_less = right.len() < left.len();
    let (mut i, mut j) = (0, 0);
    while let (Some(Some(l)), Some(Some(r))) = (left.get(i), right.get(j)) {
        let order = l.actor.cmp(&r.actor);
        match order {
            Ordering::Less => right_less = true,
            Ordering::Greater => left_less = true,
            Ordering::Equal => {
                left_less |= l.counter < r.counter;
                right_less |= r.counter < l.counter;
            }
        }
        if left_less && right_less {
            return Causality::Concurrent;
        }
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
