//! Queues. (That the conditions below suffice: Henzinger, Sezgin and Vafeiadis 2013; here with its own argument, which
//! gives the order too.)
//!
//! Values pass in one order. It must respect `x <E y` (`b` of x before `a` of y) and `x <D y` (`d` of x before `c` of
//! y; with that a value never taken stands behind all that are). Any total order of the values that respects both
//! serves: give the i-th value the points `max(a of the first i)` for going in and `max(c of the first i)` for coming
//! out. Each lies within its own interval, since a later `a` above an earlier-called `b` would be `<E` the wrong way
//! round, and likewise for `c` and `d`; out is never before in, for `c >= a`; and at one point all that go in go first.
//!
//! Such an order exists exactly when the union of `<E` and `<D` has no cycle: take, again and again, a value that
//! nothing left must precede: its `a` is at most the least `b` left and its `c` at most the least `d` left. Both bounds
//! only grow, so four sorted lists and two pointers find them all in O(n log n). If nothing can be taken, let x have
//! the least `b` and y the least `d` of those left. Since x cannot be taken, y `<D` x; since y cannot be taken, x `<E`
//! y: the two values alone are a violation.
//!
//! Takes that found nothing cut the order into segments ([`super::spans`]): a value belongs to the left of the cut `t`
//! exactly when `c <= t`.

use alloc::{vec, vec::Vec};

use super::{
    Columns, Finding, Pace,
    columns::NONE,
    spans::{Span, Spans},
};
use crate::UnknownReason;

pub(super) fn check(columns: &Columns<'_>, pace: &mut Pace<'_>) -> Result<Finding, UnknownReason> {
    let spans = match Spans::collect(columns, pace)? {
        Ok(spans) => spans,
        Err(conflict) => return Ok(conflict),
    };
    let cuts = match spans.cuts(columns, pace)? {
        Ok(cuts) => cuts,
        Err(conflict) => return Ok(conflict),
    };
    let order = match order(&spans.spans, pace)? {
        Ok(order) => order,
        Err(conflict) => return Ok(conflict),
    };
    // Segment and point, then in before out, then the place in the order.
    let mut placed: Vec<(u64, u32, u32)> = Vec::with_capacity(columns.rows.len());
    let (mut put_at, mut take_at) = (0, 0);
    for (place, &value) in order.iter().enumerate() {
        pace.step()?;
        let Some(span) = spans.spans.get(value as usize) else {
            continue;
        };
        let segment = cuts.partition_point(|(cut, _)| *cut < span.c) as u64;
        let place = place as u32;
        put_at = span.a.max(put_at);
        take_at = span.c.max(take_at);
        placed.push((segment << 32 | u64::from(put_at), place, span.put));
        if span.take != NONE {
            let place = place | 1 << 31;
            placed.push((segment << 32 | u64::from(take_at), place, span.take));
        }
    }
    for (segment, (_, row)) in cuts.iter().enumerate() {
        let last_of_segment = (segment as u64) << 32 | u64::from(u32::MAX);
        placed.push((last_of_segment, u32::MAX, *row));
    }
    placed.sort_unstable();
    Ok(Finding::Order(
        placed.into_iter().map(|(_, _, row)| row).collect(),
    ))
}

/// The values in an order in which they can pass, or two that cannot.
fn order(spans: &[Span], pace: &mut Pace<'_>) -> Result<Result<Vec<u32>, Finding>, UnknownReason> {
    let mut bounds = [
        Bound::new(spans, |span| (span.a, span.b)),
        Bound::new(spans, |span| (span.c, span.d)),
    ];
    let mut is_taken = vec![false; spans.len()];
    let mut allowed_by = vec![0_u8; spans.len()];
    let mut ready: Vec<u32> = Vec::new();
    let mut order = Vec::with_capacity(spans.len());
    while order.len() < spans.len() {
        for bound in &mut bounds {
            bound.raise(&is_taken);
            while let Some(value) = bound.allow() {
                pace.step()?;
                if let Some(count) = allowed_by.get_mut(value as usize) {
                    *count = count.saturating_add(1);
                    if *count == 2 {
                        ready.push(value);
                    }
                }
            }
        }
        let Some(value) = ready.pop() else {
            let first = bounds
                .iter()
                .filter_map(|bound| spans.get(bound.first()? as usize));
            return Ok(Err(Finding::Conflict(first.flat_map(Span::rows).collect())));
        };
        if let Some(is_taken) = is_taken.get_mut(value as usize) {
            *is_taken = true;
        }
        order.push(value);
    }
    Ok(Ok(order))
}

/// One of the two orders: whose call is at most the least return left.
struct Bound {
    /// `call << 32 | value`, ascending.
    calls: Vec<u64>,
    /// `return << 32 | value`, ascending.
    returns: Vec<u64>,
    next_call: usize,
    next_return: usize,
}

impl Bound {
    fn new(spans: &[Span], interval: impl Fn(&Span) -> (u32, u32)) -> Self {
        let sorted = |pick: &dyn Fn((u32, u32)) -> u32| {
            let numbered = spans.iter().zip(0_u64..);
            let mut keys: Vec<u64> = numbered
                .map(|(span, value)| u64::from(pick(interval(span))) << 32 | value)
                .collect();
            keys.sort_unstable();
            keys
        };
        Self {
            calls: sorted(&|(call, _)| call),
            returns: sorted(&|(_, end)| end),
            next_call: 0,
            next_return: 0,
        }
    }

    /// The value with the least return left.
    fn first(&self) -> Option<u32> {
        self.returns.get(self.next_return).map(|key| *key as u32)
    }

    fn raise(&mut self, is_taken: &[bool]) {
        while self
            .first()
            .is_some_and(|value| is_taken.get(value as usize).copied().unwrap_or(false))
        {
            self.next_return = self.next_return.saturating_add(1);
        }
    }

    /// The next value that the bound allows.
    fn allow(&mut self) -> Option<u32> {
        let key = *self.calls.get(self.next_call)?;
        let bound = *self.returns.get(self.next_return)?;
        if key >> 32 > bound >> 32 {
            return None;
        }
        self.next_call = self.next_call.saturating_add(1);
        Some(key as u32)
    }
}
