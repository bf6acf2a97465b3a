//! What belongs to another roster, or to another epoch of the same one, is not taken for one's own.

use clocks::wire::Wire;
use clocks::{
    Causality, ClockError, Defect, MatrixClock, NamedClock, Roster, Stability, VectorClock,
    VersionVector,
};

fn roster(epoch: u64, actors: &[&'static str]) -> Roster<&'static str> {
    Roster::new(epoch, actors.iter().copied()).unwrap()
}

fn clock(epoch: u64, counters: &[u64]) -> VectorClock {
    let clock = VectorClock::from_counters(counters).unwrap();
    clock.with_epoch(epoch)
}

/// What the rosters that follow have forgotten, a sparse form must not bring back: a's write was
/// concurrent with b's, which all know in the epoch after b was retired.
#[test]
fn a_sparse_stamp_of_an_epoch_before_a_retirement_is_refused_after_it() {
    let before = roster(1, &["a", "b"]);
    let (stamp_a, stamp_b) = (clock(1, &[1, 0]), clock(1, &[0, 1]));
    assert_eq!(stamp_a.compare(&stamp_b), Ok(Causality::Concurrent));
    let kept = before.to_sparse(&stamp_a).unwrap();

    let mut stability = Stability::new(before.clone()).unwrap();
    stability.report(&"a", &clock(1, &[2, 1])).unwrap();
    stability.leave(&"b", 1).unwrap();
    let after = before.retire(&"b", &stability.cut()).unwrap();
    let error = ClockError::MissingEvents { known: 0, last: 1 };
    assert_eq!(after.carry_forward(&stamp_a), Err(error));
    let error = ClockError::EpochMismatch { own: 2, other: 1 };
    assert_eq!(after.to_dense(&kept), Err(error));

    // In its own epoch it still says what it said.
    let again = before.to_dense(&kept).unwrap();
    assert_eq!(again.compare(&stamp_b), Ok(Causality::Concurrent));
    // And a form of the new epoch goes back by way of the clock.
    let new = after.to_sparse(&clock(2, &[3])).unwrap();
    let error = ClockError::EpochMismatch { own: 1, other: 2 };
    assert_eq!(before.to_dense(&new), Err(error));
    let back = after.carry_back(&after.to_dense(&new).unwrap()).unwrap();
    assert_eq!(stamp_b.compare(&back), Ok(Causality::Before));
}

#[test]
fn a_clock_with_names_is_not_one_of_another_epoch() {
    let vector = VersionVector::from_pairs([("a", 3), ("b", 1)]).unwrap();
    let named = NamedClock::new(4, vector.clone());
    assert_ne!(named, NamedClock::new(5, vector.clone()));
    assert_eq!((named.epoch(), named.vector()), (4, &vector));
    assert_eq!(named.to_string(), "epoch 4: {a:3, b:1}");
    assert_eq!(named.into_vector(), vector);
}

#[test]
fn a_clock_with_names_has_one_compact_form() {
    let vector = VersionVector::from_pairs([(7_u64, 3), (900, 1)]).unwrap();
    for epoch in [0, 5, u64::MAX] {
        let named = NamedClock::new(epoch, vector.clone());
        assert_eq!(NamedClock::from_bytes(&named.to_bytes()), Ok(named));
    }
    // Epoch, count, actor, counter.
    let bytes = [5, 1, 7, 3];
    let named = NamedClock::<u64>::from_bytes(&bytes).unwrap();
    assert_eq!(named.to_string(), "epoch 5: {7:3}");
    assert_eq!(named.to_bytes(), bytes);
    for (hostile, defect) in [
        (&[5, 1, 7, 0][..], Defect::ZeroCounter),
        (&[0x85, 0, 1, 7, 3], Defect::Overlong),
        (&[5, 9, 7, 3], Defect::TooMany),
        (&[5, 1, 7, 3, 0], Defect::Surplus),
    ] {
        match NamedClock::<u64>::from_bytes(hostile) {
            Err(ClockError::Malformed { defect: found, .. }) => assert_eq!(found, defect),
            other => panic!("{hostile:?}: {other:?}"),
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_clock_with_names_keeps_its_epoch_in_serde_and_its_order() {
    let vector = VersionVector::from_pairs([(7_u64, 3), (900, 1)]).unwrap();
    let named = NamedClock::new(5, vector);
    let text = serde_json::to_string(&named).unwrap();
    assert_eq!(text, r#"{"epoch":5,"vector":[[7,3],[900,1]]}"#);
    let read = |text: &str| serde_json::from_str::<NamedClock<u64>>(text);
    assert_eq!(read(&text).unwrap(), named);
    for hostile in [
        r#"{"vector":[[7,3]]}"#,
        r#"{"epoch":5,"vector":[[900,1],[7,3]]}"#,
        r#"{"epoch":5,"vector":[[7,0]]}"#,
        r#"{"epoch":5,"vector":[[7,3]],"more":1}"#,
    ] {
        assert!(read(hostile).is_err(), "{hostile}");
    }
}

#[test]
fn stability_follows_no_roster_but_the_next_of_its_own() {
    let refused = |own: &Stability<&'static str>, next: Roster<&'static str>, error| {
        assert_eq!(own.carry_forward(next.clone()), Err(error), "{next}");
    };
    let own = Stability::new(roster(1, &["a", "b"])).unwrap();
    let mismatch = |own, other| ClockError::EpochMismatch { own, other };
    // No member of it, and no successor of any roster.
    refused(&own, roster(50, &["x"]), mismatch(1, 50));
    refused(&own, roster(1, &["a", "b"]), ClockError::RosterMismatch);
    refused(&own, roster(2, &["a", "b"]), mismatch(1, 2));

    // Only one that has left is in it.
    let mut left = Stability::new(roster(1, &["a", "b", "c"])).unwrap();
    left.leave(&"c", 4).unwrap();
    refused(&left, roster(9, &["c"]), mismatch(1, 9));

    // It follows a roster of the same width, with other names.
    let mut heard = own.clone();
    heard.report(&"a", &clock(1, &[1, 1])).unwrap();
    let next = roster(1, &["a", "c"]).admit("d").unwrap();
    refused(&heard, next, ClockError::RosterMismatch);
    // A wider one.
    let next = roster(1, &["a", "b", "c"]).admit("d").unwrap();
    refused(&own, next, ClockError::RosterMismatch);
    // One of another epoch.
    let next = roster(2, &["a", "b"]).admit("c").unwrap();
    refused(&own, next, mismatch(1, 2));
    // One that somebody was retired from who was never here.
    let mut other = Stability::new(roster(1, &["a", "x"])).unwrap();
    other.leave(&"x", 0).unwrap();
    let next = roster(1, &["a", "x"]).retire(&"x", &other.cut()).unwrap();
    refused(&own, next, ClockError::RosterMismatch);

    let next = roster(1, &["a", "b"]).admit("c").unwrap();
    assert_eq!(own.carry_forward(next.clone()).unwrap().roster(), &next);
}

#[test]
fn stability_hears_from_the_next_roster_who_has_left_and_after_which_event() {
    let before = roster(1, &["a", "b", "c"]);
    let mut told = Stability::new(before.clone()).unwrap();
    told.leave(&"b", 2).unwrap();
    for member in ["a", "c"] {
        told.report(&member, &clock(1, &[0, 2, 0])).unwrap();
    }
    let next = before.retire(&"b", &told.cut()).unwrap();
    assert!(told.carry_forward(next.clone()).is_ok());

    // Not yet told: the roster says it.
    let mut untold = Stability::new(before.clone()).unwrap();
    let error = ClockError::MissingEvents { known: 0, last: 2 };
    assert_eq!(untold.carry_forward(next.clone()), Err(error));
    for member in ["a", "c"] {
        untold.report(&member, &clock(1, &[0, 2, 0])).unwrap();
    }
    assert_eq!(
        untold.carry_forward(next.clone()),
        told.carry_forward(next.clone())
    );

    // Told otherwise.
    let mut misled = Stability::new(before.clone()).unwrap();
    misled.leave(&"b", 3).unwrap();
    let error = ClockError::LeftAlready { last: 3 };
    assert_eq!(misled.carry_forward(next.clone()), Err(error));
    // It has heard of a later event.
    untold.report(&"b", &clock(1, &[0, 5, 0])).unwrap();
    let error = ClockError::BeyondLast {
        counter: 5,
        last: 2,
    };
    assert_eq!(untold.carry_forward(next.clone()), Err(error));
    // It takes all others for gone.
    let mut alone = Stability::new(before).unwrap();
    alone.leave(&"a", 0).unwrap();
    alone.leave(&"c", 0).unwrap();
    assert_eq!(alone.carry_forward(next), Err(ClockError::LastMember));
}

#[test]
fn stability_is_as_wide_as_a_matrix_clock_and_no_wider() {
    let slots_max = Stability::<usize>::SLOTS_MAX;
    assert_eq!(slots_max, MatrixClock::SLOTS_MAX);
    let widest = Roster::new(1, 0..slots_max).unwrap();
    let slots = slots_max + 1;
    let error = ClockError::TooManySlots { slots, slots_max };
    let wider = widest.admit(slots_max).unwrap();
    assert_eq!(Stability::new(wider.clone()), Err(error.clone()));
    let stability = Stability::new(widest).unwrap();
    assert_eq!(stability.carry_forward(wider), Err(error));
}
