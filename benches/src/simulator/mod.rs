//! Simulators: messages per CPU-second.
//!
//! One room a contender. Both loads are the same for all: clients that keep some requests in flight
//! to one server, which echoes each. A round trip is two messages.

mod child;
pub use child::Child;

mod concord;

mod contender;
pub use contender::{Contender, contenders};

mod load;
pub use load::Load;

#[cfg(madsim)]
mod madsim_endpoint;
#[cfg(madsim)]
pub use madsim_endpoint::run as run_madsim;

#[cfg(feature = "peers")]
mod turmoil_udp;
