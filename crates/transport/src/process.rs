//! The contract: a protocol is a deterministic state machine, and a world steps it.
//!
//! # Rules a process keeps
//!
//! 1. *Deterministic*: the same inputs and choices give the same effects on every platform.
//! 2. *Total*: no input panics. What cannot be done is refused with an event; a refused request was
//!    not executed.
//! 3. *Ends*: every request gets exactly one final event, unless its process crashes first. Events
//!    that implement [`Ends`](crate::Ends) say which they are.
//! 4. *Bounded*: queues, loops and memory have limits that the configuration names.
//!
//! # Rules a world keeps
//!
//! 1. `Input::Start` comes first, once, after construction or recovery.
//! 2. Effects are carried out in order. A gated effect waits for its records; effects with the same
//!    gate keep their order. One with a lower gate may overtake one with a higher: a process whose
//!    links must be FIFO numbers its messages, or raises their gates.
//! 3. `Input::Durable(token)` means that every record up to `token` survives a crash. The token may
//!    be one that a wrapper named, above the process's own. What a process recovered from is durable
//!    without saying so. A sync that fails is never retried: the process is stopped.
//! 4. A crash keeps every durable record and perhaps some first part of the others, in order.
//! 5. `Input::Wake` comes when local time has reached `deadline()`; it may come late or twice, never
//!    early. A deadline that is already past means "as soon as the inputs at hand are stepped",
//!    which is how a process gathers a batch.
//! 6. Messages may be lost, repeated, delayed and reordered. They are not forged.
//! 7. What waits for a disk is bounded by the world: while too many effects of a node are gated it
//!    drops messages to that node, as a network may, and holds its requests back. A process need not
//!    count them.

use alloc::vec::Vec;

use crate::{Context, NodeId, Time, Token};

/// A protocol as a state machine: inputs in, effects out, nothing else.
///
/// ```
/// use transport::{Context, Effects, Input, NodeId, Process, Scripted, Time};
///
/// /// Answers every ping with a pong, and counts them.
/// struct Ponger {
///     pings: u64,
/// }
///
/// #[derive(Clone, Debug, PartialEq)]
/// enum Message {
///     Ping,
///     Pong,
/// }
///
/// impl Process for Ponger {
///     type Message = Message;
///     type Request = ();
///     type Event = ();
///     type Record = ();
///
///     fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
///         if let Input::Message { from, message: Message::Ping } = input {
///             self.pings += 1;
///             cx.send(from, Message::Pong);
///         }
///     }
///
///     fn deadline(&self) -> Option<Time> {
///         None
///     }
/// }
///
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// let mut ponger = Ponger { pings: 0 };
/// let ping = Input::Message { from: NodeId(2), message: Message::Ping };
/// ponger.step(ping, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// assert_eq!((ponger.pings, effects.len()), (1, 1));
/// ```
pub trait Process: Sized {
    /// What peers exchange.
    type Message;
    /// What the local client asks.
    type Request;
    /// What the local client hears.
    type Event;
    /// What must survive a crash.
    type Record;

    /// Takes one input and writes its effects into `cx`. Never panics, never blocks.
    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>);

    /// When the process next wants [`Input::Wake`], on its own monotonic clock; `None`: not at all.
    /// The world asks after every step. [`Time::MAX`] is never reached: say `None` instead.
    fn deadline(&self) -> Option<Time>;
}

/// One input of a [`Process`].
pub enum Input<P: Process> {
    /// The process begins, newly made or recovered.
    Start,
    /// A message from a peer.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A request of the local client.
    Request(P::Request),
    /// Every record up to this token is durable.
    Durable(Token),
    /// Local time has reached the deadline.
    Wake,
}

impl<P: Process> Clone for Input<P>
where
    P::Message: Clone,
    P::Request: Clone,
{
    fn clone(&self) -> Self {
        match self {
            Self::Start => Self::Start,
            Self::Message { from, message } => Self::Message {
                from: *from,
                message: message.clone(),
            },
            Self::Request(request) => Self::Request(request.clone()),
            Self::Durable(token) => Self::Durable(*token),
            Self::Wake => Self::Wake,
        }
    }
}

impl<P: Process> core::fmt::Debug for Input<P>
where
    P::Message: core::fmt::Debug,
    P::Request: core::fmt::Debug,
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Start => f.write_str("Start"),
            Self::Message { from, message } => write!(f, "Message({from}, {message:?})"),
            Self::Request(request) => write!(f, "Request({request:?})"),
            Self::Durable(token) => write!(f, "Durable({token})"),
            Self::Wake => f.write_str("Wake"),
        }
    }
}

/// A record that survived, with its name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Stored<R> {
    /// The name it was persisted under.
    pub token: Token,
    /// The record.
    pub record: R,
}

/// A process that can be rebuilt from what a crash left.
pub trait Recover: Process {
    /// What the operator decides: who the peers are, how long to wait, how much to hold.
    type Config;
    /// Why these records cannot be a process.
    type Error: core::error::Error;

    /// Rebuilds the process. No records: a new node.
    ///
    /// `records` come in log order: the newest durable checkpoint, if any, then the records from
    /// its `keep_from` on, without the checkpoint itself.
    ///
    /// # Errors
    ///
    /// The configuration is not usable, or the records are not a log this process could have
    /// written. Nothing is repaired by guessing.
    fn recover(
        config: &Self::Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, Self::Error>;
}
