//! What the checkers of the weaker models answer, and the argument behind a violation: an edge a sentence.
//!
//! (Linearizability answers with its own [`Verdict`](crate::Verdict), which it gives object by object.)

use alloc::{boxed::Box, format, string::String, vec::Vec};

use crate::{Consistency, OperationId, ProcessId, UnknownReason, Value};

/// What a check found, with its certificate. Neither `Unknown` nor `NotCheckable` is success.
///
/// ```
/// use consistency::Judgement;
///
/// let judgement = Judgement::Holds(vec![0, 1]);
/// assert!(judgement.holds());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use]
pub enum Judgement<W> {
    /// It holds, and this witness lets separate code see why.
    Holds(W),
    /// It does not hold, and why.
    Violated(Box<Anomaly>),
    /// Not decided within the budget.
    Unknown(UnknownReason),
    /// The question has no answer, or none that this checker can find, for such a history.
    NotCheckable(NotCheckable),
}

impl<W> Judgement<W> {
    /// Whether the history was shown to keep the model.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self, Self::Holds(_))
    }

    /// The anomaly, where there is one.
    #[must_use]
    pub fn anomaly(&self) -> Option<&Anomaly> {
        match self {
            Self::Violated(anomaly) => Some(anomaly),
            _ => None,
        }
    }

    /// The same judgement with another witness.
    pub fn map<V>(self, witness: impl FnOnce(W) -> V) -> Judgement<V> {
        match self {
            Self::Holds(held) => Judgement::Holds(witness(held)),
            Self::Violated(anomaly) => Judgement::Violated(anomaly),
            Self::Unknown(reason) => Judgement::Unknown(reason),
            Self::NotCheckable(reason) => Judgement::NotCheckable(reason),
        }
    }
}

/// Why a model cannot be decided from this history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum NotCheckable {
    /// Two writes of one value to one key: nobody can say which of them a read saw. (Causal consistency with repeated
    /// values is NP-complete: Bouajjani and others 2017.)
    #[error(
        "the value {value} is written to {key} more than once, so a read of it has no one writer"
    )]
    WrittenTwice {
        /// The key.
        key: Value,
        /// The value.
        value: Value,
    },
    /// A process called an operation while an earlier one of it was open, so it has no order of its own.
    #[error(
        "process {process} calls operation {operation} while an earlier one of it is open, so it has no order of its own"
    )]
    ProcessOverlaps {
        /// The process.
        process: ProcessId,
        /// The later operation.
        operation: OperationId,
    },
    /// The operations do not stand in the order of their calls, so that order says nothing of a process's own.
    #[error("operation {operation} was called before an earlier one of its process")]
    OutOfOrder {
        /// The operation that stands too late.
        operation: OperationId,
    },
    /// One key holds a list to some transactions and a register to others.
    #[error("the key {key} is read or written both as a list and as a register")]
    ListAndRegister {
        /// The key.
        key: Value,
    },
    /// The model is one of single operations, and the history is of transactions.
    #[error("{level} is a model of single operations, not of transactions")]
    NotTransactional {
        /// The model.
        level: Consistency,
    },
    /// Convergence speaks of reads that were called when nobody wrote any more.
    #[error(
        "no read was called after the writes had ended, so nothing shows whether the replicas agree"
    )]
    NeverQuiet,
    /// The model speaks of reads and writes only, and this operation is something else.
    #[error(
        "operation {operation} is neither a read nor a write, and this model speaks of these only"
    )]
    NotReadOrWrite {
        /// The operation.
        operation: OperationId,
    },
    /// A transaction of several steps, where the model speaks of single operations: at most one read, then at most
    /// one write.
    #[error("operation {operation} has several steps, and this model speaks of single operations")]
    SeveralSteps {
        /// The operation.
        operation: OperationId,
    },
    /// The check that was asked decides other models.
    #[error("this check does not decide {level}")]
    OtherModel {
        /// The model.
        level: Consistency,
    },
}

/// A rule that was broken, by the name the literature gives it.
///
/// ```
/// use consistency::Rule;
///
/// const LOST: Rule = Rule { name: "lost-update", about: "two transactions read one version and both replace it" };
/// assert_eq!(LOST.name, "lost-update");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Rule {
    /// The name: `G-single`, `write-co-read`.
    pub name: &'static str,
    /// What it forbids, in a sentence without an end mark.
    pub about: &'static str,
}

/// The evidence against a history: which rule, by which operations, by which argument.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Anomaly {
    /// The rule it breaks.
    pub rule: Rule,
    /// The operations it takes, ascending. (In a history of transactions, an operation is a transaction.)
    pub operations: Vec<OperationId>,
    /// The argument: for a cycle, each edge begins where the one before ends, and the last ends where the first
    /// begins; otherwise the facts that contradict each other.
    pub edges: Vec<Edge>,
    /// Whether removing any one of the operations leaves a history that holds.
    pub is_minimal: bool,
}

/// One step of an argument: `source` must come before `target`, and why.
///
/// ```
/// use consistency::{Edge, OperationId, Reason};
///
/// let edge = Edge {
///     source: OperationId(3),
///     target: OperationId(1),
///     reason: Reason::ReadsFrom { key: "x".into(), value: 5.into() },
/// };
/// assert_eq!(
///     edge.in_words(&|operation| format!("T{operation}")),
///     "T3 wrote 5 to \"x\", which T1 read, so T3 comes before T1",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Edge {
    /// What comes first.
    pub source: OperationId,
    /// What comes later.
    pub target: OperationId,
    /// Why.
    pub reason: Reason,
}

/// Why one operation must come before another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Reason {
    /// The same session did the one before the other.
    Session,
    /// The one had returned before the other was called.
    RealTime,
    /// The later one read what the earlier one wrote (Adya's *wr*).
    ReadsFrom {
        /// The key.
        key: Value,
        /// The value written and read.
        value: Value,
    },
    /// The later one replaced, or appended behind, what the earlier one wrote (*ww*).
    Overwrites {
        /// The key.
        key: Value,
        /// What was replaced.
        older: Value,
        /// What replaced it.
        newer: Value,
    },
    /// The earlier one read a state that did not hold the later one's write yet (*rw*, an anti-dependency).
    Misses {
        /// The key.
        key: Value,
        /// What the earlier one read: the version before `newer`.
        read: Value,
        /// The first write it did not see.
        newer: Value,
    },
    /// The later one read a list that holds what the earlier one appended (*wr*).
    ReadsAppend {
        /// The list.
        key: Value,
        /// The last element that the earlier one appended.
        value: Value,
    },
    /// The later one appended behind what the earlier one had appended, as the list that `reader` read shows (*ww*).
    AppendsBehind {
        /// The list.
        key: Value,
        /// What stands first.
        older: Value,
        /// What stands behind it.
        newer: Value,
        /// Who read the list.
        reader: OperationId,
    },
    /// The list that `reader` read ends with what the earlier one appended, and does not hold what the later one
    /// appended: a list loses nothing, so that comes behind all of it (*ww*).
    AppendsBeyond {
        /// The list.
        key: Value,
        /// With what it ends.
        older: Value,
        /// What it does not hold.
        newer: Value,
        /// Who read the list.
        reader: OperationId,
    },
    /// The earlier one read a list that did not hold the later one's element yet (*rw*).
    MissesAppend {
        /// The list.
        key: Value,
        /// The first element that it did not see.
        newer: Value,
    },
    /// In every order that the model allows, the earlier one's write comes before a read that saw the later one's: so it
    /// had been overwritten by then. (By any argument; [`Self::Outdated`] tells the way by which it was seen.)
    Hidden {
        /// The key.
        key: Value,
        /// What the earlier one wrote.
        older: Value,
        /// What the later one wrote.
        newer: Value,
        /// Who read `newer`.
        reader: OperationId,
    },
    /// The later one's write was read by somebody who had seen the earlier one: so that one's write had been replaced
    /// already.
    Outdated {
        /// Who read.
        reader: OperationId,
        /// How the reader had come to see the earlier one: by way of these, in this order.
        through: Vec<OperationId>,
        /// The key.
        key: Value,
        /// What the earlier one wrote there.
        older: Value,
        /// What was read there, the later one's.
        read: Value,
    },
    /// Nobody else can have put there what the later one got.
    OnlySource {
        /// What it got.
        value: Value,
    },
    /// What is wrong whatever the order, as a clause that stands alone.
    Because(String),
}

impl Edge {
    /// The step as a sentence, without an end mark. `name` says what an operation is called, such as `T3`.
    #[must_use]
    pub fn in_words(&self, name: &dyn Fn(OperationId) -> String) -> String {
        let (source, target) = (name(self.source), name(self.target));
        let why = match &self.reason {
            Reason::Session => format!("{source} and {target} are of one session, in this order"),
            Reason::RealTime => format!("{source} had returned before {target} was called"),
            Reason::ReadsFrom { key, value } => {
                format!("{source} wrote {value} to {key}, which {target} read")
            }
            Reason::Overwrites { key, older, newer } => {
                format!("{source} wrote {older} to {key}, which {target} followed with {newer}")
            }
            Reason::Misses { key, read, newer } => format!(
                "{source} read {read} from {key}, without the {newer} that {target} wrote next"
            ),
            Reason::ReadsAppend { key, value } => {
                format!("{source} appended {value} to {key}, which {target} read")
            }
            Reason::AppendsBehind {
                key,
                older,
                newer,
                reader,
            } => format!(
                "{source} appended {older} to {key} and {target} appended {newer} behind it, as {} read",
                name(*reader)
            ),
            Reason::AppendsBeyond {
                key,
                older,
                newer,
                reader,
            } => format!(
                "{} read {key} up to the {older} that {source} appended, without the {newer} that {target} appended",
                name(*reader)
            ),
            Reason::MissesAppend { key, newer } => {
                format!("{source} read {key} without the {newer} that {target} appended")
            }
            Reason::Hidden {
                key,
                older,
                newer,
                reader,
            } => format!(
                "{source} wrote {older} to {key} before {}, which read the {newer} of {target}",
                name(*reader)
            ),
            Reason::Outdated {
                reader,
                through,
                key,
                older,
                read,
            } => {
                let reader = name(*reader);
                let names: Vec<String> = through.iter().map(|step| name(*step)).collect();
                let way = match names.join(", ") {
                    way if way.is_empty() => way,
                    way => format!(" by way of {way}"),
                };
                format!(
                    "{reader} had seen {source}{way}, which wrote {older} to {key}, and read the {read} of {target} there"
                )
            }
            Reason::OnlySource { value } => {
                format!("{target} got {value}, which only {source} can have put there")
            }
            Reason::Because(clause) => return clause.clone(),
        };
        format!("{why}, so {source} comes before {target}")
    }
}
