//! Finds out everything about every candidate, several at a time, in the order of the file.

use quorum::Expression;
use rayon::prelude::*;
use transport::NodeId;

use super::failure::failure;
use super::file::{Candidate, Plan};
use super::outcome::Outcome;

/// An outcome for each candidate.
pub(super) fn run(plan: &Plan) -> Vec<Outcome> {
    let candidates = plan.candidates.par_iter();
    candidates
        .map(|candidate| outcome(plan, candidate))
        .collect()
}

fn outcome(plan: &Plan, candidate: &Candidate) -> Outcome {
    let mut unknown = Vec::new();
    Outcome {
        name: candidate.name.clone(),
        protocol: candidate.kind.name().to_owned(),
        nodes: candidate
            .nodes
            .iter()
            .map(|node| plan.name_of(*node))
            .collect(),
        reads: Some(text(plan, &candidate.reads)),
        writes: Some(text(plan, &candidate.writes)),
        failure: failure(plan, candidate, &mut unknown),
        unknown,
        ..Outcome::default()
    }
}

/// An expression with the names of the file.
fn text(plan: &Plan, expression: &Expression<NodeId>) -> String {
    expression.map(|node| plan.name_of(*node)).to_string()
}
