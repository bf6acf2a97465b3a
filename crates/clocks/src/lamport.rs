//! Lamport's scalar clock and the total order built on it.
//!
//! Lamport 1978, section "Logical Clocks":
//! - IR1: a process increments its clock between any two successive events;
//! - IR2: a message carries its sender's time, and its receiver sets its clock above that time.
//!
//! Invariant: if event `a` happened before event `b`, then `time(a) < time(b)`. The converse does
//! not hold. Time never falls, and a refused operation leaves it alone.

use core::fmt;

use crate::ClockError;

/// Lamport's logical clock: one 64-bit counter per process.
///
/// Time 0 means that nothing has happened yet, so the first event has time 1. Every operation
/// takes constant time. The clock is not `Copy`, so that it cannot be advanced by mistake on a
/// forgotten copy.
///
/// Source: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978).
///
/// ```
/// use clocks::Lamport;
///
/// let (mut alice, mut bob) = (Lamport::new(), Lamport::new());
/// let sent = alice.send()?;
/// let received = bob.receive(sent)?;
/// assert!(sent < received);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Lamport {
    time: u64,
}

impl Lamport {
    /// A clock at time 0, before any event.
    ///
    /// ```
    /// assert_eq!(clocks::Lamport::new().time(), 0);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::from_time(0)
    }

    /// A clock that continues after `time`, for example after the last time that was persisted.
    ///
    /// ```
    /// let mut clock = clocks::Lamport::from_time(41);
    /// assert_eq!(clock.tick(), Ok(42));
    /// ```
    #[must_use]
    pub const fn from_time(time: u64) -> Self {
        Self { time }
    }

    /// Advances the clock for an event inside the process, and returns the time of that event.
    ///
    /// # Errors
    ///
    /// [`ClockError::TimeExhausted`] at [`u64::MAX`]; the clock is unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, Lamport};
    ///
    /// let mut clock = Lamport::new();
    /// assert_eq!(clock.tick(), Ok(1));
    /// assert_eq!(clock.tick(), Ok(2));
    /// assert_eq!(Lamport::from_time(u64::MAX).tick(), Err(ClockError::TimeExhausted));
    /// ```
    pub fn tick(&mut self) -> Result<u64, ClockError> {
        self.advance_past(self.time)
    }

    /// Advances the clock for the sending of a message, and returns the time the message carries.
    ///
    /// # Errors
    ///
    /// [`ClockError::TimeExhausted`] at [`u64::MAX`]; the clock is unchanged.
    ///
    /// ```
    /// let mut clock = clocks::Lamport::new();
    /// assert_eq!(clock.send(), Ok(1));
    /// ```
    pub fn send(&mut self) -> Result<u64, ClockError> {
        self.tick()
    }

    /// Advances the clock for the receipt of a message that carries the time `remote`, and returns
    /// the time of the receipt: one above both clocks.
    ///
    /// # Errors
    ///
    /// [`ClockError::TimeExhausted`] if either clock stands at [`u64::MAX`]; the clock is
    /// unchanged.
    ///
    /// ```
    /// use clocks::{ClockError, Lamport};
    ///
    /// let mut clock = Lamport::from_time(3);
    /// assert_eq!(clock.receive(7), Ok(8));
    /// assert_eq!(clock.receive(2), Ok(9));
    /// assert_eq!(clock.receive(u64::MAX), Err(ClockError::TimeExhausted));
    /// assert_eq!(clock.time(), 9);
    /// ```
    pub fn receive(&mut self, remote: u64) -> Result<u64, ClockError> {
        self.advance_past(self.time.max(remote))
    }

    /// The time of the latest event, 0 if there was none.
    ///
    /// ```
    /// assert_eq!(clocks::Lamport::from_time(5).time(), 5);
    /// ```
    #[must_use]
    pub const fn time(&self) -> u64 {
        self.time
    }

    fn advance_past(&mut self, latest: u64) -> Result<u64, ClockError> {
        self.time = latest.checked_add(1).ok_or(ClockError::TimeExhausted)?;
        Ok(self.time)
    }
}

/// The time alone, as a number.
impl fmt::Display for Lamport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.time, f)
    }
}

/// A Lamport time and the actor whose event it stamps: Lamport's total order of all events.
///
/// Ordered by time, and events of equal time by actor (Lamport 1978, section "Ordering the Events
/// Totally"). The order extends happened-before; which of two concurrent events comes first is
/// arbitrary, but the same for every observer. It is total, and stamps are unique, as long as each
/// actor has one clock.
///
/// ```
/// use clocks::{Lamport, LamportStamp};
///
/// let (mut a, mut b) = (Lamport::new(), Lamport::new());
/// let first = LamportStamp::new(a.tick()?, "a");
/// let second = LamportStamp::new(b.tick()?, "b");
/// let third = LamportStamp::new(a.receive(second.time)?, "a");
/// assert!(first < second && second < third);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct LamportStamp<A> {
    // The derived order compares the fields from the top: time must stay first.
    /// The Lamport time of the event.
    pub time: u64,
    /// The actor at which the event happened. Decides between equal times.
    pub actor: A,
}

impl<A> LamportStamp<A> {
    /// The stamp of the event that `actor` had at `time`.
    ///
    /// ```
    /// use clocks::LamportStamp;
    ///
    /// assert_eq!(LamportStamp::new(7, "a").to_string(), "7@a");
    /// ```
    #[must_use]
    pub const fn new(time: u64, actor: A) -> Self {
        Self { time, actor }
    }
}

/// `time@actor`.
impl<A: fmt::Display> fmt::Display for LamportStamp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time, self.actor)
    }
}
