//! Requests: proposals and reads, from the asking to the one final answer.
//!
//! | request | waits in | ends |
//! |---|---|---|
//! | proposal, not yet in the log | `buffer` until the next wake-up gathers a batch | → `tickets`; refused when leadership is lost |
//! | proposal in the log of a leader | `tickets`, in log order | committed |
//! | proposal in the log of a former leader | `fates` | committed, lost, or unknown after the patience |
//! | read | `reads`, in round order | readable; refused when leadership is lost |

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use transport::{Context, RequestId, Time};

use super::{Raft, RoleState};
use crate::{Batch, Command, Event, Index, Outcome, Refusal, Request, Term};

/// Everything that waits for an answer.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Waiting<T> {
    buffer: Vec<T>,
    buffer_ids: Vec<RequestId>,
    /// In index order, all of the current leadership.
    tickets: VecDeque<Ticket>,
    /// Of former leaderships, with the time at which to give up.
    fates: Vec<(Ticket, Time)>,
    /// In round order.
    reads: VecDeque<PendingRead>,
    /// A read waits for a round that has not begun.
    round_wanted: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Ticket {
    id: RequestId,
    index: Index,
    term: Term,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct PendingRead {
    id: RequestId,
    round: u64,
}

impl<T> Waiting<T> {
    pub(super) const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            buffer_ids: Vec::new(),
            tickets: VecDeque::new(),
            fates: Vec::new(),
            reads: VecDeque::new(),
            round_wanted: false,
        }
    }

    /// Whether the next wake-up should come as soon as possible.
    pub(super) const fn wants_flush(&self) -> bool {
        !self.buffer.is_empty() || self.round_wanted
    }

    pub(super) const fn wants_round(&self) -> bool {
        self.round_wanted
    }

    pub(super) const fn round_begun(&mut self) {
        self.round_wanted = false;
    }

    /// When the first former proposal is given up. Patience is the same for all and time does not
    /// go back, so the fates stand in the order in which they are due.
    pub(super) fn fates_due(&self) -> Option<Time> {
        self.fates.first().map(|&(_, due)| due)
    }

    fn len(&self) -> usize {
        self.buffer.len() + self.tickets.len() + self.fates.len() + self.reads.len()
    }
}

impl<T: Command> Raft<T> {
    pub(super) fn on_request(&mut self, request: Request<T>, cx: &mut Context<'_, Self>) {
        let RoleState::Leader(leadership) = &self.role else {
            return self.refuse(request, Refusal::NotLeader, cx);
        };
        if self.waiting.len() >= self.config.requests_max {
            return self.refuse(request, Refusal::Overloaded, cx);
        }
        match request {
            Request::Propose { id, command } => {
                self.waiting.buffer.push(command);
                self.waiting.buffer_ids.push(id);
            }
            Request::Read { id } => {
                // A round that has begun may have been answered before this read was asked.
                let round = leadership.round.saturating_add(1);
                self.waiting.reads.push_back(PendingRead { id, round });
                self.waiting.round_wanted = true;
            }
        }
    }

    fn refuse(&self, request: Request<T>, refusal: Refusal, cx: &mut Context<'_, Self>) {
        let leader = self.leader();
        cx.emit_early(Event::Refused {
            request,
            leader,
            refusal,
        });
    }

    /// Writes the gathered proposals to the log, in batches that one append can carry. Whether
    /// there were any.
    pub(super) fn flush_proposals(&mut self, cx: &mut Context<'_, Self>) -> bool {
        let any = !self.waiting.buffer.is_empty();
        let mut buffer = mem::take(&mut self.waiting.buffer);
        let mut ids = mem::take(&mut self.waiting.buffer_ids);
        let mut commands = buffer.drain(..);
        let mut next_ids = ids.drain(..);
        while commands.len() > 0 {
            let first = self.log.last().index.next();
            let count = commands.len().min(self.config.append_entries_max);
            let is_room = first.0.checked_add(count as u64).is_some();
            let batch = is_room
                .then(|| Batch::commands(self.term, first, commands.by_ref().take(count)))
                .flatten();
            let Some(batch) = batch else { break };
            let (term, mut index) = (self.term, first);
            for id in next_ids.by_ref().take(count) {
                self.waiting.tickets.push_back(Ticket { id, index, term });
                index = index.next();
            }
            self.append_durably(batch, cx);
        }
        // At the end of the index space nothing more enters the log, and everybody hears so.
        for (id, command) in next_ids.by_ref().zip(commands.by_ref()) {
            self.refuse(Request::Propose { id, command }, Refusal::Overloaded, cx);
        }
        // Keep the memory for the next batch.
        drop((commands, next_ids));
        self.waiting.buffer = buffer;
        self.waiting.buffer_ids = ids;
        any
    }

    /// Ends the proposals at or below the commit index.
    pub(super) fn end_proposals(&mut self, cx: &mut Context<'_, Self>) {
        while let Some(&ticket) = self.waiting.tickets.front()
            && ticket.index <= self.commit
        {
            self.waiting.tickets.pop_front();
            self.end_ticket(ticket, self.term, cx);
        }
        if !self.waiting.fates.is_empty() {
            // Terms never fall along a log: no log with an entry of this term at the commit index
            // holds an older entry after it.
            let settled = self.log.term_at(self.commit).unwrap_or_default();
            let fates = mem::take(&mut self.waiting.fates);
            for (ticket, due) in fates {
                if ticket.index <= self.commit || ticket.term < settled {
                    self.end_ticket(ticket, settled, cx);
                } else {
                    self.waiting.fates.push((ticket, due));
                }
            }
        }
    }

    /// What is committed at the ticket's index decides its fate, or an entry of the newer term
    /// `settled` before it.
    fn end_ticket(&self, ticket: Ticket, settled: Term, cx: &mut Context<'_, Self>) {
        let Ticket { id, index, term } = ticket;
        let committed = (index <= self.commit).then(|| self.log.term_at(index));
        let decided = committed.flatten().unwrap_or(settled);
        let outcome = if decided == term {
            Outcome::Committed { index, term }
        } else {
            Outcome::Lost { term: decided }
        };
        cx.emit_early(Event::Proposed { id, outcome });
    }

    /// Ends the reads whose round is confirmed.
    pub(super) fn end_reads(&mut self, cx: &mut Context<'_, Self>) {
        while let Some(&read) = self.waiting.reads.front()
            && self.confirms_round(read.round)
        {
            self.waiting.reads.pop_front();
            cx.emit_early(Event::Readable {
                id: read.id,
                index: self.commit,
            });
        }
    }

    /// Leadership is lost: what never entered the log is refused, what did is awaited.
    pub(super) fn depose(&mut self, cx: &mut Context<'_, Self>) {
        let refusal = Refusal::LostLeadership;
        let commands = mem::take(&mut self.waiting.buffer);
        let ids = mem::take(&mut self.waiting.buffer_ids);
        for (id, command) in ids.into_iter().zip(commands) {
            self.refuse(Request::Propose { id, command }, refusal, cx);
        }
        for read in mem::take(&mut self.waiting.reads) {
            self.refuse(Request::Read { id: read.id }, refusal, cx);
        }
        self.waiting.round_wanted = false;
        let due = cx.now().plus_nanos(self.config.fate_patience_ns);
        let tickets = mem::take(&mut self.waiting.tickets);
        self.waiting
            .fates
            .extend(tickets.into_iter().map(|ticket| (ticket, due)));
    }

    /// Gives up on the fates that have been unknown for too long.
    pub(super) fn expire_fates(&mut self, cx: &mut Context<'_, Self>) {
        if self.waiting.fates.is_empty() {
            return;
        }
        let (now, term) = (cx.now(), self.term);
        self.waiting.fates.retain(|&(ticket, due)| {
            let expired = due <= now;
            if expired {
                let outcome = Outcome::Unknown { term };
                cx.emit_early(Event::Proposed {
                    id: ticket.id,
                    outcome,
                });
            }
            !expired
        });
    }
}
