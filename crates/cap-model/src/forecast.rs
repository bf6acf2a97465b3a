//! The forecast: what a quorum system alone says about a shape, without running anything.
//!
//! A node can finish a round trip with a member exactly when the links between them work both ways.
//! So it can gather a read quorum when such members are one, and likewise a write quorum. That is
//! exact for protocols without a leader whose members answer whoever asks, and an upper bound for
//! all others.

use quorum::QuorumSystem;
use transport::NodeId;

use crate::Shape;

/// Which quorums a node can gather.
///
/// ```
/// use cap_model::{Forecast, Shape, Side, forecast};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// // Write to any two of three, read from any two; n0 is alone.
/// let system = QuorumSystem::majority([0, 1, 2].map(NodeId)).unwrap();
/// let shape = Shape::split(3, Side::of([NodeId(0)])?)?;
/// let alone = forecast(&system, &shape, NodeId(0));
/// assert_eq!(alone, Forecast { can_read: false, can_write: false });
/// assert!(forecast(&system, &shape, NodeId(1)).can_write);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Forecast {
    /// Whether the members it has round trips with are a read quorum.
    pub can_read: bool,
    /// Whether they are a write quorum.
    pub can_write: bool,
}

/// What the system lets `node` do in this shape. O(members).
#[must_use]
pub fn forecast(system: &QuorumSystem<NodeId>, shape: &Shape, node: NodeId) -> Forecast {
    Forecast {
        can_read: system.is_read_quorum(|&member| shape.works_both_ways(node, member)),
        can_write: system.is_write_quorum(|&member| shape.works_both_ways(node, member)),
    }
}
