//! The initiator's half of a snapshot: the reports of all members become a global state.
//!
//! # Rules
//!
//! 1. A snapshot is complete when every member has reported.
//! 2. *One life each*: every marker of a node came from the life of that node that recorded its
//!    state. Else the node restarted in between, and the snapshot is aborted, never completed: a
//!    former life's markers do not say what the present one had sent.
//! 3. The first failure a participant reports, or the timeout, ends the snapshot.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use transport::{NodeId, RequestId, Time};

use crate::{AbortReason, GlobalSnapshot, LocalState, Report, SnapshotId};

/// The snapshots this node has asked for, in the order asked.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Collections<S, M> {
    members: Vec<NodeId>,
    active: Vec<Collection<S, M>>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Collection<S, M> {
    request: RequestId,
    id: SnapshotId,
    deadline: Time,
    reports: BTreeMap<NodeId, (u64, LocalState<S, M>)>,
}

/// How a snapshot ended.
pub(crate) struct Verdict<S, M> {
    pub(crate) request: RequestId,
    pub(crate) id: SnapshotId,
    pub(crate) outcome: Result<GlobalSnapshot<S, M>, AbortReason>,
}

impl<S, M> Collections<S, M> {
    pub(crate) const fn new(members: Vec<NodeId>) -> Self {
        Self {
            members,
            active: Vec::new(),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.active.len()
    }

    pub(crate) fn holds(&self, request: RequestId) -> bool {
        self.active.iter().any(|it| it.request == request)
    }

    pub(crate) fn begin(&mut self, request: RequestId, id: SnapshotId, deadline: Time) {
        self.active.push(Collection {
            request,
            id,
            deadline,
            reports: BTreeMap::new(),
        });
    }

    /// Takes a report. `Err`: nobody waits for it.
    pub(crate) fn hear(
        &mut self,
        from: NodeId,
        report: Report<S, M>,
    ) -> Result<Option<Verdict<S, M>>, ()> {
        let Report {
            id,
            incarnation,
            outcome,
        } = report;
        let place = self.active.iter().position(|it| it.id == id).ok_or(())?;
        let collection = self.active.get_mut(place).ok_or(())?;
        if self.members.binary_search(&from).is_err() {
            return Err(());
        }
        let local = match outcome {
            Ok(local) => local,
            Err(reason) => return Ok(self.end(place, Err(reason))),
        };
        match collection.reports.get(&from) {
            Some(&(known, _)) if known == incarnation => return Err(()),
            Some(_) => {
                let reason = AbortReason::Restarted { node: from };
                return Ok(self.end(place, Err(reason)));
            }
            None => {}
        }
        collection.reports.insert(from, (incarnation, local));
        if collection.reports.len() < self.members.len() {
            return Ok(None);
        }
        let verdict = collection.check().map(|()| collection.take());
        Ok(self.end(place, verdict))
    }

    /// Rule 3: the first snapshot whose time is over.
    pub(crate) fn expire(&mut self, now: Time) -> Option<Verdict<S, M>> {
        let place = self.active.iter().position(|it| it.deadline <= now)?;
        let reports = &self.active.get(place)?.reports;
        let missing = self.members.iter().copied();
        let missing = missing.filter(|member| !reports.contains_key(member));
        let missing = missing.collect();
        self.end(place, Err(AbortReason::Timeout { missing }))
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        self.active.iter().map(|it| it.deadline).min()
    }

    fn end(
        &mut self,
        place: usize,
        outcome: Result<GlobalSnapshot<S, M>, AbortReason>,
    ) -> Option<Verdict<S, M>> {
        if place >= self.active.len() {
            return None;
        }
        let Collection { request, id, .. } = self.active.remove(place);
        Some(Verdict {
            request,
            id,
            outcome,
        })
    }
}

impl<S, M> Collection<S, M> {
    /// Rule 2.
    fn check(&self) -> Result<(), AbortReason> {
        for (_, local) in self.reports.values() {
            for channel in &local.channels {
                let node = channel.from;
                let recorded = self.reports.get(&node).map(|(life, _)| *life);
                if recorded != Some(channel.incarnation) {
                    return Err(AbortReason::Restarted { node });
                }
            }
        }
        Ok(())
    }

    fn take(&mut self) -> GlobalSnapshot<S, M> {
        let mut states = BTreeMap::new();
        let mut channels = BTreeMap::new();
        for (to, (_, local)) in core::mem::take(&mut self.reports) {
            states.insert(to, local.state);
            for channel in local.channels {
                channels.insert((channel.from, to), channel.messages);
            }
        }
        GlobalSnapshot {
            id: self.id,
            states,
            channels,
        }
    }
}
