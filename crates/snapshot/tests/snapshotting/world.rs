//! A small world with its own clock: links as a test describes them, logs, crashes.

use std::collections::BTreeMap;

use snapshot::bank::{Bank, Transfer, total};
use snapshot::{
    Broken, Clocked, Cloned, GlobalSnapshot, Journaled, NodeCut, Page, Paged, SnapshotConfig,
    SnapshotEvent, SnapshotRequest, Snapshotting, Stamped, Timed, Traced, TracedConfig,
    verify_channels, verify_cut,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Stored, Time,
    Token,
};

/// A process with all the evidence: clocks and journals.
pub(crate) type Watched<P> = Snapshotting<Journaled<Traced<P>>, Paged<Clocked<Cloned>>>;
pub(crate) type SnapshotOf<P> = GlobalSnapshot<Page<Timed<P>>, Stamped<<P as Process>::Message>>;
pub(crate) type Node = Watched<Bank>;
pub(crate) type Snapshot = SnapshotOf<Bank>;
pub(crate) type Config = SnapshotConfig<TracedConfig<u64>>;

pub(crate) fn names(nodes: u32) -> Vec<NodeId> {
    (0..nodes).map(NodeId).collect()
}

/// A full mesh of banks with 1,000 each.
pub(crate) fn mesh(nodes: u32) -> Vec<Config> {
    let config = |node| {
        let traced = TracedConfig::new(node, names(nodes), 1_000);
        SnapshotConfig::new(node, names(nodes), traced)
    };
    names(nodes).into_iter().map(config).collect()
}

/// The same, each with a channel to the next one only.
pub(crate) fn ring(nodes: u32) -> Vec<Config> {
    let mut configs = mesh(nodes);
    for (config, node) in configs.iter_mut().zip(0..) {
        config.senders = vec![NodeId((node + nodes - 1) % nodes)];
        config.receivers = vec![NodeId((node + 1) % nodes)];
    }
    configs
}

pub(crate) const fn take(id: u64) -> SnapshotRequest<Transfer> {
    SnapshotRequest::Take { id: RequestId(id) }
}

pub(crate) const fn send(id: u64, to: u32, amount: u64) -> SnapshotRequest<Transfer> {
    SnapshotRequest::Process(Transfer {
        id: RequestId(id),
        to: NodeId(to),
        amount,
    })
}

/// Numbers from a seed (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// When the copies of a message sent now arrive: its link, the time, the message.
pub(crate) type Route<M> = Box<dyn FnMut((NodeId, NodeId), u64, &M) -> Vec<u64>>;

/// Each message takes up to `delay_max`, and none overtakes another of its link.
pub(crate) fn in_order<M>(seed: u64, delay_max: u64) -> Route<M> {
    let mut random = Random(seed);
    let mut latest = BTreeMap::new();
    Box::new(move |link, now, _| {
        let at = now + 1 + random.below(delay_max);
        let latest = latest.entry(link).or_insert(0);
        *latest = at.max(*latest);
        vec![*latest]
    })
}

/// Each message takes its own time.
pub(crate) fn out_of_order<M>(seed: u64, delay_max: u64) -> Route<M> {
    let mut random = Random(seed);
    Box::new(move |_, now, _| vec![now + 1 + random.below(delay_max)])
}

enum Happening<P: Process> {
    Input(Input<P>),
    Synced(Token),
    Wake,
    Crash,
    Restart,
}

type At<P> = (usize, u64, Happening<P>);

/// What waits for a record: a message to somebody, or an event.
enum Gated<P: Process> {
    Message(NodeId, P::Message),
    Event(P::Event),
}

struct Slot<P: Process> {
    process: Option<P>,
    effects: Effects<P>,
    log: Vec<Stored<P::Record>>,
    durable: Token,
    held: Vec<(Token, Gated<P>)>,
    life: u64,
}

pub(crate) struct World<P: Recover> {
    configs: Vec<P::Config>,
    slots: Vec<Slot<P>>,
    /// By time and order: which node, in which life, and what.
    queue: BTreeMap<(u64, u64), At<P>>,
    route: Route<P::Message>,
    now: u64,
    next: u64,
    /// How long a sync takes.
    pub(crate) sync: u64,
    pub(crate) events: Vec<(NodeId, P::Event)>,
    pub(crate) messages: u64,
}

impl<P> World<P>
where
    P: Recover<Message: Clone, Record: Clone, Config: Clone>,
{
    pub(crate) fn new(configs: &[P::Config], route: Route<P::Message>) -> Self {
        let mut world = Self {
            configs: configs.to_vec(),
            slots: Vec::new(),
            queue: BTreeMap::new(),
            route,
            now: 0,
            next: 0,
            sync: 0,
            events: Vec::new(),
            messages: 0,
        };
        for config in configs {
            world.slots.push(Slot {
                process: Some(P::recover(config, Vec::new()).expect("a valid configuration")),
                effects: Effects::new(),
                log: Vec::new(),
                durable: Token::NONE,
                held: Vec::new(),
                life: 0,
            });
        }
        for node in 0..configs.len() {
            world.step(node, Input::Start);
        }
        world
    }

    fn at(&mut self, at: u64, node: usize, happening: Happening<P>) {
        self.next += 1;
        let life = self.slots[node].life;
        self.queue.insert((at, self.next), (node, life, happening));
    }

    pub(crate) fn ask_at(&mut self, at: u64, node: usize, request: P::Request) {
        self.at(at, node, Happening::Input(Input::Request(request)));
    }

    pub(crate) fn crash_at(&mut self, at: u64, node: usize, until: u64) {
        self.at(at, node, Happening::Crash);
        self.at(until, node, Happening::Restart);
    }

    /// Until nothing is left to happen, or `until`.
    pub(crate) fn run(&mut self, until: u64) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((now, _), (node, life, happening)) = entry.remove_entry();
            self.now = now;
            let is_same_life = life == self.slots[node].life;
            match happening {
                Happening::Input(input) => self.step(node, input),
                Happening::Synced(token) if is_same_life => self.synced(node, token),
                Happening::Wake if is_same_life => self.wake(node),
                Happening::Crash => {
                    let slot = &mut self.slots[node];
                    slot.process = None;
                    slot.held.clear();
                    slot.log.retain(|stored| stored.token <= slot.durable);
                    slot.effects = Effects::resume(slot.durable);
                    slot.life += 1;
                }
                Happening::Restart => {
                    let records = self.slots[node].log.clone();
                    let process = P::recover(&self.configs[node], records);
                    self.slots[node].process = Some(process.expect("own records"));
                    self.step(node, Input::Start);
                }
                _ => {}
            }
        }
    }

    fn wake(&mut self, node: usize) {
        let process = self.slots[node].process.as_ref();
        let deadline = process.and_then(Process::deadline);
        if deadline.is_some_and(|at| at.as_nanos() <= self.now) {
            self.step(node, Input::Wake);
        }
    }

    fn synced(&mut self, node: usize, token: Token) {
        let slot = &mut self.slots[node];
        if token <= slot.durable {
            return;
        }
        slot.durable = token;
        let held = std::mem::take(&mut slot.held);
        for (after, gated) in held {
            self.release(node, after, gated);
        }
        self.step(node, Input::Durable(token));
    }

    pub(crate) fn step(&mut self, node: usize, input: Input<P>) {
        let slot = &mut self.slots[node];
        let Some(process) = &mut slot.process else {
            return;
        };
        let now = Time::from_nanos(self.now);
        let mut choices = Scripted::default();
        process.step(
            input,
            &mut Context::new(now, now, &mut choices, &mut slot.effects),
        );
        let deadline = process.deadline();
        let effects: Vec<_> = slot.effects.drain().collect();
        for effect in effects {
            match effect {
                Effect::Send { to, message, after } => {
                    self.release(node, after, Gated::Message(to, message));
                }
                Effect::Emit { event, after } => {
                    self.release(node, after, Gated::Event(event));
                }
                Effect::Persist { token, record } => {
                    self.slots[node].log.push(Stored { token, record });
                    let at = self.now + self.sync;
                    self.at(at, node, Happening::Synced(token));
                }
                Effect::Checkpoint { .. } => unreachable!("nobody writes one"),
            }
        }
        if let Some(deadline) = deadline {
            self.at(deadline.as_nanos().max(self.now), node, Happening::Wake);
        }
    }

    fn release(&mut self, node: usize, after: Token, gated: Gated<P>) {
        if after > self.slots[node].durable {
            self.slots[node].held.push((after, gated));
            return;
        }
        let from = names(self.slots.len() as u32)[node];
        match gated {
            Gated::Event(event) => self.events.push((from, event)),
            Gated::Message(to, message) => {
                self.messages += 1;
                for at in (self.route)((from, to), self.now, &message) {
                    let message = message.clone();
                    let input = Input::Message { from, message };
                    self.at(at, to.0 as usize, Happening::Input(input));
                }
            }
        }
    }

    pub(crate) fn node(&self, node: usize) -> &P {
        self.slots[node].process.as_ref().expect("up")
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &P> {
        self.slots.iter().filter_map(|slot| slot.process.as_ref())
    }
}

/// The snapshots taken, in order, with their initiators.
pub(crate) fn taken<P>(world: &World<Watched<P>>) -> Vec<&SnapshotOf<P>>
where
    P: Recover<Message: Clone> + Clone,
{
    let taken = world.events.iter().filter_map(|(_, event)| match event {
        SnapshotEvent::Taken { snapshot, .. } => Some(&**snapshot),
        _ => None,
    });
    taken.collect()
}

/// Every rule of the verifier, for a snapshot of nodes that are all up.
pub(crate) fn verify<'a, P>(
    nodes: impl Iterator<Item = &'a Journaled<Traced<P>>>,
    snapshot: &SnapshotOf<P>,
) -> Result<(), Broken>
where
    P: Process<Message: Clone + PartialEq> + 'a,
{
    let clocks = snapshot.states.iter();
    let clocks = clocks.map(|(&node, page)| (node, page.state.clock.clone()));
    let members: Vec<&_> = nodes.collect();
    let names = names(u32::try_from(members.len()).expect("a small world"));
    verify_cut(&names, &clocks.collect())?;
    let mut cuts = BTreeMap::new();
    for (process, (&node, page)) in members.into_iter().zip(&snapshot.states) {
        let journal = process.journal();
        let entries = page.entries;
        cuts.insert(node, NodeCut { journal, entries });
    }
    verify_channels(&snapshot.channels, &cuts)
}

/// The money in a snapshot; every bank begins with 1,000.
pub(crate) fn money(snapshot: &Snapshot) -> u64 {
    let states = snapshot.states.iter();
    total(&GlobalSnapshot {
        id: snapshot.id,
        states: states
            .map(|(&node, page)| (node, page.state.clone()))
            .collect(),
        channels: snapshot.channels.clone(),
    })
}

/// Every snapshot taken is right, whatever else happened.
pub(crate) fn verify_all(world: &World<Node>) {
    for snapshot in taken(world) {
        let nodes = world.nodes().map(Snapshotting::process);
        assert_eq!(verify(nodes, snapshot), Ok(()), "{}", snapshot.id);
        assert_eq!(money(snapshot), 1_000 * snapshot.states.len() as u64);
    }
}
