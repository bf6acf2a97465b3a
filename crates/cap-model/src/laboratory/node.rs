//! One node: its process, its durable point and the effects that wait for it.

use alloc::vec::Vec;
use core::fmt::Debug;

use transport::{Context, Effect, Effects, Input, NodeId, Process, Time, Token};

use super::tape::Tape;
use super::trace::{Digest, Step, What};

pub(super) struct Node<P: Process> {
    pub(super) process: P,
    pub(super) is_frozen: bool,
    /// What it did; `None` until somebody wants to know.
    pub(super) trace: Option<Vec<Step>>,
    effects: Effects<P>,
    tape: Tape,
    durable: Token,
    /// The newest token whose durability is scheduled.
    syncing: Token,
    /// Effects that wait for a record, in order.
    gated: Vec<(Token, Release<P>)>,
}

/// What leaves a node.
pub(super) enum Release<P: Process> {
    Send { to: NodeId, message: P::Message },
    Emit(P::Event),
}

impl<P: Process> Node<P> {
    pub(super) const fn new(process: P, id: NodeId, seed: u64) -> Self {
        Self {
            process,
            is_frozen: false,
            trace: None,
            effects: Effects::new(),
            tape: Tape::new(seed, id),
            durable: Token::NONE,
            syncing: Token::NONE,
            gated: Vec::new(),
        }
    }

    /// When it wants to be woken; "never" is not a timer, and a frozen node has none.
    pub(super) fn deadline(&self) -> Option<Time> {
        let deadline = self.process.deadline();
        deadline.filter(|&deadline| !self.is_frozen && deadline < Time::MAX)
    }

    /// The token to make durable, when records were persisted since the last call.
    pub(super) fn new_records(&mut self) -> Option<Token> {
        let newest = self.effects.last_token();
        let is_new = newest > self.syncing;
        self.syncing = newest;
        is_new.then_some(newest)
    }
}

impl<P> Node<P>
where
    P: Process<Message: Debug, Request: Debug, Event: Debug>,
{
    /// Steps the process and returns what may leave now, in order.
    pub(super) fn step(&mut self, input: Input<P>, now: Time) -> Vec<Release<P>> {
        let mut digest = self.trace.is_some().then(Digest::new);
        let what = What::of(&input);
        if let Some(digest) = &mut digest {
            digest.add(&input);
        }
        if let Input::Durable(token) = &input {
            self.durable = self.durable.max(*token);
        }
        let mut cx = Context::new(now, now, &mut self.tape, &mut self.effects);
        self.process.step(input, &mut cx);
        for effect in self.effects.drain() {
            let (after, release) = match effect {
                Effect::Send { to, message, after } => (after, Release::Send { to, message }),
                Effect::Emit { event, after } => (after, Release::Emit(event)),
                Effect::Persist { .. } | Effect::Checkpoint { .. } => continue,
            };
            if let Some(digest) = &mut digest {
                match &release {
                    Release::Send { to, message } => digest.add(&(to, message)),
                    Release::Emit(event) => digest.add(event),
                }
            }
            self.gated.push((after, release));
        }
        if let (Some(trace), Some(digest)) = (&mut self.trace, digest) {
            trace.push(Step {
                at: now,
                what,
                digest: digest.value(),
            });
        }
        let durable = self.durable;
        let released = self.gated.extract_if(.., |(after, _)| *after <= durable);
        released.map(|(_, release)| release).collect()
    }
}

impl<P> Clone for Node<P>
where
    P: Process<Message: Clone, Event: Clone> + Clone,
{
    fn clone(&self) -> Self {
        Self {
            process: self.process.clone(),
            is_frozen: self.is_frozen,
            trace: self.trace.clone(),
            effects: self.effects.clone(),
            tape: self.tape,
            durable: self.durable,
            syncing: self.syncing,
            gated: self.gated.clone(),
        }
    }
}

impl<P> Clone for Release<P>
where
    P: Process<Message: Clone, Event: Clone>,
{
    fn clone(&self) -> Self {
        match self {
            Self::Send { to, message } => Self::Send {
                to: *to,
                message: message.clone(),
            },
            Self::Emit(event) => Self::Emit(event.clone()),
        }
    }
}
