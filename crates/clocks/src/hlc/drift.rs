//! How far ahead of the own wall clock a received stamp may stand.

use super::HlcStamp;
use crate::ClockError;

/// What a clock does with a received stamp that is too far ahead of its own wall clock.
///
/// A hybrid clock moves to what it receives, so without a bound one peer with a wrong or hostile
/// clock drags everybody into the future, and nobody can go back. The bound is on what is received,
/// never on what is sent, and only on what is ahead: a stamp from long ago is always welcome, and so
/// is one that moves a clock only in the first half of its last millisecond.
///
/// The bound says how far apart the wall clocks of honest peers may be. It does not say how far a
/// restarted clock may stand ahead ([`Hlc::restore`](super::Hlc::restore) takes its own bound), nor
/// when the own wall clock is wrong ([`Hlc::ahead_ms`](super::Hlc::ahead_ms) shows that).
///
/// There is no default: choose.
///
/// ```
/// use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};
///
/// let far = HlcStamp::new(9_000, 0)?;
/// let mut strict = Hlc::new(DriftPolicy::Reject { ahead_max_ms: 500 });
/// let refused = ClockError::TooFarAhead { ahead_ms: 8_000, ahead_max_ms: 500 };
/// assert_eq!(strict.receive(1_000, far), Err(refused));
/// let mut lenient = Hlc::new(DriftPolicy::Clamp { ahead_max_ms: 500 });
/// assert_eq!(lenient.receive(1_000, far)?.physical_ms(), 1_500);
/// let mut trusting = Hlc::new(DriftPolicy::Off);
/// assert_eq!(trusting.receive(1_000, far)?.physical_ms(), 9_000);
/// # Ok::<(), ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DriftPolicy {
    /// Refuses the message: [`ClockError::TooFarAhead`]. Nothing that was accepted is ever
    /// misordered. The usual bound is 500 ms; 0 accepts nothing beyond the current millisecond.
    Reject {
        /// How many milliseconds ahead of `now` the receipt may be stamped.
        ahead_max_ms: u64,
    },
    /// Receives the message as if it stood at the bound.
    ///
    /// The receipt is still stamped above everything this clock issued or accepted, and within the
    /// bound. It gives up the order against this one message: the receipt is **not** above its
    /// stamp. A caller sees that by `received <= remote`.
    Clamp {
        /// How many milliseconds ahead of `now` the receipt may be stamped.
        ahead_max_ms: u64,
    },
    /// Believes every stamp. One message can then move the clock to the end of time, after which
    /// it issues nothing more. Only for peers that cannot be wrong, such as a simulation's.
    Off,
}

impl DriftPolicy {
    /// The stamp above which a receipt at `now_ms` must stand, or why the message is refused.
    #[inline]
    pub(super) fn admit(self, now_ms: u64, remote: HlcStamp) -> Result<HlcStamp, ClockError> {
        let (Self::Reject { ahead_max_ms } | Self::Clamp { ahead_max_ms }) = self else {
            return Ok(remote);
        };
        let bound = HlcStamp::last_followed_within(now_ms.saturating_add(ahead_max_ms));
        match self {
            _ if remote <= bound => Ok(remote),
            Self::Clamp { .. } => Ok(bound),
            _ => Err(ClockError::TooFarAhead {
                ahead_ms: remote.next_physical_ms().saturating_sub(now_ms),
                ahead_max_ms,
            }),
        }
    }
}
