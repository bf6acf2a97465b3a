#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;

mod causality;
pub use causality::Causality;

mod error;
pub use error::ClockError;

mod lamport;
pub use lamport::{Lamport, LamportStamp};

mod vector;
pub use vector::VectorClock;

#[cfg(feature = "serde")]
mod serial;

mod kernel;
