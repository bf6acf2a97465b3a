//! Chandy and Lamport assume processes that do not fail. What holds here when they do.

use snapshot::{AbortReason, NUMBER_MAX, SnapshotEvent, SnapshotId, SnapshotMessage};
use transport::{Input, NodeId, Process};

use crate::world::{Config, Node, Route, World, in_order, mesh, send, take, taken};

type Message = <Node as Process>::Message;

fn patient() -> Vec<Config> {
    let mut configs = mesh(3);
    for config in &mut configs {
        config.timeout_ns = 300;
    }
    configs
}

/// How each request ended.
fn ends(world: &World<Node>) -> Vec<(u64, Result<(), &AbortReason>)> {
    let ends = world.events.iter().filter_map(|(_, event)| match event {
        SnapshotEvent::Taken { id, .. } => Some((id.0, Ok(()))),
        SnapshotEvent::Aborted { id, reason, .. } => Some((id.0, Err(reason))),
        SnapshotEvent::Process(_) => None,
    });
    ends.collect()
}

/// Markers that name their sender's life, by a node that crashed after it had sent some.
#[test]
fn a_crash_of_a_participant_is_an_abort_or_a_right_snapshot() {
    let (mut complete, mut aborted) = (0, 0);
    for seed in 0..200 {
        for crash_at in [2, 5, 10, 20, 40] {
            let mut world = World::<Node>::new(&patient(), in_order(seed, 40));
            world.ask_at(1, 0, take(1));
            world.crash_at(crash_at, 1 + (seed % 2) as usize, crash_at + 5);
            world.ask_at(3_000, 0, take(2));
            world.run(10_000);
            let ends = ends(&world);
            // No money moves: a complete snapshot has all of it, in states of one life each.
            for snapshot in taken(&world) {
                assert_eq!(crate::world::money(snapshot), 3_000);
            }
            let [(1, first), (2, Ok(()))] = ends[..] else {
                panic!("one end for each request, and the second is quiet: {ends:?}");
            };
            match first {
                Ok(()) => complete += 1,
                Err(_) => aborted += 1,
            }
        }
    }
    assert!(complete > 50 && aborted > 50, "{complete} {aborted}");
}

/// n1 records, tells everybody and crashes before its channels are closed; its next life hears a
/// marker of the same snapshot and records again.
#[test]
fn the_state_of_one_life_is_never_joined_with_markers_of_another() {
    // Only the link from n2 to n1 is slow: n1 waits for that marker, and gets it in its next life.
    let route: Route<Message> = Box::new(|link, now, _| {
        let is_slow = link == (NodeId(2), NodeId(1)) || link == (NodeId(0), NodeId(2));
        vec![now + if is_slow { 100 } else { 10 }]
    });
    let mut world = World::<Node>::new(&patient(), route);
    world.ask_at(1, 0, take(1));
    world.crash_at(50, 1, 60);
    // Lets n0's second marker reach the new life.
    world.run(70);
    let id = SnapshotId {
        initiator: NodeId(0),
        incarnation: 1,
        number: 1,
    };
    let marker = SnapshotMessage::Marker { id, incarnation: 1 };
    world.step(
        1,
        Input::Message {
            from: NodeId(0),
            message: marker,
        },
    );
    world.run(10_000);
    let node = NodeId(1);
    assert_eq!(
        ends(&world),
        [(1, Err(&AbortReason::Restarted { node }))],
        "markers of life 1, state of life 2"
    );
}

#[test]
fn a_snapshot_of_a_crashed_initiator_is_dropped_and_its_name_is_not_used_again() {
    for seed in 0..50 {
        let mut world = World::<Node>::new(&patient(), in_order(seed, 40));
        world.ask_at(1, 0, take(1));
        world.crash_at(2, 0, 10);
        world.ask_at(11, 1, send(5, 2, 100));
        world.run(12);
        world.ask_at(13, 0, take(2));
        world.run(10_000);
        assert_eq!(ends(&world), [(2, Ok(()))], "the crash ended the first");
        assert_eq!(taken(&world)[0].id.incarnation, 2);
        assert!(world.nodes().all(|node| node.recordings_len() == 0));
    }
}

#[test]
fn an_old_marker_is_recognised_after_a_restart() {
    let mut world = World::<Node>::new(&patient(), in_order(1, 10));
    world.crash_at(5, 0, 6);
    world.run(100);
    assert_eq!(world.node(0).incarnation(), 2);
    let id = SnapshotId {
        initiator: NodeId(0),
        incarnation: 1,
        number: 7,
    };
    let message = SnapshotMessage::Marker { id, incarnation: 1 };
    let from = NodeId(1);
    world.step(0, Input::Message { from, message });
    world.run(1_000);
    let counts = world.node(0).counts();
    assert_eq!((counts.markers_late, counts.markers_sent), (1, 0));
    assert_eq!(world.node(0).recordings_len(), 0);
}

#[test]
fn a_marker_with_a_number_beyond_all_counting_makes_no_later_one_stale() {
    let mut world = World::<Node>::new(&mesh(2), in_order(1, 10));
    for (incarnation, number, life) in [
        (u64::MAX, 1, 1),
        (1, u64::MAX, 1),
        (1, NUMBER_MAX + 1, 1),
        (NUMBER_MAX + 1, 1, 1),
        (1, 1, u64::MAX),
        (0, 1, 1),
        (1, 0, 1),
    ] {
        let id = SnapshotId {
            initiator: NodeId(0),
            incarnation,
            number,
        };
        let message = SnapshotMessage::Marker {
            id,
            incarnation: life,
        };
        let from = NodeId(0);
        world.step(1, Input::Message { from, message });
    }
    let counts = world.node(1).counts();
    assert_eq!((counts.markers_refused, counts.markers_sent), (7, 0));
    world.ask_at(1, 0, take(1));
    world.run(10_000);
    assert_eq!(ends(&world), [(1, Ok(()))]);
}

#[test]
fn a_life_is_durable_before_anyone_hears_of_it() {
    let mut world = World::<Node>::new(&mesh(2), in_order(1, 10));
    // Crash before the first record is durable: the marker was never sent, so life 1 may come again.
    let mut slow = World::<Node>::new(&mesh(2), in_order(1, 10));
    slow.sync = 100;
    slow.crash_at(0, 0, 1);
    slow.run(1);
    slow.ask_at(2, 0, take(1));
    slow.run(50);
    assert_eq!(
        slow.messages, 0,
        "the marker waits for the record of its life"
    );
    slow.run(10_000);
    assert_eq!(taken(&slow).len(), 1);
    world.crash_at(500, 1, 501);
    world.run(1_000);
    assert_eq!(world.node(1).incarnation(), 2);
}

#[test]
fn records_of_no_life_or_in_a_wrong_order_are_refused() {
    use snapshot::bank::Bank;
    use snapshot::{Fifo, FifoConfig, FifoRecord, SnapshotConfig, SnapshotRecord, Snapshotting};
    use transport::{Recover, Stored, Token};

    for lives in [&[0][..], &[2, 1], &[u64::MAX], &[NUMBER_MAX]] {
        let tokens = (1..).map(Token);
        let stored = tokens.zip(lives).map(|(token, &incarnation)| {
            let record = SnapshotRecord {
                incarnation,
                record: None,
            };
            Stored { token, record }
        });
        let config = SnapshotConfig::new(NodeId(0), [NodeId(0)], 5);
        assert!(Snapshotting::<Bank>::recover(&config, stored.collect()).is_err());
        let stored = (1..).map(Token).zip(lives).map(|(token, &incarnation)| {
            let record = FifoRecord {
                incarnation,
                record: None,
            };
            Stored { token, record }
        });
        let config = FifoConfig::new(NodeId(0), [NodeId(0)], 5);
        assert!(Fifo::<Bank>::recover(&config, stored.collect()).is_err());
    }
}

/// A life that crashed right after its marker had left, before anything else did: the next life
/// records and reports, and only the marker tells of two lives.
#[test]
fn a_marker_of_a_life_that_did_not_record_aborts() {
    let mut world = World::<Node>::new(&patient(), in_order(1, 10));
    world.ask_at(1, 0, take(1));
    world.run(1);
    let id = SnapshotId {
        initiator: NodeId(0),
        incarnation: 1,
        number: 1,
    };
    // n2 hears first of a life of n1 that nobody else hears of.
    let message = SnapshotMessage::Marker { id, incarnation: 7 };
    let from = NodeId(1);
    world.step(2, Input::Message { from, message });
    world.run(10_000);
    let node = NodeId(1);
    assert_eq!(ends(&world), [(1, Err(&AbortReason::Restarted { node }))]);
}
