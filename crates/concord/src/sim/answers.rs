//! The rule that every request ends once: at the node that holds it, unless that node crashes.

use std::collections::BTreeMap;

use simulator::Violation;
use transport::{Ends, NodeId, RequestId};

/// Every request without a final answer, and the node that holds it.
///
/// A client calls [`asked`](Self::asked) when a node that is up has been given a request,
/// [`heard`](Self::heard) at every event, [`crashed`](Self::crashed) when a node crashes, and
/// [`none_open`](Self::none_open) when everything must have been answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    open: BTreeMap<RequestId, NodeId>,
}

impl Answers {
    pub(crate) fn asked(&mut self, id: RequestId, node: NodeId) {
        self.open.insert(id, node);
    }

    /// `node` has said something to its client: the request that it ended, if it ended one. It must
    /// hold that request.
    pub(crate) fn heard(
        &mut self,
        node: NodeId,
        event: &(impl Ends + std::fmt::Debug),
    ) -> Result<Option<RequestId>, Violation> {
        let Some(id) = event.ends() else {
            return Ok(None);
        };
        if self.open.remove(&id) == Some(node) {
            return Ok(Some(id));
        }
        let detail = format!("{node} answered {id}, which it did not hold: {event:?}");
        Err(Violation::new("answers", detail))
    }

    pub(crate) fn crashed(&mut self, node: NodeId) {
        self.open.retain(|_, holder| *holder != node);
    }

    pub(crate) fn none_open(&self) -> Result<(), Violation> {
        let Some((id, node)) = self.open.first_key_value() else {
            return Ok(());
        };
        let detail = format!("{node} never answered {id}, and did not crash");
        Err(Violation::new("answers", detail))
    }
}
