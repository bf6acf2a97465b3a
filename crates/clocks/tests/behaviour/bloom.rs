//! Bloom clocks against vector clocks over random executions: "concurrent" is never wrong, and
//! "before" is wrong as often as predicted.

use clocks::wire::Wire;
use clocks::{BloomClock, BloomOrder, Causality, ClockError, Defect, Dot, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// The exact clock and the Bloom clock of one event.
#[derive(Clone)]
struct Stamp {
    exact: VectorClock,
    bloom: BloomClock,
}

/// The stamps of all events; the actor in a slot goes by the number `names` and its slot.
struct Execution {
    names: u64,
    stamps: Vec<Stamp>,
}

/// All events of a random execution: each actor's event is local, or receives the latest state of
/// another actor that it may hear.
fn execution(g: &mut Gen, events: usize, shape: (usize, u8), hears: &[&[usize]]) -> Execution {
    let bloom = BloomClock::new(shape.0, shape.1).unwrap();
    let exact = VectorClock::new(hears.len()).unwrap();
    // Other names in each execution, so that the hits differ too.
    let names = u64::arbitrary(g) >> 8;
    let mut states = vec![Stamp { exact, bloom }; hears.len()];
    let mut stamps = Vec::new();
    for _ in 0..events {
        let slot = usize::arbitrary(g) % hears.len();
        let heard = g.choose(hears[slot]).filter(|_| u8::arbitrary(g) % 2 == 0);
        let counter = states[slot].exact.get(slot) + 1;
        let next = Dot::new(names + slot as u64, counter).unwrap();
        match heard.map(|&sender| states[sender].clone()) {
            Some(message) => {
                states[slot].exact.receive(slot, &message.exact).unwrap();
                states[slot].bloom.receive(&next, &message.bloom).unwrap();
            }
            None => {
                states[slot].exact.tick(slot).unwrap();
                states[slot].bloom.tick(&next).unwrap();
            }
        }
        stamps.push(states[slot].clone());
    }
    Execution { names, stamps }
}

const ALL: [&[usize]; 6] = [&[0, 1, 2, 3, 4, 5]; 6];

#[test]
fn ordered_events_are_never_called_concurrent() {
    for seed in 0..20 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let Execution { stamps, .. } =
            execution(g, 60, (1 + seed as usize, 1 + seed as u8 % 4), &ALL);
        for a in &stamps {
            for b in &stamps {
                let bloom = a.bloom.compare(&b.bloom).unwrap();
                let is_certain = a.bloom.is_certainly_concurrent(&b.bloom).unwrap();
                assert_eq!(is_certain, bloom == BloomOrder::CertainlyConcurrent);
                match (a.exact.compare(&b.exact).unwrap(), bloom) {
                    (Causality::Equal, BloomOrder::Indistinguishable)
                    | (Causality::Before, BloomOrder::Before { .. })
                    | (Causality::After, BloomOrder::After { .. })
                    | (Causality::Concurrent, _) => {}
                    (exact, bloom) => panic!("seed {seed}: {exact}, but {bloom:?}"),
                }
            }
        }
    }
}

#[test]
fn an_event_of_the_past_is_never_denied() {
    for seed in 0..20 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let Execution { names, stamps } = execution(g, 60, (20, 3), &ALL);
        for stamp in stamps {
            for (slot, counter) in stamp.exact.iter().filter(|&(_, counter)| counter > 0) {
                assert!(
                    stamp
                        .bloom
                        .may_contain(&Dot::new(names + slot as u64, counter).unwrap())
                );
            }
        }
    }
}

/// The shares of concurrent pairs that look ordered, as measured and as predicted.
fn false_positives(shape: (usize, u8), events: usize, hears: &[&[usize]]) -> (f64, f64) {
    let (mut pairs, mut measured, mut predicted) = (0.0, 0.0, 0.0);
    for seed in 0..100 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let Execution { stamps, .. } = execution(g, events, shape, hears);
        for (index, a) in stamps.iter().enumerate().step_by(3) {
            for b in stamps.iter().skip(index).step_by(2) {
                if a.exact.compare(&b.exact) != Ok(Causality::Concurrent) {
                    continue;
                }
                for (early, late) in [(a, b), (b, a)] {
                    let below = early.bloom.as_slice().iter().zip(late.bloom.as_slice());
                    pairs += 1.0;
                    measured += f64::from(u8::from(below.into_iter().all(|(a, b)| a <= b)));
                    predicted += early.bloom.false_positive(&late.bloom).unwrap();
                }
            }
        }
    }
    println!(
        "m = {}, k = {}, {events} events: measured {:.6}, predicted {:.6} of {pairs} pairs",
        shape.0,
        shape.1,
        measured / pairs,
        predicted / pairs
    );
    (measured / pairs, predicted / pairs)
}

/// The formula's own supposition: independent hits, none lost to a merge.
#[test]
fn events_of_strangers_look_ordered_as_often_as_predicted() {
    let alone: [&[usize]; 6] = [&[0], &[1], &[2], &[3], &[4], &[5]];
    for shape in [(8, 1), (16, 2), (32, 2)] {
        let (measured, predicted) = false_positives(shape, 60, &alone);
        assert!(measured > 0.01, "{shape:?}: too rare to measure");
        let ratio = measured / predicted;
        assert!((0.9..1.1).contains(&ratio), "{shape:?}: {ratio}");
    }
}

/// A merge keeps the greater counter, not the sum, so groups that talk within are a little off.
#[test]
fn events_of_unrelated_groups_look_ordered_about_as_often_as_predicted() {
    let groups: [&[usize]; 6] = [
        &[0, 1, 2],
        &[0, 1, 2],
        &[0, 1, 2],
        &[3, 4, 5],
        &[3, 4, 5],
        &[3, 4, 5],
    ];
    for shape in [(8, 1), (16, 2), (32, 2), (64, 3)] {
        let (measured, predicted) = false_positives(shape, 60, &groups);
        let ratio = measured / predicted;
        assert!((0.9..1.5).contains(&ratio), "{shape:?}: {ratio}");
    }
}

/// A shared past makes concurrent clocks alike: there the formula promises too much, and more so the
/// longer the past. More counters help all the same.
#[test]
fn related_events_look_ordered_more_often_than_predicted() {
    for events in [60, 240] {
        let mut smaller = 1.0;
        for shape in [(16, 2), (64, 3), (256, 4)] {
            let (measured, predicted) = false_positives(shape, events, &ALL);
            assert!(predicted < measured, "{shape:?}: {measured}");
            assert!(measured < smaller / 2.0, "{shape:?}: {measured}");
            smaller = measured;
        }
    }
}

fn full(counters: Vec<u64>) -> BloomClock {
    let mut bytes = vec![1];
    clocks::wire::write_count(counters.len(), &mut bytes);
    for counter in counters {
        clocks::wire::write_u64(counter, &mut bytes);
    }
    BloomClock::from_bytes(&bytes).unwrap()
}

#[test]
fn an_event_without_room_in_a_counter_is_refused_and_changes_nothing() {
    let event = Dot::new(1_u64, 1).unwrap();
    let mut clock = full(vec![u64::MAX]);
    assert_eq!(clock.tick(&event), Err(ClockError::CounterExhausted));
    assert_eq!(clock.as_slice(), [u64::MAX]);

    let mut fresh = BloomClock::new(1, 1).unwrap();
    let hostile = clock;
    assert_eq!(
        fresh.receive(&event, &hostile),
        Err(ClockError::CounterExhausted)
    );
    assert_eq!(
        fresh.as_slice(),
        [0],
        "a refused receive has merged nothing"
    );

    // Both hits of an event fall on the only counter, which has room for one.
    let mut bytes = vec![2, 1];
    clocks::wire::write_u64(u64::MAX - 1, &mut bytes);
    let mut twice = BloomClock::from_bytes(&bytes).unwrap();
    assert_eq!(twice.tick(&event), Err(ClockError::CounterExhausted));
    assert_eq!(twice.as_slice(), [u64::MAX - 1]);
}

#[test]
fn clocks_of_different_shapes_never_meet() {
    let event = Dot::new(1_u64, 1).unwrap();
    let mut clock = BloomClock::new(8, 2).unwrap();
    for other in [
        BloomClock::new(9, 2).unwrap(),
        BloomClock::new(8, 3).unwrap(),
    ] {
        let other_shape = (other.as_slice().len(), other.hashes());
        let mismatch = ClockError::BloomMismatch {
            own: (8, 2),
            other: other_shape,
        };
        assert_eq!(clock.compare(&other), Err(mismatch.clone()));
        assert_eq!(clock.is_certainly_concurrent(&other), Err(mismatch.clone()));
        assert_eq!(clock.false_positive(&other), Err(mismatch.clone()));
        assert_eq!(clock.merge(&other), Err(mismatch.clone()));
        assert_eq!(clock.receive(&event, &other), Err(mismatch));
    }
    assert_eq!(clock, BloomClock::new(8, 2).unwrap());
}

#[test]
fn impossible_shapes_are_refused() {
    let (counters_max, hashes_max) = (BloomClock::COUNTERS_MAX, BloomClock::HASHES_MAX);
    assert!(BloomClock::new(counters_max, hashes_max).is_ok());
    for (counters, hashes) in [(0, 1), (counters_max + 1, 1), (8, 0), (8, hashes_max + 1)] {
        let refused = ClockError::BloomShape { counters, hashes };
        assert_eq!(BloomClock::new(counters, hashes), Err(refused));
    }
}

#[test]
fn every_answer_about_hostile_counters_is_a_probability() {
    let edges = [0, 1, 65_536, 65_537, u64::MAX];
    for a in edges {
        for b in edges {
            let (early, late) = (full(vec![a, b, a]), full(vec![b, a, a]));
            let chance = early.false_positive(&late).unwrap();
            assert!(
                (0.0..=1.0).contains(&chance),
                "{early:?} {late:?}: {chance}"
            );
        }
    }
}

#[test]
fn the_encoding_is_returned_as_it_was() {
    let g = &mut Gen::from_size_and_seed(10, 1);
    for stamp in execution(g, 20, (12, 3), &ALL).stamps {
        let bytes = stamp.bloom.to_bytes();
        assert_eq!(BloomClock::from_bytes(&bytes), Ok(stamp.bloom.clone()));
        for end in 0..bytes.len() {
            assert!(BloomClock::from_bytes(&bytes[..end]).is_err());
        }
    }
    for (bytes, offset, defect) in [
        (&[0, 1, 0][..], 0, Defect::NotAllowed),
        (&[33, 1, 0], 0, Defect::NotAllowed),
        (&[1, 0], 1, Defect::NotAllowed),
        (&[1, 2, 0], 1, Defect::TooMany),
        (&[1, 1, 0, 0], 3, Defect::Surplus),
    ] {
        let refused = ClockError::Malformed { offset, defect };
        assert_eq!(BloomClock::from_bytes(bytes), Err(refused));
    }
}

#[test]
fn arbitrary_bytes_never_panic_and_each_clock_has_one_encoding() {
    let g = &mut Gen::from_size_and_seed(10, 3);
    let mut decoded = 0;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..5).map(|_| u8::arbitrary(g) % 4 * 43).collect();
        let bytes = [&[1 + bytes[0] % 3, 1 + bytes[1] % 4], &bytes[2..]].concat();
        if let Ok(clock) = BloomClock::from_bytes(&bytes) {
            decoded += 1;
            assert_eq!(clock.to_bytes(), bytes);
        }
    }
    assert!(decoded > 100, "{decoded}");
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_form_is_returned_as_it_was_and_checked() {
    let mut clock = BloomClock::new(3, 1).unwrap();
    clock.tick(&Dot::new(7_u64, 1).unwrap()).unwrap();
    let text = serde_json::to_string(&clock).unwrap();
    assert_eq!(serde_json::from_str::<BloomClock>(&text).unwrap(), clock);
    for refused in [
        r#"{"hashes":0,"counters":[1]}"#,
        r#"{"hashes":33,"counters":[1]}"#,
        r#"{"hashes":1,"counters":[]}"#,
        r#"{"hashes":1,"counters":[1],"more":1}"#,
    ] {
        assert!(
            serde_json::from_str::<BloomClock>(refused).is_err(),
            "{refused}"
        );
    }
    let mut many = String::from(r#"{"hashes":1,"counters":[0"#);
    many.push_str(&",0".repeat(BloomClock::COUNTERS_MAX));
    many.push_str("]}");
    assert!(serde_json::from_str::<BloomClock>(&many).is_err());
}
