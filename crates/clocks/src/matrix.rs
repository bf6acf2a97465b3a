//! What everybody is known to know.
//!
//! Rules (Wuu and Bernstein 1984, section 3; Sarin and Lynch 1987), for the clock of the actor in
//! slot `i`, whose row `k` is what the actor in slot `k` is known to know:
//! - tick and send: entry `i` of row `i` grows by one;
//! - receive a message from `j`: row `i` is joined with the sender's row `j`, which is what the
//!   sender knows, and every row `k` with the sender's row `k`; then it ticks.
//!
//! Invariants: the own row is at or above every row, since to know what another knows is to know it;
//! all rows have one epoch and one width, which is the number of rows.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClockError, Defect, Dot, Roster, VectorClock, stability};

/// A matrix clock: row `k` is a [`VectorClock`] of what the actor in slot `k` is known to know.
///
/// The own row is an ordinary vector clock. The others answer what a vector clock cannot: whether
/// somebody else has seen an event ([`knows`](Self::knows)), and whether everybody has
/// ([`cut`](Self::cut)), also by hearsay. The price is its size. Where members report to each other
/// directly, [`Stability`](crate::Stability) learns the same from vector clocks.
///
/// Space: 8 bytes for each pair of slots, also on the wire in the worst case; a row that lags little
/// behind the own is written in a byte a slot. At most [`SLOTS_MAX`](Self::SLOTS_MAX) slots.
///
/// Sources: Wuu and Bernstein, "Efficient Solutions to the Replicated Log and Dictionary Problems"
/// (1984); Sarin and Lynch, "Discarding Obsolete Information in a Replicated Database System" (1987).
///
/// ```
/// use clocks::{Dot, MatrixClock, Roster};
///
/// let roster = Roster::new(1, ["a", "b"])?;
/// let mut a = MatrixClock::of(&roster, &"a")?;
/// let mut b = MatrixClock::of(&roster, &"b")?;
/// b.receive(a.send()?)?;
/// let write = Dot::new(0, 1).unwrap();
/// assert!(!a.knows(1, write), "a has not heard that b knows");
/// a.receive(b.send()?)?;
/// assert!(a.knows(1, write));
/// assert!(a.cut().contains(write), "everybody knows");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(PartialEq, Eq, Hash)]
pub struct MatrixClock {
    slot: usize,
    own: VectorClock,
    /// The rows of all others, in the order of their slots.
    others: Vec<VectorClock>,
}

impl MatrixClock {
    /// The greatest width, also when it is decoded: 1,024 slots, 8 MiB.
    pub const SLOTS_MAX: usize = 1 << 10;

    /// The clock of `actor` before any event. O(slots²).
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownActor`]; [`ClockError::TooManySlots`] above
    /// [`SLOTS_MAX`](Self::SLOTS_MAX).
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// assert_eq!(MatrixClock::of(&roster, &"b")?.slot(), 1);
    /// assert!(MatrixClock::of(&roster, &"c").is_err());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn of<A: Ord>(roster: &Roster<A>, actor: &A) -> Result<Self, ClockError> {
        let slot = roster.slot(actor).ok_or(ClockError::UnknownActor)?;
        let slots = roster.actors().len();
        Self::check_width(slots)?;
        let others = roster.actors().iter().skip(1);
        Ok(Self {
            slot,
            own: roster.clock(),
            others: others.map(|_| roster.clock()).collect(),
        })
    }

    /// Counts one event of the own actor, and returns its name. O(1).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] at [`u64::MAX`]. The clock is then unchanged.
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster};
    ///
    /// let mut clock = MatrixClock::of(&Roster::new(1, ["a", "b"])?, &"b")?;
    /// assert_eq!(clock.tick()?.to_string(), "1:1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn tick(&mut self) -> Result<Dot<usize>, ClockError> {
        self.own.tick(self.slot)
    }

    /// Counts the sending of a message, and returns the clock that it must carry: borrowed, clone
    /// it into the message. O(1).
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick).
    pub fn send(&mut self) -> Result<&Self, ClockError> {
        self.tick()?;
        Ok(self)
    }

    /// Counts the receipt of a message that carries the clock `remote`, and returns the name of that
    /// event. O(slots²), no allocation.
    ///
    /// # Errors
    ///
    /// Those of [`merge`](Self::merge); [`ClockError::CounterExhausted`]. The clock is then
    /// unchanged.
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let (mut a, mut b) = (MatrixClock::of(&roster, &"a")?, MatrixClock::of(&roster, &"b")?);
    /// b.receive(a.send()?)?;
    /// assert_eq!(b.clock().as_slice(), [1, 1]);
    /// assert_eq!(b.row(0).unwrap().as_slice(), [1, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn receive(&mut self, remote: &Self) -> Result<Dot<usize>, ClockError> {
        self.check_fits(remote)?;
        let slot = self.slot;
        if self.own.get(slot).max(remote.own.get(slot)) == u64::MAX {
            return Err(ClockError::CounterExhausted);
        }
        self.merge(remote)?;
        self.tick()
    }

    /// Learns all that `remote` knows, without counting an event, and tells if something was news.
    /// O(slots²), no allocation.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::WidthMismatch`]. The clock is then unchanged.
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster};
    ///
    /// let roster = Roster::new(1, ["a", "b"])?;
    /// let (mut a, mut b) = (MatrixClock::of(&roster, &"a")?, MatrixClock::of(&roster, &"b")?);
    /// assert!(b.merge(a.send()?)?);
    /// assert!(!b.merge(&a)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, remote: &Self) -> Result<bool, ClockError> {
        self.check_fits(remote)?;
        let mut is_news = false;
        let others = (0..remote.slots()).filter(|&slot| slot != self.slot);
        for (own, slot) in self.others.iter_mut().zip(others) {
            if let Some(row) = remote.row(slot) {
                is_news |= own.merge(row)?;
            }
        }
        // No row of the sender is above its own.
        is_news |= self.own.merge(&remote.own)?;
        Ok(is_news)
    }

    /// Whether the actor in `slot` is known to know the event: it need not be told. O(1).
    ///
    /// ```
    /// use clocks::{Dot, MatrixClock, Roster};
    ///
    /// let mut clock = MatrixClock::of(&Roster::new(1, ["a", "b"])?, &"a")?;
    /// let dot = clock.tick()?;
    /// assert!(clock.knows(0, dot) && !clock.knows(1, dot));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn knows(&self, slot: usize, dot: Dot<usize>) -> bool {
        self.row(slot).is_some_and(|row| row.contains(dot))
    }

    /// What everybody is known to know. O(slots²).
    ///
    /// What it contains may be forgotten. It proves nothing about who has left: to
    /// [retire](Roster::retire) somebody, hand the clock to
    /// [`Stability::report_matrix`](crate::Stability::report_matrix).
    ///
    /// ```
    /// use clocks::{MatrixClock, Roster};
    ///
    /// let mut clock = MatrixClock::of(&Roster::new(1, ["a"])?, &"a")?;
    /// let dot = clock.tick()?;
    /// assert!(clock.cut().contains(dot));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn cut(&self) -> VectorClock {
        let empty = VectorClock::zeros(self.epoch(), self.slots());
        stability::meet(empty, self.rows())
    }

    /// The own vector clock: what this actor knows.
    #[must_use]
    pub const fn clock(&self) -> &VectorClock {
        &self.own
    }

    /// What the actor in `slot` is known to know; nothing beyond the width.
    #[must_use]
    pub fn row(&self, slot: usize) -> Option<&VectorClock> {
        if slot == self.slot {
            return Some(&self.own);
        }
        // The own row is not among the others.
        self.others.get(slot - usize::from(slot > self.slot))
    }

    /// Every row, in the order of the slots.
    pub fn rows(&self) -> impl Iterator<Item = &VectorClock> {
        (0..self.slots()).filter_map(|slot| self.row(slot))
    }

    /// Whose clock this is.
    #[must_use]
    pub const fn slot(&self) -> usize {
        self.slot
    }

    /// How many actors it knows of.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.others.len().saturating_add(1)
    }

    /// The epoch of the roster under which it counts.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.clock().epoch()
    }

    pub(crate) fn check_width(slots: usize) -> Result<(), ClockError> {
        let slots_max = Self::SLOTS_MAX;
        if slots > slots_max {
            return Err(ClockError::TooManySlots { slots, slots_max });
        }
        Ok(())
    }

    /// The clock of these parts, if they can be one: for decoding.
    pub(crate) fn from_parts(
        slot: usize,
        own: VectorClock,
        others: Vec<VectorClock>,
    ) -> Result<Self, Defect> {
        let width = own.slots();
        if width > Self::SLOTS_MAX {
            return Err(Defect::TooMany);
        }
        if slot >= width || others.len() != width - 1 {
            return Err(Defect::NotCanonical);
        }
        // Also refuses a row of another epoch.
        if !others.iter().all(|row| row.slots() == width && *row <= own) {
            return Err(Defect::NotCanonical);
        }
        Ok(Self { slot, own, others })
    }

    /// The rows of all others, in the order of their slots.
    #[cfg(feature = "serde")]
    pub(crate) fn others(&self) -> &[VectorClock] {
        &self.others
    }

    fn check_fits(&self, remote: &Self) -> Result<(), ClockError> {
        let (own, other) = (self.epoch(), remote.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let (own, other) = (self.slots(), remote.slots());
        if own != other {
            return Err(ClockError::WidthMismatch { own, other });
        }
        Ok(())
    }
}

impl Clone for MatrixClock {
    fn clone(&self) -> Self {
        Self {
            slot: self.slot,
            own: self.own.clone(),
            others: self.others.clone(),
        }
    }

    // A derive would allocate afresh.
    fn clone_from(&mut self, source: &Self) {
        self.slot = source.slot;
        self.own.clone_from(&source.own);
        self.others.clone_from(&source.others);
    }
}

/// The own slot and every row, such as `MatrixClock of 0 [VectorClock[1, 0], VectorClock[0, 0]]`.
impl fmt::Debug for MatrixClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatrixClock of {} ", self.slot)?;
        f.debug_list().entries(self.rows()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn no_more_slots_are_decoded_than_a_clock_may_have() {
        let slots = MatrixClock::SLOTS_MAX + 1;
        let row = VectorClock::zeros(0, slots);
        let decoded = MatrixClock::from_parts(0, row.clone(), vec![row; slots - 1]);
        assert_eq!(decoded, Err(Defect::TooMany));
    }
}
