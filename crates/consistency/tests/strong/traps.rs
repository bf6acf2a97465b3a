//! What goes wrong in such stores, each as a script that would show it.

use consistency::strong::{Event, Timestamp};
use transport::{NodeId, RequestId};

use crate::world::{World, value};

fn timestamp(world: &World, request: RequestId) -> Timestamp {
    match world.event(request) {
        Event::Written { timestamp, .. } => *timestamp,
        other => panic!("not written: {other:?}"),
    }
}

/// The new-old inversion, why a reader must write (ABD §1; Lamport 1986: regular, not atomic). A write
/// has reached one replica. One reader sees it, and a later reader must not miss it.
#[test]
fn no_read_is_older_than_one_before_it() {
    let mut world = World::new(3);
    world.write(0, "x", "old");
    world.settle();
    let write = world.write(0, "x", "new");
    world.deliver_where(|packet| !packet.is_update());
    // No update of the writer arrives for now.
    let held = world.hold_where(|packet| packet.is_update());
    let first = world.read(1, "x");
    world.settle_among(&[0, 1]);
    assert_eq!(world.found(first).value, value("new"));
    world.wire.clear();
    // The quorum of the second reader leaves out the only replica that the writer had reached.
    let second = world.read(2, "x");
    world.settle_among(&[1, 2]);
    assert_eq!(world.found(second).value, value("new"));
    assert!(world.is_open(write));
    world.wire = held;
    world.settle();
    world.judge();
}

/// Two clients of one node write at once.
#[test]
fn writes_of_one_node_at_the_same_time_get_different_timestamps() {
    for auto_sync in [true, false] {
        let mut world = World::new(3);
        world.auto_sync = auto_sync;
        for id in 0..3 {
            world.sync(id);
        }
        let writes = ["a", "b", "c"].map(|text| world.write(0, "x", text));
        for _ in 0..20 {
            world.settle();
            for id in 0..3 {
                world.sync(id);
            }
        }
        let timestamps = writes.map(|write| timestamp(&world, write).counter);
        assert_eq!(timestamps, [1, 2, 3]);
        world.judge();
    }
}

/// A writer crashes while its update is on the wire, restarts and writes another value.
#[test]
fn a_timestamp_that_left_the_node_is_not_used_again_after_a_restart() {
    for keep in [0, 1] {
        let mut world = World::new(3);
        world.auto_sync = false;
        for id in 0..3 {
            world.sync(id);
        }
        world.write(0, "x", "a");
        world.deliver_where(|packet| !packet.is_update());
        // What has left by now may arrive at any time.
        let late = world.hold_where(|packet| packet.is_update());
        world.crash(0, keep);
        world.auto_sync = true;
        for id in 1..3 {
            world.sync(id);
        }
        world.restart(0);
        world.wire.clear();
        let again = world.write(0, "x", "b");
        world.settle_among(&[0, 1]);
        assert!(world.is_written(again));
        world.wire.clear();
        world.wire = late;
        world.settle();
        let read = world.read(2, "x");
        world.settle();
        assert_eq!(world.found(read).value, value("b"));
        world.judge();
    }
}

/// The timestamp was durable and known to others when the writer crashed.
#[test]
fn a_writer_that_restarts_goes_on_above_what_it_stored() {
    let mut world = World::new(3);
    world.write(0, "x", "a");
    world.deliver_where(|packet| !packet.is_update());
    let late = world.hold_where(|packet| packet.is_update());
    assert_eq!(late.len(), 2);
    world.crash(0, 0);
    world.restart(0);
    // A quorum without node 0 would not know: its own replica does.
    let again = world.write(0, "x", "b");
    world.settle_among(&[0, 1]);
    assert_eq!(timestamp(&world, again).counter, 2);
    world.wire = late;
    world.settle();
    world.judge();
}

/// An acknowledgement of a former life arrives in the next one, where an operation has the same number.
#[test]
fn an_answer_to_a_former_life_is_not_counted() {
    let mut world = World::new(3);
    world.write(0, "x", "a");
    world.settle();
    world.write(0, "x", "b");
    world.deliver_where(|packet| !packet.is_stored());
    let stale = world.hold_where(|packet| packet.is_stored());
    assert_eq!(stale.len(), 2);
    world.crash(0, 0);
    world.restart(0);
    // Number 1 of this life is a write, too.
    world.read(0, "x");
    let write = world.write(0, "x", "c");
    world.deliver_where(|packet| !packet.is_update());
    world.wire.clear();
    assert!(world.is_open(write));
    world.wire = stale;
    world.settle();
    assert!(world.is_open(write), "nobody else has stored it");
    world.judge();
}

/// The queries of a write are answered by all; the answers that come late must not pass for
/// acknowledgements.
#[test]
fn an_answer_to_the_query_is_not_counted_as_an_acknowledgement() {
    let mut world = World::new(3);
    let write = world.write(0, "x", "a");
    world.deliver_where(|packet| packet.is_query());
    world.deliver(0);
    // The second phase has begun, and the answer of the third node to the first is still on the wire.
    world.deliver_where(|packet| !packet.is_update());
    assert!(world.is_open(write));
    assert_eq!(world.holders("a"), [0].into());
    world.settle();
    assert!(world.is_written(write));
    world.judge();
}

/// Networks repeat messages.
#[test]
fn an_answer_that_arrives_twice_counts_once() {
    let mut world = World::new(5);
    let write = world.write(0, "x", "a");
    let only = [0, 1];
    let twice = |world: &mut World| {
        let copies = world.wire.clone();
        world.wire.extend(copies);
    };
    twice(&mut world);
    world.deliver_where(|packet| only.contains(&packet.to) && packet.is_query());
    twice(&mut world);
    world.settle_among(&only);
    assert!(
        world.wire.iter().all(|packet| packet.is_query()),
        "two of five"
    );
    world.deliver_where(|packet| !packet.is_update());
    twice(&mut world);
    world.deliver_where(|packet| packet.is_update() && packet.to == 1);
    twice(&mut world);
    world.deliver_where(|packet| packet.is_stored());
    assert!(world.is_open(write), "two of five have stored it");
    world.settle();
    assert!(world.is_written(write));
    world.judge();
}

/// A replica says *stored*, crashes and has nothing.
#[test]
fn a_replica_acknowledges_only_what_is_durable() {
    let mut world = World::new(3);
    world.auto_sync = false;
    for id in 0..3 {
        world.sync(id);
    }
    let write = world.write(0, "x", "a");
    for _ in 0..4 {
        world.settle();
        world.sync(0);
    }
    assert!(world.holds(1, "a") && world.holds(2, "a"));
    assert!(world.is_open(write), "no disk but the writer's has synced");
    for id in [1, 2] {
        world.crash(id, 0);
        world.restart(id);
        world.sync(id);
    }
    let read = world.read(1, "x");
    world.settle_among(&[1, 2]);
    assert_eq!(world.found(read).value, None);
    world.judge();
}

/// A replica answers a query with a version that a crash then takes.
#[test]
fn a_query_is_answered_only_from_durable_state() {
    let mut world = World::new(3);
    world.auto_sync = false;
    for id in 0..3 {
        world.sync(id);
    }
    world.write(0, "x", "a");
    for _ in 0..2 {
        world.deliver_where(|packet| !packet.is_update());
        world.sync(0);
    }
    // Node 1 has the version in memory only.
    world.deliver_where(|packet| packet.is_update() && packet.to == 1);
    assert!(world.holds(1, "a"));
    world.drop_where(|_| true);
    let read = world.read(2, "x");
    world.deliver_where(|packet| packet.to == 1);
    assert!(world.wire.iter().all(|packet| packet.from != 1));
    world.sync(1);
    assert!(world.wire.iter().any(|packet| packet.from == 1));
    world.deliver_where(|packet| packet.from == 1 && packet.to == 2);
    assert!(world.is_open(read), "the write-back must be durable");
    world.sync(2);
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// Others could tell a third node of a version that its writer then forgets.
#[test]
fn a_version_leaves_its_writer_only_when_it_is_durable_there() {
    let mut world = World::new(3);
    world.auto_sync = false;
    let write = world.write(0, "x", "a");
    world.settle_among(&[0, 1]);
    assert!(world.holds(0, "a"));
    assert!(world.wire.iter().all(|packet| !packet.is_update()));
    world.sync(0);
    assert!(world.wire.iter().any(|packet| packet.is_update()));
    world.settle();
    world.sync(1);
    world.settle();
    assert!(world.is_written(write));
    world.judge();
}

/// The own disk is a disk like any other.
#[test]
fn the_own_replica_counts_only_once_it_is_durable() {
    let mut world = World::new(5);
    world.write(0, "x", "a");
    world.deliver_where(|packet| !packet.is_update());
    world.wire.clear();
    // Node 1 finds the version at node 0 alone and writes it back: to itself, and to node 2.
    world.auto_sync = false;
    let read = world.read(1, "x");
    world.settle_among(&[0, 1, 2]);
    world.sync(2);
    world.settle_among(&[1, 2]);
    assert_eq!(world.holders("a"), [0, 1, 2].into());
    assert!(world.is_open(read), "two of five disks hold it");
    world.sync(1);
    assert_eq!(world.found(read).value, value("a"));
    world.judge();
}

/// Nothing is asked in the name of an incarnation that a crash could give out again.
#[test]
fn a_life_asks_nothing_before_its_incarnation_is_durable() {
    let mut world = World::new(3);
    world.crash(0, 0);
    world.auto_sync = false;
    world.restart(0);
    let (read, write) = (world.read(0, "x"), world.write(0, "x", "a"));
    assert_eq!(world.wire.len(), 0);
    world.sync(0);
    assert_eq!(world.wire.len(), 4);
    world.auto_sync = true;
    world.settle();
    assert!(!world.is_open(read) && world.is_written(write));
    world.judge();
}

/// A deleted key does not come back from a replica that missed the delete.
#[test]
fn a_delete_is_a_write() {
    let mut world = World::new(3);
    world.write(0, "x", "a");
    world.settle();
    let delete = world.delete(1, "x");
    world.settle_among(&[0, 1]);
    assert!(world.is_written(delete));
    world.wire.clear();
    let read = world.read(2, "x");
    world.settle_among(&[0, 2]);
    let version = world.found(read);
    assert_eq!((version.value, version.timestamp.node), (None, NodeId(1)));
    world.judge();
}

/// The judge of these tests can convict: a history with an inversion is violated.
#[test]
fn the_checker_finds_an_inversion() {
    use consistency::{KvInput, KvOutput, ProcessId};
    let mut world = World::new(1);
    let invoke = |world: &mut World, process, input| {
        world.recorder.invoke(ProcessId(process), input, 0).unwrap()
    };
    invoke(&mut world, 0, KvInput::put("x", "new"));
    for (process, seen) in [(1, "new".into()), (2, consistency::Value::Nil)] {
        let read = invoke(&mut world, process, KvInput::get("x"));
        world.recorder.ok(read, KvOutput::Value(seen), 0).unwrap();
    }
    assert!(world.is_violated());
}
