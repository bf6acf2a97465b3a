//! What survives: how many nodes and zones may fail, and how likely nobody is answered.

use quorum::{Expression, ExpressionError};
use transport::NodeId;

use super::file::{Candidate, Kind, Plan};
use super::outcome::Failure;

/// What must be up for a read, and for a write.
///
/// A leader that fails is replaced by an election, which needs a read quorum: so both operations of a
/// protocol with a leader need both quorums.
fn needed(candidate: &Candidate) -> Result<[Expression<NodeId>; 2], ExpressionError> {
    let (reads, writes) = (candidate.reads.clone(), candidate.writes.clone());
    match candidate.kind {
        Kind::Leader | Kind::Lease => {
            let both = if reads == writes {
                reads
            } else {
                Expression::all([reads, writes])?
            };
            Ok([both.clone(), both])
        }
        _ => Ok([reads, writes]),
    }
}

/// What survives; and what could not be found out.
pub(super) fn failure(plan: &Plan, candidate: &Candidate, unknown: &mut Vec<String>) -> Failure {
    let mut failure = Failure::default();
    let [reads, writes] = match needed(candidate) {
        Ok(needed) => needed,
        Err(error) => {
            unknown.push(format!("resilience and unavailability: {error}"));
            return failure;
        }
    };
    let mut known = |what: &str, result: Result<usize, ExpressionError>| {
        result
            .map_err(|error| unknown.push(format!("{what}: {error}")))
            .ok()
    };
    failure.read_resilience = known("read resilience", reads.resilience());
    failure.write_resilience = known("write resilience", writes.resilience());
    let both = failure.read_resilience.zip(failure.write_resilience);
    failure.resilience = both.map(|(reads, writes)| reads.min(writes));
    if !plan.zones.is_empty() {
        let zone_of = |node: &NodeId| plan.nodes.get(node.0 as usize).and_then(|node| node.zone);
        failure.read_zone_resilience =
            known("read resilience in zones", reads.zone_resilience(zone_of));
        failure.write_zone_resilience =
            known("write resilience in zones", writes.zone_resilience(zone_of));
    }
    if plan.has_failures() {
        let mut known = |what: &str, needed: &Expression<NodeId>| {
            let result = unavailability(plan, needed);
            result
                .map_err(|error| unknown.push(format!("{what}: {error}")))
                .ok()
        };
        failure.read_unavailability = known("read unavailability", &reads);
        failure.write_unavailability = known("write unavailability", &writes);
    }
    failure
}

fn unavailability(plan: &Plan, needed: &Expression<NodeId>) -> Result<f64, String> {
    let node = |node: &NodeId| plan.nodes.get(node.0 as usize);
    let failure_of = |id: &NodeId| node(id).and_then(|node| node.failure).unwrap_or(0.0);
    let zone_of = |id: &NodeId| node(id).and_then(|node| node.zone);
    let zones: Vec<f64> = plan
        .zones
        .iter()
        .map(|zone| zone.failure.unwrap_or(0.0))
        .collect();
    let result = needed.unavailability_in_zones(failure_of, zone_of, &zones);
    result.map_err(|error| error.to_string())
}
