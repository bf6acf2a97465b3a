//! The node: its state, and which room handles which input.
//!
//! # States and transitions (§5.2, figure 4; pre-vote from dissertation §9.6)
//!
//! | from | when | to |
//! |---|---|---|
//! | any | hears a greater term (except in a pre-vote) | follower of that term |
//! | follower | election timeout | pre-candidate; a quorum by itself: candidate |
//! | pre-candidate | a read quorum would vote for it | candidate in the next term, votes for itself |
//! | pre-candidate, candidate | election timeout, and its own ballot is durable | pre-candidate again |
//! | pre-candidate, candidate | hears the term's leader | follower |
//! | candidate | a read quorum voted for it, itself included once its vote is durable | leader, appends a blank entry |
//! | leader | no write quorum answered for an election timeout (check-quorum, §6.2) | follower |
//!
//! # Invariants (figure 3)
//!
//! - *One vote a term*, durable before it is told.
//! - *Leader append-only*: a leader never truncates its log; a follower never truncates a committed
//!   entry, and only at a real conflict.
//! - *Commit rule* (§5.4.2): a leader counts copies only of an entry of its own term, and its own
//!   copy only once durable.
//! - *Reads* (dissertation §6.4): served at the commit index of a leader that has committed an entry
//!   of its term and has heard a write quorum in a round that began after the read was asked.
//!
//! Which kind of quorum serves which purpose, and why: the top of `src/config.rs`.
//!
//! # Rooms
//!
//! `election` (timers, votes), `follower` (appends), `leader` (replication, commit, quorum check),
//! `progress` (what the leader knows of one peer), `requests` (proposals and reads until they end),
//! `durability` (which part of the log is on disk).

mod durability;
mod election;
mod follower;
mod leader;
mod progress;
mod requests;

use alloc::vec::Vec;

use transport::{Context, Input, NodeId, Process, Recover, Stored, Time, Token};

use crate::record::Durable;
use crate::{Command, Config, Event, Index, Log, Message, Record, RecoverError, Request, Term};
use durability::Durability;
use leader::Leadership;
use requests::Waiting;

/// One node of a Raft cluster, as a [`Process`].
///
/// `T` is the application's command. See the crate page for a whole cluster in a few lines.
///
/// ```
/// use raft_core::{Config, Raft, Role, Term};
/// use transport::{Context, Effects, Input, NodeId, Process, Recover, Scripted, Time};
///
/// let config = Config::new(NodeId(1), [NodeId(1)]).unwrap();
/// let mut raft: Raft<u64> = Raft::recover(&config, vec![]).unwrap();
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// raft.step(Input::Start, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// let deadline = raft.deadline().unwrap();
/// raft.step(Input::Wake, &mut Context::new(deadline, deadline, &mut choices, &mut effects));
/// assert_eq!((raft.role(), raft.term()), (Role::Candidate, Term(1)));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Raft<T> {
    config: Config,
    term: Term,
    vote: Option<NodeId>,
    /// The ballot in memory is newer than the last one persisted.
    ballot_dirty: bool,
    log: Log<T>,
    durability: Durability,
    commit: Index,
    role: RoleState,
    waiting: Waiting<T>,
    /// When to campaign, unless a leader is heard or a vote is given before.
    election_due: Time,
    /// When the current leader was last heard.
    leader_heard: Option<Time>,
    ignored: u64,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum RoleState {
    Follower {
        leader: Option<NodeId>,
    },
    PreCandidate {
        granted: Votes,
    },
    Candidate {
        granted: Votes,
        /// The record of this node's own vote.
        ballot: Token,
    },
    Leader(Leadership),
}

/// A set of voters, by slot.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
struct Votes(u64);

impl Votes {
    const fn add(&mut self, slot: usize) {
        self.0 |= 1 << (slot & 63);
    }

    const fn has(self, slot: usize) -> bool {
        self.0 & (1 << (slot & 63)) != 0
    }
}

/// What a node is doing. §5.1. The table at the top of `src/raft/mod.rs` has the transitions.
///
/// ```
/// use raft_core::{Config, Raft, Role};
/// use transport::{NodeId, Recover};
/// let config = Config::new(NodeId(1), [1, 2, 3].map(NodeId)).unwrap();
/// let raft: Raft<u64> = Raft::recover(&config, vec![]).unwrap();
/// assert_eq!((raft.role(), raft.leader()), (Role::Follower, None));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks whether a candidacy would succeed.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads its term.
    Leader,
}

impl<T> Raft<T> {
    /// What the node is doing.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.role {
            RoleState::Follower { .. } => Role::Follower,
            RoleState::PreCandidate { .. } => Role::PreCandidate,
            RoleState::Candidate { .. } => Role::Candidate,
            RoleState::Leader(_) => Role::Leader,
        }
    }

    /// The node's current term.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    /// Whom it voted for in this term.
    #[must_use]
    pub const fn vote(&self) -> Option<NodeId> {
        self.vote
    }

    /// The leader of this term, as far as this node knows.
    #[must_use]
    pub const fn leader(&self) -> Option<NodeId> {
        match self.role {
            RoleState::Follower { leader } => leader,
            RoleState::Leader(_) => Some(self.config.id()),
            _ => None,
        }
    }

    /// Every entry up to here is committed, and has been handed over by [`Event::Committed`].
    #[must_use]
    pub const fn commit(&self) -> Index {
        self.commit
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &Log<T> {
        &self.log
    }

    /// The last index of the log that survives a crash.
    #[must_use]
    pub const fn durable_index(&self) -> Index {
        self.durability.index()
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// How many inputs were ignored because no correct peer or world would have sent them.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }
}

impl<T: Command> Process for Raft<T> {
    type Message = Message<T>;
    type Request = Request<T>;
    type Event = Event<T>;
    type Record = Record<T>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start => self.reset_election(cx),
            Input::Message { from, message } => self.on_message(from, message, cx),
            Input::Request(request) => self.on_request(request, cx),
            Input::Durable(token) => self.on_durable(token, cx),
            Input::Wake => self.on_wake(cx),
        }
        self.persist_ballot(cx);
        debug_assert!(self.commit <= self.log.last().index, "commit within log");
        debug_assert!(
            self.durability.index() <= self.log.last().index,
            "durable within log"
        );
    }

    fn deadline(&self) -> Option<Time> {
        if self.waiting.wants_flush() {
            return Some(Time::ZERO);
        }
        let duty = match &self.role {
            RoleState::Leader(leadership) => leadership.due(),
            _ => self.election_due,
        };
        Some(self.waiting.fates_due().map_or(duty, |due| due.min(duty)))
    }
}

impl<T: Command> Raft<T> {
    fn on_message(&mut self, from: NodeId, message: Message<T>, cx: &mut Context<'_, Self>) {
        let Some(slot) = self.config.slot(from).filter(|_| from != self.config.id()) else {
            return self.ignore();
        };
        let binds = !matches!(
            message,
            Message::PreVote { .. } | Message::PreVoteReply { granted: true, .. }
        );
        if binds && message.term() > self.term {
            self.become_follower(message.term(), cx);
        }
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(from, term, last, cx),
            Message::PreVoteReply { term, granted } => {
                self.on_pre_vote_reply(slot, term, granted, cx);
            }
            Message::Vote { term, last } => self.on_vote(from, term, last, cx),
            Message::VoteReply { term, granted } => self.on_vote_reply(slot, term, granted, cx),
            Message::Append {
                term,
                previous,
                entries,
                commit,
                round,
            } => self.on_append(from, term, previous, entries, commit, round, cx),
            Message::AppendReply {
                term,
                round,
                verdict,
            } => self.on_append_reply(slot, term, round, verdict, cx),
        }
    }

    fn on_durable(&mut self, token: Token, cx: &mut Context<'_, Self>) {
        self.durability.advance(token);
        match self.role {
            RoleState::Candidate { ballot, .. } if ballot <= token => self.count_own_vote(cx),
            RoleState::Leader(_) => self.leader_commit(cx),
            _ => {}
        }
    }

    fn on_wake(&mut self, cx: &mut Context<'_, Self>) {
        self.expire_fates(cx);
        if matches!(self.role, RoleState::Leader(_)) {
            self.lead(cx);
        } else if cx.now() >= self.election_due {
            self.begin_election(cx);
        }
    }

    /// Enters `term`, or stays in it, as a follower that knows no leader. What a leader had not yet
    /// written is refused; what it had is awaited.
    fn become_follower(&mut self, term: Term, cx: &mut Context<'_, Self>) {
        let known = (self.term, self.leader());
        if term > self.term {
            (self.term, self.vote, self.ballot_dirty) = (term, None, true);
        }
        let led = matches!(self.role, RoleState::Leader(_));
        self.role = RoleState::Follower { leader: None };
        self.leader_heard = None;
        if led {
            self.depose(cx);
            self.reset_election(cx);
        }
        self.announce_leader(known, cx);
    }

    /// Tells the client when the view of the leader differs from the one `known` before.
    fn announce_leader(&mut self, known: (Term, Option<NodeId>), cx: &mut Context<'_, Self>) {
        let (term, leader) = (self.term, self.leader());
        if known != (term, leader) && (leader.is_some() || known.1.is_some()) {
            cx.emit_early(Event::Leader { term, leader });
        }
    }

    /// Persists the ballot if it changed. Whatever is sent afterwards waits for it.
    fn persist_ballot(&mut self, cx: &mut Context<'_, Self>) {
        if self.ballot_dirty {
            self.ballot_dirty = false;
            cx.persist(Record::Ballot {
                term: self.term,
                vote: self.vote,
            });
        }
    }

    /// Answers a peer once everything this node claims is durable.
    fn reply(&mut self, to: NodeId, message: Message<T>, cx: &mut Context<'_, Self>) {
        self.persist_ballot(cx);
        cx.send(to, message);
    }

    /// Hands over the entries between the old and the new commit index, then ends the proposals
    /// among them.
    fn commit_to(&mut self, commit: Index, cx: &mut Context<'_, Self>) {
        debug_assert!(commit >= self.commit, "commit never goes back");
        for batch in self.log.range(self.commit.next(), commit) {
            // A committed entry is durable on a write quorum: no crash of this node can undo it.
            cx.emit_early(Event::Committed(batch));
        }
        self.commit = commit;
        self.end_proposals(cx);
    }

    const fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }
}

impl<T: Command> Recover for Raft<T> {
    type Config = Config;
    type Error = RecoverError;

    fn recover(config: &Config, records: Vec<Stored<Record<T>>>) -> Result<Self, RecoverError> {
        let Durable { term, vote, log } = Durable::fold(records)?;
        Ok(Self {
            config: config.clone(),
            term,
            vote,
            ballot_dirty: false,
            durability: Durability::recovered(log.last().index),
            log,
            // Which entries are committed is learned again from the leader.
            commit: Index(0),
            role: RoleState::Follower { leader: None },
            waiting: Waiting::new(),
            election_due: Time::MAX,
            leader_heard: None,
            ignored: 0,
        })
    }
}
