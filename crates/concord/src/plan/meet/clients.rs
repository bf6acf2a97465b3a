//! The clients of a run in one state of the links.
//!
//! | when | what |
//! |---|---|
//! | 1 s | each client prepares: it asks every node |
//! | 1.5 s | one more client writes: a key that nobody ever wrote is a special case of some stores |
//! | 2 s | the links are cut |
//! | 6 s | each node's client writes its own value, then reads, and asks again what is refused |
//! | 2.5 s after an operation began | it is given up |
//! | when all are done | the links heal |
//! | 2 s later | each node's client reads again, until it is answered |
//!
//! Each client keeps to its node. One whose operation was given up goes on as another process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cap_model::Shape;
use consistency::{KvInput, KvOutput, Operation, OperationId, ProcessId, Recorder};
use simulator::{Violation, Workload, WorkloadContext};
use transport::{NodeId, Process, RequestId};

use super::probe::{Heard, Probe};

const KEY: &str = "x";
const PREPARE: (u64, Duration) = (0, Duration::from_secs(1));
const FIRST: (u64, Duration) = (5, Duration::from_millis(1_500));
const CUT: (u64, Duration) = (1, Duration::from_secs(2));
const ASK: (u64, Duration) = (2, Duration::from_secs(6));
const TICK: (u64, Duration) = (3, Duration::from_millis(100));
const FINAL: (u64, Duration) = (4, Duration::from_secs(2));
/// Two patiences and some.
const GIVE_UP_NS: u64 = 2_500_000_000;

type EventOf<S> = <<S as Probe>::Process as Process>::Event;
type Cx<'a, S> = WorkloadContext<'a, <S as Probe>::Process>;

/// All clients of one run.
pub(super) struct Clients<'a, S: Probe> {
    system: &'a S,
    shape: &'a Shape,
    /// One for each node, and the first writer.
    clients: Vec<Client<S::Prepared>>,
    recorder: Recorder<KvInput, KvOutput>,
    /// Whose client each request is.
    asked: BTreeMap<RequestId, usize>,
    request_next: u64,
    process_next: u64,
    /// Who answered when the clients prepared.
    pub(super) leader: Option<NodeId>,
    /// Who answered in this state of the links.
    pub(super) wrote: BTreeSet<NodeId>,
    pub(super) read: BTreeSet<NodeId>,
    is_final: bool,
    is_done: bool,
}

struct Client<T> {
    node: NodeId,
    process: ProcessId,
    prepared: Option<T>,
    step: Step,
    /// The operation under way, and when it began.
    open: Option<(OperationId, u64)>,
    /// The request that is out.
    request: Option<RequestId>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Wait,
    FirstWrite,
    Write,
    Read,
    Rest,
    LastRead,
    Done,
}

impl<'a, S: Probe> Clients<'a, S> {
    pub(super) fn new(system: &'a S, shape: &'a Shape) -> Self {
        let client = |node| Client {
            node: NodeId(node),
            process: ProcessId(u64::from(node)),
            prepared: None,
            step: Step::Wait,
            open: None,
            request: None,
        };
        Self {
            system,
            shape,
            clients: (0..=shape.nodes()).map(client).collect(),
            recorder: Recorder::new(),
            asked: BTreeMap::new(),
            request_next: 0,
            process_next: u64::from(shape.nodes()) + 1,
            leader: None,
            wrote: BTreeSet::new(),
            read: BTreeSet::new(),
            is_final: false,
            is_done: false,
        }
    }

    pub(super) fn finish(self) -> Vec<Operation<KvInput, KvOutput>> {
        self.recorder.finish()
    }

    fn name(&mut self, client: usize) -> RequestId {
        let id = RequestId(self.request_next);
        self.request_next += 1;
        self.asked.insert(id, client);
        id
    }

    fn prepare(&mut self, cx: &mut Cx<'_, S>) {
        for client in 0..self.clients.len() {
            for node in cx.nodes() {
                let id = self.name(client);
                if let Some(request) = self.system.prepare(id) {
                    cx.request(node, request);
                }
            }
        }
    }

    fn cut(&self, cx: &mut Cx<'_, S>) {
        let pairs = cx
            .nodes()
            .flat_map(|from| cx.nodes().map(move |to| (from, to)));
        let cut: Vec<_> = pairs
            .filter(|&(from, to)| !self.shape.works(from, to))
            .collect();
        if !cx.cut(cut) {
            let detail = "the links were not cut".to_owned();
            cx.violate(Violation::new("cut", detail));
        }
    }

    /// Asks what the client's step is, again if it was refused; gives up what took too long.
    fn go_on(&mut self, client: usize, cx: &mut Cx<'_, S>) {
        let now_ns = cx.now().as_nanos();
        let state = &self.clients[client];
        let input = match state.step {
            Step::FirstWrite | Step::Write => KvInput::put(KEY, written(client).as_str()),
            Step::Read | Step::LastRead => KvInput::get(KEY),
            Step::Wait | Step::Rest | Step::Done => return,
        };
        if let Some((operation, began_ns)) = state.open {
            if now_ns.saturating_sub(began_ns) >= GIVE_UP_NS {
                let ended = self.recorder.info(operation, now_ns);
                debug_assert!(ended.is_ok(), "it is open");
                self.clients[client].process = ProcessId(self.process_next);
                self.process_next += 1;
                return self.end(client, cx);
            }
            if state.request.is_some() {
                return;
            }
        } else {
            let invoked = self.recorder.invoke(state.process, input, now_ns);
            self.clients[client].open = invoked.ok().map(|operation| (operation, now_ns));
        }
        let id = self.name(client);
        let state = &mut self.clients[client];
        let request = match state.step {
            Step::FirstWrite | Step::Write => {
                self.system
                    .write(id, &written(client), state.prepared.as_ref())
            }
            _ => Some(self.system.read(id)),
        };
        if let Some(request) = request {
            state.request = Some(id);
            cx.request(state.node, request);
        }
    }

    /// The client's step is over.
    fn end(&mut self, client: usize, cx: &mut Cx<'_, S>) {
        let state = &mut self.clients[client];
        (state.open, state.request) = (None, None);
        state.step = match state.step {
            Step::Write => Step::Read,
            Step::Read => Step::Rest,
            Step::LastRead | Step::FirstWrite => Step::Done,
            step => step,
        };
        self.go_on(client, cx);
        let each = || self.clients.iter().take(self.shape.nodes() as usize);
        let all = |step| each().all(|client| client.step == step);
        if all(Step::Rest) {
            cx.heal();
            cx.set_timer(FINAL.1, FINAL.0);
        }
        self.is_done |= all(Step::Done);
    }

    fn answered(&mut self, client: usize, output: KvOutput, cx: &mut Cx<'_, S>) {
        let state = &self.clients[client];
        let node = state.node;
        match state.step {
            Step::Write => {
                self.wrote.insert(node);
            }
            Step::Read => {
                self.read.insert(node);
            }
            _ => {}
        }
        if let Some((operation, _)) = state.open {
            let ended = self.recorder.ok(operation, output, cx.now().as_nanos());
            debug_assert!(ended.is_ok(), "it is open");
        }
        self.end(client, cx);
    }
}

impl<S: Probe> Workload<S::Process> for Clients<'_, S> {
    fn start(&mut self, cx: &mut Cx<'_, S>) {
        for (timer, after) in [PREPARE, FIRST, CUT, ASK] {
            cx.set_timer(after, timer);
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut Cx<'_, S>) {
        let everybody = 0..self.shape.nodes() as usize;
        match timer {
            0 => self.prepare(cx),
            1 => self.cut(cx),
            5 => {
                let first = everybody.end;
                let node = self.leader.unwrap_or(NodeId(0));
                (self.clients[first].node, self.clients[first].step) = (node, Step::FirstWrite);
                self.go_on(first, cx);
            }
            2 | 4 => {
                self.is_final = timer == FINAL.0;
                let step = if self.is_final {
                    Step::LastRead
                } else {
                    Step::Write
                };
                self.clients
                    .iter_mut()
                    .for_each(|client| client.step = step);
                everybody.for_each(|client| self.go_on(client, cx));
                if !self.is_final {
                    cx.set_timer(TICK.1, TICK.0);
                }
            }
            _ => {
                everybody.for_each(|client| self.go_on(client, cx));
                cx.set_timer(TICK.1, TICK.0);
            }
        }
    }

    fn on_event(&mut self, node: NodeId, event: EventOf<S>, cx: &mut Cx<'_, S>) {
        let Some((id, heard)) = self.system.hear(&event) else {
            return;
        };
        let Some(client) = self.asked.remove(&id) else {
            let detail = format!("{node} answers {id} twice");
            return cx.violate(Violation::new("answers", detail));
        };
        let is_current = self.clients[client].request == Some(id);
        match heard {
            Heard::Prepared(prepared) => {
                self.leader = Some(node);
                self.clients[client].prepared = Some(prepared);
            }
            // Given up long ago.
            _ if !is_current => {}
            Heard::Written => self.answered(client, KvOutput::Done, cx),
            Heard::Read(value) => self.answered(client, KvOutput::Value(value), cx),
            Heard::Refused => self.clients[client].request = None,
            // Its fate is open, and stays so: asked again it could happen twice.
            Heard::Unknown => {}
        }
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}

/// The value that a node's client writes.
fn written(client: usize) -> String {
    format!("of client {client}")
}
