//! An actor whose memory can be lost: its name, and which of its lives this is.

use core::fmt;

use crate::ClockError;

/// An actor in one of its lives.
///
/// A clock is safe only as long as no actor counts the same number twice. An actor that lost its
/// state, or was restored from a backup, has forgotten which numbers it used: if it went on under
/// its old name it would name new events with old dots, and everybody would take them for events
/// already seen, and drop them. So it goes on as another actor: same `id`, next `incarnation`.
///
/// The incarnation must come from somewhere that survives the loss, or is unique by construction:
/// a counter in the cluster's configuration, a lease, the time of start where clocks can be trusted
/// to have moved on, or random bits.
///
/// Lives of one actor are different actors to every clock; the old one is dropped like any actor
/// that has left, when [`Roster::retire`](crate::Roster::retire) allows it.
///
/// ```
/// use clocks::Actor;
///
/// let before = Actor::new("paris", 1);
/// let restored = before.next_life()?;
/// assert_ne!(before, restored);
/// assert_eq!(restored.to_string(), "paris#2");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Actor<I> {
    // The derived order compares the fields from the top: lives of one actor stand together.
    /// The name that the actor keeps.
    pub id: I,
    /// Which of its lives, greater for later ones.
    pub incarnation: u64,
}

impl<I> Actor<I> {
    /// The actor `id` in the life numbered `incarnation`.
    ///
    /// ```
    /// assert_eq!(clocks::Actor::new(7, 0).to_string(), "7#0");
    /// ```
    #[must_use]
    pub const fn new(id: I, incarnation: u64) -> Self {
        Self { id, incarnation }
    }

    /// The same actor in the life after this one.
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] at [`u64::MAX`].
    ///
    /// ```
    /// use clocks::{Actor, ClockError};
    ///
    /// assert_eq!(Actor::new(7, 0).next_life(), Ok(Actor::new(7, 1)));
    /// assert_eq!(Actor::new(7, u64::MAX).next_life(), Err(ClockError::CounterExhausted));
    /// ```
    pub fn next_life(self) -> Result<Self, ClockError> {
        let incarnation = self
            .incarnation
            .checked_add(1)
            .ok_or(ClockError::CounterExhausted)?;
        Ok(Self {
            id: self.id,
            incarnation,
        })
    }
}

/// `id#incarnation`.
impl<I: fmt::Display> fmt::Display for Actor<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.id, self.incarnation)
    }
}
