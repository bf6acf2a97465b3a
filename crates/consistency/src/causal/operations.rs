//! From single operations to the flat history that these checks read: one transaction for each operation, with the
//! same [`OperationId`](crate::OperationId).

use alloc::collections::BTreeMap;

use super::{Builder, Ending, MicroOperation, Transactions};
use crate::{
    CasRegister, Completion, KeyValue, KvInput, KvOutput, Model, NotCheckable, Operation,
    OperationId, ProcessId, Register, RegisterCall, RegisterInput, RegisterOutput, Value,
};

/// What one operation read and wrote. Both when it did both, in that order: a compare-and-set that swapped.
///
/// ```
/// use consistency::causal::Access;
///
/// let nothing = Access::default();
/// assert_eq!((nothing.read, nothing.written), (None, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The value it saw.
    pub read: Option<Value>,
    /// The value it put there.
    pub written: Option<Value>,
}

/// A model whose operations read and write values of keys.
///
/// ```
/// use consistency::causal::{Access, ReadWrite};
/// use consistency::{CasRegister, RegisterInput, RegisterOutput, Value};
///
/// let model = CasRegister::new(Value::Nil);
/// let swap = RegisterInput::cas(1, 2);
/// let swapped = model.access(&swap, Some(&RegisterOutput::Done));
/// assert_eq!(swapped, Some(Access { read: Some(1.into()), written: Some(2.into()) }));
/// let refused = model.access(&swap, Some(&RegisterOutput::Mismatch));
/// assert_eq!(refused, Some(Access::default()));
/// ```
pub trait ReadWrite: Model<State = Value> {
    /// The key of this input among the keys of a history.
    fn key_of(&self, input: &Self::Input) -> Value;

    /// What this operation read and wrote; no output for one that nobody heard the end of. `None` when it is neither
    /// a read nor a write.
    fn access(&self, input: &Self::Input, output: Option<&Self::Output>) -> Option<Access>;
}

impl Access {
    const fn read(value: Value) -> Self {
        Self {
            read: Some(value),
            written: None,
        }
    }

    const fn written(value: Value) -> Self {
        Self {
            read: None,
            written: Some(value),
        }
    }

    fn swap(expected: &Value, new: &Value) -> Self {
        Self {
            read: Some(expected.clone()),
            written: Some(new.clone()),
        }
    }
}

impl ReadWrite for Register {
    fn key_of(&self, input: &RegisterInput) -> Value {
        input.key.clone().unwrap_or_default()
    }

    fn access(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> Option<Access> {
        match input.call {
            RegisterCall::Cas { .. } => None,
            RegisterCall::Read | RegisterCall::Write(_) => register(&input.call, output),
        }
    }
}

impl ReadWrite for CasRegister {
    fn key_of(&self, input: &RegisterInput) -> Value {
        input.key.clone().unwrap_or_default()
    }

    fn access(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> Option<Access> {
        register(&input.call, output)
    }
}

fn register(call: &RegisterCall, output: Option<&RegisterOutput>) -> Option<Access> {
    match (call, output) {
        (RegisterCall::Read, None) | (RegisterCall::Cas { .. }, Some(RegisterOutput::Mismatch)) => {
            Some(Access::default())
        }
        (RegisterCall::Read, Some(RegisterOutput::Value(heard))) => {
            Some(Access::read(heard.clone()))
        }
        (RegisterCall::Write(value), None | Some(RegisterOutput::Done)) => {
            Some(Access::written(value.clone()))
        }
        (RegisterCall::Cas { new, .. }, None) => Some(Access::written(new.clone())),
        (RegisterCall::Cas { expected, new }, Some(RegisterOutput::Done)) => {
            Some(Access::swap(expected, new))
        }
        _ => None,
    }
}

impl ReadWrite for KeyValue {
    fn key_of(&self, input: &KvInput) -> Value {
        input.key().clone()
    }

    /// A delete writes [`Value::Nil`]; what it found there is not used.
    fn access(&self, input: &KvInput, output: Option<&KvOutput>) -> Option<Access> {
        match (input, output) {
            (KvInput::Get { .. }, None) | (KvInput::Cas { .. }, Some(KvOutput::Mismatch)) => {
                Some(Access::default())
            }
            (KvInput::Get { .. }, Some(KvOutput::Value(heard)))
            | (KvInput::Cas { .. }, Some(KvOutput::Found(heard))) => {
                Some(Access::read(heard.clone()))
            }
            (KvInput::Put { value, .. }, None | Some(KvOutput::Done)) => {
                Some(Access::written(value.clone()))
            }
            (KvInput::Cas { new, .. }, None) => Some(Access::written(new.clone())),
            (KvInput::Cas { expected, new, .. }, Some(KvOutput::Done)) => {
                Some(Access::swap(expected, new))
            }
            (KvInput::Delete { .. }, None | Some(KvOutput::Done | KvOutput::Deleted(_))) => {
                Some(Access::written(Value::Nil))
            }
            _ => None,
        }
    }
}

/// The flat history of these operations, for [`check`](super::check) and for the checks of transactions: operation *i*
/// becomes transaction *i*. O(size of the history).
///
/// - A compare-and-set that swapped is a read of the expected value and a write of the new one, at one moment. One that
///   did not swap says only what the value was *not*, which these models cannot use: it is left out. (One that answers
///   what it found, [`KvOutput::Found`], is a read of that.)
/// - What failed wrote nothing, and whoever sees its value saw a value out of thin air. What nobody heard of may have
///   written, and read nothing.
/// - The flat history calls "never written" [`Value::Nil`]. Where the model's initial value of a key is another one, the
///   two change places.
///
/// # Errors
/// [`NotCheckable::NotReadOrWrite`] for an operation that is neither, such as an append to a text, or whose answer
/// is none that this input can have; [`NotCheckable::OutOfOrder`] for operations that do not stand in the order of their
/// calls.
///
/// ```
/// use consistency::causal::of_operations;
/// use consistency::transactions::MicroOperation;
/// use consistency::{ProcessId, Recorder, Register, RegisterInput, RegisterOutput, Value};
///
/// let mut recorder = Recorder::new();
/// let read = recorder.invoke(ProcessId(0), RegisterInput::read().at("x"), 0)?;
/// recorder.ok(read, RegisterOutput::Value(0.into()), 1)?;
/// let history = of_operations(&Register::new(0.into()), &recorder.finish())?;
/// // The register holds 0 before the first write.
/// let never_written = MicroOperation::Read { key: "x".into(), value: Some(Value::Nil) };
/// assert_eq!(history.get(read).map(|it| it.steps), Some(vec![never_written]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn of_operations<M: ReadWrite>(
    model: &M,
    operations: &[Operation<M::Input, M::Output>],
) -> Result<Transactions, NotCheckable> {
    let mut builder = Builder::new();
    let mut called: BTreeMap<ProcessId, u64> = BTreeMap::new();
    for (place, operation) in operations.iter().enumerate() {
        let position = operation.call.position;
        if called.insert(operation.process, position) > Some(position) {
            let operation = OperationId(place);
            return Err(NotCheckable::OutOfOrder { operation });
        }
        let id = builder.invoke(operation.process, operation.call);
        let (ending, at) = match &operation.completion {
            Completion::Ok { at, .. } => (Ending::Committed, Some(*at)),
            Completion::Fail { at } => (Ending::Aborted, Some(*at)),
            Completion::Info { at } => (Ending::Indeterminate, *at),
        };
        let access = match model.access(&operation.input, operation.completion.output()) {
            Some(access) => access,
            None if ending == Ending::Aborted => Access::default(),
            None => {
                let operation = OperationId(place);
                return Err(NotCheckable::NotReadOrWrite { operation });
            }
        };
        let steps = steps(model, &operation.input, access);
        // It was invoked above and is completed once, so this cannot be refused.
        let refused = builder.complete(id, ending, at, steps);
        debug_assert_eq!(refused, Ok(()), "a transaction is completed once");
    }
    Ok(builder.finish())
}

fn steps<M: ReadWrite>(
    model: &M,
    input: &M::Input,
    access: Access,
) -> impl Iterator<Item = MicroOperation> {
    let key = model.key_of(input);
    let initial = model.initial(&model.key(input));
    let exchange = move |value: Value| {
        if value == initial {
            Value::Nil
        } else if value == Value::Nil {
            initial.clone()
        } else {
            value
        }
    };
    let read = access.read.map(|value| MicroOperation::Read {
        key: key.clone(),
        value: Some(exchange(value)),
    });
    let written = access.written.map(|value| MicroOperation::Write {
        key,
        value: exchange(value),
    });
    read.into_iter().chain(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;

    #[test]
    fn operations_out_of_the_order_of_their_calls_are_refused() {
        let write = |position| Operation {
            process: ProcessId(0),
            call: Moment {
                position,
                time_ns: None,
            },
            input: RegisterInput::write(1),
            completion: Completion::Info { at: None },
        };
        let model = Register::new(Value::Nil);
        let operation = OperationId(1);
        assert_eq!(
            of_operations(&model, &[write(4), write(2)]).err(),
            Some(NotCheckable::OutOfOrder { operation }),
        );
        assert!(of_operations(&model, &[write(2), write(2)]).is_ok());
    }
}
