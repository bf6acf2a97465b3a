//! A tiny cluster with its own clock, network and disks, for tests that read like stories.
//!
//! Nothing moves unless a verb moves it: messages lie on the [`Net::wire`] in the order they were
//! sent, time stands still, and disks sync at once or, with [`Net::auto_sync`] off, when told.
//!
//! After every step the cluster judges what it sees: the exported invariants; that nothing leaves a
//! node before the disk holds what it claims; that every request ends once; that every answer is
//! true. What is chosen it reads from the disks alone.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod clients;
pub(crate) mod disk;
pub(crate) mod random;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use paxos_core::invariants::{Ledger, agreement, decided_is_durable, one_value_a_ballot};
use paxos_core::{Ballot, Config, Event, Message, Paxos, Proposal, Record, Request};
use quorum::QuorumSystem;
use transport::{
    Context, Effect, EffectOf, Effects, Input, NodeId, Process, Recover, RequestId, Time, Token,
};

use clients::{Clients, Ending};
use disk::Disk;
use random::Random;

pub(crate) type Node = Paxos<u64>;

/// A message under way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) message: Message<u64>,
}

struct Member {
    config: Config,
    paxos: Option<Node>,
    effects: Effects<Node>,
    choices: Random,
    disk: Disk,
    /// Sends and events that wait for the disk.
    held: VecDeque<(Token, Held)>,
    events: Vec<Event<u64>>,
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
    quorums: QuorumSystem<NodeId>,
    members: Vec<Member>,
    cuts: BTreeSet<(u32, u32)>,
    /// Who ever had accepted a ballot durably, and its value.
    acceptances: BTreeMap<Ballot, (u64, BTreeSet<NodeId>)>,
    chosen: Option<u64>,
}

pub(crate) fn ballot(round: u64, node: u32) -> Ballot {
    let node = NodeId(node);
    Ballot { round, node }
}

pub(crate) fn proposal(round: u64, node: u32, value: u64) -> Proposal<u64> {
    let ballot = ballot(round, node);
    Proposal { ballot, value }
}

pub(crate) fn majority(n: u32) -> QuorumSystem<NodeId> {
    QuorumSystem::majority((0..n).map(NodeId)).unwrap()
}

// Making a cluster.
impl Net {
    /// `n` new nodes, named 0 to `n - 1`.
    pub(crate) fn new(n: u32) -> Self {
        Self::seeded(majority(n), 1, |config| config)
    }

    pub(crate) fn seeded(
        quorums: QuorumSystem<NodeId>,
        seed: u64,
        change: impl Fn(Config) -> Config,
    ) -> Self {
        let mut net = Self {
            now: Time::from_millis(1_000),
            wire: Vec::new(),
            auto_sync: true,
            ledger: Ledger::new(),
            clients: Clients::default(),
            members: Vec::new(),
            cuts: BTreeSet::new(),
            acceptances: BTreeMap::new(),
            chosen: None,
            quorums: quorums.clone(),
        };
        for &id in quorums.members() {
            let seed = seed.wrapping_mul(1_000).wrapping_add(u64::from(id.0));
            net.members.push(Member {
                config: change(Config::new(id, quorums.clone()).unwrap()),
                paxos: None,
                effects: Effects::new(),
                choices: Random::new(seed),
                disk: Disk::default(),
                held: VecDeque::new(),
                events: Vec::new(),
            });
        }
        for id in net.ids() {
            net.restart(id);
        }
        net
    }
}

// Looking at it.
impl Net {
    pub(crate) fn ids(&self) -> std::ops::Range<u32> {
        0..self.members.len() as u32
    }

    fn member(&mut self, id: u32) -> &mut Member {
        &mut self.members[id as usize]
    }

    pub(crate) fn node(&self, id: u32) -> &Node {
        self.members[id as usize]
            .paxos
            .as_ref()
            .expect("a live node")
    }

    pub(crate) fn is_up(&self, id: u32) -> bool {
        self.members[id as usize].paxos.is_some()
    }

    pub(crate) fn disk(&self, id: u32) -> &Disk {
        &self.members[id as usize].disk
    }

    /// What the node has told its client, in this life.
    pub(crate) fn events(&self, id: u32) -> &[Event<u64>] {
        &self.members[id as usize].events
    }

    pub(crate) fn ending(&self, id: RequestId) -> Option<Ending> {
        self.clients.ending(id)
    }

    /// The value that a write quorum of disks has accepted in one ballot.
    pub(crate) fn chosen(&self) -> Option<u64> {
        self.chosen
    }

    /// The values that any disk ever held.
    pub(crate) fn offered(&self) -> BTreeSet<u64> {
        self.acceptances.values().map(|(value, _)| *value).collect()
    }

    fn live(&self) -> impl Iterator<Item = &Node> {
        self.members
            .iter()
            .filter_map(|member| member.paxos.as_ref())
    }
}

// Time.
impl Net {
    fn next_deadline(&self) -> Option<Time> {
        self.live().filter_map(Process::deadline).min()
    }

    /// Time moves to this node's deadline, and only this node wakes up.
    pub(crate) fn time_out(&mut self, id: u32) {
        if let Some(deadline) = self.node(id).deadline() {
            self.now = self.now.max(deadline);
            self.step(id, Input::Wake);
        }
    }

    /// Time moves to the next deadline; every node that is due wakes up.
    pub(crate) fn tick(&mut self) {
        let Some(next) = self.next_deadline() else {
            return;
        };
        self.now = self.now.max(next);
        for id in self.ids() {
            let paxos = self.members[id as usize].paxos.as_ref();
            if paxos
                .and_then(Process::deadline)
                .is_some_and(|due| due <= self.now)
            {
                self.step(id, Input::Wake);
            }
        }
    }

    /// Timers run and messages arrive at once, for this long.
    pub(crate) fn run_ms(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        self.deliver_all();
        let mut ticks = 0_u64;
        while self.next_deadline().is_some_and(|next| next <= end) {
            self.tick();
            self.deliver_all();
            ticks += 1;
            assert!(ticks < 1_000 + 10 * millis, "a deadline that does not move");
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

    /// Delivers what lies on the wire from one node to another.
    pub(crate) fn pass(&mut self, from: u32, to: u32) {
        for message in self.take(from, to) {
            let from = NodeId(from);
            self.step(to, Input::Message { from, message });
        }
    }

    /// Takes what one node has sent another off the wire.
    pub(crate) fn take(&mut self, from: u32, to: u32) -> Vec<Message<u64>> {
        let (taken, left) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|packet| (packet.from, packet.to) == (from, to));
        self.wire = left;
        let taken: Vec<Packet> = taken;
        taken.into_iter().map(|packet| packet.message).collect()
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

    /// Cuts every link between this node and the others.
    pub(crate) fn isolate(&mut self, id: u32) {
        for other in self.ids().filter(|&other| other != id) {
            self.cut_one_way(id, other);
            self.cut_one_way(other, id);
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
        let member = self.member(id);
        if member.paxos.is_none() || member.disk.unsynced() == 0 || count == 0 {
            return;
        }
        let fresh = member.disk.sync_up_to(count);
        let token = member.disk.synced_token();
        self.note(id, &fresh);
        while let member = self.member(id)
            && member
                .held
                .front()
                .is_some_and(|(after, _)| *after <= token)
            && let Some((_, held)) = member.held.pop_front()
        {
            self.release(id, held);
        }
        self.step(id, Input::Durable(token));
    }

    /// Books what has become durable: this is what "chosen" means.
    fn note(&mut self, id: u32, fresh: &[Record<u64>]) {
        for record in fresh {
            let accepted = match record {
                Record::Accepted(proposal) => Some(proposal),
                Record::State { accepted, .. } => accepted.as_ref(),
                Record::Promised(_) | Record::Decided(_) => None,
            };
            let Some(Proposal { ballot, value }) = accepted else {
                continue;
            };
            let entry = self
                .acceptances
                .entry(*ballot)
                .or_insert((*value, BTreeSet::new()));
            assert_eq!(entry.0, *value, "two values in {ballot}");
            entry.1.insert(NodeId(id));
            if self.quorums.is_write_quorum(|node| entry.1.contains(node)) {
                let first = *self.chosen.get_or_insert(*value);
                assert_eq!(first, *value, "two values are chosen");
            }
        }
    }

    /// The node stops. Of what was not synced, the first `keep` records survive.
    pub(crate) fn crash(&mut self, id: u32, keep: usize) {
        let member = self.member(id);
        if member.paxos.take().is_none() {
            return;
        }
        let fresh = member.disk.crash(keep);
        member.held.clear();
        member.events.clear();
        self.note(id, &fresh);
        self.ledger.forget(NodeId(id));
        self.clients.crashed(id);
    }

    /// The node comes back with what its disk holds.
    pub(crate) fn restart(&mut self, id: u32) {
        let member = self.member(id);
        if member.paxos.is_some() {
            return;
        }
        let paxos = Paxos::recover(&member.config, member.disk.survivors()).unwrap();
        let durable = &member.disk.durable;
        assert_eq!(paxos.acceptor().promised(), durable.promised);
        assert_eq!(paxos.acceptor().accepted(), durable.accepted.as_ref());
        assert_eq!(paxos.decided(), durable.decided.as_ref());
        member.paxos = Some(paxos);
        member.effects = Effects::resume(member.disk.newest);
        self.step(id, Input::Start);
    }
}

// Requests.
impl Net {
    pub(crate) fn propose(&mut self, id: u32) -> RequestId {
        let request = self.clients.ask(id, false, self.chosen.is_some());
        let value = request.0;
        self.ledger.propose(value);
        let propose = Request::Propose { id: request, value };
        self.step(id, Input::Request(propose));
        request
    }

    pub(crate) fn learn(&mut self, id: u32) -> RequestId {
        let request = self.clients.ask(id, true, self.chosen.is_some());
        self.step(id, Input::Request(Request::Learn { id: request }));
        request
    }
}

// Steps, and what every step must keep.
impl Net {
    pub(crate) fn step(&mut self, id: u32, input: Input<Node>) {
        let now = self.now;
        let member = self.member(id);
        let Some(paxos) = &mut member.paxos else {
            return;
        };
        let mut cx = Context::new(now, now, &mut member.choices, &mut member.effects);
        paxos.step(input, &mut cx);
        let effects: Vec<_> = member.effects.drain().collect();
        let paxos = self.members[id as usize].paxos.as_ref();
        self.ledger
            .observe(paxos.expect("it just stepped"))
            .unwrap();
        for effect in effects {
            self.carry_out(id, effect);
        }
        agreement(self.live()).unwrap();
        one_value_a_ballot(self.live()).unwrap();
        if self.auto_sync {
            self.sync(id);
        }
    }

    fn carry_out(&mut self, id: u32, effect: EffectOf<Node>) {
        let member = self.member(id);
        let (after, held) = match effect {
            Effect::Persist { token, record } => return member.disk.write(token, record, None),
            Effect::Checkpoint {
                token,
                record,
                keep_from,
            } => return member.disk.write(token, record, Some(keep_from)),
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
                self.clients.hear(id, &event, self.chosen);
                self.member(id).events.push(event);
            }
        }
    }

    /// What leaves a node, its disk already holds.
    fn check_claims(&self, packet: &Packet) {
        let durable = &self.disk(packet.from).durable;
        let has_promised = |ballot| durable.decided.is_some() || durable.promised >= Some(ballot);
        let accepted = durable.accepted.as_ref().map(|proposal| proposal.ballot);
        let has_accepted = |ballot| durable.decided.is_some() || accepted >= Some(ballot);
        match &packet.message {
            Message::Prepare { ballot } => assert!(has_promised(*ballot), "{packet:?}"),
            Message::Promise {
                ballot,
                accepted: claimed,
            } => {
                assert!(has_promised(*ballot), "{packet:?} before it is durable");
                let claimed = claimed.as_ref().map(|proposal| proposal.ballot);
                assert!(
                    durable.decided.is_some() || accepted >= claimed,
                    "{packet:?}"
                );
            }
            Message::Accept(Proposal { ballot, .. }) | Message::Accepted { ballot } => {
                assert!(has_accepted(*ballot), "{packet:?} before it is durable");
            }
            Message::Refused { promised, .. } => assert!(has_promised(*promised), "{packet:?}"),
            Message::Decided { value } => {
                assert_eq!(Some(*value), self.chosen, "{packet:?} before it is chosen");
            }
            Message::Ask => {}
        }
    }

    /// Everything that must hold at the end of a story.
    pub(crate) fn check_end(&self) {
        let offered = self.offered();
        for value in self.clients.refused() {
            assert!(
                !offered.contains(&value),
                "{value} was refused, and offered"
            );
        }
        let recovered: Vec<Node> = self
            .members
            .iter()
            .map(|member| Paxos::recover(&member.config, member.disk.survivors()).unwrap())
            .collect();
        if let Some(value) = self.ledger.decided() {
            assert_eq!(Some(*value), self.chosen);
            decided_is_durable(value, &recovered).unwrap();
        }
    }
}
