//! What clients asked and heard, and the promises made to them.

use std::collections::BTreeMap;

use paxos_core::{Event, Refusal, Request};
use transport::RequestId;

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    Decided(u64, bool),
    Undecided,
    Unknown,
    Refused(Refusal),
    /// The process that held it crashed.
    Crashed,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    node: u32,
    is_learn: bool,
    /// A value had been chosen when this was asked.
    was_chosen: bool,
}

/// The clients of a cluster. A proposal's value is the number of its request, so that every value
/// names its proposal.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    newest: u64,
    open: BTreeMap<RequestId, Open>,
    ended: BTreeMap<RequestId, Ending>,
}

impl Clients {
    pub(crate) fn ask(&mut self, node: u32, is_learn: bool, was_chosen: bool) -> RequestId {
        self.newest += 1;
        let id = RequestId(self.newest);
        let open = Open {
            node,
            is_learn,
            was_chosen,
        };
        self.open.insert(id, open);
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

    /// Judges one event of a node, by the value that has been chosen if one has.
    pub(crate) fn hear(&mut self, node: u32, event: &Event<u64>, chosen: Option<u64>) {
        match event {
            Event::Learned { value } => assert_eq!(Some(*value), chosen),
            Event::Decided { id, value, is_own } => {
                assert_eq!(Some(*value), chosen, "{id} hears of what is chosen");
                let open = self.end(node, *id, Ending::Decided(*value, *is_own));
                assert_eq!(*is_own, !open.is_learn && id.0 == *value);
            }
            Event::Undecided { id } => {
                let open = self.end(node, *id, Ending::Undecided);
                assert!(open.is_learn);
                assert!(
                    !open.was_chosen,
                    "{id} hears that nothing is decided, but a value was chosen before it asked"
                );
            }
            Event::Unknown { id } => {
                let open = self.end(node, *id, Ending::Unknown);
                assert!(!open.is_learn, "only a proposal can have an unknown fate");
            }
            Event::Refused { request, refusal } => {
                if let Request::Propose { id, value } = request {
                    assert_eq!(*value, id.0, "the refused value is handed back");
                }
                self.end(node, request.id(), Ending::Refused(*refusal));
            }
        }
    }

    /// The values of proposals that were refused.
    pub(crate) fn refused(&self) -> impl Iterator<Item = u64> + '_ {
        let refused = |ending: &Ending| matches!(ending, Ending::Refused(_));
        let ended = self.ended.iter();
        ended
            .filter(move |(_, ending)| refused(ending))
            .map(|(id, _)| id.0)
    }
}
