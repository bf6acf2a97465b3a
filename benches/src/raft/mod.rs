//! Raft: commits per CPU-second of whole clusters in one thread.
//!
//! One room a contender; all of them run the loop of [`drive`].

mod cluster;
pub use cluster::{Cluster, Contender, Tally, drive};

mod load;
pub use load::{Load, Mode};

#[cfg(feature = "peers")]
mod noraft;

mod raft_core;

#[cfg(feature = "peers")]
mod raft_rs;

/// Everybody in this build, ours first. Without the feature `peers` we are alone.
///
/// ```
/// let names: Vec<_> = benches::raft::contenders().iter().map(|c| c.name).collect();
/// assert_eq!(names.len() > 1, cfg!(feature = "peers"));
/// ```
#[must_use]
pub fn contenders() -> Vec<Contender> {
    vec![
        Contender::of::<raft_core::RaftCore>(),
        #[cfg(feature = "peers")]
        Contender::of::<noraft::Noraft>(),
        #[cfg(feature = "peers")]
        Contender::of::<raft_rs::RaftRs>(),
    ]
}
