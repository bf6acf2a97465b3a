//! A stack: last in, first out; one for each key where a history has keys.

use crate::{
    Contents, Event, EventKind, Function, Model, Notation, PoolInput, PoolOutput, Role, Shape,
    Value,
    model::pool::{self, Discipline},
};

/// A stack that starts empty: `push` puts on top, `pop` takes from the top and answers nil when there is nothing. An
/// indeterminate pop may have taken what was on top, or nothing.
///
/// ```
/// use consistency::{Limits, PoolInput, PoolOutput, ProcessId, Recorder, Stack, check_linearizable};
///
/// let mut recorder = Recorder::new();
/// for value in [1, 2] {
///     let push = recorder.invoke(ProcessId(0), PoolInput::put(value), 0)?;
///     recorder.ok(push, PoolOutput::Done, 1)?;
/// }
/// for value in [2, 1] {
///     let pop = recorder.invoke(ProcessId(1), PoolInput::take(), 2)?;
///     recorder.ok(pop, PoolOutput::Taken(value.into()), 3)?;
/// }
/// let verdict = check_linearizable(&Stack, &recorder.finish(), &Limits::default(), &mut || true);
/// assert!(verdict.holds());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack;

const DISCIPLINE: Discipline<Contents> = Discipline {
    put: Contents::push_back,
    next: Contents::back,
    take: Contents::pop_back,
};

impl Model for Stack {
    type State = Contents;
    type Input = PoolInput;
    type Output = PoolOutput;
    type Key = Option<Value>;

    fn key(&self, input: &PoolInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> Contents {
        Contents::new()
    }

    fn step(
        &self,
        state: &Contents,
        input: &PoolInput,
        output: Option<&PoolOutput>,
    ) -> Option<Contents> {
        DISCIPLINE.step(state, &input.call, output)
    }

    fn is_pure(&self, _: &PoolInput, output: Option<&PoolOutput>) -> bool {
        pool::is_pure(output)
    }

    fn shape(&self) -> Option<Shape> {
        Some(Shape::Stack)
    }

    fn role<'a>(&self, input: &'a PoolInput, output: Option<&'a PoolOutput>) -> Option<Role<'a>> {
        pool::role(&input.call, output)
    }
}

impl Notation for Stack {
    const NAME: &'static str = "stack";

    fn read_call(&self, invoke: &Event) -> Result<PoolInput, &'static str> {
        let expected = "push or pop";
        pool::read_call(invoke, &Function::Push, &Function::Pop, expected)
    }

    fn read_ok(&self, input: &PoolInput, ok: &Event) -> Result<PoolOutput, &'static str> {
        Ok(pool::read_ok(input, ok))
    }

    fn read_fail(&self, _: &PoolInput, _: &Event) -> Option<PoolOutput> {
        None
    }

    fn write_call(&self, input: &PoolInput) -> (Function, Option<Value>, Value) {
        pool::write_call(input, Function::Push, Function::Pop)
    }

    fn write_output(&self, input: &PoolInput, output: &PoolOutput) -> (EventKind, Value) {
        pool::write_output(input, output)
    }
}
