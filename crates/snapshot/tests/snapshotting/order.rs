//! Markers, gates and the order of a channel.

use snapshot::{
    ChannelState, Cloned, LocalState, Report, SnapshotConfig, SnapshotEvent, SnapshotId,
    SnapshotMessage, SnapshotRequest, Snapshotting,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, RequestId, Scripted, Time, Token,
};

/// Persists, then sends one message that waits and one that does not.
#[derive(Clone, Debug)]
struct Writer;

impl Process for Writer {
    type Message = &'static str;
    type Request = ();
    type Event = ();
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if let Input::Request(()) = input {
            cx.persist(());
            cx.send(NodeId(1), "late");
            cx.send_early(NodeId(1), "early");
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(Time::from_nanos(50))
    }
}

struct Bench {
    node: Snapshotting<Writer>,
    effects: Effects<Snapshotting<Writer>>,
}

impl Bench {
    fn new() -> Self {
        Self::among(&[NodeId(0), NodeId(1)])
    }

    /// Node 0 of these.
    fn among(members: &[NodeId]) -> Self {
        let config = SnapshotConfig::new(NodeId(0), members.iter().copied(), ());
        let node = Snapshotting::<Writer, Cloned>::new(Writer, &config);
        Self {
            node: node.expect("valid"),
            effects: Effects::new(),
        }
    }

    /// What is sent and what is taken, with its gate.
    fn step(&mut self, input: Input<Snapshotting<Writer>>) -> Vec<(&'static str, Token)> {
        let mut choices = Scripted::default();
        let now = Time::from_nanos(10);
        let mut cx = Context::new(now, now, &mut choices, &mut self.effects);
        self.node.step(input, &mut cx);
        let sent = self.effects.drain().filter_map(|effect| match effect {
            Effect::Send { message, after, .. } => Some(match message {
                SnapshotMessage::Process(text) => (text, after),
                SnapshotMessage::Marker { .. } => ("marker", after),
                SnapshotMessage::Report(_) => ("report", after),
            }),
            Effect::Emit {
                event: SnapshotEvent::Taken { .. },
                after,
            } => Some(("taken", after)),
            _ => None,
        });
        sent.collect()
    }

    /// The newest record: what a state recorded now depends on.
    fn newest(&self) -> Token {
        self.effects.last_token()
    }
}

const fn first_of(initiator: NodeId) -> SnapshotId {
    SnapshotId {
        initiator,
        incarnation: 1,
        number: 1,
    }
}

const fn marker(from: NodeId, initiator: NodeId) -> Input<Snapshotting<Writer>> {
    Input::Message {
        from,
        message: SnapshotMessage::Marker {
            id: first_of(initiator),
            incarnation: 1,
        },
    }
}

/// The gate of the only thing of this name.
fn gate(name: &str, effects: &[(&str, Token)]) -> Token {
    let mut fitting = effects.iter().filter(|(other, _)| *other == name);
    let found = fitting.next().expect(name).1;
    assert_eq!(fitting.next(), None, "{effects:?}");
    found
}

const TAKE: Input<Snapshotting<Writer>> =
    Input::Request(SnapshotRequest::Take { id: RequestId(1) });
const WRITE: Input<Snapshotting<Writer>> = Input::Request(SnapshotRequest::Process(()));

#[test]
fn no_message_is_released_after_a_marker_that_follows_it() {
    let mut bench = Bench::new();
    bench.step(Input::Start);
    let before = bench.step(WRITE);
    let marker = bench.step(TAKE)[0].1;
    assert!(before.iter().all(|&(_, after)| after <= marker));
    assert_eq!(before[0], ("late", marker), "the record of the message");
}

#[test]
fn no_message_is_released_before_a_marker_that_it_follows() {
    let mut bench = Bench::new();
    bench.step(Input::Start);
    assert_eq!(bench.step(WRITE)[1], ("early", Token::NONE));
    let marker = bench.step(TAKE)[0].1;
    let after = bench.step(WRITE);
    assert!(after.iter().all(|&(_, after)| after >= marker), "{after:?}");
}

/// Rule 2 of the wrapper: a crash could take back what the reported state holds.
#[test]
fn a_report_waits_for_what_was_persisted_before_the_recorded_state() {
    let mut bench = Bench::new();
    bench.step(Input::Start);
    bench.step(WRITE);
    let newest = bench.newest();
    let effects = bench.step(marker(NodeId(1), NodeId(1)));
    assert_eq!(effects.len(), 2, "a marker and a report: {effects:?}");
    assert!(gate("report", &effects) >= newest, "{effects:?}");
}

#[test]
fn a_report_that_a_later_marker_completes_waits_as_well() {
    let mut bench = Bench::among(&[NodeId(0), NodeId(1), NodeId(2)]);
    bench.step(Input::Start);
    bench.step(WRITE);
    let newest = bench.newest();
    let first = bench.step(marker(NodeId(1), NodeId(1)));
    assert!(first.iter().all(|&(name, _)| name == "marker"), "{first:?}");
    let second = bench.step(marker(NodeId(2), NodeId(1)));
    assert!(gate("report", &second) >= newest, "{second:?}");
    // It does not overtake the markers of its own snapshot either.
    assert!(gate("report", &second) >= first[0].1);
}

#[test]
fn a_snapshot_of_a_node_alone_is_taken_when_its_state_is_durable() {
    let mut bench = Bench::among(&[NodeId(0)]);
    bench.step(Input::Start);
    bench.step(WRITE);
    let newest = bench.newest();
    let effects = bench.step(TAKE);
    assert!(gate("taken", &effects) >= newest, "{effects:?}");
}

#[test]
fn a_snapshot_is_taken_when_the_initiators_state_is_durable() {
    let report = Input::Message {
        from: NodeId(1),
        message: SnapshotMessage::Report(Box::new(Report {
            id: first_of(NodeId(0)),
            incarnation: 1,
            outcome: Ok(LocalState {
                state: Writer,
                channels: vec![ChannelState {
                    from: NodeId(0),
                    incarnation: 1,
                    messages: Vec::new(),
                }],
            }),
        })),
    };
    let mut bench = Bench::new();
    bench.step(Input::Start);
    bench.step(WRITE);
    let newest = bench.newest();
    bench.step(TAKE);
    assert_eq!(bench.step(marker(NodeId(1), NodeId(0))), []);
    let effects = bench.step(report);
    assert!(gate("taken", &effects) >= newest, "{effects:?}");
}

#[test]
fn between_snapshots_gates_are_those_of_the_process() {
    let mut bench = Bench::new();
    bench.step(Input::Start);
    let own = bench.effects.last_token();
    assert_eq!(
        bench.step(WRITE),
        [("late", own.next()), ("early", Token::NONE)]
    );
}

#[test]
fn the_process_inside_is_woken_only_when_it_asked() {
    /// Counts its wakes.
    #[derive(Clone)]
    struct Sleeper(u32);
    impl Process for Sleeper {
        type Message = ();
        type Request = ();
        type Event = ();
        type Record = ();
        fn step(&mut self, input: Input<Self>, _: &mut Context<'_, Self>) {
            if let Input::Wake = input {
                self.0 += 1;
            }
        }
        fn deadline(&self) -> Option<Time> {
            Some(Time::from_nanos(1_000))
        }
    }
    let config = SnapshotConfig {
        timeout_ns: 100,
        ..SnapshotConfig::new(NodeId(0), [NodeId(0), NodeId(1)], ())
    };
    let node = Snapshotting::<Sleeper>::new(Sleeper(0), &config);
    let (mut node, mut effects) = (node.expect("valid"), Effects::new());
    let mut step = |at: u64, input| {
        let (mut choices, now) = (Scripted::default(), Time::from_nanos(at));
        let mut cx = Context::new(now, now, &mut choices, &mut effects);
        node.step(input, &mut cx);
        (node.deadline(), node.process().0)
    };
    let take = Input::Request(SnapshotRequest::Take { id: RequestId(1) });
    assert_eq!(step(0, take), (Some(Time::from_nanos(100)), 0));
    assert_eq!(step(100, Input::Wake), (Some(Time::from_nanos(1_000)), 0));
    assert_eq!(step(1_000, Input::Wake), (Some(Time::from_nanos(1_000)), 1));
}
