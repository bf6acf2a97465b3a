//! The clients of the strong store: they ask any node, wait, ask again what was refused, and write down
//! what they saw.
//!
//! | a client | when | then |
//! |---|---|---|
//! | rests | its pause is over | begins an operation |
//! | waits | answered | writes down the result, rests |
//! | waits | refused, or the node is down | asks again elsewhere, or gives up: it did not happen |
//! | waits | refused because replicas are full | gives up: it did not happen |
//! | waits | unknown, no answer in time, or its node crashed | asks a read again; gives up a write, which may happen at any time |
//!
//! A write is asked again only when it certainly had no effect: a second attempt is a second write. Every
//! request must get one answer, from the node it was asked of, unless that node crashes.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use consistency::strong::invariants::Ledger;
use consistency::strong::{Event, Refusal, Request, Store, Version};
use consistency::{KvInput, KvOutput, Operation, OperationId, ProcessId, Recorder, Value};
use simulator::{Violation, Workload, WorkloadContext};
use transport::{Bytes, NodeId, RequestId};

use super::judge::broken;
use crate::sim::answers::Answers;
use crate::sim::seed::Case;
use crate::sim::tally::Tally;

/// Few keys, so that clients meet on them.
const KEYS: u64 = 4;
/// Operations of each client after the last fault.
const OPERATIONS_AFTER_HEAL: u64 = 3;
const ANSWER_TIMEOUT: Duration = Duration::from_millis(400);
const BACKOFF_NS: u64 = 20_000_000;
/// What nobody waits for any more must still be answered: within the longest time between two attempts
/// of an operation, and some.
const SETTLING: Duration = Duration::from_secs(3);
/// The timer of the settling; those of clients are below it.
const SETTLED: u64 = u64::MAX;

/// All clients of one run.
pub(crate) struct Clients {
    recorder: Recorder<KvInput, KvOutput>,
    clients: Vec<Client>,
    tally: Tally,
    /// The judge holds the disks to it.
    ledger: Rc<RefCell<Ledger>>,
    pause_ns: u64,
    next_process: u64,
    next_value: u64,
    answers: Answers,
    is_settling: bool,
    is_settled: bool,
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
    key: Bytes,
    call: Call,
    /// Whether the last attempt is over, and the next one waits for its pause.
    is_backing_off: bool,
}

#[derive(Clone)]
enum Call {
    Read,
    Write(Option<Bytes>),
}

impl Clients {
    pub(crate) fn new(case: &Case, chaos: Duration, ledger: Rc<RefCell<Ledger>>) -> Self {
        let (count, operations) = (u64::from(case.clients.max(1)), case.operations);
        let each = operations.div_ceil(count);
        let pause_ns = u64::try_from(chaos.as_nanos()).unwrap_or(u64::MAX) / each.max(1);
        let clients = (0..count)
            .map(|number| Client {
                process: ProcessId(number),
                // The first clients take what does not divide evenly.
                left: operations / count + u64::from(number < operations % count),
                node: NodeId(0),
                attempt: 0,
                state: State::Resting,
            })
            .collect();
        Self {
            recorder: Recorder::new(),
            clients,
            tally: Tally::default(),
            ledger,
            pause_ns,
            next_process: count,
            next_value: 0,
            answers: Answers::default(),
            is_settling: false,
            is_settled: false,
        }
    }

    /// How the operations ended, and the history. An operation still open is unknown.
    pub(crate) fn finish(mut self) -> (Tally, Vec<Operation<KvInput, KvOutput>>) {
        let open = |client: &&Client| matches!(client.state, State::Busy(_));
        self.tally.unknown += self.clients.iter().filter(open).count() as u64;
        (self.tally, self.recorder.finish())
    }

    /// Lets the client rest; about twice the mean pause at most.
    fn rest(&mut self, number: usize, cx: &mut WorkloadContext<'_, Store>) {
        let pause_ns = if cx.is_healed() {
            cx.choose(1_000_000)
        } else {
            cx.choose(self.pause_ns.saturating_mul(2))
        };
        if let Some(client) = self.clients.get_mut(number) {
            client.state = State::Resting;
            client.wait(number, Duration::from_nanos(pause_ns), cx);
        }
        self.settle(cx);
    }

    /// Once nobody has anything left to do after the last fault, waits for the last answers.
    fn settle(&mut self, cx: &mut WorkloadContext<'_, Store>) {
        let idle = |client: &Client| client.left == 0 && matches!(client.state, State::Resting);
        if cx.is_healed() && !self.is_settling && self.clients.iter().all(idle) {
            self.is_settling = true;
            cx.set_timer(SETTLING, SETTLED);
        }
    }

    fn begin(&mut self, number: usize, cx: &mut WorkloadContext<'_, Store>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        if client.left == 0 {
            return;
        }
        client.left -= 1;
        client.node = any_node(cx);
        // In the end the first client reads every key, so that no lost write goes unseen.
        let (key, call) = if cx.is_healed() && number == 0 {
            (client.left, Call::Read)
        } else {
            (cx.choose(KEYS), draw_call(&mut self.next_value, cx))
        };
        let name = format!("k{key}");
        let input = match &call {
            Call::Read => KvInput::get(name.as_str()),
            Call::Write(None) => KvInput::delete(name.as_str()),
            Call::Write(Some(value)) => KvInput::put(name.as_str(), Value::from_bytes(value)),
        };
        let now_ns = cx.now().as_nanos();
        let Ok(id) = self.recorder.invoke(client.process, input, now_ns) else {
            let detail = format!("client {number} began an operation while another was open");
            return cx.violate(Violation::new("workload", detail));
        };
        client.state = State::Busy(Busy {
            id,
            key: name.as_str().into(),
            call,
            is_backing_off: false,
        });
        self.ask(number, cx);
    }

    /// Asks the client's present node; the timer of the attempt is the time to wait for the answer.
    fn ask(&mut self, number: usize, cx: &mut WorkloadContext<'_, Store>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        client.wait(number, ANSWER_TIMEOUT, cx);
        let (id, node) = (RequestId(client.ticket(number)), client.node);
        let State::Busy(busy) = &mut client.state else {
            return;
        };
        busy.is_backing_off = false;
        let key = busy.key.clone();
        let request = match busy.call.clone() {
            Call::Read => Request::Read { id, key },
            Call::Write(value) => Request::Write { id, key, value },
        };
        if cx.request(node, request) {
            self.answers.asked(id, node);
        } else {
            // A node that is down never heard of it.
            self.retry(number, cx);
        }
    }

    /// The attempt certainly had no effect. It is repeated, or, now and then, given up.
    fn retry(&mut self, number: usize, cx: &mut WorkloadContext<'_, Store>) {
        // A client that never gives up would leave no operation failed.
        if !cx.is_healed() && cx.choose(12) == 11 {
            return self.end(number, Ending::Failed, cx);
        }
        let node = any_node(cx);
        let pause_ns = BACKOFF_NS / 2 + cx.choose(BACKOFF_NS);
        if let Some(client) = self.clients.get_mut(number) {
            client.node = node;
            if let State::Busy(busy) = &mut client.state {
                busy.is_backing_off = true;
            }
            client.wait(number, Duration::from_nanos(pause_ns), cx);
        }
    }

    /// Nobody knows what became of the attempt.
    fn doubt(&mut self, number: usize, cx: &mut WorkloadContext<'_, Store>) {
        let Some(client) = self.clients.get(number) else {
            return;
        };
        match &client.state {
            State::Resting => {}
            State::Busy(busy) if matches!(busy.call, Call::Read) => self.retry(number, cx),
            State::Busy(_) => self.end(number, Ending::Unknown, cx),
        }
    }

    fn end(&mut self, number: usize, ending: Ending, cx: &mut WorkloadContext<'_, Store>) {
        let now_ns = cx.now().as_nanos();
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        let State::Busy(busy) = &client.state else {
            return;
        };
        let id = busy.id;
        let ended = match (ending, &busy.call) {
            (Ending::Failed, _) => {
                self.tally.failed += 1;
                self.recorder.fail(id, now_ns)
            }
            (Ending::Unknown, _) => {
                self.tally.unknown += 1;
                client.process = ProcessId(self.next_process);
                self.next_process += 1;
                self.recorder.info(id, now_ns)
            }
            (Ending::Read(version), Call::Read) => {
                self.tally.ok += 1;
                let value = version.value.as_deref();
                let output = KvOutput::Value(value.map_or(Value::Nil, Value::from_bytes));
                let ok = self.recorder.ok(id, output, now_ns);
                ok.map_err(|refused| refused.error)
            }
            (Ending::Written, Call::Write(_)) => {
                self.tally.ok += 1;
                let ok = self.recorder.ok(id, KvOutput::Done, now_ns);
                ok.map_err(|refused| refused.error)
            }
            _ => {
                let detail = format!("client {number} was answered something else than it asked");
                return cx.violate(Violation::new("answers", detail));
            }
        };
        if let Err(error) = ended {
            cx.violate(Violation::new("workload", error.to_string()));
        }
        self.rest(number, cx);
    }

    /// The client whose present attempt this is.
    fn current(&self, ticket: u64) -> Option<usize> {
        let number = usize::try_from(ticket >> 40).ok()?;
        let client = self.clients.get(number)?;
        (client.ticket(number) == ticket).then_some(number)
    }
}

enum Ending {
    Read(Version),
    Written,
    Failed,
    Unknown,
}

impl Client {
    /// Names an attempt: client in the upper bits, attempt in the lower 40.
    const fn ticket(&self, number: usize) -> u64 {
        ((number as u64) << 40) | (self.attempt & ((1 << 40) - 1))
    }

    fn wait(&mut self, number: usize, pause: Duration, cx: &mut WorkloadContext<'_, Store>) {
        self.attempt += 1;
        cx.set_timer(pause, self.ticket(number));
    }
}

fn any_node(cx: &mut WorkloadContext<'_, Store>) -> NodeId {
    let count = cx.nodes().count() as u64;
    NodeId(u32::try_from(cx.choose(count)).unwrap_or(0))
}

fn draw_call(next_value: &mut u64, cx: &mut WorkloadContext<'_, Store>) -> Call {
    *next_value += 1;
    match cx.choose(10) {
        0..=4 => Call::Read,
        // Every value is written once, so that a read tells which write it saw.
        5..=8 => Call::Write(Some(format!("{next_value}").as_str().into())),
        _ => Call::Write(None),
    }
}

impl Workload<Store> for Clients {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Store>) {
        (0..self.clients.len()).for_each(|number| self.rest(number, cx));
    }

    fn on_event(&mut self, node: NodeId, event: Event, cx: &mut WorkloadContext<'_, Store>) {
        let id = match self.answers.heard(node, &event) {
            Ok(Some(id)) => id,
            Ok(None) => return,
            Err(violation) => return cx.violate(violation),
        };
        if let Err(rule) = self.ledger.borrow_mut().acknowledge(&event) {
            cx.violate(broken(rule));
        }
        let Some(number) = self.current(id.0) else {
            return;
        };
        match event {
            Event::Read { version, .. } => self.end(number, Ending::Read(version), cx),
            Event::Written { .. } => self.end(number, Ending::Written, cx),
            // The keys of a full store stay the same: asking again would not help.
            Event::Refused {
                refusal: Refusal::Full,
                ..
            } => self.end(number, Ending::Failed, cx),
            Event::Refused { .. } => self.retry(number, cx),
            Event::Unknown { .. } => self.doubt(number, cx),
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Store>) {
        if timer == SETTLED {
            self.is_settled = true;
            if let Err(violation) = self.answers.none_open() {
                cx.violate(violation);
            }
            return;
        }
        let Some(number) = self.current(timer) else {
            return;
        };
        let Some(client) = self.clients.get(number) else {
            return;
        };
        match &client.state {
            State::Resting => self.begin(number, cx),
            State::Busy(busy) if busy.is_backing_off => self.ask(number, cx),
            State::Busy(_) => self.doubt(number, cx),
        }
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Store>) {
        self.answers.crashed(node);
        for number in 0..self.clients.len() {
            let waits = self.clients.get(number).is_some_and(|client| {
                let asked = matches!(&client.state, State::Busy(busy) if !busy.is_backing_off);
                asked && client.node == node
            });
            if waits {
                self.doubt(number, cx);
            }
        }
    }

    fn on_heal(&mut self, cx: &mut WorkloadContext<'_, Store>) {
        for number in 0..self.clients.len() {
            let Some(client) = self.clients.get_mut(number) else {
                continue;
            };
            client.left = if number == 0 {
                KEYS
            } else {
                OPERATIONS_AFTER_HEAL
            };
            if matches!(client.state, State::Resting) {
                self.rest(number, cx);
            }
        }
    }

    fn is_done(&self) -> bool {
        self.is_settled
    }
}
