//! A set: add, remove, contains, and a read of the whole; one for each key where a history has keys.

use alloc::vec::Vec;

use crate::{Contents, Event, EventKind, Function, Model, Notation, Role, Shape, Value};

/// What is asked of a set.
///
/// ```
/// use consistency::SetInput;
///
/// let add = SetInput::add(1).at("members");
/// assert_eq!(add.key, Some("members".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SetInput {
    /// Which set; `None` where there is one.
    pub key: Option<Value>,
    /// What it is to do.
    pub call: SetCall,
}

/// What a set can do. See [`SetInput`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SetCall {
    /// Put the value in.
    Add(Value),
    /// Take the value out.
    Remove(Value),
    /// Ask whether the value is there.
    Contains(Value),
    /// Ask for all values.
    Read,
}

/// What a set answers.
///
/// ```
/// use consistency::{Model, Set, SetInput, SetOutput};
///
/// let empty = Set.initial(&None);
/// let remove = SetInput::remove(1);
/// assert!(Set.step(&empty, &remove, Some(&SetOutput::Done)).is_some()); // nobody said whether it was there
/// assert!(Set.step(&empty, &remove, Some(&SetOutput::Truth(true))).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SetOutput {
    /// Added or removed, and not said whether that changed anything.
    Done,
    /// Whether an add or a remove changed anything; whether the value was there. In files: an `ok` whose value is a
    /// truth value (so whoever keeps truth values in a set reads an answer in each).
    Truth(bool),
    /// All values, ascending, each once. In files: a list in any order.
    Values(Vec<Value>),
}

impl SetInput {
    /// Put `value` in.
    #[must_use]
    pub fn add(value: impl Into<Value>) -> Self {
        Self::of(SetCall::Add(value.into()))
    }

    /// Take `value` out.
    #[must_use]
    pub fn remove(value: impl Into<Value>) -> Self {
        Self::of(SetCall::Remove(value.into()))
    }

    /// Ask whether `value` is there.
    #[must_use]
    pub fn contains(value: impl Into<Value>) -> Self {
        Self::of(SetCall::Contains(value.into()))
    }

    /// Ask for all values.
    #[must_use]
    pub const fn read() -> Self {
        Self::of(SetCall::Read)
    }

    /// The same on the set `key`.
    #[must_use]
    pub fn at(self, key: impl Into<Value>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }

    const fn of(call: SetCall) -> Self {
        Self { key: None, call }
    }
}

/// A set that starts empty.
///
/// ```
/// use consistency::{Limits, ProcessId, Recorder, Set, SetInput, SetOutput, Verdict, check_linearizable};
///
/// let mut recorder = Recorder::new();
/// let add = recorder.invoke(ProcessId(0), SetInput::add(1), 0)?;
/// recorder.ok(add, SetOutput::Done, 1)?;
/// let contains = recorder.invoke(ProcessId(1), SetInput::contains(1), 2)?;
/// recorder.ok(contains, SetOutput::Truth(false), 3)?;
/// let verdict = check_linearizable(&Set, &recorder.finish(), &Limits::default(), &mut || true);
/// assert!(matches!(verdict, Verdict::Violated(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set;

impl Model for Set {
    type State = Contents;
    type Input = SetInput;
    type Output = SetOutput;
    type Key = Option<Value>;

    fn key(&self, input: &SetInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> Contents {
        Contents::new()
    }

    fn step(
        &self,
        state: &Contents,
        input: &SetInput,
        output: Option<&SetOutput>,
    ) -> Option<Contents> {
        let same = || Some(state.clone());
        let changed = match &input.call {
            SetCall::Add(value) if state.contains(value) => None,
            SetCall::Add(value) => Some(state.insert(value)),
            SetCall::Remove(value) => state.remove(value),
            SetCall::Contains(value) => {
                return match output {
                    None => same(),
                    Some(SetOutput::Truth(heard)) if *heard == state.contains(value) => same(),
                    Some(_) => None,
                };
            }
            SetCall::Read => {
                return match output {
                    None => same(),
                    Some(SetOutput::Values(heard)) if state.iter().eq(heard) => same(),
                    Some(_) => None,
                };
            }
        };
        match output {
            None | Some(SetOutput::Done) => changed.or_else(same),
            Some(SetOutput::Truth(true)) => changed,
            Some(SetOutput::Truth(false)) if changed.is_none() => same(),
            Some(_) => None,
        }
    }

    fn is_pure(&self, input: &SetInput, output: Option<&SetOutput>) -> bool {
        match input.call {
            SetCall::Contains(_) | SetCall::Read => true,
            SetCall::Add(_) | SetCall::Remove(_) => output == Some(&SetOutput::Truth(false)),
        }
    }

    fn shape(&self) -> Option<Shape> {
        Some(Shape::Set)
    }

    fn role<'a>(&self, input: &'a SetInput, output: Option<&'a SetOutput>) -> Option<Role<'a>> {
        match (&input.call, output) {
            (SetCall::Contains(_) | SetCall::Read, None) => Some(Role::Nothing),
            (SetCall::Add(value), Some(SetOutput::Truth(false)))
            | (SetCall::Contains(value), Some(SetOutput::Truth(true))) => {
                Some(Role::Observe(value))
            }
            (SetCall::Remove(value) | SetCall::Contains(value), Some(SetOutput::Truth(false))) => {
                Some(Role::ObserveAbsent(value))
            }
            (SetCall::Add(value), None | Some(SetOutput::Done | SetOutput::Truth(true))) => {
                Some(Role::Insert(value))
            }
            (SetCall::Remove(value), Some(SetOutput::Truth(true))) => Some(Role::Remove(value)),
            (SetCall::Remove(value), None | Some(SetOutput::Done)) => Some(Role::Discard(value)),
            _ => None,
        }
    }
}

impl Notation for Set {
    const NAME: &'static str = "set";

    fn read_call(&self, invoke: &Event) -> Result<SetInput, &'static str> {
        let value = || invoke.value.clone();
        let call = match invoke.function {
            Function::Add => SetCall::Add(value()),
            Function::Remove => SetCall::Remove(value()),
            Function::Contains => SetCall::Contains(value()),
            Function::Read => SetCall::Read,
            _ => return Err("add, remove, contains or read"),
        };
        Ok(SetInput {
            key: invoke.key.clone(),
            call,
        })
    }

    fn read_ok(&self, input: &SetInput, ok: &Event) -> Result<SetOutput, &'static str> {
        match (&input.call, &ok.value) {
            (SetCall::Read, Value::List(values)) => {
                let mut values = values.to_vec();
                values.sort();
                Ok(SetOutput::Values(values))
            }
            (SetCall::Read, _) => Err("a list of values"),
            (_, Value::Bool(truth)) => Ok(SetOutput::Truth(*truth)),
            (SetCall::Contains(_), _) => Err("true or false"),
            (SetCall::Add(_) | SetCall::Remove(_), _) => Ok(SetOutput::Done),
        }
    }

    fn read_fail(&self, _: &SetInput, _: &Event) -> Option<SetOutput> {
        None
    }

    fn write_call(&self, input: &SetInput) -> (Function, Option<Value>, Value) {
        let (function, value) = match &input.call {
            SetCall::Add(value) => (Function::Add, value.clone()),
            SetCall::Remove(value) => (Function::Remove, value.clone()),
            SetCall::Contains(value) => (Function::Contains, value.clone()),
            SetCall::Read => (Function::Read, Value::Nil),
        };
        (function, input.key.clone(), value)
    }

    fn write_output(&self, input: &SetInput, output: &SetOutput) -> (EventKind, Value) {
        let value = match output {
            SetOutput::Done => self.write_call(input).2,
            SetOutput::Truth(truth) => Value::Bool(*truth),
            SetOutput::Values(values) => Value::list(values.iter().cloned()),
        };
        (EventKind::Ok, value)
    }
}
