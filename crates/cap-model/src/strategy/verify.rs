//! The proof of an answer, checked by other code than that which found it.
//!
//! # Why prices prove a bound
//!
//! Let each node have a price of zero or more at each read fraction, and each limit one. A limit that is
//! kept has room of zero or more, so taking the price of the room off a value does not raise it:
//!
//! `value >= value + Σ limit price × (metric - limit)`.
//!
//! The right side counts the load with some rate `r` (its price as a limit, and one more if it is the
//! objective). The load at a read fraction is at least any average of the loads of nodes. So if the prices
//! of a read fraction add up to at most `r ×` its weight, the load counts at least as much as each node's
//! load counted with its price. What is left is a sum over the contacted quorums: no less than
//! the cheapest read quorum and the cheapest write quorum. So a value is proved by two questions for the
//! cheapest quorum, whatever the method that found the prices.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{Expression, ExpressionError, QuorumSystem, Side};

use super::answer::{Certificate, LimitPrices, Metrics, Optimum, Strategy};
use super::error::{Flaw, Limit};
use super::evaluate::checked_costs;
use super::question::{Costs, Objective, Question};

/// How far, relatively, numbers may be apart that should be equal.
const TOLERANCE: f64 = 1e-9;

/// What the check found itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verified {
    /// What the strategy costs.
    pub metrics: Metrics,
    /// What the objective is for the strategy.
    pub value: f64,
    /// What it is at least for any strategy within the limits.
    pub bound: f64,
}

impl Verified {
    /// How far the strategy may be from the best one, in the unit of the objective.
    #[must_use]
    pub fn gap(&self) -> f64 {
        (self.value - self.bound).max(0.0)
    }

    /// The same as a part of the value: zero to one.
    #[must_use]
    pub fn gap_relative(&self) -> f64 {
        if self.value > 0.0 {
            self.gap() / self.value
        } else {
            0.0
        }
    }
}

impl<N: Clone + Debug + Ord> Optimum<N> {
    /// Checks everything that is said: the strategy, what it costs, and the proof.
    ///
    /// # Errors
    ///
    /// What is wrong.
    ///
    /// ```
    /// use cap_model::strategy::{Costs, Objective, Question, ReadFractions, optimize};
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority(0..5)?;
    /// let question = Question::new(Objective::Load, ReadFractions::one(0.5)?);
    /// let mut optimum = optimize(&system, |_| Costs::UNIT, &question)?;
    /// assert!(optimum.verify(&system, |_| Costs::UNIT, &question)?.gap() < 1e-12);
    /// optimum.metrics.capacity *= 1.1;
    /// assert!(optimum.verify(&system, |_| Costs::UNIT, &question).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(
        &self,
        system: &QuorumSystem<N>,
        costs_of: impl Fn(&N) -> Costs,
        question: &Question,
    ) -> Result<Verified, Flaw<N>> {
        let certificate = &self.certificate;
        let verified = certificate.verify(&self.strategy, system, costs_of, question)?;
        let pairs = [
            (self.metrics.load, verified.metrics.load),
            (self.metrics.capacity, verified.metrics.capacity),
            (self.metrics.network_load, verified.metrics.network_load),
            (self.metrics.latency_ms, verified.metrics.latency_ms),
        ];
        for (claimed, found) in pairs {
            if !is_near(claimed, found) {
                return Err(Flaw::NotTheMetric { claimed, found });
            }
        }
        Ok(verified)
    }
}

impl<N: Clone + Debug + Ord> Certificate<N> {
    /// Checks the proof for a strategy, and finds its gap anew. Nothing is believed: quorums, their
    /// probabilities, what the strategy costs, the limits, the prices and the bound are all
    /// computed from the question.
    ///
    /// # Errors
    ///
    /// What is wrong.
    ///
    /// Complexity: that of [`Strategy::metrics`], and a question for the cheapest quorum of each side, for
    /// each latency when time has a price.
    ///
    /// ```
    /// use cap_model::strategy::{Costs, Objective, Question, ReadFractions, optimize};
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority(0..5)?;
    /// let question = Question::new(Objective::Load, ReadFractions::one(0.5)?);
    /// let optimum = optimize(&system, |_| Costs::UNIT, &question)?;
    /// let mut certificate = optimum.certificate;
    /// certificate.bound += 0.1;
    /// let found = certificate.verify(&optimum.strategy, &system, |_| Costs::UNIT, &question);
    /// assert!(found.unwrap_err().to_string().contains("the prices prove"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(
        &self,
        strategy: &Strategy<N>,
        system: &QuorumSystem<N>,
        costs_of: impl Fn(&N) -> Costs,
        question: &Question,
    ) -> Result<Verified, Flaw<N>> {
        let metrics = strategy.metrics(system, &costs_of, &question.read_fractions)?;
        survives(strategy, system, question.failures)?;
        let limits = [
            (Limit::Load, question.limits.load_max, metrics.load),
            (
                Limit::NetworkLoad,
                question.limits.network_load_max,
                metrics.network_load,
            ),
            (
                Limit::Latency,
                question.limits.latency_ms_max,
                metrics.latency_ms,
            ),
        ];
        for (limit, max, value) in limits {
            // What is not a number exceeds.
            let is_kept = |max: f64| value <= max * (1.0 + TOLERANCE);
            if let Some(max) = max.filter(|max| !is_kept(*max)) {
                return Err(Flaw::Exceeded { limit, value, max });
            }
        }
        let value = match question.objective {
            Objective::Load => metrics.load,
            Objective::Network => metrics.network_load,
            Objective::Latency => metrics.latency_ms,
        };
        if !is_near(self.value, value) {
            let claimed = self.value;
            return Err(Flaw::NotTheValue { claimed, value });
        }
        let costs = checked_costs(system, costs_of)?;
        let bound = self.proved(system, &costs, question)?;
        // What is not a number proves nothing.
        let is_proved = self.bound <= bound + TOLERANCE * value.abs();
        if !is_proved {
            let claimed = self.bound;
            return Err(Flaw::NotTheBound { claimed, bound });
        }
        if bound > value + TOLERANCE * value.abs() {
            return Err(Flaw::BoundAboveValue { bound, value });
        }
        Ok(Verified {
            metrics,
            value,
            bound,
        })
    }

    /// What the prices prove.
    fn proved(
        &self,
        system: &QuorumSystem<N>,
        costs: &[Costs],
        question: &Question,
    ) -> Result<f64, Flaw<N>> {
        let rates = self.rates(question)?;
        let parts = question.read_fractions.parts();
        let mut reads = vec![0.0; system.size()];
        let mut writes = vec![0.0; system.size()];
        for ((fraction, weight), prices) in parts.iter().zip(&self.prices) {
            let prices = checked_prices(system, prices)?;
            let (sum, most) = (prices.iter().sum::<f64>(), weight * rates.load);
            if sum > most * (1.0 + TOLERANCE) {
                let fraction = *fraction;
                return Err(Flaw::TooDear {
                    fraction,
                    sum,
                    most,
                });
            }
            let scale = if sum > most { most / sum } else { 1.0 };
            let sides = reads.iter_mut().zip(&mut writes);
            for ((price, costs), (read, write)) in prices.iter().zip(costs).zip(sides) {
                *read += scale * price * fraction / costs.read_capacity;
                *write += scale * price * (1.0 - fraction) / costs.write_capacity;
            }
        }
        let share = question.read_fractions.mean();
        let mut bound = 0.0;
        for (side, mut prices, share) in [
            (Side::Read, reads, share),
            (Side::Write, writes, 1.0 - share),
        ] {
            for price in &mut prices {
                *price += rates.network_load * share;
            }
            let per_ms = rates.latency_ms * share;
            bound += cheapest(system, side, costs, question.failures, &prices, per_ms)?;
        }
        let limits = question.limits;
        for (price, limit) in [
            (self.limit_prices.load, limits.load_max),
            (self.limit_prices.network_load, limits.network_load_max),
            (self.limit_prices.latency_ms, limits.latency_ms_max),
        ] {
            bound -= price * limit.unwrap_or(0.0);
        }
        Ok(bound)
    }

    /// At which rate each metric counts: its price as a limit, and one more if it is the objective.
    fn rates(&self, question: &Question) -> Result<LimitPrices, Flaw<N>> {
        let limits = question.limits;
        for (limit, max, price) in [
            (Limit::Load, limits.load_max, self.limit_prices.load),
            (
                Limit::NetworkLoad,
                limits.network_load_max,
                self.limit_prices.network_load,
            ),
            (
                Limit::Latency,
                limits.latency_ms_max,
                self.limit_prices.latency_ms,
            ),
        ] {
            let is_fine = (0.0..f64::INFINITY).contains(&price);
            if !is_fine || (max.is_none() && price != 0.0) {
                return Err(Flaw::NotALimitPrice { limit, price });
            }
        }
        if self.prices.len() != question.read_fractions.parts().len() {
            let fractions = self.prices.len();
            return Err(Flaw::NotTheFractions { fractions });
        }
        let mut rates = self.limit_prices;
        match question.objective {
            Objective::Load => rates.load += 1.0,
            Objective::Network => rates.network_load += 1.0,
            Objective::Latency => rates.latency_ms += 1.0,
        }
        Ok(rates)
    }
}

fn is_near(claimed: f64, found: f64) -> bool {
    (claimed - found).abs() <= TOLERANCE * found.abs()
}

/// The prices of the members, in order.
fn checked_prices<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    prices: &[(N, f64)],
) -> Result<Vec<f64>, Flaw<N>> {
    if !system.members().eq(prices.iter().map(|(node, _)| node)) {
        return Err(Flaw::NotTheMembers);
    }
    let wrong = prices
        .iter()
        .find(|(_, price)| !(0.0..f64::INFINITY).contains(price));
    if let Some((node, price)) = wrong {
        let (node, price) = (node.clone(), *price);
        return Err(Flaw::NotAPrice { node, price });
    }
    Ok(prices.iter().map(|(_, price)| *price).collect())
}

/// Whether each quorum stays one after any so many of its nodes have failed: by its resilience.
fn survives<N: Clone + Debug + Ord>(
    strategy: &Strategy<N>,
    system: &QuorumSystem<N>,
    failures: usize,
) -> Result<(), Flaw<N>> {
    if failures == 0 {
        return Ok(());
    }
    for (side, quorums) in [
        (Side::Read, &strategy.reads),
        (Side::Write, &strategy.writes),
    ] {
        let expression = system.expression(side)?;
        for (quorum, _) in quorums {
            let within = expression.restricted(|node| quorum.contains(node));
            let stands = within.map_or(Ok(None), |within| within.resilience().map(Some))?;
            if stands.is_none_or(|stands| stands < failures) {
                let nodes = quorum.clone();
                return Err(Flaw::NotResilient {
                    side,
                    nodes,
                    failures,
                });
            }
        }
    }
    Ok(())
}

/// What a quorum costs at least, with its time.
fn cheapest<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    side: Side,
    costs: &[Costs],
    failures: usize,
    prices: &[f64],
    per_ms: f64,
) -> Result<f64, Flaw<N>> {
    let whole = system.expression(side)?;
    let none = Flaw::NoQuorum { side };
    let surviving = whole.surviving(failures)?.ok_or_else(|| none.clone())?;
    let members: Vec<&N> = system.members().collect();
    let at = |node: &N| members.binary_search(&node).ok();
    let price_of = |node: &N| at(node).and_then(|place| prices.get(place).copied());
    let latency_of = |node: &N| {
        let costs = at(node).and_then(|place| costs.get(place));
        costs.map_or(f64::INFINITY, |costs| costs.latency_ms)
    };
    if per_ms == 0.0 {
        let cheapest = surviving.cheapest(price_of).map_err(plain)?;
        return Ok(cheapest.ok_or(none)?.price);
    }
    let mut latencies: Vec<f64> = whole.nodes().map(latency_of).collect();
    latencies.sort_by(f64::total_cmp);
    latencies.dedup();
    let mut least: Option<f64> = None;
    for latency_ms in latencies {
        let is_swift = |node: &N| latency_of(node) <= latency_ms;
        let found = if failures == 0 {
            whole.cheapest(|node| price_of(node).filter(|_| is_swift(node)))
        } else {
            let Some(swift) = whole.restricted(is_swift) else {
                continue;
            };
            Expression::all([surviving.clone(), swift])?.cheapest(price_of)
        };
        if let Some(found) = found.map_err(plain)? {
            let price = found.price + per_ms * latency_ms;
            least = Some(least.map_or(price, |least| least.min(price)));
        }
    }
    least.ok_or(none)
}

fn plain<N: Debug>(error: quorum::QuorumError<N>) -> Flaw<N> {
    Flaw::Expression(match error {
        quorum::QuorumError::Expression(error) => error,
        _ => ExpressionError::Malformed,
    })
}
