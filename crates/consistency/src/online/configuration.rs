//! What one object may be like now, and sets of that which keep only what matters.

use alloc::{collections::BTreeMap, vec::Vec};

/// Calls of open operations, each with the number of a state.
type Done = Vec<(u64, u32)>;

/// One way the operations so far may have gone. An open operation is named by its call, the number of that event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) state: u32,
    /// Open operations that have taken effect, ascending, each with the state it found.
    pub(super) done: Done,
    /// Indeterminate operations that have taken effect, ascending.
    pub(super) used: Vec<u64>,
    /// Former states, ascending, each with the event up to which it lasted.
    pub(super) seen: Vec<(u32, u64)>,
    /// The last event at which a blind write was placed; zero for none.
    pub(super) overwritten: u64,
}

impl Configuration {
    /// The same, when at event `now` the object goes over to `state`.
    pub(super) fn moved(&self, state: u32, now: u64, by_blind_write: bool) -> Self {
        let mut moved = self.clone();
        moved.see(self.state, now);
        moved.state = state;
        if by_blind_write {
            moved.overwritten = now;
        }
        moved
    }

    /// Notes that the object was in `state` up to event `until`.
    pub(super) fn see(&mut self, state: u32, until: u64) {
        match self.seen.binary_search_by_key(&state, |seen| seen.0) {
            Ok(place) => {
                if let Some(seen) = self.seen.get_mut(place) {
                    seen.1 = seen.1.max(until);
                }
            }
            Err(place) => self.seen.insert(place, (state, until)),
        }
    }

    pub(super) fn is_done(&self, call: u64) -> bool {
        self.done.binary_search_by_key(&call, |it| it.0).is_ok()
    }

    pub(super) fn is_used(&self, call: u64) -> bool {
        self.used.binary_search(&call).is_ok()
    }

    pub(super) fn mark_done(&mut self, call: u64, found: u32) {
        if let Err(place) = self.done.binary_search_by_key(&call, |it| it.0) {
            self.done.insert(place, (call, found));
        }
    }

    pub(super) fn mark_used(&mut self, call: u64) {
        if let Err(place) = self.used.binary_search(&call) {
            self.used.insert(place, call);
        }
    }

    /// Takes the mark of an open operation off: the state it found, if it had taken effect.
    pub(super) fn unmark(&mut self, call: u64) -> Option<u32> {
        let place = self.done.binary_search_by_key(&call, |it| it.0).ok()?;
        Some(self.done.remove(place).1)
    }

    /// Whether everything that can follow `other` can follow this one: it agrees in state and open operations, used
    /// no other indeterminate operation, and has seen as much as late.
    fn covers(&self, other: &Self) -> bool {
        self.overwritten >= other.overwritten
            && self.used.iter().all(|call| other.is_used(*call))
            && other.seen.iter().all(|(state, until)| {
                let own = self.seen.binary_search_by_key(state, |seen| seen.0);
                *state == self.state
                    || own.is_ok_and(|place| self.seen.get(place).is_some_and(|it| it.1 >= *until))
            })
    }
}

/// Configurations of which none covers another.
#[derive(Debug, Default)]
pub(super) struct Front {
    /// By state and open operations that took effect.
    groups: BTreeMap<(u32, Done), Vec<Configuration>>,
    len: usize,
}

impl Front {
    /// Adds a configuration unless one that is here covers it; what it covers leaves. Whether it was added.
    pub(super) fn add(&mut self, configuration: Configuration) -> bool {
        let key = (configuration.state, configuration.done.clone());
        let group = self.groups.entry(key).or_default();
        if group.iter().any(|other| other.covers(&configuration)) {
            return false;
        }
        let before = group.len();
        group.retain(|other| !configuration.covers(other));
        group.push(configuration);
        self.len = self.len.saturating_sub(before).saturating_add(group.len());
        true
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn into_all(self) -> impl Iterator<Item = Configuration> {
        self.groups.into_values().flatten()
    }
}
