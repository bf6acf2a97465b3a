//! The versions of one key: a clock, and the siblings that no later write has replaced.
//!
//! A dotted version vector set (Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Brief announcement:
//! efficient causality tracking in distributed storage systems with dotted version vectors", PODC
//! 2012). Every write is named by its *dot*: the slot of the node that took it, and a counter of that
//! node for this key.
//!
//! The state is a pair (clock, siblings). A dot that the clock covers was seen here; if it is not
//! among the siblings, it was replaced or deleted. So:
//!
//! | operation | siblings | clock |
//! |---|---|---|
//! | put(context, value) | those not covered by the context, and the new one | joined with the context, and the new dot |
//! | delete(context) | those not covered by the context | joined with the context |
//! | merge(other) | those on both sides, and those on one side that the clock of the other does not cover | joined |
//!
//! Invariants: siblings are in the order of their dots, without repeats; the clock covers every
//! sibling; the clock never falls; a dot that was seen and is gone never comes back. Merge is
//! commutative, associative, idempotent and inflationary.
//!
//! A delete need not advance the clock, so two states with equal clocks may differ: only the pair
//! tells.

use alloc::vec::Vec;

use clocks::{ClockError, Dot, VectorClock};
use transport::Bytes;

/// Nodes count their writes of a key up to here, and take clocks up to here from each other: the same
/// everywhere, so that what one replica holds, every other merges.
pub(super) const COUNTER_MAX: u64 = 1 << 63;
/// How many writes of another node a client may claim that this one has not heard of. Below the end
/// of the counters by more than a node can count: so claims never bring a counter to its end.
pub(super) const CLAIM_MAX: u64 = 1 << 62;

/// A value that no later write or delete has replaced.
///
/// ```
/// use consistency::eventual::Versions;
/// let mut versions = Versions::new(2)?;
/// let dot = versions.put(0, &Default::default(), "apple".into())?;
/// let sibling = &versions.siblings()[0];
/// assert_eq!((sibling.dot, &*sibling.value), (dot, &b"apple"[..]));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Sibling {
    /// The write that stored it: the place, among the sorted members, of the node that took it, and
    /// that node's number for it. Unique for the key, in the whole cluster, for ever.
    pub dot: Dot<usize>,
    /// What was stored.
    pub value: Bytes,
}

/// The state of one key: its clock and its siblings. No siblings and a clock above zero: deleted.
///
/// ```
/// use consistency::eventual::Versions;
///
/// // Two nodes take a write each, knowing nothing of the other.
/// let (mut here, mut there) = (Versions::new(2)?, Versions::new(2)?);
/// here.put(0, &Default::default(), "apple".into())?;
/// there.put(1, &Default::default(), "pear".into())?;
/// here.merge(&there)?;
/// assert_eq!(here.siblings().len(), 2);
///
/// // A write based on both replaces both, and nothing else.
/// let context = here.context().clone();
/// there.put(1, &Default::default(), "plum".into())?;
/// here.put(0, &context, "apple and pear".into())?;
/// here.merge(&there)?;
/// let values: Vec<_> = here.values().map(|value| &**value).collect();
/// assert_eq!(values, [&b"apple and pear"[..], b"plum"]);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Versions {
    clock: VectorClock,
    siblings: Vec<Sibling>,
}

impl Versions {
    /// A key that nobody has written, in a cluster of `slots` members. O(`slots`).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManySlots`].
    pub fn new(slots: usize) -> Result<Self, ClockError> {
        Ok(Self {
            clock: VectorClock::new(slots)?,
            siblings: Vec::new(),
        })
    }

    /// Everything that was seen of this key: the clock of the [context](super::KeyVersions::context)
    /// of a write that is based on these versions.
    #[must_use]
    pub const fn context(&self) -> &VectorClock {
        &self.clock
    }

    /// The siblings, in the order of their dots. More than one: writes that did not know each other.
    #[must_use]
    pub fn siblings(&self) -> &[Sibling] {
        &self.siblings
    }

    /// The values of the siblings, in the order of their dots.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.siblings.iter().map(|sibling| &sibling.value)
    }

    /// Whether no write was seen, and no delete.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.siblings.is_empty() && self.clock.as_slice().iter().all(|&counter| counter == 0)
    }

    /// Whether this is what a delete leaves: a clock without siblings.
    ///
    /// ```
    /// use consistency::eventual::Versions;
    /// let mut versions = Versions::new(1)?;
    /// assert!(!versions.is_tombstone());
    /// versions.put(0, &Default::default(), "apple".into())?;
    /// versions.delete(&versions.context().clone())?;
    /// assert!(versions.is_tombstone());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.siblings.is_empty() && !self.is_unwritten()
    }

    /// Whether the write was seen here, if it still stands or not. O(1).
    #[must_use]
    pub fn has_seen(&self, dot: Dot<usize>) -> bool {
        self.clock.contains(dot)
    }

    /// The sibling that this write stored, if it still stands. O(log siblings).
    #[must_use]
    pub fn sibling(&self, dot: Dot<usize>) -> Option<&Sibling> {
        let place = self.place(dot).ok()?;
        self.siblings.get(place)
    }

    /// Stores `value` as a write of the node in `slot`, in place of what `context` covers.
    ///
    /// An empty context replaces nothing. A context may be ahead of these versions: what it covers
    /// and was not seen here is replaced before it arrives. O(slots + siblings).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] if `slot` or an event of `context` lies beyond the width,
    /// [`ClockError::CounterExhausted`] after 2^63 writes. Nothing is changed then.
    pub fn put(
        &mut self,
        slot: usize,
        context: &VectorClock,
        value: Bytes,
    ) -> Result<Dot<usize>, ClockError> {
        let dot = self.delete_with_dot(slot, context)?;
        let sibling = Sibling { dot, value };
        let place = self.place(dot).unwrap_or_else(|place| place);
        self.siblings.insert(place, sibling);
        Ok(dot)
    }

    /// Drops the siblings that `context` covers, and remembers that. Returns whether something
    /// changed. O(slots + siblings).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] if an event of `context` lies beyond the width. Nothing is changed
    /// then.
    pub fn delete(&mut self, context: &VectorClock) -> Result<bool, ClockError> {
        let has_advanced = self.clock.merge(context)?;
        Ok(self.drop_covered(context) || has_advanced)
    }

    /// A delete that counts as a write of the node in `slot`, so that this node's share in the key
    /// shows in the clock.
    pub(super) fn delete_with_dot(
        &mut self,
        slot: usize,
        context: &VectorClock,
    ) -> Result<Dot<usize>, ClockError> {
        let mut clock = self.clock.clone();
        clock.merge(context)?;
        let dot = clock.tick(slot)?;
        if dot.number() > COUNTER_MAX {
            return Err(ClockError::CounterExhausted);
        }
        self.clock = clock;
        self.drop_covered(context);
        Ok(dot)
    }

    /// Joins what another replica knows of this key. Returns whether something changed.
    ///
    /// O(slots + siblings · log siblings). If two replicas hold different values under one dot, which
    /// only a node that lost its disk can bring about, both keep the greater value.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] if `other` has seen an event beyond the width. Nothing is changed
    /// then.
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        let seen_before = self.clock.clone();
        let mut has_changed = self.clock.merge(&other.clock)?;
        let count = self.siblings.len();
        self.siblings
            .retain(|sibling| other.sibling(sibling.dot).is_some() || !other.has_seen(sibling.dot));
        has_changed |= self.siblings.len() != count;
        for theirs in &other.siblings {
            match self.place(theirs.dot) {
                Ok(place) => {
                    if let Some(ours) = self.siblings.get_mut(place)
                        && ours.value < theirs.value
                    {
                        ours.value = theirs.value.clone();
                        has_changed = true;
                    }
                }
                Err(place) if !seen_before.contains(theirs.dot) => {
                    self.siblings.insert(place, theirs.clone());
                    has_changed = true;
                }
                Err(_) => {}
            }
        }
        Ok(has_changed)
    }

    /// How many siblings would stay beside a write with this context.
    pub(super) fn unseen_by(&self, context: &VectorClock) -> usize {
        self.siblings
            .iter()
            .filter(|sibling| !context.contains(sibling.dot))
            .count()
    }

    /// Whether a node could have written this: as wide as the cluster, within the counters, siblings in
    /// order, without repeats, and covered.
    pub(super) fn is_sound(&self, slots: usize) -> bool {
        let in_order = self
            .siblings
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.dot < b.dot));
        let covered = self
            .siblings
            .iter()
            .all(|sibling| self.has_seen(sibling.dot));
        let counted = self.clock.iter().all(|(_, counter)| counter <= COUNTER_MAX);
        in_order && covered && counted && self.clock.slots() == slots && self.clock.epoch() == 0
    }

    fn drop_covered(&mut self, context: &VectorClock) -> bool {
        let count = self.siblings.len();
        self.siblings
            .retain(|sibling| !context.contains(sibling.dot));
        self.siblings.len() != count
    }

    fn place(&self, dot: Dot<usize>) -> Result<usize, usize> {
        self.siblings
            .binary_search_by_key(&dot, |sibling| sibling.dot)
    }
}

/// Whether the clock has no event at or beyond `slots`.
pub(super) fn fits(clock: &VectorClock, slots: usize) -> bool {
    clock.iter().skip(slots).all(|(_, counter)| counter == 0)
}

/// The versions of a key, with its name: what records and messages carry.
///
/// ```
/// use consistency::eventual::{KeyVersions, Versions};
/// let unwritten = KeyVersions { key: "fruit".into(), versions: Versions::new(3)? };
/// assert!(unwritten.versions.is_unwritten());
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct KeyVersions {
    /// The key.
    pub key: Bytes,
    /// Its versions.
    pub versions: Versions,
}
