//! Hybrid logical time: a number that grows along happened-before and stays close to wall time.
//!
//! Rules (Kulkarni, Demirbas, Madappa, Avva and Leone 2014, figure 5), with the pair of physical
//! and logical part packed into one number, so that their case distinctions become one maximum:
//! - tick and send: the next stamp, or the start of the current millisecond if that is greater;
//! - receive: the same, above the message's stamp as well.
//!
//! The caller passes the wall clock in, as milliseconds since the Unix epoch; it may stand still or
//! jump back. Invariants: every stamp is above all that the clock issued and accepted before; no
//! stamp is above the reserved bound; a refused operation changes nothing.

mod drift;
mod stamp;

pub use drift::DriftPolicy;
pub use stamp::HlcStamp;

use crate::ClockError;

/// A hybrid logical clock, to which the wall clock's time is passed in.
///
/// If event `a` happened before event `b`, then `stamp(a) < stamp(b)`; and a stamp is a time of day,
/// as good as the worst wall clock among those that have exchanged messages. The converse of the
/// first does not hold: a smaller stamp may be of a concurrent event.
///
/// **Drift.** A stamp runs ahead of `now` for three reasons: a peer's wall clock is ahead, which
/// the [`DriftPolicy`] bounds; `now` jumped back, after which the clock goes on from its last stamp;
/// or there were more than 65,536 events a millisecond, each further 65,536 of which lead by one
/// more millisecond. [`ahead_ms`](Self::ahead_ms) shows the sum. Issuing is never refused for drift:
/// a process whose machine slept, or whose clock was set back, can go on.
///
/// **A hostile peer** at the bound moves the clock once, to `now` and the bound. It cannot move it
/// on from there to another millisecond before `now` does: each receipt is measured against `now`,
/// not against the last stamp, and the carry of the count is part of the measure. What remains is
/// that every receipt is an event, and that a peer may move the count through the first half of the
/// last millisecond: beyond the bound, a millisecond takes at least 32,768 events instead of 65,536.
///
/// **After a wall clock that was fast is repaired**, clocks that followed it stay ahead, each at its
/// own millisecond, until `now` catches up. Meanwhile all of them issue, and each understands the
/// peers that are not above its last millisecond, and those in the first half of that millisecond.
/// A peer that is farther above is refused by [`DriftPolicy::Reject`]. An operator who cannot wait
/// has two ways out, by [`set_policy`](Self::set_policy): [`DriftPolicy::Clamp`], which gives up the
/// order against these messages; or a bound raised for as long as the clocks lead, above what
/// [`ahead_ms`](Self::ahead_ms) says of the one that leads most, which keeps the order and lets
/// whoever lies move the clock that far.
///
/// **Restarts.** A clock that forgets its last stamp may issue it again if its wall clock has jumped
/// back. Persist a bound ahead of time, and [reserve](Self::reserve_until) stamps up to it: the clock
/// issues none above. After a restart, [`restore`](Self::restore) continues above that bound. This
/// costs a write once in a while instead of one a stamp. The clock itself has no serde form, so that
/// it cannot be restored without that check.
///
/// Every operation takes constant time. Space: 32 bytes. The clock is not `Copy`, so that it cannot
/// be advanced by mistake on a forgotten copy.
///
/// Source: Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks and Consistent
/// Snapshots in Globally Distributed Databases" (2014), section 3; the persisted bound is that of
/// CockroachDB.
///
/// ```
/// use clocks::{DriftPolicy, Hlc};
///
/// let policy = DriftPolicy::Reject { ahead_max_ms: 500 };
/// let (mut alice, mut bob) = (Hlc::new(policy), Hlc::new(policy));
/// let sent = alice.send(1_020)?;
/// // Bob's wall clock is 20 ms behind.
/// let received = bob.receive(1_000, sent)?;
/// assert!(sent < received);
/// assert_eq!(received.to_string(), "1020+1");
/// assert_eq!(bob.ahead_ms(1_000), 20);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hlc {
    last: HlcStamp,
    /// No stamp above is issued; the end of time if nothing is to be reserved.
    reserved: HlcStamp,
    policy: DriftPolicy,
}

impl Hlc {
    /// A clock before any event, that need not reserve its stamps: for a process that never comes
    /// back. One that will be restored begins with [`first_life`](Self::first_life).
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc, HlcStamp};
    ///
    /// assert_eq!(Hlc::new(DriftPolicy::Off).last(), HlcStamp::MIN);
    /// ```
    #[must_use]
    pub const fn new(policy: DriftPolicy) -> Self {
        Self {
            last: HlcStamp::MIN,
            reserved: HlcStamp::MAX,
            policy,
        }
    }

    /// A clock before any event that issues nothing until a bound is
    /// [reserved](Self::reserve_until): the first life of a clock that will be
    /// [restored](Self::restore).
    ///
    /// ```
    /// use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};
    ///
    /// let mut disk = None;
    /// let mut clock = Hlc::first_life(DriftPolicy::Off);
    /// let mut stamp = |now_ms| loop {
    ///     match clock.tick(now_ms) {
    ///         Err(ClockError::BeyondReserve { .. }) => {
    ///             let bound = clock.upper_bound(now_ms, 1_000)?;
    ///             disk = Some(bound); // written and synced, before
    ///             clock.reserve_until(bound)?;
    ///         }
    ///         answer => break answer,
    ///     }
    /// };
    /// let last = stamp(5_000)?;
    /// assert!(disk.is_some_and(|bound: HlcStamp| last <= bound), "whatever was issued is below it");
    /// # Ok::<(), ClockError>(())
    /// ```
    #[must_use]
    pub const fn first_life(policy: DriftPolicy) -> Self {
        Self {
            last: HlcStamp::MIN,
            reserved: HlcStamp::MIN,
            policy,
        }
    }

    /// A clock that continues above `bound`, the bound persisted by its former life.
    ///
    /// It issues nothing until a new bound is [reserved](Self::reserve_until). Whoever persists
    /// every stamp instead of a bound ahead reserves [`HlcStamp::MAX`].
    ///
    /// `ahead_max_ms` is how far `bound` may be ahead of `now_ms`: the margin with which it was
    /// persisted, and how far the wall clock may have jumped back since. To go on from a bound that
    /// lies farther ahead cannot be undone, so it is refused and left to the operator;
    /// [`u64::MAX`] goes on from any.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooFarAhead`]; [`ClockError::TimeExhausted`] if `now_ms` is above
    /// [`HlcStamp::PHYSICAL_MS_MAX`].
    ///
    /// ```
    /// use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};
    ///
    /// let persisted = HlcStamp::new(5_000, 0)?;
    /// let mut clock = Hlc::restore(DriftPolicy::Off, persisted, 2_000, 10_000)?;
    /// assert!(clock.tick(2_001).is_err());
    /// clock.reserve_until(clock.upper_bound(2_001, 3_000)?)?;
    /// assert!(clock.tick(2_001)? > persisted);
    ///
    /// let error = Hlc::restore(DriftPolicy::Off, persisted, 2_000, 1_000).unwrap_err();
    /// assert_eq!(error, ClockError::TooFarAhead { ahead_ms: 3_000, ahead_max_ms: 1_000 });
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn restore(
        policy: DriftPolicy,
        bound: HlcStamp,
        now_ms: u64,
        ahead_max_ms: u64,
    ) -> Result<Self, ClockError> {
        let now_ms = HlcStamp::start_of(now_ms)?.physical_ms();
        let ahead_ms = bound.physical_ms().saturating_sub(now_ms);
        if ahead_ms > ahead_max_ms {
            return Err(ClockError::TooFarAhead {
                ahead_ms,
                ahead_max_ms,
            });
        }
        Ok(Self {
            last: bound,
            reserved: bound,
            policy,
        })
    }

    /// Stamps an event inside the process, at `now_ms` on its wall clock.
    ///
    /// The stamp is above the last one, and not below `now_ms`. It is not checked for drift.
    ///
    /// # Errors
    ///
    /// [`ClockError::BeyondReserve`] if the stamp would be above the reserved bound;
    /// [`ClockError::TimeExhausted`] after [`HlcStamp::MAX`], or if `now_ms` is above
    /// [`HlcStamp::PHYSICAL_MS_MAX`]. The clock is then unchanged.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Off);
    /// assert_eq!(clock.tick(1_000)?.to_string(), "1000+0");
    /// assert_eq!(clock.tick(1_000)?.to_string(), "1000+1");
    /// assert_eq!(clock.tick(400)?.to_string(), "1000+2", "the wall clock jumped back");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn tick(&mut self, now_ms: u64) -> Result<HlcStamp, ClockError> {
        self.advance_past(self.last, HlcStamp::start_of(now_ms)?)
    }

    /// Stamps the sending of a message, which must carry the stamp. The same as
    /// [`tick`](Self::tick), and with the same errors.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Off);
    /// assert_eq!(clock.send(1_000)?.physical_ms(), 1_000);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[inline]
    pub fn send(&mut self, now_ms: u64) -> Result<HlcStamp, ClockError> {
        self.tick(now_ms)
    }

    /// Stamps the receipt, at `now_ms`, of a message that carries the stamp `remote`.
    ///
    /// The stamp is above the last one and above `remote`, and not below `now_ms`. (With
    /// [`DriftPolicy::Clamp`] it is not above a `remote` that is too far ahead.)
    ///
    /// A `remote` is accepted whatever `now_ms` says if it is not above the last stamp, or in the
    /// first half of the last stamp's millisecond, by the count: it cannot move the clock to another
    /// millisecond. So clocks that are ahead in the same millisecond still understand each other
    /// after their wall clocks are repaired, for 32,768 events or until `now_ms` catches up. A clock
    /// that is ahead of another by more understands it, and is refused by it.
    ///
    /// The stamp must be used, or at least seen, and so cannot be forgotten:
    ///
    /// ```compile_fail
    /// #![deny(unused_must_use)]
    /// use clocks::{DriftPolicy, Hlc, HlcStamp};
    ///
    /// Hlc::new(DriftPolicy::Off).receive(1_000, HlcStamp::MIN).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClockError::TooFarAhead`] by the [`DriftPolicy`]; [`ClockError::BeyondReserve`] and
    /// [`ClockError::TimeExhausted`] as for [`tick`](Self::tick). The clock is then unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Reject { ahead_max_ms: 500 });
    /// let received = clock.receive(1_000, HlcStamp::new(1_500, 7)?)?;
    /// assert_eq!(received.to_string(), "1500+8");
    /// let error = ClockError::TooFarAhead { ahead_ms: 501, ahead_max_ms: 500 };
    /// assert_eq!(clock.receive(1_000, HlcStamp::new(1_501, 0)?), Err(error));
    /// assert_eq!(clock.last(), received);
    /// # Ok::<(), ClockError>(())
    /// ```
    #[inline]
    pub fn receive(&mut self, now_ms: u64, remote: HlcStamp) -> Result<HlcStamp, ClockError> {
        let start = HlcStamp::start_of(now_ms)?;
        let latest = if remote > self.last {
            if self.last.is_near_by_count(remote) {
                remote
            } else {
                // The bound may lie below the last stamp, which must be passed all the same.
                self.policy.admit(now_ms, remote)?.max(self.last)
            }
        } else {
            self.last
        };
        self.advance_past(latest, start)
    }

    /// The bound to persist next: `margin_ms` above both `now_ms` and the last stamp.
    ///
    /// The margin is what a restart may cost in time, and saves writes: one write serves for about
    /// as long. Changes nothing: persist the bound, then [reserve](Self::reserve_until) up to it.
    ///
    /// # Errors
    ///
    /// [`ClockError::TimeExhausted`] if it would be above [`HlcStamp::PHYSICAL_MS_MAX`].
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// let clock = Hlc::new(DriftPolicy::Off);
    /// assert_eq!(clock.upper_bound(1_000, 500)?.physical_ms(), 1_500);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn upper_bound(&self, now_ms: u64, margin_ms: u64) -> Result<HlcStamp, ClockError> {
        let latest = self.last.max(HlcStamp::start_of(now_ms)?);
        let physical_ms = latest.physical_ms().checked_add(margin_ms);
        let physical_ms = physical_ms.ok_or(ClockError::TimeExhausted)?;
        HlcStamp::new(physical_ms, latest.logical())
    }

    /// Allows stamps up to and with `bound`, and none above: to be called once `bound` is durable.
    ///
    /// The bound that was persisted last is the one that counts, also if it is the lower one.
    ///
    /// # Errors
    ///
    /// [`ClockError::BeyondReserve`] if a stamp above `bound` was issued already. The clock is then
    /// unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Off);
    /// let bound = HlcStamp::new(1_500, 0)?;
    /// clock.reserve_until(bound)?;
    /// assert!(clock.tick(1_500).is_ok());
    /// let stamp = HlcStamp::new(1_500, 1)?;
    /// let refused = ClockError::BeyondReserve { stamp, reserved: bound };
    /// assert_eq!(clock.tick(1_500), Err(refused));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn reserve_until(&mut self, bound: HlcStamp) -> Result<(), ClockError> {
        if bound < self.last {
            return Err(ClockError::BeyondReserve {
                stamp: self.last,
                reserved: bound,
            });
        }
        self.reserved = bound;
        Ok(())
    }

    /// The last stamp that was issued or restored; [`HlcStamp::MIN`] if there was none.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Off);
    /// assert_eq!(clock.tick(1_000)?, clock.last());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub const fn last(&self) -> HlcStamp {
        self.last
    }

    /// The bound above which no stamp is issued; [`HlcStamp::MAX`] for a clock that need not
    /// reserve.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc, HlcStamp};
    ///
    /// assert_eq!(Hlc::new(DriftPolicy::Off).reserved(), HlcStamp::MAX);
    /// ```
    pub const fn reserved(&self) -> HlcStamp {
        self.reserved
    }

    /// What it does with stamps from too far ahead.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// assert_eq!(Hlc::new(DriftPolicy::Off).policy(), DriftPolicy::Off);
    /// ```
    #[must_use]
    pub const fn policy(&self) -> DriftPolicy {
        self.policy
    }

    /// Decides anew what it does with stamps from too far ahead, from the next receipt on.
    ///
    /// For the time after a wall clock was wrong; see [the type](Self).
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc, HlcStamp};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Reject { ahead_max_ms: 500 });
    /// let ahead = HlcStamp::new(9_000, 0)?;
    /// assert!(clock.receive(1_000, ahead).is_err());
    /// clock.set_policy(DriftPolicy::Reject { ahead_max_ms: 8_000 });
    /// assert!(clock.receive(1_000, ahead)? > ahead);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub const fn set_policy(&mut self, policy: DriftPolicy) {
        self.policy = policy;
    }

    /// How many milliseconds the last stamp is ahead of `now_ms`, 0 if it is not.
    ///
    /// Worth watching: a value near the bound of the policy says that some wall clock is wrong. It
    /// is also how long to wait until no stamp is ahead of `now_ms`.
    ///
    /// ```
    /// use clocks::{DriftPolicy, Hlc};
    ///
    /// let mut clock = Hlc::new(DriftPolicy::Off);
    /// let _ = clock.tick(1_000)?;
    /// assert_eq!((clock.ahead_ms(400), clock.ahead_ms(2_000)), (600, 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn ahead_ms(&self, now_ms: u64) -> u64 {
        self.last.physical_ms().saturating_sub(now_ms)
    }

    /// Issues the stamp after `latest`, or `start` if that is greater.
    #[inline]
    fn advance_past(&mut self, latest: HlcStamp, start: HlcStamp) -> Result<HlcStamp, ClockError> {
        let stamp = latest.next().ok_or(ClockError::TimeExhausted)?.max(start);
        let reserved = self.reserved;
        if stamp > reserved {
            return Err(ClockError::BeyondReserve { stamp, reserved });
        }
        self.last = stamp;
        Ok(stamp)
    }
}
