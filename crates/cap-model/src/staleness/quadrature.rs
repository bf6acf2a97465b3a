//! Integration and interpolation on pieces, each by the twelve Gauss-Legendre points.
//!
//! On a piece where a function is smooth, the points integrate polynomials of degree 23 exactly, and the
//! Legendre series through them has degree 11. Everything here is built so that no breakpoint of a
//! function lies inside a piece.

use alloc::vec::Vec;

use super::real::power;

/// Points on a piece.
pub(super) const ORDER: usize = 12;

/// The points on [-1, 1], ascending.
pub(super) const POINTS: [f64; ORDER] = [
    -0.981_560_634_246_719_2,
    -0.904_117_256_370_474_9,
    -0.769_902_674_194_304_7,
    -0.587_317_954_286_617_5,
    -0.367_831_498_998_180_2,
    -0.125_233_408_511_468_9,
    0.125_233_408_511_468_9,
    0.367_831_498_998_180_2,
    0.587_317_954_286_617_5,
    0.769_902_674_194_304_7,
    0.904_117_256_370_474_9,
    0.981_560_634_246_719_2,
];

/// Their weights.
pub(super) const WEIGHTS: [f64; ORDER] = [
    0.047_175_336_386_511_83,
    0.106_939_325_995_318_43,
    0.160_078_328_543_346_22,
    0.203_167_426_723_065_92,
    0.233_492_536_538_354_8,
    0.249_147_045_813_402_77,
    0.249_147_045_813_402_77,
    0.233_492_536_538_354_8,
    0.203_167_426_723_065_92,
    0.160_078_328_543_346_22,
    0.106_939_325_995_318_43,
    0.047_175_336_386_511_83,
];

/// From values at the points to Legendre coefficients: row k is (2k + 1) / 2 times weight times P_k.
pub(super) const TO_SERIES: [[f64; ORDER]; ORDER] = to_series();

/// The values of P_0 to P_11 at x.
pub(super) const fn legendre(x: f64) -> [f64; ORDER] {
    let mut values = [1.0; ORDER];
    values[1] = x;
    let mut k = 1;
    while k + 1 < ORDER {
        let n = k as f64;
        values[k + 1] = ((2.0 * n + 1.0) * x * values[k] - n * values[k - 1]) / (n + 1.0);
        k += 1;
    }
    values
}

const fn to_series() -> [[f64; ORDER]; ORDER] {
    let mut rows = [[0.0; ORDER]; ORDER];
    let mut j = 0;
    while j < ORDER {
        let values = legendre(POINTS[j]);
        let mut k = 0;
        while k < ORDER {
            rows[k][j] = (k as f64 + 0.5) * WEIGHTS[j] * values[k];
            k += 1;
        }
        j += 1;
    }
    rows
}

/// P_k in powers of x: row k.
const POWERS: [[f64; ORDER]; ORDER] = powers();

const fn powers() -> [[f64; ORDER]; ORDER] {
    let mut rows = [[0.0; ORDER]; ORDER];
    rows[0][0] = 1.0;
    rows[1][1] = 1.0;
    let mut k = 1;
    while k + 1 < ORDER {
        let n = k as f64;
        let mut i = 0;
        while i < ORDER {
            let shifted = if i > 0 { rows[k][i - 1] } else { 0.0 };
            rows[k + 1][i] = ((2.0 * n + 1.0) * shifted - n * rows[k - 1][i]) / (n + 1.0);
            i += 1;
        }
        k += 1;
    }
    rows
}

/// The Legendre coefficients of what has these values at the points.
pub(super) fn series(values: &[f64; ORDER]) -> [f64; ORDER] {
    core::array::from_fn(|k| TO_SERIES[k].iter().zip(values).map(|(a, b)| a * b).sum())
}

/// An estimate of the coefficients beyond the last: the last two, times the ratio in which they fell
/// from the two before.
fn left_out(coefficients: &[f64; ORDER]) -> f64 {
    let pair = |k: usize| coefficients[k].abs() + coefficients[k - 1].abs();
    let (last, before) = (pair(ORDER - 1), pair(ORDER - 3));
    let ratio = if last < before { last / before } else { 1.0 };
    last * ratio.max(1e-3)
}

/// The integral of a function over [low, high].
pub(super) fn integral(low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let (center, half) = (0.5 * (low + high), 0.5 * (high - low));
    let each = POINTS.iter().zip(&WEIGHTS);
    let sum: f64 = each.map(|(x, w)| w * f(center + half * x)).sum();
    half * sum
}

/// A function on pieces, each a polynomial of degree 11.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// Ascending; one more than there are pieces.
    edges: Vec<f64>,
    pieces: Vec<Piece>,
    /// What it is left of the first edge.
    before: f64,
    /// The most that any series leaves out, by estimate.
    error: f64,
}

/// Powers of the place within the piece, which runs from -1 to 1.
#[derive(Clone, Debug)]
struct Piece {
    center: f64,
    half: f64,
    powers: [f64; ORDER],
}

/// Why there is no curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooFine {
    pub(super) panels: usize,
}

/// The most pieces of a curve.
pub(super) const PANELS_MAX: usize = 400;

/// Divides what is between the edges into pieces, from left to right, each as long as it can be: how much
/// a series left out says how long the next piece should be, as in an integration with steps.
pub(super) struct March<'a> {
    edges: core::slice::Windows<'a, f64>,
    low: f64,
    stop: f64,
    /// How long the next piece shall be, if the stop is not near.
    step: f64,
    /// And how long it is.
    high: f64,
    pub(super) tries: usize,
}

/// The most pieces that are tried.
pub(super) const TRIES_MAX: usize = 2 * PANELS_MAX;

impl<'a> March<'a> {
    pub(super) fn new(edges: &'a [f64]) -> Self {
        let first = edges.first().copied().unwrap_or(0.0);
        Self {
            edges: edges.windows(2),
            low: first,
            stop: first,
            step: 0.0,
            high: first,
            tries: 0,
        }
    }

    /// The next piece to try.
    pub(super) fn piece(&mut self) -> Option<(f64, f64)> {
        self.tries += 1;
        while self.low >= self.stop {
            let pair = self.edges.next()?;
            (self.low, self.stop) = (*pair.first()?, *pair.last()?);
            // On the other side of a breakpoint the last step means nothing.
            self.step = self.stop - self.low;
        }
        let left = self.stop - self.low;
        self.high = if self.step >= left {
            self.stop
        } else if self.step * 2.0 > left {
            // Two equal pieces instead of a long one and a rest.
            self.low + 0.5 * left
        } else {
            self.low + self.step
        };
        Some((self.low, self.high))
    }

    /// Whether the piece is fine, if it has so many times too much of an error that falls with its
    /// length to the power of the points. It is fine in any case if it cannot be shorter.
    pub(super) fn judge(&mut self, excess: f64) -> bool {
        let (width, middle) = (self.high - self.low, 0.5 * (self.high + self.low));
        let is_fine = excess <= 1.0 || width <= 2e-13 * middle.abs();
        let excess = excess.clamp(1e-30, 1e30);
        if is_fine {
            // Further from a breakpoint the function is smoother: a bolder step.
            let factor = 0.9 * power(excess, -1.5 / ORDER as f64);
            self.low = self.high;
            self.step = width * factor.clamp(0.5, 4.0);
        } else {
            let factor = 0.85 * power(excess, -1.0 / ORDER as f64);
            self.step = width * factor.clamp(0.1, 0.7);
        }
        is_fine
    }
}

impl Curve {
    /// Interpolates `f`, on pieces so short that what the series leaves out is below `tolerance`.
    /// `edges` ascend and hold every breakpoint. To the right of the last, the curve is zero.
    pub(super) fn build(
        edges: &[f64],
        before: f64,
        tolerance: f64,
        mut f: impl FnMut(f64) -> f64,
    ) -> Result<Self, TooFine> {
        let values = |points: &[f64; ORDER]| points.map(&mut f);
        Self::build_blocks(edges, before, values, |rest, _| rest / tolerance)
    }

    /// The same of a density, whose integral over each piece is what must be right.
    pub(super) fn build_mass(
        edges: &[f64],
        tolerance: f64,
        mut f: impl FnMut(f64) -> f64,
    ) -> Result<Self, TooFine> {
        let values = |points: &[f64; ORDER]| points.map(&mut f);
        Self::build_blocks(edges, 0.0, values, |rest, half| rest * half / tolerance)
    }

    /// The same of a function that is told all points of a piece at once, with how many times
    /// too much it is what the series leaves out, on a piece of this half width.
    pub(super) fn build_blocks(
        edges: &[f64],
        before: f64,
        mut f: impl FnMut(&[f64; ORDER]) -> [f64; ORDER],
        excess: impl Fn(f64, f64) -> f64,
    ) -> Result<Self, TooFine> {
        let mut curve = Self {
            edges: Vec::new(),
            pieces: Vec::new(),
            before,
            error: 0.0,
        };
        curve.edges.extend(edges.first());
        let mut march = March::new(edges);
        while let Some((low, high)) = march.piece() {
            let (center, half) = (0.5 * (low + high), 0.5 * (high - low));
            let values = f(&POINTS.map(|x| center + half * x));
            let coefficients = series(&values);
            let rest = left_out(&coefficients);
            let excess = excess(rest, half);
            if march.judge(excess) {
                curve.error = curve.error.max(rest);
                curve.edges.push(high);
                curve.pieces.push(Piece::new(center, half, &coefficients));
            }
            if curve.pieces.len() > PANELS_MAX || march.tries > TRIES_MAX {
                return Err(TooFine { panels: PANELS_MAX });
            }
        }
        Ok(curve)
    }

    pub(super) fn edges(&self) -> &[f64] {
        &self.edges
    }

    pub(super) fn error(&self) -> f64 {
        self.error
    }

    pub(super) fn end(&self) -> f64 {
        self.edges.last().copied().unwrap_or(0.0)
    }

    fn place(&self, x: f64) -> Option<&Piece> {
        let after = self.edges.partition_point(|&edge| edge <= x);
        self.pieces.get(after.checked_sub(1)?)
    }

    /// The value, 0 beyond the end.
    pub(super) fn at(&self, x: f64) -> f64 {
        match self.edges.first() {
            Some(&first) if x >= first => self.place(x).map_or(0.0, |piece| piece.at(x)),
            _ => self.before,
        }
    }

    /// The slope, 0 beyond both ends.
    pub(super) fn slope(&self, x: f64) -> f64 {
        self.place(x).map_or(0.0, |piece| piece.slope(x))
    }
}

impl Piece {
    fn new(center: f64, half: f64, coefficients: &[f64; ORDER]) -> Self {
        let power = |i: usize| {
            let each = coefficients.iter().zip(&POWERS);
            each.map(|(c, row)| c * row[i]).sum()
        };
        Self {
            center,
            half,
            powers: core::array::from_fn(power),
        }
    }

    fn at(&self, x: f64) -> f64 {
        let y = (x - self.center) / self.half;
        let y2 = y * y;
        let pairs = self.powers.chunks_exact(2).rev();
        // Even and odd powers in two chains.
        let (even, odd) = pairs.fold((0.0, 0.0), |(even, odd), pair| match pair {
            [a, b] => (even * y2 + a, odd * y2 + b),
            _ => (even, odd),
        });
        even + y * odd
    }

    fn slope(&self, x: f64) -> f64 {
        let y = (x - self.center) / self.half;
        let each = self.powers.iter().enumerate().skip(1).rev();
        each.fold(0.0, |sum, (k, power)| sum * y + k as f64 * power) / self.half
    }
}

/// Sorts, and drops what is nearly repeated: a distance below 10^-12 of the size.
pub(super) fn tidy(edges: &mut Vec<f64>) {
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|later, first| *later - *first <= 1e-12 * later.abs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_points_integrate_degree_23_exactly() {
        for degree in 0..24 {
            let found = integral(0.0, 2.0, |x| (0..degree).fold(1.0, |p, _| p * x));
            let n = f64::from(degree + 1);
            let wanted = (0..=degree).fold(1.0, |p, _| p * 2.0) / n;
            assert!((found / wanted - 1.0).abs() < 1e-14, "degree {degree}");
        }
    }

    #[test]
    fn a_curve_follows_its_function_and_its_slope() {
        let curve = Curve::build(&[1.0, 3.0, 40.0], 7.0, 1e-12, |x| 1.0 / x).unwrap();
        assert!(curve.error() <= 1e-12);
        for k in 0..1_000 {
            let x = 1.0 + 0.038_9 * f64::from(k);
            assert!((curve.at(x) - 1.0 / x).abs() < 1e-12, "{x}");
            assert!((curve.slope(x) + 1.0 / (x * x)).abs() < 1e-9, "{x}");
        }
        assert_eq!(
            (curve.at(0.5), curve.at(41.0), curve.end()),
            (7.0, 0.0, 40.0)
        );
    }

    #[test]
    fn a_function_without_end_to_its_detail_is_refused() {
        let mut state = 1_u64;
        let noise = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f64
        };
        assert!(Curve::build(&[0.0, 1.0], 0.0, 1e-12, noise).is_err());
    }
}
