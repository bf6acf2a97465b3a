//! Read committed, read atomic and causal transactions.
//!
//! Definition (Biswas and Enea, *On the complexity of checking transactional consistency*, OOPSLA 2019, section 2.3).
//! The history is consistent when its transactions have a *commit order*: a total order that contains session order and
//! *reads-from*, such that whenever `t3` reads x from `t1`, and another transaction `t2` writes x too, and `t3` had *seen*
//! `t2`, then `t2` comes before `t1`. The models differ in what it means to have seen `t2`:
//!
//! - read committed: this transaction read from it, in a read before this one;
//! - read atomic: this transaction reads from it, or it is an earlier one of the same session;
//! - causal: it is in the causal past, the transitive closure of session order and reads-from.
//!
//! Here that order exists exactly when the edges that the axiom forces, with session order, reads-from and the order of
//! versions that lists give away, have no cycle: no axiom speaks of the commit order in its premise, so any topological
//! order will do, and it is the witness. (From prefix consistency on this is no longer so, and the problem is
//! NP-complete.)
//!
//! Rules common to all levels of transactions:
//!
//! - A committed transaction counts. An indeterminate one counts when somebody read what it wrote, and then comes after
//!   the committed ones before it in its session, and before nothing of that session. An aborted one never counts.
//! - Each value is written to a key once (by transactions that did not abort), or the question is not answered: nobody
//!   could say whom a read of it saw. The initial state is a transaction before all others that wrote every key:
//!   nothing, or the empty list.
//! - The read of a list is a read of its last element, beside the reader's own; its elements are the versions in their
//!   order; an append that is not in it comes after it.

mod causal;
mod explain;
mod facts;
mod lists;
mod reading;
mod saturate;

use alloc::{vec, vec::Vec};

use super::budget::{Budget, Stop};
use super::graph::{Arc, Graph};
use super::{Transactions, weak::reading::Reading};
use crate::{Consistency, Judgement, Limits, OperationId};
use reading::INITIAL;
use saturate::Forced;

/// Whether the history keeps `level`, which is one of [`Consistency::ReadCommitted`], [`Consistency::ReadAtomic`] and
/// [`Consistency::CausalTransactions`] (and is taken for the last of them otherwise). The witness is a commit order.
///
/// O(n^1.5) for the first two, O(n·k) for the last, n operations in k sessions and indeterminate transactions that were
/// read from; memory O(n) and the forced edges.
pub(super) fn check(
    history: &Transactions,
    level: Consistency,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Vec<OperationId>> {
    let result = Budget::new(limits, keep_going).and_then(|mut budget| {
        let result = judge(history, level, &mut budget);
        match result {
            Err(Stop::Violated(anomaly)) => Err(Stop::Violated(explain::shrink(
                history,
                level,
                anomaly,
                limits,
                &mut budget,
            ))),
            other => other,
        }
    });
    result.map_or_else(Judgement::from, Judgement::Holds)
}

/// What an arc stands for; a [`VERSION`] carries its place among the versions in the bits above.
const SESSION: u32 = 0;
const READ: u32 = 1;
const FORCED: u32 = 2;
const VERSION: u32 = 3;
const KINDS: u32 = 4;

fn judge(
    history: &Transactions,
    level: Consistency,
    budget: &mut Budget<'_>,
) -> Result<Vec<OperationId>, Stop> {
    let reading = Reading::new(history, budget)?;
    let mut arcs = given(&reading);
    let forced = match level {
        Consistency::ReadCommitted => saturate::read_committed(history, &reading, budget)?,
        Consistency::ReadAtomic => saturate::read_atomic(history, &reading, budget)?,
        _ => {
            let graph = Graph::new(history.len(), &arcs);
            let Some(mut order) = graph.order() else {
                return Err(explain::cycle(history, &reading, level, &graph, budget)?.into());
            };
            drop(graph);
            order.retain(|transaction| reading.counts(*transaction));
            causal::causal(history, &reading, &order, budget)?
        }
    };
    if let Some(pair) = forced.iter().find(|pair| pair.later == INITIAL) {
        let seen = pair.earlier;
        return Err(explain::overlooked(history, &reading, level, seen, budget)?.into());
    }
    add(&mut arcs, &forced, &reading, budget)?;
    drop(forced);
    budget.spend(arcs.len())?;
    let graph = Graph::new(history.len(), &arcs);
    drop(arcs);
    match graph.order() {
        Some(order) => Ok(order
            .into_iter()
            .filter(|transaction| reading.counts(*transaction))
            .map(|transaction| OperationId(transaction as usize))
            .collect()),
        None => Err(explain::cycle(history, &reading, level, &graph, budget)?.into()),
    }
}

/// Session order and reads-from.
fn given(reading: &Reading) -> Vec<Arc> {
    let mut arcs = vec![];
    for target in reading.counted() {
        let follows = reading.follows.get(target as usize).copied();
        if let Some(source) = follows.filter(|source| *source != INITIAL) {
            arcs.push(Arc {
                source,
                target,
                label: SESSION,
            });
        }
        let mut last = INITIAL;
        for read in reading.reads.row(target) {
            if read.writer != INITIAL && read.writer != last {
                last = read.writer;
                arcs.push(Arc {
                    source: read.writer,
                    target,
                    label: READ,
                });
            }
        }
    }
    arcs
}

fn add(
    arcs: &mut Vec<Arc>,
    forced: &[Forced],
    reading: &Reading,
    budget: &Budget<'_>,
) -> Result<(), Stop> {
    let more = forced.len().saturating_add(reading.versions.len());
    let all = arcs.len().saturating_add(more);
    budget.claim(all.saturating_mul(2 * size_of::<Arc>()))?;
    arcs.reserve_exact(more);
    arcs.extend(forced.iter().map(|pair| Arc {
        source: pair.earlier,
        target: pair.later,
        label: FORCED,
    }));
    let versions = (0_u32..).zip(&reading.versions);
    arcs.extend(versions.map(|(place, version)| Arc {
        source: version.earlier,
        target: version.later,
        label: place.wrapping_mul(KINDS) | VERSION,
    }));
    Ok(())
}
