//! Optimal strategies and their proofs.
#![cfg(feature = "strategy")]

#[path = "strategy/goldens.rs"]
mod goldens;
