//! An actor is dropped only when everybody has seen its last event, and dropping it changes no order.

use clocks::wire::Wire;
use clocks::{Causality, ClockError, Dot, MatrixClock, Roster, Stability, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// A random number below `bound`.
fn below(source: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(source) % bound
}

/// Actors that exchange messages at random: late, twice, out of order, or never.
struct Execution {
    clocks: Vec<VectorClock>,
    /// The clock after each event, and of each message.
    stamps: Vec<VectorClock>,
}

impl Execution {
    fn new(roster: &Roster<u8>) -> Self {
        Self {
            clocks: roster.actors().iter().map(|_| roster.clock()).collect(),
            stamps: vec![roster.clock()],
        }
    }

    /// An event of the actor in `slot`: its own, or the receipt of any message so far.
    fn step(&mut self, slot: usize, source: &mut Gen) {
        if bool::arbitrary(source) {
            self.clocks[slot].tick(slot).unwrap();
        } else {
            let message = self.stamps[below(source, self.stamps.len())].clone();
            self.clocks[slot].receive(slot, &message).unwrap();
        }
        self.stamps.push(self.clocks[slot].clone());
    }
}

/// An execution in which `gone` leaves half-way, and all others learn its last event; the roster
/// after it was retired.
fn retirement(seed: u64) -> (Roster<u8>, usize, u64, Execution, Roster<u8>) {
    let mut source = Gen::from_size_and_seed(8, seed);
    let width = 2 + below(&mut source, 4);
    let roster = Roster::new(seed, (0..width as u8).map(|actor| actor * 3)).unwrap();
    let gone = below(&mut source, width);
    let mut execution = Execution::new(&roster);
    for _ in 0..20 {
        let slot = below(&mut source, width);
        execution.step(slot, &mut source);
    }
    let last = execution.clocks[gone].clone();
    let mut stability = Stability::new(roster.clone()).unwrap();
    let name = *roster.actor(gone).unwrap();
    stability.leave(&name, last.get(gone)).unwrap();
    let others: Vec<usize> = (0..width).filter(|&slot| slot != gone).collect();
    for _ in 0..20 {
        let slot = others[below(&mut source, others.len())];
        execution.step(slot, &mut source);
    }
    for &slot in &others {
        let is_last_missing = execution.clocks[slot].get(gone) < last.get(gone);
        let is_retired = roster.retire(&name, &stability.cut()).is_ok();
        assert!(
            !(is_last_missing && is_retired),
            "seed {seed}: {slot} has not seen all"
        );
        execution.clocks[slot].receive(slot, &last).unwrap();
        execution.stamps.push(execution.clocks[slot].clone());
        let name = roster.actor(slot).unwrap();
        stability.report(name, &execution.clocks[slot]).unwrap();
    }
    let next = roster.retire(&name, &stability.cut()).unwrap();
    (roster, gone, last.get(gone), execution, next)
}

/// What is left of a clock by just dropping an entry, as pruning does.
fn pruned(clock: &VectorClock, slot: usize) -> Vec<u64> {
    let entries = clock.iter().filter(|&(other, _)| other != slot);
    entries.map(|(_, counter)| counter).collect()
}

fn order(left: &[u64], right: &[u64]) -> Causality {
    let clock = |counters| VectorClock::from_counters(counters).unwrap();
    clock(left).compare(&clock(right)).unwrap()
}

#[test]
fn a_clock_is_carried_over_exactly_if_that_changes_no_order() {
    let (mut carried_count, mut refused_count) = (0, 0);
    for seed in 0..300 {
        let (_, gone, last, execution, next) = retirement(seed);
        for stamp in &execution.stamps {
            // The clock that knows what this one knows, and all of the actor that has left.
            let mut counters = stamp.as_slice().to_vec();
            counters[gone] = last;
            let complete = VectorClock::from_counters(&counters)
                .unwrap()
                .with_epoch(seed);
            let before = stamp.compare(&complete).unwrap();
            let after = order(&pruned(stamp, gone), &pruned(&complete, gone));
            match next.carry_forward(stamp) {
                Ok(carried) => {
                    carried_count += 1;
                    assert_eq!(before, after, "seed {seed}: {stamp}");
                    assert_eq!(carried.as_slice(), pruned(stamp, gone));
                    assert_eq!(carried.epoch(), seed + 1);
                }
                Err(error) => {
                    refused_count += 1;
                    let known = stamp.get(gone);
                    assert_eq!(error, ClockError::MissingEvents { known, last });
                    assert_ne!(before, after, "seed {seed}: {stamp}");
                }
            }
        }
    }
    assert!(
        carried_count > 1000 && refused_count > 1000,
        "{carried_count}, {refused_count}"
    );
}

#[test]
fn the_order_of_clocks_is_the_same_in_both_epochs() {
    for seed in 0..100 {
        let (_, _, _, execution, next) = retirement(seed);
        let carried = execution.stamps.iter().filter_map(|stamp| {
            let carried = next.carry_forward(stamp).ok()?;
            Some((stamp, carried))
        });
        let carried: Vec<_> = carried.collect();
        for (old, new) in &carried {
            assert_eq!(next.carry_back(new).as_ref(), Ok(*old), "there and back");
            for (other_old, other_new) in &carried {
                assert_eq!(
                    old.compare(other_old),
                    new.compare(other_new),
                    "seed {seed}"
                );
            }
            // Who stays behind is still compared, in the old epoch.
            for stamp in &execution.stamps {
                let back = next.carry_back(new).unwrap();
                assert_eq!(stamp.compare(&back), stamp.compare(old), "seed {seed}");
            }
        }
    }
}

#[test]
fn an_old_stamp_is_merged_by_carrying_the_clock_back() {
    for seed in 0..100 {
        let (_, _, _, execution, next) = retirement(seed);
        let complete = execution.stamps.last().unwrap();
        let new = next.carry_forward(complete).unwrap();
        for stamp in &execution.stamps {
            let mut expected = complete.clone();
            expected.merge(stamp).unwrap();
            let mut merged = next.carry_back(&new).unwrap();
            merged.merge(stamp).unwrap();
            let merged = next.carry_forward(&merged).unwrap();
            assert_eq!(
                merged,
                next.carry_forward(&expected).unwrap(),
                "seed {seed}"
            );
        }
    }
}

// super-productivity #8755: a stored clock was pruned, and a concurrent write then compared greater
// and was accepted, so that the stored one was lost.
#[test]
fn super_productivity_8755_a_stored_stamp_is_not_cut_down_to_look_older() {
    let roster = Roster::new(1, ["a", "b", "gone"]).unwrap();
    let clock = |counters: &[u64]| VectorClock::from_counters(counters).unwrap().with_epoch(1);
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"gone", 3).unwrap();
    stability.report(&"a", &clock(&[2, 0, 3])).unwrap();
    stability.report(&"b", &clock(&[0, 2, 3])).unwrap();
    let next = roster.retire(&"gone", &stability.cut()).unwrap();

    // Concurrent: one knows a's second event, the other the last of who is gone.
    let (stored, write) = (clock(&[1, 0, 3]), clock(&[2, 0, 1]));
    assert_eq!(stored.compare(&write), Ok(Causality::Concurrent));
    assert_eq!(
        order(&pruned(&write, 2), &pruned(&stored, 2)),
        Causality::After
    );
    let error = ClockError::MissingEvents { known: 1, last: 3 };
    assert_eq!(next.carry_forward(&write), Err(error));
    let back = next
        .carry_back(&next.carry_forward(&stored).unwrap())
        .unwrap();
    assert_eq!(back.compare(&write), Ok(Causality::Concurrent));
}

// akka #13226, #23318, #23339: a removed member came back with the gossip of a node that had not
// heard of the removal.
#[test]
fn akka_23318_a_removed_member_does_not_come_back_with_a_lagging_peer_s_gossip() {
    let roster = Roster::new(1, ["a", "gone", "lagging"]).unwrap();
    let (mut a, mut lagging) = (roster.clock(), roster.clock());
    let mut gone = roster.clock();
    let early = gone.send(1).unwrap().clone();
    let farewell = gone.send(1).unwrap().clone();
    lagging.receive(2, &early).unwrap();
    let in_flight = lagging.send(2).unwrap().clone();
    a.receive(0, &farewell).unwrap();

    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"gone", 2).unwrap();
    stability.report(&"a", &a).unwrap();
    stability.report(&"lagging", &in_flight).unwrap();
    let error = ClockError::MissingEvents { known: 1, last: 2 };
    assert_eq!(roster.retire(&"gone", &stability.cut()), Err(error.clone()));

    lagging.receive(2, &farewell).unwrap();
    stability.report(&"lagging", &lagging).unwrap();
    let next = roster.retire(&"gone", &stability.cut()).unwrap();
    let mut a = next.carry_forward(&a).unwrap();
    let before = a.clone();

    // The gossip of the old epoch, from before and after it had seen the farewell.
    for gossip in [&in_flight, &lagging] {
        assert_eq!(
            a.merge(gossip),
            Err(ClockError::EpochMismatch { own: 2, other: 1 })
        );
    }
    assert_eq!(next.carry_forward(&in_flight), Err(error));
    assert_eq!(a, before);
    a.merge(&next.carry_forward(&lagging).unwrap()).unwrap();
    assert_eq!((a.slots(), next.slot(&"gone")), (2, None));
    assert_eq!(a.get(next.slot(&"lagging").unwrap()), 3);
}

// riak_core #613, riak_kv #37: clocks were pruned by size, and two nodes with other limits made
// siblings of equal values for ever.
#[test]
fn riak_core_613_two_nodes_that_retired_agree_on_every_order() {
    let roster = Roster::new(1, 0..9_u32).unwrap();
    let mut clock = roster.clock();
    for slot in 0..9 {
        clock.tick(slot).unwrap();
    }
    let mut stability = Stability::new(roster.clone()).unwrap();
    for member in 0..8 {
        stability.report(&member, &clock).unwrap();
    }
    assert_eq!(
        roster.retire(&8, &stability.cut()),
        Err(ClockError::StillMember)
    );
    stability.leave(&8, 1).unwrap();
    let next = roster.retire(&8, &stability.cut()).unwrap();
    let handed_off = clock.clone();
    // However often a value is handed off, it is the same value.
    for _ in 0..100 {
        let mine = next.carry_forward(&clock).unwrap();
        let theirs = next.carry_forward(&handed_off).unwrap();
        assert_eq!(mine.compare(&theirs), Ok(Causality::Equal));
        clock = next.carry_back(&mine).unwrap();
    }
}

// super-productivity #9105, yjs #415: each installation took a new id, until clocks were full of ids
// that nobody used.
#[test]
fn super_productivity_9105_a_churn_of_ids_keeps_clocks_narrow() {
    let mut roster = Roster::new(0, ["server".to_string()]).unwrap();
    let mut server = roster.clock();
    let mut stability = Stability::new(roster.clone()).unwrap();
    for install in 0..500 {
        let name = format!("install {install}");
        roster = roster.admit(name.clone()).unwrap();
        server = roster.carry_forward(&server).unwrap();
        stability = stability.carry_forward(roster.clone()).unwrap();

        let (slot, own) = (
            roster.slot(&name).unwrap(),
            roster.slot(&"server".to_string()).unwrap(),
        );
        let mut client = server.clone();
        let write = client.send(slot).unwrap().clone();
        server.receive(own, &write).unwrap();

        stability.report(&"server".to_string(), &server).unwrap();
        stability.leave(&name, 1).unwrap();
        roster = roster.retire(&name, &stability.cut()).unwrap();
        server = roster.carry_forward(&server).unwrap();
        stability = stability.carry_forward(roster.clone()).unwrap();
        assert_eq!((server.slots(), roster.actors().len()), (1, 1));
    }
    assert_eq!((roster.epoch(), server.get(0)), (1000, 500));
}

#[test]
fn a_name_that_comes_back_is_another_actor() {
    let roster = Roster::new(1, ["a", "b"]).unwrap();
    let (mut a, mut b) = (roster.clock(), roster.clock());
    a.receive(0, b.send(1).unwrap()).unwrap();
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.report(&"a", &a).unwrap();
    stability.leave(&"b", 1).unwrap();
    let without = roster.retire(&"b", &stability.cut()).unwrap();
    let again = without.admit("b").unwrap();
    let mut new = again
        .carry_forward(&without.carry_forward(&a).unwrap())
        .unwrap();
    assert_eq!(new.get(1), 0, "it counts from the start");
    assert!(again.carry_back(&new).is_ok());
    new.tick(1).unwrap();
    let error = ClockError::UnknownSlot { slot: 1, slots: 1 };
    assert_eq!(
        again.carry_back(&new),
        Err(error),
        "its new first event is not its old one"
    );
}

#[test]
fn a_clock_of_another_epoch_is_carried_nowhere() {
    let first = Roster::new(5, ["a", "c"]).unwrap();
    let next = first.admit("b").unwrap();
    let mismatch = |own, other| Err(ClockError::EpochMismatch { own, other });
    assert_eq!(first.carry_forward(&first.clock()), mismatch(5, 5));
    assert_eq!(first.carry_back(&first.clock()), mismatch(5, 5));
    assert_eq!(next.carry_forward(&next.clock()), mismatch(5, 6));
    assert_eq!(next.carry_back(&first.clock()), mismatch(6, 5));
    let wide = VectorClock::from_counters(&[0, 0, 1]).unwrap();
    let error = ClockError::UnknownSlot { slot: 2, slots: 2 };
    assert_eq!(next.carry_forward(&wide.with_epoch(5)), Err(error));
    let wide = VectorClock::from_counters(&[0, 0, 0, 1]).unwrap();
    let error = ClockError::UnknownSlot { slot: 3, slots: 3 };
    assert_eq!(next.carry_back(&wide.with_epoch(6)), Err(error));
    let narrow = VectorClock::from_counters(&[7]).unwrap().with_epoch(5);
    assert_eq!(next.carry_forward(&narrow).unwrap().as_slice(), [7, 0, 0]);
}

#[test]
fn a_clock_beyond_the_last_event_of_who_left_is_refused() {
    let roster = Roster::new(1, ["a", "b"]).unwrap();
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"b", 0).unwrap();
    let next = roster.retire(&"b", &stability.cut()).unwrap();
    let liar = VectorClock::from_counters(&[0, 9]).unwrap().with_epoch(1);
    let error = ClockError::BeyondLast {
        counter: 9,
        last: 0,
    };
    assert_eq!(next.carry_forward(&liar), Err(error.clone()));
    let before = stability.clone();
    assert_eq!(stability.report(&"a", &liar), Err(error));
    assert_eq!(stability, before);
}

#[test]
fn retire_wants_the_cut_of_its_own_roster() {
    let roster = Roster::new(1, ["a", "b"]).unwrap();
    // What every member of another roster has seen says nothing of this one's, even where the
    // epoch, the width and a name are the same.
    let (epoch, names) = (
        ClockError::EpochMismatch { own: 1, other: 2 },
        ClockError::RosterMismatch,
    );
    for (other, actors, error) in [
        (2, &["a", "b"][..], epoch),
        (1, &["a", "b", "c"], names.clone()),
        (1, &["b"], names.clone()),
        (1, &["y", "z"], names.clone()),
        (1, &["b", "c"], names),
    ] {
        let other = Roster::new(other, actors.iter().copied()).unwrap();
        let mut stability = Stability::new(other).unwrap();
        let cut = stability.cut();
        assert_eq!(roster.retire(&"b", &cut), Err(error.clone()), "{actors:?}");
        // Whoever has left there has not left here.
        if let Some(last) = actors.last().filter(|_| actors.len() > 1) {
            stability.leave(last, 0).unwrap();
        }
        let cut = stability.cut();
        assert_eq!(roster.retire(&"b", &cut), Err(error), "{actors:?}");
    }
    let stability = Stability::new(roster.clone()).unwrap();
    let own = stability.cut();
    assert_eq!(own.roster(), &roster);
    assert_eq!(roster.retire(&"c", &own), Err(ClockError::UnknownActor));
    assert_eq!(roster.retire(&"a", &own), Err(ClockError::StillMember));
}

#[test]
fn a_cut_of_the_same_names_with_another_past_retires_nobody() {
    let before = Roster::new(1, ["a", "b", "c"]).unwrap();
    let retire = |last| {
        let mut stability = Stability::new(before.clone()).unwrap();
        stability.leave(&"c", last).unwrap();
        for member in ["a", "b"] {
            let clock = VectorClock::from_counters(&[0, 0, last]).unwrap();
            stability.report(&member, &clock.with_epoch(1)).unwrap();
        }
        before.retire(&"c", &stability.cut()).unwrap()
    };
    let (here, there) = (retire(3), retire(4));
    let mut stability = Stability::new(there).unwrap();
    stability.leave(&"b", 0).unwrap();
    let refused = here.retire(&"b", &stability.cut());
    assert_eq!(refused, Err(ClockError::RosterMismatch));
}

#[test]
fn the_greatest_epoch_has_no_successor() {
    let roster = Roster::new(u64::MAX, ["a", "b"]).unwrap();
    assert_eq!(roster.admit("c"), Err(ClockError::EpochExhausted));
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"b", 0).unwrap();
    assert_eq!(
        roster.retire(&"b", &stability.cut()),
        Err(ClockError::EpochExhausted)
    );
}

#[test]
fn a_roster_admits_nobody_twice_and_no_more_than_fit() {
    let roster = Roster::new(1, 0..VectorClock::SLOTS_MAX).unwrap();
    assert_eq!(
        roster.admit(7),
        Err(ClockError::DuplicateActor { index: 7 })
    );
    let (slots, slots_max) = (VectorClock::SLOTS_MAX + 1, VectorClock::SLOTS_MAX);
    let error = ClockError::TooManySlots { slots, slots_max };
    assert_eq!(roster.admit(usize::MAX), Err(error));
}

#[test]
fn the_cut_is_what_every_remaining_member_was_heard_to_know() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let width = 1 + below(&mut source, 4);
        let roster = Roster::new(seed, 0..width as u8).unwrap();
        let mut execution = Execution::new(&roster);
        let mut stability = Stability::new(roster.clone()).unwrap();
        let mut heard = vec![vec![roster.clock()]; width];
        for _ in 0..40 {
            let slot = below(&mut source, width);
            execution.step(slot, &mut source);
            // Any stamp of that member so far: late, repeated, or the latest.
            let own: Vec<_> = execution
                .stamps
                .iter()
                .filter(|s| s.get(slot) > 0)
                .collect();
            if let Some(&stamp) = source.choose(&own) {
                let news = !heard[slot].iter().any(|known| stamp <= known);
                let mut known = heard[slot].last().unwrap().clone();
                known.merge(stamp).unwrap();
                heard[slot].push(known);
                assert_eq!(stability.report(&(slot as u8), stamp), Ok(news));
            }
        }
        let cut = stability.cut();
        for slot in 0..width {
            for counter in 1..=40 {
                let dot = Dot::new(slot, counter).unwrap();
                let is_known = heard
                    .iter()
                    .all(|known| known.last().unwrap().contains(dot));
                assert_eq!(cut.contains(dot), is_known, "seed {seed}: {dot}");
            }
        }
    }
}

#[test]
fn a_silent_member_holds_the_cut_until_it_has_left() {
    let roster = Roster::new(1, ["a", "b", "silent"]).unwrap();
    let mut stability = Stability::new(roster.clone()).unwrap();
    let mut clock = roster.clock();
    clock.tick(0).unwrap();
    stability.report(&"a", &clock).unwrap();
    stability.report(&"b", &clock).unwrap();
    assert!(stability.cut().clock().is_empty());
    stability.leave(&"silent", 0).unwrap();
    assert_eq!(stability.cut().clock(), &clock);
    assert_eq!(stability.cut().last(2), Some(0));
}

#[test]
fn what_stability_cannot_use_is_refused_and_changes_nothing() {
    let roster = Roster::new(1, ["a", "b"]).unwrap();
    let mut stability = Stability::new(roster.clone()).unwrap();
    let mut clock = roster.clock();
    clock.tick(1).unwrap();
    stability.report(&"a", &clock).unwrap();
    let before = stability.clone();
    assert_eq!(
        stability.report(&"c", &clock),
        Err(ClockError::UnknownActor)
    );
    let old = clock.clone().with_epoch(0);
    let error = ClockError::EpochMismatch { own: 1, other: 0 };
    assert_eq!(stability.report(&"a", &old), Err(error));
    let wide = VectorClock::from_counters(&[9, 0, 1])
        .unwrap()
        .with_epoch(1);
    let error = ClockError::UnknownSlot { slot: 2, slots: 2 };
    assert_eq!(stability.report(&"a", &wide), Err(error));
    assert_eq!(stability.leave(&"c", 0), Err(ClockError::UnknownActor));
    let error = ClockError::BeyondLast {
        counter: 1,
        last: 0,
    };
    assert_eq!(
        stability.leave(&"b", 0),
        Err(error),
        "a knows an event of b"
    );
    assert_eq!(stability, before);
    stability.leave(&"b", 1).unwrap();
    assert_eq!(stability.leave(&"a", 0), Err(ClockError::LastMember));
    assert_eq!(
        stability.leave(&"b", 2),
        Err(ClockError::LeftAlready { last: 1 })
    );
}

#[test]
fn stability_follows_the_roster() {
    let roster = Roster::new(1, ["a", "b", "c", "d"]).unwrap();
    let clock = |counters: &[u64]| VectorClock::from_counters(counters).unwrap().with_epoch(1);
    let mut stability = Stability::new(roster.clone()).unwrap();
    stability.leave(&"b", 2).unwrap();
    stability.leave(&"d", 1).unwrap();
    stability.report(&"a", &clock(&[3, 2, 1, 0])).unwrap();
    stability.report(&"c", &clock(&[2, 2, 4, 1])).unwrap();
    stability.report(&"d", &clock(&[0, 1, 0, 1])).unwrap();
    let next = roster.retire(&"b", &stability.cut()).unwrap();
    let mut carried = stability.carry_forward(next.clone()).unwrap();
    assert_eq!(carried.cut().clock().as_slice(), [2, 1, 0]);
    assert_eq!(carried.cut().last(2), Some(1), "d has still left");
    let error = ClockError::MissingEvents { known: 0, last: 1 };
    assert_eq!(next.retire(&"d", &carried.cut()), Err(error));
    let new = VectorClock::from_counters(&[3, 4, 1])
        .unwrap()
        .with_epoch(2);
    carried.report(&"a", &new).unwrap();
    assert!(next.retire(&"d", &carried.cut()).is_ok());
    let error = ClockError::EpochMismatch { own: 2, other: 1 };
    assert_eq!(carried.carry_forward(next), Err(error));
}

#[test]
fn a_matrix_clock_knows_of_others_what_they_told_and_no_more() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let width = 1 + below(&mut source, 4);
        let roster = Roster::new(seed, 0..width as u8).unwrap();
        let matrix = |slot| MatrixClock::of(&roster, &slot).unwrap();
        let mut clocks: Vec<MatrixClock> = (0..width as u8).map(matrix).collect();
        // The model: for each actor, the vector clock of each actor at the last event of it that
        // the first has heard of.
        let mut history = vec![vec![roster.clock()]; width];
        let mut messages = Vec::new();
        for _ in 0..40 {
            let slot = below(&mut source, width);
            let clock = &mut clocks[slot];
            match source.choose(&messages).cloned() {
                Some(message) if bool::arbitrary(&mut source) => {
                    clock.receive(&message).unwrap();
                }
                _ => messages.push(clock.send().unwrap().clone()),
            }
            history[slot].push(clocks[slot].clock().clone());
            let clock = &clocks[slot];
            for (other, row) in clock.rows().enumerate() {
                let heard = usize::try_from(clock.clock().get(other)).unwrap();
                assert_eq!(
                    row, &history[other][heard],
                    "seed {seed}: row {other} of {slot}"
                );
            }
            let everybody = |dot| (0..width).all(|other| clock.knows(other, dot));
            for counter in 1..10 {
                let dot = Dot::new(slot, counter).unwrap();
                assert_eq!(clock.cut().contains(dot), everybody(dot));
            }
        }
    }
}

#[test]
fn a_matrix_clock_refuses_other_groups_and_changes_nothing() {
    let roster = Roster::new(1, ["a", "b"]).unwrap();
    let mut clock = MatrixClock::of(&roster, &"a").unwrap();
    clock.tick().unwrap();
    let before = clock.clone();
    let other = Roster::new(2, ["a", "b"]).unwrap();
    let error = ClockError::EpochMismatch { own: 1, other: 2 };
    let remote = MatrixClock::of(&other, &"b").unwrap();
    assert_eq!(clock.receive(&remote), Err(error.clone()));
    assert_eq!(clock.merge(&remote), Err(error));
    let other = Roster::new(1, ["a", "b", "c"]).unwrap();
    let error = ClockError::WidthMismatch { own: 2, other: 3 };
    let remote = MatrixClock::of(&other, &"b").unwrap();
    assert_eq!(clock.receive(&remote), Err(error.clone()));
    let mut stability = Stability::new(roster).unwrap();
    assert_eq!(stability.report_matrix(&remote), Err(error));
    assert_eq!(clock, before);
    let other = Roster::new(2, ["a", "b", "c"]).unwrap();
    let error = ClockError::EpochMismatch { own: 1, other: 2 };
    let remote = MatrixClock::of(&other, &"b").unwrap();
    assert_eq!(clock.merge(&remote), Err(error));
    assert_eq!(clock, before);
    let wide = Roster::new(1, 0..=MatrixClock::SLOTS_MAX).unwrap();
    assert!(matches!(
        MatrixClock::of(&wide, &0),
        Err(ClockError::TooManySlots { .. })
    ));
}

#[test]
fn a_matrix_clock_with_one_row_too_far_is_not_heard_at_all() {
    let roster = Roster::new(1, ["a", "b", "c"]).unwrap();
    let mut clocks = ["a", "b", "c"].map(|actor| MatrixClock::of(&roster, &actor).unwrap());
    let [a, b, c] = &mut clocks;
    b.receive(a.send().unwrap()).unwrap();
    b.receive(c.send().unwrap()).unwrap();
    let mut stability = Stability::new(roster).unwrap();
    stability.leave(&"c", 0).unwrap();
    let before = stability.clone();
    let error = ClockError::BeyondLast {
        counter: 1,
        last: 0,
    };
    assert_eq!(stability.report_matrix(b), Err(error));
    assert_eq!(
        stability, before,
        "nor is the row of a, which says nothing of c"
    );
}

#[test]
fn a_matrix_clock_that_cannot_count_a_receipt_learns_nothing_from_it() {
    let mut bytes = vec![1, 1, 2, 0];
    clocks::wire::write_u64(u64::MAX, &mut bytes);
    // The other's row lags by all of it.
    bytes.push(0);
    clocks::wire::write_u64(u64::MAX, &mut bytes);
    let mut full = MatrixClock::from_bytes(&bytes).unwrap();
    let mut other = MatrixClock::of(&Roster::new(1, ["a", "b"]).unwrap(), &"a").unwrap();
    other.tick().unwrap();
    let before = full.clone();
    assert_eq!(full.receive(&other), Err(ClockError::CounterExhausted));
    assert_eq!(full, before);
    // The peer, who knows of the last number, can still count its own.
    assert!(other.receive(&full).is_ok());
}

#[test]
fn a_matrix_clock_that_would_learn_its_own_last_number_learns_nothing() {
    // Slot 1 of 2 in epoch 1, which claims the last event of slot 0 and none of its own; the other's
    // row does not lag.
    let mut bytes = vec![1, 1, 2];
    clocks::wire::write_u64(u64::MAX, &mut bytes);
    bytes.extend([0, 0, 0]);
    let remote = MatrixClock::from_bytes(&bytes).unwrap();
    assert_eq!(remote.clock().as_slice(), [u64::MAX, 0]);
    let mut clock = MatrixClock::of(&Roster::new(1, ["a", "b"]).unwrap(), &"a").unwrap();
    clock.tick().unwrap();
    let before = clock.clone();
    assert_eq!(clock.receive(&remote), Err(ClockError::CounterExhausted));
    assert_eq!(clock, before);
    assert!(clock.tick().is_ok(), "its own next number is still there");
}
