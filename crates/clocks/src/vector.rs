//! Vector time over a fixed number of slots, one per actor.
//!
//! Rules (Fidge 1988; Mattern 1989), for the clock of the actor in slot `i`:
//! - tick and send: entry `i` grows by one;
//! - receive: every entry becomes the greater of the own and the message's, then entry `i` grows
//!   by one;
//! - `a` happened before `b` exactly when no entry of `a` is greater and one is smaller.
//!
//! Invariants: an entry never falls; the width never changes; a refused operation changes nothing.
//! The width is room, not value: an entry beyond it counts as zero in every question. The epoch is
//! part of the value: slots of different epochs may belong to different actors, so clocks of
//! different epochs are never joined, and their order is a typed error.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::{Copied, Enumerate};
use core::slice;

use crate::counters::Counters;
use crate::{Causality, ClockError, Dot, VectorDelta, kernel};

/// A dense vector clock: entry `i` counts the events known of the actor in slot `i`.
///
/// The number of slots is fixed when the clock is made, and at most [`SLOTS_MAX`](Self::SLOTS_MAX).
/// Counters start at zero, which means "no event", so the first event of an actor is number 1.
///
/// **Clocks of different widths** may meet. An entry beyond a clock's width counts as zero: equality,
/// hash, order and [`get`](Self::get) all keep to that, so `[1]` equals `[1, 0]`. A merge never
/// widens a clock and never drops an event: events in a slot that the clock does not have are
/// refused with [`ClockError::UnknownSlot`].
///
/// **Clocks of different epochs** never meet. The epoch is that of the [`Roster`](crate::Roster) that
/// gave the slots to actors, 0 for a clock made without one. To compare or join across epochs is
/// [`ClockError::EpochMismatch`]; such clocks are not equal, and no order stands between them.
///
/// The order is that of causality and so partial: `a < b` says that `a` happened before `b`, and
/// `a.partial_cmp(&b)` is `None` for concurrent clocks and for clocks of different epochs. `!(a < b)`
/// therefore does not say `a >= b`; [`compare`](Self::compare) gives all four answers a name.
///
/// Space: 8 bytes a slot, and 40; from 32 slots on another 56, so that the counters begin on a cache
/// line. `clone_from` reuses the allocation of a clock of equal width.
///
/// Sources: Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering"
/// (1988); Mattern, "Virtual Time and Global States of Distributed Systems" (1989).
///
/// ```
/// use clocks::VectorClock;
///
/// let (mut alice, mut bob) = (VectorClock::new(2)?, VectorClock::new(2)?);
/// let message = alice.send(0)?.clone();
/// bob.tick(1)?;
/// assert!(bob.is_concurrent(&message)?);
/// bob.receive(1, &message)?;
/// assert!(message.happened_before(&bob)?);
/// # Ok::<(), clocks::ClockError>(())
/// ```
pub struct VectorClock {
    epoch: u64,
    counters: Counters,
}

impl VectorClock {
    /// The greatest width of a clock, also when it is decoded: 65,536 slots, half a MiB.
    pub const SLOTS_MAX: usize = 1 << 16;

    /// A clock of `slots` slots before any event: every counter is zero.
    ///
    /// O(`slots`). A clock of 0 slots is the [`Default`]: it knows no event and can have none.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManySlots`] above [`SLOTS_MAX`](Self::SLOTS_MAX); nothing is allocated.
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// assert_eq!(VectorClock::new(3)?.as_slice(), [0, 0, 0]);
    /// assert!(VectorClock::new(VectorClock::SLOTS_MAX + 1).is_err());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn new(slots: usize) -> Result<Self, ClockError> {
        Self::check_width(slots)?;
        Ok(Self::zeros(0, slots))
    }

    /// A clock as wide as `counters`, with these counters in the order of their slots.
    ///
    /// O(slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManySlots`] above [`SLOTS_MAX`](Self::SLOTS_MAX); nothing is allocated.
    ///
    /// ```
    /// let clock = clocks::VectorClock::from_counters(&[4, 0, 2])?;
    /// assert_eq!(clock.get(2), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn from_counters(counters: &[u64]) -> Result<Self, ClockError> {
        Self::check_width(counters.len())?;
        Ok(Self {
            epoch: 0,
            counters: Counters::new(counters),
        })
    }

    /// The same counters under another epoch: for clocks whose slots are managed by hand, and for
    /// those that come from elsewhere with their epoch beside them.
    ///
    /// A clock over a [`Roster`](crate::Roster) never needs this.
    ///
    /// ```
    /// use clocks::{ClockError, VectorClock};
    ///
    /// let old = VectorClock::from_counters(&[4, 2])?;
    /// let new = old.clone().with_epoch(1);
    /// assert_eq!(old.compare(&new), Err(ClockError::EpochMismatch { own: 0, other: 1 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    #[must_use]
    pub fn with_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// Counts one event of the actor in `slot`, and returns its name: number 1 for the first.
    ///
    /// O(1).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] beyond the width, [`ClockError::CounterExhausted`] at
    /// [`u64::MAX`]. The clock is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::VectorClock::new(2)?;
    /// assert_eq!(clock.tick(1)?.number(), 1);
    /// assert_eq!(clock.tick(1)?.number(), 2);
    /// assert_eq!(clock.as_slice(), [0, 2]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn tick(&mut self, slot: usize) -> Result<Dot<usize>, ClockError> {
        let slots = self.slots();
        let counter = self
            .counters
            .get_mut(slot)
            .ok_or(ClockError::UnknownSlot { slot, slots })?;
        let dot = kernel::next(slot, *counter)?;
        *counter = dot.number();
        Ok(dot)
    }

    /// Counts the sending of a message by the actor in `slot`, and returns the clock that the
    /// message must carry.
    ///
    /// O(1): the stamp is borrowed. Clone it, or `clone_from` it into a message that is reused.
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick). The clock is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::VectorClock::new(2)?;
    /// let stamp = clock.send(0)?.clone();
    /// assert_eq!(stamp.as_slice(), [1, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn send(&mut self, slot: usize) -> Result<&Self, ClockError> {
        self.tick(slot)?;
        Ok(self)
    }

    /// Counts the receipt, by the actor in `slot`, of a message that carries the clock `remote`,
    /// and returns the name of that event.
    ///
    /// The clock becomes the join of both, then counts the receipt in `slot`. O(slots), no
    /// allocation.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::UnknownSlot`] if `slot` or an event of `remote`
    /// lies beyond the width; [`ClockError::CounterExhausted`] if either clock has [`u64::MAX`] in
    /// `slot`. The clock is then unchanged: nothing of `remote` was merged.
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let mut clock = VectorClock::from_counters(&[3, 1])?;
    /// let remote = VectorClock::from_counters(&[2, 5])?;
    /// assert_eq!(clock.receive(0, &remote)?.number(), 4);
    /// assert_eq!(clock.as_slice(), [4, 5]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn receive(&mut self, slot: usize, remote: &Self) -> Result<Dot<usize>, ClockError> {
        let slots = self.slots();
        self.check_fits(remote)?;
        let own = self
            .counters
            .get(slot)
            .ok_or(ClockError::UnknownSlot { slot, slots })?;
        let dot = kernel::next(slot, (*own).max(remote.get(slot)))?;
        kernel::join(&mut self.counters, &remote.counters);
        if let Some(own) = self.counters.get_mut(slot) {
            *own = dot.number();
        }
        Ok(dot)
    }

    /// Joins `other` into this clock, so that it knows every event that either knew, and tells if
    /// it learned something.
    ///
    /// The join is the least upper bound: the greater entry of each slot. It counts no event, so
    /// merging the same clock again changes nothing. O(slots), no allocation, no branch per entry.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::UnknownSlot`] if `other` has an event in a slot
    /// beyond the width. The clock is then unchanged. A wider `other` whose further entries are zero
    /// is merged.
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let mut clock = VectorClock::from_counters(&[3, 1])?;
    /// let other = VectorClock::from_counters(&[2, 5])?;
    /// assert_eq!(clock.merge(&other)?, true);
    /// assert_eq!(clock.as_slice(), [3, 5]);
    /// assert_eq!(clock.merge(&other)?, false);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        self.check_fits(other)?;
        Ok(kernel::join(&mut self.counters, &other.counters))
    }

    /// Writes the join of `left` and `right` into this clock, whatever it held before, and takes
    /// over the epoch and the width of the wider of them.
    ///
    /// O(slots). Allocates only if this clock has another width.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] between the two. This clock is then unchanged.
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let (a, b) = (VectorClock::from_counters(&[3, 1])?, VectorClock::from_counters(&[2, 5])?);
    /// let mut out = VectorClock::new(2)?;
    /// out.join_into(&a, &b)?;
    /// assert_eq!(out.as_slice(), [3, 5]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn join_into(&mut self, left: &Self, right: &Self) -> Result<(), ClockError> {
        left.check_epoch(right)?;
        if self.slots() == left.slots() && left.slots() == right.slots() {
            kernel::join_into(&mut self.counters, &left.counters, &right.counters);
            self.epoch = left.epoch;
        } else {
            self.join_into_other_width(left, right);
        }
        Ok(())
    }

    /// Lowers this clock to what both it and `other` know, and tells if it changed: the greatest
    /// lower bound, the smaller entry of each slot. The dual of [`merge`](Self::merge).
    ///
    /// O(slots), no allocation. The width stays; what lies beyond that of `other` becomes zero.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]. The clock is then unchanged.
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let mut clock = VectorClock::from_counters(&[3, 1])?;
    /// assert!(clock.meet(&VectorClock::from_counters(&[2, 5])?)?);
    /// assert_eq!(clock.as_slice(), [2, 1]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn meet(&mut self, other: &Self) -> Result<bool, ClockError> {
        self.check_epoch(other)?;
        Ok(kernel::meet(&mut self.counters, &other.counters))
    }

    /// What this clock knows and `base` does not: [`apply`](Self::apply) brings it to whoever knows
    /// at least `base`. O(slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`].
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let base = VectorClock::from_counters(&[3, 1])?;
    /// let delta = VectorClock::from_counters(&[3, 4])?.diff(&base)?;
    /// let mut peer = base.clone();
    /// assert!(peer.apply(&delta)?);
    /// assert_eq!(peer.as_slice(), [3, 4]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn diff(&self, base: &Self) -> Result<VectorDelta, ClockError> {
        self.check_epoch(base)?;
        Ok(VectorDelta::between(
            self.epoch,
            &self.counters,
            &base.counters,
        ))
    }

    /// Learns the events of a delta, and tells if one was new. O(spans of the delta).
    ///
    /// Applying a delta again changes nothing, and deltas may come in any order that leaves no gap.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::UnknownSlot`]; [`ClockError::DeltaGap`] if the
    /// delta continues after events that this clock does not know: to apply it would claim them. The
    /// clock is then unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, VectorClock};
    ///
    /// let sender = VectorClock::from_counters(&[5])?;
    /// let delta = sender.diff(&VectorClock::from_counters(&[3])?)?;
    /// let mut late = VectorClock::new(1)?;
    /// assert_eq!(late.apply(&delta), Err(ClockError::DeltaGap { after: 3, known: 0 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn apply(&mut self, delta: &VectorDelta) -> Result<bool, ClockError> {
        delta.apply_to(self.epoch, &mut self.counters)
    }

    /// How this clock stands to `other`. O(slots), less for most concurrent clocks.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`].
    ///
    /// ```
    /// use clocks::{Causality, VectorClock};
    ///
    /// let a = VectorClock::from_counters(&[1, 0])?;
    /// let b = VectorClock::from_counters(&[0, 1])?;
    /// assert_eq!(a.compare(&b)?, Causality::Concurrent);
    /// assert_eq!(a.compare(&VectorClock::from_counters(&[1])?)?, Causality::Equal);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn compare(&self, other: &Self) -> Result<Causality, ClockError> {
        self.check_epoch(other)?;
        Ok(kernel::compare(&self.counters, &other.counters))
    }

    /// Whether this clock happened before `other`: the same as `self < other`.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`].
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let a = VectorClock::from_counters(&[1, 0])?;
    /// let b = VectorClock::from_counters(&[1, 1])?;
    /// assert!(a.happened_before(&b)?);
    /// assert!(!a.happened_before(&a)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn happened_before(&self, other: &Self) -> Result<bool, ClockError> {
        Ok(self.compare(other)? == Causality::Before)
    }

    /// Whether each clock knows an event that the other does not.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`].
    ///
    /// ```
    /// use clocks::VectorClock;
    ///
    /// let a = VectorClock::from_counters(&[1, 0])?;
    /// let b = VectorClock::from_counters(&[0, 1])?;
    /// assert!(a.is_concurrent(&b)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn is_concurrent(&self, other: &Self) -> Result<bool, ClockError> {
        Ok(self.compare(other)? == Causality::Concurrent)
    }

    /// Whether this clock knows the event. O(1).
    ///
    /// ```
    /// use clocks::{Dot, VectorClock};
    ///
    /// let clock = VectorClock::from_counters(&[0, 2])?;
    /// assert!(clock.contains(Dot::new(1, 2).unwrap()));
    /// assert!(!clock.contains(Dot::new(1, 3).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, dot: Dot<usize>) -> bool {
        dot.number() <= self.get(dot.actor)
    }

    /// How many events of the actor in `slot` this clock knows: zero beyond the width.
    ///
    /// ```
    /// let clock = clocks::VectorClock::from_counters(&[4, 2])?;
    /// assert_eq!((clock.get(1), clock.get(9)), (2, 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, slot: usize) -> u64 {
        self.counters.get(slot).copied().unwrap_or(0)
    }

    /// Every slot with its counter, zeros too, in the order of the slots.
    ///
    /// ```
    /// let clock = clocks::VectorClock::from_counters(&[4, 0])?;
    /// assert!(clock.iter().eq([(0, 4), (1, 0)]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, u64)> + DoubleEndedIterator + '_ {
        self.counters.iter().copied().enumerate()
    }

    /// The counters in the order of the slots, as many as there are slots.
    ///
    /// ```
    /// assert_eq!(clocks::VectorClock::new(2)?.as_slice(), [0, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn as_slice(&self) -> &[u64] {
        self.counters.as_slice()
    }

    /// The width: how many slots this clock has.
    ///
    /// ```
    /// assert_eq!(clocks::VectorClock::new(5)?.slots(), 5);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn slots(&self) -> usize {
        self.counters.len()
    }

    /// The epoch of the roster under which it counts, 0 for a clock made without one.
    ///
    /// ```
    /// assert_eq!(clocks::VectorClock::new(5)?.epoch(), 0);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether it knows no event. O(slots).
    ///
    /// ```
    /// assert!(clocks::VectorClock::new(5)?.is_empty());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counters.iter().all(|&counter| counter == 0)
    }

    /// A clock before any event, of a width that is known to be allowed.
    pub(crate) fn zeros(epoch: u64, slots: usize) -> Self {
        Self {
            epoch,
            counters: Counters::zeros(slots),
        }
    }

    /// As [`from_counters`](Self::from_counters), under an epoch.
    pub(crate) fn from_vec(epoch: u64, counters: Vec<u64>) -> Result<Self, ClockError> {
        Ok(Self::from_counters(&counters)?.with_epoch(epoch))
    }

    pub(crate) fn counters_mut(&mut self) -> &mut [u64] {
        &mut self.counters
    }

    #[cold]
    fn join_into_other_width(&mut self, left: &Self, right: &Self) {
        let (wide, narrow) = if left.slots() < right.slots() {
            (right, left)
        } else {
            (left, right)
        };
        self.clone_from(wide);
        kernel::join(&mut self.counters, &narrow.counters);
    }

    pub(crate) fn check_width(slots: usize) -> Result<(), ClockError> {
        let slots_max = Self::SLOTS_MAX;
        if slots > slots_max {
            Err(ClockError::TooManySlots { slots, slots_max })
        } else {
            Ok(())
        }
    }

    #[inline]
    fn check_epoch(&self, other: &Self) -> Result<(), ClockError> {
        let (own, other) = (self.epoch, other.epoch);
        if own == other {
            Ok(())
        } else {
            Err(ClockError::EpochMismatch { own, other })
        }
    }

    /// Refuses a clock of another epoch, or with an event in a slot that this one does not have.
    #[inline]
    fn check_fits(&self, other: &Self) -> Result<(), ClockError> {
        self.check_epoch(other)?;
        if other.slots() <= self.slots() {
            return Ok(());
        }
        self.check_surplus(other)
    }

    /// Refuses a wider clock with an event in a slot that this one does not have.
    #[cold]
    fn check_surplus(&self, other: &Self) -> Result<(), ClockError> {
        let slots = self.slots();
        let surplus = kernel::beyond(&other.counters, slots);
        match surplus.iter().position(|&counter| counter != 0) {
            Some(offset) => Err(ClockError::UnknownSlot {
                slot: slots + offset,
                slots,
            }),
            None => Ok(()),
        }
    }
}

/// Every slot with its counter, as [`VectorClock::iter`] gives them.
///
/// ```
/// let clock = clocks::VectorClock::from_counters(&[4, 2])?;
/// let mut events = 0;
/// for (_slot, counter) in &clock {
///     events += counter;
/// }
/// assert_eq!(events, 6);
/// # Ok::<(), clocks::ClockError>(())
/// ```
impl<'a> IntoIterator for &'a VectorClock {
    type Item = (usize, u64);
    type IntoIter = Enumerate<Copied<slice::Iter<'a, u64>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter().copied().enumerate()
    }
}

/// The clock of 0 slots, in epoch 0.
impl Default for VectorClock {
    fn default() -> Self {
        Self {
            epoch: 0,
            counters: Counters::zeros(0),
        }
    }
}

impl Clone for VectorClock {
    fn clone(&self) -> Self {
        Self {
            epoch: self.epoch,
            counters: self.counters.clone(),
        }
    }

    // A derive would allocate afresh.
    #[inline]
    fn clone_from(&mut self, source: &Self) {
        self.epoch = source.epoch;
        self.counters.clone_from(&source.counters);
    }
}

/// The same epoch and equal counters in every slot; entries beyond a width count as zero.
impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && kernel::trimmed(&self.counters) == kernel::trimmed(&other.counters)
    }
}

impl Eq for VectorClock {}

/// Equal clocks hash alike, whatever their widths.
impl Hash for VectorClock {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.epoch.hash(state);
        kernel::trimmed(&self.counters).hash(state);
    }
}

/// Happened-before: `None` for concurrent clocks, and for clocks of different epochs.
impl PartialOrd for VectorClock {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ok()?.ordering()
    }
}

/// The counters in the order of the slots, such as `VectorClock[1, 0, 4]`, and an epoch above 0.
impl fmt::Debug for VectorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VectorClock")?;
        if self.epoch != 0 {
            write!(f, "@{}", self.epoch)?;
        }
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// The counters in the order of the slots, such as `[1, 0, 4]`. The epoch is not shown.
impl fmt::Display for VectorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (slot, counter) in self.iter() {
            let separator = if slot == 0 { "" } else { ", " };
            write!(f, "{separator}{counter}")?;
        }
        f.write_str("]")
    }
}
