//! Latencies of quorums that are said by an expression, of replicas in different zones, and through a leader.
//!
//! # Model
//!
//! Clients are evenly in all zones. A message is later by the delay between its zones. An operation asks all
//! replicas, and is done when those that have answered are a quorum; so the probability that it is not done at
//! t is that of no quorum being up when each replica is down with the probability that its answer takes
//! longer than t.
//!
//! | protocol | a read | a write |
//! |---|---|---|
//! | `quorum`, `write-all` | R + S of a read quorum | W + A of a write quorum |
//! | `leader` | to the leader and back (R + S), and meanwhile R + S of a read quorum from there | R + S to the leader and back, and W + A of a write quorum from there |
//! | `lease` | R + S to the leader and back | the same as `leader` |
//! | `local` | R + S of a replica that is near | W + A of it |
//!
//! # Error
//!
//! Without a leader, percentiles are those of the model within 10^-8 of the probability for each node. A sum
//! of two trips is bounded from both sides: the first is cut into cells, and its mass is moved to either
//! edge of each.

use cap_model::staleness::{Asks, Exact, Quorums, StalenessError};
use quorum::Expression;
use transport::NodeId;

use crate::plan::file::{Candidate, Kind, Plan, Staleness};
use crate::plan::outcome::{Percentiles, Timing};

/// Cells of equal mass, and cells of the tail, each smaller by a tenth than the one before.
const CELLS: u32 = 192;
const TAIL_CELLS: u32 = 120;

/// No moment is looked at beyond this.
pub(super) const MS_MAX: f64 = 1e12;

/// What is off by more is called bounded.
const BOUNDED_MIN: f64 = 1e-6;

/// The shares of the picture.
const PICTURE: u32 = 20;

/// How likely something is done at a time: at least, and at most.
trait Done {
    fn within(&self, t_ms: f64) -> [f64; 2];
}

/// The latencies of a candidate whose reads meet its writes, or that is local.
pub(super) fn timing(
    plan: &Plan,
    candidate: &Candidate,
    asked: &Staleness,
) -> Result<Timing, StalenessError> {
    let base = Exact::new(&asked.wars, Quorums::new(1, 1, 1)?, Asks::All)?;
    let map = Map {
        plan,
        candidate,
        asked,
    };
    let [reads, writes] = match candidate.kind {
        Kind::Local => [Trip::Read, Trip::Write].map(|trip| {
            Told::of(
                &base,
                &One {
                    base: &base,
                    trip,
                    later: vec![0.0],
                },
            )
        }),
        Kind::Leader | Kind::Lease => {
            let leader = candidate.leader.unwrap_or_default();
            let later = map
                .homes()
                .iter()
                .map(|home| map.there_and_back(*home, leader))
                .collect();
            let hop = One {
                base: &base,
                trip: Trip::Read,
                later,
            };
            let near = One {
                base: &base,
                trip: Trip::Read,
                later: vec![0.0],
            };
            let via = |trip, quorums| {
                let from = map.from(leader);
                let quorum = OfQuorum {
                    base: &base,
                    trip,
                    quorums,
                    later: vec![from],
                    nodes: &candidate.nodes,
                };
                let sum = Sum::new(&near, &quorum);
                Told::of(
                    &base,
                    &Shifted {
                        sum,
                        later: hop.later.clone(),
                    },
                )
            };
            let reads = match candidate.kind {
                Kind::Lease => Told::of(&base, &hop),
                _ => via(Trip::Read, &candidate.reads),
            };
            [reads, via(Trip::Write, &candidate.writes)]
        }
        _ => [
            (Trip::Read, &candidate.reads),
            (Trip::Write, &candidate.writes),
        ]
        .map(|(trip, quorums)| {
            let later = map
                .homes()
                .into_iter()
                .map(|home| map.delays(home))
                .collect();
            let done = OfQuorum {
                base: &base,
                trip,
                quorums,
                later,
                nodes: &candidate.nodes,
            };
            Told::of(&base, &done)
        }),
    };
    let error = reads.error.max(writes.error);
    let sure = candidate.kind != Kind::Local;
    let seen = asked
        .at_ms
        .iter()
        .filter(|_| sure)
        .map(|t| (t.to_string(), 1.0));
    Ok(Timing {
        method: if error > BOUNDED_MIN {
            "bounded"
        } else {
            "exact"
        },
        error,
        consistent_at: seen.collect(),
        consistent_within_versions: std::collections::BTreeMap::new(),
        t_visibility_999_ms: sure.then_some(0.0),
        t_visibility_999_interval_ms: None,
        read_latency: reads.percentiles,
        write_latency: writes.percentiles,
        read_cdf: reads.picture,
        write_cdf: writes.picture,
        consistency_curve: Vec::new(),
    })
}

/// Where clients are, and how much later messages are.
struct Map<'a> {
    plan: &'a Plan,
    candidate: &'a Candidate,
    asked: &'a Staleness,
}

/// Where a client is.
#[derive(Clone, Copy)]
enum Home {
    Anywhere,
    Zone(usize),
    Beside(NodeId),
}

impl Map<'_> {
    fn homes(&self) -> Vec<Home> {
        if self.plan.delays.is_some() {
            return (0..self.plan.zones.len()).map(Home::Zone).collect();
        }
        if self.asked.remote_ms > 0.0 {
            return self
                .candidate
                .nodes
                .iter()
                .copied()
                .map(Home::Beside)
                .collect();
        }
        vec![Home::Anywhere]
    }

    fn zone_of(&self, node: NodeId) -> usize {
        let node = self.plan.nodes.get(node.0 as usize);
        node.and_then(|node| node.zone).unwrap_or(0)
    }

    fn there_and_back(&self, home: Home, node: NodeId) -> f64 {
        match (home, &self.plan.delays) {
            (Home::Zone(zone), Some(delays)) => {
                let other = self.zone_of(node);
                delays.ms(zone, other) + delays.ms(other, zone)
            }
            (Home::Beside(near), _) if near != node => 2.0 * self.asked.remote_ms,
            _ => 0.0,
        }
    }

    fn delays(&self, home: Home) -> Vec<f64> {
        let nodes = self.candidate.nodes.iter();
        nodes.map(|node| self.there_and_back(home, *node)).collect()
    }

    /// From a node to all.
    fn from(&self, node: NodeId) -> Vec<f64> {
        self.delays(if self.plan.delays.is_some() {
            Home::Zone(self.zone_of(node))
        } else {
            Home::Beside(node)
        })
    }
}

#[derive(Clone, Copy)]
enum Trip {
    Read,
    Write,
}

impl Trip {
    fn within(self, base: &Exact, t_ms: f64) -> f64 {
        match self {
            Self::Read => base.read_trip_within(t_ms),
            Self::Write => base.write_trip_within(t_ms),
        }
    }
}

/// One replica's answer, to clients of several homes.
struct One<'a> {
    base: &'a Exact,
    trip: Trip,
    later: Vec<f64>,
}

impl Done for One<'_> {
    fn within(&self, t_ms: f64) -> [f64; 2] {
        let each = self
            .later
            .iter()
            .map(|later| self.trip.within(self.base, t_ms - later));
        [each.sum::<f64>() / self.later.len().max(1) as f64; 2]
    }
}

/// A quorum's answers, to clients of several homes.
struct OfQuorum<'a> {
    base: &'a Exact,
    trip: Trip,
    quorums: &'a Expression<NodeId>,
    /// For each home, how much later each node's answer is.
    later: Vec<Vec<f64>>,
    nodes: &'a [NodeId],
}

impl Done for OfQuorum<'_> {
    fn within(&self, t_ms: f64) -> [f64; 2] {
        let each = self.later.iter().map(|later| {
            let late = |node: &NodeId| {
                let place = self.nodes.iter().position(|other| other == node);
                let later = place
                    .and_then(|place| later.get(place))
                    .copied()
                    .unwrap_or(0.0);
                1.0 - self.trip.within(self.base, t_ms - later)
            };
            // What is too entangled to be answered counts as never done, and is then no number.
            1.0 - self.quorums.unavailability(late).unwrap_or(f64::NAN)
        });
        [each.sum::<f64>() / self.later.len().max(1) as f64; 2]
    }
}

/// One after the other: cells of the two, from the least time on.
struct Sum {
    first: Vec<Cell>,
    second: Vec<Cell>,
}

/// Some of the mass, and between which times it is.
#[derive(Clone, Copy)]
struct Cell {
    low_ms: f64,
    high_ms: f64,
    mass: f64,
    /// All mass up to its end.
    up_to: f64,
}

impl Sum {
    fn new(first: &impl Done, second: &impl Done) -> Self {
        Self {
            first: cells(first),
            second: cells(second),
        }
    }
}

fn cells(of: &impl Done) -> Vec<Cell> {
    let even = (1..CELLS).map(|cell| f64::from(cell) / f64::from(CELLS));
    let tail = (1..=TAIL_CELLS).map(|cell| 1.0 - 0.9_f64.powi(cell as i32) / f64::from(CELLS));
    let (mut low_ms, mut before, mut cells) = (quantile(of, 0.0)[0], 0.0, Vec::new());
    for up_to in even.chain(tail) {
        let high_ms = quantile(of, up_to)[1];
        cells.push(Cell {
            low_ms,
            high_ms,
            mass: up_to - before,
            up_to,
        });
        (low_ms, before) = (high_ms, up_to);
    }
    let (high_ms, mass) = (f64::INFINITY, 1.0 - before);
    cells.push(Cell {
        low_ms,
        high_ms,
        mass,
        up_to: 1.0,
    });
    cells
}

impl Done for Sum {
    fn within(&self, t_ms: f64) -> [f64; 2] {
        // Of the second: all cells that end by then are done for sure, those that begin may be.
        let sure = |t_ms: f64| {
            let done = self.second.partition_point(|cell| cell.high_ms <= t_ms);
            done.checked_sub(1)
                .and_then(|last| self.second.get(last))
                .map_or(0.0, |cell| cell.up_to)
        };
        let perhaps = |t_ms: f64| {
            let begun = self.second.partition_point(|cell| cell.low_ms <= t_ms);
            begun
                .checked_sub(1)
                .and_then(|last| self.second.get(last))
                .map_or(0.0, |cell| cell.up_to)
        };
        let (mut low, mut high) = (0.0, 0.0);
        for cell in &self.first {
            low += cell.mass * sure(t_ms - cell.high_ms);
            high += cell.mass * perhaps(t_ms - cell.low_ms);
        }
        [low, high.min(1.0)]
    }
}

/// The same, to clients of several homes.
struct Shifted {
    sum: Sum,
    later: Vec<f64>,
}

impl Done for Shifted {
    fn within(&self, t_ms: f64) -> [f64; 2] {
        let (mut low, mut high) = (0.0, 0.0);
        for later in &self.later {
            let [least, most] = self.sum.within(t_ms - later);
            low += least;
            high += most;
        }
        let homes = self.later.len().max(1) as f64;
        [low / homes, high / homes]
    }
}

/// Between which times the share is reached.
fn quantile(of: &impl Done, share: f64) -> [f64; 2] {
    [1, 0].map(|bound| {
        let is_done = |t_ms: f64| of.within(t_ms)[bound] >= share;
        let (mut low, mut high) = (0.0, 1.0);
        while high < MS_MAX && !is_done(high) {
            (low, high) = (high, high * 2.0);
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if high - low <= 1e-10 * high {
                break;
            }
            if is_done(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    })
}

/// What is told of one operation.
struct Told {
    percentiles: Percentiles,
    picture: Vec<(f64, f64)>,
    /// Of a probability.
    error: f64,
}

impl Told {
    fn of(base: &Exact, done: &impl Done) -> Self {
        let intervals = [0.5, 0.99, 0.999].map(|share| quantile(done, share));
        let [p50, p99, p999] = intervals.map(|[low, high]| 0.5 * (low + high));
        let is_bounded = intervals.iter().any(|[low, high]| high - low > 1e-6 * high);
        let widths = [p50, p99, p999].map(|t_ms| {
            let [low, high] = done.within(t_ms);
            0.5 * (high - low)
        });
        let shares = (1..=PICTURE).map(|step| f64::from(step) / f64::from(PICTURE + 1));
        let picture = shares.chain([0.99, 0.999]).map(|share| {
            let [low, high] = quantile(done, share);
            (0.5 * (low + high), share)
        });
        Self {
            percentiles: Percentiles {
                p50,
                p99,
                p999,
                intervals: is_bounded.then_some(intervals),
            },
            picture: picture.collect(),
            error: widths
                .into_iter()
                .fold(base.error_bound().max(1e-8), f64::max),
        }
    }
}
