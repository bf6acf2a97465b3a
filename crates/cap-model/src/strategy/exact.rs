//! The optimum as fractions: 3/8 instead of 0.375.
//!
//! # Rules
//!
//! 1. Each number of the question is the simplest fraction that rounds to it.
//! 2. The probabilities and prices are guessed as simple fractions, or solved for: which quorums are used
//!    and which nodes are busy is known, and that makes a system of linear equations.
//! 3. Nothing of rule 2 is believed. The value of the strategy and the bound of the prices are computed in
//!    exact arithmetic. When they are equal, both are the optimum: that is a proof. Otherwise there is no
//!    exact answer.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{Price, Side};

use super::answer::{LimitPrices, Metrics, Optimum, Strategy};
use super::equations::Equations;
use super::fraction::Fraction;
use super::program::Program;
use super::question::Objective;

/// What is so small, relatively, is nothing.
const NOTHING: f64 = 1e-10;

/// An optimum that is proved exactly.
///
/// The question's numbers are read as [`Fraction::of`] reads them. The strategy reaches `value`, and the
/// prices prove that none goes below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exact<N> {
    /// The optimum.
    pub value: Fraction,
    /// What the strategy costs.
    pub metrics: Metrics<Fraction>,
    /// The strategy.
    pub strategy: Strategy<N, Fraction>,
    /// For each read fraction, the price of each node.
    pub prices: Vec<Vec<(N, Fraction)>>,
    /// The price of each limit.
    pub limit_prices: LimitPrices<Fraction>,
}

impl<N: Clone + Debug + Ord> Program<N> {
    /// The optimum as fractions, from that in floating-point numbers. `None` when they do not fit, or the
    /// proof does not succeed: then the [`Certificate`](super::Certificate) with its gap is what is known.
    ///
    /// Complexity: a few systems of linear equations, with no more than 48 unknowns, and the questions for
    /// the cheapest quorum.
    ///
    /// ```
    /// use cap_model::strategy::{Costs, Objective, Program, Question, ReadFractions};
    /// use quorum::{Expression, QuorumSystem};
    /// let grid = QuorumSystem::from_reads("a*b*c + d*e*f".parse::<Expression<String>>()?)?;
    /// let question = Question::new(Objective::Load, ReadFractions::one(0.25)?);
    /// let program = Program::new(&grid, |_| Costs::UNIT, &question)?;
    /// let exact = program.exact(&program.optimum()?).unwrap();
    /// assert_eq!(exact.metrics.load.to_string(), "3/8");
    /// assert_eq!(exact.metrics.capacity.to_string(), "8/3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exact(&self, optimum: &Optimum<N>) -> Option<Exact<N>> {
        let terms = Terms::new(self)?;
        let support = Support::new(self, optimum, &terms)?;
        let guessed = support.guessed_primal();
        let primal = guessed.and_then(|it| terms.primal(self, &support, it));
        let solved = || {
            let solved = support.solved_primal(&terms)?;
            terms.primal(self, &support, solved)
        };
        // The better of the two: with free choices, both are right.
        let primal = match (primal, solved()) {
            (Some(one), Some(two)) if two.value < one.value => two,
            (Some(one), _) => one,
            (None, two) => two?,
        };
        let proved = |duals: Option<Vec<Fraction>>| {
            let (prices, limits) = support.duals(self, &terms, duals?)?;
            let bound = terms.bound(self, &prices, &limits)?;
            (bound == primal.value).then_some((prices, limits))
        };
        let (prices, limits) =
            proved(support.guessed_dual()).or_else(|| proved(support.solved_dual(&terms)))?;
        Some(Exact {
            value: primal.value,
            metrics: primal.metrics,
            strategy: Strategy {
                reads: primal.reads,
                writes: primal.writes,
            },
            prices: prices
                .into_iter()
                .map(|prices| self.nodes.iter().cloned().zip(prices).collect())
                .collect(),
            limit_prices: limits,
        })
    }
}

/// The question in fractions.
struct Terms {
    /// Share and weight.
    parts: Vec<(Fraction, Fraction)>,
    mean: Fraction,
    /// For each read fraction and node: what a read costs it, and a write.
    costs: Vec<Vec<(Fraction, Fraction)>>,
    limits: LimitPrices<Option<Fraction>>,
    objective: LimitPrices<Fraction>,
}

/// A strategy in fractions with what it costs.
struct Primal<N> {
    value: Fraction,
    metrics: Metrics<Fraction>,
    reads: Vec<(Vec<N>, Fraction)>,
    writes: Vec<(Vec<N>, Fraction)>,
}

impl Terms {
    fn new<N>(program: &Program<N>) -> Option<Self> {
        let question = &program.question;
        let weighted = question.read_fractions.parts().iter();
        let weighted = weighted.map(|(share, weight)| {
            // A weight was divided by the sum of all: a rounding or two away from its fraction.
            Some((Fraction::of(*share)?, Fraction::near(*weight, NOTHING)?))
        });
        let parts: Vec<(Fraction, Fraction)> = weighted.collect::<Option<_>>()?;
        let mut mean = Fraction::ZERO;
        let mut sum = Fraction::ZERO;
        for (share, weight) in &parts {
            mean = mean.add(share.times(*weight)?)?;
            sum = sum.add(*weight)?;
        }
        if sum != Fraction::ONE {
            return None;
        }
        let capacities = program.costs.iter().map(|costs| {
            let read = Fraction::of(costs.read_capacity)?;
            Some((read, Fraction::of(costs.write_capacity)?))
        });
        let capacities: Vec<(Fraction, Fraction)> = capacities.collect::<Option<_>>()?;
        let costs = parts.iter().map(|(share, _)| {
            let others = Fraction::ONE.minus(*share)?;
            let costs = capacities.iter();
            costs
                .map(|(read, write)| Some((share.over(*read)?, others.over(*write)?)))
                .collect()
        });
        let limit = |limit: Option<f64>| limit.map_or(Some(None), |it| Fraction::of(it).map(Some));
        let mut objective = LimitPrices {
            load: Fraction::ZERO,
            network_load: Fraction::ZERO,
            latency_ms: Fraction::ZERO,
        };
        match question.objective {
            Objective::Load => objective.load = Fraction::ONE,
            Objective::Network => objective.network_load = Fraction::ONE,
            Objective::Latency => objective.latency_ms = Fraction::ONE,
        }
        Some(Self {
            costs: costs.collect::<Option<_>>()?,
            parts,
            mean,
            limits: LimitPrices {
                load: limit(question.limits.load_max)?,
                network_load: limit(question.limits.network_load_max)?,
                latency_ms: limit(question.limits.latency_ms_max)?,
            },
            objective,
        })
    }

    fn share(&self, side: Side) -> Option<Fraction> {
        match side {
            Side::Read => Some(self.mean),
            Side::Write => Fraction::ONE.minus(self.mean),
        }
    }

    /// What a contact of a side costs a node at a read fraction.
    fn cost(&self, fraction: usize, node: usize, side: Side) -> Option<Fraction> {
        let (read, write) = *self.costs.get(fraction)?.get(node)?;
        Some(match side {
            Side::Read => read,
            Side::Write => write,
        })
    }

    /// What the strategy costs, if it is one that keeps the limits.
    fn primal<N: Clone + Debug + Ord>(
        &self,
        program: &Program<N>,
        support: &Support,
        probabilities: Vec<Fraction>,
    ) -> Option<Primal<N>> {
        let nodes = program.nodes.len();
        let mut loads = vec![vec![Fraction::ZERO; nodes]; self.parts.len()];
        let (mut network_load, mut latency_ms) = (Fraction::ZERO, Fraction::ZERO);
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let (mut read_sum, mut write_sum) = (Fraction::ZERO, Fraction::ZERO);
        for (used, probability) in support.quorums.iter().zip(probabilities) {
            if probability < Fraction::ZERO {
                return None;
            }
            for (fraction, loads) in loads.iter_mut().enumerate() {
                for node in &used.nodes {
                    let cost = self.cost(fraction, *node, used.side)?;
                    let load = loads.get_mut(*node)?;
                    *load = load.add(cost.times(probability)?)?;
                }
            }
            let share = self.share(used.side)?.times(probability)?;
            network_load = network_load.add(share.times(used.size()?)?)?;
            latency_ms = latency_ms.add(share.times(used.latency_ms)?)?;
            let (list, sum) = match used.side {
                Side::Read => (&mut reads, &mut read_sum),
                Side::Write => (&mut writes, &mut write_sum),
            };
            *sum = sum.add(probability)?;
            let names = used.nodes.iter();
            let names = names.filter_map(|node| program.nodes.get(*node).cloned());
            if !probability.is_zero() {
                list.push((names.collect(), probability));
            }
        }
        if read_sum != Fraction::ONE || write_sum != Fraction::ONE {
            return None;
        }
        let (mut load, mut capacity) = (Fraction::ZERO, Fraction::ZERO);
        for (loads, (_, weight)) in loads.into_iter().zip(&self.parts) {
            let busiest = loads.into_iter().max()?;
            load = load.add(weight.times(busiest)?)?;
            capacity = capacity.add(weight.over(busiest)?)?;
        }
        let is_kept = |limit: Option<Fraction>, value| limit.is_none_or(|limit| value <= limit);
        let is_within = is_kept(self.limits.load, load)
            && is_kept(self.limits.network_load, network_load)
            && is_kept(self.limits.latency_ms, latency_ms);
        let value = match program.question.objective {
            Objective::Load => load,
            Objective::Network => network_load,
            Objective::Latency => latency_ms,
        };
        is_within.then_some(Primal {
            value,
            metrics: Metrics {
                load,
                capacity,
                network_load,
                latency_ms,
            },
            reads,
            writes,
        })
    }

    /// What the prices prove, if they are prices.
    fn bound<N: Clone + Debug + Ord>(
        &self,
        program: &Program<N>,
        prices: &[Vec<Fraction>],
        limits: &LimitPrices<Fraction>,
    ) -> Option<Fraction> {
        let rate = self.objective.load.add(limits.load)?;
        for (prices, (_, weight)) in prices.iter().zip(&self.parts) {
            let mut sum = Fraction::ZERO;
            for price in prices {
                sum = sum.add((*price >= Fraction::ZERO).then_some(*price)?)?;
            }
            if sum > weight.times(rate)? {
                return None;
            }
        }
        let mut bound = Fraction::ZERO;
        for (limit, price) in [
            (self.limits.load, limits.load),
            (self.limits.network_load, limits.network_load),
            (self.limits.latency_ms, limits.latency_ms),
        ] {
            if price < Fraction::ZERO {
                return None;
            }
            bound = bound.minus(price.times(limit.unwrap_or(Fraction::ZERO))?)?;
        }
        let each = self.objective.network_load.add(limits.network_load)?;
        let per_ms = self.objective.latency_ms.add(limits.latency_ms)?;
        for side in [Side::Read, Side::Write] {
            let share = self.share(side)?;
            let mut sums = vec![each.times(share)?; program.nodes.len()];
            for (fraction, prices) in prices.iter().enumerate() {
                for (node, (sum, price)) in sums.iter_mut().zip(prices).enumerate() {
                    let cost = self.cost(fraction, node, side)?;
                    *sum = sum.add(cost.times(*price)?)?;
                }
            }
            let rate = per_ms.times(share)?;
            let least = program.model.oracle(side).least(&sums, |latency_ms| {
                if rate.is_zero() {
                    return Some(Fraction::ZERO);
                }
                rate.times(Fraction::of(latency_ms)?)
            });
            bound = bound.add(least?)?;
        }
        Some(bound)
    }
}

/// A quorum that is used, with its probability.
struct Used {
    side: Side,
    nodes: Vec<usize>,
    latency_ms: Fraction,
    probability: f64,
}

impl Used {
    fn size(&self) -> Option<Fraction> {
        Fraction::new(i128::try_from(self.nodes.len()).ok()?, 1)
    }
}

/// Which quorums are used, which nodes are busy, which have a price, and which limits.
struct Support {
    quorums: Vec<Used>,
    /// Read fraction and node.
    busy: Vec<(usize, usize)>,
    /// Read fraction, node and price.
    priced: Vec<(usize, usize, f64)>,
    /// Which metric, and its price: load, network load, latency.
    limits: Vec<(usize, f64)>,
    is_loaded: bool,
}

impl Support {
    fn new<N: Clone + Debug + Ord>(
        program: &Program<N>,
        optimum: &Optimum<N>,
        terms: &Terms,
    ) -> Option<Self> {
        let mut quorums = Vec::new();
        let strategy = &optimum.strategy;
        for (side, list) in [
            (Side::Read, &strategy.reads),
            (Side::Write, &strategy.writes),
        ] {
            for (nodes, probability) in list {
                let places = nodes
                    .iter()
                    .map(|node| program.nodes.binary_search(node).ok());
                let nodes: Vec<usize> = places.collect::<Option<_>>()?;
                let latency_ms = program.model.oracle(side).latency_ms(&nodes);
                quorums.push(Used {
                    side,
                    latency_ms: Fraction::of(latency_ms)?,
                    nodes,
                    probability: *probability,
                });
            }
        }
        let certificate = &optimum.certificate;
        let mut priced = Vec::new();
        for (fraction, prices) in certificate.prices.iter().enumerate() {
            let most = prices.iter().map(|(_, price)| *price).fold(0.0, f64::max);
            for (node, (_, price)) in prices.iter().enumerate() {
                if *price > most * NOTHING {
                    priced.push((fraction, node, *price));
                }
            }
        }
        let prices = &certificate.limit_prices;
        let limits = [prices.load, prices.network_load, prices.latency_ms];
        let limits = limits
            .into_iter()
            .enumerate()
            .filter(|(_, price)| *price > 0.0);
        let mut support = Self {
            quorums,
            busy: Vec::new(),
            priced,
            limits: limits.collect(),
            is_loaded: program.question.objective == Objective::Load
                || program.question.limits.load_max.is_some(),
        };
        support.busy = support.busiest(terms, program.nodes.len())?;
        Some(support)
    }

    /// The nodes that are as busy as any at a read fraction.
    fn busiest(&self, terms: &Terms, nodes: usize) -> Option<Vec<(usize, usize)>> {
        let mut busy = Vec::new();
        for fraction in 0..terms.parts.len() {
            let mut loads = vec![0.0; nodes];
            for used in &self.quorums {
                for node in &used.nodes {
                    let cost = terms.cost(fraction, *node, used.side)?.to_f64();
                    *loads.get_mut(*node)? += cost * used.probability;
                }
            }
            let most = loads.iter().copied().fold(0.0, f64::max);
            let near = loads.iter().enumerate();
            let near = near.filter(|(_, load)| **load >= most * (1.0 - NOTHING));
            busy.extend(near.map(|(node, _)| (fraction, node)));
        }
        Some(busy)
    }

    fn guessed_primal(&self) -> Option<Vec<Fraction>> {
        let guessed = self.quorums.iter();
        guessed
            .map(|used| Fraction::near(used.probability, NOTHING))
            .collect()
    }

    /// Unknown are the probabilities, and the load at each read fraction.
    fn solved_primal(&self, terms: &Terms) -> Option<Vec<Fraction>> {
        let quorums = self.quorums.len();
        let fractions = if self.is_loaded { terms.parts.len() } else { 0 };
        let unknowns = quorums + fractions;
        let mut system = Equations::new(unknowns)?;
        for side in [Side::Read, Side::Write] {
            let used = self.quorums.iter().enumerate();
            let used = used.filter(|(_, used)| used.side == side);
            let terms = used.map(|(at, _)| (at, Fraction::ONE));
            system.add(terms.collect(), Fraction::ONE)?;
        }
        let busy = self.busy.iter().filter(|_| self.is_loaded);
        for (fraction, node) in busy {
            let mut row = vec![(quorums + fraction, Fraction::ONE.negated()?)];
            for (at, used) in self.quorums.iter().enumerate() {
                if used.nodes.contains(node) {
                    row.push((at, terms.cost(*fraction, *node, used.side)?));
                }
            }
            system.add(row, Fraction::ZERO)?;
        }
        for (metric, _) in &self.limits {
            let mut row = Vec::new();
            let right = match metric {
                0 => {
                    let weights = terms.parts.iter().map(|(_, weight)| *weight);
                    row.extend((quorums..).zip(weights));
                    terms.limits.load?
                }
                1 => {
                    for (at, used) in self.quorums.iter().enumerate() {
                        row.push((at, terms.share(used.side)?.times(used.size()?)?));
                    }
                    terms.limits.network_load?
                }
                _ => {
                    for (at, used) in self.quorums.iter().enumerate() {
                        row.push((at, terms.share(used.side)?.times(used.latency_ms)?));
                    }
                    terms.limits.latency_ms?
                }
            };
            system.add(row, right)?;
        }
        let guess = |at: usize| {
            let used = self.quorums.get(at)?;
            Fraction::near(used.probability, NOTHING)
        };
        let mut solved = system.solved(guess)?;
        solved.truncate(quorums);
        Some(solved)
    }

    fn guessed_dual(&self) -> Option<Vec<Fraction>> {
        let prices = self.priced.iter().map(|(_, _, price)| price);
        let limits = self.limits.iter().map(|(_, price)| price);
        prices
            .chain(limits)
            .map(|price| Fraction::near(*price, price * NOTHING))
            .collect()
    }

    /// Unknown are the prices of nodes, of limits, and what a quorum of each side costs.
    fn solved_dual(&self, terms: &Terms) -> Option<Vec<Fraction>> {
        let (priced, limits) = (self.priced.len(), self.limits.len());
        let mut system = Equations::new(priced + limits + 2)?;
        for used in &self.quorums {
            let paid = priced + limits + usize::from(used.side == Side::Write);
            let mut row = vec![(paid, Fraction::ONE.negated()?)];
            for (at, (fraction, node, _)) in self.priced.iter().enumerate() {
                if used.nodes.contains(node) {
                    row.push((at, terms.cost(*fraction, *node, used.side)?));
                }
            }
            let share = terms.share(used.side)?;
            let (network, latency) = (share.times(used.size()?)?, share.times(used.latency_ms)?);
            for (at, (metric, _)) in self.limits.iter().enumerate() {
                match metric {
                    0 => {}
                    1 => row.push((priced + at, network)),
                    _ => row.push((priced + at, latency)),
                }
            }
            let fixed = terms.objective.network_load.times(network)?;
            let fixed = fixed.add(terms.objective.latency_ms.times(latency)?)?;
            system.add(row, fixed.negated()?)?;
        }
        let fractions = terms.parts.iter().enumerate().filter(|_| self.is_loaded);
        for (fraction, (_, weight)) in fractions {
            let mut row = Vec::new();
            for (at, (of, _, _)) in self.priced.iter().enumerate() {
                if *of == fraction {
                    row.push((at, Fraction::ONE));
                }
            }
            for (at, (metric, _)) in self.limits.iter().enumerate() {
                if *metric == 0 {
                    row.push((priced + at, weight.negated()?));
                }
            }
            system.add(row, weight.times(terms.objective.load)?)?;
        }
        let guess = |at: usize| {
            let node = self.priced.get(at).map(|(_, _, price)| *price);
            let limit = || {
                self.limits
                    .get(at.checked_sub(priced)?)
                    .map(|(_, price)| *price)
            };
            let price = node.or_else(limit)?;
            Fraction::near(price, price * NOTHING)
        };
        let mut solved = system.solved(guess)?;
        solved.truncate(priced + limits);
        Some(solved)
    }

    /// The prices in their places.
    fn duals<N>(
        &self,
        program: &Program<N>,
        terms: &Terms,
        duals: Vec<Fraction>,
    ) -> Option<(Vec<Vec<Fraction>>, LimitPrices<Fraction>)> {
        let mut prices = vec![vec![Fraction::ZERO; program.nodes.len()]; terms.parts.len()];
        let mut duals = duals.into_iter();
        for (fraction, node, _) in &self.priced {
            *prices.get_mut(*fraction)?.get_mut(*node)? = duals.next()?;
        }
        let mut limits = LimitPrices {
            load: Fraction::ZERO,
            network_load: Fraction::ZERO,
            latency_ms: Fraction::ZERO,
        };
        for (metric, _) in &self.limits {
            let price = duals.next()?;
            match metric {
                0 => limits.load = price,
                1 => limits.network_load = price,
                _ => limits.latency_ms = price,
            }
        }
        Some((prices, limits))
    }
}
