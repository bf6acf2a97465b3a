//! The clients of the key-value store: they ask, wait, retry elsewhere, give up, and write down what
//! they saw.
//!
//! | a client | when | then |
//! |---|---|---|
//! | rests | its pause is over | opens a session if it has none, or begins an operation |
//! | waits | answered | writes down the result, rests |
//! | waits | refused, lost, or the node is down | asks again, where the leader is said to be |
//! | waits | no answer in time, its node crashed, or the fate is unknown | asks again elsewhere in the same session, or gives up |
//!
//! Every request must get one final answer, from the node it was asked of, unless that node crashes.
//! An operation that was refused every time did not happen (`fail`); one given up after an attempt
//! that might have been executed is `info`, and its client goes on as a new process with a new
//! session.

use std::collections::BTreeMap;
use std::time::Duration;

use consistency::{KvInput, KvOutput, Operation, OperationId, ProcessId, Recorder, Value};
use kv::{Ask, Event, Kv, Reply, Request, SessionId};
use simulator::{Violation, Workload, WorkloadContext};
use transport::{Bytes, NodeId, RequestId};

use crate::sim::answers::Answers;
use crate::sim::tally::Tally;

/// Few keys, so that clients meet on them.
const KEYS: u64 = 4;
/// Operations of each client after the last fault.
const OPERATIONS_AFTER_HEAL: u64 = 3;
const ANSWER_TIMEOUT: Duration = Duration::from_millis(400);
const BACKOFF_NS: u64 = 20_000_000;
/// How long followers may take to hear of the last commit before the stores are compared.
const SETTLING: Duration = Duration::from_secs(1);
/// The timer of the settling; those of clients are below it.
const SETTLED: u64 = u64::MAX;

/// All clients of one run.
pub(crate) struct Clients {
    recorder: Recorder<KvInput, KvOutput>,
    clients: Vec<Client>,
    tally: Tally,
    pause_ns: u64,
    next_process: u64,
    next_value: u64,
    answers: Answers,
    is_settling: bool,
    is_settled: bool,
}

struct Client {
    process: ProcessId,
    session: Option<SessionId>,
    /// The last operation executed in the session.
    sequence: u64,
    /// Operations still to begin.
    left: u64,
    node: NodeId,
    /// Grows with every ask and pause: an answer or timer of an earlier one is stale.
    attempt: u64,
    state: State,
    /// What it last saw at each key, to give compare-and-set a chance.
    seen: BTreeMap<u64, Option<Bytes>>,
}

enum State {
    Resting,
    Busy(Box<Busy>),
}

/// An operation under way.
struct Busy {
    id: OperationId,
    key: u64,
    call: Call,
    /// Whether this attempt asks for a session first.
    is_opening: bool,
    /// Whether the last attempt was refused, and the next one waits for its pause.
    is_backing_off: bool,
    /// Whether some attempt may have been executed.
    is_in_doubt: bool,
}

enum Call {
    Get,
    Change(kv::Operation),
}

impl Clients {
    pub(crate) fn new(count: u32, operations: u64, chaos: Duration) -> Self {
        let count = u64::from(count.max(1));
        let each = operations.div_ceil(count);
        let pause_ns = u64::try_from(chaos.as_nanos()).unwrap_or(u64::MAX) / each.max(1);
        let clients = (0..count)
            .map(|number| Client {
                process: ProcessId(number),
                session: None,
                sequence: 0,
                // The first clients take what does not divide evenly.
                left: operations / count + u64::from(number < operations % count),
                node: NodeId(0),
                attempt: 0,
                state: State::Resting,
                seen: BTreeMap::new(),
            })
            .collect();
        Self {
            recorder: Recorder::new(),
            clients,
            tally: Tally::default(),
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
    fn rest(&mut self, number: usize, cx: &mut WorkloadContext<'_, Kv>) {
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

    /// Once nobody has anything left to do after the last fault, waits for the stores to agree.
    fn settle(&mut self, cx: &mut WorkloadContext<'_, Kv>) {
        let idle = |client: &Client| client.left == 0 && matches!(client.state, State::Resting);
        if cx.is_healed() && !self.is_settling && self.clients.iter().all(idle) {
            self.is_settling = true;
            cx.set_timer(SETTLING, SETTLED);
        }
    }

    /// Asks the client's present node; the timer of the attempt is the time to wait for the answer.
    fn ask(&mut self, number: usize, cx: &mut WorkloadContext<'_, Kv>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        client.wait(number, ANSWER_TIMEOUT, cx);
        let node = client.node;
        let Some(request) = client.request(number) else {
            return;
        };
        let id = request.id;
        if cx.request(node, request) {
            self.answers.asked(id, node);
        } else {
            // A node that is down never heard of it.
            self.retry(number, None, cx);
        }
    }

    fn begin(&mut self, number: usize, cx: &mut WorkloadContext<'_, Kv>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        if client.left == 0 {
            return;
        }
        client.left -= 1;
        // In the end the first client reads every key, so that no lost write goes unseen.
        let (key, call) = if cx.is_healed() && number == 0 {
            (client.left, Call::Get)
        } else {
            let key = cx.choose(KEYS);
            (key, client.draw_call(key, &mut self.next_value, cx))
        };
        let input = input_of(key, &call);
        let Ok(id) = self
            .recorder
            .invoke(client.process, input, cx.now().as_nanos())
        else {
            let detail = format!("client {number} began an operation while another was open");
            return cx.violate(Violation::new("workload", detail));
        };
        client.state = State::Busy(Box::new(Busy {
            id,
            key,
            call,
            is_opening: false,
            is_backing_off: false,
            is_in_doubt: false,
        }));
        self.ask(number, cx);
    }

    /// The attempt ended without a result. It is repeated, or, now and then, given up.
    fn retry(&mut self, number: usize, node: Option<NodeId>, cx: &mut WorkloadContext<'_, Kv>) {
        // A client that never gives up would leave no operation unknown or failed.
        let gives_up = !cx.is_healed() && cx.choose(12) == 11;
        let node = node.unwrap_or_else(|| {
            let count = cx.nodes().count() as u64;
            NodeId(u32::try_from(cx.choose(count)).unwrap_or(0))
        });
        if gives_up {
            return self.give_up(number, node, cx);
        }
        let pause_ns = BACKOFF_NS / 2 + cx.choose(BACKOFF_NS);
        if let Some(client) = self.clients.get_mut(number) {
            client.node = node;
            if let State::Busy(busy) = &mut client.state {
                busy.is_backing_off = true;
            }
            client.wait(number, Duration::from_nanos(pause_ns), cx);
        }
    }

    fn give_up(&mut self, number: usize, node: NodeId, cx: &mut WorkloadContext<'_, Kv>) {
        let now_ns = cx.now().as_nanos();
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        client.node = node;
        let State::Busy(busy) = &client.state else {
            return;
        };
        let ended = if busy.is_in_doubt {
            self.tally.unknown += 1;
            // The fate of that sequence number is open, so the session ends with it.
            client.process = ProcessId(self.next_process);
            client.session = None;
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

    fn answered(&mut self, number: usize, reply: Reply, cx: &mut WorkloadContext<'_, Kv>) {
        let now_ns = cx.now().as_nanos();
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        let State::Busy(busy) = &mut client.state else {
            return;
        };
        let output = match (reply, &busy.call) {
            (Reply::Opened { session }, _) if busy.is_opening => {
                (client.session, client.sequence) = (Some(session), 0);
                return self.ask(number, cx);
            }
            (Reply::Value { value }, Call::Get) => {
                let heard = value.as_deref().map_or(Value::Nil, Value::from_bytes);
                client.seen.insert(busy.key, value);
                KvOutput::Value(heard)
            }
            (Reply::Written, Call::Change(operation)) if operation.value().is_some() => {
                client.seen.insert(busy.key, operation.value().cloned());
                KvOutput::Done
            }
            (Reply::Mismatch { actual }, Call::Change(kv::Operation::CompareAndSet { .. })) => {
                let found = actual.as_deref().map_or(Value::Nil, Value::from_bytes);
                client.seen.insert(busy.key, actual);
                KvOutput::Found(found)
            }
            (Reply::Deleted { existed }, Call::Change(kv::Operation::Delete { .. })) => {
                client.seen.insert(busy.key, None);
                KvOutput::Deleted(existed)
            }
            (reply, _) => {
                let detail = format!("client {number} was answered {reply:?} to something else");
                return cx.violate(Violation::new("answers", detail));
            }
        };
        if matches!(busy.call, Call::Change(_)) {
            client.sequence += 1;
        }
        self.tally.ok += 1;
        if let Err(refused) = self.recorder.ok(busy.id, output, now_ns) {
            cx.violate(Violation::new("workload", refused.error.to_string()));
        }
        self.rest(number, cx);
    }

    /// The request reached the store, which did not execute it.
    fn rejected(
        &mut self,
        number: usize,
        rejection: kv::Rejection,
        cx: &mut WorkloadContext<'_, Kv>,
    ) {
        if rejection == kv::Rejection::SessionClosed
            && let Some(client) = self.clients.get_mut(number)
        {
            client.session = None;
            let node = client.node;
            return self.give_up(number, node, cx);
        }
        // A client that numbers its operations and waits for each answer gives no cause for more.
        let detail = format!("an operation of client {number} was rejected: {rejection}");
        cx.violate(Violation::new("sessions", detail));
    }

    /// The client whose present attempt this is.
    fn current(&self, ticket: u64) -> Option<usize> {
        let number = usize::try_from(ticket >> 40).ok()?;
        let client = self.clients.get(number)?;
        (client.ticket(number) == ticket).then_some(number)
    }

    fn doubt(&mut self, number: usize) {
        if let Some(client) = self.clients.get_mut(number)
            && let State::Busy(busy) = &mut client.state
        {
            // A session that may have been opened twice does no harm.
            busy.is_in_doubt |= !busy.is_opening;
        }
    }
}

impl Client {
    /// Names an attempt: client in the upper bits, attempt in the lower 40.
    const fn ticket(&self, number: usize) -> u64 {
        ((number as u64) << 40) | (self.attempt & ((1 << 40) - 1))
    }

    fn wait(&mut self, number: usize, pause: Duration, cx: &mut WorkloadContext<'_, Kv>) {
        self.attempt += 1;
        cx.set_timer(pause, self.ticket(number));
    }

    /// The present attempt as a request.
    fn request(&mut self, number: usize) -> Option<Request> {
        let id = RequestId(self.ticket(number));
        let State::Busy(busy) = &mut self.state else {
            return None;
        };
        busy.is_backing_off = false;
        busy.is_opening = false;
        let ask = match (&busy.call, self.session) {
            (Call::Get, _) => Ask::Get {
                key: key_bytes(busy.key),
            },
            (Call::Change(operation), Some(session)) => Ask::Execute {
                session,
                sequence: self.sequence + 1,
                operation: operation.clone(),
            },
            (Call::Change(_), None) => {
                busy.is_opening = true;
                Ask::Open
            }
        };
        Some(Request { id, ask })
    }

    fn draw_call(&self, key: u64, next_value: &mut u64, cx: &mut WorkloadContext<'_, Kv>) -> Call {
        let name = key_bytes(key);
        *next_value += 1;
        // Every value is written once, so that a read tells which write it saw.
        let value = Bytes::from(format!("{next_value} ").as_str());
        Call::Change(match cx.choose(10) {
            0..=3 => return Call::Get,
            4 | 5 => kv::Operation::Put { key: name, value },
            6 | 7 => kv::Operation::Append { key: name, value },
            8 => kv::Operation::CompareAndSet {
                key: name,
                expected: self.seen.get(&key).cloned().flatten(),
                value,
            },
            _ => kv::Operation::Delete { key: name },
        })
    }
}

fn key_bytes(key: u64) -> Bytes {
    Bytes::from(format!("k{key}").as_str())
}

fn input_of(key: u64, call: &Call) -> KvInput {
    let name = Value::from_bytes(&key_bytes(key));
    let text = |bytes: &Bytes| Value::from_bytes(bytes);
    match call {
        Call::Get => KvInput::get(name),
        Call::Change(operation) => match operation {
            kv::Operation::Put { value, .. } => KvInput::put(name, text(value)),
            kv::Operation::Append { value, .. } => KvInput::append(name, text(value)),
            kv::Operation::CompareAndSet {
                expected, value, ..
            } => {
                let expected = expected.as_ref().map_or(Value::Nil, text);
                KvInput::cas(name, expected, text(value))
            }
            kv::Operation::Delete { .. } => KvInput::delete(name),
        },
    }
}

impl Workload<Kv> for Clients {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Kv>) {
        (0..self.clients.len()).for_each(|number| self.rest(number, cx));
    }

    fn on_event(&mut self, node: NodeId, event: Event, cx: &mut WorkloadContext<'_, Kv>) {
        if let Err(violation) = self.answers.heard(node, &event) {
            cx.violate(violation);
        }
        match event {
            Event::Done { id, reply } => {
                if let Some(number) = self.current(id.0) {
                    self.answered(number, reply, cx);
                }
            }
            Event::Rejected { id, rejection } => {
                if let Some(number) = self.current(id.0) {
                    self.rejected(number, rejection, cx);
                }
            }
            Event::Refused {
                request, leader, ..
            } => {
                if let Some(number) = self.current(request.id.0) {
                    self.retry(number, leader, cx);
                }
            }
            Event::Lost { id } => {
                if let Some(number) = self.current(id.0) {
                    self.retry(number, None, cx);
                }
            }
            Event::Unknown { id } => {
                if let Some(number) = self.current(id.0) {
                    self.doubt(number);
                    self.retry(number, None, cx);
                }
            }
            Event::Leader { .. } => {}
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Kv>) {
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
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        match &client.state {
            State::Resting => self.begin(number, cx),
            State::Busy(busy) if busy.is_backing_off => self.ask(number, cx),
            State::Busy(_) => {
                self.doubt(number);
                self.retry(number, None, cx);
            }
        }
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Kv>) {
        self.answers.crashed(node);
        for number in 0..self.clients.len() {
            let waits = self.clients.get(number).is_some_and(|client| {
                let asked = matches!(&client.state, State::Busy(busy) if !busy.is_backing_off);
                asked && client.node == node
            });
            if waits {
                self.doubt(number);
                self.retry(number, None, cx);
            }
        }
    }

    fn on_heal(&mut self, cx: &mut WorkloadContext<'_, Kv>) {
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
