//! The sets that are still quorums after any so many of their nodes have failed.
//!
//! # Rules
//!
//! 1. A set stands `m` failures short of losing an expression when the fewest of its nodes that must fail
//!    for that are at least `m`. A node alone stands one.
//! 2. To lose `choose(k, …)`, all but `k - 1` of the held parts must be lost, and the cheapest ones will
//!    be. With `c(j)` parts that stand `j` or more, that takes `c(1) - k + 1`, and `c(2) - k + 1` more,
//!    and so on while these are positive. So a set stands `m` exactly if some partition of `m` has
//!    `c(j) >= k - 1 + its j-th number` for all of its numbers.
//! 3. Rule 2 needs parts without a common node. Where nodes repeat, a set stands one failure more when it
//!    stands without any one of the nodes.

use alloc::vec;
use alloc::vec::Vec;

use super::Expression;
use crate::ExpressionError;
use crate::formula::{EXPRESSION_SIZE_MAX, Formula, Step};

/// What holds when at least 1, 2, … nodes must fail to lose it, as far as that is possible.
type Levels = Vec<Vec<Step>>;

impl<N: Clone + Ord> Expression<N> {
    /// The sets that are quorums even after any `failures` of their nodes have failed (the `f`-resilient
    /// quorums of Whittaker et al. 2021), as an expression. `None` when not even all nodes are.
    ///
    /// A strategy that uses only these needs no second attempt. Where no node occurs twice and one failure
    /// is to be survived, a cheapest of them is still found in one pass.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ExpressionError::TooLarge) when it does not fit into an expression.
    ///
    /// ```
    /// use quorum::Expression;
    /// let surviving = |text: &str, failures| -> Result<Option<String>, _> {
    ///     let expression: Expression<String> = text.parse()?;
    ///     Ok::<_, quorum::ExpressionError>(expression.surviving(failures)?.map(|it| it.to_string()))
    /// };
    /// assert_eq!(surviving("choose(2, a, b, c, d)", 1)?.unwrap(), "choose(3, a, b, c, d)");
    /// assert_eq!(surviving("a*b*c + d*e*f", 1)?.unwrap(), "a*b*c*d*e*f");
    /// assert_eq!(surviving("(a + b)*(c + d + e)", 1)?.unwrap(), "a*b*choose(2, c, d, e)");
    /// assert_eq!(surviving("a*b*c + d*e*f", 2)?, None);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn surviving(&self, failures: usize) -> Result<Option<Self>, ExpressionError> {
        if failures == 0 {
            return Ok(Some(self.clone()));
        }
        let formula = match self.formula.is_read_once() {
            true => self.formula.surviving_parts(failures)?,
            false => self.formula.surviving_each(failures)?,
        };
        Ok(formula.map(|formula| self.with_formula(&formula)))
    }

    /// The quorums that need none but the nodes for which `is_kept` is true: those within a zone, or
    /// those that answer in time. `None` when there is none. O(nodes + gates).
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<String> = "a*b + choose(2, c, d, e)".parse()?;
    /// let restricted = |kept: &str| expression.restricted(|node| kept.contains(node.as_str()));
    /// assert_eq!(restricted("abcd").map(|it| it.to_string()), Some("a*b + c*d".into()));
    /// assert_eq!(restricted("ac"), None);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    #[must_use]
    pub fn restricted(&self, is_kept: impl FnMut(&N) -> bool) -> Option<Self> {
        let is_kept: Vec<bool> = self.nodes.iter().map(is_kept).collect();
        let can_hold = |place: usize| is_kept.get(place) == Some(&true);
        let steps = self.formula.among(can_hold)?;
        let formula = Formula::canonical(&steps).ok()?;
        Some(self.with_formula(&formula))
    }

    fn with_formula(&self, formula: &Formula) -> Self {
        let members: Vec<(N, u64)> = self.nodes.iter().map(|node| (node.clone(), 1)).collect();
        Self::from_formula(formula, &members)
    }
}

impl Formula {
    /// By rule 2.
    fn surviving_parts(&self, failures: usize) -> Result<Option<Self>, ExpressionError> {
        // No more failures than nodes can be survived.
        let most = failures.saturating_add(1).min(self.steps().len() + 1);
        let levels = self.fold(
            |place| Ok(vec![vec![Step::Node(u16::try_from(place).unwrap_or(0))]]),
            |needed, parts: &mut [Result<Levels, ExpressionError>]| {
                let parts = parts
                    .iter_mut()
                    .map(|part| core::mem::replace(part, Ok(Vec::new())));
                standing(needed, &parts.collect::<Result<Vec<_>, _>>()?, most)
            },
        );
        let mut levels = levels.unwrap_or(Err(ExpressionError::Malformed))?;
        match levels.len() == failures.saturating_add(1) {
            true => levels
                .pop()
                .map(|steps| Self::canonical(&steps))
                .transpose(),
            false => Ok(None),
        }
    }

    /// By rule 3.
    fn surviving_each(&self, failures: usize) -> Result<Option<Self>, ExpressionError> {
        let mut formula = self.clone();
        for _ in 0..failures {
            let mut all: Vec<Vec<Step>> = Vec::new();
            let mut size = 0;
            for failed in formula.places().iter() {
                let Some(rest) = formula.among(|place| place != failed) else {
                    return Ok(None);
                };
                size += rest.len();
                fits(size)?;
                all.push(rest);
            }
            formula = Self::canonical(&gate(all.len(), all)?)?;
        }
        Ok(Some(formula))
    }

    /// What is left when only some nodes can hold.
    fn among(&self, mut can_hold: impl FnMut(usize) -> bool) -> Option<Vec<Step>> {
        let rest = self.fold(
            |place| {
                let node = u16::try_from(place).ok().filter(|_| can_hold(place));
                node.map(|node| vec![Step::Node(node)])
            },
            |needed, parts| {
                let left: Vec<_> = parts.iter_mut().filter_map(Option::take).collect();
                (left.len() >= needed).then(|| gate(needed, left).ok())?
            },
        );
        rest?
    }
}

/// The levels of a gate, from those of its parts.
fn standing(needed: usize, parts: &[Levels], most: usize) -> Result<Levels, ExpressionError> {
    // How many of the parts beyond those that may be lost can stand each level.
    let spare = (0..most).map_while(|level| {
        let able = parts.iter().filter(|part| part.len() > level).count();
        (able + 1).checked_sub(needed).filter(|spare| *spare > 0)
    });
    let spare: Vec<usize> = spare.collect();
    let (mut levels, mut size) = (Levels::new(), 0);
    for level in 1..=most {
        let mut ways = Vec::new();
        for numbers in partitions(level, &spare)? {
            let mut all = Vec::new();
            for (at, number) in numbers.iter().enumerate() {
                // As many parts that stand more stand this much too.
                if numbers.get(at + 1) == Some(number) {
                    continue;
                }
                let able = parts.iter().filter_map(|part| part.get(at)).cloned();
                all.push(gate(needed - 1 + number, able.collect())?);
            }
            ways.push(gate(all.len(), all)?);
        }
        if ways.is_empty() {
            break;
        }
        let steps = gate(1, ways)?;
        size += steps.len();
        fits(size / (1 + levels.len()))?;
        levels.push(steps);
    }
    Ok(levels)
}

/// The ways to write a number as a sum of numbers, each no greater than the one before and than its
/// bound. Bounds do not grow either.
fn partitions(number: usize, bounds: &[usize]) -> Result<Vec<Vec<usize>>, ExpressionError> {
    let (mut found, mut open) = (Vec::new(), vec![(Vec::new(), number)]);
    while let Some((numbers, left)) = open.pop() {
        if left == 0 {
            found.push(numbers);
            fits(found.len())?;
            continue;
        }
        let Some((bound, later)) = bounds.get(numbers.len()..).and_then(<[_]>::split_first) else {
            continue;
        };
        let most = numbers
            .last()
            .map_or(left, |last: &usize| left.min(*last))
            .min(*bound);
        for next in 1..=most {
            let reach: usize = later.iter().map(|bound| next.min(*bound)).sum();
            if left - next <= reach {
                let mut numbers = numbers.clone();
                numbers.push(next);
                open.push((numbers, left - next));
            }
        }
    }
    Ok(found)
}

fn gate(needed: usize, parts: Vec<Vec<Step>>) -> Result<Vec<Step>, ExpressionError> {
    let size = parts.iter().map(Vec::len).sum::<usize>() + 1;
    fits(size)?;
    let (Ok(needed), Ok(of)) = (u16::try_from(needed), u16::try_from(parts.len())) else {
        return Err(ExpressionError::TooLarge { size });
    };
    let mut steps = Vec::with_capacity(size);
    steps.extend(parts.into_iter().flatten());
    if of > 1 {
        steps.push(Step::Choose { needed, of });
    }
    Ok(steps)
}

const fn fits(size: usize) -> Result<(), ExpressionError> {
    match size > EXPRESSION_SIZE_MAX {
        true => Err(ExpressionError::TooLarge { size }),
        false => Ok(()),
    }
}
