//! The snapshot of Chandy and Lamport as a wrapper around any process.
//!
//! The participant's rules stand in `recording.rs`, the initiator's in `collection.rs`. Here they
//! meet the contract:
//!
//! 1. *Order on a channel*: a marker is gated on everything persisted so far, so no earlier message
//!    is released after it; a later message is gated at least as the marker, so an early one does
//!    not overtake it. The order among the process's own messages stays as it was.
//! 2. *Nothing is told of a state that a crash can take back*: markers, reports and events wait
//!    until what was persisted before them is durable.
//! 3. *The process inside sees what it would see alone*: its messages, requests and wakes, and
//!    nothing of markers, reports and timeouts.
//!
//! # Crashes
//!
//! Chandy and Lamport assume processes that do not fail. Here a crash takes what its process had
//! recorded, so the markers others wait for do not come and the snapshot is aborted by timeout. Its
//! next life is another incarnation: if markers of one life and the recorded state of another meet,
//! the snapshot is aborted. A node that restarts before it has recorded anything takes part in its
//! new life. A message that a crash took is in no channel, because it will never arrive. Snapshots
//! of a crashed initiator are never reported; participants drop them by timeout, or when the next
//! life's first marker comes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::mem;

use transport::{
    Context, Effect, EffectOf, Effects, Input, NodeId, Process, Recover, RequestId, Stored, Time,
    Token,
};

use crate::collection::{Collections, Verdict};
use crate::config::sorted;
use crate::life::{Life, NUMBER_MAX, is_number};
use crate::recording::{Ended, Recordings};
use crate::{
    AbortReason, Cloned, Recorder, Report, SnapshotConfig, SnapshotError, SnapshotEvent,
    SnapshotId, SnapshotMessage, SnapshotRecord, SnapshotRequest,
};

/// A process whose global state can be recorded while it runs.
///
/// The links must deliver what is sent, once and in order, while both ends stay up: over others, put
/// [`Fifo`](crate::Fifo) around. `R` says what is recorded of the process: by default all of it.
///
/// A snapshot costs one marker for each channel and one report for each member but the initiator.
/// Between snapshots a step costs what the process inside costs. While some are under way, each
/// message that comes in on an open channel is cloned once for each of them.
///
/// ```
/// use snapshot::bank::Bank;
/// use snapshot::{SnapshotConfig, SnapshotEvent, SnapshotRequest, Snapshotting};
/// use transport::{Context, Effect, Effects, Input, NodeId, Process, RequestId, Scripted, Time};
///
/// // A node alone: the snapshot is complete at once.
/// let config = SnapshotConfig::new(NodeId(0), [NodeId(0)], ());
/// let mut node = Snapshotting::<Bank>::new(Bank::new(100), &config)?;
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// for input in [Input::Start, Input::Request(SnapshotRequest::Take { id: RequestId(1) })] {
///     node.step(input, &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects));
/// }
/// let taken = effects.drain().find_map(|effect| match effect {
///     Effect::Emit { event: SnapshotEvent::Taken { snapshot, .. }, .. } => Some(snapshot),
///     _ => None,
/// });
/// assert_eq!(taken.map(|snapshot| snapshot.states[&NodeId(0)].balance()), Some(100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Snapshotting<P: Process, R: Recorder<P> = Cloned> {
    process: P,
    effects: Effects<P>,
    node: NodeId,
    members: Vec<NodeId>,
    senders: Vec<NodeId>,
    receivers: Vec<NodeId>,
    timeout_ns: u64,
    life: Life,
    /// The number of the newest snapshot of this life.
    number: u64,
    /// What the newest markers wait for, and so what is sent after them.
    marker_gate: Token,
    recordings: Recordings<R::State, P::Message>,
    collections: Collections<R::State, P::Message>,
    counts: SnapshotCounts,
    recorder: PhantomData<fn() -> R>,
}

/// What a node has sent and dropped for snapshots, since its process was made.
///
/// ```
/// use snapshot::SnapshotCounts;
/// assert_eq!(SnapshotCounts::default().markers_sent, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct SnapshotCounts {
    /// Markers sent: one for each snapshot and outgoing channel.
    pub markers_sent: u64,
    /// Markers of snapshots that are over, or of a former life: no harm.
    pub markers_late: u64,
    /// Markers that no correct member sends over a FIFO link: from strangers, twice, or with numbers
    /// above [`NUMBER_MAX`](crate::NUMBER_MAX).
    pub markers_refused: u64,
    /// Reports of snapshots that are over.
    pub reports_late: u64,
    /// Messages of the process from nodes that have no channel to this one: in no snapshot.
    pub messages_outside: u64,
}

type Message<P, R> = SnapshotMessage<<P as Process>::Message, <R as Recorder<P>>::State>;
type Event<P, R> =
    SnapshotEvent<<P as Process>::Event, <R as Recorder<P>>::State, <P as Process>::Message>;

impl<P: Process, R: Recorder<P>> Snapshotting<P, R>
where
    P::Message: Clone,
{
    /// Wraps a process that is new: for one that may have records, see [`Recover`].
    ///
    /// # Errors
    ///
    /// As [`SnapshotConfig::check`].
    pub fn new<C>(process: P, config: &SnapshotConfig<C>) -> Result<Self, SnapshotError> {
        Self::begin_life(process, config, Life::first())
    }

    fn begin_life<C, E>(
        process: P,
        config: &SnapshotConfig<C>,
        life: Life,
    ) -> Result<Self, SnapshotError<E>> {
        config.check_for()?;
        let senders = sorted(&config.senders);
        let members = sorted(&config.members);
        Ok(Self {
            process,
            effects: Effects::new(),
            node: config.node,
            receivers: sorted(&config.receivers),
            timeout_ns: config.timeout_ns,
            life,
            number: 0,
            marker_gate: Token::NONE,
            recordings: Recordings::new(
                config.node,
                senders.clone(),
                config.recordings_max,
                config.channel_messages_max,
            ),
            collections: Collections::new(members.clone()),
            members,
            senders,
            counts: SnapshotCounts::default(),
            recorder: PhantomData,
        })
    }

    /// The process inside.
    #[must_use]
    pub const fn process(&self) -> &P {
        &self.process
    }

    /// The process inside, without its wrapper.
    #[must_use]
    pub fn into_process(self) -> P {
        self.process
    }

    /// Which life of the node this is, counted from 1.
    #[must_use]
    pub const fn incarnation(&self) -> u64 {
        self.life.incarnation
    }

    /// What was sent and dropped.
    #[must_use]
    pub const fn counts(&self) -> SnapshotCounts {
        self.counts
    }

    /// In how many snapshots this node is still recording: never more than `recordings_max`.
    #[must_use]
    pub const fn recordings_len(&self) -> usize {
        self.recordings.len()
    }

    /// How many messages its recordings hold: never more than `channel_messages_max` for each
    /// recording and channel. O(recordings × channels).
    #[must_use]
    pub fn messages_recorded(&self) -> usize {
        self.recordings.messages_len()
    }

    /// How many snapshots asked for here have not ended.
    #[must_use]
    pub const fn snapshots_pending(&self) -> usize {
        self.collections.len()
    }

    fn step_process(&mut self, input: Input<P>, cx: &mut Context<'_, Self>) {
        let mut effects = mem::take(&mut self.effects);
        cx.nested(&mut effects, |cx| self.process.step(input, cx));
        for effect in effects.drain() {
            cx.forward(self.lifted(effect));
        }
        self.effects = effects;
    }

    fn lifted(&self, effect: EffectOf<P>) -> EffectOf<Self> {
        let incarnation = self.life.incarnation;
        let record = |record| SnapshotRecord {
            incarnation,
            record: Some(record),
        };
        let mut effect = effect.map(SnapshotMessage::Process, SnapshotEvent::Process, record);
        if let Effect::Send { after, .. } = &mut effect {
            *after = (*after).max(self.marker_gate);
        }
        effect
    }

    fn take(&mut self, request: RequestId, cx: &mut Context<'_, Self>) {
        let refusal = if self.collections.holds(request) {
            Some(AbortReason::RepeatedId)
        } else if self.recordings.is_full()
            || self.collections.len() >= self.recordings.recordings_max()
        {
            Some(AbortReason::RecordingsMax { node: self.node })
        } else if self.number >= NUMBER_MAX {
            Some(AbortReason::NumbersExhausted)
        } else {
            None
        };
        if let Some(reason) = refusal {
            cx.emit_early(SnapshotEvent::Aborted {
                id: request,
                snapshot: None,
                reason,
            });
            return;
        }
        self.number = self.number.saturating_add(1);
        let id = SnapshotId {
            initiator: self.node,
            incarnation: self.life.incarnation,
            number: self.number,
        };
        let deadline = cx.now().plus_nanos(self.timeout_ns);
        self.collections.begin(request, id, deadline);
        self.begin(id, cx);
    }

    /// The marker-sending rule: first the state, then the markers.
    fn begin(&mut self, id: SnapshotId, cx: &mut Context<'_, Self>) {
        let deadline = cx.now().plus_nanos(self.timeout_ns);
        let process = &self.process;
        let ended = self.recordings.begin(id, deadline, || R::record(process));
        for &to in &self.receivers {
            let incarnation = self.life.incarnation;
            cx.send(to, SnapshotMessage::Marker { id, incarnation });
            self.counts.markers_sent = self.counts.markers_sent.saturating_add(1);
        }
        self.marker_gate = cx.last_token();
        self.report(ended, cx);
    }

    /// The marker-receiving rule.
    fn hear_marker(
        &mut self,
        from: NodeId,
        id: SnapshotId,
        incarnation: u64,
        cx: &mut Context<'_, Self>,
    ) {
        let is_known = self.senders.binary_search(&from).is_ok()
            && self.members.binary_search(&id.initiator).is_ok();
        let numbers = [id.incarnation, id.number, incarnation];
        if !is_known || !numbers.into_iter().all(is_number) {
            self.counts.markers_refused = self.counts.markers_refused.saturating_add(1);
            return;
        }
        if self.is_of_former_life(id) {
            self.counts.markers_late = self.counts.markers_late.saturating_add(1);
            return;
        }
        if !self.recordings.has_begun(id) {
            self.begin(id, cx);
        }
        match self.recordings.close(id, from, incarnation) {
            Ok(ended) => self.report(ended, cx),
            Err(is_repeated) => {
                let count = if is_repeated {
                    &mut self.counts.markers_refused
                } else {
                    &mut self.counts.markers_late
                };
                *count = count.saturating_add(1);
            }
        }
    }

    /// What this node has begun itself it knows: another of its snapshots is one of a former life.
    fn is_of_former_life(&self, id: SnapshotId) -> bool {
        id.initiator == self.node && !self.recordings.has_begun(id)
    }

    fn report(
        &mut self,
        ended: impl IntoIterator<Item = Ended<R::State, P::Message>>,
        cx: &mut Context<'_, Self>,
    ) {
        for (id, outcome) in ended {
            let report = Report {
                id,
                incarnation: self.life.incarnation,
                outcome,
            };
            if id.initiator == self.node {
                self.hear_report(self.node, report, cx);
            } else {
                cx.send(id.initiator, SnapshotMessage::Report(Box::new(report)));
            }
        }
    }

    fn hear_report(
        &mut self,
        from: NodeId,
        report: Report<R::State, P::Message>,
        cx: &mut Context<'_, Self>,
    ) {
        match self.collections.hear(from, report) {
            Ok(verdict) => tell(verdict, cx),
            Err(()) => self.counts.reports_late = self.counts.reports_late.saturating_add(1),
        }
    }

    fn expire(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        while let Some(verdict) = self.collections.expire(now) {
            tell(Some(verdict), cx);
        }
        let ended = self.recordings.expire(now);
        self.report(ended, cx);
    }
}

fn tell<P: Process, R: Recorder<P>>(
    verdict: Option<Verdict<R::State, P::Message>>,
    cx: &mut Context<'_, Snapshotting<P, R>>,
) where
    P::Message: Clone,
{
    let Some(Verdict {
        request: id,
        id: begun,
        outcome,
    }) = verdict
    else {
        return;
    };
    cx.emit(match outcome {
        Ok(snapshot) => SnapshotEvent::Taken {
            id,
            snapshot: Box::new(snapshot),
        },
        Err(reason) => SnapshotEvent::Aborted {
            id,
            snapshot: Some(begun),
            reason,
        },
    });
}

impl<P: Process, R: Recorder<P>> Process for Snapshotting<P, R>
where
    P::Message: Clone,
{
    type Message = Message<P, R>;
    type Request = SnapshotRequest<P::Request>;
    type Event = Event<P, R>;
    type Record = SnapshotRecord<P::Record>;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if self.life.token.is_none() {
            // Before the process inside can persist, so that tokens stay in order.
            self.life.token = Some(cx.persist(SnapshotRecord {
                incarnation: self.life.incarnation,
                record: None,
            }));
        }
        match input {
            Input::Start => self.step_process(Input::Start, cx),
            Input::Durable(token) => self.step_process(Input::Durable(token), cx),
            Input::Request(SnapshotRequest::Process(request)) => {
                self.step_process(Input::Request(request), cx);
            }
            Input::Request(SnapshotRequest::Take { id }) => self.take(id, cx),
            Input::Message { from, message } => match message {
                SnapshotMessage::Process(message) => {
                    if self.senders.binary_search(&from).is_err() {
                        let count = &mut self.counts.messages_outside;
                        *count = count.saturating_add(1);
                    }
                    let ended = self.recordings.hear(from, &message);
                    self.report(ended, cx);
                    self.step_process(Input::Message { from, message }, cx);
                }
                SnapshotMessage::Marker { id, incarnation } => {
                    self.hear_marker(from, id, incarnation, cx);
                }
                SnapshotMessage::Report(report) => self.hear_report(from, *report, cx),
            },
            Input::Wake => {
                self.expire(cx);
                if self.process.deadline().is_some_and(|at| at <= cx.now()) {
                    self.step_process(Input::Wake, cx);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        let own = [self.recordings.deadline(), self.collections.deadline()];
        let all = own.into_iter().chain([self.process.deadline()]);
        all.flatten().min()
    }
}

impl<P: Recover, R: Recorder<P>> Recover for Snapshotting<P, R>
where
    P::Message: Clone,
{
    type Config = SnapshotConfig<P::Config>;
    type Error = SnapshotError<P::Error>;

    fn recover(
        config: &Self::Config,
        records: Vec<Stored<Self::Record>>,
    ) -> Result<Self, Self::Error> {
        let life = Life::after(&records, |record| record.incarnation)
            .map_err(|token| SnapshotError::ForeignRecord { token })?;
        let own = |Stored { token, record }: Stored<Self::Record>| {
            record.record.map(|record| Stored { token, record })
        };
        let records = records.into_iter().filter_map(own).collect();
        let process = P::recover(&config.process, records).map_err(SnapshotError::Process)?;
        Self::begin_life(process, config, life)
    }
}

impl<P: Process + fmt::Debug, R: Recorder<P>> fmt::Debug for Snapshotting<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshotting")
            .field("node", &self.node)
            .field("incarnation", &self.life.incarnation)
            .field("counts", &self.counts)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
