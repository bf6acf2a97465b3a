//! The strong store: a write and a read of one register, at any node.

use cap_model::{Ask, Heard, Operation, Subject};
use consistency::strong::{Config, Event, Request, Store};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Ends, NodeId, Recover, RequestId};

use super::{KEY, PATIENCE, built, majority};
use crate::exit::BadInput;

pub(crate) struct StrongSubject(Vec<Store>);

impl StrongSubject {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        let quorums = majority(nodes)?;
        let node = |id| -> Result<Store, Box<dyn std::error::Error>> {
            let config = Config::new(id, quorums.clone())?.patience(PATIENCE)?;
            Ok(Store::recover(&config, Vec::new())?)
        };
        Ok(Self(built(nodes, node)?))
    }
}

impl Subject for StrongSubject {
    type Process = Store;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.0.len() as u32
    }

    fn node(&self, id: NodeId) -> Store {
        self.0[id.0 as usize].clone()
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
        let (id, key) = (ask.id, KEY.into());
        match ask.operation {
            Operation::Update => Request::Write {
                id,
                key,
                value: Some("1".into()),
            },
            Operation::Prepare | Operation::Observe => Request::Read { id, key },
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
}
