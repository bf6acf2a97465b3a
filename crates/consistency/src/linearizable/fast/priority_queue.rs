//! Priority queues: the greatest value first.
//!
//! A smaller value never hinders a greater one, so settle the values from the greatest down. What a value must have is
//! a point to come out, in `[c, d]`, at which no greater value is inside. What it can do for smaller ones is to be
//! inside as little as possible: go in as late and come out as early as it can. Both at once are possible: it comes out
//! at the first point `q >= c` that is not strictly inside the stay of a greater value, and goes in at `min(b, q)`. If
//! `q > d` there is no linearization, for greater values are inside all over `[c, d]` even when every one of them
//! stays as short as it can.
//!
//! Its stay is then strictly between `b` and `q`. All of it from `c` on is covered by greater values, so the stays of a
//! value and all greater ones cover together what they are *surely* inside, and no more: only the intervals `(b, c)`
//! have to be kept ([`Covered`]).
//!
//! At one point: first those come out that were inside before, the greatest first; then those that pass in and out at
//! this point, one by one, and takes that find nothing; then those go in that stay.

use alloc::vec::Vec;

use super::{
    Columns, Finding, Pace, Points,
    columns::NONE,
    spans::{Covered, Span, Spans, chain},
};
use crate::{UnknownReason, Value};

pub(super) fn check(columns: &Columns<'_>, pace: &mut Pace<'_>) -> Result<Finding, UnknownReason> {
    let spans = match Spans::collect(columns, pace)? {
        Ok(spans) => spans,
        Err(conflict) => return Ok(conflict),
    };
    let cuts = match spans.cuts(columns, pace)? {
        Ok(cuts) => cuts,
        Err(conflict) => return Ok(conflict),
    };
    let sorted = greatest_first(columns, &spans.spans);
    let mut covered = Covered::new(columns.last);
    let mut order = Points::with_capacity(columns.rows.len());
    for (place, &index) in sorted.iter().enumerate() {
        pace.step()?;
        let Some(span) = spans.spans.get(index as usize) else {
            continue;
        };
        let sequence = (place as u32).wrapping_mul(2);
        if span.take == NONE {
            order.place(span.b, 2, sequence, span.put);
        } else {
            let out = covered.first_open(span.c);
            if out > span.d {
                let greater = sorted.iter().take(place);
                let greater = greater.filter_map(|index| spans.spans.get(*index as usize));
                let mut chain = chain(greater, span.c, span.d);
                chain.push(*span);
                return Ok(Finding::Conflict(
                    chain.iter().flat_map(Span::rows).collect(),
                ));
            }
            if span.b < out {
                order.place(span.b, 2, sequence, span.put);
                order.place(out, 0, sequence, span.take);
            } else {
                order.place(out, 1, sequence, span.put);
                order.place(out, 1, sequence.wrapping_add(1), span.take);
            }
        }
        covered.cover(span.b, span.c);
    }
    for (cut, row) in cuts {
        order.place(cut, 1, u32::MAX, row);
    }
    Ok(Finding::Order(order.into_order()))
}

/// Indexes of the spans, the greatest value first.
fn greatest_first(columns: &Columns<'_>, spans: &[Span]) -> Vec<u32> {
    let value_of = |span: &Span| -> Option<&Value> {
        let row = columns.row(span.put)?;
        columns.values.get(row.value).copied()
    };
    let whole: Option<Vec<(i64, u32)>> = spans
        .iter()
        .zip(0..)
        .map(|(span, index)| match value_of(span) {
            Some(Value::Int(number)) => Some((*number, index)),
            _ => None,
        })
        .collect();
    if let Some(mut whole) = whole {
        whole.sort_unstable_by(|one, other| other.cmp(one));
        return whole.into_iter().map(|(_, index)| index).collect();
    }
    let mut sorted: Vec<(Option<&Value>, u32)> = spans.iter().map(value_of).zip(0..).collect();
    sorted.sort_unstable_by(|one, other| other.cmp(one));
    sorted.into_iter().map(|(_, index)| index).collect()
}
