//! Why there is no verdict: a shape that cannot be, or a run that ended without one.

use alloc::string::String;
use alloc::vec::Vec;

use consistency::UnknownReason;
use transport::{NodeId, RequestId};

use crate::Side;

/// Why a shape cannot be built, or a run has no verdict. Never success.
///
/// ```
/// use cap_model::{CapError, Side};
/// let error = Side::all(65).unwrap_err();
/// assert_eq!(error, CapError::TooManyNodes { nodes: 65 });
/// assert_eq!(error.to_string(), "65 nodes; there can be at most 64");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CapError {
    /// A cluster without nodes.
    #[error("a cluster has at least one node")]
    NoNodes,
    /// More nodes than a side can hold.
    #[error("{nodes} nodes; there can be at most 64")]
    TooManyNodes {
        /// How many were asked for.
        nodes: u32,
    },
    /// A node that the cluster does not have.
    #[error("{node} is not one of the {nodes} nodes")]
    UnknownNode {
        /// The node.
        node: NodeId,
        /// How many there are: they are numbered from zero.
        nodes: u32,
    },
    /// A side that is no side: it is empty, or it is everything.
    #[error("{side} is not one of two sides of {nodes} nodes")]
    NotASide {
        /// What was given.
        side: Side,
        /// How many nodes there are.
        nodes: u32,
    },
    /// So many nodes have more link states than anybody can visit.
    #[error("the link states of {nodes} nodes cannot be enumerated; at most 5 can")]
    TooManyLinks {
        /// How many were asked for.
        nodes: u32,
    },
    /// The run took more steps than allowed: a flood, or a timer that never lets time pass.
    #[error("no end after {events_max} events")]
    EventsExhausted {
        /// The limit.
        events_max: u64,
    },
    /// More messages were in flight than allowed.
    #[error("more than {in_flight_max} messages in flight")]
    Flooded {
        /// The limit.
        in_flight_max: usize,
    },
    /// The connected cluster did not become steady in time.
    #[error("not steady after {waited_ns} ns connected: {detail}")]
    NotSteady {
        /// How long it was watched.
        waited_ns: u64,
        /// What was missing.
        detail: String,
    },
    /// A request got a second final answer, which the contract forbids.
    #[error("{node} answered {request} twice")]
    AnsweredTwice {
        /// Who answered.
        node: NodeId,
        /// The request.
        request: RequestId,
    },
    /// A node answered a request that it was not asked.
    #[error("{node} answered {request}, which it was not asked")]
    AnsweredUnasked {
        /// Who answered.
        node: NodeId,
        /// The request.
        request: RequestId,
    },
    /// A node did something else in the spliced run than alone, though it received the same: it is
    /// not deterministic, or has a channel that is not the network.
    #[error("{node} did not repeat its run: step {step} differs")]
    NotRepeated {
        /// The node.
        node: NodeId,
        /// The first step that differs, counted from the cut.
        step: usize,
    },
    /// The zones of an injection are not those of the cluster.
    #[error("{zones} zones are told of {nodes} nodes: one is needed for each")]
    ZonesMismatch {
        /// How many were given.
        zones: usize,
        /// How many nodes there are.
        nodes: u32,
    },
    /// A slope needs two delays at least, each greater than the one before.
    #[error(
        "{steps:?} ns are no delays to inject: 2 to 16, ascending, each at most a minute, and the greatest \
         at most a quarter of the horizon"
    )]
    NoSlope {
        /// What was given.
        steps: Vec<u64>,
    },
    /// The checker gave no verdict on the history.
    #[error("the history was not judged: {reason}")]
    Unjudged {
        /// Why.
        reason: UnknownReason,
    },
}
