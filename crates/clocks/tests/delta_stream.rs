//! Deltas over links that lose, repeat and reorder: what can be read is exactly what was sent.

use std::collections::BTreeMap;

use clocks::wire::{DeltaReceiver, DeltaSender, Wire};
use clocks::{ClockError, Defect, VectorClock};
use quickcheck::{Arbitrary, Gen};

const STREAM: u64 = 1;

fn below(g: &mut Gen, end: u64) -> u64 {
    u64::arbitrary(g) % end
}

fn clock(counters: &[u64]) -> VectorClock {
    VectorClock::from_counters(counters).unwrap()
}

fn frame(sender: &mut DeltaSender, stamp: &VectorClock) -> Vec<u8> {
    let mut out = Vec::new();
    sender.encode(stamp, &mut out).unwrap();
    out
}

/// Whether the frame builds on another: its third number is not 0.
fn is_delta(frame: &[u8]) -> bool {
    let mut input = clocks::wire::Reader::new(frame);
    let [_stream, _number, distance] = [(); 3].map(|()| input.u64().unwrap());
    distance != 0
}

/// A clock as it grows: some slots count a few events, now and then the epoch or the width changes.
fn grow(g: &mut Gen, clock: &mut VectorClock) {
    if below(g, 60) == 0 {
        let slots = below(g, 9) as usize;
        let counters: Vec<u64> = (0..slots).map(|_| below(g, 300)).collect();
        *clock = VectorClock::from_counters(&counters)
            .unwrap()
            .with_epoch(clock.epoch() + below(g, 2));
        return;
    }
    for _ in 0..below(g, 4) {
        let slot = below(g, clock.slots() as u64 + 1) as usize;
        if slot < clock.slots() {
            for _ in 0..=below(g, 3) {
                clock.tick(slot).unwrap();
            }
        }
    }
}

/// Takes some message out of the link: any of them, which stays there for a second time now and then.
fn take<T: Clone>(g: &mut Gen, link: &mut Vec<T>) -> Option<T> {
    let place = below(g, link.len().max(1) as u64) as usize;
    let message = link.get(place)?.clone();
    if below(g, 4) > 0 {
        link.remove(place);
    }
    Some(message)
}

/// What one run showed.
#[derive(Default)]
struct Seen {
    read: u32,
    read_deltas: u32,
    refused: u32,
}

/// Frames and acknowledgements over two links that lose, repeat and reorder.
fn run(seed: u64, window_frames: u8, seen: &mut Seen) {
    let mut g = Gen::from_size_and_seed(30, seed);
    let mut sender = DeltaSender::new(STREAM, window_frames);
    let mut receiver = DeltaReceiver::new(STREAM, window_frames, 64);
    let mut stamp = clock(&[0; 6]);
    let mut stamps = BTreeMap::new();
    let (mut frames, mut acknowledgements) = (Vec::new(), Vec::new());
    let mut newest = 0;
    for _ in 0..400 {
        grow(&mut g, &mut stamp);
        let bytes = frame(&mut sender, &stamp);
        stamps.insert(sender.last(), stamp.clone());
        if below(&mut g, 4) > 0 {
            frames.push((sender.last(), bytes));
        }
        for _ in 0..below(&mut g, 3) {
            let Some((number, bytes)) = take(&mut g, &mut frames) else {
                break;
            };
            let held = receiver.acknowledgement();
            match receiver.decode(&bytes) {
                Ok(read) => {
                    assert_eq!(
                        read.as_slice(),
                        stamps[&number].as_slice(),
                        "frame {number}"
                    );
                    assert_eq!(read.epoch(), stamps[&number].epoch());
                    newest = number.max(newest);
                    seen.read += 1;
                    seen.read_deltas += u32::from(is_delta(&bytes));
                }
                Err(ClockError::MissingBase { frame, .. }) => {
                    assert_eq!(frame, number);
                    assert!(number < newest, "a frame newer than all can be read");
                    assert_eq!(receiver.acknowledgement(), held);
                    seen.refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(receiver.acknowledgement(), newest);
        }
        if below(&mut g, 3) > 0 {
            acknowledgements.push(receiver.acknowledgement());
        }
        if let Some(number) = take(&mut g, &mut acknowledgements) {
            sender.acknowledge(number).unwrap();
        }
    }
    // The links are good again: one acknowledgement later, frames are deltas.
    for round in 0..3 {
        stamp.merge(&stamp.clone()).unwrap();
        let bytes = frame(&mut sender, &stamp);
        assert!(round == 0 || is_delta(&bytes) || window_frames == 0);
        assert_eq!(receiver.decode(&bytes).unwrap(), stamp);
        sender.acknowledge(receiver.acknowledgement()).unwrap();
    }
}

#[test]
fn what_can_be_read_is_what_was_sent_whatever_the_links_do() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        for window_frames in [0, 1, 4, 32, 255] {
            run(seed, window_frames, &mut seen);
        }
    }
    assert!(
        seen.read > 10_000 && seen.read_deltas > 5_000,
        "{}",
        seen.read_deltas
    );
    assert!(seen.refused > 100, "some came too late: {}", seen.refused);
}

#[test]
fn a_frame_of_64_slots_has_at_most_17_bytes_if_4_changed_and_200_if_full() {
    let counters: Vec<u64> = (0..64).map(|slot| (1 << 20) - 1 - slot * 7).collect();
    let mut stamp = clock(&counters);
    assert!(stamp.to_bytes().len() <= 200, "{}", stamp.to_bytes().len());
    let mut sender = DeltaSender::new(STREAM, 32);
    let mut receiver = DeltaReceiver::new(STREAM, 32, 64);
    let mut lengths = Vec::new();
    for round in 0..20_000_usize {
        for slot in 0..4 {
            stamp.tick((round * 31 + slot * 17) % 64).unwrap();
        }
        let bytes = frame(&mut sender, &stamp);
        lengths.push(bytes.len());
        assert_eq!(receiver.decode(&bytes).unwrap(), stamp);
        sender.acknowledge(receiver.acknowledgement()).unwrap();
    }
    assert!(lengths[0] <= 200, "{}", lengths[0]);
    assert_eq!(lengths[1..].iter().max(), Some(&14));
}

#[test]
fn frames_are_full_once_the_acknowledgements_are_lost_and_deltas_again_after_one() {
    let (mut sender, mut receiver) = (
        DeltaSender::new(STREAM, 3),
        DeltaReceiver::new(STREAM, 3, 8),
    );
    let mut stamp = clock(&[1, 1]);
    receiver.decode(&frame(&mut sender, &stamp)).unwrap();
    sender.acknowledge(1).unwrap();
    for number in 2..20 {
        stamp.tick(0).unwrap();
        let bytes = frame(&mut sender, &stamp);
        assert_eq!(is_delta(&bytes), number <= 4, "frame {number}");
        assert_eq!(receiver.decode(&bytes).unwrap(), stamp);
    }
    assert_eq!(sender.base(), None);
    assert_eq!(sender.acknowledge(2), Ok(false), "too old to build on");
    assert_eq!(sender.acknowledge(19), Ok(true));
    assert_eq!(sender.acknowledge(19), Ok(false), "twice");
    assert_eq!(sender.base(), Some(19));
    assert!(is_delta(&frame(&mut sender, &stamp)));
}

#[test]
fn only_what_was_sent_can_be_acknowledged() {
    let mut sender = DeltaSender::new(STREAM, 3);
    let unknown = |frame, last| Err(ClockError::UnknownFrame { frame, last });
    assert_eq!(sender.acknowledge(0), Ok(false));
    assert_eq!(sender.acknowledge(1), unknown(1, 0));
    frame(&mut sender, &clock(&[1]));
    assert_eq!(sender.acknowledge(2), unknown(2, 1));
    assert_eq!(sender.base(), None);
    assert_eq!(sender.acknowledge(1), Ok(true));
}

#[test]
fn a_stamp_that_is_not_above_the_base_is_full() {
    let (mut sender, mut receiver) = (
        DeltaSender::new(STREAM, 9),
        DeltaReceiver::new(STREAM, 9, 8),
    );
    let stamps = [
        (clock(&[5, 5]), false),
        (clock(&[5, 5]), true),
        (clock(&[5, 4]), false),
        (clock(&[6, 4]).with_epoch(1), false),
        (clock(&[6, 4, 0]).with_epoch(1), false),
        (clock(&[6, 4]).with_epoch(1), false),
        (clock(&[u64::MAX, 4]).with_epoch(1), true),
    ];
    for (stamp, expected) in stamps {
        let bytes = frame(&mut sender, &stamp);
        assert_eq!(is_delta(&bytes), expected, "{stamp:?}");
        let read = receiver.decode(&bytes).unwrap();
        assert_eq!(
            (read.as_slice(), read.epoch()),
            (stamp.as_slice(), stamp.epoch())
        );
        sender.acknowledge(receiver.acknowledgement()).unwrap();
    }
}

#[test]
fn a_receiver_that_lost_its_state_gets_full_frames_by_acknowledging_nothing() {
    let mut sender = DeltaSender::new(STREAM, 9);
    let mut receiver = DeltaReceiver::new(STREAM, 9, 8);
    let mut stamp = clock(&[1, 1]);
    receiver.decode(&frame(&mut sender, &stamp)).unwrap();
    sender.acknowledge(receiver.acknowledgement()).unwrap();
    receiver = DeltaReceiver::new(STREAM, 9, 8);
    stamp.tick(1).unwrap();
    assert_eq!(
        receiver.decode(&frame(&mut sender, &stamp)),
        Err(ClockError::MissingBase { frame: 2, base: 1 })
    );
    assert_eq!(sender.acknowledge(receiver.acknowledgement()), Ok(true));
    assert_eq!(receiver.decode(&frame(&mut sender, &stamp)).unwrap(), stamp);
    sender.acknowledge(receiver.acknowledgement()).unwrap();
    assert!(is_delta(&frame(&mut sender, &stamp)));
}

/// The likes of riak_kv #679: a sender that lost its state must not be taken for the one before.
#[test]
fn another_life_of_the_sender_is_another_stream() {
    let mut receiver = DeltaReceiver::new(STREAM, 9, 8);
    receiver
        .decode(&frame(&mut DeltaSender::new(STREAM, 9), &clock(&[5])))
        .unwrap();
    let (own, other) = (STREAM, 2);
    assert_eq!(
        receiver.decode(&frame(&mut DeltaSender::new(2, 9), &clock(&[6]))),
        Err(ClockError::StreamMismatch { own, other })
    );
    assert_eq!(
        receiver.decode(&frame(&mut DeltaSender::new(STREAM, 9), &clock(&[6]))),
        Err(ClockError::FrameConflict { frame: 1 })
    );
    assert_eq!(
        receiver.decode(&[1, 2, 1, 0]).unwrap(),
        clock(&[5]),
        "nothing was changed"
    );
}

#[test]
fn neither_side_keeps_more_than_a_window() {
    let bytes_of = |run: &mut dyn FnMut()| allocation_counter::measure(run).bytes_current;
    let stamp = clock(&[7; 64]);
    let (mut sender, mut receiver) = (
        DeltaSender::new(STREAM, 4),
        DeltaReceiver::new(STREAM, 4, 64),
    );
    let mut frames = Vec::new();
    for _ in 0..50 {
        frames.push(frame(&mut sender, &stamp));
    }
    let grown = bytes_of(&mut || (0..50).for_each(|_| drop(frame(&mut sender, &stamp))));
    assert_eq!(grown, 0, "the sender");
    frames
        .iter()
        .take(25)
        .for_each(|frame| drop(receiver.decode(frame).unwrap()));
    let grown = bytes_of(&mut || {
        frames
            .iter()
            .skip(25)
            .for_each(|frame| drop(receiver.decode(frame).unwrap()));
    });
    assert_eq!(grown, 0, "the receiver");
}

#[test]
fn a_frame_that_is_not_one_is_refused_and_changes_nothing() {
    let mut receiver = DeltaReceiver::new(STREAM, 9, 3);
    receiver.decode(&[1, 5, 0, 0, 3, 1, 2, 3]).unwrap();
    let malformed = |offset, defect| Err(ClockError::Malformed { offset, defect });
    let (slots, slots_max) = (4, 3);
    let refused = [
        (&[][..], malformed(0, Defect::Ended)),
        (&[1, 0, 0, 0, 0], malformed(1, Defect::NotCanonical)),
        (&[1, 5, 5, 0], malformed(2, Defect::TooLarge)),
        (&[1, 5, 9, 0], malformed(2, Defect::TooLarge)),
        (
            &[1, 6, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0],
            malformed(3, Defect::TooMany),
        ),
        (&[1, 6, 1, 2, 0, 0], malformed(3, Defect::TooMany)),
        (&[1, 6, 1, 1, 3, 0], malformed(4, Defect::TooLarge)),
        (&[1, 6, 1, 2, 2, 0, 0, 0], malformed(6, Defect::TooLarge)),
        (&[1, 6, 1, 0, 0], malformed(4, Defect::Surplus)),
        (
            &[
                1, 6, 1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            ],
            malformed(14, Defect::TooLarge),
        ),
        (
            &[1, 6, 0, 0, 4, 0, 0, 0, 0],
            Err(ClockError::TooManySlots { slots, slots_max }),
        ),
        (&[1, 6, 0, 0, 1], malformed(4, Defect::TooMany)),
    ];
    for (bytes, expected) in refused {
        assert_eq!(receiver.decode(bytes), expected, "{bytes:?}");
        assert_eq!(receiver.acknowledgement(), 5);
    }
    assert_eq!(
        receiver.decode(&[1, 6, 1, 1, 2, 9]).unwrap(),
        clock(&[1, 2, 13])
    );
}

#[test]
fn hostile_frames_never_panic_nor_allocate_beyond_what_they_bring_and_build_on() {
    for seed in 0..400 {
        let mut g = Gen::from_size_and_seed(40, seed);
        let mut receiver = DeltaReceiver::new(STREAM, 4, 64);
        let mut sender = DeltaSender::new(STREAM, 4);
        let mut stamp = clock(&[3; 8]);
        for _ in 0..20 {
            let mut bytes = frame(&mut sender, &stamp);
            stamp.tick(below(&mut g, 8) as usize).unwrap();
            for _ in 0..below(&mut g, 4) {
                let place = below(&mut g, bytes.len() as u64) as usize;
                bytes[place] = u8::arbitrary(&mut g);
            }
            bytes.truncate(below(&mut g, 80) as usize);
            let held = receiver.acknowledgement();
            let mut was_read = false;
            let counted =
                allocation_counter::measure(|| was_read = receiver.decode(&bytes).is_ok());
            assert!(counted.bytes_max <= 4096, "{} bytes", counted.bytes_max);
            assert!(was_read || receiver.acknowledgement() == held);
            if receiver.acknowledgement() <= sender.last() {
                sender.acknowledge(receiver.acknowledgement()).unwrap();
            }
        }
    }
}

#[test]
fn hostile_clocks_never_panic_nor_allocate_beyond_a_small_multiple_of_their_bytes() {
    for seed in 0..2_000 {
        let mut g = Gen::from_size_and_seed(60, seed);
        let mut bytes = Vec::<u8>::arbitrary(&mut g);
        if below(&mut g, 2) == 0 {
            // A width that is not there.
            bytes.splice(0..0, [0, 0xff, 0xff, 3]);
        }
        let counted = allocation_counter::measure(|| {
            if let Ok(clock) = VectorClock::from_bytes(&bytes) {
                assert_eq!(clock.to_bytes(), bytes, "one encoding for each value");
            }
        });
        let bound = 40 * bytes.len() as u64 + 512;
        assert!(
            counted.bytes_max <= bound,
            "{} of {}",
            counted.bytes_max,
            bytes.len()
        );
    }
}
