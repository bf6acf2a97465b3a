//! What the crate promises, a subject a module, in one program so that it is built and linked once.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod hostile;
mod paper;
mod quorums;
mod random;
mod recovery;
mod requests;
mod serde;
mod transcripts;
