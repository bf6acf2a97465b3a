//! Makes a violation small: forgets transactions while what is left is still violated.
//!
//! Forgetting a transaction, and of the reads what they saw of it, only allows more ([`keep_only`]). So a violated
//! rest convicts the whole history, and one pass over the transactions ends with none that could still go.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use super::decide;
use crate::{
    Anomaly, Consistency, Judgement, Limits, OperationId, Reason,
    transactions::{Transactions, restrict::keep_only},
};

/// Larger cores are left as found.
const CORE_MAX: usize = 20_000;

/// The smallest anomaly that forgetting leads to from `anomaly`, whose operations are tried first.
pub(in crate::transactions) fn shrink(
    history: &Transactions,
    level: Consistency,
    anomaly: Box<Anomaly>,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Box<Anomaly> {
    let mut shrinker = Shrinker {
        level,
        limits,
        keep_going,
        steps_left: limits.shrink_steps_max,
    };
    type Wider = fn(&Transactions, &[OperationId]) -> Vec<OperationId>;
    let wider: [Wider; 3] = [|_, core| core.to_vec(), with_writers, everybody];
    for widen in wider {
        let core = widen(history, &anomaly.operations);
        if core.len() > CORE_MAX || shrinker.steps_left == 0 {
            break;
        }
        let small = keep_only(history, &core);
        shrinker.spend(history.len());
        let whole: Vec<OperationId> = (0..small.len()).map(OperationId).collect();
        if let Some(found) = shrinker.violated(&small, &whole) {
            let mut found = shrinker.forget(&small, whole, found);
            name_back(&mut found, &core);
            return found;
        }
    }
    anomaly
}

/// These, and whoever wrote what they read.
pub(in crate::transactions) fn with_writers(
    history: &Transactions,
    core: &[OperationId],
) -> Vec<OperationId> {
    let mut wanted: BTreeSet<(u32, u32)> = BTreeSet::new();
    for id in core {
        for micro in history.micros_of(id.0) {
            wanted.insert((micro.key, micro.value));
            let list = history.list(*micro).iter();
            wanted.extend(list.map(|value| (micro.key, *value)));
        }
    }
    let writes = |number: &usize| {
        let mut micros = history.micros_of(*number).iter();
        micros.any(|micro| micro.is_write() && wanted.contains(&(micro.key, micro.value)))
    };
    let writers = (0..history.len()).filter(writes).map(OperationId);
    let mut wider: Vec<OperationId> = writers.chain(core.iter().copied()).collect();
    wider.sort_unstable();
    wider.dedup();
    wider
}

fn everybody(history: &Transactions, _: &[OperationId]) -> Vec<OperationId> {
    (0..history.len()).map(OperationId).collect()
}

struct Shrinker<'k> {
    level: Consistency,
    limits: &'k Limits,
    keep_going: &'k mut dyn FnMut() -> bool,
    steps_left: u64,
}

impl Shrinker<'_> {
    /// Forgets what can be forgotten of `core`, in ever smaller groups.
    fn forget(
        &mut self,
        history: &Transactions,
        mut core: Vec<OperationId>,
        mut last: Box<Anomaly>,
    ) -> Box<Anomaly> {
        let mut group = core.len().div_ceil(2).max(1);
        let mut is_minimal = true;
        loop {
            // From the last to the first, so that the places of those to come stay as they are.
            let mut end = core.len();
            while let Some(begin) = end.checked_sub(1).map(|last| last / group * group) {
                let mut rest = core.clone();
                rest.drain(begin..end);
                end = begin;
                if let Some(found) = self.violated(history, &rest) {
                    (core, last) = (rest, found);
                }
                is_minimal = is_minimal && self.steps_left > 0;
            }
            if group == 1 {
                break;
            }
            group = group.div_ceil(2);
        }
        last.operations = core;
        last.is_minimal = is_minimal;
        last
    }

    const fn spend(&mut self, steps: usize) {
        self.steps_left = self.steps_left.saturating_sub(steps as u64);
    }

    /// The anomaly of these transactions alone, in the numbers of `history`. `None` when they hold, and when the
    /// effort allowed is spent.
    fn violated(&mut self, history: &Transactions, core: &[OperationId]) -> Option<Box<Anomaly>> {
        if self.steps_left == 0 {
            return None;
        }
        let small = keep_only(history, core);
        self.spend(history.len().saturating_add(history.steps_count()));
        match decide(&small, self.level, self.limits, self.keep_going) {
            Ok(Judgement::Violated(mut anomaly)) => {
                name_back(&mut anomaly, core);
                Some(anomaly)
            }
            Ok(_) => None,
            Err(_) => {
                self.steps_left = 0;
                None
            }
        }
    }
}

/// Puts the history's numbers for those of the core.
fn name_back(anomaly: &mut Anomaly, core: &[OperationId]) {
    let real = |operation: &mut OperationId| {
        *operation = core.get(operation.0).copied().unwrap_or(*operation);
    };
    anomaly.operations.iter_mut().for_each(real);
    for edge in &mut anomaly.edges {
        real(&mut edge.source);
        real(&mut edge.target);
        match &mut edge.reason {
            Reason::AppendsBehind { reader, .. } | Reason::Hidden { reader, .. } => real(reader),
            _ => {}
        }
    }
}
