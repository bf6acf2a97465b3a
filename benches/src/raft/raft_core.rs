//! `raft-core`: ours, a process of the contract.

use raft_core::{Config, Event, Message, Outcome, Raft, Request, Role};
use transport::{
    Bytes, Choose, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Time,
    Token,
};

use super::{Cluster, Tally};
use crate::Error;

/// A cluster of `raft-core` nodes.
pub(crate) struct RaftCore {
    replicas: Vec<Replica>,
    mail: Vec<Mail>,
    messages: u64,
    now: Time,
    next_id: u64,
}

/// One node with its outbox and its choices.
struct Replica {
    node: Raft<Bytes>,
    effects: Effects<Raft<Bytes>>,
    patience: Patience,
    tally: Tally,
    /// A proposal that did not end well.
    failed: Option<String>,
}

struct Mail {
    from: NodeId,
    to: usize,
    message: Message<Bytes>,
}

/// Election timeouts without chance: the first node waits the shortest, the others the longest.
enum Patience {
    Least,
    Most,
}

impl Choose for Patience {
    fn choose(&mut self, n: u64) -> u64 {
        match self {
            Self::Least => 0,
            Self::Most => n.saturating_sub(1),
        }
    }
}

impl Cluster for RaftCore {
    const NAME: &'static str = "raft-core";
    const FEATURES: &'static str = "pre-vote, quorum check, conflict hints, read rounds, one final \
        answer per proposal, appends up to 1 MiB and 1024 entries, 256 appends in flight; the log is \
        not cut (it has no snapshots yet)";
    const OURS: bool = true;

    fn new(nodes: usize, _: bool) -> Result<Self, Error> {
        let ids: Vec<NodeId> = (0..nodes as u32).map(NodeId).collect();
        let mut replicas = Vec::with_capacity(nodes);
        for &id in &ids {
            let config = Config::new(id, ids.iter().copied())
                .and_then(|config| config.appends_in_flight_max(256))
                .map_err(refused)?;
            replicas.push(Replica {
                node: Raft::recover(&config, Vec::new()).map_err(refused)?,
                effects: Effects::new(),
                patience: if id == NodeId(0) {
                    Patience::Least
                } else {
                    Patience::Most
                },
                tally: Tally::default(),
                failed: None,
            });
        }
        let mut cluster = Self {
            replicas,
            mail: Vec::new(),
            messages: 0,
            now: Time::ZERO,
            next_id: 0,
        };
        for replica in &mut cluster.replicas {
            replica.step(Time::ZERO, Input::Start);
        }
        // Time moves once, to the first election timeout, and then stands still.
        cluster.now = cluster.replicas[0].node.deadline().unwrap_or(Time::ZERO);
        while cluster.sweep()? {}
        if cluster.replicas[0].node.role() == Role::Leader {
            Ok(cluster)
        } else {
            Err(refused("nobody was elected"))
        }
    }

    fn propose(&mut self, payload: &[u8], count: usize) -> Result<(), Error> {
        for _ in 0..count {
            self.next_id += 1;
            let request = Request::Propose {
                id: RequestId(self.next_id),
                command: Bytes::from(payload),
            };
            self.replicas[0].step(self.now, Input::Request(request));
        }
        Ok(())
    }

    fn sweep(&mut self) -> Result<bool, Error> {
        let mut busy = false;
        for (id, replica) in (0..).map(NodeId).zip(&mut self.replicas) {
            busy |= replica.act(id, self.now, &mut self.mail);
            if let Some(why) = replica.failed.take() {
                return Err(refused(why));
            }
        }
        self.messages += self.mail.len() as u64;
        for Mail { from, to, message } in self.mail.drain(..) {
            busy = true;
            self.replicas[to].step(self.now, Input::Message { from, message });
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
    fn step(&mut self, now: Time, input: Input<Raft<Bytes>>) {
        let mut context = Context::new(now, now, &mut self.patience, &mut self.effects);
        self.node.step(input, &mut context);
    }

    /// Wakes the node if it wants that, and carries out its effects; whether there was anything.
    /// Memory is durable at once, so every gate is open when the mail leaves.
    fn act(&mut self, id: NodeId, now: Time, mail: &mut Vec<Mail>) -> bool {
        let mut busy = false;
        if self.node.deadline().is_some_and(|due| due <= now) {
            busy = true;
            self.step(now, Input::Wake);
        }
        loop {
            let mut durable = Token::NONE;
            for effect in self.effects.drain() {
                busy = true;
                match effect {
                    Effect::Send { to, message, .. } => mail.push(Mail {
                        from: id,
                        to: to.0 as usize,
                        message,
                    }),
                    Effect::Emit { event, .. } => match event {
                        Event::Committed(batch) => {
                            for command in batch.entries() {
                                self.tally.apply(command);
                            }
                        }
                        Event::Proposed {
                            outcome: Outcome::Committed { .. },
                            ..
                        }
                        | Event::Leader { .. } => {}
                        other => self.failed = Some(format!("{other:?}")),
                    },
                    Effect::Persist { token, .. } | Effect::Checkpoint { token, .. } => {
                        durable = token;
                    }
                }
            }
            if durable == Token::NONE {
                return busy;
            }
            self.step(now, Input::Durable(durable));
        }
    }
}

fn refused(why: impl ToString) -> Error {
    Error::Refused {
        contender: RaftCore::NAME,
        why: why.to_string(),
    }
}
