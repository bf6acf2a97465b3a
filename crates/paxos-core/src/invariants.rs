//! Invariants: what Paxos promises, as functions over the nodes' states, for simulators and explorers.
//!
//! [`agreement`] and [`one_value_a_ballot`] look at one moment, [`decided_is_durable`] at what would be
//! left if everybody crashed; a [`Ledger`] remembers what was proposed, accepted and decided, and is
//! fed a node after each of its steps.
//!
//! | rule | source |
//! |---|---|
//! | agreement | *Paxos Made Simple*, §2: only a single value is chosen |
//! | validity | the same: only a value that has been proposed may be chosen |
//! | promise-monotone, one-value-a-ballot | the same, §2.2: P1a, and a proposer's unique number |
//! | decision-stable | *The Part-Time Parliament*, §2.1: entries in ink |
//! | nothing-forgotten | *Paxos Made Simple*, §2.5: an acceptor remembers across failures |
//! | decided-is-durable | *Paxos Made Simple*, §2.5: an acceptor records its response before it sends it |
//!
//! ```
//! use paxos_core::invariants::{Ledger, agreement};
//! use paxos_core::{Config, Paxos};
//! use quorum::QuorumSystem;
//! use transport::{NodeId, Recover};
//!
//! let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
//! let paxos: Paxos<u64> = Paxos::recover(&config, vec![]).unwrap();
//! let mut ledger = Ledger::new();
//! ledger.propose(7);
//! ledger.observe(&paxos).unwrap();
//! agreement([&paxos]).unwrap();
//! assert_eq!(ledger.decided(), None);
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use transport::{NodeId, Stored};

use crate::{Ballot, Paxos, Proposal, Record, Value};

/// A promise that was broken, and by whom.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// Two different values were decided.
    #[error("agreement: {second} decided another value than {first} did")]
    Agreement {
        /// Who decided first.
        first: NodeId,
        /// Who decided something else.
        second: NodeId,
    },
    /// A value was accepted or decided that nobody had proposed.
    #[error("validity: {node} holds a value that nobody proposed")]
    Validity {
        /// The node.
        node: NodeId,
    },
    /// A promise fell, or the ballot accepted did.
    #[error("monotone promise: the {what} of {node} went back")]
    WentBack {
        /// The node.
        node: NodeId,
        /// What went back.
        what: &'static str,
    },
    /// Two values were accepted in one ballot.
    #[error("two values in {ballot}")]
    SecondValue {
        /// The ballot.
        ballot: Ballot,
    },
    /// A node knew the decision, and then another one or none.
    #[error("stable decision: {node} changed its decision")]
    DecisionChanged {
        /// The node.
        node: NodeId,
    },
    /// A decided value would not be found on a write quorum if every node crashed now.
    #[error("the decided value is durable on {copies} nodes, which are no write quorum")]
    DecidedIsDurable {
        /// How many nodes hold it.
        copies: usize,
    },
    /// A node came back knowing less than its disk holds.
    #[error("nothing forgotten: {node} came back without the {what} on its disk")]
    Forgot {
        /// The node.
        node: NodeId,
        /// What it forgot.
        what: &'static str,
    },
}

impl Broken {
    /// The promise's name, as tools print it.
    ///
    /// ```
    /// use paxos_core::invariants::Broken;
    /// use transport::NodeId;
    /// let broken = Broken::Agreement { first: NodeId(1), second: NodeId(2) };
    /// assert_eq!(broken.rule(), "agreement");
    /// ```
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Agreement { .. } => "agreement",
            Self::Validity { .. } => "validity",
            Self::WentBack { .. } => "promise-monotone",
            Self::SecondValue { .. } => "one-value-a-ballot",
            Self::DecisionChanged { .. } => "decision-stable",
            Self::DecidedIsDurable { .. } => "decided-is-durable",
            Self::Forgot { .. } => "nothing-forgotten",
        }
    }
}

/// All of these nodes that know a decision know the same. O(nodes).
///
/// # Errors
///
/// [`Broken::Agreement`].
pub fn agreement<'a, V: Value + 'a>(
    nodes: impl IntoIterator<Item = &'a Paxos<V>>,
) -> Result<(), Broken> {
    let mut first: Option<(NodeId, &V)> = None;
    for node in nodes {
        let (second, Some(value)) = (node.config().id(), node.decided()) else {
            continue;
        };
        match first {
            Some((first, decided)) if decided != value => {
                return Err(Broken::Agreement { first, second });
            }
            _ => first = Some((second, value)),
        }
    }
    Ok(())
}

/// No two of these nodes have accepted different values in one ballot. O(nodes²).
///
/// # Errors
///
/// [`Broken::SecondValue`].
pub fn one_value_a_ballot<'a, V: Value + 'a>(
    nodes: impl IntoIterator<Item = &'a Paxos<V>>,
) -> Result<(), Broken> {
    let accepted = nodes
        .into_iter()
        .filter_map(|node| node.acceptor().accepted());
    let accepted: Vec<&Proposal<V>> = accepted.collect();
    for (place, one) in accepted.iter().enumerate() {
        let others = accepted.iter().skip(place);
        if let Some(other) = others
            .clone()
            .find(|other| other.ballot == one.ballot && other != &one)
        {
            let ballot = other.ballot;
            return Err(Broken::SecondValue { ballot });
        }
    }
    Ok(())
}

/// A write quorum of these nodes has accepted or knows `decided`. `recovered` are all members, each
/// as its durable records would rebuild it: if everybody crashed now, the decision would be found.
///
/// ```
/// use paxos_core::invariants::{Broken, decided_is_durable};
/// use paxos_core::{Config, Paxos};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover};
/// let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
/// let forgetful = Paxos::recover(&config, vec![]).unwrap();
/// let broken = decided_is_durable(&7_u64, [&forgetful]).unwrap_err();
/// assert_eq!(broken, Broken::DecidedIsDurable { copies: 0 });
/// ```
///
/// # Errors
///
/// [`Broken::DecidedIsDurable`].
pub fn decided_is_durable<'a, V: Value + 'a>(
    decided: &V,
    recovered: impl IntoIterator<Item = &'a Paxos<V>>,
) -> Result<(), Broken> {
    let mut quorums = None;
    let mut holders = Vec::new();
    for node in recovered {
        quorums = Some(node.config().quorums());
        let accepted = node.acceptor().accepted().map(|proposal| &proposal.value);
        if node.decided() == Some(decided) || accepted == Some(decided) {
            holders.push(node.config().id());
        }
    }
    if quorums.is_some_and(|quorums| quorums.is_write_quorum(|node| holders.contains(node))) {
        return Ok(());
    }
    let copies = holders.len();
    Err(Broken::DecidedIsDurable { copies })
}

/// A node that has just recovered from `records` promises and holds at least what they name, by a
/// reading of them that is not the node's own. O(records).
///
/// ```
/// use paxos_core::invariants::{Broken, nothing_forgotten};
/// use paxos_core::{Ballot, Config, Paxos, Record};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let node = NodeId(1);
/// let config = Config::new(node, QuorumSystem::majority([node]).unwrap()).unwrap();
/// let record = Record::<u64>::Promised(Ballot { round: 1, node });
/// let records = vec![Stored { token: Token(1), record }];
/// let forgetful = Paxos::recover(&config, vec![]).unwrap();
/// let what = "promise";
/// assert_eq!(nothing_forgotten(&forgetful, &records), Err(Broken::Forgot { node, what }));
/// ```
///
/// # Errors
///
/// [`Broken::Forgot`].
pub fn nothing_forgotten<V: Value>(
    node: &Paxos<V>,
    records: &[Stored<Record<V>>],
) -> Result<(), Broken> {
    let (mut promised, mut accepted, mut decided) = (None, None, None);
    for stored in records {
        match &stored.record {
            Record::Promised(ballot) => promised = promised.max(Some(*ballot)),
            Record::Accepted(proposal) => accepted = accepted.max(Some(proposal.ballot)),
            Record::State {
                promised: ballot,
                accepted: proposal,
            } => {
                promised = promised.max(Some(*ballot));
                accepted = accepted.max(proposal.as_ref().map(|proposal| proposal.ballot));
            }
            Record::Decided(value) => decided = Some(value),
        }
    }
    let acceptor = node.acceptor();
    let what = if decided != node.decided() {
        "decision"
    } else if acceptor.promised() < promised.max(accepted) {
        "promise"
    } else if acceptor.accepted().map(|proposal| proposal.ballot) < accepted {
        "accepted proposal"
    } else {
        return Ok(());
    };
    let node = node.config().id();
    Err(Broken::Forgot { node, what })
}

/// What was ever proposed, accepted and decided in a cluster, and each node's last state.
///
/// Feeding it a node whose state did not change costs O(log ballots) and one comparison of values.
///
/// ```
/// use paxos_core::invariants::{Broken, Ledger};
/// use paxos_core::{Config, Paxos, Record};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let knows = |node, value: u64| {
///     let config = Config::new(NodeId(node), quorums.clone()).unwrap();
///     let record = Record::Decided(value);
///     Paxos::recover(&config, vec![Stored { token: Token(1), record }]).unwrap()
/// };
/// let mut ledger = Ledger::new();
/// ledger.propose(7);
/// ledger.propose(8);
/// ledger.observe(&knows(1, 7)).unwrap();
/// let (first, second) = (NodeId(1), NodeId(2));
/// assert_eq!(ledger.observe(&knows(2, 8)), Err(Broken::Agreement { first, second }));
/// ```
#[derive(Clone, Debug)]
pub struct Ledger<V> {
    proposed: Vec<V>,
    accepted: BTreeMap<Ballot, V>,
    decided: Option<(NodeId, V)>,
    seen: BTreeMap<NodeId, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    promised: Option<Ballot>,
    accepted: Option<Ballot>,
    is_decided: bool,
}

impl<V: Value> Ledger<V> {
    /// A ledger of a cluster that has done nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            proposed: Vec::new(),
            accepted: BTreeMap::new(),
            decided: None,
            seen: BTreeMap::new(),
        }
    }

    /// A client proposes this value.
    pub fn propose(&mut self, value: V) {
        if !self.proposed.contains(&value) {
            self.proposed.push(value);
        }
    }

    /// The first decision that a node knew.
    #[must_use]
    pub fn decided(&self) -> Option<&V> {
        self.decided.as_ref().map(|(_, value)| value)
    }

    /// Judges a node after one of its steps.
    ///
    /// # Errors
    ///
    /// The first promise that the node breaks, alone or with what was seen before.
    pub fn observe(&mut self, node: &Paxos<V>) -> Result<(), Broken> {
        let id = node.config().id();
        self.observe_acceptor(node)?;
        let is_known = self.seen.get(&id).is_some_and(|seen| seen.is_decided);
        match (node.decided(), &self.decided) {
            (None, _) if is_known => return Err(Broken::DecisionChanged { node: id }),
            (None, _) => {}
            (Some(value), Some((_, decided))) if value == decided => {}
            (Some(_), Some(_)) if is_known => return Err(Broken::DecisionChanged { node: id }),
            (Some(_), Some((first, _))) => {
                let (first, second) = (*first, id);
                return Err(Broken::Agreement { first, second });
            }
            (Some(value), None) => {
                self.is_valid(id, value)?;
                self.decided = Some((id, value.clone()));
            }
        }
        let now = Seen {
            promised: node.acceptor().promised(),
            accepted: node.acceptor().accepted().map(|proposal| proposal.ballot),
            is_decided: node.decided().is_some(),
        };
        self.seen.insert(id, now);
        Ok(())
    }

    /// The node crashed: what it knows may go back to what was durable.
    pub fn forget(&mut self, node: NodeId) {
        self.seen.remove(&node);
    }

    fn observe_acceptor(&mut self, node: &Paxos<V>) -> Result<(), Broken> {
        let id = node.config().id();
        let (promised, accepted) = (node.acceptor().promised(), node.acceptor().accepted());
        let ballot = accepted.map(|proposal| proposal.ballot);
        // Who knows the decision is no acceptor any more.
        if let Some(before) = self.seen.get(&id)
            && node.decided().is_none()
        {
            let what = if promised < before.promised {
                "promise"
            } else if ballot < before.accepted {
                "accepted ballot"
            } else {
                ""
            };
            if !what.is_empty() {
                return Err(Broken::WentBack { node: id, what });
            }
        }
        if ballot > promised {
            let what = "promise";
            return Err(Broken::WentBack { node: id, what });
        }
        let Some(Proposal { ballot, value }) = accepted else {
            return Ok(());
        };
        match self.accepted.get(ballot) {
            Some(first) if first == value => Ok(()),
            Some(_) => Err(Broken::SecondValue { ballot: *ballot }),
            None => {
                self.is_valid(id, value)?;
                self.accepted.insert(*ballot, value.clone());
                Ok(())
            }
        }
    }

    fn is_valid(&self, node: NodeId, value: &V) -> Result<(), Broken> {
        if self.proposed.contains(value) {
            return Ok(());
        }
        Err(Broken::Validity { node })
    }
}

impl<V: Value> Default for Ledger<V> {
    fn default() -> Self {
        Self::new()
    }
}
