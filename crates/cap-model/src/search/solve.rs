//! The best strategy of one system, from its truth tables.
//!
//! # Rules
//!
//! 1. With `f` failures, an operation contacts a set that has a quorum inside whichever `f` of its nodes are
//!    taken away. The sets without a smaller one of the same latency inside are enough: more nodes cost load
//!    and messages, and only buy time. With `f = 0` they are the minimal quorums.
//! 2. The latency of a contacted set is the least time at which the nodes that have answered are a quorum.
//! 3. Of all strategies that are best for the objective, the one that is best for the next of load, latency
//!    and network load is taken, and of those for the last: so the figures of a system do not depend on
//!    which of its equally good strategies was found.

use alloc::vec;
use alloc::vec::Vec;

use super::program::{Ended, OBJECTIVES, Program};
use super::sets::{NODES_MAX, Set, Table, nodes_of};
use crate::strategy::{Costs, LimitPrices, Metrics, Objective, Question};

/// A probability below this is none.
const CHANCE_MIN: f64 = 1e-12;

/// What does not change from system to system, over nodes in the order of their classes.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) costs: Vec<Costs>,
    pub(super) objective: Objective,
    /// Each read fraction with its weight above zero.
    pub(super) mix: Vec<(f64, f64)>,
    /// The mean read fraction.
    pub(super) reads: f64,
    pub(super) failures: usize,
    pub(super) load_max: Option<f64>,
    pub(super) latency_ms_max: Option<f64>,
    pub(super) network_load_max: Option<f64>,
    /// Loads and latencies are solved in these units, to be about 1.
    load_unit: f64,
    latency_unit: f64,
}

impl Setting {
    pub(super) fn new(costs: Vec<Costs>, question: &Question) -> Self {
        let parts = question.read_fractions.parts().iter().copied();
        let mix: Vec<(f64, f64)> = parts.filter(|(_, weight)| *weight > 0.0).collect();
        let least =
            |least: f64, costs: &Costs| least.min(costs.read_capacity).min(costs.write_capacity);
        let slowest = costs
            .iter()
            .fold(0.0, |most: f64, costs| most.max(costs.latency_ms));
        Self {
            objective: question.objective,
            reads: mix.iter().map(|(share, weight)| share * weight).sum(),
            mix,
            failures: question.failures,
            load_max: question.limits.load_max,
            latency_ms_max: question.limits.latency_ms_max,
            network_load_max: question.limits.network_load_max,
            load_unit: 1.0 / costs.iter().fold(f64::INFINITY, least),
            latency_unit: if slowest > 0.0 { slowest } else { 1.0 },
            costs,
        }
    }

    /// The same at the mean read fraction. What it says of loads is a bound: the load is convex in the read
    /// fraction, so at the mean fraction no strategy has more than its mean load (Jensen), and latency and
    /// network load depend on the mean alone.
    pub(super) fn at_mean(costs: Vec<Costs>, question: &Question) -> Self {
        let mut setting = Self::new(costs, question);
        setting.mix = Vec::from([(setting.reads, 1.0)]);
        setting
    }

    /// Seconds of a node for an operation, at a read fraction.
    pub(super) fn burden(&self, node: usize, share: f64, is_write: bool) -> f64 {
        let Some(costs) = self.costs.get(node) else {
            return 0.0;
        };
        if is_write {
            (1.0 - share) / costs.write_capacity
        } else {
            share / costs.read_capacity
        }
    }

    /// How much of the operations a side is.
    pub(super) fn share(&self, is_write: bool) -> f64 {
        if is_write {
            1.0 - self.reads
        } else {
            self.reads
        }
    }

    fn nodes(&self) -> usize {
        self.costs.len()
    }

    /// The sets that are worth contacting, with their latencies.
    fn contacts(&self, quorums: Table) -> Vec<(Set, f64)> {
        let nodes = self.nodes();
        let mut levels: Vec<f64> = self.costs.iter().map(|costs| costs.latency_ms).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let reached: Vec<(Set, f64)> = levels
            .iter()
            .map(|level| (self.within(*level), *level))
            .collect();
        let latency_of = |set: Set| {
            let first = reached.iter().find(|(these, _)| quorums.has(set & these));
            first.map_or(f64::INFINITY, |(_, level)| *level)
        };
        let resilient = quorums.resilient(self.failures, nodes);
        let mut contacts: Vec<(Set, f64)> = Vec::new();
        for set in resilient.minimal(nodes) {
            contacts.push((set, latency_of(set)));
        }
        if self.failures == 0 {
            return contacts;
        }
        for (these, _) in &reached {
            for set in resilient.and(quorums.within(*these, nodes)).minimal(nodes) {
                let latency_ms = latency_of(set);
                let is_beaten = contacts
                    .iter()
                    .any(|(other, earlier)| other & set == *other && *earlier <= latency_ms);
                if !is_beaten {
                    contacts.push((set, latency_ms));
                }
            }
        }
        contacts
    }

    /// The nodes that have answered after this time.
    fn within(&self, level: f64) -> Set {
        let nodes = self.costs.iter().enumerate();
        let early = nodes.filter(|(_, costs)| costs.latency_ms <= level);
        early.fold(0, |set, (node, _)| set | 1 << node)
    }
}

/// A system's best strategy, by the places of its nodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Solved {
    pub(super) reads: Vec<(Set, f64)>,
    pub(super) writes: Vec<(Set, f64)>,
    pub(super) metrics: Metrics,
    pub(super) proof: Proof,
}

/// Why no strategy is better: weak duality with these prices.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proof {
    /// What the strategy reaches of the objective.
    pub(super) value: f64,
    /// What none is below.
    pub(super) bound: f64,
    /// For each read fraction, the price of a second of each node.
    pub(super) nodes: Vec<[f64; NODES_MAX]>,
    /// The price of each limit.
    pub(super) limits: LimitPrices,
}

/// Of the value: so far may the bound be below it.
const GAP_MAX: f64 = 1e-9;

/// How the search for a strategy ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Solved(Solved),
    /// No strategy is within the limits.
    Infeasible,
    /// None is as good as the ceiling.
    TooDear,
    /// Rounding got in the way.
    Unsolved,
}

/// The sets that may be contacted, with their latencies: the program of one system.
pub(super) struct Columns {
    reads: Vec<(Set, f64)>,
    writes: Vec<(Set, f64)>,
}

impl Columns {
    fn all(&self) -> impl Iterator<Item = (Set, f64, bool)> {
        let reads = self
            .reads
            .iter()
            .map(|(set, latency)| (*set, *latency, false));
        reads.chain(
            self.writes
                .iter()
                .map(|(set, latency)| (*set, *latency, true)),
        )
    }

    fn count(&self) -> usize {
        self.reads.len() + self.writes.len()
    }
}

impl Setting {
    /// The sets that a system with these read quorums may contact.
    pub(super) fn columns(&self, quorums: Table) -> Columns {
        Columns {
            reads: self.contacts(quorums),
            writes: self.contacts(quorums.dual()),
        }
    }

    /// The best strategy over these sets, if its objective is at most `ceiling`.
    pub(super) fn solve(&self, columns: &Columns, ceiling: f64) -> Answer {
        if columns.reads.is_empty() || columns.writes.is_empty() {
            return Answer::Infeasible;
        }
        let mut program = self.program(columns);
        match program.solve(ceiling / self.unit(self.objective)) {
            Ended::Optimal => {}
            Ended::Infeasible => return Answer::Infeasible,
            Ended::AboveCeiling => return Answer::TooDear,
            Ended::GaveUp => return Answer::Unsolved,
        }
        let values = program.values();
        let (reads, others) = values.split_at(columns.reads.len().min(values.len()));
        let writes = others.get(..columns.writes.len()).unwrap_or(&[]);
        let (Some(reads), Some(writes)) = (
            chances(&columns.reads, reads),
            chances(&columns.writes, writes),
        ) else {
            return Answer::Unsolved;
        };
        let metrics = self.metrics(&reads, &writes);
        let value = match self.objective {
            Objective::Load => metrics.load,
            Objective::Latency => metrics.latency_ms,
            Objective::Network => metrics.network_load,
        };
        let proof = self.proof(columns, &program.prices(), value);
        if proof.bound < value - GAP_MAX * value.abs() {
            return Answer::Unsolved;
        }
        let named = |chances: Vec<(Set, f64, f64)>| {
            chances
                .into_iter()
                .map(|(set, _, chance)| (set, chance))
                .collect()
        };
        Answer::Solved(Solved {
            reads: named(reads),
            writes: named(writes),
            metrics,
            proof,
        })
    }

    /// Programs are about figures in these units.
    fn unit(&self, objective: Objective) -> f64 {
        match objective {
            Objective::Load => self.load_unit,
            Objective::Latency => self.latency_unit,
            Objective::Network => self.nodes() as f64,
        }
    }

    /// Columns: the sets, then the load at each read fraction. Rows: something is read, something is
    /// written, each node at each read fraction, the limits.
    fn program(&self, columns: &Columns) -> Program {
        let sets = columns.count();
        let mut program = Program::new(sets + self.mix.len());
        let nodes = self.nodes() as f64;
        let order = match self.objective {
            Objective::Load => [0, 1, 2],
            Objective::Latency => [1, 0, 2],
            Objective::Network => [1, 2, 0],
        };
        let [load, latency, network]: [usize; OBJECTIVES] = order;
        for (column, (set, latency_ms, is_write)) in columns.all().enumerate() {
            let share = self.share(is_write);
            program.costs(latency, column, share * latency_ms / self.latency_unit);
            program.costs(network, column, share * f64::from(set.count_ones()) / nodes);
        }
        for (at, (_, weight)) in self.mix.iter().enumerate() {
            program.costs(load, sets + at, *weight);
        }
        for side in [false, true] {
            let of_side = columns.all().enumerate();
            let of_side = of_side.filter(|(_, (_, _, is_write))| *is_write == side);
            program.row(1.0, of_side.map(|(column, _)| (column, 1.0)));
        }
        for (at, (share, _)) in self.mix.iter().enumerate() {
            for node in 0..self.nodes() {
                let burdens = [false, true]
                    .map(|is_write| self.burden(node, *share, is_write) / self.load_unit);
                let of_node = columns.all().enumerate();
                let of_node = of_node.filter(|(_, (set, ..))| set >> node & 1 == 1);
                let of_node = of_node
                    .map(|(column, (_, _, is_write))| (column, -burdens[usize::from(is_write)]));
                program.row(0.0, of_node.chain([(sets + at, 1.0)]));
            }
        }
        if let Some(most) = self.load_max {
            let loads = self.mix.iter().enumerate();
            let loads = loads.map(|(at, (_, weight))| (sets + at, -weight));
            program.row(-most / self.load_unit, loads);
        }
        if let Some(most) = self.latency_ms_max {
            let latencies = columns.all().map(|(_, latency_ms, is_write)| {
                -self.share(is_write) * latency_ms / self.latency_unit
            });
            program.row(-most / self.latency_unit, latencies.enumerate());
        }
        if let Some(most) = self.network_load_max {
            let sizes = columns.all().map(|(set, _, is_write)| {
                -self.share(is_write) * f64::from(set.count_ones()) / nodes
            });
            program.row(-most / nodes, sizes.enumerate());
        }
        program
    }

    /// What a read or a write costs that contacts the node alone, at these prices.
    pub(super) fn price(&self, prices: &[[f64; NODES_MAX]], node: usize, is_write: bool) -> f64 {
        let mix = self.mix.iter().zip(prices);
        let priced = mix.map(|((share, _), prices)| {
            prices.get(node).copied().unwrap_or(0.0) * self.burden(node, *share, is_write)
        });
        priced.sum()
    }

    /// Weak duality: whatever the strategy, the objective is at least what the cheapest read and the
    /// cheapest write cost under prices, less what the limits are worth. Computed from the sets, not from
    /// the dictionary.
    fn proof(&self, columns: &Columns, rows: &[f64], value: f64) -> Proof {
        let of_objective = self.unit(self.objective);
        let rate = of_objective / self.load_unit;
        let mut rows = rows.iter().copied().skip(2);
        let mut nodes = Vec::with_capacity(self.mix.len());
        for _ in &self.mix {
            let mut prices = [0.0; NODES_MAX];
            for price in prices.iter_mut().take(self.nodes()) {
                *price = rows.next().unwrap_or(0.0) * rate;
            }
            nodes.push(prices);
        }
        let mut limit = |most: Option<f64>, objective: Objective| {
            let price = most.and_then(|_| rows.next());
            price.unwrap_or(0.0) * of_objective / self.unit(objective)
        };
        let limits = LimitPrices {
            load: limit(self.load_max, Objective::Load),
            latency_ms: limit(self.latency_ms_max, Objective::Latency),
            network_load: limit(self.network_load_max, Objective::Network),
        };
        let of = |objective| {
            if self.objective == objective {
                1.0
            } else {
                0.0
            }
        };
        let per_ms = limits.latency_ms + of(Objective::Latency);
        let per_node = limits.network_load + of(Objective::Network);
        let sides = [false, true].map(|side| {
            let mut of_node = [0.0; NODES_MAX];
            for (node, price) in of_node.iter_mut().enumerate() {
                *price = self.price(&nodes, node, side) + per_node * self.share(side);
            }
            let of_side = columns.all().filter(|(_, _, is_write)| *is_write == side);
            let costs = of_side.map(|(set, latency_ms, _)| {
                let nodes = nodes_of(set).map(|node| of_node[node]);
                nodes.sum::<f64>() + per_ms * self.share(side) * latency_ms
            });
            costs.fold(f64::INFINITY, f64::min)
        });
        let worth = limits.load * self.load_max.unwrap_or(0.0)
            + limits.latency_ms * self.latency_ms_max.unwrap_or(0.0)
            + limits.network_load * self.network_load_max.unwrap_or(0.0);
        Proof {
            value,
            bound: sides.iter().sum::<f64>() - worth,
            nodes,
            limits,
        }
    }

    /// The prices of a proof, made to add up to the weight of their read fraction; even ones where there
    /// are none.
    pub(super) fn evened(&self, proof: &Proof) -> Vec<[f64; NODES_MAX]> {
        let nodes = self.nodes() as f64;
        let both = self.mix.iter().zip(&proof.nodes);
        let evened = both.map(|((_, weight), prices)| {
            let sum: f64 = prices.iter().sum();
            match sum > 0.0 {
                true => prices.map(|price| price * weight / sum),
                false => [weight / nodes; NODES_MAX],
            }
        });
        evened.collect()
    }

    fn metrics(&self, reads: &[(Set, f64, f64)], writes: &[(Set, f64, f64)]) -> Metrics {
        let mut contacted = [[0.0; NODES_MAX]; 2];
        let (mut network_load, mut latency_ms) = (0.0, 0.0);
        for (is_write, chances) in [(false, reads), (true, writes)] {
            let share = self.share(is_write);
            for (set, latency, chance) in chances {
                network_load += share * chance * f64::from(set.count_ones());
                latency_ms += share * chance * latency;
                for node in nodes_of(*set) {
                    contacted[usize::from(is_write)][node] += chance;
                }
            }
        }
        let (mut load, mut capacity) = (0.0, 0.0);
        for (share, weight) in &self.mix {
            let busiest = (0..self.nodes()).map(|node| {
                self.burden(node, *share, false) * contacted[0][node]
                    + self.burden(node, *share, true) * contacted[1][node]
            });
            let busiest = busiest.fold(0.0, f64::max);
            load += weight * busiest;
            capacity += weight / busiest;
        }
        Metrics {
            load,
            capacity,
            network_load,
            latency_ms,
        }
    }
}

/// The sets that are contacted at all, with chances that add up to one.
fn chances(columns: &[(Set, f64)], values: &[f64]) -> Option<Vec<(Set, f64, f64)>> {
    let sum: f64 = values.iter().filter(|value| **value > CHANCE_MIN).sum();
    if !(0.5..2.0).contains(&sum) {
        return None;
    }
    let both = columns.iter().zip(values);
    let taken = both.filter(|(_, value)| **value > CHANCE_MIN);
    Some(
        taken
            .map(|((set, latency), value)| (*set, *latency, value / sum))
            .collect(),
    )
}

/// What a system says without a program: its quorums from the tables of its nodes.
pub(super) fn unavailability(quorums: Table, up: &[f64]) -> f64 {
    let sets = (0..).zip(up);
    let without = sets.filter(|(set, _)| !quorums.has(*set));
    without.map(|(_, chance)| chance).sum()
}

/// How likely just the nodes of each set are up, when nodes and the zones that they stand in fail.
pub(super) fn up_sets(nodes: &[f64], zones: &[Option<usize>], zone_failures: &[f64]) -> Vec<f64> {
    let mut used: Vec<usize> = zones.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    let mut up = vec![0.0; 1 << nodes.len().min(NODES_MAX)];
    for down in 0..1_usize << used.len().min(NODES_MAX) {
        let is_down = |zone: &Option<usize>| {
            zone.is_some_and(|zone| {
                let at = used.binary_search(&zone).unwrap_or(0);
                down >> at & 1 == 1
            })
        };
        let of_zone = used.iter().enumerate().map(|(at, zone)| {
            let failure = zone_failures.get(*zone).copied().unwrap_or(0.0);
            if down >> at & 1 == 1 {
                failure
            } else {
                1.0 - failure
            }
        });
        let chance: f64 = of_zone.product();
        if chance == 0.0 {
            continue;
        }
        for (set, up) in up.iter_mut().enumerate() {
            let of_node = nodes
                .iter()
                .zip(zones)
                .enumerate()
                .map(|(node, (failure, zone))| {
                    let failure = if is_down(zone) { 1.0 } else { *failure };
                    if set >> node & 1 == 1 {
                        1.0 - failure
                    } else {
                        failure
                    }
                });
            *up += chance * of_node.product::<f64>();
        }
    }
    up
}

#[cfg(test)]
mod tests {
    use super::{Objective, Question, Set, Setting, Table, nodes_of};
    use crate::strategy::{Costs, ReadFractions};
    use alloc::vec::Vec;

    #[test]
    fn no_set_is_worth_contacting_beside_the_contacts() {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let (nodes, mut larger) = (5, 0);
        for round in 0..200 {
            let costs = (0..nodes).map(|node| Costs {
                latency_ms: if round == 1 {
                    node as f64
                } else {
                    draw(4) as f64
                },
                ..Costs::UNIT
            });
            let mut question = Question::new(Objective::Load, ReadFractions::one(0.5).unwrap());
            question.failures = round % 3;
            let setting = Setting::new(costs.collect(), &question);
            let pair = |first: u64, step: u64| (1 << first | 1 << ((first + step) % 5)) as Set;
            let mut least: Vec<Set> = (0..4).map(|_| pair(draw(5), 1 + draw(4))).collect();
            if round == 1 {
                // Two of b, c and d, or a and b: no minimal set that survives a failure has a and b.
                least = [0b110, 0b1010, 0b1100, 0b11].to_vec();
            }
            let above =
                |set| nodes_of(set).fold(Table::ALL, |all, node| all.and(Table::of_node(node)));
            let quorums = least.into_iter().map(above).fold(Table::NONE, Table::or);
            // By the definitions, set by set.
            let has = |set: Set| quorums.has(set);
            let latency_of = |set: Set| {
                let mut levels: Vec<f64> =
                    setting.costs.iter().map(|costs| costs.latency_ms).collect();
                levels.sort_by(f64::total_cmp);
                let early = |level: f64| {
                    let early =
                        nodes_of(set).filter(|node| setting.costs[*node].latency_ms <= level);
                    early.fold(0, |early, node| early | 1 << node)
                };
                levels.into_iter().find(|level| has(early(*level))).unwrap()
            };
            let survives = |set: Set| {
                (0..32_u16)
                    .filter(|lost| lost.count_ones() as usize <= question.failures)
                    .all(|lost| has(set & !lost))
            };
            let contacts = setting.contacts(quorums);
            for (set, latency_ms) in &contacts {
                assert!(survives(*set));
                assert_eq!(latency_of(*set), *latency_ms);
            }
            for set in (0..32).filter(|set| survives(*set)) {
                let within = |most: f64| {
                    contacts
                        .iter()
                        .any(|(other, latency_ms)| other & set == *other && *latency_ms <= most)
                };
                assert!(within(latency_of(set)), "{set:b} {contacts:?}");
            }
            let least = quorums.resilient(question.failures, nodes).minimal(nodes);
            larger += contacts.len() - least.len();
        }
        // Some of them are not minimal: they only buy time.
        assert!(larger > 0);
    }
}
