//! The serde forms of sparse vectors, deltas and sets of dots.
#![cfg(feature = "serde")]

use clocks::{Delta, Dot, DotContext, DotSet, Span, VectorClock, VectorDelta, VersionVector};
use quickcheck::{Arbitrary, Gen};

fn vector(g: &mut Gen) -> VersionVector<u8> {
    let dots = (0..usize::arbitrary(g) % 9)
        .filter_map(|_| Dot::new(u8::arbitrary(g) % 9, u64::arbitrary(g) % 5));
    dots.collect()
}

#[test]
fn every_value_is_read_as_it_was_written() {
    for seed in 0..500 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let (a, b) = (vector(g), vector(g));
        let text = serde_json::to_string(&a).unwrap();
        assert_eq!(
            serde_json::from_str::<VersionVector<u8>>(&text).unwrap(),
            a,
            "{text}"
        );
        let delta = a.diff(&b);
        let text = serde_json::to_string(&delta).unwrap();
        assert_eq!(
            serde_json::from_str::<Delta<u8>>(&text).unwrap(),
            delta,
            "{text}"
        );
        let mut context = DotContext::from(a.clone());
        for _ in 0..4 {
            let dot = Dot::new(u8::arbitrary(g) % 9, 1 + u64::arbitrary(g) % 9).unwrap();
            context.insert(&dot).unwrap();
        }
        let text = serde_json::to_string(&context).unwrap();
        assert_eq!(
            serde_json::from_str::<DotContext<u8>>(&text).unwrap(),
            context,
            "{text}"
        );
        let dense = |vector: &VersionVector<u8>| {
            let counters: Vec<u64> = (0..9).map(|actor| vector.get(&actor)).collect();
            VectorClock::from_counters(&counters).unwrap()
        };
        let delta = dense(&a).diff(&dense(&b)).unwrap();
        let text = serde_json::to_string(&delta).unwrap();
        assert_eq!(
            serde_json::from_str::<VectorDelta>(&text).unwrap(),
            delta,
            "{text}"
        );
    }
}

#[test]
fn the_forms_are_sequences_of_pairs_and_of_spans() {
    let base = VersionVector::from_pairs([("a", 3)]).unwrap();
    let vector = VersionVector::from_pairs([("a", 5), ("b", 1)]).unwrap();
    assert_eq!(
        serde_json::to_string(&vector).unwrap(),
        r#"[["a",5],["b",1]]"#
    );
    assert_eq!(
        serde_json::to_string(&vector.diff(&base)).unwrap(),
        r#"[{"actor":"a","after":3,"last":5},{"actor":"b","after":0,"last":1}]"#
    );
}

#[test]
fn the_forms_of_sets_of_dots_say_the_first_and_the_last_event_of_each_run() {
    let vector = VersionVector::from_pairs([("a", 3)]).unwrap();
    let mut context = DotContext::from(vector);
    for number in [5, 6, 8] {
        context.insert(&Dot::new("a", number).unwrap()).unwrap();
    }
    assert_eq!(
        serde_json::to_string(&context).unwrap(),
        r#"{"vector":[["a",3]],"beyond":[["a",[[5,6],[8,8]]]]}"#
    );
}

#[track_caller]
fn refused<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str, reason: &str) {
    let error = serde_json::from_str::<T>(text).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn a_form_that_is_not_canonical_is_refused() {
    refused::<VersionVector<u8>>("[[7,0]]", "a counter is zero");
    refused::<VersionVector<u8>>("[[7,1],[7,2]]", "not strictly sorted");
    refused::<VersionVector<u8>>("[[7,1],[6,2]]", "not strictly sorted");
    refused::<Span<u8>>(r#"{"actor":1,"after":5,"last":5}"#, "the span is empty");
    refused::<Delta<u8>>(
        r#"[{"actor":1,"after":5,"last":6},{"actor":1,"after":7,"last":9}]"#,
        "not strictly sorted",
    );
    refused::<DotSet<u8>>("[[7,[]]]", "an actor has no run");
    refused::<DotSet<u8>>("[[7,[[0,3]]]]", "a run has no event");
    refused::<DotSet<u8>>("[[7,[[4,3]]]]", "a run has no event");
    refused::<DotSet<u8>>("[[7,[[1,3],[4,5]]]]", "not strictly sorted");
    refused::<DotSet<u8>>("[[7,[[1,3]]],[7,[[5,5]]]]", "not strictly sorted");
    refused::<DotContext<u8>>(
        r#"{"vector":[[7,3]],"beyond":[[7,[[4,5]]]]}"#,
        "a run touches the vector",
    );
    refused::<VectorDelta>(
        r#"{"epoch":0,"spans":[{"actor":65536,"after":5,"last":6}]}"#,
        "a clock has no slot 65536",
    );
}

#[test]
fn more_runs_than_allowed_are_refused() {
    let runs = |count: usize| {
        let runs: Vec<_> = (1..=count).map(|run| (2 * run, 2 * run)).collect();
        serde_json::to_string(&[(7, runs)]).unwrap()
    };
    let runs_max = DotSet::<u8>::RUNS_MAX;
    let full: DotSet<u8> = serde_json::from_str(&runs(runs_max)).unwrap();
    assert_eq!(full.runs(), runs_max);
    refused::<DotSet<u8>>(&runs(runs_max + 1), "at most 65536 entries");
    // Over two actors together it is the set that refuses.
    let text = serde_json::to_string(&full).unwrap();
    let text = text.replacen("[7,", "[6,[[1,1]]],[7,", 1);
    refused::<DotSet<u8>>(&text, "65536 runs");
}
