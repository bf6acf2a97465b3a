//! Replication: appends, conflicts, commits, slow and lost disks.

use crate::common::clients::Ending;
use crate::common::disk::Disk;
use crate::common::random::Random;
use crate::common::say::{append, conflict, matched, reply, vote};
use crate::common::{Net, at, entry};
use raft_core::{Index, Message, Role};
use transport::NodeId;

// RedLabs/raft#49, willemt/raft#118: an append from the very beginning, repeated.
#[test]
fn an_append_from_index_zero_is_not_stored_twice_and_never_undoes_a_commit() {
    let mut net = Net::with_logs(1, &[&[], &[1, 1], &[1, 1]]);
    let both = append(1, at(0, 0), &[entry(1, 1), entry(1, 2)], 2);
    net.hear(1, 2, both.clone());
    net.hear(1, 2, both);
    assert_eq!((net.log(1), net.commit(1)), (vec![1, 1], 2));
    // What no correct leader sends is refused.
    let ignored = net.node(1).ignored();
    assert_eq!(net.hear(1, 2, append(2, at(0, 0), &[entry(2, 1)], 2)), []);
    assert_eq!(net.hear(1, 2, append(2, at(2, 1), &[entry(2, 2)], 2)), []);
    assert_eq!(net.node(1).ignored(), ignored + 2);
    assert_eq!(net.log(1), [1, 1]);
}

// async-raft 9540c904: a follower deleted what followed `previous`, committed or not.
#[test]
fn a_late_append_does_not_delete_what_came_after_it() {
    let mut net = Net::new(3);
    net.elect(1);
    for _ in 0..3 {
        net.propose(1);
        net.settle();
    }
    net.heartbeat(1);
    let late = append(1, at(1, 1), &[], 0);
    net.hear(2, 1, late);
    assert_eq!((net.log(2).len(), net.commit(2)), (4, 4));
}

// etcd `async_storage_writes_append_aba_race`: the acknowledgement of an overwritten entry must
// not count for the one that took its place.
#[test]
fn a_late_disk_acknowledgement_does_not_count_for_what_replaced_the_entry() {
    let mut net = Net::with_logs(3, &[&[1], &[1, 2, 2], &[1, 3]]);
    net.auto_sync = false;
    net.hear(1, 2, append(3, at(1, 1), &[entry(2, 2), entry(2, 3)], 0));
    net.hear(1, 3, append(4, at(1, 1), &[entry(3, 2)], 0));
    assert_eq!(net.log(1), [1, 3]);
    // The first two records are those of the first append.
    net.sync_up_to(1, 2);
    assert_eq!(net.node(1).durable_index(), Index(1));
    assert_eq!(net.take(1, 3), []);
    net.sync(1);
    assert_eq!(net.node(1).durable_index(), Index(2));
    assert_eq!(net.take(1, 3), [reply(4, 0, matched(2))]);
}

// etcd raft#8, raft-rs#489: the leader's own copy is one of the quorum only once durable.
#[test]
fn a_leader_counts_its_own_entries_only_when_durable() {
    let mut net = Net::new(2);
    net.elect(1);
    net.auto_sync = false;
    let request = net.propose(1);
    net.flush();
    net.deliver_all();
    net.sync(2);
    net.deliver_all();
    assert_eq!(net.node(2).durable_index(), Index(2), "the peer has it");
    assert_eq!((net.commit(1), net.ending(request)), (1, None));
    net.sync(1);
    assert_eq!(net.ending(request), Some(Ending::Committed(Index(2))));
}

#[test]
fn a_quorum_of_followers_commits_while_the_leaders_disk_is_slow() {
    let mut net = Net::new(3);
    net.elect(1);
    net.auto_sync = false;
    let request = net.propose(1);
    net.flush();
    net.deliver_all();
    net.sync(2);
    net.sync(3);
    net.deliver_all();
    assert_eq!(net.node(1).durable_index(), Index(1));
    assert_eq!(net.ending(request), Some(Ending::Committed(Index(2))));
}

// logcabin#44, CCF#4472: a copy on every node is not a commit while its term is over.
#[test]
fn entries_of_older_terms_wait_for_one_of_the_current_term() {
    let mut net = Net::with_logs(1, &[&[1, 1], &[1, 1], &[1, 1]]);
    net.time_out(1);
    while net.role(1) != Role::Leader {
        net.deliver(0);
    }
    net.wire.clear();
    net.hear(1, 2, reply(2, 0, matched(2)));
    net.hear(1, 3, reply(2, 0, matched(2)));
    assert_eq!(net.commit(1), 0);
    net.heartbeat(1);
    assert_eq!(net.commit(1), 3);
}

// CCF#5674: what is committed stays so at a leader that becomes a follower.
#[test]
fn stepping_down_does_not_roll_back_the_commit_index() {
    let mut net = Net::new(3);
    net.elect(1);
    net.propose(1);
    net.settle();
    net.hear(1, 2, vote(7, at(0, 0)));
    assert_eq!(
        (net.role(1), net.commit(1), net.log(1)),
        (Role::Follower, 2, vec![1, 1])
    );
}

// CCF#5927, raft-rs#557, etcd raft#149: late refusals pushed `next` to or below `match`.
#[test]
fn a_late_conflict_does_not_take_the_leader_below_what_matches() {
    let mut net = Net::new(3);
    net.elect(1);
    for _ in 0..4 {
        net.propose(1);
        net.settle();
    }
    net.heartbeat(1);
    for (previous, hint) in [(0, at(0, 0)), (3, at(0, 0)), (5, at(0, 0)), (5, at(1, 2))] {
        let sent = net.hear(1, 2, reply(1, 0, conflict(previous, hint)));
        assert_eq!(sent, [], "previous {previous}");
    }
    net.propose(1);
    net.flush();
    assert!(matches!(net.take(1, 2)[..],
        [Message::Append { previous, .. }] if previous == at(1, 5)));
    // A conflict beyond what matches counts, and its hint does not lead below it either.
    let sent = net.hear(1, 3, reply(1, 0, conflict(6, at(0, 0))));
    assert!(matches!(sent[..],
        [Message::Append { previous, .. }] if previous == at(1, 5)));
}

// yugabyte#32876, async-raft 6d53aa12: a hint that never reaches the true conflict.
#[test]
fn conflict_hints_reach_agreement_in_at_most_one_append_per_term_whatever_the_logs() {
    let mut random = Random::new(32_876);
    for _ in 0..2_000 {
        let mut shared: Vec<u64> = Vec::new();
        let grow = |log: &mut Vec<u64>, random: &mut Random, odd: u64| {
            let mut term = log.last().copied().unwrap_or(0) / 2 * 2;
            for _ in 0..random.below(6) {
                term += 2 * random.below(3);
                // Even terms are led by one side, odd ones by the other.
                log.push(term.max(2) + odd);
            }
        };
        grow(&mut shared, &mut random, 0);
        let (mut own, mut other) = (shared.clone(), shared.clone());
        grow(&mut own, &mut random, 0);
        grow(&mut other, &mut random, 1);
        let mut net = Net::with_logs(40, &[&own, &other, &[]]);
        net.partition(&[2]);
        net.time_out(1);
        net.deliver_all();
        net.heal();
        net.time_out(1);
        let mut appends = 0;
        while !net.wire.is_empty() {
            appends += usize::from((net.wire[0].from, net.wire[0].to) == (1, 2));
            net.deliver(0);
        }
        assert_eq!(net.log(2), net.log(1), "{own:?} {other:?}");
        let mut terms = [own.clone(), other.clone()].concat();
        terms.sort_unstable();
        terms.dedup();
        assert!(appends <= terms.len() + 3, "{appends}: {own:?} {other:?}");
    }
}

// tikv#528, etcd#10166: a commit index beyond the follower's log.
#[test]
fn a_commit_index_beyond_the_log_is_taken_as_far_as_the_log_matches() {
    let mut net = Net::with_logs(1, &[&[1], &[1, 1], &[1, 1]]);
    net.hear(1, 2, append(1, at(0, 0), &[], u64::MAX));
    assert_eq!(net.commit(1), 0);
    net.hear(1, 2, append(1, at(1, 1), &[], u64::MAX));
    assert_eq!(net.commit(1), 1);
}

// openraft#898: a node whose disk was wiped came back under its name, and its leader panicked.
// Raft does not survive this: the node may vote a second time in a term. What is promised is
// that its leader neither panics nor floods it, and leaves it behind until the next election.
#[test]
fn a_wiped_node_is_neither_flooded_nor_trusted_by_its_leader() {
    let mut net = Net::new(3);
    net.elect(1);
    for _ in 0..3 {
        net.propose(1);
        net.settle();
    }
    net.heartbeat(1);
    net.wipe(3);
    let request = net.propose(1);
    net.settle();
    assert!(matches!(net.ending(request), Some(Ending::Committed(_))));
    for _ in 0..20 {
        net.time_out(1);
        let mut to_wiped = 0;
        while !net.wire.is_empty() {
            to_wiped += u32::from(net.wire[0].to == 3);
            net.deliver(0);
        }
        assert!(to_wiped <= 2, "{to_wiped} messages in a heartbeat");
    }
    assert_eq!(net.log(3), []);
    net.cut(1, 2);
    net.cut(1, 3);
    net.run_ms(2_000);
    assert_eq!(net.leader(), Some(2));
    assert_eq!(net.log(3), net.log(2));
}

// redpanda#31642: a commit index that came before the entries were flushed was forgotten.
#[test]
fn a_follower_that_flushes_late_still_learns_what_is_committed() {
    let mut net = Net::new(3);
    net.elect(1);
    net.auto_sync = false;
    let request = net.propose(1);
    net.flush();
    net.deliver_all();
    net.sync(1);
    net.sync(2);
    net.deliver_all();
    assert!(matches!(net.ending(request), Some(Ending::Committed(_))));
    net.heartbeat(1);
    assert_eq!((net.node(3).durable_index(), net.commit(3)), (Index(1), 2));
    // Its copy is lost with the power; the leader's memory of it must not be.
    net.crash(3, 0);
    net.restart(3);
    assert_eq!((net.log(3).len(), net.commit(3)), (1, 0));
    net.auto_sync = true;
    net.heartbeat(1);
    net.heartbeat(1);
    assert_eq!((net.log(3).len(), net.commit(3)), (2, 2));
}

// etcd `heartbeat_resp_recovers_from_probing`, `replicate_pause`: a lost append, in either mode.
#[test]
fn a_lost_probe_is_sent_again_with_the_next_heartbeat() {
    let mut net = Net::new(3);
    net.time_out(1);
    while net.role(1) != Role::Leader {
        net.deliver(0);
    }
    net.wire.clear();
    net.heartbeat(1);
    assert_eq!((net.commit(1), net.log(2)), (1, vec![1]));
}

#[test]
fn lost_appends_of_a_full_window_are_sent_again_after_the_next_heartbeat() {
    let mut net = Net::with(3, |config| config.appends_in_flight_max(2).unwrap());
    net.elect(1);
    for _ in 0..5 {
        net.propose(1);
        net.flush();
        net.wire.clear();
    }
    net.heartbeat(1);
    assert_eq!(
        (net.log(2).len(), net.log(3).len(), net.commit(1)),
        (6, 6, 6)
    );
}

#[test]
fn no_more_appends_are_under_way_to_a_peer_than_the_window_allows() {
    let mut net = Net::with(2, |config| config.appends_in_flight_max(3).unwrap());
    net.elect(1);
    for _ in 0..10 {
        net.propose(1);
        net.flush();
    }
    assert_eq!(net.wire.len(), 3);
    net.settle();
    assert_eq!(net.commit(1), 11);
}

// logcabin#160, etcd's flow-control tests: an entry heavier than the limit travels alone.
#[test]
fn an_entry_heavier_than_an_append_still_travels() {
    let mut net = Net::with(3, |config| config.append_bytes_max(1).unwrap());
    net.elect(1);
    net.partition(&[3]);
    let requests: Vec<_> = (0..5).map(|_| net.propose(1)).collect();
    net.settle();
    for request in requests {
        assert!(matches!(net.ending(request), Some(Ending::Committed(_))));
    }
    net.heal();
    net.time_out(1);
    while !net.wire.is_empty() {
        if let Message::Append { entries, .. } = &net.wire[0].message {
            assert!(entries.len() <= 1);
        }
        net.deliver(0);
    }
    assert_eq!(net.log(3).len(), 6);
}

#[test]
fn a_leader_that_crashes_before_its_disk_has_an_entry_does_not_lead_the_term_again() {
    let mut net = Net::new(3);
    net.elect(1);
    net.auto_sync = false;
    net.propose(1);
    net.flush();
    net.deliver_all();
    net.crash(1, 0);
    net.restart(1);
    assert_eq!(
        (net.log(1), net.disk(1).durable.vote),
        (vec![1], Some(NodeId(1)))
    );
    net.auto_sync = true;
    net.sync(2);
    net.sync(3);
    net.run_ms(2_000);
    let leader = net.leader().unwrap();
    assert!(net.term(leader) >= 2);
    // The entry reached a quorum early: whoever leads has it.
    assert_eq!(net.log(leader)[..2], [1, 1]);
    net.check_end();
}

// CCF `rollback_safety`: what a follower stored in an older term, it may
// have overwritten since.
#[test]
fn an_answer_of_an_older_term_counts_for_nothing() {
    let mut net = Net::with_logs(1, &[&[1], &[1], &[1]]);
    net.time_out(1);
    while net.role(1) != Role::Leader {
        net.deliver(0);
    }
    net.wire.clear();
    net.hear(1, 2, reply(1, 0, matched(2)));
    assert_eq!((net.term(1), net.commit(1)), (2, 0));
    net.heartbeat(1);
    assert_eq!(net.commit(1), 2);
}

// Ours: an append that overtakes another conflicts, as if the other were lost.
#[test]
fn reordering_neither_stops_replication_nor_multiplies_its_messages() {
    for seed in 0..50 {
        let mut net = Net::seeded(3, seed, |config| config, |_| Disk::default());
        net.elect(1);
        let mut random = Random::new(seed);
        let mut messages = 0;
        let mut deliver_any = |net: &mut Net| {
            messages += 1;
            let place = random.below(net.wire.len() as u64) as usize;
            net.deliver(place);
        };
        for _ in 0..200 {
            net.propose(1);
            net.flush();
            while net.wire.len() > 20 {
                deliver_any(&mut net);
            }
        }
        while !net.wire.is_empty() {
            deliver_any(&mut net);
        }
        net.heartbeat(1);
        net.heartbeat(1);
        assert!(net.ids().all(|id| net.commit(id) == 201), "seed {seed}");
        // In order it takes four messages per proposal.
        assert!(messages <= 200 * 4, "{messages} messages, seed {seed}");
    }
}

// An answer that claims more than the leader ever sent must not count for what it appends later.
#[test]
fn an_answer_beyond_the_log_does_not_count_for_later_entries() {
    use raft_core::{Config, Index, Message, Raft, Request, Term, Verdict};
    use transport::{
        Context, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time, Token,
    };

    let voters = [1, 2, 3].map(NodeId);
    let config = Config::new(voters[0], voters).expect("a configuration");
    let mut raft: Raft<u64> = Raft::recover(&config, Vec::new()).expect("a new node");
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let (start, later) = (Time::ZERO, Time::from_millis(200));
    let mut step = |raft: &mut Raft<u64>, now: Time, input| {
        raft.step(
            input,
            &mut Context::new(now, now, &mut choices, &mut effects),
        );
        effects.drain().for_each(drop);
        let durable = Input::Durable(Token(u64::MAX));
        raft.step(
            durable,
            &mut Context::new(now, now, &mut choices, &mut effects),
        );
        effects.drain().for_each(drop);
    };
    let (term, granted, from) = (Term(1), true, voters[1]);
    step(&mut raft, start, Input::Start);
    step(&mut raft, later, Input::Wake);
    let message = Message::PreVoteReply { term, granted };
    step(&mut raft, later, Input::Message { from, message });
    let message = Message::VoteReply { term, granted };
    step(&mut raft, later, Input::Message { from, message });
    let verdict = Verdict::Matched { index: Index(9) };
    let message = Message::AppendReply {
        term,
        round: 0,
        verdict,
    };
    step(&mut raft, later, Input::Message { from, message });
    let (id, command) = (RequestId(1), 7);
    step(
        &mut raft,
        later,
        Input::Request(Request::Propose { id, command }),
    );
    step(&mut raft, later, Input::Wake);
    assert_eq!(
        raft.log().last().index,
        Index(2),
        "it leads, and has appended"
    );
    assert_eq!(raft.commit(), Index(0), "nobody has stored the entry");
}
