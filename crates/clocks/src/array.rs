//! A dense clock of a few slots that are known when the program is compiled.
//!
//! The rules are those of [`VectorClock`] (Fidge 1988; Mattern 1989). The counters lie in the clock
//! itself: nothing is allocated, nothing is looked up, and the loops are unrolled where they are used.

use core::cmp::Ordering;
use core::fmt;
use core::iter::{Copied, Enumerate};
use core::slice;

use crate::{Causality, ClockError, Dot, VectorClock, VectorDelta, kernel};

/// Up to so many slots the loops are unrolled in place. They need no alignment, which an array on the
/// stack seldom has.
const IN_PLACE_MAX: usize = 16;

/// A vector clock of `N` slots, held in place: `Copy`, and without any allocation.
///
/// For the usual three to seven replicas, whose number never changes while the program runs. Two such
/// clocks always have the same width, so most questions need no error. The slots are given out by
/// hand, and there is no epoch: whoever changes who has which slot uses a [`VectorClock`] over a
/// [`Roster`](crate::Roster).
///
/// `a < b` says that `a` happened before `b`; [`compare`](Self::compare) gives all four answers a
/// name. Space: 8 bytes a slot.
///
/// ```
/// use clocks::ArrayClock;
///
/// let (mut alice, mut bob) = (ArrayClock::<2>::new(), ArrayClock::<2>::new());
/// let message = alice.send(0)?;
/// bob.tick(1)?;
/// assert!(bob.is_concurrent(&message));
/// bob.receive(1, &message)?;
/// assert!(message.happened_before(&bob));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArrayClock<const N: usize> {
    counters: [u64; N],
}

impl<const N: usize> ArrayClock<N> {
    /// A clock before any event: every counter is zero.
    ///
    /// ```
    /// assert_eq!(clocks::ArrayClock::<3>::new().as_array(), &[0, 0, 0]);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::from_counters([0; N])
    }

    /// A clock with these counters in the order of their slots.
    ///
    /// ```
    /// assert_eq!(clocks::ArrayClock::from_counters([4, 0, 2]).get(2), 2);
    /// ```
    #[must_use]
    pub const fn from_counters(counters: [u64; N]) -> Self {
        const {
            assert!(
                N <= VectorClock::SLOTS_MAX,
                "a clock has at most 65,536 slots"
            )
        };
        Self { counters }
    }

    /// Counts one event of the actor in `slot`, and returns its name: number 1 for the first. O(1).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] from `N` on, [`ClockError::CounterExhausted`] at [`u64::MAX`]. The
    /// clock is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::ArrayClock::<2>::new();
    /// assert_eq!(clock.tick(1)?.number(), 1);
    /// assert_eq!(clock.as_array(), &[0, 1]);
    /// assert!(clock.tick(2).is_err());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn tick(&mut self, slot: usize) -> Result<Dot<usize>, ClockError> {
        let unknown = ClockError::UnknownSlot { slot, slots: N };
        let counter = self.counters.get_mut(slot).ok_or(unknown)?;
        let dot = kernel::next(slot, *counter)?;
        *counter = dot.number();
        Ok(dot)
    }

    /// Counts the sending of a message by the actor in `slot`, and returns the clock that the message
    /// must carry: a copy. O(`N`).
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick). The clock is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::ArrayClock::<2>::new();
    /// assert_eq!(clock.send(0)?.as_array(), &[1, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn send(&mut self, slot: usize) -> Result<Self, ClockError> {
        self.tick(slot)?;
        Ok(*self)
    }

    /// Counts the receipt, by the actor in `slot`, of a message that carries the clock `remote`, and
    /// returns the name of that event. The clock becomes the join of both, then counts the receipt.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] from `N` on; [`ClockError::CounterExhausted`] if either clock has
    /// [`u64::MAX`] in `slot`. The clock is then unchanged: nothing of `remote` was merged.
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// let mut clock = ArrayClock::from_counters([3, 1]);
    /// assert_eq!(clock.receive(0, &ArrayClock::from_counters([2, 5]))?.number(), 4);
    /// assert_eq!(clock.as_array(), &[4, 5]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn receive(&mut self, slot: usize, remote: &Self) -> Result<Dot<usize>, ClockError> {
        let mut joined = *self;
        joined.merge(remote);
        let dot = joined.tick(slot)?;
        *self = joined;
        Ok(dot)
    }

    /// Joins `other` into this clock, so that it knows every event that either knew, and tells if it
    /// learned something: the greater entry of each slot. O(`N`).
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// let mut clock = ArrayClock::from_counters([3, 1]);
    /// assert!(clock.merge(&ArrayClock::from_counters([2, 5])));
    /// assert_eq!(clock.as_array(), &[3, 5]);
    /// ```
    #[inline]
    pub fn merge(&mut self, other: &Self) -> bool {
        if N > IN_PLACE_MAX {
            return kernel::join(&mut self.counters, &other.counters);
        }
        // What `other` has more: this stays in plain registers, where a maximum would become a vector
        // of a target that has none for it, at twice the time.
        let mut learned = 0;
        for (own, &other) in self.counters.iter_mut().zip(&other.counters) {
            let more = other.saturating_sub(*own);
            learned |= more;
            *own = own.wrapping_add(more);
        }
        learned != 0
    }

    /// Makes this clock the join of `left` and `right`, whatever it was before. O(`N`).
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// let mut out = ArrayClock::new();
    /// out.join_into(&ArrayClock::from_counters([3, 1]), &ArrayClock::from_counters([2, 5]));
    /// assert_eq!(out.as_array(), &[3, 5]);
    /// ```
    #[inline]
    pub fn join_into(&mut self, left: &Self, right: &Self) {
        if N > IN_PLACE_MAX {
            return kernel::join_into(&mut self.counters, &left.counters, &right.counters);
        }
        *self = *left;
        self.merge(right);
    }

    /// Lowers this clock to what both it and `other` know, and tells if it changed: the smaller entry
    /// of each slot. The dual of [`merge`](Self::merge). O(`N`).
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// let mut clock = ArrayClock::from_counters([3, 1]);
    /// assert!(clock.meet(&ArrayClock::from_counters([2, 5])));
    /// assert_eq!(clock.as_array(), &[2, 1]);
    /// ```
    #[inline]
    pub fn meet(&mut self, other: &Self) -> bool {
        if N > IN_PLACE_MAX {
            return kernel::meet(&mut self.counters, &other.counters);
        }
        let mut lost = 0;
        for (own, &other) in self.counters.iter_mut().zip(&other.counters) {
            let more = own.saturating_sub(other);
            lost |= more;
            *own = own.wrapping_sub(more);
        }
        lost != 0
    }

    /// What this clock knows and `base` does not: [`apply`](Self::apply) brings it to whoever knows at
    /// least `base`. O(`N`); the delta allocates if there is news.
    ///
    /// It is the delta of a [`VectorClock`] of epoch 0, which can apply it too.
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// let base = ArrayClock::from_counters([3, 1]);
    /// let delta = ArrayClock::from_counters([3, 4]).diff(&base);
    /// let mut peer = base;
    /// assert!(peer.apply(&delta)?);
    /// assert_eq!(peer.as_array(), &[3, 4]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn diff(&self, base: &Self) -> VectorDelta {
        VectorDelta::between(0, &self.counters, &base.counters)
    }

    /// Learns the events of a delta, and tells if one was new. O(spans of the delta).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] for a delta of another epoch than 0;
    /// [`ClockError::UnknownSlot`] from `N` on; [`ClockError::DeltaGap`] if the delta continues after
    /// events that this clock does not know. The clock is then unchanged.
    ///
    /// ```
    /// use clocks::{ArrayClock, ClockError};
    ///
    /// let delta = ArrayClock::from_counters([5]).diff(&ArrayClock::from_counters([3]));
    /// let mut late = ArrayClock::<1>::new();
    /// assert_eq!(late.apply(&delta), Err(ClockError::DeltaGap { after: 3, known: 0 }));
    /// ```
    pub fn apply(&mut self, delta: &VectorDelta) -> Result<bool, ClockError> {
        delta.apply_to(0, &mut self.counters)
    }

    /// How this clock stands to `other`. O(`N`).
    ///
    /// ```
    /// use clocks::{ArrayClock, Causality};
    ///
    /// let (a, b) = (ArrayClock::from_counters([1, 0]), ArrayClock::from_counters([0, 1]));
    /// assert_eq!(a.compare(&b), Causality::Concurrent);
    /// ```
    #[inline]
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        if N > IN_PLACE_MAX {
            kernel::compare(&self.counters, &other.counters)
        } else {
            kernel::compare_in_place(&self.counters, &other.counters)
        }
    }

    /// Whether this clock happened before `other`: the same as `self < other`.
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// assert!(ArrayClock::from_counters([1, 0]).happened_before(&ArrayClock::from_counters([1, 1])));
    /// ```
    #[inline]
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each clock knows an event that the other does not.
    ///
    /// ```
    /// use clocks::ArrayClock;
    ///
    /// assert!(ArrayClock::from_counters([1, 0]).is_concurrent(&ArrayClock::from_counters([0, 1])));
    /// ```
    #[inline]
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    /// Whether this clock knows the event. O(1).
    ///
    /// ```
    /// use clocks::{ArrayClock, Dot};
    ///
    /// let clock = ArrayClock::from_counters([0, 2]);
    /// assert!(clock.contains(Dot::new(1, 2).unwrap()));
    /// assert!(!clock.contains(Dot::new(1, 3).unwrap()));
    /// ```
    #[inline]
    #[must_use]
    pub fn contains(&self, dot: Dot<usize>) -> bool {
        dot.number() <= self.get(dot.actor)
    }

    /// How many events of the actor in `slot` this clock knows: zero from `N` on.
    ///
    /// ```
    /// let clock = clocks::ArrayClock::from_counters([4, 2]);
    /// assert_eq!((clock.get(1), clock.get(9)), (2, 0));
    /// ```
    #[inline]
    #[must_use]
    pub fn get(&self, slot: usize) -> u64 {
        self.counters.get(slot).copied().unwrap_or(0)
    }

    /// Every slot with its counter, zeros too, in the order of the slots.
    ///
    /// ```
    /// assert!(clocks::ArrayClock::from_counters([4, 0]).iter().eq([(0, 4), (1, 0)]));
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, u64)> + DoubleEndedIterator + '_ {
        self.counters.iter().copied().enumerate()
    }

    /// The counters in the order of the slots.
    ///
    /// ```
    /// assert_eq!(clocks::ArrayClock::from_counters([4, 2]).as_array(), &[4, 2]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn as_array(&self) -> &[u64; N] {
        &self.counters
    }

    /// The counters in the order of the slots, as a slice of length `N`.
    ///
    /// ```
    /// assert_eq!(clocks::ArrayClock::from_counters([4, 2]).as_slice(), [4, 2]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn as_slice(&self) -> &[u64] {
        &self.counters
    }

    /// Whether it knows no event. O(`N`).
    ///
    /// ```
    /// assert!(clocks::ArrayClock::<5>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counters.iter().all(|&counter| counter == 0)
    }
}

/// Every slot with its counter, as [`ArrayClock::iter`] gives them.
///
/// ```
/// let mut events = 0;
/// for (_slot, counter) in &clocks::ArrayClock::from_counters([4, 2]) {
///     events += counter;
/// }
/// assert_eq!(events, 6);
/// ```
impl<'a, const N: usize> IntoIterator for &'a ArrayClock<N> {
    type Item = (usize, u64);
    type IntoIter = Enumerate<Copied<slice::Iter<'a, u64>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.counters.iter().copied().enumerate()
    }
}

impl<const N: usize> Default for ArrayClock<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> From<[u64; N]> for ArrayClock<N> {
    fn from(counters: [u64; N]) -> Self {
        Self::from_counters(counters)
    }
}

impl<const N: usize> From<ArrayClock<N>> for [u64; N] {
    fn from(clock: ArrayClock<N>) -> Self {
        clock.counters
    }
}

/// The same counters with their width chosen while the program runs, in epoch 0.
///
/// Refused above [`VectorClock::SLOTS_MAX`] with [`ClockError::TooManySlots`].
///
/// ```
/// use clocks::{ArrayClock, VectorClock};
///
/// let clock = VectorClock::try_from(&ArrayClock::from_counters([4, 2]))?;
/// assert_eq!(clock, VectorClock::from_counters(&[4, 2])?);
/// # Ok::<(), clocks::ClockError>(())
/// ```
impl<const N: usize> TryFrom<&ArrayClock<N>> for VectorClock {
    type Error = ClockError;

    fn try_from(clock: &ArrayClock<N>) -> Result<Self, ClockError> {
        Self::from_counters(&clock.counters)
    }
}

/// The same counters in `N` slots; an entry beyond a clock's width counts as zero.
///
/// Refused with [`ClockError::UnknownSlot`] if there is an event in a slot from `N` on, and with
/// [`ClockError::EpochMismatch`] for a clock of another epoch than 0.
///
/// ```
/// use clocks::{ArrayClock, ClockError, VectorClock};
///
/// let clock = VectorClock::from_counters(&[4, 2])?;
/// assert_eq!(ArrayClock::<3>::try_from(&clock)?.as_array(), &[4, 2, 0]);
/// let refused = ArrayClock::<1>::try_from(&clock);
/// assert_eq!(refused, Err(ClockError::UnknownSlot { slot: 1, slots: 1 }));
/// # Ok::<(), ClockError>(())
/// ```
impl<const N: usize> TryFrom<&VectorClock> for ArrayClock<N> {
    type Error = ClockError;

    fn try_from(clock: &VectorClock) -> Result<Self, ClockError> {
        let (own, other) = (0, clock.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let surplus = kernel::beyond(clock.as_slice(), N);
        if let Some(offset) = surplus.iter().position(|&counter| counter != 0) {
            let slot = N.saturating_add(offset);
            return Err(ClockError::UnknownSlot { slot, slots: N });
        }
        let mut counters = [0; N];
        for (counter, &known) in counters.iter_mut().zip(clock.as_slice()) {
            *counter = known;
        }
        Ok(Self { counters })
    }
}

/// Happened-before: `None` for concurrent clocks.
impl<const N: usize> PartialOrd for ArrayClock<N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

/// The counters in the order of the slots, such as `ArrayClock[1, 0, 4]`.
impl<const N: usize> fmt::Debug for ArrayClock<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArrayClock")?;
        f.debug_list().entries(self.counters).finish()
    }
}

/// The counters in the order of the slots, such as `[1, 0, 4]`.
impl<const N: usize> fmt::Display for ArrayClock<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (slot, counter) in self.iter() {
            let separator = if slot == 0 { "" } else { ", " };
            write!(f, "{separator}{counter}")?;
        }
        f.write_str("]")
    }
}
