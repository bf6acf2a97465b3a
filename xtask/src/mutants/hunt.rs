//! Lets the simulator look for mutants, and counts the seeds it needs.

use std::process::Command;
use std::time::{Duration, Instant};

use super::copy::Copy;
use super::table::{Mutant, Simulator};
use crate::campaign::{self, Campaign};
use crate::table::Table;
use crate::workspace::Workspace;
use crate::{Answer, ci, shell};

/// Seeds of the first attempt; each further one takes eight times as many.
const SEEDS_FIRST: u64 = 64;
const ATTEMPT_LIMIT: Duration = Duration::from_secs(600);

enum Quarry {
    Found { seed: u64, rule: String },
    Hidden { seeds: u64 },
    Unclear(String),
}

pub(super) fn run(workspace: &Workspace, mutants: &[&'static Mutant]) -> Answer {
    let copy = Copy::make(workspace, "worker-1")?;
    let mut table = Table::new(&[
        "mutant",
        "protocol",
        "nodes",
        "seeds to find",
        "rule",
        "seconds",
        "verdict",
    ]);
    let mut missed = 0;
    let expected = mutants.iter().filter_map(|mutant| match mutant.simulator {
        Simulator::Finds {
            protocol,
            nodes,
            seeds_max,
        } => Some((mutant, protocol, nodes, seeds_max)),
        Simulator::Blind { .. } => None,
    });
    for (mutant, protocol, nodes, seeds_max) in expected {
        let start = Instant::now();
        let quarry = copy
            .with(mutant, || hunt(&copy, protocol, nodes, seeds_max))
            .unwrap_or_else(Quarry::Unclear);
        let (seeds, rule, verdict) = match quarry {
            // Seeds count from 0.
            Quarry::Found { seed, rule } => (seed.saturating_add(1).to_string(), rule, "FOUND"),
            Quarry::Hidden { seeds } => (format!("> {seeds}"), String::new(), "HIDDEN"),
            Quarry::Unclear(reason) => {
                println!("UNCLEAR {}: {reason}", mutant.name);
                (String::new(), String::new(), "UNCLEAR")
            }
        };
        missed += u32::from(verdict != "FOUND");
        eprintln!("     {}: {verdict} {seeds}", mutant.name);
        table.row([
            mutant.name,
            protocol,
            &nodes.to_string(),
            &seeds,
            &rule,
            &ci::seconds(start.elapsed()),
            verdict,
        ]);
    }
    println!("{table}");
    println!("{missed} not found");
    Ok(missed == 0)
}

fn hunt(copy: &Copy, protocol: &str, nodes: u32, seeds_max: u64) -> Result<Quarry, String> {
    let mut build = copy.cargo(&["build", "--quiet", "--release", "--package", "concord"]);
    // Quicker to build; what the simulator finds is the same in every build.
    build.env("CARGO_PROFILE_RELEASE_LTO", "off");
    build.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    shell::check(build)?;
    let mut seeds = SEEDS_FIRST.min(seeds_max);
    loop {
        let mut command = Command::new(copy.program("release", "concord"));
        command.args([
            "sim",
            "--json",
            "--protocol",
            protocol,
            "--nodes",
            &nodes.to_string(),
            "--seeds",
            &seeds.to_string(),
        ]);
        command.current_dir(copy.runs()?);
        let campaigns = attempt(command)?;
        let found = campaigns
            .iter()
            .find(|campaign| campaign.first_violating_seed().is_some());
        match found {
            Some(campaign) => return found_in(copy, campaign),
            None if seeds >= seeds_max => return Ok(Quarry::Hidden { seeds }),
            None => seeds = (seeds * 8).min(seeds_max),
        }
    }
}

/// A failure counts once the file that it wrote has been replayed, to the same hash and violation.
fn found_in(copy: &Copy, campaign: &Campaign) -> Result<Quarry, String> {
    let seed = campaign.first_violating_seed();
    let (Some(seed), Some(artefact)) = (seed, campaign.artefact()) else {
        return Err("a violation without a file to replay".to_owned());
    };
    let mut command = Command::new(copy.program("release", "concord"));
    command.args(["replay", "--json", artefact]);
    command.current_dir(copy.runs()?);
    let line = shell::line(&command);
    let run = shell::run_quietly(command, Some(ATTEMPT_LIMIT))?;
    let code = run.status.and_then(|status| status.code());
    if code != Some(1) {
        return Err(format!(
            "`{line}` did not give the same run: {}",
            run.output
        ));
    }
    let rule = campaign.first_rule().unwrap_or_default();
    Ok(Quarry::Found { seed, rule })
}

fn attempt(command: Command) -> Result<Vec<Campaign>, String> {
    let line = shell::line(&command);
    let run = shell::run_quietly(command, Some(ATTEMPT_LIMIT))?;
    let Some(status) = run.status else {
        return Err(format!(
            "`{line}` did not end within {} s",
            ATTEMPT_LIMIT.as_secs()
        ));
    };
    match status.code() {
        Some(0 | 1 | 3) => campaign::parse(&run.output),
        _ => Err(format!("`{line}` ended with {status}: no verdict")),
    }
}
