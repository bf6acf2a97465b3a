//! Delays from random words: a table of quantiles, cubic in between where that is true enough.
//!
//! Of 1,024 cells of equal probability, each is a cubic with the quantile function's values and slopes at
//! its ends, if that is right within 2^-20 in probability; of the others, up to 16 are divided into 256
//! cells by the same rule; and what is left is solved exactly for each word: the end of the tail always
//! is, with bits of its own. So a sampled delay follows its distribution within 10^-6, which 10^11
//! trials would be needed to see.

use alloc::vec::Vec;

use super::Distribution;
use crate::laboratory::mix;

/// Bits of a word that choose a cell, and those that choose a cell within it.
const CELL_BITS: u32 = 10;
const PART_BITS: u32 = 8;
/// How many cells are divided.
const DIVIDED_MAX: usize = 16;
const ERROR_MAX: f64 = 1.0 / 1_048_576.0;
/// 2^-32 and 2^-64.
const OF_32_BITS: f64 = 1.0 / 4_294_967_296.0;
const OF_64_BITS: f64 = OF_32_BITS * OF_32_BITS;

#[derive(Clone, Debug)]
pub(super) struct Table {
    distribution: Distribution,
    cells: Vec<Cell>,
    divided: Vec<Vec<Cell>>,
    /// Where the cells begin, and the last ends.
    starts: Vec<f64>,
}

/// Powers of the place within the cell, which is in [0, 1). A cell that is no cubic has NaN first,
/// and second the number of its division, or a negative one.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Cell([f64; 4]);

impl Cell {
    const OPEN: Self = Self([f64::NAN, -1.0, 0.0, 0.0]);

    #[inline]
    fn at(&self, part: f64) -> f64 {
        let [a, b, c, d] = self.0;
        a + part * (b + part * (c + part * d))
    }
}

impl Table {
    pub(super) fn new(distribution: Distribution) -> Self {
        let count = 1 << CELL_BITS;
        let (mut cells, starts) = cells(&distribution, 0.0, 1.0, count);
        let mut divided = Vec::new();
        let width = 1.0 / f64::from(count);
        for (place, cell) in cells.iter_mut().enumerate().rev() {
            if cell.0[0].is_nan() && divided.len() < DIVIDED_MAX {
                cell.0[1] = divided.len() as f64;
                let (low, parts) = (place as f64 * width, 1 << PART_BITS);
                divided.push(self::cells(&distribution, low, width, parts).0);
            }
        }
        Self {
            distribution,
            cells,
            divided,
            starts,
        }
    }

    pub(super) const fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// The delay at the place of the word among all words of 32 bits.
    #[inline]
    pub(super) fn delay(&self, word: u32) -> f64 {
        let place = (word >> (32 - CELL_BITS)) as usize;
        let Some(cell) = self.cells.get(place) else {
            return 0.0;
        };
        const PART: f64 = 1.0 / (1_u32 << (32 - CELL_BITS)) as f64;
        let part = ((word << CELL_BITS) >> CELL_BITS) as i32 as f64 * PART;
        let delay = cell.at(part);
        if delay.is_nan() {
            self.open(word, cell)
        } else {
            delay
        }
    }

    /// In a cell that is no cubic.
    #[cold]
    #[inline(never)]
    fn open(&self, word: u32, cell: &Cell) -> f64 {
        let division = cell.0[1];
        if division >= 0.0
            && let Some(parts) = self.divided.get(division as usize)
        {
            let rest = word << CELL_BITS;
            const PART: f64 = 1.0 / (1_u64 << (32 - PART_BITS)) as f64;
            let part = f64::from((rest << PART_BITS) >> PART_BITS) * PART;
            let place = (rest >> (32 - PART_BITS)) as usize;
            let delay = parts.get(place).map_or(f64::NAN, |cell| cell.at(part));
            if !delay.is_nan() {
                return delay;
            }
        }
        self.solve(word)
    }

    /// Where 32 bits are too few, the word is followed by 32 more, made of it.
    fn solve(&self, word: u32) -> f64 {
        let more = mix(u64::from(word) ^ 0x5f3d_9a1c_0000_0000) >> 32;
        let long = (u64::from(word) << 32) | more;
        let tail = (!long as f64 + 0.5) * OF_64_BITS;
        let place = (word >> (32 - CELL_BITS)) as usize;
        match (self.starts.get(place), self.starts.get(place + 1)) {
            (Some(&low), Some(&high)) if high.is_finite() => {
                self.distribution.tail_quantile_between(tail, low, high)
            }
            _ => self.distribution.tail_quantile(tail),
        }
    }
}

/// So many cells of equal probability between `low` and `low + width`, and where each begins.
fn cells(distribution: &Distribution, low: f64, width: f64, count: u32) -> (Vec<Cell>, Vec<f64>) {
    let tail = |place: f64| (1.0 - low) - width * (place / f64::from(count));
    let quantile = |place: u32, last: f64| {
        let tail = tail(f64::from(place));
        if tail <= 0.0 {
            f64::INFINITY
        } else {
            distribution.tail_quantile_after(tail, last)
        }
    };
    let mut starts = Vec::with_capacity(count as usize + 1);
    let mut last = distribution.tail_quantile(1.0 - low);
    starts.push(last);
    for place in 1..=count {
        last = quantile(place, last);
        starts.push(last);
    }
    let slope = |at: f64| width / f64::from(count) / distribution.density(at);
    let cell = |place: usize| -> Option<Cell> {
        let (start, end) = (*starts.get(place)?, *starts.get(place + 1)?);
        let rise = end - start;
        if rise == 0.0 {
            return Some(Cell([start, 0.0, 0.0, 0.0]));
        }
        // The slope to the left of an end, where the density may jump.
        let (first, second) = (slope(start), slope(end - 1e-9 * rise));
        // Only between these slopes a cubic certainly rises (Fritsch and Carlson 1980).
        if !(first <= 3.0 * rise && second <= 3.0 * rise) {
            return None;
        }
        let cell = Cell([
            start,
            first,
            3.0 * rise - 2.0 * first - second,
            first + second - 2.0 * rise,
        ]);
        let is_true = |part: f64| {
            let found = distribution.survival(cell.at(part));
            (found - tail(place as f64 + part)).abs() <= ERROR_MAX
        };
        [0.2, 0.5, 0.8].into_iter().all(is_true).then_some(cell)
    };
    let each = (0..count as usize).map(|place| cell(place).unwrap_or(Cell::OPEN));
    (each.collect(), starts)
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
            for k in 0..100_000_u32 {
                let word = k * (u32::MAX / 100_000) + k % 3;
                let delay = table.delay(word);
                assert!(delay >= last * (1.0 - 1e-15), "ascending");
                last = delay;
                let tail = (f64::from(!word) + 0.5) * OF_32_BITS;
                // At an atom, the survival function is what is left of it beyond.
                let (above, below) = (
                    distribution.survival(delay * (1.0 - 1e-12)),
                    distribution.survival(delay * (1.0 + 1e-12)),
                );
                let near = tail <= above + 2.0 * ERROR_MAX && tail >= below - 2.0 * ERROR_MAX;
                assert!(near, "{word}: {delay} {tail} {above} {below}");
            }
            // The end of the tail is exact.
            let tail = distribution.survival(table.delay(u32::MAX - (1 << 10)));
            if distribution.atoms().is_empty() {
                assert!((tail / (f64::from(1_u32 << 10) * OF_32_BITS) - 1.0).abs() < 1e-3);
            }
        }
    }
}
