//! Every order in which messages can arrive: one writer, then two readers one after the other, at three
//! nodes. Messages that are late for ever are lost messages.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use consistency::strong::{Config, Event, Message, Request, Store};
use consistency::{
    KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value, Verdict, check_linearizable,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
};

use crate::world::{majority, value};

/// What clients have done and heard, in order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Moment {
    WriteBegins,
    WriteEnds,
    ReadBegins(u64),
    ReadEnds(u64, bool),
}

#[derive(Clone, Eq, Hash, PartialEq)]
struct State {
    stores: Vec<Store>,
    /// In the order of their hashes: the wire has no order.
    wire: Vec<(u64, u32, u32, Message)>,
    history: Vec<Moment>,
    /// How many reads have begun.
    reads: u64,
}

const WRITE: RequestId = RequestId(0);

impl State {
    fn new(always_write_back: bool) -> Self {
        let config = |id| {
            let config = Config::new(NodeId(id), majority(3)).unwrap();
            config.always_write_back(always_write_back)
        };
        let store = |id| Store::recover(&config(id), vec![]).unwrap();
        let mut state = Self {
            stores: (0..3).map(store).collect(),
            wire: vec![],
            history: vec![Moment::WriteBegins],
            reads: 0,
        };
        for id in 0..3 {
            state.step(id, Input::Start);
        }
        let write = Request::Write {
            id: WRITE,
            key: "x".into(),
            value: value("new"),
        };
        state.step(0, Input::Request(write));
        state
    }

    /// Reader 1 asks node 1, and then reader 2 asks node 2.
    fn read_begins(&mut self) {
        self.reads += 1;
        self.history.push(Moment::ReadBegins(self.reads));
        let read = Request::Read {
            id: RequestId(self.reads),
            key: "x".into(),
        };
        self.step(self.reads as u32, Input::Request(read));
    }

    fn is_next_read_free(&self) -> bool {
        let ended = |moment: &&Moment| matches!(moment, Moment::ReadEnds(..));
        let ended = self.history.iter().filter(ended).count() as u64;
        self.reads < 2 && ended == self.reads
    }

    fn step(&mut self, id: u32, input: Input<Store>) {
        let (mut effects, mut choices) = (Effects::new(), Scripted::default());
        let mut input = Some(input);
        while let Some(next) = input.take() {
            let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
            self.stores[id as usize].step(next, &mut cx);
            // A record is durable at once: here only the order of messages is tried.
            for effect in effects.drain() {
                match effect {
                    Effect::Persist { token, .. } => input = Some(Input::Durable(token)),
                    Effect::Send { to, message, .. } => self.wire.push(packet(id, to.0, message)),
                    Effect::Emit { event, .. } => self.history.push(moment(&event)),
                    Effect::Checkpoint { .. } => unreachable!(),
                }
            }
        }
        self.wire.sort_by_key(|&(hash, ..)| hash);
    }

    fn next(&self) -> Vec<Self> {
        let mut next = vec![];
        if self.is_next_read_free() {
            let mut state = self.clone();
            state.read_begins();
            next.push(state);
        }
        for place in 0..self.wire.len() {
            let mut state = self.clone();
            let (_, from, to, message) = state.wire.remove(place);
            let from = NodeId(from);
            state.step(to, Input::Message { from, message });
            next.push(state);
        }
        next
    }
}

fn packet(from: u32, to: u32, message: Message) -> (u64, u32, u32, Message) {
    let mut hasher = DefaultHasher::new();
    (from, to, &message).hash(&mut hasher);
    (hasher.finish(), from, to, message)
}

fn moment(event: &Event) -> Moment {
    match event {
        Event::Written { .. } => Moment::WriteEnds,
        Event::Read { id, version, .. } => Moment::ReadEnds(id.0, version.value.is_some()),
        other => panic!("nothing fails here: {other:?}"),
    }
}

fn is_linearizable(history: &[Moment]) -> bool {
    let mut recorder = Recorder::new();
    let mut names = std::collections::BTreeMap::new();
    for moment in history {
        match *moment {
            Moment::WriteBegins => {
                let input = KvInput::put("x", "new");
                names.insert(0, recorder.invoke(ProcessId(0), input, 0).unwrap());
            }
            Moment::ReadBegins(id) => {
                let read = recorder.invoke(ProcessId(id), KvInput::get("x"), 0);
                names.insert(id, read.unwrap());
            }
            Moment::WriteEnds => recorder.ok(names[&0], KvOutput::Done, 0).unwrap(),
            Moment::ReadEnds(id, is_new) => {
                let seen = if is_new { "new".into() } else { Value::Nil };
                recorder.ok(names[&id], KvOutput::Value(seen), 0).unwrap();
            }
        }
    }
    let model = KeyValue::new(Value::Nil);
    let operations = recorder.finish();
    let verdict = check_linearizable(&model, &operations, &Limits::default(), &mut || true);
    matches!(verdict, Verdict::Holds(_))
}

/// Visits every state; gives their number and the histories that clients can have seen.
fn explore(always_write_back: bool) -> (usize, BTreeSet<Vec<Moment>>) {
    let first = State::new(always_write_back);
    let fingerprint = |state: &State| {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        hasher.finish()
    };
    let mut seen = HashSet::from([fingerprint(&first)]);
    let (mut stack, mut histories) = (vec![first], BTreeSet::new());
    while let Some(state) = stack.pop() {
        histories.insert(state.history.clone());
        for next in state.next() {
            if seen.insert(fingerprint(&next)) {
                stack.push(next);
            }
        }
    }
    (seen.len(), histories)
}

fn every_order(always_write_back: bool) -> (usize, usize) {
    let (states, histories) = explore(always_write_back);
    for history in &histories {
        assert!(is_linearizable(history), "{history:?}");
    }
    // The write is in sight of the second reader only: the interesting histories are among them.
    let seen = |first, second| {
        let ends = [Moment::ReadEnds(1, first), Moment::ReadEnds(2, second)];
        let is_seen = |history: &Vec<Moment>| ends.iter().all(|end| history.contains(end));
        histories.iter().any(is_seen)
    };
    assert!(seen(false, false) && seen(false, true) && seen(true, true));
    assert!(!seen(true, false), "the new-old inversion");
    (states, histories.len())
}

#[test]
fn every_order_of_messages_is_linearizable() {
    assert_eq!(every_order(false), (128_145, 35));
}

#[test]
fn every_order_of_messages_is_linearizable_when_every_read_writes_back() {
    assert_eq!(every_order(true), (467_489, 35));
}
