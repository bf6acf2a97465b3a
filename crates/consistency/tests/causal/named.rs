//! Histories by name: each pattern's smallest, those of figure 3 of Bouajjani and others 2017, each guarantee's
//! smallest violation, and what operations become.

use consistency::causal::{Certificate, check, of_operations, verify};
use consistency::transactions::{Builder, MicroOperation};
use consistency::{
    CasRegister, Completion, Consistency, Error, Judgement, KeyValue, KvInput, KvOutput, Limits,
    Moment, NotCheckable, Operation, OperationId, ProcessId, RegisterInput, RegisterOutput,
    UnknownReason, Value,
};

use crate::toy::{LEVELS, Op, anomaly, cas, failed, history, judge, r, timed_out, w};

use Consistency::{
    Causal, CausalConvergence, CausalMemory, MonotonicReads, MonotonicWrites, Pram, ReadYourWrites,
    WritesFollowReads,
};

/// That exactly these models hold.
fn holds(ops: &[Op], expected: &[Consistency]) {
    let held: Vec<_> = LEVELS
        .into_iter()
        .filter(|level| judge(ops, *level).holds())
        .collect();
    assert_eq!(held, expected, "{ops:?}");
}

fn breaks(ops: &[Op], level: Consistency, rule: &str, operations: &[usize]) {
    let anomaly = anomaly(ops, level);
    let ids: Vec<usize> = anomaly.operations.iter().map(|id| id.0).collect();
    assert_eq!((anomaly.rule.name, ids.as_slice()), (rule, operations));
    assert!(anomaly.is_minimal);
}

#[test]
fn cyclic_co_something_is_read_before_it_is_written() {
    let ops = [r(0, 'x', 1), w(0, 'y', 1), r(1, 'y', 1), w(1, 'x', 1)];
    breaks(&ops, Causal, "cyclic-co", &[0, 1, 2, 3]);
    // Each process by itself sees nothing wrong.
    holds(
        &ops,
        &[
            Pram,
            ReadYourWrites,
            MonotonicReads,
            MonotonicWrites,
            WritesFollowReads,
        ],
    );
}

#[test]
fn a_cycle_is_shown_edge_by_edge() {
    let ops = [r(0, 'x', 1), w(0, 'y', 1), r(1, 'y', 1), w(1, 'x', 1)];
    let anomaly = anomaly(&ops, Causal);
    let words: Vec<String> = anomaly
        .edges
        .iter()
        .map(|edge| edge.in_words(&|id| format!("O{id}")))
        .collect();
    let mut sorted = words.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "O0 and O1 are of one session, in this order, so O0 comes before O1",
            "O1 wrote 1 to \"y\", which O2 read, so O1 comes before O2",
            "O2 and O3 are of one session, in this order, so O2 comes before O3",
            "O3 wrote 1 to \"x\", which O0 read, so O3 comes before O0",
        ]
    );
    for (edge, next) in anomaly
        .edges
        .iter()
        .zip(anomaly.edges.iter().cycle().skip(1))
    {
        assert_eq!(edge.target, next.source, "{words:?}");
    }
}

#[test]
fn write_co_init_read_a_write_before_is_not_seen() {
    let ops = [w(0, 'x', 1), w(0, 'y', 1), r(1, 'y', 1), r(1, 'x', 0)];
    breaks(&ops, Causal, "write-co-init-read", &[0, 1, 2, 3]);
    breaks(&ops, Pram, "write-pram-init-read", &[0, 1, 2, 3]);
}

#[test]
fn thin_air_read_nobody_wrote_it() {
    for level in LEVELS {
        breaks(&[w(0, 'x', 1), r(1, 'x', 2)], level, "thin-air-read", &[1]);
        // A write that failed never happened.
        breaks(
            &[failed(w(0, 'x', 1)), r(1, 'x', 1)],
            level,
            "thin-air-read",
            &[1],
        );
    }
    let anomaly = anomaly(&[failed(w(0, 'x', 1)), r(1, 'x', 1)], Causal);
    let words = anomaly.edges[0].in_words(&|id| id.to_string());
    assert!(words.contains("its write, operation 0, failed"), "{words}");
}

#[test]
fn write_co_read_an_overwritten_version_is_seen() {
    let ops = [w(0, 'x', 1), w(0, 'x', 2), r(1, 'x', 2), r(1, 'x', 1)];
    breaks(&ops, Causal, "write-co-read", &[0, 1, 2, 3]);
    breaks(&ops, Pram, "cyclic-pram", &[0, 1, 2, 3]);
}

#[test]
fn cyclic_cf_two_sessions_disagree_on_which_write_won() {
    let ops = [
        w(0, 'x', 1),
        w(1, 'x', 2),
        r(2, 'x', 1),
        r(2, 'x', 2),
        r(3, 'x', 2),
        r(3, 'x', 1),
    ];
    breaks(&ops, CausalConvergence, "cyclic-cf", &[0, 1, 2, 3, 4, 5]);
    assert!(judge(&ops, CausalMemory).holds());
}

#[test]
fn write_hb_init_read_a_process_contradicts_what_it_saw_before() {
    // Figure 3b: reading 2 puts the first write of x, and so that of z, before it.
    let ops = [
        w(0, 'z', 1),
        w(0, 'x', 1),
        w(0, 'y', 1),
        w(1, 'x', 2),
        r(1, 'z', 0),
        r(1, 'y', 1),
        r(1, 'x', 2),
    ];
    breaks(
        &ops,
        CausalMemory,
        "write-hb-init-read",
        &[0, 1, 2, 3, 4, 5, 6],
    );
    assert!(judge(&ops, CausalConvergence).holds());
}

#[test]
fn cyclic_hb_one_process_goes_back_and_forth() {
    let ops = [w(0, 'x', 1), w(1, 'x', 2), r(1, 'x', 1), r(1, 'x', 2)];
    breaks(&ops, CausalMemory, "cyclic-hb", &[0, 1, 2, 3]);
    breaks(&ops, Pram, "cyclic-pram", &[0, 1, 2, 3]);
    assert!(judge(&ops, Causal).holds());
}

/// Bouajjani and others 2017, figure 3a: CM but not CCv.
#[test]
fn figure_3a_is_causal_memory_without_convergence() {
    let ops = [w(0, 'x', 1), r(0, 'x', 2), w(1, 'x', 2), r(1, 'x', 1)];
    assert!(judge(&ops, CausalMemory).holds());
    breaks(&ops, CausalConvergence, "cyclic-cf", &[0, 1, 2, 3]);
}

/// Figure 3b: CCv but not CM.
#[test]
fn figure_3b_converges_without_being_causal_memory() {
    let ops = [
        w(0, 'z', 1),
        w(0, 'x', 1),
        w(0, 'y', 1),
        w(1, 'x', 2),
        r(1, 'z', 0),
        r(1, 'y', 1),
        r(1, 'x', 2),
    ];
    holds(
        &ops,
        &[
            CausalConvergence,
            Causal,
            ReadYourWrites,
            MonotonicReads,
            MonotonicWrites,
            WritesFollowReads,
        ],
    );
}

/// Figure 3c: CM and CCv, and still not sequential: each writes to y as if it were the first.
#[test]
fn figure_3c_is_everything_here_but_not_sequential() {
    let half = |session: u64, value: i64| {
        [
            w(session, 'x', value),
            r(session, 'y', 0),
            w(session, 'y', value),
            r(session, 'x', value),
        ]
    };
    holds(&[half(0, 1), half(1, 2)].concat(), &LEVELS);
}

/// A swap reads and writes at one moment: the second saw what the first wrote, so nobody may see the versions go back.
#[test]
fn swaps_follow_each_other() {
    let ops = [
        cas(0, 'x', 0, 1),
        cas(1, 'x', 1, 2),
        r(2, 'x', 2),
        r(2, 'x', 1),
    ];
    breaks(&ops, Causal, "write-co-read", &[0, 1, 2, 3]);
    assert!(judge(&ops, MonotonicReads).holds());
}

/// Figure 3d: CC, and neither CM nor CCv.
#[test]
fn figure_3d_is_causal_and_neither_of_the_others() {
    let ops = [w(0, 'x', 1), w(1, 'x', 2), r(1, 'x', 1), r(1, 'x', 2)];
    holds(
        &ops,
        &[
            Causal,
            ReadYourWrites,
            MonotonicReads,
            MonotonicWrites,
            WritesFollowReads,
        ],
    );
}

/// Figure 3e: not even CC: what was read was followed by what is not seen.
#[test]
fn figure_3e_is_not_causal() {
    let ops = [
        w(0, 'x', 1),
        w(0, 'y', 1),
        r(1, 'y', 1),
        w(1, 'x', 2),
        r(2, 'x', 2),
        r(2, 'x', 1),
    ];
    breaks(&ops, Causal, "write-co-read", &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn read_your_writes_smallest() {
    breaks(
        &[w(0, 'x', 1), r(0, 'x', 0)],
        ReadYourWrites,
        "read-your-writes",
        &[0, 1],
    );
    let older = [w(0, 'x', 1), w(0, 'x', 2), r(0, 'x', 1)];
    breaks(&older, ReadYourWrites, "read-your-writes", &[0, 1, 2]);
    // Another's concurrent write may have won.
    assert!(judge(&[w(1, 'x', 1), w(0, 'x', 2), r(0, 'x', 1)], ReadYourWrites).holds());
}

#[test]
fn monotonic_reads_smallest() {
    let lost = [w(0, 'x', 1), r(1, 'x', 1), r(1, 'x', 0)];
    breaks(&lost, MonotonicReads, "monotonic-reads", &[0, 1, 2]);
    let back = [w(0, 'x', 1), w(0, 'x', 2), r(1, 'x', 2), r(1, 'x', 1)];
    breaks(&back, MonotonicReads, "monotonic-reads", &[0, 1, 2, 3]);
}

#[test]
fn monotonic_writes_smallest() {
    let lost = [w(0, 'x', 1), w(0, 'y', 1), r(1, 'y', 1), r(1, 'x', 0)];
    breaks(&lost, MonotonicWrites, "monotonic-writes", &[0, 1, 2, 3]);
    let older = [
        w(0, 'x', 1),
        w(0, 'x', 2),
        w(0, 'y', 1),
        r(1, 'y', 1),
        r(1, 'x', 1),
    ];
    breaks(
        &older,
        MonotonicWrites,
        "monotonic-writes",
        &[0, 1, 2, 3, 4],
    );
    // A read before the other's write was seen requires nothing.
    let early = [w(0, 'x', 1), w(0, 'y', 1), r(1, 'x', 0), r(1, 'y', 1)];
    assert!(judge(&early, MonotonicWrites).holds());
}

#[test]
fn writes_follow_reads_smallest() {
    let lost = [
        w(0, 'x', 1),
        r(1, 'x', 1),
        w(1, 'y', 1),
        r(2, 'y', 1),
        r(2, 'x', 0),
    ];
    breaks(
        &lost,
        WritesFollowReads,
        "writes-follow-reads",
        &[0, 1, 2, 3, 4],
    );
    holds(
        &lost,
        &[Pram, ReadYourWrites, MonotonicReads, MonotonicWrites],
    );
    // The second write of x replaced what its session had read: older by way of a read, not of a session.
    let older = [
        w(0, 'x', 1),
        r(1, 'x', 1),
        w(1, 'x', 2),
        r(2, 'x', 2),
        w(2, 'y', 1),
        r(3, 'y', 1),
        r(3, 'x', 1),
    ];
    breaks(
        &older,
        WritesFollowReads,
        "writes-follow-reads",
        &[0, 1, 2, 3, 4, 5, 6],
    );
}

#[test]
fn a_timed_out_write_binds_nobody_to_what_its_session_did_later() {
    // It took effect after the later write, if ever.
    let late = [
        timed_out(w(0, 'x', 1)),
        w(0, 'x', 2),
        r(1, 'x', 2),
        r(1, 'x', 1),
    ];
    holds(&late, &LEVELS);
    let unread = [
        timed_out(w(0, 'x', 1)),
        w(0, 'y', 1),
        r(1, 'y', 1),
        r(1, 'x', 0),
    ];
    holds(&unread, &LEVELS);
    // But it came after what its session did before.
    let early = [
        w(0, 'y', 1),
        timed_out(w(0, 'x', 1)),
        w(0, 'z', 1),
        r(1, 'x', 1),
        r(1, 'y', 0),
    ];
    for level in [
        Causal,
        CausalMemory,
        CausalConvergence,
        Pram,
        MonotonicWrites,
    ] {
        assert!(judge(&early, level).anomaly().is_some(), "{level}");
    }
}

#[test]
fn values_written_twice_cannot_be_checked_once_they_are_read() {
    let unread = [w(0, 'x', 1), w(1, 'x', 1), w(1, 'y', 2), r(0, 'y', 2)];
    holds(&unread, &LEVELS);
    let twice = Judgement::NotCheckable(NotCheckable::WrittenTwice {
        key: "x".into(),
        value: 1.into(),
    });
    let read = [w(0, 'x', 1), w(1, 'x', 1), r(0, 'x', 1)];
    // The key held "nothing" at the beginning, so a delete is the second time.
    let deleted = [w(0, 'x', 1), w(0, 'x', 0), r(1, 'x', 0)];
    for level in LEVELS {
        assert_eq!(judge(&read, level), twice);
        assert!(matches!(
            judge(&deleted, level),
            Judgement::NotCheckable(NotCheckable::WrittenTwice { .. })
        ));
    }
    // One of the two never happened.
    assert!(judge(&[failed(w(0, 'x', 1)), w(1, 'x', 1), r(0, 'x', 1)], Causal).holds());
}

fn done<I, O>(process: u64, position: u64, input: I, output: O) -> Operation<I, O> {
    let at = Moment {
        position,
        time_ns: None,
    };
    Operation {
        process: ProcessId(process),
        call: at,
        input,
        completion: Completion::Ok { at, output },
    }
}

#[test]
fn an_operation_that_says_nothing_keeps_its_number() {
    let operations = [
        done(0, 0, RegisterInput::cas(7, 8), RegisterOutput::Mismatch),
        done(0, 1, RegisterInput::write(1), RegisterOutput::Done),
        done(1, 2, RegisterInput::cas(1, 2), RegisterOutput::Done),
        done(1, 3, RegisterInput::read(), RegisterOutput::Value(1.into())),
    ];
    let history = of_operations(&CasRegister::new(Value::Nil), &operations).expect("registers");
    assert_eq!(history.len(), 4);
    let judgement = check(&history, Causal, &Limits::default(), &mut || true);
    let anomaly = judgement.anomaly().expect("the swap wrote 2 over it");
    assert_eq!(anomaly.operations, [1, 2, 3].map(OperationId));
}

#[test]
fn a_key_value_store_that_starts_with_a_value_reads_that_as_never_written() {
    let model = KeyValue::new("".into());
    let operations = [
        done(0, 0, KvInput::get("x"), KvOutput::Value("".into())),
        done(0, 1, KvInput::get("x"), KvOutput::Value(Value::Nil)),
    ];
    let history = of_operations(&model, &operations).expect("reads");
    let judgement = check(&history, Causal, &Limits::default(), &mut || true);
    // Nobody deleted it, so "absent" is a value out of thin air.
    let anomaly = judgement.anomaly().expect("thin air");
    assert_eq!(anomaly.rule.name, "thin-air-read");
    assert_eq!(anomaly.operations, [OperationId(1)]);
}

#[test]
fn an_append_to_a_text_is_neither_a_read_nor_a_write() {
    let operations = [done(0, 0, KvInput::append("x", "a"), KvOutput::Done)];
    let refused = of_operations(&KeyValue::new("".into()), &operations);
    let operation = OperationId(0);
    assert!(
        matches!(refused, Err(NotCheckable::NotReadOrWrite { operation: it }) if it == operation)
    );
}

#[test]
fn transactions_of_several_steps_and_lists_are_refused() {
    let at = Moment::default();
    let steps = |steps: Vec<MicroOperation>| {
        let mut builder = Builder::new();
        let id = builder.invoke(ProcessId(0), at);
        let ending = consistency::transactions::Ending::Committed;
        builder.complete(id, ending, Some(at), steps).expect("open");
        check(&builder.finish(), Causal, &Limits::default(), &mut || true)
    };
    let write = |key: &str| MicroOperation::Write {
        key: key.into(),
        value: 1.into(),
    };
    let append = MicroOperation::Append {
        key: "x".into(),
        value: 1.into(),
    };
    let operation = OperationId(0);
    assert_eq!(
        steps(vec![write("x"), write("y")]),
        Judgement::NotCheckable(NotCheckable::SeveralSteps { operation })
    );
    assert_eq!(
        steps(vec![append]),
        Judgement::NotCheckable(NotCheckable::NotReadOrWrite { operation })
    );
    let level = Consistency::Serializable;
    assert_eq!(
        check(&history(&[]), level, &Limits::default(), &mut || true),
        Judgement::NotCheckable(NotCheckable::OtherModel { level })
    );
}

#[test]
fn a_deadline_and_a_memory_bound_end_in_unknown() {
    let ops: Vec<Op> = (0..5_000)
        .map(|it| {
            if it % 2 == 0 {
                w(it / 2 % 50, 'x', it as i64 + 1)
            } else {
                r(it % 49, 'x', it as i64)
            }
        })
        .collect();
    let history = history(&ops);
    let none = Limits {
        bytes_max: 1000,
        ..Limits::default()
    };
    for level in LEVELS {
        let stopped = check(&history, level, &Limits::default(), &mut || false);
        assert_eq!(
            stopped,
            Judgement::Unknown(UnknownReason::Interrupted),
            "{level}"
        );
        let mut questions = 0;
        let _ = check(&history, level, &Limits::default(), &mut || {
            questions += 1;
            true
        });
        assert!(questions > 3, "{level} asks {questions} times");
        let mut left = 2;
        let stopped = check(&history, level, &Limits::default(), &mut || {
            left -= 1;
            left > 0
        });
        assert!(!stopped.holds(), "{level}");
        let full = check(&history, level, &none, &mut || true);
        assert_eq!(
            full,
            Judgement::Unknown(UnknownReason::MemoryBound),
            "{level}"
        );
    }
}

#[test]
fn a_long_chain_of_readers_does_not_overflow_a_stack_or_forget_the_beginning() {
    // Session i reads what session i - 1 wrote, 20,000 times, listed backwards; the last one misses the first write.
    let length = 20_000_u64;
    let key = |it: u64| char::from_u32(0x1_0000 + it as u32).expect("a character");
    let mut ops = vec![r(length, key(length - 1), 1), r(length, 'x', 0)];
    for it in (1..length).rev() {
        ops.extend([r(it, key(it - 1), 1), w(it, key(it), 1)]);
    }
    ops.extend([w(0, 'x', 1), w(0, key(0), 1)]);
    let limits = Limits {
        shrink_steps_max: 100_000,
        ..Limits::default()
    };
    let judgement = check(&history(&ops), Causal, &limits, &mut || true);
    let anomaly = judgement.anomaly().expect("violated");
    assert_eq!(anomaly.rule.name, "write-co-init-read");
    assert_eq!(anomaly.operations.len(), ops.len());
    assert!(!anomaly.is_minimal, "there are no steps for that");
}

#[test]
fn verify_refuses_every_kind_of_wrong_certificate() {
    let ops = [
        w(0, 'x', 1),
        w(1, 'x', 2),
        r(2, 'x', 1),
        r(2, 'x', 2),
        failed(w(3, 'x', 3)),
    ];
    let history = history(&ops);
    let order =
        |places: &[usize]| Certificate::Order(places.iter().copied().map(OperationId).collect());
    let verify = |level, certificate| verify(&history, level, &certificate);
    let operation = OperationId;
    assert_eq!(verify(CausalConvergence, order(&[0, 1, 2, 3])), Ok(()));
    let expect = |places: &[usize], error: Error| {
        assert_eq!(
            verify(CausalConvergence, order(places)),
            Err(error),
            "{places:?}"
        );
    };
    expect(
        &[1, 0, 2, 3],
        Error::WitnessIllegal {
            operation: operation(3),
        },
    );
    expect(
        &[0, 2, 1],
        Error::WitnessMisses {
            operation: operation(3),
        },
    );
    expect(
        &[0, 0],
        Error::WitnessRepeats {
            operation: operation(0),
        },
    );
    expect(
        &[0, 1, 3],
        Error::WitnessProcessOrder {
            operation: operation(3),
        },
    );
    expect(
        &[2],
        Error::WitnessBeforeSource {
            operation: operation(2),
        },
    );
    expect(
        &[9],
        Error::WitnessStranger {
            operation: operation(9),
        },
    );
    expect(
        &[4],
        Error::WitnessFailed {
            operation: operation(4),
        },
    );
    let level = Pram;
    assert_eq!(
        verify(level, order(&[0, 1, 2, 3])),
        Err(Error::WitnessKind { level })
    );
    let views = |places: &[usize]| {
        let order = places.iter().copied().map(OperationId).collect();
        Certificate::Views(vec![(ProcessId(2), order)])
    };
    for level in [Pram, CausalMemory] {
        assert_eq!(verify(level, views(&[0, 2, 1, 3])), Ok(()));
        let wrong = Error::WitnessIllegal {
            operation: operation(2),
        };
        assert_eq!(verify(level, views(&[0, 1, 2, 3])), Err(wrong));
        let none = Certificate::Views(vec![]);
        assert_eq!(
            verify(level, none),
            Err(Error::WitnessMisses {
                operation: operation(2)
            })
        );
    }
}

#[test]
fn the_verifier_refuses_to_hold_what_does_not() {
    let violated = [
        (ReadYourWrites, vec![w(0, 'x', 1), r(0, 'x', 0)]),
        (
            MonotonicReads,
            vec![w(0, 'x', 1), r(1, 'x', 1), r(1, 'x', 0)],
        ),
        (
            MonotonicWrites,
            vec![w(0, 'x', 1), w(0, 'y', 1), r(1, 'y', 1), r(1, 'x', 0)],
        ),
        (
            WritesFollowReads,
            vec![
                w(0, 'x', 1),
                r(1, 'x', 1),
                w(1, 'y', 1),
                r(2, 'y', 1),
                r(2, 'x', 0),
            ],
        ),
    ];
    for (level, ops) in violated {
        assert!(judge(&ops, level).anomaly().is_some(), "{level}");
        let refused = verify(&history(&ops), level, &Certificate::ReadByRead);
        assert!(
            matches!(refused, Err(Error::WitnessIllegal { .. })),
            "{level}"
        );
    }
    // An order that keeps causality, of a history that does not hold.
    let ops = [w(0, 'x', 1), w(0, 'x', 2), r(1, 'x', 2), r(1, 'x', 1)];
    for level in [Causal, CausalConvergence] {
        let order = Certificate::Order((0..4).map(OperationId).collect());
        let refused = verify(&history(&ops), level, &order);
        let operation = OperationId(3);
        assert_eq!(refused, Err(Error::WitnessIllegal { operation }), "{level}");
    }
}

// Reads are compared with the reads of every session: that is where the time goes, and so the questions.
#[test]
fn a_deadline_strikes_while_many_sessions_read_one_key() {
    let sessions = 300;
    let mut ops = vec![w(0, 'x', 1)];
    ops.extend((1..sessions).map(|session| r(session, 'x', 1)));
    ops.extend((1..sessions).map(|session| w(session, 'y', session as i64)));
    ops.extend((1..sessions).map(|session| r(sessions, 'y', session as i64)));
    ops.extend((0..sessions).map(|session| r(session, 'x', 1)));
    let history = history(&ops);
    let mut questions = 0;
    let judgement = check(&history, WritesFollowReads, &Limits::default(), &mut || {
        questions += 1;
        true
    });
    assert!(judgement.holds(), "{judgement:?}");
    assert!(questions > 100, "asked {questions} times");
}
