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

mod disjoint;

mod error;
pub use error::QuorumError;

#[cfg(feature = "serde")]
mod serial;

mod system;
pub use system::{MEMBERS_MAX, QuorumSystem, Side, WEIGHT_MAX};
