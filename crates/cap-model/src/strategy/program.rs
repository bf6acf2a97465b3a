//! The linear program of a question, and its solution by columns that are made on the way.
//!
//! # The program
//!
//! Columns are the read quorums and the write quorums, with their probabilities, and the load at each
//! read fraction. Rows:
//!
//! 1. the probabilities of the read quorums add up to one; those of the write quorums too;
//! 2. for each read fraction and node: what the node has to do is no more than the load there;
//! 3. one for each limit.
//!
//! A unit of load is chosen so that the greatest coefficient is one; network load counts in all nodes,
//! and latency in the slowest node's: so the program looks the same for capacities of 1 and of 4,000.
//!
//! # Rules
//!
//! 1. Whatever the simplex method says, the strategy is what its probabilities say, and the bound is what
//!    the cheapest quorums under its prices say. Both are computed from the question.
//! 2. First the excess over the limits is made least. Prices under which a positive excess is
//!    unavoidable prove that nothing keeps the limits.
//! 3. The number of steps is bounded. What is left then is the gap of the certificate.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{ExpressionError, QuorumSystem, Side};

use super::answer::{Certificate, LimitPrices, Optimum, Strategy};
use super::error::{Limit, Shortfall, StrategyError};
use super::greedy::{Greedy, greedy};
use super::oracle::{Oracle, Quorum};
use super::question::{Costs, Objective, Question};
use super::simplex::{Basic, Moved, Simplex};

/// No program has more rows.
const ROWS_MAX: usize = 4_096;
/// No more steps than so many for each row, and as many more.
const STEPS_PER_ROW: usize = 64;
/// The relative gap at which a strategy is optimal.
const GAP_MAX: f64 = 1e-12;
/// The excess over limits, relative to their units, that is rounding.
const EXCESS_MAX: f64 = 1e-10;
/// What is less likely is never.
const PROBABILITY_MIN: f64 = 1e-13;

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
    /// [`Entangled`](ExpressionError::Entangled) quorums.
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
            State::Solved => Ok(self.answer(&solved)),
            State::Unsettled => {
                let steps = solved.steps;
                Err(StrategyError::Unsettled { steps })
            }
            State::Infeasible => self.infeasible(limits),
        }
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
            let least = (solved.state == State::Solved).then_some(match metric {
                Metric::Load => metrics.load,
                Metric::Network => metrics.network_load,
                Metric::Latency => metrics.latency_ms,
            });
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
        let value = match objective {
            Metric::Load => metrics.load,
            Metric::Network => metrics.network_load,
            Metric::Latency => metrics.latency_ms,
        };
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

/// What a strategy costs, one of the three.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Metric {
    Load,
    Network,
    Latency,
}

impl Metric {
    const ALL: [Self; 3] = [Self::Load, Self::Network, Self::Latency];

    const fn of(objective: Objective) -> Self {
        match objective {
            Objective::Load => Self::Load,
            Objective::Network => Self::Network,
            Objective::Latency => Self::Latency,
        }
    }

    const fn limit(self) -> Limit {
        match self {
            Self::Load => Limit::Load,
            Self::Network => Limit::NetworkLoad,
            Self::Latency => Limit::Latency,
        }
    }

    const fn limit_in(self, question: &Question) -> Option<f64> {
        match self {
            Self::Load => question.limits.load_max,
            Self::Network => question.limits.network_load_max,
            Self::Latency => question.limits.latency_ms_max,
        }
    }
}

/// Something for each metric.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weights<T> {
    load: T,
    network: T,
    latency: T,
}

impl<T: Copy> Weights<T> {
    const fn get(&self, metric: Metric) -> T {
        match metric {
            Metric::Load => self.load,
            Metric::Network => self.network,
            Metric::Latency => self.latency,
        }
    }

    const fn get_mut(&mut self, metric: Metric) -> &mut T {
        match metric {
            Metric::Load => &mut self.load,
            Metric::Network => &mut self.network,
            Metric::Latency => &mut self.latency,
        }
    }
}

impl Weights<f64> {
    fn only(metric: Metric) -> Self {
        let mut weights = Self::default();
        *weights.get_mut(metric) = 1.0;
        weights
    }
}

impl Weights<Option<f64>> {
    fn of_limits(question: &Question) -> Self {
        let mut limits = Self::default();
        for metric in Metric::ALL {
            *limits.get_mut(metric) = metric.limit_in(question);
        }
        limits
    }
}

/// What a bound is computed from: all zero or more.
#[derive(Clone, Debug)]
pub(super) struct Duals {
    /// For each read fraction and node.
    loads: Vec<Vec<f64>>,
    limits: Weights<f64>,
}

impl Duals {
    fn none(model: &Model) -> Self {
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
    reads: Vec<Vec<f64>>,
    writes: Vec<Vec<f64>>,
    fraction: f64,
    read_oracle: Oracle,
    write_oracle: Oracle,
    load_unit: f64,
    latency_unit: f64,
}

impl Model {
    fn new<N: Clone + Debug + Ord>(
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
        Ok(Self {
            nodes: costs.len(),
            weights: parts.iter().map(|(_, weight)| *weight).collect(),
            reads,
            writes,
            fraction: question.read_fractions.mean(),
            read_oracle: oracle(Side::Read)?,
            write_oracle: oracle(Side::Write)?,
            load_unit,
            latency_unit: if slowest > 0.0 { slowest } else { 1.0 },
        })
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
    fn unit(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Load => self.load_unit,
            Metric::Network => self.nodes as f64,
            Metric::Latency => self.latency_unit,
        }
    }

    /// How many of the operations are of this side.
    const fn share(&self, side: Side) -> f64 {
        match side {
            Side::Read => self.fraction,
            Side::Write => 1.0 - self.fraction,
        }
    }

    /// Prices that are right where all nodes are alike: as the nodes can do.
    fn guessed(&self) -> Duals {
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
    fn cheapest(
        &self,
        side: Side,
        costs: Weights<f64>,
        duals: &Duals,
    ) -> Result<Option<Quorum>, ExpressionError> {
        let share = self.share(side);
        let each = (costs.network + duals.limits.network) * share / self.nodes as f64;
        let mut prices = vec![each; self.nodes];
        for (loads, _, coefficients) in self.each(&duals.loads, side) {
            for ((price, load), coefficient) in prices.iter_mut().zip(loads).zip(coefficients) {
                *price += load * coefficient;
            }
        }
        let per_ms = (costs.latency + duals.limits.latency) * share / self.latency_unit;
        self.oracle(side).cheapest(&prices, per_ms)
    }

    /// What no strategy goes below, by prices. Limits are not taken off.
    fn bound(&self, costs: Weights<f64>, duals: &Duals) -> Result<f64, ExpressionError> {
        let mut sum = 0.0;
        for side in [Side::Read, Side::Write] {
            let cheapest = self.cheapest(side, costs, duals)?;
            sum += cheapest.map_or(0.0, |quorum| quorum.price);
        }
        Ok(sum)
    }

    /// Makes a metric least within limits.
    fn solve<N: Debug>(
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
    fn metrics(&self, reads: &[(Vec<usize>, f64)], writes: &[(Vec<usize>, f64)]) -> super::Metrics {
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
        super::Metrics {
            load,
            capacity,
            network_load: network,
            latency_ms: latency,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Solved,
    Infeasible,
    Unsettled,
}

/// A solution by places, in units.
#[derive(Debug)]
struct Solved {
    state: State,
    reads: Vec<(Vec<usize>, f64)>,
    writes: Vec<(Vec<usize>, f64)>,
    duals: Duals,
    bound: f64,
    steps: usize,
}

impl Solved {
    fn by_rounds(found: Greedy, duals: Duals, bound: f64) -> Self {
        let rounds = f64::from(found.rounds);
        let shares = |quorums: Vec<(Quorum, u32)>| -> Vec<(Vec<usize>, f64)> {
            let shares = quorums.into_iter();
            shares
                .map(|(quorum, times)| (quorum.nodes, f64::from(times) / rounds))
                .collect()
        };
        Self {
            state: State::Solved,
            reads: shares(found.reads),
            writes: shares(found.writes),
            duals,
            bound,
            steps: 0,
        }
    }
}

/// The program with the columns so far.
struct Restricted<'a> {
    model: &'a Model,
    objective: Metric,
    limits: Weights<Option<f64>>,
    is_loaded: bool,
    simplex: Simplex,
    /// Which quorum a column of the simplex is.
    quorums: Vec<(usize, Side, Vec<usize>)>,
    /// The columns of the excess over limits that the first strategy does not keep.
    excess: Vec<(Metric, usize)>,
    /// The columns of the loads, with what they cost.
    loads: Vec<usize>,
    is_feasible: bool,
}

/// The rows of the two sums of probabilities stand first.
const SUMS: usize = 2;

impl<'a> Restricted<'a> {
    fn new(
        model: &'a Model,
        objective: Metric,
        limits: Weights<Option<f64>>,
        is_loaded: bool,
    ) -> Self {
        let mut right = vec![1.0; SUMS];
        if is_loaded {
            right.extend((0..model.nodes * model.weights.len()).map(|_| 0.0));
        }
        let limited = Metric::ALL.iter().filter_map(|metric| {
            let limit = limits.get(*metric)?;
            Some(limit / model.unit(*metric))
        });
        right.extend(limited);
        Self {
            model,
            objective,
            limits,
            is_loaded,
            simplex: Simplex::new(right, SUMS),
            quorums: Vec::new(),
            excess: Vec::new(),
            loads: Vec::new(),
            is_feasible: true,
        }
    }

    fn load_row(&self, fraction: usize, node: usize) -> usize {
        SUMS + fraction * self.model.nodes + node
    }

    fn limit_row(&self, metric: Metric) -> Option<usize> {
        self.limits.get(metric)?;
        let before = Metric::ALL.iter().take_while(|it| **it != metric);
        let before = before.filter(|it| self.limits.get(**it).is_some()).count();
        let loads = match self.is_loaded {
            true => self.model.nodes * self.model.weights.len(),
            false => 0,
        };
        Some(SUMS + loads + before)
    }

    /// What a quorum costs of a metric that is no load.
    fn metric(&self, metric: Metric, side: Side, quorum: &Quorum) -> f64 {
        let share = self.model.share(side) / self.model.unit(metric);
        match metric {
            Metric::Load => 0.0,
            Metric::Network => share * quorum.nodes.len() as f64,
            Metric::Latency => share * quorum.latency_ms,
        }
    }

    fn add(&mut self, side: Side, quorum: Quorum) -> usize {
        let row = match side {
            Side::Read => 0,
            Side::Write => 1,
        };
        let mut entries = vec![(row, 1.0)];
        if self.is_loaded {
            for (fraction, coefficients) in self.model.coefficients(side).iter().enumerate() {
                for node in &quorum.nodes {
                    let coefficient = coefficients.get(*node).copied().unwrap_or(0.0);
                    if coefficient != 0.0 {
                        entries.push((self.load_row(fraction, *node), coefficient));
                    }
                }
            }
        }
        for metric in [Metric::Network, Metric::Latency] {
            if let Some(row) = self.limit_row(metric) {
                entries.push((row, self.metric(metric, side, &quorum)));
            }
        }
        let cost = self.metric(self.objective, side, &quorum);
        let column = self.simplex.add(cost, entries);
        self.quorums.push((column, side, quorum.nodes));
        column
    }

    fn run<N: Debug>(mut self, first: Option<Greedy>) -> Result<Solved, StrategyError<N>> {
        self.start(first)?;
        let steps_max = (self.simplex.prices().len() + STEPS_PER_ROW) * STEPS_PER_ROW;
        let mut steps = 0;
        loop {
            let mut moved = Moved::Yes;
            while moved == Moved::Yes && steps < steps_max {
                moved = self.simplex.step();
                steps += 1;
            }
            let duals = self.duals();
            let bound = self.bound(&duals)?;
            let value = self.simplex.value();
            let is_settled = value - bound.value <= GAP_MAX * value.abs();
            if !self.is_feasible {
                if value <= EXCESS_MAX {
                    self.forget_excess();
                    continue;
                }
                if bound.value > EXCESS_MAX {
                    return Ok(self.solved(State::Infeasible, duals, bound.value, steps));
                }
            } else if is_settled {
                return Ok(self.solved(State::Solved, duals, bound.value, steps));
            }
            let is_new = self.take_in(bound.cheapest);
            if !is_new || steps >= steps_max {
                let state = match self.is_feasible {
                    true => State::Solved,
                    false => State::Unsettled,
                };
                return Ok(self.solved(state, duals, bound.value, steps));
            }
        }
    }

    /// A first basis: one quorum of each side, the loads, and an excess where a limit is not kept.
    fn start(&mut self, first: Option<Greedy>) -> Result<(), ExpressionError> {
        let first = match first {
            Some(first) if first.rounds > 0 => first,
            _ => self.cheapest_each()?,
        };
        let mut taken = [None; SUMS];
        let reads = first
            .reads
            .into_iter()
            .map(|it| (Side::Read, 0_usize, it.0));
        let writes = first.writes.into_iter().map(|it| (Side::Write, 1, it.0));
        for (side, row, quorum) in reads.chain(writes) {
            let column = self.add(side, quorum);
            if let Some(taken) = taken.get_mut(row) {
                taken.get_or_insert(column);
            }
        }
        for (row, column) in taken.into_iter().enumerate() {
            if let Some(column) = column {
                self.simplex.place(column, row);
            }
        }
        if self.is_loaded {
            self.start_loads();
        }
        for metric in Metric::ALL {
            let Some(row) = self.limit_row(metric) else {
                continue;
            };
            if self.simplex.value_of_row(row) < 0.0 {
                let column = self.simplex.add(1.0, vec![(row, -1.0)]);
                self.simplex.place(column, row);
                self.excess.push((metric, column));
                self.is_feasible = false;
            }
        }
        if !self.is_feasible {
            for (column, _, _) in &self.quorums {
                self.simplex.set_cost(*column, 0.0);
            }
            for column in &self.loads {
                self.simplex.set_cost(*column, 0.0);
            }
        }
        self.simplex.price();
        Ok(())
    }

    fn start_loads(&mut self) {
        for (fraction, weight) in self.model.weights.iter().enumerate() {
            let rows = (0..self.model.nodes).map(|node| self.load_row(fraction, node));
            let rows: Vec<usize> = rows.collect();
            let mut entries: Vec<(usize, f64)> = rows.iter().map(|row| (*row, -1.0)).collect();
            if let Some(row) = self.limit_row(Metric::Load) {
                entries.push((row, *weight));
            }
            let cost = self.load_cost(*weight);
            let column = self.simplex.add(cost, entries);
            self.loads.push(column);
            // The unit that is most below zero.
            let value = |row: &usize| self.simplex.value_of_row(*row);
            let busiest = rows.iter().copied().reduce(|best, row| {
                if value(&row) < value(&best) {
                    row
                } else {
                    best
                }
            });
            if let Some(row) = busiest {
                self.simplex.place(column, row);
            }
        }
    }

    fn load_cost(&self, weight: f64) -> f64 {
        match self.objective {
            Metric::Load => weight,
            Metric::Network | Metric::Latency => 0.0,
        }
    }

    fn cheapest_each(&self) -> Result<Greedy, ExpressionError> {
        let none = Duals::none(self.model);
        let costs = Weights::only(self.objective);
        let cheapest = |side| -> Result<Vec<(Quorum, u32)>, ExpressionError> {
            let found = self.model.cheapest(side, costs, &none)?;
            Ok(found.into_iter().map(|quorum| (quorum, 1)).collect())
        };
        Ok(Greedy {
            reads: cheapest(Side::Read)?,
            writes: cheapest(Side::Write)?,
            rounds: 1,
            is_optimal: false,
        })
    }

    /// The limits are kept: from now on, the objective counts.
    fn forget_excess(&mut self) {
        self.is_feasible = true;
        for (_, column) in &self.excess {
            self.simplex.bar(*column);
            self.simplex.set_cost(*column, 0.0);
        }
        for (column, weight) in self.loads.clone().into_iter().zip(&self.model.weights) {
            self.simplex.set_cost(column, self.load_cost(*weight));
        }
        for (column, side, nodes) in &self.quorums {
            let latency_ms = self.model.oracle(*side).latency_ms(nodes);
            let quorum = Quorum {
                nodes: nodes.clone(),
                latency_ms,
                price: 0.0,
            };
            let cost = self.metric(self.objective, *side, &quorum);
            self.simplex.set_cost(*column, cost);
        }
        self.simplex.price();
    }

    /// The costs that count now.
    fn costs(&self) -> Weights<f64> {
        match self.is_feasible {
            true => Weights::only(self.objective),
            false => Weights::default(),
        }
    }

    /// The prices of the simplex, made such that they prove a bound: none below zero, and those of a read
    /// fraction no more together than its load costs.
    fn duals(&self) -> Duals {
        let row = |row: usize| {
            let price = self.simplex.prices().get(row).copied().unwrap_or(0.0);
            (-price).max(0.0)
        };
        let mut duals = Duals::none(self.model);
        for metric in Metric::ALL {
            let price = self.limit_row(metric).map_or(0.0, row);
            let has_excess = self.excess.iter().any(|(it, _)| *it == metric);
            *duals.limits.get_mut(metric) = match !self.is_feasible && has_excess {
                // An excess costs one.
                true => price.min(1.0),
                false => price,
            };
        }
        if !self.is_loaded {
            return duals;
        }
        let costs = self.costs().load + duals.limits.load;
        let rows = duals.loads.iter_mut().zip(&self.model.weights);
        for (fraction, (prices, weight)) in rows.enumerate() {
            for (node, price) in prices.iter_mut().enumerate() {
                *price = row(self.load_row(fraction, node));
            }
            let sum: f64 = prices.iter().sum();
            if sum > weight * costs {
                for price in prices {
                    *price *= weight * costs / sum;
                }
            }
        }
        duals
    }

    fn bound(&self, duals: &Duals) -> Result<Bound, ExpressionError> {
        let mut value = 0.0;
        for metric in Metric::ALL {
            let limit = self.limits.get(metric).unwrap_or(0.0) / self.model.unit(metric);
            value -= duals.limits.get(metric) * limit;
        }
        let mut cheapest = Vec::new();
        for side in [Side::Read, Side::Write] {
            if let Some(quorum) = self.model.cheapest(side, self.costs(), duals)? {
                value += quorum.price;
                cheapest.push((side, quorum));
            }
        }
        Ok(Bound { value, cheapest })
    }

    /// Adds the quorums that improve the value. Whether there is one.
    fn take_in(&mut self, cheapest: Vec<(Side, Quorum)>) -> bool {
        let mut is_new = false;
        for (side, quorum) in cheapest {
            let row = usize::from(side == Side::Write);
            let price = self.simplex.prices().get(row).copied().unwrap_or(0.0);
            let is_known = self
                .quorums
                .iter()
                .any(|(_, known_side, known)| *known_side == side && *known == quorum.nodes);
            if is_known || quorum.price >= price {
                continue;
            }
            is_new = true;
            let column = self.add(side, quorum);
            if !self.is_feasible {
                self.simplex.set_cost(column, 0.0);
            }
        }
        is_new
    }

    fn solved(mut self, state: State, duals: Duals, bound: f64, steps: usize) -> Solved {
        self.simplex.renew();
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for (basic, value) in self.simplex.solution() {
            let Basic::Column(column) = basic else {
                continue;
            };
            let found = self.quorums.iter().find(|(it, _, _)| *it == column);
            let Some((_, side, nodes)) = found.filter(|_| value > PROBABILITY_MIN) else {
                continue;
            };
            match side {
                Side::Read => reads.push((nodes.clone(), value)),
                Side::Write => writes.push((nodes.clone(), value)),
            }
        }
        for quorums in [&mut reads, &mut writes] {
            quorums.sort_by(|one, other| one.0.cmp(&other.0));
            let sum: f64 = quorums.iter().map(|(_, probability)| probability).sum();
            for (_, probability) in quorums {
                *probability /= sum;
            }
        }
        Solved {
            state,
            reads,
            writes,
            duals,
            bound,
            steps,
        }
    }
}

struct Bound {
    value: f64,
    cheapest: Vec<(Side, Quorum)>,
}
