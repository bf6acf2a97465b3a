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
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Entry {
    versions: Versions,
    fingerprint: u64,
}

impl Table {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Versions> {
        self.entries.get(key).map(|entry| &entry.versions)
    }

    /// Sets the versions of a key. O(log keys + bytes).
    pub(super) fn set(&mut self, key: Bytes, versions: Versions) {
        let fingerprint = fingerprint::of(&key, &versions);
        let entry = Entry {
            versions,
            fingerprint,
        };
        let before = self.entries.insert(key, entry);
        let before = before.map_or(0, |entry| entry.fingerprint);
        self.total = self.total.wrapping_sub(before).wrapping_add(fingerprint);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Versions)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key, &entry.versions))
    }

    /// Everything, as a checkpoint holds it.
    pub(super) fn to_vec(&self) -> Vec<KeyVersions> {
        self.iter()
            .map(|(key, versions)| KeyVersions {
                key: key.clone(),
                versions: versions.clone(),
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
            table.set(key, versions);
            let almost_all = Span {
                from: Bytes::default(),
                to: Some([255].as_slice().into()),
            };
            assert_eq!(table.fingerprint(&almost_all), table.total);
        }
        assert_eq!(table.len(), 50);
    }
}
