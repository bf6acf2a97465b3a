//! The separate verifier of witnesses of sequential consistency. It shares no code with the search.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{Completion, Error, Model, Operation, OperationId, ProcessId};

/// Checks a witness of [`check_sequential`](crate::check_sequential) from first principles: nothing twice, nothing
/// failed, everything that returned ok, each process in the order of its calls, and every answer one that the model
/// gives on one copy of all objects. O(n log n) and one model step per operation.
///
/// # Errors
/// The first `Witness..` error of [`Error`] that applies.
///
/// ```
/// use consistency::{Error, OperationId, ProcessId, Recorder, Register, RegisterInput};
/// use consistency::{RegisterOutput, Value, replay_sequential};
///
/// let mut recorder = Recorder::new();
/// for value in [1, 2] {
///     let write = recorder.invoke(ProcessId(0), RegisterInput::write(value), 0)?;
///     recorder.ok(write, RegisterOutput::Done, 1)?;
/// }
/// let (model, history) = (Register::new(Value::Nil), recorder.finish());
/// assert_eq!(
///     replay_sequential(&model, &history, &[OperationId(1), OperationId(0)]),
///     Err(Error::WitnessProcessOrder { operation: OperationId(1) }),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replay_sequential<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    order: &[OperationId],
) -> Result<(), Error> {
    // What each process must have placed, the next one last.
    let mut to_come: BTreeMap<ProcessId, Vec<(u64, OperationId)>> = BTreeMap::new();
    for (place, operation) in history.iter().enumerate().rev() {
        if let Completion::Ok { .. } = operation.completion {
            let own = to_come.entry(operation.process).or_default();
            own.push((operation.call.position, OperationId(place)));
        }
    }
    for own in to_come.values_mut() {
        own.sort_by(|a, b| b.cmp(a));
    }
    let mut is_placed: Vec<bool> = history.iter().map(|_| false).collect();
    let mut states: BTreeMap<M::Key, M::State> = BTreeMap::new();
    for &id in order {
        let (Some(operation), Some(placed)) = (history.get(id.0), is_placed.get_mut(id.0)) else {
            return Err(Error::WitnessStranger { operation: id });
        };
        if core::mem::replace(placed, true) {
            return Err(Error::WitnessRepeats { operation: id });
        }
        let own = to_come.entry(operation.process).or_default();
        let is_too_early = match operation.completion {
            Completion::Fail { .. } => return Err(Error::WitnessFailed { operation: id }),
            Completion::Ok { .. } => own.pop().is_none_or(|(_, next)| next != id),
            Completion::Info { .. } => own
                .last()
                .is_some_and(|next| *next < (operation.call.position, id)),
        };
        if is_too_early {
            return Err(Error::WitnessProcessOrder { operation: id });
        }
        let key = model.key(&operation.input);
        let state = match states.remove(&key) {
            Some(state) => state,
            None => model.initial(&key),
        };
        let after = model
            .step(&state, &operation.input, operation.completion.output())
            .ok_or(Error::WitnessIllegal { operation: id })?;
        states.insert(key, after);
    }
    let missing = to_come
        .values()
        .filter_map(|own| own.last().map(|(_, id)| *id))
        .min();
    match missing {
        Some(operation) => Err(Error::WitnessMisses { operation }),
        None => Ok(()),
    }
}
