//! The question in numbers, and what its prices prove.
//!
//! The unit of load is near the least load, that of latency the least latency, and that of network load
//! all nodes: so everything looks the same for capacities of 1 and of 4,000.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{ExpressionError, QuorumSystem, Side};

use super::answer::Metrics;
use super::error::StrategyError;
use super::greedy::greedy;
use super::metric::{Metric, Weights};
use super::oracle::{Oracle, Quorum};
use super::question::{Costs, Objective, Question};
use super::restricted::{Restricted, Solved};

/// How much of the best prices so far is kept when new ones are looked at.
const STEADINESS: f64 = 0.8;

/// What a bound is computed from: all zero or more.
#[derive(Clone, Debug)]
pub(super) struct Duals {
    /// For each read fraction and node.
    pub(super) loads: Vec<Vec<f64>>,
    pub(super) limits: Weights<f64>,
}

impl Duals {
    /// Between these and others: they prove a bound if both do.
    pub(super) fn between(&self, other: &Self) -> Self {
        let mix = |one: f64, other: f64| STEADINESS * one + (1.0 - STEADINESS) * other;
        let loads = self.loads.iter().zip(&other.loads).map(|(ones, others)| {
            let pairs = ones.iter().zip(others);
            pairs.map(|(one, other)| mix(*one, *other)).collect()
        });
        let (one, other) = (self.limits, other.limits);
        Self {
            loads: loads.collect(),
            limits: Weights {
                load: mix(one.load, other.load),
                network: mix(one.network, other.network),
                latency: mix(one.latency, other.latency),
            },
        }
    }

    pub(super) fn none(model: &Model) -> Self {
        Self {
            loads: vec![vec![0.0; model.nodes]; model.weights.len()],
            limits: Weights::default(),
        }
    }
}

/// The question in numbers.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) nodes: usize,
    /// Of the read fractions.
    pub(super) weights: Vec<f64>,
    /// For each read fraction and node: what a read costs it, in units of load.
    pub(super) reads: Vec<Vec<f64>>,
    pub(super) writes: Vec<Vec<f64>>,
    pub(super) fraction: f64,
    pub(super) read_oracle: Oracle,
    pub(super) write_oracle: Oracle,
    pub(super) load_unit: f64,
    pub(super) latency_unit: f64,
}

impl Model {
    pub(super) fn new<N: Clone + Debug + Ord>(
        system: &QuorumSystem<N>,
        costs: &[Costs],
        question: &Question,
    ) -> Result<Self, StrategyError<N>> {
        let latencies: Vec<f64> = costs.iter().map(|costs| costs.latency_ms).collect();
        let is_by_latency =
            question.objective == Objective::Latency || question.limits.latency_ms_max.is_some();
        let failures = question.failures;
        let oracle = |side| {
            let oracle = Oracle::new(system, side, &latencies, failures, is_by_latency)?;
            oracle.ok_or(StrategyError::NotResilient { side, failures })
        };
        let parts = question.read_fractions.parts();
        let coefficients = |of: &dyn Fn(f64, &Costs) -> f64| -> Vec<Vec<f64>> {
            let rows = parts.iter();
            rows.map(|(fraction, _)| costs.iter().map(|costs| of(*fraction, costs)).collect())
                .collect()
        };
        let mut reads = coefficients(&|fraction, costs| fraction / costs.read_capacity);
        let mut writes = coefficients(&|fraction, costs| (1.0 - fraction) / costs.write_capacity);
        let all = reads.iter().chain(&writes).flatten();
        let load_unit = all.copied().fold(0.0, f64::max);
        for coefficient in reads.iter_mut().chain(&mut writes).flatten() {
            *coefficient /= load_unit;
        }
        let slowest = latencies.iter().copied().fold(0.0, f64::max);
        let mut model = Self {
            nodes: costs.len(),
            weights: parts.iter().map(|(_, weight)| *weight).collect(),
            reads,
            writes,
            fraction: question.read_fractions.mean(),
            read_oracle: oracle(Side::Read)?,
            write_oracle: oracle(Side::Write)?,
            load_unit,
            latency_unit: if slowest > 0.0 { slowest } else { 1.0 },
        };
        model.rescale(is_by_latency)?;
        Ok(model)
    }

    /// Chooses units such that the best values are some one: a node or a quorum that is slower by
    /// orders of magnitude must not make them vanish.
    fn rescale(&mut self, is_by_latency: bool) -> Result<(), ExpressionError> {
        let least = self.bound(Weights::only(Metric::Load), &self.guessed())?;
        if least > 0.0 {
            for coefficient in self.reads.iter_mut().chain(&mut self.writes).flatten() {
                *coefficient /= least;
            }
            self.load_unit *= least;
        }
        if is_by_latency {
            let least = self.bound(Weights::only(Metric::Latency), &Duals::none(self))?;
            if least > 0.0 {
                self.latency_unit *= least;
            }
        }
        Ok(())
    }

    pub(super) const fn oracle(&self, side: Side) -> &Oracle {
        match side {
            Side::Read => &self.read_oracle,
            Side::Write => &self.write_oracle,
        }
    }

    /// For each read fraction and node.
    pub(super) fn coefficients(&self, side: Side) -> &[Vec<f64>] {
        match side {
            Side::Read => &self.reads,
            Side::Write => &self.writes,
        }
    }

    /// For each read fraction: what belongs to it, its weight, and the coefficients of the nodes.
    pub(super) fn each<'a, T>(
        &'a self,
        of: &'a [T],
        side: Side,
    ) -> impl Iterator<Item = (&'a T, f64, &'a [f64])> {
        let all = of.iter().zip(&self.weights).zip(self.coefficients(side));
        all.map(|((of, weight), coefficients)| (of, *weight, coefficients.as_slice()))
    }

    /// One of the metric is so much in the units of the question.
    pub(super) fn unit(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Load => self.load_unit,
            Metric::Network => self.nodes as f64,
            Metric::Latency => self.latency_unit,
        }
    }

    /// How many of the operations are of this side.
    pub(super) const fn share(&self, side: Side) -> f64 {
        match side {
            Side::Read => self.fraction,
            Side::Write => 1.0 - self.fraction,
        }
    }

    /// Prices that are right where all nodes are alike: as the nodes can do.
    pub(super) fn guessed(&self) -> Duals {
        let mut duals = Duals::none(self);
        let rows = duals.loads.iter_mut().zip(&self.weights);
        for ((prices, weight), (reads, writes)) in rows.zip(self.reads.iter().zip(&self.writes)) {
            let mut sum = 0.0;
            for (price, (read, write)) in prices.iter_mut().zip(reads.iter().zip(writes)) {
                *price = 1.0 / (read + write);
                sum += *price;
            }
            for price in prices {
                *price *= weight / sum;
            }
        }
        duals
    }

    /// The cheapest quorum of a side under prices.
    pub(super) fn cheapest(
        &self,
        side: Side,
        costs: Weights<f64>,
        duals: &Duals,
    ) -> Result<Option<Quorum>, ExpressionError> {
        let (prices, per_ms) = self.prices(side, costs, duals);
        self.oracle(side).cheapest(&prices, per_ms)
    }

    /// What a quorum costs under prices.
    pub(super) fn priced(
        &self,
        side: Side,
        costs: Weights<f64>,
        duals: &Duals,
        quorum: &Quorum,
    ) -> f64 {
        let (prices, per_ms) = self.prices(side, costs, duals);
        let priced = quorum.nodes.iter().filter_map(|node| prices.get(*node));
        priced.sum::<f64>() + per_ms * quorum.latency_ms
    }

    /// The price of each node, and of a millisecond.
    fn prices(&self, side: Side, costs: Weights<f64>, duals: &Duals) -> (Vec<f64>, f64) {
        let share = self.share(side);
        let each = (costs.network + duals.limits.network) * share / self.nodes as f64;
        let mut prices = vec![each; self.nodes];
        for (loads, _, coefficients) in self.each(&duals.loads, side) {
            for ((price, load), coefficient) in prices.iter_mut().zip(loads).zip(coefficients) {
                *price += load * coefficient;
            }
        }
        let per_ms = (costs.latency + duals.limits.latency) * share / self.latency_unit;
        (prices, per_ms)
    }

    /// What no strategy goes below, by prices. Limits are not taken off.
    pub(super) fn bound(&self, costs: Weights<f64>, duals: &Duals) -> Result<f64, ExpressionError> {
        let mut sum = 0.0;
        for side in [Side::Read, Side::Write] {
            let cheapest = self.cheapest(side, costs, duals)?;
            sum += cheapest.map_or(0.0, |quorum| quorum.price);
        }
        Ok(sum)
    }

    /// Makes a metric least within limits.
    pub(super) fn solve<N: Debug>(
        &self,
        objective: Metric,
        limits: Weights<Option<f64>>,
    ) -> Result<Solved, StrategyError<N>> {
        let is_free = Metric::ALL.iter().all(|it| limits.get(*it).is_none());
        let is_loaded = objective == Metric::Load || limits.load.is_some();
        let guessed = self.guessed();
        let costs = Weights::only(objective);
        let mut first = None;
        if is_loaded {
            // Without a load to be made least, the rounds only spread the quorums.
            let bound = match objective == Metric::Load && is_free {
                true => self.bound(costs, &guessed)?,
                false => 0.0,
            };
            let found = greedy(self, bound)?;
            if found.is_optimal {
                return Ok(Solved::by_rounds(found, guessed, bound));
            }
            first = Some(found);
        }
        Restricted::new(self, objective, limits, is_loaded).run(first)
    }

    /// What a strategy costs.
    pub(super) fn metrics(
        &self,
        reads: &[(Vec<usize>, f64)],
        writes: &[(Vec<usize>, f64)],
    ) -> Metrics {
        let mut loads = vec![vec![0.0; self.nodes]; self.weights.len()];
        let (mut network, mut latency) = (0.0, 0.0);
        for (side, quorums) in [(Side::Read, reads), (Side::Write, writes)] {
            for (nodes, probability) in quorums {
                for (loads, coefficients) in loads.iter_mut().zip(self.coefficients(side)) {
                    for node in nodes {
                        let coefficient = coefficients.get(*node).copied().unwrap_or(0.0);
                        if let Some(load) = loads.get_mut(*node) {
                            *load += probability * coefficient;
                        }
                    }
                }
                let share = self.share(side) * probability;
                network += share * nodes.len() as f64;
                latency += share * self.oracle(side).latency_ms(nodes);
            }
        }
        let (mut load, mut capacity) = (0.0, 0.0);
        for (loads, weight) in loads.iter().zip(&self.weights) {
            let greatest = loads.iter().copied().fold(0.0, f64::max) * self.load_unit;
            load += weight * greatest;
            capacity += weight / greatest;
        }
        Metrics {
            load,
            capacity,
            network_load: network,
            latency_ms: latency,
        }
    }
}
