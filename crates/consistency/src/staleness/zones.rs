//! Zones: where the history of a key falls apart, and which orders a piece can have for k = 1 and k = 2.
//!
//! The zone of a cluster lies between `first_end` and `last_call`: *forward* when `first_end` is the smaller one, else
//! *backward*. Two clusters *conflict* when each has an operation over before the other's last one is called: then
//! neither can be wholly before the other.
//!
//! **Pieces** (the chunks of Golab, Hurwitz and Li 2013, section 4). Forward zones that overlap one another in a row
//! make one piece, whose interval is their union; a backward zone strictly inside that interval belongs to it; any
//! other one is a piece of its own. Sorted by the left ends of their intervals (of equal ones a lone backward zone
//! first), no operation of a later piece is over before one of an earlier piece is called. So an order of the whole
//! may be sorted piece by piece: that moves no read further from its write. The staleness of a key is that of its
//! worst piece.
//!
//! **k = 1.** A piece of two clusters has two in conflict, and conflicting clusters have k >= 2.
//!
//! **k = 2.** Conflicting clusters stand side by side. The forward zones of a piece overlap in a row, so they stand in
//! one unbroken row x1..xm, and only neighbours overlap. For m >= 3 time gives its direction. Sorted by `first_end` it is
//! that row, but for x1 and x2, which may be swapped; for m = 2 the swap is the other direction. A backward cluster b of
//! the piece cannot break the row. Before it, b stands right at x1, since some forward zone began to be over before b
//! was called; behind it right at xm, likewise. So there are at most two of them, and at most four orders to try.

use alloc::{vec, vec::Vec};

use super::{
    StaleEvidence,
    clusters::{Cluster, Clusters},
};

/// Clusters that belong together.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The clusters, by `first_end`. Everything below counts in places of this list.
    pub(super) members: Vec<u32>,
    /// For each member how many of the first members must stand before it.
    pub(super) before: Vec<u32>,
    /// For each member how many of the first members must stand at most k - 1 places behind it.
    pub(super) within: Vec<u32>,
}

/// So many writes certainly lie between this member's write and its last read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certain {
    member: u32,
    pub(super) count: usize,
}

/// Shrinking tries each member of a piece once; larger pieces are left as they are.
const SHRUNK_MAX: usize = 64;

/// The pieces of these clusters, in order. O(n log n).
pub(super) fn cut(clusters: &Clusters, of: impl Iterator<Item = u32>) -> Vec<Piece> {
    let mut forward = Vec::new();
    let mut backward = Vec::new();
    for number in of {
        match clusters.get(number) {
            Some(it) if it.is_forward() => forward.push((it.first_end, it.last_call, number)),
            Some(it) => backward.push((it.last_call, it.first_end, number)),
            None => {}
        }
    }
    forward.sort_unstable();
    // Interval and members of each piece, by the left end.
    let mut pieces: Vec<(u32, u32, Vec<u32>)> = Vec::new();
    for (low, high, number) in forward {
        match pieces.last_mut() {
            Some((_, end, members)) if low < *end => {
                *end = high.max(*end);
                members.push(number);
            }
            _ => pieces.push((low, high, vec![number])),
        }
    }
    let mut alone = Vec::new();
    for (low, high, number) in backward {
        let begun = pieces.partition_point(|(begin, _, _)| *begin < low);
        match begun.checked_sub(1).and_then(|it| pieces.get_mut(it)) {
            Some((_, end, members)) if high < *end => members.push(number),
            _ => alone.push((low, false, vec![number])),
        }
    }
    let joined = pieces
        .into_iter()
        .map(|(low, _, members)| (low, true, members));
    alone.extend(joined);
    alone.sort_by_key(|(low, is_forward, _)| (*low, *is_forward));
    let piece = |(_, _, members)| Piece::new(clusters, members);
    alone.into_iter().map(piece).collect()
}

impl Piece {
    fn new(clusters: &Clusters, mut members: Vec<u32>) -> Self {
        let of = |number: &u32| clusters.get(*number);
        members.sort_by_key(|it| (of(it).map_or(0, |it| it.first_end), *it));
        let ends: Vec<u32> = members
            .iter()
            .filter_map(|it| Some(of(it)?.first_end))
            .collect();
        let over = |moment: u32| ends.partition_point(|end| *end < moment) as u32;
        let known = || members.iter().filter_map(of);
        Self {
            before: known().map(|it| over(it.call)).collect(),
            within: known().map(|it| over(it.last_call)).collect(),
            members,
        }
    }

    fn len(&self) -> u32 {
        self.members.len() as u32
    }

    fn cluster<'a>(&self, clusters: &'a Clusters, member: u32) -> Option<&'a Cluster> {
        clusters.get(*self.members.get(member as usize)?)
    }

    /// The clusters that stand for these members.
    pub(super) fn named(&self, order: &[u32]) -> Vec<u32> {
        let name = |member: &u32| self.members.get(*member as usize).copied();
        order.iter().filter_map(name).collect()
    }

    /// The staleness of this order of all members; `None` where it breaks real time.
    fn staleness_of(&self, order: &[u32]) -> Option<usize> {
        let mut place_of = vec![0_usize; self.members.len()];
        for (place, member) in order.iter().enumerate() {
            *place_of.get_mut(*member as usize)? = place;
        }
        let mut latest = 0;
        let latest: Vec<usize> = place_of
            .iter()
            .map(|place| {
                latest = latest.max(*place);
                latest
            })
            .collect();
        // The last place among the first members.
        let last_of = |count: u32| latest.get((count as usize).checked_sub(1)?).copied();
        let mut staleness = 1;
        for ((place, before), within) in place_of.iter().zip(&self.before).zip(&self.within) {
            if last_of(*before).is_some_and(|last| last >= *place) {
                return None;
            }
            let behind = last_of(*within).unwrap_or(0).saturating_sub(*place);
            staleness = staleness.max(behind.saturating_add(1));
        }
        Some(staleness)
    }
}

/// An order of a piece, as clusters, and its staleness: the least one if that is 1 or 2.
pub(super) fn best_order(clusters: &Clusters, piece: &Piece) -> (Vec<u32>, usize) {
    let by_end: Vec<u32> = (0..piece.len()).collect();
    let mut best: Option<(usize, Vec<u32>)> = None;
    let mut offer = |order: Vec<u32>| {
        let Some(staleness) = piece.staleness_of(&order) else {
            return false;
        };
        if best.as_ref().is_none_or(|(least, _)| staleness < *least) {
            best = Some((staleness, order));
        }
        staleness <= 2
    };
    let is_done = by_end.len() < 2 || orders_of_two(clusters, piece).into_iter().any(&mut offer);
    if !is_done {
        let key = |member: &u32| piece.cluster(clusters, *member);
        let mut by_call = by_end.clone();
        by_call.sort_by_key(|it| key(it).map(|it| it.call));
        let mut by_low = by_end.clone();
        by_low.sort_by_key(|it| key(it).map(|it| (it.low(), it.is_forward())));
        offer(by_call);
        offer(by_low);
    }
    // Sorted by the first ends, every order keeps real time.
    offer(by_end.clone());
    let (staleness, order) = best.unwrap_or((by_end.len().max(1), by_end));
    (piece.named(&order), staleness)
}

/// The only orders that a piece of staleness 2 can have.
fn orders_of_two(clusters: &Clusters, piece: &Piece) -> Vec<Vec<u32>> {
    let is_forward = |member: &u32| {
        let cluster = piece.cluster(clusters, *member);
        cluster.is_some_and(Cluster::is_forward)
    };
    let (row, backward): (Vec<u32>, Vec<u32>) = (0..piece.len()).partition(is_forward);
    let mut swapped = row.clone();
    if let [first, second, ..] = swapped.as_mut_slice() {
        core::mem::swap(first, second);
    }
    let mut orders = Vec::new();
    for row in [row.as_slice(), &swapped] {
        match *backward.as_slice() {
            [] => orders.push(row.to_vec()),
            [one] => orders.extend([[&[one], row].concat(), [row, &[one]].concat()]),
            [one, two] => orders.extend([
                [&[one], row, &[two]].concat(),
                [&[two], row, &[one]].concat(),
            ]),
            _ => {}
        }
    }
    orders
}

/// The member whose write and last read have the most writes certainly between them. A write certainly follows
/// another when an operation of the other's cluster returned before it was called. O(m log m).
pub(super) fn certain(clusters: &Clusters, piece: &Piece) -> Option<Certain> {
    let known = || piece.members.iter().filter_map(|it| clusters.get(*it));
    let mut calls: Vec<u32> = known().map(|it| it.call).collect();
    calls.sort_unstable();
    let mut by_within: Vec<u32> = (0..piece.len()).collect();
    by_within.sort_by_key(|it| piece.within.get(*it as usize).copied());
    let mut counts = Counts(vec![0; calls.len().saturating_add(1)]);
    let mut added = 0;
    let mut best: Option<Certain> = None;
    for member in by_within {
        let within = piece.within.get(member as usize).copied().unwrap_or(0);
        while added < within {
            let call = piece.cluster(clusters, added).map_or(0, |it| it.call);
            counts.add(calls.partition_point(|other| *other < call));
            added = added.saturating_add(1);
        }
        let end = piece.cluster(clusters, member).map_or(0, |it| it.first_end);
        let early = counts.below(calls.partition_point(|call| *call <= end));
        let count = (added as usize).saturating_sub(early);
        if best.is_none_or(|it| it.count < count) {
            best = Some(Certain { member, count });
        }
    }
    best
}

/// The evidence of [`certain`].
pub(super) fn between(
    clusters: &Clusters,
    piece: &Piece,
    certain: Certain,
) -> Option<StaleEvidence> {
    let stale = piece.cluster(clusters, certain.member)?;
    let within = piece.within.get(certain.member as usize).copied()?;
    let first = piece.members.iter().take(within as usize);
    let mut between: Vec<&Cluster> = first
        .filter_map(|it| clusters.get(*it))
        .filter(|it| it.call > stale.first_end)
        .collect();
    between.sort_by_key(|it| it.call);
    Some(StaleEvidence::Between {
        write: stale.write_id(),
        read: crate::OperationId(stale.last_called as usize),
        between: between.into_iter().filter_map(Cluster::write_id).collect(),
    })
}

/// Two clusters in conflict, in a piece of several.
pub(super) fn conflict(clusters: &Clusters, piece: &Piece) -> Vec<u32> {
    let known = || {
        piece
            .members
            .iter()
            .filter_map(|it| Some((*it, clusters.get(*it)?)))
    };
    let Some((first, one)) = known().find(|(_, it)| it.is_forward()) else {
        return Vec::new();
    };
    let other = known().find(|(number, two)| {
        *number != first && one.first_end < two.last_call && two.first_end < one.last_call
    });
    other.map_or(Vec::new(), |(second, _)| vec![first, second])
}

/// Clusters of a piece without order for k = 2: of a small piece as few as will do.
pub(super) fn shrink(clusters: &Clusters, piece: &Piece) -> Vec<u32> {
    let mut kept = piece.members.clone();
    if kept.len() > SHRUNK_MAX {
        return kept;
    }
    for member in &piece.members {
        let fewer = || kept.iter().copied().filter(|it| it != member);
        let pieces = cut(clusters, fewer());
        if pieces.iter().any(|it| best_order(clusters, it).1 > 2) {
            kept = fewer().collect();
        }
    }
    kept
}

/// How many were added below a place: a Fenwick tree.
struct Counts(Vec<usize>);

impl Counts {
    fn add(&mut self, place: usize) {
        let mut node = place.saturating_add(1);
        while let Some(count) = self.0.get_mut(node) {
            *count = count.saturating_add(1);
            node = node.saturating_add(node & node.wrapping_neg());
        }
    }

    fn below(&self, place: usize) -> usize {
        let (mut node, mut sum) = (place, 0_usize);
        while node > 0 {
            sum = sum.saturating_add(self.0.get(node).copied().unwrap_or(0));
            node &= node.wrapping_sub(1);
        }
        sum
    }
}
