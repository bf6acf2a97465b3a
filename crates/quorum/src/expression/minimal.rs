//! The minimal quorums: those that are none without any one of their nodes.

use alloc::vec;
use alloc::vec::Vec;

use super::Expression;
use crate::ExpressionError;
use crate::formula::Formula;
use crate::frontier::{Budget, SEARCH_MAX};
use crate::places::Places;

/// No list of minimal quorums is longer, whatever was asked for.
const QUORUMS_MAX: usize = 65_536;

/// To sort and keep a set costs as much as to compare it with so many.
const SET_COST: usize = 32;

impl<N> Expression<N> {
    /// The minimal quorums, each in the order of its nodes; the smaller ones first, and those of a size
    /// by their nodes. A larger quorum has one of them inside.
    ///
    /// O(quorums · log quorums) when no node occurs twice; otherwise each part's quorums are compared
    /// with one another, at most [`SEARCH_MAX`] times. Each takes 128 bytes on the way.
    ///
    /// # Errors
    ///
    /// [`TooManyQuorums`](ExpressionError::TooManyQuorums) when there are more than `most`, more than
    /// 65,536, or (with repeated nodes) more candidates or comparisons than the limits.
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<String> = "a*(b + c) + a*b*d".parse()?;
    /// assert_eq!(expression.minimal_quorums(10)?, [["a", "b"], ["a", "c"]]);
    /// assert!(expression.minimal_quorums(1).is_err());
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn minimal_quorums(&self, most: usize) -> Result<Vec<Vec<&N>>, ExpressionError> {
        let quorums = self.formula.minimal_quorums(most)?;
        let named = |quorum: &Places| {
            let nodes = quorum.iter().filter_map(|place| self.nodes.get(place));
            nodes.collect()
        };
        Ok(quorums.iter().map(named).collect())
    }

    /// How many minimal quorums there are. One pass when no node occurs twice: 10^10 are counted as
    /// fast as ten. Otherwise they are listed and counted.
    ///
    /// # Errors
    ///
    /// [`TooManyQuorums`](ExpressionError::TooManyQuorums) when they do not fit into 128 bits, or, with
    /// repeated nodes, into the limit of [`minimal_quorums`](Self::minimal_quorums).
    ///
    /// ```
    /// use quorum::Expression;
    /// let majority = Expression::choose(26, (0..51).map(Expression::node))?;
    /// assert_eq!(majority.minimal_quorums_count()?, 247_959_266_474_052);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn minimal_quorums_count(&self) -> Result<u128, ExpressionError> {
        if self.is_read_once() {
            let most = usize::MAX;
            let count = self.formula.count_read_once();
            return count.ok_or(ExpressionError::TooManyQuorums { most });
        }
        Ok(self.formula.minimal_quorums(QUORUMS_MAX)?.len() as u128)
    }
}

impl Formula {
    /// The number of ways to pick a part for each that is needed.
    fn count_read_once(&self) -> Option<u128> {
        self.fold(
            |_| Some(1),
            |needed, parts: &mut [Option<u128>]| {
                // Of the parts so far, the ways to take each number of them.
                let mut ways = vec![0_u128; needed + 1];
                *ways.first_mut()? = 1;
                for part in parts {
                    let part = (*part)?;
                    for taken in (1..=needed).rev() {
                        let before = *ways.get(taken - 1)?;
                        let more = before.checked_mul(part)?;
                        let ways = ways.get_mut(taken)?;
                        *ways = ways.checked_add(more)?;
                    }
                }
                ways.pop()
            },
        )
        .flatten()
    }

    /// In order, at most so many.
    pub(crate) fn minimal_quorums(&self, most: usize) -> Result<Vec<Places>, ExpressionError> {
        self.listed(most, SEARCH_MAX)
    }

    /// With at most so many comparisons, if nodes repeat.
    pub(crate) fn listed(
        &self,
        most: usize,
        comparisons: usize,
    ) -> Result<Vec<Places>, ExpressionError> {
        let most = most.min(QUORUMS_MAX);
        if self.is_read_once()
            && self
                .count_read_once()
                .is_none_or(|count| count > most as u128)
        {
            return Err(ExpressionError::TooManyQuorums { most });
        }
        let mut listing = Listing {
            budget: (!self.is_read_once()).then(|| Budget::new(comparisons)),
        };
        let quorums = self.fold(
            |place| Ok(vec![Places::only(place)]),
            |needed, parts| listing.chosen(needed, parts),
        );
        let mut quorums = quorums.unwrap_or(Err(ExpressionError::Malformed))?;
        if quorums.len() > most {
            return Err(ExpressionError::TooManyQuorums { most });
        }
        quorums.sort_by(|one, other| {
            let by_size = one.len().cmp(&other.len());
            by_size.then_with(|| one.iter().cmp(other.iter()))
        });
        Ok(quorums)
    }
}

struct Listing {
    /// What comparisons may still be made; none are needed when no node occurs twice.
    budget: Option<Budget>,
}

type Listed = Result<Vec<Places>, ExpressionError>;

impl Listing {
    /// The minimal quorums of a gate, from those of its parts.
    fn chosen(&mut self, needed: usize, parts: &mut [Listed]) -> Listed {
        let of = parts.len();
        let parts = parts
            .iter_mut()
            .map(|part| core::mem::replace(part, Ok(Vec::new())));
        if needed == 1 {
            let mut sets = Vec::new();
            for part in parts {
                sets.append(&mut part?);
                within(sets.len())?;
            }
            self.reduce(&mut sets)?;
            return Ok(sets);
        }
        // For each number of parts taken so far, the sets that do it.
        let mut taken: Vec<Vec<Places>> = vec![Vec::new(); needed + 1];
        if let Some(none) = taken.first_mut() {
            none.push(Places::none());
        }
        for (before, part) in parts.enumerate() {
            let part = part?;
            // Fewer than these cannot become enough.
            let fewest = needed.saturating_sub(of - before - 1);
            for count in (fewest.max(1)..=needed.min(before + 1)).rev() {
                let fewer = taken.get(count - 1).map_or(&[][..], Vec::as_slice);
                within(fewer.len().saturating_mul(part.len()))?;
                let both = fewer
                    .iter()
                    .flat_map(|one| part.iter().map(|other| one.with(other)));
                let mut both: Vec<Places> = both.collect();
                if let Some(sets) = taken.get_mut(count) {
                    sets.append(&mut both);
                    within(sets.len())?;
                    self.reduce(sets)?;
                }
            }
            for sets in taken.iter_mut().take(fewest) {
                sets.clear();
            }
        }
        Ok(taken.pop().unwrap_or_default())
    }

    /// Leaves only the sets that have no other inside.
    fn reduce(&mut self, sets: &mut Vec<Places>) -> Result<(), ExpressionError> {
        let Some(budget) = &mut self.budget else {
            return Ok(());
        };
        sets.sort_by_cached_key(|set| (set.len(), *set));
        sets.dedup();
        let mut kept: Vec<Places> = Vec::new();
        for set in &*sets {
            let spent = budget.spend(kept.len() + SET_COST);
            spent.map_err(|_| ExpressionError::TooManyQuorums { most: QUORUMS_MAX })?;
            if !kept.iter().any(|smaller| smaller.is_within(set)) {
                kept.push(*set);
            }
        }
        *sets = kept;
        Ok(())
    }
}

const fn within(count: usize) -> Result<(), ExpressionError> {
    match count > QUORUMS_MAX {
        true => Err(ExpressionError::TooManyQuorums { most: QUORUMS_MAX }),
        false => Ok(()),
    }
}
