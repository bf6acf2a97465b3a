//! Cut vectors say nothing that their originals could deny, and as much as can be said.

use clocks::wire::Wire;
use clocks::{Causality, ClockError, Defect, Dot, Truncated, TruncatedOrder, VersionVector};
use quickcheck::{Arbitrary, Gen};

type Vector = VersionVector<u8>;

/// Every vector of `actors` actors with counters up to `counter_max`.
fn all(actors: u8, counter_max: u64) -> Vec<Vector> {
    let mut vectors = vec![Vec::new()];
    for actor in 0..actors {
        vectors = (vectors.iter())
            .flat_map(|pairs: &Vec<(u8, u64)>| {
                (0..=counter_max).map(move |counter| {
                    let mut pairs = pairs.clone();
                    pairs.push((actor, counter));
                    pairs
                })
            })
            .collect();
    }
    let vectors = vectors.into_iter();
    vectors
        .map(|pairs| Vector::from_pairs(pairs).unwrap())
        .collect()
}

fn is_true(claim: TruncatedOrder, truth: Causality) -> bool {
    match claim {
        TruncatedOrder::Certain(causality) => truth == causality,
        TruncatedOrder::NotBefore => matches!(truth, Causality::After | Causality::Concurrent),
        TruncatedOrder::NotAfter => matches!(truth, Causality::Before | Causality::Concurrent),
        TruncatedOrder::Unknown => true,
    }
}

#[test]
fn every_claim_is_true_of_the_originals_for_all_small_vectors() {
    let all = all(3, 2);
    for a in &all {
        for b in &all {
            let truth = a.compare(b);
            for own_max in 0..=3 {
                let cut = a.truncate(own_max);
                let claim = cut.compare(b);
                assert!(is_true(claim, truth), "{cut:?} of {a} and {b}: {claim:?}");
                for other_max in 0..=3 {
                    let other = b.truncate(other_max);
                    let claim = cut.compare_truncated(&other);
                    assert!(is_true(claim, truth), "{a}: {cut}, {b}: {other}: {claim:?}");
                    assert_eq!(other.compare_truncated(&cut), claim.reverse());
                }
            }
        }
    }
}

#[test]
fn a_vector_that_needed_no_cut_is_compared_exactly() {
    let all = all(3, 2);
    for a in &all {
        for b in &all {
            let exact = TruncatedOrder::Certain(a.compare(b));
            assert_eq!(a.truncate(3).compare(b), exact);
            assert_eq!(
                a.truncate(3).compare_truncated(&b.truncate(a.len().max(3))),
                exact
            );
        }
    }
}

/// All vectors that could be behind the cut one: what is kept, and as many other actors as dropped.
fn originals<'a>(cut: &Truncated<u8>, all: &'a [Vector]) -> Vec<&'a Vector> {
    let is_kept = |vector: &Vector| {
        cut.iter()
            .all(|(actor, counter)| vector.get(actor) == counter)
    };
    let entries = cut.iter().len() + cut.dropped();
    let all = all.iter();
    all.filter(|vector| vector.len() == entries && is_kept(vector))
        .collect()
}

/// The strongest claim that is true of all these answers.
fn strongest(truths: &[Causality]) -> TruncatedOrder {
    let claims = [
        TruncatedOrder::Certain(Causality::Equal),
        TruncatedOrder::Certain(Causality::Before),
        TruncatedOrder::Certain(Causality::After),
        TruncatedOrder::Certain(Causality::Concurrent),
        TruncatedOrder::NotBefore,
        TruncatedOrder::NotAfter,
    ];
    let mut claims = claims.into_iter();
    let claim = claims.find(|&claim| truths.iter().all(|&truth| is_true(claim, truth)));
    claim.unwrap_or(TruncatedOrder::Unknown)
}

#[test]
fn no_more_could_be_said() {
    // Two actors that are kept or not, and two more that can only be among the dropped. A dropped
    // counter goes up to 3, above every kept one.
    let world = all(4, 3);
    let mut cuts = Vec::new();
    for kept in all(2, 2) {
        for dropped in 0..=2 {
            let mut bytes = vec![dropped];
            bytes.extend(kept.to_bytes());
            cuts.push(Truncated::<u8>::from_bytes(&bytes).unwrap());
        }
    }
    let behind: Vec<Vec<&Vector>> = cuts.iter().map(|cut| originals(cut, &world)).collect();
    let mut seen = std::collections::BTreeSet::new();
    for (a, originals_a) in cuts.iter().zip(&behind) {
        for (b, originals_b) in cuts.iter().zip(&behind) {
            let mut truths = Vec::new();
            for x in originals_a {
                for y in originals_b {
                    let truth = x.compare(y);
                    if !truths.contains(&truth) {
                        truths.push(truth);
                    }
                }
            }
            let claim = a.compare_truncated(b);
            assert_eq!(claim, strongest(&truths), "{a} and {b}");
            seen.insert(format!("{claim:?}"));
        }
    }
    assert_eq!(
        seen.len(),
        7,
        "every kind of answer was among them: {seen:?}"
    );
}

#[test]
fn the_greatest_counters_are_kept_and_of_equal_ones_the_first_actors() {
    let vector = Vector::from_pairs([(1, 3), (2, 9), (3, 3), (4, 1), (5, 3)]).unwrap();
    assert_eq!(vector.truncate(0).to_string(), "{5 more}");
    assert_eq!(vector.truncate(1).to_string(), "{2:9, and 4 more}");
    assert_eq!(
        vector.truncate(3).to_string(),
        "{1:3, 2:9, 3:3, and 2 more}"
    );
    assert_eq!(vector.truncate(5).to_string(), "{1:3, 2:9, 3:3, 4:1, 5:3}");
}

#[test]
fn whether_an_event_is_known_is_answered_only_if_certain() {
    for vector in all(3, 2) {
        for entries_max in 0..=3 {
            let cut = vector.truncate(entries_max);
            for actor in 0..3 {
                for counter in 1..=3 {
                    let event = Dot::new(actor, counter).unwrap();
                    let truth = vector.contains(&event);
                    let claim = cut.contains(&event);
                    assert!(claim.is_none_or(|claim| claim == truth), "{cut} {event}");
                    let is_certain =
                        cut.is_complete() || cut.iter().any(|(kept, _)| *kept == actor);
                    assert_eq!(claim.is_some(), is_certain, "{cut} {event}");
                }
            }
        }
    }
}

/// super-productivity #8755: a stored clock was cut by size, a concurrent write then compared as greater
/// than it, and was accepted: the stored change was lost.
#[test]
fn a_write_that_is_concurrent_to_a_cut_clock_is_never_called_its_successor() {
    let stored = VersionVector::from_pairs([("desk", 9), ("phone", 1), ("web", 4)]).unwrap();
    let write = VersionVector::from_pairs([("desk", 9), ("tablet", 1), ("web", 4)]).unwrap();
    assert_eq!(stored.compare(&write), Causality::Concurrent);

    let cut = stored.truncate(2);
    let taken_for_whole = VersionVector::from_pairs(cut.iter().map(|(&a, n)| (a, n))).unwrap();
    assert_eq!(
        taken_for_whole.compare(&write),
        Causality::Before,
        "what this test is about"
    );
    assert_eq!(cut.compare(&write), TruncatedOrder::Unknown);
    let later = VersionVector::from_pairs([("desk", 9), ("tablet", 1), ("web", 5)]).unwrap();
    assert_eq!(
        cut.compare(&later),
        TruncatedOrder::NotAfter,
        "before or concurrent"
    );
}

/// riak_core #613 and riak_kv #37: replicas that cut their clocks, or cut them to different sizes, never
/// agreed, and made siblings with each exchange. Here a clock only grows, and is exchanged whole.
#[test]
fn replicas_agree_after_one_exchange_because_nothing_is_cut_by_size() {
    let whole = Vector::from_pairs((0..50).map(|actor| (actor, 1))).unwrap();
    let cut_and_used_as_whole = |size: usize| -> Vector {
        let cut = whole.truncate(size);
        Vector::from_pairs(cut.iter().map(|(&actor, counter)| (actor, counter))).unwrap()
    };
    let (mut small, mut big) = (cut_and_used_as_whole(10), cut_and_used_as_whole(20));
    small.tick(&7).unwrap();
    assert!(
        small.is_concurrent(&big),
        "a successor looks concurrent: a sibling is made"
    );
    big.merge(&small);
    assert_ne!(small, big, "and the two never agree while one is cut again");

    let (mut paris, mut rome) = (whole.clone(), whole);
    paris.tick(&7).unwrap();
    assert!(rome.happened_before(&paris));
    rome.merge(&paris);
    assert_eq!(rome, paris);
    assert_eq!(rome.len(), 50);
    // Cuts of one vector to two sizes do not contradict each other.
    let (ten, twenty) = (paris.truncate(10), rome.truncate(20));
    assert_eq!(ten.compare_truncated(&twenty), TruncatedOrder::Unknown);
    assert_eq!(ten.compare(&rome), TruncatedOrder::Unknown);
}

#[test]
fn the_encoding_is_returned_as_it_was_and_checked() {
    for vector in all(3, 2) {
        for entries_max in 0..=3 {
            let cut = vector.truncate(entries_max);
            let bytes = cut.to_bytes();
            assert_eq!(Truncated::from_bytes(&bytes), Ok(cut));
            assert!(Truncated::<u8>::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        }
    }
    let mut hostile = Vec::new();
    clocks::wire::write_u64(Vector::ENTRIES_MAX as u64, &mut hostile);
    hostile.extend([1, 0, 1]);
    let (offset, defect) = (hostile.len() - 1, Defect::TooMany);
    let refused = ClockError::Malformed { offset, defect };
    assert_eq!(Truncated::<u8>::from_bytes(&hostile), Err(refused));
}

#[test]
fn arbitrary_bytes_never_panic_and_each_value_has_one_encoding() {
    let g = &mut Gen::from_size_and_seed(10, 3);
    let mut decoded = 0;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..6).map(|_| u8::arbitrary(g) % 3).collect();
        for end in 0..bytes.len() {
            if let Ok(value) = Truncated::<u8>::from_bytes(&bytes[..end]) {
                decoded += 1;
                assert_eq!(value.to_bytes(), bytes[..end]);
            }
        }
    }
    assert!(decoded > 100, "{decoded}");
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_form_is_returned_as_it_was_and_checked() {
    let cut = Vector::from_pairs([(1, 3), (2, 9)]).unwrap().truncate(1);
    let text = serde_json::to_string(&cut).unwrap();
    assert_eq!(text, r#"{"kept":[[2,9]],"dropped":1}"#);
    assert_eq!(serde_json::from_str::<Truncated<u8>>(&text).unwrap(), cut);
    let greatest = format!(r#"{{"kept":[],"dropped":{}}}"#, u64::MAX);
    assert!(serde_json::from_str::<Truncated<u8>>(&greatest).is_err());
    assert!(serde_json::from_str::<Truncated<u8>>(r#"{"kept":[[1,0]],"dropped":0}"#).is_err());
}
