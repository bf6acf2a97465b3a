//! The rows: definitions spelt out, laws, and what is refused.

use std::collections::BTreeSet;

use cap_model::partition::{
    Election, PartitionError, Protocol, Reason, Row, Word, named_shapes, rows,
};
use cap_model::{Availability, CapError, Operation, Shape, ShapeKind, Side, link_states};
use consistency::Consistency;
use transport::NodeId;

use super::{candidates, chain, local, mutual, raft, side, write_all};

/// The nodes of the row's side that are answered.
pub(super) fn answered(row: &Row) -> Side {
    match row.availability {
        Availability::None => Side::EMPTY,
        Availability::LeaderBound(node) => Side::of([node]).unwrap(),
        Availability::Partly(nodes) => nodes,
        Availability::Side(_) | Availability::Sticky | Availability::Total => row.side,
    }
}

/// Who is answered on any side.
fn all_answered(protocol: &Protocol, shape: &Shape, operation: Operation) -> Side {
    let rows = rows(protocol, shape).unwrap();
    let here = rows.iter().filter(|row| row.operation == operation);
    here.fold(Side::EMPTY, |all, row| all.union(answered(row)))
}

#[test]
fn the_rules_say_what_their_words_say() {
    let nodes = 4;
    let all = Side::all(nodes).unwrap();
    let order: Vec<NodeId> = all.nodes().collect();
    for shape in link_states(nodes).unwrap().step_by(3) {
        let who = |test: &dyn Fn(NodeId) -> bool| {
            Side::of(all.nodes().filter(|&node| test(node))).unwrap()
        };
        let many = |count: u32| who(&|node| mutual(&shape, node).len() >= count);
        let is_joined = order.windows(2).all(|pair| shape.works(pair[0], pair[1]));
        let cases = [
            (Protocol::partial(nodes, 1, 3).unwrap(), many(3), many(1)),
            (write_all(nodes), many(4), all),
            (local(nodes), all, all),
            (
                chain(nodes),
                who(&|node| {
                    is_joined && shape.works(node, order[0]) && shape.works(order[3], node)
                }),
                who(&|node| shape.works_both_ways(node, order[3])),
            ),
        ];
        for (protocol, writes, reads) in cases {
            let found = |operation| all_answered(&protocol, &shape, operation);
            assert_eq!(found(Operation::Update), writes, "{shape} {protocol:?}");
            assert_eq!(found(Operation::Observe), reads, "{shape} {protocol:?}");
        }
    }
}

#[test]
fn a_cut_of_one_more_link_gives_nobody_an_answer() {
    for nodes in [3, 4] {
        for protocol in candidates(nodes) {
            let is_led = protocol.leadership().is_some();
            for shape in link_states(nodes)
                .unwrap()
                .step_by(if nodes == 3 { 1 } else { 41 })
            {
                for operation in Operation::BOTH {
                    let before = all_answered(&protocol, &shape, operation);
                    for (from, to) in links_of(&shape) {
                        let rest = links_of(&shape)
                            .into_iter()
                            .filter(|&link| link != (from, to));
                        let fewer = Shape::from_links(nodes, rest).unwrap();
                        let after = all_answered(&protocol, &fewer, operation);
                        // A leader may become another; that there is one may not come of a cut.
                        let is_law = match is_led {
                            true => is_bound(&protocol) || after.len() <= before.len(),
                            false => before.includes(after),
                        };
                        assert!(is_law, "{shape} without {from}>{to}: {protocol:?}");
                    }
                }
            }
        }
    }
}

/// Without check-quorum a cut can help: it ends the heartbeats that bind the others.
fn is_bound(protocol: &Protocol) -> bool {
    let leadership = protocol.leadership();
    leadership.is_some_and(|leadership| leadership.election() == Election::PreVote)
}

fn links_of(shape: &Shape) -> Vec<(NodeId, NodeId)> {
    let nodes = || (0..shape.nodes()).map(NodeId);
    let all = nodes().flat_map(|from| nodes().map(move |to| (from, to)));
    all.filter(|&(from, to)| from != to && shape.works(from, to))
        .collect()
}

#[test]
fn without_a_cut_everybody_is_answered_or_the_leader_answers() {
    for protocol in candidates(5) {
        for row in rows(&protocol, &Shape::whole(5).unwrap()).unwrap() {
            let word = Word::from(row.availability);
            match protocol.leadership() {
                Some(led) => assert_eq!(row.availability, Availability::LeaderBound(led.leader())),
                None if protocol.is_meeting() => assert_eq!(word, Word::Total, "{protocol:?}"),
                None => assert_eq!(word, Word::Sticky, "{protocol:?}"),
            }
            assert_eq!(row.attainable, [Consistency::Linearizable]);
            assert!(!row.is_leader_changed && row.lease_ms.is_none());
        }
    }
}

#[test]
fn what_is_kept_is_attainable() {
    for protocol in candidates(3) {
        for shape in link_states(3).unwrap() {
            for row in rows(&protocol, &shape).unwrap() {
                let Some(model) = row.model else { continue };
                // A model that is kept is implied by one that could be, or is one of several beside each other.
                let is_attainable = row.attainable.iter().any(|best| best.implies(model));
                assert!(
                    is_attainable,
                    "{shape}: {model} of {:?} by {protocol:?}",
                    row.attainable
                );
            }
        }
    }
}

#[test]
fn the_theorem_no_linearizable_row_where_another_side_takes_part() {
    // Gilbert and Lynch 2002, theorem 1, over every state of three nodes and one of each kind.
    for protocol in candidates(3) {
        for shape in link_states(3).unwrap() {
            let rows = rows(&protocol, &shape).unwrap();
            let of = |operation| rows.iter().filter(move |row| row.operation == operation);
            for write in of(Operation::Update).filter(|row| !answered(row).is_empty()) {
                for read in of(Operation::Observe).filter(|row| !answered(row).is_empty()) {
                    if write.side != read.side {
                        let is_weak = |row: &Row| row.model != Some(Consistency::Linearizable);
                        assert!(is_weak(write) && is_weak(read), "{shape} {protocol:?}");
                        assert_ne!(write.attainable, [Consistency::Linearizable]);
                        assert_ne!(read.attainable, [Consistency::Linearizable]);
                    }
                }
            }
        }
    }
}

#[test]
fn attainable_follows_the_availability() {
    let split = Shape::split(4, side(&[0, 1])).unwrap();
    let both = rows(&local(4), &split).unwrap();
    let causal = [Consistency::CausalMemory, Consistency::CausalConvergence];
    assert!(both.iter().all(|row| row.attainable == causal));
    // Reads everywhere and writes nowhere: nothing can be missed.
    let reads = rows(&write_all(4), &split).unwrap();
    for row in &reads {
        match row.operation {
            Operation::Observe => assert_eq!(row.attainable, [Consistency::Linearizable]),
            _ => assert!(row.attainable.is_empty() && row.model.is_none()),
        }
    }
    // Both on both, though one hears the other.
    let one_way = Shape::from_links(2, [(NodeId(0), NodeId(1))]).unwrap();
    let partial = rows(&Protocol::partial(2, 1, 1).unwrap(), &one_way).unwrap();
    assert!(partial.iter().all(|row| row.attainable == causal));
}

#[test]
fn one_side_that_does_both_can_keep_one_order() {
    // Reads at any replica and writes at a majority: what the minority reads is a prefix of one log.
    let split = Shape::split(3, side(&[0])).unwrap();
    let attained = |read, write| {
        let rows = rows(&Protocol::partial(3, read, write).unwrap(), &split).unwrap();
        let told = rows.into_iter().map(|row| row.attainable.to_vec());
        told.collect::<Vec<_>>()
    };
    let (one_order, strong) = ([Consistency::Sequential], [Consistency::Linearizable]);
    let told = attained(1, 2);
    assert_eq!(told, [&[][..], &one_order, &one_order, &strong]);
    // Writes at any replica and reads at a majority: nobody reads what the minority wrote.
    let told = attained(2, 1);
    assert_eq!(told, [&one_order[..], &strong, &[], &one_order]);
    // Where each of two sides does both, no order has all: each would miss the other's write.
    assert!(
        attained(1, 1)
            .iter()
            .all(|models| !models.contains(&Consistency::Sequential))
    );
}

#[test]
fn evidence_is_least_and_true() {
    for protocol in [
        Protocol::Quorum(super::majority(4)),
        Protocol::partial(4, 2, 3).unwrap(),
    ] {
        for shape in link_states(4).unwrap().step_by(11) {
            for row in rows(&protocol, &shape).unwrap() {
                let enough = |set: Side| match (&protocol, row.operation) {
                    (Protocol::Partial { read, .. }, Operation::Observe) => set.len() >= *read,
                    (Protocol::Partial { write, .. }, _) => set.len() >= *write,
                    _ => set.is_majority_of(4),
                };
                let all = Side::all(4).unwrap();
                let without =
                    |set: Side, node| Side::of(set.nodes().filter(|&other| other != node)).unwrap();
                assert!(!row.because.reasons.is_empty());
                for reason in &row.because.reasons {
                    match *reason {
                        Reason::Gathers { node, quorum } => {
                            assert!(answered(&row).contains(node));
                            assert!(mutual(&shape, node).includes(quorum) && enough(quorum));
                            assert!(quorum.nodes().all(|one| !enough(without(quorum, one))));
                        }
                        Reason::Misses { node, missing } => {
                            assert!(row.side.contains(node) && !answered(&row).contains(node));
                            assert!(
                                mutual(&shape, node)
                                    .nodes()
                                    .all(|one| !missing.contains(one))
                            );
                            let rest = |missing: Side| {
                                Side::of(all.nodes().filter(|&one| !missing.contains(one))).unwrap()
                            };
                            assert!(!enough(rest(missing)));
                            let one_back = |one| enough(rest(without(missing, one)));
                            assert!(missing.nodes().all(one_back), "{shape}: {}", row.because);
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_chain_names_the_link_that_is_cut() {
    let shape = Shape::from_links(
        3,
        [(0, 1), (1, 0), (2, 0), (0, 2)].map(|(a, b)| (NodeId(a), NodeId(b))),
    );
    let rows = rows(&chain(3), &shape.unwrap()).unwrap();
    let cut = |from, to| Reason::Cut {
        from: NodeId(from),
        to: NodeId(to),
    };
    // The write comes as far as n1.
    assert_eq!(rows[0].because.reasons, [cut(1, 2)]);
    // Reads: n0 has the tail both ways, n1 has not.
    assert_eq!(
        rows[1].because.reasons,
        [Reason::Linked { node: NodeId(0) }, cut(1, 2)]
    );
}

#[test]
fn every_named_shape_once_and_every_protocol_has_its_rows() {
    for nodes in [1, 2, 3, 5, 7, 12, 64] {
        let third = nodes / 3;
        let zones = [(0, third), (third, 2 * third), (2 * third, nodes)];
        let zones: Vec<Side> = zones
            .iter()
            .map(|&(from, to)| Side::of((from..to).map(NodeId)).unwrap())
            .collect();
        let shapes = named_shapes(nodes, &zones).unwrap();
        for (place, shape) in shapes.iter().enumerate() {
            assert!(
                shapes[..place]
                    .iter()
                    .all(|other| !other.has_links_of(shape)),
                "{shape}"
            );
        }
        for protocol in candidates(nodes) {
            for shape in &shapes {
                let rows = rows(&protocol, shape).unwrap();
                assert_eq!(rows.len(), 2 * shape.sides().len());
                assert!(
                    rows.iter().all(|row| !row.because.reasons.is_empty()),
                    "{shape} {protocol:?}"
                );
            }
        }
    }
    let kinds: BTreeSet<ShapeKind> = named_shapes(9, &[])
        .unwrap()
        .iter()
        .map(Shape::kind)
        .collect();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let expected = [
        "whole",
        "split",
        "one-way",
        "bridge",
        "ring",
        "star",
        "constrained-election",
        "chain",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_node_of_a_ring_sees_a_majority_and_no_two_the_same() {
    for nodes in 4..=64 {
        let ring = Shape::ring(nodes).unwrap();
        let seen: Vec<Side> = (0..nodes).map(|node| mutual(&ring, NodeId(node))).collect();
        for (place, one) in seen.iter().enumerate() {
            assert!(one.is_majority_of(nodes));
            assert!(!seen[..place].contains(one), "{nodes} nodes");
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let whole = Shape::whole(3).unwrap();
    let refused = |protocol: &Protocol| rows(protocol, &whole).unwrap_err();
    let unknown = PartitionError::UnknownReplica {
        node: NodeId(3),
        nodes: 3,
    };
    assert_eq!(refused(&local(4)), unknown);
    assert_eq!(refused(&chain(4)), unknown);
    assert_eq!(refused(&raft(4, 0, Election::CheckQuorum)), unknown);
    let twice = Protocol::Chain(vec![NodeId(1), NodeId(1)]);
    assert_eq!(
        refused(&twice),
        PartitionError::Repeated { node: NodeId(1) }
    );
    assert_eq!(
        refused(&Protocol::Chain(vec![])),
        PartitionError::NoReplicas
    );
    assert_eq!(
        refused(&Protocol::WriteAll(Side::EMPTY)),
        PartitionError::NoReplicas
    );
    let error = Protocol::partial(3, 1, 4).unwrap_err();
    assert_eq!(
        error,
        PartitionError::OutOfReach {
            needed: 4,
            replicas: 3
        }
    );
    assert_eq!(Protocol::partial(0, 1, 1), Err(CapError::NoNodes.into()));
    for lease_ms in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let Protocol::Leader(leadership) = raft(3, 0, Election::CheckQuorum) else {
            panic!()
        };
        let lease = Protocol::Lease {
            leadership,
            lease_ms,
            are_clock_rates_bounded: false,
        };
        assert!(matches!(
            refused(&lease),
            PartitionError::BadNumber {
                field: "lease_ms",
                ..
            }
        ));
    }
    let foreign = named_shapes(2, &[side(&[2])]).unwrap_err();
    assert_eq!(
        foreign,
        CapError::UnknownNode {
            node: NodeId(2),
            nodes: 2
        }
    );
}
