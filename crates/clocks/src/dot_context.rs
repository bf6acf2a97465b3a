//! The events that a replica knows, also when they came with gaps: a version vector, and the runs
//! beyond it.
//!
//! Rules (Malkhi and Terry 2005, "version vectors with exceptions", with the exceptions written as
//! the runs that are known beyond the gap):
//! - of each actor, the vector has the events up to the first gap, and the set those after it;
//! - an event that closes a gap moves what it connects from the set to the vector.
//!
//! Invariants: no run of the set touches the vector's events of its actor, so two contexts of the
//! same events are the same value. The set has at most [`DotSet::RUNS_MAX`] runs; a refused
//! operation changes nothing.

use core::cmp::Ordering;
use core::fmt;

use crate::dot_set::{History, Run, align, combine, compare, spans, write_spans};
use crate::{Causality, ClockError, Dot, DotSet, Span, VersionVector, kernel};

/// A set of events that is a version vector as long as there are no gaps.
///
/// For whoever learns of events one by one and in any order: which of them were seen, and which
/// actor's next number is free. Events in order cost nothing beyond the
/// [`vector`](Self::vector)'s entry; a gap costs a run of 16 bytes, however wide it is, until it is
/// closed.
///
/// The order is inclusion, which for contexts without gaps is that of their vectors. It is partial;
/// [`compare`](Self::compare) gives all four answers a name.
///
/// Space: that of the vector and of the set, [`beyond`](Self::beyond). Two contexts without gaps are
/// merged and compared as fast as their vectors; with gaps O(actors + runs) of both. One event is
/// O(log actors + log runs), and O(actors) or O(runs of the actor) when it opens or closes a gap.
///
/// Sources: Malkhi and Terry, "Concise Version Vectors in WinFS" (2005); Almeida, Shoker and
/// Baquero, "Delta State Replicated Data Types" (2018), section 7.2, for the causal context.
///
/// ```
/// use clocks::{Dot, DotContext};
///
/// let mut seen = DotContext::new();
/// seen.insert(&Dot::new("a", 1).unwrap())?;
/// seen.insert(&Dot::new("a", 3).unwrap())?;
/// assert_eq!(seen.vector().get(&"a"), 1);
/// assert_eq!(seen.beyond().to_string(), "{a:3-3}");
/// seen.insert(&Dot::new("a", 2).unwrap())?;
/// assert_eq!(seen.vector().get(&"a"), 3);
/// assert!(seen.is_gapless());
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DotContext<A> {
    vector: VersionVector<A>,
    beyond: DotSet<A>,
}

impl<A> DotContext<A> {
    /// The context without any event.
    ///
    /// ```
    /// assert!(clocks::DotContext::<u64>::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            vector: VersionVector::new(),
            beyond: DotSet::new(),
        }
    }

    /// The events before the first gap of each actor.
    ///
    /// ```
    /// use clocks::{Dot, DotContext};
    ///
    /// let mut seen = DotContext::new();
    /// seen.insert(&Dot::new("a", 2).unwrap())?;
    /// assert!(seen.vector().is_empty());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn vector(&self) -> &VersionVector<A> {
        &self.vector
    }

    /// The events after the first gap of each actor.
    ///
    /// ```
    /// assert!(clocks::DotContext::<u64>::new().beyond().is_empty());
    /// ```
    #[must_use]
    pub const fn beyond(&self) -> &DotSet<A> {
        &self.beyond
    }

    /// Whether of each actor every event up to the last known one is known. O(1).
    ///
    /// ```
    /// assert!(clocks::DotContext::<u64>::new().is_gapless());
    /// ```
    #[must_use]
    pub const fn is_gapless(&self) -> bool {
        self.beyond.is_empty()
    }

    /// Whether it has no event. O(1).
    ///
    /// ```
    /// assert!(clocks::DotContext::<u64>::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vector.is_empty() && self.beyond.is_empty()
    }
}

impl<A: Ord + Clone> DotContext<A> {
    /// Names the next event of `actor`: the one after the last that is known of it, with or without
    /// a gap before. The context is unchanged. O(log actors).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] if the last known event is number [`u64::MAX`].
    ///
    /// ```
    /// use clocks::{Dot, DotContext};
    ///
    /// let mut seen = DotContext::new();
    /// seen.insert(&Dot::new("a", 4).unwrap())?;
    /// assert_eq!(seen.next_dot(&"a")?.number(), 5);
    /// assert_eq!(seen.next_dot(&"b")?.number(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn next_dot(&self, actor: &A) -> Result<Dot<A>, ClockError> {
        let last = self.beyond.runs_of(actor).last();
        let last = last.map_or_else(|| self.vector.get(actor), |run| run.last);
        kernel::next(actor.clone(), last)
    }

    /// Counts one event of `actor`, and returns its name: [`next_dot`](Self::next_dot), inserted.
    ///
    /// # Errors
    ///
    /// As [`next_dot`](Self::next_dot). The context is then unchanged.
    ///
    /// ```
    /// let mut context = clocks::DotContext::new();
    /// assert_eq!(context.tick(&"a")?.number(), 1);
    /// assert_eq!(context.tick(&"a")?.number(), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn tick(&mut self, actor: &A) -> Result<Dot<A>, ClockError> {
        let dot = self.next_dot(actor)?;
        // It follows an event that is known, so it needs no run of its own.
        self.insert(&dot)?;
        Ok(dot)
    }

    /// Learns an event, and tells if it is new.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`] if it opens a gap and there is no room for another run. The
    /// context is then unchanged.
    ///
    /// ```
    /// use clocks::{Dot, DotContext};
    ///
    /// let mut seen = DotContext::new();
    /// let dot = Dot::new("a", u64::MAX).unwrap();
    /// assert_eq!((seen.insert(&dot)?, seen.insert(&dot)?), (true, false));
    /// assert_eq!(seen.beyond().runs(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn insert(&mut self, dot: &Dot<A>) -> Result<bool, ClockError> {
        self.insert_run(&dot.actor, dot.into())
    }

    /// Learns events in a row, and tells if one is new.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// ```
    /// use clocks::{DotContext, Span};
    ///
    /// let mut seen = DotContext::new();
    /// seen.insert_span(&Span::new("a", 3, 9).unwrap())?;
    /// seen.insert_span(&Span::new("a", 0, 5).unwrap())?;
    /// assert_eq!(seen.vector().get(&"a"), 9);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn insert_span(&mut self, span: &Span<A>) -> Result<bool, ClockError> {
        self.insert_run(&span.actor, span.into())
    }

    /// Whether the event is known.
    ///
    /// ```
    /// use clocks::{Dot, DotContext};
    ///
    /// let mut seen = DotContext::new();
    /// seen.insert(&Dot::new("a", 3).unwrap())?;
    /// assert!(seen.contains(&Dot::new("a", 3).unwrap()));
    /// assert!(!seen.contains(&Dot::new("a", 2).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, dot: &Dot<A>) -> bool {
        self.vector.contains(dot) || self.beyond.contains(dot)
    }

    /// Learns every event of `other`, and tells if one was new: the union, the join of the order.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The context is then unchanged.
    ///
    /// ```
    /// use clocks::{DotContext, Span};
    ///
    /// let (mut a, mut b) = (DotContext::new(), DotContext::new());
    /// a.insert_span(&Span::new("x", 2, 4).unwrap())?;
    /// b.insert_span(&Span::new("x", 0, 2).unwrap())?;
    /// assert!(a.merge(&b)?);
    /// assert_eq!(a.vector().get(&"x"), 4);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        if self.is_gapless() && other.is_gapless() {
            return Ok(self.vector.merge(&other.vector));
        }
        if matches!(self.compare(other), Causality::Equal | Causality::After) {
            return Ok(false);
        }
        *self = Self::combined(self.histories(), other.histories(), either)?;
        Ok(true)
    }

    /// Makes this the union of `left` and `right`, whatever it held before.
    ///
    /// The allocation of the vector is reused where there are no gaps.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The context is then unchanged.
    ///
    /// ```
    /// use clocks::{DotContext, VersionVector};
    ///
    /// let left = DotContext::from(VersionVector::from_pairs([("a", 2)])?);
    /// let right = DotContext::from(VersionVector::from_pairs([("b", 1)])?);
    /// let mut out = DotContext::new();
    /// out.join_into(&left, &right)?;
    /// assert_eq!(out.vector().to_string(), "{a:2, b:1}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn join_into(&mut self, left: &Self, right: &Self) -> Result<(), ClockError> {
        if left.is_gapless() && right.is_gapless() {
            self.vector.join_into(&left.vector, &right.vector);
            self.beyond = DotSet::new();
        } else {
            *self = Self::combined(left.histories(), right.histories(), either)?;
        }
        Ok(())
    }

    /// Keeps the events that `other` knows too, and tells if one was dropped: the intersection, the
    /// dual of [`merge`](Self::merge).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]: two contexts can have more runs in common than either has. The
    /// context is then unchanged.
    ///
    /// ```
    /// use clocks::{DotContext, VersionVector};
    ///
    /// let mut context = DotContext::from(VersionVector::from_pairs([("a", 2), ("b", 1)])?);
    /// assert!(context.meet(&DotContext::from(VersionVector::from_pairs([("a", 1)])?))?);
    /// assert_eq!(context.to_string(), "{a:1-1}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn meet(&mut self, other: &Self) -> Result<bool, ClockError> {
        if self.is_gapless() && other.is_gapless() {
            return Ok(self.vector.meet(&other.vector));
        }
        let met = Self::combined(self.histories(), other.histories(), |left, right| {
            left && right
        })?;
        let has_changed = met != *self;
        *self = met;
        Ok(has_changed)
    }

    /// The events of this context that `base` does not know. Whoever [`applies`](Self::apply) them
    /// need not know `base`: unlike a [`Delta`](crate::Delta), a set of dots claims nothing else.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]: for instance for the news to a newcomer of more actors than there
    /// may be runs. Send the whole context instead.
    ///
    /// ```
    /// use clocks::{DotContext, VersionVector};
    ///
    /// let context = DotContext::from(VersionVector::from_pairs([("a", 5)])?);
    /// let base = DotContext::from(VersionVector::from_pairs([("a", 3)])?);
    /// let news = context.diff(&base)?;
    /// assert_eq!(news.to_string(), "{a:4-5}");
    /// let mut late = DotContext::new();
    /// late.apply(&news)?;
    /// assert_eq!(late.to_string(), "{a:4-5}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn diff(&self, base: &Self) -> Result<DotSet<A>, ClockError> {
        let mut set = DotSet::new();
        combine(
            self.histories(),
            base.histories(),
            |left, right| left && !right,
            |actor, runs| set.push(actor.clone(), runs.to_vec()),
        )?;
        Ok(set)
    }

    /// Learns the events of a set, and tells if one was new. It may come late, twice or alone.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyRuns`]. The context is then unchanged.
    ///
    /// ```
    /// use clocks::{DotContext, DotSet, Span};
    ///
    /// let mut seen = DotContext::new();
    /// assert!(seen.apply(&DotSet::from_spans(Span::new("a", 0, 3))?)?);
    /// assert_eq!(seen.vector().get(&"a"), 3);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn apply(&mut self, news: &DotSet<A>) -> Result<bool, ClockError> {
        let order = compare(self.histories(), news.histories());
        if matches!(order, Causality::Equal | Causality::After) {
            return Ok(false);
        }
        *self = Self::combined(self.histories(), news.histories(), either)?;
        Ok(true)
    }

    /// How this context stands to `other`: `Before` if `other` knows all its events and more.
    ///
    /// ```
    /// use clocks::{Causality, Dot, DotContext};
    ///
    /// let (mut a, mut b) = (DotContext::new(), DotContext::new());
    /// a.insert(&Dot::new("x", 1).unwrap())?;
    /// b.insert(&Dot::new("x", 2).unwrap())?;
    /// assert_eq!(a.compare(&b), Causality::Concurrent);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        if self.is_gapless() && other.is_gapless() {
            self.vector.compare(&other.vector)
        } else {
            compare(self.histories(), other.histories())
        }
    }

    /// Whether this context happened before `other`: the same as `self < other`.
    ///
    /// ```
    /// let (a, mut b) = (clocks::DotContext::new(), clocks::DotContext::new());
    /// b.tick(&"x")?;
    /// assert!(a.happened_before(&b));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each context knows an event that the other does not.
    ///
    /// ```
    /// let (mut a, mut b) = (clocks::DotContext::new(), clocks::DotContext::new());
    /// a.tick(&"x")?;
    /// b.tick(&"y")?;
    /// assert!(a.is_concurrent(&b));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    /// All its events as spans, in the order of the actors and then of the events.
    ///
    /// ```
    /// use clocks::{Dot, DotContext, Span};
    ///
    /// let mut seen = DotContext::new();
    /// seen.insert(&Dot::new("a", 1).unwrap())?;
    /// seen.insert(&Dot::new("a", 3).unwrap())?;
    /// let spans = [Span::new(&"a", 0, 1), Span::new(&"a", 2, 3)];
    /// assert!(seen.spans().eq(spans.into_iter().flatten()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn spans(&self) -> impl Iterator<Item = Span<&A>> + '_ {
        spans(self.histories())
    }

    /// Puts the parts together; nothing if a run touches the vector.
    pub(crate) fn from_parts(vector: VersionVector<A>, beyond: DotSet<A>) -> Option<Self> {
        let mut histories = beyond.histories();
        let is_beyond = histories.all(|(actor, history)| {
            let first = history.runs.first();
            first.is_some_and(|run| run.after > vector.get(actor))
        });
        drop(histories);
        is_beyond.then_some(Self { vector, beyond })
    }

    fn insert_run(&mut self, actor: &A, run: Run) -> Result<bool, ClockError> {
        let known = self.vector.get(actor);
        if run.after > known {
            return self.beyond.insert_run(actor, run);
        }
        if run.last <= known {
            return Ok(false);
        }
        let reached = self.beyond.take_up_to(actor, run.last);
        if let Some(dot) = Dot::new(actor, reached) {
            self.vector.witness(dot.map(A::clone));
        }
        Ok(true)
    }

    fn histories(&self) -> impl Iterator<Item = (&A, History<'_>)> {
        let rows = align(self.vector.iter(), self.beyond.histories());
        rows.map(|(actor, known, beyond)| {
            let known = known.unwrap_or(0);
            let runs = beyond.unwrap_or_default().runs;
            (actor, History { known, runs })
        })
    }

    fn combined<'a>(
        left: impl Iterator<Item = (&'a A, History<'a>)>,
        right: impl Iterator<Item = (&'a A, History<'a>)>,
        keep: fn(bool, bool) -> bool,
    ) -> Result<Self, ClockError>
    where
        A: 'a,
    {
        let (mut dots, mut beyond) = (alloc::vec::Vec::new(), DotSet::new());
        combine(left, right, keep, |actor, runs| {
            let (first, others) = match runs {
                [Run { after: 0, last }, others @ ..] => (*last, others),
                _ => (0, runs),
            };
            dots.extend(Dot::new(actor, first).map(|dot| dot.map(A::clone)));
            if others.is_empty() {
                return Ok(());
            }
            beyond.push(actor.clone(), others.to_vec())
        })?;
        let vector = VersionVector::from_sorted(dots.into_iter());
        Ok(Self { vector, beyond })
    }
}

const fn either(left: bool, right: bool) -> bool {
    left || right
}

/// The events that the vector knows, without a gap.
impl<A> From<VersionVector<A>> for DotContext<A> {
    fn from(vector: VersionVector<A>) -> Self {
        let beyond = DotSet::new();
        Self { vector, beyond }
    }
}

impl<A> Default for DotContext<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// Inclusion: `None` if each context knows an event that the other does not.
impl<A: Ord + Clone> PartialOrd for DotContext<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

impl<A: fmt::Debug> fmt::Debug for DotContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DotContext")
            .field("vector", &self.vector)
            .field("beyond", &self.beyond)
            .finish()
    }
}

/// The spans, such as `{a:1-3, a:5-5, b:1-1}`.
impl<A: Ord + Clone + fmt::Display> fmt::Display for DotContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_spans(self.spans(), f)
    }
}
