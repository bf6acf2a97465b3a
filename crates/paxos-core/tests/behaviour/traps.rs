//! The sentences of the papers, and the bugs that happened to somebody, each with its source. Issue
//! numbers are of the repositories named.

use crate::common::clients::Ending;
use crate::common::{Net, ballot, majority, proposal};
use std::time::Duration;

use paxos_core::{
    Acceptor, Ballot, Change, Config, Denial, Event, Learner, Mandate, Message, Outbid, Paxos,
    Phase, Proposer, Request,
};
use transport::{
    Choose, Context, Effects, Input, NodeId, Process, Recover, RequestId, Time, Token,
};

fn promise(round: u64, node: u32) -> Message<u64> {
    let ballot = ballot(round, node);
    let accepted = None;
    Message::Promise { ballot, accepted }
}

/// Time moves until this node has begun another ballot; the ballot.
fn next_ballot(net: &mut Net, id: u32) -> Ballot {
    let begun = net.node(id).attempts();
    for _ in 0..100 {
        net.time_out(id);
        if net.node(id).attempts() > begun {
            return net.node(id).ballot().unwrap();
        }
    }
    panic!("node {id} begins no ballot");
}

/// luohaha/MyPaxos#18: a promise of an older ballot was added to the new quorum, and two values were
/// chosen.
#[test]
fn a_stale_promise_is_never_counted() {
    let mut proposer = Proposer::<u64>::new(ballot(2, 0));
    let quorums = majority(3);
    assert_eq!(
        proposer.on_promise(NodeId(0), ballot(2, 0), None, &quorums),
        None
    );
    for stale in [ballot(1, 0), ballot(1, 1), ballot(2, 1), ballot(3, 0)] {
        let mandate = proposer.on_promise(NodeId(1), stale, None, &quorums);
        assert_eq!(mandate, None, "{stale} is another ballot");
    }
    let mandate = proposer.on_promise(NodeId(1), ballot(2, 0), None, &quorums);
    assert_eq!(mandate, Some(Mandate::Free));
}

/// The same, in a node: the answers to its first ballot come during its second.
#[test]
fn promises_to_the_ballot_before_do_not_let_a_node_offer() {
    let mut net = Net::new(5);
    net.propose(0);
    for id in 1..5 {
        net.pass(0, id);
    }
    let late: Vec<_> = std::mem::take(&mut net.wire);
    assert_eq!(late.len(), 4);
    let (ballot, promised) = (ballot(1, 0), ballot(1, 4));
    net.hear(0, 4, Message::Refused { ballot, promised });
    assert_eq!(net.node(0).phase(), Phase::BackingOff);
    next_ballot(&mut net, 0);
    for packet in late {
        net.hear(0, packet.from, packet.message);
    }
    assert_eq!(net.node(0).phase(), Phase::Preparing);
}

/// A duplicate is no second voice. (Networks repeat messages; *The Part-Time Parliament* §2.1.)
#[test]
fn a_repeated_answer_counts_once() {
    let quorums = majority(5);
    let mut proposer = Proposer::<u64>::new(ballot(1, 0));
    for _ in 0..5 {
        let mandate = proposer.on_promise(NodeId(1), ballot(1, 0), None, &quorums);
        assert_eq!(mandate, None);
    }
    let mut learner = Learner::new();
    for _ in 0..5 {
        assert!(!learner.on_accepted(NodeId(1), ballot(1, 0), &7_u64, &quorums));
    }
    assert_eq!(learner.decided(), None);
}

#[test]
fn a_stranger_counts_for_nothing() {
    let quorums = majority(1);
    let mut proposer = Proposer::<u64>::new(ballot(1, 0));
    assert_eq!(
        proposer.on_promise(NodeId(9), ballot(1, 0), None, &quorums),
        None
    );
    let mut learner = Learner::new();
    assert!(!learner.on_accepted(NodeId(9), ballot(1, 0), &7_u64, &quorums));
}

/// *Paxos Made Simple* §2.2, P2c: the value of the highest-numbered proposal among the answers.
#[test]
fn the_value_of_the_highest_ballot_accepted_is_adopted() {
    let quorums = majority(5);
    // In whatever order the answers come.
    for order in [
        [1, 2, 3],
        [1, 3, 2],
        [2, 1, 3],
        [2, 3, 1],
        [3, 1, 2],
        [3, 2, 1],
    ] {
        let mut proposer = Proposer::new(ballot(9, 0));
        let mut mandate = None;
        for node in order {
            let accepted = (node > 1).then(|| proposal(node.into(), 4 - node, node.into()));
            mandate = proposer.on_promise(NodeId(node), ballot(9, 0), accepted, &quorums);
        }
        assert_eq!(mandate, Some(Mandate::Bound));
        assert_eq!(proposer.proposal(), Some(&proposal(9, 0, 3)));
    }
}

/// P1a: "an acceptor can accept a proposal numbered n iff it has not responded to a prepare request
/// having a number greater than n".
#[test]
fn an_acceptor_accepts_nothing_below_its_promise() {
    let mut acceptor = Acceptor::new();
    assert_eq!(acceptor.prepare(ballot(3, 1)), Ok(Change::New));
    let denial = acceptor.accept(proposal(3, 0, 7)).unwrap_err();
    let promised = ballot(3, 1);
    assert_eq!(denial, Denial::Outbid(Outbid { promised }));
    assert_eq!(acceptor.accepted(), None);
}

/// luohaha/MyPaxos#19: an accept of a greater ballot than the promised one was refused. And
/// apache/cassandra#1327: does accepting have to raise the promise? It does here: a lower accept
/// would otherwise replace the proposal.
#[test]
fn an_accept_above_the_promise_is_accepted_and_raises_it() {
    let mut acceptor = Acceptor::new();
    acceptor.prepare(ballot(1, 0)).unwrap();
    assert_eq!(acceptor.accept(proposal(2, 1, 7)), Ok(Change::New));
    assert_eq!(acceptor.promised(), Some(ballot(2, 1)));
    assert!(acceptor.accept(proposal(1, 0, 8)).is_err());
    assert_eq!(acceptor.accepted(), Some(&proposal(2, 1, 7)));
}

/// Two acceptances of two ballots are no quorum, whatever their values.
#[test]
fn acceptances_of_different_ballots_are_never_added_up() {
    let quorums = majority(3);
    let mut learner = Learner::new();
    for (node, round) in [(0, 1), (1, 2), (2, 3), (0, 2)] {
        let is_chosen = learner.on_accepted(NodeId(node), ballot(round, 0), &7_u64, &quorums);
        assert_eq!(
            is_chosen,
            (node, round) == (0, 2),
            "node {node}, round {round}"
        );
    }
    assert_eq!(learner.decided(), Some(&7));
}

/// *The Part-Time Parliament* §2.1: what is entered in ink is never changed.
#[test]
fn a_decision_is_never_overwritten() {
    let mut learner = Learner::new();
    assert_eq!(learner.on_decided(7_u64), Ok(Change::New));
    assert_eq!(learner.on_decided(7), Ok(Change::Repeated));
    assert_eq!(learner.on_decided(8).unwrap_err().value, 8);
    assert_eq!(learner.decided(), Some(&7));
    let quorums = majority(1);
    assert!(!learner.on_accepted(NodeId(0), ballot(9, 0), &8, &quorums));
    assert_eq!(learner.decided(), Some(&7));
}

/// Tencent/phxpaxos#145: may a proposer use a ballot again after a restart? Not here: its own promise
/// is durable before the ballot is told.
#[test]
fn a_ballot_is_not_used_again_after_a_restart() {
    let mut net = Net::new(3);
    net.propose(0);
    let first = net.node(0).ballot().unwrap();
    assert_eq!(net.take(0, 1), [Message::Prepare { ballot: first }]);
    net.crash(0, 0);
    net.restart(0);
    net.propose(0);
    assert!(net.node(0).ballot().unwrap() > first);
}

#[test]
fn a_ballot_is_not_told_before_its_own_promise_is_durable() {
    let mut net = Net::new(3);
    net.auto_sync = false;
    net.propose(0);
    assert!(net.wire.is_empty(), "the question waits for the disk");
    net.sync(0);
    assert_eq!(net.wire.len(), 2);
}

/// jaksa76/paxos#22: an acceptor that kept nothing on disk.
#[test]
fn a_promise_is_remembered_across_a_crash() {
    let mut net = Net::new(3);
    let ballot = ballot(5, 1);
    let answers = net.hear(0, 1, Message::Prepare { ballot });
    assert_eq!(answers, [promise(5, 1)]);
    net.crash(0, 0);
    net.restart(0);
    let answers = net.hear(0, 2, Message::Accept(proposal(4, 2, 7)));
    let (ballot, promised) = (crate::common::ballot(4, 2), ballot);
    assert_eq!(answers, [Message::Refused { ballot, promised }]);
}

#[test]
fn a_promise_is_not_told_before_it_is_durable() {
    let mut net = Net::new(3);
    net.auto_sync = false;
    let ballot = ballot(1, 1);
    for _ in 0..2 {
        // The second time nothing is new, and the answer waits all the same.
        let answers = net.hear(0, 1, Message::Prepare { ballot });
        assert_eq!(answers, []);
    }
    net.sync(0);
    assert_eq!(net.take(0, 1).len(), 2);
}

#[test]
fn an_acceptance_is_not_told_before_it_is_durable_and_survives_a_crash() {
    let mut net = Net::new(3);
    net.ledger.propose(7);
    net.auto_sync = false;
    let accept = || Message::Accept(proposal(1, 1, 7));
    assert_eq!(net.hear(0, 1, accept()), []);
    net.crash(0, 0);
    net.restart(0);
    assert_eq!(net.node(0).acceptor().accepted(), None, "it was not told");
    assert_eq!(net.hear(0, 1, accept()), []);
    net.sync(0);
    let ballot = ballot(1, 1);
    assert_eq!(net.take(0, 1), [Message::Accepted { ballot }]);
    net.auto_sync = true;
    net.crash(0, 0);
    net.restart(0);
    let answers = net.hear(
        0,
        2,
        Message::Prepare {
            ballot: crate::common::ballot(1, 2),
        },
    );
    let (ballot, accepted) = (crate::common::ballot(1, 2), Some(proposal(1, 1, 7)));
    assert_eq!(answers, [Message::Promise { ballot, accepted }]);
}

/// Its own answers count like anybody's: once they are durable.
#[test]
fn a_node_counts_its_own_promise_and_acceptance_only_when_durable() {
    let mut net = Net::new(1);
    net.auto_sync = false;
    let request = net.propose(0);
    assert_eq!(net.node(0).phase(), Phase::Preparing);
    net.step(0, Input::Durable(Token::NONE));
    assert_eq!(net.node(0).phase(), Phase::Preparing);
    net.sync(0);
    assert_eq!(net.node(0).phase(), Phase::Accepting);
    // The promise's record, once more: the acceptance has one of its own.
    net.step(0, Input::Durable(Token(1)));
    assert_eq!(net.ending(request), None);
    net.sync(0);
    assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
}

/// luohaha/MyPaxos#20: answers to a proposer that had lost its state crashed it.
#[test]
fn answers_from_before_a_restart_change_nothing() {
    let mut net = Net::new(3);
    net.propose(0);
    net.pass(0, 1);
    net.crash(0, 0);
    net.restart(0);
    let before = net.node(0).clone();
    net.pass(1, 0);
    let ballot = ballot(1, 0);
    net.hear(0, 2, Message::Accepted { ballot });
    assert_eq!(*net.node(0), before);
}

/// Tencent/phxpaxos#158: a mode that ignored messages did not ignore timeouts. Here whoever knows the
/// decision has no timer left, and answers every question with it.
#[test]
fn who_knows_the_decision_is_done_with_everything_else() {
    let mut net = Net::new(3);
    let request = net.propose(0);
    net.deliver_all();
    let value = request.0;
    assert_eq!(net.node(0).deadline(), None);
    let prepare = Message::Prepare {
        ballot: ballot(9, 1),
    };
    for question in [prepare, Message::Accept(proposal(9, 1, 99)), Message::Ask] {
        assert_eq!(net.hear(0, 1, question), [Message::Decided { value }]);
    }
    net.crash(0, 0);
    net.restart(0);
    assert_eq!(net.events(0), [Event::Learned { value }]);
    assert_eq!(net.node(0).deadline(), None);
    net.step(0, Input::Wake);
    assert_eq!(net.node(0).decided(), Some(&value));
}

/// A forged second decision is ignored, in a node as in its learner.
#[test]
fn a_node_keeps_its_decision_whatever_it_is_told() {
    let mut net = Net::new(3);
    let request = net.propose(0);
    net.deliver_all();
    let value = request.0 + 1;
    net.hear(0, 1, Message::Decided { value });
    assert_eq!(net.node(0).decided(), Some(&request.0));
    assert_eq!(net.node(0).ignored(), 1);
}

/// Only its owner may use a ballot.
#[test]
fn a_question_about_somebody_elses_ballot_is_ignored() {
    let mut net = Net::new(3);
    let ballot = ballot(1, 2);
    assert_eq!(net.hear(0, 1, Message::Prepare { ballot }), []);
    assert_eq!(net.hear(0, 1, Message::Accept(proposal(1, 2, 7))), []);
    assert_eq!(net.node(0).ignored(), 2);
    assert_eq!(net.node(0).acceptor().promised(), None);
}

/// *Paxos Made Simple* §2.4: two proposers can outbid each other for ever. A drawn wait ends that.
#[test]
fn duelling_proposers_make_progress() {
    for n in [2, 3, 5] {
        for seed in 0..200 {
            let mut net = Net::seeded(majority(n), seed, |config| config);
            let requests: Vec<_> = net.ids().map(|id| net.propose(id)).collect();
            net.run_ms(2_000);
            let winners = requests
                .iter()
                .filter(|&&request| matches!(net.ending(request), Some(Ending::Decided(_, true))));
            assert_eq!(winners.count(), 1, "{n} nodes, seed {seed}");
            assert_eq!(net.clients.open_count(), 0);
            net.check_end();
        }
    }
}

/// The refusal names the greater ballot, so the next attempt is above it at once.
#[test]
fn a_refused_proposer_goes_above_the_ballot_that_outbid_it() {
    let mut net = Net::new(3);
    net.hear(
        1,
        2,
        Message::Prepare {
            ballot: ballot(41, 2),
        },
    );
    net.propose(0);
    net.pass(0, 1);
    net.pass(1, 0);
    assert_eq!(net.node(0).phase(), Phase::BackingOff);
    assert_eq!(next_ballot(&mut net, 0), ballot(42, 0));
}

/// The wait is bounded however often a node is outbid.
#[test]
fn back_off_grows_to_its_bound_and_no_further() {
    let mut net = Net::new(3);
    net.propose(0);
    for round in 1..200 {
        let Some(ballot) = net.node(0).ballot() else {
            panic!("in round {round} it prepares");
        };
        let promised = crate::common::ballot(ballot.round, 2);
        net.hear(0, 2, Message::Refused { ballot, promised });
        assert_eq!(net.node(0).phase(), Phase::BackingOff);
        let wait = net.node(0).deadline().unwrap().since(net.now);
        assert!(wait.as_millis() <= 1_010, "{wait:?} in round {round}");
        net.time_out(0);
        if net.node(0).phase() == Phase::BackingOff {
            // It was patience that ended.
            net.propose(0);
            net.time_out(0);
        }
        if net.node(0).phase() != Phase::Preparing {
            net.propose(0);
        }
    }
}

/// Chooses the first or the last of everything.
struct Extreme {
    is_last: bool,
}

impl Choose for Extreme {
    fn choose(&mut self, n: u64) -> u64 {
        if self.is_last { n.saturating_sub(1) } else { 0 }
    }
}

/// The waits of a node that is outbid in every ballot, in milliseconds, rounded up.
fn waits_when_outbid(is_last: bool) -> Vec<u128> {
    let millis = Duration::from_millis;
    let config = Config::new(NodeId(0), majority(3)).unwrap();
    let config = config.backoff(millis(10), millis(80)).unwrap();
    let mut paxos = Paxos::<u64>::recover(&config, vec![]).unwrap();
    let (mut effects, mut choices, mut now) = (Effects::new(), Extreme { is_last }, Time::ZERO);
    let mut step = |paxos: &mut Paxos<u64>, now, input| {
        paxos.step(
            input,
            &mut Context::new(now, now, &mut choices, &mut effects),
        );
        effects.drain().for_each(drop);
    };
    let (id, value) = (RequestId(1), 7);
    step(
        &mut paxos,
        now,
        Input::Request(Request::Propose { id, value }),
    );
    let waits = (0..6).map(|_| {
        let ballot = paxos.ballot().expect("it prepares");
        let promised = crate::common::ballot(ballot.round, 2);
        let (from, message) = (NodeId(2), Message::Refused { ballot, promised });
        step(&mut paxos, now, Input::Message { from, message });
        assert_eq!(paxos.phase(), Phase::BackingOff);
        let due = paxos.deadline().expect("it will try again");
        let wait = due.since(now);
        now = due;
        step(&mut paxos, now, Input::Wake);
        wait.as_nanos().div_ceil(1_000_000)
    });
    waits.collect()
}

/// *Paxos Made Simple*, §2.4: two proposers that keep outbidding each other choose nothing.
#[test]
fn the_back_off_is_drawn_from_a_window_that_doubles_up_to_its_bound() {
    assert_eq!(waits_when_outbid(false), [10; 6]);
    assert_eq!(waits_when_outbid(true), [20, 30, 50, 90, 90, 90]);
}

/// haraldng/omnipaxos#21 and others: recovery from lost messages was left to the user.
#[test]
fn lost_questions_are_asked_again() {
    let mut net = Net::new(3);
    let request = net.propose(0);
    for _ in 0..3 {
        net.wire.clear();
        net.time_out(0);
    }
    net.deliver_all();
    assert_eq!(net.ending(request), Some(Ending::Decided(request.0, true)));
}

#[test]
fn only_those_who_have_not_answered_are_asked_again() {
    let mut net = Net::new(5);
    net.propose(0);
    net.pass(0, 1);
    net.pass(1, 0);
    net.wire.clear();
    net.time_out(0);
    let asked: Vec<u32> = net.wire.iter().map(|packet| packet.to).collect();
    assert_eq!(asked, [2, 3, 4]);
}

/// zowens/paxos-rs#76: a replica that dropped out never learned what was decided.
#[test]
fn a_node_that_missed_everything_asks_and_learns() {
    let mut net = Net::new(3);
    net.isolate(2);
    let request = net.propose(0);
    net.run_ms(5_000);
    assert_eq!(net.node(2).decided(), None);
    net.heal();
    net.run_ms(5_000);
    assert_eq!(net.node(2).decided(), Some(&request.0));
}

/// A value is chosen, and the only node that could know is gone.
#[test]
fn what_a_lost_proposer_left_behind_is_finished_by_others() {
    let mut net = Net::new(3);
    let request = net.propose(0);
    net.pass(0, 1);
    net.pass(1, 0);
    net.pass(0, 1);
    assert_eq!(net.chosen(), Some(request.0), "nobody knows yet");
    net.crash(0, 0);
    net.wire.clear();
    net.run_ms(5_000);
    assert_eq!(net.node(1).decided(), Some(&request.0));
    assert_eq!(net.node(2).decided(), Some(&request.0));
}

/// The log stays short, however often ballots are tried.
#[test]
fn checkpoints_bound_the_log_of_endless_ballots() {
    let mut net = Net::seeded(majority(3), 1, |config| config.records_max(8).unwrap());
    net.ledger.propose(7);
    net.hear(0, 1, Message::Accept(proposal(1, 1, 7)));
    for round in 2..500 {
        let ballot = ballot(round, 1);
        net.hear(0, 1, Message::Prepare { ballot });
    }
    assert_eq!(net.disk(0).longest, 8);
    net.crash(0, 0);
    net.restart(0);
    assert_eq!(net.node(0).acceptor().promised(), Some(ballot(499, 1)));
    assert_eq!(net.node(0).acceptor().accepted(), Some(&proposal(1, 1, 7)));
}
