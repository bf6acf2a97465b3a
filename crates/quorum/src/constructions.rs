//! Well-known quorum systems, each with its source, its smallest quorums and its load.
//!
//! The load of a strategy is how often its busiest node is asked, and that of a system the least load of
//! a strategy (Naor and Wool, *The load, capacity, and availability of quorum systems*, 1998). `fr` and
//! `fw` are the shares of reads and writes.

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::{Expression, ExpressionError, MEMBERS_MAX, QuorumError, QuorumSystem};

impl<N: Clone + Debug + Ord> QuorumSystem<N> {
    /// A grid: reads ask all of one row, writes one node of each row (Cheung, Ammar and Ahamad, *The grid
    /// protocol*, 1990).
    ///
    /// Of `r` rows of `c` nodes, read quorums have `c` nodes and write quorums `r`; the load is
    /// `fr/r + fw/c`. Rows need not be equally long.
    ///
    /// # Errors
    ///
    /// No row, an empty one, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let grid = QuorumSystem::grid([["a", "b", "c"], ["d", "e", "f"]])?;
    /// assert_eq!(grid.expression(Side::Read)?.to_string(), "a*b*c + d*e*f");
    /// assert_eq!((grid.size_min(Side::Read), grid.size_min(Side::Write)), (3, 2));
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    pub fn grid(
        rows: impl IntoIterator<Item = impl IntoIterator<Item = N>>,
    ) -> Result<Self, QuorumError<N>> {
        let rows = rows_of(rows)?;
        let rows: Result<Vec<_>, _> = rows.iter().map(|row| all_of(row)).collect();
        Self::from_reads(Expression::any(rows?)?)
    }

    /// A full row and a full column of a square grid (after Maekawa, *A √n algorithm for mutual
    /// exclusion in decentralized systems*, 1985).
    ///
    /// Of `k` rows of `k` nodes, a quorum has `2k - 1`; the load is `(2k - 1)/k²`. `nodes` are named row
    /// by row.
    ///
    /// # Errors
    ///
    /// No square number of nodes, a repeated node, or too many;
    /// [`Entangled`](ExpressionError::Entangled) for a large square.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let square = QuorumSystem::maekawa(1..=9)?;
    /// assert_eq!(square.size_min(Side::Write), 5);
    /// assert!(square.is_write_quorum(|node| [4, 5, 6, 2, 8].contains(node)));
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn maekawa(nodes: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        let nodes = nodes_of(nodes)?;
        let side = nodes.len().isqrt();
        if side * side != nodes.len() {
            return Err(unbuildable(
                "a square",
                nodes.len(),
                "it needs 1, 4, 9, 16, … nodes",
            ));
        }
        let columns = (0..side).map(|column| {
            let column = nodes.iter().skip(column).step_by(side);
            all_of(&column.cloned().collect::<Vec<_>>())
        });
        let columns = Expression::any(columns.collect::<Result<Vec<_>, _>>()?)?;
        let rows = nodes.chunks(side).map(all_of);
        let rows = Expression::any(rows.collect::<Result<Vec<_>, _>>()?)?;
        Self::symmetric(Expression::all([rows, columns])?)
    }

    /// A binary tree: a quorum is a path from the root to a leaf, where the paths below both children
    /// can stand for a node (Agrawal and El Abbadi, *An efficient and fault-tolerant solution for
    /// distributed mutual exclusion*, 1991).
    ///
    /// Of `2^(h+1) - 1` nodes, the smallest quorums have `h + 1`; the load is `2/(h + 2)`. `nodes` are
    /// named level by level, from the root.
    ///
    /// # Errors
    ///
    /// Not 1, 3, 7, 15, … nodes, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let tree = QuorumSystem::tree(1..=7)?;
    /// let text = tree.expression(Side::Read)?.to_string();
    /// assert_eq!(text, "choose(2, 1, choose(2, 2, 4, 5), choose(2, 3, 6, 7))");
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn tree(nodes: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        let nodes = nodes_of(nodes)?;
        let leaves = nodes.len().div_ceil(2);
        if !leaves.is_power_of_two() || nodes.len() + 1 != 2 * leaves {
            return Err(unbuildable(
                "a full tree",
                nodes.len(),
                "it needs 1, 3, 7, 15, … nodes",
            ));
        }
        let mut nodes = nodes;
        let mut level: Vec<_> = nodes
            .split_off(leaves - 1)
            .into_iter()
            .map(Expression::node)
            .collect();
        while level.len() > 1 {
            let roots = nodes.split_off(nodes.len().saturating_sub(level.len() / 2));
            let trees = roots.into_iter().zip(level.chunks(2));
            let above = trees.map(|(root, below)| {
                let parts = [Expression::node(root)]
                    .into_iter()
                    .chain(below.iter().cloned());
                Expression::choose(2, parts)
            });
            level = above.collect::<Result<_, _>>()?;
        }
        Self::symmetric(Expression::any(level)?)
    }

    /// Majorities of majorities: nodes in groups of `fan_out`, groups in groups of `fan_out`, up to one;
    /// of each, more than half (Kumar, *Hierarchical quorum consensus*, 1991).
    ///
    /// Of `3^i` nodes with a `fan_out` of 3, quorums have `2^i`, fewer than half; the load is `(2/3)^i`.
    ///
    /// # Errors
    ///
    /// A number of nodes that is no power of `fan_out`, a `fan_out` below 2, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let system = QuorumSystem::hierarchical(1..=27, 3)?;
    /// assert_eq!(system.size_min(Side::Write), 8);
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn hierarchical(
        nodes: impl IntoIterator<Item = N>,
        fan_out: usize,
    ) -> Result<Self, QuorumError<N>> {
        let nodes = nodes_of(nodes)?;
        let size = nodes.len();
        let rule = "it needs a power of the fan-out, which is 2 or more";
        let mut level: Vec<_> = nodes.into_iter().map(Expression::node).collect();
        while level.len() > 1 {
            if fan_out < 2 || !level.len().is_multiple_of(fan_out) {
                return Err(unbuildable("a hierarchy", size, rule));
            }
            let groups = level.chunks(fan_out);
            let above =
                groups.map(|group| Expression::choose(fan_out / 2 + 1, group.iter().cloned()));
            level = above.collect::<Result<_, _>>()?;
        }
        Self::symmetric(Expression::any(level)?)
    }

    /// Rows, the widest usually last: a quorum is all of one row and one node of each row below (Peleg
    /// and Wool, *Crumbling walls: a class of practical and efficient quorum systems*, 1995).
    ///
    /// No closed form of the load: O(1/√n) for well-chosen rows.
    ///
    /// # Errors
    ///
    /// No row, an empty one, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let wall = QuorumSystem::crumbling_wall([vec!["a"], vec!["b", "c"], vec!["d", "e"]])?;
    /// assert!(wall.is_write_quorum(|node| ["b", "c", "e"].contains(node)));
    /// assert!(wall.is_write_quorum(|node| ["a", "b", "d"].contains(node)));
    /// assert!(!wall.is_write_quorum(|node| ["a", "b", "c"].contains(node)));
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    pub fn crumbling_wall(
        rows: impl IntoIterator<Item = impl IntoIterator<Item = N>>,
    ) -> Result<Self, QuorumError<N>> {
        let mut wall: Option<Expression<N>> = None;
        for row in rows_of(rows)? {
            let full = all_of(&row)?;
            wall = Some(match wall {
                None => full,
                Some(above) => {
                    let one = Expression::any(row.into_iter().map(Expression::node))?;
                    Expression::any([full, Expression::all([one, above])?])?
                }
            });
        }
        Self::symmetric(wall.ok_or(QuorumError::NoMembers)?)
    }

    /// The crumbling wall whose rows have 1, 2, 3, … nodes, named from the top (Lovász 1973; Peleg and
    /// Wool 1995). Of `d` rows, every minimal quorum has `d` nodes.
    ///
    /// No closed form of the load; of four rows it is 0.4.
    ///
    /// # Errors
    ///
    /// Not 1, 3, 6, 10, … nodes, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let wall = QuorumSystem::triangular_wall(1..=10)?;
    /// assert_eq!(wall.size_min(Side::Write), 4);
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn triangular_wall(nodes: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        let mut nodes = nodes_of(nodes)?;
        let size = nodes.len();
        let mut rows = Vec::new();
        for width in 1..=size {
            if nodes.is_empty() {
                break;
            }
            if nodes.len() < width {
                return Err(unbuildable(
                    "a triangle",
                    size,
                    "it needs 1, 3, 6, 10, … nodes",
                ));
            }
            let rest = nodes.split_off(width);
            rows.push(core::mem::replace(&mut nodes, rest));
        }
        Self::crumbling_wall(rows)
    }

    /// A hub with one node of the rim, or the whole rim (Holzman, Marcus and Peleg, *Load balancing in
    /// quorum systems*, 1997).
    ///
    /// The smallest quorums have two nodes; of `n` nodes the load is `(n - 1)/(2n - 3)`.
    ///
    /// # Errors
    ///
    /// No rim, a repeated node, or too many.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let wheel = QuorumSystem::wheel("hub", ["a", "b", "c"])?;
    /// assert_eq!((wheel.size_min(Side::Write), wheel.resilience(Side::Write)), (2, 1));
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    pub fn wheel(hub: N, rim: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        let rim = rim.into_iter().take(MEMBERS_MAX + 1).collect();
        Self::crumbling_wall([Vec::from([hub]), rim])
    }

    /// The points of a finite projective plane, with its lines as quorums: any two lines meet in one
    /// point (Maekawa 1985).
    ///
    /// Of the prime order `q` there are `q² + q + 1` points, and as many lines of `q + 1`; the load is
    /// `(q + 1)/(q² + q + 1)`, the least that quorums of any system of so many nodes can have.
    ///
    /// # Errors
    ///
    /// A number of nodes that no prime `q` gives, a repeated node, or too many;
    /// [`Entangled`](ExpressionError::Entangled) for a large plane.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let fano = QuorumSystem::projective_plane(1..=7)?;
    /// let lines = fano.expression(Side::Read)?;
    /// assert_eq!(lines.minimal_quorums_count()?, 7);
    /// assert_eq!((fano.size_min(Side::Read), fano.resilience(Side::Read)), (3, 2));
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn projective_plane(nodes: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        let nodes = nodes_of(nodes)?;
        let size = nodes.len();
        let order = (2..size)
            .take_while(|order| order * order < size)
            .find(|&order| {
                let is_prime = (2..order).all(|divisor| !order.is_multiple_of(divisor));
                is_prime && order * order + order + 1 == size
            });
        let Some(order) = order else {
            let rule = "it needs q² + q + 1 nodes for a prime q";
            return Err(unbuildable("a projective plane", size, rule));
        };
        let points: Vec<[usize; 3]> = directions(order).collect();
        let lines = directions(order).map(|line| {
            let is_on = |point: &[usize; 3]| {
                let products = point.iter().zip(&line).map(|(one, other)| one * other);
                products.sum::<usize>().is_multiple_of(order)
            };
            let on = points.iter().zip(&nodes).filter(|(point, _)| is_on(point));
            Expression::all(on.map(|(_, node)| Expression::node(node.clone())))
        });
        Self::symmetric(Expression::any(lines.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// Reads and writes by the same quorums.
    fn symmetric(quorums: Expression<N>) -> Result<Self, QuorumError<N>> {
        Self::new(quorums.clone(), quorums)
    }
}

/// The vectors over a prime field whose first entry that is not zero is one: the points of its plane,
/// and its lines.
fn directions(order: usize) -> impl Iterator<Item = [usize; 3]> {
    let plane = (0..order * order).map(move |rest| [1, rest / order, rest % order]);
    let line = (0..order).map(|last| [0, 1, last]);
    plane.chain(line).chain([[0, 0, 1]])
}

fn all_of<N: Clone + Ord>(nodes: &[N]) -> Result<Expression<N>, ExpressionError> {
    Expression::all(nodes.iter().cloned().map(Expression::node))
}

/// The nodes in the order in which they are named, if none is named twice.
fn nodes_of<N: Clone + Debug + Ord>(
    nodes: impl IntoIterator<Item = N>,
) -> Result<Vec<N>, QuorumError<N>> {
    let nodes: Vec<N> = nodes.into_iter().take(MEMBERS_MAX + 1).collect();
    if nodes.is_empty() {
        return Err(QuorumError::NoMembers);
    }
    if nodes.len() > MEMBERS_MAX {
        let count = nodes.len();
        return Err(QuorumError::TooManyMembers { count });
    }
    let mut sorted: Vec<&N> = nodes.iter().collect();
    sorted.sort();
    for (one, next) in sorted.iter().zip(sorted.iter().skip(1)) {
        if one == next {
            let node = (*one).clone();
            return Err(QuorumError::Repeated { node });
        }
    }
    Ok(nodes)
}

/// Rows of nodes, if none is empty and no node is named twice.
fn rows_of<N: Clone + Debug + Ord>(
    rows: impl IntoIterator<Item = impl IntoIterator<Item = N>>,
) -> Result<Vec<Vec<N>>, QuorumError<N>> {
    let (mut kept, mut count) = (Vec::new(), 0_usize);
    for row in rows {
        // Neither the rows nor a row may end.
        let row: Vec<N> = row.into_iter().take(MEMBERS_MAX + 1).collect();
        if row.is_empty() {
            return Err(QuorumError::NoMembers);
        }
        count += row.len();
        if count > MEMBERS_MAX {
            return Err(QuorumError::TooManyMembers { count });
        }
        kept.push(row);
    }
    nodes_of(kept.iter().flatten().cloned())?;
    Ok(kept)
}

const fn unbuildable<N: Debug>(
    construction: &'static str,
    size: usize,
    rule: &'static str,
) -> QuorumError<N> {
    QuorumError::Expression(ExpressionError::Unbuildable {
        construction,
        size,
        rule,
    })
}
