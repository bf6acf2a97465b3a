//! The in-memory network: bounded, nothing lost, a clean end.
#![cfg(feature = "std")]

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use transport::{ChannelEndpoint, Envelope, NodeId, ReceiveError, SendError, Transport};

fn network(nodes: u32, capacity: usize) -> Vec<ChannelEndpoint<u64>> {
    let capacity = NonZeroUsize::new(capacity).expect("not zero");
    ChannelEndpoint::network((1..=nodes).map(NodeId), capacity)
}

const fn envelope(source: u32, target: u32, message: u64) -> Envelope<u64> {
    Envelope {
        source: NodeId(source),
        target: NodeId(target),
        message,
    }
}

#[test]
fn a_full_queue_gives_the_envelope_back_and_takes_it_later() {
    let mut nodes = network(2, 2);
    assert_eq!(nodes[0].send(envelope(1, 2, 10)), Ok(()));
    assert_eq!(nodes[0].send(envelope(1, 2, 11)), Ok(()));
    let refused = nodes[0].send(envelope(1, 2, 12)).expect_err("no room");
    assert_eq!(refused, SendError::Full(envelope(1, 2, 12)));
    assert_eq!(nodes[1].try_receive(), Ok(Some(envelope(1, 2, 10))));
    assert_eq!(nodes[0].send(refused.into_inner()), Ok(()));
    assert_eq!(nodes[1].try_receive(), Ok(Some(envelope(1, 2, 11))));
    assert_eq!(nodes[1].try_receive(), Ok(Some(envelope(1, 2, 12))));
    assert_eq!(nodes[1].try_receive(), Ok(None));
}

#[test]
fn an_unknown_target_and_a_foreign_source_give_the_envelope_back() {
    let mut nodes = network(2, 1);
    let unknown = envelope(1, 3, 0);
    assert_eq!(
        nodes[0].send(unknown.clone()),
        Err(SendError::UnknownTarget(unknown))
    );
    let foreign = envelope(2, 1, 0);
    assert_eq!(
        nodes[0].send(foreign.clone()),
        Err(SendError::ForeignSource(foreign))
    );
}

#[test]
fn who_has_left_takes_nothing_and_what_it_sent_is_still_received() {
    let mut nodes = network(3, 4);
    let mut third = nodes.remove(2);
    third.send(envelope(3, 1, 7)).expect("room");
    drop(third);
    let (first, second) = nodes.split_at_mut(1);
    let gone = envelope(1, 3, 8);
    assert_eq!(
        first[0].send(gone.clone()),
        Err(SendError::Disconnected(gone))
    );
    assert_eq!(first[0].try_receive(), Ok(Some(envelope(3, 1, 7))));
    assert_eq!(
        first[0].try_receive(),
        Ok(None),
        "the second is still there"
    );
    assert_eq!(second[0].try_receive(), Ok(None));
}

#[test]
fn the_last_one_hears_everything_before_it_hears_that_it_is_alone() {
    let mut nodes = network(3, 4);
    let mut last = nodes.remove(0);
    for (node, source) in nodes.iter_mut().zip(2..) {
        node.send(envelope(source, 1, source.into())).expect("room");
    }
    last.send(envelope(1, 1, 1)).expect("room");
    drop(nodes);
    let mut heard = Vec::new();
    let end = loop {
        match last.try_receive() {
            Ok(Some(envelope)) => heard.push(envelope.message),
            end => break end,
        }
    };
    heard.sort_unstable();
    assert_eq!(
        (heard, end),
        (vec![1, 2, 3], Err(ReceiveError::Disconnected))
    );
    assert_eq!(
        last.receive_timeout(Duration::MAX),
        Err(ReceiveError::Disconnected)
    );
}

#[test]
fn a_node_that_talks_to_itself_is_bounded_and_still_hears_its_peers() {
    let mut nodes = network(2, 3);
    for message in 0..3 {
        nodes[0].send(envelope(1, 1, message)).expect("room");
        nodes[1].send(envelope(2, 1, 10 + message)).expect("room");
    }
    let refused = nodes[0].send(envelope(1, 1, 9));
    assert_eq!(refused, Err(SendError::Full(envelope(1, 1, 9))));
    let mut heard = Vec::new();
    while let Ok(Some(envelope)) = nodes[0].try_receive() {
        heard.push(envelope.message);
    }
    assert_eq!(heard, [0, 10, 1, 11, 2, 12]);
}

#[test]
fn each_node_is_there_once_and_knows_its_peers() {
    let ids = [NodeId(9), NodeId(1), NodeId(9)];
    let nodes = ChannelEndpoint::<()>::network(ids, NonZeroUsize::MIN);
    let names: Vec<NodeId> = nodes.iter().map(ChannelEndpoint::node).collect();
    assert_eq!(names, [NodeId(1), NodeId(9)]);
    assert!(nodes[0].peers().eq([NodeId(9)]));
}

#[test]
fn a_waiting_receiver_wakes_for_an_envelope_and_for_the_last_disconnection() {
    let mut nodes = network(2, 1);
    let mut sender = nodes.remove(0);
    let mut receiver = nodes.remove(0);
    assert_eq!(receiver.receive_timeout(Duration::from_millis(1)), Ok(None));
    let waiting = thread::spawn(move || {
        let first = receiver.receive_timeout(Duration::from_secs(20));
        (first, receiver.receive_timeout(Duration::from_secs(20)))
    });
    sender.send(envelope(1, 2, 5)).expect("room");
    drop(sender);
    let expected = (Ok(Some(envelope(1, 2, 5))), Err(ReceiveError::Disconnected));
    assert_eq!(waiting.join().expect("no panic"), expected);
}

#[test]
fn threads_exchange_everything_once_and_in_order_through_small_queues() {
    const COUNT: u64 = 10_000;
    let mut nodes = network(3, 2);
    let mut receiver = nodes.pop().expect("three nodes");
    let senders: Vec<_> = nodes
        .into_iter()
        .map(|mut node| {
            thread::spawn(move || {
                let source = node.node().0;
                for message in 0..COUNT {
                    let mut envelope = envelope(source, 3, message);
                    while let Err(refused) = node.send(envelope) {
                        assert!(matches!(refused, SendError::Full(_)));
                        envelope = refused.into_inner();
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let mut next = [0, 0];
    while let Ok(received) = receiver.receive_timeout(Duration::from_secs(20)) {
        let envelope = received.expect("within 20 seconds");
        let next = &mut next[usize::from(envelope.source == NodeId(2))];
        assert_eq!(envelope.message, *next);
        *next += 1;
    }
    assert_eq!(next, [COUNT, COUNT]);
    for sender in senders {
        sender.join().expect("no panic");
    }
}
