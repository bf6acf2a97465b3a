//! Causal memory (CM) and PRAM: for each process one legal order of the writes and of its own reads.
//!
//! For a process p, *happened-before* HB is the smallest transitive relation that contains
//! - for CM: causality; for PRAM: the order of each process, and reads-from into p's own reads;
//! - w before v, for writes w and v of one key, when some read of p sees v and w is HB before that read.
//!
//! p has such an order exactly when HB has no cycle (*CyclicHB*) and no write of a key is HB before a read of p that
//! says the key was never written (*WriteHBInitRead*). For CM this is Bouajjani and others 2017, section 5.3; the
//! argument is the same for both: take the reads of p in turn, and before each put what is HB before it and not there
//! yet, in the order of HB. All writes of its key put so far are HB before the read, so HB before the one it saw,
//! which is therefore the last of them.
//!
//! Since p's own reads r0, r1, … are one chain, what is before them is nested, and a node needs one number only: its
//! *level*, the least j for which it is HB before rj (or is rj). Levels fall until
//! - a node's level is at most that of each node after it;
//! - a write of a key has at most the level of what the first read of that key at or behind its level saw;
//! - of two reads of a key in turn, what the first saw has at most the level of what the second saw.
//!
//! The last two stand for all edges from a write to what was read behind it, by transitivity; so O(n) edges are enough.
//!
//! Time O(n) for each process and round, rounds as many as levels fall in sequence (two or three as a rule, at worst
//! polynomial); memory O(n), and a certificate of n numbers for each process that reads.

use alloc::{vec, vec::Vec};

use super::{
    Certificate, Found, Transactions,
    flaw::{Flaw, Link, Why, causes, shortest_cycle, stuck_cycle},
    graph::{Graph, INITIAL},
    linear::linear,
    order::{Chains, NONE, Pace},
    rules,
    visibility::{self, Conflict, compact},
};
use crate::{Limits, OperationId, ProcessId, UnknownReason};

/// Which of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CausalMemory,
    Pram,
}

/// An order for each process that reads; for CM only after causality has no cycle.
pub(super) fn examine_all(
    history: &Transactions,
    graph: &Graph,
    kind: Kind,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Found<Certificate>, UnknownReason> {
    if kind == Kind::CausalMemory
        && let Err(flaw) = visibility::examine(graph, false, limits, keep_going)?
    {
        return Ok(Err(flaw));
    }
    let mut views = Vec::new();
    let mut bytes = 0_usize;
    for session in 0..graph.sessions_count as u32 {
        let mut members = graph.chain(session).iter().copied();
        let Some(first) = members.find(|node| graph.read(*node).is_some()) else {
            continue;
        };
        let order = match examine(graph, kind, session, limits, keep_going)? {
            Ok(order) => order,
            Err(flaw) => return Ok(Err(flaw)),
        };
        bytes = bytes.saturating_add(order.len().saturating_mul(size_of::<OperationId>()));
        if bytes > limits.bytes_max {
            return Err(UnknownReason::MemoryBound);
        }
        let headers = history.headers();
        let header = headers.get(graph.id(first).0);
        let process = header.map_or(ProcessId::default(), |it| history.process(it.session));
        views.push((process, order.iter().map(|node| graph.id(*node)).collect()));
    }
    Ok(Ok(Certificate::Views(views)))
}

/// The order for the process of this session, as nodes. For PRAM the reads of others are left out.
fn examine(
    graph: &Graph,
    kind: Kind,
    session: u32,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Found<Vec<u32>>, UnknownReason> {
    let mut view = View::new(graph, kind, session, limits.bytes_max);
    view.rise(keep_going)?;
    if let Some(flaw) = view.initial_read() {
        return Ok(Err(flaw));
    }
    let edges = view.edges();
    let level = |node: u32| view.level(node);
    match linear(graph, &edges, level, |node| view.is_kept(node), keep_going)? {
        Ok(mut order) => {
            order.retain(|node| view.is_in_order(*node));
            Ok(Ok(order))
        }
        Err(walked) => Ok(Err(view.cycle(&edges, &walked))),
    }
}

struct View<'a> {
    graph: &'a Graph,
    kind: Kind,
    session: u32,
    reads: Vec<u32>,
    /// By key, then in turn.
    by_key: Vec<KeyRead>,
    levels: Vec<u32>,
    /// For each node its last entry in `log`.
    entries: Vec<u32>,
    log: Vec<Entry>,
    pending: Vec<Entry>,
    bytes_max: usize,
    pace: Pace,
}

/// A read of p.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KeyRead {
    key: u32,
    /// Which of p's reads.
    turn: u32,
    /// The node it saw, or [`INITIAL`].
    seen: u32,
}

/// A level as it was set, and why: the proof that a node is before a read of p.
#[derive(Clone, Copy, Debug)]
struct Entry {
    node: u32,
    level: u32,
    /// The node that it is before; `NONE` for p's read itself.
    via: u32,
    /// Where it is before `via` because this read of p saw `via`: which read; else `NONE`.
    turn: u32,
    /// The node's entry before this one.
    previous: u32,
}

impl<'a> View<'a> {
    fn new(graph: &'a Graph, kind: Kind, session: u32, bytes_max: usize) -> Self {
        let chain = graph.chain(session).iter();
        let reads: Vec<u32> = chain
            .copied()
            .filter(|node| graph.read(*node).is_some())
            .collect();
        let mut by_key: Vec<KeyRead> = (0..)
            .zip(&reads)
            .filter_map(|(turn, node)| {
                let (key, seen) = graph.read(*node)?;
                Some(KeyRead { key, turn, seen })
            })
            .collect();
        by_key.sort_unstable();
        Self {
            graph,
            kind,
            session,
            reads,
            by_key,
            levels: vec![NONE; graph.nodes_count()],
            entries: vec![NONE; graph.nodes_count()],
            log: Vec::new(),
            pending: Vec::new(),
            bytes_max,
            pace: Pace::default(),
        }
    }

    fn level(&self, node: u32) -> u32 {
        self.levels.get(node as usize).copied().unwrap_or(NONE)
    }

    fn own_read(&self, turn: u32) -> u32 {
        self.reads.get(turn as usize).copied().unwrap_or(NONE)
    }

    /// Whether the edge into this node from another chain counts.
    fn is_kept(&self, node: u32) -> bool {
        self.kind == Kind::CausalMemory
            || self.graph.writer(node).is_none()
            || self.graph.place(node).0 == self.session
    }

    fn is_in_order(&self, node: u32) -> bool {
        self.kind == Kind::CausalMemory
            || self.graph.written(node).is_some()
            || self.graph.place(node).0 == self.session
    }

    /// The first turn at which this write may be before a read. One of p's own operations that both read and wrote is
    /// not before itself, whatever its level (were it lower than its turn there would be a cycle anyway).
    fn first_turn(&self, write: u32) -> u32 {
        if self.graph.place(write).0 == self.session
            && let Ok(turn) = self.reads.binary_search(&write)
        {
            (turn as u32).saturating_add(1)
        } else {
            self.level(write)
        }
    }

    /// Lets the levels fall to where they stay.
    fn rise(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), UnknownReason> {
        for turn in 0..self.reads.len() as u32 {
            self.set(Entry {
                node: self.own_read(turn),
                level: turn,
                via: NONE,
                turn: NONE,
                previous: NONE,
            });
            self.spread(keep_going)?;
        }
        loop {
            let settled = self.log.len();
            let mut end = self.by_key.len();
            while let Some(last) = end.checked_sub(1).and_then(|at| self.by_key.get(at)) {
                let key = last.key;
                let begin = self.by_key.partition_point(|it| it.key < key);
                self.settle_reads(begin..end, keep_going)?;
                self.settle_writes(key, begin..end, keep_going)?;
                end = begin;
            }
            if self.log.len() == settled {
                return Ok(());
            }
        }
    }

    fn settle_reads(
        &mut self,
        reads: core::ops::Range<usize>,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), UnknownReason> {
        let mut later: Option<KeyRead> = None;
        for at in reads.rev() {
            let Some(read) = self.by_key.get(at).copied() else {
                continue;
            };
            if read.seen == INITIAL {
                continue;
            }
            if let Some(later) = later.replace(read)
                && later.seen != read.seen
            {
                self.lower(read.seen, later, keep_going)?;
            }
        }
        Ok(())
    }

    fn settle_writes(
        &mut self,
        key: u32,
        reads: core::ops::Range<usize>,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), UnknownReason> {
        let graph = self.graph;
        for group in graph.groups(key) {
            for write in graph.writes(group) {
                if self.level(*write) == NONE {
                    break;
                }
                if let Some(read) = self.next_read(*write, reads.clone()) {
                    self.lower(*write, read, keep_going)?;
                }
            }
        }
        Ok(())
    }

    /// The first read behind this write, of its key, which saw another one.
    fn next_read(&self, write: u32, reads: core::ops::Range<usize>) -> Option<KeyRead> {
        let turn = self.first_turn(write);
        let reads = self.by_key.get(reads).unwrap_or_default();
        let at = reads.partition_point(|it| it.turn < turn);
        let mut rest = reads.get(at..).unwrap_or_default().iter();
        let read = rest.find(|it| it.seen != INITIAL)?;
        (read.seen != write).then_some(*read)
    }

    /// `write` is before what this read saw.
    fn lower(
        &mut self,
        write: u32,
        read: KeyRead,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), UnknownReason> {
        let level = self.level(read.seen);
        if self.level(write) <= level {
            return Ok(());
        }
        self.set(Entry {
            node: write,
            level,
            via: read.seen,
            turn: read.turn,
            previous: NONE,
        });
        self.spread(keep_going)
    }

    fn set(&mut self, entry: Entry) {
        if self.level(entry.node) > entry.level {
            self.pending.push(entry);
        }
    }

    /// Sets what is pending, and all that comes before it.
    fn spread(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), UnknownReason> {
        while let Some(head) = self.pending.pop() {
            let mut entry = head;
            while self.level(entry.node) > entry.level {
                if self.pace.step(keep_going)? && self.bytes() > self.bytes_max {
                    return Err(UnknownReason::MemoryBound);
                }
                self.write(entry);
                let source = self.graph.source(entry.node, 0);
                if let Some(source) = source.filter(|_| self.is_kept(entry.node)) {
                    self.set(Entry {
                        node: source,
                        level: head.level,
                        via: entry.node,
                        turn: NONE,
                        previous: NONE,
                    });
                }
                let Some(previous) = self.graph.previous(entry.node) else {
                    break;
                };
                entry = Entry {
                    node: previous,
                    level: head.level,
                    via: head.node,
                    turn: NONE,
                    previous: NONE,
                };
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let entries = self.log.len().saturating_add(self.pending.len());
        let levels = self.levels.len().saturating_mul(8);
        entries
            .saturating_mul(size_of::<Entry>())
            .saturating_add(levels)
    }

    fn write(&mut self, entry: Entry) {
        let node = entry.node as usize;
        if let (Some(level), Some(last)) = (self.levels.get_mut(node), self.entries.get_mut(node)) {
            *level = entry.level;
            let previous = core::mem::replace(last, self.log.len() as u32);
            self.log.push(Entry { previous, ..entry });
        }
    }

    /// A read of "never written" behind a write.
    fn initial_read(&self) -> Option<Flaw> {
        let reads = self.by_key.iter().filter(|it| it.seen == INITIAL);
        for read in reads {
            for group in self.graph.groups(read.key) {
                let write = self.graph.writes(group).first().copied()?;
                if self.first_turn(write) > read.turn {
                    continue;
                }
                let mut links = self.way(write, read.turn);
                links.push(Link {
                    source: self.own_read(read.turn),
                    target: write,
                    why: Why::Misses,
                });
                let rule = match self.kind {
                    Kind::CausalMemory => rules::WRITE_HB_INIT_READ,
                    Kind::Pram => rules::WRITE_PRAM_INIT_READ,
                };
                return Some(self.flaw(rule, links));
            }
        }
        None
    }

    /// The edges beyond those of the graph.
    fn edges(&self) -> Vec<Conflict> {
        let mut edges = Vec::new();
        let mut add = |older: u32, read: &KeyRead| {
            edges.push(Conflict {
                newer: read.seen,
                older,
                reader: self.own_read(read.turn),
            });
        };
        for pair in self.by_key.windows(2) {
            if let [read, later] = pair
                && read.key == later.key
                && read.seen != later.seen
                && read.seen != INITIAL
                && later.seen != INITIAL
            {
                add(read.seen, later);
            }
        }
        let mut begin = 0;
        while let Some(read) = self.by_key.get(begin) {
            let end = self.by_key.partition_point(|it| it.key <= read.key);
            for group in self.graph.groups(read.key) {
                for write in self.graph.writes(group) {
                    if self.level(*write) == NONE {
                        break;
                    }
                    if let Some(read) = self.next_read(*write, begin..end) {
                        add(*write, &read);
                    }
                }
            }
            begin = end;
        }
        compact(&mut edges);
        edges
    }

    fn cycle(&self, edges: &[Conflict], walked: &[u32]) -> Flaw {
        let mut incoming = |node: u32, into: &mut Vec<(u32, Why)>| {
            if self.is_kept(node) {
                causes(self.graph, node, into);
            }
            let first = edges.partition_point(|it| it.newer < node);
            let all = edges.get(first..).unwrap_or_default().iter();
            let own = all.take_while(|it| it.newer == node);
            into.extend(own.map(|it| (it.older, Why::Arbitrated(it.reader))));
        };
        let cycle = stuck_cycle(self.graph, walked, &mut incoming);
        let links = shortest_cycle(self.graph, cycle, &mut incoming);
        let rule = match self.kind {
            Kind::CausalMemory => rules::CYCLIC_HB,
            Kind::Pram => rules::CYCLIC_PRAM,
        };
        self.flaw(rule, links)
    }

    /// The way from a node to p's read of that turn, as the log tells it.
    fn way(&self, node: u32, turn: u32) -> Vec<Link> {
        let mut links = Vec::new();
        let mut at = self.entry(node, turn);
        while let Some(entry) = self.log.get(at as usize) {
            if entry.via == NONE {
                let read = self.own_read(turn);
                if entry.node != read {
                    links.push(Link {
                        source: entry.node,
                        target: read,
                        why: Why::Session,
                    });
                }
                break;
            }
            links.push(Link {
                source: entry.node,
                target: entry.via,
                why: self.why(entry),
            });
            at = self.entry(entry.via, entry.level);
        }
        links
    }

    fn why(&self, entry: &Entry) -> Why {
        if entry.turn != NONE {
            Why::Arbitrated(self.own_read(entry.turn))
        } else if self.graph.writer(entry.via) == Some(entry.node) {
            Why::Reads
        } else {
            Why::Session
        }
    }

    /// The oldest entry that puts this node before p's read of that turn.
    fn entry(&self, node: u32, turn: u32) -> u32 {
        let mut at = self.entries.get(node as usize).copied().unwrap_or(NONE);
        while let Some(entry) = self.log.get(at as usize) {
            match self.log.get(entry.previous as usize) {
                Some(older) if older.level <= turn => at = entry.previous,
                _ => break,
            }
        }
        at
    }

    /// With all that the log needs to say so.
    fn flaw(&self, rule: crate::Rule, links: Vec<Link>) -> Flaw {
        let mut flaw = Flaw::new(rule, links);
        let mut asked: Vec<u32> = Vec::new();
        let turn_of = |reader: u32| {
            self.reads
                .binary_search(&reader)
                .map_or(NONE, |it| it as u32)
        };
        for link in &flaw.links {
            if let Why::Arbitrated(reader) = link.why {
                asked.push(self.entry(link.source, turn_of(reader)));
            }
        }
        let mut is_asked = vec![false; self.log.len()];
        let mut support = Vec::new();
        while let Some(at) = asked.pop() {
            let (Some(entry), Some(seen)) =
                (self.log.get(at as usize), is_asked.get_mut(at as usize))
            else {
                continue;
            };
            if core::mem::replace(seen, true) {
                continue;
            }
            support.push(entry.node);
            if entry.via != NONE {
                asked.push(self.entry(entry.via, entry.level));
            }
            if entry.turn != NONE {
                support.push(self.own_read(entry.turn));
                asked.push(self.entry(entry.node, entry.turn));
            }
        }
        flaw.rest_on(support);
        flaw
    }
}
