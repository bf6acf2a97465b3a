//! What the simulator refuses, and why.

use transport::NodeId;

/// Why a simulation could not be set up or trusted.
///
/// A process that breaks its rules is not an error: it is a [`Violation`](crate::Violation).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// A cluster has at least one node.
    #[error("a cluster needs at least one node")]
    NoNodes,
    /// A cluster has at most [`Settings::NODES_MAX`](crate::Settings::NODES_MAX) nodes.
    #[error("a cluster of {nodes} nodes is too large")]
    TooManyNodes {
        /// Nodes asked for.
        nodes: u32,
    },
    /// A chaos phase lasts at most [`Settings::CHAOS_MAX_NS`](crate::Settings::CHAOS_MAX_NS).
    #[error("a chaos phase of {chaos_ns} ns is too long")]
    ChaosTooLong {
        /// What was asked for, in nanoseconds.
        chaos_ns: u64,
    },
    /// Each node has its own configuration.
    #[error("{nodes} nodes need as many configurations, not {configs}")]
    ConfigCount {
        /// Nodes asked for.
        nodes: u32,
        /// Configurations given.
        configs: usize,
    },
    /// A node could not be made, although its log is empty.
    #[error("node {node} refuses its configuration: {reason}")]
    ConfigRefused {
        /// The node.
        node: NodeId,
        /// What it said.
        reason: String,
    },
    /// A delay distribution that cannot be drawn from.
    #[error("a delay {reason}")]
    BadDelay {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A fault plan that cannot be carried out.
    #[error("the fault plan's {field} {reason}")]
    BadPlan {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A fault that does not exist.
    #[error("no fault is called {name:?}; there are: {valid}")]
    UnknownFault {
        /// What was asked for.
        name: String,
        /// Every name there is, separated by commas.
        valid: String,
    },
    /// A text that is not a sequence of choices.
    #[error("the choices are malformed at character {offset}")]
    MalformedChoices {
        /// The first character of the entry that cannot be read.
        offset: usize,
    },
    /// The same run gave two different streams of events.
    #[error("the run is not deterministic: its hash was {first:016x}, then {second:016x}")]
    Nondeterministic {
        /// The hash of the first run.
        first: u64,
        /// The hash of the second.
        second: u64,
    },
}
