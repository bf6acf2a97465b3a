//! Prefix consistency, snapshot isolation, serializability and strict serializability, for lists and registers.
//!
//! The definition. There is one order of the committed transactions, and of those indeterminate ones whose writes
//! somebody read, that keeps each session's order (and for strict serializability real time), such that each
//! transaction reads from a *snapshot*, which is a beginning of that order, plus its own writes, and
//!
//! * prefix: its session's and its sources' transactions are in its snapshot;
//! * snapshot isolation: so is everyone before it in the order who writes a key that it writes;
//! * serializable: so is everyone before it in the order (Biswas and Enea 2019, with the axioms read as snapshots).
//!
//! An indeterminate transaction comes after those of its session that committed before it, and before none by reason
//! of session or time: it may take effect late. Its own reads are unknown and promise nothing.
//!
//! How. What one transaction or one list shows to be wrong comes first ([`facts`], [`fault`]); then all certain order
//! is one graph ([`constraints`]): a cycle in it refutes, and where it leaves nothing open, an order of it proves.

pub(super) mod chain;
pub(super) mod constraints;
pub(super) mod explain;
pub(super) mod facts;
pub(super) mod fault;
mod judge;
pub(super) mod name;
pub(super) mod open;
pub(super) mod rows;
pub(super) mod saturate;
mod scan;
mod search;
pub(super) mod shrink;

use alloc::vec::Vec;

use crate::{Consistency, Judgement, Limits, OperationId, UnknownReason};

use super::Transactions;
use constraints::Constraints;
use facts::{Facts, Stop};
use open::{Chains, OpenKeys};
use saturate::{Saturated, saturate};
use search::Search;
use shrink::shrink;

/// Decides prefix consistency, snapshot isolation, serializability or strict serializability.
pub(super) fn check(
    history: &Transactions,
    level: Consistency,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Vec<OperationId>> {
    match decide(history, level, limits, keep_going) {
        Ok(Judgement::Violated(anomaly)) => {
            Judgement::Violated(shrink(history, level, anomaly, limits, keep_going))
        }
        Ok(judgement) => judgement,
        Err(Stop::Unknown(reason)) => Judgement::Unknown(reason),
        Err(Stop::NotCheckable(reason)) => Judgement::NotCheckable(reason),
    }
}

fn decide(
    history: &Transactions,
    level: Consistency,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Judgement<Vec<OperationId>>, Stop> {
    let mut facts = Facts::gather(history, keep_going)?;
    if let Some(fault) = facts.faults.first() {
        return Ok(Judgement::Violated(fault.anomaly(history)));
    }
    chain::order_registers(&mut facts, level);
    let facts = facts;
    let bytes = Constraints::bytes_expected(&facts, level).saturating_add(facts.bytes());
    if bytes > limits.bytes_max {
        return Err(Stop::Unknown(UnknownReason::MemoryBound));
    }
    let mut constraints = Constraints::new(&facts, level);
    if !keep_going() {
        return Err(Stop::Unknown(UnknownReason::Interrupted));
    }
    let open = OpenKeys::new(&facts, level);
    if !open.keys.is_empty() {
        return search(&facts, constraints, &open, limits, keep_going);
    }
    let nodes = constraints.nodes;
    let Some(order) = constraints.graph().order() else {
        return Ok(Judgement::Violated(explain::cycle(
            &facts,
            &mut constraints,
        )));
    };
    let commits = order.into_iter().filter(|node| nodes.is_commit(*node));
    let transactions = commits.filter_map(|node| nodes.transaction(node));
    let order = transactions.filter(|number| {
        let takes_part = facts.takes_part.get(*number as usize);
        takes_part == Some(&true)
    });
    Ok(holds(order))
}

/// Decides a history that leaves the order of some writers open.
fn search(
    facts: &Facts<'_>,
    mut constraints: Constraints<'_, '_>,
    open: &OpenKeys,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Judgement<Vec<OperationId>>, Stop> {
    let nodes = constraints.nodes;
    let chains = Chains::new(facts);
    let bytes_max = limits.bytes_max / 2;
    let saturated = saturate(
        facts,
        &mut constraints,
        open,
        &chains,
        bytes_max,
        keep_going,
    )?;
    let graph = constraints.graph();
    if matches!(saturated, Saturated::Cyclic) || graph.order().is_none() {
        drop(graph);
        return Ok(Judgement::Violated(explain::cycle(facts, &mut constraints)));
    }
    let search = Search::new(facts, nodes, &graph, open, &chains);
    Ok(match search.run(limits, keep_going)? {
        Some(order) => holds(order.into_iter()),
        None => Judgement::Violated(explain::no_order(facts)),
    })
}

fn holds(order: impl Iterator<Item = u32>) -> Judgement<Vec<OperationId>> {
    Judgement::Holds(order.map(|number| OperationId(number as usize)).collect())
}
