//! Which of several candidates are beaten in every respect.
//!
//! # Definition
//!
//! One candidate *dominates* another when it is nowhere worse and somewhere better (Pareto). A figure that
//! neither has says nothing. A figure that only one of them has cannot be compared, and then neither
//! dominates the other: what is not known is never held against anybody, nor in anybody's favour.
//!
//! So it is a strict partial order: nobody dominates itself, and who dominates a dominator dominates.

use alloc::vec::Vec;

/// Which figures are the better ones.
///
/// ```
/// use cap_model::search::Better;
/// assert!(Better::Smaller.is_better(1.0, 2.0));
/// assert!(Better::Larger.is_better(2.0, 1.0));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Better {
    /// Loads, latencies, probabilities of failure.
    Smaller,
    /// Capacities, resilience.
    Larger,
}

impl Better {
    /// Whether `one` is strictly better than `other`. What is not a number is never better.
    #[must_use]
    pub fn is_better(self, one: f64, other: f64) -> bool {
        match self {
            Self::Smaller => one < other,
            Self::Larger => one > other,
        }
    }
}

/// Whether the candidate with the figures `one` is nowhere worse and somewhere better than `other`.
///
/// `directions` says for each figure which is better. A figure that is absent (`None`, not a number, or
/// beyond the end) in both is passed over; absent in just one, it makes the two incomparable.
/// O(figures).
///
/// ```
/// use cap_model::search::{Better::{Larger, Smaller}, dominates};
/// // Milliseconds, and operations per second.
/// let directions = [Smaller, Larger];
/// assert!(dominates(&directions, &[Some(3.0), Some(900.0)], &[Some(4.0), Some(900.0)]));
/// assert!(!dominates(&directions, &[Some(3.0), Some(800.0)], &[Some(4.0), Some(900.0)]));
/// assert!(!dominates(&directions, &[Some(3.0), None], &[Some(4.0), Some(900.0)]));
/// ```
#[must_use]
pub fn dominates(directions: &[Better], one: &[Option<f64>], other: &[Option<f64>]) -> bool {
    let figure = |figures: &[Option<f64>], at: usize| {
        let figure = figures.get(at).copied().flatten();
        figure.filter(|figure| !figure.is_nan())
    };
    let mut is_somewhere_better = false;
    for (at, better) in directions.iter().enumerate() {
        match (figure(one, at), figure(other, at)) {
            (None, None) => {}
            (Some(one), Some(other)) if better.is_better(other, one) => return false,
            (Some(one), Some(other)) => is_somewhere_better |= better.is_better(one, other),
            _ => return false,
        }
    }
    is_somewhere_better
}

/// For each candidate, the places of those that dominate it, in order. O(candidates² × figures).
///
/// ```
/// use cap_model::search::{Better::Smaller, dominators};
/// let candidates = [[Some(1.0), Some(5.0)], [Some(2.0), Some(6.0)], [Some(3.0), Some(4.0)]];
/// assert_eq!(dominators(&[Smaller, Smaller], &candidates), [vec![], vec![0], vec![]]);
/// ```
#[must_use]
pub fn dominators<F: AsRef<[Option<f64>]>>(
    directions: &[Better],
    candidates: &[F],
) -> Vec<Vec<usize>> {
    let above = |other: &F| {
        let candidates = candidates.iter().enumerate();
        let above =
            candidates.filter(|(_, one)| dominates(directions, one.as_ref(), other.as_ref()));
        above.map(|(place, _)| place).collect()
    };
    candidates.iter().map(above).collect()
}

/// The places of the candidates that nobody dominates, in order: the Pareto front. Candidates with equal
/// figures are all in it, or none of them is. O(candidates² × figures).
///
/// ```
/// use cap_model::search::{Better::Smaller, pareto_front};
/// let candidates = [[Some(1.0), Some(5.0)], [Some(2.0), Some(6.0)], [Some(3.0), Some(4.0)]];
/// assert_eq!(pareto_front(&[Smaller, Smaller], &candidates), [0, 2]);
/// ```
#[must_use]
pub fn pareto_front<F: AsRef<[Option<f64>]>>(
    directions: &[Better],
    candidates: &[F],
) -> Vec<usize> {
    let is_free = |other: &F| {
        let mut candidates = candidates.iter();
        !candidates.any(|one| dominates(directions, one.as_ref(), other.as_ref()))
    };
    let front = candidates.iter().enumerate();
    let front = front.filter(|(_, other)| is_free(other));
    front.map(|(place, _)| place).collect()
}
