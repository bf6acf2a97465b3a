//! The separate verifier of witnesses. It shares no code with the search.

use alloc::{collections::BTreeSet, vec::Vec};

use super::Linearization;
use crate::{Completion, Error, Model, Operation, OperationId};

/// Checks a witness against a history from first principles: nothing twice, nothing failed, everything that returned
/// ok, real time respected, and every answer one that the model gives. O(n log n) and one model step per operation.
///
/// # Errors
/// The first `Witness..` error of [`Error`] that applies.
///
/// ```
/// use consistency::{Error, Linearization, OperationId, ProcessId, Recorder, Register, RegisterInput};
/// use consistency::{RegisterOutput, Value, replay};
///
/// let mut recorder = Recorder::new();
/// let write = recorder.invoke(ProcessId(0), RegisterInput::write(1), 0)?;
/// recorder.ok(write, RegisterOutput::Done, 1)?;
/// let model = Register::new(Value::Nil);
/// let history = recorder.finish();
/// let witness = Linearization { orders: vec![(None, vec![])] };
/// assert_eq!(
///     replay(&model, &history, &witness),
///     Err(Error::WitnessMisses { operation: OperationId(0) }),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replay<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    witness: &Linearization<M::Key>,
) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    let mut is_placed: Vec<bool> = history.iter().map(|_| false).collect();
    for (key, order) in &witness.orders {
        let is_first_order_of_key = keys.insert(key);
        let mut state = model.initial(key);
        let mut latest_call = 0;
        for &id in order {
            let (Some(operation), Some(placed)) = (history.get(id.0), is_placed.get_mut(id.0))
            else {
                return Err(Error::WitnessStranger { operation: id });
            };
            if !is_first_order_of_key || model.key(&operation.input) != *key {
                return Err(Error::WitnessStranger { operation: id });
            }
            if core::mem::replace(placed, true) {
                return Err(Error::WitnessRepeats { operation: id });
            }
            if matches!(operation.completion, Completion::Fail { .. }) {
                return Err(Error::WitnessFailed { operation: id });
            }
            if operation.return_position() < latest_call {
                return Err(Error::WitnessOrder { operation: id });
            }
            latest_call = latest_call.max(operation.call.position);
            state = model
                .step(&state, &operation.input, operation.completion.output())
                .ok_or(Error::WitnessIllegal { operation: id })?;
        }
    }
    let returned_ok = history.iter().zip(is_placed).enumerate();
    for (place, (operation, is_placed)) in returned_ok {
        if !is_placed && matches!(operation.completion, Completion::Ok { .. }) {
            let operation = OperationId(place);
            return Err(Error::WitnessMisses { operation });
        }
    }
    Ok(())
}
