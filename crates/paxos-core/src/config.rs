//! Configuration: whose quorums count, how long to wait, how much to hold.

use core::time::Duration;

use quorum::QuorumSystem;
use transport::NodeId;

/// A checked configuration of one node.
///
/// Made by [`Config::new`] with usable defaults, changed by the methods named like its fields.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `resend_interval` | 50 ms | a round trip and a disk sync are together not below it. It doubles up to the longest back-off |
/// | `backoff` | 10 ms to 1 s | many nodes propose at once over a slow network: raise both |
/// | `ask_interval` | 1 s | idle traffic matters, or late nodes should learn sooner. Drawn between this and twice this |
/// | `patience` | 10 s | clients give up earlier |
/// | `requests_max` | 1,024 | memory for waiting requests must be smaller |
/// | `value_bytes_max` | 1 MiB | the codec's frame limit is lower |
/// | `records_max` | 64 | records are dearer than checkpoints, or the other way round |
///
/// ```
/// use core::time::Duration;
/// use paxos_core::Config;
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let config = Config::new(NodeId(1), quorums.clone())
///     .unwrap()
///     .backoff(Duration::from_millis(5), Duration::from_millis(80))
///     .unwrap();
/// assert_eq!(config.id(), NodeId(1));
/// assert!(Config::new(NodeId(4), quorums).is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    quorums: QuorumSystem<NodeId>,
    pub(crate) resend_interval_ns: u64,
    pub(crate) backoff_min_ns: u64,
    pub(crate) backoff_max_ns: u64,
    pub(crate) ask_interval_ns: u64,
    pub(crate) patience_ns: u64,
    pub(crate) requests_max: usize,
    pub(crate) value_bytes_max: usize,
    pub(crate) records_max: usize,
}

/// Why a configuration is not usable.
///
/// ```
/// use paxos_core::{Config, ConfigError};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let error = Config::new(NodeId(4), quorums).unwrap_err();
/// assert_eq!(error, ConfigError::NotAMember { id: NodeId(4) });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node is not among the members of the quorum system.
    #[error("node {id} is not among the members")]
    NotAMember {
        /// The node.
        id: NodeId,
    },
    /// A limit is zero.
    #[error("{field} must be at least 1")]
    ZeroLimit {
        /// The field.
        field: &'static str,
    },
    /// The shortest back-off is above the longest one.
    #[error("a back-off of {min_ns} ns at least and {max_ns} ns at most")]
    Backoff {
        /// The shortest.
        min_ns: u64,
        /// The longest.
        max_ns: u64,
    },
}

impl Config {
    /// A configuration with the defaults of the table above.
    ///
    /// # Errors
    ///
    /// `id` is not a member of `quorums`.
    pub fn new(id: NodeId, quorums: QuorumSystem<NodeId>) -> Result<Self, ConfigError> {
        if !quorums.contains(&id) {
            return Err(ConfigError::NotAMember { id });
        }
        Ok(Self {
            id,
            quorums,
            resend_interval_ns: 50_000_000,
            backoff_min_ns: 10_000_000,
            backoff_max_ns: 1_000_000_000,
            ask_interval_ns: 1_000_000_000,
            patience_ns: 10_000_000_000,
            requests_max: 1_024,
            value_bytes_max: 1 << 20,
            records_max: 64,
        })
    }

    /// How long to wait for an answer before the question is sent again. Doubles each time, up to
    /// the longest back-off.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn resend_interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.resend_interval_ns = positive(nanos(interval), "resend_interval")?;
        Ok(self)
    }

    /// How long a proposer that was outbid waits before its next ballot: at least `min`, and a drawn
    /// time more, below a window that doubles with every failure from `min` to `max`.
    ///
    /// # Errors
    ///
    /// `min` is zero, or above `max`.
    pub fn backoff(mut self, min: Duration, max: Duration) -> Result<Self, ConfigError> {
        let (min_ns, max_ns) = (positive(nanos(min), "backoff")?, nanos(max));
        if min_ns > max_ns {
            return Err(ConfigError::Backoff { min_ns, max_ns });
        }
        (self.backoff_min_ns, self.backoff_max_ns) = (min_ns, max_ns);
        Ok(self)
    }

    /// How long a node that knows no decision is idle before it asks a peer, or finishes what it has
    /// accepted.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn ask_interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.ask_interval_ns = positive(nanos(interval), "ask_interval")?;
        Ok(self)
    }

    /// How long a request may wait before the node gives it up.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience_ns = nanos(patience);
        self
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

    /// The heaviest value that this node proposes, by [`Value::weight_bytes`](crate::Value).
    #[must_use]
    pub const fn value_bytes_max(mut self, bytes_max: usize) -> Self {
        self.value_bytes_max = bytes_max;
        self
    }

    /// The most records between two checkpoints.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn records_max(mut self, records_max: usize) -> Result<Self, ConfigError> {
        self.records_max = positive(records_max, "records_max")?;
        Ok(self)
    }

    /// This node.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The members and their quorums: a read quorum promises, a write quorum accepts.
    #[must_use]
    pub const fn quorums(&self) -> &QuorumSystem<NodeId> {
        &self.quorums
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn positive<N: Default + PartialEq>(value: N, field: &'static str) -> Result<N, ConfigError> {
    if value == N::default() {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}
