//! The search for one order of all operations: depth first over the frontiers of the processes.
//!
//! A configuration is how many required operations each process has placed (the frontier), the state of every object,
//! and how many of each class of indeterminate updates are taken. Short cuts, each of which sends a configuration from
//! which a witness exists to another one, with no more left to place, that is tried:
//!
//! 1. *Pure first*: the next operation of a process that is pure and fits the state is placed at once.
//! 2. *Alone*: when one process has all that is left to do on an object, and no indeterminate update may touch it, its
//!    next operation there commutes with everything of others: it is placed at once, or nothing can be.
//! 3. *Classes*: indeterminate updates with equal inputs are counted ([`super::problem`]).
//! 4. *Nothing for nothing*: an indeterminate update that does not change its object is left out.
//! 5. *No idle step*: behind an indeterminate update comes an operation on the same object, and one that leads to
//!    another state than without that update. (Of a witness, move each such update to just before the next operation on
//!    its object, or drop it: it may come later, and nobody in between looks.)
//! 6. *Memory*: a configuration visited before, or covered by one that took fewer indeterminate updates, is left.
//!
//! The processes are tried in the order of the calls of their next operations, so a linearizable history leads to a
//! witness with little going back.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use super::{
    problem::{Opening, Problem, Process, Required},
    tree::Tree,
};
use crate::{
    Limits, Model, OperationId, UnknownReason,
    intern::Interner,
    linearizable::{Configuration, Memo, Outcome, Stuck},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// The next required operation of this process.
    Process(u32),
    /// An indeterminate update of this class.
    Optional(u32),
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    choice: Choice,
    key: u32,
    state_before: u32,
    states_before: u32,
    frontier_before: u32,
    /// Where the choices behind this one begin in the search's `choices`.
    choices_start: usize,
}

pub(super) struct Search<'a, 'h, M: Model> {
    model: &'a M,
    problem: &'a Problem<'h, M>,
    limits: &'a Limits,
    steps_max: Option<u64>,
    steps: u64,
    values: Interner<M::State>,
    /// Number of the state of each key.
    state: Vec<u32>,
    states: Tree,
    states_root: u32,
    /// Required operations placed, for each process.
    placed: Vec<u32>,
    frontiers: Tree,
    frontier_root: u32,
    placed_count: usize,
    /// Processes with something left to do on each key.
    users: Vec<u32>,
    /// Openings passed, for each process.
    opened: Vec<u32>,
    /// Members of each class that may come now, taken ones included.
    available: Vec<u32>,
    /// Classes of which some are taken, ascending, with how many.
    taken: Vec<(u32, u32)>,
    memo: Memo,
    frames: Vec<Frame>,
    /// Choices not tried yet, those of the last frame at the end, the next one last.
    choices: Vec<Choice>,
}

impl<'a, 'h, M: Model> Search<'a, 'h, M> {
    pub(super) fn new(
        model: &'a M,
        problem: &'a Problem<'h, M>,
        limits: &'a Limits,
        steps_max: Option<u64>,
    ) -> Self {
        let mut values = Interner::new();
        let (mut states, mut states_root) = Tree::new(problem.keys.len());
        let (frontiers, frontier_root) = Tree::new(problem.processes.len());
        let mut state = Vec::with_capacity(problem.keys.len());
        for (place, key) in problem.keys.iter().enumerate() {
            let number = values.intern(model.initial(&key.key));
            state.push(number);
            states_root = states.with(states_root, place, number);
        }
        let mut search = Self {
            model,
            problem,
            limits,
            steps_max,
            steps: 0,
            values,
            state,
            states,
            states_root,
            placed: problem.processes.iter().map(|_| 0).collect(),
            frontiers,
            frontier_root,
            placed_count: 0,
            users: problem.keys.iter().map(|key| key.users).collect(),
            opened: problem.processes.iter().map(|_| 0).collect(),
            available: problem.optional.iter().map(|_| 0).collect(),
            taken: Vec::new(),
            memo: Memo::new(),
            frames: Vec::new(),
            choices: Vec::new(),
        };
        for process in 0..problem.processes.len() {
            search.open(process);
        }
        search
    }

    /// Steps of the model taken so far.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn run(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Outcome {
        if !keep_going() {
            return Outcome::Unknown(UnknownReason::Interrupted);
        }
        self.explore(keep_going).unwrap_or_else(Outcome::Unknown)
    }

    fn explore(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<Outcome, UnknownReason> {
        let mut is_new = true;
        loop {
            if is_new && self.arrive(keep_going)? {
                return Ok(Outcome::Holds(self.order()));
            }
            let start = self.frames.last().map_or(0, |frame| frame.choices_start);
            if self.choices.len() > start
                && let Some(choice) = self.choices.pop()
            {
                is_new = self.place(choice, keep_going)?;
            } else if self.frames.is_empty() {
                return Ok(Outcome::Violated(Stuck::default()));
            } else {
                self.undo();
                is_new = false;
            }
        }
    }

    /// Places what needs no choice, then opens the choices of the configuration if it is a new one. `true` when
    /// everything required is placed.
    fn arrive(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<bool, UnknownReason> {
        loop {
            let placed_before = self.placed_count;
            for process in 0..self.problem.processes.len() as u32 {
                while self.needs_no_choice(process) {
                    if !self.place(Choice::Process(process), keep_going)? {
                        if self.is_alone(process) {
                            return Ok(false);
                        }
                        break;
                    }
                }
            }
            if self.placed_count == placed_before {
                break;
            }
        }
        if self.placed_count == self.problem.required_count {
            return Ok(true);
        }
        let is_new = self.memo.visit(Configuration {
            state: self.states_root,
            next: self.frontier_root,
            missing: &[],
            taken: &self.taken,
        });
        if is_new {
            self.check_memory()?;
            self.open_choices(keep_going)?;
        }
        Ok(false)
    }

    fn check_memory(&self) -> Result<(), UnknownReason> {
        let parts = [
            self.memo.bytes(),
            self.values.bytes(),
            self.states.bytes(),
            self.frontiers.bytes(),
        ];
        let bytes = parts.into_iter().fold(0, usize::saturating_add);
        let is_full = self.memo.is_full() || self.states.is_full() || self.frontiers.is_full();
        if is_full || self.memo.entries() > self.limits.entries_max || bytes > self.limits.bytes_max
        {
            return Err(UnknownReason::MemoryBound);
        }
        Ok(())
    }

    /// Whether the next operation of `process` is pure, or the only one left to touch its object.
    fn needs_no_choice(&self, process: u32) -> bool {
        let next = self.next_of(process);
        next.is_some_and(|(_, is_pure, _)| is_pure) || self.is_alone(process)
    }

    fn is_alone(&self, process: u32) -> bool {
        let Some((key, ..)) = self.next_of(process) else {
            return false;
        };
        let is_open = self.problem.keys.get(key as usize);
        is_open.is_some_and(|key| !key.is_open) && self.users.get(key as usize) == Some(&1)
    }

    /// Key, purity and call of the next operation of a process.
    fn next_of(&self, process: u32) -> Option<(u32, bool, u64)> {
        let all = &self.problem.processes.get(process as usize)?.required;
        let placed = *self.placed.get(process as usize)?;
        let next = all.get(placed as usize)?;
        Some((next.key, next.is_pure, next.call))
    }

    /// The next operations of the processes, the earliest call first, then the classes. What is pure and still here
    /// does not fit this state.
    fn open_choices(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), UnknownReason> {
        let only = self.last_optional().map(|frame| frame.key);
        let is_allowed = |key: u32| only.is_none_or(|only| only == key);
        for class in (0..self.problem.optional.len() as u32).rev() {
            self.count_step(keep_going)?;
            let Some(optional) = self.problem.optional.get(class as usize) else {
                continue;
            };
            let available = self.available.get(class as usize).copied().unwrap_or(0);
            if is_allowed(optional.key) && available > self.taken_of(class) {
                self.choices.push(Choice::Optional(class));
            }
        }
        let mut ready: Vec<(u64, u32)> = (0..self.problem.processes.len() as u32)
            .filter_map(|process| {
                let (key, is_pure, call) = self.next_of(process)?;
                (!is_pure && is_allowed(key)).then_some((call, process))
            })
            .collect();
        ready.sort_unstable();
        let ready = ready.into_iter().rev();
        self.choices
            .extend(ready.map(|(_, process)| Choice::Process(process)));
        Ok(())
    }

    fn last_optional(&self) -> Option<Frame> {
        let last = self.frames.last().copied();
        last.filter(|frame| matches!(frame.choice, Choice::Optional(_)))
    }

    /// Places `choice` if the model allows it and no short cut forbids it.
    fn place(
        &mut self,
        choice: Choice,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<bool, UnknownReason> {
        self.count_step(keep_going)?;
        let Some(key) = self.key_of(choice) else {
            return Ok(false);
        };
        let before = self.state.get(key as usize).copied().unwrap_or(0);
        let Some(after) = self.step(before, choice) else {
            return Ok(false);
        };
        let after = self.values.intern(after);
        if matches!(choice, Choice::Optional(_)) && after == before {
            return Ok(false);
        }
        if let Some(optional) = self.last_optional().filter(|frame| frame.key == key) {
            self.count_step(keep_going)?;
            let without = self.step(optional.state_before, choice);
            if without.is_some() && without.as_ref() == self.values.get(after) {
                return Ok(false);
            }
        }
        self.push(choice, key, after);
        Ok(true)
    }

    fn key_of(&self, choice: Choice) -> Option<u32> {
        match choice {
            Choice::Process(process) => Some(self.next_of(process)?.0),
            Choice::Optional(class) => Some(self.problem.optional.get(class as usize)?.key),
        }
    }

    fn step(&self, state: u32, choice: Choice) -> Option<M::State> {
        let state = self.values.get(state)?;
        match choice {
            Choice::Process(process) => {
                let all = &self.problem.processes.get(process as usize)?.required;
                let placed = *self.placed.get(process as usize)?;
                let next = all.get(placed as usize)?;
                self.model.step(state, next.input, Some(next.output))
            }
            Choice::Optional(class) => {
                let optional = self.problem.optional.get(class as usize)?;
                self.model.step(state, optional.input, None)
            }
        }
    }

    fn push(&mut self, choice: Choice, key: u32, after: u32) {
        let place = key as usize;
        let before = self.state.get(place).copied().unwrap_or(0);
        self.frames.push(Frame {
            choice,
            key,
            state_before: before,
            states_before: self.states_root,
            frontier_before: self.frontier_root,
            choices_start: self.choices.len(),
        });
        if after != before {
            self.set_state(key, after);
            self.states_root = self.states.with(self.states_root, place, after);
        }
        match choice {
            Choice::Optional(class) => {
                let taken = self.taken_of(class);
                self.set_taken(class, taken.saturating_add(1));
            }
            Choice::Process(process) => {
                let place = process as usize;
                self.count_user(process, key, |users| users.saturating_sub(1));
                let mut now = 0;
                if let Some(placed) = self.placed.get_mut(place) {
                    *placed = placed.saturating_add(1);
                    now = *placed;
                }
                self.frontier_root = self.frontiers.with(self.frontier_root, place, now);
                self.placed_count = self.placed_count.saturating_add(1);
                self.open(place);
            }
        }
    }

    fn undo(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.choices.truncate(frame.choices_start);
        self.set_state(frame.key, frame.state_before);
        self.states_root = frame.states_before;
        self.frontier_root = frame.frontier_before;
        match frame.choice {
            Choice::Optional(class) => {
                let taken = self.taken_of(class);
                self.set_taken(class, taken.saturating_sub(1));
            }
            Choice::Process(process) => {
                if let Some(placed) = self.placed.get_mut(process as usize) {
                    *placed = placed.saturating_sub(1);
                }
                self.placed_count = self.placed_count.saturating_sub(1);
                self.count_user(process, frame.key, |users| users.saturating_add(1));
                self.close(process as usize);
            }
        }
    }

    fn set_state(&mut self, key: u32, number: u32) {
        if let Some(state) = self.state.get_mut(key as usize) {
            *state = number;
        }
    }

    /// Changes the users of `key` when the next operation of `process` is its last one there.
    fn count_user(&mut self, process: u32, key: u32, change: impl Fn(u32) -> u32) {
        let place = process as usize;
        let (Some(process), Some(placed)) =
            (self.problem.processes.get(place), self.placed.get(place))
        else {
            return;
        };
        let next = process.required.get(*placed as usize);
        if next.is_some_and(|next| next.is_last_of_key)
            && let Some(users) = self.users.get_mut(key as usize)
        {
            *users = change(*users);
        }
    }

    /// Makes available what the process has reached.
    fn open(&mut self, process: usize) {
        let Some(openings) = self.problem.processes.get(process).map(|it| &it.openings) else {
            return;
        };
        let placed = self.placed.get(process).copied().unwrap_or(0);
        let Some(opened) = self.opened.get_mut(process) else {
            return;
        };
        while let Some(opening) = openings.get(*opened as usize)
            && opening.after <= placed
        {
            if let Some(available) = self.available.get_mut(opening.class as usize) {
                *available = available.saturating_add(1);
            }
            *opened = opened.saturating_add(1);
        }
    }

    fn close(&mut self, process: usize) {
        let Some(openings) = self.problem.processes.get(process).map(|it| &it.openings) else {
            return;
        };
        let placed = self.placed.get(process).copied().unwrap_or(0);
        let Some(opened) = self.opened.get_mut(process) else {
            return;
        };
        while let Some(opening) = (*opened as usize)
            .checked_sub(1)
            .and_then(|it| openings.get(it))
            && opening.after > placed
        {
            if let Some(available) = self.available.get_mut(opening.class as usize) {
                *available = available.saturating_sub(1);
            }
            *opened = opened.saturating_sub(1);
        }
    }

    fn taken_of(&self, class: u32) -> u32 {
        match self.taken.binary_search_by_key(&class, |taken| taken.0) {
            Ok(place) => self.taken.get(place).map_or(0, |taken| taken.1),
            Err(_) => 0,
        }
    }

    fn set_taken(&mut self, class: u32, count: u32) {
        match self.taken.binary_search_by_key(&class, |taken| taken.0) {
            Ok(place) if count == 0 => drop(self.taken.remove(place)),
            Ok(place) => {
                if let Some(taken) = self.taken.get_mut(place) {
                    taken.1 = count;
                }
            }
            Err(place) => self.taken.insert(place, (class, count)),
        }
    }

    fn count_step(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), UnknownReason> {
        self.steps = self.steps.saturating_add(1);
        if self.steps_max.is_some_and(|most| self.steps > most) {
            return Err(UnknownReason::StepBound);
        }
        let every = u64::from(self.limits.steps_per_question.max(1));
        if self.steps.is_multiple_of(every) && !keep_going() {
            return Err(UnknownReason::Interrupted);
        }
        Ok(())
    }

    /// The operations of the frames. Of a class, the member that could come first is taken first.
    fn order(&self) -> Vec<OperationId> {
        let mut order = Vec::with_capacity(self.frames.len());
        let mut ready: BTreeMap<u32, VecDeque<OperationId>> = BTreeMap::new();
        let mut places: Vec<Place<'_, '_, M>> = Vec::new();
        for process in &self.problem.processes {
            let mut place = Place::new(process);
            place.open(&mut ready);
            places.push(place);
        }
        for frame in &self.frames {
            match frame.choice {
                Choice::Process(process) => {
                    if let Some(place) = places.get_mut(process as usize) {
                        order.extend(place.required.next().map(|next| next.id));
                        place.count = place.count.saturating_add(1);
                        place.open(&mut ready);
                    }
                }
                Choice::Optional(class) => {
                    let members = ready.get_mut(&class);
                    order.extend(members.and_then(VecDeque::pop_front));
                }
            }
        }
        order
    }
}

/// How far a process is while the order is written down.
struct Place<'p, 'h, M: Model> {
    required: core::slice::Iter<'p, Required<'h, M>>,
    openings: core::iter::Peekable<core::slice::Iter<'p, Opening>>,
    count: u32,
}

impl<'p, 'h, M: Model> Place<'p, 'h, M> {
    fn new(process: &'p Process<'h, M>) -> Self {
        Self {
            required: process.required.iter(),
            openings: process.openings.iter().peekable(),
            count: 0,
        }
    }

    fn open(&mut self, ready: &mut BTreeMap<u32, VecDeque<OperationId>>) {
        let count = self.count;
        while let Some(opening) = self.openings.next_if(|opening| opening.after <= count) {
            let members = ready.entry(opening.class).or_default();
            members.push_back(opening.id);
        }
    }
}
