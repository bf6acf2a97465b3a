//! The participant's half of a snapshot: what one process records of itself and of its channels.
//!
//! # Rules (Chandy and Lamport 1985, section 3.2)
//!
//! 1. *Marker-sending rule*: a process records its state and then sends one marker on each outgoing
//!    channel, before any further message.
//! 2. *Marker-receiving rule*: the first marker of a snapshot makes a process record its state; the
//!    channel it came on is empty. A later one closes its channel: the state of the channel is what
//!    came in on it after the own recording.
//! 3. Each snapshot has its own recording; a message can belong to the channels of several.
//!
//! # What is added to the paper
//!
//! 4. *Old markers are known*: on FIFO links every process begins the snapshots of one life of an
//!    initiator in the order of their numbers, so one number for each initiator tells a new marker
//!    from one of a snapshot that is over.
//! 5. *Bounds*: `recordings_max` and `channel_messages_max`. A recording that would exceed them is
//!    dropped and the initiator told; the markers are sent all the same, so that nobody else waits.
//! 6. A recording that waits longer than `timeout_ns`, or whose initiator has begun a new life, is
//!    dropped.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem;

use transport::{NodeId, Time};

use crate::{AbortReason, ChannelState, LocalState, SnapshotId};

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Recordings<S, M> {
    node: NodeId,
    senders: Vec<NodeId>,
    recordings_max: usize,
    channel_messages_max: usize,
    /// In the order in which they were begun.
    active: Vec<Recording<S, M>>,
    /// By initiator, the newest life and number begun here.
    begun: BTreeMap<NodeId, (u64, u64)>,
}

/// One snapshot under way, at one process.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Recording<S, M> {
    id: SnapshotId,
    state: S,
    channels: Vec<Channel<M>>,
    deadline: Time,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Channel<M> {
    from: NodeId,
    /// The life of the sender whose marker has come; `None`: still recording.
    closed_by: Option<u64>,
    messages: Vec<M>,
}

/// What is to be reported of one snapshot.
pub(crate) type Ended<S, M> = (SnapshotId, Result<LocalState<S, M>, AbortReason>);

impl<S, M: Clone> Recordings<S, M> {
    pub(crate) const fn new(
        node: NodeId,
        senders: Vec<NodeId>,
        recordings_max: usize,
        channel_messages_max: usize,
    ) -> Self {
        Self {
            node,
            senders,
            recordings_max,
            channel_messages_max,
            active: Vec::new(),
            begun: BTreeMap::new(),
        }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.active.len() >= self.recordings_max
    }

    pub(crate) const fn recordings_max(&self) -> usize {
        self.recordings_max
    }

    pub(crate) const fn len(&self) -> usize {
        self.active.len()
    }

    /// How many messages the recordings hold.
    pub(crate) fn messages_len(&self) -> usize {
        let channels = self.active.iter().flat_map(|recording| &recording.channels);
        channels.map(|channel| channel.messages.len()).sum()
    }

    /// Rule 4: whether this process has begun the snapshot, or a newer one of that initiator.
    pub(crate) fn has_begun(&self, id: SnapshotId) -> bool {
        let newest = self.begun.get(&id.initiator);
        newest.is_some_and(|&newest| (id.incarnation, id.number) <= newest)
    }

    /// Rules 1, 4 and 5: begins a snapshot whose state `record` copies.
    pub(crate) fn begin(
        &mut self,
        id: SnapshotId,
        deadline: Time,
        record: impl FnOnce() -> S,
    ) -> Option<Ended<S, M>> {
        self.begun.insert(id.initiator, (id.incarnation, id.number));
        // Rule 6: nobody waits for the snapshots of an initiator's former life.
        self.active.retain(|recording| {
            recording.id.initiator != id.initiator || recording.id.incarnation == id.incarnation
        });
        if self.is_full() {
            let node = self.node;
            return Some((id, Err(AbortReason::RecordingsMax { node })));
        }
        let channel = |&from: &NodeId| Channel {
            from,
            closed_by: None,
            messages: Vec::new(),
        };
        self.active.push(Recording {
            id,
            state: record(),
            channels: self.senders.iter().map(channel).collect(),
            deadline,
        });
        self.finished(self.active.len().saturating_sub(1))
    }

    /// Rule 2: a marker closes its channel. `Err`: nobody waits for it; `true`: it came twice.
    pub(crate) fn close(
        &mut self,
        id: SnapshotId,
        from: NodeId,
        incarnation: u64,
    ) -> Result<Option<Ended<S, M>>, bool> {
        let place = self.active.iter().position(|recording| recording.id == id);
        let place = place.ok_or(false)?;
        let channels = self.active.get_mut(place).map(|it| &mut it.channels);
        let channel = channels
            .into_iter()
            .flatten()
            .find(|channel| channel.from == from && channel.closed_by.is_none())
            .ok_or(true)?;
        channel.closed_by = Some(incarnation);
        Ok(self.finished(place))
    }

    /// Rules 2 and 3: a message of the process inside came in.
    pub(crate) fn hear(&mut self, from: NodeId, message: &M) -> Vec<Ended<S, M>> {
        let (limit, to) = (self.channel_messages_max, self.node);
        let mut ended = Vec::new();
        self.active.retain_mut(|recording| {
            let mut channels = recording.channels.iter_mut();
            let open = channels.find(|it| it.from == from && it.closed_by.is_none());
            let Some(channel) = open else {
                return true;
            };
            if channel.messages.len() >= limit {
                let reason = AbortReason::ChannelFull { from, to };
                ended.push((recording.id, Err(reason)));
                return false;
            }
            channel.messages.push(message.clone());
            true
        });
        ended
    }

    /// Rule 6.
    pub(crate) fn expire(&mut self, now: Time) -> Vec<Ended<S, M>> {
        let node = self.node;
        let mut ended = Vec::new();
        self.active.retain(|recording| {
            if recording.deadline > now {
                return true;
            }
            let mut channels = recording.channels.iter();
            let open = channels.find(|channel| channel.closed_by.is_none());
            let from = open.map_or(node, |channel| channel.from);
            ended.push((recording.id, Err(AbortReason::MarkerMissing { node, from })));
            false
        });
        ended
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        self.active.iter().map(|recording| recording.deadline).min()
    }

    /// Takes out the recording at `place` if every channel is closed.
    fn finished(&mut self, place: usize) -> Option<Ended<S, M>> {
        let recording = self.active.get_mut(place)?;
        let all_closed = recording.channels.iter().all(|it| it.closed_by.is_some());
        if !all_closed {
            return None;
        }
        let channels = mem::take(&mut recording.channels).into_iter();
        let channels = channels
            .map(|channel| ChannelState {
                from: channel.from,
                incarnation: channel.closed_by.unwrap_or(0),
                messages: channel.messages,
            })
            .collect();
        let Recording { id, state, .. } = self.active.remove(place);
        Some((id, Ok(LocalState { state, channels })))
    }
}
