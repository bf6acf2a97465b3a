//! The partition matrix, against definitions spelt out, forecasts, and stores that run.

#[path = "partition/counts.rs"]
mod counts;
#[path = "partition/leader_change.rs"]
mod leader_change;
#[path = "partition/leaders.rs"]
mod leaders;
#[path = "partition/measured.rs"]
mod measured;
#[path = "partition/rows.rs"]
mod rows;

use cap_model::partition::{Election, Leadership, Protocol};
use cap_model::{Shape, Side};
use quorum::QuorumSystem;
use transport::NodeId;

fn side(nodes: &[u32]) -> Side {
    Side::of(nodes.iter().copied().map(NodeId)).unwrap()
}

fn majority(nodes: u32) -> QuorumSystem<NodeId> {
    QuorumSystem::majority((0..nodes).map(NodeId)).unwrap()
}

fn raft(nodes: u32, leader: u32, election: Election) -> Protocol {
    let leadership = Leadership::new(majority(nodes), NodeId(leader)).unwrap();
    Protocol::Leader(leadership.with_election(election))
}

fn write_all(nodes: u32) -> Protocol {
    Protocol::WriteAll(Side::all(nodes).unwrap())
}

fn local(nodes: u32) -> Protocol {
    let replicas = Side::all(nodes).unwrap();
    let is_causal = true;
    Protocol::Local {
        replicas,
        is_causal,
    }
}

fn chain(nodes: u32) -> Protocol {
    Protocol::Chain((0..nodes).map(NodeId).collect())
}

/// One of each kind.
fn candidates(nodes: u32) -> Vec<Protocol> {
    let Protocol::Leader(leadership) = raft(nodes, 0, Election::CheckQuorum) else {
        unreachable!()
    };
    let all = nodes;
    vec![
        Protocol::Quorum(majority(nodes)),
        Protocol::partial(nodes, 1, 1).unwrap(),
        Protocol::partial(nodes, 1, all).unwrap(),
        Protocol::partial(nodes, nodes.div_ceil(2), 1).unwrap(),
        Protocol::Leader(leadership.clone()),
        raft(nodes, nodes - 1, Election::PreVote),
        Protocol::Lease {
            leadership,
            lease_ms: 100.0,
            are_clock_rates_bounded: true,
        },
        write_all(nodes),
        chain(nodes),
        local(nodes),
    ]
}

/// Whom a node has both ways, itself included.
fn mutual(shape: &Shape, node: NodeId) -> Side {
    let others = (0..shape.nodes()).map(NodeId);
    Side::of(others.filter(|&other| shape.works_both_ways(node, other))).unwrap()
}
