//! Requests: always answered by the node alone, each once, refused with its reason.

use std::time::Duration;

use consistency::eventual::{Config, ConfigError, Event, EventualStore, Refusal, Request};
use transport::{Input, NodeId, Recover, RequestId};

use crate::world::{World, config, context, empty, of, put, values};

#[test]
fn one_node_works_and_never_asks_to_be_woken() {
    let mut world = World::new(1, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    let seen = world.put(0, "fruit", "pear", seen.context());
    assert_eq!(values(&world.get(0, "fruit")), ["pear"]);
    assert!(world.delete(0, "fruit", seen.context()).is_tombstone());
    assert!(world.get(0, "fruit").siblings().is_empty());
    assert_eq!(world.versions_sent + world.compares_sent, 0);
    assert!(transport::Process::deadline(world.store(0)).is_none());
}

#[test]
fn every_node_answers_while_it_is_cut_off_from_all_others() {
    let mut world = World::new(3, 1);
    for id in 0..3 {
        world.isolate(id);
    }
    for id in 0..3 {
        let before = world.now;
        let seen = world.put(id, "fruit", &format!("of {id}"), &empty());
        assert_eq!(world.get(id, "fruit"), seen);
        assert!(
            world.now.since(before) <= Duration::from_millis(1),
            "a sync and no more"
        );
    }
    world.heal();
    world.run_until(World::converged);
    assert_eq!(world.shown(0, "fruit"), ["of 0", "of 1", "of 2"]);
    let seen = world.get(1, "fruit");
    world.put(1, "fruit", "all", seen.context());
    world.run_until(World::converged);
    assert_eq!(world.shown(2, "fruit"), ["all"]);
}

#[test]
fn a_write_is_acknowledged_only_when_its_record_is_durable() {
    let mut world = World::new(2, 1);
    world.sync_after = None;
    let id = world.ask(NodeId(0), put("fruit", "apple", &empty()));
    world.run_for(Duration::from_secs(1));
    assert!(!world.answers.contains_key(&id));
    assert_eq!(world.store(0).waiting_len(), 1);
    assert_eq!(world.versions_sent, 0, "and nobody else hears of it");
    world.sync(NodeId(0));
    assert!(world.answers.contains_key(&id));
    assert_eq!((world.store(0).waiting_len(), world.versions_sent), (0, 1));
}

#[test]
fn a_write_reaches_the_peers_without_waiting_for_an_exchange() {
    let mut world = World::new(3, 1);
    world.put(0, "fruit", "apple", &empty());
    world.run_for(Duration::from_millis(5));
    assert!(world.converged());
    assert_eq!((world.versions_sent, world.compares_sent), (2, 0));
}

#[test]
fn an_empty_delete_and_a_repeated_one_change_nothing() {
    let mut world = World::new(2, 1);
    world.delete(0, "fruit", &empty());
    assert_eq!((world.store(0).keys_len(), world.disk_len(0)), (0, 0));
    let seen = world.put(0, "fruit", "apple", &empty());
    world.delete(0, "fruit", seen.context());
    let disk = world.disk_len(0);
    assert!(world.delete(0, "fruit", seen.context()).is_tombstone());
    assert_eq!(world.disk_len(0), disk);
}

#[test]
fn a_key_can_be_written_again_after_a_delete() {
    let mut world = World::new(2, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    let gone = world.delete(0, "fruit", seen.context());
    world.put(0, "fruit", "pear", gone.context());
    world.run_until(World::converged);
    assert_eq!(world.shown(1, "fruit"), ["pear"]);
}

fn tight(id: u32, count: u32) -> Config {
    config(id, count)
        .keys_max(2)
        .and_then(|config| config.siblings_max(2))
        .and_then(|config| config.key_bytes_max(5))
        .and_then(|config| config.value_bytes_max(5))
        .and_then(|config| config.requests_max(2))
        .unwrap()
}

#[test]
fn what_is_too_long_is_refused_whole() {
    let mut world = World::with(vec![tight(0, 1)], 1);
    let too_long = Refusal::KeyTooLong { bytes_max: 5 };
    assert_eq!(world.refused(0, put("fruits", "", &empty())), too_long);
    let too_long = Refusal::ValueTooLong { bytes_max: 5 };
    assert_eq!(world.refused(0, put("fruit", "orange", &empty())), too_long);
    let event = world.answer(0, put("fruit", "orange", &empty()));
    let Event::Refused { request, .. } = event else {
        panic!("it was done")
    };
    assert_eq!(request, put("fruit", "orange", &empty())(request.id()));
    assert_eq!((world.store(0).keys_len(), world.disk_len(0)), (0, 0));
}

#[test]
fn siblings_are_bounded_and_a_write_that_knows_them_makes_room() {
    let mut world = World::with(vec![tight(0, 2), tight(1, 2)], 1);
    world.put(0, "fruit", "a", &empty());
    let seen = world.put(0, "fruit", "b", &empty());
    let full = Refusal::TooManySiblings { siblings_max: 2 };
    assert_eq!(world.refused(0, put("fruit", "c", &empty())), full);
    assert_eq!(
        values(&world.get(0, "fruit")),
        ["a", "b"],
        "none is dropped"
    );
    world.put(0, "fruit", "c", seen.context());
    world.run_until(World::converged);
    // Replication may bring more than the limit: members × the limit at most.
    world.isolate(1);
    world.put(0, "fruit", "d", &empty());
    let mine = world.get(1, "fruit");
    world.put(1, "fruit", "e", mine.context());
    world.put(1, "fruit", "f", &empty());
    world.heal();
    world.run_until(World::converged);
    let seen = world.get(0, "fruit");
    assert_eq!(values(&seen).len(), 3);
    assert_eq!(world.refused(0, put("fruit", "g", &empty())), full);
    world.put(0, "fruit", "g", seen.context());
    assert_eq!(world.shown(0, "fruit"), ["g"]);
}

#[test]
fn each_node_writes_a_bounded_number_of_keys_and_replicas_take_them_all() {
    let mut world = World::with(vec![tight(0, 2), tight(1, 2)], 1);
    for (node, key) in [(0, "a"), (0, "b"), (1, "c"), (1, "d")] {
        let seen = world.put(node, key, "v", &empty());
        world.delete(node, key, seen.context());
    }
    world.run_until(World::converged);
    assert_eq!(world.store(0).keys_len(), 4);
    let full = Refusal::TooManyKeys { keys_max: 2 };
    for key in ["e", "c"] {
        assert_eq!(world.refused(0, put(key, "v", &empty())), full);
    }
    // A key it has written may be written again, and any key may be deleted.
    world.put(0, "a", "v", &empty());
    world.put(1, "c", "v", &empty());
    world.run_until(World::converged);
    let seen = world.get(0, "c");
    assert!(world.delete(0, "c", seen.context()).is_tombstone());
    // Deletes of keys that nobody wrote do not fill the table.
    let lies = |id| Request::Delete {
        id,
        key: "e".into(),
        context: of("e", &context(&[0, 1])),
    };
    assert_eq!(world.refused(0, lies), full);
    // The count survives a crash.
    world.crash(NodeId(0));
    world.restart(NodeId(0));
    assert_eq!(world.store(0).keys_written(), 2);
    assert_eq!(world.refused(0, put("e", "v", &empty())), full);
}

#[test]
fn contexts_that_no_node_gave_are_refused() {
    let mut world = World::new(3, 1);
    world.put(0, "fruit", "apple", &empty());
    let refused = world.refused(0, put("fruit", "pear", &context(&[1])));
    assert_eq!(
        refused,
        Refusal::ContextWidth {
            slots: 1,
            members: 3
        }
    );
    let elsewhere = context(&[1, 0, 0]).with_epoch(3);
    let refused = world.refused(0, put("fruit", "pear", &elsewhere));
    assert_eq!(refused, Refusal::ContextOfAnotherEpoch { epoch: 3 });
    let refused = world.refused(0, put("fruit", "pear", &context(&[2, 0, 0])));
    let unknown = Refusal::ContextUnknown {
        slot: 0,
        claimed: 2,
        known: 1,
    };
    assert_eq!(refused, unknown);
    let refused = world.refused(0, put("fruit", "pear", &context(&[0, u64::MAX, 0])));
    assert!(matches!(
        refused,
        Refusal::ContextUnknown {
            slot: 1,
            known: 0,
            ..
        }
    ));
    // Ahead in what others wrote: that is what another replica may well have shown.
    world.put(0, "fruit", "pear", &context(&[1, 7, 0]));
    assert_eq!(world.shown(0, "fruit"), ["pear"]);
}

// Its counters would claim writes of this key that are yet to come, and drop them when they come.
#[test]
fn a_context_of_another_key_is_refused_and_costs_no_write() {
    let mut world = World::new(2, 1);
    for value in ["a", "b", "c"] {
        let seen = world.get(1, "herbs");
        world.put(1, "herbs", value, seen.context());
    }
    world.run_until(World::converged);
    let wrong = of("herbs", world.get(0, "herbs").context());
    world.isolate(0);
    let (key, other) = (|| "fruit".into(), wrong.clone());
    let write = |id| Request::Put {
        id,
        key: key(),
        value: "apple".into(),
        context: wrong,
    };
    assert_eq!(world.refused(0, write), Refusal::ContextOfAnotherKey);
    let delete = |id| Request::Delete {
        id,
        key: key(),
        context: other,
    };
    assert_eq!(world.refused(0, delete), Refusal::ContextOfAnotherKey);
    world.put(1, "fruit", "pear", &empty());
    world.heal();
    world.run_until(World::converged);
    assert_eq!(world.shown(0, "fruit"), ["pear"]);
    // Who has seen nothing of the one has seen nothing of the other.
    let nothing = of("nuts", world.get(0, "nuts").context());
    let write = |id| Request::Put {
        id,
        key: key(),
        value: "plum".into(),
        context: nothing,
    };
    let event = world.answer(0, write);
    let Event::Done { reply, .. } = event else {
        panic!("refused")
    };
    assert_eq!(values(reply.versions()), ["plum", "pear"]);
    assert_eq!(reply.context(), of("fruit", reply.versions().context()));
}

#[test]
fn a_request_whose_name_is_in_use_is_refused_and_the_first_goes_on() {
    let mut world = World::new(1, 1);
    world.sync_after = None;
    let first = world.ask(NodeId(0), put("fruit", "apple", &empty()));
    let mut store = world.store(0).clone();
    let (mut effects, mut choices) = (transport::Effects::new(), transport::Scripted::default());
    let mut cx = transport::Context::new(world.now, world.now, &mut choices, &mut effects);
    let again = put("fruit", "pear", &empty())(first);
    transport::Process::step(&mut store, Input::Request(again.clone()), &mut cx);
    let refusal = Refusal::RepeatedId;
    let refused = Event::Refused {
        request: again,
        refusal,
    };
    assert!(matches!(
        effects.as_slice(),
        [transport::Effect::Emit { event, after: transport::Token::NONE }] if *event == refused
    ));
    world.sync(NodeId(0));
    assert!(matches!(world.answers[&first], Event::Done { .. }));
}

#[test]
fn answers_that_wait_for_a_hanging_disk_are_bounded() {
    let mut world = World::with(vec![tight(0, 1)], 1);
    world.sync_after = None;
    for value in ["a", "b"] {
        world.ask(NodeId(0), put("fruit", value, &empty()));
    }
    let full = Refusal::Overloaded { requests_max: 2 };
    let get = |id: RequestId| Request::Get {
        id,
        key: "fruit".into(),
    };
    assert_eq!(world.refused(0, get), full);
    world.sync(NodeId(0));
    world.sync_after = Some(Duration::from_micros(100));
    assert_eq!(values(&world.get(0, "fruit")), ["a", "b"]);
}

#[test]
fn messages_that_come_while_the_disk_hangs_are_shed_and_repair_brings_their_content() {
    let mut world = World::with((0..2).map(|id| tight(id, 2)).collect(), 1);
    let (seen, shed) = (world.put(0, "fruit", "v0", &empty()), 5);
    world.sync_after = None;
    let mut seen = seen;
    for number in 1..=shed {
        world.ask(
            NodeId(0),
            put("fruit", &format!("v{number}"), seen.context()),
        );
        world.sync(NodeId(0));
        seen = world.store(0).versions(b"fruit").unwrap().clone();
        world.run_for(Duration::from_millis(5));
    }
    assert!(world.store(1).messages_shed() > 0);
    world.sync_after = Some(Duration::from_micros(100));
    world.sync(NodeId(1));
    world.run_until(World::converged);
    assert_eq!(world.shown(1, "fruit"), ["v5"]);
}

#[test]
fn configurations_that_cannot_work_are_refused_with_their_reason() {
    let members = || [0, 1].map(NodeId);
    let stranger = Config::new(NodeId(2), members()).unwrap_err();
    assert_eq!(stranger, ConfigError::NotAMember { id: NodeId(2) });
    let twice = Config::new(NodeId(0), [0, 1, 1].map(NodeId)).unwrap_err();
    assert_eq!(twice, ConfigError::RepeatedMember { id: NodeId(1) });
    let crowd = Config::new(NodeId(0), (0..1_025).map(NodeId)).unwrap_err();
    assert_eq!(crowd, ConfigError::TooManyMembers { count: 1_025 });
    let config = || Config::new(NodeId(0), members()).unwrap();
    let zeros = [
        config().keys_max(0),
        config().siblings_max(0),
        config().key_bytes_max(0),
        config().value_bytes_max(0),
        config().page_keys_max(0),
        config().page_bytes_max(0),
        config().requests_max(0),
        config().checkpoint_changes(0),
        config().exchange_interval(Duration::ZERO),
    ];
    for zero in zeros {
        assert!(matches!(zero, Err(ConfigError::ZeroLimit { .. })));
    }
    assert!(EventualStore::recover(&config(), vec![]).is_ok());
}
