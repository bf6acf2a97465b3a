//! Large histories: figures by hand, and that nothing overflows a stack.

use std::fs;

use consistency::{
    Consistency, Judgement, Limits, Moment, ProcessId, Value,
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
