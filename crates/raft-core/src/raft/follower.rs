//! Following: storing what the leader appends. §5.3, figure 2 "AppendEntries RPC".

use transport::{Context, NodeId};

use super::{Raft, RoleState};
use crate::{Batch, Command, Entries, Index, Message, Position, Record, Term, Verdict};

impl<T: Command> Raft<T> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one message")]
    pub(super) fn on_append(
        &mut self,
        from: NodeId,
        term: Term,
        previous: Position,
        entries: Entries<T>,
        commit: Index,
        round: u64,
        cx: &mut Context<'_, Self>,
    ) {
        if term < self.term {
            // A deposed leader learns the newer term from the answer, and steps down.
            return self.answer(from, round, self.conflict(previous), cx);
        }
        if matches!(self.role, RoleState::Leader(_))
            || !self.is_well_formed(term, previous, &entries)
        {
            return self.ignore();
        }
        self.follow(from, cx);
        if self.log.term_at(previous.index) != Some(previous.term) {
            if previous.index <= self.commit {
                return self.ignore();
            }
            return self.answer(from, round, self.conflict(previous), cx);
        }
        let matched = entries.last().unwrap_or(previous.index);
        if !self.store(&entries, cx) {
            return self.ignore();
        }
        let commit = commit.min(matched);
        if commit > self.commit {
            self.commit_to(commit, cx);
        }
        self.answer(from, round, Verdict::Matched { index: matched }, cx);
    }

    /// Whether a leader of `term` could have sent these entries after that position.
    fn is_well_formed(&self, term: Term, previous: Position, entries: &Entries<T>) -> bool {
        let joined = entries.start().is_none_or(|start| {
            start.index == previous.index.next()
                && start.term >= previous.term
                && previous.index < Index(u64::MAX)
        });
        let past = entries.end().map_or(previous.term, |end| end.term) <= term;
        joined && past && (previous.index != Index(0) || previous.term == Term(0))
    }

    /// Accepts `from` as the leader of this term.
    fn follow(&mut self, from: NodeId, cx: &mut Context<'_, Self>) {
        let known = (self.term, self.leader());
        self.role = RoleState::Follower { leader: Some(from) };
        self.leader_heard = Some(cx.now());
        self.reset_election(cx);
        self.announce_leader(known, cx);
    }

    /// Stores the entries this log does not have yet. It truncates only where an entry conflicts:
    /// a late, shorter append must not erase what came after it. `false`: the entries contradict a
    /// committed one, which no correct leader sends; nothing is stored.
    fn store(&mut self, entries: &Entries<T>, cx: &mut Context<'_, Self>) -> bool {
        for batch in entries.batches() {
            let Some(from) = self.first_difference(batch) else {
                continue;
            };
            if from <= self.commit {
                return false;
            }
            let Some(fresh) = batch.slice(from, batch.last()) else {
                continue;
            };
            if from <= self.log.last().index {
                self.log.truncate(from);
                self.durability.truncated(from.previous());
            }
            self.append_durably(fresh, cx);
        }
        true
    }

    /// Appends a batch to the log in memory and on disk.
    pub(super) fn append_durably(&mut self, batch: Batch<T>, cx: &mut Context<'_, Self>) {
        self.persist_ballot(cx);
        let last = batch.last();
        if self.log.append(batch.clone()) {
            let token = cx.persist(Record::Append(batch));
            self.durability.appended(token, last);
        } else {
            self.ignore();
        }
    }

    /// The first index of the batch at which this log holds nothing, or an entry of another term.
    fn first_difference(&self, batch: &Batch<T>) -> Option<Index> {
        let end = self.log.last().index;
        if batch.first() > end {
            return Some(batch.first());
        }
        // Equal terms at an index mean equal logs up to it (log matching), so a look at the last
        // shared index usually settles the whole batch.
        let shared = batch.last().min(end);
        if self.log.term_at(shared) == Some(batch.term()) {
            return (shared < batch.last()).then(|| shared.next());
        }
        let mut index = batch.first();
        while index < shared && self.log.term_at(index) == Some(batch.term()) {
            index = index.next();
        }
        Some(index)
    }

    /// The hint lets the leader skip a whole term per round trip (end of §5.3).
    fn conflict(&self, previous: Position) -> Verdict {
        let index = self.log.last_index_at_most(previous.term, previous.index);
        let term = self.log.term_at(index).unwrap_or_default();
        Verdict::Conflict {
            previous: previous.index,
            hint: Position { term, index },
        }
    }

    fn answer(&mut self, to: NodeId, round: u64, verdict: Verdict, cx: &mut Context<'_, Self>) {
        let term = self.term;
        let message = Message::AppendReply {
            term,
            round,
            verdict,
        };
        self.reply(to, message, cx);
    }
}
