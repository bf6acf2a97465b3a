//! `H(u)` for R of two or more: an integral over the R-th answer, of the R-th power of an integral.
//!
//! - The outer integral has fixed points l, those of the trip R + S; the inner one fixed points r, those of
//!   R. For each l, the weights of all r are found once, with `F_S(l - r)` in them: a row.
//! - If u is beyond the last breakpoint of W, `F̄_W(u + r)` is smooth on every piece of r, for the pieces
//!   are made so. Then `G(l; u)` is a row times a column, for the twelve u of a piece at once.
//! - If it is not, the few pieces of r on which `F̄_W` bends are integrated for each u by themselves.

use alloc::vec::Vec;

use super::super::super::StalenessError;
use super::super::super::distribution::Breakpoint;
use super::super::super::measure::{Kink, Measure};
use super::super::super::quadrature::{Curve, ORDER};
use super::super::super::real::whole_power;
use super::super::delay::Delays;
use super::super::{Exact, Resolution, sum};

/// The curve, between these edges.
pub(super) fn curve(
    delays: &Delays<'_>,
    exact: &Exact,
    edges: &[f64],
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    let start = edges.first().copied().unwrap_or(0.0);
    let last = delays.write.breakpoints().last();
    // From here on nothing of W is ahead of a read.
    let settled = last.map_or(start, |last| last.at_ms.max(start));
    let mut cuts = Vec::new();
    let (low, high) = (
        delays.read.minimum_ms(),
        delays.read.tail_quantile(resolution.tail),
    );
    for &at in delays.write.breakpoints() {
        Kink::ahead(at, settled).cut(low, high, &mut cuts);
    }
    let read = sum::of(&delays.read, &cuts, resolution)?;
    // The pieces of the survival function resolve its slope too.
    let density = |x: f64| -exact.reads.slope(x);
    let trip = Measure::build(density, exact.reads.edges(), Vec::new(), f64::INFINITY)
        .ok_or(StalenessError::NotConverged { panels: 0 })?;
    let many = Many::new(delays, exact, read, trip);
    let curve = Curve::build_blocks(
        edges,
        1.0,
        |points| {
            if points.first().is_some_and(|&first| first >= settled) {
                many.block(points)
            } else {
                points.map(|u| many.at(u))
            }
        },
        |rest, _| rest / resolution.tolerance,
    )?;
    Ok(curve)
}

struct Many<'a, D, E> {
    delays: &'a Delays<'a>,
    exact: &'a Exact,
    read: Measure<D>,
    trip: Measure<E>,
    rows: Vec<Row>,
    /// All points of R, and its atoms.
    points: Vec<f64>,
}

/// What is known for one point l of the trip, for each point of R before it.
struct Row {
    /// How likely another N - R - 1 answer later, times N - R and the weight of l.
    later: f64,
    /// Weights with `F_S` in them, and as many zeros as there are other points; then the atoms.
    weights: Vec<f64>,
    /// `F_S` alone.
    answered: Vec<f64>,
    /// For each piece of R, whether `F_S` bends there.
    bends: Vec<bool>,
}

impl<'a, D: Fn(f64) -> f64, E: Fn(f64) -> f64> Many<'a, D, E> {
    fn new(delays: &'a Delays<'a>, exact: &'a Exact, read: Measure<D>, trip: Measure<E>) -> Self {
        let mut points: Vec<f64> = read.panels().iter().flat_map(|one| one.points).collect();
        points.extend(read.atoms().iter().map(|atom| atom.at_ms));
        let mut many = Self {
            delays,
            exact,
            read,
            trip,
            rows: Vec::new(),
            points,
        };
        let each = many.trip.panels().iter();
        let each = each.flat_map(|panel| panel.points.into_iter().zip(panel.weights));
        many.rows = each.map(|(l, weight)| many.row(l, weight)).collect();
        many
    }

    fn row(&self, l: f64, weight: f64) -> Row {
        let response = &self.delays.response;
        let kinks: Vec<Kink> = response
            .breakpoints()
            .iter()
            .map(|&at| Kink::mirrored(at, l))
            .collect();
        let mut cuts = Vec::new();
        let within = |x: f64| response.cdf(l - x);
        let mut row = Row {
            later: weight * self.later(l),
            weights: Vec::new(),
            answered: Vec::new(),
            bends: Vec::new(),
        };
        for panel in self.read.panels().iter().take_while(|panel| panel.low < l) {
            let moments = self.read.moments(panel, l, &kinks, within);
            row.weights.extend(moments);
            row.answered.extend(panel.points.map(within));
            let is_bent = Measure::<D>::is_cut(panel, l, &kinks, &mut cuts);
            row.bends.push(is_bent);
        }
        if !self.read.atoms().is_empty() {
            let smooth = self.points.len() - self.read.atoms().len();
            row.weights.resize(smooth, 0.0);
            let atoms = self.read.atoms().iter();
            row.weights.extend(atoms.map(|atom| {
                let is_before = atom.at_ms <= l;
                f64::from(is_before) * atom.probability * within(atom.at_ms)
            }));
        }
        row
    }

    /// How likely N - R - 1 answer after l, for each of the N - R that may be the next.
    fn later(&self, l: f64) -> f64 {
        let others = self.exact.quorums.replicas() - self.exact.quorums.read();
        let survival = self.exact.reads.at(l).clamp(0.0, 1.0);
        f64::from(others) * whole_power(survival, others - 1)
    }

    /// At twelve moments that are all behind the breakpoints of W.
    fn block(&self, moments: &[f64; ORDER]) -> [f64; ORDER] {
        let survival = |x: &f64| moments.map(|u| self.delays.write.survival(u + x));
        let late: Vec<[f64; ORDER]> = self.points.iter().map(survival).collect();
        let read = self.exact.quorums.read();
        let mut sums = [0.0; ORDER];
        for row in &self.rows {
            let mut stale = [0.0; ORDER];
            for (weight, late) in row.weights.iter().zip(&late) {
                for (stale, late) in stale.iter_mut().zip(late) {
                    *stale += weight * late;
                }
            }
            for (sum, stale) in sums.iter_mut().zip(stale) {
                *sum += row.later * whole_power(stale, read);
            }
        }
        sums
    }

    /// At any moment.
    fn at(&self, u: f64) -> f64 {
        let write = &self.delays.write;
        let ahead: Vec<Kink> = write
            .breakpoints()
            .iter()
            .map(|&at| Kink::ahead(at, u))
            .collect();
        let survival = |x: f64| write.survival(u + x);
        let mut cuts = Vec::new();
        // For each piece of R, `F̄_W` at its points, or their weights with it if it bends.
        let mut late = Vec::new();
        for panel in self.read.panels() {
            let is_bent = Measure::<D>::is_cut(panel, f64::INFINITY, &ahead, &mut cuts);
            late.push(if is_bent {
                let moments = self.read.moments(panel, f64::INFINITY, &ahead, survival);
                (moments, true)
            } else {
                (panel.points.map(survival), false)
            });
        }
        let column = Column { u, ahead, late };
        let meets = self.meets(u);
        let read = self.exact.quorums.read();
        let mut sum = 0.0;
        for (panel, rows) in self.trip.panels().iter().zip(self.rows.chunks_exact(ORDER)) {
            if Measure::<E>::is_cut(panel, f64::INFINITY, &meets, &mut cuts) {
                let at = |l: f64| self.later(l) * whole_power(self.directly(l, &column), read);
                let all = f64::INFINITY;
                sum += self.trip.apply_to(panel, all, &meets, &mut cuts, at);
                continue;
            }
            for (&l, row) in panel.points.iter().zip(rows) {
                sum += row.later * whole_power(self.stale(l, row, &column), read);
            }
        }
        sum
    }

    /// Where `G` bends in l: where a breakpoint of W is met by one of S.
    fn meets(&self, u: f64) -> Vec<Kink> {
        let mut meets = Vec::new();
        let ahead = |write: &&Breakpoint| write.at_ms > u;
        for write in self.delays.write.breakpoints().iter().filter(ahead) {
            meets.extend(self.delays.response.breakpoints().iter().map(|response| {
                let at = write.at_ms + response.at_ms - u;
                Kink {
                    at,
                    span: f64::INFINITY,
                }
            }));
        }
        meets
    }

    /// `G(l; u)`, integrated without a row.
    fn directly(&self, l: f64, column: &Column) -> f64 {
        let kinks = self.kinks(l, column);
        self.read.apply(l, &kinks, |x| self.both(l, x, column))
    }

    fn kinks(&self, l: f64, column: &Column) -> Vec<Kink> {
        let mut kinks = column.ahead.clone();
        let response = self.delays.response.breakpoints().iter();
        kinks.extend(response.map(|&at| Kink::mirrored(at, l)));
        kinks
    }

    fn both(&self, l: f64, x: f64, column: &Column) -> f64 {
        self.delays.response.cdf(l - x) * self.delays.write.survival(column.u + x)
    }

    /// `G(l; u)`: where neither `F_S` nor `F̄_W` bends within a piece of R, or only one of them does, the
    /// values at its points are enough.
    fn stale(&self, l: f64, row: &Row, column: &Column) -> f64 {
        let (weights, _) = row.weights.as_chunks::<ORDER>();
        let (answered, _) = row.answered.as_chunks::<ORDER>();
        let known = weights.iter().zip(answered).zip(&row.bends);
        let each = self.read.panels().iter().zip(known).zip(&column.late);
        let mut kinks = None;
        let each = each.map(|((panel, ((weights, answered), bends)), (late, is_bent))| {
            match (is_bent, bends) {
                (false, _) => dot(weights, late),
                (true, false) => dot(answered, late),
                (true, true) => {
                    let kinks = kinks.get_or_insert_with(|| self.kinks(l, column));
                    let both = |x: f64| self.both(l, x, column);
                    self.read.apply_to(panel, l, kinks, &mut Vec::new(), both)
                }
            }
        });
        let smooth: f64 = each.sum();
        let atoms = self.read.atoms().iter().filter(|atom| atom.at_ms <= l);
        let atoms = atoms.map(|atom| atom.probability * self.both(l, atom.at_ms, column));
        smooth + atoms.sum::<f64>()
    }
}

/// What is known for one moment u, for each piece of R.
struct Column {
    u: f64,
    ahead: Vec<Kink>,
    /// `F̄_W`, or the weights with it if it bends.
    late: Vec<([f64; ORDER], bool)>,
}

/// In four sums, in a fixed order.
fn dot(row: &[f64; ORDER], values: &[f64; ORDER]) -> f64 {
    let mut sums = [0.0; 4];
    const { assert!(ORDER.is_multiple_of(4)) };
    for (a, b) in row.chunks_exact(4).zip(values.chunks_exact(4)) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let [a, b, c, d] = sums;
    (a + b) + (c + d)
}
