//! Recovery: a replica is what its records say, and records that no replica writes are refused.

use std::time::Duration;

use consistency::eventual::{Config, EventualStore, KeyVersions, Record, RecoverError, Versions};
use transport::{NodeId, Recover, Stored, Token};

use crate::world::{World, config, context, empty};

fn recover(records: Vec<Record>) -> Result<EventualStore, RecoverError> {
    let config = Config::new(NodeId(0), [0, 1].map(NodeId))
        .and_then(|config| config.keys_max(2))
        .and_then(|config| config.siblings_max(2))
        .and_then(|config| config.key_bytes_max(5))
        .and_then(|config| config.value_bytes_max(5))
        .unwrap();
    let stored = |(place, record)| Stored {
        token: Token(place as u64 + 1),
        record,
    };
    let records = records.into_iter().enumerate().map(stored);
    EventualStore::recover(&config, records.collect())
}

fn item(key: &str, values: &[&str]) -> KeyVersions {
    let mut versions = Versions::new(2).unwrap();
    for value in values {
        versions.put(0, &empty(), (*value).into()).unwrap();
    }
    let key = key.into();
    KeyVersions { key, versions }
}

#[test]
fn no_records_are_a_new_replica() {
    let store = recover(vec![]).unwrap();
    assert_eq!((store.keys_len(), store.keys_written()), (0, 0));
}

#[test]
fn every_contradiction_in_the_records_is_named() {
    let a = |values: &[&str]| vec![item("a", values)];
    let unsound = |key: &str| RecoverError::Unsound { key: key.into() };
    let wide = {
        let mut versions = Versions::new(3).unwrap();
        versions.put(2, &empty(), "v".into()).unwrap();
        let key = "a".into();
        vec![KeyVersions { key, versions }]
    };
    let other_branch = {
        let mut versions = Versions::new(2).unwrap();
        versions.put(1, &empty(), "v".into()).unwrap();
        let key = "a".into();
        vec![KeyVersions { key, versions }]
    };
    let resurrected = {
        let mut gone = item("a", &["1"]);
        gone.versions.delete(&context(&[1, 0])).unwrap();
        vec![Record::Changed(vec![gone]), Record::Changed(a(&["1"]))]
    };
    let back = || RecoverError::WentBack { key: "a".into() };
    let many = |from: usize| {
        let items = (from..from + 3).map(|number| item(&format!("{number}"), &["v"]));
        items.collect::<Vec<_>>()
    };
    let cases = [
        (vec![Record::Changed(a(&[]))], unsound("a")),
        (vec![Record::Changed(wide)], unsound("a")),
        (vec![Record::Changed(a(&["123456"]))], unsound("a")),
        (
            vec![Record::Changed(vec![item("aaaaaa", &["1"])])],
            unsound("aaaaaa"),
        ),
        (
            vec![Record::Changed(a(&["1", "2", "3", "4", "5"]))],
            unsound("a"),
        ),
        (
            vec![Record::Changed(a(&["1", "2"])), Record::Changed(a(&["1"]))],
            back(),
        ),
        (
            vec![Record::Changed(a(&["1"])), Record::Changed(other_branch)],
            back(),
        ),
        (resurrected, back()),
        (
            vec![Record::Changed(a(&["1"])), Record::Checkpoint(vec![])],
            RecoverError::LateCheckpoint,
        ),
        (
            vec![Record::Checkpoint([a(&["1"]), a(&["1"])].concat())],
            RecoverError::RepeatedKey { key: "a".into() },
        ),
        (
            vec![Record::Checkpoint(many(0)), Record::Changed(many(3))],
            RecoverError::TooManyKeys { keys_max: 4 },
        ),
    ];
    for (written, error) in cases {
        assert_eq!(recover(written.clone()).unwrap_err(), error, "{written:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_recovered_replica_equals_the_one_before_the_crash() {
    let mut world = World::with(
        (0..2)
            .map(|id| config(id, 2).checkpoint_changes(10).unwrap())
            .collect(),
        3,
    );
    for number in 0..300_u32 {
        let key = format!("{}", number % 7);
        let seen = world.get(number % 2, &key);
        if number % 5 == 0 {
            world.delete(number % 2, &key, seen.context());
        } else {
            world.put(number % 2, &key, &format!("{number}"), seen.context());
        }
        if number % 20 == 0 {
            world.run_for(Duration::from_millis(10));
            let id = NodeId(number % 2);
            let before = world.store(id.0).clone();
            world.crash(id);
            world.restart(id);
            assert!(world.store(id.0).iter().eq(before.iter()));
            assert_eq!(world.store(id.0).keys_written(), before.keys_written());
        }
    }
}

#[test]
fn the_log_is_bounded_by_checkpoints() {
    let mut world = World::with(vec![config(0, 1).checkpoint_changes(16).unwrap()], 1);
    let mut longest = 0;
    for number in 0..2_000 {
        let key = format!("{}", number % 40);
        let seen = world.get(0, &key);
        world.put(0, &key, "v", seen.context());
        longest = longest.max(world.disk_len(0));
    }
    // A checkpoint, as many records as there are keys, and what one sync covers.
    assert!((40..=44).contains(&longest), "{longest}");
}
