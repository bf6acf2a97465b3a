//! What is answered: a strategy, what it costs, and the proof that none costs less.

use alloc::vec::Vec;

/// How often to contact which quorum.
///
/// Numbers are floating-point ones, or [`Fraction`](super::Fraction)s of an [`Exact`](super::Exact)
/// answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Strategy<N, V = f64> {
    /// Read quorums, each with its probability.
    pub reads: Vec<(Vec<N>, V)>,
    /// Write quorums, each with its probability.
    pub writes: Vec<(Vec<N>, V)>,
}

/// What a strategy costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Metrics<V = f64> {
    /// The load of the busiest node: the mean over the read fractions.
    pub load: V,
    /// Operations a second: the mean over the read fractions.
    pub capacity: V,
    /// Nodes that an operation contacts.
    pub network_load: V,
    /// How long an operation takes.
    pub latency_ms: V,
}

/// An optimal strategy with its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum<N> {
    /// The strategy.
    pub strategy: Strategy<N>,
    /// What it costs.
    pub metrics: Metrics,
    /// Why none costs less.
    pub certificate: Certificate<N>,
    /// How many steps of the simplex method it took; none when all nodes are alike.
    pub steps: usize,
}

/// Why no strategy does better: prices of the nodes under which every quorum is dear.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate<N> {
    /// What the strategy reaches.
    pub value: f64,
    /// What none can go below.
    pub bound: f64,
    /// For each read fraction, the price of each node.
    pub prices: Vec<Vec<(N, f64)>>,
    /// The price of each limit.
    pub limit_prices: LimitPrices,
}

/// What one more of a limit would take off the value: zero when there is no limit, or room below it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LimitPrices<V = f64> {
    /// Of the load.
    pub load: V,
    /// Of the network load.
    pub network_load: V,
    /// Of the latency.
    pub latency_ms: V,
}

impl<N> Certificate<N> {
    /// How far the strategy may be from the best one.
    #[must_use]
    pub fn gap(&self) -> f64 {
        // The bound can be a rounding above.
        (self.value - self.bound).max(0.0)
    }
}
