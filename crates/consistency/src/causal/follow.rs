//! Writes follow reads, key by key.
//!
//! For one key the versions "certainly newer" than another are what causality *within the operations on that key*
//! says: a session's earlier write is older than its later one, and so is what it read before. So each key is walked
//! on its own, and the walk yields
//! - which writes directly cover which (as in [`visibility`](super::visibility)): a version is older than v exactly when
//!   one that covers it is v or older than v;
//! - for each session t and each of its reads of the key, the clock of all that it had read of it so far.
//!
//! A read of w by session s is wrong when for some session t, of which s has read a write W up to then, a version that
//! covers w is in the clock of t's last read of the key before W. A read of "never written" is wrong when t had any.
//!
//! A cycle in one key's walk is a violation too. Somewhere it enters a session by a read of v, and leaves it by a write
//! W of the key that the next session reads: there W is read, v is required, and W is older than v by way of the rest.
//!
//! Time O(n · k) for k sessions that read the same key; memory O(n), and the clocks of one key.

use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::ops::ControlFlow;

use super::{
    Certificate, Found,
    flaw::{Flaw, Link, Why, causal_path, causes, shortest_cycle, stuck_cycle},
    graph::{Graph, INITIAL},
    order::{Chains, Clock, NONE, Pace, Pages, Stopped, walk},
    rules,
    visibility::Covers,
};
use crate::{Limits, UnknownReason};

pub(super) fn examine(
    graph: &Graph,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Found<Certificate>, UnknownReason> {
    let known = Known::new(graph);
    let mut by_key: Vec<(u32, u32)> = Vec::with_capacity(graph.nodes.len());
    for (number, node) in (0..).zip(&graph.nodes) {
        let read = graph.read(number).map(|(key, _)| key);
        by_key.extend(read.map(|key| (key, number)));
        if node.written != NONE && read != Some(node.written) {
            by_key.push((node.written, number));
        }
    }
    by_key.sort_unstable();
    let mut pace = Pace::default();
    for run in by_key.chunk_by(|a, b| a.0 == b.0) {
        let Some((key, _)) = run.first() else {
            continue;
        };
        let nodes: Vec<u32> = run.iter().map(|(_, node)| *node).collect();
        let mut one = OneKey::new(graph, *key, &nodes);
        if let Err(flaw) = one.walk(limits, keep_going)? {
            return Ok(Err(flaw));
        }
        for node in &nodes {
            let mut question = || pace.step(keep_going).map(drop);
            if let Err(flaw) = one.judge(*node, &known, &mut question)? {
                return Ok(Err(flaw));
            }
        }
    }
    Ok(Ok(Certificate::ReadByRead))
}

/// How far in each session what a session has read reaches.
struct Known {
    /// Where each session begins in `entries`.
    first: Vec<usize>,
    /// By session, by writer's session, by reader.
    entries: Vec<KnownEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KnownEntry {
    session: u32,
    writer: u32,
    reader: u32,
    /// The greatest up to here.
    reach: u32,
    /// The write of it, and who of this session read it.
    write: u32,
    by: u32,
}

impl Known {
    fn new(graph: &Graph) -> Self {
        let mut entries: Vec<KnownEntry> = Vec::new();
        for (number, node) in (0..).zip(&graph.nodes) {
            if let Some(write) = graph.writer(number) {
                let (writer, reach) = reads_before(graph, write);
                entries.push(KnownEntry {
                    session: node.session,
                    writer,
                    reader: number,
                    reach,
                    write,
                    by: number,
                });
            }
        }
        entries.sort_unstable();
        let mut best: Option<KnownEntry> = None;
        for entry in &mut entries {
            if let Some(best) = best
                && (best.session, best.writer) == (entry.session, entry.writer)
                && best.reach >= entry.reach
            {
                (entry.reach, entry.write, entry.by) = (best.reach, best.write, best.by);
            }
            best = Some(*entry);
        }
        let mut first = Vec::with_capacity(graph.sessions_count.saturating_add(1));
        for session in 0..=graph.sessions_count as u32 {
            first.push(entries.partition_point(|entry| entry.session < session));
        }
        Self { first, entries }
    }

    /// What session `session` has read of `writer`'s up to this reader.
    fn at(&self, session: u32, writer: u32, reader: u32) -> Option<&KnownEntry> {
        let first = *self.first.get(session as usize)?;
        let end = *self.first.get(session as usize + 1)?;
        let own = self.entries.get(first..end)?;
        let count = own.partition_point(|it| (it.writer, it.reader) <= (writer, reader));
        let entry = own.get(count.checked_sub(1)?)?;
        (entry.writer == writer).then_some(entry)
    }
}

/// How far in its session's chain the reads are that came before this write, its own operation's among them.
fn reads_before(graph: &Graph, write: u32) -> (u32, u32) {
    let session = graph.node(write).map_or(NONE, |node| node.session);
    let (chain, place) = graph.place(write);
    if chain == session {
        (session, place)
    } else {
        let parent = graph.parent(write);
        (session, parent.map_or(0, |parent| graph.place(parent).1))
    }
}

/// The operations on one key.
struct OneKey<'a> {
    graph: &'a Graph,
    /// Of the whole graph.
    nodes: &'a [u32],
    key: u32,
    local: Graph,
    covers: Covers,
    /// For each session that read a version of the key, its reads in their order.
    readers: BTreeMap<u32, Vec<Reading>>,
}

/// A read of a version, and what its session had read of the key up to then.
struct Reading {
    node: u32,
    clock: Clock,
}

impl<'a> OneKey<'a> {
    fn new(graph: &'a Graph, key: u32, nodes: &'a [u32]) -> Self {
        let local = graph.keep(nodes);
        Self {
            covers: Covers::new(&local),
            graph,
            nodes,
            key,
            local,
            readers: BTreeMap::new(),
        }
    }

    fn walk(
        &mut self,
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Found<()>, UnknownReason> {
        let Self {
            graph,
            nodes,
            key,
            local,
            covers,
            readers,
        } = self;
        let pages = Pages::default();
        let mut clocks = vec![Clock::default(); local.nodes.len()];
        let mut is_full = false;
        let walked = walk(local, limits.bytes_max, keep_going, &mut |node, past| {
            let Some(original) = nodes.get(node as usize) else {
                return ControlFlow::Continue(());
            };
            if graph.written(*original) == Some(*key) {
                if let Some(written) = local.written(node) {
                    covers.cover(local, node, written, past);
                }
                if let Some(clock) = clocks.get_mut(node as usize) {
                    *clock = past.with_itself(&pages);
                }
            }
            let is_read = graph.read(*original).is_some_and(|(read, _)| read == *key);
            if let Some(source) = local.writer(node).filter(|_| is_read)
                && let Some(clock) = clocks.get(source as usize)
                && let Some(session) = graph.node(*original).map(|it| it.session)
            {
                let readings = readers.entry(session).or_default();
                let mut all = readings
                    .last()
                    .map_or_else(Clock::default, |it| it.clock.clone());
                all.join(clock);
                readings.push(Reading {
                    node: *original,
                    clock: all,
                });
            }
            is_full = pages.bytes() > limits.bytes_max;
            if is_full {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        match walked {
            Ok(_) => Ok(Ok(())),
            Err(Stopped::Unknown(reason)) => Err(reason),
            Err(Stopped::ByVisitor) => Err(UnknownReason::MemoryBound),
            Err(Stopped::Cycle(walked)) => Ok(Err(self.cycle(&walked))),
        }
    }

    fn cycle(&self, walked: &[u32]) -> Flaw {
        let mut incoming = |node: u32, into: &mut Vec<(u32, Why)>| {
            causes(&self.local, node, into);
        };
        let cycle = stuck_cycle(&self.local, walked, &mut incoming);
        let mut links = shortest_cycle(&self.local, cycle, &mut incoming);
        let original = |node: u32| self.nodes.get(node as usize).copied().unwrap_or(NONE);
        for link in &mut links {
            link.source = original(link.source);
            link.target = original(link.target);
        }
        Flaw::new(rules::WRITES_FOLLOW_READS, links)
    }

    /// One reading against those of every session; `question` is asked for each.
    fn judge(
        &self,
        node: u32,
        known: &Known,
        question: &mut dyn FnMut() -> Result<(), UnknownReason>,
    ) -> Result<Found<()>, UnknownReason> {
        question()?;
        let Some((_, source)) = self.graph.read(node).filter(|(key, _)| *key == self.key) else {
            return Ok(Ok(()));
        };
        let Some(session) = self.graph.node(node).map(|it| it.session) else {
            return Ok(Ok(()));
        };
        let local = self.nodes.binary_search(&source).ok();
        for (writer, readings) in &self.readers {
            question()?;
            let Some(entry) = known.at(session, *writer, node) else {
                continue;
            };
            let is_before = |it: &Reading| self.graph.place(it.node).1 <= entry.reach;
            let count = readings.partition_point(is_before);
            let required = readings.get(..count).unwrap_or_default();
            let missed = match local {
                None => required.first(),
                Some(local) => {
                    // The key's number in its own graph does not matter for a version that was written.
                    self.newer(self.local.version(0, local as u32), required)
                }
            };
            if let Some(missed) = missed {
                return Ok(Err(self.flaw(node, source, missed.node, entry)));
            }
        }
        Ok(Ok(()))
    }

    /// The first of these readings whose version is certainly newer than this one.
    fn newer<'r>(&self, version: u32, readings: &'r [Reading]) -> Option<&'r Reading> {
        let last = readings.last()?;
        let covers = |it: &Reading| {
            let cover = self.covers.cover_in(version, |chain| it.clock.known(chain));
            cover.is_some()
        };
        if !covers(last) {
            return None;
        }
        readings.get(readings.partition_point(|it| !covers(it)))
    }

    /// `node` saw `source`; `missed` had read something newer before `entry.write`, which this session has read.
    fn flaw(&self, node: u32, source: u32, missed: u32, entry: &KnownEntry) -> Flaw {
        let link = |source: u32, target: u32, why: Why| Link {
            source,
            target,
            why,
        };
        let Some(version) = self.graph.writer(missed) else {
            return Flaw::new(rules::WRITES_FOLLOW_READS, Vec::new());
        };
        let mut links = Vec::new();
        if source != INITIAL {
            links = self.way(source, version);
        }
        links.push(link(version, missed, Why::Reads));
        if missed != entry.write {
            links.push(link(missed, entry.write, Why::Session));
        }
        links.extend([link(entry.write, entry.by, Why::Reads)]);
        if entry.by != node {
            links.push(link(entry.by, node, Why::Session));
        }
        links.push(link(node, version, Why::Misses));
        Flaw::new(rules::WRITES_FOLLOW_READS, links)
    }

    /// How the older version leads to the newer one within this key.
    fn way(&self, older: u32, newer: u32) -> Vec<Link> {
        let local = |node: u32| self.nodes.binary_search(&node).ok().map(|it| it as u32);
        let original = |node: u32| self.nodes.get(node as usize).copied().unwrap_or(NONE);
        let (Some(from), Some(to)) = (local(older), local(newer)) else {
            return Vec::new();
        };
        let mut links = causal_path(&self.local, from, to).unwrap_or_default();
        for link in &mut links {
            link.source = original(link.source);
            link.target = original(link.target);
        }
        links
    }
}
