//! Other quorum systems than a majority: who elects, who commits, what is refused.
//!
//! Flexible pairs: Howard, Malkhi and Spiegelman, *Flexible Paxos*, 2016. Weights: Gifford 1979.

use std::time::Duration;

use crate::common::clients::Ending;
use crate::common::say::{granted, pre_vote_granted, vote, vote_reply};
use crate::common::{Net, at};
use quorum::QuorumSystem;
use raft_core::invariants::{Broken, Ledger};
use raft_core::{Config, ConfigError, Index, Raft, Role};
use transport::{NodeId, Recover};

/// Five nodes of which so many elect, and so many commit.
fn flexible(election_size: usize, commit_size: usize) -> Net {
    let system = QuorumSystem::flexible((1..=5).map(NodeId), election_size, commit_size).unwrap();
    Net::with(5, |config| config.quorums(system.clone()).unwrap())
}

/// Nodes of these weights; more than half of the weight elects and commits.
fn weighted(weights: &[u64]) -> Net {
    let voters = (1..).map(NodeId).zip(weights.iter().copied());
    let system = QuorumSystem::weighted(voters).unwrap();
    Net::with(weights.len() as u32, |config| {
        config.quorums(system.clone()).unwrap()
    })
}

/// What node 1 is after these peers have granted it a pre-vote, and what after they voted for it.
fn candidacy(net: &mut Net, peers: &[u32]) -> (Role, Role) {
    net.time_out(1);
    for &peer in peers {
        net.hear(1, peer, pre_vote_granted(1));
    }
    let after_pre_votes = net.role(1);
    if after_pre_votes == Role::Candidate {
        for &peer in peers {
            net.hear(1, peer, vote_reply(1, true));
        }
    }
    (after_pre_votes, net.role(1))
}

/// What node 1 has sent this peer first arrives, and so does the answer. The others hear nothing.
fn exchange(net: &mut Net, peer: u32) {
    for link in [(1, peer), (peer, 1)] {
        let place = |net: &Net| {
            let mut wire = net.wire.iter();
            wire.position(|packet| (packet.from, packet.to) == link)
        };
        let place = place(net).expect("a message is under way");
        net.deliver(place);
    }
}

mod flexible_pair {
    use super::*;

    #[test]
    fn a_candidate_needs_a_read_quorum_of_pre_votes_and_of_votes() {
        for (election_size, commit_size, peers, wins) in [
            (4, 2, &[2, 3][..], false),
            (4, 2, &[2, 3, 4], true),
            (5, 1, &[2, 3, 4], false),
            (5, 1, &[2, 3, 4, 5], true),
            (3, 4, &[2], false),
            (3, 4, &[2, 3], true),
        ] {
            let mut net = flexible(election_size, commit_size);
            let expected = if wins {
                (Role::Candidate, Role::Leader)
            } else {
                (Role::PreCandidate, Role::PreCandidate)
            };
            assert_eq!(candidacy(&mut net, peers), expected, "{peers:?}");
        }
        // Pre-votes of all, but too few votes.
        let mut net = flexible(4, 2);
        net.time_out(1);
        for peer in 2..=5 {
            net.hear(1, peer, pre_vote_granted(1));
        }
        net.hear(1, 2, vote_reply(1, true));
        net.hear(1, 3, vote_reply(1, true));
        assert_eq!(net.role(1), Role::Candidate);
        net.hear(1, 4, vote_reply(1, true));
        assert_eq!(net.role(1), Role::Leader);
    }

    #[test]
    fn an_entry_is_committed_once_a_write_quorum_has_it() {
        for (election_size, commit_size) in [(5, 1), (4, 2), (3, 3), (3, 4), (4, 5)] {
            let mut net = flexible(election_size, commit_size);
            net.elect(1);
            let request = net.propose(1);
            net.flush();
            for peer in 2..=commit_size as u32 {
                assert_eq!(net.ending(request), None, "{} copies", peer - 1);
                exchange(&mut net, peer);
            }
            assert_eq!(net.commit(1), 2, "{commit_size} copies");
        }
    }

    #[test]
    fn a_leader_with_one_follower_keeps_leading_committing_and_reading() {
        let mut net = flexible(4, 2);
        net.elect(1);
        net.partition(&[1, 2]);
        net.run_ms(2_000);
        assert_eq!((net.role(1), net.term(1)), (Role::Leader, 1));
        let (write, read) = (net.propose(1), net.read(1));
        net.run_ms(100);
        assert_eq!(net.ending(write), Some(Ending::Committed(Index(2))));
        assert!(matches!(net.ending(read), Some(Ending::Readable(_))));
        // The other three cannot elect anybody meanwhile.
        assert!((3..=5).all(|id| net.role(id) != Role::Leader && net.term(id) == 1));
        net.heal();
        net.run_ms(500);
        assert!(net.ids().all(|id| net.commit(id) == 2));
        net.check_end();
    }

    #[test]
    fn a_read_waits_for_a_write_quorum_and_for_no_more() {
        for (election_size, commit_size) in [(4, 2), (3, 4)] {
            let mut net = flexible(election_size, commit_size);
            net.elect(1);
            let read = net.read(1);
            net.flush();
            for peer in 2..=commit_size as u32 {
                assert_eq!(net.ending(read), None, "{peer} has not answered");
                exchange(&mut net, peer);
            }
            assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
        }
    }

    #[test]
    fn a_leader_that_hears_no_write_quorum_steps_down() {
        // A read quorum of three still answers, and nothing could be committed.
        let mut net = flexible(3, 4);
        net.elect(1);
        net.partition(&[1, 2, 3]);
        let deposed_by = net.now + Duration::from_millis(400);
        while net.role(1) == Role::Leader && net.now < deposed_by {
            net.tick();
            net.deliver_all();
        }
        assert_eq!(net.role(1), Role::Follower);
        assert_eq!(net.term(1), 1, "nobody newer deposed it");
    }

    #[test]
    fn whoever_is_elected_has_what_two_nodes_committed() {
        let mut net = flexible(4, 2);
        net.elect(1);
        net.partition(&[1, 2]);
        let write = net.propose(1);
        net.run_ms(50);
        assert_eq!(net.ending(write), Some(Ending::Committed(Index(2))));
        net.crash(1, 0);
        net.heal();
        // Three nodes without the entry are a majority, and not enough; the fourth denies its vote.
        let answers = net.hear(2, 3, vote(2, at(1, 1)));
        assert!(!granted(&answers));
        net.run_ms(2_000);
        assert_eq!(net.leader(), Some(2));
        assert_eq!(net.log(2)[..2], [1, 1]);
    }

    #[test]
    fn without_a_read_quorum_nobody_is_elected() {
        let mut net = flexible(4, 2);
        net.elect(1);
        net.crash(1, 0);
        net.crash(2, 0);
        net.run_ms(2_000);
        assert_eq!(net.leader(), None);
        assert!((3..=5).all(|id| net.role(id) == Role::PreCandidate && net.term(id) == 1));
        net.restart(2);
        net.run_ms(2_000);
        assert!(net.leader().is_some());
    }
}

mod weighted_voters {
    use super::*;

    #[test]
    fn a_candidate_wins_with_the_votes_of_more_than_half_of_the_weight() {
        let won = |weights, peers: &[u32]| candidacy(&mut weighted(weights), peers).1;
        assert_eq!(won(&[3, 1, 1, 1, 1], &[2]), Role::Leader);
        assert_eq!(won(&[1, 3, 1, 1, 1], &[2]), Role::Leader);
        assert_eq!(won(&[1, 3, 1, 1, 1], &[3, 4]), Role::PreCandidate);
        assert_eq!(won(&[1, 3, 1, 1, 1], &[3, 4, 5]), Role::Leader);
        assert_eq!(won(&[1, 1, 2], &[2]), Role::PreCandidate);
        assert_eq!(won(&[1, 1, 2], &[3]), Role::Leader);
    }

    #[test]
    fn the_copy_of_a_heavy_follower_commits_and_those_of_light_ones_do_not() {
        let mut net = weighted(&[1, 3, 1, 1, 1]);
        net.elect(1);
        net.propose(1);
        net.flush();
        exchange(&mut net, 3);
        exchange(&mut net, 4);
        assert_eq!(
            net.commit(1),
            1,
            "a majority of the nodes, but not of the weight"
        );
        exchange(&mut net, 2);
        assert_eq!(net.commit(1), 2);
    }

    #[test]
    fn a_lone_heavy_voter_elects_commits_and_reads_by_itself() {
        let mut net = weighted(&[3, 1, 1]);
        net.partition(&[1]);
        net.run_ms(1_000);
        assert_eq!(net.leader(), Some(1));
        let (write, read) = (net.propose(1), net.read(1));
        net.run_ms(50);
        assert!(matches!(net.ending(write), Some(Ending::Committed(_))));
        assert!(matches!(net.ending(read), Some(Ending::Readable(_))));
        net.run_ms(2_000);
        assert_eq!((net.role(1), net.term(1)), (Role::Leader, 1));
        // The others are two of three, and nothing without it.
        assert!([2, 3].iter().all(|&id| net.role(id) == Role::PreCandidate));
        net.heal();
        net.run_ms(500);
        assert!(net.ids().all(|id| net.commit(id) == 2));
    }

    #[test]
    fn a_lone_heavy_voters_entry_waits_for_its_own_disk() {
        let mut net = weighted(&[3, 1, 1]);
        net.elect(1);
        net.auto_sync = false;
        let write = net.propose(1);
        net.flush();
        assert_eq!(net.ending(write), None);
        net.sync(1);
        assert_eq!(net.ending(write), Some(Ending::Committed(Index(2))));
    }
}

mod refused {
    use super::*;

    fn config() -> Config {
        Config::new(NodeId(1), [1, 2, 3, 4].map(NodeId)).unwrap()
    }

    fn nodes<const COUNT: usize>(ids: [u32; COUNT]) -> Vec<NodeId> {
        ids.map(NodeId).into()
    }

    #[test]
    fn a_system_that_could_elect_two_leaders_in_one_term() {
        // Every read quorum meets every write quorum, which is enough for Paxos.
        let system = QuorumSystem::flexible(nodes([1, 2, 3, 4]), 2, 3).unwrap();
        let error = config().quorums(system).unwrap_err();
        let (first, second) = (nodes([1, 2]), nodes([3, 4]));
        assert_eq!(error, ConfigError::TwoLeaders { first, second });
        assert_eq!(
            error.to_string(),
            "the read quorums {n1, n2} and {n3, n4} have no voter in common: \
             both could elect in one term"
        );
    }

    #[test]
    fn a_system_whose_members_are_not_the_voters() {
        let system = QuorumSystem::majority(nodes([1, 2, 3, 4, 5])).unwrap();
        let error = config().quorums(system).unwrap_err();
        assert_eq!(error, ConfigError::MemberWithoutVote { id: NodeId(5) });
        assert!(error.to_string().contains("n5"));
        let system = QuorumSystem::majority(nodes([1, 2, 4])).unwrap();
        let error = config().quorums(system).unwrap_err();
        assert_eq!(error, ConfigError::VoterWithoutWeight { id: NodeId(3) });
        assert!(error.to_string().contains("n3"));
    }

    #[test]
    fn nothing_that_meets_both_demands() {
        for (read_size, write_size) in [(3, 2), (3, 3), (4, 1), (3, 4)] {
            let system =
                QuorumSystem::flexible(nodes([4, 3, 2, 1]), read_size, write_size).unwrap();
            let config = config().quorums(system.clone()).unwrap();
            assert_eq!(config.quorum_system(), &system);
        }
        assert_eq!(
            config().quorum_system(),
            &QuorumSystem::majority(nodes([1, 2, 3, 4])).unwrap()
        );
    }
}

#[test]
fn the_ledger_asks_whether_the_holders_of_a_committed_entry_are_a_write_quorum() {
    let mut net = flexible(4, 2);
    net.elect(1);
    let mut ledger: Ledger<u64> = Ledger::new();
    ledger.observe(net.node(1)).unwrap();
    let empty = |id| -> Raft<u64> { Raft::recover(net.node(id).config(), vec![]).unwrap() };
    let (second, third) = (empty(2), empty(3));
    let judge = |nodes: &[&Raft<u64>]| ledger.committed_is_durable(nodes.iter().copied());
    assert_eq!(judge(&[net.node(1), net.node(2), &third]), Ok(()));
    let error = judge(&[net.node(1), &second, &third]).unwrap_err();
    let (index, holders) = (Index(1), vec![NodeId(1)]);
    assert_eq!(error, Broken::CommittedIsDurable { index, holders });
    assert_eq!(
        error.to_string(),
        "committed entry 1 is durable on {n1}, which is no write quorum"
    );
}
