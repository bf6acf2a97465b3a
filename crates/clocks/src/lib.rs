#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;
// For the question which inner loops the processor can run; nothing else here knows `std`.
#[cfg(any(feature = "std", test))]
extern crate std;

mod causality;
pub use causality::Causality;

mod error;
pub use error::{ClockError, Defect};

mod dot;
pub use dot::Dot;

mod actor;
pub use actor::Actor;

mod lamport;
pub use lamport::{Lamport, LamportStamp};

mod hlc;
pub use hlc::{DriftPolicy, Hlc, HlcStamp};

pub mod itc;

mod roster;
pub use roster::{Roster, Succession};

mod stability;
pub use stability::{Stability, StableCut};

mod matrix;
pub use matrix::MatrixClock;

mod causal_buffer;
pub use causal_buffer::{CausalBuffer, CausalMessage, Receipt};

mod vector;
pub use vector::VectorClock;

mod array;
pub use array::ArrayClock;

mod delta;
pub use delta::{Delta, Span, VectorDelta};

mod version_vector;
pub use version_vector::{NamedClock, VersionVector, VersionVectorIntoIter, VersionVectorIter};

mod truncated;
pub use truncated::{Truncated, TruncatedOrder};

mod dot_set;
pub use dot_set::DotSet;

mod dot_context;
pub use dot_context::DotContext;

mod refused;
pub use refused::Refused;

mod dotted;
pub use dotted::DottedVersionVector;

mod dvv_set;
pub use dvv_set::{DvvSet, ReadContext};

mod bloom;
pub use bloom::{BloomClock, BloomOrder};

#[cfg(feature = "tree-clock")]
mod tree_clock;
#[cfg(feature = "tree-clock")]
pub use tree_clock::TreeClock;

pub mod wire;

#[cfg(feature = "serde")]
mod serial;

pub mod kernel;

mod counters;
