//! Why there is no commit order: a shortest cycle, an edge a sentence, and as few transactions as it takes.

use alloc::{boxed::Box, vec, vec::Vec};

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
const CIRCULAR: Rule = rule(
    "G1c",
    "transactions depend on one another in a circle: each reads from, replaces or follows the one before",
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
}

/// The anomaly of a graph that has a cycle.
pub(super) fn cycle(
    history: &Transactions,
    reading: &Reading,
    level: Consistency,
    graph: &Graph,
) -> Anomaly {
    let explainer = Explainer {
        history,
        reading,
        level,
    };
    let steps_max = 20_000_000;
    let components = graph.components();
    let smallest = components.iter().min_by_key(|component| component.len());
    let cycle = smallest.map_or_else(Vec::new, |component| {
        graph.shortest_cycle(component, steps_max, |_| true)
    });
    let mut sights = Vec::new();
    let mut operations = Vec::new();
    let mut edges = Vec::new();
    for arc in &cycle {
        operations.push(id(arc.source));
        if arc.label % KINDS == FORCED {
            if let Some(sight) = explainer.sight(arc.source, arc.target) {
                edges.push(explainer.outdated(*arc, &sight));
                operations.push(id(sight.reader));
                operations.extend(sight.path.iter().map(|step| id(step.source)));
                sights.push(sight);
            }
        } else {
            edges.push(explainer.edge(*arc));
        }
        if let Some(version) = explainer.version(*arc) {
            // The list, and whom it was read from.
            operations.push(id(version.reader));
            let reads = reading.reads.row(version.reader).iter();
            let reads = reads.filter(|read| read.key == version.key && read.writer != INITIAL);
            operations.extend(reads.map(|read| id(read.writer)));
        }
    }
    operations.sort_unstable();
    operations.dedup();
    Anomaly {
        rule: name(&cycle, &sights),
        operations,
        edges,
        is_minimal: false,
    }
}

/// The anomaly of a read of the initial state by somebody who had seen a write.
pub(super) fn overlooked(
    history: &Transactions,
    reading: &Reading,
    level: Consistency,
    seen: u32,
) -> Anomaly {
    let explainer = Explainer {
        history,
        reading,
        level,
    };
    let Some(sight) = explainer.sight(seen, INITIAL) else {
        return Anomaly {
            rule: CAUSAL,
            operations: vec![id(seen)],
            edges: Vec::new(),
            is_minimal: false,
        };
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
    Anomaly {
        rule: name(&[], &[sight]),
        operations,
        edges,
        is_minimal: false,
    }
}

const fn id(transaction: u32) -> OperationId {
    OperationId(transaction as usize)
}

fn name(cycle: &[Arc], sights: &[Sight]) -> Rule {
    let Some(last) = sights.iter().max_by_key(|sight| sight.way) else {
        let is_read = |arc: &Arc| arc.label % KINDS == READ;
        let is_session = |arc: &Arc| arc.label % KINDS == SESSION;
        return if cycle.iter().any(|arc| is_read(arc) || is_session(arc)) {
            CIRCULAR
        } else {
            WRITE_CYCLE
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

impl Explainer<'_> {
    /// Somebody who read a key from `read_from`, had seen `seen`, and `seen` wrote that key too. The one who needs the
    /// weakest model for that.
    fn sight(&self, seen: u32, read_from: u32) -> Option<Sight> {
        let mut candidates = Vec::new();
        for reader in self.reading.counted() {
            let reads = self.reading.reads.row(reader).iter().enumerate();
            candidates.extend(reads.filter_map(|(place, read)| {
                let is_it = read.writer == read_from
                    && reader != seen
                    && self.reading.writes(seen, read.key);
                is_it.then_some((reader, place, read.key))
            }));
        }
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
            return Some(Sight {
                reader,
                key,
                way,
                path: vec![Arc {
                    source: seen,
                    target: reader,
                    label,
                }],
                reads_same_key: reads.any(|read| read.key == key),
            });
        }
        if matches!(
            self.level,
            Consistency::ReadCommitted | Consistency::ReadAtomic
        ) {
            return None;
        }
        let graph = Graph::new(self.history.len(), &given(self.reading));
        let readers: Vec<u32> = candidates.iter().map(|(reader, _, _)| *reader).collect();
        let path = graph.nearest(seen, |node| readers.binary_search(&node).is_ok())?;
        let reader = path.last()?.target;
        let (_, _, key) = candidates.iter().find(|(other, _, _)| *other == reader)?;
        Some(Sight {
            reader,
            key: *key,
            way: Way::CausalPast,
            path,
            reads_same_key: false,
        })
    }

    fn way(&self, seen: u32, reader: u32, place: usize) -> Option<Way> {
        let reads = self.reading.reads.row(reader);
        if reads.iter().take(place).any(|read| read.writer == seen) {
            return Some(Way::ReadBefore);
        }
        if self.level == Consistency::ReadCommitted {
            return None;
        }
        if reads.iter().any(|read| read.writer == seen) {
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
                Reason::AppendsBehind {
                    key: self.history.key(key),
                    older: self.written(arc.source, key),
                    newer: self.first_written(arc.target, key),
                    reader: id(version.map_or(0, |version| version.reader)),
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
        self.reading.counted().any(|transaction| {
            let mut micros = self.history.micros_of(transaction as usize).iter();
            micros.any(|micro| micro.key == key && micro.kind == MicroKind::Append)
        })
    }
}

/// At most so many transactions are tried one by one.
const SHRINK_MAX: usize = 64;

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
    let mut small = keep_only(history, &core);
    let cost = (small.steps_count() as u64).saturating_mul(core.len() as u64);
    if cost > limits.shrink_steps_max {
        return anomaly;
    }
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
            Reason::AppendsBehind { reader, .. } => real(reader),
            _ => {}
        }
    }
    last.operations = core;
    last.is_minimal = true;
    last
}
