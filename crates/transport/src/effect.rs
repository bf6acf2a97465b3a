//! Effects: what a step asks its world to do, in the order it asked.

use alloc::vec::{self, Vec};

use crate::{NodeId, Process, Token};

/// One thing a step asks of the world.
///
/// `after` is the durability gate: the world may release the effect only when every record up to
/// that token is durable. [`Token::NONE`] means at once.
///
/// ```
/// use transport::{Effect, NodeId, Token};
/// let effect: Effect<u8, (), ()> = Effect::Send { to: NodeId(1), message: 7, after: Token::NONE };
/// let mapped = effect.map(|byte| u32::from(byte), |event| event, |record| record);
/// assert!(matches!(mapped, Effect::Send { message: 7_u32, .. }));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Effect<M, E, R> {
    /// Hand `message` to the network.
    Send {
        /// The receiver.
        to: NodeId,
        /// What it is told.
        message: M,
        /// The record that must be durable first.
        after: Token,
    },
    /// Tell the local client.
    Emit {
        /// What it is told.
        event: E,
        /// The record that must be durable first.
        after: Token,
    },
    /// Append a record to the node's log.
    Persist {
        /// The record's name, answered later by [`Input::Durable`](crate::Input::Durable).
        token: Token,
        /// The record.
        record: R,
    },
    /// Append a record that replaces all records before `keep_from`, once it is durable.
    Checkpoint {
        /// The record's name.
        token: Token,
        /// The record.
        record: R,
        /// The first older record that is still needed.
        keep_from: Token,
    },
}

/// The effects of the process `P`.
pub type EffectOf<P> =
    Effect<<P as Process>::Message, <P as Process>::Event, <P as Process>::Record>;

impl<M, E, R> Effect<M, E, R> {
    /// Rewraps what the effect carries; targets, tokens and gates stay. How a wrapper lifts the
    /// effects of the process inside it.
    pub fn map<M2, E2, R2>(
        self,
        message_map: impl FnOnce(M) -> M2,
        event_map: impl FnOnce(E) -> E2,
        record_map: impl FnOnce(R) -> R2,
    ) -> Effect<M2, E2, R2> {
        match self {
            Self::Send { to, message, after } => Effect::Send {
                to,
                message: message_map(message),
                after,
            },
            Self::Emit { event, after } => Effect::Emit {
                event: event_map(event),
                after,
            },
            Self::Persist { token, record } => Effect::Persist {
                token,
                record: record_map(record),
            },
            Self::Checkpoint {
                token,
                record,
                keep_from,
            } => Effect::Checkpoint {
                token,
                record: record_map(record),
                keep_from,
            },
        }
    }
}

/// The outbox of a step: owned by the caller, drained after the step and used again, so that a
/// steady state allocates nothing.
///
/// It also holds the node's last token, so one `Effects` belongs to one node.
///
/// ```
/// # use transport::{Context, Effect, Effects, Input, NodeId, Process, Scripted, Time};
/// # struct Echo;
/// # impl Process for Echo {
/// #     type Message = u8; type Request = (); type Event = (); type Record = ();
/// #     fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
/// #         if let Input::Message { from, message } = input { cx.send(from, message); }
/// #     }
/// #     fn deadline(&self) -> Option<Time> { None }
/// # }
/// let mut effects = Effects::<Echo>::new();
/// let mut choices = Scripted::default();
/// let input = Input::Message { from: NodeId(1), message: 7 };
/// Echo.step(input, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// for effect in effects.drain() {
///     assert!(matches!(effect, Effect::Send { to: NodeId(1), message: 7, .. }));
/// }
/// assert!(effects.is_empty());
/// ```
pub struct Effects<P: Process> {
    list: Vec<EffectOf<P>>,
    last_token: Token,
}

impl<P: Process> Effects<P> {
    /// An empty outbox of a node without records.
    #[must_use]
    pub const fn new() -> Self {
        Self::resume(Token::NONE)
    }

    /// An empty outbox of a node that recovered, with the token of the newest record that survived:
    /// it is durable, so an effect gated on it leaves at once. A token whose record a crash took is
    /// named again.
    #[must_use]
    pub const fn resume(last_token: Token) -> Self {
        Self {
            list: Vec::new(),
            last_token,
        }
    }

    /// Takes the effects out, in order; the memory stays.
    pub fn drain(&mut self) -> vec::Drain<'_, EffectOf<P>> {
        self.list.drain(..)
    }

    /// Appends an effect as it is. The newest token follows its record.
    pub fn push(&mut self, effect: EffectOf<P>) {
        if let Effect::Persist { token, .. } | Effect::Checkpoint { token, .. } = &effect {
            self.last_token = self.last_token.max(*token);
        }
        self.list.push(effect);
    }

    /// Makes `last_token` the newest token, if it is newer. How a wrapper keeps the tokens of the
    /// process inside it in step with its own.
    pub fn advance(&mut self, last_token: Token) {
        self.last_token = self.last_token.max(last_token);
    }

    /// The newest token named.
    #[must_use]
    pub const fn last_token(&self) -> Token {
        self.last_token
    }

    /// The effects so far, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[EffectOf<P>] {
        &self.list
    }

    /// How many effects wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<P: Process> Default for Effects<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Process> core::fmt::Debug for Effects<P>
where
    P::Message: core::fmt::Debug,
    P::Event: core::fmt::Debug,
    P::Record: core::fmt::Debug,
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Effects")
            .field("list", &self.list)
            .field("last_token", &self.last_token)
            .finish()
    }
}

// A wrapper that is cloned, hashed or compared holds its inner outbox, which is empty between
// steps: only the newest token tells two of them apart.
impl<P: Process> Clone for Effects<P> {
    fn clone(&self) -> Self {
        Self::resume(self.last_token)
    }
}

impl<P: Process> PartialEq for Effects<P> {
    fn eq(&self, other: &Self) -> bool {
        self.last_token == other.last_token
    }
}

impl<P: Process> Eq for Effects<P> {}

impl<P: Process> core::hash::Hash for Effects<P> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.last_token.hash(state);
    }
}
