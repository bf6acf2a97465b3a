//! Whether two kinds of quorum always meet, and two that do not.
//!
//! Two quorums without a common node exist exactly when some set is a read quorum and leaves a write
//! quorum to the others. Ways to decide that, each exact where it applies, the cheaper ones first:
//!
//! 1. Where one side is the dual of the other up to the order of parts, all meet.
//! 2. Where both have the same shape, and at each gate the two numbers needed exceed the number of
//!    parts, all meet: some part is held on both sides, and so on down to a node.
//! 3. Where one side is an any-of of plain thresholds (rows of a grid, a majority, a list of quorums):
//!    for each, the other side's quorum with the fewest nodes in it either leaves enough, or none does.
//! 4. Where a side is all of several parts and one of them always meets the other side, so does the
//!    whole.
//! 5. Otherwise the search of `frontier` for a set that is a quorum here and whose rest is one there.
//!
//! No quick way is known for all pairs, even when no node occurs twice on either side: it decides
//! whether clauses can be satisfied. Reads: of each clause, one of its literals' nodes. Writes: of each
//! variable, all nodes of its true or all of its false literals. A read quorum among the rest of a write
//! quorum is a model. So large pairs may be refused, but a pair that does not meet is never accepted.

use alloc::vec;
use alloc::vec::Vec;

use crate::ExpressionError;
use crate::formula::{Formula, Kind, Step};
use crate::frontier::{Budget, Frontier, SEARCH_MAX};
use crate::places::Places;

const PAIRS_MAX: usize = 16;

/// So many steps are passed over for all thresholds together.
const PASSES_MAX: usize = SEARCH_MAX << 3;

/// A read quorum whose rest is a write quorum; `None` when any two meet.
pub(crate) fn apart(reads: &Formula, writes: &Formula) -> Result<Option<Places>, ExpressionError> {
    if reads.is_like(&writes.dual()) || reads.outnumbers(writes) {
        return Ok(None);
    }
    if let Some(answer) = by_thresholds(reads, writes) {
        return answer;
    }
    if meets_by_part(reads, writes) {
        return Ok(None);
    }
    // The order of either side may be the better one to decide the nodes in.
    let mut refused = ExpressionError::Entangled { states: SEARCH_MAX };
    for order in [
        [(reads, false), (writes, true)],
        [(writes, true), (reads, false)],
    ] {
        match Frontier::all_of(&order).cheapest(|_| Some(0_u64)) {
            Ok(found) => return Ok(found.map(|(_, places)| places.into_iter().collect())),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// The answer, when a side is any of plain thresholds.
fn by_thresholds(
    reads: &Formula,
    writes: &Formula,
) -> Option<Result<Option<Places>, ExpressionError>> {
    if let (true, Some(thresholds)) = (reads.is_separable(), writes.thresholds()) {
        return Some(avoiding(reads, &thresholds));
    }
    if let (true, Some(thresholds)) = (writes.is_separable(), reads.thresholds()) {
        let rest = avoiding(writes, &thresholds);
        return Some(rest.map(|rest| {
            let mut places = reads.places();
            places.remove(&rest?);
            Some(places)
        }));
    }
    None
}

/// Whether a part that all of one side needs always meets a part that all of the other needs.
fn meets_by_part(reads: &Formula, writes: &Formula) -> bool {
    let (reads, writes) = (reads.conjuncts(), writes.conjuncts());
    // So many pairs are tried. A larger all-of is left to the search.
    if reads.len() * writes.len() > PAIRS_MAX {
        return false;
    }
    reads.iter().any(|one| {
        let mut others = writes.iter();
        others.any(|other| matches!(by_thresholds(one, other), Some(Ok(None))))
    })
}

/// So many nodes of a set make a quorum.
struct Threshold {
    needed: usize,
    nodes: Places,
}

/// A quorum that leaves enough nodes of one of the thresholds.
fn avoiding(
    formula: &Formula,
    thresholds: &[Threshold],
) -> Result<Option<Places>, ExpressionError> {
    let mut budget = Budget::new(PASSES_MAX);
    let mut prices = vec![Some(0_u64); Places::CAPACITY];
    for Threshold { needed, nodes } in thresholds {
        budget.spend(formula.steps().len() + Places::CAPACITY)?;
        for (place, price) in prices.iter_mut().enumerate() {
            *price = Some(u64::from(nodes.contains(place)));
        }
        let Some((_, places)) = formula.cheapest_separable(&prices) else {
            continue;
        };
        let taken: Places = places.into_iter().collect();
        let mut left = *nodes;
        left.remove(&taken);
        if left.len() >= *needed {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

impl Formula {
    /// Whether both have the same shape over the same nodes, and no gate can be fulfilled on both sides
    /// without a part in common.
    fn outnumbers(&self, other: &Self) -> bool {
        let mut steps = self.steps().iter().zip(other.steps());
        self.steps().len() == other.steps().len()
            && steps.all(|pair| match pair {
                (Step::Node(one), Step::Node(other)) => one == other,
                (Step::Choose { needed: one, of }, Step::Choose { needed, of: like }) => {
                    of == like && u32::from(*one) + u32::from(*needed) > u32::from(*of)
                }
                _ => false,
            })
    }

    /// The parts of an all-of; the formula itself if it is none.
    fn conjuncts(&self) -> Vec<Self> {
        match self.steps().last() {
            Some(&Step::Choose { needed, of }) if Kind::of(needed, of) == Kind::All => self.parts(),
            _ => vec![self.clone()],
        }
    }

    /// The formula as an any-of of thresholds over different nodes, if it is one.
    fn thresholds(&self) -> Option<Vec<Threshold>> {
        let is_any = |step: Option<&Step>| match step {
            Some(&Step::Choose { needed, of }) => Kind::of(needed, of) == Kind::Any,
            _ => false,
        };
        let body = match self.steps().split_last() {
            Some((last, body)) if is_any(Some(last)) => body,
            _ => self.steps(),
        };
        // The parts that wait for their gate: nodes, or gates that are among the thresholds already.
        let (mut thresholds, mut open) = (Vec::new(), Vec::new());
        for step in body {
            match *step {
                Step::Node(place) => open.push(Some(usize::from(place))),
                Step::Choose { needed, of } => {
                    let start = open.len().checked_sub(of.into())?;
                    let nodes: Option<Places> = open.drain(start..).collect();
                    let nodes = nodes.filter(|nodes| nodes.len() == usize::from(of))?;
                    let needed = needed.into();
                    thresholds.push(Threshold { needed, nodes });
                    open.push(None);
                }
            }
        }
        let alone = open.into_iter().flatten().map(|place| Threshold {
            needed: 1,
            nodes: Places::only(place),
        });
        thresholds.extend(alone);
        Some(thresholds)
    }
}
