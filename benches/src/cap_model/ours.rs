//! Our answers.

use cap_model::search::{SearchQuestion, search};
use cap_model::staleness::{Asks, Exact, Fit, Plan, Quorums, Sampler};
use cap_model::strategy::{Costs, Limits, Objective, Question, ReadFractions, optimize};
use quorum::QuorumSystem;

use super::input::{self, Node, Search, System};
use super::{Done, refused, table::OURS};
use crate::Error;

pub(super) fn run(work: &str) -> Result<Done, Error> {
    if let Some(system) = input::system(work) {
        return Done::of(|| load(&system));
    }
    if let Some(asked) = input::search(work) {
        return Done::of(|| searched(&asked));
    }
    match work {
        "exact" => Done::of(exact),
        "sampler-1" => Done::of(|| sampled(&[(1, 1)])),
        "sampler-6" => {
            let pairs = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (1, 3)];
            Done::of(|| sampled(&pairs))
        }
        _ => Err(refused("the benchmark", format!("no work {work:?}"))),
    }
}

fn costs(node: &Node) -> Costs {
    Costs {
        read_capacity: node.read_capacity,
        write_capacity: node.write_capacity,
        latency_ms: 1_000.0 * f64::from(node.latency_s),
    }
}

/// From the nodes to the load: making the system is part of it.
fn load(system: &System) -> Result<f64, Error> {
    let failed = |error: &dyn ToString| refused(OURS, error.to_string());
    let (system, nodes) = match system {
        System::Majority(nodes) => {
            let system = QuorumSystem::majority(0..nodes.len());
            (system.map_err(|error| failed(&error))?, nodes.clone())
        }
        System::Grid(side) => {
            let rows = (0..*side).map(|row| (0..*side).map(move |column| row * 100 + column));
            let system = QuorumSystem::grid(rows);
            (system.map_err(|error| failed(&error))?, Vec::new())
        }
    };
    let costs_of = |node: &usize| nodes.get(*node).map_or(Costs::UNIT, costs);
    let half = ReadFractions::one(0.5).map_err(|error| failed(&error))?;
    let question = Question::new(Objective::Load, half);
    let optimum = optimize(&system, costs_of, &question).map_err(|error| failed(&error))?;
    Ok(optimum.metrics.load)
}

fn searched(asked: &Search) -> Result<f64, Error> {
    let failed = |error: &dyn ToString| refused(OURS, error.to_string());
    let mix = ReadFractions::weighted(&asked.mix).map_err(|error| failed(&error))?;
    let question = Question {
        limits: Limits {
            load_max: None,
            latency_ms_max: asked.latency_s_max.map(|most| 1_000.0 * f64::from(most)),
            network_load_max: asked.network_load_max,
        },
        failures: asked.failures,
        ..Question::new(Objective::Load, mix)
    };
    let question = SearchQuestion {
        resilience_min: asked.resilience,
        is_front_wanted: asked.is_front_wanted,
        ..SearchQuestion::new(question)
    };
    let costs_of = |node: &usize| asked.nodes.get(*node).map_or(Costs::UNIT, costs);
    let outcome = search(0..asked.nodes.len(), costs_of, &question, || true);
    let outcome = outcome.map_err(|error| failed(&error))?;
    match outcome.best() {
        Some(best) if outcome.is_complete => Ok(best.optimum.metrics.load),
        _ => Err(failed(&"no complete search")),
    }
}

/// From the delays to the probabilities at any time.
fn exact() -> Result<f64, Error> {
    let solved = || {
        let quorums = Quorums::new(3, 1, 1)?;
        let exact = Exact::new(&Fit::LnkdDisk.wars()?, quorums, Asks::All)?;
        exact.visibility_ms(0.999)?;
        for t in 0..100_u32 {
            exact.consistent_at(f64::from(t))?;
        }
        exact.consistent_at(0.0)
    };
    solved().map_err(|error: cap_model::staleness::StalenessError| refused(OURS, error))
}

fn sampled(pairs: &[(u32, u32)]) -> Result<f64, Error> {
    let drawn = || {
        let pairs: Result<Vec<Quorums>, _> = pairs
            .iter()
            .map(|(read, write)| Quorums::new(3, *read, *write))
            .collect();
        let pairs = pairs?;
        let sampler = Sampler::new(&Fit::LnkdDisk.network(3)?)?;
        let samples = sampler.run(&Plan::default(), &pairs)?;
        let first = Quorums::new(3, 1, 1)?;
        samples.visibility_ms(first, 0.999)?;
        Ok(samples.consistent_at(first, 0.0)?.value)
    };
    drawn().map_err(|error: cap_model::staleness::StalenessError| refused(OURS, error))
}
