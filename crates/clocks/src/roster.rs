//! Who has which slot of a dense clock, and since when.
//!
//! A dense clock counts by slot. A roster says whose slot it is: the actors in sorted order, each
//! in the slot of its rank, so that two who agree on the set agree on the slots. Whenever the set
//! changes the epoch does, and a clock carries the epoch under which it counts: clocks of different
//! epochs never meet without a typed error.
//!
//! Invariants: actors are strictly sorted; a roster never changes, a change makes the roster of the
//! next epoch.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClockError, VectorClock};

/// The actors of an epoch, each with its slot.
///
/// Everybody who exchanges clocks of an epoch must have the same roster for it: agree on it as on
/// any configuration, by consensus or by hand. Epoch 0 is that of clocks made without a roster.
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
        Ok(Self { epoch, actors })
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
