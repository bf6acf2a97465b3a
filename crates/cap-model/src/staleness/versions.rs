//! Staleness in versions: how likely a read returns one of the last k.
//!
//! If no replica outside a write's quorum ever hears of it (quorums that do not expand), a read of R
//! misses one write with probability p = C(N-W, R) / C(N, R), and k independent ones with p^k (Bailis and
//! others 2012, equation 2). Real stores spread writes further, so that for them 1 - p^k is a lower bound.

use core::fmt;

use super::{Quorums, StalenessError};

/// A fraction in lowest terms.
///
/// ```
/// use cap_model::staleness::{Quorums, Versions};
/// let miss = Versions::of(Quorums::new(3, 1, 1)?)?.miss();
/// assert_eq!(miss.to_string(), "2/3");
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// Above the line.
    #[must_use]
    pub const fn numerator(self) -> u128 {
        self.numerator
    }

    /// Below it; never zero.
    #[must_use]
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The nearest number, within 2^-51 of it relatively.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    fn times(self, numerator: u128, denominator: u128) -> Option<Self> {
        if numerator == 0 {
            let denominator = 1;
            return Some(Self {
                numerator,
                denominator,
            });
        }
        let across = divisor(self.numerator, denominator).max(1);
        let other = divisor(numerator, self.denominator).max(1);
        Some(Self {
            numerator: (self.numerator / across).checked_mul(numerator / other)?,
            denominator: (self.denominator / other).checked_mul(denominator / across)?,
        })
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// The greatest common divisor.
const fn divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How likely reads miss writes, counted in versions, if quorums do not expand.
///
/// ```
/// use cap_model::staleness::{Quorums, Versions};
/// let versions = Versions::of(Quorums::new(3, 1, 1)?)?;
/// // Of the last two versions, one is returned with probability 5/9.
/// assert_eq!(versions.within(2)?.to_string(), "5/9");
/// assert!((versions.within_probability(10) - 0.982_658).abs() < 1e-6);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Versions {
    miss: Fraction,
}

impl Versions {
    /// For these quorums. O(R log) arithmetic on 128 bits.
    ///
    /// # Errors
    ///
    /// The fraction does not fit 128 bits; with at most 64 replicas it does.
    pub fn of(quorums: Quorums) -> Result<Self, StalenessError> {
        Self::among(
            u64::from(quorums.replicas()),
            u64::from(quorums.read()),
            u64::from(quorums.write()),
        )
    }

    /// For more replicas than the other questions allow.
    ///
    /// # Errors
    ///
    /// A quorum that is not in 1..=`replicas`, or a fraction that does not fit 128 bits.
    ///
    /// ```
    /// use cap_model::staleness::Versions;
    /// let miss = Versions::among(100, 30, 30)?.miss().value();
    /// assert!((miss / 1.884_349_030_2e-6 - 1.0).abs() < 1e-10);
    /// # Ok::<(), cap_model::staleness::StalenessError>(())
    /// ```
    pub fn among(replicas: u64, read: u64, write: u64) -> Result<Self, StalenessError> {
        let fits = 1..=replicas;
        if !fits.contains(&read) || !fits.contains(&write) {
            let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            return Err(StalenessError::NotQuorums {
                replicas: small(replicas),
                read: small(read),
                write: small(write),
            });
        }
        let mut miss = Fraction {
            numerator: 1,
            denominator: 1,
        };
        // C(N-W, R) / C(N, R) = product of (N-W-i) / (N-i); zero as soon as a factor is.
        for i in 0..read {
            let others = u128::from((replicas - write).saturating_sub(i));
            miss = miss
                .times(others, u128::from(replicas - i))
                .ok_or(StalenessError::FractionOverflow)?;
            if others == 0 {
                break;
            }
        }
        Ok(Self { miss })
    }

    /// How likely a read misses the last write.
    #[must_use]
    pub const fn miss(self) -> Fraction {
        self.miss
    }

    /// How likely a read returns one of the last k versions, exactly: 1 - p^k.
    ///
    /// # Errors
    ///
    /// The fraction does not fit 128 bits.
    pub fn within(self, k: u32) -> Result<Fraction, StalenessError> {
        let overflow = StalenessError::FractionOverflow;
        let power = |base: u128| base.checked_pow(k);
        let parts = (power(self.miss.numerator), power(self.miss.denominator));
        let (Some(missed), Some(denominator)) = parts else {
            return Err(overflow);
        };
        // The parts of p have no common divisor, so the difference and the denominator have none.
        Ok(Fraction {
            numerator: denominator - missed,
            denominator,
        })
    }

    /// The same as a number, for every k.
    #[must_use]
    pub fn within_probability(self, k: u32) -> f64 {
        1.0 - super::real::whole_power(self.miss.value(), k)
    }
}
