//! A small dense linear program, solved from its dual side, with several objectives in order.
//!
//! # The program
//!
//! Make `c_1 · x` least, among those `c_2 · x`, among those `c_3 · x`, subject to `A x >= b` and `x >= 0`, where
//! no objective has a negative coefficient.
//!
//! # Method
//!
//! The dual simplex method (Lemke 1954) on a dictionary: `slack = A x - b`, all `x` zero at first. As no
//! coefficient of an objective is negative, that is optimal but for slacks below zero; each pivot takes the
//! lowest of them out, for the variable whose objectives rise least by it: by the first, then by the second,
//! then by the third. That order keeps the columns of the objectives lexicographically positive, so what ends
//! feasible is optimal for all three in their order.
//!
//! Rules: a fixed order settles all ties, so the same program has the same answer to the last bit. After
//! [`pivots_max`] pivots it gives up. The value never falls, so it can stop once it is above a ceiling.
//! The answer is not trusted: whoever asks checks the strategy and the prices apart from it.

use alloc::vec;
use alloc::vec::Vec;

/// How many objectives there are.
pub(super) const OBJECTIVES: usize = 3;

/// A slack above this counts as not below zero; coefficients are about 1.
const FEASIBLE: f64 = 1e-11;

/// A coefficient below this is nothing to divide by.
const PIVOT_MIN: f64 = 1e-9;

/// Quotients that differ by less than this are equal.
const EQUAL: f64 = 1e-11;

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// [`Program::value_of`] and [`Program::price_of`] tell the answer.
    Optimal,
    /// No point is within all rows.
    Infeasible,
    /// Every point is above the ceiling.
    AboveCeiling,
    /// No end after [`pivots_max`].
    GaveUp,
}

/// After so many pivots of a program of this size there is no answer.
const fn pivots_max(rows: usize, columns: usize) -> usize {
    64 + 16 * (rows + columns)
}

/// The program and its dictionary.
#[derive(Debug)]
pub(super) struct Program {
    columns: usize,
    /// Row after row, each with its constant last. The objectives come first.
    cells: Vec<f64>,
    /// Who stands in each row and column: a variable, or above those a slack.
    row_names: Vec<usize>,
    column_names: Vec<usize>,
}

impl Program {
    /// No rows yet, and nothing costs anything.
    pub(super) fn new(columns: usize) -> Self {
        Self {
            columns,
            cells: vec![0.0; OBJECTIVES * (columns + 1)],
            row_names: Vec::new(),
            column_names: (0..columns).collect(),
        }
    }

    /// Sets a coefficient of an objective; not below zero.
    pub(super) fn costs(&mut self, objective: usize, column: usize, cost: f64) {
        let at = objective * (self.columns + 1) + column;
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = cost;
        }
    }

    /// Adds a row: the sum of the coefficients is at least `least`. Its number is one more than that of the
    /// row before, from 0.
    pub(super) fn row(&mut self, least: f64, coefficients: impl Iterator<Item = (usize, f64)>) {
        let from = self.cells.len();
        self.cells.resize(from + self.columns + 1, 0.0);
        self.row_names.push(self.columns + self.row_names.len());
        if let Some(row) = self.cells.get_mut(from..) {
            for (column, coefficient) in coefficients {
                if let Some(cell) = row.get_mut(column) {
                    *cell = coefficient;
                }
            }
            if let Some(constant) = row.last_mut() {
                *constant = -least;
            }
        }
    }

    /// Solves it, or finds that the first objective is above `ceiling`.
    pub(super) fn solve(&mut self, ceiling: f64) -> Ended {
        for _ in 0..pivots_max(self.row_names.len(), self.columns) {
            let Some(row) = self.leaving() else {
                return Ended::Optimal;
            };
            let Some(column) = self.entering(row) else {
                return Ended::Infeasible;
            };
            self.pivot(row, column);
            if self.cell(0, self.columns) > ceiling {
                return Ended::AboveCeiling;
            }
        }
        Ended::GaveUp
    }

    /// The row whose slack is the farthest below zero.
    fn leaving(&self) -> Option<usize> {
        let mut lowest = (-FEASIBLE, None);
        for row in 0..self.row_names.len() {
            let slack = self.cell(OBJECTIVES + row, self.columns);
            if slack < lowest.0 {
                lowest = (slack, Some(row));
            }
        }
        lowest.1
    }

    /// The column by which the objectives rise least, in their order; of equal ones that with the largest
    /// coefficient, then the first by name.
    fn entering(&self, row: usize) -> Option<usize> {
        let mut best: Option<(usize, f64, [f64; OBJECTIVES])> = None;
        for column in 0..self.columns {
            let coefficient = self.cell(OBJECTIVES + row, column);
            if coefficient <= PIVOT_MIN {
                continue;
            }
            let mut rises = [0.0; OBJECTIVES];
            for (objective, rise) in rises.iter_mut().enumerate() {
                // Below the first, it may be negative: a column is positive by its first figure.
                *rise = self.cell(objective, column) / coefficient;
            }
            let is_better = best.as_ref().is_none_or(|(kept, largest, least)| {
                for (rise, least) in rises.iter().zip(least) {
                    if (rise - least).abs() > EQUAL {
                        return rise < least;
                    }
                }
                if (coefficient - largest).abs() > EQUAL {
                    return coefficient > *largest;
                }
                self.column_names.get(column) < self.column_names.get(*kept)
            });
            if is_better {
                best = Some((column, coefficient, rises));
            }
        }
        best.map(|(column, ..)| column)
    }

    /// The slack of the row goes to zero, and the variable of the column takes its place.
    fn pivot(&mut self, row: usize, column: usize) {
        let width = self.columns + 1;
        let from = (OBJECTIVES + row) * width;
        let Some(own) = self.cells.get(from..from + width) else {
            return;
        };
        let mut own = own.to_vec();
        let Some(pivot) = own.get(column).copied() else {
            return;
        };
        // variable = (slack - the rest) / pivot
        for cell in &mut own {
            *cell /= -pivot;
        }
        if let Some(cell) = own.get_mut(column) {
            *cell = 1.0 / pivot;
        }
        for (at, cells) in self.cells.chunks_exact_mut(width).enumerate() {
            if at == OBJECTIVES + row {
                cells.copy_from_slice(&own);
                continue;
            }
            let Some(factor) = cells.get_mut(column).map(core::mem::take) else {
                continue;
            };
            if factor == 0.0 {
                continue;
            }
            for (cell, own) in cells.iter_mut().zip(&own) {
                *cell += factor * own;
            }
        }
        let (name, other) = (
            self.row_names.get_mut(row),
            self.column_names.get_mut(column),
        );
        if let (Some(name), Some(other)) = (name, other) {
            core::mem::swap(name, other);
        }
    }

    fn cell(&self, row: usize, column: usize) -> f64 {
        let at = row * (self.columns + 1) + column;
        self.cells.get(at).copied().unwrap_or(0.0)
    }

    /// The values of all variables.
    pub(super) fn values(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.columns];
        for (row, name) in self.row_names.iter().enumerate() {
            if let Some(value) = values.get_mut(*name) {
                *value = self.cell(OBJECTIVES + row, self.columns).max(0.0);
            }
        }
        values
    }

    /// What the first objective would fall by, were a row one unit easier: its dual value, for each row.
    pub(super) fn prices(&self) -> Vec<f64> {
        let mut prices = vec![0.0; self.row_names.len()];
        for (column, name) in self.column_names.iter().enumerate() {
            let row = name.checked_sub(self.columns);
            if let Some(price) = row.and_then(|row| prices.get_mut(row)) {
                *price = self.cell(0, column).max(0.0);
            }
        }
        prices
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Program};
    use alloc::vec::Vec;

    fn program(costs: [&[f64]; 3], rows: &[(&[f64], f64)]) -> Program {
        let mut program = Program::new(costs[0].len());
        for (objective, costs) in costs.iter().enumerate() {
            for (column, cost) in costs.iter().enumerate() {
                program.costs(objective, column, *cost);
            }
        }
        for (row, least) in rows {
            program.row(*least, row.iter().copied().enumerate());
        }
        program
    }

    #[test]
    fn the_least_value_its_prices_and_the_later_objectives_in_order() {
        // 2x + 3y with x + y >= 4 and x + 3y >= 6: at (3, 1), where both rows are worth 3/2 and 1/2.
        let rows: [(&[f64], f64); 2] = [(&[1.0, 1.0], 4.0), (&[1.0, 3.0], 6.0)];
        let mut both = program([&[2.0, 3.0], &[0.0; 2], &[0.0; 2]], &rows);
        assert_eq!(both.solve(f64::INFINITY), Ended::Optimal);
        let near = |values: Vec<f64>, expected: [f64; 2]| {
            let apart = values.iter().zip(expected);
            apart.map(|(one, other)| (one - other).abs()).sum::<f64>() < 1e-12
        };
        assert!(near(both.values(), [3.0, 1.0]));
        assert!(near(both.prices(), [1.5, 0.5]));
        // Of all that cost least by the first, the second decides; of those, the third.
        let rows: [(&[f64], f64); 1] = [(&[1.0, 1.0, 1.0], 1.0)];
        let mut ordered = program(
            [&[1.0, 1.0, 1.0], &[3.0, 2.0, 2.0], &[0.0, 5.0, 4.0]],
            &rows,
        );
        assert_eq!(ordered.solve(f64::INFINITY), Ended::Optimal);
        assert_eq!(ordered.values(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_is_infeasible_and_what_is_too_dear_is_left() {
        let rows: [(&[f64], f64); 2] = [(&[1.0, 1.0], 2.0), (&[-1.0, -1.0], -1.0)];
        let costs: [&[f64]; 3] = [&[1.0, 1.0], &[0.0; 2], &[0.0; 2]];
        assert_eq!(
            program(costs, &rows).solve(f64::INFINITY),
            Ended::Infeasible
        );
        let rows: [(&[f64], f64); 1] = [(&[1.0, 1.0], 2.0)];
        assert_eq!(program(costs, &rows).solve(1.5), Ended::AboveCeiling);
        assert_eq!(program(costs, &rows).solve(2.5), Ended::Optimal);
    }
}
