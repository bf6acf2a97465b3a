//! The strong store: a write and a read of one register, at any node. It was written before: a key that
//! nobody has ever written is read without a write quorum, which says nothing of other keys.

use cap_model::{Ask, Heard, Operation, Side, Subject};
use consistency::strong::{Config, Event, Request, Store};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use quorum::QuorumSystem;
use transport::{Ends, NodeId, Recover, RequestId};

use super::{KEY, PATIENCE, built, has_quorums, majority};
use crate::exit::BadInput;

pub(crate) struct StrongSubject {
    stores: Vec<Store>,
    quorums: QuorumSystem<NodeId>,
}

impl StrongSubject {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        Self::on(majority(nodes)?, nodes)
    }

    /// On these quorums of the nodes 0 to `nodes` - 1.
    pub(crate) fn on(quorums: QuorumSystem<NodeId>, nodes: u32) -> Result<Self, BadInput> {
        let node = |id| -> Result<Store, Box<dyn std::error::Error>> {
            let config = Config::new(id, quorums.clone())?.patience(PATIENCE)?;
            Ok(Store::recover(&config, Vec::new())?)
        };
        let stores = built(nodes, node)?;
        Ok(Self { stores, quorums })
    }
}

impl Subject for StrongSubject {
    type Process = Store;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.stores.len() as u32
    }

    fn node(&self, id: NodeId) -> Store {
        self.stores[id.0 as usize].clone()
    }

    fn model(&self) -> Register {
        Register::new(Value::from("0"))
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        match operation {
            Operation::Update => RegisterInput::write("1"),
            Operation::Prepare | Operation::Observe => RegisterInput::read(),
        }
    }

    fn request(&self, ask: &Ask<'_, Event>) -> Request {
        let (id, key) = (ask.id, KEY.into());
        let value = match ask.operation {
            Operation::Prepare => "0",
            Operation::Update => "1",
            Operation::Observe => return Request::Read { id, key },
        };
        Request::Write {
            id,
            key,
            value: Some(value.into()),
        }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<RegisterOutput>)> {
        let heard = match event {
            Event::Read { version, .. } => {
                let value = version.value.as_ref();
                let value = value.map_or(Value::Nil, |bytes| Value::from_bytes(bytes));
                Heard::Answered(RegisterOutput::Value(value))
            }
            Event::Written { .. } => Heard::Answered(RegisterOutput::Done),
            Event::Refused { refusal, .. } => Heard::Refused(refusal.to_string()),
            Event::Unknown { .. } => Heard::Unknown("too few replicas stored it".to_owned()),
        };
        Some((event.ends()?, heard))
    }

    fn needs_preparation(&self) -> bool {
        true
    }

    fn serves(&self, side: Side) -> bool {
        has_quorums(&self.quorums, side)
    }
}
