//! A family of small stores to try the adversary on: one register on every node.
//!
//! # Rules
//!
//! 1. A write takes the next version above its node's, keeps it, sends it to all peers, and answers
//!    once `write_peers` of them have kept it too.
//! 2. A read asks all peers, and answers with the newest of its own and `read_peers` of theirs.
//! 3. After its patience a node answers a request from what it has, or goes on waiting: as its rules
//!    say. Without patience it waits for ever.
//! 4. Nothing is sent twice and nothing is stored on disk.
//!
//! This is material for the adversary, not a store to use: reads do not write back what they saw, so
//! concurrent ones may disagree, and what a fault loses stays lost.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Context, Input, NodeId, Process, RequestId, Time};

use crate::{Ask, CapError, Heard, Operation, Side, Subject};

/// The most requests that a node holds.
const REQUESTS_MAX: usize = 1_024;

/// What a member of the family does.
///
/// ```
/// use cap_model::sample::SampleRules;
/// let local = SampleRules::default();
/// assert_eq!((local.write_peers, local.read_peers), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct SampleRules {
    /// How many peers must have kept a write.
    pub write_peers: u32,
    /// How many peers a read hears.
    pub read_peers: u32,
    /// How long a node waits for them, in nanoseconds.
    pub patience_ns: Option<u64>,
    /// Whether a write is answered when patience ends.
    pub write_falls_back: bool,
    /// Whether a read is.
    pub read_falls_back: bool,
}

/// A store of the family, as a subject.
///
/// ```
/// use cap_model::{Subject, sample::SampleStore};
/// assert_eq!(SampleStore::write_all(5)?.rules().write_peers, 4);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SampleStore {
    nodes: u32,
    rules: SampleRules,
}

impl SampleStore {
    /// A store of so many nodes.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn new(nodes: u32, rules: SampleRules) -> Result<Self, CapError> {
        Side::all(nodes)?;
        Ok(Self { nodes, rules })
    }

    /// Answers at once, and tells the others afterwards.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn local(nodes: u32) -> Result<Self, CapError> {
        Self::new(nodes, SampleRules::default())
    }

    /// Writes to a majority and reads from one.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn majority(nodes: u32) -> Result<Self, CapError> {
        let rules = SampleRules {
            write_peers: nodes / 2,
            read_peers: nodes / 2,
            ..SampleRules::default()
        };
        Self::new(nodes, rules)
    }

    /// Writes to all and reads locally.
    ///
    /// # Errors
    ///
    /// No node, or more than 64.
    pub fn write_all(nodes: u32) -> Result<Self, CapError> {
        let rules = SampleRules {
            write_peers: nodes.saturating_sub(1),
            ..SampleRules::default()
        };
        Self::new(nodes, rules)
    }

    /// What its nodes do.
    #[must_use]
    pub const fn rules(&self) -> SampleRules {
        self.rules
    }
}

impl Subject for SampleStore {
    type Process = SampleNode;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.nodes
    }

    fn node(&self, id: NodeId) -> SampleNode {
        let peers = (0..self.nodes).map(NodeId).filter(|&peer| peer != id);
        SampleNode {
            id,
            peers: peers.collect(),
            rules: self.rules,
            kept: Kept::default(),
            open: BTreeMap::new(),
        }
    }

    fn model(&self) -> Register {
        Register::new(Value::Int(0))
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        match operation {
            Operation::Update => RegisterInput::write(1),
            Operation::Prepare | Operation::Observe => RegisterInput::read(),
        }
    }

    fn request(&self, ask: &Ask<'_, SampleEvent>) -> SampleRequest {
        let id = ask.id;
        match ask.operation {
            Operation::Update => SampleRequest::Write { id, value: 1 },
            Operation::Prepare | Operation::Observe => SampleRequest::Read { id },
        }
    }

    fn hear(&self, event: &SampleEvent) -> Option<(RequestId, Heard<RegisterOutput>)> {
        Some(match event {
            SampleEvent::Written { id } => (*id, Heard::Answered(RegisterOutput::Done)),
            SampleEvent::Value { id, value } => {
                let output = RegisterOutput::Value(Value::Int(*value));
                (*id, Heard::Answered(output))
            }
            SampleEvent::Overloaded { id } => (*id, Heard::Refused("overloaded".into())),
        })
    }

    /// A side that has the peers that both operations wait for.
    fn serves(&self, side: Side) -> bool {
        side.len() > self.rules.write_peers.max(self.rules.read_peers)
    }
}

/// One node of the family. See the rules at the top of the module.
///
/// ```
/// use cap_model::{Subject, sample::SampleStore};
/// use transport::{NodeId, Process};
/// assert_eq!(SampleStore::local(3)?.node(NodeId(0)).deadline(), None);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SampleNode {
    id: NodeId,
    peers: Vec<NodeId>,
    rules: SampleRules,
    kept: Kept,
    open: BTreeMap<RequestId, Open>,
}

/// A value with its version: a number, and the node that gave it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Kept {
    version: (u64, NodeId),
    value: i64,
}

/// A request that waits for peers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Open {
    is_write: bool,
    heard: Side,
    newest: Kept,
    expires: Option<Time>,
}

/// What a client asks.
///
/// ```
/// use cap_model::sample::SampleRequest;
/// use transport::RequestId;
/// assert_eq!(SampleRequest::Read { id: RequestId(4) }.id(), RequestId(4));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SampleRequest {
    /// Write a value.
    Write {
        /// The request's name.
        id: RequestId,
        /// The value.
        value: i64,
    },
    /// Read it.
    Read {
        /// The request's name.
        id: RequestId,
    },
}

/// What a client hears. Each is final.
///
/// ```
/// use cap_model::sample::SampleEvent;
/// use transport::RequestId;
/// assert_ne!(SampleEvent::Written { id: RequestId(1) }, SampleEvent::Overloaded { id: RequestId(1) });
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SampleEvent {
    /// Written.
    Written {
        /// The request.
        id: RequestId,
    },
    /// Read.
    Value {
        /// The request.
        id: RequestId,
        /// The value.
        value: i64,
    },
    /// Refused: the node holds too many requests.
    Overloaded {
        /// The request.
        id: RequestId,
    },
}

/// What nodes tell each other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SampleMessage(Say);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Say {
    Keep { id: RequestId, kept: Kept },
    Ask { id: RequestId },
    Have { id: RequestId, kept: Kept },
}

impl SampleRequest {
    /// The request's name.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        match self {
            Self::Write { id, .. } | Self::Read { id } => *id,
        }
    }
}

impl Process for SampleNode {
    type Message = SampleMessage;
    type Request = SampleRequest;
    type Event = SampleEvent;
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start | Input::Durable(_) => {}
            Input::Request(request) => self.begin(request, cx),
            Input::Message { from, message } => self.hear(from, message.0, cx),
            Input::Wake => self.expire(cx),
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.open.values().filter_map(|open| open.expires).min()
    }
}

impl SampleNode {
    fn begin(&mut self, request: SampleRequest, cx: &mut Context<'_, Self>) {
        let id = request.id();
        if self.open.len() >= REQUESTS_MAX || self.open.contains_key(&id) {
            return cx.emit(SampleEvent::Overloaded { id });
        }
        let say = match request {
            SampleRequest::Write { value, .. } => {
                let version = (self.kept.version.0.saturating_add(1), self.id);
                self.kept = Kept { version, value };
                let kept = self.kept;
                Say::Keep { id, kept }
            }
            SampleRequest::Read { .. } => Say::Ask { id },
        };
        let is_write = matches!(request, SampleRequest::Write { .. });
        let falls_back = if is_write {
            self.rules.write_falls_back
        } else {
            self.rules.read_falls_back
        };
        let patience_ns = self.rules.patience_ns.filter(|_| falls_back);
        let open = Open {
            is_write,
            heard: Side::EMPTY,
            newest: self.kept,
            expires: patience_ns.map(|patience_ns| cx.now().plus_nanos(patience_ns)),
        };
        self.open.insert(id, open);
        // A local read has nobody to ask.
        if is_write || self.rules.read_peers > 0 {
            for &peer in &self.peers {
                cx.send(peer, SampleMessage(say));
            }
        }
        self.end_if_heard(id, cx);
    }

    fn hear(&mut self, from: NodeId, say: Say, cx: &mut Context<'_, Self>) {
        match say {
            Say::Keep { id, kept } => {
                self.kept = self.kept.max(kept);
                cx.send(from, SampleMessage(Say::Have { id, kept }));
            }
            Say::Ask { id } => {
                let kept = self.kept;
                cx.send(from, SampleMessage(Say::Have { id, kept }));
            }
            Say::Have { id, kept } => {
                if let Some(open) = self.open.get_mut(&id) {
                    open.heard.insert(from);
                    open.newest = open.newest.max(kept);
                    self.end_if_heard(id, cx);
                }
            }
        }
    }

    fn end_if_heard(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(open) = self.open.get(&id) else {
            return;
        };
        let wanted = if open.is_write {
            self.rules.write_peers
        } else {
            self.rules.read_peers
        };
        if open.heard.len() >= wanted {
            self.end(id, cx);
        }
    }

    fn expire(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        let is_over = |open: &Open| open.expires.is_some_and(|expires| expires <= now);
        let over = self.open.iter().filter(|(_, open)| is_over(open));
        let over: Vec<RequestId> = over.map(|(id, _)| *id).collect();
        over.into_iter().for_each(|id| self.end(id, cx));
    }

    fn end(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        cx.emit(if open.is_write {
            SampleEvent::Written { id }
        } else {
            let value = open.newest.value;
            SampleEvent::Value { id, value }
        });
    }
}
