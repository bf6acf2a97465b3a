//! The model meets the protocol: what the plan derives is measured again on the real state machines.
//!
//! | candidate of three nodes | runs | what is compared |
//! |---|---|---|
//! | `quorum` | the strong store, on its quorums | every cell of the partition matrix, and the model that it claims |
//! | `partial` | the partial store, with its R and W | the same; staleness and latency, for delays that both can express |
//! | `leader` | the key-value store on Raft, on its quorums | the same cells; with majorities, how long a leader change takes |
//!
//! The other kinds have no state machine here, and are said not to have been simulated.

mod cells;
mod clients;
mod curve;
mod outage;
mod probe;

use cap_model::partition::{Leadership, Protocol};
use quorum::{Expression, QuorumSystem};
use serde::Serialize;
use transport::NodeId;

use self::cells::Cells;
use self::curve::Difference;
use self::outage::Change;
use super::file::{Candidate, Kind};
use super::outcome::Outcome;
use crate::exit::BadInput;
use crate::paint::{Tone, paint};
use crate::say::say;

/// Every state of the links of so many nodes is run: 64.
const NODES: usize = 3;

/// Of every run, so that a plan gives the same answer each time.
const SEED: u64 = 1;
const TRIALS: u64 = 3_000;
const SAMPLES: u64 = 300_000;
const CHANGES: u64 = 1_000;

/// What the real state machine of a candidate did, beside what the model says of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Simulated {
    /// Why nothing was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    /// Every state of the links, node and operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<Cells>,
    /// A curve for each kind of delay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    staleness: Vec<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leader_change: Option<Change>,
}

impl Simulated {
    /// Whether no state machine contradicts the model: where chance plays, beyond what chance explains.
    pub(crate) fn is_met(&self) -> bool {
        self.partitions.as_ref().is_none_or(Cells::is_met)
            && self.staleness.iter().all(Difference::is_met)
            && self.leader_change.as_ref().is_none_or(Change::is_met)
    }
}

/// Runs the state machine of a candidate.
pub(super) fn simulate(candidate: &Candidate) -> Result<Simulated, BadInput> {
    let skipped = |why: String| {
        let skipped = Some(why);
        Ok(Simulated {
            skipped,
            ..Simulated::default()
        })
    };
    if candidate.nodes.len() != NODES {
        let count = candidate.nodes.len();
        return skipped(format!("it has {count} nodes, and only {NODES} are run"));
    }
    let Some(protocol) = protocol(candidate)? else {
        let kind = candidate.kind.name();
        return skipped(format!("there is no state machine of the kind {kind}"));
    };
    let mut simulated = Simulated {
        partitions: cells::compare(&protocol, SEED)?,
        ..Simulated::default()
    };
    match &protocol {
        Protocol::Partial { read, write, .. } => {
            for experiment in curve::experiments(TRIALS, SAMPLES) {
                let differences = curve::compare(&experiment, &[(*read, *write)])?;
                simulated.staleness.extend(differences);
            }
        }
        Protocol::Leader(leadership) => {
            let majority = QuorumSystem::majority((0..3).map(NodeId)).map_err(BadInput::new)?;
            if is_same(leadership.quorums(), &majority) {
                simulated.leader_change = Some(outage::compare(CHANGES)?);
            }
        }
        _ => {}
    }
    Ok(simulated)
}

/// The candidate with its nodes numbered from zero; `None` if nothing runs it.
fn protocol(candidate: &Candidate) -> Result<Option<Protocol>, BadInput> {
    let number = |node: &NodeId| {
        let place = candidate.nodes.iter().position(|other| other == node);
        NodeId(place.unwrap_or(NODES) as u32)
    };
    let renamed = |of: &Expression<NodeId>| of.map(number);
    let system = || {
        let (reads, writes) = (renamed(&candidate.reads), renamed(&candidate.writes));
        QuorumSystem::new(reads, writes).map_err(BadInput::new)
    };
    Ok(match (candidate.kind, candidate.counts) {
        (Kind::Quorum, _) => Some(Protocol::Quorum(system()?)),
        (Kind::Partial, Some((read, write))) => {
            let made = Protocol::partial(NODES as u32, read, write);
            Some(made.map_err(BadInput::new)?)
        }
        (Kind::Leader, _) => {
            let leader = candidate.leader.as_ref().map_or(NodeId(0), number);
            let made = Leadership::new(system()?, leader);
            Some(Protocol::Leader(made.map_err(BadInput::new)?))
        }
        _ => None,
    })
}

/// Whether the same sets of three nodes are quorums.
fn is_same(one: &QuorumSystem<NodeId>, other: &QuorumSystem<NodeId>) -> bool {
    (0..1_u32 << NODES).all(|set| {
        let has = |node: &NodeId| set >> node.0 & 1 == 1;
        one.is_read_quorum(has) == other.is_read_quorum(has)
            && one.is_write_quorum(has) == other.is_write_quorum(has)
    })
}

/// Prints what was compared, and every difference.
pub(super) fn show(outcomes: &[Outcome]) {
    say!("");
    say!(
        "{}",
        paint(
            Tone::Quiet,
            "the model against the state machines, simulated:"
        )
    );
    for outcome in outcomes {
        let Some(simulated) = &outcome.simulated else {
            continue;
        };
        let tone = if simulated.is_met() {
            Tone::Good
        } else {
            Tone::Bad
        };
        for (place, line) in lines(simulated, &outcome.nodes).into_iter().enumerate() {
            if place == 0 {
                say!("  {}: {}", outcome.name, paint(tone, &line));
            } else {
                say!("    {line}");
            }
        }
    }
}

fn lines(simulated: &Simulated, nodes: &[String]) -> Vec<String> {
    if let Some(why) = &simulated.skipped {
        return vec![format!("not simulated: {why}")];
    }
    let mut lines = Vec::new();
    if let Some(cells) = &simulated.partitions {
        lines.push(format!(
            "{} cells of {} states of the links, {} answered: {} differ",
            cells.cells, cells.states, cells.answered, cells.differing
        ));
        lines.push(format!(
            "its model kept in {} of {} histories; linearizable in {} of {}",
            cells.judged - cells.broken.len() as u64,
            cells.judged,
            cells.linearizable,
            cells.states
        ));
        if !cells.is_met() {
            let names = nodes.iter().enumerate();
            let names = names.map(|(place, name)| format!("n{place} is {name}"));
            lines.push(names.collect::<Vec<_>>().join(", "));
            lines.extend(cells.differences.iter().chain(&cells.broken).cloned());
        }
    }
    for difference in &simulated.staleness {
        let percent = |rmse: f64| format!("{:.2} %", 100.0 * rmse);
        let latency = |of: Option<f64>| of.map_or("constant".to_owned(), percent);
        lines.push(format!(
            "{}: RMSE of the staleness curve {}, of the latencies read {}, write {}",
            difference.delays,
            percent(difference.curve_rmse),
            latency(difference.read_latency_rmse),
            latency(difference.write_latency_rmse)
        ));
    }
    if let Some(change) = &simulated.leader_change {
        lines.push(format!(
            "{} leader changes: median {:.1} ms (model {:.1}), p99 {:.1} ms (model {:.1}), distance {:.3} \
             (by chance below {:.3})",
            change.runs,
            change.seen_ms[0],
            change.model_ms[0],
            change.seen_ms[1],
            change.model_ms[1],
            change.distance,
            change.chance()
        ));
    }
    lines
}
