//! Finds a small violated core from the inside, counterexample by counterexample.
//!
//! Start by knowing next to nothing. As long as what is known allows an order, that order must go against an operation
//! that is forgotten, for the whole history allows none: know that operation too, and search again. Forgotten updates
//! that the order used where they cannot have been are learnt first. If there are none, the forgotten operations are
//! put into the order one after the other, and the first for which there is no place is learnt.
//!
//! Invariant: every round learns an operation that was forgotten, so it ends. Only a violated core is handed out.

use alloc::vec::Vec;

use super::{
    Limits,
    partition::Partition,
    search::{Outcome, Search},
    shrink::{LOOKS_PER_STEP, Shrinker},
};
use crate::{Model, OperationId};

/// One round may use this part of the steps that are left.
const ROUND_SHARE: u64 = 4;

/// An operation with everything that is known of it.
#[derive(Debug)]
struct Item<'h, M: Model> {
    id: OperationId,
    /// Index into the partition's required operations; `None` for an indeterminate one.
    place: Option<usize>,
    call: u64,
    end: u64,
    input: &'h M::Input,
    output: Option<&'h M::Output>,
}

/// An order, with the states before, between and behind its operations.
struct Line<M: Model> {
    /// Indices into the items.
    items: Vec<usize>,
    states: Vec<M::State>,
}

pub(super) struct Grower<'a, 'h, M: Model> {
    model: &'a M,
    partition: &'a Partition<'h, M>,
    limits: &'a Limits,
    /// By their names, ascending.
    items: Vec<Item<'h, M>>,
    /// Required operations that count: the first so many.
    reach: usize,
    core: Vec<usize>,
    steps_left: u64,
}

impl<'a, 'h, M: Model> Grower<'a, 'h, M> {
    /// Of the first `reach` required operations, which must be violated, finds some that are. It begins with `blocked`.
    pub(super) fn new(
        shrinker: &Shrinker<'a, 'h, M>,
        reach: usize,
        blocked: &[OperationId],
        steps_max: u64,
    ) -> Self {
        let partition = shrinker.partition;
        let required = partition.required.iter().take(reach).enumerate();
        let mut items: Vec<Item<'h, M>> = required
            .map(|(place, operation)| Item {
                id: operation.id,
                place: Some(place),
                call: operation.call,
                end: operation.end,
                input: operation.input,
                output: Some(operation.output),
            })
            .collect();
        let mut core: Vec<usize> = items
            .iter()
            .filter(|item| blocked.contains(&item.id))
            .filter_map(|item| item.place)
            .collect();
        core.sort_unstable();
        for optional in &partition.optional {
            items.extend(optional.members.iter().map(|(call, id)| Item {
                id: *id,
                place: None,
                call: *call,
                end: u64::MAX,
                input: optional.input,
                output: None,
            }));
        }
        items.sort_by_key(|item| item.id);
        Self {
            model: shrinker.model,
            partition,
            limits: shrinker.limits,
            items,
            reach,
            core,
            steps_left: steps_max,
        }
    }

    /// A violated core, unless the steps do not suffice; and the steps that are left.
    pub(super) fn grow(
        mut self,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> (Option<Vec<usize>>, u64) {
        while self.core.len() < self.reach && self.steps_left > 0 {
            let shrinker = Shrinker {
                model: self.model,
                partition: self.partition,
                limits: self.limits,
            };
            let smaller = shrinker.only(&self.core);
            self.spend((self.items.len() as u64 / LOOKS_PER_STEP).saturating_add(1));
            let share = (self.steps_left / ROUND_SHARE).max(1_000);
            let mut search = Search::new(self.model, &smaller, self.limits, Some(share));
            let outcome = search.run(keep_going);
            let steps = search.steps();
            drop(search);
            self.spend(steps);
            let is_learnt = match outcome {
                Outcome::Violated(_) => return (Some(self.core), self.steps_left),
                Outcome::Holds(order) => self.learn(&order, keep_going),
                Outcome::Unknown(_) => self.widen(),
            };
            if !is_learnt || !keep_going() {
                break;
            }
        }
        (None, self.steps_left)
    }

    fn spend(&mut self, steps: u64) {
        self.steps_left = self.steps_left.saturating_sub(steps);
    }

    /// Learns what `order` goes against. `false` when nothing was found.
    fn learn(&mut self, order: &[OperationId], keep_going: &mut dyn FnMut() -> bool) -> bool {
        let mut line = Line {
            items: order
                .iter()
                .filter_map(|id| self.items.binary_search_by_key(id, |item| item.id).ok())
                .collect(),
            states: Vec::new(),
        };
        let misplaced = self.follow(&mut line);
        if !misplaced.is_empty() {
            self.core.extend(misplaced);
            self.core.sort_unstable();
            self.core.dedup();
            return true;
        }
        let mut in_line: Vec<OperationId> = order.to_vec();
        in_line.sort_unstable();
        let mut by_call: Vec<(usize, usize)> = (self.items.iter().enumerate())
            .filter(|(_, item)| in_line.binary_search(&item.id).is_err())
            .filter_map(|(index, item)| Some((item.place?, index)))
            .collect();
        by_call.sort_unstable();
        for (place, index) in by_call.into_iter().rev() {
            if self.steps_left == 0 || !keep_going() {
                return false;
            }
            if !self.insert(&mut line, index) {
                let at = self.core.partition_point(|other| *other < place);
                self.core.insert(at, place);
                return true;
            }
        }
        false
    }

    /// Writes down the states of an order, and names the forgotten operations in it that cannot have been there.
    fn follow(&mut self, line: &mut Line<M>) -> Vec<usize> {
        let mut misplaced = Vec::new();
        let mut latest_call = 0;
        let mut state = self.model.initial(&self.partition.key);
        for item in line.items.iter().filter_map(|index| self.items.get(*index)) {
            let heard = self.model.step(&state, item.input, item.output);
            let is_forgotten = |place: &usize| self.core.binary_search(place).is_err();
            if let Some(place) = item.place.filter(is_forgotten)
                && (heard.is_none() || item.end < latest_call)
            {
                misplaced.push(place);
            }
            latest_call = latest_call.max(item.call);
            let after = heard.or_else(|| self.model.step(&state, item.input, None));
            line.states.push(core::mem::replace(
                &mut state,
                match after {
                    Some(after) => after,
                    None => break,
                },
            ));
        }
        line.states.push(state);
        self.spend(line.items.len() as u64);
        misplaced
    }

    /// Puts an operation somewhere into the order, within real time. `false` when there is no place for it.
    fn insert(&mut self, line: &mut Line<M>, index: usize) -> bool {
        let Some(item) = self.items.get(index) else {
            return true;
        };
        let placed = |place: &usize| self.items.get(*place);
        let is_before = |place: &usize| {
            placed(place).is_some_and(|it| it.output.is_some() && it.end < item.call)
        };
        let is_behind = |place: &usize| placed(place).is_some_and(|it| item.end < it.call);
        let all = &line.items;
        let low = all
            .iter()
            .rposition(is_before)
            .map_or(0, |at| at.saturating_add(1));
        let high = all.iter().position(is_behind).unwrap_or(all.len());
        let mut steps = all.len() as u64 / LOOKS_PER_STEP;
        let mut is_inserted = false;
        for at in (low..=high).rev() {
            steps = steps.saturating_add(1);
            let before = line.states.get(at);
            let after = before.and_then(|it| self.model.step(it, item.input, item.output));
            let Some(after) = after else { continue };
            if let Some(states) = self.replay(line, at, after, &mut steps) {
                let until = at.saturating_add(states.len());
                if until <= line.states.len() {
                    // The state before stays, and the one behind it comes twice when nothing changed.
                    let from = at.saturating_add(1);
                    line.states.splice(from..until, states);
                    line.items.insert(at, index);
                    is_inserted = true;
                }
                break;
            }
        }
        self.spend(steps);
        is_inserted
    }

    /// The states from behind an operation inserted `at` a place, which led to `state`, up to where all is as before.
    /// `None` when what follows does not go well.
    fn replay(
        &self,
        line: &Line<M>,
        at: usize,
        mut state: M::State,
        steps: &mut u64,
    ) -> Option<Vec<M::State>> {
        let mut states = Vec::new();
        let mut place = at;
        while line.states.get(place) != Some(&state) {
            states.push(state.clone());
            let Some(next) = line.items.get(place) else {
                return Some(states);
            };
            let next = self.items.get(*next)?;
            *steps = steps.saturating_add(1);
            state = self.model.step(&state, next.input, next.output)?;
            place = place.saturating_add(1);
        }
        states.push(state);
        Some(states)
    }

    /// The search was too long: as many again of the latest operations.
    fn widen(&mut self) -> bool {
        let more = self.core.len().max(1);
        let forgotten = (0..self.reach)
            .rev()
            .filter(|place| self.core.binary_search(place).is_err());
        let learnt: Vec<usize> = forgotten.take(more).collect();
        self.core.extend(&learnt);
        self.core.sort_unstable();
        !learnt.is_empty()
    }
}
