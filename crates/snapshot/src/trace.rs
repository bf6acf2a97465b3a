//! The list of what one node did, bounded.

use alloc::collections::VecDeque;
use alloc::collections::vec_deque::Drain;

use clocks::VectorClock;
use transport::{NodeId, Token};

/// One step of one node.
///
/// The steps of all nodes, put together, are the history of a run: `a.clock < b.clock` exactly if
/// `a` can have influenced `b`.
///
/// ```
/// use clocks::VectorClock;
/// use snapshot::{TraceEvent, TraceKind};
/// use transport::NodeId;
/// let clock = VectorClock::from_counters(&[1, 0])?;
/// let event = TraceEvent { node: NodeId(1), clock, kind: TraceKind::Start };
/// assert_eq!(event.to_string(), "n1 [1, 0] start");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct TraceEvent {
    /// Who took the step.
    pub node: NodeId,
    /// The node's clock after it: also the stamp of all that was sent in it.
    pub clock: VectorClock,
    /// What it was about.
    pub kind: TraceKind,
}

/// What a step was about: its input, without what that carried.
///
/// ```
/// use snapshot::TraceKind;
/// use transport::NodeId;
/// let kind = TraceKind::Receive { from: NodeId(2), number: 7 };
/// assert_eq!(kind.to_string(), "receive n2#7");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[non_exhaustive]
pub enum TraceKind {
    /// The process began.
    Start,
    /// A message arrived.
    Receive {
        /// Who sent it.
        from: NodeId,
        /// The number of the sender's step that sent it; 0 if the sender has no slot.
        number: u64,
    },
    /// The local client asked something.
    Request,
    /// Records became durable.
    Durable {
        /// Up to this one.
        token: Token,
    },
    /// The deadline was reached.
    Wake,
}

impl core::fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {} {}", self.node, self.clock, self.kind)
    }
}

impl core::fmt::Display for TraceKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Receive { from, number } => write!(f, "receive {from}#{number}"),
            Self::Request => f.write_str("request"),
            Self::Durable { token } => write!(f, "durable {token}"),
            Self::Wake => f.write_str("wake"),
        }
    }
}

/// The newest events of a node, at most `events_max`; older ones are counted and forgotten.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Trace {
    events: VecDeque<TraceEvent>,
    events_max: usize,
    forgotten: u64,
}

impl Trace {
    pub(crate) const fn new(events_max: usize) -> Self {
        Self {
            events: VecDeque::new(),
            events_max,
            forgotten: 0,
        }
    }

    pub(crate) fn record(&mut self, node: NodeId, clock: &VectorClock, kind: TraceKind) {
        if self.events_max == 0 {
            return;
        }
        let full = self.events.len() >= self.events_max;
        // The memory of the oldest event serves the newest.
        let event = match if full { self.events.pop_front() } else { None } {
            Some(mut oldest) => {
                self.forgotten = self.forgotten.saturating_add(1);
                oldest.clock.clone_from(clock);
                TraceEvent {
                    node,
                    kind,
                    ..oldest
                }
            }
            None => TraceEvent {
                node,
                clock: clock.clone(),
                kind,
            },
        };
        self.events.push_back(event);
    }

    pub(crate) fn drain(&mut self) -> Drain<'_, TraceEvent> {
        self.events.drain(..)
    }

    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
