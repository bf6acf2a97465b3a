//! The serde forms of sparse vectors, deltas and sets of dots.
#![cfg(feature = "serde")]

use clocks::{Delta, Dot, Span, VectorClock, VectorDelta, VersionVector};
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
    refused::<VectorDelta>(
        r#"{"epoch":0,"spans":[{"actor":65536,"after":5,"last":6}]}"#,
        "a clock has no slot 65536",
    );
}
