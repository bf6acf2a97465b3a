//! The map of all models, and the lattice that they form.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the helpers are shared by several programs")]
mod common;
mod lattice;
mod operations;
mod survey;
mod transactions;
