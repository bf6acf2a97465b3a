//! The artefact of a failing run: everything to run it again, and to read what happened.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use simulator::{Choices, FaultPlan, Outcome, Tape, TimelineEntry, Violation, shrink};

use super::seed::{Case, run_seed};
use super::simplify::{Failure, breaks, simplify};
use super::system::SeedRun;
use crate::exit::BadInput;

/// The version of the file's shape.
const FORMAT: u32 = 2;
/// Runs spent on making a failure small, at most.
const SHRINK_RUNS_MAX: u64 = 400;
/// Steps of processes in all these runs: some ten seconds of work.
const SHRINK_EVENTS_MAX: u64 = 30_000_000;

/// A failing run as a file of JSON.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Artefact {
    format: u32,
    /// The version of Concord that wrote it: another one may run differently.
    version: String,
    pub(crate) seed: u64,
    /// With the fault plan spelled out.
    pub(crate) case: Case,
    pub(crate) violation: Violation,
    /// Of the event stream, in hexadecimal.
    pub(crate) hash: String,
    /// The run as the campaign found it.
    found: Size,
    /// The simpler run of this file.
    shown: Size,
    /// Operations that no order explains, when the history is what was violated.
    pub(crate) operations: Vec<String>,
    /// What happened to the cluster.
    pub(crate) timeline: Vec<String>,
    /// Every choice of the run, as `simulator::Choices` writes them.
    choices: Choices,
}

/// The part of the file that every version can read.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// How much there is to read in a run.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Size {
    nodes: u32,
    clients: u32,
    operations: u64,
    faults: usize,
    /// Steps of processes.
    events: u64,
    /// Choices that were not benign.
    choices: usize,
}

impl Size {
    fn of(case: &Case, plan: &FaultPlan, outcome: &Outcome) -> Self {
        Self {
            nodes: case.nodes,
            clients: case.clients,
            operations: case.operations,
            faults: plan.enabled().iter().count(),
            events: outcome.events,
            choices: outcome.choices.nonzero(),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nodes,
            clients,
            operations,
            faults,
            events,
            choices,
        } = self;
        write!(
            f,
            "nodes {nodes}, clients {clients}, operations {operations}, kinds of faults {faults}, \
             events {events}, choices {choices}"
        )
    }
}

impl Artefact {
    /// Runs a failing seed again, makes it simple and small, and describes it. `None` when it does
    /// not fail.
    pub(crate) fn of_seed(case: &Case, seed: u64) -> Result<Option<Self>, BadInput> {
        let setup = case.setup(seed)?;
        let first = run_seed(case, &setup, Tape::seeded(seed))?;
        let Some(violation) = &first.outcome.violation else {
            return Ok(None);
        };
        let rule = violation.rule.as_str();
        let found = Failure {
            case: case.clone(),
            setup: setup.clone(),
            seed,
        };
        let simple = simplify(found, rule)?;
        let whole = run_seed(&simple.case, &simple.setup, Tape::seeded(simple.seed))?;
        let runs_max = SHRINK_RUNS_MAX.min(SHRINK_EVENTS_MAX / whole.outcome.events.max(1));
        let runs_max = usize::try_from(runs_max).unwrap_or(usize::MAX);
        let small = shrink(&whole.outcome.choices, runs_max, |tape| {
            let run = run_seed(&simple.case, &simple.setup, tape).ok()?;
            breaks(&run.outcome, rule).then_some(run.outcome)
        });
        let choices = small.map_or_else(|| whole.outcome.choices.clone(), |small| small.choices);
        let last = run_seed(&simple.case, &simple.setup, Tape::replay(choices.clone()))?;
        let Some(violation) = last.outcome.violation.clone() else {
            return Ok(None);
        };
        Ok(Some(Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            violation,
            hash: hash_text(last.outcome.hash),
            found: Size::of(case, &setup.plan, &first.outcome),
            shown: Size::of(&simple.case, &simple.setup.plan, &last.outcome),
            case: Case {
                fixed: Some(Box::new(simple.setup)),
                ..simple.case
            },
            timeline: last.outcome.timeline.entries().map(line).collect(),
            operations: last.evidence,
            choices,
        }))
    }

    pub(crate) fn read(file: &Path) -> Result<Self, BadInput> {
        let place = file.display();
        let text = std::fs::read(file).map_err(|error| BadInput::at(&place, error))?;
        let foreign = |error: serde_json::Error| {
            let message = format!("not a file that `concord sim` wrote: {error}");
            BadInput::at(file.display(), message)
        };
        // First of all its format: another one has other fields.
        let Format { format } = serde_json::from_slice(&text).map_err(foreign)?;
        if format != FORMAT {
            let message = format!("is of format {format}; this version reads format {FORMAT}");
            return Err(BadInput::at(place, message));
        }
        let artefact: Self = serde_json::from_slice(&text).map_err(foreign)?;
        // The ranges of the command line: what it could not have run, it did not write.
        let case = &artefact.case;
        let is_sound = (1..=64).contains(&case.nodes)
            && (1..=1_000).contains(&case.clients)
            && (1..=1_000_000).contains(&case.operations)
            && u64::from_str_radix(&artefact.hash, 16).is_ok_and(|_| artefact.hash.len() == 16);
        if is_sound {
            Ok(artefact)
        } else {
            let message = "nodes, clients, operations or hash are out of range";
            Err(BadInput::at(place, message))
        }
    }

    /// The version that wrote it, when it is another one than this.
    pub(crate) fn other_version(&self) -> Option<&str> {
        (self.version != env!("CARGO_PKG_VERSION")).then_some(self.version.as_str())
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), BadInput> {
        let text = serde_json::to_string_pretty(self).map_err(BadInput::new)?;
        std::fs::write(file, text + "\n").map_err(|error| BadInput::at(file.display(), error))
    }

    /// Runs it again.
    fn replay(&self, is_traced: bool) -> Result<SeedRun, BadInput> {
        let mut setup = self.case.setup(self.seed)?;
        setup.is_traced = is_traced;
        run_seed(&self.case, &setup, Tape::replay(self.choices.clone()))
    }

    /// What making it simple and small achieved, in words.
    pub(crate) fn shrinking(&self) -> String {
        format!("from {}\n  to {}", self.found, self.shown)
    }
}

/// A run repeated from its file.
pub(crate) struct Replayed {
    pub(crate) run: SeedRun,
    pub(crate) hash: String,
    /// Whether it gave the recorded hash and violation.
    pub(crate) is_same: bool,
}

/// Runs an artefact again and compares. A traced run tells every input and effect, too.
pub(crate) fn replay_of(artefact: &Artefact, is_traced: bool) -> Result<Replayed, BadInput> {
    let run = artefact.replay(is_traced)?;
    let hash = hash_text(run.outcome.hash);
    let is_same =
        hash == artefact.hash && run.outcome.violation.as_ref() == Some(&artefact.violation);
    Ok(Replayed { run, hash, is_same })
}

/// A hash as people and files see it.
pub(crate) fn hash_text(hash: u64) -> String {
    format!("{hash:016x}")
}

/// An entry of the timeline as a line of text.
pub(crate) fn line(entry: &TimelineEntry) -> String {
    let at_ms = entry.at_ns / 1_000_000;
    let rest_us = entry.at_ns / 1_000 % 1_000;
    format!("{at_ms:>7}.{rest_us:03} ms  {}", entry.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::replay_of;
    use crate::sim::seed::Faults;
    use crate::sim::systems::Protocol;
    use crate::sim::systems::planted::forbid_commits_above;

    fn failing() -> Artefact {
        forbid_commits_above(20);
        let case = Case {
            protocol: Protocol::Raft,
            nodes: 5,
            clients: 5,
            operations: 200,
            faults: Faults::Swarm,
            fixed: None,
        };
        let artefact = Artefact::of_seed(&case, 3).expect("a case that can run");
        artefact.expect("more than 20 commits")
    }

    #[test]
    fn a_failing_seed_is_made_simple_written_down_and_replayed_to_the_same_hash() {
        let artefact = failing();
        assert_eq!(artefact.violation.rule, "planted");
        assert!(
            artefact.shown.events < artefact.found.events,
            "{:?}",
            artefact.shown
        );
        assert_eq!(artefact.shown.faults, 0, "no fault was needed");
        assert!(artefact.shown.nodes < 5 && artefact.shown.operations < 200);
        assert!(
            artefact
                .timeline
                .iter()
                .any(|line| line.contains("violation of planted"))
        );

        let file = std::env::temp_dir().join(format!("concord-test-{}.json", std::process::id()));
        artefact.write(&file).expect("a file for the test");
        let read = Artefact::read(&file).expect("what was just written");
        std::fs::remove_file(&file).expect("the file of the test");
        let again = replay_of(&read, false).expect("a run");
        assert!(again.is_same);
        assert_eq!(again.run.outcome.violation, Some(artefact.violation));
    }

    #[test]
    fn another_run_than_the_recorded_one_is_noticed() {
        let mut artefact = failing();
        artefact.hash = "0123456789abcdef".to_owned();
        assert!(!replay_of(&artefact, false).expect("a run").is_same);
        let mut artefact = failing();
        artefact.violation.rule = "linearizability".to_owned();
        assert!(!replay_of(&artefact, false).expect("a run").is_same);
        // The code has changed since: what was planted is gone.
        let artefact = failing();
        forbid_commits_above(u64::MAX);
        assert!(!replay_of(&artefact, false).expect("a run").is_same);
    }
}
