//! One object, followed event by event: just-in-time linearization (Lowe 2017, section 5).
//!
//! Kept is a set of configurations ([`Configuration`]) that covers every way the operations so far may have gone. The
//! object goes over to another state only when it has to: at the return of an operation, each configuration is extended
//! by open operations until the returning one has taken effect. Where that cannot be, the configuration goes; when none
//! is left, the events so far have no linearization.
//!
//! The answers of open operations are not known yet. So an open operation that takes effect notes the state it found,
//! and its answer is judged when it comes. That would multiply configurations, but for these rules, each of which leaves
//! out only what a kept configuration covers:
//!
//! 1. *No effect*: an operation whose answer fits a state that it leaves as it is, and that the object was in since the
//!    call, needs no place of its own. For that, configurations note until when they were in which state. So an open
//!    read is never placed, and neither is an update that would change nothing.
//! 2. *Overwritten*: a blind write (to the same state from every state, with an answer that says nothing) may stand just
//!    before any other blind write placed since its call, and nobody need see it. So blind writes are never placed one
//!    directly behind the other; the last event at which one was placed is noted. A read that was open at that event may
//!    have seen such a write; then the write is marked as done.
//! 3. *Never heard of*: an indeterminate operation stays open, is placed when another needs it, and of those with equal
//!    inputs the one called last. Used in all configurations, it is forgotten.

use alloc::{collections::BTreeMap, vec::Vec};

use super::configuration::{Configuration, Front};
use crate::{Model, Role, Shape, UnknownReason, intern::Interner};

/// Stands for the state that an operation found whose answer says nothing of it.
const UNASKED: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Object<M: Model> {
    states: Interner<M::State>,
    /// By the number of the event of their call.
    open: BTreeMap<u64, Pending<M>>,
    unheard: Vec<Class<M>>,
    configurations: Vec<Configuration>,
}

#[derive(Debug)]
struct Pending<M: Model> {
    input: M::Input,
    /// Whether its answer says nothing of the state it found.
    is_silent: bool,
    /// Whether it leads to the same state from everywhere, too.
    is_blind: bool,
    /// Whether it changes nothing, whatever its answer.
    is_pure: bool,
}

/// Indeterminate updates with equal inputs: their calls, ascending.
#[derive(Debug)]
struct Class<M: Model> {
    pending: Pending<M>,
    calls: Vec<u64>,
}

/// The returning operation.
struct Target<'a, M: Model> {
    call: u64,
    pending: &'a Pending<M>,
    output: &'a M::Output,
    /// Whether it changes nothing with this answer.
    is_pure: bool,
    now: u64,
}

/// A configuration on the way to the target's place.
struct Node {
    configuration: Configuration,
    /// Whether open operations were placed on the way: then the target comes right behind them, or there was no need
    /// to place them.
    is_extended: bool,
    /// Whether the last of them is a blind write.
    is_behind_blind: bool,
}

impl<M: Model> Object<M> {
    pub(super) fn new(model: &M, key: &M::Key) -> Self {
        let mut states = Interner::new();
        let state = states.intern(model.initial(key));
        let initial = Configuration {
            state,
            ..Configuration::default()
        };
        Self {
            states,
            open: BTreeMap::new(),
            unheard: Vec::new(),
            configurations: [initial].into(),
        }
    }

    pub(super) const fn configurations_count(&self) -> usize {
        self.configurations.len()
    }

    pub(super) fn invoke(&mut self, model: &M, call: u64, input: M::Input) {
        let shape = model.shape();
        let is_insert = matches!(model.role(&input, None), Some(Role::Insert(_)));
        // Only adding to a set may tell whether the value was there.
        let is_silent = is_insert && shape.is_some_and(|shape| shape != Shape::Set);
        let pending = Pending {
            is_silent,
            is_blind: is_silent && shape == Some(Shape::Register),
            is_pure: model.is_pure(&input, None),
            input,
        };
        self.open.insert(call, pending);
    }

    /// The operation did not happen. Whether a configuration is left.
    pub(super) fn fail(&mut self, call: u64) -> bool {
        self.open.remove(&call);
        self.configurations.retain(|it| !it.is_done(call));
        let configurations = core::mem::take(&mut self.configurations);
        self.keep(configurations);
        !self.configurations.is_empty()
    }

    /// The operation stays open for ever.
    pub(super) fn info(&mut self, call: u64) {
        let Some(pending) = self.open.remove(&call).filter(|it| !it.is_pure) else {
            return;
        };
        let mut classes = self.unheard.iter_mut();
        match classes.find(|class| class.pending.input == pending.input) {
            Some(class) => {
                let place = class.calls.partition_point(|other| *other < call);
                class.calls.insert(place, call);
            }
            None => self.unheard.push(Class {
                pending,
                calls: [call].into(),
            }),
        }
        let mut configurations = core::mem::take(&mut self.configurations);
        for configuration in &mut configurations {
            if configuration.unmark(call).is_some() {
                configuration.mark_used(call);
            }
        }
        self.keep(configurations);
    }

    /// The operation happened and gave `output`, at event `now`. Whether a configuration is left.
    pub(super) fn ok(
        &mut self,
        model: &M,
        call: u64,
        output: &M::Output,
        now: u64,
        configurations_max: usize,
    ) -> Result<bool, UnknownReason> {
        let Some(pending) = self.open.remove(&call) else {
            return Ok(!self.configurations.is_empty());
        };
        let target = Target {
            call,
            is_pure: model.is_pure(&pending.input, Some(output)),
            pending: &pending,
            output,
            now,
        };
        let (mut results, mut known, mut nodes) = (Front::default(), Front::default(), Vec::new());
        for mut configuration in core::mem::take(&mut self.configurations) {
            if let Some(found) = configuration.unmark(call) {
                if self.confirms(model, &configuration, found, &target)? {
                    results.add(configuration);
                }
            } else if known.add(configuration.clone()) {
                nodes.push(Node {
                    configuration,
                    is_extended: false,
                    is_behind_blind: false,
                });
            }
        }
        while let Some(node) = nodes.pop() {
            if known.len().saturating_add(results.len()) > configurations_max {
                return Err(UnknownReason::MemoryBound);
            }
            self.extend(model, node, &target, &mut results, &mut |node| {
                if known.add(node.configuration.clone()) {
                    nodes.push(node);
                }
            });
        }
        self.keep(results.into_all().collect());
        Ok(!self.configurations.is_empty())
    }

    /// Whether the answer of an operation that took effect earlier is the one it had to get.
    fn confirms(
        &self,
        model: &M,
        configuration: &Configuration,
        found: u32,
        target: &Target<'_, M>,
    ) -> Result<bool, UnknownReason> {
        let input = &target.pending.input;
        if target.pending.is_silent {
            return Ok(self.is_possible(model, configuration.state, target));
        }
        let Some(found) = self.states.get(found) else {
            return Ok(false);
        };
        match model.step(found, input, Some(target.output)) {
            None => Ok(false),
            after if after == model.step(found, input, None) => Ok(true),
            Some(_) => Err(UnknownReason::OutputDecides),
        }
    }

    fn is_possible(&self, model: &M, state: u32, target: &Target<'_, M>) -> bool {
        let state = self.states.get(state);
        let after = |state| model.step(state, &target.pending.input, Some(target.output));
        state.and_then(after).is_some()
    }

    /// Whether the target fits `state` and leaves it as it is.
    fn fits(&self, model: &M, state: &M::State, target: &Target<'_, M>) -> bool {
        let after = model.step(state, &target.pending.input, Some(target.output));
        after.as_ref() == Some(state)
    }

    /// The ways for the target to go from this configuration, and the configurations from which to try next.
    fn extend(
        &mut self,
        model: &M,
        node: Node,
        target: &Target<'_, M>,
        results: &mut Front,
        push: &mut dyn FnMut(Node),
    ) {
        let Node {
            configuration,
            is_extended,
            is_behind_blind,
        } = node;
        let state = configuration.state;
        let Some(before) = self.states.get(state).cloned() else {
            return;
        };
        let mut is_settled = false;
        if is_extended {
            is_settled = target.is_pure && self.fits(model, &before, target);
            if is_settled {
                results.add(configuration.clone());
            }
        } else if let Some(result) = self.without_effect(model, &configuration, target) {
            is_settled = true;
            results.add(result);
        } else {
            self.by_seeing(model, &configuration, target, results);
        }
        if is_settled && target.is_pure {
            return;
        }
        let is_blind = target.pending.is_blind;
        if !(target.is_pure || is_behind_blind && is_blind) {
            let after = model.step(&before, &target.pending.input, Some(target.output));
            if let Some(after) = after.filter(|after| *after != before || is_extended) {
                let after = self.states.intern(after);
                results.add(configuration.moved(after, target.now, is_blind));
            }
        }
        let open = self.open.iter().filter_map(|(call, pending)| {
            let is_free = !pending.is_pure && !configuration.is_done(*call);
            is_free.then_some((pending, *call, false))
        });
        let unheard = self.unheard.iter().filter_map(|class| {
            let mut calls = class.calls.iter().rev();
            let last = calls.find(|call| !configuration.is_used(**call))?;
            Some((&class.pending, *last, true))
        });
        for (pending, call, is_unheard) in open.chain(unheard) {
            if is_behind_blind && pending.is_blind {
                continue;
            }
            let after = model.step(&before, &pending.input, None);
            let Some(after) = after.filter(|after| *after != before) else {
                continue;
            };
            let after = self.states.intern(after);
            let mut next = configuration.moved(after, target.now, pending.is_blind);
            if is_unheard {
                next.mark_used(call);
            } else {
                next.mark_done(call, if pending.is_silent { UNASKED } else { state });
            }
            push(Node {
                configuration: next,
                is_extended: true,
                is_behind_blind: pending.is_blind,
            });
        }
    }

    /// The configuration after the target, if it may have gone without effect since its call.
    fn without_effect(
        &mut self,
        model: &M,
        configuration: &Configuration,
        target: &Target<'_, M>,
    ) -> Option<Configuration> {
        let fits = |number: u32| {
            let state = self.states.get(number);
            state.is_some_and(|state| self.fits(model, state, target))
        };
        let seen = configuration.seen.iter();
        let fitting = seen.filter(|(state, until)| *until >= target.call && fits(*state));
        let mut last = fitting.map(|(_, until)| *until).max();
        if fits(configuration.state) {
            last = Some(target.now);
        }
        if !target.pending.is_blind {
            return last.map(|_| configuration.clone());
        }
        // A blind write that changed nothing did overwrite what stood before it.
        let overwritten = configuration.overwritten;
        let until = last.max((target.call <= overwritten).then_some(overwritten))?;
        let state = self.states.get(configuration.state)?;
        let own = model.step(state, &target.pending.input, Some(target.output))?;
        let mut result = configuration.clone();
        result.overwritten = overwritten.max(until);
        result.see(self.states.intern(own), until);
        Some(result)
    }

    /// The target may have seen a blind write that was overwritten while both were open.
    fn by_seeing(
        &mut self,
        model: &M,
        configuration: &Configuration,
        target: &Target<'_, M>,
        results: &mut Front,
    ) {
        let until = configuration.overwritten;
        if target.call > until {
            return;
        }
        let Some(state) = self.states.get(configuration.state).cloned() else {
            return;
        };
        let open = self.open.iter().filter_map(|(call, pending)| {
            let is_free = *call <= until && !configuration.is_done(*call);
            is_free.then_some((pending, *call, false))
        });
        let unheard = self.unheard.iter().filter_map(|class| {
            let mut calls = class.calls.iter().rev();
            let last = calls.find(|call| **call <= until && !configuration.is_used(**call))?;
            Some((&class.pending, *last, true))
        });
        for (pending, call, is_unheard) in open.chain(unheard) {
            if !pending.is_blind {
                continue;
            }
            let Some(seen) = model.step(&state, &pending.input, None) else {
                continue;
            };
            if !self.fits(model, &seen, target) {
                continue;
            }
            let mut result = configuration.clone();
            result.see(self.states.intern(seen), until);
            if is_unheard {
                result.mark_used(call);
            } else {
                result.mark_done(call, UNASKED);
            }
            results.add(result);
        }
    }

    /// Writes the configurations in the shortest way, and forgets what none of them needs.
    fn keep(&mut self, configurations: Vec<Configuration>) {
        let mut front = Front::default();
        for mut configuration in configurations {
            self.reduce(&mut configuration);
            front.add(configuration);
        }
        self.configurations = front.into_all().collect();
        for class in &mut self.unheard {
            let all = &self.configurations;
            let is_needed = |call: &u64| !all.iter().all(|it| it.is_used(*call));
            class.calls.retain(is_needed);
        }
        self.unheard.retain(|class| !class.calls.is_empty());
        let unheard = &self.unheard;
        for configuration in &mut self.configurations {
            configuration.used.retain(|call| {
                let is_here = |class: &Class<M>| class.calls.binary_search(call).is_ok();
                unheard.iter().any(is_here)
            });
        }
        self.forget_states();
    }

    /// Who can have seen what is all that matters: events are replaced by the last call that is not later.
    fn reduce(&self, configuration: &mut Configuration) {
        let calls = self.open.keys().copied();
        let free: Vec<u64> = calls.filter(|call| !configuration.is_done(*call)).collect();
        let last_by = |until: u64| {
            let count = free.partition_point(|call| *call <= until);
            count
                .checked_sub(1)
                .and_then(|place| free.get(place))
                .copied()
        };
        let state = configuration.state;
        configuration.seen.retain_mut(|(seen, until)| {
            *until = last_by(*until).unwrap_or(0);
            *seen != state && *until > 0
        });
        let until = configuration.overwritten;
        let unheard = self.unheard.iter().flat_map(|class| &class.calls);
        configuration.overwritten = last_by(until).map_or(0, |last| {
            let unused =
                unheard.filter(|call| **call <= until && !configuration.used.contains(call));
            unused.copied().max().unwrap_or(0).max(last)
        });
    }

    /// Keeps the states that configurations name, once there are more than twice as many.
    fn forget_states(&mut self) {
        let named = self.configurations.iter().map(|configuration| {
            let more = configuration
                .done
                .len()
                .saturating_add(configuration.seen.len());
            more.saturating_add(1)
        });
        let named = named.fold(64, usize::saturating_add);
        if self.states.len() <= named.saturating_mul(2) {
            return;
        }
        let old = core::mem::replace(&mut self.states, Interner::new());
        let states = &mut self.states;
        let mut renumber = |number: &mut u32| {
            if let Some(state) = old.get(*number) {
                *number = states.intern(state.clone());
            }
        };
        for configuration in &mut self.configurations {
            renumber(&mut configuration.state);
            for (_, found) in &mut configuration.done {
                renumber(found);
            }
            for (seen, _) in &mut configuration.seen {
                renumber(seen);
            }
            configuration.seen.sort_unstable();
        }
    }
}
