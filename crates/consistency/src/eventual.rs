//! The eventual store: always answers locally, keeps what it cannot order, and converges.
//!
//! Every node holds a whole replica. A request is answered by the node it is asked of, as soon as its
//! own disk has what the answer says: no other node is ever waited for, so a node that is cut off
//! from all others serves as before. What two clients write without knowing of each other is kept
//! side by side, as *siblings*, until somebody who has seen both writes again. (DeCandia and others,
//! "Dynamo: Amazon's highly available key-value store", SOSP 2007, without its partitioning, quorums
//! and hints.)
//!
//! It deliberately is **not** linearizable, nor even sequential: a read at another node may be older.
//! It has no transactions, no last-writer-wins (nothing is dropped by a clock on a wall), no ring and
//! no membership changes. For one value at a time, see [`strong`](crate::strong).
//!
//! | type | what it is |
//! |---|---|
//! | [`EventualStore`], [`Config`] | one replica as a [`transport::Process`], and what its operator decides |
//! | [`Request`], [`Event`], [`Reply`], [`Refusal`] | get, put and delete, and what a client hears |
//! | [`CausalContext`] | what a client has seen of a key: comes with an answer, goes back with a write |
//! | [`Versions`], [`Sibling`], [`Dot`](clocks::Dot) | the state of one key: a pure value with a merge |
//! | [`invariants`] | the promises, as functions over replicas |
//!
//! ```
//! use consistency::eventual::{Config, Event, EventualStore, Reply, Request};
//! use std::collections::VecDeque;
//! use transport::{
//!     Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
//! };
//!
//! // Two replicas, in a world where messages take no time and disks sync at once.
//! let nodes = [0, 1].map(NodeId);
//! let mut stores = nodes.map(|id| {
//!     let config = Config::new(id, nodes).unwrap();
//!     (EventualStore::recover(&config, vec![]).unwrap(), Effects::new())
//! });
//! let mut ask = |place: usize, request: Request| -> Reply {
//!     let mut found = None;
//!     let mut inputs = VecDeque::from([(place, Input::Request(request))]);
//!     while let Some((place, input)) = inputs.pop_front() {
//!         let (store, effects) = &mut stores[place];
//!         let mut choices = Scripted::default();
//!         store.step(input, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, effects));
//!         for effect in effects.drain() {
//!             match effect {
//!                 Effect::Persist { token, .. } | Effect::Checkpoint { token, .. } => {
//!                     inputs.push_back((place, Input::Durable(token)));
//!                 }
//!                 Effect::Send { to, message, .. } => {
//!                     let from = nodes[place];
//!                     inputs.push_back((to.0 as usize, Input::Message { from, message }));
//!                 }
//!                 Effect::Emit { event: Event::Done { reply, .. }, .. } => {
//!                     found = Some(reply);
//!                 }
//!                 Effect::Emit { event, .. } => panic!("{event:?}"),
//!             }
//!         }
//!     }
//!     found.unwrap()
//! };
//! let (id, key) = (RequestId(1), || "fruit".into());
//! let put = |value: &str, context| Request::Put { id, key: key(), value: value.into(), context };
//!
//! // Two clients write at two nodes, both knowing nothing.
//! ask(0, put("apple", Default::default()));
//! ask(1, put("pear", Default::default()));
//! let found = ask(0, Request::Get { id, key: key() });
//! assert_eq!(found.versions().siblings().len(), 2);
//!
//! // Whoever has seen both may replace both.
//! ask(1, put("fruit salad", found.context()));
//! let found = ask(0, Request::Get { id, key: key() });
//! assert!(found.versions().values().eq([&"fruit salad".into()]));
//! ```
//!
//! # Rules
//!
//! **Versions.** Each key has a vector clock, with a slot for every member in the order of their
//! names, and siblings, each named by the *dot* of its write: the slot of the node that took it and
//! that node's counter for the key. A put or delete carries a *context*, the clock that some answer
//! about this key showed; it replaces exactly the siblings whose dots the context covers. A context
//! may be stale or come from a replica that is ahead of this one: the clock then covers what has not
//! arrived yet, and it is replaced when it does. So a context counts for its own key only, and is
//! refused with another. The table of operations stands at the top of `versions.rs`.
//!
//! | input | record | answer | messages |
//! |---|---|---|---|
//! | get | | the versions, after the disk | |
//! | put, delete | the key's new versions | the versions, after the record | the versions to every peer, after the record |
//! | versions from a peer | the merged versions, if they changed | | if asked, the merged versions where they differ from what came |
//! | comparison from a peer | | | versions and a narrower comparison, or nothing when equal |
//! | the exchange interval is over | | | the sum of everything, to a peer drawn at random |
//!
//! **Durability.** Every answer and every message waits for all of the replica's records before it,
//! reads too: so no
//! client and no peer ever sees what a crash can take back. *Why a dot is never given twice:* the
//! counter of the next dot is one above the clock's, and the clock is in the record that the dot's
//! answer and messages wait for. If a crash takes the record, it takes a dot that nobody has seen;
//! giving it again is then the first time that anybody sees it. A node whose disk was *wiped* must
//! come back under a new name, in a new cluster: its old dots are out there.
//!
//! **Deletes.** A delete leaves the clock without siblings: a tombstone. It is a state like any other
//! in merge, repair and log, so a late message or a replica that was away for years cannot bring a
//! value back. Tombstones are kept for ever. To drop one, somebody must know that every replica holds
//! it and that no message from before it is still under way; that takes a stability clock, which this
//! store does not have. What is kept is bounded: `keys_max` counts deleted keys.
//!
//! **Repair.** Replication sends each write once and forgets. Repair finds what was lost: two replicas
//! compare the sums of the fingerprints of spans of keys, narrow down to the keys that differ, and
//! both get the merge of both. See `exchange.rs`.
//!
//! **Limits.** Only local writes are refused at a limit; replication is never, or replicas would
//! differ for ever. A node writes at most `keys_max` keys, so a replica takes up to members ×
//! `keys_max`; a local write leaves at most `siblings_max` siblings, so a replica sees at most members
//! × `siblings_max`. A key counts for a node once that node has given a dot for it. Configurations
//! must give all nodes equal limits.
//!
//! **Trust.** Members are taken to follow these rules; clients hand back what they like. A context is
//! believed in what it says of other nodes' writes, up to the number 2^62 or what is known here, and
//! in what it says of this node's own writes up to the last that it took. A forged one drops writes of
//! its key, also some that are yet to be made. That is all it can do: a node counts its writes up to
//! 2^63, so no claims bring its counter to its end; and every replica takes any clock up to 2^63 from
//! a member, so what one member accepted, all merge, and replicas converge.
//!
//! # Invariants
//!
//! - *Monotone clock*: the clock of a key at a replica never falls.
//! - *One value a dot*: a dot names the same value everywhere.
//! - *No resurrection*: what was seen at a replica and is gone there never comes back.
//! - *Nothing dropped*: what was seen and is gone was covered by the context of some put or delete.
//! - *Replaced stays gone*: where a write was seen, nothing that its context covers is shown.
//! - *Acknowledged is durable*: after a crash of all nodes, what was acknowledged or shown is known.
//! - *Convergence*: when writes and faults stop, all replicas become equal.

mod causal_context;
pub use causal_context::CausalContext;

mod config;
pub use config::{Config, ConfigError};

mod exchange;

mod fingerprint;

pub mod invariants;

mod message;
pub use message::{Content, Message, Part, Span};

mod record;
pub use record::{Record, RecoverError};

mod request;
pub use request::{Event, Refusal, Reply, Request};

mod store;
pub use store::EventualStore;

mod table;

mod versions;
pub use versions::{KeyVersions, Sibling, Versions};
