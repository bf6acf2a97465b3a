//! What a protocol brings to a campaign: its process, its clients, its judge, and its promise.

use std::time::Duration;

use consistency::{Consistency, History};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use simulator::{
    FaultSet, Observer, Outcome, Settings, Simulated, SimulatorError, Tape, Workload, run,
};
use transport::{Choose, NodeId, Recover};

use super::seed::{Case, Setup};
use super::tally::Tally;
use crate::exit::BadInput;

/// How long the cluster may take to answer everything once faults have ended, for each 25 clients: a
/// node that takes three requests at a time refuses most of what a crowd asks.
const PROGRESS: Duration = Duration::from_secs(30);
/// A run that takes more events than this is given up as unknown.
const EVENTS_MAX: u64 = 20_000_000;
/// How many lines of a traced run are kept.
const TRACE_MAX: usize = 100_000;

/// A protocol as `concord sim` runs it. One file in `systems/` each.
pub(crate) trait System {
    /// The machine that is run on every node.
    type Process: Simulated;
    /// The limits of the nodes. A seed draws them, small ones too, because what happens at a limit
    /// never happens far below it.
    type Limits: DeserializeOwned + Serialize;
    /// Who asks.
    type Clients: Workload<Self::Process>;
    /// Who looks at every step.
    type Judge: Observer<Self::Process>;

    /// For the command line, and for people.
    const ABOUT: About;

    /// How long faults happen, in virtual time.
    const CHAOS: Duration = Duration::from_secs(4);

    /// The faults under which the promise holds. One that is left out needs its reason in
    /// [`About::assumes`].
    fn faults() -> FaultSet {
        FaultSet::all()
    }

    /// Zero draws the ordinary limits.
    fn limits(choices: &mut impl Choose) -> Self::Limits;

    /// The configuration of node `id` among `nodes`.
    fn config(
        limits: &Self::Limits,
        id: NodeId,
        nodes: &[NodeId],
    ) -> Result<<Self::Process as Recover>::Config, BadInput>;

    /// Settings that differ from the ordinary ones: links that reorder, say.
    fn settings(settings: Settings) -> Settings {
        settings
    }

    /// The clients of one run, `case.clients` of them with `case.operations` to ask for while faults
    /// happen, and its judge. Together, because clients may tell the judge what they ask and hear.
    fn players(case: &Case) -> (Self::Clients, Self::Judge);

    /// Looks at the whole run: adds what it finds to the outcome, unless something was violated
    /// already.
    fn verdict(outcome: Outcome, clients: Self::Clients, judge: Self::Judge) -> SeedRun;
}

/// A protocol in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// On the command line.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
    /// What it promises its clients.
    pub(crate) promise: &'static str,
    /// How a campaign checks that.
    pub(crate) checked: &'static str,
    /// The crates it lives in.
    pub(crate) crates: &'static [&'static str],
    /// What must not happen to it, and why. Empty: anything may.
    pub(crate) assumes: &'static str,
    /// The model that it does not keep, by design; a campaign shows a history.
    pub(crate) gives_up: Option<Consistency>,
}

/// A run of one seed, judged.
pub(crate) struct SeedRun {
    /// What happened, with the violation of the history among its violations.
    pub(crate) outcome: Outcome,
    pub(crate) tally: Tally,
    /// The operations behind a violation, in words.
    pub(crate) evidence: Vec<String>,
    /// What the clients saw, for `concord check`; made only when asked for.
    pub(crate) history: Option<WriteHistory>,
    /// The operations which show that the model that the protocol gives up was not kept, in words.
    pub(crate) given_up: Option<Vec<String>>,
}

/// Makes a written history.
pub(crate) type WriteHistory = Box<dyn FnOnce() -> Result<History, consistency::Error>>;

/// A system without its types: what the rest of the program calls.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) about: About,
    pub(crate) chaos: Duration,
    pub(crate) faults: fn() -> FaultSet,
    pub(crate) limits: fn(&mut Tape) -> serde_json::Result<serde_json::Value>,
    pub(crate) run: fn(&Case, &Setup, Tape) -> Result<SeedRun, BadInput>,
}

impl Entry {
    pub(crate) const fn of<S: System>() -> Self {
        Self {
            about: S::ABOUT,
            chaos: S::CHAOS,
            faults: S::faults,
            limits: |choices| serde_json::to_value(S::limits(choices)),
            run: run_system::<S>,
        }
    }
}

fn run_system<S: System>(case: &Case, setup: &Setup, tape: Tape) -> Result<SeedRun, BadInput> {
    let settings = S::settings(Settings {
        plan: setup.plan.clone(),
        chaos_ns: nanos(S::CHAOS),
        progress_ns: nanos(PROGRESS * case.clients.div_ceil(25)),
        events_max: EVENTS_MAX,
        is_traced: setup.is_traced,
        timeline_max: if setup.is_traced { TRACE_MAX } else { 200 },
        ..Settings::new(case.nodes)
    });
    let limits = S::Limits::deserialize(&setup.limits)
        .map_err(|error| BadInput::at("the limits of the nodes", error))?;
    let nodes: Vec<NodeId> = (0..case.nodes).map(NodeId).collect();
    let configs = nodes
        .iter()
        .map(|&id| S::config(&limits, id, &nodes))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut clients, mut judge) = S::players(case);
    let outcome: Result<Outcome, SimulatorError> =
        run::<S::Process, _, _>(&settings, &configs, &mut clients, &mut judge, tape);
    Ok(S::verdict(outcome.map_err(BadInput::new)?, clients, judge))
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
