//! The shapes of the table: all clean splits, and those that are none.

use std::fmt;

use cap_model::{CapError, Shape, Side, splits};
use transport::NodeId;

/// A family of shapes, which share their rows of the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Family {
    Whole,
    /// The sizes of the two sides, the lesser first.
    Split(u32, u32),
    /// One node hears nobody.
    OneWay,
    Bridge,
    Chain,
    Star,
    /// A star, and a node without any link.
    StarLost,
}

impl Family {
    /// For programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Split(..) => "split",
            Self::OneWay => "one-way",
            Self::Bridge => "bridge",
            Self::Chain => "chain",
            Self::Star => "star",
            Self::StarLost => "constrained-election",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split(less, more) => write!(f, "split {less}|{more}"),
            Self::OneWay => f.write_str("one deaf"),
            Self::StarLost => f.write_str("star, one lost"),
            other => f.write_str(other.name()),
        }
    }
}

/// Every shape that is measured.
pub(super) fn all(nodes: u32) -> Result<Vec<(Family, Shape)>, CapError> {
    let each = || (0..nodes).map(NodeId);
    let mut shapes = vec![(Family::Whole, Shape::whole(nodes)?)];
    for side in splits(nodes)? {
        let (one, other) = (side.len(), nodes - side.len());
        let family = Family::Split(one.min(other), one.max(other));
        shapes.push((family, Shape::split(nodes, side)?));
    }
    if nodes > 1 {
        for node in each() {
            let deaf = Side::of([node])?;
            shapes.push((Family::OneWay, Shape::one_way(nodes, deaf)?));
        }
    }
    // With fewer nodes the other shapes are one of those above.
    if nodes > 2 {
        for middle in each().skip(1).take(nodes as usize - 2) {
            shapes.push((Family::Bridge, Shape::bridge(nodes, middle)?));
        }
    }
    if nodes > 3 {
        shapes.push((Family::Chain, Shape::chain(nodes)?));
        for centre in each() {
            shapes.push((Family::Star, Shape::star(nodes, centre)?));
            for lost in each().filter(|&lost| lost != centre) {
                let shape = Shape::constrained_election(nodes, centre, lost)?;
                shapes.push((Family::StarLost, shape));
            }
        }
    }
    Ok(shapes)
}
