//! Steps: a node takes an input, and its effects are carried out.
//!
//! 1. Effects are carried out in the order the step wrote them.
//! 2. An effect whose records are durable leaves at once; another waits, and leaves when a sync has
//!    made them so. Effects with the same gate keep their order.
//! 3. After the step there is a sync under way if any record is buffered, and a wake on its way if
//!    the process has a deadline.
//! 4. What reaches a paused node waits; what reaches a node that is down is gone.
//! 5. A node for whose disk too many effects wait gets no messages: they are lost, so that what waits
//!    stays bounded whatever its peers send.

use core::hash::Hash;

use transport::{Context, Effect, Input, NodeId, Token};

use crate::world::{ArmedCrash, Event, EventOf, Gated, GatedOf, Mark, NEVER, Node, Released, Wire};
use crate::{Cluster, Fault, Observer, Simulated, Workload, WorkloadContext, run::Run};

impl<P: Simulated, W: Workload<P>, O: Observer<P>> Run<'_, P, W, O> {
    #[inline]
    pub(crate) fn deliver(&mut self, from: u32, to: u32, message: P::Message) {
        let wire = &mut self.world.wire;
        if let Some(fault) = wire.network.blocked_by(from as usize, to as usize) {
            wire.counts.add(fault, 1);
            wire.mark(Mark::Lost, from, to);
            return;
        }
        if self.world.nodes[to as usize].gated.len() >= self.settings.gated_max {
            wire.mark(Mark::Lost, from, to);
            return;
        }
        if self.world.nodes[to as usize].paused_by.is_some() {
            self.hold(to, Event::Deliver { from, to, message });
            return;
        }
        let from = NodeId(from);
        self.step(to, Input::Message { from, message });
    }

    pub(crate) fn ask(&mut self, node: u32, life: u32, request: P::Request) {
        let state = &self.world.nodes[node as usize];
        if state.life != life {
            return;
        }
        if state.paused_by.is_some() {
            let event = Event::Request {
                node,
                life,
                request,
            };
            self.hold(node, event);
            return;
        }
        self.step(node, Input::Request(request));
    }

    /// A wake is due, unless the process has put its deadline off since.
    #[inline]
    pub(crate) fn wake(&mut self, node: u32) {
        let now_ns = self.world.wire.now_ns;
        let state = &mut self.world.nodes[node as usize];
        if state.wake_at_ns != now_ns || state.paused_by.is_some() {
            return;
        }
        state.wake_at_ns = NEVER;
        let deadline = state
            .process
            .as_ref()
            .and_then(|process| process.deadline());
        if deadline.is_some_and(|deadline| state.clock.monotonic(now_ns) >= deadline) {
            self.step(node, Input::Wake);
        } else {
            arm(state, &mut self.world.wire, node);
        }
    }

    /// A sync has ended: first what waited for it leaves, then the process hears of it.
    pub(crate) fn synced(&mut self, node: u32, life: u32) {
        let state = &mut self.world.nodes[node as usize];
        if state.life != life {
            return;
        }
        if state.paused_by.is_some() {
            self.hold(node, Event::Synced { node, life });
            return;
        }
        if state.disk_faults.fails_next {
            self.fail_disk(node);
            return;
        }
        let durable_to = state.disk.finish_sync();
        release(
            state,
            &mut self.world.wire,
            node,
            durable_to,
            &mut self.emitted,
        );
        self.hand_out_events(node);
        if self.world.wire.violation.is_none() {
            self.step(node, Input::Durable(durable_to));
        }
    }

    /// Gives a node that was paused all that waited.
    pub(crate) fn resume(&mut self, node: u32) {
        let state = &mut self.world.nodes[node as usize];
        state.paused_by = None;
        let held = core::mem::take(&mut state.held);
        for event in held {
            match event {
                Event::Deliver { from, message, .. } => {
                    let from = NodeId(from);
                    self.step(node, Input::Message { from, message });
                }
                Event::Request { life, request, .. } => self.ask(node, life, request),
                Event::Synced { life, .. } => self.synced(node, life),
                _ => {}
            }
        }
        let state = &mut self.world.nodes[node as usize];
        state.wake_at_ns = NEVER;
        arm(state, &mut self.world.wire, node);
    }

    #[inline]
    pub(crate) fn step(&mut self, node: u32, input: Input<P>) {
        let state = &mut self.world.nodes[node as usize];
        let wire = &mut self.world.wire;
        let Some(process) = &mut state.process else {
            return;
        };
        self.events += 1;
        witness(wire, node, &input);
        let now = state.clock.monotonic(wire.now_ns);
        let wall = state.clock.wall(wire.now_ns);
        self.is_stepping = true;
        let mut context = Context::new(now, wall, &mut wire.tape, &mut state.effects);
        process.step(input, &mut context);
        self.is_stepping = false;
        carry_out(state, wire, node, &mut self.emitted);
        arm(state, wire, node);
        self.hand_out_events(node);
        let (world, configs) = (&self.world, self.configs);
        let cluster = Cluster { world, configs };
        if let Err(violation) = self.observer.after_step(NodeId(node), &cluster) {
            self.world.wire.violate(&violation.rule, violation.detail);
        }
    }

    #[inline]
    fn hand_out_events(&mut self, node: u32) {
        if self.emitted.is_empty() {
            return;
        }
        let mut emitted = core::mem::take(&mut self.emitted);
        for event in emitted.drain(..) {
            let world = &mut self.world;
            let mut cx = WorkloadContext { world };
            self.workload.on_event(NodeId(node), event, &mut cx);
        }
        self.emitted = emitted;
    }

    fn hold(&mut self, node: u32, event: EventOf<P>) {
        self.world.nodes[node as usize].held.push_back(event);
    }
}

/// Writes an input into the event stream.
#[inline]
fn witness<P: Simulated>(wire: &mut Wire<P>, node: u32, input: &Input<P>) {
    wire.hasher.word(wire.now_ns);
    match input {
        Input::Start => wire.mark(Mark::Start, node, 0),
        Input::Message { from, message } => {
            wire.messages += 1;
            wire.mark(Mark::Message, node, from.0);
            message.hash(&mut wire.hasher);
        }
        Input::Request(request) => {
            wire.mark(Mark::Request, node, 0);
            request.hash(&mut wire.hasher);
        }
        Input::Durable(token) => {
            wire.mark(Mark::Durable, node, 0);
            wire.hasher.word(token.0);
        }
        Input::Wake => wire.mark(Mark::Wake, node, 0),
    }
    if wire.is_traced {
        wire.note(format!("n{node} takes {input:?}"));
    }
}

#[inline]
fn carry_out<P: Simulated>(
    state: &mut Node<P>,
    wire: &mut Wire<P>,
    node: u32,
    emitted: &mut Vec<P::Event>,
) {
    let durable_to = state.disk.durable_to();
    for effect in state.effects.drain() {
        match effect {
            Effect::Send { to, message, after } if after <= durable_to => {
                audit(&state.disk, wire, node, after);
                wire.send(node, to, message);
            }
            Effect::Emit { event, after } if after <= durable_to => {
                audit(&state.disk, wire, node, after);
                emit(wire, node, event, emitted);
            }
            Effect::Send { to, message, after } => {
                let effect = Released::Send { to, message };
                gate(&mut state.gated, &mut state.gates_disordered, after, effect);
            }
            Effect::Emit { event, after } => {
                let effect = Released::Emit { event };
                gate(&mut state.gated, &mut state.gates_disordered, after, effect);
            }
            Effect::Persist { token, record } => {
                wire.mark(Mark::Persist, node, 0);
                wire.hasher.word(token.0);
                record.hash(&mut wire.hasher);
                if !state.disk.append(token, record, None) {
                    wire.violate("contract", format!("n{node} names a record {token} again"));
                }
            }
            Effect::Checkpoint {
                token,
                record,
                keep_from,
            } => {
                wire.mark(Mark::Checkpoint, node, 0);
                wire.hasher.word(token.0);
                wire.hasher.word(keep_from.0);
                record.hash(&mut wire.hasher);
                if !state.disk.append(token, record, Some(keep_from)) {
                    wire.violate("contract", format!("n{node} names a record {token} again"));
                }
            }
        }
    }
    start_sync(state, wire, node);
}

fn gate<M, E>(
    gated: &mut std::collections::VecDeque<Gated<M, E>>,
    disordered: &mut bool,
    after: Token,
    effect: Released<M, E>,
) {
    *disordered |= gated.back().is_some_and(|last| after < last.after);
    gated.push_back(Gated { after, effect });
}

/// Lets the effects leave whose records are durable.
fn release<P: Simulated>(
    state: &mut Node<P>,
    wire: &mut Wire<P>,
    node: u32,
    durable_to: Token,
    emitted: &mut Vec<P::Event>,
) {
    let mut let_go = |gated: GatedOf<P>| {
        audit(&state.disk, wire, node, gated.after);
        match gated.effect {
            Released::Send { to, message } => wire.send(node, to, message),
            Released::Emit { event } => emit(wire, node, event, emitted),
        }
    };
    if !state.gates_disordered {
        while state
            .gated
            .front()
            .is_some_and(|next| next.after <= durable_to)
        {
            state.gated.pop_front().into_iter().for_each(&mut let_go);
        }
        return;
    }
    for _ in 0..state.gated.len() {
        match state.gated.pop_front() {
            Some(gated) if gated.after <= durable_to => let_go(gated),
            Some(gated) => state.gated.push_back(gated),
            None => {}
        }
    }
    state.gates_disordered = !state.gated.is_empty();
}

#[inline]
fn emit<P: Simulated>(wire: &mut Wire<P>, node: u32, event: P::Event, emitted: &mut Vec<P::Event>) {
    wire.mark(Mark::Emit, node, 0);
    event.hash(&mut wire.hasher);
    if wire.is_traced {
        wire.note(format!("n{node} tells its client: {event:?}"));
    }
    emitted.push(event);
}

/// No effect leaves before its gate: asked of the buffer, not of the count that let it go.
#[inline]
fn audit<P: Simulated>(
    disk: &crate::disk::Disk<P::Record>,
    wire: &mut Wire<P>,
    node: u32,
    after: Token,
) {
    if disk.has_unsynced_up_to(after) {
        wire.violate("gate", format!("an effect of n{node} left before {after}"));
    }
}

/// Starts a sync when records wait and none is under way.
pub(crate) fn start_sync<P: Simulated>(state: &mut Node<P>, wire: &mut Wire<P>, node: u32) {
    if !state.disk.start_sync() {
        return;
    }
    let life = state.life;
    let delay_ns = wire.sync_delay(&mut state.disk_faults);
    let at_ns = wire.now_ns.saturating_add(delay_ns);
    let armed = state.disk_faults.crashes_next.take();
    let crash = |fault| Event::Crash { node, life, fault };
    // Queued first, so that it comes before the end of a sync that takes no time.
    if let Some(ArmedCrash::Writing | ArmedCrash::Torn) = armed {
        let at_ns = wire.now_ns.saturating_add(wire.tape.draw(delay_ns));
        let fault = if armed == Some(ArmedCrash::Torn) {
            Fault::Torn
        } else {
            Fault::Crash
        };
        wire.queue.push(at_ns, crash(fault));
    }
    wire.queue.push(at_ns, Event::Synced { node, life });
    if armed == Some(ArmedCrash::Written) {
        wire.queue.push(at_ns, crash(Fault::Crash));
    }
}

/// Puts a wake on its way, unless an earlier or equal one is.
#[inline]
pub(crate) fn arm<P: Simulated>(state: &mut Node<P>, wire: &mut Wire<P>, node: u32) {
    let Some(deadline) = state
        .process
        .as_ref()
        .and_then(|process| process.deadline())
    else {
        return;
    };
    let at_ns = state.clock.reached_at(deadline).max(wire.now_ns);
    if at_ns < state.wake_at_ns {
        state.wake_at_ns = at_ns;
        wire.queue.push(at_ns, Event::Wake { node });
    }
}
