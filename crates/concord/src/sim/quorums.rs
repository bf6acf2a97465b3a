//! Which quorums a simulated cluster has: a seed draws them, as it draws the nodes' limits.

use quorum::{QuorumError, QuorumSystem};
use serde::{Deserialize, Serialize};
use transport::{Choose, NodeId};

/// A kind of quorum system, for any number of nodes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Quorums {
    /// More than half read, more than half write.
    Majority,
    /// One more than a majority reads, so fewer write.
    ReadMore,
    /// One more than a majority writes, so fewer read.
    WriteMore,
    /// A majority of votes, of which the first node has two.
    Weighted,
}

impl Quorums {
    /// Half of the seeds have majorities.
    pub(crate) fn drawn(choices: &mut impl Choose) -> Self {
        match choices.choose(6) {
            0..=2 => Self::Majority,
            3 => Self::ReadMore,
            4 => Self::WriteMore,
            _ => Self::Weighted,
        }
    }

    /// The system on these nodes, in which at least `read_min` of them read: Raft's elections need
    /// more than half.
    pub(crate) fn system(
        self,
        nodes: &[NodeId],
        read_min: usize,
    ) -> Result<QuorumSystem<NodeId>, QuorumError<NodeId>> {
        let (count, all) = (nodes.len(), nodes.iter().copied());
        let more = (count / 2 + 2).min(count);
        let rest = count + 1 - more;
        match self {
            Self::Majority => QuorumSystem::majority(all),
            Self::ReadMore => QuorumSystem::flexible(all, more.max(read_min), rest),
            Self::WriteMore => QuorumSystem::flexible(all, rest.max(read_min), more),
            Self::Weighted => {
                let weights = (0..).map(|place: u32| if place == 0 { 2 } else { 1 });
                QuorumSystem::weighted(all.zip(weights))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_system_for_every_cluster() {
        let kinds = [
            Quorums::Majority,
            Quorums::ReadMore,
            Quorums::WriteMore,
            Quorums::Weighted,
        ];
        for count in 1..=64_u32 {
            let nodes: Vec<NodeId> = (0..count).map(NodeId).collect();
            for kind in kinds {
                let system = kind.system(&nodes, 1).expect("quorums that meet");
                assert_eq!(system.size(), nodes.len(), "{kind:?}");
                let election = kind.system(&nodes, nodes.len() / 2 + 1);
                assert!(election.expect("a system").is_read_self_intersecting());
            }
        }
    }
}
