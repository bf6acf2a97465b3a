//! Generated histories keep the model they were made for, and what is planted is found at the model that forbids it.

use consistency::transactions::{Plan, Planted, check, generate, verify};
use consistency::{Consistency, Judgement, Limits};

use crate::definition::WEAK;

const STRONGEST_FIRST: [Consistency; 7] = [
    Consistency::StrictSerializable,
    Consistency::Serializable,
    Consistency::SnapshotIsolation,
    Consistency::Prefix,
    Consistency::CausalTransactions,
    Consistency::ReadAtomic,
    Consistency::ReadCommitted,
];

fn plan(seed: u64, level: Consistency, is_list: bool) -> Plan {
    Plan {
        seed,
        level,
        is_list,
        transactions: 300,
        sessions: 6,
        keys: 8,
        steps: 4,
        faults_percent: 5,
        ..Plan::default()
    }
}

#[test]
fn a_generated_history_keeps_its_model_and_most_break_the_next() {
    let mut broken = [0; 3];
    for seed in 0..6 {
        for is_list in [false, true] {
            for level in STRONGEST_FIRST {
                let history = generate(&plan(seed, level, is_list));
                assert_eq!(history.len(), 300);
                for (place, weak) in WEAK.into_iter().enumerate() {
                    let judgement = check(&history, weak, &Limits::default(), &mut || true);
                    match judgement {
                        Judgement::Holds(order) => {
                            assert_eq!(verify(&history, weak, &order), Ok(()), "{seed} {level}");
                        }
                        Judgement::Violated(anomaly) => {
                            assert!(
                                !level.implies(weak),
                                "{seed} {level} {is_list}: {anomaly:?}"
                            );
                            broken[place] += 1;
                        }
                        other => panic!("{seed} {level}: {other:?}"),
                    }
                }
            }
        }
    }
    // Read committed histories break read atomic; they and read atomic ones break causality.
    assert!(
        broken[0] == 0 && broken[1] > 8 && broken[2] > broken[1] + 3,
        "{broken:?}"
    );
}

#[test]
fn the_order_of_commits_explains_what_the_strong_models_generate() {
    for seed in 0..6 {
        for is_list in [false, true] {
            let history = generate(&plan(seed, Consistency::StrictSerializable, is_list));
            let judgement = check(
                &history,
                Consistency::StrictSerializable,
                &Limits::default(),
                &mut || true,
            );
            let Judgement::Holds(order) = judgement else {
                panic!("{seed} {is_list}: {judgement:?}");
            };
            for level in STRONGEST_FIRST {
                assert_eq!(
                    verify(&history, level, &order),
                    Ok(()),
                    "{seed} {is_list} {level}"
                );
            }
        }
    }
}

#[test]
fn what_is_planted_is_found_from_its_model_on() {
    for planted in Planted::ALL {
        for is_list in [false, true] {
            let plan = Plan {
                planted: Some(planted),
                ..plan(3, Consistency::StrictSerializable, is_list)
            };
            let history = generate(&plan);
            for level in WEAK {
                let judgement = check(&history, level, &Limits::default(), &mut || true);
                let is_forbidden = level.implies(planted.violates());
                assert_eq!(
                    judgement.holds(),
                    !is_forbidden,
                    "{planted:?} {is_list} {level}"
                );
                if let Some(anomaly) = judgement.anomaly() {
                    assert!(anomaly.is_minimal, "{planted:?} {anomaly:?}");
                    assert!(anomaly.operations.len() <= 4, "{planted:?} {anomaly:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_plan_gives_the_same_history() {
    let plan = plan(5, Consistency::CausalTransactions, false);
    let (one, other) = (generate(&plan), generate(&plan));
    let all = |history: &consistency::transactions::Transactions| -> Vec<_> {
        (0..history.len())
            .map(|at| history.get(consistency::OperationId(at)))
            .collect()
    };
    assert_eq!(all(&one), all(&other));
    let another = generate(&Plan { seed: 6, ..plan });
    assert_ne!(all(&one), all(&another));
    assert!(
        generate(&Plan {
            transactions: 0,
            sessions: 0,
            keys: 0,
            ..Plan::default()
        })
        .is_empty()
    );
}
