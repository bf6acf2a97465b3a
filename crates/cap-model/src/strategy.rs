//! Strategies: which quorum to contact how often, and what that costs.
//!
//! A quorum system says which sets of nodes are enough. A *strategy* is a distribution over its read
//! quorums and one over its write quorums. The costs of a strategy, after Naor and Wool (1998) and
//! Whittaker and others (2021):
//!
//! - **load** at a read fraction `f`: the greatest, over the nodes, of
//!   `f · P(a read contacts it) / read capacity + (1 - f) · P(a write contacts it) / write capacity`:
//!   seconds of the busiest node for each operation, if capacities are operations per second. Over
//!   several read fractions: the mean.
//! - **capacity**: the mean of `1 / load`: operations per second.
//! - **network load**: the mean number of nodes that an operation contacts.
//! - **latency**: the mean time until the nodes that answered are a quorum, each node answering after
//!   its own latency.
//!
//! # Method
//!
//! 1. The least load (network load, latency) within limits is a linear program with one column for each
//!    quorum: too many to write down. So columns are made when they are needed: the simplex method
//!    over the columns so far has a price for each node, and the cheapest quorum under these prices is the
//!    one that would improve the strategy most. If none would, no other quorum of the system does.
//! 2. The same prices are the proof: any strategy costs at least what its quorums cost under them
//!    (weak duality). This bound is computed anew for each answer, and its distance from the value of the
//!    strategy is the gap of the [`Certificate`].
//! 3. A quorum's latency depends on its slowest needed node, which has no price of its own. So the
//!    cheapest quorum is asked for each latency: among the nodes that are no slower, and with failures
//!    to survive, among the quorums of which those alone are a quorum too.

mod answer;
pub use answer::{Certificate, LimitPrices, Metrics, Optimum, Strategy};

mod equations;

mod error;
pub use error::{Flaw, Limit, Shortfall, StrategyError};

mod evaluate;
pub use evaluate::naor_wool_bound;

mod exact;
pub use exact::Exact;

mod fraction;
pub use fraction::Fraction;

mod greedy;

mod metric;

mod model;

mod oracle;

mod program;
pub use program::{Program, optimize};

mod question;
pub use question::{Costs, Limits, Objective, Question, ReadFractionError, ReadFractions};

mod restricted;

mod simplex;

mod verify;
pub use verify::Verified;
