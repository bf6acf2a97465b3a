//! A lock: acquire and release; one for each key where a history has keys.
//!
//! Two meanings. For [`Mutex`] it does not matter who releases: acquires and releases alternate. For [`OwnedMutex`]
//! only the process that acquired it may release it. A release of a free lock is illegal in both. An acquire that
//! failed (a timeout, a lock that was busy) says nothing.

use crate::{Event, EventKind, Function, Model, Notation, ProcessId, Value};

/// What is asked of a [`Mutex`] or an [`OwnedMutex`].
///
/// ```
/// use consistency::{MutexInput, ProcessId};
///
/// let input = MutexInput::acquire(ProcessId(3)).at("x");
/// assert_eq!(input.process, ProcessId(3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MutexInput {
    /// Which lock; `None` where there is one.
    pub key: Option<Value>,
    /// What it is to do.
    pub call: MutexCall,
    /// Who asks: the process of the operation. A [`Mutex`] does not look at it.
    pub process: ProcessId,
}

/// What a lock can do. See [`MutexInput`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MutexCall {
    /// Take the lock, which is free.
    Acquire,
    /// Give the lock back.
    Release,
}

impl MutexInput {
    /// `process` takes the lock.
    #[must_use]
    pub const fn acquire(process: ProcessId) -> Self {
        Self {
            key: None,
            call: MutexCall::Acquire,
            process,
        }
    }

    /// `process` gives the lock back.
    #[must_use]
    pub const fn release(process: ProcessId) -> Self {
        Self {
            key: None,
            call: MutexCall::Release,
            process,
        }
    }

    /// The same on the lock `key`.
    #[must_use]
    pub fn at(self, key: impl Into<Value>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

/// A lock that anybody may release. The state is whether it is held.
///
/// ```
/// use consistency::{Model, Mutex, MutexInput, ProcessId};
///
/// let release = MutexInput::release(ProcessId(1));
/// assert_eq!(Mutex.step(&true, &release, Some(&())), Some(false));
/// assert_eq!(Mutex.step(&false, &release, Some(&())), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutex;

/// A lock that only its holder may release. The state is the holder.
///
/// ```
/// use consistency::{Model, MutexInput, OwnedMutex, ProcessId};
///
/// let release = MutexInput::release(ProcessId(1));
/// assert_eq!(OwnedMutex.step(&Some(ProcessId(0)), &release, Some(&())), None);
/// assert_eq!(OwnedMutex.step(&Some(ProcessId(1)), &release, Some(&())), Some(None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnedMutex;

impl Model for Mutex {
    type State = bool;
    type Input = MutexInput;
    type Output = ();
    type Key = Option<Value>;

    fn key(&self, input: &MutexInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> bool {
        false
    }

    fn step(&self, is_held: &bool, input: &MutexInput, _: Option<&()>) -> Option<bool> {
        match input.call {
            MutexCall::Acquire => (!is_held).then_some(true),
            MutexCall::Release => is_held.then_some(false),
        }
    }
}

impl Model for OwnedMutex {
    type State = Option<ProcessId>;
    type Input = MutexInput;
    type Output = ();
    type Key = Option<Value>;

    fn key(&self, input: &MutexInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> Option<ProcessId> {
        None
    }

    fn step(
        &self,
        holder: &Option<ProcessId>,
        input: &MutexInput,
        _: Option<&()>,
    ) -> Option<Option<ProcessId>> {
        match input.call {
            MutexCall::Acquire => holder.is_none().then_some(Some(input.process)),
            MutexCall::Release => (*holder == Some(input.process)).then_some(None),
        }
    }
}

impl Notation for Mutex {
    const NAME: &'static str = "mutex";

    fn read_call(&self, invoke: &Event) -> Result<MutexInput, &'static str> {
        read_call(invoke)
    }

    fn read_ok(&self, _: &MutexInput, _: &Event) -> Result<(), &'static str> {
        Ok(())
    }

    fn read_fail(&self, _: &MutexInput, _: &Event) -> Option<()> {
        None
    }

    fn write_call(&self, input: &MutexInput) -> (Function, Option<Value>, Value) {
        write_call(input)
    }

    fn write_output(&self, _: &MutexInput, (): &()) -> (EventKind, Value) {
        (EventKind::Ok, Value::Nil)
    }
}

impl Notation for OwnedMutex {
    const NAME: &'static str = "owned-mutex";

    fn read_call(&self, invoke: &Event) -> Result<MutexInput, &'static str> {
        read_call(invoke)
    }

    fn read_ok(&self, _: &MutexInput, _: &Event) -> Result<(), &'static str> {
        Ok(())
    }

    fn read_fail(&self, _: &MutexInput, _: &Event) -> Option<()> {
        None
    }

    fn write_call(&self, input: &MutexInput) -> (Function, Option<Value>, Value) {
        write_call(input)
    }

    fn write_output(&self, _: &MutexInput, (): &()) -> (EventKind, Value) {
        (EventKind::Ok, Value::Nil)
    }
}

fn read_call(invoke: &Event) -> Result<MutexInput, &'static str> {
    let call = match invoke.function {
        Function::Acquire => MutexCall::Acquire,
        Function::Release => MutexCall::Release,
        _ => return Err("acquire or release"),
    };
    Ok(MutexInput {
        key: invoke.key.clone(),
        call,
        process: invoke.process,
    })
}

fn write_call(input: &MutexInput) -> (Function, Option<Value>, Value) {
    let function = match input.call {
        MutexCall::Acquire => Function::Acquire,
        MutexCall::Release => Function::Release,
    };
    (function, input.key.clone(), Value::Nil)
}
