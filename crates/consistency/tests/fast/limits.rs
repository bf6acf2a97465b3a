//! Deadlines, memory, and sizes.

use consistency::{
    FifoQueue, Limits, Method, PriorityQueue, Register, Set, Stack, UnknownReason, Value, Verdict,
    check_linearizable, check_linearizable_in_full, generate, replay,
};

fn settings(operations: usize) -> generate::Settings {
    generate::Settings {
        operations,
        clients: 20,
        ..generate::Settings::default()
    }
}

#[test]
fn a_deadline_ends_a_fast_check_in_unknown() {
    let history = generate::stack(&settings(20_000));
    let mut questions_max = 0;
    loop {
        let mut questions = 0;
        let verdict = check_linearizable(&Stack, &history, &Limits::default(), &mut || {
            questions += 1;
            questions <= questions_max
        });
        match verdict {
            Verdict::Holds(_) => break,
            Verdict::Unknown { reason, .. } => assert_eq!(reason, UnknownReason::Interrupted),
            Verdict::Violated(_) => panic!("a correct stack"),
        }
        assert_eq!(questions, questions_max + 1, "it ends when it is told to");
        questions_max += 1;
    }
    assert!(
        questions_max > 10,
        "{questions_max} questions in 20,000 operations"
    );
}

#[test]
fn a_memory_bound_ends_a_fast_check_in_unknown() {
    let history = generate::queue(&settings(1_000));
    let limits = Limits {
        bytes_max: 10_000,
        ..Limits::default()
    };
    let verdict = check_linearizable(&FifoQueue, &history, &limits, &mut || true);
    let reason = UnknownReason::MemoryBound;
    assert_eq!(verdict, Verdict::Unknown { key: None, reason });
}

/// The search cannot do this: 20 clients, tens of thousands of operations.
#[test]
fn long_histories_of_many_clients_are_decided_with_a_witness() {
    let settings = settings(20_000);
    macro_rules! holds {
        ($model:expr, $history:expr) => {
            let (model, history) = ($model, $history);
            let limits = Limits::default();
            let checked = check_linearizable_in_full(&model, &history, &limits, &mut || true);
            assert!(matches!(checked.methods[..], [(None, Method::Fast(_))]));
            let Verdict::Holds(witness) = checked.verdict else {
                panic!("{:?}", checked.verdict)
            };
            assert_eq!(replay(&model, &history, &witness), Ok(()));
        };
    }
    holds!(Register::new(Value::Nil), generate::register(&settings));
    holds!(Set, generate::set(&settings));
    holds!(FifoQueue, generate::queue(&settings));
    holds!(Stack, generate::stack(&settings));
    holds!(PriorityQueue, generate::priority_queue(&settings));
}

#[test]
fn a_late_fault_of_a_long_history_is_shown_by_a_handful_of_operations() {
    let settings = generate::Settings {
        faults: 40,
        faults_from: 19_000,
        ..settings(20_000)
    };
    let limits = Limits::default();
    macro_rules! violated {
        ($model:expr, $history:expr) => {
            let verdict = check_linearizable(&$model, &$history, &limits, &mut || true);
            let Verdict::Violated(violation) = verdict else {
                panic!("{verdict:?}")
            };
            assert!(
                violation.is_minimal && violation.operations.len() <= 6,
                "{violation:?}"
            );
            assert!(!violation.blocked.is_empty());
        };
    }
    violated!(Register::new(Value::Nil), generate::register(&settings));
    violated!(Set, generate::set(&settings));
    violated!(FifoQueue, generate::queue(&settings));
    violated!(Stack, generate::stack(&settings));
    violated!(PriorityQueue, generate::priority_queue(&settings));
}
