//! What clients asked and heard, and the promises made to them.

use std::collections::BTreeMap;

use raft_core::invariants::Ledger;
use raft_core::{Event, Index, Outcome, Refusal, Request};
use transport::{NodeId, RequestId};

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    Committed(Index),
    Lost,
    Unknown,
    Readable(Index),
    Refused(Refusal, Option<NodeId>),
    /// The process that held it crashed.
    Crashed,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    node: u32,
    /// The last entry that any client knew to be committed when this was asked.
    floor: Index,
}

/// The clients of a cluster. A proposal's command is the number of its request, so that every
/// command is unique.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    newest: u64,
    open: BTreeMap<RequestId, Open>,
    ended: BTreeMap<RequestId, Ending>,
    /// The last entry that any client knows to be committed.
    acknowledged: Index,
}

impl Clients {
    pub(crate) fn ask(&mut self, node: u32) -> RequestId {
        self.newest += 1;
        let id = RequestId(self.newest);
        let floor = self.acknowledged;
        self.open.insert(id, Open { node, floor });
        id
    }

    pub(crate) fn ending(&self, id: RequestId) -> Option<Ending> {
        self.ended.get(&id).copied()
    }

    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn crashed(&mut self, node: u32) {
        let held: Vec<RequestId> = self
            .open
            .iter()
            .filter(|(_, open)| open.node == node)
            .map(|(id, _)| *id)
            .collect();
        for id in held {
            self.end(node, id, Ending::Crashed);
        }
    }

    fn end(&mut self, node: u32, id: RequestId, ending: Ending) -> Open {
        let before = self.ended.insert(id, ending);
        assert_eq!(before, None, "{id} ended twice, now {ending:?}");
        let open = self.open.remove(&id).expect("an answer to a question");
        assert_eq!(open.node, node, "{id} was answered by another node");
        open
    }

    /// Judges one event of a node that has handed over everything up to `applied`.
    pub(crate) fn hear(
        &mut self,
        node: u32,
        event: &Event<u64>,
        applied: Index,
        ledger: &Ledger<u64>,
    ) {
        match event {
            Event::Proposed { id, outcome } => {
                let ending = match outcome {
                    Outcome::Committed { index, term } => {
                        assert!(
                            *index <= applied,
                            "the entry is handed over before the answer"
                        );
                        let log = ledger.committed();
                        assert_eq!(log.term_at(*index), Some(*term), "{id} at {index}");
                        assert_eq!(log.command(*index), Some(Some(&id.0)));
                        self.acknowledged = self.acknowledged.max(*index);
                        Ending::Committed(*index)
                    }
                    Outcome::Lost { .. } => Ending::Lost,
                    Outcome::Unknown { .. } => Ending::Unknown,
                };
                self.end(node, *id, ending);
            }
            Event::Readable { id, index } => {
                let open = self.end(node, *id, Ending::Readable(*index));
                assert_eq!(
                    *index, applied,
                    "the state that is read has been handed over"
                );
                assert!(
                    *index >= open.floor,
                    "stale read: {id} saw {index}, but {} was acknowledged before it was asked",
                    open.floor
                );
            }
            Event::Refused {
                request,
                leader,
                refusal,
            } => {
                if let Request::Propose { id, command } = request {
                    assert_eq!(*command, id.0, "the refused command is handed back");
                }
                self.end(node, request.id(), Ending::Refused(*refusal, *leader));
            }
            Event::Committed(_) | Event::Leader { .. } => {}
        }
    }

    /// What was refused or lost must never have happened.
    pub(crate) fn check_never_executed(&self, ledger: &Ledger<u64>) {
        for batch in ledger.committed().batches() {
            for command in batch.entries() {
                let ending = self.ending(RequestId(*command));
                let never = matches!(ending, Some(Ending::Lost | Ending::Refused(..)));
                assert!(!never, "r{command} was {ending:?}, yet it is committed");
            }
        }
    }
}
