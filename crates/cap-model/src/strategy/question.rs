//! What is asked: the costs of nodes, the mix of operations, what to make least and within which limits.

use alloc::vec::Vec;

/// What one node costs.
///
/// ```
/// use cap_model::strategy::Costs;
/// // 4,000 reads or 2,000 writes a second, and an answer after 3 ms.
/// let costs = Costs { read_capacity: 4_000.0, write_capacity: 2_000.0, latency_ms: 3.0 };
/// assert_eq!(Costs::UNIT.read_capacity, 1.0);
/// assert!(costs.read_capacity > Costs::UNIT.read_capacity);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// How many reads a second it can take; above zero.
    pub read_capacity: f64,
    /// How many writes a second it can take; above zero.
    pub write_capacity: f64,
    /// After how long it answers; zero or more.
    pub latency_ms: f64,
}

impl Costs {
    /// One operation a second, whose answer takes no time: loads are then the pure numbers of the
    /// literature.
    pub const UNIT: Self = Self {
        read_capacity: 1.0,
        write_capacity: 1.0,
        latency_ms: 0.0,
    };
}

/// How many of the operations are reads: one share, or a distribution over shares.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadFractions {
    /// Each share with its weight; the weights add up to one.
    parts: Vec<(f64, f64)>,
}

impl ReadFractions {
    /// The shares and their weights, which add up to one.
    #[must_use]
    pub fn parts(&self) -> &[(f64, f64)] {
        &self.parts
    }
}

/// What a strategy makes as small as it can.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Objective {
    /// The load of the busiest node.
    #[default]
    Load,
    /// How many nodes an operation contacts.
    Network,
    /// How long an operation takes.
    Latency,
}

/// What a strategy must not exceed; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The greatest load.
    pub load_max: Option<f64>,
    /// The greatest mean latency.
    pub latency_ms_max: Option<f64>,
    /// The greatest network load.
    pub network_load_max: Option<f64>,
}

/// What is asked of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What to make as small as can be.
    pub objective: Objective,
    /// Within which limits.
    pub limits: Limits,
    /// How many operations are reads.
    pub read_fractions: ReadFractions,
    /// How many of the contacted nodes may fail without asking another one.
    pub failures: usize,
}
