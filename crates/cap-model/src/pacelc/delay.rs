//! Else: how much longer an operation takes when links become slower.
//!
//! # Rules
//!
//! 1. Delays are injected into one steady cluster, which is then left alone for the settling time: what
//!    was on its way has arrived.
//!    While links inside zones are slowed down, those between zones have the greatest delay: else a quorum
//!    would be fetched from far away, where it is never nearer.
//! 2. A client at every node asks whom it likes, with no link cut. Its latency is the time to the answer,
//!    and the way to the answering node and back if that is not its own.
//! 3. The median is by nearest rank: of `n` latencies the one in place (n + 1) / 2, rounded down.
//! 4. A slope is the rise between the least and the greatest injected delay, by the run. It is *straight*
//!    if every step in between has the same: then messages alone made it, and no timer.

use alloc::vec::Vec;
use core::fmt;

use consistency::Model;
use transport::NodeId;

use crate::client::Client;
use crate::pacelc::Claim;
use crate::pacelc::early::{self, Early};
use crate::shape::index;
use crate::{Adversary, CapError, Laboratory, Operation, Side, Subject};

/// Delays to inject that are multiples of nothing: 0, 2.000003, 5.000011 and 11.000027 ms.
pub const STEPS_NS: [u64; 4] = [0, 2_000_003, 5_000_011, 11_000_027];
/// The most delays that are injected one after the other.
const STEPS_MAX: usize = 16;
/// A minute: the longest of them.
const STEP_NS_MAX: u64 = 60_000_000_000;

/// Which links are slowed down, and by how much.
///
/// ```
/// use cap_model::{CapError, pacelc::Injection};
/// // Nodes 0 and 1 in one zone, node 2 in another; nothing, 10 ms and 30 ms between the zones.
/// let injection = Injection::new(&[0, 0, 1], &[0, 10_000_000, 30_000_000])?;
/// assert_eq!(injection.nodes(), 3);
/// assert_eq!(Injection::new(&[0], &[5]), Err(CapError::NoSlope { steps: vec![5] }));
/// # Ok::<(), CapError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Injection {
    /// The zone of each node.
    zones: Vec<u32>,
    /// Nanoseconds on top of the link's own delay, ascending.
    steps_ns: Vec<u64>,
}

/// What one operation costs without a partition.
///
/// ```
/// # use cap_model::pacelc::{ElseChoice, Injection, Order, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::majority(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// // Two of the three nodes are in one zone: the median client has its majority there.
/// let injection = Injection::new(&[0, 0, 1], &[0, 10_000_000])?;
/// let derivation = derive(&adversary, &injection)?;
/// let write = &derivation.claims[0].otherwise;
/// assert_eq!((write.choice(), write.order()), (ElseChoice::Latency, Some(Order::Zone)));
/// let across = write.across.as_ref().unwrap();
/// assert_eq!(across.median.to_string(), "0");
/// assert_eq!(across.greatest.to_string(), "2"); // there and back, for the client of node 2
/// assert_eq!(write.inside.as_ref().unwrap().median.to_string(), "2");
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ElseHalf<M: Model> {
    /// With delays between zones; `None`: some client was not answered.
    pub across: Option<Sensitivity>,
    /// With delays inside zones; `None` too if no zone has two nodes.
    pub inside: Option<Sensitivity>,
    /// Whether every node is a zone of its own.
    is_flat: bool,
    /// An answer that was too early: it is not linearizable though no link is cut.
    pub early: Option<Early<M>>,
}

/// How the latency of one operation follows injected delays.
///
/// ```
/// # use cap_model::pacelc::{Injection, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::majority(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(3)?)?;
/// let read = derivation.claims[1].otherwise.across.as_ref().unwrap();
/// assert_eq!(read.median.value(), 2.0);
/// assert!(read.is_straight);
/// assert_eq!(read.points[0].median_ns, 2_000_006);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sensitivity {
    /// What was measured at each injected delay.
    pub points: Vec<Point>,
    /// Of the client that is least hurt.
    pub least: Slope,
    /// Of the median.
    pub median: Slope,
    /// Of the client that is most hurt.
    pub greatest: Slope,
    /// Whether the median grows by the same slope at every step.
    pub is_straight: bool,
}

/// The latencies at one injected delay, in nanoseconds.
///
/// ```
/// use cap_model::pacelc::Point;
/// let point = Point { injected_ns: 5, least_ns: 10, median_ns: 10, greatest_ns: 12 };
/// assert!(point.least_ns <= point.median_ns);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Point {
    /// What was injected.
    pub injected_ns: u64,
    /// The fastest client.
    pub least_ns: u64,
    /// The median client.
    pub median_ns: u64,
    /// The slowest client.
    pub greatest_ns: u64,
}

/// A slope: so many nanoseconds more for so many nanoseconds of delay.
///
/// ```
/// use cap_model::pacelc::Slope;
/// let slope = Slope { rise_ns: 3, run_ns: 2 };
/// assert_eq!((slope.value(), slope.to_string().as_str()), (1.5, "1.500"));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Slope {
    /// How much longer.
    pub rise_ns: i64,
    /// For how much delay.
    pub run_ns: u64,
}

/// What an operation keeps when nothing is cut.
///
/// ```
/// use cap_model::pacelc::{ElseChoice, Slope};
/// assert_eq!(ElseChoice::Consistency.to_string(), "EC");
/// assert_eq!(ElseChoice::Between(Slope { rise_ns: 1, run_ns: 4 }).to_string(), "0.250");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ElseChoice {
    /// `EL`: it does not wait for the network.
    Latency,
    /// `EC`: it waits for one way across at least.
    Consistency,
    /// Neither: the slope.
    Between(Slope),
    /// `-`: some client is not answered, or there is one node.
    Unknown,
}

/// How latency grows, in Kleppmann's words.
///
/// ```
/// assert_eq!(cap_model::pacelc::Order::Wide.to_string(), "O(d_wan)");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Order {
    /// With no delay.
    Constant,
    /// With the delays inside a zone.
    Zone,
    /// With those of all links, where there are no zones.
    Link,
    /// With the delays between zones.
    Wide,
}

/// Both operations, with both kinds of delay.
pub(super) struct Whole<M: Model> {
    across: Option<[Sensitivity; 2]>,
    inside: Option<[Sensitivity; 2]>,
    is_flat: bool,
    early: [Option<Early<M>>; 2],
}

impl Injection {
    /// Delays on the links between zones, and then, alone, on those inside zones.
    ///
    /// # Errors
    ///
    /// No zone; fewer than 2 delays or more than 16, not ascending, or longer than a minute.
    pub fn new(zones: &[u32], steps_ns: &[u64]) -> Result<Self, CapError> {
        if zones.is_empty() {
            return Err(CapError::NoNodes);
        }
        let is_ascending = steps_ns.windows(2).all(|pair| match pair {
            [less, more] => less < more,
            _ => false,
        });
        let is_count = (2..=STEPS_MAX).contains(&steps_ns.len());
        if !is_ascending || !is_count || steps_ns.iter().any(|&step| step > STEP_NS_MAX) {
            let steps = steps_ns.to_vec();
            return Err(CapError::NoSlope { steps });
        }
        Ok(Self {
            zones: zones.to_vec(),
            steps_ns: steps_ns.to_vec(),
        })
    }

    /// Every node in a zone of its own, and the delays [`STEPS_NS`].
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn uniform(nodes: u32) -> Result<Self, CapError> {
        Side::all(nodes)?;
        let zones: Vec<u32> = (0..nodes).collect();
        Self::new(&zones, &STEPS_NS)
    }

    /// How many nodes it tells of.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.zones.len()
    }

    fn is_across(&self, from: NodeId, to: NodeId) -> bool {
        self.zones.get(index(from)) != self.zones.get(index(to))
    }

    /// Whether some link is of this kind.
    fn has_links(&self, is_across: bool) -> bool {
        let nodes = || (0..).map(NodeId).take(self.zones.len());
        nodes()
            .any(|one| nodes().any(|other| one != other && self.is_across(one, other) == is_across))
    }
}

pub(super) fn measure<S: Subject>(
    adversary: &Adversary<'_, S>,
    injection: &Injection,
) -> Result<Whole<S::Model>, CapError> {
    let nodes = adversary.base().shape().nodes();
    if u32::try_from(injection.nodes()) != Ok(nodes) {
        let zones = injection.nodes();
        return Err(CapError::ZonesMismatch { zones, nodes });
    }
    let horizon_ns = adversary.base().settings().horizon_ns;
    let longest_ns = injection.steps_ns.last().copied().unwrap_or(0);
    if longest_ns > horizon_ns / 4 {
        let steps = injection.steps_ns.clone();
        return Err(CapError::NoSlope { steps });
    }
    let is_flat = !injection.has_links(false);
    let kind = |is_across| -> Result<Option<[Sensitivity; 2]>, CapError> {
        if !injection.has_links(is_across) {
            return Ok(None);
        }
        follow(adversary.base(), injection, is_across)
    };
    let (across, inside) = (kind(true)?, kind(false)?);
    Ok(Whole {
        early: early::measure(adversary)?,
        across,
        inside,
        is_flat,
    })
}

/// Both operations at every injected delay.
fn follow<S: Subject>(
    base: &Laboratory<'_, S>,
    injection: &Injection,
    is_across: bool,
) -> Result<Option<[Sensitivity; 2]>, CapError> {
    let longest_ns = injection.steps_ns.last().copied().unwrap_or(0);
    let mut points = [Vec::new(), Vec::new()];
    for &injected_ns in &injection.steps_ns {
        let mut slow = base.clone();
        slow.delay_links(|from, to| {
            if from == to {
                0
            } else if injection.is_across(from, to) == is_across {
                injected_ns
            } else if is_across {
                0
            } else {
                longest_ns
            }
        });
        let settled = slow.now().plus_nanos(slow.settings().settle_ns.max(1));
        slow.run_until(settled)?;
        for (operation, points) in Operation::BOTH.into_iter().zip(&mut points) {
            let Some(latencies) = latencies(&slow, operation)? else {
                return Ok(None);
            };
            let at = |place: usize| latencies.get(place).copied().unwrap_or(0);
            let last = latencies.len().saturating_sub(1);
            points.push(Point {
                injected_ns,
                least_ns: at(0),
                median_ns: at(last / 2),
                greatest_ns: at(last),
            });
        }
    }
    Ok(Some(points.map(Sensitivity::of)))
}

/// The latency at every node, ascending; `None` if one is not answered.
fn latencies<S: Subject>(
    laboratory: &Laboratory<'_, S>,
    operation: Operation,
) -> Result<Option<Vec<u64>>, CapError> {
    let reach = Side::all(laboratory.shape().nodes())?;
    let mut latencies = Vec::new();
    for home in reach.nodes() {
        let client = Client { home, reach };
        let Ok(answered) = client.ask(&mut laboratory.clone(), operation)? else {
            return Ok(None);
        };
        let there_ns = laboratory.delay_ns(home, answered.node);
        let back_ns = laboratory.delay_ns(answered.node, home);
        let way_ns = there_ns.saturating_add(back_ns);
        latencies.push(answered.latency_ns().saturating_add(way_ns));
    }
    latencies.sort_unstable();
    Ok(Some(latencies))
}

/// Lipton and Sandberg: where every observation was linearizable, the two slopes are at least 1 together.
pub(super) fn keeps_bound<M: Model>(claims: &[Claim<M>; 2]) -> bool {
    let is_broken = claims.iter().any(|claim| claim.otherwise.early.is_some());
    let [update, observe] = claims;
    let slopes = [&update.otherwise.across, &observe.otherwise.across];
    let [Some(update), Some(observe)] = slopes else {
        return true;
    };
    // The median client may have all it needs in its zone: the bound is about the one most hurt.
    is_broken || update.greatest.value() + observe.greatest.value() >= 1.0
}

impl<M: Model> Whole<M> {
    /// The update's half, and the observation's.
    pub(super) fn halves(self) -> [ElseHalf<M>; 2] {
        let both = |both: Option<[Sensitivity; 2]>| match both {
            Some([update, observe]) => [Some(update), Some(observe)],
            None => [None, None],
        };
        let [across_update, across_observe] = both(self.across);
        let [inside_update, inside_observe] = both(self.inside);
        let [early_update, early_observe] = self.early;
        let half = |across, inside, early| ElseHalf {
            across,
            inside,
            is_flat: self.is_flat,
            early,
        };
        [
            half(across_update, inside_update, early_update),
            half(across_observe, inside_observe, early_observe),
        ]
    }
}

impl Sensitivity {
    /// The slopes of points whose delays ascend.
    fn of(points: Vec<Point>) -> Self {
        let along = |of: fn(&Point) -> u64| {
            let (Some(first), Some(last)) = (points.first(), points.last()) else {
                return Slope::FLAT;
            };
            Slope::between((first.injected_ns, of(first)), (last.injected_ns, of(last)))
        };
        let median = along(|point| point.median_ns);
        let is_straight = points.windows(2).all(|pair| match pair {
            [one, other] => {
                let one = (one.injected_ns, one.median_ns);
                let other = (other.injected_ns, other.median_ns);
                Slope::between(one, other).is_equal(median)
            }
            _ => true,
        });
        Self {
            least: along(|point| point.least_ns),
            median,
            greatest: along(|point| point.greatest_ns),
            is_straight,
            points,
        }
    }
}

impl Slope {
    const FLAT: Self = Self {
        rise_ns: 0,
        run_ns: 1,
    };

    fn between(first: (u64, u64), last: (u64, u64)) -> Self {
        let rise = i128::from(last.1) - i128::from(first.1);
        Self {
            rise_ns: i64::try_from(rise).unwrap_or(i64::MAX),
            run_ns: last.0.saturating_sub(first.0).max(1),
        }
    }

    fn is_equal(self, other: Self) -> bool {
        let one = i128::from(self.rise_ns) * i128::from(other.run_ns);
        one == i128::from(other.rise_ns) * i128::from(self.run_ns)
    }

    /// The rise for each unit of delay.
    #[must_use]
    pub fn value(self) -> f64 {
        self.rise_ns as f64 / self.run_ns.max(1) as f64
    }

    /// Whether it is at least one: one way across.
    const fn is_one_way(self) -> bool {
        self.rise_ns as i128 >= self.run_ns as i128
    }
}

impl<M: Model> ElseHalf<M> {
    /// What the operation keeps.
    #[must_use]
    pub const fn choice(&self) -> ElseChoice {
        let Some(across) = &self.across else {
            return ElseChoice::Unknown;
        };
        if across.median.rise_ns == 0 {
            ElseChoice::Latency
        } else if across.median.is_one_way() {
            ElseChoice::Consistency
        } else {
            ElseChoice::Between(across.median)
        }
    }

    /// How the median grows; `None` if it was not measured.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let grows = |sensitivity: &Sensitivity| sensitivity.median.rise_ns != 0;
        let across = self.across.as_ref()?;
        Some(if grows(across) && self.is_flat {
            Order::Link
        } else if grows(across) {
            Order::Wide
        } else if self.inside.as_ref().is_some_and(grows) {
            Order::Zone
        } else {
            Order::Constant
        })
    }
}

impl fmt::Display for Slope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = i128::from(self.run_ns.max(1));
        let rise = i128::from(self.rise_ns);
        if rise % run == 0 {
            write!(f, "{}", rise / run)
        } else {
            write!(f, "{:.3}", self.value())
        }
    }
}

impl fmt::Display for ElseChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency => f.write_str("EL"),
            Self::Consistency => f.write_str("EC"),
            Self::Between(slope) => write!(f, "{slope}"),
            Self::Unknown => f.write_str("-"),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "O(0)",
            Self::Zone => "O(d_zone)",
            Self::Link => "O(d)",
            Self::Wide => "O(d_wan)",
        })
    }
}

impl<M: Model> fmt::Display for ElseHalf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(across), Some(order)) = (&self.across, self.order()) else {
            return f.write_str("its delays were not measured");
        };
        write!(
            f,
            "{order}: {} ms more for each ms of delay ({} to {})",
            across.median, across.least, across.greatest
        )?;
        if let Some(early) = &self.early {
            write!(f, "; {early}")?;
        }
        Ok(())
    }
}
