//! The key-value store on Raft: a write and a read of one key. Only the leader serves; a session is
//! opened before the cut.

use cap_model::{Ask, Heard, Operation, Side, Subject};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use kv::{Event, Kv, Reply, Request};
use quorum::QuorumSystem;
use raft_core::Role;
use transport::{Ends, NodeId, Recover, RequestId};

use super::{KEY, built, has_quorums, majority, members};
use crate::exit::BadInput;

pub(crate) struct RaftSubject {
    stores: Vec<Kv>,
    quorums: QuorumSystem<NodeId>,
}

impl RaftSubject {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        Self::on(majority(nodes)?, nodes)
    }

    /// On these quorums of the nodes 0 to `nodes` - 1: read quorums elect, write quorums commit.
    pub(crate) fn on(quorums: QuorumSystem<NodeId>, nodes: u32) -> Result<Self, BadInput> {
        let node = |id| -> Result<Kv, Box<dyn std::error::Error>> {
            let raft = raft_core::Config::new(id, members(nodes))?.quorums(quorums.clone())?;
            Ok(Kv::recover(&kv::Config::new(raft), Vec::new())?)
        };
        let stores = built(nodes, node)?;
        Ok(Self { stores, quorums })
    }
}

impl Subject for RaftSubject {
    type Process = Kv;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.stores.len() as u32
    }

    fn node(&self, id: NodeId) -> Kv {
        self.stores[id.0 as usize].clone()
    }

    fn model(&self) -> Register {
        Register::new(Value::Nil)
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        match operation {
            Operation::Update => RegisterInput::write("1"),
            Operation::Prepare | Operation::Observe => RegisterInput::read(),
        }
    }

    fn request(&self, ask: &Ask<'_, Event>) -> Request {
        let session = match ask.prepared {
            Some(Event::Done {
                reply: Reply::Opened { session },
                ..
            }) => Some(*session),
            _ => None,
        };
        let id = ask.id;
        let ask = match (ask.operation, session) {
            (Operation::Update, Some(session)) => kv::Ask::Execute {
                session,
                // A retry, at whatever node, repeats the number.
                sequence: 1,
                operation: kv::Operation::Put {
                    key: KEY.into(),
                    value: "1".into(),
                },
            },
            (Operation::Observe, _) => kv::Ask::Get { key: KEY.into() },
            (Operation::Prepare | Operation::Update, _) => kv::Ask::Open,
        };
        Request { id, ask }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<RegisterOutput>)> {
        let heard = match event {
            Event::Leader { .. } => return None,
            Event::Done { reply, .. } => match reply {
                Reply::Opened { .. } => Heard::Prepared,
                Reply::Value { value } => {
                    let value = value.as_ref();
                    let value = value.map_or(Value::Nil, |bytes| Value::from_bytes(bytes));
                    Heard::Answered(RegisterOutput::Value(value))
                }
                _ => Heard::Answered(RegisterOutput::Done),
            },
            Event::Rejected { rejection, .. } => Heard::Refused(rejection.to_string()),
            Event::Refused { refusal, .. } => Heard::Refused(refusal.to_string()),
            Event::Lost { .. } => Heard::Refused("overwritten by a newer term".to_owned()),
            Event::Unknown { .. } => Heard::Unknown("deposed before it was committed".to_owned()),
        };
        Some((event.ends()?, heard))
    }

    fn serves(&self, side: Side) -> bool {
        has_quorums(&self.quorums, side)
    }

    fn needs_preparation(&self) -> bool {
        true
    }

    /// One leader, whom all know, and everything committed everywhere.
    fn is_steady(&self, nodes: &[&Kv]) -> bool {
        let leads = |node: &&&Kv| node.raft().role() == Role::Leader;
        let mut leaders = nodes.iter().filter(leads);
        let (Some(leader), None) = (leaders.next(), leaders.next()) else {
            return false;
        };
        let leader = leader.raft();
        nodes.iter().all(|node| {
            let node = node.raft();
            node.leader() == Some(leader.config().id())
                && node.commit() == leader.log().last().index
        })
    }
}
