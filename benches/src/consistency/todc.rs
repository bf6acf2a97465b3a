//! The search of todc-utils, with a register of integers.

use consistency::{Operation, RegisterCall, RegisterInput, RegisterOutput};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use super::{Done, input};
use crate::Error;

pub(super) fn run(work: &str) -> Result<Done, Error> {
    if !matches!(work, "search-40k" | "register-1k") {
        return Err(Error::Refused {
            contender: "todc-utils",
            why: format!("it cannot do {work:?}"),
        });
    }
    let operations = input::register(work);
    let items = operations.len() as u64;
    let history = History::from_actions(actions(&operations));
    Ok(Done::of(items, || {
        let holds = WGLChecker::<Register>::is_linearizable(history);
        if holds { "holds" } else { "violated" }.to_owned()
    }))
}

struct Register;

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(i64),
    Write(i64),
}

impl Specification for Register {
    type State = i64;
    type Operation = Step;

    fn init() -> i64 {
        input::NIL
    }

    fn apply(step: &Step, state: &i64) -> (bool, i64) {
        match *step {
            Step::Read(value) => (value == *state, *state),
            Step::Write(value) => (true, value),
        }
    }
}

/// Calls and responses in the order in which they happened. Only of histories in which everything returned.
fn actions(history: &[Operation<RegisterInput, RegisterOutput>]) -> Vec<(usize, Action<Step>)> {
    let mut placed = Vec::new();
    for operation in history {
        let step = match (&operation.input.call, operation.completion.output()) {
            (RegisterCall::Read, Some(RegisterOutput::Value(value))) => {
                Step::Read(input::number(value))
            }
            (RegisterCall::Write(value), Some(_)) => Step::Write(input::number(value)),
            _ => continue,
        };
        let process = usize::try_from(operation.process.0).unwrap_or(usize::MAX);
        placed.push((operation.call.position, (process, Action::Call(step))));
        let end = operation.return_position();
        placed.push((end, (process, Action::Response(step))));
    }
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, action)| action).collect()
}
