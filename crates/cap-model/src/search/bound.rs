//! What no strategy of a shape can be below, by one pass and without its quorums.
//!
//! # Why it holds
//!
//! Let each node have a price at each read fraction, those of a fraction adding up to its weight. The load is
//! at least the priced mean over the nodes, so at least what the cheapest read quorum and the cheapest write
//! quorum cost together (weak duality). Any prices will do, so those that were optimal for one system are a
//! bound for all; within a class of equal nodes they may be replaced by their mean. The cheapest quorum of a
//! gate is made of its cheapest parts, and what the parts cost is shared by all gates they stand in.
//!
//! A set that is a quorum whichever `f` of its nodes are taken away costs at least `n / (n - f)` quorums: of
//! all ways to take `f` of its at most `n` nodes, the mean one leaves at most `(n - f) / n` of its price.

use alloc::vec::Vec;

use super::sets::NODES_MAX;
use super::shapes::{Seen, ShapeId, Shapes};

/// The least that a quorum of a shape costs, for reads and for writes.
type Least = [f64; 2];

/// Prices of the classes of nodes, and what each kept shape costs at least.
#[derive(Debug)]
pub(super) struct Prices {
    of_shape: Vec<Least>,
    /// How much more it costs to tolerate failures.
    factor: f64,
}

impl Prices {
    /// One pass over all kept shapes.
    pub(super) fn new(of_class: &[Least], factor: f64, shapes: &Shapes) -> Self {
        let mut prices = Self {
            of_shape: Vec::with_capacity(shapes.len()),
            factor,
        };
        for shape in 0..shapes.len() {
            let least = match shapes.see(shape as ShapeId) {
                Some(Seen::Leaf(class)) => of_class.get(class).copied().unwrap_or_default(),
                Some(Seen::Gate(needed, parts)) => prices.gate(needed, parts),
                None => Least::default(),
            };
            prices.of_shape.push(least);
        }
        prices
    }

    /// What no strategy of this gate has a smaller load than.
    pub(super) fn load_min(&self, needed: usize, parts: &[ShapeId]) -> f64 {
        let [read, write] = self.gate(needed, parts);
        (read + write) * self.factor
    }

    fn gate(&self, needed: usize, parts: &[ShapeId]) -> Least {
        let of = parts.len().min(NODES_MAX);
        let counts = [needed, of + 1 - needed.min(of)];
        let mut least = Least::default();
        for (side, least) in least.iter_mut().enumerate() {
            let mut prices = [0.0_f64; NODES_MAX];
            for (price, part) in prices.iter_mut().zip(parts) {
                *price = self
                    .of_shape
                    .get(*part as usize)
                    .map_or(0.0, |part| part[side]);
            }
            let prices = prices.get_mut(..of).unwrap_or_default();
            prices.sort_unstable_by(f64::total_cmp);
            *least = prices.iter().take(counts[side]).sum();
        }
        least
    }
}
