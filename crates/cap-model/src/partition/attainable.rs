//! What any protocol could keep for clients that are answered just so.
//!
//! # Why
//!
//! - *Linearizable*, when no other side takes part: the nodes of a side have paths to each other and back,
//!   so whoever answers there can wait until all of the side know. When a write is answered on one side and
//!   a read on another, one of the two cannot hear from the other, and waits for nothing: the read may
//!   miss the write (Gilbert and Lynch 2002, theorem 1, and with links of one way its corollary 1.1).
//! - *Sequential*, else, when no two sides have both operations and clients keep to their side. The one that
//!   has both keeps a log. A side that only reads answers from a prefix of it, however old; a side that
//!   only writes is answered by nobody's read, so its updates stand where the log hears of them, or after all
//!   else. (So do reads of any replica beside writes of a majority: stale, and in one order.)
//! - *Causal*, when two sides have both and clients keep to their side: nothing stronger than real-time causal
//!   can be always available and convergent (Mahajan, Alvisi and Dahlin 2011), and of the models here
//!   those below it are the causal ones. Sequential is not: each of two sides sees its own update, and then
//!   not yet the other's (Lipton and Sandberg 1988). Read-your-writes needs clients that keep to a node
//!   (Bailis and others 2014). Causal memory and causal convergence can each be had, and neither follows
//!   from the other.
//! - *Monotonic reads, monotonic writes, writes follow reads*, when clients move between the sides
//!   (Bailis and others 2014).

use consistency::Consistency;

use super::rules::Answers;
use crate::{Availability, Operation, Side};

/// The strongest models, none of which implies another; empty if nobody is answered.
pub(super) fn attainable(
    operation: Operation,
    (side, sides): (Side, &[Side]),
    availability: Availability,
    answers: &Answers,
) -> &'static [Consistency] {
    let other = match operation {
        Operation::Update => answers.reads,
        Operation::Observe | Operation::Prepare => answers.writes,
    };
    let has_both =
        |side: &&Side| side.bits() & answers.reads != 0 && side.bits() & answers.writes != 0;
    match availability {
        Availability::None => &[],
        _ if other & !side.bits() == 0 => &[Consistency::Linearizable],
        Availability::Total => &[
            Consistency::MonotonicReads,
            Consistency::MonotonicWrites,
            Consistency::WritesFollowReads,
        ],
        _ if sides.iter().filter(has_both).count() < 2 => &[Consistency::Sequential],
        _ => &[Consistency::CausalMemory, Consistency::CausalConvergence],
    }
}
