//! `H(u)`: how likely R given replicas are the first to answer, and stale, if the write is u old.

use alloc::vec::Vec;

mod many;

use super::super::distribution::Breakpoint;
use super::super::measure::Kink;
use super::super::quadrature::{Curve, tidy};
use super::super::real::{power, whole_power};
use super::super::{Asks, StalenessError};
use super::delay::Delays;
use super::{Exact, Resolution, sum};

pub(super) fn curve(
    wars: &Delays<'_>,
    exact: &Exact,
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    let quorums = exact.quorums;
    let r = quorums.read();
    let edges = edges(wars, exact, resolution);
    let write = wars.write.breakpoints();
    let ahead = |u: f64| -> Vec<Kink> { write.iter().map(|&at| Kink::ahead(at, u)).collect() };
    let tolerance = resolution.tolerance;
    if exact.asks == Asks::Quorum {
        let read = sum::of(&wars.read, &[], resolution)?;
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
    many::curve(wars, exact, &edges, resolution)
}

/// The moments between which `H` is smooth: where a breakpoint of W is met by one of a read's.
fn edges(wars: &Delays<'_>, exact: &Exact, resolution: Resolution) -> Vec<f64> {
    let start = exact.writes.edges().first().copied().unwrap_or(0.0);
    // H is at most the power of the survival of W.
    let tail = power(resolution.tail, 1.0 / f64::from(exact.quorums.read()));
    let end = wars.write.tail_quantile(tail).max(start * 2.0 + 1e-6);
    let reads = read_bends(wars);
    let mut edges = wars.write.decades(resolution);
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
fn read_bends(wars: &Delays<'_>) -> Vec<f64> {
    let response = wars.response.breakpoints();
    let mut bends = Vec::new();
    for read in wars.read.breakpoints() {
        for one in response {
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
    wars: &Delays<'_>,
    exact: &Exact,
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    let others = exact.quorums.replicas() - 1;
    let response = sum::of(&wars.response, &[], resolution)?;
    let mut edges = read_bends(wars);
    edges.extend(wars.read.decades(resolution));
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
fn trip_bends(wars: &Delays<'_>) -> Vec<Breakpoint> {
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
