//! Two formulas over the members of a system, checked to intersect, and what is asked of them often.

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::formula::Formula;
use crate::meet::apart;
use crate::places::Places;
use crate::{Expression, MEMBERS_MAX, QuorumError, Side};

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Pair {
    reads: Sided,
    writes: Sided,
    /// A read quorum whose rest is one too.
    pub(crate) disjoint_reads: Option<Places>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Sided {
    formula: Formula,
    size_min: usize,
    resilience: usize,
}

impl Sided {
    fn new<N: Debug>(formula: Formula) -> Result<Self, QuorumError<N>> {
        Ok(Self {
            size_min: formula.size_min()?,
            resilience: formula.resilience()?,
            formula,
        })
    }
}

type Paired<N> = (Vec<(N, u64)>, Pair);

impl Pair {
    /// The members, each of weight 1, and the pair. Without `writes`, they are the dual of `reads`.
    pub(crate) fn new<N: Clone + Debug + Ord>(
        reads: &Expression<N>,
        writes: Option<&Expression<N>>,
    ) -> Result<Paired<N>, QuorumError<N>> {
        let members = members(reads, writes)?;
        let (left, right) = match writes {
            Some(writes) => (reads.over(&members), writes.over(&members)),
            None => (reads.over(&members), reads.over(&members).dual()),
        };
        // The dual has just the sets that meet every quorum.
        if writes.is_some()
            && let Some(read) = apart(&left, &right)?
        {
            let (read, write) = parted(&members, &read);
            return Err(QuorumError::Disjoint { read, write });
        }
        let disjoint_reads = apart(&left, &left)?;
        let pair = Self {
            reads: Sided::new(left)?,
            writes: Sided::new(right)?,
            disjoint_reads,
        };
        Ok((members, pair))
    }

    pub(crate) const fn formula(&self, side: Side) -> &Formula {
        &self.sided(side).formula
    }

    pub(crate) const fn size_min(&self, side: Side) -> usize {
        self.sided(side).size_min
    }

    pub(crate) const fn resilience(&self, side: Side) -> usize {
        self.sided(side).resilience
    }

    const fn sided(&self, side: Side) -> &Sided {
        match side {
            Side::Read => &self.reads,
            Side::Write => &self.writes,
        }
    }
}

fn members<N: Clone + Debug + Ord>(
    reads: &Expression<N>,
    writes: Option<&Expression<N>>,
) -> Result<Vec<(N, u64)>, QuorumError<N>> {
    let both = reads
        .nodes()
        .chain(writes.into_iter().flat_map(Expression::nodes));
    let mut nodes: Vec<N> = both.cloned().collect();
    nodes.sort();
    nodes.dedup();
    if nodes.len() > MEMBERS_MAX {
        let count = nodes.len();
        return Err(QuorumError::TooManyMembers { count });
    }
    Ok(nodes.into_iter().map(|node| (node, 1)).collect())
}

/// The members that are chosen, and the others.
pub(crate) fn parted<N: Clone>(members: &[(N, u64)], chosen: &Places) -> (Vec<N>, Vec<N>) {
    let part = |of_part: bool| {
        let pairs = members.iter().enumerate();
        let kept = pairs.filter(|(place, _)| chosen.contains(*place) == of_part);
        kept.map(|(_, (node, _))| node.clone()).collect()
    };
    (part(true), part(false))
}
