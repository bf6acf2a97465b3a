//! The verifier must be able to say no: right snapshots, each changed in one place.

use std::collections::BTreeMap;

use clocks::VectorClock;
use snapshot::{
    Broken, Direction, JournalEntry, NodeCut, Snapshotting, verify_channels, verify_cut,
};
use transport::NodeId;

use crate::world::{Node, Random, Snapshot, World, in_order, mesh, send, take, taken, verify};

/// A run with messages on their way, and its snapshots.
fn run(seed: u64) -> World<Node> {
    let mut world = World::<Node>::new(&mesh(3), in_order(seed, 80));
    let mut random = Random(seed);
    for id in 0..60 {
        let node = random.below(3);
        let to = (node + 1 + random.below(2)) % 3;
        let request = send(id, to as u32, 1 + random.below(9));
        world.ask_at(random.below(100), node as usize, request);
    }
    world.ask_at(50, (seed % 3) as usize, take(99));
    world.run(10_000);
    world
}

fn judge(world: &World<Node>, snapshot: &Snapshot) -> Result<(), Broken> {
    verify(world.nodes().map(Snapshotting::process), snapshot)
}

/// The first channel that holds at least `messages`.
fn full_channel(snapshot: &Snapshot, messages: usize) -> Option<(NodeId, NodeId)> {
    let mut channels = snapshot.channels.iter();
    channels.find_map(|(&link, list)| (list.len() >= messages).then_some(link))
}

#[test]
fn each_small_lie_about_a_channel_is_found() {
    let mut lies = 0;
    for seed in 0..50 {
        let world = run(seed);
        let [right] = taken(&world)[..] else {
            panic!("one snapshot");
        };
        assert_eq!(judge(&world, right), Ok(()));
        let Some((from, to)) = full_channel(right, 2) else {
            continue;
        };
        lies += 1;
        let lie = |change: &dyn Fn(&mut Snapshot)| {
            let mut wrong = right.clone();
            change(&mut wrong);
            judge(&world, &wrong)
        };
        let broken = lie(&|wrong| drop(wrong.channels.get_mut(&(from, to)).map(|it| it.remove(0))));
        assert!(
            matches!(broken, Err(Broken::Missing { from: a, to: b, .. }) if (a, b) == (from, to)),
            "{broken:?}"
        );
        let broken = lie(&|wrong| drop(wrong.channels.get_mut(&(from, to)).map(Vec::pop)));
        assert!(matches!(broken, Err(Broken::Missing { .. })), "{broken:?}");
        let broken = lie(&|wrong| {
            let channel = wrong.channels.get_mut(&(from, to)).expect("full");
            channel.push(channel[0].clone());
        });
        assert!(matches!(broken, Err(Broken::Extra { .. })), "{broken:?}");
        let broken = lie(&|wrong| {
            wrong
                .channels
                .get_mut(&(from, to))
                .expect("full")
                .swap(0, 1);
        });
        assert_eq!(broken.map_err(|it| it.rule()), Err("channel-exact"));
        // The same messages, in the channel of another pair.
        let broken = lie(&|wrong| {
            let moved = wrong.channels.remove(&(from, to)).expect("full");
            wrong.channels.entry((to, from)).or_default().extend(moved);
        });
        assert_eq!(broken.map_err(|it| it.rule()), Err("channel-exact"));
    }
    assert!(lies > 20, "{lies}");
}

#[test]
fn a_state_from_after_the_cut_is_found() {
    let mut found = BTreeMap::new();
    for seed in 0..50 {
        let world = run(seed);
        let [right] = taken(&world)[..] else {
            panic!("one snapshot");
        };
        // One node's state is replaced by its last one.
        for (place, node) in world.nodes().enumerate() {
            let mut wrong = right.clone();
            let name = NodeId(place as u32);
            let page = wrong.states.get_mut(&name).expect("a member");
            page.entries = node.process().journal().len();
            page.state.clock = node.process().process().clock().clone();
            let rule = match judge(&world, &wrong) {
                Ok(()) => "none",
                Err(broken) => broken.rule(),
            };
            *found.entry(rule).or_insert(0) += 1;
        }
    }
    assert!(found["no-orphan"] > 100, "{found:?}");
}

#[test]
fn a_journal_shorter_than_its_cut_proves_nothing() {
    let world = run(1);
    let [right] = taken(&world)[..] else {
        panic!("one snapshot");
    };
    let mut wrong = right.clone();
    wrong.states.get_mut(&NodeId(1)).expect("a member").entries = 10_000;
    let node = NodeId(1);
    assert_eq!(judge(&world, &wrong), Err(Broken::NoEvidence { node }));
    let mut wrong = right.clone();
    wrong.channels.insert((NodeId(0), NodeId(9)), vec![]);
    let node = NodeId(9);
    assert_eq!(judge(&world, &wrong), Err(Broken::NoEvidence { node }));
}

#[test]
fn a_cut_with_a_state_too_few_or_too_many_proves_nothing() {
    let clock = |counters: &[u64]| VectorClock::from_counters(counters).expect("few");
    let members = [NodeId(0), NodeId(1), NodeId(2)];
    let empty = BTreeMap::new();
    let node = NodeId(0);
    assert_eq!(
        verify_cut(&members, &empty),
        Err(Broken::MemberMissing { node })
    );
    // n1, who is missing, would be the orphan's sender.
    let mut cut = BTreeMap::from([
        (NodeId(0), clock(&[2, 0, 0])),
        (NodeId(2), clock(&[0, 0, 1])),
    ]);
    let node = NodeId(1);
    let broken = verify_cut(&members, &cut);
    assert_eq!(broken, Err(Broken::MemberMissing { node }));
    assert_eq!(broken.map_err(|it| it.rule()), Err("every-member"));
    cut.insert(node, clock(&[0, 3, 0]));
    assert_eq!(verify_cut(&members, &cut), Ok(()));
    cut.insert(NodeId(3), clock(&[0, 0, 0, 1]));
    let node = NodeId(3);
    assert_eq!(verify_cut(&members, &cut), Err(Broken::Stranger { node }));
}

/// The later of two equal messages overtakes the other and the cut: paired in the order of sending,
/// the orphan would look like the first one, received as it should be.
#[test]
fn a_receipt_that_may_be_of_either_of_two_equal_messages_proves_nothing() {
    let (n0, n1) = (NodeId(0), NodeId(1));
    let entry = |direction, peer, message| JournalEntry {
        direction,
        peer,
        message,
    };
    let judge = |sent: &str, before: usize, received: &str, recorded: &str| {
        let sent = sent.chars().map(|it| entry(Direction::Sent, n1, it));
        let sent: Vec<_> = sent.collect();
        let received = received
            .chars()
            .map(|it| entry(Direction::Received, n0, it));
        let received: Vec<_> = received.collect();
        let cut = |journal, entries| NodeCut { journal, entries };
        let cuts = BTreeMap::from([
            (n0, cut(&sent[..], before)),
            (n1, cut(&received[..], received.len())),
        ]);
        verify_channels(&[((n0, n1), recorded.chars().collect())].into(), &cuts)
    };
    let ambiguous = |place| {
        Err(Broken::Ambiguous {
            from: n0,
            to: n1,
            place,
        })
    };
    assert_eq!(judge("aa", 1, "a", ""), ambiguous(1));
    // Which of them is on its way decides the order of the channel.
    assert_eq!(judge("aba", 3, "a", "ba"), ambiguous(2));
    // All of them received, or none: nothing depends on which is which.
    assert_eq!(judge("aab", 3, "aa", "b"), Ok(()));
    assert_eq!(judge("baa", 3, "b", "aa"), Ok(()));
    // More of them received than were sent before the cut, whichever they are.
    let broken = judge("aa", 1, "aa", "");
    assert_eq!(broken.map_err(|it| it.rule()), Err("no-orphan"));
}
