//! The store as a process: a Raft node inside, and a state machine fed by it.
//!
//! The store adds no message and no record of its own: what Raft sends and persists goes out as it
//! is. It turns requests into proposals and reads, applies what is committed, and turns Raft's
//! answers into replies.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem;

use raft_core::{Index, Outcome, Raft};
use transport::{
    Bytes, Context, Effect, Effects, Input, Process, Recover, RequestId, Stored, Time, Token,
};

use crate::{Applied, Ask, Command, Config, Event, Machine, Refusal, Request};

/// One node of the replicated store. See the crate page for a whole run.
///
/// It holds the log, the machine and the waiting requests in memory; a step costs what its inputs
/// weigh, and applying a command O(log keys).
///
/// ```
/// use kv::{Config, Kv};
/// use transport::{NodeId, Recover};
/// let raft = raft_core::Config::new(NodeId(1), [NodeId(1)]).unwrap();
/// let kv = Kv::recover(&Config::new(raft), vec![]).unwrap();
/// assert_eq!(kv.machine().keys_len(), 0);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Kv {
    raft: Raft<Command>,
    machine: Machine,
    /// The outbox of the Raft node, empty between steps.
    effects: Effects<Raft<Command>>,
    /// The requests that Raft holds.
    pending: BTreeMap<RequestId, Pending>,
    /// What the commands applied in this step gave, in index order; empty between steps.
    results: Vec<(Index, Applied)>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Pending {
    Write,
    Read { key: Bytes },
}

impl Kv {
    /// The Raft node inside.
    #[must_use]
    pub const fn raft(&self) -> &Raft<Command> {
        &self.raft
    }

    /// The state that the committed log has led to.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How many requests wait for an answer: never more than the Raft node's `requests_max`.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }
}

impl Process for Kv {
    type Message = raft_core::Message<Command>;
    type Request = Request;
    type Event = Event;
    type Record = raft_core::Record<Command>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let input = match input {
            Input::Start => Input::Start,
            Input::Message { from, message } => Input::Message { from, message },
            Input::Durable(token) => Input::Durable(token),
            Input::Wake => Input::Wake,
            Input::Request(request) => match self.admit(request) {
                Ok(request) => Input::Request(request),
                Err(refused) => return cx.emit_early(refused),
            },
        };
        let mut effects = mem::take(&mut self.effects);
        cx.nested(&mut effects, |cx| self.raft.step(input, cx));
        for effect in effects.drain() {
            match effect {
                Effect::Emit { event, after } => self.on_raft_event(event, after, cx),
                Effect::Send { to, message, after } => {
                    cx.send_after(to, message, after);
                }
                Effect::Persist { token, record } => cx.forward(Effect::Persist { token, record }),
                Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                } => cx.forward(Effect::Checkpoint {
                    token,
                    record,
                    keep_from,
                }),
            }
        }
        self.effects = effects;
        self.results.clear();
        debug_assert_eq!(
            self.machine.applied(),
            self.raft.commit(),
            "applied what is committed"
        );
    }

    fn deadline(&self) -> Option<Time> {
        self.raft.deadline()
    }
}

impl Kv {
    /// Turns a request into one for Raft, and remembers it.
    fn admit(&mut self, request: Request) -> Result<raft_core::Request<Command>, Event> {
        let id = request.id;
        if let Some(refusal) = self.refusal(&request) {
            return Err(Event::Refused {
                request,
                leader: self.raft.leader(),
                refusal,
            });
        }
        let (request, pending) = match request.ask {
            Ask::Get { key } => (raft_core::Request::Read { id }, Pending::Read { key }),
            Ask::Open => {
                let command = Command::Open;
                (raft_core::Request::Propose { id, command }, Pending::Write)
            }
            Ask::Execute {
                session,
                sequence,
                operation,
            } => {
                let command = Command::Execute {
                    session,
                    sequence,
                    operation,
                };
                (raft_core::Request::Propose { id, command }, Pending::Write)
            }
        };
        self.pending.insert(id, pending);
        Ok(request)
    }

    /// Why this node does not even ask Raft. What could only be rejected later must not fill the
    /// logs of all nodes first.
    fn refusal(&self, request: &Request) -> Option<Refusal> {
        if self.pending.contains_key(&request.id) {
            return Some(Refusal::RepeatedId);
        }
        let limits = self.machine.limits();
        let (key, value) = match &request.ask {
            Ask::Open => return None,
            Ask::Get { key } => (key, None),
            Ask::Execute { operation, .. } => (operation.key(), operation.longest_value()),
        };
        if key.len() > limits.key_bytes_max {
            let bytes_max = limits.key_bytes_max;
            return Some(Refusal::KeyTooLong { bytes_max });
        }
        if value.is_some_and(|value| value.len() > limits.value_bytes_max) {
            let bytes_max = limits.value_bytes_max;
            return Some(Refusal::ValueTooLong { bytes_max });
        }
        None
    }

    fn on_raft_event(
        &mut self,
        event: raft_core::Event<Command>,
        after: Token,
        cx: &mut Context<'_, Self>,
    ) {
        let event = match event {
            raft_core::Event::Committed(batch) => {
                // Without a waiting request nobody asks for the results: on followers, for example.
                let wanted = !self.pending.is_empty();
                let results = &mut self.results;
                self.machine.apply_batch(&batch, |index, applied| {
                    if wanted {
                        results.push((index, applied));
                    }
                });
                return;
            }
            raft_core::Event::Proposed { id, outcome } => {
                self.pending.remove(&id);
                self.proposal_ended(id, outcome)
            }
            raft_core::Event::Readable { id, .. } => {
                let Some(Pending::Read { key }) = self.pending.remove(&id) else {
                    return;
                };
                let value = self.machine.get(&key).cloned();
                let reply = crate::Reply::Value { value };
                Event::Done { id, reply }
            }
            raft_core::Event::Refused {
                request,
                leader,
                refusal,
            } => {
                let id = request.id();
                let Some(pending) = self.pending.remove(&id) else {
                    return;
                };
                let ask = match (request, pending) {
                    (raft_core::Request::Propose { command, .. }, _) => ask_again(command),
                    (raft_core::Request::Read { .. }, Pending::Read { key }) => Ask::Get { key },
                    (raft_core::Request::Read { .. }, Pending::Write) => return,
                };
                Event::Refused {
                    request: Request { id, ask },
                    leader,
                    refusal: Refusal::Raft(refusal),
                }
            }
            raft_core::Event::Leader { term, leader } => Event::Leader { term, leader },
        };
        cx.emit_after(event, after);
    }

    fn proposal_ended(&self, id: RequestId, outcome: Outcome) -> Event {
        match outcome {
            Outcome::Lost { .. } => Event::Lost { id },
            Outcome::Unknown { .. } => Event::Unknown { id },
            // Raft hands over a committed batch in the same step, before the proposals in it end.
            Outcome::Committed { index, .. } => {
                let result = self
                    .results
                    .binary_search_by_key(&index, |&(index, _)| index)
                    .ok()
                    .and_then(|place| self.results.get(place));
                match result {
                    Some((_, Ok(reply))) => Event::Done {
                        id,
                        reply: reply.clone(),
                    },
                    Some((_, Err(rejection))) => Event::Rejected {
                        id,
                        rejection: *rejection,
                    },
                    None => Event::Unknown { id },
                }
            }
        }
    }
}

fn ask_again(command: Command) -> Ask {
    match command {
        Command::Open => Ask::Open,
        Command::Execute {
            session,
            sequence,
            operation,
        } => Ask::Execute {
            session,
            sequence,
            operation,
        },
    }
}

impl Recover for Kv {
    type Config = Config;
    type Error = raft_core::RecoverError;

    fn recover(
        config: &Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, raft_core::RecoverError> {
        Ok(Self {
            raft: Raft::recover(config.raft(), records)?,
            machine: Machine::new(config),
            effects: Effects::new(),
            pending: BTreeMap::new(),
            results: Vec::new(),
        })
    }
}
