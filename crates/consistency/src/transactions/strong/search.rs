//! A search for the order of the writers of open keys (Biswas and Enea 2019, section 4, with starts and commits).
//!
//! Nodes are laid out one by one, each after all that the constraints put before it. Two rules more:
//! 1. a register's version is replaced only when everyone who reads it has started;
//! 2. for snapshot isolation, two writers of an open key are never under way at once.
//!
//! By the first rule the newest version is the one that all readers still to come, whose version is there, will read:
//! which set of nodes is laid out says everything, not in which order. So a set from which nothing led to the end is
//! remembered and never tried again; there are at most (transactions / chains + 1) ^ chains of them.
//!
//! Some nodes are laid out as soon as they can be, with no choice, since no other order is ruled out by that: those
//! that write no open key; a writer, no one else of whose keys' versions' readers or writers could still come before
//! it; and a commit under snapshot isolation. With a choice, who committed first is tried first.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use super::{
    constraints::Nodes,
    facts::{Facts, STRIDE, Stop},
    open::{Chains, OpenKeys},
    rows::{NONE, Rows, at, put},
};
use crate::{Consistency, Limits, UnknownReason, transactions::graph::Graph};

#[derive(Debug)]
pub(super) struct Search<'s, 'a> {
    facts: &'s Facts<'a>,
    nodes: Nodes,
    graph: &'s Graph,
    open: &'s OpenKeys,
    chains: &'s Chains,
    /// For each node how many arcs lead to it from nodes not laid out.
    waits_for: Vec<u32>,
    /// For each chain how many of its nodes are laid out.
    positions: Vec<u32>,
    laid_out: Vec<u32>,
    /// For each open key its newest version plus one (zero: none).
    newest: Vec<u32>,
    /// What `newest` was before each commit laid out, for going back.
    replaced: Vec<u32>,
    /// For each open key the writers still to commit.
    writers_left: Vec<u32>,
    /// For each open key the writer that has started and not committed, for snapshot isolation.
    under_way: Vec<u32>,
    /// For each open key and version plus one the readers still to start.
    readers_left: Vec<Vec<u32>>,
    /// For each transaction the open keys it reads, and of each the version plus one.
    reads_of: Rows<(u32, u32)>,
    steps: usize,
}

/// A choice: how much was laid out, and what is still to be tried, best last.
#[derive(Debug)]
struct Frame {
    mark: usize,
    candidates: Vec<u32>,
}

impl<'s, 'a> Search<'s, 'a> {
    pub(super) fn new(
        facts: &'s Facts<'a>,
        nodes: Nodes,
        graph: &'s Graph,
        open: &'s OpenKeys,
        chains: &'s Chains,
    ) -> Self {
        let is_list = |key: u32| facts.is_list.get(key as usize) == Some(&true);
        let registers = || (0_u32..).zip(&open.keys).filter(|(_, key)| !is_list(**key));
        let reads_of = Rows::group(facts.history.len(), (NONE, 0), || {
            registers().flat_map(|(place, key)| {
                let reads = facts.reads.row(*key).iter();
                reads.map(move |read| (read.reader, (place, read.version.wrapping_add(1))))
            })
        });
        let mut readers_left = Vec::with_capacity(open.keys.len());
        for key in &open.keys {
            let mut left = vec![0; facts.writers(*key).len().saturating_add(1)];
            let reads = facts.reads.row(*key).iter().filter(|_| !is_list(*key));
            for read in reads {
                change(&mut left, read.version.wrapping_add(1), 1);
            }
            readers_left.push(left);
        }
        let mut search = Self {
            facts,
            nodes,
            graph,
            open,
            chains,
            waits_for: vec![0; graph.nodes_count()],
            positions: vec![0; chains.members.len()],
            laid_out: Vec::new(),
            newest: vec![0; open.keys.len()],
            replaced: Vec::new(),
            writers_left: open
                .keys
                .iter()
                .map(|key| facts.loose(*key).len() as u32)
                .collect(),
            under_way: vec![NONE; open.keys.len()],
            readers_left,
            reads_of,
            steps: 0,
        };
        search.count_arcs();
        search
    }

    fn count_arcs(&mut self) {
        for node in 0..self.graph.nodes_count() as u32 {
            for arc in self.graph.out(node) {
                change(&mut self.waits_for, arc.target, 1);
            }
        }
        let free: Vec<u32> = (self.nodes.first_hub()..self.graph.nodes_count() as u32)
            .filter(|hub| at(&self.waits_for, *hub) == 0)
            .collect();
        for hub in free {
            self.release(hub);
        }
    }

    /// The transactions in an order that fits, or `None` where none does.
    pub(super) fn run(
        mut self,
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<u32>>, Stop> {
        let nodes_each = if self.nodes.is_split() { 2 } else { 1 };
        let members = self.chains.members.iter().map(Vec::len).sum::<usize>();
        let total = members.saturating_mul(nodes_each);
        let mut dead: BTreeSet<Vec<u32>> = BTreeSet::new();
        let mut frames: Vec<Frame> = Vec::new();
        let each = self.positions.len().saturating_mul(4).saturating_add(64);
        loop {
            self.settle(keep_going)?;
            if self.laid_out.len() >= total {
                let commits = self
                    .laid_out
                    .iter()
                    .filter(|node| self.nodes.is_commit(**node));
                return Ok(Some(
                    commits
                        .filter_map(|node| self.nodes.transaction(*node))
                        .collect(),
                ));
            }
            let is_dead = dead.contains(&self.positions);
            frames.push(Frame {
                mark: self.laid_out.len(),
                candidates: if is_dead {
                    Vec::new()
                } else {
                    self.candidates()
                },
            });
            let remembered = dead.len().saturating_add(frames.len());
            if remembered.saturating_mul(each) > limits.bytes_max || dead.len() > limits.entries_max
            {
                return Err(Stop::Unknown(UnknownReason::MemoryBound));
            }
            loop {
                let Some(frame) = frames.last_mut() else {
                    return Ok(None);
                };
                let (mark, next) = (frame.mark, frame.candidates.pop());
                self.go_back(mark);
                if let Some(node) = next {
                    self.lay_out(node, keep_going)?;
                    break;
                }
                dead.insert(self.positions.clone());
                frames.pop();
            }
        }
    }

    /// Lays out whatever rules nothing out.
    fn settle(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for chain in 0..self.positions.len() {
                self.count_step(keep_going)?;
                while let Some(node) = self.next_of(chain)
                    && self.may_come(node)
                    && self.rules_nothing_out(node)
                {
                    self.lay_out(node, keep_going)?;
                    has_changed = true;
                }
            }
        }
        Ok(())
    }

    fn next_of(&self, chain: usize) -> Option<u32> {
        let position = self.positions.get(chain).copied()?;
        let members = self.chains.members.get(chain)?;
        if self.nodes.is_split() {
            let member = members.get((position / 2) as usize).copied()?;
            Some(if position.is_multiple_of(2) {
                self.nodes.start(member)
            } else {
                self.nodes.commit(member)
            })
        } else {
            members.get(position as usize).copied()
        }
    }

    /// What may come next, who committed first last.
    fn candidates(&self) -> Vec<u32> {
        let nodes = (0..self.positions.len()).filter_map(|chain| self.next_of(chain));
        let mut candidates: Vec<u32> = nodes.filter(|node| self.may_come(*node)).collect();
        let headers = self.facts.history.headers();
        candidates.sort_by_key(|node| {
            let transaction = self.nodes.transaction(*node).unwrap_or(NONE);
            let header = headers.get(transaction as usize);
            let end = header.map_or(u64::MAX, |header| header.end_position);
            core::cmp::Reverse((end, transaction))
        });
        candidates
    }

    fn may_come(&self, node: u32) -> bool {
        let Some(transaction) = self.nodes.transaction(node) else {
            return false;
        };
        let is_commit = self.nodes.is_commit(node);
        at(&self.waits_for, node) == 0
            && self
                .open
                .written_by
                .row(transaction)
                .iter()
                .all(|(key, _)| {
                    if is_commit {
                        let newest = at(&self.newest, *key);
                        let left = self.readers_left.get(*key as usize);
                        let others = left.map_or(0, |left| at(left, newest));
                        // One that reads and writes at once does not wait for itself.
                        let own = !self.nodes.is_split() && self.reads_newest(transaction, *key);
                        others == u32::from(own)
                    } else {
                        self.nodes.level() != Consistency::SnapshotIsolation
                            || at(&self.under_way, *key) == NONE
                    }
                })
    }

    fn reads_newest(&self, transaction: u32, key: u32) -> bool {
        let newest = at(&self.newest, key);
        self.reads_of.row(transaction).contains(&(key, newest))
    }

    /// Whether laying out a node that may come now leaves every order possible that was.
    fn rules_nothing_out(&self, node: u32) -> bool {
        let Some(transaction) = self.nodes.transaction(node) else {
            return false;
        };
        let level = self.nodes.level();
        let is_commit = self.nodes.is_commit(node);
        let is_harmless = match level {
            Consistency::Prefix => !is_commit,
            Consistency::SnapshotIsolation => is_commit,
            _ => false,
        };
        is_harmless
            || self
                .open
                .written_by
                .row(transaction)
                .iter()
                .all(|(key, _)| {
                    // Nobody else may replace a version that one writer has read, except where only prefixes count.
                    at(&self.writers_left, *key) == 1
                        || (level != Consistency::Prefix && self.reads_newest(transaction, *key))
                })
    }

    fn count_step(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STRIDE) && !keep_going() {
            return Err(Stop::Unknown(UnknownReason::Interrupted));
        }
        Ok(())
    }

    fn lay_out(&mut self, node: u32, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        self.count_step(keep_going)?;
        let Some(transaction) = self.nodes.transaction(node) else {
            return Ok(());
        };
        self.laid_out.push(node);
        self.move_chain(transaction, 1);
        self.release(node);
        let open = self.open;
        if self.is_start(node) {
            self.count_reads(transaction, -1);
            for (key, _) in open.written_by.row(transaction) {
                put(&mut self.under_way, *key, transaction);
            }
        }
        if self.nodes.is_commit(node) {
            for (key, version) in open.written_by.row(transaction) {
                self.replaced.push(at(&self.newest, *key));
                put(&mut self.newest, *key, version.wrapping_add(1));
                change(&mut self.writers_left, *key, -1);
                put(&mut self.under_way, *key, NONE);
            }
        }
        Ok(())
    }

    fn go_back(&mut self, mark: usize) {
        while self.laid_out.len() > mark
            && let Some(node) = self.laid_out.pop()
            && let Some(transaction) = self.nodes.transaction(node)
        {
            let open = self.open;
            if self.nodes.is_commit(node) {
                for (key, _) in open.written_by.row(transaction).iter().rev() {
                    put(&mut self.newest, *key, self.replaced.pop().unwrap_or(0));
                    change(&mut self.writers_left, *key, 1);
                    put(&mut self.under_way, *key, transaction);
                }
            }
            if self.is_start(node) {
                self.count_reads(transaction, 1);
                for (key, _) in open.written_by.row(transaction) {
                    put(&mut self.under_way, *key, NONE);
                }
            }
            self.take_back(node);
            self.move_chain(transaction, -1);
        }
    }

    const fn is_start(&self, node: u32) -> bool {
        !self.nodes.is_split() || !self.nodes.is_commit(node)
    }

    fn move_chain(&mut self, transaction: u32, by: i32) {
        let place = self.chains.places.get(transaction as usize);
        if let Some((chain, _)) = place {
            change(&mut self.positions, *chain, by);
        }
    }

    fn count_reads(&mut self, transaction: u32, by: i32) {
        for (key, version) in self.reads_of.row(transaction) {
            if let Some(left) = self.readers_left.get_mut(*key as usize) {
                change(left, *version, by);
            }
        }
    }

    /// Nobody waits for this node any more. A hub that waits for nobody is released too.
    fn release(&mut self, node: u32) {
        let mut released = vec![node];
        while let Some(node) = released.pop() {
            for arc in self.graph.out(node) {
                change(&mut self.waits_for, arc.target, -1);
                if arc.target >= self.nodes.first_hub() && at(&self.waits_for, arc.target) == 0 {
                    released.push(arc.target);
                }
            }
        }
    }

    /// Undoes [`Search::release`].
    fn take_back(&mut self, node: u32) {
        let mut taken = vec![node];
        while let Some(node) = taken.pop() {
            for arc in self.graph.out(node) {
                if arc.target >= self.nodes.first_hub() && at(&self.waits_for, arc.target) == 0 {
                    taken.push(arc.target);
                }
                change(&mut self.waits_for, arc.target, 1);
            }
        }
    }
}

fn change(numbers: &mut [u32], place: u32, by: i32) {
    if let Some(number) = numbers.get_mut(place as usize) {
        *number = number.wrapping_add_signed(by);
    }
}
