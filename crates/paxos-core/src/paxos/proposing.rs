//! Proposing: ballots from the first question to the decision, and the waits between them.

use core::mem;

use transport::{Context, NodeId, Time};

use super::{Activity, Attempt, Offer, Paxos};
use crate::{Acceptor, Ballot, Change, Mandate, Message, Proposal, Proposer, Record, Value};

/// How far one refusal can carry the rounds of this node. A peer that has really promised a later one
/// refuses again; one that lies cannot use up the rounds in a few messages.
const ROUNDS_PER_REFUSAL_MAX: u64 = 1 << 20;

impl<V: Value> Paxos<V> {
    /// Phase 1a: a ballot above everything heard of. The node's own promise is written first.
    pub(super) fn begin_ballot(&mut self, cx: &mut Context<'_, Self>) {
        let Some(ballot) = self.next_ballot() else {
            return self.stop_proposing(cx);
        };
        if self.acceptor.prepare(ballot) != Ok(Change::New) {
            debug_assert!(false, "a ballot above the promise is promised");
            return;
        }
        let own_promise = Some(self.persist(Record::Promised(ballot), cx));
        self.attempts = self.attempts.saturating_add(1);
        let resend_wait_ns = self.config.resend_interval_ns;
        self.activity = Activity::Attempting(Attempt {
            proposer: Proposer::new(ballot),
            own_promise,
            resend_due: cx.now().plus_nanos(resend_wait_ns),
            resend_wait_ns,
        });
        self.broadcast(&Message::Prepare { ballot }, cx);
    }

    fn next_ballot(&self) -> Option<Ballot> {
        let highest = self.acceptor.promised().max(self.outbid_by);
        Ballot::above(highest, self.config.id())
    }

    /// The last round is used: no request can be helped.
    fn stop_proposing(&mut self, cx: &mut Context<'_, Self>) {
        self.rest(cx);
        self.give_up_all(cx);
    }

    pub(super) fn on_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: Option<Proposal<V>>,
        cx: &mut Context<'_, Self>,
    ) {
        let Activity::Attempting(attempt) = &mut self.activity else {
            return;
        };
        let quorums = self.config.quorums();
        let mandate = attempt.proposer.on_promise(from, ballot, accepted, quorums);
        match mandate {
            None => {}
            Some(Mandate::Bound) => self.offer(cx),
            Some(Mandate::Free) => self.on_free(cx),
        }
    }

    /// A read quorum has accepted nothing: so say those who only want to know, and the oldest
    /// proposal that waits is offered.
    fn on_free(&mut self, cx: &mut Context<'_, Self>) {
        self.answer_undecided(cx);
        let Activity::Attempting(attempt) = &mut self.activity else {
            return;
        };
        let ballot = attempt.proposer.ballot();
        // Its own acceptor will not accept: there is no point in asking others.
        if self.acceptor.promised() != Some(ballot) {
            return self.back_off(cx);
        }
        if let Some(value) = self.waiting.iter_mut().find_map(super::Waiting::take_turn) {
            let offered = attempt.proposer.offer(value);
            debug_assert!(offered.is_ok(), "a free proposer takes a value");
            self.offer(cx);
        } else if self.waiting.is_empty() {
            self.rest(cx);
        } else {
            // Somebody asked after this ballot had begun.
            self.begin_ballot(cx);
        }
    }

    /// Phase 2a. The node's own acceptance is written first.
    fn offer(&mut self, cx: &mut Context<'_, Self>) {
        let Activity::Attempting(attempt) = &mut self.activity else {
            return;
        };
        let Some(proposal) = attempt.proposer.proposal().cloned() else {
            return;
        };
        attempt.resend_wait_ns = self.config.resend_interval_ns;
        attempt.resend_due = cx.now().plus_nanos(attempt.resend_wait_ns);
        if self.accept(proposal.clone(), cx) != Ok(Change::New) {
            return self.back_off(cx);
        }
        let own_acceptance = Some(cx.last_token());
        self.broadcast(&Message::Accept(proposal.clone()), cx);
        self.offer = Some(Offer {
            proposal,
            own_acceptance,
        });
    }

    pub(super) fn on_accepted(&mut self, from: NodeId, ballot: Ballot, cx: &mut Context<'_, Self>) {
        let Some(offer) = &self.offer else { return };
        if offer.proposal.ballot != ballot {
            return;
        }
        let (value, quorums) = (&offer.proposal.value, self.config.quorums());
        if self.learner.on_accepted(from, ballot, value, quorums) {
            let value = value.clone();
            let news = Message::Decided {
                value: value.clone(),
            };
            for &node in self.config.quorums().members() {
                if node != self.config.id() {
                    cx.send_early(node, news.clone());
                }
            }
            self.close(value, cx);
        }
    }

    pub(super) fn on_refused(
        &mut self,
        ballot: Ballot,
        promised: Ballot,
        cx: &mut Context<'_, Self>,
    ) {
        if promised <= ballot || !self.config.quorums().contains(&promised.node) {
            return self.ignore();
        }
        if self.ballot() == Some(ballot) {
            let farthest = ballot.round.saturating_add(ROUNDS_PER_REFUSAL_MAX);
            let round = promised.round.min(farthest);
            let believed = Ballot { round, ..promised };
            self.outbid_by = self.outbid_by.max(Some(believed));
            self.back_off(cx);
        }
    }

    pub(super) fn on_decided(&mut self, value: V, cx: &mut Context<'_, Self>) {
        match self.learner.on_decided(value.clone()) {
            Ok(Change::New) => self.close(value, cx),
            Ok(Change::Repeated) => {}
            Err(_) => self.ignore(),
        }
    }

    /// The decision is known: it is written, told to the clients, and the other roles end.
    fn close(&mut self, value: V, cx: &mut Context<'_, Self>) {
        let keep_from = cx.last_token().next();
        cx.checkpoint(Record::Decided(value.clone()), keep_from);
        self.acceptor = Acceptor::new();
        self.offer = None;
        self.activity = Activity::Quiet { ask_due: Time::MAX };
        self.answer_decided(&value, cx);
    }

    /// A greater ballot was promised here: one's own is not likely to succeed any more.
    pub(super) fn yield_to(&mut self, promised: Ballot, cx: &mut Context<'_, Self>) {
        if self.ballot().is_some_and(|ballot| ballot < promised) {
            self.back_off(cx);
        }
    }

    /// Gives up the ballot under way, and draws how long to wait before the next one: whoever else
    /// tries draws as well, and sooner or later one has enough time alone.
    fn back_off(&mut self, cx: &mut Context<'_, Self>) {
        let (min_ns, max_ns) = (self.config.backoff_min_ns, self.config.backoff_max_ns);
        let window_ns = 1_u64
            .checked_shl(self.failures)
            .and_then(|factor| min_ns.checked_mul(factor))
            .map_or(max_ns, |window_ns| window_ns.min(max_ns));
        self.failures = self.failures.saturating_add(1);
        let wait_ns = min_ns.saturating_add(cx.choose(window_ns));
        let due = cx.now().plus_nanos(wait_ns);
        self.activity = Activity::BackingOff { due };
    }

    /// Proposes nothing until a request comes or the ask timer rings.
    pub(super) fn rest(&mut self, cx: &mut Context<'_, Self>) {
        self.failures = 0;
        let interval_ns = self.config.ask_interval_ns;
        let ask_due = if self.config.quorums().size() == 1 && self.acceptor.accepted().is_none() {
            Time::MAX
        } else {
            let more_ns = cx.choose(interval_ns);
            cx.now().plus_nanos(interval_ns).plus_nanos(more_ns)
        };
        self.activity = Activity::Quiet { ask_due };
    }

    /// The ask timer rang: what was accepted here is finished, for its proposer may be gone;
    /// otherwise somebody is asked.
    pub(super) fn look_around(&mut self, cx: &mut Context<'_, Self>) {
        if self.acceptor.accepted().is_some() && self.next_ballot().is_some() {
            return self.begin_ballot(cx);
        }
        let (id, quorums) = (self.config.id(), self.config.quorums());
        let place = cx.choose(quorums.size().saturating_sub(1) as u64);
        let mut peers = quorums.members().copied().filter(|&node| node != id);
        let place = usize::try_from(place).unwrap_or_default();
        if let Some(peer) = peers.nth(place) {
            cx.send_early(peer, Message::Ask);
        }
        drop(peers);
        self.rest(cx);
    }

    /// Asks again those who have not answered, more and more seldom.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        let longest_ns = self
            .config
            .backoff_max_ns
            .max(self.config.resend_interval_ns);
        let Activity::Attempting(attempt) = &mut self.activity else {
            return;
        };
        attempt.resend_wait_ns = attempt.resend_wait_ns.saturating_mul(2).min(longest_ns);
        attempt.resend_due = cx.now().plus_nanos(attempt.resend_wait_ns);
        let ballot = attempt.proposer.ballot();
        let activity = mem::replace(&mut self.activity, Activity::Quiet { ask_due: Time::MAX });
        if let Activity::Attempting(attempt) = &activity {
            match attempt.proposer.proposal() {
                None => {
                    let wants = |node| attempt.proposer.awaits(node);
                    self.tell(&Message::Prepare { ballot }, wants, cx);
                }
                Some(proposal) => {
                    let wants = |node| !self.learner.has_accepted(node, ballot);
                    self.tell(&Message::Accept(proposal.clone()), wants, cx);
                }
            }
        }
        self.activity = activity;
    }
}
