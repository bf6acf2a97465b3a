//! What a decision costs, counted: messages, records, allocations. Exact, so that no change of the
//! cost goes unnoticed.

use std::collections::VecDeque;

use allocation_counter::measure;
use paxos_core::{Config, Message, Paxos, Request};
use quorum::QuorumSystem;
use transport::{
    Bytes, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
};

type Node = Paxos<Bytes>;

/// Nodes in a loop: every record is durable at once, every message arrives.
struct Loop {
    nodes: Vec<(Node, Effects<Node>)>,
    queue: VecDeque<(NodeId, NodeId, Message<Bytes>)>,
    messages: u64,
    records: u64,
    values: Vec<*const u8>,
}

impl Loop {
    fn new(n: u32) -> Self {
        let quorums = QuorumSystem::majority((0..n).map(NodeId)).unwrap();
        let node = |id| {
            let config = Config::new(NodeId(id), quorums.clone()).unwrap();
            (Paxos::recover(&config, Vec::new()).unwrap(), Effects::new())
        };
        Self {
            nodes: (0..n).map(node).collect(),
            queue: VecDeque::with_capacity(1_024),
            messages: 0,
            records: 0,
            values: Vec::with_capacity(1_024),
        }
    }

    fn step(&mut self, id: NodeId, input: Input<Node>) {
        let (node, effects) = &mut self.nodes[id.0 as usize];
        let mut choices = Scripted::default();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let cx = &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, effects);
            node.step(input, cx);
            for effect in effects.drain() {
                match effect {
                    Effect::Send { to, message, .. } => {
                        self.messages += 1;
                        if let Message::Accept(paxos_core::Proposal { value, .. })
                        | Message::Decided { value } = &message
                        {
                            self.values.push(value.as_ptr());
                        }
                        self.queue.push_back((id, to, message));
                    }
                    Effect::Persist { token, .. } | Effect::Checkpoint { token, .. } => {
                        self.records += 1;
                        next = Some(Input::Durable(token));
                    }
                    Effect::Emit { .. } => {}
                }
            }
        }
    }

    fn settle(&mut self) {
        while let Some((from, to, message)) = self.queue.pop_front() {
            self.step(to, Input::Message { from, message });
        }
    }

    fn decide(&mut self, value: &Bytes) {
        let (id, value) = (RequestId(1), value.clone());
        self.step(NodeId(0), Input::Request(Request::Propose { id, value }));
        self.settle();
        assert!(self.nodes.iter().all(|(node, _)| node.decided().is_some()));
    }
}

/// Two round trips and the news: 5 (n - 1) messages; a promise, an acceptance and the decision on
/// every disk.
#[test]
fn a_decision_costs_five_messages_a_peer_and_three_records_a_node() {
    for n in [1, 3, 5] {
        let mut net = Loop::new(n);
        net.decide(&Bytes::from("value"));
        assert_eq!(net.messages, 5 * u64::from(n - 1), "{n} nodes");
        assert_eq!(net.records, 3 * u64::from(n), "{n} nodes");
    }
}

#[test]
fn every_message_shares_the_memory_of_the_value() {
    let value = Bytes::from([7; 1_000].as_slice());
    let mut net = Loop::new(3);
    net.decide(&value);
    assert_eq!(net.values.len(), 4);
    assert!(net.values.iter().all(|place| *place == value.as_ptr()));
}

#[test]
fn a_decision_costs_few_allocations() {
    let value = Bytes::from([7; 1_000].as_slice());
    for (n, allocations_max) in [(1, 4), (3, 7), (5, 9)] {
        let mut net = Loop::new(n);
        let counted = measure(|| net.decide(&value));
        eprintln!("{n} nodes: {} allocations", counted.count_total);
        assert!(
            counted.count_total <= allocations_max,
            "{n} nodes: {}",
            counted.count_total
        );
    }
}

/// Questions that were asked before allocate nothing, and neither do those with a new ballot.
#[test]
fn an_acceptor_allocates_nothing() {
    let mut net = Loop::new(3);
    let prepare = |net: &mut Loop, round| {
        let (from, node) = (NodeId(1), NodeId(1));
        let ballot = paxos_core::Ballot { round, node };
        let message = Message::Prepare { ballot };
        net.step(NodeId(0), Input::Message { from, message });
        net.queue.clear();
    };
    prepare(&mut net, 1);
    let counted = measure(|| (2..500).for_each(|round| prepare(&mut net, round)));
    assert_eq!(counted.count_total, 0);
}
