//! A set of events, whatever their actors and their gaps.
//!
//! Invariants: actors are strictly sorted and each has a run; the runs of an actor are in order, and
//! between two of them an event is missing. So two sets of the same events are the same value. There
//! are at most [`DotSet::RUNS_MAX`] runs; a refused operation changes nothing.

mod runs;

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use crate::{Causality, ClockError, Dot, Span};
pub(crate) use runs::{History, Run, align, combine, compare, insert, too_many};

/// A set of dots, kept as runs: events of one actor whose numbers follow each other.
///
/// A run takes 16 bytes however many events it has, so a dot with a huge counter costs a run and not
/// the events before it. At most [`RUNS_MAX`](Self::RUNS_MAX) runs: a stranger who names every second
/// event is refused, and not remembered without end.
///
/// The order is inclusion: `a < b` says that `b` has every event of `a` and more. It is partial;
/// [`compare`](Self::compare) gives all four answers a name.
///
/// Space: for each actor its name and 24 bytes, for each run 16 bytes. With `n` for the runs of both
/// sides, every operation on two sets is O(n); those on one dot are O(log actors + log runs), and
/// O(actors) or O(runs of the actor) when they insert.
///
/// Source: Malkhi and Terry, "Concise Version Vectors in WinFS" (2005), for the exceptions that are
/// kept beside a vector; see [`DotContext`](crate::DotContext).
///
/// ```
/// use clocks::{Dot, DotSet};
///
/// let mut seen = DotSet::new();
/// for number in [1, 2, 5, 3] {
///     seen.insert(&Dot::new("a", number).unwrap())?;
/// }
/// assert_eq!(seen.to_string(), "{a:1-3, a:5-5}");
/// assert!(!seen.contains(&Dot::new("a", 4).unwrap()));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DotSet<A> {
    rows: Vec<(A, Vec<Run>)>,
    runs: usize,
}

impl<A> DotSet<A> {
    /// The most runs of a set: 65,536, a MiB.
    pub const RUNS_MAX: usize = 1 << 16;

    /// The set without any event.
    ///
    /// ```
    /// assert!(clocks::DotSet::<u64>::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rows: Vec::new(),
            runs: 0,
        }
    }

    /// Its runs, in the order of the actors and then of the events.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let set = DotSet::from_spans(Span::new("a", 3, 5))?;
    /// assert!(set.spans().eq(Span::new(&"a", 3, 5)));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn spans(&self) -> impl Iterator<Item = Span<&A>> + '_ {
        spans(self.histories())
    }

    /// How many runs it has. O(1).
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// assert_eq!(DotSet::from_spans(Span::new("a", 3, 5))?.runs(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn runs(&self) -> usize {
        self.runs
    }

    /// Whether it has no event. O(1).
    ///
    /// ```
    /// assert!(clocks::DotSet::<u64>::default().is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.runs == 0
    }

    /// Each actor with its events, in the order of the actors.
    pub(crate) fn histories(&self) -> impl Iterator<Item = (&A, History<'_>)> {
        self.rows.iter().map(|(actor, runs)| {
            let known = 0;
            (actor, History { known, runs })
        })
    }

    /// Appends an actor who comes after all others, with its runs.
    pub(crate) fn push(&mut self, actor: A, runs: Vec<Run>) -> Result<(), ClockError> {
        let total = self.runs.saturating_add(runs.len());
        if total > Self::RUNS_MAX {
            return Err(too_many());
        }
        self.runs = total;
        self.rows.push((actor, runs));
        Ok(())
    }
}

impl<A: Ord + Clone> DotSet<A> {
    /// The set of the events of these spans, in any order; they may overlap. O(spans · log spans).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`].
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let spans = [Span::new("a", 2, 4), Span::new("a", 0, 2), Span::new("b", 6, 7)];
    /// let set = DotSet::from_spans(spans.into_iter().flatten())?;
    /// assert_eq!(set.to_string(), "{a:1-4, b:7-7}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn from_spans(spans: impl IntoIterator<Item = Span<A>>) -> Result<Self, ClockError> {
        let mut spans: Vec<Span<A>> = spans.into_iter().collect();
        spans.sort_unstable();
        let mut set = Self::new();
        let mut runs = Vec::new();
        let mut spans = spans.into_iter().peekable();
        while let Some(span) = spans.next() {
            let (after, mut last) = (span.after(), span.last());
            // In the order of where they begin, whatever touches the run only lengthens it.
            while let Some(next) =
                spans.next_if(|next| next.actor == span.actor && next.after() <= last)
            {
                last = last.max(next.last());
            }
            runs.push(Run { after, last });
            if spans.peek().is_none_or(|next| next.actor != span.actor) {
                set.push(span.actor, core::mem::take(&mut runs))?;
            }
        }
        Ok(set)
    }

    /// Adds an event, and tells if it is new.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`] if it would stand alone and there is no room for another run. The
    /// set is then unchanged.
    ///
    /// ```
    /// use clocks::{Dot, DotSet};
    ///
    /// let mut set = DotSet::new();
    /// let dot = Dot::new("a", u64::MAX).unwrap();
    /// assert_eq!((set.insert(&dot)?, set.insert(&dot)?), (true, false));
    /// assert_eq!(set.runs(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn insert(&mut self, dot: &Dot<A>) -> Result<bool, ClockError> {
        self.insert_run(&dot.actor, dot.into())
    }

    /// Adds events in a row, and tells if one is new.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let mut set = DotSet::new();
    /// assert!(set.insert_span(&Span::new("a", 0, 1 << 40).unwrap())?);
    /// assert_eq!(set.runs(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn insert_span(&mut self, span: &Span<A>) -> Result<bool, ClockError> {
        self.insert_run(&span.actor, span.into())
    }

    /// Whether it has the event.
    ///
    /// ```
    /// use clocks::{Dot, DotSet, Span};
    ///
    /// let set = DotSet::from_spans(Span::new("a", 3, 5))?;
    /// assert!(set.contains(&Dot::new("a", 4).unwrap()));
    /// assert!(!set.contains(&Dot::new("a", 3).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, dot: &Dot<A>) -> bool {
        let runs = self.runs_of(&dot.actor);
        let run = runs.get(runs.partition_point(|run| run.last < dot.number()));
        run.is_some_and(|run| run.after < dot.number())
    }

    /// Adds every event of `other`, and tells if one was new: the union, the join of the order.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The set is then unchanged.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let mut set = DotSet::from_spans(Span::new("a", 0, 2))?;
    /// assert!(set.merge(&DotSet::from_spans(Span::new("a", 2, 4))?)?);
    /// assert_eq!(set.to_string(), "{a:1-4}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        if matches!(self.compare(other), Causality::Equal | Causality::After) {
            return Ok(false);
        }
        *self = Self::combined(self, other, |left, right| left || right)?;
        Ok(true)
    }

    /// Makes this the union of `left` and `right`, whatever it held before.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The set is then unchanged.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let left = DotSet::from_spans(Span::new("a", 0, 2))?;
    /// let right = DotSet::from_spans(Span::new("b", 0, 2))?;
    /// let mut out = DotSet::new();
    /// out.join_into(&left, &right)?;
    /// assert_eq!(out.to_string(), "{a:1-2, b:1-2}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn join_into(&mut self, left: &Self, right: &Self) -> Result<(), ClockError> {
        *self = Self::combined(left, right, |left, right| left || right)?;
        Ok(())
    }

    /// Keeps the events that `other` has too, and tells if one was dropped: the intersection, the
    /// dual of [`merge`](Self::merge).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]: two sets can have more runs in common than either has. The set
    /// is then unchanged.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let mut set = DotSet::from_spans(Span::new("a", 0, 9))?;
    /// assert!(set.meet(&DotSet::from_spans(Span::new("a", 4, 6))?)?);
    /// assert_eq!(set.to_string(), "{a:5-6}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn meet(&mut self, other: &Self) -> Result<bool, ClockError> {
        let met = Self::combined(self, other, |left, right| left && right)?;
        let has_changed = met != *self;
        *self = met;
        Ok(has_changed)
    }

    /// The events of this set that `base` does not have; [`apply`](Self::apply) adds them to it.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]: a base with gaps can cut a run to pieces.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let set = DotSet::from_spans(Span::new("a", 0, 9))?;
    /// let news = set.diff(&DotSet::from_spans(Span::new("a", 4, 6))?)?;
    /// assert_eq!(news.to_string(), "{a:1-4, a:7-9}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn diff(&self, base: &Self) -> Result<Self, ClockError> {
        Self::combined(self, base, |left, right| left && !right)
    }

    /// Adds the events of a [`diff`](Self::diff), and tells if one was new: the same as
    /// [`merge`](Self::merge). They may come late, twice or alone.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The set is then unchanged.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let new = DotSet::from_spans(Span::new("a", 0, 5))?;
    /// let mut old = DotSet::from_spans(Span::new("a", 0, 3))?;
    /// let news = new.diff(&old)?;
    /// assert_eq!((old.apply(&news)?, old.apply(&news)?), (true, false));
    /// assert_eq!(old, new);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn apply(&mut self, news: &Self) -> Result<bool, ClockError> {
        self.merge(news)
    }

    /// How this set stands to `other` by inclusion: `Before` if `other` has all its events and more.
    ///
    /// ```
    /// use clocks::{Causality, DotSet, Span};
    ///
    /// let all = DotSet::from_spans(Span::new("a", 0, 9))?;
    /// let some = DotSet::from_spans(Span::new("a", 4, 6))?;
    /// assert_eq!(some.compare(&all), Causality::Before);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        compare(self.histories(), other.histories())
    }

    /// Whether `other` has all events of this set and more: the same as `self < other`.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let some = DotSet::from_spans(Span::new("a", 4, 6))?;
    /// assert!(some.happened_before(&DotSet::from_spans(Span::new("a", 0, 9))?));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each set has an event that the other does not.
    ///
    /// ```
    /// use clocks::{DotSet, Span};
    ///
    /// let late = DotSet::from_spans(Span::new("a", 4, 6))?;
    /// assert!(late.is_concurrent(&DotSet::from_spans(Span::new("a", 0, 5))?));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    fn combined(
        left: &Self,
        right: &Self,
        keep: fn(bool, bool) -> bool,
    ) -> Result<Self, ClockError> {
        let mut set = Self::new();
        combine(left.histories(), right.histories(), keep, |actor, runs| {
            set.push(actor.clone(), runs.to_vec())
        })?;
        Ok(set)
    }

    pub(crate) fn insert_run(&mut self, actor: &A, run: Run) -> Result<bool, ClockError> {
        let is_full = self.runs >= Self::RUNS_MAX;
        let place = self.rows.binary_search_by(|(own, _)| own.cmp(actor));
        match (place, place.ok().and_then(|index| self.rows.get_mut(index))) {
            (Ok(_), Some((_, runs))) => {
                let length = runs.len();
                let is_new = insert(runs, run, is_full)?;
                self.runs = (self.runs + runs.len()).saturating_sub(length);
                Ok(is_new)
            }
            _ if is_full => Err(too_many()),
            (Ok(index) | Err(index), _) => {
                self.rows.insert(index, (actor.clone(), Vec::from([run])));
                self.runs += 1;
                Ok(true)
            }
        }
    }

    pub(crate) fn runs_of(&self, actor: &A) -> &[Run] {
        let place = self.rows.binary_search_by(|(own, _)| own.cmp(actor));
        let row = place.ok().and_then(|index| self.rows.get(index));
        row.map_or(&[], |(_, runs)| runs)
    }

    /// Takes out the runs that are within or touch the events up to `known`. Returns up to which
    /// event they and those together reach.
    pub(crate) fn take_up_to(&mut self, actor: &A, known: u64) -> u64 {
        let Ok(index) = self.rows.binary_search_by(|(own, _)| own.cmp(actor)) else {
            return known;
        };
        let Some((_, runs)) = self.rows.get_mut(index) else {
            return known;
        };
        // At most one run reaches beyond `known`: the next one does not touch it.
        let taken = runs.partition_point(|run| run.after <= known);
        let reached = runs
            .drain(..taken)
            .fold(known, |reached, run| reached.max(run.last));
        self.runs = self.runs.saturating_sub(taken);
        if runs.is_empty() {
            self.rows.remove(index);
        }
        reached
    }
}

/// The runs of each actor as spans.
pub(crate) fn spans<'a, A: 'a>(
    histories: impl Iterator<Item = (&'a A, History<'a>)>,
) -> impl Iterator<Item = Span<&'a A>> {
    histories.flat_map(|(actor, history)| {
        let spans = history.all();
        spans.filter_map(move |run| Span::new(actor, run.after, run.last))
    })
}

/// The spans, such as `{a:1-3, a:5-5, b:1-1}`.
pub(crate) fn write_spans<'a, A: fmt::Display + 'a>(
    spans: impl Iterator<Item = Span<&'a A>>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.write_str("{")?;
    for (index, span) in spans.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{span}")?;
    }
    f.write_str("}")
}

impl<A> Default for DotSet<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// Inclusion: `None` if each set has an event that the other does not.
impl<A: Ord + Clone> PartialOrd for DotSet<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

/// The runs of each actor as pairs of first and last event, such as `DotSet{"a": [(1, 3), (5, 5)]}`.
impl<A: fmt::Debug> fmt::Debug for DotSet<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DotSet")?;
        let rows = self.rows.iter().map(|(actor, runs)| {
            let runs = runs
                .iter()
                .map(|run| (run.after.saturating_add(1), run.last));
            (actor, runs.collect::<Vec<_>>())
        });
        f.debug_map().entries(rows).finish()
    }
}

/// The runs, such as `{a:1-3, a:5-5, b:1-1}`.
impl<A: fmt::Display> fmt::Display for DotSet<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_spans(self.spans(), f)
    }
}
