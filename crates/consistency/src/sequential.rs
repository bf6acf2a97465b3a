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

use crate::{
    Anomaly, Judgement, Limits, Model, Operation, OperationId, UnknownReason, Verdict,
    check_linearizable, linearizable::Outcome,
};
use problem::Problem;
use search::Search;

/// What a look at one object alone may cost.
const STEPS_PER_OPERATION: u64 = 64;
const STEPS_MIN: u64 = 20_000;

/// Decides whether `history` is sequentially consistent (Lamport 1979) on all its objects together.
///
/// The own order of a process is the order of its calls. An operation that failed did not happen; an indeterminate one
/// may take effect anywhere behind the operations that its process had finished before, or never. A witness is one
/// order of all operations, which [`replay_sequential`] checks on its own; a violation names a 1-minimal core, in
/// which to *forget* means the same as in [`Violation`](crate::Violation).
///
/// NP-complete (Gibbons and Korach 1997): O(n^processes) configurations in the worst case, each O(log(keys ×
/// processes)) bytes. A linearizable history, and one with an object that is not sequentially consistent alone, are
/// seen without that search, key by key.
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
        return Judgement::Unknown(UnknownReason::Interrupted);
    }
    let problem = match Problem::new(model, history, None, None) {
        Ok(problem) => problem,
        Err(reason) => return Judgement::NotCheckable(reason),
    };
    match by_real_time(model, history, limits, keep_going) {
        Ok(Some(order)) => return Judgement::Holds(order),
        Ok(None) => {}
        Err(reason) => return Judgement::Unknown(reason),
    }
    if problem.keys.len() > 1 {
        match by_key(model, history, &problem, limits, keep_going) {
            Ok(Some(anomaly)) => return Judgement::Violated(anomaly.into()),
            Ok(None) => {}
            Err(reason) => return Judgement::Unknown(reason),
        }
    }
    match Search::new(model, &problem, limits, None).run(keep_going) {
        Outcome::Holds(order) => Judgement::Holds(order),
        Outcome::Unknown(reason) => Judgement::Unknown(reason),
        Outcome::Violated(_) => {
            Judgement::Violated(shrink::shrink(model, history, None, limits, keep_going).into())
        }
    }
}

/// An order that keeps real time, too, if there is one: what is linearizable is sequentially consistent, and whether it
/// is can be found key by key. Each operation gets a point, the last call up to it in the order of its key. It lies
/// between call and return, so the points of one process ascend, and by their points the orders of the keys are one.
fn by_real_time<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Option<Vec<OperationId>>, UnknownReason> {
    let limits = Limits {
        shrink_steps_max: 0,
        ..*limits
    };
    let orders = match check_linearizable(model, history, &limits, keep_going) {
        Verdict::Holds(linearization) => linearization.orders,
        Verdict::Unknown {
            reason: UnknownReason::Interrupted,
            ..
        } => return Err(UnknownReason::Interrupted),
        Verdict::Unknown { .. } | Verdict::Violated(_) => return Ok(None),
    };
    let mut points = Vec::new();
    for (_, order) in orders {
        let mut point = 0;
        for id in order {
            point = point.max(history.get(id.0).map_or(0, |it| it.call.position));
            points.push((point, id));
        }
    }
    // Stable: operations of one key that share a point stay in their order.
    points.sort_by_key(|(point, _)| *point);
    let order: Vec<OperationId> = points.into_iter().map(|(_, id)| id).collect();
    // Where events of one process share a position, real time may say less than the process's own order.
    let is_witness = replay_sequential(model, history, &order).is_ok();
    Ok(is_witness.then_some(order))
}

/// An object that is not even sequentially consistent alone, if that is soon seen of one.
fn by_key<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    problem: &Problem<'_, M>,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Option<Anomaly>, UnknownReason> {
    let share = history.len() as u64 / problem.keys.len().max(1) as u64;
    let steps_max = share.saturating_mul(STEPS_PER_OPERATION).max(STEPS_MIN);
    for part in problem.parts() {
        let mut search = Search::new(model, &part, limits, Some(steps_max));
        match search.run(keep_going) {
            Outcome::Violated(_) => {
                let scope = part.keys.first().map(|key| &key.key);
                let anomaly = shrink::shrink(model, history, scope, limits, keep_going);
                return Ok(Some(anomaly));
            }
            Outcome::Unknown(UnknownReason::Interrupted) => {
                return Err(UnknownReason::Interrupted);
            }
            Outcome::Holds(_) | Outcome::Unknown(_) => {}
        }
    }
    Ok(None)
}
