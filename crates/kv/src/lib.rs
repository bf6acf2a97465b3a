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

mod command;
pub use command::{Command, Operation, SessionId};

mod config;
pub use config::{Config, ConfigError};

mod machine;
pub use machine::{Applied, Machine, Rejection, Reply};

mod process;
pub use process::Kv;

mod request;
pub use request::{Ask, Event, Refusal, Request};
