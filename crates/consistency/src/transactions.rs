//! Transactions: histories of them, and what isolation they kept.

mod graph;
mod history;

pub use history::{Builder, Ending, MicroOperation, Transaction, Transactions};
pub(crate) use history::{Header, Micro, MicroKind};
