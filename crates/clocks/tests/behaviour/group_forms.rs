//! The encodings of rosters and matrix clocks: one for each value, and nothing else is decoded.

use clocks::wire::{Wire, write_u64};
use clocks::{Actor, ClockError, Defect, MatrixClock, Roster, Stability, Succession};
use quickcheck::{Arbitrary, Gen};

fn rosters() -> Vec<Roster<u64>> {
    let first = Roster::new(6, [3, 900, 7]).unwrap();
    let admitted = first.admit(8).unwrap();
    let mut stability = Stability::new(admitted.clone()).unwrap();
    stability.leave(&900, 0).unwrap();
    let retired = admitted.retire(&900, &stability.cut()).unwrap();
    vec![Roster::new(0, []).unwrap(), first, admitted, retired]
}

fn matrix() -> MatrixClock {
    let roster = Roster::new(6, ["a", "b", "c"]).unwrap();
    let [mut a, mut b] = ["a", "b"].map(|actor| MatrixClock::of(&roster, &actor).unwrap());
    for _ in 0..200 {
        b.receive(a.send().unwrap()).unwrap();
    }
    b
}

#[test]
fn every_roster_survives_its_compact_form() {
    for roster in rosters() {
        assert_eq!(Roster::from_bytes(&roster.to_bytes()), Ok(roster));
    }
    let lives = [
        Actor::new("p".to_string(), 4),
        Actor::new("p".to_string(), 9),
    ];
    let lives = Roster::new(1, lives).unwrap();
    assert_eq!(Roster::from_bytes(&lives.to_bytes()), Ok(lives));
}

#[test]
fn a_matrix_clock_survives_its_compact_form() {
    let clock = matrix();
    let bytes = clock.to_bytes();
    assert_eq!(MatrixClock::from_bytes(&bytes), Ok(clock));
    // Slot, epoch, width; 200 and 200 in two bytes each, 0; two rows of lags.
    assert_eq!(bytes.len(), 3 + 5 + (1 + 2 + 1) + (2 + 2 + 1));
}

/// Whatever is decoded is written with the same bytes: so there is one encoding for each value, and
/// nothing else is decoded.
#[test]
fn bytes_that_decode_are_the_encoding_of_what_they_decode_to() {
    let mut decoded_count = 0;
    let valid: Vec<_> = rosters().iter().map(Wire::to_bytes).collect();
    for seed in 0..20_000 {
        let mut source = Gen::from_size_and_seed(12, seed);
        let mut bytes = match seed % 4 {
            0 => Vec::arbitrary(&mut source),
            1 => matrix().to_bytes(),
            _ => source.choose(&valid).unwrap().clone(),
        };
        if let Some(&byte) = source.choose(&[0, 1, 2, 5, 127, 128, 255])
            && !bytes.is_empty()
        {
            let index = usize::arbitrary(&mut source) % bytes.len();
            bytes[index] = byte;
        }
        if let Ok(roster) = Roster::<u64>::from_bytes(&bytes) {
            decoded_count += 1;
            assert_eq!(roster.to_bytes(), bytes);
            assert!(roster.actors().is_sorted_by(|a, b| a < b));
        }
        if let Ok(clock) = MatrixClock::from_bytes(&bytes) {
            decoded_count += 1;
            assert_eq!(clock.to_bytes(), bytes);
            assert!(clock.rows().all(|row| row <= clock.clock()));
        }
    }
    assert!(decoded_count > 1000, "{decoded_count}");
}

#[test]
fn a_roster_that_nobody_can_have_made_is_not_decoded() {
    let refused = |bytes: &[u8], expected| match Roster::<u8>::from_bytes(bytes) {
        Err(ClockError::Malformed { defect, .. }) => assert_eq!(defect, expected, "{bytes:?}"),
        other => panic!("{bytes:?}: {other:?}"),
    };
    // Epoch, succession, count, actors as gaps.
    refused(&[0, 1, 0, 1, 5], Defect::NotCanonical);
    refused(&[1, 1, 1, 1, 5], Defect::NotCanonical);
    refused(&[0, 2, 5, 3, 1, 9], Defect::NotCanonical);
    refused(&[1, 2, 5, 3, 1, 5], Defect::NotCanonical);
    refused(&[1, 3, 1, 5], Defect::UnknownTag);
    refused(&[1, 0, 9, 5], Defect::TooMany);
    assert!(Roster::<u8>::from_bytes(&[1, 2, 5, 3, 1, 9]).is_ok());
    // Text can be written out of order.
    let text = [1, 0, 2, 1, b'b', 1, b'a'];
    let error = Roster::<String>::from_bytes(&text);
    assert!(matches!(
        error,
        Err(ClockError::Malformed {
            defect: Defect::NotSorted,
            ..
        })
    ));
}

#[test]
fn a_matrix_clock_that_claims_much_is_refused_before_anything_is_reserved() {
    let mut bytes = vec![0, 1];
    write_u64(1000, &mut bytes);
    bytes.extend([0; 2000]);
    let refused = MatrixClock::from_bytes(&bytes);
    assert!(matches!(
        refused,
        Err(ClockError::Malformed {
            offset: 1003,
            defect: Defect::TooMany
        })
    ));
    // A row that knows more than the owner does.
    let refused = MatrixClock::from_bytes(&[0, 1, 2, 4, 4, 5, 0]);
    assert!(matches!(
        refused,
        Err(ClockError::Malformed {
            defect: Defect::TooLarge,
            ..
        })
    ));
    assert!(MatrixClock::from_bytes(&[0, 1, 2, 4, 4, 4, 0]).is_ok());
    // An owner that is not there.
    let refused = MatrixClock::from_bytes(&[2, 1, 2, 4, 4, 4, 0]);
    assert!(matches!(
        refused,
        Err(ClockError::Malformed {
            defect: Defect::NotCanonical,
            ..
        })
    ));
    // Nobody has a clock of no slots.
    assert!(MatrixClock::from_bytes(&[0, 1, 0]).is_err());
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_forms_hold_what_the_constructors_do() {
    for roster in rosters() {
        let text = serde_json::to_string(&roster).unwrap();
        assert_eq!(serde_json::from_str::<Roster<u64>>(&text).unwrap(), roster);
    }
    let stamp = clocks::VectorClock::from_counters(&[3, 1]).unwrap();
    let message = clocks::CausalMessage {
        from: 1,
        stamp,
        message: "m".to_string(),
    };
    let text = serde_json::to_string(&message).unwrap();
    assert_eq!(
        serde_json::from_str::<clocks::CausalMessage<String>>(&text).unwrap(),
        message
    );
    let text = serde_json::to_string(&matrix()).unwrap();
    assert_eq!(
        serde_json::from_str::<MatrixClock>(&text).unwrap(),
        matrix()
    );

    let roster = |text: &str| serde_json::from_str::<Roster<u64>>(text);
    let first = r#"{"epoch":1,"succession":"First","actors":[3,7]}"#;
    assert_eq!(roster(first).unwrap().succession(), &Succession::First);
    for hostile in [
        r#"{"epoch":1,"succession":"First","actors":[7,3]}"#,
        r#"{"epoch":1,"succession":"First","actors":[3,3]}"#,
        r#"{"epoch":0,"succession":{"Admitted":{"slot":0}},"actors":[3]}"#,
        r#"{"epoch":1,"succession":{"Admitted":{"slot":1}},"actors":[3]}"#,
        r#"{"epoch":1,"succession":{"Retired":{"actor":3,"last":1}},"actors":[3]}"#,
    ] {
        assert!(roster(hostile).is_err(), "{hostile}");
    }
    let clock = |own: &str, other: &str| {
        let text = format!(
            r#"{{"slot":0,"own":{{"epoch":1,"counters":{own}}},"others":[{{"epoch":1,"counters":{other}}}]}}"#
        );
        serde_json::from_str::<MatrixClock>(&text)
    };
    assert!(clock("[4,4]", "[0,4]").is_ok());
    assert!(clock("[4,4]", "[0,5]").is_err(), "above the owner");
    assert!(clock("[4,4]", "[0]").is_err(), "narrow");
    assert!(clock("[4,4,4]", "[0,4,4]").is_err(), "a row is missing");
    let many: Vec<u32> = (0..=65_536).collect();
    let text = serde_json::to_string(&many).unwrap();
    let text = format!(r#"{{"epoch":1,"succession":"First","actors":{text}}}"#);
    assert!(roster(&text).is_err(), "one too many");
}
