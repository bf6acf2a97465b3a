//! The paper's way to t-visibility, and what it must come to.
//!
//! The paper's simulator walks t upwards in steps, makes a fresh estimate at each, and reports the first t
//! whose estimate reaches the wanted probability. That is the minimum of many noisy tries: it comes out too
//! low. Since every step's estimate is a binomial count with the exact probability, the distribution of
//! the reported number follows without sampling:
//!
//! P(reported > `t_k`) = product over j ≤ k of P(Binomial(n, P(stale at `t_j`)) > n (1 - p)).

use alloc::vec::Vec;

use super::error::within;
use super::real::{exp, ln};
use super::{Exact, StalenessError};

/// The most steps that are walked.
pub const STEPS_MAX: usize = 100_000;

/// How the walk is made.
///
/// ```
/// let procedure = cap_model::staleness::Procedure::default();
/// assert_eq!((procedure.trials, procedure.probability), (50_000, 0.999));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Procedure {
    /// From one t to the next, in milliseconds.
    pub step_ms: f64,
    /// Trials of each estimate.
    pub trials: u64,
    /// What the estimate must reach.
    pub probability: f64,
}

/// The paper's: 50,000 trials, 99.9 %, and steps of 0.1 ms, as it took them for disks.
impl Default for Procedure {
    fn default() -> Self {
        Self {
            step_ms: 0.1,
            trials: 50_000,
            probability: 0.999,
        }
    }
}

/// The distribution of what the procedure reports.
///
/// ```
/// use cap_model::staleness::{Asks, Exact, Fit, Passage, Procedure, Quorums};
/// let exact = Exact::new(&Fit::LnkdSsd.wars()?, Quorums::new(3, 1, 1)?, Asks::All)?;
/// let procedure = Procedure { step_ms: 0.01, ..Procedure::default() };
/// let passage = Passage::of(&exact, &procedure)?;
/// // The paper reports 1.85 ms. So does the procedure; the model says 1.97.
/// assert!(passage.quantile_ms(0.005)? <= 1.85 && passage.quantile_ms(0.995)? >= 1.85);
/// assert!(passage.quantile_ms(0.5)? < 0.97 * exact.visibility_ms(0.999)?);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    step_ms: f64,
    /// How likely the procedure has ended with each step.
    ended: Vec<f64>,
}

impl Passage {
    /// What the procedure reports of a model that is solved. O(steps) evaluations.
    ///
    /// # Errors
    ///
    /// A step outside of 10^-6..=10^6 ms, a probability outside of 0.5..=0.999999, trials that allow
    /// more than 500 stale reads, or no end within 100,000 steps.
    pub fn of(exact: &Exact, procedure: &Procedure) -> Result<Self, StalenessError> {
        let step_ms = within("step", procedure.step_ms, 1e-6, 1e6)?;
        let probability = within("probability", procedure.probability, 0.5, 0.999_999)?;
        let trials = within("trials", procedure.trials as f64, 1.0, 1e12)?;
        let allowed = trials * (1.0 - probability) * (1.0 + 1e-12);
        let allowed = within("stale reads allowed", allowed, 0.0, 500.0)? as u32;
        let mut ended = Vec::new();
        let mut goes_on = 1.0;
        while goes_on > 1e-12 {
            if ended.len() >= STEPS_MAX {
                return Err(StalenessError::NeverVisible {
                    probability,
                    end_ms: step_ms * STEPS_MAX as f64,
                });
            }
            let stale = exact.stale_at(step_ms * ended.len() as f64)?;
            goes_on *= 1.0 - at_most(allowed, trials, stale);
            ended.push(1.0 - goes_on);
        }
        Ok(Self { step_ms, ended })
    }

    /// The report that is not exceeded with this probability.
    ///
    /// # Errors
    ///
    /// The probability is not in 0..=1 - 10^-9.
    pub fn quantile_ms(&self, probability: f64) -> Result<f64, StalenessError> {
        let probability = within("probability", probability, 0.0, 1.0 - 1e-9)?;
        let steps = self.ended.partition_point(|ended| *ended < probability);
        Ok(self.step_ms * steps as f64)
    }
}

/// How likely a binomial count is at most `most`: at most 501 terms.
fn at_most(most: u32, trials: f64, probability: f64) -> f64 {
    if probability >= 1.0 {
        return if trials <= f64::from(most) { 1.0 } else { 0.0 };
    }
    // Where this is too small for a number, so is the whole sum: 500 of more than 745 expected.
    let mut term = exp(trials * ln(1.0 - probability));
    let odds = probability / (1.0 - probability);
    let mut sum = term;
    for k in 0..most {
        let k = f64::from(k);
        term *= (trials - k).max(0.0) / (k + 1.0) * odds;
        sum += term;
    }
    sum.min(1.0)
}
