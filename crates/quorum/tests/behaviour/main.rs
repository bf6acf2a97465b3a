//! What the crate promises, a subject a module, in one program so that it is built and linked once.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod availability;
mod constructions;
mod exhaustive;
mod expression;
mod laws;
mod serde;
mod text;
mod zones;
