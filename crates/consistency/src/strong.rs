//! The strong store: registers on quorums, linearizable without consensus.
//!
//! Attiya, Bar-Noy and Dolev 1995 show how to keep an atomic register in a system that loses messages
//! and crashes, as long as a majority answers; Lynch and Shvartsman 1997 let every node write and put
//! any pair of read and write quorums in the majority's place. [`Store`] is that algorithm with one
//! register for each key, as a [`transport::Process`]: there is no leader and nothing is agreed on, so
//! no node's absence is noticed while a quorum is left. It has no clock, thread, socket or file.
//!
//! What it deliberately is not: it has no compare-and-set, no append and no transaction. A register
//! cannot give them (Herlihy 1991); the crate `kv`, on Raft, can.
//!
//! # The algorithm
//!
//! A *version* is a value under a *timestamp* (counter, node). Each member keeps the greatest version of
//! each key that it was told. A delete writes nothing at all, under a timestamp like any other write.
//!
//! | step | write | read |
//! |---|---|---|
//! | 1 query | ask for timestamps, until a read quorum has answered and a write quorum has room for the key | ask for versions, until a read quorum has answered |
//! | 2 update | choose a timestamp above all of them, store it here, tell all, until a write quorum has stored it | tell the greatest version to those that lack it, until a write quorum has stored it |
//! | end | written | the value |
//!
//! A read has only step 1 when those who answered with the greatest version are a write quorum: it is
//! stored where step 2 would store it. A key that a read quorum has never heard of is absent, and there
//! is nothing to write back.
//!
//! # Why it is linearizable
//!
//! Every read quorum meets every write quorum. So the query of an operation hears of the version of every
//! operation that ended before it began: a write chooses a greater timestamp, a read returns that version
//! or a greater one and leaves it at a write quorum. Timestamps of writes are unique. Order operations by
//! timestamp, a write before the reads of its version: that is a legal order and keeps to real time.
//!
//! # Rules
//!
//! 1. *Versions rise.* A member replaces a version only by one of a greater timestamp, and says *stored*
//!    to any that is not greater than its own.
//! 2. *An answer tells only of durable state.* Replies are gated on every record before them; the own
//!    replica answers through a queue that the disk opens, and counts like any other.
//! 3. *A timestamp is used once.* The writer chooses above everything its own replica holds, durable or
//!    not, stores the version there in the same step, and tells others when that record is durable. So
//!    two writes of one node differ, and a timestamp that anybody has seen outlives a crash.
//! 4. *Only answers to this phase of this operation count, once for each member.* They repeat the
//!    operation's name: a number, and the incarnation of its node, which is a record. What an answer says
//!    tells its phase; members are counted in a set.
//! 5. *Every request ends once.* When its patience is over: a read, and a write in step 1, are refused
//!    (they stored nothing of their own); a write in step 2 is unknown.
//! 6. *Bounded.* Operations, keys, key and value lengths have limits. Beyond them a request is refused
//!    before anything is stored.
//! 7. *No absurd numbers.* A counter or an incarnation beyond 2⁴⁸ is used by no member and believed by
//!    none: one flipped bit would otherwise leave no timestamp to the writers of a key.
//!
//! # A full replica
//!
//! A member that holds `keys_max` keys takes no other. It answers queries truthfully (it never heard of
//! the key) and says that it has no room. When those with room cannot be a write quorum any more, the
//! write of a new key is refused; nothing was stored. Two writers of different new keys may both be told
//! of the last place. One finds it taken in step 2 and ends unknown: its version stays where it was
//! stored, and a read that meets it there, and cannot write it back, is refused. Keys are never given
//! back: a delete keeps its timestamp.
//!
//! # The log
//!
//! One record for each incarnation and for each version stored, and both weigh something. When the
//! records since the last checkpoint outweigh the state (and `checkpoint_bytes_min`), one checkpoint
//! replaces them all: each byte stored is written at most about twice, and the log is at most about twice
//! the state.

mod config;
pub use config::{Config, ConfigError, MEMBERS_MAX};
pub(crate) use config::{Limits, positive, positive_ns};

pub mod invariants;

mod message;
pub use message::{Answer, Message, OperationName, Wanted};

mod operation;
pub(crate) use operation::Members;

mod record;
pub(crate) use record::{Durable, is_possible};
pub use record::{Record, RecoverError};

mod replica;
pub(crate) use replica::{OVERHEAD_BYTES, Replica, Stored, weight_bytes};

mod request;
pub use request::{Event, Refusal, Request};

mod store;
pub use store::Store;

mod version;
pub use version::{Timestamp, Version};
