//! What trials have shown, and the questions that one set of them answers.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::error::within;
use super::estimate::ranks;
use super::sampler::Block;
use super::{Estimate, Plan, Quorums, StalenessError};

/// The outcome of a [`Sampler`](super::Sampler): every answer is an [`Estimate`], with its interval.
///
/// ```
/// use cap_model::staleness::{Fit, Plan, Quorums, Sampler};
/// let sampler = Sampler::new(&Fit::LnkdSsd.network(3)?)?;
/// let (weak, strict) = (Quorums::new(3, 1, 1)?, Quorums::new(3, 2, 2)?);
/// let plan = Plan { trials: 30_000, ..Plan::default() };
/// let samples = sampler.run(&plan, &[weak, strict])?;
/// let visibility = samples.visibility_ms(weak, 0.99)?;
/// assert!(visibility.low < visibility.value && visibility.value < visibility.high);
/// assert_eq!(samples.consistent_at(strict, 0.0)?.low, 1.0);
/// // 30,000 trials say nothing about one read in a million.
/// assert!(samples.visibility_ms(weak, 0.999_999).is_err());
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    plan: Plan,
    /// For each pair that can be stale, until when after the return of the write the read is.
    stale_until: BTreeMap<Quorums, Vec<f64>>,
    /// Pairs that cannot.
    intersecting: Vec<Quorums>,
    /// For each R and each W that is asked for, the latency.
    reads: BTreeMap<u32, Vec<f64>>,
    writes: BTreeMap<u32, Vec<f64>>,
}

impl Samples {
    pub(super) fn new(plan: &Plan, pairs: &[Quorums]) -> Self {
        let stale = pairs.iter().filter(|pair| !pair.intersect());
        let intersecting = pairs.iter().filter(|pair| pair.intersect());
        Self {
            plan: *plan,
            stale_until: stale.map(|&pair| (pair, Vec::new())).collect(),
            intersecting: intersecting.copied().collect(),
            reads: pairs.iter().map(|pair| (pair.read(), Vec::new())).collect(),
            writes: pairs
                .iter()
                .map(|pair| (pair.write(), Vec::new()))
                .collect(),
        }
    }

    /// How many quantities are kept of each trial.
    pub(super) fn columns(&self) -> usize {
        self.stale_until.len() + self.reads.len() + self.writes.len()
    }

    /// Makes room for so many trials, which the limit on numbers allows.
    pub(super) fn reserve(&mut self, trials: usize) {
        let columns = self.stale_until.values_mut();
        let columns = columns.chain(self.reads.values_mut());
        let columns = columns.chain(self.writes.values_mut());
        columns.for_each(|column| column.reserve_exact(trials));
    }

    pub(super) fn extend(&mut self, block: &Block) {
        let kept = |rows: &[[f64; super::sampler::BLOCK]], rank: u32| {
            // Ranks are in 1..=N, and there are N rows.
            rows.get(rank as usize - 1)
                .copied()
                .unwrap_or([0.0; super::sampler::BLOCK])
        };
        for (&read, column) in &mut self.reads {
            column.extend_from_slice(&kept(&block.reads, read)[..block.trials]);
        }
        for (&write, column) in &mut self.writes {
            column.extend_from_slice(&kept(&block.writes, write)[..block.trials]);
        }
        for (pair, column) in &mut self.stale_until {
            let stale = kept(&block.stale_until, pair.read());
            let returned = kept(&block.writes, pair.write());
            let each = stale.iter().zip(&returned).take(block.trials);
            column.extend(each.map(|(stale, returned)| (stale - returned).max(0.0)));
        }
    }

    /// How these trials were made.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How likely a read that begins this long after the return of a write returns it: the share of
    /// the trials, with Wilson's interval. If R + W > N that is one, without a doubt. O(trials).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled, or a time outside of 0..=10^12 ms.
    pub fn consistent_at(&self, pair: Quorums, t_ms: f64) -> Result<Estimate, StalenessError> {
        let t_ms = within("time", t_ms, 0.0, 1e12)?;
        let Some(column) = self.stale(pair)? else {
            return Ok(Estimate::certain(1.0, self.plan.confidence));
        };
        let fresh = column.iter().filter(|until| **until <= t_ms).count();
        Estimate::of_share(fresh as u64, self.plan.trials, self.plan.confidence)
    }

    /// The same at several times, in their order. O(trials log times).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled, or a time outside of 0..=10^12 ms.
    pub fn consistent_at_each(
        &self,
        pair: Quorums,
        times_ms: &[f64],
    ) -> Result<Vec<Estimate>, StalenessError> {
        let mut ascending = Vec::new();
        for &time in times_ms {
            ascending.push(within("time", time, 0.0, 1e12)?);
        }
        ascending.sort_by(f64::total_cmp);
        let Some(column) = self.stale(pair)? else {
            let certain = Estimate::certain(1.0, self.plan.confidence);
            return Ok(alloc::vec![certain; times_ms.len()]);
        };
        // How many turn consistent at each time, and not at the one before; then by each time.
        let mut fresh = alloc::vec![0_u64; ascending.len() + 1];
        for &until in column {
            let place = ascending.partition_point(|&time| time < until);
            if let Some(count) = fresh.get_mut(place) {
                *count += 1;
            }
        }
        let mut so_far = 0;
        for count in &mut fresh {
            so_far += *count;
            *count = so_far;
        }
        let of = |time: &f64| {
            let place = ascending.partition_point(|other| other < time);
            let fresh = fresh.get(place).copied().unwrap_or(so_far);
            Estimate::of_share(fresh, self.plan.trials, self.plan.confidence)
        };
        times_ms.iter().map(of).collect()
    }

    /// How long after the write a read is consistent with this probability: an order statistic, with
    /// the interval of order statistics. O(trials).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled, or a probability that leaves fewer than ten trials on a side.
    pub fn visibility_ms(
        &self,
        pair: Quorums,
        probability: f64,
    ) -> Result<Estimate, StalenessError> {
        match self.stale(pair)? {
            Some(column) => self.quantile(column, probability),
            None => Ok(Estimate::certain(0.0, self.plan.confidence)),
        }
    }

    /// How long a read takes, at this share of all reads. O(trials).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled, or a probability that leaves fewer than ten trials on a side.
    pub fn read_latency_ms(
        &self,
        pair: Quorums,
        probability: f64,
    ) -> Result<Estimate, StalenessError> {
        self.stale(pair)?;
        let column = self.reads.get(&pair.read());
        let missing = StalenessError::NotSampled { quorums: pair };
        self.quantile(column.ok_or(missing)?, probability)
    }

    /// How long a write takes, at this share of all writes. O(trials).
    ///
    /// # Errors
    ///
    /// Quorums that were not sampled, or a probability that leaves fewer than ten trials on a side.
    pub fn write_latency_ms(
        &self,
        pair: Quorums,
        probability: f64,
    ) -> Result<Estimate, StalenessError> {
        self.stale(pair)?;
        let column = self.writes.get(&pair.write());
        let missing = StalenessError::NotSampled { quorums: pair };
        self.quantile(column.ok_or(missing)?, probability)
    }

    /// At each of these ascending shares, how long a read takes.
    pub(super) fn read_quantiles(
        &self,
        pair: Quorums,
        shares: &[f64],
    ) -> Result<Vec<(f64, f64)>, StalenessError> {
        let column = self.reads.get(&pair.read());
        quantiles(
            column.ok_or(StalenessError::NotSampled { quorums: pair })?,
            shares,
        )
    }

    /// The same of writes.
    pub(super) fn write_quantiles(
        &self,
        pair: Quorums,
        shares: &[f64],
    ) -> Result<Vec<(f64, f64)>, StalenessError> {
        let column = self.writes.get(&pair.write());
        quantiles(
            column.ok_or(StalenessError::NotSampled { quorums: pair })?,
            shares,
        )
    }

    /// What was kept of a pair, or nothing if its quorums intersect.
    fn stale(&self, pair: Quorums) -> Result<Option<&Vec<f64>>, StalenessError> {
        match self.stale_until.get(&pair) {
            Some(column) => Ok(Some(column)),
            None if self.intersecting.contains(&pair) => Ok(None),
            None => Err(StalenessError::NotSampled { quorums: pair }),
        }
    }

    fn quantile(&self, column: &[f64], probability: f64) -> Result<Estimate, StalenessError> {
        let probability = within("probability", probability, 0.0, 1.0)?;
        let (plan, trials) = (&self.plan, column.len() as u64);
        let (middle, low, high) = ranks(probability, trials, plan.confidence)?;
        let [low, value, high] = order_statistics(column, [low, middle, high]);
        Ok(Estimate {
            value,
            low,
            high,
            confidence: plan.confidence,
        })
    }
}

/// The quantiles of ascending shares: selected from what is above the one before.
fn quantiles(column: &[f64], shares: &[f64]) -> Result<Vec<(f64, f64)>, StalenessError> {
    let mut values = column.to_vec();
    let mut found = Vec::new();
    // The highest first: each selection leaves what is below it, which halves on the average.
    let mut rest = values.as_mut_slice();
    for &share in shares.iter().rev() {
        let rank = (column.len() as f64 * share) as usize;
        let rank = rank.min(rest.len().saturating_sub(1));
        if rest.is_empty() {
            break;
        }
        let (below, value, _) = rest.select_nth_unstable_by(rank, f64::total_cmp);
        found.push((*value, share));
        rest = below;
    }
    found.reverse();
    Ok(found)
}

/// How many of the leading bits sort numbers into bins.
const BIN_BITS: u32 = 16;

/// The values of these ranks, which ascend: one pass to count by leading bits, which order numbers that
/// are not negative, one to gather the bins of interest, and a selection among those.
fn order_statistics(column: &[f64], ranks: [u64; 3]) -> [f64; 3] {
    let bin_of = |value: &f64| (value.to_bits() >> (64 - BIN_BITS)) as usize;
    let mut counts = alloc::vec![0_u64; 1 << BIN_BITS];
    for value in column {
        if let Some(count) = counts.get_mut(bin_of(value)) {
            *count += 1;
        }
    }
    // The bins of the first and of the last rank, and how many values are before the first of them.
    let (mut before, mut seen) = (0, 0);
    let (mut first, mut last) = (None, 0);
    for (bin, &count) in counts.iter().enumerate() {
        if first.is_none() && seen + count > ranks[0] {
            (first, before) = (Some(bin), seen);
        }
        last = bin;
        seen += count;
        if seen > ranks[2] {
            break;
        }
    }
    let bins = first.unwrap_or(0)..=last;
    let within = column.iter().filter(|value| bins.contains(&bin_of(value)));
    let mut within: Vec<f64> = within.copied().collect();
    ranks.map(|rank| {
        let place = (rank - before) as usize;
        if place < within.len() {
            *within.select_nth_unstable_by(place, f64::total_cmp).1
        } else {
            f64::NAN
        }
    })
}
