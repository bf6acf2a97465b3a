//! Which quorum is the cheapest, when nodes and time have a price.

use alloc::vec::Vec;

use quorum::{Expression, ExpressionError, Price, QuorumError, QuorumSystem, Side};

/// Of so few nodes, all minimal quorums are listed where nodes repeat.
const LISTED_NODES_MAX: usize = 16;
/// No list is longer.
const LISTED_MAX: usize = 4_096;

/// The quorums of a side that survive the failures, by the places of their nodes.
#[derive(Debug)]
pub(super) struct Oracle {
    /// What answers have to be.
    whole: Expression<usize>,
    levels: Vec<Level>,
    /// For each node, how many different latencies are at least its own.
    haste: Vec<usize>,
    /// The different latencies, the least first.
    latencies: Vec<f64>,
}

/// The quorums that answer within a time.
#[derive(Debug)]
struct Level {
    latency_ms: f64,
    quorums: Expression<usize>,
    /// All minimal quorums, if nodes repeat and there are few: quicker than to ask the expression.
    listed: Option<Vec<Vec<usize>>>,
}

impl Level {
    fn new(latency_ms: f64, quorums: Expression<usize>) -> Self {
        let is_listed = !quorums.is_read_once() && quorums.nodes().len() <= LISTED_NODES_MAX;
        let listed = is_listed.then(|| quorums.minimal_quorums(LISTED_MAX).ok());
        let listed = listed.flatten().map(|listed| {
            let copied = listed.into_iter();
            copied
                .map(|quorum| quorum.into_iter().copied().collect())
                .collect()
        });
        Self {
            latency_ms,
            quorums,
            listed,
        }
    }

    /// A cheapest quorum and what its nodes cost.
    fn cheapest(&self, prices: &[f64]) -> Result<Option<(f64, Vec<usize>)>, ExpressionError> {
        let Some(listed) = &self.listed else {
            let price_of = |node: &usize| prices.get(*node).copied();
            let cheapest = self.quorums.cheapest(price_of).map_err(plain)?;
            return Ok(cheapest.map(|cheapest| {
                let nodes: Vec<usize> = self.quorums.nodes().copied().collect();
                let places = cheapest.places.iter();
                let nodes = places.filter_map(|place| nodes.get(*place).copied());
                (cheapest.price, nodes.collect())
            }));
        };
        let priced = listed.iter().map(|nodes| {
            let prices = nodes.iter().filter_map(|node| prices.get(*node));
            (prices.sum::<f64>(), nodes)
        });
        let cheapest = priced.reduce(|best, next| if next.0 < best.0 { next } else { best });
        Ok(cheapest.map(|(price, nodes)| (price, nodes.clone())))
    }
}

/// A quorum with what it costs.
#[derive(Clone, Debug)]
pub(super) struct Quorum {
    /// In order.
    pub(super) nodes: Vec<usize>,
    pub(super) latency_ms: f64,
    /// What was asked to be least.
    pub(super) price: f64,
}

impl Oracle {
    /// `None` when no quorum survives the failures.
    pub(super) fn new<N: Clone + Ord + core::fmt::Debug>(
        system: &QuorumSystem<N>,
        side: Side,
        latencies_ms: &[f64],
        failures: usize,
        is_by_latency: bool,
    ) -> Result<Option<Self>, ExpressionError> {
        let members: Vec<&N> = system.members().collect();
        let whole = system.expression(side)?;
        let whole = whole.map(|node| members.binary_search(&node).unwrap_or(usize::MAX));
        let Some(surviving) = whole.surviving(failures)? else {
            return Ok(None);
        };
        let mut latencies = latencies_ms.to_vec();
        latencies.sort_by(f64::total_cmp);
        latencies.dedup();
        let of = |node: usize| latencies_ms.get(node).copied().unwrap_or(f64::INFINITY);
        let haste = (0..latencies_ms.len()).map(|node| {
            latencies
                .iter()
                .filter(|latency| **latency >= of(node))
                .count()
        });
        let haste: Vec<usize> = haste.collect();
        let mut levels = Vec::new();
        for latency_ms in latencies.iter().copied().filter(|_| is_by_latency) {
            let Some(swift) = whole.restricted(|node| of(*node) <= latency_ms) else {
                continue;
            };
            let is_last = swift == whole;
            let quorums = if is_last {
                surviving.clone()
            } else if failures == 0 {
                swift
            } else {
                Expression::all([surviving.clone(), swift])?
            };
            levels.push(Level::new(latency_ms, quorums));
            if is_last {
                break;
            }
        }
        if levels.is_empty() {
            let latency_ms = latencies.last().copied().unwrap_or(0.0);
            let quorums = surviving;
            levels.push(Level::new(latency_ms, quorums));
        }
        Ok(Some(Self {
            whole,
            levels,
            haste,
            latencies,
        }))
    }

    /// The least of what the nodes cost and of what the time costs, together.
    pub(super) fn cheapest(
        &self,
        prices: &[f64],
        price_per_ms: f64,
    ) -> Result<Option<Quorum>, ExpressionError> {
        let mut best: Option<Quorum> = None;
        // With the most time, the nodes are cheapest.
        for level in self.levels.iter().rev() {
            let Some((price, nodes)) = level.cheapest(prices)? else {
                continue;
            };
            let latency_ms = level.latency_ms;
            let price = price + price_per_ms * latency_ms;
            if best.as_ref().is_none_or(|best| price < best.price) {
                best = Some(Quorum {
                    nodes,
                    latency_ms,
                    price,
                });
            }
            if price_per_ms == 0.0 {
                break;
            }
        }
        if let Some(best) = &mut best {
            best.latency_ms = self.latency_ms(&best.nodes);
        }
        Ok(best)
    }

    /// What a quorum costs at least, in exact prices. `None` when there is none, or a price does not fit.
    pub(super) fn least<P: Price>(
        &self,
        prices: &[P],
        time_price: impl Fn(f64) -> Option<P>,
    ) -> Option<P> {
        let mut least: Option<P> = None;
        for level in &self.levels {
            let price_of = |node: &usize| prices.get(*node).copied();
            let Some(cheapest) = level.quorums.cheapest(price_of).ok()? else {
                continue;
            };
            let price = cheapest.price.plus(time_price(level.latency_ms)?);
            if least.is_none_or(|least| price < least) {
                least = Some(price);
            }
        }
        least
    }

    /// When the nodes that answered are a quorum.
    pub(super) fn latency_ms(&self, nodes: &[usize]) -> f64 {
        let haste = self
            .whole
            .watermark(|node| match nodes.binary_search(node) {
                Ok(_) => self.haste.get(*node).copied().unwrap_or(0),
                Err(_) => 0,
            });
        let rank = self.latencies.len().saturating_sub(haste);
        self.latencies.get(rank).copied().unwrap_or(f64::INFINITY)
    }
}

/// Prices are checked before: only the expression can be wrong.
pub(super) fn plain(error: QuorumError<usize>) -> ExpressionError {
    match error {
        QuorumError::Expression(error) => error,
        _ => ExpressionError::Malformed,
    }
}
