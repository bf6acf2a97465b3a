//! The eventual store: a write and a read of one key, at any node, judged as if it were a register.

use cap_model::{Ask, Heard, Operation, Side, Subject};
use consistency::eventual::{
    CausalContext, Config, Event, EventualStore, Reply, Request, Versions,
};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Ends, NodeId, Recover, RequestId};

use super::{KEY, built, members};
use crate::exit::BadInput;

pub(crate) struct EventualSubject(Vec<EventualStore>);

impl EventualSubject {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        let node = |id| -> Result<EventualStore, Box<dyn std::error::Error>> {
            let config = Config::new(id, members(nodes))?;
            Ok(EventualStore::recover(&config, Vec::new())?)
        };
        Ok(Self(built(nodes, node)?))
    }
}

impl Subject for EventualSubject {
    type Process = EventualStore;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.0.len() as u32
    }

    fn node(&self, id: NodeId) -> EventualStore {
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
            Operation::Update => Request::Put {
                id,
                key,
                value: "1".into(),
                context: CausalContext::default(),
            },
            Operation::Prepare | Operation::Observe => Request::Get { id, key },
        }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<RegisterOutput>)> {
        let heard = match event {
            Event::Done {
                reply: Reply::Found { item },
                ..
            } => Heard::Answered(RegisterOutput::Value(value_of(&item.versions))),
            Event::Done { .. } => Heard::Answered(RegisterOutput::Done),
            Event::Refused { refusal, .. } => Heard::Refused(refusal.to_string()),
        };
        Some((event.ends()?, heard))
    }

    /// Every node answers by itself.
    fn serves(&self, side: Side) -> bool {
        !side.is_empty()
    }
}

/// One sibling is the value, none is absence, and several are several.
fn value_of(versions: &Versions) -> Value {
    let mut values: Vec<Value> = versions
        .values()
        .map(|bytes| Value::from_bytes(bytes))
        .collect();
    match values.len() {
        0 => Value::Nil,
        1 => values.remove(0),
        _ => Value::List(values.into()),
    }
}
