//! The history as the checks read it: nodes that read a key, write a key, or do both, in chains, with each read led
//! back to its write.
//!
//! What is in it. Every committed operation with a heard read or a write; every indeterminate write that somebody
//! read. What failed is not, nor are indeterminate writes that nobody read: without an observer they bind nobody.
//!
//! Chains. A session's operations in their order are a chain. An indeterminate write may have taken effect at any
//! time after its call, so it comes after what its session did before, and before nothing that it did later: unless
//! it is the last of its session it is a chain of its own, behind the node of the session that it follows.

use alloc::{vec, vec::Vec};

use super::{
    Ending, Transactions,
    order::{Chains, NONE},
};
use crate::{
    NotCheckable, OperationId,
    intern::{Mixer, Slots},
    transactions::MicroKind,
};

/// [`Node::source`]: it read that the key was never written.
pub(super) const INITIAL: u32 = u32::MAX - 1;
/// [`Node::source`]: it read a value that nobody wrote.
pub(super) const THIN_AIR: u32 = u32::MAX - 2;
/// More operations than this are refused, so that numbers and marks do not meet.
pub(super) const OPERATIONS_MAX: usize = (u32::MAX - 16) as usize;

/// An operation that matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Its number in the history.
    pub(super) id: u32,
    pub(super) session: u32,
    /// The key it read; `NONE` for none.
    pub(super) read: u32,
    /// The node whose write it read, [`INITIAL`] or [`THIN_AIR`]; `NONE` when it read nothing.
    pub(super) source: u32,
    /// The key it wrote; `NONE` for none.
    pub(super) written: u32,
    /// An indeterminate write.
    pub(super) is_loose: bool,
}

/// Nodes, ascending by operation, and the order among them.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) keys_count: usize,
    pub(super) sessions_count: usize,
    /// For each node, its chain and its place there, from one.
    places: Vec<(u32, u32)>,
    /// Where each chain begins in `members`; one more than there are chains.
    first: Vec<u32>,
    members: Vec<u32>,
    /// For each chain beyond those of the sessions, the node it follows, or `NONE`.
    parents: Vec<u32>,
    /// Where each key begins in `groups`; one more than there are keys.
    key_first: Vec<u32>,
    groups: Vec<Group>,
    /// The writes by key, chain and place: a write's *version* is where it stands here.
    writes: Vec<u32>,
    /// For each of these its place in its chain, side by side for those who look for the last known one.
    write_places: Vec<u32>,
    /// For each node its version; `NONE` for one that writes nothing.
    versions: Vec<u32>,
}

/// The writes of one key in one chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) chain: u32,
    first: u32,
    end: u32,
}

impl Chains for Graph {
    fn nodes_count(&self) -> usize {
        self.nodes.len()
    }

    fn chains_count(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    fn chain(&self, chain: u32) -> &[u32] {
        slice(&self.first, &self.members, chain)
    }

    fn place(&self, node: u32) -> (u32, u32) {
        self.places.get(node as usize).copied().unwrap_or_default()
    }

    fn source(&self, node: u32, index: usize) -> Option<u32> {
        if index > 0 {
            return None;
        }
        self.writer(node).or_else(|| self.parent(node))
    }
}

fn slice<'a, T>(first: &[u32], all: &'a [T], number: u32) -> &'a [T] {
    let number = number as usize;
    match (first.get(number), first.get(number.saturating_add(1))) {
        (Some(first), Some(end)) => all.get(*first as usize..*end as usize).unwrap_or_default(),
        _ => &[],
    }
}

impl Graph {
    /// The whole history. O(its size).
    pub(super) fn of(history: &Transactions) -> Result<Self, NotCheckable> {
        let writers = Writers::of(history)?;
        let sources = writers.sources(history)?;
        let mut nodes = Vec::with_capacity(history.len());
        let mut numbers = vec![NONE; history.len()];
        for (place, header) in history.headers().iter().enumerate() {
            let mut node = Node {
                id: place as u32,
                session: header.session,
                read: NONE,
                source: NONE,
                written: NONE,
                is_loose: header.ending == Ending::Indeterminate,
            };
            for micro in history.micros_of(place) {
                match (micro.kind, header.ending) {
                    (MicroKind::Read, Ending::Committed) => {
                        node.read = micro.key;
                        node.source = sources.of(place);
                    }
                    (MicroKind::Write, Ending::Committed) => node.written = micro.key,
                    (MicroKind::Write, Ending::Indeterminate) if sources.is_read(place) => {
                        node.written = micro.key;
                    }
                    _ => {}
                }
            }
            if node.source != NONE || node.written != NONE {
                if let Some(number) = numbers.get_mut(place) {
                    *number = nodes.len() as u32;
                }
                nodes.push(node);
            }
        }
        for node in &mut nodes {
            if let Some(number) = numbers.get(node.source as usize) {
                node.source = *number;
            }
        }
        Ok(Self::new(
            nodes,
            history.keys_count(),
            history.sessions_count(),
        ))
    }

    /// What is left when only these nodes (ascending) are kept. A read of a write that is not kept says nothing.
    pub(super) fn keep(&self, kept: &[u32]) -> Self {
        let place_of = |node: u32| kept.binary_search(&node).map_or(NONE, |it| it as u32);
        let mut nodes: Vec<Node> = kept
            .iter()
            .filter_map(|node| self.nodes.get(*node as usize).copied())
            .collect();
        let (mut keys, mut sessions) = (Vec::new(), Vec::new());
        for node in &mut nodes {
            if node.source < THIN_AIR {
                node.source = place_of(node.source);
            }
            if node.source == NONE {
                node.read = NONE;
            }
            keys.extend([node.read, node.written]);
            sessions.push(node.session);
        }
        for numbers in [&mut keys, &mut sessions] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        let number = |all: &[u32], it: u32| all.binary_search(&it).map_or(NONE, |at| at as u32);
        for node in &mut nodes {
            for key in [&mut node.read, &mut node.written] {
                if *key != NONE {
                    *key = number(&keys, *key);
                }
            }
            node.session = number(&sessions, node.session);
        }
        Self::new(nodes, keys.len(), sessions.len())
    }

    fn new(nodes: Vec<Node>, keys_count: usize, sessions_count: usize) -> Self {
        let mut graph = Self {
            places: Vec::with_capacity(nodes.len()),
            keys_count,
            sessions_count,
            first: Vec::new(),
            members: vec![0; nodes.len()],
            parents: Vec::new(),
            key_first: Vec::new(),
            groups: Vec::new(),
            writes: Vec::new(),
            write_places: Vec::new(),
            versions: vec![NONE; nodes.len()],
            nodes,
        };
        graph.lay_chains();
        graph.group_writes();
        graph
    }

    fn lay_chains(&mut self) {
        let mut last = vec![NONE; self.sessions_count];
        for (number, node) in self.nodes.iter().enumerate() {
            if let Some(last) = last.get_mut(node.session as usize) {
                *last = number as u32;
            }
        }
        // The last node of each session so far that stands in its chain, and how many do.
        let mut ends = vec![(NONE, 0_u32); self.sessions_count];
        for (number, node) in self.nodes.iter().enumerate() {
            let session = node.session as usize;
            let Some(end) = ends.get_mut(session) else {
                continue;
            };
            if node.is_loose && last.get(session) != Some(&(number as u32)) {
                let chain = self.sessions_count.saturating_add(self.parents.len());
                self.parents.push(end.0);
                self.places.push((chain as u32, 1));
            } else {
                *end = (number as u32, end.1.saturating_add(1));
                self.places.push((node.session, end.1));
            }
        }
        let mut total = 0_u32;
        self.first.push(0);
        for (_, length) in ends {
            total = total.saturating_add(length);
            self.first.push(total);
        }
        for _ in &self.parents {
            total = total.saturating_add(1);
            self.first.push(total);
        }
        for (number, (chain, place)) in self.places.iter().enumerate() {
            let first = self.first.get(*chain as usize).copied().unwrap_or(0);
            let at = first.saturating_add(place.saturating_sub(1));
            if let Some(member) = self.members.get_mut(at as usize) {
                *member = number as u32;
            }
        }
    }

    fn group_writes(&mut self) {
        let mut next = vec![0_u32; self.keys_count.saturating_add(1)];
        for node in &self.nodes {
            if let Some(count) = next.get_mut(node.written as usize) {
                *count = count.saturating_add(1);
            }
        }
        let mut total = 0_u32;
        for count in &mut next {
            let begin = total;
            total = total.saturating_add(*count);
            *count = begin;
        }
        self.writes = vec![0; total as usize];
        let starts = next.clone();
        // Chain by chain, so that each key's writes lie by chain and place.
        for number in &self.members {
            let key = self.written(*number).map_or(NONE, |key| key);
            if let Some(at) = next.get_mut(key as usize) {
                if let (Some(write), Some(version)) = (
                    self.writes.get_mut(*at as usize),
                    self.versions.get_mut(*number as usize),
                ) {
                    *write = *number;
                    *version = *at;
                }
                *at = at.saturating_add(1);
            }
        }
        for key in 0..self.keys_count {
            self.key_first.push(self.groups.len() as u32);
            let (begin, end) = (
                starts.get(key).copied().unwrap_or(0),
                next.get(key).copied().unwrap_or(0),
            );
            let mut current = NONE;
            for at in begin..end {
                let write = self.writes.get(at as usize).copied().unwrap_or(NONE);
                let (chain, _) = self.place(write);
                if chain != current {
                    current = chain;
                    self.groups.push(Group {
                        chain,
                        first: at,
                        end: at,
                    });
                }
                if let Some(group) = self.groups.last_mut() {
                    group.end = at.saturating_add(1);
                }
            }
        }
        self.key_first.push(self.groups.len() as u32);
        let places = self.writes.iter().map(|write| self.place(*write).1);
        self.write_places = places.collect();
    }

    pub(super) fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    pub(super) fn id(&self, node: u32) -> OperationId {
        OperationId(self.node(node).map_or(0, |it| it.id as usize))
    }

    /// The key it wrote.
    pub(super) fn written(&self, node: u32) -> Option<u32> {
        let key = self.node(node)?.written;
        (key != NONE).then_some(key)
    }

    /// The key it read, and the node that wrote what it saw, or [`INITIAL`].
    pub(super) fn read(&self, node: u32) -> Option<(u32, u32)> {
        let node = self.node(node)?;
        (node.source != NONE && node.source != THIN_AIR).then_some((node.read, node.source))
    }

    /// The node that wrote what it saw.
    pub(super) fn writer(&self, node: u32) -> Option<u32> {
        let source = self.node(node)?.source;
        (source < THIN_AIR).then_some(source)
    }

    /// For the one node of an indeterminate write's chain: the last that its session did before.
    pub(super) fn parent(&self, node: u32) -> Option<u32> {
        let (chain, _) = self.place(node);
        let extra = (chain as usize).checked_sub(self.sessions_count)?;
        let parent = *self.parents.get(extra)?;
        (parent != NONE).then_some(parent)
    }

    /// The node before it in its chain.
    pub(super) fn previous(&self, node: u32) -> Option<u32> {
        let (chain, place) = self.place(node);
        let at = place.checked_sub(2)?;
        self.chain(chain).get(at as usize).copied()
    }

    /// The node behind it in its chain.
    pub(super) fn next(&self, node: u32) -> Option<u32> {
        let (chain, place) = self.place(node);
        self.chain(chain).get(place as usize).copied()
    }

    /// The writes of a key, chain by chain.
    pub(super) fn groups(&self, key: u32) -> &[Group] {
        slice(&self.key_first, &self.groups, key)
    }

    /// The writes of a group in the order of its chain.
    pub(super) fn writes(&self, group: &Group) -> &[u32] {
        self.writes
            .get(group.first as usize..group.end as usize)
            .unwrap_or_default()
    }

    /// The version of the last write of the group among the first `known` nodes of its chain.
    pub(super) fn last_known(&self, group: &Group, known: u32) -> Option<u32> {
        let range = group.first as usize..group.end as usize;
        let places = self.write_places.get(range)?;
        let count = match places {
            [only] => usize::from(*only <= known),
            _ => places.partition_point(|place| *place <= known),
        };
        let before = count.checked_sub(1)?;
        Some(group.first.saturating_add(before as u32))
    }

    /// The version of what was written to this key by this node, or by nobody.
    pub(super) fn version(&self, key: u32, source: u32) -> u32 {
        if source == INITIAL {
            (self.writes.len() as u32).saturating_add(key)
        } else {
            let version = self.versions.get(source as usize);
            version.copied().unwrap_or(NONE)
        }
    }

    /// The versions of a key: those of its first and behind its last write.
    pub(super) fn versions(&self, key: u32) -> (u32, u32) {
        let groups = self.groups(key);
        match (groups.first(), groups.last()) {
            (Some(first), Some(last)) => (first.first, last.end),
            _ => (0, 0),
        }
    }

    /// How many versions there are, those of "never written" among them.
    pub(super) const fn versions_count(&self) -> usize {
        self.writes.len().saturating_add(self.keys_count)
    }

    /// The write of a version.
    pub(super) fn write(&self, version: u32) -> u32 {
        self.writes.get(version as usize).copied().unwrap_or(NONE)
    }

    /// Bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        let each = size_of::<Node>().saturating_add(24 + size_of::<Group>());
        self.nodes.len().saturating_mul(each)
    }
}

/// Who wrote which value of which key.
struct Writers {
    writes: Vec<Written>,
    slots: Slots,
}

struct Written {
    key: u32,
    value: u32,
    operation: u32,
    is_twice: bool,
}

/// For each operation where its read came from, and whether somebody read it.
struct Sources {
    sources: Vec<u32>,
    is_read: Vec<bool>,
}

impl Sources {
    fn of(&self, place: usize) -> u32 {
        self.sources.get(place).copied().unwrap_or(NONE)
    }

    fn is_read(&self, place: usize) -> bool {
        self.is_read.get(place).copied().unwrap_or(false)
    }
}

fn hash(key: u32, value: u32) -> u64 {
    let mut mixer = Mixer::default();
    mixer.add(u64::from(key) << 32 | u64::from(value));
    core::hash::Hasher::finish(&mixer)
}

impl Writers {
    fn of(history: &Transactions) -> Result<Self, NotCheckable> {
        let mut writers = Self {
            writes: Vec::new(),
            slots: Slots::new(),
        };
        for (place, header) in history.headers().iter().enumerate() {
            if header.ending == Ending::Aborted {
                continue;
            }
            let operation = OperationId(place);
            let (mut read, mut has_written) = (None, false);
            for micro in history.micros_of(place) {
                match micro.kind {
                    MicroKind::ReadUnheard => {}
                    MicroKind::Read if read.is_none() && !has_written => read = Some(micro.key),
                    MicroKind::Write if !has_written && read.is_none_or(|key| key == micro.key) => {
                        has_written = true;
                        writers.add(micro.key, micro.value, place as u32);
                    }
                    MicroKind::Read | MicroKind::Write => {
                        return Err(NotCheckable::SeveralSteps { operation });
                    }
                    MicroKind::Append | MicroKind::ReadPrefix | MicroKind::ReadStrange => {
                        return Err(NotCheckable::NotReadOrWrite { operation });
                    }
                }
            }
        }
        Ok(writers)
    }

    fn find(&self, key: u32, value: u32) -> Option<usize> {
        let is_it = |number: u32| {
            let written = self.writes.get(number as usize);
            written.is_some_and(|it| it.key == key && it.value == value)
        };
        let found = self.slots.find(hash(key, value), is_it)?;
        Some(found as usize)
    }

    fn add(&mut self, key: u32, value: u32, operation: u32) {
        if let Some(known) = self.find(key, value) {
            if let Some(written) = self.writes.get_mut(known) {
                written.is_twice = true;
            }
            return;
        }
        let number = self.writes.len() as u32;
        self.writes.push(Written {
            key,
            value,
            operation,
            is_twice: false,
        });
        let writes = &self.writes;
        self.slots.insert(hash(key, value), number, |other| {
            let it = writes.get(other as usize);
            it.map_or(0, |it| hash(it.key, it.value))
        });
    }

    /// Leads every read back to its write. Two writes of one value are no harm where nobody read it.
    fn sources(&self, history: &Transactions) -> Result<Sources, NotCheckable> {
        let mut sources = vec![NONE; history.len()];
        let mut is_read = vec![false; history.len()];
        for (place, header) in history.headers().iter().enumerate() {
            if header.ending != Ending::Committed {
                continue;
            }
            let reads = history.micros_of(place).iter();
            for micro in reads.filter(|micro| micro.kind == MicroKind::Read) {
                let is_initial = micro.value == Transactions::NIL;
                let found = self.find(micro.key, micro.value);
                let source = match found.and_then(|it| self.writes.get(it)) {
                    // The key held it at the beginning, so a write of it is the second one.
                    Some(it) if it.is_twice || is_initial => {
                        return Err(NotCheckable::WrittenTwice {
                            key: history.key(micro.key),
                            value: history.value(micro.value),
                        });
                    }
                    Some(it) => it.operation,
                    None if is_initial => INITIAL,
                    None => THIN_AIR,
                };
                if let Some(slot) = sources.get_mut(place) {
                    *slot = source;
                }
                if let Some(slot) = is_read.get_mut(source as usize) {
                    *slot = true;
                }
            }
        }
        Ok(Sources { sources, is_read })
    }
}
