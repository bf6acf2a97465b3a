//! The inner loops of dense clocks, over plain slices: no branch per entry, so that the compiler
//! can vectorise them. An entry beyond the end of a slice counts as zero.

use crate::{Causality, ClockError, Dot};

/// Entries compared between two tests for an early exit.
const BLOCK: usize = 32;

/// Raises each entry of `own` to that of `other`, as far as both reach. Tells if one changed.
pub(crate) fn join(own: &mut [u64], other: &[u64]) -> bool {
    let mut difference = 0;
    for (own, &other) in own.iter_mut().zip(other) {
        let joined = (*own).max(other);
        difference |= *own ^ joined;
        *own = joined;
    }
    difference != 0
}

/// Lowers each entry of `own` to that of `other`. Tells if one changed.
pub(crate) fn meet(own: &mut [u64], other: &[u64]) -> bool {
    let mut difference = 0;
    let (shared, beyond) = own.split_at_mut(own.len().min(other.len()));
    for (own, &other) in shared.iter_mut().zip(other) {
        let met = (*own).min(other);
        difference |= *own ^ met;
        *own = met;
    }
    for own in beyond {
        difference |= *own;
        *own = 0;
    }
    difference != 0
}

/// The event of `actor` that follows its event number `counter`.
pub(crate) fn next<A>(actor: A, counter: u64) -> Result<Dot<A>, ClockError> {
    let next = counter.checked_add(1).ok_or(ClockError::CounterExhausted)?;
    // One more than any counter is not zero.
    Dot::new(actor, next).ok_or(ClockError::CounterExhausted)
}

/// The order of two slices, entry by entry.
pub(crate) fn compare(left: &[u64], right: &[u64]) -> Causality {
    let mut left_less = has_event(beyond(right, left.len()));
    let mut right_less = has_event(beyond(left, right.len()));
    for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
        if left_less && right_less {
            break;
        }
        for (left, right) in left.iter().zip(right) {
            left_less |= left < right;
            right_less |= right < left;
        }
    }
    match (left_less, right_less) {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}

/// The entries up to the last that is not zero: equal for equal clocks of any width.
pub(crate) fn trimmed(counters: &[u64]) -> &[u64] {
    let length = counters
        .iter()
        .rposition(|&counter| counter != 0)
        .map_or(0, |last| last + 1);
    counters.get(..length).unwrap_or_default()
}

/// The entries from slot `start` on.
pub(crate) fn beyond(counters: &[u64], start: usize) -> &[u64] {
    counters.get(start..).unwrap_or_default()
}

fn has_event(counters: &[u64]) -> bool {
    counters.iter().any(|&counter| counter != 0)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Values whose order depends on all 64 bits, the sign bit of a signed compare among them.
    fn entries(length: usize, seed: u64) -> Vec<u64> {
        (0..length as u64)
            .map(|index| {
                (index ^ seed)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .rotate_left(31)
            })
            .collect()
    }

    #[test]
    fn join_equals_the_definition_at_every_length_and_offset() {
        for length in 0..=130 {
            for offset in 0..4_usize {
                let own = entries(length + offset, 1);
                let other = entries(length + offset, 2);
                let expected: Vec<u64> = own[offset..]
                    .iter()
                    .zip(&other[offset..])
                    .map(|(a, b)| if a < b { *b } else { *a })
                    .collect();
                let mut joined = own.clone();
                let changed = join(&mut joined[offset..], &other[offset..]);
                assert_eq!(&joined[offset..], expected);
                assert_eq!(&joined[..offset], &own[..offset]);
                assert_eq!(changed, own[offset..] != expected[..]);
                assert!(
                    !join(&mut joined[offset..], &other[offset..]),
                    "the second join is idle"
                );
            }
        }
    }

    #[test]
    fn join_reports_a_change_in_any_single_entry() {
        for length in 1..=130 {
            for slot in 0..length {
                let mut own = entries(length, 3);
                own[slot] >>= 1;
                let mut other = own.clone();
                other[slot] += 1;
                assert!(join(&mut own, &other), "slot {slot} of {length}");
                assert_eq!(own, other);
            }
        }
    }

    #[test]
    fn compare_sees_a_difference_in_any_single_entry() {
        for length in 1..=130 {
            for slot in 0..length {
                let mut left = entries(length, 4);
                left[slot] >>= 1;
                let mut right = left.clone();
                assert_eq!(compare(&left, &right), Causality::Equal);
                right[slot] += 1;
                assert_eq!(compare(&left, &right), Causality::Before);
                assert_eq!(compare(&right, &left), Causality::After);
                left.push(1);
                assert_eq!(compare(&left, &right), Causality::Concurrent);
                assert_eq!(compare(&right, &left), Causality::Concurrent);
            }
        }
    }
}
