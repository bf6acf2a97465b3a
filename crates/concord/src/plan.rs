//! `concord plan`: what replicas, quorums and partitions cost, for every candidate of one file.

mod failure;
mod file;
mod outcome;
mod page;
mod run;

use std::path::PathBuf;

use crate::exit::{BadInput, Ending};
use crate::say::say;
use file::Plan;
use page::Page;

/// Compares ways to replicate: load, latency, staleness, what survives, and what partitions cost.
///
/// A file in TOML describes nodes, zones, delays, how often what fails, and candidates: quorums, partial quorums,
/// leaders, leases, chains. Every candidate is told with its costs, each exact or with its error.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord plan cluster.toml                      every candidate of a file
  concord plan cluster.toml --json               one object per candidate
  concord plan cluster.toml --report plan.html   the same as pictures

Exit codes: 0 everything is told, 2 bad usage or input, 3 something could not be found out.")]
pub(crate) struct Command {
    /// The plan, in TOML.
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    /// Print one JSON object per candidate.
    #[arg(long)]
    json: bool,
    /// Write a page with the pictures of all trade-offs: one file, which asks no network for anything.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

impl Command {
    /// Reads the plan, finds everything out, and only then prints.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let (_, plan) = Plan::open(&self.file)?;
        let page = self.report.as_deref().map(Page::prepare).transpose()?;
        let outcomes = run::run(&plan);
        if let Some(page) = page {
            page.write(&self.file, &outcomes)?;
        }
        for outcome in &outcomes {
            if self.json {
                say!("{}", serde_json::to_string(outcome).map_err(BadInput::new)?);
            } else {
                say!("{}: {:?}", outcome.name, outcome.failure);
            }
        }
        let is_known = outcomes.iter().all(|outcome| outcome.unknown.is_empty());
        Ok(if is_known {
            Ending::Holds
        } else {
            Ending::Unknown
        })
    }
}
