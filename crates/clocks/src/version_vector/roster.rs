//! From slots to names and back.

use alloc::vec;

use super::VersionVector;
use crate::{ClockError, Dot, Roster, VectorClock};

impl<A: Ord + Clone> Roster<A> {
    /// What a clock of this epoch says, with the actors' names in place of their slots: to keep or
    /// send it where the roster is not known.
    ///
    /// O(slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::UnknownSlot`] if the clock has an event in a slot
    /// that the roster does not have.
    ///
    /// ```
    /// use clocks::Roster;
    ///
    /// let roster = Roster::new(1, ["paris", "lima"])?;
    /// let mut clock = roster.clock();
    /// clock.tick(roster.slot(&"paris").expect("a member"))?;
    /// assert_eq!(roster.to_sparse(&clock)?.to_string(), "{paris:1}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn to_sparse(&self, clock: &VectorClock) -> Result<VersionVector<A>, ClockError> {
        let (own, other) = (self.epoch(), clock.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let slots = self.actors().len();
        let mut beyond = clock.iter().skip(slots);
        if let Some((slot, _)) = beyond.find(|&(_, counter)| counter > 0) {
            return Err(ClockError::UnknownSlot { slot, slots });
        }
        let counters = self.actors().iter().zip(clock.as_slice());
        let dots = counters.filter_map(|(actor, &counter)| Dot::new(actor, counter));
        Ok(VersionVector::from_sorted(
            dots.map(|dot| dot.map(A::clone)),
        ))
    }

    /// What a sparse vector says, as a clock of this epoch.
    ///
    /// O(entries · log actors).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownActor`] if the vector has an event of an actor that is not in the roster:
    /// a clock without it would know less.
    ///
    /// ```
    /// use clocks::{ClockError, Roster, VersionVector};
    ///
    /// let roster = Roster::new(1, ["paris", "lima"])?;
    /// let clock = roster.to_dense(&VersionVector::from_pairs([("paris", 3)])?)?;
    /// assert_eq!((clock.epoch(), clock.as_slice()), (1, &[0, 3][..]));
    /// let stranger = VersionVector::from_pairs([("oslo", 1)])?;
    /// assert_eq!(roster.to_dense(&stranger), Err(ClockError::UnknownActor));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn to_dense(&self, vector: &VersionVector<A>) -> Result<VectorClock, ClockError> {
        let mut counters = vec![0; self.actors().len()];
        for (actor, counter) in vector {
            let slot = self.slot(actor).and_then(|slot| counters.get_mut(slot));
            *slot.ok_or(ClockError::UnknownActor)? = counter;
        }
        VectorClock::from_vec(self.epoch(), counters)
    }
}
