//! Single-decree Paxos: to propose and to learn, judged as an object that keeps the first proposal.

use cap_model::{Ask, Heard, Operation, Subject};
use consistency::Model;
use paxos_core::{Config, Event, Paxos, Request};
use transport::{Ends, NodeId, Recover, RequestId};

use super::{PATIENCE, built, majority};
use crate::exit::BadInput;

pub(crate) struct PaxosSubject(Vec<Paxos<u64>>);

impl PaxosSubject {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        let quorums = majority(nodes)?;
        let node = |id| -> Result<Paxos<u64>, Box<dyn std::error::Error>> {
            let config = Config::new(id, quorums.clone())?.patience(PATIENCE);
            Ok(Paxos::recover(&config, Vec::new())?)
        };
        Ok(Self(built(nodes, node)?))
    }
}

/// A consensus object: the first proposal is the decision, for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstProposal;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Asked {
    Propose(u64),
    Learn,
}

impl Model for FirstProposal {
    type State = Option<u64>;
    type Input = Asked;
    /// The decision; `None`: there is none yet.
    type Output = Option<u64>;
    type Key = ();

    fn key(&self, _: &Asked) {}

    fn initial(&self, (): &()) -> Option<u64> {
        None
    }

    fn step(
        &self,
        state: &Option<u64>,
        input: &Asked,
        output: Option<&Option<u64>>,
    ) -> Option<Option<u64>> {
        let next = match input {
            Asked::Propose(value) => state.or(Some(*value)),
            Asked::Learn => *state,
        };
        output.is_none_or(|heard| *heard == next).then_some(next)
    }
}

impl Subject for PaxosSubject {
    type Process = Paxos<u64>;
    type Model = FirstProposal;

    fn nodes(&self) -> u32 {
        self.0.len() as u32
    }

    fn node(&self, id: NodeId) -> Paxos<u64> {
        self.0[id.0 as usize].clone()
    }

    fn model(&self) -> FirstProposal {
        FirstProposal
    }

    fn input(&self, operation: Operation) -> Asked {
        match operation {
            Operation::Update => Asked::Propose(1),
            Operation::Prepare | Operation::Observe => Asked::Learn,
        }
    }

    fn request(&self, ask: &Ask<'_, Event<u64>>) -> Request<u64> {
        let id = ask.id;
        match ask.operation {
            Operation::Update => Request::Propose { id, value: 1 },
            Operation::Prepare | Operation::Observe => Request::Learn { id },
        }
    }

    fn hear(&self, event: &Event<u64>) -> Option<(RequestId, Heard<Option<u64>>)> {
        let heard = match event {
            Event::Learned { .. } => return None,
            Event::Decided { value, .. } => Heard::Answered(Some(*value)),
            Event::Undecided { .. } => Heard::Answered(None),
            Event::Unknown { .. } => Heard::Unknown("offered, and its fate stayed open".to_owned()),
            Event::Refused { refusal, .. } => Heard::Refused(refusal.to_string()),
        };
        Some((event.ends()?, heard))
    }

    fn operation_name(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Prepare => "prepare",
            Operation::Update => "propose",
            Operation::Observe => "learn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_proposal_is_the_decision_for_ever() {
        let model = FirstProposal;
        let decided = model.step(&None, &Asked::Propose(1), Some(&Some(1)));
        assert_eq!(decided, Some(Some(1)));
        assert_eq!(
            model.step(&Some(1), &Asked::Propose(2), Some(&Some(1))),
            Some(Some(1))
        );
        assert_eq!(
            model.step(&Some(1), &Asked::Propose(2), Some(&Some(2))),
            None
        );
        assert_eq!(model.step(&Some(1), &Asked::Learn, Some(&None)), None);
        assert_eq!(model.step(&None, &Asked::Learn, None), Some(None));
    }
}
