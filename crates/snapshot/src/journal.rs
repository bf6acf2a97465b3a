//! Ghost logs: what each process sent and received, kept beside it for the verifier.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use transport::{Context, Effect, Effects, Input, NodeId, Process, Recover, Stored, Time};

use crate::Recorder;

/// A process with a journal of the messages it sent and received. For tests and campaigns: the
/// journal only grows.
///
/// It changes no message, no record and no order. Put it directly inside
/// [`Snapshotting`](crate::Snapshotting), so that it sees what the snapshots are about, and record
/// with [`Paged`].
///
/// ```
/// use snapshot::bank::{Bank, Transfer};
/// use snapshot::{Direction, Journaled};
/// use transport::{Context, Effects, Input, NodeId, Process, RequestId, Scripted, Time};
///
/// let mut bank = Journaled::new(Bank::new(100));
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// let transfer = Transfer { id: RequestId(1), to: NodeId(2), amount: 30 };
/// let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
/// bank.step(Input::Request(transfer), &mut cx);
/// let entry = &bank.journal()[0];
/// assert_eq!((entry.direction, entry.peer, entry.message), (Direction::Sent, NodeId(2), 30));
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Journaled<P: Process> {
    process: P,
    effects: Effects<P>,
    journal: Vec<JournalEntry<P::Message>>,
}

/// One message in a journal.
///
/// ```
/// use snapshot::{Direction, JournalEntry};
/// use transport::NodeId;
/// let entry = JournalEntry { direction: Direction::Sent, peer: NodeId(2), message: 30_u64 };
/// assert_eq!(entry.peer, NodeId(2));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct JournalEntry<M> {
    /// Whether it was sent or received.
    pub direction: Direction,
    /// To whom, or from whom.
    pub peer: NodeId,
    /// The message.
    pub message: M,
}

/// Whether a message was sent or received.
///
/// ```
/// assert_ne!(snapshot::Direction::Sent, snapshot::Direction::Received);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// By this process, to the peer.
    Sent,
    /// By this process, from the peer.
    Received,
}

/// Records how long the journal is, and of the process what `R` records: the place of the cut in
/// the journal.
///
/// ```
/// use snapshot::bank::Bank;
/// use snapshot::{Cloned, Journaled, Paged, Recorder};
/// let recorded = Paged::<Cloned>::record(&Journaled::new(Bank::new(100)));
/// assert_eq!(recorded.entries, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Paged<R>(core::marker::PhantomData<R>);

/// A recorded state with the length of the journal at which it was recorded.
///
/// ```
/// use snapshot::Page;
/// assert_eq!(Page { entries: 3, state: 100_u64 }.entries, 3);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Page<S> {
    /// How many entries of the journal are before the cut.
    pub entries: usize,
    /// What was recorded.
    pub state: S,
}

impl<P: Process<Message: Clone>, R: Recorder<P>> Recorder<Journaled<P>> for Paged<R> {
    type State = Page<R::State>;

    fn record(process: &Journaled<P>) -> Page<R::State> {
        Page {
            entries: process.journal.len(),
            state: R::record(&process.process),
        }
    }
}

impl<P: Process> Journaled<P> {
    /// Begins an empty journal.
    #[must_use]
    pub const fn new(process: P) -> Self {
        Self {
            process,
            effects: Effects::new(),
            journal: Vec::new(),
        }
    }

    /// Every message of this life so far, in order.
    #[must_use]
    pub fn journal(&self) -> &[JournalEntry<P::Message>] {
        &self.journal
    }

    /// The process inside.
    #[must_use]
    pub const fn process(&self) -> &P {
        &self.process
    }
}

impl<P: Process<Message: Clone>> Process for Journaled<P> {
    type Message = P::Message;
    type Request = P::Request;
    type Event = P::Event;
    type Record = P::Record;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let input = match input {
            Input::Message { from, message } => {
                self.note(Direction::Received, from, &message);
                Input::Message { from, message }
            }
            Input::Start => Input::Start,
            Input::Request(request) => Input::Request(request),
            Input::Durable(token) => Input::Durable(token),
            Input::Wake => Input::Wake,
        };
        let mut effects = mem::take(&mut self.effects);
        cx.nested(&mut effects, |cx| self.process.step(input, cx));
        for effect in effects.drain() {
            if let Effect::Send { to, message, .. } = &effect {
                self.note(Direction::Sent, *to, message);
            }
            cx.forward(effect.map(|message| message, |event| event, |record| record));
        }
        self.effects = effects;
    }

    fn deadline(&self) -> Option<Time> {
        self.process.deadline()
    }
}

impl<P: Process<Message: Clone>> Journaled<P> {
    fn note(&mut self, direction: Direction, peer: NodeId, message: &P::Message) {
        self.journal.push(JournalEntry {
            direction,
            peer,
            message: message.clone(),
        });
    }
}

impl<P: Recover<Message: Clone>> Recover for Journaled<P> {
    type Config = P::Config;
    type Error = P::Error;

    fn recover(
        config: &Self::Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, Self::Error> {
        P::recover(config, records).map(Self::new)
    }
}

impl<P: Process + fmt::Debug> fmt::Debug for Journaled<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journaled")
            .field("entries", &self.journal.len())
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
