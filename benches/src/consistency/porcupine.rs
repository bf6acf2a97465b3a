//! The search of porcupine in Rust, with models over integers and plain strings.

use std::path::Path;

use consistency::{
    Completion, KvInput, KvOutput, Operation, RegisterCall, RegisterInput, RegisterOutput, Value,
};
use porcupine_rs::{CheckResult, Model, check_operations_timeout};

use super::{Done, input};
use crate::Error;

pub(super) fn run(work: &str, folder: Option<&Path>) -> Result<Done, Error> {
    match work {
        "etcd" => {
            let logs = input::etcd(folder)?;
            let items = logs.iter().map(Vec::len).sum::<usize>() as u64;
            let logs: Vec<_> = logs.iter().map(|log| registers(log)).collect();
            Ok(Done::of(items, || {
                let said: Vec<&str> = logs.iter().map(|log| verdict::<Register>(log)).collect();
                said.join(", ")
            }))
        }
        "c10-ok" | "c10-bad" => {
            let log = input::key_value_log(folder, work)?;
            let operations = key_values(&log);
            let items = log.len() as u64;
            Ok(Done::of(items, || verdict::<Store>(&operations).to_owned()))
        }
        "search-40k" | "register-1k" => {
            let history = input::register(work);
            let operations = registers(&history);
            let items = history.len() as u64;
            Ok(Done::of(items, || {
                verdict::<Register>(&operations).to_owned()
            }))
        }
        _ => Err(Error::Refused {
            contender: "porcupine-rs",
            why: format!("it cannot do {work:?}"),
        }),
    }
}

fn verdict<M: Model>(operations: &[porcupine_rs::Operation<M>]) -> &'static str {
    // The parent ends us when it has waited long enough.
    let forever = std::time::Duration::from_secs(1 << 20);
    match check_operations_timeout(operations, forever) {
        CheckResult::Ok => "holds",
        CheckResult::Illegal => "violated",
        CheckResult::Unknown => "unknown",
    }
}

#[derive(Clone, Debug)]
struct Register;

#[derive(Clone, Debug)]
enum Step {
    Read(i64),
    Write(i64),
    Cas(i64, i64),
    Mismatch(i64),
    /// A compare-and-set of which nobody heard.
    MaybeCas(i64, i64),
    Nothing,
}

impl Model for Register {
    type State = i64;
    type Op = Step;
    type Metadata = ();

    fn init() -> i64 {
        input::NIL
    }

    fn step(state: &i64, step: &Step) -> (bool, i64) {
        match *step {
            Step::Read(value) => (value == *state, *state),
            Step::Write(value) => (true, value),
            Step::Cas(expected, new) => (expected == *state, new),
            Step::Mismatch(expected) => (expected != *state, *state),
            Step::MaybeCas(expected, new) => (true, if expected == *state { new } else { *state }),
            Step::Nothing => (true, *state),
        }
    }
}

fn registers(
    history: &[Operation<RegisterInput, RegisterOutput>],
) -> Vec<porcupine_rs::Operation<Register>> {
    let step = |operation: &Operation<RegisterInput, RegisterOutput>| {
        let number = input::number;
        match (&operation.input.call, &operation.completion) {
            (RegisterCall::Read, Completion::Ok { output, .. }) => match output {
                RegisterOutput::Value(value) => Step::Read(number(value)),
                _ => Step::Nothing,
            },
            (RegisterCall::Write(value), _) => Step::Write(number(value)),
            (RegisterCall::Cas { expected, new }, Completion::Ok { output, .. }) => match output {
                RegisterOutput::Mismatch => Step::Mismatch(number(expected)),
                _ => Step::Cas(number(expected), number(new)),
            },
            (RegisterCall::Cas { expected, new }, _) => {
                Step::MaybeCas(number(expected), number(new))
            }
            (RegisterCall::Read, _) => Step::Nothing,
        }
    };
    operations(history, step)
}

#[derive(Clone, Debug)]
struct Store;

#[derive(Clone, Debug)]
enum Change {
    Get(u8, String),
    Put(u8, String),
    Append(u8, String),
    Nothing,
}

impl Model for Store {
    type State = [String; 10];
    type Op = Change;
    type Metadata = ();

    fn init() -> [String; 10] {
        Default::default()
    }

    fn step(state: &[String; 10], change: &Change) -> (bool, [String; 10]) {
        let mut after = state.clone();
        match change {
            Change::Get(key, value) => return (state[usize::from(*key)] == *value, after),
            Change::Put(key, value) => after[usize::from(*key)].clone_from(value),
            Change::Append(key, value) => after[usize::from(*key)].push_str(value),
            Change::Nothing => {}
        }
        (true, after)
    }
}

fn key_values(history: &[Operation<KvInput, KvOutput>]) -> Vec<porcupine_rs::Operation<Store>> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.to_string(),
        other => other.to_string(),
    };
    let step = |operation: &Operation<KvInput, KvOutput>| match (
        &operation.input,
        operation.completion.output(),
    ) {
        (KvInput::Get { key }, Some(KvOutput::Value(value))) => {
            Change::Get(input::digit(key), text(value))
        }
        (KvInput::Put { key, value }, _) => Change::Put(input::digit(key), text(value)),
        (KvInput::Append { key, value }, _) => Change::Append(input::digit(key), text(value)),
        _ => Change::Nothing,
    };
    operations(history, step)
}

/// Failed operations are left out; indeterminate ones end with the history.
fn operations<I, O, M: Model>(
    history: &[Operation<I, O>],
    step: impl Fn(&Operation<I, O>) -> M::Op,
) -> Vec<porcupine_rs::Operation<M>> {
    let time = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
    history
        .iter()
        .filter(|operation| !matches!(operation.completion, Completion::Fail { .. }))
        .map(|operation| porcupine_rs::Operation {
            client_id: None,
            call_time: time(operation.call.position),
            return_time: time(operation.return_position()),
            op: step(operation),
            metadata: None,
        })
        .collect()
}
