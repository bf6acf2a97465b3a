//! One 64-bit number for a hybrid logical time.

use core::fmt;

use crate::ClockError;

/// The time of one event on a hybrid logical clock: milliseconds since the Unix epoch in the upper
/// 48 bits, and a count of events within the millisecond in the lower 16.
///
/// Ordered as the number is: by milliseconds, then by count. The count is not a separate field that
/// can overflow: after 65,535 comes 0 of the next millisecond, so the stamp after any but the last
/// is the number after it. 48 bits of milliseconds last until the year 10889.
///
/// Stamps of one clock are unique. Two clocks may issue equal stamps: the pair `(HlcStamp, A)` of a
/// stamp and its actor is the total order of all events, as [`LamportStamp`](crate::LamportStamp)
/// is for Lamport times.
///
/// Every 64-bit number is a stamp, so [`from_u64`](Self::from_u64) and decoding cannot fail. 8 bytes,
/// in memory and on the wire.
///
/// Source: Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks and Consistent
/// Snapshots in Globally Distributed Databases" (2014), on compact timestamping.
///
/// ```
/// use clocks::HlcStamp;
///
/// let stamp = HlcStamp::new(1_700_000_000_000, 3)?;
/// assert_eq!((stamp.physical_ms(), stamp.logical()), (1_700_000_000_000, 3));
/// assert_eq!(HlcStamp::from_u64(stamp.as_u64()), stamp);
/// assert!((stamp, "a") < (stamp, "b"));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
#[must_use]
pub struct HlcStamp(u64);

impl HlcStamp {
    /// How many of the bits count events within a millisecond.
    pub const LOGICAL_BITS: u32 = u16::BITS;

    /// The greatest number of milliseconds since the epoch: 2^48 - 1.
    pub const PHYSICAL_MS_MAX: u64 = u64::MAX >> Self::LOGICAL_BITS;

    /// The stamp below all others: the epoch itself. No clock issues it.
    pub const MIN: Self = Self(0);

    /// The stamp above all others: the end of time.
    pub const MAX: Self = Self(u64::MAX);

    /// The stamp with this many milliseconds since the Unix epoch, and this count.
    ///
    /// # Errors
    ///
    /// [`ClockError::TimeExhausted`] above [`PHYSICAL_MS_MAX`](Self::PHYSICAL_MS_MAX).
    ///
    /// ```
    /// use clocks::{ClockError, HlcStamp};
    ///
    /// assert_eq!(HlcStamp::new(1 << 48, 0), Err(ClockError::TimeExhausted));
    /// ```
    pub const fn new(physical_ms: u64, logical: u16) -> Result<Self, ClockError> {
        if physical_ms > Self::PHYSICAL_MS_MAX {
            return Err(ClockError::TimeExhausted);
        }
        Ok(Self((physical_ms << Self::LOGICAL_BITS) | logical as u64))
    }

    /// The stamp that is this number.
    ///
    /// ```
    /// assert_eq!(clocks::HlcStamp::from_u64(65_536).physical_ms(), 1);
    /// ```
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The stamp as a number, in the same order.
    ///
    /// ```
    /// assert_eq!(clocks::HlcStamp::new(1, 2)?.as_u64(), 65_538);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Eight bytes whose order, compared as text or as keys of a store, is that of the stamps.
    ///
    /// ```
    /// use clocks::HlcStamp;
    ///
    /// let (early, late) = (HlcStamp::new(1, 0xffff)?, HlcStamp::new(2, 0)?);
    /// assert!(early.to_be_bytes() < late.to_be_bytes());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The stamp of which [`to_be_bytes`](Self::to_be_bytes) gave these bytes.
    ///
    /// ```
    /// assert_eq!(clocks::HlcStamp::from_be_bytes([0, 0, 0, 0, 0, 1, 0, 2]).to_string(), "1+2");
    /// ```
    pub const fn from_be_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// Milliseconds since the Unix epoch.
    ///
    /// ```
    /// assert_eq!(clocks::HlcStamp::MAX.physical_ms(), clocks::HlcStamp::PHYSICAL_MS_MAX);
    /// ```
    #[must_use]
    pub const fn physical_ms(self) -> u64 {
        self.0 >> Self::LOGICAL_BITS
    }

    /// The count within the millisecond.
    ///
    /// ```
    /// assert_eq!(clocks::HlcStamp::MAX.logical(), 0xffff);
    /// ```
    #[must_use]
    pub const fn logical(self) -> u16 {
        (self.0 & Self::LOGICAL_MAX) as u16
    }

    const LOGICAL_MAX: u64 = (1 << Self::LOGICAL_BITS) - 1;

    /// Where the second half of a millisecond's count begins.
    const LOGICAL_HALF: u16 = 1 << (Self::LOGICAL_BITS - 1);

    /// The first stamp of a millisecond.
    pub(super) const fn start_of(physical_ms: u64) -> Result<Self, ClockError> {
        Self::new(physical_ms, 0)
    }

    /// The last stamp whose successor still lies in this millisecond; the end of time if there is
    /// no later millisecond.
    pub(super) const fn last_followed_within(physical_ms: u64) -> Self {
        if physical_ms >= Self::PHYSICAL_MS_MAX {
            return Self::MAX;
        }
        Self((physical_ms << Self::LOGICAL_BITS) | (Self::LOGICAL_MAX - 1))
    }

    /// Whether the count alone leads to `later`, and not into the second half of the millisecond.
    ///
    /// Half of it is left to count before a carry: if every count were near, two events would be
    /// enough to move on by a millisecond.
    pub(super) const fn is_near_by_count(self, later: Self) -> bool {
        self.physical_ms() == later.physical_ms() && later.logical() < Self::LOGICAL_HALF
    }

    /// The millisecond in which the next stamp lies.
    pub(super) const fn next_physical_ms(self) -> u64 {
        let has_carry = self.0 & Self::LOGICAL_MAX == Self::LOGICAL_MAX;
        self.physical_ms().saturating_add(has_carry as u64)
    }

    /// The next stamp; nothing after the end of time.
    pub(super) const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

/// `milliseconds+count`.
impl fmt::Display for HlcStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.physical_ms(), self.logical())
    }
}
