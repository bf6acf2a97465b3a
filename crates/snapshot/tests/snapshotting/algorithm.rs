//! The algorithm of Chandy and Lamport (1985) over FIFO links, and without them.

use snapshot::SnapshotEvent;

use crate::world::{
    Config, Node, Random, Route, World, in_order, mesh, money, out_of_order, ring, send, take,
    taken, verify, verify_all,
};
use snapshot::{SnapshotMessage, Snapshotting};

const TRANSFERS: u64 = 120;

/// Random transfers along the channels, and snapshots by random initiators, several at once.
fn busy(
    configs: &[Config],
    seed: u64,
    snapshots: u64,
    route: Route<<Node as transport::Process>::Message>,
) -> World<Node> {
    let mut world = World::<Node>::new(configs, route);
    let mut random = Random(seed ^ 0xbad);
    let nodes = configs.len() as u64;
    for id in 0..TRANSFERS {
        let node = random.below(nodes) as usize;
        let receivers = &configs[node].receivers;
        let to = receivers[random.below(receivers.len() as u64) as usize];
        world.ask_at(
            random.below(400),
            node,
            send(id, to.0, 1 + random.below(300)),
        );
    }
    for id in 0..snapshots {
        let node = random.below(nodes) as usize;
        world.ask_at(random.below(400), node, take(TRANSFERS + id));
    }
    world.run(1_000_000);
    world
}

#[test]
fn a_node_alone_is_its_own_global_state() {
    let mut world = World::<Node>::new(&mesh(1), in_order(1, 10));
    world.ask_at(1, 0, take(1));
    world.run(10);
    let snapshots = taken(&world);
    assert_eq!(snapshots.len(), 1);
    assert_eq!(money(snapshots[0]), 1_000);
    assert_eq!(world.messages, 0);
}

#[test]
fn concurrent_snapshots_of_several_initiators_are_all_right() {
    let mut on_the_way = 0;
    for seed in 0..300 {
        let nodes = 2 + (seed % 4) as u32;
        let world = busy(&mesh(nodes), seed, 6, in_order(seed, 60));
        assert_eq!(taken(&world).len(), 6, "seed {seed}");
        verify_all(&world);
        let snapshots = taken(&world).into_iter();
        on_the_way += snapshots
            .map(|snapshot| snapshot.messages().count())
            .sum::<usize>();
    }
    // The channels were not simply empty.
    assert!(on_the_way > 1_000, "{on_the_way} messages recorded");
}

#[test]
fn a_snapshot_puts_exactly_one_marker_on_each_channel() {
    for nodes in 2..=6 {
        for (configs, channels) in [
            (mesh(nodes), u64::from(nodes * (nodes - 1))),
            (ring(nodes), u64::from(nodes)),
        ] {
            for snapshots in [1, 4] {
                let world = busy(&configs, 7, snapshots, in_order(7, 30));
                let counts: Vec<_> = world.nodes().map(Snapshotting::counts).collect();
                let sent: u64 = counts.iter().map(|counts| counts.markers_sent).sum();
                assert_eq!(sent, snapshots * channels);
                assert!(
                    counts
                        .iter()
                        .all(|it| it.markers_late + it.markers_refused == 0)
                );
                // And one report for each member but the initiator.
                let transfers = world.events.iter().filter(|(_, event)| {
                    let sent = |event| matches!(event, snapshot::bank::BankEvent::Sent { .. });
                    matches!(event, SnapshotEvent::Process(event) if sent(*event))
                });
                let reports = snapshots * u64::from(nodes - 1);
                assert_eq!(world.messages, transfers.count() as u64 + sent + reports);
            }
        }
    }
}

#[test]
fn a_directed_ring_is_enough() {
    for seed in 0..100 {
        let nodes = 2 + (seed % 5) as u32;
        let world = busy(&ring(nodes), seed, 4, in_order(seed, 40));
        assert_eq!(taken(&world).len(), 4, "seed {seed}");
        verify_all(&world);
        for snapshot in taken(&world) {
            assert_eq!(snapshot.channels.len(), nodes as usize);
        }
    }
}

#[test]
fn no_memory_is_held_after_the_last_snapshot() {
    let world = busy(&mesh(4), 3, 8, in_order(3, 50));
    for node in world.nodes() {
        let held = (
            node.recordings_len(),
            node.messages_recorded(),
            node.snapshots_pending(),
        );
        assert_eq!(held, (0, 0, 0));
    }
}

/// Chandy and Lamport 1985, section 2.1: "channels ... deliver messages in the order sent". Without
/// that the algorithm must fail, and the verifier must say so: else it would prove nothing.
#[test]
fn on_links_that_reorder_the_algorithm_fails_and_the_verifier_says_so() {
    let (mut right, mut wrong) = (0, std::collections::BTreeMap::new());
    for seed in 0..200 {
        let world = busy(&mesh(3), seed, 3, out_of_order(seed, 120));
        for snapshot in taken(&world) {
            match verify(world.nodes().map(Snapshotting::process), snapshot) {
                Ok(()) => {
                    assert_eq!(money(snapshot), 3_000);
                    right += 1;
                }
                Err(broken) => *wrong.entry(broken.rule()).or_insert(0) += 1,
            }
        }
    }
    assert!(right > 0, "some cuts are right by luck");
    assert!(wrong["no-orphan"] > 20, "{wrong:?}");
    assert!(wrong["channel-exact"] > 20, "{wrong:?}");
}

/// The application's messages travel at speeds that do not depend on markers.
fn marker_blind(seed: u64) -> Route<<Node as transport::Process>::Message> {
    let mut random = Random(seed);
    let mut latest = std::collections::BTreeMap::new();
    Box::new(move |link, now, message| {
        let latest = latest.entry(link).or_insert((0, 0));
        if let SnapshotMessage::Process(_) = message {
            latest.0 = (now + 1 + 2 * random.below(30)).max(latest.0);
            latest.1 = latest.0;
        } else {
            // Odd moments belong to the snapshots.
            latest.1 = (now + 1).max(latest.1) | 1;
        }
        vec![latest.1.max(latest.0)]
    })
}

#[test]
fn a_run_with_snapshots_and_one_without_have_the_same_application_trace() {
    for seed in 0..100 {
        let plain = busy(&mesh(3), seed, 0, marker_blind(seed));
        let watched = busy(&mesh(3), seed, 5, marker_blind(seed));
        assert_eq!(taken(&watched).len(), 5);
        for (plain, watched) in plain.nodes().zip(watched.nodes()) {
            assert_eq!(plain.process().journal(), watched.process().journal());
        }
        let own = |world: &World<Node>| {
            let events = world.events.iter();
            let own = events.filter(|(_, event)| matches!(event, SnapshotEvent::Process(_)));
            own.cloned().collect::<Vec<_>>()
        };
        assert_eq!(own(&plain), own(&watched));
    }
}
