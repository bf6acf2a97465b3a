//! The protocols as subjects of the adversary, one file each: how to ask them, how to read their
//! answers, and the object by which they are judged.

mod bank;
mod eventual;
mod partial;
mod paxos;
mod raft;
mod strong;

pub(crate) use bank::BankSnapshots;
pub(crate) use eventual::EventualSubject;
pub(crate) use partial::PartialSubject;
pub(crate) use paxos::PaxosSubject;
pub(crate) use raft::RaftSubject;
pub(crate) use strong::StrongSubject;

use std::time::Duration;

use cap_model::Side;
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

/// Whether the side has a quorum of either kind.
fn has_quorums(quorums: &QuorumSystem<NodeId>, side: Side) -> bool {
    quorums.is_read_quorum(|&node| side.contains(node))
        && quorums.is_write_quorum(|&node| side.contains(node))
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

#[cfg(test)]
mod tests {
    use cap_model::pacelc::{Injection, derive};
    use cap_model::{
        Adversary, Availability, Forecast, Operation, Settings, Subject, forecast, link_states,
    };

    use super::*;

    /// Every operation at every node in every state of the directed links of three nodes, against
    /// what quorum arithmetic says.
    fn check_forecasts(subject: &impl Subject, is_exact: bool) {
        let system = majority(3).expect("three nodes");
        let adversary = Adversary::new(subject, &Settings::default()).expect("a steady cluster");
        for shape in link_states(3).expect("three nodes") {
            let measured = adversary.measure(&shape).expect("within the limits");
            let forecasts: Vec<Forecast> = members(3)
                .map(|node| forecast(&system, &shape, node))
                .collect();
            for trial in &measured.trials {
                let forecast = forecasts[trial.node.0 as usize];
                let can = |forecast: Forecast| match trial.operation {
                    Operation::Update => forecast.can_write,
                    _ => forecast.can_read,
                };
                if is_exact {
                    assert_eq!(trial.result.is_ok(), can(forecast), "{shape}: {trial:?}");
                } else if trial.result.is_ok() {
                    let somebody_can = forecasts.iter().any(|&forecast| can(forecast));
                    assert!(somebody_can, "{shape}: {trial:?}");
                }
            }
            for cell in &measured.cells {
                let is_true = cell
                    .consistency
                    .is_none_or(|seen| seen.to_string() == "linearizable");
                assert!(is_true, "{shape}: {cell:?}");
            }
        }
    }

    #[test]
    fn the_strong_store_answers_exactly_where_a_quorum_can_be_reached_and_heard() {
        check_forecasts(&StrongSubject::new(3).expect("a subject"), true);
    }

    #[test]
    fn paxos_answers_exactly_where_a_quorum_can_be_reached_and_heard() {
        check_forecasts(&PaxosSubject::new(3).expect("a subject"), true);
    }

    #[test]
    fn raft_answers_nowhere_unless_somebody_can_reach_and_hear_a_quorum() {
        check_forecasts(&RaftSubject::new(3).expect("a subject"), false);
    }

    /// The words of both operations, which must be confirmed.
    fn check_claims(subject: &impl Subject, expected: [&str; 2]) {
        let adversary = Adversary::new(subject, &Settings::default()).expect("a steady cluster");
        let injection = Injection::uniform(subject.nodes()).expect("a few nodes");
        let derivation = derive(&adversary, &injection).expect("within the limits");
        let words = derivation.claims.map(|claim| {
            assert!(claim.is_confirmed(), "{claim}");
            claim.words()
        });
        assert_eq!(words, expected);
    }

    #[test]
    fn each_protocol_has_the_claims_that_its_papers_give_it() {
        for nodes in [2, 3, 4] {
            check_claims(&RaftSubject::new(nodes).expect("raft"), ["PC/EC", "PC/EC"]);
            check_claims(
                &PaxosSubject::new(nodes).expect("paxos"),
                ["PC/EC", "PC/EC"],
            );
            check_claims(
                &StrongSubject::new(nodes).expect("strong"),
                ["PC/EC", "PC/EC"],
            );
            check_claims(
                &PartialSubject::new(nodes).expect("partial"),
                ["PC/EC", "PA/EL"],
            );
            check_claims(
                &EventualSubject::new(nodes).expect("eventual"),
                ["PA/EL", "PA/EL"],
            );
            // A transfer needs nobody, and the snapshot waits for all: it pays for both.
            check_claims(
                &BankSnapshots::new(nodes).expect("banks"),
                ["PA/EL", "PC/EC"],
            );
        }
    }

    #[test]
    fn the_partial_store_answers_exactly_where_so_many_can_be_reached_and_heard() {
        for (read, write) in [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1)] {
            let subject = PartialSubject::on(3, read, write).expect("a subject");
            let adversary = Adversary::new(&subject, &Settings::default()).expect("steady");
            for shape in link_states(3).expect("three nodes") {
                let measured = adversary.measure(&shape).expect("within the limits");
                for trial in &measured.trials {
                    let both_ways =
                        members(3).filter(|&node| shape.works_both_ways(trial.node, node));
                    let wanted = match trial.operation {
                        Operation::Update => write,
                        _ => read,
                    };
                    let can = both_ways.count() >= wanted as usize;
                    assert_eq!(
                        trial.result.is_ok(),
                        can,
                        "R={read} W={write} {shape}: {trial:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_eventual_store_answers_everywhere() {
        let subject = EventualSubject::new(3).expect("a subject");
        let adversary = Adversary::new(&subject, &Settings::default()).expect("a steady cluster");
        for shape in link_states(3).expect("three nodes") {
            let measured = adversary.measure(&shape).expect("within the limits");
            for cell in &measured.cells {
                assert_eq!(cell.availability, Availability::Sticky, "{shape}");
            }
        }
    }
}
