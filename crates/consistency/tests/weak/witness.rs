//! The verifier of commit orders against the definition of all seven levels.

use consistency::transactions::{Ending, check, verify};
use consistency::{Consistency, Error, Judgement, Limits, OperationId};

use crate::agreement::{Random, random};
use crate::definition::{WEAK, explains, history, txns};

const ALL: [Consistency; 7] = [
    Consistency::StrictSerializable,
    Consistency::Serializable,
    Consistency::SnapshotIsolation,
    Consistency::Prefix,
    Consistency::CausalTransactions,
    Consistency::ReadAtomic,
    Consistency::ReadCommitted,
];

#[test]
fn the_verifier_accepts_exactly_the_orders_that_the_definition_accepts() {
    let mut source = Random::new(11);
    let mut counts = [[0; 2]; 7];
    for round in 0..12_000 {
        let txns = random(&mut source, round % 2 == 0);
        let checked = history(&txns);
        // Mostly the order of the history, sometimes mixed, sometimes with one too few or too many.
        let mut order: Vec<usize> = (0..txns.len())
            .filter(|at| match txns[*at].ending {
                Ending::Committed => source.below(50) > 0,
                Ending::Aborted => source.below(50) == 0,
                Ending::Indeterminate => source.below(3) > 0,
            })
            .collect();
        for _ in 0..source.below(3) {
            let (one, other) = (
                source.below(order.len() as u64),
                source.below(order.len() as u64),
            );
            if !order.is_empty() {
                order.swap(one as usize, other as usize);
            }
        }
        let ids: Vec<OperationId> = order.iter().map(|at| OperationId(*at)).collect();
        let mut weaker = true;
        for (place, level) in ALL.into_iter().enumerate().rev() {
            let verdict = verify(&checked, level, &ids);
            let expected = explains(&txns, level, &order);
            assert_eq!(
                verdict.is_ok(),
                expected,
                "{level} {order:?} {txns:?} {verdict:?}"
            );
            assert!(
                weaker || !expected,
                "the lattice: {level} {order:?} {txns:?}"
            );
            weaker = expected;
            counts[place][usize::from(expected)] += 1;
        }
    }
    println!("refused and accepted, strongest level first: {counts:?}");
    assert!(
        counts.iter().flatten().all(|count| *count > 1_500),
        "{counts:?}"
    );
}

#[test]
fn every_witness_of_the_checkers_verifies() {
    let mut source = Random::new(12);
    let mut verified = 0;
    for round in 0..4_000 {
        let txns = random(&mut source, round % 2 == 0);
        let checked = history(&txns);
        for level in WEAK {
            let judgement = check(&checked, level, &Limits::default(), &mut || true);
            if let Judgement::Holds(order) = judgement {
                assert_eq!(
                    verify(&checked, level, &order),
                    Ok(()),
                    "{level} {txns:?} {order:?}"
                );
                verified += 1;
            }
        }
    }
    assert!(verified > 5_000, "{verified}");
}

#[test]
fn what_is_no_order_of_the_history_is_refused_by_name() {
    let checked = history(&txns("0 wx1 | 1! wy1 | 0 rx1 | 2? wz1"));
    let refused = |order: &[usize]| {
        let order: Vec<OperationId> = order.iter().map(|at| OperationId(*at)).collect();
        verify(&checked, Consistency::ReadCommitted, &order).map_err(|error| match error {
            Error::WitnessStranger { operation } => ("stranger", operation.0),
            Error::WitnessRepeats { operation } => ("repeats", operation.0),
            Error::WitnessFailed { operation } => ("failed", operation.0),
            Error::WitnessMisses { operation } => ("misses", operation.0),
            Error::WitnessSession { operation } => ("session", operation.0),
            other => panic!("{other}"),
        })
    };
    assert_eq!(refused(&[0, 2]), Ok(()));
    assert_eq!(refused(&[3, 0, 2]), Ok(()));
    assert_eq!(refused(&[0, 2, 4]), Err(("stranger", 4)));
    assert_eq!(refused(&[0, 2, 0]), Err(("repeats", 0)));
    assert_eq!(refused(&[0, 1, 2]), Err(("failed", 1)));
    assert_eq!(refused(&[0]), Err(("misses", 2)));
    assert_eq!(refused(&[2, 0]), Err(("session", 2)));
    let single = verify(&checked, Consistency::Pram, &[OperationId(0)]);
    assert!(matches!(single, Err(Error::NotTransactional { .. })));
}
