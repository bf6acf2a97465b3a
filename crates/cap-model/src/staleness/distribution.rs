//! A delay's distribution, as data: a mixture of simple laws, each perhaps shifted.
//!
//! Invariants, kept by the constructors: weights are in (0, 1] and sum to one; every delay is finite
//! and not negative; at most [`PARTS_MAX`] parts and [`KNOTS_MAX`] knots. Delays are in milliseconds.
//! Every function here returns the same bits on every platform.

use alloc::vec::Vec;

mod law;
use law::{Knot, Law};

use super::StalenessError;
use super::error::within;

/// The most parts of a mixture.
pub const PARTS_MAX: usize = 16;

/// The most knots of an empirical distribution.
pub const KNOTS_MAX: usize = 65_536;

/// The distribution of one message's delay, in milliseconds.
///
/// ```
/// use cap_model::staleness::Distribution;
/// // 62 % exponential of rate 0.183, otherwise Pareto from 1.05 ms with exponent 1.51.
/// let disk = Distribution::mixture(&[
///     (0.62, Distribution::exponential(0.183)?),
///     (0.38, Distribution::pareto(1.05, 1.51)?),
/// ])?;
/// assert!((disk.survival(1.0) - (0.62 * (-0.183_f64).exp() + 0.38)).abs() < 1e-15);
/// let p999 = disk.quantile(0.999)?;
/// assert!((disk.cdf(p999) - 0.999).abs() < 1e-12);
/// // The same, 75 ms away.
/// assert_eq!(disk.clone().plus(75.0)?.survival(76.0), disk.survival(1.0));
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    weight: f64,
    shift_ms: f64,
    law: Law,
}

/// Where a density jumps or begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breakpoint {
    /// The delay, in milliseconds.
    pub at_ms: f64,
    /// Over what span the density changes to the right of it, in milliseconds.
    pub scale_ms: f64,
}

/// Where a part of a distribution is, that is narrow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    at: f64,
    width: f64,
    shift_ms: f64,
}

impl Peak {
    /// Narrower ones are missed by a division that is as coarse as it may be.
    const WIDTH_MIN: f64 = 0.05;

    pub(super) fn is_too_narrow(self) -> bool {
        self.width < Self::WIDTH_MIN
    }

    /// So many of its widths from its middle.
    pub(super) fn place(self, widths: f64) -> f64 {
        self.shift_ms + self.at * super::real::exp(self.width * widths)
    }
}

/// A single value of positive probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atom {
    /// The delay, in milliseconds.
    pub at_ms: f64,
    /// Its probability.
    pub probability: f64,
}

impl Distribution {
    /// Exponential: survival e^(-rate x), the mean is 1 / rate.
    ///
    /// # Errors
    ///
    /// The rate is not in 10^-12..=10^12 per millisecond.
    pub fn exponential(rate: f64) -> Result<Self, StalenessError> {
        let rate = within("rate", rate, 1e-12, 1e12)?;
        Ok(Self::one(Law::Exponential { rate }))
    }

    /// Pareto: survival (minimum / x)^exponent from the minimum on.
    ///
    /// # Errors
    ///
    /// The minimum is not in 10^-9..=10^9 ms, or the exponent not in 0.1..=10^4.
    pub fn pareto(minimum_ms: f64, exponent: f64) -> Result<Self, StalenessError> {
        let minimum = within("minimum", minimum_ms, 1e-9, 1e9)?;
        let exponent = within("exponent", exponent, 0.1, 1e4)?;
        Ok(Self::one(Law::Pareto { minimum, exponent }))
    }

    /// Log-normal: the logarithm of the delay is normal about ln `median_ms` with deviation `sigma`.
    /// Its error function is right within 5 × 10^-14, relatively.
    ///
    /// # Errors
    ///
    /// The median is not in 10^-9..=10^9 ms, or sigma not in 10^-3..=8.
    pub fn log_normal(median_ms: f64, sigma: f64) -> Result<Self, StalenessError> {
        let median = within("median", median_ms, 1e-9, 1e9)?;
        let sigma = within("sigma", sigma, 1e-3, 8.0)?;
        Ok(Self::one(Law::LogNormal { median, sigma }))
    }

    /// Uniform between two delays.
    ///
    /// # Errors
    ///
    /// The lower is not in 0..=10^9 ms, or the higher not above it, or above 10^9 ms.
    pub fn uniform(low_ms: f64, high_ms: f64) -> Result<Self, StalenessError> {
        let low = within("low", low_ms, 0.0, 1e9)?;
        let high = within("high", high_ms, low, 1e9)?;
        let width = within("width", high - low, 1e-9, 1e9)?;
        Self::one(Law::Uniform { width }).plus(low)
    }

    /// Always the same delay.
    ///
    /// # Errors
    ///
    /// It is not in 0..=10^9 ms.
    pub fn constant(delay_ms: f64) -> Result<Self, StalenessError> {
        Self::one(Law::Constant).plus(within("delay", delay_ms, 0.0, 1e9)?)
    }

    /// A table of quantiles: pairs of a probability and a delay, both ascending, from probability 0
    /// to 1. Between two knots the delay is uniform; equal delays make an atom.
    ///
    /// # Errors
    ///
    /// Fewer than two knots or more than 65,536, a probability outside of 0..=1 or a delay outside
    /// of 0..=10^9 ms, an entry out of order, or ends that are not 0 and 1.
    pub fn quantile_table(knots: &[(f64, f64)]) -> Result<Self, StalenessError> {
        let what = "quantile table";
        let (Some(first), Some(last)) = (knots.first(), knots.last()) else {
            return Err(StalenessError::Empty { what });
        };
        let (count, max) = (knots.len(), KNOTS_MAX);
        if count > max {
            return Err(StalenessError::TooMany { what, count, max });
        }
        within("first probability", first.0, 0.0, 0.0)?;
        within("last probability", last.0, 1.0, 1.0)?;
        let mut checked: Vec<Knot> = Vec::new();
        for (index, &(below, at)) in knots.iter().enumerate() {
            let knot = Knot {
                at: within("delay", at, 0.0, 1e9)?,
                below: within("probability", below, 0.0, 1.0)?,
            };
            let falls = |last: &Knot| last.at > knot.at || last.below > knot.below;
            if checked.last().is_some_and(falls) {
                return Err(StalenessError::Unsorted { what, index });
            }
            checked.push(knot);
        }
        Ok(Self::one(Law::Empirical(checked)))
    }

    /// Measured delays, ascending. Between two neighbours the delay is uniform: of n delays each gap
    /// has probability 1 / (n - 1). One delay alone is a constant.
    ///
    /// # Errors
    ///
    /// None or more than 65,536, one outside of 0..=10^9 ms, or one below its predecessor.
    pub fn empirical(sorted_ms: &[f64]) -> Result<Self, StalenessError> {
        let what = "samples";
        let (count, max) = (sorted_ms.len(), KNOTS_MAX);
        if count > max {
            return Err(StalenessError::TooMany { what, count, max });
        }
        match *sorted_ms {
            [] => Err(StalenessError::Empty { what }),
            [only] => Self::constant(only),
            _ => {
                let gaps = (count - 1) as f64;
                let knots = sorted_ms.iter().enumerate();
                let knots: Vec<(f64, f64)> = knots.map(|(k, &at)| (k as f64 / gaps, at)).collect();
                Self::quantile_table(&knots)
            }
        }
    }

    /// Measured delays in any order: [`empirical`](Self::empirical) of them, sorted.
    ///
    /// # Errors
    ///
    /// None or more than 65,536, or one outside of 0..=10^9 ms.
    ///
    /// ```
    /// use cap_model::staleness::Distribution;
    /// let log = Distribution::measured(&[2.5, 0.9, 1.4, 31.0, 1.1])?;
    /// assert_eq!(log.quantile(0.5)?, 1.4);
    /// assert!(Distribution::measured(&[2.5, -0.9]).is_err());
    /// # Ok::<(), cap_model::staleness::StalenessError>(())
    /// ```
    pub fn measured(delays_ms: &[f64]) -> Result<Self, StalenessError> {
        let (what, count, max) = ("samples", delays_ms.len(), KNOTS_MAX);
        if count > max {
            return Err(StalenessError::TooMany { what, count, max });
        }
        let mut sorted = Vec::new();
        for &delay in delays_ms {
            sorted.push(within("delay", delay, 0.0, 1e9)?);
        }
        sorted.sort_by(f64::total_cmp);
        Self::empirical(&sorted)
    }

    /// With these probabilities, these distributions. Mixtures of mixtures are flattened.
    ///
    /// # Errors
    ///
    /// No part or more than 16 after flattening, a weight not in 10^-12..=1, or weights that do not
    /// sum to one within 10^-9. (They are then divided by their sum.)
    pub fn mixture(parts: &[(f64, Self)]) -> Result<Self, StalenessError> {
        let what = "parts of a mixture";
        if parts.is_empty() {
            return Err(StalenessError::Empty { what });
        }
        let mut flat = Vec::new();
        let mut sum = 0.0;
        for (weight, distribution) in parts {
            sum += within("weight", *weight, 1e-12, 1.0)?;
            let (count, max) = (flat.len() + distribution.parts.len(), PARTS_MAX);
            if count > max {
                return Err(StalenessError::TooMany { what, count, max });
            }
            flat.extend(distribution.parts.iter().map(|part| Part {
                weight: part.weight * weight,
                ..part.clone()
            }));
        }
        if (sum - 1.0).abs() > 1e-9 {
            return Err(StalenessError::Weights { sum });
        }
        flat.iter_mut().for_each(|part| part.weight /= sum);
        Ok(Self { parts: flat })
    }

    /// The same, later by a constant.
    ///
    /// # Errors
    ///
    /// The shift, or what it adds up to, is not in 0..=10^9 ms.
    pub fn plus(mut self, shift_ms: f64) -> Result<Self, StalenessError> {
        within("shift", shift_ms, 0.0, 1e9)?;
        for part in &mut self.parts {
            part.shift_ms = within("shift", part.shift_ms + shift_ms, 0.0, 1e9)?;
        }
        Ok(self)
    }

    /// The least shift of a part, and the distribution without it.
    pub(super) fn unshifted(&self) -> (f64, Self) {
        let shifts = self.parts.iter().map(|part| part.shift_ms);
        let least = shifts.fold(f64::INFINITY, f64::min);
        let mut base = self.clone();
        for part in &mut base.parts {
            part.shift_ms -= least;
        }
        (least, base)
    }

    fn one(law: Law) -> Self {
        let (weight, shift_ms) = (1.0, 0.0);
        Self {
            parts: [Part {
                weight,
                shift_ms,
                law,
            }]
            .into(),
        }
    }

    /// How likely the delay is longer than this. O(parts), and O(log knots) for an empirical one.
    #[must_use]
    pub fn survival(&self, delay_ms: f64) -> f64 {
        let each = self.parts.iter();
        each.map(|part| part.weight * part.law.survival(delay_ms - part.shift_ms))
            .sum()
    }

    /// How likely the delay is at most this.
    #[must_use]
    pub fn cdf(&self, delay_ms: f64) -> f64 {
        (1.0 - self.survival(delay_ms)).max(0.0)
    }

    /// The density, per millisecond; atoms have none. At a breakpoint, the value to its right.
    #[must_use]
    pub fn density(&self, delay_ms: f64) -> f64 {
        let each = self.parts.iter();
        each.map(|part| part.weight * part.law.density(delay_ms - part.shift_ms))
            .sum()
    }

    /// The delay below which this share of the delays is.
    ///
    /// # Errors
    ///
    /// The probability is not in 0..=1 - 10^-16.
    pub fn quantile(&self, probability: f64) -> Result<f64, StalenessError> {
        let probability = within("probability", probability, 0.0, 1.0 - 1e-16)?;
        Ok(self.tail_quantile(1.0 - probability))
    }

    /// The delay that is exceeded with this probability, in (0, 1]; others are brought there.
    ///
    /// A mixture's lies between those of its parts, and is found there by safeguarded Newton steps,
    /// at most 200.
    pub(super) fn tail_quantile(&self, tail: f64) -> f64 {
        let tail = tail.clamp(1e-300, 1.0);
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for part in &self.parts {
            let quantile = part.shift_ms + part.law.tail_quantile(tail);
            low = low.min(quantile);
            high = high.max(quantile);
        }
        self.tail_quantile_between(tail, low, high)
    }

    /// The same, when it is known not to be below a delay, and probably is not far above it.
    pub(super) fn tail_quantile_after(&self, tail: f64, low: f64) -> f64 {
        if self.parts.len() == 1 {
            return self.tail_quantile(tail);
        }
        let step = (self.survival(low) - tail) / self.density(low);
        let mut high = low + 2.0 * step;
        for _ in 0..4 {
            if !(high > low && high.is_finite()) {
                break;
            }
            if self.survival(high) <= tail {
                return self.tail_quantile_from(tail, low, high, low + step);
            }
            high = low + 2.0 * (high - low);
        }
        self.tail_quantile(tail)
    }

    /// The same, when it is known to lie between two delays.
    pub(super) fn tail_quantile_between(&self, tail: f64, low: f64, high: f64) -> f64 {
        match self.parts.as_slice() {
            [only] => only.shift_ms + only.law.tail_quantile(tail),
            _ => self.tail_quantile_from(tail, low, high, middle(low, high)),
        }
    }

    fn tail_quantile_from(&self, tail: f64, mut low: f64, mut high: f64, mut x: f64) -> f64 {
        for _ in 0..200 {
            if high - low <= 4e-16 * high {
                break;
            }
            let excess = self.survival(x) - tail;
            if excess > 0.0 {
                low = x;
            } else {
                high = x;
            }
            let newton = x + excess / self.density(x).max(1e-300);
            let next = if newton > low && newton < high {
                newton
            } else {
                middle(low, high)
            };
            if (next - x).abs() <= 1e-15 * x {
                return next;
            }
            x = next;
        }
        x
    }

    /// Where the density jumps or begins, ascending, without repetitions.
    #[must_use]
    pub fn breakpoints(&self) -> Vec<Breakpoint> {
        let mut found = Vec::new();
        for part in &self.parts {
            part.law.breakpoints(|at, scale_ms| {
                let at_ms = at + part.shift_ms;
                found.push(Breakpoint { at_ms, scale_ms });
            });
        }
        found.sort_by(|a, b| {
            a.at_ms
                .total_cmp(&b.at_ms)
                .then(a.scale_ms.total_cmp(&b.scale_ms))
        });
        // Of several at one place, the finest scale stays.
        found.dedup_by(|later, first| later.at_ms == first.at_ms);
        found
    }

    /// Where parts have a narrow peak that is no breakpoint, and its width relatively to its law.
    pub(super) fn peaks(&self) -> impl Iterator<Item = Peak> + '_ {
        self.parts.iter().filter_map(|part| {
            let (at, width) = part.law.peak()?;
            let shift_ms = part.shift_ms;
            Some(Peak {
                at,
                width,
                shift_ms,
            })
        })
    }

    /// The single values of positive probability, part by part.
    #[must_use]
    pub fn atoms(&self) -> Vec<Atom> {
        let mut found = Vec::new();
        for part in &self.parts {
            part.law.atoms(|at, probability| {
                found.push(Atom {
                    at_ms: at + part.shift_ms,
                    probability: probability * part.weight,
                });
            });
        }
        found
    }

    /// The shortest delay that can be.
    #[must_use]
    pub fn minimum_ms(&self) -> f64 {
        let each = self.parts.iter();
        each.map(|part| part.shift_ms + part.law.tail_quantile(1.0))
            .fold(f64::INFINITY, f64::min)
    }
}

/// Halfway, on a logarithmic scale when the ends are far apart.
fn middle(low: f64, high: f64) -> f64 {
    if low > 0.0 && high > 4.0 * low {
        super::real::sqrt(low) * super::real::sqrt(high)
    } else {
        0.5 * (low + high)
    }
}
