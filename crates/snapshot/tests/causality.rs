//! The stamps against causality worked out from who sent what to whom, with and without crashes.

mod gossip;

use std::collections::BTreeMap;

use clocks::{Causality, VectorClock};
use gossip::{Gossip, NODES};
use quickcheck::{QuickCheck, quickcheck};
use snapshot::{Stamped, StampedRecord, Traced, TracedConfig};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, Scripted, Stored, Time, Token,
};

type Message = Stamped<u8>;

/// One step, and the steps it can have learned from.
struct Step {
    node: usize,
    incarnation: usize,
    number: u64,
    clock: VectorClock,
    /// By messages, surviving records, and memory.
    causes: Vec<usize>,
    /// The same, and every earlier step of the node.
    causes_and_past: Vec<usize>,
    seen: bool,
    stored: bool,
}

struct Node {
    process: Traced<Gossip>,
    effects: Effects<Traced<Gossip>>,
    log: Vec<(Stored<StampedRecord<u8>>, usize)>,
    durable: Token,
    held: Vec<(Token, NodeId, Message, usize)>,
    incarnation: usize,
    last_step: Option<usize>,
    last_past: Option<usize>,
}

struct InFlight {
    from: NodeId,
    to: NodeId,
    message: Message,
    step: usize,
}

#[derive(Default)]
struct World {
    nodes: Vec<Node>,
    network: Vec<InFlight>,
    steps: Vec<Step>,
    crashes: usize,
}

fn config(node: usize) -> TracedConfig<()> {
    TracedConfig::new(name(node), (0..NODES).map(NodeId), ())
}

fn name(node: usize) -> NodeId {
    NodeId(u32::try_from(node).expect("small"))
}

impl World {
    fn new() -> Self {
        let mut world = Self::default();
        for node in 0..NODES as usize {
            world.nodes.push(Node {
                process: Traced::new(Gossip::new(), &config(node)).expect("a member"),
                effects: Effects::new(),
                log: Vec::new(),
                durable: Token::NONE,
                held: Vec::new(),
                incarnation: 0,
                last_step: None,
                last_past: None,
            });
        }
        for node in 0..NODES as usize {
            world.step(node, Input::Start, Vec::new());
        }
        world
    }

    fn run(schedule: &[(u8, u8)]) -> Self {
        let mut world = Self::new();
        for &(kind, value) in schedule {
            let node = usize::from(value) % NODES as usize;
            match kind % 8 {
                0 | 1 => world.step(node, Input::Request(value), Vec::new()),
                2 | 3 => world.deliver(value, true),
                4 => world.deliver(value, false),
                5 => drop(world.take(value)),
                6 => world.sync(node),
                _ => world.crash(node, usize::from(value / 3)),
            }
        }
        world
    }

    fn step(&mut self, node: usize, input: Input<Traced<Gossip>>, mut causes: Vec<usize>) {
        let index = self.steps.len();
        let at = &mut self.nodes[node];
        let mut choices = Scripted::default();
        let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut at.effects);
        at.process.step(input, &mut cx);
        assert_eq!(at.process.stamps_refused(), 0, "every stamp here is true");
        let clock = at.process.clock().clone();
        causes.extend(at.last_step);
        let causes_and_past = causes.iter().copied().chain(at.last_past).collect();
        self.steps.push(Step {
            node,
            incarnation: at.incarnation,
            number: clock.get(node),
            clock,
            causes,
            causes_and_past,
            seen: false,
            stored: false,
        });
        (at.last_step, at.last_past) = (Some(index), Some(index));
        for effect in at.effects.drain() {
            match effect {
                Effect::Send { to, message, after } => at.held.push((after, to, message, index)),
                Effect::Persist { token, record } => {
                    at.log.push((Stored { token, record }, index));
                }
                _ => {}
            }
        }
        self.release(node);
    }

    fn release(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        for (after, to, message, step) in std::mem::take(&mut at.held) {
            if after <= at.durable {
                assert_eq!(
                    message.clock, self.steps[step].clock,
                    "a stamp names its step"
                );
                self.steps[step].seen = true;
                let from = name(node);
                self.network.push(InFlight {
                    from,
                    to,
                    message,
                    step,
                });
            } else {
                at.held.push((after, to, message, step));
            }
        }
    }

    fn take(&mut self, value: u8) -> Option<InFlight> {
        let index = usize::from(value).checked_rem(self.network.len())?;
        Some(self.network.swap_remove(index))
    }

    fn deliver(&mut self, value: u8, once: bool) {
        let Some(InFlight {
            from,
            to,
            message,
            step,
        }) = self.take(value)
        else {
            return;
        };
        if !once {
            self.network.push(InFlight {
                from,
                to,
                message: message.clone(),
                step,
            });
        }
        self.step(to.0 as usize, Input::Message { from, message }, vec![step]);
    }

    fn sync(&mut self, node: usize) {
        let durable = self.nodes[node].effects.last_token();
        self.nodes[node].durable = durable;
        self.release(node);
        self.step(node, Input::Durable(durable), Vec::new());
    }

    fn crash(&mut self, node: usize, more: usize) {
        let at = &mut self.nodes[node];
        let durable = at
            .log
            .iter()
            .filter(|(stored, _)| stored.token <= at.durable)
            .count();
        let kept = durable + more % (at.log.len() - durable + 1);
        at.log.truncate(kept);
        at.held.clear();
        at.incarnation += 1;
        at.last_step = None;
        at.durable = at
            .log
            .last()
            .map_or(Token::NONE, |(stored, _)| stored.token);
        at.effects = Effects::resume(at.effects.last_token());
        let records = at.log.iter().map(|(stored, _)| stored.clone()).collect();
        at.process = Traced::recover(&config(node), records).expect("its own records");
        let expected: Vec<u8> = at
            .log
            .iter()
            .filter_map(|(stored, _)| stored.record.record)
            .collect();
        assert_eq!(
            at.process.process().log,
            expected,
            "the process gets its own records back"
        );
        let causes: Vec<usize> = at.log.iter().map(|(_, step)| *step).collect();
        for &step in &causes {
            self.steps[step].stored = true;
        }
        self.crashes += 1;
        self.step(node, Input::Start, causes);
    }

    /// For each step, every step before it along the given causes.
    fn ancestors(&self, causes: impl Fn(&Step) -> &[usize]) -> Vec<Vec<bool>> {
        let mut all: Vec<Vec<bool>> = Vec::new();
        for step in &self.steps {
            let mut own = vec![false; self.steps.len()];
            for &cause in causes(step) {
                own[cause] = true;
                for (mine, &theirs) in own.iter_mut().zip(&all[cause]) {
                    *mine |= theirs;
                }
            }
            all.push(own);
        }
        all
    }

    /// Steps whose number was used again by a later incarnation.
    fn forgotten(&self) -> Vec<bool> {
        let reused = |step: &Step| {
            self.steps.iter().any(|later| {
                later.node == step.node
                    && later.incarnation > step.incarnation
                    && later.number <= step.number
            })
        };
        self.steps.iter().map(reused).collect()
    }

    /// How many pairs of steps were ordered, and how many concurrent.
    fn check(&self) -> (usize, usize) {
        let causes = self.ancestors(|step| &step.causes);
        let causes_and_past = self.ancestors(|step| &step.causes_and_past);
        let forgotten = self.forgotten();
        let (mut ordered, mut concurrent) = (0, 0);
        for (b, later) in self.steps.iter().enumerate() {
            assert!(
                !(forgotten[b] && (later.seen || later.stored)),
                "{b} cannot be forgotten"
            );
            for (a, earlier) in self.steps.iter().enumerate() {
                if a == b || forgotten[a] || forgotten[b] {
                    continue;
                }
                let order = earlier.clock.compare(&later.clock).expect("one epoch");
                assert_ne!(order, Causality::Equal, "{a} and {b} have one stamp");
                if causes[b][a] {
                    assert_eq!(order, Causality::Before, "{a} influenced {b}");
                }
                if order == Causality::Before {
                    assert!(causes_and_past[b][a], "{a} cannot have influenced {b}");
                    ordered += 1;
                }
                concurrent += usize::from(order == Causality::Concurrent);
            }
        }
        (ordered, concurrent)
    }

    /// Every stamp that left a node names one step.
    fn check_numbers(&self) {
        let mut owners = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate().filter(|(_, step)| step.seen) {
            let other = owners.insert((step.node, step.number), index);
            assert_eq!(other, None, "steps {other:?} and {index} have one number");
        }
    }
}

/// A schedule long enough for everything to happen.
fn long_schedule(kinds: u64) -> Vec<(u8, u8)> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..1_000)
        .map(|_| ((next() % kinds) as u8, next() as u8))
        .collect()
}

// Mattern 1989: happened-before and the order of the clocks are the same.
#[test]
fn without_crashes_the_order_of_stamps_is_causality() {
    let world = World::run(&long_schedule(7));
    assert_eq!(world.crashes, 0);
    let (ordered, concurrent) = world.check();
    assert!(
        ordered > 1_000 && concurrent > 1_000,
        "{ordered} {concurrent}"
    );
}

#[test]
fn with_crashes_no_seen_number_is_used_again_and_what_survived_is_known() {
    let world = World::run(&long_schedule(8));
    assert!(world.crashes > 50);
    world.check_numbers();
    let (ordered, concurrent) = world.check();
    assert!(
        ordered > 1_000 && concurrent > 1_000,
        "{ordered} {concurrent}"
    );
}

#[test]
fn an_early_message_of_a_new_node_waits_until_its_numbers_are_reserved() {
    let mut world = World::new();
    world.step(0, Input::Request(2 + 8), Vec::new());
    assert_eq!(
        world.network.len(),
        0,
        "a crash now would use its number again"
    );
    world.sync(0);
    assert_eq!(world.network.len(), 1);
    world.step(0, Input::Request(2 + 8), Vec::new());
    assert_eq!(world.network.len(), 2, "later ones leave at once");
}

quickcheck! {
    fn stamps_order_steps_as_causality_does(schedule: Vec<(u8, u8)>) -> bool {
        let schedule: Vec<(u8, u8)> = schedule.iter().map(|(kind, value)| (kind % 7, *value)).collect();
        World::run(&schedule).check();
        true
    }
}

#[test]
fn stamps_stay_true_across_crashes() {
    fn property(schedule: Vec<(u8, u8)>) -> bool {
        let world = World::run(&schedule);
        world.check_numbers();
        world.check();
        true
    }
    QuickCheck::new()
        .tests(300)
        .quickcheck(property as fn(Vec<(u8, u8)>) -> bool);
}
