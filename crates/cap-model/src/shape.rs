//! The shape of a partition: which directed links work.
//!
//! # Invariants
//!
//! - A shape has 1 to 64 nodes, numbered from zero; a node always reaches itself.
//! - A *side* is a greatest set of nodes that reach each other, both ways, along working links. The
//!   sides of a shape are disjoint and together they are all nodes.
//!
//! | name | links that work | source |
//! |---|---|---|
//! | whole | all | |
//! | split | those within one of two halves | Gilbert and Lynch 2002 |
//! | one-way | all but those into one half: it is heard and hears nobody | |
//! | bridge | those within two halves, and all of one node in the middle | Jepsen |
//! | star | those of one node: *quorum loss* | Omni-Paxos 2023 |
//! | constrained election | those of one node, but one other node has none | Omni-Paxos 2023 |
//! | chain | those between neighbours: *chained* | Omni-Paxos 2023 |
//! | ring | each node's with its nearest on a circle, a majority: *ring of majorities* | Jepsen |

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use transport::NodeId;

use crate::{CapError, Side};

/// Which directed links work. See the table of shapes on the crate page.
///
/// ```
/// use cap_model::{Shape, Side};
/// use transport::NodeId;
/// let split = Shape::split(3, Side::of([NodeId(1)])?)?;
/// assert!(!split.works(NodeId(0), NodeId(1)) && split.works(NodeId(0), NodeId(2)));
/// assert_eq!(split.sides(), [Side::of([NodeId(0), NodeId(2)])?, Side::of([NodeId(1)])?]);
/// assert_eq!(split.to_string(), "split {n0 n2} | {n1}");
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Shape {
    name: String,
    kind: ShapeKind,
    /// For each node, whom its messages reach; itself included.
    reach: Vec<Side>,
}

/// The row of the table of shapes.
///
/// ```
/// use cap_model::{Shape, ShapeKind};
/// use transport::NodeId;
/// let kind = Shape::star(5, NodeId(0))?.kind();
/// assert_eq!((kind, kind.name()), (ShapeKind::Star, "star"));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ShapeKind {
    /// All links work.
    Whole,
    /// Two sides, and nothing between them.
    Split,
    /// One side is heard and hears nobody.
    OneWay,
    /// Two halves that meet in one node.
    Bridge,
    /// Each node sees a majority of its nearest.
    Ring,
    /// Only the links of one node: quorum loss.
    Star,
    /// The same, and one other node has none.
    ConstrainedElection,
    /// Only the links between neighbours.
    Chain,
    /// Whatever links were given.
    Links,
}

impl ShapeKind {
    /// The name, as in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Split => "split",
            Self::OneWay => "one-way",
            Self::Bridge => "bridge",
            Self::Ring => "ring",
            Self::Star => "star",
            Self::ConstrainedElection => "constrained-election",
            Self::Chain => "chain",
            Self::Links => "links",
        }
    }
}

impl fmt::Display for ShapeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Shape {
    /// Every link works.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn whole(nodes: u32) -> Result<Self, CapError> {
        let name = "whole".to_string();
        Self::made(nodes, (ShapeKind::Whole, name), |_, _| true)
    }

    /// Two sides, and no link between them.
    ///
    /// # Errors
    ///
    /// No node or too many; a side that is empty, everything, or has a foreign node.
    pub fn split(nodes: u32, side: Side) -> Result<Self, CapError> {
        let other = other_side(nodes, side)?;
        let (first, second) = if side.contains(NodeId(0)) {
            (side, other)
        } else {
            (other, side)
        };
        let name = alloc::format!("split {first} | {second}");
        Self::made(nodes, (ShapeKind::Split, name), |from, to| {
            side.contains(from) == side.contains(to)
        })
    }

    /// The side `deaf` is heard by the others and hears none of them.
    ///
    /// # Errors
    ///
    /// Those of [`split`](Self::split).
    pub fn one_way(nodes: u32, deaf: Side) -> Result<Self, CapError> {
        let other = other_side(nodes, deaf)?;
        let name = alloc::format!("one-way {deaf} > {other}");
        Self::made(nodes, (ShapeKind::OneWay, name), |from, to| {
            deaf.contains(from) || !deaf.contains(to)
        })
    }

    /// Two halves that only meet in one node, which reaches everybody: the nodes before `middle` and
    /// those after it.
    ///
    /// # Errors
    ///
    /// No node or too many, or `middle` is none of them.
    pub fn bridge(nodes: u32, middle: NodeId) -> Result<Self, CapError> {
        check_node(nodes, middle)?;
        let name = alloc::format!("bridge over {middle}");
        Self::made(nodes, (ShapeKind::Bridge, name), |from, to| {
            from == middle || to == middle || (from < middle) == (to < middle)
        })
    }

    /// Only the links of `centre` work. In a cluster of four or more nobody else has a majority, and
    /// whoever led before may still be heard by the centre: *quorum loss*.
    ///
    /// # Errors
    ///
    /// No node or too many, or `centre` is none of them.
    pub fn star(nodes: u32, centre: NodeId) -> Result<Self, CapError> {
        check_node(nodes, centre)?;
        let name = alloc::format!("star around {centre}");
        Self::made(nodes, (ShapeKind::Star, name), |from, to| {
            from == centre || to == centre
        })
    }

    /// Only the links of `centre` work, and `lost` has none: if `lost` led, only `centre` can be
    /// elected, though its log may be behind. *Constrained election.*
    ///
    /// # Errors
    ///
    /// No node or too many; one of the two is none of them, or they are one.
    pub fn constrained_election(
        nodes: u32,
        centre: NodeId,
        lost: NodeId,
    ) -> Result<Self, CapError> {
        check_node(nodes, centre)?;
        check_node(nodes, lost)?;
        if centre == lost {
            let side = Side::of([lost])?;
            return Err(CapError::NotASide { side, nodes });
        }
        let name = alloc::format!("star around {centre} without {lost}");
        let name = (ShapeKind::ConstrainedElection, name);
        Self::made(nodes, name, |from, to| {
            (from == centre || to == centre) && from != lost && to != lost
        })
    }

    /// Each node reaches its two neighbours in number, and no other: *chained*.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn chain(nodes: u32) -> Result<Self, CapError> {
        let name = (ShapeKind::Chain, "chain".to_string());
        Self::made(nodes, name, |from, to| from.0.abs_diff(to.0) == 1)
    }

    /// The nodes stand in a circle, and each reaches as many of the nearest as make a majority with it,
    /// the same on either side: every node sees a majority, and of four or more nodes no two see the same.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    ///
    /// ```
    /// use cap_model::Shape;
    /// use transport::NodeId;
    /// let ring = Shape::ring(5)?;
    /// assert_eq!(ring.to_string(), "ring of 3");
    /// assert!(ring.works(NodeId(0), NodeId(4)) && !ring.works(NodeId(0), NodeId(2)));
    /// # Ok::<(), cap_model::CapError>(())
    /// ```
    pub fn ring(nodes: u32) -> Result<Self, CapError> {
        let steps = (nodes / 2).div_ceil(2);
        let seen = steps.saturating_mul(2).saturating_add(1).min(nodes);
        let name = (ShapeKind::Ring, alloc::format!("ring of {seen}"));
        Self::made(nodes, name, |from, to| {
            let apart = from.0.abs_diff(to.0);
            apart.min(nodes.saturating_sub(apart)) <= steps
        })
    }

    /// Exactly these directed links work, from and to.
    ///
    /// # Errors
    ///
    /// No node or too many; a link of a foreign node.
    pub fn from_links(
        nodes: u32,
        links: impl IntoIterator<Item = (NodeId, NodeId)>,
    ) -> Result<Self, CapError> {
        let name = (ShapeKind::Links, "links".to_string());
        let mut shape = Self::made(nodes, name, |_, _| false)?;
        for (from, to) in links {
            check_node(nodes, from)?;
            check_node(nodes, to)?;
            if let Some(reach) = shape.reach.get_mut(index(from)) {
                reach.insert(to);
            }
        }
        Ok(shape)
    }

    fn made(
        nodes: u32,
        (kind, name): (ShapeKind, String),
        works: impl Fn(NodeId, NodeId) -> bool,
    ) -> Result<Self, CapError> {
        let all = Side::all(nodes)?;
        let row = |from: NodeId| {
            let mut reach = Side::EMPTY;
            let reached = all.nodes().filter(|&to| from == to || works(from, to));
            reached.for_each(|to| reach.insert(to));
            reach
        };
        let reach = all.nodes().map(row).collect();
        Ok(Self { name, kind, reach })
    }

    /// Which of the named shapes it is.
    #[must_use]
    pub const fn kind(&self) -> ShapeKind {
        self.kind
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        // At most 64.
        u32::try_from(self.reach.len()).unwrap_or(u32::MAX)
    }

    /// Whether messages of `from` reach `to`. A foreign node reaches nobody.
    #[must_use]
    pub fn works(&self, from: NodeId, to: NodeId) -> bool {
        let reach = self.reach.get(index(from));
        reach.is_some_and(|reach| reach.contains(to))
    }

    /// Whether the two hear each other directly.
    #[must_use]
    pub fn works_both_ways(&self, one: NodeId, other: NodeId) -> bool {
        self.works(one, other) && self.works(other, one)
    }

    /// Whether the same links work, whatever the names.
    #[must_use]
    pub fn has_links_of(&self, other: &Self) -> bool {
        self.reach == other.reach
    }

    /// Whether no link is cut.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.reach.iter().all(|reach| reach.len() == self.nodes())
    }

    /// The sides, by their least node. O(nodes²).
    ///
    /// ```
    /// use cap_model::Shape;
    /// use transport::NodeId;
    /// // The middle of a bridge makes one side of all; a node that hears nobody is its own.
    /// assert_eq!(Shape::bridge(5, NodeId(2))?.sides().len(), 1);
    /// let deaf = cap_model::Side::of([NodeId(0)])?;
    /// assert_eq!(Shape::one_way(3, deaf)?.sides().len(), 2);
    /// # Ok::<(), cap_model::CapError>(())
    /// ```
    #[must_use]
    pub fn sides(&self) -> Vec<Side> {
        let paths = self.paths();
        let mut sides: Vec<Side> = Vec::new();
        let mut seen = Side::EMPTY;
        for (node, reached) in (0..).map(NodeId).zip(&paths) {
            if seen.contains(node) {
                continue;
            }
            let mut side = Side::EMPTY;
            let mutual = reached.nodes().filter(|&other| {
                let back = paths.get(index(other));
                back.is_some_and(|back| back.contains(node))
            });
            mutual.for_each(|other| side.insert(other));
            seen = seen.union(side);
            sides.push(side);
        }
        sides
    }

    /// The side of a node; empty for a foreign one.
    #[must_use]
    pub fn side_of(&self, node: NodeId) -> Side {
        let sides = self.sides();
        let side = sides.into_iter().find(|side| side.contains(node));
        side.unwrap_or_default()
    }

    /// Whom each node reaches along any number of links (Warshall 1962).
    fn paths(&self) -> Vec<Side> {
        let mut paths = self.reach.clone();
        for via in (0..self.nodes()).map(NodeId) {
            let beyond = paths.get(index(via)).copied().unwrap_or_default();
            for reached in &mut paths {
                if reached.contains(via) {
                    *reached = reached.union(beyond);
                }
            }
        }
        paths
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Every two-sided split of so many nodes, each once, by the side that holds node 0:
/// 2^(nodes - 1) - 1 of them.
///
/// # Errors
///
/// No node, or more than 64.
///
/// ```
/// assert_eq!(cap_model::splits(1)?.count(), 0);
/// assert_eq!(cap_model::splits(3)?.count(), 3);
/// assert_eq!(cap_model::splits(5)?.count(), 15);
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub fn splits(nodes: u32) -> Result<impl Iterator<Item = Side>, CapError> {
    let all = Side::all(nodes)?.bits();
    // The other nodes, in every combination but "all": node 0 is always on the first side.
    let last = all >> 1;
    Ok((0..last).map(|others| Side::from_bits(others << 1 | 1)))
}

/// Every state of the directed links of so many nodes: 2^(nodes × (nodes - 1)) shapes.
///
/// # Errors
///
/// No node, or more than 5.
///
/// ```
/// assert_eq!(cap_model::link_states(3)?.count(), 64);
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub fn link_states(nodes: u32) -> Result<impl Iterator<Item = Shape>, CapError> {
    if nodes > 5 {
        return Err(CapError::TooManyLinks { nodes });
    }
    let all = Side::all(nodes)?;
    let links: Vec<(NodeId, NodeId)> = all
        .nodes()
        .flat_map(|from| all.nodes().map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
        .collect();
    let states = 1_u64 << links.len();
    Ok((0..states).map(move |state| {
        let mut reach = vec![Side::EMPTY; all.len() as usize];
        for (node, reach) in (0..).map(NodeId).zip(&mut reach) {
            reach.insert(node);
        }
        for (place, (from, to)) in links.iter().enumerate() {
            if let (true, Some(reach)) = (state >> place & 1 == 1, reach.get_mut(index(*from))) {
                reach.insert(*to);
            }
        }
        let name = alloc::format!("links {state:#x}");
        let kind = ShapeKind::Links;
        Shape { name, kind, reach }
    }))
}

pub(crate) fn index(node: NodeId) -> usize {
    usize::try_from(node.0).unwrap_or(usize::MAX)
}

fn check_node(nodes: u32, node: NodeId) -> Result<(), CapError> {
    if node.0 >= nodes {
        return Err(CapError::UnknownNode { node, nodes });
    }
    Ok(())
}

fn other_side(nodes: u32, side: Side) -> Result<Side, CapError> {
    let all = Side::all(nodes)?;
    if side.is_empty() || side == all || !all.includes(side) {
        return Err(CapError::NotASide { side, nodes });
    }
    Ok(side.complement(nodes))
}
