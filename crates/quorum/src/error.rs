//! Why nodes and sizes are not a quorum system.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

use crate::{
    EXPRESSION_DEPTH_MAX, EXPRESSION_SIZE_MAX, Expected, MEMBERS_MAX, Position, Side, WEIGHT_MAX,
    ZONES_MAX,
};

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
    /// Something is wrong with an expression, or with the nodes of a construction.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// The probability with which a node fails is below zero, above one, or not a number.
    #[error("the probability of failure of {node:?} is not between 0 and 1")]
    NotAProbability {
        /// The node.
        node: N,
    },
    /// The probability with which a zone fails is below zero, above one, not a number, or missing.
    #[error("the probability of failure of zone {zone} is not between 0 and 1")]
    NotAZone {
        /// The zone's place in the list of zones.
        zone: usize,
    },
    /// There are more zones that may fail or not than [`ZONES_MAX`](crate::ZONES_MAX).
    #[error("there are {count} zones that may fail, and at most {ZONES_MAX} can be looked at")]
    TooManyZones {
        /// How many.
        count: usize,
    },
    /// The price of a node is below zero, or not a number.
    #[error("the price of {node:?} is not zero or more")]
    NotAPrice {
        /// The node.
        node: N,
    },
}

/// Why an expression cannot be built, read from text, or answered.
///
/// ```
/// use quorum::Expression;
/// let error = "a*b + (c*".parse::<Expression<String>>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 1, column 10: expected a node or an opening parenthesis, and found the end"
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// The text is no expression.
    #[error("{at}: expected {expected}, and found {}", Found(.found))]
    Syntax {
        /// Where.
        at: Position,
        /// What could have stood there.
        expected: Expected,
        /// What stands there; `None` at the end.
        found: Option<char>,
    },
    /// A node is named that does not exist.
    #[error("{at}: there is no node {name:?}")]
    UnknownNode {
        /// Where.
        at: Position,
        /// The name.
        name: String,
    },
    /// A `choose` that nothing fulfils, or everything.
    #[error("{}to choose {needed} of {of} is not possible: from 1 to {of} can be chosen", Place(.at))]
    OutOfReach {
        /// Where the `choose` stands in a text.
        at: Option<Position>,
        /// How many are needed.
        needed: u64,
        /// Of how many.
        of: u64,
    },
    /// An any-of, all-of or choose has no parts.
    #[error("an expression needs at least one part")]
    Empty,
    /// There are more nodes and gates than [`EXPRESSION_SIZE_MAX`].
    #[error(
        "the expression has at least {size} nodes and gates, and may have at most \
         {EXPRESSION_SIZE_MAX}"
    )]
    TooLarge {
        /// How many, as far as it was counted.
        size: usize,
    },
    /// Gates or parentheses stand inside one another more than [`EXPRESSION_DEPTH_MAX`] times.
    #[error("the expression is at least {depth} deep, and may be at most {EXPRESSION_DEPTH_MAX}")]
    TooDeep {
        /// How deep, as far as it was counted.
        depth: usize,
    },
    /// There are more different nodes than [`MEMBERS_MAX`].
    #[error("the expression names {count} nodes, and may name at most {MEMBERS_MAX}")]
    TooManyNodes {
        /// How many.
        count: usize,
    },
    /// A list of steps leaves a part over, or lacks one.
    #[error("the steps do not make one expression")]
    Malformed,
    /// There are more minimal quorums than were asked for, or on the way to them.
    #[error("there are more than {most} minimal quorums, or parts of them")]
    TooManyQuorums {
        /// How many were allowed.
        most: usize,
    },
    /// Nodes occur in so many places that the exact answer would take too long. There is an answer;
    /// it is not known.
    #[error("nodes repeat too much for an exact answer within {states} states")]
    Entangled {
        /// How many may be looked at: [`SEARCH_MAX`](crate::SEARCH_MAX).
        states: usize,
    },
    /// The number of nodes does not fit the construction.
    #[error("{construction} of {size} nodes does not exist: {rule}")]
    Unbuildable {
        /// Which construction.
        construction: &'static str,
        /// How many nodes there are.
        size: usize,
        /// Which numbers fit.
        rule: &'static str,
    },
}

impl ExpressionError {
    pub(crate) const fn out_of_reach(needed: u64, of: u64) -> Self {
        let at = None;
        Self::OutOfReach { at, needed, of }
    }
}

struct Found<'a>(&'a Option<char>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => write!(f, "{found:?}"),
            None => f.write_str("the end"),
        }
    }
}

struct Place<'a>(&'a Option<Position>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, "{at}: "),
            None => Ok(()),
        }
    }
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
