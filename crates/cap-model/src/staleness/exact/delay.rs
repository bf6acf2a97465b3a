//! A delay's distribution as the exact evaluator asks it: very often.
//!
//! Survival and density of a mixture of powers and exponentials are dear. Here they are polynomials on
//! pieces that no breakpoint falls into, a thousand times closer than what is built of them; beyond the
//! last piece the distribution itself answers.

use alloc::vec::Vec;

use super::super::distribution::{Atom, Breakpoint};
use super::super::quadrature::{Curve, TooFine, tidy};
use super::super::{Distribution, Wars};
use super::{Resolution, sum};

/// What is left beyond the last piece.
const TAIL: f64 = 1e-14;

/// The four delays.
pub(super) struct Delays<'a> {
    pub(super) write: Delay<'a>,
    pub(super) ack: Delay<'a>,
    pub(super) read: Delay<'a>,
    pub(super) response: Delay<'a>,
}

impl<'a> Delays<'a> {
    pub(super) fn new(wars: &'a Wars, resolution: Resolution) -> Result<Self, TooFine> {
        let write = Delay::new(&wars.write, resolution)?;
        let ack = Delay::like(&wars.ack, &[&write], resolution)?;
        let read = Delay::like(&wars.read, &[&ack, &write], resolution)?;
        let response = Delay::like(&wars.response, &[&read, &ack, &write], resolution)?;
        Ok(Self {
            write,
            ack,
            read,
            response,
        })
    }

    /// By how much any probability may be wrong that an integral of these gives.
    pub(super) fn error(&self) -> f64 {
        let each = [&self.write, &self.ack, &self.read, &self.response];
        each.map(|delay| delay.error)
            .into_iter()
            .fold(0.0, f64::max)
    }
}

#[derive(Clone)]
pub(super) struct Delay<'a> {
    distribution: &'a Distribution,
    breakpoints: Vec<Breakpoint>,
    atoms: Vec<Atom>,
    minimum_ms: f64,
    survival: Curve,
    density: Curve,
    error: f64,
}

impl<'a> Delay<'a> {
    fn new(distribution: &'a Distribution, resolution: Resolution) -> Result<Self, TooFine> {
        let tolerance = (1e-3 * resolution.tolerance).max(1e-14);
        let breakpoints = distribution.breakpoints();
        let minimum_ms = distribution.minimum_ms();
        let end = distribution.tail_quantile(TAIL);
        let mut edges = sum::decades(distribution, TAIL, resolution.parts);
        edges.extend(breakpoints.iter().map(|at| at.at_ms));
        edges.extend([minimum_ms, end]);
        edges.retain(|&edge| edge >= minimum_ms && edge <= end);
        tidy(&mut edges);
        let survival = Curve::build(&edges, 1.0, tolerance, |x| distribution.survival(x))?;
        let density = Curve::build_mass(&edges, tolerance, |x| distribution.density(x))?;
        // A density is wrong by so much on each of its pieces.
        let pieces = density.edges().len();
        Ok(Self {
            distribution,
            breakpoints,
            atoms: distribution.atoms(),
            minimum_ms,
            error: tolerance * (1 + pieces) as f64,
            survival,
            density,
        })
    }

    /// As one of the known ones, if it is one of them.
    fn like(
        distribution: &'a Distribution,
        known: &[&Self],
        resolution: Resolution,
    ) -> Result<Self, TooFine> {
        let same = known
            .iter()
            .find(|other| other.distribution == distribution);
        same.map_or_else(
            || Self::new(distribution, resolution),
            |&other| Ok(other.clone()),
        )
    }

    #[inline]
    pub(super) fn survival(&self, x: f64) -> f64 {
        if x < self.survival.end() {
            self.survival.at(x)
        } else {
            self.distribution.survival(x)
        }
    }

    #[inline]
    pub(super) fn cdf(&self, x: f64) -> f64 {
        1.0 - self.survival(x)
    }

    #[inline]
    pub(super) fn density(&self, x: f64) -> f64 {
        if x < self.density.end() {
            self.density.at(x)
        } else {
            self.distribution.density(x)
        }
    }

    pub(super) fn breakpoints(&self) -> &[Breakpoint] {
        &self.breakpoints
    }

    pub(super) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    pub(super) const fn minimum_ms(&self) -> f64 {
        self.minimum_ms
    }

    pub(super) fn tail_quantile(&self, tail: f64) -> f64 {
        self.distribution.tail_quantile(tail)
    }

    /// In the middle of its narrow parts, and on both sides.
    pub(super) fn peaks(&self) -> Vec<f64> {
        let peaks = self.distribution.peaks();
        peaks
            .flat_map(|peak| [-3.0, 0.0, 3.0].map(|z| peak.place(z)))
            .collect()
    }

    /// Where its tail loses each two decades, and parts of these pieces.
    pub(super) fn decades(&self, resolution: Resolution) -> Vec<f64> {
        sum::decades(self.distribution, resolution.tail, resolution.parts)
    }
}
