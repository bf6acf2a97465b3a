//! The log: bounded by checkpoints, and wrong records are errors.

use consistency::strong::{
    Config, OperationName, Record, RecoverError, Request, Store, Timestamp, Version,
};
use transport::{
    Bytes, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Stored, Time,
    Token,
};

use crate::world::{Random, World, majority, value};

fn config() -> Config {
    let config = Config::new(NodeId(0), majority(3)).unwrap();
    let config = config.keys_max(2).unwrap().key_bytes_max(4).unwrap();
    config.value_bytes_max(8).unwrap()
}

fn recover(records: impl IntoIterator<Item = Record>) -> Result<Store, RecoverError> {
    let stored = |(token, record)| Stored {
        token: Token(token),
        record,
    };
    Store::recover(&config(), (1..).zip(records).map(stored).collect())
}

const fn at(counter: u64, node: u32) -> Timestamp {
    let node = NodeId(node);
    Timestamp { counter, node }
}

fn version(key: &str, timestamp: Timestamp, text: &str) -> Record {
    let (key, value) = (key.into(), value(text));
    let version = Version { timestamp, value };
    Record::Version { key, version }
}

const fn life(number: u64) -> Record {
    Record::Incarnation { number }
}

fn checkpoint(incarnation: u64, keys: &[&str]) -> Record {
    let register = |key: &&str| {
        let timestamp = at(7, 1);
        let value = value("c");
        (Bytes::from(*key), Version { timestamp, value })
    };
    let registers = keys.iter().map(register).collect();
    Record::Checkpoint {
        incarnation,
        registers,
    }
}

#[test]
fn a_log_with_a_checkpoint_is_folded() {
    let records = [
        checkpoint(3, &["a", "b"]),
        version("a", at(8, 0), "d"),
        life(4),
        version("a", at(8, 2), "e"),
    ];
    let store = recover(records).unwrap();
    assert_eq!(store.version(b"a").unwrap().value, value("e"));
    assert_eq!(store.version(b"b").unwrap().value, value("c"));
    assert_eq!(store.versions().len(), 2);
}

#[test]
fn wrong_records_are_typed_errors() {
    use RecoverError as E;
    let (number, reached) = (2, 2);
    let (timestamp, held) = (at(1, 1), at(1, 1));
    let key = || Bytes::from("a");
    let back = |timestamp, held| E::VersionWentBack {
        key: key(),
        timestamp,
        held,
    };
    let a = |timestamp, text| version("a", timestamp, text);
    let too_large = |limit| E::TooLarge { limit };
    let impossible = |timestamp| E::Impossible { timestamp };
    let cases = [
        (vec![a(timestamp, "1")], E::NeverStarted { timestamp }),
        (
            vec![life(2), life(2)],
            E::IncarnationWentBack { number, reached },
        ),
        (
            vec![life(0)],
            E::IncarnationWentBack {
                number: 0,
                reached: 0,
            },
        ),
        (vec![life(u64::MAX)], E::IncarnationsUsedUp),
        (
            vec![life(OperationName::INCARNATION_MAX)],
            E::IncarnationsUsedUp,
        ),
        (
            vec![life(1), a(at(Timestamp::COUNTER_MAX + 1, 1), "1")],
            impossible(at(Timestamp::COUNTER_MAX + 1, 1)),
        ),
        (
            vec![life(1), a(timestamp, "1"), a(timestamp, "1")],
            back(timestamp, held),
        ),
        (
            vec![life(1), a(timestamp, "1"), a(timestamp, "2")],
            back(timestamp, held),
        ),
        (
            vec![life(1), a(at(2, 0), "1"), a(timestamp, "2")],
            back(timestamp, at(2, 0)),
        ),
        (vec![life(1), a(at(0, 0), "1")], impossible(at(0, 0))),
        (vec![life(1), a(at(0, 1), "1")], impossible(at(0, 1))),
        (vec![life(1), a(at(1, 3), "1")], impossible(at(1, 3))),
        (vec![life(1), checkpoint(2, &["a"])], E::MisplacedCheckpoint),
        (
            vec![checkpoint(0, &[])],
            E::IncarnationWentBack {
                number: 0,
                reached: 0,
            },
        ),
        (
            vec![checkpoint(1, &["b", "a"])],
            E::OutOfOrder { key: key() },
        ),
        (
            vec![checkpoint(1, &["a", "a"])],
            E::OutOfOrder { key: key() },
        ),
        (vec![checkpoint(1, &["a", "b", "c"])], too_large("keys_max")),
        (
            vec![life(1), version("12345", timestamp, "1")],
            too_large("key_bytes_max"),
        ),
        (
            vec![life(1), a(timestamp, "123456789")],
            too_large("value_bytes_max"),
        ),
    ];
    for (records, error) in cases {
        assert_eq!(recover(records.clone()), Err(error), "{records:?}");
    }
}

/// Any records at all: an error or a store, and no panic.
#[test]
fn random_records_do_not_panic() {
    let mut random = Random(1);
    let mut recovered = 0;
    for _ in 0..20_000 {
        let records: Vec<Record> = (0..random.below(6))
            .map(|_| {
                let timestamp = at(random.below(4) as u64, random.below(4) as u32);
                let key = ["a", "b", "c", "12345"][random.below(4)];
                match random.below(5) {
                    0 => life(random.below(4) as u64),
                    1 => checkpoint(random.below(3) as u64, &["a", key]),
                    _ => version(key, timestamp, "1"),
                }
            })
            .collect();
        recovered += usize::from(recover(records).is_ok());
    }
    assert!(recovered > 1_000, "{recovered}");
}

/// Thousands of keys, each written again and again: what is written to the log, by kind, and how long it
/// gets, all in versions.
#[test]
fn the_log_is_not_longer_than_the_state_and_each_version_is_written_twice_at_most() {
    const KEYS: usize = 2_000;
    const WRITES: usize = 10 * KEYS;
    let config = Config::new(NodeId(0), majority(1)).unwrap();
    let config = config.checkpoint_bytes_min(4_096);
    let mut store = Store::recover(&config, vec![]).unwrap();
    let (mut effects, mut random) = (Effects::<Store>::new(), Random(1));
    let (mut in_checkpoints, mut in_log, mut longest) = (0, 0, 0);
    for write in 0..WRITES {
        let request = Request::Write {
            id: RequestId(0),
            key: format!("{:04}", (write * 7) % KEYS).as_str().into(),
            value: value("12345678"),
        };
        let mut input = Some(Input::Request(request));
        while let Some(next) = input.take() {
            let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut random, &mut effects);
            store.step(next, &mut cx);
            for effect in effects.drain() {
                match effect {
                    Effect::Persist { token, .. } => {
                        in_log += 1;
                        input = Some(Input::Durable(token));
                    }
                    Effect::Checkpoint { token, record, .. } => {
                        let Record::Checkpoint { registers, .. } = record else {
                            panic!()
                        };
                        in_checkpoints += registers.len();
                        in_log = 0;
                        input = Some(Input::Durable(token));
                    }
                    _ => {}
                }
            }
        }
        longest = longest.max(in_log);
    }
    assert_eq!(store.versions().len(), KEYS);
    assert_eq!(store.operations_len(), 0);
    assert!(longest <= KEYS + 1, "{longest}");
    assert!(in_checkpoints <= WRITES + KEYS, "{in_checkpoints}");
    assert!(
        in_checkpoints >= WRITES / 2,
        "{in_checkpoints}: they were there"
    );
}

/// A crash while a checkpoint is being written, and right after.
#[test]
fn a_crash_around_a_checkpoint_loses_nothing() {
    for keep in 0..8 {
        let change = |config: Config| config.checkpoint_bytes_min(100);
        let mut world = World::with(&majority(3), 0, change);
        for round in 0..9 {
            world.write(0, ["x", "y"][round % 2], &round.to_string());
            world.settle();
        }
        world.auto_sync = false;
        for round in 0..9 {
            world.write(1, ["x", "y"][round % 2], &(100 + round).to_string());
            world.settle();
            for id in [1, 2] {
                world.sync(id);
            }
            world.settle();
        }
        let unsynced = world.node(0).disk.entries.iter();
        assert!(unsynced.filter(|(_, keep)| keep.is_some()).count() > 1);
        world.crash(0, keep);
        world.auto_sync = true;
        world.restart(0);
        let reads = [world.read(0, "x"), world.read(0, "y")];
        world.settle();
        let found = reads.map(|read| world.found(read).value);
        assert_eq!(found, [value("108"), value("107")]);
        world.judge();
    }
}

/// The record of the incarnation is among those that a checkpoint replaces.
#[test]
fn a_checkpoint_carries_the_incarnation() {
    let change = |config: Config| config.checkpoint_bytes_min(0);
    let mut world = World::with(&majority(3), 0, change);
    for life in 1..4 {
        let write = world.write(0, "x", &life.to_string());
        let names = world.wire.iter().map(|packet| packet.message.operation());
        assert!(names.clone().count() > 0);
        assert!(names.into_iter().all(|name| name.incarnation == life));
        world.settle();
        assert!(world.is_written(write));
        world.write(0, "x", "again");
        world.settle();
        world.crash(0, 0);
        world.restart(0);
    }
    world.judge();
}

/// A store that holds nothing, and is started again and again.
#[test]
fn restarts_alone_do_not_grow_the_log() {
    for bytes_min in [0, 1_000] {
        let config = config().checkpoint_bytes_min(bytes_min);
        let mut disk: Vec<Stored<Record>> = vec![];
        let mut longest = 0;
        for _ in 0..500 {
            let mut store = Store::recover(&config, disk.clone()).unwrap();
            let last = disk.last().map_or(Token::NONE, |stored| stored.token);
            let (mut effects, mut random) = (Effects::resume(last), Random(1));
            let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut random, &mut effects);
            store.step(Input::Start, &mut cx);
            for effect in effects.drain() {
                match effect {
                    Effect::Persist { token, record } => disk.push(Stored { token, record }),
                    Effect::Checkpoint { token, record, .. } => {
                        disk = vec![Stored { token, record }];
                    }
                    _ => {}
                }
            }
            longest = longest.max(disk.len());
        }
        assert!(longest <= 40, "{longest} records");
        assert_eq!(Store::recover(&config, disk).unwrap().versions().len(), 0);
    }
}
