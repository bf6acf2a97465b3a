//! The workload: the clients of the simulated nodes.

use core::fmt;
use core::time::Duration;

use transport::{Choose, NodeId, Process, Time};

use crate::world::{Event, World};
use crate::{Simulated, Violation};

/// The clients: they ask, they hear answers, and they say when they are done.
///
/// `()` asks nothing and is done at once.
///
/// ```
/// use std::time::Duration;
/// use simulator::{Simulated, Workload, WorkloadContext};
/// use transport::{NodeId, Process};
///
/// /// Asks a random node for the time of day, until it has been told a hundred times.
/// #[derive(Default)]
/// struct Curious {
///     answers: u32,
/// }
///
/// impl<P: Simulated + Process<Request = ()>> Workload<P> for Curious {
///     fn start(&mut self, cx: &mut WorkloadContext<'_, P>) {
///         cx.set_timer(Duration::from_millis(10), 0);
///     }
///
///     fn on_timer(&mut self, _: u64, cx: &mut WorkloadContext<'_, P>) {
///         let nodes = cx.nodes().count() as u64;
///         let node = NodeId(cx.choose(nodes) as u32);
///         cx.request(node, ()); // `false` when the node is down: try again later
///         cx.set_timer(Duration::from_millis(10), 0);
///     }
///
///     fn on_event(&mut self, _: NodeId, _: P::Event, _: &mut WorkloadContext<'_, P>) {
///         self.answers += 1;
///     }
///
///     fn is_done(&self) -> bool {
///         self.answers >= 100
///     }
/// }
/// ```
pub trait Workload<P: Simulated> {
    /// Every node has started.
    fn start(&mut self, cx: &mut WorkloadContext<'_, P>);

    /// A node tells its local client something.
    fn on_event(&mut self, node: NodeId, event: P::Event, cx: &mut WorkloadContext<'_, P>);

    /// A timer set with [`WorkloadContext::set_timer`] is due.
    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, P>) {
        let _ = (timer, cx);
    }

    /// A node crashed: requests it held get no answer.
    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, P>) {
        let _ = (node, cx);
    }

    /// A node is back.
    fn on_restart(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, P>) {
        let _ = (node, cx);
    }

    /// The chaos phase is over: every node is up and every link works.
    fn on_heal(&mut self, cx: &mut WorkloadContext<'_, P>) {
        let _ = cx;
    }

    /// Whether everything asked was answered. Asked after each event of the healed phase, which
    /// ends when it is true; if that takes too long the rule `progress` is violated.
    fn is_done(&self) -> bool;
}

impl<P: Simulated> Workload<P> for () {
    fn start(&mut self, _: &mut WorkloadContext<'_, P>) {}

    fn on_event(&mut self, _: NodeId, _: P::Event, _: &mut WorkloadContext<'_, P>) {}

    fn is_done(&self) -> bool {
        true
    }
}

/// What a [`Workload`] may see and do.
pub struct WorkloadContext<'a, P: Process> {
    pub(crate) world: &'a mut World<P>,
}

impl<P: Simulated> WorkloadContext<'_, P> {
    /// Virtual time: the clients have a perfect clock, as a history of operations needs one.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_nanos(self.world.wire.now_ns)
    }

    /// A number in `0..n` from the run's tape; zero is the benign one.
    pub fn choose(&mut self, n: u64) -> u64 {
        self.world.wire.tape.draw(n)
    }

    /// Asks a node, which hears of it at once, or after its pause. `false` when the node is down:
    /// then it never hears of it. When it crashes first, [`Workload::on_crash`] says so.
    pub fn request(&mut self, node: NodeId, request: P::Request) -> bool {
        let Some(state) = self.world.nodes.get(node.0 as usize) else {
            return false;
        };
        if !state.is_up() {
            return false;
        }
        let (node, life) = (node.0, state.life);
        let wire = &mut self.world.wire;
        let event = Event::Request {
            node,
            life,
            request,
        };
        wire.queue.push(wire.now_ns, event);
        true
    }

    /// Asks for [`Workload::on_timer`] with `timer` after `delay`.
    pub fn set_timer(&mut self, delay: Duration, timer: u64) {
        let wire = &mut self.world.wire;
        let at = Time::from_nanos(wire.now_ns) + delay;
        wire.queue.push(at.as_nanos(), Event::Timer { id: timer });
    }

    /// Whether a node is up; a paused node is.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        let state = self.world.nodes.get(node.0 as usize);
        state.is_some_and(crate::world::Node::is_up)
    }

    /// The names of all nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.world.wire.node_count).map(NodeId)
    }

    /// Whether the chaos phase is over.
    #[must_use]
    pub fn is_healed(&self) -> bool {
        self.world.wire.is_healed
    }

    /// Ends the chaos phase now: nothing is left that faults could disturb.
    pub fn heal(&mut self) {
        let wire = &mut self.world.wire;
        if !wire.is_healed {
            wire.queue.push(wire.now_ns, Event::Heal);
        }
    }

    /// Cuts directed links, from and to, until the heal: what is on its way there is lost too, and counted as
    /// [`Fault::Partial`](crate::Fault::Partial). For a state of the links that a test fixes, where the
    /// plan's episodes draw theirs. `false`, and nothing is cut, after the heal (faults happen only
    /// before it, so give the run a chaos phase), or if a node is none of the cluster.
    ///
    /// ```
    /// # use simulator::*;
    /// # use transport::*;
    /// # struct Idle;
    /// # impl Process for Idle {
    /// #     type Message = (); type Request = (); type Event = (); type Record = ();
    /// #     fn step(&mut self, _: Input<Self>, _: &mut Context<'_, Self>) {}
    /// #     fn deadline(&self) -> Option<Time> { None }
    /// # }
    /// # impl Recover for Idle {
    /// #     type Config = (); type Error = std::convert::Infallible;
    /// #     fn recover(_: &(), _: Vec<Stored<()>>) -> Result<Self, Self::Error> { Ok(Idle) }
    /// # }
    /// /// The second node hears the first, and is not heard.
    /// struct Mute;
    ///
    /// impl<P: Simulated> Workload<P> for Mute {
    ///     fn start(&mut self, cx: &mut WorkloadContext<'_, P>) {
    ///         assert!(cx.cut([(NodeId(1), NodeId(0))]));
    ///         assert!(!cx.cut([(NodeId(1), NodeId(2))]));
    ///     }
    ///     # fn on_event(&mut self, _: NodeId, _: P::Event, _: &mut WorkloadContext<'_, P>) {}
    ///     # fn is_done(&self) -> bool { true }
    /// }
    /// # let settings = Settings { chaos_ns: 1, ..Settings::new(2) };
    /// # run::<Idle, _, _>(&settings, &[(), ()], &mut Mute, &mut (), Tape::seeded(1)).unwrap();
    /// ```
    pub fn cut(&mut self, links: impl IntoIterator<Item = (NodeId, NodeId)>) -> bool {
        let wire = &mut self.world.wire;
        let links: Vec<(NodeId, NodeId)> = links.into_iter().collect();
        let is_here = |node: NodeId| node.0 < wire.node_count;
        if wire.is_healed || !links.iter().all(|&(from, to)| is_here(from) && is_here(to)) {
            return false;
        }
        for &(from, to) in &links {
            wire.network.cut(from.0 as usize, to.0 as usize);
        }
        let links = links.iter().map(|(from, to)| format!("{from} to {to}"));
        let links: Vec<String> = links.collect();
        wire.note(format!("the workload cuts {}", links.join(", ")));
        true
    }

    /// Ends the run now, without asking for progress.
    pub fn stop(&mut self) {
        self.world.wire.is_stopped = true;
    }

    /// Reports a rule that did not hold for a client, and ends the run.
    pub fn violate(&mut self, violation: Violation) {
        self.world.wire.violate(&violation.rule, violation.detail);
    }

    /// Adds a line to the timeline.
    pub fn note(&mut self, text: impl Into<String>) {
        self.world.wire.note(text.into());
    }
}

impl<P: Simulated> Choose for WorkloadContext<'_, P> {
    fn choose(&mut self, n: u64) -> u64 {
        self.world.wire.tape.draw(n)
    }
}

impl<P: Process> fmt::Debug for WorkloadContext<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadContext")
            .field("now_ns", &self.world.wire.now_ns)
            .finish_non_exhaustive()
    }
}
