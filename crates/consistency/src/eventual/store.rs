//! The store as a process: requests, messages, records and time come in; answers go out.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use clocks::ClockError;
use transport::{Bytes, Context, Input, NodeId, Process, Recover, RequestId, Stored, Time, Token};

use super::exchange::{self, Page};
use super::record;
use super::table::Table;
use super::versions::CLAIM_MAX;
use super::{
    CausalContext, Config, Content, Event, KeyVersions, Message, Part, Record, RecoverError,
    Refusal, Reply, Request, Span, Versions,
};

/// One replica of the eventually consistent store. See the module page for its rules and a run.
///
/// It holds all keys in memory; a request costs O(log keys + members + bytes of the key's siblings).
///
/// ```
/// use consistency::eventual::{Config, EventualStore};
/// use transport::{NodeId, Recover};
/// let config = Config::new(NodeId(0), [0, 1, 2].map(NodeId)).unwrap();
/// let store = EventualStore::recover(&config, vec![]).unwrap();
/// assert_eq!(store.keys_len(), 0);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EventualStore {
    config: Config,
    table: Table,
    /// When to compare with a peer next.
    exchange_at: Option<Time>,
    /// Keys changed since the last checkpoint.
    changes: usize,
    /// The newest record of this replica: what answers and messages wait for, and nothing that a
    /// wrapper writes.
    newest: Token,
    /// Every record up to here is durable.
    durable: Token,
    /// Requests whose answers wait for the disk, in the order of their tokens.
    waiting: VecDeque<(Token, RequestId)>,
    /// The names of the same requests.
    waiting_ids: BTreeSet<RequestId>,
    messages_refused: u64,
    messages_shed: u64,
}

impl EventualStore {
    /// The versions of a key at this replica, those included that are not durable yet; `None`: it
    /// was never written, as far as this replica knows. O(log keys).
    #[must_use]
    pub fn versions(&self, key: &[u8]) -> Option<&Versions> {
        self.table.get(key)
    }

    /// All keys with their versions, in order, deleted ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Versions)> {
        self.table.iter()
    }

    /// How many keys this replica holds, deleted ones included: never more than members ×
    /// `keys_max`.
    #[must_use]
    pub fn keys_len(&self) -> usize {
        self.table.len()
    }

    /// How many keys this node has given a dot for: never more than `keys_max`.
    #[must_use]
    pub const fn keys_written(&self) -> usize {
        self.table.written_len()
    }

    /// How many answers wait for the disk: never more than `requests_max`.
    #[must_use]
    pub fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// How many messages, or keys in them, were refused because no member could have sent them.
    #[must_use]
    pub const fn messages_refused(&self) -> u64 {
        self.messages_refused
    }

    /// How many messages were dropped because the disk was too far behind.
    #[must_use]
    pub const fn messages_shed(&self) -> u64 {
        self.messages_shed
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }
}

impl Process for EventualStore {
    type Message = Message;
    type Request = Request;
    type Event = Event;
    type Record = Record;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start => self.schedule(cx),
            Input::Message { from, message } => self.on_message(from, message, cx),
            Input::Request(request) => self.on_request(request, cx),
            Input::Durable(token) => self.on_durable(token),
            Input::Wake => self.on_wake(cx),
        }
        self.checkpoint(cx);
        debug_assert_eq!(self.waiting.len(), self.waiting_ids.len(), "one name each");
        debug_assert!(
            self.keys_written() <= self.table.len(),
            "written keys are held"
        );
    }

    fn deadline(&self) -> Option<Time> {
        self.exchange_at
    }
}

// Requests.
impl EventualStore {
    fn on_request(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let id = request.id();
        match self.perform(&request, cx) {
            // A read waits for the disk too: it may show a write that is not durable yet.
            Ok(reply) => {
                cx.emit_after(Event::Done { id, reply }, self.newest);
                self.await_disk(id);
            }
            Err(refusal) => cx.emit_early(Event::Refused { request, refusal }),
        }
    }

    fn perform(&mut self, request: &Request, cx: &mut Context<'_, Self>) -> Result<Reply, Refusal> {
        self.check(request)?;
        let (slot, key) = (self.config.slot(), request.key());
        let held = self.table.get(key);
        let mut versions = match held {
            Some(versions) => versions.clone(),
            None => Versions::new(self.config.members().len()).map_err(refusal)?,
        };
        let (dot, has_changed) = match request {
            Request::Get { .. } => (None, false),
            Request::Put { value, context, .. } => {
                self.check_room(key, &versions, context)?;
                let value = value.clone();
                let dot = versions.put(slot, context.clock(), value);
                (Some(dot.map_err(refusal)?), true)
            }
            Request::Delete { context, .. } if held.is_none() && !context.is_empty() => {
                // A key that this node learns of through a client counts as written here.
                self.check_keys(key)?;
                let dot = versions.delete_with_dot(slot, context.clock());
                (Some(dot.map_err(refusal)?), true)
            }
            Request::Delete { context, .. } => {
                let has_changed = versions.delete(context.clock());
                (None, has_changed.map_err(refusal)?)
            }
        };
        let key = key.clone();
        let item = KeyVersions { key, versions };
        if has_changed {
            self.hold(&item, dot.is_some());
            let record = match dot {
                Some(_) => Record::Written(item.clone()),
                None => Record::Changed(vec![item.clone()]),
            };
            self.persist(record, 1, cx);
            self.replicate(&item, cx);
        }
        Ok(match (request, dot) {
            (Request::Get { .. }, _) => Reply::Found { item },
            (Request::Put { .. }, Some(dot)) => Reply::Written { dot, item },
            (Request::Put { .. } | Request::Delete { .. }, _) => Reply::Deleted { item },
        })
    }

    /// Why a request is not even tried.
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let config = &self.config;
        if self.waiting_ids.contains(&request.id()) {
            return Err(Refusal::RepeatedId);
        }
        if self.waiting.len() >= config.requests_max {
            let requests_max = config.requests_max;
            return Err(Refusal::Overloaded { requests_max });
        }
        if request.key().len() > config.key_bytes_max {
            let bytes_max = config.key_bytes_max;
            return Err(Refusal::KeyTooLong { bytes_max });
        }
        if let Request::Put { value, .. } = request
            && value.len() > config.value_bytes_max
        {
            let bytes_max = config.value_bytes_max;
            return Err(Refusal::ValueTooLong { bytes_max });
        }
        request
            .context()
            .map_or(Ok(()), |context| self.check_context(request.key(), context))
    }

    /// A context from another replica may be ahead of this one, but not in what this node has
    /// written itself: such a number was never given out.
    fn check_context(&self, key: &[u8], context: &CausalContext) -> Result<(), Refusal> {
        if !context.is_of(key) {
            return Err(Refusal::ContextOfAnotherKey);
        }
        let context = context.clock();
        if context.epoch() != 0 {
            let epoch = context.epoch();
            return Err(Refusal::ContextOfAnotherEpoch { epoch });
        }
        let (slots, members) = (context.slots(), self.config.members().len());
        if slots != 0 && slots != members {
            return Err(Refusal::ContextWidth { slots, members });
        }
        let held = self.table.get(key).map(Versions::context);
        for (slot, claimed) in context.iter() {
            let known = held.map_or(0, |clock| clock.get(slot));
            let claim_max = if slot == self.config.slot() {
                0
            } else {
                CLAIM_MAX
            };
            if claimed > claim_max.max(known) {
                return Err(Refusal::ContextUnknown {
                    slot,
                    claimed,
                    known,
                });
            }
        }
        Ok(())
    }

    fn check_room(
        &self,
        key: &[u8],
        versions: &Versions,
        context: &CausalContext,
    ) -> Result<(), Refusal> {
        let siblings_max = self.config.siblings_max;
        if versions.unseen_by(context.clock()) >= siblings_max {
            return Err(Refusal::TooManySiblings { siblings_max });
        }
        self.check_keys(key)
    }

    /// A node's first write of a key takes one of its places for keys.
    fn check_keys(&self, key: &[u8]) -> Result<(), Refusal> {
        let keys_max = self.config.keys_max;
        let is_first = !self.table.is_written(key);
        let is_full =
            self.table.get(key).is_none() && self.table.len() >= self.config.all_keys_max();
        if is_full || is_first && self.keys_written() >= keys_max {
            return Err(Refusal::TooManyKeys { keys_max });
        }
        Ok(())
    }

    /// The answer just emitted may have to wait.
    fn await_disk(&mut self, id: RequestId) {
        if self.newest > self.durable {
            self.waiting.push_back((self.newest, id));
            self.waiting_ids.insert(id);
        }
    }

    fn on_durable(&mut self, token: Token) {
        self.durable = self.durable.max(token);
        while let Some(&(gate, id)) = self.waiting.front()
            && gate <= self.durable
        {
            self.waiting.pop_front();
            self.waiting_ids.remove(&id);
        }
    }
}

const fn refusal(error: ClockError) -> Refusal {
    match error {
        ClockError::UnknownSlot { slots, .. } | ClockError::TooManySlots { slots, .. } => {
            Refusal::ContextWidth {
                slots,
                members: slots,
            }
        }
        ClockError::EpochMismatch { other: epoch, .. } => Refusal::ContextOfAnotherEpoch { epoch },
        _ => Refusal::CounterExhausted,
    }
}

// State and log.
impl EventualStore {
    /// Takes new versions of a key into the table.
    fn hold(&mut self, item: &KeyVersions, has_own_dot: bool) {
        let (key, versions) = (item.key.clone(), item.versions.clone());
        self.table.set(key, versions, has_own_dot);
    }

    /// Writes down what the table already holds. The first record is a checkpoint: it names the
    /// members.
    fn persist(&mut self, record: Record, count: usize, cx: &mut Context<'_, Self>) {
        if self.newest == Token::NONE {
            return self.write_checkpoint(cx);
        }
        self.changes = self.changes.saturating_add(count);
        self.newest = cx.persist(record);
    }

    /// Replaces the log once it says as much as the table and more: so it stays within twice the
    /// table, and writing checkpoints costs no more than writing the log.
    fn checkpoint(&mut self, cx: &mut Context<'_, Self>) {
        let due = self.config.checkpoint_changes.max(self.table.len());
        if self.changes >= due {
            self.write_checkpoint(cx);
        }
    }

    fn write_checkpoint(&mut self, cx: &mut Context<'_, Self>) {
        self.changes = 0;
        let record = Record::Checkpoint {
            members: self.config.members().to_vec(),
            written: self.table.to_vec(true),
            learned: self.table.to_vec(false),
        };
        let itself = cx.last_token().next();
        self.newest = cx.checkpoint(record, itself);
    }
}

// Replication and repair.
impl EventualStore {
    /// Tells every peer, at once but for the disk. What is lost on the way, repair brings.
    fn replicate(&self, item: &KeyVersions, cx: &mut Context<'_, Self>) {
        for peer in self.config.peers() {
            let items = vec![item.clone()];
            let is_answer_wanted = false;
            let message = Message::Versions {
                items,
                is_answer_wanted,
            };
            cx.send_after(peer, message, self.newest);
        }
    }

    fn schedule(&mut self, cx: &mut Context<'_, Self>) {
        let interval_ns = self.config.exchange_interval_ns;
        self.exchange_at = self.config.peer(0).map(|_| {
            let extra_ns = cx.choose(interval_ns / 2 + 1);
            cx.now().plus_nanos(interval_ns).plus_nanos(extra_ns)
        });
    }

    /// Opens an exchange with a peer drawn at random: one part, the sum of everything.
    fn on_wake(&mut self, cx: &mut Context<'_, Self>) {
        if self.exchange_at.is_none_or(|due| cx.now() < due) {
            return;
        }
        self.schedule(cx);
        let peers = self.config.members().len().saturating_sub(1);
        let number = usize::try_from(cx.choose(peers as u64)).unwrap_or(0);
        if let Some(peer) = self.config.peer(number) {
            let span = Span::all();
            let content = Content::Sum(self.table.fingerprint(&span));
            let parts = vec![Part { span, content }];
            cx.send_after(peer, Message::Compare { parts }, self.newest);
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if !self.config.is_peer(from) {
            self.messages_refused = self.messages_refused.saturating_add(1);
            return;
        }
        // Records and gated answers must not pile up without end when the disk hangs.
        let behind = self.newest.0.saturating_sub(self.durable.0);
        if behind > self.config.requests_max as u64 {
            self.messages_shed = self.messages_shed.saturating_add(1);
            return;
        }
        match message {
            Message::Versions {
                items,
                is_answer_wanted,
            } => self.on_versions(from, items, is_answer_wanted, cx),
            Message::Compare { parts } => self.on_compare(from, &parts, cx),
        }
    }

    fn on_versions(
        &mut self,
        from: NodeId,
        items: Vec<KeyVersions>,
        is_answer_wanted: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let (mut changed, mut answer) = (Vec::new(), Page::default());
        for item in items {
            let Some(merged) = self.merged(&item) else {
                self.messages_refused = self.messages_refused.saturating_add(1);
                continue;
            };
            let key = item.key.clone();
            let ours = KeyVersions {
                key,
                versions: merged.versions,
            };
            if is_answer_wanted && ours.versions != item.versions {
                // What no longer fits is found by the next exchange.
                let _ = answer.push(ours.clone(), &self.config);
            }
            if merged.has_changed {
                self.hold(&ours, false);
                changed.push(ours);
            }
        }
        if !changed.is_empty() {
            let count = changed.len();
            self.persist(Record::Changed(changed), count, cx);
        }
        self.send_versions(from, answer, false, cx);
    }

    /// What this replica's versions become with these; `None`: no member could have sent them.
    fn merged(&self, item: &KeyVersions) -> Option<Merged> {
        let (key, theirs) = (&item.key, &item.versions);
        if !self.config.allows(key, theirs) {
            return None;
        }
        let held = self.table.get(key);
        let mut versions = match held {
            Some(versions) => versions.clone(),
            None => Versions::new(self.config.members().len()).ok()?,
        };
        let has_changed = versions.merge(theirs).ok()?;
        // Two states of members never join to more siblings than the limit; two lies may.
        if has_changed && !self.config.allows(key, &versions) {
            return None;
        }
        if has_changed && held.is_none() && !self.has_room() {
            return None;
        }
        Some(Merged {
            versions,
            has_changed,
        })
    }

    /// Whether the table takes a key that it does not hold. The other members together write at most
    /// their number × `keys_max`, so the places for this node's own keys stay free.
    fn has_room(&self) -> bool {
        let all_keys_max = self.config.all_keys_max();
        let others_max = all_keys_max.saturating_sub(self.config.keys_max);
        let others = self.table.len().saturating_sub(self.keys_written());
        self.table.len() < all_keys_max && others < others_max
    }

    fn on_compare(&mut self, from: NodeId, parts: &[Part], cx: &mut Context<'_, Self>) {
        if !exchange::is_sound(parts) {
            self.messages_refused = self.messages_refused.saturating_add(1);
            return;
        }
        let exchange::Answer { parts, page } = exchange::answer(&self.table, &self.config, parts);
        self.send_versions(from, page, true, cx);
        if !parts.is_empty() {
            cx.send_after(from, Message::Compare { parts }, self.newest);
        }
    }

    fn send_versions(
        &self,
        to: NodeId,
        page: Page,
        is_answer_wanted: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let items = page.into_items();
        if !items.is_empty() {
            let message = Message::Versions {
                items,
                is_answer_wanted,
            };
            cx.send_after(to, message, self.newest);
        }
    }
}

struct Merged {
    versions: Versions,
    has_changed: bool,
}

impl Recover for EventualStore {
    type Config = Config;
    type Error = RecoverError;

    fn recover(config: &Config, records: Vec<Stored<Record>>) -> Result<Self, RecoverError> {
        let changes = records.len();
        // What this node recovers from is durable without saying so.
        let tokens = records.iter().map(|stored| stored.token);
        let newest = tokens.max().unwrap_or(Token::NONE);
        let table = record::fold(config, records)?;
        Ok(Self {
            config: config.clone(),
            table,
            exchange_at: None,
            changes,
            newest,
            durable: newest,
            waiting: VecDeque::new(),
            waiting_ids: BTreeSet::new(),
            messages_refused: 0,
            messages_shed: 0,
        })
    }
}
