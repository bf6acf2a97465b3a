//! The search for a linearization: Wing and Gong 1993, with Lowe's memory of visited configurations (2017).
//!
//! An operation may come next when no unplaced required operation had returned before its call. The search places one
//! such operation after another, depth first, on its own stack. It takes these short cuts; each sends a configuration
//! from which a linearization exists to another one, with no more left to place, that is tried:
//!
//! 1. *Pure first*: a pure required operation that may come next and fits the state is placed at once. Wherever a
//!    linearization has it, it can be moved to here, for it changes nothing.
//! 2. *Classes*: optional operations with equal inputs are taken in the order of their calls ([`super::partition`]).
//! 3. *Nothing for nothing*: an optional operation that does not change the state is left out.
//! 4. *No idle step*: when an operation leads to the same state with and without the optional one just before it, that
//!    one is left out.
//! 5. *Memory*: a configuration that a visited one covers is left ([`super::memo`]).
//!
//! The search ends well when all required operations are placed: optional ones never have to be.

use alloc::vec::Vec;

use super::{
    Limits, UnknownReason,
    memo::{Configuration, Memo},
    partition::Partition,
};
use crate::{Model, OperationId, intern::Interner};

pub(crate) enum Outcome {
    Holds(Vec<OperationId>),
    Violated(Stuck),
    Unknown(UnknownReason),
}

/// The longest order that went well, and what could have come next but for the model.
#[derive(Debug, Default)]
pub(crate) struct Stuck {
    pub(crate) longest: Vec<OperationId>,
    pub(crate) blocked: Vec<OperationId>,
    /// No configuration reached had placed everything that returned by here. So nothing called later was ever tried,
    /// and no beginning of the history that ends before here is violated.
    pub(crate) horizon: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// Index into the partition's required operations.
    Required(u32),
    /// Class of optional operations.
    Optional(u32),
}

/// One placed operation, with what undoes it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    choice: Choice,
    id: OperationId,
    state_before: u32,
    next_before: u32,
    /// What may be tried behind it.
    after: Untried,
}

/// The choices that one configuration has left: required operations lie in the search's `choices` from `start` on,
/// classes of optional ones are looked up when their turn comes.
#[derive(Clone, Copy, Debug)]
struct Untried {
    start: usize,
    class: u32,
    /// The return that no operation called later can precede.
    earliest_end: u64,
}

pub(super) struct Search<'a, M: Model> {
    model: &'a M,
    partition: &'a Partition<'a, M>,
    limits: &'a Limits,
    steps_max: Option<u64>,
    steps: u64,
    states: Interner<M::State>,
    memo: Memo,
    state: u32,
    next: u32,
    /// Unplaced required operations below `next`, ascending.
    missing: Vec<u32>,
    /// Classes of which some are placed, ascending, with how many.
    taken: Vec<(u32, u32)>,
    frames: Vec<Frame>,
    /// What may be tried before the first frame.
    root: Untried,
    /// Required operations not tried yet, those of the last frame at the end.
    choices: Vec<u32>,
    /// Required operations that may come next, found by the last scan.
    ready: Vec<u32>,
    earliest_end: u64,
    best: Best,
}

/// The longest order so far, copied lazily: only what changed since the last copy.
#[derive(Debug, Default)]
struct Best {
    placed: usize,
    is_saved: bool,
    common: usize,
    stuck: Stuck,
}

impl Untried {
    /// A configuration that was left as known, or whose choices are not open yet.
    const fn nothing(start: usize) -> Self {
        Self {
            start,
            class: u32::MAX,
            earliest_end: 0,
        }
    }
}

impl<'a, M: Model> Search<'a, M> {
    pub(super) fn new(
        model: &'a M,
        partition: &'a Partition<'a, M>,
        limits: &'a Limits,
        steps_max: Option<u64>,
    ) -> Self {
        let mut states = Interner::new();
        let state = states.intern(model.initial(&partition.key));
        Self {
            model,
            partition,
            limits,
            steps_max,
            steps: 0,
            states,
            memo: Memo::new(),
            state,
            next: 0,
            missing: Vec::new(),
            taken: Vec::new(),
            frames: Vec::new(),
            root: Untried::nothing(0),
            choices: Vec::new(),
            ready: Vec::new(),
            earliest_end: u64::MAX,
            best: Best::default(),
        }
    }

    /// Steps of the model taken so far.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn run(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Outcome {
        if !keep_going() {
            return Outcome::Unknown(UnknownReason::Interrupted);
        }
        let mut is_new = true;
        loop {
            if is_new {
                match self.arrive(keep_going) {
                    Ok(true) => return Outcome::Holds(self.order()),
                    Ok(false) => {}
                    Err(reason) => return Outcome::Unknown(reason),
                }
            }
            let choice = match self.choose(keep_going) {
                Ok(choice) => choice,
                Err(reason) => return Outcome::Unknown(reason),
            };
            if let Some(choice) = choice {
                is_new = match self.place(choice, keep_going) {
                    Ok(is_new) => is_new,
                    Err(reason) => return Outcome::Unknown(reason),
                };
            } else if self.frames.is_empty() {
                self.save_best();
                return Outcome::Violated(core::mem::take(&mut self.best.stuck));
            } else {
                self.undo();
                is_new = false;
            }
        }
    }

    /// Places all pure operations that fit, then opens the choices of the configuration if it is a new one.
    /// `true` when everything required is placed.
    fn arrive(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<bool, UnknownReason> {
        loop {
            self.scan();
            let mut placed_any = false;
            let mut place = 0;
            while let Some(&index) = self.ready.get(place) {
                place = place.saturating_add(1);
                let is_pure = self
                    .partition
                    .required
                    .get(index as usize)
                    .is_some_and(|operation| operation.is_pure);
                if is_pure && self.place(Choice::Required(index), keep_going)? {
                    placed_any = true;
                }
            }
            if !placed_any {
                break;
            }
        }
        let placed = (self.next as usize).saturating_sub(self.missing.len());
        if placed > self.best.placed {
            self.best.placed = placed;
            self.best.is_saved = false;
        }
        if placed == self.partition.required.len() {
            return Ok(true);
        }
        let stuck = &mut self.best.stuck;
        stuck.horizon = stuck.horizon.max(self.earliest_end);
        let is_new = self.memo.visit(Configuration {
            state: self.state,
            next: self.next,
            missing: &self.missing,
            taken: &self.taken,
        });
        if is_new {
            let bytes = self.memo.bytes().saturating_add(self.states.bytes());
            if self.memo.entries() > self.limits.entries_max
                || bytes > self.limits.bytes_max
                || self.memo.is_full()
            {
                return Err(UnknownReason::MemoryBound);
            }
            let all = &self.partition.required;
            let start = self.choices.len();
            // The last pushed is tried first. A pure one that is still here does not fit this state.
            let fits = |index: &&u32| all.get(**index as usize).is_some_and(|it| !it.is_pure);
            self.choices
                .extend(self.ready.iter().rev().filter(fits).copied());
            *self.untried() = Untried {
                start,
                class: 0,
                earliest_end: self.earliest_end,
            };
        }
        Ok(false)
    }

    fn untried(&mut self) -> &mut Untried {
        match self.frames.last_mut() {
            Some(frame) => &mut frame.after,
            None => &mut self.root,
        }
    }

    /// The next choice of the current configuration: required operations, the earliest call first, then classes.
    fn choose(
        &mut self,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Choice>, UnknownReason> {
        let start = self.untried().start;
        if self.choices.len() > start {
            return Ok(self.choices.pop().map(Choice::Required));
        }
        loop {
            let untried = *self.untried();
            let class = untried.class;
            let Some(optional) = self.partition.optional.get(class as usize) else {
                return Ok(None);
            };
            self.untried().class = class.saturating_add(1);
            let next = optional.members.get(self.taken_of(class) as usize);
            if next.is_some_and(|(call, _)| *call <= untried.earliest_end) {
                return Ok(Some(Choice::Optional(class)));
            }
            self.count_step(keep_going)?;
        }
    }

    fn taken_of(&self, class: u32) -> u32 {
        match self.taken.binary_search_by_key(&class, |taken| taken.0) {
            Ok(place) => self.taken.get(place).map_or(0, |taken| taken.1),
            Err(_) => 0,
        }
    }

    /// Finds what may come next: in the order of calls, up to the first that was called after an unplaced one's return.
    fn scan(&mut self) {
        self.ready.clear();
        let required = &self.partition.required;
        let tail = self.next..required.len() as u32;
        let mut earliest_end = u64::MAX;
        for index in self.missing.iter().copied().chain(tail) {
            let Some(operation) = required.get(index as usize) else {
                break;
            };
            if operation.call > earliest_end {
                break;
            }
            earliest_end = earliest_end.min(operation.end);
            self.ready.push(index);
        }
        self.earliest_end = earliest_end;
    }

    /// Places `choice` if the model allows it and no short cut forbids it.
    fn place(
        &mut self,
        choice: Choice,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<bool, UnknownReason> {
        self.count_step(keep_going)?;
        let Some(after) = self.step(self.state, choice) else {
            return Ok(false);
        };
        let state = self.states.intern(after);
        if matches!(choice, Choice::Optional(_)) && state == self.state {
            return Ok(false);
        }
        if let Some(Frame {
            choice: Choice::Optional(_),
            state_before,
            ..
        }) = self.frames.last().copied()
        {
            self.count_step(keep_going)?;
            let without = self.step(state_before, choice);
            if without.is_some() && without.as_ref() == self.states.get(state) {
                return Ok(false);
            }
        }
        self.push(choice, state);
        Ok(true)
    }

    fn step(&self, state: u32, choice: Choice) -> Option<M::State> {
        let state = self.states.get(state)?;
        match choice {
            Choice::Required(index) => {
                let operation = self.partition.required.get(index as usize)?;
                self.model
                    .step(state, operation.input, Some(operation.output))
            }
            Choice::Optional(class) => {
                let optional = self.partition.optional.get(class as usize)?;
                self.model.step(state, optional.input, None)
            }
        }
    }

    fn push(&mut self, choice: Choice, state: u32) {
        let mut frame = Frame {
            choice,
            id: OperationId(0),
            state_before: self.state,
            next_before: self.next,
            after: Untried::nothing(self.choices.len()),
        };
        match choice {
            Choice::Required(index) => {
                if let Some(operation) = self.partition.required.get(index as usize) {
                    frame.id = operation.id;
                }
                if index >= self.next {
                    self.missing.extend(self.next..index);
                    self.next = index.saturating_add(1);
                } else if let Ok(place) = self.missing.binary_search(&index) {
                    self.missing.remove(place);
                }
            }
            Choice::Optional(class) => {
                let taken = self.taken_of(class);
                let optional = self.partition.optional.get(class as usize);
                if let Some((_, id)) = optional.and_then(|it| it.members.get(taken as usize)) {
                    frame.id = *id;
                }
                self.set_taken(class, taken.saturating_add(1));
            }
        }
        self.state = state;
        self.frames.push(frame);
    }

    fn undo(&mut self) {
        self.save_best();
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.best.common = self.best.common.min(self.frames.len());
        self.state = frame.state_before;
        match frame.choice {
            Choice::Required(index) if index >= frame.next_before => {
                let kept = self
                    .missing
                    .partition_point(|other| *other < frame.next_before);
                self.missing.truncate(kept);
                self.next = frame.next_before;
            }
            Choice::Required(index) => {
                if let Err(place) = self.missing.binary_search(&index) {
                    self.missing.insert(place, index);
                }
            }
            Choice::Optional(class) => {
                let taken = self.taken_of(class);
                self.set_taken(class, taken.saturating_sub(1));
            }
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

    /// Copies the current order if it is the longest so far and is about to be left.
    fn save_best(&mut self) {
        let placed = (self.next as usize).saturating_sub(self.missing.len());
        if self.best.is_saved || placed < self.best.placed {
            return;
        }
        self.best.is_saved = true;
        let stuck = &mut self.best.stuck;
        stuck.longest.truncate(self.best.common);
        let kept = stuck.longest.len();
        let fresh = self.frames.iter().skip(kept).map(|frame| frame.id);
        stuck.longest.extend(fresh);
        self.best.common = self.frames.len();
        self.scan();
        let required = &self.partition.required;
        let blocked = self.ready.iter();
        self.best.stuck.blocked = blocked
            .filter_map(|index| Some(required.get(*index as usize)?.id))
            .collect();
    }

    fn order(&self) -> Vec<OperationId> {
        self.frames.iter().map(|frame| frame.id).collect()
    }
}
