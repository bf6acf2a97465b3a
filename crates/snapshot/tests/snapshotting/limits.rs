//! Every limit has a typed outcome, and every request one final event.

use snapshot::{AbortReason, SnapshotEvent, Snapshotting};
use transport::{NodeId, Process, RequestId};

use crate::world::{
    Config, Node, Route, World, in_order, mesh, ring, send, take, taken, verify_all,
};

type Message = <Node as Process>::Message;

fn aborts(world: &World<Node>) -> Vec<(RequestId, bool, AbortReason)> {
    let aborts = world.events.iter().filter_map(|(_, event)| match event {
        SnapshotEvent::Aborted {
            id,
            snapshot,
            reason,
        } => Some((*id, snapshot.is_some(), reason.clone())),
        _ => None,
    });
    aborts.collect()
}

fn with(configs: Vec<Config>, change: impl Fn(&mut Config)) -> Vec<Config> {
    let mut configs = configs;
    configs.iter_mut().for_each(change);
    configs
}

#[test]
fn an_initiator_refuses_more_snapshots_than_it_may_hold() {
    let configs = with(mesh(2), |config| config.recordings_max = 2);
    let mut world = World::<Node>::new(&configs, in_order(1, 20));
    for id in 1..=3 {
        world.ask_at(1, 0, take(id));
    }
    world.run(1_000);
    let node = NodeId(0);
    let refused = (RequestId(3), false, AbortReason::RecordingsMax { node });
    assert_eq!(aborts(&world), [refused]);
    assert_eq!(taken(&world).len(), 2);
    let sent: u64 = world.nodes().map(|node| node.counts().markers_sent).sum();
    assert_eq!(sent, 4, "a refused snapshot sends no marker");
}

#[test]
fn a_participant_that_cannot_record_aborts_the_snapshot_and_still_sends_its_markers() {
    let mut configs = mesh(3);
    configs[2].recordings_max = 1;
    // Slow towards n2's peers, so that its first recording is open when the second marker comes.
    let route: Route<Message> =
        Box::new(|(from, _), now, _| vec![now + if from == NodeId(1) { 100 } else { 10 }]);
    let mut world = World::<Node>::new(&configs, route);
    world.ask_at(1, 0, take(1));
    world.ask_at(2, 0, take(2));
    world.run(10_000);
    let node = NodeId(2);
    let aborted = (RequestId(2), true, AbortReason::RecordingsMax { node });
    assert_eq!(aborts(&world), [aborted]);
    assert_eq!(taken(&world).len(), 1);
    verify_all(&world);
    let sent: u64 = world.nodes().map(|node| node.counts().markers_sent).sum();
    assert_eq!(sent, 12);
    assert!(world.nodes().all(|node| node.recordings_len() == 0));
}

#[test]
fn a_channel_with_too_many_messages_aborts_the_snapshot_and_frees_what_it_held() {
    let configs = with(mesh(2), |config| config.channel_messages_max = 3);
    for (transfers, is_aborted) in [(3, false), (4, true)] {
        let mut world = World::<Node>::new(&configs, Box::new(|_, now, _| vec![now + 10]));
        for id in 0..transfers {
            world.ask_at(5, 1, send(id, 0, 1));
        }
        world.ask_at(6, 0, take(9));
        world.run(1_000);
        let (from, to) = (NodeId(1), NodeId(0));
        let full = (RequestId(9), true, AbortReason::ChannelFull { from, to });
        let expected = if is_aborted { vec![full] } else { vec![] };
        assert_eq!(aborts(&world), expected);
        assert!(world.nodes().all(|node| node.messages_recorded() == 0));
    }
}

#[test]
fn a_name_that_is_still_held_is_refused() {
    let mut world = World::<Node>::new(&mesh(2), in_order(1, 20));
    world.ask_at(1, 0, take(1));
    world.ask_at(1, 0, take(1));
    world.run(1_000);
    let refused = (RequestId(1), false, AbortReason::RepeatedId);
    assert_eq!(aborts(&world), [refused]);
    assert_eq!(taken(&world).len(), 1);
}

#[test]
fn a_node_that_no_marker_reaches_is_named_when_time_is_over() {
    // n2 has no channel to it.
    let mut configs = with(ring(3), |config| config.timeout_ns = 500);
    configs[1].receivers.clear();
    configs[2].senders.clear();
    let mut world = World::<Node>::new(&configs, in_order(1, 20));
    world.ask_at(1, 0, take(1));
    world.run(10_000);
    let missing = vec![NodeId(0), NodeId(2)];
    let timeout = (RequestId(1), true, AbortReason::Timeout { missing });
    assert_eq!(aborts(&world), [timeout]);
    assert!(world.nodes().all(|node| node.recordings_len() == 0));
    assert!(world.nodes().all(|node| node.snapshots_pending() == 0));
}

#[test]
fn a_lost_marker_aborts_and_never_completes() {
    // Two links lose, one after the other, all messages sent from time 1 to time 40.
    for lost in [(0, 1), (1, 0), (1, 2), (2, 0)] {
        let configs = with(mesh(3), |config| config.timeout_ns = 500);
        let lost = (NodeId(lost.0), NodeId(lost.1));
        let route: Route<Message> = Box::new(move |link, now, _| {
            let is_lost = link == lost && now > 0 && now < 40;
            if is_lost { vec![] } else { vec![now + 10] }
        });
        let mut world = World::<Node>::new(&configs, route);
        world.ask_at(1, 0, take(1));
        world.run(10_000);
        assert_eq!(taken(&world).len(), 0);
        assert!(
            matches!(aborts(&world)[..], [(RequestId(1), true, _)]),
            "{:?}",
            aborts(&world)
        );
        assert!(world.nodes().all(|node| node.recordings_len() == 0));
    }
}

#[test]
fn impossible_configurations_are_refused() {
    let [first, ..] = &mesh(2)[..] else {
        unreachable!()
    };
    let refused = |config: Config| {
        let traced = snapshot::Traced::new(snapshot::bank::Bank::new(1), &config.process);
        let process = snapshot::Journaled::new(traced.expect("a member"));
        Snapshotting::<_, snapshot::Paged<snapshot::Clocked<snapshot::Cloned>>>::new(
            process, &config,
        )
        .is_err()
    };
    assert!(!refused(first.clone()));
    assert!(refused(Config {
        recordings_max: 0,
        ..first.clone()
    }));
    assert!(refused(Config {
        timeout_ns: 0,
        ..first.clone()
    }));
    assert!(refused(Config {
        senders: vec![NodeId(9)],
        ..first.clone()
    }));
    assert!(refused(Config {
        node: NodeId(9),
        ..first.clone()
    }));
}
