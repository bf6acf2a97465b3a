//! Mutants: each takes one guard away, and a named test must notice.
//!
//! A guard whose removal nothing notices is untested. The table is data (`mutants/table/`); a copy
//! of the workspace is changed, never the workspace itself. In that copy, for each mutant:
//!
//! 1. the named test passes on the unchanged source (else `NO BASELINE`);
//! 2. the change applies exactly once (else `DOES NOT APPLY`);
//! 3. the changed source compiles (else `DOES NOT COMPILE`: the compiler's refusal proves nothing
//!    about the tests);
//! 4. the named test fails within a minute (`KILLED`; else `SURVIVED`, `TIMED OUT` or `CRASHED`).

mod apply;
mod copy;
mod hunt;
mod kill;
mod table;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::Answer;
use crate::ci::{self, Findings};
use crate::table::Table;
use crate::workspace::{Workspace, read};
use copy::Copy;
use kill::Verdict;
use table::{Mutant, Simulator};

/// `cargo xtask mutants`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo xtask mutants --jobs 2\n         \
                        cargo xtask mutants sends-do-not-wait\n         \
                        cargo xtask mutants --simulator")]
pub(crate) struct Args {
    /// Only the mutants whose name contains this.
    name: Option<String>,
    /// List the mutants, the guard each takes away and the test that must notice.
    #[arg(long)]
    list: bool,
    /// Mutants at a time, each in a copy of its own.
    #[arg(long, default_value_t = 1, value_name = "N")]
    jobs: usize,
    /// Only check that each mutant applies exactly once.
    #[arg(long)]
    apply_only: bool,
    /// Let the simulator look for the mutants it is expected to find, and show the seeds it needs.
    #[arg(long)]
    simulator: bool,
}

pub(crate) fn run(args: &Args) -> Answer {
    let workspace = Workspace::load()?;
    let mutants = chosen(args.name.as_deref())?;
    if args.list {
        list(&mutants);
        return Ok(true);
    }
    let misfits = misfits(&workspace, &mutants);
    for misfit in &misfits {
        println!("DOES NOT APPLY {misfit}");
    }
    if args.apply_only {
        println!("{} mutants, {} do not apply", mutants.len(), misfits.len());
        return Ok(misfits.is_empty());
    }
    if args.simulator {
        return hunt::run(&workspace, &mutants);
    }
    let rows = kill_all(&workspace, &mutants, args.jobs)?;
    Ok(report(&rows))
}

/// The gate's step: every mutant of the table still applies exactly once.
pub(crate) fn step(workspace: &Workspace) -> Findings {
    let mutants: Vec<&Mutant> = table::all().collect();
    let mut findings = Findings {
        failures: misfits(workspace, &mutants),
        ..Findings::default()
    };
    findings.note(format!("{} mutants", mutants.len()));
    findings
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static Mutant>, String> {
    let fits = |mutant: &&Mutant| name.is_none_or(|name| mutant.name.contains(name));
    let mutants: Vec<_> = table::all().filter(fits).collect();
    match name {
        Some(name) if mutants.is_empty() => Err(format!("no mutant is named like {name:?}")),
        _ => Ok(mutants),
    }
}

fn list(mutants: &[&Mutant]) {
    let mut table = Table::new(&["mutant", "guard it takes away", "killed by", "simulator"]);
    for mutant in mutants {
        let simulator = match &mutant.simulator {
            Simulator::Finds {
                protocol,
                nodes,
                seeds_max,
            } => format!("{protocol}, {nodes} nodes, {seeds_max} seeds"),
            Simulator::Blind { because } => format!("no: {because}"),
        };
        table.row([
            mutant.name,
            mutant.guard,
            &mutant.killed_by.to_string(),
            &simulator,
        ]);
    }
    print!("{table}");
}

/// The mutants that do not fit the source, with the reason.
fn misfits(workspace: &Workspace, mutants: &[&Mutant]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let misfit = |mutant: &&Mutant| {
        if !names.insert(mutant.name) {
            return Some("its name is taken".to_owned());
        }
        if workspace.package(mutant.killed_by.package).is_none() {
            return Some(format!("there is no package {}", mutant.killed_by.package));
        }
        let text = read(&workspace.root.join(mutant.file));
        text.and_then(|text| apply::apply(mutant, &text)).err()
    };
    let reasons: Vec<_> = mutants.iter().map(misfit).collect();
    mutants
        .iter()
        .zip(reasons)
        .filter_map(|(mutant, reason)| Some(format!("{}: {}", mutant.name, reason?)))
        .collect()
}

struct Row {
    mutant: &'static Mutant,
    verdict: Verdict,
    elapsed: Duration,
}

/// All baselines first: each file is then rebuilt once a mutant, not twice.
fn kill_all(
    workspace: &Workspace,
    mutants: &[&'static Mutant],
    jobs: usize,
) -> Result<Vec<Row>, String> {
    let jobs = jobs.clamp(1, mutants.len().max(1));
    let copies = (1..=jobs).map(|index| Copy::make(workspace, &format!("worker-{index}")));
    let copies = copies.collect::<Result<Vec<_>, _>>()?;
    let unfit = share(&copies, mutants, |copy, mutant| {
        let unfit = kill::baseline(copy, &mutant.killed_by)?;
        let state = if unfit.is_some() {
            "no baseline"
        } else {
            "baseline passes"
        };
        eprintln!("     {}: {state}", mutant.name);
        Ok(unfit)
    })?;
    let jobs: Vec<_> = mutants.iter().copied().zip(unfit).collect();
    share(&copies, &jobs, |copy, (mutant, unfit)| {
        let (verdict, elapsed) = match unfit {
            Some(verdict) => (verdict.clone(), Duration::ZERO),
            None => kill::kill(copy, mutant)?,
        };
        eprintln!(
            "     {}: {} ({} s)",
            mutant.name,
            verdict.name(),
            ci::seconds(elapsed)
        );
        Ok(Row {
            mutant,
            verdict,
            elapsed,
        })
    })
}

/// Shares `items` out among the copies, a thread each. The answers keep the order of the items.
fn share<T: Sync, R: Send>(
    copies: &[Copy],
    items: &[T],
    work: impl Fn(&Copy, &T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let next = AtomicUsize::new(0);
    let answer = |copy| {
        let mut answers = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            answers.push((index, work(copy, item)?));
        }
        Ok::<_, String>(answers)
    };
    let shares = thread::scope(|scope| {
        let threads: Vec<_> = copies
            .iter()
            .map(|copy| scope.spawn(|| answer(copy)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|share| share.unwrap_or_else(|_| Err("a worker panicked".to_owned())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut answers: Vec<_> = shares.into_iter().flatten().collect();
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

fn report(rows: &[Row]) -> bool {
    let mut table = Table::new(&["mutant", "killed by", "seconds", "verdict"]);
    for row in rows {
        let test = row.mutant.killed_by.to_string();
        table.row([
            row.mutant.name,
            &test,
            &ci::seconds(row.elapsed),
            row.verdict.name(),
        ]);
    }
    for row in rows {
        if let Some(evidence) = row.verdict.evidence() {
            println!("{}: {}\n{evidence}\n", row.verdict.name(), row.mutant.name);
        }
    }
    println!("{table}");
    let alive = rows
        .iter()
        .filter(|row| !matches!(row.verdict, Verdict::Killed))
        .count();
    println!("{} mutants, {alive} not killed", rows.len());
    alive == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mutant_is_refused() {
        assert!(chosen(Some("no such mutant")).is_err());
    }

    #[test]
    fn every_mutant_of_the_table_says_what_it_takes_away() {
        for mutant in table::all() {
            assert!(!mutant.guard.is_empty(), "{}", mutant.name);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(mutant.name.chars().all(is_plain), "{}", mutant.name);
        }
    }
}
