//! How likely no quorum is left, when nodes and zones fail with known probabilities.
//!
//! # Rules
//!
//! 1. The failure probability `F_p` of Peleg and Wool (1995) and of Naor and Wool (1998), with a
//!    probability for each node: that those that are up have no quorum inside.
//! 2. Nodes fail independently. Zones do too, and a zone that fails takes all its nodes with it.
//! 3. Every figure is a sum of products of the given probabilities and their complements: nothing is
//!    subtracted, so 10^-12 is as precise as 0.1, to a few units of the last place for each node.
//! 4. It is exact or refused. Nothing is sampled.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use crate::formula::{Formula, Step};
use crate::frontier::{Budget, Frontier, SEARCH_MAX};
use crate::system::Rule;
use crate::{Expression, ExpressionError, QuorumError, QuorumSystem, Side};

/// The most zones that may fail or not; those that surely do or do not are not counted.
pub const ZONES_MAX: usize = 16;

/// What all the states of the zones together may cost, in steps of a pass.
const STEPS_MAX: usize = SEARCH_MAX * STATE_STEPS;

/// So many steps of a pass cost as much as what a search counts as one.
const STATE_STEPS: usize = 32;

impl<N: Clone + Debug> Expression<N> {
    /// The probability that no quorum is up, when each node is down with the probability `failure_of`,
    /// independently of the others (Naor and Wool 1998).
    ///
    /// One pass when no node occurs twice, with the distribution of the number of parts that are up
    /// (Poisson-binomial) for each choose: O(parts × needed). Otherwise a search.
    ///
    /// # Errors
    ///
    /// A probability below 0, above 1 or not a number; [`Entangled`](ExpressionError::Entangled).
    ///
    /// ```
    /// use quorum::{Expression, QuorumError};
    /// let majority: Expression<String> = "choose(2, a, b, c)".parse::<Expression<String>>()?;
    /// let unavailability = majority.unavailability(|_| 0.01)?;
    /// assert!((unavailability - 0.000298).abs() < 1e-15);
    /// # Ok::<(), QuorumError<String>>(())
    /// ```
    pub fn unavailability(&self, failure_of: impl FnMut(&N) -> f64) -> Result<f64, QuorumError<N>> {
        self.unavailability_in_zones(failure_of, |_| None, &[])
    }

    /// The same, when the nodes stand in zones that fail as a whole: zone `zone_of` a node fails with
    /// the probability at that place of `zone_failures`, and a node whose zone is up is down with the
    /// probability `failure_of`. A node without a zone fails by itself.
    ///
    /// Each way in which the zones can fail is looked at: 2^zones times the cost of
    /// [`unavailability`](Self::unavailability), and within one limit for all of them.
    ///
    /// # Errors
    ///
    /// Those of `unavailability`; a zone whose probability is missing or none; more than
    /// [`ZONES_MAX`] that may fail or not.
    ///
    /// ```
    /// use quorum::{Expression, QuorumError};
    /// let majority: Expression<String> = "choose(2, a, b, c)".parse::<Expression<String>>()?;
    /// // Two of the three stand in a zone that fails one day in a thousand.
    /// let zone_of = |node: &String| (node != "c").then_some(0);
    /// let unavailability = majority.unavailability_in_zones(|_| 0.01, zone_of, &[0.001])?;
    /// assert!((unavailability - (0.001 + 0.999 * 0.000298)).abs() < 1e-15);
    /// # Ok::<(), QuorumError<String>>(())
    /// ```
    pub fn unavailability_in_zones(
        &self,
        failure_of: impl FnMut(&N) -> f64,
        zone_of: impl FnMut(&N) -> Option<usize>,
        zone_failures: &[f64],
    ) -> Result<f64, QuorumError<N>> {
        let failures = Failures::new(self.nodes(), failure_of, zone_of, zone_failures)?;
        let frontier = (!self.is_read_once()).then(|| Frontier::new(self.formula()));
        failures.over_zones(|failures, budget| {
            self.formula()
                .unavailability(frontier.as_ref(), failures, budget)
        })
    }
}

impl<N: Clone + Debug> QuorumSystem<N> {
    /// The probability that no quorum of a side is up, when each member is down with the probability
    /// `failure_of`, independently of the others (Naor and Wool 1998).
    ///
    /// For weighted members, the distribution of the weight that is up: O(members × threshold).
    ///
    /// # Errors
    ///
    /// Those of [`Expression::unavailability`].
    ///
    /// ```
    /// use quorum::{QuorumError, QuorumSystem, Side};
    /// let system = QuorumSystem::majority(1..=5)?;
    /// let unavailability = system.unavailability(Side::Write, |_| 0.1)?;
    /// assert!((unavailability - 0.00856).abs() < 1e-15);
    /// # Ok::<(), QuorumError<i32>>(())
    /// ```
    pub fn unavailability(
        &self,
        side: Side,
        failure_of: impl FnMut(&N) -> f64,
    ) -> Result<f64, QuorumError<N>> {
        self.unavailability_in_zones(side, failure_of, |_| None, &[])
    }

    /// The same, when the members stand in zones that fail as a whole; see
    /// [`Expression::unavailability_in_zones`].
    ///
    /// # Errors
    ///
    /// Those of [`Expression::unavailability_in_zones`].
    ///
    /// ```
    /// use quorum::{QuorumError, QuorumSystem, Side};
    /// // Five members in three zones that never fail alone: two zones must not fail at once.
    /// let system = QuorumSystem::majority(0..5)?;
    /// let zones = [0.1, 0.1, 0.1];
    /// let unavailability =
    ///     system.unavailability_in_zones(Side::Read, |_| 0.0, |&node| Some(node / 2), &zones)?;
    /// assert!((unavailability - 0.028).abs() < 1e-15);
    /// # Ok::<(), QuorumError<usize>>(())
    /// ```
    pub fn unavailability_in_zones(
        &self,
        side: Side,
        failure_of: impl FnMut(&N) -> f64,
        zone_of: impl FnMut(&N) -> Option<usize>,
        zone_failures: &[f64],
    ) -> Result<f64, QuorumError<N>> {
        let failures = Failures::new(self.members(), failure_of, zone_of, zone_failures)?;
        match &self.rule {
            Rule::Weights { read, write } => {
                let threshold = match side {
                    Side::Read => *read,
                    Side::Write => *write,
                };
                failures.over_zones(|failures, budget| {
                    let (members, needed) = (self.members.iter(), threshold as usize);
                    budget.spend(self.size().saturating_mul(needed))?;
                    let parts = members.zip(failures);
                    let parts = parts.map(|((_, weight), &failure)| {
                        (*weight as usize, (1.0 - failure, failure))
                    });
                    Ok(reached(needed, parts).1)
                })
            }
            Rule::Expressions(pair) => {
                let formula = pair.formula(side);
                let frontier = (!formula.is_read_once()).then(|| Frontier::new(formula));
                failures.over_zones(|failures, budget| {
                    formula.unavailability(frontier.as_ref(), failures, budget)
                })
            }
        }
    }
}

impl Formula {
    /// What one pass costs: at each gate, the number of parts times the number needed.
    fn pass(&self) -> usize {
        let steps = self.steps().iter().map(|step| match *step {
            Step::Node(_) => 1,
            Step::Choose { needed, of } => usize::from(needed) * usize::from(of),
        });
        steps.sum()
    }

    fn unavailability(
        &self,
        frontier: Option<&Frontier>,
        failures: &[f64],
        budget: &mut Budget,
    ) -> Result<f64, ExpressionError> {
        if let Some(frontier) = frontier {
            return Ok(frontier.likelihood(failures, budget, STATE_STEPS)?.1);
        }
        budget.spend(self.pass())?;
        let whole = self.fold(
            |place| {
                let failure = failures.get(place).copied().unwrap_or(1.0);
                (1.0 - failure, failure)
            },
            |needed, parts| reached(needed, parts.iter().map(|part| (1, *part))),
        );
        Ok(whole.map_or(1.0, |(_, down)| down))
    }
}

/// How likely parts that weigh at least `needed` are up, and how likely they are not, from the weight
/// of each part and how likely it is up and down.
fn reached(needed: usize, parts: impl Iterator<Item = (usize, (f64, f64))>) -> (f64, f64) {
    // How likely the weight so far is just that, below `needed`.
    let mut weighs = vec![0.0; needed];
    let mut enough = 0.0;
    match weighs.first_mut() {
        Some(nothing) => *nothing = 1.0,
        None => enough = 1.0,
    }
    for (weight, (up, down)) in parts {
        for before in (0..needed).rev() {
            let likelihood = weighs.get(before).copied().unwrap_or(0.0);
            if likelihood == 0.0 {
                continue;
            }
            match weighs.get_mut(before.saturating_add(weight)) {
                Some(after) => *after += likelihood * up,
                None => enough += likelihood * up,
            }
            if let Some(same) = weighs.get_mut(before) {
                *same = likelihood * down;
            }
        }
    }
    (enough, weighs.iter().sum())
}

/// The checked probabilities.
struct Failures {
    /// Of each node while its zone is up.
    nodes: Vec<f64>,
    /// For each node, which of the uncertain zones it is in.
    zones: Vec<Option<usize>>,
    /// Of the zones that have a node and may fail or not.
    uncertain: Vec<f64>,
}

impl Failures {
    fn new<'a, N: Clone + Debug + 'a>(
        nodes: impl Iterator<Item = &'a N>,
        mut failure_of: impl FnMut(&N) -> f64,
        mut zone_of: impl FnMut(&N) -> Option<usize>,
        zone_failures: &[f64],
    ) -> Result<Self, QuorumError<N>> {
        let mut failures = Self {
            nodes: Vec::new(),
            zones: Vec::new(),
            uncertain: Vec::new(),
        };
        let mut numbers: Vec<(usize, usize)> = Vec::new();
        for node in nodes {
            let mut failure = failure_of(node);
            if !(0.0..=1.0).contains(&failure) {
                return Err(QuorumError::NotAProbability { node: node.clone() });
            }
            let mut uncertain = None;
            if let Some(zone) = zone_of(node) {
                let of_zone = zone_failures.get(zone).copied();
                let of_zone = of_zone.filter(|failure| (0.0..=1.0).contains(failure));
                let of_zone = of_zone.ok_or(QuorumError::NotAZone { zone })?;
                if of_zone == 1.0 {
                    failure = 1.0;
                } else if of_zone > 0.0 {
                    let known = numbers.iter().find(|(known, _)| *known == zone);
                    uncertain = Some(known.map_or(numbers.len(), |(_, number)| *number));
                    if known.is_none() {
                        numbers.push((zone, numbers.len()));
                        failures.uncertain.push(of_zone);
                    }
                }
            }
            failures.nodes.push(failure);
            failures.zones.push(uncertain);
        }
        let count = failures.uncertain.len();
        if count > ZONES_MAX {
            return Err(QuorumError::TooManyZones { count });
        }
        Ok(failures)
    }

    /// The sum over all states of the zones of how likely the state is, times what `given` says of it.
    fn over_zones<N: Debug>(
        &self,
        mut given: impl FnMut(&[f64], &mut Budget) -> Result<f64, ExpressionError>,
    ) -> Result<f64, QuorumError<N>> {
        let mut budget = Budget::new(STEPS_MAX);
        let mut sum = 0.0;
        for state in 0_u32..1 << self.uncertain.len() {
            let is_down = |zone: usize| state >> zone & 1 == 1;
            let zones = self.uncertain.iter().enumerate();
            let likelihood: f64 = zones
                .map(|(zone, failure)| {
                    if is_down(zone) {
                        *failure
                    } else {
                        1.0 - failure
                    }
                })
                .product();
            let nodes = self.nodes.iter().zip(&self.zones);
            let failures: Vec<f64> = nodes
                .map(|(failure, zone)| {
                    if zone.is_some_and(is_down) {
                        1.0
                    } else {
                        *failure
                    }
                })
                .collect();
            sum += likelihood * given(&failures, &mut budget)?;
        }
        Ok(sum)
    }
}
