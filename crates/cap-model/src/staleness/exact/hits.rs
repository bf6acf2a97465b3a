//! `H(u)`: how likely R given replicas are the first to answer, and stale, if the write is u old.

use alloc::vec::Vec;

use super::super::distribution::Breakpoint;
use super::super::measure::{Kink, Measure};
use super::super::quadrature::{Curve, ORDER, tidy};
use super::super::real::{power, whole_power};
use super::super::{Asks, StalenessError, Wars};
use super::{Exact, Resolution, sum};

pub(super) fn curve(
    wars: &Wars,
    exact: &Exact,
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    let quorums = exact.quorums;
    let (n, r) = (quorums.replicas(), quorums.read());
    let edges = edges(wars, exact, resolution);
    let write = wars.write.breakpoints();
    let ahead = |u: f64| -> Vec<Kink> { write.iter().map(|&at| Kink::ahead(at, u)).collect() };
    let tolerance = resolution.tolerance;
    if exact.asks == Asks::Quorum {
        let read = sum::of(&wars.read, resolution)?;
        let one = |u: f64| read.apply(f64::INFINITY, &ahead(u), |x| wars.write.survival(u + x));
        return Ok(Curve::build(&edges, 1.0, tolerance, |u| {
            whole_power(one(u), r)
        })?);
    }
    if r == 1 {
        let rest = others_later(wars, exact, resolution)?;
        let bends = rest.edges().to_vec();
        let read = sum::weighted(&wars.read, &bends, resolution, |x| rest.at(x))?;
        return Ok(Curve::build(&edges, 1.0, tolerance, |u| {
            read.apply(f64::INFINITY, &ahead(u), |x| wars.write.survival(u + x))
        })?);
    }
    let many = Many::new(wars, exact, resolution)?;
    Ok(Curve::build(&edges, 1.0, tolerance, |u| {
        f64::from(n - r) * many.at(u)
    })?)
}

/// The moments between which `H` is smooth: where a breakpoint of W is met by one of a read's.
fn edges(wars: &Wars, exact: &Exact, resolution: Resolution) -> Vec<f64> {
    let start = exact.writes.edges().first().copied().unwrap_or(0.0);
    // H is at most the power of the survival of W.
    let tail = power(resolution.tail, 1.0 / f64::from(exact.quorums.read()));
    let end = wars.write.tail_quantile(tail).max(start * 2.0 + 1e-6);
    let reads = read_bends(wars);
    let mut edges = sum::decades(&wars.write, resolution);
    for at in wars.write.breakpoints() {
        edges.push(at.at_ms);
        edges.extend(reads.iter().map(|read| at.at_ms - read));
    }
    edges.extend([start, end]);
    edges.retain(|&edge| edge >= start && edge <= end);
    tidy(&mut edges);
    edges
}

/// Where R breaks, and where R does so against the difference of two breaks of S.
fn read_bends(wars: &Wars) -> Vec<f64> {
    let response = wars.response.breakpoints();
    let mut bends = Vec::new();
    for read in wars.read.breakpoints() {
        for one in &response {
            bends.extend(
                response
                    .iter()
                    .map(|other| read.at_ms + one.at_ms - other.at_ms),
            );
        }
    }
    bends.retain(|&bend| bend >= 0.0);
    tidy(&mut bends);
    bends
}

/// How likely the other N - 1 answer later than one whose read arrives at x.
fn others_later(
    wars: &Wars,
    exact: &Exact,
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    let others = exact.quorums.replicas() - 1;
    let response = sum::of(&wars.response, resolution)?;
    let mut edges = read_bends(wars);
    edges.extend(sum::decades(&wars.read, resolution));
    // A little further, so that there is a piece even if R is always the same.
    let end = wars.read.tail_quantile(resolution.tail) * 1.000_001 + 1e-6;
    edges.extend([wars.read.minimum_ms(), end]);
    edges.retain(|&edge| edge >= wars.read.minimum_ms() && edge <= end);
    tidy(&mut edges);
    let bends = trip_bends(wars);
    let curve = Curve::build(&edges, 1.0, resolution.tolerance, |x| {
        let kinks: Vec<Kink> = bends.iter().map(|&at| Kink::ahead(at, x)).collect();
        response.apply(f64::INFINITY, &kinks, |y| {
            whole_power(exact.reads.at(x + y), others)
        })
    })?;
    Ok(curve)
}

/// The breakpoints of R + S.
fn trip_bends(wars: &Wars) -> Vec<Breakpoint> {
    let mut bends = Vec::new();
    for read in wars.read.breakpoints() {
        bends.extend(
            wars.response
                .breakpoints()
                .iter()
                .map(|response| Breakpoint {
                    at_ms: read.at_ms + response.at_ms,
                    scale_ms: read.scale_ms.min(response.scale_ms),
                }),
        );
    }
    bends
}

/// R of two or more: an integral over the R-th answer, of the R-th power of an integral.
struct Many<'a, D, E> {
    wars: &'a Wars,
    reads: &'a Curve,
    read: Measure<D>,
    trip: Measure<E>,
    response: Vec<Breakpoint>,
    write: Vec<Breakpoint>,
    /// R, and N - R - 1.
    powers: (u32, u32),
    rows: Vec<Row>,
}

/// What is known for one point l of the trip, for each point of the read before it.
struct Row {
    /// Its weight, with `F_S` in it.
    weights: Vec<f64>,
    /// `F_S` alone.
    answered: Vec<f64>,
    /// For each piece of the read, whether `F_S` bends there.
    bends: Vec<bool>,
}

impl<'a> Many<'a, (), ()> {
    fn new(
        wars: &'a Wars,
        exact: &'a Exact,
        resolution: Resolution,
    ) -> Result<Many<'a, impl Fn(f64) -> f64 + 'a, impl Fn(f64) -> f64 + 'a>, StalenessError> {
        let (n, r) = (exact.quorums.replicas(), exact.quorums.read());
        let read = sum::of(&wars.read, resolution)?;
        let reads = &exact.reads;
        // The pieces of the survival function resolve its slope too.
        let density = move |x: f64| -reads.slope(x);
        let trip = Measure::build(density, reads.edges(), Vec::new(), f64::INFINITY)
            .ok_or(StalenessError::NotConverged { panels: 0 })?;
        let response = wars.response.breakpoints();
        let (mut rows, mut cuts) = (Vec::new(), Vec::new());
        for l in trip.panels().iter().flat_map(|panel| panel.points) {
            let kinks: Vec<Kink> = response.iter().map(|&at| Kink::mirrored(at, l)).collect();
            let within = |x: f64| wars.response.cdf(l - x);
            let mut row = Row {
                weights: Vec::new(),
                answered: Vec::new(),
                bends: Vec::new(),
            };
            for panel in read.panels().iter().take_while(|panel| panel.low < l) {
                row.weights.extend(read.moments(panel, l, &kinks, within));
                row.answered.extend(panel.points.map(within));
                row.bends.push(Measure::<fn(f64) -> f64>::is_cut(
                    panel, l, &kinks, &mut cuts,
                ));
            }
            rows.push(row);
        }
        Ok(Many {
            wars,
            reads,
            read,
            trip,
            response,
            write: wars.write.breakpoints(),
            powers: (r, n - r - 1),
            rows,
        })
    }
}

impl<D: Fn(f64) -> f64, E: Fn(f64) -> f64> Many<'_, D, E> {
    fn answered(&self, l: f64, stale: f64) -> f64 {
        let (r, later) = self.powers;
        whole_power(stale, r) * whole_power(self.reads.at(l), later)
    }

    /// Of atoms of R only.
    fn at_atoms(&self, l: f64, u: f64) -> f64 {
        let atoms = self.read.atoms().iter().filter(|atom| atom.at_ms <= l);
        atoms
            .map(|atom| {
                let (at, probability) = (atom.at_ms, atom.probability);
                probability * self.wars.response.cdf(l - at) * self.wars.write.survival(u + at)
            })
            .sum()
    }

    /// `H(u)` / (N - R). Where neither `F_S` nor `F̄_W` bends within a piece of the read, or only one of
    /// them does, the values at its points are enough.
    fn at(&self, u: f64) -> f64 {
        let ahead = self.write.iter().map(|&at| Kink::ahead(at, u));
        let ahead: Vec<Kink> = ahead.collect();
        let survival = |x: f64| self.wars.write.survival(u + x);
        let mut cuts = Vec::new();
        // For each piece of the read, `F̄_W` at its points, or their weights with it if it bends.
        let late: Vec<([f64; ORDER], bool)> = self
            .read
            .panels()
            .iter()
            .map(|panel| {
                if Measure::<D>::is_cut(panel, f64::INFINITY, &ahead, &mut cuts) {
                    (
                        self.read.moments(panel, f64::INFINITY, &ahead, survival),
                        true,
                    )
                } else {
                    (panel.points.map(survival), false)
                }
            })
            .collect();
        let mut meets: Vec<Kink> = Vec::new();
        for write in self.write.iter().filter(|write| write.at_ms > u) {
            meets.extend(self.response.iter().map(|response| Kink {
                at: write.at_ms + response.at_ms - u,
                span: f64::INFINITY,
            }));
        }
        let direct = |l: f64| {
            let mut kinks = ahead.clone();
            kinks.extend(self.response.iter().map(|&at| Kink::mirrored(at, l)));
            self.read
                .apply(l, &kinks, |x| self.wars.response.cdf(l - x) * survival(x))
        };
        let mut sum = 0.0;
        for (panel, rows) in self.trip.panels().iter().zip(self.rows.chunks_exact(ORDER)) {
            if Measure::<E>::is_cut(panel, f64::INFINITY, &meets, &mut cuts) {
                sum += self
                    .trip
                    .apply_to(panel, f64::INFINITY, &meets, &mut cuts, |l| {
                        self.answered(l, direct(l))
                    });
                continue;
            }
            for ((&l, weight), row) in panel.points.iter().zip(&panel.weights).zip(rows) {
                let stale = self.stale(l, row, &late, &ahead, survival) + self.at_atoms(l, u);
                sum += weight * self.answered(l, stale);
            }
        }
        sum
    }

    /// `G(l; u)` but for atoms, from what is known of l and of u.
    fn stale(
        &self,
        l: f64,
        row: &Row,
        late: &[([f64; ORDER], bool)],
        ahead: &[Kink],
        survival: impl Fn(f64) -> f64,
    ) -> f64 {
        let (weights, _) = row.weights.as_chunks::<ORDER>();
        let (answered, _) = row.answered.as_chunks::<ORDER>();
        let known = weights.iter().zip(answered).zip(&row.bends);
        let each = self.read.panels().iter().zip(known).zip(late);
        let each = each.map(|((panel, ((weights, answered), bends)), (late, is_bent))| {
            match (is_bent, bends) {
                (false, _) => dot(weights, late),
                (true, false) => dot(answered, late),
                (true, true) => {
                    let mut kinks = ahead.to_vec();
                    let response = self.response.iter();
                    kinks.extend(response.map(|&at| Kink::mirrored(at, l)));
                    self.read.apply_to(panel, l, &kinks, &mut Vec::new(), |x| {
                        self.wars.response.cdf(l - x) * survival(x)
                    })
                }
            }
        });
        each.sum()
    }
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
