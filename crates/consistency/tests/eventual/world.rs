//! A tiny world for the store: a network with delay, loss, duplication and cut links; disks that
//! sync late; crashes that keep a first part of the unsynced records.
//!
//! After every step it checks what must always hold: the ledger's promises, that no request ends
//! twice, and after every crash that what was acknowledged is still on some disk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clocks::VectorClock;
use consistency::eventual::invariants::{Ledger, converged};
use consistency::eventual::{
    CausalContext, Config, Event, EventualStore, KeyVersions, Message, Record, Refusal, Request,
    Versions,
};
use transport::{
    Choose, Context, Effect, EffectOf, Effects, Ends, Input, NodeId, Process, Recover, RequestId,
    Stored, Time, Token,
};

/// A small generator: a fixed sequence per seed (SplitMix64).
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

struct Node {
    store: Option<EventualStore>,
    effects: Effects<EventualStore>,
    held: Vec<EffectOf<EventualStore>>,
    disk: Vec<Stored<Record>>,
    /// The checkpoints among the unsynced records, and what each replaces.
    keep_from: BTreeMap<Token, Token>,
    durable: Token,
    sync_due: Option<Time>,
}

pub(crate) struct World {
    pub(crate) now: Time,
    nodes: Vec<Node>,
    configs: Vec<Config>,
    pub(crate) network: BTreeMap<(Time, u64), (NodeId, NodeId, Message)>,
    /// Every message ever released, by kind.
    pub(crate) versions_sent: u64,
    pub(crate) compares_sent: u64,
    /// The most parts, keys and versions one message had.
    pub(crate) parts_max: usize,
    pub(crate) items_max: usize,
    pub(crate) items_sent: u64,
    pub(crate) random: Random,
    /// Directed links that deliver nothing.
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    pub(crate) delay_max_ns: u64,
    pub(crate) loss_per_mille: u64,
    pub(crate) repeat_per_mille: u64,
    /// Disks sync this long after a write; `None`: they hang.
    pub(crate) sync_after: Option<Duration>,
    next_request: u64,
    /// Requests without an answer, with the node that holds each.
    pub(crate) open: BTreeMap<RequestId, (NodeId, Request)>,
    pub(crate) answers: BTreeMap<RequestId, Event>,
    pub(crate) ledger: Ledger,
}

pub(crate) fn config(id: u32, count: u32) -> Config {
    Config::new(NodeId(id), (0..count).map(NodeId))
        .unwrap()
        .exchange_interval(Duration::from_millis(100))
        .unwrap()
}

pub(crate) fn empty() -> VectorClock {
    VectorClock::default()
}

pub(crate) fn context(counters: &[u64]) -> VectorClock {
    VectorClock::from_counters(counters).unwrap()
}

/// A context for this key.
pub(crate) fn of(key: &str, clock: &VectorClock) -> CausalContext {
    CausalContext::new(key.into(), clock.clone())
}

/// The checkpoint of a node of `count` that knows these keys, all from others.
pub(crate) fn checkpoint(count: u32, learned: Vec<KeyVersions>) -> Record {
    let members = (0..count).map(NodeId).collect();
    let written = vec![];
    Record::Checkpoint {
        members,
        written,
        learned,
    }
}

pub(crate) fn values(versions: &Versions) -> Vec<String> {
    let text = |value: &transport::Bytes| String::from_utf8(value.to_vec()).unwrap();
    versions.values().map(text).collect()
}

impl World {
    pub(crate) fn new(count: u32, seed: u64) -> Self {
        Self::with((0..count).map(|id| config(id, count)).collect(), seed)
    }

    /// One node per configuration, numbered from 0, all started.
    pub(crate) fn with(configs: Vec<Config>, seed: u64) -> Self {
        let nodes = configs.iter().map(|_| Node {
            store: None,
            effects: Effects::new(),
            held: vec![],
            disk: vec![],
            keep_from: BTreeMap::new(),
            durable: Token::NONE,
            sync_due: None,
        });
        let mut world = Self {
            now: Time::ZERO,
            nodes: nodes.collect(),
            configs,
            network: BTreeMap::new(),
            versions_sent: 0,
            compares_sent: 0,
            parts_max: 0,
            items_max: 0,
            items_sent: 0,
            random: Random(seed),
            cut: BTreeSet::new(),
            delay_max_ns: 2_000_000,
            loss_per_mille: 0,
            repeat_per_mille: 0,
            sync_after: Some(Duration::from_micros(100)),
            next_request: 0,
            open: BTreeMap::new(),
            answers: BTreeMap::new(),
            ledger: Ledger::new(),
        };
        for id in world.ids() {
            world.restart(id);
        }
        world
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.configs.iter().map(Config::id).collect()
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    pub(crate) fn store(&self, id: u32) -> &EventualStore {
        self.nodes[id as usize].store.as_ref().unwrap()
    }

    pub(crate) fn is_up(&self, id: NodeId) -> bool {
        self.nodes[id.0 as usize].store.is_some()
    }

    pub(crate) fn disk_len(&self, id: u32) -> usize {
        self.nodes[id as usize].disk.len()
    }

    /// The values of a key at a node, without asking.
    pub(crate) fn shown(&self, id: u32, key: &str) -> Vec<String> {
        self.store(id)
            .versions(key.as_bytes())
            .map_or(vec![], values)
    }

    /// Builds the node from its disk and starts it.
    pub(crate) fn restart(&mut self, id: NodeId) {
        let config = self.configs[id.0 as usize].clone();
        let node = self.node(id);
        let store = EventualStore::recover(&config, node.disk.clone()).unwrap();
        node.effects = Effects::resume(node.durable);
        node.store = Some(store);
        self.step(id, Input::Start);
    }

    /// The process dies. The disk keeps what is durable and some first part of the rest.
    pub(crate) fn crash(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        let durable = node.durable;
        let unsynced = node.disk.iter().filter(|stored| stored.token > durable);
        let unsynced = unsynced.count() as u64;
        let lost = self.random.below(unsynced + 1) as usize;
        node.disk.truncate(node.disk.len() - lost);
        harden(node);
        (node.store, node.held, node.sync_due) = (None, vec![], None);
        self.ledger.forget(id);
        self.open.retain(|_, (holder, _)| *holder != id);
        self.check_disks();
    }

    /// If every node crashed now, nothing acknowledged would be lost.
    pub(crate) fn check_disks(&mut self) {
        let recovered = self.nodes.iter().zip(&self.configs).map(|(node, config)| {
            let durable = node.durable;
            let mut disk = node.disk.clone();
            disk.retain(|stored| stored.token <= durable);
            EventualStore::recover(config, disk).unwrap()
        });
        let recovered: Vec<EventualStore> = recovered.collect();
        self.ledger.acknowledged_is_durable(&recovered).unwrap();
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

    pub(crate) fn isolate(&mut self, id: u32) {
        self.part(&[NodeId(id)], &self.ids());
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    pub(crate) fn converged(&self) -> bool {
        converged(self.nodes.iter().filter_map(|node| node.store.as_ref())).is_ok()
    }

    /// Asks a node; the answer will be found in `answers`.
    pub(crate) fn ask(
        &mut self,
        node: NodeId,
        make: impl FnOnce(RequestId) -> Request,
    ) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let request = make(id);
        self.ledger.asked(&request);
        self.open.insert(id, (node, request.clone()));
        self.step(node, Input::Request(request));
        id
    }

    /// Asks a node and runs until it answers.
    pub(crate) fn answer(&mut self, node: u32, make: impl FnOnce(RequestId) -> Request) -> Event {
        let id = self.ask(NodeId(node), make);
        self.run_until(|world| world.answers.contains_key(&id));
        self.answers[&id].clone()
    }

    pub(crate) fn get(&mut self, node: u32, key: &str) -> Versions {
        let key = key.into();
        done(self.answer(node, |id| Request::Get { id, key }))
    }

    pub(crate) fn put(
        &mut self,
        node: u32,
        key: &str,
        value: &str,
        context: &VectorClock,
    ) -> Versions {
        done(self.answer(node, put(key, value, context)))
    }

    pub(crate) fn delete(&mut self, node: u32, key: &str, context: &VectorClock) -> Versions {
        let (key, context) = (key.into(), of(key, context));
        done(self.answer(node, |id| Request::Delete { id, key, context }))
    }

    pub(crate) fn refused(
        &mut self,
        node: u32,
        make: impl FnOnce(RequestId) -> Request,
    ) -> Refusal {
        match self.answer(node, make) {
            Event::Refused { refusal, .. } => refusal,
            Event::Done { .. } => panic!("it was done"),
        }
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
            self.now = self.now.max(end);
        }
    }

    /// Messages and disks go before wake-ups of the same time.
    fn next_turn(&self) -> Option<(Time, Turn)> {
        let message = self.network.keys().next();
        let message = message.map(|&(at, _)| (at, Turn::Message));
        let nodes = || self.ids().into_iter().zip(&self.nodes);
        let disks = nodes().filter_map(|(id, node)| Some((node.sync_due?, Turn::Sync(id))));
        let wakes = nodes().filter_map(|(id, node)| {
            let deadline = node.store.as_ref()?.deadline()?;
            Some((deadline.max(self.now), Turn::Wake(id)))
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
                let (_, (from, to, message)) = self.network.pop_first().unwrap();
                if !self.cut.contains(&(from, to)) && self.is_up(to) {
                    self.step(to, Input::Message { from, message });
                }
            }
            Turn::Sync(id) => self.sync(id),
            Turn::Wake(id) => self.step(id, Input::Wake),
        }
    }

    /// Makes what was written durable, and lets go of what waited for it.
    pub(crate) fn sync(&mut self, id: NodeId) {
        let node = self.node(id);
        node.sync_due = None;
        harden(node);
        let durable = node.durable;
        let (free, held): (Vec<_>, Vec<_>) = std::mem::take(&mut node.held)
            .into_iter()
            .partition(|effect| gate(effect) <= durable);
        node.held = held;
        for effect in free {
            self.release(id, effect);
        }
        self.step(id, Input::Durable(durable));
    }

    pub(crate) fn step(&mut self, id: NodeId, input: Input<EventualStore>) {
        let now = self.now;
        let node = &mut self.nodes[id.0 as usize];
        let Some(store) = node.store.as_mut() else {
            return;
        };
        let mut cx = Context::new(now, now, &mut self.random, &mut node.effects);
        store.step(input, &mut cx);
        let effects: Vec<_> = node.effects.drain().collect();
        for effect in effects {
            let node = &mut self.nodes[id.0 as usize];
            let (token, record) = match effect {
                Effect::Persist { token, record } => (token, record),
                Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                } => {
                    node.keep_from.insert(token, keep_from);
                    (token, record)
                }
                effect if gate(&effect) <= node.durable => {
                    self.release(id, effect);
                    continue;
                }
                effect => {
                    node.held.push(effect);
                    continue;
                }
            };
            node.disk.push(Stored { token, record });
            let due = self.sync_after.map(|after| now + after);
            node.sync_due = node.sync_due.or(due);
        }
        let store = self.nodes[id.0 as usize].store.as_ref().unwrap();
        self.ledger.observe(store).unwrap();
    }

    fn release(&mut self, id: NodeId, effect: EffectOf<EventualStore>) {
        match effect {
            Effect::Send { to, message, .. } => self.send(id, to, &message),
            Effect::Emit { event, .. } => {
                let request = event.ends().unwrap();
                let (holder, asked) = self.open.remove(&request).expect("it ends once");
                assert_eq!(holder, id, "where it was asked");
                self.ledger.answered(&asked, &event);
                self.answers.insert(request, event);
            }
            Effect::Persist { .. } | Effect::Checkpoint { .. } => unreachable!(),
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: &Message) {
        match message {
            Message::Versions { items, .. } => {
                self.versions_sent += 1;
                self.items_sent += items.len() as u64;
                self.items_max = self.items_max.max(items.len());
            }
            Message::Compare { parts } => {
                self.compares_sent += 1;
                self.parts_max = self.parts_max.max(parts.len());
            }
        }
        for _ in 0..=u64::from(self.random.per_mille(self.repeat_per_mille)) {
            if !self.random.per_mille(self.loss_per_mille) {
                let delay = 1 + self.random.below(self.delay_max_ns);
                let number = self.versions_sent + self.compares_sent;
                let place = (self.now.plus_nanos(delay), number);
                self.network.insert(place, (from, to, message.clone()));
            }
        }
    }
}

/// All that is on the disk becomes durable; the newest checkpoint replaces what it may.
fn harden(node: &mut Node) {
    while let Some((checkpoint, keep_from)) = node.keep_from.pop_first() {
        if let Some(place) = node
            .disk
            .iter()
            .position(|stored| stored.token == checkpoint)
        {
            let stored = node.disk.remove(place);
            node.disk.retain(|other| other.token >= keep_from);
            node.disk.insert(0, stored);
            node.durable = node.durable.max(checkpoint);
        }
    }
    let newest = node.disk.iter().map(|stored| stored.token).max();
    node.durable = node.durable.max(newest.unwrap_or_default());
}

#[derive(Clone, Copy)]
enum Turn {
    Message,
    Sync(NodeId),
    Wake(NodeId),
}

const fn gate(effect: &EffectOf<EventualStore>) -> Token {
    match effect {
        Effect::Send { after, .. } | Effect::Emit { after, .. } => *after,
        Effect::Persist { .. } | Effect::Checkpoint { .. } => Token::NONE,
    }
}

fn done(event: Event) -> Versions {
    match event {
        Event::Done { reply, .. } => reply.versions().clone(),
        Event::Refused { refusal, .. } => panic!("refused: {refusal}"),
    }
}

pub(crate) fn put(
    key: &str,
    value: &str,
    context: &VectorClock,
) -> impl FnOnce(RequestId) -> Request {
    let (key, value, context) = (key.into(), value.into(), of(key, context));
    move |id| Request::Put {
        id,
        key,
        value,
        context,
    }
}
