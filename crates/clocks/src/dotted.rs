//! One event with its past, which may end before the event with a gap.
//!
//! A dotted version vector is a pair `(d, v)`: the dot of the event itself, and a version vector of all
//! that happened before it (Preguiça et al. 2010, section 4; Gonçalves et al. 2012). It stands for the
//! causal history `{d} ∪ {all dots of v}`. A plain version vector cannot say `{b:1, b:2, b:4}`; `(b:4,
//! {b:2})` can, and that is just what a server needs whose event `b:3` the writer of `b:4` had not seen.
//!
//! Rules:
//! - `(d, v) < (e, w)` exactly if `d` is in `w`: the history of an event is in that of another as soon
//!   as the event is;
//! - two stamps with one dot are one event.
//!
//! Invariant: the dot is not in its own past.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::{Causality, ClockError, Dot, Refused, VersionVector, kernel};

/// A dotted version vector: the dot of one event, and the version vector of its past.
///
/// Comparing two costs a look-up for each dot, however long the vectors are, because an event's dot
/// stands for its whole history. It asks for stamps that come from one system: each dot given once,
/// each past the whole past. Of two stamps that claim each other's event for their past, at least one
/// is forged; they are called concurrent, so that none replaces the other.
///
/// Equality, order and hash are those of the event, which is its dot.
///
/// Space: the actor, 8 bytes, and the [`VersionVector`]. A store with several values of a key at a time
/// keeps them in a [`DvvSet`](crate::DvvSet), which shares one vector among them.
///
/// Sources: Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors: Logical Clocks for
/// Optimistic Replication" (2010); the same, "Dotted Version Vectors: Efficient Causality Tracking for
/// Distributed Key-Value Stores" (2012).
///
/// ```
/// use clocks::{Causality, DottedVersionVector, VersionVector};
///
/// // Two clients write at one server; neither has read.
/// let nothing = VersionVector::new();
/// let first = DottedVersionVector::stamp(&"server", &nothing, nothing.clone())?;
/// let known = DottedVersionVector::join([&first]);
/// let second = DottedVersionVector::stamp(&"server", &known, nothing)?;
/// assert_eq!(second.to_string(), "(server:2, {})");
/// assert_eq!(first.compare(&second), Causality::Concurrent);
///
/// // One that has read both comes after both.
/// let known = DottedVersionVector::join([&first, &second]);
/// let third = DottedVersionVector::stamp(&"server", &known, known.clone())?;
/// assert!(first < third && second < third);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone)]
pub struct DottedVersionVector<A> {
    dot: Dot<A>,
    past: VersionVector<A>,
}

impl<A: Ord + Clone> DottedVersionVector<A> {
    /// The event of that dot, after all events of `past`. O(log entries).
    ///
    /// # Errors
    ///
    /// [`ClockError::DotInPast`] if `past` has the dot; both are handed back.
    ///
    /// ```
    /// use clocks::{ClockError, Dot, DottedVersionVector, VersionVector};
    ///
    /// let past = VersionVector::from_pairs([("a", 2)])?;
    /// assert!(DottedVersionVector::new(Dot::new("a", 4).unwrap(), past.clone()).is_ok());
    /// let refused = DottedVersionVector::new(Dot::new("a", 2).unwrap(), past).unwrap_err();
    /// assert_eq!(refused.error, ClockError::DotInPast { counter: 2, known: 2 });
    /// # Ok::<(), ClockError>(())
    /// ```
    #[expect(
        clippy::type_complexity,
        reason = "the two arguments, handed back as they were"
    )]
    pub fn new(
        dot: Dot<A>,
        past: VersionVector<A>,
    ) -> Result<Self, Refused<(Dot<A>, VersionVector<A>)>> {
        let (counter, known) = (dot.number(), past.get(&dot.actor));
        if counter <= known {
            let error = ClockError::DotInPast { counter, known };
            let value = (dot, past);
            return Err(Refused { value, error });
        }
        Ok(Self { dot, past })
    }

    /// The stamp of a write at the server `actor`: the server knows the events of `known`, the writer
    /// had seen those of `seen`.
    ///
    /// The dot is the one after the last that the server knows of itself, so `known` must have every
    /// event of its own. O(log entries).
    ///
    /// # Errors
    ///
    /// `seen` is handed back with [`ClockError::ContextAhead`] if the writer has seen events of the
    /// server that it does not know (see [`DvvSet::update`](crate::DvvSet::update)), or with
    /// [`ClockError::CounterExhausted`].
    ///
    /// ```
    /// use clocks::{DottedVersionVector, VersionVector};
    ///
    /// let known = VersionVector::from_pairs([("a", 3)])?;
    /// let seen = VersionVector::from_pairs([("a", 1), ("b", 5)])?;
    /// let write = DottedVersionVector::stamp(&"a", &known, seen)?;
    /// assert_eq!(write.to_string(), "(a:4, {a:1, b:5})");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn stamp(
        actor: &A,
        known: &VersionVector<A>,
        seen: VersionVector<A>,
    ) -> Result<Self, Refused<VersionVector<A>>> {
        let (claimed, known) = (seen.get(actor), known.get(actor));
        let dot = if claimed > known {
            Err(ClockError::ContextAhead { claimed, known })
        } else {
            kernel::next(actor.clone(), known)
        };
        match dot {
            Ok(dot) => Ok(Self { dot, past: seen }),
            Err(error) => Err(Refused { value: seen, error }),
        }
    }

    /// All that a replica with these siblings knows, as a version vector: what a reader of all of them
    /// has seen.
    ///
    /// A gap below a dot is filled, because a replica has, or has seen overwritten, every event of an
    /// actor up to its last. So give all siblings of a replica, not some of them. O(entries of all).
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let past = VersionVector::from_pairs([("a", 1), ("b", 5)])?;
    /// let write = DottedVersionVector::new(Dot::new("a", 4).unwrap(), past)?;
    /// assert_eq!(DottedVersionVector::join([&write]).to_string(), "{a:4, b:5}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn join<'a>(siblings: impl IntoIterator<Item = &'a Self>) -> VersionVector<A>
    where
        A: 'a,
    {
        let mut known = VersionVector::new();
        for sibling in siblings {
            known.merge(&sibling.past);
            known.witness(sibling.dot.clone());
        }
        known
    }

    /// Whether the event is this one, or one of its past. O(log entries).
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let past = VersionVector::from_pairs([("a", 2)])?;
    /// let write = DottedVersionVector::new(Dot::new("a", 4).unwrap(), past)?;
    /// let known = [1, 2, 3, 4, 5].map(|number| write.contains(&Dot::new("a", number).unwrap()));
    /// assert_eq!(known, [true, true, false, true, false]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, event: &Dot<A>) -> bool {
        *event == self.dot || self.past.contains(event)
    }

    /// How this event stands to `other`. O(log entries).
    ///
    /// ```
    /// use clocks::{Causality, Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// let past = VersionVector::from_pairs([("a", 1)])?;
    /// let second = DottedVersionVector::new(Dot::new("b", 1).unwrap(), past)?;
    /// assert_eq!(first.compare(&second), Causality::Before);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        if self.dot == other.dot {
            return Causality::Equal;
        }
        match (
            other.past.contains(&self.dot),
            self.past.contains(&other.dot),
        ) {
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            // Both only if one is forged: neither may replace the other.
            (false, false) | (true, true) => Causality::Concurrent,
        }
    }

    /// Whether this event happened before `other`: the same as `self < other`.
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// assert!(!first.happened_before(&first));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether neither event happened before the other, and they are two.
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// let second = DottedVersionVector::new(Dot::new("a", 2).unwrap(), VersionVector::new())?;
    /// assert!(first.is_concurrent(&second));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }
}

impl<A> DottedVersionVector<A> {
    /// The event itself.
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// assert_eq!(first.dot().to_string(), "a:1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn dot(&self) -> &Dot<A> {
        &self.dot
    }

    /// All that happened before it.
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// assert!(first.past().is_empty());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn past(&self) -> &VersionVector<A> {
        &self.past
    }

    /// The dot and the past.
    ///
    /// ```
    /// use clocks::{Dot, DottedVersionVector, VersionVector};
    ///
    /// let first = DottedVersionVector::new(Dot::new("a", 1).unwrap(), VersionVector::new())?;
    /// assert_eq!(first.into_parts().0, Dot::new("a", 1).unwrap());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (Dot<A>, VersionVector<A>) {
        (self.dot, self.past)
    }
}

/// The same event.
impl<A: PartialEq> PartialEq for DottedVersionVector<A> {
    fn eq(&self, other: &Self) -> bool {
        self.dot == other.dot
    }
}

impl<A: Eq> Eq for DottedVersionVector<A> {}

impl<A: Hash> Hash for DottedVersionVector<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dot.hash(state);
    }
}

/// Happened-before: `None` for concurrent events.
impl<A: Ord + Clone> PartialOrd for DottedVersionVector<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

/// As in the paper, such as `(a:4, {a:2, b:1})`.
impl<A: fmt::Display> fmt::Display for DottedVersionVector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.dot, self.past)
    }
}

impl<A: fmt::Debug> fmt::Debug for DottedVersionVector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DottedVersionVector")
            .field("dot", &self.dot)
            .field("past", &self.past)
            .finish()
    }
}
