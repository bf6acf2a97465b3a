//! A side: the nodes that a client can reach.
//!
//! Invariant: a side is a set of at most [`NODES_MAX`] nodes, kept as one word.

use core::fmt;

use transport::NodeId;

use crate::CapError;

/// The most nodes a cluster can have here.
pub const NODES_MAX: u32 = 64;

/// A set of nodes: those that a client is confined to, or one half of a split.
///
/// ```
/// use cap_model::Side;
/// use transport::NodeId;
/// let side = Side::of([NodeId(0), NodeId(2)])?;
/// assert_eq!(side.to_string(), "{n0 n2}");
/// assert!(side.is_majority_of(3));
/// assert_eq!(side.complement(3), Side::of([NodeId(1)])?);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Side(u64);

impl Side {
    /// No node.
    pub const EMPTY: Self = Self(0);

    /// These nodes.
    ///
    /// # Errors
    ///
    /// A node is numbered 64 or above.
    pub fn of(nodes: impl IntoIterator<Item = NodeId>) -> Result<Self, CapError> {
        let mut side = Self::EMPTY;
        for node in nodes {
            if node.0 >= NODES_MAX {
                return Err(CapError::UnknownNode {
                    node,
                    nodes: NODES_MAX,
                });
            }
            side.insert(node);
        }
        Ok(side)
    }

    /// Nodes 0 to `nodes` - 1.
    ///
    /// # Errors
    ///
    /// None, or more than 64.
    pub fn all(nodes: u32) -> Result<Self, CapError> {
        match nodes {
            0 => Err(CapError::NoNodes),
            1..=NODES_MAX => Ok(Self(u64::MAX >> (NODES_MAX - nodes))),
            _ => Err(CapError::TooManyNodes { nodes }),
        }
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Adds a node; one beyond the limit is nowhere.
    pub(crate) fn insert(&mut self, node: NodeId) {
        self.0 |= bit(node);
    }

    /// Whether `node` is in it.
    #[must_use]
    pub fn contains(self, node: NodeId) -> bool {
        self.0 & bit(node) != 0
    }

    /// Whether every node of `other` is in it.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The nodes of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The nodes among the first `nodes` that are not in it.
    #[must_use]
    pub fn complement(self, nodes: u32) -> Self {
        Self(Self::all(nodes).unwrap_or_default().0 & !self.0)
    }

    /// How many nodes.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has more than half of `nodes` nodes.
    #[must_use]
    pub const fn is_majority_of(self, nodes: u32) -> bool {
        self.len() > nodes / 2
    }

    /// The nodes, ascending.
    pub fn nodes(self) -> impl Iterator<Item = NodeId> {
        (0..NODES_MAX)
            .map(NodeId)
            .filter(move |&node| self.contains(node))
    }
}

fn bit(node: NodeId) -> u64 {
    1_u64.checked_shl(node.0).unwrap_or(0)
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, node) in self.nodes().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{node}")?;
        }
        f.write_str("}")
    }
}
