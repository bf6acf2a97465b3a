//! Hostile input: no message, context or order of calls makes a replica panic, lose a request, or
//! unable to take its own next write.

use std::time::Duration;

use clocks::Dot;
use consistency::eventual::{
    CausalContext, Config, Content, EventualStore, KeyVersions, Message, Part, Record, Request,
    Sibling, Span, Versions,
};
use transport::{Context, Effect, Effects, Input, NodeId, Process, Recover, Stored, Time, Token};

use crate::world::{Random, World, context, empty, put, values};

/// Versions that no replica builds, which only bytes can: through a key-value pair made elsewhere.
fn wild(random: &mut Random) -> Versions {
    let slots = random.below(5) as usize;
    let mut versions = Versions::new(slots.max(1)).unwrap();
    for _ in 0..random.below(4) {
        let slot = random.below(slots.max(1) as u64) as usize;
        let claimed = wild_context(random, slots.max(1));
        let _ = versions.put(slot, &claimed, wild_key(random));
    }
    if random.below(3) == 0 {
        let _ = versions.delete(&wild_context(random, slots.max(1)));
    }
    versions
}

fn wild_context(random: &mut Random, slots: usize) -> clocks::VectorClock {
    let counters: Vec<u64> = (0..slots).map(|_| wild_number(random)).collect();
    let epoch = u64::from(random.below(8) == 0);
    context(&counters).with_epoch(epoch)
}

fn wild_number(random: &mut Random) -> u64 {
    match random.below(12) {
        0 => u64::MAX,
        1 => u64::MAX - 1,
        2 => 1 << 62,
        3 => 1 << 63,
        small => small.saturating_sub(4),
    }
}

fn wild_key(random: &mut Random) -> transport::Bytes {
    let text: String = (0..random.below(4))
        .map(|_| ['a', 'b', 'c'][random.below(3) as usize])
        .collect();
    text.as_str().into()
}

fn wild_message(random: &mut Random) -> Message {
    let items = |random: &mut Random| {
        let item = |random: &mut Random| KeyVersions {
            key: wild_key(random),
            versions: wild(random),
        };
        (0..random.below(4)).map(|_| item(random)).collect()
    };
    if random.below(2) == 0 {
        return Message::Versions {
            items: items(random),
            is_answer_wanted: random.below(2) == 0,
        };
    }
    let part = |random: &mut Random| {
        let from = wild_key(random);
        let to = (random.below(3) > 0).then(|| wild_key(random));
        let content = match random.below(2) {
            0 => Content::Sum(random.next()),
            _ => Content::Keys(
                (0..random.below(3))
                    .map(|_| (wild_key(random), random.next()))
                    .collect(),
            ),
        };
        let span = Span { from, to };
        Part { span, content }
    };
    let mut parts: Vec<Part> = (0..random.below(4)).map(|_| part(random)).collect();
    if random.below(2) == 0 {
        parts.sort_by(|a, b| a.span.from.cmp(&b.span.from));
    }
    Message::Compare { parts }
}

/// A wiped disk, a newer version or a bug gives the same messages as an enemy would.
#[test]
fn hostile_messages_do_not_panic_and_lose_no_request() {
    for seed in 0..1_500 {
        let mut random = Random(seed);
        let config = Config::new(NodeId(0), (0..3).map(NodeId))
            .and_then(|config| config.keys_max(4))
            .and_then(|config| config.siblings_max(3))
            .and_then(|config| config.requests_max(4))
            .and_then(|config| config.checkpoint_changes(3))
            .unwrap();
        let mut store = EventualStore::recover(&config, vec![]).unwrap();
        let mut effects = Effects::new();
        let mut disk: Vec<Stored<Record>> = vec![];
        let (mut asked, mut answered) = (0, 0);
        for turn in 0..60 {
            let input = match random.below(6) {
                0..3 => Input::Message {
                    from: NodeId(random.below(5) as u32),
                    message: wild_message(&mut random),
                },
                3 => {
                    asked += 1;
                    let id = transport::RequestId(asked);
                    let slots = random.below(5) as usize;
                    let (key, value) = (wild_key(&mut random), wild_key(&mut random));
                    let clock = wild_context(&mut random, slots);
                    let context_key = if random.below(4) == 0 {
                        wild_key(&mut random)
                    } else {
                        key.clone()
                    };
                    let context = CausalContext::new(context_key, clock);
                    Input::Request(match random.below(3) {
                        0 => Request::Get { id, key },
                        1 => Request::Put {
                            id,
                            key,
                            value,
                            context,
                        },
                        _ => Request::Delete { id, key, context },
                    })
                }
                4 => Input::Durable(Token(random.below(effects.last_token().0 + 3))),
                _ => Input::Wake,
            };
            let now = Time::from_millis(turn * 400);
            store.step(
                input,
                &mut Context::new(now, now, &mut random, &mut effects),
            );
            for effect in effects.drain() {
                match effect {
                    Effect::Emit { event, .. } => {
                        answered += u64::from(transport::Ends::ends(&event).is_some());
                    }
                    Effect::Persist { token, record } => disk.push(Stored { token, record }),
                    Effect::Checkpoint { token, record, .. } => {
                        disk = vec![Stored { token, record }];
                    }
                    Effect::Send { .. } => {}
                }
            }
            assert_eq!(asked, answered);
            assert!(store.keys_len() <= 12 && store.keys_written() <= store.keys_len());
        }
        // Whatever it took in, it can come back from.
        let back = EventualStore::recover(&config, disk).unwrap();
        assert!(back.iter().eq(store.iter()), "seed {seed}");
    }
}

#[test]
fn a_counter_near_its_end_in_a_message_is_refused_and_own_writes_go_on() {
    let mut world = World::new(2, 1);
    world.put(0, "fruit", "apple", &empty());
    for lie in [u64::MAX, u64::MAX - 1, (1 << 63) + 2, (1 << 63) + 1] {
        for counters in [[lie, 0], [0, lie]] {
            let mut versions = Versions::new(2).unwrap();
            versions.delete(&context(&counters)).unwrap();
            let key = "fruit".into();
            let message = Message::Versions {
                items: vec![KeyVersions { key, versions }],
                is_answer_wanted: true,
            };
            let from = NodeId(1);
            world.step(NodeId(0), Input::Message { from, message });
        }
    }
    assert_eq!(world.store(0).messages_refused(), 8);
    world.put(0, "fruit", "pear", &empty());
    world.run_until(World::converged);
    assert_eq!(world.shown(1, "fruit"), ["apple", "pear"]);
}

#[test]
fn a_client_cannot_end_the_counter_of_another_node() {
    let mut world = World::new(2, 1);
    let _ = world.refused(0, put("fruit", "apple", &context(&[0, u64::MAX])));
    let _ = world.refused(0, put("fruit", "apple", &context(&[0, (1 << 62) + 1])));
    // As far as claims can go, and the node still takes its writes.
    let far = context(&[0, 1 << 62]);
    world.put(0, "fruit", "apple", &far);
    world.run_until(World::converged);
    let written = world.put(1, "fruit", "pear", &empty());
    assert_eq!(
        written.siblings()[1].dot,
        Dot::new(1, (1 << 62) + 1).unwrap()
    );
    world.run_until(World::converged);
    assert_eq!(values(&world.get(0, "fruit")), ["apple", "pear"]);
}

// Each claim was once measured against what the node knew, and raised it; a peer that had not heard of
// the first then refused the key for ever.
#[test]
fn replicas_converge_whatever_clients_claim_one_claim_upon_the_other() {
    for claims in [[1 << 48, 1 << 49], [1 << 61, 1 << 62]] {
        let mut world = World::new(2, 1);
        world.isolate(0);
        for claim in claims {
            world.put(0, "fruit", "apple", &context(&[0, claim]));
        }
        world.run_for(Duration::from_millis(10));
        world.heal();
        let honest = world.get(0, "fruit");
        world.put(0, "fruit", "honest", honest.context());
        world.run_until(World::converged);
        world.put(1, "fruit", "pear", &empty());
        world.run_until(World::converged);
        assert_eq!(world.shown(0, "fruit"), ["honest", "pear"]);
        assert_eq!(world.store(1).messages_refused(), 0);
    }
}

#[test]
fn replicas_converge_when_claims_overtake_the_messages_about_them() {
    let mut world = World::new(3, 1);
    world.loss_per_mille = 700;
    for power in 40..=62 {
        let claim = context(&[0, 0, 1 << power]);
        world.ask(NodeId(0), put("fruit", "apple", &claim));
        world.ask(NodeId(1), put("fruit", "pear", &claim));
        world.run_for(Duration::from_millis(1));
    }
    world.run_until(World::converged);
    for id in 0..3 {
        assert_eq!(world.store(id).messages_refused(), 0);
        world.put(id, "fruit", "plum", &empty());
    }
    world.run_until(World::converged);
}

/// Two nodes with room for two siblings and two keys each, told what `versions` say by node 1.
fn told(items: Vec<(&str, Versions)>) -> World {
    let tight = |id| {
        crate::world::config(id, 2)
            .keys_max(2)
            .and_then(|config| config.siblings_max(2))
            .unwrap()
    };
    let mut world = World::with(vec![tight(0), tight(1)], 1);
    for (key, versions) in items {
        let key = key.into();
        let message = Message::Versions {
            items: vec![KeyVersions { key, versions }],
            is_answer_wanted: false,
        };
        let from = NodeId(1);
        world.step(NodeId(0), Input::Message { from, message });
    }
    world.run_for(Duration::from_millis(1));
    world
}

fn written(slot: usize, count: usize) -> Versions {
    let mut versions = Versions::new(2).unwrap();
    for number in 0..count {
        let value = format!("{slot}.{number}").as_str().into();
        versions.put(slot, &empty(), value).unwrap();
    }
    versions
}

// Each of the two fits, and both together would make a log that recovery refuses.
#[test]
fn versions_that_would_overfill_a_key_are_refused_and_the_log_stays_readable() {
    let mut world = told(vec![("a", written(1, 4)), ("a", written(0, 4))]);
    assert_eq!(world.store(0).messages_refused(), 1);
    assert_eq!(world.shown(0, "a").len(), 4);
    world.crash(NodeId(0));
    world.restart(NodeId(0));
    assert_eq!(world.shown(0, "a").len(), 4);
}

// A key counts for the node that gave a dot for it, and not for one that a client says so of.
#[test]
fn a_client_of_one_node_does_not_use_up_the_keys_of_another() {
    let mut world = told(vec![]);
    world.isolate(0);
    world.put(0, "a", "1", &context(&[0, 1]));
    world.put(0, "b", "1", &context(&[0, 1]));
    world.put(1, "c", "1", &empty());
    world.heal();
    world.run_until(World::converged);
    assert_eq!(
        (world.store(0).keys_written(), world.store(1).keys_written()),
        (2, 1)
    );
    world.put(1, "d", "1", &empty());
    world.run_until(World::converged);
    for id in [0, 1] {
        world.crash(NodeId(id));
        world.restart(NodeId(id));
        assert_eq!(world.store(id).keys_written(), 2);
    }
}

#[test]
fn keys_that_no_member_may_write_leave_room_for_own_ones() {
    let lies = ["a", "b", "c", "d", "e"].map(|key| (key, written(1, 1)));
    let mut world = told(lies.into());
    assert_eq!(world.store(0).messages_refused(), 3);
    world.put(0, "x", "mine", &empty());
    world.put(0, "y", "mine", &empty());
    assert_eq!(world.store(0).keys_len(), 4);
    world.crash(NodeId(0));
    world.restart(NodeId(0));
    assert_eq!(world.shown(0, "y"), ["mine"]);
}

#[test]
fn strangers_and_oneself_are_not_listened_to() {
    let mut world = World::new(2, 1);
    let mut versions = Versions::new(2).unwrap();
    versions.put(1, &empty(), "apple".into()).unwrap();
    for from in [0, 7] {
        let message = Message::Versions {
            items: vec![KeyVersions {
                key: "fruit".into(),
                versions: versions.clone(),
            }],
            is_answer_wanted: true,
        };
        let from = NodeId(from);
        world.step(NodeId(0), Input::Message { from, message });
    }
    assert_eq!(
        (world.store(0).messages_refused(), world.store(0).keys_len()),
        (2, 0)
    );
}

#[test]
fn two_values_under_one_dot_end_in_one_everywhere() {
    // A node that lost its disk and came back under its old name does this.
    let (mut a, mut b) = (Versions::new(2).unwrap(), Versions::new(2).unwrap());
    a.put(0, &empty(), "apple".into()).unwrap();
    b.put(0, &empty(), "pear".into()).unwrap();
    let (of_a, of_b) = (a.clone(), b.clone());
    a.merge(&of_b).unwrap();
    b.merge(&of_a).unwrap();
    assert_eq!(a, b);
    let dot = Dot::new(0, 1).unwrap();
    let value = "pear".into();
    assert_eq!(a.siblings(), [Sibling { dot, value }]);
}
