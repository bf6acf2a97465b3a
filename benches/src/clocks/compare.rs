//! Comparisons: one that must look at every entry, and one of concurrent clocks.

use std::cmp::Ordering;
use std::hint::black_box;

use clocks::{Causality, VectorClock, VersionVector};

use super::merge::{self, crdts_clock, entries, vclock_clock};
use super::{Contender, FxClock, MapClock, Random, SipClock, at_line};

/// Us, when actors have names.
pub const OURS_SPARSE: &str = "clocks VersionVector";

/// The peers whose fastest the bar is about: those of the registry, and the tutorial's clock.
pub const PEERS: &[&str] = &[merge::HASH_MAP, CRDTS, merge::VCLOCK, merge::MINERVA];
const CRDTS: &str = "crdts 7.3.2";

/// What is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pair {
    /// The left happened before the right, and only the last entry says so.
    Full,
    /// Random counters on both sides.
    Concurrent,
}

/// 16 pairs of counters.
fn pairs(n: usize, pair: Pair) -> Vec<[Vec<u64>; 2]> {
    let mut random = Random::new(5);
    let mut clock = || -> Vec<u64> { (0..n).map(|_| 1 + random.below(1 << 20)).collect() };
    let mut make = || {
        let left = clock();
        let right = match pair {
            Pair::Full => {
                let mut right = left.clone();
                if let Some(last) = right.last_mut() {
                    *last += 1;
                }
                right
            }
            Pair::Concurrent => clock(),
        };
        [left, right]
    };
    (0..16).map(|_| make()).collect()
}

/// Everybody who can compare clocks of `n` entries, us first.
///
/// ```
/// use benches::clocks::{Effort, compare, merge, time};
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let mut contenders = compare::contenders(64, compare::Pair::Full);
/// assert_eq!(time("compare", &mut contenders, effort)?[0].name, merge::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders(n: usize, pair: Pair) -> Vec<Contender> {
    let pairs = pairs(n, pair);
    let ids: Vec<usize> = (0..n).collect();
    let dense = |counters: &[u64]| {
        let make = || VectorClock::from_counters(counters).unwrap_or_default();
        at_line(make, VectorClock::as_slice)
    };
    let sparse =
        |counters: &[u64]| VersionVector::from_pairs(entries(&ids, counters)).unwrap_or_default();
    vec![
        of(
            merge::OURS,
            &pairs,
            dense,
            |left, right| left.compare(right),
            |answer| answer.map_or(4, code),
        ),
        of(OURS_SPARSE, &pairs, sparse, VersionVector::compare, code),
        of(
            merge::HASH_MAP,
            &pairs,
            |counters| SipClock::of(entries(&ids, counters)),
            MapClock::compare,
            code,
        ),
        of(
            merge::FX_MAP,
            &pairs,
            |counters| FxClock::of(entries(&ids, counters)),
            MapClock::compare,
            code,
        ),
        of(
            CRDTS,
            &pairs,
            |counters| crdts_clock(entries(&ids, counters)),
            PartialOrd::partial_cmp,
            order,
        ),
        of(
            merge::VCLOCK,
            &pairs,
            |counters| vclock_clock(entries(&ids, counters)),
            PartialOrd::partial_cmp,
            order,
        ),
        #[cfg(feature = "minerva")]
        of(
            merge::MINERVA,
            &pairs,
            |counters| merge::minerva_clock(entries(&ids, counters)),
            PartialOrd::partial_cmp,
            order,
        ),
    ]
}

fn of<C: 'static, T: 'static>(
    name: &str,
    pairs: &[[Vec<u64>; 2]],
    make: impl Fn(&[u64]) -> C,
    compare: impl Fn(&C, &C) -> T + 'static,
    code: impl Fn(T) -> u64 + 'static,
) -> Contender {
    let pairs: Vec<[C; 2]> = pairs
        .iter()
        .map(|[left, right]| [make(left), make(right)])
        .collect();
    Contender::new(
        name,
        pairs.len() as u64,
        (pairs, compare),
        |(pairs, compare)| {
            for [left, right] in pairs {
                black_box(compare(black_box(left), black_box(right)));
            }
        },
        move |(pairs, compare)| {
            let answers = pairs.iter().map(|[left, right]| compare(left, right));
            answers.map(&code).collect()
        },
    )
}

const fn code(causality: Causality) -> u64 {
    match causality {
        Causality::Equal => 0,
        Causality::Before => 1,
        Causality::After => 2,
        Causality::Concurrent => 3,
    }
}

const fn order(order: Option<Ordering>) -> u64 {
    match order {
        Some(Ordering::Equal) => 0,
        Some(Ordering::Less) => 1,
        Some(Ordering::Greater) => 2,
        None => 3,
    }
}
