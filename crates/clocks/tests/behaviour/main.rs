//! What the crate promises, a subject a module, in one program so that it is built and linked once.

#[path = "../common/broadcast.rs"]
mod broadcast;
#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod array;
mod bloom;
mod bugs;
mod causal_buffer;
mod causal_recovery;
mod causality;
mod delta_stream;
mod dot_sets;
mod dotted;
mod dvv_set;
mod events_wire;
mod group_forms;
mod hlc;
mod hlc_bugs;
mod other_rosters;
mod refusals;
mod retirement;
mod serde;
mod sparse_serde;
mod sparse_wire;
mod tree_clock;
mod truncated;
mod version_vector;
