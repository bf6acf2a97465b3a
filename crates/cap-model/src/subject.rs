//! The subject: what the adversary must know of a system to ask it and to judge its answers.

use alloc::string::String;
use core::fmt::{self, Debug};

use consistency::Model;
use transport::{NodeId, Process, RequestId};

use crate::Side;

/// What clients ask of the subject `S`.
pub type RequestOf<S> = <<S as Subject>::Process as Process>::Request;
/// What clients of the subject `S` hear.
pub type EventOf<S> = <<S as Subject>::Process as Process>::Event;
/// What the object of the subject `S` is asked.
pub type InputOf<S> = <<S as Subject>::Model as Model>::Input;
/// What the object of the subject `S` answers.
pub type OutputOf<S> = <<S as Subject>::Model as Model>::Output;
/// Which object of the subject `S` is touched.
pub type KeyOf<S> = <<S as Subject>::Model as Model>::Key;

/// A system to put on trial: its nodes, two operations that conflict, and the object by which their
/// history is judged.
///
/// The two operations are an *update* and an *observation* that must show the update once it has
/// returned: write and read of a register, two different proposals to a consensus object, a transfer
/// and a snapshot. If the observation may correctly miss the update there is nothing to refute, and
/// the adversary says so.
///
/// [`sample::SampleStore`](crate::sample::SampleStore) is a whole implementation to start from.
///
/// ```
/// use cap_model::{Operation, Subject, sample::SampleStore};
/// let subject = SampleStore::local(3)?;
/// assert_eq!(subject.operation_name(Operation::Update), "write");
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub trait Subject {
    /// One node. `Clone` must copy its whole state, and nothing may be shared between nodes.
    type Process: Process<Message: Clone + Debug, Request: Clone + Debug, Event: Clone + Debug>
        + Clone;
    /// The object that clients believe they use.
    type Model: Model + Clone + Debug;

    /// How many nodes: they are numbered from zero.
    fn nodes(&self) -> u32;

    /// A new node, before [`Input::Start`](transport::Input::Start).
    fn node(&self, id: NodeId) -> Self::Process;

    /// The object, in the state that the new nodes stand for.
    fn model(&self) -> Self::Model;

    /// What an operation asks of the object.
    fn input(&self, operation: Operation) -> InputOf<Self>;

    /// The request that asks it of a node.
    fn request(&self, ask: &Ask<'_, EventOf<Self>>) -> RequestOf<Self>;

    /// Reads an event: which request it answers for good, and how. `None` if it answers none.
    fn hear(&self, event: &EventOf<Self>) -> Option<(RequestId, Heard<OutputOf<Self>>)>;

    /// The name of an operation, for people.
    fn operation_name(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Prepare => "prepare",
            Operation::Update => "write",
            Operation::Observe => "read",
        }
    }

    /// Whether clients are promised answers while they and the system are confined to this side. The
    /// controls hold the system to it: a majority for quorum systems, everything for those that need
    /// every node.
    fn serves(&self, side: Side) -> bool {
        side.is_majority_of(self.nodes())
    }

    /// Whether clients must prepare, while everything is connected: open a session, say, or write what
    /// the [`model`](Self::model) starts with. The event that answers comes back in [`Ask::prepared`].
    fn needs_preparation(&self) -> bool {
        false
    }

    /// Whether the connected cluster is ready: a leader is elected, say. The nodes come in order.
    fn is_steady(&self, nodes: &[&Self::Process]) -> bool {
        let _ = nodes;
        true
    }

    /// Whether asking a second node, while a first may still act, does no harm. Otherwise a client
    /// asks again only after a refusal.
    fn is_repeatable(&self, operation: Operation) -> bool {
        let _ = operation;
        true
    }
}

/// What a client wants.
///
/// ```
/// assert_eq!(cap_model::Operation::Update.to_string(), "update");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Operation {
    /// What a client does once, while everything is connected. No part of the history.
    Prepare,
    /// Changes the object.
    Update,
    /// Sees the change.
    Observe,
}

impl Operation {
    /// The two on trial.
    pub const BOTH: [Self; 2] = [Self::Update, Self::Observe];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Update => "update",
            Self::Observe => "observe",
        })
    }
}

/// One request to be made.
///
/// ```
/// use cap_model::{Ask, Operation, Subject, sample::{SampleRequest, SampleStore}};
/// use transport::{NodeId, RequestId};
/// let (id, node) = (RequestId(1), NodeId(0));
/// let ask = Ask { operation: Operation::Observe, id, node, prepared: None };
/// assert_eq!(SampleStore::local(3)?.request(&ask), SampleRequest::Read { id });
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a, E> {
    /// What is asked.
    pub operation: Operation,
    /// The request's name, to be found in its answer.
    pub id: RequestId,
    /// The node that is asked.
    pub node: NodeId,
    /// What answered the preparation.
    pub prepared: Option<&'a E>,
}

/// How a request ended, for good.
///
/// ```
/// use cap_model::Heard;
/// let heard: Heard<u64> = Heard::Refused("not the leader".into());
/// assert!(heard.output().is_none());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Heard<O> {
    /// The operation happened, and gave this.
    Answered(O),
    /// The preparation succeeded; an answer to it says the same.
    Prepared,
    /// It did not happen, and why. An error is no answer in the theorem's sense.
    Refused(String),
    /// Nobody will say whether it happened, and why.
    Unknown(String),
}

impl<O> Heard<O> {
    /// The output, if it happened.
    pub const fn output(&self) -> Option<&O> {
        match self {
            Self::Answered(output) => Some(output),
            Self::Prepared | Self::Refused(_) | Self::Unknown(_) => None,
        }
    }
}
