//! Read committed, read atomic, causal transactions: the checkers against the definition.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod agreement;
mod anomalies;
mod definition;
mod generated;
mod large;
mod witness;
