//! Which candidates are nowhere worse than another and somewhere better.
//!
//! Compared are: whether reads are sure to meet writes, whether no clock must keep its rate, load, network load, latency, resilience of reads and
//! of writes in nodes and in zones, unavailability of reads and of writes, the 99th percentiles of both
//! latencies, and the t-visibility. What neither has is passed over; what just one has makes them
//! incomparable.

use cap_model::search::{Better, dominators};

use super::file::{Candidate, Kind};
use super::outcome::Outcome;

const DIRECTIONS: [Better; 14] = [
    Better::Larger,
    Better::Larger,
    Better::Smaller,
    Better::Smaller,
    Better::Smaller,
    Better::Larger,
    Better::Larger,
    Better::Larger,
    Better::Larger,
    Better::Smaller,
    Better::Smaller,
    Better::Smaller,
    Better::Smaller,
    Better::Smaller,
];

fn figures(candidate: &Candidate, outcome: &Outcome) -> [Option<f64>; DIRECTIONS.len()] {
    let (failure, cost, timing) = (
        &outcome.failure,
        outcome.cost.as_ref(),
        outcome.timing.as_ref(),
    );
    let number = |count: Option<usize>| count.map(|count| count as f64);
    [
        Some(f64::from(u8::from(candidate.system.is_some()))),
        Some(f64::from(u8::from(candidate.kind != Kind::Lease))),
        cost.map(|cost| cost.load),
        cost.map(|cost| cost.network_load),
        cost.map(|cost| cost.latency),
        number(failure.read_resilience),
        number(failure.write_resilience),
        number(failure.read_zone_resilience),
        number(failure.write_zone_resilience),
        failure.read_unavailability,
        failure.write_unavailability,
        timing.map(|timing| timing.read_latency.p99),
        timing.map(|timing| timing.write_latency.p99),
        timing.and_then(|timing| timing.t_visibility_999_ms),
    ]
}

/// Fills in by whom each is dominated. One that keeps no limits is not compared.
pub(super) fn compare(candidates: &[Candidate], outcomes: &mut [Outcome]) {
    let names: Vec<String> = outcomes
        .iter()
        .map(|outcome| outcome.name.clone())
        .collect();
    let of = |(candidate, outcome): (&Candidate, &Outcome)| match outcome.infeasible {
        Some(_) => [None; DIRECTIONS.len()],
        None => figures(candidate, outcome),
    };
    let figures: Vec<_> = candidates.iter().zip(outcomes.iter()).map(of).collect();
    for (outcome, above) in outcomes.iter_mut().zip(dominators(&DIRECTIONS, &figures)) {
        outcome.dominated_by = above
            .into_iter()
            .filter_map(|place| names.get(place).cloned())
            .collect();
    }
}
