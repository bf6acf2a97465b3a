//! Large histories: figures by hand, and that nothing overflows a stack.

use std::fs;

use consistency::{
    Consistency, Judgement, Limits, Moment, ProcessId, UnknownReason, Value,
    transactions::{self, Builder, Ending, MicroOperation, Transactions},
};

use crate::histories::Random;

/// A strictly serializable history of lists: `count` transactions of four steps in 20 sessions, keys of 100 appends.
fn appends(count: u64) -> Transactions {
    const SESSIONS: u64 = 20;
    let mut random = Random::new(1);
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    // Each takes effect at a hundred times its number; the interval around it stays clear of its session's others.
    let mut free_from = [0; SESSIONS as usize];
    let mut times: Vec<(u64, u64, u64, u64)> = Vec::new();
    for number in 0..count {
        let process = if number % 3 == 0 {
            random.below(SESSIONS)
        } else {
            number % SESSIONS
        };
        let commit = number * 100 + 50;
        let call = (commit - random.below(50)).max(free_from[process as usize]);
        let end = commit + 1 + random.below(1_500);
        free_from[process as usize] = commit + 1;
        times.push((call, number, process, end));
    }
    let mut next = [u64::MAX; SESSIONS as usize];
    for (call, _, process, end) in times.iter_mut().rev() {
        *end = (*end).min(next[*process as usize]);
        next[*process as usize] = call.saturating_sub(1);
    }
    times.sort_unstable();
    let mut builder = Builder::new();
    let mut ids = vec![Default::default(); count as usize];
    for (call, number, process, end) in &times {
        let id = builder.invoke(ProcessId(*process), at(*call));
        ids[*number as usize] = (Some(id), *end);
    }
    let mut lists: Vec<(i64, Vec<Value>)> = (0..50).map(|key| (key, Vec::new())).collect();
    let mut fresh_key = 50;
    for (id, end) in ids {
        let steps: Vec<MicroOperation> = (0..4)
            .map(|_| {
                let (key, list) = &mut lists[random.below(50) as usize];
                let name = Value::Int(*key);
                if random.one_in(2) {
                    let values = Some(list.clone());
                    return MicroOperation::ReadList { key: name, values };
                }
                let value = Value::Int(list.len() as i64);
                list.push(value.clone());
                if list.len() == 100 {
                    list.clear();
                    *key = fresh_key;
                    fresh_key += 1;
                }
                MicroOperation::Append { key: name, value }
            })
            .collect();
        let id = id.expect("invoked");
        builder
            .complete(id, Ending::Committed, Some(at(end)), steps)
            .expect("open");
    }
    builder.finish()
}

/// User time of this process so far, in hundredths of a second.
fn user_time() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let field = fields.split(' ').nth(11);
    field.and_then(|field| field.parse().ok()).unwrap_or(0)
}

#[test]
#[ignore = "a million transactions"]
fn a_million_transactions_on_lists() {
    let history = appends(1_000_000);
    println!("generated: {} ms", user_time() * 10);
    for level in [
        Consistency::StrictSerializable,
        Consistency::Serializable,
        Consistency::SnapshotIsolation,
        Consistency::Prefix,
    ] {
        let before = user_time();
        let judgement = transactions::check(&history, level, &Limits::default(), &mut || true);
        println!("{level}: {} ms", (user_time() - before) * 10);
        assert!(judgement.holds(), "{:?}", judgement.anomaly());
        if std::env::var_os("ONE").is_some() {
            break;
        }
    }
}

/// Each transaction misses the next one's append, and the last the first one's: the only cycle takes all of them.
fn ring(count: u64) -> Transactions {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let mut builder = Builder::new();
    for number in 0..count {
        let id = builder.invoke(ProcessId(number), at(number));
        let name = |number: u64| Value::Int((number % count) as i64);
        let steps = [
            MicroOperation::Append {
                key: name(number),
                value: 1.into(),
            },
            MicroOperation::ReadList {
                key: name(number + 1),
                values: Some(vec![]),
            },
        ];
        builder
            .complete(id, Ending::Committed, Some(at(2 * count)), steps)
            .expect("open");
    }
    builder.finish()
}

#[test]
fn a_component_of_a_hundred_thousand_gives_a_concrete_cycle() {
    let history = ring(100_000);
    let judgement = transactions::check(
        &history,
        Consistency::Serializable,
        &Limits::default(),
        &mut || true,
    );
    let anomaly = judgement.anomaly().expect("a violation");
    assert_eq!(
        (anomaly.rule.name, anomaly.edges.len()),
        ("G2-item", 100_000)
    );
    for (edge, next) in anomaly
        .edges
        .iter()
        .zip(anomaly.edges.iter().cycle().skip(1))
    {
        assert_eq!(edge.target, next.source);
    }
}

#[test]
fn a_large_component_of_real_time_gives_a_short_cycle() {
    // One stale read of the first append at the very end, after all others.
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let mut builder = Builder::new();
    let append = |value: u64| MicroOperation::Append {
        key: "x".into(),
        value: Value::Int(value as i64),
    };
    let read = |count: i64| MicroOperation::ReadList {
        key: "x".into(),
        values: Some((0..count).map(Value::Int).collect()),
    };
    let count = 20_000;
    for number in 0..count {
        let id = builder.invoke(ProcessId(number), at(10 * number));
        let steps = [append(number)];
        builder
            .complete(id, Ending::Committed, Some(at(10 * number + 5)), steps)
            .expect("open");
    }
    for (number, seen) in [(count, count as i64), (count + 1, 1)] {
        let id = builder.invoke(ProcessId(number), at(10 * number));
        builder
            .complete(
                id,
                Ending::Committed,
                Some(at(10 * number + 5)),
                [read(seen)],
            )
            .expect("open");
    }
    let history = builder.finish();
    let level = Consistency::StrictSerializable;
    let judgement = transactions::check(&history, level, &Limits::default(), &mut || true);
    let anomaly = judgement.anomaly().expect("a violation");
    assert_eq!(anomaly.rule.name, "G-single-realtime");
    assert_eq!(
        (anomaly.operations.len(), anomaly.is_minimal),
        (3, true),
        "{anomaly:?}"
    );
    let weaker = Consistency::Serializable;
    assert!(transactions::check(&history, weaker, &Limits::default(), &mut || true).holds());
}

#[test]
fn a_deadline_and_a_memory_bound_end_in_unknown() {
    let history = ring(1_000);
    for level in [Consistency::Prefix, Consistency::StrictSerializable] {
        let judgement = transactions::check(&history, level, &Limits::default(), &mut || false);
        assert_eq!(judgement, Judgement::Unknown(UnknownReason::Interrupted));
        let limits = Limits {
            bytes_max: 1_000,
            ..Limits::default()
        };
        let judgement = transactions::check(&history, level, &limits, &mut || true);
        assert_eq!(judgement, Judgement::Unknown(UnknownReason::MemoryBound));
    }
}
