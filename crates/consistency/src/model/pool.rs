//! What queues, stacks and priority queues have in common: calls that put one value and calls that take one.

use crate::{Event, EventKind, Function, Role, Value};

/// What is asked of a [`FifoQueue`](crate::FifoQueue), a [`Stack`](crate::Stack) or a
/// [`PriorityQueue`](crate::PriorityQueue).
///
/// ```
/// use consistency::PoolInput;
///
/// let enqueue = PoolInput::put(1).at("jobs");
/// assert_eq!(enqueue.key, Some("jobs".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolInput {
    /// Which object; `None` where there is one.
    pub key: Option<Value>,
    /// What it is to do.
    pub call: PoolCall,
}

/// What such an object can do. See [`PoolInput`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PoolCall {
    /// Enqueue, push, insert.
    Put(Value),
    /// Dequeue, pop, take the greatest.
    Take,
}

/// What it answers.
///
/// ```
/// use consistency::{FifoQueue, Model, PoolInput, PoolOutput};
///
/// let empty = FifoQueue.initial(&None);
/// let dequeue = PoolInput::take();
/// assert!(FifoQueue.step(&empty, &dequeue, Some(&PoolOutput::Empty)).is_some());
/// assert!(FifoQueue.step(&empty, &dequeue, Some(&PoolOutput::Taken(1.into()))).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PoolOutput {
    /// The value was put.
    Done,
    /// This value was taken.
    Taken(Value),
    /// There was nothing to take. In files: an `ok` whose value is nil.
    Empty,
}

impl PoolInput {
    /// Enqueue, push or insert `value`.
    #[must_use]
    pub fn put(value: impl Into<Value>) -> Self {
        Self {
            key: None,
            call: PoolCall::Put(value.into()),
        }
    }

    /// Dequeue, pop or take the greatest.
    #[must_use]
    pub const fn take() -> Self {
        Self {
            key: None,
            call: PoolCall::Take,
        }
    }

    /// The same on the object `key`.
    #[must_use]
    pub fn at(self, key: impl Into<Value>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

/// One of the three disciplines: how a value goes in, and which value comes out next.
pub(super) struct Discipline<S> {
    pub(super) put: fn(&S, &Value) -> S,
    pub(super) next: fn(&S) -> Option<&Value>,
    pub(super) take: fn(&S) -> Option<S>,
}

impl<S: Clone> Discipline<S> {
    pub(super) fn step(
        &self,
        state: &S,
        call: &PoolCall,
        output: Option<&PoolOutput>,
    ) -> Option<S> {
        match (call, output) {
            (PoolCall::Put(value), None | Some(PoolOutput::Done)) => Some((self.put)(state, value)),
            // Nobody heard it: it took what was there, if anything.
            (PoolCall::Take, None) => Some((self.take)(state).unwrap_or_else(|| state.clone())),
            (PoolCall::Take, Some(PoolOutput::Taken(value))) => {
                if (self.next)(state)? == value {
                    (self.take)(state)
                } else {
                    None
                }
            }
            (PoolCall::Take, Some(PoolOutput::Empty)) => {
                (self.next)(state).is_none().then(|| state.clone())
            }
            _ => None,
        }
    }
}

/// A take that found nothing changes nothing.
pub(super) fn is_pure(output: Option<&PoolOutput>) -> bool {
    output == Some(&PoolOutput::Empty)
}

/// An indeterminate take has no role: which value it took, nobody knows.
pub(super) const fn role<'a>(
    call: &'a PoolCall,
    output: Option<&'a PoolOutput>,
) -> Option<Role<'a>> {
    match (call, output) {
        (PoolCall::Put(value), None | Some(PoolOutput::Done)) => Some(Role::Insert(value)),
        (PoolCall::Take, Some(PoolOutput::Taken(value))) => Some(Role::Remove(value)),
        (PoolCall::Take, Some(PoolOutput::Empty)) => Some(Role::ObserveEmpty),
        _ => None,
    }
}

pub(super) fn read_call(
    invoke: &Event,
    put: &Function,
    take: &Function,
    expected: &'static str,
) -> Result<PoolInput, &'static str> {
    let call = if invoke.function == *put {
        // A take of nil is one that found nothing.
        if invoke.value == Value::Nil {
            return Err("a value other than nil");
        }
        PoolCall::Put(invoke.value.clone())
    } else if invoke.function == *take {
        PoolCall::Take
    } else {
        return Err(expected);
    };
    Ok(PoolInput {
        key: invoke.key.clone(),
        call,
    })
}

pub(super) fn read_ok(input: &PoolInput, ok: &Event) -> PoolOutput {
    match (&input.call, &ok.value) {
        (PoolCall::Put(_), _) => PoolOutput::Done,
        (PoolCall::Take, Value::Nil) => PoolOutput::Empty,
        (PoolCall::Take, value) => PoolOutput::Taken(value.clone()),
    }
}

pub(super) fn write_call(
    input: &PoolInput,
    put: Function,
    take: Function,
) -> (Function, Option<Value>, Value) {
    match &input.call {
        PoolCall::Put(value) => (put, input.key.clone(), value.clone()),
        PoolCall::Take => (take, input.key.clone(), Value::Nil),
    }
}

pub(super) fn write_output(input: &PoolInput, output: &PoolOutput) -> (EventKind, Value) {
    let value = match (output, &input.call) {
        (PoolOutput::Taken(value), _) | (PoolOutput::Done, PoolCall::Put(value)) => value.clone(),
        (PoolOutput::Done, PoolCall::Take) | (PoolOutput::Empty, _) => Value::Nil,
    };
    (EventKind::Ok, value)
}
