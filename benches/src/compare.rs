//! Interleaved runs and their ratios.
//!
//! The machine is shared and its speed wanders, so contenders run A B A B and every ratio is taken
//! within one round; the ratio printed is the median of those.

use serde::Serialize;

use crate::{Error, Sample, Spread};

/// The samples of one contender in one case.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// Who, with the version.
    pub name: String,
    /// One sample a round.
    pub samples: Vec<Sample>,
}

impl Rate {
    /// Operations per CPU-second over the samples.
    #[must_use]
    pub fn spread(&self) -> Option<Spread> {
        let rates: Vec<f64> = self.samples.iter().map(Sample::rate).collect();
        Spread::of(&rates)
    }

    /// Median of `count` per operation over the samples.
    fn per_operation(&self, count: impl Fn(&Sample) -> u64) -> Option<f64> {
        let values = self
            .samples
            .iter()
            .map(|sample| sample.per_operation(count(sample)))
            .collect::<Vec<_>>();
        Some(Spread::of(&values)?.median)
    }

    /// What one operation cost.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        Some(Cost {
            cpu_ns: self.per_operation(|sample| sample.usage.cpu_ns)?,
            allocations: self.per_operation(|sample| sample.usage.allocations)?,
            bytes: self.per_operation(|sample| sample.usage.bytes)?,
            messages: self.per_operation(|sample| sample.messages)?,
        })
    }
}

/// What one operation cost, as medians over the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// CPU time in nanoseconds.
    pub cpu_ns: f64,
    /// Calls of the allocator.
    pub allocations: f64,
    /// Bytes allocated.
    pub bytes: f64,
    /// Messages between nodes.
    pub messages: f64,
}

/// One row of a benchmark: us beside one peer, in one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The benchmark.
    pub bench: &'static str,
    /// The load.
    pub case: String,
    /// Samples of each side.
    pub n: usize,
    /// What `value` counts.
    pub unit: &'static str,
    /// Ours: the median; `null` when we did not run.
    pub value: Option<f64>,
    /// Ours: the smallest and the largest.
    pub value_range: Option<[f64; 2]>,
    /// The peer, with its version; `null` when none ran.
    pub peer: Option<String>,
    /// The peer's median.
    pub peer_value: Option<f64>,
    /// The peer's smallest and largest.
    pub peer_range: Option<[f64; 2]>,
    /// Ours divided by the peer's: the median over the rounds.
    pub ratio: Option<f64>,
    /// The smallest and largest ratio of a round.
    pub ratio_range: Option<[f64; 2]>,
    /// The least ratio that the project asks of itself, where it has said one.
    pub bar: Option<f64>,
    /// Ours, per operation.
    pub cost: Option<Cost>,
    /// The peer's, per operation.
    pub peer_cost: Option<Cost>,
}

impl Comparison {
    /// Sets `ours` beside `peer`; either may be missing.
    ///
    /// ```
    /// use benches::{Comparison, Rate, Sample, Usage};
    /// let rate = |name: &str, cpu_ns| {
    ///     let usage = Usage { cpu_ns, ..Usage::default() };
    ///     let samples = vec![Sample { operations: 10, messages: 0, usage }];
    ///     Rate { name: name.to_owned(), samples }
    /// };
    /// let (ours, peer) = (rate("ours", 1_000), rate("peer", 3_000));
    /// let row = Comparison::new("raft", "sync", "commits/CPU-s", Some(&ours), Some(&peer));
    /// assert_eq!(row.ratio, Some(3.0));
    /// ```
    #[must_use]
    pub fn new(
        bench: &'static str,
        case: impl Into<String>,
        unit: &'static str,
        ours: Option<&Rate>,
        peer: Option<&Rate>,
    ) -> Self {
        let (value, peer_value) = (ours.and_then(Rate::spread), peer.and_then(Rate::spread));
        let ratio = ours.zip(peer).and_then(|(ours, peer)| ratio(ours, peer));
        let range = |spread: Spread| [spread.min, spread.max];
        Self {
            bench,
            case: case.into(),
            n: ours.or(peer).map_or(0, |rate| rate.samples.len()),
            unit,
            value: value.map(|spread| spread.median),
            value_range: value.map(range),
            peer: peer.map(|rate| rate.name.clone()),
            peer_value: peer_value.map(|spread| spread.median),
            peer_range: peer_value.map(range),
            ratio: ratio.map(|spread| spread.median),
            ratio_range: ratio.map(range),
            bar: None,
            cost: ours.and_then(Rate::cost),
            peer_cost: peer.and_then(Rate::cost),
        }
    }
}

/// The ratios of the rounds, ours over the peer's.
fn ratio(ours: &Rate, peer: &Rate) -> Option<Spread> {
    let rounds = ours.samples.iter().zip(&peer.samples);
    let ratios: Vec<f64> = rounds.map(|(a, b)| a.rate() / b.rate()).collect();
    Spread::of(&ratios)
}

/// Runs every contender once a round, in turn, for `rounds` rounds; `run` is given the contender's
/// place.
///
/// # Errors
///
/// The first error of a run, or [`Error::NoSamples`].
///
/// ```
/// use benches::{Sample, interleave};
/// let mut order = Vec::new();
/// let rates = interleave(&["a", "b"], 2, |place| {
///     order.push(place);
///     Ok(Sample::default())
/// })?;
/// assert_eq!(order, [0, 1, 0, 1]);
/// assert_eq!(rates[1].samples.len(), 2);
/// # Ok::<(), benches::Error>(())
/// ```
pub fn interleave(
    names: &[&str],
    rounds: usize,
    mut run: impl FnMut(usize) -> Result<Sample, Error>,
) -> Result<Vec<Rate>, Error> {
    if rounds == 0 {
        return Err(Error::NoSamples);
    }
    let mut rates: Vec<Rate> = names
        .iter()
        .map(|name| Rate {
            name: (*name).to_owned(),
            samples: Vec::with_capacity(rounds),
        })
        .collect();
    for _ in 0..rounds {
        for (place, rate) in rates.iter_mut().enumerate() {
            rate.samples.push(run(place)?);
        }
    }
    Ok(rates)
}
