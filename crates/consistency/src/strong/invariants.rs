//! Invariants: the store's promises as functions over the nodes' states, for simulators and explorers.
//!
//! [`one_value_per_timestamp`] looks at one moment; a [`Ledger`] remembers what replicas held and what
//! was acknowledged. It is fed a node after each of its steps and every event, and asked about what
//! crashes would leave.
//!
//! ```
//! use consistency::strong::invariants::{Ledger, one_value_per_timestamp};
//! use consistency::strong::{Config, Store};
//! use quorum::QuorumSystem;
//! use transport::{NodeId, Recover};
//!
//! let quorums = QuorumSystem::majority([NodeId(1)])?;
//! let store = Store::recover(&Config::new(NodeId(1), quorums)?, vec![])?;
//! let mut ledger = Ledger::new();
//! ledger.observe(&store)?;
//! one_value_per_timestamp([&store])?;
//! ledger.acknowledged_is_durable([&store])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;

use transport::{Bytes, NodeId};

use super::{Event, Store, Timestamp, Version};

/// A promise that was broken, and by whom.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A replica replaced a version by a lower one, or forgot it.
    #[error("versions rise: {node} went back from {held} to {timestamp} on key {key:?}")]
    WentBack {
        /// The replica.
        node: NodeId,
        /// The key.
        key: Bytes,
        /// What it held.
        held: Timestamp,
        /// What it holds.
        timestamp: Timestamp,
    },
    /// Two values have the same timestamp.
    #[error("one value per timestamp: key {key:?} has two at {timestamp}, one of them at {node}")]
    TwoValues {
        /// The key.
        key: Bytes,
        /// The timestamp.
        timestamp: Timestamp,
        /// A replica that holds one of them.
        node: NodeId,
    },
    /// If every node crashed now, what was acknowledged might not be read.
    #[error("acknowledged is durable: {timestamp} of key {key:?} is not at a write quorum")]
    NotDurable {
        /// The key.
        key: Bytes,
        /// The timestamp that was read or written.
        timestamp: Timestamp,
    },
    /// Two writes were acknowledged under one timestamp.
    #[error("a timestamp is used once: two writes of key {key:?} ended as {timestamp}")]
    WrittenTwice {
        /// The key.
        key: Bytes,
        /// The timestamp.
        timestamp: Timestamp,
    },
}

impl Broken {
    /// The promise's name, as tools print it.
    ///
    /// ```
    /// use consistency::strong::Timestamp;
    /// use consistency::strong::invariants::Broken;
    /// let broken = Broken::NotDurable { key: "x".into(), timestamp: Timestamp::ZERO };
    /// assert_eq!(broken.rule(), "acknowledged-is-durable");
    /// ```
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::WentBack { .. } => "versions-rise",
            Self::TwoValues { .. } => "one-value-per-timestamp",
            Self::NotDurable { .. } => "acknowledged-is-durable",
            Self::WrittenTwice { .. } => "timestamp-used-once",
        }
    }
}

/// No two of these replicas hold different values under the same timestamp of a key now. O(keys · nodes
/// · log keys).
///
/// # Errors
///
/// [`Broken::TwoValues`].
pub fn one_value_per_timestamp<'a>(
    stores: impl IntoIterator<Item = &'a Store>,
) -> Result<(), Broken> {
    let mut values: BTreeMap<(&Bytes, Timestamp), &Version> = BTreeMap::new();
    for store in stores {
        for (key, version) in store.versions() {
            let timestamp = version.timestamp;
            if *values.entry((key, timestamp)).or_insert(version) != version {
                return Err(Broken::TwoValues {
                    key: key.clone(),
                    timestamp,
                    node: store.config().id(),
                });
            }
        }
    }
    Ok(())
}

/// What replicas held and what clients were told.
///
/// Feeding it a node whose replica did not change costs O(log nodes); otherwise O(keys).
///
/// ```
/// use consistency::strong::invariants::{Broken, Ledger};
/// use consistency::strong::{Config, Event, Store, Timestamp};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, RequestId};
/// let quorums = QuorumSystem::majority([NodeId(1)])?;
/// let store = Store::recover(&Config::new(NodeId(1), quorums)?, vec![])?;
/// let timestamp = Timestamp { counter: 1, node: NodeId(1) };
/// let mut ledger = Ledger::new();
/// ledger.acknowledge(&Event::Written { id: RequestId(1), key: "x".into(), timestamp })?;
/// // The replica does not hold what was acknowledged.
/// let lost = Broken::NotDurable { key: "x".into(), timestamp };
/// assert_eq!(ledger.acknowledged_is_durable([&store]), Err(lost));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    replicas: BTreeMap<NodeId, Seen>,
    /// Versions that left their writer, which lets them go only when they are durable.
    settled: BTreeMap<(Bytes, Timestamp), Option<Bytes>>,
    written: BTreeMap<(Bytes, Timestamp), ()>,
    acknowledged: BTreeMap<Bytes, Timestamp>,
}

#[derive(Clone, Debug)]
struct Seen {
    changes: u64,
    versions: BTreeMap<Bytes, Timestamp>,
}

impl Ledger {
    /// A ledger of a store that has done nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            replicas: BTreeMap::new(),
            settled: BTreeMap::new(),
            written: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
        }
    }

    /// Judges a node after one of its steps.
    ///
    /// # Errors
    ///
    /// [`Broken::WentBack`] or [`Broken::TwoValues`].
    pub fn observe(&mut self, store: &Store) -> Result<(), Broken> {
        let node = store.config().id();
        let before = self.replicas.get(&node);
        if before.is_some_and(|seen| seen.changes == store.changes()) {
            return Ok(());
        }
        if let Some(seen) = before {
            for (key, &held) in &seen.versions {
                let now = store.version(key);
                let timestamp = now.map_or(Timestamp::ZERO, |version| version.timestamp);
                if timestamp < held {
                    let key = key.clone();
                    return Err(Broken::WentBack {
                        node,
                        key,
                        held,
                        timestamp,
                    });
                }
            }
        }
        for (key, version) in store.versions() {
            self.settle(node, key, version)?;
        }
        let versions = store.versions();
        let versions = versions.map(|(key, version)| (key.clone(), version.timestamp));
        let seen = Seen {
            changes: store.changes(),
            versions: versions.collect(),
        };
        self.replicas.insert(node, seen);
        Ok(())
    }

    fn settle(&mut self, node: NodeId, key: &Bytes, version: &Version) -> Result<(), Broken> {
        let timestamp = version.timestamp;
        let name = (key.clone(), timestamp);
        let is_same = match self.settled.get(&name) {
            Some(value) => *value == version.value,
            // Its writer may still lose it, and use the timestamp again.
            None if node == timestamp.node => true,
            None => {
                self.settled.insert(name, version.value.clone());
                true
            }
        };
        if is_same {
            return Ok(());
        }
        let key = key.clone();
        Err(Broken::TwoValues {
            key,
            timestamp,
            node,
        })
    }

    /// The node crashed: what its replica holds may go back to what was durable.
    pub fn forget(&mut self, node: NodeId) {
        self.replicas.remove(&node);
    }

    /// A client heard this.
    ///
    /// # Errors
    ///
    /// [`Broken::WrittenTwice`].
    pub fn acknowledge(&mut self, event: &Event) -> Result<(), Broken> {
        let (key, timestamp) = match event {
            Event::Read { key, version, .. } => (key, version.timestamp),
            Event::Written { key, timestamp, .. } => {
                let name = (key.clone(), *timestamp);
                if self.written.insert(name, ()).is_some() {
                    let (key, timestamp) = (key.clone(), *timestamp);
                    return Err(Broken::WrittenTwice { key, timestamp });
                }
                (key, *timestamp)
            }
            Event::Refused { .. } | Event::Unknown { .. } => return Ok(()),
        };
        let greatest = self.acknowledged.entry(key.clone()).or_default();
        *greatest = timestamp.max(*greatest);
        Ok(())
    }

    /// If every node crashed now, a write quorum would still hold what was acknowledged, or greater
    /// versions. `recovered` are all members as their durable records would rebuild them. O(keys · nodes ·
    /// log keys).
    ///
    /// # Errors
    ///
    /// [`Broken::NotDurable`].
    pub fn acknowledged_is_durable<'a>(
        &self,
        recovered: impl IntoIterator<Item = &'a Store>,
    ) -> Result<(), Broken> {
        let stores = recovered.into_iter();
        let stores: BTreeMap<NodeId, &Store> =
            stores.map(|store| (store.config().id(), store)).collect();
        let Some(any) = stores.values().next() else {
            return Ok(());
        };
        for (key, &timestamp) in &self.acknowledged {
            let holds = |node: &NodeId| {
                let version = stores.get(node).and_then(|store| store.version(key));
                version.is_some_and(|version| version.timestamp >= timestamp)
            };
            if timestamp > Timestamp::ZERO && !any.config().quorums().is_write_quorum(holds) {
                let key = key.clone();
                return Err(Broken::NotDurable { key, timestamp });
            }
        }
        Ok(())
    }
}
