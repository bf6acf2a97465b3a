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
        /// A read quorum, in the order of its members. The message shows the first few of each.
        read: Vec<N>,
        /// A write quorum: all the others.
        write: Vec<N>,
    },
}

/// So many members of a side are shown: it may have a thousand.
const SHOWN_MAX: usize = 5;

/// Shows `{a, b}`, and of a large set `{a, b, c, d, e, … and 2 more}`.
struct Set<'a, N>(&'a [N]);

impl<N: Debug> fmt::Display for Set<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        set.entries(self.0.iter().take(SHOWN_MAX));
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => {}
            more => {
                set.entry(&format_args!("… and {more} more"));
            }
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::SHOWN_MAX;
    use crate::{MEMBERS_MAX, QuorumError, QuorumSystem};

    #[test]
    fn two_sides_of_a_thousand_members_make_a_message_of_one_line() {
        let half = MEMBERS_MAX / 2;
        let error = QuorumSystem::flexible(0..MEMBERS_MAX, half, half).expect_err("two halves");
        let QuorumError::Disjoint { read, write } = &error else {
            panic!("not disjoint: {error}");
        };
        assert_eq!((read.len(), write.len()), (half, half));
        assert_eq!(
            error.to_string(),
            "the read quorum {0, 1, 2, 3, 4, … and 507 more} and the write quorum \
             {512, 513, 514, 515, 516, … and 507 more} have no member in common"
        );
    }

    #[test]
    fn a_side_that_can_be_shown_whole_is() {
        let size = SHOWN_MAX;
        let error = QuorumSystem::flexible(0..2 * size, size, size).expect_err("two halves");
        assert!(!error.to_string().contains('…'), "{error}");
        let error = QuorumSystem::flexible(0..2 * size + 1, size + 1, size).expect_err("disjoint");
        assert!(
            error.to_string().contains("{0, 1, 2, 3, 4, … and 1 more}"),
            "{error}"
        );
        assert!(error.to_string().contains("{6, 7, 8, 9, 10}"), "{error}");
    }
}
