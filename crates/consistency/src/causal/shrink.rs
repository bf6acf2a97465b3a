//! Makes a violation small, and puts it into words.
//!
//! Forgetting operations only allows more: what is left of causality, of happened-before and of what is required is
//! contained in what there was. So a violated rest convicts the whole history, and an operation that was needed once
//! stays needed: one pass over what the flaw rests on gives a 1-minimal core.

use alloc::{format, string::String, vec::Vec};

use super::{
    Ending, Flaw, Graph, Model, Transactions,
    flaw::{Link, Why},
};
use crate::{Anomaly, Edge, Limits, OperationId, Reason, Value, transactions::MicroKind};

pub(super) struct Shrinker<'a> {
    history: &'a Transactions,
    graph: &'a Graph,
    model: Model,
    limits: &'a Limits,
    keep_going: &'a mut dyn FnMut() -> bool,
    steps_left: u64,
}

impl<'a> Shrinker<'a> {
    pub(super) fn new(
        history: &'a Transactions,
        graph: &'a Graph,
        model: Model,
        limits: &'a Limits,
        keep_going: &'a mut dyn FnMut() -> bool,
    ) -> Self {
        Self {
            history,
            graph,
            model,
            limits,
            keep_going,
            steps_left: limits.shrink_steps_max,
        }
    }

    /// The anomaly of a smallest part of what this flaw rests on.
    pub(super) fn anomaly(mut self, flaw: &Flaw) -> Anomaly {
        let mut core = flaw.support.clone();
        let mut is_minimal = true;
        let mut tried = core.len();
        // From the last to the first, so that what is behind `tried` has been found needed.
        while let Some(place) = tried.checked_sub(1) {
            tried = place;
            let mut rest = core.clone();
            rest.remove(place);
            match self.flaw_of(&rest) {
                Some(Ok(())) => {}
                Some(Err(smaller)) => {
                    let known = |node: &u32| smaller.binary_search(node).is_ok();
                    tried = core.iter().take(place).filter(|node| known(node)).count();
                    core = smaller;
                }
                None => is_minimal = false,
            }
        }
        let small = self.graph.keep(&core);
        let (limits, keep_going) = (self.limits, &mut *self.keep_going);
        let last = self.model.examine(self.history, &small, limits, keep_going);
        let (graph, flaw) = match &last {
            Ok(Err(last)) => (&small, last),
            _ => (self.graph, flaw),
        };
        Anomaly {
            rule: flaw.rule,
            operations: core.iter().map(|node| self.graph.id(*node)).collect(),
            edges: flaw.links.iter().map(|it| self.edge(graph, it)).collect(),
            is_minimal,
        }
    }

    /// What a flaw of these nodes alone rests on, if there is one; `None` when that took too long.
    fn flaw_of(&mut self, kept: &[u32]) -> Option<Result<(), Vec<u32>>> {
        self.steps_left = self.steps_left.checked_sub(kept.len() as u64)?;
        let graph = self.graph.keep(kept);
        let (limits, keep_going) = (self.limits, &mut *self.keep_going);
        let found = self.model.examine(self.history, &graph, limits, keep_going);
        match found {
            Ok(Ok(_)) => Some(Ok(())),
            Ok(Err(flaw)) => {
                let support = flaw.support.iter();
                let of = |node: &u32| kept.get(*node as usize).copied();
                Some(Err(support.filter_map(of).collect()))
            }
            Err(_) => {
                self.steps_left = 0;
                None
            }
        }
    }

    fn edge(&self, graph: &Graph, link: &Link) -> Edge {
        let (source, target) = (graph.id(link.source), graph.id(link.target));
        let reason = match link.why {
            Why::Session => Reason::Session,
            Why::Reads => Reason::ReadsFrom {
                key: self.key(source),
                value: self.written(source),
            },
            Why::Misses => Reason::Misses {
                key: self.key(target),
                read: self.heard(source),
                newer: self.written(target),
            },
            Why::Arbitrated(reader) => Reason::Hidden {
                key: self.key(source),
                older: self.written(source),
                newer: self.written(target),
                reader: graph.id(reader),
            },
            Why::ThinAir => Reason::Because(self.out_of_thin_air(source)),
        };
        Edge {
            source,
            target,
            reason,
        }
    }

    fn value(&self, operation: OperationId, kind: MicroKind) -> Option<(Value, Value)> {
        let mut steps = self.history.micros_of(operation.0).iter();
        let step = steps.find(|step| step.kind == kind)?;
        Some((self.history.key(step.key), self.history.value(step.value)))
    }

    /// The key it wrote.
    fn key(&self, operation: OperationId) -> Value {
        let step = self.value(operation, MicroKind::Write);
        step.map_or(Value::Nil, |(key, _)| key)
    }

    fn written(&self, operation: OperationId) -> Value {
        let step = self.value(operation, MicroKind::Write);
        step.map_or(Value::Nil, |(_, value)| value)
    }

    fn heard(&self, operation: OperationId) -> Value {
        let step = self.value(operation, MicroKind::Read);
        step.map_or(Value::Nil, |(_, value)| value)
    }

    fn out_of_thin_air(&self, operation: OperationId) -> String {
        let Some((key, value)) = self.value(operation, MicroKind::Read) else {
            return String::new();
        };
        let headers = self.history.headers().iter().enumerate();
        let mut failed = headers.filter(|(_, header)| header.ending == Ending::Aborted);
        let is_writer = |place: usize| {
            let written = self.value(OperationId(place), MicroKind::Write);
            written.is_some_and(|it| it.0 == key && it.1 == value)
        };
        match failed.find(|(place, _)| is_writer(*place)) {
            Some((place, _)) => {
                format!(
                    "operation {operation} read {value} from {key}, and its write, operation {place}, failed"
                )
            }
            None => format!("operation {operation} read {value} from {key}, which nobody wrote"),
        }
    }
}
