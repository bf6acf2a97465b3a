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
