//! FIFO links over any links: a wrapper that numbers, acknowledges and repeats.
//!
//! The rules of a session stand in `fifo/session.rs`. Here they meet the contract:
//!
//! 1. *Order is that of sending*, whatever the durability gates: a message with a lower gate does not
//!    overtake one before it, because the receiver waits for the numbers in between.
//! 2. *Gates stay*: a message leaves no earlier than its process allowed, and is not repeated before
//!    its records are durable.
//! 3. *A life is durable before its first frame leaves*, so no two lives share a number.

mod config;
pub use config::FifoConfig;

mod frame;
pub use frame::{FifoCounts, FifoEvent, FifoRecord, Frame, FrameBody, SessionEnd};

mod session;

use alloc::vec::Vec;
use core::{fmt, mem};

use transport::{Context, Effect, Effects, Input, NodeId, Process, Recover, Stored, Time, Token};

use self::session::{Arrival, Session};
use crate::SnapshotError;
use crate::config::sorted;
use crate::life::{Life, is_number};

/// A process whose messages arrive once and in order, over links that lose, repeat, delay and
/// reorder.
///
/// While both ends stay up and the network delivers something now and then, every message arrives.
/// When an end restarts, or more messages wait than may, a new session begins and nothing of the
/// former one is delivered in it; a client hears [`FifoEvent::SessionEnded`]. What a process sends
/// before the first answer of its peer waits for it.
///
/// Each message costs a frame and an acknowledgement, and a copy of the message until it is
/// acknowledged.
///
/// ```
/// use snapshot::bank::{Bank, Transfer};
/// use snapshot::{Fifo, FifoConfig, FrameBody};
/// use transport::{Context, Effect, Effects, Input, NodeId, Process, RequestId, Scripted, Time};
///
/// let members = [NodeId(0), NodeId(1)];
/// let mut nodes = members.map(|node| {
///     Fifo::new(Bank::new(100), &FifoConfig::new(node, members, ())).expect("valid limits")
/// });
/// let mut outboxes = [Effects::new(), Effects::new()];
/// let mut choices = Scripted::default();
/// let transfer = Transfer { id: RequestId(1), to: NodeId(1), amount: 30 };
/// let mut inputs = vec![(0, Input::Start), (1, Input::Start), (0, Input::Request(transfer))];
/// // A network that repeats every frame.
/// while !inputs.is_empty() {
///     let (at, input) = inputs.remove(0);
///     let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut outboxes[at]);
///     nodes[at].step(input, &mut cx);
///     for effect in outboxes[at].drain() {
///         if let Effect::Send { to, message, .. } = effect {
///             let input = Input::Message { from: members[at], message };
///             inputs.extend([(to.0 as usize, input.clone()), (to.0 as usize, input)]);
///         }
///     }
///     inputs.truncate(1_000);
/// }
/// assert_eq!(nodes[1].process().balance(), 130);
/// # Ok::<(), snapshot::SnapshotError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Fifo<P: Process> {
    process: P,
    effects: Effects<P>,
    life: Life,
    /// By peer.
    sessions: Vec<Session<P::Message>>,
    window: usize,
    unacknowledged_max: usize,
    repeat_ns: u64,
    counts: FifoCounts,
}

impl<P: Process<Message: Clone>> Fifo<P> {
    /// Wraps a process that is new: for one that may have records, see [`Recover`].
    ///
    /// # Errors
    ///
    /// As [`FifoConfig::check`].
    pub fn new<C>(process: P, config: &FifoConfig<C>) -> Result<Self, SnapshotError> {
        Self::begin_life(process, config, Life::first())
    }

    fn begin_life<C, E>(
        process: P,
        config: &FifoConfig<C>,
        life: Life,
    ) -> Result<Self, SnapshotError<E>> {
        config.check()?;
        let peers = sorted(&config.peers);
        Ok(Self {
            process,
            effects: Effects::new(),
            life,
            sessions: peers.into_iter().map(Session::new).collect(),
            window: config.window,
            unacknowledged_max: config.unacknowledged_max,
            repeat_ns: config.repeat_ns,
            counts: FifoCounts::default(),
        })
    }

    /// The process inside.
    #[must_use]
    pub const fn process(&self) -> &P {
        &self.process
    }

    /// The process inside, without its links.
    #[must_use]
    pub fn into_process(self) -> P {
        self.process
    }

    /// Which life of the node this is, counted from 1.
    #[must_use]
    pub const fn incarnation(&self) -> u64 {
        self.life.incarnation
    }

    /// What was dropped and repeated.
    #[must_use]
    pub const fn counts(&self) -> FifoCounts {
        self.counts
    }

    /// How many messages wait for `peer`'s acknowledgement: never more than `unacknowledged_max`.
    #[must_use]
    pub fn unacknowledged_len(&self, peer: NodeId) -> usize {
        let place = self.place(peer);
        let session = place.and_then(|place| self.sessions.get(place));
        session.map_or(0, Session::unacknowledged_len)
    }

    fn place(&self, peer: NodeId) -> Option<usize> {
        let places = self.sessions.binary_search_by_key(&peer, |it| it.peer);
        places.ok()
    }

    fn step_process(&mut self, input: Input<P>, cx: &mut Context<'_, Self>) {
        let mut effects = mem::take(&mut self.effects);
        cx.nested(&mut effects, |cx| self.process.step(input, cx));
        let incarnation = self.life.incarnation;
        let stored = |record| FifoRecord {
            incarnation,
            record: Some(record),
        };
        for effect in effects.drain() {
            match effect {
                Effect::Send { to, message, after } => self.send(to, message, after, cx),
                Effect::Emit { event, after } => {
                    cx.emit_after(FifoEvent::Process(event), after);
                }
                Effect::Persist { token, record } => {
                    let record = stored(record);
                    cx.forward(Effect::Persist { token, record });
                }
                Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                } => {
                    let record = stored(record);
                    cx.forward(Effect::Checkpoint {
                        token,
                        record,
                        keep_from,
                    });
                }
            }
        }
        self.effects = effects;
    }

    /// Rules 2 and 3 of a session, for a message of the process inside.
    fn send(&mut self, to: NodeId, message: P::Message, after: Token, cx: &mut Context<'_, Self>) {
        let Some(place) = self.place(to) else {
            add(&mut self.counts.messages_unroutable);
            return;
        };
        let Some(session) = self.sessions.get_mut(place) else {
            return;
        };
        if session.unacknowledged_len() >= self.unacknowledged_max {
            let messages_dropped = session.end();
            let (peer, end) = (to, SessionEnd::Full);
            cx.emit_early(FifoEvent::SessionEnded {
                peer,
                end,
                messages_dropped,
            });
        }
        if session.is_over() {
            add(&mut self.counts.messages_after_end);
            return;
        }
        session.push(message, after);
        self.pump(place, cx);
    }

    /// Sends what the window has room for.
    fn pump(&mut self, place: usize, cx: &mut Context<'_, Self>) {
        let repeat_at = cx.now().plus_nanos(self.repeat_ns);
        let Some(session) = self.sessions.get_mut(place) else {
            return;
        };
        while let Some((sequence, outgoing)) = session.next_outgoing(self.window) {
            let body = FrameBody::Message {
                session: session.outgoing(),
                sequence,
                message: outgoing.message,
            };
            let (peer, life) = (session.peer, session.peer_incarnation);
            frame(&self.life, peer, life, body, outgoing.after, cx);
        }
        if session.is_waiting() && session.repeat_at.is_none() {
            session.repeat_at = Some(repeat_at);
        }
    }

    fn hear(&mut self, from: NodeId, heard: Frame<P::Message>, cx: &mut Context<'_, Self>) {
        let place = self.place(from);
        let session = place.and_then(|place| self.sessions.get_mut(place));
        let (Some(place), Some(session)) = (place, session) else {
            add(&mut self.counts.frames_refused);
            return;
        };
        let Frame {
            incarnation,
            peer_incarnation,
            body,
        } = heard;
        if !is_number(incarnation) {
            add(&mut self.counts.frames_refused);
            return;
        }
        if incarnation < session.peer_incarnation {
            add(&mut self.counts.frames_stale);
            return;
        }
        if incarnation > session.peer_incarnation {
            if let Some(messages_dropped) = session.meet(incarnation) {
                cx.emit_early(FifoEvent::SessionEnded {
                    peer: from,
                    end: SessionEnd::PeerRestarted,
                    messages_dropped,
                });
            }
            session.repeat_at = None;
        }
        if peer_incarnation != self.life.incarnation {
            // It does not know this life: tell it.
            let body = FrameBody::Hello;
            frame(&self.life, from, incarnation, body, Token::NONE, cx);
            add(&mut self.counts.frames_stale);
            self.pump(place, cx);
            return;
        }
        if !session.is_known {
            session.is_known = true;
            session.repeat_at = None;
        }
        match body {
            FrameBody::Hello => {}
            FrameBody::Acknowledge {
                session: number,
                sequence,
            } => {
                if !session.acknowledge(number, sequence) {
                    add(&mut self.counts.frames_refused);
                }
            }
            FrameBody::Message {
                session: number,
                sequence,
                message,
            } => self.hear_message(place, (number, sequence), message, cx),
        }
        self.pump(place, cx);
    }

    /// Rules 1 and 4 of a session.
    fn hear_message(
        &mut self,
        place: usize,
        number: (u64, u64),
        message: P::Message,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(session) = self.sessions.get_mut(place) else {
            return;
        };
        let from = session.peer;
        let mut next = None;
        match session.arrive(number, message, self.window) {
            Arrival::InOrder(message) => next = Some(message),
            Arrival::Early => add(&mut self.counts.early),
            Arrival::Duplicate => add(&mut self.counts.duplicates),
            Arrival::Stale => {
                // Nobody waits for an acknowledgement of it.
                add(&mut self.counts.frames_stale);
                return;
            }
            Arrival::Refused => add(&mut self.counts.frames_refused),
        }
        while let Some(message) = next {
            self.step_process(Input::Message { from, message }, cx);
            let session = self.sessions.get_mut(place);
            next = session.and_then(Session::next_in_order);
        }
        let Some(session) = self.sessions.get(place) else {
            return;
        };
        let (number, sequence) = session.heard();
        let (peer, life) = (session.peer, session.peer_incarnation);
        let body = FrameBody::Acknowledge {
            session: number,
            sequence,
        };
        frame(&self.life, peer, life, body, Token::NONE, cx);
    }

    /// Rule 2 of a session: sends again what was not acknowledged.
    fn repeat(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        for session in &mut self.sessions {
            if session.repeat_at.is_none_or(|at| at > now) {
                continue;
            }
            session.repeat_at = Some(now.plus_nanos(self.repeat_ns));
            let (peer, life) = (session.peer, session.peer_incarnation);
            if !session.is_known {
                frame(&self.life, peer, life, FrameBody::Hello, Token::NONE, cx);
            }
            let mut place = 0;
            while let Some((sequence, outgoing)) = session.on_its_way(place) {
                place = place.saturating_add(1);
                if outgoing.after > self.life.durable {
                    continue;
                }
                add(&mut self.counts.frames_repeated);
                let body = FrameBody::Message {
                    session: session.outgoing(),
                    sequence,
                    message: outgoing.message,
                };
                frame(&self.life, peer, life, body, outgoing.after, cx);
            }
        }
    }
}

/// Sends a frame, no earlier than this life is durable.
fn frame<P: Process>(
    life: &Life,
    to: NodeId,
    peer_incarnation: u64,
    body: FrameBody<P::Message>,
    after: Token,
    cx: &mut Context<'_, Fifo<P>>,
) where
    P::Message: Clone,
{
    let message = Frame {
        incarnation: life.incarnation,
        peer_incarnation,
        body,
    };
    let after = after.max(life.gate());
    cx.send_after(to, message, after);
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl<P: Process<Message: Clone>> Process for Fifo<P> {
    type Message = Frame<P::Message>;
    type Request = P::Request;
    type Event = FifoEvent<P::Event>;
    type Record = FifoRecord<P::Record>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if self.life.token.is_none() {
            // Before the process inside can persist, so that tokens stay in order.
            self.life.token = Some(cx.persist(FifoRecord {
                incarnation: self.life.incarnation,
                record: None,
            }));
        }
        match input {
            Input::Start => {
                let repeat_at = cx.now().plus_nanos(self.repeat_ns);
                for session in &mut self.sessions {
                    let (peer, life) = (session.peer, session.peer_incarnation);
                    frame(&self.life, peer, life, FrameBody::Hello, Token::NONE, cx);
                    session.repeat_at = Some(repeat_at);
                }
                self.step_process(Input::Start, cx);
            }
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Request(request) => self.step_process(Input::Request(request), cx),
            Input::Durable(token) => {
                self.life.hear_durable(token);
                self.step_process(Input::Durable(token), cx);
            }
            Input::Wake => {
                self.repeat(cx);
                if self.process.deadline().is_some_and(|at| at <= cx.now()) {
                    self.step_process(Input::Wake, cx);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        let own = self.sessions.iter().filter_map(|it| it.repeat_at).min();
        own.into_iter().chain(self.process.deadline()).min()
    }
}

impl<P: Recover<Message: Clone>> Recover for Fifo<P> {
    type Config = FifoConfig<P::Config>;
    type Error = SnapshotError<P::Error>;

    fn recover(
        config: &Self::Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, Self::Error> {
        let life = Life::after(&records, |record| record.incarnation)
            .map_err(|token| SnapshotError::ForeignRecord { token })?;
        let own = |Stored { token, record }: Stored<Self::Record>| {
            record.record.map(|record| Stored { token, record })
        };
        let records = records.into_iter().filter_map(own).collect();
        let process = P::recover(&config.process, records).map_err(SnapshotError::Process)?;
        Self::begin_life(process, config, life)
    }
}

impl<P: Process + fmt::Debug> fmt::Debug for Fifo<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fifo")
            .field("incarnation", &self.life.incarnation)
            .field("counts", &self.counts)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
