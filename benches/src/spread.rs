//! A few samples in three numbers.

use serde::Serialize;

/// Median, minimum and maximum of some samples.
///
/// ```
/// use benches::Spread;
/// let spread = Spread::of(&[3.0, 1.0, 2.0]).unwrap();
/// assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.0, 3.0));
/// assert!(Spread::of(&[]).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle sample; the mean of the two middle ones when their number is even.
    pub median: f64,
    /// The smallest sample.
    pub min: f64,
    /// The largest sample.
    pub max: f64,
}

impl Spread {
    /// The spread of `samples`, in any order; `None` when there are none.
    #[must_use]
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            median: f64::midpoint(low, high),
            min,
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of(&[4.0, 1.0, 2.0, 8.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 8.0));
    }
}
