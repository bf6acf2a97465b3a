//! Optimal strategies and their proofs.
#![cfg(feature = "strategy")]

#[path = "strategy/enumerated.rs"]
mod enumerated;
#[path = "strategy/goldens.rs"]
mod goldens;
#[path = "strategy/measured.rs"]
mod measured;
