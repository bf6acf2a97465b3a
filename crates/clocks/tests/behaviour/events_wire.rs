//! The compact form of events and of Lamport's times, and of actors of every kind in sorted lists.

use clocks::wire::{Wire, WireActor};
use clocks::{
    Actor, ClockError, Defect, Dot, DotSet, Lamport, LamportStamp, Roster, Span, VersionVector,
};

fn round_trips<T: Wire + PartialEq + std::fmt::Debug>(value: &T) {
    let bytes = value.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value), "{bytes:?}");
    for length in 0..bytes.len() {
        assert!(
            T::from_bytes(&bytes[..length]).is_err(),
            "{length} of {bytes:?}"
        );
    }
}

#[test]
fn events_and_times_survive_a_round_trip() {
    for number in [1, 2, 127, 128, u64::MAX - 1, u64::MAX] {
        round_trips(&Dot::new(7_u32, number).unwrap());
        round_trips(&Dot::new(String::from("paris"), number).unwrap());
        round_trips(&Span::new(7_u32, number - 1, number).unwrap());
        round_trips(&Span::new(7_u32, 0, number).unwrap());
        round_trips(&Lamport::from_time(number));
        round_trips(&LamportStamp::new(number, 7_u32));
    }
}

#[test]
fn what_names_no_event_is_refused() {
    let malformed = |offset, defect| ClockError::Malformed { offset, defect };
    assert_eq!(
        Dot::<u8>::from_bytes(&[7, 0]),
        Err(malformed(1, Defect::ZeroCounter))
    );
    let mut beyond = vec![7];
    clocks::wire::write_u64(u64::MAX, &mut beyond);
    beyond.push(0);
    let refused = Span::<u8>::from_bytes(&beyond).unwrap_err();
    assert_eq!(refused, malformed(beyond.len() - 1, Defect::TooLarge));
}

/// Many lives of few ids: a later life takes two bytes, however long the id.
fn lives<I: WireActor + std::fmt::Debug>(ids: impl IntoIterator<Item = I>) {
    let lives = |id: I| (0..40).map(move |incarnation| Actor::new(id.clone(), incarnation));
    let actors: Vec<Actor<I>> = ids.into_iter().flat_map(lives).collect();
    let pairs = actors.iter().map(|actor| (actor.clone(), 1));
    round_trips(&VersionVector::from_pairs(pairs).unwrap());
    round_trips(&Roster::new(1, actors.iter().cloned()).unwrap());
    let spans = actors
        .iter()
        .map(|actor| Span::new(actor.clone(), 3, 5).unwrap());
    round_trips(&DotSet::from_spans(spans).unwrap());
}

#[test]
fn many_lives_of_an_actor_with_a_long_id_are_decoded() {
    lives([1_u8, 2]);
    lives([[1_u8; 16], [2; 16]]);
    lives([String::from("lima"), String::from("paris")]);
    lives([Actor::new(1_u8, 1), Actor::new(1, 2)]);
}

#[test]
fn spans_are_united_whatever_their_order_and_overlap() {
    let spans = |numbers: &mut dyn Iterator<Item = u64>| -> Vec<Span<u8>> {
        numbers.map(|n| Span::new(1, n - 1, n).unwrap()).collect()
    };
    let count = 2 * DotSet::<u8>::RUNS_MAX as u64 + 2;
    let mut odd_first = spans(&mut (1..=count).step_by(2));
    odd_first.extend(spans(&mut (2..=count).step_by(2)));
    let set = DotSet::from_spans(odd_first).expect("one run in the end");
    assert_eq!(
        (set.runs(), set.to_string()),
        (1, format!("{{1:1-{count}}}"))
    );

    let nested = [
        (2, 0, 9),
        (1, 4, 6),
        (1, 0, 9),
        (1, 9, 10),
        (1, 12, 13),
        (2, 3, 4),
    ];
    let nested = nested.map(|(actor, after, last)| Span::new(actor, after, last).unwrap());
    let set = DotSet::from_spans(nested).unwrap();
    assert_eq!(set.to_string(), "{1:1-10, 1:13-13, 2:1-9}");
}
