//! The judges of other tests, judged: states that no correct run reaches are noticed, and states that
//! only look odd are not.

use crate::common::{ballot, majority, proposal};
use paxos_core::invariants::{Broken, Ledger, decided_is_durable};
use paxos_core::{Config, Paxos, Proposer, Record};
use transport::{NodeId, Recover, Stored, Token};

fn holding(node: u32, record: Option<Record<u64>>) -> Paxos<u64> {
    let config = Config::new(NodeId(node), majority(3)).unwrap();
    let token = Token(1);
    let stored = record.map(|record| Stored { token, record });
    Paxos::recover(&config, stored.into_iter().collect()).unwrap()
}

fn accepted(node: u32, round: u64, value: u64) -> Paxos<u64> {
    holding(node, Some(Record::Accepted(proposal(round, 0, value))))
}

fn knows(node: u32, value: u64) -> Paxos<u64> {
    holding(node, Some(Record::Decided(value)))
}

fn nothing(node: u32) -> Paxos<u64> {
    holding(node, None)
}

/// Two nodes hold 7, of the ballots 1 and 3, and one holds 8, of ballot 2. No ballot was chosen: a read
/// quorum without ballot 3 must propose 8.
#[test]
fn equal_values_around_another_are_not_durable() {
    let nodes = [accepted(0, 1, 7), accepted(1, 3, 7), accepted(2, 2, 8)];
    let later = ballot(9, 0);
    let mut proposer = Proposer::new(later);
    for node in [&nodes[0], &nodes[2]] {
        let (id, accepted) = (node.config().id(), node.acceptor().accepted().cloned());
        proposer.on_promise(id, later, accepted, &majority(3));
    }
    let bound = proposer.proposal().map(|proposal| proposal.value);
    assert_eq!(bound, Some(8));
    let broken = decided_is_durable(&7, &nodes).unwrap_err();
    assert_eq!(broken, Broken::DecidedIsDurable { copies: 2 });
}

/// What a read quorum can be bound to, whichever of these it meets, tells whether 7 is safe.
#[test]
fn a_decision_is_durable_where_no_later_ballot_can_choose_another_value() {
    let safe = [
        [accepted(0, 2, 7), accepted(1, 2, 7), nothing(2)],
        [accepted(0, 2, 7), accepted(1, 3, 7), accepted(2, 1, 8)],
        [knows(0, 7), accepted(1, 3, 7), accepted(2, 2, 8)],
        [knows(0, 7), knows(1, 7), accepted(2, 1, 8)],
        [knows(0, 7), accepted(1, 1, 7), nothing(2)],
    ];
    let unsafe_ = [
        [nothing(0), nothing(1), nothing(2)],
        [accepted(0, 2, 7), nothing(1), nothing(2)],
        [accepted(0, 2, 7), accepted(1, 2, 7), accepted(2, 3, 8)],
        [accepted(0, 1, 7), accepted(1, 3, 7), accepted(2, 2, 8)],
        [knows(0, 7), accepted(1, 1, 7), accepted(2, 2, 8)],
        [knows(0, 7), nothing(1), nothing(2)],
    ];
    for nodes in &safe {
        assert_eq!(decided_is_durable(&7, nodes), Ok(()), "{nodes:?}");
    }
    for nodes in &unsafe_ {
        assert!(decided_is_durable(&7, nodes).is_err(), "{nodes:?}");
    }
    assert!(decided_is_durable::<u64>(&7, []).is_err());
}

/// *Paxos Made Simple*, §2.2: a value is chosen when a quorum has accepted one ballot.
#[test]
fn a_decision_without_a_chosen_ballot_is_noticed() {
    let mut ledger = Ledger::new();
    ledger.propose(7);
    for node in [accepted(0, 1, 7), accepted(1, 3, 7)] {
        ledger.observe(&node).unwrap();
    }
    let mut early = ledger.clone();
    let node = NodeId(1);
    assert_eq!(early.observe(&knows(1, 7)), Err(Broken::NotChosen { node }));
    // An acceptance that was pushed out, or whose node is down, has been all the same.
    ledger.observe(&accepted(0, 3, 7)).unwrap();
    ledger.forget(NodeId(0));
    assert_eq!(ledger.observe(&knows(1, 7)), Ok(()));
}

#[test]
fn a_value_that_nobody_proposed_is_noticed() {
    let mut ledger = Ledger::new();
    ledger.propose(8);
    let node = NodeId(0);
    let broken = ledger.observe(&accepted(0, 1, 7)).unwrap_err();
    assert_eq!(broken, Broken::Validity { node });
    ledger.propose(7);
    assert_eq!(ledger.observe(&accepted(0, 1, 7)), Ok(()));
}
