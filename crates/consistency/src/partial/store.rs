//! The store as a process: requests become operations, operations ask replicas, answers end them.
//!
//! # Inputs
//!
//! | input | does |
//! |---|---|
//! | start | a new incarnation, which must be durable before anybody is asked |
//! | write | refused, or stored here; sent to all when that is durable |
//! | read | refused, or asks all, or R of them |
//! | read or write from a member | the replica answers, once all it holds is durable |
//! | answer | counted in its operation: the R-th or W-th ends it for its client, the last ends it |
//! | durable | the own replica's answers up to there count |
//! | wake | operations ask again, or are given up |

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use transport::{
    Bytes, Context, Input, NodeId, Process, Recover, RequestId, Stored as StoredRecord, Time, Token,
};

use super::operation::Operation;
use super::{
    Answer, Asks, Config, Event, Message, OperationName, Record, RecoverError, Refusal, Request,
    Timestamp, Version,
};
use crate::strong::{Durable, Members, OVERHEAD_BYTES, Replica, Stored, is_possible, weight_bytes};

/// One node of the partial store: a replica, and the operations of its own clients.
///
/// A step costs O(log keys + members · log members), and what a checkpoint or the alarms that are due
/// cost. See the [module](super) for the rules and for what it promises.
///
/// ```
/// use consistency::partial::{Config, Event, Request, Store};
/// use transport::{
///     Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Time,
/// };
///
/// // Three replicas, one of which is enough: the node that is asked is one, and answers alone.
/// let config = Config::new(NodeId(1), [1, 2, 3].map(NodeId), 1, 1)?;
/// let mut store = Store::recover(&config, vec![])?;
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
    /// The greatest counter that this node has heard of, of any key.
    counter: u64,
    /// By number.
    operations: BTreeMap<u64, Operation>,
    number_next: u64,
    /// Of those whose client waits.
    ids: BTreeSet<RequestId>,
    /// Those whose client was answered.
    told: BTreeSet<u64>,
    /// When each operation asks again or is given up.
    alarms: BTreeSet<(Time, u64)>,
    /// What the own replica answers once the token is durable. Tokens do not fall.
    own_answers: VecDeque<(Token, u64, Answer)>,
    /// The record of this incarnation.
    born: Token,
    durable: Token,
    /// About what the records since the last checkpoint weigh.
    log_bytes: u64,
    ignored: u64,
}

impl Store {
    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The version that this node's replica holds. It may not be durable yet.
    #[must_use]
    pub fn version(&self, key: &[u8]) -> Option<&Version> {
        self.replica.version(key)
    }

    /// All that this node's replica holds, by key.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = (&Bytes, &Version)> {
        self.replica.iter()
    }

    /// How many operations there are, those included whose client was answered: never more than
    /// `operations_max`.
    #[must_use]
    pub fn operations_len(&self) -> usize {
        self.operations.len()
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
        debug_assert_eq!(
            self.operations.len(),
            self.ids.len() + self.told.len(),
            "a client waits, or was answered"
        );
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
        // One absurd counter that is believed leaves no timestamp to any writer.
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
            Message::Read { operation, key } => {
                if key.len() > self.config.limits.key_bytes_max {
                    return self.ignore();
                }
                (operation, self.look_up(&key))
            }
            Message::Write {
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

    fn look_up(&self, key: &[u8]) -> Answer {
        Answer::Version(self.replica.version(key).cloned().unwrap_or_default())
    }

    /// Stores a version, with a record if it is new. `None`: another value has its timestamp.
    fn keep(
        &mut self,
        key: &Bytes,
        version: &Version,
        cx: &mut Context<'_, Self>,
    ) -> Option<Answer> {
        self.counter = self.counter.max(version.timestamp.counter);
        match self.replica.store(key, version) {
            Stored::Now => {
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
        if self.operations.len() >= self.config.operations_max
            && let Some(&oldest) = self.told.first()
        {
            self.take(oldest);
        }
        let (version, answer, gate) = match &request {
            Request::Read { key, .. } => (Version::default(), self.look_up(key), self.born),
            Request::Write { key, value, .. } => {
                let heard = Timestamp {
                    counter: self.counter,
                    ..Timestamp::ZERO
                };
                let timestamp = heard.above(self.config.id());
                let version = timestamp.map(|timestamp| (timestamp, value.clone()));
                let Some((timestamp, value)) = version else {
                    let refusal = Refusal::TimestampsUsedUp;
                    return cx.emit_early(Event::Refused { request, refusal });
                };
                let version = Version { timestamp, value };
                let Some(answer) = self.keep(key, &version, cx) else {
                    let refusal = Refusal::TimestampsUsedUp;
                    return cx.emit_early(Event::Refused { request, refusal });
                };
                // Nobody hears of the timestamp before its record is durable.
                (version, answer, cx.last_token())
            }
        };
        let number = self.number_next;
        self.number_next = number.saturating_add(1);
        self.ids.insert(request.id());
        let is_read = matches!(request, Request::Read { .. });
        let mut operation = Operation::new(request, version, gate, cx.now(), &self.config);
        operation.asked = self.first_asked(is_read, cx);
        let asks_myself = self
            .config
            .place(self.config.id())
            .is_some_and(|place| operation.asked.contains(place));
        self.alarms.insert((operation.alarm, number));
        self.operations.insert(number, operation);
        if asks_myself {
            self.answer_myself(number, answer, cx);
        }
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
        let held = self.ids.len().max(self.own_answers.len());
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

    /// Whom an operation asks at first.
    fn first_asked(&self, is_read: bool, cx: &mut Context<'_, Self>) -> Members {
        let members = self.config.members().len();
        let mut asked = Members::NONE;
        if !is_read || self.config.asks == Asks::All {
            (0..members).for_each(|place| asked.insert(place));
            return asked;
        }
        // Each place is taken with what is left of R, out of what is left of N: any R alike.
        for place in 0..members {
            let wanted = self.config.read().saturating_sub(asked.len()) as u64;
            if cx.choose(members.saturating_sub(place) as u64) < wanted {
                asked.insert(place);
            }
        }
        asked
    }

    /// Counts the first answer of a member that was asked, if it is one to the question.
    fn on_answer(&mut self, place: usize, number: u64, answer: Answer, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        let has_answered = operation.answered.contains(place) || operation.full.contains(place);
        if !operation.asked.contains(place) || has_answered {
            return;
        }
        match answer {
            Answer::Version(version)
                if !operation.is_write()
                    && (version == Version::default()
                        || is_possible(
                            self.config.limits,
                            self.config.members(),
                            operation.request.key(),
                            &version,
                        )) =>
            {
                self.counter = self.counter.max(version.timestamp.counter);
                operation.hear(place, version);
            }
            Answer::Stored if operation.is_write() => operation.answered.insert(place),
            Answer::Full if operation.is_write() => operation.full.insert(place),
            // Nonsense.
            _ => return,
        }
        self.advance(number, cx);
    }

    /// Ends an operation if its answers suffice, for its client or altogether.
    fn advance(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        let is_write = operation.is_write();
        let wanted = if is_write {
            self.config.write()
        } else {
            self.config.read()
        };
        let roomy = self.config.members().len();
        let roomy = roomy.saturating_sub(operation.full.len());
        if !operation.is_told && operation.answered.len() >= wanted {
            operation.is_told = true;
            let event = done(operation);
            self.ids.remove(&operation.request.id());
            self.told.insert(number);
            cx.emit_early(event);
        } else if !operation.is_told && roomy < wanted {
            return self.give_up(number, cx);
        }
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        let goes_on = is_write || self.config.read_repair;
        if operation.is_told && (operation.is_complete() || !goes_on) {
            self.repair_and_end(number, cx);
        }
    }

    /// The last of an operation whose client was answered: a read may send what it found to those that
    /// lack it. Their answers find no operation.
    fn repair_and_end(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.take(number) else {
            return;
        };
        let stale = operation.answered.without(operation.holders);
        if operation.is_write() || !self.config.read_repair || stale.len() == 0 {
            return;
        }
        let (key, version) = (operation.request.key().clone(), operation.version);
        let operation = self.name(number);
        let own = self.config.place(self.config.id());
        if own.is_some_and(|own| stale.contains(own)) {
            self.keep(&key, &version, cx);
        }
        for (place, &to) in self.config.members().iter().enumerate() {
            if stale.contains(place) && to != self.config.id() {
                let (key, version) = (key.clone(), version.clone());
                let message = Message::Write {
                    operation,
                    key,
                    version,
                };
                // The version is durable with whoever told of it.
                cx.send_after(to, message, self.born);
            }
        }
    }

    /// Asks every other member that was to be asked and has not answered.
    fn ask(&self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else {
            return;
        };
        let name = self.name(number);
        let done = |place| operation.answered.contains(place) || operation.full.contains(place);
        for (place, &to) in self.config.members().iter().enumerate() {
            if to == self.config.id() || !operation.asked.contains(place) || done(place) {
                continue;
            }
            let key = operation.request.key().clone();
            let message = match operation.request {
                Request::Read { .. } => Message::Read {
                    operation: name,
                    key,
                },
                Request::Write { .. } => Message::Write {
                    operation: name,
                    key,
                    version: operation.version.clone(),
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
            if operation.is_told && (!operation.is_write() || operation.give_up <= now) {
                self.repair_and_end(number, cx);
            } else if operation.give_up <= now {
                self.give_up(number, cx);
            } else {
                self.alarms.remove(&(alarm, number));
                operation.wait(now, &self.config);
                self.alarms.insert((operation.alarm, number));
                self.ask_everybody(number, cx);
            }
        }
    }

    /// Asks again, now also those that were not drawn at first.
    fn ask_everybody(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let own = self.config.place(self.config.id());
        let Some((own, operation)) = own.zip(self.operations.get_mut(&number)) else {
            return;
        };
        let was_asked = operation.asked.contains(own);
        (0..self.config.members().len()).for_each(|place| operation.asked.insert(place));
        if !was_asked {
            let key = operation.request.key().clone();
            let answer = self.look_up(&key);
            self.answer_myself(number, answer, cx);
        }
        self.ask(number, cx);
    }

    /// Ends an operation that cannot go on, or has gone on for too long.
    fn give_up(&mut self, number: u64, cx: &mut Context<'_, Self>) {
        let Some(operation) = self.take(number) else {
            return;
        };
        let refusal = Refusal::NoQuorum;
        cx.emit_early(match operation.request {
            // It is stored here, and will be read.
            Request::Write { id, .. } => Event::Unknown { id },
            request @ Request::Read { .. } => Event::Refused { request, refusal },
        });
    }

    fn take(&mut self, number: u64) -> Option<Operation> {
        let operation = self.operations.remove(&number)?;
        if !self.told.remove(&number) {
            self.ids.remove(&operation.request.id());
        }
        self.alarms.remove(&(operation.alarm, number));
        Some(operation)
    }

    const fn name(&self, number: u64) -> OperationName {
        OperationName {
            incarnation: self.incarnation,
            number,
        }
    }
}

fn done(operation: &Operation) -> Event {
    let (key, version) = (operation.request.key().clone(), operation.version.clone());
    match operation.request {
        Request::Read { id, .. } => Event::Read { id, key, version },
        Request::Write { id, .. } => Event::Written {
            id,
            key,
            timestamp: version.timestamp,
        },
    }
}

impl Recover for Store {
    type Config = Config;
    type Error = RecoverError;

    fn recover(config: &Config, records: Vec<StoredRecord<Record>>) -> Result<Self, RecoverError> {
        let durable = Durable::fold(config.limits, config.members(), records)?;
        let incarnation = durable.incarnation.checked_add(1);
        let incarnation = incarnation.filter(|&number| number <= OperationName::INCARNATION_MAX);
        let counters = durable.replica.iter();
        let counters = counters.map(|(_, version)| version.timestamp.counter);
        Ok(Self {
            config: config.clone(),
            incarnation: incarnation.ok_or(RecoverError::IncarnationsUsedUp)?,
            is_started: false,
            counter: counters.max().unwrap_or(0),
            replica: durable.replica,
            operations: BTreeMap::new(),
            number_next: 0,
            ids: BTreeSet::new(),
            told: BTreeSet::new(),
            alarms: BTreeSet::new(),
            own_answers: VecDeque::new(),
            born: Token::NONE,
            durable: Token::NONE,
            log_bytes: durable.log_bytes,
            ignored: 0,
        })
    }
}
