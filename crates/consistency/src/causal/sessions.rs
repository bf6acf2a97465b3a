//! The session guarantees, read by read. What they require, and what "certainly newer" means, stands at the top of
//! [the module](super).
//!
//! Of one session's writes each is certainly newer than those before it, so for read your writes, monotonic reads and
//! monotonic writes a read of session t's write w is wrong exactly when a later write of t to the same key is
//! required. A write *reaches* so far in its session's chain: everything up to there is certainly older.
//!
//! Each session is gone through once; it remembers
//! - read your writes: its last write of each key;
//! - monotonic reads: for each key and each writer how far what it has read reaches;
//! - monotonic writes: for each writer how far what it has read, of any key, reaches.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::{
    Certificate, Found,
    flaw::{Flaw, Link, Why},
    graph::{Graph, INITIAL},
    order::{Chains, NONE, Pace},
    rules,
};
use crate::UnknownReason;

/// Which of the guarantees that concern one session's writes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
}

pub(super) fn examine(
    graph: &Graph,
    guarantee: Guarantee,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Found<Certificate>, UnknownReason> {
    let mut sessions = Sessions {
        graph,
        per_key: Remembered::new(graph.keys_count),
        per_session: Remembered::new(graph.sessions_count),
        per_pair: BTreeMap::new(),
        next: Vec::new(),
    };
    if guarantee == Guarantee::MonotonicWrites {
        sessions.next = next_writes(graph);
    }
    let mut pace = Pace::default();
    for session in 0..graph.sessions_count as u32 {
        sessions.per_key.clear();
        sessions.per_session.clear();
        sessions.per_pair.clear();
        for node in graph.chain(session) {
            pace.step(keep_going)?;
            let found = match guarantee {
                Guarantee::ReadYourWrites => sessions.own_writes(*node),
                Guarantee::MonotonicReads => sessions.own_reads(*node),
                Guarantee::MonotonicWrites => sessions.writes_read(*node),
            };
            if let Err(flaw) = found {
                return Ok(Err(flaw));
            }
        }
    }
    Ok(Ok(Certificate::ReadByRead))
}

/// How far in its session's chain the certainly older ones are: (session, place).
fn reach(graph: &Graph, write: u32) -> (u32, u32) {
    let session = graph.node(write).map_or(NONE, |node| node.session);
    let (chain, place) = graph.place(write);
    if chain == session {
        (session, place.saturating_sub(1))
    } else {
        let parent = graph.parent(write);
        (session, parent.map_or(0, |parent| graph.place(parent).1))
    }
}

/// For each write the next one of its key in its chain.
fn next_writes(graph: &Graph) -> Vec<u32> {
    let mut next = vec![NONE; graph.nodes.len()];
    for key in 0..graph.keys_count as u32 {
        for group in graph.groups(key) {
            for pair in graph.writes(group).windows(2) {
                if let [write, later] = pair
                    && let Some(slot) = next.get_mut(*write as usize)
                {
                    *slot = *later;
                }
            }
        }
    }
    next
}

/// A version that was read, and by whom.
#[derive(Clone, Copy, Debug)]
struct Seen {
    reach: u32,
    version: u32,
    reader: u32,
}

struct Sessions<'a> {
    graph: &'a Graph,
    per_key: Remembered,
    per_session: Remembered,
    per_pair: BTreeMap<(u32, u32), Seen>,
    next: Vec<u32>,
}

impl Sessions<'_> {
    fn own_writes(&mut self, node: u32) -> Result<(), Flaw> {
        if let Some((key, source)) = self.graph.read(node)
            && let Some(last) = self.per_key.get(key)
        {
            let required = last.version;
            if source == INITIAL || self.is_older(source, required) {
                let way = [self.link(required, node, Why::Session)];
                let rule = rules::READ_YOUR_WRITES;
                return Err(self.flaw(rule, source, required, &way, node));
            }
        }
        if let Some(key) = self.graph.written(node) {
            let seen = Seen {
                reach: 0,
                version: node,
                reader: node,
            };
            self.per_key.set(key, seen);
        }
        Ok(())
    }

    fn own_reads(&mut self, node: u32) -> Result<(), Flaw> {
        let Some((key, source)) = self.graph.read(node) else {
            return Ok(());
        };
        let missed = if source == INITIAL {
            self.per_key.get(key)
        } else {
            let (session, _) = reach(self.graph, source);
            let place = self.place_in(session, source);
            let newest = self.per_pair.get(&(key, session)).copied();
            newest.filter(|seen| place.is_some_and(|place| place <= seen.reach))
        };
        if let Some(seen) = missed {
            let way = [
                self.link(seen.version, seen.reader, Why::Reads),
                self.link(seen.reader, node, Why::Session),
            ];
            let rule = rules::MONOTONIC_READS;
            return Err(self.flaw(rule, source, seen.version, &way, node));
        }
        if source != INITIAL {
            let (session, reach) = reach(self.graph, source);
            let seen = Seen {
                reach,
                version: source,
                reader: node,
            };
            self.per_key.set(key, seen);
            let newest = self.per_pair.entry((key, session)).or_insert(seen);
            if newest.reach < reach {
                *newest = seen;
            }
        }
        Ok(())
    }

    fn writes_read(&mut self, node: u32) -> Result<(), Flaw> {
        let Some((key, source)) = self.graph.read(node) else {
            return Ok(());
        };
        if source != INITIAL {
            let (session, reach) = reach(self.graph, source);
            if self
                .per_session
                .get(session)
                .is_none_or(|it| it.reach < reach)
            {
                let seen = Seen {
                    reach,
                    version: source,
                    reader: node,
                };
                self.per_session.set(session, seen);
            }
        }
        let Some((required, seen)) = self.missed(key, source) else {
            return Ok(());
        };
        let mut way = vec![
            self.link(required, seen.version, Why::Session),
            self.link(seen.version, seen.reader, Why::Reads),
        ];
        if seen.reader != node {
            way.push(self.link(seen.reader, node, Why::Session));
        }
        let rule = rules::MONOTONIC_WRITES;
        Err(self.flaw(rule, source, required, &way, node))
    }

    /// A write that monotonic writes require and that is newer than what was read.
    fn missed(&self, key: u32, source: u32) -> Option<(u32, Seen)> {
        let is_reached = |write: u32| {
            let (chain, place) = self.graph.place(write);
            let seen = self.per_session.get(chain)?;
            (place <= seen.reach).then_some((write, seen))
        };
        if source == INITIAL {
            let firsts = self.graph.groups(key).iter();
            let mut firsts = firsts.filter_map(|group| self.graph.writes(group).first());
            return firsts.find_map(|write| is_reached(*write));
        }
        let next = self.next.get(source as usize).copied()?;
        (next != NONE).then(|| is_reached(next)).flatten()
    }

    /// Its place in the chain of its session; `None` for one that has a chain of its own.
    fn place_in(&self, session: u32, write: u32) -> Option<u32> {
        let (chain, place) = self.graph.place(write);
        (chain == session).then_some(place)
    }

    /// Whether the two are of one session, in this order.
    fn is_older(&self, older: u32, newer: u32) -> bool {
        let (session, reach) = reach(self.graph, newer);
        let place = self.place_in(session, older);
        place.is_some_and(|place| place <= reach)
    }

    const fn link(&self, source: u32, target: u32, why: Why) -> Link {
        Link {
            source,
            target,
            why,
        }
    }

    /// `reader` saw `source`, which is older than `required`, which came to it this way.
    fn flaw(
        &self,
        rule: crate::Rule,
        source: u32,
        required: u32,
        way: &[Link],
        reader: u32,
    ) -> Flaw {
        let mut links = Vec::with_capacity(way.len().saturating_add(2));
        if source != INITIAL {
            links.push(self.link(source, required, Why::Session));
        }
        links.extend_from_slice(way);
        links.push(self.link(reader, required, Why::Misses));
        Flaw::new(rule, links)
    }
}

/// What is remembered by number, and quickly forgotten.
struct Remembered {
    slots: Vec<Option<Seen>>,
    used: Vec<u32>,
}

impl Remembered {
    fn new(count: usize) -> Self {
        Self {
            slots: vec![None; count],
            used: Vec::new(),
        }
    }

    fn get(&self, number: u32) -> Option<Seen> {
        self.slots.get(number as usize).copied().flatten()
    }

    fn set(&mut self, number: u32, seen: Seen) {
        if let Some(slot) = self.slots.get_mut(number as usize)
            && slot.replace(seen).is_none()
        {
            self.used.push(number);
        }
    }

    fn clear(&mut self) {
        for number in self.used.drain(..) {
            if let Some(slot) = self.slots.get_mut(number as usize) {
                *slot = None;
            }
        }
    }
}
