//! One test for each trap that checkers of this kind have fallen into.

use consistency::{
    CasRegister, Completion, Error, Event, EventKind, Format, Function, History, KeyValue, KvInput,
    KvOutput, Limits, Linearization, Model, Moment, Operation, OperationId, ProcessId, Recorder,
    Register, RegisterInput, RegisterOutput, UnknownReason, Value, Verdict, check_linearizable,
    check_linearizable_by_search, parse, replay,
};

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

fn check<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> Verdict<M::Key> {
    let limits = Limits::default();
    let verdict = check_linearizable(model, history, &limits, &mut || true);
    // The traps wait for the search too where a faster check answers.
    let searched = check_linearizable_by_search(model, history, &limits, &mut || true).verdict;
    assert_eq!(violated(&verdict), violated(&searched));
    for verdict in [&verdict, &searched] {
        if let Verdict::Holds(witness) = verdict {
            assert_eq!(replay(model, history, witness), Ok(()));
        }
    }
    verdict
}

fn register_log(initial: Value, text: &str) -> Verdict<Option<Value>> {
    let model = CasRegister::new(initial);
    let history = parse(text.as_bytes(), Format::JepsenLog).expect("a log");
    check(&model, &history.operations(&model).expect("operations"))
}

fn violated<K>(verdict: &Verdict<K>) -> bool {
    matches!(verdict, Verdict::Violated(_))
}

fn at(position: u64) -> Moment {
    Moment {
        position,
        time_ns: None,
    }
}

fn ok(call: u64, end: u64, input: RegisterInput, output: RegisterOutput) -> RegisterOperation {
    Operation {
        process: ProcessId(0),
        call: at(call),
        input,
        completion: Completion::Ok {
            at: at(end),
            output,
        },
    }
}

// Trap 3: equal values are written more than once, so a read does not name its write.
#[test]
fn repeated_values_are_searched_not_matched() {
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n0\t:invoke\t:write\t2\n0\t:ok\t:write\t2\n\
               0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n0\t:invoke\t:read\tnil\n0\t:ok\t:read\t1\n";
    assert!(register_log(Value::Nil, log).holds());
}

// Trap 4: unknown is not success, and a deadline is asked about between the model's own steps (porcupine #44).
#[test]
fn a_deadline_ends_in_unknown_before_the_first_step() {
    let verdict = check_linearizable(
        &CasRegister::new(Value::Nil),
        &[ok(0, 1, RegisterInput::write(1), RegisterOutput::Done)],
        &Limits::default(),
        &mut || false,
    );
    assert_eq!(
        verdict,
        Verdict::Unknown {
            key: None,
            reason: UnknownReason::Interrupted
        }
    );
    assert!(!verdict.holds());
}

#[test]
fn a_deadline_is_asked_about_between_steps() {
    let history: Vec<_> = (0..1_000)
        .map(|i| {
            ok(
                2 * i,
                2 * i + 1,
                RegisterInput::write(1),
                RegisterOutput::Done,
            )
        })
        .collect();
    let limits = Limits {
        steps_per_question: 10,
        ..Limits::default()
    };
    let mut questions = 0;
    let verdict = check_linearizable(
        &CasRegister::new(Value::Nil),
        &history,
        &limits,
        &mut || {
            questions += 1;
            questions <= 5
        },
    );
    assert!(matches!(verdict, Verdict::Unknown { .. }));
    assert_eq!(questions, 6);
}

#[test]
fn a_memory_bound_ends_in_unknown_and_a_violation_elsewhere_still_counts() {
    let read = |call, key, value: i64| {
        let output = RegisterOutput::Value(value.into());
        ok(call, call + 1, RegisterInput::read().at(key), output)
    };
    let write = |call, key| {
        ok(
            call,
            9,
            RegisterInput::write(1).at(key),
            RegisterOutput::Done,
        )
    };
    let limits = Limits {
        entries_max: 0,
        ..Limits::default()
    };
    let model = Register::new(Value::Int(0));
    let go = &mut || true;
    let undecided = [write(0, "a"), read(2, "a", 1)];
    let verdict = check_linearizable_by_search(&model, &undecided, &limits, go).verdict;
    let reason = UnknownReason::MemoryBound;
    let key = Some("a".into());
    assert_eq!(verdict, Verdict::Unknown { key, reason });

    let limits = Limits {
        entries_max: 1,
        ..limits
    };
    let also_wrong = [
        write(0, "a"),
        write(1, "a"),
        read(2, "a", 2),
        read(4, "b", 7),
    ];
    let verdict = check_linearizable_by_search(&model, &also_wrong, &limits, go).verdict;
    assert!(matches!(verdict, Verdict::Violated(found) if found.key == Some("b".into())));
}

// Trap 5: three failures, three meanings.
#[test]
fn a_failed_compare_and_set_observed_a_different_value() {
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:cas\t[1 2]\n1\t:fail\t:cas\t[1 2]\n";
    assert!(violated(&register_log(Value::Nil, log)));
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:cas\t[3 2]\n1\t:fail\t:cas\t[3 2]\n";
    assert!(register_log(Value::Nil, log).holds());
}

#[test]
fn a_compare_and_set_that_failed_with_an_error_observed_nothing() {
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:cas\t[1 2]\n1\t:fail\t:cas\t:timed-out\n";
    assert!(register_log(Value::Nil, log).holds());
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:cas\t[1 2]\n1\t:fail\t:cas\t[1 2]\t:refused\n";
    assert!(register_log(Value::Nil, log).holds());
}

#[test]
fn a_failed_compare_and_set_on_a_key_observes_unless_it_gives_an_error() {
    let line = |kind, f, value, rest| {
        format!(
            "{{\"process\":0,\"type\":\"{kind}\",\"f\":\"{f}\",\"key\":\"x\",\"value\":{value}{rest}}}\n"
        )
    };
    let model = KeyValue::new(Value::Nil);
    let judge = |end: String| {
        let text = line("invoke", "put", "1", "")
            + &line("ok", "put", "1", "")
            + &line("invoke", "cas", "[1,2]", "")
            + &end;
        let history = parse(text.as_bytes(), Format::JsonLines).expect("JSON lines");
        check(&model, &history.operations(&model).expect("operations")).holds()
    };
    assert!(!judge(line("fail", "cas", "[1,2]", "")));
    assert!(judge(line(
        "fail",
        "cas",
        "[1,2]",
        ",\"error\":\"refused\""
    )));
}

#[test]
fn a_failed_compare_and_set_did_not_happen() {
    let log = "0\t:invoke\t:write\t1\n1\t:invoke\t:cas\t[1 2]\n0\t:ok\t:write\t1\n1\t:fail\t:cas\t[1 2]\n\
               0\t:invoke\t:read\tnil\n0\t:ok\t:read\t2\n";
    assert!(violated(&register_log(Value::Nil, log)));
}

#[test]
fn a_failed_write_never_happened() {
    let log = "0\t:invoke\t:write\t1\n0\t:fail\t:write\t:timed-out\n0\t:invoke\t:read\tnil\n0\t:ok\t:read\t1\n";
    assert!(violated(&register_log(Value::Nil, log)));
}

#[test]
fn a_timed_out_read_says_nothing() {
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n0\t:invoke\t:read\tnil\n0\t:fail\t:read\t:timed-out\n";
    assert!(register_log(Value::Nil, log).holds());
    let log = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n0\t:invoke\t:read\tnil\n0\t:info\t:read\t:timed-out\n";
    assert!(register_log(Value::Nil, log).holds());
}

#[test]
fn a_timed_out_write_may_take_effect_at_any_later_time_once_or_never() {
    let begin = "0\t:invoke\t:write\t1\n0\t:info\t:write\t:timed-out\n1\t:invoke\t:write\t2\n1\t:ok\t:write\t2\n";
    let read = |value: &u8| format!("1\t:invoke\t:read\tnil\n1\t:ok\t:read\t{value}\n");
    let holds = |reads: &[u8]| {
        let reads: String = reads.iter().map(read).collect();
        register_log(Value::Nil, &(begin.to_string() + &reads)).holds()
    };
    assert!(holds(&[2, 2]), "never");
    assert!(holds(&[2, 1]), "late");
    assert!(holds(&[1, 1]), "at once");
    assert!(!holds(&[1, 2]), "taken back");
    assert!(!holds(&[2, 1, 2]), "in between");
}

#[test]
fn a_timed_out_write_takes_no_effect_before_its_call() {
    let log = "1\t:invoke\t:read\tnil\n1\t:ok\t:read\t1\n0\t:invoke\t:write\t1\n0\t:info\t:write\t:timed-out\n";
    assert!(violated(&register_log(Value::Nil, log)));
}

#[test]
fn a_process_number_may_come_back_after_a_timeout_and_the_unknown_write_stays_open() {
    let log = "0\t:invoke\t:write\t1\n0\t:info\t:write\t:timed-out\n0\t:invoke\t:write\t2\n0\t:ok\t:write\t2\n\
               0\t:invoke\t:read\tnil\n0\t:ok\t:read\t1\n";
    assert!(register_log(Value::Nil, log).holds());
}

#[test]
fn twenty_unknown_writes_do_not_multiply() {
    let mut log = String::new();
    for process in 0..20 {
        log += &format!(
            "{process}\t:invoke\t:write\t{process}\n{process}\t:info\t:write\t:timed-out\n"
        );
    }
    for value in [3, 17, 0, 9, 3] {
        log += &format!("99\t:invoke\t:read\tnil\n99\t:ok\t:read\t{value}\n");
    }
    assert!(
        violated(&register_log(Value::Nil, &log)),
        "3 was written once"
    );
}

// Trap 5, ZeroFS PR 487: a timeout handler that loses the argument must not lose the operation.
#[test]
fn the_argument_comes_from_the_invocation() {
    let log = "0\t:invoke\t:write\t1\n0\t:info\t:write\t:timed-out\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\t1\n";
    assert!(register_log(Value::Nil, log).holds());
    let log =
        "0\t:invoke\t:write\t1\n0\t:ok\t:write\tnil\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\t1\n";
    assert!(register_log(Value::Nil, log).holds());
}

// Trap 6: events of one instant are ordered by where they stand; operations that share a position are concurrent.
#[test]
fn equal_times_are_ordered_by_their_lines() {
    let line = |kind, f, value| {
        format!(
            "{{\"process\":0,\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value},\"time\":5}}\n"
        )
    };
    let write = line("invoke", "write", "1") + &line("ok", "write", "1");
    let read = line("invoke", "read", "null") + &line("ok", "read", "null");
    let model = Register::new(Value::Nil);
    let judge = |text: String| {
        let history = parse(text.as_bytes(), Format::JsonLines).expect("JSON lines");
        check(&model, &history.operations(&model).expect("operations")).holds()
    };
    assert!(judge(read.clone() + &write));
    assert!(!judge(write + &read));
}

#[test]
fn operations_of_no_duration_at_one_position_are_concurrent() {
    let write = ok(5, 5, RegisterInput::write(1), RegisterOutput::Done);
    let stale = ok(
        5,
        5,
        RegisterInput::read(),
        RegisterOutput::Value(Value::Nil),
    );
    let late = ok(
        6,
        6,
        RegisterInput::read(),
        RegisterOutput::Value(Value::Nil),
    );
    let model = Register::new(Value::Nil);
    assert!(check(&model, &[write.clone(), stale]).holds());
    assert!(violated(&check(&model, &[write, late])));
}

// Trap 8 is in `agreement.rs`: the split search against the whole store.

// Trap 9: everything is iterative.
#[test]
fn a_hundred_thousand_operations_do_not_overflow_the_stack() {
    let mut history = Vec::new();
    for i in 0..50_000 {
        let value = i as i64;
        history.push(ok(
            4 * i,
            4 * i + 1,
            RegisterInput::write(value),
            RegisterOutput::Done,
        ));
        let heard = RegisterOutput::Value(value.into());
        history.push(ok(4 * i + 2, 4 * i + 3, RegisterInput::read(), heard));
    }
    let model = Register::new(Value::Nil);
    assert!(check(&model, &history).holds());
    if let Some(last) = history.last_mut() {
        *last = ok(
            200_000,
            200_001,
            RegisterInput::read(),
            RegisterOutput::Value(0.into()),
        );
    }
    assert!(violated(&check(&model, &history)));
}

// Table 4b: memory quadratic in the length of the history (192 MB at 20,000 operations of 5 clients).
#[test]
fn memory_is_linear_in_the_length_at_fixed_concurrency() {
    let mut history = Vec::new();
    for round in 0..8_000_u64 {
        let start = round * 10;
        for client in 0..5 {
            let value = (round * 5 + client) as i64;
            let (call, end) = (start + client, start + 5 + client);
            history.push(ok(
                call,
                end,
                RegisterInput::write(value),
                RegisterOutput::Done,
            ));
        }
    }
    let limits = Limits {
        bytes_max: 30 << 20,
        ..Limits::default()
    };
    let model = Register::new(Value::Nil);
    let checked = check_linearizable_by_search(&model, &history, &limits, &mut || true);
    assert!(checked.verdict.holds());
}

// Trap 11, ekv PR 13: the initial value is given.
#[test]
fn the_initial_value_is_given_never_guessed() {
    let log = "0\t:invoke\t:read\tnil\n0\t:ok\t:read\t0\n";
    assert!(violated(&register_log(Value::Nil, log)));
    assert!(register_log(Value::Int(0), log).holds());
}

#[test]
fn an_absent_key_is_not_an_empty_one() {
    let mut recorder = Recorder::new();
    let get = recorder
        .invoke(ProcessId(0), KvInput::get("x"), 0)
        .expect("idle");
    recorder
        .ok(get, KvOutput::Value("".into()), 1)
        .expect("open");
    let history = recorder.finish();
    assert!(violated(&check(&KeyValue::new(Value::Nil), &history)));
    assert!(check(&KeyValue::new("".into()), &history).holds());
}

#[test]
fn a_deleted_key_is_absent() {
    let mut recorder = Recorder::new();
    let answers = [
        (KvInput::put("x", "a"), KvOutput::Done),
        (KvInput::delete("x"), KvOutput::Done),
        (KvInput::cas("x", "a", "b"), KvOutput::Mismatch),
        (KvInput::append("x", "c"), KvOutput::Done),
        (KvInput::get("x"), KvOutput::Value("c".into())),
    ];
    for (time, (input, output)) in (0..).zip(answers) {
        let id = recorder.invoke(ProcessId(0), input, time).expect("idle");
        recorder.ok(id, output, time).expect("open");
    }
    assert!(check(&KeyValue::new(Value::Nil), &recorder.finish()).holds());
}

#[test]
fn the_recorder_refuses_what_cannot_be() {
    let mut recorder: Recorder<KvInput, KvOutput> = Recorder::new();
    let busy = ProcessId(3);
    let open = recorder.invoke(busy, KvInput::get("x"), 0).expect("idle");
    let refused = recorder
        .invoke(busy, KvInput::get("y"), 1)
        .expect_err("busy");
    assert_eq!(refused.value, KvInput::get("y"));
    assert!(matches!(refused.error, Error::ProcessBusy { process, .. } if process == busy));
    let stranger = OperationId(9);
    assert_eq!(
        recorder.fail(stranger, 2),
        Err(Error::NotOpen {
            operation: stranger
        })
    );
    recorder.info(open, 3).expect("open");
    let refused = recorder.ok(open, KvOutput::Done, 4).expect_err("closed");
    assert_eq!(refused.value, KvOutput::Done);
    let again = recorder
        .invoke(busy, KvInput::get("x"), 5)
        .expect("idle after info");
    assert_eq!(
        recorder.info(open, 6),
        Err(Error::NotOpen { operation: open })
    );
    assert_eq!(again, OperationId(1));
    let positions: Vec<u64> = recorder
        .operations()
        .iter()
        .map(|it| it.call.position)
        .collect();
    assert_eq!(positions, [0, 2], "refused calls take no position");
}

#[test]
fn malformed_pairings_are_refused_with_their_lines() {
    let event = |kind, function| Event {
        process: ProcessId(1),
        kind,
        function,
        key: None,
        value: Value::Nil,
        error: None,
        time_ns: None,
    };
    let read = |kind| event(kind, Function::Read);
    let process = ProcessId(1);
    assert_eq!(
        History::from_events(vec![read(EventKind::Invoke), read(EventKind::Invoke)]),
        Err(Error::ProcessBusy {
            line: 2,
            process,
            opened_line: 1
        })
    );
    assert_eq!(
        History::from_events(vec![read(EventKind::Ok)]),
        Err(Error::NeverInvoked { line: 1, process })
    );
    let write = event(EventKind::Ok, Function::Write);
    assert_eq!(
        History::from_events(vec![read(EventKind::Invoke), write]),
        Err(Error::PairDiffers {
            line: 2,
            opened_line: 1
        })
    );
}

#[test]
fn a_model_refuses_functions_and_values_it_does_not_have() {
    let read = |line: &str| parse(line.as_bytes(), Format::JepsenLog).expect("a log");
    let cas = read("0\t:invoke\t:cas\t[1 2]\n");
    let refused = cas.operations(&Register::new(Value::Nil));
    assert!(matches!(
        refused,
        Err(Error::Notation {
            line: 1,
            model: "register",
            ..
        })
    ));
    let triple = read("0\t:invoke\t:cas\t[1 2 3]\n");
    let refused = triple.operations(&CasRegister::new(Value::Nil));
    assert!(matches!(
        refused,
        Err(Error::Notation {
            expected: "a pair [expected new]",
            ..
        })
    ));
    let refused = cas.operations(&KeyValue::new(Value::Nil));
    assert!(matches!(
        refused,
        Err(Error::Notation {
            expected: "a key",
            ..
        })
    ));
}

/// The verifier is worth something only if it refuses.
#[test]
fn replay_refuses_every_kind_of_wrong_witness() {
    let history = [
        ok(0, 1, RegisterInput::write(1), RegisterOutput::Done),
        ok(2, 3, RegisterInput::write(2), RegisterOutput::Done),
        ok(4, 5, RegisterInput::read(), RegisterOutput::Value(2.into())),
        Operation {
            completion: Completion::Fail { at: at(7) },
            ..ok(6, 7, RegisterInput::write(3), RegisterOutput::Done)
        },
    ];
    let model = Register::new(Value::Nil);
    let judge = |places: &[usize]| {
        let order = places.iter().copied().map(OperationId).collect();
        replay(
            &model,
            &history,
            &Linearization {
                orders: vec![(None, order)],
            },
        )
    };
    let operation = OperationId;
    assert_eq!(judge(&[0, 1, 2]), Ok(()));
    assert_eq!(
        judge(&[1, 0, 2]),
        Err(Error::WitnessOrder {
            operation: operation(0)
        })
    );
    assert_eq!(
        judge(&[0, 1]),
        Err(Error::WitnessMisses {
            operation: operation(2)
        })
    );
    assert_eq!(
        judge(&[0, 2]),
        Err(Error::WitnessIllegal {
            operation: operation(2)
        })
    );
    assert_eq!(
        judge(&[0, 1, 1]),
        Err(Error::WitnessRepeats {
            operation: operation(1)
        })
    );
    assert_eq!(
        judge(&[0, 1, 2, 3]),
        Err(Error::WitnessFailed {
            operation: operation(3)
        })
    );
    assert_eq!(
        judge(&[0, 9]),
        Err(Error::WitnessStranger {
            operation: operation(9)
        })
    );
    let elsewhere = Linearization {
        orders: vec![(Some(Value::Nil), vec![operation(0)])],
    };
    let stranger = Err(Error::WitnessStranger {
        operation: operation(0),
    });
    assert_eq!(replay(&model, &history, &elsewhere), stranger);
    let twice = Linearization {
        orders: vec![
            (None, vec![operation(0)]),
            (None, vec![operation(1), operation(2)]),
        ],
    };
    let stranger = Err(Error::WitnessStranger {
        operation: operation(1),
    });
    assert_eq!(replay(&model, &history, &twice), stranger);
}

// What a compare-and-set found and what a delete removed are observations too.
#[test]
fn what_a_failed_compare_and_set_found_and_a_delete_removed_must_be_true() {
    let model = KeyValue::new(Value::Nil);
    let judge = |input: KvInput, output: KvOutput| {
        let mut recorder = Recorder::new();
        let put = recorder
            .invoke(ProcessId(0), KvInput::put("x", "a"), 0)
            .expect("idle");
        recorder.ok(put, KvOutput::Done, 1).expect("open");
        let next = recorder.invoke(ProcessId(0), input, 2).expect("idle");
        recorder.ok(next, output, 3).expect("open");
        check_linearizable(&model, &recorder.finish(), &Limits::default(), &mut || true).holds()
    };
    let cas = || KvInput::cas("x", "b", "c");
    assert!(judge(cas(), KvOutput::Found("a".into())));
    assert!(!judge(cas(), KvOutput::Found("z".into())));
    assert!(!judge(
        KvInput::cas("x", "a", "c"),
        KvOutput::Found("a".into())
    ));
    assert!(judge(KvInput::delete("x"), KvOutput::Deleted(true)));
    assert!(!judge(KvInput::delete("x"), KvOutput::Deleted(false)));
}
