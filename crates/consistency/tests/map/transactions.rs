//! The chain of isolation levels on random small histories of transactions.

use std::collections::BTreeMap;

use consistency::transactions::{self, Builder, Ending, MicroOperation, Transactions};
use consistency::{Consistency, Limits, Moment, ProcessId, Value, check_all_transactions};
use quickcheck::Gen;

use crate::common::below;
use crate::lattice::{Answer, Counts, answer, check_lattice, check_map};

/// A store with several snapshots: a transaction reads a random one of the last few, or, when torn, another for each
/// step, so every level occurs.
fn random(g: &mut Gen, is_list: bool) -> Transactions {
    let mut builder = Builder::new();
    let mut snapshots: Vec<BTreeMap<u64, Vec<i64>>> = vec![BTreeMap::new()];
    let clients = 1 + below(g, 3);
    let mut free_from = [0; 3];
    let mut position = 0;
    let mut next_value = 1;
    let torn = below(g, 4);
    for _ in 0..2 + below(g, 5) {
        let client = below(g, clients) as usize;
        position = (position + 1).max(free_from[client]);
        let end = position + 1 + below(g, 8);
        free_from[client] = end + 1;
        let at = |position| Moment {
            position,
            time_ns: None,
        };
        let id = builder.invoke(ProcessId(client as u64), at(position));
        let pick = |g: &mut Gen, snapshots: &Vec<BTreeMap<u64, Vec<i64>>>| {
            let last = snapshots.len() - 1;
            snapshots[last - below(g, 3).min(last as u64) as usize].clone()
        };
        let mut view = pick(g, &snapshots);
        let mut written = snapshots[snapshots.len() - 1].clone();
        let mut steps = vec![];
        for _ in 0..1 + below(g, 3) {
            if torn > 0 && below(g, 3) < torn {
                let mut other = pick(g, &snapshots);
                other.extend(if torn == 1 { view } else { BTreeMap::new() });
                view = other;
            }
            let number = below(g, 2);
            let key = Value::from(["x", "y"][number as usize]);
            if below(g, 2) == 0 {
                view.entry(number).or_default().push(next_value);
                written.entry(number).or_default().push(next_value);
                let value = Value::Int(next_value);
                next_value += 1;
                steps.push(if is_list {
                    MicroOperation::Append { key, value }
                } else {
                    MicroOperation::Write { key, value }
                });
                continue;
            }
            let seen = view.get(&number).cloned().unwrap_or_default();
            steps.push(if is_list {
                let values = Some(seen.into_iter().map(Value::Int).collect());
                MicroOperation::ReadList { key, values }
            } else {
                let value = Some(seen.last().copied().map_or(Value::Nil, Value::Int));
                MicroOperation::Read { key, value }
            });
        }
        let ending = match below(g, 16) {
            0 => Ending::Aborted,
            1 => Ending::Indeterminate,
            _ => Ending::Committed,
        };
        let done = builder.complete(id, ending, Some(at(end)), steps);
        done.expect("open");
        if ending != Ending::Aborted || below(g, 4) == 0 {
            snapshots.push(written);
        }
        position += below(g, 3);
    }
    builder.finish()
}

/// Each level asked alone.
fn alone(history: &Transactions) -> Vec<(Consistency, Answer)> {
    let levels = Consistency::ALL
        .into_iter()
        .filter(|it| it.is_transactional());
    let ask = |level| {
        answer(&transactions::check(
            history,
            level,
            &Limits::default(),
            &mut || true,
        ))
    };
    levels.map(|level| (level, ask(level))).collect()
}

fn campaign(seed: u64, rounds: u64) -> Counts {
    let mut g = Gen::from_size_and_seed(64, seed);
    let mut counts = Counts::default();
    for round in 0..rounds {
        let history = random(&mut g, round % 2 == 0);
        let answers = alone(&history);
        let text: Vec<_> = (0..history.len())
            .filter_map(|it| history.get(consistency::OperationId(it)))
            .collect();
        check_lattice(&answers, &text);
        let map = check_all_transactions(&history, &Limits::default(), &mut || true);
        check_map(&map, &answers, &text);
        counts.add(&map);
    }
    counts
}

#[test]
fn random_histories_of_transactions_keep_the_chain() {
    let counts = campaign(1, 4_000);
    for level in Consistency::ALL
        .into_iter()
        .filter(|it| it.is_transactional())
    {
        assert!(counts.of(&[level.name()]) > 2, "{level}: {counts:#?}");
    }
    assert!(counts.of(&[]) > 100, "{counts:#?}");
}

#[test]
#[ignore = "minutes: 100,000"]
fn many_random_histories_of_transactions_keep_the_chain() {
    println!("{:#?}", campaign(2, 100_000).0);
}
