//! Dotted version vectors against whole causal histories, over random executions of a store.

use std::collections::BTreeSet;

use clocks::wire::Wire;
use clocks::{Causality, ClockError, Defect, Dot, DottedVersionVector, VersionVector};
use quickcheck::{Arbitrary, Gen};

type Stamp = DottedVersionVector<u8>;
type History = BTreeSet<Dot<u8>>;

/// A write with its stamp and all that it depends on, itself included.
#[derive(Clone, Debug)]
struct Write {
    stamp: Stamp,
    history: History,
}

fn dot(actor: u8, counter: u64) -> Dot<u8> {
    Dot::new(actor, counter).unwrap()
}

fn vector(pairs: &[(u8, u64)]) -> VersionVector<u8> {
    VersionVector::from_pairs(pairs.iter().copied()).unwrap()
}

/// What a reader of these siblings has seen, as a vector and in full.
fn read(siblings: &[Write]) -> (VersionVector<u8>, History) {
    let seen = Stamp::join(siblings.iter().map(|write| &write.stamp));
    let histories = siblings.iter().flat_map(|write| write.history.clone());
    (seen, histories.collect())
}

/// Every write of a random execution: servers keep the siblings of one key, clients read and later
/// write what they had read, and servers exchange siblings.
fn execution(g: &mut Gen) -> Vec<Write> {
    let mut servers: Vec<Vec<Write>> = vec![Vec::new(); 3];
    let mut clients = vec![(VersionVector::new(), History::new()); 4];
    let mut all = Vec::new();
    for _ in 0..40 {
        let server = usize::arbitrary(g) % servers.len();
        let client = usize::arbitrary(g) % clients.len();
        match u8::arbitrary(g) % 4 {
            0 => clients[client] = read(&servers[server]),
            1 | 2 => {
                let (seen, mut history) = clients[client].clone();
                let (known, _) = read(&servers[server]);
                let stamp = Stamp::stamp(&(server as u8), &known, seen).unwrap();
                assert!(history.insert(*stamp.dot()), "each dot once");
                servers[server].retain(|write| !write.stamp.happened_before(&stamp));
                let write = Write { stamp, history };
                servers[server].push(write.clone());
                all.push(write);
            }
            _ => {
                let source = servers[usize::arbitrary(g) % servers.len()].clone();
                let own = servers[server].clone();
                let siblings = &mut servers[server];
                siblings.retain(|write| !source.iter().any(|other| write.stamp < other.stamp));
                let news = source
                    .into_iter()
                    .filter(|write| !own.iter().any(|other| write.stamp <= other.stamp));
                siblings.extend(news);
            }
        }
    }
    all
}

#[test]
fn stamps_order_writes_exactly_as_their_causal_histories() {
    let mut gaps = 0;
    for seed in 0..100 {
        let all = execution(&mut Gen::from_size_and_seed(10, seed));
        for a in &all {
            for b in &all {
                let expected = match (
                    a.history.is_subset(&b.history),
                    b.history.is_subset(&a.history),
                ) {
                    (true, true) => Causality::Equal,
                    (true, false) => Causality::Before,
                    (false, true) => Causality::After,
                    (false, false) => Causality::Concurrent,
                };
                assert_eq!(
                    a.stamp.compare(&b.stamp),
                    expected,
                    "seed {seed}: {a:?}, {b:?}"
                );
                assert_eq!(a.stamp.partial_cmp(&b.stamp), expected.ordering());
                assert_eq!(a.stamp == b.stamp, expected == Causality::Equal);
                assert_eq!(
                    a.stamp.is_concurrent(&b.stamp),
                    expected == Causality::Concurrent
                );
                let dot = b.stamp.dot();
                assert_eq!(
                    a.stamp.contains(dot),
                    a.history.contains(dot),
                    "seed {seed}"
                );
            }
            let own = a.stamp.dot();
            gaps += usize::from(own.number() > a.stamp.past().get(&own.actor) + 1);
        }
    }
    assert!(
        gaps > 100,
        "dots beyond a gap are what this is about: {gaps}"
    );
}

#[test]
fn a_dot_is_refused_exactly_if_it_is_in_the_past() {
    for a in 0..=3 {
        for b in 0..=3 {
            let past = vector(&[(0, a), (1, b)]);
            for actor in 0..=2 {
                for counter in 1..=5 {
                    let dot = dot(actor, counter);
                    let stamp = Stamp::new(dot, past.clone());
                    match stamp {
                        Ok(stamp) => {
                            assert!(!past.contains(&dot));
                            assert_eq!(stamp.into_parts(), (dot, past.clone()));
                        }
                        Err(refused) => {
                            assert!(past.contains(&dot));
                            assert_eq!(refused.value, (dot, past.clone()));
                            let known = past.get(&actor);
                            assert_eq!(refused.error, ClockError::DotInPast { counter, known });
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_stamp_knows_its_dot_and_its_past_and_not_the_gap() {
    let stamp = Stamp::new(dot(0, 4), vector(&[(0, 2), (1, 1)])).unwrap();
    let known = |actor| (1..=5).filter(move |&counter| stamp.contains(&dot(actor, counter)));
    assert!(known.clone()(0).eq([1, 2, 4]));
}

#[test]
fn stamps_that_claim_each_other_are_called_concurrent() {
    let a = Stamp::new(dot(0, 1), vector(&[(1, 1)])).unwrap();
    let b = Stamp::new(dot(1, 1), vector(&[(0, 1)])).unwrap();
    assert_eq!(a.compare(&b), Causality::Concurrent);
    assert_eq!(b.compare(&a), Causality::Concurrent);
}

#[test]
fn a_server_is_not_told_of_its_own_future_and_runs_out_with_an_error() {
    let known = vector(&[(0, 2)]);
    let ahead = Stamp::stamp(&0, &known, vector(&[(0, 3)])).unwrap_err();
    let error = ClockError::ContextAhead {
        claimed: 3,
        known: 2,
    };
    assert_eq!((ahead.value, ahead.error), (vector(&[(0, 3)]), error));
    let full = vector(&[(0, u64::MAX)]);
    let exhausted = Stamp::stamp(&0, &full, full.clone()).unwrap_err();
    assert_eq!(exhausted.error, ClockError::CounterExhausted);
}

#[test]
fn the_encoding_is_returned_as_it_was_and_checked() {
    for write in execution(&mut Gen::from_size_and_seed(10, 7)) {
        let bytes = write.stamp.to_bytes();
        let decoded = Stamp::from_bytes(&bytes).unwrap();
        assert_eq!(decoded.into_parts(), write.stamp.into_parts());
        for end in 0..bytes.len() {
            assert!(Stamp::from_bytes(&bytes[..end]).is_err());
        }
    }
    let full = vector(&[(0, u64::MAX)]);
    let mut bytes = full.to_bytes();
    bytes.extend([0, 0]);
    let (offset, defect) = (bytes.len() - 1, Defect::TooLarge);
    let refused = ClockError::Malformed { offset, defect };
    assert_eq!(Stamp::from_bytes(&bytes), Err(refused));
}

#[test]
fn arbitrary_bytes_never_panic_and_each_value_has_one_encoding() {
    let g = &mut Gen::from_size_and_seed(10, 3);
    let mut decoded = 0;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..6).map(|_| u8::arbitrary(g) % 3).collect();
        for end in 0..bytes.len() {
            if let Ok(value) = Stamp::from_bytes(&bytes[..end]) {
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
    let stamp = Stamp::new(dot(0, 4), vector(&[(0, 2)])).unwrap();
    let text = serde_json::to_string(&stamp).unwrap();
    assert_eq!(text, r#"{"dot":{"actor":0,"counter":4},"past":[[0,2]]}"#);
    let decoded: Stamp = serde_json::from_str(&text).unwrap();
    assert_eq!(decoded.into_parts(), stamp.into_parts());
    let in_past = r#"{"dot":{"actor":0,"counter":2},"past":[[0,2]]}"#;
    assert!(serde_json::from_str::<Stamp>(in_past).is_err());
}
