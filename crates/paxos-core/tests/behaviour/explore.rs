//! Every interleaving of small cases, with the roles as plain values: messages may be lost, repeated
//! and overtaken, and no two values are ever chosen. The exact number of states is asserted, so that
//! no change of the roles goes unnoticed.
//!
//! The network is a set from which nothing is ever taken: a message that is not delivered is lost or
//! late, one that is delivered again is a duplicate.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use paxos_core::{Acceptor, Ballot, Learner, Mandate, Proposal, Proposer};
use quorum::QuorumSystem;
use transport::NodeId;

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Letter {
    Prepare(Ballot),
    Promise(NodeId, Ballot, Option<(Ballot, u8)>),
    Accept(Ballot, u8),
    Accepted(NodeId, Ballot, u8),
}

/// Everything there is: acceptors 0.., and one proposer a ballot. What a learner may know follows from
/// the letters.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct World {
    acceptors: Vec<Acceptor<u8>>,
    proposers: Vec<Proposer<u8>>,
    letters: BTreeSet<Letter>,
}

/// What one case explores.
struct Case {
    quorums: QuorumSystem<NodeId>,
    acceptors: u32,
    /// In whose ballots values are proposed: the value is the place in this list.
    ballots: Vec<Ballot>,
}

struct Found {
    states: usize,
    /// The values that were chosen in some state.
    chosen: BTreeSet<u8>,
    /// States in which acceptors hold different values.
    contested: usize,
}

fn ballot(round: u64, node: u32) -> Ballot {
    let node = NodeId(node);
    Ballot { round, node }
}

impl Case {
    fn start(&self) -> World {
        let prepares = self.ballots.iter().map(|ballot| Letter::Prepare(*ballot));
        World {
            acceptors: (0..self.acceptors).map(|_| Acceptor::new()).collect(),
            proposers: self
                .ballots
                .iter()
                .map(|ballot| Proposer::new(*ballot))
                .collect(),
            // A prepare that is never delivered was never sent.
            letters: prepares.collect(),
        }
    }

    /// The world after this letter reached this acceptor; `None` for a letter to somebody else.
    fn to_acceptor(&self, world: &World, letter: &Letter, node: NodeId) -> Option<World> {
        let mut world = world.clone();
        let acceptor = &mut world.acceptors[node.0 as usize];
        match letter {
            Letter::Prepare(ballot) => {
                if acceptor.prepare(*ballot).is_ok() {
                    let accepted = acceptor.accepted().map(|old| (old.ballot, old.value));
                    world
                        .letters
                        .insert(Letter::Promise(node, *ballot, accepted));
                }
            }
            Letter::Accept(ballot, value) => {
                let (ballot, value) = (*ballot, *value);
                if acceptor.accept(Proposal { ballot, value }).is_ok() {
                    world.letters.insert(Letter::Accepted(node, ballot, value));
                }
            }
            Letter::Promise(..) | Letter::Accepted(..) => return None,
        }
        Some(world)
    }

    /// The world after this letter reached this proposer.
    fn to_proposer(&self, world: &World, letter: &Letter, place: usize) -> Option<World> {
        let mut world = world.clone();
        match letter {
            Letter::Promise(from, ballot, accepted) => {
                let accepted = accepted.map(|(ballot, value)| Proposal { ballot, value });
                let proposer = &mut world.proposers[place];
                let mandate = proposer.on_promise(*from, *ballot, accepted, &self.quorums);
                if mandate == Some(Mandate::Free) {
                    proposer.offer(place as u8).unwrap();
                }
                if mandate.is_some() {
                    let Proposal { ballot, value } = *proposer.proposal().unwrap();
                    world.letters.insert(Letter::Accept(ballot, value));
                }
            }
            Letter::Prepare(_) | Letter::Accept(..) | Letter::Accepted(..) => return None,
        }
        Some(world)
    }

    /// The values that a write quorum accepted in one ballot.
    fn chosen(&self, world: &World) -> BTreeSet<u8> {
        let mut votes: BTreeMap<Ballot, (u8, BTreeSet<NodeId>)> = BTreeMap::new();
        for letter in &world.letters {
            if let Letter::Accepted(from, ballot, value) = letter {
                let vote = votes.entry(*ballot).or_insert((*value, BTreeSet::new()));
                assert_eq!(vote.0, *value, "one value a ballot");
                vote.1.insert(*from);
            }
        }
        let votes = votes.into_values();
        let chosen =
            votes.filter(|(_, who)| self.quorums.is_write_quorum(|node| who.contains(node)));
        chosen.map(|(value, _)| value).collect()
    }

    /// What a learner decides that hears these letters in this order.
    fn learned<'a>(&self, letters: impl Iterator<Item = &'a Letter>) -> Option<u8> {
        let mut learner = Learner::new();
        for letter in letters {
            if let Letter::Accepted(from, ballot, value) = letter {
                learner.on_accepted(*from, *ballot, value, &self.quorums);
            }
        }
        learner.decided().copied()
    }

    /// Visits everything that can be reached; every state keeps the promises.
    fn explore(&self) -> Found {
        let start = self.start();
        let mut seen = HashSet::from([start.clone()]);
        let mut queue = VecDeque::from([start]);
        let (mut chosen, mut contested) = (BTreeSet::new(), 0);
        while let Some(world) = queue.pop_front() {
            let values = self.chosen(&world);
            assert!(values.len() <= 1, "two values are chosen: {world:?}");
            for learned in [
                self.learned(world.letters.iter()),
                self.learned(world.letters.iter().rev()),
            ] {
                assert!(
                    learned.is_none_or(|value| values.contains(&value)),
                    "not chosen: {world:?}"
                );
            }
            let accepted = world.acceptors.iter().filter_map(Acceptor::accepted);
            let accepted: BTreeSet<u8> = accepted.map(|proposal| proposal.value).collect();
            contested += usize::from(accepted.len() > 1);
            chosen.extend(values);
            for letter in &world.letters {
                let acceptors = (0..self.acceptors).map(NodeId);
                let at_acceptors =
                    acceptors.filter_map(|node| self.to_acceptor(&world, letter, node));
                let proposers = 0..world.proposers.len();
                let at_proposers =
                    proposers.filter_map(|place| self.to_proposer(&world, letter, place));
                for next in at_acceptors.chain(at_proposers) {
                    if !seen.contains(&next) {
                        seen.insert(next.clone());
                        queue.push_back(next);
                    }
                }
            }
        }
        Found {
            states: seen.len(),
            chosen,
            contested,
        }
    }
}

fn majority(n: u32) -> QuorumSystem<NodeId> {
    QuorumSystem::majority((0..n).map(NodeId)).unwrap()
}

fn explore(quorums: QuorumSystem<NodeId>, ballots: &[Ballot]) -> Found {
    let acceptors = quorums.size() as u32;
    let ballots = ballots.to_vec();
    let case = Case {
        quorums,
        acceptors,
        ballots,
    };
    case.explore()
}

#[test]
fn two_proposers_and_three_acceptors_never_choose_two_values() {
    let found = explore(majority(3), &[ballot(1, 0), ballot(1, 1)]);
    assert_eq!(found.chosen, BTreeSet::from([0, 1]), "either may win");
    assert_eq!((found.states, found.contested), (17_032, 384));
}

/// The second ballot of a node that tries again may carry another value: its first may have been
/// forgotten with a crash.
#[test]
fn three_ballots_and_two_acceptors_never_choose_two_values() {
    let found = explore(majority(2), &[ballot(1, 0), ballot(1, 1), ballot(2, 0)]);
    assert_eq!(found.chosen, BTreeSet::from([0, 1, 2]), "any may win");
    assert_eq!((found.states, found.contested), (4_913, 0));
}

/// One acceptance is enough where every promise is asked for, and the other way round.
#[test]
fn flexible_quorums_never_choose_two_values() {
    let members = || (0..3).map(NodeId);
    let ballots = [ballot(1, 0), ballot(1, 1)];
    let eager = explore(QuorumSystem::flexible(members(), 3, 1).unwrap(), &ballots);
    assert_eq!((eager.states, eager.chosen.len()), (2_809, 2));
    let cautious = explore(QuorumSystem::flexible(members(), 1, 3).unwrap(), &ballots);
    assert_eq!((cautious.states, cautious.chosen.len()), (49_015, 2));
}
