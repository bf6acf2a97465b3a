//! What a sample says: a number, and the interval that it is known within.

use core::fmt;

use super::StalenessError;
use super::error::within;
use super::real::{normal_tail_quantile, sqrt};

/// A number from a sample, with its confidence interval. There is no other way to read a sample.
///
/// ```
/// use cap_model::staleness::Estimate;
/// // 990 of 1,000: Wilson's interval.
/// let estimate = Estimate::of_share(990, 1_000, 0.95)?;
/// assert_eq!(estimate.to_string(), "0.99 [0.981691, 0.994559] at 95 %");
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How likely an interval made this way holds the truth.
    pub confidence: f64,
}

impl Estimate {
    /// A probability, from how often something was seen: Wilson's score interval (1927), which has
    /// width even where nothing, or everything, was.
    ///
    /// # Errors
    ///
    /// No trials, more seen than tried, or a confidence outside of 0.5..=0.999999.
    pub fn of_share(seen: u64, trials: u64, confidence: f64) -> Result<Self, StalenessError> {
        let n = within("trials", trials as f64, 1.0, 1e18)?;
        let share = within("share", seen as f64 / n, 0.0, 1.0)?;
        let z = deviations(confidence)?;
        let z2 = z * z / n;
        let center = (share + 0.5 * z2) / (1.0 + z2);
        let half = z / (1.0 + z2) * sqrt(share * (1.0 - share) / n + 0.25 * z2 / n);
        Ok(Self {
            value: share,
            low: (center - half).clamp(0.0, share),
            high: (center + half).clamp(share, 1.0),
            confidence,
        })
    }

    /// What is known without a sample.
    pub(super) const fn certain(value: f64, confidence: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
            confidence,
        }
    }

    /// Whether the interval holds a value.
    #[must_use]
    pub fn covers(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = |x: f64| Rounded(x);
        let (value, low, high) = (round(self.value), round(self.low), round(self.high));
        let percent = Rounded(100.0 * self.confidence);
        write!(f, "{value} [{low}, {high}] at {percent} %")
    }
}

/// Six decimals, without the zeros at the end.
struct Rounded(f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = alloc::format!("{:.6}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// How many standard deviations to either side hold this much of a normal distribution.
pub(super) fn deviations(confidence: f64) -> Result<f64, StalenessError> {
    let confidence = within("confidence", confidence, 0.5, 0.999_999)?;
    Ok(normal_tail_quantile(0.5 * (1.0 - confidence)))
}

/// The ranks, from zero, of a quantile and of the ends of its interval: the binomial number of values
/// below it, by its normal approximation, one rank further on either side.
pub(super) fn ranks(
    probability: f64,
    trials: u64,
    confidence: f64,
) -> Result<(u64, u64, u64), StalenessError> {
    let z = deviations(confidence)?;
    let n = trials as f64;
    let rest = n * probability.min(1.0 - probability);
    if rest.is_nan() || rest < 10.0 {
        return Err(StalenessError::TooFewTrials {
            trials,
            probability,
        });
    }
    let spread = z * sqrt(n * probability * (1.0 - probability)) + 1.0;
    let last = trials - 1;
    // The middle rank is the smallest k with (k + 1) / n at least the probability. Casts saturate.
    let middle = n * probability;
    let whole = middle as u64;
    let middle_rank = if middle > whole as f64 {
        whole
    } else {
        whole.saturating_sub(1)
    };
    let low = (middle - spread) as u64;
    let high = (middle + spread) as u64 + 1;
    Ok((middle_rank.min(last), low.min(last), high.min(last)))
}
