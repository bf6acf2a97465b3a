//! A tree clock says what a vector clock says.
#![cfg(feature = "tree-clock")]

use clocks::{Causality, ClockError, TreeClock, VectorClock};
use quickcheck::{Arbitrary, Gen};

fn below(source: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(source) % bound
}

fn actors(width: usize) -> Vec<(TreeClock, VectorClock)> {
    let actor = |slot| {
        (
            TreeClock::new(width, slot).unwrap(),
            VectorClock::new(width).unwrap(),
        )
    };
    (0..width).map(actor).collect()
}

/// Which actor the actor `slot` hears, by some pattern of talk.
fn peer(source: &mut Gen, pattern: u64, slot: usize, width: usize) -> usize {
    let near = (slot + 1 + below(source, 2)) % width;
    match pattern {
        0 => below(source, width),
        1 => near,
        2 if slot == 0 => below(source, width),
        2 => 0,
        _ => (slot / 4 * 4 + below(source, 4)).min(width - 1),
    }
}

#[test]
fn tree_clocks_count_as_vector_clocks_in_random_executions() {
    for seed in 0..240 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let width = 2 + below(&mut source, 14);
        let mut actors = actors(width);
        let mut stamps: Vec<(TreeClock, VectorClock)> = Vec::new();
        for _ in 0..200 {
            let slot = below(&mut source, width);
            let from = peer(&mut source, seed % 4, slot, width);
            let sent = (!stamps.is_empty()).then(|| below(&mut source, stamps.len()));
            match (below(&mut source, 4), sent) {
                (0, _) => {
                    let (tree, vector) = &mut actors[slot];
                    let stamp = (
                        tree.send().unwrap().clone(),
                        vector.send(slot).unwrap().clone(),
                    );
                    stamps.push(stamp);
                }
                // A message, perhaps late, and perhaps once more.
                (1, Some(index)) => {
                    let (tree, vector) = &stamps[index];
                    let dot = actors[slot].0.receive(tree).unwrap();
                    assert_eq!(actors[slot].1.receive(slot, vector), Ok(dot));
                }
                // The peer's clock as it is just now.
                _ if from != slot => {
                    let (tree, vector) = actors[from].clone();
                    let dot = actors[slot].0.receive(&tree).unwrap();
                    assert_eq!(actors[slot].1.receive(slot, &vector), Ok(dot));
                }
                _ => {}
            }
            let (tree, vector) = &actors[slot];
            assert_eq!(&tree.to_vector(), vector, "seed {seed}");
            for (other, (stamp, vector_stamp)) in stamps.iter().enumerate().take(20) {
                let expected = vector.compare(vector_stamp);
                assert_eq!(tree.compare(stamp), expected, "seed {seed}: stamp {other}");
                let is_concurrent = vector.is_concurrent(vector_stamp);
                assert_eq!(tree.is_concurrent(stamp), is_concurrent, "seed {seed}");
            }
        }
    }
}

#[test]
fn a_stamp_that_is_used_again_becomes_a_copy() {
    let mut quick_count = 0;
    for seed in 0..240 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let width = 2 + below(&mut source, 14);
        let mut actors = actors(width);
        // Stamps that are overwritten with any clock, known to it or not, and received by anybody.
        let mut reused = actors.clone();
        for _ in 0..200 {
            let (slot, index) = (below(&mut source, width), below(&mut source, width));
            if bool::arbitrary(&mut source) {
                let (tree, vector) = &mut actors[slot];
                reused[index].0.copy_from(tree.send().unwrap());
                reused[index].1.clone_from(vector.send(slot).unwrap());
                quick_count += usize::from(reused[index].0.nodes_touched() < width);
                assert_eq!(reused[index].0.slot(), slot);
            } else {
                let (tree, vector) = &reused[index];
                let dot = actors[slot].0.receive(tree).unwrap();
                assert_eq!(actors[slot].1.receive(slot, vector), Ok(dot));
            }
            let (tree, vector) = &reused[index];
            assert_eq!(&tree.to_vector(), vector, "seed {seed}");
            assert_eq!(actors[slot].0.to_vector(), actors[slot].1, "seed {seed}");
        }
    }
    assert!(quick_count > 1000, "{quick_count}");
}

#[test]
fn a_clock_that_went_through_a_vector_clock_goes_on() {
    for seed in 0..100 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let width = 2 + below(&mut source, 8);
        let mut actors = actors(width);
        for _ in 0..150 {
            let (slot, from) = (below(&mut source, width), below(&mut source, width));
            if slot == from {
                actors[slot].0.tick().unwrap();
                actors[slot].1.tick(slot).unwrap();
                // Stored and restored.
                actors[slot].0 = TreeClock::from_vector(slot, &actors[slot].1).unwrap();
            } else {
                let (tree, vector) = actors[from].clone();
                let on_the_wire = TreeClock::from_vector(from, &vector).unwrap();
                let stamp = if bool::arbitrary(&mut source) {
                    tree
                } else {
                    on_the_wire
                };
                actors[slot].0.receive(&stamp).unwrap();
                actors[slot].1.receive(slot, &vector).unwrap();
            }
            assert_eq!(actors[slot].0.to_vector(), actors[slot].1, "seed {seed}");
        }
    }
}

#[test]
fn a_join_looks_at_little_more_than_what_changes() {
    let width = 64;
    let mut actors = actors(width);
    let mut source = Gen::from_size_and_seed(8, 1);
    let (mut touched, mut changed) = (0, 0);
    // Neighbours tell each other, round and round; then anybody tells anybody.
    for step in 0..40 * width {
        let (slot, from) = if step < 10 * width {
            ((step + 1) % width, step % width)
        } else {
            let slot = below(&mut source, width);
            (slot, (slot + 1 + below(&mut source, width - 1)) % width)
        };
        let (tree, vector) = (actors[from].0.clone(), actors[from].1.clone());
        let news = vector
            .iter()
            .filter(|&(other, counter)| actors[slot].1.get(other) < counter);
        changed += news.count();
        actors[slot].0.receive(&tree).unwrap();
        actors[slot].1.receive(slot, &vector).unwrap();
        touched += actors[slot].0.nodes_touched();
        let again = actors[slot].0.clone();
        assert_eq!(actors[slot].0.to_vector(), actors[slot].1);
        actors[slot].0.receive(&tree).unwrap();
        assert_eq!(actors[slot].0.nodes_touched(), 0, "all of it is known");
        actors[slot].0 = again;
    }
    assert!(
        touched < changed * 13 / 10,
        "{touched} nodes for {changed} entries"
    );
}

#[test]
fn a_refused_stamp_changes_nothing() {
    let mut clock = TreeClock::new(3, 0).unwrap();
    clock.tick().unwrap();
    let other = TreeClock::new(2, 1).unwrap();
    let error = ClockError::WidthMismatch { own: 3, other: 2 };
    assert_eq!(clock.receive(&other), Err(error.clone()));
    assert_eq!(clock.compare(&other), Err(error));
    let vector = |counters: &[u64]| VectorClock::from_counters(counters).unwrap();
    let other = TreeClock::from_vector(1, &vector(&[0, 1, 0]).with_epoch(9)).unwrap();
    let error = ClockError::EpochMismatch { own: 0, other: 9 };
    assert_eq!(clock.receive(&other), Err(error));
    let other = TreeClock::from_vector(1, &vector(&[2, 1, 0])).unwrap();
    let error = ClockError::UnsentMessage {
        counter: 2,
        sent: 1,
    };
    assert_eq!(clock.receive(&other), Err(error));
    assert_eq!(clock.to_vector(), vector(&[1, 0, 0]));
    let error = ClockError::NoEvent { slot: 0 };
    assert_eq!(
        TreeClock::from_vector(0, &vector(&[0, 1])).unwrap_err(),
        error
    );
    let error = ClockError::UnknownSlot { slot: 2, slots: 2 };
    assert_eq!(
        TreeClock::from_vector(2, &vector(&[0, 0])).unwrap_err(),
        error
    );
    let mut full = TreeClock::from_vector(0, &vector(&[u64::MAX, 3])).unwrap();
    let sender = TreeClock::from_vector(1, &vector(&[0, 9])).unwrap();
    assert_eq!(full.receive(&sender), Err(ClockError::CounterExhausted));
    assert_eq!(full.to_vector(), vector(&[u64::MAX, 3]));
    let empty = TreeClock::new(2, 1).unwrap();
    assert_eq!(
        empty.compare(&TreeClock::new(2, 0).unwrap()),
        Ok(Causality::Equal)
    );
}
