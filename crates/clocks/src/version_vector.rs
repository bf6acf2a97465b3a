//! Vector time over any actors: an entry for each actor of whom an event is known, and no others.
//!
//! Rules (Parker et al. 1983; Fidge 1988; Mattern 1989), for the actor `i`:
//! - tick and send: the entry of `i` grows by one;
//! - receive: every entry becomes the greater of the own and the message's, then that of `i` grows
//!   by one;
//! - `a` happened before `b` exactly when no entry of `a` is greater and one is smaller, where an
//!   actor without an entry counts as zero.
//!
//! Invariants: actors are strictly sorted; no counter is zero; an entry never falls except by a
//! meet; a refused operation changes nothing. So two vectors that say the same are the same.
//!
//! Deliberately absent: pruning, and the removal of an entry. A vector that forgot an actor takes
//! its old events for new ones, and its new ones for concurrent with everything.

mod entries;
mod merge;
mod order;
mod roster;
pub use roster::NamedClock;

mod traits;

use alloc::vec::Vec;

use crate::{Causality, ClockError, Delta, Dot, Span, kernel};
use entries::{Entries, search};
pub use traits::{VersionVectorIntoIter, VersionVectorIter};

/// A sparse vector clock: for each known actor, how many of its events are known.
///
/// A counter `n` says that the events 1 to `n` of the actor are known; an actor without an entry
/// has none that is. Actors need no slots and no registration: whoever has an event gets an entry.
/// For events that arrive with gaps, see [`DotContext`](crate::DotContext); for a fixed set of actors, a
/// [`VectorClock`](crate::VectorClock) over a [`Roster`](crate::Roster) is several times faster.
///
/// The order is that of causality and so partial: `a < b` says that `a` happened before `b`, and
/// `a.partial_cmp(&b)` is `None` for concurrent vectors. `!(a < b)` therefore does not say
/// `a >= b`; [`compare`](Self::compare) gives all four answers a name.
///
/// An entry is never removed, so the vector grows with the number of actors that ever had an event:
/// let servers be actors, not sessions. [`merge`](Self::merge) takes in every actor of the other
/// vector; [`merge_within`](Self::merge_within) is for vectors from strangers.
///
/// Space: 4 entries in place, without an allocation; more on the heap, an actor and 8 bytes each.
/// `clone_from` and [`join_into`](Self::join_into) reuse the allocation.
///
/// Sources: Parker, Popek, Rudisin et al., "Detection of Mutual Inconsistency in Distributed
/// Systems" (1983), section 3; Mattern, "Virtual Time and Global States of Distributed Systems"
/// (1989).
///
/// ```
/// use clocks::VersionVector;
///
/// let (mut alice, mut bob) = (VersionVector::new(), VersionVector::new());
/// let message = alice.send(&"alice")?.clone();
/// bob.tick(&"bob")?;
/// assert!(bob.is_concurrent(&message));
/// bob.receive(&"bob", &message)?;
/// assert!(message.happened_before(&bob));
/// assert_eq!(bob.to_string(), "{alice:1, bob:2}");
/// # Ok::<(), clocks::ClockError>(())
/// ```
pub struct VersionVector<A> {
    entries: Entries<A>,
}

impl<A> VersionVector<A> {
    /// The most entries of a decoded vector: 1,048,576.
    pub const ENTRIES_MAX: usize = 1 << 20;

    /// A vector before any event.
    ///
    /// ```
    /// assert!(clocks::VersionVector::<u64>::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Entries::new(),
        }
    }

    /// Every known actor with its counter, never zero, in the order of the actors.
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("b", 2), ("a", 1)])?;
    /// assert!(vector.iter().eq([(&"a", 1), (&"b", 2)]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn iter(&self) -> VersionVectorIter<'_, A> {
        VersionVectorIter::new(self.entries.as_slice())
    }

    /// How many actors have an entry. O(1).
    ///
    /// ```
    /// assert_eq!(clocks::VersionVector::from_pairs([("b", 2), ("a", 1)])?.len(), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.as_slice().len()
    }

    /// Whether it knows no event. O(1).
    ///
    /// ```
    /// assert!(clocks::VersionVector::from_pairs([("a", 0)])?.is_empty());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.as_slice().is_empty()
    }
}

impl<A: Ord + Clone> VersionVector<A> {
    /// The vector with these counters, in any order. A counter of 0 says that there is no event, so
    /// such a pair is dropped.
    ///
    /// O(pairs · log pairs).
    ///
    /// # Errors
    ///
    /// [`ClockError::DuplicateActor`] if two pairs have the same actor, also with a counter of 0.
    ///
    /// ```
    /// use clocks::{ClockError, VersionVector};
    ///
    /// let vector = VersionVector::from_pairs([("b", 2), ("a", 1), ("c", 0)])?;
    /// assert_eq!(vector.to_string(), "{a:1, b:2}");
    /// let twice = VersionVector::from_pairs([("a", 1), ("a", 2)]);
    /// assert_eq!(twice, Err(ClockError::DuplicateActor { index: 1 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn from_pairs(pairs: impl IntoIterator<Item = (A, u64)>) -> Result<Self, ClockError> {
        let mut pairs: Vec<(A, u64)> = pairs.into_iter().collect();
        pairs.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let twice = pairs
            .iter()
            .zip(pairs.iter().skip(1))
            .position(|(left, right)| left.0 == right.0);
        if let Some(index) = twice {
            return Err(ClockError::DuplicateActor { index: index + 1 });
        }
        let dots = pairs.into_iter();
        let dots: Vec<Dot<A>> = dots
            .filter_map(|(actor, counter)| Dot::new(actor, counter))
            .collect();
        Ok(Self::from_sorted(dots.into_iter()))
    }

    /// Counts one event of `actor`, and returns its name: number 1 for the first.
    ///
    /// O(log entries); the first event of an actor is inserted in O(entries).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] at [`u64::MAX`]. The vector is then unchanged.
    ///
    /// ```
    /// let mut vector = clocks::VersionVector::new();
    /// assert_eq!(vector.tick(&"a")?.number(), 1);
    /// assert_eq!(vector.tick(&"a")?.number(), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn tick(&mut self, actor: &A) -> Result<Dot<A>, ClockError> {
        let dot = kernel::next(actor.clone(), self.get(actor))?;
        self.witness(dot.clone());
        Ok(dot)
    }

    /// Counts the sending of a message by `actor`, and returns the vector that the message must
    /// carry.
    ///
    /// As [`tick`](Self::tick): the stamp is borrowed. Clone it, or `clone_from` it into a message
    /// that is reused.
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick). The vector is then unchanged.
    ///
    /// ```
    /// let mut vector = clocks::VersionVector::new();
    /// let stamp = vector.send(&"a")?.clone();
    /// assert_eq!(stamp.get(&"a"), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn send(&mut self, actor: &A) -> Result<&Self, ClockError> {
        self.tick(actor)?;
        Ok(self)
    }

    /// Counts the receipt, by `actor`, of a message that carries `remote`, and returns the name of
    /// that event.
    ///
    /// The vector becomes the join of both, then counts the receipt. O(entries of both).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] if either vector has [`u64::MAX`] for `actor`. The vector is
    /// then unchanged: nothing of `remote` was merged.
    ///
    /// ```
    /// use clocks::VersionVector;
    ///
    /// let mut vector = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// let remote = VersionVector::from_pairs([("a", 2), ("b", 5)])?;
    /// assert_eq!(vector.receive(&"a", &remote)?.number(), 4);
    /// assert_eq!(vector.to_string(), "{a:4, b:5}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn receive(&mut self, actor: &A, remote: &Self) -> Result<Dot<A>, ClockError> {
        let known = self.get(actor).max(remote.get(actor));
        let dot = kernel::next(actor.clone(), known)?;
        self.merge(remote);
        self.witness(dot.clone());
        Ok(dot)
    }

    /// Learns an event and all before it of its actor, and tells if one was new: the join with the
    /// least vector that contains the dot.
    ///
    /// O(log entries); the first event of an actor is inserted in O(entries).
    ///
    /// ```
    /// use clocks::{Dot, VersionVector};
    ///
    /// let mut vector = VersionVector::new();
    /// assert!(vector.witness(Dot::new("a", 3).unwrap()));
    /// assert!(!vector.witness(Dot::new("a", 2).unwrap()));
    /// assert_eq!(vector.get(&"a"), 3);
    /// ```
    pub fn witness(&mut self, dot: Dot<A>) -> bool {
        match search(self.entries.as_slice(), &dot.actor) {
            Ok(index) => match self.entries.as_mut_slice().get_mut(index) {
                Some(Some(own)) if own.counter < dot.counter => {
                    own.counter = dot.counter;
                    true
                }
                _ => false,
            },
            Err(index) => {
                self.entries.insert(index, dot);
                true
            }
        }
    }

    /// Joins `other` into this vector, so that it knows every event that either knew, and tells if
    /// it learned something.
    ///
    /// The join is the least upper bound: the greater counter of each actor. It counts no event, so
    /// merging the same vector again changes nothing. O(entries of both). No allocation unless an
    /// actor is new here, and then at most one.
    ///
    /// ```
    /// use clocks::VersionVector;
    ///
    /// let mut vector = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// let other = VersionVector::from_pairs([("b", 5), ("c", 2)])?;
    /// assert_eq!(vector.merge(&other), true);
    /// assert_eq!(vector.to_string(), "{a:3, b:5, c:2}");
    /// assert_eq!(vector.merge(&other), false);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> bool {
        merge::merge(&mut self.entries, other.entries.as_slice())
    }

    /// As [`merge`](Self::merge), for vectors from strangers: refuses to grow beyond `actors_max`
    /// actors. O(entries of both).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyActors`]. The vector is then unchanged: nothing of `other` was merged.
    ///
    /// ```
    /// use clocks::{ClockError, VersionVector};
    ///
    /// let mut vector = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// let stranger = VersionVector::from_pairs([("x", 1), ("y", 1)])?;
    /// let refused = vector.merge_within(&stranger, 3);
    /// assert_eq!(refused, Err(ClockError::TooManyActors { actors: 4, actors_max: 3 }));
    /// assert_eq!(vector.merge_within(&stranger, 4), Ok(true));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn merge_within(&mut self, other: &Self, actors_max: usize) -> Result<bool, ClockError> {
        // Only two vectors of which both could have further actors need a count.
        if self.len().saturating_add(other.len()) > actors_max {
            let missing = order::missing(self.entries.as_slice(), other.entries.as_slice());
            let actors = self.len().saturating_add(missing);
            if missing > 0 && actors > actors_max {
                return Err(ClockError::TooManyActors { actors, actors_max });
            }
        }
        Ok(self.merge(other))
    }

    /// Writes the join of `left` and `right` into this vector, whatever it held before.
    ///
    /// O(entries of both). Allocates only if the room of this vector is too small, and then once.
    ///
    /// ```
    /// use clocks::VersionVector;
    ///
    /// let left = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// let right = VersionVector::from_pairs([("b", 5), ("c", 2)])?;
    /// let mut out = VersionVector::new();
    /// out.join_into(&left, &right);
    /// assert_eq!(out.to_string(), "{a:3, b:5, c:2}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn join_into(&mut self, left: &Self, right: &Self) {
        let (left, right) = (left.entries.as_slice(), right.entries.as_slice());
        merge::join_into(&mut self.entries, left, right);
    }

    /// Lowers this vector to what both it and `other` know, and tells if it changed: the greatest
    /// lower bound, the smaller counter of each actor. The dual of [`merge`](Self::merge).
    ///
    /// O(entries of both), no allocation.
    ///
    /// ```
    /// use clocks::VersionVector;
    ///
    /// let mut vector = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// assert!(vector.meet(&VersionVector::from_pairs([("a", 2), ("c", 5)])?));
    /// assert_eq!(vector.to_string(), "{a:2}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn meet(&mut self, other: &Self) -> bool {
        order::meet(&mut self.entries, other.entries.as_slice())
    }

    /// What this vector knows and `base` does not: [`apply`](Self::apply) brings it to whoever knows
    /// at least `base`. O(entries of both).
    ///
    /// ```
    /// use clocks::VersionVector;
    ///
    /// let base = VersionVector::from_pairs([("a", 3), ("b", 1)])?;
    /// let delta = VersionVector::from_pairs([("a", 3), ("b", 4)])?.diff(&base);
    /// let mut peer = base.clone();
    /// assert!(peer.apply(&delta)?);
    /// assert_eq!(peer.to_string(), "{a:3, b:4}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn diff(&self, base: &Self) -> Delta<A> {
        let mut base = base.iter().peekable();
        let spans = self.iter().filter_map(|(actor, last)| {
            while base.next_if(|(other, _)| *other < actor).is_some() {}
            let after = base.next_if(|(other, _)| *other == actor);
            let after = after.map_or(0, |(_, counter)| counter);
            // The actor is cloned only for a span that there is.
            Span::new((), after, last).map(|span| span.map(|()| actor.clone()))
        });
        Delta::new(spans.collect())
    }

    /// Learns the events of a delta, and tells if one was new.
    ///
    /// O(spans · log entries), and O(entries) once if an actor is new here. Applying a delta again
    /// changes nothing, and deltas may come in any order that leaves no gap.
    ///
    /// # Errors
    ///
    /// [`ClockError::DeltaGap`] if the delta continues after events that this vector does not know:
    /// to apply it would claim them. The vector is then unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, VersionVector};
    ///
    /// let sender = VersionVector::from_pairs([("a", 5)])?;
    /// let delta = sender.diff(&VersionVector::from_pairs([("a", 3)])?);
    /// let mut late = VersionVector::new();
    /// assert_eq!(late.apply(&delta), Err(ClockError::DeltaGap { after: 3, known: 0 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn apply(&mut self, delta: &Delta<A>) -> Result<bool, ClockError> {
        for span in delta.spans() {
            span.check_follows(self.get(&span.actor))?;
        }
        let mut has_changed = false;
        let mut newcomers = Self::new();
        for span in delta.spans() {
            let last = Dot {
                actor: &span.actor,
                counter: span.last_nonzero(),
            };
            if self.get(&span.actor) == 0 {
                newcomers.entries.push(last.map(A::clone));
            } else if self.get(&span.actor) < span.last() {
                has_changed |= self.witness(last.map(A::clone));
            }
        }
        Ok(self.merge(&newcomers) || has_changed)
    }

    /// How this vector stands to `other`. O(entries of both), less for most concurrent vectors.
    ///
    /// ```
    /// use clocks::{Causality, VersionVector};
    ///
    /// let a = VersionVector::from_pairs([("a", 1)])?;
    /// let b = VersionVector::from_pairs([("b", 1)])?;
    /// assert_eq!(a.compare(&b), Causality::Concurrent);
    /// assert_eq!(a.compare(&VersionVector::new()), Causality::After);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        order::compare(self.entries.as_slice(), other.entries.as_slice())
    }

    /// Whether this vector happened before `other`: the same as `self < other`.
    ///
    /// ```
    /// let a = clocks::VersionVector::from_pairs([("a", 1)])?;
    /// let b = clocks::VersionVector::from_pairs([("a", 1), ("b", 1)])?;
    /// assert!(a.happened_before(&b) && !a.happened_before(&a));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each vector knows an event that the other does not.
    ///
    /// ```
    /// let a = clocks::VersionVector::from_pairs([("a", 1)])?;
    /// let b = clocks::VersionVector::from_pairs([("b", 1)])?;
    /// assert!(a.is_concurrent(&b));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    /// Whether this vector knows the event. O(log entries).
    ///
    /// ```
    /// use clocks::{Dot, VersionVector};
    ///
    /// let vector = VersionVector::from_pairs([("a", 2)])?;
    /// assert!(vector.contains(&Dot::new("a", 2).unwrap()));
    /// assert!(!vector.contains(&Dot::new("a", 3).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, dot: &Dot<A>) -> bool {
        dot.number() <= self.get(&dot.actor)
    }

    /// How many events of `actor` this vector knows: zero for a stranger. O(log entries).
    ///
    /// ```
    /// let vector = clocks::VersionVector::from_pairs([("a", 2)])?;
    /// assert_eq!((vector.get(&"a"), vector.get(&"z")), (2, 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn get(&self, actor: &A) -> u64 {
        let entries = self.entries.as_slice();
        match search(entries, actor).ok().and_then(|at| entries.get(at)) {
            Some(Some(dot)) => dot.number(),
            _ => 0,
        }
    }

    /// The vector of these dots, whose actors must be in strictly increasing order.
    pub(crate) fn from_sorted(dots: impl Iterator<Item = Dot<A>>) -> Self {
        let mut entries = Entries::with_capacity(dots.size_hint().0);
        for dot in dots {
            entries.push(dot);
        }
        let vector = Self { entries };
        debug_assert!(
            vector.iter().is_sorted_by(|a, b| a.0 < b.0),
            "entries are in the order of their actors"
        );
        vector
    }
}
