//! The search against the definition: every order tried, on every tiny history and on many random small ones.

mod common;

use common::{Toy, below, is_linearizable, keep_only, random_history};
use consistency::{
    CasRegister, Completion, KeyValue, KvInput, KvOutput, Limits, Model, Moment, Operation,
    OperationId, ProcessId, Recorder, RegisterInput, RegisterOutput, Value, Verdict, Violation,
    Whole, check_linearizable, check_linearizable_by_search, replay,
};
use quickcheck::Gen;

/// Compares the verdict with the definition, and checks the certificate that comes with it.
fn judge<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> bool {
    let verdict = check_linearizable(model, history, &Limits::default(), &mut || true);
    let expected = is_linearizable(model, history);
    match verdict {
        Verdict::Holds(witness) => {
            assert!(expected, "should be violated: {history:#?}");
            assert_eq!(replay(model, history, &witness), Ok(()), "{history:#?}");
        }
        Verdict::Violated(violation) => {
            assert!(!expected, "should hold: {history:#?}");
            check_evidence(model, history, &violation);
        }
        Verdict::Unknown { reason, .. } => panic!("{reason}: {history:#?}"),
    }
    expected
}

fn check_evidence<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    violation: &Violation<M::Key>,
) {
    let core = &violation.operations;
    assert!(violation.is_minimal, "{history:#?}");
    let rest = keep_only(model, history, core);
    assert!(
        !is_linearizable(model, &rest),
        "the core {core:?} of {history:#?}"
    );
    for id in core {
        let others: Vec<OperationId> = core.iter().copied().filter(|other| other != id).collect();
        let rest = keep_only(model, history, &others);
        assert!(
            is_linearizable(model, &rest),
            "{id} of {core:?} is idle in {history:#?}"
        );
    }
    // The longest order goes well, and none of the blocked ones fits behind it.
    let mut state = model.initial(&violation.key);
    for id in &violation.longest {
        let operation = &history[id.0];
        let output = operation.completion.output();
        state = model
            .step(&state, &operation.input, output)
            .expect("a legal order");
    }
    assert!(!violation.blocked.is_empty());
    for id in &violation.blocked {
        let operation = &history[id.0];
        let output = operation.completion.output();
        assert_eq!(model.step(&state, &operation.input, output), None);
    }
}

fn campaign<M: Toy>(model: &M, seed: u64) -> (u64, u64) {
    let mut g = Gen::from_size_and_seed(64, seed);
    let (mut held, mut violated) = (0, 0);
    for round in 0..60_000 {
        let operations = 1 + below(&mut g, 7);
        let mutations = round % 3;
        let heard_of = 2 + round % 5;
        let history = random_history(model, &mut g, operations, heard_of, mutations);
        let holds = judge(model, &history);
        assert!(holds || mutations > 0, "a correct object: {history:#?}");
        if holds {
            held += 1;
        } else {
            violated += 1;
        }
    }
    (held, violated)
}

#[test]
fn random_cas_registers_agree_with_the_definition() {
    let (held, violated) = campaign(&CasRegister::new(Value::Int(0)), 1);
    assert!(
        held > 30_000 && violated > 5_000,
        "{held} held, {violated} violated"
    );
}

/// The definition looks at the whole store at once, the search at one key after the other: locality (Herlihy and
/// Wing 1990, theorem 1).
#[test]
fn random_stores_of_two_keys_agree_with_the_definition_on_the_whole_store() {
    let (held, violated) = campaign(&KeyValue::new(Value::Nil), 2);
    assert!(
        held > 30_000 && violated > 5_000,
        "{held} held, {violated} violated"
    );
}

/// One object of all keys, which is never split, gets the verdict of the keys.
#[test]
fn a_whole_store_gets_the_verdict_of_its_keys() {
    let (parts, mut g) = (KeyValue::new(Value::Nil), Gen::from_size_and_seed(64, 3));
    let whole = Whole::new(parts.clone());
    let mut held = 0;
    for round in 0..10_000 {
        let operations = 1 + below(&mut g, 7);
        let history = random_history(&parts, &mut g, operations, 2 + round % 5, round % 3);
        let holds = judge(&whole, &history);
        let limits = Limits::default();
        let split = check_linearizable(&parts, &history, &limits, &mut || true);
        assert_eq!(holds, split.holds(), "{history:#?}");
        held += u64::from(holds);
    }
    assert!(held > 5_000 && held < 9_500, "{held}");
}

/// Three operations of seven kinds, in all ninety ways to overlap.
#[test]
fn every_history_of_three_operations_agrees_with_the_definition() {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let kinds = |call, end| {
        let ok = |output| Completion::Ok {
            at: at(end),
            output,
        };
        let operation = |input, completion| Operation {
            process: ProcessId(0),
            call: at(call),
            input,
            completion,
        };
        let unknown = || Completion::Info { at: Some(at(end)) };
        [
            operation(RegisterInput::read(), ok(RegisterOutput::Value(0.into()))),
            operation(RegisterInput::read(), ok(RegisterOutput::Value(1.into()))),
            operation(RegisterInput::write(1), ok(RegisterOutput::Done)),
            operation(RegisterInput::write(1), unknown()),
            operation(RegisterInput::cas(0, 1), ok(RegisterOutput::Done)),
            operation(RegisterInput::cas(0, 1), ok(RegisterOutput::Mismatch)),
            operation(RegisterInput::cas(1, 0), unknown()),
        ]
    };
    let mut orders = Vec::new();
    events(&mut vec![], &mut orders);
    assert_eq!(orders.len(), 90);
    let model = CasRegister::new(Value::Int(0));
    let (mut held, mut all) = (0, 0);
    for order in orders {
        let place = |event: usize| order.iter().position(|it| *it == event).expect("there") as u64;
        for kind in 0..343 {
            let picks = [kind % 7, kind / 7 % 7, kind / 49];
            let history: Vec<_> = (0..3)
                .map(|i| kinds(place(2 * i), place(2 * i + 1))[picks[i]].clone())
                .collect();
            held += u64::from(judge(&model, &history));
            all += 1;
        }
    }
    assert_eq!(all, 30_870);
    assert!(held > 5_000 && held < 25_000, "{held} of {all}");
}

/// Orders of the events 0 to 5 in which every call 2i stands before its return 2i + 1.
fn events(order: &mut Vec<usize>, orders: &mut Vec<Vec<usize>>) {
    if order.len() == 6 {
        orders.push(order.clone());
    }
    for event in 0..6 {
        let is_early = event % 2 == 1 && !order.contains(&(event - 1));
        if !order.contains(&event) && !is_early {
            order.push(event);
            events(order, orders);
            order.pop();
        }
    }
}

/// Histories too large for the definition: what is forgotten from the core is judged by the search instead.
fn small_cores<T: Toy, M: Model<Input = T::Input, Output = T::Output>>(
    toy: &T,
    model: &M,
    seed: u64,
    operations: u64,
) -> (usize, usize) {
    let mut g = Gen::from_size_and_seed(64, seed);
    let limits = Limits {
        shrink_steps_max: 0,
        ..Limits::default()
    };
    let holds = |history: &[Operation<M::Input, M::Output>]| {
        check_linearizable_by_search(model, history, &limits, &mut || true)
            .verdict
            .holds()
    };
    let (mut violated, mut largest) = (0, 0);
    for round in 0..150 {
        let history = random_history(toy, &mut g, operations, 3 + round % 3, 1);
        let limits = Limits::default();
        let checked = check_linearizable_by_search(model, &history, &limits, &mut || true);
        let Verdict::Violated(violation) = checked.verdict else {
            continue;
        };
        let core = violation.operations;
        assert!(violation.is_minimal, "{history:#?}");
        assert!(!holds(&keep_only(model, &history, &core)), "{core:?}");
        for id in &core {
            let others: Vec<OperationId> = core.iter().copied().filter(|it| it != id).collect();
            assert!(
                holds(&keep_only(model, &history, &others)),
                "{id} of {core:?}"
            );
        }
        violated += 1;
        largest = largest.max(core.len());
    }
    (violated, largest)
}

#[test]
fn large_violations_get_small_cores_too() {
    let register = CasRegister::new(Value::Int(0));
    let (violated, largest) = small_cores(&register, &register, 4, 60);
    assert!(violated > 25 && largest < 8, "{violated}, {largest}");
    let parts = KeyValue::new(Value::Nil);
    let (violated, largest) = small_cores(&parts, &Whole::new(parts.clone()), 5, 40);
    assert!(violated > 15 && largest < 12, "{violated}, {largest}");
}

/// Two clients, one writes 1, 2, 3, … and now and then hears nothing, the other reads it each time; the last read sees
/// 5 again.
#[test]
fn a_stale_read_behind_thousands_of_operations_has_a_core_of_three() {
    let mut recorder = Recorder::new();
    let mut writer = 0;
    for value in 1..=3_000 {
        let write = recorder
            .invoke(ProcessId(2 * writer), RegisterInput::write(value), 0)
            .expect("idle");
        let read = recorder
            .invoke(ProcessId(1), RegisterInput::read(), 0)
            .expect("idle");
        if value % 150 == 0 {
            recorder.info(write, 0).expect("open");
            writer += 1;
        } else {
            recorder.ok(write, RegisterOutput::Done, 0).expect("open");
        }
        recorder
            .ok(read, RegisterOutput::Value(value.into()), 0)
            .expect("open");
    }
    let stale = recorder
        .invoke(ProcessId(1), RegisterInput::read(), 0)
        .expect("idle");
    recorder
        .ok(stale, RegisterOutput::Value(5.into()), 0)
        .expect("open");
    let history = recorder.finish();
    let model = CasRegister::new(Value::Int(0));
    let limits = Limits::default();
    let checked = check_linearizable_by_search(&model, &history, &limits, &mut || true);
    let Verdict::Violated(violation) = checked.verdict else {
        panic!("5 was overwritten");
    };
    assert!(violation.is_minimal);
    assert_eq!(violation.operations.len(), 3, "{violation:?}");
    let [write, stale] = [OperationId(8), stale];
    assert!(violation.operations.contains(&write) && violation.operations.contains(&stale));
}

/// Nine keys of one object take appends at the same time, and one read of one key sees an append that another misses.
#[test]
fn a_violation_of_a_whole_store_is_that_of_one_key() {
    let mut recorder = Recorder::new();
    for round in 0..4 {
        let calls: Vec<OperationId> = (0..9_u64)
            .map(|key| {
                let input = KvInput::append(key as i64, format!("{round};"));
                recorder.invoke(ProcessId(key), input, 0).expect("idle")
            })
            .collect();
        for call in calls {
            recorder.ok(call, KvOutput::Done, 0).expect("open");
        }
    }
    for seen in ["0;1;2;3;", "0;1;2;"] {
        let get = recorder
            .invoke(ProcessId(9), KvInput::get(7), 0)
            .expect("idle");
        recorder
            .ok(get, KvOutput::Value(seen.into()), 0)
            .expect("open");
    }
    let history = recorder.finish();
    let model = Whole::new(KeyValue::new(Value::Nil));
    let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || true);
    let Verdict::Violated(violation) = verdict else {
        panic!("the last append is lost");
    };
    assert!(violation.is_minimal);
    assert_eq!(violation.operations, [OperationId(36), OperationId(37)]);
    let is_seven = |id: &OperationId| history[id.0].input.key() == &7.into();
    assert!(violation.forgotten.iter().all(is_seven));
}
