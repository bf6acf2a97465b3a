//! Elections: timers, pre-votes, votes.

use std::time::Duration;

use crate::common::disk::Disk;
use crate::common::say::{append, granted, pre_vote, pre_vote_granted, vote, vote_reply};
use crate::common::{Net, at, entry};
use raft_core::Role;
use transport::{NodeId, Process};

// etcd#8334, etcd#8501, raft-rs#83: with pre-vote, a node in a newer term must not be deaf to a
// leader of an older one, nor the leader to it.
#[test]
fn a_node_in_a_newer_term_returns_to_the_cluster() {
    let mut net = Net::new(3);
    net.elect(1);
    net.hear(3, 2, vote(9, at(0, 0)));
    assert_eq!(net.term(3), 9);
    net.run_ms(2_000);
    let leader = net.leader().unwrap();
    assert!(net.term(leader) > 9);
    assert!(
        net.ids()
            .all(|id| net.node(id).leader() == Some(NodeId(leader)))
    );
}

// hashicorp/raft#605: a leader that restarted asks the followers that still believe in it.
#[test]
fn a_follower_grants_a_pre_vote_to_the_node_it_believes_to_lead() {
    let mut net = Net::new(3);
    net.elect(1);
    net.crash(1, 0);
    net.restart(1);
    assert!(granted(&net.hear(2, 1, pre_vote(2, at(1, 1)))));
    assert!(
        !granted(&net.hear(2, 3, pre_vote(2, at(1, 1)))),
        "node 1 may yet live"
    );
}

// hashicorp/raft#609: granting a pre-vote must not look like contact with a leader.
#[test]
fn a_pre_vote_changes_nothing_at_the_voter() {
    for (term, last) in [
        (2, at(1, 1)),
        (2, at(0, 0)),
        (1, at(1, 1)),
        (u64::MAX, at(9, 9)),
    ] {
        for quiet_ms in [0, 140, 151] {
            let mut net = Net::new(3);
            net.elect(1);
            net.now = net.now + Duration::from_millis(quiet_ms);
            let before = net.node(2).clone();
            net.hear(2, 3, pre_vote(term, last));
            assert!(net.node(2) == &before, "term {term}, {quiet_ms} ms");
        }
    }
}

// ClickHouse/NuRaft#134: a hopeless candidate deposed the leader ten times in 32 minutes.
#[test]
fn a_pre_vote_asks_for_the_log_and_for_the_silence_of_the_leader() {
    let mut net = Net::new(3);
    net.elect(1);
    let (good, bad) = (at(1, 1), at(0, 0));
    assert!(
        !granted(&net.hear(2, 3, pre_vote(2, good))),
        "the leader was just heard"
    );
    net.now = net.now + Duration::from_millis(151);
    assert!(
        !granted(&net.hear(2, 3, pre_vote(2, bad))),
        "its log is behind"
    );
    assert!(
        !granted(&net.hear(2, 3, pre_vote(1, good))),
        "not a newer term"
    );
    assert!(granted(&net.hear(2, 3, pre_vote(2, good))));
    assert!(
        !granted(&net.hear(1, 3, pre_vote(2, good))),
        "a leader knows of itself"
    );
}

// redpanda#30817: a follower far behind answers with conflicts only, and yet hears a leader.
#[test]
fn an_append_that_conflicts_still_counts_as_hearing_the_leader() {
    let mut net = Net::with_logs(2, &[&[], &[1, 2], &[1, 2]]);
    let before = net.node(1).deadline().unwrap();
    net.now = before;
    net.hear(1, 2, append(2, at(2, 2), &[], 0));
    assert!(net.node(1).deadline().unwrap() > before);
    assert!(!granted(&net.hear(1, 3, pre_vote(3, at(2, 2)))));
}

// CCF#8091, nebula#2419: a crash must not free a vote for a second use.
#[test]
fn a_vote_is_remembered_across_a_crash() {
    let mut net = Net::new(3);
    assert!(granted(&net.hear(1, 2, vote(4, at(0, 0)))));
    net.crash(1, 0);
    net.restart(1);
    assert!(!granted(&net.hear(1, 3, vote(4, at(0, 0)))));
    assert!(granted(&net.hear(1, 2, vote(4, at(0, 0)))));
    // Nor one that was given after the term was entered, and written down, without a vote.
    net.hear(1, 3, vote_reply(5, false));
    assert_eq!(net.disk(1).durable.vote, None);
    assert!(granted(&net.hear(1, 2, vote(5, at(0, 0)))));
    net.crash(1, 0);
    net.restart(1);
    assert!(!granted(&net.hear(1, 3, vote(5, at(0, 0)))));
}

// NuRaft#531: who was a candidate has voted, for itself.
#[test]
fn a_former_candidate_votes_for_nobody_else_in_its_term() {
    let mut net = Net::new(3);
    net.time_out(1);
    net.deliver_all();
    let term = net.term(1);
    net.crash(1, 0);
    net.restart(1);
    assert!(!granted(&net.hear(1, 3, vote(term, at(9, 9)))));
}

// dragonboat#224: the vote is on disk before anybody hears of it.
#[test]
fn no_vote_is_told_before_it_is_durable() {
    let mut net = Net::new(3);
    net.auto_sync = false;
    assert_eq!(net.hear(1, 2, vote(1, at(0, 0))), []);
    net.crash(1, 0);
    net.restart(1);
    assert_eq!(
        net.hear(1, 3, vote(1, at(0, 0))),
        [],
        "free again: nobody was told"
    );
    net.sync(1);
    assert!(granted(&net.take(1, 3)));
}

// raft-rs#489: a lone node led before its own vote was on disk.
#[test]
fn a_candidate_counts_its_own_vote_only_when_durable() {
    let mut net = Net::new(1);
    net.auto_sync = false;
    net.time_out(1);
    assert_eq!(net.role(1), Role::Candidate);
    net.sync(1);
    assert_eq!(net.role(1), Role::Leader);
    let mut net = Net::new(3);
    net.auto_sync = false;
    net.time_out(1);
    net.deliver_all();
    assert_eq!(
        (net.role(1), net.wire.len()),
        (Role::Candidate, 0),
        "asks nobody yet"
    );
    net.sync(1);
    assert_eq!(net.wire.len(), 2);
}

// Ours: each timeout began a new term, whose ballot queued behind the one before.
#[test]
fn a_disk_slower_than_the_election_timeout_delays_an_election_but_does_not_prevent_it() {
    let mut net = Net::new(1);
    net.auto_sync = false;
    net.time_out(1);
    for _ in 0..5 {
        net.time_out(1);
    }
    assert_eq!(net.disk(1).unsynced(), 1, "one ballot, not six");
    net.sync(1);
    assert_eq!((net.role(1), net.term(1)), (Role::Leader, 1));
}

// openraft `t14_one_way_isolation`, CCF pre_vote_split.
#[test]
fn a_leader_that_nobody_answers_steps_down_and_another_takes_over() {
    let mut net = Net::new(3);
    net.elect(1);
    net.cut_one_way(2, 1);
    net.cut_one_way(3, 1);
    net.run_ms(1_500);
    assert_ne!(net.role(1), Role::Leader);
    assert!(matches!(net.leader(), Some(2 | 3)));
}

#[test]
fn a_leader_whom_nobody_hears_is_replaced() {
    let mut net = Net::new(3);
    net.elect(1);
    net.cut_one_way(1, 2);
    net.cut_one_way(1, 3);
    net.run_ms(1_500);
    assert!(matches!(net.leader(), Some(2 | 3)));
    assert_ne!(net.role(1), Role::Leader);
}

#[test]
fn a_follower_that_hears_nobody_disturbs_nobody() {
    let mut net = Net::new(3);
    net.elect(1);
    net.cut_one_way(1, 3);
    net.cut_one_way(2, 3);
    net.run_ms(3_000);
    assert_eq!((net.leader(), net.term(1), net.term(3)), (Some(1), 1, 1));
    net.heal();
    net.run_ms(1_000);
    assert_eq!(
        (net.leader(), net.term(1)),
        (Some(1), 1),
        "and does not when it returns"
    );
}

#[test]
fn split_votes_end_for_every_cluster_size_and_seed() {
    for n in 2..=7 {
        for seed in 0..20 {
            let mut net = Net::seeded(n, seed, |config| config, |_| Disk::default());
            net.run_ms(2_000);
            assert!(net.leader().is_some(), "{n} nodes, seed {seed}");
        }
    }
}

#[test]
fn two_nodes_of_which_one_is_down_have_no_leader_and_no_rising_term() {
    let mut net = Net::new(2);
    net.elect(1);
    net.crash(2, 0);
    net.run_ms(3_000);
    assert_eq!((net.leader(), net.term(1)), (None, 1));
    net.restart(2);
    net.run_ms(1_000);
    assert!(net.leader().is_some());
}

// The end of the number space: refuse to go on, never wrap.
#[test]
fn the_last_term_is_led_like_any_other_and_not_left() {
    let mut net = Net::with_logs(u64::MAX - 1, &[&[1], &[1], &[1]]);
    net.elect(1);
    assert_eq!((net.term(1), net.commit(1)), (u64::MAX, 2));
    net.crash(1, 0);
    net.run_ms(2_000);
    assert_eq!((net.leader(), net.term(2)), (None, u64::MAX));
    assert_eq!(net.hear(2, 3, vote(0, at(9, 9))).len(), 1);
}

#[test]
fn messages_of_strangers_and_of_oneself_are_ignored_and_counted() {
    let mut net = Net::new(3);
    let before = net.node(1).clone();
    for stranger in [0, 1, 4, u32::MAX] {
        net.hear(1, stranger, vote(9, at(9, 9)));
        net.hear(1, stranger, append(9, at(0, 0), &[entry(1, 1)], 1));
    }
    assert_eq!(net.node(1).ignored(), before.ignored() + 8);
    assert_eq!((net.term(1), net.wire.len(), net.log(1)), (0, 0, vec![]));
}

#[test]
fn a_vote_given_in_an_older_term_does_not_count_in_this_one() {
    let mut net = Net::with_logs(1, &[&[1], &[1], &[1]]);
    net.time_out(1);
    net.hear(1, 2, pre_vote_granted(2));
    assert_eq!((net.role(1), net.term(1)), (Role::Candidate, 2));
    net.hear(1, 2, vote_reply(1, true));
    assert_eq!(net.role(1), Role::Candidate);
    net.hear(1, 2, vote_reply(2, true));
    assert_eq!(net.role(1), Role::Leader);
}
