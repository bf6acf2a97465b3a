//! The partition matrix: who is still answered, in which state of the links, by which kind of candidate.
//!
//! # Definitions
//!
//! - A *state of the links* says of every directed link whether it works ([`Shape`](crate::Shape)). A link that works
//!   delivers, after some time; one that does not loses everything, for ever.
//! - *Answered* is meant for good: after the candidate has done what it can do about this state. A leader
//!   that has lost its quorum has been replaced, if that is possible; a lease has run out.
//! - *Clients* stand at a node and ask that node only, as those of
//!   [`Adversary::measure`](crate::Adversary::measure). So a side on which only the leader answers is
//!   leader-bound; a client that may ask every node of its side is answered wherever the word is not
//!   [`None`](crate::Availability::None).
//!
//! # Rules
//!
//! What answers is derived from the messages that an operation needs, never looked up. Both ways is said of
//! two nodes that hear each other directly; a node and itself always do.
//!
//! | candidate | write asked at `v` | read asked at `v` |
//! |---|---|---|
//! | [`Quorum`](Protocol::Quorum) | `v` asks a read quorum, then tells a write quorum: it has both, both ways | the same: it leaves what it returns at a write quorum |
//! | [`Partial`](Protocol::Partial) | W replicas both ways | R replicas both ways |
//! | [`Leader`](Protocol::Leader) | `v` leads, and has a write quorum both ways | the same: a quorum confirms that it still leads |
//! | [`Lease`](Protocol::Lease) | as above | as above; a leader that was cut off answers until its lease ends |
//! | [`WriteAll`](Protocol::WriteAll) | all replicas both ways | `v` is a replica, or has one both ways |
//! | [`Chain`](Protocol::Chain) | `v` reaches the head, each replica the next, the tail reaches `v` | `v` and the tail, both ways |
//! | [`Local`](Protocol::Local) | `v` is a replica | `v` is a replica |
//!
//! # Who leads
//!
//! Raft with pre-vote and check-quorum (dissertation §9.6 and §6.2), from a steady leader `L` and equal logs:
//!
//! 1. *While `L` has a write quorum both ways it leads for ever.* Whoever asks for pre-votes needs a read
//!    quorum that it has both ways. It meets the write quorum that hears `L`, and there it is denied.
//! 2. *Otherwise `L` steps down*, at the latest at its second check. Then `v` can be elected if it has a
//!    read quorum both ways (a vote needs a request and an answer), and can go on leading if it has a write
//!    quorum both ways. Any such `v` may win; once it has, rule 1 keeps it.
//! 3. *Without check-quorum* ([`Election::PreVote`]) `L` goes on sending heartbeats to whoever hears it.
//!    Those do not vote and do not stand: `v` is elected only without them (Howard and Abraham 2020).
//!
//! With a majority for both, whoever can be elected can go on leading. If write quorums are larger, a node
//! that can only be elected may win first, and what it appended can keep those of rule 2 out: then the
//! matrix says more than is certain. And a deposed leader can learn from its successor that its last proposal
//! was committed after all: that one answer is not counted, and stands in [`Row::last_answer`].

mod attainable;

mod count;
pub use count::{LinkStateCounts, Tally, Word, link_state_counts};

mod error;
pub use error::PartitionError;

mod evidence;
pub use evidence::{Because, Reason};

mod leader_change;
pub use leader_change::{LeaderChange, LeaderTiming, Outage, Succession};

mod links;

mod protocol;
pub use protocol::{Election, Leadership, Protocol};

mod rows;
pub use rows::{Row, rows};

mod rules;

mod shapes;
pub use shapes::named_shapes;

mod succession;
