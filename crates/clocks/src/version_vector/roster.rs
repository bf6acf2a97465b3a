//! From slots to names and back.

use alloc::vec;
use core::fmt;

use super::VersionVector;
use crate::{ClockError, Dot, Roster, VectorClock};

/// What a dense clock says, with names in place of slots, and the epoch in which it holds.
///
/// An epoch says what is not written: of an actor that was [retired](Roster::retire), everybody in
/// the epochs after has seen all events, and in those before not. So a missing entry means another
/// thing in each epoch, and **the plain [`vector`](Self::vector) must meet no vector of another one**:
/// two that are concurrent would look ordered. To compare across epochs, make a clock of it with the
/// roster of its own epoch, and [carry](Roster::carry_forward) that over.
///
/// Space: 8 bytes and those of its [`VersionVector`].
///
/// ```
/// use clocks::{ClockError, Roster};
///
/// let roster = Roster::new(1, ["a", "b"])?;
/// let kept = roster.to_sparse(&roster.clock())?;
/// assert_eq!(kept.epoch(), 1);
/// let next = roster.admit("c")?;
/// let refused = next.to_dense(&kept);
/// assert_eq!(refused, Err(ClockError::EpochMismatch { own: 2, other: 1 }));
/// assert_eq!(next.carry_forward(&roster.to_dense(&kept)?)?, next.clock());
/// # Ok::<(), ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        deny_unknown_fields,
        bound(deserialize = "A: serde::Deserialize<'de> + Ord + Clone")
    )
)]
pub struct NamedClock<A> {
    epoch: u64,
    vector: VersionVector<A>,
}

impl<A> NamedClock<A> {
    /// What a vector says that was counted under the roster of `epoch`, and no other.
    ///
    /// ```
    /// use clocks::{NamedClock, VersionVector};
    ///
    /// let clock = NamedClock::new(3, VersionVector::from_pairs([("a", 1)])?);
    /// assert_eq!(clock.to_string(), "epoch 3: {a:1}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn new(epoch: u64, vector: VersionVector<A>) -> Self {
        Self { epoch, vector }
    }

    /// The epoch in which it holds.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its actors and counters: never to be joined or compared with those of another epoch.
    #[must_use]
    pub const fn vector(&self) -> &VersionVector<A> {
        &self.vector
    }

    /// Its actors and counters, without the epoch: see [`vector`](Self::vector).
    #[must_use]
    pub fn into_vector(self) -> VersionVector<A> {
        self.vector
    }
}

/// `epoch 3: {a:1}`.
impl<A: fmt::Display> fmt::Display for NamedClock<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}: {}", self.epoch, self.vector)
    }
}

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
    /// assert_eq!(roster.to_sparse(&clock)?.to_string(), "epoch 1: {paris:1}");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn to_sparse(&self, clock: &VectorClock) -> Result<NamedClock<A>, ClockError> {
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
        let vector = VersionVector::from_sorted(dots.map(|dot| dot.map(A::clone)));
        Ok(NamedClock::new(own, vector))
    }

    /// What a clock with names says, as one with slots.
    ///
    /// O(entries · log actors).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`] for one of another epoch, whatever its names: it may know less
    /// than its missing entries would say here. [`ClockError::UnknownActor`] if it has an event of an actor that is not in the roster:
    /// a clock without it would know less.
    ///
    /// ```
    /// use clocks::{ClockError, NamedClock, Roster, VersionVector};
    ///
    /// let roster = Roster::new(1, ["paris", "lima"])?;
    /// let named = NamedClock::new(1, VersionVector::from_pairs([("paris", 3)])?);
    /// let clock = roster.to_dense(&named)?;
    /// assert_eq!((clock.epoch(), clock.as_slice()), (1, &[0, 3][..]));
    /// let stranger = NamedClock::new(1, VersionVector::from_pairs([("oslo", 1)])?);
    /// assert_eq!(roster.to_dense(&stranger), Err(ClockError::UnknownActor));
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn to_dense(&self, clock: &NamedClock<A>) -> Result<VectorClock, ClockError> {
        let (own, other) = (self.epoch(), clock.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let mut counters = vec![0; self.actors().len()];
        for (actor, counter) in clock.vector() {
            let slot = self.slot(actor).and_then(|slot| counters.get_mut(slot));
            *slot.ok_or(ClockError::UnknownActor)? = counter;
        }
        VectorClock::from_vec(self.epoch(), counters)
    }
}
