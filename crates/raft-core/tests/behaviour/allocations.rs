//! A payload exists once, whoever holds it, and a steady state allocates next to nothing.

use std::collections::VecDeque;

use crate::common::random::Random;
use allocation_counter::measure;
use raft_core::{Config, Event, Message, Raft, Record, Request, Role};
use transport::{
    Bytes, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Time,
};

type Node = Raft<Bytes>;

/// Three nodes in a loop: every record is durable at once, every message arrives.
struct Loop {
    nodes: Vec<Node>,
    effects: Vec<Effects<Node>>,
    queue: VecDeque<(u32, u32, Message<Bytes>)>,
    random: Random,
    now: Time,
    committed: u64,
    messages: u64,
    /// Where the first command of each batch lies that somebody sent, wrote or handed over.
    seen: Option<Vec<*const Bytes>>,
}

impl Loop {
    fn led_by_node_1() -> Self {
        let voters = || [1, 2, 3].map(NodeId);
        let node = |id| {
            let config = Config::new(id, voters()).unwrap();
            Raft::recover(&config, Vec::new()).unwrap()
        };
        let mut net = Self {
            nodes: voters().map(node).into(),
            effects: vec![Effects::new(), Effects::new(), Effects::new()],
            queue: VecDeque::new(),
            random: Random::new(1),
            now: Time::ZERO,
            committed: 0,
            messages: 0,
            seen: None,
        };
        for id in 1..=3 {
            net.step(id, Input::Start);
        }
        net.now = net.nodes[0].deadline().unwrap();
        net.step(1, Input::Wake);
        net.settle();
        assert_eq!(net.nodes[0].role(), Role::Leader);
        net
    }

    fn step(&mut self, id: u32, input: Input<Node>) {
        let slot = id as usize - 1;
        let (node, effects) = (&mut self.nodes[slot], &mut self.effects[slot]);
        let mut input = Some(input);
        while let Some(next) = input.take() {
            node.step(
                next,
                &mut Context::new(self.now, self.now, &mut self.random, effects),
            );
            for effect in effects.drain() {
                match effect {
                    Effect::Send { to, message, .. } => {
                        self.messages += 1;
                        if let (Some(seen), Message::Append { entries, .. }) =
                            (&mut self.seen, &message)
                        {
                            seen.extend(entries.batches().map(|batch| batch.entries().as_ptr()));
                        }
                        self.queue.push_back((id, to.0, message));
                    }
                    Effect::Persist { token, record } => {
                        if let (Some(seen), Record::Append(batch)) = (&mut self.seen, &record) {
                            seen.push(batch.entries().as_ptr());
                        }
                        input = Some(Input::Durable(token));
                    }
                    Effect::Emit {
                        event: Event::Committed(batch),
                        ..
                    } => {
                        if let Some(seen) = &mut self.seen {
                            seen.push(batch.entries().as_ptr());
                        }
                        self.committed += u64::from(id == 1) * batch.len() as u64;
                    }
                    _ => {}
                }
            }
        }
    }

    fn settle(&mut self) {
        while let Some((from, to, message)) = self.queue.pop_front() {
            let from = NodeId(from);
            self.step(to, Input::Message { from, message });
        }
    }

    fn propose(&mut self, commands: &mut impl Iterator<Item = Bytes>, count: usize) {
        for command in commands.take(count) {
            let id = RequestId(1);
            self.step(1, Input::Request(Request::Propose { id, command }));
        }
        self.step(1, Input::Wake);
        self.settle();
    }
}

fn commands(count: usize) -> impl Iterator<Item = Bytes> {
    let made: Vec<Bytes> = (0..count)
        .map(|_| Bytes::from([7; 128].as_slice()))
        .collect();
    made.into_iter()
}

#[test]
fn a_batch_is_one_piece_of_memory_in_every_message_record_log_and_hand_over() {
    let mut net = Loop::led_by_node_1();
    net.seen = Some(Vec::new());
    net.propose(&mut commands(64), 64);
    // The next append carries the commit index.
    net.propose(&mut commands(1), 1);
    let seen = net.seen.take().unwrap();
    let first = seen[0];
    // Two appends, three records, three times handed over.
    assert_eq!(seen.iter().filter(|&&place| place == first).count(), 8);
    for node in &net.nodes {
        let batches = node.log().batches();
        assert!(
            batches
                .iter()
                .any(|batch| batch.entries().as_ptr() == first)
        );
        // A blank one, the 64, the one: an object per batch, not per entry.
        assert_eq!(batches.len(), 3);
    }
}

/// Allocations and messages per commit of three nodes together, the caller's payloads not counted.
fn cost(batch: usize, rounds: usize) -> (f64, f64) {
    let mut net = Loop::led_by_node_1();
    let mut made = commands(batch * rounds * 2);
    for _ in 0..rounds {
        net.propose(&mut made, batch);
    }
    let (committed, messages) = (net.committed, net.messages);
    let counted = measure(|| {
        for _ in 0..rounds {
            net.propose(&mut made, batch);
        }
    });
    let commits = (net.committed - committed) as f64;
    assert_eq!(commits as usize, batch * rounds);
    let allocations = counted.count_total as f64 / commits;
    (allocations, (net.messages - messages) as f64 / commits)
}

#[test]
fn a_batch_of_64_costs_next_to_no_allocation_per_commit() {
    let (allocations, messages) = cost(64, 500);
    eprintln!("batch 64: {allocations:.4} allocations, {messages:.4} messages per commit");
    assert!(allocations < 0.05, "{allocations} allocations per commit");
    assert!(messages <= 4.0 / 64.0, "{messages} messages per commit");
}

#[test]
fn a_single_proposal_costs_one_allocation_and_four_messages() {
    let (allocations, messages) = cost(1, 5_000);
    eprintln!("batch 1: {allocations:.4} allocations, {messages:.4} messages per commit");
    assert!(allocations < 1.1, "{allocations} allocations per commit");
    assert!(messages <= 4.0, "{messages} messages per commit");
}

#[test]
fn heartbeats_allocate_nothing() {
    let mut net = Loop::led_by_node_1();
    let beat = |net: &mut Loop| {
        net.now = net.nodes[0].deadline().unwrap();
        net.step(1, Input::Wake);
        net.settle();
    };
    for _ in 0..10 {
        beat(&mut net);
    }
    let counted = measure(|| {
        for _ in 0..100 {
            beat(&mut net);
        }
    });
    assert_eq!(counted.count_total, 0);
    assert_eq!(net.nodes[0].role(), Role::Leader);
}
