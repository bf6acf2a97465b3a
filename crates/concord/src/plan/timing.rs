//! How stale and how slow: from the delays of messages.

mod trips;

use cap_model::staleness::{
    self, Asks, Estimate, Method, Network, Questions, Quorums, StalenessError, Summary, Versions,
};

use super::file::{Candidate, Kind, Plan, Staleness};
use super::outcome::{Percentiles, Timing};

/// The versions back that are asked about.
const VERSIONS: [u32; 5] = [1, 2, 3, 5, 10];

/// How stale and how slow, if the plan says how long messages take.
pub(super) fn timing(
    plan: &Plan,
    candidate: &Candidate,
    unknown: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Option<Timing> {
    let asked = plan.staleness.as_ref()?;
    if candidate.kind == Kind::Chain {
        notes.push("how long a chain takes is not told".to_owned());
        return None;
    }
    // Sums of a few trips are solved; partial quorums and reads that ask no more than they need are not sums.
    let asks_few = asked.asks == Asks::Quorum && candidate.counts.is_some();
    let is_counted = candidate.kind == Kind::Partial
        || matches!(candidate.kind, Kind::Quorum | Kind::WriteAll) && asks_few;
    let result = match candidate.counts.filter(|_| is_counted) {
        Some((r, w)) => of_counts(plan, candidate, asked, r, w),
        None => trips::timing(plan, candidate, asked),
    };
    match result {
        Ok(timing) if timing.read_latency.p999.max(timing.write_latency.p999) < trips::MS_MAX => {
            if candidate.kind == Kind::Local {
                notes.push(
                    "what others see of a write, and when, is not told of a local candidate"
                        .to_owned(),
                );
            }
            Some(timing)
        }
        Ok(_) => {
            unknown.push("latency: the quorums are too entangled".to_owned());
            None
        }
        Err(error) => {
            unknown.push(format!("staleness and latency: {error}"));
            None
        }
    }
}

fn of_counts(
    plan: &Plan,
    candidate: &Candidate,
    asked: &Staleness,
    r: u32,
    w: u32,
) -> Result<Timing, StalenessError> {
    let n = u32::try_from(candidate.nodes.len()).unwrap_or(u32::MAX);
    let quorums = Quorums::new(n, r, w)?;
    let draw = staleness::Plan {
        trials: asked.trials,
        seed: asked.seed,
        asks: asked.asks,
        ..staleness::Plan::default()
    };
    let questions = Questions {
        times_ms: asked.at_ms.clone(),
        ..Questions::default()
    };
    let summary = Summary::of(
        &network(plan, candidate, asked)?,
        quorums,
        &draw,
        &questions,
    )?;
    let mut timing = told(&summary);
    if !quorums.intersect() {
        let versions = Versions::of(quorums)?;
        let within = |k: u32| (k.to_string(), versions.within_probability(k));
        timing.consistent_within_versions = VERSIONS.into_iter().map(within).collect();
    }
    Ok(timing)
}

/// The delays between the candidate's nodes and their clients, who are evenly in all zones.
fn network(
    plan: &Plan,
    candidate: &Candidate,
    asked: &Staleness,
) -> Result<Network, StalenessError> {
    let n = u32::try_from(candidate.nodes.len()).unwrap_or(u32::MAX);
    let Some(delays) = &plan.delays else {
        return if asked.remote_ms > 0.0 {
            Network::one_each(n, &asked.wars, asked.remote_ms)
        } else {
            Network::identical(n, &asked.wars)
        };
    };
    let zone_of =
        |node: &transport::NodeId| plan.nodes.get(node.0 as usize).and_then(|node| node.zone);
    let zones: Vec<usize> = candidate
        .nodes
        .iter()
        .map(|node| zone_of(node).unwrap_or(0))
        .collect();
    Network::zones(&asked.wars, &zones, &delays.rows())
}

fn told(summary: &Summary) -> Timing {
    let interval = |estimate: &Estimate| [estimate.low, estimate.high];
    let is_sampled = summary.method == Method::Sampled;
    let consistent_at = summary.consistent_at.iter();
    let curve = summary.consistency_curve.iter();
    let visibility = &summary.visibility_ms;
    Timing {
        method: summary.method.name(),
        error: summary.error,
        consistent_at: consistent_at
            .map(|(t, seen)| (t.to_string(), seen.value))
            .collect(),
        consistent_within_versions: std::collections::BTreeMap::new(),
        t_visibility_999_ms: Some(visibility.value),
        t_visibility_999_interval_ms: is_sampled.then(|| interval(visibility)),
        read_latency: percentiles(&summary.read_latency, is_sampled),
        write_latency: percentiles(&summary.write_latency, is_sampled),
        read_cdf: summary.read_cdf.clone(),
        write_cdf: summary.write_cdf.clone(),
        consistency_curve: curve
            .map(|(t, seen)| (*t, [seen.low, seen.value, seen.high]))
            .collect(),
    }
}

fn percentiles(of: &staleness::Percentiles, is_sampled: bool) -> Percentiles {
    let each = [&of.p50, &of.p99, &of.p999];
    Percentiles {
        p50: of.p50.value,
        p99: of.p99.value,
        p999: of.p999.value,
        intervals: is_sampled.then(|| each.map(|one| [one.low, one.high])),
    }
}
