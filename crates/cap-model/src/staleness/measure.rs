//! Integrals against a distribution, of functions that bend where the caller says.

use alloc::vec::Vec;

use super::distribution::{Atom, Breakpoint};
use super::quadrature::{March, ORDER, POINTS, TRIES_MAX, WEIGHTS, integral, series};

/// The most pieces of a measure.
const PANELS_MAX: usize = 200;

/// A density on pieces, and atoms.
pub(super) struct Measure<D> {
    density: D,
    panels: Vec<Panel>,
    atoms: Vec<Atom>,
}

pub(super) struct Panel {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) points: [f64; ORDER],
    /// Times density.
    pub(super) weights: [f64; ORDER],
}

/// Where the integrated function bends, and on which side it does so within a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kink {
    pub(super) at: f64,
    /// Positive: the function changes over this span to the right. Negative: to the left.
    pub(super) span: f64,
}

impl Kink {
    /// Of x to g(x + shift), where g breaks here.
    pub(super) fn ahead(breakpoint: Breakpoint, shift: f64) -> Self {
        Self {
            at: breakpoint.at_ms - shift,
            span: breakpoint.scale_ms,
        }
    }

    /// Of x to g(from - x).
    pub(super) fn mirrored(breakpoint: Breakpoint, from: f64) -> Self {
        Self {
            at: from - breakpoint.at_ms,
            span: -breakpoint.scale_ms,
        }
    }

    /// Adds the cuts that a piece needs: the bend itself, and pieces that double away from it.
    pub(super) fn cut(self, low: f64, high: f64, cuts: &mut Vec<f64>) {
        let mut add = |at: f64| {
            if at > low && at < high {
                cuts.push(at);
            }
        };
        add(self.at);
        let distance = if self.span > 0.0 {
            low - self.at
        } else {
            self.at - high
        };
        let reach = if self.span > 0.0 {
            high - self.at
        } else {
            self.at - low
        };
        // Far away the function is smooth on the scale of the piece; and so it is on a piece that is
        // no longer than the doubling ones below would be there.
        let width = high - low;
        let is_outside = distance >= 0.0;
        if reach <= 0.0
            || is_outside && width <= (2.0 * distance).max(distance + 4.0 * self.span.abs())
        {
            return;
        }
        let mut step = 4.0 * self.span;
        let mut at = self.at + step;
        for _ in 0..100 {
            if (at - self.at).abs() >= reach {
                break;
            }
            add(at);
            step *= 2.0;
            at += step;
        }
    }
}

impl<D: Fn(f64) -> f64> Measure<D> {
    /// Pieces so short that twelve points resolve the density to `tolerance` of probability.
    /// `None` if that takes more than 400.
    pub(super) fn build(
        density: D,
        edges: &[f64],
        atoms: Vec<Atom>,
        tolerance: f64,
    ) -> Option<Self> {
        let mut panels = Vec::new();
        let mut march = March::new(edges);
        while let Some((low, high)) = march.piece() {
            let (center, half) = (0.5 * (low + high), 0.5 * (high - low));
            let points = POINTS.map(|x| center + half * x);
            let values = points.map(&density);
            let coefficients = series(&values);
            let rest = coefficients[ORDER - 1].abs() + coefficients[ORDER - 2].abs();
            if march.judge(rest * half / tolerance) {
                let weights = core::array::from_fn(|j| half * WEIGHTS[j] * values[j]);
                panels.push(Panel {
                    low,
                    high,
                    points,
                    weights,
                });
            }
            if panels.len() > PANELS_MAX || march.tries > TRIES_MAX {
                return None;
            }
        }
        Some(Self {
            density,
            panels,
            atoms,
        })
    }

    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    pub(super) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The integral of `f` against the measure, up to `end`.
    pub(super) fn apply(&self, end: f64, kinks: &[Kink], f: impl Fn(f64) -> f64) -> f64 {
        let atoms = self.atoms.iter().filter(|atom| atom.at_ms <= end);
        let mut sum: f64 = atoms.map(|atom| atom.probability * f(atom.at_ms)).sum();
        let mut cuts = Vec::new();
        for panel in self.panels.iter().take_while(|panel| panel.low < end) {
            sum += self.apply_to(panel, end, kinks, &mut cuts, &f);
        }
        sum
    }

    /// The same over one piece; `cuts` is room to work in.
    pub(super) fn apply_to(
        &self,
        panel: &Panel,
        end: f64,
        kinks: &[Kink],
        cuts: &mut Vec<f64>,
        f: impl Fn(f64) -> f64,
    ) -> f64 {
        cuts.clear();
        for kink in kinks {
            kink.cut(panel.low, panel.high.min(end), cuts);
        }
        if cuts.is_empty() && panel.high <= end {
            let each = panel.points.iter().zip(&panel.weights);
            each.map(|(&x, weight)| weight * f(x)).sum()
        } else {
            self.apply_within(panel, end, cuts, &f)
        }
    }

    /// Whether a piece is cut.
    pub(super) fn is_cut(panel: &Panel, end: f64, kinks: &[Kink], cuts: &mut Vec<f64>) -> bool {
        cuts.clear();
        for kink in kinks {
            kink.cut(panel.low, panel.high.min(end), cuts);
        }
        !cuts.is_empty() || panel.high > end
    }

    fn apply_within(
        &self,
        panel: &Panel,
        end: f64,
        cuts: &mut Vec<f64>,
        f: impl Fn(f64) -> f64,
    ) -> f64 {
        let mut sum = 0.0;
        self.pieces(panel, end, cuts, |low, high| {
            sum += integral(low, high, |x| (self.density)(x) * f(x));
        });
        sum
    }

    /// The pieces that the cuts make of a panel.
    fn pieces(&self, panel: &Panel, end: f64, cuts: &mut Vec<f64>, mut each: impl FnMut(f64, f64)) {
        cuts.push(panel.high.min(end));
        cuts.sort_unstable_by(f64::total_cmp);
        let mut low = panel.low;
        for &high in cuts.iter() {
            if high > low {
                each(low, high);
                low = high;
            }
        }
    }

    /// What weight each point of a panel has in the integral of `f` times anything smooth, where `f`
    /// bends as told: through the moments of the density and `f` against Legendre's polynomials.
    pub(super) fn moments(
        &self,
        panel: &Panel,
        end: f64,
        kinks: &[Kink],
        f: impl Fn(f64) -> f64,
    ) -> [f64; ORDER] {
        use super::quadrature::{TO_SERIES, legendre};
        let mut cuts = Vec::new();
        for kink in kinks {
            kink.cut(panel.low, panel.high.min(end), &mut cuts);
        }
        if panel.low >= end {
            return [0.0; ORDER];
        }
        if cuts.is_empty() && panel.high <= end {
            return core::array::from_fn(|j| panel.weights[j] * f(panel.points[j]));
        }
        let mut moments = [0.0; ORDER];
        let (center, half) = (
            0.5 * (panel.low + panel.high),
            0.5 * (panel.high - panel.low),
        );
        self.pieces(panel, end, &mut cuts, |low, high| {
            let (middle, size) = (0.5 * (low + high), 0.5 * (high - low));
            for (point, weight) in POINTS.iter().zip(&WEIGHTS) {
                let x = middle + size * point;
                let value = size * weight * (self.density)(x) * f(x);
                let each = moments.iter_mut().zip(legendre((x - center) / half));
                each.for_each(|(moment, p)| *moment += value * p);
            }
        });
        core::array::from_fn(|j| {
            let each = moments.iter().zip(&TO_SERIES);
            each.map(|(moment, row)| moment * row[j]).sum()
        })
    }
}
