//! The laboratory: one cluster in virtual time, deterministic, and a value that can be cloned.
//!
//! # Rules
//!
//! 1. *Time.* Every message takes one fixed delay, and what its link takes longer; every record
//!    another; a step takes none. All clocks run alike. A message of a node to itself takes no time.
//! 2. *Order.* Happenings of one moment come in the order in which they were scheduled, then the
//!    timers that are due, by node. What one side does depends on nothing that the other side does.
//! 3. *Links.* A message on a link that does not work is lost when it is sent; a cut loses what is
//!    on its way across. Links keep the order of messages.
//! 4. *Durability.* A gated effect waits for its records; nobody crashes.
//! 5. *Choices* come from one tape per node, a function of seed, node and how many were drawn: a
//!    node draws the same whatever the others do.
//! 6. *Bounded.* A run ends after `events_max` inputs or `in_flight_max` messages, with an error.
//!
//! The laboratory is *quiescent* when no message is in flight, no timer is armed and no record is
//! on its way to disk. Then nothing can ever happen until a client asks: silence is a proof.

mod node;
mod tape;
pub(crate) use tape::{GAMMA, mix};
mod trace;

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use transport::{Input, NodeId, Process, RequestId, Time, Token};

use crate::shape::index;
use crate::subject::{Ask, Heard, Operation};
use crate::{CapError, EventOf, OutputOf, RequestOf, Settings, Shape, Side, Subject};
use node::{Node, Release};
pub(crate) use trace::Step;

/// A cluster of the subject `S` in virtual time. Cloning it copies everything: two clones that are
/// asked the same do the same.
///
/// ```
/// use cap_model::{Laboratory, Operation, Settings, Shape, Side, sample::SampleStore};
/// use transport::NodeId;
///
/// // Writes wait for one of the two peers.
/// let subject = SampleStore::majority(3)?;
/// let mut laboratory = Laboratory::steady(&subject, &Settings::default())?;
/// let id = laboratory.ask(Operation::Update, NodeId(0))?;
/// while laboratory.step(laboratory.now().plus_nanos(10_000_000))? {}
/// let answer = &laboratory.answers()[0];
/// assert_eq!((answer.id, answer.node), (id, NodeId(0)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub struct Laboratory<'s, S: Subject> {
    subject: &'s S,
    settings: Settings,
    nodes: Vec<Node<S::Process>>,
    agenda: BTreeMap<(Time, u64), Happening<S::Process>>,
    /// Happenings scheduled so far: the order within one moment.
    scheduled: u64,
    now: Time,
    shape: Shape,
    /// Extra delay of messages that leave or enter this side.
    slow: Option<(Side, u64)>,
    /// Extra delay of each directed link, a row for each sender; empty: none.
    extra_ns: Vec<u64>,
    events: u64,
    asked: BTreeMap<RequestId, Request>,
    answers: Vec<Answer<OutputOf<S>>>,
    prepared: Option<EventOf<S>>,
}

/// A final answer that a client heard.
///
/// ```
/// use cap_model::{Answer, Heard};
/// use transport::{NodeId, RequestId, Time};
/// let answer = Answer { id: RequestId(1), node: NodeId(0), at: Time::ZERO, heard: Heard::Answered(7) };
/// assert_eq!(answer.heard.output(), Some(&7));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer<O> {
    /// The request.
    pub id: RequestId,
    /// Who answered.
    pub node: NodeId,
    /// When.
    pub at: Time,
    /// What.
    pub heard: Heard<O>,
}

/// Something that will happen.
enum Happening<P: Process> {
    Arrival {
        from: NodeId,
        to: NodeId,
        message: P::Message,
    },
    Durable {
        node: NodeId,
        token: Token,
    },
}

#[derive(Clone, Copy)]
struct Request {
    node: NodeId,
    operation: Operation,
    is_answered: bool,
}

/// Requests of one operation are numbered from here, so that a client's requests have the same
/// names whatever other clients ask.
const fn first_id(operation: Operation) -> u64 {
    (operation as u64) << 32
}

impl<'s, S: Subject> Laboratory<'s, S> {
    /// New nodes, all connected, started at time zero.
    ///
    /// # Errors
    ///
    /// The subject has no node or too many; starting them already breaks a limit.
    pub fn new(subject: &'s S, settings: &Settings) -> Result<Self, CapError> {
        let shape = Shape::whole(subject.nodes())?;
        let nodes = (0..subject.nodes())
            .map(|id| Node::new(subject.node(NodeId(id)), NodeId(id), settings.seed))
            .collect();
        let mut laboratory = Self {
            subject,
            settings: *settings,
            nodes,
            agenda: BTreeMap::new(),
            scheduled: 0,
            now: Time::ZERO,
            shape,
            slow: None,
            extra_ns: Vec::new(),
            events: 0,
            asked: BTreeMap::new(),
            answers: Vec::new(),
            prepared: None,
        };
        for id in 0..subject.nodes() {
            laboratory.input(NodeId(id), Input::Start)?;
        }
        Ok(laboratory)
    }

    /// A connected cluster that is steady by the subject's own word, whose clients are prepared, and
    /// that was then left alone for `settle_ns`.
    ///
    /// # Errors
    ///
    /// Not steady, or not prepared, within `warm_up_max_ns`; a limit.
    pub fn steady(subject: &'s S, settings: &Settings) -> Result<Self, CapError> {
        let mut laboratory = Self::new(subject, settings)?;
        laboratory.wait_until_steady()?;
        if subject.needs_preparation() {
            crate::client::prepare(&mut laboratory)?;
        }
        let settled = laboratory.now.plus_nanos(settings.settle_ns);
        laboratory.run_until(settled)?;
        laboratory.wait_until_steady()?;
        laboratory.events = 0;
        Ok(laboratory)
    }

    fn wait_until_steady(&mut self) -> Result<(), CapError> {
        let end = self.now.plus_nanos(self.settings.warm_up_max_ns);
        let pause_ns = self.settings.link_delay_ns.max(1).saturating_mul(10);
        loop {
            let nodes: Vec<&S::Process> = self.nodes.iter().map(|node| &node.process).collect();
            if self.subject.is_steady(&nodes) {
                return Ok(());
            }
            if self.now >= end {
                return Err(CapError::NotSteady {
                    waited_ns: self.settings.warm_up_max_ns,
                    detail: "the nodes say so".to_string(),
                });
            }
            self.run_until(self.now.plus_nanos(pause_ns))?;
        }
    }

    /// From now on only the links of `shape` work. What is on its way along others is lost.
    ///
    /// # Errors
    ///
    /// The shape has another number of nodes.
    pub fn cut(&mut self, shape: &Shape) -> Result<(), CapError> {
        if shape.nodes() != self.shape.nodes() {
            let nodes = self.shape.nodes();
            let node = NodeId(shape.nodes().saturating_sub(1));
            return Err(CapError::UnknownNode { node, nodes });
        }
        self.shape = shape.clone();
        self.agenda.retain(|_, happening| match happening {
            Happening::Arrival { from, to, .. } => shape.works(*from, *to),
            Happening::Durable { .. } => true,
        });
        self.events = 0;
        Ok(())
    }

    /// From now on what each node does is written down.
    pub(crate) fn watch(&mut self) {
        for node in &mut self.nodes {
            node.trace = Some(Vec::new());
        }
    }

    /// Freezes every node outside `side`: they take no input, and messages to them are lost.
    pub fn keep_only(&mut self, side: Side) {
        for (id, node) in (0..).map(NodeId).zip(&mut self.nodes) {
            node.is_frozen |= !side.contains(id);
        }
        self.agenda.retain(|_, happening| match happening {
            Happening::Arrival { to: node, .. } | Happening::Durable { node, .. } => {
                side.contains(*node)
            }
        });
    }

    /// From now on messages that leave or enter `side` take `extra_ns` longer. None is lost.
    pub const fn delay_across(&mut self, side: Side, extra_ns: u64) {
        self.slow = Some((side, extra_ns));
    }

    /// From now on messages take `extra_ns` longer, link by link. None is lost, and what is on its way
    /// arrives as before: let it, before you measure. A link that becomes faster again may reorder.
    ///
    /// ```
    /// use cap_model::{Laboratory, Settings, sample::SampleStore};
    /// use transport::NodeId;
    /// let subject = SampleStore::majority(3)?;
    /// let mut laboratory = Laboratory::steady(&subject, &Settings::default())?;
    /// // Node 2 is far away from the others.
    /// laboratory.delay_links(|from, to| if from.0 == 2 || to.0 == 2 { 40_000_000 } else { 0 });
    /// assert_eq!(laboratory.delay_ns(NodeId(0), NodeId(1)), 1_000_003);
    /// assert_eq!(laboratory.delay_ns(NodeId(0), NodeId(2)), 41_000_003);
    /// # Ok::<(), cap_model::CapError>(())
    /// ```
    pub fn delay_links(&mut self, extra_ns: impl Fn(NodeId, NodeId) -> u64) {
        let nodes = self.shape.nodes();
        let links = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
        self.extra_ns = links
            .map(|(from, to)| extra_ns(NodeId(from), NodeId(to)))
            .collect();
    }

    /// How long a message on this link takes now, in nanoseconds: none to the node itself.
    #[must_use]
    pub fn delay_ns(&self, from: NodeId, to: NodeId) -> u64 {
        if from == to {
            return 0;
        }
        let row = index(from).saturating_mul(self.nodes.len());
        let link = self.extra_ns.get(row.saturating_add(index(to)));
        let mut delay_ns = self.settings.link_delay_ns.max(1);
        delay_ns = delay_ns.saturating_add(link.copied().unwrap_or(0));
        if let Some((side, extra_ns)) = self.slow
            && side.contains(from) != side.contains(to)
        {
            delay_ns = delay_ns.saturating_add(extra_ns);
        }
        delay_ns
    }

    /// A client asks `node`. The name of the request is that of its answer.
    ///
    /// # Errors
    ///
    /// No such node; a limit; a breach of the contract.
    pub fn ask(&mut self, operation: Operation, node: NodeId) -> Result<RequestId, CapError> {
        if node.0 >= self.shape.nodes() {
            let nodes = self.shape.nodes();
            return Err(CapError::UnknownNode { node, nodes });
        }
        let first = RequestId(first_id(operation));
        let last = RequestId(first_id(operation) | u64::from(u32::MAX));
        let newest = self.asked.range(first..=last).next_back();
        let id = newest.map_or(first, |(id, _)| RequestId(id.0.saturating_add(1)));
        let request = Request {
            node,
            operation,
            is_answered: false,
        };
        self.asked.insert(id, request);
        let request: RequestOf<S> = self.subject.request(&Ask {
            operation,
            id,
            node,
            prepared: self.prepared.as_ref(),
        });
        self.input(node, Input::Request(request))?;
        Ok(id)
    }

    /// Lets the next thing happen that is due by `until`. Nothing is: `false`, and it is `until`.
    ///
    /// # Errors
    ///
    /// A limit; a breach of the contract.
    pub fn step(&mut self, until: Time) -> Result<bool, CapError> {
        let happening = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let timer = self.next_timer();
        let is_timer_first = match (happening, timer) {
            (_, None) => false,
            (None, Some(_)) => true,
            // What has arrived is stepped before a timer of the same moment.
            (Some(at), Some((due, _))) => due < at,
        };
        if let (true, Some((due, node))) = (is_timer_first, timer) {
            if due <= until {
                self.now = self.now.max(due);
                self.input(node, Input::Wake)?;
                return Ok(true);
            }
        } else if happening.is_some_and(|at| at <= until)
            && let Some(((at, _), happening)) = self.agenda.pop_first()
        {
            self.now = self.now.max(at);
            match happening {
                Happening::Arrival { from, to, message } => {
                    self.input(to, Input::Message { from, message })?;
                }
                Happening::Durable { node, token } => {
                    self.input(node, Input::Durable(token))?;
                }
            }
            return Ok(true);
        }
        self.now = self.now.max(until);
        Ok(false)
    }

    /// Lets everything happen that is due by `until`.
    ///
    /// # Errors
    ///
    /// A limit; a breach of the contract.
    pub fn run_until(&mut self, until: Time) -> Result<(), CapError> {
        while self.step(until)? {}
        Ok(())
    }

    /// Whether nothing can happen any more until a client asks.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        self.agenda.is_empty() && self.next_timer().is_none()
    }

    /// Virtual time.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The links that work.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// A node's process.
    #[must_use]
    pub fn process(&self, node: NodeId) -> Option<&S::Process> {
        self.nodes.get(index(node)).map(|node| &node.process)
    }

    /// Every final answer so far, in the order heard.
    #[must_use]
    pub fn answers(&self) -> &[Answer<OutputOf<S>>] {
        &self.answers
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn subject(&self) -> &'s S {
        self.subject
    }

    /// What a node did since it is watched.
    pub(crate) fn trace(&self, node: NodeId) -> &[Step] {
        let trace = self.nodes.get(index(node));
        trace.and_then(|node| node.trace.as_deref()).unwrap_or(&[])
    }

    /// The first timer that is due, and whose; one that is past is due now.
    fn next_timer(&self) -> Option<(Time, NodeId)> {
        let timers = (0..).map(NodeId).zip(&self.nodes);
        let armed = timers.filter_map(|(id, node)| Some((node.deadline()?.max(self.now), id)));
        armed.min()
    }

    /// One step of one node, and everything it releases.
    fn input(&mut self, id: NodeId, input: Input<S::Process>) -> Result<(), CapError> {
        self.events = self.events.saturating_add(1);
        if self.events > self.settings.events_max {
            let events_max = self.settings.events_max;
            return Err(CapError::EventsExhausted { events_max });
        }
        let Some(node) = self.nodes.get_mut(index(id)) else {
            return Ok(());
        };
        if node.is_frozen {
            return Ok(());
        }
        let released = node.step(input, self.now);
        if let Some(token) = node.new_records() {
            let at = self.now.plus_nanos(self.settings.durable_delay_ns);
            self.schedule(at, Happening::Durable { node: id, token })?;
        }
        for release in released {
            match release {
                Release::Send { to, message } => self.send(id, to, message)?,
                Release::Emit(event) => self.hear(id, event)?,
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <S::Process as Process>::Message,
    ) -> Result<(), CapError> {
        let is_reached = self.nodes.get(index(to)).is_some_and(|to| !to.is_frozen);
        if !is_reached || !self.shape.works(from, to) {
            return Ok(());
        }
        let delay_ns = self.delay_ns(from, to);
        let at = self.now.plus_nanos(delay_ns);
        self.schedule(at, Happening::Arrival { from, to, message })
    }

    fn schedule(&mut self, at: Time, happening: Happening<S::Process>) -> Result<(), CapError> {
        if self.agenda.len() >= self.settings.in_flight_max {
            let in_flight_max = self.settings.in_flight_max;
            return Err(CapError::Flooded { in_flight_max });
        }
        self.agenda.insert((at, self.scheduled), happening);
        self.scheduled = self.scheduled.saturating_add(1);
        Ok(())
    }

    fn hear(&mut self, node: NodeId, event: EventOf<S>) -> Result<(), CapError> {
        let Some((id, heard)) = self.subject.hear(&event) else {
            return Ok(());
        };
        let request = self.asked.get_mut(&id).filter(|asked| asked.node == node);
        let Some(asked) = request else {
            return Err(CapError::AnsweredUnasked { node, request: id });
        };
        if asked.is_answered {
            return Err(CapError::AnsweredTwice { node, request: id });
        }
        asked.is_answered = true;
        // An ordinary operation prepares by having happened.
        let heard = match heard {
            Heard::Answered(_) if asked.operation == Operation::Prepare => Heard::Prepared,
            heard => heard,
        };
        if matches!(heard, Heard::Prepared) {
            self.prepared = Some(event);
        }
        let at = self.now;
        self.answers.push(Answer {
            id,
            node,
            at,
            heard,
        });
        Ok(())
    }
}

impl<P: Process> Clone for Happening<P>
where
    P::Message: Clone,
{
    fn clone(&self) -> Self {
        match self {
            Self::Arrival { from, to, message } => Self::Arrival {
                from: *from,
                to: *to,
                message: message.clone(),
            },
            Self::Durable { node, token } => Self::Durable {
                node: *node,
                token: *token,
            },
        }
    }
}

impl<S: Subject> Clone for Laboratory<'_, S> {
    fn clone(&self) -> Self {
        Self {
            subject: self.subject,
            settings: self.settings,
            nodes: self.nodes.clone(),
            agenda: self.agenda.clone(),
            scheduled: self.scheduled,
            now: self.now,
            shape: self.shape.clone(),
            slow: self.slow,
            extra_ns: self.extra_ns.clone(),
            events: self.events,
            asked: self.asked.clone(),
            answers: self.answers.clone(),
            prepared: self.prepared.clone(),
        }
    }
}

impl<S: Subject> core::fmt::Debug for Laboratory<'_, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Laboratory")
            .field("now", &self.now)
            .field("shape", &self.shape)
            .field("under_way", &self.agenda.len())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
