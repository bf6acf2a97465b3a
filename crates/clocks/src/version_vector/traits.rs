//! What a version vector is to the standard library: a value, a partial order, a collection.

use alloc::vec::{self, Vec};
use core::array;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::{Chain, Flatten, FusedIterator};
use core::slice;

use super::VersionVector;
use super::entries::{Entries, Entry, INLINE};
use crate::Dot;

/// The known actors with their counters: what [`VersionVector::iter`] gives.
///
/// ```
/// use clocks::{VersionVector, VersionVectorIter};
///
/// let vector = VersionVector::from_pairs([("a", 2), ("b", 1)])?;
/// let mut entries: VersionVectorIter<'_, &str> = vector.iter();
/// assert_eq!((entries.next(), entries.len()), (Some((&"a", 2)), 1));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Debug)]
pub struct VersionVectorIter<'a, A>(slice::Iter<'a, Entry<A>>);

impl<'a, A> VersionVectorIter<'a, A> {
    pub(super) fn new(entries: &'a [Entry<A>]) -> Self {
        Self(entries.iter())
    }
}

impl<'a, A> Iterator for VersionVectorIter<'a, A> {
    type Item = (&'a A, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let dot = self.0.next()?.as_ref()?;
        Some((&dot.actor, dot.number()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<A> DoubleEndedIterator for VersionVectorIter<'_, A> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let dot = self.0.next_back()?.as_ref()?;
        Some((&dot.actor, dot.number()))
    }
}

impl<A> ExactSizeIterator for VersionVectorIter<'_, A> {}

impl<A> FusedIterator for VersionVectorIter<'_, A> {}

/// Joins with every dot: the least vector that contains what this one does, and the dots.
///
/// O(entries + dots · log dots).
impl<A: Ord + Clone> Extend<Dot<A>> for VersionVector<A> {
    fn extend<I: IntoIterator<Item = Dot<A>>>(&mut self, dots: I) {
        let mut dots: Vec<Dot<A>> = dots.into_iter().collect();
        // The greatest dot of an actor comes last among its own, and stays.
        dots.sort_unstable_by(|left, right| right.cmp(left));
        dots.dedup_by(|smaller, greater| smaller.actor == greater.actor);
        dots.reverse();
        self.merge(&Self::from_sorted(dots.into_iter()));
    }
}

/// The least vector that contains the dots: an actor may come several times.
///
/// ```
/// use clocks::{Dot, VersionVector};
///
/// let dots = [Dot::new("a", 2), Dot::new("b", 1), Dot::new("a", 1)];
/// let vector: VersionVector<_> = dots.into_iter().flatten().collect();
/// assert_eq!(vector.to_string(), "{a:2, b:1}");
/// ```
impl<A: Ord + Clone> FromIterator<Dot<A>> for VersionVector<A> {
    fn from_iter<I: IntoIterator<Item = Dot<A>>>(dots: I) -> Self {
        let mut vector = Self::new();
        vector.extend(dots);
        vector
    }
}

/// The last known event of each actor, in the order of the actors.
impl<A> IntoIterator for VersionVector<A> {
    type Item = Dot<A>;
    type IntoIter = VersionVectorIntoIter<A>;

    fn into_iter(self) -> VersionVectorIntoIter<A> {
        let (slots, heap) = match self.entries {
            Entries::Inline { slots, .. } => (slots, Vec::new()),
            Entries::Heap(heap) => ([const { None }; INLINE], heap),
        };
        VersionVectorIntoIter(slots.into_iter().chain(heap).flatten())
    }
}

/// The last known event of each actor, without a borrow of the vector.
///
/// ```
/// use clocks::{VersionVector, VersionVectorIntoIter};
///
/// let vector = VersionVector::from_pairs([("a", 2), ("b", 1)])?;
/// let mut dots: VersionVectorIntoIter<&str> = vector.into_iter();
/// assert_eq!(dots.next().map(|dot| dot.to_string()), Some("a:2".into()));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Debug)]
pub struct VersionVectorIntoIter<A>(Flatten<Chain<InPlace<A>, OnHeap<A>>>);

type InPlace<A> = array::IntoIter<Entry<A>, INLINE>;
type OnHeap<A> = vec::IntoIter<Entry<A>>;

impl<A> Iterator for VersionVectorIntoIter<A> {
    type Item = Dot<A>;

    fn next(&mut self) -> Option<Dot<A>> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a, A> IntoIterator for &'a VersionVector<A> {
    type Item = (&'a A, u64);
    type IntoIter = VersionVectorIter<'a, A>;

    fn into_iter(self) -> VersionVectorIter<'a, A> {
        VersionVectorIter::new(self.entries.as_slice())
    }
}

impl<A> Default for VersionVector<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Clone> Clone for VersionVector<A> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
        }
    }

    // A derive would allocate afresh.
    fn clone_from(&mut self, source: &Self) {
        self.entries.clone_from(&source.entries);
    }
}

impl<A: PartialEq> PartialEq for VersionVector<A> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.as_slice() == other.entries.as_slice()
    }
}

impl<A: Eq> Eq for VersionVector<A> {}

impl<A: Hash> Hash for VersionVector<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.as_slice().hash(state);
    }
}

/// Happened-before: `None` for concurrent vectors.
impl<A: Ord + Clone> PartialOrd for VersionVector<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

/// The actors with their counters, such as `VersionVector{"a": 1, "b": 4}`.
impl<A: fmt::Debug> fmt::Debug for VersionVector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VersionVector")?;
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The actors with their counters, such as `{a:1, b:4}`.
impl<A: fmt::Display> fmt::Display for VersionVector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (actor, counter)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{actor}:{counter}")?;
        }
        f.write_str("}")
    }
}
