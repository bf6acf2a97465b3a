//! Random expressions over a few nodes, and the definitions tried on every set of nodes.
#![allow(dead_code, reason = "each test program uses a part of it")]

use quickcheck::{Arbitrary, Gen};
use quorum::Expression;

pub(crate) type Named = Expression<u32>;

/// An expression over at most `nodes` nodes, which may occur twice.
pub(crate) fn expression(g: &mut Gen, nodes: u32, depth: u32) -> Named {
    let draw = |g: &mut Gen, below: u32| u32::arbitrary(g) % below;
    if depth == 0 || draw(g, 5) == 0 {
        return Expression::node(draw(g, nodes));
    }
    let of = 1 + draw(g, 4) as usize;
    let parts: Vec<Named> = (0..of).map(|_| expression(g, nodes, depth - 1)).collect();
    match draw(g, 3) {
        0 => Expression::any(parts),
        1 => Expression::all(parts),
        _ => Expression::choose(1 + draw(g, of as u32) as usize, parts),
    }
    .unwrap()
}

/// An expression in which each of the nodes from `first` to `last` occurs once.
pub(crate) fn read_once(g: &mut Gen, first: u32, last: u32) -> Named {
    if first == last {
        return Expression::node(first);
    }
    let (mut parts, mut from) = (Vec::new(), first);
    while from <= last {
        let width = 1 + u32::arbitrary(g) % (last - first).div_ceil(2);
        let to = last.min(from + width - 1);
        parts.push(read_once(g, from, to));
        from = to + 1;
    }
    let needed = 1 + usize::arbitrary(g) % parts.len();
    Expression::choose(needed, parts).unwrap()
}

/// Every seed's expression: half of them read-once, over 1 to `nodes` nodes.
pub(crate) fn for_each_expression(seeds: u64, nodes: u32, mut law: impl FnMut(&Named, &mut Gen)) {
    for seed in 0..seeds {
        let mut g = Gen::from_size_and_seed(100, seed);
        let count = 1 + u32::arbitrary(&mut g) % nodes;
        let expression = match seed % 2 {
            0 => read_once(&mut g, 0, count - 1),
            _ => expression(&mut g, count, 3),
        };
        law(&expression, &mut g);
    }
}

/// All sets of the nodes 0 to 11 that are quorums, as bits.
pub(crate) fn quorums(expression: &Named, nodes: u32) -> Vec<bool> {
    let sets = 0..1_u32 << nodes;
    sets.map(|set| expression.is_quorum(|&node| set >> node & 1 == 1))
        .collect()
}

pub(crate) fn bits<'a>(nodes: impl IntoIterator<Item = &'a u32>) -> u32 {
    nodes.into_iter().map(|node| 1 << node).sum()
}
