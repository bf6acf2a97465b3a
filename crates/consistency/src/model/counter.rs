//! A counter: add and read; one for each key where a history has keys.

use crate::{Event, EventKind, Function, Model, Notation, Value};

/// What is asked of a [`Counter`].
///
/// ```
/// use consistency::{CounterCall, CounterInput};
///
/// assert_eq!(CounterInput::add(-3).at("x").call, CounterCall::Add(-3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CounterInput {
    /// Which counter; `None` where there is one.
    pub key: Option<Value>,
    /// What it is to do.
    pub call: CounterCall,
}

/// What a counter can do. See [`CounterInput`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CounterCall {
    /// Read the sum.
    Read,
    /// Add this, which may be negative.
    Add(i64),
}

/// What a [`Counter`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CounterOutput {
    /// The sum read; of an add, the new sum. (In a file the value of an add's `ok` is the number added.)
    Value(i64),
    /// Added.
    Done,
}

impl CounterInput {
    /// Read.
    #[must_use]
    pub const fn read() -> Self {
        Self {
            key: None,
            call: CounterCall::Read,
        }
    }

    /// Add `number`.
    #[must_use]
    pub const fn add(number: i64) -> Self {
        Self {
            key: None,
            call: CounterCall::Add(number),
        }
    }

    /// The same on the counter `key`.
    #[must_use]
    pub fn at(self, key: impl Into<Value>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

/// A counter. In a history: `add` with a whole number, and `read`.
///
/// ```
/// use consistency::{Counter, CounterInput, CounterOutput, Model};
///
/// let model = Counter::new(0);
/// let state = model.step(&0, &CounterInput::add(2), Some(&CounterOutput::Done));
/// assert_eq!(state, Some(2));
/// assert_eq!(model.step(&2, &CounterInput::read(), Some(&CounterOutput::Value(1))), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    initial: i64,
}

impl Counter {
    /// Counters that stand at `initial` before the first add.
    #[must_use]
    pub const fn new(initial: i64) -> Self {
        Self { initial }
    }
}

impl Model for Counter {
    /// Wide enough that no history overflows it.
    type State = i128;
    type Input = CounterInput;
    type Output = CounterOutput;
    type Key = Option<Value>;

    fn key(&self, input: &CounterInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> i128 {
        self.initial.into()
    }

    fn step(
        &self,
        state: &i128,
        input: &CounterInput,
        output: Option<&CounterOutput>,
    ) -> Option<i128> {
        let next = match input.call {
            CounterCall::Read => *state,
            CounterCall::Add(number) => state.checked_add(number.into())?,
        };
        match (input.call, output) {
            (_, None) | (CounterCall::Add(_), Some(CounterOutput::Done)) => Some(next),
            (_, Some(CounterOutput::Value(heard))) => (i128::from(*heard) == next).then_some(next),
            (CounterCall::Read, Some(CounterOutput::Done)) => None,
        }
    }

    fn is_pure(&self, input: &CounterInput, _: Option<&CounterOutput>) -> bool {
        matches!(input.call, CounterCall::Read | CounterCall::Add(0))
    }
}

impl Notation for Counter {
    const NAME: &'static str = "counter";

    fn read_call(&self, invoke: &Event) -> Result<CounterInput, &'static str> {
        let call = match (&invoke.function, &invoke.value) {
            (Function::Read | Function::Get, _) => CounterCall::Read,
            (Function::Add, Value::Int(number)) => CounterCall::Add(*number),
            (Function::Add, _) => return Err("a whole number to add"),
            _ => return Err("add or read"),
        };
        Ok(CounterInput {
            key: invoke.key.clone(),
            call,
        })
    }

    fn read_ok(&self, input: &CounterInput, ok: &Event) -> Result<CounterOutput, &'static str> {
        match (input.call, &ok.value) {
            (CounterCall::Add(_), _) => Ok(CounterOutput::Done),
            (CounterCall::Read, Value::Int(number)) => Ok(CounterOutput::Value(*number)),
            (CounterCall::Read, _) => Err("a whole number"),
        }
    }

    fn read_fail(&self, _: &CounterInput, _: &Event) -> Option<CounterOutput> {
        None
    }

    fn write_call(&self, input: &CounterInput) -> (Function, Option<Value>, Value) {
        let (function, value) = match input.call {
            CounterCall::Read => (Function::Read, Value::Nil),
            CounterCall::Add(number) => (Function::Add, number.into()),
        };
        (function, input.key.clone(), value)
    }

    fn write_output(&self, input: &CounterInput, output: &CounterOutput) -> (EventKind, Value) {
        let value = match (input.call, output) {
            (CounterCall::Read, CounterOutput::Value(number)) => (*number).into(),
            _ => self.write_call(input).2,
        };
        (EventKind::Ok, value)
    }
}
