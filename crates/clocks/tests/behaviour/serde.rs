//! The serde form: it survives a round trip, and hostile input is refused within bounds.
#![cfg(feature = "serde")]

use clocks::{Causality, Lamport, LamportStamp, VectorClock};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// Decodes a clock of epoch 0 from a sequence that claims a length as its iterator does.
fn decode(counters: impl Iterator<Item = u64>) -> Result<VectorClock, Error> {
    let parts = [
        ("epoch", Part::Epoch),
        ("counters", Part::Counters(counters)),
    ];
    VectorClock::deserialize(MapDeserializer::new(parts.into_iter()))
}

/// A field of the form.
enum Part<I> {
    Epoch,
    Counters(I),
}

impl<I: Iterator<Item = u64>> IntoDeserializer<'_, Error> for Part<I> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de, I: Iterator<Item = u64>> Deserializer<'de> for Part<I> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Epoch => visitor.visit_u64(0),
            Self::Counters(counters) => visitor.visit_seq(SeqDeserializer::new(counters)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

/// An iterator that lies about its length.
struct Claiming<I>(I, usize);

impl<I: Iterator> Iterator for Claiming<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, Some(self.1))
    }
}

laws! {
    fn a_vector_clock_survives_a_round_trip_with_its_width(counters: Vec<u64>) -> bool {
        let clock = VectorClock::from_counters(&counters).unwrap();
        let text = serde_json::to_string(&clock).unwrap();
        let decoded: VectorClock = serde_json::from_str(&text).unwrap();
        decoded.as_slice() == clock.as_slice()
    }

    fn a_vector_clock_survives_a_round_trip_with_its_epoch(counters: Vec<u64>, epoch: u64) -> bool {
        let clock = VectorClock::from_counters(&counters).unwrap().with_epoch(epoch);
        let text = serde_json::to_string(&clock).unwrap();
        serde_json::from_str::<VectorClock>(&text).unwrap() == clock
    }

    fn a_lamport_clock_survives_a_round_trip(time: u64) -> bool {
        let text = serde_json::to_string(&Lamport::from_time(time)).unwrap();
        text == time.to_string() && serde_json::from_str::<Lamport>(&text).unwrap().time() == time
    }

    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) -> bool {
        let _ = serde_json::from_slice::<VectorClock>(&bytes);
        let _ = serde_json::from_slice::<Lamport>(&bytes);
        true
    }
}

#[test]
fn the_form_is_the_epoch_and_the_sequence_of_counters() {
    let clock = VectorClock::from_counters(&[1, 0, 4, 0]).unwrap();
    assert_eq!(
        serde_json::to_string(&clock).unwrap(),
        r#"{"epoch":0,"counters":[1,0,4,0]}"#
    );
    let stamp = LamportStamp::new(7, 2);
    assert_eq!(
        serde_json::to_string(&stamp).unwrap(),
        r#"{"time":7,"actor":2}"#
    );
    assert_eq!(
        serde_json::to_string(&Causality::Before).unwrap(),
        r#""Before""#
    );
}

#[test]
fn a_clock_of_the_greatest_width_is_decoded() {
    let clock = decode((0..VectorClock::SLOTS_MAX as u64).map(|slot| slot + 1)).unwrap();
    assert_eq!(clock.slots(), VectorClock::SLOTS_MAX);
    assert_eq!(
        clock.get(VectorClock::SLOTS_MAX - 1),
        VectorClock::SLOTS_MAX as u64
    );
}

#[test]
fn a_claimed_length_above_the_bound_is_refused_before_anything_is_read() {
    let mut read = 0;
    let input = Claiming((0..10).inspect(|_| read += 1), VectorClock::SLOTS_MAX + 1);
    let error = decode(input).unwrap_err().to_string();
    assert!(error.contains("65537"), "{error}");
    assert_eq!(read, 0);
}

#[test]
fn a_claim_within_the_bound_need_not_come_true() {
    let clock = decode(Claiming(3..5, VectorClock::SLOTS_MAX)).unwrap();
    assert_eq!(clock.as_slice(), [3, 4]);
}

#[test]
fn a_sequence_above_the_bound_is_refused_at_the_first_counter_too_many() {
    let mut read = 0;
    let endless = std::iter::repeat(1).inspect(|_| read += 1);
    // filter hides the length: nothing is claimed.
    assert!(decode(endless.filter(|_| true)).is_err());
    assert_eq!(read, VectorClock::SLOTS_MAX + 1);
}

#[test]
fn counters_that_are_not_64_bit_numbers_are_refused() {
    for counters in [
        "[1,-1]",
        "[18446744073709551616]",
        "[1.5]",
        "[null]",
        "{}",
        "3",
        "[1,",
    ] {
        let text = format!(r#"{{"epoch":0,"counters":{counters}}}"#);
        assert!(
            serde_json::from_str::<VectorClock>(&text).is_err(),
            "{text}"
        );
    }
}
