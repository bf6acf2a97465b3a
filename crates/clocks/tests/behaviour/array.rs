//! A clock of fixed width says what the dense clock of the same counters says, without allocating.

use clocks::wire::Wire;
use clocks::{ArrayClock, Causality, ClockError, Defect, Dot, VectorClock};
use quickcheck::{Arbitrary, Gen};

const SEEDS: u64 = 300;

fn counters<const N: usize>(g: &mut Gen) -> [u64; N] {
    std::array::from_fn(|_| {
        *g.choose(&[0, 1, 2, 3, 1 << 63, u64::MAX - 1, u64::MAX])
            .unwrap()
    })
}

fn dense<const N: usize>(clock: &ArrayClock<N>) -> VectorClock {
    VectorClock::try_from(clock).unwrap()
}

/// Every operation beside that of the dense clock.
fn agrees<const N: usize>() {
    for seed in 0..SEEDS {
        let mut g = Gen::from_size_and_seed(20, seed);
        let (a, b) = (
            ArrayClock::<N>::from(counters(&mut g)),
            ArrayClock::from(counters(&mut g)),
        );
        let (dense_a, dense_b) = (dense(&a), dense(&b));
        assert_eq!(a.compare(&b), dense_a.compare(&dense_b).unwrap(), "{a} {b}");
        assert_eq!(a.partial_cmp(&b), dense_a.partial_cmp(&dense_b));
        assert_eq!(a.happened_before(&b), dense_a < dense_b);
        assert_eq!(
            a.is_concurrent(&b),
            dense_a.is_concurrent(&dense_b).unwrap()
        );
        assert_eq!(a.compare(&a), Causality::Equal);

        let (mut joined, mut dense_joined) = (a, dense_a.clone());
        assert_eq!(joined.merge(&b), dense_joined.merge(&dense_b).unwrap());
        assert_eq!(dense(&joined), dense_joined);
        assert!(!joined.merge(&b) && !joined.merge(&a));
        let mut out = ArrayClock::from(counters(&mut g));
        out.join_into(&a, &b);
        assert_eq!(out, joined);

        let (mut met, mut dense_met) = (a, dense_a.clone());
        assert_eq!(met.meet(&b), dense_met.meet(&dense_b).unwrap());
        assert_eq!(dense(&met), dense_met);

        let delta = joined.diff(&b);
        assert_eq!(delta, dense_joined.diff(&dense_b).unwrap());
        let mut peer = b;
        assert_eq!(peer.apply(&delta), Ok(joined != b));
        assert_eq!(peer, joined);

        for slot in 0..=N {
            let (mut here, mut there) = (a, dense_a.clone());
            assert_eq!(here.tick(slot), there.tick(slot));
            assert_eq!(dense(&here), there);
            assert_eq!(here.receive(slot, &b), there.receive(slot, &dense_b));
            assert_eq!(dense(&here), there, "a refused receive merges nothing");
            assert_eq!(here.get(slot), there.get(slot));
            let dot = Dot::new(slot, u64::arbitrary(&mut g).max(1)).unwrap();
            assert_eq!(a.contains(dot), dense_a.contains(dot));
        }
        assert_eq!(ArrayClock::from_bytes(&a.to_bytes()), Ok(a));
        assert_eq!(ArrayClock::<N>::try_from(&dense_a), Ok(a));
        assert_eq!(a.is_empty(), dense_a.is_empty());
        assert!((&a).into_iter().eq(&dense_a) && a.iter().eq(&a));
        assert_eq!(a.to_string(), dense_a.to_string());
    }
}

#[test]
fn an_array_clock_agrees_with_the_dense_clock() {
    agrees::<0>();
    agrees::<1>();
    agrees::<3>();
    agrees::<5>();
    agrees::<7>();
    agrees::<16>();
    agrees::<17>();
    agrees::<64>();
}

#[test]
fn no_operation_on_an_array_clock_allocates() {
    let (start, other) = (
        ArrayClock::from_counters([3, 1, 4, 1, 5]),
        ArrayClock::from([2; 5]),
    );
    let counted = allocation_counter::measure(|| {
        let mut clock = start;
        let mut out = ArrayClock::new();
        clock.tick(0).unwrap();
        let stamp = clock.send(1).unwrap();
        clock.receive(2, &other).unwrap();
        clock.merge(&stamp);
        out.join_into(&clock, &stamp);
        clock.meet(&other);
        assert!(clock < out && out.contains(Dot::new(0, 4).unwrap()));
        assert_eq!(clock.iter().count(), 5);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn no_merge_of_dense_clocks_of_equal_width_allocates() {
    let start = VectorClock::from_counters(&(0..100).collect::<Vec<_>>()).unwrap();
    let other = VectorClock::from_counters(&(0..100).rev().collect::<Vec<_>>()).unwrap();
    let (mut clock, mut out) = (start.clone(), start.clone());
    let counted = allocation_counter::measure(|| {
        clock.merge(&other).unwrap();
        out.join_into(&start, &other).unwrap();
        assert_eq!(clock.compare(&out), Ok(Causality::Equal));
        clock.meet(&start).unwrap();
        clock.receive(3, &other).unwrap();
        out.clone_from(&start);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn an_array_clock_takes_only_the_deltas_and_clocks_that_fit() {
    let wide = VectorClock::from_counters(&[1, 2, 0, 4]).unwrap();
    let slots = 3;
    assert_eq!(
        ArrayClock::<3>::try_from(&wide),
        Err(ClockError::UnknownSlot { slot: 3, slots })
    );
    let narrow = VectorClock::from_counters(&[1, 2]).unwrap();
    assert_eq!(
        ArrayClock::<3>::try_from(&narrow).unwrap().as_array(),
        &[1, 2, 0]
    );
    let zeros = VectorClock::from_counters(&[1, 0, 0, 0]).unwrap();
    assert_eq!(ArrayClock::<1>::try_from(&zeros).unwrap().as_array(), &[1]);
    let foreign = narrow.clone().with_epoch(2);
    let mismatch = Err(ClockError::EpochMismatch { own: 0, other: 2 });
    assert_eq!(ArrayClock::<3>::try_from(&foreign), mismatch);

    let mut clock = ArrayClock::<3>::new();
    let delta = wide.diff(&VectorClock::default()).unwrap();
    let unknown = Err(ClockError::UnknownSlot { slot: 3, slots });
    assert_eq!(clock.apply(&delta), unknown);
    let delta = foreign.diff(&foreign).unwrap();
    let mismatch = Err(ClockError::EpochMismatch { own: 0, other: 2 });
    assert_eq!(clock.apply(&delta), mismatch);
    assert!(clock.is_empty(), "a refused delta changes nothing");
}

#[test]
fn the_compact_form_of_an_array_clock_is_its_counters() {
    let clock = ArrayClock::from_counters([1, 0, 300]);
    assert_eq!(clock.to_bytes(), [1, 0, 0xac, 2]);
    let defect = Defect::Ended;
    assert_eq!(
        ArrayClock::<3>::from_bytes(&[1, 0]),
        Err(ClockError::Malformed { offset: 2, defect })
    );
    let defect = Defect::Surplus;
    assert_eq!(
        ArrayClock::<3>::from_bytes(&[1, 0, 2, 0]),
        Err(ClockError::Malformed { offset: 3, defect })
    );
    assert_eq!(format!("{clock:?}"), "ArrayClock[1, 0, 300]");
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_form_of_an_array_clock_is_a_sequence_of_exactly_so_many_counters() {
    let clock = ArrayClock::from_counters([1, 0, 4]);
    assert_eq!(serde_json::to_string(&clock).unwrap(), "[1,0,4]");
    assert_eq!(
        serde_json::from_str::<ArrayClock<3>>("[1,0,4]").unwrap(),
        clock
    );
    assert!(
        serde_json::from_str::<ArrayClock<0>>("[]")
            .unwrap()
            .is_empty()
    );
    for text in [
        "[1,0]",
        "[1,0,4,0]",
        "[1,0,-4]",
        "{}",
        "7",
        "[1,0,18446744073709551616]",
    ] {
        assert!(
            serde_json::from_str::<ArrayClock<3>>(text).is_err(),
            "{text}"
        );
    }
    // Not every format refuses a longer sequence by itself.
    use serde::Deserialize as _;
    use serde::de::value::{Error, SeqDeserializer};
    let decode = |counters: &[u64]| {
        ArrayClock::<2>::deserialize(SeqDeserializer::<_, Error>::new(counters.iter().copied()))
    };
    assert_eq!(decode(&[7, 8]).unwrap().as_array(), &[7, 8]);
    assert!(decode(&[7]).is_err());
    assert!(decode(&[7, 8, 9]).is_err());
}
