//! The strong store, from single sentences to random schedules.
#![cfg(feature = "stores")]

mod world;

mod allocations;
mod exhaustive;
mod hostile;
mod limits;
mod log;
mod paper;
mod random;
#[cfg(feature = "serde")]
mod serde;
mod traps;
