//! Makes a violation small.
//!
//! Ways to forget, all of which only allow more, so that a violated rest convicts the whole history:
//! 1. *Cut*: what was called after the search's horizon ([`Stuck`]) was never tried, so it is left out for nothing.
//! 2. *One part*: of a state of several objects ([`Model::part`]) one that is violated alone is enough (Herlihy and
//!    Wing 1990, theorem 1), and updates of the others do not matter to it.
//! 3. *Grow*: a large history is left for a small core found from the inside ([`super::grow`]).
//! 4. *Forget* single operations: a pure one is dropped, an update becomes indeterminate.
//!
//! Since forgetting more never turns holds into violated, one pass over the operations gives a 1-minimal core.

use alloc::vec::Vec;

use super::{
    Limits, UnknownReason, Violation,
    grow::Grower,
    partition::{Loose, Partition, Required},
    search::{Outcome, Search, Stuck},
};
use crate::Model;

/// One attempt may use this part of the steps that are left for all.
const ATTEMPT_SHARE: u64 = 8;
/// Memory of one attempt.
const ATTEMPT_BYTES_MAX: usize = 16 << 20;
/// What is no larger is made small by forgetting alone.
const SMALL: usize = 16;
/// Looking at so many operations costs as much as a step of the model.
pub(super) const LOOKS_PER_STEP: u64 = 8;

pub(super) fn shrink<M: Model>(
    model: &M,
    partition: Partition<'_, M>,
    stuck: Stuck,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Violation<M::Key> {
    let limits = &Limits {
        bytes_max: limits.bytes_max.min(ATTEMPT_BYTES_MAX),
        ..*limits
    };
    let mut steps_left = limits.shrink_steps_max;
    let part = violated_part(
        model,
        &partition,
        &stuck,
        limits,
        &mut steps_left,
        keep_going,
    );
    let (object, its_stuck) = match &part {
        Some((object, stuck)) => (object, stuck),
        None => (&partition, &stuck),
    };
    let shrinker = Shrinker {
        model,
        partition: object,
        limits,
    };
    let mut core = shrinker.called_by(its_stuck.horizon);
    if core.len() > SMALL && steps_left > 0 {
        let reserved = steps_left / 2;
        let grower = Grower::new(
            &shrinker,
            core.len(),
            &its_stuck.blocked,
            steps_left.saturating_sub(reserved),
        );
        let (grown, left) = grower.grow(keep_going);
        steps_left = reserved.saturating_add(left);
        core = grown.unwrap_or(core);
    }
    let is_pure = |place: usize| object.required.get(place).is_some_and(|it| it.is_pure);
    let is_minimal = forget(&mut core, &is_pure, steps_left, &mut |rest, steps_max| {
        shrinker.attempt(rest, steps_max, keep_going)
    });
    let mut forgotten: Vec<_> = shrinker
        .rest(&core)
        .into_iter()
        .map(|(_, id, _)| id)
        .collect();
    forgotten.sort();
    let mut operations: Vec<_> = core
        .iter()
        .filter_map(|place| Some(object.required.get(*place)?.id))
        .collect();
    operations.sort();
    Violation {
        key: partition.key.clone(),
        operations,
        forgotten,
        is_minimal,
        longest: stuck.longest,
        blocked: stuck.blocked,
    }
}

/// The first part of the state that is seen to be violated alone, those of blocked operations first.
fn violated_part<'h, M: Model>(
    model: &M,
    partition: &Partition<'h, M>,
    stuck: &Stuck,
    limits: &Limits,
    steps_left: &mut u64,
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<(Partition<'h, M>, Stuck)> {
    let called = partition.required.iter();
    let called = called.take_while(|operation| operation.call <= stuck.horizon);
    let mut parts: Vec<(bool, u64)> = called
        .map(|operation| {
            (
                !stuck.blocked.contains(&operation.id),
                model.part(operation.input),
            )
        })
        .collect();
    parts.sort_unstable_by_key(|(is_late, part)| (*part, *is_late));
    parts.dedup_by_key(|(_, part)| *part);
    parts.sort_unstable();
    if parts.len() < 2 {
        return None;
    }
    for (_, part) in parts {
        if *steps_left == 0 {
            return None;
        }
        let object = partition.part(model, part);
        let share = (*steps_left / ATTEMPT_SHARE).max(1_000).min(*steps_left);
        let mut search = Search::new(model, &object, limits, Some(share));
        let outcome = search.run(keep_going);
        let looked_at = partition.required.len() as u64 / LOOKS_PER_STEP;
        *steps_left = steps_left.saturating_sub(search.steps().saturating_add(looked_at));
        match outcome {
            Outcome::Violated(stuck) => return Some((object, stuck)),
            Outcome::Unknown(UnknownReason::Interrupted) => return None,
            Outcome::Holds(_) | Outcome::Unknown(_) => {}
        }
    }
    None
}

/// What became of trying whether a core is enough.
pub(crate) struct Attempt {
    /// `None` when that took too long.
    pub(crate) is_violated: Option<bool>,
    pub(crate) is_interrupted: bool,
    /// What it cost, the operations looked at included.
    pub(crate) steps: u64,
}

impl Attempt {
    pub(crate) const fn new(outcome: &Outcome, steps: u64) -> Self {
        Self {
            is_violated: match outcome {
                Outcome::Holds(_) => Some(false),
                Outcome::Violated(_) => Some(true),
                Outcome::Unknown(_) => None,
            },
            is_interrupted: matches!(outcome, Outcome::Unknown(UnknownReason::Interrupted)),
            steps,
        }
    }
}

/// Forgets what can be forgotten of `core` (ascending), in ever smaller groups, pure operations first. `attempt` says
/// whether a core is enough, within so many steps. Whether the core is 1-minimal.
pub(crate) fn forget(
    core: &mut Vec<usize>,
    is_pure: &dyn Fn(usize) -> bool,
    mut steps_left: u64,
    attempt: &mut dyn FnMut(&[usize], u64) -> Attempt,
) -> bool {
    let (mut queue, updates): (Vec<usize>, Vec<usize>) =
        core.iter().copied().partition(|place| is_pure(*place));
    queue.extend(updates);
    let mut group = queue.len().div_ceil(2).max(1);
    let mut is_minimal = true;
    loop {
        let mut kept = Vec::with_capacity(queue.len());
        for tried in queue.chunks(group) {
            if steps_left == 0 {
                return false;
            }
            // Both halves of the queue are ascending, but a group may span them.
            let mut sorted = tried.to_vec();
            sorted.sort_unstable();
            let rest: Vec<usize> = core
                .iter()
                .copied()
                .filter(|place| sorted.binary_search(place).is_err())
                .collect();
            let share = (steps_left / ATTEMPT_SHARE).max(1_000).min(steps_left);
            let result = attempt(&rest, share);
            steps_left = steps_left.saturating_sub(result.steps.max(1));
            if result.is_interrupted {
                return false;
            }
            match result.is_violated {
                Some(true) => *core = rest,
                Some(false) => kept.extend_from_slice(tried),
                None => {
                    kept.extend_from_slice(tried);
                    is_minimal = is_minimal && group > 1;
                }
            }
        }
        if group == 1 {
            return is_minimal;
        }
        queue = kept;
        group = group.div_ceil(2);
    }
}

pub(super) struct Shrinker<'a, 'h, M: Model> {
    pub(super) model: &'a M,
    pub(super) partition: &'a Partition<'h, M>,
    pub(super) limits: &'a Limits,
}

impl<'h, M: Model> Shrinker<'_, 'h, M> {
    /// Whether the history with only `core` known is violated.
    fn attempt(
        &self,
        core: &[usize],
        steps_max: u64,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Attempt {
        let smaller = self.only(core);
        let mut search = Search::new(self.model, &smaller, self.limits, Some(steps_max));
        let outcome = search.run(keep_going);
        let looked_at = self.partition.required.len() as u64 / LOOKS_PER_STEP;
        Attempt::new(&outcome, search.steps().saturating_add(looked_at))
    }

    /// The history with only `core` (ascending) known.
    pub(super) fn only(&self, core: &[usize]) -> Partition<'h, M> {
        let required: Vec<Required<'h, M>> = core
            .iter()
            .filter_map(|place| self.partition.required.get(*place).copied())
            .collect();
        let rest = self.rest(core);
        let key = self.partition.key.clone();
        Partition::new(self.model, key, required, rest)
    }

    /// Every update that is not in `core` (ascending), as indeterminate; those called after all of the core had
    /// returned could not matter.
    fn rest(&self, core: &[usize]) -> Vec<Loose<'h, M>> {
        let required = &self.partition.required;
        let ends = core.iter().filter_map(|place| required.get(*place));
        let last_end = ends.map(|operation| operation.end).max().unwrap_or(0);
        let mut rest = Vec::new();
        for (place, operation) in required.iter().enumerate() {
            let is_known = core.binary_search(&place).is_ok();
            if !is_known && !operation.is_pure && operation.call <= last_end {
                rest.push((operation.call, operation.id, operation.input));
            }
        }
        for optional in &self.partition.optional {
            for (call, id) in &optional.members {
                if *call <= last_end {
                    rest.push((*call, *id, optional.input));
                }
            }
        }
        rest
    }

    /// The required operations called by `cut`: the first so many.
    fn called_by(&self, cut: u64) -> Vec<usize> {
        let all = &self.partition.required;
        (0..all.partition_point(|operation| operation.call <= cut)).collect()
    }
}
