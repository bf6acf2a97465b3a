//! The judge: journals of both ends of every channel, limits, and markers counted.
//!
//! What a node had in its journal goes with a crash, and what a full session drops arrives nowhere:
//! the channels of such a node are not judged. Once there was one, markers are counted only in the
//! last phase, when nothing is lost any more.

use std::collections::{BTreeMap, BTreeSet};

use simulator::{Cluster, Observer, Violation};
use snapshot::{Broken, JournalEntry, NodeCut, verify_channels};
use transport::{NodeId, Time};

use super::clients::Clients;
use super::{Cut, Money, Node};

/// What the nodes knew at the end.
#[derive(Default)]
pub(crate) struct Judge {
    /// Of the nodes that never crashed.
    journals: BTreeMap<NodeId, Vec<JournalEntry<Money>>>,
    markers: Vec<snapshot::SnapshotCounts>,
    /// How many markers the present life of each node has sent.
    sent: BTreeMap<NodeId, u64>,
    /// When how many were sent in one step.
    sendings: Vec<(Time, u64)>,
}

impl Judge {
    /// The rule that a cut's channels break, among the nodes that never crashed and lost nothing.
    pub(super) fn channels(&self, cut: &Cut, lossy: &BTreeSet<NodeId>) -> Option<Broken> {
        let journals = self.journals.iter();
        let journals = journals.filter(|(node, _)| !lossy.contains(node));
        let places = journals.filter_map(|(&node, journal)| {
            let entries = cut.states.get(&node)?.entries;
            Some((node, NodeCut { journal, entries }))
        });
        let cuts: BTreeMap<NodeId, NodeCut<'_, Money>> = places.collect();
        let mut channels = cut.channels.clone();
        channels.retain(|(from, to), _| cuts.contains_key(from) && cuts.contains_key(to));
        verify_channels(&channels, &cuts).err()
    }

    /// Each snapshot begun has put one marker on each channel; in the last phase, whatever happened
    /// before, there is one of each node.
    pub(super) fn markers(&self, clients: &Clients) -> Option<Violation> {
        let nodes = self.markers.len() as u64;
        if let Some(settled_at) = clients.settled_at() {
            let last = self.sendings.iter().filter(|(at, _)| *at >= settled_at);
            let sent: u64 = last.map(|(_, sent)| sent).sum();
            let expected = nodes * nodes * (nodes - 1);
            if sent != expected {
                let detail = format!(
                    "the last {nodes} snapshots put {sent} markers on channels, not {expected}"
                );
                return Some(Violation::new("marker-count", detail));
            }
        }
        let begun = clients.begun()?;
        let expected = begun * nodes * (nodes - 1);
        let sent: u64 = self.markers.iter().map(|counts| counts.markers_sent).sum();
        let refused: u64 = self.markers.iter().map(|it| it.markers_refused).sum();
        let detail = format!(
            "{begun} snapshots of {nodes} nodes put {sent} markers on channels, not {expected}; {refused} were refused"
        );
        (sent != expected || refused > 0).then(|| Violation::new("marker-count", detail))
    }
}

impl Observer<Node> for Judge {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Node>) -> Result<(), Violation> {
        let (Some(process), Some(config)) = (cluster.process(node), cluster.config(node)) else {
            return Ok(());
        };
        let sent = process.process().counts().markers_sent;
        let before = self.sent.insert(node, sent).unwrap_or(0);
        if sent > before {
            self.sendings.push((cluster.now(), sent - before));
        }
        let held = process.process().recordings_len();
        let limit = config.process.recordings_max;
        if held > limit {
            let detail = format!("{node} records for {held} snapshots, and {limit} are allowed");
            return Err(Violation::new("bounded", detail));
        }
        Ok(())
    }

    fn after_crash(&mut self, node: NodeId, _: &Cluster<'_, Node>) -> Result<(), Violation> {
        self.sent.remove(&node);
        Ok(())
    }

    fn at_end(&mut self, cluster: &Cluster<'_, Node>) -> Result<(), Violation> {
        for node in cluster.nodes() {
            let Some(process) = cluster.process(node) else {
                continue;
            };
            let snapshotting = process.process();
            self.markers.push(snapshotting.counts());
            let held = (
                snapshotting.recordings_len(),
                snapshotting.messages_recorded(),
                snapshotting.snapshots_pending(),
            );
            if held != (0, 0, 0) {
                let detail = format!(
                    "{node} still holds {} recordings with {} messages and {} snapshots",
                    held.0, held.1, held.2
                );
                return Err(Violation::new("released", detail));
            }
            if process.incarnation() == 1 {
                let journal = snapshotting.process().journal().to_vec();
                self.journals.insert(node, journal);
            }
        }
        Ok(())
    }
}
