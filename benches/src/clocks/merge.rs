//! Dense merges: every entry of two clocks of equal width, half of them changing.

use std::hint::black_box;

use clocks::VectorClock;
use clocks::kernel::Kernel;
use crdts::{CmRDT, CvRDT, VClock as CrdtsClock};

use super::{Chain, Contender, FxClock, Line, SipClock, at_line};

/// The numbers of entries that are measured.
pub const SIZES: [usize; 5] = [4, 16, 64, 256, 1024];

/// Us, in the row that everybody stands beside.
pub const OURS: &str = "clocks VectorClock";
/// Our loops as every processor can run them.
pub const OUR_BASELINE: &str = "clocks, forced baseline kernel";
/// The bound: the same bytes copied.
pub const MEMCPY: &str = "memcpy of the same bytes";
/// The tutorial's clock.
pub const HASH_MAP: &str = "HashMap<usize, u64>";
/// The tutorial's clock with a quicker hasher.
pub const FX_MAP: &str = "HashMap<usize, u64>, Fx hash";
/// By value, as its interface wants it: the clone is the caller's and in its time.
pub const CRDTS: &str = "crdts 7.3.2, merge(clone)";
/// Entry by entry, without the clone.
pub const CRDTS_BY_REFERENCE: &str = "crdts 7.3.2, apply each dot";
/// A crate with a hash map.
pub const VCLOCK: &str = "vclock 0.4.4";
/// Makes a new clock for each merge.
pub const MINERVA: &str = "minerva 0.3.1";

/// The lines of the picture.
pub const LINES: &[Line<'_>] = &[
    line(CRDTS, CRDTS, [206, 92, 0], 2, false),
    line(MINERVA, MINERVA, [173, 100, 190], 2, false),
    line(HASH_MAP, HASH_MAP, [196, 60, 80], 2, false),
    line(OUR_BASELINE, "clocks without std", [60, 130, 190], 2, true),
    line(OURS, OURS, [0, 120, 215], 4, false),
    line(MEMCPY, MEMCPY, [70, 135, 45], 2, true),
];

const fn line<'a>(
    name: &'a str,
    label: &'a str,
    color: [u8; 3],
    width: u32,
    dashed: bool,
) -> Line<'a> {
    Line {
        name,
        label,
        color,
        width,
        dashed,
    }
}

/// Everybody who can do the merges of `chain`, us first.
///
/// ```
/// use benches::clocks::{Chain, Changing, Effort, merge, time};
/// let chain = Chain::new(16, Changing::Half, 1);
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let timed = time("merge", &mut merge::contenders(&chain), effort)?;
/// assert_eq!(timed[0].name, merge::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders(chain: &Chain) -> Vec<Contender> {
    vec![ours(chain), our_baseline(chain), memcpy(chain)]
        .into_iter()
        .chain(maps(chain, &(0..chain.start.len()).collect::<Vec<_>>()))
        .collect()
}

/// The peers that name their actors, for a chain over the actors `ids` in rising order.
pub(super) fn maps(chain: &Chain, ids: &[usize]) -> Vec<Contender> {
    vec![
        sip(chain, ids),
        fx(chain, ids),
        crdts_by_value(chain, ids),
        crdts_by_reference(chain, ids),
        vclock(chain, ids),
        #[cfg(feature = "minerva")]
        minerva(chain, ids),
    ]
}

/// The own clock, what it starts from, and what it meets.
pub(super) struct State<C> {
    own: C,
    start: C,
    merged: Vec<C>,
}

impl<C: 'static> State<C> {
    pub(super) fn of(chain: &Chain, make: impl Fn(&[u64]) -> C) -> Self {
        Self {
            own: make(&chain.start),
            start: make(&chain.start),
            merged: chain.merged.iter().map(|other| make(other)).collect(),
        }
    }

    pub(super) fn contender(
        self,
        name: &str,
        reset: impl FnMut(&mut C, &C) + 'static,
        merge: impl FnMut(&mut C, &C) + 'static,
        counters: impl Fn(&C) -> Vec<u64> + 'static,
    ) -> Contender {
        let (mut reset, mut merge) = (reset, merge);
        Contender::with_reset(
            name,
            self.merged.len() as u64,
            self,
            move |state| reset(&mut state.own, &state.start),
            move |state| {
                for other in &state.merged {
                    merge(black_box(&mut state.own), black_box(other));
                }
            },
            move |state| counters(&state.own),
        )
    }
}

/// Each actor with its counter.
pub(super) fn entries(ids: &[usize], counters: &[u64]) -> impl Iterator<Item = (usize, u64)> {
    ids.iter().copied().zip(counters.iter().copied())
}

fn ours(chain: &Chain) -> Contender {
    let make = |counters: &[u64]| {
        let make = || VectorClock::from_counters(counters).unwrap_or_default();
        at_line(make, VectorClock::as_slice)
    };
    State::of(chain, make).contender(
        OURS,
        VectorClock::clone_from,
        |own, other| {
            let _ = black_box(own.merge(other));
        },
        |own| own.as_slice().to_vec(),
    )
}

fn our_baseline(chain: &Chain) -> Contender {
    let make = |counters: &[u64]| at_line(|| counters.to_vec(), Vec::as_slice);
    State::of(chain, make).contender(
        OUR_BASELINE,
        |own, start| own.copy_from_slice(start),
        |own, other| {
            black_box(Kernel::Baseline.join(own, other));
        },
        Vec::clone,
    )
}

/// Copies what others merge. It answers as they do only if it copied the last clock.
fn memcpy(chain: &Chain) -> Contender {
    let make = |counters: &[u64]| at_line(|| counters.to_vec(), Vec::as_slice);
    let (end, last) = (chain.end.clone(), chain.merged.last().cloned());
    State::of(chain, make).contender(
        MEMCPY,
        |own, start| own.copy_from_slice(start),
        |own, other| own.copy_from_slice(other),
        move |own| {
            let copied = last.as_ref() == Some(own);
            if copied { end.clone() } else { own.clone() }
        },
    )
}

fn sip(chain: &Chain, ids: &[usize]) -> Contender {
    let actors = ids.to_vec();
    State::of(chain, |counters| SipClock::of(entries(ids, counters))).contender(
        HASH_MAP,
        SipClock::clone_from,
        SipClock::merge,
        move |own| actors.iter().map(|&actor| own.get(actor)).collect(),
    )
}

fn fx(chain: &Chain, ids: &[usize]) -> Contender {
    let actors = ids.to_vec();
    State::of(chain, |counters| FxClock::of(entries(ids, counters))).contender(
        FX_MAP,
        FxClock::clone_from,
        FxClock::merge,
        move |own| actors.iter().map(|&actor| own.get(actor)).collect(),
    )
}

/// The clock of `crdts` with these counters.
pub(super) fn crdts_clock(counters: impl Iterator<Item = (usize, u64)>) -> CrdtsClock<usize> {
    counters
        .map(|(actor, counter)| crdts::Dot::new(actor, counter))
        .collect()
}

/// Without the allocations of a clone.
fn crdts_reset(own: &mut CrdtsClock<usize>, start: &CrdtsClock<usize>) {
    for (own, start) in own.dots.values_mut().zip(start.dots.values()) {
        *own = *start;
    }
}

fn crdts_by_value(chain: &Chain, ids: &[usize]) -> Contender {
    State::of(chain, |counters| crdts_clock(entries(ids, counters))).contender(
        CRDTS,
        crdts_reset,
        |own, other| own.merge(other.clone()),
        |own| own.dots.values().copied().collect(),
    )
}

fn crdts_by_reference(chain: &Chain, ids: &[usize]) -> Contender {
    State::of(chain, |counters| crdts_clock(entries(ids, counters))).contender(
        CRDTS_BY_REFERENCE,
        crdts_reset,
        |own, other| {
            for dot in other.iter() {
                own.apply(crdts::Dot::new(*dot.actor, dot.counter));
            }
        },
        |own| own.dots.values().copied().collect(),
    )
}

/// The clock of `vclock` with these counters.
pub(super) fn vclock_clock(
    counters: impl Iterator<Item = (usize, u64)>,
) -> vclock::VClock<usize, u64> {
    let map: std::collections::HashMap<usize, u64> = counters.collect();
    map.into()
}

fn vclock(chain: &Chain, ids: &[usize]) -> Contender {
    let actors = ids.to_vec();
    State::of(chain, |counters| vclock_clock(entries(ids, counters))).contender(
        VCLOCK,
        vclock::VClock::clone_from,
        vclock::VClock::merge,
        move |own| actors.iter().filter_map(|actor| own.get(actor)).collect(),
    )
}

/// The clock of `minerva` with these counters.
#[cfg(feature = "minerva")]
pub(super) fn minerva_clock(
    counters: impl Iterator<Item = (usize, u64)>,
) -> minerva::metis::VersionVector {
    let mut clock = minerva::metis::VersionVector::new();
    for (actor, counter) in counters {
        clock.observe(u32::try_from(actor).unwrap_or(u32::MAX), counter);
    }
    clock
}

#[cfg(feature = "minerva")]
fn minerva(chain: &Chain, ids: &[usize]) -> Contender {
    State::of(chain, |counters| minerva_clock(entries(ids, counters))).contender(
        MINERVA,
        |own, start| *own = start.clone(),
        |own, other| *own = own.merge(other),
        |own| own.iter().map(|(_, counter)| counter).collect(),
    )
}
