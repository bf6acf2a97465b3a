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

mod availability;
pub use availability::ZONES_MAX;

mod constructions;

mod disjoint;

mod error;
pub use error::{ExpressionError, QuorumError};

mod expression;
pub use expression::{Cheapest, Expected, Expression, Position};

mod formula;
pub use formula::{EXPRESSION_DEPTH_MAX, EXPRESSION_SIZE_MAX};

mod frontier;
pub use frontier::SEARCH_MAX;

mod meet;

mod pair;

mod places;

mod price;
pub use price::Price;

#[cfg(feature = "serde")]
mod serial;

mod system;
pub use system::{MEMBERS_MAX, QuorumSystem, Side, WEIGHT_MAX};

mod zones;
