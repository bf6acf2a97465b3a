//! Linearizability: is there one order of all operations, within real time, that the object allows?

mod fast;
mod grow;
mod keys;
mod memo;
mod partition;
mod replay;
mod search;
mod shrink;

use alloc::{boxed::Box, vec::Vec};

pub(crate) use memo::{Configuration, Memo};
pub(crate) use search::{Outcome, Stuck};
pub(crate) use shrink::{Attempt, forget};

pub use keys::{Checked, Keys, Method, split_by_key};
pub use replay::replay;

use crate::{Model, Operation, OperationId};

/// How much a check may spend.
///
/// ```
/// use consistency::Limits;
///
/// let limits = Limits { bytes_max: 64 << 20, ..Limits::default() };
/// assert!(limits.entries_max > 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Configurations remembered for one partition. Default: 20 million.
    pub entries_max: usize,
    /// Bytes for remembered configurations and states of one partition; what states own on the heap is not counted.
    /// Default: 1 GiB.
    pub bytes_max: usize,
    /// `keep_going` is asked before the first and then after every so many steps of the model. Default: 64. Lower it
    /// for a model whose step is slow.
    pub steps_per_question: u32,
    /// Steps spent on making a violation small; 0 leaves it as found. Default: 2 million.
    pub shrink_steps_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries_max: 20_000_000,
            bytes_max: 1 << 30,
            steps_per_question: 64,
            shrink_steps_max: 2_000_000,
        }
    }
}

/// What a check found. `Unknown` is not success.
///
/// ```
/// use consistency::{CasRegister, Limits, Value, Verdict, check_linearizable};
///
/// let model = CasRegister::new(Value::Nil);
/// let verdict = check_linearizable(&model, &[], &Limits::default(), &mut || true);
/// assert!(verdict.holds());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub enum Verdict<K> {
    /// Linearizable; here is the order, which [`replay`] checks on its own.
    Holds(Linearization<K>),
    /// Not linearizable, and why.
    Violated(Box<Violation<K>>),
    /// Not decided. No partition was found violated, and at least this one was not finished.
    Unknown {
        /// The first partition that was not decided.
        key: K,
        /// What stopped it.
        reason: UnknownReason,
    },
}

impl<K> Verdict<K> {
    /// Whether the history was shown linearizable.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self, Self::Holds(_))
    }
}

/// A witness: for each key an order of its operations that respects real time and that the model allows. Every
/// operation that returned ok is in it, none that failed, and those indeterminate ones that somebody must have seen.
///
/// ```
/// # use consistency::{CasRegister, Limits, Linearization, Value, replay};
/// let empty = Linearization { orders: vec![] };
/// assert_eq!(replay(&CasRegister::new(Value::Nil), &[], &empty), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Linearization<K> {
    /// Keys ascending, each with its order.
    pub orders: Vec<(K, Vec<OperationId>)>,
}

/// The evidence against a history.
///
/// `operations` is a small core. To *forget* an operation is to know nothing of it any more: a pure one (a read, a
/// compare-and-set that found a different value) is dropped, an update becomes indeterminate: it may have happened at
/// any time after its call, or never. Forgetting only allows more, so when the history with everything but the
/// core forgotten is violated, the whole history is. (Deleting a write instead would let a harmless read of its
/// value look like the culprit.)
///
/// A fast check ([`Method::Fast`]) goes further: all operations on values that neither `operations` nor `forgotten`
/// touch are left out, and `longest` and `blocked` speak of what remains. An order of a set, a queue, a stack or a
/// priority queue that goes well does so without any one value too, so a violated rest still convicts the whole.
///
/// ```
/// use consistency::{Limits, OperationId, ProcessId, Recorder, Register, RegisterInput, RegisterOutput};
/// use consistency::{Value, Verdict, check_linearizable};
///
/// let mut recorder = Recorder::new();
/// for value in 1..=5 {
///     let write = recorder.invoke(ProcessId(0), RegisterInput::write(value), 0)?;
///     recorder.ok(write, RegisterOutput::Done, 0)?;
/// }
/// let read = recorder.invoke(ProcessId(1), RegisterInput::read(), 0)?;
/// recorder.ok(read, RegisterOutput::Value(4.into()), 0)?;
/// let model = Register::new(Value::Nil);
/// let verdict = check_linearizable(&model, &recorder.finish(), &Limits::default(), &mut || true);
/// let Verdict::Violated(violation) = verdict else { panic!() };
/// // Write 4, then write 5, then a read that still sees 4; the writes of 1 to 3 do not matter.
/// assert_eq!(violation.operations, [OperationId(3), OperationId(4), OperationId(5)]);
/// assert!(violation.is_minimal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Violation<K> {
    /// The object on which it happened.
    pub key: K,
    /// The core, in the order of calls: keep what is known of these, forget the rest, and it is still violated.
    pub operations: Vec<OperationId>,
    /// Updates of this object outside the core that were called early enough to matter: what "the rest" is.
    pub forgotten: Vec<OperationId>,
    /// Whether the core is 1-minimal: forgetting any one operation of it makes it hold. `false` when the effort for
    /// shrinking ran out.
    pub is_minimal: bool,
    /// The longest order found in the whole history of this object that goes well.
    pub longest: Vec<OperationId>,
    /// The operations of which one had to come next after `longest`, and none could.
    pub blocked: Vec<OperationId>,
}

/// Why a check ended undecided.
///
/// ```
/// # use consistency::UnknownReason;
/// assert_eq!(UnknownReason::Interrupted.to_string(), "interrupted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum UnknownReason {
    /// `keep_going` answered no: a deadline, usually.
    Interrupted,
    /// [`Limits::entries_max`] or [`Limits::bytes_max`] was reached.
    MemoryBound,
    /// The steps allowed for one attempt at shrinking were spent. Never the reason of a whole check.
    StepBound,
    /// [`Online`](crate::Online) only: the model lets an answer decide the next state, and the answer came
    /// after others had acted on the operation.
    OutputDecides,
}

impl core::fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::MemoryBound => "memory bound reached",
            Self::StepBound => "step bound reached",
            Self::OutputDecides => "an answer that decides the next state came late",
        })
    }
}

/// Decides whether `history` is linearizable (Herlihy and Wing 1990), object by object.
///
/// `keep_going` is asked before anything is done and then every [`Limits::steps_per_question`] steps; once it answers
/// no, the check ends. This crate has no clock: the caller's closure is the deadline.
///
/// Exponential in the number of operations open at one moment in the worst case; memory O(open operations) for each
/// configuration visited.
///
/// ```
/// use consistency::{CasRegister, Limits, ProcessId, Recorder, RegisterInput, RegisterOutput};
/// use consistency::{Value, Verdict, check_linearizable, replay};
///
/// let mut recorder = Recorder::new();
/// let write = recorder.invoke(ProcessId(0), RegisterInput::write(1), 0)?;
/// let read = recorder.invoke(ProcessId(1), RegisterInput::read(), 1)?;
/// recorder.ok(read, RegisterOutput::Value(1.into()), 2)?;
/// let history = recorder.finish();
///
/// let model = CasRegister::new(Value::Nil);
/// let Verdict::Holds(order) = check_linearizable(&model, &history, &Limits::default(), &mut || true)
/// else { panic!() };
/// assert_eq!(order.orders, [(None, vec![write, read])]);
/// replay(&model, &history, &order)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_linearizable<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Verdict<M::Key> {
    check_linearizable_in_full(model, history, limits, keep_going).verdict
}

/// [`check_linearizable`], and which way each key was decided.
///
/// ```
/// use consistency::{CasRegister, Limits, Value, check_linearizable_in_full};
///
/// let model = CasRegister::new(Value::Nil);
/// let checked = check_linearizable_in_full(&model, &[], &Limits::default(), &mut || true);
/// assert!(checked.verdict.holds() && checked.methods.is_empty());
/// ```
pub fn check_linearizable_in_full<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Checked<M::Key> {
    split_by_key(model, history).check_all(limits, keep_going)
}

/// [`check_linearizable_in_full`] by the general search alone: no check that knows the object is asked. An oracle for
/// those, and the one to measure the search with.
///
/// ```
/// use consistency::{Limits, Register, Value, check_linearizable_by_search};
///
/// let model = Register::new(Value::Nil);
/// let checked = check_linearizable_by_search(&model, &[], &Limits::default(), &mut || true);
/// assert!(checked.verdict.holds());
/// ```
pub fn check_linearizable_by_search<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Checked<M::Key> {
    let keys = split_by_key(model, history).by_search();
    keys.check_all(limits, keep_going)
}
