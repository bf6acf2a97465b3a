//! Runs of events of one actor, and the operations of sets on them.
//!
//! A run is the numbers after `after` up to `last`, so two runs that touch share a number, and the
//! ends of sorted runs are a list of cuts: at each the set begins or ends. Every operation is one
//! walk over the cuts of both sides.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::iter::Peekable;

use crate::{Causality, ClockError, Dot, DotSet, Span};

/// Events in a row, at least one: `after` is below `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) after: u64,
    pub(crate) last: u64,
}

impl<A> From<&Dot<A>> for Run {
    fn from(dot: &Dot<A>) -> Self {
        let last = dot.number();
        let after = last.saturating_sub(1);
        Self { after, last }
    }
}

impl<A> From<&Span<A>> for Run {
    fn from(span: &Span<A>) -> Self {
        let (after, last) = (span.after(), span.last());
        Self { after, last }
    }
}

/// What is known of one actor: all events up to `known`, and the runs, which do not touch them or
/// each other and stand in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History<'a> {
    pub(crate) known: u64,
    pub(crate) runs: &'a [Run],
}

impl<'a> History<'a> {
    /// The events up to `known` as a run, and then the others.
    pub(crate) fn all(self) -> impl Iterator<Item = Run> + 'a {
        let (after, last) = (0, self.known);
        let first = (last > 0).then_some(Run { after, last });
        first.into_iter().chain(self.runs.iter().copied())
    }

    fn cuts(self) -> impl Iterator<Item = u64> + 'a {
        self.all().flat_map(|run| [run.after, run.last])
    }

    /// Visits every cut of either side in order, with who has the events after it.
    fn sweep(self, other: Self, mut visit: impl FnMut(u64, bool, bool)) {
        let (mut left, mut right) = (self.cuts().peekable(), other.cuts().peekable());
        let (mut is_left, mut is_right) = (false, false);
        while let Some(cut) = next_cut(&mut left, &mut right) {
            is_left ^= left.next_if_eq(&cut).is_some();
            is_right ^= right.next_if_eq(&cut).is_some();
            visit(cut, is_left, is_right);
        }
    }

    /// Makes `out` the runs of the events for which `keep` says so.
    pub(crate) fn combine(self, other: Self, keep: Keep, out: &mut Vec<Run>) {
        out.clear();
        let mut begun = None;
        self.sweep(other, |cut, is_left, is_right| {
            match (begun, keep(is_left, is_right)) {
                (None, true) => begun = Some(cut),
                (Some(after), false) => {
                    out.push(Run { after, last: cut });
                    begun = None;
                }
                _ => {}
            }
        });
    }

    /// Adds to `seen` which side has an event that the other does not.
    fn compare(self, other: Self, seen: &mut Seen) {
        self.sweep(other, |_, is_left, is_right| {
            seen.right_less |= is_left && !is_right;
            seen.left_less |= is_right && !is_left;
        });
    }
}

/// Whether an event belongs to the result, by who has it.
pub(crate) type Keep = fn(bool, bool) -> bool;

fn next_cut(
    left: &mut Peekable<impl Iterator<Item = u64>>,
    right: &mut Peekable<impl Iterator<Item = u64>>,
) -> Option<u64> {
    match (left.peek(), right.peek()) {
        (Some(&left), Some(&right)) => Some(left.min(right)),
        (left, right) => left.or(right).copied(),
    }
}

#[derive(Default)]
struct Seen {
    left_less: bool,
    right_less: bool,
}

/// Pairs what two sorted lists say of the same actor.
pub(crate) fn align<'a, A: Ord + 'a, L, R>(
    left: impl Iterator<Item = (&'a A, L)>,
    right: impl Iterator<Item = (&'a A, R)>,
) -> impl Iterator<Item = (&'a A, Option<L>, Option<R>)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    core::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let l = if order.is_le() { left.next() } else { None };
        let r = if order.is_ge() { right.next() } else { None };
        let actor = l.as_ref().map(|(actor, _)| *actor);
        let actor = actor.or_else(|| r.as_ref().map(|(actor, _)| *actor))?;
        Some((actor, l.map(|(_, left)| left), r.map(|(_, right)| right)))
    })
}

/// The order of two sets by inclusion. Ends as soon as both have an event that the other lacks.
pub(crate) fn compare<'a, A: Ord + 'a>(
    left: impl Iterator<Item = (&'a A, History<'a>)>,
    right: impl Iterator<Item = (&'a A, History<'a>)>,
) -> Causality {
    let mut seen = Seen::default();
    for (_, left, right) in align(left, right) {
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        left.compare(right, &mut seen);
        if seen.left_less && seen.right_less {
            break;
        }
    }
    match (seen.left_less, seen.right_less) {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}

/// Hands each actor of the result with its runs to `take`, until that refuses.
pub(crate) fn combine<'a, A: Ord + 'a>(
    left: impl Iterator<Item = (&'a A, History<'a>)>,
    right: impl Iterator<Item = (&'a A, History<'a>)>,
    keep: Keep,
    mut take: impl FnMut(&A, &[Run]) -> Result<(), ClockError>,
) -> Result<(), ClockError> {
    let mut runs = Vec::new();
    for (actor, left, right) in align(left, right) {
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        left.combine(right, keep, &mut runs);
        if !runs.is_empty() {
            take(actor, &runs)?;
        }
    }
    Ok(())
}

/// Adds a run to sorted runs that do not touch, and keeps them so. Tells if an event was new.
///
/// # Errors
///
/// [`ClockError::TooManyRuns`] if that takes one run more and `is_full`.
pub(crate) fn insert(runs: &mut Vec<Run>, run: Run, is_full: bool) -> Result<bool, ClockError> {
    let start = runs.partition_point(|own| own.last < run.after);
    let end = runs.partition_point(|own| own.after <= run.last);
    if start >= end {
        if is_full {
            return Err(too_many());
        }
        runs.insert(start, run);
        return Ok(true);
    }
    let touched = runs.get(start..end).unwrap_or_default();
    let after = touched
        .first()
        .map_or(run.after, |own| own.after.min(run.after));
    let last = touched
        .last()
        .map_or(run.last, |own| own.last.max(run.last));
    let united = Run { after, last };
    if touched == [united] {
        return Ok(false);
    }
    runs.splice(start..end, [united]);
    Ok(true)
}

pub(crate) const fn too_many() -> ClockError {
    ClockError::TooManyRuns {
        runs_max: DotSet::<()>::RUNS_MAX,
    }
}
