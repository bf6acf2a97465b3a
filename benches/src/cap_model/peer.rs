//! The answers of `quoracle`.

use std::time::Duration;

use quoracle::{
    Distribution, Expr, Node, Objective, QuorumSystem, SearchConfig, StrategyLimits, majority,
    search,
};

use super::input::{self, Search, System};
use super::{Done, refused, table::QUORACLE};
use crate::Error;

pub(super) fn run(work: &str) -> Result<Done, Error> {
    if let Some(system) = input::system(work) {
        return Done::of(|| load(&system).map_err(|error| refused(QUORACLE, error)));
    }
    if let Some(asked) = input::search(work) {
        return Done::of(|| searched(&asked).map_err(|error| refused(QUORACLE, error)));
    }
    Err(refused(QUORACLE, format!("no work {work:?}")))
}

fn nodes(nodes: &[input::Node]) -> Result<Vec<Node<u32>>, quoracle::Error> {
    let named = (0..).zip(nodes);
    let named = named.map(|(name, node)| {
        let seconds = u64::from(node.latency_s);
        let named = Node::new(name).with_latency(Duration::from_secs(seconds));
        named.with_read_write_capacity(node.read_capacity, node.write_capacity)
    });
    named.collect()
}

/// From the nodes to the load: making the system is part of it.
fn load(system: &System) -> Result<f64, quoracle::Error> {
    let reads: Expr<u32> = match system {
        System::Majority(of) => majority(nodes(of)?.into_iter().map(Expr::Node).collect())?,
        System::Grid(side) => {
            let side = *side as u32;
            let row = |row: u32| {
                let columns = (0..side).map(|column| Expr::Node(Node::new(row * side + column)));
                columns.reduce(|one, other| one * other)
            };
            let rows = (0..side).filter_map(row).reduce(|one, other| one + other);
            rows.unwrap_or_else(|| Expr::Node(Node::new(0)))
        }
    };
    let half = Distribution::fixed(0.5)?;
    let none = StrategyLimits::default();
    let system = QuorumSystem::from_reads(reads);
    let strategy = system.strategy(Objective::Load, Some(&half), None, &none, 0)?;
    strategy.load(Some(&half), None)
}

fn searched(asked: &Search) -> Result<f64, quoracle::Error> {
    let mix = Distribution::weighted(&asked.mix)?;
    let config = SearchConfig {
        optimize: Objective::Load,
        resilience: asked.resilience,
        limits: StrategyLimits {
            load: None,
            network: asked.network_load_max,
            latency: asked
                .latency_s_max
                .map(|most| Duration::from_secs(u64::from(most))),
        },
        read_fraction: Some(mix.clone()),
        write_fraction: None,
        f: asked.failures,
        timeout: Duration::ZERO,
    };
    let found = search(&nodes(&asked.nodes)?, &config)?;
    found.strategy.load(Some(&mix), None)
}
