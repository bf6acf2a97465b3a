//! The system: weighted members and two thresholds, checked to intersect when made.
//!
//! # Rules
//!
//! 1. A set of members is a read quorum when its weight reaches the read threshold, and a write
//!    quorum when it reaches the write threshold.
//! 2. *Every read quorum meets every write quorum.* A system in which they do not cannot be built.
//! 3. Quorums are upward closed: a set with a quorum inside is one.
//!
//! Two sets that do not meet exist exactly when some subset weighs at least the read threshold and
//! leaves at least the write threshold to the others. That is a subset-sum question, answered
//! exactly: thresholds that add up to no more than the total can still be safe, because weights are
//! lumps (2, 2 and 2 with thresholds of 3 and 3).

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

use crate::QuorumError;

/// The most members a system can have.
pub const MEMBERS_MAX: usize = 1_024;

/// The most that all members can weigh together.
pub const WEIGHT_MAX: u64 = 65_536;

/// One of the two kinds of quorum.
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
/// with a predicate over the members.
///
/// | made by | read quorum | write quorum | source |
/// |---|---|---|---|
/// | [`majority`](Self::majority) | more than half | more than half | Thomas 1979 |
/// | [`weighted`](Self::weighted) | more than half of the weight | the same | Gifford 1979 |
/// | [`flexible`](Self::flexible) | `read_size` nodes | `write_size` nodes | Howard, Malkhi and Spiegelman 2016 |
/// | [`weighted_flexible`](Self::weighted_flexible) | `read_weight` | `write_weight` | Gifford 1979 |
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
    /// Sorted by node; weights are positive.
    members: Vec<(N, u64)>,
    read_weight: u64,
    write_weight: u64,
    is_read_self_intersecting: bool,
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
    /// Complexity: O(members × weight of all) to build, when the thresholds alone do not tell.
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
        if let Some(chosen) = split(&members, total, read_weight, write_weight) {
            let part = |is_chosen| {
                let of_part = move |(_, chosen): &(_, &bool)| **chosen == is_chosen;
                let pairs = members.iter().zip(&chosen).filter(of_part);
                pairs.map(|((node, _), _)| node.clone()).collect()
            };
            return Err(QuorumError::Disjoint {
                read: part(true),
                write: part(false),
            });
        }
        let is_read_self_intersecting = split(&members, total, read_weight, read_weight).is_none();
        Ok(Self {
            members,
            read_weight,
            write_weight,
            is_read_self_intersecting,
        })
    }
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
    pub fn is_read_quorum(&self, has: impl FnMut(&N) -> bool) -> bool {
        self.weight_of(has) >= self.read_weight
    }

    /// Whether the members for which `has` is true are a write quorum. O(members).
    pub fn is_write_quorum(&self, has: impl FnMut(&N) -> bool) -> bool {
        self.weight_of(has) >= self.write_weight
    }

    /// The greatest value that a write quorum has reached: the members at or above it are a write
    /// quorum. `value_of` tells what each member has reached. O(members²), no allocation.
    ///
    /// This is how a leader finds what is committed.
    ///
    /// ```
    /// use quorum::QuorumSystem;
    /// let system = QuorumSystem::majority([0, 1, 2])?;
    /// let stored = [7, 9, 4];
    /// assert_eq!(system.write_watermark(|&node| stored[node]), 7);
    /// # Ok::<(), quorum::QuorumError<usize>>(())
    /// ```
    pub fn write_watermark<V: Copy + Default + Ord>(&self, value_of: impl Fn(&N) -> V) -> V {
        let mut best = None;
        for (candidate, _) in &self.members {
            let candidate = value_of(candidate);
            if best.is_none_or(|best| candidate > best)
                && self.is_write_quorum(|member| value_of(member) >= candidate)
            {
                best = Some(candidate);
            }
        }
        // All members together are a write quorum, so the least value always qualifies.
        best.unwrap_or_default()
    }

    /// Whether any two read quorums have a member in common. Raft's elections need that: two
    /// candidates of one term must not both win. The ballots of Paxos have one owner and do not.
    #[must_use]
    pub const fn is_read_self_intersecting(&self) -> bool {
        self.is_read_self_intersecting
    }

    fn weight_of(&self, mut has: impl FnMut(&N) -> bool) -> u64 {
        let chosen = self.members.iter().filter(|(node, _)| has(node));
        chosen.map(|(_, weight)| weight).sum()
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
        if members.len() > MEMBERS_MAX || total > WEIGHT_MAX {
            return Err(QuorumError::TooMany {
                count: members.len(),
                weight: total,
            });
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

/// A subset that weighs at least `least` and leaves at least `rest` to the others, by the subset-sum
/// recurrence: for every sum, the first member that completes it. `None` when there is none.
fn split<N>(members: &[(N, u64)], total: u64, least: u64, rest: u64) -> Option<Vec<bool>> {
    let most = total.checked_sub(rest)?;
    if least > most {
        return None;
    }
    let most = usize::try_from(most).ok()?;
    let least = usize::try_from(least).ok()?;
    const UNREACHED: u32 = u32::MAX;
    let mut completes = vec![UNREACHED; most + 1];
    let reached = |completes: &[u32], sum: usize| {
        sum == 0 || completes.get(sum).is_some_and(|&by| by != UNREACHED)
    };
    for (place, (_, weight)) in (0..).zip(members) {
        let weight = usize::try_from(*weight).ok()?;
        for sum in (weight..=most).rev() {
            if !reached(&completes, sum)
                && reached(&completes, sum - weight)
                && let Some(by) = completes.get_mut(sum)
            {
                *by = place;
            }
        }
    }
    let mut sum = (least..=most).find(|&sum| reached(&completes, sum))?;
    let mut chosen = vec![false; members.len()];
    while sum > 0 {
        let place = usize::try_from(*completes.get(sum)?).ok()?;
        *chosen.get_mut(place)? = true;
        sum = sum.checked_sub(usize::try_from(members.get(place)?.1).ok()?)?;
    }
    Some(chosen)
}
