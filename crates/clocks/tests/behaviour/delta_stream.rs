//! Deltas over links that lose, repeat and reorder: what can be read is exactly what was sent.

use std::collections::BTreeMap;

use clocks::wire::{Acknowledgement, DeltaReceiver, DeltaSender, Wire};
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

fn held(frame: u64) -> Acknowledgement {
    let stream = STREAM;
    Acknowledgement { stream, frame }
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

/// What the runs showed.
#[derive(Default)]
struct Seen {
    read: u32,
    read_deltas: u32,
    refused: u32,
    restarts: u32,
    other_streams: u32,
    /// The most frames in a row that were newer than all and could not be read.
    missed_in_a_row_max: u32,
}

/// A sender, a receiver, and two links that lose, repeat and reorder, and hold some 8 messages.
struct Pair {
    window_frames: u8,
    sender: DeltaSender,
    receiver: DeltaReceiver,
    /// What was sent, by stream and number.
    stamps: BTreeMap<(u64, u64), VectorClock>,
    frames: Vec<(u64, u64, Vec<u8>)>,
    /// Each with the life of the receiver that said it.
    acknowledgements: Vec<(u32, Acknowledgement)>,
    streams: (u64, u64),
    receiver_life: u32,
    /// The newest frame that this life of the receiver has read.
    newest: u64,
    /// Every later frame that is newer than all is readable: the sender knows of this life.
    readable_after: Option<u64>,
    missed_in_a_row: u32,
}

impl Pair {
    fn new(window_frames: u8) -> Self {
        Self {
            window_frames,
            sender: DeltaSender::new(STREAM, window_frames),
            receiver: DeltaReceiver::new(STREAM, window_frames, 64),
            stamps: BTreeMap::new(),
            frames: Vec::new(),
            acknowledgements: Vec::new(),
            streams: (STREAM, STREAM),
            receiver_life: 0,
            newest: 0,
            readable_after: Some(0),
            missed_in_a_row: 0,
        }
    }

    fn restart_sender(&mut self) {
        self.streams.0 += 1;
        self.sender = DeltaSender::new(self.streams.0, self.window_frames);
    }

    fn restart_receiver(&mut self) {
        self.receiver = DeltaReceiver::new(self.streams.1, self.window_frames, 64);
        self.receiver_life += 1;
        self.newest = 0;
        self.readable_after = None;
    }

    fn send(&mut self, g: &mut Gen, stamp: &VectorClock) {
        let bytes = frame(&mut self.sender, stamp);
        let name = (self.streams.0, self.sender.last());
        self.stamps.insert(name, stamp.clone());
        if below(g, 4) > 0 && self.frames.len() < 8 {
            self.frames.push((name.0, name.1, bytes));
        }
    }

    fn receive(&mut self, g: &mut Gen, seen: &mut Seen) {
        let Some((stream, number, bytes)) = take(g, &mut self.frames) else {
            return;
        };
        if stream > self.streams.1 {
            // The sender began anew, and nobody has read of that stream before.
            self.streams.1 = stream;
            self.restart_receiver();
            self.readable_after = Some(0);
        }
        let said = self.receiver.acknowledgement();
        match self.receiver.decode(&bytes) {
            Ok(read) => {
                let sent = &self.stamps[&(stream, number)];
                assert_eq!(read.as_slice(), sent.as_slice(), "frame {number}");
                assert_eq!(read.epoch(), sent.epoch());
                if number > self.newest {
                    self.newest = number;
                    self.missed_in_a_row = 0;
                    assert_eq!(self.receiver.acknowledgement().frame, number);
                } else {
                    assert_eq!(self.receiver.acknowledgement(), said);
                }
                seen.read += 1;
                seen.read_deltas += u32::from(is_delta(&bytes));
            }
            Err(ClockError::MissingBase { frame, .. }) => {
                assert_eq!(frame, number);
                seen.refused += 1;
                if number < self.newest {
                    assert_eq!(self.receiver.acknowledgement(), said, "it was late");
                    return;
                }
                let readable = self.readable_after.is_some_and(|after| number > after);
                assert!(!readable, "a frame newer than all can be read");
                assert_eq!(self.receiver.acknowledgement().frame, 0, "lost");
                self.missed_in_a_row += 1;
                seen.missed_in_a_row_max = seen.missed_in_a_row_max.max(self.missed_in_a_row);
            }
            Err(ClockError::StreamMismatch { own, other }) => {
                assert_eq!((own, other), (self.streams.1, stream));
                seen.other_streams += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn acknowledge(&mut self, g: &mut Gen, seen: &mut Seen) {
        if below(g, 3) > 0 && self.acknowledgements.len() < 8 {
            let said = self.receiver.acknowledgement();
            self.acknowledgements.push((self.receiver_life, said));
        }
        let Some((life, said)) = take(g, &mut self.acknowledgements) else {
            return;
        };
        let (own, other) = (self.streams.0, said.stream);
        match self.sender.acknowledge(said) {
            Ok(_) => assert_eq!(own, other),
            Err(error) => {
                assert_ne!(own, other);
                assert_eq!(error, ClockError::StreamMismatch { own, other });
                seen.other_streams += 1;
                return;
            }
        }
        if said.frame == 0 && life == self.receiver_life && self.readable_after.is_none() {
            self.readable_after = Some(self.sender.last());
        }
    }
}

/// Frames and acknowledgements over two bad links, while either side loses its state in one round of
/// 40, or never: the sender then takes a new stream number, the receiver keeps its own.
fn run(seed: u64, window_frames: u8, restarts: bool, seen: &mut Seen) {
    let mut g = Gen::from_size_and_seed(30, seed);
    let mut pair = Pair::new(window_frames);
    let mut stamp = clock(&[0; 6]);
    for _ in 0..400 {
        match below(&mut g, 80) {
            0 if restarts => pair.restart_sender(),
            1 if restarts => pair.restart_receiver(),
            _ => {}
        }
        grow(&mut g, &mut stamp);
        pair.send(&mut g, &stamp);
        for _ in 0..below(&mut g, 3) {
            pair.receive(&mut g, seen);
        }
        pair.acknowledge(&mut g, seen);
    }
    seen.restarts += pair.receiver_life;
    // The links are good again: frames can be read at once or after the next acknowledgement, and
    // one acknowledgement later they are deltas.
    if pair.streams.0 != pair.streams.1 {
        pair.streams.1 = pair.streams.0;
        pair.restart_receiver();
    }
    for round in 0..4 {
        let bytes = frame(&mut pair.sender, &stamp);
        assert!(round < 2 || is_delta(&bytes) || window_frames == 0);
        match pair.receiver.decode(&bytes) {
            Ok(read) => assert_eq!(read, stamp),
            Err(error) => assert!(round == 0, "{error}"),
        }
        let said = pair.receiver.acknowledgement();
        pair.sender.acknowledge(said).unwrap();
    }
}

#[test]
fn what_can_be_read_is_what_was_sent_whatever_the_links_do() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        for window_frames in [0, 1, 4, 32, 255] {
            run(seed, window_frames, false, &mut seen);
        }
    }
    assert_eq!((seen.missed_in_a_row_max, seen.restarts), (0, 0));
    assert!(
        seen.read > 10_000 && seen.read_deltas > 5_000,
        "{}",
        seen.read_deltas
    );
    assert!(seen.refused > 100, "some came too late: {}", seen.refused);
}

#[test]
fn a_restart_of_either_side_costs_a_few_frames_whatever_the_links_do() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        for window_frames in [0, 1, 4, 32, 255] {
            run(seed, window_frames, true, &mut seen);
        }
    }
    assert!(seen.read > 10_000 && seen.read_deltas > 5_000);
    assert!(seen.restarts > 1_000, "{}", seen.restarts);
    assert!(seen.other_streams > 1_000, "{}", seen.other_streams);
    // The links hold up to 8 messages each way, and lose every third acknowledgement.
    let missed = seen.missed_in_a_row_max;
    assert!((1..=12).contains(&missed), "{missed} in a row");
}

/// The sender takes the number for one of this life, and builds on what the receiver never had.
#[test]
fn a_late_acknowledgement_of_a_former_life_of_the_sender_is_refused() {
    let stamp = clock(&[1, 1]);
    let (mut sender, mut receiver) = (
        DeltaSender::new(STREAM, 32),
        DeltaReceiver::new(STREAM, 32, 8),
    );
    for _ in 0..3 {
        receiver.decode(&frame(&mut sender, &stamp)).unwrap();
    }
    let late = receiver.acknowledgement();
    assert_eq!(late, held(3));
    (sender, receiver) = (DeltaSender::new(2, 32), DeltaReceiver::new(2, 32, 8));
    receiver.decode(&frame(&mut sender, &stamp)).unwrap();
    for _lost in 2..=3 {
        frame(&mut sender, &stamp);
    }
    let (own, other) = (2, STREAM);
    let mismatch = Err(ClockError::StreamMismatch { own, other });
    assert_eq!(sender.acknowledge(late), mismatch);
    assert_eq!(sender.base(), None);
    for _ in 0..100 {
        assert_eq!(receiver.decode(&frame(&mut sender, &stamp)).unwrap(), stamp);
        sender.acknowledge(receiver.acknowledgement()).unwrap();
    }
}

/// The full frame is below the sender's base: without a word, no frame would be read for a window.
#[test]
fn a_receiver_made_anew_that_reads_a_late_frame_asks_for_a_full_one() {
    let mut sender = DeltaSender::new(STREAM, 32);
    let mut receiver = DeltaReceiver::new(STREAM, 32, 8);
    let stamp = clock(&[1, 1]);
    let late = frame(&mut sender, &stamp);
    receiver.decode(&frame(&mut sender, &stamp)).unwrap();
    sender.acknowledge(receiver.acknowledgement()).unwrap();
    receiver = DeltaReceiver::new(STREAM, 32, 8);
    receiver.decode(&late).unwrap();
    assert_eq!(sender.acknowledge(receiver.acknowledgement()), Ok(false));
    assert_eq!(
        receiver.decode(&frame(&mut sender, &stamp)),
        Err(ClockError::MissingBase { frame: 3, base: 2 })
    );
    assert_eq!(receiver.acknowledgement(), held(0));
    receiver.decode(&late).unwrap();
    assert_eq!(receiver.acknowledgement(), held(0), "it is not newer");
    assert_eq!(sender.acknowledge(receiver.acknowledgement()), Ok(true));
    for number in 4..100 {
        let bytes = frame(&mut sender, &stamp);
        assert_eq!(is_delta(&bytes), number > 4, "frame {number}");
        assert_eq!(receiver.decode(&bytes).unwrap(), stamp);
        assert_eq!(receiver.acknowledgement(), held(number));
        sender.acknowledge(held(number)).unwrap();
    }
}

#[test]
fn what_was_sent_before_a_request_for_a_full_frame_is_no_base() {
    let mut sender = DeltaSender::new(STREAM, 32);
    let stamp = clock(&[1, 1]);
    frame(&mut sender, &stamp);
    assert_eq!(sender.acknowledge(held(1)), Ok(true));
    frame(&mut sender, &stamp);
    assert_eq!(
        sender.acknowledge(held(0)),
        Ok(true),
        "the receiver began anew"
    );
    assert_eq!(sender.acknowledge(held(2)), Ok(false), "said by the former");
    assert_eq!(sender.acknowledge(held(0)), Ok(false), "twice");
    assert!(!is_delta(&frame(&mut sender, &stamp)));
    assert_eq!(sender.acknowledge(held(3)), Ok(true));
}

#[test]
fn a_forged_number_costs_bytes_and_no_frame_until_the_receiver_is_made_anew() {
    let mut sender = DeltaSender::new(STREAM, 32);
    let mut receiver = DeltaReceiver::new(STREAM, 32, 8);
    let mut stamp = clock(&[1, 1]);
    for _ in 0..2 {
        receiver.decode(&frame(&mut sender, &stamp)).unwrap();
        sender.acknowledge(receiver.acknowledgement()).unwrap();
    }
    let mut forged = held(u64::MAX).to_bytes();
    forged.extend([0, 0, 2, 0, 0]);
    receiver.decode(&forged).unwrap();
    for last in 2..80 {
        let (number, said) = (u64::MAX, receiver.acknowledgement());
        let unknown = ClockError::UnknownFrame {
            frame: number,
            last,
        };
        assert_eq!(sender.acknowledge(said), Err(unknown));
        assert_eq!(sender.base(), None);
        stamp.tick(0).unwrap();
        assert_eq!(receiver.decode(&frame(&mut sender, &stamp)).unwrap(), stamp);
    }
    receiver = DeltaReceiver::new(STREAM, 32, 8);
    for _ in 0..2 {
        sender.acknowledge(receiver.acknowledgement()).unwrap();
        assert_eq!(receiver.decode(&frame(&mut sender, &stamp)).unwrap(), stamp);
    }
    sender.acknowledge(receiver.acknowledgement()).unwrap();
    assert!(is_delta(&frame(&mut sender, &stamp)));
}

#[test]
fn a_repeat_that_differs_in_a_counter_the_epoch_or_the_width_is_a_conflict() {
    let mut receiver = DeltaReceiver::new(STREAM, 9, 8);
    let first = frame(&mut DeltaSender::new(STREAM, 9), &clock(&[5]));
    receiver.decode(&first).unwrap();
    for other in [clock(&[6]), clock(&[5]).with_epoch(1), clock(&[5, 0])] {
        let bytes = frame(&mut DeltaSender::new(STREAM, 9), &other);
        let conflict = Err(ClockError::FrameConflict { frame: 1 });
        assert_eq!(receiver.decode(&bytes), conflict, "{other:?}");
    }
    assert_eq!(receiver.decode(&first).unwrap(), clock(&[5]));
}

#[test]
fn an_acknowledgement_is_two_numbers_on_the_wire() {
    for frame in [0, 1, 300, u64::MAX] {
        let said = Acknowledgement { frame, ..held(0) };
        let bytes = said.to_bytes();
        assert_eq!(Acknowledgement::from_bytes(&bytes), Ok(said));
        assert!(Acknowledgement::from_bytes(&bytes[1..]).is_err());
        #[cfg(feature = "serde")]
        {
            let text = serde_json::to_string(&said).unwrap();
            assert_eq!(text, format!("{{\"stream\":1,\"frame\":{frame}}}"));
            assert_eq!(
                serde_json::from_str::<Acknowledgement>(&text).unwrap(),
                said
            );
            let more = text.replace('}', ",\"more\":1}");
            assert!(serde_json::from_str::<Acknowledgement>(&more).is_err());
        }
    }
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
    sender.acknowledge(held(1)).unwrap();
    for number in 2..20 {
        stamp.tick(0).unwrap();
        let bytes = frame(&mut sender, &stamp);
        assert_eq!(is_delta(&bytes), number <= 4, "frame {number}");
        assert_eq!(receiver.decode(&bytes).unwrap(), stamp);
    }
    assert_eq!(sender.base(), None);
    assert_eq!(
        sender.acknowledge(held(2)),
        Ok(false),
        "too old to build on"
    );
    assert_eq!(sender.acknowledge(held(19)), Ok(true));
    assert_eq!(sender.acknowledge(held(19)), Ok(false), "twice");
    assert_eq!(sender.base(), Some(19));
    assert!(is_delta(&frame(&mut sender, &stamp)));
}

#[test]
fn only_what_was_sent_can_be_acknowledged() {
    let mut sender = DeltaSender::new(STREAM, 3);
    let unknown = |frame, last| Err(ClockError::UnknownFrame { frame, last });
    assert_eq!(sender.acknowledge(held(0)), Ok(false));
    assert_eq!(sender.acknowledge(held(1)), unknown(1, 0));
    frame(&mut sender, &clock(&[1]));
    assert_eq!(sender.acknowledge(held(2)), unknown(2, 1));
    assert_eq!(sender.base(), None);
    assert_eq!(sender.acknowledge(held(1)), Ok(false), "sent before that");
    frame(&mut sender, &clock(&[1]));
    assert_eq!(sender.acknowledge(held(2)), Ok(true));
    assert_eq!(sender.acknowledge(held(3)), unknown(3, 2));
    assert_eq!(sender.base(), None, "what the receiver holds is not known");
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
fn tiny_frames_keep_no_more_than_a_window_of_stamps_of_the_greatest_width() {
    let (window_frames, slots) = (20_u8, 1024);
    let mut receiver = DeltaReceiver::new(STREAM, window_frames, slots);
    let mut sender = DeltaSender::new(STREAM, window_frames);
    let stamp = VectorClock::new(slots).unwrap();
    let kept = allocation_counter::measure(|| {
        for _ in 0..100 {
            receiver.decode(&frame(&mut sender, &stamp)).unwrap();
            sender.acknowledge(receiver.acknowledgement()).unwrap();
        }
        sender = DeltaSender::new(STREAM, window_frames);
    });
    let stamps = (i64::from(window_frames) + 1) * 8 * slots as i64;
    let bounds = stamps..stamps + 4096;
    assert!(
        bounds.contains(&kept.bytes_current),
        "{}",
        kept.bytes_current
    );
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
        assert_eq!(receiver.acknowledgement(), held(5));
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
            let said = receiver.acknowledgement();
            assert!(was_read || said == held || said.frame == 0);
            let acknowledged = sender.acknowledge(said);
            assert_eq!(acknowledged.is_ok(), said.frame <= sender.last());
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
