//! What a node may cost.

/// A price of a node: zero or more, added up over a quorum.
///
/// Whole numbers and `f64` are prices; implement it for exact fractions to get exact answers.
///
/// ```
/// use quorum::Price;
/// assert_eq!(u64::ZERO.plus(2).plus(3), 5);
/// assert_eq!(u64::MAX.plus(1), u64::MAX);
/// ```
pub trait Price: Copy + PartialOrd {
    /// What nothing costs.
    const ZERO: Self;

    /// Both together. It must not panic, and adding to a price must not make it smaller.
    #[must_use]
    fn plus(self, other: Self) -> Self;
}

impl Price for u64 {
    const ZERO: Self = 0;

    /// At most [`u64::MAX`].
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Price for f64 {
    const ZERO: Self = 0.0;

    fn plus(self, other: Self) -> Self {
        self + other
    }
}
