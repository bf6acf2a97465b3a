//! Configuration: who holds a replica, how often to compare, how much to hold.

use alloc::vec::Vec;
use core::time::Duration;

use transport::NodeId;

/// The most members: a clock has a counter for each, in every key.
const MEMBERS_MAX: usize = 1_024;

/// A checked configuration of one node.
///
/// Made by [`Config::new`] with usable defaults, changed by the methods named like its fields.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `exchange_interval` | 1 s | replicas must find lost messages sooner, or idle traffic matters. Each wait is drawn between this and half as much again |
/// | `keys_max` | 65,536 | a node writes more keys in its life. A replica holds up to members × this. Equal on all nodes |
/// | `siblings_max` | 64 | more writers meet on one key. A replica holds up to members × this. Equal on all nodes |
/// | `key_bytes_max` | 1 KiB | keys are longer. Equal on all nodes |
/// | `value_bytes_max` | 1 MiB | values are longer. Equal on all nodes |
/// | `page_keys_max` | 64 | a repair message must stay smaller, or lag behind is long |
/// | `page_bytes_max` | 1 MiB | the codec's frame limit is lower. A single key still travels whole |
/// | `requests_max` | 65,536 | memory for answers that wait for the disk must be smaller |
/// | `checkpoint_changes` | 1,024 | the log must be shorter. The next checkpoint waits for this many changed keys, or as many as there are keys |
///
/// ```
/// use core::time::Duration;
/// use consistency::eventual::Config;
/// use transport::NodeId;
/// let config = Config::new(NodeId(0), [0, 1, 2].map(NodeId))
///     .unwrap()
///     .exchange_interval(Duration::from_millis(100))
///     .unwrap();
/// assert_eq!(config.members().len(), 3);
/// assert!(Config::new(NodeId(4), [0, 1, 2].map(NodeId)).is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    id: NodeId,
    members: Vec<NodeId>,
    slot: usize,
    pub(super) exchange_interval_ns: u64,
    pub(super) keys_max: usize,
    pub(super) siblings_max: usize,
    pub(super) key_bytes_max: usize,
    pub(super) value_bytes_max: usize,
    pub(super) page_keys_max: usize,
    pub(super) page_bytes_max: usize,
    pub(super) requests_max: usize,
    pub(super) checkpoint_changes: usize,
}

/// Why a configuration is not usable.
///
/// ```
/// use consistency::eventual::ConfigError;
/// let error = ConfigError::ZeroLimit { field: "keys_max" };
/// assert_eq!(error.to_string(), "keys_max must be at least 1");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node is not among the members.
    #[error("{id} is not among the members")]
    NotAMember {
        /// The node.
        id: NodeId,
    },
    /// A member is named twice.
    #[error("{id} is named twice")]
    RepeatedMember {
        /// The member.
        id: NodeId,
    },
    /// There are more members than a clock should have slots.
    #[error("{count} members, more than 1,024")]
    TooManyMembers {
        /// How many.
        count: usize,
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
    /// The members of a cluster are fixed: a slot in every clock belongs to each.
    ///
    /// # Errors
    ///
    /// `id` is not among `members`, one of them is named twice, or there are more than 1,024.
    pub fn new(id: NodeId, members: impl IntoIterator<Item = NodeId>) -> Result<Self, ConfigError> {
        let mut members: Vec<NodeId> = members.into_iter().collect();
        members.sort_unstable();
        if let Some([id, _]) = members
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(ConfigError::RepeatedMember { id: *id });
        }
        if members.len() > MEMBERS_MAX {
            let count = members.len();
            return Err(ConfigError::TooManyMembers { count });
        }
        let Ok(slot) = members.binary_search(&id) else {
            return Err(ConfigError::NotAMember { id });
        };
        Ok(Self {
            id,
            members,
            slot,
            exchange_interval_ns: 1_000_000_000,
            keys_max: 65_536,
            siblings_max: 64,
            key_bytes_max: 1 << 10,
            value_bytes_max: 1 << 20,
            page_keys_max: 64,
            page_bytes_max: 1 << 20,
            requests_max: 65_536,
            checkpoint_changes: 1_024,
        })
    }

    /// How often this node compares its replica with that of a peer.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn exchange_interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.exchange_interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        if self.exchange_interval_ns == 0 {
            let field = "exchange_interval";
            return Err(ConfigError::ZeroLimit { field });
        }
        Ok(self)
    }

    /// The most keys that this node may write in its life, deleted ones included. Keys that others
    /// wrote do not count: a replica takes them all.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn keys_max(mut self, keys_max: usize) -> Result<Self, ConfigError> {
        self.keys_max = positive(keys_max, "keys_max")?;
        Ok(self)
    }

    /// The most siblings that a local write may leave. Replication may bring more; they stay.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn siblings_max(mut self, siblings_max: usize) -> Result<Self, ConfigError> {
        self.siblings_max = positive(siblings_max, "siblings_max")?;
        Ok(self)
    }

    /// The longest key, in bytes.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn key_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.key_bytes_max = positive(bytes_max, "key_bytes_max")?;
        Ok(self)
    }

    /// The longest value, in bytes.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn value_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.value_bytes_max = positive(bytes_max, "value_bytes_max")?;
        Ok(self)
    }

    /// The most keys in one repair message.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn page_keys_max(mut self, keys_max: usize) -> Result<Self, ConfigError> {
        self.page_keys_max = positive(keys_max, "page_keys_max")?;
        Ok(self)
    }

    /// The most bytes of keys and values in one repair message. A single heavier key still travels,
    /// alone.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn page_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.page_bytes_max = positive(bytes_max, "page_bytes_max")?;
        Ok(self)
    }

    /// The most answers that may wait for the disk; further requests are refused as overload.
    /// Messages that come while as many records wait are dropped: repair brings their content again.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn requests_max(mut self, requests_max: usize) -> Result<Self, ConfigError> {
        self.requests_max = positive(requests_max, "requests_max")?;
        Ok(self)
    }

    /// After how many changed keys the log is replaced by a checkpoint, if there are not more keys
    /// than that.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn checkpoint_changes(mut self, changes: usize) -> Result<Self, ConfigError> {
        self.checkpoint_changes = positive(changes, "checkpoint_changes")?;
        Ok(self)
    }

    /// This node.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// All members, this node included, in order: the slots of every clock.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// This node's place among the members.
    ///
    /// ```
    /// # use consistency::eventual::Config;
    /// # use transport::NodeId;
    /// assert_eq!(Config::new(NodeId(7), [9, 7, 3].map(NodeId)).unwrap().slot(), 1);
    /// ```
    #[must_use]
    pub const fn slot(&self) -> usize {
        self.slot
    }

    /// The `number`th of the other members.
    pub(super) fn peer(&self, number: usize) -> Option<NodeId> {
        self.peers().nth(number)
    }

    /// The other members, in order.
    pub(super) fn peers(&self) -> impl Iterator<Item = NodeId> {
        let id = self.id;
        self.members
            .iter()
            .copied()
            .filter(move |&member| member != id)
    }

    pub(super) fn is_peer(&self, node: NodeId) -> bool {
        node != self.id && self.members.binary_search(&node).is_ok()
    }
}

fn positive(value: usize, field: &'static str) -> Result<usize, ConfigError> {
    if value == 0 {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}
