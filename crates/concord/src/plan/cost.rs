//! What a candidate costs: the load, capacity, network load and latency of its best strategy.
//!
//! | protocol | a read contacts | a write contacts |
//! |---|---|---|
//! | `quorum`, `write-all`, `chain` | a read quorum, by the strategy | a write quorum, by the strategy |
//! | `leader` | the leader and a read quorum with it | the leader and a write quorum with it |
//! | `lease` | the leader | the same |
//! | `partial` | all nodes, or any `r` (`asks`) | all nodes |
//! | `local` | the client's node, clients being evenly at all | the client's node, and later all others |
//!
//! The last two have nothing to choose, so their costs are sums; the others' are optima with a certificate.

use cap_model::staleness::Asks;
use cap_model::strategy::{
    Costs, Limit, Limits, Metrics, Objective, Program, Question, ReadFractions, Shortfall,
    StrategyError, optimize,
};
use quorum::{Expression, QuorumError, QuorumSystem};
use transport::NodeId;

use super::file::{Candidate, Kind, Plan};
use super::outcome::{Cost, Gap, Quorums};
use super::table::rounded;

/// The read fractions of the picture are so many, and one.
const PICTURE_STEPS: u32 = 10;

/// What is known of the costs.
pub(super) enum Answer {
    Known(Cost),
    /// Which limit cannot be kept, and what could be.
    Infeasible(String),
    Unknown(String),
}

/// What the candidate costs.
pub(super) fn cost(plan: &Plan, candidate: &Candidate, notes: &mut Vec<String>) -> Answer {
    let fractions = match ReadFractions::weighted(&plan.read_fractions) {
        Ok(fractions) => fractions,
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    match candidate.kind {
        Kind::Partial | Kind::Local => of_all(plan, candidate, &fractions),
        _ => of_system(plan, candidate, fractions, notes),
    }
}

/// The quorums as the protocol contacts them.
fn contacted(candidate: &Candidate) -> Result<Option<QuorumSystem<NodeId>>, QuorumError<NodeId>> {
    let Some(leader) = candidate.leader else {
        return Ok(candidate.system.clone());
    };
    let with_leader =
        |quorums: &Expression<NodeId>| Expression::all([Expression::node(leader), quorums.clone()]);
    let reads = match candidate.kind {
        Kind::Lease => Expression::node(leader),
        _ => with_leader(&candidate.reads)?,
    };
    QuorumSystem::new(reads, with_leader(&candidate.writes)?).map(Some)
}

fn of_system(
    plan: &Plan,
    candidate: &Candidate,
    read_fractions: ReadFractions,
    notes: &mut Vec<String>,
) -> Answer {
    let system = match contacted(candidate) {
        Ok(Some(system)) => system,
        Ok(None) => return Answer::Unknown("the quorums do not intersect".to_owned()),
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    let wanted = &candidate.wanted;
    let failures = if candidate.leader.is_some() {
        0
    } else {
        wanted.failures
    };
    if failures < wanted.failures {
        let failures = wanted.failures;
        notes.push(format!(
            "f = {failures} does not apply: when the leader fails, another is elected"
        ));
    }
    let question = Question {
        limits: wanted.limits,
        failures,
        ..Question::new(wanted.objective, read_fractions)
    };
    let costs_of = |node: &NodeId| plan.costs_of(*node);
    let solved = Program::new(&system, costs_of, &question);
    let solved = solved.and_then(|program| Ok((program.optimum()?, program)));
    let (optimum, program) = match solved {
        Ok(solved) => solved,
        Err(StrategyError::Infeasible { shortfalls }) => {
            return Answer::Infeasible(told(&shortfalls));
        }
        Err(error @ StrategyError::NotResilient { .. }) => {
            return Answer::Infeasible(format!("f = {failures} is too much: {error}"));
        }
        Err(error) => return Answer::Unknown(error.to_string()),
    };
    let load_at = |fraction: f64| -> Option<(f64, f64)> {
        let question = Question {
            failures,
            ..Question::new(Objective::Load, ReadFractions::one(fraction).ok()?)
        };
        let optimum = optimize(&system, costs_of, &question).ok()?;
        Some((fraction, optimum.metrics.load))
    };
    let picture =
        (0..=PICTURE_STEPS).filter_map(|step| load_at(f64::from(step) / f64::from(PICTURE_STEPS)));
    let named = |quorums: &[(Vec<NodeId>, f64)]| -> Vec<(Vec<String>, f64)> {
        let names = |nodes: &[NodeId]| nodes.iter().map(|node| plan.name_of(*node)).collect();
        quorums
            .iter()
            .map(|(nodes, share)| (names(nodes), *share))
            .collect()
    };
    let exact = program.exact(&optimum);
    let certificate = &optimum.certificate;
    Answer::Known(Cost {
        load: optimum.metrics.load,
        capacity: optimum.metrics.capacity,
        network_load: optimum.metrics.network_load,
        latency: optimum.metrics.latency_ms,
        load_exact: exact.map(|exact| exact.metrics.load.to_string()),
        certificate: Gap {
            value: certificate.value,
            bound: certificate.bound,
            gap: certificate.gap(),
        },
        strategy: Quorums {
            reads: named(&optimum.strategy.reads),
            writes: named(&optimum.strategy.writes),
        },
        load_by_read_fraction: picture.collect(),
    })
}

/// Which limits, and what each would have to be.
fn told(shortfalls: &[Shortfall]) -> String {
    let each = shortfalls.iter().map(|Shortfall { limit, max, least }| {
        let key = match limit {
            Limit::Load => "load_max",
            Limit::NetworkLoad => "network_load_max",
            Limit::Latency => "latency_ms_max",
        };
        let max = rounded(*max);
        match least {
            Some(least) => format!(
                "{key} = {max} is infeasible, at least {} would be",
                up(*least)
            ),
            None => format!("{key} = {max} is infeasible, as the other limits exclude one another"),
        }
    });
    each.collect::<Vec<String>>().join("; ")
}

/// Six digits, never below the number.
fn up(number: f64) -> String {
    let text = format!("{number:.5e}");
    let read: f64 = text.parse().unwrap_or(number);
    let last = 10_f64.powi(
        text.rsplit('e')
            .next()
            .and_then(|power| power.parse().ok())
            .unwrap_or(0)
            - 5,
    );
    let above = if read < number {
        format!("{:.5e}", read + last).parse().unwrap_or(number)
    } else {
        read
    };
    above.to_string()
}

/// Every write goes to all nodes, and every read to all, to any `r`, or to the client's own.
fn of_all(plan: &Plan, candidate: &Candidate, fractions: &ReadFractions) -> Answer {
    let n = candidate.nodes.len() as f64;
    let (r, w) = candidate.counts.unwrap_or((1, 1));
    let is_local = candidate.kind == Kind::Local;
    let asks_some = is_local
        || plan
            .staleness
            .as_ref()
            .is_some_and(|asked| asked.asks == Asks::Quorum);
    let asked = if asks_some { f64::from(r) } else { n };
    let each: Vec<Costs> = candidate
        .nodes
        .iter()
        .map(|node| plan.costs_of(*node))
        .collect();
    let load = |share: f64| {
        let loads = each.iter().map(|costs| {
            share * asked / n / costs.read_capacity + (1.0 - share) / costs.write_capacity
        });
        loads.fold(0.0, f64::max)
    };
    let mut latencies: Vec<f64> = each.iter().map(|costs| costs.latency_ms).collect();
    latencies.sort_by(f64::total_cmp);
    let mean_share = fractions.mean();
    let (reads_ms, writes_ms) = if is_local {
        let mean = latencies.iter().sum::<f64>() / n;
        (mean, mean)
    } else if asks_some {
        (mean_of_slowest(&latencies, r), nth(&latencies, w))
    } else {
        (nth(&latencies, r), nth(&latencies, w))
    };
    let over = |of: &dyn Fn(f64) -> f64| -> f64 {
        fractions
            .parts()
            .iter()
            .map(|(share, weight)| weight * of(*share))
            .sum()
    };
    let metrics = Metrics {
        load: over(&load),
        capacity: over(&|share| 1.0 / load(share)),
        network_load: mean_share * asked + (1.0 - mean_share) * n,
        latency_ms: mean_share * reads_ms + (1.0 - mean_share) * writes_ms,
    };
    if let Some(why) = exceeded(&metrics, &candidate.wanted.limits) {
        return Answer::Infeasible(why);
    }
    let value = match candidate.wanted.objective {
        Objective::Load => metrics.load,
        Objective::Network => metrics.network_load,
        Objective::Latency => metrics.latency_ms,
    };
    let picture = (0..=PICTURE_STEPS).map(|step| f64::from(step) / f64::from(PICTURE_STEPS));
    Answer::Known(Cost {
        load: metrics.load,
        capacity: metrics.capacity,
        network_load: metrics.network_load,
        latency: metrics.latency_ms,
        load_exact: None,
        certificate: Gap {
            value,
            bound: value,
            gap: 0.0,
        },
        strategy: Quorums {
            reads: Vec::new(),
            writes: Vec::new(),
        },
        load_by_read_fraction: picture.map(|share| (share, load(share))).collect(),
    })
}

fn exceeded(metrics: &Metrics, limits: &Limits) -> Option<String> {
    let each = [
        (Limit::Load, limits.load_max, metrics.load),
        (
            Limit::NetworkLoad,
            limits.network_load_max,
            metrics.network_load,
        ),
        (Limit::Latency, limits.latency_ms_max, metrics.latency_ms),
    ];
    let over = each.into_iter().filter_map(|(limit, max, value)| {
        let max = max.filter(|max| value > *max)?;
        Some(Shortfall {
            limit,
            max,
            least: Some(value),
        })
    });
    let over: Vec<Shortfall> = over.collect();
    (!over.is_empty()).then(|| told(&over))
}

/// The latency of the node that comes in at this rank.
fn nth(latencies: &[f64], rank: u32) -> f64 {
    latencies.get(rank as usize - 1).copied().unwrap_or(0.0)
}

/// The mean, over all sets of so many nodes, of the slowest of the set.
fn mean_of_slowest(latencies: &[f64], count: u32) -> f64 {
    let (n, count) = (latencies.len(), count as usize);
    // The node at a place is the slowest if all others of the set are before it: one share of the sets
    // after another, from the slowest on.
    let (mut rest, mut mean) = (1.0, 0.0);
    for place in (0..n).rev() {
        let here = rest * (count as f64 / (place + 1) as f64).min(1.0);
        mean += here * latencies[place];
        rest -= here;
    }
    mean
}
