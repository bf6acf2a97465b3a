//! How stale reads are, in versions: the smallest k for which a history is k-atomic.
//!
//! *k-atomic* (Aiyer, Alvisi, Bazzi 2005): there is one order of the operations of a key, within real time, in which
//! each read returns one of the k latest writes before it. 1-atomic is linearizable. The initial value counts as a
//! write before all others.
//!
//! # From operations to clusters
//! Values are distinct, so a write and the reads of its value form a *cluster* (Gibbons and Korach 1997). Of it
//! matter: `call`, where its write begins; `first_end`, the first return of any of its operations; `last_call`, the
//! last call of any. Read from left to right, an order of the writes decides everything: each read is placed as early
//! as it may, that is after its write and after everything that returned before it was called, for later never helps.
//! Whatever returned before a moment t belongs to a cluster with `first_end < t`, and the writes of all these clusters
//! stand before everything called at t. So an order of the writes works, with staleness k, exactly when for all
//! clusters v and w
//!
//! - `first_end(v) < call(w)` implies that v stands before w,
//! - `first_end(v) < last_call(w)` implies that v stands at most k - 1 places behind w.
//!
//! (Only the last-called read of a cluster needs to be looked at: it needs all that the others need.) `clusters.rs`
//! makes them, `zones.rs` decides k = 1 and k = 2 and cuts a history into pieces that do not touch each other,
//! `search.rs` tries orders of one piece. [`verify_staleness`] knows none of this: it replays an order.

mod clusters;
mod search;
mod verify;
mod zones;

use alloc::{boxed::Box, vec::Vec};

pub use verify::verify_staleness;

use crate::{Judgement, Limits, OperationId, UnknownReason, Value, transactions::Transactions};
use clusters::{Cluster, Clusters};
use zones::Piece;

/// How stale the reads of one key are. The history of this key is `upper`-atomic, as `order` shows, and not
/// (`lower` - 1)-atomic, as `evidence` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Staleness {
    /// The key.
    pub key: Value,
    /// It is k-atomic for no smaller k.
    pub lower: usize,
    /// It is k-atomic for this k.
    pub upper: usize,
    /// An order in which each read returns one of the `upper` latest writes; [`verify_staleness`] checks it.
    pub order: Vec<OperationId>,
    /// Why no smaller k than `lower` will do; `None` where that is 1.
    pub evidence: Option<StaleEvidence>,
}

/// Why a history is not k-atomic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StaleEvidence {
    /// In every order all of these k writes lie between a write and a read of its value.
    Between {
        /// The write; `None` for the initial value.
        write: Option<OperationId>,
        /// The read.
        read: OperationId,
        /// The k writes.
        between: Vec<OperationId>,
    },
    /// No order of these operations, alone, is k-atomic.
    NoOrder {
        /// The operations, ascending.
        operations: Vec<OperationId>,
    },
}

/// The smallest k for which each key of a history is k-atomic, or bounds of it. Keys are in the order of their first
/// sight, those that are neither written nor read left out.
///
/// The history is one of single operations, as [`of_operations`](crate::causal::of_operations) makes it: at most one
/// step in each transaction, a read or a write. *Violated* means that no k will do: a read of what nobody wrote, or
/// that returned before its write was called. *Not checkable*: a value that was read was written twice to its key, or
/// a step is something else.
///
/// Exact for k = 1 (Gibbons and Korach 1997) and k = 2 (Golab, Hurwitz and Li 2013), in O(n log n) with O(n) memory.
/// For k >= 3, where no fast algorithm is known (with weights it is NP-complete), `lower` counts for each read the
/// writes that certainly lie between, `upper` comes from a few orders, and a search of at most
/// [`STALENESS_STEPS_MAX`] steps brings them together where it can.
///
/// ```
/// use consistency::{Judgement, Limits, Moment, ProcessId, StaleEvidence, staleness, verify_staleness};
/// use consistency::transactions::{Builder, Ending, MicroOperation};
///
/// let mut builder = Builder::new();
/// let mut position = 0..;
/// let mut done = |process, step| {
///     let mut now = || Moment { position: position.next().unwrap_or(0), time_ns: None };
///     let id = builder.invoke(ProcessId(process), now());
///     builder.complete(id, Ending::Committed, Some(now()), [step])?;
///     Ok::<_, consistency::Error>(id)
/// };
/// let key = || "x".into();
/// let first = done(0, MicroOperation::Write { key: key(), value: 1.into() })?;
/// let second = done(0, MicroOperation::Write { key: key(), value: 2.into() })?;
/// let third = done(0, MicroOperation::Write { key: key(), value: 3.into() })?;
/// let read = done(1, MicroOperation::Read { key: key(), value: Some(1.into()) })?;
/// let history = builder.finish();
///
/// let Judgement::Holds(keys) = staleness(&history, &Limits::default(), &mut || true) else { panic!() };
/// let found = &keys[0];
/// assert_eq!((found.lower, found.upper), (3, 3)); // two versions behind
/// let between = vec![second, third];
/// assert_eq!(found.evidence, Some(StaleEvidence::Between { write: Some(first), read, between }));
/// assert_eq!(verify_staleness(&history, &found.key, 3, &found.order), Ok(()));
/// assert!(verify_staleness(&history, &found.key, 2, &found.order).is_err());
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn staleness(
    history: &Transactions,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Vec<Staleness>> {
    if !keep_going() {
        return Judgement::Unknown(UnknownReason::Interrupted);
    }
    let bytes = history.len().saturating_mul(BYTES_PER_OPERATION);
    if bytes > limits.bytes_max {
        return Judgement::Unknown(UnknownReason::MemoryBound);
    }
    let keys = match clusters::by_key(history) {
        Ok(keys) => keys,
        Err(clusters::Refusal::Anomaly(anomaly)) => return Judgement::Violated(anomaly),
        Err(clusters::Refusal::NotCheckable(reason)) => return Judgement::NotCheckable(reason),
    };
    let mut found = Vec::with_capacity(keys.len());
    let mut steps_left = STALENESS_STEPS_MAX;
    for clusters in &keys {
        if !keep_going() {
            return Judgement::Unknown(UnknownReason::Interrupted);
        }
        found.push(of_key(history, clusters, &mut steps_left, keep_going));
    }
    Judgement::Holds(found)
}

/// What the search for k >= 3 may spend on one history: steps of a few instructions each.
pub const STALENESS_STEPS_MAX: usize = 10_000_000;

/// What the tables take for each operation, at most: rows, clusters, ranks and orders.
const BYTES_PER_OPERATION: usize = 256;

fn of_key(
    history: &Transactions,
    clusters: &Clusters,
    steps_left: &mut usize,
    keep_going: &mut dyn FnMut() -> bool,
) -> Staleness {
    let pieces = zones::cut(clusters, 0..clusters.clusters.len() as u32);
    let mut pieces: Vec<Bounds> = pieces
        .into_iter()
        .map(|it| Bounds::new(clusters, it))
        .collect();
    let mut lower = pieces.iter().map(|it| it.lower).max().unwrap_or(1);
    let mut by_upper: Vec<usize> = (0..pieces.len()).collect();
    by_upper.sort_by_key(|place| core::cmp::Reverse(pieces.get(*place).map_or(0, |it| it.upper)));
    for place in by_upper {
        let Some(piece) = pieces.get_mut(place).filter(|it| it.upper > lower) else {
            break;
        };
        piece.refine(lower, steps_left, keep_going);
        lower = lower.max(piece.lower);
    }
    let worst = pieces.iter().find(|it| it.lower == lower);
    let evidence = worst.and_then(|it| it.evidence(clusters));
    let upper = pieces.iter().map(|it| it.upper).max().unwrap_or(1);
    let writes: Vec<u32> = pieces.into_iter().flat_map(|it| it.order).collect();
    Staleness {
        key: history.key(clusters.key),
        lower,
        upper,
        order: clusters.order(&writes),
        evidence,
    }
}

/// What is known of one piece of a key's history.
#[derive(Debug)]
struct Bounds {
    piece: Piece,
    lower: usize,
    upper: usize,
    /// An order of the piece's clusters with staleness `upper`.
    order: Vec<u32>,
}

impl Bounds {
    fn new(clusters: &Clusters, piece: Piece) -> Self {
        let (order, upper) = zones::best_order(clusters, &piece);
        let lower = match upper {
            1 | 2 => upper,
            _ => zones::certain(clusters, &piece)
                .map_or(0, |it| it.count)
                .saturating_add(1)
                .max(3),
        };
        Self {
            piece,
            lower,
            upper,
            order,
        }
    }

    /// Tries the k from `lowest` on, which the caller knows to be a lower bound of the whole key.
    fn refine(
        &mut self,
        lowest: usize,
        steps_left: &mut usize,
        keep_going: &mut dyn FnMut() -> bool,
    ) {
        let mut k = lowest.max(self.lower);
        while k < self.upper {
            match search::order_within(&self.piece, k, steps_left, keep_going) {
                search::Found::Order(order) => {
                    self.order = order;
                    self.upper = k;
                }
                search::Found::None => {
                    k = k.saturating_add(1);
                    self.lower = k;
                }
                search::Found::GaveUp => return,
            }
        }
    }

    fn evidence(&self, clusters: &Clusters) -> Option<StaleEvidence> {
        if self.lower <= 1 {
            return None;
        }
        if let Some(certain) = zones::certain(clusters, &self.piece)
            && certain.count.saturating_add(1) == self.lower
        {
            return zones::between(clusters, &self.piece, certain);
        }
        let members: Vec<u32> = match self.lower {
            2 => zones::conflict(clusters, &self.piece),
            3 => zones::shrink(clusters, &self.piece),
            _ => self.piece.members.clone(),
        };
        let ends = members.iter().filter_map(|it| clusters.get(*it));
        let mut operations: Vec<OperationId> = ends.flat_map(Cluster::ends).collect();
        operations.sort_unstable();
        operations.dedup();
        Some(StaleEvidence::NoOrder { operations })
    }
}

type Anomalous = Box<crate::Anomaly>;
