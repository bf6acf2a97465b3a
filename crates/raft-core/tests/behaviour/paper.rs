//! The Raft paper, sentence by sentence: "In Search of an Understandable Consensus Algorithm
//! (Extended Version)", Ongaro and Ousterhout, 2014, sections 5 and 8. Each test is named for what
//! a sentence says, under the section that says it.

use std::collections::BTreeSet;

use crate::common::clients::Ending;
use crate::common::say::{append, matched, pre_vote_granted, verdict, vote, vote_reply};
use crate::common::{Net, Packet, at, entry};
use raft_core::{Event, Index, Message, Refusal, Role, Term, Verdict};
use transport::{NodeId, Process};

mod section_5_1_basics {
    use super::*;

    #[test]
    fn a_server_that_sees_a_larger_term_updates_to_it() {
        let mut net = Net::new(3);
        net.hear(1, 2, append(7, at(0, 0), &[], 0));
        assert_eq!((net.term(1), net.role(1)), (7, Role::Follower));
    }

    #[test]
    fn a_candidate_that_discovers_that_its_term_is_out_of_date_becomes_a_follower() {
        let mut net = Net::new(3);
        net.time_out(1);
        net.hear(1, 2, pre_vote_granted(1));
        assert_eq!(net.role(1), Role::Candidate);
        net.hear(1, 2, vote_reply(5, false));
        assert_eq!((net.term(1), net.role(1)), (5, Role::Follower));
    }

    #[test]
    fn a_leader_that_discovers_that_its_term_is_out_of_date_becomes_a_follower() {
        let mut net = Net::new(3);
        net.elect(1);
        net.hear(1, 2, vote_reply(5, false));
        assert_eq!((net.term(1), net.role(1)), (5, Role::Follower));
    }

    #[test]
    fn a_request_with_a_stale_term_is_rejected_and_told_the_newer_one() {
        let mut net = Net::with_logs(4, &[&[1], &[1], &[1]]);
        let answers = net.hear(1, 2, append(3, at(1, 1), &[entry(3, 2)], 1));
        assert!(matches!(
            answers[..],
            [Message::AppendReply {
                term: Term(4),
                verdict: Verdict::Conflict { .. },
                ..
            }]
        ));
        assert_eq!(net.hear(1, 2, vote(3, at(9, 9))), [vote_reply(4, false)]);
        assert_eq!((net.log(1), net.commit(1)), (vec![1], 0));
    }

    #[test]
    fn terms_grow_over_time_and_the_current_one_survives_a_crash() {
        let mut net = Net::new(3);
        net.elect(1);
        net.time_out(2);
        net.deliver_all();
        assert_eq!(net.term(2), 2);
        net.crash(2, 0);
        net.restart(2);
        assert_eq!(net.term(2), 2);
    }
}

mod section_5_2_leader_election {
    use super::*;

    #[test]
    fn when_servers_start_up_they_begin_as_followers() {
        let net = Net::new(5);
        assert!(net.ids().all(|id| net.role(id) == Role::Follower));
        assert!(net.ids().all(|id| net.node(id).leader().is_none()));
    }

    #[test]
    fn leaders_send_periodic_heartbeats_to_all_followers() {
        let mut net = Net::new(3);
        net.elect(1);
        for _ in 0..10 {
            net.time_out(1);
            for peer in [2, 3] {
                let sent = net.take(1, peer);
                assert!(
                    matches!(&sent[..], [Message::Append { entries, .. }] if entries.is_empty())
                );
            }
            net.wire.clear();
            net.heartbeat(1);
        }
        assert_eq!(net.role(1), Role::Leader);
    }

    #[test]
    fn a_follower_that_hears_nothing_for_an_election_timeout_begins_an_election() {
        let mut net = Net::new(3);
        net.time_out(2);
        assert_eq!(net.role(2), Role::PreCandidate);
        assert!(matches!(
            net.take(2, 1)[..],
            [Message::PreVote { term: Term(1), .. }]
        ));
    }

    #[test]
    fn a_follower_that_grants_a_vote_waits_anew_and_one_that_denies_it_does_not() {
        // Figure 2: "without receiving AppendEntries from current leader or granting vote".
        let mut net = Net::with_logs(1, &[&[1], &[], &[1]]);
        let due = net.node(1).deadline().unwrap();
        net.now = due;
        net.hear(1, 2, vote(2, at(0, 0)));
        assert_eq!(net.node(1).deadline(), Some(due));
        net.hear(1, 3, vote(3, at(1, 1)));
        assert!(net.node(1).deadline() > Some(due));
    }

    #[test]
    fn a_follower_stays_one_as_long_as_it_hears_from_a_leader() {
        let mut net = Net::new(3);
        net.elect(1);
        net.run_ms(5_000);
        assert_eq!((net.leader(), net.term(1)), (Some(1), 1));
    }

    #[test]
    fn a_candidate_increments_its_term_votes_for_itself_and_asks_all_others() {
        let mut net = Net::with_logs(3, &[&[1, 3], &[1], &[1]]);
        net.time_out(1);
        net.wire.clear();
        net.hear(1, 2, pre_vote_granted(4));
        assert_eq!((net.role(1), net.term(1)), (Role::Candidate, 4));
        assert_eq!(net.node(1).vote(), Some(NodeId(1)));
        assert_eq!(net.disk(1).durable.vote, Some(NodeId(1)));
        assert_eq!(net.take(1, 3), [vote(4, at(3, 2))]);
    }

    #[test]
    fn a_candidate_wins_with_the_votes_of_a_majority() {
        // Votes of others, cluster size, and whether they are enough.
        for (votes, n, wins) in [
            (0, 1, true),
            (0, 2, false),
            (1, 2, true),
            (0, 3, false),
            (1, 3, true),
        ]
        .into_iter()
        .chain([
            (1, 4, false),
            (2, 4, true),
            (1, 5, false),
            (2, 5, true),
            (3, 7, true),
            (2, 7, false),
        ]) {
            let mut net = Net::new(n);
            net.time_out(1);
            for peer in 2..=n {
                net.hear(1, peer, pre_vote_granted(1));
            }
            for voter in 2..=votes + 1 {
                net.hear(1, voter, vote_reply(1, true));
            }
            let expected = if wins { Role::Leader } else { Role::Candidate };
            assert_eq!(net.role(1), expected, "{votes} votes of others among {n}");
        }
    }

    #[test]
    fn a_vote_that_is_told_twice_counts_once() {
        let mut net = Net::new(5);
        net.time_out(1);
        for peer in 2..=5 {
            net.hear(1, peer, pre_vote_granted(1));
        }
        for _ in 0..4 {
            net.hear(1, 2, vote_reply(1, true));
        }
        assert_eq!(net.role(1), Role::Candidate);
    }

    #[test]
    fn each_server_votes_for_at_most_one_candidate_in_a_term_first_come_first_served() {
        let mut net = Net::new(3);
        assert_eq!(net.hear(1, 2, vote(1, at(0, 0))), [vote_reply(1, true)]);
        assert_eq!(net.hear(1, 3, vote(1, at(0, 0))), [vote_reply(1, false)]);
        // The same candidate may ask again: its answer was perhaps lost.
        assert_eq!(net.hear(1, 2, vote(1, at(0, 0))), [vote_reply(1, true)]);
        assert_eq!(net.hear(1, 3, vote(2, at(0, 0))), [vote_reply(2, true)]);
    }

    #[test]
    fn a_new_leader_tells_all_others_at_once() {
        let mut net = Net::new(3);
        net.elect(3);
        assert!(net.ids().all(|id| net.node(id).leader() == Some(NodeId(3))));
    }

    #[test]
    fn a_candidate_that_hears_a_leader_of_its_term_returns_to_follower() {
        let mut net = Net::new(3);
        net.time_out(1);
        net.hear(1, 2, pre_vote_granted(1));
        net.hear(1, 3, append(1, at(0, 0), &[], 0));
        assert_eq!(
            (net.role(1), net.node(1).leader()),
            (Role::Follower, Some(NodeId(3)))
        );
    }

    #[test]
    fn a_candidate_that_hears_a_leader_of_an_older_term_continues() {
        let mut net = Net::with_logs(4, &[&[], &[], &[]]);
        net.time_out(1);
        net.hear(1, 2, pre_vote_granted(5));
        net.hear(1, 3, append(4, at(0, 0), &[], 0));
        assert_eq!((net.role(1), net.term(1)), (Role::Candidate, 5));
    }

    #[test]
    fn a_split_vote_ends_with_a_new_election_in_a_new_term() {
        let mut net = Net::new(4);
        for id in [1, 2] {
            net.time_out(id);
        }
        // Each candidate gets one further voter.
        net.cut(1, 4);
        net.cut(2, 3);
        net.deliver_all();
        assert_eq!([net.role(1), net.role(2)], [Role::Candidate; 2]);
        net.heal();
        net.run_ms(2_000);
        let leader = net.leader().expect("a leader after the split");
        assert!(net.term(leader) >= 2);
    }

    #[test]
    fn election_timeouts_are_drawn_anew_between_one_and_two_timeouts_and_differ() {
        let mut net = Net::new(3);
        let mut seen = BTreeSet::new();
        for _ in 0..500 {
            let start = net.now;
            let due = net.node(1).deadline().unwrap();
            let wait = due.since(start).as_millis();
            assert!((150..300).contains(&wait), "{wait} ms");
            seen.insert(wait);
            net.time_out(1);
        }
        assert!(seen.len() > 100, "{} waits", seen.len());
    }
}

mod section_5_3_log_replication {
    use super::*;

    #[test]
    fn a_leader_appends_the_command_to_its_log_and_sends_it_to_every_server() {
        let mut net = Net::new(3);
        net.elect(1);
        net.propose(1);
        net.flush();
        assert_eq!(net.log(1), [1, 1]);
        for peer in [2, 3] {
            let sent = net.take(1, peer);
            assert!(matches!(&sent[..],
                [Message::Append { entries, previous, .. }]
                if entries.len() == 1 && *previous == at(1, 1)));
        }
    }

    #[test]
    fn an_entry_is_committed_once_a_majority_has_it_and_then_the_client_is_told() {
        let mut net = Net::new(5);
        net.elect(1);
        net.partition(&[1, 2]);
        let request = net.propose(1);
        net.settle();
        assert_eq!(net.ending(request), None, "two of five");
        net.heal();
        net.partition(&[4, 5]);
        net.heartbeat(1);
        assert_eq!(
            net.ending(request),
            Some(Ending::Committed(Index(2))),
            "three of five"
        );
    }

    #[test]
    fn a_leader_retries_until_all_followers_store_all_entries() {
        let mut net = Net::new(3);
        net.elect(1);
        net.partition(&[3]);
        for _ in 0..5 {
            net.propose(1);
            net.settle();
        }
        assert_eq!(net.log(3).len(), 1);
        net.heal();
        net.heartbeat(1);
        net.heartbeat(1);
        assert_eq!(net.log(3).len(), 6);
        assert_eq!(net.commit(3), 6);
    }

    #[test]
    fn the_leader_includes_its_commit_index_so_that_others_find_out() {
        let mut net = Net::new(3);
        net.elect(1);
        net.propose(1);
        net.settle();
        assert_eq!((net.commit(1), net.commit(2)), (2, 1));
        net.heartbeat(1);
        assert_eq!((net.commit(2), net.commit(3)), (2, 2));
    }

    #[test]
    fn a_follower_applies_committed_entries_in_log_order() {
        let mut net = Net::with_logs(2, &[&[], &[1, 1, 2], &[1, 1, 2]]);
        net.hear(
            1,
            2,
            append(2, at(0, 0), &[entry(1, 1), entry(1, 2), entry(2, 3)], 2),
        );
        net.hear(1, 2, append(2, at(2, 3), &[], 3));
        let indexes: Vec<u64> = net
            .events(1)
            .iter()
            .filter_map(|event| match event {
                Event::Committed(batch) => Some(batch.first().0),
                _ => None,
            })
            .collect();
        assert_eq!(indexes, [1, 2, 3]);
    }

    #[test]
    fn a_follower_commits_no_further_than_the_last_entry_known_to_match() {
        // Figure 2: "min(leaderCommit, index of last new entry)".
        let mut net = Net::with_logs(2, &[&[1, 1, 1], &[1, 1, 2], &[1, 1, 2]]);
        net.hear(1, 2, append(2, at(1, 1), &[entry(1, 2)], 9));
        assert_eq!(net.commit(1), 2, "entry 3 may differ from the leader's");
        net.hear(1, 2, append(2, at(1, 2), &[entry(2, 3)], 9));
        assert_eq!(net.commit(1), 3);
    }

    #[test]
    fn a_follower_refuses_entries_if_it_lacks_the_one_before_them() {
        let mut net = Net::with_logs(2, &[&[1, 1], &[1], &[1]]);
        for previous in [at(1, 3), at(2, 2)] {
            let next = entry(2, previous.index.0 + 1);
            let answer = net.hear(1, 2, append(2, previous, &[next], 0));
            let hint = at(1, 2);
            let previous = previous.index;
            assert_eq!(verdict(&answer), Verdict::Conflict { previous, hint });
        }
        assert_eq!(net.log(1), [1, 1]);
    }

    #[test]
    fn a_follower_deletes_a_conflicting_entry_and_all_that_follow_it() {
        let mut net = Net::with_logs(3, &[&[1, 1, 2, 2], &[1], &[1]]);
        let answer = net.hear(1, 2, append(3, at(1, 2), &[entry(3, 3)], 0));
        assert_eq!(verdict(&answer), matched(3));
        assert_eq!(net.log(1), [1, 1, 3]);
        assert_eq!(net.disk(1).durable.log.len(), 3);
    }

    #[test]
    fn a_follower_keeps_what_follows_entries_that_it_already_has() {
        // Section 5.3 and figure 2: only a conflict deletes. A late, short append must not.
        let mut net = Net::with_logs(2, &[&[1, 1, 2, 2], &[1], &[1]]);
        for (previous, entries) in [
            (at(0, 0), vec![entry(1, 1)]),
            (at(1, 1), vec![entry(1, 2), entry(2, 3)]),
            (at(1, 2), vec![]),
        ] {
            let last = previous.index.0 + entries.len() as u64;
            let answer = net.hear(1, 2, append(2, previous, &entries, 0));
            assert_eq!(verdict(&answer), matched(last));
            assert_eq!(net.log(1), [1, 1, 2, 2]);
        }
    }

    #[test]
    fn figure_7_a_leader_brings_every_follower_log_into_agreement_with_its_own() {
        let leader: &[u64] = &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
        let followers: [&[u64]; 6] = [
            &[1, 1, 1, 4, 4, 5, 5, 6, 6],
            &[1, 1, 1, 4],
            &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
            &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
            &[1, 1, 1, 4, 4, 4, 4],
            &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
        ];
        let logs: Vec<&[u64]> = std::iter::once(leader).chain(followers).collect();
        let mut net = Net::with_logs(7, &logs);
        net.elect(1);
        net.heartbeat(1);
        let agreed = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8];
        for id in net.ids() {
            assert_eq!(net.log(id), agreed, "node {id}");
            assert_eq!(net.commit(id), 11);
        }
        net.check_end();
    }

    /// The appends that a leader of term 4 sends to bring node 2 into agreement.
    fn appends_until_agreement(leader: &[u64], follower: &[u64]) -> usize {
        let mut net = Net::with_logs(3, &[leader, follower, &[1]]);
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
        assert_eq!(net.log(2), net.log(1));
        appends
    }

    #[test]
    fn a_conflict_costs_one_round_trip_per_term_not_per_entry() {
        // End of section 5.3. The follower skips what is newer than the leader's term there, and the
        // leader skips what is newer than the follower's.
        let run = |term| std::iter::once(1).chain([term; 500]).collect::<Vec<u64>>();
        for (leader, follower) in [
            (vec![1, 3], run(2)),
            (run(3), vec![1, 2]),
            (run(3), run(2)),
            (run(2), run(3)),
        ] {
            let appends = appends_until_agreement(&leader, &follower);
            assert!(appends <= 3, "{appends} appends");
        }
    }

    #[test]
    fn a_leader_never_overwrites_or_deletes_its_own_entries() {
        let mut net = Net::with_logs(1, &[&[1, 1], &[1], &[1]]);
        net.elect(1);
        let log = net.log(1);
        for term in 0..=net.term(1) {
            net.hear(1, 2, append(term, at(0, 0), &[entry(term, 1)], 3));
            assert_eq!(net.log(1), log);
        }
        assert_eq!(net.role(1), Role::Leader);
    }
}

mod section_5_4_safety {
    use super::*;

    #[test]
    fn a_voter_denies_its_vote_if_its_own_log_is_more_up_to_date() {
        // Its log ends at term 2, index 3. The later term wins; with equal terms, the longer log.
        for (last, granted) in [
            (at(1, 9), false),
            (at(2, 2), false),
            (at(2, 3), true),
            (at(2, 4), true),
            (at(3, 1), true),
        ] {
            let mut net = Net::with_logs(3, &[&[1, 1, 2], &[], &[]]);
            assert_eq!(
                net.hear(1, 2, vote(4, last)),
                [vote_reply(4, granted)],
                "{last}"
            );
        }
    }

    #[test]
    fn a_candidate_cannot_win_without_every_committed_entry() {
        let mut net = Net::new(3);
        net.elect(1);
        net.partition(&[3]);
        let request = net.propose(1);
        net.settle();
        assert!(matches!(net.ending(request), Some(Ending::Committed(_))));
        net.crash(1, 0);
        net.heal();
        for _ in 0..20 {
            net.time_out(3);
            net.deliver_all();
            assert_ne!(net.role(3), Role::Leader);
        }
        net.run_ms(1_000);
        assert_eq!(net.leader(), Some(2));
    }

    /// Figure 8 from (c) on: server 1 leads term 4, and entry 2 of term 2 reaches a majority while
    /// no entry of term 4 does.
    fn figure_8_c() -> Net {
        let logs: [&[u64]; 5] = [&[1, 2], &[1, 2], &[1], &[1], &[1, 3]];
        let mut net = Net::seeded(
            5,
            1,
            |config| config.append_entries_max(1).unwrap(),
            |id| {
                crate::common::disk::Disk::with(crate::common::records(
                    3,
                    None,
                    logs[id as usize - 1],
                ))
            },
        );
        net.cut(1, 5);
        net.time_out(1);
        while !net.wire.is_empty() {
            let Packet { to, message, .. } = &net.wire[0];
            let carries_term_4 = matches!(message, Message::Append { entries, .. }
                if entries.start().is_some_and(|start| start.term == Term(4)));
            if carries_term_4 && net.log(*to).len() == 2 {
                net.wire.remove(0);
            } else {
                net.deliver(0);
            }
        }
        assert_eq!((net.role(1), net.term(1)), (Role::Leader, 4));
        assert_eq!(net.log(1), [1, 2, 4]);
        net
    }

    #[test]
    fn figure_8_an_entry_of_an_older_term_is_not_committed_by_counting() {
        let mut net = figure_8_c();
        let holders = net.ids().filter(|&id| net.log(id).get(1) == Some(&2));
        assert!(holders.count() >= 3, "entry 2 is on a majority");
        assert_eq!(net.commit(1), 0, "and yet not committed");
        // (d): server 5 may still overwrite it everywhere.
        net.crash(1, 0);
        net.heal();
        net.time_out(5);
        net.deliver_all();
        net.elect(5);
        for id in 2..=5 {
            assert_eq!(net.log(id), [1, 3, 5]);
        }
        net.check_end();
    }

    #[test]
    fn figure_8_older_entries_are_committed_indirectly_by_one_of_the_current_term() {
        let mut net = figure_8_c();
        // (e): an entry of term 4 reaches a majority too.
        net.heartbeat(1);
        net.heartbeat(1);
        assert_eq!(net.commit(1), 3);
        net.crash(1, 0);
        net.heal();
        for _ in 0..20 {
            net.time_out(5);
            net.deliver_all();
            assert_ne!(net.role(5), Role::Leader);
        }
        net.check_end();
    }
}

mod section_5_5_crashes {
    use super::*;

    #[test]
    fn requests_to_a_crashed_follower_are_retried_and_complete_after_its_restart() {
        let mut net = Net::new(3);
        net.elect(1);
        net.crash(2, 0);
        net.propose(1);
        net.settle();
        net.restart(2);
        net.heartbeat(1);
        net.heartbeat(1);
        assert_eq!((net.log(2), net.commit(2)), (vec![1, 1], 2));
    }

    #[test]
    fn requests_are_idempotent_so_a_repeated_append_changes_nothing() {
        let mut net = Net::with_logs(2, &[&[], &[1, 2], &[1, 2]]);
        let message = append(2, at(0, 0), &[entry(1, 1), entry(2, 2)], 1);
        let first = net.hear(1, 2, message.clone());
        let disk = net.disk(1).survivors().len();
        for _ in 0..3 {
            assert_eq!(net.hear(1, 2, message.clone()), first);
        }
        assert_eq!(
            (net.log(1), net.disk(1).survivors().len()),
            (vec![1, 2], disk)
        );
    }
}

mod section_8_clients {
    use super::*;

    #[test]
    fn a_server_that_does_not_lead_refuses_and_names_the_leader() {
        let mut net = Net::new(3);
        let early = net.propose(2);
        assert_eq!(
            net.ending(early),
            Some(Ending::Refused(Refusal::NotLeader, None))
        );
        net.elect(3);
        let late = net.propose(2);
        let hint = Some(NodeId(3));
        assert_eq!(
            net.ending(late),
            Some(Ending::Refused(Refusal::NotLeader, hint))
        );
    }

    #[test]
    fn a_leader_commits_a_blank_entry_at_the_start_of_its_term() {
        let mut net = Net::with_logs(1, &[&[1], &[1], &[1]]);
        net.elect(1);
        assert_eq!((net.log(1), net.commit(1)), (vec![1, 2], 2));
        assert_eq!(
            net.node(1).log().command(Index(2)),
            Some(None),
            "a blank one"
        );
    }

    #[test]
    fn a_leader_asks_a_majority_before_it_answers_a_read() {
        let mut net = Net::new(3);
        net.elect(1);
        let read = net.read(1);
        net.flush();
        assert_eq!(net.ending(read), None);
        net.deliver_all();
        assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
    }
}
