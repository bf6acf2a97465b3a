//! The partial store, from single sentences to random schedules.
#![cfg(feature = "stores")]

mod world;

mod hostile;
mod random;
mod rules;
#[cfg(feature = "serde")]
mod serde;
