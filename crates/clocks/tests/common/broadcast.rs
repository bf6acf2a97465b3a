//! Broadcasts with their true causal histories, for the tests of causal delivery.

use std::collections::BTreeSet;

use clocks::{CausalBuffer, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// A message by its causal history, which is what the stamps are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) dot: (usize, u64),
    pub(crate) after: BTreeSet<(usize, u64)>,
    pub(crate) stamp: VectorClock,
}

pub(crate) fn below(source: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(source) % bound
}

pub(crate) fn stamp(counters: &[u64]) -> VectorClock {
    VectorClock::from_counters(counters).unwrap()
}

/// A random broadcast of `count` messages among `actors`, who deliver each other's in causal order;
/// one more slot belongs to who only listens.
pub(crate) fn broadcast(source: &mut Gen, actors: usize, count: usize) -> Vec<Said> {
    let mut histories = vec![BTreeSet::new(); actors];
    let mut all: Vec<Said> = Vec::new();
    while all.len() < count {
        let actor = below(source, actors);
        let history: &mut BTreeSet<(usize, u64)> = &mut histories[actor];
        let ready: Vec<&Said> = all
            .iter()
            .filter(|said| !history.contains(&said.dot) && said.after.is_subset(history))
            .collect();
        if let Some(said) = source.choose(&ready).filter(|_| below(source, 3) > 0) {
            history.insert(said.dot);
            continue;
        }
        let after = history.clone();
        let count_of = |slot| after.iter().filter(|dot| dot.0 == slot).count() as u64;
        let mut counters: Vec<u64> = (0..=actors).map(count_of).collect();
        counters[actor] += 1;
        let dot = (actor, counters[actor]);
        history.insert(dot);
        let stamp = stamp(&counters);
        all.push(Said { dot, after, stamp });
    }
    all
}

/// Who only listens, in the last slot.
pub(crate) fn listener(actors: usize, messages_max: u32) -> CausalBuffer<usize> {
    CausalBuffer::new(VectorClock::new(actors + 1).unwrap(), actors, messages_max).unwrap()
}

/// The next message must come after all that its sender had seen, and be new.
pub(crate) fn check_next(delivered: &mut BTreeSet<(usize, u64)>, said: &Said) {
    assert!(
        said.after.is_subset(delivered),
        "{said:?} too early after {delivered:?}"
    );
    assert!(delivered.insert(said.dot), "{said:?} twice");
}
