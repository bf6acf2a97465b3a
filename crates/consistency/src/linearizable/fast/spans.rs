//! What queues, stacks and priority queues have in common: when a value goes in, when it comes out, and when it is
//! surely inside.
//!
//! A value goes in at a point of `[a, b]` and out at one of `[c, d]`; one that is never taken has `c = d =` never.
//! Going in comes first, so `b` may be lowered to `d` and `c` raised to `a` without losing a linearization (if `d < a`
//! it is a violation). The value is *surely inside* strictly between `b` and `c`, if `b < c`.
//!
//! *Cuts.* A take that found nothing needs a point of its own at which nothing is surely inside. That is enough, for a
//! queue, a stack and a priority queue alike, when the rest is linearizable: let `t` be such a point. Every value has
//! `c <= t` (left) or `b >= t` (right). Take the points of any linearization of the rest, lower those of left values to
//! `t` where they are above, raise those of right values to `t`, and let the left ones go first: all stay between call
//! and return, left and right values on their own are orders that the object allows (leaving values out harms
//! nobody), and between them nothing is inside. The same works for any number of cuts at once.
//!
//! Ranks suffice for cuts: if a point between two neighbouring ranks is not covered by the open intervals `(b, c)`,
//! neither is one of the two ranks.

use alloc::{vec, vec::Vec};

use super::{Columns, Finding, Kind, Pace, columns::NEVER, columns::NONE};
use crate::UnknownReason;

/// One value's life. Ranks, and rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) c: u32,
    pub(super) d: u32,
    pub(super) put: u32,
    /// [`NONE`] for a value that is never taken.
    pub(super) take: u32,
}

impl Span {
    pub(super) const fn is_surely_inside(&self) -> bool {
        self.b < self.c
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        [self.put, self.take].into_iter()
    }
}

#[derive(Debug)]
pub(super) struct Spans {
    /// By number of the value. Values whose insert was dropped have no rows.
    pub(super) spans: Vec<Span>,
    /// Rows of the takes that found nothing.
    pub(super) empties: Vec<u32>,
}

impl Spans {
    /// The spans, or a conflict that one value has with itself.
    pub(super) fn collect(
        columns: &Columns<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<Result<Self, Finding>, UnknownReason> {
        let nothing = Span {
            a: NEVER,
            b: NEVER,
            c: NEVER,
            d: NEVER,
            put: NONE,
            take: NONE,
        };
        let mut spans = vec![nothing; columns.values.len()];
        let mut empties = Vec::new();
        for (index, row) in columns.rows.iter().enumerate() {
            pace.step()?;
            let index = index as u32;
            if row.kind == Kind::Empty {
                empties.push(index);
            }
            let Some(span) = spans.get_mut(row.value as usize) else {
                continue;
            };
            if row.kind == Kind::Insert {
                (span.a, span.b, span.put) = (row.call, row.end, index);
            } else if span.take == NONE {
                (span.c, span.d, span.take) = (row.call, row.end, index);
            } else {
                let twice = |put: &u32| columns.row(*put).is_some_and(|it| it.value == row.value);
                let put = (0..columns.rows.len() as u32).find(|it| {
                    twice(it) && columns.row(*it).is_some_and(|it| it.kind == Kind::Insert)
                });
                let rows = [span.take, index].into_iter().chain(put).collect();
                return Ok(Err(Finding::Conflict(rows)));
            }
        }
        for span in &mut spans {
            pace.step()?;
            if span.take != NONE && (span.put == NONE || span.d < span.a) {
                return Ok(Err(Finding::Conflict(span.rows().collect())));
            }
            span.b = span.b.min(span.d);
            span.c = span.c.max(span.a);
        }
        spans.retain(|span| span.put != NONE);
        Ok(Ok(Self { spans, empties }))
    }

    /// A cut for each take that found nothing, with its row, ascending; or the values that leave it none.
    pub(super) fn cuts(
        &self,
        columns: &Columns<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<Result<Vec<(u32, u32)>, Finding>, UnknownReason> {
        let mut cuts = Vec::with_capacity(self.empties.len());
        if self.empties.is_empty() {
            return Ok(Ok(cuts));
        }
        let mut covered = Covered::new(columns.last);
        for span in &self.spans {
            pace.step()?;
            covered.cover(span.b, span.c);
        }
        for &index in &self.empties {
            pace.step()?;
            let Some(row) = columns.row(index) else {
                continue;
            };
            let cut = covered.first_open(row.call);
            if cut > row.end {
                let chain = chain(self.spans.iter(), row.call, row.end);
                let rows = chain.iter().flat_map(Span::rows).chain([index]);
                return Ok(Err(Finding::Conflict(rows.collect())));
            }
            cuts.push((cut, index));
        }
        cuts.sort_unstable();
        Ok(Ok(cuts))
    }
}

/// The ranks that no open interval given so far contains, as a forest: each covered rank points on. Every rank is
/// covered once, so all calls together are almost linear.
pub(super) struct Covered {
    next: Vec<u32>,
}

impl Covered {
    pub(super) fn new(last: u32) -> Self {
        Self {
            next: (0..=last.saturating_add(1)).collect(),
        }
    }

    /// Covers what is strictly between `b` and `c`.
    pub(super) fn cover(&mut self, b: u32, c: u32) {
        let mut rank = self.first_open(b.saturating_add(1));
        while rank < c {
            let Some(next) = self.next.get_mut(rank as usize) else {
                return;
            };
            *next = rank.saturating_add(1);
            rank = self.first_open(rank.saturating_add(1));
        }
    }

    /// The first rank from here on that is not covered; [`NEVER`] behind the last event.
    pub(super) fn first_open(&mut self, rank: u32) -> u32 {
        let mut rank = rank;
        loop {
            let Some(&next) = self.next.get(rank as usize) else {
                return NEVER;
            };
            if next == rank {
                return rank;
            }
            // Halve the way for those who come later.
            let further = self.next.get(next as usize).copied().unwrap_or(NEVER);
            if let Some(slot) = self.next.get_mut(rank as usize) {
                *slot = further;
            }
            rank = further;
        }
    }
}

/// The fewest of these spans that together are surely inside all over `[from, to]`, in order; the longest beginning of
/// such a chain if there is none.
pub(super) fn chain<'a>(spans: impl Iterator<Item = &'a Span>, from: u32, to: u32) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans
        .filter(|span| span.is_surely_inside() && span.b < to && span.c > from)
        .copied()
        .collect();
    sorted.sort_unstable_by_key(|span| span.b);
    let mut chain = Vec::new();
    let mut best: Option<Span> = None;
    let mut open = from;
    let mut rest = sorted.into_iter().peekable();
    loop {
        while let Some(span) = rest.next_if(|span| span.b < open) {
            if best.is_none_or(|best| span.c > best.c) {
                best = Some(span);
            }
        }
        match best {
            Some(span) if span.c > open => {
                chain.push(span);
                open = span.c;
                if open > to {
                    return chain;
                }
            }
            _ => return chain,
        }
    }
}
