//! The artefact of a failing run: everything to run it again, and to read what happened.

use std::path::Path;

use serde::{Deserialize, Serialize};
use simulator::{Choices, Outcome, Tape, TimelineEntry, Violation, shrink};

use super::seed::{Case, Faults, SeedRun, run_seed};
use crate::exit::BadInput;

/// The version of the file's shape.
const FORMAT: u32 = 1;
/// Runs spent on making a failure small.
const SHRINK_RUNS_MAX: usize = 400;

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
    /// How many choices were not benign before the run was made small, and now.
    shrunk: Shrunk,
    /// Operations that no order explains, when the history is what was violated.
    pub(crate) operations: Vec<String>,
    /// What happened to the cluster.
    pub(crate) timeline: Vec<String>,
    /// Every choice of the run, as `simulator::Choices` writes them.
    choices: Choices,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Shrunk {
    choices_before: usize,
    choices_after: usize,
    events_before: u64,
    events_after: u64,
}

impl Artefact {
    /// Runs a failing seed again, makes it small, and describes it. `None` when it does not fail.
    pub(crate) fn of_seed(case: &Case, seed: u64) -> Result<Option<Self>, BadInput> {
        let plan = case.faults.plan(case.nodes, seed)?;
        let first = run_seed(case, plan.clone(), Tape::seeded(seed))?;
        let Some(violation) = &first.outcome.violation else {
            return Ok(None);
        };
        let small = shrink(&first.outcome.choices, SHRINK_RUNS_MAX, |tape| {
            let run = run_seed(case, plan.clone(), tape).ok()?;
            fails_by(&run.outcome, &violation.rule).then_some(run.outcome)
        });
        let choices = small.map_or_else(|| first.outcome.choices.clone(), |small| small.choices);
        let last = run_seed(case, plan.clone(), Tape::replay(choices.clone()))?;
        // A shrunk tape that does not fail again would be a fault of the simulator: keep the whole.
        let (choices, last) = if fails_by(&last.outcome, &violation.rule) {
            (choices, last)
        } else {
            let choices = first.outcome.choices.clone();
            let last = run_seed(case, plan.clone(), Tape::replay(choices.clone()))?;
            (choices, last)
        };
        let Some(violation) = last.outcome.violation.clone() else {
            return Ok(None);
        };
        Ok(Some(Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            case: Case {
                faults: Faults::Planned(Box::new(plan)),
                ..case.clone()
            },
            violation,
            hash: hash_text(last.outcome.hash),
            shrunk: Shrunk {
                choices_before: first.outcome.choices.nonzero(),
                choices_after: choices.nonzero(),
                events_before: first.outcome.events,
                events_after: last.outcome.events,
            },
            timeline: last.outcome.timeline.entries().map(line).collect(),
            operations: last.evidence,
            choices,
        }))
    }

    pub(crate) fn read(file: &Path) -> Result<Self, BadInput> {
        let place = file.display();
        let text = std::fs::read(file).map_err(|error| BadInput::at(&place, error))?;
        let artefact: Self =
            serde_json::from_slice(&text).map_err(|error| BadInput::at(&place, error))?;
        if artefact.format != FORMAT {
            let found = artefact.format;
            let message = format!("is of format {found}; this version reads format {FORMAT}");
            return Err(BadInput::at(place, message));
        }
        Ok(artefact)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), BadInput> {
        let text = serde_json::to_string_pretty(self).map_err(BadInput::new)?;
        std::fs::write(file, text + "\n").map_err(|error| BadInput::at(file.display(), error))
    }

    /// Runs it again.
    pub(crate) fn replay(&self) -> Result<SeedRun, BadInput> {
        let plan = self.case.faults.plan(self.case.nodes, self.seed)?;
        run_seed(&self.case, plan, Tape::replay(self.choices.clone()))
    }

    /// What making it small achieved, in words.
    pub(crate) fn shrinking(&self) -> String {
        let Shrunk {
            choices_before,
            choices_after,
            events_before,
            events_after,
        } = self.shrunk;
        format!(
            "made small: {choices_before} to {choices_after} choices, \
             {events_before} to {events_after} events"
        )
    }
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

fn fails_by(outcome: &Outcome, rule: &str) -> bool {
    let violation = outcome.violation.as_ref();
    violation.is_some_and(|violation| violation.rule == rule)
}
