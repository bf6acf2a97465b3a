//! One seed: a cluster, its clients, its faults, and the verdict on what happened.

use serde::{Deserialize, Serialize};
use simulator::{Fault, FaultPlan, FaultSet, Tape};

use super::system::{SeedRun, nanos};
use super::systems::Protocol;
use crate::exit::BadInput;

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
    /// The limits of the nodes, as the system writes them.
    pub(crate) limits: serde_json::Value,
    /// Whether the timeline tells every input and effect; it changes nothing else.
    #[serde(skip)]
    pub(crate) is_traced: bool,
}

impl Case {
    /// The faults and limits of a seed. They are drawn from streams of their own, so that the tape
    /// of the run holds only what happens in it.
    pub(crate) fn setup(&self, seed: u64) -> Result<Setup, BadInput> {
        if let Some(fixed) = &self.fixed {
            return Ok((**fixed).clone());
        }
        let system = self.protocol.entry();
        let chaos_ns = nanos(system.chaos);
        let possible = self.possible_faults();
        let mut choices = Tape::seeded_stream(seed, 1);
        let plan = match &self.faults {
            Faults::Swarm => FaultPlan::swarm(&mut choices, possible, chaos_ns),
            Faults::Listed(list) => {
                let set: FaultSet = list.parse().map_err(BadInput::new)?;
                if let Some(fault) = set.iter().find(|&fault| !possible.contains(fault)) {
                    return Err(BadInput::at("--faults", self.why_impossible(fault)));
                }
                FaultPlan::uniform(&mut choices, set, chaos_ns)
            }
        };
        let limits = (system.limits)(&mut Tape::seeded_stream(seed, 2)).map_err(BadInput::new)?;
        Ok(Setup {
            plan,
            limits,
            is_traced: false,
        })
    }

    /// The faults that can happen to this protocol, on a cluster of this size: a lone node has no
    /// links, and two nodes have no third one that joins them.
    pub(crate) fn possible_faults(&self) -> FaultSet {
        let mut possible = (self.protocol.entry().faults)();
        if self.nodes < 3 {
            possible.remove(Fault::Partial);
        }
        if self.nodes < 2 {
            OF_LINKS.iter().for_each(|&fault| possible.remove(fault));
        }
        possible
    }

    fn why_impossible(&self, fault: Fault) -> String {
        let about = self.protocol.entry().about;
        if (self.protocol.entry().faults)().contains(fault) {
            format!("{fault} cannot happen to {} node(s)", self.nodes)
        } else {
            format!("{fault} is not for {}: {}", about.name, about.assumes)
        }
    }
}

const OF_LINKS: [Fault; 6] = [
    Fault::Loss,
    Fault::Duplicate,
    Fault::Reorder,
    Fault::Delay,
    Fault::Partition,
    Fault::OneWay,
];

/// Runs one seed of `case` with these faults and limits, its choices taken from `tape`.
pub(crate) fn run_seed(case: &Case, setup: &Setup, tape: Tape) -> Result<SeedRun, BadInput> {
    (case.protocol.entry().run)(case, setup, tape)
}
