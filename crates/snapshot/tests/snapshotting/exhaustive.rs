//! Every interleaving of small systems: every snapshot completes, and every one is right.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

use snapshot::{SnapshotEvent, Snapshotting};
use transport::{Context, Effect, Effects, Input, NodeId, Process, Recover, Scripted, Time, Token};

use crate::world::{Config, Node, mesh, money, ring, send, take, verify};

type Request = <Node as Process>::Request;

#[derive(Clone, Hash)]
struct State {
    nodes: Vec<Node>,
    effects: Vec<Effects<Node>>,
    /// What is on its way, in order.
    links: BTreeMap<(usize, usize), VecDeque<<Node as Process>::Message>>,
    /// What each node's client still wants, in any order.
    wanted: Vec<Vec<Request>>,
    taken: usize,
}

impl State {
    fn new(configs: &[Config], wanted: Vec<Vec<Request>>) -> Self {
        let nodes = configs.iter();
        let nodes = nodes.map(|config| Node::recover(config, Vec::new()).expect("valid"));
        let mut state = Self {
            nodes: nodes.collect(),
            effects: configs.iter().map(|_| Effects::new()).collect(),
            links: BTreeMap::new(),
            wanted,
            taken: 0,
        };
        for node in 0..configs.len() {
            state.step(node, Input::Start);
            state.step(node, Input::Durable(Token(u64::MAX)));
        }
        state
    }

    /// Disks are fast here: every gate is open.
    fn step(&mut self, node: usize, input: Input<Node>) {
        let mut choices = Scripted::default();
        let effects = &mut self.effects[node];
        let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, effects);
        self.nodes[node].step(input, &mut cx);
        let effects: Vec<_> = effects.drain().collect();
        for effect in effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let link = (node, to.0 as usize);
                    self.links.entry(link).or_default().push_back(message);
                }
                Effect::Emit { event, .. } => self.hear(event),
                _ => {}
            }
        }
    }

    fn hear(&mut self, event: <Node as Process>::Event) {
        match event {
            SnapshotEvent::Taken { snapshot, .. } => {
                self.taken += 1;
                let nodes = self.nodes.iter().map(Snapshotting::process);
                assert_eq!(verify(nodes, &snapshot), Ok(()));
                assert_eq!(money(&snapshot), 1_000 * self.nodes.len() as u64);
            }
            SnapshotEvent::Aborted { reason, .. } => panic!("{reason}"),
            SnapshotEvent::Process(_) => {}
        }
    }

    fn next(&self) -> Vec<Self> {
        let mut next = Vec::new();
        for (&(from, to), queue) in &self.links {
            if queue.is_empty() {
                continue;
            }
            let mut state = self.clone();
            let head = state
                .links
                .get_mut(&(from, to))
                .and_then(VecDeque::pop_front);
            if let Some(message) = head {
                let from = NodeId(from as u32);
                state.step(to, Input::Message { from, message });
            }
            next.push(state);
        }
        for node in 0..self.nodes.len() {
            for place in 0..self.wanted[node].len() {
                let mut state = self.clone();
                let request = state.wanted[node].remove(place);
                state.step(node, Input::Request(request));
                next.push(state);
            }
        }
        next
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// How many states there are. `pays`: from, to, amount.
fn explore(configs: &[Config], pays: &[(u32, u32, u64)], initiators: &[u32]) -> usize {
    let mut wanted: Vec<Vec<Request>> = configs.iter().map(|_| Vec::new()).collect();
    for (id, &(from, to, amount)) in (0..).zip(pays) {
        wanted[from as usize].push(send(id, to, amount));
    }
    for &initiator in initiators {
        wanted[initiator as usize].push(take(100));
    }
    let first = State::new(configs, wanted);
    let mut seen = BTreeSet::from([first.fingerprint()]);
    let mut queue = VecDeque::from([first]);
    while let Some(state) = queue.pop_front() {
        let next = state.next();
        if next.is_empty() {
            assert_eq!(state.taken, initiators.len(), "every snapshot completes");
            assert!(state.nodes.iter().all(|node| node.recordings_len() == 0));
        }
        for state in next {
            if seen.insert(state.fingerprint()) {
                queue.push_back(state);
            }
        }
    }
    seen.len()
}

/// For each set of initiators, the exact number of states.
fn explore_all(configs: &[Config], pays: &[(u32, u32, u64)], expected: &[(&[u32], usize)]) {
    let found = expected.iter();
    let found = found.map(|&(initiators, _)| (initiators, explore(configs, pays, initiators)));
    let found: Vec<(&[u32], usize)> = found.collect();
    assert_eq!(found, expected);
}

#[test]
fn every_interleaving_of_two_nodes_and_three_messages() {
    let pays = [(0, 1, 5), (1, 0, 7), (0, 1, 11)];
    let expected: [(&[u32], usize); 4] = [(&[], 69), (&[0], 593), (&[1], 630), (&[0, 1], 5_455)];
    explore_all(&mesh(2), &pays, &expected);
}

#[test]
fn every_interleaving_of_three_nodes_in_a_ring_and_three_messages() {
    let pays = [(0, 1, 5), (1, 2, 7), (2, 0, 11)];
    let expected: [(&[u32], usize); 3] = [(&[], 51), (&[0], 1_034), (&[0, 1], 20_739)];
    explore_all(&ring(3), &pays, &expected);
    explore_all(&ring(3), &pays[..1], &[(&[0, 1, 2], 7_496)]);
}

#[test]
fn every_interleaving_of_three_nodes_that_all_talk() {
    let pays = [(0, 1, 5), (1, 2, 7), (2, 1, 11)];
    let expected: [(&[u32], usize); 4] = [(&[], 55), (&[0], 9_186), (&[1], 11_402), (&[2], 10_087)];
    explore_all(&mesh(3), &pays, &expected);
    // Two initiators at once.
    explore_all(&mesh(3), &[], &[(&[0, 1], 2_460)]);
    explore_all(&mesh(3), &pays[..1], &[(&[0, 1], 16_644)]);
}
