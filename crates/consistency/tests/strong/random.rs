//! Random schedules: loss, repetition, reordering, crashes that keep some first part of what was not
//! durable, restarts, disks that sync late, time that passes; then everything heals, and every operation
//! ends. Each history is judged by the crate's own checker.

use consistency::strong::{Config, Event};
use quorum::QuorumSystem;
use std::time::Duration;
use transport::{NodeId, Token};

use crate::world::{Random, World, majority};

/// What the schedules of a test reached, summed.
#[derive(Default)]
struct Reached {
    read: usize,
    written: usize,
    refused: usize,
    unknown: usize,
    crashes: usize,
}

const KEYS: [&str; 2] = ["x", "y"];

fn quick(random: &mut Random, config: Config) -> Config {
    config
        .patience(Duration::from_millis(400))
        .unwrap()
        .operations_max(4)
        .unwrap()
        .checkpoint_bytes_min(100 + random.below(400) as u64)
        .always_write_back(random.below(4) == 0)
}

fn disturb(world: &mut World, random: &mut Random, asked: &mut usize, reached: &mut Reached) {
    let id = random.below(world.nodes.len()) as u32;
    let key = KEYS[random.below(KEYS.len())];
    let packets = world.wire.len();
    match random.below(64) {
        0..=2 if *asked < 24 && world.is_up(id) => {
            *asked += 1;
            world.write(id, key, &asked.to_string());
        }
        3 if *asked < 24 && world.is_up(id) => {
            *asked += 1;
            world.delete(id, key);
        }
        4..=7 if *asked < 24 && world.is_up(id) => {
            *asked += 1;
            world.read(id, key);
        }
        8 if world.is_up(id) => {
            reached.crashes += 1;
            world.crash(id, random.below(4));
        }
        9..=11 => world.restart(id),
        12 => world.pass_ms(1 + random.below(120) as u64),
        13 => drop(world.wire.drain(..random.below(packets + 1))),
        14..=15 if packets > 0 => {
            let packet = world.wire[random.below(packets)].clone();
            world.wire.push(packet);
        }
        16..=23 => world.sync(id),
        24 => {
            let durable = world.node(id).durable;
            let next = world.node(id).disk.entries.iter();
            let next = next
                .map(|(stored, _)| stored.token)
                .find(|&token| token > durable);
            world.sync_up_to(id, next.unwrap_or(Token::NONE));
        }
        25 if packets > 0 => {
            world.wire.remove(random.below(packets));
        }
        _ if packets > 0 => world.deliver(random.below(packets)),
        _ => {}
    }
}

/// Faults stop: every request ends, and new ones are answered with a value.
fn recovers(world: &mut World) {
    world.auto_sync = true;
    for id in 0..world.size() {
        world.restart(id);
        world.sync(id);
    }
    for _ in 0..20 {
        world.settle();
        world.pass_ms(50);
    }
    world.wire.clear();
    assert!(world.open.is_empty(), "{:?}", world.open);
    for id in 0..world.size() {
        for key in KEYS {
            let (write, read) = (world.write(id, key, "healed"), world.read(id, key));
            world.settle();
            assert!(world.is_written(write));
            let _ = world.found(read);
        }
    }
}

fn run(quorums: &QuorumSystem<NodeId>, seed: u64, reached: &mut Reached) -> World {
    let mut random = Random(seed);
    let salt = Random(seed ^ 0xABCD);
    let mut world = World::with(quorums, seed, |config| quick(&mut salt.clone(), config));
    world.auto_sync = false;
    let mut asked = 0;
    for _ in 0..600 {
        disturb(&mut world, &mut random, &mut asked, reached);
    }
    recovers(&mut world);
    for event in world.events.values() {
        match event {
            Event::Read { .. } => reached.read += 1,
            Event::Written { .. } => reached.written += 1,
            Event::Refused { .. } => reached.refused += 1,
            Event::Unknown { .. } => reached.unknown += 1,
        }
    }
    world
}

fn check(quorums: &QuorumSystem<NodeId>, seeds: u64) {
    let mut reached = Reached::default();
    for seed in 0..seeds {
        let judged = std::panic::AssertUnwindSafe(|| run(quorums, seed, &mut reached).judge());
        if let Err(panic) = std::panic::catch_unwind(judged) {
            eprintln!("seed {seed} of {quorums:?}");
            std::panic::resume_unwind(panic);
        }
    }
    let seeds = seeds as usize;
    let Reached {
        read,
        written,
        refused,
        unknown,
        crashes,
    } = reached;
    eprintln!("{seeds}: {read} {written} {refused} {unknown} {crashes}");
    assert!(read > 4 * seeds && written > 4 * seeds, "too tame");
    assert!(refused > seeds / 4 && crashes > seeds, "too tame");
    assert!(quorums.size() == 1 || unknown > seeds / 50, "too tame");
}

#[test]
fn one_node_is_linearizable_under_faults() {
    check(&majority(1), 500);
}

#[test]
fn two_nodes_are_linearizable_under_faults() {
    check(&majority(2), 1_000);
}

#[test]
fn three_nodes_are_linearizable_under_faults() {
    check(&majority(3), 3_000);
}

#[test]
fn four_nodes_are_linearizable_under_faults() {
    check(&majority(4), 1_000);
}

#[test]
fn five_nodes_are_linearizable_under_faults() {
    check(&majority(5), 1_000);
}

#[test]
fn flexible_quorums_are_linearizable_under_faults() {
    let nodes = || (0..4).map(NodeId);
    check(&QuorumSystem::flexible(nodes(), 3, 2).unwrap(), 1_000);
    check(&QuorumSystem::flexible(nodes(), 1, 4).unwrap(), 300);
    check(&QuorumSystem::flexible(nodes(), 4, 1).unwrap(), 300);
}

#[test]
fn weighted_quorums_are_linearizable_under_faults() {
    let weights = [(NodeId(0), 2), (NodeId(1), 1), (NodeId(2), 1)];
    check(&QuorumSystem::weighted(weights).unwrap(), 1_000);
}
