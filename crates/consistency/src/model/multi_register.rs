//! Several registers in one object: read and written together, and never looked at one by one.
//!
//! Unlike registers with keys, which are objects of their own, these are linearized together: a read of `x` and `y`
//! at once sees one moment. Within one operation the steps happen in turn, so a read sees the writes before it.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{Event, EventKind, Function, Model, Notation, Value};

/// What is asked of a [`MultiRegister`].
///
/// ```
/// use consistency::{MultiInput, MultiStep};
///
/// let both = MultiInput::write([("x".into(), 1.into()), ("y".into(), 2.into())]);
/// let MultiInput::Steps(steps) = both else { panic!() };
/// assert_eq!(steps.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MultiInput {
    /// Read whatever the answer will name.
    Read,
    /// These steps in turn, at one moment.
    Steps(Vec<MultiStep>),
}

/// One step of an operation on a [`MultiRegister`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MultiStep {
    /// Read this register.
    Read(Value),
    /// Write this value to this register.
    Write(Value, Value),
}

/// What a [`MultiRegister`] answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MultiOutput {
    /// To [`MultiInput::Read`]: some registers and what they held. Of a register that it leaves out it says nothing.
    Seen(Vec<(Value, Value)>),
    /// To [`MultiInput::Steps`]: what each read step read, in their order.
    Reads(Vec<Value>),
}

impl MultiInput {
    /// Read these registers together.
    #[must_use]
    pub fn read(keys: impl IntoIterator<Item = Value>) -> Self {
        Self::Steps(keys.into_iter().map(MultiStep::Read).collect())
    }

    /// Write these values to these registers together.
    #[must_use]
    pub fn write(entries: impl IntoIterator<Item = (Value, Value)>) -> Self {
        let step = |(key, value)| MultiStep::Write(key, value);
        Self::Steps(entries.into_iter().map(step).collect())
    }
}

/// Several registers in one object. In a history: `read` and `write` with a map `{"x":1,"y":2}` as value, with one key
/// and a plain value, or `txn` with micro-operations `[["r","x",null],["w","y",2]]`.
///
/// ```
/// use consistency::{Limits, MultiInput, MultiOutput, MultiRegister, ProcessId, Recorder, Value};
/// use consistency::{Verdict, check_linearizable};
///
/// let mut recorder = Recorder::new();
/// let both = MultiInput::write([("x".into(), 1.into()), ("y".into(), 1.into())]);
/// let write = recorder.invoke(ProcessId(0), both, 0)?;
/// let read = recorder.invoke(ProcessId(1), MultiInput::read(["x".into(), "y".into()]), 0)?;
/// recorder.ok(read, MultiOutput::Reads(vec![1.into(), Value::Nil]), 0)?; // half of the write
/// recorder.ok(write, MultiOutput::Reads(vec![]), 0)?;
/// let model = MultiRegister::new(Value::Nil);
/// let verdict = check_linearizable(&model, &recorder.finish(), &Limits::default(), &mut || true);
/// assert!(matches!(verdict, Verdict::Violated(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiRegister {
    initial: Value,
}

impl MultiRegister {
    /// Registers that all hold `initial` before their first write.
    #[must_use]
    pub const fn new(initial: Value) -> Self {
        Self { initial }
    }

    fn get<'a>(&'a self, state: &'a BTreeMap<Value, Value>, key: &Value) -> &'a Value {
        state.get(key).unwrap_or(&self.initial)
    }
}

impl Model for MultiRegister {
    /// The registers that do not hold the initial value: so equal contents are equal states.
    type State = BTreeMap<Value, Value>;
    type Input = MultiInput;
    type Output = MultiOutput;
    type Key = ();

    fn key(&self, _: &MultiInput) {}

    fn initial(&self, (): &()) -> Self::State {
        BTreeMap::new()
    }

    fn step(
        &self,
        state: &Self::State,
        input: &MultiInput,
        output: Option<&MultiOutput>,
    ) -> Option<Self::State> {
        let steps = match (input, output) {
            (MultiInput::Read, None) => return Some(state.clone()),
            (MultiInput::Read, Some(MultiOutput::Seen(seen))) => {
                let mut seen = seen.iter();
                let fits = seen.all(|(key, value)| self.get(state, key) == value);
                return fits.then(|| state.clone());
            }
            (MultiInput::Steps(steps), None | Some(MultiOutput::Reads(_))) => steps,
            _ => return None,
        };
        let mut heard = match output {
            Some(MultiOutput::Reads(reads)) => Some(reads.iter()),
            _ => None,
        };
        let mut next = state.clone();
        for step in steps {
            match (step, &mut heard) {
                (MultiStep::Read(key), Some(heard)) => {
                    if heard.next()? != self.get(&next, key) {
                        return None;
                    }
                }
                (MultiStep::Read(_), None) => {}
                (MultiStep::Write(key, value), _) if *value == self.initial => {
                    next.remove(key);
                }
                (MultiStep::Write(key, value), _) => {
                    next.insert(key.clone(), value.clone());
                }
            }
        }
        heard
            .is_none_or(|mut rest| rest.next().is_none())
            .then_some(next)
    }

    fn is_pure(&self, input: &MultiInput, _: Option<&MultiOutput>) -> bool {
        match input {
            MultiInput::Read => true,
            MultiInput::Steps(steps) => steps.iter().all(|it| matches!(it, MultiStep::Read(_))),
        }
    }
}

impl Notation for MultiRegister {
    const NAME: &'static str = "multi-register";

    fn read_call(&self, invoke: &Event) -> Result<MultiInput, &'static str> {
        let value = &invoke.value;
        match (&invoke.function, &invoke.key) {
            (Function::Txn, None) => match value {
                Value::List(steps) => steps
                    .iter()
                    .map(|step| Some(read_step(step)?.0))
                    .collect::<Option<_>>()
                    .map(MultiInput::Steps)
                    .ok_or(STEPS),
                _ => Err(STEPS),
            },
            (Function::Read | Function::Get, Some(key)) => Ok(MultiInput::read([key.clone()])),
            (Function::Write | Function::Put, Some(key)) => {
                Ok(MultiInput::write([(key.clone(), value.clone())]))
            }
            (Function::Read | Function::Get, None) => match value {
                Value::Nil => Ok(MultiInput::Read),
                Value::Map(entries) => {
                    Ok(MultiInput::read(entries.iter().map(|(key, _)| key.clone())))
                }
                _ => Err("null or a map of the registers to read"),
            },
            (Function::Write | Function::Put, None) => match value {
                Value::Map(entries) => Ok(MultiInput::write(entries.iter().cloned())),
                _ => Err("a map of registers and values"),
            },
            _ => Err("read, write or txn"),
        }
    }

    fn read_ok(&self, input: &MultiInput, ok: &Event) -> Result<MultiOutput, &'static str> {
        let steps = match input {
            MultiInput::Read => match &ok.value {
                Value::Map(entries) => return Ok(MultiOutput::Seen(entries.to_vec())),
                _ => return Err("a map of registers and values"),
            },
            MultiInput::Steps(steps) => steps,
        };
        let heard = match (&ok.function, &ok.value) {
            (Function::Txn, Value::List(answers)) => answered(steps, answers),
            (Function::Txn, _) => None,
            (_, answer) => {
                let keys = steps.iter().filter_map(|step| match step {
                    MultiStep::Read(key) => Some(key),
                    MultiStep::Write(..) => None,
                });
                let by_key = keys.map(|key| answer.entry(key).cloned()).collect();
                match (steps.as_slice(), by_key) {
                    // One register, by its key: its value is the answer, even if it is a map.
                    ([MultiStep::Read(_)], _) if ok.key.is_some() => Some([answer.clone()].into()),
                    ([MultiStep::Read(_)], None) => Some([answer.clone()].into()),
                    (_, by_key) => by_key,
                }
            }
        };
        heard.map(MultiOutput::Reads).ok_or(ANSWERS)
    }

    fn read_fail(&self, _: &MultiInput, _: &Event) -> Option<MultiOutput> {
        None
    }

    fn write_call(&self, input: &MultiInput) -> (Function, Option<Value>, Value) {
        match input {
            MultiInput::Read => (Function::Read, None, Value::Nil),
            MultiInput::Steps(steps) => (Function::Txn, None, write_steps(steps, &[])),
        }
    }

    fn write_output(&self, input: &MultiInput, output: &MultiOutput) -> (EventKind, Value) {
        let value = match (input, output) {
            (_, MultiOutput::Seen(seen)) => Value::map(seen.iter().cloned()),
            (MultiInput::Steps(steps), MultiOutput::Reads(reads)) => write_steps(steps, reads),
            (MultiInput::Read, MultiOutput::Reads(reads)) => Value::list(reads.iter().cloned()),
        };
        (EventKind::Ok, value)
    }
}

const STEPS: &str = "micro-operations [\"r\" key null] or [\"w\" key value]";
const ANSWERS: &str = "the call's registers or micro-operations, with what was read";

/// A micro-operation, and the value that stands in it.
fn read_step(step: &Value) -> Option<(MultiStep, &Value)> {
    let Value::List(words) = step else {
        return None;
    };
    let [Value::Text(word), key, value] = words.as_ref() else {
        return None;
    };
    match word.as_ref() {
        "r" | "read" => Some((MultiStep::Read(key.clone()), value)),
        "w" | "write" => Some((MultiStep::Write(key.clone(), value.clone()), value)),
        _ => None,
    }
}

/// What the reads among `steps` read, when these answers are to these steps.
fn answered(steps: &[MultiStep], answers: &[Value]) -> Option<Vec<Value>> {
    let mut reads = Vec::new();
    for (step, answer) in steps.iter().zip(answers) {
        let (answered, value) = read_step(answer)?;
        if answered != *step {
            return None;
        }
        if matches!(step, MultiStep::Read(_)) {
            reads.push(value.clone());
        }
    }
    (steps.len() == answers.len()).then_some(reads)
}

fn write_steps(steps: &[MultiStep], reads: &[Value]) -> Value {
    let mut reads = reads.iter();
    Value::list(steps.iter().map(|step| match step {
        MultiStep::Read(key) => {
            let value = reads.next().cloned().unwrap_or_default();
            Value::list(["r".into(), key.clone(), value])
        }
        MultiStep::Write(key, value) => Value::list(["w".into(), key.clone(), value.clone()]),
    }))
}
