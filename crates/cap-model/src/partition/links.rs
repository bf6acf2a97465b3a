//! The links as words: whom each node reaches and hears, to visit a million states.
//!
//! Invariant: at most 64 nodes, and each reaches itself.

use alloc::vec;
use alloc::vec::Vec;

use transport::NodeId;

use crate::{Shape, Side};

/// Which directed links work.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// For each node, whom it reaches.
    out: Vec<u64>,
    /// For each node, whom it hears.
    into: Vec<u64>,
    /// Room for [`sides`](Self::sides).
    paths: Vec<u64>,
}

pub(super) const fn bit(place: usize) -> u64 {
    1 << (place & 63)
}

/// The places of the bits that are set, ascending.
pub(super) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        place
    })
}

impl Links {
    pub(super) fn of(shape: &Shape) -> Self {
        let mut links = Self::none(shape.nodes());
        for from in (0..shape.nodes()).map(NodeId) {
            for to in (0..shape.nodes()).map(NodeId) {
                if shape.works(from, to) {
                    links.join(from.0 as usize, to.0 as usize);
                }
            }
        }
        links
    }

    /// No link works.
    pub(super) fn none(nodes: u32) -> Self {
        let own: Vec<u64> = (0..nodes as usize).map(bit).collect();
        Self {
            out: own.clone(),
            into: own,
            paths: vec![0; nodes as usize],
        }
    }

    pub(super) fn join(&mut self, from: usize, to: usize) {
        if let (Some(out), Some(into)) = (self.out.get_mut(from), self.into.get_mut(to)) {
            *out |= bit(to);
            *into |= bit(from);
        }
    }

    /// Only these links work: the bits of `state` stand for the links in the order of
    /// [`link_states`](crate::link_states).
    pub(super) fn set(&mut self, state: u32) {
        let nodes = self.out.len();
        for (place, word) in self.out.iter_mut().chain(&mut self.into).enumerate() {
            *word = bit(if place < nodes { place } else { place - nodes });
        }
        let mut rest = state;
        for from in 0..nodes {
            for to in (0..nodes).filter(|&to| to != from) {
                if rest & 1 == 1 {
                    self.join(from, to);
                }
                rest >>= 1;
            }
        }
    }

    pub(super) const fn nodes(&self) -> usize {
        self.out.len()
    }

    pub(super) fn out(&self, node: usize) -> u64 {
        self.out.get(node).copied().unwrap_or(0)
    }

    pub(super) fn into(&self, node: usize) -> u64 {
        self.into.get(node).copied().unwrap_or(0)
    }

    /// Whom a node has both ways, itself included.
    pub(super) fn mutual(&self, node: usize) -> u64 {
        self.out(node) & self.into(node)
    }

    /// The sides, by their least node, as [`Shape::sides`].
    pub(super) fn sides(&mut self, mut visit: impl FnMut(&Self, Side)) {
        let mut paths = core::mem::take(&mut self.paths);
        paths.copy_from_slice(&self.out);
        // Warshall 1962.
        for via in 0..paths.len() {
            let beyond = paths.get(via).copied().unwrap_or(0);
            for reached in &mut paths {
                if *reached & bit(via) != 0 {
                    *reached |= beyond;
                }
            }
        }
        let mut seen = 0_u64;
        for (node, reached) in paths.iter().enumerate() {
            if seen & bit(node) != 0 {
                continue;
            }
            let back = |&other: &usize| paths.get(other).is_some_and(|back| back & bit(node) != 0);
            let side = places(*reached)
                .filter(back)
                .fold(0, |side, other| side | bit(other));
            seen |= side;
            visit(self, Side::from_bits(side));
        }
        self.paths = paths;
    }

    /// The side of a node.
    pub(super) fn side_of(&self, node: usize) -> Side {
        let closure = |next: &[u64]| {
            let (mut reached, mut fresh) = (bit(node), bit(node));
            while fresh != 0 {
                let beyond = places(fresh).filter_map(|place| next.get(place));
                fresh = beyond.fold(0, |all, more| all | more) & !reached;
                reached |= fresh;
            }
            reached
        };
        Side::from_bits(closure(&self.out) & closure(&self.into))
    }

    /// Whether another node of the side has every link that `node` has.
    pub(super) fn has_equal(&self, node: NodeId, side: Side) -> bool {
        let node = node.0 as usize;
        places(side.bits() & !bit(node)).any(|other| {
            let thirds = !(bit(node) | bit(other));
            self.out(node) & thirds & !self.out(other) == 0
                && self.into(node) & thirds & !self.into(other) == 0
        })
    }
}
