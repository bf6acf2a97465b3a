//! The join of two sorted lists of entries, in place and into a third.
//!
//! Two vectors that meet often have the same actors, so every walk begins in step, and leaves it
//! only at the first actor that one of them lacks. From there on nobody can foresee whose actor
//! comes next: the steps are then chosen without a branch, because each wrong guess of the processor
//! would cost more than the step.

use core::cmp::Ordering;
use core::hint::select_unpredictable;
use core::mem::needs_drop;
use core::num::NonZeroU64;

use super::entries::{Entries, Entry, INLINE};
use super::order::{SKEW, missing, seek};
use crate::Dot;

/// From this many entries on, memory counts for more than the walk that saves some.
const EXACT_FROM: usize = 128;

/// Raises every entry of `own` to that of `other`, and adds the actors that it lacks. Tells if
/// something changed.
pub(super) fn merge<A: Ord + Clone>(own: &mut Entries<A>, other: &[Entry<A>]) -> bool {
    if own.as_slice().len() / SKEW > other.len() {
        return merge_few(own, other);
    }
    let entries = own.as_mut_slice();
    let (same, has_raised) = raise_in_step(entries, other);
    let rest = other.get(same..).unwrap_or_default();
    let own_rest = entries.get_mut(same..).unwrap_or_default();
    let (at, from, has_raised_more) = raise_until_missing(own_rest, rest);
    match rest.get(from..) {
        None | Some([]) => has_raised | has_raised_more,
        Some(rest) => {
            weave_in(own, same + at, rest);
            true
        }
    }
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
        difference |= raise(own, other.counter);
        same += 1;
    }
    (same, difference != 0)
}

/// Raises entries up to the first actor of `other` that is missing in `own`. Tells where it would
/// belong, which one it is, and if an entry changed.
fn raise_until_missing<A: Ord>(own: &mut [Entry<A>], other: &[Entry<A>]) -> (usize, usize, bool) {
    let mut difference = 0;
    let (mut at, mut from) = (0, 0);
    while let (Some(Some(own)), Some(Some(other))) = (own.get_mut(at), other.get(from)) {
        let order = own.actor.cmp(&other.actor);
        if order == Ordering::Greater {
            break;
        }
        let is_shared = order == Ordering::Equal;
        let counter = select_unpredictable(is_shared, other.counter, NonZeroU64::MIN);
        difference |= raise(own, counter);
        at += 1;
        from += usize::from(is_shared);
    }
    (at, from, difference != 0)
}

/// Raises an entry. The bits that changed.
fn raise<A>(own: &mut Dot<A>, counter: NonZeroU64) -> u64 {
    let joined = own.counter.max(counter);
    let difference = own.counter.get() ^ joined.get();
    own.counter = joined;
    difference
}

/// Joins `other`, of which at least one is missing from place `start` on, with what stands there.
fn weave_in<A: Ord + Clone>(own: &mut Entries<A>, start: usize, other: &[Entry<A>]) {
    let length = own.as_slice().len();
    let tail = own.as_slice().get(start..).unwrap_or_default();
    if needs_drop::<A>() {
        // Actors that are costly to copy are moved instead.
        own.grow(length + missing(tail, other));
        let tail = own.as_mut_slice().get_mut(start..).unwrap_or_default();
        weave_moving(tail, length - start, other);
        return;
    }
    let added = if length <= INLINE || length >= EXACT_FROM {
        missing(tail, other)
    } else {
        // As many as there can be: to know how many there are takes another walk.
        other.len()
    };
    let mut joined = Entries::new();
    joined.grow(length + added);
    let front = own.as_slice().get(..start).unwrap_or_default();
    copy(joined.as_mut_slice(), 0, front);
    weave(&mut joined, start, tail, other);
    *own = joined;
}

/// Moves the first `length` entries of `own` towards its end, joined with `other`: from the back, so
/// that no entry is overwritten before it has moved. There is just room for those that are missing.
fn weave_moving<A: Ord + Clone>(own: &mut [Entry<A>], length: usize, other: &[Entry<A>]) {
    let (mut at, mut from, mut end) = (length, other.len(), own.len());
    while let Some(Some(theirs)) = from.checked_sub(1).and_then(|last| other.get(last)) {
        let order = match at.checked_sub(1).and_then(|last| own.get_mut(last)) {
            Some(Some(own)) => {
                let order = own.actor.cmp(&theirs.actor);
                if order == Ordering::Equal {
                    raise(own, theirs.counter);
                }
                order
            }
            _ => Ordering::Less,
        };
        end -= 1;
        if order == Ordering::Less {
            if let Some(slot) = own.get_mut(end) {
                *slot = Some(theirs.clone());
            }
        } else {
            at -= 1;
            own.swap(at, end);
        }
        from -= usize::from(order != Ordering::Greater);
    }
}

/// As [`merge`], when `own` is much longer: seeks each actor instead of passing all others.
fn merge_few<A: Ord + Clone>(own: &mut Entries<A>, other: &[Entry<A>]) -> bool {
    let entries = own.as_mut_slice();
    let length = entries.len();
    let mut difference = 0;
    let (mut at, mut missing) = (0, 0);
    for other in other.iter().flatten() {
        at = seek(entries, at, &other.actor);
        match entries.get_mut(at) {
            Some(Some(own)) if own.actor == other.actor => {
                difference |= raise(own, other.counter);
            }
            _ => missing += 1,
        }
    }
    if missing > 0 {
        own.grow(length + missing);
        let entries = own.as_mut_slice();
        let (mut at, mut end) = (length, length + missing);
        for other in other.iter().rev().flatten() {
            let known = entries.get(..at).unwrap_or_default();
            let Err(place) = super::entries::search(known, &other.actor) else {
                continue;
            };
            // The empty slots move from the end of this stretch to its front.
            if let Some(stretch) = entries.get_mut(place..end) {
                stretch.rotate_right(end - at);
            }
            end -= at - place;
            at = place;
            end -= 1;
            if let Some(slot) = entries.get_mut(end) {
                *slot = Some(other.clone());
            }
        }
    }
    missing > 0 || difference != 0
}

/// Makes `out` the join of both lists, whatever it held before.
pub(super) fn join_into<A: Ord + Clone>(
    out: &mut Entries<A>,
    left: &[Entry<A>],
    right: &[Entry<A>],
) {
    let twins = left.iter().zip(right).take_while(|(left, right)| {
        let (left, right) = (left.as_ref(), right.as_ref());
        left.map(|dot| &dot.actor) == right.map(|dot| &dot.actor)
    });
    let same = twins.count();
    let front = left.get(..same).unwrap_or_default();
    let left = left.get(same..).unwrap_or_default();
    let right_rest = right.get(same..).unwrap_or_default();
    let added = if same + left.len().max(right_rest.len()) <= INLINE {
        missing(left, right_rest)
    } else {
        // As many as there can be: to know how many there are takes another walk.
        right_rest.len()
    };
    out.truncate(0);
    out.grow(same + left.len() + added);
    copy(out.as_mut_slice(), 0, front);
    raise_in_step(
        out.as_mut_slice().get_mut(..same).unwrap_or_default(),
        right,
    );
    weave(out, same, left, right_rest);
}

/// Fills `out` from place `start` on with the join of both lists, for which there is room.
///
/// From both ends: each step has to wait for the one before, so two that do not wait for each other
/// take the time of one.
fn weave<A: Ord + Clone>(
    out: &mut Entries<A>,
    start: usize,
    left: &[Entry<A>],
    right: &[Entry<A>],
) {
    let slots = out.as_mut_slice();
    let (mut start, mut end) = (start, slots.len());
    let (mut i, mut j) = (0, 0);
    let (mut i_end, mut j_end) = (left.len(), right.len());
    // With two left on each side, the step in front leaves one for the step at the end.
    while i + 1 < i_end && j + 1 < j_end {
        let (Some(Some(l)), Some(Some(r))) = (left.get(i), right.get(j)) else {
            break;
        };
        let (Some(Some(l_last)), Some(Some(r_last))) = (left.get(i_end - 1), right.get(j_end - 1))
        else {
            break;
        };
        let order = l.actor.cmp(&r.actor);
        put(slots, start, choose(order, l, r));
        start += 1;
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
        let order = r_last.actor.cmp(&l_last.actor);
        end -= 1;
        put(slots, end, choose(order, l_last, r_last));
        i_end -= usize::from(order.is_le());
        j_end -= usize::from(order.is_ge());
    }
    while let (Some(Some(l)), Some(Some(r))) = (first(left, i, i_end), first(right, j, j_end)) {
        let order = l.actor.cmp(&r.actor);
        put(slots, start, choose(order, l, r));
        start += 1;
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    for rest in [left.get(i..i_end), right.get(j..j_end)] {
        let rest = rest.unwrap_or_default();
        copy(slots, start, rest);
        start += rest.len();
    }
    out.close_gap(start, end);
}

/// The entry that comes first in the given order, joined with the other if both are equal in it.
fn choose<A: Clone>(order: Ordering, left: &Dot<A>, right: &Dot<A>) -> Dot<A> {
    let first = select_unpredictable(order.is_le(), left, right);
    let twin = select_unpredictable(order.is_ge(), right, left);
    Dot {
        actor: first.actor.clone(),
        counter: first.counter.max(twin.counter),
    }
}

fn first<A>(entries: &[Entry<A>], start: usize, end: usize) -> Option<&Entry<A>> {
    entries.get(start).filter(|_| start < end)
}

fn put<A>(slots: &mut [Entry<A>], place: usize, dot: Dot<A>) {
    if let Some(slot) = slots.get_mut(place) {
        *slot = Some(dot);
    }
}

fn copy<A: Clone>(slots: &mut [Entry<A>], place: usize, entries: &[Entry<A>]) {
    if let Some(slots) = slots.get_mut(place..place + entries.len()) {
        slots.clone_from_slice(entries);
    }
}
