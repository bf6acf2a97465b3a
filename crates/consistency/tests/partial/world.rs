//! A tiny world: a wire from which any message can be taken, disks that sync when told, crashes that keep
//! some first part of the unsynced records. After every step it checks that versions rise, that a timestamp
//! has one value, and that requests end once, where they were asked.

use std::collections::BTreeMap;

use consistency::partial::{Config, Event, Message, Record, Request, Store, Timestamp, Version};
use transport::{
    Bytes, Choose, Context, Effect, EffectOf, Effects, Ends, Input, NodeId, Process, Recover,
    RequestId, Stored, Time, Token,
};

/// A small generator: a fixed sequence per seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % (n.max(1) as u64)) as usize
    }
}

impl Choose for Random {
    fn choose(&mut self, n: u64) -> u64 {
        self.next().checked_rem(n).unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) message: Message,
}

impl Packet {
    pub(crate) const fn is_write(&self) -> bool {
        matches!(self.message, Message::Write { .. })
    }
}

pub(crate) struct Node {
    pub(crate) store: Option<Store>,
    effects: Effects<Store>,
    held: Vec<EffectOf<Store>>,
    pub(crate) disk: Vec<(Stored<Record>, Option<Token>)>,
    durable: Token,
}

pub(crate) struct World {
    configs: Vec<Config>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) wire: Vec<Packet>,
    pub(crate) now: Time,
    pub(crate) random: Random,
    /// Records are durable at once.
    pub(crate) auto_sync: bool,
    /// The requests whose clients wait, and whom they asked.
    pub(crate) open: BTreeMap<RequestId, u32>,
    pub(crate) events: BTreeMap<RequestId, Event>,
    id_next: u64,
    /// What each replica holds; crashes forget.
    held: BTreeMap<(u32, Bytes), Timestamp>,
    /// Whether two values of one timestamp are an error: not where somebody lies.
    pub(crate) judges_values: bool,
    /// Every version that left its writer, or was told to a client.
    settled: BTreeMap<(Bytes, Timestamp), Option<Bytes>>,
}

pub(crate) fn value(text: &str) -> Option<Bytes> {
    Some(text.into())
}

impl World {
    /// N replicas.
    pub(crate) fn new(n: u32, read: usize, write: usize) -> Self {
        Self::with(n, read, write, 0, |config| config)
    }

    pub(crate) fn with(
        n: u32,
        read: usize,
        write: usize,
        seed: u64,
        change: impl Fn(Config) -> Config,
    ) -> Self {
        let members = (0..n).map(NodeId);
        let config = |id| change(Config::new(id, members.clone(), read, write).unwrap());
        let node = |_| Node {
            store: None,
            effects: Effects::new(),
            held: vec![],
            disk: vec![],
            durable: Token::NONE,
        };
        let mut world = Self {
            configs: members.clone().map(config).collect(),
            nodes: members.clone().map(node).collect(),
            wire: vec![],
            now: Time::ZERO,
            random: Random(seed),
            auto_sync: true,
            open: BTreeMap::new(),
            events: BTreeMap::new(),
            id_next: 0,
            held: BTreeMap::new(),
            judges_values: true,
            settled: BTreeMap::new(),
        };
        (0..n).for_each(|id| world.restart(id));
        world
    }

    pub(crate) fn store(&self, id: u32) -> &Store {
        self.nodes[id as usize].store.as_ref().unwrap()
    }

    pub(crate) fn is_up(&self, id: u32) -> bool {
        self.nodes[id as usize].store.is_some()
    }

    /// What the replica holds of the key "x".
    pub(crate) fn holds(&self, id: u32) -> Option<Bytes> {
        let version = self.store(id).version(b"x");
        version.and_then(|version| version.value.clone())
    }

    pub(crate) fn restart(&mut self, id: u32) {
        if self.is_up(id) {
            return;
        }
        let node = &mut self.nodes[id as usize];
        let kept = node.disk.iter();
        let kept = kept.take_while(|(stored, _)| stored.token <= node.durable);
        let kept: Vec<_> = kept.collect();
        let newest = kept.iter().rposition(|(_, keep)| keep.is_some());
        let records = kept.iter().skip(newest.unwrap_or(0));
        let records = records.map(|(stored, _)| stored.clone()).collect();
        node.store = Some(Store::recover(&self.configs[id as usize], records).unwrap());
        node.effects = Effects::resume(node.durable);
        self.step(id, Input::Start);
    }

    /// The process dies. The disk keeps what is durable, and the first `keep` of the other records.
    pub(crate) fn crash(&mut self, id: u32, keep: usize) {
        let node = &mut self.nodes[id as usize];
        let durable = node.durable;
        let safe = node.disk.iter();
        let safe = safe.filter(|(stored, _)| stored.token <= durable).count();
        node.disk.truncate(safe + keep);
        let last = node.disk.last();
        node.durable = last.map_or(durable, |(stored, _)| stored.token.max(durable));
        (node.store, node.held) = (None, vec![]);
        self.held.retain(|(holder, _), _| *holder != id);
        self.open.retain(|_, holder| *holder != id);
    }

    pub(crate) fn sync(&mut self, id: u32) {
        let node = &mut self.nodes[id as usize];
        let last = node.disk.last().map_or(Token::NONE, |(last, _)| last.token);
        if node.store.is_none() || last <= node.durable {
            return;
        }
        node.durable = last;
        let held = std::mem::take(&mut node.held);
        held.into_iter().for_each(|effect| self.release(id, effect));
        self.step(id, Input::Durable(last));
    }

    pub(crate) fn read(&mut self, id: u32, key: &str) -> RequestId {
        let key = key.into();
        self.ask(id, |id| Request::Read { id, key })
    }

    pub(crate) fn write(&mut self, id: u32, key: &str, text: &str) -> RequestId {
        let (key, value) = (key.into(), value(text));
        self.ask(id, |id| Request::Write { id, key, value })
    }

    pub(crate) fn ask(&mut self, id: u32, request: impl FnOnce(RequestId) -> Request) -> RequestId {
        let name = RequestId(self.id_next);
        self.id_next += 1;
        self.open.insert(name, id);
        self.step(id, Input::Request(request(name)));
        name
    }

    pub(crate) fn step(&mut self, id: u32, input: Input<Store>) {
        let node = &mut self.nodes[id as usize];
        let Some(store) = node.store.as_mut() else {
            return;
        };
        let mut cx = Context::new(self.now, self.now, &mut self.random, &mut node.effects);
        store.step(input, &mut cx);
        assert!(store.operations_len() <= 1_024);
        for effect in node.effects.drain().collect::<Vec<_>>() {
            let node = &mut self.nodes[id as usize];
            match effect {
                Effect::Persist { token, record } => {
                    node.disk.push((Stored { token, record }, None));
                }
                Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                } => node.disk.push((Stored { token, record }, Some(keep_from))),
                effect if gate(&effect) <= node.durable => self.release(id, effect),
                effect => node.held.push(effect),
            }
        }
        self.observe(id);
        if self.auto_sync {
            self.sync(id);
        }
    }

    /// Versions rise.
    fn observe(&mut self, id: u32) {
        let store = self.nodes[id as usize].store.as_ref().unwrap();
        for (key, version) in store.versions() {
            let held = self.held.entry((id, key.clone())).or_default();
            assert!(version.timestamp >= *held, "n{id} went back on {key:?}");
            *held = version.timestamp;
        }
    }

    /// A timestamp has one value.
    fn settle(&mut self, key: &Bytes, version: &Version) {
        let name = (key.clone(), version.timestamp);
        let settled = self.settled.entry(name);
        let settled = settled.or_insert_with(|| version.value.clone());
        assert!(
            !self.judges_values || *settled == version.value,
            "two values of {key:?}: {version:?}"
        );
    }

    fn release(&mut self, id: u32, effect: EffectOf<Store>) {
        match effect {
            Effect::Send { to, message, .. } => {
                if let Message::Write { key, version, .. } = &message {
                    self.settle(key, version);
                }
                self.wire.push(Packet {
                    from: id,
                    to: to.0,
                    message,
                });
            }
            Effect::Emit { event, .. } => {
                let request = event.ends().expect("every event is final");
                let holder = self.open.remove(&request).expect("a request ends once");
                assert_eq!(holder, id, "a request ends where it was asked");
                if let Event::Read { key, version, .. } = &event {
                    self.settle(key, version);
                }
                self.events.insert(request, event);
            }
            Effect::Persist { .. } | Effect::Checkpoint { .. } => unreachable!(),
        }
    }

    pub(crate) fn deliver(&mut self, place: usize) {
        let packet = self.wire.remove(place);
        let from = NodeId(packet.from);
        let message = packet.message;
        self.step(packet.to, Input::Message { from, message });
    }

    /// Delivers, in order, until only what the filter keeps is left.
    pub(crate) fn settle_but(&mut self, keep: impl Fn(&Packet) -> bool) {
        while let Some(place) = self.wire.iter().position(|packet| !keep(packet)) {
            self.deliver(place);
        }
    }

    pub(crate) fn settle_all(&mut self) {
        self.settle_but(|_| false);
    }

    /// Time passes, and whoever has a deadline wakes; nothing is delivered.
    pub(crate) fn pass_ms(&mut self, ms: u64) {
        let end = self.now.plus_nanos(ms * 1_000_000);
        loop {
            let deadlines = self.nodes.iter().enumerate();
            let deadlines = deadlines.filter_map(|(id, node)| {
                let deadline = node.store.as_ref()?.deadline()?;
                Some((deadline.max(self.now), id as u32))
            });
            match deadlines.min() {
                Some((at, id)) if at <= end => {
                    self.now = at;
                    self.step(id, Input::Wake);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    pub(crate) fn found(&self, read: RequestId) -> Option<Bytes> {
        match &self.events[&read] {
            Event::Read { version, .. } => version.value.clone(),
            other => panic!("not read: {other:?}"),
        }
    }

    pub(crate) fn is_written(&self, write: RequestId) -> bool {
        matches!(self.events.get(&write), Some(Event::Written { .. }))
    }
}

const fn gate(effect: &EffectOf<Store>) -> Token {
    match effect {
        Effect::Send { after, .. } | Effect::Emit { after, .. } => *after,
        Effect::Persist { .. } | Effect::Checkpoint { .. } => Token::NONE,
    }
}
