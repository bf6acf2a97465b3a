//! Recovery: a node is what its records say, and records that no node writes are refused.

use crate::common::random::Random;
use crate::common::{Net, ballot, majority, proposal};
use paxos_core::{Ballot, Config, Paxos, Phase, Record, RecoverError};
use transport::{NodeId, Process, Recover, Stored, Token};

fn recover(records: &[Record<u64>]) -> Result<Paxos<u64>, RecoverError> {
    let config = Config::new(NodeId(0), majority(3)).unwrap();
    let stored = records.iter().cloned().zip(1..);
    let stored = stored.map(|(record, token)| Stored {
        token: Token(token),
        record,
    });
    Paxos::recover(&config, stored.collect())
}

fn promised(round: u64, node: u32) -> Record<u64> {
    Record::Promised(ballot(round, node))
}

fn accepted(round: u64, node: u32, value: u64) -> Record<u64> {
    Record::Accepted(proposal(round, node, value))
}

fn state(round: u64, node: u32, accepted: Option<(u64, u32, u64)>) -> Record<u64> {
    Record::State {
        promised: ballot(round, node),
        accepted: accepted.map(|(round, node, value)| proposal(round, node, value)),
    }
}

#[test]
fn no_records_are_a_new_node() {
    let paxos = recover(&[]).unwrap();
    assert_eq!(paxos.phase(), Phase::Quiet);
    assert_eq!(paxos.acceptor().promised(), None);
    assert_eq!(paxos.deadline(), None, "nothing is due before the start");
}

#[test]
fn a_recovered_node_has_its_promise_and_what_it_accepted() {
    for records in [
        vec![promised(1, 1), accepted(1, 1, 7), promised(2, 0)],
        vec![accepted(1, 1, 7), promised(2, 0)],
        vec![state(1, 1, Some((1, 1, 7))), promised(2, 0)],
        vec![state(2, 0, Some((1, 1, 7)))],
    ] {
        let paxos = recover(&records).unwrap();
        assert_eq!(paxos.acceptor().promised(), Some(ballot(2, 0)));
        assert_eq!(paxos.acceptor().accepted(), Some(&proposal(1, 1, 7)));
        assert_eq!(paxos.decided(), None);
    }
}

#[test]
fn a_recovered_decision_is_known() {
    let paxos = recover(&[Record::Decided(7)]).unwrap();
    assert_eq!((paxos.decided(), paxos.phase()), (Some(&7), Phase::Decided));
}

#[test]
fn records_that_no_node_writes_are_refused() {
    let went_back = |b, p| RecoverError::BallotWentBack {
        ballot: b,
        promised: p,
    };
    let twice = RecoverError::AcceptedTwice {
        ballot: ballot(1, 1),
    };
    let stranger = RecoverError::Stranger {
        ballot: ballot(1, 9),
    };
    for (records, error) in [
        (
            vec![promised(2, 0), promised(1, 1)],
            went_back(ballot(1, 1), ballot(2, 0)),
        ),
        (
            vec![promised(2, 0), promised(2, 0)],
            went_back(ballot(2, 0), ballot(2, 0)),
        ),
        (
            vec![promised(2, 0), accepted(1, 1, 7)],
            went_back(ballot(1, 1), ballot(2, 0)),
        ),
        (
            vec![accepted(1, 1, 7), promised(1, 1)],
            went_back(ballot(1, 1), ballot(1, 1)),
        ),
        (vec![accepted(1, 1, 7), accepted(1, 1, 7)], twice.clone()),
        (vec![accepted(1, 1, 7), accepted(1, 1, 8)], twice),
        (
            vec![state(1, 1, Some((2, 0, 7)))],
            went_back(ballot(1, 1), ballot(2, 0)),
        ),
        (vec![promised(1, 9)], stranger.clone()),
        (vec![accepted(1, 9, 7)], stranger.clone()),
        (vec![state(2, 0, Some((1, 9, 7)))], stranger),
        (
            vec![promised(1, 1), state(1, 1, None)],
            RecoverError::LateCheckpoint { place: 1 },
        ),
        (
            vec![promised(1, 1), Record::Decided(7)],
            RecoverError::LateCheckpoint { place: 1 },
        ),
        (
            vec![Record::Decided(7), promised(1, 1)],
            RecoverError::AfterDecision { place: 1 },
        ),
    ] {
        assert_eq!(recover(&records).unwrap_err(), error, "{records:?}");
    }
}

/// A crash keeps some first part of what was not yet safe: each of them is a node. (The cluster
/// compares what recovers with its own reading of the disk.)
#[test]
fn every_crash_point_recovers_what_was_durable() {
    for records_max in [1, 2, 3, 64] {
        for keep in 0..12 {
            let change = |config: Config| config.records_max(records_max).unwrap();
            let mut net = Net::seeded(majority(3), 1, change);
            net.auto_sync = false;
            net.ledger.propose(7);
            for round in 1..=3 {
                let (prepare, accept) = (ballot(round, 1), proposal(round, 1, 7));
                net.hear(0, 1, paxos_core::Message::Prepare { ballot: prepare });
                net.hear(0, 1, paxos_core::Message::Accept(accept));
            }
            net.crash(0, keep);
            net.restart(0);
            net.auto_sync = true;
            let request = net.propose(0);
            net.deliver_all();
            assert!(net.ending(request).is_some() || net.node(0).phase() != Phase::Quiet);
            net.check_end();
        }
    }
}

#[test]
fn random_records_are_a_node_or_a_typed_error() {
    let mut random = Random::new(3);
    let mut recovered = 0;
    for _ in 0..100_000 {
        let mut records = Vec::new();
        for _ in 0..random.below(5) {
            let (round, node) = (random.below(6), random.below(4) as u32);
            let old = (random.below(6), random.below(3) as u32, random.below(3));
            records.push(match random.below(9) {
                0..=3 => promised(round, node),
                4..=6 => accepted(round, node, random.below(3)),
                7 => state(round, node, (random.below(2) == 0).then_some(old)),
                _ => Record::Decided(7),
            });
        }
        if let Ok(paxos) = recover(&records) {
            recovered += 1;
            let accepted = paxos.acceptor().accepted().map(|proposal| proposal.ballot);
            assert!(paxos.acceptor().promised() >= accepted);
        }
    }
    assert!(recovered > 10_000, "{recovered}");
}

/// A round that no node uses was not written by one.
#[test]
fn a_record_beyond_the_last_round_is_refused() {
    let last = Ballot::ROUND_MAX;
    assert!(recover(&[promised(last, 1)]).is_ok());
    let ballot = ballot(last + 1, 1);
    for record in [
        promised(last + 1, 1),
        accepted(last + 1, 1, 7),
        state(last + 1, 1, None),
    ] {
        assert_eq!(
            recover(&[record]),
            Err(RecoverError::BeyondLastRound { ballot })
        );
    }
}
