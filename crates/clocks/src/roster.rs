//! Who has which slot of a dense clock, and since when.
//!
//! A dense clock counts by slot. A roster says whose slot it is: the actors in sorted order, each
//! in the slot of its rank, so that two who agree on the set agree on the slots. Whenever the set
//! changes the epoch does, and a clock carries the epoch under which it counts: clocks of different
//! epochs never meet without a typed error.
//!
//! Rules of change, one actor an epoch:
//! - [`admit`](Roster::admit) adds an actor, with no event yet;
//! - [`retire`](Roster::retire) drops an actor that has left, and of which every remaining member
//!   has seen all events. From then on "has seen all of them" is what the epoch means, and no clock
//!   needs an entry to say so;
//! - a clock moves to the next epoch only if that loses nothing: one that misses an event of the
//!   dropped actor stays behind, and is compared by carrying the other one back.
//!
//! Invariants: actors are strictly sorted; a roster never changes, a change makes the roster of the
//! next epoch; it remembers one change, so its size does not grow with the number of epochs.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClockError, Defect, StableCut, VectorClock, kernel};

/// What made the roster of an epoch out of the one before.
///
/// ```
/// use clocks::{Roster, Succession};
///
/// let roster = Roster::new(1, ["a", "c"])?;
/// assert_eq!(roster.succession(), &Succession::First);
/// assert_eq!(roster.admit("b")?.succession(), &Succession::Admitted { slot: 1 });
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub enum Succession<A> {
    /// It was made by [`Roster::new`]: no clock can be carried over to it.
    First,
    /// An actor came.
    Admitted {
        /// The slot that it has.
        slot: usize,
    },
    /// An actor was dropped.
    Retired {
        /// The actor.
        actor: A,
        /// How many events it had: everybody has seen them all.
        last: u64,
    },
}

/// The actors of an epoch, each with its slot.
///
/// Everybody who exchanges clocks of an epoch must have the same roster for it: agree on it as on
/// any configuration, by consensus or by hand. Epoch 0 is that of clocks made without a roster.
///
/// **Change.** [`admit`](Self::admit) and [`retire`](Self::retire) make the roster of the next
/// epoch. [`carry_forward`](Self::carry_forward) and [`carry_back`](Self::carry_back) move a clock
/// between the two, and never change the order of clocks that they accept. To merge a stamp of the
/// epoch before into a clock of this one, carry the clock back, merge, and carry it forward.
///
/// **A name that comes back** is, to clocks, another actor: it counts from 1 in a later epoch, and
/// a clock with its new events cannot be carried back to where the old ones were. A
/// [`Dot`](crate::Dot) kept without its epoch does not show that, so prefer the next life of an
/// [`Actor`](crate::Actor) to a name used again.
///
/// Space: the actors. [`slot`](Self::slot) is O(log actors), [`actor`](Self::actor) O(1).
///
/// ```
/// use clocks::Roster;
///
/// let roster = Roster::new(1, ["paris", "lima"])?;
/// let mut clock = roster.clock();
/// let dot = clock.tick(roster.slot(&"paris").expect("a member"))?;
/// assert_eq!(roster.name(dot), clocks::Dot::new(&"paris", 1));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Roster<A> {
    epoch: u64,
    actors: Vec<A>,
    succession: Succession<A>,
}

impl<A: Ord> Roster<A> {
    /// The roster of these actors, in any order, for `epoch`. O(actors · log actors).
    ///
    /// # Errors
    ///
    /// [`ClockError::DuplicateActor`]; [`ClockError::TooManySlots`] above
    /// [`VectorClock::SLOTS_MAX`].
    ///
    /// ```
    /// use clocks::{ClockError, Roster};
    ///
    /// assert_eq!(Roster::new(1, [7, 3])?.actors(), [3, 7]);
    /// assert_eq!(Roster::new(1, [7, 7]), Err(ClockError::DuplicateActor { index: 1 }));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn new(epoch: u64, actors: impl IntoIterator<Item = A>) -> Result<Self, ClockError> {
        // One too many is enough to know, however many the caller offers.
        let mut actors: Vec<A> = actors
            .into_iter()
            .take(VectorClock::SLOTS_MAX + 1)
            .collect();
        VectorClock::check_width(actors.len())?;
        actors.sort_unstable();
        let twice = actors
            .iter()
            .zip(actors.iter().skip(1))
            .position(|(left, right)| left == right);
        if let Some(index) = twice {
            return Err(ClockError::DuplicateActor { index: index + 1 });
        }
        Ok(Self {
            epoch,
            actors,
            succession: Succession::First,
        })
    }

    /// The roster of the next epoch, with one actor more. O(actors).
    ///
    /// Who has slots after the newcomer's moves up by one. The newcomer has had no event; it starts
    /// from a clock that a member carried over, or from the empty one.
    ///
    /// **Slots move:** one that was looked up in this roster is another actor's in the next, and
    /// nothing can tell. Look it up again.
    ///
    /// # Errors
    ///
    /// [`ClockError::DuplicateActor`]; [`ClockError::TooManySlots`] above
    /// [`VectorClock::SLOTS_MAX`]; [`ClockError::EpochExhausted`] at [`u64::MAX`].
    ///
    /// ```
    /// use clocks::Roster;
    ///
    /// let before = Roster::new(1, ["a", "c"])?;
    /// let after = before.admit("b")?;
    /// assert_eq!((after.epoch(), after.actors()), (2, &["a", "b", "c"][..]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn admit(&self, actor: A) -> Result<Self, ClockError>
    where
        A: Clone,
    {
        let slot = match self.actors.binary_search(&actor) {
            Ok(index) => return Err(ClockError::DuplicateActor { index }),
            Err(slot) => slot,
        };
        VectorClock::check_width(self.actors.len().saturating_add(1))?;
        let epoch = self.next_epoch()?;
        let mut actors = Vec::with_capacity(self.actors.len() + 1);
        actors.extend(self.actors.iter().take(slot).cloned());
        actors.push(actor);
        actors.extend(self.actors.iter().skip(slot).cloned());
        Ok(Self {
            epoch,
            actors,
            succession: Succession::Admitted { slot },
        })
    }

    /// The roster of the next epoch, without an actor that is gone: the only way to drop one.
    /// O(actors).
    ///
    /// The cut must show that the actor has left, and that every member that remains has seen its
    /// events to the last. Clocks grow no narrower in any other way: there is no pruning by size or
    /// age, which makes conflicts out of nothing and, worse, loses conflicts that there are.
    ///
    /// Slots move, as with [`admit`](Self::admit): look them up again.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] for a cut of another epoch, [`ClockError::RosterMismatch`] for
    /// one of another roster of this epoch; [`ClockError::UnknownActor`];
    /// [`ClockError::StillMember`]; [`ClockError::MissingEvents`] if a remaining member has not been
    /// heard to know all; [`ClockError::EpochExhausted`].
    ///
    /// ```
    /// use clocks::{ClockError, Roster, Stability};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let (mut a, mut b) = (roster.clock(), roster.clock());
    /// let farewell = b.send(1)?.clone();
    /// let mut stability = Stability::new(roster.clone())?;
    /// stability.leave(&"b", 1)?;
    /// let error = ClockError::MissingEvents { known: 0, last: 1 };
    /// assert_eq!(roster.retire(&"b", &stability.cut()), Err(error));
    ///
    /// a.receive(0, &farewell)?;
    /// stability.report(&"a", &a)?;
    /// let next = roster.retire(&"b", &stability.cut())?;
    /// assert_eq!(next.actors(), ["a"]);
    /// assert_eq!(next.carry_forward(&a)?.as_slice(), [1]);
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn retire(&self, actor: &A, cut: &StableCut<'_, A>) -> Result<Self, ClockError>
    where
        A: Clone,
    {
        let (own, other) = (self.epoch, cut.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        // Its slots are those of the names that it was taken for.
        if self != cut.roster() {
            return Err(ClockError::RosterMismatch);
        }
        let slot = self.slot(actor).ok_or(ClockError::UnknownActor)?;
        let last = cut.last(slot).ok_or(ClockError::StillMember)?;
        let known = cut.clock().get(slot);
        if known < last {
            return Err(ClockError::MissingEvents { known, last });
        }
        let others = self.actors.iter().filter(|other| *other != actor);
        Ok(Self {
            epoch: self.next_epoch()?,
            actors: others.cloned().collect(),
            succession: Succession::Retired {
                actor: actor.clone(),
                last,
            },
        })
    }

    /// A clock of the epoch before, as one of this epoch. O(actors).
    ///
    /// The order between clocks that are carried over stays as it was. A clock that misses events of
    /// the dropped actor has no counterpart: without its entry it would seem to know them. Such a
    /// clock is an old stamp, of a time when they were not yet seen by everybody; compare it with a
    /// clock that was [carried back](Self::carry_back).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] if it is not of the epoch before, or there is none;
    /// [`ClockError::UnknownSlot`] if it has events beyond the width of that epoch;
    /// [`ClockError::MissingEvents`] and [`ClockError::BeyondLast`] if its entry for the dropped
    /// actor is not that actor's final count.
    ///
    /// ```
    /// use clocks::Roster;
    ///
    /// let before = Roster::new(0, ["a", "c"])?;
    /// let after = before.admit("b")?;
    /// let mut clock = before.clock();
    /// clock.tick(1)?;
    /// assert_eq!(after.carry_forward(&clock)?.as_slice(), [0, 0, 1]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn carry_forward(&self, clock: &VectorClock) -> Result<VectorClock, ClockError> {
        let own = self.previous_epoch();
        let other = clock.epoch();
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let width = self.previous_width();
        check_events_within(clock, width)?;
        let counters = match &self.succession {
            Succession::First => return Err(ClockError::EpochMismatch { own, other }),
            Succession::Admitted { slot } => {
                let entries = (0..width).map(|slot| clock.get(slot));
                insert(entries, *slot, 0)
            }
            Succession::Retired { actor, last } => {
                let (slot, last) = (self.rank(actor), *last);
                let known = clock.get(slot);
                if known < last {
                    return Err(ClockError::MissingEvents { known, last });
                }
                if known > last {
                    let counter = known;
                    return Err(ClockError::BeyondLast { counter, last });
                }
                remove((0..width).map(|slot| clock.get(slot)), slot)
            }
        };
        VectorClock::from_vec(self.epoch, counters)
    }

    /// A clock of this epoch, as one of the epoch before, to compare it with stamps from then.
    /// O(actors).
    ///
    /// Its entry for the dropped actor becomes that actor's final count: all of this epoch have seen
    /// its events. Carrying a clock there and back gives the same clock, and changes no order.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] if it is not of this epoch, or there is none before;
    /// [`ClockError::UnknownSlot`] if it has events beyond the width, or of an actor that the epoch
    /// before does not have.
    ///
    /// ```
    /// use clocks::{Roster, Stability};
    ///
    /// let before = Roster::new(0, ["a", "b"])?;
    /// let (old, mut stability) = (before.clock(), Stability::new(before.clone())?);
    /// let mut a = before.clock();
    /// let mut b = before.clock();
    /// a.receive(0, b.send(1)?)?;
    /// stability.report(&"a", &a)?;
    /// stability.leave(&"b", 1)?;
    /// let after = before.retire(&"b", &stability.cut())?;
    ///
    /// let new = after.carry_forward(&a)?;
    /// assert!(after.carry_forward(&old).is_err(), "it misses what b did");
    /// assert!(old < after.carry_back(&new)?, "but it can still be compared");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn carry_back(&self, clock: &VectorClock) -> Result<VectorClock, ClockError> {
        let epoch = self.previous_epoch();
        let (own, other) = (self.epoch, clock.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let width = self.actors.len();
        check_events_within(clock, width)?;
        let entries = (0..width).map(|slot| clock.get(slot));
        let counters = match &self.succession {
            Succession::First => return Err(ClockError::EpochMismatch { own, other }),
            Succession::Admitted { slot } => {
                let slot = *slot;
                if clock.get(slot) > 0 {
                    let slots = self.previous_width();
                    return Err(ClockError::UnknownSlot { slot, slots });
                }
                remove(entries, slot)
            }
            Succession::Retired { actor, last } => insert(entries, self.rank(actor), *last),
        };
        VectorClock::from_vec(epoch, counters)
    }

    /// The roster of these parts, if they can be one: for decoding.
    pub(crate) fn from_parts(
        epoch: u64,
        actors: Vec<A>,
        succession: Succession<A>,
    ) -> Result<Self, Defect> {
        if actors.len() > VectorClock::SLOTS_MAX {
            return Err(Defect::TooMany);
        }
        if !actors.is_sorted_by(|left, right| left < right) {
            return Err(Defect::NotSorted);
        }
        let is_possible = match &succession {
            Succession::First => true,
            Succession::Admitted { slot } => epoch > 0 && *slot < actors.len(),
            Succession::Retired { actor, .. } => {
                epoch > 0
                    && actors.len() < VectorClock::SLOTS_MAX
                    && actors.binary_search(actor).is_err()
            }
        };
        if !is_possible {
            return Err(Defect::NotCanonical);
        }
        Ok(Self {
            epoch,
            actors,
            succession,
        })
    }

    /// Refuses a roster that this one does not follow: undoing the change must give its actors.
    pub(crate) fn check_follows(&self, before: &Self) -> Result<(), ClockError> {
        let (own, other) = (before.epoch, self.previous_epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let actors = self.actors.iter();
        let is_next = match &self.succession {
            Succession::First => false,
            Succession::Admitted { slot } => {
                let others = actors.enumerate().filter(|(other, _)| other != slot);
                others.map(|(_, actor)| actor).eq(&before.actors)
            }
            Succession::Retired { actor, .. } => {
                let slot = self.rank(actor);
                let tail = actors.clone().skip(slot);
                actors
                    .take(slot)
                    .chain([actor])
                    .chain(tail)
                    .eq(&before.actors)
            }
        };
        if is_next {
            Ok(())
        } else {
            Err(ClockError::RosterMismatch)
        }
    }

    /// How many actors are smaller: the slot that it has, or had, or would have.
    fn rank(&self, actor: &A) -> usize {
        let (Ok(slot) | Err(slot)) = self.actors.binary_search(actor);
        slot
    }

    /// The slot of an actor; nothing if it is not in the roster. O(log actors).
    ///
    /// ```
    /// let roster = clocks::Roster::new(1, ["b", "a"])?;
    /// assert_eq!((roster.slot(&"b"), roster.slot(&"c")), (Some(1), None));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn slot(&self, actor: &A) -> Option<usize> {
        self.actors.binary_search(actor).ok()
    }
}

impl<A> Roster<A> {
    /// A clock of this epoch before any event, a slot for each actor. O(actors).
    ///
    /// ```
    /// let roster = clocks::Roster::new(4, ["a", "b"])?;
    /// assert_eq!((roster.clock().epoch(), roster.clock().slots()), (4, 2));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn clock(&self) -> VectorClock {
        VectorClock::zeros(self.epoch, self.actors.len())
    }

    /// The actor in a slot.
    ///
    /// ```
    /// let roster = clocks::Roster::new(1, ["b", "a"])?;
    /// assert_eq!(roster.actor(0), Some(&"a"));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn actor(&self, slot: usize) -> Option<&A> {
        self.actors.get(slot)
    }

    /// The event with its actor's name in place of the slot.
    ///
    /// ```
    /// use clocks::{Dot, Roster};
    ///
    /// let roster = Roster::new(1, ["b", "a"])?;
    /// assert_eq!(roster.name(Dot::new(1, 9).unwrap()), Dot::new(&"b", 9));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn name(&self, dot: crate::Dot<usize>) -> Option<crate::Dot<&A>> {
        let actor = self.actors.get(dot.actor)?;
        Some(dot.map(|_| actor))
    }

    /// Every actor in the order of the slots.
    #[must_use]
    pub fn actors(&self) -> &[A] {
        &self.actors
    }

    /// The number of this roster among those that followed each other.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What made it out of the roster of the epoch before.
    #[must_use]
    pub const fn succession(&self) -> &Succession<A> {
        &self.succession
    }

    fn next_epoch(&self) -> Result<u64, ClockError> {
        self.epoch.checked_add(1).ok_or(ClockError::EpochExhausted)
    }

    /// The epoch that clocks are carried over from; its own if there is none.
    fn previous_epoch(&self) -> u64 {
        match self.succession {
            Succession::First => self.epoch,
            // A roster that followed another has an epoch above 0.
            Succession::Admitted { .. } | Succession::Retired { .. } => {
                self.epoch.saturating_sub(1)
            }
        }
    }

    fn previous_width(&self) -> usize {
        let width = self.actors.len();
        match self.succession {
            Succession::First => width,
            Succession::Admitted { .. } => width.saturating_sub(1),
            Succession::Retired { .. } => width.saturating_add(1),
        }
    }
}

/// `epoch 4: a, b`.
impl<A: fmt::Display> fmt::Display for Roster<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}:", self.epoch)?;
        for (slot, actor) in self.actors.iter().enumerate() {
            let separator = if slot == 0 { " " } else { ", " };
            write!(f, "{separator}{actor}")?;
        }
        Ok(())
    }
}

/// Refuses a clock with events in slots beyond a width.
fn check_events_within(clock: &VectorClock, slots: usize) -> Result<(), ClockError> {
    let surplus = kernel::beyond(clock.as_slice(), slots);
    match surplus.iter().position(|&counter| counter > 0) {
        Some(offset) => Err(ClockError::UnknownSlot {
            slot: slots.saturating_add(offset),
            slots,
        }),
        None => Ok(()),
    }
}

/// The entries with one more at `slot`.
fn insert(entries: impl Iterator<Item = u64> + Clone, slot: usize, entry: u64) -> Vec<u64> {
    let tail = entries.clone().skip(slot);
    entries.take(slot).chain([entry]).chain(tail).collect()
}

/// The entries without the one at `slot`.
fn remove(entries: impl Iterator<Item = u64>, slot: usize) -> Vec<u64> {
    let others = entries.enumerate().filter(|&(other, _)| other != slot);
    others.map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_actors_are_decoded_than_a_roster_may_have() {
        let decode = |count, succession| Roster::from_parts(1, (0..count).collect(), succession);
        let slots_max = VectorClock::SLOTS_MAX;
        assert!(decode(slots_max, Succession::First).is_ok());
        let refused = decode(slots_max + 1, Succession::First);
        assert_eq!(refused, Err(Defect::TooMany));
        // The one that was dropped had a slot too.
        let (actor, last) = (usize::MAX, 0);
        let refused = decode(slots_max, Succession::Retired { actor, last });
        assert_eq!(refused, Err(Defect::NotCanonical));
    }
}
