//! What travels and what is stored: the process's own values, with the clock of the step they are
//! from.

use clocks::VectorClock;

/// A message with the clock of the step that sent it.
///
/// ```
/// use clocks::VectorClock;
/// use snapshot::Stamped;
/// let clock = VectorClock::from_counters(&[2, 0])?;
/// let stamped = Stamped { clock, message: "hello" };
/// assert_eq!(stamped.clock.get(0), 2);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Stamped<M> {
    /// The clock of the step that sent it.
    pub clock: VectorClock,
    /// The message of the process inside.
    pub message: M,
}

/// A record with the clock of the step that persisted it.
///
/// ```
/// use clocks::VectorClock;
/// use snapshot::StampedRecord;
/// let clock = VectorClock::from_counters(&[2, 0])?;
/// let reservation = StampedRecord::<u8> { clock, number_max: 1_000, record: None };
/// assert!(reservation.record.is_none());
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct StampedRecord<R> {
    /// The clock of the step that persisted it.
    pub clock: VectorClock,
    /// The greatest event number that the node may use before it persists a higher one.
    pub number_max: u64,
    /// The record of the process inside; `None` for one that only reserves event numbers.
    pub record: Option<R>,
}
