//! Objects that may go several ways, made into [`Model`]s by following all the ways at once.
//!
//! Why this is right: an order of the operations is allowed when some choice of ways leads through it, and that is so
//! exactly when the set of the states that can be reached is never empty (the power set construction, Rabin and Scott
//! 1959). Reads are no longer pure: a read that fits only some of the states rules the others out.

use alloc::vec::Vec;
use core::{fmt::Debug, hash::Hash};

use crate::Model;

/// A sequential object whose next state is not settled by its state, input and output.
///
/// Everything else is as for a [`Model`].
///
/// ```
/// use consistency::{Limits, Nondeterministic, NondeterministicModel, ProcessId, Recorder, Verdict};
/// use consistency::{RegisterCall, RegisterInput, RegisterOutput, Value, check_linearizable};
///
/// /// A register that may lose a write although it answered ok.
/// #[derive(Debug)]
/// struct Lossy;
///
/// impl NondeterministicModel for Lossy {
///     type State = Value;
///     type Input = RegisterInput;
///     type Output = RegisterOutput;
///     type Key = ();
///     fn key(&self, _: &RegisterInput) {}
///     fn initial(&self, _: &(), states: &mut Vec<Value>) {
///         states.push(Value::Nil);
///     }
///     fn steps(
///         &self,
///         state: &Value,
///         input: &RegisterInput,
///         output: Option<&RegisterOutput>,
///         next: &mut Vec<Value>,
///     ) {
///         match (&input.call, output) {
///             (RegisterCall::Write(value), _) => next.extend([state.clone(), value.clone()]),
///             (RegisterCall::Read, Some(RegisterOutput::Value(heard))) if heard != state => {}
///             _ => next.push(state.clone()),
///         }
///     }
/// }
///
/// let mut recorder = Recorder::new();
/// let at = ProcessId(0);
/// for value in [1, 2] {
///     let write = recorder.invoke(at, RegisterInput::write(value), 0)?;
///     recorder.ok(write, RegisterOutput::Done, 0)?;
/// }
/// let read = recorder.invoke(at, RegisterInput::read(), 0)?;
/// recorder.ok(read, RegisterOutput::Value(1.into()), 0)?; // the write of 2 was lost
/// let again = recorder.invoke(at, RegisterInput::read(), 0)?;
/// let mut other = recorder.clone();
/// recorder.ok(again, RegisterOutput::Value(1.into()), 0)?;
/// other.ok(again, RegisterOutput::Value(2.into()), 0)?; // what is lost stays lost
///
/// let model = Nondeterministic(Lossy);
/// let check = |history: &[_]| check_linearizable(&model, history, &Limits::default(), &mut || true);
/// assert!(check(&recorder.finish()).holds());
/// assert!(matches!(check(&other.finish()), Verdict::Violated(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait NondeterministicModel {
    /// The object's state. Equal states must be interchangeable for ever.
    type State: Clone + Ord + Hash + Debug;
    /// What is asked. Equal inputs must be interchangeable.
    type Input: Clone + Eq + Hash + Debug;
    /// What is answered.
    type Output: Clone + Debug;
    /// Which object an operation touches.
    type Key: Clone + Ord + Debug;

    /// The object this input touches.
    fn key(&self, input: &Self::Input) -> Self::Key;

    /// Adds the states in which the object may start: one at least.
    fn initial(&self, key: &Self::Key, states: &mut Vec<Self::State>);

    /// Adds every state that the object may be in after `input` answered `output` in `state`; none when it could not
    /// have. No output means that nobody heard it: any is allowed.
    fn steps(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
        next: &mut Vec<Self::State>,
    );
}

/// The [`Model`] of a [`NondeterministicModel`]: its state is the set of the states that the object may be in,
/// ascending. A step costs the sum of the steps from each of them, and there can be as many as the object has states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nondeterministic<M>(
    /// The object.
    pub M,
);

impl<M: NondeterministicModel> Model for Nondeterministic<M> {
    type State = Vec<M::State>;
    type Input = M::Input;
    type Output = M::Output;
    type Key = M::Key;

    fn key(&self, input: &M::Input) -> M::Key {
        self.0.key(input)
    }

    fn initial(&self, key: &M::Key) -> Vec<M::State> {
        let mut states = Vec::new();
        self.0.initial(key, &mut states);
        as_set(states)
    }

    fn step(
        &self,
        states: &Vec<M::State>,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<Vec<M::State>> {
        let mut next = Vec::new();
        for state in states {
            self.0.steps(state, input, output, &mut next);
        }
        (!next.is_empty()).then(|| as_set(next))
    }
}

fn as_set<S: Ord>(mut states: Vec<S>) -> Vec<S> {
    states.sort_unstable();
    states.dedup();
    states
}
