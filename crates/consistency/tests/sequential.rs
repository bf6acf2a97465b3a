//! Sequential consistency against the definition, and the traps of checking it.

mod common;

use std::collections::BTreeMap;

use common::{Toy, below, is_linearizable, keep_only, random_history};
use consistency::{
    CasRegister, Completion, Error, Judgement, KeyValue, KvInput, KvOutput, Limits, Model, Moment,
    NotCheckable, Operation, OperationId, ProcessId, Reason, Recorder, Register, RegisterInput,
    RegisterOutput, UnknownReason, Value, check_linearizable, check_sequential, replay_sequential,
};
use quickcheck::Gen;

type Kv = Operation<KvInput, KvOutput>;

/// Every order of every choice of operations is tried, on one copy of all objects.
fn is_sequential<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> bool {
    extends(model, history, &mut Vec::new(), &BTreeMap::new())
}

fn extends<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    order: &mut Vec<usize>,
    states: &BTreeMap<M::Key, M::State>,
) -> bool {
    let is_ok = |place: usize| matches!(history[place].completion, Completion::Ok { .. });
    if (0..history.len()).all(|place| !is_ok(place) || order.contains(&place)) {
        return true;
    }
    let call = |place: usize| (history[place].call.position, place);
    for place in 0..history.len() {
        let operation = &history[place];
        let waits = |other: usize| {
            is_ok(other)
                && history[other].process == operation.process
                && call(other) < call(place)
                && !order.contains(&other)
        };
        if order.contains(&place)
            || matches!(operation.completion, Completion::Fail { .. })
            || (0..history.len()).any(waits)
        {
            continue;
        }
        let key = model.key(&operation.input);
        let state = match states.get(&key) {
            Some(state) => state.clone(),
            None => model.initial(&key),
        };
        let output = operation.completion.output();
        let Some(next) = model.step(&state, &operation.input, output) else {
            continue;
        };
        let mut states = states.clone();
        states.insert(key, next);
        order.push(place);
        if extends(model, history, order, &states) {
            return true;
        }
        order.pop();
    }
    false
}

fn check<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
) -> Judgement<Vec<OperationId>> {
    check_sequential(model, history, &Limits::default(), &mut || true)
}

/// Compares the judgement with the definition, and checks its certificate.
fn judge<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> bool {
    let expected = is_sequential(model, history);
    match check(model, history) {
        Judgement::Holds(order) => {
            assert!(expected, "should be violated: {history:#?}");
            let replayed = replay_sequential(model, history, &order);
            assert_eq!(replayed, Ok(()), "{order:?} {history:#?}");
        }
        Judgement::Violated(anomaly) => {
            assert!(!expected, "should hold: {history:#?}");
            assert!(anomaly.is_minimal && anomaly.rule.name == "sequential");
            let core = &anomaly.operations;
            let rest = keep_only(model, history, core);
            assert!(!is_sequential(model, &rest), "{core:?} of {history:#?}");
            for id in core {
                let others: Vec<_> = core.iter().copied().filter(|other| other != id).collect();
                let rest = keep_only(model, history, &others);
                assert!(
                    is_sequential(model, &rest),
                    "{id} of {core:?}: {history:#?}"
                );
            }
        }
        other => panic!("{other:?}: {history:#?}"),
    }
    expected
}

/// Gives the operations to processes so that none overlaps with itself; an indeterminate one frees its process.
fn deal<I, O>(history: &mut [Operation<I, O>], g: &mut Gen, processes: u64) {
    let mut busy_until: BTreeMap<ProcessId, u64> = BTreeMap::new();
    for operation in history {
        let call = operation.call.position;
        let wanted = below(g, processes);
        let end = match operation.completion {
            Completion::Ok { .. } => operation.return_position(),
            Completion::Fail { at } => at.position,
            Completion::Info { .. } => call,
        };
        let is_free = |process: &ProcessId| busy_until.get(process).is_none_or(|end| *end < call);
        let process = (0..).map(|more| ProcessId(wanted + more)).find(is_free);
        operation.process = process.expect("there are more numbers than operations");
        busy_until.insert(operation.process, end);
    }
}

/// Takes the overlaps away, which linearizability needs and sequential consistency does not look at.
fn one_by_one<I, O>(history: &mut [Operation<I, O>]) {
    for (number, operation) in (0..).zip(history) {
        operation.call.position = 2 * number;
        if let Completion::Ok { at, .. } | Completion::Fail { at } = &mut operation.completion {
            at.position = 2 * number + 1;
        }
    }
}

fn campaign<M: Toy>(model: &M, seed: u64, rounds: u64) -> [u64; 3] {
    let mut g = Gen::from_size_and_seed(64, seed);
    let mut counts = [0; 3];
    for round in 0..rounds {
        let operations = 1 + below(&mut g, 6);
        let mut history = random_history(model, &mut g, operations, 2 + round % 5, round % 3);
        if round % 2 == 0 {
            one_by_one(&mut history);
        }
        deal(&mut history, &mut g, 1 + round % 3);
        let holds = judge(model, &history);
        let is_linearizable = is_linearizable(model, &history);
        assert!(
            holds || !is_linearizable,
            "linearizable, so sequential: {history:#?}"
        );
        counts[usize::from(holds) + usize::from(is_linearizable)] += 1;
    }
    counts
}

#[test]
fn random_registers_agree_with_the_definition() {
    let counts = campaign(&CasRegister::new(Value::Int(0)), 11, 30_000);
    assert!(counts.iter().all(|count| *count > 300), "{counts:?}");
}

#[test]
fn random_stores_of_two_keys_agree_with_the_definition() {
    let counts = campaign(&KeyValue::new(Value::Nil), 12, 30_000);
    assert!(counts.iter().all(|count| *count > 300), "{counts:?}");
}

fn at(position: u64) -> Moment {
    Moment {
        position,
        time_ns: None,
    }
}

/// The operation that is the `number`th of all: called at `2 × number`, returned right after.
fn kv(process: u64, number: u64, input: KvInput, output: Option<KvOutput>) -> Kv {
    Operation {
        process: ProcessId(process),
        call: at(2 * number),
        input,
        completion: match output {
            Some(output) => Completion::Ok {
                at: at(2 * number + 1),
                output,
            },
            None => Completion::Info { at: None },
        },
    }
}

/// Reads of three values and writes of two, on two keys, known or not; three operations, and two or three processes.
#[test]
fn every_history_of_three_operations_agrees_with_the_definition() {
    let mut kinds = Vec::new();
    for key in ["x", "y"] {
        for value in [Value::Nil, 1.into(), 2.into()] {
            kinds.push((KvInput::get(key), Some(KvOutput::Value(value))));
        }
        for value in [1, 2] {
            kinds.push((KvInput::put(key, value), Some(KvOutput::Done)));
        }
        kinds.push((KvInput::put(key, 1), None));
    }
    let model = KeyValue::new(Value::Nil);
    let (mut held, mut linearizable, mut all) = (0, 0, 0);
    for processes in [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [0, 1, 2]] {
        for pick in 0..kinds.len().pow(3) {
            let picks = [
                pick % kinds.len(),
                pick / kinds.len() % kinds.len(),
                pick / kinds.len().pow(2),
            ];
            let history: Vec<Kv> = (0..3)
                .map(|place| {
                    let (input, output) = kinds[picks[place]].clone();
                    kv(processes[place], place as u64, input, output)
                })
                .collect();
            let holds = judge(&model, &history);
            let is_linearizable = is_linearizable(&model, &history);
            assert!(holds || !is_linearizable);
            held += u64::from(holds);
            linearizable += u64::from(is_linearizable);
            all += 1;
        }
    }
    assert_eq!(all, 8_640);
    assert!(
        held > linearizable && linearizable > 1_000,
        "{held} {linearizable}"
    );
}

fn recorded(steps: &[(u64, KvInput, KvOutput)]) -> Vec<Kv> {
    let kv = |(number, (process, input, output)): (u64, &(u64, KvInput, KvOutput))| {
        kv(*process, number, input.clone(), Some(output.clone()))
    };
    (0..).zip(steps).map(kv).collect()
}

fn put(process: u64, key: &str, value: i64) -> (u64, KvInput, KvOutput) {
    (process, KvInput::put(key, value), KvOutput::Done)
}

fn get(process: u64, key: &str, value: impl Into<Value>) -> (u64, KvInput, KvOutput) {
    (process, KvInput::get(key), KvOutput::Value(value.into()))
}

/// Store buffering (Dekker): each process writes one flag and reads the other as unset.
fn store_buffering() -> Vec<Kv> {
    recorded(&[
        put(0, "x", 1),
        get(0, "y", Value::Nil),
        put(1, "y", 1),
        get(1, "x", Value::Nil),
    ])
}

// Trap 8, and Herlihy and Wing 1990, section 3.3: sequential consistency is not local.
#[test]
fn each_key_alone_is_sequential_and_both_together_are_not() {
    let model = KeyValue::new(Value::Nil);
    let history = store_buffering();
    for key in ["x", "y"] {
        let part: Vec<Kv> = history
            .iter()
            .filter(|it| it.input.key() == &key.into())
            .cloned()
            .collect();
        assert!(judge(&model, &part), "{key}");
    }
    assert!(!judge(&model, &history));
    let judgement = check(&model, &history);
    let anomaly = judgement.anomaly().expect("violated");
    assert_eq!(anomaly.operations.len(), 4);
    let sessions = anomaly
        .edges
        .iter()
        .filter(|it| it.reason == Reason::Session);
    assert_eq!(sessions.count(), 2);
}

// Independent reads of independent writes: two readers see two writes in two orders.
#[test]
fn readers_that_disagree_on_the_order_of_two_writes_are_refused() {
    let model = KeyValue::new(Value::Nil);
    let history = recorded(&[
        put(0, "x", 1),
        put(1, "y", 1),
        get(2, "x", 1),
        get(2, "y", Value::Nil),
        get(3, "y", 1),
        get(3, "x", Value::Nil),
    ]);
    assert!(!judge(&model, &history));
    assert!(judge(&model, &history[..5]));
}

#[test]
fn a_stale_read_is_sequential_and_going_back_is_not() {
    let model = KeyValue::new(Value::Nil);
    let stale = [put(0, "x", 1), put(0, "x", 2), get(1, "x", 1)];
    assert!(judge(&model, &recorded(&stale)));
    let mut back = stale.to_vec();
    back.insert(2, get(1, "x", 2));
    assert!(!judge(&model, &recorded(&back)));
}

#[test]
fn a_read_may_see_a_write_that_is_called_later() {
    let model = KeyValue::new(Value::Nil);
    assert!(judge(&model, &recorded(&[get(1, "x", 1), put(0, "x", 1)])));
    assert!(!judge(&model, &recorded(&[get(0, "x", 1), put(0, "x", 1)])));
}

#[test]
fn a_timed_out_write_comes_behind_what_its_process_had_done_or_never() {
    let model = KeyValue::new(Value::Nil);
    let timed_out = |number| kv(0, number, KvInput::put("x", 1), None);
    let mut history = recorded(&[get(0, "x", 1)]);
    history.push(timed_out(1));
    assert!(!judge(&model, &history), "before what its process had done");
    // The process number comes back after the timeout, and the write is still open.
    let mut history = recorded(&[
        put(0, "x", 7),
        put(0, "x", 2),
        get(1, "x", 2),
        get(1, "x", 1),
    ]);
    history.insert(1, timed_out(1));
    assert!(judge(&model, &history), "late");
    history.push(kv(1, 9, KvInput::get("x"), Some(KvOutput::Value(7.into()))));
    assert!(!judge(&model, &history), "7 came back");
}

#[test]
fn a_process_with_two_open_operations_has_no_order() {
    let mut history = recorded(&[put(0, "x", 1), put(0, "x", 2)]);
    history[0].completion = Completion::Ok {
        at: at(3),
        output: KvOutput::Done,
    };
    let judgement = check(&KeyValue::new(Value::Nil), &history);
    let reason = NotCheckable::ProcessOverlaps {
        process: ProcessId(0),
        operation: OperationId(1),
    };
    assert_eq!(judgement, Judgement::NotCheckable(reason));
}

#[test]
fn deadline_and_memory_end_in_unknown() {
    let model = KeyValue::new(Value::Nil);
    let history = store_buffering();
    let interrupted = check_sequential(&model, &history, &Limits::default(), &mut || false);
    assert_eq!(interrupted, Judgement::Unknown(UnknownReason::Interrupted));
    let mut questions = 0;
    let limits = Limits {
        steps_per_question: 2,
        ..Limits::default()
    };
    let late = check_sequential(&model, &history, &limits, &mut || {
        questions += 1;
        questions < 4
    });
    assert_eq!(late, Judgement::Unknown(UnknownReason::Interrupted));
    for limits in [
        Limits {
            entries_max: 0,
            ..Limits::default()
        },
        Limits {
            bytes_max: 100,
            ..Limits::default()
        },
    ] {
        let full = check_sequential(&model, &history, &limits, &mut || true);
        assert_eq!(full, Judgement::Unknown(UnknownReason::MemoryBound));
    }
}

#[test]
fn replay_refuses_every_kind_of_wrong_witness() {
    let model = KeyValue::new(Value::Nil);
    let mut history = recorded(&[put(0, "x", 1), put(0, "y", 1), get(1, "x", 1)]);
    history.push(kv(0, 3, KvInput::put("x", 5), None));
    history.push(Operation {
        completion: Completion::Fail { at: at(9) },
        ..kv(2, 4, KvInput::put("x", 6), None)
    });
    let replay = |order: &[usize]| {
        let order: Vec<_> = order.iter().copied().map(OperationId).collect();
        replay_sequential(&model, &history, &order)
    };
    let operation = OperationId;
    assert_eq!(replay(&[0, 2, 1]), Ok(()));
    assert_eq!(replay(&[0, 2, 1, 3]), Ok(()));
    let refused = |order: &[usize]| replay(order).expect_err("a wrong witness");
    assert_eq!(
        refused(&[0, 9]),
        Error::WitnessStranger {
            operation: operation(9)
        }
    );
    assert_eq!(
        refused(&[0, 0]),
        Error::WitnessRepeats {
            operation: operation(0)
        }
    );
    assert_eq!(
        refused(&[0, 4]),
        Error::WitnessFailed {
            operation: operation(4)
        }
    );
    assert_eq!(
        refused(&[1]),
        Error::WitnessProcessOrder {
            operation: operation(1)
        }
    );
    assert_eq!(
        refused(&[0, 3]),
        Error::WitnessProcessOrder {
            operation: operation(3)
        }
    );
    assert_eq!(
        refused(&[2]),
        Error::WitnessIllegal {
            operation: operation(2)
        }
    );
    assert_eq!(
        refused(&[0, 2]),
        Error::WitnessMisses {
            operation: operation(1)
        }
    );
}

/// A register served one operation at a time; every client sees it as it was `lag` operations ago, its own writes
/// aside. Sequential, and not linearizable.
#[test]
fn long_stale_histories_are_decided() {
    let (clients, rounds) = (5, 2_000);
    let mut recorder = Recorder::new();
    let mut value = Value::Int(0);
    for number in 0..rounds {
        let writer = ProcessId(0);
        let write = recorder
            .invoke(writer, RegisterInput::write(number), 0)
            .expect("idle");
        recorder.ok(write, RegisterOutput::Done, 0).expect("open");
        if number % 10 == 3 {
            value = number.into();
        }
        for client in 1..clients {
            let reader = ProcessId(client);
            let read = recorder
                .invoke(reader, RegisterInput::read(), 0)
                .expect("idle");
            recorder
                .ok(read, RegisterOutput::Value(value.clone()), 0)
                .expect("open");
        }
    }
    let (model, history) = (Register::new(Value::Int(0)), recorder.finish());
    let limits = Limits {
        bytes_max: 32 << 20,
        ..Limits::default()
    };
    assert!(!check_linearizable(&model, &history[..100], &limits, &mut || true).holds());
    let judgement = check_sequential(&model, &history, &limits, &mut || true);
    let Judgement::Holds(order) = judgement else {
        panic!("{judgement:?}");
    };
    assert_eq!(replay_sequential(&model, &history, &order), Ok(()));
}

#[test]
fn a_hundred_thousand_operations_do_not_overflow_the_stack() {
    let mut recorder = Recorder::new();
    for number in 0..100_000 {
        let process = ProcessId(number % 7);
        let write = recorder
            .invoke(
                process,
                KvInput::put((number % 11) as i64, number as i64),
                0,
            )
            .expect("idle");
        recorder.ok(write, KvOutput::Done, 0).expect("open");
    }
    let (model, history) = (KeyValue::new(Value::Nil), recorder.finish());
    let limits = Limits::default();
    assert!(check_sequential(&model, &history, &limits, &mut || true).holds());
}
