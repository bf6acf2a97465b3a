//! How requests end: each once, and each with the truth.

use std::time::Duration;

use crate::common::clients::Ending;
use crate::common::{Net, ballot, majority, proposal};
use paxos_core::{Ballot, Config, Event, Message, Paxos, Phase, Refusal, Request};
use quorum::QuorumSystem;
use transport::{
    Bytes, Context, Effect, Effects, Ends, Input, NodeId, Process, Recover, RequestId, Scripted,
    Time,
};

/// Three networks on which another implementation (haraldng/omnipaxos 0.2.4, one proposal at a node
/// that does not lead) ended with the value, with the value twice, and with nothing and no word.
mod one_proposal_at_one_node {
    use super::*;

    #[test]
    fn is_decided_once_on_a_perfect_network() {
        let mut net = Net::new(3);
        let request = net.propose(2);
        net.deliver_all();
        assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
        for id in net.ids() {
            assert_eq!(net.events(id)[0], Event::Learned { value: request.0 });
        }
    }

    #[test]
    fn is_decided_once_when_every_message_comes_twice() {
        let mut net = Net::new(3);
        let request = net.propose(2);
        for _ in 0..1_000 {
            if net.wire.is_empty() {
                break;
            }
            let packet = net.wire[0].clone();
            net.deliver(0);
            let from = NodeId(packet.from);
            let message = packet.message;
            net.step(packet.to, Input::Message { from, message });
            net.wire.truncate(64);
        }
        net.run_ms(2_000);
        assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
        for id in net.ids() {
            let learned = net.events(id).iter().filter(|event| event.ends().is_none());
            assert_eq!(learned.count(), 1, "node {id} learns once");
        }
    }

    #[test]
    fn is_decided_or_visibly_failed_when_its_first_messages_are_lost() {
        let mut net = Net::new(3);
        let request = net.propose(2);
        net.wire.clear();
        net.run_ms(2_000);
        assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
        // And when all of them are: it hears so, and the value is never chosen.
        let mut net = Net::new(3);
        net.isolate(2);
        let request = net.propose(2);
        net.run_ms(20_000);
        assert_eq!(net.ending(request), Some(Ending::Refused(Refusal::GaveUp)));
        net.heal();
        net.run_ms(20_000);
        assert_eq!(net.chosen(), None);
        net.check_end();
    }
}

#[test]
fn clusters_of_every_size_decide() {
    for n in [1, 2, 3, 4, 7, 64, 100] {
        let mut net = Net::new(n);
        let request = net.propose(n - 1);
        net.deliver_all();
        assert_eq!(
            net.ending(request),
            Some(Ending::Decided(request.0, true)),
            "{n} nodes"
        );
        assert!(
            net.ids()
                .all(|id| net.node(id).decided() == Some(&request.0))
        );
        net.check_end();
    }
}

/// Flexible Paxos: only a read quorum and a write quorum have to meet.
#[test]
fn two_acceptances_decide_where_four_promises_are_asked_for() {
    let quorums = QuorumSystem::flexible((0..5).map(NodeId), 4, 2).unwrap();
    let mut net = Net::seeded(quorums, 1, |config| config);
    net.crash(4, 0);
    let request = net.propose(0);
    (1..4).for_each(|id| net.pass(0, id));
    (1..3).for_each(|id| net.pass(id, 0));
    assert_eq!(net.node(0).phase(), Phase::Preparing, "three promises");
    net.pass(3, 0);
    assert_eq!(net.node(0).phase(), Phase::Accepting, "four promises");
    net.pass(0, 1);
    net.pass(1, 0);
    assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
}

#[test]
fn weights_are_counted_not_heads() {
    let members = [(0, 3), (1, 1), (2, 1)].map(|(id, weight)| (NodeId(id), weight));
    let mut net = Net::seeded(QuorumSystem::weighted(members).unwrap(), 1, |config| config);
    net.isolate(0);
    let request = net.propose(0);
    assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
    let light = net.propose(1);
    net.run_ms(20_000);
    assert_eq!(net.ending(light), Some(Ending::Refused(Refusal::GaveUp)));
}

#[test]
fn all_requests_at_a_node_hear_the_same() {
    let mut net = Net::new(3);
    let requests: Vec<_> = (0..4).map(|_| net.propose(1)).collect();
    let learn = net.learn(1);
    net.deliver_all();
    let first = requests[0];
    for request in &requests {
        let is_own = *request == first;
        assert_eq!(net.ending(*request), Some(Ending::Decided(first.0, is_own)));
    }
    // It asked while the ballot was under way, so that ballot could not answer it.
    assert_eq!(net.ending(learn), Some(Ending::Decided(first.0, false)));
    let late = net.propose(1);
    assert_eq!(
        net.ending(late),
        Some(Ending::Decided(first.0, false)),
        "at once"
    );
}

#[test]
fn a_proposal_that_was_offered_ends_unknown_when_patience_ends() {
    let mut net = Net::new(3);
    let request = net.propose(0);
    net.pass(0, 1);
    net.pass(1, 0);
    assert_eq!(net.node(0).phase(), Phase::Accepting);
    net.isolate(0);
    net.run_ms(20_000);
    assert_eq!(net.ending(request), Some(Ending::Unknown));
    // And indeed it is chosen later.
    net.heal();
    net.run_ms(20_000);
    assert_eq!(net.chosen(), Some(request.0));
    net.check_end();
}

#[test]
fn a_refused_value_is_never_chosen_even_when_a_later_one_of_the_node_is() {
    let mut net = Net::new(3);
    net.isolate(0);
    let refused = net.propose(0);
    net.run_ms(9_000);
    let later = net.propose(0);
    net.run_ms(2_000);
    assert_eq!(net.ending(refused), Some(Ending::Refused(Refusal::GaveUp)));
    net.heal();
    net.run_ms(2_000);
    assert_eq!(net.ending(later), Some(Ending::Decided(later.0, true)));
    net.check_end();
}

#[test]
fn learning_finds_nothing_where_nothing_was_accepted() {
    let mut net = Net::new(3);
    let learn = net.learn(1);
    net.deliver_all();
    assert_eq!(net.ending(learn), Some(Ending::Undecided));
    assert_eq!(net.node(1).phase(), Phase::Quiet);
}

/// It may be chosen already; who reads must make sure that it stays.
#[test]
fn learning_finishes_what_it_finds_accepted() {
    let mut net = Net::new(3);
    net.ledger.propose(7);
    net.hear(1, 0, Message::Accept(proposal(1, 0, 7)));
    let learn = net.learn(2);
    net.pass(2, 1);
    net.pass(1, 2);
    assert_eq!(net.node(2).phase(), Phase::Accepting);
    net.deliver_all();
    assert_eq!(net.ending(learn), Some(Ending::Decided(7, false)));
}

/// A ballot that began before the question may have asked before a value was chosen.
#[test]
fn learning_is_not_answered_by_a_ballot_that_began_before() {
    let mut net = Net::new(5);
    let early = net.learn(0);
    net.pass(0, 1);
    net.pass(1, 0);
    // Two of the three promises are in. Now others decide.
    let winner = net.propose(4);
    for _ in 0..2 {
        (2..4).for_each(|id| net.pass(4, id));
        (2..4).for_each(|id| net.pass(id, 4));
    }
    assert_eq!(net.chosen(), Some(winner.0));
    let late = net.learn(0);
    // A promise from before arrives late and completes the quorum.
    let (ballot, accepted) = (ballot(1, 0), None);
    net.hear(0, 2, Message::Promise { ballot, accepted });
    assert_eq!(
        net.ending(early),
        Some(Ending::Undecided),
        "it asked before"
    );
    assert_eq!(net.ending(late), None);
    net.run_ms(2_000);
    assert_eq!(net.ending(late), Some(Ending::Decided(winner.0, false)));
}

#[test]
fn a_learner_that_reaches_no_quorum_is_told_so() {
    let mut net = Net::new(3);
    net.isolate(0);
    let learn = net.learn(0);
    net.run_ms(20_000);
    assert_eq!(net.ending(learn), Some(Ending::Refused(Refusal::GaveUp)));
}

#[test]
fn too_many_requests_are_refused() {
    let mut net = Net::seeded(majority(3), 1, |config| config.requests_max(2).unwrap());
    let requests: Vec<_> = (0..3).map(|_| net.propose(0)).collect();
    let refused = Some(Ending::Refused(Refusal::Overloaded));
    assert_eq!(net.ending(requests[2]), refused);
    let learn = net.learn(0);
    assert_eq!(net.ending(learn), refused);
    assert_eq!(net.node(0).waiting(), 2);
    net.deliver_all();
    assert_eq!(net.clients.open_count(), 0);
    net.check_end();
}

#[test]
fn too_large_a_value_is_refused_and_handed_back() {
    let quorums = QuorumSystem::majority([NodeId(0)]).unwrap();
    let config = Config::new(NodeId(0), quorums).unwrap().value_bytes_max(3);
    let mut paxos: Paxos<Bytes> = Paxos::recover(&config, Vec::new()).unwrap();
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    for (text, is_refused) in [("four", true), ("six", false)] {
        let (id, value) = (RequestId(1), Bytes::from(text));
        let request = Request::Propose { id, value };
        let input = Input::Request(request.clone());
        paxos.step(
            input,
            &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects),
        );
        let refusal = Refusal::TooLarge {
            bytes: 4,
            bytes_max: 3,
        };
        let event = Event::Refused { request, refusal };
        let has_refused = effects
            .drain()
            .any(|effect| matches!(effect, Effect::Emit { event: heard, .. } if heard == event));
        assert_eq!(has_refused, is_refused, "{text}");
    }
}

/// After the last round a node stops proposing.
#[test]
fn without_a_ballot_left_requests_are_refused() {
    let mut net = Net::new(3);
    let ballot = ballot(Ballot::ROUND_MAX, 2);
    net.hear(0, 2, Message::Prepare { ballot });
    let request = net.propose(0);
    assert_eq!(
        net.ending(request),
        Some(Ending::Refused(Refusal::NoBallotLeft))
    );
    assert_eq!(net.node(0).phase(), Phase::Quiet);
    // A node with a greater number still has one.
    let mut net = Net::new(3);
    let ballot = crate::common::ballot(Ballot::ROUND_MAX, 1);
    net.hear(2, 1, Message::Prepare { ballot });
    net.propose(2);
    assert_eq!(
        net.node(2).ballot(),
        Some(crate::common::ballot(Ballot::ROUND_MAX, 2))
    );
}

/// An attempt in phase 1 is for the clients who wait, or for what is accepted here.
#[test]
fn an_attempt_that_nobody_waits_for_rests() {
    let mut net = Net::new(3);
    net.isolate(0);
    let request = net.propose(0);
    net.run_ms(20_000);
    assert_eq!(
        net.ending(request),
        Some(Ending::Refused(Refusal::GaveUp)),
        "nobody answered"
    );
    assert_eq!(net.node(0).phase(), Phase::Quiet);
    assert_eq!(net.node(0).attempts(), 1);
    // It goes on looking around, and takes the next request.
    net.heal();
    let request = net.propose(0);
    net.run_ms(1_000);
    assert!(
        matches!(net.ending(request), Some(Ending::Decided(..))),
        "{:?}",
        net.ending(request)
    );
}

#[test]
fn limits_are_checked() {
    let config = || Config::new(NodeId(0), majority(1)).unwrap();
    assert!(config().requests_max(0).is_err());
    assert!(config().records_max(0).is_err());
    assert!(config().ask_interval(Duration::ZERO).is_err());
    assert!(config().resend_interval(Duration::ZERO).is_err());
    let (short, long) = (Duration::from_millis(1), Duration::from_millis(2));
    assert!(config().backoff(long, short).is_err());
    assert!(config().backoff(Duration::ZERO, short).is_err());
    assert!(config().backoff(short, short).is_ok());
}
