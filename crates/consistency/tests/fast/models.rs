//! The models step by step, and their written form.

use consistency::{
    Event, EventKind, FifoQueue, Format, Function, History, Limits, Model, Notation, PoolInput,
    PoolOutput, PriorityQueue, ProcessId, Recorder, Set, SetInput, SetOutput, Stack, Value,
    check_linearizable, parse, write_json_lines,
};

/// What a sequence of takes answers after 2, 3 and 1 were put.
fn takes<M: Model<Input = PoolInput, Output = PoolOutput, Key = Option<Value>>>(
    model: &M,
) -> Vec<Value> {
    let mut state = model.initial(&None);
    for value in [2, 3, 1] {
        let put = PoolInput::put(value);
        assert_eq!(model.step(&state, &put, Some(&PoolOutput::Empty)), None);
        state = model
            .step(&state, &put, Some(&PoolOutput::Done))
            .expect("put");
    }
    let mut taken = Vec::new();
    loop {
        let take = |output| model.step(&state, &PoolInput::take(), Some(&output));
        let next = (1..=3).find_map(|value| Some((value, take(PoolOutput::Taken(value.into()))?)));
        assert_eq!(take(PoolOutput::Done), None);
        assert_eq!(next.is_none(), take(PoolOutput::Empty).is_some());
        let unheard = model
            .step(&state, &PoolInput::take(), None)
            .expect("always allowed");
        let Some((value, after)) = next else {
            assert_eq!(unheard, state, "it took nothing");
            return taken;
        };
        assert_eq!(unheard, after);
        taken.push(value.into());
        state = after;
    }
}

#[test]
fn each_discipline_takes_in_its_order_and_says_empty_only_when_it_is() {
    let values = |taken: [i64; 3]| taken.map(Value::from).to_vec();
    assert_eq!(takes(&FifoQueue), values([2, 3, 1]));
    assert_eq!(takes(&Stack), values([1, 3, 2]));
    assert_eq!(takes(&PriorityQueue), values([3, 2, 1]));
}

#[test]
fn a_set_says_what_changed() {
    let empty = Set.initial(&None);
    let truth =
        |state, input: &SetInput, heard| Set.step(state, input, Some(&SetOutput::Truth(heard)));
    let (add, remove, contains) = (SetInput::add(1), SetInput::remove(1), SetInput::contains(1));
    let full = truth(&empty, &add, true).expect("it was not there");
    assert_eq!(truth(&empty, &add, false), None);
    assert_eq!(truth(&full, &add, false).as_ref(), Some(&full));
    assert_eq!(truth(&full, &add, true), None);
    assert_eq!(
        Set.step(&full, &add, Some(&SetOutput::Done)).as_ref(),
        Some(&full)
    );
    assert_eq!(truth(&full, &remove, true).as_ref(), Some(&empty));
    assert_eq!(truth(&full, &remove, false), None);
    assert_eq!(truth(&empty, &remove, false).as_ref(), Some(&empty));
    assert_eq!(Set.step(&empty, &remove, None).as_ref(), Some(&empty));
    assert_eq!(Set.step(&full, &remove, None).as_ref(), Some(&empty));
    assert!(truth(&full, &contains, true).is_some() && truth(&full, &contains, false).is_none());
    assert!(truth(&empty, &contains, false).is_some() && truth(&empty, &contains, true).is_none());
    let read = |state, values: &[i64]| {
        let values = values.iter().map(|value| Value::from(*value)).collect();
        Set.step(state, &SetInput::read(), Some(&SetOutput::Values(values)))
    };
    assert!(read(&full, &[1]).is_some() && read(&full, &[]).is_none());
    assert!(read(&full, &[1, 2]).is_none() && read(&empty, &[]).is_some());
}

/// What a model calls pure must leave every state as it is.
#[test]
fn what_is_called_pure_changes_no_state() {
    let states = [vec![], vec![1], vec![2], vec![1, 2]].map(|values| {
        values.iter().fold(Set.initial(&None), |state, value| {
            Set.step(&state, &SetInput::add(*value), None).expect("add")
        })
    });
    let outputs = [
        None,
        Some(SetOutput::Done),
        Some(SetOutput::Truth(true)),
        Some(SetOutput::Truth(false)),
        Some(SetOutput::Values(vec![1.into()])),
    ];
    let inputs = [
        SetInput::add(1),
        SetInput::remove(1),
        SetInput::contains(1),
        SetInput::read(),
    ];
    for input in &inputs {
        for output in &outputs {
            for state in &states {
                let after = Set.step(state, input, output.as_ref());
                if Set.is_pure(input, output.as_ref()) {
                    assert!(after.is_none_or(|after| after == *state));
                }
            }
        }
    }
    assert!(FifoQueue.is_pure(&PoolInput::take(), Some(&PoolOutput::Empty)));
    assert!(!FifoQueue.is_pure(&PoolInput::take(), None));
}

#[test]
fn the_written_form_of_a_queue_is_read_back() {
    let mut recorder = Recorder::new();
    let jobs = |input: PoolInput| input.at("jobs");
    let put = recorder
        .invoke(ProcessId(0), jobs(PoolInput::put(7)), 0)
        .expect("idle");
    recorder.ok(put, PoolOutput::Done, 1).expect("open");
    for output in [PoolOutput::Taken(7.into()), PoolOutput::Empty] {
        let take = recorder
            .invoke(ProcessId(1), jobs(PoolInput::take()), 2)
            .expect("idle");
        recorder.ok(take, output, 3).expect("open");
    }
    recorder
        .invoke(ProcessId(1), jobs(PoolInput::take()), 4)
        .expect("idle");
    let operations = recorder.finish();
    let history = History::from_operations(&FifoQueue, &operations).expect("well paired");
    let text = write_json_lines(&history);
    assert!(text.contains(r#""f":"dequeue""#), "{text}");
    let read = parse(text.as_bytes(), Format::JsonLines).expect("our own text");
    assert_eq!(read.operations(&FifoQueue).expect("a queue's"), operations);
    assert!(read.operations(&Stack).is_err(), "a stack has no dequeue");
    let mut keep_going = || true;
    let verdict = check_linearizable(&FifoQueue, &operations, &Limits::default(), &mut keep_going);
    assert!(verdict.holds());
}

/// Jepsen's set tests read the whole set, as a list in any order.
#[test]
fn a_read_of_a_whole_set_is_a_list_in_any_order() {
    let event = |kind, value| Event {
        process: ProcessId(0),
        kind,
        function: Function::Read,
        key: None,
        value,
        error: None,
        time_ns: None,
    };
    let ok = event(EventKind::Ok, Value::list([3.into(), 1.into()]));
    let input = Set
        .read_call(&event(EventKind::Invoke, Value::Nil))
        .expect("a read");
    let output = Set.read_ok(&input, &ok).expect("a list");
    assert_eq!(output, SetOutput::Values(vec![1.into(), 3.into()]));
    assert_eq!(
        Set.read_ok(&input, &event(EventKind::Ok, 1.into())),
        Err("a list of values")
    );
}

#[test]
fn a_fail_of_a_take_observed_nothing() {
    let text = "{\"process\":0,\"type\":\"invoke\",\"f\":\"pop\"}\n\
                {\"process\":0,\"type\":\"fail\",\"f\":\"pop\"}\n";
    let history = parse(text.as_bytes(), Format::JsonLines).expect("well formed");
    let operations = history.operations(&Stack).expect("a stack's");
    assert_eq!(operations[0].completion.output(), None);
}

/// Nil is how a file says that there was nothing to take, so it cannot be put in one.
#[test]
fn nil_cannot_be_put_in_a_file() {
    let text = "{\"process\":0,\"type\":\"invoke\",\"f\":\"push\"}\n";
    let history = parse(text.as_bytes(), Format::JsonLines).expect("well formed");
    assert!(history.operations(&Stack).is_err());
}
