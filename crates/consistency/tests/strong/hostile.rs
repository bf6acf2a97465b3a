//! Messages that no member sends: a wiped disk, a newer version or a bug gives the same as an enemy
//! would. No panic, and no request is lost or ends twice.

use consistency::strong::{
    Answer, Event, Message, OperationName, Refusal, Store, Timestamp, Version, Wanted,
};
use transport::{Bytes, Input, NodeId};

use crate::world::{Random, World, value};

fn number(random: &mut Random) -> u64 {
    let last = Timestamp::COUNTER_MAX;
    [0, 1, 2, last - 1, last, u64::MAX][random.below(6)]
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
    let wanted = [Wanted::Timestamp, Wanted::Version][random.below(2)];
    match random.below(4) {
        0 => Message::Query {
            operation,
            key,
            wanted,
        },
        1 => Message::Update {
            operation,
            key,
            version: any_version(random),
        },
        _ => {
            let answer = match random.below(4) {
                0 => Answer::Timestamp {
                    timestamp: any_version(random).timestamp,
                    has_room: random.below(2) == 0,
                },
                1 => Answer::Version(any_version(random)),
                2 => Answer::Stored,
                _ => Answer::Full,
            };
            Message::Reply { operation, answer }
        }
    }
}

#[test]
fn hostile_messages_do_not_panic_and_lose_no_request() {
    let mut ignored = 0;
    for seed in 0..2_000 {
        let mut world = World::new(3);
        let mut random = Random(seed);
        for _ in 0..40 {
            match random.below(6) {
                0 => drop(world.read(0, "x")),
                1 => drop(world.write(0, "x", "w")),
                2 => world.pass_ms(1_000),
                _ => {
                    let from = NodeId(random.below(5) as u32);
                    let message = any_message(&mut random);
                    world.step(0, Input::Message { from, message });
                }
            }
            assert_eq!(world.store(0).operations_len(), world.open.len());
        }
        world.pass_ms(20_000);
        assert!(world.open.is_empty());
        assert_eq!(world.store(0).deadline_is_none(), ());
        ignored += world.store(0).ignored();
    }
    assert!(ignored > 10_000, "{ignored}");
}

/// Strangers, the node itself, timestamps nobody gives out, keys and values that are too long, a second
/// value for a timestamp: nothing of it is stored or answered.
#[test]
fn what_no_member_sends_is_ignored_and_counted() {
    let operation = OperationName {
        incarnation: 1,
        number: 0,
    };
    let update = |key: &[u8], counter, node, text: &[u8]| Message::Update {
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
    let query = |key: &[u8]| Message::Query {
        operation,
        key: key.into(),
        wanted: Wanted::Version,
    };
    let mut world = World::new(3);
    let from = NodeId(1);
    let message = update(b"x", 1, 1, b"a");
    world.step(0, Input::Message { from, message });
    world.wire.clear();
    let ignored = [
        (7, query(b"x")),
        (0, query(b"x")),
        (1, query(&long)),
        (1, update(b"x", 0, 1, b"b")),
        (1, update(b"x", 0, 0, b"b")),
        (1, update(b"x", 2, 7, b"b")),
        (1, update(&long, 2, 1, b"b")),
        (1, update(b"x", 2, 1, &long)),
        (1, update(b"x", 1, 1, b"b")),
    ];
    for (count, (from, message)) in (1..).zip(ignored) {
        let from = NodeId(from);
        world.step(0, Input::Message { from, message });
        assert_eq!(world.store(0).ignored(), count);
    }
    assert!(world.wire.is_empty());
    assert!(world.holds(0, "a"));
}

/// Somebody wrote under the last timestamp there is.
#[test]
fn a_write_above_the_last_timestamp_is_refused() {
    let mut world = World::new(3);
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
    let key = "x".into();
    let message = Message::Update {
        operation,
        key,
        version,
    };
    world.step(0, Input::Message { from, message });
    let write = world.write(2, "x", "b");
    world.settle_among(&[0, 2]);
    let refused = world.event(write);
    let expected = Refusal::TimestampsUsedUp;
    assert!(matches!(refused, Event::Refused { refusal, .. } if *refusal == expected));
    assert_eq!(world.store(2).version(b"x"), None);
    let elsewhere = world.write(2, "y", "b");
    world.settle();
    assert!(world.is_written(elsewhere));
}

/// A flipped bit or a lie in a counter: if it were believed, nobody could write the key any more.
#[test]
fn a_counter_beyond_the_last_is_ignored_and_counted() {
    let from = NodeId(1);
    let beyond = Timestamp {
        counter: Timestamp::COUNTER_MAX + 1,
        node: from,
    };
    let version = || Version {
        timestamp: beyond,
        value: value("last"),
    };
    let name = |incarnation| OperationName {
        incarnation,
        number: 0,
    };
    let mut world = World::new(3);
    let write = world.write(0, "x", "a");
    let read = world.read(0, "x");
    let mut messages = vec![
        Message::Update {
            operation: name(1),
            key: "x".into(),
            version: version(),
        },
        Message::Query {
            operation: name(OperationName::INCARNATION_MAX + 1),
            key: "x".into(),
            wanted: Wanted::Version,
        },
    ];
    let timestamp = beyond;
    let has_room = true;
    for (number, answer) in (0..).zip([
        Answer::Timestamp {
            timestamp,
            has_room,
        },
        Answer::Version(version()),
    ]) {
        let operation = OperationName { number, ..name(1) };
        messages.push(Message::Reply { operation, answer });
    }
    for (count, message) in (1..).zip(messages) {
        world.step(0, Input::Message { from, message });
        assert_eq!(world.store(0).ignored(), count);
    }
    world.settle();
    assert!(world.is_written(write));
    assert!(world.found(read).timestamp < beyond);
    let again = world.write(2, "x", "b");
    world.settle();
    assert!(world.is_written(again));
}

trait NoDeadline {
    fn deadline_is_none(&self);
}

impl NoDeadline for Store {
    fn deadline_is_none(&self) {
        assert_eq!(transport::Process::deadline(self), None);
    }
}
