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
//! | decided-is-chosen | *Paxos Made Simple*, §2.2: a value is chosen when a quorum has accepted *one* ballot |
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

use alloc::collections::{BTreeMap, BTreeSet};
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
    /// A value was decided that no write quorum had accepted in one ballot.
    #[error("decided is chosen: {node} decided what no write quorum had accepted in one ballot")]
    NotChosen {
        /// The node.
        node: NodeId,
    },
    /// If every node crashed now, a later ballot might choose something else than was decided.
    #[error("{copies} nodes hold the decided value durably, and a later ballot may choose another")]
    DecidedIsDurable {
        /// How many nodes hold it, whatever their ballots.
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
            Self::NotChosen { .. } => "decided-is-chosen",
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

/// Whatever is proposed from now on can only be `decided`: from some ballot on, a write quorum of these
/// nodes has accepted it or knows that it is decided, and nobody has accepted anything else. O(nodes²).
///
/// `recovered` are all members, each as its durable records would rebuild it: if everybody crashed now,
/// the decision would be found. Equal values of different ballots are not added up across one that
/// carries another value: a read quorum could miss the greater of them.
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
    let nodes: Vec<&Paxos<V>> = recovered.into_iter().collect();
    let accepted = |node: &'a Paxos<V>| {
        let proposal = node.acceptor().accepted();
        proposal.map(|proposal| (proposal.ballot, &proposal.value == decided))
    };
    let knows = |node: &Paxos<V>| node.decided() == Some(decided);
    let mut ballots = nodes.iter().filter_map(|&node| accepted(node));
    // Once all who accepted it know the decision, no ballot is left.
    let is_safe = is_settled_from(&nodes, None, &accepted, &knows)
        || ballots.any(|(ballot, is_decided)| {
            is_decided && is_settled_from(&nodes, Some(ballot), &accepted, &knows)
        });
    if is_safe {
        return Ok(());
    }
    let holds = |node: &&&'a Paxos<V>| knows(node) || accepted(node).is_some_and(|(_, is)| is);
    let copies = nodes.iter().filter(holds).count();
    Err(Broken::DecidedIsDurable { copies })
}

/// Whether a write quorum knows the decision or has accepted it in `first` or later, and nobody has
/// accepted anything else there. Without a first ballot only those who know it count.
fn is_settled_from<'a, V: Value>(
    nodes: &[&'a Paxos<V>],
    first: Option<Ballot>,
    accepted: &impl Fn(&'a Paxos<V>) -> Option<(Ballot, bool)>,
    knows: &impl Fn(&Paxos<V>) -> bool,
) -> bool {
    let Some(quorums) = nodes.first().map(|node| node.config().quorums()) else {
        return false;
    };
    let mut holders = Vec::new();
    for &node in nodes {
        let later =
            accepted(node).filter(|(ballot, _)| first.is_some_and(|first| *ballot >= first));
        match later {
            Some((_, false)) => return false,
            Some((_, true)) => holders.push(node.config().id()),
            None if knows(node) => holders.push(node.config().id()),
            None => {}
        }
    }
    quorums.is_write_quorum(|node| holders.contains(node))
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
/// It must be fed from the beginning: the first decision is compared with who accepted what before.
/// Feeding it a node whose state did not change costs O(log ballots + log nodes) and one comparison of
/// values; the first decision costs O(ballots · nodes).
///
/// ```
/// use paxos_core::invariants::{Broken, Ledger};
/// use paxos_core::{Ballot, Config, Paxos, Proposal, Record};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover, Stored, Token};
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let holding = |node, record: Record<u64>| {
///     let config = Config::new(NodeId(node), quorums.clone()).unwrap();
///     Paxos::recover(&config, vec![Stored { token: Token(1), record }]).unwrap()
/// };
/// let mut ledger = Ledger::new();
/// ledger.propose(7);
/// ledger.propose(8);
/// let (first, second) = (NodeId(1), NodeId(2));
/// let accepted = Record::Accepted(Proposal { ballot: Ballot { round: 1, node: first }, value: 7 });
/// ledger.observe(&holding(1, accepted.clone())).unwrap();
/// let knows = |node, value| holding(node, Record::Decided(value));
/// // One of three has accepted it.
/// let early = ledger.clone().observe(&knows(1, 7));
/// assert_eq!(early, Err(Broken::NotChosen { node: first }));
/// ledger.observe(&holding(2, accepted)).unwrap();
/// ledger.observe(&knows(1, 7)).unwrap();
/// assert_eq!(ledger.observe(&knows(2, 8)), Err(Broken::Agreement { first, second }));
/// ```
#[derive(Clone, Debug)]
pub struct Ledger<V> {
    proposed: Vec<V>,
    accepted: BTreeMap<Ballot, Accepted<V>>,
    decided: Option<(NodeId, V)>,
    seen: BTreeMap<NodeId, Seen>,
}

/// What was accepted in a ballot, and by whom; crashes take nothing away.
#[derive(Clone, Debug)]
struct Accepted<V> {
    value: V,
    by: BTreeSet<NodeId>,
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
                self.is_chosen(node, value)?;
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
        match self.accepted.get_mut(ballot) {
            Some(first) if first.value == *value => {
                first.by.insert(id);
                Ok(())
            }
            Some(_) => Err(Broken::SecondValue { ballot: *ballot }),
            None => {
                self.is_valid(id, value)?;
                let value = value.clone();
                let by = BTreeSet::from([id]);
                self.accepted.insert(*ballot, Accepted { value, by });
                Ok(())
            }
        }
    }

    /// Some ballot of this value was accepted by a write quorum, whatever became of its members.
    fn is_chosen(&self, node: &Paxos<V>, value: &V) -> Result<(), Broken> {
        let quorums = node.config().quorums();
        let mut ballots = self.accepted.values();
        let is_chosen = ballots.any(|accepted| {
            accepted.value == *value && quorums.is_write_quorum(|node| accepted.by.contains(node))
        });
        if is_chosen {
            return Ok(());
        }
        let node = node.config().id();
        Err(Broken::NotChosen { node })
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
