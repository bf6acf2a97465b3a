//! Records: what survives a crash, and how a replica is rebuilt from it.

use alloc::vec::Vec;

use transport::{Bytes, NodeId, Stored};

use super::table::Table;
use super::{Config, ConfigError, KeyVersions, Versions};

/// One record of a replica's durable log.
///
/// ```
/// use consistency::eventual::{Config, EventualStore, KeyVersions, Record, Versions};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(0), [0, 1].map(NodeId)).unwrap();
/// let mut versions = Versions::new(2)?;
/// versions.put(0, &Default::default(), "apple".into())?;
/// let record = Record::Changed(vec![KeyVersions { key: "fruit".into(), versions }]);
/// let store = EventualStore::recover(&config, vec![Stored { token: Token(1), record }]).unwrap();
/// assert_eq!(store.versions(b"fruit").unwrap().siblings().len(), 1);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Record {
    /// These keys now have these versions.
    Changed(Vec<KeyVersions>),
    /// This key now has these versions, and this node has given one of their dots: the key counts
    /// among those it has written.
    Written(KeyVersions),
    /// The replica holds these keys and no other; stands for all records before it. A replica's log
    /// begins with one.
    Checkpoint {
        /// The members of the cluster, in order: whose counters the slots of the clocks are.
        members: Vec<NodeId>,
        /// The keys this node has given a dot for.
        written: Vec<KeyVersions>,
        /// The keys it knows from others only.
        learned: Vec<KeyVersions>,
    },
}

/// Why a replica cannot be rebuilt. Nothing is repaired by guessing: the disk, or whoever wrote the
/// records, needs a look.
///
/// ```
/// use consistency::eventual::{Config, EventualStore, Record, RecoverError};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(0), [NodeId(0)]).unwrap();
/// let members = || vec![NodeId(0)];
/// let record = || Record::Checkpoint { members: members(), written: vec![], learned: vec![] };
/// let records = [1, 2].map(|token| Stored { token: Token(token), record: record() });
/// let error = EventualStore::recover(&config, records.into()).unwrap_err();
/// assert_eq!(error, RecoverError::LateCheckpoint);
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log was written by a node of a cluster with other members: the slots of its clocks mean
    /// other nodes.
    #[error("the log is of a cluster of {} other members", members.len())]
    OtherMembers {
        /// The members that the log names.
        members: Vec<NodeId>,
    },
    /// A checkpoint stands after other records.
    #[error("a checkpoint stands after other records")]
    LateCheckpoint,
    /// A key appears twice in a checkpoint.
    #[error("the key {key:?} appears twice in a checkpoint")]
    RepeatedKey {
        /// The key.
        key: Bytes,
    },
    /// No replica of this cluster holds such versions: siblings out of order or not covered by the
    /// clock, a clock that is not as wide as the cluster, nothing written at all, or something beyond
    /// its limit.
    #[error("the versions of {key:?} are not those of a replica of this cluster")]
    Unsound {
        /// The key.
        key: Bytes,
    },
    /// The versions of a key forget something that an earlier record knew.
    #[error("the versions of {key:?} went back")]
    WentBack {
        /// The key.
        key: Bytes,
    },
    /// There are more keys than members × `keys_max`.
    #[error("more than {keys_max} keys")]
    TooManyKeys {
        /// The limit.
        keys_max: usize,
    },
}

impl Config {
    /// Whether a replica with this configuration could hold these versions.
    pub(super) fn allows(&self, key: &[u8], versions: &Versions) -> bool {
        let members = self.members().len();
        key.len() <= self.key_bytes_max
            && versions.siblings().len() <= self.siblings_max.saturating_mul(members)
            && versions
                .values()
                .all(|value| value.len() <= self.value_bytes_max)
            && versions.is_sound(members)
    }

    /// The most keys of a replica: each member writes at most `keys_max`.
    pub(super) fn all_keys_max(&self) -> usize {
        self.keys_max.saturating_mul(self.members().len())
    }
}

/// Folds records, oldest first.
pub(super) fn fold(config: &Config, records: Vec<Stored<Record>>) -> Result<Table, RecoverError> {
    let mut table = Table::default();
    for (place, stored) in records.into_iter().enumerate() {
        match stored.record {
            Record::Changed(items) => {
                for item in items {
                    take(config, &mut table, item, false)?;
                }
            }
            Record::Written(item) => take(config, &mut table, item, true)?,
            Record::Checkpoint { .. } if place > 0 => return Err(RecoverError::LateCheckpoint),
            Record::Checkpoint { members, .. } if members != config.members() => {
                return Err(RecoverError::OtherMembers { members });
            }
            Record::Checkpoint {
                written, learned, ..
            } => {
                for (items, has_own_dot) in [(written, true), (learned, false)] {
                    for item in items {
                        if table.get(&item.key).is_some() {
                            return Err(RecoverError::RepeatedKey { key: item.key });
                        }
                        take(config, &mut table, item, has_own_dot)?;
                    }
                }
            }
        }
    }
    Ok(table)
}

/// Takes a key of a record into the table.
fn take(
    config: &Config,
    table: &mut Table,
    item: KeyVersions,
    has_own_dot: bool,
) -> Result<(), RecoverError> {
    let KeyVersions { key, versions } = item;
    if !config.allows(&key, &versions) || versions.is_unwritten() {
        return Err(RecoverError::Unsound { key });
    }
    if let Some(before) = table.get(&key) {
        let mut merged = before.clone();
        if merged.merge(&versions).is_err() || merged != versions {
            return Err(RecoverError::WentBack { key });
        }
    }
    table.set(key, versions, has_own_dot);
    if table.len() > config.all_keys_max() {
        let keys_max = config.all_keys_max();
        return Err(RecoverError::TooManyKeys { keys_max });
    }
    Ok(())
}
