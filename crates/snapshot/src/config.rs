//! What the operator of a snapshotting process decides.

use alloc::vec::Vec;

use transport::NodeId;

use crate::SnapshotError;

/// Who the members are, which channels join them, and what a snapshot may take.
///
/// ```
/// use snapshot::SnapshotConfig;
/// use transport::NodeId;
///
/// // Every member has a channel to every other one.
/// let mesh = SnapshotConfig::new(NodeId(1), (0..3).map(NodeId), ());
/// assert_eq!(mesh.senders, [NodeId(0), NodeId(2)]);
///
/// // A directed ring of three.
/// let ring = SnapshotConfig {
///     senders: vec![NodeId(0)],
///     receivers: vec![NodeId(2)],
///     ..mesh
/// };
/// assert!(ring.check().is_ok());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SnapshotConfig<C> {
    /// This node.
    pub node: NodeId,
    /// Everybody whose state belongs to a snapshot. The same on all nodes.
    pub members: Vec<NodeId>,
    /// Who has a channel to this node. Messages from anybody else reach the process inside and are
    /// in no snapshot.
    pub senders: Vec<NodeId>,
    /// To whom this node has a channel. The same channels on both ends. Every member must be
    /// reachable from an initiator, else its snapshots end with a timeout. Reports go straight to
    /// the initiator, over a link that need not be a channel.
    pub receivers: Vec<NodeId>,
    /// How many snapshots may be under way at this node, those of other initiators included; above
    /// zero. Default 16.
    pub recordings_max: usize,
    /// How many messages a snapshot may record of one channel. Default 4,096.
    pub channel_messages_max: usize,
    /// How long a snapshot may take, at its initiator and at each participant, each by its own
    /// clock, in nanoseconds. Default: 10 s. More than a marker and a report take on the slowest
    /// path, and than the longest pause that should not abort.
    pub timeout_ns: u64,
    /// The configuration of the process inside.
    pub process: C,
}

impl<C> SnapshotConfig<C> {
    /// A full mesh of `members`, with the default limits.
    pub fn new(node: NodeId, members: impl IntoIterator<Item = NodeId>, process: C) -> Self {
        let members: Vec<NodeId> = members.into_iter().collect();
        let others = members.iter().copied().filter(|&member| member != node);
        let mut others: Vec<NodeId> = others.collect();
        others.sort_unstable();
        others.dedup();
        Self {
            node,
            members,
            senders: others.clone(),
            receivers: others,
            recordings_max: 16,
            channel_messages_max: 4_096,
            timeout_ns: 10_000_000_000,
            process,
        }
    }

    /// Whether a process can be snapshotted so.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Stranger`], [`SnapshotError::ZeroLimit`].
    pub fn check(&self) -> Result<(), SnapshotError> {
        self.check_for()
    }

    /// The same, for a caller whose process has errors of its own.
    pub(crate) fn check_for<E>(&self) -> Result<(), SnapshotError<E>> {
        let ends = self.senders.iter().chain(&self.receivers);
        for &node in ends.chain([&self.node]) {
            if !self.members.contains(&node) {
                return Err(SnapshotError::Stranger { node });
            }
        }
        let limits = [
            ("recordings_max", self.recordings_max as u64),
            ("timeout_ns", self.timeout_ns),
        ];
        match limits.into_iter().find(|&(_, value)| value == 0) {
            Some((limit, _)) => Err(SnapshotError::ZeroLimit { limit }),
            None => Ok(()),
        }
    }
}

/// Sorted, each once.
pub(crate) fn sorted(nodes: &[NodeId]) -> Vec<NodeId> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}
