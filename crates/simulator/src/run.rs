//! A run: start, chaos, heal, progress.
//!
//! 1. Every node is made from no records and takes [`Input::Start`]; then the workload starts.
//! 2. *Chaos* lasts until `chaos_ns`, or until the workload asks for its end. Faults happen only here.
//! 3. *Heal*: links and disks work, what is still on its way arrives soon, paused nodes go on, crashed
//!    nodes restart, clocks keep their drift. From here the workload has `progress_ns` to be done.
//! 4. The first violation ends the run; so does `events_max`, without a verdict.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use transport::{Input, NodeId};

use crate::queue::Queue;
use crate::world::{Event, EventOf, Mark, World};
use crate::{
    Cluster, Observer, Outcome, Settings, Simulated, SimulatorError, Tape, Workload,
    WorkloadContext,
};

/// Runs a simulation.
///
/// `configs[i]` configures `NodeId(i)`. A process that panics violates the rule `panic`; panics of
/// the workload or observer pass through. Memory: the durable records, the messages in flight and
/// the recorded choices; a step allocates nothing but what its process does.
///
/// ```
/// use simulator::{Settings, Tape, run};
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
/// let outcome = run::<Idle, _, _>(&Settings::new(3), &[(), (), ()], &mut (), &mut (), Tape::seeded(1))?;
/// assert!(outcome.holds());
/// assert_eq!(outcome.events, 3); // three starts
/// # Ok::<(), simulator::SimulatorError>(())
/// ```
///
/// # Errors
///
/// Settings that [`Settings::check`] refuses, a wrong number of configurations, or a process that
/// refuses its configuration.
pub fn run<P: Simulated, W: Workload<P>, O: Observer<P>>(
    settings: &Settings,
    configs: &[P::Config],
    workload: &mut W,
    observer: &mut O,
    tape: Tape,
) -> Result<Outcome, SimulatorError> {
    settings.check()?;
    if configs.len() != settings.nodes as usize {
        return Err(SimulatorError::ConfigCount {
            nodes: settings.nodes,
            configs: configs.len(),
        });
    }
    let mut run = Run {
        settings,
        configs,
        workload,
        observer,
        world: World::new(settings, tape),
        events: 0,
        is_stepping: false,
        reached_chaos_end: false,
        unknown: None,
        emitted: Vec::new(),
        episodes: 0,
    };
    for (index, config) in configs.iter().enumerate() {
        let process = P::recover(config, Vec::new());
        let process = process.map_err(|error| SimulatorError::ConfigRefused {
            node: NodeId(index as u32),
            reason: error.to_string(),
        })?;
        run.world.nodes[index].process = Some(process);
    }
    let driven = catch_unwind(AssertUnwindSafe(|| run.drive()));
    if let Err(panic) = driven {
        if !run.is_stepping {
            resume_unwind(panic);
        }
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let detail = text.unwrap_or_else(|| "without a message".to_owned());
        run.world.wire.violate("panic", detail);
    }
    Ok(run.finish())
}

/// A run under way.
pub(crate) struct Run<'a, P: Simulated, W, O> {
    pub(crate) settings: &'a Settings,
    pub(crate) configs: &'a [P::Config],
    pub(crate) workload: &'a mut W,
    pub(crate) observer: &'a mut O,
    pub(crate) world: World<P>,
    pub(crate) events: u64,
    /// Whether the process itself is running now, so that a panic is its own.
    pub(crate) is_stepping: bool,
    pub(crate) reached_chaos_end: bool,
    pub(crate) unknown: Option<String>,
    /// Events of a step on their way to the workload; empty between steps.
    pub(crate) emitted: Vec<P::Event>,
    /// How many episodes there were.
    pub(crate) episodes: u64,
}

impl<P: Simulated, W: Workload<P>, O: Observer<P>> Run<'_, P, W, O> {
    fn drive(&mut self) {
        for node in 0..self.settings.nodes {
            self.step(node, Input::Start);
        }
        let world = &mut self.world;
        self.workload.start(&mut WorkloadContext { world });
        self.plan_episodes();
        self.world
            .wire
            .queue
            .push(self.settings.chaos_ns, Event::Heal);
        self.turn();
        let world = &self.world;
        if world.wire.violation.is_none() && self.unknown.is_none() {
            let configs = self.configs;
            if let Err(violation) = self.observer.at_end(&Cluster { world, configs }) {
                self.world.wire.violate(&violation.rule, violation.detail);
            }
        }
    }

    /// Takes events until the run ends.
    fn turn(&mut self) {
        let mut turns = 0_u64;
        let mut deadline_ns = u64::MAX;
        while self.world.wire.violation.is_none() && !self.world.wire.is_stopped {
            if self.world.wire.is_healed {
                if self.workload.is_done() {
                    return;
                }
                if deadline_ns == u64::MAX {
                    let now_ns = self.world.wire.now_ns;
                    deadline_ns = now_ns.saturating_add(self.settings.progress_ns);
                }
            }
            let Some((time_ns, event)) = self.world.wire.queue.pop() else {
                let detail = "nothing is left to happen, and the workload is not done";
                self.world.wire.violate("progress", detail.to_owned());
                return;
            };
            if time_ns > deadline_ns {
                let detail = format!(
                    "the workload is not done {} ns after the last fault",
                    self.settings.progress_ns
                );
                self.world.wire.violate("progress", detail);
                return;
            }
            if turns == self.settings.events_max {
                let reason = format!("gave up after {turns} events, at {time_ns} ns");
                self.unknown = Some(reason);
                return;
            }
            turns += 1;
            self.world.wire.now_ns = time_ns;
            self.handle(event);
        }
    }

    #[inline]
    fn handle(&mut self, event: EventOf<P>) {
        match event {
            Event::Deliver { from, to, message } => self.deliver(from, to, message),
            Event::Wake { node } => self.wake(node),
            Event::Synced { node, life } => self.synced(node, life),
            Event::Request {
                node,
                life,
                request,
            } => self.ask(node, life, request),
            Event::Timer { id } => {
                self.world.wire.mark(Mark::Timer, 0, 0);
                let world = &mut self.world;
                self.workload.on_timer(id, &mut WorkloadContext { world });
            }
            Event::EpisodeStart { fault } => self.start_episode(fault),
            Event::EpisodeEnd {
                fault,
                node,
                episode,
            } => self.end_episode(fault, node, episode),
            Event::Crash { node, life, fault } => self.crash_in_sync(node, life, fault),
            Event::Restart { node, life } => self.restart(node, life),
            Event::Heal => self.heal(),
        }
    }

    fn heal(&mut self) {
        let wire = &mut self.world.wire;
        if wire.is_healed {
            return;
        }
        wire.is_healed = true;
        self.reached_chaos_end = wire.now_ns >= self.settings.chaos_ns;
        wire.mark(Mark::Heal, 0, 0);
        if !self.settings.plan.enabled().is_empty() {
            wire.note("every fault ends".to_owned());
        }
        let latest_ns = self.hurry_messages();
        let wire = &mut self.world.wire;
        wire.network.heal(self.settings, latest_ns);
        for node in 0..self.settings.nodes {
            self.recover_from_faults(node);
        }
        let world = &mut self.world;
        self.workload.on_heal(&mut WorkloadContext { world });
    }

    /// What a fault delayed arrives as soon as the healthy network would bring it at the latest:
    /// else a link that keeps order would stay blocked behind it. The order stays. Returns that
    /// latest time.
    fn hurry_messages(&mut self) -> u64 {
        let wire = &mut self.world.wire;
        let latest_ns = wire.now_ns.saturating_add(self.settings.delay.max_ns());
        let mut waiting = core::mem::replace(&mut wire.queue, Queue::new());
        while let Some((time_ns, event)) = waiting.pop() {
            let time_ns = match event {
                Event::Deliver { .. } => time_ns.min(latest_ns),
                _ => time_ns,
            };
            wire.queue.push(time_ns, event);
        }
        latest_ns
    }

    fn finish(self) -> Outcome {
        use core::hash::Hasher;

        let wire = self.world.wire;
        let mut silent_faults = Vec::new();
        if self.reached_chaos_end && wire.violation.is_none() {
            silent_faults = wire.counts.silent(self.settings.plan.enabled());
        }
        Outcome {
            choices: wire.tape.into_choices(),
            events: self.events,
            messages: wire.messages,
            virtual_ns: wire.now_ns,
            faults: wire.counts,
            silent_faults,
            hash: wire.hasher.finish(),
            violation: wire.violation,
            unknown: self.unknown,
            timeline: wire.timeline,
        }
    }
}
