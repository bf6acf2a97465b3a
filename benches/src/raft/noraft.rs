//! `noraft`: a core without payloads, so this driver stores them and carries them beside messages.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use noraft::{Action, LogIndex, Message, Node, NodeId};

use super::{Cluster, Tally};
use crate::Error;

/// Applied entries kept before the log is cut.
const COMPACT_AFTER: u64 = 8192;
/// Applied entries kept when it is cut.
const COMPACT_KEEP: u64 = 1024;

/// A log slot: a command's payload, or nothing for entries of the protocol itself.
type Slot = Option<Arc<[u8]>>;

/// A cluster of `noraft` nodes.
pub(crate) struct Noraft {
    replicas: Vec<Replica>,
    mail: Vec<Mail>,
    messages: u64,
}

/// One node and its storage.
struct Replica {
    node: Node,
    /// Slot `i` is log index `base + 1 + i`.
    slots: VecDeque<Slot>,
    base: u64,
    applied: u64,
    cuts_log: bool,
    tally: Tally,
}

/// A message with the payloads of its entries; a broadcast shares them.
struct Mail {
    to: usize,
    message: Message,
    payloads: Option<Rc<[Slot]>>,
}

impl Cluster for Noraft {
    const NAME: &'static str = "noraft 0.7.1";
    const FEATURES: &'static str = "no pre-vote, check-quorum, flow control or reads (it has none); \
        merged appends; the driver keeps an Arc<[u8]> per entry and node";

    fn new(nodes: usize, cuts_log: bool) -> Result<Self, Error> {
        let ids: Vec<NodeId> = (0..nodes as u64).map(NodeId::new).collect();
        let mut cluster = Self {
            replicas: ids.iter().map(|&id| Replica::new(id, cuts_log)).collect(),
            mail: Vec::new(),
            messages: 0,
        };
        cluster.replicas[0].node.create_cluster(&ids);
        while cluster.sweep()? {}
        if cluster.replicas[0].node.role().is_leader() {
            Ok(cluster)
        } else {
            Err(refused("nobody was elected"))
        }
    }

    fn propose(&mut self, payload: &[u8], count: usize) -> Result<(), Error> {
        let leader = &mut self.replicas[0];
        for _ in 0..count {
            let position = leader.node.propose_command();
            leader.store(position.index.get(), Some(Arc::from(payload)));
        }
        Ok(())
    }

    fn sweep(&mut self) -> Result<bool, Error> {
        let mut busy = false;
        for (place, replica) in self.replicas.iter_mut().enumerate() {
            busy |= replica.act(place, &mut self.mail);
        }
        self.messages += self.mail.len() as u64;
        for mail in self.mail.drain(..) {
            busy = true;
            self.replicas[mail.to].receive(&mail)?;
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
    fn new(id: NodeId, cuts_log: bool) -> Self {
        Self {
            node: Node::start(id),
            slots: VecDeque::new(),
            base: 0,
            applied: 0,
            cuts_log,
            tally: Tally::default(),
        }
    }

    /// Puts `slot` at `index`. Nothing is lost here and one leader leads, so an index that is stored
    /// already holds the same entry.
    fn store(&mut self, index: u64, slot: Slot) {
        let mut next = self.base + 1 + self.slots.len() as u64;
        while next < index {
            self.slots.push_back(None);
            next += 1;
        }
        if next == index {
            self.slots.push_back(slot);
        }
    }

    /// Carries out what the node asks; whether there was anything.
    fn act(&mut self, place: usize, mail: &mut Vec<Mail>) -> bool {
        let mut busy = false;
        while let Some(action) = self.node.actions_mut().next() {
            busy = true;
            match action {
                Action::BroadcastMessage(message) => {
                    let payloads = self.payloads(&message);
                    for peer in self.node.peers() {
                        mail.push(Mail {
                            to: peer.get() as usize,
                            message: message.clone(),
                            payloads: payloads.clone(),
                        });
                    }
                }
                Action::SendMessage(peer, message) => mail.push(Mail {
                    to: peer.get() as usize,
                    payloads: self.payloads(&message),
                    message,
                }),
                // Payloads were stored when they were proposed or received; there is no disk and no
                // timer.
                Action::SetElectionTimeout
                | Action::SaveCurrentTerm
                | Action::SaveVotedFor
                | Action::AppendLogEntries(_) => {}
                Action::InstallSnapshot(id) => {
                    debug_assert!(false, "node {place} fell behind: snapshot for {id:?}");
                }
            }
        }
        self.apply();
        busy
    }

    /// The payloads of the entries in `message`.
    fn payloads(&self, message: &Message) -> Option<Rc<[Slot]>> {
        let Message::AppendEntriesCall { entries, .. } = message else {
            return None;
        };
        if entries.is_empty() {
            return None;
        }
        let first = entries.prev_position().index.get() - self.base;
        let last = (entries.last_position().index.get() - self.base).min(self.slots.len() as u64);
        let range = first.min(last) as usize..last as usize;
        Some(self.slots.range(range).cloned().collect())
    }

    fn receive(&mut self, mail: &Mail) -> Result<(), Error> {
        self.node
            .handle_message(&mail.message)
            .map_err(|error| refused(&error.to_string()))?;
        if let (Message::AppendEntriesCall { entries, .. }, Some(payloads)) =
            (&mail.message, &mail.payloads)
        {
            let first = entries.prev_position().index.get() + 1;
            for (index, slot) in (first..).zip(payloads.iter()) {
                self.store(index, slot.clone());
            }
        }
        Ok(())
    }

    /// Applies what is committed, and cuts the log now and then.
    fn apply(&mut self) {
        let commit = self.node.commit_index().get();
        while self.applied < commit {
            let slot = self.slots.get((self.applied - self.base) as usize);
            if let Some(Some(payload)) = slot {
                self.tally.apply(payload);
            }
            self.applied += 1;
        }
        if self.cuts_log && self.applied - self.base >= COMPACT_AFTER + COMPACT_KEEP {
            self.compact(self.applied - COMPACT_KEEP);
        }
    }

    fn compact(&mut self, index: u64) {
        let cut = self
            .node
            .log()
            .get_position_and_config(LogIndex::new(index));
        if let Some((position, config)) = cut {
            let config = config.clone();
            if self.node.handle_snapshot_installed(position, config) {
                self.slots.drain(..(index - self.base) as usize);
                self.base = index;
            }
        }
    }
}

fn refused(why: &str) -> Error {
    Error::Refused {
        contender: Noraft::NAME,
        why: why.to_owned(),
    }
}
