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
