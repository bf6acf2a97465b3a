//! Markers, gates and the order of a channel.

use snapshot::{Cloned, SnapshotConfig, SnapshotMessage, SnapshotRequest, Snapshotting};
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
        let config = SnapshotConfig::new(NodeId(0), [NodeId(0), NodeId(1)], ());
        let node = Snapshotting::<Writer, Cloned>::new::<_, ()>(Writer, &config);
        Self {
            node: node.expect("valid"),
            effects: Effects::new(),
        }
    }

    /// What is sent, with its gate.
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
            _ => None,
        });
        sent.collect()
    }
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
    let node = Snapshotting::<Sleeper>::new::<_, ()>(Sleeper(0), &config);
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
