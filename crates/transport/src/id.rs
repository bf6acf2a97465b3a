//! Names: of nodes, of client requests, of points in a node's record log.

use core::fmt;

/// A node of the system, by number.
///
/// Plain and `Copy`: a set of nodes is a sorted slice, an address book is somebody else's map.
///
/// ```
/// use transport::NodeId;
/// assert_eq!(NodeId(3).to_string(), "n3");
/// assert!(NodeId(1) < NodeId(2));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A client's name for one of its requests, echoed in every event that answers it.
///
/// The client chooses it and keeps it unique among the requests that one process holds at a time.
///
/// ```
/// use transport::RequestId;
/// assert_eq!(RequestId(7).to_string(), "r7");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A place in one node's record log: the name of a persisted record.
///
/// Tokens of one node grow and may skip numbers (a wrapper may take some for
/// records of its own). [`Token::NONE`] stands before every record, so "durable up to `NONE`" is
/// always true.
///
/// ```
/// use transport::Token;
/// assert!(Token::NONE < Token::NONE.next());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Token(pub u64);

impl Token {
    /// The place before the first record.
    pub const NONE: Self = Self(0);

    /// The token after this one. Saturates: at one record a nanosecond that takes 584 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}
