//! What is answered: a strategy, what it costs, and the proof that none costs less.

use alloc::vec::Vec;

/// How often to contact which quorum.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy<N> {
    /// Read quorums, each with its probability.
    pub reads: Vec<(Vec<N>, f64)>,
    /// Write quorums, each with its probability.
    pub writes: Vec<(Vec<N>, f64)>,
}

/// What a strategy costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// The load of the busiest node.
    pub load: f64,
    /// Operations a second.
    pub capacity: f64,
    /// Nodes that an operation contacts.
    pub network_load: f64,
    /// How long an operation takes.
    pub latency_ms: f64,
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitPrices {
    /// Of the load.
    pub load: f64,
    /// Of the network load.
    pub network_load: f64,
    /// Of the latency.
    pub latency_ms: f64,
}

impl<N> Certificate<N> {
    /// How far the strategy may be from the best one.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.value - self.bound
    }
}
