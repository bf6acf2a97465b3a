//! The exact answer when a node stands in several places: decide the nodes one after another, and
//! keep only what the gates still wait for.
//!
//! # Rules
//!
//! 1. A gate waits for `need` more parts that hold and can spare `slack` more that do not. Its state is
//!    that pair, so how it came there is forgotten: different choices that leave the same state are one.
//! 2. A gate with no need left holds; one that must spare what it cannot does not. It tells the gate
//!    above, and its own parts no longer matter.
//! 3. Every state, with what it takes to decide a node in it, is counted against [`SEARCH_MAX`]: beyond it there is no answer, never a guess.
//!
//! So a grid, a wall or a weighted vote has few states, whatever the number of its quorums; the worst
//! case doubles with each node.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec;
use alloc::vec::Vec;

use crate::formula::{Formula, Step};
use crate::{ExpressionError, Price};

/// How much an exact search may look at: each state counts one for each gate of the expression, and for
/// each place of the node that is decided.
pub const SEARCH_MAX: usize = 1 << 23;

/// The state of a gate that is decided, or whose answer no longer matters.
const DECIDED: u32 = u32::MAX;

struct Gate {
    /// Need and slack before anything is decided.
    fresh: u32,
    /// The first gate inside it. Gates are numbered in postorder, so those between are inside too.
    first: usize,
    above: Option<usize>,
}

/// Where a node is a part: which gate it tells, and whether it tells its failure instead.
struct Occurrence {
    gate: usize,
    is_negated: bool,
}

pub(crate) struct Frontier {
    gates: Vec<Gate>,
    /// The nodes in the order in which they are decided, each with its occurrences.
    nodes: Vec<(usize, Vec<Occurrence>)>,
}

impl Frontier {
    pub(crate) fn new(formula: &Formula) -> Self {
        Self::all_of(&[(formula, false)])
    }

    /// All of the formulas; a negated one sees the nodes that are left out.
    pub(crate) fn all_of(formulas: &[(&Formula, bool)]) -> Self {
        let mut gates: Vec<Gate> = Vec::new();
        let mut nodes: Vec<(usize, Vec<Occurrence>)> = Vec::new();
        let mut index: BTreeMap<usize, usize> = BTreeMap::new();
        let root = formulas.iter().map(|(formula, _)| formula.gates()).sum();
        for &(formula, is_negated) in formulas {
            let above = formula.parents(gates.len(), root);
            for (step, gate) in formula.steps().iter().zip(above) {
                match *step {
                    Step::Node(place) => {
                        let next = nodes.len();
                        let at = *index.entry(place.into()).or_insert(next);
                        if at == next {
                            nodes.push((place.into(), Vec::new()));
                        }
                        if let Some((_, occurrences)) = nodes.get_mut(at) {
                            occurrences.push(Occurrence { gate, is_negated });
                        }
                    }
                    Step::Choose { needed, of } => gates.push(Gate {
                        fresh: packed(needed, of - needed),
                        first: gates.len(),
                        above: Some(gate),
                    }),
                }
            }
        }
        let parts = u16::try_from(formulas.len()).unwrap_or(u16::MAX);
        gates.push(Gate {
            fresh: packed(parts, 0),
            first: 0,
            above: None,
        });
        // A gate begins where its first part does.
        for at in 0..gates.len() {
            let Some(&Gate { first, above, .. }) = gates.get(at) else {
                continue;
            };
            if let Some(above) = above.and_then(|above| gates.get_mut(above)) {
                above.first = above.first.min(first);
            }
        }
        Self { gates, nodes }
    }

    fn fresh(&self) -> Vec<u32> {
        self.gates.iter().map(|gate| gate.fresh).collect()
    }

    /// Tells every place where the node is a part. What the whole is, if that is decided now.
    fn decide(&self, state: &mut [u32], occurrences: &[Occurrence], holds: bool) -> Option<bool> {
        for occurrence in occurrences {
            let holds = holds != occurrence.is_negated;
            // The part that was decided last, and all inside it.
            let mut inside = None;
            let mut at = Some(occurrence.gate);
            while let Some(gate) = at {
                let entry = state.get_mut(gate)?;
                if *entry == DECIDED {
                    break;
                }
                let (need, slack) = (*entry >> 16, *entry & 0xffff);
                match (holds, need, slack) {
                    (true, 0..=1, _) | (false, _, 0) => {}
                    (true, ..) => {
                        *entry -= 1 << 16;
                        break;
                    }
                    (false, ..) => {
                        *entry -= 1;
                        break;
                    }
                }
                let Gate { first, above, .. } = self.gates.get(gate)?;
                match inside.replace((*first, gate)) {
                    None => state.get_mut(*first..=gate)?.fill(DECIDED),
                    Some((from, to)) => {
                        state.get_mut(*first..from)?.fill(DECIDED);
                        state.get_mut(to + 1..=gate)?.fill(DECIDED);
                    }
                }
                if above.is_none() {
                    return Some(holds);
                }
                // It tells just what the part that decided it told.
                at = *above;
            }
        }
        None
    }

    /// How likely the whole holds, and does not, when each node fails by itself. Both are sums of
    /// products without a subtraction, so a small one is as precise as a large one. `cost` is what the
    /// budget counts for one.
    pub(crate) fn likelihood(
        &self,
        failure_of: &[f64],
        budget: &mut Budget,
        cost: usize,
    ) -> Result<(f64, f64), ExpressionError> {
        let (mut held, mut failed) = (0.0, 0.0);
        let mut layer = BTreeMap::from([(self.fresh(), 1.0)]);
        for (place, occurrences) in &self.nodes {
            let failure = failure_of.get(*place).copied().unwrap_or(1.0);
            let mut next: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
            for (state, likelihood) in layer {
                for (holds, factor) in [(true, 1.0 - failure), (false, failure)] {
                    let likelihood: f64 = likelihood * factor;
                    if likelihood == 0.0 {
                        continue;
                    }
                    budget.spend(cost * (self.gates.len() + occurrences.len()))?;
                    let mut state = state.clone();
                    match self.decide(&mut state, occurrences, holds) {
                        Some(true) => held += likelihood,
                        Some(false) => failed += likelihood,
                        None => *next.entry(state).or_insert(0.0) += likelihood,
                    }
                }
            }
            layer = next;
        }
        Ok((held, failed))
    }

    /// The cheapest choice of nodes for which the whole holds, by place. A node without a price is
    /// left out.
    pub(crate) fn cheapest<P: Price>(
        &self,
        price_of: impl Fn(usize) -> Option<P>,
    ) -> Result<Option<(P, Vec<usize>)>, ExpressionError> {
        let mut budget = Budget::new(SEARCH_MAX);
        // Who was taken, as links to what was taken before.
        let mut trail: Vec<(usize, Option<usize>)> = Vec::new();
        let mut best: Option<(P, Option<usize>)> = None;
        let mut layer = BTreeMap::from([(self.fresh(), (P::ZERO, None))]);
        for (place, occurrences) in &self.nodes {
            let mut next: BTreeMap<Vec<u32>, (P, Option<usize>)> = BTreeMap::new();
            for (state, (spent, taken)) in layer {
                for price in [Some(None), price_of(*place).map(Some)]
                    .into_iter()
                    .flatten()
                {
                    let spent = price.map_or(spent, |price| spent.plus(price));
                    if best.is_some_and(|(best, _)| best <= spent) {
                        continue;
                    }
                    budget.spend(self.gates.len() + occurrences.len())?;
                    let mut state = state.clone();
                    let outcome = self.decide(&mut state, occurrences, price.is_some());
                    let mut link = || match price {
                        None => taken,
                        Some(_) => {
                            trail.push((*place, taken));
                            Some(trail.len() - 1)
                        }
                    };
                    match outcome {
                        Some(true) => best = Some((spent, link())),
                        Some(false) => {}
                        None => match next.entry(state) {
                            Entry::Vacant(entry) => {
                                entry.insert((spent, link()));
                            }
                            Entry::Occupied(mut entry) if spent < entry.get().0 => {
                                entry.insert((spent, link()));
                            }
                            Entry::Occupied(_) => {}
                        },
                    }
                }
            }
            layer = next;
        }
        let Some((price, mut link)) = best else {
            return Ok(None);
        };
        let mut places = vec![];
        while let Some(&(place, before)) = link.and_then(|link| trail.get(link)) {
            places.push(place);
            link = before;
        }
        places.sort_unstable();
        Ok(Some((price, places)))
    }
}

impl Formula {
    fn gates(&self) -> usize {
        let steps = self.steps().iter();
        steps
            .filter(|step| matches!(step, Step::Choose { .. }))
            .count()
    }

    /// For each step the number of the gate whose part it is, when the first gate is numbered `base`.
    fn parents(&self, base: usize, root: usize) -> Vec<usize> {
        let mut parents = vec![root; self.steps().len()];
        let mut waiting: Vec<usize> = Vec::new();
        let mut gate = base;
        for (at, step) in self.steps().iter().enumerate() {
            if let Step::Choose { of, .. } = *step {
                let start = waiting.len().saturating_sub(of.into());
                for part in waiting.drain(start..) {
                    if let Some(parent) = parents.get_mut(part) {
                        *parent = gate;
                    }
                }
                gate += 1;
            }
            waiting.push(at);
        }
        parents
    }
}

fn packed(need: u16, slack: u16) -> u32 {
    u32::from(need) << 16 | u32::from(slack)
}

/// What a search may still look at.
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    pub(crate) const fn new(left: usize) -> Self {
        Self { left }
    }

    pub(crate) fn spend(&mut self, cost: usize) -> Result<(), ExpressionError> {
        let (left, states) = (self.left.checked_sub(cost), SEARCH_MAX);
        self.left = left.ok_or(ExpressionError::Entangled { states })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::Expression;

    #[test]
    fn the_search_finds_what_the_list_of_minimal_quorums_has() {
        for (seed, text) in (1_u64..).zip([
            "a",
            "a*b + c",
            "a*b + a*c + b*c",
            "(a + b)*(b + c)*(c + d)*(d + a)",
            "(a*b*c + d*e*f + g*h*i)*(a*d*g + b*e*h + c*f*i)",
            "choose(3, a, a, b, c*d, choose(2, b, c, e, e))",
            "choose(4, a, a, a, b, b, c, d, e)",
            "choose(2, a*b, b*c, c*d, d*e, e*f, f*g)*(a + g)",
        ]) {
            let expression: Expression<String> = text.parse().expect(text);
            let formula = expression.formula();
            let quorums = formula.minimal_quorums(1_000).expect(text);
            for round in 0..50 {
                // Every fifth price or so is none.
                let price_of = |place: usize| {
                    let mixed = (seed * 31 + round) * 17 + place as u64 * 7;
                    (!mixed.is_multiple_of(5)).then_some(mixed * mixed % 11)
                };
                let sums = quorums.iter().filter_map(|quorum| {
                    let mut places = quorum.iter();
                    places.try_fold(0, |sum, place| Some(sum + price_of(place)?))
                });
                let found = Frontier::new(formula).cheapest(price_of).expect(text);
                assert_eq!(found.as_ref().map(|found| found.0), sums.min(), "{text}");
                let Some((price, places)) = found else {
                    continue;
                };
                let spent: u64 = places.iter().filter_map(|&place| price_of(place)).sum();
                assert_eq!(spent, price, "{text}");
                assert!(formula.holds(&places.into_iter().collect()), "{text}");
            }
        }
    }

    #[test]
    fn both_likelihoods_are_those_of_a_pass_and_sum_to_one() {
        for text in [
            "a*b + c*d*e",
            "choose(3, a, b, c, d*e)",
            "a*(b + choose(2, c, d, e))",
        ] {
            let expression: Expression<String> = text.parse().expect(text);
            let failures = [0.5, 0.25, 0.125, 0.75, 0.375];
            let mut budget = Budget::new(SEARCH_MAX);
            let frontier = Frontier::new(expression.formula());
            let (held, failed) = frontier.likelihood(&failures, &mut budget, 1).expect(text);
            let mut next = failures.into_iter();
            let pass = expression.unavailability(|_| next.next().unwrap_or(1.0));
            // Exact in binary, whatever the order of the sums.
            assert_eq!(Ok(failed), pass, "{text}");
            assert_eq!(held + failed, 1.0, "{text}");
        }
    }
}
