//! How many zones may fail, and how many nodes beside them, against every choice of both.

use crate::common::{Named, for_each_expression, quorums};
use quickcheck::{Arbitrary, Gen};
use quorum::{Expression, ExpressionError, QuorumSystem, Side};

const NODES: u32 = 8;

/// A zone for each node, of at most four; some nodes have none.
fn zones(g: &mut Gen) -> Vec<Option<u32>> {
    let of = 1 + u32::arbitrary(g) % 4;
    let mut zone = |_| Some(u32::arbitrary(g) % (of + 1)).filter(|zone| *zone < of);
    (0..NODES).map(&mut zone).collect()
}

/// The zones that have a node of the expression, each as a set of its nodes.
fn sets(expression: &Named, zone_of: &[Option<u32>]) -> Vec<u32> {
    let of = |zone| {
        let here = expression
            .nodes()
            .filter(|node| zone_of[**node as usize] == Some(zone));
        here.fold(0_u32, |set, node| set | 1 << node)
    };
    (0..4).map(of).filter(|&set| set != 0).collect()
}

/// By the definition: at place `z`, how many nodes may fail beside any `z` zones.
fn spared(is_quorum: &[bool], zones: &[u32]) -> Vec<usize> {
    let all = (1_u32 << NODES) - 1;
    let mut spared = Vec::new();
    for count in 0..=zones.len() as u32 {
        let mut least = usize::MAX;
        for choice in (0_u32..1 << zones.len()).filter(|choice| choice.count_ones() == count) {
            let chosen = zones
                .iter()
                .enumerate()
                .filter(|(zone, _)| choice >> zone & 1 == 1);
            let down = chosen.fold(0, |down, (_, zone)| down | zone);
            let fatal = (0..=all).filter(|more| !is_quorum[(all & !(down | more)) as usize]);
            // More nodes than there are never fail; what fails beside is counted outside of the zones.
            let fewest = fatal
                .map(|more| (more & !down).count_ones() as usize)
                .min()
                .unwrap();
            match fewest.checked_sub(1) {
                Some(spare) => least = least.min(spare),
                None => return spared,
            }
        }
        spared.push(least);
    }
    spared
}

#[test]
fn zones_and_nodes_beside_them_are_what_every_choice_says() {
    for_each_expression(400, NODES, |expression, g| {
        let zone_of = zones(g);
        let expected = spared(&quorums(expression, NODES), &sets(expression, &zone_of));
        let zone_of = |node: &u32| zone_of[*node as usize];
        let beside = expression.resilience_beside_zones(zone_of).unwrap();
        assert_eq!(beside, expected, "{expression}");
        assert_eq!(beside[0], expression.resilience().unwrap());
        let zones = expression.zone_resilience(zone_of).unwrap();
        assert_eq!(zones, expected.len() - 1, "{expression}");
    });
}

#[test]
fn nodes_without_a_zone_do_not_fail_with_one_another() {
    let majority: Expression<String> = "choose(2, a, b, c)".parse().unwrap();
    let zone_of = |node: &String| (node == "a").then_some("zone");
    assert_eq!(majority.zone_resilience(zone_of), Ok(1));
    assert_eq!(majority.zone_resilience(|_| None::<u8>), Ok(0));
    assert_eq!(majority.resilience_beside_zones(zone_of), Ok(vec![1, 0]));
}

#[test]
fn both_sides_of_a_system_in_zones() {
    // Nine nodes in three zones; reads need five, writes five.
    let zone_of = |node: &u32| Some(node / 3);
    let majority = QuorumSystem::majority(0..9).unwrap();
    let flexible = QuorumSystem::flexible(0..9, 7, 3).unwrap();
    let both = |system: &QuorumSystem<u32>| {
        [Side::Read, Side::Write].map(|side| system.zone_resilience(side, zone_of).unwrap())
    };
    assert_eq!(both(&majority), [1, 1]);
    assert_eq!(both(&flexible), [0, 2]);
    // Weighted: zone 0 has five of nine.
    let heavy = QuorumSystem::weighted([(0, 3), (1, 2), (3, 2), (6, 2)]).unwrap();
    assert_eq!(both(&heavy), [0, 0]);
}

#[test]
fn too_many_choices_of_zones_are_refused() {
    let nodes = (0..40).map(Expression::node);
    let majority = Expression::choose(21, nodes).unwrap();
    let each_its_own = |node: &u32| Some(*node);
    assert_eq!(majority.zone_resilience(each_its_own), Ok(19));
    let refused = majority.resilience_beside_zones(each_its_own);
    assert_eq!(refused, Err(ExpressionError::Entangled { states: 4_096 }));
}
