//! The checks against the definitions, on every tiny history and on many random ones.

use consistency::causal::verify;
use consistency::transactions::Ending;
use consistency::{Consistency, Judgement};
use quickcheck::Gen;

use crate::definition::Facts;
use crate::toy::{LEVELS, Op, cas, failed, history, judge, keep_only, r, timed_out, w};

/// Compares the verdicts of all levels with the definitions; which of them hold.
fn agree(ops: &[Op], levels: &[Consistency]) -> Vec<Consistency> {
    let facts = Facts::of(ops);
    let mut held = Vec::new();
    for level in levels.iter().copied() {
        let expected = facts.holds(level);
        match judge(ops, level) {
            Judgement::Holds(certificate) => {
                assert!(expected, "{level} should be violated: {ops:?}");
                let verified = verify(&history(ops), level, &certificate);
                assert_eq!(verified, Ok(()), "{level}: {ops:?}");
                held.push(level);
            }
            Judgement::Violated(anomaly) => {
                assert!(!expected, "{level} should hold: {ops:?}\n{anomaly:?}");
                assert!(anomaly.is_minimal, "{ops:?}");
                let core = &anomaly.operations;
                let rest = Facts::of(&keep_only(ops, core));
                assert!(!rest.holds(level), "{level}: {core:?} of {ops:?}");
                for id in core {
                    let mut others = core.clone();
                    others.retain(|it| it != id);
                    let rest = Facts::of(&keep_only(ops, &others));
                    assert!(
                        rest.holds(level),
                        "{level}: {id} of {core:?} is idle: {ops:?}"
                    );
                }
            }
            other => panic!("{level}: {other:?}: {ops:?}"),
        }
    }
    for strong in &held {
        for weak in levels.iter().filter(|weak| strong.implies(**weak)) {
            assert!(held.contains(weak), "{strong} without {weak}: {ops:?}");
        }
    }
    held
}

/// Every history of so many operations over two keys: sessions in the order of their first operations, the first
/// operation on x, written values distinct, reads of "never written", of any write of the key or of nobody's value.
fn every(count: usize, with: &mut dyn FnMut(&[Op])) {
    extend(count, &mut Vec::new(), with);
}

fn extend(left: usize, ops: &mut Vec<Op>, with: &mut dyn FnMut(&[Op])) {
    if left == 0 {
        return answer(0, ops, with);
    }
    let sessions = ops.iter().map(|op| op.session + 1).max().unwrap_or(0);
    for session in 0..=sessions {
        for key in if ops.is_empty() {
            &['x'][..]
        } else {
            &['x', 'y']
        } {
            for op in [r(session, *key, 0), w(session, *key, ops.len() as i64 + 1)] {
                ops.push(op);
                extend(left - 1, ops, with);
                ops.pop();
            }
        }
    }
}

fn answer(place: usize, ops: &mut Vec<Op>, with: &mut dyn FnMut(&[Op])) {
    let Some(op) = ops.get(place).copied() else {
        return with(ops);
    };
    if op.written.is_some() {
        return answer(place + 1, ops, with);
    }
    let same = ops.iter().filter(|it| it.key == op.key);
    let values: Vec<i64> = same.filter_map(|it| it.written).chain([0, 9]).collect();
    for value in values {
        ops[place].read = Some(value);
        answer(place + 1, ops, with);
    }
    ops[place].read = Some(0);
}

#[test]
fn every_history_of_four_operations_is_judged_as_defined() {
    let mut all = 0;
    let mut held = [0; LEVELS.len()];
    for count in 0..=4 {
        every(count, &mut |ops| {
            all += 1;
            for level in agree(ops, &LEVELS) {
                held[LEVELS.iter().position(|it| *it == level).expect("there")] += 1;
            }
        });
    }
    println!("{all} {held:?}");
    assert!(all > 10_000);
}

#[test]
fn no_other_causal_order_explains_what_the_least_one_does_not() {
    let levels = [
        Consistency::Causal,
        Consistency::CausalConvergence,
        Consistency::CausalMemory,
    ];
    for count in 0..=3 {
        every(count, &mut |ops| {
            let facts = Facts::of(ops);
            for level in levels {
                assert_eq!(
                    facts.holds(level),
                    facts.holds_for_some_order(level),
                    "{level}: {ops:?}"
                );
            }
        });
    }
}

fn below(g: &mut Gen, bound: u64) -> u64 {
    let bounds: Vec<u64> = (0..bound.max(1)).collect();
    g.choose(&bounds).copied().unwrap_or(0)
}

/// Sessions on replicas of a store that hands on what it knows at random, with `wrong` answers replaced.
fn random(g: &mut Gen, count: u64, wrong: u64) -> Vec<Op> {
    let (sessions, keys) = (1 + below(g, 3), 1 + below(g, 2));
    let mut replicas = vec![[0_i64; 2]; sessions as usize];
    let mut ops: Vec<Op> = Vec::new();
    for place in 0..count {
        let session = below(g, sessions);
        let key = below(g, keys) as usize;
        if below(g, 3) == 0 {
            let from = replicas[below(g, sessions) as usize][key];
            replicas[session as usize][key] = from;
        }
        let (name, new) = (['x', 'y'][key], place as i64 + 1);
        let held = &mut replicas[session as usize][key];
        let op = match below(g, 12) {
            0 => failed(w(session, name, new)),
            1 | 2 => {
                if below(g, 2) == 0 {
                    *held = new;
                }
                timed_out(w(session, name, new))
            }
            3 => cas(session, name, core::mem::replace(held, new), new),
            4..=7 => {
                *held = new;
                w(session, name, new)
            }
            _ => r(session, name, *held),
        };
        ops.push(op);
    }
    for _ in 0..wrong {
        let place = below(g, count) as usize;
        let value = below(g, count + 1) as i64;
        let key = ops[place].key;
        let is_written = value == 0 || ops[value as usize - 1].written.is_some();
        let is_same = value == 0 || ops[value as usize - 1].key == key;
        if ops[place].ending == Ending::Committed
            && ops[place].read.is_some()
            && is_written
            && is_same
        {
            ops[place].read = Some(value);
        }
    }
    ops
}

fn campaign(rounds: u64, seed: u64) -> [u64; LEVELS.len()] {
    let mut g = Gen::from_size_and_seed(64, seed);
    let mut held = [0; LEVELS.len()];
    for round in 0..rounds {
        let count = 3 + round % 6;
        let ops = random(&mut g, count, round % 4);
        for level in agree(&ops, &LEVELS) {
            held[LEVELS.iter().position(|it| *it == level).expect("there")] += 1;
        }
    }
    held
}

#[test]
fn random_histories_of_up_to_eight_operations_are_judged_as_defined() {
    let rounds = 4_000;
    let held = campaign(rounds, 11);
    println!("{held:?}");
    for count in held {
        assert!(count > rounds / 10 && count < rounds, "{held:?}");
    }
}

#[test]
#[ignore = "a campaign of minutes: run it in release"]
fn a_million_random_histories_are_judged_as_defined() {
    for seed in 100..110 {
        println!("{:?}", campaign(100_000, seed));
    }
}

#[test]
fn an_empty_history_keeps_everything() {
    assert!(history(&[]).is_empty());
    assert_eq!(agree(&[], &LEVELS), LEVELS);
}
