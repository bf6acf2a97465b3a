//! From a flat history to the clusters of each key: a write, the reads of its value, and where they begin and end.
//!
//! Positions become ranks of 32 bits, from 1; the initial value's write ends at rank 0, before everything. `NEVER` is
//! the end of what does not return. An indeterminate write that nobody read is left out: an order without it is no
//! worse. One that was read has no end of its own, so its cluster's first end is that of a read.

use alloc::{boxed::Box, vec, vec::Vec};

use super::Anomalous;
use crate::{
    Anomaly, Edge, NotCheckable, OperationId, Reason, Rule,
    transactions::{Ending, Header, MicroKind, Transactions},
};

/// The end of what does not return.
const NEVER: u32 = u32::MAX;
/// The operation that writes the initial value.
const INITIAL: u32 = u32::MAX;

const THIN_AIR: Rule = Rule {
    name: "thin-air-read",
    about: "a read returns a value that no operation that may have happened wrote",
};
const FUTURE: Rule = Rule {
    name: "future-read",
    about: "a read returns before the write of its value is called",
};

/// Why a history has no clusters.
pub(super) enum Refusal {
    Anomaly(Anomalous),
    NotCheckable(NotCheckable),
}

/// One read or write.
#[derive(Clone, Copy, Debug)]
struct Row {
    key: u32,
    value: u32,
    is_read: bool,
    /// Whether it happened for certain.
    is_heard: bool,
    operation: u32,
    call: u32,
    end: u32,
}

/// A write and the reads of its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cluster {
    pub(super) write: u32,
    /// Where the write begins.
    pub(super) call: u32,
    /// The first return of any of its operations, and whose it is.
    pub(super) first_end: u32,
    first_ended: u32,
    /// The last call of any of its operations, and whose it is.
    pub(super) last_call: u32,
    pub(super) last_called: u32,
}

/// A read, and the cluster it belongs to.
#[derive(Clone, Copy, Debug)]
struct Read {
    operation: u32,
    call: u32,
    cluster: u32,
}

/// The clusters of one key, by their first ends once they are cut.
#[derive(Debug)]
pub(super) struct Clusters {
    pub(super) key: u32,
    pub(super) clusters: Vec<Cluster>,
    reads: Vec<Read>,
}

impl Cluster {
    /// Whether all its values' life lies between two moments: it was there at `first_end` and still at `last_call`.
    pub(super) const fn is_forward(&self) -> bool {
        self.first_end < self.last_call
    }

    /// The left end of its zone.
    pub(super) fn low(&self) -> u32 {
        self.first_end.min(self.last_call)
    }

    /// The operations that make it what it is: its write, the first to return and the last to be called.
    pub(super) fn ends(&self) -> impl Iterator<Item = OperationId> {
        [self.write, self.first_ended, self.last_called]
            .into_iter()
            .filter(|it| *it != INITIAL)
            .map(|it| OperationId(it as usize))
    }

    pub(super) fn write_id(&self) -> Option<OperationId> {
        (self.write != INITIAL).then_some(OperationId(self.write as usize))
    }
}

impl Clusters {
    pub(super) fn get(&self, cluster: u32) -> Option<&Cluster> {
        self.clusters.get(cluster as usize)
    }

    /// The operations in order, when the writes of the clusters stand in this one: each read as early as it may.
    pub(super) fn order(&self, writes: &[u32]) -> Vec<OperationId> {
        let mut place_of = vec![0_u32; self.clusters.len()];
        for (place, cluster) in (0_u32..).zip(writes) {
            if let Some(slot) = place_of.get_mut(*cluster as usize) {
                *slot = place;
            }
        }
        let mut by_end: Vec<(u32, u32)> = self
            .clusters
            .iter()
            .zip(&place_of)
            .map(|(cluster, place)| (cluster.first_end, *place))
            .collect();
        by_end.sort_unstable();
        let mut latest = 0;
        for (_, place) in &mut by_end {
            latest = latest.max(*place);
            *place = latest;
        }
        let place_of = |cluster: u32| place_of.get(cluster as usize).copied().unwrap_or(0);
        let writes = (0..)
            .zip(&self.clusters)
            .filter(|(_, cluster)| cluster.write != INITIAL)
            .map(|(number, cluster)| (place_of(number), 0, cluster.write));
        let reads = self.reads.iter().map(|read| {
            let over = by_end.partition_point(|(end, _)| *end < read.call);
            let behind = over.checked_sub(1).and_then(|it| by_end.get(it));
            let place = behind.map_or(0, |it| it.1).max(place_of(read.cluster));
            (place, read.call, read.operation)
        });
        let mut order: Vec<(u32, u32, u32)> = writes.chain(reads).collect();
        order.sort_unstable();
        let name = |(_, _, operation)| OperationId(operation as usize);
        order.into_iter().map(name).collect()
    }
}

/// The clusters of every key. O(n log n).
pub(super) fn by_key(history: &Transactions) -> Result<Vec<Clusters>, Refusal> {
    let mut rows = rows(history)?;
    rows.sort_unstable_by_key(|row| (row.key, row.value, row.is_read, row.operation));
    let of_one_key = |a: &Row, b: &Row| a.key == b.key;
    let mut keys = Vec::new();
    for rows in rows.chunk_by(of_one_key) {
        keys.push(of_key(history, rows)?);
    }
    Ok(keys)
}

fn of_key(history: &Transactions, rows: &[Row]) -> Result<Clusters, Refusal> {
    let mut found = Clusters {
        key: rows.first().map_or(0, |row| row.key),
        clusters: Vec::new(),
        reads: Vec::new(),
    };
    for rows in rows.chunk_by(|a, b| a.value == b.value) {
        let (writes, reads) = rows.split_at(rows.partition_point(|row| !row.is_read));
        if reads.is_empty() {
            // Nobody has to say which of several writes was read.
            let happened = writes.iter().filter(|write| write.is_heard);
            found.clusters.extend(happened.map(Cluster::of));
            continue;
        }
        let cluster = the_writer(history, writes, reads)?;
        found.add(history, cluster, reads)?;
    }
    Ok(found)
}

/// The one write that these reads of one value saw.
fn the_writer(history: &Transactions, writes: &[Row], reads: &[Row]) -> Result<Cluster, Refusal> {
    let initial = Cluster::initial();
    let Some(read) = reads.first() else {
        return Ok(initial);
    };
    let is_initial = read.value == Transactions::NIL;
    match writes {
        [] if is_initial => Ok(initial),
        [write] if !is_initial => Ok(Cluster::of(write)),
        [] => Err(Refusal::Anomaly(Box::new(Anomaly {
            rule: THIN_AIR,
            operations: [OperationId(read.operation as usize)].into(),
            edges: Vec::new(),
            is_minimal: true,
        }))),
        _ => Err(Refusal::NotCheckable(NotCheckable::WrittenTwice {
            key: history.key(read.key),
            value: history.value(read.value),
        })),
    }
}

impl Clusters {
    fn add(
        &mut self,
        history: &Transactions,
        mut cluster: Cluster,
        reads: &[Row],
    ) -> Result<(), Refusal> {
        let number = self.clusters.len() as u32;
        for read in reads {
            if read.end < cluster.call && cluster.write != INITIAL {
                return Err(Refusal::Anomaly(from_the_future(history, &cluster, read)));
            }
            if read.end < cluster.first_end {
                cluster.first_end = read.end;
                cluster.first_ended = read.operation;
            }
            if read.call > cluster.last_call {
                cluster.last_call = read.call;
                cluster.last_called = read.operation;
            }
            self.reads.push(Read {
                operation: read.operation,
                call: read.call,
                cluster: number,
            });
        }
        self.clusters.push(cluster);
        Ok(())
    }
}

impl Cluster {
    const fn of(write: &Row) -> Self {
        Self {
            write: write.operation,
            call: write.call,
            first_end: write.end,
            first_ended: write.operation,
            last_call: write.call,
            last_called: write.operation,
        }
    }

    const fn initial() -> Self {
        Self {
            write: INITIAL,
            call: 0,
            first_end: 0,
            first_ended: INITIAL,
            last_call: 0,
            last_called: INITIAL,
        }
    }
}

fn from_the_future(history: &Transactions, cluster: &Cluster, read: &Row) -> Anomalous {
    let write = OperationId(cluster.write as usize);
    let read_id = OperationId(read.operation as usize);
    let mut operations = vec![write, read_id];
    operations.sort_unstable();
    let (key, value) = (history.key(read.key), history.value(read.value));
    let edge = |source, target, reason| Edge {
        source,
        target,
        reason,
    };
    Box::new(Anomaly {
        rule: FUTURE,
        operations,
        edges: [
            edge(write, read_id, Reason::ReadsFrom { key, value }),
            edge(read_id, write, Reason::RealTime),
        ]
        .into(),
        is_minimal: true,
    })
}

/// Every read and write that may have happened, with ranks for positions.
fn rows(history: &Transactions) -> Result<Vec<Row>, Refusal> {
    let ranks = ranks(history.headers());
    let rank = |position: u64| match ranks.binary_search(&position) {
        Ok(place) => (place as u32).saturating_add(1),
        Err(_) => NEVER,
    };
    let mut rows = Vec::new();
    for (place, header) in history.headers().iter().enumerate() {
        let micro = match history.micros_of(place) {
            [] => continue,
            _ if header.ending == Ending::Aborted => continue,
            [micro] => micro,
            _ => return Err(other(place)),
        };
        let is_read = match micro.kind {
            MicroKind::ReadUnheard => continue,
            MicroKind::Read => true,
            MicroKind::Write => false,
            _ => return Err(other(place)),
        };
        let is_heard = header.ending == Ending::Committed;
        if is_read && !is_heard {
            continue;
        }
        let end = is_heard.then_some(header.end_position);
        rows.push(Row {
            key: micro.key,
            value: micro.value,
            is_read,
            is_heard,
            operation: place as u32,
            call: rank(header.call.position),
            end: end.filter(|end| *end != u64::MAX).map_or(NEVER, rank),
        });
    }
    Ok(rows)
}

fn other(place: usize) -> Refusal {
    let operation = OperationId(place);
    Refusal::NotCheckable(NotCheckable::NotReadOrWrite { operation })
}

/// Every position at which something was called or returned, ascending.
fn ranks(headers: &[Header]) -> Vec<u64> {
    let mut positions: Vec<u64> = headers
        .iter()
        .flat_map(|header| [header.call.position, header.end_position])
        .collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}
