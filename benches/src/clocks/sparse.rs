//! Sparse merges: clocks that name their actors, with as many in common as the case says.

use std::hint::black_box;

use clocks::VersionVector;
use crdts::{CmRDT, CvRDT};

use super::merge::{self, State, crdts_clock, entries, vclock_clock};
use super::{Chain, Contender, FxClock, Random, SipClock};

/// Us: the join written to a new vector.
pub const OURS: &str = "clocks VersionVector";
/// Us, as others must do it.
pub const OURS_CLONED: &str = "clocks, clone and merge";
/// Us, where the caller keeps a vector to write to.
pub const OURS_REUSED: &str = "clocks, join_into a kept one";
/// Everybody's maps.
pub const MAPS: &[&str] = &[
    merge::HASH_MAP,
    merge::FX_MAP,
    merge::CRDTS,
    merge::CRDTS_BY_REFERENCE,
    merge::VCLOCK,
    merge::MINERVA,
];

type Entries = Vec<(usize, u64)>;

/// Two clocks that meet.
#[derive(Clone, Debug)]
pub struct Meeting {
    left: Entries,
    right: Entries,
}

/// 16 meetings of clocks with `n` actors each, of which both know `common`. The names are random,
/// below 2^32 because one peer has no larger ones.
#[must_use]
pub fn meetings(n: usize, common: usize) -> Vec<Meeting> {
    let mut random = Random::new(7);
    let mut meeting = || {
        let mut ids = std::collections::BTreeSet::new();
        while ids.len() < 2 * n - common {
            ids.insert(usize::try_from(random.below(1 << 32)).unwrap_or(0));
        }
        let mut ids: Vec<usize> = ids.into_iter().collect();
        for place in (1..ids.len()).rev() {
            let other = usize::try_from(random.below(place as u64 + 1)).unwrap_or(0);
            ids.swap(place, other);
        }
        let mut of = |ids: &[usize]| {
            let mut sorted = ids.to_vec();
            sorted.sort_unstable();
            let entries = sorted.iter().map(|&id| (id, 1 + random.below(1 << 20)));
            entries.collect()
        };
        Meeting {
            left: of(&ids[..n]),
            right: of(&ids[n - common..]),
        }
    };
    (0..16).map(|_| meeting()).collect()
}

/// Everybody who can join the two clocks of each meeting into a fresh one, us first.
///
/// ```
/// use benches::clocks::{Effort, sparse, time};
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let timed = time("fresh", &mut sparse::fresh(&sparse::meetings(16, 8)), effort)?;
/// assert_eq!(timed[0].name, sparse::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn fresh(meetings: &[Meeting]) -> Vec<Contender> {
    let version_vector = |entries: &Entries| {
        let entries = entries.iter().copied();
        VersionVector::from_pairs(entries).unwrap_or_default()
    };
    let pairs = |vector: &VersionVector<usize>| {
        let pairs = vector.iter().map(|(actor, counter)| (*actor, counter));
        pairs.collect::<Entries>()
    };
    vec![
        fresh_of(
            OURS,
            meetings,
            version_vector,
            |out, left, right| {
                *out = VersionVector::new();
                out.join_into(left, right);
            },
            pairs,
        ),
        fresh_of(
            OURS_CLONED,
            meetings,
            version_vector,
            |out, left, right| {
                *out = left.clone();
                black_box(out.merge(right));
            },
            pairs,
        ),
        fresh_of(
            OURS_REUSED,
            meetings,
            version_vector,
            VersionVector::join_into,
            pairs,
        ),
        fresh_of(
            merge::HASH_MAP,
            meetings,
            |entries| SipClock::of(entries.iter().copied()),
            |out, left, right| {
                *out = left.clone();
                out.merge(right);
            },
            SipClock::entries,
        ),
        fresh_of(
            merge::FX_MAP,
            meetings,
            |entries| FxClock::of(entries.iter().copied()),
            |out, left, right| {
                *out = left.clone();
                out.merge(right);
            },
            FxClock::entries,
        ),
        crdts_fresh(merge::CRDTS, meetings, |out, right| {
            out.merge(right.clone());
        }),
        crdts_fresh(merge::CRDTS_BY_REFERENCE, meetings, |out, right| {
            for dot in right.iter() {
                out.apply(crdts::Dot::new(*dot.actor, dot.counter));
            }
        }),
        fresh_of(
            merge::VCLOCK,
            meetings,
            |entries| vclock_clock(entries.iter().copied()),
            |out, left, right| {
                *out = left.clone();
                out.merge(right);
            },
            |clock| {
                let map: std::collections::HashMap<usize, u64> = clock.clone().into();
                map.into_iter().collect()
            },
        ),
        #[cfg(feature = "minerva")]
        fresh_of(
            merge::MINERVA,
            meetings,
            |entries| merge::minerva_clock(entries.iter().copied()),
            |out, left, right| *out = left.merge(right),
            |clock| {
                let pairs = clock.iter().map(|(id, counter)| (id as usize, counter));
                pairs.collect()
            },
        ),
    ]
}

fn crdts_fresh(
    name: &str,
    meetings: &[Meeting],
    merge: impl Fn(&mut crdts::VClock<usize>, &crdts::VClock<usize>) + 'static,
) -> Contender {
    fresh_of(
        name,
        meetings,
        |entries| crdts_clock(entries.iter().copied()),
        move |out, left, right| {
            *out = left.clone();
            merge(out, right);
        },
        |clock| clock.iter().map(|dot| (*dot.actor, dot.counter)).collect(),
    )
}

/// Joins each meeting in turn into one clock, which drops what it held.
fn fresh_of<C: Clone + 'static>(
    name: &str,
    meetings: &[Meeting],
    make: impl Fn(&Entries) -> C,
    join: impl Fn(&mut C, &C, &C) + 'static,
    entries: impl Fn(&C) -> Entries + 'static,
) -> Contender {
    let pairs: Vec<(C, C)> = meetings
        .iter()
        .map(|meeting| (make(&meeting.left), make(&meeting.right)))
        .collect();
    let out = make(&Vec::new());
    Contender::new(
        name,
        pairs.len() as u64,
        (out, pairs, join),
        |(out, pairs, join)| {
            for (left, right) in pairs {
                join(black_box(&mut *out), black_box(left), black_box(right));
            }
        },
        move |(out, pairs, join)| {
            let mut out = out.clone();
            let mut answer = Vec::new();
            for (left, right) in pairs {
                join(&mut out, left, right);
                let mut entries = entries(&out);
                entries.sort_unstable();
                answer.extend(
                    entries
                        .iter()
                        .flat_map(|&(id, counter)| [id as u64, counter]),
                );
            }
            answer
        },
    )
}

/// Everybody who can merge a chain over the same random actors in place, us first.
///
/// ```
/// use benches::clocks::{Chain, Changing, Effort, sparse, time};
/// let chain = Chain::new(16, Changing::Half, 1);
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let timed = time("in place", &mut sparse::in_place(&chain), effort)?;
/// assert_eq!((timed[0].name.as_str(), timed[0].allocations), (sparse::OURS, 0.0));
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn in_place(chain: &Chain) -> Vec<Contender> {
    let n = chain.start.len();
    let ids: Vec<usize> = meetings(n, n)
        .first()
        .map(|meeting| meeting.left.iter().map(|(id, _)| *id).collect())
        .unwrap_or_default();
    let make =
        |counters: &[u64]| VersionVector::from_pairs(entries(&ids, counters)).unwrap_or_default();
    let ours = State::of(chain, make).contender(
        OURS,
        VersionVector::clone_from,
        |own, other| {
            black_box(own.merge(other));
        },
        |own| own.iter().map(|(_, counter)| counter).collect(),
    );
    let mut contenders = vec![ours];
    contenders.extend(merge::maps(chain, &ids));
    contenders
}
