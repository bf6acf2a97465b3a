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
