//! Why a distribution, a question or an answer is refused.

use super::Quorums;

/// Why there is no number. Nothing is ever rounded into range.
///
/// ```
/// use cap_model::staleness::{Distribution, StalenessError};
/// let error = Distribution::exponential(-1.0).unwrap_err();
/// assert_eq!(error.to_string(), "rate: -1 is not in 0.000000000001..=1000000000000");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StalenessError {
    /// A number is not where it must be, or is none.
    #[error("{what}: {value} is not in {low}..={high}")]
    OutOfRange {
        /// Which parameter.
        what: &'static str,
        /// What was given.
        value: f64,
        /// The least that is allowed.
        low: f64,
        /// The most.
        high: f64,
    },
    /// A list has no entry.
    #[error("{what}: empty")]
    Empty {
        /// Which list.
        what: &'static str,
    },
    /// A list is longer than allowed.
    #[error("{what}: {count}; there can be at most {max}")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// How long it is.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A list must ascend and does not.
    #[error("{what}: entry {index} is below the one before")]
    Unsorted {
        /// Which list.
        what: &'static str,
        /// The first entry that is out of order.
        index: usize,
    },
    /// The weights of a mixture do not sum to one.
    #[error("the weights sum to {sum}, not to 1")]
    Weights {
        /// Their sum.
        sum: f64,
    },
    /// Quorums that cannot be: zero, or larger than the replicas.
    #[error("{read} of {replicas} to read and {write} to write: both are in 1..={replicas}")]
    NotQuorums {
        /// N.
        replicas: u32,
        /// R.
        read: u32,
        /// W.
        write: u32,
    },
    /// Two lists that speak of the replicas have different lengths.
    #[error("{what}: {count}, not {wanted}")]
    Mismatch {
        /// Which list.
        what: &'static str,
        /// How long it is.
        count: usize,
        /// How long it must be.
        wanted: usize,
    },
    /// Both delays of a round trip have single values of positive probability: the exact evaluator
    /// needs one without. The sampler takes them.
    #[error("both delays of the {trip} have atoms; one must be continuous, or be sampled")]
    Atoms {
        /// "write" or "read".
        trip: &'static str,
    },
    /// The exact evaluator did not reach its precision within its limits. The sampler can answer.
    #[error("not exact within 10^-8 after {panels} pieces")]
    NotConverged {
        /// The limit.
        panels: usize,
    },
    /// The quantity is not below the probability at any time that can be told.
    #[error("no time within {end_ms} ms gives consistency with probability {probability}")]
    NeverVisible {
        /// What was asked for.
        probability: f64,
        /// The last moment looked at.
        end_ms: f64,
    },
    /// The sample says nothing about these quorums: they were not in its plan, or have other replicas.
    #[error("not sampled: {quorums}")]
    NotSampled {
        /// What was asked for.
        quorums: Quorums,
    },
    /// So few trials bound no such quantile.
    #[error("{trials} trials say nothing about the quantile {probability}")]
    TooFewTrials {
        /// How many there are.
        trials: u64,
        /// What was asked for.
        probability: f64,
    },
    /// A fraction whose parts do not fit 128 bits.
    #[error("the fraction does not fit 128 bits")]
    FractionOverflow,
}

/// A number that is in a range, ends included.
pub(super) fn within(
    what: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<f64, StalenessError> {
    if value >= low && value <= high {
        Ok(value)
    } else {
        Err(StalenessError::OutOfRange {
            what,
            value,
            low,
            high,
        })
    }
}
