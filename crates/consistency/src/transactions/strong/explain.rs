//! From a cycle to an anomaly with a name, and a reason for each edge.

use alloc::{boxed::Box, collections::BTreeSet, format, vec::Vec};

use super::{
    constraints::{Constraints, Forced, Kind, key_of},
    facts::Facts,
    name::{Besides, name},
    rows::{NONE, at},
};
use crate::{
    Anomaly, Edge, OperationId, Reason, Rule, Value,
    transactions::{
        Micro, MicroKind,
        graph::{Arc, Graph},
    },
};

/// Arcs looked at in search of a shorter cycle, once there is one.
const STEPS_MAX: u64 = 20_000_000;

/// Forced arcs whose grounds are looked for.
const GROUNDS_MAX: usize = 100;

/// One step of a cycle between transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transactions) struct Step {
    pub(in crate::transactions) source: u32,
    pub(in crate::transactions) target: u32,
    pub(in crate::transactions) kind: Kind,
    pub(in crate::transactions) key: u32,
    /// Where saturation added it.
    pub(in crate::transactions) forced: Option<Forced>,
}

/// A short cycle of constraints that have one, with everybody whom its arcs rest on.
pub(in crate::transactions) fn cycle(
    facts: &Facts<'_>,
    constraints: &mut Constraints<'_, '_>,
) -> Box<Anomaly> {
    constraints.inherit();
    let mut arcs = Vec::new();
    // Dependencies alone say most; then with sessions; real time only where nothing else closes the cycle.
    for besides in [Besides::Nothing, Besides::Session, Besides::RealTime] {
        let graph = constraints.graph_by_place(besides);
        let components = graph.components();
        let smallest = components.iter().min_by_key(|component| component.len());
        if let Some(component) = smallest {
            arcs = graph.shortest_cycle(component, STEPS_MAX, |_| true);
            break;
        }
    }
    let graph = if constraints.forced.is_empty() {
        Graph::new(0, &[])
    } else {
        constraints.graph_by_place(Besides::RealTime)
    };
    of_cycle(facts, constraints, &graph, arcs).0
}

/// The anomaly of a cycle of a graph whose labels are places among the arcs, and its name.
pub(in crate::transactions) fn of_cycle(
    facts: &Facts<'_>,
    constraints: &Constraints<'_, '_>,
    graph: &Graph,
    arcs: Vec<Arc>,
) -> (Box<Anomaly>, Rule) {
    let rests_on = grounds(constraints, graph, &arcs);
    let mut anomaly = anomaly(facts, steps(constraints, &arcs));
    anomaly.operations.extend(rests_on);
    anomaly.operations.sort_unstable();
    anomaly.operations.dedup();
    let rule = anomaly.rule;
    (anomaly, rule)
}

/// The transactions that forced arcs rest on, and those that these rest on, as far as it is not too far.
fn grounds(
    constraints: &Constraints<'_, '_>,
    graph: &Graph,
    arcs: &[Arc],
) -> BTreeSet<OperationId> {
    let nodes = constraints.nodes;
    let id = |transaction: u32| OperationId(transaction as usize);
    let mut found = BTreeSet::new();
    let mut known = BTreeSet::new();
    let mut queue: Vec<u32> = arcs.iter().map(|arc| arc.label).collect();
    while let Some(place) = queue.pop() {
        let Some(forced) = constraints.forced_at(place) else {
            continue;
        };
        if known.len() >= GROUNDS_MAX || !known.insert(place) {
            continue;
        }
        let ends = [forced.from, forced.to].map(|node| nodes.transaction(node));
        found.extend(ends.into_iter().flatten().map(id));
        if forced.reader != NONE {
            found.insert(id(forced.reader));
        }
        let way = graph.shortest_path(forced.from, forced.to, |arc| {
            arc.label < forced.arc
                && constraints.is_within(arc, forced.besides, forced.needs_missed)
        });
        for arc in way.unwrap_or_default() {
            found.extend(nodes.transaction(arc.target).map(id));
            queue.push(arc.label);
        }
    }
    found
}

/// The steps between transactions along a cycle of nodes. A way through hubs is one step, of the first arc's kind.
pub(in crate::transactions) fn steps(constraints: &Constraints<'_, '_>, arcs: &[Arc]) -> Vec<Step> {
    let nodes = constraints.nodes;
    let begin = arcs
        .iter()
        .position(|arc| nodes.transaction(arc.source).is_some())
        .unwrap_or(0);
    let (tail, head) = arcs.split_at(begin);
    let mut steps: Vec<Step> = Vec::new();
    let mut open: Option<(u32, Arc)> = None;
    for arc in head.iter().chain(tail) {
        let (source, first) = match (nodes.transaction(arc.source), open) {
            (Some(source), _) => (source, *arc),
            (None, Some(open)) => open,
            (None, None) => continue,
        };
        let Some(target) = nodes.transaction(arc.target) else {
            open = Some((source, first));
            continue;
        };
        let label = constraints.label(first);
        let kind = Kind::of(label);
        if kind != Kind::Own {
            let key = key_of(label);
            steps.push(Step {
                source,
                target,
                kind,
                key,
                forced: constraints.forced_at(first.label),
            });
        }
    }
    steps
}

/// The anomaly of a cycle: its name, and the reasons.
pub(in crate::transactions) fn anomaly(facts: &Facts<'_>, mut steps: Vec<Step>) -> Box<Anomaly> {
    settle_follows(facts, &mut steps);
    let steps = steps.as_slice();
    let mut operations: Vec<OperationId> = Vec::new();
    let mut edges = Vec::new();
    for step in steps {
        let (reason, witness) = reason(facts, *step);
        operations.push(OperationId(step.source as usize));
        operations.extend(witness.map(|witness| OperationId(witness as usize)));
        edges.push(Edge {
            source: OperationId(step.source as usize),
            target: OperationId(step.target as usize),
            reason,
        });
    }
    operations.sort_unstable();
    operations.dedup();
    Box::new(Anomaly {
        rule: name(steps),
        operations,
        edges,
        is_minimal: false,
    })
}

/// A version behind one that its writer read itself is *ww* beside a missed write; everything else that follows was
/// missed, and only that is certain.
fn settle_follows(facts: &Facts<'_>, steps: &mut [Step]) {
    let has_missed = steps.iter().any(|step| step.kind == Kind::Misses);
    for step in steps.iter_mut().filter(|step| step.kind == Kind::Follows) {
        step.kind = if has_missed && sees_own(facts, step.source, step.key) {
            Kind::Follows
        } else {
            Kind::Misses
        };
    }
}

/// Whether a list that the transaction read holds the last of its own appends.
fn sees_own(facts: &Facts<'_>, transaction: u32, key: u32) -> bool {
    let micros = facts.history.micros_of(transaction as usize);
    let of_key = |micro: &&Micro| micro.key == key;
    let mut of_appends = micros.iter().filter(of_key);
    let append = of_appends.rfind(|micro| micro.kind == MicroKind::Append);
    append.is_some_and(|append| {
        let mut reads = micros.iter().filter(of_key);
        reads.any(|read| facts.history.list(*read).contains(&append.value))
    })
}

/// When every order was tried and none fits, but no cycle is forced.
pub(in crate::transactions) fn no_order(facts: &Facts<'_>) -> Box<Anomaly> {
    let operations = (0..).zip(&facts.takes_part);
    let operations = operations.filter(|(_, takes_part)| **takes_part);
    Box::new(Anomaly {
        rule: Rule {
            name: "no-commit-order",
            about: "reads that no order of the writers of each key explains",
        },
        operations: operations.map(|(number, _)| OperationId(number)).collect(),
        edges: Vec::new(),
        is_minimal: false,
    })
}

/// Why the source comes before the target, and the third transaction whose read shows it, if it takes one.
fn reason(facts: &Facts<'_>, step: Step) -> (Reason, Option<u32>) {
    if let Some(forced) = step.forced.filter(|_| step.kind == Kind::Overwrites) {
        return reason_of_forced(facts, step, forced);
    }
    let key = || facts.history.key(step.key);
    let is_list = facts.is_list.get(step.key as usize) == Some(&true);
    let older = || last_write(facts, step.source, step.key);
    let newer = || first_write(facts, step.target, step.key, is_list);
    let reason = match step.kind {
        Kind::Session | Kind::Own => Reason::Session,
        Kind::RealTime => Reason::RealTime,
        Kind::ReadsFrom if is_list => Reason::ReadsAppend {
            key: key(),
            value: older(),
        },
        Kind::ReadsFrom => Reason::ReadsFrom {
            key: key(),
            value: older(),
        },
        Kind::Overwrites | Kind::Follows if is_list => {
            let is_own = step.kind == Kind::Follows;
            let longest = at(&facts.longest, step.key);
            let reader = if is_own { step.source } else { longest };
            let reason = Reason::AppendsBehind {
                key: key(),
                older: older(),
                newer: newer(),
                reader: OperationId(reader as usize),
            };
            return (reason, Some(reader));
        }
        Kind::Overwrites | Kind::Follows => Reason::Overwrites {
            key: key(),
            older: older(),
            newer: newer(),
        },
        Kind::Misses if is_list => Reason::MissesAppend {
            key: key(),
            newer: newer(),
        },
        Kind::Misses => Reason::Misses {
            key: key(),
            read: read_of(facts, step.source, step.key),
            newer: newer(),
        },
    };
    (reason, None)
}

/// The writer of what was read comes after one that the reader must have seen; of two that must not overlap, one is
/// over before the other begins.
fn reason_of_forced(facts: &Facts<'_>, step: Step, forced: Forced) -> (Reason, Option<u32>) {
    let key = facts.history.key(step.key);
    if forced.reader == NONE {
        let clause = format!(
            "no two transactions that write {key} overlap, and the one must commit before the other"
        );
        return (Reason::Because(clause), None);
    }
    let reason = Reason::Hidden {
        key,
        older: last_write(facts, step.source, step.key),
        newer: last_write(facts, step.target, step.key),
        reader: OperationId(forced.reader as usize),
    };
    (reason, Some(forced.reader))
}

fn last_write(facts: &Facts<'_>, transaction: u32, key: u32) -> Value {
    let micros = facts.history.micros_of(transaction as usize).iter();
    let write = micros.rev().find(|micro| {
        micro.key == key && matches!(micro.kind, MicroKind::Append | MicroKind::Write)
    });
    write.map_or(Value::Nil, |micro| facts.history.value(micro.value))
}

/// The first append, but of several writes the one that lasts.
fn first_write(facts: &Facts<'_>, transaction: u32, key: u32, is_list: bool) -> Value {
    if !is_list {
        return last_write(facts, transaction, key);
    }
    let mut micros = facts.history.micros_of(transaction as usize).iter();
    let append = micros.find(|micro| micro.key == key && micro.kind == MicroKind::Append);
    append.map_or(Value::Nil, |micro| facts.history.value(micro.value))
}

fn read_of(facts: &Facts<'_>, transaction: u32, key: u32) -> Value {
    let mut micros = facts.history.micros_of(transaction as usize).iter();
    let read = micros.find(|micro| micro.key == key && micro.kind == MicroKind::Read);
    read.map_or(Value::Nil, |micro| facts.history.value(micro.value))
}
