//! The clients of the banks: they transfer money and take snapshots, of any node, without waiting.
//!
//! | phase | what they do |
//! |---|---|
//! | chaos | each of `case.operations` is a transfer, or one time in eight a snapshot |
//! | healed | wait until every snapshot begun before has ended, by timeout at the latest |
//! | last | one node after the other takes a snapshot, among transfers: it must complete |
//!
//! A cut is judged by its clocks as soon as it is reported. It holds all the money while nobody has
//! crashed and no session was full: a bank that restarts has its first balance again, and what a full
//! session drops is lost. After that nobody knows how much there is, until the last phase, in which
//! nothing is lost: all cuts of it hold the same.

use std::collections::BTreeSet;
use std::time::Duration;

use simulator::{Violation, Workload, WorkloadContext};
use snapshot::bank::{BankEvent, Transfer, total};
use snapshot::{FifoEvent, GlobalSnapshot, SessionEnd, SnapshotEvent, SnapshotRequest, verify_cut};
use transport::{NodeId, Process, RequestId, Time};

use super::{BALANCE, Cut, Node, TIMEOUT_MAX, UNACKNOWLEDGED_FEW};
use crate::sim::answers::Answers;
use crate::sim::seed::Case;
use crate::sim::system::nanos;
use crate::sim::tally::Tally;

/// One operation in so many is a snapshot.
const SNAPSHOT_EVERY: u64 = 8;
/// Transfers before each of the last snapshots: no more than the smallest limit of a channel.
const LAST_TRANSFERS: u64 = 2;
/// The timer of the last phase; those of clients are below it.
const SETTLED: u64 = u64::MAX;

/// All clients of one run.
pub(crate) struct Clients {
    /// Operations still to begin, by client.
    left: Vec<u64>,
    pause_ns: u64,
    next_id: u64,
    answers: Answers,
    tally: Tally,
    cuts: Vec<Cut>,
    aborted: u64,
    has_crashed: bool,
    /// Whose sessions were full: what they sent may be lost.
    lossy: BTreeSet<NodeId>,
    /// When the last phase began.
    settled_at: Option<Time>,
    /// The money in its first cut.
    settled_money: Option<u64>,
    /// In the last phase, the request of the last snapshot and the nodes that have had theirs.
    last: Option<(RequestId, u32)>,
    is_done: bool,
}

impl Clients {
    pub(crate) fn new(case: &Case, chaos: Duration) -> Self {
        let count = u64::from(case.clients.max(1));
        let each = case.operations.div_ceil(count);
        Self {
            left: (0..count)
                .map(|number| case.operations / count + u64::from(number < case.operations % count))
                .collect(),
            pause_ns: nanos(chaos) / each.max(1),
            next_id: 0,
            answers: Answers::default(),
            tally: Tally::default(),
            cuts: Vec::new(),
            aborted: 0,
            has_crashed: false,
            lossy: BTreeSet::new(),
            settled_at: None,
            settled_money: None,
            last: None,
            is_done: false,
        }
    }

    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    /// Every cut reported complete.
    pub(super) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// How many snapshots were begun, if no node has crashed and nothing was lost.
    pub(super) fn begun(&self) -> Option<u64> {
        let is_known = !self.has_crashed && self.lossy.is_empty();
        is_known.then(|| self.cuts.len() as u64 + self.aborted)
    }

    /// Whose sessions were full: what they sent may be lost.
    pub(super) const fn lossy(&self) -> &BTreeSet<NodeId> {
        &self.lossy
    }

    /// When the last phase began.
    pub(super) const fn settled_at(&self) -> Option<Time> {
        self.settled_at
    }

    fn id(&mut self) -> RequestId {
        self.next_id += 1;
        RequestId(self.next_id)
    }

    fn ask(
        &mut self,
        id: RequestId,
        node: NodeId,
        request: <Node as Process>::Request,
        cx: &mut WorkloadContext<'_, Node>,
    ) {
        if cx.request(node, request) {
            self.answers.asked(id, node);
        } else {
            self.tally.failed += 1;
        }
    }

    fn transfer(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        let id = self.id();
        let nodes = cx.nodes().count() as u64;
        let from = cx.choose(nodes) as u32;
        let Some(others) = nodes.checked_sub(1).filter(|&others| others > 0) else {
            return;
        };
        let to = (u64::from(from) + 1 + cx.choose(others)) % nodes;
        let amount = 1 + cx.choose(BALANCE / 4);
        let to = NodeId(to as u32);
        let request = SnapshotRequest::Process(Transfer { id, to, amount });
        self.ask(id, NodeId(from), request, cx);
    }

    fn take(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Node>) -> RequestId {
        let id = self.id();
        self.ask(id, node, SnapshotRequest::Take { id }, cx);
        id
    }

    /// The next of the last snapshots.
    fn take_last(&mut self, node: u32, cx: &mut WorkloadContext<'_, Node>) {
        if u64::from(node) == cx.nodes().count() as u64 {
            if let Err(violation) = self.answers.none_open() {
                cx.violate(violation);
            }
            self.is_done = true;
            return;
        }
        for _ in 0..LAST_TRANSFERS {
            self.transfer(cx);
        }
        let id = self.take(NodeId(node), cx);
        self.last = Some((id, node));
    }

    /// What a reported cut must be, as far as it shows itself.
    fn judge(&mut self, members: &[NodeId], cut: &Cut) -> Result<(), Violation> {
        let clocks = cut.states.iter();
        let clocks = clocks.map(|(&node, page)| (node, page.state.clock.clone()));
        verify_cut(members, &clocks.collect())
            .map_err(|broken| Violation::new(broken.rule(), format!("{}: {broken}", cut.id)))?;
        let states = cut.states.iter();
        let money = total(&GlobalSnapshot {
            id: cut.id,
            states: states
                .map(|(&node, page)| (node, page.state.clone()))
                .collect(),
            channels: cut.channels.clone(),
        });
        let expected = if !self.has_crashed && self.lossy.is_empty() {
            BALANCE * cut.states.len() as u64
        } else if self.settled_at.is_some() {
            *self.settled_money.get_or_insert(money)
        } else {
            return Ok(());
        };
        if money == expected {
            return Ok(());
        }
        let detail = format!("{} holds {money} of {expected}: {cut:?}", cut.id);
        Err(Violation::new("conservation", detail))
    }

    fn hear(
        &mut self,
        node: NodeId,
        event: <Node as Process>::Event,
        cx: &mut WorkloadContext<'_, Node>,
    ) -> Result<(), Violation> {
        let event = match event {
            FifoEvent::Process(event) => event,
            FifoEvent::SessionEnded {
                end: SessionEnd::PeerRestarted,
                ..
            } if self.has_crashed => return Ok(()),
            FifoEvent::SessionEnded {
                end: SessionEnd::Full,
                messages_dropped: UNACKNOWLEDGED_FEW,
                ..
            } if self.settled_at.is_none() => {
                self.lossy.insert(node);
                return Ok(());
            }
            ended @ FifoEvent::SessionEnded { .. } => {
                return Err(Violation::new("sessions", format!("{node}: {ended:?}")));
            }
        };
        self.answers.heard(node, &event)?;
        match &event {
            SnapshotEvent::Process(BankEvent::Sent { .. }) => {
                self.tally.ok += 1;
                Ok(())
            }
            SnapshotEvent::Process(BankEvent::Refused { .. }) => {
                self.tally.failed += 1;
                Ok(())
            }
            SnapshotEvent::Taken { id, snapshot } => {
                self.tally.ok += 1;
                let members: Vec<NodeId> = cx.nodes().collect();
                self.judge(&members, snapshot)?;
                self.cuts.push((**snapshot).clone());
                if let Some((last, node)) = self.last
                    && last == *id
                {
                    self.take_last(node + 1, cx);
                }
                Ok(())
            }
            SnapshotEvent::Aborted {
                id,
                snapshot,
                reason,
            } => {
                self.tally.failed += 1;
                self.aborted += u64::from(snapshot.is_some());
                if self.last.is_some_and(|(last, _)| last == *id) {
                    let detail = format!("{node}'s snapshot, long after the last fault: {reason}");
                    return Err(Violation::new("completes", detail));
                }
                Ok(())
            }
        }
    }
}

impl Workload<Node> for Clients {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        for number in 0..self.left.len() as u64 {
            let pause_ns = cx.choose(self.pause_ns);
            cx.set_timer(Duration::from_nanos(pause_ns), number);
        }
    }

    fn on_event(
        &mut self,
        node: NodeId,
        event: <Node as Process>::Event,
        cx: &mut WorkloadContext<'_, Node>,
    ) {
        if let Err(violation) = self.hear(node, event, cx) {
            cx.violate(violation);
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Node>) {
        if timer == SETTLED {
            if let Err(violation) = self.answers.none_open() {
                return cx.violate(violation);
            }
            self.settled_at = Some(cx.now());
            return self.take_last(0, cx);
        }
        let left = usize::try_from(timer).ok();
        let Some(left) = left.and_then(|number| self.left.get_mut(number)) else {
            return;
        };
        if cx.is_healed() || *left == 0 {
            return;
        }
        *left -= 1;
        if cx.choose(SNAPSHOT_EVERY) == SNAPSHOT_EVERY - 1 {
            let nodes = cx.nodes().count() as u64;
            let node = NodeId(cx.choose(nodes) as u32);
            self.take(node, cx);
        } else {
            self.transfer(cx);
        }
        let pause_ns = cx.choose(self.pause_ns.saturating_mul(2));
        cx.set_timer(Duration::from_nanos(pause_ns), timer);
    }

    fn on_crash(&mut self, node: NodeId, _: &mut WorkloadContext<'_, Node>) {
        self.has_crashed = true;
        self.answers.crashed(node);
    }

    fn on_heal(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        // A participant begins later than its initiator, and clocks may run slow.
        cx.set_timer(TIMEOUT_MAX * 3, SETTLED);
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
