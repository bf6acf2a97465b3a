//! What the crate promises, a subject a module, in one program so that it is built and linked once.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod explore;
mod hostile;
mod invariants;
mod laws;
mod outcomes;
mod random;
mod recovery;
mod serde;
mod traps;
