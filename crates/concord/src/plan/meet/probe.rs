//! The real state machines, as clients see them: how each is configured and asked, and what it answers.

use std::time::Duration;

use consistency::strong::{Event, Request};
use consistency::{Value, partial, strong};
use kv::{Ask, Kv, Reply, SessionId};
use quorum::QuorumSystem;
use simulator::Simulated;
use transport::{Bytes, Ends, NodeId, Process, Recover, RequestId};

use crate::exit::BadInput;

/// A quorum store gives up after this, so that clients hear why.
const PATIENCE: Duration = Duration::from_secs(1);

/// The one key.
const KEY: &str = "x";

/// A system of nodes numbered from zero.
pub(super) trait Probe {
    type Process: Simulated;
    /// What a client needs before it can write.
    type Prepared: Clone;

    /// Of each node, in order.
    fn configs(&self) -> &[<Self::Process as Recover>::Config];

    /// What a client asks before it can write, of whoever answers; `None` if nothing is needed.
    fn prepare(&self, id: RequestId) -> Option<<Self::Process as Process>::Request>;

    /// The first write of a client, or the same again; `None` if it is not prepared.
    fn write(
        &self,
        id: RequestId,
        value: &str,
        prepared: Option<&Self::Prepared>,
    ) -> Option<<Self::Process as Process>::Request>;

    fn read(&self, id: RequestId) -> <Self::Process as Process>::Request;

    /// The request that an event answers for good, and how.
    fn hear(
        &self,
        event: &<Self::Process as Process>::Event,
    ) -> Option<(RequestId, Heard<Self::Prepared>)>;
}

/// An answer.
pub(super) enum Heard<T> {
    Prepared(T),
    Written,
    Read(Value),
    /// It had no effect.
    Refused,
    /// It may take effect.
    Unknown,
}

/// A store of registers, strong or partial: they are asked the same, and answer the same.
pub(super) struct Registers<P: Recover>(Vec<P::Config>);

/// The strong store on these quorums.
pub(super) fn strong(quorums: &QuorumSystem<NodeId>) -> Result<Registers<strong::Store>, BadInput> {
    let config = |&id| strong::Config::new(id, quorums.clone())?.patience(PATIENCE);
    let configs = quorums.members().map(config);
    let configs = configs.collect::<Result<_, strong::ConfigError>>();
    configs.map(Registers).map_err(BadInput::new)
}

/// The partial store.
pub(super) fn partial(
    nodes: u32,
    read: u32,
    write: u32,
) -> Result<Registers<partial::Store>, BadInput> {
    let members = (0..nodes).map(NodeId);
    let config = |id| {
        let config = partial::Config::new(id, members.clone(), read as usize, write as usize)?;
        config.patience(PATIENCE)
    };
    let configs = members.clone().map(config);
    let configs = configs.collect::<Result<_, partial::ConfigError>>();
    configs.map(Registers).map_err(BadInput::new)
}

impl<P> Probe for Registers<P>
where
    P: Simulated + Process<Request = Request, Event = Event>,
{
    type Process = P;
    type Prepared = ();

    fn configs(&self) -> &[P::Config] {
        &self.0
    }

    fn prepare(&self, _: RequestId) -> Option<Request> {
        None
    }

    fn write(&self, id: RequestId, value: &str, _: Option<&()>) -> Option<Request> {
        let (key, value) = (KEY.into(), Some(value.into()));
        Some(Request::Write { id, key, value })
    }

    fn read(&self, id: RequestId) -> Request {
        let key = KEY.into();
        Request::Read { id, key }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<()>)> {
        let heard = match event {
            Event::Read { version, .. } => Heard::Read(value(version.value.as_ref())),
            Event::Written { .. } => Heard::Written,
            Event::Refused { .. } => Heard::Refused,
            Event::Unknown { .. } => Heard::Unknown,
        };
        Some((event.ends()?, heard))
    }
}

/// The key-value store on Raft: only the leader answers.
pub(super) struct Raft(Vec<kv::Config>);

/// Raft with these quorums: read quorums elect, write quorums commit.
pub(super) fn raft(quorums: &QuorumSystem<NodeId>) -> Result<Raft, BadInput> {
    let config = |&id| {
        let config = raft_core::Config::new(id, quorums.members().copied())?;
        Ok(kv::Config::new(config.quorums(quorums.clone())?))
    };
    let configs = quorums.members().map(config);
    let configs = configs.collect::<Result<_, raft_core::ConfigError>>();
    configs.map(Raft).map_err(BadInput::new)
}

impl Probe for Raft {
    type Process = Kv;
    type Prepared = SessionId;

    fn configs(&self) -> &[kv::Config] {
        &self.0
    }

    fn prepare(&self, id: RequestId) -> Option<kv::Request> {
        Some(kv::Request { id, ask: Ask::Open })
    }

    fn write(
        &self,
        id: RequestId,
        value: &str,
        prepared: Option<&SessionId>,
    ) -> Option<kv::Request> {
        let ask = Ask::Execute {
            session: *prepared?,
            // The only write of the client; a retry repeats the number.
            sequence: 1,
            operation: kv::Operation::Put {
                key: KEY.into(),
                value: value.into(),
            },
        };
        Some(kv::Request { id, ask })
    }

    fn read(&self, id: RequestId) -> kv::Request {
        let ask = Ask::Get { key: KEY.into() };
        kv::Request { id, ask }
    }

    fn hear(&self, event: &kv::Event) -> Option<(RequestId, Heard<SessionId>)> {
        let heard = match event {
            kv::Event::Leader { .. } => return None,
            kv::Event::Done { reply, .. } => match reply {
                Reply::Opened { session } => Heard::Prepared(*session),
                Reply::Value { value: found } => Heard::Read(value(found.as_ref())),
                _ => Heard::Written,
            },
            kv::Event::Rejected { .. } | kv::Event::Refused { .. } | kv::Event::Lost { .. } => {
                Heard::Refused
            }
            kv::Event::Unknown { .. } => Heard::Unknown,
        };
        Some((event.ends()?, heard))
    }
}

fn value(bytes: Option<&Bytes>) -> Value {
    bytes.map_or(Value::Nil, |bytes| Value::from_bytes(bytes))
}
