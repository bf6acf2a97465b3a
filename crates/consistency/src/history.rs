//! What clients did and saw: events as they are written, operations as checkers read them.

mod event;
mod operation;
mod record;
mod recorder;

pub use event::{Event, EventKind, Function};
pub use operation::{Completion, Moment, Operation, OperationId, ProcessId};
pub use record::{History, Operations};
pub use recorder::{Recorder, Refused};
