//! Configuration: who the members are, how long to wait, how much to hold.

use alloc::vec::Vec;
use core::time::Duration;

use quorum::QuorumSystem;
use transport::NodeId;

/// The most members a store can have: their answers are counted in one machine word.
pub const MEMBERS_MAX: usize = 64;

/// A checked configuration of one node of the store.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `resend_after` | 50 ms | a round trip and a disk sync take longer. Doubled with every attempt |
/// | `resend_interval_max` | 1 s | the longest of these waits |
/// | `patience` | 10 s | clients give up earlier |
/// | `operations_max` | 1,024 | more clients are active at once |
/// | `keys_max` | 65,536 | there are more keys, deleted ones included. It should be equal on all nodes |
/// | `key_bytes_max` | 1 KiB | keys are longer. It must be equal on all nodes |
/// | `value_bytes_max` | 1 MiB | values are longer. It must be equal on all nodes |
/// | `checkpoint_bytes_min` | 1 MiB | a small state should be written anew less or more often |
/// | `always_write_back` | no | every read should have two rounds, as in the paper |
///
/// ```
/// use consistency::strong::{Config, ConfigError};
/// use quorum::QuorumSystem;
/// use transport::NodeId;
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let config = Config::new(NodeId(1), quorums.clone()).unwrap().keys_max(100).unwrap();
/// assert_eq!(config.members().len(), 3);
/// let (id, field) = (NodeId(4), "keys_max");
/// assert_eq!(Config::new(id, quorums), Err(ConfigError::NotAMember { id }));
/// assert_eq!(config.keys_max(0), Err(ConfigError::ZeroLimit { field }));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    quorums: QuorumSystem<NodeId>,
    members: Vec<NodeId>,
    pub(super) resend_after_ns: u64,
    pub(super) resend_interval_max_ns: u64,
    pub(super) patience_ns: u64,
    pub(super) operations_max: usize,
    pub(super) limits: Limits,
    pub(super) checkpoint_bytes_min: u64,
    pub(super) always_write_back: bool,
}

/// What a replica may hold.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Limits {
    pub(crate) keys_max: usize,
    pub(crate) key_bytes_max: usize,
    pub(crate) value_bytes_max: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        keys_max: 65_536,
        key_bytes_max: 1 << 10,
        value_bytes_max: 1 << 20,
    };
}

/// Why a configuration is not usable.
///
/// ```
/// let error = consistency::strong::ConfigError::ZeroLimit { field: "keys_max" };
/// assert_eq!(error.to_string(), "keys_max must be at least 1");
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
    /// There are more members than can be counted.
    #[error("{count} members are more than the {MEMBERS_MAX} that can be counted")]
    TooManyMembers {
        /// How many there are.
        count: usize,
    },
    /// A limit or a time is zero.
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
    /// `id` is not a member of `quorums`, or there are more than [`MEMBERS_MAX`].
    pub fn new(id: NodeId, quorums: QuorumSystem<NodeId>) -> Result<Self, ConfigError> {
        if !quorums.contains(&id) {
            return Err(ConfigError::NotAMember { id });
        }
        let members: Vec<NodeId> = quorums.members().copied().collect();
        if members.len() > MEMBERS_MAX {
            let count = members.len();
            return Err(ConfigError::TooManyMembers { count });
        }
        Ok(Self {
            id,
            quorums,
            members,
            resend_after_ns: 50_000_000,
            resend_interval_max_ns: 1_000_000_000,
            patience_ns: 10_000_000_000,
            operations_max: 1_024,
            limits: Limits::DEFAULT,
            checkpoint_bytes_min: 1 << 20,
            always_write_back: false,
        })
    }

    /// How long an operation waits for answers before it asks again; each further wait is twice as long.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn resend_after(mut self, wait: Duration) -> Result<Self, ConfigError> {
        self.resend_after_ns = positive_ns(wait, "resend_after")?;
        Ok(self)
    }

    /// The longest wait between two attempts. A shorter one than `resend_after` stands for that.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn resend_interval_max(mut self, wait: Duration) -> Result<Self, ConfigError> {
        self.resend_interval_max_ns = positive_ns(wait, "resend_interval_max")?;
        Ok(self)
    }

    /// How long an operation may take before it is given up.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn patience(mut self, patience: Duration) -> Result<Self, ConfigError> {
        self.patience_ns = positive_ns(patience, "patience")?;
        Ok(self)
    }

    /// The most operations of this node's clients under way at once. One more is refused.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn operations_max(mut self, operations_max: usize) -> Result<Self, ConfigError> {
        self.operations_max = positive(operations_max, "operations_max")?;
        Ok(self)
    }

    /// The most keys a replica holds, deleted ones included.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn keys_max(mut self, keys_max: usize) -> Result<Self, ConfigError> {
        self.limits.keys_max = positive(keys_max, "keys_max")?;
        Ok(self)
    }

    /// The longest key, in bytes.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn key_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.limits.key_bytes_max = positive(bytes_max, "key_bytes_max")?;
        Ok(self)
    }

    /// The longest value, in bytes.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn value_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.limits.value_bytes_max = positive(bytes_max, "value_bytes_max")?;
        Ok(self)
    }

    /// How many bytes of records, at least, a checkpoint replaces. A state that is larger than this is
    /// written anew when the records outweigh it.
    #[must_use]
    pub const fn checkpoint_bytes_min(mut self, bytes_min: u64) -> Self {
        self.checkpoint_bytes_min = bytes_min;
        self
    }

    /// Whether a read tells every member what it returns, also those that hold it already.
    #[must_use]
    pub const fn always_write_back(mut self, always: bool) -> Self {
        self.always_write_back = always;
        self
    }

    /// This node.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Which members decide.
    #[must_use]
    pub const fn quorums(&self) -> &QuorumSystem<NodeId> {
        &self.quorums
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// The place of a member among them.
    pub(super) fn place(&self, node: NodeId) -> Option<usize> {
        self.members.binary_search(&node).ok()
    }
}

pub(crate) fn positive(value: usize, field: &'static str) -> Result<usize, ConfigError> {
    if value == 0 {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}

pub(crate) fn positive_ns(duration: Duration, field: &'static str) -> Result<u64, ConfigError> {
    match u64::try_from(duration.as_nanos()) {
        Ok(0) => Err(ConfigError::ZeroLimit { field }),
        nanos => Ok(nanos.unwrap_or(u64::MAX)),
    }
}
