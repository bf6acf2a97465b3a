//! What a snapshot is called, and what it came to.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use transport::NodeId;

/// The name of a snapshot, never used twice: not by another node, and not after a restart.
///
/// ```
/// use snapshot::SnapshotId;
/// use transport::NodeId;
/// let id = SnapshotId { initiator: NodeId(2), incarnation: 1, number: 7 };
/// assert_eq!(id.to_string(), "n2/1#7");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct SnapshotId {
    /// Who takes it.
    pub initiator: NodeId,
    /// Which life of the initiator, counted from 1 and durable before anyone hears of it.
    pub incarnation: u64,
    /// Which snapshot of that life, counted from 1.
    pub number: u64,
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            initiator,
            incarnation,
            number,
        } = self;
        write!(f, "{initiator}/{incarnation}#{number}")
    }
}

/// A consistent global state: of every process, and of every channel between them.
///
/// It need not be a state that the system was ever in. It is one that it could have been in: it can
/// be reached from the state in which the snapshot began, and the state in which it ended can be
/// reached from it (Chandy and Lamport 1985, section 4.1).
///
/// ```
/// use snapshot::{GlobalSnapshot, SnapshotId};
/// use transport::NodeId;
/// let id = SnapshotId { initiator: NodeId(0), incarnation: 1, number: 1 };
/// let snapshot = GlobalSnapshot {
///     id,
///     states: [(NodeId(0), 70), (NodeId(1), 20)].into(),
///     channels: [((NodeId(0), NodeId(1)), vec![10]), ((NodeId(1), NodeId(0)), vec![])].into(),
/// };
/// assert_eq!(snapshot.channel(NodeId(0), NodeId(1)), [10]);
/// assert_eq!(snapshot.messages().count(), 1);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct GlobalSnapshot<S, M> {
    /// Its name.
    pub id: SnapshotId,
    /// What each member recorded of itself.
    pub states: BTreeMap<NodeId, S>,
    /// What was on its way from the first node to the second, in the order of arrival. Every
    /// channel is here, also an empty one.
    pub channels: BTreeMap<(NodeId, NodeId), Vec<M>>,
}

impl<S, M> GlobalSnapshot<S, M> {
    /// The messages on their way from one node to another; none for a channel that does not exist.
    #[must_use]
    pub fn channel(&self, from: NodeId, to: NodeId) -> &[M] {
        self.channels.get(&(from, to)).map_or(&[], Vec::as_slice)
    }

    /// All messages on their way, channel by channel.
    pub fn messages(&self) -> impl Iterator<Item = (NodeId, NodeId, &M)> {
        self.channels
            .iter()
            .flat_map(|(&(from, to), list)| list.iter().map(move |message| (from, to, message)))
    }
}
