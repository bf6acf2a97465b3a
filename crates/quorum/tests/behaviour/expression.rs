//! The laws of expressions, against the definitions tried on every set of nodes.

use crate::common::{Named, bits, expression, for_each_expression, quorums};
use quickcheck::{Arbitrary, Gen};
use quorum::{Expression, ExpressionError, QuorumError, QuorumSystem, Side};

const NODES: u32 = 10;

/// What the text says of a set, by a reader of its own that recurses.
fn holds(text: &str, set: u32) -> bool {
    let (value, rest) = sum(text.trim(), set);
    assert_eq!(rest, "", "{text}");
    value
}

fn sum(text: &str, set: u32) -> (bool, &str) {
    let (mut value, mut rest) = product(text, set);
    while let Some(more) = rest.strip_prefix(" + ") {
        let (other, after) = product(more, set);
        (value, rest) = (value | other, after);
    }
    (value, rest)
}

fn product(text: &str, set: u32) -> (bool, &str) {
    let (mut value, mut rest) = part(text, set);
    while let Some(more) = rest.strip_prefix('*') {
        let (other, after) = part(more, set);
        (value, rest) = (value & other, after);
    }
    (value, rest)
}

fn part(text: &str, set: u32) -> (bool, &str) {
    if let Some(inner) = text.strip_prefix('(') {
        let (value, rest) = sum(inner, set);
        return (value, rest.strip_prefix(')').unwrap());
    }
    if let Some(inner) = text.strip_prefix("choose(") {
        let (needed, mut rest) = inner.split_once(", ").unwrap();
        let mut held = 0;
        loop {
            let (value, after) = sum(rest, set);
            held += u32::from(value);
            match after.strip_prefix(", ") {
                Some(more) => rest = more,
                None => {
                    let rest = after.strip_prefix(')').unwrap();
                    return (held >= needed.parse().unwrap(), rest);
                }
            }
        }
    }
    let end = text.find(|sign: char| !sign.is_ascii_digit());
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    (set >> name.parse::<u32>().unwrap() & 1 == 1, rest)
}

#[test]
fn a_quorum_is_what_the_text_says() {
    for_each_expression(400, 6, |expression, _| {
        let text = expression.to_string();
        for set in 0..1_u32 << 6 {
            let is_quorum = expression.is_quorum(|&node| set >> node & 1 == 1);
            assert_eq!(is_quorum, holds(&text, set), "{text} {set:b}");
        }
    });
}

#[test]
fn a_set_is_a_quorum_of_the_dual_exactly_if_its_complement_is_none() {
    for_each_expression(600, NODES, |expression, _| {
        let (own, dual) = (quorums(expression, NODES), expression.dual());
        let all = (1_usize << NODES) - 1;
        for (set, is_dual) in quorums(&dual, NODES).into_iter().enumerate() {
            assert_eq!(is_dual, !own[all & !set], "{expression} {set:b}");
        }
    });
}

#[test]
fn the_dual_of_the_dual_has_the_same_minimal_quorums() {
    for_each_expression(600, NODES, |expression, _| {
        let twice = expression.dual().dual();
        assert_eq!(&twice, expression);
        let most = 5_000;
        assert_eq!(
            twice.minimal_quorums(most).unwrap(),
            expression.minimal_quorums(most).unwrap()
        );
    });
}

#[test]
fn minimal_quorums_are_the_quorums_without_another_inside() {
    for_each_expression(600, NODES, |expression, _| {
        let own = quorums(expression, NODES);
        let is_minimal = |set: usize| {
            let mut without = (0..NODES).filter(|node| set >> node & 1 == 1);
            own[set] && without.all(|node| !own[set & !(1 << node)])
        };
        let mut expected: Vec<u32> = (0..1_u32 << NODES)
            .filter(|&set| is_minimal(set as usize))
            .collect();
        let found = expression.minimal_quorums(5_000).unwrap();
        assert_eq!(
            expression.minimal_quorums_count().unwrap(),
            found.len() as u128
        );
        assert!(found.is_sorted_by_key(|quorum| quorum.len()));
        let mut found: Vec<u32> = found
            .iter()
            .map(|quorum| bits(quorum.iter().copied()))
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{expression}");
        if let Some(fewer) = expected.len().checked_sub(1) {
            let error = expression.minimal_quorums(fewer).unwrap_err();
            assert_eq!(error, ExpressionError::TooManyQuorums { most: fewer });
        }
    });
}

#[test]
fn the_least_size_and_the_resilience_are_those_found_by_trying_every_set() {
    for_each_expression(400, 12, |expression, _| {
        let own = quorums(expression, 12);
        let sizes = (0_u32..).zip(&own).filter(|(_, is_quorum)| **is_quorum);
        let least = sizes.map(|(set, _)| set.count_ones() as usize).min();
        assert_eq!(Some(expression.size_min().unwrap()), least, "{expression}");
        let all = own.len() - 1;
        let fatal = (0..own.len()).filter(|&failed| !own[all & !failed]);
        let fewest = fatal.map(|failed| failed.count_ones() as usize).min();
        let resilience = expression.resilience().unwrap();
        assert_eq!(Some(resilience + 1), fewest, "{expression}");
    });
}

#[test]
fn the_cheapest_quorum_is_the_one_found_by_trying_every_set() {
    for_each_expression(600, NODES, |expression, g| {
        // A third of the nodes cannot be taken.
        let prices: Vec<Option<u64>> = (0..NODES)
            .map(|_| (u8::arbitrary(g) % 3 > 0).then(|| u64::from(u8::arbitrary(g) % 20)))
            .collect();
        let price_of = |set: u32| {
            let taken = (0..NODES).filter(|node| set >> node & 1 == 1);
            taken.map(|node| prices[node as usize]).sum::<Option<u64>>()
        };
        let own = quorums(expression, NODES);
        let sets = (0..1_u32 << NODES).filter(|&set| own[set as usize]);
        let expected = sets.filter_map(price_of).min();
        let found = expression.cheapest(|&node| prices[node as usize]).unwrap();
        assert_eq!(
            found.as_ref().map(|found| found.price),
            expected,
            "{expression}"
        );
        let Some(found) = found else { return };
        let nodes: Vec<u32> = expression.nodes().copied().collect();
        assert!(found.places.is_sorted_by(|one, next| one < next));
        let taken = bits(found.places.iter().map(|&place| &nodes[place]));
        assert_eq!(price_of(taken), expected, "{expression}");
        assert!(own[taken as usize], "{expression}");
        // The same in other numbers.
        let real =
            expression.cheapest(|&node| prices[node as usize].map(|price| price as f64 / 4.0));
        assert_eq!(
            real.unwrap().map(|real| real.price * 4.0),
            Some(found.price as f64)
        );
    });
}

#[test]
fn a_price_below_zero_or_no_number_is_refused() {
    let pair: Named = Expression::any([1, 2].map(Expression::node)).unwrap();
    for price in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        let error = pair.cheapest(|&node| Some(if node == 2 { price } else { 1.0 }));
        assert_eq!(error.unwrap_err(), QuorumError::NotAPrice { node: 2 });
    }
    let free = pair.cheapest(|_| Some(0.0)).unwrap().unwrap();
    assert_eq!((free.price, free.places), (0.0, vec![0]));
    assert_eq!(pair.cheapest(|_| None::<u64>).unwrap(), None);
    let dear = Expression::all([1, 2].map(Expression::node)).unwrap();
    let dear = dear.cheapest(|_| Some(u64::MAX)).unwrap().unwrap();
    assert_eq!(dear.price, u64::MAX, "it does not wrap");
}

#[test]
fn the_watermark_is_the_greatest_value_that_a_quorum_has_reached() {
    for_each_expression(600, NODES, |expression, g| {
        let values: Vec<u8> = (0..NODES).map(|_| u8::arbitrary(g) % 7).collect();
        let reached = |value: &u8| expression.is_quorum(|&node| values[node as usize] >= *value);
        let expected = (0..7).rev().find(reached).unwrap();
        assert_eq!(
            expression.watermark(|&node| values[node as usize]),
            expected
        );
    });
}

#[test]
fn read_once_is_said_exactly_if_no_node_occurs_twice() {
    for_each_expression(600, NODES, |expression, _| {
        let text = expression.to_string();
        // `choose(2, …)`: the number is no node.
        let numbers = text.split(|sign: char| !sign.is_ascii_digit());
        let all = numbers.filter(|number| !number.is_empty()).count();
        let occurrences = all - text.matches("choose(").count();
        let is_read_once = occurrences == expression.nodes().len();
        assert_eq!(expression.is_read_once(), is_read_once, "{text}");
    });
}

#[test]
fn nodes_are_asked_exactly_once_in_order() {
    for_each_expression(200, NODES, |expression, _| {
        let nodes: Vec<u32> = expression.nodes().copied().collect();
        assert!(nodes.is_sorted_by(|one, next| one < next));
        let mut asked = Vec::new();
        expression.is_quorum(|node| {
            asked.push(*node);
            false
        });
        assert_eq!(asked, nodes);
        assert!(expression.is_quorum(|_| true) && !expression.is_quorum(|_| false));
    });
}

#[test]
fn renaming_keeps_the_quorums_and_merges_what_gets_one_name() {
    for_each_expression(300, NODES, |expression, _| {
        let merged = expression.map(|node| node / 2);
        for set in 0..1_u32 << (NODES / 2) {
            let direct = merged.is_quorum(|&node| set >> node & 1 == 1);
            let through = expression.is_quorum(|&node| set >> (node / 2) & 1 == 1);
            assert_eq!(direct, through, "{expression}");
        }
        let reversed = expression.map(|node| NODES - node);
        assert_eq!(reversed.map(|node| NODES - node), *expression);
    });
}

#[test]
fn surviving_sets_are_quorums_after_any_so_many_failures() {
    const FEW: u32 = 7;
    for_each_expression(400, FEW, |expression, _| {
        let mut own = quorums(expression, FEW);
        for failures in 1..=3 {
            // What still is one after one failure more.
            own = (0..own.len())
                .map(|set| own[set] && (0..FEW).all(|failed| own[set & !(1 << failed)]))
                .collect();
            let found = match expression.surviving(failures) {
                Ok(found) => found,
                // Each of the nodes that repeat may fail: the expression grows with every round.
                Err(ExpressionError::TooLarge { .. }) if !expression.is_read_once() => return,
                Err(error) => panic!("{expression}: {error}"),
            };
            match found {
                None => assert!(own.iter().all(|is_quorum| !is_quorum), "{expression}"),
                Some(found) => {
                    assert_eq!(quorums(&found, FEW), own, "{expression}: {found}");
                    assert!(found.resilience().is_ok());
                }
            }
        }
    });
}

#[test]
fn a_set_that_survives_is_at_least_as_dear() {
    for_each_expression(400, 9, |expression, g| {
        if !expression.is_read_once() {
            return;
        }
        let prices: Vec<u64> = (0..9).map(|_| u64::from(u8::arbitrary(g))).collect();
        let price_of = |node: &u32| Some(prices[*node as usize]);
        let resilience = expression.resilience().unwrap();
        let mut before = 0;
        for failures in 0..=resilience {
            let surviving = expression.surviving(failures).unwrap().unwrap();
            let price = surviving.cheapest(price_of).unwrap().unwrap().price;
            assert!(price >= before, "{expression}");
            before = price;
        }
        assert_eq!(expression.surviving(resilience + 1), Ok(None));
        assert_eq!(expression.surviving(usize::MAX), Ok(None));
    });
}

/// Whether each quorum of one meets each of the other, by trying every set.
fn all_meet(one: &[bool], other: &[bool]) -> bool {
    let all = one.len() - 1;
    (0..one.len()).all(|set| !(one[set] && other[all & !set]))
}

#[test]
fn a_pair_is_a_system_exactly_if_every_read_quorum_meets_every_write_quorum() {
    let (mut built, mut refused) = (0, 0);
    for seed in 0..1_500 {
        let mut g = Gen::from_size_and_seed(100, seed);
        let (reads, writes) = match seed % 4 {
            0 => (
                crate::common::read_once(&mut g, 0, NODES - 1),
                crate::common::read_once(&mut g, 0, NODES - 1),
            ),
            1 => (expression(&mut g, NODES, 3), expression(&mut g, NODES, 2)),
            2 => {
                let reads = expression(&mut g, NODES, 3);
                let more = Expression::node(u32::arbitrary(&mut g) % NODES);
                (
                    reads.clone(),
                    Expression::any([reads.dual(), more]).unwrap(),
                )
            }
            _ => {
                let reads = crate::common::read_once(&mut g, 0, NODES - 1);
                let more = crate::common::read_once(&mut g, 0, NODES - 1);
                (
                    reads.clone(),
                    Expression::all([more, reads.dual()]).unwrap(),
                )
            }
        };
        let (read, write) = (quorums(&reads, NODES), quorums(&writes, NODES));
        let meet = all_meet(&read, &write);
        match QuorumSystem::new(reads.clone(), writes.clone()) {
            Ok(system) => {
                assert!(meet, "seed {seed}: {reads} and {writes}");
                built += 1;
                is_as_defined(&system, &read, &write);
            }
            Err(QuorumError::Disjoint {
                read: one,
                write: other,
            }) => {
                refused += 1;
                let (one, other) = (bits(&one), bits(&other));
                assert_eq!(one & other, 0, "seed {seed}");
                assert!(
                    read[one as usize] && write[other as usize],
                    "seed {seed}: {reads} and {writes}"
                );
                assert!(!meet);
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert!(built > 400 && refused > 400, "{built} {refused}");
}

fn is_as_defined(system: &QuorumSystem<u32>, reads: &[bool], writes: &[bool]) {
    for set in 0..1_u32 << NODES {
        let has = |node: &u32| set >> node & 1 == 1;
        assert_eq!(system.is_read_quorum(has), reads[set as usize]);
        assert_eq!(system.is_write_quorum(has), writes[set as usize]);
    }
    assert_eq!(system.is_read_self_intersecting(), all_meet(reads, reads));
    if let Some((one, other)) = system.disjoint_read_quorums() {
        let (one, other) = (bits(&one), bits(&other));
        assert_eq!(one & other, 0);
        assert!(reads[one as usize] && reads[other as usize]);
        assert!(!system.is_read_self_intersecting());
    } else {
        assert!(system.is_read_self_intersecting());
    }
    for (side, quorums) in [(Side::Read, reads), (Side::Write, writes)] {
        let expression = system.expression(side).unwrap();
        assert_eq!(crate::common::quorums(&expression, NODES), quorums);
        assert_eq!(system.size_min(side), expression.size_min().unwrap());
        assert_eq!(system.resilience(side), expression.resilience().unwrap());
    }
    let value_of = |node: &u32| node * 7 % 5;
    let reached = |value: &u32| system.is_write_quorum(|node| value_of(node) >= *value);
    let expected = (0..5).rev().find(reached).unwrap();
    assert_eq!(system.write_watermark(value_of), expected);
}

#[test]
fn the_dual_is_the_default_for_the_other_side() {
    for_each_expression(300, NODES, |expression, _| {
        let one = QuorumSystem::from_reads(expression.clone()).unwrap();
        let other = QuorumSystem::new(expression.clone(), expression.dual()).unwrap();
        assert_eq!(one, other);
        let mirrored = QuorumSystem::from_writes(expression.dual()).unwrap();
        assert_eq!(one, mirrored);
        is_as_defined(
            &one,
            &quorums(expression, NODES),
            &quorums(&expression.dual(), NODES),
        );
    });
}

#[test]
fn the_expression_of_a_weighted_system_has_its_quorums() {
    for seed in 0..200 {
        let mut g = Gen::from_size_and_seed(100, seed);
        let size = 1 + u32::arbitrary(&mut g) % 8;
        let members = (0..size).map(|node| (node, 1 + u64::from(u8::arbitrary(&mut g) % 9)));
        let system = QuorumSystem::weighted(members).unwrap();
        for side in [Side::Read, Side::Write] {
            let expression = system.expression(side).unwrap();
            let same = QuorumSystem::new(expression.clone(), expression.clone()).unwrap();
            for set in 0..1_u32 << size {
                let has = |node: &u32| set >> node & 1 == 1;
                assert_eq!(expression.is_quorum(has), system.is_write_quorum(has));
            }
            assert_eq!(same.resilience(side), system.resilience(side));
            assert_eq!(same.size_min(side), system.size_min(side));
        }
    }
}
