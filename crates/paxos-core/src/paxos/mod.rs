//! The node: proposer, acceptor and learner in one process, and which room handles which input.
//!
//! # Phases and transitions
//!
//! | from | when | to |
//! |---|---|---|
//! | quiet | a request comes; or the ask timer rings and the node has accepted a value | preparing |
//! | quiet | the ask timer rings, nothing accepted | quiet, a peer is asked |
//! | preparing | a read quorum promised, and there is something to offer | accepting |
//! | preparing | a read quorum promised, nothing accepted and nothing to offer | quiet |
//! | preparing | the resend timer rings, nobody waits any more, and the node has accepted nothing | quiet |
//! | preparing, accepting | a greater ballot is heard of | backing off |
//! | backing off | the drawn time is over | preparing, in a ballot above all heard of |
//! | any | a write quorum accepted one ballot, or somebody tells the decision | decided |
//!
//! # Invariants
//!
//! - *A ballot is used once.* A node promises its own ballot before it asks others, and the question
//!   waits for the record of that promise. So whatever ballot of this node anybody has heard of, its
//!   recovered promise is not below it, and the next ballot is above the promise.
//! - *Told is durable.* A promise and an acceptance leave once their records are safe, and the node
//!   counts its own under the same condition.
//! - *One value a ballot*, offered after a read quorum of promises for that very ballot.
//! - *The decision never changes*, and once it is known the node is neither proposer nor acceptor: it
//!   answers every question with the decision. A decided value is durable on a write quorum, so no
//!   crash can make the news of it untrue and it is told at once.
//!
//! # Rooms
//!
//! `accepting` (questions of peers), `proposing` (ballots, back-off, decisions), `requests` (what
//! clients wait for).

mod accepting;
mod proposing;
mod requests;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use transport::{Context, Input, NodeId, Process, Recover, Stored, Time, Token};

use crate::record::Durable;
use crate::{
    Acceptor, Ballot, Config, Event, Learner, Message, Proposal, Proposer, Record, RecoverError,
    Request, Value,
};
use requests::Waiting;

/// One node of a cluster that agrees on one value, as a [`Process`].
///
/// See the crate page for a whole cluster in a few lines.
///
/// ```
/// use paxos_core::{Config, Paxos, Phase, Request};
/// use quorum::QuorumSystem;
/// use transport::{Context, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time};
///
/// let quorums = QuorumSystem::majority([1, 2, 3].map(NodeId)).unwrap();
/// let config = Config::new(NodeId(1), quorums).unwrap();
/// let mut paxos = Paxos::recover(&config, vec![]).unwrap();
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// let propose = Input::Request(Request::Propose { id: RequestId(1), value: 7_u64 });
/// paxos.step(propose, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// // Its own promise is being written; the question to the two others waits for it.
/// assert_eq!(paxos.phase(), Phase::Preparing);
/// assert_eq!(effects.len(), 3);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Paxos<V> {
    config: Config,
    acceptor: Acceptor<V>,
    learner: Learner<V>,
    activity: Activity<V>,
    /// What this node offered last. Its acceptances count even when the next ballot has begun.
    offer: Option<Offer<V>>,
    /// In the order in which they came, which is the order in which patience ends.
    waiting: VecDeque<Waiting<V>>,
    /// The greatest ballot that a refusal named, as far as it was believed.
    outbid_by: Option<Ballot>,
    /// Ballots given up since this node last had luck.
    failures: u32,
    /// Ballots begun in this life.
    attempts: u64,
    /// Records since the last checkpoint.
    records: usize,
    ignored: u64,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Activity<V> {
    Quiet { ask_due: Time },
    BackingOff { due: Time },
    Attempting(Attempt<V>),
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Attempt<V> {
    proposer: Proposer<V>,
    /// The record of this node's own promise, until it is durable.
    own_promise: Option<Token>,
    resend_due: Time,
    resend_wait_ns: u64,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Offer<V> {
    proposal: Proposal<V>,
    /// The record of this node's own acceptance, until it is durable.
    own_acceptance: Option<Token>,
}

/// What a node is doing. The table at the top of `src/paxos/mod.rs` has the transitions.
///
/// ```
/// use paxos_core::{Config, Paxos, Phase};
/// use quorum::QuorumSystem;
/// use transport::{NodeId, Recover};
/// let config = Config::new(NodeId(1), QuorumSystem::majority([NodeId(1)]).unwrap()).unwrap();
/// let paxos: Paxos<u64> = Paxos::recover(&config, vec![]).unwrap();
/// assert_eq!(paxos.phase(), Phase::Quiet);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// Proposes nothing.
    Quiet,
    /// Was outbid, and waits before it tries again.
    BackingOff,
    /// Phase 1: collects promises.
    Preparing,
    /// Phase 2: collects acceptances.
    Accepting,
    /// Knows the decision.
    Decided,
}

impl<V> Paxos<V> {
    /// What the node is doing.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match &self.activity {
            _ if self.learner.decided().is_some() => Phase::Decided,
            Activity::Quiet { .. } => Phase::Quiet,
            Activity::BackingOff { .. } => Phase::BackingOff,
            Activity::Attempting(attempt) => match attempt.proposer.proposal() {
                None => Phase::Preparing,
                Some(_) => Phase::Accepting,
            },
        }
    }

    /// The decision, if this node knows it.
    #[must_use]
    pub const fn decided(&self) -> Option<&V> {
        self.learner.decided()
    }

    /// What the node has promised and accepted; nothing any more once it knows the decision.
    #[must_use]
    pub const fn acceptor(&self) -> &Acceptor<V> {
        &self.acceptor
    }

    /// The ballot under way.
    #[must_use]
    pub const fn ballot(&self) -> Option<Ballot> {
        match &self.activity {
            Activity::Attempting(attempt) => Some(attempt.proposer.ballot()),
            Activity::Quiet { .. } | Activity::BackingOff { .. } => None,
        }
    }

    /// How many requests wait for their final event.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many ballots this node has begun in this life.
    #[must_use]
    pub const fn attempts(&self) -> u64 {
        self.attempts
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

impl<V: Value> Process for Paxos<V> {
    type Message = Message<V>;
    type Request = Request<V>;
    type Event = Event<V>;
    type Record = Record<V>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start => self.on_start(cx),
            Input::Message { from, message } => self.on_message(from, message, cx),
            Input::Request(request) => self.on_request(request, cx),
            Input::Durable(token) => self.on_durable(token, cx),
            Input::Wake => self.on_wake(cx),
        }
        debug_assert!(
            self.decided().is_none() || self.waiting.is_empty(),
            "nobody waits for a decision that is known"
        );
    }

    fn deadline(&self) -> Option<Time> {
        if self.decided().is_some() {
            return None;
        }
        let duty = match &self.activity {
            Activity::Quiet { ask_due } => *ask_due,
            Activity::BackingOff { due } => *due,
            Activity::Attempting(attempt) => attempt.resend_due,
        };
        let due = self.patience_due().map_or(duty, |due| due.min(duty));
        (due < Time::MAX).then_some(due)
    }
}

impl<V: Value> Paxos<V> {
    fn on_start(&mut self, cx: &mut Context<'_, Self>) {
        if let Some(value) = self.learner.decided() {
            let value = value.clone();
            cx.emit_early(Event::Learned { value });
        } else if matches!(self.activity, Activity::Quiet { .. }) {
            self.rest(cx);
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message<V>, cx: &mut Context<'_, Self>) {
        if from == self.config.id() || !self.config.quorums().contains(&from) {
            return self.ignore();
        }
        // One absurd round that is believed leaves no ballot to anybody.
        if !message.is_believable() {
            return self.ignore();
        }
        match message {
            Message::Prepare { ballot } => self.on_prepare(from, ballot, cx),
            Message::Promise { ballot, accepted } => self.on_promise(from, ballot, accepted, cx),
            Message::Accept(proposal) => self.on_accept(from, proposal, cx),
            Message::Accepted { ballot } => self.on_accepted(from, ballot, cx),
            Message::Refused { ballot, promised } => self.on_refused(ballot, promised, cx),
            Message::Decided { value } => self.on_decided(value, cx),
            Message::Ask => drop(self.tell_decision(from, cx)),
        }
    }

    /// This node's own promise and acceptance count once their records are safe.
    fn on_durable(&mut self, token: Token, cx: &mut Context<'_, Self>) {
        let id = self.config.id();
        if let Some(offer) = &mut self.offer
            && offer.own_acceptance.is_some_and(|record| record <= token)
        {
            offer.own_acceptance = None;
            let ballot = offer.proposal.ballot;
            self.on_accepted(id, ballot, cx);
        }
        if let Activity::Attempting(attempt) = &mut self.activity
            && attempt.own_promise.is_some_and(|record| record <= token)
        {
            attempt.own_promise = None;
            // Nothing was accepted since the promise: a greater ballot would have ended the attempt,
            // and a lower one was refused.
            let ballot = attempt.proposer.ballot();
            let accepted = self.acceptor.accepted().cloned();
            self.on_promise(id, ballot, accepted, cx);
        }
    }

    fn on_wake(&mut self, cx: &mut Context<'_, Self>) {
        if self.decided().is_some() {
            return;
        }
        self.expire(cx);
        let now = cx.now();
        match &self.activity {
            Activity::Quiet { ask_due } if now >= *ask_due => self.look_around(cx),
            Activity::BackingOff { due } if now >= *due => {
                if self.has_nothing_to_do() {
                    self.rest(cx);
                } else {
                    self.begin_ballot(cx);
                }
            }
            Activity::Attempting(attempt) if now >= attempt.resend_due => {
                let is_asking = attempt.proposer.proposal().is_none();
                if is_asking && self.has_nothing_to_do() {
                    self.rest(cx);
                } else {
                    self.resend(cx);
                }
            }
            _ => {}
        }
    }

    /// Nobody waits for a decision, and nothing accepted here has to be finished.
    fn has_nothing_to_do(&self) -> bool {
        self.waiting.is_empty() && self.acceptor.accepted().is_none()
    }

    /// Tells `to` the decision, if it is known.
    fn tell_decision(&self, to: NodeId, cx: &mut Context<'_, Self>) -> bool {
        let Some(value) = self.learner.decided() else {
            return false;
        };
        let value = value.clone();
        cx.send_early(to, Message::Decided { value });
        true
    }

    /// Writes a change of the acceptor: as it is, or as a checkpoint when the log has grown.
    fn persist(&mut self, change: Record<V>, cx: &mut Context<'_, Self>) -> Token {
        self.records = self.records.saturating_add(1);
        if self.records < self.config.records_max {
            return cx.persist(change);
        }
        let Some(promised) = self.acceptor.promised() else {
            return cx.persist(change);
        };
        self.records = 0;
        let accepted = self.acceptor.accepted().cloned();
        let keep_from = cx.last_token().next();
        cx.checkpoint(Record::State { promised, accepted }, keep_from)
    }

    /// Sends a message to everybody else.
    fn broadcast(&self, message: &Message<V>, cx: &mut Context<'_, Self>) {
        self.tell(message, |_| true, cx);
    }

    /// Sends a message to those others of whom `wants` is true.
    fn tell(
        &self,
        message: &Message<V>,
        wants: impl Fn(NodeId) -> bool,
        cx: &mut Context<'_, Self>,
    ) {
        for &node in self.config.quorums().members() {
            if node != self.config.id() && wants(node) {
                cx.send(node, message.clone());
            }
        }
    }

    const fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }
}

impl<V: Value> Recover for Paxos<V> {
    type Config = Config;
    type Error = RecoverError;

    fn recover(config: &Config, records: Vec<Stored<Record<V>>>) -> Result<Self, RecoverError> {
        let count = records.len();
        let Durable { acceptor, learner } = Durable::fold(config, records)?;
        Ok(Self {
            config: config.clone(),
            acceptor,
            learner,
            activity: Activity::Quiet { ask_due: Time::MAX },
            offer: None,
            waiting: VecDeque::new(),
            outbid_by: None,
            failures: 0,
            attempts: 0,
            records: count,
            ignored: 0,
        })
    }
}
