//! Tree clocks beside dense ones: receipts along traces with more and less locality.

use std::hint::black_box;

use clocks::{TreeClock, VectorClock};

use super::{Contender, Random};

/// Us, as one receives.
pub const OURS: &str = "clocks VectorClock";
/// The same with one look first: who knows the sender's last event has nothing to join.
pub const OURS_SKIPPING: &str = "clocks VectorClock, skip if known";
/// The rival of our own house.
pub const TREE: &str = "clocks TreeClock";

/// Who receives from whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trace {
    /// Two random actors.
    Random,
    /// A server in turn hears a random client and is heard by it.
    Star,
    /// A random one hears the neighbour before it.
    Ring,
    /// In groups of 4, with one receipt in a hundred from a stranger.
    Groups,
}

impl Trace {
    /// All traces with their names.
    pub const ALL: [(Self, &str); 4] = [
        (Self::Random, "receive, random pairs"),
        (Self::Star, "receive, star"),
        (Self::Ring, "receive, ring"),
        (Self::Groups, "receive, groups of 4, 99 % local"),
    ];

    /// `receipts` pairs of a receiver and another, its sender, among `actors`.
    fn pairs(self, actors: usize, receipts: usize) -> Vec<[usize; 2]> {
        let mut random = Random::new(23);
        let mut below = |bound: usize| random.below(bound as u64) as usize;
        let mut client = 1;
        let mut pair = |step: usize| match self {
            Self::Random => {
                let to = below(actors);
                [to, (to + 1 + below(actors - 1)) % actors]
            }
            Self::Star if step.is_multiple_of(2) => {
                client = 1 + below(actors - 1);
                [0, client]
            }
            Self::Star => [client, 0],
            Self::Ring => {
                let to = below(actors);
                [to, (to + actors - 1) % actors]
            }
            Self::Groups => {
                let to = below(actors);
                if below(100) == 0 {
                    [to, (to + 1 + below(actors - 1)) % actors]
                } else {
                    [to, to / 4 * 4 + (to % 4 + 1 + below(3)) % 4]
                }
            }
        };
        (0..receipts).map(&mut pair).collect()
    }
}

/// Both kinds of clock along the trace, the dense one first. A lap is 8 receipts an actor, at least
/// 4096; the clocks go on from lap to lap.
///
/// ```
/// use benches::clocks::{Effort, time, tree};
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let mut contenders = tree::contenders(64, tree::Trace::Ring);
/// assert_eq!(time("ring", &mut contenders, effort)?[0].name, tree::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders(actors: usize, trace: Trace) -> Vec<Contender> {
    let pairs = trace.pairs(actors, (8 * actors).max(4096));
    let dense = || {
        (0..actors)
            .filter_map(|_| VectorClock::new(actors).ok())
            .collect()
    };
    let trees = (0..actors).filter_map(|slot| TreeClock::new(actors, slot).ok());
    vec![
        of(
            OURS,
            dense(),
            &pairs,
            |slot, _, own: &mut VectorClock, stamp| {
                let _ = black_box(own.receive(slot, stamp));
            },
            |clock| clock.as_slice().to_vec(),
        ),
        of(
            OURS_SKIPPING,
            dense(),
            &pairs,
            |slot, sender, own: &mut VectorClock, stamp| {
                if own.get(sender) >= stamp.get(sender) {
                    let _ = black_box(own.tick(slot));
                } else {
                    let _ = black_box(own.receive(slot, stamp));
                }
            },
            |clock| clock.as_slice().to_vec(),
        ),
        of(
            TREE,
            trees.collect(),
            &pairs,
            |_, _, own: &mut TreeClock, stamp| {
                let _ = black_box(own.receive(stamp));
            },
            |clock| clock.to_vector().as_slice().to_vec(),
        ),
    ]
}

fn of<C: 'static>(
    name: &str,
    clocks: Vec<C>,
    pairs: &[[usize; 2]],
    receive: impl Fn(usize, usize, &mut C, &C) + 'static,
    counters: impl Fn(&C) -> Vec<u64> + 'static,
) -> Contender {
    Contender::new(
        name,
        pairs.len() as u64,
        (clocks, pairs.to_vec()),
        move |(clocks, pairs)| {
            for &[to, from] in &*pairs {
                if let Ok([own, stamp]) = clocks.get_disjoint_mut([to, from]) {
                    receive(to, from, black_box(own), black_box(stamp));
                }
            }
        },
        move |(clocks, _)| clocks.iter().flat_map(&counters).collect(),
    )
}
