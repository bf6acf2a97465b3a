//! Interval tree clocks order events exactly as their causal histories do, whoever forks, joins and
//! leaves; and every operation gives what the paper's definition gives.

mod growth;
mod hostile;
mod paper;

use std::collections::BTreeSet;

use clocks::itc::{DEPTH_MAX, Events, Stamp};
use clocks::{Causality, ClockError, wire::Wire};
use paper::{PaperEvents, PaperId};
use quickcheck::{Arbitrary, Gen};

fn below(g: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(g) % bound
}

/// The definition: the set of the events that are known.
type History = BTreeSet<u32>;

fn inclusion(a: &History, b: &History) -> Causality {
    match (a.is_subset(b), b.is_subset(a)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

/// A system whose actors come and go, with every clock beside its history.
struct System {
    actors: Vec<(Stamp, History)>,
    messages: Vec<(Events, History)>,
    events: u32,
}

impl System {
    fn new() -> Self {
        Self {
            actors: vec![(Stamp::seed(), History::new())],
            messages: vec![(Events::none(), History::new())],
            events: 0,
        }
    }

    fn count(&mut self, actor: usize) {
        self.events += 1;
        self.actors[actor].1.insert(self.events);
    }

    fn step(&mut self, g: &mut Gen) {
        let actor = below(g, self.actors.len());
        let other = below(g, self.actors.len());
        match below(g, 10) {
            0 | 1 if self.actors.len() < 8 => {
                let forked = self.actors[actor].0.fork().unwrap();
                let history = self.actors[actor].1.clone();
                self.actors.push((forked, history));
            }
            2 if actor != other => {
                let (left, history) = self.actors.swap_remove(actor.max(other));
                let heir = &mut self.actors[actor.min(other)];
                heir.0.join(left).unwrap();
                heir.1.extend(history);
            }
            3 if actor != other => {
                let (front, back) = self.actors.split_at_mut(actor.max(other));
                let (a, b) = (&mut front[actor.min(other)], &mut back[0]);
                a.0.sync(&mut b.0).unwrap();
                a.1.extend(b.1.iter().copied());
                b.1.clone_from(&a.1);
            }
            4 | 5 => {
                let sent = self.actors[actor].0.send().unwrap();
                self.count(actor);
                let history = self.actors[actor].1.clone();
                self.messages.push((sent, history));
            }
            6 | 7 => {
                // Late, repeated and reordered messages alike.
                let (message, history) = &self.messages[below(g, self.messages.len())];
                let is_merge = bool::arbitrary(g);
                let (stamp, known) = &mut self.actors[actor];
                let is_new = !history.is_subset(known);
                known.extend(history.iter().copied());
                if is_merge {
                    assert_eq!(stamp.merge(message), Ok(is_new));
                } else {
                    stamp.receive(message).unwrap();
                    self.count(actor);
                }
            }
            _ => {
                self.actors[actor].0.event().unwrap();
                self.count(actor);
            }
        }
    }

    fn check(&self, context: &str) {
        let clocks = || {
            let actors = self
                .actors
                .iter()
                .map(|(stamp, history)| (stamp.peek(), history));
            actors.chain(
                self.messages
                    .iter()
                    .map(|(events, history)| (events, history)),
            )
        };
        for (a, known_a) in clocks() {
            for (b, known_b) in clocks() {
                let expected = inclusion(known_a, known_b);
                assert_eq!(a.compare(b), expected, "{context}: {a}, {b}");
                assert_eq!(a.partial_cmp(b), expected.ordering(), "{context}");
                assert_eq!(a == b, expected == Causality::Equal, "{context}");
                assert_eq!(a.happened_before(b), expected == Causality::Before);
                assert_eq!(a.is_concurrent(b), expected == Causality::Concurrent);
            }
        }
    }
}

#[test]
fn stamps_order_events_exactly_as_their_causal_histories() {
    for seed in 0..60 {
        let g = &mut Gen::from_size_and_seed(64, seed);
        let mut system = System::new();
        for step in 0..80 {
            system.step(g);
            if step % 8 == 7 {
                system.check(&format!("seed {seed}, step {step}"));
            }
        }
    }
}

#[test]
fn every_stamp_stays_in_its_canonical_form_and_ids_stay_disjoint() {
    for seed in 0..60 {
        let g = &mut Gen::from_size_and_seed(64, seed);
        let mut system = System::new();
        for _ in 0..80 {
            system.step(g);
            // Decoding refuses whatever is not canonical.
            for (stamp, _) in &system.actors {
                assert_eq!(Stamp::from_bytes(&stamp.to_bytes()).as_ref(), Ok(stamp));
            }
            for (events, _) in &system.messages {
                assert_eq!(Events::from_bytes(&events.to_bytes()).as_ref(), Ok(events));
            }
        }
        // All that was forked can be joined, and then nothing is missing.
        let (mut heir, _) = system.actors.pop().unwrap();
        for (stamp, _) in system.actors {
            heir.join(stamp).unwrap();
        }
        heir.event().unwrap();
        assert_eq!(heir.id_leaves(), 1, "seed {seed}");
        assert_eq!(heir.peek().leaves(), 1, "seed {seed}");
    }
}

#[test]
fn long_runs_of_every_operation_give_what_the_paper_defines() {
    for seed in 0..100 {
        let g = &mut Gen::from_size_and_seed(64, seed);
        let mut actors = vec![(Stamp::seed(), PaperId::One, PaperEvents::Leaf(0))];
        for step in 0..100 {
            let at = below(g, actors.len());
            let other = below(g, actors.len());
            match below(g, 6) {
                0 if actors.len() < 12 => {
                    let (stamp, id, events) = &mut actors[at];
                    let forked = stamp.fork().unwrap();
                    let (kept, given) = id.split();
                    *id = kept;
                    let events = events.clone();
                    actors.push((forked, given, events));
                }
                1 if at != other && step % 3 == 0 => {
                    let (stamp, id, events) = actors.swap_remove(at.max(other));
                    let heir = &mut actors[at.min(other)];
                    heir.0.join(stamp).unwrap();
                    heir.1 = heir.1.sum(&id);
                    heir.2 = heir.2.join(&events);
                }
                2 if at != other => {
                    let message = actors[other].0.peek().clone();
                    let events = actors[other].2.clone();
                    let heir = &mut actors[at];
                    heir.0.merge(&message).unwrap();
                    heir.2 = heir.2.join(&events);
                }
                _ => {
                    let (stamp, id, events) = &mut actors[at];
                    stamp.event().unwrap();
                    *events = events.event(id);
                }
            }
            for (stamp, id, events) in &actors {
                let expected = format!("{id}: {events}");
                assert_eq!(stamp.to_string(), expected, "seed {seed}, step {step}");
            }
            let (a, b) = (&actors[at.min(actors.len() - 1)], &actors[0]);
            assert_eq!(a.0.peek() <= b.0.peek(), a.2.at_most(&b.2), "seed {seed}");
        }
    }
}

#[test]
fn every_small_pair_of_id_and_events_is_split_and_inflated_as_the_paper_defines() {
    let ids = paper::ids(3);
    let events = paper::events(2, 2);
    assert_eq!((ids.len(), events.len()), (255, 81));
    for id in &ids {
        for known in &events {
            let mut stamp = paper::stamp(id, known);
            assert_eq!(stamp.to_string(), format!("{id}: {known}"));
            stamp.event().unwrap();
            let expected = known.event(id);
            assert_eq!(stamp.to_string(), format!("{id}: {expected}"), "{known}");
            let forked = stamp.fork().unwrap();
            let (kept, given) = id.split();
            assert_eq!(stamp.to_string(), format!("{kept}: {expected}"));
            assert_eq!(forked.to_string(), format!("{given}: {expected}"));
        }
    }
}

#[test]
fn every_small_pair_of_ids_is_summed_as_the_paper_defines_or_refused() {
    let ids = paper::ids(2);
    let none = PaperEvents::Leaf(0);
    for a in &ids {
        for b in &ids {
            let (mut stamp, other) = (paper::stamp(a, &none), paper::stamp(b, &none));
            let before = stamp.clone();
            match stamp.join(other.clone()) {
                Ok(()) => {
                    assert!(a.is_disjoint(b));
                    assert_eq!(stamp.to_string(), format!("{}: 0", a.sum(b)));
                }
                Err(refused) => {
                    assert!(!a.is_disjoint(b));
                    assert_eq!(refused.error, ClockError::OverlappingIds);
                    assert_eq!((stamp, *refused.value), (before, other));
                }
            }
        }
    }
}

#[test]
fn every_small_pair_of_events_is_joined_and_compared_as_the_paper_defines() {
    let all = paper::events(2, 2);
    let decoded: Vec<Events> = all.iter().map(paper::decoded).collect();
    for (a, x) in all.iter().zip(&decoded) {
        for (b, y) in all.iter().zip(&decoded) {
            let expected = match (a.at_most(b), b.at_most(a)) {
                (true, true) => Causality::Equal,
                (true, false) => Causality::Before,
                (false, true) => Causality::After,
                (false, false) => Causality::Concurrent,
            };
            assert_eq!(x.compare(y), expected, "{a}, {b}");
            let mut joined = x.clone();
            let has_changed = joined.merge(y).unwrap();
            assert_eq!(joined.to_string(), a.join(b).to_string(), "{a}, {b}");
            assert_eq!(has_changed, joined != *x, "{a}, {b}");
            let mut out = Events::none();
            out.join_into(x, y).unwrap();
            assert_eq!(out, joined);
        }
    }
}

#[test]
fn merge_is_a_join_and_the_order_is_that_of_the_semilattice() {
    let all: Vec<Events> = paper::events(2, 1).iter().map(paper::decoded).collect();
    let join = |a: &Events, b: &Events| {
        let mut joined = a.clone();
        joined.merge(b).unwrap();
        joined
    };
    for a in &all {
        assert_eq!(join(a, a), *a);
        assert_eq!(join(a, &Events::none()), *a);
        for b in &all {
            let joined = join(a, b);
            assert_eq!(joined, join(b, a));
            assert_eq!(a <= b, joined == *b);
            assert_eq!(a.compare(b), b.compare(a).reverse());
            for c in &all {
                assert_eq!(join(&joined, c), join(a, &join(b, c)));
                assert_eq!(a <= c && b <= c, joined <= *c);
                assert!(!(a <= b && b <= c) || a <= c);
            }
        }
    }
}

// Almeida, Baquero and Fonte 2008: three processes, from the seed to one leaf again.
#[test]
fn the_papers_worked_example() {
    let text = |stamp: &Stamp| stamp.to_string();
    let mut a = Stamp::seed();
    let mut b = a.fork().unwrap();
    assert_eq!(
        (text(&a), text(&b)),
        ("(1, 0): 0".into(), "(0, 1): 0".into())
    );
    a.event().unwrap();
    assert_eq!(text(&a), "(1, 0): (1, 0)");
    b.event().unwrap();
    b.event().unwrap();
    assert_eq!(text(&b), "(0, 1): (0, 2)");
    let c = a.fork().unwrap();
    assert_eq!(text(&a), "((1, 0), 0): (1, 0)");
    assert_eq!(text(&c), "((0, 1), 0): (1, 0)");
    a.event().unwrap();
    assert_eq!(text(&a), "((1, 0), 0): ((2, 1), 0)");
    b.join(c).unwrap();
    assert_eq!(text(&b), "((0, 1), 1): (1, 2)");
    let d = b.fork().unwrap();
    assert_eq!(text(&b), "((0, 1), 0): (1, 2)");
    assert_eq!(text(&d), "(0, 1): (1, 2)");
    a.join(b).unwrap();
    assert_eq!(text(&a), "(1, 0): ((2, 1), 2)");
    a.event().unwrap();
    assert_eq!(text(&a), "(1, 0): 2");
}

#[test]
fn a_clone_has_the_same_identity_and_cannot_be_joined() {
    let mut stamp = Stamp::seed();
    let _other = stamp.fork().unwrap();
    let mut copy = stamp.clone();
    copy.event().unwrap();
    let before = stamp.clone();
    let refused = stamp.join(copy.clone()).unwrap_err();
    assert_eq!(refused.error, ClockError::OverlappingIds);
    assert_eq!((&stamp, &*refused.value), (&before, &copy));
    let (first, second) = (stamp.clone(), copy.clone());
    assert_eq!(stamp.sync(&mut copy), Err(ClockError::OverlappingIds));
    assert_eq!((stamp, copy), (first, second));
}

#[test]
fn forks_reach_the_greatest_depth_and_no_further() {
    let mut stamp = Stamp::seed();
    let mut children = Vec::new();
    for _ in 0..DEPTH_MAX {
        children.push(stamp.fork().unwrap());
    }
    assert_eq!(stamp.id_depth(), DEPTH_MAX);
    let before = stamp.clone();
    let refused = ClockError::TooDeep {
        depth_max: DEPTH_MAX,
    };
    assert_eq!(stamp.fork(), Err(refused.clone()));
    assert_eq!(stamp, before);
    // It works on at that depth.
    let message = stamp.send().unwrap();
    assert_eq!(message.depth(), DEPTH_MAX);
    let mut deep = children.pop().unwrap();
    assert_eq!(deep.fork(), Err(refused));
    deep.receive(&message).unwrap();
    assert!(message < *deep.peek());
    assert_eq!(Stamp::from_bytes(&deep.to_bytes()), Ok(deep.clone()));
    // A join makes room again.
    stamp.join(deep).unwrap();
    assert!(stamp.fork().is_ok());
}

#[test]
fn a_count_reaches_the_greatest_number_and_no_further() {
    let full = paper::decoded(&PaperEvents::Leaf(u64::MAX));
    let mut stamp = Stamp::seed();
    let mut other = stamp.fork().unwrap();
    stamp
        .merge(&paper::decoded(&PaperEvents::Leaf(u64::MAX - 1)))
        .unwrap();
    let last = stamp.send().unwrap();
    let before = stamp.clone();
    assert_eq!(stamp.event(), Err(ClockError::CounterExhausted));
    assert_eq!(stamp.send(), Err(ClockError::CounterExhausted));
    assert_eq!(stamp.receive(&last), Err(ClockError::CounterExhausted));
    assert_eq!(stamp, before);
    let before = other.clone();
    assert_eq!(other.receive(&full), Err(ClockError::CounterExhausted));
    assert_eq!(other, before, "a refused receipt has learned nothing");
    assert_eq!(other.merge(&full), Ok(true));
}

// treeclocks 0.5.1: a tree that lies wholly below a single leaf is neither less than it, nor is the
// leaf greater: `(0, 1, 0)` and `2` count as concurrent, so an update looks like a conflict.
#[test]
fn a_tree_below_a_single_leaf_happened_before_it() {
    let mut a = Stamp::seed();
    let b = a.fork().unwrap();
    let early = a.send().unwrap();
    assert_eq!(early.to_string(), "(1, 0)");
    a.join(b).unwrap();
    a.event().unwrap();
    let late = a.send().unwrap();
    assert_eq!(late.to_string(), "2");
    assert_eq!(early.compare(&late), Causality::Before);
    assert_eq!(late.compare(&early), Causality::After);
}

// treeclocks 0.5.1: joining two that own the same part gives the greater part, without a word.
#[test]
fn overlapping_parts_of_different_size_are_refused_too() {
    let mut whole = Stamp::seed();
    let mut half = whole.clone();
    let _other = half.fork().unwrap();
    assert_eq!(
        whole.join(half.clone()).unwrap_err().error,
        ClockError::OverlappingIds
    );
    assert_eq!(
        half.join(whole).unwrap_err().error,
        ClockError::OverlappingIds
    );
}

// treeclocks 0.5.1: who knows `2` and learns its own past `(0, 1, 0)` then knows `(2, 1, 0)`, an event
// that never happened. No join with a leaf collapses a tree, so under churn trees only grow.
#[test]
fn to_learn_the_own_past_changes_nothing() {
    let mut a = Stamp::seed();
    let b = a.fork().unwrap();
    let past = a.send().unwrap();
    a.join(b).unwrap();
    a.event().unwrap();
    a.event().unwrap();
    let before = a.clone();
    assert_eq!(a.merge(&past), Ok(false));
    assert_eq!(a, before);
    let mut joined = Events::none();
    joined.join_into(&past, before.peek()).unwrap();
    assert_eq!(joined, *before.peek());
}
