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

mod acceptor;
pub use acceptor::{Acceptor, Change, Denial, Outbid};

mod ballot;
pub use ballot::{Ballot, Proposal};

mod config;
pub use config::{Config, ConfigError};

mod event;
pub use event::{Event, Refusal, Request};

pub mod invariants;

mod learner;
pub use learner::{Contradiction, Learner};

mod message;
pub use message::Message;

mod paxos;
pub use paxos::{Paxos, Phase};

mod proposer;
pub use proposer::{Mandate, Proposer};

mod record;
pub use record::{Record, RecoverError};

mod value;
pub use value::Value;
