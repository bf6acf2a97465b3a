//! One seed: a cluster, its clients, its faults, and the verdict on what happened.

use std::time::Duration;

use consistency::{KeyValue, KvInput, KvOutput, Limits, Operation, OperationId, Value, Verdict};
use consistency::{check_linearizable, replay};
use kv::Kv;
use serde::{Deserialize, Serialize};
use simulator::{Fault, FaultPlan, FaultSet, Outcome, Settings, Tape, Violation, run};
use transport::NodeId;

use super::Protocol;
use super::clients::{Clients, Tally};
use super::judge::Judge;
use crate::check::describe;
use crate::exit::BadInput;

/// How long faults happen, in virtual time.
const CHAOS: Duration = Duration::from_secs(4);
/// How long the cluster may then take to answer everything.
const PROGRESS: Duration = Duration::from_secs(30);
/// A run that takes more events than this is given up as unknown.
const EVENTS_MAX: u64 = 20_000_000;
/// Configurations the checker may remember for one key before a seed counts as unknown.
const ENTRIES_MAX: usize = 2_000_000;
/// Model steps after which the checker gives up on a seed. A count, not a clock: the verdict of a
/// seed must not depend on the machine.
const QUESTIONS_MAX: u64 = 500_000;

/// What is simulated; with a seed it decides everything.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) protocol: Protocol,
    pub(crate) nodes: u32,
    pub(crate) clients: u32,
    pub(crate) operations: u64,
    pub(crate) faults: Faults,
}

/// Where a seed's faults come from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Faults {
    /// A random part of all faults (swarm testing).
    Swarm,
    /// All of these, named as on the command line.
    Listed(String),
    /// Exactly this plan.
    Planned(Box<FaultPlan>),
}

impl Faults {
    pub(crate) fn from_set(set: FaultSet) -> Self {
        if set == FaultSet::all() {
            Self::Swarm
        } else {
            Self::Listed(set.to_string())
        }
    }

    /// The plan of a seed. It is drawn from a stream of its own, so that the tape of the run holds
    /// only what happens in it.
    pub(crate) fn plan(&self, nodes: u32, seed: u64) -> Result<FaultPlan, BadInput> {
        let chaos_ns = nanos(CHAOS);
        let possible = possible_faults(nodes);
        let mut choices = Tape::seeded_stream(seed, 1);
        Ok(match self {
            Self::Swarm => FaultPlan::swarm(&mut choices, possible, chaos_ns),
            Self::Listed(list) => {
                let set: FaultSet = list.parse().map_err(BadInput::new)?;
                if let Some(fault) = set.iter().find(|&fault| !possible.contains(fault)) {
                    let message = format!("{fault} cannot happen to {nodes} node(s)");
                    return Err(BadInput::at("--faults", message));
                }
                FaultPlan::uniform(&mut choices, set, chaos_ns)
            }
            Self::Planned(plan) => (**plan).clone(),
        })
    }
}

/// The faults that can happen to a cluster of this size: a lone node has no links, and two nodes
/// have no third one that joins them.
fn possible_faults(nodes: u32) -> FaultSet {
    let mut possible = FaultSet::all();
    if nodes < 3 {
        possible.remove(Fault::Partial);
    }
    if nodes < 2 {
        for fault in [
            Fault::Loss,
            Fault::Duplicate,
            Fault::Reorder,
            Fault::Delay,
            Fault::Partition,
            Fault::OneWay,
        ] {
            possible.remove(fault);
        }
    }
    possible
}

/// A run of one seed, judged.
pub(crate) struct SeedRun {
    /// What happened, with the violation of the history among its violations.
    pub(crate) outcome: Outcome,
    pub(crate) tally: Tally,
    /// What the clients saw.
    pub(crate) history: Vec<Operation<KvInput, KvOutput>>,
    /// The operations behind a violation of the history, in words.
    pub(crate) evidence: Vec<String>,
}

/// Runs one seed of `case` with `plan`, its choices taken from `tape`.
pub(crate) fn run_seed(case: &Case, plan: FaultPlan, tape: Tape) -> Result<SeedRun, BadInput> {
    match case.protocol {
        Protocol::Raft => run_raft(case, plan, tape),
    }
}

fn run_raft(case: &Case, plan: FaultPlan, tape: Tape) -> Result<SeedRun, BadInput> {
    let settings = Settings {
        plan,
        chaos_ns: nanos(CHAOS),
        progress_ns: nanos(PROGRESS),
        events_max: EVENTS_MAX,
        ..Settings::new(case.nodes)
    };
    let voters: Vec<NodeId> = (0..case.nodes).map(NodeId).collect();
    let configs = voters
        .iter()
        .map(|&id| raft_core::Config::new(id, voters.iter().copied()).map(kv::Config::new))
        .collect::<Result<Vec<_>, _>>()
        .map_err(BadInput::new)?;
    let mut clients = Clients::new(case.clients, case.operations, CHAOS);
    let mut judge = Judge::new();
    let outcome = run::<Kv, _, _>(&settings, &configs, &mut clients, &mut judge, tape)
        .map_err(BadInput::new)?;
    let (tally, history) = clients.finish();
    Ok(judge_history(outcome, tally, history))
}

/// Adds the verdict on the clients' history: a linearizable key-value store.
fn judge_history(
    mut outcome: Outcome,
    tally: Tally,
    history: Vec<Operation<KvInput, KvOutput>>,
) -> SeedRun {
    let model = KeyValue::new(Value::Nil);
    let limits = Limits {
        entries_max: ENTRIES_MAX,
        ..Limits::default()
    };
    let mut evidence = Vec::new();
    if outcome.violation.is_none() {
        let mut questions = 0;
        let verdict = check_linearizable(&model, &history, &limits, &mut || {
            questions += 1;
            questions < QUESTIONS_MAX
        });
        match verdict {
            Verdict::Holds(order) => {
                if let Err(error) = replay(&model, &history, &order) {
                    let reason = format!("the checker's witness does not replay: {error}");
                    outcome.unknown.get_or_insert(reason);
                }
            }
            Verdict::Violated(violation) => {
                let operations = violation.operations.iter();
                evidence.extend(
                    operations
                        .filter_map(|&OperationId(place)| history.get(place))
                        .map(|operation| described(&model, operation)),
                );
                let detail = format!(
                    "no order explains these operations on key {}: {}",
                    violation.key,
                    evidence.join("; "),
                );
                outcome.violation = Some(Violation::new("linearizability", detail));
            }
            Verdict::Unknown { key, reason } => {
                let reason = format!("the history of key {key} was not decided: {reason}");
                outcome.unknown.get_or_insert(reason);
            }
        }
    }
    SeedRun {
        outcome,
        tally,
        history,
        evidence,
    }
}

fn described(model: &KeyValue, operation: &Operation<KvInput, KvOutput>) -> String {
    let at_ns = operation.call.time_ns.unwrap_or(0);
    let at_ms = at_ns / 1_000_000;
    format!("at {at_ms} ms {}", describe(model, operation))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
