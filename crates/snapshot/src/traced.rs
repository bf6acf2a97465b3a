//! The wrapper: any process, with its messages stamped. The rules stand in `tracer.rs`.

use alloc::collections::vec_deque::Drain;
use alloc::vec::Vec;
use core::fmt;

use clocks::VectorClock;
use transport::{Context, Effects, Input, NodeId, Process, Recover, Stored, Time};

use crate::tracer::Tracer;
use crate::{Stamped, StampedRecord, TraceError, TraceEvent, TraceKind};

/// Any process, with its messages stamped by a vector clock.
///
/// To the process inside nothing changes. Between the nodes travel [`Stamped`] messages, and the log
/// holds [`StampedRecord`]s, so all nodes of a system are traced or none is. Requests and events
/// stay as they are.
///
/// Cost of a step: O(members) for a message, and a copy of the clock for each message sent and each
/// record persisted. A copy takes the memory of a stamp that came in, where one is left: a process
/// that sends and persists no more than it receives allocates nothing. One more record every half
/// million steps.
///
/// ```
/// use snapshot::{Traced, TracedConfig};
/// use transport::{Context, Effect, Effects, Input, NodeId, Process, Scripted, Time};
///
/// struct Greeter;
/// impl Process for Greeter {
///     type Message = &'static str;
///     type Request = NodeId;
///     type Event = ();
///     type Record = ();
///     fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
///         if let Input::Request(whom) = input {
///             cx.send(whom, "hello");
///         }
///     }
///     fn deadline(&self) -> Option<Time> {
///         None
///     }
/// }
///
/// let config = TracedConfig::new(NodeId(1), [NodeId(1), NodeId(2)], ());
/// let mut greeter = Traced::new(Greeter, &config)?;
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// for input in [Input::Start, Input::Request(NodeId(2))] {
///     greeter.step(input, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// }
/// let sent = effects.drain().find_map(|effect| match effect {
///     Effect::Send { message, .. } => Some(message),
///     _ => None,
/// });
/// assert_eq!(sent.map(|stamped| stamped.clock.to_string()).as_deref(), Some("[2, 0]"));
/// # Ok::<(), snapshot::TraceError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Traced<P: Process> {
    process: P,
    effects: Effects<P>,
    tracer: Tracer,
}

/// What a tracer must know, and the configuration of the process inside.
///
/// ```
/// use snapshot::TracedConfig;
/// use transport::NodeId;
/// let config = TracedConfig { events_max: 1_000, ..TracedConfig::new(NodeId(1), [NodeId(1)], ()) };
/// assert_eq!(config.members, [NodeId(1)]);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TracedConfig<C> {
    /// The node to trace.
    pub node: NodeId,
    /// Every node that has a slot, in any order. The same on all nodes, and for the life of the
    /// system: the place in the sorted list is the slot.
    pub members: Vec<NodeId>,
    /// How many events [`Traced::drain_events`] may hold: the newest. Default 0: none are kept.
    pub events_max: usize,
    /// The configuration of the process inside.
    pub process: C,
}

impl<C> TracedConfig<C> {
    /// Traces `node` among `members` and keeps no events.
    pub fn new(node: NodeId, members: impl IntoIterator<Item = NodeId>, process: C) -> Self {
        Self {
            node,
            members: members.into_iter().collect(),
            events_max: 0,
            process,
        }
    }
}

impl<P: Process> Traced<P> {
    /// Traces a process that is new: for one that may have records, see [`Recover`].
    ///
    /// # Errors
    ///
    /// [`TraceError::NotAMember`], [`TraceError::Members`].
    pub fn new<C>(process: P, config: &TracedConfig<C>) -> Result<Self, TraceError> {
        Ok(Self {
            process,
            effects: Effects::new(),
            tracer: Tracer::new(config)?,
        })
    }

    /// Takes out the events kept so far, in order.
    pub fn drain_events(&mut self) -> Drain<'_, TraceEvent> {
        self.tracer.trace.drain()
    }

    /// How many events were forgotten because `events_max` newer ones came.
    #[must_use]
    pub const fn events_forgotten(&self) -> u64 {
        self.tracer.trace.forgotten()
    }

    /// The process inside.
    #[must_use]
    pub const fn process(&self) -> &P {
        &self.process
    }

    /// The process inside, without its tracer.
    #[must_use]
    pub fn into_process(self) -> P {
        self.process
    }

    /// The node's clock: that of its last step.
    #[must_use]
    pub const fn clock(&self) -> &VectorClock {
        &self.tracer.clock
    }

    /// The nodes in the order of their slots.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.tracer.members
    }

    /// How many messages were dropped because their stamp cannot be true.
    #[must_use]
    pub const fn stamps_refused(&self) -> u64 {
        self.tracer.stamps_refused
    }

    /// How many steps have no number of their own, because all 2⁴⁸ are used up. They carry the
    /// number of the step before.
    #[must_use]
    pub const fn events_uncounted(&self) -> u64 {
        self.tracer.events_uncounted
    }
}

impl<P: Process> Process for Traced<P> {
    type Message = Stamped<P::Message>;
    type Request = P::Request;
    type Event = P::Event;
    type Record = StampedRecord<P::Record>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let tracer = &mut self.tracer;
        let (input, kind) = match input {
            Input::Message { from, message } => {
                let Stamped { clock, message } = message;
                let Some(kind) = tracer.receive(from, clock) else {
                    return;
                };
                (Input::Message { from, message }, kind)
            }
            Input::Start => (Input::Start, TraceKind::Start),
            Input::Request(request) => (Input::Request(request), TraceKind::Request),
            Input::Durable(token) => (Input::Durable(token), TraceKind::Durable { token }),
            Input::Wake => (Input::Wake, TraceKind::Wake),
        };
        tracer.count(kind);
        tracer.reserve(cx);
        cx.nested(&mut self.effects, |cx| self.process.step(input, cx));
        for effect in self.effects.drain() {
            cx.forward(tracer.stamped::<P>(effect));
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.process.deadline()
    }
}

impl<P: Recover> Recover for Traced<P> {
    type Config = TracedConfig<P::Config>;
    type Error = TraceError<P::Error>;

    fn recover(
        config: &Self::Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, Self::Error> {
        let mut tracer = Tracer::new(config)?;
        tracer.restore(&records)?;
        let own = |Stored { token, record }: Stored<Self::Record>| {
            record.record.map(|record| Stored { token, record })
        };
        let records = records.into_iter().filter_map(own).collect();
        let process = P::recover(&config.process, records).map_err(TraceError::Process)?;
        Ok(Self {
            process,
            effects: Effects::new(),
            tracer,
        })
    }
}

impl<P: Process + fmt::Debug> fmt::Debug for Traced<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("tracer", &self.tracer)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
