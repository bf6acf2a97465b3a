//! Records: what survives a crash, and how a node is rebuilt from it.

use alloc::vec::Vec;

use transport::{Bytes, NodeId, Stored as StoredRecord};

use super::config::Limits;
use super::replica::{OVERHEAD_BYTES, Replica, Stored, weight_bytes};
use super::{Timestamp, Version};

/// One record of a node's durable log. Written in order, and read back in the same order.
///
/// ```
/// use consistency::strong::{Config, Record, Store, Timestamp, Version};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
/// let timestamp = Timestamp::ZERO.above(NodeId(1)).unwrap();
/// let version = Version { timestamp, value: Some("a".into()) };
/// let records = [
///     Record::Incarnation { number: 1 },
///     Record::Version { key: "x".into(), version: version.clone() },
/// ];
/// let stored = |(token, record)| Stored { token: Token(token), record };
/// let store = Store::recover(&config, (1..).zip(records).map(stored).collect()).unwrap();
/// assert_eq!(store.version(b"x"), Some(&version));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Record {
    /// The node started, and names its operations by this number.
    Incarnation {
        /// How often it has started.
        number: u64,
    },
    /// The node holds this version.
    Version {
        /// The key.
        key: Bytes,
        /// Its version.
        version: Version,
    },
    /// Everything before this record.
    Checkpoint {
        /// The incarnation that wrote it.
        incarnation: u64,
        /// Every key held, in order, with its version.
        registers: Vec<(Bytes, Version)>,
    },
}

/// Why a node cannot be rebuilt. Nothing is repaired by guessing: the disk, the configuration, or
/// whoever wrote the records, needs a look.
///
/// ```
/// use consistency::strong::{Config, Record, RecoverError, Store};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
/// let record = Record::Incarnation { number: 7 };
/// let again = Stored { token: Token(1), record };
/// let error = Store::recover(&config, vec![again.clone(), again]).unwrap_err();
/// assert_eq!(error, RecoverError::IncarnationWentBack { number: 7, reached: 7 });
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// An incarnation is not above the one before it.
    #[error("incarnation {number} follows incarnation {reached}")]
    IncarnationWentBack {
        /// The number of the record.
        number: u64,
        /// The number before it.
        reached: u64,
    },
    /// Every incarnation's number is used.
    #[error("there is no incarnation after the last one")]
    IncarnationsUsedUp,
    /// A version stands before the first incarnation.
    #[error("the version {timestamp} was stored before the node first started")]
    NeverStarted {
        /// Its timestamp.
        timestamp: Timestamp,
    },
    /// A version is not above the one before it of the same key.
    #[error("the version {timestamp} of key {key:?} does not follow {held}")]
    VersionWentBack {
        /// The key.
        key: Bytes,
        /// The timestamp of the record.
        timestamp: Timestamp,
        /// The timestamp before it.
        held: Timestamp,
    },
    /// A timestamp that no member gives out.
    #[error("no member can have written the version {timestamp}")]
    Impossible {
        /// The timestamp.
        timestamp: Timestamp,
    },
    /// A checkpoint stands behind other records.
    #[error("a checkpoint stands behind other records")]
    MisplacedCheckpoint,
    /// The keys of a checkpoint are not in order.
    #[error("key {key:?} is out of order in the checkpoint")]
    OutOfOrder {
        /// The key.
        key: Bytes,
    },
    /// A key, a value or the number of keys is above the limit of the configuration.
    #[error("the records exceed {limit}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
    },
}

/// The durable state of a node.
pub(crate) struct Durable {
    /// Zero before the first start.
    pub(crate) incarnation: u64,
    pub(crate) replica: Replica,
    /// About what the records weigh that a checkpoint would replace.
    pub(crate) log_bytes: u64,
}

impl Durable {
    /// Folds records of one of these members, oldest first.
    pub(crate) fn fold(
        limits: Limits,
        members: &[NodeId],
        records: impl IntoIterator<Item = StoredRecord<Record>>,
    ) -> Result<Self, RecoverError> {
        let mut state = Self {
            incarnation: 0,
            replica: Replica::new(limits),
            log_bytes: 0,
        };
        for (place, stored) in records.into_iter().enumerate() {
            match stored.record {
                Record::Incarnation { number } => {
                    state.incarnation(number)?;
                    state.log_bytes = state.log_bytes.saturating_add(OVERHEAD_BYTES);
                }
                Record::Version { key, version } => {
                    state.version(members, &key, &version)?;
                    let weight = weight_bytes(&key, &version);
                    state.log_bytes = state.log_bytes.saturating_add(weight);
                }
                Record::Checkpoint { .. } if place > 0 => {
                    return Err(RecoverError::MisplacedCheckpoint);
                }
                Record::Checkpoint {
                    incarnation,
                    registers,
                } => {
                    state.incarnation(incarnation)?;
                    state.registers(members, registers)?;
                }
            }
        }
        Ok(state)
    }

    fn incarnation(&mut self, number: u64) -> Result<(), RecoverError> {
        if number <= self.incarnation {
            let reached = self.incarnation;
            return Err(RecoverError::IncarnationWentBack { number, reached });
        }
        self.incarnation = number;
        Ok(())
    }

    fn registers(
        &mut self,
        members: &[NodeId],
        registers: Vec<(Bytes, Version)>,
    ) -> Result<(), RecoverError> {
        let mut last: Option<Bytes> = None;
        for (key, version) in registers {
            if last.is_some_and(|last| last >= key) {
                return Err(RecoverError::OutOfOrder { key });
            }
            self.version(members, &key, &version)?;
            last = Some(key);
        }
        Ok(())
    }

    fn version(
        &mut self,
        members: &[NodeId],
        key: &Bytes,
        version: &Version,
    ) -> Result<(), RecoverError> {
        let timestamp = version.timestamp;
        if self.incarnation == 0 {
            return Err(RecoverError::NeverStarted { timestamp });
        }
        if timestamp == Timestamp::ZERO || !is_possible_timestamp(members, timestamp) {
            return Err(RecoverError::Impossible { timestamp });
        }
        if let Some(limit) = exceeded(self.replica.limits(), key, version) {
            return Err(RecoverError::TooLarge { limit });
        }
        let held = self.replica.timestamp(key);
        match self.replica.store(key, version) {
            Stored::Now => Ok(()),
            Stored::Full => Err(RecoverError::TooLarge { limit: "keys_max" }),
            Stored::Before | Stored::Conflict => Err(RecoverError::VersionWentBack {
                key: key.clone(),
                timestamp,
                held,
            }),
        }
    }
}

/// The limit of length that a version exceeds.
fn exceeded(limits: Limits, key: &Bytes, version: &Version) -> Option<&'static str> {
    let value = version.value.as_ref().map_or(0, |value| value.len());
    if key.len() > limits.key_bytes_max {
        Some("key_bytes_max")
    } else if value > limits.value_bytes_max {
        Some("value_bytes_max")
    } else {
        None
    }
}

/// Whether a version is one that a member could have sent.
pub(crate) fn is_possible(
    limits: Limits,
    members: &[NodeId],
    key: &Bytes,
    version: &Version,
) -> bool {
    is_possible_timestamp(members, version.timestamp)
        && version.timestamp != Timestamp::ZERO
        && exceeded(limits, key, version).is_none()
}

/// Whether a timestamp is one that a member gives out, or that of a key never written.
pub(crate) fn is_possible_timestamp(members: &[NodeId], timestamp: Timestamp) -> bool {
    let node: NodeId = timestamp.node;
    let is_given_out = (1..=Timestamp::COUNTER_MAX).contains(&timestamp.counter);
    timestamp == Timestamp::ZERO || is_given_out && members.binary_search(&node).is_ok()
}
