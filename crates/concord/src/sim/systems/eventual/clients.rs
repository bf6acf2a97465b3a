//! The clients of the eventual store: they ask any node, with any context somebody was once shown.
//!
//! | a client | when | then |
//! |---|---|---|
//! | rests | its pause is over | asks a random node, if that is up, and waits |
//! | waits | answered, or its node crashed | writes down what it was shown, rests |
//!
//! A context is the newest that anybody was shown for the key, an older one, none, or rarely one of
//! another key, which must be refused; mostly from
//! another node than the one that is asked, which may be behind or ahead of it. Nobody ever asks
//! again or elsewhere: the store promises to answer where it is asked.
//!
//! Checked on every answer, by its client:
//! - the request was held there, and ends now for the first time;
//! - an acknowledged write is shown, unless it was replaced meanwhile, and nothing that a put or
//!   delete has seen is;
//! - a node never shows less of a key than it has shown before, also after a crash.
//!
//! How long the slowest answer took is told at the end; see [`Clients::late_answer`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use clocks::VectorClock;
use consistency::eventual::invariants::Ledger;
use consistency::eventual::{
    CausalContext, Event, EventualStore, Refusal, Reply, Request, Versions,
};
use simulator::{Violation, Workload, WorkloadContext};
use transport::{Bytes, NodeId, RequestId, Time};

use super::history::{Judged, Log};
use crate::sim::answers::Answers;
use crate::sim::seed::Case;
use crate::sim::system::nanos;
use crate::sim::tally::Tally;

/// Few keys, so that clients meet on them; one more than a small limit lets a node write.
const KEYS: u64 = 4;
/// Operations of each client after the last fault.
const OPERATIONS_AFTER_HEAL: u64 = 3;
/// How long replicas may take to become equal after the last write: ten times the longest exchange
/// interval and more.
const CONVERGENCE: Duration = Duration::from_secs(4);
/// The timer of the convergence; those of clients are below it.
const SETTLED: u64 = u64::MAX;
/// How long a node that neither pauses nor has a slow disk may take to answer: the sync under way
/// and the next one, of at most 2 ms each.
const ANSWER_MAX: Duration = Duration::from_micros(4_100);
/// How many lines of evidence a violation shows.
const EVIDENCE_MAX: usize = 40;

/// All clients of one run.
pub(crate) struct Clients {
    ledger: Rc<RefCell<Ledger>>,
    clients: Vec<Client>,
    answers: Answers,
    /// The requests without an answer.
    open: BTreeMap<RequestId, Open>,
    /// For each key every context that somebody was shown, oldest first.
    contexts: Vec<Vec<CausalContext>>,
    /// What each node last showed of each key.
    shown: BTreeMap<(NodeId, Bytes), VectorClock>,
    tally: Tally,
    pause_ns: u64,
    next_id: u64,
    /// What was asked and answered, in words, by key.
    log: Vec<(u64, String)>,
    /// The same for the checkers.
    seen: Log,
    slowest: Option<(Duration, String)>,
    is_settling: bool,
    is_settled: bool,
}

struct Client {
    /// Operations still to begin.
    left: u64,
    is_waiting: bool,
}

struct Open {
    client: usize,
    key: u64,
    node: NodeId,
    request: Request,
    asked_at: Time,
}

impl Clients {
    pub(crate) fn new(case: &Case, chaos: Duration, ledger: Rc<RefCell<Ledger>>) -> Self {
        let count = u64::from(case.clients.max(1));
        let each = case.operations.div_ceil(count);
        // The first clients take what does not divide evenly.
        let left = |number| case.operations / count + u64::from(number < case.operations % count);
        let clients = (0..count).map(|number| Client {
            left: left(number),
            is_waiting: false,
        });
        Self {
            ledger,
            clients: clients.collect(),
            answers: Answers::default(),
            open: BTreeMap::new(),
            contexts: (0..KEYS).map(|_| Vec::new()).collect(),
            shown: BTreeMap::new(),
            tally: Tally::default(),
            pause_ns: nanos(chaos) / each.max(1),
            next_id: 0,
            log: Vec::new(),
            seen: Log::default(),
            slowest: None,
            is_settling: false,
            is_settled: false,
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let open = self.open.len() as u64;
        let unknown = self.tally.unknown + open;
        Tally {
            unknown,
            ..self.tally
        }
    }

    /// The promise to answer without any other node, judged by the clock: a request to a node that
    /// is up ends within two syncs, in a partition too. To be asked only of a run in which no node
    /// paused and no disk was slow.
    pub(crate) fn late_answer(&self) -> Option<Violation> {
        let (took, what) = self.slowest.as_ref()?;
        (*took > ANSWER_MAX).then(|| {
            let detail = format!("an answer took {took:?}, with no pause and no slow disk: {what}");
            Violation::new("availability", detail)
        })
    }

    /// What the checkers say of what the nodes showed, key by key.
    pub(super) fn judged(&self) -> Judged {
        self.seen.judge(KEYS)
    }

    /// The operations which show that the store is not linearizable, if this run has any.
    pub(super) fn stale_read(&self) -> Option<Vec<String>> {
        self.seen.stale_read()
    }

    /// What was asked and answered about the keys that `detail` names.
    pub(crate) fn evidence(&self, detail: &str) -> Vec<String> {
        let named = |&(key, _): &&(u64, String)| detail.contains(&format!("k{key}"));
        let lines: Vec<&(u64, String)> = self.log.iter().filter(named).collect();
        let from = lines.len().saturating_sub(EVIDENCE_MAX);
        let newest = lines.iter().skip(from);
        newest.map(|(_, line)| line.clone()).collect()
    }

    /// Lets the client rest; about twice the mean pause at most.
    fn rest(&mut self, number: usize, cx: &mut WorkloadContext<'_, EventualStore>) {
        let pause_ns = if cx.is_healed() {
            cx.choose(1_000_000)
        } else {
            cx.choose(self.pause_ns.saturating_mul(2))
        };
        if let Some(client) = self.clients.get_mut(number) {
            client.is_waiting = false;
            cx.set_timer(Duration::from_nanos(pause_ns), number as u64);
        }
        self.settle(cx);
    }

    /// Once nobody has anything left to do after the last fault, waits for the replicas to agree.
    fn settle(&mut self, cx: &mut WorkloadContext<'_, EventualStore>) {
        let idle = |client: &Client| client.left == 0 && !client.is_waiting;
        if cx.is_healed() && !self.is_settling && self.clients.iter().all(idle) {
            self.is_settling = true;
            cx.set_timer(CONVERGENCE, SETTLED);
        }
    }

    fn begin(&mut self, number: usize, cx: &mut WorkloadContext<'_, EventualStore>) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        if client.left == 0 || client.is_waiting {
            return;
        }
        client.left -= 1;
        let count = cx.nodes().count() as u64;
        let node = NodeId(u32::try_from(cx.choose(count)).unwrap_or(0));
        let key = cx.choose(KEYS);
        let request = self.draw(key, cx);
        if !cx.request(node, request.clone()) {
            // A node that is down never heard of it.
            self.tally.failed += 1;
            return self.rest(number, cx);
        }
        if let Some(client) = self.clients.get_mut(number) {
            client.is_waiting = true;
        }
        self.ledger.borrow_mut().asked(&request);
        self.answers.asked(request.id(), node);
        let asked_at = cx.now();
        self.seen.asked(key, node, &request, asked_at.as_nanos());
        let open = Open {
            client: number,
            key,
            node,
            request,
            asked_at,
        };
        self.open.insert(open.request.id(), open);
    }

    fn draw(&mut self, key: u64, cx: &mut WorkloadContext<'_, EventualStore>) -> Request {
        self.next_id += 1;
        let id = RequestId(self.next_id);
        let name = Bytes::from(format!("k{key}").as_str());
        match cx.choose(10) {
            0..=3 => Request::Get { id, key: name },
            4..=7 => Request::Put {
                id,
                key: name,
                // Every value is written once.
                value: Bytes::from(format!("v{}", self.next_id).as_str()),
                context: self.draw_context(key, cx),
            },
            _ => Request::Delete {
                id,
                key: name,
                context: self.draw_context(key, cx),
            },
        }
    }

    /// The newest context that somebody was shown, an older one, or none.
    fn draw_context(&self, key: u64, cx: &mut WorkloadContext<'_, EventualStore>) -> CausalContext {
        // A client mixes up its keys.
        let key = if cx.choose(32) == 31 {
            cx.choose(KEYS)
        } else {
            key
        };
        let place = usize::try_from(key).unwrap_or(0);
        let known = self.contexts.get(place).map_or(&[][..], Vec::as_slice);
        let age = match cx.choose(8) {
            0..=4 => 0,
            5 | 6 => cx.choose(known.len() as u64),
            _ => return CausalContext::default(),
        };
        let age = usize::try_from(age).unwrap_or(0);
        known.iter().rev().nth(age).cloned().unwrap_or_default()
    }

    fn heard(&mut self, open: &Open, event: &Event, now: Time) -> Result<(), Violation> {
        let took = now.since(open.asked_at);
        let told = format!(
            "at {} ms {} was asked {:?} and told after {took:?}: {event:?}",
            open.asked_at.as_nanos() / 1_000_000,
            open.node,
            open.request,
        );
        if self.slowest.as_ref().is_none_or(|(most, _)| took > *most) {
            self.slowest = Some((took, told.clone()));
        }
        self.log.push((open.key, told));
        self.ledger.borrow_mut().answered(&open.request, event);
        let reply = match event {
            Event::Done { reply, .. } => reply,
            Event::Refused { refusal, .. } => {
                self.tally.failed += 1;
                self.seen.refused(open.request.id(), now.as_nanos());
                return check_refusal(&open.request, refusal);
            }
        };
        self.tally.ok += 1;
        self.seen.done(open.request.id(), reply, now.as_nanos());
        check_context(&open.request, true)?;
        check_reply(&open.request, reply)?;
        self.check_shown(open, reply.versions())?;
        let place = usize::try_from(open.key).unwrap_or(0);
        if let Some(contexts) = self.contexts.get_mut(place) {
            contexts.push(reply.context());
        }
        Ok(())
    }

    /// A node never shows less than it has shown before.
    fn check_shown(&mut self, open: &Open, versions: &Versions) -> Result<(), Violation> {
        let place = (open.node, open.request.key().clone());
        let now = versions.context().clone();
        let Some(before) = self.shown.insert(place, now.clone()) else {
            return Ok(());
        };
        if before <= now {
            return Ok(());
        }
        let (node, key) = (open.node, open.request.key());
        let detail = format!("{node} showed {now} of {key:?} after it had shown {before}");
        Err(Violation::new("shown-stays", detail))
    }
}

/// A context of another key is refused, and that for no other request.
fn check_context(request: &Request, is_done: bool) -> Result<(), Violation> {
    let is_own = request
        .context()
        .is_none_or(|context| context.is_of(request.key()));
    if is_done == is_own {
        return Ok(());
    }
    let told = if is_done { "taken" } else { "refused" };
    let detail = format!("the context of a request was {told}: {request:?}");
    Err(Violation::new("contexts-of-their-key", detail))
}

/// Clients hand back what they were shown, so of contexts only those of another key are refused.
fn check_refusal(request: &Request, refusal: &Refusal) -> Result<(), Violation> {
    match refusal {
        Refusal::ContextOfAnotherKey => check_context(request, false),
        Refusal::ContextUnknown { .. }
        | Refusal::ContextWidth { .. }
        | Refusal::ContextOfAnotherEpoch { .. } => {
            let detail = format!("{refusal}: {request:?}");
            Err(Violation::new("contexts-of-their-key", detail))
        }
        _ => Ok(()),
    }
}

/// An answer fits its request.
fn check_reply(request: &Request, reply: &Reply) -> Result<(), Violation> {
    let wrong = |what: &str| {
        let detail = format!("{what}: {request:?} was answered {reply:?}");
        Err(Violation::new("answers", detail))
    };
    let versions = reply.versions();
    let replaces_all = |context: &VectorClock, spared| {
        versions
            .siblings()
            .iter()
            .all(|sibling| Some(sibling.dot) == spared || !context.contains(sibling.dot))
    };
    match (request, reply) {
        (Request::Get { .. }, Reply::Found { .. }) => Ok(()),
        (Request::Put { value, context, .. }, Reply::Written { dot, .. }) => {
            let context = context.clock();
            let written = versions.sibling(*dot).map(|sibling| &sibling.value);
            if written != Some(value) {
                return wrong("a write does not show itself");
            }
            if !replaces_all(context, Some(*dot)) {
                return wrong("a write left what it replaces");
            }
            Ok(())
        }
        (Request::Delete { context, .. }, Reply::Deleted { .. }) => {
            let context = context.clock();
            if !replaces_all(context, None) {
                return wrong("a delete left what it removes");
            }
            Ok(())
        }
        _ => wrong("an answer to something else"),
    }
}

impl Workload<EventualStore> for Clients {
    fn start(&mut self, cx: &mut WorkloadContext<'_, EventualStore>) {
        (0..self.clients.len()).for_each(|number| self.rest(number, cx));
    }

    fn on_event(
        &mut self,
        node: NodeId,
        event: Event,
        cx: &mut WorkloadContext<'_, EventualStore>,
    ) {
        let id = match self.answers.heard(node, &event) {
            Ok(Some(id)) => id,
            Ok(None) => return,
            Err(violation) => return cx.violate(violation),
        };
        if let Some(open) = self.open.remove(&id) {
            if let Err(violation) = self.heard(&open, &event, cx.now()) {
                cx.violate(violation);
            }
            self.rest(open.client, cx);
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, EventualStore>) {
        if timer == SETTLED {
            self.is_settled = true;
            if let Err(violation) = self.answers.none_open() {
                cx.violate(violation);
            }
            return;
        }
        if let Ok(number) = usize::try_from(timer) {
            self.begin(number, cx);
        }
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, EventualStore>) {
        self.answers.crashed(node);
        let lost: Vec<RequestId> = self
            .open
            .iter()
            .filter(|(_, open)| open.node == node)
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            if let Some(open) = self.open.remove(&id) {
                self.tally.unknown += 1;
                let told = format!("{node} was asked {:?} and crashed", open.request);
                self.log.push((open.key, told));
                self.rest(open.client, cx);
            }
        }
    }

    fn on_heal(&mut self, cx: &mut WorkloadContext<'_, EventualStore>) {
        for number in 0..self.clients.len() {
            let Some(client) = self.clients.get_mut(number) else {
                continue;
            };
            client.left = OPERATIONS_AFTER_HEAL;
            if !client.is_waiting {
                self.rest(number, cx);
            }
        }
    }

    fn is_done(&self) -> bool {
        self.is_settled
    }
}
