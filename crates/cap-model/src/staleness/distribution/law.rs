//! The simple laws that a distribution is mixed of.

use alloc::vec::Vec;

use super::super::real::{exp, ln, normal_density, normal_survival, normal_tail_quantile, power};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Law {
    Exponential { rate: f64 },
    Pareto { minimum: f64, exponent: f64 },
    LogNormal { median: f64, sigma: f64 },
    Uniform { width: f64 },
    Constant,
    Empirical(Vec<Knot>),
}

/// A point of a distribution function that is straight in between. Both fields ascend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Knot {
    pub(super) at: f64,
    /// How likely a value is at most `at`.
    pub(super) below: f64,
}

impl Law {
    pub(super) fn survival(&self, x: f64) -> f64 {
        match self {
            Self::Exponential { rate } if x > 0.0 => exp(-rate * x),
            Self::Pareto { minimum, exponent } if x > *minimum => power(minimum / x, *exponent),
            Self::LogNormal { median, sigma } if x > 0.0 => normal_survival(ln(x / median) / sigma),
            Self::Uniform { width } if x > 0.0 => (1.0 - x / width).max(0.0),
            Self::Constant => f64::from(x < 0.0),
            Self::Empirical(knots) => 1.0 - share(knots, x),
            _ => 1.0,
        }
    }

    pub(super) fn density(&self, x: f64) -> f64 {
        match self {
            Self::Exponential { rate } if x >= 0.0 => rate * exp(-rate * x),
            Self::Pareto { minimum, exponent } if x >= *minimum => {
                exponent / x * power(minimum / x, *exponent)
            }
            Self::LogNormal { median, sigma } if x > 0.0 => {
                normal_density(ln(x / median) / sigma) / (sigma * x)
            }
            Self::Uniform { width } if x >= 0.0 && x < *width => 1.0 / width,
            Self::Empirical(knots) => {
                let next = knots.partition_point(|knot| knot.at <= x);
                let right = knots.get(next);
                let left = next.checked_sub(1).and_then(|place| knots.get(place));
                match (left, right) {
                    (Some(left), Some(right)) => (right.below - left.below) / (right.at - left.at),
                    _ => 0.0,
                }
            }
            _ => 0.0,
        }
    }

    /// What is exceeded with this probability, in (0, 1].
    pub(super) fn tail_quantile(&self, tail: f64) -> f64 {
        match self {
            Self::Exponential { rate } => (-ln(tail) / rate).max(0.0),
            Self::Pareto { minimum, exponent } => minimum * power(tail, -1.0 / exponent),
            Self::LogNormal { .. } if tail >= 1.0 => 0.0,
            Self::LogNormal { median, sigma } => median * exp(sigma * normal_tail_quantile(tail)),
            Self::Uniform { width } => width * (1.0 - tail),
            Self::Constant => 0.0,
            Self::Empirical(knots) => {
                let below = 1.0 - tail;
                let next = knots.partition_point(|knot| knot.below < below);
                let right = knots.get(next).or(knots.last());
                let left = next.checked_sub(1).and_then(|place| knots.get(place));
                match (left, right) {
                    (Some(left), Some(right)) if right.below > left.below => {
                        let part = (below - left.below) / (right.below - left.below);
                        left.at + part * (right.at - left.at)
                    }
                    (_, right) => right.map_or(0.0, |knot| knot.at),
                }
            }
        }
    }

    /// Tells each place where the density jumps, and over what span it changes beyond.
    pub(super) fn breakpoints(&self, mut tell: impl FnMut(f64, f64)) {
        match self {
            Self::Exponential { rate } => tell(0.0, 1.0 / rate),
            Self::Pareto { minimum, exponent } => tell(*minimum, minimum / exponent),
            Self::LogNormal { median, sigma } => tell(0.0, median * exp(-3.0 * sigma)),
            Self::Uniform { width } => {
                tell(0.0, *width);
                tell(*width, *width);
            }
            Self::Constant => tell(0.0, 1.0),
            Self::Empirical(knots) => {
                let mut last = None;
                for (knot, next) in knots.iter().zip(knots.iter().skip(1).chain(knots.last())) {
                    if last != Some(knot.at) {
                        tell(knot.at, (next.at - knot.at).max(1e-9));
                    }
                    last = Some(knot.at);
                }
            }
        }
    }

    /// Of a law that is all within a little of one place, far from its breakpoint: that place, and how
    /// wide it is relatively to it.
    pub(super) const fn peak(&self) -> Option<(f64, f64)> {
        match self {
            Self::LogNormal { median, sigma } if *sigma < 0.5 => Some((*median, *sigma)),
            _ => None,
        }
    }

    /// Tells each single value of positive probability, with that.
    pub(super) fn atoms(&self, mut tell: impl FnMut(f64, f64)) {
        match self {
            Self::Constant => tell(0.0, 1.0),
            Self::Empirical(knots) => {
                for (knot, next) in knots.iter().zip(knots.iter().skip(1)) {
                    if knot.at == next.at && next.below > knot.below {
                        tell(knot.at, next.below - knot.below);
                    }
                }
            }
            _ => {}
        }
    }
}

/// How likely a value is at most x.
fn share(knots: &[Knot], x: f64) -> f64 {
    let next = knots.partition_point(|knot| knot.at <= x);
    let left = next.checked_sub(1).and_then(|place| knots.get(place));
    match (left, knots.get(next)) {
        (None, _) => 0.0,
        (Some(left), None) => left.below,
        (Some(left), Some(right)) => {
            left.below + (right.below - left.below) * (x - left.at) / (right.at - left.at)
        }
    }
}
