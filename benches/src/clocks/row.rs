//! One row of the page: us beside one peer in one case, and the bar if there is one.

use serde::Serialize;

use super::Timed;

/// What the project asks of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// The peer needs at least so many times our time.
    Times(f64),
    /// We need at most so many times the time of the bound.
    WithinTimes(f64),
    /// At most so many nanoseconds an operation.
    Ns(f64),
    /// At most so many allocations an operation.
    Allocations(f64),
    /// At most so many bytes.
    Bytes(usize),
    /// At least so many operations a second of one core.
    Rate(f64),
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Times(times) => write!(f, ">= {times}x"),
            Self::WithinTimes(times) => write!(f, "<= {times}x the time"),
            Self::Ns(ns) => write!(f, "<= {ns} ns"),
            Self::Allocations(count) => write!(f, "<= {count} allocations"),
            Self::Bytes(bytes) => write!(f, "<= {bytes} bytes"),
            Self::Rate(rate) => write!(f, ">= {} M/s", rate / 1e6),
        }
    }
}

/// Us beside one peer in one case. A field that does not apply is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Always `clocks`.
    pub bench: &'static str,
    /// What is done.
    pub case: String,
    /// Entries of a clock, or actors.
    pub n: usize,
    /// Ours: CPU nanoseconds an operation, the median of the rounds.
    pub ns: Option<f64>,
    /// The smallest and the largest round.
    pub ns_range: Option<[f64; 2]>,
    /// The peer, with its version; `null` when we stand alone.
    pub peer: Option<String>,
    /// The peer's nanoseconds.
    pub peer_ns: Option<f64>,
    /// The smallest and the largest round.
    pub peer_ns_range: Option<[f64; 2]>,
    /// `peer_ns / ns`, the median of the ratios of the rounds: above 1 we are faster.
    pub ratio: Option<f64>,
    /// The smallest and the largest ratio of a round.
    pub ratio_range: Option<[f64; 2]>,
    /// The bar on this row.
    pub bar: Option<String>,
    /// Whether the bar is met.
    pub met: Option<bool>,
    /// The figure that the bar is about.
    pub figure: Option<String>,
    /// Our calls of the allocator, an operation.
    pub allocations: Option<f64>,
    /// The peer's.
    pub peer_allocations: Option<f64>,
    /// Our bytes, where the case is about them.
    pub bytes: Option<usize>,
    /// The peer's.
    pub peer_bytes: Option<usize>,
    /// Our core cycles an entry, where the case has entries and the clock speed could be found.
    pub cycles_per_entry: Option<f64>,
    /// The kernel that our dense clocks chose on this machine.
    pub kernel: Option<String>,
}

impl Row {
    /// Our time in a case, and the peer's beside it.
    #[must_use]
    pub fn new(case: &str, n: usize, ours: &Timed, peer: Option<&Timed>) -> Self {
        let range = |timed: &Timed| timed.spread().map(|spread| [spread.min, spread.max]);
        let ratio = peer.and_then(|peer| peer.ratio(ours));
        Self {
            bench: "clocks",
            case: case.to_owned(),
            n,
            ns: Some(ours.median()),
            ns_range: range(ours),
            peer: peer.map(|peer| peer.name.clone()),
            peer_ns: peer.map(Timed::median),
            peer_ns_range: peer.and_then(range),
            ratio: ratio.map(|ratio| ratio.median),
            ratio_range: ratio.map(|ratio| [ratio.min, ratio.max]),
            allocations: Some(ours.allocations),
            peer_allocations: peer.map(|peer| peer.allocations),
            ..Self::default()
        }
    }

    /// Bytes in a case, and the peer's beside them.
    #[must_use]
    pub fn bytes(case: &str, n: usize, bytes: usize, peer: Option<(&str, usize)>) -> Self {
        Self {
            bench: "clocks",
            case: case.to_owned(),
            n,
            bytes: Some(bytes),
            peer: peer.map(|(name, _)| name.to_owned()),
            peer_bytes: peer.map(|(_, bytes)| bytes),
            ..Self::default()
        }
    }

    /// Holds the row against a bar. What is not there does not meet it.
    ///
    /// ```
    /// use benches::clocks::{Bar, Row};
    /// let row = Row::bytes("full", 64, 193, None).with_bar(Bar::Bytes(200));
    /// assert_eq!((row.met, row.figure.as_deref()), (Some(true), Some("193 bytes")));
    /// ```
    #[must_use]
    pub fn with_bar(mut self, bar: Bar) -> Self {
        let at_least = |figure: Option<f64>, bar| figure.is_some_and(|figure| figure >= bar);
        let at_most = |figure: Option<f64>, bar| figure.is_some_and(|figure| figure <= bar);
        self.met = Some(match bar {
            Bar::Times(times) => at_least(self.ratio, times),
            Bar::WithinTimes(times) => at_least(self.ratio, 1.0 / times),
            Bar::Ns(ns) => at_most(self.ns, ns),
            Bar::Allocations(count) => at_most(self.allocations, count),
            Bar::Bytes(bytes) => self.bytes.is_some_and(|figure| figure <= bytes),
            Bar::Rate(rate) => at_most(self.ns, 1e9 / rate),
        });
        self.bar = Some(bar.to_string());
        self.figure = self.figure_of(bar);
        self
    }

    fn figure_of(&self, bar: Bar) -> Option<String> {
        let told =
            |figure, places, bar, unit| Some(format!("{}{unit}", told_apart(figure, places, bar)));
        match bar {
            Bar::Times(bar) => told(self.ratio?, times_places(self.ratio?), bar, "x"),
            Bar::WithinTimes(bar) => told(1.0 / self.ratio?, 2, bar, "x"),
            Bar::Ns(bar) => told(self.ns?, 2, bar, " ns"),
            Bar::Allocations(bar) => told(self.allocations?, 2, bar, ""),
            Bar::Bytes(_) => self.bytes.map(|bytes| format!("{bytes} bytes")),
            Bar::Rate(bar) => told(1e3 / self.ns?, 1, bar / 1e6, " M/s"),
        }
    }
}

/// A ratio in three figures.
pub(super) fn times(ratio: f64) -> String {
    format!("{ratio:.*}x", times_places(ratio))
}

fn times_places(ratio: f64) -> usize {
    match ratio {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    }
}

/// `figure` with `places` decimal places, or as many as show on which side of `bar` it is.
fn told_apart(figure: f64, places: usize, bar: f64) -> String {
    const PLACES_MAX: usize = 9;
    let side = figure.partial_cmp(&bar);
    let shown = |places| format!("{figure:.places$}");
    (places..PLACES_MAX)
        .map(shown)
        .find(|text| {
            text.parse()
                .is_ok_and(|read: f64| read.partial_cmp(&bar) == side)
        })
        .unwrap_or_else(|| shown(PLACES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(name: &str, ns: f64) -> Timed {
        Timed {
            name: name.to_owned(),
            ns: vec![ns],
            allocations: 0.0,
        }
    }

    #[test]
    fn a_bar_is_met_or_not_on_the_right_side() {
        let row = Row::new("merge", 64, &timed("us", 10.0), Some(&timed("them", 500.0)));
        let met = |bar| row.clone().with_bar(bar).met;
        assert_eq!(met(Bar::Times(50.0)), Some(true));
        assert_eq!(met(Bar::Times(51.0)), Some(false));
        assert_eq!(met(Bar::WithinTimes(1.0)), Some(true));
        assert_eq!(met(Bar::WithinTimes(0.01)), Some(false));
        assert_eq!(met(Bar::Ns(9.0)), Some(false));
        assert_eq!(met(Bar::Rate(100e6)), Some(true));
        assert_eq!(met(Bar::Rate(101e6)), Some(false));
        assert_eq!(met(Bar::Allocations(0.0)), Some(true));
        assert_eq!(met(Bar::Bytes(9)), Some(false), "there are no bytes");
    }

    #[test]
    fn the_figure_is_the_one_that_the_bar_is_about() {
        let row = Row::new("merge", 64, &timed("us", 10.0), Some(&timed("them", 5.0)));
        let figure = |bar| row.clone().with_bar(bar).figure.unwrap_or_default();
        assert_eq!(figure(Bar::Times(1.0)), "0.50x");
        assert_eq!(figure(Bar::WithinTimes(1.6)), "2.00x");
        assert_eq!(figure(Bar::Ns(1.0)), "10.00 ns");
        assert_eq!(figure(Bar::Rate(1e6)), "100.0 M/s");
        assert_eq!(figure(Bar::Allocations(0.0)), "0.00");
    }

    #[test]
    fn a_figure_near_its_bar_shows_on_which_side_it_is() {
        assert_eq!(told_apart(2.97, 2, 3.0), "2.97");
        assert_eq!(told_apart(3.0, 2, 3.0), "3.00");
        assert_eq!(told_apart(3.0004, 2, 3.0), "3.0004");
        assert_eq!(told_apart(49.96, 1, 50.0), "49.96");
        assert_eq!(told_apart(3.0 + 1e-12, 2, 3.0), "3.000000000");
    }
}
