//! Histories whose size lies in one place: one wide transaction, one long cycle, one long list. (Quadratic work would
//! take minutes here.)

use consistency::transactions::{Builder, Ending, MicroOperation, Transactions, check, verify};
use consistency::{Consistency, Judgement, Limits, Moment, ProcessId, Value};

use crate::definition::WEAK;

fn write(key: i64) -> MicroOperation {
    let (key, value) = (key.into(), 1.into());
    MicroOperation::Write { key, value }
}

fn read(key: i64, value: Option<i64>) -> MicroOperation {
    let value = value.map_or(Value::Nil, Value::from);
    MicroOperation::Read {
        key: key.into(),
        value: Some(value),
    }
}

/// Each transaction in a session of its own.
fn history(transactions: Vec<Vec<MicroOperation>>) -> Transactions {
    let mut builder = Builder::new();
    for (session, steps) in (0..).zip(transactions) {
        let at = Moment {
            position: session,
            time_ns: None,
        };
        let id = builder.invoke(ProcessId(session), at);
        builder
            .complete(id, Ending::Committed, Some(at), steps)
            .unwrap();
    }
    builder.finish()
}

/// The anomaly's name at each level.
fn names(history: &Transactions) -> [&'static str; 3] {
    WEAK.map(|level| {
        let judgement = check(history, level, &Limits::default(), &mut || true);
        judgement.anomaly().map_or("-", |anomaly| anomaly.rule.name)
    })
}

#[test]
fn a_wide_fractured_read_is_explained() {
    let count = 60_000;
    let reads = (0..count).map(|key| read(key, (key % 2 == 1).then_some(1)));
    let writes = (0..count).map(write);
    let wide = history(vec![writes.collect(), reads.collect()]);
    assert_eq!(names(&wide), ["fractured-read"; 3]);
}

#[test]
fn a_long_cycle_is_explained() {
    let count = 30_000;
    let step = |key| vec![write(key), read((key + 1) % count, Some(1))];
    assert_eq!(names(&history((0..count).map(step).collect())), ["G1c"; 3]);
}

#[test]
fn a_long_list_after_as_many_own_appends_is_explained() {
    let count = 60_000;
    let append = |value: i64| MicroOperation::Append {
        key: "x".into(),
        value: value.into(),
    };
    let list = MicroOperation::ReadList {
        key: "x".into(),
        values: Some((0..count).rev().map(Value::from).collect()),
    };
    let mut steps: Vec<MicroOperation> = (0..count).map(append).collect();
    steps.push(list);
    assert_eq!(names(&history(vec![steps])), ["internal"; 3]);
}

#[test]
fn a_transaction_of_many_reads_is_verified() {
    let count = 100_000;
    let reads = (0..count).map(|_| read(0, Some(1)));
    let many = history(vec![vec![write(0)], reads.collect()]);
    for level in [Consistency::ReadCommitted, Consistency::ReadAtomic] {
        let judgement = check(&many, level, &Limits::default(), &mut || true);
        let Judgement::Holds(order) = judgement else {
            panic!("{level}: {judgement:?}");
        };
        assert_eq!(verify(&many, level, &order), Ok(()), "{level}");
    }
}
