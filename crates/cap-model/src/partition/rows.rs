//! The rows: a shape, an operation, a side, and what its clients have there.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use consistency::Consistency;
use transport::NodeId;

use super::attainable::attainable;
use super::evidence::Asked;
use super::links::{Links, bit};
use super::rules::{Answers, Rules};
use super::succession::outage;
use super::{Because, Outage, PartitionError, Protocol};
use crate::{Availability, Operation, Shape, ShapeKind, Side};

/// One operation, in one shape, for the clients of one side.
///
/// ```
/// use cap_model::partition::{Leadership, Protocol, rows};
/// use cap_model::{Availability, Operation, Shape, Side};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority((0..5).map(NodeId))?;
/// let raft = Protocol::Leader(Leadership::new(quorums, NodeId(0))?);
/// // The leader and one other are cut off: another leads.
/// let lost = Side::of([NodeId(0), NodeId(1)])?;
/// let rows = rows(&raft, &Shape::split(5, lost)?)?;
/// assert_eq!(rows[0].availability, Availability::None);
/// assert_eq!(rows[0].because.to_string(), "{n0 n1} only follow: one of {n2 n3 n4} leads");
/// assert_eq!((rows[1].operation, rows[1].side), (Operation::Update, lost.complement(5)));
/// assert_eq!(rows[1].availability, Availability::LeaderBound(NodeId(2)));
/// assert_eq!(rows[1].leaders, lost.complement(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The name of the shape.
    pub shape: String,
    /// Which of the named shapes it is.
    pub kind: ShapeKind,
    /// The operation: an update or an observation.
    pub operation: Operation,
    /// The side that the clients are on.
    pub side: Side,
    /// Who is answered, for good. Where several may lead, the word names one of them: the first that only
    /// its role will set apart, or else the first.
    pub availability: Availability,
    /// The strongest model of single operations that the candidate keeps for the clients of this side,
    /// over many keys, while each keeps to its node and the nodes do not fail. `None` if nobody is answered,
    /// or none of the lattice is kept.
    pub model: Option<Consistency>,
    /// The strongest models that any protocol could keep which answers the same clients: one, or several
    /// that do not imply each other. None if nobody is answered.
    pub attainable: &'static [Consistency],
    /// Who may lead: the old leader, or all of whom one will be elected. Empty if there is no leader.
    pub leaders: Side,
    /// Whether somebody else than the old leader answers, after an election.
    pub is_leader_changed: bool,
    /// The old leader, if it is on this side and cannot lead on, and one that may succeed it has it both ways:
    /// then an update that it proposed before it stepped down can be committed by its successor, and
    /// answered once, although [`availability`](Self::availability) does not count it.
    pub last_answer: Option<NodeId>,
    /// How long an old leader goes on answering here, at the most: until its lease ends.
    pub lease_ms: Option<f64>,
    /// How long nobody here answers before somebody does, if the leader must change and its timers are
    /// known. See [`LeaderChange`](super::LeaderChange).
    pub outage: Option<Outage>,
    /// Why.
    pub because: Because,
}

/// What each operation still is, for the clients of each side: the updates, then the observations, by the
/// sides of the shape. O(nodes³ + nodes · (nodes + members)).
///
/// # Errors
///
/// A candidate that cannot be, or has a replica that the shape has not; timers under which elections are split
/// so often that no percentile can be told.
pub fn rows(protocol: &Protocol, shape: &Shape) -> Result<Vec<Row>, PartitionError> {
    let rules = Rules::new(protocol, shape.nodes())?;
    let links = Links::of(shape);
    let answers = rules.answers(&links);
    let outage = outage(protocol, &links, &answers)?;
    let mut rows = Vec::new();
    let sides = shape.sides();
    for operation in Operation::BOTH {
        for &side in &sides {
            let asked = Asked {
                protocol,
                rules: &rules,
                links: &links,
                answers: &answers,
                operation,
                side,
            };
            rows.push(row((shape, &sides), &asked, outage));
        }
    }
    Ok(rows)
}

fn row((shape, sides): (&Shape, &[Side]), asked: &Asked<'_>, outage: Option<Outage>) -> Row {
    let (answers, side) = (asked.answers, asked.side);
    let availability = availability(asked.protocol, asked.links, answers, asked.operation, side);
    let is_answered = availability != Availability::None;
    Row {
        shape: shape.to_string(),
        kind: shape.kind(),
        operation: asked.operation,
        side,
        availability,
        model: if is_answered { model(asked) } else { None },
        attainable: attainable(asked.operation, (side, sides), availability, answers),
        leaders: Side::from_bits(answers.leaders),
        is_leader_changed: is_answered && answers.is_changed,
        last_answer: last_answer(asked),
        lease_ms: lease_ms(asked),
        outage: outage.filter(|_| is_answered),
        because: asked.because(),
    }
}

/// The word for a side.
pub(super) fn availability(
    protocol: &Protocol,
    links: &Links,
    answers: &Answers,
    operation: Operation,
    side: Side,
) -> Availability {
    let answering = Side::from_bits(answers.of(operation));
    let nodes = u32::try_from(links.nodes()).unwrap_or(u32::MAX);
    Availability::of_answering(side, answering, nodes, !protocol.is_meeting(), |node| {
        links.has_equal(node, side)
    })
}

/// What the candidate keeps; see the variants of [`Protocol`] for how it works.
fn model(asked: &Asked<'_>) -> Option<Consistency> {
    let protocol = asked.protocol;
    if asked.links.nodes() == 1 {
        return Some(Consistency::Linearizable);
    }
    match protocol {
        // Later operations meet the quorum of every operation that has ended.
        Protocol::Quorum(_) | Protocol::Leader(_) | Protocol::Chain(_) => {
            Some(Consistency::Linearizable)
        }
        // An old leader that reads too long serves an old prefix of the one log.
        Protocol::Lease {
            are_clock_rates_bounded,
            ..
        } => Some(if *are_clock_rates_bounded {
            Consistency::Linearizable
        } else {
            Consistency::Sequential
        }),
        // A node's own copy only rises, so clients see what they wrote and never go back. Two writes
        // under way can be seen in either order.
        Protocol::WriteAll(_) => Some(Consistency::ReadYourWrites),
        // Nothing is written back: a client can go back from a write that is under way. It meets its
        // own completed ones if quorums meet, or if its node counts itself.
        Protocol::Partial { replicas, .. } => {
            let answered = asked.answers.of(asked.operation) & asked.side.bits();
            let counts_itself = answered & !replicas.bits() == 0;
            (protocol.is_meeting() || counts_itself).then_some(Consistency::ReadYourWrites)
        }
        // One order of versions, after what they depend on.
        Protocol::Local {
            is_causal: true, ..
        } => Some(Consistency::CausalConvergence),
        Protocol::Local { .. } => Some(Consistency::ReadYourWrites),
    }
}

/// Only updates, and only where its successor has it both ways.
fn last_answer(asked: &Asked<'_>) -> Option<NodeId> {
    let leader = asked.protocol.leadership()?.leader();
    let place = leader.0 as usize;
    let is_deposed = asked.answers.is_changed && asked.operation == Operation::Update;
    let is_told = asked.links.mutual(place) & asked.answers.leaders != 0;
    (is_deposed && asked.side.contains(leader) && is_told).then_some(leader)
}

/// Only reads, and only on the side of a leader that does not lead for good.
fn lease_ms(asked: &Asked<'_>) -> Option<f64> {
    match asked.protocol {
        Protocol::Lease {
            leadership,
            lease_ms,
            ..
        } if asked.operation == Operation::Observe
            && asked.answers.is_changed
            && asked.side.bits() & bit(leadership.leader().0 as usize) != 0 =>
        {
            Some(*lease_ms)
        }
        _ => None,
    }
}
