//! The checkers agree with the definition on random and on all tiny histories.

use consistency::transactions::{Ending, check};
use consistency::{Judgement, Limits};

use crate::definition::{Op, Txn, WEAK, history, holds};

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

/// Up to five transactions; every value is written once. Reads see what a simulated store held now or a little earlier,
/// or, sometimes, anything.
pub(crate) fn random(random: &mut Random, of_lists: bool) -> Vec<Txn> {
    let count = 2 + random.below(4);
    let (sessions, keys) = (1 + random.below(4), 1 + random.below(3));
    let wildness = random.below(4);
    let mut next = 1;
    let mut stores: Vec<Vec<Vec<i64>>> = vec![vec![Vec::new(); 3]];
    let mut txns = Vec::new();
    for _ in 0..count {
        let behind = random.below(1 + wildness.min(2)) as usize;
        let mut store = stores[stores.len().saturating_sub(1 + behind)].clone();
        let mut latest = stores.last().unwrap().clone();
        let mut ops = Vec::new();
        for _ in 0..1 + random.below(4) {
            let key = random.below(keys) as usize;
            let letter = b'x' + key as u8;
            if random.below(5) < 2 {
                store[key].push(next);
                latest[key].push(next);
                let write = if of_lists { Op::Append } else { Op::Write };
                ops.push(write(letter, next));
                next += 1;
            } else {
                let mut seen = store[key].clone();
                if random.below(12) < wildness {
                    let from = random.below(stores.len() as u64) as usize;
                    seen.clone_from(&stores[from][key]);
                }
                if random.below(40) == 0 {
                    seen.push(1 + random.below(next as u64) as i64);
                }
                ops.push(if of_lists {
                    Op::List(letter, seen)
                } else {
                    Op::Read(letter, seen.last().copied().unwrap_or(0))
                });
            }
        }
        let ending = match random.below(14) {
            0 => Ending::Aborted,
            1 | 2 => Ending::Indeterminate,
            _ => Ending::Committed,
        };
        if ending != Ending::Aborted || random.below(6) == 0 {
            stores.push(latest);
        }
        txns.push(Txn {
            session: random.below(sessions),
            ending,
            ops,
        });
    }
    txns
}

/// Judges at every level, and compares; counts those that hold.
fn compare(txns: &[Txn], counts: &mut [u32; 3]) {
    let checked = history(txns);
    let mut stronger_holds = false;
    for (place, level) in WEAK.into_iter().enumerate().rev() {
        let judgement = check(&checked, level, &Limits::default(), &mut || true);
        let expected = holds(txns, level);
        match &judgement {
            Judgement::Holds(_) => assert!(expected, "{level} does not hold: {txns:?}"),
            Judgement::Violated(anomaly) => {
                assert!(!expected, "{level} holds: {txns:?} {anomaly:?}");
                assert!(anomaly.is_minimal, "{level}: {txns:?} {anomaly:?}");
            }
            other => panic!("{level}: {txns:?}: {other:?}"),
        }
        assert!(!stronger_holds || expected, "the lattice: {level} {txns:?}");
        stronger_holds = expected;
        counts[place] += u32::from(expected);
    }
}

fn campaign(seed: u64, histories: u32) -> [[u32; 3]; 2] {
    let mut source = Random::new(seed);
    [false, true].map(|of_lists| {
        let mut counts = [0; 3];
        for _ in 0..histories {
            compare(&random(&mut source, of_lists), &mut counts);
        }
        counts
    })
}

#[test]
fn the_checkers_agree_with_the_definition_on_random_histories() {
    let counts = campaign(1, 6_000);
    println!("held of 6000, registers and lists: {counts:?}");
    for count in counts.into_iter().flatten() {
        assert!((1_000..5_000).contains(&count), "{counts:?}");
    }
}

#[test]
#[ignore = "a longer campaign: 400,000 histories"]
fn the_checkers_agree_with_the_definition_on_many_random_histories() {
    let counts = campaign(2, 200_000);
    println!("held of 200000, registers and lists: {counts:?}");
}

/// Every history of `count` transactions of one or two steps over two keys, each `stride`-th of them: writes, and reads
/// of nothing or of anything that somebody writes there; in sessions of their own, or the first two (or all) in one.
fn every_tiny_history(count: usize, stride: usize, of_lists: bool) -> (usize, [u32; 3]) {
    let kinds: Vec<Vec<usize>> = (0..4)
        .flat_map(|one| {
            let two = (0..4).map(move |other| vec![one, other]);
            core::iter::once(vec![one]).chain(two)
        })
        .collect();
    let (mut place, mut compared, mut counts) = (0, 0, [0; 3]);
    for number in 0..kinds.len().pow(count as u32) {
        let shapes: Vec<&Vec<usize>> = (0..count as u32)
            .map(|at| &kinds[number / kinds.len().pow(at) % kinds.len()])
            .collect();
        // Kinds 0 and 1 write x and y, kinds 2 and 3 read them.
        let all: Vec<usize> = shapes
            .iter()
            .flat_map(|shape| shape.iter().copied())
            .collect();
        let choices: Vec<Vec<i64>> = all
            .iter()
            .map(|kind| match kind {
                0 | 1 => vec![0],
                _ => {
                    let written = (0..all.len()).filter(|at| all[*at] == kind - 2);
                    let values = written.map(|at| at as i64 + 1);
                    core::iter::once(0).chain(values).collect()
                }
            })
            .collect();
        let combinations: usize = choices.iter().map(Vec::len).product();
        for combination in 0..combinations * 3 {
            place += 1;
            if place % stride != 0 {
                continue;
            }
            let (mut rest, sessions) = (combination / 3, combination % 3);
            let mut at = 0;
            let txns: Vec<Txn> = shapes
                .iter()
                .enumerate()
                .map(|(txn, shape)| Txn {
                    session: match sessions {
                        0 => txn as u64,
                        1 => txn.saturating_sub(1) as u64,
                        _ => 0,
                    },
                    ending: Ending::Committed,
                    ops: shape
                        .iter()
                        .map(|kind| {
                            let values = &choices[at];
                            let value = values[rest % values.len()];
                            rest /= values.len();
                            at += 1;
                            let key = b'x' + (kind % 2) as u8;
                            let list = || if value == 0 { vec![] } else { vec![value] };
                            match (kind, of_lists) {
                                (0 | 1, false) => Op::Write(key, at as i64),
                                (0 | 1, true) => Op::Append(key, at as i64),
                                (_, false) => Op::Read(key, value),
                                (_, true) => Op::List(key, list()),
                            }
                        })
                        .collect(),
                })
                .collect();
            compare(&txns, &mut counts);
            compared += 1;
        }
    }
    (compared, counts)
}

#[test]
fn the_checkers_agree_with_the_definition_on_every_history_of_two_transactions() {
    for of_lists in [false, true] {
        let (compared, counts) = every_tiny_history(2, 1, of_lists);
        println!("of {compared} held {counts:?}");
        assert!(
            compared > 1_000 && counts[0] > counts[1],
            "{compared} {counts:?}"
        );
        let (compared, counts) = every_tiny_history(3, 59, of_lists);
        println!("of {compared} held {counts:?}");
        assert!(counts[1] > counts[2], "{compared} {counts:?}");
    }
}

#[test]
#[ignore = "a longer campaign: every history of three transactions"]
fn the_checkers_agree_with_the_definition_on_every_history_of_three_transactions() {
    for of_lists in [false, true] {
        let (compared, counts) = every_tiny_history(3, 1, of_lists);
        println!("of {compared} held {counts:?}");
    }
}
