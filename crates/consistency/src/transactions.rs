//! Transactions: histories of them, and what isolation they kept.

mod anomalies;
mod budget;
mod check;
mod generate;
mod graph;
mod history;
mod restrict;
mod strong;
mod verify;
mod weak;

pub use anomalies::{Found, FoundAnomaly, anomalies};
pub use check::check;
pub use generate::{Plan, Planted, generate};
pub use history::{Builder, Ending, MicroOperation, Transaction, Transactions};
pub(crate) use history::{Header, Micro, MicroKind};
pub use verify::verify;
