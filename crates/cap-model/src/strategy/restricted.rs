//! The linear program with the columns so far, and more of them on the way.
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

use quorum::{ExpressionError, Side};

use super::error::StrategyError;
use super::greedy::Greedy;
use super::metric::{Metric, Weights};
use super::model::{Duals, Model};
use super::oracle::Quorum;
use super::simplex::{Basic, COST_TOLERANCE, Moved, Simplex};

/// No more steps than so many for each row, and as many more.
const STEPS_PER_ROW: usize = 64;
/// The relative gap at which a strategy is optimal.
const GAP_MAX: f64 = 1e-12;
/// The excess over limits, relative to their units, that is rounding.
const EXCESS_MAX: f64 = 1e-10;
/// What is less likely is never.
const PROBABILITY_MIN: f64 = 1e-13;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Solved,
    Infeasible,
    Unsettled,
}

/// A solution by places, in units.
#[derive(Debug)]
pub(super) struct Solved {
    pub(super) state: State,
    pub(super) reads: Vec<(Vec<usize>, f64)>,
    pub(super) writes: Vec<(Vec<usize>, f64)>,
    pub(super) duals: Duals,
    pub(super) bound: f64,
    pub(super) steps: usize,
}

impl Solved {
    pub(super) fn by_rounds(found: Greedy, duals: Duals, bound: f64) -> Self {
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
pub(super) struct Restricted<'a> {
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
    pub(super) fn new(
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

    pub(super) fn run<N: Debug>(
        mut self,
        first: Option<Greedy>,
    ) -> Result<Solved, StrategyError<N>> {
        self.start(first)?;
        let steps_max = (self.simplex.prices().len() + STEPS_PER_ROW) * STEPS_PER_ROW;
        let mut steps = 0;
        let mut best: Option<(f64, Duals)> = None;
        loop {
            let mut moved = Moved::Yes;
            while moved == Moved::Yes && steps < steps_max {
                moved = self.simplex.step();
                steps += 1;
            }
            let value = self.simplex.value();
            if !self.is_feasible && value <= EXCESS_MAX {
                self.forget_excess();
                best = None;
                continue;
            }
            let current = self.duals();
            let is_new = self.look_around(&current, &mut best)?;
            let (bound, duals) = best.get_or_insert_with(|| (0.0, Duals::none(self.model)));
            let state = if !self.is_feasible {
                (*bound > EXCESS_MAX).then_some(State::Infeasible)
            } else {
                (value - *bound <= GAP_MAX * value.abs()).then_some(State::Solved)
            };
            let is_over = !is_new || steps >= steps_max;
            let last = || match self.is_feasible {
                true => State::Solved,
                false => State::Unsettled,
            };
            if let Some(state) = state.or_else(|| is_over.then(last)) {
                let (bound, duals) = (*bound, core::mem::replace(duals, Duals::none(self.model)));
                return Ok(self.solved(state, duals, bound, steps));
            }
        }
    }

    /// Asks for the cheapest quorums: under prices between those of the best bound so far and the current
    /// ones, which jump about, and if that shows nothing new, under the current ones. Whether there
    /// is a quorum that improves the value.
    fn look_around(
        &mut self,
        current: &Duals,
        best: &mut Option<(f64, Duals)>,
    ) -> Result<bool, ExpressionError> {
        let between = best.as_ref().map(|(_, best)| best.between(current));
        for duals in between.iter().chain([current]) {
            let bound = self.bound(duals)?;
            if best.as_ref().is_none_or(|(known, _)| bound.value > *known) {
                *best = Some((bound.value, duals.clone()));
            }
            if self.take_in(bound.cheapest, current) {
                return Ok(true);
            }
        }
        Ok(false)
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
    fn take_in(&mut self, cheapest: Vec<(Side, Quorum)>, current: &Duals) -> bool {
        let mut is_new = false;
        for (side, quorum) in cheapest {
            let row = usize::from(side == Side::Write);
            let price = self.simplex.prices().get(row).copied().unwrap_or(0.0);
            let costs = self.model.priced(side, self.costs(), current, &quorum);
            if costs >= price - COST_TOLERANCE {
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
        for (side, quorums) in [(Side::Read, &mut reads), (Side::Write, &mut writes)] {
            if quorums.is_empty() {
                // The numbers were too far apart: some quorum is still a strategy, and its gap is shown.
                let of_side = self.quorums.iter().filter(|(_, it, _)| *it == side);
                quorums.extend(of_side.take(1).map(|(_, _, nodes)| (nodes.clone(), 1.0)));
            }
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
