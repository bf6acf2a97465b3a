//! The checkers agree with the definition on random small histories.

use std::collections::BTreeMap;

use consistency::{
    Anomaly, Consistency, Judgement, Limits,
    transactions::{self, Transactions},
};

use crate::{
    definition::{is_kept, is_witness, keep_only},
    histories::{Random, Shape, built, random},
};

const LEVELS: [Consistency; 4] = [
    Consistency::Prefix,
    Consistency::SnapshotIsolation,
    Consistency::Serializable,
    Consistency::StrictSerializable,
];

const LISTS: Shape = Shape {
    is_list: true,
    transactions: 5,
    keys: 2,
    steps: 3,
    processes: 4,
    lag: 2,
    wrong: 25,
};

/// For each level how many hold, are violated, and are not checkable.
type Counts = BTreeMap<Consistency, [u64; 3]>;

fn compare(seeds: std::ops::Range<u64>, shape: Shape) -> Counts {
    let mut counts = Counts::new();
    for seed in seeds {
        let plans = random(&mut Random::new(seed), shape);
        let history = built(&plans);
        for level in LEVELS {
            let judgement = transactions::check(&history, level, &Limits::default(), &mut || true);
            let count = counts.entry(level).or_default();
            let expected = match &judgement {
                Judgement::Holds(order) => {
                    assert!(
                        is_witness(&history, level, order),
                        "seed {seed}, {level}: {order:?}"
                    );
                    count[0] += 1;
                    true
                }
                Judgement::Violated(anomaly) => {
                    count[1] += 1;
                    assert_minimal(&history, level, anomaly);
                    false
                }
                Judgement::NotCheckable(_) => {
                    count[2] += 1;
                    continue;
                }
                Judgement::Unknown(reason) => panic!("seed {seed}, {level}: {reason}"),
            };
            assert_eq!(
                is_kept(&history, level),
                expected,
                "seed {seed}, {level}: {judgement:?}\n{plans:#?}"
            );
        }
    }
    counts
}

/// The core is violated by itself, and without any one of its transactions it is not.
fn assert_minimal(history: &Transactions, level: Consistency, anomaly: &Anomaly) {
    assert!(anomaly.is_minimal);
    let core = &anomaly.operations;
    assert!(
        !is_kept(&keep_only(history, core), level),
        "{level}: {anomaly:?}"
    );
    for left_out in core {
        let mut rest = core.clone();
        rest.retain(|id| id != left_out);
        assert!(
            is_kept(&keep_only(history, &rest), level),
            "{level}: without {left_out}: {anomaly:?}"
        );
    }
}

#[test]
fn lists_agree_with_the_definition() {
    let counts = compare(0..6_000, LISTS);
    println!("{counts:?}");
    for [holds, violated, ..] in counts.values() {
        assert!(*holds > 800 && *violated > 800, "{counts:?}");
    }
}

#[test]
fn registers_agree_with_the_definition() {
    let shape = Shape {
        is_list: false,
        ..LISTS
    };
    let counts = compare(0..6_000, shape);
    println!("{counts:?}");
    for [holds, violated, _] in counts.values() {
        assert!(*holds > 800 && *violated > 500, "{counts:?}");
    }
}

/// Weakest first.
const ALL: [Consistency; 7] = [
    Consistency::ReadCommitted,
    Consistency::ReadAtomic,
    Consistency::CausalTransactions,
    Consistency::Prefix,
    Consistency::SnapshotIsolation,
    Consistency::Serializable,
    Consistency::StrictSerializable,
];

/// What holds at a level holds at every weaker one; an anomaly is found exactly in what is not strictly serializable,
/// and excludes the weakest broken level, where the order of writers is seen.
#[test]
fn the_levels_form_a_lattice_and_every_violation_has_a_name() {
    let mut strongest = [0; 8];
    for is_list in [true, false] {
        for seed in 20_000..22_000 {
            let shape = Shape {
                is_list,
                wrong: 60,
                ..LISTS
            };
            let history = built(&random(&mut Random::new(seed), shape));
            let limits = Limits::default();
            let judge = |level| transactions::check(&history, level, &limits, &mut || true);
            let judgements = ALL.map(judge);
            if judgements
                .iter()
                .any(|judgement| matches!(judgement, Judgement::NotCheckable(_)))
            {
                continue;
            }
            let holds = judgements.map(|judgement| judgement.holds());
            let count = holds.iter().take_while(|holds| **holds).count();
            assert!(
                holds[count..].iter().all(|holds| !holds),
                "list {is_list}, seed {seed}: {holds:?}"
            );
            strongest[count] += 1;
            let found = transactions::anomalies(&history, &limits, &mut || true);
            let excluded = found.anomalies.iter().filter_map(|found| found.excludes);
            let weakest = excluded.filter_map(|level| ALL.iter().position(|it| *it == level));
            let weakest = weakest.min().unwrap_or(ALL.len());
            assert!(weakest >= count, "list {is_list}, seed {seed}: {found:#?}");
            if is_list {
                let is_named = !found.anomalies.is_empty();
                assert_eq!(is_named, count < ALL.len(), "seed {seed}: {found:#?}");
            }
        }
    }
    println!("{strongest:?}");
    // Violated at all levels, ..., strictly serializable.
    assert!(strongest.iter().all(|count| *count > 0), "{strongest:?}");
}

#[test]
#[ignore = "a campaign of minutes"]
fn many_shapes_agree_with_the_definition() {
    for is_list in [true, false] {
        for (keys, processes, lag, wrong) in
            [(1, 5, 3, 40), (2, 3, 3, 12), (3, 5, 4, 60), (2, 2, 1, 20)]
        {
            let shape = Shape {
                is_list,
                keys,
                processes,
                lag,
                wrong,
                ..LISTS
            };
            println!("{shape:?}: {:?}", compare(1_000_000..1_040_000, shape));
        }
    }
}
