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

mod bytes;
pub use bytes::Bytes;

mod choice;
pub use choice::{Choose, Scripted};

#[cfg(feature = "std")]
mod channel;
#[cfg(feature = "std")]
pub use channel::ChannelEndpoint;

#[cfg(feature = "codec")]
mod codec;
#[cfg(feature = "codec")]
pub use codec::{Bincode, Codec};

mod context;
pub use context::Context;

mod effect;
pub use effect::{Effect, EffectOf, Effects};

mod ends;
pub use ends::Ends;

mod envelope;
pub use envelope::{Envelope, ReceiveError, SendError, Transport};

#[cfg(feature = "codec")]
mod error;
#[cfg(feature = "codec")]
pub use error::FrameError;

#[cfg(feature = "codec")]
mod frame;
#[cfg(feature = "codec")]
pub use frame::{FrameReader, Framing};

mod id;
pub use id::{NodeId, RequestId, Token};

mod process;
pub use process::{Input, Process, Recover, Stored};

mod time;
pub use time::Time;
