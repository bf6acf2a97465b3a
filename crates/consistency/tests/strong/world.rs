//! A tiny world: a wire from which any message can be taken, disks that sync when told, crashes that keep
//! some first part of the unsynced records.
//!
//! After every step it checks the store's invariants and that requests end once; it records the history
//! that [`World::judge`] gives to the checker.

use std::collections::{BTreeMap, BTreeSet};

use consistency::strong::invariants::{Broken, Ledger, one_value_per_timestamp};
use consistency::strong::{Answer, Config, Event, Message, Record, Request, Store, Version};
use consistency::{
    KeyValue, KvInput, KvOutput, Limits, OperationId, ProcessId, Recorder, Value, Verdict,
    check_linearizable, replay,
};
use quorum::QuorumSystem;
use transport::{
    Bytes, Choose, Context, Effect, EffectOf, Effects, Ends, Input, NodeId, Process, Recover,
    RequestId, Stored, Time, Token,
};

/// A small generator: a fixed sequence per seed.
#[derive(Clone)]
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
    pub(crate) const fn is_query(&self) -> bool {
        matches!(self.message, Message::Query { .. })
    }

    pub(crate) const fn is_update(&self) -> bool {
        matches!(self.message, Message::Update { .. })
    }

    pub(crate) const fn is_stored(&self) -> bool {
        matches!(
            self.message,
            Message::Reply {
                answer: Answer::Stored,
                ..
            }
        )
    }
}

/// What a node writes to: records in order, and for a checkpoint what it lets go.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) entries: Vec<(Stored<Record>, Option<Token>)>,
}

impl Disk {
    /// What is found after a crash that kept everything up to `last`.
    pub(crate) fn survivors(&self, last: Token) -> Vec<Stored<Record>> {
        let kept = self.entries.iter();
        let kept = kept.filter(|(stored, _)| stored.token <= last);
        let newest = kept.clone().rfind(|(_, keep)| keep.is_some());
        let Some((checkpoint, Some(keep_from))) = newest else {
            return kept.map(|(stored, _)| stored.clone()).collect();
        };
        let rest = kept.filter(|(stored, keep)| {
            keep.is_none() && (stored.token >= *keep_from || stored.token > checkpoint.token)
        });
        let rest = rest.map(|(stored, _)| stored.clone());
        [checkpoint.clone()].into_iter().chain(rest).collect()
    }

    fn last(&self) -> Token {
        self.entries
            .last()
            .map_or(Token::NONE, |(stored, _)| stored.token)
    }
}

pub(crate) struct Node {
    pub(crate) store: Option<Store>,
    effects: Effects<Store>,
    held: Vec<EffectOf<Store>>,
    pub(crate) disk: Disk,
    pub(crate) durable: Token,
}

pub(crate) struct World {
    pub(crate) configs: Vec<Config>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) wire: Vec<Packet>,
    pub(crate) now: Time,
    pub(crate) random: Random,
    /// Records are durable at once.
    pub(crate) auto_sync: bool,
    pub(crate) open: BTreeMap<RequestId, (u32, OperationId)>,
    pub(crate) events: BTreeMap<RequestId, Event>,
    pub(crate) recorder: Recorder<KvInput, KvOutput>,
    pub(crate) ledger: Ledger,
    /// The first promise that was broken.
    pub(crate) broken: Option<Broken>,
    pub(crate) messages_sent: usize,
}

pub(crate) fn majority(n: u32) -> QuorumSystem<NodeId> {
    QuorumSystem::majority((0..n).map(NodeId)).unwrap()
}

pub(crate) fn value(text: &str) -> Option<Bytes> {
    Some(text.into())
}

impl World {
    pub(crate) fn new(n: u32) -> Self {
        Self::with(&majority(n), 0, |config| config)
    }

    pub(crate) fn with(
        quorums: &QuorumSystem<NodeId>,
        seed: u64,
        change: impl Fn(Config) -> Config,
    ) -> Self {
        let config = |&id: &NodeId| change(Config::new(id, quorums.clone()).unwrap());
        let configs: Vec<Config> = quorums.members().map(config).collect();
        let node = |_: &Config| Node {
            store: None,
            effects: Effects::new(),
            held: vec![],
            disk: Disk::default(),
            durable: Token::NONE,
        };
        let mut world = Self {
            nodes: configs.iter().map(node).collect(),
            configs,
            wire: vec![],
            now: Time::ZERO,
            random: Random(seed),
            auto_sync: true,
            open: BTreeMap::new(),
            events: BTreeMap::new(),
            recorder: Recorder::new(),
            ledger: Ledger::new(),
            broken: None,
            messages_sent: 0,
        };
        for id in 0..world.size() {
            world.restart(id);
        }
        world
    }

    pub(crate) fn size(&self) -> u32 {
        self.nodes.len() as u32
    }

    pub(crate) fn node(&mut self, id: u32) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(crate) fn store(&self, id: u32) -> &Store {
        self.nodes[id as usize].store.as_ref().unwrap()
    }

    pub(crate) fn is_up(&self, id: u32) -> bool {
        self.nodes[id as usize].store.is_some()
    }

    /// Whether the replica holds this value of the key "x".
    pub(crate) fn holds(&self, id: u32, text: &str) -> bool {
        let version = self.store(id).version(b"x");
        version.is_some_and(|version| version.value == value(text))
    }

    pub(crate) fn restart(&mut self, id: u32) {
        if self.is_up(id) {
            return;
        }
        let config = self.configs[id as usize].clone();
        let node = self.node(id);
        let records = node.disk.survivors(node.durable);
        node.store = Some(Store::recover(&config, records).unwrap());
        node.effects = Effects::resume(node.durable);
        self.step(id, Input::Start);
    }

    /// The process dies. The disk keeps what is durable, and the first `keep` of the other records.
    pub(crate) fn crash(&mut self, id: u32, keep: usize) {
        let node = self.node(id);
        let durable = node.durable;
        let safe = node.disk.entries.iter();
        let safe = safe.filter(|(stored, _)| stored.token <= durable).count();
        node.disk.entries.truncate(safe + keep);
        node.durable = durable.max(node.disk.last());
        (node.store, node.held) = (None, vec![]);
        self.ledger.forget(NodeId(id));
        let lost = self.open.iter().filter(|(_, (holder, _))| *holder == id);
        let lost: Vec<RequestId> = lost.map(|(request, _)| *request).collect();
        for request in lost {
            let (_, operation) = self.open.remove(&request).unwrap();
            self.recorder.info(operation, self.now.as_nanos()).unwrap();
        }
    }

    pub(crate) fn sync(&mut self, id: u32) {
        let last = self.node(id).disk.last();
        self.sync_up_to(id, last);
    }

    pub(crate) fn sync_up_to(&mut self, id: u32, token: Token) {
        let node = self.node(id);
        if node.store.is_none() || token <= node.durable {
            return;
        }
        node.durable = token;
        let held = std::mem::take(&mut node.held);
        let (free, held) = held.into_iter().partition(|effect| gate(effect) <= token);
        node.held = held;
        for effect in Vec::from_iter::<Vec<_>>(free) {
            self.release(id, effect);
        }
        self.step(id, Input::Durable(token));
    }

    pub(crate) fn read(&mut self, id: u32, key: &str) -> RequestId {
        let request = |request| Request::Read {
            id: request,
            key: key.into(),
        };
        self.ask(id, KvInput::get(key), request)
    }

    pub(crate) fn write(&mut self, id: u32, key: &str, text: &str) -> RequestId {
        let request = |request| Request::Write {
            id: request,
            key: key.into(),
            value: value(text),
        };
        self.ask(id, KvInput::put(key, text), request)
    }

    pub(crate) fn delete(&mut self, id: u32, key: &str) -> RequestId {
        let request = |request| Request::Write {
            id: request,
            key: key.into(),
            value: None,
        };
        self.ask(id, KvInput::delete(key), request)
    }

    fn ask(
        &mut self,
        id: u32,
        input: KvInput,
        request: impl FnOnce(RequestId) -> Request,
    ) -> RequestId {
        let number = self.recorder.operations().len() as u64;
        // A client of its own for each request.
        let process = ProcessId(number);
        let operation = self.recorder.invoke(process, input, self.now.as_nanos());
        let name = RequestId(number);
        self.open.insert(name, (id, operation.unwrap()));
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
        for effect in node.effects.drain().collect::<Vec<_>>() {
            let node = &mut self.nodes[id as usize];
            match effect {
                Effect::Persist { token, record } => {
                    node.disk.entries.push((Stored { token, record }, None));
                }
                Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                } => {
                    let stored = Stored { token, record };
                    node.disk.entries.push((stored, Some(keep_from)));
                }
                effect if gate(&effect) <= node.durable => self.release(id, effect),
                effect => node.held.push(effect),
            }
        }
        let store = self.nodes[id as usize].store.as_ref().unwrap();
        let verdict = self.ledger.observe(store);
        self.note(verdict);
        let stores = self.nodes.iter().filter_map(|node| node.store.as_ref());
        let verdict = one_value_per_timestamp(stores);
        self.note(verdict);
        if self.auto_sync {
            self.sync(id);
        }
    }

    fn note(&mut self, verdict: Result<(), Broken>) {
        self.broken = self.broken.take().or(verdict.err());
    }

    fn release(&mut self, id: u32, effect: EffectOf<Store>) {
        match effect {
            Effect::Send { to, message, .. } => {
                self.messages_sent += 1;
                self.wire.push(Packet {
                    from: id,
                    to: to.0,
                    message,
                });
            }
            Effect::Emit { event, .. } => self.hear(id, event),
            Effect::Persist { .. } | Effect::Checkpoint { .. } => unreachable!(),
        }
    }

    fn hear(&mut self, id: u32, event: Event) {
        let verdict = self.ledger.acknowledge(&event);
        self.note(verdict);
        let verdict = self.ledger.acknowledged_is_durable(&self.durable_stores());
        self.note(verdict);
        let request = event.ends().expect("every event is final");
        let (holder, operation) = self.open.remove(&request).expect("a request ends once");
        assert_eq!(holder, id, "a request ends where it was asked");
        let now = self.now.as_nanos();
        match &event {
            Event::Read { version, .. } => {
                let output = KvOutput::Value(output(version));
                self.recorder.ok(operation, output, now).unwrap();
            }
            Event::Written { .. } => self.recorder.ok(operation, KvOutput::Done, now).unwrap(),
            Event::Refused { .. } => self.recorder.fail(operation, now).unwrap(),
            Event::Unknown { .. } => self.recorder.info(operation, now).unwrap(),
        }
        self.events.insert(request, event);
    }

    /// The nodes as their durable records would rebuild them.
    fn durable_stores(&self) -> Vec<Store> {
        let pairs = self.configs.iter().zip(&self.nodes);
        let rebuilt =
            pairs.map(|(config, node)| Store::recover(config, node.disk.survivors(node.durable)));
        rebuilt.map(Result::unwrap).collect()
    }

    pub(crate) fn deliver(&mut self, place: usize) {
        let Packet { from, to, message } = self.wire.remove(place);
        let from = NodeId(from);
        self.step(to, Input::Message { from, message });
    }

    /// Delivers every message on the wire, and every one that follows, for which this is true.
    pub(crate) fn deliver_where(&mut self, wanted: impl Fn(&Packet) -> bool) {
        while let Some(place) = self.wire.iter().position(&wanted) {
            self.deliver(place);
        }
    }

    pub(crate) fn drop_where(&mut self, unwanted: impl Fn(&Packet) -> bool) {
        self.wire.retain(|packet| !unwanted(packet));
    }

    /// Takes the messages for which this is true off the wire, to be put back later.
    pub(crate) fn hold_where(&mut self, wanted: impl Fn(&Packet) -> bool) -> Vec<Packet> {
        let (held, rest) = std::mem::take(&mut self.wire).into_iter().partition(wanted);
        self.wire = rest;
        held
    }

    /// Delivers between these nodes only, until nothing is left between them.
    pub(crate) fn settle_among(&mut self, ids: &[u32]) {
        self.deliver_where(|packet| ids.contains(&packet.from) && ids.contains(&packet.to));
    }

    pub(crate) fn settle(&mut self) {
        self.deliver_where(|_| true);
    }

    /// Lets time pass; whoever is due wakes.
    pub(crate) fn pass_ms(&mut self, millis: u64) {
        let end = self.now.plus_nanos(millis * 1_000_000);
        loop {
            let due = |node: &Node| node.store.as_ref().and_then(Store::deadline);
            let due = (0..)
                .zip(&self.nodes)
                .filter_map(|(id, node)| Some((due(node)?, id)));
            let Some((at, id)) = due.min().filter(|&(at, _)| at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            self.step(id, Input::Wake);
        }
        self.now = end;
    }

    pub(crate) fn event(&self, request: RequestId) -> &Event {
        self.events.get(&request).expect("an answer")
    }

    pub(crate) fn is_open(&self, request: RequestId) -> bool {
        self.open.contains_key(&request)
    }

    pub(crate) fn is_written(&self, request: RequestId) -> bool {
        matches!(self.events.get(&request), Some(Event::Written { .. }))
    }

    /// What a read found.
    pub(crate) fn found(&self, request: RequestId) -> Version {
        match self.event(request) {
            Event::Read { version, .. } => version.clone(),
            other => panic!("not a read value: {other:?}"),
        }
    }

    /// Every promise was kept, and the history is linearizable.
    pub(crate) fn judge(&self) {
        assert_eq!(self.broken, None);
        let model = KeyValue::new(Value::Nil);
        let operations = self.recorder.operations();
        let mut questions_left = 3_000_000_u64;
        let mut go_on = || {
            questions_left -= 1;
            questions_left > 0
        };
        match check_linearizable(&model, operations, &Limits::default(), &mut go_on) {
            Verdict::Holds(witness) => replay(&model, operations, &witness).unwrap(),
            verdict => panic!("not linearizable: {verdict:?}"),
        }
    }

    /// Whether the history so far is one that no register gives.
    pub(crate) fn is_violated(&self) -> bool {
        let model = KeyValue::new(Value::Nil);
        let operations = self.recorder.operations();
        let verdict = check_linearizable(&model, operations, &Limits::default(), &mut || true);
        matches!(verdict, Verdict::Violated(_))
    }

    /// The nodes that hold this value of the key "x".
    pub(crate) fn holders(&self, text: &str) -> BTreeSet<u32> {
        let ids = 0..self.size();
        ids.filter(|&id| self.is_up(id) && self.holds(id, text))
            .collect()
    }
}

fn output(version: &Version) -> Value {
    version
        .value
        .as_ref()
        .map_or(Value::Nil, |bytes| Value::from_bytes(bytes))
}

const fn gate(effect: &EffectOf<Store>) -> Token {
    match effect {
        Effect::Send { after, .. } | Effect::Emit { after, .. } => *after,
        Effect::Persist { .. } | Effect::Checkpoint { .. } => Token::NONE,
    }
}
