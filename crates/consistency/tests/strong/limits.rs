//! Limits: what is too much is refused before anything is stored.

use std::time::Duration;

use consistency::strong::{Config, ConfigError, Event, Refusal, Request};
use quorum::QuorumSystem;
use transport::{Input, NodeId, RequestId};

use crate::world::{World, majority, value};

fn small(config: Config) -> Config {
    let config = config.keys_max(2).unwrap().operations_max(3).unwrap();
    config.key_bytes_max(4).unwrap().value_bytes_max(8).unwrap()
}

fn refusal(world: &World, request: RequestId) -> Refusal {
    match world.event(request) {
        Event::Refused { refusal, .. } => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn long_keys_and_values_are_refused_and_handed_back() {
    let mut world = World::with(&majority(3), 0, small);
    let too_long = [
        (
            world.write(0, "12345", "a"),
            Refusal::KeyTooLong { bytes_max: 4 },
        ),
        (world.read(0, "12345"), Refusal::KeyTooLong { bytes_max: 4 }),
        (
            world.write(0, "1234", "123456789"),
            Refusal::ValueTooLong { bytes_max: 8 },
        ),
    ];
    for (request, why) in too_long {
        assert_eq!(refusal(&world, request), why);
    }
    let Event::Refused { request, .. } = world.event(too_long[2].0) else {
        panic!()
    };
    let (id, key) = (too_long[2].0, "1234".into());
    let handed_back = Request::Write {
        id,
        key,
        value: value("123456789"),
    };
    assert_eq!(*request, handed_back);
    assert_eq!(world.messages_sent, 0);
    let fits = world.write(0, "1234", "12345678");
    world.settle();
    assert!(world.is_written(fits));
    world.judge();
}

#[test]
fn one_operation_too_many_is_refused_and_the_others_go_on() {
    let mut world = World::with(&majority(3), 0, small);
    let held: Vec<RequestId> = (0..3).map(|_| world.read(0, "x")).collect();
    let beyond = world.write(0, "x", "a");
    assert_eq!(
        refusal(&world, beyond),
        Refusal::Overloaded { operations_max: 3 }
    );
    assert_eq!(world.store(0).operations_len(), 3);
    world.settle();
    assert!(held.iter().all(|&request| !world.is_open(request)));
    let after = world.write(0, "x", "a");
    world.settle();
    assert!(world.is_written(after));
    world.judge();
}

/// A disk that hangs keeps the own replica's answers waiting while clients come and go.
#[test]
fn a_hanging_disk_does_not_gather_answers_without_bound() {
    let mut world = World::with(&majority(3), 0, small);
    world.auto_sync = false;
    // A version that never gets durable stands before every answer from here on.
    let write = world.write(0, "x", "a");
    world.settle();
    assert!(world.is_open(write));
    let mut overloaded = 0;
    for _ in 0..20 {
        let read = world.read(0, "x");
        world.pass_ms(10_000);
        world.wire.clear();
        overloaded += usize::from(refusal(&world, read) != Refusal::NoQuorum);
    }
    assert_eq!(overloaded, 18, "two reads were taken besides the write");
}

#[test]
fn a_name_in_use_is_refused_and_its_first_holder_goes_on() {
    let mut world = World::new(3);
    let write = world.write(0, "x", "a");
    let read = Request::Read {
        id: write,
        key: "x".into(),
    };
    // The world would take the refusal for the answer: ask the store alone.
    let mut store = world.store(0).clone();
    let (mut effects, mut choices) = (transport::Effects::new(), transport::Scripted::default());
    let mut cx = transport::Context::new(world.now, world.now, &mut choices, &mut effects);
    transport::Process::step(&mut store, Input::Request(read.clone()), &mut cx);
    let refusal = Refusal::RepeatedId;
    let event = Event::Refused {
        request: read,
        refusal,
    };
    let told = effects.as_slice().iter().any(
        |effect| matches!(effect, transport::Effect::Emit { event: told, .. } if *told == event),
    );
    assert!(told);
    assert_eq!(store.operations_len(), 1);
    world.settle();
    assert!(world.is_written(write));
}

#[test]
fn a_new_key_is_refused_when_the_own_replica_is_full() {
    let mut world = World::with(&majority(3), 0, small);
    for key in ["a", "b"] {
        world.write(0, key, "1");
        world.settle();
    }
    let sent = world.messages_sent;
    let write = world.write(0, "c", "1");
    assert_eq!(refusal(&world, write), Refusal::Full);
    assert_eq!(world.messages_sent, sent);
    // Keys it holds can still be written, and any key read; a delete frees no place.
    let writes = [world.write(0, "a", "2"), world.delete(0, "b")];
    let read = world.read(0, "c");
    world.settle();
    assert!(writes.iter().all(|&write| world.is_written(write)));
    assert_eq!(world.found(read).value, None);
    let write = world.write(0, "c", "1");
    assert_eq!(refusal(&world, write), Refusal::Full);
    world.judge();
}

/// Node 2 has room, and those that it needs have none.
#[test]
fn a_new_key_is_refused_when_no_write_quorum_has_room_and_nothing_is_stored() {
    let mut world = World::with(&majority(3), 0, small);
    for key in ["a", "b"] {
        world.write(0, key, "1");
        world.settle_among(&[0, 1]);
        world.wire.clear();
    }
    let write = world.write(2, "c", "1");
    world.settle();
    assert_eq!(refusal(&world, write), Refusal::Full);
    assert_eq!(world.store(2).version(b"c"), None);
    let read = world.read(2, "c");
    world.settle();
    assert_eq!(world.found(read).timestamp.counter, 0);
    world.judge();
}

/// Two new keys race for the last place: whoever finds it taken does not know.
#[test]
fn a_place_that_is_taken_between_the_phases_ends_unknown() {
    let mut world = World::with(&majority(3), 0, small);
    world.write(0, "a", "1");
    world.settle();
    let writes = [world.write(0, "b", "1"), world.write(1, "c", "1")];
    world.deliver_where(|packet| !packet.is_update());
    // The third node, and the second, take b; the third has no room for c, nor has the first.
    world.deliver_where(|packet| packet.is_update() && packet.from == 0 && packet.to == 2);
    world.settle();
    assert!(world.is_written(writes[0]));
    assert_eq!(*world.event(writes[1]), Event::Unknown { id: writes[1] });
    // The version of c is at the second node only: who meets it there and cannot write it back knows
    // nothing, who does not meet it reads that the key is absent.
    let read = world.read(1, "c");
    world.settle();
    assert_eq!(refusal(&world, read), Refusal::Full);
    let read = world.read(0, "c");
    world.settle_among(&[0, 2]);
    assert_eq!(world.found(read).value, None);
    world.judge();
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let id = NodeId(0);
    let many = QuorumSystem::majority((0..65).map(NodeId)).unwrap();
    let count = 65;
    assert_eq!(
        Config::new(id, many),
        Err(ConfigError::TooManyMembers { count })
    );
    let most = QuorumSystem::majority((0..64).map(NodeId)).unwrap();
    assert!(Config::new(NodeId(63), most).is_ok());
    let config = || Config::new(id, majority(3)).unwrap();
    let zero = |field| Err(ConfigError::ZeroLimit { field });
    assert_eq!(config().resend_after(Duration::ZERO), zero("resend_after"));
    assert_eq!(
        config().resend_interval_max(Duration::ZERO),
        zero("resend_interval_max")
    );
    assert_eq!(config().patience(Duration::ZERO), zero("patience"));
    assert_eq!(config().operations_max(0), zero("operations_max"));
    assert_eq!(config().key_bytes_max(0), zero("key_bytes_max"));
    assert_eq!(config().value_bytes_max(0), zero("value_bytes_max"));
}

/// 64 members: the counting word is used to its last bit.
#[test]
fn the_greatest_store_works() {
    let mut world = World::new(64);
    let write = world.write(63, "x", "a");
    world.settle();
    let read = world.read(0, "x");
    world.settle();
    assert!(world.is_written(write));
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// Patience without end saturates and does not overflow.
#[test]
fn a_patience_without_end_waits_without_end() {
    let change = |config: Config| config.patience(Duration::MAX).unwrap();
    let mut world = World::with(&majority(3), 0, change);
    let write = world.write(0, "x", "a");
    world.wire.clear();
    world.pass_ms(60_000);
    assert!(world.is_open(write));
    world.settle();
    assert!(world.is_written(write));
    world.judge();
}
