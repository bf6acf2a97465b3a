//! What tracing, snapshotting and FIFO links allocate, counted.

use allocation_counter::measure;
use snapshot::{
    Fifo, FifoConfig, SnapshotConfig, SnapshotRequest, Snapshotting, Traced, TracedConfig,
};
use std::collections::VecDeque;

use transport::{Context, Effect, Effects, Input, NodeId, Process, Scripted, Time};

/// Sends back each number as often as the number says; persists it if it is odd.
#[derive(Clone)]
struct Pinger;

impl Process for Pinger {
    type Message = u64;
    type Request = u64;
    type Event = ();
    type Record = u64;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let (to, number) = match input {
            Input::Message { from, message } => (from, message),
            Input::Request(number) => (NodeId(2), number),
            _ => return,
        };
        if number % 2 == 1 {
            cx.persist(number);
        }
        for _ in 0..number / 2 {
            cx.send(to, number);
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// Two traced nodes that send `number` back and forth 1,000 times; allocations per step.
fn ping_pong(number: u64, events_max: usize) -> f64 {
    let members = [NodeId(1), NodeId(2)];
    let node = |node| {
        let config = TracedConfig {
            events_max,
            ..TracedConfig::new(node, members, ())
        };
        Traced::new(Pinger, &config).expect("a member")
    };
    let mut nodes = members.map(node);
    let mut outboxes = [Effects::new(), Effects::new()];
    let mut choices = Scripted::default();
    let mut next = Input::Request(number);
    let mut rounds = |count: u64| {
        for round in 0..count {
            let at = usize::from(round % 2 == 1);
            let input = core::mem::replace(&mut next, Input::Wake);
            let outbox = &mut outboxes[at];
            nodes[at].step(
                input,
                &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, outbox),
            );
            for effect in outbox.drain() {
                if let Effect::Send { message, .. } = effect {
                    next = Input::Message {
                        from: members[at],
                        message,
                    };
                }
            }
        }
    };
    rounds(100);
    measure(|| rounds(1_000)).count_total as f64 / 1_000.0
}

#[test]
fn a_step_that_sends_as_much_as_it_receives_allocates_nothing() {
    assert_eq!(ping_pong(2, 0), 0.0);
}

#[test]
fn each_further_message_and_each_record_allocates_one_clock() {
    assert_eq!(ping_pong(4, 0), 1.0);
    assert_eq!(ping_pong(6, 0), 2.0);
    assert_eq!(ping_pong(3, 0), 1.0);
}

#[test]
fn a_full_trace_allocates_nothing() {
    assert_eq!(ping_pong(2, 16), 0.0);
}

/// Two nodes that talk until they fall silent, or for ever; allocations in 1,000 steps.
fn conversation<P: Process>(mut nodes: [P; 2], request: P::Request) -> u64 {
    let mut outboxes = [Effects::new(), Effects::new()];
    let mut choices = Scripted::default();
    let mut inputs = VecDeque::from([(0, Input::Start), (1, Input::Start)]);
    inputs.push_back((0, Input::Request(request)));
    let mut steps = |count: u64| {
        for _ in 0..count {
            let (at, input) = inputs.pop_front().expect("they go on");
            let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut outboxes[at]);
            nodes[at].step(input, &mut cx);
            for effect in outboxes[at].drain() {
                if let Effect::Send { to, message, .. } = effect {
                    let from = NodeId(at as u32 + 1);
                    inputs.push_back((to.0 as usize - 1, Input::Message { from, message }));
                }
            }
        }
    };
    steps(500);
    measure(|| steps(1_000)).count_total
}

#[test]
fn between_snapshots_the_wrapper_allocates_nothing() {
    let members = [NodeId(1), NodeId(2)];
    let nodes = members.map(|node| {
        let config = SnapshotConfig::new(node, members, ());
        Snapshotting::<Pinger>::new(Pinger, &config).expect("valid")
    });
    assert_eq!(conversation(nodes, SnapshotRequest::Process(2)), 0);
}

#[test]
fn a_fifo_link_in_order_allocates_nothing() {
    let members = [NodeId(1), NodeId(2)];
    let nodes =
        members.map(|node| Fifo::new(Pinger, &FifoConfig::new(node, members, ())).expect("valid"));
    assert_eq!(conversation(nodes, 2), 0);
}
