//! Leading: replication, the commit rule, the quorum check and read rounds. §5.3, §5.4.2;
//! dissertation §6.2, §6.4.
//!
//! Appends leave before the leader's own disk has the entries (`send_early`): a crash may take the
//! leader's copy, but that copy is not counted until it is durable.

use alloc::vec::Vec;

use transport::{Context, Time};

use super::progress::{Mode, Progress};
use super::{Raft, RoleState};
use crate::{Batch, Command, Entries, Index, Message, Position, Term, Verdict};

/// What only a leader knows.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Leadership {
    /// By slot; the leader's own is unused.
    peers: Vec<Progress>,
    heartbeat_due: Time,
    quorum_due: Time,
    /// The newest read round begun.
    pub(super) round: u64,
}

impl Leadership {
    /// When the leader next has something to do unasked.
    pub(super) fn due(&self) -> Time {
        self.heartbeat_due.min(self.quorum_due)
    }
}

impl<T: Command> Raft<T> {
    pub(super) fn become_leader(&mut self, cx: &mut Context<'_, Self>) {
        let known = (self.term, self.leader());
        let now = cx.now();
        let next = self.log.last().index.next();
        self.role = RoleState::Leader(Leadership {
            peers: self
                .config
                .voters()
                .iter()
                .map(|_| Progress::new(next, now))
                .collect(),
            heartbeat_due: now.plus_nanos(self.config.heartbeat_interval_ns),
            quorum_due: now.plus_nanos(self.config.election_timeout_ns),
            round: 0,
        });
        self.announce_leader(known, cx);
        // Committing this blank entry commits everything before it (§5.4.2, §8).
        self.append_durably(Batch::blank(self.term, next), cx);
        self.replicate(cx);
    }

    /// The leader's part of a wake-up: check that a quorum still answers, write what was proposed,
    /// start a read round and show life.
    pub(super) fn lead(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        if !self.passes_quorum_check(now) {
            // Before the proposals at hand enter the log: so they are refused, not unknown.
            return self.become_follower(self.term, cx);
        }
        let proposed = self.flush_proposals(cx);
        let asked = self.begin_read_round();
        let RoleState::Leader(leadership) = &mut self.role else {
            return;
        };
        let silent = now >= leadership.heartbeat_due;
        if silent || asked {
            leadership.heartbeat_due = now.plus_nanos(self.config.heartbeat_interval_ns);
        }
        if proposed {
            self.replicate(cx);
        }
        if silent || asked {
            self.heartbeat(cx);
        }
        // A lone voter, or one heavy enough, is a quorum by itself.
        self.end_reads(cx);
    }

    /// Once an election timeout: does a write quorum still answer? In between the answer is yes.
    fn passes_quorum_check(&mut self, now: Time) -> bool {
        let RoleState::Leader(leadership) = &mut self.role else {
            return true;
        };
        if now < leadership.quorum_due {
            return true;
        }
        leadership.quorum_due = now.plus_nanos(self.config.election_timeout_ns);
        self.hears_quorum(now)
    }

    /// Whether a write quorum, this node included, answered within the last election timeout. With
    /// less, nothing can be committed and no read served.
    fn hears_quorum(&self, now: Time) -> bool {
        let RoleState::Leader(leadership) = &self.role else {
            return false;
        };
        let answered =
            |progress: &Progress| now <= progress.heard.plus_nanos(self.config.election_timeout_ns);
        self.is_write_quorum_with_self(&leadership.peers, answered)
    }

    /// Whether the voters that meet `test`, this node always among them, are a write quorum.
    fn is_write_quorum_with_self(
        &self,
        peers: &[Progress],
        test: impl Fn(&Progress) -> bool,
    ) -> bool {
        let own = self.config.slot(self.config.id());
        let meets = |slot| Some(slot) == own || peers.get(slot).is_some_and(&test);
        self.config.may_commit(meets)
    }

    /// Sends every peer what it lacks, as far as its window allows.
    fn replicate(&mut self, cx: &mut Context<'_, Self>) {
        for slot in 0..self.config.voters().len() {
            self.replicate_to(slot, cx);
        }
    }

    fn replicate_to(&mut self, slot: usize, cx: &mut Context<'_, Self>) {
        let (term, commit, id) = (self.term, self.commit, self.config.id());
        let last = self.log.last().index;
        let RoleState::Leader(leadership) = &mut self.role else {
            return;
        };
        let round = leadership.round;
        let (Some(progress), Some(&peer)) = (
            leadership.peers.get_mut(slot),
            self.config.voters().get(slot),
        ) else {
            return;
        };
        // Each turn sends at least one entry, so the window bounds the loop.
        while peer != id
            && progress.next <= last
            && progress.is_open(self.config.appends_in_flight_max)
        {
            let entries = self.log.chain_from(
                progress.next,
                self.config.append_entries_max,
                self.config.append_bytes_max,
            );
            let Some(end) = entries.last() else { return };
            let previous = position_before(&self.log, progress.next);
            progress.sent(end);
            cx.send_early(
                peer,
                Message::Append {
                    term,
                    previous,
                    entries,
                    commit,
                    round,
                },
            );
        }
    }

    /// Sends every peer an append: a probe with entries to one whose log is not known, else an
    /// empty one behind everything sent so far, so that a lost append shows as a conflict.
    fn heartbeat(&mut self, cx: &mut Context<'_, Self>) {
        for slot in 0..self.config.voters().len() {
            let (term, commit) = (self.term, self.commit);
            let RoleState::Leader(leadership) = &mut self.role else {
                return;
            };
            let round = leadership.round;
            let (Some(progress), Some(&peer)) = (
                leadership.peers.get_mut(slot),
                self.config.voters().get(slot),
            ) else {
                return;
            };
            if peer == self.config.id() {
                continue;
            }
            let previous = position_before(&self.log, progress.next);
            if let Mode::Probing { waiting } = &mut progress.mode
                && progress.next <= self.log.last().index
            {
                *waiting = false;
                self.replicate_to(slot, cx);
                continue;
            }
            cx.send_early(
                peer,
                Message::Append {
                    term,
                    previous,
                    entries: Entries::none(),
                    commit,
                    round,
                },
            );
        }
    }

    pub(super) fn on_append_reply(
        &mut self,
        slot: usize,
        term: Term,
        round: u64,
        verdict: Verdict,
        cx: &mut Context<'_, Self>,
    ) {
        let last = self.log.last().index;
        let RoleState::Leader(leadership) = &mut self.role else {
            return;
        };
        if term < self.term {
            return;
        }
        let newest_round = leadership.round;
        let Some(progress) = leadership.peers.get_mut(slot) else {
            return;
        };
        if round > newest_round {
            return self.ignore();
        }
        progress.heard = cx.now();
        progress.round = progress.round.max(round);
        match verdict {
            Verdict::Matched { index } if index > last => return self.ignore(),
            Verdict::Matched { index } => {
                progress.matches(index);
                self.leader_commit(cx);
            }
            Verdict::Conflict { previous, hint } => {
                let limit = hint.index.min(previous.previous());
                let shared = self.log.last_index_at_most(hint.term, limit);
                progress.conflicts(previous, shared);
            }
        }
        self.replicate_to(slot, cx);
        self.end_reads(cx);
    }

    /// Commits the last entry that a write quorum stores durably, if it is of this term (§5.4.2): an
    /// older one, even on every node, could still be overwritten (figure 8).
    pub(super) fn leader_commit(&mut self, cx: &mut Context<'_, Self>) {
        let RoleState::Leader(leadership) = &self.role else {
            return;
        };
        let own = self.config.slot(self.config.id());
        let index = self.config.stored_by_quorum(|slot| {
            if Some(slot) == own {
                self.durability.index()
            } else {
                let peer = leadership.peers.get(slot);
                peer.map_or(Index(0), |progress| progress.matched)
            }
        });
        if index > self.commit && self.log.term_at(index) == Some(self.term) {
            self.commit_to(index, cx);
            self.end_reads(cx);
        }
    }

    /// Whether reads of `round` may be served: the leader has committed an entry of its own term,
    /// and a write quorum has answered an append sent in that round or a later one. Whoever is elected
    /// later needs the vote of one of them, so nobody newer had committed when the read was asked.
    pub(super) fn confirms_round(&self, round: u64) -> bool {
        let RoleState::Leader(leadership) = &self.role else {
            return false;
        };
        self.log.term_at(self.commit) == Some(self.term)
            && self.is_write_quorum_with_self(&leadership.peers, |peer| peer.round >= round)
    }

    /// Starts a new round if a read waits for one.
    fn begin_read_round(&mut self) -> bool {
        let RoleState::Leader(leadership) = &mut self.role else {
            return false;
        };
        let asked = self.waiting.wants_round();
        if asked {
            leadership.round = leadership.round.saturating_add(1);
            self.waiting.round_begun();
        }
        asked
    }
}

fn position_before<T>(log: &crate::Log<T>, next: Index) -> Position {
    let index = next.previous();
    Position {
        term: log.term_at(index).unwrap_or_default(),
        index,
    }
}
