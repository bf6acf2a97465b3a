//! Good first columns: quorums that are taken one after another, each time the one whose nodes have
//! the least to do so far.
//!
//! Where all nodes are alike, or alike by kinds, the average of these quorums is an optimal strategy after at
//! most as many rounds as there are nodes, and even prices prove it: then no linear program is solved.

use alloc::vec;
use alloc::vec::Vec;

use quorum::{ExpressionError, Side};

use super::model::Model;
use super::oracle::Quorum;

/// No more than so many rounds for each node.
const ROUNDS_PER_NODE: usize = 2;
/// In any case no more than so many rounds.
const ROUNDS_MAX: usize = 512;
/// So near to the bound, relatively, the average of the rounds is optimal: a rounding away.
const NEAR: f64 = 1e-14;

pub(super) struct Greedy {
    /// Different quorums, each with the number of rounds that took it.
    pub(super) reads: Vec<(Quorum, u32)>,
    pub(super) writes: Vec<(Quorum, u32)>,
    pub(super) rounds: u32,
    /// The average of the rounds reaches the bound.
    pub(super) is_optimal: bool,
}

/// Takes quorums until their average reaches the bound, or for so many rounds.
pub(super) fn greedy(model: &Model, bound: f64) -> Result<Greedy, ExpressionError> {
    let mut found = Greedy {
        reads: Vec::new(),
        writes: Vec::new(),
        rounds: 0,
        is_optimal: false,
    };
    let nodes = model.nodes;
    let mut loads = vec![vec![0.0; nodes]; model.weights.len()];
    let rounds_max = nodes.saturating_mul(ROUNDS_PER_NODE).min(ROUNDS_MAX);
    for _ in 0..rounds_max {
        for side in [Side::Read, Side::Write] {
            let mut prices = vec![0.0; nodes];
            for (loads, weight, coefficients) in model.each(&loads, side) {
                for ((price, load), coefficient) in prices.iter_mut().zip(loads).zip(coefficients) {
                    *price += weight * load * coefficient;
                }
            }
            let Some(quorum) = model.oracle(side).cheapest(&prices, 0.0)? else {
                return Ok(found);
            };
            for (loads, coefficients) in loads.iter_mut().zip(model.coefficients(side)) {
                for node in &quorum.nodes {
                    let coefficient = coefficients.get(*node).copied().unwrap_or(0.0);
                    if let Some(load) = loads.get_mut(*node) {
                        *load += coefficient;
                    }
                }
            }
            let list = match side {
                Side::Read => &mut found.reads,
                Side::Write => &mut found.writes,
            };
            match list
                .iter_mut()
                .find(|(known, _)| known.nodes == quorum.nodes)
            {
                Some((_, times)) => *times += 1,
                None => list.push((quorum, 1)),
            }
        }
        found.rounds += 1;
        let greatest = loads.iter().zip(&model.weights);
        let greatest =
            greatest.map(|(loads, weight)| weight * loads.iter().copied().fold(0.0, f64::max));
        let load: f64 = greatest.sum::<f64>() / f64::from(found.rounds);
        if load <= bound * (1.0 + NEAR) {
            found.is_optimal = true;
            break;
        }
    }
    Ok(found)
}
