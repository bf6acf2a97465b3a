//! A steady state allocates nothing, and no value is ever copied.

use std::collections::VecDeque;

use allocation_counter::measure;
use consistency::strong::{Config, Event, Message, Request, Store};
use transport::{
    Bytes, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
};

use crate::world::majority;

/// Three nodes in a loop: every record is durable at once, every message arrives.
struct Loop {
    stores: Vec<Store>,
    effects: Vec<Effects<Store>>,
    queue: VecDeque<(u32, u32, Message)>,
    done: u64,
}

impl Loop {
    fn new() -> Self {
        let config = |id| Config::new(NodeId(id), majority(3)).unwrap();
        let store = |id| Store::recover(&config(id), vec![]).unwrap();
        let mut net = Self {
            stores: (0..3).map(store).collect(),
            effects: vec![Effects::new(), Effects::new(), Effects::new()],
            queue: VecDeque::new(),
            done: 0,
        };
        for id in 0..3 {
            net.step(id, Input::Start);
        }
        net
    }

    fn step(&mut self, id: u32, input: Input<Store>) {
        let mut choices = Scripted::default();
        let slot = id as usize;
        let mut input = Some(input);
        while let Some(next) = input.take() {
            let effects = &mut self.effects[slot];
            let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, effects);
            self.stores[slot].step(next, &mut cx);
            for effect in effects.drain() {
                match effect {
                    Effect::Send { to, message, .. } => self.queue.push_back((id, to.0, message)),
                    Effect::Persist { token, .. } => input = Some(Input::Durable(token)),
                    Effect::Emit { event, .. } => {
                        assert!(matches!(event, Event::Read { .. } | Event::Written { .. }));
                        self.done += 1;
                    }
                    Effect::Checkpoint { .. } => {}
                }
            }
        }
    }

    fn ask(&mut self, request: Request) {
        self.step(0, Input::Request(request));
        while let Some((from, to, message)) = self.queue.pop_front() {
            let from = NodeId(from);
            self.step(to, Input::Message { from, message });
        }
    }
}

/// Allocations of three nodes together in many operations, the caller's key and value not counted.
fn allocations(value_bytes: usize, is_read: bool) -> u64 {
    let mut net = Loop::new();
    let key = Bytes::from("key");
    let value = Bytes::from(vec![7; value_bytes]);
    let id = RequestId(1);
    let request = |is_read| {
        let (key, value) = (key.clone(), Some(value.clone()));
        match is_read {
            true => Request::Read { id, key },
            false => Request::Write { id, key, value },
        }
    };
    for round in 0..100 {
        net.ask(request(round % 2 == 0));
    }
    const OPERATIONS: u64 = 500;
    let before = net.done;
    let counted = measure(|| {
        for _ in 0..OPERATIONS {
            net.ask(request(is_read));
        }
    });
    assert_eq!(net.done - before, OPERATIONS);
    counted.count_total
}

/// The queue and the messages of the loop are used again, so what is counted is the stores' own.
#[test]
fn reads_and_writes_of_a_known_key_allocate_nothing() {
    for value_bytes in [16, 1_000] {
        assert_eq!(allocations(value_bytes, true), 0);
        assert_eq!(allocations(value_bytes, false), 0);
    }
}

/// A checkpoint holds keys and values that the replica shares: one allocation, for the list.
#[test]
fn a_checkpoint_copies_no_value() {
    let (few, many) = (allocations(1_000, false), allocations(60_000, false));
    assert_eq!(few, 0);
    // 500 writes of 60 kB at three nodes are some 30 MB each, with a checkpoint for every MiB.
    assert!((50..=100).contains(&many), "{many}");
}
