//! What the clocks refuse, and mistakes of other clocks that these do not make. A refused
//! operation changes nothing.

#[macro_use]
mod common;

use clocks::{Causality, ClockError, Dot, Lamport, VectorClock};

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

#[test]
fn every_error_says_what_was_refused() {
    let text = [
        ClockError::TimeExhausted,
        ClockError::CounterExhausted,
        ClockError::UnknownSlot { slot: 3, slots: 2 },
        ClockError::TooManySlots {
            slots: 9,
            slots_max: 8,
        },
    ]
    .map(|error| Box::<dyn std::error::Error>::from(error).to_string());
    assert_eq!(
        text,
        [
            "the time would exceed 64 bits",
            "the actor's counter would exceed 64 bits",
            "slot 3 is unknown to a clock of 2 slots",
            "9 slots exceed the limit of 8",
        ]
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
