//! `raft` (raft-rs) at its best: its defaults send one entry a message.

use raft::eraftpb::{Entry, Message, MessageType};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole, Storage as _};

use super::{Cluster, Tally};
use crate::Error;

/// Applied entries kept before the log is cut.
const COMPACT_AFTER: u64 = 8192;
/// Applied entries kept when it is cut.
const COMPACT_KEEP: u64 = 1024;

/// A cluster of `raft` nodes over its own in-memory storage.
pub(crate) struct RaftRs {
    replicas: Vec<Replica>,
    mail: Vec<Message>,
    messages: u64,
}

/// One node.
struct Replica {
    node: RawNode<MemStorage>,
    applied: u64,
    cuts_log: bool,
    tally: Tally,
}

impl Cluster for RaftRs {
    const NAME: &'static str = "raft 0.7.0";
    const FEATURES: &'static str = "pre_vote, check_quorum, batch_append, skip_bcast_commit, \
        max_size_per_msg 1 MiB, max_inflight_msgs 256, 64 entries in one MsgPropose, discarding logger";

    fn new(nodes: usize, cuts_log: bool) -> Result<Self, Error> {
        let ids: Vec<u64> = (1..=nodes as u64).collect();
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let mut replicas = Vec::with_capacity(nodes);
        for &id in &ids {
            let config = Config {
                id,
                election_tick: 10,
                heartbeat_tick: 1,
                max_size_per_msg: 1 << 20,
                max_inflight_msgs: 256,
                pre_vote: true,
                check_quorum: true,
                skip_bcast_commit: true,
                batch_append: true,
                ..Config::default()
            };
            let storage = MemStorage::new_with_conf_state((ids.clone(), vec![]));
            replicas.push(Replica {
                node: RawNode::new(&config, storage, &logger).map_err(refused)?,
                applied: 0,
                cuts_log,
                tally: Tally::default(),
            });
        }
        let mut cluster = Self {
            replicas,
            mail: Vec::new(),
            messages: 0,
        };
        cluster.replicas[0].node.campaign().map_err(refused)?;
        while cluster.sweep()? {}
        if cluster.replicas[0].node.raft.state == StateRole::Leader {
            Ok(cluster)
        } else {
            Err(refused("nobody was elected"))
        }
    }

    fn propose(&mut self, payload: &[u8], count: usize) -> Result<(), Error> {
        let node = &mut self.replicas[0].node;
        if count == 1 {
            return node.propose(vec![], payload.to_vec()).map_err(refused);
        }
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(Entry {
                data: payload.to_vec().into(),
                ..Entry::default()
            });
        }
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgPropose);
        message.from = node.raft.id;
        message.set_entries(entries.into());
        node.raft.step(message).map_err(refused)
    }

    fn sweep(&mut self) -> Result<bool, Error> {
        let mut busy = false;
        for replica in &mut self.replicas {
            busy |= replica.act(&mut self.mail)?;
        }
        self.messages += self.mail.len() as u64;
        for message in self.mail.drain(..) {
            busy = true;
            let to = message.to as usize - 1;
            self.replicas[to].node.step(message).map_err(refused)?;
        }
        Ok(busy)
    }

    fn applied(&self, node: usize) -> Tally {
        self.replicas[node].tally
    }

    fn messages(&self) -> u64 {
        self.messages
    }
}

impl Replica {
    /// Takes one `Ready` and carries it out; whether there was one.
    fn act(&mut self, mail: &mut Vec<Message>) -> Result<bool, Error> {
        if !self.node.has_ready() {
            return Ok(false);
        }
        let mut ready = self.node.ready();
        mail.append(&mut ready.take_messages());
        self.apply(ready.take_committed_entries());
        let storage = self.node.raft.raft_log.store.clone();
        if !ready.entries().is_empty() {
            storage.wl().append(ready.entries()).map_err(refused)?;
        }
        if let Some(state) = ready.hs() {
            storage.wl().set_hardstate(state.clone());
        }
        mail.append(&mut ready.take_persisted_messages());
        let mut light = self.node.advance(ready);
        if let Some(commit) = light.commit_index() {
            storage.wl().mut_hard_state().set_commit(commit);
        }
        mail.append(&mut light.take_messages());
        self.apply(light.take_committed_entries());
        self.node.advance_apply();
        let first = storage.first_index().map_err(refused)?;
        if self.cuts_log && self.applied + 1 >= first + COMPACT_AFTER + COMPACT_KEEP {
            let keep_from = self.applied - COMPACT_KEEP;
            storage.wl().compact(keep_from).map_err(refused)?;
        }
        Ok(true)
    }

    fn apply(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.applied = entry.index;
            if !entry.data.is_empty() {
                self.tally.apply(&entry.data);
            }
        }
    }
}

fn refused(why: impl ToString) -> Error {
    Error::Refused {
        contender: RaftRs::NAME,
        why: why.to_string(),
    }
}
