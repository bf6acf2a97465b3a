//! The simulated world as data: nodes, the wire between them, and what is counted.

use core::fmt::Debug;
use core::hash::Hash;
use std::collections::VecDeque;

use transport::{Effects, NodeId, Process, Recover, Token};

use crate::clock::Clock;
use crate::disk::Disk;
use crate::network::{Network, Route};
use crate::queue::Queue;
use crate::{Delay, Fault, FaultCounts, Settings, StreamHasher, Tape, Timeline, Violation};

/// A process that can be simulated: it recovers, and what it says can be hashed and shown.
///
/// Implemented by every type that meets the bounds.
pub trait Simulated:
    Recover<
        Message: Clone + Hash + Debug,
        Request: Clone + Hash + Debug,
        Event: Clone + Hash + Debug,
        Record: Clone + Hash + Debug,
    >
{
}

impl<P> Simulated for P where
    P: Recover<
            Message: Clone + Hash + Debug,
            Request: Clone + Hash + Debug,
            Event: Clone + Hash + Debug,
            Record: Clone + Hash + Debug,
        >
{
}

/// What waits in the queue.
#[derive(Debug)]
pub(crate) enum Event<M, Q> {
    Deliver {
        from: u32,
        to: u32,
        message: M,
    },
    Wake {
        node: u32,
    },
    Synced {
        node: u32,
        life: u32,
    },
    Request {
        node: u32,
        life: u32,
        request: Q,
    },
    Timer {
        id: u64,
    },
    EpisodeStart {
        fault: Fault,
    },
    EpisodeEnd {
        fault: Fault,
        node: u32,
        episode: u64,
    },
    Crash {
        node: u32,
        life: u32,
        fault: Fault,
    },
    Restart {
        node: u32,
        life: u32,
    },
    Heal,
}

pub(crate) type EventOf<P> = Event<<P as Process>::Message, <P as Process>::Request>;

/// An effect that waits for its records.
#[derive(Debug)]
pub(crate) struct Gated<M, E> {
    pub(crate) after: Token,
    pub(crate) effect: Released<M, E>,
}

#[derive(Debug)]
pub(crate) enum Released<M, E> {
    Send { to: NodeId, message: M },
    Emit { event: E },
}

pub(crate) type GatedOf<P> = Gated<<P as Process>::Message, <P as Process>::Event>;

/// No wake is outstanding.
pub(crate) const NEVER: u64 = u64::MAX;

pub(crate) struct Node<P: Process> {
    /// `None` while the node is down.
    pub(crate) process: Option<P>,
    pub(crate) effects: Effects<P>,
    pub(crate) disk: Disk<P::Record>,
    pub(crate) clock: Clock,
    /// When its one outstanding wake comes; [`NEVER`] without one.
    pub(crate) wake_at_ns: u64,
    /// Counts crashes: what was meant for an earlier life is dropped.
    pub(crate) life: u32,
    pub(crate) gated: VecDeque<GatedOf<P>>,
    /// Whether a later effect waits for an earlier record.
    pub(crate) gates_disordered: bool,
    /// The episode that pauses it.
    pub(crate) paused_by: Option<u64>,
    pub(crate) held: VecDeque<EventOf<P>>,
    pub(crate) disk_faults: DiskFaults,
}

/// Faults that wait for the node's next sync.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DiskFaults {
    pub(crate) slow_until_ns: u64,
    pub(crate) is_slow_once: bool,
    pub(crate) fails_next: bool,
    /// Crash at the next sync.
    pub(crate) crashes_next: Option<ArmedCrash>,
}

/// When a node crashes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ArmedCrash {
    /// While it writes: it loses some of what was not synced, or nothing.
    Writing,
    /// While it writes: it loses at least the record it was writing.
    Torn,
    /// As soon as it has written, and said what waited for that.
    Written,
}

impl<P: Process> Node<P> {
    fn new(clock: Clock) -> Self {
        Self {
            process: None,
            effects: Effects::new(),
            disk: Disk::new(),
            clock,
            wake_at_ns: NEVER,
            life: 0,
            gated: VecDeque::new(),
            gates_disordered: false,
            paused_by: None,
            held: VecDeque::new(),
            disk_faults: DiskFaults::default(),
        }
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.process.is_some()
    }
}

/// Everything but the nodes: so that a node's effects can be carried out while it is borrowed.
pub(crate) struct Wire<P: Process> {
    pub(crate) now_ns: u64,
    pub(crate) queue: Queue<EventOf<P>>,
    pub(crate) tape: Tape,
    pub(crate) hasher: StreamHasher,
    pub(crate) network: Network,
    pub(crate) sync: Delay,
    pub(crate) slow_sync_ns: u64,
    pub(crate) counts: FaultCounts,
    /// Messages that a process took.
    pub(crate) messages: u64,
    pub(crate) timeline: Timeline,
    pub(crate) is_traced: bool,
    pub(crate) is_healed: bool,
    pub(crate) is_stopped: bool,
    pub(crate) node_count: u32,
    pub(crate) violation: Option<Violation>,
}

/// First word of each entry of the event stream.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Mark {
    Start = 1,
    Message,
    Request,
    Durable,
    Wake,
    Send,
    Emit,
    Persist,
    Checkpoint,
    Lost,
    Crash,
    Restart,
    Heal,
    Timer,
    Episode,
}

impl<P: Simulated> Wire<P> {
    /// Writes one entry of the event stream up to its contents.
    #[inline]
    pub(crate) fn mark(&mut self, mark: Mark, node: u32, other: u32) {
        // Nodes have ten bits, so the three never overlap.
        let word = mark as u64 | (u64::from(node) << 8) | (u64::from(other) << 32);
        self.hasher.word(word);
    }

    /// Hands a released message to the network.
    #[inline]
    pub(crate) fn send(&mut self, from: u32, to: NodeId, message: P::Message) {
        self.mark(Mark::Send, from, to.0);
        message.hash(&mut self.hasher);
        if self.is_traced {
            self.note(format!("n{from} sends to {to}: {message:?}"));
        }
        if to.0 >= self.node_count {
            return;
        }
        let to = to.0;
        let (tape, counts) = (&mut self.tape, &mut self.counts);
        match self
            .network
            .route(self.now_ns, from as usize, to as usize, tape, counts)
        {
            Route::Once(at_ns) => self.queue.push(at_ns, Event::Deliver { from, to, message }),
            Route::Twice(first_ns, second_ns) => {
                let copy = message.clone();
                self.queue
                    .push(first_ns, Event::Deliver { from, to, message });
                let message = copy;
                self.queue
                    .push(second_ns, Event::Deliver { from, to, message });
            }
            Route::Lost(fault) => {
                self.mark(Mark::Lost, from, to);
                if self.is_traced {
                    self.note(format!("that message meets {fault}"));
                }
            }
        }
    }

    /// How long a sync takes that starts now.
    pub(crate) fn sync_delay(&mut self, faults: &mut DiskFaults) -> u64 {
        let mut delay_ns = self.sync.draw(&mut self.tape);
        if faults.is_slow_once || self.now_ns < faults.slow_until_ns {
            faults.is_slow_once = false;
            delay_ns += 1 + self.tape.draw(2 * self.slow_sync_ns);
            self.counts.add(Fault::SlowDisk, 1);
        }
        delay_ns
    }

    pub(crate) fn note(&mut self, text: String) {
        self.timeline.push(self.now_ns, text);
    }

    /// Keeps the first violation.
    pub(crate) fn violate(&mut self, rule: &str, detail: String) {
        if self.violation.is_none() {
            self.note(format!("violation of {rule}: {detail}"));
            self.violation = Some(Violation::new(rule, detail));
        }
    }
}

/// The whole world.
pub(crate) struct World<P: Process> {
    pub(crate) wire: Wire<P>,
    pub(crate) nodes: Vec<Node<P>>,
}

impl<P: Simulated> World<P> {
    pub(crate) fn new(settings: &Settings, mut tape: Tape) -> Self {
        let mut counts = FaultCounts::default();
        let plan = &settings.plan;
        let mut nodes = Vec::with_capacity(settings.nodes as usize);
        for _ in 0..settings.nodes {
            let start_ns = tape.draw(plan.clock_offset_ns + 1);
            let wall_ns = signed(&mut tape, plan.clock_offset_ns);
            let drift_ppm = signed(&mut tape, u64::from(plan.clock_drift_ppm));
            counts.add(Fault::ClockOffset, u64::from(start_ns > 0 || wall_ns != 0));
            counts.add(Fault::ClockDrift, u64::from(drift_ppm != 0));
            nodes.push(Node::new(Clock::new(start_ns, drift_ppm, wall_ns)));
        }
        let wire = Wire {
            now_ns: 0,
            queue: Queue::new(),
            tape,
            hasher: StreamHasher::new(),
            network: Network::new(settings),
            sync: settings.sync,
            slow_sync_ns: plan.slow_sync_ns,
            counts,
            messages: 0,
            timeline: Timeline::new(settings.timeline_max),
            is_traced: settings.is_traced,
            is_healed: false,
            is_stopped: false,
            node_count: settings.nodes,
            violation: None,
        };
        Self { wire, nodes }
    }
}

/// A number from `-most` to `most`, zero for the choice zero.
pub(crate) fn signed(tape: &mut Tape, most: u64) -> i64 {
    debug_assert!(most <= Delay::LONGEST_NS);
    let choice = tape.draw(2 * most + 1);
    let size = choice.div_ceil(2) as i64;
    if choice % 2 == 1 { size } else { -size }
}
