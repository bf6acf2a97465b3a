//! The partial store: registers on quorums that need not meet, quick and perhaps stale.
//!
//! N nodes hold every key. The node that a client asks, its *coordinator*, sends a write to all N and
//! answers after W of them have stored it; a read asks the N, or R of them, and answers with the newest
//! version of the first R answers (DeCandia and others, "Dynamo: Amazon's highly available key-value
//! store", SOSP 2007, section 4.5). Of two versions the one with the greater *timestamp* (counter, node)
//! stays: the last writer wins, by logical clocks. [`Store`] is that algorithm as a
//! [`transport::Process`]; it has no clock, thread, socket or file. It is what the staleness model of
//! Bailis and others (VLDB 2012) describes.
//!
//! It deliberately has no ring, no sloppy quorum and no hints for another node, no siblings, no deletion
//! of what is deleted (a delete is a write of nothing), no exchange of whole replicas in the background.
//!
//! # What it promises
//!
//! | quorums | writers of a key | a read |
//! |---|---|---|
//! | any | any | returns a version that somebody wrote, or that there is none |
//! | R + W > N | one node, one write after the other | is *regular* (Lamport 1986): it returns the last write that ended before it began, or one that overlaps it |
//! | R + W > N | several nodes | may miss a write that ended: a later one of another node, which had not heard of it, may have the lesser timestamp |
//! | R + W ≤ N | any | may miss a write that ended, for as long as messages take |
//!
//! It is **never linearizable**: nothing is written back before a read ends, so of two reads, one after
//! the other, beside one write, the first may return it and the second not. Whoever needs that takes
//! [`strong`](crate::strong), which asks before it writes and writes before it answers.
//!
//! *Convergence*: a write is sent again to those that have not stored it until its patience is over,
//! also when its client has long been answered. When every message sent for long enough arrives within
//! the patience, all replicas become equal. What a longer cut withholds from a replica, only *read repair*
//! brings it: a read, when all that it asked have answered, or at its first resend, sends the newest
//! version to those that gave an older one. Repair is off unless it is asked for.
//!
//! # Rules
//!
//! 1. *Versions rise.* A replica replaces a version only by one of a greater timestamp, and says *stored*
//!    to any that is not greater than its own.
//! 2. *An answer tells only of durable state.* Replies are gated on every record before them; the own
//!    replica answers through a queue that the disk opens, and counts like any other.
//! 3. *A timestamp is used once.* The counter is above every counter that the node has heard of, of any
//!    key; the version is stored at the writer in the same step, and leaves it when that record is durable.
//!    So what a crash forgets, nobody else has seen.
//! 4. *Only answers to this operation count, once for each member that it asked.* They repeat its name: a
//!    number, and the incarnation of its node, which is a record.
//! 5. *Every request ends once.* When its patience is over a read is refused, and a write is unknown.
//! 6. *Bounded.* Operations, keys, key and value lengths have limits. Operations whose client was answered
//!    go on in the places that are free, and give them up to new requests, the oldest first.
//! 7. *No absurd numbers.* A counter or an incarnation beyond 2⁴⁸ is used by no member and believed by
//!    none.
//!
//! Records, versions, requests and events are those of the strong store: a log can be read by either.
//!
//! ```
//! use consistency::partial::{Config, Store};
//! use transport::{NodeId, Recover};
//! // Three replicas, of which one answer is enough.
//! let nodes = [1, 2, 3].map(NodeId);
//! let config = Config::new(NodeId(1), nodes, 1, 1)?.read_repair(true);
//! assert!(!config.is_regular());
//! let store = Store::recover(&config, vec![])?;
//! assert_eq!(store.version(b"x"), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
pub use config::{Asks, Config, ConfigError};

mod message;
pub use message::{Answer, Message};

mod operation;

mod store;
pub use store::Store;

pub use crate::strong::{
    Event, MEMBERS_MAX, OperationName, Record, RecoverError, Refusal, Request, Timestamp, Version,
};
