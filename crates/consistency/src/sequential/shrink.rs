//! Makes a violation of sequential consistency small, and says what in it contradicts what.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{problem::Problem, search::Search};
use crate::{
    Anomaly, Completion, Edge, Limits, Model, Operation, OperationId, ProcessId, Reason, Role,
    Rule, UnknownReason, Value,
    linearizable::{Attempt, Outcome, forget},
};

const SEQUENTIAL: Rule = Rule {
    name: "sequential",
    about: "no one order of all operations keeps the order of each process",
};

pub(super) fn shrink<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    scope: Option<&M::Key>,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Anomaly {
    let is_known = |operation: &Operation<M::Input, M::Output>| {
        let is_here = scope.is_none_or(|key| model.key(&operation.input) == *key);
        is_here && matches!(operation.completion, Completion::Ok { .. })
    };
    let mut core: Vec<usize> = (0..history.len())
        .filter(|place| history.get(*place).is_some_and(is_known))
        .collect();
    let is_pure = |place: usize| {
        history
            .get(place)
            .is_some_and(|it| model.is_pure(&it.input, it.completion.output()))
    };
    let is_minimal = forget(
        &mut core,
        &is_pure,
        limits.shrink_steps_max,
        &mut |rest, steps_max| {
            let Ok(problem) = Problem::new(model, history, scope, Some(rest)) else {
                return Attempt::new(&Outcome::Unknown(UnknownReason::StepBound), 1);
            };
            let mut search = Search::new(model, &problem, limits, Some(steps_max));
            let outcome = search.run(keep_going);
            let looked_at = history.len() as u64;
            Attempt::new(&outcome, search.steps().saturating_add(looked_at))
        },
    );
    let operations: Vec<OperationId> = core.into_iter().map(OperationId).collect();
    Anomaly {
        rule: SEQUENTIAL,
        edges: edges(model, history, &operations),
        operations,
        is_minimal,
    }
}

/// The facts that contradict each other: the orders of the processes, and who alone can have written what was read.
fn edges<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    core: &[OperationId],
) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut latest: BTreeMap<ProcessId, OperationId> = BTreeMap::new();
    let mut by_call: Vec<OperationId> = core.to_vec();
    by_call.sort_by_key(|id| (history.get(id.0).map(|it| it.call.position), *id));
    for id in by_call {
        let Some(operation) = history.get(id.0) else {
            continue;
        };
        if let Some(source) = latest.insert(operation.process, id) {
            edges.push(Edge {
                source,
                target: id,
                reason: Reason::Session,
            });
        }
    }
    edges.extend(reads(model, history, core));
    edges
}

/// Reads of values that only one operation can have put there. An object with an operation of no [`Role`] is left out.
fn reads<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    core: &[OperationId],
) -> Vec<Edge> {
    let mut writers: BTreeMap<(M::Key, &Value), Vec<OperationId>> = BTreeMap::new();
    let mut unclear: BTreeSet<M::Key> = BTreeSet::new();
    for (place, operation) in history.iter().enumerate() {
        if matches!(operation.completion, Completion::Fail { .. }) {
            continue;
        }
        let key = model.key(&operation.input);
        match model.role(&operation.input, operation.completion.output()) {
            Some(Role::Insert(value)) => {
                let those = writers.entry((key, value)).or_default();
                those.push(OperationId(place));
            }
            Some(_) => {}
            None => drop(unclear.insert(key)),
        }
    }
    let read_from = |target: OperationId| {
        let operation = history.get(target.0)?;
        let (input, output) = (&operation.input, operation.completion.output());
        let Some(Role::Observe(value)) = model.role(input, output) else {
            return None;
        };
        let key = model.key(input);
        let initial = model.step(&model.initial(&key), input, output);
        if initial.is_some() || unclear.contains(&key) {
            return None;
        }
        let put = (key, value);
        let [source] = writers.get(&put)?.as_slice() else {
            return None;
        };
        Some(Edge {
            source: *source,
            target,
            reason: Reason::OnlySource {
                value: put.1.clone(),
            },
        })
    };
    core.iter()
        .filter_map(|target| read_from(*target))
        .collect()
}
