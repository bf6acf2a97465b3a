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

mod answer;
pub use answer::{Certificate, Metrics, Optimum, Strategy};

mod question;
pub use question::{Costs, Limits, Objective, Question, ReadFractions};
