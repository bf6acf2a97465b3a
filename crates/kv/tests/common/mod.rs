//! A tiny world for the store: a network with delay, loss, duplication and cut links; disks that
//! sync late; crashes that keep a first part of the unsynced records.
//!
//! After every step it checks what must always hold: Raft's invariants, that machines with the same
//! applied index are equal, and that no request ends twice.
#![allow(dead_code, reason = "each test file uses its part of the world")]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use kv::{Ask, Config, Event, Kv, Operation, Reply, Request, SessionId};
use raft_core::invariants::Ledger;
use raft_core::{Message, Record, Role};
use transport::{
    Bytes, Choose, Context, Effect, EffectOf, Effects, Ends, Input, NodeId, Process, Recover,
    RequestId, Stored, Time, Token,
};

pub(crate) type KvMessage = Message<kv::Command>;
pub(crate) type KvRecord = Record<kv::Command>;

/// A small generator: a fixed sequence per seed.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    pub(crate) fn per_mille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }
}

impl Choose for Random {
    fn choose(&mut self, n: u64) -> u64 {
        self.below(n)
    }
}

pub(crate) struct Node {
    pub(crate) kv: Option<Kv>,
    effects: Effects<Kv>,
    held: Vec<EffectOf<Kv>>,
    pub(crate) disk: Vec<Stored<KvRecord>>,
    pub(crate) durable: Token,
    sync_due: Option<Time>,
}

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) nodes: Vec<Node>,
    configs: Vec<Config>,
    network: BTreeMap<(Time, u64), (NodeId, NodeId, KvMessage)>,
    messages_sent: u64,
    pub(crate) random: Random,
    /// Directed links that deliver nothing.
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    /// Nodes that stand still; what is sent to them waits.
    pub(crate) paused: BTreeSet<NodeId>,
    pub(crate) delay_max_ns: u64,
    pub(crate) loss_per_mille: u64,
    pub(crate) repeat_per_mille: u64,
    /// Disks sync this long after a write; `None`: they hang.
    pub(crate) sync_after: Option<Duration>,
    next_request: u64,
    /// Requests without an answer, with the node that holds each.
    pub(crate) open: BTreeMap<RequestId, NodeId>,
    /// Requests whose node crashed.
    pub(crate) orphans: BTreeSet<RequestId>,
    pub(crate) answers: BTreeMap<RequestId, Event>,
    ledger: Ledger<kv::Command>,
    machines: BTreeMap<raft_core::Index, u64>,
}

pub(crate) fn ids(count: u32) -> impl Iterator<Item = NodeId> {
    (1..=count).map(NodeId)
}

pub(crate) fn config(id: u32, count: u32) -> Config {
    Config::new(raft_core::Config::new(NodeId(id), ids(count)).unwrap())
}

impl World {
    pub(crate) fn new(count: u32, seed: u64) -> Self {
        Self::with((1..=count).map(|id| config(id, count)).collect(), seed)
    }

    /// One node per configuration, all started.
    pub(crate) fn with(configs: Vec<Config>, seed: u64) -> Self {
        let nodes = configs.iter().map(|_| Node {
            kv: None,
            effects: Effects::new(),
            held: vec![],
            disk: vec![],
            durable: Token::NONE,
            sync_due: None,
        });
        let mut world = Self {
            now: Time::ZERO,
            nodes: nodes.collect(),
            configs,
            network: BTreeMap::new(),
            messages_sent: 0,
            random: Random(seed),
            cut: BTreeSet::new(),
            paused: BTreeSet::new(),
            delay_max_ns: 2_000_000,
            loss_per_mille: 0,
            repeat_per_mille: 0,
            sync_after: Some(Duration::from_micros(100)),
            next_request: 0,
            open: BTreeMap::new(),
            orphans: BTreeSet::new(),
            answers: BTreeMap::new(),
            ledger: Ledger::new(),
            machines: BTreeMap::new(),
        };
        for id in world.ids() {
            world.restart(id);
        }
        world
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.configs
            .iter()
            .map(|config| config.raft().id())
            .collect()
    }

    pub(crate) fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize - 1]
    }

    pub(crate) fn kv(&self, id: NodeId) -> &Kv {
        self.nodes[id.0 as usize - 1].kv.as_ref().unwrap()
    }

    pub(crate) fn is_up(&self, id: NodeId) -> bool {
        self.nodes[id.0 as usize - 1].kv.is_some()
    }

    /// Builds the node from its disk and starts it.
    pub(crate) fn restart(&mut self, id: NodeId) {
        let config = self.configs[id.0 as usize - 1].clone();
        let node = self.node(id);
        let kv = Kv::recover(&config, node.disk.clone()).unwrap();
        node.effects = Effects::resume(node.durable);
        node.kv = Some(kv);
        self.step(id, Input::Start);
    }

    /// The process dies. The disk keeps what is durable and some first part of the rest.
    pub(crate) fn crash(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize - 1];
        let durable = node.durable;
        let safe = node.disk.partition_point(|stored| stored.token <= durable);
        let kept = safe as u64 + self.random.below((node.disk.len() - safe) as u64 + 1);
        node.disk.truncate(kept as usize);
        node.durable = node.disk.last().map_or(durable, |stored| stored.token);
        (node.kv, node.held, node.sync_due) = (None, vec![], None);
        self.ledger.forget(id);
        let lost: Vec<_> = self
            .open
            .iter()
            .filter(|&(_, holder)| *holder == id)
            .collect();
        let lost: Vec<RequestId> = lost.into_iter().map(|(request, _)| *request).collect();
        for request in lost {
            self.open.remove(&request);
            self.orphans.insert(request);
        }
    }

    /// Cuts every link between the two groups, both ways.
    pub(crate) fn part(&mut self, group: &[NodeId], others: &[NodeId]) {
        for &a in group {
            for &b in others.iter().filter(|&&b| b != a) {
                self.cut.insert((a, b));
                self.cut.insert((b, a));
            }
        }
    }

    pub(crate) fn isolate(&mut self, id: NodeId) {
        self.part(&[id], &self.ids());
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    /// Asks a node; the answer will be found in `answers`.
    pub(crate) fn ask(&mut self, node: NodeId, ask: Ask) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        self.open.insert(id, node);
        self.step(node, Input::Request(Request { id, ask }));
        id
    }

    /// Asks a node and runs until it answers.
    pub(crate) fn answer(&mut self, node: NodeId, ask: Ask) -> Event {
        let id = self.ask(node, ask);
        self.run_until(|world| world.answers.contains_key(&id));
        self.answers[&id].clone()
    }

    /// Asks whoever leads, until it is done.
    pub(crate) fn done(&mut self, ask: Ask) -> Reply {
        for _ in 0..100 {
            let leader = self.await_leader();
            let id = self.ask(leader, ask.clone());
            self.run_while(Duration::from_secs(5), |world| world.open.contains_key(&id));
            if let Some(Event::Done { reply, .. }) = self.answers.get(&id) {
                return reply.clone();
            }
        }
        panic!("never done: {ask:?}")
    }

    pub(crate) fn session(&mut self) -> SessionId {
        match self.done(Ask::Open) {
            Reply::Opened { session } => session,
            other => panic!("opened with {other:?}"),
        }
    }

    pub(crate) fn get(&mut self, key: &str) -> Option<Bytes> {
        match self.done(get(key)) {
            Reply::Value { value } => value,
            other => panic!("read {other:?}"),
        }
    }

    /// A running leader that a majority could follow: the one of the newest term.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leaders = self.nodes.iter().filter_map(|node| node.kv.as_ref());
        let leaders = leaders.filter(|kv| kv.raft().role() == Role::Leader);
        let newest = leaders.max_by_key(|kv| kv.raft().term());
        newest.map(|kv| kv.raft().config().id())
    }

    pub(crate) fn await_leader(&mut self) -> NodeId {
        self.run_until(|world| world.leader().is_some());
        self.leader().unwrap()
    }

    /// Runs until somebody other than `old` leads.
    pub(crate) fn await_other_leader(&mut self, old: NodeId) -> NodeId {
        self.run_until(|world| world.leader().is_some_and(|leader| leader != old));
        self.leader().unwrap()
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        self.run_while(duration, |_| true);
    }

    pub(crate) fn run_until(&mut self, holds: impl Fn(&Self) -> bool) {
        self.run_while(Duration::from_secs(60), |world| !holds(world));
        assert!(holds(self), "not within a minute");
    }

    /// Runs while the condition holds, for at most `duration`.
    pub(crate) fn run_while(&mut self, duration: Duration, condition: impl Fn(&Self) -> bool) {
        let end = self.now + duration;
        while condition(self) {
            let Some((at, turn)) = self.next_turn() else {
                break;
            };
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            self.take(turn);
        }
        if condition(self) {
            self.now = end;
        }
    }

    /// Messages and disks go before wake-ups of the same time.
    fn next_turn(&self) -> Option<(Time, Turn)> {
        let message = self
            .network
            .keys()
            .next()
            .map(|&(at, _)| (at, Turn::Message));
        let nodes = || {
            let moving = |(id, _): &(NodeId, _)| !self.paused.contains(id);
            self.ids().into_iter().zip(&self.nodes).filter(moving)
        };
        let disks = nodes().filter_map(|(id, node)| Some((node.sync_due?, Turn::Sync(id))));
        let wakes = nodes().filter_map(|(id, node)| {
            let deadline = node.kv.as_ref()?.deadline()?;
            (deadline != Time::MAX).then(|| (deadline.max(self.now), Turn::Wake(id)))
        });
        message
            .into_iter()
            .chain(disks)
            .chain(wakes)
            .min_by_key(|&(at, _)| at)
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Message => {
                let ((at, number), (from, to, message)) = self.network.pop_first().unwrap();
                if self.paused.contains(&to) {
                    let later = at.plus_nanos(1_000_000);
                    self.network.insert((later, number), (from, to, message));
                } else if !self.cut.contains(&(from, to)) && self.is_up(to) {
                    self.step(to, Input::Message { from, message });
                }
            }
            Turn::Sync(id) => self.sync(id),
            Turn::Wake(id) => self.step(id, Input::Wake),
        }
    }

    fn sync(&mut self, id: NodeId) {
        let node = self.node(id);
        node.sync_due = None;
        node.durable = node.disk.last().map_or(Token::NONE, |stored| stored.token);
        let durable = node.durable;
        let (free, held) = std::mem::take(&mut node.held)
            .into_iter()
            .partition(|effect| gate(effect) <= durable);
        node.held = held;
        for effect in Vec::from_iter::<Vec<_>>(free) {
            self.release(id, effect);
        }
        self.step(id, Input::Durable(durable));
    }

    pub(crate) fn step(&mut self, id: NodeId, input: Input<Kv>) {
        let now = self.now;
        let node = &mut self.nodes[id.0 as usize - 1];
        let Some(kv) = node.kv.as_mut() else {
            return;
        };
        kv.step(
            input,
            &mut Context::new(now, now, &mut self.random, &mut node.effects),
        );
        let effects: Vec<_> = node.effects.drain().collect();
        for effect in effects {
            let node = &mut self.nodes[id.0 as usize - 1];
            match effect {
                Effect::Persist { token, record } => {
                    node.disk.push(Stored { token, record });
                    let due = self.sync_after.map(|after| now + after);
                    node.sync_due = node.sync_due.or(due);
                }
                Effect::Checkpoint { .. } => panic!("the store keeps its whole log"),
                effect if gate(&effect) <= node.durable => self.release(id, effect),
                effect => node.held.push(effect),
            }
        }
        self.check(id);
    }

    fn release(&mut self, id: NodeId, effect: EffectOf<Kv>) {
        match effect {
            Effect::Send { to, message, .. } => {
                for _ in 0..=u64::from(self.random.per_mille(self.repeat_per_mille)) {
                    if !self.random.per_mille(self.loss_per_mille) {
                        let at = self
                            .now
                            .plus_nanos(1 + self.random.below(self.delay_max_ns));
                        self.messages_sent += 1;
                        let sent = (id, to, message.clone());
                        self.network.insert((at, self.messages_sent), sent);
                    }
                }
            }
            Effect::Emit { event, .. } => {
                if let Some(request) = event.ends() {
                    let holder = self.open.remove(&request);
                    assert_eq!(holder, Some(id), "a request ends once, where it was asked");
                    self.answers.insert(request, event);
                }
            }
            Effect::Persist { .. } | Effect::Checkpoint { .. } => unreachable!(),
        }
    }

    fn check(&mut self, id: NodeId) {
        let kv = self.nodes[id.0 as usize - 1].kv.as_ref().unwrap();
        self.ledger.observe(kv.raft()).unwrap();
        assert!(kv.pending_len() <= 65_536);
        let mut hasher = DefaultHasher::new();
        kv.machine().hash(&mut hasher);
        let hash = hasher.finish();
        let known = *self.machines.entry(kv.machine().applied()).or_insert(hash);
        assert_eq!(known, hash, "machines at one index are equal");
    }
}

#[derive(Clone, Copy)]
enum Turn {
    Message,
    Sync(NodeId),
    Wake(NodeId),
}

const fn gate(effect: &EffectOf<Kv>) -> Token {
    match effect {
        Effect::Send { after, .. } | Effect::Emit { after, .. } => *after,
        Effect::Persist { .. } | Effect::Checkpoint { .. } => Token::NONE,
    }
}

pub(crate) fn get(key: &str) -> Ask {
    Ask::Get { key: key.into() }
}

pub(crate) fn put(session: SessionId, sequence: u64, key: &str, value: &str) -> Ask {
    execute(
        session,
        sequence,
        Operation::Put {
            key: key.into(),
            value: value.into(),
        },
    )
}

pub(crate) fn append(session: SessionId, sequence: u64, key: &str, value: &str) -> Ask {
    execute(
        session,
        sequence,
        Operation::Append {
            key: key.into(),
            value: value.into(),
        },
    )
}

pub(crate) const fn execute(session: SessionId, sequence: u64, operation: Operation) -> Ask {
    Ask::Execute {
        session,
        sequence,
        operation,
    }
}
