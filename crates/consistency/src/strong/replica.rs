//! The replica: the greatest version of each key that this node was told.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use transport::Bytes;

use super::config::Limits;
use super::{Timestamp, Version};

/// What a record or a register takes beside key and value: tags, lengths and the timestamp.
pub(crate) const OVERHEAD_BYTES: u64 = 32;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Replica {
    limits: Limits,
    registers: BTreeMap<Bytes, Version>,
    weight_bytes: u64,
}

/// What an update did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stored {
    /// The version is new here: it needs a record.
    Now,
    /// It, or a greater one, was here before.
    Before,
    /// There is no room for its key.
    Full,
    /// Another value is here under the same timestamp.
    Conflict,
}

impl Replica {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            registers: BTreeMap::new(),
            weight_bytes: 0,
        }
    }

    /// Keeps the version if it is greater than what is here. O(log keys).
    pub(crate) fn store(&mut self, key: &Bytes, version: &Version) -> Stored {
        let weight = weight_bytes(key, version);
        if let Some(held) = self.registers.get_mut(&**key) {
            if version.timestamp <= held.timestamp {
                let conflicts = version.timestamp == held.timestamp && version.value != held.value;
                return if conflicts {
                    Stored::Conflict
                } else {
                    Stored::Before
                };
            }
            let before = weight_bytes(key, held);
            *held = version.clone();
            self.weight_bytes = self.weight_bytes.saturating_sub(before);
        } else if version.timestamp == Timestamp::ZERO {
            return Stored::Before;
        } else if self.registers.len() >= self.limits.keys_max {
            return Stored::Full;
        } else {
            self.registers.insert(key.clone(), version.clone());
        }
        self.weight_bytes = self.weight_bytes.saturating_add(weight);
        Stored::Now
    }

    pub(crate) fn version(&self, key: &[u8]) -> Option<&Version> {
        self.registers.get(key)
    }

    pub(crate) fn timestamp(&self, key: &[u8]) -> Timestamp {
        self.version(key)
            .map_or(Timestamp::ZERO, |version| version.timestamp)
    }

    pub(crate) fn has_room(&self, key: &[u8]) -> bool {
        self.registers.len() < self.limits.keys_max || self.registers.contains_key(key)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&Bytes, &Version)> {
        self.registers.iter()
    }

    pub(crate) fn registers(&self) -> Vec<(Bytes, Version)> {
        let pairs = self.registers.iter();
        pairs
            .map(|(key, version)| (key.clone(), version.clone()))
            .collect()
    }

    /// About what a record of the whole state takes.
    pub(crate) const fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }
}

/// About what a record of one version takes.
pub(crate) fn weight_bytes(key: &Bytes, version: &Version) -> u64 {
    let value = version.value.as_ref().map_or(0, |value| value.len());
    let bytes = key.len().saturating_add(value);
    OVERHEAD_BYTES.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
}
