//! Sequential consistency: is there one order of all operations that each process's own order respects?
//!
//! Lamport 1979: "the result of any execution is the same as if the operations of all the processors were executed in
//! some sequential order, and the operations of each individual processor appear in this sequence in the order
//! specified by its program". Real time does not count: a read may be stale, as long as its process never goes back.
//!
//! **Not local** (Herlihy and Wing 1990, section 3.3): two objects may each be sequentially consistent and not be so
//! together. So the history is never split by key; the search works on the states of all objects at once.

mod problem;
mod replay;
mod search;
mod shrink;
mod tree;

use alloc::vec::Vec;

pub use replay::replay_sequential;

use crate::{Judgement, Limits, Model, Operation, OperationId, linearizable::Outcome};
use problem::Problem;
use search::Search;

/// Decides whether `history` is sequentially consistent (Lamport 1979) on all its objects together.
///
/// The own order of a process is the order of its calls. An operation that failed did not happen; an indeterminate one
/// may take effect anywhere behind the operations that its process had finished before, or never. A witness is one
/// order of all operations, which [`replay_sequential`] checks on its own; a violation names a 1-minimal core, in
/// which to *forget* means the same as in [`Violation`](crate::Violation).
///
/// NP-complete (Gibbons and Korach 1997): O(n^processes) configurations in the worst case, each O(log(keys ×
/// processes)) bytes. Calls and returns guide the search, so what is linearizable, or nearly so, is found soon.
///
/// [`Judgement::NotCheckable`] answers a process that has two operations open at once: it has no order of its own.
///
/// ```
/// use consistency::{KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value};
/// use consistency::{check_linearizable, check_sequential, replay_sequential};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 1), 0)?;
/// recorder.ok(put, KvOutput::Done, 1)?;
/// let stale = recorder.invoke(ProcessId(1), KvInput::get("x"), 2)?;
/// recorder.ok(stale, KvOutput::Value(Value::Nil), 3)?;
/// let (model, history) = (KeyValue::new(Value::Nil), recorder.finish());
///
/// let limits = Limits::default();
/// assert!(!check_linearizable(&model, &history, &limits, &mut || true).holds());
/// let judgement = check_sequential(&model, &history, &limits, &mut || true);
/// assert_eq!(judgement, consistency::Judgement::Holds(vec![stale, put]));
/// replay_sequential(&model, &history, &[stale, put])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_sequential<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Vec<OperationId>> {
    if !keep_going() {
        return Judgement::Unknown(crate::UnknownReason::Interrupted);
    }
    let problem = match Problem::new(model, history, &|_| true) {
        Ok(problem) => problem,
        Err(reason) => return Judgement::NotCheckable(reason),
    };
    match Search::new(model, &problem, limits, None).run(keep_going) {
        Outcome::Holds(order) => Judgement::Holds(order),
        Outcome::Unknown(reason) => Judgement::Unknown(reason),
        Outcome::Violated(_) => {
            Judgement::Violated(shrink::shrink(model, history, limits, keep_going).into())
        }
    }
}
