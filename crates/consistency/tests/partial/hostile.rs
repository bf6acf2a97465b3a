//! Messages that no member sends. No panic, and no request is lost or ends twice.

use consistency::partial::{Answer, Event, Message, OperationName, Refusal, Timestamp, Version};
use transport::{Bytes, Input, NodeId, Process};

use crate::world::{Random, World, value};

fn number(random: &mut Random) -> u64 {
    let last = Timestamp::COUNTER_MAX;
    [0, 1, 2, last - 1, last, last + 1, u64::MAX][random.below(7)]
}

fn any_version(random: &mut Random) -> Version {
    let timestamp = Timestamp {
        counter: number(random),
        node: NodeId([0, 1, 2, 7][random.below(4)]),
    };
    let value = [None, value("a"), value("b")][random.below(3)].clone();
    Version { timestamp, value }
}

fn any_message(random: &mut Random) -> Message {
    let operation = OperationName {
        incarnation: number(random),
        number: number(random),
    };
    let long = Bytes::from(vec![b'k'; 2_000]);
    let key = ["x".into(), "y".into(), long][random.below(3)].clone();
    match random.below(4) {
        0 => Message::Read { operation, key },
        1 => Message::Write {
            operation,
            key,
            version: any_version(random),
        },
        _ => {
            let answer = match random.below(3) {
                0 => Answer::Version(any_version(random)),
                1 => Answer::Stored,
                _ => Answer::Full,
            };
            Message::Reply { operation, answer }
        }
    }
}

#[test]
fn hostile_messages_do_not_panic_and_lose_no_request() {
    let mut ignored = 0;
    for seed in 0..1_000 {
        let mut world = World::with(3, 1 + (seed as usize) % 3, 2, seed, |config| {
            config.read_repair(seed % 2 == 0)
        });
        world.judges_values = false;
        let mut random = Random(seed);
        for _ in 0..40 {
            match random.below(6) {
                0 => drop(world.read(0, "x")),
                1 => drop(world.write(0, "x", "w")),
                2 => world.pass_ms(1_000),
                _ => {
                    let from = NodeId(random.below(5) as u32);
                    let message = any_message(&mut random);
                    let before = world.store(0).ignored();
                    world.step(0, Input::Message { from, message });
                    ignored += world.store(0).ignored() - before;
                }
            }
        }
        world.pass_ms(20_000);
        assert!(world.open.is_empty());
        assert_eq!(world.store(0).deadline(), None);
        assert_eq!(world.store(0).operations_len(), 0);
    }
    assert!(ignored > 5_000, "{ignored}");
}

#[test]
fn what_no_member_sends_is_ignored_and_counted() {
    let operation = OperationName {
        incarnation: 1,
        number: 0,
    };
    let write = |key: &[u8], counter, node, text: &[u8]| Message::Write {
        operation,
        key: key.into(),
        version: Version {
            timestamp: Timestamp {
                counter,
                node: NodeId(node),
            },
            value: Some(text.into()),
        },
    };
    let long = vec![0; (1 << 20) + 1];
    let read = |key: &[u8]| Message::Read {
        operation,
        key: key.into(),
    };
    let mut world = World::new(3, 1, 1);
    let from = NodeId(1);
    let message = write(b"x", 1, 1, b"a");
    world.step(0, Input::Message { from, message });
    world.wire.clear();
    let ignored = [
        (7, read(b"x")),
        (0, read(b"x")),
        (1, read(&long)),
        (1, write(b"x", 0, 1, b"b")),
        (1, write(b"x", 2, 7, b"b")),
        (1, write(b"x", Timestamp::COUNTER_MAX + 1, 1, b"b")),
        (1, write(&long, 2, 1, b"b")),
        (1, write(b"x", 2, 1, &long)),
        (1, write(b"x", 1, 1, b"b")),
    ];
    for (count, (from, message)) in (1..).zip(ignored) {
        let from = NodeId(from);
        world.step(0, Input::Message { from, message });
        assert_eq!(world.store(0).ignored(), count);
    }
    assert!(world.wire.is_empty());
    assert_eq!(world.holds(0), value("a"));
}

#[test]
fn a_write_above_the_last_timestamp_is_refused() {
    let mut world = World::new(3, 1, 1);
    let from = NodeId(1);
    let version = Version {
        timestamp: Timestamp {
            counter: Timestamp::COUNTER_MAX,
            node: from,
        },
        value: value("last"),
    };
    let operation = OperationName {
        incarnation: 9,
        number: 9,
    };
    let message = Message::Write {
        operation,
        key: "x".into(),
        version,
    };
    world.step(0, Input::Message { from, message });
    let write = world.write(0, "x", "b");
    let expected = Refusal::TimestampsUsedUp;
    assert!(matches!(&world.events[&write],
        Event::Refused { refusal, .. } if *refusal == expected));
    assert_eq!(world.holds(0), value("last"));
}
