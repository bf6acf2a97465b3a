//! What everybody has seen, and so may be forgotten.
//!
//! Rules, over the members that a roster declares:
//! - a report is a clock that a member was heard to have; reports of a member are joined, so late
//!   and repeated ones do no harm;
//! - the stable cut is the meet of the reports of all members that remain. Nobody is left out for
//!   being silent: a member that was never heard of has seen nothing;
//! - a member that has left, with its final count announced, no longer has to report.
//!
//! Source: Wuu and Bernstein, "Efficient Solutions to the Replicated Log and Dictionary Problems"
//! (1984), section 3: an event may be dropped from the log when everybody is known to know it.
//!
//! Invariants: no report has more events of an actor that left than its final count; somebody
//! remains, unless the roster is empty; the cut never falls within an epoch, except that it would by
//! a lie.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClockError, Dot, MatrixClock, Roster, Succession, VectorClock};

/// The latest clock heard of each member of a roster, and who of them has left.
///
/// Lighter than a [`MatrixClock`], which also travels: here only direct reports count, such as the
/// stamps of the messages that members send anyway.
///
/// A crashed member that never says goodbye keeps the cut where it is. That is the point: only the
/// members, by agreeing on it, can declare it gone and say how many of its events count.
///
/// Space: 8 bytes for each pair of members, of whom there may be [`SLOTS_MAX`](Self::SLOTS_MAX): a
/// wider roster retires nobody. [`report`](Self::report) is O(slots), [`cut`](Self::cut)
/// O(slots²).
///
/// ```
/// use clocks::{Dot, Roster, Stability};
///
/// let roster = Roster::new(1, ["a", "b"])?;
/// let (mut a, mut b) = (roster.clock(), roster.clock());
/// let mut stability = Stability::new(roster)?;
/// let write = a.send(0)?.clone();
/// stability.report(&"a", &write)?;
/// assert!(!stability.cut().contains(Dot::new(0, 1).unwrap()), "b may not have seen it");
///
/// b.receive(1, &write)?;
/// stability.report(&"b", &b)?;
/// assert!(stability.cut().contains(Dot::new(0, 1).unwrap()));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stability<A> {
    roster: Roster<A>,
    /// By slot: what that member was heard to know.
    reports: Vec<VectorClock>,
    /// By slot: the final count of a member that has left.
    lasts: Vec<Option<u64>>,
}

impl<A: Ord> Stability<A> {
    /// Nothing heard of anybody yet. O(slots²).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManySlots`] above [`SLOTS_MAX`](Self::SLOTS_MAX).
    ///
    /// ```
    /// use clocks::{Roster, Stability};
    ///
    /// let stability = Stability::new(Roster::new(1, ["a", "b"])?)?;
    /// assert_eq!(stability.cut().clock().as_slice(), [0, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn new(roster: Roster<A>) -> Result<Self, ClockError> {
        MatrixClock::check_width(roster.actors().len())?;
        let members = roster.actors().iter();
        let reports = members.map(|_| roster.clock()).collect();
        let lasts = roster.actors().iter().map(|_| None).collect();
        Ok(Self {
            roster,
            reports,
            lasts,
        })
    }

    /// Hears that `member` has a clock, and tells if that was news. O(slots), no allocation.
    ///
    /// A report that is late, repeated or older than another changes nothing. One of a member that
    /// has left is heard, but no longer counts.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownActor`]; [`ClockError::EpochMismatch`] for a clock of another epoch;
    /// [`ClockError::UnknownSlot`] if it has events beyond the roster; [`ClockError::BeyondLast`] if
    /// it has events of a member after that member left. Nothing is then heard.
    ///
    /// ```
    /// use clocks::{Roster, Stability};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let mut clock = roster.clock();
    /// let early = clock.clone();
    /// clock.tick(0)?;
    /// let mut stability = Stability::new(roster)?;
    /// assert_eq!(stability.report(&"a", &clock)?, true);
    /// assert_eq!(stability.report(&"a", &early)?, false);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn report(&mut self, member: &A, clock: &VectorClock) -> Result<bool, ClockError> {
        let slot = self.roster.slot(member).ok_or(ClockError::UnknownActor)?;
        self.report_slot(slot, clock)
    }

    /// Hears everything that a matrix clock knows of others, and tells if something was news.
    /// O(slots²).
    ///
    /// # Errors
    ///
    /// As for [`report`](Self::report), and [`ClockError::WidthMismatch`]. Nothing is then heard.
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster, Stability};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let (mut a, mut b) = (MatrixClock::of(&roster, &"a")?, MatrixClock::of(&roster, &"b")?);
    /// b.receive(a.send()?)?;
    /// let mut stability = Stability::new(roster)?;
    /// assert!(stability.report_matrix(&b)?);
    /// assert_eq!(stability.cut().clock().as_slice(), [1, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn report_matrix(&mut self, matrix: &MatrixClock) -> Result<bool, ClockError> {
        let (own, other) = (self.roster.epoch(), matrix.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let (own, other) = (self.reports.len(), matrix.slots());
        if own != other {
            return Err(ClockError::WidthMismatch { own, other });
        }
        // Nobody is known to know more than the matrix's owner.
        self.check_lasts(matrix.clock())?;
        let mut is_news = false;
        for (slot, row) in matrix.rows().enumerate() {
            is_news |= self.report_slot(slot, row)?;
        }
        Ok(is_news)
    }

    /// Hears that `member` has left after its event number `last`, 0 if it had none, and tells if
    /// that was news. O(slots).
    ///
    /// It no longer has to report, and can be [retired](Roster::retire) once all who remain have
    /// seen its events. The number must be one that all agree on, as they agree on the roster. For a
    /// member that crashed, they agree on the greatest number that one of them has seen, and to take
    /// no later event of it.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownActor`]; [`ClockError::LeftAlready`] if it left with another count;
    /// [`ClockError::BeyondLast`] if a later event of it was reported; [`ClockError::LastMember`] if
    /// nobody would remain. Nothing is then heard.
    ///
    /// ```
    /// use clocks::{ClockError, Roster, Stability};
    ///
    /// let mut stability = Stability::new(Roster::new(1, ["a", "b"])?)?;
    /// assert_eq!(stability.leave(&"b", 7)?, true);
    /// assert_eq!(stability.leave(&"b", 7)?, false);
    /// assert_eq!(stability.leave(&"b", 8), Err(ClockError::LeftAlready { last: 7 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn leave(&mut self, member: &A, last: u64) -> Result<bool, ClockError> {
        let slot = self.roster.slot(member).ok_or(ClockError::UnknownActor)?;
        let is_news = self.check_leave(slot, last)?;
        if let Some(entry) = self.lasts.get_mut(slot) {
            *entry = Some(last);
        }
        Ok(is_news)
    }

    /// The same knowledge in the next epoch: reports of members that remain are carried over, who
    /// has left and is not yet dropped has still left. O(slots²).
    ///
    /// That an actor was dropped says that it has left, if that was not heard before.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] if `next` does not follow an epoch of this number;
    /// [`ClockError::RosterMismatch`] if it follows another roster of that number, or none;
    /// [`ClockError::TooManySlots`] above [`SLOTS_MAX`](Self::SLOTS_MAX); those of
    /// [`leave`](Self::leave) for the actor that was dropped, such as [`ClockError::LeftAlready`] if
    /// it left with another count; those of [`Roster::carry_forward`].
    ///
    /// ```
    /// use clocks::{Roster, Stability};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let mut stability = Stability::new(roster.clone())?;
    /// let mut clock = roster.clock();
    /// clock.tick(0)?;
    /// stability.report(&"a", &clock)?;
    /// let next = roster.admit("c")?;
    /// let stability = stability.carry_forward(next)?;
    /// assert_eq!(stability.heard(&"a").unwrap().as_slice(), [1, 0, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn carry_forward(&self, next: Roster<A>) -> Result<Self, ClockError> {
        next.check_follows(&self.roster)?;
        if let Succession::Retired { actor, last } = next.succession() {
            let slot = self.roster.slot(actor).ok_or(ClockError::UnknownActor)?;
            self.check_leave(slot, *last)?;
        }
        let mut carried = Self::new(next)?;
        for (slot, actor) in self.roster.actors().iter().enumerate() {
            let Some(new) = carried.roster.slot(actor) else {
                continue;
            };
            let last = self.lasts.get(slot).copied().flatten();
            if let Some(entry) = carried.lasts.get_mut(new) {
                *entry = last;
            }
            // What one that has left was last heard to know no longer counts, and may lag.
            if let (None, Some(report)) = (last, self.reports.get(slot)) {
                let report = carried.roster.carry_forward(report)?;
                carried.report_slot(new, &report)?;
            }
        }
        Ok(carried)
    }

    /// What a member was last heard to know; nothing if it is not in the roster.
    #[must_use]
    pub fn heard(&self, member: &A) -> Option<&VectorClock> {
        self.reports.get(self.roster.slot(member)?)
    }
}

impl<A> Stability<A> {
    /// The most members, as of a [`MatrixClock`]: 1,024, 8 MiB of reports.
    pub const SLOTS_MAX: usize = MatrixClock::SLOTS_MAX;

    /// What every remaining member has been heard to know. O(slots²).
    ///
    /// ```
    /// use clocks::{Roster, Stability};
    ///
    /// let roster = Roster::new(4, ["a", "b"])?;
    /// let stability = Stability::new(roster)?;
    /// let cut = stability.cut();
    /// assert_eq!((cut.epoch(), cut.clock().is_empty()), (4, true));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn cut(&self) -> StableCut<'_, A> {
        StableCut {
            roster: &self.roster,
            clock: meet(self.roster.clock(), self.remaining()),
            lasts: self.lasts.clone(),
        }
    }

    /// Whose reports count.
    #[must_use]
    pub const fn roster(&self) -> &Roster<A> {
        &self.roster
    }

    fn remaining(&self) -> impl Iterator<Item = &VectorClock> {
        let members = self.reports.iter().zip(&self.lasts);
        members.filter_map(|(report, last)| last.is_none().then_some(report))
    }

    /// Whether it is news that the member in `slot` has left after event `last`; refuses what cannot
    /// be.
    fn check_leave(&self, slot: usize, last: u64) -> Result<bool, ClockError> {
        match self.lasts.get(slot).copied().flatten() {
            Some(known) if known == last => return Ok(false),
            Some(known) => return Err(ClockError::LeftAlready { last: known }),
            None => {}
        }
        let claimed = self.reports.iter().map(|report| report.get(slot)).max();
        if let Some(counter) = claimed.filter(|&counter| counter > last) {
            return Err(ClockError::BeyondLast { counter, last });
        }
        if self.remaining().count() == 1 {
            return Err(ClockError::LastMember);
        }
        Ok(true)
    }

    fn report_slot(&mut self, slot: usize, clock: &VectorClock) -> Result<bool, ClockError> {
        let slots = self.reports.len();
        self.check_lasts(clock)?;
        let report = self.reports.get_mut(slot);
        report
            .ok_or(ClockError::UnknownSlot { slot, slots })?
            .merge(clock)
    }

    /// Refuses a clock with events of a member after that member left.
    fn check_lasts(&self, clock: &VectorClock) -> Result<(), ClockError> {
        if clock.epoch() != self.roster.epoch() {
            let (own, other) = (self.roster.epoch(), clock.epoch());
            return Err(ClockError::EpochMismatch { own, other });
        }
        for (last, counter) in self.lasts.iter().zip(clock.as_slice()) {
            if let Some(last) = *last
                && *counter > last
            {
                let counter = *counter;
                return Err(ClockError::BeyondLast { counter, last });
            }
        }
        Ok(())
    }
}

/// What every remaining member of an epoch has seen.
///
/// Only [`Stability::cut`] makes one, and it knows for whom: so whoever holds one holds the proof
/// that what it contains may be forgotten, and that [`Roster::retire`] may drop who left this roster,
/// and nobody of another. It does not travel: others get the reports, and see for themselves.
///
/// Space: 24 bytes a slot.
///
/// ```
/// use clocks::{Dot, Roster, Stability};
///
/// let stability = Stability::new(Roster::new(1, ["a"])?)?;
/// let cut = stability.cut();
/// assert!(!cut.contains(Dot::new(0, 1).unwrap()));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StableCut<'a, A> {
    roster: &'a Roster<A>,
    clock: VectorClock,
    lasts: Vec<Option<u64>>,
}

impl<'a, A> StableCut<'a, A> {
    /// Whether everybody has seen the event: what was kept for those who had not may go. O(1).
    #[must_use]
    pub fn contains(&self, dot: Dot<usize>) -> bool {
        self.clock.contains(dot)
    }

    /// The cut as a clock: the events below it are those that everybody has seen.
    #[must_use]
    pub const fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// Whose slots it speaks of.
    #[must_use]
    pub const fn roster(&self) -> &'a Roster<A> {
        self.roster
    }

    /// The epoch in which it holds.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.clock.epoch()
    }

    /// How many events the actor in `slot` had when it left; nothing if it is still a member.
    #[must_use]
    pub fn last(&self, slot: usize) -> Option<u64> {
        self.lasts.get(slot).copied().flatten()
    }
}

/// The counters, such as `[1, 0, 4]`.
impl<A> fmt::Display for StableCut<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clock.fmt(f)
    }
}

/// The meet of clocks of one epoch and width; `empty` if there are none.
pub(crate) fn meet<'a>(
    empty: VectorClock,
    mut clocks: impl Iterator<Item = &'a VectorClock>,
) -> VectorClock {
    let Some(first) = clocks.next() else {
        return empty;
    };
    let mut cut = first.clone();
    for clock in clocks {
        // All are of one epoch, so no meet is refused; one that were must not count as seen.
        if cut.meet(clock).is_err() {
            return empty;
        }
    }
    cut
}
