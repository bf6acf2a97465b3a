//! The clients of Paxos: they propose values and ask for the decision, wait, ask again elsewhere, give
//! up, and write down what they saw.
//!
//! | a client | when | then |
//! |---|---|---|
//! | rests | its pause is over | begins an operation |
//! | waits | answered | writes down the result, rests |
//! | waits | refused, or the node is down | asks again elsewhere, or gives up: it did not happen |
//! | waits | unknown, no answer in time, or its node crashed | asks again elsewhere, or gives up: it may happen at any time |
//!
//! Every operation proposes a value of its own, and all its attempts propose that. A cluster decides
//! once, so the first operations of all clients fall together, at a drawn moment: before, faults have
//! had time to begin. Until somebody has heard of a decision, pauses are short.
//!
//! In the history a proposal is a compare-and-set from nothing, and asking is a read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use consistency::{KvInput, KvOutput, Operation, OperationId, ProcessId, Recorder, Value};
use paxos_core::invariants::Ledger;
use paxos_core::{Event, Paxos, Request};
use simulator::{Violation, Workload, WorkloadContext};
use transport::{NodeId, RequestId};

use crate::sim::answers::Answers;
use crate::sim::seed::Case;
use crate::sim::tally::Tally;

/// The greatest value that any client proposes; further operations only ask.
const VALUES_MAX: u64 = 1_000;
/// Operations of each client after the last fault.
const OPERATIONS_AFTER_HEAL: u64 = 1;
const ANSWER_TIMEOUT: Duration = Duration::from_millis(400);
const BACKOFF_NS: u64 = 20_000_000;
/// How far apart the first operations of all clients fall.
const BURST_NS: u64 = 20_000_000;
/// The name of the one register in the history.
const KEY: &str = "decision";

type Cx<'a> = WorkloadContext<'a, Paxos<u64>>;

/// All clients of one run.
pub(crate) struct Clients {
    recorder: Recorder<KvInput, KvOutput>,
    /// It is told what is proposed.
    ledger: Rc<RefCell<Ledger<u64>>>,
    clients: Vec<Client>,
    tally: Tally,
    chaos_ns: u64,
    pause_ns: u64,
    next_process: u64,
    next_value: u64,
    answers: Answers,
    /// The nodes that know the decision in their present life.
    learned: BTreeSet<NodeId>,
    nodes: usize,
    is_healed: bool,
}

struct Client {
    process: ProcessId,
    /// Operations still to begin.
    left: u64,
    node: NodeId,
    /// Grows with every ask and pause: an answer or timer of an earlier one is stale.
    attempt: u64,
    state: State,
}

enum State {
    Resting,
    Busy(Busy),
}

/// An operation under way.
struct Busy {
    id: OperationId,
    /// The value proposed; `None` asks for the decision.
    value: Option<u64>,
    /// Whether the last attempt is over, and the next one waits for its pause.
    is_backing_off: bool,
    /// Whether some attempt may yet take effect.
    is_in_doubt: bool,
}

impl Clients {
    pub(crate) fn new(case: &Case, chaos: Duration, ledger: Rc<RefCell<Ledger<u64>>>) -> Self {
        let count = u64::from(case.clients.max(1));
        let operations = case.operations;
        let chaos_ns = u64::try_from(chaos.as_nanos()).unwrap_or(u64::MAX);
        let clients = (0..count).map(|number| Client {
            process: ProcessId(number),
            // The first clients take what does not divide evenly.
            left: operations / count + u64::from(number < operations % count),
            node: NodeId(0),
            attempt: 0,
            state: State::Resting,
        });
        Self {
            recorder: Recorder::new(),
            ledger,
            clients: clients.collect(),
            tally: Tally::default(),
            chaos_ns,
            pause_ns: chaos_ns / operations.div_ceil(count).max(1),
            next_process: count,
            next_value: 0,
            answers: Answers::default(),
            learned: BTreeSet::new(),
            nodes: 0,
            is_healed: false,
        }
    }

    /// How the operations ended, and the history. An operation still open is unknown.
    pub(crate) fn finish(mut self) -> (Tally, Vec<Operation<KvInput, KvOutput>>) {
        let open = |client: &&Client| matches!(client.state, State::Busy(_));
        self.tally.unknown += self.clients.iter().filter(open).count() as u64;
        (self.tally, self.recorder.finish())
    }

    /// Lets the client rest; about twice the mean pause at most, once the decision is known.
    fn rest(&mut self, number: usize, cx: &mut Cx<'_>) {
        let pause_ns = if cx.is_healed() {
            cx.choose(1_000_000)
        } else if self.learned.is_empty() {
            cx.choose(BURST_NS)
        } else {
            cx.choose(self.pause_ns.saturating_mul(2))
        };
        self.rest_for(number, pause_ns, cx);
    }

    fn rest_for(&mut self, number: usize, pause_ns: u64, cx: &mut Cx<'_>) {
        if let Some(client) = self.clients.get_mut(number) {
            client.state = State::Resting;
            client.wait(number, Duration::from_nanos(pause_ns), cx);
        }
    }

    fn begin(&mut self, number: usize, cx: &mut Cx<'_>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        if client.left == 0 {
            return;
        }
        client.left -= 1;
        client.node = any_node(cx);
        // In the end somebody proposes, so that there is a decision.
        let proposes = cx.choose(4) < 3 || (cx.is_healed() && number == 0);
        let value = (proposes && self.next_value < VALUES_MAX).then(|| {
            self.next_value += 1;
            self.next_value
        });
        let name = Value::from(KEY);
        let input = match value {
            Some(value) => KvInput::cas(name, Value::Nil, written(value)),
            None => KvInput::get(name),
        };
        let now_ns = cx.now().as_nanos();
        let Ok(id) = self.recorder.invoke(client.process, input, now_ns) else {
            let detail = format!("client {number} began an operation while another was open");
            return cx.violate(Violation::new("workload", detail));
        };
        client.state = State::Busy(Busy {
            id,
            value,
            is_backing_off: false,
            is_in_doubt: false,
        });
        self.ask(number, cx);
    }

    /// Asks the client's present node; the timer of the attempt is the time to wait for the answer.
    fn ask(&mut self, number: usize, cx: &mut Cx<'_>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        client.wait(number, ANSWER_TIMEOUT, cx);
        let (node, id) = (client.node, RequestId(client.ticket(number)));
        let State::Busy(busy) = &mut client.state else {
            return;
        };
        busy.is_backing_off = false;
        let request = match busy.value {
            Some(value) => {
                self.ledger.borrow_mut().propose(value);
                Request::Propose { id, value }
            }
            None => Request::Learn { id },
        };
        if cx.request(node, request) {
            self.answers.asked(id, node);
        } else {
            // A node that is down never heard of it.
            self.retry(number, cx);
        }
    }

    /// The attempt ended without a result. It is repeated, or, now and then, given up.
    fn retry(&mut self, number: usize, cx: &mut Cx<'_>) {
        let gives_up = !cx.is_healed() && cx.choose(6) == 5;
        let pause_ns = BACKOFF_NS / 2 + cx.choose(BACKOFF_NS);
        let node = any_node(cx);
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        client.node = node;
        if gives_up {
            return self.give_up(number, cx);
        }
        if let State::Busy(busy) = &mut client.state {
            busy.is_backing_off = true;
        }
        client.wait(number, Duration::from_nanos(pause_ns), cx);
    }

    fn give_up(&mut self, number: usize, cx: &mut Cx<'_>) {
        let now_ns = cx.now().as_nanos();
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        let State::Busy(busy) = &client.state else {
            return;
        };
        let ended = if busy.is_in_doubt {
            self.tally.unknown += 1;
            client.process = ProcessId(self.next_process);
            self.next_process += 1;
            self.recorder.info(busy.id, now_ns)
        } else {
            self.tally.failed += 1;
            self.recorder.fail(busy.id, now_ns)
        };
        if let Err(error) = ended {
            cx.violate(Violation::new("workload", error.to_string()));
        }
        self.rest(number, cx);
    }

    fn answered(&mut self, number: usize, event: &Event<u64>, cx: &mut Cx<'_>) {
        let now_ns = cx.now().as_nanos();
        let Some(client) = self.clients.get(number) else {
            return;
        };
        let State::Busy(busy) = &client.state else {
            return;
        };
        let output = match (event, busy.value) {
            (Event::Decided { value, is_own, .. }, Some(own)) if *is_own == (*value == own) => {
                if *is_own {
                    KvOutput::Done
                } else {
                    KvOutput::Found(written(*value))
                }
            }
            (Event::Decided { value, is_own, .. }, None) if !*is_own => {
                KvOutput::Value(written(*value))
            }
            (Event::Undecided { .. }, None) => KvOutput::Value(Value::Nil),
            _ => {
                let detail = format!("client {number} was answered {event:?} to something else");
                return cx.violate(Violation::new("answers", detail));
            }
        };
        self.tally.ok += 1;
        if let Err(refused) = self.recorder.ok(busy.id, output, now_ns) {
            cx.violate(Violation::new("workload", refused.error.to_string()));
        }
        self.rest(number, cx);
    }

    /// The client whose present attempt this is.
    fn current(&self, ticket: u64) -> Option<usize> {
        let number = usize::try_from(ticket >> 40).ok()?;
        let client = self.clients.get(number)?;
        (client.ticket(number) == ticket).then_some(number)
    }

    /// The present attempt may take effect later. Asking has no effect.
    fn doubt(&mut self, number: usize) {
        if let Some(client) = self.clients.get_mut(number)
            && let State::Busy(busy) = &mut client.state
        {
            busy.is_in_doubt |= busy.value.is_some();
        }
    }
}

impl Client {
    /// Names an attempt: client in the upper bits, attempt in the lower 40.
    const fn ticket(&self, number: usize) -> u64 {
        ((number as u64) << 40) | (self.attempt & ((1 << 40) - 1))
    }

    fn wait(&mut self, number: usize, pause: Duration, cx: &mut Cx<'_>) {
        self.attempt += 1;
        cx.set_timer(pause, self.ticket(number));
    }
}

fn any_node(cx: &mut Cx<'_>) -> NodeId {
    let count = cx.nodes().count() as u64;
    NodeId(u32::try_from(cx.choose(count)).unwrap_or(0))
}

fn written(value: u64) -> Value {
    Value::from(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Workload<Paxos<u64>> for Clients {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.nodes = cx.nodes().count();
        let burst_ns = cx.choose(self.chaos_ns);
        for number in 0..self.clients.len() {
            let after_ns = cx.choose(BURST_NS);
            self.rest_for(number, burst_ns.saturating_add(after_ns), cx);
        }
    }

    fn on_event(&mut self, node: NodeId, event: Event<u64>, cx: &mut Cx<'_>) {
        let id = match self.answers.heard(node, &event) {
            Ok(Some(id)) => id,
            Ok(None) => {
                if !self.learned.insert(node) {
                    let detail = format!("{node} learned twice in one life");
                    cx.violate(Violation::new("answers", detail));
                }
                return;
            }
            Err(violation) => return cx.violate(violation),
        };
        let Some(number) = self.current(id.0) else {
            return;
        };
        match &event {
            Event::Unknown { .. } => {
                self.doubt(number);
                self.retry(number, cx);
            }
            Event::Refused { .. } => self.retry(number, cx),
            _ => self.answered(number, &event, cx),
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut Cx<'_>) {
        let Some(number) = self.current(timer) else {
            return;
        };
        match self.clients.get(number).map(|client| &client.state) {
            Some(State::Resting) => self.begin(number, cx),
            Some(State::Busy(busy)) if busy.is_backing_off => self.ask(number, cx),
            Some(State::Busy(_)) => {
                self.doubt(number);
                self.retry(number, cx);
            }
            None => {}
        }
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut Cx<'_>) {
        self.answers.crashed(node);
        self.learned.remove(&node);
        for number in 0..self.clients.len() {
            let waits = self.clients.get(number).is_some_and(|client| {
                let asked = matches!(&client.state, State::Busy(busy) if !busy.is_backing_off);
                asked && client.node == node
            });
            if waits {
                self.doubt(number);
                self.retry(number, cx);
            }
        }
    }

    fn on_heal(&mut self, cx: &mut Cx<'_>) {
        self.is_healed = true;
        for number in 0..self.clients.len() {
            if let Some(client) = self.clients.get_mut(number) {
                client.left = OPERATIONS_AFTER_HEAL;
                if matches!(client.state, State::Resting) {
                    self.rest(number, cx);
                }
            }
        }
    }

    /// Everybody has been answered, and every node has learned.
    fn is_done(&self) -> bool {
        let idle = |client: &Client| client.left == 0 && matches!(client.state, State::Resting);
        self.is_healed
            && self.learned.len() == self.nodes
            && self.clients.iter().all(idle)
            && self.answers.none_open().is_ok()
    }
}
