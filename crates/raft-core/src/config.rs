//! Configuration: who votes, which votes are enough, how long to wait, how much to hold.
//!
//! # Which quorum for what
//!
//! The paper says "majority" everywhere, and needs only that certain ones meet (Howard, Malkhi and
//! Spiegelman, *Flexible Paxos*, 2016). With a quorum system each use says which of the two kinds it
//! needs:
//!
//! | use | quorum | because |
//! |---|---|---|
//! | votes of an election (§5.2) | read | it must meet every quorum that committed an entry: one of its voters then holds the entry, and denies its vote to a log without it (leader completeness, §5.4.3) |
//! | pre-votes (dissertation §9.6) | read | they ask whether an election would succeed |
//! | copies that commit an entry (§5.3, §5.4.2) | write | every later election must meet it |
//! | answers to a read round (dissertation §6.4) | write | whoever answers has not voted in a newer term yet. A newer leader needs a read quorum, so the vote of one who answered, so it is elected only after the read was asked |
//! | quorum check (dissertation §6.2) | write | a leader that hears less can neither commit nor serve a read |
//!
//! Two read quorums must meet each other as well: both could otherwise elect in one term, each voter
//! voting once (election safety, §5.2). [`Config::quorums`] refuses a system in which they do not.
//! Two write quorums need not meet: one term has one leader, and terms meet through elections.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use quorum::{QuorumError, QuorumSystem};
use transport::NodeId;

use crate::Index;

/// The most voters a cluster can have: votes are counted in one machine word.
const VOTERS_MAX: usize = 64;

/// A checked configuration of one node.
///
/// Made by [`Config::new`] with usable defaults, changed by the methods named like its fields.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `quorums` | a majority of the voters | some voters are more dependable, or commits should be cheaper than elections. It must be equal on all nodes |
/// | `election_timeout` | 150 ms | a network round trip and a disk sync are together not well below it. Drawn between this and twice this |
/// | `heartbeat_interval` | 30 ms | idle traffic matters; keep it below a third of the election timeout |
/// | `append_entries_max` | 1,024 | a message must stay smaller |
/// | `append_bytes_max` | 1 MiB | the codec's frame limit is lower |
/// | `appends_in_flight_max` | 64 | round trips are long: raise it |
/// | `requests_max` | 65,536 | memory for waiting requests must be smaller |
/// | `fate_patience` | 10 s | clients give up earlier on a request whose leader was deposed |
///
/// ```
/// use core::time::Duration;
/// use raft_core::Config;
/// use transport::NodeId;
/// let config = Config::new(NodeId(1), [1, 2, 3].map(NodeId))
///     .unwrap()
///     .election_timeout(Duration::from_millis(300))
///     .unwrap();
/// assert!(config.quorum_system().is_write_quorum(|id| id.0 < 3));
/// assert!(Config::new(NodeId(4), [1, 2, 3].map(NodeId)).is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    voters: Vec<NodeId>,
    /// Its members are the voters, in the same order: a member's place is the voter's slot.
    quorums: QuorumSystem<NodeId>,
    pub(crate) election_timeout_ns: u64,
    pub(crate) heartbeat_interval_ns: u64,
    pub(crate) append_entries_max: usize,
    pub(crate) append_bytes_max: usize,
    pub(crate) appends_in_flight_max: usize,
    pub(crate) requests_max: usize,
    pub(crate) fate_patience_ns: u64,
}

/// Why a configuration is not usable.
///
/// ```
/// use raft_core::{Config, ConfigError};
/// use transport::NodeId;
/// let error = Config::new(NodeId(4), [1, 2, 3].map(NodeId)).unwrap_err();
/// assert_eq!(error, ConfigError::NotAVoter { id: NodeId(4) });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node is not among the voters.
    #[error("node {id} is not among the voters")]
    NotAVoter {
        /// The node.
        id: NodeId,
    },
    /// A voter is named twice.
    #[error("voter {id} is named twice")]
    RepeatedVoter {
        /// The voter.
        id: NodeId,
    },
    /// There are more voters than can be counted.
    #[error("{count} voters are more than the {VOTERS_MAX} that can be counted")]
    TooManyVoters {
        /// How many were named.
        count: usize,
    },
    /// The quorum system has a member that is not a voter.
    #[error("member {id} of the quorum system is not a voter")]
    MemberWithoutVote {
        /// The member.
        id: NodeId,
    },
    /// A voter is not a member of the quorum system: its vote would not count.
    #[error("voter {id} is not a member of the quorum system")]
    VoterWithoutWeight {
        /// The voter.
        id: NodeId,
    },
    /// Two read quorums do not meet: each could elect a leader in the same term.
    #[error(
        "the read quorums {} and {} have no voter in common: both could elect in one term",
        Nodes(.first),
        Nodes(.second)
    )]
    TwoLeaders {
        /// One read quorum.
        first: Vec<NodeId>,
        /// The other.
        second: Vec<NodeId>,
    },
    /// Timeouts must be positive, and the heartbeat interval below the election timeout.
    #[error(
        "a heartbeat every {heartbeat_ns} ns cannot hold an election timeout of {election_ns} ns"
    )]
    Timing {
        /// The heartbeat interval.
        heartbeat_ns: u64,
        /// The election timeout.
        election_ns: u64,
    },
    /// A limit is zero.
    #[error("{field} must be at least 1")]
    ZeroLimit {
        /// The field.
        field: &'static str,
    },
}

impl Config {
    /// A configuration with the defaults of the table above: a majority elects and commits.
    ///
    /// # Errors
    ///
    /// `id` is not among `voters`, one of them is named twice, or there are more than 64.
    pub fn new(id: NodeId, voters: impl IntoIterator<Item = NodeId>) -> Result<Self, ConfigError> {
        let mut voters: Vec<NodeId> = voters.into_iter().collect();
        voters.sort_unstable();
        let count = voters.len();
        let quorums = QuorumSystem::majority(voters.iter().copied());
        let quorums = quorums.map_err(|error| match error {
            QuorumError::Repeated { node } => ConfigError::RepeatedVoter { id: node },
            QuorumError::NoMembers => ConfigError::NotAVoter { id },
            _ => ConfigError::TooManyVoters { count },
        })?;
        if count > VOTERS_MAX {
            return Err(ConfigError::TooManyVoters { count });
        }
        if voters.binary_search(&id).is_err() {
            return Err(ConfigError::NotAVoter { id });
        }
        Ok(Self {
            id,
            voters,
            quorums,
            election_timeout_ns: 150_000_000,
            heartbeat_interval_ns: 30_000_000,
            append_entries_max: 1_024,
            append_bytes_max: 1 << 20,
            appends_in_flight_max: 64,
            requests_max: 65_536,
            fate_patience_ns: 10_000_000_000,
        })
    }

    /// Who elects and who commits, if not a majority: votes must be a *read* quorum; the copies that
    /// commit an entry, and the answers that a leader needs, a *write* quorum. The top of
    /// `src/config.rs` says why. Every node of a cluster must be given an equal system.
    ///
    /// # Errors
    ///
    /// The members of the system are not exactly the voters, or two of its read quorums do not meet,
    /// so that two candidates of one term could both win.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// use raft_core::{Config, ConfigError};
    /// use transport::NodeId;
    /// let voters = [1, 2, 3, 4, 5].map(NodeId);
    /// let config = Config::new(NodeId(1), voters)?;
    /// // Two copies commit; in return an election needs four of the five.
    /// let config = config.quorums(QuorumSystem::flexible(voters, 4, 2).unwrap())?;
    /// // Two votes elect? Then nodes 1 and 2 could elect one leader, 3 and 4 another.
    /// let error = config.quorums(QuorumSystem::flexible(voters, 2, 4).unwrap()).unwrap_err();
    /// let (first, second) = ([1, 2].map(NodeId).into(), [3, 4, 5].map(NodeId).into());
    /// assert_eq!(error, ConfigError::TwoLeaders { first, second });
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn quorums(mut self, system: QuorumSystem<NodeId>) -> Result<Self, ConfigError> {
        if let Some(&id) = system.members().find(|&&id| self.slot(id).is_none()) {
            return Err(ConfigError::MemberWithoutVote { id });
        }
        if let Some(&id) = self.voters.iter().find(|&id| !system.contains(id)) {
            return Err(ConfigError::VoterWithoutWeight { id });
        }
        if let Some((first, second)) = system.disjoint_read_quorums() {
            return Err(ConfigError::TwoLeaders { first, second });
        }
        self.quorums = system;
        Ok(self)
    }

    /// The least time without a leader before a node campaigns. Each wait is drawn between this and
    /// twice this (§5.2). It must be above the heartbeat interval.
    ///
    /// # Errors
    ///
    /// It is not above the heartbeat interval.
    pub fn election_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.election_timeout_ns = nanos(timeout);
        self.checked_timing()
    }

    /// How often an idle leader shows that it lives.
    ///
    /// # Errors
    ///
    /// It is zero, or not below the election timeout.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.heartbeat_interval_ns = nanos(interval);
        self.checked_timing()
    }

    /// The most entries of one append.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn append_entries_max(mut self, entries_max: usize) -> Result<Self, ConfigError> {
        self.append_entries_max = positive(entries_max, "append_entries_max")?;
        Ok(self)
    }

    /// The most bytes of commands in one append. A single heavier command still travels, alone.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn append_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.append_bytes_max = positive(bytes_max, "append_bytes_max")?;
        Ok(self)
    }

    /// The most unanswered appends per follower.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn appends_in_flight_max(mut self, appends_max: usize) -> Result<Self, ConfigError> {
        self.appends_in_flight_max = positive(appends_max, "appends_in_flight_max")?;
        Ok(self)
    }

    /// The most requests that may wait at this node; further ones are refused as overload.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn requests_max(mut self, requests_max: usize) -> Result<Self, ConfigError> {
        self.requests_max = positive(requests_max, "requests_max")?;
        Ok(self)
    }

    /// How long a deposed leader waits to learn the fate of its proposals before it answers
    /// [`Outcome::Unknown`](crate::Outcome::Unknown).
    #[must_use]
    pub fn fate_patience(mut self, patience: Duration) -> Self {
        self.fate_patience_ns = nanos(patience);
        self
    }

    /// This node.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// All voters, this node included, in order.
    #[must_use]
    pub fn voters(&self) -> &[NodeId] {
        &self.voters
    }

    /// Which sets of voters elect (read quorums), and which commit (write quorums).
    ///
    /// ```
    /// use quorum::Side;
    /// use raft_core::Config;
    /// use transport::NodeId;
    /// let config = |n| Config::new(NodeId(1), (1..=n).map(NodeId)).unwrap();
    /// let size = |n| config(n).quorum_system().size_min(Side::Write);
    /// assert_eq!([1, 2, 3, 4, 5].map(size), [1, 2, 2, 3, 3]);
    /// ```
    #[must_use]
    pub const fn quorum_system(&self) -> &QuorumSystem<NodeId> {
        &self.quorums
    }

    /// Whether the voters in these slots may elect a leader.
    pub(crate) fn may_elect(&self, has: impl Fn(usize) -> bool) -> bool {
        let mut slots = 0..self.voters.len();
        self.quorums
            .is_read_quorum(|_| slots.next().is_some_and(&has))
    }

    /// Whether the voters in these slots may commit, and confirm that their leader leads.
    pub(crate) fn may_commit(&self, has: impl Fn(usize) -> bool) -> bool {
        let mut slots = 0..self.voters.len();
        self.quorums
            .is_write_quorum(|_| slots.next().is_some_and(&has))
    }

    /// The greatest index that a write quorum has stored, if the voter in a slot has `stored` so far.
    pub(crate) fn stored_by_quorum(&self, stored: impl Fn(usize) -> Index) -> Index {
        let mut slots = 0..self.voters.len();
        self.quorums
            .write_watermark(|_| slots.next().map_or(Index(0), &stored))
    }

    /// The place of a voter in [`voters`](Self::voters).
    pub(crate) fn slot(&self, node: NodeId) -> Option<usize> {
        self.voters.binary_search(&node).ok()
    }

    fn checked_timing(self) -> Result<Self, ConfigError> {
        if self.heartbeat_interval_ns == 0 || self.heartbeat_interval_ns >= self.election_timeout_ns
        {
            return Err(ConfigError::Timing {
                heartbeat_ns: self.heartbeat_interval_ns,
                election_ns: self.election_timeout_ns,
            });
        }
        Ok(self)
    }
}

/// Shows `{n1, n2}`.
pub(crate) struct Nodes<'a>(pub(crate) &'a [NodeId]);

impl fmt::Display for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "{";
        for node in self.0 {
            write!(f, "{between}{node}")?;
            between = ", ";
        }
        f.write_str(if self.0.is_empty() { "{}" } else { "}" })
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn positive(value: usize, field: &'static str) -> Result<usize, ConfigError> {
    if value == 0 {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}
