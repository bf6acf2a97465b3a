//! Classes of link states: the known numbers, and a definition that looks at every state.

use std::collections::BTreeMap;

use cap_model::partition::{Election, PartitionError, Protocol, Word, link_state_counts, rows};
use cap_model::{CapError, Operation, link_states};
use transport::NodeId;

use super::{candidates, local, majority, raft};

#[test]
fn states_up_to_renaming_are_the_digraphs_of_oeis_a000273() {
    let classes = |nodes| link_state_counts(&local(nodes)).unwrap().classes;
    assert_eq!([1, 2, 3, 4].map(classes), [1, 3, 16, 218]);
    let five = link_state_counts(&local(5)).unwrap();
    assert_eq!(
        (five.states, five.classes, five.renamings),
        (1 << 20, 9_608, 120)
    );
}

#[test]
fn a_role_takes_renamings_away() {
    let counts = link_state_counts(&raft(3, 1, Election::CheckQuorum)).unwrap();
    // The two followers can change places: (64 + 8) / 2 classes.
    assert_eq!((counts.renamings, counts.classes), (2, 36));
    let counts = link_state_counts(&super::chain(3)).unwrap();
    assert_eq!((counts.renamings, counts.classes), (1, 64));
}

#[test]
fn counts_are_those_of_the_rows_of_every_state() {
    for nodes in 1..=3 {
        for protocol in candidates(nodes) {
            let counts = link_state_counts(&protocol).unwrap();
            let mut expected: BTreeMap<(Operation, Word), u64> = BTreeMap::new();
            for shape in link_states(nodes).unwrap() {
                let rows = rows(&protocol, &shape).unwrap();
                for operation in Operation::BOTH {
                    let here = rows.iter().filter(|row| row.operation == operation);
                    let word = here.map(|row| Word::from(row.availability)).max().unwrap();
                    *expected.entry((operation, word)).or_default() += 1;
                }
            }
            let counted = counts.tallies.iter();
            let counted: BTreeMap<(Operation, Word), u64> = counted
                .map(|tally| ((tally.operation, tally.word), tally.states))
                .collect();
            assert_eq!(counted, expected, "{nodes} nodes, {protocol:?}");
        }
    }
}

#[test]
fn classes_and_states_add_up_for_every_candidate_of_four() {
    for protocol in candidates(4) {
        let counts = link_state_counts(&protocol).unwrap();
        for operation in Operation::BOTH {
            let here = || {
                counts
                    .tallies
                    .iter()
                    .filter(|tally| tally.operation == operation)
            };
            assert_eq!(
                here().map(|tally| tally.states).sum::<u64>(),
                4_096,
                "{protocol:?}"
            );
            assert_eq!(
                here().map(|tally| tally.classes).sum::<u64>(),
                counts.classes
            );
        }
    }
}

#[test]
fn five_nodes_on_quorums_and_with_a_leader() {
    let quorums = link_state_counts(&Protocol::Quorum(majority(5))).unwrap();
    let led = link_state_counts(&raft(5, 0, Election::CheckQuorum)).unwrap();
    // Somebody is answered by the one exactly when somebody is by the other: who has a quorum both ways
    // can be elected. What differs is how many.
    let unanswered = |counts: &cap_model::partition::LinkStateCounts| {
        counts
            .tally(Operation::Update, Word::None)
            .map(|tally| tally.states)
    };
    assert_eq!(unanswered(&quorums), unanswered(&led));
    // By hand: five nodes without a pair that makes two both ways at one node. Each of the ten pairs is
    // both ways in one of four states; graphs of five nodes in which nobody has two neighbours are the
    // matchings: 1 of no edge, 10 of one, 15 of two.
    let pairs = |edges: u32| 3_u64.pow(10 - edges);
    assert_eq!(
        unanswered(&quorums),
        Some(pairs(0) + 10 * pairs(1) + 15 * pairs(2))
    );
    // Without check-quorum fewer states have a leader.
    let stuck = link_state_counts(&raft(5, 0, Election::PreVote)).unwrap();
    assert!(unanswered(&stuck) > unanswered(&led));
}

#[test]
fn more_than_five_nodes_are_not_enumerated() {
    let error = link_state_counts(&local(6)).unwrap_err();
    assert_eq!(
        error,
        PartitionError::Shape(CapError::TooManyLinks { nodes: 6 })
    );
    // A replica far away makes many nodes.
    let far = Protocol::Chain(vec![NodeId(u32::MAX)]);
    assert!(link_state_counts(&far).is_err());
}
