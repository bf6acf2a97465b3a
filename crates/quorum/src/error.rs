//! Why nodes and sizes are not a quorum system.

use alloc::vec::Vec;
use core::fmt::{self, Debug};

use crate::Side;

/// Why a quorum system cannot be built.
///
/// ```
/// use quorum::{QuorumError, QuorumSystem};
/// let error = QuorumSystem::flexible(["a", "b", "c", "d"], 2, 2).unwrap_err();
/// assert_eq!(error, QuorumError::Disjoint { read: vec!["a", "b"], write: vec!["c", "d"] });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError<N: Debug> {
    /// There are no members.
    #[error("a quorum system needs at least one member")]
    NoMembers,
    /// A member is named twice.
    #[error("member {node:?} is named twice")]
    Repeated {
        /// The member.
        node: N,
    },
    /// A member has no weight: nothing would depend on it.
    #[error("member {node:?} has no weight")]
    NoWeight {
        /// The member.
        node: N,
    },
    /// There are more members than [`MEMBERS_MAX`](crate::MEMBERS_MAX), or they are heavier together
    /// than [`WEIGHT_MAX`](crate::WEIGHT_MAX).
    #[error("{count} members that weigh {weight} together are too many")]
    TooMany {
        /// How many members were named.
        count: usize,
        /// What they weigh together, as far as it was counted.
        weight: u64,
    },
    /// No set of members, or the empty one, would be a quorum.
    #[error("a {side} quorum of {weight} is not between 1 and all {total}")]
    OutOfReach {
        /// Which of the two.
        side: Side,
        /// The weight asked for.
        weight: u64,
        /// What all members weigh together.
        total: u64,
    },
    /// A read quorum and a write quorum do not meet: a read could miss a write.
    #[error("the read quorum {} and the write quorum {} have no member in common", Set(.read), Set(.write))]
    Disjoint {
        /// A read quorum.
        read: Vec<N>,
        /// A write quorum without any of its members.
        write: Vec<N>,
    },
}

/// Shows `{a, b}`.
struct Set<'a, N>(&'a [N]);

impl<N: Debug> fmt::Display for Set<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0).finish()
    }
}
