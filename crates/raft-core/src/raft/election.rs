//! Elections: timers, pre-votes and votes. §5.2, §5.4.1; dissertation §9.6.

use transport::{Context, NodeId};

use super::{Raft, RoleState, Votes};
use crate::{Command, Message, Position, Term};

impl<T: Command> Raft<T> {
    /// Draws the next election timeout, between the configured one and twice it (§5.2).
    pub(super) fn reset_election(&mut self, cx: &mut Context<'_, Self>) {
        let least_ns = self.config.election_timeout_ns;
        let extra_ns = cx.choose(least_ns);
        self.election_due = cx.now().plus_nanos(least_ns.saturating_add(extra_ns));
    }

    /// The election timeout has passed: ask whether a candidacy would succeed.
    pub(super) fn begin_election(&mut self, cx: &mut Context<'_, Self>) {
        let known = (self.term, self.leader());
        self.reset_election(cx);
        if self.awaits_own_ballot() {
            return;
        }
        let Some(term) = self.term.next() else {
            return self.ignore();
        };
        let mut granted = Votes::default();
        if let Some(slot) = self.config.slot(self.config.id()) {
            granted.add(slot);
        }
        self.role = RoleState::PreCandidate { granted };
        self.announce_leader(known, cx);
        // A voter that is a quorum by itself asks nobody.
        if self.config.may_elect(|slot| granted.has(slot)) {
            return self.campaign(cx);
        }
        let last = self.log.last();
        self.ask_peers(|| Message::PreVote { term, last }, cx);
    }

    /// Whether this node is a candidate whose vote for itself is not on disk yet. Nobody has been
    /// asked then, and another ballot would only queue behind the first: a disk slower than the
    /// election timeout would never let anyone win.
    fn awaits_own_ballot(&self) -> bool {
        let own = self.config.slot(self.config.id());
        match &self.role {
            RoleState::Candidate { granted, .. } => own.is_some_and(|slot| !granted.has(slot)),
            _ => false,
        }
    }

    /// Enters the next term, votes for itself and asks for the others' votes.
    fn campaign(&mut self, cx: &mut Context<'_, Self>) {
        let Some(term) = self.term.next() else {
            return self.ignore();
        };
        (self.term, self.vote, self.ballot_dirty) = (term, Some(self.config.id()), true);
        self.persist_ballot(cx);
        // The own vote counts when it is durable, like everybody's (`on_durable`).
        self.role = RoleState::Candidate {
            granted: Votes::default(),
            ballot: cx.last_token(),
        };
        self.reset_election(cx);
        let last = self.log.last();
        self.ask_peers(|| Message::Vote { term, last }, cx);
    }

    fn ask_peers(&self, message: impl Fn() -> Message<T>, cx: &mut Context<'_, Self>) {
        for &peer in self.config.voters() {
            if peer != self.config.id() {
                cx.send(peer, message());
            }
        }
    }

    /// A pre-vote changes nothing here: no term, no vote, no timer.
    pub(super) fn on_pre_vote(
        &mut self,
        from: NodeId,
        term: Term,
        last: Position,
        cx: &mut Context<'_, Self>,
    ) {
        let would_vote = term > self.term && last >= self.log.last();
        let granted = would_vote && !self.leader_is_alive_besides(from, cx);
        let term = if granted { term } else { self.term };
        self.reply(from, Message::PreVoteReply { term, granted }, cx);
    }

    /// Whether this node has heard, within an election timeout, a leader other than the asker. (A
    /// leader that asks for pre-votes has given up leading.)
    fn leader_is_alive_besides(&self, asker: NodeId, cx: &Context<'_, Self>) -> bool {
        if matches!(self.role, RoleState::Leader(_)) {
            return true;
        }
        let heard_lately = self
            .leader_heard
            .is_some_and(|heard| cx.now() < heard.plus_nanos(self.config.election_timeout_ns));
        heard_lately && self.leader() != Some(asker)
    }

    pub(super) fn on_pre_vote_reply(
        &mut self,
        slot: usize,
        term: Term,
        granted: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let for_this_attempt = granted && Some(term) == self.term.next();
        if let RoleState::PreCandidate { granted } = &mut self.role
            && for_this_attempt
        {
            granted.add(slot);
            if self.config.may_elect(|slot| granted.has(slot)) {
                self.campaign(cx);
            }
        }
    }

    /// One vote a term, first come first served, and only for a log at least as up to date.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        term: Term,
        last: Position,
        cx: &mut Context<'_, Self>,
    ) {
        let free = self.vote.is_none() || self.vote == Some(from);
        let granted = term == self.term && free && last >= self.log.last();
        if granted {
            self.ballot_dirty |= self.vote.is_none();
            self.vote = Some(from);
            if matches!(self.role, RoleState::PreCandidate { .. }) {
                self.role = RoleState::Follower { leader: None };
            }
            self.reset_election(cx);
        }
        let term = self.term;
        self.reply(from, Message::VoteReply { term, granted }, cx);
    }

    pub(super) fn on_vote_reply(
        &mut self,
        slot: usize,
        term: Term,
        granted: bool,
        cx: &mut Context<'_, Self>,
    ) {
        if granted && term == self.term {
            self.count_vote(slot, cx);
        }
    }

    /// The record of this node's own vote is durable.
    pub(super) fn count_own_vote(&mut self, cx: &mut Context<'_, Self>) {
        if let Some(slot) = self.config.slot(self.config.id()) {
            self.count_vote(slot, cx);
        }
    }

    fn count_vote(&mut self, slot: usize, cx: &mut Context<'_, Self>) {
        if let RoleState::Candidate { granted, .. } = &mut self.role {
            granted.add(slot);
            if self.config.may_elect(|slot| granted.has(slot)) {
                self.become_leader(cx);
            }
        }
    }
}
