//! The separate verifier of orders: it knows nothing of clusters.

use alloc::vec;

use crate::{
    Error, OperationId, Value,
    transactions::{Ending, MicroOperation, Transactions},
};

/// Checks that an order of the operations of `key` is k-atomic, from first principles: nothing twice, nothing that
/// failed or is not of this key, every read and write that committed, real time respected, and each read one of the k
/// latest writes before it, of which the initial value is the first. O(k n).
///
/// # Errors
/// The first `Witness..` error of [`Error`] that applies; [`Error::WitnessIllegal`] for a read of anything older.
///
/// ```
/// use consistency::{OperationId, transactions::Builder, verify_staleness};
///
/// let nothing = Builder::new().finish();
/// assert_eq!(verify_staleness(&nothing, &"x".into(), 1, &[]), Ok(()));
/// assert!(verify_staleness(&nothing, &"x".into(), 1, &[OperationId(0)]).is_err());
/// ```
pub fn verify_staleness(
    history: &Transactions,
    key: &Value,
    k: usize,
    order: &[OperationId],
) -> Result<(), Error> {
    let mut is_placed = vec![false; history.len()];
    let mut versions = vec![Value::Nil];
    let mut latest_call = 0;
    for &operation in order {
        let Some((ending, step)) = of_key(history, key, operation) else {
            return Err(Error::WitnessStranger { operation });
        };
        if is_placed.get(operation.0) == Some(&true) {
            return Err(Error::WitnessRepeats { operation });
        }
        if let Some(placed) = is_placed.get_mut(operation.0) {
            *placed = true;
        }
        if ending == Ending::Aborted {
            return Err(Error::WitnessFailed { operation });
        }
        let moments = history.headers().get(operation.0);
        let (call, end) = moments.map_or((0, 0), |it| (it.call.position, it.end_position));
        if end < latest_call {
            return Err(Error::WitnessOrder { operation });
        }
        latest_call = latest_call.max(call);
        match step {
            MicroOperation::Write { value, .. } => versions.push(value),
            MicroOperation::Read { value, .. } if ending == Ending::Committed => {
                let mut latest = versions.iter().rev().take(k);
                if value.is_some_and(|value| latest.all(|version| *version != value)) {
                    return Err(Error::WitnessIllegal { operation });
                }
            }
            _ => {}
        }
    }
    let must_be_there = |id: &OperationId| {
        let ending = of_key(history, key, *id).map(|(ending, _)| ending);
        is_placed.get(id.0) != Some(&true) && ending == Some(Ending::Committed)
    };
    match (0..history.len()).map(OperationId).find(must_be_there) {
        Some(operation) => Err(Error::WitnessMisses { operation }),
        None => Ok(()),
    }
}

/// How an operation ended and what it did, when it read or wrote this key.
fn of_key(
    history: &Transactions,
    key: &Value,
    operation: OperationId,
) -> Option<(Ending, MicroOperation)> {
    let transaction = history.get(operation)?;
    match transaction.steps.as_slice() {
        [step @ (MicroOperation::Read { value: Some(_), .. } | MicroOperation::Write { .. })]
            if step.key() == key =>
        {
            Some((transaction.ending, step.clone()))
        }
        _ => None,
    }
}
