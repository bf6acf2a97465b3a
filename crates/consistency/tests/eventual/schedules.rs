//! Random schedules: clients that read and write with fresh, stale and foreign contexts, nodes that
//! crash, links that lose, repeat and part; then everything heals, and replicas must be equal.

use std::collections::BTreeMap;
use std::time::Duration;

use consistency::eventual::{CausalContext, Event, Refusal, Request};
use transport::{NodeId, RequestId};

use crate::world::{World, config};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// What clients of a run remember: every context that an answer ever held, key by key.
#[derive(Default)]
struct Clients {
    contexts: BTreeMap<&'static str, Vec<CausalContext>>,
    pending: BTreeMap<RequestId, &'static str>,
    writes: u64,
    done: u64,
}

impl Clients {
    fn act(&mut self, world: &mut World) {
        self.hear(world);
        let ids = world.ids();
        let node = ids[world.random.below(ids.len() as u64) as usize];
        if !world.is_up(node) {
            return;
        }
        let key = KEYS[world.random.below(KEYS.len() as u64) as usize];
        let context = self.context(world, node, key);
        self.writes += 1;
        let value = format!("{}", self.writes).as_str().into();
        let kind = world.random.below(5);
        let make = |id| match kind {
            0 | 1 => Request::Get {
                id,
                key: key.into(),
            },
            2 | 3 => Request::Put {
                id,
                key: key.into(),
                value,
                context,
            },
            _ => Request::Delete {
                id,
                key: key.into(),
                context,
            },
        };
        let id = world.ask(node, make);
        self.pending.insert(id, key);
    }

    /// The newest, an old one, or none: whatever node it came from.
    fn context(&self, world: &mut World, _node: NodeId, key: &str) -> CausalContext {
        let Some(known) = self.contexts.get(key) else {
            return CausalContext::default();
        };
        match world.random.below(8) {
            0 => CausalContext::default(),
            1 | 2 => known[world.random.below(known.len() as u64) as usize].clone(),
            _ => known.last().cloned().unwrap_or_default(),
        }
    }

    fn hear(&mut self, world: &World) {
        let answered = |id: &RequestId| world.answers.get(id);
        let heard: Vec<_> = self
            .pending
            .iter()
            .filter_map(|(id, key)| Some((*id, *key, answered(id)?.clone())))
            .collect();
        for (id, key, event) in heard {
            self.pending.remove(&id);
            match event {
                Event::Done { reply, .. } => {
                    self.done += 1;
                    let context = reply.context();
                    self.contexts.entry(key).or_default().push(context);
                }
                Event::Refused { refusal, .. } => {
                    let full = Refusal::TooManySiblings { siblings_max: 12 };
                    assert_eq!(refusal, full, "nothing else can be wrong");
                }
            }
        }
    }
}

fn disturb(world: &mut World) {
    let ids = world.ids();
    let mut pick = || ids[world.random.below(ids.len() as u64) as usize];
    let (a, b) = (pick(), pick());
    match world.random.below(10) {
        0 | 1 if world.is_up(a) => world.crash(a),
        0..=3 if !world.is_up(a) => world.restart(a),
        4 => world.isolate(a.0),
        5 => {
            let (left, right) = ids.split_at(a.0 as usize);
            world.part(left, right);
        }
        6 => {
            world.cut.insert((a, b));
        }
        7 => world.heal(),
        8 => {
            world.sync_after = Some(Duration::from_millis(world.random.below(80)));
        }
        9 => {
            let chance = world.random.below(400);
            (world.loss_per_mille, world.repeat_per_mille) = (chance, chance);
            world.delay_max_ns = 1 + world.random.below(300_000_000);
        }
        _ => {}
    }
}

fn run(seed: u64) -> (u64, usize) {
    let count = [1, 2, 3, 3, 5][(seed % 5) as usize];
    let configs = (0..count).map(|id| {
        config(id, count)
            .siblings_max(12)
            .and_then(|config| config.checkpoint_changes(8))
            .and_then(|config| config.page_keys_max(1 + seed as usize % 3))
            .unwrap()
    });
    let mut world = World::with(configs.collect(), seed);
    let mut clients = Clients::default();
    let mut siblings = 0;
    for _ in 0..30 {
        disturb(&mut world);
        for _ in 0..world.random.below(6) {
            clients.act(&mut world);
            let pause = Duration::from_millis(1 + world.random.below(60));
            world.run_for(pause);
        }
        for id in world.ids().into_iter().filter(|&id| world.is_up(id)) {
            let lens = world
                .store(id.0)
                .iter()
                .map(|(_, versions)| versions.siblings().len());
            siblings = siblings.max(lens.max().unwrap_or(0));
            assert!(world.disk_len(id.0) <= 1 + 8 + 8, "the log is bounded");
        }
    }
    world.heal();
    (world.loss_per_mille, world.repeat_per_mille) = (0, 0);
    (world.delay_max_ns, world.sync_after) = (2_000_000, Some(Duration::from_micros(100)));
    for id in world.ids() {
        if !world.is_up(id) {
            world.restart(id);
        }
    }
    // Convergence, within a bound: some rounds of an exchange with every peer.
    world.run_for(Duration::from_secs(5));
    assert!(world.converged(), "seed {seed}");
    assert!(
        world.open.is_empty(),
        "every request ends: {:?}",
        world.open
    );
    world.check_disks();
    (clients.done, siblings)
}

#[test]
fn replicas_converge_and_nothing_acknowledged_is_lost_or_resurrected() {
    let (mut done, mut siblings) = (0, 0);
    for seed in 0..400 {
        let (answered, most) = run(seed);
        done += answered;
        siblings = siblings.max(most);
    }
    eprintln!("{done} requests done, at most {siblings} siblings");
    assert!(done > 10_000, "the schedules do something: {done}");
}

/// Clients that always write with what they have just read leave as many siblings as there were
/// writers at once, however long they go on.
#[test]
fn siblings_are_bounded_by_concurrent_writers() {
    for seed in 0..20 {
        let mut world = World::new(3, seed);
        let mut most = 0;
        for round in 0..150 {
            for node in 0..3 {
                let seen = world.get(node, "x");
                let written = world.put(node, "x", &format!("{node}.{round}"), seen.context());
                most = most.max(written.siblings().len());
                if world.random.per_mille(300) {
                    world.run_for(Duration::from_millis(10));
                }
            }
        }
        assert!(most <= 3, "{most} siblings of three writers");
    }
}
