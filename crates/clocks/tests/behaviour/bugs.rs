//! Mistakes that other clocks have shipped, each with its source, beyond those that stand with the
//! type they belong to. These clocks make none of them.

use clocks::{
    Actor, Causality, ClockError, Dot, DriftPolicy, Hlc, HlcStamp, Roster, Stability, VectorClock,
    VersionVector,
};

/// Roster of epoch 1, its successor without `gone`, and a clock of everybody but `gone`, who has
/// heard all two events of it.
fn retired() -> (Roster<&'static str>, Roster<&'static str>, [VectorClock; 2]) {
    let roster = Roster::new(1, ["a", "b", "gone"]).unwrap();
    let [mut a, mut b, mut gone] = [(); 3].map(|()| roster.clock());
    gone.tick(2).unwrap();
    let farewell = gone.send(2).unwrap();
    a.receive(0, farewell).unwrap();
    b.receive(1, farewell).unwrap();
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"gone", 2).unwrap();
    stability.report(&"a", &a).unwrap();
    stability.report(&"b", &b).unwrap();
    let next = roster.retire(&"gone", &stability.cut()).unwrap();
    (roster, next, [a, b])
}

// akka #23324, the first repair of #23318: each node dropped the removed member's entry, and the merge
// of two such clocks, or of one with an older one, had it again.
#[test]
fn akka_23324_no_merge_brings_an_entry_back_that_was_dropped() {
    let (_, next, old) = retired();
    let new = old.clone().map(|clock| next.carry_forward(&clock).unwrap());
    for own in 0..2 {
        let mut merged = new[own].clone();
        merged.merge(&new[1 - own]).unwrap();
        assert_eq!((merged.slots(), merged.as_slice()), (2, &[1, 1][..]));
        for older in &old {
            let error = ClockError::EpochMismatch { own: 2, other: 1 };
            assert_eq!(merged.merge(older), Err(error));
        }
        assert_eq!(merged.as_slice(), [1, 1]);
    }
}

// akka.net #8484: a lagging peer brought a removed member back, as nobody could tell "was removed"
// from "has not heard of it yet". The epoch tells: of two actors that a clock does not have, one has
// a place in the next epoch, and one has not.
#[test]
fn akka_net_8484_a_removed_member_is_told_from_one_not_heard_of_yet() {
    let (roster, next, [a, b]) = retired();
    let grown = next.admit("new").unwrap();
    assert_eq!((grown.slot(&"gone"), roster.slot(&"new")), (None, None));
    let mut leader = grown
        .carry_forward(&next.carry_forward(&a).unwrap())
        .unwrap();
    leader.tick(grown.slot(&"new").unwrap()).unwrap();
    // The peer that lags two epochs behind catches up by what its roster says, not by what is missing.
    assert!(leader.merge(&b).is_err());
    let lagging = grown
        .carry_forward(&next.carry_forward(&b).unwrap())
        .unwrap();
    leader.merge(&lagging).unwrap();
    let known = |name| leader.get(grown.slot(&name).unwrap());
    assert_eq!([known("a"), known("b"), known("new")], [1, 1, 1]);
    assert_eq!(leader.slots(), 3);
}

// riak_kv #1027: the second of the start was part of a server's name, so that two lives in one second
// had one name. riak_kv #1643: a life that had lost its state went on under the name before.
#[test]
fn riak_kv_1027_two_lives_of_an_actor_never_name_an_event_alike() {
    let first = Actor::new("paris", 1_700_000_000);
    let second = first.next_life().unwrap();
    let (mut before, mut after) = (VersionVector::new(), VersionVector::new());
    let lost: Dot<_> = before.tick(&first).unwrap();
    let fresh = after.tick(&second).unwrap();
    assert_ne!(lost, fresh);
    assert!(!before.contains(&fresh) && !after.contains(&lost));
    assert_eq!(after.compare(&before), Causality::Concurrent);
    assert!(before.merge(&after), "the new event is news to its peers");
}

// ctripcorp crdt-module #73: the comparison was wrong, and repaired after it had shipped. The cases
// that are easily forgotten: an actor whom only one side has, on either side, with equal entries,
// greater ones or none beside it.
#[test]
fn ctrip_73_an_actor_that_only_one_side_has_counts_in_every_comparison() {
    for (left, right, expected) in [
        (&[1, 1][..], &[1][..], Causality::After),
        (&[1], &[1, 1], Causality::Before),
        (&[1, 0, 0], &[1], Causality::Equal),
        (&[2], &[1, 1], Causality::Concurrent),
        (&[1, 1], &[2], Causality::Concurrent),
        (&[0, 1], &[1], Causality::Concurrent),
        (&[], &[0, 1], Causality::Before),
        (&[1, 0, 1], &[0, 1, 0], Causality::Concurrent),
    ] {
        let dense = [left, right].map(|counters| VectorClock::from_counters(counters).unwrap());
        assert_eq!(dense[0].compare(&dense[1]), Ok(expected), "{dense:?}");
        assert_eq!(dense[1].compare(&dense[0]), Ok(expected.reverse()));
        let sparse = dense.map(|clock| {
            let dots = clock.iter().filter_map(|(slot, n)| Dot::new(slot, n));
            dots.collect::<VersionVector<usize>>()
        });
        assert_eq!(sparse[0].compare(&sparse[1]), expected, "{sparse:?}");
        assert_eq!(sparse[1].compare(&sparse[0]), expected.reverse());
    }
}

// cockroach #23214, #25109, #124065: a jump of the wall clock, forth or back, stopped the process.
#[test]
fn cockroach_23214_no_jump_of_the_wall_clock_stops_the_clock() {
    const HOUR_MS: u64 = 3_600_000;
    const START_MS: u64 = 1_700_000_000_000;
    for policy in [
        DriftPolicy::Reject { ahead_max_ms: 500 },
        DriftPolicy::Clamp { ahead_max_ms: 500 },
        DriftPolicy::Off,
    ] {
        let mut clock = Hlc::new(policy);
        let mut last = HlcStamp::MIN;
        for hours in [0, 5, 1, 24, 2, 0, 24 * 365, 3] {
            let now_ms = START_MS + hours * HOUR_MS;
            // Its own stamps are never refused, nor is the echo of one that it has sent.
            let sent = clock.send(now_ms).unwrap();
            let received = clock.receive(now_ms, sent).unwrap();
            let ticked = clock.tick(now_ms).unwrap();
            assert!(last < sent && sent < received && received < ticked);
            assert!(ticked.physical_ms() >= now_ms);
            last = ticked;
        }
        assert_eq!(clock.ahead_ms(START_MS), 24 * 365 * HOUR_MS, "and says so");
    }
}

// automerge #763 and classic #56, yjs #415, crdts #75: a clock was copied at every step, and each
// copy allocated.
#[test]
fn yjs_415_a_copy_into_a_clock_of_the_same_width_allocates_nothing() {
    let allocations = |copy: &mut dyn FnMut()| allocation_counter::measure(copy).count_total;
    for slots in [0, 1, 7, 8, 64, 1_000] {
        let source = VectorClock::from_counters(&vec![7; slots]).unwrap();
        let mut copy = VectorClock::new(slots).unwrap();
        let counted = allocations(&mut || copy.clone_from(&source));
        assert_eq!((counted, &copy), (0, &source), "{slots} slots");
    }
    // Up to four entries lie in the vector itself: even a new copy allocates nothing.
    for length in 0..=4_u64 {
        let dots = (0..length).filter_map(|actor| Dot::new(actor, actor + 1));
        let source: VersionVector<u64> = dots.collect();
        let mut copy = VersionVector::new();
        let counted = allocations(&mut || copy.clone_from(&source));
        assert_eq!((counted, &copy), (0, &source), "{length} entries");
        let counted = allocations(&mut || drop(source.clone()));
        assert_eq!(counted, 0, "{length} entries");
    }
    let dots = (0..64).filter_map(|actor| Dot::new(actor, actor + 1));
    let source: VersionVector<u64> = dots.collect();
    let mut copy = source.clone();
    copy.tick(&9).unwrap();
    let counted = allocations(&mut || copy.clone_from(&source));
    assert_eq!((counted, copy), (0, source), "64 entries");
}
