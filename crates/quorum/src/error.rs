//! Why nodes and sizes are not a quorum system.

use alloc::vec::Vec;
use core::fmt::{self, Debug};

use crate::{MEMBERS_MAX, Side, WEIGHT_MAX};

/// Why a quorum system cannot be built.
///
/// ```
/// use quorum::{QuorumError, QuorumSystem};
/// let error = QuorumSystem::flexible(["a", "b", "c", "d"], 2, 2).unwrap_err();
/// assert_eq!(error, QuorumError::Disjoint { read: vec!["a", "b"], write: vec!["c", "d"] });
/// assert_eq!(
///     error.to_string(),
///     r#"the read quorum {"a", "b"} and the write quorum {"c", "d"} have no member in common"#
/// );
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
    /// There are more members than [`MEMBERS_MAX`].
    #[error("there are at least {count} members, and a quorum system has at most {MEMBERS_MAX}")]
    TooManyMembers {
        /// How many there are, as far as it was counted: the first number that is too great.
        count: usize,
    },
    /// The members weigh more together than [`WEIGHT_MAX`].
    #[error("the members weigh at least {weight} together, and may weigh at most {WEIGHT_MAX}")]
    TooHeavy {
        /// What they weigh, as far as it was added up.
        weight: u64,
    },
    /// A threshold that the empty set would reach, or not even all members.
    #[error(
        "a {side} quorum must weigh between 1 and {total}, the weight of all, and not {weight}"
    )]
    OutOfReach {
        /// Which of the two.
        side: Side,
        /// The weight asked for.
        weight: u64,
        /// What all members weigh together.
        total: u64,
    },
    /// A read quorum and a write quorum do not meet: a read could miss a write.
    #[error(
        "the read quorum {} and the write quorum {} have no member in common",
        Set(.read),
        Set(.write)
    )]
    Disjoint {
        /// A read quorum, in the order of its members.
        read: Vec<N>,
        /// A write quorum: all the others.
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
