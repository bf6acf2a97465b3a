//! Random schedules: loss, reordering, crashes, syncs at any time. What the head of the module promises
//! is checked on each.

use std::collections::BTreeMap;

use consistency::partial::{Asks, Event};
use transport::{Bytes, RequestId};

use crate::world::{Random, World};

/// What happened, by time of happening: a write of the number began or ended, a read began or found one.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write(RequestId),
    Read(RequestId),
}

fn number(value: Option<&Bytes>) -> usize {
    value.map_or(0, |value| {
        std::str::from_utf8(value).unwrap().parse().unwrap()
    })
}

/// One writer, any readers, quorums that meet: each read finds the last write that ended before it began,
/// or a later one that had begun when it ended.
#[test]
fn with_one_writer_and_quorums_that_meet_reads_are_regular() {
    let mut checked = 0;
    for seed in 0..600 {
        let (read, write) = [(2, 2), (1, 3), (3, 1), (3, 2)][seed as usize % 4];
        let asks = [Asks::All, Asks::Quorum][(seed / 4) as usize % 2];
        let mut world = World::with(3, read, write, seed, |config| {
            config.asks(asks).read_repair(seed % 3 == 0)
        });
        world.auto_sync = seed % 5 == 0;
        let mut random = Random(!seed);
        let mut open: Vec<Step> = vec![];
        let (mut begun, mut ended) = (0, 0);
        let mut least: BTreeMap<RequestId, usize> = BTreeMap::new();
        for _ in 0..400 {
            match random.below(16) {
                0 if !open.iter().any(|step| matches!(step, Step::Write(_))) && world.is_up(0) => {
                    begun += 1;
                    open.push(Step::Write(world.write(0, "x", &begun.to_string())));
                }
                1 => {
                    let id = random.below(3) as u32;
                    if world.is_up(id) {
                        let read = world.read(id, "x");
                        least.insert(read, ended);
                        open.push(Step::Read(read));
                    }
                }
                2 => world.pass_ms(random.below(100) as u64),
                3 if random.below(8) == 0 => {
                    let id = random.below(3) as u32;
                    if world.is_up(id) {
                        world.crash(id, random.below(3));
                    }
                }
                4 => world.restart(random.below(3) as u32),
                5 if !world.wire.is_empty() => {
                    let place = random.below(world.wire.len());
                    world.wire.remove(place);
                }
                6..=9 => world.sync(random.below(3) as u32),
                _ if !world.wire.is_empty() => {
                    let place = random.below(world.wire.len());
                    world.deliver(place);
                }
                _ => {}
            }
            open.retain(|step| {
                let (Step::Write(id) | Step::Read(id)) = *step;
                let Some(event) = world.events.get(&id) else {
                    return world.open.contains_key(&id);
                };
                match event {
                    Event::Written { .. } => ended = begun,
                    Event::Read { version, .. } => {
                        let found = number(version.value.as_ref());
                        let least = least[&id];
                        assert!(
                            (least..=begun).contains(&found),
                            "seed {seed}: {found} is not in {least}..={begun}"
                        );
                        checked += 1;
                    }
                    _ => {}
                }
                false
            });
        }
    }
    assert!(checked > 2_000, "{checked}");
}

/// Many writers, any quorums: when all that is sent arrives within the patience, all become equal.
#[test]
fn when_everything_arrives_all_replicas_become_equal() {
    for seed in 0..200 {
        let (read, write) = (1 + seed as usize % 3, 1 + (seed / 3) as usize % 3);
        let mut world = World::with(3, read, write, seed, |config| config);
        let mut random = Random(!seed);
        for text in 0..30 {
            let id = random.below(3) as u32;
            let key = ["x", "y", "z"][random.below(3)];
            if random.below(2) == 0 {
                world.write(id, key, &text.to_string());
            } else {
                world.read(id, key);
            }
            for _ in 0..random.below(8) {
                if !world.wire.is_empty() {
                    let place = random.below(world.wire.len());
                    // What is lost is sent again.
                    match random.below(4) {
                        0 => drop(world.wire.remove(place)),
                        _ => world.deliver(place),
                    }
                }
            }
        }
        for _ in 0..4 {
            world.settle_all();
            world.pass_ms(1_000);
        }
        assert!(world.open.is_empty());
        let states: Vec<Vec<_>> = (0..3)
            .map(|id| world.store(id).versions().collect())
            .collect();
        assert_eq!(states[0], states[1]);
        assert_eq!(states[1], states[2]);
    }
}
