//! What a candidate is, as data: its kind, its replicas, and which of them an operation needs.

use alloc::vec::Vec;

use quorum::QuorumSystem;
use transport::NodeId;

use super::{LeaderTiming, PartitionError};
use crate::Side;

/// A kind of candidate, with which nodes take part in what.
///
/// The rules at the top of [`partition`](super) say which messages each needs for an answer.
///
/// ```
/// use cap_model::partition::{Leadership, Protocol};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([0, 1, 2].map(NodeId))?;
/// let raft = Protocol::Leader(Leadership::new(quorums, NodeId(0))?);
/// assert_eq!((raft.name(), raft.replicas().len()), ("leader", 3));
/// let dynamo = Protocol::partial(3, 1, 1)?;
/// assert_eq!(dynamo.name(), "partial");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Protocol {
    /// Registers on quorums that meet, asked at any node (Attiya, Bar-Noy and Dolev 1995; Lynch and
    /// Shvartsman 1997). Each operation makes two round trips: to a read quorum, then to a write quorum. A
    /// read that finds its value at a write quorum has no second one, and needs the quorum all the same.
    Quorum(QuorumSystem<NodeId>),
    /// Counts instead of quorums, which may miss each other (Dynamo, DeCandia and others 2007). One
    /// round trip: a write until `write` replicas have stored it, a read until `read` have answered; the
    /// greatest version wins and is not written back. A node that is a replica counts itself.
    Partial {
        /// Who stores.
        replicas: Side,
        /// How many answers a read waits for: R.
        read: u32,
        /// How many a write waits for: W.
        write: u32,
    },
    /// A log with an elected leader (Raft, Ongaro and Ousterhout 2014). Only the leader answers: writes
    /// after a round trip to a write quorum, reads after one that confirms that it still leads. Nobody
    /// forwards.
    Leader(Leadership),
    /// The same, whose leader reads without asking while its lease lasts (dissertation §6.4.1).
    /// Writes and the lease's renewal need a write quorum. Reads are linearizable only if no clock runs
    /// faster than another by more than the lease allows for.
    Lease {
        /// The log and its leader.
        leadership: Leadership,
        /// How long a lease lasts from its last renewal, in milliseconds.
        lease_ms: f64,
        /// Whether the rates of all clocks are known to be within the bound that the lease allows for.
        are_clock_rates_bounded: bool,
    },
    /// Read one, write all: a write makes one round trip to every replica; a read asks the nearest, which is
    /// its own node where that is a replica. Without an atomic commitment: a write that is under way, for
    /// ever in a partition, can be seen at one replica and not at another.
    WriteAll(Side),
    /// Chain replication (van Renesse and Schneider 2004), from head to tail: a write enters at the head, is
    /// handed from each replica to the next, and is answered by the tail; a read is answered by the tail.
    /// The chain is fixed here: nobody replaces a replica that cannot be reached.
    Chain(Vec<NodeId>),
    /// Each replica answers alone at once, and spreads its updates later; the greatest version wins.
    Local {
        /// Who stores.
        replicas: Side,
        /// Whether an update waits at a replica until those are there that it may depend on. (Otherwise
        /// updates are applied in whatever order they come.)
        is_causal: bool,
    },
}

/// A log with an elected leader: who elects, who commits, and who leads when the links change.
///
/// ```
/// use cap_model::partition::{Election, Leadership, PartitionError};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let nodes = [0, 1, 2, 3].map(NodeId);
/// let raft = Leadership::new(QuorumSystem::majority(nodes)?, NodeId(3))?;
/// assert_eq!(raft.election(), Election::CheckQuorum);
/// // Two votes of four elect? Then two leaders could have one term.
/// let loose = Leadership::new(QuorumSystem::flexible(nodes, 2, 3)?, NodeId(0));
/// assert!(matches!(loose, Err(PartitionError::TwoLeaders { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Leadership {
    quorums: QuorumSystem<NodeId>,
    leader: NodeId,
    election: Election,
    timing: Option<LeaderTiming>,
}

/// What a cluster does about a leader that has lost its quorum, and about nodes that do not hear theirs.
///
/// Without pre-vote there is no rule: whoever does not hear the leader deposes it again and again, and
/// answers come by chance.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Election {
    /// Pre-vote (dissertation §9.6) alone: a leader without a quorum goes on sending heartbeats.
    PreVote,
    /// Pre-vote, and a leader steps down that hears no quorum for an election timeout (§6.2).
    #[default]
    CheckQuorum,
}

impl Leadership {
    /// Read quorums elect, write quorums commit, and `leader` leads at first. With pre-vote and
    /// check-quorum.
    ///
    /// # Errors
    ///
    /// The leader is not a member; two read quorums do not meet.
    pub fn new(quorums: QuorumSystem<NodeId>, leader: NodeId) -> Result<Self, PartitionError> {
        if !quorums.contains(&leader) {
            return Err(PartitionError::LeaderWithoutVote { node: leader });
        }
        if let Some((first, second)) = quorums.disjoint_read_quorums() {
            return Err(PartitionError::TwoLeaders { first, second });
        }
        Ok(Self {
            quorums,
            leader,
            election: Election::default(),
            timing: None,
        })
    }

    /// With another election.
    #[must_use]
    pub const fn with_election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    /// With timers, so that rows say how long a change of the leader takes.
    #[must_use]
    pub const fn with_timing(mut self, timing: LeaderTiming) -> Self {
        self.timing = Some(timing);
        self
    }

    /// Who elects (read quorums) and who commits (write quorums).
    #[must_use]
    pub const fn quorums(&self) -> &QuorumSystem<NodeId> {
        &self.quorums
    }

    /// Who leads before the links change.
    #[must_use]
    pub const fn leader(&self) -> NodeId {
        self.leader
    }

    /// The timers, if they are known.
    #[must_use]
    pub const fn timing(&self) -> Option<&LeaderTiming> {
        self.timing.as_ref()
    }

    /// What it does about a leader that has lost its quorum.
    #[must_use]
    pub const fn election(&self) -> Election {
        self.election
    }
}

impl Protocol {
    /// Nodes 0 to `replicas` - 1, of which a read waits for `read` and a write for `write`.
    ///
    /// # Errors
    ///
    /// No replica or more than 64; a count of zero, or above the number of replicas.
    pub fn partial(replicas: u32, read: u32, write: u32) -> Result<Self, PartitionError> {
        let protocol = Self::Partial {
            replicas: Side::all(replicas)?,
            read,
            write,
        };
        protocol.check(replicas)?;
        Ok(protocol)
    }

    /// The kind, as in a file: `quorum`, `partial`, `leader`, `lease`, `write-all`, `chain`, `local`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Quorum(_) => "quorum",
            Self::Partial { .. } => "partial",
            Self::Leader(_) => "leader",
            Self::Lease { .. } => "lease",
            Self::WriteAll(_) => "write-all",
            Self::Chain(_) => "chain",
            Self::Local { .. } => "local",
        }
    }

    /// Who stores. A member numbered 64 or above is left out here; [`rows`](super::rows) refuses it.
    #[must_use]
    pub fn replicas(&self) -> Side {
        let mut replicas = Side::EMPTY;
        match self {
            Self::Partial { replicas, .. } | Self::WriteAll(replicas) => return *replicas,
            Self::Local { replicas, .. } => return *replicas,
            Self::Chain(order) => order.iter().for_each(|&node| replicas.insert(node)),
            Self::Quorum(quorums) | Self::Leader(Leadership { quorums, .. }) => {
                quorums.members().for_each(|&node| replicas.insert(node));
            }
            Self::Lease { leadership, .. } => {
                let members = leadership.quorums.members();
                members.for_each(|&node| replicas.insert(node));
            }
        }
        replicas
    }

    /// One more than the greatest number of a replica.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        let members = match self {
            Self::Quorum(quorums) => Some(quorums),
            _ => self.leadership().map(Leadership::quorums),
        };
        let greatest = match (members, self) {
            (Some(quorums), _) => quorums.members().last().copied(),
            (None, Self::Chain(order)) => order.iter().max().copied(),
            (None, _) => self.replicas().nodes().last(),
        };
        greatest.map_or(0, |node| node.0.saturating_add(1))
    }

    /// The log and its leader, if there is one.
    #[must_use]
    pub const fn leadership(&self) -> Option<&Leadership> {
        match self {
            Self::Leader(leadership) | Self::Lease { leadership, .. } => Some(leadership),
            _ => None,
        }
    }

    /// Whether every read hears of every write that returned before it began: the quorums meet.
    #[must_use]
    pub fn is_meeting(&self) -> bool {
        match self {
            Self::Quorum(_) | Self::Leader(_) | Self::Lease { .. } => true,
            Self::WriteAll(_) | Self::Chain(_) => true,
            Self::Partial {
                replicas,
                read,
                write,
            } => read.saturating_add(*write) > replicas.len(),
            Self::Local { replicas, .. } => replicas.len() < 2,
        }
    }

    /// Whether it can stand in a cluster of so many nodes.
    pub(super) fn check(&self, nodes: u32) -> Result<(), PartitionError> {
        let unknown = |node: NodeId| PartitionError::UnknownReplica { node, nodes };
        let members = match self {
            Self::Quorum(quorums) => Some(quorums),
            _ => self.leadership().map(Leadership::quorums),
        };
        if let Some(quorums) = members {
            // Members come in order, so the last is the greatest.
            if let Some(&node) = quorums.members().find(|node| node.0 >= nodes) {
                return Err(unknown(node));
            }
        }
        if let Self::Chain(order) = self {
            let mut seen = Side::EMPTY;
            for &node in order {
                if node.0 >= nodes {
                    return Err(unknown(node));
                }
                if seen.contains(node) {
                    return Err(PartitionError::Repeated { node });
                }
                seen.insert(node);
            }
        }
        let replicas = self.replicas();
        if replicas.is_empty() {
            return Err(PartitionError::NoReplicas);
        }
        let all = Side::all(nodes)?;
        if let Some(node) = replicas.nodes().find(|&node| !all.contains(node)) {
            return Err(unknown(node));
        }
        match *self {
            Self::Partial { read, write, .. } => {
                let replicas = replicas.len();
                let counts = [read, write].into_iter();
                match counts.into_iter().find(|n| !(1..=replicas).contains(n)) {
                    Some(needed) => Err(PartitionError::OutOfReach { needed, replicas }),
                    None => Ok(()),
                }
            }
            Self::Lease { lease_ms, .. } if !(lease_ms.is_finite() && lease_ms > 0.0) => {
                Err(PartitionError::BadNumber {
                    field: "lease_ms",
                    value: lease_ms,
                    expected: "a lease lasts for more than 0 ms",
                })
            }
            _ => Ok(()),
        }
    }
}
