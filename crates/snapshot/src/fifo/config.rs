//! What the operator of a FIFO end decides.

use alloc::vec::Vec;

use transport::NodeId;

use crate::SnapshotError;

/// Who the peers are, and how much may wait.
///
/// ```
/// use snapshot::FifoConfig;
/// use transport::NodeId;
/// let config = FifoConfig { window: 8, ..FifoConfig::new(NodeId(1), (0..3).map(NodeId), ()) };
/// assert_eq!(config.peers, [NodeId(0), NodeId(2)]);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct FifoConfig<C> {
    /// With whom this node has sessions. A message to anybody else is dropped and counted.
    pub peers: Vec<NodeId>,
    /// How many messages may be on their way to a peer, and wait for a missing one before them;
    /// above zero, the same on all nodes. Default 64.
    pub window: usize,
    /// How many messages may wait for a peer's acknowledgement, on their way or not; above zero.
    /// One more ends the session, and is the first of the next. Default 65,536.
    pub unacknowledged_max: usize,
    /// After how long without an acknowledgement a message is sent again, in nanoseconds of the own
    /// clock; above zero. More than a round trip. Default: 50 ms.
    pub repeat_ns: u64,
    /// The configuration of the process inside.
    pub process: C,
}

impl<C> FifoConfig<C> {
    /// Sessions of `node` with all other members, with the default limits.
    pub fn new(node: NodeId, members: impl IntoIterator<Item = NodeId>, process: C) -> Self {
        let others = members.into_iter().filter(|&member| member != node);
        Self {
            peers: others.collect(),
            window: 64,
            unacknowledged_max: 65_536,
            repeat_ns: 50_000_000,
            process,
        }
    }

    /// Whether a process can be joined to others so.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::ZeroLimit`].
    pub fn check<E>(&self) -> Result<(), SnapshotError<E>> {
        let limits = [
            ("window", self.window as u64),
            ("unacknowledged_max", self.unacknowledged_max as u64),
            ("repeat_ns", self.repeat_ns),
        ];
        match limits.into_iter().find(|&(_, value)| value == 0) {
            Some((limit, _)) => Err(SnapshotError::ZeroLimit { limit }),
            None => Ok(()),
        }
    }
}
