//! Configuration: who votes, how long to wait, how much to hold.

use alloc::vec::Vec;
use core::time::Duration;

use transport::NodeId;

/// The most voters a cluster can have: votes are counted in one machine word.
const VOTERS_MAX: usize = 64;

/// A checked configuration of one node.
///
/// Made by [`Config::new`] with usable defaults, changed by the methods named like its fields.
///
/// | field | default | change it when |
/// |---|---|---|
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
/// assert_eq!(config.quorum(), 2);
/// assert!(Config::new(NodeId(4), [1, 2, 3].map(NodeId)).is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    voters: Vec<NodeId>,
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
    /// A configuration with the defaults of the table above.
    ///
    /// # Errors
    ///
    /// `id` is not among `voters`, one of them is named twice, or there are more than 64.
    pub fn new(id: NodeId, voters: impl IntoIterator<Item = NodeId>) -> Result<Self, ConfigError> {
        let mut voters: Vec<NodeId> = voters.into_iter().collect();
        voters.sort_unstable();
        if let Some(pair) = voters.windows(2).find(|pair| pair.first() == pair.last()) {
            let id = pair.first().copied().unwrap_or(id);
            return Err(ConfigError::RepeatedVoter { id });
        }
        if voters.len() > VOTERS_MAX {
            let count = voters.len();
            return Err(ConfigError::TooManyVoters { count });
        }
        if voters.binary_search(&id).is_err() {
            return Err(ConfigError::NotAVoter { id });
        }
        Ok(Self {
            id,
            voters,
            election_timeout_ns: 150_000_000,
            heartbeat_interval_ns: 30_000_000,
            append_entries_max: 1_024,
            append_bytes_max: 1 << 20,
            appends_in_flight_max: 64,
            requests_max: 65_536,
            fate_patience_ns: 10_000_000_000,
        })
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

    /// How many voters are a majority.
    ///
    /// ```
    /// # use raft_core::Config;
    /// # use transport::NodeId;
    /// let quorum = |n| Config::new(NodeId(1), (1..=n).map(NodeId)).unwrap().quorum();
    /// assert_eq!([1, 2, 3, 4, 5].map(quorum), [1, 2, 2, 3, 3]);
    /// ```
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.voters.len() / 2 + 1
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

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn positive(value: usize, field: &'static str) -> Result<usize, ConfigError> {
    if value == 0 {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}
