//! The four ways two events can stand to each other.

use core::cmp::Ordering;
use core::fmt;

/// How one event, or the clock that stamps it, stands to another.
///
/// *Happened before* is the partial order of Lamport, "Time, Clocks, and the Ordering of Events in
/// a Distributed System" (1978), section "The Partial Ordering". Two different events of which
/// neither happened before the other are concurrent.
///
/// ```
/// use clocks::{Causality, VectorClock};
///
/// let earlier = VectorClock::from_counters(&[1, 0])?;
/// let later = VectorClock::from_counters(&[1, 2])?;
/// assert_eq!(earlier.compare(&later)?, Causality::Before);
/// assert_eq!(later.compare(&earlier)?, Causality::After);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Causality {
    /// Both are the same point in the history.
    Equal,
    /// The first happened before the second.
    Before,
    /// The second happened before the first.
    After,
    /// Neither can have influenced the other.
    Concurrent,
}

impl Causality {
    /// The answer with the two sides exchanged.
    ///
    /// ```
    /// use clocks::Causality;
    ///
    /// assert_eq!(Causality::Before.reverse(), Causality::After);
    /// assert_eq!(Causality::Concurrent.reverse(), Causality::Concurrent);
    /// ```
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
            Self::Equal | Self::Concurrent => self,
        }
    }

    /// The same answer in the terms of [`PartialOrd`]: concurrent has no ordering.
    ///
    /// ```
    /// use clocks::Causality;
    /// use core::cmp::Ordering;
    ///
    /// assert_eq!(Causality::Before.ordering(), Some(Ordering::Less));
    /// assert_eq!(Causality::Concurrent.ordering(), None);
    /// ```
    #[must_use]
    pub const fn ordering(self) -> Option<Ordering> {
        match self {
            Self::Equal => Some(Ordering::Equal),
            Self::Before => Some(Ordering::Less),
            Self::After => Some(Ordering::Greater),
            Self::Concurrent => None,
        }
    }
}

/// The field's word in lower case: `equal`, `before`, `after`, `concurrent`.
impl fmt::Display for Causality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Equal => "equal",
            Self::Before => "before",
            Self::After => "after",
            Self::Concurrent => "concurrent",
        })
    }
}
