//! Linear equations in exact fractions.

use alloc::vec;
use alloc::vec::Vec;

use quorum::Price;

use super::fraction::Fraction;

/// No greater system of equations is solved.
const UNKNOWNS_MAX: usize = 48;

/// Linear equations, solved by Gauss's method.
pub(super) struct Equations {
    unknowns: usize,
    /// Coefficients, and the right side at the end.
    rows: Vec<Vec<Fraction>>,
}

impl Equations {
    pub(super) fn new(unknowns: usize) -> Option<Self> {
        let rows = Vec::new();
        (unknowns <= UNKNOWNS_MAX).then_some(Self { unknowns, rows })
    }

    pub(super) fn add(&mut self, terms: Vec<(usize, Fraction)>, right: Fraction) -> Option<()> {
        let mut row = vec![Fraction::ZERO; self.unknowns];
        for (at, coefficient) in terms {
            let entry = row.get_mut(at)?;
            *entry = entry.add(coefficient)?;
        }
        row.push(right);
        self.rows.push(row);
        Some(())
    }

    /// A solution; what is free is guessed. `None` when there is none, or a number does not fit.
    pub(super) fn solved(self, guess: impl Fn(usize) -> Option<Fraction>) -> Option<Vec<Fraction>> {
        let mut open = self.rows;
        // Rows with a one at their own unknown, and nothing at those of the others.
        let mut done: Vec<(usize, Vec<Fraction>)> = Vec::new();
        for unknown in 0..self.unknowns {
            let has = |row: &Vec<Fraction>| row.get(unknown).is_some_and(|it| !it.is_zero());
            let Some(at) = open.iter().position(has) else {
                continue;
            };
            let mut pivot = open.swap_remove(at);
            let divisor = *pivot.get(unknown)?;
            for entry in &mut pivot {
                *entry = entry.over(divisor)?;
            }
            for row in open.iter_mut().chain(done.iter_mut().map(|(_, row)| row)) {
                let factor = *row.get(unknown)?;
                if factor.is_zero() {
                    continue;
                }
                for (entry, pivot) in row.iter_mut().zip(&pivot) {
                    *entry = entry.minus(factor.times(*pivot)?)?;
                }
            }
            done.push((unknown, pivot));
        }
        // What is left says that nothing is something, unless it says nothing.
        if open.iter().flatten().any(|entry| !entry.is_zero()) {
            return None;
        }
        let mut values = vec![None; self.unknowns];
        for (at, value) in values.iter_mut().enumerate() {
            if !done.iter().any(|(unknown, _)| *unknown == at) {
                *value = Some(guess(at)?);
            }
        }
        for (unknown, row) in &done {
            let mut value = *row.last()?;
            for (at, coefficient) in row.iter().enumerate().take(self.unknowns) {
                if at != *unknown && !coefficient.is_zero() {
                    let free = (*values.get(at)?)?;
                    value = value.minus(coefficient.times(free)?)?;
                }
            }
            *values.get_mut(*unknown)? = Some(value);
        }
        values.into_iter().collect()
    }
}
