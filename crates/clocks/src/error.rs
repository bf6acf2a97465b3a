//! Why a clock refused an operation.

use core::fmt;

/// Why a clock refused an operation. The clock is then exactly as it was before the call.
///
/// ```
/// use clocks::{ClockError, VectorClock};
///
/// let mut clock = VectorClock::new(3)?;
/// assert_eq!(clock.tick(3), Err(ClockError::UnknownSlot { slot: 3, slots: 3 }));
/// # Ok::<(), ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockError {
    /// The next Lamport time would not fit in 64 bits.
    TimeExhausted,
    /// The next counter of a vector clock's slot would not fit in 64 bits.
    CounterExhausted {
        /// The slot that can count no further.
        slot: usize,
    },
    /// The clock has no such slot: the caller named one, or a merged clock has events in one.
    UnknownSlot {
        /// The slot that was asked for.
        slot: usize,
        /// How many slots this clock has: the valid ones are `0..slots`.
        slots: usize,
    },
    /// A vector clock of that width is not allowed.
    TooManySlots {
        /// The width that was asked for.
        slots: usize,
        /// The greatest width allowed: [`VectorClock::SLOTS_MAX`](crate::VectorClock::SLOTS_MAX).
        slots_max: usize,
    },
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeExhausted => f.write_str("the Lamport time would exceed 64 bits"),
            Self::CounterExhausted { slot } => {
                write!(f, "the counter of slot {slot} would exceed 64 bits")
            }
            Self::UnknownSlot { slot, slots } => {
                write!(f, "slot {slot} is unknown to a clock of {slots} slots")
            }
            Self::TooManySlots { slots, slots_max } => {
                write!(
                    f,
                    "a clock of {slots} slots exceeds the limit of {slots_max}"
                )
            }
        }
    }
}

impl core::error::Error for ClockError {}
