//! What the map shows, and what it does when a check cannot answer.

use consistency::transactions::{Builder, Ending, MicroOperation};
use consistency::{
    CasRegister, Completion, Consistency, Judgement, Limits, ModelMap, Moment, Mutex, MutexInput,
    Operation, ProcessId, Proof, Register, RegisterInput, RegisterOutput, Source, UnknownReason,
    Value, check_all, check_all_of_object, check_all_transactions,
};

type History = Vec<Operation<RegisterInput, RegisterOutput>>;

/// Operations one after the other: process, key, value written or read.
fn in_turn(steps: &[(u64, &str, Result<i64, i64>)]) -> History {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let operation = |(place, (process, key, what)): (usize, &(u64, &str, Result<i64, i64>))| {
        let (input, output) = match what {
            Ok(written) => (RegisterInput::write(*written), RegisterOutput::Done),
            Err(read) => {
                let value = Value::from(*read);
                (RegisterInput::read(), RegisterOutput::Value(value))
            }
        };
        let place = 2 * place as u64;
        Operation {
            process: ProcessId(*process),
            call: at(place),
            input: input.at(*key),
            completion: Completion::Ok {
                at: at(place + 1),
                output,
            },
        }
    };
    steps.iter().enumerate().map(operation).collect()
}

fn map(history: &History) -> ModelMap {
    check_all(
        &Register::new(0.into()),
        history,
        &Limits::default(),
        &mut || true,
    )
}

fn source(map: &ModelMap, level: Consistency) -> Source {
    map.row(level).expect("a row").source
}

/// One process writes, another reads it and writes, a third sees only the second write: causality lost on the way
/// (Lipton and Sandberg 1988 allow it, Ahamad and others 1995 do not).
#[test]
fn a_lost_cause_is_pram_and_not_causal() {
    let history = in_turn(&[
        (0, "x", Ok(1)),
        (1, "x", Err(1)),
        (1, "y", Ok(1)),
        (2, "y", Err(1)),
        (2, "x", Err(0)),
    ]);
    let map = map(&history);
    assert!(map.strongest().contains(&Consistency::Pram), "{map}");
    for level in [Consistency::Linearizable, Consistency::Sequential] {
        assert!(
            map.row(level)
                .is_some_and(|row| row.judgement.anomaly().is_some())
        );
    }
}

#[test]
fn what_holds_at_the_top_takes_one_check() {
    let history = in_turn(&[(0, "x", Ok(1)), (1, "x", Err(1))]);
    let map = map(&history);
    assert_eq!(map.strongest(), [Consistency::Linearizable]);
    for row in &map.rows {
        let own = row.level == Consistency::Linearizable;
        let follows = Source::FollowsFrom(Consistency::Linearizable);
        assert_eq!(row.source, if own { Source::Check } else { follows });
        assert!(own || row.judgement == Judgement::Holds(Proof::Stronger));
    }
    assert!(map.anomalies().is_empty());
}

/// What a polynomial check convicts is not searched.
#[test]
fn a_violated_weaker_model_convicts_sequential_consistency_without_its_search() {
    let history = in_turn(&[
        (0, "x", Ok(1)),
        (0, "x", Ok(2)),
        (1, "x", Err(2)),
        (1, "x", Err(1)),
    ]);
    let map = map(&history);
    assert_eq!(
        source(&map, Consistency::Sequential),
        Source::FollowsFrom(Consistency::CausalMemory)
    );
    let row = map.row(Consistency::Sequential).expect("a row");
    assert!(row.judgement.anomaly().is_some());
}

#[test]
fn the_table_says_who_said_so() {
    let history = in_turn(&[(0, "x", Ok(1)), (1, "x", Err(0))]);
    let text = map(&history).to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "model                answer    because");
    assert_eq!(
        lines[2],
        "linearizable         violated  not-linearizable: operations 0, 1"
    );
    assert_eq!(
        lines[3],
        "sequential           holds     one order of 2 operations"
    );
    assert!(lines[6].starts_with("causal               holds     follows from causal-memory"));
    assert_eq!(
        lines[12],
        "staleness            k = 2     the worst key is \"x\""
    );
    assert!(text.contains("lost-overwrite: operations 0, 1"), "{text}");
    assert_eq!(lines.last(), Some(&"strongest: sequential"));
    assert!(text.is_ascii());
}

#[test]
fn a_deadline_leaves_rows_unknown_and_nothing_is_shown_to_hold() {
    let history = in_turn(&[(0, "x", Ok(1)), (1, "x", Err(0))]);
    let model = Register::new(0.into());
    let map = check_all(&model, &history, &Limits::default(), &mut || false);
    let unknown = Judgement::Unknown(UnknownReason::Interrupted);
    assert!(map.rows.iter().all(|row| row.judgement == unknown), "{map}");
    assert!(map.strongest().is_empty());
    assert_eq!(
        map.staleness,
        Some(Judgement::Unknown(UnknownReason::Interrupted))
    );
    let transactions = Builder::new().finish();
    let map = check_all_transactions(&transactions, &Limits::default(), &mut || false);
    assert!(map.strongest().is_empty(), "{map}");
}

/// Twelve writes at once of three values, and then a read of none of them: every order must be tried.
#[test]
fn what_the_first_questions_do_not_decide_is_asked_again_without_a_bound() {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let operation = |process: u64, call, end, input, output| Operation {
        process: ProcessId(process),
        call: at(call),
        input,
        completion: Completion::Ok {
            at: at(end),
            output,
        },
    };
    let mut history: History = (0..12)
        .map(|it| {
            operation(
                it,
                it,
                100,
                RegisterInput::write(1 + it as i64 % 3),
                RegisterOutput::Done,
            )
        })
        .collect();
    let unseen = RegisterOutput::Value(0.into());
    history.push(operation(12, 200, 201, RegisterInput::read(), unseen));
    let limits = Limits {
        steps_per_question: 1,
        shrink_steps_max: 0,
        ..Limits::default()
    };
    let mut questions = 0_u64;
    let model = CasRegister::new(0.into());
    let map = check_all(&model, &history, &limits, &mut || {
        questions += 1;
        true
    });
    assert!(questions > consistency::PROBE_QUESTIONS, "{questions}");
    let row = map.row(Consistency::Linearizable).expect("a row");
    assert!(row.judgement.anomaly().is_some(), "{map}");
}

/// Time orders 1 before 2, so linearizability allows it; as a session, process 0 called the read first.
#[test]
fn overlapping_operations_of_one_process_break_the_arrows_from_real_time() {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let operation = |call, end, input: RegisterInput, output| Operation {
        process: ProcessId(0),
        call: at(call),
        input: input.at("x"),
        completion: Completion::Ok {
            at: at(end),
            output,
        },
    };
    let value = |value: i64| RegisterOutput::Value(value.into());
    let history = vec![
        operation(0, 9, RegisterInput::read(), value(1)),
        operation(1, 2, RegisterInput::write(1), RegisterOutput::Done),
    ];
    let map = map(&history);
    assert!(
        map.row(Consistency::Linearizable)
            .is_some_and(|row| row.judgement.holds())
    );
    for row in &map.rows {
        assert_ne!(row.source, Source::FollowsFrom(Consistency::Linearizable));
    }
    let causal = map.row(Consistency::Causal).expect("a row");
    assert!(!causal.judgement.holds(), "{map}");
}

#[test]
fn what_is_no_register_is_judged_by_the_two_models_of_any_object() {
    let lock = |process, call, input: fn(ProcessId) -> MutexInput| {
        let moment = |position| Moment {
            position,
            time_ns: None,
        };
        Operation {
            process: ProcessId(process),
            call: moment(call),
            input: input(ProcessId(process)),
            completion: Completion::Ok {
                at: moment(call + 1),
                output: (),
            },
        }
    };
    let history = [
        lock(0, 0, MutexInput::acquire),
        lock(1, 2, MutexInput::acquire),
    ];
    let map = check_all_of_object(&Mutex, &history, &Limits::default(), &mut || true);
    assert!(map.strongest().is_empty());
    for level in [Consistency::Linearizable, Consistency::Sequential] {
        assert!(
            map.row(level)
                .is_some_and(|row| row.judgement.anomaly().is_some())
        );
    }
    let causal = map.row(Consistency::Causal).map(|row| &row.judgement);
    assert!(matches!(causal, Some(Judgement::NotCheckable(_))));
}

/// A value written twice cannot be told from its twin, yet what is linearizable is causal.
#[test]
fn what_is_not_checkable_alone_may_follow() {
    let history = in_turn(&[(0, "x", Ok(1)), (1, "x", Ok(1)), (2, "x", Err(1))]);
    let model = CasRegister::new(0.into());
    let map = check_all(&model, &history, &Limits::default(), &mut || true);
    assert!(
        map.row(Consistency::Causal)
            .is_some_and(|row| row.judgement.holds())
    );
    assert!(matches!(map.staleness, Some(Judgement::NotCheckable(_))));
}

#[test]
fn a_write_skew_is_named_with_what_it_excludes() {
    let mut builder = Builder::new();
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    for (process, seen, key) in [(0, "x", "y"), (1, "y", "x")] {
        let id = builder.invoke(ProcessId(process), at(process));
        let read = MicroOperation::ReadList {
            key: seen.into(),
            values: Some(vec![]),
        };
        let append = MicroOperation::Append {
            key: key.into(),
            value: 1.into(),
        };
        let done = builder.complete(id, Ending::Committed, Some(at(9)), [read, append]);
        done.expect("open");
    }
    let map = check_all_transactions(&builder.finish(), &Limits::default(), &mut || true);
    assert_eq!(map.strongest(), [Consistency::SnapshotIsolation]);
    let text = map.to_string();
    assert!(
        text.contains("write-skew: operations 0, 1, excludes serializable"),
        "{text}"
    );
}
