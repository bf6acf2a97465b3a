//! The model sampled: for replicas that differ, and for anything else that is not solved.
//!
//! # Rules
//!
//! 1. Word k of the random words is SplitMix64's of the seed, and is two delays: a trial takes the same words whoever
//!    runs it, and the words of a trial do not depend on R and W.
//! 2. A trial draws a home for the writer and one for the reader, and W, A, R and S of each replica.
//! 3. The write returns at the W-th smallest `W + A`, for every W. Answers come in the order of `R + S`,
//!    or, if only R replicas are asked, in an order drawn at random.
//! 4. With read repair, what other reads have pushed to a replica counts as the write's arrival there.
//!    The words for that are the trial's own, so that nothing else of it changes.
//! 5. The first R answers are all stale until t = min (arrival at i - `R_i`) among them, less the return. So one
//!    number a trial says for every t whether the read is stale, and one sort serves all R and W.
//!
//! There is nothing but whole numbers, and sums, products and comparisons of `f64`: the same seed gives
//! the same bits in every build, on every platform.

use alloc::vec::Vec;

mod repair;
pub use repair::Repair;
use repair::Repairs;

use super::error::within;
use super::table::Table;
use super::{Asks, Distribution, Network, Quorums, Samples, StalenessError};
use crate::laboratory::{GAMMA, mix};

/// The most distributions of a network that differ by more than a shift.
pub const TABLES_MAX: usize = 256;

/// The most numbers that a sample keeps: trials times quantities.
pub const NUMBERS_MAX: u64 = 1 << 28;

/// How to sample.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `trials` | 1,000,000 | intervals shall be narrower, or the answer sooner |
/// | `seed` | 1 | an independent sample is wanted |
/// | `asks` | `Asks::All` | reads ask R replicas only |
/// | `repair` | none | reads push what they have seen to stale replicas |
/// | `confidence` | 0.95 | intervals shall hold the truth more often |
///
/// ```
/// use cap_model::staleness::Plan;
/// let plan = Plan { trials: 50_000, ..Plan::default() };
/// assert_eq!(plan.confidence, 0.95);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How many writes, each with a read.
    pub trials: u64,
    /// Where the random words start.
    pub seed: u64,
    /// Whom a read asks.
    pub asks: Asks,
    /// Whether other reads repair, and how many there are.
    pub repair: Option<Repair>,
    /// Of all intervals, in 0.5..=0.999999.
    pub confidence: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            trials: 1_000_000,
            seed: 1,
            asks: Asks::All,
            repair: None,
            confidence: 0.95,
        }
    }
}

/// Draws trials of a network.
///
/// ```
/// use cap_model::staleness::{Fit, Plan, Quorums, Sampler};
/// let network = Fit::Wan.network(3)?;
/// let pairs = [Quorums::new(3, 1, 1)?, Quorums::new(3, 2, 2)?];
/// let plan = Plan { trials: 20_000, ..Plan::default() };
/// let samples = Sampler::new(&network)?.run(&plan, &pairs)?;
/// // Two times out of three the reader's replica is not the writer's, and the write is on its way.
/// let fresh = samples.consistent_at(pairs[0], 0.0)?;
/// assert!(fresh.low > 0.3 && fresh.high < 0.5);
/// assert!(samples.read_latency_ms(pairs[1], 0.5)?.low > 150.0);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    tables: Vec<Table>,
    homes: Vec<Links>,
    replicas: usize,
}

#[derive(Clone, Debug)]
struct Links {
    /// The share of the writes up to and with this home, and of the reads.
    writes_up_to: f64,
    reads_up_to: f64,
    /// W, A, R and S of each replica.
    legs: Vec<[Leg; 4]>,
}

#[derive(Clone, Copy, Debug)]
struct Leg {
    table: usize,
    shift_ms: f64,
}

impl Sampler {
    /// Prepares a table for each distribution. O(homes × replicas) and some 5,000 quantiles a table.
    ///
    /// # Errors
    ///
    /// More than 256 distributions that differ by more than a shift.
    pub fn new(network: &Network) -> Result<Self, StalenessError> {
        let mut sampler = Self {
            tables: Vec::new(),
            homes: Vec::new(),
            replicas: network.replicas() as usize,
        };
        let (mut writes_up_to, mut reads_up_to) = (0.0, 0.0);
        for home in network.homes() {
            writes_up_to += home.write_weight;
            reads_up_to += home.read_weight;
            let mut legs = Vec::new();
            for wars in &home.links {
                legs.push([
                    sampler.leg(&wars.write)?,
                    sampler.leg(&wars.ack)?,
                    sampler.leg(&wars.read)?,
                    sampler.leg(&wars.response)?,
                ]);
            }
            sampler.homes.push(Links {
                writes_up_to,
                reads_up_to,
                legs,
            });
        }
        Ok(sampler)
    }

    fn leg(&mut self, distribution: &Distribution) -> Result<Leg, StalenessError> {
        let (shift_ms, base) = distribution.unshifted();
        let known = self.tables.iter();
        let known = known.map(Table::distribution).position(|one| *one == base);
        if let Some(table) = known {
            return Ok(Leg { table, shift_ms });
        }
        let (what, count, max) = ("distributions", self.tables.len() + 1, TABLES_MAX);
        if count > max {
            return Err(StalenessError::TooMany { what, count, max });
        }
        self.tables.push(Table::new(base));
        let table = self.tables.len() - 1;
        Ok(Leg { table, shift_ms })
    }

    /// Runs the trials, and keeps what these quorums ask for. O(trials × replicas × log replicas).
    ///
    /// # Errors
    ///
    /// No trials, no pairs, more than 2^28 numbers to keep, a confidence outside of 0.5..=0.999999, a rate
    /// of repairing reads outside of 0..=1,000 per millisecond, or quorums of another number of replicas.
    pub fn run(&self, plan: &Plan, pairs: &[Quorums]) -> Result<Samples, StalenessError> {
        within("confidence", plan.confidence, 0.5, 0.999_999)?;
        if let Some(repair) = plan.repair {
            within("reads per millisecond", repair.reads_per_ms, 0.0, 1e3)?;
        }
        within("trials", plan.trials as f64, 1.0, NUMBERS_MAX as f64)?;
        let what = "pairs";
        if pairs.is_empty() {
            return Err(StalenessError::Empty { what });
        }
        let other = |pair: &&Quorums| pair.replicas() as usize != self.replicas;
        if let Some(&quorums) = pairs.iter().find(other) {
            return Err(StalenessError::NotSampled { quorums });
        }
        let mut samples = Samples::new(plan, pairs);
        let (what, max) = ("numbers to keep", NUMBERS_MAX as usize);
        let count = samples.columns().saturating_mul(plan.trials as usize);
        if count > max {
            return Err(StalenessError::TooMany { what, count, max });
        }
        samples.reserve(plan.trials as usize);
        match self.replicas {
            2 => self.fill::<2, true>(plan, &mut samples),
            3 => self.fill::<3, true>(plan, &mut samples),
            5 => self.fill::<5, true>(plan, &mut samples),
            _ => self.fill::<64, false>(plan, &mut samples),
        }
        Ok(samples)
    }

    /// For `M` replicas, or up to `M` if not `IS_ALL`.
    fn fill<const M: usize, const IS_ALL: bool>(&self, plan: &Plan, samples: &mut Samples) {
        let n = if IS_ALL { M } else { self.replicas.min(M) };
        let mut words = Words(mix(plan.seed));
        let mut block = Block::new(n);
        let mut repairs = plan.repair.map(|repair| Repairs::new(self, repair));
        let mut left = plan.trials;
        while left > 0 {
            block.trials = left.min(BLOCK as u64) as usize;
            for place in 0..block.trials {
                let (write, read) = self.homes_of(&mut words);
                let mut trial = Trial::<M> {
                    writes: [0.0; M],
                    reads: [0.0; M],
                    stale_until: [0.0; M],
                };
                let (mut there, mut looks) = ([0.0; M], [0.0; M]);
                for (i, (to, from)) in write.legs.iter().zip(&read.legs).enumerate().take(n) {
                    let (first, second) = (words.next(), words.next());
                    let w = self.delay(to[0], (first >> 32) as u32);
                    let a = self.delay(to[1], first as u32);
                    let r = self.delay(from[2], (second >> 32) as u32);
                    let s = self.delay(from[3], second as u32);
                    (there[i], looks[i]) = (w, r);
                    trial.writes[i] = w + a;
                    trial.reads[i] = r + s;
                    trial.stale_until[i] = w - r;
                }
                trial.sort_writes(n);
                if let Some(repairs) = &mut repairs {
                    let arrivals = repairs.trial(words.0, &there[..n]);
                    for (i, arrival) in arrivals.iter().enumerate().take(n) {
                        trial.stale_until[i] = arrival - looks[i];
                    }
                }
                match plan.asks {
                    Asks::All => trial.sort_reads(n),
                    Asks::Quorum => trial.shuffle_reads(n, &mut words),
                }
                block.keep(place, n, &trial);
            }
            samples.extend(&block);
            left -= block.trials as u64;
        }
    }

    /// Where the write is coordinated, and where the read is.
    #[inline]
    fn homes_of(&self, words: &mut Words) -> (&Links, &Links) {
        if let [only] = self.homes.as_slice() {
            return (only, only);
        }
        let mut draw = |up_to: fn(&Links) -> f64| {
            let share = words.share();
            let place = self.homes.partition_point(|home| up_to(home) <= share);
            // The sum of the weights may be a little below one.
            &self.homes[place.min(self.homes.len() - 1)]
        };
        (
            draw(|home| home.writes_up_to),
            draw(|home| home.reads_up_to),
        )
    }

    #[inline]
    fn delay(&self, leg: Leg, word: u32) -> f64 {
        let table = self.tables.get(leg.table);
        table.map_or(0.0, |table| table.delay(word)) + leg.shift_ms
    }
}

/// The random words: SplitMix64.
struct Words(u64);

impl Words {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// In [0, 1), of 53 bits.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// One write and one read, before and after sorting.
struct Trial<const M: usize> {
    /// When each acknowledgement is back.
    writes: [f64; M],
    /// When each answer is.
    reads: [f64; M],
    /// Until when after its beginning the write is not seen by the read, if the answer is replica
    /// i's; then by any of the first answers.
    stale_until: [f64; M],
}

impl<const M: usize> Trial<M> {
    #[inline]
    fn sort_writes(&mut self, n: usize) {
        for end in (1..n).rev() {
            for i in 0..end {
                let (a, b) = (self.writes[i], self.writes[i + 1]);
                self.writes[i] = if a <= b { a } else { b };
                self.writes[i + 1] = if a <= b { b } else { a };
            }
        }
    }

    /// The answers in order, and the least of the moments up to each.
    #[inline]
    fn sort_reads(&mut self, n: usize) {
        for end in (1..n).rev() {
            for i in 0..end {
                let is_ordered = self.reads[i] <= self.reads[i + 1];
                let (a, b) = (self.reads[i], self.reads[i + 1]);
                let (x, y) = (self.stale_until[i], self.stale_until[i + 1]);
                self.reads[i] = if is_ordered { a } else { b };
                self.reads[i + 1] = if is_ordered { b } else { a };
                self.stale_until[i] = if is_ordered { x } else { y };
                self.stale_until[i + 1] = if is_ordered { y } else { x };
            }
        }
        for i in 1..n {
            self.stale_until[i] = self.stale_until[i].min(self.stale_until[i - 1]);
        }
    }

    /// The replicas in any order; the last of the answers up to each, and the least of the moments.
    fn shuffle_reads(&mut self, n: usize, words: &mut Words) {
        for i in (1..n).rev() {
            // The high word of a product; its bias is below n / 2^64.
            let other = ((u128::from(words.next()) * (i as u128 + 1)) >> 64) as usize;
            self.reads.swap(i, other);
            self.stale_until.swap(i, other);
        }
        for i in 1..n {
            self.reads[i] = self.reads[i].max(self.reads[i - 1]);
            self.stale_until[i] = self.stale_until[i].min(self.stale_until[i - 1]);
        }
    }
}

/// Trials of a block.
pub(super) const BLOCK: usize = 512;

/// Some trials, quantity by quantity.
pub(super) struct Block {
    pub(super) trials: usize,
    /// For each W, when the write returns.
    pub(super) writes: Vec<[f64; BLOCK]>,
    /// For each R, when the read does.
    pub(super) reads: Vec<[f64; BLOCK]>,
    /// For each R, until when after the beginning of the write the read is stale.
    pub(super) stale_until: Vec<[f64; BLOCK]>,
}

impl Block {
    fn new(n: usize) -> Self {
        Self {
            trials: 0,
            writes: alloc::vec![[0.0; BLOCK]; n],
            reads: alloc::vec![[0.0; BLOCK]; n],
            stale_until: alloc::vec![[0.0; BLOCK]; n],
        }
    }

    #[inline]
    fn keep<const M: usize>(&mut self, place: usize, n: usize, trial: &Trial<M>) {
        for i in 0..n {
            self.writes[i][place] = trial.writes[i];
            self.reads[i][place] = trial.reads[i];
            self.stale_until[i][place] = trial.stale_until[i];
        }
    }
}
