//! The words for what was measured: availability, latency, consistency.
//!
//! Each is said of one operation, in one shape, for clients on one side. There is no word here for
//! a whole system, and "CA" is not a choice.

use core::fmt;

use transport::NodeId;

use crate::{Settings, Shape, Side};

/// Who gets answers to an operation, in a shape, among the clients of one side.
///
/// This is the availability of the theorem: it has no deadline but the horizon, and it counts nodes
/// that have not failed. How often a service answers within its agreed time is another quantity,
/// and not this one.
///
/// ```
/// use cap_model::{Availability, Side};
/// use transport::NodeId;
/// let only = Availability::LeaderBound(NodeId(2));
/// assert_eq!(only.to_string(), "leader-bound n2");
/// assert!(Availability::Total > only && only > Availability::None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Availability {
    /// Nobody on this side gets an answer.
    None,
    /// Only via this one node of the side, although another one there has all its links: what sets
    /// it apart is a role that it keeps until it is replaced.
    LeaderBound(NodeId),
    /// Only via these nodes of the side, not all of them. One alone is named so when no other has its
    /// links, like the centre of a star.
    Partly(Side),
    /// Every client on this side, via any of its nodes; but some node of another side gives no
    /// answer.
    Side(Side),
    /// Every client via any node, but one that moves to another node may miss its own updates: the
    /// guarantee of sessions holds only for clients that keep to their node.
    Sticky,
    /// Every client via any node, and whoever moves still sees what they did.
    Total,
}

impl Availability {
    /// Folds who answered into a word for one side. Pairs of clients decide between sticky and
    /// total: see [`Measurement`](crate::Measurement).
    pub(crate) fn of_side(side: Side, answering: Side, shape: &Shape, is_sticky: bool) -> Self {
        Self::of_answering(side, answering, shape.nodes(), is_sticky, |node| {
            has_equal(node, side, shape)
        })
    }

    /// The same, where `has_equal` tells whether another node of the side has every link of this one.
    pub(crate) fn of_answering(
        side: Side,
        answering: Side,
        nodes: u32,
        is_sticky: bool,
        has_equal: impl FnOnce(NodeId) -> bool,
    ) -> Self {
        let here = Side::from_bits(side.bits() & answering.bits());
        if here.is_empty() {
            return Self::None;
        }
        if here == side {
            return match (answering.len() == nodes, is_sticky) {
                (false, _) => Self::Side(side),
                (true, true) => Self::Sticky,
                (true, false) => Self::Total,
            };
        }
        match (here.len(), here.nodes().next()) {
            (1, Some(node)) if has_equal(node) => Self::LeaderBound(node),
            _ => Self::Partly(here),
        }
    }
}

/// Whether another node of the side has every link that `node` has.
fn has_equal(node: NodeId, side: Side, shape: &Shape) -> bool {
    let has_its_links = |other: NodeId| {
        let third = |&any: &NodeId| any != node && any != other;
        let mut thirds = (0..shape.nodes()).map(NodeId).filter(third);
        thirds.all(|any| {
            (shape.works(other, any) || !shape.works(node, any))
                && (shape.works(any, other) || !shape.works(any, node))
        })
    };
    let mut others = side.nodes().filter(|&other| other != node);
    others.any(has_its_links)
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::LeaderBound(node) => write!(f, "leader-bound {node}"),
            Self::Partly(nodes) => write!(f, "only {nodes}"),
            Self::Side(side) => write!(f, "side {side}"),
            Self::Sticky => f.write_str("sticky"),
            Self::Total => f.write_str("total"),
        }
    }
}

/// How long an answer took, and what it was made of.
///
/// ```
/// use cap_model::{Latency, Settings};
/// let settings = Settings { link_delay_ns: 1_000_003, ..Settings::default() };
/// assert_eq!(Latency::new(0, &settings).to_string(), "local");
/// assert_eq!(Latency::new(2_000_006, &settings).to_string(), "2 delays");
/// assert_eq!(Latency::new(152_000_000, &settings).to_string(), "152.000 ms");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Latency {
    /// Nanoseconds from the first request to the answer.
    pub ns: u64,
    /// How many link delays that is, when it is a whole number of them: 0 is O(0), more is O(d).
    /// `None`: a timer, a pause or a disk took part.
    pub link_delays: Option<u64>,
}

impl Latency {
    /// The latency of `ns` where these settings hold.
    #[must_use]
    pub fn new(ns: u64, settings: &Settings) -> Self {
        let delay_ns = settings.link_delay_ns.max(1);
        let link_delays = ns.is_multiple_of(delay_ns).then_some(ns / delay_ns);
        Self { ns, link_delays }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.link_delays {
            Some(0) => f.write_str("local"),
            Some(1) => f.write_str("1 delay"),
            Some(delays) => write!(f, "{delays} delays"),
            None => {
                let micros = self.ns / 1_000;
                write!(f, "{}.{:03} ms", micros / 1_000, micros % 1_000)
            }
        }
    }
}

/// What observers saw of updates that had returned before they asked.
///
/// ```
/// use cap_model::Consistency;
/// assert!(Consistency::Linearizable < Consistency::Lagging);
/// assert!(Consistency::Lagging < Consistency::Stale);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Consistency {
    /// Every pair of update and observation was linearizable.
    Linearizable,
    /// Some observation made at once was not, and all were after the settling time.
    Lagging,
    /// Some observation was not, even after the settling time.
    Stale,
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linearizable => "linearizable",
            Self::Lagging => "lagging",
            Self::Stale => "stale",
        })
    }
}
