//! A queue: first in, first out; one for each key where a history has keys.

use crate::{
    Contents, Event, EventKind, Function, Model, Notation, PoolInput, PoolOutput, Role, Shape,
    Value,
    model::pool::{self, Discipline},
};

/// A queue that starts empty: `enqueue` puts at the end, `dequeue` takes from the front and answers nil when there is
/// nothing. An indeterminate dequeue may have taken what was at the front, or nothing.
///
/// ```
/// use consistency::{FifoQueue, Format, Limits, Verdict, check_linearizable, parse};
///
/// let text = br#"
/// {"process":0,"type":"invoke","f":"enqueue","value":1}
/// {"process":0,"type":"ok","f":"enqueue","value":1}
/// {"process":0,"type":"invoke","f":"enqueue","value":2}
/// {"process":0,"type":"ok","f":"enqueue","value":2}
/// {"process":0,"type":"invoke","f":"dequeue"}
/// {"process":0,"type":"ok","f":"dequeue","value":2}
/// "#;
/// let operations = parse(text, Format::JsonLines)?.operations(&FifoQueue)?;
/// let verdict = check_linearizable(&FifoQueue, &operations, &Limits::default(), &mut || true);
/// assert!(matches!(verdict, Verdict::Violated(_))); // 2 overtook 1
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FifoQueue;

const DISCIPLINE: Discipline<Contents> = Discipline {
    put: Contents::push_back,
    next: Contents::front,
    take: Contents::pop_front,
};

impl Model for FifoQueue {
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
        Some(Shape::Queue)
    }

    fn role<'a>(&self, input: &'a PoolInput, output: Option<&'a PoolOutput>) -> Option<Role<'a>> {
        pool::role(&input.call, output)
    }
}

impl Notation for FifoQueue {
    const NAME: &'static str = "queue";

    fn read_call(&self, invoke: &Event) -> Result<PoolInput, &'static str> {
        let expected = "enqueue or dequeue";
        pool::read_call(invoke, &Function::Enqueue, &Function::Dequeue, expected)
    }

    fn read_ok(&self, input: &PoolInput, ok: &Event) -> Result<PoolOutput, &'static str> {
        Ok(pool::read_ok(input, ok))
    }

    fn read_fail(&self, _: &PoolInput, _: &Event) -> Option<PoolOutput> {
        None
    }

    fn write_call(&self, input: &PoolInput) -> (Function, Option<Value>, Value) {
        pool::write_call(input, Function::Enqueue, Function::Dequeue)
    }

    fn write_output(&self, input: &PoolInput, output: &PoolOutput) -> (EventKind, Value) {
        pool::write_output(input, output)
    }
}
