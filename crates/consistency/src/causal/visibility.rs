//! Causal consistency (CC) and causal convergence (CCv).
//!
//! *Causality* is the transitive closure of the order of each session and of reads-from. A history of distinct writes
//! is CC exactly when it shows none of these (Bouajjani and others 2017, section 5):
//! - *CyclicCO*: causality has a cycle;
//! - *WriteCOInitRead*: a read says that a key was never written, and a write of it is before the read;
//! - *ThinAirRead*: a read of a value that nobody wrote;
//! - *WriteCORead*: of two writes of a key, w before v before a read, the read sees w.
//!
//! It is CCv exactly when besides it does not show
//! - *CyclicCF*: w *conflicts* before v when both write one key and w is before a read that sees v; then all must
//!   agree that v wins. Causality and conflicts together have a cycle.
//!
//! One walk finds all. For each write the walk keeps those that *cover* it: writes v of its key with w before v and no
//! write of the key between. A write w is overwritten in some past exactly when a write that covers it lies there: if
//! v lies there and w is before v, so does one that covers w, as it is v or before v. Newly walked, v covers the last
//! writes of its key in each chain of its past that are not overwritten there. "Never written" is covered by those that
//! cover nothing else. Since everything before a node is walked first, all that covers is known when it is asked for.
//!
//! Of the conflicts only those from writes that are not overwritten in the reader's past are kept; the others follow.
//!
//! Time O(n · k) for k sessions that write the same key, memory O(n) and the clocks of the walk.

use alloc::{vec, vec::Vec};
use core::ops::ControlFlow;

use super::{
    Certificate, Found,
    flaw::{Flaw, Link, Why, causal_path, causes, shortest_cycle, stuck_cycle},
    graph::{Graph, INITIAL},
    linear::linear,
    order::{Chains, NONE, Past, Stopped, walk},
    rules,
};
use crate::{Limits, UnknownReason};

/// Examines CC, and CCv where `is_convergent`.
pub(super) fn examine(
    graph: &Graph,
    is_convergent: bool,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Found<Certificate>, UnknownReason> {
    let mut versions = Versions::new(graph, is_convergent, limits.bytes_max);
    let walked = walk(graph, limits.bytes_max, keep_going, &mut |node, past| {
        versions.visit(node, past)
    });
    let order = match (walked, versions.found) {
        (Ok(order), _) => order,
        (Err(Stopped::Unknown(reason)), _) => return Err(reason),
        (Err(Stopped::Cycle(walked)), _) => return Ok(Err(cyclic_causality(graph, &walked))),
        (Err(Stopped::ByVisitor), Some(wrong)) => return Ok(Err(wrong.flaw(graph))),
        (Err(Stopped::ByVisitor), None) => return Err(UnknownReason::MemoryBound),
    };
    if !is_convergent {
        return Ok(Ok(Certificate::order(graph, &order)));
    }
    let mut conflicts = versions.conflicts;
    compact(&mut conflicts);
    match linear(graph, &conflicts, |_| 0, |_| true, keep_going)? {
        Ok(order) => Ok(Ok(Certificate::order(graph, &order))),
        Err(walked) => Ok(Err(cyclic_conflicts(graph, &conflicts, &walked))),
    }
}

fn cyclic_causality(graph: &Graph, walked: &[u32]) -> Flaw {
    let mut incoming = |node: u32, into: &mut Vec<(u32, Why)>| causes(graph, node, into);
    let cycle = stuck_cycle(graph, walked, &mut incoming);
    Flaw::new(
        rules::CYCLIC_CO,
        shortest_cycle(graph, cycle, &mut incoming),
    )
}

fn cyclic_conflicts(graph: &Graph, conflicts: &[Conflict], walked: &[u32]) -> Flaw {
    let mut incoming = |node: u32, into: &mut Vec<(u32, Why)>| {
        causes(graph, node, into);
        let first = conflicts.partition_point(|it| it.newer < node);
        let all = conflicts.get(first..).unwrap_or_default().iter();
        let own = all.take_while(|it| it.newer == node);
        into.extend(own.map(|it| (it.older, Why::Arbitrated(it.reader))));
    };
    let cycle = stuck_cycle(graph, walked, &mut incoming);
    let links = shortest_cycle(graph, cycle, &mut incoming);
    let mut flaw = Flaw::new(rules::CYCLIC_CF, links.clone());
    for link in links {
        if let Why::Arbitrated(reader) = link.why
            && let Some(links) = causal_path(graph, link.source, reader)
        {
            flaw.rest_on(links.iter().flat_map(|it| [it.source, it.target]));
        }
    }
    flaw
}

/// `older` and `newer` write one key, and `reader` saw `newer` though `older` was before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conflict {
    pub(super) newer: u32,
    pub(super) older: u32,
    pub(super) reader: u32,
}

/// Sorted by the newer; one for each pair.
pub(super) fn compact(conflicts: &mut Vec<Conflict>) {
    conflicts.sort_unstable();
    conflicts.dedup_by_key(|it| (it.newer, it.older));
}

/// What a read should have seen instead.
struct Wrong {
    reader: u32,
    missed: u32,
}

impl Wrong {
    fn flaw(&self, graph: &Graph) -> Flaw {
        let seen = graph.writer(self.reader);
        let mut links = Vec::new();
        if let Some(seen) = seen {
            links.extend(causal_path(graph, seen, self.missed).unwrap_or_default());
        }
        links.extend(causal_path(graph, self.missed, self.reader).unwrap_or_default());
        links.push(Link {
            source: self.reader,
            target: self.missed,
            why: Why::Misses,
        });
        let rule = match seen {
            Some(_) => rules::WRITE_CO_READ,
            None => rules::WRITE_CO_INIT_READ,
        };
        let mut flaw = Flaw::new(rule, links);
        flaw.rest_on(seen);
        flaw
    }
}

/// One that covers: its chain and its place there.
#[derive(Clone, Copy, Debug)]
struct Cover {
    chain: u32,
    /// Zero for no cover yet.
    place: u32,
    /// The next one that covers the same, in `more`.
    next: u32,
}

/// A write of a key, in the order in which they were walked.
#[derive(Clone, Copy, Debug)]
struct Walked {
    chain: u32,
    place: u32,
    version: u32,
    /// So many of the key's writes, in this order, are before this one or are this one.
    full: u32,
}

/// Which versions are covered by which writes.
pub(super) struct Covers {
    /// The writes walked so far: those of a key stand where its versions begin.
    walked: Vec<Walked>,
    /// For each key how many.
    walked_count: Vec<u32>,
    /// For each version a first one that covers it. (In one place with its key's others, as they are looked at.)
    first: Vec<Cover>,
    more: Vec<Cover>,
    covered: Vec<u32>,
}

impl Covers {
    pub(super) fn new(graph: &Graph) -> Self {
        let none = Cover {
            chain: 0,
            place: 0,
            next: NONE,
        };
        let no_write = Walked {
            chain: 0,
            place: 0,
            version: NONE,
            full: 0,
        };
        Self {
            walked: vec![no_write; graph.nodes_count().min(graph.versions_count())],
            walked_count: vec![0; graph.keys_count],
            first: vec![none; graph.versions_count()],
            more: Vec::new(),
            covered: Vec::new(),
        }
    }

    /// One that covers this version and is known: its chain and its place there.
    pub(super) fn cover_in(&self, version: u32, known: impl Fn(u32) -> u32) -> Option<(u32, u32)> {
        let mut cover = self.first.get(version as usize)?;
        if cover.place == 0 {
            return None;
        }
        loop {
            if known(cover.chain) >= cover.place {
                return Some((cover.chain, cover.place));
            }
            cover = self.more.get(cover.next as usize)?;
        }
    }

    /// This write of the key covers what is latest in its past.
    pub(super) fn cover(&mut self, graph: &Graph, node: u32, key: u32, past: Past<'_>) {
        let mut covered = core::mem::take(&mut self.covered);
        let full = self.latest(graph, key, past, &mut covered);
        self.list(graph, node, key, full);
        if covered.is_empty() {
            covered.push(graph.version(key, INITIAL));
        }
        let (chain, place) = graph.place(node);
        for version in &covered {
            if let Some(first) = self.first.get_mut(*version as usize) {
                let mut cover = Cover {
                    chain,
                    place,
                    next: NONE,
                };
                if first.place > 0 {
                    cover.next = self.more.len() as u32;
                    self.more.push(*first);
                }
                *first = cover;
            }
        }
        self.covered = covered;
    }

    /// Puts a write behind those of its key that were walked before.
    fn list(&mut self, graph: &Graph, node: u32, key: u32, full: u32) {
        let (chain, place) = graph.place(node);
        let (begin, _) = graph.versions(key);
        let Some(count) = self.walked_count.get_mut(key as usize) else {
            return;
        };
        let at = begin.saturating_add(*count);
        if let Some(slot) = self.walked.get_mut(at as usize) {
            *slot = Walked {
                chain,
                place,
                version: graph.version(key, node),
                full: if full == *count {
                    full.saturating_add(1)
                } else {
                    full
                },
            };
        }
        *count = count.saturating_add(1);
    }

    /// The versions of a key that are in this past and not overwritten there, and how many of the first of its writes
    /// walked are all in this past.
    ///
    /// From the last walked backwards, until all others are known to be before one that is in this past: a step or two
    /// where sessions are up to date. Where that takes longer than there are chains that write the key, chain by chain.
    fn latest(&self, graph: &Graph, key: u32, past: Past<'_>, found: &mut Vec<u32>) -> u32 {
        found.clear();
        let (begin, _) = graph.versions(key);
        let count = self.walked_count.get(key as usize).copied().unwrap_or(0);
        let end = begin.saturating_add(count);
        let all = self.walked.get(begin as usize..end as usize);
        let known = |chain: u32| past.known(chain);
        let groups = graph.groups(key);
        let (mut full, mut first_unknown) = (0, count);
        let listed = (0..count).rev().zip(all.unwrap_or_default().iter().rev());
        for (step, (at, write)) in listed.enumerate() {
            if at < full {
                break;
            }
            if step > groups.len() {
                self.latest_of_chains(graph, key, past, found);
                return full;
            }
            if known(write.chain) < write.place {
                first_unknown = at;
                continue;
            }
            full = write.full.max(full);
            if self.cover_in(write.version, known).is_none() {
                found.push(write.version);
            }
        }
        first_unknown
    }

    fn latest_of_chains(&self, graph: &Graph, key: u32, past: Past<'_>, found: &mut Vec<u32>) {
        found.clear();
        for group in graph.groups(key) {
            if let Some(version) = graph.last_known(group, past.known(group.chain))
                && self.cover_in(version, |chain| past.known(chain)).is_none()
            {
                found.push(version);
            }
        }
    }

    fn bytes(&self) -> usize {
        let covers = self.more.len().saturating_add(self.first.len());
        let walked = self.walked.len().saturating_mul(size_of::<Walked>());
        covers
            .saturating_mul(size_of::<Cover>())
            .saturating_add(walked)
    }
}

/// What one walk gathers.
struct Versions<'a> {
    graph: &'a Graph,
    covers: Covers,
    latest: Vec<u32>,
    conflicts: Vec<Conflict>,
    /// When to sort them and drop what is there twice.
    conflicts_max: usize,
    is_convergent: bool,
    found: Option<Wrong>,
    bytes_max: usize,
}

impl<'a> Versions<'a> {
    fn new(graph: &'a Graph, is_convergent: bool, bytes_max: usize) -> Self {
        Self {
            graph,
            covers: Covers::new(graph),
            latest: Vec::new(),
            conflicts: Vec::new(),
            conflicts_max: 1024,
            is_convergent,
            found: None,
            bytes_max,
        }
    }

    /// Breaks off with something in `found`, or because memory is full.
    fn visit(&mut self, node: u32, past: Past<'_>) -> ControlFlow<()> {
        let graph = self.graph;
        if let Some((key, source)) = graph.read(node) {
            let version = graph.version(key, source);
            let cover = self.covers.cover_in(version, |chain| past.known(chain));
            if let Some((chain, place)) = cover {
                let before = graph.chain(chain).get(..place as usize);
                let missed = before.and_then(<[u32]>::last).copied();
                let missed = missed.unwrap_or(node);
                self.found = Some(Wrong {
                    reader: node,
                    missed,
                });
                return ControlFlow::Break(());
            }
            if self.is_convergent && source != INITIAL {
                self.conflict(node, key, source, past);
            }
        }
        if let Some(key) = graph.written(node) {
            self.covers.cover(graph, node, key, past);
        }
        let conflicts = self.conflicts.len().saturating_mul(size_of::<Conflict>());
        if conflicts.saturating_add(self.covers.bytes()) > self.bytes_max {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn conflict(&mut self, reader: u32, key: u32, source: u32, past: Past<'_>) {
        let mut latest = core::mem::take(&mut self.latest);
        self.covers.latest(self.graph, key, past, &mut latest);
        let conflicts = &mut self.conflicts;
        for version in &latest {
            let older = self.graph.write(*version);
            if older != source {
                conflicts.push(Conflict {
                    newer: source,
                    older,
                    reader,
                });
            }
        }
        self.latest = latest;
        if conflicts.len() > self.conflicts_max {
            compact(conflicts);
            self.conflicts_max = conflicts.len().saturating_mul(2).max(1024);
        }
    }
}
