//! The forms of an interval tree clock: one for each value, and hostile input is refused in bounds.

use crate::paper::{PaperEvents, events, events_bytes, ids, pack, stamp};
use clocks::itc::{DEPTH_MAX, Events, LEAVES_MAX, Stamp};
use clocks::wire::{Wire, write_u64};
use clocks::{ClockError, Defect};
use quickcheck::{Arbitrary, Gen};

fn defect<T: std::fmt::Debug>(result: Result<T, ClockError>) -> Defect {
    match result.unwrap_err() {
        ClockError::Malformed { defect, .. } => defect,
        error => panic!("{error:?}"),
    }
}

/// The bytes of events with this shape and these numbers.
fn bytes(shape: &[u8], numbers: &[u64]) -> Vec<u8> {
    let shape: Vec<bool> = shape.iter().map(|&bit| bit == 1).collect();
    let mut bytes = pack(&shape);
    for &number in numbers {
        write_u64(number, &mut bytes);
    }
    bytes
}

#[test]
fn every_small_value_has_the_bytes_of_the_documented_form() {
    let none = PaperEvents::Leaf(0);
    for id in ids(2) {
        let stamp = stamp(&id, &none);
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), Ok(stamp));
    }
    for tree in events(2, 2) {
        let encoded = events_bytes(&tree);
        assert_eq!(Events::from_bytes(&encoded).unwrap().to_bytes(), encoded);
    }
    let seed = Stamp::seed().to_bytes();
    assert_eq!(
        seed,
        [0b10, 0, 0, 0],
        "an owned leaf; a leaf, 0, and 0 above it"
    );
}

#[test]
fn what_is_not_canonical_is_refused() {
    let from = |shape: &[u8], numbers: &[u64]| Events::from_bytes(&bytes(shape, numbers));
    assert!(from(&[1, 0, 0], &[5, 0, 1]).is_ok());
    assert_eq!(
        defect(from(&[1, 0, 0], &[5, 0, 0])),
        Defect::NotCanonical,
        "equal siblings"
    );
    assert_eq!(
        defect(from(&[1, 0, 0], &[5, 1, 2])),
        Defect::NotCanonical,
        "not the smallest"
    );
    assert_eq!(defect(from(&[0], &[5, 1])), Defect::NotCanonical);
    assert_eq!(
        defect(from(&[0, 1], &[5, 0])),
        Defect::NotCanonical,
        "the rest of the byte"
    );
    // Equal neighbours that are no siblings are fine.
    assert!(from(&[1, 1, 0, 0, 1, 0, 0], &[0, 0, 1, 1, 0]).is_ok());
    assert!(from(&[1, 0, 1, 0, 0], &[0, 1, 1, 0]).is_ok());
    assert_eq!(defect(from(&[0], &[u64::MAX, 1])), Defect::TooLarge);
    assert_eq!(defect(from(&[0], &[0])), Defect::Ended);
    assert_eq!(defect(from(&[1, 0], &[])), Defect::Ended);
    assert_eq!(defect(from(&[0], &[0, 0, 0])), Defect::Surplus);
}

#[test]
fn a_stamp_that_owns_nothing_is_refused() {
    assert_eq!(
        defect(Stamp::from_bytes(&[0b00, 0, 0, 0])),
        Defect::NotCanonical
    );
    assert_eq!(
        defect(Stamp::from_bytes(&[0b0001, 0, 0, 0])),
        Defect::NotCanonical
    );
}

#[test]
fn a_tree_deeper_than_allowed_is_refused_and_one_as_deep_is_not() {
    let tree = |depth: usize| {
        let mut shape = vec![1; depth];
        shape.extend(vec![0; depth + 1]);
        let mut numbers = vec![0];
        numbers.extend((0..=depth as u64).map(|leaf| leaf % 2));
        Events::from_bytes(&bytes(&shape, &numbers))
    };
    let depth_max = usize::from(DEPTH_MAX);
    assert_eq!(tree(depth_max).unwrap().depth(), DEPTH_MAX);
    assert_eq!(defect(tree(depth_max + 1)), Defect::TooDeep);
    let endless = vec![0xff; 1 << 20];
    assert_eq!(defect(Events::from_bytes(&endless)), Defect::TooDeep);
    assert_eq!(defect(Stamp::from_bytes(&[0xff; 1 << 10])), Defect::TooDeep);
}

/// A full tree of `leaves`, a power of two.
fn full_tree(leaves: usize) -> Vec<u8> {
    fn shape(leaves: usize, bits: &mut Vec<u8>) {
        if leaves == 1 {
            bits.push(0);
        } else {
            bits.push(1);
            shape(leaves / 2, bits);
            shape(leaves / 2, bits);
        }
    }
    let mut bits = Vec::new();
    shape(leaves, &mut bits);
    let mut numbers = vec![0];
    numbers.extend((0..leaves as u64).map(|leaf| leaf % 2));
    bytes(&bits, &numbers)
}

#[test]
fn a_tree_of_too_many_leaves_is_refused() {
    let most = Events::from_bytes(&full_tree(LEAVES_MAX)).unwrap();
    assert_eq!(most.leaves(), LEAVES_MAX);
    let refused = Events::from_bytes(&full_tree(LEAVES_MAX * 2));
    assert_eq!(defect(refused), Defect::TooMany);
}

#[test]
fn a_tree_that_would_have_too_many_leaves_is_refused_and_nothing_changes() {
    let most = Events::from_bytes(&full_tree(LEAVES_MAX)).unwrap();
    // An owner far below the leaves of the full tree.
    let mut deep = Stamp::seed();
    for _ in 0..18 {
        let _ = deep.fork().unwrap();
    }
    let mut other = deep.clone();
    deep.event().unwrap();
    let before = deep.clone();
    let refused = ClockError::TooManyLeaves {
        leaves: LEAVES_MAX + 2,
        leaves_max: LEAVES_MAX,
    };
    assert_eq!(deep.merge(&most), Err(refused.clone()));
    assert_eq!(deep.receive(&most), Err(refused.clone()));
    let mut out = Events::none();
    assert_eq!(out.join_into(deep.peek(), &most), Err(refused));
    assert_eq!((&deep, &out), (&before, &Events::none()));
    // Known in full, it leaves no room for an event below its leaves.
    assert_eq!(other.merge(&most), Ok(true));
    let before = other.clone();
    assert!(matches!(
        other.event(),
        Err(ClockError::TooManyLeaves { .. })
    ));
    assert_eq!(other, before);
}

/// A stamp without events, that owns every other one of so many leaves in one half of the line.
fn scattered(leaves: usize, is_left: bool) -> Stamp {
    fn alternate(leaves: usize, owned: &mut bool, bits: &mut Vec<bool>) {
        if leaves == 1 {
            *owned = !*owned;
            bits.extend([false, *owned]);
        } else {
            bits.push(true);
            alternate(leaves / 2, owned, bits);
            alternate(leaves - leaves / 2, owned, bits);
        }
    }
    let (empty, mut bits) = ([false, false], vec![true]);
    if !is_left {
        bits.extend(empty);
    }
    alternate(leaves, &mut false, &mut bits);
    if is_left {
        bits.extend(empty);
    }
    let mut bytes = pack(&bits);
    bytes.extend([0, 0, 0]);
    Stamp::from_bytes(&bytes).unwrap()
}

#[test]
fn identities_that_would_have_too_many_leaves_are_not_joined_and_nothing_changes() {
    let half = LEAVES_MAX / 2;
    let mut left = scattered(half, true);
    left.join(scattered(half, false)).unwrap();
    assert_eq!(left.id_leaves(), LEAVES_MAX);
    assert_eq!(Stamp::from_bytes(&left.to_bytes()).as_ref(), Ok(&left));

    let (mut left, mut right) = (scattered(half, true), scattered(half + 1, false));
    let before = (left.clone(), right.clone());
    let error = ClockError::TooManyLeaves {
        leaves: LEAVES_MAX + 1,
        leaves_max: LEAVES_MAX,
    };
    assert_eq!(left.joined_id_leaves(&right), Err(error.clone()));
    assert_eq!(left.sync(&mut right), Err(error.clone()));
    let refused = left.join(right.clone()).unwrap_err();
    assert_eq!((refused.error, &*refused.value), (error, &right));
    assert_eq!((left, right), before);
}

#[test]
fn a_message_after_which_nothing_more_could_be_counted_is_refused() {
    let mut owner = Stamp::seed();
    let _other = owner.fork().unwrap();
    owner.event().unwrap();
    let before = owner.clone();
    // The other half at the greatest count: the receipt would raise the owner to it.
    let greatest = Events::from_bytes(&bytes(&[1, 0, 0], &[0, 0, u64::MAX])).unwrap();
    assert_eq!(owner.receive(&greatest), Err(ClockError::CounterExhausted));
    assert_eq!(owner, before);
    let great = Events::from_bytes(&bytes(&[1, 0, 0], &[0, 0, u64::MAX - 1])).unwrap();
    owner.receive(&great).unwrap();
    owner.event().unwrap();
    assert_eq!(owner.event(), Err(ClockError::CounterExhausted));
    // A count that is the greatest where the owner is not raised to it does no harm.
    let mut apart = before.clone();
    let harmless = Events::from_bytes(&bytes(&[1, 0, 1, 0, 0], &[0, 0, 0, u64::MAX])).unwrap();
    apart.receive(&harmless).unwrap();
    assert_eq!(apart.event(), Ok(()));

    // Leaves never come to an end so: the receipt leaves one that is owned, where the next counts.
    let most = Events::from_bytes(&full_tree(LEAVES_MAX)).unwrap();
    for forks in 0..18 {
        let mut deep = Stamp::seed();
        for _ in 0..forks {
            let _ = deep.fork().unwrap();
        }
        let received = deep.receive(&most);
        assert_eq!(received.is_ok(), forks <= 16, "{forks}: {received:?}");
        assert_eq!(deep.event(), Ok(()), "{forks}");
        assert_eq!(deep.event(), Ok(()), "{forks}");
    }
}

#[test]
fn no_bytes_lead_to_a_panic_and_what_is_read_is_what_was_written() {
    let valid = {
        let mut stamp = Stamp::seed();
        let mut others: Vec<Stamp> = (0..6).map(|_| stamp.fork().unwrap()).collect();
        for other in &mut others {
            stamp.receive(&other.send().unwrap()).unwrap();
        }
        stamp.to_bytes()
    };
    for seed in 0..3_000 {
        let g = &mut Gen::from_size_and_seed(40, seed);
        let mut bytes = match seed % 3 {
            0 => Vec::<u8>::arbitrary(g),
            _ => valid.clone(),
        };
        if seed % 3 == 1 && !bytes.is_empty() {
            let at = usize::arbitrary(g) % bytes.len();
            bytes[at] ^= 1 << (u8::arbitrary(g) % 8);
        } else if seed % 3 == 2 {
            bytes.truncate(usize::arbitrary(g) % bytes.len());
        }
        if let Ok(mut stamp) = Stamp::from_bytes(&bytes) {
            assert_eq!(stamp.to_bytes(), bytes, "seed {seed}");
            let _ = stamp.event();
            let _ = stamp.fork();
            let _ = stamp.receive(&Events::none());
        }
        if let Ok(events) = Events::from_bytes(&bytes) {
            assert_eq!(events.to_bytes(), bytes, "seed {seed}");
        }
    }
}

#[cfg(feature = "serde")]
mod serde_form {
    use super::*;

    fn parse(id: &str, events: &str) -> Result<Stamp, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"id":{id},"events":{events}}}"#))
    }

    #[test]
    fn it_is_the_leaves_with_their_depths() {
        let mut stamp = Stamp::seed();
        let _other = stamp.fork().unwrap();
        stamp.event().unwrap();
        let text = serde_json::to_string(&stamp).unwrap();
        assert_eq!(
            text,
            r#"{"id":[[1,true],[1,false]],"events":[[1,1],[1,0]]}"#
        );
        assert_eq!(serde_json::from_str::<Stamp>(&text).unwrap(), stamp);
    }

    #[test]
    fn what_is_not_canonical_or_not_complete_is_refused() {
        let owned = "[[0,true]]";
        assert!(parse(owned, "[[1,1],[1,0]]").is_ok());
        for (id, events) in [
            (owned, "[]"),
            (owned, "[[1,1]]"),
            (owned, "[[1,1],[1,1]]"),
            (owned, "[[0,1],[0,1]]"),
            (owned, "[[2,1],[1,2]]"),
            (owned, "[[1025,1]]"),
            (owned, "[[65536,1]]"),
            ("[[0,false]]", "[[0,0]]"),
            ("[]", "[[0,0]]"),
            ("[[1,true],[1,true]]", "[[0,0]]"),
        ] {
            assert!(parse(id, events).is_err(), "{id} {events}");
        }
    }

    #[test]
    fn too_many_leaves_are_refused_at_the_first_too_many() {
        // Every leaf is alike, so the tree is deep enough to go on for ever only by its leaves.
        let endless = (0..).map(|leaf: u64| (17_u16, leaf % 2));
        let input = serde::de::value::SeqDeserializer::<_, serde::de::value::Error>::new(
            endless
                .take(LEAVES_MAX * 2)
                .map(|(depth, value)| Pair(depth, value)),
        );
        let refused = <Events as serde::Deserialize>::deserialize(input).unwrap_err();
        assert!(refused.to_string().contains("more items"), "{refused}");
    }

    struct Pair(u16, u64);

    impl<'de> serde::de::IntoDeserializer<'de, serde::de::value::Error> for Pair {
        type Deserializer =
            serde::de::value::SeqDeserializer<std::vec::IntoIter<u64>, serde::de::value::Error>;

        fn into_deserializer(self) -> Self::Deserializer {
            let numbers = vec![u64::from(self.0), self.1];
            serde::de::value::SeqDeserializer::new(numbers.into_iter())
        }
    }
}
