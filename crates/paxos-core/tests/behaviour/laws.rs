//! Laws of the plain values, for inputs that quickcheck draws from a fixed seed.

use paxos_core::{Acceptor, Ballot, Change, Learner, Mandate, Proposal, Proposer};
use quickcheck::{Gen, QuickCheck, Testable};
use quorum::QuorumSystem;
use transport::NodeId;

fn check<A: Testable>(property: A) {
    let gen_ = Gen::from_size_and_seed(30, 1);
    QuickCheck::new()
        .tests(5_000)
        .rng(gen_)
        .quickcheck(property);
}

fn ballot((round, node): (u8, u8)) -> Ballot {
    Ballot {
        round: u64::from(round % 6),
        node: NodeId(u32::from(node % 4)),
    }
}

#[test]
fn the_next_ballot_is_the_least_above_and_belongs_to_its_node() {
    fn property(round: u64, other: u32, node: u32) -> bool {
        let (other, node) = (NodeId(other % 5), NodeId(node % 5));
        let round = round % (Ballot::ROUND_MAX + 2);
        let other = Ballot { round, node: other };
        let Some(next) = Ballot::above(Some(other), node) else {
            let is_last = round == Ballot::ROUND_MAX && node <= other.node;
            return is_last || round > Ballot::ROUND_MAX;
        };
        let below = next
            .round
            .checked_sub(1)
            .map(|round| Ballot { round, node });
        next > other
            && next.round <= Ballot::ROUND_MAX
            && next.node == node
            && below.is_none_or(|below| below <= other)
    }
    check(property as fn(u64, u32, u32) -> bool);
}

type Question = (bool, (u8, u8));

/// The promise never falls, the accepted ballot never falls, and a repeated question changes nothing.
#[test]
fn an_acceptor_only_rises() {
    fn property(questions: Vec<Question>) -> bool {
        let mut acceptor = Acceptor::new();
        questions.into_iter().all(|(is_prepare, at)| {
            let before = acceptor.clone();
            let ballot = ballot(at);
            // One value a ballot, as correct proposers propose.
            let value = at.0 % 6 + 8 * (at.1 % 4);
            let ask = |acceptor: &mut Acceptor<u8>| {
                if is_prepare {
                    acceptor.prepare(ballot).ok()
                } else {
                    acceptor.accept(Proposal { ballot, value }).ok()
                }
            };
            let change = ask(&mut acceptor);
            let accepted = |acceptor: &Acceptor<u8>| acceptor.accepted().map(|old| old.ballot);
            let has_risen = acceptor.promised() >= before.promised()
                && accepted(&acceptor) >= accepted(&before)
                && acceptor.promised() >= accepted(&acceptor);
            let is_new = (change == Some(Change::New)) == (acceptor != before);
            let after = acceptor.clone();
            let again = ask(&mut acceptor);
            let is_repeated = change.is_none() || again == Some(Change::Repeated);
            has_risen && is_new && is_repeated && acceptor == after
        })
    }
    check(property as fn(Vec<Question>) -> bool);
}

/// A mandate comes once, from a read quorum of distinct members that answered this very ballot.
#[test]
fn a_mandate_needs_a_read_quorum_and_comes_once() {
    fn property(weights: Vec<u8>, answers: Vec<(u8, (u8, u8))>) -> bool {
        let weights = weights.into_iter().take(5).chain([1]);
        let members = (0..)
            .map(NodeId)
            .zip(weights.map(|weight| u64::from(weight % 4) + 1));
        let quorums = QuorumSystem::weighted(members.collect::<Vec<_>>()).unwrap();
        let mine = ballot((3, 0));
        let mut proposer = Proposer::<u8>::new(mine);
        let mut promised = Vec::new();
        let mut mandates = 0;
        answers.into_iter().all(|(from, at)| {
            let (from, at) = (
                NodeId(u32::from(from % 8)),
                if at.1 % 2 == 0 { mine } else { ballot(at) },
            );
            let had = quorums.is_read_quorum(|node| promised.contains(node));
            if at == mine && quorums.contains(&from) {
                promised.push(from);
            }
            let has = quorums.is_read_quorum(|node| promised.contains(node));
            let mandate = proposer.on_promise(from, at, None, &quorums);
            mandates += u32::from(mandate.is_some());
            (mandate == Some(Mandate::Free)) == (has && !had) && mandates <= 1
        })
    }
    check(property as fn(Vec<u8>, Vec<(u8, (u8, u8))>) -> bool);
}

/// A learner decides only when a write quorum has accepted one ballot.
#[test]
fn a_decision_needs_a_write_quorum_of_one_ballot() {
    fn property(answers: Vec<(u8, (u8, u8))>) -> bool {
        let quorums = QuorumSystem::flexible((0..5).map(NodeId), 2, 4).unwrap();
        let mut learner = Learner::new();
        let mut heard = Vec::new();
        answers.into_iter().all(|(from, at)| {
            let (from, at) = (NodeId(u32::from(from % 6)), ballot((at.0 % 2, at.1 % 2)));
            heard.push((from, at));
            let is_chosen = quorums.is_write_quorum(|node| heard.contains(&(*node, at)));
            let is_decided = learner.on_accepted(from, at, &at, &quorums);
            !is_decided || (is_chosen && learner.decided() == Some(&at))
        })
    }
    check(property as fn(Vec<(u8, (u8, u8))>) -> bool);
}
