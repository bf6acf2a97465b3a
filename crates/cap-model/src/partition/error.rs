//! Why there is no matrix.

use alloc::vec::Vec;

use transport::NodeId;

use crate::CapError;

/// Why a candidate or a shape is refused.
///
/// ```
/// use cap_model::partition::{PartitionError, Protocol};
/// let error = Protocol::partial(3, 0, 2).unwrap_err();
/// assert_eq!(error, PartitionError::OutOfReach { needed: 0, replicas: 3 });
/// assert_eq!(error.to_string(), "0 of 3 replicas cannot be waited for");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The shape cannot be.
    #[error(transparent)]
    Shape(#[from] CapError),
    /// The candidate has no replica.
    #[error("a candidate has at least one replica")]
    NoReplicas,
    /// A replica is not a node of the shape.
    #[error("replica {node} is not one of the {nodes} nodes of the shape")]
    UnknownReplica {
        /// The replica.
        node: NodeId,
        /// How many nodes the shape has.
        nodes: u32,
    },
    /// A replica stands twice in the chain.
    #[error("replica {node} stands twice in the chain")]
    Repeated {
        /// The replica.
        node: NodeId,
    },
    /// So many answers can never come, or none are waited for.
    #[error("{needed} of {replicas} replicas cannot be waited for")]
    OutOfReach {
        /// How many are waited for.
        needed: u32,
        /// How many there are.
        replicas: u32,
    },
    /// The leader has no vote.
    #[error("leader {node} is not a member of the quorum system")]
    LeaderWithoutVote {
        /// The leader.
        node: NodeId,
    },
    /// Two read quorums do not meet: each could elect a leader in the same term.
    #[error("the read quorums {first:?} and {second:?} do not meet: both could elect in one term")]
    TwoLeaders {
        /// One of them.
        first: Vec<NodeId>,
        /// The other.
        second: Vec<NodeId>,
    },
    /// Elections are split so often that a percentile lies beyond the rounds that are followed.
    #[error(
        "{split} of all elections elect nobody: by when {probability} of the leader changes are over \
         is not known; draw the election timeout from a wider range"
    )]
    SplitVotes {
        /// How likely an election is split.
        split: f64,
        /// Which share was asked for.
        probability: f64,
    },
    /// A duration or a rate that cannot be.
    #[error("{field} is {value}; {expected}")]
    BadNumber {
        /// Which.
        field: &'static str,
        /// What was given.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
}
