//! What is searched for, what is found, and why a search is refused.

use alloc::vec::Vec;
use core::fmt::Debug;

use quorum::{ExpressionError, QuorumError, QuorumSystem};

use crate::strategy::{Costs, Objective, Optimum, Question};

/// The most nodes a search is over.
pub const SEARCH_NODES_MAX: usize = super::sets::NODES_MAX;

/// How likely nodes fail, in the order in which the nodes are given.
///
/// ```
/// use cap_model::search::Unreliability;
/// // Three nodes in two zones.
/// let unreliability = Unreliability {
///     node_failures: vec![0.01; 3],
///     zones: vec![Some(0), Some(0), Some(1)],
///     zone_failures: vec![0.001, 0.001],
/// };
/// assert_eq!(unreliability.node_failures.len(), unreliability.zones.len());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unreliability {
    /// For each node, how likely it is down while its zone is up.
    pub node_failures: Vec<f64>,
    /// For each node, its zone as a place in `zone_failures`; empty when there are no zones.
    pub zones: Vec<Option<usize>>,
    /// For each zone, how likely it is down as a whole.
    pub zone_failures: Vec<f64>,
}

/// What is searched for.
///
/// ```
/// use cap_model::search::SearchQuestion;
/// use cap_model::strategy::{Question, ReadFractions};
/// # fn question() -> Question {
/// #     Question {
/// #         objective: Default::default(),
/// #         limits: Default::default(),
/// #         read_fractions: ReadFractions::one(0.9).unwrap(),
/// #         failures: 0,
/// #     }
/// # }
/// let search = SearchQuestion { resilience_min: 1, ..SearchQuestion::new(question()) };
/// assert!(search.is_front_wanted);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuestion {
    /// What is asked of every system: what to make least, within which limits, for which mix of reads and
    /// writes, tolerating how many failures.
    pub question: Question,
    /// So many nodes may fail, whichever they are, with a read and a write quorum left.
    pub resilience_min: usize,
    /// With it, systems are also compared by how likely an operation finds no quorum.
    pub unreliability: Option<Unreliability>,
    /// The least share of operations that find a quorum, as its complement; needs `unreliability`.
    pub unavailability_max: Option<f64>,
    /// How deep gates may stand in gates: 1 allows only thresholds over nodes. At least 1.
    pub depth_max: usize,
    /// Whether to look for the whole front, or only for the best system: that is quicker.
    pub is_front_wanted: bool,
}

impl SearchQuestion {
    /// Every system, of any depth, with the whole front.
    #[must_use]
    pub const fn new(question: Question) -> Self {
        Self {
            question,
            resilience_min: 0,
            unreliability: None,
            unavailability_max: None,
            depth_max: SEARCH_NODES_MAX,
            is_front_wanted: true,
        }
    }
}

/// A system that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<N> {
    /// The system: reads are an expression in which each node stands once, writes its dual.
    pub system: QuorumSystem<N>,
    /// Its best strategy for the objective; of those, the best in the next of load, latency and network
    /// load, and of those in the last.
    pub optimum: Optimum<N>,
    /// So many nodes may fail, whichever they are, with a read and a write quorum left.
    pub resilience: usize,
    /// How likely an operation finds no quorum up, over reads and writes.
    pub unavailability: Option<f64>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchOutcome<N> {
    /// The systems that no other one beats in load, latency, network load, resilience and unavailability
    /// together, the best for the objective first; only that one if no front was wanted. Of systems with the
    /// same figures there is one. Empty: no system is within the limits.
    pub front: Vec<Found<N>>,
    /// How many systems were looked at.
    pub looked_at: u64,
    /// For how many of them the best strategy was computed; the others could not be better.
    pub solved: u64,
    /// Whether these were all. Otherwise the front is that of the systems looked at.
    pub is_complete: bool,
}

impl<N> SearchOutcome<N> {
    /// The best system for the objective; of equally good ones the best in the next of load, latency and
    /// network load, and so on, then in resilience and in unavailability.
    #[must_use]
    pub fn best(&self) -> Option<&Found<N>> {
        self.front.first()
    }
}

/// Why there is no search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError<N: Debug> {
    /// No node was given.
    #[error("a search needs at least one node")]
    NoNodes,
    /// More nodes than a search can hold.
    #[error("{nodes} nodes; a search takes at most {SEARCH_NODES_MAX}")]
    TooManyNodes {
        /// How many were given.
        nodes: usize,
    },
    /// A node was given twice.
    #[error("{node:?} stands twice among the nodes")]
    Repeated {
        /// The node.
        node: N,
    },
    /// A capacity that is not between 1e-12 and 1e12, or a latency that is not between 0 and 1e12.
    #[error(
        "{node:?} has {what} of {value}: capacities are from 1e-12 to 1e12, latencies from 0 to 1e12"
    )]
    NotACost {
        /// The node.
        node: N,
        /// Which cost.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// A limit that is none.
    #[error("{what} of {value} is no limit")]
    NotALimit {
        /// Which one.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// Read fractions without a weight.
    #[error("the read fractions have no weight")]
    NoReadFractions,
    /// Gates of no depth are no gates.
    #[error("a depth of 0 allows no gate")]
    NoDepth,
    /// As many probabilities of failure as nodes are needed, and as many zones or none.
    #[error("{given} {what} for {nodes} nodes")]
    NotOneEach {
        /// Of what.
        what: &'static str,
        /// How many.
        given: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// A probability below 0, above 1 or not a number.
    #[error("{value} is no probability of failure")]
    NotAProbability {
        /// What was given.
        value: f64,
    },
    /// A zone without a probability of failure.
    #[error("zone {zone} has no probability of failure")]
    NotAZone {
        /// Its place.
        zone: usize,
    },
    /// So many nodes that differ, with gates so deep, have too many parts to keep: lower `depth_max`.
    #[error("more than {most} parts of systems; a lower depth has fewer")]
    TooManyShapes {
        /// How many are kept at most.
        most: usize,
    },
    /// A system could not be built.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// A system could not be built.
    #[error("{0}")]
    System(QuorumError<N>),
}

/// The names of what systems are compared by, the objective first.
pub(super) const fn order(objective: Objective) -> [usize; 3] {
    match objective {
        Objective::Load => [0, 1, 2],
        Objective::Latency => [1, 0, 2],
        Objective::Network => [2, 0, 1],
    }
}

/// Refuses what cannot be searched.
pub(super) fn check<N: Clone + Debug + Ord>(
    nodes: &[N],
    costs: &[Costs],
    question: &SearchQuestion,
) -> Result<(), SearchError<N>> {
    if nodes.is_empty() {
        return Err(SearchError::NoNodes);
    }
    if nodes.len() > SEARCH_NODES_MAX {
        let nodes = nodes.len();
        return Err(SearchError::TooManyNodes { nodes });
    }
    let mut sorted: Vec<&N> = nodes.iter().collect();
    sorted.sort();
    for (one, next) in sorted.iter().zip(sorted.iter().skip(1)) {
        if one == next {
            let node = N::clone(one);
            return Err(SearchError::Repeated { node });
        }
    }
    for (node, costs) in nodes.iter().zip(costs) {
        let capacities = [
            ("a read capacity", costs.read_capacity),
            ("a write capacity", costs.write_capacity),
        ];
        let bad = capacities
            .into_iter()
            .find(|(_, value)| !(1e-12..=1e12).contains(value));
        let latency = ("a latency", costs.latency_ms);
        let is_latency = (0.0..=1e12).contains(&latency.1);
        if let Some((what, value)) = bad.or_else(|| (!is_latency).then_some(latency)) {
            let node = node.clone();
            return Err(SearchError::NotACost { node, what, value });
        }
    }
    let limits = question.question.limits;
    let limits = [
        ("a load", limits.load_max),
        ("a latency", limits.latency_ms_max),
        ("a network load", limits.network_load_max),
        ("an unavailability", question.unavailability_max),
    ];
    for (what, limit) in limits {
        if let Some(value) = limit.filter(|limit| !(limit.is_finite() && *limit >= 0.0)) {
            return Err(SearchError::NotALimit { what, value });
        }
    }
    if question.depth_max == 0 {
        return Err(SearchError::NoDepth);
    }
    if !question
        .question
        .read_fractions
        .parts()
        .iter()
        .any(|(_, weight)| *weight > 0.0)
    {
        return Err(SearchError::NoReadFractions);
    }
    check_failures(nodes.len(), question)
}

fn check_failures<N: Debug>(nodes: usize, question: &SearchQuestion) -> Result<(), SearchError<N>> {
    let Some(unreliability) = &question.unreliability else {
        return Ok(());
    };
    let given = unreliability.node_failures.len();
    if given != nodes {
        let what = "probabilities of failure";
        return Err(SearchError::NotOneEach { what, given, nodes });
    }
    let given = unreliability.zones.len();
    if given != nodes && given != 0 {
        let what = "zones";
        return Err(SearchError::NotOneEach { what, given, nodes });
    }
    let probabilities = unreliability
        .node_failures
        .iter()
        .chain(&unreliability.zone_failures);
    if let Some(value) = probabilities
        .copied()
        .find(|value| !(0.0..=1.0).contains(value))
    {
        return Err(SearchError::NotAProbability { value });
    }
    let mut zones = unreliability.zones.iter().flatten();
    match zones.find(|zone| **zone >= unreliability.zone_failures.len()) {
        Some(zone) => Err(SearchError::NotAZone { zone: *zone }),
        None => Ok(()),
    }
}
