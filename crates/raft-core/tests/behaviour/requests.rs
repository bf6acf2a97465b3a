//! Every request ends exactly once: committed, lost, unknown, readable or refused.

use std::time::Duration;

use crate::common::Net;
use crate::common::clients::Ending;
use crate::common::disk::Disk;
use crate::common::random::Random;
use raft_core::{Config, Event, Index, Message, Outcome, Refusal, Role, Term, Verdict};
use transport::{NodeId, Process, Time};

/// Leader 1 of three is cut off with a proposal in its log.
fn with_a_stranded_proposal(net: &mut Net) -> transport::RequestId {
    net.elect(1);
    net.partition(&[1]);
    let request = net.propose(1);
    net.settle();
    assert_eq!((net.ending(request), net.log(1)), (None, vec![1, 1]));
    request
}

mod proposals {
    use super::*;

    #[test]
    fn many_proposals_become_one_append_and_one_record() {
        let mut net = Net::new(3);
        net.elect(1);
        let records = net.disk(1).survivors().len();
        let requests: Vec<_> = (0..64).map(|_| net.propose(1)).collect();
        assert_eq!(
            net.node(1).deadline(),
            Some(Time::ZERO),
            "asks to be woken at once"
        );
        net.flush();
        assert_ne!(net.node(1).deadline(), Some(Time::ZERO));
        assert_eq!(net.wire.len(), 2, "one append per peer");
        assert_eq!(net.disk(1).survivors().len(), records + 1);
        net.settle();
        for (place, request) in requests.into_iter().enumerate() {
            let index = Index(place as u64 + 2);
            assert_eq!(net.ending(request), Some(Ending::Committed(index)));
        }
    }

    #[test]
    fn the_batch_is_handed_over_before_the_answer() {
        let mut net = Net::new(1);
        net.elect(1);
        net.propose(1);
        net.settle();
        let tail: Vec<_> = net.events(1).iter().rev().take(2).collect();
        assert!(matches!(
            tail[..],
            [
                Event::Proposed {
                    outcome: Outcome::Committed { .. },
                    ..
                },
                Event::Committed(_),
            ]
        ));
    }

    #[test]
    fn nodes_that_do_not_lead_hand_the_request_back_with_a_hint() {
        let mut net = Net::new(3);
        net.elect(2);
        let request = net.propose(3);
        let hint = Some(NodeId(2));
        assert_eq!(
            net.ending(request),
            Some(Ending::Refused(Refusal::NotLeader, hint))
        );
        net.time_out(3);
        let request = net.propose(3);
        assert_eq!(
            net.ending(request),
            Some(Ending::Refused(Refusal::NotLeader, None))
        );
    }

    #[test]
    fn too_many_waiting_requests_are_refused_and_room_comes_back() {
        let mut net = Net::with(3, |config| config.requests_max(3).unwrap());
        net.elect(1);
        let first = [net.propose(1), net.propose(1), net.read(1)];
        for request in [net.propose(1), net.read(1)] {
            let leader = Some(NodeId(1));
            assert_eq!(
                net.ending(request),
                Some(Ending::Refused(Refusal::Overloaded, leader))
            );
        }
        net.flush();
        let still_full = net.propose(1);
        assert!(matches!(
            net.ending(still_full),
            Some(Ending::Refused(Refusal::Overloaded, _))
        ));
        net.settle();
        assert!(first.iter().all(|&request| net.ending(request).is_some()));
        let request = net.propose(1);
        net.settle();
        assert!(matches!(net.ending(request), Some(Ending::Committed(_))));
    }

    // openraft#1761, tikv#1315: whoever waits for an answer gets one.
    #[test]
    fn a_deposed_leader_tells_that_its_proposal_is_lost() {
        let mut net = Net::new(3);
        let request = with_a_stranded_proposal(&mut net);
        net.time_out(2);
        net.deliver_all();
        assert_eq!(net.role(2), Role::Leader);
        net.propose(2);
        net.settle();
        net.heal();
        net.run_ms(100);
        assert_eq!(net.ending(request), Some(Ending::Lost));
        net.check_end();
    }

    // The new leader's only entry may stand before the old proposal, and nothing may ever follow it.
    #[test]
    fn a_loss_is_told_without_waiting_for_the_log_to_grow_as_long() {
        let mut net = Net::new(3);
        net.elect(1);
        net.partition(&[1]);
        let requests: Vec<_> = (0..5).map(|_| net.propose(1)).collect();
        net.settle();
        net.time_out(2);
        net.deliver_all();
        net.heal();
        net.run_ms(100);
        assert_eq!(net.log(1), [1, 2]);
        for request in requests {
            assert_eq!(net.ending(request), Some(Ending::Lost));
        }
    }

    #[test]
    fn a_deposed_leader_learns_that_its_proposal_was_committed_after_all() {
        let mut net = Net::new(3);
        net.elect(1);
        let request = net.propose(1);
        net.flush();
        // The append arrives, the answers do not.
        net.cut_one_way(2, 1);
        net.cut_one_way(3, 1);
        net.deliver_all();
        net.partition(&[1]);
        net.time_out(2);
        net.deliver_all();
        assert_eq!(net.role(2), Role::Leader);
        assert_eq!(net.ending(request), None);
        net.heal();
        net.run_ms(100);
        assert_eq!(net.ending(request), Some(Ending::Committed(Index(2))));
    }

    #[test]
    fn a_fate_that_stays_unknown_is_told_after_the_patience_and_not_before() {
        let mut net = Net::with(3, |config| config.fate_patience(Duration::from_secs(1)));
        let request = with_a_stranded_proposal(&mut net);
        net.run_ms(900);
        assert_ne!(net.role(1), Role::Leader);
        assert_eq!(net.ending(request), None);
        net.run_ms(500);
        assert_eq!(net.ending(request), Some(Ending::Unknown));
        // It may still be committed; nobody hears of it twice.
        net.heal();
        net.run_ms(1_000);
        net.check_end();
    }

    #[test]
    fn a_proposal_that_never_entered_the_log_is_refused_when_leadership_is_lost() {
        let mut net = Net::new(3);
        net.elect(1);
        let (write, read) = (net.propose(1), net.read(1));
        let term = Term(9);
        net.hear(
            1,
            2,
            Message::VoteReply {
                term,
                granted: false,
            },
        );
        for request in [write, read] {
            let lost = Ending::Refused(Refusal::LostLeadership, None);
            assert_eq!(net.ending(request), Some(lost));
        }
    }

    #[test]
    fn a_leader_that_finds_no_quorum_refuses_what_it_has_not_written_yet() {
        let mut net = Net::new(3);
        net.elect(1);
        net.partition(&[1]);
        net.now = net.now + Duration::from_millis(400);
        let request = net.propose(1);
        net.wake(1);
        assert_eq!(net.role(1), Role::Follower);
        let lost = Ending::Refused(Refusal::LostLeadership, None);
        assert_eq!((net.ending(request), net.log(1)), (Some(lost), vec![1]));
    }

    #[test]
    fn two_nodes_of_which_one_is_down_end_every_request() {
        let mut net = Net::with(2, |config| config.fate_patience(Duration::from_secs(1)));
        net.elect(1);
        net.crash(2, 0);
        let (write, read) = (net.propose(1), net.read(1));
        net.run_ms(2_000);
        assert_eq!(net.ending(write), Some(Ending::Unknown));
        assert!(matches!(net.ending(read), Some(Ending::Refused(..))));
    }
}

mod reads {
    use super::*;

    #[test]
    fn a_lone_node_answers_at_once() {
        let mut net = Net::new(1);
        net.elect(1);
        let write = net.propose(1);
        net.settle();
        let read = net.read(1);
        net.flush();
        assert_eq!(net.ending(write), Some(Ending::Committed(Index(2))));
        assert_eq!(net.ending(read), Some(Ending::Readable(Index(2))));
    }

    #[test]
    fn two_nodes_confirm_each_other() {
        let mut net = Net::new(2);
        net.elect(1);
        let read = net.read(1);
        net.flush();
        assert_eq!(net.ending(read), None);
        net.deliver_all();
        assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
    }

    #[test]
    fn reads_asked_together_share_one_round() {
        let mut net = Net::new(5);
        net.elect(1);
        let reads: Vec<_> = (0..100).map(|_| net.read(1)).collect();
        net.flush();
        assert_eq!(net.wire.len(), 4);
        net.deliver_all();
        assert!(
            reads
                .iter()
                .all(|&read| matches!(net.ending(read), Some(Ending::Readable(_))))
        );
    }

    #[test]
    fn a_refused_append_confirms_a_round_too() {
        // The follower lags, yet it knows no newer leader: that is all a read asks of it.
        let mut net = Net::new(3);
        net.elect(1);
        let read = net.read(1);
        net.flush();
        net.wire.clear();
        let verdict = Verdict::Conflict {
            previous: Index(1),
            hint: raft_core::Position::default(),
        };
        let (term, round) = (Term(1), 1);
        net.hear(
            1,
            2,
            Message::AppendReply {
                term,
                round,
                verdict,
            },
        );
        assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
    }

    #[test]
    fn a_read_that_lost_its_round_is_confirmed_by_the_next_heartbeat() {
        let mut net = Net::new(3);
        net.elect(1);
        let read = net.read(1);
        net.flush();
        net.wire.clear();
        net.heartbeat(1);
        assert_eq!(net.ending(read), Some(Ending::Readable(Index(1))));
    }
}

/// Requests go to every node while leaders come and go; after the healing none is open.
#[test]
fn every_request_ends_exactly_once_while_leaders_come_and_go() {
    let config = |config: Config| {
        config
            .requests_max(20)
            .unwrap()
            .fate_patience(Duration::from_millis(800))
    };
    let mut kinds = [0_u32; 5];
    for seed in 0..60 {
        let mut net = Net::seeded(3, seed, config, |_| Disk::default());
        let mut random = Random::new(seed);
        let mut asked = Vec::new();
        for _ in 0..120 {
            let node = random.below(3) as u32 + 1;
            match random.below(8) {
                0 => net.partition(&[node]),
                1 | 2 => net.heal(),
                _ => {}
            }
            for _ in 0..random.below(12) {
                let to = if random.below(4) == 0 {
                    node
                } else {
                    net.leader().unwrap_or(node)
                };
                asked.push(if random.below(3) == 0 {
                    net.read(to)
                } else {
                    net.propose(to)
                });
            }
            let millis = random.below(120);
            net.run_ms(millis);
        }
        net.heal();
        net.run_ms(2_000);
        for request in asked {
            let kind = match net.ending(request).expect("every request ends") {
                Ending::Committed(_) => 0,
                Ending::Readable(_) => 1,
                Ending::Lost => 2,
                Ending::Refused(..) => 3,
                Ending::Unknown => 4,
                Ending::Crashed => continue,
            };
            kinds[kind] += 1;
        }
        net.check_end();
    }
    assert!(
        kinds.iter().all(|&count| count > 0),
        "each way to end occurs: {kinds:?}"
    );
}
