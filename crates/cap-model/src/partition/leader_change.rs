//! How long writes are not answered when another leader must be elected.
//!
//! # The model
//!
//! Raft with pre-vote, idle but for heartbeats; every message takes the same delay `d`; disks take no time.
//! The links change at time zero, and what is on its way along those that are cut is lost.
//!
//! | part | how long |
//! |---|---|
//! | *detection* | each of the `k` nodes that can be elected waits, from the last heartbeat that it heard, for a time drawn uniformly from the range `[a, b)` of the election timeout. The last heartbeat was heard a time ago that is uniform over the interval `h` |
//! | *stepping down* | if those that can be elected hear the old leader, it first finds out that it has no quorum: it looks once every `a`, at what answered within `a`. Its last answer, and its last heartbeat, are each uniform over `h` |
//! | *election* | the first whose wait is over asks for pre-votes, votes, and copies of its first entry: three round trips |
//! | *split votes* | whoever's wait is over within `d` of the first stands in the same term, for it has not heard of it. The others vote for the first, whose request comes first. If more stand than it has votes to spare, nobody wins, and three delays after the first wait ended all draw again |
//! | *lease* | the new leader waits until the lease has ended that the old one may have from the last heartbeat that was heard |
//!
//! So the time is `-A + max(6 d + Σ (wait + 3 d), lease + 2 d)`, and with stepping down `a (1 + U) - A' + d`
//! more, where `A`, `A'` are uniform over `h` and `U` over 0 to 1.
//!
//! # Numbers
//!
//! The first of `k` waits and whether it wins have a density that is integrated in closed form: with
//! `x` the share of the range, `k Σ C(k-1, j) δ^j (1-x-δ)^(k-1-j)` over `j` up to the votes to spare, for
//! `x` below `1-δ`, `δ = d / (b - a)`. Shares fall into cells; each cell's mass is put at its lower edge and at
//! its upper edge, which bounds the distribution from both sides; lost rounds are added by convolution; the
//! uniform times are averaged over exactly. Rounds beyond the last one are counted as "not yet".

use alloc::vec;
use alloc::vec::Vec;

use super::PartitionError;
use crate::staleness::real::whole_power;

/// Cells of the first round.
const CELLS: usize = 2_048;

/// Cells of each later one: they weigh little, and are convolved.
const CELLS_LATER: usize = 256;

/// No more rounds are followed,
const ROUNDS_MAX: usize = 24;

/// nor when so little is left.
const LEFT_MIN: f64 = 1e-7;

/// The longest duration that is taken, in milliseconds: a year.
const DURATION_MS_MAX: f64 = 3.2e10;

/// The timers of a cluster with a leader, and the delay of its links. Milliseconds.
///
/// ```
/// use cap_model::partition::LeaderTiming;
/// // Waits between 150 and 300 ms, a heartbeat every 30, and a millisecond each way.
/// let timing = LeaderTiming::new([150.0, 300.0], 30.0, 1.0)?;
/// assert_eq!(timing.heartbeat_interval_ms(), 30.0);
/// assert!(LeaderTiming::new([300.0, 150.0], 30.0, 1.0).is_err());
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeaderTiming {
    election_timeout_ms: [f64; 2],
    heartbeat_interval_ms: f64,
    one_way_delay_ms: f64,
}

/// Who competes for the lead, and what must be over first.
///
/// ```
/// use cap_model::partition::Succession;
/// // Of five nodes the leader was lost: four stand, three votes are needed.
/// let succession = Succession { candidates: 4, spare_votes: 1, ..Succession::default() };
/// assert_eq!(succession.lease_ms, 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Succession {
    /// How many can be elected; at least one.
    pub candidates: u32,
    /// How many of them a candidate can do without in the count of its votes.
    pub spare_votes: u32,
    /// Whether the old leader must step down before any of them stands.
    pub waits_for_step_down: bool,
    /// How long a lease lasts, in milliseconds; 0 without leases.
    pub lease_ms: f64,
}

/// The distribution of the time without a leader that commits.
///
/// ```
/// use cap_model::partition::{LeaderChange, LeaderTiming, Succession};
/// let timing = LeaderTiming::new([150.0, 300.0], 30.0, 1.0)?;
/// // Of three nodes the leader was lost: both others must agree.
/// let change = LeaderChange::new(&timing, &Succession { candidates: 2, ..Succession::default() })?;
/// let outage = change.outage()?;
/// assert!(outage.p50_ms > 150.0 && outage.p99_ms < 600.0);
/// assert!(outage.error_ms < 1.0);
/// // Two whose waits end within a millisecond of each other split the vote: 1.3 %.
/// assert!((change.split_probability() - 0.0133).abs() < 1e-4);
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderChange {
    /// One for each number of lost rounds.
    rounds: Vec<Round>,
    split_probability: f64,
    /// Not before this, counted from where the uniform times start.
    floor_ms: f64,
    /// Before the uniform times.
    offset_ms: f64,
    /// The lengths of the uniform times, to be subtracted.
    ages_ms: Vec<f64>,
    /// The length of the one to be added; 0 if there is none.
    spread_ms: f64,
}

/// How long a leader change takes, in milliseconds.
///
/// ```
/// # use cap_model::partition::{LeaderChange, LeaderTiming, Succession};
/// # let timing = LeaderTiming::new([150.0, 300.0], 30.0, 1.0)?;
/// let outage = LeaderChange::new(&timing, &Succession::default())?.outage()?;
/// assert!(outage.p50_ms < outage.p99_ms && outage.p99_ms < outage.p999_ms);
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outage {
    /// Half of the changes are over.
    pub p50_ms: f64,
    /// 99 of 100 are over.
    pub p99_ms: f64,
    /// 999 of 1,000 are over.
    pub p999_ms: f64,
    /// Each of the three is that of the model within this.
    pub error_ms: f64,
}

/// The share of changes that are decided after so many lost rounds, by when.
#[derive(Clone, Debug, PartialEq)]
struct Round {
    /// Where the first cell begins.
    start_ms: f64,
    /// How far cells are apart.
    cell_ms: f64,
    /// How far above its lower edge the mass of a cell may be.
    slack_ms: f64,
    cells: Vec<f64>,
}

impl Default for Succession {
    /// One candidate, that nobody competes with, and no lease.
    fn default() -> Self {
        Self {
            candidates: 1,
            spare_votes: 0,
            waits_for_step_down: false,
            lease_ms: 0.0,
        }
    }
}

impl LeaderTiming {
    /// A wait for an election drawn uniformly from a range, a heartbeat every so often, and the delay of
    /// every message.
    ///
    /// # Errors
    ///
    /// Not a number, or above a year; an empty range; a heartbeat interval of 0 or not below the range; a
    /// delay below 0, or a third of the shortest wait or more: then no election ends.
    pub fn new(
        election_timeout_ms: [f64; 2],
        heartbeat_interval_ms: f64,
        one_way_delay_ms: f64,
    ) -> Result<Self, PartitionError> {
        let [from, to] = election_timeout_ms;
        let checked = |field, value: f64, is_good: bool, expected| {
            let is_good = is_good && value.is_finite() && value <= DURATION_MS_MAX;
            let bad = PartitionError::BadNumber {
                field,
                value,
                expected,
            };
            if is_good { Ok(()) } else { Err(bad) }
        };
        let field = "election_timeout_ms";
        checked(field, from, from > 0.0, "waits last for more than 0 ms")?;
        checked(
            field,
            to,
            to > from,
            "the range of the waits must not be empty",
        )?;
        let is_good = heartbeat_interval_ms > 0.0 && heartbeat_interval_ms < from;
        let expected = "it must be above 0 and below the election timeout";
        checked(
            "heartbeat_interval_ms",
            heartbeat_interval_ms,
            is_good,
            expected,
        )?;
        let is_good = one_way_delay_ms >= 0.0 && one_way_delay_ms < from / 3.0;
        let expected = "it must be 0 or more, and below a third of the election timeout";
        checked("one_way_delay_ms", one_way_delay_ms, is_good, expected)?;
        Ok(Self {
            election_timeout_ms,
            heartbeat_interval_ms,
            one_way_delay_ms,
        })
    }

    /// The range from which waits are drawn.
    #[must_use]
    pub const fn election_timeout_ms(&self) -> [f64; 2] {
        self.election_timeout_ms
    }

    /// How often an idle leader shows that it lives.
    #[must_use]
    pub const fn heartbeat_interval_ms(&self) -> f64 {
        self.heartbeat_interval_ms
    }

    /// How long a message takes.
    #[must_use]
    pub const fn one_way_delay_ms(&self) -> f64 {
        self.one_way_delay_ms
    }
}

impl LeaderChange {
    /// Solves the model. O(cells · candidates + rounds² · cells²), with at most 2,048 cells and 24 rounds.
    ///
    /// # Errors
    ///
    /// No candidate; a lease that is below 0, not a number or above a year.
    pub fn new(timing: &LeaderTiming, succession: &Succession) -> Result<Self, PartitionError> {
        let lease_ms = succession.lease_ms;
        if !(0.0..=DURATION_MS_MAX).contains(&lease_ms) {
            return Err(PartitionError::BadNumber {
                field: "lease_ms",
                value: lease_ms,
                expected: "a lease lasts for 0 ms to a year",
            });
        }
        if succession.candidates == 0 {
            return Err(PartitionError::NoReplicas);
        }
        let [from, to] = timing.election_timeout_ms;
        let (delay_ms, range_ms) = (timing.one_way_delay_ms, to - from);
        let standing = Standing {
            candidates: succession.candidates.min(crate::NODES_MAX),
            spare: succession.spare_votes,
            overlap: (delay_ms / range_ms).min(1.0),
        };
        let split_probability = standing.lost(0.0, 1.0);
        let mut rounds = Vec::new();
        let lost_ms = from + 3.0 * delay_ms;
        let start_ms = from + 6.0 * delay_ms;
        let (lost, won) = (
            standing.cells(CELLS_LATER, true),
            standing.cells(CELLS_LATER, false),
        );
        // How the lost rounds so far add up.
        let mut before = Vec::from([1.0]);
        for round in 0..ROUNDS_MAX {
            let (cells, count) = match round {
                0 => (standing.cells(CELLS, false), CELLS),
                _ => (convolved(&before, &won), CELLS_LATER),
            };
            let cell_ms = range_ms / count as f64;
            rounds.push(Round {
                start_ms: start_ms + round as f64 * lost_ms,
                cell_ms,
                slack_ms: (round + 1) as f64 * cell_ms,
                cells,
            });
            before = convolved(&before, &lost);
            if before.iter().sum::<f64>() < LEFT_MIN {
                break;
            }
        }
        let age_ms = timing.heartbeat_interval_ms;
        let is_late = succession.waits_for_step_down;
        Ok(Self {
            rounds,
            split_probability,
            floor_ms: if lease_ms > 0.0 {
                lease_ms + 2.0 * delay_ms
            } else {
                0.0
            },
            offset_ms: if is_late { from + delay_ms } else { 0.0 },
            ages_ms: vec![age_ms; if is_late { 2 } else { 1 }],
            spread_ms: if is_late { from } else { 0.0 },
        })
    }

    /// How likely it is that a round of the election elects nobody.
    #[must_use]
    pub const fn split_probability(&self) -> f64 {
        self.split_probability
    }

    /// How likely it is that the change is over after so many milliseconds: at least, and at most. 0 where
    /// `ms` is not a number. O(cells).
    ///
    /// ```
    /// # use cap_model::partition::{LeaderChange, LeaderTiming, Succession};
    /// # let timing = LeaderTiming::new([150.0, 300.0], 30.0, 1.0)?;
    /// // A single candidate: uniform over 150 ms, from up to 30 ms ago, and six delays.
    /// let change = LeaderChange::new(&timing, &Succession::default())?;
    /// let [low, high] = change.over_by(216.0);
    /// assert!(low <= 0.5 && 0.5 <= high && high - low < 1e-3);
    /// # Ok::<(), cap_model::partition::PartitionError>(())
    /// ```
    #[must_use]
    pub fn over_by(&self, ms: f64) -> [f64; 2] {
        [self.at_least(ms), self.at_most(ms)]
    }

    fn at_least(&self, ms: f64) -> f64 {
        self.sum(ms, |round| round.slack_ms).clamp(0.0, 1.0)
    }

    /// What was not followed may be over by then, as far as this bound knows.
    fn at_most(&self, ms: f64) -> f64 {
        let followed: f64 = self.rounds.iter().flat_map(|round| &round.cells).sum();
        let left = (1.0 - followed).max(0.0);
        (self.sum(ms, |_| 0.0) + left).clamp(0.0, 1.0)
    }

    /// By when this share of the changes is over, in milliseconds: not earlier, and not later.
    ///
    /// # Errors
    ///
    /// A probability that is not above 0 and below 1, or so near to 1 that more rounds would be lost
    /// before than are followed.
    ///
    /// ```
    /// # use cap_model::partition::{LeaderChange, LeaderTiming, Succession};
    /// # let timing = LeaderTiming::new([150.0, 300.0], 30.0, 1.0)?;
    /// let change = LeaderChange::new(&timing, &Succession::default())?;
    /// let [low, high] = change.quantile_ms(0.5)?;
    /// assert!(low <= 216.0 && 216.0 <= high && high - low < 0.1);
    /// assert!(change.quantile_ms(1.0).is_err());
    /// # Ok::<(), cap_model::partition::PartitionError>(())
    /// ```
    pub fn quantile_ms(&self, probability: f64) -> Result<[f64; 2], PartitionError> {
        if !(probability > 0.0 && probability < 1.0) {
            return Err(PartitionError::BadNumber {
                field: "probability",
                value: probability,
                expected: "it must be above 0 and below 1",
            });
        }
        if self.at_least(self.end_ms()) < probability {
            let split = self.split_probability;
            return Err(PartitionError::SplitVotes { split, probability });
        }
        let (low, _) = self.edges(|ms| self.at_most(ms) >= probability);
        let (_, high) = self.edges(|ms| self.at_least(ms) >= probability);
        Ok([low, high])
    }

    /// Just before and just after the first time at which this is so.
    fn edges(&self, is_so: impl Fn(f64) -> bool) -> (f64, f64) {
        let (mut before, mut after) = (0.0, self.end_ms());
        // Down to the last digits of a float.
        for _ in 0..48 {
            let middle = 0.5 * (before + after);
            if is_so(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        (before, after)
    }

    /// The three percentiles.
    ///
    /// # Errors
    ///
    /// So many elections are split that the greatest is beyond the rounds that are followed.
    pub fn outage(&self) -> Result<Outage, PartitionError> {
        let mut error_ms = 0.0_f64;
        let mut middle = |probability| {
            let [low, high] = self.quantile_ms(probability)?;
            error_ms = error_ms.max(0.5 * (high - low));
            Ok::<f64, PartitionError>(0.5 * (low + high))
        };
        let (p50_ms, p99_ms, p999_ms) = (middle(0.5)?, middle(0.99)?, middle(0.999)?);
        Ok(Outage {
            p50_ms,
            p99_ms,
            p999_ms,
            error_ms,
        })
    }

    /// Everything that is followed is over.
    fn end_ms(&self) -> f64 {
        let ends = self.rounds.iter().map(|round| {
            round.start_ms + round.cells.len() as f64 * round.cell_ms + round.slack_ms
        });
        let end = ends.fold(self.floor_ms, f64::max);
        end + self.offset_ms + self.spread_ms + 1.0
    }

    /// The mass that is over by then, when each cell's mass is so far above its lower edge.
    fn sum(&self, ms: f64, slack_of: impl Fn(&Round) -> f64) -> f64 {
        let mut sum = 0.0;
        for round in &self.rounds {
            let slack_ms = slack_of(round);
            for (place, mass) in round.cells.iter().enumerate() {
                let edge = round.start_ms + place as f64 * round.cell_ms + slack_ms;
                let at = edge.max(self.floor_ms) + self.offset_ms;
                sum += mass * self.uniform(ms - at);
            }
        }
        sum
    }

    /// How likely the uniform times together are at most `z`: added those of `spread`, subtracted the ages.
    fn uniform(&self, z: f64) -> f64 {
        let ages: f64 = self.ages_ms.iter().sum();
        let z = z + ages;
        if z <= 0.0 {
            return 0.0;
        }
        if z >= ages + self.spread_ms {
            return 1.0;
        }
        // The distribution of a sum of uniform times, by its corners.
        let above = |corner: f64| (z - corner).max(0.0);
        match *self.ages_ms.as_slice() {
            [age] if self.spread_ms <= 0.0 => z / age,
            [age, _] => {
                let cube = |corner: f64| whole_power(above(corner), 3);
                let alone = cube(0.0) - 2.0 * cube(age) + cube(2.0 * age);
                let spread = self.spread_ms;
                let later = cube(spread) - 2.0 * cube(spread + age) + cube(spread + 2.0 * age);
                ((alone - later) / (6.0 * age * age * spread)).clamp(0.0, 1.0)
            }
            _ => 1.0,
        }
    }
}

/// Those that stand in one round.
struct Standing {
    candidates: u32,
    spare: u32,
    /// The share of the range in which one does not hear of another in time: δ.
    overlap: f64,
}

impl Standing {
    /// How likely the first wait falls into this part of the range and its candidate wins.
    fn won(&self, from: f64, to: f64) -> f64 {
        let others = self.candidates.saturating_sub(1);
        // Where all others stand too.
        let border = 1.0 - self.overlap;
        let within = |x: f64| whole_power(1.0 - x, self.candidates);
        let mut won = 0.0;
        if others <= self.spare {
            return within(from) - within(to);
        }
        let (from, to) = (from.min(border), to.min(border));
        let mut ways = 1.0;
        for rivals in 0..=self.spare {
            let rest = others - rivals;
            let free = |x: f64| whole_power((border - x).max(0.0), rest + 1);
            let stand = whole_power(self.overlap, rivals);
            won += ways * stand * (free(from) - free(to)) / f64::from(rest + 1);
            ways *= f64::from(rest) / f64::from(rivals + 1);
        }
        won * f64::from(self.candidates)
    }

    /// The same, and nobody wins.
    fn lost(&self, from: f64, to: f64) -> f64 {
        let first =
            whole_power(1.0 - from, self.candidates) - whole_power(1.0 - to, self.candidates);
        (first - self.won(from, to)).max(0.0)
    }

    fn cells(&self, count: usize, is_lost: bool) -> Vec<f64> {
        let edge = |place: usize| place as f64 / count as f64;
        let cell = |place: usize| {
            let (from, to) = (edge(place), edge(place + 1));
            if is_lost {
                self.lost(from, to)
            } else {
                self.won(from, to)
            }
        };
        (0..count).map(cell).collect()
    }
}

/// The distribution of a sum.
fn convolved(one: &[f64], other: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; (one.len() + other.len()).saturating_sub(1)];
    for (place, mass) in one.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
        for (cell, more) in sum.iter_mut().skip(place).zip(other) {
            *cell += mass * more;
        }
    }
    sum
}
