//! What one clock knows and another does not.
//!
//! A delta is a list of spans, one an actor: "the events after number `after`, up to number `last`".
//! It says where it begins, so it can be applied only where nothing is missing before it: a lost
//! delta is noticed, not papered over. Applying is a merge, so a delta may come twice.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;

use crate::ClockError;

/// Events of one actor in a row: those after number `after`, up to and with number `last`.
///
/// Never empty: `after` is below [`last`](Self::last).
///
/// ```
/// use clocks::Span;
///
/// let span = Span::new("a", 3, 5).expect("two events");
/// assert_eq!((span.len(), span.last()), (2, 5));
/// assert_eq!(span.to_string(), "a:4-5");
/// assert_eq!(Span::new("a", 5, 5), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span<A> {
    // The derived order compares the fields from the top: the actor must stay first.
    /// Whose events.
    pub actor: A,
    after: u64,
    last: NonZeroU64,
}

impl<A> Span<A> {
    /// The events of `actor` after number `after`, up to number `last`; nothing if there are none.
    ///
    /// ```
    /// use clocks::Span;
    ///
    /// assert!(Span::new("a", 3, 4).is_some());
    /// assert!(Span::new("a", 4, 4).is_none());
    /// ```
    #[must_use]
    pub fn new(actor: A, after: u64, last: u64) -> Option<Self> {
        let last = NonZeroU64::new(last).filter(|last| after < last.get())?;
        Some(Self { actor, after, last })
    }

    /// The number of the last event before the span, 0 if it begins with the first.
    ///
    /// ```
    /// assert_eq!(clocks::Span::new("a", 3, 5).unwrap().after(), 3);
    /// ```
    #[must_use]
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// The number of the last event of the span.
    ///
    /// ```
    /// assert_eq!(clocks::Span::new("a", 3, 5).unwrap().last(), 5);
    /// ```
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last.get()
    }

    /// How many events it has, at least 1.
    ///
    /// ```
    /// assert_eq!(clocks::Span::new("a", 3, 5).unwrap().len(), 2);
    /// ```
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub const fn len(&self) -> u64 {
        self.last.get().saturating_sub(self.after)
    }

    /// The same events of an actor that goes by another name.
    #[must_use]
    pub(crate) fn map<B>(self, rename: impl FnOnce(A) -> B) -> Span<B> {
        Span {
            actor: rename(self.actor),
            after: self.after,
            last: self.last,
        }
    }

    pub(crate) const fn last_nonzero(&self) -> NonZeroU64 {
        self.last
    }

    /// Refuses a span that begins after events beyond `known`.
    pub(crate) const fn check_follows(&self, known: u64) -> Result<(), ClockError> {
        if self.after > known {
            let after = self.after;
            return Err(ClockError::DeltaGap { after, known });
        }
        Ok(())
    }
}

/// `actor:first-last`.
impl<A: fmt::Display> fmt::Display for Span<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.after.saturating_add(1);
        write!(f, "{}:{first}-{}", self.actor, self.last)
    }
}

/// What one [`VectorClock`](crate::VectorClock) knows and another of its epoch does not.
///
/// Made by [`VectorClock::diff`](crate::VectorClock::diff), learned by
/// [`VectorClock::apply`](crate::VectorClock::apply). It is no clock: it has no order. Space: 24 bytes
/// an actor with news.
///
/// ```
/// use clocks::VectorClock;
///
/// let base = VectorClock::from_counters(&[3, 1])?;
/// let delta = VectorClock::from_counters(&[3, 4])?.diff(&base)?;
/// assert_eq!(delta.spans().len(), 1);
/// assert_eq!(delta.spans()[0].to_string(), "1:2-4");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VectorDelta {
    epoch: u64,
    spans: Vec<Span<usize>>,
}

impl VectorDelta {
    /// The spans must be in strictly increasing order of their slots.
    pub(crate) fn new(epoch: u64, spans: Vec<Span<usize>>) -> Self {
        debug_assert!(
            spans.is_sorted_by(|a, b| a.actor < b.actor),
            "spans are in the order of their slots"
        );
        Self { epoch, spans }
    }

    /// What the counters `own` say and `base` do not; an entry that `base` lacks counts as zero.
    pub(crate) fn between(epoch: u64, own: &[u64], base: &[u64]) -> Self {
        let spans = own.iter().enumerate().filter_map(|(slot, &counter)| {
            let after = base.get(slot).copied().unwrap_or(0);
            Span::new(slot, after, counter)
        });
        Self::new(epoch, spans.collect())
    }

    /// Raises the counters of a clock of `epoch`, all or none of them, and tells if one changed.
    pub(crate) fn apply_to(&self, epoch: u64, counters: &mut [u64]) -> Result<bool, ClockError> {
        if self.epoch != epoch {
            let (own, other) = (epoch, self.epoch);
            return Err(ClockError::EpochMismatch { own, other });
        }
        let slots = counters.len();
        for span in &self.spans {
            let slot = span.actor;
            let known = counters.get(slot).copied();
            span.check_follows(known.ok_or(ClockError::UnknownSlot { slot, slots })?)?;
        }
        let mut has_changed = false;
        for span in &self.spans {
            if let Some(own) = counters.get_mut(span.actor)
                && *own < span.last()
            {
                *own = span.last();
                has_changed = true;
            }
        }
        Ok(has_changed)
    }

    /// The epoch of the two clocks.
    ///
    /// ```
    /// let clock = clocks::VectorClock::from_counters(&[2])?.with_epoch(7);
    /// assert_eq!(clock.diff(&clock)?.epoch(), 7);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The news, in the order of the slots, at most one span a slot.
    ///
    /// ```
    /// use clocks::{Span, VectorClock};
    ///
    /// let delta = VectorClock::from_counters(&[0, 2])?.diff(&VectorClock::new(2)?)?;
    /// assert!(delta.spans().iter().copied().eq(Span::new(1, 0, 2)));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn spans(&self) -> &[Span<usize>] {
        &self.spans
    }

    /// Whether there is no news.
    ///
    /// ```
    /// assert!(clocks::VectorDelta::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// What one [`VersionVector`](crate::VersionVector) knows and another does not.
///
/// Made by [`VersionVector::diff`](crate::VersionVector::diff), learned by
/// [`VersionVector::apply`](crate::VersionVector::apply). It is no clock: it has no order. Space: an
/// actor and 16 bytes for each actor with news.
///
/// ```
/// use clocks::VersionVector;
///
/// let base = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
/// let delta = VersionVector::from_pairs([("a", 3), ("b", 4)])?.diff(&base);
/// assert_eq!(delta.spans().len(), 1);
/// assert_eq!(delta.spans()[0].to_string(), "b:2-4");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delta<A> {
    spans: Vec<Span<A>>,
}

impl<A: Ord> Delta<A> {
    /// The spans must be in strictly increasing order of their actors.
    pub(crate) fn new(spans: Vec<Span<A>>) -> Self {
        debug_assert!(
            spans.is_sorted_by(|a, b| a.actor < b.actor),
            "spans are in the order of their actors"
        );
        Self { spans }
    }
}

impl<A> Delta<A> {
    #[cfg(feature = "serde")]
    pub(crate) fn into_spans(self) -> Vec<Span<A>> {
        self.spans
    }

    /// The news, in the order of the actors, at most one span an actor.
    ///
    /// ```
    /// use clocks::{Span, VersionVector};
    ///
    /// let delta = VersionVector::from_pairs([("a", 2)])?.diff(&VersionVector::new());
    /// assert!(delta.spans().iter().copied().eq(Span::new("a", 0, 2)));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn spans(&self) -> &[Span<A>] {
        &self.spans
    }

    /// Whether there is no news.
    ///
    /// ```
    /// assert!(clocks::Delta::<u64>::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// The delta without news.
impl<A> Default for Delta<A> {
    fn default() -> Self {
        Self { spans: Vec::new() }
    }
}
