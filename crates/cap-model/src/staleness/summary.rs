//! All that a report says of one pair of quorums, from either evaluator, in one call.
//!
//! Every number is an [`Estimate`]: solved ones hold the truth for certain (confidence 1), sampled ones with
//! the confidence of their plan. An interval of a time follows from that of its probability: the quantile
//! of p is between those of p - e and p + e.

use alloc::vec::Vec;

use super::error::within;
use super::real::power;
use super::{Estimate, Exact, Network, Plan, Quorums, Repair, Sampler, Samples, StalenessError};

/// The most times, and the most points of a curve, of one summary.
pub const POINTS_MAX: usize = 4_096;

/// What a summary shall hold.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `times_ms` | 0, 1, 10, 100, 1,000 | other moments after a write matter |
/// | `visibility` | 0.999 | another share of the reads must see a write |
/// | `points` | 64 | curves shall be drawn finer; 0 for none |
/// | `curve_ms_max` | none: 1.5 times the t-visibility | curves shall share an axis |
///
/// ```
/// use cap_model::staleness::Questions;
/// let questions = Questions { times_ms: vec![0.0, 5.0], ..Questions::default() };
/// assert_eq!((questions.visibility, questions.points), (0.999, 64));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Questions {
    /// How long after the return of a write reads begin, in milliseconds.
    pub times_ms: Vec<f64>,
    /// With which probability a read shall be consistent, for the t-visibility.
    pub visibility: f64,
    /// How many points each curve has.
    pub points: u32,
    /// Where the curve of consistency over time ends.
    pub curve_ms_max: Option<f64>,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            times_ms: [0.0, 1.0, 10.0, 100.0, 1_000.0].into(),
            visibility: 0.999,
            points: 64,
            curve_ms_max: None,
        }
    }
}

/// How a summary was found.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    /// Solved; intervals hold the truth for certain.
    Exact,
    /// Sampled; they hold it with the confidence of the plan.
    Sampled,
}

impl Method {
    /// In a word: `exact` or `sampled`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Sampled => "sampled",
        }
    }
}

/// Three percentiles of a latency, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50: Estimate,
    /// One operation in a hundred takes longer.
    pub p99: Estimate,
    /// One in a thousand does.
    pub p999: Estimate,
}

/// Staleness and latency of one pair of quorums.
///
/// ```
/// use cap_model::staleness::{Fit, Method, Plan, Questions, Quorums, Summary};
/// let (quorums, questions) = (Quorums::new(3, 1, 1)?, Questions::default());
/// let plan = Plan { trials: 20_000, ..Plan::default() };
/// // Replicas that are alike are solved …
/// let ssd = Summary::of(&Fit::LnkdSsd.network(3)?, quorums, &plan, &questions)?;
/// assert_eq!(ssd.method, Method::Exact);
/// assert!(ssd.error <= 1e-8);
/// assert!((ssd.visibility_ms.value - 1.968).abs() < 1e-3);
/// assert!((ssd.read_latency.p999.value - 0.655).abs() < 1e-3);
/// // … and others are sampled.
/// let wan = Summary::of(&Fit::Wan.network(3)?, quorums, &plan, &questions)?;
/// assert_eq!(wan.method, Method::Sampled);
/// assert!(wan.consistent_at[0].1.covers(0.335));
/// assert_eq!(wan.consistency_curve.len(), 64);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How it was found.
    pub method: Method,
    /// No probability is further from the model's, for certain or with the confidence of the plan.
    pub error: f64,
    /// Each asked time, and how likely a read that begins so long after a write returns it.
    pub consistent_at: Vec<(f64, Estimate)>,
    /// How long after a write reads are consistent with the asked probability.
    pub visibility_ms: Estimate,
    /// How long a read takes.
    pub read_latency: Percentiles,
    /// How long a write takes.
    pub write_latency: Percentiles,
    /// Milliseconds, and the share of the reads that are done by then. Both ascend.
    pub read_cdf: Vec<(f64, f64)>,
    /// The same of writes.
    pub write_cdf: Vec<(f64, f64)>,
    /// Milliseconds after a write, and how likely a read is consistent: from zero to the end.
    pub consistency_curve: Vec<(f64, Estimate)>,
}

impl Summary {
    /// Solves the model if all replicas are alike, none is repaired, and it can be solved, and otherwise samples it as
    /// planned. In bounded time either way.
    ///
    /// # Errors
    ///
    /// Quorums of another number of replicas, what [`Sampler::run`] refuses, or questions that cannot
    /// be: a time outside of 0..=10^12 ms, a probability outside of 0..=1 - 10^-6, more than 4,096
    /// times or points; trials too few for the 99.9th percentile.
    pub fn of(
        network: &Network,
        quorums: Quorums,
        plan: &Plan,
        questions: &Questions,
    ) -> Result<Self, StalenessError> {
        let mut each = Self::of_each(network, &[quorums], plan, questions)?;
        let what = "pairs";
        each.pop().ok_or(StalenessError::Empty { what })
    }

    /// The same of several pairs, in their order; those that must be sampled from one sample.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_each(
        network: &Network,
        pairs: &[Quorums],
        plan: &Plan,
        questions: &Questions,
    ) -> Result<Vec<Self>, StalenessError> {
        let other = |pair: &&Quorums| pair.replicas() != network.replicas();
        if let Some(&quorums) = pairs.iter().find(other) {
            return Err(StalenessError::NotSampled { quorums });
        }
        let solve = |pair: Quorums| -> Result<Option<Self>, StalenessError> {
            let Some(wars) = network.only_wars() else {
                return Ok(None);
            };
            let repairs = |repair: Repair| repair.reads_per_ms != 0.0 && repair.answers > 1;
            if plan.repair.is_some_and(repairs) && !pair.intersect() {
                return Ok(None);
            }
            match Exact::new(wars, pair, plan.asks) {
                Ok(exact) => exact.summary(questions).map(Some),
                // Whatever the exact evaluator is too narrow for.
                Err(_) => Ok(None),
            }
        };
        let mut found = Vec::new();
        for &pair in pairs {
            found.push((pair, solve(pair)?));
        }
        let open = found.iter().filter(|(_, summary)| summary.is_none());
        let open: Vec<Quorums> = open.map(|(pair, _)| *pair).collect();
        let samples = match open.as_slice() {
            [] => None,
            open => Some(Sampler::new(network)?.run(plan, open)?),
        };
        let mut summaries = Vec::new();
        for (pair, summary) in found {
            summaries.extend(match (summary, &samples) {
                (None, Some(samples)) => Some(samples.summary(pair, questions)?),
                (summary, _) => summary,
            });
        }
        Ok(summaries)
    }
}

impl Questions {
    /// Their times and those of the curve, when the t-visibility is known.
    fn times(&self, visibility_ms: f64) -> Result<(Vec<f64>, Vec<f64>), StalenessError> {
        let max = POINTS_MAX;
        for (what, count) in [
            ("times", self.times_ms.len()),
            ("points of a curve", self.points as usize),
        ] {
            if count > max {
                return Err(StalenessError::TooMany { what, count, max });
            }
        }
        for &time in &self.times_ms {
            within("time", time, 0.0, 1e12)?;
        }
        let own = if visibility_ms > 0.0 {
            (1.5 * visibility_ms).clamp(1e-6, 1e12)
        } else {
            10.0
        };
        let end = within(
            "end of the curve",
            self.curve_ms_max.unwrap_or(own),
            1e-6,
            1e12,
        )?;
        let last = f64::from(self.points.saturating_sub(1).max(1));
        // Denser near zero, where consistency changes most.
        let curve = (0..self.points).map(|k| {
            let share = f64::from(k) / last;
            end * share * share * share
        });
        Ok((self.times_ms.clone(), curve.collect()))
    }

    /// Shares at which distribution functions are drawn: evenly, and the last sixth of them towards
    /// 99.9 %, where the times lie far apart.
    fn shares(&self) -> Vec<f64> {
        let tail = self.points / 6;
        let even = self.points - tail;
        let shares = (0..even).map(|k| f64::from(k) / f64::from(even));
        let shares = shares.map(|share| share.max(0.001));
        let last = 1.0 / f64::from(even.max(1));
        let ends = (1..=tail).map(|k| {
            let part = f64::from(k) / f64::from(tail);
            1.0 - last * power(0.001 / last.max(0.001), part)
        });
        shares.chain(ends).collect()
    }
}

impl Exact {
    /// All that a report says.
    ///
    /// # Errors
    ///
    /// A time outside of 0..=10^12 ms, a probability outside of 0..=1 - 10^-6, or more than 4,096
    /// times or points.
    pub fn summary(&self, questions: &Questions) -> Result<Summary, StalenessError> {
        let error = self.error_bound();
        let visibility = within("probability", questions.visibility, 0.0, 1.0 - 1e-6)?;
        let visibility_ms = if self.quorums().intersect() {
            Estimate::certain(0.0, 1.0)
        } else {
            spread(visibility, error, |p| self.visibility_ms(p))?
        };
        let (times, curve) = questions.times(visibility_ms.value)?;
        let consistent = |times: Vec<f64>| -> Result<Vec<(f64, Estimate)>, StalenessError> {
            let each = times.into_iter();
            each.map(|t| Ok((t, self.consistent(t)?))).collect()
        };
        let (read, write) = (
            |p: f64| self.read_latency_ms(p),
            |p: f64| self.write_latency_ms(p),
        );
        Ok(Summary {
            method: Method::Exact,
            error,
            consistent_at: consistent(times)?,
            visibility_ms,
            read_latency: percentiles(|p| spread(p, error, read))?,
            write_latency: percentiles(|p| spread(p, error, write))?,
            read_cdf: curve_of(questions, read)?,
            write_cdf: curve_of(questions, write)?,
            consistency_curve: consistent(curve)?,
        })
    }

    fn consistent(&self, t_ms: f64) -> Result<Estimate, StalenessError> {
        let value = self.consistent_at(t_ms)?;
        // Nothing can be stale if the quorums intersect.
        let error = if self.quorums().intersect() {
            0.0
        } else {
            self.error_bound()
        };
        Ok(Estimate {
            value,
            low: (value - error).max(0.0),
            high: (value + error).min(1.0),
            confidence: 1.0,
        })
    }
}

impl Samples {
    /// All that a report says of one pair. O(trials log points).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled; a time outside of 0..=10^12 ms, more than 4,096 times or points,
    /// or trials too few for the asked probability or for the 99.9th percentile.
    pub fn summary(&self, pair: Quorums, questions: &Questions) -> Result<Summary, StalenessError> {
        let visibility_ms = self.visibility_ms(pair, questions.visibility)?;
        let (times, curve) = questions.times(visibility_ms.value)?;
        let consistent_at = self.consistent_at_each(pair, &times)?;
        let consistency_curve = self.consistent_at_each(pair, &curve)?;
        let all = consistent_at.iter().chain(&consistency_curve);
        let errors = all.map(|one| (one.high - one.value).max(one.value - one.low));
        let error = errors.fold(0.0, f64::max);
        let shares = questions.shares();
        let pairs = |times: Vec<f64>, values: Vec<Estimate>| times.into_iter().zip(values);
        Ok(Summary {
            method: Method::Sampled,
            error,
            consistent_at: pairs(times, consistent_at).collect(),
            visibility_ms,
            read_latency: percentiles(|p| self.read_latency_ms(pair, p))?,
            write_latency: percentiles(|p| self.write_latency_ms(pair, p))?,
            read_cdf: self.read_quantiles(pair, &shares)?,
            write_cdf: self.write_quantiles(pair, &shares)?,
            consistency_curve: pairs(curve, consistency_curve).collect(),
        })
    }
}

fn percentiles(
    quantile: impl Fn(f64) -> Result<Estimate, StalenessError>,
) -> Result<Percentiles, StalenessError> {
    Ok(Percentiles {
        p50: quantile(0.5)?,
        p99: quantile(0.99)?,
        p999: quantile(0.999)?,
    })
}

/// A quantile, and those of the probabilities that it may really be of.
fn spread(
    probability: f64,
    error: f64,
    quantile: impl Fn(f64) -> Result<f64, StalenessError>,
) -> Result<Estimate, StalenessError> {
    Ok(Estimate {
        value: quantile(probability)?,
        low: quantile((probability - error).max(0.0))?,
        high: quantile(probability + error)?,
        confidence: 1.0,
    })
}

/// A distribution function by its quantiles; times that fell back in their last digits are brought up.
fn curve_of(
    questions: &Questions,
    quantile: impl Fn(f64) -> Result<f64, StalenessError>,
) -> Result<Vec<(f64, f64)>, StalenessError> {
    let mut last = 0.0_f64;
    let each = questions.shares().into_iter();
    each.map(|share| {
        last = last.max(quantile(share)?);
        Ok((last, share))
    })
    .collect()
}
