//! Accepting: the questions of peers.

use transport::{Context, NodeId};

use super::Paxos;
use crate::{Ballot, Change, Denial, Message, Outbid, Proposal, Record, Value};

impl<V: Value> Paxos<V> {
    pub(super) fn on_prepare(&mut self, from: NodeId, ballot: Ballot, cx: &mut Context<'_, Self>) {
        if ballot.node != from {
            return self.ignore();
        }
        if self.tell_decision(from, cx) {
            return;
        }
        match self.acceptor.prepare(ballot) {
            Ok(change) => {
                if change == Change::New {
                    self.persist(Record::Promised(ballot), cx);
                    self.yield_to(ballot, cx);
                }
                let accepted = self.acceptor.accepted().cloned();
                cx.send(from, Message::Promise { ballot, accepted });
            }
            Err(Outbid { promised }) => cx.send(from, Message::Refused { ballot, promised }),
        }
    }

    pub(super) fn on_accept(
        &mut self,
        from: NodeId,
        proposal: Proposal<V>,
        cx: &mut Context<'_, Self>,
    ) {
        let ballot = proposal.ballot;
        if ballot.node != from {
            return self.ignore();
        }
        if self.tell_decision(from, cx) {
            return;
        }
        match self.accept(proposal, cx) {
            Ok(change) => {
                if change == Change::New {
                    self.yield_to(ballot, cx);
                }
                cx.send(from, Message::Accepted { ballot });
            }
            Err(Denial::Outbid(Outbid { promised })) => {
                cx.send(from, Message::Refused { ballot, promised });
            }
            Err(Denial::SecondValue { .. }) => self.ignore(),
        }
    }

    /// Accepts a proposal of a peer or of this node, and writes it down.
    pub(super) fn accept(
        &mut self,
        proposal: Proposal<V>,
        cx: &mut Context<'_, Self>,
    ) -> Result<Change, Denial> {
        let record = Record::Accepted(proposal.clone());
        let change = self.acceptor.accept(proposal)?;
        if change == Change::New {
            self.persist(record, cx);
        }
        Ok(change)
    }
}
