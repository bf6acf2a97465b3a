//! The partial store: a write and a read of one register, at any node, judged as if it were one register.

use cap_model::{Ask, Heard, Operation, Side, Subject};
use consistency::partial::{Config, Event, Request, Store};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Ends, NodeId, Recover, RequestId};

use super::{KEY, PATIENCE, built, members};
use crate::exit::BadInput;

pub(crate) struct PartialSubject {
    stores: Vec<Store>,
    read: u32,
    write: u32,
}

impl PartialSubject {
    /// Reads from one, writes to a majority.
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        Self::on(nodes, 1, nodes / 2 + 1)
    }

    /// Reads hear so many, and writes are stored by so many.
    pub(crate) fn on(nodes: u32, read: u32, write: u32) -> Result<Self, BadInput> {
        let node = |id| -> Result<Store, Box<dyn std::error::Error>> {
            let config = Config::new(id, members(nodes), read as usize, write as usize)?;
            Ok(Store::recover(&config.patience(PATIENCE)?, Vec::new())?)
        };
        let stores = built(nodes, node)?;
        Ok(Self {
            stores,
            read,
            write,
        })
    }
}

impl Subject for PartialSubject {
    type Process = Store;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.stores.len() as u32
    }

    fn node(&self, id: NodeId) -> Store {
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

    fn serves(&self, side: Side) -> bool {
        side.len() >= self.read.max(self.write)
    }
}
