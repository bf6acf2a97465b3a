//! How many whole zones may fail, and how many nodes beside them.
//!
//! # Rules
//!
//! 1. A zone that fails takes all its nodes with it. A node without a zone fails only by itself.
//! 2. With the zones as names, an expression over nodes is one over zones: it holds of the zones that are up
//!    exactly when the original holds of their nodes. Its resilience counts zones.
//! 3. Beside given zones that failed, the fewest more nodes that leave no quorum are a cheapest quorum of the
//!    dual, when a node that is down costs nothing and each other node costs one.

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::{Expression, ExpressionError, QuorumSystem, Side};

/// So many choices of zones are tried.
const CHOICES_MAX: usize = 4_096;

impl<N: Clone + Ord> Expression<N> {
    /// How many zones may fail, whichever they are, with a quorum left in the others. If all of them may,
    /// because nodes without a zone are enough, it is the number of zones.
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when zones repeat too much.
    ///
    /// ```
    /// use quorum::{Expression, ExpressionError};
    /// let majority: Expression<String> = "choose(3, a1, a2, b1, b2, c1)".parse()?;
    /// assert_eq!((majority.resilience()?, majority.zone_resilience(|node| node.chars().next())?), (2, 1));
    /// // In two zones, one of them has what the other lacks.
    /// let west = |node: &String| Some(["a1", "a2", "b1"].contains(&node.as_str()));
    /// assert_eq!(majority.zone_resilience(west)?, 0);
    /// # Ok::<(), ExpressionError>(())
    /// ```
    pub fn zone_resilience<Z: Ord>(
        &self,
        zone_of: impl FnMut(&N) -> Option<Z>,
    ) -> Result<usize, ExpressionError> {
        let zoned = Zoned::new(self, zone_of);
        let mut places = zoned.places.iter();
        let zones = self.map(|_| places.next().copied().unwrap_or_default());
        if zoned.is_everywhere() {
            return zones.resilience();
        }
        let prices: Vec<Option<u64>> = zones
            .nodes()
            .map(|&place| (place < zoned.count).then_some(1))
            .collect();
        let fatal = zones.formula().dual().cheapest(&prices)?;
        Ok(fatal.map_or(zoned.count, |(price, _)| {
            usize::try_from(price)
                .unwrap_or(usize::MAX)
                .saturating_sub(1)
        }))
    }

    /// How many nodes may fail beside zones: at place `z`, whichever `z` zones fail and whichever so many
    /// other nodes, there is a quorum left. It ends where `z` zones can be too many, so it is one longer
    /// than the [resilience in zones](Self::zone_resilience), and starts with that [in
    /// nodes](Self::resilience).
    ///
    /// Every choice of zones is tried.
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when nodes repeat too much, or there are more than 4,096
    /// choices.
    ///
    /// ```
    /// use quorum::{Expression, ExpressionError};
    /// let majority: Expression<String> =
    ///     "choose(5, a1, a2, a3, b1, b2, b3, c1, c2, c3)".parse()?;
    /// // Any four nodes; or a zone and a node of another.
    /// assert_eq!(majority.resilience_beside_zones(|node| node.chars().next())?, [4, 1]);
    /// # Ok::<(), ExpressionError>(())
    /// ```
    pub fn resilience_beside_zones<Z: Ord>(
        &self,
        zone_of: impl FnMut(&N) -> Option<Z>,
    ) -> Result<Vec<usize>, ExpressionError> {
        let zoned = Zoned::new(self, zone_of);
        let dual = self.formula().dual();
        let mut spared = Vec::new();
        let mut choices = 0_usize;
        for failed in 0..=zoned.count {
            let mut least: Option<usize> = None;
            let mut choice: Vec<usize> = (0..failed).collect();
            loop {
                choices += 1;
                if choices > CHOICES_MAX {
                    let states = CHOICES_MAX;
                    return Err(ExpressionError::Entangled { states });
                }
                let price = |place: &usize| Some(u64::from(choice.binary_search(place).is_err()));
                let prices: Vec<Option<u64>> = zoned.places.iter().map(price).collect();
                // All nodes together are a quorum of the dual.
                let fatal = dual.cheapest(&prices)?.map_or(0, |(price, _)| price);
                let Some(spare) = usize::try_from(fatal).unwrap_or(usize::MAX).checked_sub(1)
                else {
                    return Ok(spared);
                };
                least = Some(least.map_or(spare, |least| least.min(spare)));
                if !advance(&mut choice, zoned.count) {
                    break;
                }
            }
            spared.extend(least);
        }
        Ok(spared)
    }
}

impl<N: Clone + Debug + Ord> QuorumSystem<N> {
    /// How many zones may fail, whichever they are, with a quorum of this side left in the others. See
    /// [`Expression::zone_resilience`].
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when zones repeat too much;
    /// [`TooLarge`](ExpressionError::TooLarge) for weights that no expression holds.
    ///
    /// ```
    /// use quorum::{ExpressionError, QuorumSystem, Side};
    /// let rows = [["a1", "b1"], ["a2", "b2"]];
    /// let grid = QuorumSystem::grid(rows)?;
    /// let zone_of = |node: &&str| node.chars().next();
    /// // A row needs both zones; one of each row can be had in either.
    /// assert_eq!(grid.zone_resilience(Side::Read, zone_of)?, 0);
    /// assert_eq!(grid.zone_resilience(Side::Write, zone_of)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn zone_resilience<Z: Ord>(
        &self,
        side: Side,
        zone_of: impl FnMut(&N) -> Option<Z>,
    ) -> Result<usize, ExpressionError> {
        self.expression(side)?.zone_resilience(zone_of)
    }
}

/// The nodes by their zones.
struct Zoned {
    /// For each node, the place of its zone; `count` for a node without one.
    places: Vec<usize>,
    count: usize,
}

impl Zoned {
    fn new<N, Z: Ord>(expression: &Expression<N>, zone_of: impl FnMut(&N) -> Option<Z>) -> Self {
        let zones: Vec<Option<Z>> = expression.nodes().map(zone_of).collect();
        let mut known: Vec<&Z> = zones.iter().flatten().collect();
        known.sort();
        known.dedup();
        let place = |zone: &Option<Z>| {
            let found = zone.as_ref().map(|zone| known.binary_search(&zone));
            found.and_then(Result::ok).unwrap_or(known.len())
        };
        Self {
            places: zones.iter().map(place).collect(),
            count: known.len(),
        }
    }

    /// Whether every node has a zone.
    fn is_everywhere(&self) -> bool {
        self.places.iter().all(|&place| place < self.count)
    }
}

/// The next choice of as many places below `count`; `false` after the last.
fn advance(choice: &mut [usize], count: usize) -> bool {
    let size = choice.len();
    let movable = |&place: &usize| {
        let most = count.saturating_sub(size.saturating_sub(place));
        choice.get(place).is_some_and(|&at| at < most)
    };
    let Some(place) = (0..size).rev().find(movable) else {
        return false;
    };
    let from = choice.get(place).map_or(0, |&at| at + 1);
    for (at, next) in choice.iter_mut().skip(place).zip(from..) {
        *at = next;
    }
    true
}
