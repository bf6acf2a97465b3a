//! Interval tree clocks after a history of events and messages among a fixed number of actors.
//!
//! The peer joins some trees to more than both: a subtree of base `a` and a leaf `b` above `a` become
//! the subtree lifted by `b - a`. [`wrong_answers`] counts what that does to comparisons. It needs a
//! leaf above the base of a subtree; where only every second actor has events there is none, both
//! answer alike, and those are the histories that are measured.

use std::collections::BTreeSet;
use std::hint::black_box;

use clocks::Causality;
use clocks::itc::{Events, Stamp};

use super::{Contender, Random};

/// Us.
pub const OURS: &str = "clocks itc";
/// The peer whose trees are boxes, and whose operations take them by value.
pub const TREECLOCKS: &str = "treeclocks 0.5.1";

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// The join of two actors' events, into something new.
    Join,
    /// How two actors' events stand to each other.
    Compare,
    /// One more event of an actor, on a copy of its stamp.
    Event,
}

/// What both libraries can do.
trait Library: Sized + 'static {
    type Stamp: Clone;
    type Events: Clone;
    fn seed() -> Self::Stamp;
    fn fork(stamp: &mut Self::Stamp) -> Self::Stamp;
    fn event(stamp: &mut Self::Stamp);
    fn learn(stamp: &mut Self::Stamp, other: &Self::Stamp);
    fn events(stamp: &Self::Stamp) -> &Self::Events;
    fn join(left: &Self::Events, right: &Self::Events) -> Self::Events;
    fn compare(left: &Self::Events, right: &Self::Events) -> Causality;
}

struct Ours;

impl Library for Ours {
    type Stamp = Stamp;
    type Events = Events;

    fn seed() -> Stamp {
        Stamp::seed()
    }

    fn fork(stamp: &mut Stamp) -> Stamp {
        stamp.fork().unwrap_or_else(|_| Stamp::seed())
    }

    fn event(stamp: &mut Stamp) {
        let _ = black_box(stamp.event());
    }

    fn learn(stamp: &mut Stamp, other: &Stamp) {
        let _ = black_box(stamp.merge(other.peek()));
    }

    fn events(stamp: &Stamp) -> &Events {
        stamp.peek()
    }

    fn join(left: &Events, right: &Events) -> Events {
        let mut joined = Events::none();
        let _ = black_box(joined.join_into(left, right));
        joined
    }

    fn compare(left: &Events, right: &Events) -> Causality {
        left.compare(right)
    }
}

/// Everybody who can do the operation among `actors`, us first. The answer is how what comes out
/// stands to the events of every actor: the trees of two libraries may differ and mean the same.
///
/// ```
/// use benches::clocks::{Effort, interval, time};
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let mut contenders = interval::contenders(8, interval::Operation::Join);
/// assert_eq!(time("join", &mut contenders, effort)?[0].name, interval::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders(actors: usize, operation: Operation) -> Vec<Contender> {
    vec![
        of::<Ours>(OURS, actors, operation),
        #[cfg(feature = "peers")]
        of::<peer::Treeclocks>(TREECLOCKS, actors, operation),
    ]
}

/// How many of how many comparisons contradict what happened, in 100 random histories of 8 actors
/// who all have events: for each library that is in this build.
///
/// ```
/// let counts = benches::clocks::interval::wrong_answers();
/// assert_eq!((counts[0].1, counts[0].2), (0, 6400));
/// ```
#[must_use]
pub fn wrong_answers() -> Vec<(&'static str, usize, usize)> {
    vec![
        wrong_answers_of::<Ours>(OURS),
        #[cfg(feature = "peers")]
        wrong_answers_of::<peer::Treeclocks>(TREECLOCKS),
    ]
}

fn wrong_answers_of<L: Library>(name: &'static str) -> (&'static str, usize, usize) {
    let (mut wrong, mut asked) = (0, 0);
    for seed in 0..100 {
        let actors = history::<L>(8, 1, seed);
        for left in &actors {
            for right in &actors {
                let answer = L::compare(L::events(&left.stamp), L::events(&right.stamp));
                asked += 1;
                wrong += usize::from(answer != contains(&left.known, &right.known));
            }
        }
    }
    (name, wrong, asked)
}

/// How two sets of events stand to each other, by definition.
fn contains(left: &BTreeSet<usize>, right: &BTreeSet<usize>) -> Causality {
    match (left.is_subset(right), right.is_subset(left)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

/// A stamp, and the events that it knows by their numbers.
struct Actor<L: Library> {
    stamp: L::Stamp,
    known: BTreeSet<usize>,
}

/// All actors after 8 random steps each: half are events, half messages. Only one actor in `one_in`
/// has events.
fn history<L: Library>(actors: usize, one_in: usize, seed: u64) -> Vec<Actor<L>> {
    let mut stamps = vec![L::seed()];
    while stamps.len() < actors {
        // Breadth first: everybody owns an equal part.
        for place in 0..stamps.len().min(actors - stamps.len()) {
            let stamp = L::fork(&mut stamps[place]);
            stamps.push(stamp);
        }
    }
    // Neighbours in the tree stand half of the actors apart.
    let eventful = actors.div_ceil(one_in) as u64;
    let known = BTreeSet::new;
    let of_stamp = |stamp| Actor::<L> {
        stamp,
        known: known(),
    };
    let mut all: Vec<Actor<L>> = stamps.into_iter().map(of_stamp).collect();
    let mut random = Random::new(seed);
    for number in 0..4 * actors {
        let actor = &mut all[random.below(eventful) as usize];
        L::event(&mut actor.stamp);
        actor.known.insert(number);
        let mut any = || random.below(actors as u64) as usize;
        let (to, from) = (any(), any());
        let (sent, known) = (all[from].stamp.clone(), all[from].known.clone());
        L::learn(&mut all[to].stamp, &sent);
        all[to].known.extend(known);
    }
    all
}

fn of<L: Library>(name: &str, actors: usize, operation: Operation) -> Contender {
    let history = history::<L>(actors, 2, 17);
    let stamps: Vec<L::Stamp> = history.into_iter().map(|actor| actor.stamp).collect();
    let mut random = Random::new(19);
    let mut below = |bound: usize| random.below(bound as u64) as usize;
    // An event is one of those who have had some.
    let pairs: Vec<(usize, usize)> = (0..16)
        .map(|_| (below(actors.div_ceil(2)), below(actors)))
        .collect();
    Contender::new(
        name,
        pairs.len() as u64,
        (stamps, pairs),
        move |(stamps, pairs)| {
            for &(left, right) in &*pairs {
                let [left, right] = black_box([&stamps[left], &stamps[right]]);
                let (before, other) = (L::events(left), L::events(right));
                match operation {
                    Operation::Join => drop(black_box(L::join(before, other))),
                    Operation::Compare => drop(black_box(L::compare(before, other))),
                    Operation::Event => {
                        let mut stamp = left.clone();
                        L::event(&mut stamp);
                        drop(black_box(stamp));
                    }
                }
            }
        },
        move |(stamps, pairs)| {
            let mut answer = Vec::new();
            for &(left, right) in pairs {
                let mut stamp = stamps[left].clone();
                let own = match operation {
                    Operation::Join => L::join(L::events(&stamp), L::events(&stamps[right])),
                    Operation::Compare => L::events(&stamp).clone(),
                    Operation::Event => {
                        L::event(&mut stamp);
                        L::events(&stamp).clone()
                    }
                };
                let others = stamps
                    .iter()
                    .map(|other| L::compare(&own, L::events(other)));
                answer.extend(others.map(|causality| causality as u64));
            }
            answer
        },
    )
}

#[cfg(feature = "peers")]
mod peer {
    use std::cmp::Ordering;

    use clocks::Causality;
    use treeclocks::{EventTree, ItcPair};

    use super::Library;

    pub(super) struct Treeclocks;

    impl Library for Treeclocks {
        type Stamp = ItcPair;
        type Events = EventTree;

        fn seed() -> ItcPair {
            ItcPair::new()
        }

        fn fork(stamp: &mut ItcPair) -> ItcPair {
            stamp.fork()
        }

        fn event(stamp: &mut ItcPair) {
            stamp.event();
        }

        fn learn(stamp: &mut ItcPair, other: &ItcPair) {
            stamp.sync(&other.timestamp);
        }

        fn events(stamp: &ItcPair) -> &EventTree {
            &stamp.timestamp
        }

        fn join(left: &EventTree, right: &EventTree) -> EventTree {
            left.clone().join(right.clone())
        }

        fn compare(left: &EventTree, right: &EventTree) -> Causality {
            match left.partial_cmp(right) {
                Some(Ordering::Equal) => Causality::Equal,
                Some(Ordering::Less) => Causality::Before,
                Some(Ordering::Greater) => Causality::After,
                None => Causality::Concurrent,
            }
        }
    }
}
