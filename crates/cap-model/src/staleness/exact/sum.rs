//! The survival function of the sum of two delays.

use alloc::vec::Vec;

use super::super::measure::{Kink, Measure};
use super::super::quadrature::{Curve, PANELS_MAX, tidy};
use super::super::{Distribution, StalenessError};
use super::Resolution;
use super::delay::Delay;

/// The most pairs of breakpoints.
const PAIRS_MAX: usize = 1_024;

/// `F̄(x)` = ∫ `F̄_long(x - y)` dF_short(y), over the delay with the shorter tail.
pub(super) fn survival(
    one: &Delay<'_>,
    other: &Delay<'_>,
    trip: &'static str,
    resolution: Resolution,
) -> Result<Curve, StalenessError> {
    if !one.atoms().is_empty() && !other.atoms().is_empty() {
        return Err(StalenessError::Atoms { trip });
    }
    let tail = 0.5 * resolution.tail;
    let ends = (one.tail_quantile(tail), other.tail_quantile(tail));
    let (short, long) = if ends.0 <= ends.1 {
        (one, other)
    } else {
        (other, one)
    };
    let breakpoints = long.breakpoints();
    let mut edges = Vec::new();
    for a in short.breakpoints() {
        edges.extend(breakpoints.iter().map(|b| a.at_ms + b.at_ms));
    }
    if edges.len() > PAIRS_MAX {
        return Err(StalenessError::NotConverged { panels: PANELS_MAX });
    }
    let first = one.minimum_ms() + other.minimum_ms();
    let decades = long.decades(resolution).into_iter();
    edges.extend(decades.map(|x| x + short.minimum_ms()));
    let peaks = long.peaks().len() * short.peaks().len();
    if edges.len() + peaks > PAIRS_MAX {
        return Err(StalenessError::NotConverged { panels: PANELS_MAX });
    }
    for peak in short.peaks() {
        edges.extend(long.peaks().iter().map(|other| other + peak));
        edges.push(long.minimum_ms() + peak);
    }
    edges.extend([first, ends.0 + ends.1]);
    edges.retain(|&edge| edge >= first);
    tidy(&mut edges);
    let measure = of(short, &[], resolution)?;
    let curve = Curve::build(&edges, 1.0, resolution.tolerance, |x| {
        let kinks: Vec<Kink> = breakpoints
            .iter()
            .map(|&at| Kink::mirrored(at, x))
            .collect();
        measure.apply(f64::INFINITY, &kinks, |y| long.survival(x - y))
    })?;
    Ok(curve)
}

/// A distribution as something to integrate against.
pub(super) fn of<'a>(
    delay: &'a Delay<'_>,
    more: &[f64],
    resolution: Resolution,
) -> Result<Measure<impl Fn(f64) -> f64 + 'a>, StalenessError> {
    weighted(delay, more, resolution, |_| 1.0)
}

/// The same times a function, which bends at `more`.
pub(super) fn weighted<'a>(
    delay: &'a Delay<'_>,
    more: &[f64],
    resolution: Resolution,
    weight: impl Fn(f64) -> f64 + 'a,
) -> Result<Measure<impl Fn(f64) -> f64 + 'a>, StalenessError> {
    let mut edges = delay.decades(resolution);
    edges.extend(delay.breakpoints().iter().map(|at| at.at_ms));
    let (low, high) = (delay.minimum_ms(), delay.tail_quantile(resolution.tail));
    edges.extend([low, high]);
    edges.extend(more);
    edges.retain(|&edge| edge >= low && edge <= high);
    tidy(&mut edges);
    let mut atoms = delay.atoms().to_vec();
    for atom in &mut atoms {
        atom.probability *= weight(atom.at_ms);
    }
    let density = move |x: f64| delay.density(x) * weight(x);
    Measure::build(density, &edges, atoms, resolution.density)
        .ok_or(StalenessError::NotConverged { panels: PANELS_MAX })
}

/// Where a distribution's tail loses each two decades, and where its peaks are: a first division that knows its scale.
pub(super) fn decades(distribution: &Distribution, least: f64, parts: u32) -> Vec<f64> {
    let mut found = Vec::new();
    let mut tail = 0.2;
    while tail > least {
        found.push(distribution.tail_quantile(tail));
        tail *= 0.01;
    }
    let peaks = distribution.peaks();
    found.extend(peaks.flat_map(|peak| [-5.0, -2.0, 0.0, 2.0, 5.0].map(|z| peak.place(z))));
    // Finer pieces for a second look.
    found.sort_by(f64::total_cmp);
    let ends: Vec<f64> = core::iter::once(distribution.minimum_ms())
        .chain(found.iter().copied())
        .collect();
    for pair in ends.windows(2) {
        if let [low, high] = *pair {
            let step = (high - low) / f64::from(parts);
            found.extend((1..parts).map(|part| low + step * f64::from(part)));
        }
    }
    found
}
