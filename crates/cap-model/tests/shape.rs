//! Shapes and sides: what they are, how many there are, and what is refused.

use std::collections::BTreeSet;

use cap_model::{CapError, NODES_MAX, Shape, Side, link_states, splits};
use quickcheck::{Arbitrary, Gen};
use transport::NodeId;

#[test]
fn there_are_two_to_the_n_less_one_less_one_splits_each_once() {
    for nodes in 1..=10 {
        let mut seen = BTreeSet::new();
        for side in splits(nodes).unwrap() {
            let other = side.complement(nodes);
            assert!(!side.is_empty() && !other.is_empty());
            assert!(seen.insert(side) && seen.insert(other), "once");
            assert!(Shape::split(nodes, side).is_ok());
        }
        assert_eq!(seen.len(), (1 << nodes) - 2);
    }
}

#[test]
fn what_is_no_shape_is_refused() {
    let none = Side::EMPTY;
    let all = Side::all(3).unwrap();
    for side in [none, all, Side::of([NodeId(3)]).unwrap()] {
        let error = CapError::NotASide { side, nodes: 3 };
        assert_eq!(Shape::split(3, side), Err(error.clone()));
        assert_eq!(Shape::one_way(3, side), Err(error));
    }
    assert_eq!(Shape::whole(0), Err(CapError::NoNodes));
    assert_eq!(Shape::whole(65), Err(CapError::TooManyNodes { nodes: 65 }));
    assert!(Shape::whole(NODES_MAX).is_ok());
    let (node, nodes) = (NodeId(3), 3);
    let unknown = Err(CapError::UnknownNode { node, nodes });
    assert_eq!(Shape::star(3, node), unknown);
    assert_eq!(Shape::bridge(3, node), unknown);
    assert_eq!(Shape::constrained_election(3, NodeId(0), node), unknown);
    assert_eq!(Shape::from_links(3, [(NodeId(0), node)]), unknown);
    assert!(Shape::constrained_election(3, NodeId(0), NodeId(0)).is_err());
    assert!(Side::of([NodeId(64)]).is_err());
    assert!(link_states(6).is_err() && splits(0).is_err());
}

#[test]
fn link_states_are_all_different_and_as_many_as_published() {
    for (nodes, count) in [(1, 1), (2, 4), (3, 64), (4, 4_096)] {
        let states: BTreeSet<Vec<bool>> = link_states(nodes)
            .unwrap()
            .map(|shape| {
                let pairs = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
                let works = pairs.map(|(from, to)| shape.works(NodeId(from), NodeId(to)));
                works.collect()
            })
            .collect();
        assert_eq!(states.len(), count);
    }
}

#[test]
fn sides_are_disjoint_and_are_everything() {
    for seed in 0..500 {
        let mut g = Gen::from_size_and_seed(60, seed);
        let nodes = u32::arbitrary(&mut g) % 12 + 1;
        let links: Vec<(u32, u32)> = Vec::arbitrary(&mut g);
        let links = links
            .into_iter()
            .map(|(from, to)| (NodeId(from % nodes), NodeId(to % nodes)));
        let shape = Shape::from_links(nodes, links).unwrap();
        let sides = shape.sides();
        let together = sides.iter().map(|side| side.len()).sum::<u32>();
        let union = sides.iter().fold(Side::EMPTY, |all, side| all.union(*side));
        assert_eq!(
            (together, union),
            (nodes, Side::all(nodes).unwrap()),
            "seed {seed}"
        );
        for side in sides {
            // Whoever shares a side finds the same one.
            assert!(
                side.nodes().all(|node| shape.side_of(node) == side),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_one_way_link_joins_no_sides_and_a_way_round_does() {
    let arc = |from, to| (NodeId(from), NodeId(to));
    let line = Shape::from_links(3, [arc(0, 1), arc(1, 2)]).unwrap();
    assert_eq!(line.sides().len(), 3);
    let ring = Shape::from_links(3, [arc(0, 1), arc(1, 2), arc(2, 0)]).unwrap();
    assert_eq!(ring.sides(), [Side::all(3).unwrap()]);
    assert!(!ring.works_both_ways(NodeId(0), NodeId(1)) && !ring.is_whole());
    assert_eq!(ring.side_of(NodeId(9)), Side::EMPTY);
}
