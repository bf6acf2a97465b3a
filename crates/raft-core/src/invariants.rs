//! Invariants: Raft's promises as functions over the nodes' states, for simulators and explorers.
//!
//! The names are those of figure 3 of the Raft paper. [`election_safety`] and [`log_matching`] look
//! at one moment; a [`Ledger`] remembers what was ever led and committed, and is fed a node after
//! each of its steps.
//!
//! ```
//! use raft_core::invariants::{election_safety, Ledger};
//! use raft_core::{Config, Raft};
//! use transport::{NodeId, Recover};
//!
//! let config = Config::new(NodeId(1), [NodeId(1)]).unwrap();
//! let raft: Raft<u64> = Raft::recover(&config, vec![]).unwrap();
//! let mut ledger = Ledger::new();
//! ledger.observe(&raft).unwrap();
//! election_safety([&raft]).unwrap();
//! assert_eq!(ledger.committed().last().index.0, 0);
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use quorum::QuorumSystem;
use transport::NodeId;

use crate::config::Nodes;
use crate::{Batch, Command, Index, Log, Raft, Role, Term};

/// A promise that was broken, and by whom.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// Two nodes led the same term.
    #[error("election safety: {first} and {second} both led {term}")]
    ElectionSafety {
        /// The term.
        term: Term,
        /// One leader.
        first: NodeId,
        /// The other.
        second: NodeId,
    },
    /// Two logs hold the same term at an index, yet differ at or before it.
    #[error("log matching: logs that agree on {agreed} differ at {differs}")]
    LogMatching {
        /// An index at which the terms are equal.
        agreed: Index,
        /// An index at or before it at which the entries differ.
        differs: Index,
    },
    /// A new leader lacks an entry that was committed in an earlier term.
    #[error("leader completeness: {leader} leads {term} without the committed entry {missing}")]
    LeaderCompleteness {
        /// The leader.
        leader: NodeId,
        /// Its term.
        term: Term,
        /// The entry it lacks.
        missing: Index,
    },
    /// Two nodes committed different entries at an index.
    #[error(
        "state machine safety: {node} committed another entry at {index} than was committed before"
    )]
    StateMachineSafety {
        /// The second node.
        node: NodeId,
        /// The index.
        index: Index,
    },
    /// A committed entry would not be found on a write quorum if every node crashed now.
    #[error("committed entry {index} is durable on {}, which is no write quorum", Nodes(.holders))]
    CommittedIsDurable {
        /// The last committed index.
        index: Index,
        /// The nodes whose durable logs hold it.
        holders: Vec<NodeId>,
    },
    /// A node's term or commit index fell, or it changed its vote within a term.
    #[error("monotone state: the {what} of {node} went back")]
    WentBack {
        /// The node.
        node: NodeId,
        /// What went back.
        what: &'static str,
    },
}

impl Broken {
    /// The promise's name, as tools print it.
    ///
    /// ```
    /// use raft_core::invariants::Broken;
    /// use transport::NodeId;
    /// let broken = Broken::WentBack { node: NodeId(1), what: "term" };
    /// assert_eq!(broken.rule(), "monotone-state");
    /// ```
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::ElectionSafety { .. } => "election-safety",
            Self::LogMatching { .. } => "log-matching",
            Self::LeaderCompleteness { .. } => "leader-completeness",
            Self::StateMachineSafety { .. } => "state-machine-safety",
            Self::CommittedIsDurable { .. } => "committed-is-durable",
            Self::WentBack { .. } => "monotone-state",
        }
    }
}

/// No two of these nodes lead the same term now. O(nodes · log nodes).
///
/// # Errors
///
/// [`Broken::ElectionSafety`].
pub fn election_safety<'a, T: 'a>(
    nodes: impl IntoIterator<Item = &'a Raft<T>>,
) -> Result<(), Broken> {
    let mut leaders = BTreeMap::new();
    for node in nodes {
        if node.role() == Role::Leader {
            note_leader(&mut leaders, node)?;
        }
    }
    Ok(())
}

fn note_leader<T>(leaders: &mut BTreeMap<Term, NodeId>, node: &Raft<T>) -> Result<(), Broken> {
    let (term, second) = (node.term(), node.config().id());
    let first = *leaders.entry(term).or_insert(second);
    if first == second {
        Ok(())
    } else {
        Err(Broken::ElectionSafety {
            term,
            first,
            second,
        })
    }
}

/// If two logs agree on the term at an index, they are equal up to it. O(entries).
///
/// ```
/// use raft_core::invariants::{Broken, log_matching};
/// use raft_core::{Batch, Index, Log, Term};
/// let log = |command: u64| {
///     let mut log = Log::new();
///     log.append(Batch::commands(Term(1), Index(1), [command]).unwrap());
///     log
/// };
/// assert_eq!(log_matching(&log(7), &log(7)), Ok(()));
/// let (agreed, differs) = (Index(1), Index(1));
/// assert_eq!(log_matching(&log(7), &log(8)), Err(Broken::LogMatching { agreed, differs }));
/// ```
///
/// # Errors
///
/// [`Broken::LogMatching`].
pub fn log_matching<T: Command + PartialEq>(a: &Log<T>, b: &Log<T>) -> Result<(), Broken> {
    let mut agreed = a.last().index.min(b.last().index);
    while agreed > Index(0) && a.term_at(agreed) != b.term_at(agreed) {
        agreed = agreed.previous();
    }
    match first_difference(a, b, Index(1), agreed) {
        Some(differs) => Err(Broken::LogMatching { agreed, differs }),
        None => Ok(()),
    }
}

/// [`log_matching`] for a log that has just grown by its last batch, in O(that batch): if the other
/// log agrees on its end, it agrees on the batch and on the place before it. Asked after each growth
/// of every log, it gives log matching for all of them by induction.
///
/// # Errors
///
/// [`Broken::LogMatching`].
///
/// ```
/// use raft_core::invariants::last_batch_matches;
/// use raft_core::{Batch, Index, Log, Term};
/// let (mut a, mut b) = (Log::new(), Log::new());
/// a.append(Batch::commands(Term(1), Index(1), [1_u64, 2]).unwrap());
/// b.append(Batch::commands(Term(1), Index(1), [9_u64, 2]).unwrap());
/// assert!(last_batch_matches(&a, &b).is_err());
/// ```
pub fn last_batch_matches<T: Command + PartialEq>(
    grown: &Log<T>,
    other: &Log<T>,
) -> Result<(), Broken> {
    let Some(batch) = grown.batches().last() else {
        return Ok(());
    };
    let agreed = batch.last();
    if other.term_at(agreed) != Some(batch.term()) {
        return Ok(());
    }
    // Index 0 is in every log.
    let from = batch.first().previous();
    match first_difference(grown, other, from, agreed) {
        Some(differs) => Err(Broken::LogMatching { agreed, differs }),
        None => Ok(()),
    }
}

/// The first index of the range at which two logs differ.
fn first_difference<T: Command + PartialEq>(
    a: &Log<T>,
    b: &Log<T>,
    from: Index,
    to: Index,
) -> Option<Index> {
    let mut index = from;
    while index <= to {
        if a.term_at(index) != b.term_at(index) || a.command(index) != b.command(index) {
            return Some(index);
        }
        index = index.next();
    }
    None
}

/// What was ever led and committed in a cluster, and each node's last state.
///
/// Feeding it a node whose state did not change costs O(log nodes).
///
/// ```
/// use raft_core::invariants::{Broken, Ledger};
/// use raft_core::{Config, Raft, Record, Term};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(1), [NodeId(1)]).unwrap();
/// let in_term = |term| -> Raft<u64> {
///     let record = Record::Ballot { term: Term(term), vote: None };
///     Raft::recover(&config, vec![Stored { token: Token(1), record }]).unwrap()
/// };
/// let mut ledger = Ledger::new();
/// ledger.observe(&in_term(5)).unwrap();
/// let (node, what) = (NodeId(1), "term");
/// assert_eq!(ledger.observe(&in_term(4)), Err(Broken::WentBack { node, what }));
/// // After a crash a node may know less; what was committed and led stays on record.
/// ledger.forget(node);
/// ledger.observe(&in_term(4)).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Ledger<T> {
    leaders: BTreeMap<Term, NodeId>,
    committed: Log<T>,
    /// For runs of committed entries: the last index, and the term in which they were committed.
    committed_in: Vec<(Index, Term)>,
    seen: BTreeMap<NodeId, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    term: Term,
    vote: Option<NodeId>,
    commit: Index,
    led: bool,
}

impl<T: Command + PartialEq> Ledger<T> {
    /// A ledger of a cluster that has done nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            leaders: BTreeMap::new(),
            committed: Log::new(),
            committed_in: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Every entry that was ever committed.
    #[must_use]
    pub const fn committed(&self) -> &Log<T> {
        &self.committed
    }

    /// Judges a node after one of its steps.
    ///
    /// # Errors
    ///
    /// The first promise that the node breaks, alone or with what was seen before.
    pub fn observe(&mut self, node: &Raft<T>) -> Result<(), Broken> {
        let id = node.config().id();
        let before = self.seen.get(&id).copied();
        let now = Seen {
            term: node.term(),
            vote: node.vote(),
            commit: node.commit(),
            led: node.role() == Role::Leader,
        };
        if let Some(before) = before {
            went_back(id, before, now)?;
        }
        let was_leading = before.is_some_and(|seen| seen.led && seen.term == now.term);
        if now.led && !was_leading {
            note_leader(&mut self.leaders, node)?;
            self.leader_completeness(node)?;
        }
        let known = before.map_or(Index(0), |seen| seen.commit);
        if now.commit > known {
            self.state_machine_safety(node, known.next())?;
        }
        self.seen.insert(id, now);
        Ok(())
    }

    /// The node crashed: what it knows may go back to what was durable.
    pub fn forget(&mut self, node: NodeId) {
        self.seen.remove(&node);
    }

    /// If every node crashed now, a write quorum would still hold the last committed entry. `recovered`
    /// are all nodes as their durable records would rebuild them; the first one's quorum system judges.
    ///
    /// # Errors
    ///
    /// [`Broken::CommittedIsDurable`].
    pub fn committed_is_durable<'a>(
        &self,
        recovered: impl IntoIterator<Item = &'a Raft<T>>,
    ) -> Result<(), Broken>
    where
        T: 'a,
    {
        let last = self.committed.last();
        let (mut holders, mut system) = (Vec::new(), None);
        for node in recovered {
            let config = node.config();
            system = system.or(Some(config.quorum_system()));
            if node.log().term_at(last.index) == Some(last.term) {
                holders.push(config.id());
            }
        }
        let is_held = |system: &QuorumSystem<_>| system.is_write_quorum(|id| holders.contains(id));
        if last.index == Index(0) || system.is_none_or(is_held) {
            return Ok(());
        }
        Err(Broken::CommittedIsDurable {
            index: last.index,
            holders,
        })
    }

    fn leader_completeness(&self, leader: &Raft<T>) -> Result<(), Broken> {
        let runs = self
            .committed_in
            .partition_point(|&(_, term)| term < leader.term());
        let Some(&(last, _)) = runs
            .checked_sub(1)
            .and_then(|run| self.committed_in.get(run))
        else {
            return Ok(());
        };
        // Log matching makes the last entry stand for all before it.
        if leader.log().term_at(last) == self.committed.term_at(last) {
            return Ok(());
        }
        let missing =
            first_difference(leader.log(), &self.committed, Index(1), last).unwrap_or(last);
        Err(Broken::LeaderCompleteness {
            leader: leader.config().id(),
            term: leader.term(),
            missing,
        })
    }

    fn state_machine_safety(&mut self, node: &Raft<T>, from: Index) -> Result<(), Broken> {
        let agreed = self.committed.last().index.min(node.commit());
        if let Some(index) = first_difference(node.log(), &self.committed, from, agreed) {
            return Err(Broken::StateMachineSafety {
                node: node.config().id(),
                index,
            });
        }
        let fresh: Vec<Batch<T>> = node
            .log()
            .range(self.committed.last().index.next(), node.commit())
            .collect();
        for batch in fresh {
            let last = batch.last();
            self.committed.append(batch);
            match self.committed_in.last_mut() {
                Some(run) if run.1 >= node.term() => run.0 = last,
                _ => self.committed_in.push((last, node.term())),
            }
        }
        Ok(())
    }
}

fn went_back(node: NodeId, before: Seen, now: Seen) -> Result<(), Broken> {
    let changed_vote = now.term == before.term && before.vote.is_some() && now.vote != before.vote;
    let what = if now.term < before.term {
        "term"
    } else if now.commit < before.commit {
        "commit index"
    } else if changed_vote {
        "vote"
    } else {
        return Ok(());
    };
    Err(Broken::WentBack { node, what })
}

impl<T: Command + PartialEq> Default for Ledger<T> {
    fn default() -> Self {
        Self::new()
    }
}
