//! Causal consistency in its three meanings, PRAM, and the session guarantees: single operations on many keys, whose
//! values say which write each read saw.
//!
//! All of these speak of *sessions* (a process's operations in the order of their calls) and of *reads-from*, never of
//! time. So every write of a key must write a value of its own, as far as somebody read it; with repeated values the
//! question is NP-complete (Bouajjani, Enea, Guerraoui, Hamza: *On verifying causal consistency*, POPL 2017), and the
//! answer is [`NotCheckable`]. Operations of different keys belong together: nothing here is split by key.
//!
//! # The models
//! *Causality* (CO) is the transitive closure of the sessions' orders and reads-from. It must have no cycle. A *version*
//! of a key is a write of it, or "never written".
//!
//! | model | holds when | decided by |
//! |---|---|---|
//! | causal, CC | each read has an order of what is causally before it in which it sees the last write of its key | four patterns of the paper, one walk |
//! | causal convergence, CCv | the same with one order of all writes for all reads | a fifth pattern, one more walk |
//! | causal memory, CM | each process has one order of all writes within causality that explains all its reads | two more patterns, per process |
//! | PRAM | each process has one order of all writes within every process's own order that explains all its reads | the same per process, without others' reads |
//!
//! # The session guarantees
//! Terry and others 1994 speak of versions and of which is newer; a history says so only in part. Here a version is
//! *certainly newer* than "never written", and than a version of the same key that one session wrote before it; for
//! writes follow reads also than one that a session read before it wrote the newer one, and so on transitively. Each
//! guarantee names for a read of key x by a session s versions that it *requires*:
//!
//! | guarantee | required |
//! |---|---|
//! | read your writes | what s wrote to x before |
//! | monotonic reads | what s read of x before |
//! | monotonic writes | for each write that s has read, of any key, up to this read: what its session wrote to x before it |
//! | writes follow reads | for each write that s has read, of any key, up to this read: what its session had read of x before it, or in the same operation |
//!
//! It is violated by a read that returns something certainly older than what is required. Otherwise nobody can tell
//! from outside.
//!
//! # Why these form a lattice
//! - CM and CCv imply CC: an order of all writes that explains several reads explains each. CM implies PRAM: causality
//!   contains the orders of the processes.
//! - CC implies all four guarantees. What is required is causally before the read (a session's order, or reads-from and
//!   the orders of two sessions), and *certainly newer* is contained in causality. So the read sees a version that is
//!   causally before another that is causally before the read: WriteCORead, or WriteCOInitRead.
//! - PRAM implies the first three: p's order contains what s = p did before the read, what it read before (each after
//!   its write), and what a session did before a write that p has read. A version that one session wrote before
//!   another stands before it. So the version required stands between the older one and the read.
//! - Sequential consistency implies CM and CCv: the one order serves for all.
//!
//! # Operations of which nobody knows the end
//! An indeterminate write counts when somebody read it; then it comes after what its session did before, and before
//! nothing that it did later. Indeterminate reads say nothing. A failed write never happened.

mod flaw;
mod follow;
mod graph;
mod linear;
mod operations;
pub(crate) mod order;
mod rules;
mod sessions;
mod shrink;
mod verify;
mod view;
mod visibility;

use alloc::{boxed::Box, vec::Vec};

pub use operations::{Access, ReadWrite, of_operations};
pub use verify::verify;

use crate::{
    Consistency, Judgement, Limits, NotCheckable, OperationId, ProcessId, UnknownReason,
    transactions::{Builder, Ending, MicroOperation, Transactions},
};
use flaw::Flaw;
use graph::Graph;
use sessions::Guarantee;
use view::Kind;

/// What shows that a history keeps a model; [`verify`] checks it on its own.
///
/// ```
/// use consistency::causal::{Certificate, check, verify};
/// use consistency::{Consistency, Judgement, Limits, transactions::Builder};
///
/// let nothing = Builder::new().finish();
/// let judgement = check(&nothing, Consistency::Causal, &Limits::default(), &mut || true);
/// assert_eq!(judgement, Judgement::Holds(Certificate::Order(vec![])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Certificate {
    /// CC, CCv: an order of the operations that keeps causality. For CCv, each read sees the last write of its key, in
    /// this order, among those causally before it.
    Order(Vec<OperationId>),
    /// CM, PRAM: for each process that read something an order in which each of its reads sees the last write of its
    /// key. For CM it holds all operations and keeps causality; for PRAM it holds the writes and the process's own
    /// operations, and keeps the order of each process.
    Views(Vec<(ProcessId, Vec<OperationId>)>),
    /// The session guarantees: they are rules about single reads, and there is nothing to choose.
    ReadByRead,
}

/// What an examination found.
type Found<T> = Result<T, Flaw>;

/// Decides one of the models of this module for a history of single operations ([`of_operations`] makes one).
///
/// A violation's operations are 1-minimal: when any one of them is forgotten the rest holds. To forget a write is to
/// forget also that its value was read: otherwise each read of it would become the next violation.
///
/// CC, CCv: O(n · k) for n operations and k sessions. CM, PRAM: O(n · p) for p processes as a rule, polynomial at
/// worst. Session guarantees: O(n log n), writes follow reads O(n · k).
///
/// `keep_going` is asked before anything is done and then every few thousand cheap steps; memory is bounded by
/// [`Limits::bytes_max`].
///
/// ```
/// use consistency::causal::{check, of_operations};
/// use consistency::{Consistency, KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value};
///
/// // Alice writes a question, Bob reads it and answers; Carol sees the answer, but not the question.
/// let mut recorder = Recorder::new();
/// let mut ok = |process, input, output| {
///     let operation = recorder.invoke(ProcessId(process), input, 0)?;
///     recorder.ok(operation, output, 0)?;
///     Ok::<_, Box<dyn std::error::Error>>(operation)
/// };
/// ok(0, KvInput::put("question", "?"), KvOutput::Done)?;
/// ok(1, KvInput::get("question"), KvOutput::Value("?".into()))?;
/// ok(1, KvInput::put("answer", "!"), KvOutput::Done)?;
/// ok(2, KvInput::get("answer"), KvOutput::Value("!".into()))?;
/// ok(2, KvInput::get("question"), KvOutput::Value(Value::Nil))?;
/// let history = of_operations(&KeyValue::new(Value::Nil), &recorder.finish())?;
///
/// let mut judge = |level| check(&history, level, &Limits::default(), &mut || true);
/// let judgement = judge(Consistency::Causal);
/// let anomaly = judgement.anomaly().expect("violated");
/// assert_eq!(anomaly.rule.name, "write-co-init-read");
/// assert_eq!(anomaly.operations.len(), 5);
/// assert!(judge(Consistency::Pram).holds());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    history: &Transactions,
    level: Consistency,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Certificate> {
    let Some(model) = Model::of(level) else {
        return Judgement::NotCheckable(NotCheckable::OtherModel { level });
    };
    if !keep_going() {
        return Judgement::Unknown(UnknownReason::Interrupted);
    }
    if history.len() > graph::OPERATIONS_MAX {
        return Judgement::Unknown(UnknownReason::MemoryBound);
    }
    let graph = match Graph::of(history) {
        Ok(graph) => graph,
        Err(reason) => return Judgement::NotCheckable(reason),
    };
    match model.examine(history, &graph, limits, keep_going) {
        Ok(Ok(certificate)) => Judgement::Holds(certificate),
        Ok(Err(flaw)) => {
            let shrinker = shrink::Shrinker::new(history, &graph, model, limits, keep_going);
            Judgement::Violated(Box::new(shrinker.anomaly(&flaw)))
        }
        Err(reason) => Judgement::Unknown(reason),
    }
}

/// A model of this module.
#[derive(Clone, Copy, Debug)]
enum Model {
    Visibility { is_convergent: bool },
    View(Kind),
    Session(Guarantee),
    WritesFollowReads,
}

impl Model {
    const fn of(level: Consistency) -> Option<Self> {
        match level {
            Consistency::Causal => Some(Self::Visibility {
                is_convergent: false,
            }),
            Consistency::CausalConvergence => Some(Self::Visibility {
                is_convergent: true,
            }),
            Consistency::CausalMemory => Some(Self::View(Kind::CausalMemory)),
            Consistency::Pram => Some(Self::View(Kind::Pram)),
            Consistency::ReadYourWrites => Some(Self::Session(Guarantee::ReadYourWrites)),
            Consistency::MonotonicReads => Some(Self::Session(Guarantee::MonotonicReads)),
            Consistency::MonotonicWrites => Some(Self::Session(Guarantee::MonotonicWrites)),
            Consistency::WritesFollowReads => Some(Self::WritesFollowReads),
            _ => None,
        }
    }

    /// The graph may be a part of the history's.
    fn examine(
        self,
        history: &Transactions,
        graph: &Graph,
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Found<Certificate>, UnknownReason> {
        if graph.bytes() > limits.bytes_max {
            return Err(UnknownReason::MemoryBound);
        }
        if let Some(flaw) = flaw::thin_air(graph) {
            return Ok(Err(flaw));
        }
        match self {
            Self::Visibility { is_convergent } => {
                visibility::examine(graph, is_convergent, limits, keep_going)
            }
            Self::View(kind) => view::examine_all(history, graph, kind, limits, keep_going),
            Self::Session(guarantee) => sessions::examine(graph, guarantee, keep_going),
            Self::WritesFollowReads => follow::examine(graph, limits, keep_going),
        }
    }
}

impl Certificate {
    fn order(graph: &Graph, nodes: &[u32]) -> Self {
        Self::Order(nodes.iter().map(|node| graph.id(*node)).collect())
    }
}
