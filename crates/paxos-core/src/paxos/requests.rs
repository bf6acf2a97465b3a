//! Requests: from the asking to the one final answer.
//!
//! | request | ends |
//! |---|---|
//! | any | decided, once the node knows the decision |
//! | learn | undecided, when a ballot that began after it found a read quorum that had accepted nothing |
//! | proposal not yet offered, learn | refused, when patience ends |
//! | proposal whose value was offered | unknown, when patience ends |
//!
//! Why `Undecided` is true at some moment between call and answer: a value chosen in a lower ballot
//! was accepted by somebody in the read quorum, before its promise (then it would have said so) or
//! after (which the promise forbids). A value chosen in a greater ballot was accepted by somebody in
//! the read quorum after its promise, and that came after the call. So when the ballot began nothing
//! was chosen.

use alloc::collections::VecDeque;
use core::mem;

use transport::{Context, RequestId, Time};

use super::{Activity, Paxos};
use crate::{Event, Refusal, Request, Value};

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Waiting<V> {
    id: RequestId,
    /// When patience ends.
    due: Time,
    want: Want<V>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Want<V> {
    Propose {
        value: V,
        /// Some acceptor may have been offered the value.
        is_offered: bool,
    },
    Learn {
        /// How many ballots had begun when it was asked: they say nothing about it.
        after: u64,
    },
}

impl<V: Value> Waiting<V> {
    /// The value of a proposal, which from now on counts as offered.
    pub(super) fn take_turn(&mut self) -> Option<V> {
        match &mut self.want {
            Want::Propose { value, is_offered } => {
                *is_offered = true;
                Some(value.clone())
            }
            Want::Learn { .. } => None,
        }
    }

    fn give_up(self, refusal: Refusal) -> Event<V> {
        let id = self.id;
        let request = match self.want {
            Want::Propose {
                is_offered: true, ..
            } => return Event::Unknown { id },
            Want::Propose { value, .. } => Request::Propose { id, value },
            Want::Learn { .. } => Request::Learn { id },
        };
        Event::Refused { request, refusal }
    }
}

impl<V: Value> Paxos<V> {
    pub(super) fn on_request(&mut self, request: Request<V>, cx: &mut Context<'_, Self>) {
        let due = cx.now().plus_nanos(self.config.patience_ns);
        let (id, want) = match self.admit(request) {
            Ok((id, want)) => (id, want),
            Err(event) => return cx.emit_early(event),
        };
        self.waiting.push_back(Waiting { id, due, want });
        if matches!(self.activity, Activity::Quiet { .. }) {
            self.begin_ballot(cx);
        }
    }

    /// What the request waits for, or the event that ends it at once.
    fn admit(&self, request: Request<V>) -> Result<(RequestId, Want<V>), Event<V>> {
        let id = request.id();
        if let Some(decided) = self.decided() {
            let is_own = matches!(&request, Request::Propose { value, .. } if value == decided);
            let value = decided.clone();
            return Err(Event::Decided { id, value, is_own });
        }
        if self.waiting.len() >= self.config.requests_max {
            let refusal = Refusal::Overloaded;
            return Err(Event::Refused { request, refusal });
        }
        match request {
            Request::Propose { id, value } => {
                let (bytes, bytes_max) = (value.weight_bytes(), self.config.value_bytes_max);
                if bytes > bytes_max {
                    let request = Request::Propose { id, value };
                    let refusal = Refusal::TooLarge { bytes, bytes_max };
                    return Err(Event::Refused { request, refusal });
                }
                let is_offered = false;
                Ok((id, Want::Propose { value, is_offered }))
            }
            Request::Learn { id } => {
                let after = self.attempts;
                Ok((id, Want::Learn { after }))
            }
        }
    }

    /// When the first request is given up. Patience is the same for all and time does not go back,
    /// so they wait in the order in which they are due.
    pub(super) fn patience_due(&self) -> Option<Time> {
        self.waiting.front().map(|waiting| waiting.due)
    }

    /// Gives up the requests whose patience is over.
    pub(super) fn expire(&mut self, cx: &mut Context<'_, Self>) {
        while self.patience_due().is_some_and(|due| due <= cx.now())
            && let Some(waiting) = self.waiting.pop_front()
        {
            cx.emit_early(waiting.give_up(Refusal::GaveUp));
        }
    }

    pub(super) fn give_up_all(&mut self, cx: &mut Context<'_, Self>) {
        for waiting in mem::take(&mut self.waiting) {
            cx.emit_early(waiting.give_up(Refusal::NoBallotLeft));
        }
    }

    /// The ballot under way found nothing accepted: that answers everybody who asked before it began.
    /// The promises that say so are durable.
    pub(super) fn answer_undecided(&mut self, cx: &mut Context<'_, Self>) {
        let attempts = self.attempts;
        self.waiting.retain(|waiting| {
            let is_answered = matches!(waiting.want, Want::Learn { after } if after < attempts);
            if is_answered {
                cx.emit_early(Event::Undecided { id: waiting.id });
            }
            !is_answered
        });
    }

    /// Tells the client the decision, and everybody who waits for it.
    pub(super) fn answer_decided(&mut self, decided: &V, cx: &mut Context<'_, Self>) {
        let value = decided.clone();
        cx.emit_early(Event::Learned { value });
        let waiting: VecDeque<Waiting<V>> = mem::take(&mut self.waiting);
        for Waiting { id, want, .. } in waiting {
            let is_own = matches!(&want, Want::Propose { value, .. } if value == decided);
            let value = decided.clone();
            cx.emit_early(Event::Decided { id, value, is_own });
        }
    }
}
