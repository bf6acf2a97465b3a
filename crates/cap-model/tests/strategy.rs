//! Optimal strategies and their proofs.
#![cfg(feature = "strategy")]

#[path = "strategy/enumerated.rs"]
mod enumerated;
#[path = "strategy/exact.rs"]
mod exact;
#[path = "strategy/goldens.rs"]
mod goldens;
#[path = "strategy/laws.rs"]
mod laws;
#[path = "strategy/measured.rs"]
mod measured;
#[path = "strategy/tampered.rs"]
mod tampered;
