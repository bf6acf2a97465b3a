//! Finds out everything about every candidate, several at a time, in the order of the file.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use quorum::Expression;
use rayon::prelude::*;
use transport::NodeId;

use super::compare::compare;
use super::cost::{Answer, cost};
use super::evidence;
use super::failure::failure;
use super::file::{Candidate, Plan};
use super::outcome::Outcome;
use super::seek;
use super::timing::timing;
use crate::exit::BadInput;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// An outcome for each candidate. The answers do not depend on how many cores there are.
pub(super) fn run(
    plan: &mut Plan,
    jobs: Option<u16>,
    seconds: f64,
) -> Result<Vec<Outcome>, BadInput> {
    let (found, open) = seek::found(plan, seconds)?;
    plan.candidates.extend(found);
    let plan = &*plan;
    let workers = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .build()
        .map_err(BadInput::new)?;
    let bar = progress(plan.candidates.len());
    let mut outcomes: Vec<Outcome> = workers.install(|| {
        let candidates = plan.candidates.par_iter();
        let each = candidates.map(|candidate| {
            let outcome = outcome(plan, candidate);
            bar.inc(1);
            outcome
        });
        each.collect()
    });
    bar.finish_and_clear();
    feasible(plan, &outcomes)?;
    compare(&plan.candidates, &mut outcomes);
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_found) {
        outcome.unknown.extend(open.clone());
    }
    Ok(outcomes)
}

/// Limits that one candidate cannot keep are an answer; those that none can keep are a mistake.
fn feasible(plan: &Plan, outcomes: &[Outcome]) -> Result<(), BadInput> {
    let mut whys = Vec::new();
    for outcome in outcomes {
        match &outcome.infeasible {
            Some(why) => whys.push(format!("{}: {why}", outcome.name)),
            None => return Ok(()),
        }
    }
    let places = plan
        .candidates
        .iter()
        .filter_map(|candidate| candidate.wanted.limits_place.as_ref());
    let message = format!("no candidate keeps the limits: {}", whys.join("; "));
    Err(match places.into_iter().next() {
        Some(place) => plan.complain(place, message),
        None => BadInput::new(message),
    })
}

/// A bar over the candidates; drawn only on a terminal.
fn progress(candidates: usize) -> ProgressBar {
    let bar = ProgressBar::new(candidates as u64);
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} planning {wide_bar} {pos}/{len} candidates")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

fn outcome(plan: &Plan, candidate: &Candidate) -> Outcome {
    let (mut unknown, mut notes) = (Vec::new(), Vec::new());
    let (cost, infeasible) = match cost(plan, candidate, &mut notes) {
        Answer::Known(cost) => (Some(cost), None),
        Answer::Infeasible(why) => (None, Some(why)),
        Answer::Unknown(why) => {
            unknown.push(format!("load and capacity: {why}"));
            (None, None)
        }
    };
    let mut outcome = Outcome {
        name: candidate.name.clone(),
        is_found: candidate.is_found,
        protocol: candidate.kind.name().to_owned(),
        nodes: candidate
            .nodes
            .iter()
            .map(|node| plan.name_of(*node))
            .collect(),
        reads: Some(text(plan, &candidate.reads)),
        writes: Some(text(plan, &candidate.writes)),
        failure: failure(plan, candidate, &mut unknown),
        cost,
        infeasible,
        timing: timing(plan, candidate, &mut unknown, &mut notes),
        unknown,
        notes,
        ..Outcome::default()
    };
    evidence::add(plan, candidate, &mut outcome);
    outcome
}

/// An expression with the names of the file.
fn text(plan: &Plan, expression: &Expression<NodeId>) -> String {
    expression.map(|node| plan.name_of(*node)).to_string()
}
