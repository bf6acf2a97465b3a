//! A tiny cluster with its own clock, network and disks, for tests that read like stories.
//!
//! Nothing moves unless a verb moves it: messages lie on the [`Net::wire`] in the order they were
//! sent, time stands still, and disks sync at once or, with [`Net::auto_sync`] off, when told.
//!
//! After every step the cluster judges what it sees: the exported invariants; that nothing leaves a
//! node before the disk holds what it claims; that entries are handed over in order; that every
//! request ends once; that no read is stale.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod clients;
pub(crate) mod disk;
pub(crate) mod random;
pub(crate) mod say;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use raft_core::invariants::{Ledger, election_safety, log_matching};
use raft_core::{
    Batch, Config, Event, Index, Message, Position, Raft, Record, Request, Role, Term, Verdict,
};
use transport::{
    Context, Effect, EffectOf, Effects, Input, NodeId, Process, Recover, RequestId, Time, Token,
};

use clients::{Clients, Ending};
use disk::Disk;
use random::Random;

pub(crate) type Node = Raft<u64>;

/// A message under way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) message: Message<u64>,
}

struct Member {
    config: Config,
    raft: Option<Node>,
    effects: Effects<Node>,
    choices: Random,
    disk: Disk,
    /// Sends and events that wait for the disk.
    held: VecDeque<(Token, Held)>,
    events: Vec<Event<u64>>,
    applied: Index,
}

enum Held {
    Send(Packet),
    Emit(Event<u64>),
}

pub(crate) struct Net {
    pub(crate) now: Time,
    pub(crate) wire: Vec<Packet>,
    pub(crate) auto_sync: bool,
    pub(crate) ledger: Ledger<u64>,
    pub(crate) clients: Clients,
    members: Vec<Member>,
    cuts: BTreeSet<(u32, u32)>,
}

const fn slot(id: u32) -> usize {
    id as usize - 1
}

pub(crate) fn at(term: u64, index: u64) -> Position {
    Position {
        term: Term(term),
        index: Index(index),
    }
}

/// The records of a node in `term` whose log has entries of these terms. The command of an entry
/// follows from its place, so that logs made by this function match.
pub(crate) fn records(term: u64, vote: Option<u32>, terms: &[u64]) -> Vec<Record<u64>> {
    let vote = vote.map(NodeId);
    let mut records = vec![Record::Ballot {
        term: Term(term),
        vote,
    }];
    for (place, &term) in terms.iter().enumerate() {
        records.push(Record::Append(entry(term, place as u64 + 1)));
    }
    records
}

/// The entry that [`records`] writes at `index`.
pub(crate) fn entry(term: u64, index: u64) -> Batch<u64> {
    let command = 1_000_000 + term * 1_000 + index;
    Batch::commands(Term(term), Index(index), [command]).unwrap()
}

// Making a cluster.
impl Net {
    /// `n` new nodes, named 1 to `n`.
    pub(crate) fn new(n: u32) -> Self {
        Self::with(n, |config| config)
    }

    pub(crate) fn with(n: u32, change: impl Fn(Config) -> Config) -> Self {
        Self::seeded(n, 1, change, |_| Disk::default())
    }

    /// A cluster whose nodes wake up with these logs, in this term.
    pub(crate) fn with_logs(term: u64, logs: &[&[u64]]) -> Self {
        Self::seeded(
            logs.len() as u32,
            1,
            |config| config,
            |id| Disk::with(records(term, None, logs[slot(id)])),
        )
    }

    pub(crate) fn seeded(
        n: u32,
        seed: u64,
        change: impl Fn(Config) -> Config,
        disk: impl Fn(u32) -> Disk,
    ) -> Self {
        let mut net = Self {
            now: Time::from_millis(1_000),
            wire: Vec::new(),
            auto_sync: true,
            ledger: Ledger::new(),
            clients: Clients::default(),
            members: Vec::new(),
            cuts: BTreeSet::new(),
        };
        for id in 1..=n {
            let disk = disk(id);
            net.members.push(Member {
                config: change(Config::new(NodeId(id), (1..=n).map(NodeId)).unwrap()),
                raft: None,
                effects: Effects::resume(disk.newest),
                choices: Random::new(seed.wrapping_mul(1_000).wrapping_add(u64::from(id))),
                disk,
                held: VecDeque::new(),
                events: Vec::new(),
                applied: Index(0),
            });
        }
        for id in 1..=n {
            net.restart(id);
        }
        net
    }
}

// Looking at it.
impl Net {
    pub(crate) fn size(&self) -> u32 {
        self.members.len() as u32
    }

    pub(crate) fn ids(&self) -> std::ops::RangeInclusive<u32> {
        1..=self.size()
    }

    pub(crate) fn node(&self, id: u32) -> &Node {
        self.members[slot(id)].raft.as_ref().expect("a live node")
    }

    pub(crate) fn is_up(&self, id: u32) -> bool {
        self.members[slot(id)].raft.is_some()
    }

    pub(crate) fn disk(&self, id: u32) -> &Disk {
        &self.members[slot(id)].disk
    }

    pub(crate) fn role(&self, id: u32) -> Role {
        self.node(id).role()
    }

    pub(crate) fn term(&self, id: u32) -> u64 {
        self.node(id).term().0
    }

    pub(crate) fn commit(&self, id: u32) -> u64 {
        self.node(id).commit().0
    }

    /// The terms of a node's entries.
    pub(crate) fn log(&self, id: u32) -> Vec<u64> {
        let log = self.node(id).log();
        (1..=log.last().index.0)
            .map(|index| log.term_at(Index(index)).unwrap().0)
            .collect()
    }

    /// What the node has told its client, in this life.
    pub(crate) fn events(&self, id: u32) -> &[Event<u64>] {
        &self.members[slot(id)].events
    }

    /// The live leader of the newest term.
    pub(crate) fn leader(&self) -> Option<u32> {
        self.ids()
            .filter(|&id| self.is_up(id) && self.role(id) == Role::Leader)
            .max_by_key(|&id| self.term(id))
    }

    pub(crate) fn ending(&self, id: RequestId) -> Option<Ending> {
        self.clients.ending(id)
    }
}

// Time.
impl Net {
    fn next_deadline(&self) -> Option<Time> {
        let live = self
            .members
            .iter()
            .filter_map(|member| member.raft.as_ref());
        live.filter_map(Process::deadline).min()
    }

    pub(crate) fn wake(&mut self, id: u32) {
        self.step(id, Input::Wake);
    }

    /// Time moves to this node's deadline, and only this node wakes up.
    pub(crate) fn time_out(&mut self, id: u32) {
        self.now = self.now.max(self.node(id).deadline().unwrap());
        self.wake(id);
    }

    /// Time moves to the next deadline; every node that is due wakes up.
    pub(crate) fn tick(&mut self) {
        let Some(next) = self.next_deadline() else {
            return;
        };
        self.now = self.now.max(next);
        self.wake_if(|deadline, now| deadline <= now);
    }

    /// Nodes that gather a batch write it. Time stands still.
    pub(crate) fn flush(&mut self) -> bool {
        self.wake_if(|deadline, _| deadline == Time::ZERO)
    }

    fn wake_if(&mut self, due: impl Fn(Time, Time) -> bool) -> bool {
        let mut any = false;
        for id in self.ids() {
            let deadline = self.members[slot(id)]
                .raft
                .as_ref()
                .and_then(Process::deadline);
            if deadline.is_some_and(|deadline| due(deadline, self.now)) {
                self.wake(id);
                any = true;
            }
        }
        any
    }

    /// Timers run and messages arrive at once, for this long.
    pub(crate) fn run_ms(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        self.settle();
        let mut ticks = 0_u64;
        while self.next_deadline().is_some_and(|next| next <= end) {
            self.tick();
            self.settle();
            ticks += 1;
            assert!(ticks < 100 + 50 * millis, "a deadline that does not move");
        }
        self.now = end;
    }
}

// The network.
impl Net {
    /// Delivers the packet at this place of the wire, unless its link is cut.
    pub(crate) fn deliver(&mut self, place: usize) {
        let Packet { from, to, message } = self.wire.remove(place);
        if !self.cuts.contains(&(from, to)) {
            let from = NodeId(from);
            self.step(to, Input::Message { from, message });
        }
    }

    /// Delivers, in order, until nothing is under way. Nobody wakes up.
    pub(crate) fn deliver_all(&mut self) {
        for _ in 0..100_000 {
            if self.wire.is_empty() {
                return;
            }
            self.deliver(0);
        }
        panic!("the conversation does not end: {:?}", self.wire);
    }

    /// Like `deliver_all`, and batches are written.
    pub(crate) fn settle(&mut self) {
        loop {
            self.deliver_all();
            if !self.flush() && self.wire.is_empty() {
                return;
            }
        }
    }

    /// Takes what one node has sent another off the wire.
    pub(crate) fn take(&mut self, from: u32, to: u32) -> Vec<Message<u64>> {
        let (taken, left) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|packet| (packet.from, packet.to) == (from, to));
        self.wire = left;
        taken
            .into_iter()
            .map(|packet: Packet| packet.message)
            .collect()
    }

    /// A node hears a message that need not have been sent; the answers to its sender.
    pub(crate) fn hear(&mut self, to: u32, from: u32, message: Message<u64>) -> Vec<Message<u64>> {
        let before: Vec<Packet> = std::mem::take(&mut self.wire);
        let sender = NodeId(from);
        self.step(
            to,
            Input::Message {
                from: sender,
                message,
            },
        );
        let answers = self.take(to, from);
        let sent = std::mem::replace(&mut self.wire, before);
        self.wire.extend(sent);
        answers
    }

    /// Cuts one direction of a link: what arrives is lost.
    pub(crate) fn cut_one_way(&mut self, from: u32, to: u32) {
        self.cuts.insert((from, to));
    }

    pub(crate) fn cut(&mut self, a: u32, b: u32) {
        self.cut_one_way(a, b);
        self.cut_one_way(b, a);
    }

    /// Cuts every link between a node of the group and one outside it.
    pub(crate) fn partition(&mut self, group: &[u32]) {
        for a in self.ids() {
            for b in self.ids() {
                if group.contains(&a) != group.contains(&b) {
                    self.cut_one_way(a, b);
                }
            }
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
    }
}

// Disks and crashes.
impl Net {
    pub(crate) fn sync(&mut self, id: u32) {
        self.sync_up_to(id, usize::MAX);
    }

    pub(crate) fn sync_up_to(&mut self, id: u32, count: usize) {
        let member = &mut self.members[slot(id)];
        if member.raft.is_none() || member.disk.unsynced() == 0 || count == 0 {
            return;
        }
        member.disk.sync_up_to(count);
        let token = member.disk.synced_token();
        while self.members[slot(id)]
            .held
            .front()
            .is_some_and(|(after, _)| *after <= token)
        {
            let held = self.members[slot(id)].held.pop_front();
            self.release(id, held.expect("just seen").1);
        }
        self.step(id, Input::Durable(token));
    }

    /// The node stops. Of what was not synced, the first `keep` records survive.
    pub(crate) fn crash(&mut self, id: u32, keep: usize) {
        let member = &mut self.members[slot(id)];
        if member.raft.take().is_none() {
            return;
        }
        member.disk.crash(keep);
        member.held.clear();
        member.events.clear();
        member.applied = Index(0);
        self.ledger.forget(NodeId(id));
        self.clients.crashed(id);
    }

    /// The node comes back with what its disk holds.
    pub(crate) fn restart(&mut self, id: u32) {
        let member = &mut self.members[slot(id)];
        if member.raft.is_some() {
            return;
        }
        let raft = Raft::recover(&member.config, member.disk.survivors()).unwrap();
        let durable = &member.disk.durable;
        assert_eq!((raft.term(), raft.vote()), (durable.term, durable.vote));
        assert_eq!(raft.log().last().index.0, durable.log.len() as u64);
        for (place, &(term, command)) in durable.log.iter().enumerate() {
            let index = Index(place as u64 + 1);
            assert_eq!(raft.log().term_at(index), Some(term));
            assert_eq!(raft.log().command(index), Some(command.as_ref()));
        }
        member.raft = Some(raft);
        member.effects = Effects::resume(member.disk.newest);
        self.step(id, Input::Start);
    }

    /// The node comes back with an empty disk: what no operator should do.
    pub(crate) fn wipe(&mut self, id: u32) {
        self.crash(id, 0);
        self.members[slot(id)].disk.wipe();
        self.restart(id);
    }
}

// Requests.
impl Net {
    pub(crate) fn propose(&mut self, id: u32) -> RequestId {
        let request = self.clients.ask(id);
        let command = request.0;
        self.step(
            id,
            Input::Request(Request::Propose {
                id: request,
                command,
            }),
        );
        request
    }

    pub(crate) fn read(&mut self, id: u32) -> RequestId {
        let request = self.clients.ask(id);
        self.step(id, Input::Request(Request::Read { id: request }));
        request
    }

    /// This node times out and wins; its blank entry commits where the network allows.
    pub(crate) fn elect(&mut self, id: u32) {
        self.time_out(id);
        self.deliver_all();
        assert_eq!(self.role(id), Role::Leader, "node {id} wins");
    }

    /// The leader shows that it lives, and everybody answers.
    pub(crate) fn heartbeat(&mut self, id: u32) {
        self.time_out(id);
        self.deliver_all();
    }
}

// Steps, and what every step must keep.
impl Net {
    pub(crate) fn step(&mut self, id: u32, input: Input<Node>) {
        let now = self.now;
        let member = &mut self.members[slot(id)];
        let Some(raft) = &mut member.raft else { return };
        let mut cx = Context::new(now, now, &mut member.choices, &mut member.effects);
        raft.step(input, &mut cx);
        let effects: Vec<_> = member.effects.drain().collect();
        self.ledger
            .observe(
                self.members[slot(id)]
                    .raft
                    .as_ref()
                    .expect("it just stepped"),
            )
            .unwrap();
        for effect in effects {
            self.carry_out(id, effect);
        }
        self.check(id);
        if self.auto_sync {
            self.sync(id);
        }
    }

    fn carry_out(&mut self, id: u32, effect: EffectOf<Node>) {
        let member = &mut self.members[slot(id)];
        let (after, held) = match effect {
            Effect::Persist { token, record } => return member.disk.write(token, record),
            Effect::Checkpoint { .. } => panic!("raft-core takes no checkpoints yet"),
            Effect::Send { to, message, after } => {
                let (from, to) = (id, to.0);
                assert_ne!(from, to, "nobody writes to itself");
                (after, Held::Send(Packet { from, to, message }))
            }
            Effect::Emit { event, after } => (after, Held::Emit(event)),
        };
        if after <= member.disk.synced_token() {
            self.release(id, held);
        } else {
            member.held.push_back((after, held));
        }
    }

    fn release(&mut self, id: u32, held: Held) {
        match held {
            Held::Send(packet) => {
                self.check_claims(&packet);
                self.wire.push(packet);
            }
            Held::Emit(event) => {
                let member = &mut self.members[slot(id)];
                if let Event::Committed(batch) = &event {
                    assert_eq!(batch.first(), member.applied.next(), "handed over in order");
                    member.applied = batch.last();
                }
                self.clients.hear(id, &event, member.applied, &self.ledger);
                member.events.push(event);
            }
        }
    }

    /// What leaves a node, its disk already holds. Figure 2: "updated on stable storage before
    /// responding".
    fn check_claims(&self, packet: &Packet) {
        let durable = &self.disk(packet.from).durable;
        let term = packet.message.term();
        let voted =
            |whom| durable.term > term || (durable.term, durable.vote) == (term, Some(whom));
        match &packet.message {
            Message::PreVote { .. } | Message::PreVoteReply { granted: true, .. } => return,
            Message::Vote { .. } => assert!(voted(NodeId(packet.from)), "{packet:?}"),
            Message::VoteReply { granted: true, .. } => {
                assert!(
                    voted(NodeId(packet.to)),
                    "{packet:?} before the vote is durable"
                );
            }
            Message::AppendReply {
                verdict: Verdict::Matched { index },
                ..
            } => {
                let stored = durable.term > term || durable.log.len() as u64 >= index.0;
                assert!(stored, "{packet:?} before the entries are durable");
            }
            _ => {}
        }
        assert!(
            durable.term >= term,
            "{packet:?} before the term is durable"
        );
    }

    fn check(&self, id: u32) {
        let live = self
            .members
            .iter()
            .filter_map(|member| member.raft.as_ref());
        election_safety(live).unwrap();
        let last = self.ledger.committed().last();
        if self.node(id).commit() == last.index && last.index > Index(0) {
            let system = self.node(id).config().quorum_system();
            let holds = |id: &NodeId| {
                let durable = &self.disk(id.0).durable;
                durable.term_at(last.index) == Some(last.term)
            };
            assert!(
                system.is_write_quorum(holds),
                "the committed entry {last} is not durable on a quorum"
            );
        }
        let member = &self.members[slot(id)];
        assert_eq!(
            member.applied,
            self.node(id).commit(),
            "handed over at once"
        );
    }

    /// Everything that must hold at the end of a story.
    pub(crate) fn check_end(&self) {
        let live: Vec<&Node> = self
            .members
            .iter()
            .filter_map(|m| m.raft.as_ref())
            .collect();
        for (place, a) in live.iter().enumerate() {
            for b in &live[place + 1..] {
                log_matching(a.log(), b.log()).unwrap();
            }
        }
        self.clients.check_never_executed(&self.ledger);
    }
}
