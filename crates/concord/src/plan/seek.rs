//! `[search]`: the best systems over the nodes, as candidates beside those of the file.

use std::time::{Duration, Instant};

use cap_model::search::{SearchQuestion, Unreliability, search};
use cap_model::strategy::{Question, ReadFractions};
use transport::NodeId;

use super::file::{Candidate, Plan, Search};
use crate::exit::BadInput;

/// Those that nothing beats, the best first; and what was left open.
pub(super) fn found(
    plan: &Plan,
    seconds: f64,
) -> Result<(Vec<Candidate>, Option<String>), BadInput> {
    let Some(asked) = &plan.search else {
        return Ok((Vec::new(), None));
    };
    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let question = question(plan, asked).map_err(|error| plan.complain(&asked.place, error))?;
    let costs_of = |node: &NodeId| plan.costs_of(*node);
    let nodes = asked.nodes.iter().copied();
    let outcome = search(nodes, costs_of, &question, || Instant::now() < deadline);
    let outcome = outcome.map_err(|error| plan.complain(&asked.place, error))?;
    if outcome.front.is_empty() && outcome.is_complete {
        let message = format!(
            "none of the {} systems over these nodes keeps the limits and survives {} failures",
            outcome.looked_at, asked.resilience_min
        );
        return Err(plan.complain(&asked.place, message));
    }
    let mut candidates = Vec::new();
    for (place, found) in outcome.front.into_iter().take(asked.found_max).enumerate() {
        let name = plan.free_name(&format!("found {}", place + 1));
        let candidate = Candidate::of_system(&name, found.system, plan.wanted.clone());
        candidates.push(candidate.map_err(|error| plan.complain(&asked.place, error))?);
    }
    let open = (!outcome.is_complete).then(|| {
        let count = outcome.looked_at;
        format!("whether there is a better system: {count} were looked at in {seconds} s (--timeout), and there are more")
    });
    Ok((candidates, open))
}

fn question(plan: &Plan, asked: &Search) -> Result<SearchQuestion, String> {
    let fractions =
        ReadFractions::weighted(&plan.read_fractions).map_err(|error| error.to_string())?;
    let wanted = &plan.wanted;
    let question = Question {
        limits: wanted.limits,
        failures: wanted.failures,
        ..Question::new(wanted.objective, fractions)
    };
    let all = SearchQuestion::new(question);
    let of = |node: &NodeId| plan.nodes.get(node.0 as usize);
    let failure = |node: &NodeId| of(node).and_then(|node| node.failure).unwrap_or(0.0);
    let zone = |node: &NodeId| of(node).and_then(|node| node.zone);
    let unreliability = plan.has_failures().then(|| Unreliability {
        node_failures: asked.nodes.iter().map(failure).collect(),
        zones: if plan.zones.is_empty() {
            Vec::new()
        } else {
            asked.nodes.iter().map(zone).collect()
        },
        zone_failures: plan
            .zones
            .iter()
            .map(|zone| zone.failure.unwrap_or(0.0))
            .collect(),
    });
    Ok(SearchQuestion {
        resilience_min: asked.resilience_min,
        unreliability,
        unavailability_max: asked.unavailability_max,
        depth_max: asked.depth_max.unwrap_or(all.depth_max),
        ..all
    })
}
