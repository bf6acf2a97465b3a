//! Registers (Gibbons and Korach 1997, section 4).
//!
//! A *cluster* is a write and the reads of its value. In every linearization it is one block, the write first: after
//! another write its value is gone for ever. Let `f` be the first return and `s` the last call in the cluster. A read
//! that returned before its write was called is a violation; otherwise the block can be laid
//! - if `f < s`: over `[f, s]`, and it cannot be laid over less (*forward zone*): the write at `f`, each read at its
//!   call or at `f`, whichever is later;
//! - if `s <= f`: at any single point of `[s, f]` (*backward zone*), for there all its operations are open.
//!
//! Blocks must not interleave, and nothing else binds them. So the history is linearizable exactly when no two forward
//! zones overlap (touching is allowed, and ordered by phases) and each backward zone has a point that is not strictly
//! inside a forward zone: as forward zones are disjoint, it fails only when one of them contains it.
//!
//! Reads of the initial value are the cluster of a write that returned before everything, at rank 0. That value must
//! not be written again.

use alloc::{vec, vec::Vec};

use super::{Columns, Finding, Kind, Pace, Points, Row, columns::NONE};
use crate::UnknownReason;

#[derive(Clone, Copy)]
struct Cluster {
    write: u32,
    /// A row that returns first, and when.
    first: u32,
    first_end: u32,
    /// A row that is called last, and when.
    last: u32,
    last_call: u32,
}

const NOBODY: Cluster = Cluster {
    write: NONE,
    first: NONE,
    first_end: u32::MAX,
    last: NONE,
    last_call: 0,
};

impl Cluster {
    const fn is_forward(&self) -> bool {
        self.first_end < self.last_call
    }

    const fn rows(&self) -> [u32; 3] {
        [self.write, self.first, self.last]
    }
}

pub(super) fn check(
    columns: &Columns<'_>,
    sees_initial: &dyn Fn(&Row) -> bool,
    pace: &mut Pace<'_>,
) -> Result<Finding, UnknownReason> {
    let clusters = match clusters(columns, sees_initial, pace)? {
        Ok(clusters) => clusters,
        Err(finding) => return Ok(finding),
    };
    let mut forward: Vec<(u32, u32, u32)> = Vec::new();
    for (value, cluster) in clusters.iter().enumerate() {
        if cluster.is_forward() {
            forward.push((cluster.first_end, cluster.last_call, value as u32));
        }
    }
    forward.sort_unstable();
    let conflict = |one: u32, other: u32| {
        let both = [one, other].map(|value| clusters.get(value as usize).copied());
        Finding::Conflict(
            both.into_iter()
                .flatten()
                .flat_map(|it| it.rows())
                .collect(),
        )
    };
    for pair in forward.windows(2) {
        if let [(_, last_call, one), (first_end, _, other)] = pair
            && last_call > first_end
        {
            return Ok(conflict(*one, *other));
        }
    }
    // Where each backward cluster goes.
    let mut points = vec![0_u32; clusters.len()];
    for ((value, cluster), point) in clusters.iter().enumerate().zip(&mut points) {
        pace.step()?;
        if cluster.is_forward() || cluster.first == NONE {
            continue;
        }
        let before = forward.partition_point(|(start, _, _)| *start < cluster.last_call);
        *point = cluster.last_call;
        if let Some((_, end, other)) = before.checked_sub(1).and_then(|it| forward.get(it)) {
            if *end > cluster.first_end {
                return Ok(conflict(*other, value as u32));
            }
            *point = cluster.last_call.max(*end);
        }
    }
    Ok(Finding::Order(order(columns, &clusters, &points)))
}

type Clusters = Result<Vec<Cluster>, Finding>;

fn clusters(
    columns: &Columns<'_>,
    sees_initial: &dyn Fn(&Row) -> bool,
    pace: &mut Pace<'_>,
) -> Result<Clusters, UnknownReason> {
    let mut clusters = vec![NOBODY; columns.values.len()];
    for (index, row) in columns.rows.iter().enumerate() {
        pace.step()?;
        let Some(cluster) = clusters.get_mut(row.value as usize) else {
            continue;
        };
        let index = index as u32;
        if row.kind == Kind::Insert {
            cluster.write = index;
        }
        if row.end < cluster.first_end {
            (cluster.first, cluster.first_end) = (index, row.end);
        }
        if cluster.last == NONE || row.call > cluster.last_call {
            (cluster.last, cluster.last_call) = (index, row.call);
        }
    }
    for cluster in &mut clusters {
        pace.step()?;
        let read = [cluster.first, cluster.last]
            .into_iter()
            .filter_map(|row| columns.row(row))
            .find(|row| row.kind == Kind::Observe);
        let sees_initial = read.is_some_and(sees_initial);
        match columns.row(cluster.write) {
            // Two writes of one value, one of them before everything.
            Some(_) if sees_initial => return Ok(Err(Finding::IsForTheSearch)),
            Some(write) if cluster.first_end < write.call => {
                return Ok(Err(Finding::Conflict(
                    [cluster.write, cluster.first].into(),
                )));
            }
            None if sees_initial => cluster.first_end = 0,
            None if read.is_some() => {
                return Ok(Err(Finding::Conflict([cluster.first].into())));
            }
            _ => {}
        }
    }
    Ok(Ok(clusters))
}

/// At one point: first what belongs to the forward block that ends there, then backward blocks one by one, then what
/// belongs to the forward block that begins there.
fn order(columns: &Columns<'_>, clusters: &[Cluster], points: &[u32]) -> Vec<u32> {
    let mut order = Points::with_capacity(columns.rows.len());
    for (index, row) in columns.rows.iter().enumerate() {
        let value = row.value as usize;
        let (Some(cluster), Some(&point)) = (clusters.get(value), points.get(value)) else {
            continue;
        };
        let is_read = u32::from(row.kind == Kind::Observe);
        if !cluster.is_forward() {
            let sequence = row.value.wrapping_mul(2).wrapping_add(is_read);
            order.place(point, 1, sequence, index as u32);
        } else if is_read == 1 && row.call > cluster.first_end {
            order.place(row.call, 0, 0, index as u32);
        } else {
            order.place(cluster.first_end, 2, is_read, index as u32);
        }
    }
    order.into_order()
}
