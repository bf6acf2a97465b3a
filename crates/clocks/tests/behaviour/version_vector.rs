//! Sparse vectors: the laws of their lattice, what is refused, what is allocated, and the bugs of
//! others that they must not have.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use clocks::wire::{Wire, write_count};
use clocks::{
    Causality, ClockError, Defect, Delta, Dot, DotContext, DotSet, NamedClock, Roster, VectorClock,
    VectorDelta, VersionVector,
};
use quickcheck::{Arbitrary, Gen};

const SEEDS: u64 = 3_000;

type Vector = VersionVector<u16>;

/// Actors and counters so few that all four orders are common; lengths on both sides of 4, up to
/// which there is no allocation.
fn vector(g: &mut Gen) -> Vector {
    let (length, actors) = *g.choose(&[(3, 3), (6, 8), (40, 60)]).unwrap();
    let dots = (0..usize::arbitrary(g) % (length + 1))
        .filter_map(|_| Dot::new(u16::arbitrary(g) % actors, u64::arbitrary(g) % 4));
    dots.collect()
}

fn join(a: &Vector, b: &Vector) -> Vector {
    let mut joined = a.clone();
    assert_eq!(joined.merge(b), joined != *a);
    check_canonical(&joined);
    joined
}

fn meet(a: &Vector, b: &Vector) -> Vector {
    let mut met = a.clone();
    assert_eq!(met.meet(b), met != *a);
    check_canonical(&met);
    met
}

fn check_canonical(vector: &Vector) {
    let pairs: Vec<_> = vector.iter().collect();
    assert!(
        pairs.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{vector}"
    );
    assert!(pairs.iter().all(|&(_, counter)| counter > 0), "{vector}");
    assert_eq!(
        (pairs.len(), pairs.is_empty()),
        (vector.len(), vector.is_empty())
    );
}

fn hash(vector: &Vector) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(vector)
}

fn for_each_three(mut check: impl FnMut(&Vector, &Vector, &Vector)) {
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(100, seed);
        check(&vector(g), &vector(g), &vector(g));
    }
}

#[test]
fn join_and_meet_are_a_distributive_lattice() {
    for_each_three(|a, b, c| {
        assert_eq!(join(a, b), join(b, a));
        assert_eq!(meet(a, b), meet(b, a));
        assert_eq!(join(&join(a, b), c), join(a, &join(b, c)));
        assert_eq!(meet(&meet(a, b), c), meet(a, &meet(b, c)));
        assert_eq!((&join(a, a), &meet(a, a)), (a, a));
        assert_eq!((&join(a, &meet(a, b)), &meet(a, &join(a, b))), (a, a));
        assert_eq!(meet(a, &join(b, c)), join(&meet(a, b), &meet(a, c)));
        assert_eq!(&join(a, &Vector::new()), a);
        assert_eq!(meet(a, &Vector::new()), Vector::new());
    });
}

#[test]
fn the_order_is_partial_and_that_of_the_lattice() {
    for_each_three(|a, b, c| {
        assert_eq!(a <= b, join(a, b) == *b);
        assert_eq!(a <= b, meet(a, b) == *a);
        assert_eq!(a.compare(b), b.compare(a).reverse());
        assert_eq!(a.compare(a), Causality::Equal);
        assert_eq!(a <= b && b <= a, a == b);
        assert!(!(a <= b && b <= c) || a <= c);
        let (above, top) = (join(a, b), join(&join(a, b), c));
        assert!(*a <= above && above <= top && *a <= top);
        assert_eq!(a.happened_before(b), a < b);
        assert_eq!(a.is_concurrent(b), a.partial_cmp(b).is_none());
    });
}

#[test]
fn applying_the_difference_is_merging() {
    for_each_three(|a, b, c| {
        let delta = a.diff(b);
        let mut caught_up = b.clone();
        assert_eq!(caught_up.apply(&delta), Ok(!delta.is_empty()));
        assert_eq!(caught_up, join(a, b));
        check_canonical(&caught_up);
        assert_eq!(caught_up.apply(&delta), Ok(false), "a delta may come twice");
        assert_eq!(delta.is_empty(), a <= b);
        // Whoever knows at least the base learns the same news.
        let mut further = join(b, c);
        further.apply(&delta).unwrap();
        assert_eq!(further, join(&join(a, b), c));
        // Whoever does not is told so, and unchanged.
        let mut stranger = c.clone();
        let gap = delta
            .spans()
            .iter()
            .find(|span| span.after() > c.get(&span.actor));
        match (stranger.apply(&delta), gap) {
            (Ok(_), None) => {
                let lasts = delta.spans().iter();
                let news = lasts.filter_map(|span| Dot::new(span.actor, span.last()));
                assert_eq!(stranger, join(c, &news.collect()));
            }
            (Err(error), Some(span)) => {
                let (after, known) = (span.after(), c.get(&span.actor));
                assert_eq!(error, ClockError::DeltaGap { after, known });
                assert_eq!(stranger, *c);
            }
            (result, gap) => panic!("{result:?} with {gap:?}"),
        }
    });
}

#[test]
fn equal_vectors_hash_alike_however_they_were_made() {
    for_each_three(|a, b, _| {
        let (there, back) = (join(a, b), join(b, a));
        assert_eq!(hash(&there), hash(&back));
        // Lowered from many entries on the heap, or built from few in place.
        let few: Vector = a.clone().into_iter().take(2).collect();
        let lowered = meet(&there, &few);
        assert_eq!(lowered, few);
        assert_eq!(hash(&lowered), hash(&few));
        let mut copied = b.clone();
        copied.clone_from(a);
        assert_eq!((&copied, hash(&copied)), (a, hash(a)));
    });
}

#[test]
fn a_vector_is_built_from_its_own_pairs_and_dots() {
    for_each_three(|a, b, _| {
        let pairs = a.iter().map(|(&actor, counter)| (actor, counter));
        assert_eq!(Vector::from_pairs(pairs.rev()).as_ref(), Ok(a));
        assert_eq!(&a.clone().into_iter().collect::<Vector>(), a);
        let mut extended = a.clone();
        extended.extend(b.clone().into_iter().chain(a.clone()));
        assert_eq!(extended, join(a, b));
        let mut witnessed = a.clone();
        for dot in b.clone() {
            assert_eq!(witnessed.witness(dot), !witnessed_before(a, dot));
            check_canonical(&witnessed);
        }
        assert_eq!(witnessed, join(a, b));
    });
}

fn witnessed_before(vector: &Vector, dot: Dot<u16>) -> bool {
    vector.contains(&dot)
}

#[test]
fn receiving_is_merging_and_then_ticking() {
    for_each_three(|a, b, _| {
        let mut stepwise = a.clone();
        stepwise.merge(b);
        let dot = stepwise.tick(&7).unwrap();
        let mut received = a.clone();
        assert_eq!(received.receive(&7, b), Ok(dot));
        assert_eq!(received, stepwise);
        assert!(received.contains(&dot) && *a < received && *b < received);
    });
}

#[test]
fn an_actor_beyond_the_limit_is_refused_before_anything_is_merged() {
    for_each_three(|a, b, _| {
        let joined = join(a, b);
        for actors_max in 0..joined.len() + 2 {
            let mut merged = a.clone();
            let result = merged.merge_within(b, actors_max);
            if joined.len() <= actors_max || joined.len() == a.len() {
                assert_eq!(result, Ok(joined != *a));
                assert_eq!(merged, joined);
            } else {
                let actors = joined.len();
                assert_eq!(
                    result,
                    Err(ClockError::TooManyActors { actors, actors_max })
                );
                assert_eq!(merged, *a);
            }
        }
    });
}

#[test]
fn a_roster_gives_names_to_slots_and_slots_to_names() {
    let roster = Roster::new(3, (0..60).rev()).unwrap();
    let named = |vector: Vector| NamedClock::new(3, vector);
    for_each_three(|a, b, _| {
        let (named_a, named_b) = (named(a.clone()), named(b.clone()));
        let dense_a = roster.to_dense(&named_a).unwrap();
        let dense_b = roster.to_dense(&named_b).unwrap();
        assert_eq!(roster.to_sparse(&dense_a), Ok(named_a));
        assert_eq!(dense_a.compare(&dense_b), Ok(a.compare(b)));
        let mut merged = dense_a.clone();
        merged.merge(&dense_b).unwrap();
        assert_eq!(roster.to_sparse(&merged), Ok(named(join(a, b))));
    });
    let stranger = named(Vector::from_pairs([(60, 1)]).unwrap());
    assert_eq!(roster.to_dense(&stranger), Err(ClockError::UnknownActor));
    let other_epoch = roster.clock().with_epoch(4);
    assert_eq!(
        roster.to_sparse(&other_epoch),
        Err(ClockError::EpochMismatch { own: 3, other: 4 })
    );
    let mut wider = VectorClock::new(61).unwrap().with_epoch(3);
    assert_eq!(roster.to_sparse(&wider), Ok(named(Vector::new())));
    wider.tick(60).unwrap();
    assert_eq!(
        roster.to_sparse(&wider),
        Err(ClockError::UnknownSlot {
            slot: 60,
            slots: 60
        })
    );
}

/// Pseudo-random actors, as many as are asked for.
fn wide(length: u64, seed: u64) -> VersionVector<u64> {
    let actor = |index: u64| (index ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let pairs = (0..length).map(|index| (actor(index), 1 + (index * 7 + seed) % 5));
    VersionVector::from_pairs(pairs).unwrap()
}

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn a_merge_of_the_same_or_fewer_actors_allocates_nothing() {
    for length in [1, 4, 5, 16, 64, 1_000] {
        let mut own = wide(length, 0);
        let same: VersionVector<u64> = own
            .iter()
            .map(|(&a, n)| Dot::new(a, n + 1).unwrap())
            .collect();
        let fewer: VersionVector<u64> = same.clone().into_iter().step_by(3).collect();
        assert_eq!(allocations(|| assert!(own.merge(&fewer))), 0, "{length}");
        assert_eq!(
            allocations(|| assert!(own.merge(&same) || length == 1)),
            0,
            "{length}"
        );
        assert_eq!(allocations(|| assert!(!own.merge(&same))), 0, "{length}");
        assert_eq!(
            allocations(|| assert_eq!(own.meet(&fewer), length > 1)),
            0,
            "{length}"
        );
        assert_eq!(allocations(|| assert!(own <= same)), 0, "{length}");
    }
}

#[test]
fn a_merge_with_new_actors_allocates_once() {
    for (length, more) in [
        (3, 2),
        (16, 16),
        (64, 64),
        (500, 500),
        (1_000, 3),
        (3, 1_000),
    ] {
        let (mut own, other) = (wide(length, 0), wide(more, 1 << 40));
        assert_eq!(
            allocations(|| assert!(own.merge(&other))),
            1,
            "{length} {more}"
        );
        assert_eq!(own.len() as u64, length + more);
    }
}

#[test]
fn four_entries_need_no_allocation() {
    let (left, right) = (wide(2, 0), wide(2, 1 << 40));
    let work = || {
        let mut vector = left.clone();
        vector.merge(&right);
        vector.merge(&left);
        let mut out = VersionVector::new();
        out.join_into(&vector, &right);
        out.tick(left.iter().next().unwrap().0).unwrap();
        assert_eq!((vector.len(), out.len()), (4, 4));
        assert_eq!(out.into_iter().count(), 4);
    };
    assert_eq!(allocations(work), 0);
}

#[test]
fn a_join_into_a_used_vector_reuses_its_room() {
    let (left, right) = (wide(40, 0), wide(40, 1 << 40));
    let mut out = VersionVector::new();
    assert_eq!(allocations(|| out.join_into(&left, &right)), 1);
    assert_eq!(allocations(|| out.join_into(&right, &left)), 0);
    assert_eq!(allocations(|| out.clone_from(&left)), 0);
    assert_eq!(out, left);
}

/// However much the bytes claim, decoding takes no more memory than a small multiple of them.
#[test]
fn hostile_bytes_allocate_no_more_than_a_small_multiple_of_them() {
    fn check<T: Wire>(bytes: &[u8]) {
        let taken = allocation_counter::measure(|| drop(T::from_bytes(bytes))).bytes_max;
        assert!(
            taken <= 64 * bytes.len() as u64 + 256,
            "{taken} of {bytes:?}"
        );
    }
    for seed in 0..SEEDS {
        let g = &mut Gen::from_size_and_seed(40, seed);
        let mut bytes = Vec::new();
        write_count(
            *g.choose(&[1, 2, 20, 1 << 20, usize::MAX >> 1]).unwrap(),
            &mut bytes,
        );
        bytes.extend(Vec::<u8>::arbitrary(g).into_iter().map(|byte| byte % 32));
        check::<VersionVector<u64>>(&bytes);
        check::<VersionVector<String>>(&bytes);
        check::<Delta<u64>>(&bytes);
        check::<VectorDelta>(&bytes);
        check::<DotSet<u64>>(&bytes);
        check::<DotSet<String>>(&bytes);
        check::<DotContext<u64>>(&bytes);
    }
    // Many runs of one actor with a long name: the name is kept once.
    let mut bytes = vec![1];
    "name".repeat(1_000).encode_name(&mut bytes);
    write_count(9_999, &mut bytes);
    bytes.resize(bytes.len() + 20_000, 0);
    check::<DotSet<String>>(&bytes);
    assert_eq!(DotSet::<String>::from_bytes(&bytes).unwrap().runs(), 10_000);
}

trait EncodeName {
    fn encode_name(&self, out: &mut Vec<u8>);
}

impl EncodeName for String {
    fn encode_name(&self, out: &mut Vec<u8>) {
        clocks::wire::WireActor::encode_after(self, None, out);
    }
}

#[test]
fn a_vector_is_shown_with_its_actors_and_counters() {
    let vector = VersionVector::from_pairs([("b", 4), ("a", 1)]).unwrap();
    assert_eq!(format!("{vector}"), "{a:1, b:4}");
    assert_eq!(format!("{vector:?}"), r#"VersionVector{"a": 1, "b": 4}"#);
    let mut context = DotContext::from(vector);
    context.insert(&Dot::new("a", 3).unwrap()).unwrap();
    assert_eq!(format!("{context}"), "{a:1-1, a:3-3, b:1-4}");
    assert_eq!(
        format!("{:?}", context.beyond()),
        r#"DotSet{"a": [(3, 3)]}"#
    );
}

/// crdts 7.3.2: a deserialised `{7:0}` compares `Greater` with `{}`, and `{}` with it. Here a
/// counter of zero is dropped, or refused where it was decoded.
#[test]
fn crdts_a_zero_entry_is_not_greater_than_none() {
    let zero = Vector::from_pairs([(7, 0)]).unwrap();
    assert_eq!(zero, Vector::new());
    assert_eq!(zero.compare(&Vector::new()), Causality::Equal);
    assert_eq!(Vector::new().compare(&zero), Causality::Equal);
    assert_eq!(
        Vector::from_bytes(&[1, 7, 0]),
        Err(ClockError::Malformed {
            offset: 2,
            defect: Defect::ZeroCounter
        })
    );
}

/// crdts 7.3.2: `inc` at the greatest counter loses the event in release builds, and panics in
/// others. vclock 0.4.4 wraps a `u8` counter from 255 to 0, vector_clock 0.0.0 a `u32`.
#[test]
fn an_event_that_cannot_be_counted_is_refused_and_changes_nothing() {
    let full = Vector::from_pairs([(7, u64::MAX), (9, 1)]).unwrap();
    let mut vector = full.clone();
    assert_eq!(vector.tick(&7), Err(ClockError::CounterExhausted));
    assert_eq!(vector.send(&7).err(), Some(ClockError::CounterExhausted));
    let other = Vector::from_pairs([(8, 3)]).unwrap();
    assert_eq!(
        vector.receive(&7, &other),
        Err(ClockError::CounterExhausted)
    );
    assert_eq!(vector, full);
    let mut vector = other.clone();
    assert_eq!(vector.receive(&7, &full), Err(ClockError::CounterExhausted));
    assert_eq!(vector, other);
    for before in [u64::from(u8::MAX), u64::from(u32::MAX)] {
        let mut vector = Vector::from_pairs([(7, before)]).unwrap();
        assert_eq!(vector.tick(&7).unwrap().number(), before + 1);
    }
}

/// vclock 0.4.4: the first `incr` of an actor yields 0, so that `{a:0}` is greater than `{}` and
/// the first event cannot be told from none.
#[test]
fn vclock_the_first_event_has_number_one() {
    let mut vector = Vector::new();
    assert_eq!(vector.tick(&7).unwrap().number(), 1);
    assert!(Vector::new() < vector);
}

/// Voldemort #21 (2009): the resolver of inconsistent versions was incorrect. A version is resolved
/// away exactly when it happened before another; which comes first in the list does not matter.
#[test]
fn voldemort_21_only_what_happened_before_another_version_is_resolved_away() {
    let version = |pairs: &[(u16, u64)]| Vector::from_pairs(pairs.iter().copied()).unwrap();
    let mut versions = [
        version(&[(1, 1)]),
        version(&[(1, 2)]),
        version(&[(1, 1), (2, 1)]),
        version(&[(2, 1), (3, 1)]),
        version(&[(3, 1)]),
    ];
    for _ in 0..versions.len() {
        versions.rotate_left(1);
        let is_obsolete = |version: &&Vector| versions.iter().any(|other| *version < other);
        let mut left: Vec<String> = versions
            .iter()
            .filter(|version| !is_obsolete(version))
            .map(Vector::to_string)
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["{1:1, 2:1}", "{1:2}", "{2:1, 3:1}"]);
    }
}

/// Hazelcast #1683 (2014): two clocks with the same counters of different members were mistaken for
/// each other.
#[test]
fn hazelcast_1683_the_same_counters_of_other_actors_are_concurrent() {
    let own = Vector::from_pairs([(1, 2), (2, 1)]).unwrap();
    let other = Vector::from_pairs([(1, 2), (3, 1)]).unwrap();
    assert_eq!(own.compare(&other), Causality::Concurrent);
    assert_eq!(other.compare(&own), Causality::Concurrent);
    assert_ne!(own, other);
}

/// GoVector #69 (2023): an actor that only the other clock has was not looked at. #62 (2020): the
/// comparison ended at the first entry that was greater, before a later one that was smaller.
#[test]
fn govector_62_and_69_every_entry_of_both_clocks_counts() {
    let own = Vector::from_pairs([(1, 1)]).unwrap();
    let other = Vector::from_pairs([(1, 1), (2, 1)]).unwrap();
    assert_eq!(own.compare(&other), Causality::Before);
    assert_eq!(other.compare(&own), Causality::After);
    let first = Vector::from_pairs([(1, 2), (2, 1)]).unwrap();
    let second = Vector::from_pairs([(1, 1), (2, 2)]).unwrap();
    assert_eq!(first.compare(&second), Causality::Concurrent);
    assert_eq!(second.compare(&first), Causality::Concurrent);
}
