//! The read-only gate: steps, what each found, and a summary of all.
//!
//! A failing step does not stop the others, so that one run shows everything. A tool that is not
//! installed is named in the step's line and again at the end.

mod alone;
mod cargo;
mod floors;
mod no_std;
mod tidy;

use std::time::{Duration, Instant};

use crate::table::Table;
use crate::workspace::Workspace;
use crate::{Answer, campaign, mutants};

/// `cargo xtask ci`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo xtask ci --only format,clippy,tests")]
pub(crate) struct Args {
    /// Run only these steps, in the order of the gate.
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and what each requires.
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    requires: &'static str,
    run: fn(&Workspace) -> Findings,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        requires: "rustfmt would change nothing",
        run: cargo::format,
    },
    Step {
        name: "floors",
        requires: "no crate imports its own floor or above",
        run: floors::step,
    },
    Step {
        name: "tidy",
        requires: "the house rules on files and their text",
        run: tidy::step,
    },
    Step {
        name: "clippy",
        requires: "no lint warns",
        run: cargo::clippy,
    },
    Step {
        name: "tests",
        requires: "every test passes, all features on",
        run: cargo::tests,
    },
    Step {
        name: "doctests",
        requires: "every documented example runs",
        run: cargo::doctests,
    },
    Step {
        name: "docs",
        requires: "the documentation builds, no warning",
        run: cargo::docs,
    },
    Step {
        name: "picked-alone",
        requires: "each crate builds outside",
        run: alone::step,
    },
    Step {
        name: "no-std",
        requires: "the promised crates link without std",
        run: no_std::step,
    },
    Step {
        name: "mutants-apply",
        requires: "each mutant fits its file once",
        run: mutants::step,
    },
    Step {
        name: "campaign",
        requires: "the main job holds, and the README shows what it prints",
        run: campaign::step,
    },
    Step {
        name: "determinism",
        requires: "one seed, one hash: two processes, debug and release",
        run: campaign::determinism_step,
    },
];

/// What a step found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Each fails the step.
    pub(crate) failures: Vec<String>,
    /// Tools that are not installed, and what was done instead.
    pub(crate) absent: Vec<String>,
    /// What was done, in a few words.
    pub(crate) notes: Vec<String>,
    /// Nothing could be done at all, because of what is absent.
    pub(crate) idle: bool,
}

impl Findings {
    /// Runs one part of a step: an error is a failure.
    pub(crate) fn expect(&mut self, outcome: Result<impl Sized, String>) {
        if let Err(failure) = outcome {
            self.failures.push(failure);
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    const fn verdict(&self) -> &'static str {
        match (self.failures.is_empty(), self.idle) {
            (false, _) => "FAIL",
            (true, true) => "NOT RUN",
            (true, false) => "PASS",
        }
    }

    fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        if !self.failures.is_empty() {
            remarks.push(format!("{} found", self.failures.len()));
        }
        remarks.extend(self.absent.iter().map(|absent| format!("ABSENT: {absent}")));
        remarks.extend(self.notes.iter().cloned());
        remarks.join("; ")
    }
}

impl From<Result<Self, String>> for Findings {
    fn from(outcome: Result<Self, String>) -> Self {
        outcome.unwrap_or_else(|failure| Self {
            failures: vec![failure],
            ..Self::default()
        })
    }
}

pub(crate) fn run(args: &Args) -> Answer {
    if args.list {
        let mut table = Table::new(&["step", "requires"]);
        for step in STEPS {
            table.row([step.name, step.requires]);
        }
        print!("{table}");
        return Ok(true);
    }
    let steps = chosen(&args.only)?;
    let workspace = Workspace::load()?;
    let mut results = Vec::new();
    for step in steps {
        eprintln!("     {} ...", step.name);
        let start = Instant::now();
        let findings = (step.run)(&workspace);
        let elapsed = start.elapsed();
        for failure in &findings.failures {
            println!("{}: {failure}", step.name);
        }
        let line = format!(
            "{:<7} {:<13} {:>6} s",
            findings.verdict(),
            step.name,
            seconds(elapsed)
        );
        println!("{}", format!("{line}  {}", findings.remarks()).trim_end());
        results.push((step.name, elapsed, findings));
    }
    Ok(summary(&results))
}

fn chosen(only: &[String]) -> Result<Vec<&'static Step>, String> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!(
            "there is no step {unknown:?}: the steps are {}",
            names.join(", ")
        ));
    }
    let is_chosen = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(is_chosen).collect())
}

fn summary(results: &[(&str, Duration, Findings)]) -> bool {
    let mut table = Table::new(&["step", "seconds", "verdict", "remarks"]);
    for (name, elapsed, findings) in results {
        let remarks = findings.remarks();
        table.row([*name, &seconds(*elapsed), findings.verdict(), &remarks]);
    }
    let total = results.iter().map(|(_, elapsed, _)| *elapsed).sum();
    let failed = results
        .iter()
        .filter(|(_, _, findings)| !findings.failures.is_empty())
        .count();
    let absent: Vec<_> = results
        .iter()
        .flat_map(|(_, _, findings)| &findings.absent)
        .collect();
    println!("\n{table}");
    for tool in &absent {
        println!("ABSENT: {tool}");
    }
    println!(
        "steps: {}, failed: {failed}, tools absent: {}, {} s",
        results.len(),
        absent.len(),
        seconds(total)
    );
    failed == 0
}

/// Seconds with one decimal.
pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1}", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_with_the_names_of_all() {
        let error = chosen(&["formt".to_owned()]).err().unwrap_or_default();
        assert!(
            error.contains("formt") && error.contains("format"),
            "{error}"
        );
    }

    #[test]
    fn chosen_steps_keep_the_order_of_the_gate() {
        let only = ["tests".to_owned(), "format".to_owned()];
        let names: Vec<_> = chosen(&only)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect();
        assert_eq!(names, ["format", "tests"]);
    }

    #[test]
    fn a_failure_outweighs_an_absent_tool_and_both_are_named() {
        let findings = Findings {
            failures: vec!["broken".to_owned()],
            absent: vec!["some-tool".to_owned()],
            idle: true,
            ..Findings::default()
        };
        assert_eq!(findings.verdict(), "FAIL");
        assert_eq!(findings.remarks(), "1 found; ABSENT: some-tool");
        assert!(!summary(&[("step", Duration::ZERO, findings)]));
    }

    #[test]
    fn a_step_that_could_not_run_is_never_shown_as_passed() {
        let findings = Findings {
            idle: true,
            ..Findings::default()
        };
        assert_eq!(findings.verdict(), "NOT RUN");
    }
}
