//! Who leads, by hand: the shapes of Omni-Paxos 2023 and of Howard and Abraham 2020, on five nodes.

use cap_model::partition::{Election, Protocol, Reason, Row, rows};
use cap_model::{Availability, Operation, Shape, Side};
use transport::NodeId;

use super::{raft, side};

fn led(election: Election, leader: u32, shape: &Shape) -> Vec<Row> {
    let rows = rows(&raft(5, leader, election), shape).unwrap();
    let of = |operation| rows.iter().filter(move |row| row.operation == operation);
    // Reads are confirmed by a quorum, so they go where writes go.
    for (write, read) in of(Operation::Update).zip(of(Operation::Observe)) {
        assert_eq!(write.availability, read.availability);
    }
    of(Operation::Update).cloned().collect()
}

fn words(rows: &[Row]) -> Vec<Availability> {
    rows.iter().map(|row| row.availability).collect()
}

#[test]
fn quorum_loss_a_star_around_a_follower() {
    let star = Shape::star(5, NodeId(2)).unwrap();
    // The leader has only the centre. It steps down, and only the centre has a quorum.
    let rows = led(Election::CheckQuorum, 0, &star);
    let centre = Side::of([NodeId(2)]).unwrap();
    assert_eq!(words(&rows), [Availability::Partly(centre)]);
    assert!(rows[0].is_leader_changed);
    assert_eq!(rows[0].leaders, centre);
    // Without check-quorum the centre hears the old leader for ever (Howard and Abraham 2020).
    let rows = led(Election::PreVote, 0, &star);
    assert_eq!(words(&rows), [Availability::None]);
    let bound = Reason::Bound {
        leader: NodeId(0),
        hearing: centre,
    };
    assert_eq!(rows[0].because.reasons, [bound]);
    // The centre has the old leader both ways, and can commit what that one proposed last.
    let rows = led(Election::CheckQuorum, 0, &star);
    assert_eq!(rows[0].last_answer, Some(NodeId(0)));
    // With the leader in the centre nothing changes.
    for election in [Election::PreVote, Election::CheckQuorum] {
        let rows = led(election, 2, &star);
        assert_eq!(words(&rows), [Availability::Partly(centre)]);
        assert!(!rows[0].is_leader_changed);
    }
}

#[test]
fn constrained_election_only_the_centre_can_win() {
    let shape = Shape::constrained_election(5, NodeId(2), NodeId(0)).unwrap();
    for election in [Election::PreVote, Election::CheckQuorum] {
        let rows = led(election, 0, &shape);
        // Sides: the lost leader, and the others.
        assert_eq!(
            words(&rows),
            [Availability::None, Availability::Partly(side(&[2]))]
        );
        assert!(rows[1].is_leader_changed && !rows[0].is_leader_changed);
        assert_eq!(rows[1].leaders, side(&[2]));
    }
}

#[test]
fn chained_the_three_in_the_middle_have_a_quorum() {
    let chain = Shape::chain(5).unwrap();
    // The leader at the end has two of five. Whoever of the middle wins.
    let rows = led(Election::CheckQuorum, 0, &chain);
    assert_eq!(rows[0].leaders, side(&[1, 2, 3]));
    assert_eq!(words(&rows), [Availability::Partly(side(&[1]))]);
    // Without check-quorum its neighbour does not vote, so the next one has two votes too few.
    let rows = led(Election::PreVote, 0, &chain);
    assert_eq!(rows[0].leaders, side(&[3]));
    // In the middle it leads on.
    let rows = led(Election::CheckQuorum, 2, &chain);
    assert_eq!(
        (rows[0].leaders, rows[0].is_leader_changed),
        (side(&[2]), false)
    );
}

#[test]
fn a_leader_that_is_heard_and_hears_nobody_steps_down() {
    let deaf = Shape::one_way(5, side(&[0])).unwrap();
    let rows = led(Election::CheckQuorum, 0, &deaf);
    let others = side(&[1, 2, 3, 4]);
    assert_eq!(
        (rows[0].side, rows[0].availability),
        (side(&[0]), Availability::None)
    );
    // It hears nothing of its last proposal.
    assert!(rows.iter().all(|row| row.last_answer.is_none()));
    assert_eq!((rows[1].leaders, rows[1].is_leader_changed), (others, true));
    assert_eq!(rows[1].availability, Availability::LeaderBound(NodeId(1)));
    // All hear its heartbeats: without check-quorum nobody is elected.
    let rows = led(Election::PreVote, 0, &deaf);
    assert_eq!(words(&rows), [Availability::None, Availability::None]);
    let bound = Reason::Bound {
        leader: NodeId(0),
        hearing: others,
    };
    assert_eq!(rows[1].because.reasons, [bound]);
}

#[test]
fn a_quorum_both_ways_keeps_its_leader_whatever_else_is_cut() {
    // n0 leads with n1 and n2; n3 and n4 are heard by all and hear nobody.
    let deaf = Shape::one_way(5, side(&[3, 4])).unwrap();
    for election in [Election::PreVote, Election::CheckQuorum] {
        let rows = led(election, 0, &deaf);
        assert_eq!(rows[0].availability, Availability::LeaderBound(NodeId(0)));
        assert!(!rows[0].is_leader_changed);
        let leads = Reason::Leads {
            leader: NodeId(0),
            quorum: side(&[0, 1, 2]),
            is_elected: false,
        };
        assert_eq!(rows[0].because.reasons[0], leads);
    }
}

#[test]
fn a_lease_goes_on_for_reads_only_where_the_old_leader_is() {
    let Protocol::Leader(leadership) = raft(5, 0, Election::CheckQuorum) else {
        panic!()
    };
    let lease = Protocol::Lease {
        leadership,
        lease_ms: 90.0,
        are_clock_rates_bounded: true,
    };
    let rows = rows(&lease, &Shape::split(5, side(&[0, 1])).unwrap()).unwrap();
    let leases: Vec<_> = rows
        .iter()
        .map(|row| (row.operation, row.lease_ms))
        .collect();
    assert_eq!(
        leases,
        [
            (Operation::Update, None),
            (Operation::Update, None),
            (Operation::Observe, Some(90.0)),
            (Operation::Observe, None),
        ]
    );
}
