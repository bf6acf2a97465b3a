//! `concord plan`: what replicas, quorums and partitions cost, for every candidate of one file.

mod compare;
mod cost;
mod evidence;
mod failure;
mod file;
#[cfg(test)]
mod fuzz;
mod meet;
mod outcome;
mod page;
mod run;
mod seek;
mod show;
mod small;
mod table;
mod timing;

use std::path::PathBuf;

use crate::check::positive_seconds;
use crate::exit::{BadInput, Ending};
use crate::say::say;
use file::Plan;
use meet::Simulated;
use outcome::Outcome;
use page::Page;
use small::Small;

/// Compares ways to replicate: load, latency, staleness, what survives, and what partitions cost.
///
/// A file in TOML describes nodes, zones, delays, how often what fails, and candidates: quorums, partial quorums,
/// leaders, leases, chains. Every candidate is told with its costs, each exact or with its error. Small questions need
/// no file.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord plan cluster.toml                      every candidate of a file
  concord plan cluster.toml --json               one object per candidate
  concord plan cluster.toml --report plan.html   the same as pictures
  concord plan --expr '(a*b)+(c*d)' --fr 0.9     quorums: load, capacity, what survives
  concord plan --n 3 --r 1 --w 1 --fit lnkd-disk how stale and how fast three replicas are
  concord plan --format-help                     the format of the file, with examples
  concord plan cluster.toml --simulate           the model against the real state machines

Exit codes: 0 everything is told, 1 a simulated state machine contradicts the model, 2 bad usage or input,
3 something could not be found out.")]
pub(crate) struct Command {
    /// The plan, in TOML.
    #[arg(value_name = "FILE.toml")]
    file: Option<PathBuf>,
    /// Print the reference page of the file's format, with three worked examples.
    #[arg(long, exclusive = true)]
    format_help: bool,
    #[command(flatten)]
    small: Small,
    /// Print one JSON object per candidate.
    #[arg(long)]
    json: bool,
    /// Write a page with the pictures of all trade-offs: one file, which asks no network for anything.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Show the strategies, and why each row of a partition is so.
    #[arg(long)]
    explain: bool,
    /// Run the real state machine of each candidate of three nodes, in every state of the links, and print where it
    /// differs from the model.
    #[arg(long)]
    simulate: bool,
    /// How many candidates to look at at a time. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// End the search for the best system after this many seconds; what is left is then unknown.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = positive_seconds)]
    timeout: f64,
}

impl Command {
    /// Reads the plan, finds everything out, and only then prints.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        if self.format_help {
            say!("{}", include_str!("plan/format.md").trim_end());
            return Ok(Ending::Holds);
        }
        let mut plan = match (&self.file, self.small.plan()?) {
            (Some(file), _) => Plan::open(file)?,
            (None, Some(plan)) => plan,
            (None, None) => {
                return Err(BadInput::new(
                    "give a plan, or a small question: --expr, or --n with --r and --w (see --help)",
                ));
            }
        };
        let page = self.report.as_deref().map(Page::prepare).transpose()?;
        let mut outcomes = run::run(&mut plan, self.jobs, self.timeout)?;
        if self.simulate {
            for (candidate, outcome) in plan.candidates.iter().zip(&mut outcomes) {
                match meet::simulate(candidate) {
                    Ok(simulated) => outcome.simulated = Some(simulated),
                    Err(why) => outcome.unknown.push(format!("simulation: {why}")),
                }
            }
        }
        if let Some(page) = page {
            page.write(plan.title(), &plan.about(), &outcomes)?;
        }
        if self.json {
            let objects: Result<Vec<String>, _> =
                outcomes.iter().map(serde_json::to_string).collect();
            for object in objects.map_err(BadInput::new)? {
                say!("{object}");
            }
        } else {
            show::show(&plan.about(), &outcomes, self.explain);
            if self.simulate {
                meet::show(&outcomes);
            }
        }
        let is_met = |outcome: &Outcome| outcome.simulated.as_ref().is_none_or(Simulated::is_met);
        if !outcomes.iter().all(is_met) {
            return Ok(Ending::Violated);
        }
        let is_known = outcomes.iter().all(|outcome| outcome.unknown.is_empty());
        Ok(if is_known {
            Ending::Holds
        } else {
            Ending::Unknown
        })
    }
}
