//! Traps that caught other implementations, each with where it was found.
//!
//! Not here, because the crate has no such feature yet: traps of membership change (hydro#3192,
//! etcd#2397, etcd#12359, camunda#57386, openraft#1808, nebula#4472), of snapshots (etcd raft#157,
//! openraft#808), of leadership transfer (canonical/raft#203, hashicorp/raft#696, openraft#1805,
//! hashicorp/raft#413), of leases (tikv#9728, jraft#25), of learners (async-raft d882e743), and of a
//! log that is read from storage while leading (openraft#1795): this log lives in memory.

#[path = "../common/mod.rs"]
mod common;
mod elections;
mod reads;
mod replication;
