//! The one error type of the crate: what was refused, where, and what was expected instead.

use alloc::string::String;

use crate::{Consistency, OperationId, ProcessId};

/// Why an input, a recording or a witness was refused.
///
/// Lines and columns count from 1; a column counts characters. A history that was not read from a file counts its
/// events as lines.
///
/// ```
/// use consistency::{Error, Format, parse};
///
/// let refused = parse(b"{\"process\":0,\"type\":\"invoked\"}", Format::JsonLines);
/// assert!(matches!(refused, Err(Error::Parse { line: 1, column: 21, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not of the format it was read as.
    #[error("line {line}, column {column}: expected {expected}, found {found}")]
    Parse {
        /// Line of the first character that does not fit.
        line: u64,
        /// Column of that character.
        column: u64,
        /// What would have been accepted there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// A transaction (a list of micro-operations) where one operation is read.
    #[error(
        "line {line}: a transaction (a list of micro-operations): this checker reads one operation per event"
    )]
    Transaction {
        /// Line of the event.
        line: u64,
    },
    /// A single operation in a history whose other events are transactions.
    #[error("line {line}: a single operation in a history of transactions")]
    NotTransaction {
        /// Line of the event.
        line: u64,
    },
    /// A key that is a list in one transaction and a register in another.
    #[error("line {line}: the key {key} is both a list and a register")]
    KeyOfTwoKinds {
        /// Line where the transaction that contradicts an earlier one begins.
        line: u64,
        /// The key.
        key: String,
    },
    /// A step of a transaction that began in another session.
    #[error("line {line}: this transaction began in another session, in line {opened_line}")]
    TwoSessions {
        /// Line of the step.
        line: u64,
        /// Line of the transaction's first step.
        opened_line: u64,
    },
    /// An event, a line or a transaction longer than any that is read.
    #[error("line {line}: an element of more than {bytes_max} bytes")]
    ElementTooLong {
        /// Line on which it begins.
        line: u64,
        /// The longest that is read, in bytes.
        bytes_max: usize,
    },
    /// A process invoked an operation while an earlier one of it was open.
    #[error(
        "line {line}: process {process} invokes while its operation of line {opened_line} is still open"
    )]
    ProcessBusy {
        /// Line of the second invocation.
        line: u64,
        /// The process.
        process: ProcessId,
        /// Line of the invocation that is still open.
        opened_line: u64,
    },
    /// A completion (ok, fail or info) of a process that has no open operation.
    #[error("line {line}: process {process} completes an operation it never invoked")]
    NeverInvoked {
        /// Line of the completion.
        line: u64,
        /// The process.
        process: ProcessId,
    },
    /// A completion that names another function or key than its invocation.
    #[error(
        "line {line}: this completion differs in function or key from its invocation in line {opened_line}"
    )]
    PairDiffers {
        /// Line of the completion.
        line: u64,
        /// Line of the invocation.
        opened_line: u64,
    },
    /// An event that does not fit the model: an unknown function, or a value of the wrong shape.
    #[error("line {line}: {function} of the model {model}: expected {expected}, found {found}")]
    Notation {
        /// Line of the event.
        line: u64,
        /// Name of the model.
        model: &'static str,
        /// The event's function.
        function: String,
        /// What the model reads there.
        expected: &'static str,
        /// The event's value.
        found: String,
    },
    /// [`Recorder`](crate::Recorder): the operation is already complete, or was never handed out.
    #[error("operation {operation} is not open")]
    NotOpen {
        /// The operation.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): the witness names an operation that the history does not hold under that key.
    #[error("the witness names operation {operation}, which has no place there")]
    WitnessStranger {
        /// The operation.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): the witness names an operation twice.
    #[error("the witness names operation {operation} twice")]
    WitnessRepeats {
        /// The operation.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): the witness holds an operation that failed, so it never happened.
    #[error("the witness holds operation {operation}, which failed")]
    WitnessFailed {
        /// The operation.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): an operation that returned ok is missing.
    #[error("the witness leaves out operation {operation}, which returned ok")]
    WitnessMisses {
        /// The operation.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): the operation had returned before an operation placed ahead of it was called.
    #[error(
        "the witness places operation {operation} after one that was called when it had returned"
    )]
    WitnessOrder {
        /// The operation placed too late.
        operation: OperationId,
    },
    /// [`replay_sequential`](crate::replay_sequential): the operation stands before one that its own process did
    /// earlier.
    #[error("the witness places operation {operation} before an earlier one of its own process")]
    WitnessProcessOrder {
        /// The operation placed too early.
        operation: OperationId,
    },
    /// [`causal::verify`](crate::causal::verify): the certificate is one of another model.
    #[error("a certificate of this form does not show {level}")]
    WitnessKind {
        /// The model that it was to show.
        level: Consistency,
    },
    /// [`causal::verify`](crate::causal::verify): what this operation read was not written before the place it has.
    #[error("the witness places operation {operation} before the write that it read")]
    WitnessBeforeSource {
        /// The read.
        operation: OperationId,
    },
    /// [`replay`](crate::replay): the model does not allow this input and output in the state reached.
    #[error("the model refuses operation {operation} where the witness places it")]
    WitnessIllegal {
        /// The operation.
        operation: OperationId,
    },
    /// [`verify`](crate::transactions::verify): the witness places a transaction before one that its session had
    /// committed before it.
    #[error("the witness places transaction {operation} before an earlier one of its session")]
    WitnessSession {
        /// The transaction placed too early.
        operation: OperationId,
    },
    /// [`verify`](crate::transactions::verify): the model is one of single operations.
    #[error("{level} is a model of single operations, not of transactions")]
    NotTransactional {
        /// The model.
        level: Consistency,
    },
}
