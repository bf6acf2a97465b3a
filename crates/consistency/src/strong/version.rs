//! Versions: a value under the timestamp that orders it.

use core::fmt;

use transport::{Bytes, NodeId};

/// The place of a write in the order of all writes of its key: by counter, and by node where counters
/// are equal (Lynch and Shvartsman 1997: *tags*).
///
/// ```
/// use consistency::strong::Timestamp;
/// use transport::NodeId;
/// let one = Timestamp { counter: 3, node: NodeId(1) };
/// let other = Timestamp { counter: 3, node: NodeId(2) };
/// assert!(Timestamp::ZERO < one && one < other);
/// assert_eq!(other.to_string(), "3@n2");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Timestamp {
    /// Greater than every counter that the writer heard of, and at most
    /// [`COUNTER_MAX`](Self::COUNTER_MAX).
    pub counter: u64,
    /// The writer.
    pub node: NodeId,
}

impl Timestamp {
    /// Before every write.
    pub const ZERO: Self = Self {
        counter: 0,
        node: NodeId(0),
    };

    /// The last counter that a member gives out or believes in, 2⁴⁸: at a thousand writes of one key a
    /// second some nine thousand years away. Whoever names a greater one is broken or lies.
    pub const COUNTER_MAX: u64 = 1 << 48;

    /// The timestamp of `node` right above this one; `None` at the end of the counters.
    ///
    /// ```
    /// use consistency::strong::Timestamp;
    /// use transport::NodeId;
    /// let first = Timestamp::ZERO.above(NodeId(2)).unwrap();
    /// assert_eq!(first.to_string(), "1@n2");
    /// let last = Timestamp { counter: Timestamp::COUNTER_MAX, node: NodeId(2) };
    /// assert_eq!(last.above(NodeId(3)), None);
    /// ```
    #[must_use]
    pub const fn above(self, node: NodeId) -> Option<Self> {
        match self.counter.checked_add(1) {
            Some(counter) if counter <= Self::COUNTER_MAX => Some(Self { counter, node }),
            _ => None,
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.counter, self.node)
    }
}

/// What a register holds.
///
/// ```
/// use consistency::strong::{Timestamp, Version};
/// let never_written = Version::default();
/// assert_eq!(never_written, Version { timestamp: Timestamp::ZERO, value: None });
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Version {
    /// The write it comes from; [`Timestamp::ZERO`]: none.
    pub timestamp: Timestamp,
    /// The value; `None`: absent, because it was deleted or never written.
    pub value: Option<Bytes>,
}
