//! A priority queue: the greatest first; one for each key where a history has keys.

use crate::{
    Contents, Event, EventKind, Function, Model, Notation, PoolInput, PoolOutput, Role, Shape,
    Value,
    model::pool::{self, Discipline},
};

/// A priority queue that starts empty: `insert` puts a value in, `take-max` takes the greatest ([`Value`]'s own order)
/// and answers nil when there is nothing. An indeterminate take may have taken the greatest, or nothing.
///
/// ```
/// use consistency::{Model, PoolInput, PoolOutput, PriorityQueue};
///
/// let mut state = PriorityQueue.initial(&None);
/// for value in [3, 7, 5] {
///     state = PriorityQueue.step(&state, &PoolInput::put(value), None).ok_or("always allowed")?;
/// }
/// let take = PoolInput::take();
/// assert!(PriorityQueue.step(&state, &take, Some(&PoolOutput::Taken(7.into()))).is_some());
/// assert!(PriorityQueue.step(&state, &take, Some(&PoolOutput::Taken(3.into()))).is_none());
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriorityQueue;

const DISCIPLINE: Discipline<Contents> = Discipline {
    put: Contents::insert,
    next: Contents::back,
    take: take_greatest,
};

impl Model for PriorityQueue {
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
        Some(Shape::PriorityQueue)
    }

    fn role<'a>(&self, input: &'a PoolInput, output: Option<&'a PoolOutput>) -> Option<Role<'a>> {
        pool::role(&input.call, output)
    }
}

impl Notation for PriorityQueue {
    const NAME: &'static str = "priority-queue";

    fn read_call(&self, invoke: &Event) -> Result<PoolInput, &'static str> {
        let expected = "insert or take-max";
        pool::read_call(invoke, &Function::Insert, &Function::TakeMax, expected)
    }

    fn read_ok(&self, input: &PoolInput, ok: &Event) -> Result<PoolOutput, &'static str> {
        Ok(pool::read_ok(input, ok))
    }

    fn read_fail(&self, _: &PoolInput, _: &Event) -> Option<PoolOutput> {
        None
    }

    fn write_call(&self, input: &PoolInput) -> (Function, Option<Value>, Value) {
        pool::write_call(input, Function::Insert, Function::TakeMax)
    }

    fn write_output(&self, input: &PoolInput, output: &PoolOutput) -> (EventKind, Value) {
        pool::write_output(input, output)
    }
}

fn take_greatest(state: &Contents) -> Option<Contents> {
    state.remove(state.back()?)
}
