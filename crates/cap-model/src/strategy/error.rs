//! Why there is no strategy.

use alloc::vec::Vec;
use core::fmt::{self, Debug};

use quorum::{ExpressionError, Side};

/// Why a question about strategies has no answer.
///
/// ```
/// use cap_model::strategy::{Costs, Objective, Question, ReadFractions, optimize};
/// use quorum::QuorumSystem;
/// let system = QuorumSystem::majority(["a", "b", "c"]).unwrap();
/// let costs = Costs { read_capacity: -1.0, ..Costs::UNIT };
/// let question = Question::new(Objective::Load, ReadFractions::one(0.5).unwrap());
/// let error = optimize(&system, |_| costs, &question).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"the read capacity -1 of "a" is not between 1e-12 and 1e12"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError<N: Debug> {
    /// A capacity that is zero, negative, infinite, not a number, or beyond the limits.
    #[error("the {side} capacity {capacity} of {node:?} is not between 1e-12 and 1e12")]
    NotACapacity {
        /// The node.
        node: N,
        /// Of which operation.
        side: Side,
        /// What was given.
        capacity: f64,
    },
    /// A latency that is negative, infinite, not a number, or beyond the limit.
    #[error("the latency {latency_ms} ms of {node:?} is not between 0 and 1e12")]
    NotALatency {
        /// The node.
        node: N,
        /// What was given.
        latency_ms: f64,
    },
    /// A limit that is negative, infinite, or not a number.
    #[error("the limit {value} of the {limit} is not a finite number of zero or more")]
    NotALimit {
        /// Of what.
        limit: Limit,
        /// What was given.
        value: f64,
    },
    /// Not even all nodes are a quorum after so many failures.
    #[error("no {side} quorum survives {failures} failures")]
    NotResilient {
        /// Which kind of quorum.
        side: Side,
        /// How many failures.
        failures: usize,
    },
    /// No strategy keeps the limits.
    #[error("no strategy keeps the limits: {}", Shortfalls(.shortfalls))]
    Infeasible {
        /// Each limit, and what it would have to be if the others stay.
        shortfalls: Vec<Shortfall>,
    },
    /// Neither a strategy within the limits was found, nor a proof that there is none.
    #[error("whether a strategy keeps the limits was not settled within {steps} steps")]
    Unsettled {
        /// How many steps were made.
        steps: usize,
    },
    /// The program has too many rows: nodes times read fractions.
    #[error("{nodes} nodes and {fractions} read fractions are too many together")]
    TooLarge {
        /// How many nodes.
        nodes: usize,
        /// How many read fractions.
        fractions: usize,
    },
    /// The quorums cannot be asked about.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

/// What can be limited.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Limit {
    /// The load: `load_max`.
    Load,
    /// The network load: `network_load_max`.
    NetworkLoad,
    /// The latency: `latency_ms_max`.
    Latency,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::NetworkLoad => "network load",
            Self::Latency => "latency",
        })
    }
}

/// A limit that is too tight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shortfall {
    /// Which limit.
    pub limit: Limit,
    /// What it is.
    pub max: f64,
    /// The least value that some strategy within the other limits has. `None` when there is no such
    /// strategy: the others exclude one another.
    pub least: Option<f64>,
}

struct Shortfalls<'a>(&'a [Shortfall]);

impl fmt::Display for Shortfalls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Shortfall { limit, max, least }) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "; " })?;
            write!(f, "the {limit} may be at most {max}, and ")?;
            match least {
                Some(least) if self.0.len() == 1 => write!(f, "is at least {least}")?,
                Some(least) => write!(f, "is at least {least} within the other limits")?,
                None => f.write_str("the other limits exclude one another")?,
            }
        }
        Ok(())
    }
}

/// What is wrong with a strategy or with its proof.
///
/// ```
/// use cap_model::strategy::{Costs, Flaw, ReadFractions, Strategy};
/// use quorum::{QuorumSystem, Side};
/// let system = QuorumSystem::majority(["a", "b", "c"]).unwrap();
/// let strategy = Strategy {
///     reads: vec![(vec!["a"], 1.0)],
///     writes: vec![(vec!["b", "c"], 1.0)],
/// };
/// let half = ReadFractions::one(0.5).unwrap();
/// let flaw = strategy.metrics(&system, |_| Costs::UNIT, &half).unwrap_err();
/// assert_eq!(flaw.to_string(), r#"["a"] is no read quorum"#);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw<N: Debug> {
    /// A capacity or a latency that is none.
    #[error("the costs of {node:?} are no numbers within the limits")]
    NotACost {
        /// Of which node.
        node: N,
    },
    /// A read fraction below zero, above one, or not a number.
    #[error("the read fraction {fraction} is not between 0 and 1")]
    NotAReadFraction {
        /// What was given.
        fraction: f64,
    },
    /// A probability below zero, above one, or not a number.
    #[error("the probability {probability} of a {side} quorum is not between 0 and 1")]
    NotAProbability {
        /// Of which kind of quorum.
        side: Side,
        /// What is said.
        probability: f64,
    },
    /// Probabilities that do not add up to one.
    #[error("the probabilities of the {side} quorums add up to {sum}, not to 1")]
    NotADistribution {
        /// Of which kind of quorum.
        side: Side,
        /// Their sum.
        sum: f64,
    },
    /// A node is contacted twice.
    #[error("{node:?} is twice in a {side} quorum")]
    Repeated {
        /// In which kind of quorum.
        side: Side,
        /// The node.
        node: N,
    },
    /// A node is contacted that the system does not have.
    #[error("{node:?} of a {side} quorum is no member")]
    NotAMember {
        /// In which kind of quorum.
        side: Side,
        /// The node.
        node: N,
    },
    /// The nodes are not enough.
    #[error("{nodes:?} is no {side} quorum")]
    NotAQuorum {
        /// Which kind of quorum it should be.
        side: Side,
        /// The nodes.
        nodes: Vec<N>,
    },
    /// The nodes are not enough after the failures.
    #[error("{nodes:?} is no {side} quorum after any {failures} failures")]
    NotResilient {
        /// Which kind of quorum it should be.
        side: Side,
        /// The nodes.
        nodes: Vec<N>,
        /// How many may fail.
        failures: usize,
    },
    /// A limit is not kept.
    #[error("the {limit} is {value}, and may be at most {max}")]
    Exceeded {
        /// Which.
        limit: Limit,
        /// What it is.
        value: f64,
        /// What it may be.
        max: f64,
    },
    /// A metric is not what the strategy costs.
    #[error("the strategy is said to cost {claimed}, and costs {found}")]
    NotTheMetric {
        /// What is said.
        claimed: f64,
        /// What it is.
        found: f64,
    },
    /// The value is not what the strategy reaches.
    #[error("the strategy is said to reach {claimed}, and reaches {value}")]
    NotTheValue {
        /// What is said.
        claimed: f64,
        /// What it is.
        value: f64,
    },
    /// The prices prove less than is said.
    #[error("the bound is said to be {claimed}, and the prices prove {bound}")]
    NotTheBound {
        /// What is said.
        claimed: f64,
        /// What is proved.
        bound: f64,
    },
    /// The prices prove more than is true: the question and the system do not belong together.
    #[error("the prices prove {bound}, and the strategy reaches {value}")]
    BoundAboveValue {
        /// What is proved.
        bound: f64,
        /// What the strategy reaches.
        value: f64,
    },
    /// There are prices for another number of read fractions.
    #[error("there are prices for {fractions} read fractions")]
    NotTheFractions {
        /// How many.
        fractions: usize,
    },
    /// The prices are not those of the members, in order.
    #[error("the prices are not those of the members")]
    NotTheMembers,
    /// A price below zero, infinite, or not a number.
    #[error("the price {price} of {node:?} is not a finite number of zero or more")]
    NotAPrice {
        /// Of which node.
        node: N,
        /// What is said.
        price: f64,
    },
    /// The price of a limit that does not exist, or a price below zero, infinite, or not a number.
    #[error("{price} is no price of a limit of the {limit}")]
    NotALimitPrice {
        /// Of which limit.
        limit: Limit,
        /// What is said.
        price: f64,
    },
    /// The prices of a read fraction are more together than its load counts.
    #[error("the prices at the read fraction {fraction} add up to {sum}, and may to {most}")]
    TooDear {
        /// At which.
        fraction: f64,
        /// Their sum.
        sum: f64,
        /// What it may be.
        most: f64,
    },
    /// No quorum survives the failures.
    #[error("no {side} quorum survives the failures")]
    NoQuorum {
        /// Which kind of quorum.
        side: Side,
    },
    /// The quorums cannot be asked about.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}
