//! How likely no quorum is left, against the sum over all sets of nodes and all states of the zones.

use crate::common::{Named, for_each_expression, quorums};
use quickcheck::{Arbitrary, Gen};
use quorum::{Expression, QuorumError, QuorumSystem, Side, ZONES_MAX};

const NODES: u32 = 9;

fn probability(g: &mut Gen) -> f64 {
    match u8::arbitrary(g) % 6 {
        0 => 0.0,
        1 => 1.0,
        2 => 1e-6,
        _ => f64::from(u16::arbitrary(g)) / 65_536.0,
    }
}

/// By the definition.
fn summed(is_quorum: &[bool], failures: &[f64]) -> f64 {
    let sets = is_quorum
        .iter()
        .enumerate()
        .filter(|(_, is_quorum)| !**is_quorum);
    sets.map(|(set, _)| {
        let nodes = failures.iter().enumerate();
        nodes
            .map(|(node, failure)| {
                if set >> node & 1 == 1 {
                    1.0 - failure
                } else {
                    *failure
                }
            })
            .product::<f64>()
    })
    .sum()
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
}

#[test]
fn unavailability_is_the_sum_over_the_sets_that_are_no_quorum() {
    for_each_expression(600, NODES, |expression, g| {
        let failures: Vec<f64> = (0..NODES).map(|_| probability(g)).collect();
        let expected = summed(&quorums(expression, NODES), &failures);
        let found = expression
            .unavailability(|&node| failures[node as usize])
            .unwrap();
        assert!(
            close(found, expected),
            "{expression}: {found} and {expected}"
        );
    });
}

#[test]
fn weighted_members_fail_as_the_expression_of_them_does() {
    for seed in 0..300 {
        let mut g = Gen::from_size_and_seed(100, seed);
        let size = 1 + u32::arbitrary(&mut g) % NODES;
        let members: Vec<(u32, u64)> = (0..size)
            .map(|node| (node, 1 + u64::arbitrary(&mut g) % 6))
            .collect();
        let total: u64 = members.iter().map(|(_, weight)| weight).sum();
        let write = total / 2 + 1 + u64::arbitrary(&mut g) % total.div_ceil(2);
        let system = QuorumSystem::weighted_flexible(
            members,
            total + 1 - write.min(total),
            write.min(total),
        )
        .unwrap();
        let failures: Vec<f64> = (0..size).map(|_| probability(&mut g)).collect();
        let failure_of = |node: &u32| failures[*node as usize];
        for side in [Side::Read, Side::Write] {
            let expression = system.expression(side).unwrap();
            let expected = summed(&quorums(&expression, size), &failures);
            let found = system.unavailability(side, failure_of).unwrap();
            assert!(close(found, expected), "{system:?}: {found} and {expected}");
            let found = expression.unavailability(failure_of).unwrap();
            assert!(
                close(found, expected),
                "{expression}: {found} and {expected}"
            );
        }
    }
}

#[test]
fn unavailability_grows_with_the_probability_of_each_failure() {
    for_each_expression(400, NODES, |expression, g| {
        let mut failures: Vec<f64> = (0..NODES).map(|_| probability(g)).collect();
        let before = expression
            .unavailability(|&node| failures[node as usize])
            .unwrap();
        let node = usize::arbitrary(g) % failures.len();
        failures[node] += (1.0 - failures[node]) * f64::from(u8::arbitrary(g)) / 255.0;
        let after = expression
            .unavailability(|&node| failures[node as usize])
            .unwrap();
        assert!(
            after >= before * (1.0 - 1e-12),
            "{expression}: {before} and {after}"
        );
    });
}

#[test]
fn zones_that_fail_take_their_nodes_with_them() {
    for_each_expression(300, NODES, |expression, g| {
        let failures: Vec<f64> = (0..NODES).map(|_| probability(g)).collect();
        let zones: Vec<Option<usize>> = (0..NODES)
            .map(|_| Some(usize::arbitrary(g) % 4).filter(|zone| *zone < 3))
            .collect();
        let zone_failures: Vec<f64> = (0..3).map(|_| probability(g)).collect();
        let own = quorums(expression, NODES);
        let expected: f64 = (0..8_usize)
            .map(|state| {
                let is_down = |zone: usize| state >> zone & 1 == 1;
                let likelihood: f64 = (0..3)
                    .map(|zone| {
                        if is_down(zone) {
                            zone_failures[zone]
                        } else {
                            1.0 - zone_failures[zone]
                        }
                    })
                    .product();
                let given: Vec<f64> = failures
                    .iter()
                    .zip(&zones)
                    .map(|(failure, zone)| {
                        if zone.is_some_and(is_down) {
                            1.0
                        } else {
                            *failure
                        }
                    })
                    .collect();
                likelihood * summed(&own, &given)
            })
            .sum();
        let found = expression
            .unavailability_in_zones(
                |&node| failures[node as usize],
                |&node| zones[node as usize],
                &zone_failures,
            )
            .unwrap();
        assert!(
            close(found, expected),
            "{expression}: {found} and {expected}"
        );
        let system = QuorumSystem::from_reads(expression.clone()).unwrap();
        let of_system = system.unavailability_in_zones(
            Side::Read,
            |&node| failures[node as usize],
            |&node| zones[node as usize],
            &zone_failures,
        );
        assert_eq!(of_system.unwrap(), found);
    });
}

#[test]
fn a_rare_failure_is_as_precise_as_a_common_one() {
    let all_of = |size: u32| Expression::any((0..size).map(Expression::node)).unwrap();
    let found = all_of(20).unavailability(|_| 1e-9).unwrap();
    assert!((found / 1e-180 - 1.0).abs() < 1e-13, "{found}");
    let majority: Named = Expression::choose(26, (0..51).map(Expression::node)).unwrap();
    // The leading term alone, C(51, 26) p^26, but for a relative 2.5e-8.
    let found = majority.unavailability(|_| 1e-9).unwrap();
    let leading = 247_959_266_474_052.0 * 1e-234;
    assert!((found / leading - 1.0).abs() < 3e-8, "{found}");
}

#[test]
fn what_is_no_probability_is_refused() {
    let pair: Named = Expression::any([1, 2].map(Expression::node)).unwrap();
    for failure in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let found = pair.unavailability(|&node| if node == 2 { failure } else { 0.5 });
        assert_eq!(found, Err(QuorumError::NotAProbability { node: 2 }));
        let found = pair.unavailability_in_zones(
            |_| 0.5,
            |&node| Some(node as usize),
            &[0.0, 0.0, failure],
        );
        assert_eq!(found, Err(QuorumError::NotAZone { zone: 2 }));
    }
    let found = pair.unavailability_in_zones(|_| 0.5, |&node| Some(node as usize), &[0.0, 0.0]);
    assert_eq!(found, Err(QuorumError::NotAZone { zone: 2 }));
}

#[test]
fn so_many_zones_can_be_uncertain_and_no_more() {
    let nodes = |count: usize| Expression::all((0..count).map(Expression::node)).unwrap();
    let found = |count: usize, failure: f64| {
        let zones = vec![failure; count];
        nodes(count).unavailability_in_zones(|_| 0.0, |&node| Some(node), &zones)
    };
    let expected = 1.0 - 0.75_f64.powi(ZONES_MAX as i32);
    assert!(close(found(ZONES_MAX, 0.25).unwrap(), expected));
    let count = ZONES_MAX + 1;
    assert_eq!(found(count, 0.25), Err(QuorumError::TooManyZones { count }));
    assert_eq!(
        found(count, 0.0),
        Ok(0.0),
        "certain zones are not looked at twice"
    );
    assert_eq!(found(count, 1.0), Ok(1.0));
}
