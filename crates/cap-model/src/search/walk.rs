//! The search itself: systems in batches, each in the order of its bound.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::ops::ControlFlow;

use quorum::{Expression, QuorumSystem};

use super::bound::Prices;
use super::front::{Figures, Front, Member};
use super::question::{Found, SearchError, SearchOutcome, SearchQuestion, check, order};
use super::sets::{NODES_MAX, Set, Table, nodes_of};
use super::shapes::{Halt, SHAPES_MAX, Seen, ShapeId, Shapes, Traits};
use super::solve::{Answer, Setting, Solved, unavailability, up_sets};
use crate::strategy::{Certificate, Costs, Objective, Optimum, Strategy};

/// How many systems are sorted at once.
const BATCH: usize = 1 << 16;

/// After so many systems the caller is asked, besides before each program.
const ASK_EVERY: usize = 4_096;

/// So many sets of prices bound the loads.
const PRICES_MAX: usize = 6;

/// A search in progress.
pub(super) struct Walk<'a, N> {
    /// In the order of their classes.
    nodes: Vec<N>,
    /// How many nodes each class has.
    counts: Vec<usize>,
    setting: Setting,
    /// With several read fractions: at their mean, a smaller program whose load is a bound.
    at_mean: Option<Setting>,
    question: &'a SearchQuestion,
    /// How likely just the nodes of each set are up.
    up: Option<Vec<f64>>,
    front: Front<Kept>,
    prices: Vec<Prices>,
    looked_at: u64,
    solved: u64,
    is_complete: bool,
}

/// A system that is being considered: a gate over shapes.
#[derive(Clone, Copy)]
struct Candidate {
    needed: usize,
    first: usize,
    of: usize,
    traits: Traits,
    /// No strategy has a smaller load.
    load_min: f64,
}

/// A system in the front.
#[derive(Debug)]
struct Kept {
    solved: Solved,
    reads: Vec<Part>,
    resilience: usize,
    unavailability: Option<f64>,
}

/// An expression, parts before their gate.
#[derive(Clone, Copy, Debug)]
enum Part {
    Node(usize),
    Gate { needed: usize, of: usize },
}

impl<'a, N: Clone + Debug + Ord> Walk<'a, N> {
    pub(super) fn new(
        nodes: Vec<N>,
        costs: Vec<Costs>,
        question: &'a SearchQuestion,
    ) -> Result<Self, SearchError<N>> {
        check(&nodes, &costs, question)?;
        let unreliability = question.unreliability.as_ref();
        let failure_of = |node: usize| {
            unreliability.map_or(0.0, |unreliability| {
                unreliability
                    .node_failures
                    .get(node)
                    .copied()
                    .unwrap_or(0.0)
            })
        };
        let zone_of = |node: usize| -> Option<usize> {
            unreliability.and_then(|unreliability| *unreliability.zones.get(node)?)
        };
        // What tells nodes apart. The numbers are finite and not negative, so their bits are in order.
        let key = |node: usize| {
            let costs = costs.get(node).copied().unwrap_or(Costs::UNIT);
            let figures = [
                costs.read_capacity,
                costs.write_capacity,
                costs.latency_ms,
                failure_of(node),
            ];
            (
                figures.map(|figure| (figure + 0.0).to_bits()),
                zone_of(node),
            )
        };
        let mut keys: Vec<_> = (0..nodes.len()).map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        // Classes in the order in which their first nodes are given.
        let mut places: Vec<usize> = (0..nodes.len()).collect();
        let first_like = |node: usize| {
            places
                .iter()
                .copied()
                .find(|first| key(*first) == key(node))
        };
        let firsts: Vec<usize> = places
            .iter()
            .map(|node| first_like(*node).unwrap_or(*node))
            .collect();
        places.sort_by_key(|node| firsts.get(*node).copied());
        let mut counts: Vec<usize> = Vec::new();
        let mut last = None;
        for place in &places {
            let first = firsts.get(*place).copied();
            match counts.last_mut() {
                Some(count) if first == last => *count += 1,
                _ => counts.push(1),
            }
            last = first;
        }
        let up = unreliability.map(|unreliability| {
            let failures: Vec<f64> = places.iter().map(|place| failure_of(*place)).collect();
            let zones: Vec<Option<usize>> = places.iter().map(|place| zone_of(*place)).collect();
            up_sets(&failures, &zones, &unreliability.zone_failures)
        });
        let ordered = |place: &usize| nodes.get(*place).cloned();
        let costs: Vec<Costs> = places
            .iter()
            .filter_map(|place| costs.get(*place).copied())
            .collect();
        let order = order(question.question.objective);
        let is_mixed = question.question.objective == Objective::Load
            && question.question.read_fractions.parts().len() > 1;
        Ok(Self {
            nodes: places.iter().filter_map(ordered).collect(),
            counts,
            at_mean: is_mixed.then(|| Setting::at_mean(costs.clone(), &question.question)),
            setting: Setting::new(costs, &question.question),
            question,
            up,
            front: Front::new(question.is_front_wanted, order),
            prices: Vec::new(),
            looked_at: 0,
            solved: 0,
            is_complete: true,
        })
    }

    pub(super) fn run(
        mut self,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<SearchOutcome<N>, SearchError<N>> {
        let mut latencies = Vec::with_capacity(self.counts.len());
        let mut first = 0;
        for count in &self.counts {
            latencies.push(
                self.setting
                    .costs
                    .get(first)
                    .map_or(0.0, |costs| costs.latency_ms),
            );
            first += count;
        }
        if self.nodes.len() == 1 {
            self.alone();
            return self.outcome();
        }
        let depth_max = self.question.depth_max;
        match Shapes::below(&self.counts, &latencies, depth_max, keep_going) {
            Ok(shapes) => {
                self.prices = vec![self.prices_of(&self.even(), &shapes)];
                self.walk(&shapes, keep_going);
            }
            Err(Halt::Stopped) => self.is_complete = false,
            Err(Halt::Full) => return Err(SearchError::TooManyShapes { most: SHAPES_MAX }),
        }
        self.outcome()
    }

    /// One node is one system.
    fn alone(&mut self) {
        self.looked_at = 1;
        let traits = Traits::of_node(
            self.setting
                .costs
                .first()
                .map_or(0.0, |costs| costs.latency_ms),
        );
        if self.survives(&traits) {
            self.try_system(Table::of_node(0), &traits, vec![Part::Node(0)]);
        }
    }

    fn walk(&mut self, shapes: &Shapes, keep_going: &mut dyn FnMut() -> bool) {
        let mut batch: Vec<Candidate> = Vec::new();
        let mut parts: Vec<ShapeId> = Vec::new();
        let ended = shapes.each_of_all(&mut |needed, of, traits| {
            self.looked_at += 1;
            if self.looked_at.is_multiple_of(ASK_EVERY as u64) && !keep_going() {
                return ControlFlow::Break(());
            }
            if !self.survives(&traits) {
                return ControlFlow::Continue(());
            }
            let candidate = Candidate {
                needed,
                first: parts.len(),
                of: of.len(),
                traits,
                load_min: self.load_min(needed, of),
            };
            if self.is_hopeless(&candidate.traits, candidate.load_min) {
                return ControlFlow::Continue(());
            }
            parts.extend_from_slice(of);
            batch.push(candidate);
            if batch.len() >= BATCH {
                self.batch(shapes, &mut batch, &parts, keep_going)?;
                batch.clear();
                parts.clear();
            }
            ControlFlow::Continue(())
        });
        let ended = match ended {
            ControlFlow::Continue(()) => self.batch(shapes, &mut batch, &parts, keep_going),
            stopped => stopped,
        };
        self.is_complete &= ended.is_continue();
    }

    /// Goes through a batch in the order of what its systems reach at best.
    fn batch(
        &mut self,
        shapes: &Shapes,
        batch: &mut [Candidate],
        parts: &[ShapeId],
        keep_going: &mut dyn FnMut() -> bool,
    ) -> ControlFlow<()> {
        let objective = self.setting.objective;
        let failures = self.setting.failures;
        let setting = &self.setting;
        batch.sort_by(|one, other| {
            let [one_least, other_least] = [one, other].map(|candidate| match objective {
                Objective::Load => candidate.load_min,
                Objective::Latency => setting.mean(candidate.traits.latency_ms),
                Objective::Network => setting.mean(sizes(&candidate.traits, failures)),
            });
            let by_least = one_least.total_cmp(&other_least);
            by_least.then_with(|| one.traits.gates.cmp(&other.traits.gates))
        });
        let mut is_newer = false;
        for candidate in batch {
            let of = parts
                .get(candidate.first..candidate.first + candidate.of)
                .unwrap_or(&[]);
            if is_newer {
                let load_min = self.load_min(candidate.needed, of);
                candidate.load_min = candidate.load_min.max(load_min);
            }
            if self.is_hopeless(&candidate.traits, candidate.load_min) {
                continue;
            }
            if !keep_going() {
                return ControlFlow::Break(());
            }
            let (table, expression) = self.built(shapes, candidate.needed, of);
            if let Some(prices) = self.try_system(table, &candidate.traits, expression) {
                if self.prices.len() == PRICES_MAX {
                    // The even ones stay.
                    self.prices.remove(1);
                }
                self.prices.push(self.prices_of(&prices, shapes));
                is_newer = true;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a system is resilient enough, and quick and sparing enough at best.
    fn survives(&self, traits: &Traits) -> bool {
        let needed = self.question.resilience_min.max(self.setting.failures);
        if resilience(traits) < needed {
            return false;
        }
        let within =
            |figure: f64, most: Option<f64>| most.is_none_or(|most| figure <= most * SLACK);
        within(
            self.setting.mean(traits.latency_ms),
            self.setting.latency_ms_max,
        ) && within(
            self.setting.mean(sizes(traits, self.setting.failures)),
            self.setting.network_load_max,
        )
    }

    /// The best bound on the load that the known prices give.
    fn load_min(&self, needed: usize, of: &[ShapeId]) -> f64 {
        let prices = self.prices.iter();
        prices.fold(0.0, |least: f64, prices| {
            least.max(prices.load_min(needed, of))
        })
    }

    /// Whether a system with at least this load cannot be within the limits, or in the front.
    fn is_hopeless(&self, traits: &Traits, load_min: f64) -> bool {
        let setting = &self.setting;
        if setting.load_max.is_some_and(|most| load_min > most * SLACK) {
            return true;
        }
        let figures: Figures = [
            load_min * (2.0 - SLACK),
            setting.mean(traits.latency_ms),
            setting.mean(sizes(traits, setting.failures)),
            shortfall(traits),
            0.0,
        ];
        self.front.has_better(&figures)
    }

    /// Computes a system's best strategy and offers it to the front. The node prices of a new member.
    fn try_system(
        &mut self,
        table: Table,
        traits: &Traits,
        reads: Vec<Part>,
    ) -> Option<Vec<[f64; NODES_MAX]>> {
        let sides = self
            .up
            .as_ref()
            .map(|up| [unavailability(table, up), unavailability(table.dual(), up)]);
        let unavailability = sides.map(|sides| self.setting.mean(sides));
        if let (Some(most), Some(unavailability)) =
            (self.question.unavailability_max, unavailability)
            && unavailability > most * SLACK
        {
            return None;
        }
        self.solved += 1;
        let columns = self.setting.columns(table);
        let ceiling = self.front.ceiling();
        if let Some(at_mean) = &self.at_mean {
            match at_mean.solve(&columns, ceiling) {
                Answer::Solved(solved) if self.is_hopeless(traits, solved.proof.bound) => {
                    return None;
                }
                Answer::Infeasible | Answer::TooDear => return None,
                // Without a bound, the full program decides.
                Answer::Solved(_) | Answer::Unsolved => {}
            }
        }
        let solved = match self.setting.solve(&columns, ceiling) {
            Answer::Solved(solved) => solved,
            Answer::Infeasible | Answer::TooDear => return None,
            Answer::Unsolved => {
                self.is_complete = false;
                return None;
            }
        };
        let metrics = solved.metrics;
        let figures: Figures = [
            metrics.load,
            metrics.latency_ms,
            metrics.network_load,
            shortfall(traits),
            unavailability.unwrap_or(0.0),
        ];
        if self.front.has_better(&figures) {
            return None;
        }
        let prices = self.setting.evened(&solved.proof);
        self.front.offer(Member {
            figures,
            gates: traits.gates,
            system: Kept {
                solved,
                reads,
                resilience: resilience(traits),
                unavailability,
            },
        });
        Some(prices)
    }

    /// The truth table of a candidate and its expression, with nodes for classes: each class gives its nodes
    /// in order.
    fn built(&self, shapes: &Shapes, needed: usize, of: &[ShapeId]) -> (Table, Vec<Part>) {
        let mut next = Vec::with_capacity(self.counts.len());
        let mut first = 0;
        for count in &self.counts {
            next.push(first);
            first += count;
        }
        let mut expression = Vec::with_capacity(2 * NODES_MAX);
        let mut tables: Vec<Table> = Vec::with_capacity(NODES_MAX);
        enum Todo {
            See(ShapeId),
            Close(usize, usize),
        }
        let mut todo = vec![Todo::Close(needed, of.len())];
        todo.extend(of.iter().rev().map(|part| Todo::See(*part)));
        while let Some(now) = todo.pop() {
            match now {
                Todo::Close(needed, of) => {
                    let at = tables.len().saturating_sub(of);
                    let table = Table::at_least(needed, tables.get(at..).unwrap_or(&[]));
                    tables.truncate(at);
                    tables.push(table);
                    expression.push(Part::Gate { needed, of });
                }
                Todo::See(shape) => match shapes.see(shape) {
                    Some(Seen::Gate(needed, of)) => {
                        todo.push(Todo::Close(needed, of.len()));
                        todo.extend(of.iter().rev().map(|part| Todo::See(*part)));
                    }
                    Some(Seen::Leaf(class)) => {
                        if let Some(next) = next.get_mut(class) {
                            tables.push(Table::of_node(*next));
                            expression.push(Part::Node(*next));
                            *next += 1;
                        }
                    }
                    None => {}
                },
            }
        }
        (tables.pop().unwrap_or(Table::NONE), expression)
    }

    /// Every node's price by what it can take.
    fn even(&self) -> Vec<[f64; NODES_MAX]> {
        let of_share = |(share, weight): &(f64, f64)| {
            let mut prices = [0.0; NODES_MAX];
            for (node, price) in prices.iter_mut().enumerate().take(self.nodes.len()) {
                let burden = self.setting.burden(node, *share, false)
                    + self.setting.burden(node, *share, true);
                *price = 1.0 / burden;
            }
            let sum: f64 = prices.iter().sum();
            prices.map(|price| price * weight / sum)
        };
        self.setting.mix.iter().map(of_share).collect()
    }

    fn prices_of(&self, prices: &[[f64; NODES_MAX]], shapes: &Shapes) -> Prices {
        let mut of_class = Vec::with_capacity(self.counts.len());
        let mut first = 0;
        for count in &self.counts {
            let mean = [false, true].map(|side| {
                let nodes = first..first + count;
                nodes
                    .map(|node| self.setting.price(prices, node, side))
                    .sum::<f64>()
                    / *count as f64
            });
            of_class.push(mean);
            first += count;
        }
        let (nodes, failures) = (self.nodes.len() as f64, self.setting.failures as f64);
        let factor = if failures < nodes {
            nodes / (nodes - failures)
        } else {
            1.0
        };
        Prices::new(&of_class, factor, shapes)
    }

    fn outcome(self) -> Result<SearchOutcome<N>, SearchError<N>> {
        let nodes = self.nodes;
        let members = self.front.sorted().into_iter();
        let front = members.map(|member| found(&nodes, member.system));
        Ok(SearchOutcome {
            front: front.collect::<Result<_, _>>()?,
            looked_at: self.looked_at,
            solved: self.solved,
            is_complete: self.is_complete,
        })
    }
}

/// What is lost by rounding must not put a system beyond a limit that it keeps.
const SLACK: f64 = 1.0 + 1e-9;

fn resilience(traits: &Traits) -> usize {
    // Those that leave no read quorum are just those that have a write quorum inside.
    let [read, write] = traits.size;
    usize::from(read.min(write)).saturating_sub(1)
}

/// The smaller, the more resilient.
fn shortfall(traits: &Traits) -> f64 {
    (NODES_MAX - resilience(traits).min(NODES_MAX)) as f64
}

/// The fewest nodes that a read and a write contact: any `f` may be taken away from a quorum.
fn sizes(traits: &Traits, failures: usize) -> [f64; 2] {
    traits.size.map(|size| f64::from(size) + failures as f64)
}

impl Setting {
    /// The mean over reads and writes.
    fn mean(&self, sides: [f64; 2]) -> f64 {
        let [read, write] = sides;
        self.share(false) * read + self.share(true) * write
    }
}

fn found<N: Clone + Debug + Ord>(nodes: &[N], kept: Kept) -> Result<Found<N>, SearchError<N>> {
    let mut stack: Vec<Expression<N>> = Vec::new();
    for part in &kept.reads {
        match *part {
            Part::Node(node) => stack.extend(nodes.get(node).cloned().map(Expression::node)),
            Part::Gate { needed, of } => {
                let parts = stack.split_off(stack.len().saturating_sub(of));
                stack.push(Expression::choose(needed, parts)?);
            }
        }
    }
    let reads = stack.pop().ok_or(SearchError::NoNodes)?;
    let system = QuorumSystem::from_reads(reads).map_err(SearchError::System)?;
    let named = |sets: &[(Set, f64)]| -> Vec<(Vec<N>, f64)> {
        let sets = sets.iter().map(|(set, chance)| {
            let mut named: Vec<N> = nodes_of(*set)
                .filter_map(|node| nodes.get(node).cloned())
                .collect();
            named.sort();
            (named, *chance)
        });
        sets.collect()
    };
    let solved = &kept.solved;
    let strategy = Strategy {
        reads: named(&solved.reads),
        writes: named(&solved.writes),
    };
    let priced = |prices: &[f64; NODES_MAX]| {
        let mut priced: Vec<(N, f64)> = nodes.iter().cloned().zip(prices.iter().copied()).collect();
        priced.sort_by(|one, other| one.0.cmp(&other.0));
        priced
    };
    let certificate = Certificate {
        value: solved.proof.value,
        bound: solved.proof.bound,
        prices: solved.proof.nodes.iter().map(priced).collect(),
        limit_prices: solved.proof.limits,
    };
    Ok(Found {
        system,
        optimum: Optimum {
            strategy,
            metrics: solved.metrics,
            certificate,
            steps: 0,
        },
        resilience: kept.resilience,
        unavailability: kept.unavailability,
    })
}
