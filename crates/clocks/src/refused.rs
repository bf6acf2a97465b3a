//! A value that was refused, handed back.

use core::fmt;

use crate::ClockError;

/// A value that was not taken, and why. The value is there to be used again.
///
/// ```
/// use clocks::{ClockError, Refused};
///
/// let refused = Refused { value: "milk", error: ClockError::CounterExhausted };
/// assert_eq!(refused.to_string(), "refused: the counter would exceed 64 bits");
/// assert_eq!(refused.value, "milk");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Refused<V> {
    /// The value, as it was given.
    pub value: V,
    /// Why it was refused.
    pub error: ClockError,
}

// Neither form shows the value: it may be large, or secret, and need not be printable.
impl<V> fmt::Debug for Refused<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<V> fmt::Display for Refused<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.error)
    }
}

impl<V> core::error::Error for Refused<V> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<V> From<Refused<V>> for ClockError {
    fn from(refused: Refused<V>) -> Self {
        refused.error
    }
}
