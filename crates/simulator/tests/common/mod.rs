//! Two small processes for the tests: a durable counter, and a pinger.

#![allow(dead_code, reason = "each test binary uses a part of the fixtures")]
#![allow(unreachable_pub, reason = "a module of each test binary")]

use std::collections::BTreeSet;
use std::time::Duration;

use simulator::{
    Cluster, Episodes, Observer, Outcome, Settings, Simulated, Tape, Violation, Workload,
    WorkloadContext, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time, Token};

/// Counts requests, durably, and tells its peers now and then.
#[derive(Debug)]
pub struct Counter {
    pub nodes: u32,
    pub bug: Bug,
    pub total: u64,
    pub heard: u64,
    pub beat_at: Time,
    pub since_checkpoint: u64,
}

/// A planted mistake.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Bug {
    #[default]
    None,
    /// Answers before the record is durable.
    AnswersEarly,
    /// Fails to recover what it wrote.
    ForgetsToRecover,
    /// Refuses its own log.
    RefusesItsLog,
    /// Panics at the third request.
    Panics,
    /// Always wants to be woken.
    NeverSleeps,
    /// Names a record twice.
    RepeatsToken,
    /// Never answers.
    IsMute,
}

#[derive(Clone, Copy, Debug)]
pub struct CounterConfig {
    pub nodes: u32,
    pub bug: Bug,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CounterRecord {
    Add(u64),
    Total(u64),
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CounterEvent {
    Recovered { total: u64 },
    Added { total: u64, token: Token },
}

pub const BEAT: Duration = Duration::from_millis(20);

impl Process for Counter {
    type Message = u64;
    type Request = u64;
    type Event = CounterEvent;
    type Record = CounterRecord;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start => {
                cx.emit(CounterEvent::Recovered { total: self.total });
                self.beat_at = cx.now() + BEAT;
            }
            Input::Message { message, .. } => self.heard = self.heard.max(message),
            Input::Request(amount) => self.add(amount, cx),
            Input::Durable(_) => {}
            Input::Wake => {
                assert!(cx.now() >= self.beat_at, "woken early");
                self.beat_at = cx.now() + BEAT;
                if self.bug == Bug::NeverSleeps {
                    self.beat_at = cx.now();
                }
                (0..self.nodes).for_each(|peer| cx.send(NodeId(peer), self.total));
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.beat_at)
    }
}

impl Counter {
    fn add(&mut self, amount: u64, cx: &mut Context<'_, Self>) {
        self.total += amount;
        assert!(
            self.bug != Bug::Panics || self.total < 3,
            "three is too much"
        );
        let token = cx.persist(CounterRecord::Add(amount));
        self.since_checkpoint += 1;
        if self.since_checkpoint == 8 {
            self.since_checkpoint = 0;
            cx.checkpoint(CounterRecord::Total(self.total), token.next());
        }
        let added = CounterEvent::Added {
            total: self.total,
            token,
        };
        match self.bug {
            Bug::IsMute => {}
            Bug::AnswersEarly => cx.emit_early(added),
            Bug::RepeatsToken => cx.forward(transport::Effect::Persist {
                token,
                record: CounterRecord::Add(0),
            }),
            _ => cx.emit(added),
        }
    }
}

#[derive(Debug)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a counter's log")
    }
}

impl std::error::Error for Refused {}

impl Recover for Counter {
    type Config = CounterConfig;
    type Error = Refused;

    fn recover(
        config: &CounterConfig,
        records: Vec<Stored<CounterRecord>>,
    ) -> Result<Self, Refused> {
        if config.nodes == 0 || (config.bug == Bug::RefusesItsLog && !records.is_empty()) {
            return Err(Refused);
        }
        let mut total = 0;
        for (index, stored) in records.iter().enumerate() {
            match stored.record {
                CounterRecord::Add(amount) => total += amount,
                CounterRecord::Total(sum) if index == 0 => total = sum,
                // A checkpoint comes first or not at all.
                CounterRecord::Total(_) => return Err(Refused),
            }
        }
        if config.bug == Bug::ForgetsToRecover {
            total = 0;
        }
        Ok(Self {
            nodes: config.nodes,
            bug: config.bug,
            total,
            heard: 0,
            beat_at: Time::ZERO,
            since_checkpoint: 0,
        })
    }
}

/// One client per node adds `adds` ones, one after the other, and checks that no answered addition
/// is ever forgotten.
#[derive(Debug)]
pub struct Adders {
    pub adds: u64,
    pub think: Duration,
    pub clients: Vec<Adder>,
}

#[derive(Clone, Debug, Default)]
pub struct Adder {
    pub added: u64,
    pub acknowledged: u64,
    pub lives: u64,
    pub is_waiting: bool,
}

impl Adders {
    pub fn new(nodes: u32, adds: u64) -> Self {
        Self {
            adds,
            think: Duration::from_millis(10),
            clients: vec![Adder::default(); nodes as usize],
        }
    }

    fn next(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Counter>) {
        if self.clients[node.0 as usize].added < self.adds {
            cx.set_timer(self.think, u64::from(node.0));
        }
    }
}

impl Workload<Counter> for Adders {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Counter>) {
        let nodes: Vec<NodeId> = cx.nodes().collect();
        nodes.into_iter().for_each(|node| self.next(node, cx));
    }

    fn on_event(
        &mut self,
        node: NodeId,
        event: CounterEvent,
        cx: &mut WorkloadContext<'_, Counter>,
    ) {
        let client = &mut self.clients[node.0 as usize];
        match event {
            CounterEvent::Recovered { total } => {
                client.lives += 1;
                if total < client.acknowledged {
                    let detail = format!("{node} had {} and recovers {total}", client.acknowledged);
                    cx.violate(Violation::new("durability", detail));
                }
            }
            CounterEvent::Added { total, .. } => {
                client.acknowledged = total;
                client.added += 1;
                if !std::mem::take(&mut client.is_waiting) {
                    let detail = format!("{node} answers what was not asked in this life");
                    cx.violate(Violation::new("ghost", detail));
                }
                self.next(node, cx);
            }
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Counter>) {
        let node = NodeId(timer as u32);
        let is_waiting = &mut self.clients[timer as usize].is_waiting;
        if *is_waiting {
            return;
        }
        *is_waiting = cx.request(node, 1);
        if !*is_waiting {
            self.next(node, cx);
        }
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Counter>) {
        // The request it held, if any, is lost or not; ask again.
        self.clients[node.0 as usize].is_waiting = false;
        cx.set_timer(self.think, u64::from(node.0));
    }

    fn is_done(&self) -> bool {
        self.clients.iter().all(|client| client.added >= self.adds)
    }
}

pub const SECOND: u64 = 1_000_000_000;

pub fn episodes(gap_ms: u64, length_ms: u64) -> Option<Episodes> {
    Some(Episodes {
        gap_ns: gap_ms * 1_000_000,
        length_ns: length_ms * 1_000_000,
    })
}

pub fn count(settings: &Settings, bug: Bug, adds: u64, tape: Tape) -> Outcome {
    count_observed(settings, bug, adds, &mut (), tape)
}

pub fn count_observed<O: Observer<Counter>>(
    settings: &Settings,
    bug: Bug,
    adds: u64,
    observer: &mut O,
    tape: Tape,
) -> Outcome {
    let nodes = settings.nodes;
    let configs = vec![CounterConfig { nodes, bug }; nodes as usize];
    let mut workload = Adders::new(nodes, adds);
    run::<Counter, _, _>(settings, &configs, &mut workload, observer, tape).expect("sound settings")
}

/// A crash keeps a first part: no record is ever missing before one that is there, and what was
/// durable stays so until a checkpoint stands for it.
#[derive(Debug, Default)]
pub struct LogsArePrefixes {
    durable_to: Vec<Token>,
    pub crashes: u64,
}

impl LogsArePrefixes {
    fn check(&mut self, node: NodeId, cluster: &Cluster<'_, Counter>) -> Result<(), Violation> {
        let wrong = |detail: String| Err(Violation::new("prefix", detail));
        let index = node.0 as usize;
        self.durable_to
            .resize(self.durable_to.len().max(index + 1), Token::NONE);
        let log = cluster.durable(node);
        let mut tokens: Vec<u64> = log.iter().map(|stored| stored.token.0).collect();
        // The checkpoint has its own token and stands before those from `keep_from` on.
        if matches!(
            log.first().map(|first| first.record),
            Some(CounterRecord::Total(_))
        ) {
            let checkpoint = tokens.remove(0);
            tokens.retain(|&token| token > checkpoint);
            tokens.insert(0, checkpoint);
        } else if tokens.first().is_some_and(|&first| first != 1) {
            return wrong(format!("{node} lost its first record: {tokens:?}"));
        }
        let distinct: BTreeSet<u64> = tokens.iter().copied().collect();
        let (first, last) = (tokens.first().copied(), tokens.last().copied());
        if let (Some(first), Some(last)) = (first, last)
            && (distinct.len() != tokens.len() || last - first + 1 != tokens.len() as u64)
        {
            return wrong(format!("{node} has a gap: {tokens:?}"));
        }
        let last = Token(last.unwrap_or(0));
        if last < self.durable_to[index] {
            return wrong(format!(
                "{node} lost a durable record: {last} of {}",
                self.durable_to[index]
            ));
        }
        self.durable_to[index] = last;
        Ok(())
    }
}

impl Observer<Counter> for LogsArePrefixes {
    fn after_step(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Counter>,
    ) -> Result<(), Violation> {
        self.check(node, cluster)
    }

    fn after_crash(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Counter>,
    ) -> Result<(), Violation> {
        self.crashes += 1;
        assert!(cluster.process(node).is_none());
        self.check(node, cluster)
    }

    fn after_restart(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Counter>,
    ) -> Result<(), Violation> {
        assert!(cluster.process(node).is_some());
        self.check(node, cluster)
    }
}

/// Sends numbered messages at a fixed pace to one other node, which notes when each arrived.
#[derive(Debug)]
pub struct Pinger {
    pub node: u32,
    pub nodes: u32,
    pub gap: Duration,
    pub next_at: Option<Time>,
    pub sent: u64,
    pub sends_max: u64,
    /// Sender, number.
    pub arrived: Vec<(NodeId, u64)>,
}

#[derive(Clone, Copy, Debug)]
pub struct PingerConfig {
    pub node: u32,
    pub nodes: u32,
    pub gap: Duration,
    pub sends_max: u64,
}

impl Process for Pinger {
    type Message = u64;
    type Request = ();
    type Event = (NodeId, u64);
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start => self.next_at = Some(cx.now() + self.gap),
            Input::Message { from, message } => {
                self.arrived.push((from, message));
                cx.emit((from, message));
            }
            Input::Wake if self.sent < self.sends_max => {
                for peer in (0..self.nodes).filter(|&peer| peer != self.node) {
                    cx.send(NodeId(peer), self.sent);
                }
                self.sent += 1;
                self.next_at = self.next_at.map(|at| at + self.gap);
            }
            _ => self.next_at = None,
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.next_at
    }
}

impl Recover for Pinger {
    type Config = PingerConfig;
    type Error = std::convert::Infallible;

    fn recover(config: &PingerConfig, _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
        Ok(Self {
            node: config.node,
            nodes: config.nodes,
            gap: config.gap,
            next_at: None,
            sent: 0,
            sends_max: config.sends_max,
            arrived: Vec::new(),
        })
    }
}

/// Notes what arrives, where, from whom and when, for some virtual time.
#[derive(Debug)]
pub struct Arrivals {
    pub span: Duration,
    /// Receiver, sender, number, virtual time.
    pub seen: Vec<(NodeId, NodeId, u64, u64)>,
    /// Links that it cuts, and after how long.
    pub cuts: Option<(Duration, Vec<(NodeId, NodeId)>)>,
    is_over: bool,
}

impl Arrivals {
    pub fn during(span: Duration) -> Self {
        Self {
            span,
            seen: Vec::new(),
            cuts: None,
            is_over: false,
        }
    }
}

impl<P: Simulated + Process<Event = (NodeId, u64)>> Workload<P> for Arrivals {
    fn start(&mut self, cx: &mut WorkloadContext<'_, P>) {
        cx.set_timer(self.span, 0);
        if let Some((after, _)) = self.cuts {
            cx.set_timer(after, 1);
        }
    }

    fn on_event(
        &mut self,
        node: NodeId,
        (from, number): (NodeId, u64),
        cx: &mut WorkloadContext<'_, P>,
    ) {
        self.seen.push((node, from, number, cx.now().as_nanos()));
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, P>) {
        match &self.cuts {
            Some((_, links)) if timer == 1 => {
                assert_eq!(cx.cut(links.iter().copied()), !cx.is_healed());
            }
            _ => self.is_over = true,
        }
    }

    fn is_done(&self) -> bool {
        self.is_over
    }
}

pub fn ping(
    settings: &Settings,
    gap: Duration,
    sends_max: u64,
    span: Duration,
    tape: Tape,
) -> (Outcome, Arrivals) {
    ping_cut(settings, gap, sends_max, Arrivals::during(span), tape)
}

pub fn ping_cut(
    settings: &Settings,
    gap: Duration,
    sends_max: u64,
    mut arrivals: Arrivals,
    tape: Tape,
) -> (Outcome, Arrivals) {
    let nodes = settings.nodes;
    let configs: Vec<_> = (0..nodes)
        .map(|node| PingerConfig {
            node,
            nodes,
            gap,
            sends_max,
        })
        .collect();
    let outcome = run::<Pinger, _, _>(settings, &configs, &mut arrivals, &mut (), tape);
    (outcome.expect("sound settings"), arrivals)
}
