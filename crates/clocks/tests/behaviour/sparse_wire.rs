//! Sparse vectors, deltas and sets of dots on the wire: what is written is read again, and nothing
//! else is.

use clocks::wire::{Reader, Wire, WireActor, write_count, write_u64};
use clocks::{
    Actor, ClockError, Defect, Delta, Dot, DotContext, DotSet, Span, VectorClock, VectorDelta,
    VersionVector,
};
use quickcheck::{Arbitrary, Gen};

const SEEDS: u64 = 2_000;

/// A small counter, or one that only just fits.
fn counter(g: &mut Gen) -> u64 {
    *g.choose(&[1, 2, 3, 127, 128, 1 << 20, u64::MAX - 1, u64::MAX])
        .unwrap()
}

fn vector<A: Ord + Clone>(g: &mut Gen, actor: fn(&mut Gen) -> A) -> VersionVector<A> {
    let length = usize::arbitrary(g) % 9;
    (0..length)
        .filter_map(|_| Dot::new(actor(g), counter(g)))
        .collect()
}

fn number(g: &mut Gen) -> u64 {
    *g.choose(&[0, 1, 2, 3, 200, u64::MAX - 1, u64::MAX])
        .unwrap()
}

fn name(g: &mut Gen) -> String {
    (*g.choose(&["", "a", "ab", "b", "é"]).unwrap()).into()
}

fn life(g: &mut Gen) -> Actor<u64> {
    Actor::new(number(g), number(g))
}

fn dense(g: &mut Gen) -> VectorClock {
    let slots = usize::arbitrary(g) % 9;
    let counters: Vec<u64> = (0..slots).map(|_| counter(g) - 1).collect();
    VectorClock::from_counters(&counters).unwrap()
}

fn context<A: Ord + Clone>(g: &mut Gen, actor: fn(&mut Gen) -> A) -> DotContext<A> {
    let mut context = DotContext::from(vector(g, actor));
    for _ in 0..usize::arbitrary(g) % 9 {
        let last = counter(g);
        let after = last.saturating_sub(counter(g));
        if let Some(span) = Span::new(actor(g), after, last) {
            context.insert_span(&span).unwrap();
        }
    }
    context
}

/// The value is read again from its bytes, and from no others that resemble them.
fn check<T: Wire + PartialEq + std::fmt::Debug>(value: &T, g: &mut Gen) {
    let bytes = value.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value), "{bytes:?}");
    for length in 0..bytes.len() {
        assert!(T::from_bytes(&bytes[..length]).is_err(), "{value:?}");
    }
    for _ in 0..20 {
        let mut bytes = bytes.clone();
        let place = usize::arbitrary(g) % bytes.len();
        let any = u8::arbitrary(g);
        bytes[place] = *g.choose(&[0, 1, 2, 0x7f, 0x80, 0xff, any]).unwrap();
        check_canonical::<T>(&bytes);
    }
}

/// Whatever is accepted is exactly what would have been written.
fn check_canonical<T: Wire>(bytes: &[u8]) {
    let mut input = Reader::new(bytes);
    if let Ok(value) = T::decode(&mut input) {
        assert_eq!(value.to_bytes(), bytes[..input.offset()]);
    }
}

#[test]
fn every_value_has_one_encoding() {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        let (a, b) = (vector(g, number), vector(g, number));
        check(&a, g);
        check(&a.diff(&b), g);
        let (a, b) = (vector(g, name), vector(g, name));
        check(&a, g);
        check(&a.diff(&b), g);
        let (a, b) = (vector(g, life), vector(g, life));
        check(&a, g);
        check(&a.diff(&b), g);
        let (a, b) = (context(g, number), context(g, name));
        check(&a, g);
        check(&b, g);
        check(a.beyond(), g);
        check(&a.diff(&DotContext::new()).unwrap(), g);
        let (a, b) = (dense(g), dense(g));
        check(&a.diff(&b).unwrap(), g);
        let epoch = counter(g);
        let (a, b) = (a.with_epoch(epoch), b.with_epoch(epoch));
        check(&a.diff(&b).unwrap(), g);
    }
}

#[test]
fn random_bytes_are_refused_or_canonical() {
    for seed in 0..20 * SEEDS {
        let g = &mut Gen::from_size_and_seed(24, seed);
        let mut bytes = Vec::<u8>::arbitrary(g);
        if let Some(first) = bytes.first_mut() {
            // A small count, so that more than the count is read.
            *first %= 8;
        }
        check_canonical::<VersionVector<u64>>(&bytes);
        check_canonical::<VersionVector<String>>(&bytes);
        check_canonical::<VersionVector<Actor<u8>>>(&bytes);
        check_canonical::<Delta<u64>>(&bytes);
        check_canonical::<VectorDelta>(&bytes);
        check_canonical::<DotSet<u64>>(&bytes);
        check_canonical::<DotSet<String>>(&bytes);
        check_canonical::<DotContext<u8>>(&bytes);
    }
}

fn defect<T: Wire>(bytes: &[u8]) -> Option<(usize, Defect)> {
    match T::from_bytes(bytes) {
        Err(ClockError::Malformed { offset, defect }) => Some((offset, defect)),
        _ => None,
    }
}

#[test]
fn hostile_vectors_are_refused_with_the_place_and_the_defect() {
    type Vector = VersionVector<u64>;
    assert_eq!(defect::<Vector>(&[]), Some((0, Defect::Ended)));
    assert_eq!(defect::<Vector>(&[2, 7, 1]), Some((0, Defect::TooMany)));
    assert_eq!(defect::<Vector>(&[1, 7, 0]), Some((2, Defect::ZeroCounter)));
    assert_eq!(defect::<Vector>(&[0, 9]), Some((1, Defect::Surplus)));
    assert_eq!(
        defect::<Vector>(&[1, 7, 0x81, 0]),
        Some((3, Defect::Overlong))
    );
    let mut beyond = vec![2];
    write_u64(u64::MAX, &mut beyond);
    beyond.extend([1, 0, 1]);
    assert_eq!(defect::<Vector>(&beyond), Some((12, Defect::TooLarge)));
    let twice = [2, 1, b'a', 1, 1, b'a', 1];
    assert_eq!(
        defect::<VersionVector<String>>(&twice),
        Some((6, Defect::NotSorted))
    );
}

#[test]
fn hostile_deltas_are_refused_with_the_place_and_the_defect() {
    let mut too_far = vec![1, 7];
    write_u64(u64::MAX, &mut too_far);
    too_far.push(0);
    assert_eq!(
        defect::<Delta<u64>>(&too_far),
        Some((12, Defect::TooLarge)),
        "no event follows the last"
    );
    assert_eq!(
        defect::<VectorDelta>(&[1, 0]),
        Some((1, Defect::NotCanonical)),
        "epoch 0 is not written"
    );
    assert_eq!(
        defect::<VectorDelta>(&[4, 0, 0, 0]),
        Some((0, Defect::TooMany))
    );
    let mut no_such_slot = vec![2];
    write_count(VectorClock::SLOTS_MAX << 1, &mut no_such_slot);
    no_such_slot.push(0);
    assert_eq!(
        defect::<VectorDelta>(&no_such_slot),
        Some((3, Defect::TooLarge))
    );
}

#[test]
fn hostile_sets_of_dots_are_refused_with_the_place_and_the_defect() {
    type Set = DotSet<u64>;
    assert_eq!(Set::from_bytes(&[1, 7, 0, 2, 0]), {
        DotSet::from_spans(Span::new(7, 2, 3))
    });
    assert_eq!(
        defect::<Set>(&[1, 7, 2, 2, 0]),
        Some((2, Defect::TooMany)),
        "one of three runs"
    );
    let mut beyond_the_last = vec![1, 7, 1, 0];
    write_u64(u64::MAX - 1, &mut beyond_the_last);
    beyond_the_last.extend([0, 0]);
    assert_eq!(
        defect::<Set>(&beyond_the_last),
        Some((15, Defect::TooLarge))
    );
    let mut too_many = vec![1, 7];
    write_count(DotSet::<u64>::RUNS_MAX, &mut too_many);
    too_many.resize(too_many.len() + 2 * (DotSet::<u64>::RUNS_MAX + 1), 0);
    assert_eq!(defect::<Set>(&too_many), Some((4, Defect::TooMany)));
    // The vector knows events 1 to 3 of actor 7, so no run begins after event 3 or before.
    let context = |gap| [1, 7, 3, 1, 7, 0, gap, 0];
    assert_eq!(
        defect::<DotContext<u64>>(&context(3)),
        Some((7, Defect::NotCanonical))
    );
    assert!(DotContext::<u64>::from_bytes(&context(4)).is_ok());
}

#[test]
fn more_entries_than_allowed_are_refused_before_one_is_read() {
    let entries = VersionVector::<u64>::ENTRIES_MAX + 1;
    let mut bytes = Vec::new();
    write_count(entries, &mut bytes);
    let place = bytes.len() - 1;
    bytes.resize(bytes.len() + 3 * entries, 1);
    let refused = Some((place, Defect::TooMany));
    assert_eq!(defect::<VersionVector<u64>>(&bytes), refused);
    assert_eq!(defect::<Delta<u64>>(&bytes), refused);
}

/// An actor whose decoding does not keep the promise to come after the one before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unsorted(u8);

impl WireActor for Unsorted {
    fn encode_after(&self, _previous: Option<&Self>, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn decode_after(_previous: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        input.u8().map(Self)
    }
}

#[test]
fn a_foreign_actor_that_breaks_its_promise_is_refused() {
    assert!(VersionVector::<Unsorted>::from_bytes(&[2, 7, 1, 8, 1]).is_ok());
    for second in [6, 7] {
        assert_eq!(
            defect::<VersionVector<Unsorted>>(&[2, 7, 1, second, 1]),
            Some((3, Defect::NotSorted))
        );
        assert_eq!(
            defect::<Delta<Unsorted>>(&[2, 7, 1, 0, second, 1, 0]),
            Some((4, Defect::NotSorted))
        );
        assert_eq!(
            defect::<DotSet<Unsorted>>(&[2, 7, 0, 1, 0, second, 0, 1, 0]),
            Some((5, Defect::NotSorted))
        );
    }
}

/// collabs #70, peer-base #130, couchbase sync_gateway #867: whole clocks with every message were most
/// of the traffic, and compressing them was not enough.
#[test]
fn a_delta_of_four_actors_of_sixty_four_is_a_tenth_of_the_vector() {
    // As far apart as random names would be.
    let name = |index: u64| index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let dots = (1..=64).filter_map(|index| Dot::new(name(index), (1 << 20) - 1));
    let base: VersionVector<u64> = dots.collect();
    let mut vector = base.clone();
    let actors: Vec<u64> = base.iter().map(|(&actor, _)| actor).collect();
    for actor in actors.into_iter().step_by(16) {
        vector.tick(&actor).unwrap();
    }
    let delta = vector.diff(&base);
    assert_eq!((base.len(), delta.spans().len()), (64, 4));
    let (delta, whole) = (delta.to_bytes().len(), vector.to_bytes().len());
    assert!(10 * delta < whole, "{delta} of {whole} bytes");
}

/// The same of a dense clock: see above.
#[test]
fn a_delta_of_four_slots_of_sixty_four_takes_seventeen_bytes() {
    let counters: Vec<u64> = (0..64).map(|slot| (1 << 20) - 1 - slot).collect();
    let base = VectorClock::from_counters(&counters).unwrap();
    let mut clock = base.clone();
    for slot in [0, 13, 38, 63] {
        clock.tick(slot).unwrap();
    }
    assert_eq!(clock.diff(&base).unwrap().to_bytes().len(), 17);
}
