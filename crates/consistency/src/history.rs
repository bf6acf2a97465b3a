//! What clients did and saw: events as they are written, operations as checkers read them.

mod builder;
mod event;
mod lines;
mod operation;
mod record;
mod recorder;

pub use builder::OperationsBuilder;
pub use event::{Event, EventKind, Function};
pub use lines::Lines;
pub use operation::{Completion, Moment, Operation, OperationId, ProcessId};
pub use record::{History, Operations};
pub use recorder::{Recorder, Refused};
