//! A question about a system, and its answer.

use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{QuorumSystem, Side};

use super::answer::{Certificate, LimitPrices, Optimum, Strategy};
use super::error::{Shortfall, StrategyError};
use super::metric::{Metric, Weights};
use super::model::{Duals, Model};
use super::question::{Costs, Question};
use super::restricted::{Solved, State};

/// No program has more rows.
const ROWS_MAX: usize = 4_096;
/// How far above a limit, relatively, is a rounding.
const LIMIT_TOLERANCE: f64 = 1e-9;

/// An optimal strategy for a system, with the proof that none is better.
///
/// `costs_of` tells what a node costs; it is asked once for each.
///
/// # Errors
///
/// A number that is none; no quorum that survives the failures; limits that no strategy keeps, and
/// what each would have to be; a program or an expression that is too large.
///
/// Complexity: some simplex steps for each node and read fraction, each O((nodes × fractions)²) and a
/// question for the cheapest quorum.
///
/// ```
/// use cap_model::strategy::{Costs, Objective, Question, ReadFractions, optimize};
/// use quorum::QuorumSystem;
/// // Any 26 of 51: 247,959,266,474,052 minimal quorums.
/// let system = QuorumSystem::majority(0..51)?;
/// let question = Question::new(Objective::Load, ReadFractions::one(0.5)?);
/// let optimum = optimize(&system, |_| Costs::UNIT, &question)?;
/// assert!((optimum.metrics.load - 26.0 / 51.0).abs() < 1e-12);
/// assert!(optimum.certificate.gap() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn optimize<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    costs_of: impl Fn(&N) -> Costs,
    question: &Question,
) -> Result<Optimum<N>, StrategyError<N>> {
    Program::new(system, costs_of, question)?.optimum()
}

/// A question about a system, checked and prepared.
///
/// [`optimum`](Self::optimum) answers it. Whoever compares many systems asks [`bound`](Self::bound)
/// first: it is cheap, and a system that cannot be good enough needs no answer.
#[derive(Debug)]
pub struct Program<N> {
    pub(super) nodes: Vec<N>,
    pub(super) costs: Vec<Costs>,
    pub(super) question: Question,
    pub(super) model: Model,
}

impl<N: Clone + Debug + Ord> Program<N> {
    /// Checks the numbers and prepares the quorums.
    ///
    /// # Errors
    ///
    /// Those of [`optimize`] but for infeasible limits.
    pub fn new(
        system: &QuorumSystem<N>,
        costs_of: impl Fn(&N) -> Costs,
        question: &Question,
    ) -> Result<Self, StrategyError<N>> {
        let nodes: Vec<N> = system.members().cloned().collect();
        let mut costs = Vec::with_capacity(nodes.len());
        for node in &nodes {
            costs.push(checked(node, costs_of(node))?);
        }
        let limits = Metric::ALL.map(|metric| (metric, metric.limit_in(question)));
        for (metric, limit) in limits {
            if let Some(value) = limit.filter(|limit| !(0.0..f64::INFINITY).contains(limit)) {
                let limit = metric.limit();
                return Err(StrategyError::NotALimit { limit, value });
            }
        }
        let fractions = question.read_fractions.parts().len();
        if nodes.len().saturating_mul(fractions) > ROWS_MAX {
            let nodes = nodes.len();
            return Err(StrategyError::TooLarge { nodes, fractions });
        }
        let model = Model::new(system, &costs, question)?;
        Ok(Self {
            nodes,
            costs,
            question: question.clone(),
            model,
        })
    }

    /// What no strategy goes below, whatever the limits: from prices that are guessed, in one question for
    /// the cheapest quorum of each side. In the unit of the objective: operations' seconds, nodes,
    /// or milliseconds.
    ///
    /// With equal capacities that is the bound `c / n` of Naor and Wool (1998); where all nodes are
    /// alike, it is the optimum itself.
    ///
    /// # Errors
    ///
    /// [`Entangled`](quorum::ExpressionError::Entangled) quorums.
    pub fn bound(&self) -> Result<f64, StrategyError<N>> {
        let model = &self.model;
        let objective = Metric::of(self.question.objective);
        let costs = Weights::only(objective);
        let guessed = match objective {
            Metric::Load => model.guessed(),
            _ => Duals::none(model),
        };
        Ok(model.bound(costs, &guessed)? * model.unit(objective))
    }

    /// The answer. See [`optimize`].
    ///
    /// # Errors
    ///
    /// Limits that no strategy keeps; quorums that cannot be asked about.
    pub fn optimum(&self) -> Result<Optimum<N>, StrategyError<N>> {
        let objective = Metric::of(self.question.objective);
        let limits = Weights::of_limits(&self.question);
        let solved = self.model.solve(objective, limits)?;
        match solved.state {
            State::Solved => {
                let optimum = self.answer(&solved);
                let steps = solved.steps;
                match self.keeps(limits, &optimum) {
                    true => Ok(optimum),
                    false => Err(StrategyError::Unsettled { steps }),
                }
            }
            State::Unsettled => {
                let steps = solved.steps;
                Err(StrategyError::Unsettled { steps })
            }
            State::Infeasible => self.infeasible(limits),
        }
    }

    /// Whether the limits are kept, but for roundings: the solver is not believed.
    fn keeps(&self, limits: Weights<Option<f64>>, optimum: &Optimum<N>) -> bool {
        Metric::ALL.iter().all(|metric| {
            let value = metric.value_in(&optimum.metrics);
            let limit = limits.get(*metric);
            limit.is_none_or(|limit| value <= limit * (1.0 + LIMIT_TOLERANCE))
        })
    }

    fn infeasible(&self, limits: Weights<Option<f64>>) -> Result<Optimum<N>, StrategyError<N>> {
        let mut shortfalls = Vec::new();
        for metric in Metric::ALL {
            let Some(max) = limits.get(metric) else {
                continue;
            };
            let mut others = limits;
            *others.get_mut(metric) = None;
            let solved = self.model.solve(metric, others)?;
            let metrics = self.answer(&solved).metrics;
            let least = (solved.state == State::Solved).then_some(metric.value_in(&metrics));
            let limit = metric.limit();
            shortfalls.push(Shortfall { limit, max, least });
        }
        Err(StrategyError::Infeasible { shortfalls })
    }

    fn answer(&self, solved: &Solved) -> Optimum<N> {
        let named = |quorums: &[(Vec<usize>, f64)]| -> Vec<(Vec<N>, f64)> {
            let named = quorums.iter().map(|(nodes, probability)| {
                let nodes = nodes
                    .iter()
                    .filter_map(|node| self.nodes.get(*node).cloned());
                (nodes.collect(), *probability)
            });
            named.collect()
        };
        let strategy = Strategy {
            reads: named(&solved.reads),
            writes: named(&solved.writes),
        };
        let model = &self.model;
        let metrics = model.metrics(&solved.reads, &solved.writes);
        let objective = Metric::of(self.question.objective);
        let unit = model.unit(objective);
        let value = objective.value_in(&metrics);
        // The price of a node is in objective for each load.
        let rate = unit / model.unit(Metric::Load);
        let prices = solved.duals.loads.iter().map(|prices| {
            let prices = self
                .nodes
                .iter()
                .cloned()
                .zip(prices.iter().map(|it| it * rate));
            prices.collect()
        });
        let limit = |metric| solved.duals.limits.get(metric) * unit / model.unit(metric);
        Optimum {
            strategy,
            metrics,
            certificate: Certificate {
                value,
                bound: solved.bound * unit,
                prices: prices.collect(),
                limit_prices: LimitPrices {
                    load: limit(Metric::Load),
                    network_load: limit(Metric::Network),
                    latency_ms: limit(Metric::Latency),
                },
            },
            steps: solved.steps,
        }
    }
}

fn checked<N: Clone + Debug>(node: &N, costs: Costs) -> Result<Costs, StrategyError<N>> {
    let capacities = [
        (Side::Read, costs.read_capacity),
        (Side::Write, costs.write_capacity),
    ];
    for (side, capacity) in capacities {
        if !(1e-12..=1e12).contains(&capacity) {
            let node = node.clone();
            return Err(StrategyError::NotACapacity {
                node,
                side,
                capacity,
            });
        }
    }
    let latency_ms = costs.latency_ms;
    if !(0.0..=1e12).contains(&latency_ms) {
        let node = node.clone();
        return Err(StrategyError::NotALatency { node, latency_ms });
    }
    Ok(costs)
}
