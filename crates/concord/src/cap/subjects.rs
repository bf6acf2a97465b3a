//! The protocols as subjects of the adversary, one file each: how to ask them, how to read their
//! answers, and the object by which they are judged.

mod bank;
mod eventual;
mod paxos;
mod raft;
mod strong;

pub(super) use bank::BankSnapshots;
pub(super) use eventual::EventualSubject;
pub(super) use paxos::PaxosSubject;
pub(super) use raft::RaftSubject;
pub(super) use strong::StrongSubject;

use std::time::Duration;

use quorum::QuorumSystem;
use transport::NodeId;

use crate::exit::BadInput;

/// A protocol that waits for a quorum gives up after this: sooner than its clients, so that they
/// hear why.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one key, or account, that everything is about.
const KEY: &str = "x";

fn members(nodes: u32) -> impl Iterator<Item = NodeId> {
    (0..nodes).map(NodeId)
}

fn majority(nodes: u32) -> Result<QuorumSystem<NodeId>, BadInput> {
    QuorumSystem::majority(members(nodes)).map_err(|error| BadInput::at("--nodes", error))
}

/// Every node as it is before it starts.
fn built<P, E: std::fmt::Display>(
    nodes: u32,
    node: impl Fn(NodeId) -> Result<P, E>,
) -> Result<Vec<P>, BadInput> {
    let nodes = members(nodes).map(node);
    nodes
        .collect::<Result<_, _>>()
        .map_err(|error| BadInput::at("--nodes", error))
}
