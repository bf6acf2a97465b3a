//! A key-value store: get, put, append, compare-and-set, delete.

use alloc::string::{String, ToString};

use crate::{Event, EventKind, Function, Model, Notation, Value, model::read_pair};

/// What is asked of a key-value store.
///
/// ```
/// use consistency::KvInput;
///
/// let input = KvInput::cas("x", 1, 2);
/// assert_eq!(input.key(), &"x".into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KvInput {
    /// Read the value of a key.
    Get {
        /// The key.
        key: Value,
    },
    /// Set the value of a key.
    Put {
        /// The key.
        key: Value,
        /// Its new value.
        value: Value,
    },
    /// Put text or bytes behind the value of a key; an absent key gets them as its value.
    Append {
        /// The key.
        key: Value,
        /// What is added.
        value: Value,
    },
    /// Set the value of a key if it has the expected one (`Nil`: if it is absent).
    Cas {
        /// The key.
        key: Value,
        /// The value it must have.
        expected: Value,
        /// The value it gets.
        new: Value,
    },
    /// Remove a key.
    Delete {
        /// The key.
        key: Value,
    },
}

impl KvInput {
    /// Read `key`.
    #[must_use]
    pub fn get(key: impl Into<Value>) -> Self {
        Self::Get { key: key.into() }
    }

    /// Set `key` to `value`.
    #[must_use]
    pub fn put(key: impl Into<Value>, value: impl Into<Value>) -> Self {
        Self::Put {
            key: key.into(),
            value: value.into(),
        }
    }

    /// Put `value` behind what `key` holds.
    #[must_use]
    pub fn append(key: impl Into<Value>, value: impl Into<Value>) -> Self {
        Self::Append {
            key: key.into(),
            value: value.into(),
        }
    }

    /// Set `key` to `new` if it holds `expected`.
    #[must_use]
    pub fn cas(key: impl Into<Value>, expected: impl Into<Value>, new: impl Into<Value>) -> Self {
        Self::Cas {
            key: key.into(),
            expected: expected.into(),
            new: new.into(),
        }
    }

    /// Remove `key`.
    #[must_use]
    pub fn delete(key: impl Into<Value>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Value {
        match self {
            Self::Get { key }
            | Self::Put { key, .. }
            | Self::Append { key, .. }
            | Self::Cas { key, .. }
            | Self::Delete { key } => key,
        }
    }
}

/// What a key-value store answers.
///
/// ```
/// use consistency::{KvOutput, Value};
///
/// let absent = KvOutput::Value(Value::Nil);
/// assert_ne!(absent, KvOutput::Value("".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KvOutput {
    /// The value read; `Nil` for an absent key.
    Value(Value),
    /// Put, appended, swapped or deleted.
    Done,
    /// A compare-and-set observed a different value, and changed nothing.
    Mismatch,
    /// A compare-and-set observed this value, which is not the expected one, and changed nothing. Files
    /// have no form for it: written, it is a [`Mismatch`](Self::Mismatch).
    Found(Value),
    /// A delete, and whether the key was there. Written to a file, it is a [`Done`](Self::Done).
    Deleted(bool),
}

/// A key-value store. The state is the value of one key; `Nil` is an absent key.
///
/// ```
/// use consistency::{KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value, Verdict};
/// use consistency::check_linearizable;
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", "a"), 0)?;
/// recorder.ok(put, KvOutput::Done, 1)?;
/// let get = recorder.invoke(ProcessId(1), KvInput::get("x"), 2)?;
/// recorder.ok(get, KvOutput::Value(Value::Nil), 3)?; // stale
/// let verdict = check_linearizable(
///     &KeyValue::new(Value::Nil),
///     &recorder.finish(),
///     &Limits::default(),
///     &mut || true,
/// );
/// assert!(matches!(verdict, Verdict::Violated(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    initial: Value,
}

impl KeyValue {
    /// A store in which every key holds `initial` before its first write: `Nil` for absent, `""` for the key-value
    /// log, whose strings start empty.
    #[must_use]
    pub const fn new(initial: Value) -> Self {
        Self { initial }
    }
}

impl Model for KeyValue {
    type State = Value;
    type Input = KvInput;
    type Output = KvOutput;
    type Key = Value;

    fn key(&self, input: &KvInput) -> Value {
        input.key().clone()
    }

    fn initial(&self, _: &Value) -> Value {
        self.initial.clone()
    }

    fn step(&self, state: &Value, input: &KvInput, output: Option<&KvOutput>) -> Option<Value> {
        match (input, output) {
            (KvInput::Get { .. }, None) => Some(state.clone()),
            (KvInput::Get { .. }, Some(KvOutput::Value(heard))) => {
                (heard == state).then(|| state.clone())
            }
            (KvInput::Put { value, .. }, None | Some(KvOutput::Done)) => Some(value.clone()),
            (KvInput::Append { value, .. }, None | Some(KvOutput::Done)) => state.append(value),
            (KvInput::Cas { expected, new, .. }, None) => {
                Some(if expected == state { new } else { state }.clone())
            }
            (KvInput::Cas { expected, new, .. }, Some(KvOutput::Done)) => {
                (expected == state).then(|| new.clone())
            }
            (KvInput::Cas { expected, .. }, Some(KvOutput::Mismatch)) => {
                (expected != state).then(|| state.clone())
            }
            (KvInput::Cas { expected, .. }, Some(KvOutput::Found(actual))) => {
                (actual == state && expected != state).then(|| state.clone())
            }
            (KvInput::Delete { .. }, None | Some(KvOutput::Done)) => Some(Value::Nil),
            (KvInput::Delete { .. }, Some(KvOutput::Deleted(existed))) => {
                (*existed == (*state != Value::Nil)).then_some(Value::Nil)
            }
            _ => None,
        }
    }

    fn is_pure(&self, input: &KvInput, output: Option<&KvOutput>) -> bool {
        match input {
            KvInput::Get { .. } => true,
            KvInput::Cas { .. } => {
                matches!(output, Some(KvOutput::Mismatch | KvOutput::Found(_)))
            }
            KvInput::Put { .. } | KvInput::Append { .. } | KvInput::Delete { .. } => false,
        }
    }
}

impl Notation for KeyValue {
    const NAME: &'static str = "kv";

    fn read_call(&self, invoke: &Event) -> Result<KvInput, &'static str> {
        let Some(key) = invoke.key.clone() else {
            return Err("a key");
        };
        let value = || invoke.value.clone();
        match invoke.function {
            Function::Get | Function::Read => Ok(KvInput::Get { key }),
            Function::Put | Function::Write => Ok(KvInput::Put {
                key,
                value: value(),
            }),
            Function::Append => match value() {
                value @ (Value::Text(_) | Value::Bytes(_)) => Ok(KvInput::Append { key, value }),
                _ => Err("text to append"),
            },
            Function::Cas => {
                let (expected, new) = read_pair(&invoke.value)?;
                Ok(KvInput::Cas { key, expected, new })
            }
            Function::Delete => Ok(KvInput::Delete { key }),
            _ => Err("get, put, append, cas or delete"),
        }
    }

    fn read_ok(&self, input: &KvInput, ok: &Event) -> Result<KvOutput, &'static str> {
        Ok(match input {
            KvInput::Get { .. } => KvOutput::Value(ok.value.clone()),
            _ => KvOutput::Done,
        })
    }

    fn read_fail(&self, input: &KvInput, fail: &Event) -> Option<KvOutput> {
        let is_cas = matches!(input, KvInput::Cas { .. });
        (is_cas && fail.error.is_none()).then_some(KvOutput::Mismatch)
    }

    fn write_call(&self, input: &KvInput) -> (Function, Option<Value>, Value) {
        let (function, value) = match input {
            KvInput::Get { .. } => (Function::Get, Value::Nil),
            KvInput::Put { value, .. } => (Function::Put, value.clone()),
            KvInput::Append { value, .. } => (Function::Append, value.clone()),
            KvInput::Cas { expected, new, .. } => {
                (Function::Cas, Value::list([expected.clone(), new.clone()]))
            }
            KvInput::Delete { .. } => (Function::Delete, Value::Nil),
        };
        (function, Some(input.key().clone()), value)
    }

    fn write_state(&self, state: &Value) -> String {
        state.to_string()
    }

    fn write_output(&self, input: &KvInput, output: &KvOutput) -> (EventKind, Value) {
        match output {
            KvOutput::Value(value) => (EventKind::Ok, value.clone()),
            KvOutput::Done | KvOutput::Deleted(_) => (EventKind::Ok, self.write_call(input).2),
            KvOutput::Mismatch | KvOutput::Found(_) => (EventKind::Fail, self.write_call(input).2),
        }
    }
}
