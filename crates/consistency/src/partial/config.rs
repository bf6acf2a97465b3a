//! Configuration: who the replicas are, how many answers are enough, how long to wait.

use alloc::vec::Vec;
use core::time::Duration;

use transport::NodeId;

use crate::strong::{Limits, MEMBERS_MAX, positive, positive_ns};

/// Whom a read asks. Writes go to all replicas in either case.
///
/// ```
/// assert_eq!(consistency::partial::Asks::default(), consistency::partial::Asks::All);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Asks {
    /// All N; the first R answers count, as in Dynamo.
    #[default]
    All,
    /// R of them, drawn with equal probability; all their answers count. Those that do not answer by the
    /// first resend are joined by all others.
    Quorum,
}

/// A checked configuration of one node of the store.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `asks` | all | a read should cost R messages, and may take longer |
/// | `read_repair` | no | replicas that a cut left behind should catch up when their keys are read |
/// | `resend_after` | 50 ms | a round trip and a disk sync take longer. Doubled with every attempt |
/// | `resend_interval_max` | 1 s | the longest of these waits |
/// | `patience` | 10 s | clients give up earlier; or writes should outlast longer cuts |
/// | `operations_max` | 1,024 | more clients are active at once |
/// | `keys_max` | 65,536 | there are more keys, deleted ones included. It should be equal on all nodes |
/// | `key_bytes_max` | 1 KiB | keys are longer. It must be equal on all nodes |
/// | `value_bytes_max` | 1 MiB | values are longer. It must be equal on all nodes |
/// | `checkpoint_bytes_min` | 1 MiB | a small state should be written anew less or more often |
///
/// ```
/// use consistency::partial::{Config, ConfigError};
/// use transport::NodeId;
/// let nodes = [1, 2, 3].map(NodeId);
/// let config = Config::new(NodeId(1), nodes, 2, 2)?;
/// assert!(config.is_regular());
/// let field = "write";
/// let refused = ConfigError::NotAQuorum { field, count: 4, members: 3 };
/// assert_eq!(Config::new(NodeId(1), nodes, 1, 4), Err(refused));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    members: Vec<NodeId>,
    read: usize,
    write: usize,
    pub(super) asks: Asks,
    pub(super) read_repair: bool,
    pub(super) resend_after_ns: u64,
    pub(super) resend_interval_max_ns: u64,
    pub(super) patience_ns: u64,
    pub(super) operations_max: usize,
    pub(super) limits: Limits,
    pub(super) checkpoint_bytes_min: u64,
}

/// Why a configuration is not usable.
///
/// ```
/// let error = consistency::partial::ConfigError::ZeroLimit { field: "keys_max" };
/// assert_eq!(error.to_string(), "keys_max must be at least 1");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node is not among the members.
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
    /// R or W is not in 1..=N.
    #[error("{field} is {count}, but must be from 1 to the {members} members")]
    NotAQuorum {
        /// `read` or `write`.
        field: &'static str,
        /// What it is.
        count: usize,
        /// How many members there are.
        members: usize,
    },
    /// A limit or a time is zero.
    #[error("{field} must be at least 1")]
    ZeroLimit {
        /// The field.
        field: &'static str,
    },
}

impl From<crate::strong::ConfigError> for ConfigError {
    fn from(error: crate::strong::ConfigError) -> Self {
        use crate::strong::ConfigError as Strong;
        match error {
            Strong::NotAMember { id } => Self::NotAMember { id },
            Strong::TooManyMembers { count } => Self::TooManyMembers { count },
            Strong::ZeroLimit { field } => Self::ZeroLimit { field },
        }
    }
}

impl Config {
    /// A configuration with the defaults of the table above: these replicas, `read` of which answer a
    /// read, and `write` of which store a write before it ends. A member named twice counts once.
    ///
    /// # Errors
    ///
    /// `id` is not a member, there are more than [`MEMBERS_MAX`], or R or W is not from 1 to N.
    pub fn new(
        id: NodeId,
        members: impl IntoIterator<Item = NodeId>,
        read: usize,
        write: usize,
    ) -> Result<Self, ConfigError> {
        let mut members: Vec<NodeId> = members.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        if !members.contains(&id) {
            return Err(ConfigError::NotAMember { id });
        }
        if members.len() > MEMBERS_MAX {
            let count = members.len();
            return Err(ConfigError::TooManyMembers { count });
        }
        for (field, count) in [("read", read), ("write", write)] {
            if !(1..=members.len()).contains(&count) {
                let members = members.len();
                return Err(ConfigError::NotAQuorum {
                    field,
                    count,
                    members,
                });
            }
        }
        Ok(Self {
            id,
            members,
            read,
            write,
            asks: Asks::All,
            read_repair: false,
            resend_after_ns: 50_000_000,
            resend_interval_max_ns: 1_000_000_000,
            patience_ns: 10_000_000_000,
            operations_max: 1_024,
            limits: Limits::DEFAULT,
            checkpoint_bytes_min: 1 << 20,
        })
    }

    /// Whom a read asks.
    #[must_use]
    pub const fn asks(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self
    }

    /// Whether a read sends the newest version to those that answered with an older one.
    #[must_use]
    pub const fn read_repair(mut self, repairs: bool) -> Self {
        self.read_repair = repairs;
        self
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

    /// How long an operation may take before it is given up, and how long a write is sent again.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn patience(mut self, patience: Duration) -> Result<Self, ConfigError> {
        self.patience_ns = positive_ns(patience, "patience")?;
        Ok(self)
    }

    /// The most operations under way at once. One more request is refused.
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

    /// How many bytes of records, at least, a checkpoint replaces.
    #[must_use]
    pub const fn checkpoint_bytes_min(mut self, bytes_min: u64) -> Self {
        self.checkpoint_bytes_min = bytes_min;
        self
    }

    /// This node.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The replicas, in order.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// R: how many answers a read waits for.
    #[must_use]
    pub const fn read(&self) -> usize {
        self.read
    }

    /// W: how many replicas have stored a write when it ends.
    #[must_use]
    pub const fn write(&self) -> usize {
        self.write
    }

    /// Whether any R replicas meet any W: R + W > N.
    #[must_use]
    pub const fn is_regular(&self) -> bool {
        // Both are at most 64.
        self.read + self.write > self.members.len()
    }

    /// The place of a member among them.
    pub(super) fn place(&self, node: NodeId) -> Option<usize> {
        self.members.binary_search(&node).ok()
    }
}
