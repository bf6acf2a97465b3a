//! What is left of a version vector that had to be cut, and what can still be said with certainty.
//!
//! A foreign system may hold only so many entries. A vector cut to that size and then used as if it
//! were whole gives wrong answers in both directions: a successor looks concurrent, and, worse, a
//! concurrent vector looks like a successor. So a cut vector has a type of its own, which knows how
//! many entries were dropped. Write `K` for what is kept and `d` for how many are dropped: the original
//! is `K` and `d` more actors, each with at least one event. An answer is given only if it holds for
//! every such original.
//!
//! Invariants: nothing turns a cut vector back into a [`VersionVector`]; it cannot be merged; it has no
//! [`PartialOrd`].

use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::fmt;

use crate::{Causality, Dot, VersionVector};

/// A version vector cut to a limit: some of its entries, and how many are missing.
///
/// Made by [`VersionVector::truncate`]. Two that are equal need not come from equal vectors.
///
/// Cutting by size is no way to forget actors: it makes vectors incomparable, and replicas with
/// different limits never agree. This crate drops an actor only when everybody is known to have seen
/// all of it. A cut vector is for a message or a store that cannot take the whole one.
///
/// ```
/// use clocks::{Causality, TruncatedOrder, VersionVector};
///
/// let stored = VersionVector::from_pairs([("a", 5), ("b", 1), ("c", 2)])?;
/// let cut = stored.truncate(2);
/// assert_eq!(cut.to_string(), "{a:5, c:2, and 1 more}");
///
/// // Whether this comes after the stored one depends on what was cut off.
/// let write = VersionVector::from_pairs([("a", 5), ("c", 3), ("d", 1)])?;
/// assert_eq!(cut.compare(&write), TruncatedOrder::NotAfter);
/// // This does not, whatever was cut off.
/// let old = VersionVector::from_pairs([("a", 4)])?;
/// assert_eq!(cut.compare(&old), TruncatedOrder::Certain(Causality::After));
/// # Ok::<(), clocks::ClockError>(())
/// ```
///
/// It has no order, and it cannot be merged:
///
/// ```compile_fail,E0369
/// let cut = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)]).unwrap().truncate(1);
/// let _ = cut < cut.clone();
/// ```
///
/// ```compile_fail,E0308
/// let mut vector = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)]).unwrap();
/// let cut = vector.truncate(1);
/// vector.merge(&cut);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Truncated<A> {
    kept: VersionVector<A>,
    dropped: usize,
}

/// What is certain about how a cut vector's original stands to another.
///
/// ```
/// use clocks::{TruncatedOrder, VersionVector};
///
/// let cut = VersionVector::from_pairs([("a", 1), ("b", 1)])?.truncate(1);
/// let other = VersionVector::from_pairs([("a", 1), ("c", 1)])?;
/// assert_eq!(cut.compare(&other), TruncatedOrder::Unknown);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TruncatedOrder {
    /// The originals stand to each other like this.
    Certain(Causality),
    /// The first is after the second, or they are concurrent: not equal, and not before.
    NotBefore,
    /// The first is before the second, or they are concurrent: not equal, and not after.
    NotAfter,
    /// Nothing is certain.
    Unknown,
}

impl TruncatedOrder {
    /// The answer with the two sides exchanged.
    ///
    /// ```
    /// use clocks::TruncatedOrder;
    ///
    /// assert_eq!(TruncatedOrder::NotBefore.reverse(), TruncatedOrder::NotAfter);
    /// ```
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Certain(causality) => Self::Certain(causality.reverse()),
            Self::NotBefore => Self::NotAfter,
            Self::NotAfter => Self::NotBefore,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl<A: Ord + Clone> VersionVector<A> {
    /// What can go through a limit of `entries_max` entries: those with the greatest counters; of
    /// equal counters, those of the first actors.
    ///
    /// O(entries · log entries).
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)])?;
    /// assert!(vector.truncate(2).is_complete());
    /// assert_eq!(vector.truncate(1).dropped(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn truncate(&self, entries_max: usize) -> Truncated<A> {
        let dropped = self.len().saturating_sub(entries_max);
        if dropped == 0 {
            let kept = self.clone();
            return Truncated { kept, dropped };
        }
        let mut entries: Vec<(&A, u64)> = self.iter().collect();
        entries.sort_by_key(|&(_, counter)| Reverse(counter));
        entries.truncate(entries_max);
        entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
        let dots = entries.into_iter();
        let kept =
            Self::from_sorted(dots.filter_map(|(actor, counter)| Dot::new(actor.clone(), counter)));
        Truncated { kept, dropped }
    }
}

impl<A> Truncated<A> {
    /// How many entries are missing.
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)])?;
    /// assert_eq!(vector.truncate(0).dropped(), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether nothing is missing.
    ///
    /// ```
    /// assert!(clocks::VersionVector::<u64>::new().truncate(0).is_complete());
    /// ```
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.dropped == 0
    }

    /// The entries that are left, in the order of their actors. Every event that they tell of is one
    /// of the original.
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)])?;
    /// assert!(vector.truncate(1).iter().eq([(&"a", 5)]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&A, u64)> + DoubleEndedIterator + '_ {
        self.kept.iter()
    }

    /// The original itself, if nothing is missing.
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("a", 5), ("b", 1)])?;
    /// assert_eq!(vector.truncate(2).complete(), Some(&vector));
    /// assert_eq!(vector.truncate(1).complete(), None);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn complete(&self) -> Option<&VersionVector<A>> {
        self.is_complete().then_some(&self.kept)
    }

    pub(crate) const fn kept(&self) -> &VersionVector<A> {
        &self.kept
    }

    /// What is left of a vector of at most [`VersionVector::ENTRIES_MAX`] entries.
    pub(crate) fn from_parts(kept: VersionVector<A>, dropped: u64) -> Option<Self> {
        let dropped = usize::try_from(dropped).ok()?;
        let entries = kept.len().checked_add(dropped)?;
        (entries <= VersionVector::<A>::ENTRIES_MAX).then_some(Self { kept, dropped })
    }
}

impl<A: Ord + Clone> Truncated<A> {
    /// How the original stands to `other`, as far as that is certain. O(entries).
    ///
    /// ```
    /// use clocks::{Causality, TruncatedOrder, VersionVector};
    ///
    /// let cut = VersionVector::from_pairs([("a", 2), ("b", 1)])?.truncate(1);
    /// let ahead = VersionVector::from_pairs([("a", 3)])?;
    /// let concurrent = TruncatedOrder::Certain(Causality::Concurrent);
    /// assert_eq!(cut.compare(&ahead), concurrent, "what is missing is not there either");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &VersionVector<A>) -> TruncatedOrder {
        order((&self.kept, self.dropped), (other, 0))
    }

    /// How the original stands to that of `other`, as far as that is certain. O(entries).
    ///
    /// ```
    /// use clocks::{TruncatedOrder, VersionVector};
    ///
    /// let cut = VersionVector::from_pairs([("a", 2), ("b", 1)])?.truncate(1);
    /// assert_eq!(cut.compare_truncated(&cut), TruncatedOrder::Unknown);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare_truncated(&self, other: &Self) -> TruncatedOrder {
        order((&self.kept, self.dropped), (&other.kept, other.dropped))
    }

    /// Whether the original knows the event; none if that is not certain. O(log entries).
    ///
    /// ```
    /// use clocks::{Dot, VersionVector};
    ///
    /// let cut = VersionVector::from_pairs([("a", 2), ("b", 1)])?.truncate(1);
    /// assert_eq!(cut.contains(&Dot::new("a", 2).unwrap()), Some(true));
    /// assert_eq!(cut.contains(&Dot::new("a", 3).unwrap()), Some(false));
    /// assert_eq!(cut.contains(&Dot::new("b", 1).unwrap()), None);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, event: &Dot<A>) -> Option<bool> {
        let known = self.kept.get(&event.actor);
        (known > 0 || self.is_complete()).then(|| event.number() <= known)
    }
}

/// What is certain about two originals: each what is kept, and how many entries more.
fn order<A: Ord + Clone>(
    (left, left_dropped): (&VersionVector<A>, usize),
    (right, right_dropped): (&VersionVector<A>, usize),
) -> TruncatedOrder {
    let shared = Shared::of(left, right);
    let left_total = left.len().saturating_add(left_dropped);
    let right_total = right.len().saturating_add(right_dropped);
    // What only one side has must be among the dropped of the other, and the rest must have room.
    let may_be_at_most =
        !shared.is_greater && shared.left_only <= right_dropped && left_total <= right_total;
    let may_be_at_least =
        !shared.is_less && shared.right_only <= left_dropped && right_total <= left_total;
    let is_at_most = left_dropped == 0 && shared.left_only == 0 && !shared.is_greater;
    let is_at_least = right_dropped == 0 && shared.right_only == 0 && !shared.is_less;
    match (is_at_most, is_at_least) {
        (true, true) => TruncatedOrder::Certain(Causality::Equal),
        // If one side is cut and the other is below what is left, something is above it.
        (true, false) => TruncatedOrder::Certain(Causality::Before),
        (false, true) => TruncatedOrder::Certain(Causality::After),
        (false, false) => match (may_be_at_most, may_be_at_least) {
            (false, false) => TruncatedOrder::Certain(Causality::Concurrent),
            (false, true) => TruncatedOrder::NotBefore,
            (true, false) => TruncatedOrder::NotAfter,
            (true, true) => TruncatedOrder::Unknown,
        },
    }
}

/// What a walk along the entries of both sides shows.
#[derive(Default)]
struct Shared {
    /// The left counter of an actor that both have is smaller.
    is_less: bool,
    /// The left counter of an actor that both have is greater.
    is_greater: bool,
    /// How many actors only the left side has.
    left_only: usize,
    /// How many actors only the right side has.
    right_only: usize,
}

impl Shared {
    fn of<A: Ord + Clone>(left: &VersionVector<A>, right: &VersionVector<A>) -> Self {
        let mut shared = Self::default();
        let (mut lefts, mut rights) = (left.iter().peekable(), right.iter().peekable());
        while let (Some(&(left, own)), Some(&(right, other))) = (lefts.peek(), rights.peek()) {
            let order = left.cmp(right);
            if order.is_le() {
                lefts.next();
            }
            if order.is_ge() {
                rights.next();
            }
            match order {
                Ordering::Less => shared.left_only += 1,
                Ordering::Greater => shared.right_only += 1,
                Ordering::Equal => {
                    shared.is_less |= own < other;
                    shared.is_greater |= own > other;
                }
            }
        }
        shared.left_only += lefts.count();
        shared.right_only += rights.count();
        shared
    }
}

/// Such as `{a:5, c:2, and 1 more}`.
impl<A: fmt::Display> fmt::Display for Truncated<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        let mut separator = "";
        for (actor, counter) in self.iter() {
            write!(f, "{separator}{actor}:{counter}")?;
            separator = ", ";
        }
        if !self.is_complete() {
            let and = if separator.is_empty() { "" } else { ", and " };
            write!(f, "{and}{} more", self.dropped)?;
        }
        f.write_str("}")
    }
}

impl<A: fmt::Debug> fmt::Debug for Truncated<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Truncated")
            .field("kept", &self.kept)
            .field("dropped", &self.dropped)
            .finish()
    }
}
