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

pub mod bank;

mod collection;

mod config;
pub use config::SnapshotConfig;

mod error;
pub use error::{SnapshotError, TraceError};

mod fifo;
pub use fifo::{Fifo, FifoConfig, FifoCounts, FifoEvent, FifoRecord, Frame, FrameBody, SessionEnd};

mod global;
pub use global::{GlobalSnapshot, SnapshotId};

mod journal;
pub use journal::{Direction, JournalEntry, Journaled, Page, Paged};

mod life;
pub use life::NUMBER_MAX;

mod message;
pub use message::{
    AbortReason, ChannelState, LocalState, Report, SnapshotEvent, SnapshotMessage, SnapshotRecord,
    SnapshotRequest,
};

mod recorder;
pub use recorder::{Clocked, Cloned, Recorder, Timed};

mod recording;

mod snapshotting;
pub use snapshotting::{SnapshotCounts, Snapshotting};

mod spares;

mod stamp;
pub use stamp::{Stamped, StampedRecord};

mod trace;
pub use trace::{TraceEvent, TraceKind};

mod traced;
pub use traced::{Traced, TracedConfig};

mod tracer;

mod verify;
pub use verify::{Broken, NodeCut, verify_channels, verify_cut};
