//! Delays from random words: a table of quantiles, straight in between where that is true enough.
//!
//! Of 8,192 cells of equal probability, each is a straight line if that is right within 2^-20 in
//! probability, and is otherwise solved exactly for each word: the tail always is. So a sampled delay
//! follows its distribution within 10^-6, which 10^11 trials would be needed to see.

use alloc::vec::Vec;

use super::Distribution;

const CELL_BITS: u32 = 13;
const CELLS: u64 = 1 << CELL_BITS;
const ERROR_MAX: f64 = 1.0 / 1_048_576.0;
/// 2^-53 and 2^-64.
const OF_53_BITS: f64 = 1.0 / 9_007_199_254_740_992.0;
const OF_64_BITS: f64 = 1.0 / 18_446_744_073_709_551_616.0;

#[derive(Clone, Debug)]
pub(super) struct Table {
    distribution: Distribution,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    start: f64,
    /// NaN: solve.
    slope: f64,
}

impl Table {
    pub(super) fn new(distribution: Distribution) -> Self {
        let mut cells: Vec<Cell> = Vec::with_capacity(CELLS as usize);
        let mut start = distribution.tail_quantile(1.0);
        for cell in 0..CELLS {
            let tail = |part: f64| 1.0 - (cell as f64 + part) / CELLS as f64;
            let end = distribution.tail_quantile(tail(1.0).max(OF_64_BITS));
            let slope = end - start;
            let errs = |part: f64| {
                let found = distribution.survival(start + slope * part);
                let error = (found - tail(part)).abs();
                error.is_nan() || error > ERROR_MAX
            };
            let is_bent = slope != 0.0 && [0.25, 0.5, 0.75].into_iter().any(errs);
            let slope = if is_bent { f64::NAN } else { slope };
            cells.push(Cell { start, slope });
            start = end;
        }
        Self {
            distribution,
            cells,
        }
    }

    pub(super) const fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// The delay at the place of the word among all words.
    #[inline]
    pub(super) fn delay(&self, word: u64) -> f64 {
        let place = (word >> (64 - CELL_BITS)) as usize;
        let Some(cell) = self.cells.get(place) else {
            return 0.0;
        };
        let part = ((word << CELL_BITS) >> 11) as i64 as f64 * OF_53_BITS;
        let delay = cell.start + cell.slope * part;
        if delay.is_nan() {
            self.solve(word, place)
        } else {
            delay
        }
    }

    #[cold]
    #[inline(never)]
    fn solve(&self, word: u64, place: usize) -> f64 {
        let tail = (!word as f64 + 0.5) * OF_64_BITS;
        let start = |place: usize| self.cells.get(place).map(|cell| cell.start);
        let low = start(place).unwrap_or(0.0);
        match start(place + 1) {
            Some(high) => self.distribution.tail_quantile_between(tail, low, high),
            None => self.distribution.tail_quantile(tail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staleness::Fit;

    #[test]
    fn a_table_follows_its_distribution_within_two_to_the_minus_20() {
        let empirical = Distribution::empirical(&[1.0, 1.0, 2.0, 7.0]).unwrap();
        let log_normal = Distribution::log_normal(2.0, 0.7).unwrap();
        let disk = Fit::LnkdDisk.wars().unwrap().write;
        for distribution in [disk, log_normal, empirical] {
            let table = Table::new(distribution.clone());
            let mut last = 0.0;
            for k in 0..100_000_u64 {
                let word = k * (u64::MAX / 100_000) + k;
                let delay = table.delay(word);
                assert!(delay >= last, "ascending");
                last = delay;
                let tail = (!word as f64 + 0.5) * OF_64_BITS;
                // At an atom, the survival function is what is left of it beyond.
                let (above, below) = (
                    distribution.survival(delay * (1.0 - 1e-12)),
                    distribution.survival(delay * (1.0 + 1e-12)),
                );
                let near = tail <= above + 2.0 * ERROR_MAX && tail >= below - 2.0 * ERROR_MAX;
                assert!(near, "{word}: {delay} {tail} {above} {below}");
            }
            // The furthest tail is exact.
            let tail = distribution.survival(table.delay(u64::MAX - (1 << 20)));
            if distribution.atoms().is_empty() {
                assert!((tail / ((1_u64 << 20) as f64 * OF_64_BITS) - 1.0).abs() < 1e-6);
            }
        }
    }
}
