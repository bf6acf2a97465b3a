//! The context of a step: the clocks, the choices and the outbox.

use core::fmt;

use crate::{Choose, Effect, EffectOf, Effects, NodeId, Process, Time, Token};

/// What a process may see of the world and ask of it, during one step.
///
/// *Persist before send* is the default: [`send`](Self::send) and [`emit`](Self::emit) wait until
/// every record persisted so far is durable. There are two doors around it:
/// [`send_early`](Self::send_early) waits for nothing, [`send_after`](Self::send_after) for the
/// records it names.
///
/// ```
/// use transport::{Context, Effect, Effects, Input, NodeId, Process, Scripted, Time, Token};
///
/// struct Voter;
/// impl Process for Voter {
///     type Message = &'static str;
///     type Request = ();
///     type Event = ();
///     type Record = &'static str;
///     fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
///         if let Input::Message { from, .. } = input {
///             cx.persist("voted");
///             cx.send(from, "yes");
///         }
///     }
///     fn deadline(&self) -> Option<Time> {
///         None
///     }
/// }
///
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// let input = Input::Message { from: NodeId(2), message: "vote for me" };
/// Voter.step(input, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// let record = Token::NONE.next();
/// assert!(matches!(effects.as_slice(), [
///     Effect::Persist { token, .. },
///     Effect::Send { after, .. },
/// ] if *token == record && *after == record));
/// ```
pub struct Context<'a, P: Process> {
    now: Time,
    wall: Time,
    choices: &'a mut dyn Choose,
    effects: &'a mut Effects<P>,
}

impl<'a, P: Process> Context<'a, P> {
    /// Made by a world, for one step.
    pub fn new(
        now: Time,
        wall: Time,
        choices: &'a mut dyn Choose,
        effects: &'a mut Effects<P>,
    ) -> Self {
        Self {
            now,
            wall,
            choices,
            effects,
        }
    }

    /// This node's monotonic clock. It never goes back, and it may run fast or slow.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// This node's wall clock. It may jump either way: for showing to people, and for hybrid clocks
    /// that bound it.
    #[must_use]
    pub const fn wall(&self) -> Time {
        self.wall
    }

    /// A number in `0..n`, from the world's choices. Zero is the benign one.
    ///
    /// Choose before sending, in a statement of its own: `cx.send(to, f(cx.choose(n)))` would borrow
    /// the context twice.
    pub fn choose(&mut self, n: u64) -> u64 {
        self.choices.choose(n)
    }

    /// Sends `message` to `to` once every record persisted so far is durable.
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        let after = self.effects.last_token();
        self.effects.push(Effect::Send { to, message, after });
    }

    /// Sends `message` to `to` at once. Only for what a crash may make untrue without harm.
    pub fn send_early(&mut self, to: NodeId, message: P::Message) {
        let after = Token::NONE;
        self.effects.push(Effect::Send { to, message, after });
    }

    /// Sends `message` to `to` once every record up to `after` is durable: for what depends on no
    /// later record. A message like this can overtake one that was sent before it and waits longer.
    pub fn send_after(&mut self, to: NodeId, message: P::Message, after: Token) {
        self.effects.push(Effect::Send { to, message, after });
    }

    /// Tells the local client once every record persisted so far is durable.
    pub fn emit(&mut self, event: P::Event) {
        let after = self.effects.last_token();
        self.effects.push(Effect::Emit { event, after });
    }

    /// Tells the local client at once. Only for what no crash can make untrue: a refusal, say.
    pub fn emit_early(&mut self, event: P::Event) {
        let after = Token::NONE;
        self.effects.push(Effect::Emit { event, after });
    }

    /// Tells the local client once every record up to `after` is durable.
    pub fn emit_after(&mut self, event: P::Event, after: Token) {
        self.effects.push(Effect::Emit { event, after });
    }

    /// Appends `record` to this node's log; [`Input::Durable`](crate::Input::Durable) with the
    /// returned token, or a later one, says when it is safe.
    pub fn persist(&mut self, record: P::Record) -> Token {
        let token = self.effects.last_token().next();
        self.effects.push(Effect::Persist { token, record });
        token
    }

    /// Appends a record that stands for everything before `keep_from`: once it is durable the world
    /// may forget older records.
    pub fn checkpoint(&mut self, record: P::Record, keep_from: Token) -> Token {
        let token = self.effects.last_token().next();
        self.effects.push(Effect::Checkpoint {
            token,
            record,
            keep_from,
        });
        token
    }

    /// The newest token this node has named: what an effect emitted now would wait for. In the step
    /// of [`Input::Start`](crate::Input::Start), before anything is persisted, that is the newest
    /// record the process recovered from, and durable.
    #[must_use]
    pub fn last_token(&self) -> Token {
        self.effects.last_token()
    }

    /// Steps a process inside this one. Its effects gather in `inner`, with the same clocks and
    /// choices, and with tokens that continue this node's; the wrapper drains them and
    /// [`forward`](Self::forward)s what it does not keep for itself.
    ///
    /// The wrapper persists its own records before this call or after it has forwarded the drained
    /// effects, never between: so tokens stay in order.
    pub fn nested<Q: Process>(
        &mut self,
        inner: &mut Effects<Q>,
        step: impl FnOnce(&mut Context<'_, Q>),
    ) {
        inner.advance(self.effects.last_token());
        step(&mut Context {
            now: self.now,
            wall: self.wall,
            choices: &mut *self.choices,
            effects: inner,
        });
    }

    /// Appends an effect with its token and gate as they are.
    pub fn forward(&mut self, effect: EffectOf<P>) {
        self.effects.push(effect);
    }
}

impl<P: Process> fmt::Debug for Context<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("wall", &self.wall)
            .field("last_token", &self.effects.last_token())
            .finish_non_exhaustive()
    }
}
