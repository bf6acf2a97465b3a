#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod error;
pub use error::Error;

mod value;
pub use value::Value;

mod history;
pub use history::{
    Completion, Event, EventKind, Function, History, Lines, Moment, Operation, OperationId,
    Operations, OperationsBuilder, ProcessId, Recorder, Refused,
};

mod model;
pub use model::{
    Bank, BankInput, BankOutput, CasRegister, Contents, Counter, CounterCall, CounterInput,
    CounterOutput, FifoQueue, KeyValue, KvInput, KvOutput, Model, MultiInput, MultiOutput,
    MultiRegister, MultiStep, Mutex, MutexCall, MutexInput, Nondeterministic,
    NondeterministicModel, Notation, OwnedMutex, PoolCall, PoolInput, PoolOutput, PriorityQueue,
    Register, RegisterCall, RegisterInput, RegisterOutput, Role, Set, SetCall, SetInput, SetOutput,
    Shape, Stack, Whole, WholeState,
};

mod level;
pub use level::Consistency;

mod judgement;
pub use judgement::{Anomaly, Edge, Judgement, NotCheckable, Reason, Rule};

pub mod transactions;

pub mod causal;

mod staleness;
pub use staleness::{STALENESS_STEPS_MAX, StaleEvidence, Staleness, staleness, verify_staleness};

mod convergence;
pub use convergence::{Converged, ConvergedKey, convergence};

mod linearizable;
pub use linearizable::{
    Checked, Keys, Limits, Linearization, Method, UnknownReason, Verdict, Violation,
    check_linearizable, check_linearizable_by_search, check_linearizable_in_full, replay,
    split_by_key,
};

mod sequential;
pub use sequential::{check_sequential, replay_sequential};

pub mod generate;

mod online;
pub use online::{Online, Standing};

mod map;
pub use map::{
    MapRow, ModelMap, PROBE_QUESTIONS, Proof, Source, check_all, check_all_beside,
    check_all_of_object, check_all_transactions,
};

mod format;
pub use format::{
    Format, Reader, Recorded, RecordedReader, parse, parse_recorded, write_json_lines,
    write_transactions,
};

pub mod report;

mod intern;

#[cfg(feature = "stores")]
pub mod strong;

#[cfg(feature = "stores")]
pub mod eventual;

#[cfg(feature = "stores")]
pub mod partial;
