//! One seed: a cluster, its clients, its faults, and the verdict on what happened.

use std::time::Duration;

use consistency::{KeyValue, KvInput, KvOutput, Limits, Operation, OperationId, Value, Verdict};
use consistency::{check_linearizable, replay};
use kv::Kv;
use serde::{Deserialize, Serialize};
use simulator::{Fault, FaultPlan, FaultSet, Outcome, Settings, Tape, Violation, run};
use transport::{Choose, NodeId};

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
/// How many lines of a traced run are kept.
const TRACE_MAX: usize = 100_000;
/// Configurations the checker may remember for one key before a seed counts as unknown.
const ENTRIES_MAX: usize = 2_000_000;
/// How often the checker may ask whether to go on (every 64 steps of the model) before it gives up
/// on a seed. A count, not a clock: the verdict of a seed must not depend on the machine.
const QUESTIONS_MAX: u64 = 50_000;

/// What is simulated; with a seed it decides everything.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) protocol: Protocol,
    pub(crate) nodes: u32,
    pub(crate) clients: u32,
    pub(crate) operations: u64,
    pub(crate) faults: Faults,
    /// The faults and limits of every seed, instead of drawing them.
    pub(crate) fixed: Option<Box<Setup>>,
}

/// Where a seed's faults come from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Faults {
    /// A random part of all faults (swarm testing).
    Swarm,
    /// All of these, named as on the command line.
    Listed(String),
}

impl Faults {
    pub(crate) fn from_set(set: FaultSet) -> Self {
        if set == FaultSet::all() {
            Self::Swarm
        } else {
            Self::Listed(set.to_string())
        }
    }
}

/// What a seed decides before the run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    pub(crate) plan: FaultPlan,
    pub(crate) limits: NodeLimits,
    /// Whether the timeline tells every input and effect; it changes nothing else.
    #[serde(skip)]
    pub(crate) is_traced: bool,
}

/// The limits of the nodes. Small ones are drawn too, because what happens at a limit never happens
/// far below it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeLimits {
    append_entries_max: usize,
    appends_in_flight_max: usize,
    requests_max: usize,
    sessions_max: usize,
    fate_patience_ms: u64,
}

impl NodeLimits {
    fn drawn(choices: &mut impl Choose) -> Self {
        let mut pick = |options: [u64; 3]| match choices.choose(3) {
            0 => options[0],
            1 => options[1],
            _ => options[2],
        };
        let mut size = |options| usize::try_from(pick(options)).unwrap_or(usize::MAX);
        Self {
            append_entries_max: size([1_024, 4, 1]),
            appends_in_flight_max: size([64, 2, 1]),
            requests_max: size([65_536, 65_536, 3]),
            sessions_max: size([4_096, 4_096, 6]),
            fate_patience_ms: pick([10_000, 1_000, 100]),
        }
    }
}

impl NodeLimits {
    fn config(&self, id: NodeId, voters: &[NodeId]) -> Result<kv::Config, BadInput> {
        let raft = raft_core::Config::new(id, voters.iter().copied())
            .and_then(|raft| raft.append_entries_max(self.append_entries_max))
            .and_then(|raft| raft.appends_in_flight_max(self.appends_in_flight_max))
            .and_then(|raft| raft.requests_max(self.requests_max))
            .map_err(BadInput::new)?
            .fate_patience(Duration::from_millis(self.fate_patience_ms));
        kv::Config::new(raft)
            .sessions_max(self.sessions_max)
            .map_err(BadInput::new)
    }
}

impl Case {
    /// The faults and limits of a seed. They are drawn from streams of their own, so that the tape
    /// of the run holds only what happens in it.
    pub(crate) fn setup(&self, seed: u64) -> Result<Setup, BadInput> {
        if let Some(fixed) = &self.fixed {
            return Ok((**fixed).clone());
        }
        let chaos_ns = nanos(CHAOS);
        let possible = possible_faults(self.nodes);
        let mut choices = Tape::seeded_stream(seed, 1);
        let plan = match &self.faults {
            Faults::Swarm => FaultPlan::swarm(&mut choices, possible, chaos_ns),
            Faults::Listed(list) => {
                let set: FaultSet = list.parse().map_err(BadInput::new)?;
                if let Some(fault) = set.iter().find(|&fault| !possible.contains(fault)) {
                    let message = format!("{fault} cannot happen to {} node(s)", self.nodes);
                    return Err(BadInput::at("--faults", message));
                }
                FaultPlan::uniform(&mut choices, set, chaos_ns)
            }
        };
        let limits = NodeLimits::drawn(&mut Tape::seeded_stream(seed, 2));
        Ok(Setup {
            plan,
            limits,
            is_traced: false,
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

/// Runs one seed of `case` with these faults and limits, its choices taken from `tape`.
pub(crate) fn run_seed(case: &Case, setup: &Setup, tape: Tape) -> Result<SeedRun, BadInput> {
    match case.protocol {
        Protocol::Raft => run_raft(case, setup, tape),
    }
}

fn run_raft(case: &Case, setup: &Setup, tape: Tape) -> Result<SeedRun, BadInput> {
    let settings = Settings {
        plan: setup.plan.clone(),
        chaos_ns: nanos(CHAOS),
        progress_ns: nanos(PROGRESS),
        events_max: EVENTS_MAX,
        is_traced: setup.is_traced,
        timeline_max: if setup.is_traced { TRACE_MAX } else { 200 },
        ..Settings::new(case.nodes)
    };
    let voters: Vec<NodeId> = (0..case.nodes).map(NodeId).collect();
    let configs = voters
        .iter()
        .map(|&id| setup.limits.config(id, &voters))
        .collect::<Result<Vec<_>, _>>()?;
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
                let reason = format!(
                    "the history of key {key} was too much for the checker's budget ({reason})"
                );
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
