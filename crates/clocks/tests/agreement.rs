//! Every clock answers alike: dense, in an array, sparse, and the definition over a plain map.
//!
//! Where there are few clocks, all of them are tried; the others come from numbered seeds. The
//! comparison went wrong in Voldemort (#21), Hazelcast (#1683), ctripcorp's crdt-module (#73) and
//! GoVector (#62, #69): all pairs of small clocks leave no such case out.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use clocks::{ArrayClock, Causality, VectorClock, VersionVector};
use quickcheck::{Arbitrary, Gen};

const ACTORS: usize = 3;
const COUNTER_MAX: u64 = 3;

/// The definition: a map from actor to counter, in which an absent actor has zero.
type Map = BTreeMap<usize, u64>;

fn map_of(counters: &[u64]) -> Map {
    let entries = counters.iter().copied().enumerate();
    entries.filter(|&(_, counter)| counter > 0).collect()
}

fn by_actor(a: &Map, b: &Map, choose: fn(u64, u64) -> u64) -> Map {
    let actors = a.keys().chain(b.keys()).copied();
    let chosen = actors.map(|actor| {
        let of = |map: &Map| map.get(&actor).copied().unwrap_or(0);
        (actor, choose(of(a), of(b)))
    });
    chosen.filter(|&(_, counter)| counter > 0).collect()
}

fn join(a: &Map, b: &Map) -> Map {
    by_actor(a, b, u64::max)
}

fn meet(a: &Map, b: &Map) -> Map {
    by_actor(a, b, u64::min)
}

fn at_most(a: &Map, b: &Map) -> bool {
    a.iter()
        .all(|(actor, counter)| b.get(actor).is_some_and(|other| counter <= other))
}

fn order(a: &Map, b: &Map) -> Causality {
    match (at_most(a, b), at_most(b, a)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

/// All clocks of three actors with counters from 0 to 3: 64.
fn every_small_clock() -> Vec<[u64; ACTORS]> {
    let counters = 0..=COUNTER_MAX;
    let mut clocks = Vec::new();
    for first in counters.clone() {
        for second in counters.clone() {
            clocks.extend(counters.clone().map(|third| [first, second, third]));
        }
    }
    clocks
}

fn map_of_sparse<A>(vector: &VersionVector<A>, slot: fn(&A) -> usize) -> Map {
    let pairs = vector.iter();
    pairs
        .map(|(actor, counter)| (slot(actor), counter))
        .collect()
}

#[test]
fn every_pair_of_small_clocks_joins_meets_and_compares_as_defined() {
    let clocks = every_small_clock();
    assert_eq!(clocks.len(), 64);
    for a in &clocks {
        for b in &clocks {
            let (map_a, map_b) = (map_of(a), map_of(b));
            let (joined, met) = (join(&map_a, &map_b), meet(&map_a, &map_b));
            let expected = order(&map_a, &map_b);
            dense_agrees(a, b, &joined, &met, expected);
            sparse_agrees(&map_a, &map_b, &joined, &met, expected);
            array_agrees(*a, *b, &joined, &met, expected);
        }
    }
}

fn dense_agrees(a: &[u64], b: &[u64], joined: &Map, met: &Map, expected: Causality) {
    let dense = |counters| VectorClock::from_counters(counters).unwrap();
    let (a, b) = (dense(a), dense(b));
    let mut merged = a.clone();
    assert_eq!(merged.merge(&b), Ok(merged != a), "{a} merge {b}");
    assert_eq!(map_of(merged.as_slice()), *joined, "{a} merge {b}");
    let mut out = VectorClock::default();
    out.join_into(&a, &b).unwrap();
    assert_eq!(map_of(out.as_slice()), *joined, "{a} join {b}");
    let mut lowered = a.clone();
    assert_eq!(lowered.meet(&b), Ok(lowered != a), "{a} meet {b}");
    assert_eq!(map_of(lowered.as_slice()), *met, "{a} meet {b}");
    assert_eq!(a.compare(&b), Ok(expected), "{a} compare {b}");
    assert_eq!(a.partial_cmp(&b), expected.ordering(), "{a} compare {b}");
    assert_eq!(a == b, expected == Causality::Equal, "{a} == {b}");
}

fn array_agrees(a: [u64; ACTORS], b: [u64; ACTORS], joined: &Map, met: &Map, expected: Causality) {
    let (a, b) = (ArrayClock::from_counters(a), ArrayClock::from_counters(b));
    let mut merged = a;
    assert_eq!(merged.merge(&b), merged != a, "{a:?} merge {b:?}");
    assert_eq!(map_of(merged.as_slice()), *joined, "{a:?} merge {b:?}");
    let mut out = ArrayClock::new();
    out.join_into(&a, &b);
    assert_eq!(out, merged, "{a:?} join {b:?}");
    let mut lowered = a;
    assert_eq!(lowered.meet(&b), lowered != a, "{a:?} meet {b:?}");
    assert_eq!(map_of(lowered.as_slice()), *met, "{a:?} meet {b:?}");
    assert_eq!(a.compare(&b), expected, "{a:?} compare {b:?}");
    assert_eq!(a.partial_cmp(&b), expected.ordering(), "{a:?} {b:?}");
}

/// Once with actors that are copied, and once with such as are moved.
fn sparse_agrees(a: &Map, b: &Map, joined: &Map, met: &Map, expected: Causality) {
    vectors_agree(a, b, joined, met, expected, |slot| slot, |&actor| actor);
    let name = |slot| format!("{slot:04}");
    let slot = |name: &String| name.parse().unwrap();
    vectors_agree(a, b, joined, met, expected, name, slot);
}

fn vectors_agree<A: Ord + Clone + Display + Debug>(
    a: &Map,
    b: &Map,
    joined: &Map,
    met: &Map,
    expected: Causality,
    name: fn(usize) -> A,
    slot: fn(&A) -> usize,
) {
    let sparse = |map: &Map| {
        let pairs = map.iter().map(|(&actor, &counter)| (name(actor), counter));
        VersionVector::from_pairs(pairs).unwrap()
    };
    let (a, b) = (sparse(a), sparse(b));
    let mut merged = a.clone();
    assert_eq!(merged.merge(&b), merged != a, "{a} merge {b}");
    assert_eq!(map_of_sparse(&merged, slot), *joined, "{a} merge {b}");
    let mut out = b.clone();
    out.join_into(&a, &b);
    assert_eq!(out, merged, "{a} join {b}");
    let mut lowered = a.clone();
    assert_eq!(lowered.meet(&b), lowered != a, "{a} meet {b}");
    assert_eq!(map_of_sparse(&lowered, slot), *met, "{a} meet {b}");
    assert_eq!(a.compare(&b), expected, "{a} compare {b}");
    assert_eq!(a.partial_cmp(&b), expected.ordering(), "{a} compare {b}");
    assert_eq!(a == b, expected == Causality::Equal, "{a} == {b}");
    let mut caught_up = b.clone();
    assert_eq!(
        caught_up.apply(&a.diff(&b)),
        Ok(merged != b),
        "{a} diff {b}"
    );
    assert_eq!(caught_up, merged, "{a} diff {b}");
}

/// A map of up to `length` of `actors` actors, with the extremes of a counter among its counters.
fn any_map(g: &mut Gen, length: usize, actors: usize) -> Map {
    let entries = (0..usize::arbitrary(g) % (length + 1)).map(|_| {
        let counter = *g.choose(&[1, 2, 3, u64::MAX / 2 + 1, u64::MAX]).unwrap();
        (usize::arbitrary(g) % actors, counter)
    });
    entries.collect()
}

#[test]
fn clocks_of_any_size_and_overlap_agree_with_the_map() {
    for seed in 0..3_000 {
        let g = &mut Gen::from_size_and_seed(100, seed);
        // From all keys in common to almost none, from equal sizes to very different ones.
        let actors = *g.choose(&[2, 6, 20, 60, 1_000]).unwrap();
        let (length_a, length_b) = *g
            .choose(&[(4, 4), (40, 40), (90, 3), (3, 90), (0, 9)])
            .unwrap();
        let (a, b) = (any_map(g, length_a, actors), any_map(g, length_b, actors));
        sparse_agrees(&a, &b, &join(&a, &b), &meet(&a, &b), order(&a, &b));
        // The same keys with other counters.
        let c: Map = a
            .keys()
            .map(|&actor| (actor, 1 + u64::arbitrary(g) % 3))
            .collect();
        sparse_agrees(&a, &c, &join(&a, &c), &meet(&a, &c), order(&a, &c));
        if actors <= 60 {
            let dense = |map: &Map| -> Vec<u64> {
                (0..actors)
                    .map(|slot| *map.get(&slot).unwrap_or(&0))
                    .collect()
            };
            dense_agrees(
                &dense(&a),
                &dense(&b),
                &join(&a, &b),
                &meet(&a, &b),
                order(&a, &b),
            );
        }
    }
}
