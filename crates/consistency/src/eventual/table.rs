//! The table of a replica: keys in order, each with its versions and its fingerprint.
//!
//! The fingerprint of a span of keys is the sum of theirs. That of the whole table is kept up to
//! date, so an idle comparison costs O(1); that of another span is summed, in O(its keys).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;

use transport::Bytes;

use super::{KeyVersions, Span, Versions, fingerprint};

#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Table {
    entries: BTreeMap<Bytes, Entry>,
    /// The fingerprint of everything.
    total: u64,
    /// How many keys this node has given a dot for.
    written: usize,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Entry {
    versions: Versions,
    /// Whether this node has given a dot for the key. The clock does not tell: clients can claim one.
    is_written: bool,
    fingerprint: u64,
}

impl Table {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Versions> {
        self.entries.get(key).map(|entry| &entry.versions)
    }

    /// Whether this node has given a dot for the key.
    pub(super) fn is_written(&self, key: &[u8]) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.is_written)
    }

    /// How many keys this node has given a dot for.
    pub(super) const fn written_len(&self) -> usize {
        self.written
    }

    /// Sets the versions of a key, and whether they have a new dot of this node. O(log keys + bytes).
    pub(super) fn set(&mut self, key: Bytes, versions: Versions, has_own_dot: bool) {
        let fingerprint = fingerprint::of(&key, &versions);
        let was_written = self.is_written(&key);
        let is_written = was_written || has_own_dot;
        let entry = Entry {
            versions,
            is_written,
            fingerprint,
        };
        let before = self.entries.insert(key, entry);
        let before = before.map_or(0, |entry| entry.fingerprint);
        self.total = self.total.wrapping_sub(before).wrapping_add(fingerprint);
        self.written += usize::from(is_written && !was_written);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Versions)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key, &entry.versions))
    }

    /// What this node has given a dot for, or the rest, as a checkpoint holds it.
    pub(super) fn to_vec(&self, is_written: bool) -> Vec<KeyVersions> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.is_written == is_written)
            .map(|(key, entry)| KeyVersions {
                key: key.clone(),
                versions: entry.versions.clone(),
            })
            .collect()
    }

    /// The keys of a span with their fingerprints, in order.
    pub(super) fn span(&self, span: &Span) -> impl Iterator<Item = (&Bytes, u64)> {
        let to = match &span.to {
            Some(to) => Bound::Excluded(&**to),
            None => Bound::Unbounded,
        };
        // An empty span would make the map panic.
        let is_empty = span.is_empty();
        let from = if is_empty {
            Bound::Unbounded
        } else {
            Bound::Included(&*span.from)
        };
        let to = if is_empty { Bound::Unbounded } else { to };
        self.entries
            .range::<[u8], _>((from, to))
            .filter(move |_| !is_empty)
            .map(|(key, entry)| (key, entry.fingerprint))
    }

    /// The fingerprint of a span.
    pub(super) fn fingerprint(&self, span: &Span) -> u64 {
        if span.is_all() {
            return self.total;
        }
        self.span(span)
            .fold(0, |sum, (_, fingerprint)| sum.wrapping_add(fingerprint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_the_sum_over_the_keys() {
        let mut table = Table::default();
        for number in 0..200_u8 {
            let key = Bytes::from([number % 50].as_slice());
            let mut versions = Versions::new(1).unwrap();
            versions
                .put(
                    0,
                    &clocks::VectorClock::default(),
                    Bytes::from([number].as_slice()),
                )
                .unwrap();
            table.set(key, versions, number % 3 == 0);
            let almost_all = Span {
                from: Bytes::default(),
                to: Some([255].as_slice().into()),
            };
            assert_eq!(table.fingerprint(&almost_all), table.total);
        }
        assert_eq!(table.len(), 50);
        assert_eq!(table.written_len(), table.to_vec(true).len());
        assert_eq!(table.to_vec(true).len() + table.to_vec(false).len(), 50);
    }
}
