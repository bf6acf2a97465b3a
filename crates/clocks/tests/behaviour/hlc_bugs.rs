//! Mistakes that other hybrid clocks have shipped, each with its source. This one makes none.

use clocks::{ClockError, DriftPolicy, Hlc, HlcStamp};

const POLICY: DriftPolicy = DriftPolicy::Reject { ahead_max_ms: 500 };
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;
const NOW_MS: u64 = 1_700_000_000_000;

fn stamp(physical_ms: u64, logical: u16) -> HlcStamp {
    HlcStamp::new(physical_ms, logical).unwrap()
}

/// A clock whose last stamp is `last`, at a wall clock that stands in the same millisecond.
fn clock_at(last: HlcStamp) -> Hlc {
    let mut clock = Hlc::restore(POLICY, last, last.physical_ms(), 0).unwrap();
    clock.reserve_until(HlcStamp::MAX).unwrap();
    clock
}

// calimero core #2635: at equal times the count stayed where it was, so the receipt was not above.
#[test]
fn a_receipt_in_the_same_millisecond_is_above_both_counts() {
    for (own, remote) in [(3, 3), (3, 7), (7, 3)] {
        let received = clock_at(stamp(NOW_MS, own)).receive(NOW_MS, stamp(NOW_MS, remote));
        assert_eq!(received, Ok(stamp(NOW_MS, 8.min(own.max(remote) + 1))));
    }
}

// calimero core #2662: at a greater remote time the count was set to 0, below the message's.
#[test]
fn a_receipt_from_a_later_millisecond_continues_the_count_of_the_message() {
    let received = clock_at(stamp(NOW_MS, 3)).receive(NOW_MS, stamp(NOW_MS + 9, 7));
    assert_eq!(received, Ok(stamp(NOW_MS + 9, 8)));
}

/// Eight hours, by which the wall clocks below were fast before they were repaired.
const FAST_MS: u64 = 8 * 3_600 * 1_000;

// cockroach #74909: a clock that had been 8 h fast left the cluster stuck after it was repaired.
#[test]
fn peers_that_ran_ahead_in_one_millisecond_go_on_after_their_wall_clocks_are_repaired() {
    let (mut a, mut b) = (Hlc::new(POLICY), Hlc::new(POLICY));
    let sent = a.send(NOW_MS + FAST_MS).unwrap();
    let mut last = b.receive(NOW_MS + FAST_MS, sent).unwrap();
    for round in 0..1_000 {
        let now_ms = NOW_MS + round * 1_000;
        for (from, to) in [(0, 1), (1, 0)] {
            let pair = [&mut a, &mut b];
            let sent = pair[from].send(now_ms).unwrap();
            let received = pair[to].receive(now_ms, sent).unwrap();
            assert!(sent < received && last < received, "round {round}");
            last = received;
        }
        // They do not run away: the lead falls as time goes by.
        assert_eq!(a.ahead_ms(now_ms), FAST_MS - round * 1_000);
    }
}

// cockroach #74909, the part that no rule mends: clocks that lead by different times.
#[test]
fn a_peer_whose_stamp_is_above_is_refused_until_now_catches_up_or_the_operator_decides() {
    let fast_ms = NOW_MS + FAST_MS;
    let (mut a, mut b) = (clock_at(stamp(fast_ms, 7)), clock_at(stamp(fast_ms + 9, 7)));
    // Each can issue, and is told by how much it leads.
    let sent = a.send(NOW_MS).unwrap();
    assert_eq!(a.ahead_ms(NOW_MS), FAST_MS);
    // What cannot move the receiver is understood, however far ahead of its wall clock.
    assert!(b.receive(NOW_MS, sent).unwrap() > sent);
    // What would move it is refused, until `now` and the bound are as far.
    let above = b.send(NOW_MS).unwrap();
    let refused = ClockError::TooFarAhead {
        ahead_ms: FAST_MS + 9,
        ahead_max_ms: 500,
    };
    assert_eq!(a.receive(NOW_MS, above), Err(refused.clone()));
    assert!(a.clone().receive(fast_ms + 9 - 501, above).is_err());
    assert!(a.clone().receive(fast_ms + 9 - 500, above).unwrap() > above);
    // The operator's first way out: to give up the order against these messages.
    let mut clamped = a.clone();
    clamped.set_policy(DriftPolicy::Clamp { ahead_max_ms: 500 });
    let received = clamped.receive(NOW_MS, above).unwrap();
    assert!(a.last() < received && received < above);
    // The second: a greater bound for as long as they lead.
    a.set_policy(DriftPolicy::Reject {
        ahead_max_ms: b.ahead_ms(NOW_MS),
    });
    let received = a.receive(NOW_MS, above).unwrap();
    assert!(received > above);
    a.set_policy(POLICY);
    // Now they are in the same millisecond, and go on under the bound of before.
    let sent = a.send(NOW_MS).unwrap();
    assert!(b.receive(NOW_MS, sent).unwrap() > sent);
}

// yugabyte #10628: a persisted time from too far ahead was taken over, and could not be undone.
#[test]
fn a_persisted_time_from_too_far_ahead_is_refused_when_restored() {
    let persisted = stamp(NOW_MS + YEAR_MS, 0);
    let refused = ClockError::TooFarAhead {
        ahead_ms: YEAR_MS,
        ahead_max_ms: 60_000,
    };
    for policy in [
        POLICY,
        DriftPolicy::Clamp { ahead_max_ms: 500 },
        DriftPolicy::Off,
    ] {
        let restored = Hlc::restore(policy, persisted, NOW_MS, 60_000);
        assert_eq!(restored, Err(refused.clone()), "{policy:?}");
    }
    let mut accepted = Hlc::restore(POLICY, persisted, NOW_MS, u64::MAX).unwrap();
    accepted.reserve_until(HlcStamp::MAX).unwrap();
    assert!(accepted.tick(NOW_MS).unwrap() > persisted);
}

// zenoh-plugin-ros2dds #40: a robot that had been offline, with its wall clock behind, was refused.
#[test]
fn stamps_from_long_ago_are_accepted() {
    let mut clock = clock_at(stamp(NOW_MS, 0));
    for old_ms in [0, 1, NOW_MS - YEAR_MS, NOW_MS - 501] {
        let before = clock.last();
        let received = clock.receive(NOW_MS, stamp(old_ms, 9)).unwrap();
        assert_eq!(received.as_u64(), before.as_u64() + 1);
    }
}

// elixir hlclock #22, first part: abs() in the check refused old stamps as if they were ahead.
#[test]
fn a_stamp_far_behind_is_not_taken_for_one_far_ahead() {
    let mut clock = Hlc::new(DriftPolicy::Reject { ahead_max_ms: 0 });
    assert!(clock.receive(NOW_MS, stamp(NOW_MS - 10_000, 0)).is_ok());
    assert!(clock.receive(NOW_MS, stamp(NOW_MS + 10_000, 0)).is_err());
}

// elixir hlclock #22, second part: the check on sending failed after the machine had slept.
#[test]
fn sending_is_never_refused_for_drift() {
    let mut clock = clock_at(stamp(NOW_MS, 0));
    // It wakes up far ahead of its last stamp, and later its wall clock is set back by a year.
    assert!(clock.send(NOW_MS + YEAR_MS).is_ok());
    let sent = clock.send(NOW_MS).unwrap();
    assert_eq!(sent, stamp(NOW_MS + YEAR_MS, 1));
    assert_eq!(clock.tick(0), Ok(stamp(NOW_MS + YEAR_MS, 2)));
}

// evolu #709: one bound served as tolerance for peers, for the own clock, and for stored stamps.
#[test]
fn the_bound_for_peers_does_not_bind_the_own_clock_nor_what_is_restored() {
    let persisted = stamp(NOW_MS + 10_000, 0);
    let mut clock = Hlc::restore(POLICY, persisted, NOW_MS, 20_000).unwrap();
    clock.reserve_until(HlcStamp::MAX).unwrap();
    assert!(clock.tick(NOW_MS).unwrap() > persisted, "it may lead");
    assert_eq!(clock.ahead_ms(NOW_MS), 10_000, "and says so");
    let peer = stamp(NOW_MS + 10_001, 0);
    assert!(
        clock.receive(NOW_MS, peer).is_err(),
        "a peer may not push it"
    );
}

// actualpy #196: the count overflowed after 65,536 stamps in one millisecond.
#[test]
fn the_count_carries_into_the_milliseconds() {
    let mut clock = clock_at(stamp(NOW_MS, 0xffff));
    assert_eq!(clock.tick(NOW_MS), Ok(stamp(NOW_MS + 1, 0)));
    let received = clock.receive(NOW_MS, stamp(NOW_MS + 1, 0xffff));
    assert_eq!(received, Ok(stamp(NOW_MS + 2, 0)));
}

// hlc-gen 2.0.0: a drift bound of 0, also its default, meant that nothing was checked.
#[test]
fn a_bound_of_0_refuses_a_stamp_from_a_year_ahead() {
    let mut clock = Hlc::new(DriftPolicy::Reject { ahead_max_ms: 0 });
    let refused = ClockError::TooFarAhead {
        ahead_ms: YEAR_MS,
        ahead_max_ms: 0,
    };
    let received = clock.receive(NOW_MS, stamp(NOW_MS + YEAR_MS, 0));
    assert_eq!(received, Err(refused));
    assert_eq!(clock.last(), HlcStamp::MIN);
}

// What uhlc 0.9.0 does right: a hostile peer moves the clock once, and then not before time does.
#[test]
fn a_peer_at_the_bound_moves_the_clock_once() {
    let mut clock = clock_at(stamp(NOW_MS, 0));
    let mut accepted = 0;
    for _ in 0..1_000 {
        let greedy = clock.last().physical_ms() + 499;
        accepted += usize::from(clock.receive(NOW_MS, stamp(greedy, 0)).is_ok());
    }
    assert_eq!(accepted, 1);
    assert_eq!(clock.ahead_ms(NOW_MS), 499);
    // To the very edge, carry included, and no further.
    let edge = stamp(NOW_MS + 500, 0xfffe);
    assert!(clock.receive(NOW_MS, edge).is_ok());
    assert!(
        clock_at(stamp(NOW_MS, 0))
            .receive(NOW_MS, stamp(NOW_MS + 500, 0xffff))
            .is_err()
    );
    assert_eq!(clock.ahead_ms(NOW_MS), 500);
}

// MongoDB SERVER-29396: with a bound of 0 the count broke whenever a new second began.
#[test]
fn a_bound_of_0_holds_across_the_turn_of_the_millisecond() {
    let policy = DriftPolicy::Reject { ahead_max_ms: 0 };
    let (mut a, mut b) = (Hlc::new(policy), Hlc::new(policy));
    let mut last = HlcStamp::MIN;
    for step in 0..1_000 {
        // `b` reads the same wall clock as `a`, which turns every third step.
        let now_ms = NOW_MS + step / 3;
        let sent = a.send(now_ms).unwrap();
        let received = b.receive(now_ms, sent).unwrap();
        assert!(last < sent && sent < received, "step {step}");
        last = a.receive(now_ms, received).unwrap();
    }
}

// restate-clock (restate #4109): the count overflows unchecked, by design.
#[test]
fn the_count_after_the_last_millisecond_is_an_error() {
    let last_ms = HlcStamp::PHYSICAL_MS_MAX;
    let mut clock = clock_at(stamp(last_ms, 0xffff));
    assert_eq!(clock.tick(last_ms), Err(ClockError::TimeExhausted));
    let received = clock.receive(last_ms, stamp(last_ms, 0xffff));
    assert_eq!(received, Err(ClockError::TimeExhausted));
    assert_eq!(clock.last(), HlcStamp::MAX);
}

// nodedb #264: the rule for receipt existed, and nothing called it. Here the receipt's stamp is
// `#[must_use]`; the doctest of `Hlc::receive` shows that dropping it does not compile. What is left
// to show is that a receipt cannot be skipped without the order noticing.
#[test]
fn a_send_without_the_receipt_before_it_is_not_above_the_message() {
    let remote = stamp(NOW_MS + 100, 0);
    let mut forgetful = clock_at(stamp(NOW_MS, 0));
    assert!(forgetful.send(NOW_MS).unwrap() < remote);
    let mut correct = clock_at(stamp(NOW_MS, 0));
    let received = correct.receive(NOW_MS, remote).unwrap();
    assert!(received > remote && correct.send(NOW_MS).unwrap() > received);
}
