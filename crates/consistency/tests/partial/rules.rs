//! The rules and the promises, one sentence each; and for what is not promised, the history that shows it.

use std::time::Duration;

use consistency::partial::{
    Answer, Asks, Config, ConfigError, Event, Message, Refusal, Request, Store,
};
use transport::{Input, NodeId, Recover};

use crate::world::{Packet, World, value};

#[test]
fn a_write_ends_when_w_replicas_have_stored_it() {
    for wanted in 1..=3 {
        let mut world = World::new(3, 1, wanted);
        let write = world.write(0, "x", "a");
        for replica in 1..3 {
            assert_eq!(
                world.is_written(write),
                replica > wanted as u32 - 1 || wanted == 1
            );
            world.settle_but(|packet| packet.from.max(packet.to) > replica);
        }
        assert!(world.is_written(write));
    }
}

#[test]
fn a_read_returns_the_newest_of_its_first_r_answers() {
    let mut world = World::new(3, 2, 1);
    world.write(0, "x", "old");
    world.settle_all();
    let write = world.write(0, "x", "new");
    // Only the second replica hears of it.
    world.settle_but(|packet| packet.to == 2 || packet.from == 2);
    assert!(world.is_written(write));
    let both = world.read(2, "x");
    world.settle_but(|packet| packet.is_write() || packet.from.min(packet.to) == 0);
    assert_eq!(world.found(both), value("new"));
    assert_eq!(world.holds(2), value("old"), "nothing is written back");
    // The same, the newer answer first.
    let both = world.read(1, "x");
    world.settle_but(|packet| packet.is_write() || packet.from.min(packet.to) == 0);
    assert_eq!(world.found(both), value("new"));
}

#[test]
fn with_r_and_w_of_one_a_read_elsewhere_may_miss_a_write_that_ended() {
    let mut world = World::new(3, 1, 1);
    let write = world.write(0, "x", "a");
    assert!(world.is_written(write));
    let read = world.read(1, "x");
    assert_eq!(world.found(read), None);
    world.settle_all();
    let read = world.read(1, "x");
    assert_eq!(world.found(read), value("a"));
}

/// Why it is regular and not atomic: nothing is written back.
#[test]
fn two_reads_beside_a_write_may_go_back_even_where_quorums_meet() {
    let mut world = World::new(3, 2, 2);
    world.write(0, "x", "old");
    world.settle_all();
    let write = world.write(0, "x", "new");
    let first = world.read(1, "x");
    world.settle_but(|packet| packet.is_write() || packet.from == 2 || packet.to == 2);
    assert_eq!(world.found(first), value("new"));
    let second = world.read(1, "x");
    world.settle_but(|packet| packet.is_write() || packet.from == 0 || packet.to == 0);
    assert_eq!(world.found(second), value("old"));
    assert!(!world.is_written(write));
}

/// Why writers of one key should be one node: clocks are logical.
#[test]
fn a_later_write_of_a_node_that_heard_of_nothing_is_lost() {
    let mut world = World::new(3, 2, 2);
    for text in ["a", "b", "c"] {
        world.write(0, "x", text);
        world.settle_but(|packet| packet.to == 2 || packet.from == 2);
    }
    world.wire.clear();
    let late = world.write(2, "x", "late");
    world.settle_all();
    assert!(world.is_written(late));
    let read = world.read(2, "x");
    world.settle_all();
    assert_eq!(world.found(read), value("c"));
}

#[test]
fn a_write_is_above_every_version_that_its_node_has_read() {
    let mut world = World::new(3, 2, 2);
    for text in ["a", "b", "c"] {
        world.write(0, "y", text);
        world.settle_but(|packet| packet.to == 2 || packet.from == 2);
    }
    world.wire.clear();
    world.read(2, "y");
    world.settle_all();
    let write = world.write(2, "x", "d");
    world.settle_all();
    let Event::Written { timestamp, .. } = &world.events[&write] else {
        panic!()
    };
    assert_eq!(timestamp.counter, 4);
}

#[test]
fn a_write_is_sent_again_until_all_have_stored_it_although_its_client_was_answered() {
    let mut world = World::new(3, 1, 1);
    let write = world.write(0, "x", "a");
    world.wire.clear();
    assert!(world.is_written(write));
    assert_eq!(world.store(0).operations_len(), 1);
    world.pass_ms(100);
    world.settle_all();
    assert_eq!([world.holds(1), world.holds(2)], [value("a"), value("a")]);
    assert_eq!(world.store(0).operations_len(), 0);
}

#[test]
fn a_write_is_sent_no_more_when_its_patience_is_over() {
    let mut world = World::new(3, 1, 1);
    world.write(0, "x", "a");
    world.pass_ms(10_001);
    world.wire.clear();
    world.pass_ms(60_000);
    assert!(world.wire.is_empty());
    assert_eq!(world.store(0).operations_len(), 0);
}

#[test]
fn read_repair_brings_what_a_cut_withheld() {
    for repairs in [false, true] {
        let mut world = World::with(3, 1, 1, 0, |config| config.read_repair(repairs));
        world.write(0, "x", "a");
        world.pass_ms(10_001);
        world.wire.clear();
        // Its own replica answers first, with nothing; the others are heard when the client has gone.
        let read = world.read(1, "x");
        assert_eq!(world.found(read), None);
        world.settle_all();
        let expected = if repairs { value("a") } else { None };
        assert_eq!(
            [world.holds(1), world.holds(2)],
            [expected.clone(), expected]
        );
        assert_eq!(world.store(1).operations_len(), 0);
    }
}

#[test]
fn read_repair_does_not_wait_for_ever() {
    let mut world = World::with(3, 1, 1, 0, |config| config.read_repair(true));
    world.write(0, "x", "a");
    world.wire.clear();
    world.read(1, "x");
    // The third never answers.
    world.settle_but(|packet| packet.to == 2 || packet.is_write());
    assert_eq!(world.holds(1), None);
    world.pass_ms(50);
    assert_eq!(world.holds(1), value("a"));
    assert_eq!(world.store(1).operations_len(), 0);
}

#[test]
fn a_read_that_asks_r_asks_any_r_alike_and_then_all() {
    let mut asked = [0; 3];
    for seed in 0..3_000 {
        let mut world = World::with(3, 2, 1, seed, |config| config.asks(Asks::Quorum));
        let read = world.read(0, "x");
        let others: Vec<u32> = world.wire.iter().map(|packet| packet.to).collect();
        assert!((1..=2).contains(&others.len()));
        asked[0] += usize::from(others.len() == 1);
        others.iter().for_each(|&to| asked[to as usize] += 1);
        // Nobody answers in time: all are asked.
        world.wire.clear();
        world.pass_ms(50);
        assert_eq!(world.wire.len(), 2);
        world.settle_all();
        assert_eq!(world.found(read), None);
    }
    assert!(
        asked.iter().all(|count| count.abs_diff(2_000) < 100),
        "{asked:?}"
    );
}

#[test]
fn without_a_quorum_a_read_is_refused_and_a_write_is_unknown() {
    let mut world = World::new(3, 2, 2);
    let (read, write) = (world.read(0, "x"), world.write(0, "x", "a"));
    world.pass_ms(10_001);
    let refused = Event::Refused {
        request: Request::Read {
            id: read,
            key: "x".into(),
        },
        refusal: Refusal::NoQuorum,
    };
    assert_eq!(world.events[&read], refused);
    assert_eq!(world.events[&write], Event::Unknown { id: write });
    assert_eq!(world.store(0).operations_len(), 0);
}

#[test]
fn nothing_is_answered_or_acknowledged_before_it_is_durable() {
    let mut world = World::new(3, 1, 1);
    world.auto_sync = false;
    let write = world.write(0, "x", "a");
    let read = world.read(0, "x");
    assert!(!world.wire.iter().any(Packet::is_write) && world.events.is_empty());
    world.sync(0);
    assert!(world.is_written(write));
    assert_eq!(world.found(read), value("a"));
    world.settle_but(|packet| !packet.is_write());
    assert!(
        world.wire.iter().all(|packet| packet.from == 0),
        "not acknowledged"
    );
    assert_eq!(world.holds(1), value("a"));
    world.sync(1);
    assert!(world.wire.iter().any(|packet| packet.from == 1));
}

/// What a crash forgets, nobody has seen, so its timestamp may be used again.
#[test]
fn a_timestamp_that_was_seen_outlives_a_crash() {
    for keep in 0..3 {
        let mut world = World::new(2, 1, 1);
        world.auto_sync = false;
        world.write(0, "x", "a");
        world.write(0, "x", "b");
        world.settle_all();
        world.crash(0, keep);
        world.restart(0);
        world.sync(0);
        world.write(0, "x", "c");
        world.sync(0);
        world.settle_all();
        assert_eq!(world.holds(1), value("c"));
    }
}

#[test]
fn an_answer_to_a_former_life_does_not_count() {
    let mut world = World::new(3, 1, 3);
    world.write(0, "x", "a");
    world.settle_but(|packet| !packet.is_write());
    let replies = world.wire.clone();
    assert_eq!(replies.len(), 2);
    world.crash(0, 0);
    world.restart(0);
    world.wire.clear();
    let write = world.write(0, "x", "b");
    world.wire = replies;
    world.settle_all();
    assert!(!world.is_written(write));
}

#[test]
fn a_replica_that_has_no_room_is_missed_at_once() {
    let mut world = World::with(2, 1, 2, 0, |config| config.keys_max(1).unwrap());
    world.write(0, "x", "a");
    world.settle_all();
    let refused = world.write(0, "y", "b");
    assert!(matches!(&world.events[&refused],
        Event::Refused { refusal, .. } if *refusal == Refusal::Full));
    let mut world = World::with(2, 1, 2, 0, |config| config.keys_max(1).unwrap());
    world.write(0, "x", "a");
    world.write(1, "y", "b");
    world.settle_all();
    assert!(
        world
            .events
            .values()
            .all(|event| matches!(event, Event::Unknown { .. }))
    );
    assert_eq!(world.events.len(), 2);
}

#[test]
fn operations_that_only_repair_give_way_to_requests() {
    let mut world = World::with(3, 1, 1, 0, |config| config.operations_max(2).unwrap());
    for text in ["a", "b", "c", "d"] {
        let write = world.write(0, "x", text);
        assert!(world.is_written(write));
        assert!(world.store(0).operations_len() <= 2);
    }
    let mut world = World::with(3, 2, 2, 0, |config| config.operations_max(2).unwrap());
    let [one, two, three] = [(); 3].map(|()| world.read(0, "x"));
    assert!(!world.events.contains_key(&one) && !world.events.contains_key(&two));
    assert!(
        matches!(&world.events[&three], Event::Refused { refusal, .. }
        if *refusal == Refusal::Overloaded { operations_max: 2 })
    );
}

#[test]
fn a_repeated_name_and_what_is_too_long_are_refused() {
    let mut world = World::with(3, 2, 2, 0, |config| {
        config.key_bytes_max(2).unwrap().value_bytes_max(2).unwrap()
    });
    let open = world.read(0, "x");
    let again = |refusal| Event::Refused {
        request: Request::Read {
            id: open,
            key: "y".into(),
        },
        refusal,
    };
    let request = Request::Read {
        id: open,
        key: "y".into(),
    };
    // The world would take the refusal for the end of the first.
    let mut store = world.nodes[0].store.take().unwrap();
    let mut effects = transport::Effects::resume(transport::Token(9));
    let mut cx = transport::Context::new(world.now, world.now, &mut world.random, &mut effects);
    transport::Process::step(&mut store, Input::Request(request), &mut cx);
    let told: Vec<_> = effects.drain().collect();
    assert!(matches!(&told[..], [transport::Effect::Emit { event, .. }]
        if *event == again(Refusal::RepeatedId)));
    world.nodes[0].store = Some(store);
    let long = [world.read(0, "xyz"), world.write(0, "x", "abc")];
    let refusals = long.map(|id| match &world.events[&id] {
        Event::Refused { refusal, .. } => *refusal,
        other => panic!("{other:?}"),
    });
    let bytes_max = 2;
    let expected = [
        Refusal::KeyTooLong { bytes_max },
        Refusal::ValueTooLong { bytes_max },
    ];
    assert_eq!(refusals, expected);
}

#[test]
fn the_log_is_bounded_by_checkpoints_and_recovered_from_them() {
    let mut world = World::with(3, 1, 3, 0, |config| config.checkpoint_bytes_min(200));
    for round in 0..50 {
        world.write(
            round % 3,
            ["x", "y"][round as usize % 2],
            &round.to_string(),
        );
        world.settle_all();
    }
    let held: Vec<_> = (0..3).map(|id| world.holds(id)).collect();
    for id in 0..3 {
        let checkpoints = world.nodes[id as usize].disk.iter();
        assert!(checkpoints.filter(|(_, keep)| keep.is_some()).count() > 3);
        world.crash(id, 0);
        world.restart(id);
    }
    let again: Vec<_> = (0..3).map(|id| world.holds(id)).collect();
    assert_eq!(held, again);
    assert_eq!(held, vec![value("48"); 3]);
}

#[test]
fn impossible_configurations_are_refused() {
    let nodes = || (0..3).map(NodeId);
    let id = NodeId(3);
    assert_eq!(
        Config::new(id, nodes(), 1, 1),
        Err(ConfigError::NotAMember { id })
    );
    for (read, write) in [(0, 1), (1, 0), (4, 1), (1, 4)] {
        let refused = Config::new(NodeId(0), nodes(), read, write);
        assert!(matches!(
            refused,
            Err(ConfigError::NotAQuorum { members: 3, .. })
        ));
    }
    let many = (0..65).map(NodeId);
    let count = 65;
    let refused = Err(ConfigError::TooManyMembers { count });
    assert_eq!(Config::new(NodeId(0), many, 1, 1), refused);
    let config = || Config::new(NodeId(0), nodes(), 1, 3).unwrap();
    let zero = |field| Err(ConfigError::ZeroLimit { field });
    assert_eq!(config().patience(Duration::ZERO), zero("patience"));
    assert_eq!(config().resend_after(Duration::ZERO), zero("resend_after"));
    assert_eq!(config().operations_max(0), zero("operations_max"));
    assert!(config().is_regular() && !Config::new(NodeId(0), nodes(), 1, 2).unwrap().is_regular());
    // Named twice, counted once.
    let config = Config::new(NodeId(0), nodes().chain(nodes()), 1, 3).unwrap();
    assert_eq!(config.members().len(), 3);
    assert!(Store::recover(&config, vec![]).is_ok());
}

/// Each member's answer counts once, and only to what was asked.
#[test]
fn a_member_counts_once() {
    let mut world = World::new(3, 3, 3);
    let (write, read) = (world.write(0, "x", "a"), world.read(0, "y"));
    world.settle_but(|packet| packet.to == 2);
    let name = |number| consistency::partial::OperationName {
        incarnation: 1,
        number,
    };
    let from = NodeId(1);
    for (number, answer) in [
        (0, Answer::Stored),
        (0, Answer::Full),
        (0, Answer::Version(Default::default())),
        (1, Answer::Version(Default::default())),
        (1, Answer::Stored),
        (1, Answer::Full),
    ] {
        let operation = name(number);
        let message = Message::Reply { operation, answer };
        world.step(0, Input::Message { from, message });
    }
    assert!(world.events.is_empty());
    world.settle_all();
    assert!(world.is_written(write));
    assert_eq!(world.found(read), None);
}
