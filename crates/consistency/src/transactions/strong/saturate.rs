//! Forced order between the writers of open keys, until there is no more (the saturation of Biswas and Enea 2019).
//!
//! For a read of x from w1 and another writer w2 of x:
//! 1. when w2 is in the reader's snapshot, w2's version is older than w1's;
//! 2. when w2's version is newer than w1's, the reader missed w2.
//!
//! Versions of x follow the order of commits, so "newer" is known when w1's commit is before w2's. For snapshot
//! isolation, of two writers of x in that order the second also starts after the first commits.
//!
//! What is before what is kept for each node as one number a chain: how far into the chain the commits reach that
//! are before it (and from where on those after it). Of each chain only the last writer before and the first after
//! matter. O(nodes x chains) memory, and as much time for each round.

use alloc::{vec, vec::Vec};

use super::{
    constraints::{Constraints, Forced, Kind},
    facts::{Facts, STRIDE, Stop, ask},
    name::Besides,
    open::{Chains, OpenKeys},
    rows::NONE,
};
use crate::{Consistency, transactions::graph::Graph};

/// How saturation ended.
#[derive(Debug)]
pub(in crate::transactions) enum Saturated {
    /// No more follows; the constraints hold all that was found, and an order of their graph.
    Yes,
    /// The constraints have a cycle.
    Cyclic,
    /// It would take more memory than allowed.
    TooLarge,
}

pub(in crate::transactions) fn saturate(
    facts: &Facts<'_>,
    constraints: &mut Constraints<'_, '_>,
    open: &OpenKeys,
    chains: &Chains,
    bytes_max: usize,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Saturated, Stop> {
    let width = chains.members.len();
    let cells = width.saturating_mul(constraints.nodes_count());
    if cells.saturating_mul(8) > bytes_max {
        return Ok(Saturated::TooLarge);
    }
    let mut saturation = Saturation {
        facts,
        chains,
        open,
        width,
        before: vec![0; cells],
        after: vec![NONE; cells],
        places: Vec::new(),
        runs: Vec::new(),
        steps: 0,
    };
    loop {
        let graph = constraints.graph();
        let Some(order) = graph.order() else {
            return Ok(Saturated::Cyclic);
        };
        saturation.close(constraints, &graph, &order, keep_going)?;
        if !saturation.round(constraints, keep_going)? {
            return Ok(Saturated::Yes);
        }
    }
}

struct Saturation<'s, 'a> {
    facts: &'s Facts<'a>,
    chains: &'s Chains,
    open: &'s OpenKeys,
    width: usize,
    /// For each node and chain, how many of the chain's commits are certainly before the node, or are the node.
    before: Vec<u32>,
    /// For each node and chain, the first place in the chain whose commit is certainly after the node, or is it.
    after: Vec<u32>,
    /// The writers of the key in hand by chain and place.
    places: Vec<(u32, u32, u32)>,
    /// Where each chain's begin and end there.
    runs: Vec<(usize, usize)>,
    /// Runs looked at since the last question.
    steps: usize,
}

impl Saturation<'_, '_> {
    fn close(
        &mut self,
        constraints: &Constraints<'_, '_>,
        graph: &Graph,
        order: &[u32],
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), Stop> {
        let nodes = constraints.nodes;
        let own = |node: u32| {
            let transaction = nodes.transaction(node).filter(|_| nodes.is_commit(node))?;
            self.chains.places.get(transaction as usize).copied()
        };
        for (done, node) in order.iter().enumerate() {
            ask(done, keep_going)?;
            if let Some((chain, place)) = own(*node).filter(|(chain, _)| *chain != NONE) {
                let cell = cell(self.width, *node, chain);
                if let Some(cell) = self.before.get_mut(cell) {
                    *cell = (*cell).max(place.saturating_add(1));
                }
            }
            for arc in graph.out(*node) {
                merge(&mut self.before, self.width, arc.target, *node, u32::max);
            }
        }
        for (done, node) in order.iter().rev().enumerate() {
            ask(done, keep_going)?;
            for arc in graph.out(*node) {
                merge(&mut self.after, self.width, *node, arc.target, u32::min);
            }
            if let Some((chain, place)) = own(*node).filter(|(chain, _)| *chain != NONE) {
                let cell = cell(self.width, *node, chain);
                if let Some(cell) = self.after.get_mut(cell) {
                    *cell = (*cell).min(place);
                }
            }
        }
        Ok(())
    }

    /// Adds what follows; whether anything did.
    fn round(
        &mut self,
        constraints: &mut Constraints<'_, '_>,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<bool, Stop> {
        let arcs_before = constraints.arcs.len();
        for (done, key) in self.open.keys.iter().enumerate() {
            ask(done, keep_going)?;
            self.index(*key);
            self.key(constraints, *key, keep_going)?;
        }
        Ok(constraints.arcs.len() > arcs_before)
    }

    fn index(&mut self, key: u32) {
        self.places.clear();
        for writer in self.facts.loose(key) {
            if let Some((chain, place)) = self.chains.places.get(*writer as usize) {
                self.places.push((*chain, *place, *writer));
            }
        }
        self.places.sort_unstable();
        self.runs.clear();
        let mut begin = 0_usize;
        for run in self.places.chunk_by(|left, right| left.0 == right.0) {
            let end = begin.saturating_add(run.len());
            self.runs.push((begin, end));
            begin = end;
        }
    }

    /// Counts a look at all runs.
    fn spend(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(self.runs.len()).saturating_add(1);
        if self.steps >= STRIDE {
            self.steps = 0;
            return ask(0, keep_going);
        }
        Ok(())
    }

    fn key(
        &mut self,
        constraints: &mut Constraints<'_, '_>,
        key: u32,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), Stop> {
        let facts = self.facts;
        let nodes = constraints.nodes;
        let writers = facts.writers(key);
        let is_list = facts.is_list.get(key as usize) == Some(&true);
        if nodes.level() == Consistency::SnapshotIsolation {
            for writer in facts.loose(key) {
                self.spend(keep_going)?;
                for later in self.firsts_after(nodes.commit(*writer), *writer) {
                    let grounds = Grounds {
                        from: nodes.commit(*writer),
                        to: nodes.commit(later),
                        reader: NONE,
                    };
                    self.follow(constraints, *writer, nodes.start(later), key, grounds);
                }
            }
        }
        if is_list {
            return Ok(());
        }
        for read in facts.reads.row(key) {
            self.spend(keep_going)?;
            let Some(writer) = writers.get(read.version as usize).copied() else {
                continue;
            };
            let (start, replaced) = (nodes.start(read.reader), nodes.overwriting(writer));
            for later in self.firsts_after(nodes.commit(writer), writer) {
                let grounds = Grounds {
                    from: nodes.commit(writer),
                    to: nodes.commit(later),
                    reader: read.reader,
                };
                self.miss(constraints, read.reader, later, key, grounds);
            }
            for earlier in self.lasts_before(start, read.reader, writer) {
                let grounds = Grounds {
                    from: nodes.commit(earlier),
                    to: start,
                    reader: read.reader,
                };
                self.follow(constraints, earlier, replaced, key, grounds);
            }
        }
        Ok(())
    }

    /// Of each chain the first writer of the key in hand whose commit is after this node, other than `but`.
    fn firsts_after(&self, node: u32, but: u32) -> impl Iterator<Item = u32> {
        self.runs().filter_map(move |run| {
            let (chain, ..) = run.first()?;
            let from = self.after.get(cell(self.width, node, *chain)).copied()?;
            let first = run.partition_point(|(_, place, _)| *place < from);
            let mut rest = run.get(first..)?.iter().map(|(.., writer)| *writer);
            rest.find(|writer| *writer != but)
        })
    }

    /// Of each chain the last writer of the key in hand whose commit is before this node, other than these two.
    fn lasts_before(&self, node: u32, but: u32, nor: u32) -> impl Iterator<Item = u32> {
        self.runs().filter_map(move |run| {
            let (chain, ..) = run.first()?;
            let below = self.before.get(cell(self.width, node, *chain)).copied()?;
            let end = run.partition_point(|(_, place, _)| *place < below);
            let mut rest = run.get(..end)?.iter().rev().map(|(.., writer)| *writer);
            rest.find(|writer| *writer != but && *writer != nor)
        })
    }

    /// The key's writers, chain by chain.
    fn runs(&self) -> impl Iterator<Item = &[(u32, u32, u32)]> {
        let runs = self.runs.iter();
        runs.filter_map(|(begin, end)| self.places.get(*begin..*end))
    }

    /// The source's commit must be before the target node.
    fn follow(
        &self,
        constraints: &mut Constraints<'_, '_>,
        source: u32,
        target: u32,
        key: u32,
        grounds: Grounds,
    ) {
        if !self.is_before(source, target) {
            let commit = constraints.nodes.commit(source);
            note(constraints, grounds);
            constraints.arc(commit, target, Kind::Overwrites, key);
        }
    }

    /// The reader's start must be before the writer's commit. Under snapshot isolation, a reader that writes the key
    /// too even commits before the writer starts.
    fn miss(
        &self,
        constraints: &mut Constraints<'_, '_>,
        reader: u32,
        writer: u32,
        key: u32,
        grounds: Grounds,
    ) {
        let nodes = constraints.nodes;
        if reader == writer {
            return;
        }
        let writes = self.facts.loose(key).binary_search(&reader).is_ok();
        let (source, target) = if writes && nodes.level() == Consistency::SnapshotIsolation {
            (nodes.commit(reader), nodes.start(writer))
        } else {
            (nodes.start(reader), nodes.commit(writer))
        };
        let is_known = if nodes.is_commit(source) {
            self.is_before(reader, target)
        } else {
            self.is_after(writer, source)
        };
        if !is_known {
            note(constraints, grounds);
            constraints.arc(source, target, Kind::Misses, key);
        }
    }

    /// Whether the transaction's commit is certainly before this node.
    fn is_before(&self, transaction: u32, node: u32) -> bool {
        let place = self.chains.places.get(transaction as usize);
        place.is_none_or(|(chain, place)| {
            let below = self.before.get(cell(self.width, node, *chain));
            below.is_none_or(|below| *below > *place)
        })
    }

    /// Whether the transaction's commit is certainly after this node.
    fn is_after(&self, transaction: u32, node: u32) -> bool {
        let place = self.chains.places.get(transaction as usize);
        place.is_none_or(|(chain, place)| {
            let from = self.after.get(cell(self.width, node, *chain));
            from.is_none_or(|from| *from <= *place)
        })
    }
}

/// What an arc about to be added rests on.
#[derive(Clone, Copy, Debug)]
struct Grounds {
    from: u32,
    to: u32,
    reader: u32,
}

fn note(constraints: &mut Constraints<'_, '_>, grounds: Grounds) {
    constraints.forced.push(Forced {
        arc: constraints.arcs.len() as u32,
        from: grounds.from,
        to: grounds.to,
        reader: grounds.reader,
        besides: Besides::RealTime,
        needs_missed: true,
    });
}

const fn cell(width: usize, node: u32, chain: u32) -> usize {
    (node as usize)
        .saturating_mul(width)
        .saturating_add(chain as usize)
}

fn merge(table: &mut [u32], width: usize, into: u32, from: u32, better: fn(u32, u32) -> u32) {
    let (into, from) = (cell(width, into, 0), cell(width, from, 0));
    for chain in 0..width {
        let known = table.get(from.saturating_add(chain)).copied();
        let place = table.get_mut(into.saturating_add(chain));
        if let (Some(known), Some(place)) = (known, place) {
            *place = better(*place, known);
        }
    }
}
