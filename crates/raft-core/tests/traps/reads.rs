//! Reads.

use crate::common::Net;
use crate::common::clients::Ending;
use crate::common::say::{matched, reply};
use raft_core::{Index, Refusal, Role};

/// Node 1 just won, and its blank entry has reached nobody.
fn fresh_leader(logs: &[&[u64]]) -> Net {
    let mut net = Net::with_logs(1, logs);
    net.time_out(1);
    while net.role(1) != Role::Leader {
        net.deliver(0);
    }
    net.wire.clear();
    net
}

// etcd#7331, tikv#6340, redisraft#22: before that, the leader may not know what is committed.
#[test]
fn no_read_is_served_before_the_blank_entry_commits() {
    let mut net = fresh_leader(&[&[1], &[1], &[1]]);
    let read = net.read(1);
    net.flush();
    net.wire.clear();
    // The whole cluster confirms the round, yet has only the older entry.
    for peer in [2, 3] {
        net.hear(1, peer, reply(2, 1, matched(1)));
    }
    assert_eq!(net.ending(read), None);
    net.heartbeat(1);
    assert_eq!(net.ending(read), Some(Ending::Readable(Index(2))));
}

// etcd#20418, etcd raft#397: a retried round accepted answers to its predecessor.
#[test]
fn a_late_answer_to_an_older_round_confirms_no_newer_read() {
    let mut net = Net::new(3);
    net.elect(1);
    let old = net.read(1);
    net.flush();
    let (late, mut other) = (net.take(1, 2), net.take(1, 3));
    let new = net.read(1);
    net.flush();
    net.wire.clear();
    // The appends of the first round arrive now, and their answers after the second began.
    for (peer, message) in [(2, late[0].clone()), (3, other.remove(0))] {
        let answer = net.hear(peer, 1, message).remove(0);
        net.hear(1, peer, answer);
    }
    assert_eq!(net.ending(old), Some(Ending::Readable(Index(1))));
    assert_eq!(
        net.ending(new),
        None,
        "no answer yet that began after it was asked"
    );
    net.heartbeat(1);
    assert_eq!(net.ending(new), Some(Ending::Readable(Index(1))));
}

#[test]
fn an_answer_to_an_append_sent_before_the_read_was_asked_does_not_confirm_it() {
    let mut net = Net::new(3);
    net.elect(1);
    net.time_out(1);
    let read = net.read(1);
    net.deliver_all();
    assert_eq!(net.ending(read), None);
    net.settle();
    assert!(matches!(net.ending(read), Some(Ending::Readable(_))));
}

// etcd raft#105: a lone node, restarted, knows no commit index.
#[test]
fn a_lone_node_serves_reads_only_once_its_blank_entry_is_durable() {
    let mut net = Net::new(1);
    net.elect(1);
    net.propose(1);
    net.settle();
    net.crash(1, 0);
    net.restart(1);
    net.auto_sync = false;
    net.time_out(1);
    net.sync(1);
    assert_eq!((net.role(1), net.commit(1)), (Role::Leader, 0));
    let read = net.read(1);
    net.flush();
    assert_eq!(net.ending(read), None);
    net.sync(1);
    assert_eq!(net.ending(read), Some(Ending::Readable(Index(3))));
}

// d-engine#381: a leader in a minority answered from its own state.
#[test]
fn a_leader_cut_off_serves_no_read_and_refuses_it_when_it_steps_down() {
    let mut net = Net::new(3);
    net.elect(1);
    net.partition(&[1]);
    let read = net.read(1);
    net.run_ms(140);
    assert_eq!(net.ending(read), None);
    net.run_ms(310);
    assert_eq!(
        net.ending(read),
        Some(Ending::Refused(Refusal::LostLeadership, None))
    );
    assert_eq!(net.role(1), Role::Follower, "it heard no quorum");
}

// A stale leader must not be confirmed by those who have left its term.
#[test]
fn a_deposed_leader_that_does_not_know_it_yet_serves_no_stale_read() {
    let mut net = Net::new(3);
    net.elect(1);
    net.cut(1, 2);
    net.cut(1, 3);
    net.time_out(2);
    net.deliver_all();
    assert_eq!(net.role(2), Role::Leader);
    let write = net.propose(2);
    net.settle();
    assert!(matches!(net.ending(write), Some(Ending::Committed(_))));
    assert_eq!(net.role(1), Role::Leader, "of an older term");
    // An answer from before, on a slow link: a quorum was there, once.
    net.hear(1, 3, reply(1, 0, matched(1)));
    let read = net.read(1);
    net.flush();
    net.deliver_all();
    assert_eq!(net.ending(read), None);
    net.heal();
    net.time_out(1);
    net.deliver_all();
    assert!(matches!(net.ending(read), Some(Ending::Refused(..))));
}

#[test]
fn recovered_nodes_serve_what_was_acknowledged_before_they_all_crashed() {
    let mut net = Net::new(3);
    net.elect(1);
    net.propose(1);
    net.settle();
    for id in 1..=3 {
        net.crash(id, 0);
    }
    for id in 1..=3 {
        net.restart(id);
    }
    net.run_ms(1_000);
    let leader = net.leader().unwrap();
    let read = net.read(leader);
    net.settle();
    // The clients' floor is judged by the network; here the index is at least the write's.
    assert!(matches!(net.ending(read), Some(Ending::Readable(index)) if index >= Index(3)));
}

// A round that has not begun cannot have been answered; believing it would confirm reads to come.
#[test]
fn an_answer_to_a_round_that_has_not_begun_is_ignored() {
    let mut net = Net::new(3);
    net.elect(1);
    let ignored = net.node(1).ignored();
    net.hear(1, 2, reply(1, 99, matched(1)));
    assert_eq!(net.node(1).ignored(), ignored + 1);
    let read = net.read(1);
    net.flush();
    assert_eq!(net.ending(read), None);
    net.deliver_all();
    assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
}
