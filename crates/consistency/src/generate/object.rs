//! The objects that generated histories come from: correct, and one operation at a time.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

use super::{Settings, chance::Chance};
use crate::{
    PoolCall, PoolInput, PoolOutput, RegisterCall, RegisterInput, RegisterOutput, SetCall,
    SetInput, SetOutput, Value,
};

/// An object that clients call.
pub(super) trait Object {
    type Input: Clone;
    type Output: Clone;

    /// What a client asks next.
    fn ask(&mut self, chance: &mut Chance, settings: &Settings) -> Self::Input;

    /// It happens.
    fn answer(&mut self, input: &Self::Input) -> Self::Output;

    /// A wrong answer in the place of `output`; `other` is the answer of a later operation. `None` where every answer
    /// is right.
    fn distort(
        &self,
        chance: &mut Chance,
        input: &Self::Input,
        output: &Self::Output,
        other: Option<&Self::Output>,
    ) -> Option<Distortion<Self::Output>>;
}

/// A wrong answer.
pub(super) enum Distortion<O> {
    Instead(O),
    /// The two operations give each other's answers.
    Exchange,
}

/// Values 1, 2, 3 … and now and then one that was given before.
#[derive(Default)]
struct Fresh(i64);

impl Fresh {
    fn next(&mut self, chance: &mut Chance, settings: &Settings) -> i64 {
        if self.0 > 0 && chance.per_mille(settings.repeated_per_mille) {
            return self.known(chance);
        }
        self.0 = self.0.saturating_add(1);
        self.0
    }

    /// One that was given before; 1 if none was.
    fn known(&self, chance: &mut Chance) -> i64 {
        let below = chance.below(usize::try_from(self.0).unwrap_or(usize::MAX));
        i64::try_from(below).unwrap_or(0).saturating_add(1)
    }

    /// From 1 to [`NEAR`], small ones more often.
    fn step_back(chance: &mut Chance) -> i64 {
        let width = chance.below(NEAR).saturating_add(1);
        i64::try_from(chance.below(width))
            .unwrap_or(0)
            .saturating_add(1)
    }

    /// One of the last `width`: operations of neighbours meet.
    fn recent(&self, chance: &mut Chance, width: usize) -> i64 {
        let back = i64::try_from(chance.below(width)).unwrap_or(0);
        self.0.saturating_sub(back).max(1)
    }
}

/// How far apart values are that meet.
const NEAR: usize = 8;

#[derive(Default)]
pub(super) struct RegisterObject {
    fresh: Fresh,
    value: Value,
}

impl Object for RegisterObject {
    type Input = RegisterInput;
    type Output = RegisterOutput;

    fn ask(&mut self, chance: &mut Chance, settings: &Settings) -> RegisterInput {
        match chance.below(2) {
            0 => RegisterInput::write(self.fresh.next(chance, settings)),
            _ => RegisterInput::read(),
        }
    }

    fn answer(&mut self, input: &RegisterInput) -> RegisterOutput {
        match &input.call {
            RegisterCall::Write(value) => {
                self.value = value.clone();
                RegisterOutput::Done
            }
            _ => RegisterOutput::Value(self.value.clone()),
        }
    }

    fn distort(
        &self,
        chance: &mut Chance,
        _: &RegisterInput,
        output: &RegisterOutput,
        _: Option<&RegisterOutput>,
    ) -> Option<Distortion<RegisterOutput>> {
        let RegisterOutput::Value(seen) = output else {
            return None;
        };
        let stale = match seen {
            // Back by one is often still right.
            Value::Int(seen) => seen.saturating_sub(Fresh::step_back(chance)),
            _ => self.fresh.known(chance),
        };
        let stale = if stale < 1 { Value::Nil } else { stale.into() };
        Some(Distortion::Instead(RegisterOutput::Value(stale)))
    }
}

#[derive(Default)]
pub(super) struct SetObject {
    fresh: Fresh,
    values: BTreeSet<Value>,
}

impl Object for SetObject {
    type Input = SetInput;
    type Output = SetOutput;

    fn ask(&mut self, chance: &mut Chance, settings: &Settings) -> SetInput {
        match chance.below(4) {
            0 => SetInput::add(self.fresh.next(chance, settings)),
            1 => SetInput::remove(self.fresh.recent(chance, NEAR)),
            _ => SetInput::contains(self.fresh.recent(chance, NEAR)),
        }
    }

    fn answer(&mut self, input: &SetInput) -> SetOutput {
        match &input.call {
            SetCall::Add(value) => {
                self.values.insert(value.clone());
                SetOutput::Done
            }
            // Half of the removes say what they did.
            SetCall::Remove(value @ Value::Int(number)) if number % 2 == 0 => {
                SetOutput::Truth(self.values.remove(value))
            }
            SetCall::Remove(value) => {
                self.values.remove(value);
                SetOutput::Done
            }
            SetCall::Contains(value) => SetOutput::Truth(self.values.contains(value)),
            SetCall::Read => SetOutput::Values(self.values.iter().cloned().collect()),
        }
    }

    fn distort(
        &self,
        _: &mut Chance,
        _: &SetInput,
        output: &SetOutput,
        _: Option<&SetOutput>,
    ) -> Option<Distortion<SetOutput>> {
        match output {
            SetOutput::Truth(truth) => Some(Distortion::Instead(SetOutput::Truth(!truth))),
            _ => None,
        }
    }
}

/// A queue, a stack or a priority queue: what they have inside, and where the next value comes from.
pub(super) struct PoolObject {
    fresh: Fresh,
    inside: Inside,
}

enum Inside {
    Queue(VecDeque<Value>),
    Stack(Vec<Value>),
    Greatest(BTreeSet<(Value, u64)>, u64),
}

impl PoolObject {
    pub(super) fn queue() -> Self {
        Self::of(Inside::Queue(VecDeque::new()))
    }

    pub(super) fn stack() -> Self {
        Self::of(Inside::Stack(Vec::new()))
    }

    pub(super) fn greatest() -> Self {
        Self::of(Inside::Greatest(BTreeSet::new(), 0))
    }

    fn of(inside: Inside) -> Self {
        Self {
            fresh: Fresh::default(),
            inside,
        }
    }

    fn put(&mut self, value: &Value) {
        match &mut self.inside {
            Inside::Queue(values) => values.push_back(value.clone()),
            Inside::Stack(values) => values.push(value.clone()),
            Inside::Greatest(values, count) => {
                *count = count.saturating_add(1);
                values.insert((value.clone(), *count));
            }
        }
    }

    fn take(&mut self) -> Option<Value> {
        match &mut self.inside {
            Inside::Queue(values) => values.pop_front(),
            Inside::Stack(values) => values.pop(),
            Inside::Greatest(values, _) => values.pop_last().map(|(value, _)| value),
        }
    }
}

impl Object for PoolObject {
    type Input = PoolInput;
    type Output = PoolOutput;

    fn ask(&mut self, chance: &mut Chance, settings: &Settings) -> PoolInput {
        match chance.below(2) {
            0 => {
                let number = self.fresh.next(chance, settings);
                PoolInput::put(match self.inside {
                    // Odd numbers backwards from 0: priorities that do not only rise.
                    Inside::Greatest(..) if number % 2 == 1 => number.saturating_neg(),
                    _ => number,
                })
            }
            _ => PoolInput::take(),
        }
    }

    fn answer(&mut self, input: &PoolInput) -> PoolOutput {
        match &input.call {
            PoolCall::Put(value) => {
                self.put(value);
                PoolOutput::Done
            }
            PoolCall::Take => self.take().map_or(PoolOutput::Empty, PoolOutput::Taken),
        }
    }

    fn distort(
        &self,
        chance: &mut Chance,
        _: &PoolInput,
        output: &PoolOutput,
        other: Option<&PoolOutput>,
    ) -> Option<Distortion<PoolOutput>> {
        match (output, other) {
            (PoolOutput::Taken(_), Some(PoolOutput::Taken(_))) if chance.below(2) == 0 => {
                Some(Distortion::Exchange)
            }
            (PoolOutput::Taken(_), _) => Some(Distortion::Instead(PoolOutput::Empty)),
            _ => None,
        }
    }
}
