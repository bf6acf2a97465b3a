#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod adversary;
pub use adversary::{Adversary, Case, Control, ControlKind, Finding, Refutation, refute};

mod client;

mod error;
pub use error::CapError;

mod forecast;
pub use forecast::{Forecast, forecast};

mod laboratory;
pub use laboratory::{Answer, Laboratory};

mod measure;
pub use measure::{Cell, Measurement, Pair, Trial};

pub mod pacelc;

pub mod partition;

pub mod sample;

#[cfg(feature = "strategy")]
pub mod search;

mod settings;
pub use settings::Settings;

mod shape;
pub use shape::{Shape, ShapeKind, link_states, splits};

mod side;
pub use side::{NODES_MAX, Side};

pub mod staleness;

#[cfg(feature = "strategy")]
pub mod strategy;

mod subject;
pub use subject::{Ask, EventOf, Heard, InputOf, KeyOf, Operation, OutputOf, RequestOf, Subject};

mod witness;
pub use witness::{Answered, Asked, Outcome, Splice, Unanswered, Witness};

mod words;
pub use words::{Availability, Consistency, Latency};
