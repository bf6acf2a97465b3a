//! The eventual store: laws, named traps, scripts, random schedules, hostile input, recovery, cost.
#![cfg(feature = "stores")]

mod allocations;
mod compare;
mod hostile;
mod laws;
mod ledger;
mod recovery;
mod requests;
mod schedules;
#[cfg(feature = "serde")]
mod serde;
mod traps;
mod world;
