//! Recovery: a replica is what its records say, and records that no replica writes are refused.

use std::time::Duration;

use consistency::eventual::{
    Config, Event, EventualStore, KeyVersions, Message, Record, RecoverError, Request, Versions,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Stored, Time,
    Token,
};

use crate::world::{World, checkpoint, config, context, empty, put};

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
            vec![Record::Changed(a(&["1"])), checkpoint(2, vec![])],
            RecoverError::LateCheckpoint,
        ),
        (
            vec![checkpoint(2, [a(&["1"]), a(&["1"])].concat())],
            RecoverError::RepeatedKey { key: "a".into() },
        ),
        (
            vec![checkpoint(2, many(0)), Record::Changed(many(3))],
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

#[test]
fn a_clock_narrower_than_the_cluster_is_refused() {
    let mut versions = Versions::new(1).unwrap();
    versions.put(0, &empty(), "v".into()).unwrap();
    let key = "a".into();
    let narrow = vec![KeyVersions { key, versions }];
    let error = RecoverError::Unsound { key: "a".into() };
    assert_eq!(recover(vec![Record::Changed(narrow)]).unwrap_err(), error);
}

#[test]
fn the_log_of_a_cluster_with_other_members_is_refused() {
    let members = |ids: &[u32]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
    for count in [1, 3] {
        let error = recover(vec![checkpoint(count, vec![])]).unwrap_err();
        let ids: Vec<u32> = (0..count).collect();
        let members = members(&ids);
        assert_eq!(error, RecoverError::OtherMembers { members });
    }
    // What a replica writes first says whose log it is.
    let config = |ids: &[u32]| Config::new(NodeId(0), members(ids)).unwrap();
    let mut store = EventualStore::recover(&config(&[0, 1]), vec![]).unwrap();
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let request = put("a", "v", &empty())(RequestId(1));
    let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
    store.step(Input::Request(request), &mut cx);
    let log = effects.drain().find_map(|effect| match effect {
        Effect::Checkpoint { token, record, .. } => Some(vec![Stored { token, record }]),
        _ => None,
    });
    let log = log.expect("a checkpoint");
    let back = EventualStore::recover(&config(&[0, 1]), log.clone()).unwrap();
    assert_eq!((back.keys_len(), back.keys_written()), (1, 1));
    let error = EventualStore::recover(&config(&[0, 2]), log).unwrap_err();
    let members = members(&[0, 1]);
    assert_eq!(error, RecoverError::OtherMembers { members });
}

/// A process around the store that writes a record of its own at each start.
struct Wrapper {
    inner: EventualStore,
    effects: Effects<EventualStore>,
}

impl Process for Wrapper {
    type Message = Message;
    type Request = Request;
    type Event = Event;
    type Record = Option<Record>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let input = match input {
            Input::Start => {
                cx.persist(None);
                Input::Start
            }
            Input::Request(request) => Input::Request(request),
            _ => return,
        };
        cx.nested(&mut self.effects, |cx| self.inner.step(input, cx));
        for effect in self.effects.drain() {
            cx.forward(effect.map(|message| message, |event| event, Some));
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

#[test]
fn answers_wait_for_the_records_of_the_store_and_not_for_those_of_a_wrapper() {
    let config = config(0, 2).requests_max(2).unwrap();
    let inner = EventualStore::recover(&config, vec![]).unwrap();
    let effects = Effects::new();
    let mut wrapper = Wrapper { inner, effects };
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let read = |id| Request::Get {
        id: RequestId(id),
        key: "k".into(),
    };
    let write = |id| put("k", "v", &empty())(RequestId(id));
    let mut inputs = vec![Input::Start];
    inputs.extend((0..50).map(|id| Input::Request(read(id))));
    inputs.extend((50..100).map(|id| Input::Request(write(id))));
    let (mut at_once, mut gated, mut refused) = (0, 0, 0);
    for input in inputs {
        let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
        wrapper.step(input, &mut cx);
        for effect in effects.drain() {
            match effect {
                Effect::Emit {
                    event: Event::Refused { .. },
                    ..
                } => refused += 1,
                Effect::Emit { after, .. } if after == Token::NONE => at_once += 1,
                Effect::Emit { .. } => gated += 1,
                _ => {}
            }
        }
    }
    // The disk never says that the wrapper's record is durable, nor any other.
    assert_eq!((at_once, gated, refused), (50, 2, 48));
}
