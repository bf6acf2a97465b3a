//! Stacks, settled from the bottom up.
//!
//! *Passing values.* A value that need not be inside at any time (`c <= b`) goes in and out at one point, `c`: nobody
//! notices. Let only values remain that are surely inside for some time.
//!
//! *Split.* Where nothing is surely inside, the stack may be empty, and what lies to the left and to the right of that
//! moment are problems of their own: the argument about cuts in [`super::spans`]. So let the intervals `(b, c)`
//! together cover one stretch `(s, e)` without a gap, `s` the least `b` and `e` the greatest `c`.
//!
//! *Bottom.* All over the stretch the stack is not empty, so one value lies at its bottom all the time. It went in at
//! `s` or before (`a <= s`) and came out at `e` or after (`d >= e`). If no value has both, there is no linearization.
//! If one has, it may be any such value: put it in at `s` before, and take it out at `e` after everything else, in any
//! linearization of the others; no operation of the stretch had returned before its `a` or is called after its `d`. So
//! the history is linearizable exactly when it is without that value, and the rest may have gaps where it can be split.
//!
//! Moments are gaps between the endpoints `b` and `c` in their order; at one rank the `c` come first, since what goes
//! out there and what comes in there need not meet. The stretch that begins at the least `b` left is always settled
//! next, so `s` never falls: a value becomes a candidate for the bottom when `s` reaches its `a`, and stays one. The
//! values of a stretch are neighbours in the order of `b`, so the candidate with the greatest `d` is the greatest of a
//! range ([`Greatest`]), and a stretch ends at the first gap that nothing covers ([`Counts`]). O(n log n).
//!
//! *Why not.* When a stretch has no candidate, neither has a chain of its values that covers it. Any part of that chain
//! in a row which has no candidate for its own stretch is a violation by itself: the shortest such part is shown.

use alloc::{vec, vec::Vec};

use super::{
    Columns, Finding, Pace, Points,
    columns::{NEVER, NONE},
    spans::{Span, Spans, chain},
    tree::{Counts, Greatest},
};
use crate::UnknownReason;

/// Longer parts of a chain are not looked for.
const CORE_VALUES_MAX: usize = 64;

pub(super) fn check(columns: &Columns<'_>, pace: &mut Pace<'_>) -> Result<Finding, UnknownReason> {
    let spans = match Spans::collect(columns, pace)? {
        Ok(spans) => spans,
        Err(conflict) => return Ok(conflict),
    };
    let cuts = match spans.cuts(columns, pace)? {
        Ok(cuts) => cuts,
        Err(conflict) => return Ok(conflict),
    };
    let mut order = Points::with_capacity(columns.rows.len());
    let mut staying: Vec<Span> = Vec::with_capacity(spans.spans.len());
    for span in &spans.spans {
        if span.is_surely_inside() {
            staying.push(*span);
        } else {
            order.place(span.c, 1, span.put.wrapping_mul(2), span.put);
            order.place(
                span.c,
                1,
                span.put.wrapping_mul(2).wrapping_add(1),
                span.take,
            );
        }
    }
    for (cut, row) in cuts {
        order.place(cut, 1, u32::MAX, row);
    }
    drop(spans);
    staying.sort_unstable_by_key(|span| span.b);
    match Stretches::new(&staying, pace)?.settle(&mut order, pace)? {
        Some(conflict) => Ok(conflict),
        None => Ok(Finding::Order(order.into_order())),
    }
}

struct Stretches<'a> {
    /// Ascending by `b`.
    spans: &'a [Span],
    /// For each span, its first covered gap and the one after its last.
    gaps: Vec<(u32, u32)>,
    /// The rank before each gap.
    ranks: Vec<u32>,
    covered: Counts,
    candidates: Greatest,
    /// `a << 32 | span`, ascending; those before `next_candidate` were candidates.
    by_call: Vec<u64>,
    next_candidate: usize,
    is_settled: Vec<bool>,
}

impl<'a> Stretches<'a> {
    fn new(spans: &'a [Span], pace: &mut Pace<'_>) -> Result<Self, UnknownReason> {
        // Rank, whether it is a b, span.
        let mut endpoints: Vec<(u64, u32)> = Vec::with_capacity(spans.len().saturating_mul(2));
        let mut by_call: Vec<u64> = Vec::with_capacity(spans.len());
        for (span, index) in spans.iter().zip(0_u32..) {
            pace.step()?;
            endpoints.push((u64::from(span.b) << 1 | 1, index));
            if span.c != NEVER {
                endpoints.push((u64::from(span.c) << 1, index));
            }
            by_call.push(u64::from(span.a) << 32 | u64::from(index));
        }
        endpoints.sort_unstable();
        by_call.sort_unstable();
        let end = endpoints.len() as u32;
        let mut gaps = vec![(0, end); spans.len()];
        let mut counts = Vec::with_capacity(endpoints.len());
        let mut ranks = Vec::with_capacity(endpoints.len());
        let mut inside = 0_u32;
        for ((key, index), gap) in endpoints.into_iter().zip(0_u32..) {
            let Some(gaps) = gaps.get_mut(index as usize) else {
                continue;
            };
            if key & 1 == 1 {
                gaps.0 = gap;
                inside = inside.saturating_add(1);
            } else {
                gaps.1 = gap;
                inside = inside.saturating_sub(1);
            }
            counts.push(inside);
            ranks.push((key >> 1) as u32);
        }
        Ok(Self {
            spans,
            gaps,
            ranks,
            covered: Counts::new(&counts),
            candidates: Greatest::new(spans.len()),
            by_call,
            next_candidate: 0,
            is_settled: vec![false; spans.len()],
        })
    }

    /// Places every span, or finds some that cannot be.
    fn settle(
        mut self,
        order: &mut Points,
        pace: &mut Pace<'_>,
    ) -> Result<Option<Finding>, UnknownReason> {
        // Bottoms that are still inside: where their stretch ends (gap and rank), and the take.
        let mut open: Vec<(u32, u32, u32)> = Vec::new();
        let mut sequence = 0_u32;
        let mut first = 0;
        let mut placed = |point: u32, phase: u64, row: u32| {
            order.place(point, phase, sequence, row);
            sequence = sequence.wrapping_add(1);
        };
        while let (Some(least), Some(&(start, _))) = (self.spans.get(first), self.gaps.get(first)) {
            pace.step()?;
            if self.is_settled.get(first).copied().unwrap_or(true) {
                first = first.saturating_add(1);
                continue;
            }
            let (end, values_end) = self.stretch(first, start);
            let end_rank = self.ranks.get(end as usize).copied().unwrap_or(NEVER);
            while let Some((_, point, take)) = open.pop_if(|(gap, ..)| *gap <= start) {
                placed(point, 0, take);
            }
            self.admit(least.b);
            let bottom = self.candidates.greatest(first, values_end);
            let Some((_, place)) = bottom.filter(|(d, _)| *d >= end_rank) else {
                return Ok(Some(self.conflict(first, values_end, least.b, end_rank)));
            };
            if let Some(span) = self.spans.get(place) {
                placed(least.b, 2, span.put);
                if span.take != NONE {
                    open.push((end, end_rank, span.take));
                }
            }
            self.remove(place);
        }
        while let Some((_, point, take)) = open.pop() {
            placed(point, 0, take);
        }
        Ok(None)
    }

    /// The gap at which the stretch ends that begins with this gap, and the first span behind it.
    fn stretch(&self, first: usize, start: u32) -> (u32, usize) {
        let end = match self.covered.first_zero(start as usize) {
            Some(gap) => (gap as u32).min(self.ranks.len() as u32),
            None => self.ranks.len() as u32,
        };
        let rest = self.gaps.get(first..).unwrap_or_default();
        let width = rest.partition_point(|(gap, _)| *gap < end);
        (end, first.saturating_add(width))
    }

    /// Makes candidates of all that were called by this rank.
    fn admit(&mut self, rank: u32) {
        while let Some(&key) = self.by_call.get(self.next_candidate) {
            if key >> 32 > u64::from(rank) {
                return;
            }
            self.next_candidate = self.next_candidate.saturating_add(1);
            let place = key as u32 as usize;
            if let Some(span) = self.spans.get(place) {
                self.candidates.set(place, span.d);
            }
        }
    }

    fn remove(&mut self, place: usize) {
        self.candidates.clear(place);
        if let Some(is_settled) = self.is_settled.get_mut(place) {
            *is_settled = true;
        }
        if let Some(&(start, end)) = self.gaps.get(place) {
            self.covered.lower(start as usize, end as usize);
        }
    }

    fn conflict(&self, first: usize, end: usize, start_rank: u32, end_rank: u32) -> Finding {
        let values = (first..end).filter(|it| self.is_settled.get(*it) == Some(&false));
        let values = values.filter_map(|it| self.spans.get(it));
        let (from, to) = (start_rank.saturating_add(1), end_rank.saturating_sub(1));
        let chain = chain(values, from, to);
        let core = shortest_without_bottom(&chain);
        Finding::Conflict(core.iter().flat_map(Span::rows).collect())
    }
}

/// The shortest part in a row of which no value can lie at the bottom all the time. (A longer part has more to ask of a
/// bottom, so it is enough to look at each length in turn.)
fn shortest_without_bottom(chain: &[Span]) -> &[Span] {
    let has_bottom = |part: &[Span]| {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            return true;
        };
        part.iter()
            .any(|span| span.a <= first.b && span.d >= last.c)
    };
    let lengths = 2..=chain.len().min(CORE_VALUES_MAX);
    let mut parts = lengths.flat_map(|length| chain.windows(length));
    parts.find(|part| !has_bottom(part)).unwrap_or(chain)
}
