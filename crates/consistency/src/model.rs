//! What a correct object may answer: the trait, and the models that come with the crate.

mod bank;
mod contents;
mod counter;
mod key_value;
mod multi_register;
mod mutex;
mod nondeterministic;
mod pool;
mod priority_queue;
mod queue;
mod register;
mod set;
mod stack;
mod whole;

use alloc::{format, string::String};
use core::{fmt::Debug, hash::Hash};

pub use bank::{Bank, BankInput, BankOutput};
pub use contents::Contents;
pub use counter::{Counter, CounterCall, CounterInput, CounterOutput};
pub use key_value::{KeyValue, KvInput, KvOutput};
pub use multi_register::{MultiInput, MultiOutput, MultiRegister, MultiStep};
pub use mutex::{Mutex, MutexCall, MutexInput, OwnedMutex};
pub use nondeterministic::{Nondeterministic, NondeterministicModel};
pub use pool::{PoolCall, PoolInput, PoolOutput};
pub use priority_queue::PriorityQueue;
pub use queue::FifoQueue;
pub use register::{CasRegister, Register, RegisterCall, RegisterInput, RegisterOutput};
pub use set::{Set, SetCall, SetInput, SetOutput};
pub use stack::Stack;
pub use whole::{Whole, WholeState};

use crate::{Event, EventKind, Function, Value};

/// A sequential object: from which state, which input and output lead where.
///
/// The state is that of one partition: all operations with equal [`Model::key`] share one object, and objects of
/// different keys never touch each other. Linearizability may be checked key by key (Herlihy and Wing 1990, locality);
/// no other consistency model here may. An object that cannot be split has `Key = ()`.
///
/// ```
/// use consistency::Model;
///
/// /// A counter whose increments answer the new count.
/// #[derive(Debug)]
/// struct Counter;
///
/// impl Model for Counter {
///     type State = u64;
///     type Input = ();
///     type Output = u64;
///     type Key = ();
///     fn key(&self, _: &()) {}
///     fn initial(&self, _: &()) -> u64 {
///         0
///     }
///     fn step(&self, state: &u64, _: &(), output: Option<&u64>) -> Option<u64> {
///         let next = state.checked_add(1)?;
///         output.is_none_or(|heard| *heard == next).then_some(next)
///     }
/// }
///
/// assert_eq!(Counter.step(&1, &(), Some(&2)), Some(2));
/// assert_eq!(Counter.step(&1, &(), Some(&1)), None);
/// ```
pub trait Model {
    /// The object's state. Equal states must be interchangeable for ever.
    type State: Clone + Eq + Hash + Debug;
    /// What is asked. Equal inputs must be interchangeable.
    type Input: Clone + Eq + Hash + Debug;
    /// What is answered.
    type Output: Clone + Debug;
    /// Which object an operation touches.
    type Key: Clone + Ord + Debug;

    /// The object this input touches.
    fn key(&self, input: &Self::Input) -> Self::Key;

    /// The state before the first operation. Given by whoever made the model, never guessed.
    fn initial(&self, key: &Self::Key) -> Self::State;

    /// The state after `input` answered `output` in `state`; `None` when it could not have. No output means that
    /// nobody heard it: any is allowed.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Option<Self::State>;

    /// Whether this input with this output leaves **every** state as it is (a read; a compare-and-set that found a
    /// different value). The search relies on a `true`; `false` is always safe, and slower.
    fn is_pure(&self, input: &Self::Input, output: Option<&Self::Output>) -> bool {
        let _ = (input, output);
        false
    }

    /// A number for the part of the state that this input touches, if the state is that of several objects that never
    /// touch each other, as in [`Whole`]. It serves to make a violation small. The same number for all is always
    /// safe.
    fn part(&self, input: &Self::Input) -> u64 {
        let _ = input;
        0
    }

    /// The well-known object this is, if it is one for which faster checks than the search exist. With it,
    /// [`Model::role`] must say what every operation does, and but for a register every object must start empty.
    fn shape(&self) -> Option<Shape> {
        None
    }

    /// What this operation does to an object of [`Model::shape`]; no output for an indeterminate one. `None` for an
    /// operation outside the shape (a compare-and-set of a register): such a history is left to the search.
    fn role<'a>(
        &self,
        input: &'a Self::Input,
        output: Option<&'a Self::Output>,
    ) -> Option<Role<'a>> {
        let _ = (input, output);
        None
    }
}

/// An object for which a history of distinct values can be checked in log-linear time, without a search.
///
/// ```
/// use consistency::{CasRegister, Model, Shape, Value};
///
/// assert_eq!(CasRegister::new(Value::Nil).shape(), Some(Shape::Register));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Shape {
    /// Holds the last value written.
    Register,
    /// Holds the values added and not removed.
    Set,
    /// First in, first out.
    Queue,
    /// Last in, first out.
    Stack,
    /// The greatest first.
    PriorityQueue,
}

/// What one operation does to an object of a [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role<'a> {
    /// Puts the value in: a write, an add, an enqueue, a push.
    Insert(&'a Value),
    /// Finds the value and takes it out: a remove that says so, a dequeue, a pop.
    Remove(&'a Value),
    /// Takes the value out of a set if it is there, and does not say whether it was.
    Discard(&'a Value),
    /// Sees the value and leaves it: a read, a `contains` that is true, a peek.
    Observe(&'a Value),
    /// Sees that the value is not there: a `contains` that is false.
    ObserveAbsent(&'a Value),
    /// Sees that nothing is there: a dequeue of an empty queue.
    ObserveEmpty,
    /// Learns and changes nothing: a read of which nobody heard.
    Nothing,
}

/// A model whose operations have a written form: how its inputs and outputs stand in a history's events.
///
/// The readers answer what they would have accepted as their error; [`History`](crate::History) adds line and value.
///
/// ```
/// use consistency::{CasRegister, Notation};
///
/// assert_eq!(CasRegister::NAME, "cas-register");
/// ```
pub trait Notation: Model {
    /// The model's name on a command line and in errors.
    const NAME: &'static str;

    /// The name of this very model: [`Notation::NAME`], unless one type stands for several.
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// The input of an invocation.
    ///
    /// # Errors
    /// What the model expects there.
    fn read_call(&self, invoke: &Event) -> Result<Self::Input, &'static str>;

    /// The output of an `ok`.
    ///
    /// # Errors
    /// What the model expects there.
    fn read_ok(&self, input: &Self::Input, ok: &Event) -> Result<Self::Output, &'static str>;

    /// What a `fail` observed although nothing happened; `None` when it observed nothing.
    fn read_fail(&self, input: &Self::Input, fail: &Event) -> Option<Self::Output>;

    /// Function, key and argument of this input.
    fn write_call(&self, input: &Self::Input) -> (Function, Option<Value>, Value);

    /// Kind (ok or fail) and value of the completion with this output.
    fn write_output(&self, input: &Self::Input, output: &Self::Output) -> (EventKind, Value);

    /// A state in words, for explanations. Unless told otherwise: its debug form.
    fn write_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}

/// `[expected new]` of a compare-and-set.
fn read_pair(value: &Value) -> Result<(Value, Value), &'static str> {
    match value {
        Value::List(pair) => match pair.as_ref() {
            [expected, new] => Ok((expected.clone(), new.clone())),
            _ => Err("a pair [expected new]"),
        },
        _ => Err("a pair [expected new]"),
    }
}
