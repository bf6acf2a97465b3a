//! Dense clocks of any two widths: what the fast paths answer is what the definition says.

use clocks::wire::Wire;
use clocks::{Causality, ClockError, Defect, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// Any width up to 150, so that blocks, rests and cache lines all occur.
fn clock(g: &mut Gen) -> VectorClock {
    let slots = usize::arbitrary(g) % 150;
    let counters: Vec<u64> = (0..slots)
        .map(|_| *g.choose(&[0, 0, 1, 2, 1 << 63, u64::MAX]).unwrap())
        .collect();
    VectorClock::from_counters(&counters).unwrap()
}

/// The definition of a join, with the width of the wider clock.
fn join(left: &VectorClock, right: &VectorClock) -> Vec<u64> {
    (0..left.slots().max(right.slots()))
        .map(|slot| left.get(slot).max(right.get(slot)))
        .collect()
}

fn compare(left: &VectorClock, right: &VectorClock) -> Causality {
    let slots = 0..left.slots().max(right.slots());
    let left_less = slots.clone().any(|slot| left.get(slot) < right.get(slot));
    let right_less = slots.clone().any(|slot| right.get(slot) < left.get(slot));
    match (left_less, right_less) {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}

#[test]
fn every_answer_is_the_definition_at_every_two_widths() {
    for seed in 0..3_000 {
        let mut g = Gen::from_size_and_seed(20, seed);
        let (left, mut right, mut out) = (clock(&mut g), clock(&mut g), clock(&mut g));
        if seed % 3 == 0 {
            // Equal widths, and clocks that are ordered.
            right = VectorClock::from_counters(&join(&left, &left)).unwrap();
            if right.slots() > 0 {
                let _ = right.tick(seed as usize % right.slots());
            }
        }
        assert_eq!(
            left.compare(&right),
            Ok(compare(&left, &right)),
            "{left} {right}"
        );
        assert_eq!(right.compare(&left), Ok(compare(&right, &left)));
        let expected = join(&left, &right);
        let (left, right) = (left.with_epoch(3), right.with_epoch(3));
        out.join_into(&left, &right).unwrap();
        assert_eq!((out.as_slice(), out.epoch()), (&expected[..], 3));
        let mut merged = left.clone();
        match merged.merge(&right) {
            Ok(has_changed) => {
                assert_eq!(merged.as_slice(), &expected[..left.slots()]);
                assert_eq!(has_changed, merged.as_slice() != left.as_slice());
                assert!(expected[left.slots()..].iter().all(|&counter| counter == 0));
            }
            Err(error) => {
                let slot = (left.slots()..right.slots()).find(|&slot| right.get(slot) > 0);
                let (slot, slots) = (slot.unwrap(), left.slots());
                assert_eq!(error, ClockError::UnknownSlot { slot, slots });
                assert_eq!(merged.as_slice(), left.as_slice());
            }
        }
    }
}

/// A clock of up to six slots, so that slots without news and ones without a gap are common.
fn narrow(g: &mut Gen) -> VectorClock {
    let slots = usize::arbitrary(g) % 7;
    let counters: Vec<u64> = (0..slots)
        .map(|_| *g.choose(&[0, 1, 1, 2, u64::MAX]).unwrap())
        .collect();
    VectorClock::from_counters(&counters).unwrap()
}

#[test]
fn what_differs_applied_is_the_merge_at_every_two_widths() {
    for seed in 0..3_000 {
        let mut g = Gen::from_size_and_seed(20, seed);
        let (source, base) = if seed % 2 == 0 {
            (clock(&mut g), clock(&mut g))
        } else {
            (narrow(&mut g), narrow(&mut g))
        };
        let delta = source.diff(&base).unwrap();
        let (mut merged, mut applied) = (base.clone(), base.clone());
        assert_eq!(
            applied.apply(&delta),
            merged.merge(&source),
            "{source} {base}"
        );
        assert_eq!(applied.as_slice(), merged.as_slice(), "{source} {base}");
    }
}

#[test]
fn a_delta_is_refused_exactly_where_an_event_before_a_span_is_missing() {
    let (mut applied_count, mut gap_count, mut unknown_count) = (0, 0, 0);
    for seed in 0..3_000 {
        let mut g = Gen::from_size_and_seed(20, seed);
        let (source, base, mut peer) = (narrow(&mut g), narrow(&mut g), narrow(&mut g));
        let before = peer.clone();
        let slots = peer.slots();
        let mut news = (0..source.slots()).filter(|&slot| source.get(slot) > base.get(slot));
        let refused = news.clone().find_map(|slot| {
            let (after, known) = (base.get(slot), before.get(slot));
            if slot >= slots {
                Some(ClockError::UnknownSlot { slot, slots })
            } else {
                (after > known).then_some(ClockError::DeltaGap { after, known })
            }
        });
        let result = peer.apply(&source.diff(&base).unwrap());
        match refused {
            None => {
                applied_count += 1;
                let is_news = |slot: usize| source.get(slot) > base.get(slot);
                for (slot, counter) in &peer {
                    let learned = if is_news(slot) { source.get(slot) } else { 0 };
                    assert_eq!(counter, before.get(slot).max(learned), "{source} {base}");
                }
                assert_eq!(
                    result,
                    Ok(news.any(|slot| source.get(slot) > before.get(slot)))
                );
            }
            Some(error) => {
                let is_gap = matches!(error, ClockError::DeltaGap { .. });
                gap_count += usize::from(is_gap);
                unknown_count += usize::from(!is_gap);
                assert_eq!(result, Err(error), "{source} {base} {before}");
                assert_eq!(peer.as_slice(), before.as_slice());
            }
        }
    }
    let counts = [applied_count, gap_count, unknown_count];
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}

#[test]
fn a_refused_join_leaves_the_target_as_it_was() {
    let left = VectorClock::from_counters(&[3, 1]).unwrap();
    let right = VectorClock::from_counters(&[2, 5]).unwrap().with_epoch(1);
    let mut out = VectorClock::from_counters(&[7, 7]).unwrap();
    let mismatch = ClockError::EpochMismatch { own: 0, other: 1 };
    assert_eq!(out.join_into(&left, &right), Err(mismatch));
    assert_eq!((out.as_slice(), out.epoch()), (&[7, 7][..], 0));
}

#[test]
fn the_compact_form_keeps_epoch_width_and_every_counter() {
    for seed in 0..500 {
        let mut g = Gen::from_size_and_seed(20, seed);
        let clock = clock(&mut g).with_epoch(*g.choose(&[0, 1, u64::MAX]).unwrap());
        let bytes = clock.to_bytes();
        let decoded = VectorClock::from_bytes(&bytes).unwrap();
        assert_eq!(decoded.as_slice(), clock.as_slice());
        assert_eq!(decoded.epoch(), clock.epoch());
        for length in 0..bytes.len() {
            assert!(
                VectorClock::from_bytes(&bytes[..length]).is_err(),
                "{length} bytes"
            );
        }
    }
}

#[test]
fn a_compact_form_that_is_not_canonical_is_refused() {
    let malformed = |offset, defect| Err(ClockError::Malformed { offset, defect });
    for (bytes, expected) in [
        (&[0, 1][..], malformed(1, Defect::TooMany)),
        (&[0, 1, 0x80, 0], malformed(3, Defect::Overlong)),
        (&[0x80, 0, 0], malformed(1, Defect::Overlong)),
        (&[0, 1, 7, 7], malformed(3, Defect::Surplus)),
        (&[0, 1, 0x80], malformed(3, Defect::Ended)),
    ] {
        assert_eq!(VectorClock::from_bytes(bytes), expected, "{bytes:?}");
    }
    let slots = VectorClock::SLOTS_MAX + 1;
    let mut wide = vec![0, 0x81, 0x80, 4];
    wide.resize(wide.len() + slots, 1);
    assert_eq!(
        VectorClock::from_bytes(&wide),
        malformed(3, Defect::TooMany)
    );
    wide[1] = 0x80;
    wide.pop();
    assert_eq!(
        VectorClock::from_bytes(&wide).unwrap().slots(),
        VectorClock::SLOTS_MAX
    );
}

// The reader takes 1, 2 and 3 bytes by a shorter way than the rest: both refuse and read alike.
#[test]
fn every_short_number_is_read_as_it_was_written_and_refused_if_overlong_or_cut() {
    use clocks::wire::{Reader, write_u64};
    let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for number in edges.chain(0..40_000).chain([u64::MAX]) {
        let mut bytes = Vec::new();
        write_u64(number, &mut bytes);
        for surplus in [0, 4] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + surplus, 0xff);
            let mut input = Reader::new(&longer);
            assert_eq!((input.u64(), input.left()), (Ok(number), surplus));
        }
        let (last, front) = bytes.split_last().unwrap();
        let cut = Reader::new(front).u64();
        let offset = front.len();
        let ended = ClockError::Malformed {
            offset,
            defect: Defect::Ended,
        };
        assert_eq!(cut, Err(ended), "{number}");
        let mut overlong = front.to_vec();
        overlong.extend([last | 0x80, 0, 0, 0]);
        let offset = front.len() + 1;
        let defect = if offset == 10 {
            Defect::TooLarge
        } else {
            Defect::Overlong
        };
        let read = Reader::new(&overlong).u64();
        assert!(
            matches!(read, Err(ClockError::Malformed { defect: found, .. }) if found == defect),
            "{number}: {read:?}"
        );
    }
}

#[test]
fn counters_are_written_alike_whether_all_fit_a_byte_or_not() {
    use clocks::wire::write_u64;
    for greatest in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX] {
        for slots in [1, 8, 40] {
            let mut counters = vec![0x7f; slots];
            counters[slots / 2] = greatest;
            let mut bytes = vec![0, slots as u8];
            for &counter in &counters {
                write_u64(counter, &mut bytes);
            }
            let clock = VectorClock::from_counters(&counters).unwrap();
            assert_eq!(clock.to_bytes(), bytes);
            assert_eq!(VectorClock::from_bytes(&bytes), Ok(clock));
        }
    }
}
