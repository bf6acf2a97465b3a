//! Why there is no commit order: a shortest cycle, an edge a sentence, and as few transactions as it takes.

use alloc::{boxed::Box, collections::BTreeSet, vec, vec::Vec};

use super::reading::{INITIAL, Reading, Version};
use super::{FORCED, KINDS, READ, SESSION, VERSION, given, judge};
use crate::transactions::budget::{Budget, Stop};
use crate::transactions::graph::{Arc, Graph};
use crate::transactions::restrict::keep_only;
use crate::transactions::{Ending, MicroKind, Transactions};
use crate::{Anomaly, Consistency, Edge, Limits, OperationId, Reason, Rule, Value};

const fn rule(name: &'static str, about: &'static str) -> Rule {
    Rule { name, about }
}

const WRITE_CYCLE: Rule = rule(
    "G0",
    "the writes of transactions interleave, so no order of the transactions explains them",
);
const WRITE_CYCLE_OF_SESSION: Rule = rule(
    "G0-session",
    "the writes of transactions and the order of a session contradict each other",
);
const CIRCULAR_OF_SESSION: Rule = rule(
    "G1c-session",
    "what transactions read from one another and the order of a session contradict each other",
);
const CIRCULAR: Rule = rule(
    "G1c",
    "transactions depend on one another in a circle: each reads from or replaces the one before",
);
const NON_MONOTONIC: Rule = rule(
    "non-monotonic-read",
    "a transaction reads a key again and finds an older version",
);
const FRACTURED: Rule = rule(
    "fractured-read",
    "a transaction sees one write of another transaction, and beside it an older version than another of its writes",
);
const NON_REPEATABLE: Rule = rule(
    "non-repeatable-read",
    "a transaction reads one key twice and finds two versions",
);
const STALE: Rule = rule(
    "stale-session-read",
    "a transaction reads an older version than one its own session had written",
);
const CAUSAL: Rule = rule(
    "causal-violation",
    "a transaction reads an older version than one in its causal past",
);
const CONFLICT: Rule = rule(
    "commit-order-cycle",
    "readers need the writes they saw committed in orders that contradict each other",
);

/// How a reader had come to see a transaction, the weaker models' ways first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    ReadBefore,
    Reads,
    Session,
    CausalPast,
}

/// A reader of `key` that had seen somebody else who wrote it.
struct Sight {
    reader: u32,
    key: u32,
    way: Way,
    /// From the one who was seen to the reader.
    path: Vec<Arc>,
    reads_same_key: bool,
}

struct Explainer<'a> {
    history: &'a Transactions,
    reading: &'a Reading,
    level: Consistency,
    is_list: Vec<bool>,
    /// All external reads as writer, reader and place: who read from whom, and where first.
    sources: Vec<(u32, u32, u32)>,
    /// Session order and reads-from, once asked for.
    past: Option<Graph>,
}

/// The anomaly of a graph that has a cycle.
pub(super) fn cycle(
    history: &Transactions,
    reading: &Reading,
    level: Consistency,
    graph: &Graph,
    budget: &mut Budget<'_>,
) -> Result<Anomaly, Stop> {
    let mut explainer = Explainer::new(history, reading, level, budget)?;
    let cycle = shortest_cycle(graph);
    let mut lists = BTreeSet::new();
    let mut sights = Vec::new();
    let mut operations = Vec::new();
    let mut edges = Vec::new();
    for arc in &cycle {
        operations.push(id(arc.source));
        if arc.label % KINDS == FORCED {
            if let Some(sight) = explainer.sight(arc.source, arc.target, budget)? {
                edges.push(explainer.outdated(*arc, &sight));
                operations.push(id(sight.reader));
                operations.extend(sight.path.iter().map(|step| id(step.source)));
                sights.push(sight);
            }
        } else {
            edges.push(explainer.edge(*arc));
        }
        if let Some(version) = explainer.version(*arc) {
            lists.insert((version.reader, version.key));
        }
    }
    // The lists, and whom they were read from.
    let mut readers: Vec<u32> = lists.iter().map(|(reader, _)| *reader).collect();
    readers.dedup();
    for reader in readers {
        operations.push(id(reader));
        let reads = reading.reads.row(reader).iter();
        let reads = reads.filter(|read| lists.contains(&(reader, read.key)));
        let writers = reads.map(|read| read.writer);
        operations.extend(writers.filter(|writer| *writer != INITIAL).map(id));
    }
    operations.sort_unstable();
    operations.dedup();
    Ok(Anomaly {
        rule: name(&cycle, &sights),
        operations,
        edges,
        is_minimal: false,
    })
}

/// A cycle that needs no session order, where there is one.
fn shortest_cycle(graph: &Graph) -> Vec<Arc> {
    let steps_max = 20_000_000;
    let shortest = |graph: &Graph| {
        let components = graph.components();
        let smallest = components.iter().min_by_key(|component| component.len());
        smallest.map(|component| graph.shortest_cycle(component, steps_max, |_| true))
    };
    let nodes = 0..graph.nodes_count() as u32;
    let arcs = nodes.flat_map(|node| graph.out(node));
    let others: Vec<Arc> = arcs.filter(|arc| arc.label % KINDS != SESSION).collect();
    let others = Graph::new(graph.nodes_count(), &others);
    shortest(&others)
        .or_else(|| shortest(graph))
        .unwrap_or_default()
}

/// The anomaly of a read of the initial state by somebody who had seen a write.
pub(super) fn overlooked(
    history: &Transactions,
    reading: &Reading,
    level: Consistency,
    seen: u32,
    budget: &mut Budget<'_>,
) -> Result<Anomaly, Stop> {
    let mut explainer = Explainer::new(history, reading, level, budget)?;
    let Some(sight) = explainer.sight(seen, INITIAL, budget)? else {
        return Ok(Anomaly {
            rule: CAUSAL,
            operations: vec![id(seen)],
            edges: Vec::new(),
            is_minimal: false,
        });
    };
    let mut edges: Vec<Edge> = sight.path.iter().map(|arc| explainer.edge(*arc)).collect();
    edges.push(Edge {
        source: id(sight.reader),
        target: id(seen),
        reason: if explainer.is_list(sight.key) {
            Reason::MissesAppend {
                key: history.key(sight.key),
                newer: explainer.first_written(seen, sight.key),
            }
        } else {
            Reason::Misses {
                key: history.key(sight.key),
                read: Value::Nil,
                newer: explainer.written(seen, sight.key),
            }
        },
    });
    let mut operations: Vec<OperationId> = edges.iter().map(|edge| edge.source).collect();
    operations.sort_unstable();
    operations.dedup();
    Ok(Anomaly {
        rule: name(&[], &[sight]),
        operations,
        edges,
        is_minimal: false,
    })
}

const fn id(transaction: u32) -> OperationId {
    OperationId(transaction as usize)
}

fn name(cycle: &[Arc], sights: &[Sight]) -> Rule {
    let Some(last) = sights.iter().max_by_key(|sight| sight.way) else {
        let is_read = |arc: &Arc| arc.label % KINDS == READ;
        let is_session = |arc: &Arc| arc.label % KINDS == SESSION;
        return match (cycle.iter().any(is_read), cycle.iter().any(is_session)) {
            (true, true) => CIRCULAR_OF_SESSION,
            (true, false) => CIRCULAR,
            (false, true) => WRITE_CYCLE_OF_SESSION,
            (false, false) => WRITE_CYCLE,
        };
    };
    if sights.iter().any(|sight| sight.reader != last.reader) {
        return CONFLICT;
    }
    match last.way {
        Way::ReadBefore if last.reads_same_key => NON_MONOTONIC,
        Way::Reads if last.reads_same_key => NON_REPEATABLE,
        Way::ReadBefore | Way::Reads => FRACTURED,
        Way::Session => STALE,
        Way::CausalPast => CAUSAL,
    }
}

impl<'a> Explainer<'a> {
    fn new(
        history: &'a Transactions,
        reading: &'a Reading,
        level: Consistency,
        budget: &mut Budget<'_>,
    ) -> Result<Self, Stop> {
        budget.spend(history.steps_count())?;
        let mut is_list = vec![false; history.keys_count()];
        let mut sources = Vec::with_capacity(reading.reads.items().len());
        for transaction in reading.counted() {
            for micro in history.micros_of(transaction as usize) {
                if let Some(is_list) = is_list.get_mut(micro.key as usize) {
                    *is_list |= micro.kind == MicroKind::Append;
                }
            }
            let reads = (0_u32..).zip(reading.reads.row(transaction));
            sources.extend(reads.map(|(place, read)| (read.writer, transaction, place)));
        }
        sources.sort_unstable();
        budget.spend(sources.len())?;
        Ok(Self {
            history,
            reading,
            level,
            is_list,
            sources,
            past: None,
        })
    }

    /// Those external reads that are from this writer, ascending by reader and place.
    fn readers(&self, writer: u32) -> &[(u32, u32, u32)] {
        let start = self.sources.partition_point(|source| source.0 < writer);
        let end = self.sources.partition_point(|source| source.0 <= writer);
        self.sources.get(start..end).unwrap_or_default()
    }

    /// Somebody who read a key from `read_from`, had seen `seen`, and `seen` wrote that key too. The one who needs the
    /// weakest model for that. O(reads from `read_from` · log reads); for a causal past also the history.
    fn sight(
        &mut self,
        seen: u32,
        read_from: u32,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Sight>, Stop> {
        let readers = self.readers(read_from);
        budget.spend(readers.len())?;
        let candidates: Vec<(u32, u32, u32)> = readers
            .iter()
            .filter_map(|(_, reader, place)| {
                let read = self.reading.reads.row(*reader).get(*place as usize)?;
                let is_it = *reader != seen && self.reading.writes(seen, read.key);
                is_it.then_some((*reader, *place, read.key))
            })
            .collect();
        let at_once = candidates
            .iter()
            .filter_map(|(reader, place, key)| {
                Some((self.way(seen, *reader, *place)?, *reader, *key))
            })
            .min();
        if let Some((way, reader, key)) = at_once {
            let reads = self.reading.reads.row(reader).iter();
            let mut reads = reads.filter(|read| read.writer == seen);
            let label = if way == Way::Session { SESSION } else { READ };
            return Ok(Some(Sight {
                reader,
                key,
                way,
                path: vec![Arc {
                    source: seen,
                    target: reader,
                    label,
                }],
                reads_same_key: reads.any(|read| read.key == key),
            }));
        }
        if matches!(
            self.level,
            Consistency::ReadCommitted | Consistency::ReadAtomic
        ) {
            return Ok(None);
        }
        budget.spend(self.history.len().saturating_add(self.sources.len()))?;
        let (history, reading) = (self.history, self.reading);
        let past = self
            .past
            .get_or_insert_with(|| Graph::new(history.len(), &given(reading)));
        Ok(through_the_past(past, seen, &candidates))
    }

    fn way(&self, seen: u32, reader: u32, place: u32) -> Option<Way> {
        let first = self
            .sources
            .partition_point(|source| *source < (seen, reader, 0));
        let first = self.sources.get(first);
        let first = first.filter(|source| (source.0, source.1) == (seen, reader));
        if first.is_some_and(|first| first.2 < place) {
            return Some(Way::ReadBefore);
        }
        if self.level == Consistency::ReadCommitted {
            return None;
        }
        if first.is_some() {
            return Some(Way::Reads);
        }
        let headers = self.history.headers();
        let (one, other) = (headers.get(seen as usize)?, headers.get(reader as usize)?);
        let is_before =
            one.session == other.session && seen < reader && one.ending == Ending::Committed;
        is_before.then_some(Way::Session)
    }

    fn outdated(&self, arc: Arc, sight: &Sight) -> Edge {
        Edge {
            source: id(arc.source),
            target: id(arc.target),
            reason: Reason::Outdated {
                reader: id(sight.reader),
                through: sight
                    .path
                    .iter()
                    .skip(1)
                    .map(|step| id(step.source))
                    .collect(),
                key: self.history.key(sight.key),
                older: self.written(arc.source, sight.key),
                read: self.written(arc.target, sight.key),
            },
        }
    }

    fn edge(&self, arc: Arc) -> Edge {
        let reason = match arc.label % KINDS {
            SESSION => Reason::Session,
            READ => {
                let reads = self.reading.reads.row(arc.target).iter();
                let mut keys = reads.filter(|read| read.writer == arc.source);
                let key = keys.next().map_or(0, |read| read.key);
                let is_list = self.is_list(key);
                let (key, value) = (self.history.key(key), self.written(arc.source, key));
                if is_list {
                    Reason::ReadsAppend { key, value }
                } else {
                    Reason::ReadsFrom { key, value }
                }
            }
            _ => {
                let version = self.version(arc);
                let key = version.map_or(0, |version| version.key);
                let older = self.written(arc.source, key);
                let newer = self.first_written(arc.target, key);
                let reader = id(version.map_or(0, |version| version.reader));
                let key = self.history.key(key);
                if version.is_some_and(|version| version.is_beyond) {
                    Reason::AppendsBeyond {
                        key,
                        older,
                        newer,
                        reader,
                    }
                } else {
                    Reason::AppendsBehind {
                        key,
                        older,
                        newer,
                        reader,
                    }
                }
            }
        };
        Edge {
            source: id(arc.source),
            target: id(arc.target),
            reason,
        }
    }

    fn version(&self, arc: Arc) -> Option<Version> {
        let place = (arc.label % KINDS == VERSION).then_some(arc.label / KINDS)?;
        self.reading.versions.get(place as usize).copied()
    }

    fn written(&self, transaction: u32, key: u32) -> Value {
        let mut micros = self.history.micros_of(transaction as usize).iter().rev();
        let last = micros.find(|micro| micro.is_write() && micro.key == key);
        last.map_or(Value::Nil, |micro| self.history.value(micro.value))
    }

    fn first_written(&self, transaction: u32, key: u32) -> Value {
        let mut micros = self.history.micros_of(transaction as usize).iter();
        let first = micros.find(|micro| micro.is_write() && micro.key == key);
        first.map_or(Value::Nil, |micro| self.history.value(micro.value))
    }

    fn is_list(&self, key: u32) -> bool {
        self.is_list.get(key as usize) == Some(&true)
    }
}

/// The nearest of the candidates (reader, place, key) that has `seen` in its causal past.
fn through_the_past(past: &Graph, seen: u32, candidates: &[(u32, u32, u32)]) -> Option<Sight> {
    let of = |reader: u32| {
        candidates
            .binary_search_by_key(&reader, |(reader, _, _)| *reader)
            .ok()
    };
    let path = past.nearest(seen, |node| of(node).is_some())?;
    let reader = path.last()?.target;
    let (_, _, key) = candidates.get(of(reader)?)?;
    Some(Sight {
        reader,
        key: *key,
        way: Way::CausalPast,
        path,
        reads_same_key: false,
    })
}

/// At most so many transactions are tried one by one.
const SHRINK_MAX: usize = 64;

/// Its steps, and the elements of the lists that it read.
fn size_of(history: &Transactions, id: OperationId) -> u64 {
    let micros = history.micros_of(id.0).iter();
    let sizes = micros.map(|micro| (history.list(*micro).len() as u64).saturating_add(1));
    sizes.fold(0, u64::saturating_add)
}

/// The same anomaly with as few transactions as it takes, where that is found within the limits.
///
/// Forgetting a transaction only allows more ([`keep_only`]), so a transaction that could not be spared from a larger
/// set cannot be spared from a smaller one: a single pass gives a set of which none can be spared.
pub(super) fn shrink(
    history: &Transactions,
    level: Consistency,
    anomaly: Box<Anomaly>,
    limits: &Limits,
    budget: &mut Budget<'_>,
) -> Box<Anomaly> {
    let mut core = anomaly.operations.clone();
    if core.len() > SHRINK_MAX || limits.shrink_steps_max == 0 {
        return anomaly;
    }
    let sizes = core.iter().map(|id| size_of(history, *id));
    let cost = sizes.fold(0, u64::saturating_add);
    if cost.saturating_mul(core.len() as u64) > limits.shrink_steps_max {
        return anomaly;
    }
    let mut small = keep_only(history, &core);
    let Err(Stop::Violated(mut last)) = judge(&small, level, budget) else {
        return anomaly;
    };
    let mut place = core.len();
    while let Some(next) = place.checked_sub(1) {
        place = next;
        let others: Vec<OperationId> = (0..core.len())
            .filter(|other| *other != place)
            .map(OperationId)
            .collect();
        let smaller = keep_only(&small, &others);
        match judge(&smaller, level, budget) {
            Err(Stop::Violated(found)) => {
                core.remove(place);
                small = smaller;
                last = found;
            }
            Err(Stop::Unknown(_)) => return anomaly,
            Ok(_) | Err(Stop::NotCheckable(_)) => {}
        }
    }
    let real = |operation: &mut OperationId| {
        *operation = core.get(operation.0).copied().unwrap_or(*operation);
    };
    for edge in &mut last.edges {
        real(&mut edge.source);
        real(&mut edge.target);
        match &mut edge.reason {
            Reason::Outdated {
                reader, through, ..
            } => {
                real(reader);
                through.iter_mut().for_each(real);
            }
            Reason::AppendsBehind { reader, .. } | Reason::AppendsBeyond { reader, .. } => {
                real(reader);
            }
            _ => {}
        }
    }
    last.operations = core;
    last.is_minimal = true;
    last
}
