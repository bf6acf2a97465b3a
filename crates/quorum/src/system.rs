//! The system: members and their two kinds of quorum, checked to intersect when made.
//!
//! # Rules
//!
//! 1. Of weighted members, a set is a read quorum when its weight reaches the read threshold, and a
//!    write quorum when it reaches the write threshold. Otherwise two expressions say it.
//! 2. *Every read quorum meets every write quorum.* A system in which they do not cannot be built.
//! 3. Quorums are upward closed: a set with a quorum inside is one.
//! 4. The members together are a quorum of either kind, and nobody is none.
//!
//! Whether weighted quorums meet is a subset-sum question, answered exactly (`disjoint`): thresholds
//! that add up to no more than the total can still be safe, because weights are lumps (2, 2 and 2 with
//! thresholds of 3 and 3). Whether those of expressions do is answered exactly too, or not at all
//! (`meet`).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt::{self, Debug};

use crate::disjoint::disjoint;
use crate::formula::Step;
use crate::pair::{Pair, parted};
use crate::places::Places;
use crate::{EXPRESSION_SIZE_MAX, Expression, ExpressionError, QuorumError};

/// The most members a system can have.
pub const MEMBERS_MAX: usize = 1_024;

/// The most that all members can weigh together.
pub const WEIGHT_MAX: u64 = 65_536;

/// So many values are compared without an allocation.
const FEW_MEMBERS: usize = 64;

/// One of the two kinds of quorum.
///
/// ```
/// assert_eq!(quorum::Side::Read.to_string(), "read");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// Those asked: the promises of Paxos's first phase, the votes of an election, the queries of a
    /// register.
    Read,
    /// Those told: the acceptances of the second phase, the copies that commit an entry, the updates
    /// of a register.
    Write,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// Which sets of nodes may decide: a checked pair of read and write quorums.
///
/// Generic over the name of a node. It holds no state of a protocol: whoever counts answers asks it
/// with a predicate over the members. Two systems are equal when they were made of the same members,
/// weights and thresholds, in whatever order, or of equal expressions.
///
/// | made by | read quorum | write quorum | source |
/// |---|---|---|---|
/// | [`majority`](Self::majority) | more than half | more than half | Thomas 1979 |
/// | [`weighted`](Self::weighted) | more than half of the weight | the same | Gifford 1979 |
/// | [`flexible`](Self::flexible) | `read_size` nodes | `write_size` nodes | Howard, Malkhi and Spiegelman 2016 |
/// | [`weighted_flexible`](Self::weighted_flexible) | `read_weight` | `write_weight` | Gifford 1979 |
/// | [`from_reads`](Self::from_reads) | an expression | its dual | Whittaker et al. 2021 |
/// | [`new`](Self::new) | an expression | another | the same |
///
/// [`grid`](Self::grid), [`maekawa`](Self::maekawa), [`tree`](Self::tree),
/// [`hierarchical`](Self::hierarchical), [`crumbling_wall`](Self::crumbling_wall),
/// [`triangular_wall`](Self::triangular_wall), [`wheel`](Self::wheel) and
/// [`projective_plane`](Self::projective_plane) make well-known ones.
///
/// ```
/// use quorum::QuorumSystem;
/// let system = QuorumSystem::majority(["a", "b", "c"])?;
/// assert!(system.is_write_quorum(|node| *node != "b"));
/// assert!(!system.is_write_quorum(|node| *node == "b"));
/// # Ok::<(), quorum::QuorumError<&str>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct QuorumSystem<N> {
    /// Sorted by node; weights are positive, and 1 where expressions rule.
    pub(crate) members: Vec<(N, u64)>,
    pub(crate) rule: Rule,
    is_read_self_intersecting: bool,
}

/// What makes members a quorum.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Rule {
    Weights { read: u64, write: u64 },
    Expressions(Box<Pair>),
}

impl<N: Clone + Debug + Ord> QuorumSystem<N> {
    /// More than half of the nodes, for reading and for writing.
    ///
    /// # Errors
    ///
    /// No node, a repeated one, or too many.
    pub fn majority(nodes: impl IntoIterator<Item = N>) -> Result<Self, QuorumError<N>> {
        Self::weighted(nodes.into_iter().map(|node| (node, 1)))
    }

    /// Nodes that hold more than half of the weight, for reading and for writing.
    ///
    /// # Errors
    ///
    /// No node, a repeated one, one without weight, or too many or too heavy ones.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::weighted([("big", 2), ("left", 1), ("right", 1)])?;
    /// assert!(system.is_write_quorum(|node| *node != "left"));
    /// assert!(!system.is_write_quorum(|node| *node != "big"));
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    pub fn weighted(nodes: impl IntoIterator<Item = (N, u64)>) -> Result<Self, QuorumError<N>> {
        let (members, total) = checked_members(nodes)?;
        let threshold = total / 2 + 1;
        Self::checked(members, total, threshold, threshold)
    }

    /// Any `read_size` nodes read and any `write_size` nodes write.
    ///
    /// # Errors
    ///
    /// Those of [`majority`](Self::majority); a size of zero or above the number of nodes; sizes
    /// that let two quorums miss each other (their sum is not above the number of nodes).
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// // Write to any two of five, ask any four.
    /// assert!(QuorumSystem::flexible(1..=5, 4, 2).is_ok());
    /// assert!(QuorumSystem::flexible(1..=5, 3, 2).is_err());
    /// ```
    pub fn flexible(
        nodes: impl IntoIterator<Item = N>,
        read_size: usize,
        write_size: usize,
    ) -> Result<Self, QuorumError<N>> {
        let weight = |size| u64::try_from(size).unwrap_or(u64::MAX);
        let nodes = nodes.into_iter().map(|node| (node, 1));
        Self::weighted_flexible(nodes, weight(read_size), weight(write_size))
    }

    /// Nodes of at least `read_weight` together read, and of at least `write_weight` write.
    ///
    /// # Errors
    ///
    /// Those of [`weighted`](Self::weighted); a threshold of zero or above the weight of all; a read
    /// quorum and a write quorum that have no node in common (they are shown).
    ///
    /// Complexity: O(members · log members) to build, and O(members × weight of all / 64) more when the
    /// thresholds alone do not tell that quorums meet.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let nodes = [("a", 2), ("b", 2), ("c", 2)];
    /// // 3 + 3 is not above 6, and yet any two quorums meet: no set weighs just 3.
    /// assert!(QuorumSystem::weighted_flexible(nodes, 3, 3).is_ok());
    /// assert!(QuorumSystem::weighted_flexible(nodes, 4, 2).is_err());
    /// ```
    pub fn weighted_flexible(
        nodes: impl IntoIterator<Item = (N, u64)>,
        read_weight: u64,
        write_weight: u64,
    ) -> Result<Self, QuorumError<N>> {
        let (members, total) = checked_members(nodes)?;
        Self::checked(members, total, read_weight, write_weight)
    }

    fn checked(
        members: Vec<(N, u64)>,
        total: u64,
        read_weight: u64,
        write_weight: u64,
    ) -> Result<Self, QuorumError<N>> {
        for (side, weight) in [(Side::Read, read_weight), (Side::Write, write_weight)] {
            if !(1..=total).contains(&weight) {
                return Err(QuorumError::OutOfReach {
                    side,
                    weight,
                    total,
                });
            }
        }
        if let Some(chosen) = disjoint(&members, total, read_weight, write_weight) {
            let (read, write) = parted(&members, &places(&chosen));
            return Err(QuorumError::Disjoint { read, write });
        }
        let is_read_self_intersecting =
            disjoint(&members, total, read_weight, read_weight).is_none();
        Ok(Self {
            members,
            rule: Rule::Weights {
                read: read_weight,
                write: write_weight,
            },
            is_read_self_intersecting,
        })
    }

    /// Reads by `reads`, writes by `writes`.
    ///
    /// # Errors
    ///
    /// A read quorum and a write quorum that have no node in common (they are shown); too many nodes;
    /// [`Entangled`](ExpressionError::Entangled) when an exact answer would take too long: whether all
    /// meet, or the resilience, or the least size.
    ///
    /// Complexity: a pass for each part when one side is the dual of the other, or when one side is any
    /// of plain thresholds and the other pays for no node twice. Otherwise a search of bounded length.
    ///
    /// ```
    /// use quorum::{Expression, QuorumSystem};
    /// let parse = |text: &str| text.parse::<Expression<String>>();
    /// let (rows, columns) = (parse("a*b + c*d")?, parse("a*c + b*d")?);
    /// assert!(QuorumSystem::new(rows.clone(), columns).is_ok());
    /// assert!(QuorumSystem::new(rows.clone(), rows).is_err());
    /// # Ok::<(), quorum::QuorumError<String>>(())
    /// ```
    pub fn new(reads: Expression<N>, writes: Expression<N>) -> Result<Self, QuorumError<N>> {
        Pair::new(&reads, Some(&writes)).map(Self::of_pair)
    }

    /// Reads by `reads`, writes by its dual: the most write quorums that can be allowed.
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when an exact answer would take too long.
    ///
    /// ```
    /// use quorum::{Expression, QuorumSystem, Side};
    /// let system = QuorumSystem::from_reads("a*b*c + d*e*f".parse::<Expression<String>>()?)?;
    /// assert!(system.is_write_quorum(|node| ["a", "f"].contains(&node.as_str())));
    /// assert_eq!((system.resilience(Side::Read), system.resilience(Side::Write)), (1, 2));
    /// # Ok::<(), quorum::QuorumError<String>>(())
    /// ```
    pub fn from_reads(reads: Expression<N>) -> Result<Self, QuorumError<N>> {
        Pair::new(&reads, None).map(Self::of_pair)
    }

    /// Writes by `writes`, reads by its dual.
    ///
    /// # Errors
    ///
    /// Those of [`from_reads`](Self::from_reads).
    ///
    /// ```
    /// use quorum::{Expression, QuorumSystem};
    /// let system = QuorumSystem::from_writes("a*b".parse::<Expression<String>>()?)?;
    /// assert!(system.is_read_quorum(|node| node == "b"));
    /// # Ok::<(), quorum::QuorumError<String>>(())
    /// ```
    pub fn from_writes(writes: Expression<N>) -> Result<Self, QuorumError<N>> {
        Self::from_reads(writes.dual())
    }

    fn of_pair((members, pair): (Vec<(N, u64)>, Pair)) -> Self {
        Self {
            members,
            is_read_self_intersecting: pair.disjoint_reads.is_none(),
            rule: Rule::Expressions(Box::new(pair)),
        }
    }

    /// The quorums of a side as an expression, whichever way the system was made. A member of weight
    /// `w` stands `w` times in a `choose`; one that no quorum of the side needs may be missing.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ExpressionError::TooLarge) when the weights do not fit into an expression.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let system = QuorumSystem::weighted([("a", 2), ("b", 1), ("c", 1)])?;
    /// assert_eq!(system.expression(Side::Read)?.to_string(), "choose(3, a, a, b, c)");
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    pub fn expression(&self, side: Side) -> Result<Expression<N>, ExpressionError> {
        let needed = match &self.rule {
            Rule::Expressions(pair) => {
                return Ok(Expression::from_formula(pair.formula(side), &self.members));
            }
            Rule::Weights { read, write } => of_side(side, *read, *write),
        };
        let total: u64 = self
            .members
            .iter()
            .map(|(_, weight)| weight.min(&needed))
            .sum();
        let size = usize::try_from(total)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let (Ok(needed), Ok(of)) = (u16::try_from(needed), u16::try_from(total)) else {
            return Err(ExpressionError::TooLarge { size });
        };
        if size > EXPRESSION_SIZE_MAX {
            return Err(ExpressionError::TooLarge { size });
        }
        let mut steps = Vec::with_capacity(size);
        for (place, (_, weight)) in (0_u16..).zip(&self.members) {
            let times = u16::try_from(*weight).unwrap_or(needed).min(needed);
            steps.extend((0..times).map(|_| Step::Node(place)));
        }
        steps.push(Step::Choose { needed, of });
        Expression::named(self.members().cloned().collect(), steps)
    }
}

/// The chosen ones, by place.
fn places(chosen: &[bool]) -> Places {
    let chosen = chosen.iter().enumerate();
    chosen
        .filter(|(_, chosen)| **chosen)
        .map(|(place, _)| place)
        .collect()
}

impl<N> QuorumSystem<N> {
    /// The members, in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &N> {
        self.members.iter().map(|(node, _)| node)
    }

    /// How many members there are; at least one.
    #[must_use]
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// Whether `node` is a member. O(log members).
    #[must_use]
    pub fn contains(&self, node: &N) -> bool
    where
        N: Ord,
    {
        let place = self
            .members
            .binary_search_by(|(member, _)| member.cmp(node));
        place.is_ok()
    }

    /// Whether the members for which `has` is true are a read quorum. O(members).
    ///
    /// `has` is asked exactly once for each member, in the order of [`members`](Self::members): a
    /// caller that keeps its answers in that order can step along.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::flexible(0..5, 4, 2)?;
    /// let answered = [true, true, false, true, true];
    /// let mut answers = answered.iter();
    /// assert!(system.is_read_quorum(|_| answers.next() == Some(&true)));
    /// assert!(!system.is_read_quorum(|&node| node != 1 && answered[node]));
    /// # Ok::<(), quorum::QuorumError<usize>>(())
    /// ```
    pub fn is_read_quorum(&self, has: impl FnMut(&N) -> bool) -> bool {
        self.is_quorum(Side::Read, has)
    }

    /// Whether the members for which `has` is true are a write quorum. O(members).
    ///
    /// `has` is asked like that of [`is_read_quorum`](Self::is_read_quorum).
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::flexible(1..=5, 4, 2)?;
    /// assert!(system.is_write_quorum(|&node| node > 3));
    /// assert!(!system.is_write_quorum(|&node| node > 4));
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    pub fn is_write_quorum(&self, has: impl FnMut(&N) -> bool) -> bool {
        self.is_quorum(Side::Write, has)
    }

    /// The greatest value that a write quorum has reached: the members at or above it are a write
    /// quorum. This is how a leader finds what is committed.
    ///
    /// `value_of` tells what a member has reached. It is asked exactly once for each, in the order of
    /// [`members`](Self::members). O(members · log members); no allocation up to 64 weighted members.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority([0, 1, 2])?;
    /// let stored = [7, 9, 4];
    /// assert_eq!(system.write_watermark(|&node| stored[node]), 7);
    /// # Ok::<(), quorum::QuorumError<usize>>(())
    /// ```
    pub fn write_watermark<V: Copy + Default + Ord>(&self, mut value_of: impl FnMut(&N) -> V) -> V {
        let write_weight = match &self.rule {
            Rule::Weights { write, .. } => *write,
            Rule::Expressions(pair) => {
                let values: Vec<V> = self.members().map(value_of).collect();
                let value_of = |place| values.get(place).copied().unwrap_or_default();
                let formula = pair.formula(Side::Write);
                return formula.watermark(value_of).unwrap_or_default();
            }
        };
        let mut few = [(V::default(), 0); FEW_MEMBERS];
        let mut many = Vec::new();
        let reached = match few.get_mut(..self.members.len()) {
            Some(few) => few,
            None => {
                many.resize(self.members.len(), (V::default(), 0));
                many.as_mut_slice()
            }
        };
        for (place, (node, weight)) in reached.iter_mut().zip(&self.members) {
            *place = (value_of(node), *weight);
        }
        reached.sort_unstable_by_key(|&(value, _)| Reverse(value));
        let mut weight = 0;
        for &(value, more) in &*reached {
            weight += more;
            if weight >= write_weight {
                return value;
            }
        }
        // Not reached: all members together are a write quorum.
        V::default()
    }

    /// Whether any two read quorums have a member in common. Raft's elections need that: two
    /// candidates of one term must not both win. The ballots of Paxos have one owner and do not.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// assert!(QuorumSystem::majority(1..=4)?.is_read_self_intersecting());
    /// // Read from any two, write to any three: two reads may ask different nodes.
    /// assert!(!QuorumSystem::flexible(1..=4, 2, 3)?.is_read_self_intersecting());
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    #[must_use]
    pub const fn is_read_self_intersecting(&self) -> bool {
        self.is_read_self_intersecting
    }

    /// Two read quorums that have no member in common, to show to whoever needs them to meet. `None`
    /// when [any two meet](Self::is_read_self_intersecting).
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::flexible(1..=4, 2, 3)?;
    /// assert_eq!(system.disjoint_read_quorums(), Some((vec![1, 2], vec![3, 4])));
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    #[must_use]
    pub fn disjoint_read_quorums(&self) -> Option<(Vec<N>, Vec<N>)>
    where
        N: Clone,
    {
        let chosen = match &self.rule {
            Rule::Weights { read, .. } => {
                let total = self.weight_of(|_| true);
                places(&disjoint(&self.members, total, *read, *read)?)
            }
            Rule::Expressions(pair) => pair.disjoint_reads?,
        };
        Some(parted(&self.members, &chosen))
    }

    /// The fewest members that are a quorum: of weighted ones, the heaviest. O(members · log members),
    /// and O(1) for expressions.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let system = QuorumSystem::weighted([("big", 3), ("left", 1), ("right", 1)])?;
    /// assert_eq!(system.size_min(Side::Write), 1);
    /// # Ok::<(), quorum::QuorumError<&str>>(())
    /// ```
    #[must_use]
    pub fn size_min(&self, side: Side) -> usize {
        let threshold = match &self.rule {
            Rule::Weights { read, write } => of_side(side, *read, *write),
            Rule::Expressions(pair) => return pair.size_min(side),
        };
        let mut weight = 0;
        let mut weights = self.weights();
        weights.sort_unstable_by_key(|&weight| Reverse(weight));
        let short = weights.iter().take_while(|&&more| {
            weight += more;
            weight < threshold
        });
        short.count() + 1
    }

    /// How many members may fail, whichever they are, with a quorum left among the others (Naor and
    /// Wool 1998). O(members · log members), and O(1) for expressions.
    ///
    /// ```
    /// use quorum::{QuorumSystem, Side};
    /// let system = QuorumSystem::flexible(1..=5, 4, 2)?;
    /// assert_eq!((system.resilience(Side::Read), system.resilience(Side::Write)), (1, 3));
    /// // Without the one that decides alone there is nothing.
    /// let system = QuorumSystem::weighted([(1, 3), (2, 1), (3, 1)])?;
    /// assert_eq!(system.resilience(Side::Write), 0);
    /// # Ok::<(), quorum::QuorumError<u32>>(())
    /// ```
    #[must_use]
    pub fn resilience(&self, side: Side) -> usize {
        let threshold = match &self.rule {
            Rule::Weights { read, write } => of_side(side, *read, *write),
            Rule::Expressions(pair) => return pair.resilience(side),
        };
        let mut left = self.weight_of(|_| true);
        let mut weights = self.weights();
        weights.sort_unstable_by_key(|&weight| Reverse(weight));
        let spared = weights.iter().take_while(|&&weight| {
            left -= weight;
            left >= threshold
        });
        spared.count()
    }

    fn is_quorum(&self, side: Side, mut has: impl FnMut(&N) -> bool) -> bool {
        match &self.rule {
            Rule::Weights { read, write } => self.weight_of(has) >= of_side(side, *read, *write),
            Rule::Expressions(pair) => {
                let mut places = Places::none();
                for (place, node) in self.members().enumerate() {
                    places.set(place, has(node));
                }
                pair.formula(side).holds(&places)
            }
        }
    }

    fn weights(&self) -> Vec<u64> {
        self.members.iter().map(|(_, weight)| *weight).collect()
    }

    fn weight_of(&self, mut has: impl FnMut(&N) -> bool) -> u64 {
        let chosen = self.members.iter().filter(|(node, _)| has(node));
        chosen.map(|(_, weight)| weight).sum()
    }
}

const fn of_side(side: Side, read: u64, write: u64) -> u64 {
    match side {
        Side::Read => read,
        Side::Write => write,
    }
}

type Members<N> = (Vec<(N, u64)>, u64);

fn checked_members<N: Clone + Debug + Ord>(
    nodes: impl IntoIterator<Item = (N, u64)>,
) -> Result<Members<N>, QuorumError<N>> {
    let mut members = Vec::new();
    let mut total: u64 = 0;
    for (node, weight) in nodes {
        if weight == 0 {
            return Err(QuorumError::NoWeight { node });
        }
        members.push((node, weight));
        total = total.saturating_add(weight);
        // Inside the loop: the iterator may not end.
        if members.len() > MEMBERS_MAX {
            let count = members.len();
            return Err(QuorumError::TooManyMembers { count });
        }
        if total > WEIGHT_MAX {
            return Err(QuorumError::TooHeavy { weight: total });
        }
    }
    if members.is_empty() {
        return Err(QuorumError::NoMembers);
    }
    members.sort_by(|(one, _), (two, _)| one.cmp(two));
    let neighbours = members.iter().zip(members.iter().skip(1));
    for ((node, _), (next, _)) in neighbours {
        if node == next {
            return Err(QuorumError::Repeated { node: node.clone() });
        }
    }
    Ok((members, total))
}
