//! Causality in constant space, with a known chance of being wrong.
//!
//! A Bloom clock is a counting Bloom filter of the events in the causal past (Ramabaja 2019). Rules,
//! for `m` counters and `k` hashes:
//! - an event raises the `k` counters that its name hashes to, each by one (hits may coincide, and
//!   then one counter is raised as often as it is hit);
//! - receive: every counter becomes the greater of the own and the message's, then an event;
//! - if `a` happened before `b`, no counter of `a` is greater. The converse is only likely.
//!
//! So "concurrent" is certain, and "before" is a guess with a chance of being wrong.
//!
//! Invariants: a counter never falls; `m` and `k` never change; a refused operation changes nothing;
//! two clocks of one system share `m`, `k` and the hash, which is fixed for ever by test vectors.

mod hash;
mod probability;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::wire::WireActor;
use crate::{Causality, ClockError, Dot, kernel};

/// A Bloom clock: `m` counters that stand for any number of actors.
///
/// It names no actors and counts for none, so the caller gives each event a [`Dot`] of its own. One
/// dot for two events makes later answers wrong: the clock cannot notice.
///
/// It has no [`PartialOrd`], because it does not know the order: see [`BloomOrder`]. Equality is that
/// of the counters, and does not say that two clocks stand for the same events.
///
/// Space: 8 bytes a counter, and 24. The more events there are beside those of the two compared
/// clocks, the more counters it takes to tell them apart: [`false_positive`](Self::false_positive)
/// says how well a size does.
///
/// Sources: Ramabaja, "The Bloom Clock" (2019); Misra and Kshemkalyani, "The Bloom Clock for Causality
/// Testing" (2020).
///
/// ```
/// use clocks::{BloomClock, BloomOrder, Dot};
///
/// let mut alice = BloomClock::new(64, 3)?;
/// let mut bob = alice.clone();
/// alice.tick(&Dot::new(1_u64, 1).unwrap())?;
/// bob.tick(&Dot::new(2_u64, 1).unwrap())?;
/// assert_eq!(alice.compare(&bob)?, BloomOrder::CertainlyConcurrent);
///
/// let sent = alice.clone();
/// bob.receive(&Dot::new(2_u64, 2).unwrap(), &sent)?;
/// let BloomOrder::Before { false_positive } = sent.compare(&bob)? else { panic!() };
/// assert!(false_positive < 0.01);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BloomClock {
    hashes: u8,
    counters: Box<[u64]>,
}

/// What two Bloom clocks tell of the two points in the history that they stand for.
///
/// ```
/// use clocks::{BloomClock, BloomOrder};
///
/// let clock = BloomClock::new(8, 2)?;
/// assert_eq!(clock.compare(&clock)?, BloomOrder::Indistinguishable);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BloomOrder {
    /// Neither happened before the other. The only answer that is always right.
    CertainlyConcurrent,
    /// All counters are equal: one point in the history, or two that the clocks cannot tell apart.
    Indistinguishable,
    /// The second did not happen before the first. It seems that the first happened before the
    /// second.
    Before {
        /// How likely it looks so by chance: [`BloomClock::false_positive`].
        false_positive: f64,
    },
    /// The first did not happen before the second. It seems that the second happened before the
    /// first.
    After {
        /// How likely it looks so by chance: [`BloomClock::false_positive`].
        false_positive: f64,
    },
}

impl BloomClock {
    /// The most counters, also when decoded: 65,536, half a MiB.
    pub const COUNTERS_MAX: usize = 1 << 16;

    /// The most hashes, also when decoded.
    pub const HASHES_MAX: u8 = 32;

    /// A clock of `counters` counters (`m`) and `hashes` hashes (`k`) before any event.
    ///
    /// # Errors
    ///
    /// [`ClockError::BloomShape`] unless there are 1 to [`COUNTERS_MAX`](Self::COUNTERS_MAX) counters
    /// and 1 to [`HASHES_MAX`](Self::HASHES_MAX) hashes; nothing is allocated.
    ///
    /// ```
    /// use clocks::BloomClock;
    ///
    /// assert_eq!(BloomClock::new(4, 2)?.as_slice(), [0, 0, 0, 0]);
    /// assert!(BloomClock::new(0, 2).is_err());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn new(counters: usize, hashes: u8) -> Result<Self, ClockError> {
        Self::check_shape(counters, hashes)?;
        let counters = vec![0; counters].into_boxed_slice();
        Ok(Self { hashes, counters })
    }

    /// Counts the event of that name. O(k²), and two small allocations.
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] if a counter would exceed 64 bits.
    ///
    /// ```
    /// use clocks::{BloomClock, Dot};
    ///
    /// let mut clock = BloomClock::new(16, 3)?;
    /// clock.tick(&Dot::new(7_u64, 1).unwrap())?;
    /// assert_eq!(clock.as_slice().iter().sum::<u64>(), 3);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn tick<A: WireActor>(&mut self, event: &Dot<A>) -> Result<(), ClockError> {
        let hits = self.hits(event);
        self.check_room(&hits, None)?;
        self.raise(&hits);
        Ok(())
    }

    /// Learns all that a received message knows, then counts the event of receiving it. O(m).
    ///
    /// # Errors
    ///
    /// Those of [`merge`](Self::merge) and [`tick`](Self::tick); nothing is merged then.
    ///
    /// ```
    /// use clocks::{BloomClock, Dot};
    ///
    /// let (mut alice, mut bob) = (BloomClock::new(16, 3)?, BloomClock::new(16, 3)?);
    /// alice.tick(&Dot::new(1_u64, 1).unwrap())?;
    /// bob.receive(&Dot::new(2_u64, 1).unwrap(), &alice)?;
    /// assert!(bob.may_contain(&Dot::new(1_u64, 1).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn receive<A: WireActor>(
        &mut self,
        event: &Dot<A>,
        message: &Self,
    ) -> Result<(), ClockError> {
        self.check_mate(message)?;
        let hits = self.hits(event);
        self.check_room(&hits, Some(message))?;
        kernel::join(&mut self.counters, &message.counters);
        self.raise(&hits);
        Ok(())
    }

    /// Raises every counter to that of `other`, and tells if one changed. O(m).
    ///
    /// # Errors
    ///
    /// [`ClockError::BloomMismatch`] if the clocks differ in `m` or `k`.
    ///
    /// ```
    /// use clocks::{BloomClock, Dot};
    ///
    /// let (mut alice, mut bob) = (BloomClock::new(16, 3)?, BloomClock::new(16, 3)?);
    /// alice.tick(&Dot::new(1_u64, 1).unwrap())?;
    /// assert!(bob.merge(&alice)?, "bob learned something");
    /// assert!(!bob.merge(&alice)?, "nothing new the second time");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        self.check_mate(other)?;
        Ok(kernel::join(&mut self.counters, &other.counters))
    }

    /// What the two clocks tell of the order of the two points in the history.
    ///
    /// O(m) for concurrent clocks, and else what [`false_positive`](Self::false_positive) costs.
    ///
    /// # Errors
    ///
    /// [`ClockError::BloomMismatch`] if the clocks differ in `m` or `k`.
    ///
    /// ```
    /// use clocks::{BloomClock, BloomOrder, Dot};
    ///
    /// let before = BloomClock::new(16, 3)?;
    /// let mut after = before.clone();
    /// after.tick(&Dot::new(1_u64, 1).unwrap())?;
    /// // Every clock is above that of no events: that alone says nothing.
    /// assert_eq!(before.compare(&after)?, BloomOrder::Before { false_positive: 1.0 });
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn compare(&self, other: &Self) -> Result<BloomOrder, ClockError> {
        Ok(match self.compare_counters(other)? {
            Causality::Equal => BloomOrder::Indistinguishable,
            Causality::Concurrent => BloomOrder::CertainlyConcurrent,
            Causality::Before => BloomOrder::Before {
                false_positive: self.false_positive(other)?,
            },
            Causality::After => BloomOrder::After {
                false_positive: other.false_positive(self)?,
            },
        })
    }

    /// Whether neither happened before the other. `true` is always right; `false` says nothing. O(m).
    ///
    /// # Errors
    ///
    /// [`ClockError::BloomMismatch`] if the clocks differ in `m` or `k`.
    ///
    /// ```
    /// use clocks::BloomClock;
    ///
    /// let clock = BloomClock::new(16, 3)?;
    /// assert!(!clock.is_certainly_concurrent(&clock)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn is_certainly_concurrent(&self, other: &Self) -> Result<bool, ClockError> {
        Ok(self.compare_counters(other)? == Causality::Concurrent)
    }

    /// How likely a clock with as many hits as `later`, of events unrelated to those of this clock,
    /// has no counter below this one's: that is, how likely "before" is said by chance.
    ///
    /// With `S` the sum of the later counters, it is the product over this clock's counters `c` of the
    /// probability that at least `c` of `S` hits fall on one of `m` places (Misra and Kshemkalyani
    /// 2020, the probability of a positive outcome). It is right for strangers. Concurrent clocks that
    /// share a past are more alike than it supposes, and the more so the longer the past: the tests
    /// of this crate see "before" said wrongly 2 to 50 times as often there. More counters help.
    ///
    /// From 0 to 1, never NaN; good to about six digits, and an upper bound if a counter is above
    /// 65,536. O(m log m + the greatest counter, at most 65,536), and a copy of the counters.
    ///
    /// # Errors
    ///
    /// [`ClockError::BloomMismatch`] if the clocks differ in `m` or `k`.
    ///
    /// ```
    /// use clocks::{BloomClock, Dot};
    ///
    /// let none = BloomClock::new(2, 1)?;
    /// let mut one = none.clone();
    /// one.tick(&Dot::new(7_u64, 1).unwrap())?;
    /// assert_eq!(one.false_positive(&one)?, 0.5, "two places for one hit");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn false_positive(&self, later: &Self) -> Result<f64, ClockError> {
        self.check_mate(later)?;
        let mut earlier = self.counters.to_vec();
        earlier.sort_unstable();
        let hits = later
            .counters
            .iter()
            .fold(0, |sum: u64, &counter| sum.saturating_add(counter));
        Ok(probability::dominates_by_chance(&earlier, hits))
    }

    /// Whether the event may be in the causal past. `false` is always right. O(k²).
    ///
    /// ```
    /// use clocks::{BloomClock, Dot};
    ///
    /// let clock = BloomClock::new(16, 3)?;
    /// assert!(!clock.may_contain(&Dot::new(7_u64, 1).unwrap()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn may_contain<A: WireActor>(&self, event: &Dot<A>) -> bool {
        let hits = self.hits(event);
        hits.iter()
            .all(|&slot| self.get(slot) >= times(&hits, slot))
    }

    /// The counters.
    ///
    /// ```
    /// assert_eq!(clocks::BloomClock::new(2, 1)?.as_slice(), [0, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn as_slice(&self) -> &[u64] {
        &self.counters
    }

    /// How many hashes there are (`k`): how often an event is counted.
    ///
    /// ```
    /// assert_eq!(clocks::BloomClock::new(2, 1)?.hashes(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn hashes(&self) -> u8 {
        self.hashes
    }

    /// The clock with these counters, refused as by [`new`](Self::new).
    pub(crate) fn from_vec(hashes: u8, counters: Vec<u64>) -> Result<Self, ClockError> {
        Self::check_shape(counters.len(), hashes)?;
        let counters = counters.into_boxed_slice();
        Ok(Self { hashes, counters })
    }

    const fn check_shape(counters: usize, hashes: u8) -> Result<(), ClockError> {
        if counters == 0
            || counters > Self::COUNTERS_MAX
            || hashes == 0
            || hashes > Self::HASHES_MAX
        {
            return Err(ClockError::BloomShape { counters, hashes });
        }
        Ok(())
    }

    fn check_mate(&self, other: &Self) -> Result<(), ClockError> {
        let own = (self.counters.len(), self.hashes);
        let other = (other.counters.len(), other.hashes);
        if own == other {
            Ok(())
        } else {
            Err(ClockError::BloomMismatch { own, other })
        }
    }

    fn compare_counters(&self, other: &Self) -> Result<Causality, ClockError> {
        self.check_mate(other)?;
        Ok(kernel::compare(&self.counters, &other.counters))
    }

    /// Refuses hits for which a counter, joined with that of `message`, has no room.
    fn check_room(&self, hits: &[usize], message: Option<&Self>) -> Result<(), ClockError> {
        for &slot in hits {
            let joined = message.map_or(0, |message| message.get(slot));
            let joined = joined.max(self.get(slot));
            let raised = joined.checked_add(times(hits, slot));
            raised.ok_or(ClockError::CounterExhausted)?;
        }
        Ok(())
    }

    /// Counts hits for which there is room.
    fn raise(&mut self, hits: &[usize]) {
        for &slot in hits {
            if let Some(counter) = self.counters.get_mut(slot) {
                debug_assert!(*counter < u64::MAX, "room was checked");
                *counter = counter.saturating_add(1);
            }
        }
    }

    fn hits<A: WireActor>(&self, event: &Dot<A>) -> Vec<usize> {
        hash::hits(event, self.hashes, self.counters.len())
    }

    fn get(&self, slot: usize) -> u64 {
        self.counters.get(slot).copied().unwrap_or(0)
    }
}

/// How often the slot is hit.
fn times(hits: &[usize], slot: usize) -> u64 {
    hits.iter().filter(|&&hit| hit == slot).count() as u64
}

/// The hashes and the counters, such as `BloomClock/3[1, 0, 4]`.
impl fmt::Debug for BloomClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BloomClock/{}", self.hashes)?;
        f.debug_list().entries(&self.counters).finish()
    }
}
