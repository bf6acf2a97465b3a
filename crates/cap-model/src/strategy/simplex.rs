//! The simplex method over columns that are made on the way.
//!
//! # Rules
//!
//! 1. Make `cost · x` least, where `columns · x + units = right` and nothing is below zero. The units of
//!    the first rows, the equalities, must be zero; those of the others are what a limit has to spare.
//! 2. The inverse of the basis is kept densely, column by column, and made anew after some pivots: an
//!    error of one pivot does not live long.
//! 3. The price of a row is what one more of its right side would cost. It comes with the inverse.
//! 4. A barred column may not come back; one that is still in the basis leaves as soon as its row
//!    moves.

use alloc::vec;
use alloc::vec::Vec;

/// What is smaller is no pivot.
const PIVOT_MIN: f64 = 1e-9;
/// A column improves the value when its reduced cost is below minus this.
pub(super) const COST_TOLERANCE: f64 = 1e-11;
/// How far below zero a value may be by rounding.
const VALUE_TOLERANCE: f64 = 1e-12;
/// The inverse is made anew after so many pivots.
const PIVOTS_MAX: usize = 64;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Basic {
    Unit(usize),
    Column(usize),
}

#[derive(Debug)]
struct Column {
    cost: f64,
    /// Row and value.
    entries: Vec<(usize, f64)>,
    is_basic: bool,
    is_barred: bool,
}

#[derive(Debug)]
pub(super) struct Simplex {
    equalities: usize,
    right: Vec<f64>,
    columns: Vec<Column>,
    basis: Vec<Basic>,
    is_unit_basic: Vec<bool>,
    inverse: Vec<Vec<f64>>,
    values: Vec<f64>,
    prices: Vec<f64>,
    pivots: usize,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Moved {
    /// A better or equally good basis.
    Yes,
    /// No known column improves the value.
    Optimal,
    /// A column improves the value without end, or the numbers allow no pivot.
    Stuck,
}

impl Simplex {
    /// With the units as basis: no solution yet, if there are equalities.
    pub(super) fn new(right: Vec<f64>, equalities: usize) -> Self {
        let rows = right.len();
        let mut simplex = Self {
            equalities,
            columns: Vec::new(),
            basis: Vec::new(),
            is_unit_basic: Vec::new(),
            inverse: Vec::new(),
            values: right.clone(),
            prices: vec![0.0; rows],
            right,
            pivots: 0,
        };
        simplex.reset();
        simplex
    }

    pub(super) fn add(&mut self, cost: f64, entries: Vec<(usize, f64)>) -> usize {
        self.columns.push(Column {
            cost,
            entries,
            is_basic: false,
            is_barred: false,
        });
        self.columns.len() - 1
    }

    /// Puts a column into the basis in place of the unit of a row.
    pub(super) fn place(&mut self, column: usize, row: usize) -> bool {
        let alpha = self.direction(Basic::Column(column));
        if alpha.get(row).is_none_or(|pivot| pivot.abs() < PIVOT_MIN) {
            return false;
        }
        self.pivot(Basic::Column(column), &alpha, row);
        true
    }

    pub(super) fn set_cost(&mut self, column: usize, cost: f64) {
        if let Some(column) = self.columns.get_mut(column) {
            column.cost = cost;
        }
    }

    pub(super) fn bar(&mut self, column: usize) {
        if let Some(column) = self.columns.get_mut(column) {
            column.is_barred = true;
        }
    }

    /// The price of each row.
    pub(super) fn prices(&self) -> &[f64] {
        &self.prices
    }

    pub(super) fn value(&self) -> f64 {
        let values = self.basis.iter().zip(&self.values);
        values.map(|(basic, value)| self.cost(*basic) * value).sum()
    }

    pub(super) fn value_of_row(&self, row: usize) -> f64 {
        self.values.get(row).copied().unwrap_or(0.0)
    }

    /// What is in the basis, and its value.
    pub(super) fn solution(&self) -> impl Iterator<Item = (Basic, f64)> {
        self.basis.iter().copied().zip(self.values.iter().copied())
    }

    /// Lets the best known column in.
    pub(super) fn step(&mut self) -> Moved {
        if self.pivots >= PIVOTS_MAX {
            self.renew();
        }
        let mut best: Option<(Basic, f64)> = None;
        let mut offer = |basic, reduced: f64| {
            if reduced < best.map_or(-COST_TOLERANCE, |(_, best)| best) {
                best = Some((basic, reduced));
            }
        };
        let units = self.prices.iter().zip(&self.is_unit_basic).enumerate();
        for (row, (price, is_basic)) in units.skip(self.equalities) {
            if !is_basic {
                offer(Basic::Unit(row), -price);
            }
        }
        for (place, column) in self.columns.iter().enumerate() {
            if !column.is_basic && !column.is_barred {
                offer(Basic::Column(place), self.reduced(column));
            }
        }
        match best {
            Some((entering, _)) => self.enter(entering),
            None => Moved::Optimal,
        }
    }

    /// Lets a column in.
    fn enter(&mut self, entering: Basic) -> Moved {
        let alpha = self.direction(entering);
        let Some(row) = self.leaving(&alpha) else {
            return Moved::Stuck;
        };
        self.pivot(entering, &alpha, row);
        self.price();
        Moved::Yes
    }

    /// Makes the inverse, the values and the prices anew.
    pub(super) fn renew(&mut self) {
        let basics: Vec<Basic> = self.basis.clone();
        self.reset();
        let mut left: Vec<usize> = Vec::new();
        let mut is_kept = vec![false; self.right.len()];
        for basic in &basics {
            match basic {
                Basic::Unit(row) => {
                    if let Some(kept) = is_kept.get_mut(*row) {
                        *kept = true;
                    }
                }
                Basic::Column(column) => left.push(*column),
            }
        }
        for column in left {
            let alpha = self.direction(Basic::Column(column));
            let open = alpha.iter().zip(&is_kept).enumerate();
            let open = open.filter(|(_, (_, is_kept))| !**is_kept);
            let best = open.fold((0, 0.0_f64), |best, (row, (pivot, _))| {
                if pivot.abs() > best.1.abs() {
                    (row, *pivot)
                } else {
                    best
                }
            });
            // A basis that is singular to the last bit: the unit stays in its place.
            if best.1.abs() < PIVOT_MIN * PIVOT_MIN {
                continue;
            }
            if let Some(kept) = is_kept.get_mut(best.0) {
                *kept = true;
            }
            self.pivot(Basic::Column(column), &alpha, best.0);
        }
        self.values = self.multiplied(self.right.iter().copied().enumerate());
        for value in &mut self.values {
            if value.abs() < VALUE_TOLERANCE {
                *value = 0.0;
            }
        }
        self.pivots = 0;
        self.price();
    }

    fn reset(&mut self) {
        let rows = self.right.len();
        self.basis = (0..rows).map(Basic::Unit).collect();
        self.is_unit_basic = vec![true; rows];
        self.inverse = (0..rows)
            .map(|row| {
                let mut column = vec![0.0; rows];
                if let Some(one) = column.get_mut(row) {
                    *one = 1.0;
                }
                column
            })
            .collect();
        for column in &mut self.columns {
            column.is_basic = false;
        }
        self.values = self.right.clone();
    }

    fn cost(&self, basic: Basic) -> f64 {
        match basic {
            Basic::Unit(_) => 0.0,
            Basic::Column(column) => self.columns.get(column).map_or(0.0, |it| it.cost),
        }
    }

    fn reduced(&self, column: &Column) -> f64 {
        let priced = column.entries.iter().map(|(row, value)| {
            let price = self.prices.get(*row).copied().unwrap_or(0.0);
            price * value
        });
        column.cost - priced.sum::<f64>()
    }

    /// The inverse times a sparse vector.
    fn multiplied(&self, entries: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
        let mut product = vec![0.0; self.right.len()];
        for (row, value) in entries {
            let Some(column) = self.inverse.get(row).filter(|_| value != 0.0) else {
                continue;
            };
            for (sum, entry) in product.iter_mut().zip(column) {
                *sum += entry * value;
            }
        }
        product
    }

    fn direction(&self, entering: Basic) -> Vec<f64> {
        match entering {
            Basic::Unit(row) => self.inverse.get(row).cloned().unwrap_or_default(),
            Basic::Column(column) => {
                let entries = self.columns.get(column).map_or(&[][..], |it| &it.entries);
                self.multiplied(entries.iter().copied())
            }
        }
    }

    fn is_barred(&self, basic: Basic) -> bool {
        match basic {
            Basic::Unit(row) => row < self.equalities,
            Basic::Column(column) => self.columns.get(column).is_some_and(|it| it.is_barred),
        }
    }

    /// The row that reaches zero first; among those that do so nearly together, the greatest pivot.
    fn leaving(&self, alpha: &[f64]) -> Option<usize> {
        let rows = self.basis.iter().zip(&self.values).zip(alpha);
        let ratios = rows.map(|((basic, value), pivot)| {
            if *pivot > PIVOT_MIN {
                Some((value.max(0.0), *pivot))
            } else if *pivot < -PIVOT_MIN && self.is_barred(*basic) {
                Some((0.0, -*pivot))
            } else {
                None
            }
        });
        let ratios: Vec<Option<(f64, f64)>> = ratios.collect();
        let bounds = ratios.iter().flatten();
        let bounds = bounds.map(|(value, pivot)| (value + VALUE_TOLERANCE) / pivot);
        let bound = bounds.reduce(f64::min)?;
        let mut best: Option<(usize, f64)> = None;
        for (row, ratio) in ratios.iter().enumerate() {
            let Some((value, pivot)) = *ratio else {
                continue;
            };
            if value / pivot <= bound && best.is_none_or(|(_, greatest)| pivot > greatest) {
                best = Some((row, pivot));
            }
        }
        best.map(|(row, _)| row)
    }

    fn pivot(&mut self, entering: Basic, alpha: &[f64], row: usize) {
        let Some(pivot) = alpha.get(row).copied() else {
            return;
        };
        for column in &mut self.inverse {
            eliminate(column, alpha, row, pivot);
        }
        eliminate(&mut self.values, alpha, row, pivot);
        for value in &mut self.values {
            if *value < 0.0 && *value > -VALUE_TOLERANCE {
                *value = 0.0;
            }
        }
        let Some(place) = self.basis.get_mut(row) else {
            return;
        };
        let leaving = core::mem::replace(place, entering);
        self.mark(leaving, false);
        self.mark(entering, true);
        self.pivots += 1;
    }

    fn mark(&mut self, basic: Basic, is_in: bool) {
        let mark = match basic {
            Basic::Unit(row) => self.is_unit_basic.get_mut(row),
            Basic::Column(column) => self.columns.get_mut(column).map(|it| &mut it.is_basic),
        };
        if let Some(mark) = mark {
            *mark = is_in;
        }
    }

    /// Prices from the costs of the basis.
    pub(super) fn price(&mut self) {
        let costs: Vec<(usize, f64)> = self
            .basis
            .iter()
            .map(|basic| self.cost(*basic))
            .enumerate()
            .filter(|(_, cost)| *cost != 0.0)
            .collect();
        let priced = self.inverse.iter().map(|column| {
            let entry = |row: usize| column.get(row).copied().unwrap_or(0.0);
            costs.iter().map(|(row, cost)| cost * entry(*row)).sum()
        });
        self.prices = priced.collect();
    }
}

/// One column of a pivot: the row is divided, and taken from the others as often as they need.
fn eliminate(column: &mut [f64], alpha: &[f64], row: usize, pivot: f64) {
    let Some(entry) = column.get_mut(row) else {
        return;
    };
    if *entry == 0.0 {
        return;
    }
    let scaled = *entry / pivot;
    // So that the row itself comes out as nothing, whatever the rounding.
    *entry = 0.0;
    for (entry, factor) in column.iter_mut().zip(alpha) {
        *entry -= factor * scaled;
    }
    if let Some(entry) = column.get_mut(row) {
        *entry = scaled;
    }
}
