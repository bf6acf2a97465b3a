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

mod batch;
pub use batch::{Batch, Command, Entries, EntriesError};

mod config;
pub use config::{Config, ConfigError};

mod event;
pub use event::{Event, Outcome, Refusal, Request};

pub mod invariants;

mod log;
pub use log::Log;

mod message;
pub use message::{Message, Verdict};

mod place;
pub use place::{Index, Position, Term};

mod raft;
pub use raft::{Raft, Role};

mod record;
pub use record::{Record, RecoverError};
