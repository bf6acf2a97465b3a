//! What must come before what, as one graph for each level.
//!
//! Adya's (1999) dependencies: *wr* (the target read what the source wrote), *ww* (the target's version follows the
//! source's), *rw* (the source read the version before the target's), *so* (session), *rt* (real time). With the order
//! of each key's versions given, a history is
//!
//! * serializable iff so ∪ wr ∪ ww ∪ rw has no cycle, and strictly so iff none with rt (Adya 1999);
//! * snapshot isolated iff (so ∪ wr ∪ ww) ; rw? has none (Cerone and Gotsman 2018);
//! * prefix consistent iff ww ∪ (so ∪ wr) ; rw? has none: the snapshot of a transaction is the prefix of the commit
//!   order up to the last of those it depends on, and nothing it missed may come before one of them.
//!
//! These are the axioms of Biswas and Enea (2019) read as order: for the last two each transaction is a *start* (its
//! snapshot) and a *commit*. A dependency leads from commit to start, an rw from start to commit, a start to its own
//! commit; ww leads to the start for snapshot isolation (two writers of a key never overlap) and to the commit for
//! prefix. A path commit → start → commit is then a dependency, or a dependency followed by an rw; no path has two rw
//! in a row. The commits in any topological order are a commit order of the level.
//!
//! Size. A key's versions give a chain; all readers of its last version point to one *hub*, which points to all loose
//! writers. Real time is a chain of hubs in the order of the ends: O(transactions + reads + writes) arcs in all.

use alloc::vec::Vec;

use super::{
    facts::Facts,
    name::Besides,
    rows::{NONE, at, put},
};
use crate::{
    Consistency,
    transactions::{
        Ending,
        graph::{Arc, Graph},
    },
};

/// What an arc stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transactions) enum Kind {
    Session,
    RealTime,
    ReadsFrom,
    Overwrites,
    Misses,
    /// The source read the last version known and wrote the key: whoever else did, unseen by it, comes after. A missed
    /// write, and a version behind the source's own where nothing weaker than snapshot isolation counts.
    Follows,
    /// From a transaction's start to its commit.
    Own,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Session,
        Self::RealTime,
        Self::ReadsFrom,
        Self::Overwrites,
        Self::Misses,
        Self::Follows,
        Self::Own,
    ];

    const fn label(self, key: u32) -> u32 {
        (key << 3) | self as u32
    }

    pub(in crate::transactions) fn of(label: u32) -> Self {
        let kind = Self::ALL.get((label & 7) as usize);
        kind.copied().unwrap_or(Self::Own)
    }
}

/// The key of a label.
pub(in crate::transactions) const fn key_of(label: u32) -> u32 {
    label >> 3
}

/// How transactions become nodes.
#[derive(Clone, Copy, Debug)]
pub(in crate::transactions) struct Nodes {
    transactions: u32,
    level: Consistency,
}

impl Nodes {
    pub(in crate::transactions) const fn new(transactions: usize, level: Consistency) -> Self {
        let transactions = transactions as u32;
        Self {
            transactions,
            level,
        }
    }

    pub(in crate::transactions) const fn level(self) -> Consistency {
        self.level
    }

    pub(in crate::transactions) const fn is_split(self) -> bool {
        matches!(
            self.level,
            Consistency::Prefix | Consistency::SnapshotIsolation
        )
    }

    pub(in crate::transactions) const fn start(self, transaction: u32) -> u32 {
        if self.is_split() {
            transaction.wrapping_mul(2)
        } else {
            transaction
        }
    }

    pub(in crate::transactions) const fn commit(self, transaction: u32) -> u32 {
        if self.is_split() {
            transaction.wrapping_mul(2).wrapping_add(1)
        } else {
            transaction
        }
    }

    /// The node that a version's successor waits in.
    pub(in crate::transactions) const fn overwriting(self, transaction: u32) -> u32 {
        match self.level {
            Consistency::Prefix => self.commit(transaction),
            _ => self.start(transaction),
        }
    }

    /// Nodes from here on are hubs.
    pub(in crate::transactions) const fn first_hub(self) -> u32 {
        self.start(self.transactions)
    }

    /// The transaction of a node; `None` for a hub.
    pub(in crate::transactions) const fn transaction(self, node: u32) -> Option<u32> {
        if node >= self.first_hub() {
            None
        } else if self.is_split() {
            Some(node >> 1)
        } else {
            Some(node)
        }
    }

    /// Whether the transaction commits at this node.
    pub(in crate::transactions) const fn is_commit(self, node: u32) -> bool {
        node < self.first_hub() && (!self.is_split() || node & 1 == 1)
    }
}

/// Gathers the arcs of one level.
#[derive(Debug)]
pub(in crate::transactions) struct Constraints<'f, 'a> {
    facts: &'f Facts<'a>,
    pub(in crate::transactions) nodes: Nodes,
    nodes_count: u32,
    pub(in crate::transactions) arcs: Vec<Arc>,
    /// Where arcs that saturation added came from, in their order.
    pub(in crate::transactions) forced: Vec<Forced>,
}

/// Why an arc was added: because `from` is before `to` by earlier arcs, and what `reader` read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transactions) struct Forced {
    pub(in crate::transactions) arc: u32,
    pub(in crate::transactions) from: u32,
    pub(in crate::transactions) to: u32,
    /// [`NONE`] where it takes no read.
    pub(in crate::transactions) reader: u32,
    /// Which orders besides dependencies its grounds need; [`Constraints::inherit`] finds out.
    pub(in crate::transactions) besides: Besides,
    /// Whether its grounds need a missed write.
    pub(in crate::transactions) needs_missed: bool,
}

/// Arcs looked at to find what forced arcs rest on; those beyond count as resting on everything.
const INHERIT_STEPS_MAX: usize = 5_000_000;

impl<'f, 'a> Constraints<'f, 'a> {
    /// All that is certain. O(transactions log transactions + reads + writes); linear without real time.
    pub(in crate::transactions) fn new(facts: &'f Facts<'a>, level: Consistency) -> Self {
        let nodes = Nodes::new(facts.history.len(), level);
        let mut constraints = Self {
            facts,
            nodes,
            nodes_count: nodes.first_hub(),
            arcs: Vec::with_capacity(Self::arcs_expected(facts, nodes)),
            forced: Vec::new(),
        };
        constraints.own();
        constraints.sessions();
        if level == Consistency::StrictSerializable {
            constraints.real_time();
        }
        for key in facts.keys().filter(|key| !facts.is_passed_over(*key)) {
            constraints.key(key);
        }
        constraints
    }

    /// Bytes that the arcs and their graph will take, roughly.
    pub(in crate::transactions) fn bytes_expected(facts: &Facts<'_>, level: Consistency) -> usize {
        let nodes = Nodes::new(facts.history.len(), level);
        Self::arcs_expected(facts, nodes).saturating_mul(size_of::<Arc>() + 8 + 8)
    }

    fn arcs_expected(facts: &Facts<'_>, nodes: Nodes) -> usize {
        let each = match nodes.level {
            Consistency::StrictSerializable => 4,
            Consistency::Serializable => 1,
            _ => 2,
        };
        let transactions = facts.history.len().saturating_mul(each);
        let reads = facts.reads.items_count().saturating_mul(2);
        transactions
            .saturating_add(reads)
            .saturating_add(facts.writers.len().saturating_mul(2))
    }

    pub(in crate::transactions) const fn nodes_count(&self) -> usize {
        self.nodes_count as usize
    }

    pub(in crate::transactions) fn graph(&self) -> Graph {
        Graph::new(self.nodes_count as usize, &self.arcs)
    }

    /// The graph with the places of the arcs as labels, so that it is known which of them are forced; without the
    /// orders of sessions and of time that are not among `besides`.
    pub(in crate::transactions) fn graph_by_place(&self, besides: Besides) -> Graph {
        let by_place = (0_u32..).zip(&self.arcs);
        let allowed = by_place.filter(|(_, arc)| match Kind::of(arc.label) {
            Kind::Session => besides >= Besides::Session,
            Kind::RealTime => besides >= Besides::RealTime,
            _ => true,
        });
        let allowed = allowed.filter(|(place, _)| {
            let forced = self.forced_at(*place);
            forced.is_none_or(|forced| besides >= forced.besides)
        });
        let arcs: Vec<Arc> = allowed.map(|(label, arc)| Arc { label, ..*arc }).collect();
        Graph::new(self.nodes_count as usize, &arcs)
    }

    /// Why the arc at this place was added, where saturation did.
    pub(in crate::transactions) fn forced_at(&self, place: u32) -> Option<Forced> {
        let forced = &self.forced;
        let found = forced.binary_search_by_key(&place, |forced| forced.arc);
        found.ok().and_then(|found| forced.get(found).copied())
    }

    /// Finds for each forced arc, in their order, the least that its grounds need.
    pub(in crate::transactions) fn inherit(&mut self) {
        let graph = self.graph_by_place(Besides::RealTime);
        let mut steps = 0_usize;
        for place in 0..self.forced.len() {
            let Some(forced) = self.forced.get(place).copied() else {
                continue;
            };
            let mut found = None;
            for needs in [Besides::Nothing, Besides::Session, Besides::RealTime] {
                for missed in [false, true] {
                    if found.is_some() || steps > INHERIT_STEPS_MAX {
                        continue;
                    }
                    steps = steps.saturating_add(graph.nodes_count());
                    let way = graph.shortest_path(forced.from, forced.to, |arc| {
                        steps = steps.saturating_add(1);
                        arc.label < forced.arc && self.is_within(arc, needs, missed)
                    });
                    found = way.map(|_| (needs, missed));
                }
            }
            if let (Some((besides, needs_missed)), Some(forced)) =
                (found, self.forced.get_mut(place))
            {
                (forced.besides, forced.needs_missed) = (besides, needs_missed);
            }
        }
    }

    /// Whether an arc, by its place, needs no more than this.
    pub(in crate::transactions) fn is_within(
        &self,
        arc: Arc,
        besides: Besides,
        missed: bool,
    ) -> bool {
        let forced = self.forced_at(arc.label);
        let is_allowed = match Kind::of(self.label(arc)) {
            Kind::Session => besides >= Besides::Session,
            Kind::RealTime => besides >= Besides::RealTime,
            Kind::Misses | Kind::Follows => missed,
            _ => true,
        };
        is_allowed
            && forced
                .is_none_or(|forced| besides >= forced.besides && (missed || !forced.needs_missed))
    }

    /// The label of an arc of a graph whose own labels are places among the arcs.
    pub(in crate::transactions) fn label(&self, arc: Arc) -> u32 {
        let arc = self.arcs.get(arc.label as usize);
        arc.map_or(0, |arc| arc.label)
    }

    pub(in crate::transactions) fn arc(&mut self, source: u32, target: u32, kind: Kind, key: u32) {
        self.arcs.push(Arc {
            source,
            target,
            label: kind.label(key),
        });
    }

    fn hub(&mut self) -> u32 {
        let hub = self.nodes_count;
        self.nodes_count = hub.saturating_add(1);
        hub
    }

    fn takes_part(&self) -> impl Iterator<Item = u32> + use<'f, 'a> {
        let flags = (0_u32..).zip(&self.facts.takes_part);
        flags.filter_map(|(number, takes_part)| takes_part.then_some(number))
    }

    fn own(&mut self) {
        if self.nodes.is_split() {
            for number in self.takes_part() {
                let (start, commit) = (self.nodes.start(number), self.nodes.commit(number));
                self.arc(start, commit, Kind::Own, 0);
            }
        }
    }

    /// From each committed transaction to those after it in its session. An indeterminate one comes before nothing: it
    /// may take effect late.
    fn sessions(&mut self) {
        let mut last = Vec::new();
        last.resize(self.facts.history.sessions_count(), NONE);
        for number in self.takes_part() {
            let Some(header) = self.facts.history.headers().get(number as usize) else {
                continue;
            };
            let before = at(&last, header.session);
            if before != NONE {
                let (source, target) = (self.nodes.commit(before), self.nodes.start(number));
                self.arc(source, target, Kind::Session, 0);
            }
            if header.ending == Ending::Committed {
                put(&mut last, header.session, number);
            }
        }
    }

    /// A chain of hubs, one for each end in their order: whoever ends leads to its hub, and the last hub of an end
    /// before a call leads to whoever called.
    fn real_time(&mut self) {
        let headers = self.facts.history.headers();
        let mut ends: Vec<(u64, u32)> = Vec::with_capacity(headers.len());
        for number in self.takes_part() {
            let end = headers
                .get(number as usize)
                .map_or(u64::MAX, |header| header.end_position);
            if end != u64::MAX {
                ends.push((end, number));
            }
        }
        ends.sort_unstable();
        let first = self.nodes_count;
        for (_, number) in &ends {
            let hub = self.hub();
            if hub > first {
                self.arc(hub.wrapping_sub(1), hub, Kind::RealTime, 0);
            }
            self.arc(self.nodes.commit(*number), hub, Kind::RealTime, 0);
        }
        for number in self.takes_part() {
            let call = headers
                .get(number as usize)
                .map_or(0, |header| header.call.position);
            let before = ends.partition_point(|(end, _)| *end < call);
            if let Some(place) = before.checked_sub(1) {
                let hub = first.wrapping_add(place as u32);
                self.arc(hub, self.nodes.start(number), Kind::RealTime, 0);
            }
        }
    }

    fn key(&mut self, key: u32) {
        let facts = self.facts;
        let (ordered, loose) = (facts.ordered(key), facts.loose(key));
        let is_list = facts.is_list.get(key as usize) == Some(&true);
        // In a register each writer has read the version that it replaced, and the order is by that.
        let count = if is_list { ordered.len() } else { 0 };
        let ordered_list = ordered.iter().take(count);
        for (older, newer) in ordered_list.zip(ordered.iter().skip(1)) {
            let (source, target) = (self.nodes.commit(*older), self.nodes.overwriting(*newer));
            self.arc(source, target, Kind::Overwrites, key);
        }
        let writers = facts.writers(key);
        for read in facts.reads.row(key) {
            if let Some(writer) = writers.get(read.version as usize) {
                let (source, target) = (self.nodes.commit(*writer), self.nodes.start(read.reader));
                self.arc(source, target, Kind::ReadsFrom, key);
            }
            if let Some(next) = ordered.get(read.version.wrapping_add(1) as usize)
                && *next != read.reader
            {
                let (source, target) = (self.nodes.start(read.reader), self.nodes.commit(*next));
                self.arc(source, target, Kind::Misses, key);
            }
        }
        if !loose.is_empty() {
            if self.nodes.is_split() {
                self.loose_split(key);
            } else {
                self.loose_whole(key);
            }
        }
    }

    /// Those who read the last version whose place is certain. (`NONE` plus one is zero: the initial version.)
    fn last_readers(&self, key: u32) -> impl Iterator<Item = u32> + Clone + use<'f, 'a> {
        let last = self.facts.ordered(key).len() as u32;
        let reads = self.facts.reads.row(key).iter();
        reads.filter_map(move |read| (read.version.wrapping_add(1) == last).then_some(read.reader))
    }

    /// Who missed a loose write is before its commit, even when it is its own writer: a start is before its commit.
    fn loose_split(&mut self, key: u32) {
        let facts = self.facts;
        let missed = self.hub();
        for reader in self.last_readers(key) {
            self.arc(self.nodes.start(reader), missed, Kind::Misses, key);
        }
        for writer in facts.loose(key) {
            self.arc(missed, self.nodes.commit(*writer), Kind::Misses, key);
        }
        if self.nodes.level == Consistency::SnapshotIsolation {
            self.loose_readers_first(key);
        }
        if let Some(last) = facts.ordered(key).last() {
            let overwritten = self.hub();
            self.arc(self.nodes.commit(*last), overwritten, Kind::Overwrites, key);
            for writer in facts.loose(key) {
                let target = self.nodes.overwriting(*writer);
                self.arc(overwritten, target, Kind::Overwrites, key);
            }
        }
    }

    /// The readers of the last version that are loose writers of the key themselves. One of them alone has appended
    /// right behind what it read, so the other loose writes follow its own; two miss each other. Nothing is known of the
    /// versions: read committed lets the other come between.
    fn loose_readers(&self, key: u32) -> (Option<u32>, Option<u32>, Kind) {
        let loose = self.facts.loose(key);
        let both = self.last_readers(key);
        let mut both = both.filter(|reader| loose.binary_search(reader).is_ok());
        match (both.next(), both.next()) {
            (first, None) => (first, None, Kind::Follows),
            (first, second) => (first, second, Kind::Misses),
        }
    }

    /// Under snapshot isolation such a reader has committed before the other loose writers start. With two that is a
    /// cycle: no more need be said.
    fn loose_readers_first(&mut self, key: u32) {
        let facts = self.facts;
        let (first, second, kind) = self.loose_readers(key);
        for reader in [first, second].into_iter().flatten() {
            let others = facts.loose(key).iter().filter(|writer| **writer != reader);
            for writer in others {
                let (source, target) = (self.nodes.commit(reader), self.nodes.start(*writer));
                self.arc(source, target, kind, key);
            }
        }
    }

    /// A reader of the last version that is a loose writer itself misses all others, and must not miss itself. Two
    /// such miss each other, which is a cycle, so there is at most one that matters.
    fn loose_whole(&mut self, key: u32) {
        let facts = self.facts;
        let loose = facts.loose(key);
        let (first, second, kind) = self.loose_readers(key);
        if let (Some(first), Some(second)) = (first, second) {
            self.arc(first, second, Kind::Misses, key);
            self.arc(second, first, Kind::Misses, key);
        }
        let hub = self.hub();
        for reader in self.last_readers(key) {
            let is_first = first == Some(reader);
            let kind = if is_first { kind } else { Kind::Misses };
            self.arc(reader, hub, kind, key);
            if let Some(first) = first.filter(|first| *first != reader) {
                self.arc(reader, first, Kind::Misses, key);
            }
        }
        if let Some(last) = facts.ordered(key).last() {
            self.arc(*last, hub, Kind::Overwrites, key);
        }
        let mut readers: Vec<u32> = self.last_readers(key).collect();
        readers.sort_unstable();
        let is_blind = |writer: &&u32| readers.binary_search(writer).is_err();
        for writer in loose.iter().filter(is_blind) {
            self.arc(hub, *writer, Kind::Misses, key);
        }
    }
}
