//! The store as a process: requests become operations, operations ask replicas, answers end them.
//!
//! # Inputs
//!
//! | input | does |
//! |---|---|
//! | start | a new incarnation, which must be durable before anybody is asked |
//! | request | refused, or a new operation: query all |
//! | query, update | the replica answers, once all it holds is durable |
//! | answer | counted in its operation, which may enter its second phase or end |
//! | durable | the own replica's answers up to there count |
//! | wake | operations ask again, or are given up |

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use transport::{
    Bytes, Context, Input, NodeId, Process, Recover, RequestId, Stored as StoredRecord, Time, Token,
};

use super::operation::{Members, Operation, Phase};
use super::record::{Durable, is_possible, is_possible_timestamp};
use super::replica::{OVERHEAD_BYTES, Replica, Stored, weight_bytes};
use super::{
    Answer, Config, Event, Message, OperationName, Record, RecoverError, Refusal, Request,
    Timestamp, Version, Wanted,
};

/// One node of the strong store: a replica, and the operations of its own clients.
///
/// A step costs O(log keys + members · log members), and what a checkpoint or the alarms that are due
/// cost. See the [module](super) for the rules.
///
/// ```
/// use consistency::strong::{Config, Event, Request, Store};
/// use quorum::QuorumSystem;
/// use transport::{
///     Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
/// };
///
/// // A store of one node, and a disk that syncs at once.
/// let quorums = QuorumSystem::majority([NodeId(1)])?;
/// let mut store = Store::recover(&Config::new(NodeId(1), quorums)?, vec![])?;
/// let (mut effects, mut choices) = (Effects::<Store>::new(), Scripted::default());
/// let (id, key) = (RequestId(1), "x".into());
/// let write = Request::Write { id, key, value: Some("a".into()) };
/// let mut events = vec![];
/// for input in [Input::Start, Input::Request(write)] {
///     let mut input = Some(input);
///     while let Some(next) = input.take() {
///         store.step(next, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
///         for effect in effects.drain() {
///             match effect {
///                 Effect::Persist { token, .. } => input = Some(Input::Durable(token)),
///                 Effect::Emit { event, .. } => events.push(event),
///                 _ => {}
///             }
///         }
///     }
/// }
/// assert!(matches!(&events[..], [Event::Written { timestamp, .. }] if timestamp.counter == 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Store {
    config: Config,
    incarnation: u64,
    is_started: bool,
    replica: Replica,
    /// By number.
    operations: BTreeMap<u64, Operation>,
    number_next: u64,
    ids: BTreeSet<RequestId>,
    /// When each operation asks again or is given up.
    alarms: BTreeSet<(Time, u64)>,
    /// What the own replica answers once the token is durable. Tokens do not fall.
    own_answers: VecDeque<(Token, u64, Answer)>,
    /// The record of this incarnation.
    born: Token,
    durable: Token,
    /// About what the records since the last checkpoint weigh.
    log_bytes: u64,
    changes: u64,
    ignored: u64,
}

impl Store {
    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The version that this node's replica holds. It may not be durable yet, and others may hold
    /// greater ones: a client reads with a [`Request`].
    #[must_use]
    pub fn version(&self, key: &[u8]) -> Option<&Version> {
        self.replica.version(key)
    }

    /// All that this node's replica holds, by key.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = (&Bytes, &Version)> {
        self.replica.iter()
    }

    /// How many operations wait for answers: never more than `operations_max`.
    #[must_use]
    pub fn operations_len(&self) -> usize {
        self.operations.len()
    }

    /// How many versions the replica has stored in this life.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// How many messages were ignored that no member of a store with this configuration can have sent.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }
}

impl Process for Store {
    type Message = Message;
    type Request = Request;
    type Event = Event;
    type Record = Record;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if !self.is_started {
            self.is_started = true;
            let number = self.incarnation;
            self.born = cx.persist(Record::Incarnation { number });
            self.log_bytes = self.log_bytes.saturating_add(OVERHEAD_BYTES);
        }
        match input {
            Input::Start => {}
            Input::Message { from, message } => self.on_message(from, message, cx),
            Input::Request(request) => self.on_request(request, cx),
            Input::Durable(token) => self.durable = self.durable.max(token),
            Input::Wake => self.on_wake(cx),
        }
        self.hear_own_replica(cx);
        self.checkpoint_if_due(cx);
        debug_assert_eq!(self.operations.len(), self.alarms.len(), "one alarm each");
        debug_assert_eq!(self.operations.len(), self.ids.len(), "one name each");
    }

    fn deadline(&self) -> Option<Time> {
        self.alarms.first().map(|&(alarm, _)| alarm)
    }
}

/// The replica.
impl Store {
    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        let place = self.config.place(from);
        let Some(place) = place.filter(|_| from != self.config.id()) else {
            return self.ignore();
        };
        // One absurd counter that is stored leaves no timestamp to any writer of the key.
        if !message.is_believable() {
            return self.ignore();
        }
        let (operation, answer) = match message {
            Message::Reply { operation, answer } => {
                // An operation of a former life: nobody waits for it.
                if operation.incarnation != self.incarnation {
                    return;
                }
                return self.on_answer(place, operation.number, answer, cx);
            }
            Message::Query {
                operation,
                key,
                wanted,
            } => {
                if key.len() > self.config.limits.key_bytes_max {
                    return self.ignore();
                }
                (operation, self.look_up(&key, wanted))
            }
            Message::Update {
                operation,
                key,
                version,
            } => {
                if !is_possible(self.config.limits, self.config.members(), &key, &version) {
                    return self.ignore();
                }
                let Some(answer) = self.keep(&key, &version, cx) else {
                    return self.ignore();
                };
                (operation, answer)
            }
        };
        // Gated: what is answered from, or was stored, survives a crash before anybody hears of it.
        cx.send(from, Message::Reply { operation, answer });
    }

    fn look_up(&self, key: &[u8], wanted: Wanted) -> Answer {
        match wanted {
            Wanted::Timestamp => Answer::Timestamp {
                timestamp: self.replica.timestamp(key),
                has_room: self.replica.has_room(key),
            },
            Wanted::Version => {
                Answer::Version(self.replica.version(key).cloned().unwrap_or_default())
            }
        }
    }

    /// Stores a version, with a record if it is new. `None`: another value has its timestamp.
    fn keep(
        &mut self,
        key: &Bytes,
        version: &Version,
        cx: &mut Context<'_, Self>,
    ) -> Option<Answer> {
        match self.replica.store(key, version) {
            Stored::Now => {
                self.changes = self.changes.saturating_add(1);
                let weight = weight_bytes(key, version);
                self.log_bytes = self.log_bytes.saturating_add(weight);
                let (key, version) = (key.clone(), version.clone());
                cx.persist(Record::Version { key, version });
                Some(Answer::Stored)
            }
            Stored::Before => Some(Answer::Stored),
            Stored::Full => Some(Answer::Full),
            Stored::Conflict => None,
        }
    }

    /// The own replica answers when all that it held then is durable.
    fn answer_myself(&mut self, number: u64, answer: Answer, cx: &Context<'_, Self>) {
        self.own_answers
            .push_back((cx.last_token(), number, answer));
    }

    fn hear_own_replica(&mut self, cx: &mut Context<'_, Self>) {
        let Some(place) = self.config.place(self.config.id()) else {
            return;
        };
        while let Some(&(after, ..)) = self.own_answers.front()
            && after <= self.durable
            && let Some((_, number, answer)) = self.own_answers.pop_front()
        {
            self.on_answer(place, number, answer, cx);
        }
    }

    fn checkpoint_if_due(&mut self, cx: &mut Context<'_, Self>) {
        let state_bytes = self.replica.weight_bytes();
        if self.log_bytes <= state_bytes.max(self.config.checkpoint_bytes_min) {
            return;
        }
        self.log_bytes = 0;
        let record = Record::Checkpoint {
            incarnation: self.incarnation,
            registers: self.replica.registers(),
        };
        // The state holds what every record so far says, so none is kept.
        let keep_from = cx.last_token().next();
        cx.checkpoint(record, keep_from);
    }

    const fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }
}

/// The operations.
impl Store {
    fn on_request(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if let Some(refusal) = self.refusal(&request) {
            return cx.emit_early(Event::Refused { request, refusal });
        }
        let number = self.number_next;
        self.number_next = number.saturating_add(1);
        let wanted = wanted(&request);
        let answer = self.look_up(request.key(), wanted);
        self.ids.insert(request.id());
        let operation = Operation::new(request, self.born, cx.now(), &self.config);
        self.alarms.insert((operation.alarm, number));
        self.operations.insert(number, operation);
        self.answer_myself(number, answer, cx);
        self.ask(number, cx);
    }

    /// Why a request is refused before anything is done for it.
    fn refusal(&self, request: &Request) -> Option<Refusal> {
        let operations_max = self.config.operations_max;
        let limits = self.replica.limits();
        let value = match request {
            Request::Read { .. } => None,
            Request::Write { value, .. } => value.as_ref(),
        };
        // A disk that hangs holds answers of operations that were given up long ago.
        let held = self.operations.len().max(self.own_answers.len());
        if self.ids.contains(&request.id()) {
            Some(Refusal::RepeatedId)
        } else if held >= operations_max {
            Some(Refusal::Overloaded { operations_max })
        } else if request.key().len() > limits.key_bytes_max {
            let bytes_max = limits.key_bytes_max;
            Some(Refusal::KeyTooLong { bytes_max })
        } else if value.is_some_and(|value| value.len() > limits.value_bytes_max) {
            let bytes_max = limits.value_bytes_max;
            Some(Refusal::ValueTooLong { bytes_max })
        } else if matches!(request, Request::Write { .. }) && !self.replica.has_room(request.key())
        {
            // The writer's own replica stores a version first.
            Some(Refusal::Full)
        } else {
            None
        }
    }

    /// Counts an answer, if it is to the phase that its operation is in.
    fn on_answer(&mut self, place: usize, number: u64, answer: Answer, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        match (operation.phase, answer) {
            (
                Phase::Query,
                Answer::Timestamp {
                    timestamp,
                    has_room,
                },
            ) if wanted(&operation.request) == Wanted::Timestamp
                && is_possible_timestamp(self.config.members(), timestamp) =>
            {
                operation.hear_timestamp(place, timestamp, has_room);
            }
            (Phase::Query, Answer::Version(version))
                if wanted(&operation.request) == Wanted::Version
                    && (version == Version::default()
                        || is_possible(
                            self.config.limits,
                            self.config.members(),
                            operation.request.key(),
                            &version,
                        )) =>
            {
                operation.hear_version(place, version);
            }
            (Phase::Update, Answer::Stored) => operation.answered.insert(place),
            (Phase::Update, Answer::Full) => operation.full.insert(place),
            // Of the earlier phase, or nonsense.
            _ => return,
        }
        self.advance(number, cx);
    }

    /// Ends the phase of an operation if its answers suffice.
    fn advance(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let (config, Some(operation)) = (&self.config, self.operations.get(&number)) else {
            return;
        };
        let Operation {
            answered, holders, ..
        } = *operation;
        if operation.phase == Phase::Update {
            if answered.is_write_quorum(config) {
                self.end_done(number, cx);
            } else if !operation.full.spares_a_write_quorum(config) {
                self.give_up(number, Refusal::Full, cx);
            }
            return;
        }
        match &operation.request {
            Request::Write { .. } => {
                let roomy = answered.without(operation.full);
                if !operation.full.spares_a_write_quorum(config) {
                    self.give_up(number, Refusal::Full, cx);
                } else if answered.is_read_quorum(config) && roomy.is_write_quorum(config) {
                    self.begin_write(number, cx);
                }
            }
            Request::Read { .. } => {
                if !answered.is_read_quorum(config) {
                    return;
                }
                let is_unwritten = operation.best.timestamp == Timestamp::ZERO;
                let is_held = !config.always_write_back && holders.is_write_quorum(config);
                if is_unwritten || is_held {
                    self.end_done(number, cx);
                } else {
                    self.begin_write_back(number, cx);
                }
            }
        }
    }

    fn begin_write(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        let Request::Write { key, value, .. } = &operation.request else {
            return;
        };
        let (key, value) = (key.clone(), value.clone());
        // Also above the writes of this node that nobody else has heard of yet.
        let highest = operation.best.timestamp.max(self.replica.timestamp(&key));
        let Some(timestamp) = highest.above(self.config.id()) else {
            return self.give_up(number, Refusal::TimestampsUsedUp, cx);
        };
        let version = Version { timestamp, value };
        let Some(Answer::Stored) = self.keep(&key, &version, cx) else {
            return self.give_up(number, Refusal::Full, cx);
        };
        // Nobody hears of the timestamp before its record is durable.
        let gate = cx.last_token();
        self.begin_update(number, version, Members::NONE, gate, cx);
        self.answer_myself(number, Answer::Stored, cx);
        self.ask(number, cx);
    }

    fn begin_write_back(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        let (key, version) = (operation.request.key().clone(), operation.best.clone());
        let holders = if self.config.always_write_back {
            Members::NONE
        } else {
            operation.holders
        };
        // The version is durable with whoever told of it: it may leave at once.
        self.begin_update(number, version.clone(), holders, self.born, cx);
        let own_place = self.config.place(self.config.id());
        if own_place.is_some_and(|place| !holders.contains(place))
            && let Some(answer) = self.keep(&key, &version, cx)
        {
            self.answer_myself(number, answer, cx);
        }
        self.ask(number, cx);
    }

    fn begin_update(
        &mut self,
        number: u64,
        version: Version,
        holders: Members,
        gate: Token,
        cx: &Context<'_, Self>,
    ) {
        if let Some(operation) = self.operations.get_mut(&number) {
            operation.begin_update(version, holders, gate);
            self.alarms.remove(&(operation.alarm, number));
            operation.wait_ns = self.config.resend_after_ns;
            operation.wait(cx.now(), &self.config);
            self.alarms.insert((operation.alarm, number));
        }
    }

    /// Asks every other member that has not answered this phase.
    fn ask(&self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        let name = OperationName {
            incarnation: self.incarnation,
            number,
        };
        for (place, &to) in self.config.members().iter().enumerate() {
            if to == self.config.id() || operation.answered.contains(place) {
                continue;
            }
            let key = operation.request.key().clone();
            let message = match operation.phase {
                Phase::Query => Message::Query {
                    operation: name,
                    key,
                    wanted: wanted(&operation.request),
                },
                Phase::Update => Message::Update {
                    operation: name,
                    key,
                    version: operation.best.clone(),
                },
            };
            // The records of this node that others do not depend on need not be waited for.
            cx.send_after(to, message, operation.gate);
        }
    }

    fn on_wake(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        while let Some(&(alarm, number)) = self.alarms.first()
            && alarm <= now
        {
            let Some(operation) = self.operations.get_mut(&number) else {
                self.alarms.remove(&(alarm, number));
                continue;
            };
            if operation.give_up <= now {
                self.give_up(number, Refusal::NoQuorum, cx);
            } else {
                self.alarms.remove(&(alarm, number));
                operation.wait(now, &self.config);
                self.alarms.insert((operation.alarm, number));
                self.ask(number, cx);
            }
        }
    }

    fn end_done(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.take(number) else {
            return;
        };
        let version = operation.best;
        // Early: it is durable at a write quorum, whatever becomes of this node.
        cx.emit_early(match operation.request {
            Request::Read { id, key } => Event::Read { id, key, version },
            Request::Write { id, key, .. } => Event::Written {
                id,
                key,
                timestamp: version.timestamp,
            },
        });
    }

    /// Ends an operation that cannot go on, or has gone on for too long.
    fn give_up(&mut self, number: u64, refusal: Refusal, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.take(number) else {
            return;
        };
        let request = operation.request;
        let is_stored = operation.phase == Phase::Update;
        cx.emit_early(match request {
            Request::Write { id, .. } if is_stored => Event::Unknown { id },
            request => Event::Refused { request, refusal },
        });
    }

    fn take(&mut self, number: u64) -> Option<Operation> {
        let operation = self.operations.remove(&number)?;
        self.ids.remove(&operation.request.id());
        self.alarms.remove(&(operation.alarm, number));
        Some(operation)
    }
}

const fn wanted(request: &Request) -> Wanted {
    match request {
        Request::Read { .. } => Wanted::Version,
        Request::Write { .. } => Wanted::Timestamp,
    }
}

impl Recover for Store {
    type Config = Config;
    type Error = RecoverError;

    fn recover(config: &Config, records: Vec<StoredRecord<Record>>) -> Result<Self, RecoverError> {
        let durable = Durable::fold(config.limits, config.members(), records)?;
        let incarnation = durable.incarnation.checked_add(1);
        let incarnation = incarnation.filter(|&number| number <= OperationName::INCARNATION_MAX);
        Ok(Self {
            config: config.clone(),
            incarnation: incarnation.ok_or(RecoverError::IncarnationsUsedUp)?,
            is_started: false,
            replica: durable.replica,
            operations: BTreeMap::new(),
            number_next: 0,
            ids: BTreeSet::new(),
            alarms: BTreeSet::new(),
            own_answers: VecDeque::new(),
            born: Token::NONE,
            durable: Token::NONE,
            log_bytes: durable.log_bytes,
            changes: 0,
            ignored: 0,
        })
    }
}
