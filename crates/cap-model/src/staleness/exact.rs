//! The model solved: identical, independent replicas, without a single random number.
//!
//! # Definition
//!
//! A write goes to all N replicas; replica i has it after `W_i`, and its acknowledgement is back after
//! `W_i + A_i`. The write returns with the W-th. A read begins t later, asks replicas, and takes the
//! first R answers, replica i's after `R_i + S_i`. That answer is fresh if the read reached the replica
//! no sooner than the write: (W-th smallest of `W + A`) + t + `R_i` ≥ `W_i`. The read is stale if none of
//! its answers is fresh (Bailis and others 2012, section 4).
//!
//! # Solution
//!
//! Let Z = W + A, L = R + S, F̄ a survival function, f a density. A replica whose acknowledgement was
//! among the first W is fresh; so is, for R + W > N, some answer of every read. Otherwise, given that the
//! write returned at s, and with u = s + t:
//!
//! - `G(l; u)` = ∫ `f_R(r) F_S(l - r) F̄_W(u + r)` dr is how likely a replica answers within l and is stale;
//! - `H(u)` = (N - R) ∫ `G(l; u)^R F̄_L(l)^(N-R-1) f_L(l)` dl, how likely R given replicas are the first
//!   to answer, and stale. For R = 1 that is one integral. If only R replicas are asked, it is
//!   `G(∞; u)^R` / C(N, R);
//! - P(stale at t) = N C(N-1, W-1) C(N-W, R) ∫ `f_Z F_Z^(W-1) F̄_Z^(N-W-R) H(s + t)` ds.
//!
//! `F̄_Z`, `F̄_L` and H are built once, as polynomials on pieces that no breakpoint falls into, and answer
//! every t.

use alloc::vec::Vec;

mod delay;
mod hits;
mod sum;

use super::error::within;
use super::quadrature::{Curve, PANELS_MAX, TooFine, integral, tidy};
use super::real::whole_power;
use super::{Asks, Quorums, StalenessError, Wars};

/// The most replicas of the exact evaluator.
pub const EXACT_REPLICAS_MAX: u32 = 15;

/// The error that no answer exceeds, or there is none.
const ERROR_MAX: f64 = 1e-8;

/// How finely everything is resolved.
#[derive(Clone, Copy, Debug)]
struct Resolution {
    /// Of a curve's last coefficients.
    tolerance: f64,
    /// Of a density's: points that integrate degree 23 need less than those that interpolate.
    density: f64,
    /// How much probability may be cut off at an end.
    tail: f64,
    /// Into how many parts the first pieces are divided.
    parts: u32,
}

const RESOLUTION: Resolution = Resolution {
    tolerance: 1e-10,
    density: 1e-6,
    tail: 1e-11,
    parts: 1,
};

/// Staleness and latency of identical replicas, exactly.
///
/// "Exactly" means: every probability is within [`error_bound`](Self::error_bound), at most 10^-8, of
/// the model's. Both ways of asking are supported, for every distribution that is not an atom in both
/// delays of a round trip.
///
/// ```
/// use cap_model::staleness::{Asks, Exact, Fit, Quorums};
/// let quorums = Quorums::new(3, 1, 1)?;
/// let exact = Exact::new(&Fit::LnkdSsd.wars()?, quorums, Asks::All)?;
/// assert!((exact.consistent_at(0.0)? - 0.973_61).abs() < 1e-5);
/// assert!((exact.visibility_ms(0.999)? - 1.968).abs() < 1e-3);
/// assert!((exact.read_latency_ms(0.999)? - 0.655).abs() < 1e-3);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exact {
    quorums: Quorums,
    asks: Asks,
    /// Survival of W + A.
    writes: Curve,
    /// Survival of R + S.
    reads: Curve,
    /// `H`, if anything can be stale.
    hits: Option<Curve>,
    factor: f64,
    error: f64,
}

impl Exact {
    /// Solves the model for these delays and quorums. O(pieces²) evaluations of the distributions.
    ///
    /// # Errors
    ///
    /// More than 15 replicas, atoms in both delays of a round trip, or a precision that is not reached
    /// within a bounded number of pieces; that of log-normal delays of a sigma below 0.05 never is.
    pub fn new(wars: &Wars, quorums: Quorums, asks: Asks) -> Result<Self, StalenessError> {
        Self::at(RESOLUTION, wars, quorums, asks)
    }

    fn at(
        resolution: Resolution,
        wars: &Wars,
        quorums: Quorums,
        asks: Asks,
    ) -> Result<Self, StalenessError> {
        let (what, max) = ("replicas", EXACT_REPLICAS_MAX as usize);
        if quorums.replicas() > EXACT_REPLICAS_MAX {
            let count = quorums.replicas() as usize;
            return Err(StalenessError::TooMany { what, count, max });
        }
        let each = [&wars.write, &wars.ack, &wars.read, &wars.response];
        let mut peaks = each.into_iter().flat_map(super::Distribution::peaks);
        if peaks.any(|peak| peak.is_too_narrow()) {
            return Err(StalenessError::NotConverged { panels: PANELS_MAX });
        }
        let delays = delay::Delays::new(wars, resolution)?;
        let writes = sum::survival(&delays.write, &delays.ack, "write", resolution)?;
        let reads = sum::survival(&delays.read, &delays.response, "read", resolution)?;
        let mut exact = Self {
            quorums,
            asks,
            writes,
            reads,
            hits: None,
            factor: 0.0,
            error: 0.0,
        };
        let (n, r, w) = (quorums.replicas(), quorums.read(), quorums.write());
        // An order statistic of N moves by at most N times what each of them does.
        let trips = exact.writes.error() + exact.reads.error() + 2.0 * resolution.tail;
        let trips = trips + 3.0 * delays.error();
        exact.error = f64::from(n + 1) * trips + 1e-12;
        if !quorums.intersect() {
            exact.factor = f64::from(n) * choose(n - 1, w - 1) * choose(n - w, r);
            if asks == Asks::Quorum {
                exact.factor /= choose(n, r);
            }
            // What an error of 1 in every value of `H` would come to: where that is much, `H` is
            // small, and must be right to more digits.
            let weight = exact.outer(0.0, exact.writes.end(), &[], |_| 1.0).max(1.0);
            let finer = Resolution {
                tolerance: resolution.tolerance / weight,
                tail: resolution.tail / weight,
                ..resolution
            };
            let hits = hits::curve(&delays, &exact, finer)?;
            exact.error += weight * (hits.error() + finer.tail);
            exact.hits = Some(hits);
        }
        if exact.error > ERROR_MAX {
            return Err(StalenessError::NotConverged { panels: PANELS_MAX });
        }
        Ok(exact)
    }

    /// N, R and W.
    #[must_use]
    pub const fn quorums(&self) -> Quorums {
        self.quorums
    }

    /// Whom reads ask.
    #[must_use]
    pub const fn asks(&self) -> Asks {
        self.asks
    }

    /// No probability is further from the model's than this; at most 10^-8.
    #[must_use]
    pub const fn error_bound(&self) -> f64 {
        self.error
    }

    /// How likely a read is stale that begins this long after the write returned. Zero if R + W > N.
    ///
    /// # Errors
    ///
    /// The time is not in 0..=10^12 ms.
    pub fn stale_at(&self, t_ms: f64) -> Result<f64, StalenessError> {
        let t_ms = within("time", t_ms, 0.0, 1e12)?;
        Ok(self.stale(t_ms))
    }

    /// How likely such a read returns the write.
    ///
    /// # Errors
    ///
    /// The time is not in 0..=10^12 ms.
    pub fn consistent_at(&self, t_ms: f64) -> Result<f64, StalenessError> {
        Ok(1.0 - self.stale_at(t_ms)?)
    }

    /// t-visibility: how long after the write a read is consistent with this probability. Zero if it
    /// is so at once. At most 200 evaluations.
    ///
    /// # Errors
    ///
    /// The probability is not in 0..=1 - 10^-7, where the bound on the error would be all of the answer.
    pub fn visibility_ms(&self, probability: f64) -> Result<f64, StalenessError> {
        let stale = 1.0 - within("probability", probability, 0.0, 1.0 - 1e-7)?;
        let Some(hits) = &self.hits else {
            return Ok(0.0);
        };
        let start = self.writes.edges().first().copied().unwrap_or(0.0);
        let end = (hits.end() - start).max(0.0);
        Ok(descend(|t| self.stale(t) - stale, end))
    }

    /// How long a read takes, at this share of all reads: of the answers that it waits for, the last.
    ///
    /// # Errors
    ///
    /// The probability is not in 0..=1 - 10^-7.
    pub fn read_latency_ms(&self, probability: f64) -> Result<f64, StalenessError> {
        let (n, r) = (self.quorums.replicas(), self.quorums.read());
        let asked = match self.asks {
            Asks::All => n,
            Asks::Quorum => r,
        };
        latency(&self.reads, asked, r, probability)
    }

    /// How long a write takes, at this share of all writes.
    ///
    /// # Errors
    ///
    /// The probability is not in 0..=1 - 10^-7.
    pub fn write_latency_ms(&self, probability: f64) -> Result<f64, StalenessError> {
        let (n, w) = (self.quorums.replicas(), self.quorums.write());
        latency(&self.writes, n, w, probability)
    }

    /// How likely one replica's answer to a read is back within a time: R + S. None is below zero.
    ///
    /// ```
    /// use cap_model::staleness::{Asks, Exact, Fit, Quorums};
    /// let exact = Exact::new(&Fit::LnkdSsd.wars()?, Quorums::new(3, 1, 1)?, Asks::All)?;
    /// // The first of three is later than its median half of the time.
    /// let late = 1.0 - exact.read_trip_within(exact.read_latency_ms(0.5)?);
    /// assert!((late.powi(3) - 0.5).abs() < 1e-8);
    /// # Ok::<(), cap_model::staleness::StalenessError>(())
    /// ```
    #[must_use]
    pub fn read_trip_within(&self, t_ms: f64) -> f64 {
        (1.0 - self.reads.at(t_ms)).clamp(0.0, 1.0)
    }

    /// How likely one replica's acknowledgement of a write is back within a time: W + A.
    #[must_use]
    pub fn write_trip_within(&self, t_ms: f64) -> f64 {
        (1.0 - self.writes.at(t_ms)).clamp(0.0, 1.0)
    }

    fn stale(&self, t: f64) -> f64 {
        self.hits.as_ref().map_or(0.0, |hits| {
            self.outer(t, hits.end(), hits.edges(), |u| hits.at(u))
                .clamp(0.0, 1.0)
        })
    }

    /// The integral of a function, which ends and bends as told, over the age that the write has
    /// when it is read: that of its return, and t.
    fn outer(&self, t: f64, end: f64, bends: &[f64], h: impl Fn(f64) -> f64) -> f64 {
        let (n, r, w) = (
            self.quorums.replicas(),
            self.quorums.read(),
            self.quorums.write(),
        );
        let mut edges: Vec<f64> = self.writes.edges().to_vec();
        edges.extend(bends.iter().map(|edge| edge - t));
        tidy(&mut edges);
        let start = self.writes.edges().first().copied().unwrap_or(0.0);
        let end = self.writes.end().min(end - t);
        let pieces = edges.windows(2).filter_map(|pair| {
            let (low, high) = (*pair.first()?, *pair.last()?);
            (low >= start && high <= end).then_some((low, high))
        });
        let sum: f64 = pieces
            .map(|(low, high)| {
                integral(low, high, |s| {
                    let survival = self.writes.at(s).clamp(0.0, 1.0);
                    let density = -self.writes.slope(s);
                    density
                        * whole_power(1.0 - survival, w - 1)
                        * whole_power(survival, n - w - r)
                        * h(s + t)
                })
            })
            .sum();
        self.factor * sum
    }
}

/// The smallest x in 0..=`end` at which a falling function is not above zero.
fn descend(f: impl Fn(f64) -> f64, end: f64) -> f64 {
    let (mut low, mut high) = (0.0, end);
    let (mut above, mut below) = (f(low), f(high));
    if above <= 0.0 || below > 0.0 {
        return if above <= 0.0 { low } else { high };
    }
    for round in 0..200 {
        if high - low <= 1e-12 * high {
            break;
        }
        // A secant when the ends are near each other, and halves when it does not help.
        let x = if high > 2.0 * low.max(1e-6 * end.min(1.0)) {
            super::real::sqrt(low.max(1e-6 * end.min(1.0)) * high)
        } else if round % 3 == 2 {
            0.5 * (low + high)
        } else {
            low + (high - low) * (above / (above - below)).clamp(1e-3, 1.0 - 1e-3)
        };
        let x = if x > low && x < high {
            x
        } else {
            0.5 * (low + high)
        };
        let value = f(x);
        if value > 0.0 {
            (low, above) = (x, value);
        } else {
            (high, below) = (x, value);
        }
    }
    high
}

/// The quantile of the `rank`-th smallest of `count`.
fn latency(
    survival: &Curve,
    count: u32,
    rank: u32,
    probability: f64,
) -> Result<f64, StalenessError> {
    let tail = 1.0 - within("probability", probability, 0.0, 1.0 - 1e-7)?;
    let start = survival.edges().first().copied().unwrap_or(0.0);
    let late = |x: f64| {
        let each = survival.at(start + x).clamp(0.0, 1.0);
        // The rank-th is later than x if fewer than `rank` are not.
        let terms = (0..rank)
            .map(|j| choose(count, j) * whole_power(1.0 - each, j) * whole_power(each, count - j));
        terms.sum::<f64>() - tail
    };
    Ok(start + descend(late, survival.end() - start))
}

/// The binomial coefficient, exact below 2^53.
fn choose(n: u32, k: u32) -> f64 {
    if k > n {
        return 0.0;
    }
    // Each step's product is a binomial coefficient times its divisor: the division leaves no rest.
    (0..k.min(n - k)).fold(1.0, |product, i| {
        product * f64::from(n - i) / f64::from(i + 1)
    })
}

impl From<TooFine> for StalenessError {
    fn from(fine: TooFine) -> Self {
        Self::NotConverged {
            panels: fine.panels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staleness::Fit;

    /// Everything twice: with first pieces of a third, and a hundredth of the tolerance.
    #[test]
    fn a_finer_resolution_changes_nothing_beyond_the_bound() {
        let finer = Resolution {
            tolerance: 1e-12,
            density: 1e-9,
            tail: 1e-13,
            parts: 3,
        };
        for (fit, n, r, w, asks) in [
            (Fit::LnkdSsd, 3, 1, 1, Asks::All),
            (Fit::LnkdDisk, 3, 1, 2, Asks::All),
            (Fit::LnkdDisk, 15, 1, 3, Asks::Quorum),
            (Fit::Ymmr, 3, 1, 1, Asks::All),
            (Fit::LnkdSsd, 3, 2, 1, Asks::All),
        ] {
            let (wars, quorums) = (fit.wars().unwrap(), Quorums::new(n, r, w).unwrap());
            let exact = Exact::new(&wars, quorums, asks).unwrap();
            // The finer one may cost more than it is allowed elsewhere, but not here.
            let check = Exact::at(finer, &wars, quorums, asks).unwrap();
            assert!(exact.error_bound() <= 1e-8);
            for t in [0.0, 0.1, 0.8, 1.0, 5.0, 50.0, 1_000.0] {
                let (one, other) = (exact.stale(t), check.stale(t));
                let error = (one - other).abs();
                assert!(error <= exact.error_bound(), "{quorums} at {t}: {error:e}");
            }
        }
    }
}
