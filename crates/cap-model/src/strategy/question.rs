//! What is asked: the costs of nodes, the mix of operations, what to make least and within which limits.

use alloc::vec::Vec;

/// What one node costs.
///
/// ```
/// use cap_model::strategy::Costs;
/// // 4,000 reads or 2,000 writes a second, and an answer after 3 ms.
/// let costs = Costs { read_capacity: 4_000.0, write_capacity: 2_000.0, latency_ms: 3.0 };
/// assert_eq!(Costs::UNIT.read_capacity, 1.0);
/// assert!(costs.read_capacity > Costs::UNIT.read_capacity);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// How many reads a second it can take; above zero.
    pub read_capacity: f64,
    /// How many writes a second it can take; above zero.
    pub write_capacity: f64,
    /// After how long it answers; zero or more.
    pub latency_ms: f64,
}

impl Costs {
    /// One operation a second, whose answer takes no time: loads are then the pure numbers of the
    /// literature.
    pub const UNIT: Self = Self {
        read_capacity: 1.0,
        write_capacity: 1.0,
        latency_ms: 0.0,
    };
}

/// How many of the operations are reads: one share, or a distribution over shares.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadFractions {
    /// Each share with its weight; the weights add up to one.
    parts: Vec<(f64, f64)>,
}

impl ReadFractions {
    /// One share.
    ///
    /// # Errors
    ///
    /// It is below zero, above one, or not a number.
    ///
    /// ```
    /// use cap_model::strategy::ReadFractions;
    /// assert_eq!(ReadFractions::one(0.75)?.mean(), 0.75);
    /// assert!(ReadFractions::one(1.5).is_err());
    /// # Ok::<(), cap_model::strategy::ReadFractionError>(())
    /// ```
    pub fn one(fraction: f64) -> Result<Self, ReadFractionError> {
        Self::weighted(&[(fraction, 1.0)])
    }

    /// A distribution: shares, each with its weight. The weights need not add up to one; equal shares are
    /// taken together.
    ///
    /// # Errors
    ///
    /// There is none, or one that is below zero, above one or not a number; a weight that is no finite
    /// number above zero.
    ///
    /// ```
    /// use cap_model::strategy::ReadFractions;
    /// let fractions = ReadFractions::weighted(&[(0.9, 10.0), (0.5, 90.0)])?;
    /// assert_eq!(fractions.parts(), [(0.9, 0.1), (0.5, 0.9)]);
    /// # Ok::<(), cap_model::strategy::ReadFractionError>(())
    /// ```
    pub fn weighted(weighted: &[(f64, f64)]) -> Result<Self, ReadFractionError> {
        let mut parts: Vec<(f64, f64)> = Vec::new();
        for &(fraction, weight) in weighted {
            if !(0.0..=1.0).contains(&fraction) {
                return Err(ReadFractionError::NotAFraction { fraction });
            }
            if !(WEIGHT_MIN..=WEIGHT_MAX).contains(&weight) {
                return Err(ReadFractionError::NotAWeight { weight });
            }
            if let Some((_, sum)) = parts.iter_mut().find(|(known, _)| *known == fraction) {
                *sum += weight;
                continue;
            }
            if parts.len() == FRACTIONS_MAX {
                return Err(ReadFractionError::TooMany);
            }
            // Minus zero is zero.
            parts.push((fraction + 0.0, weight));
        }
        if parts.is_empty() {
            return Err(ReadFractionError::None);
        }
        let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut parts {
            *weight /= total;
        }
        Ok(Self { parts })
    }

    /// The mean share.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.parts
            .iter()
            .map(|(fraction, weight)| fraction * weight)
            .sum()
    }

    /// The shares and their weights, which add up to one.
    #[must_use]
    pub fn parts(&self) -> &[(f64, f64)] {
        &self.parts
    }
}

/// No distribution has more different read fractions.
const FRACTIONS_MAX: usize = 64;
const WEIGHT_MIN: f64 = 1e-12;
const WEIGHT_MAX: f64 = 1e12;

/// Why a distribution of read fractions is none.
///
/// ```
/// use cap_model::strategy::ReadFractions;
/// let error = ReadFractions::one(1.5).unwrap_err();
/// assert_eq!(error.to_string(), "the read fraction 1.5 is not between 0 and 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFractionError {
    /// There is no read fraction.
    #[error("there is no read fraction")]
    None,
    /// There are too many different ones.
    #[error("there are more than {FRACTIONS_MAX} different read fractions")]
    TooMany,
    /// A read fraction below zero, above one, or not a number.
    #[error("the read fraction {fraction} is not between 0 and 1")]
    NotAFraction {
        /// What was given.
        fraction: f64,
    },
    /// A weight that is no number, or not between the least and the greatest.
    #[error("the weight {weight} of a read fraction is not between 1e-12 and 1e12")]
    NotAWeight {
        /// What was given.
        weight: f64,
    },
}

/// What a strategy makes as small as it can.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Objective {
    /// The load of the busiest node.
    #[default]
    Load,
    /// How many nodes an operation contacts.
    Network,
    /// How long an operation takes.
    Latency,
}

/// What a strategy must not exceed; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The greatest load.
    pub load_max: Option<f64>,
    /// The greatest mean latency.
    pub latency_ms_max: Option<f64>,
    /// The greatest network load.
    pub network_load_max: Option<f64>,
}

/// What is asked of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What to make as small as can be.
    pub objective: Objective,
    /// Within which limits.
    pub limits: Limits,
    /// How many operations are reads.
    pub read_fractions: ReadFractions,
    /// How many of the contacted nodes may fail without asking another one.
    pub failures: usize,
}

impl Question {
    /// Without limits and failures.
    ///
    /// ```
    /// use cap_model::strategy::{Limits, Objective, Question, ReadFractions};
    /// let half = ReadFractions::one(0.5)?;
    /// let question = Question {
    ///     limits: Limits { load_max: Some(1.0 / 1_500.0), ..Limits::default() },
    ///     failures: 1,
    ///     ..Question::new(Objective::Latency, half)
    /// };
    /// # let _ = question;
    /// # Ok::<(), cap_model::strategy::ReadFractionError>(())
    /// ```
    #[must_use]
    pub fn new(objective: Objective, read_fractions: ReadFractions) -> Self {
        Self {
            objective,
            limits: Limits::default(),
            read_fractions,
            failures: 0,
        }
    }
}
