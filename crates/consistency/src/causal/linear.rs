//! A total order of all nodes that keeps causality and further edges.

use alloc::{collections::BinaryHeap, vec, vec::Vec};
use core::cmp::Reverse;

use super::{
    graph::Graph,
    order::{Chains, NONE, Pace},
    visibility::Conflict,
};
use crate::UnknownReason;

/// All nodes, in an order that keeps chains, the sources that `is_kept` and these edges (sorted by the newer), those
/// of the least `rank` first where it has a choice; or, if there is a cycle, how far each chain came. O(n log n).
pub(super) fn linear(
    graph: &Graph,
    edges: &[Conflict],
    rank: impl Fn(u32) -> u32,
    is_kept: impl Fn(u32) -> bool,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Result<Vec<u32>, Vec<u32>>, UnknownReason> {
    let nodes = graph.nodes_count();
    let source = |node: u32| graph.source(node, 0).filter(|_| is_kept(node));
    let mut missing = vec![0_u32; nodes];
    let mut successors = Successors::new(nodes);
    for node in 0..nodes as u32 {
        let before = source(node).into_iter().chain(graph.previous(node));
        if let Some(missing) = missing.get_mut(node as usize) {
            *missing = before.count() as u32;
        }
        successors.count(source(node));
    }
    for edge in edges {
        successors.count(Some(edge.older));
        if let Some(missing) = missing.get_mut(edge.newer as usize) {
            *missing = missing.saturating_add(1);
        }
    }
    successors.begin();
    for node in 0..nodes as u32 {
        successors.add(source(node), node);
    }
    for edge in edges {
        successors.add(Some(edge.older), edge.newer);
    }
    let mut ready: BinaryHeap<_> = (0..nodes as u32)
        .filter(|node| missing.get(*node as usize) == Some(&0))
        .map(|node| Reverse((rank(node), node)))
        .collect();
    let mut order = Vec::with_capacity(nodes);
    let mut pace = Pace::default();
    while let Some(Reverse((_, node))) = ready.pop() {
        pace.step(keep_going)?;
        order.push(node);
        let next = graph.next(node);
        for successor in successors.of(node).iter().copied().chain(next) {
            if let Some(missing) = missing.get_mut(successor as usize) {
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    ready.push(Reverse((rank(successor), successor)));
                }
            }
        }
    }
    if order.len() == nodes {
        return Ok(Ok(order));
    }
    let mut walked = vec![0_u32; graph.chains_count()];
    for node in order {
        let (chain, place) = graph.place(node);
        if let Some(walked) = walked.get_mut(chain as usize) {
            *walked = place.max(*walked);
        }
    }
    Ok(Err(walked))
}

/// Who comes next, node by node, in one array.
struct Successors {
    first: Vec<u32>,
    all: Vec<u32>,
}

impl Successors {
    fn new(nodes: usize) -> Self {
        Self {
            first: vec![0; nodes.saturating_add(1)],
            all: Vec::new(),
        }
    }

    fn count(&mut self, node: Option<u32>) {
        let slot = node.and_then(|node| self.first.get_mut(node as usize));
        if let Some(count) = slot {
            *count = count.saturating_add(1);
        }
    }

    /// All are counted: from now on `first` is where the next of a node goes, counted down.
    fn begin(&mut self) {
        let mut total = 0_u32;
        for slot in &mut self.first {
            total = total.saturating_add(*slot);
            *slot = total;
        }
        self.all = vec![NONE; total as usize];
    }

    fn add(&mut self, node: Option<u32>, successor: u32) {
        let slot = node.and_then(|node| self.first.get_mut(node as usize));
        if let Some(first) = slot {
            *first = first.saturating_sub(1);
            if let Some(place) = self.all.get_mut(*first as usize) {
                *place = successor;
            }
        }
    }

    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        let first = self.first.get(node).copied().unwrap_or(0);
        let end = self.first.get(node.saturating_add(1)).copied();
        let end = end.unwrap_or(first);
        self.all
            .get(first as usize..end as usize)
            .unwrap_or_default()
    }
}
