//! Progress: what a leader knows of one peer.
//!
//! | mode | sends | leaves it when |
//! |---|---|---|
//! | probing | one append at a time, re-sent by each heartbeat | an append matches → streaming |
//! | streaming | appends in a row, `next` moving ahead, up to the window | one conflicts → probing |

use alloc::collections::VecDeque;

use transport::Time;

use crate::Index;

/// Invariant: `matched < next`, and the indexes in flight rise.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Progress {
    /// The peer's log is known to equal the leader's up to here.
    pub(super) matched: Index,
    /// The first entry to send next.
    pub(super) next: Index,
    pub(super) mode: Mode,
    /// When it last answered in this term.
    pub(super) heard: Time,
    /// The newest read round it answered.
    pub(super) round: u64,
    /// The last index of each unanswered append.
    in_flight: VecDeque<Index>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Mode {
    Probing { waiting: bool },
    Streaming,
}

impl Progress {
    /// Of a peer about which a new leader knows nothing.
    pub(super) const fn new(next: Index, now: Time) -> Self {
        Self {
            matched: Index(0),
            next,
            mode: Mode::Probing { waiting: false },
            heard: now,
            round: 0,
            in_flight: VecDeque::new(),
        }
    }

    /// Whether an append with entries may be sent now.
    pub(super) fn is_open(&self, appends_in_flight_max: usize) -> bool {
        match self.mode {
            Mode::Probing { waiting } => !waiting,
            Mode::Streaming => self.in_flight.len() < appends_in_flight_max,
        }
    }

    /// An append with entries up to `last` was sent.
    pub(super) fn sent(&mut self, last: Index) {
        match &mut self.mode {
            Mode::Probing { waiting } => *waiting = true,
            Mode::Streaming => {
                self.next = last.next();
                self.in_flight.push_back(last);
            }
        }
    }

    /// The peer's log equals the leader's up to `index`.
    pub(super) fn matches(&mut self, index: Index) {
        self.matched = self.matched.max(index);
        self.next = self.next.max(self.matched.next());
        if matches!(self.mode, Mode::Probing { .. }) {
            self.mode = Mode::Streaming;
            self.next = self.matched.next();
        }
        while self
            .in_flight
            .front()
            .is_some_and(|&last| last <= self.matched)
        {
            self.in_flight.pop_front();
        }
    }

    /// The peer has no entry where an append expected `previous`; nothing changes when that answers
    /// an append that no longer matters.
    pub(super) fn conflicts(&mut self, previous: Index, shared: Index) {
        // What once matched conflicts only at a peer that lost its disk. Probing it again at once
        // would never end; heartbeats keep asking.
        let current = previous > self.matched
            && match self.mode {
                Mode::Probing { .. } => previous == self.next.previous(),
                Mode::Streaming => true,
            };
        if current {
            self.mode = Mode::Probing { waiting: false };
            self.in_flight.clear();
            // Late answers must not take the leader below what is known to match.
            self.next = shared.max(self.matched).next();
        }
    }
}
