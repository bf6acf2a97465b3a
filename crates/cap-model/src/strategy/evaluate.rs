//! What a strategy costs, by its definition: nothing here knows how it was found.
//!
//! # Rules
//!
//! 1. A strategy is one when its quorums are quorums of named members, and the probabilities of each side
//!    are between zero and one and add up to one.
//! 2. The load of a node at a read fraction is the sum over the quorums that it is in.
//! 3. The latency of a quorum: its nodes answer one after another; it is over when those that answered
//!    are a quorum.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{QuorumSystem, Side};

use super::answer::{Metrics, Strategy};
use super::error::Flaw;
use super::question::{Costs, ReadFractions};

/// How far a sum of probabilities may be from one.
const SUM_TOLERANCE: f64 = 1e-9;

impl<N: Clone + Debug + Ord> Strategy<N> {
    /// What it costs.
    ///
    /// # Errors
    ///
    /// A [`Flaw`]: costs that are none, a set that is no quorum, probabilities that are none or do not
    /// add up to one.
    ///
    /// O(quorums × nodes × (nodes + read fractions)).
    ///
    /// ```
    /// use cap_model::strategy::{Costs, ReadFractions, Strategy};
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority(["a", "b", "c"])?;
    /// let strategy = Strategy {
    ///     reads: vec![(vec!["a", "b"], 1.0)],
    ///     writes: vec![(vec!["b", "c"], 0.5), (vec!["a", "c"], 0.5)],
    /// };
    /// let metrics = strategy.metrics(&system, |_| Costs::UNIT, &ReadFractions::one(0.5)?)?;
    /// assert_eq!((metrics.load, metrics.network_load), (0.75, 2.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metrics(
        &self,
        system: &QuorumSystem<N>,
        costs_of: impl Fn(&N) -> Costs,
        read_fractions: &ReadFractions,
    ) -> Result<Metrics, Flaw<N>> {
        let costs = checked_costs(system, costs_of)?;
        let (reads, writes) = self.uses(system)?;
        let (mut load, mut capacity) = (0.0, 0.0);
        for &(fraction, weight) in read_fractions.parts() {
            let loads = reads.iter().zip(&writes).zip(&costs);
            let loads = loads.map(|((read, write), costs)| {
                fraction * read / costs.read_capacity
                    + (1.0 - fraction) * write / costs.write_capacity
            });
            let busiest = loads.fold(0.0, f64::max);
            load += weight * busiest;
            capacity += weight / busiest;
        }
        let (mut network_load, mut latency_ms) = (0.0, 0.0);
        for (side, quorums, share) in [
            (Side::Read, &self.reads, read_fractions.mean()),
            (Side::Write, &self.writes, 1.0 - read_fractions.mean()),
        ] {
            for (quorum, probability) in quorums {
                network_load += share * probability * quorum.len() as f64;
                latency_ms += share * probability * latency(system, side, quorum, &costs);
            }
        }
        Ok(Metrics {
            load,
            capacity,
            network_load,
            latency_ms,
        })
    }

    /// What each node has to do for an operation, in seconds, at a read fraction: the greatest of these is
    /// the load.
    ///
    /// # Errors
    ///
    /// Those of [`metrics`](Self::metrics), and a fraction that is none.
    ///
    /// ```
    /// use cap_model::strategy::{Costs, Strategy};
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority(["a", "b", "c"])?;
    /// let strategy = Strategy {
    ///     reads: vec![(vec!["a", "b"], 1.0)],
    ///     writes: vec![(vec!["b", "c"], 1.0)],
    /// };
    /// let loads = strategy.loads(&system, |_| Costs::UNIT, 0.75)?;
    /// assert_eq!(loads, [("a", 0.75), ("b", 1.0), ("c", 0.25)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loads(
        &self,
        system: &QuorumSystem<N>,
        costs_of: impl Fn(&N) -> Costs,
        read_fraction: f64,
    ) -> Result<Vec<(N, f64)>, Flaw<N>> {
        if !(0.0..=1.0).contains(&read_fraction) {
            let fraction = read_fraction;
            return Err(Flaw::NotAReadFraction { fraction });
        }
        let costs = checked_costs(system, costs_of)?;
        let (reads, writes) = self.uses(system)?;
        let each = system.members().zip(reads.iter().zip(&writes)).zip(&costs);
        let loads = each.map(|((node, (read, write)), costs)| {
            let load = read_fraction * read / costs.read_capacity
                + (1.0 - read_fraction) * write / costs.write_capacity;
            (node.clone(), load)
        });
        Ok(loads.collect())
    }

    /// With which probability a read, and a write, contacts each member.
    fn uses(&self, system: &QuorumSystem<N>) -> Result<(Vec<f64>, Vec<f64>), Flaw<N>> {
        let uses = |side, quorums: &[(Vec<N>, f64)]| {
            let members: Vec<&N> = system.members().collect();
            let mut uses = vec![0.0; members.len()];
            let mut sum = 0.0;
            for (quorum, probability) in quorums {
                if !(0.0..=1.0 + SUM_TOLERANCE).contains(probability) {
                    let probability = *probability;
                    return Err(Flaw::NotAProbability { side, probability });
                }
                sum += probability;
                checked_quorum(system, side, quorum)?;
                for node in quorum {
                    let place = members.binary_search(&node);
                    if let Some(used) = place.ok().and_then(|place| uses.get_mut(place)) {
                        *used += probability;
                    }
                }
            }
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                return Err(Flaw::NotADistribution { side, sum });
            }
            Ok(uses)
        };
        Ok((
            uses(Side::Read, &self.reads)?,
            uses(Side::Write, &self.writes)?,
        ))
    }
}

/// Whether these are members, each once, and enough.
fn checked_quorum<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    side: Side,
    quorum: &[N],
) -> Result<(), Flaw<N>> {
    let mut sorted: Vec<&N> = quorum.iter().collect();
    sorted.sort();
    for (node, next) in sorted.iter().zip(sorted.iter().skip(1)) {
        if node == next {
            let node = (*node).clone();
            return Err(Flaw::Repeated { side, node });
        }
    }
    if let Some(stranger) = quorum.iter().find(|node| !system.contains(node)) {
        let node = stranger.clone();
        return Err(Flaw::NotAMember { side, node });
    }
    if !is_quorum(system, side, |node| sorted.binary_search(&node).is_ok()) {
        let nodes = quorum.to_vec();
        return Err(Flaw::NotAQuorum { side, nodes });
    }
    Ok(())
}

pub(super) fn is_quorum<N>(
    system: &QuorumSystem<N>,
    side: Side,
    has: impl FnMut(&N) -> bool,
) -> bool {
    match side {
        Side::Read => system.is_read_quorum(has),
        Side::Write => system.is_write_quorum(has),
    }
}

/// When the answers are a quorum. `costs` are those of the members, in order.
fn latency<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    side: Side,
    quorum: &[N],
    costs: &[Costs],
) -> f64 {
    let members: Vec<&N> = system.members().collect();
    let place = |node| members.binary_search(&node).ok();
    let answers = quorum.iter().filter_map(|node| {
        let costs = costs.get(place(node)?)?;
        Some((node, costs.latency_ms))
    });
    let mut answers: Vec<(&N, f64)> = answers.collect();
    answers.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut answered: Vec<&N> = Vec::new();
    for (node, latency_ms) in answers {
        let place = answered.partition_point(|it| *it < node);
        answered.insert(place, node);
        if is_quorum(system, side, |node| answered.binary_search(&node).is_ok()) {
            return latency_ms;
        }
    }
    f64::INFINITY
}

/// The costs of the members, in order.
pub(super) fn checked_costs<N: Clone + Debug>(
    system: &QuorumSystem<N>,
    costs_of: impl Fn(&N) -> Costs,
) -> Result<Vec<Costs>, Flaw<N>> {
    let checked = system.members().map(|node| {
        let costs = costs_of(node);
        let is_capacity = |capacity: f64| (1e-12..=1e12).contains(&capacity);
        let is_fine = is_capacity(costs.read_capacity)
            && is_capacity(costs.write_capacity)
            && (0.0..=1e12).contains(&costs.latency_ms);
        match is_fine {
            true => Ok(costs),
            false => Err(Flaw::NotACost { node: node.clone() }),
        }
    });
    checked.collect()
}

/// What the load of any strategy is at least when each node can do one operation a second, by the sizes
/// of the quorums alone: `max(1/c, c/n)` of Naor and Wool (1998), for reads and writes.
///
/// With `c` the least size of a quorum of a side: operations contact `f · c(read) + (1 - f) · c(write)`
/// nodes in the mean, and some node gets its share of them; every read meets the least write quorum, so
/// one of that quorum's nodes gets a share of all reads; and so on. O(1) for expressions.
///
/// # Errors
///
/// A read fraction that is none.
///
/// ```
/// use cap_model::strategy::naor_wool_bound;
/// use quorum::QuorumSystem;
/// let majority = QuorumSystem::majority(0..5).unwrap();
/// assert_eq!(naor_wool_bound(&majority, 0.5)?, 0.6);
/// # Ok::<(), cap_model::strategy::ReadFractionError>(())
/// ```
pub fn naor_wool_bound<N: Clone + Debug + Ord>(
    system: &QuorumSystem<N>,
    read_fraction: f64,
) -> Result<f64, super::ReadFractionError> {
    let reads = ReadFractions::one(read_fraction)?.mean();
    let writes = 1.0 - reads;
    let read_size = system.size_min(Side::Read) as f64;
    let write_size = system.size_min(Side::Write) as f64;
    let shared = (reads * read_size + writes * write_size) / system.size() as f64;
    let is_meeting = system.is_read_self_intersecting();
    let is_one = system.expression(Side::Read) == system.expression(Side::Write);
    let among_reads = writes + if is_meeting { reads } else { 0.0 };
    let among_writes = reads + if is_meeting && is_one { writes } else { 0.0 };
    Ok(shared
        .max(among_reads / read_size)
        .max(among_writes / write_size))
}
