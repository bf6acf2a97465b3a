//! Places: terms, indexes, and the pair of both that names an entry.

use core::fmt;

/// A term: an era of at most one leader. Raft §5.1.
///
/// ```
/// use raft_core::Term;
/// assert_eq!(Term(4).next(), Some(Term(5)));
/// assert_eq!(Term(u64::MAX).next(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Term(pub u64);

impl Term {
    /// The term after this one; `None` at the end of the number space, where a node stops
    /// campaigning rather than wrap.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(term) => Some(Self(term)),
            None => None,
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "term {}", self.0)
    }
}

/// A place in the log. The first entry has index 1; index 0 stands before it.
///
/// ```
/// use raft_core::Index;
/// assert_eq!(Index(1).plus(2), Index(3));
/// assert_eq!(Index(0).previous(), Index(0));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Index(pub u64);

impl Index {
    /// The index `count` places later, saturating.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The next index, saturating.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The index before this one; 0 stays 0.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The name of an entry: in Raft, equal positions mean equal logs up to there (log matching).
///
/// Ordered as §5.4.1 compares logs: by term, then by index. A log whose last position is greater is
/// more up to date.
///
/// ```
/// use raft_core::{Index, Position, Term};
/// let long = Position { term: Term(2), index: Index(9) };
/// let recent = Position { term: Term(3), index: Index(4) };
/// assert!(recent > long);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Position {
    /// The term whose leader made the entry.
    pub term: Term,
    /// Its place.
    pub index: Index,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.index.0, self.term.0)
    }
}
