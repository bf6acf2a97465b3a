//! The algorithm of Chandy and Lamport (1985) over FIFO links, and without them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use snapshot::{
    SnapshotConfig, SnapshotEvent, SnapshotId, SnapshotMessage, SnapshotRequest, Snapshotting,
    Stamped, TracedConfig,
};
use transport::{Context, Input, NodeId, Process, Recover, RequestId, Stored, Time, Token};

use crate::world::{
    Config, Node, Random, Route, Watched, World, in_order, mesh, money, names, out_of_order, ring,
    send, take, taken, verify, verify_all,
};

const TRANSFERS: u64 = 120;

type Link = (NodeId, NodeId);

/// Random transfers along the channels, and snapshots by random initiators, several at once.
fn busy(
    configs: &[Config],
    seed: u64,
    snapshots: u64,
    route: Route<<Node as Process>::Message>,
) -> World<Node> {
    let mut world = World::<Node>::new(configs, route);
    let mut random = Random(seed ^ 0xbad);
    let nodes = configs.len() as u64;
    for id in 0..TRANSFERS {
        let node = random.below(nodes) as usize;
        let receivers = &configs[node].receivers;
        let to = receivers[random.below(receivers.len() as u64) as usize];
        world.ask_at(
            random.below(400),
            node,
            send(id, to.0, 1 + random.below(300)),
        );
    }
    for id in 0..snapshots {
        let node = random.below(nodes) as usize;
        world.ask_at(random.below(400), node, take(TRANSFERS + id));
    }
    world.run(1_000_000);
    world
}

#[test]
fn a_node_alone_is_its_own_global_state() {
    let mut world = World::<Node>::new(&mesh(1), in_order(1, 10));
    world.ask_at(1, 0, take(1));
    world.run(10);
    let snapshots = taken(&world);
    assert_eq!(snapshots.len(), 1);
    assert_eq!(money(snapshots[0]), 1_000);
    assert_eq!(world.messages, 0);
}

#[test]
fn concurrent_snapshots_of_several_initiators_are_all_right() {
    let mut on_the_way = 0;
    for seed in 0..300 {
        let nodes = 2 + (seed % 4) as u32;
        let world = busy(&mesh(nodes), seed, 6, in_order(seed, 60));
        assert_eq!(taken(&world).len(), 6, "seed {seed}");
        verify_all(&world);
        let snapshots = taken(&world).into_iter();
        on_the_way += snapshots
            .map(|snapshot| snapshot.messages().count())
            .sum::<usize>();
    }
    // The channels were not simply empty.
    assert!(on_the_way > 1_000, "{on_the_way} messages recorded");
}

/// How many markers of each snapshot went out on each channel.
type Markers = Rc<RefCell<BTreeMap<(SnapshotId, Link), u64>>>;

fn counting<M: 'static, S: 'static>(
    mut route: Route<SnapshotMessage<M, S>>,
) -> (Route<SnapshotMessage<M, S>>, Markers) {
    let markers = Markers::default();
    let counted = Rc::clone(&markers);
    let route = Box::new(move |link, now, message: &_| {
        if let SnapshotMessage::Marker { id, .. } = message {
            *counted.borrow_mut().entry((*id, link)).or_insert(0) += 1;
        }
        route(link, now, message)
    });
    (route, markers)
}

#[test]
fn a_snapshot_puts_exactly_one_marker_on_each_channel() {
    for nodes in 2..=6 {
        for configs in [mesh(nodes), ring(nodes)] {
            for snapshots in [1, 4] {
                let (route, markers) = counting(in_order(7, 30));
                let world = busy(&configs, 7, snapshots, route);
                let taken = taken(&world);
                assert_eq!(taken.len() as u64, snapshots);
                let channels = configs.iter().flat_map(|config| {
                    let receivers = config.receivers.iter();
                    receivers.map(|&receiver| (config.node, receiver))
                });
                let one_each = channels.flat_map(|channel| {
                    let ids = taken.iter().map(|snapshot| snapshot.id);
                    ids.map(move |id| ((id, channel), 1))
                });
                assert_eq!(*markers.borrow(), one_each.collect());
                let counts: Vec<_> = world.nodes().map(Snapshotting::counts).collect();
                let sent: u64 = counts.iter().map(|counts| counts.markers_sent).sum();
                assert_eq!(sent, markers.borrow().values().sum());
                assert!(
                    counts
                        .iter()
                        .all(|it| it.markers_late + it.markers_refused == 0)
                );
                // And one report for each member but the initiator.
                let transfers = world.events.iter().filter(|(_, event)| {
                    let sent = |event| matches!(event, snapshot::bank::BankEvent::Sent { .. });
                    matches!(event, SnapshotEvent::Process(event) if sent(*event))
                });
                let reports = snapshots * u64::from(nodes - 1);
                assert_eq!(world.messages, transfers.count() as u64 + sent + reports);
            }
        }
    }
}

#[test]
fn a_directed_ring_is_enough() {
    for seed in 0..100 {
        let nodes = 2 + (seed % 5) as u32;
        let world = busy(&ring(nodes), seed, 4, in_order(seed, 40));
        assert_eq!(taken(&world).len(), 4, "seed {seed}");
        verify_all(&world);
        for snapshot in taken(&world) {
            assert_eq!(snapshot.channels.len(), nodes as usize);
        }
    }
}

#[test]
fn no_memory_is_held_after_the_last_snapshot() {
    let world = busy(&mesh(4), 3, 8, in_order(3, 50));
    for node in world.nodes() {
        let held = (
            node.recordings_len(),
            node.messages_recorded(),
            node.snapshots_pending(),
        );
        assert_eq!(held, (0, 0, 0));
    }
}

/// Chandy and Lamport 1985, section 2.1: "channels ... deliver messages in the order sent". Without
/// that the algorithm must fail, and the verifier must say so: else it would prove nothing.
#[test]
fn on_links_that_reorder_the_algorithm_fails_and_the_verifier_says_so() {
    let (mut right, mut wrong) = (0, BTreeMap::new());
    for seed in 0..200 {
        let world = busy(&mesh(3), seed, 3, out_of_order(seed, 120));
        for snapshot in taken(&world) {
            match verify(world.nodes().map(Snapshotting::process), snapshot) {
                Ok(()) => {
                    assert_eq!(money(snapshot), 3_000);
                    right += 1;
                }
                Err(broken) => *wrong.entry(broken.rule()).or_insert(0) += 1,
            }
        }
    }
    assert!(right > 0, "some cuts are right by luck");
    assert!(wrong["no-orphan"] > 20, "{wrong:?}");
    assert!(wrong["channel-exact"] > 20, "{wrong:?}");
}

/// How long a marker or a report takes at most, and a message of the application at least.
const ROOM: u64 = 10;

/// FIFO links on which no marker moves a message of the application: how long one takes depends on
/// its link and its number there, and a marker sent before it always fits in before it.
fn marker_blind<M: 'static, S: 'static>(seed: u64) -> Route<SnapshotMessage<M, S>> {
    let mut pace = Random(!seed);
    let mut links = BTreeMap::new();
    Box::new(move |link: Link, now, message| {
        let (number, latest_own, latest) = links.entry(link).or_insert((0, 0, 0));
        if let SnapshotMessage::Process(_) = message {
            *number += 1;
            let place = u64::from(link.0.0) << 8 | u64::from(link.1.0);
            let delay = ROOM + Random(seed ^ place << 32 ^ *number).below(60);
            *latest_own = (now + delay).max(*latest_own);
            assert!(*latest_own >= *latest, "{link:?} is FIFO");
            *latest = *latest_own;
        } else {
            *latest = (now + 1 + pace.below(ROOM)).max(*latest);
        }
        vec![*latest]
    })
}

/// A message of the application on its way.
#[derive(Clone, Debug, PartialEq)]
struct Journey<M> {
    link: Link,
    left: u64,
    arrives: Vec<u64>,
    message: M,
}

type Log<T> = Rc<RefCell<Vec<T>>>;

/// Notes the journeys of the application's messages, and where and when markers leave.
#[derive(Debug)]
struct Notes<M> {
    own: Log<Journey<M>>,
    markers: Log<(Link, u64)>,
}

impl<M: Clone + 'static> Notes<M> {
    fn of<S: 'static>(
        mut route: Route<SnapshotMessage<M, S>>,
    ) -> (Self, Route<SnapshotMessage<M, S>>) {
        let (own, markers) = (Log::default(), Log::default());
        let notes = Self {
            own: Rc::clone(&own),
            markers: Rc::clone(&markers),
        };
        let route = Box::new(move |link, left, message: &SnapshotMessage<M, S>| {
            let arrives = route(link, left, message);
            match message {
                SnapshotMessage::Process(message) => own.borrow_mut().push(Journey {
                    link,
                    left,
                    arrives: arrives.clone(),
                    message: message.clone(),
                }),
                SnapshotMessage::Marker { .. } => markers.borrow_mut().push((link, left)),
                SnapshotMessage::Report(_) => {}
            }
            arrives
        });
        (notes, route)
    }
}

/// The events of the application.
fn own_events<P>(world: &World<Watched<P>>) -> Vec<(NodeId, P::Event)>
where
    P: Recover<Message: Clone, Event: Clone> + Clone,
{
    let own = world.events.iter().filter_map(|(node, event)| match event {
        SnapshotEvent::Process(event) => Some((*node, event.clone())),
        _ => None,
    });
    own.collect()
}

/// How many messages were on their way in all the snapshots, which are all right.
fn on_the_way<P>(world: &World<Watched<P>>) -> usize
where
    P: Recover<Message: Clone + PartialEq, Record: Clone, Config: Clone> + Clone,
{
    let mut messages = 0;
    for snapshot in taken(world) {
        let nodes = world.nodes().map(Snapshotting::process);
        assert_eq!(verify(nodes, snapshot), Ok(()), "{}", snapshot.id);
        messages += snapshot.messages().count();
    }
    messages
}

/// Chandy and Lamport 1985, section 1: the algorithm "must run concurrently with, but not alter,
/// this underlying computation".
#[test]
fn a_run_with_snapshots_and_one_without_have_the_same_application_trace() {
    let mut recorded = 0;
    for seed in 0..100 {
        let (plain_notes, route) = Notes::of(marker_blind(seed));
        let plain = busy(&mesh(3), seed, 0, route);
        let (watched_notes, route) = Notes::of(marker_blind(seed));
        let watched = busy(&mesh(3), seed, 5, route);
        assert_eq!(taken(&watched).len(), 5);
        verify_all(&watched);
        recorded += on_the_way(&watched);
        assert_eq!(plain_notes.own, watched_notes.own);
        for (plain, watched) in plain.nodes().zip(watched.nodes()) {
            assert_eq!(plain.process().journal(), watched.process().journal());
        }
        assert_eq!(own_events(&plain), own_events(&watched));
    }
    assert!(recorded > 1_000, "{recorded} messages recorded");
}

/// Writes, has timers, and notes all it sees with the moment.
#[derive(Clone, Debug)]
struct Teller {
    config: TellerConfig,
    number: u64,
    alarms: u64,
    alarm: Option<Time>,
    seen: Vec<(Time, Seen)>,
}

#[derive(Clone, Debug)]
struct TellerConfig {
    /// Its messages wait for its records.
    safe_to: NodeId,
    /// Its messages do not; without one, what comes in is answered.
    early_to: Option<NodeId>,
}

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Start,
    Durable(Token),
    Request,
    Wake,
    Message(NodeId, Parcel),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Parcel {
    Safe(u64),
    Early(u64),
    Answer(u64),
}

impl Teller {
    fn tell(&mut self, cx: &mut Context<'_, Self>) {
        self.number += 1;
        cx.persist(self.number);
        cx.send(self.config.safe_to, Parcel::Safe(self.number));
        if let Some(to) = self.config.early_to {
            cx.send_early(to, Parcel::Early(self.number));
        }
        cx.emit(self.number);
    }
}

impl Process for Teller {
    type Message = Parcel;
    type Request = ();
    type Event = u64;
    type Record = u64;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let seen = match input {
            Input::Start => Seen::Start,
            Input::Durable(token) => Seen::Durable(token),
            Input::Request(()) => {
                self.tell(cx);
                self.alarms += 2;
                self.alarm = Some(cx.now().plus_nanos(17));
                Seen::Request
            }
            Input::Wake => {
                self.tell(cx);
                self.alarms -= 1;
                self.alarm = (self.alarms > 0).then(|| cx.now().plus_nanos(17));
                Seen::Wake
            }
            Input::Message { from, message } => {
                if let (Parcel::Safe(number), None) = (message, self.config.early_to) {
                    cx.persist(number);
                    cx.send(from, Parcel::Answer(number));
                }
                Seen::Message(from, message)
            }
        };
        self.seen.push((cx.now(), seen));
    }

    fn deadline(&self) -> Option<Time> {
        self.alarm
    }
}

impl Recover for Teller {
    type Config = TellerConfig;
    type Error = std::convert::Infallible;

    fn recover(config: &TellerConfig, _: Vec<Stored<u64>>) -> Result<Self, Self::Error> {
        Ok(Self {
            config: config.clone(),
            number: 0,
            alarms: 0,
            alarm: None,
            seen: Vec::new(),
        })
    }
}

/// Three tellers whose syncs take time.
fn tellers(
    seed: u64,
    has_early: bool,
    snapshots: u64,
    sync: u64,
) -> (World<Watched<Teller>>, Notes<Stamped<Parcel>>) {
    let config = |node: NodeId| {
        let teller = TellerConfig {
            safe_to: NodeId((node.0 + 1) % 3),
            early_to: has_early.then(|| NodeId((node.0 + 2) % 3)),
        };
        SnapshotConfig::new(node, names(3), TracedConfig::new(node, names(3), teller))
    };
    let configs: Vec<_> = names(3).into_iter().map(config).collect();
    let (notes, route) = Notes::of(marker_blind(seed));
    let mut world = World::<Watched<Teller>>::new(&configs, route);
    world.sync = sync;
    let mut random = Random(seed ^ 0xbad);
    for _ in 0..40 {
        let request = SnapshotRequest::Process(());
        world.ask_at(random.below(400), random.below(3) as usize, request);
    }
    for id in 0..snapshots {
        let id = RequestId(id);
        let node = random.below(3) as usize;
        world.ask_at(random.below(400), node, SnapshotRequest::Take { id });
    }
    world.run(1_000_000);
    assert_eq!(taken(&world).len() as u64, snapshots);
    (world, notes)
}

fn seen(node: &Watched<Teller>) -> &[(Time, Seen)] {
    &node.process().process().process().seen
}

#[test]
fn a_process_that_writes_and_has_timers_runs_the_same_with_snapshots_and_without() {
    let mut recorded = 0;
    for seed in 0..100 {
        let sync = 1 + seed % 40;
        let (plain, plain_notes) = tellers(seed, false, 0, sync);
        let (watched, watched_notes) = tellers(seed, false, 5, sync);
        recorded += on_the_way(&watched);
        assert_eq!(plain_notes.own, watched_notes.own);
        for (plain, watched) in plain.nodes().zip(watched.nodes()) {
            assert_eq!(seen(plain), seen(watched));
            assert_eq!(plain.process().journal(), watched.process().journal());
        }
        assert_eq!(own_events(&plain), own_events(&watched));
    }
    assert!(recorded > 1_000, "{recorded} messages recorded");
}

/// What a snapshot does cost: a message sent early, after a marker that still waits for records,
/// waits with it, else it would overtake it.
#[test]
fn an_early_message_waits_with_the_marker_before_it_and_nothing_else_changes() {
    let (mut recorded, mut held, mut free) = (0, 0, 0);
    for seed in 0..100 {
        let sync = 1 + seed % 40;
        let (plain, plain_notes) = tellers(seed, true, 0, sync);
        let (watched, watched_notes) = tellers(seed, true, 5, sync);
        recorded += on_the_way(&watched);
        let markers = watched_notes.markers.borrow();
        let (alone, among) = (by_parcel(&plain_notes), by_parcel(&watched_notes));
        assert!(alone.keys().eq(among.keys()));
        for (&(link, parcel), &left) in &alone {
            let left_among = among[&(link, parcel)];
            if left_among == left {
                free += usize::from(matches!(parcel, Parcel::Early(_)));
                continue;
            }
            assert!(matches!(parcel, Parcel::Early(_)), "{parcel:?}");
            assert!((left..=left + sync).contains(&left_among));
            assert!(markers.contains(&(link, left_among)), "{parcel:?} alone");
            held += 1;
        }
        for (plain, watched) in plain.nodes().zip(watched.nodes()) {
            let (alone, among) = (by_kind(seen(plain)), by_kind(seen(watched)));
            assert_eq!(alone, among);
        }
        assert_eq!(own_events(&plain), own_events(&watched));
    }
    assert!(recorded > 1_000, "{recorded} messages recorded");
    assert!(held > 100, "{held} held");
    assert!(free > 1_000, "{free} free");
}

/// When each message left.
fn by_parcel(notes: &Notes<Stamped<Parcel>>) -> BTreeMap<(Link, Parcel), u64> {
    let own = notes.own.borrow();
    let left = own
        .iter()
        .map(|it| ((it.link, it.message.message), it.left));
    left.collect()
}

/// All but early messages with their moments, and the early messages in their order.
fn by_kind(seen: &[(Time, Seen)]) -> (Vec<&(Time, Seen)>, Vec<&Seen>) {
    let is_early = |seen: &Seen| matches!(seen, Seen::Message(_, Parcel::Early(_)));
    let others = seen.iter().filter(|(_, seen)| !is_early(seen));
    let early = seen.iter().map(|(_, seen)| seen);
    (
        others.collect(),
        early.filter(|seen| is_early(seen)).collect(),
    )
}
