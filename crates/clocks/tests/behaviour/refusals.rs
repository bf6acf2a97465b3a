//! What the clocks refuse, and mistakes of other clocks that these do not make. A refused
//! operation changes nothing.

use clocks::{Causality, ClockError, Defect, Dot, HlcStamp, Lamport, VectorClock};

/// The number of the event that was counted.
fn number(dot: Result<Dot<usize>, ClockError>) -> Result<u64, ClockError> {
    dot.map(|dot| dot.number())
}

fn clock(counters: &[u64]) -> VectorClock {
    VectorClock::from_counters(counters).unwrap()
}

#[test]
fn lamport_at_the_greatest_time_refuses_every_event() {
    let mut lamport = Lamport::from_time(u64::MAX);
    assert_eq!(lamport.tick(), Err(ClockError::TimeExhausted));
    assert_eq!(lamport.send(), Err(ClockError::TimeExhausted));
    assert_eq!(lamport.receive(0), Err(ClockError::TimeExhausted));
    assert_eq!(lamport.time(), u64::MAX);
}

#[test]
fn lamport_reaches_the_greatest_time_and_no_further() {
    let mut lamport = Lamport::from_time(u64::MAX - 1);
    assert_eq!(lamport.tick(), Ok(u64::MAX));
    assert_eq!(lamport.tick(), Err(ClockError::TimeExhausted));
}

#[test]
fn lamport_refuses_a_message_of_the_greatest_time_and_goes_on() {
    let mut lamport = Lamport::from_time(4);
    assert_eq!(lamport.receive(u64::MAX), Err(ClockError::TimeExhausted));
    assert_eq!(lamport.tick(), Ok(5));
}

laws! {
    fn lamport_receive_is_above_both_clocks_or_changes_nothing(own: u64, remote: u64) -> bool {
        let mut lamport = Lamport::from_time(own);
        match lamport.receive(remote) {
            Ok(time) => time == lamport.time() && time == own.max(remote) + 1,
            Err(error) => {
                error == ClockError::TimeExhausted
                    && own.max(remote) == u64::MAX
                    && lamport.time() == own
            }
        }
    }
}

#[test]
fn a_counter_reaches_the_greatest_number_and_no_further() {
    let mut vector = clock(&[3, u64::MAX - 1]);
    assert_eq!(number(vector.tick(1)), Ok(u64::MAX));
    assert_eq!(vector.tick(1), Err(ClockError::CounterExhausted));
    assert_eq!(vector.send(1).err(), Some(ClockError::CounterExhausted));
    assert_eq!(vector.as_slice(), [3, u64::MAX]);
    assert_eq!(number(vector.tick(0)), Ok(4), "the other slots still count");
}

#[test]
fn a_refused_receive_merges_nothing() {
    let mut vector = clock(&[3, 1]);
    assert_eq!(
        vector.receive(0, &clock(&[u64::MAX, 9])),
        Err(ClockError::CounterExhausted)
    );
    assert_eq!(
        vector.receive(2, &clock(&[9, 9])),
        Err(ClockError::UnknownSlot { slot: 2, slots: 2 })
    );
    assert_eq!(
        vector.receive(0, &clock(&[9, 9, 0, 1])),
        Err(ClockError::UnknownSlot { slot: 3, slots: 2 })
    );
    assert_eq!(vector.as_slice(), [3, 1]);
}

#[test]
fn an_exhausted_counter_of_another_actor_is_merged() {
    let mut vector = clock(&[3, 1]);
    assert_eq!(number(vector.receive(0, &clock(&[0, u64::MAX]))), Ok(4));
    assert_eq!(vector.as_slice(), [4, u64::MAX]);
}

#[test]
fn an_event_in_a_slot_beyond_the_width_is_refused_not_dropped() {
    let mut vector = clock(&[1, 1]);
    let wide = clock(&[2, 2, 7]);
    assert_eq!(
        vector.merge(&wide),
        Err(ClockError::UnknownSlot { slot: 2, slots: 2 })
    );
    assert_eq!(vector.as_slice(), [1, 1]);
    assert!(vector < wide, "it can still be compared");
}

#[test]
fn a_wider_clock_without_events_beyond_the_width_is_merged() {
    let mut vector = clock(&[1, 1]);
    assert_eq!(vector.merge(&clock(&[0, 2, 0, 0])), Ok(true));
    assert_eq!(vector.as_slice(), [1, 2]);
}

#[test]
fn the_width_is_bounded() {
    let slots_max = VectorClock::SLOTS_MAX;
    assert_eq!(VectorClock::new(slots_max).unwrap().slots(), slots_max);
    for slots in [slots_max + 1, usize::MAX] {
        assert_eq!(
            VectorClock::new(slots),
            Err(ClockError::TooManySlots { slots, slots_max })
        );
    }
    assert_eq!(
        VectorClock::from_counters(&vec![0; slots_max + 1]),
        Err(ClockError::TooManySlots {
            slots: slots_max + 1,
            slots_max
        })
    );
}

/// The crate vclock 0.4.4 numbers the first event 0, so that `{a: 0}` is greater than `{}`.
#[test]
fn the_first_event_is_number_1() {
    assert_eq!(number(clock(&[0]).tick(0)), Ok(1));
    assert_eq!(Lamport::new().tick(), Ok(1));
}

/// In the crate crdts 7.3.2, a decoded `{7: 0}` and `{}` are each greater than the other.
#[test]
fn an_explicit_zero_is_the_same_as_no_entry() {
    let (explicit, absent) = (clock(&[0, 0, 0]), VectorClock::default());
    assert_eq!(explicit.compare(&absent), Ok(Causality::Equal));
    assert_eq!(absent.compare(&explicit), Ok(Causality::Equal));
    assert_eq!(explicit, absent);
}

/// Counters of vclock 0.4.4 and vector_clock 0.0.0 wrap; crdts 7.3.2 loses the event.
#[test]
fn an_event_that_cannot_be_counted_is_an_error() {
    let mut vector = clock(&[u64::MAX]);
    let before = vector.clone();
    assert_eq!(vector.tick(0), Err(ClockError::CounterExhausted));
    assert_eq!(vector.compare(&before), Ok(Causality::Equal));
}

/// The variants of an enum of `src/error.rs`, in their order: an error without its text below fails.
fn variants(name: &str) -> Vec<&'static str> {
    let source = include_str!("../../src/error.rs");
    let (_, after) = source.split_once(&format!("pub enum {name} {{")).unwrap();
    let (body, _) = after.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(name_of)
        .collect()
}

/// What stands before the fields.
fn name_of(text: &str) -> &str {
    text.split([' ', ',', '(']).next().unwrap()
}

fn says<E: std::fmt::Display + std::fmt::Debug>(name: &str, texts: &[(E, &str)]) {
    for (error, text) in texts {
        assert_eq!(error.to_string(), *text);
    }
    let names: Vec<String> = texts
        .iter()
        .map(|(error, _)| format!("{error:?}"))
        .collect();
    let names: Vec<&str> = names.iter().map(|name| name_of(name)).collect();
    assert_eq!(names, variants(name));
}

#[test]
fn every_error_says_what_was_refused() {
    use ClockError as E;

    let stamp = |logical| HlcStamp::new(7, logical).unwrap();
    let (own, other) = (1, 2);
    let texts = [
        (E::TimeExhausted, "the time would exceed its range"),
        (
            E::TooFarAhead {
                ahead_ms: 9,
                ahead_max_ms: 8,
            },
            "the time is 9 ms ahead of the wall clock, more than 8",
        ),
        (
            E::BeyondReserve {
                stamp: stamp(2),
                reserved: stamp(1),
            },
            "the stamp 7+2 is above the reserved bound 7+1",
        ),
        (E::CounterExhausted, "the counter would exceed 64 bits"),
        (
            E::UnknownSlot { slot: 3, slots: 2 },
            "slot 3 is unknown to a clock of 2 slots",
        ),
        (
            E::TooManySlots {
                slots: 9,
                slots_max: 8,
            },
            "9 slots exceed the limit of 8",
        ),
        (
            E::TooManyActors {
                actors: 9,
                actors_max: 8,
            },
            "9 actors exceed the limit of 8",
        ),
        (
            E::TooManyRuns { runs_max: 8 },
            "the dots leave more gaps than the limit of 8 runs allows",
        ),
        (
            E::EpochMismatch { own, other },
            "epoch 2 is not epoch 1: its slots may belong to other actors",
        ),
        (E::RosterMismatch, "the roster of that epoch is another one"),
        (E::UnknownActor, "the roster has no such actor"),
        (
            E::DuplicateActor { index: 3 },
            "the actor at place 3 stands there twice",
        ),
        (E::EpochExhausted, "the epoch would exceed 64 bits"),
        (
            E::WidthMismatch { own: 1, other: 2 },
            "a width of 2 slots is not the width of 1",
        ),
        (E::StillMember, "the actor has not left"),
        (E::LastMember, "the last member cannot leave"),
        (
            E::LeftAlready { last: 4 },
            "the actor has left already, after event 4",
        ),
        (
            E::MissingEvents { known: 3, last: 4 },
            "of the 4 events of an actor that left, only 3 are known",
        ),
        (
            E::BeyondLast {
                counter: 5,
                last: 4,
            },
            "event 5 is claimed of an actor that left after event 4",
        ),
        (
            E::NoEvent { slot: 3 },
            "the stamp counts no message of its sender in slot 3",
        ),
        (
            E::UnsentMessage {
                counter: 5,
                sent: 4,
            },
            "the stamp knows our message 5, of which we have sent 4",
        ),
        (
            E::BufferFull {
                messages_max: 8,
                needs: Dot::new(2, 7),
            },
            "8 messages wait, and no more may; message 2:7 is needed first",
        ),
        (
            E::DeltaGap { after: 5, known: 4 },
            "the delta continues after event 5 of an actor whose events are known up to 4",
        ),
        (
            E::DotInPast {
                counter: 3,
                known: 4,
            },
            "event 3 is in the past, which has the actor's events up to 4",
        ),
        (
            E::ContextAhead {
                claimed: 5,
                known: 4,
            },
            "the context has seen write 5 of a server that has made 4",
        ),
        (
            E::TooManySiblings {
                siblings: 9,
                siblings_max: 8,
            },
            "9 siblings exceed the limit of 8",
        ),
        (
            E::BloomShape {
                counters: 0,
                hashes: 3,
            },
            "a Bloom clock cannot have 0 counters and 3 hashes",
        ),
        (
            E::BloomMismatch {
                own: (8, 1),
                other: (9, 2),
            },
            "a Bloom clock of 9 counters and 2 hashes is not one of 8 and 1",
        ),
        (E::OverlappingIds, "both stamps own the same part"),
        (
            E::TooDeep { depth_max: 8 },
            "the tree would be deeper than 8",
        ),
        (
            E::TooManyLeaves {
                leaves: 9,
                leaves_max: 8,
            },
            "9 leaves exceed the limit of 8",
        ),
        (
            E::StreamMismatch { own, other },
            "a frame of stream 2 is not one of stream 1",
        ),
        (
            E::MissingBase { frame: 5, base: 3 },
            "frame 5 builds on frame 3, which is not held",
        ),
        (
            E::FrameConflict { frame: 5 },
            "frame 5 came before with another stamp",
        ),
        (
            E::UnknownFrame { frame: 5, last: 4 },
            "frame 5 was acknowledged, but the last that was sent is 4",
        ),
        (
            E::Malformed {
                offset: 3,
                defect: Defect::Ended,
            },
            "byte 3: the encoding ends too early",
        ),
    ];
    says("ClockError", &texts);
    let boxed: Box<dyn std::error::Error> = texts[0].0.clone().into();
    assert_eq!(boxed.to_string(), texts[0].1);
}

#[test]
fn every_defect_says_what_is_wrong() {
    use Defect as D;

    says(
        "Defect",
        &[
            (D::Ended, "the encoding ends too early"),
            (D::Surplus, "bytes follow after the end"),
            (D::TooLarge, "the number is too large for its type"),
            (
                D::Overlong,
                "the number is written with more bytes than it needs",
            ),
            (D::TooMany, "more items are promised than can follow"),
            (D::ZeroCounter, "a counter is zero"),
            (
                D::NotSorted,
                "the items are not in strictly increasing order",
            ),
            (D::NotText, "the name is not valid UTF-8"),
            (D::TooDeep, "the tree is too deep"),
            (D::NotCanonical, "the value is not in its canonical form"),
            (D::UnknownTag, "nothing known begins like this"),
            (D::NotAllowed, "no value has such a part"),
        ],
    );
}

#[test]
fn clocks_print_their_counters() {
    let vector = clock(&[1, 0, 4]);
    assert_eq!(vector.to_string(), "[1, 0, 4]");
    assert_eq!(format!("{vector:?}"), "VectorClock[1, 0, 4]");
    assert_eq!(VectorClock::default().to_string(), "[]");
    assert_eq!(Lamport::from_time(6).to_string(), "6");
}
