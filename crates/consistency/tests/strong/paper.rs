//! What the papers say, a sentence each.
//!
//! ABD: Attiya, Bar-Noy and Dolev, *Sharing Memory Robustly in Message-Passing Systems*, 1995.
//! LS: Lynch and Shvartsman, *Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged
//! Broadcasts*, 1997.

use consistency::strong::{Answer, Event, Message, Refusal, Timestamp, Version};
use quorum::QuorumSystem;
use transport::NodeId;

use crate::world::{World, value};

/// LS: "the write operation first queries a read quorum for the largest tag".
#[test]
fn a_write_chooses_a_timestamp_above_all_that_a_read_quorum_knows() {
    let mut world = World::new(3);
    let first = world.write(0, "x", "a");
    world.settle_among(&[0, 1]);
    assert!(world.is_written(first));
    // Node 2 has heard of nothing; node 1 tells.
    world.wire.clear();
    let second = world.write(2, "x", "b");
    world.settle_among(&[1, 2]);
    let Event::Written { timestamp, .. } = world.event(second) else {
        panic!()
    };
    assert_eq!((timestamp.counter, timestamp.node), (2, NodeId(2)));
    world.judge();
}

/// ABD: a write ends when a majority has acknowledged it; here also: not before.
#[test]
fn a_write_ends_when_a_write_quorum_has_stored_it_and_not_before() {
    let mut world = World::new(5);
    let write = world.write(0, "x", "a");
    world.deliver_where(|packet| !packet.is_stored());
    assert!(world.is_open(write));
    for acknowledged in 1..=2 {
        assert!(world.is_open(write), "{acknowledged} of 5 have stored it");
        let place = world.wire.iter().position(|packet| packet.is_stored());
        world.deliver(place.unwrap());
    }
    assert!(world.is_written(write));
    world.judge();
}

/// ABD: "the reader announces the value it is about to return".
#[test]
fn a_read_writes_back_what_it_returns_before_it_answers() {
    let mut world = World::new(5);
    let write = world.write(0, "x", "a");
    // The update reaches nobody but the writer itself.
    world.deliver_where(|packet| !packet.is_update());
    world.wire.clear();
    assert!(world.is_open(write));
    let read = world.read(1, "x");
    let among = [0, 1, 2];
    let in_sight =
        |packet: &crate::world::Packet| among.contains(&packet.from) && among.contains(&packet.to);
    world.deliver_where(|packet| in_sight(packet) && !packet.is_update());
    // The reader's own replica has it by now: two of five.
    assert_eq!(world.holders("a"), [0, 1].into());
    assert!(world.is_open(read));
    world.deliver_where(in_sight);
    assert_eq!(world.holders("a"), [0, 1, 2].into());
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// LS: "tags are ordered lexicographically", by counter and then by writer.
#[test]
fn ties_of_concurrent_writers_are_broken_by_node() {
    let mut world = World::new(3);
    let writes = [world.write(0, "x", "a"), world.write(2, "x", "b")];
    // Both choose before either is heard of.
    world.deliver_where(|packet| !packet.is_update());
    world.settle();
    let timestamps = writes.map(|write| match world.event(write) {
        Event::Written { timestamp, .. } => (timestamp.counter, timestamp.node),
        other => panic!("{other:?}"),
    });
    assert_eq!(timestamps, [(1, NodeId(0)), (1, NodeId(2))]);
    let read = world.read(0, "x");
    world.settle();
    assert_eq!(world.found(read).value, value("b"));
    world.judge();
}

/// ABD: a processor replaces its value only by one of a larger label, and acknowledges in any case.
#[test]
fn an_older_version_is_acknowledged_and_not_stored() {
    let mut world = World::new(3);
    world.write(0, "x", "a");
    world.deliver_where(|packet| !packet.is_update());
    let late = world.hold_where(|packet| packet.is_update() && packet.to == 2);
    world.settle();
    world.write(1, "x", "b");
    world.settle();
    assert!(world.holds(2, "b"));
    world.wire.extend(late);
    world.deliver(0);
    assert!(world.holds(2, "b"));
    assert!(world.wire.iter().any(|packet| packet.is_stored()));
    world.settle();
    world.judge();
}

/// ABD: fewer than half of the processors may crash, and operations still end.
#[test]
fn a_minority_of_crashed_nodes_stops_nobody() {
    let mut world = World::new(5);
    for id in [3, 4] {
        world.crash(id, 0);
    }
    let write = world.write(0, "x", "a");
    world.settle();
    let read = world.read(1, "x");
    world.settle();
    assert!(world.is_written(write));
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// ABD: with half of the processors gone nothing ends: neither side of a split may answer.
#[test]
fn half_of_the_nodes_are_not_enough() {
    let mut world = World::new(4);
    let (write, read) = (world.write(0, "x", "a"), world.read(3, "x"));
    world.settle_among(&[0, 1]);
    world.settle_among(&[2, 3]);
    assert!(world.is_open(write) && world.is_open(read));
    world.settle_among(&[0, 1, 2]);
    assert!(world.is_written(write));
    world.settle();
    world.judge();
}

/// A store of one node needs nobody.
#[test]
fn one_node_works() {
    let mut world = World::new(1);
    let read = world.read(0, "x");
    assert_eq!(world.found(read), Version::default());
    let write = world.write(0, "x", "a");
    assert!(world.is_written(write));
    let read = world.read(0, "x");
    assert_eq!(world.found(read).value, value("a"));
    let delete = world.delete(0, "x");
    assert!(world.is_written(delete));
    let read = world.read(0, "x");
    assert_eq!(world.found(read).value, None);
    assert_eq!(world.found(read).timestamp.counter, 2);
    world.crash(0, 0);
    world.restart(0);
    let read = world.read(0, "x");
    assert_eq!(
        world.found(read).timestamp.counter,
        2,
        "the delete survives"
    );
    assert_eq!(world.messages_sent, 0);
    world.judge();
}

/// LS: any read quorum meets any write quorum; they need not be majorities.
#[test]
fn flexible_and_weighted_quorums_decide() {
    let nodes = || (0..5).map(NodeId);
    // Four are asked, two are told.
    let mut world = World::with(&QuorumSystem::flexible(nodes(), 4, 2).unwrap(), 0, |c| c);
    let write = world.write(0, "x", "a");
    world.settle_among(&[0, 1, 2]);
    assert!(world.is_open(write), "three are no read quorum");
    world.deliver_where(|packet| packet.is_query() && packet.to == 3);
    world.deliver_where(|packet| packet.from == 3);
    let places = |world: &World| world.holders("a").len();
    world.deliver_where(|packet| packet.is_update() && packet.to == 4);
    world.deliver_where(|packet| packet.from == 4);
    assert!(world.is_written(write));
    assert_eq!(places(&world), 2);
    world.settle();
    world.judge();
    // One node outweighs all others together.
    let weights = nodes().map(|node| (node, if node.0 == 0 { 9 } else { 1 }));
    let mut world = World::with(&QuorumSystem::weighted(weights).unwrap(), 0, |c| c);
    let alone = world.write(0, "x", "a");
    assert!(world.is_written(alone));
    world.wire.clear();
    let outside = world.write(1, "x", "b");
    world.settle_among(&[1, 2, 3, 4]);
    assert!(world.is_open(outside));
    world.pass_ms(100);
    world.settle();
    assert!(world.is_written(outside));
    world.judge();
}

/// The four numbers that the module promises: two rounds of a write, one or two of a read.
#[test]
fn messages_of_each_operation() {
    for n in [3, 5] {
        let others = n as usize - 1;
        let mut world = World::new(n);
        let sent = |world: &mut World| std::mem::take(&mut world.messages_sent);
        world.read(0, "x");
        world.settle();
        assert_eq!(sent(&mut world), 2 * others, "an absent key: one round");
        world.write(0, "x", "a");
        world.settle();
        assert_eq!(sent(&mut world), 4 * others, "a write: two rounds");
        world.read(1, "x");
        world.settle();
        assert_eq!(sent(&mut world), 2 * others, "what all hold: one round");
        let quorums = world.configs[0].quorums().clone();
        let mut world = World::with(&quorums, 0, |config| config.always_write_back(true));
        world.write(0, "x", "a");
        world.settle();
        sent(&mut world);
        let read = world.read(1, "x");
        world.settle();
        assert_eq!(sent(&mut world), 4 * others, "as in the paper: two rounds");
        assert_eq!(world.found(read).value, value("a"));
        world.judge();
    }
}

/// Skipping the second round of a read is sound because what it returns already is at a write quorum.
#[test]
fn a_read_of_one_round_returns_only_what_a_write_quorum_holds() {
    // With read quorums of one, everyone must hold it.
    let quorums = QuorumSystem::flexible((0..3).map(NodeId), 1, 3).unwrap();
    let mut world = World::with(&quorums, 0, |config| config);
    let write = world.write(0, "x", "a");
    world.deliver_where(|packet| !(packet.is_update() && packet.to == 2));
    assert!(world.is_open(write));
    let read = world.read(0, "x");
    assert!(
        world.is_open(read),
        "a read quorum agrees, yet no write quorum holds it"
    );
    world.settle();
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// Safety of time-outs: an operation that stored nothing is refused, one that stored is unknown.
#[test]
fn giving_up_is_definite_in_the_first_phase_and_unknown_in_the_second() {
    let mut world = World::new(3);
    let (write, read) = (world.write(0, "x", "a"), world.read(0, "x"));
    world.wire.clear();
    world.pass_ms(9_999);
    assert!(world.is_open(write) && world.is_open(read));
    world.pass_ms(1);
    for request in [write, read] {
        let refusal = Refusal::NoQuorum;
        assert!(
            matches!(world.event(request), Event::Refused { refusal: why, .. } if *why == refusal)
        );
    }
    world.wire.clear();
    let write = world.write(0, "x", "b");
    world.deliver_where(|packet| !packet.is_update());
    let read = world.read(0, "x");
    let late = world.hold_where(|packet| packet.is_update());
    world.deliver_where(|packet| !packet.is_update());
    world.wire.clear();
    world.pass_ms(10_000);
    assert_eq!(*world.event(write), Event::Unknown { id: write });
    assert!(matches!(world.event(read), Event::Refused { .. }));
    // The write may take effect later, and here it does.
    world.wire = late;
    world.settle();
    let read = world.read(1, "x");
    world.settle();
    assert_eq!(world.found(read).value, value("b"));
    world.judge();
}

/// Lost messages are sent again, at growing intervals.
#[test]
fn lost_messages_are_sent_again_and_less_and_less_often() {
    let mut world = World::new(3);
    let write = world.write(0, "x", "a");
    let mut attempts = vec![];
    for millis in 0..5_000 {
        if !world.wire.is_empty() {
            attempts.push(millis);
            world.wire.clear();
        }
        world.pass_ms(1);
    }
    assert_eq!(attempts, [0, 50, 150, 350, 750, 1_550, 2_550, 3_550, 4_550]);
    world.pass_ms(1_000);
    world.settle();
    assert!(world.is_written(write));
    world.judge();
}

/// A member that has answered this phase is not asked again.
#[test]
fn only_those_who_have_not_answered_are_asked_again() {
    let mut world = World::new(5);
    world.write(0, "x", "a");
    world.settle_among(&[0, 1]);
    world.wire.clear();
    world.pass_ms(50);
    let asked: Vec<u32> = world.wire.iter().map(|packet| packet.to).collect();
    assert_eq!(asked, [2, 3, 4]);
    world.settle();
    world.judge();
}

/// The answer to an update repeats what was promised: the version, or a greater one.
#[test]
fn stored_is_said_of_greater_versions_too() {
    let mut world = World::new(3);
    world.write(0, "x", "a");
    world.settle();
    let timestamp = Timestamp::ZERO.above(NodeId(0)).unwrap();
    let operation = consistency::strong::OperationName {
        incarnation: 1,
        number: 9,
    };
    let version = Version {
        timestamp,
        value: value("a"),
    };
    let message = Message::Update {
        operation,
        key: "x".into(),
        version,
    };
    let from = NodeId(1);
    world.step(2, transport::Input::Message { from, message });
    let reply = &world.wire.last().unwrap().message;
    let answer = Answer::Stored;
    assert_eq!(*reply, Message::Reply { operation, answer });
}
