//! Sets of dots and contexts against the definition: a plain set of actors and numbers.

use std::collections::BTreeSet;

use clocks::{Causality, ClockError, Dot, DotContext, DotSet, Span, VersionVector};
use quickcheck::{Arbitrary, Gen};

const SEEDS: u64 = 3_000;

type Events = BTreeSet<(u8, u64)>;

/// Few actors and numbers, so that runs touch, overlap and leave gaps all the time.
fn events(g: &mut Gen) -> Events {
    let length = usize::arbitrary(g) % 24;
    (0..length)
        .map(|_| (u8::arbitrary(g) % 3, 1 + u64::arbitrary(g) % 9))
        .collect()
}

fn dot(&(actor, number): &(u8, u64)) -> Dot<u8> {
    Dot::new(actor, number).unwrap()
}

fn shuffled(events: &Events, g: &mut Gen) -> Vec<(u8, u64)> {
    let mut order: Vec<_> = events.iter().copied().collect();
    for place in (1..order.len()).rev() {
        order.swap(place, usize::arbitrary(g) % (place + 1));
    }
    order
}

fn set(events: &Events, g: &mut Gen) -> DotSet<u8> {
    let mut set = DotSet::new();
    for event in shuffled(events, g) {
        assert_eq!(set.insert(&dot(&event)), Ok(true));
    }
    set
}

fn context(events: &Events, g: &mut Gen) -> DotContext<u8> {
    let mut context = DotContext::new();
    for event in shuffled(events, g) {
        assert_eq!(context.insert(&dot(&event)), Ok(true));
    }
    context
}

fn events_of<'a>(spans: impl Iterator<Item = Span<&'a u8>>) -> Events {
    let numbers = |span: Span<&'a u8>| {
        let numbers = span.after() + 1..=span.last();
        numbers.map(move |number| (*span.actor, number))
    };
    spans.flat_map(numbers).collect()
}

/// Runs in order, a missing event between any two of an actor: there is one such form only.
fn check_canonical<'a>(spans: impl Iterator<Item = Span<&'a u8>>) {
    let spans: Vec<_> = spans.collect();
    for pair in spans.windows(2) {
        assert!(
            pair[0].actor < pair[1].actor || pair[0].last() < pair[1].after(),
            "{spans:?}"
        );
    }
}

fn check_set(set: &DotSet<u8>, expected: &Events) {
    assert_eq!(events_of(set.spans()), *expected);
    check_canonical(set.spans());
    assert_eq!(set.runs(), set.spans().count());
    assert_eq!(set.is_empty(), expected.is_empty());
}

fn check_context(context: &DotContext<u8>, expected: &Events) {
    assert_eq!(events_of(context.spans()), *expected);
    check_canonical(context.spans());
    check_canonical(context.beyond().spans());
    let gapless = |actor: u8| (1..).take_while(move |&number| expected.contains(&(actor, number)));
    for actor in 0..3 {
        assert_eq!(context.vector().get(&actor), gapless(actor).count() as u64);
    }
    assert_eq!(
        context.is_gapless(),
        context.beyond().spans().next().is_none()
    );
}

fn order(a: &Events, b: &Events) -> Causality {
    match (a.is_subset(b), b.is_subset(a)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

fn for_each_pair(mut check: impl FnMut(&Events, &Events, &mut Gen)) {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        let (a, b) = (events(g), events(g));
        let union = &a | &b;
        check(&a, &b, g);
        check(&a, &union, g);
        check(&union, &b, g);
    }
}

#[test]
fn sets_agree_with_the_definition() {
    for_each_pair(|events_a, events_b, g| {
        let (a, b) = (set(events_a, g), set(events_b, g));
        check_set(&a, events_a);
        let union = events_a | events_b;
        let mut merged = a.clone();
        assert_eq!(merged.merge(&b), Ok(!events_b.is_subset(events_a)));
        check_set(&merged, &union);
        assert_eq!(merged, set(&union, g));
        let mut out = b.clone();
        out.join_into(&a, &b).unwrap();
        assert_eq!(out, merged);
        let mut met = a.clone();
        assert_eq!(met.meet(&b), Ok(!events_a.is_subset(events_b)));
        check_set(&met, &(events_a & events_b));
        let news = a.diff(&b).unwrap();
        check_set(&news, &(events_a - events_b));
        let mut caught_up = b.clone();
        assert_eq!(caught_up.apply(&news), Ok(!news.is_empty()));
        assert_eq!(caught_up, merged);
        assert_eq!(a.compare(&b), order(events_a, events_b));
        assert_eq!(a.happened_before(&b), a < b);
        assert_eq!(a.is_concurrent(&b), a.partial_cmp(&b).is_none());
        assert_eq!(a.partial_cmp(&b), order(events_a, events_b).ordering());
        assert_eq!(a == b, events_a == events_b);
        for actor in 0..3 {
            for number in 1..12 {
                let event = (actor, number);
                assert_eq!(a.contains(&dot(&event)), events_a.contains(&event));
            }
        }
    });
}

#[test]
fn contexts_agree_with_the_definition() {
    for_each_pair(|events_a, events_b, g| {
        let (a, b) = (context(events_a, g), context(events_b, g));
        check_context(&a, events_a);
        let union = events_a | events_b;
        let mut merged = a.clone();
        assert_eq!(merged.merge(&b), Ok(!events_b.is_subset(events_a)));
        check_context(&merged, &union);
        assert_eq!(merged, context(&union, g));
        let mut out = b.clone();
        out.join_into(&a, &b).unwrap();
        assert_eq!(out, merged);
        let mut met = a.clone();
        assert_eq!(met.meet(&b), Ok(!events_a.is_subset(events_b)));
        check_context(&met, &(events_a & events_b));
        let news = a.diff(&b).unwrap();
        check_set(&news, &(events_a - events_b));
        let mut caught_up = b.clone();
        assert_eq!(caught_up.apply(&news), Ok(!news.is_empty()));
        assert_eq!(caught_up, merged);
        assert_eq!(caught_up.apply(&set(events_a, g)), Ok(false));
        assert_eq!(a.compare(&b), order(events_a, events_b));
        assert_eq!(a.happened_before(&b), a < b);
        assert_eq!(a.is_concurrent(&b), a.partial_cmp(&b).is_none());
        assert_eq!(a.partial_cmp(&b), order(events_a, events_b).ordering());
        assert_eq!(a == b, events_a == events_b);
    });
}

#[test]
fn spans_are_inserted_like_their_dots() {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        let mut expected = events(g);
        let (mut set, mut context) = (set(&expected, g), context(&expected, g));
        for _ in 0..4 {
            let (actor, after) = (u8::arbitrary(g) % 3, u64::arbitrary(g) % 9);
            let span = Span::new(actor, after, after + 1 + u64::arbitrary(g) % 4).unwrap();
            let events: Events = (span.after() + 1..=span.last())
                .map(|n| (actor, n))
                .collect();
            let is_new = !events.is_subset(&expected);
            assert_eq!(set.insert_span(&span), Ok(is_new));
            assert_eq!(context.insert_span(&span), Ok(is_new));
            expected.extend(events);
            check_set(&set, &expected);
            check_context(&context, &expected);
        }
    }
}

#[test]
fn contexts_without_gaps_are_their_vectors() {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        let mut vector = || -> VersionVector<u8> {
            let dots = (0..usize::arbitrary(g) % 6)
                .filter_map(|_| Dot::new(u8::arbitrary(g) % 6, u64::arbitrary(g) % 4));
            dots.collect()
        };
        let (a, b) = (vector(), vector());
        let (mut merged, mut met) = (a.clone(), a.clone());
        merged.merge(&b);
        met.meet(&b);
        let (context_a, context_b) = (DotContext::from(a.clone()), DotContext::from(b.clone()));
        assert_eq!(context_a.compare(&context_b), a.compare(&b));
        let mut joined = context_a.clone();
        joined.merge(&context_b).unwrap();
        assert_eq!(*joined.vector(), merged);
        let mut lowered = context_a.clone();
        lowered.meet(&context_b).unwrap();
        assert_eq!(*lowered.vector(), met);
        assert!(joined.is_gapless() && lowered.is_gapless());
    }
}

#[test]
fn join_and_meet_are_a_lattice() {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        let (a, b, c) = (events(g), events(g), events(g));
        let (a, b, c) = (context(&a, g), context(&b, g), context(&c, g));
        let join = |a: &DotContext<u8>, b: &DotContext<u8>| {
            let mut joined = a.clone();
            joined.merge(b).unwrap();
            joined
        };
        let meet = |a: &DotContext<u8>, b: &DotContext<u8>| {
            let mut met = a.clone();
            met.meet(b).unwrap();
            met
        };
        assert_eq!(join(&a, &b), join(&b, &a));
        assert_eq!(meet(&a, &b), meet(&b, &a));
        assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        assert_eq!(meet(&meet(&a, &b), &c), meet(&a, &meet(&b, &c)));
        assert_eq!(join(&a, &meet(&a, &b)), a);
        assert_eq!(meet(&a, &join(&a, &b)), a);
        assert_eq!((join(&a, &a), meet(&a, &a)), (a.clone(), a.clone()));
        assert_eq!(a <= b, join(&a, &b) == b);
    }
}

/// crdts keeps every exception of its private `vvwe` as an entry of its own, so a stranger's single
/// dot with a high counter fills the memory with all those before it.
#[test]
fn crdts_a_dot_with_a_huge_counter_costs_one_run() {
    let mut context = DotContext::new();
    context.insert(&Dot::new(7, u64::MAX).unwrap()).unwrap();
    assert_eq!((context.beyond().runs(), context.vector().len()), (1, 0));
    assert_eq!(context.next_dot(&7), Err(ClockError::CounterExhausted));
    let everything = Span::new(7, 0, u64::MAX - 1).unwrap();
    assert_eq!(context.insert_span(&everything), Ok(true));
    assert_eq!(context.vector().get(&7), u64::MAX);
    assert!(context.is_gapless());
}

#[test]
fn a_run_too_many_is_refused_and_changes_nothing() {
    let even = |number: usize| Span::new(1, 2 * number as u64 + 1, 2 * number as u64 + 2).unwrap();
    let runs_max = DotSet::<u8>::RUNS_MAX;
    let mut set = DotSet::from_spans((0..runs_max).map(even)).unwrap();
    let refused = ClockError::TooManyRuns { runs_max };
    let full = set.clone();
    assert_eq!(set.insert_span(&even(runs_max)), Err(refused.clone()));
    assert_eq!(set.insert(&Dot::new(2, 1).unwrap()), Err(refused.clone()));
    let other = DotSet::from_spans(Span::new(2, 0, 1)).unwrap();
    assert_eq!(set.merge(&other), Err(refused.clone()));
    let everything = DotSet::from_spans(Span::new(1, 0, u64::MAX)).unwrap();
    assert_eq!(everything.diff(&set), Err(refused.clone()));
    assert_eq!(set, full);
    // What needs no further run is still learned.
    assert_eq!(set.insert(&Dot::new(1, 3).unwrap()), Ok(true));
    assert_eq!(set.runs(), runs_max - 1);

    let mut context = DotContext::new();
    context.apply(&full).unwrap();
    let before = context.clone();
    assert_eq!(
        context.insert(&Dot::new(2, 2).unwrap()),
        Err(refused.clone())
    );
    let other = DotSet::from_spans(Span::new(2, 1, 2)).unwrap();
    assert_eq!(context.apply(&other), Err(refused));
    assert_eq!(context, before);
    assert_eq!(context.insert(&Dot::new(2, 1).unwrap()), Ok(true));
}

/// yrs #525 (2025): the state vector of an update names the last block of each client, also when it
/// lies beyond a gap, so that a peer never sends what is missing. Ours names the last event before the first gap.
#[test]
fn yrs_525_the_vector_stops_at_the_first_gap() {
    let mut context = DotContext::new();
    for number in [1, 2, 5] {
        context.insert(&Dot::new("a", number).unwrap()).unwrap();
    }
    assert_eq!(context.vector().get(&"a"), 2);
    let peer = DotContext::from(VersionVector::from_pairs([("a", 5)]).unwrap());
    let news = peer.diff(&context).unwrap();
    assert_eq!(
        news.to_string(),
        "{a:3-4}",
        "the gap is sent, and nothing else"
    );
    context.apply(&news).unwrap();
    assert_eq!(context, peer);
}

#[test]
fn the_next_dot_is_new_also_behind_a_gap() {
    let mut context = DotContext::new();
    context.insert(&Dot::new("a", 4).unwrap()).unwrap();
    let dot = context.next_dot(&"a").unwrap();
    assert_eq!(Some(dot), Dot::new("a", 5), "2 and 3 may be on their way");
    assert_eq!(context.tick(&"a"), Ok(dot));
    assert!(context.contains(&dot));
    assert_eq!(context.beyond().runs(), 1);
}
