//! An operation under way: its phase, who has answered, when to ask again and when to give up.
//!
//! | phase | answer that counts | ends it |
//! |---|---|---|
//! | query of a write | timestamp | a read quorum answered, a write quorum has room → update |
//! | query of a read | version | a read quorum answered → update, or read when a write quorum holds the greatest |
//! | update | stored | a write quorum stored → written, or read |

use transport::{NodeId, Time, Token};

use super::{Config, Request, Timestamp, Version};

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Operation {
    pub(super) request: Request,
    pub(super) phase: Phase,
    /// Who has answered this phase.
    pub(super) answered: Members,
    /// Who has said that it has no room for the key.
    pub(super) full: Members,
    /// The greatest version heard of; in the second phase, the one to store. A write's query hears no
    /// values.
    pub(super) best: Version,
    /// Who has answered the query with `best`.
    pub(super) holders: Members,
    /// The record that must be durable before the messages of this phase leave.
    pub(super) gate: Token,
    /// The next wait between two attempts.
    pub(super) wait_ns: u64,
    /// When to ask again, or to give up.
    pub(super) alarm: Time,
    pub(super) give_up: Time,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Phase {
    Query,
    Update,
}

impl Operation {
    pub(super) fn new(request: Request, gate: Token, now: Time, config: &Config) -> Self {
        let mut operation = Self {
            request,
            phase: Phase::Query,
            answered: Members::NONE,
            full: Members::NONE,
            best: Version::default(),
            holders: Members::NONE,
            gate,
            wait_ns: config.resend_after_ns,
            alarm: now,
            give_up: now.plus_nanos(config.patience_ns),
        };
        operation.wait(now, config);
        operation
    }

    /// The second phase begins with `version`, which `holders` hold.
    pub(super) fn begin_update(&mut self, version: Version, holders: Members, gate: Token) {
        self.phase = Phase::Update;
        self.best = version;
        self.answered = holders;
        self.full = Members::NONE;
        self.gate = gate;
    }

    /// A member's answer to the query of a read.
    pub(super) fn hear_version(&mut self, place: usize, version: Version) {
        if self.answered.contains(place) {
            return;
        }
        self.answered.insert(place);
        if version.timestamp > self.best.timestamp {
            self.best = version;
            self.holders = Members::NONE;
        } else if version.timestamp < self.best.timestamp {
            return;
        }
        self.holders.insert(place);
    }

    /// A member's answer to the query of a write.
    pub(super) fn hear_timestamp(&mut self, place: usize, timestamp: Timestamp, has_room: bool) {
        if self.answered.contains(place) {
            return;
        }
        self.answered.insert(place);
        if !has_room {
            self.full.insert(place);
        }
        self.best.timestamp = self.best.timestamp.max(timestamp);
    }

    /// Sets the alarm of the next attempt.
    pub(super) fn wait(&mut self, now: Time, config: &Config) {
        self.alarm = now.plus_nanos(self.wait_ns).min(self.give_up);
        let longest = config.resend_interval_max_ns.max(config.resend_after_ns);
        self.wait_ns = self.wait_ns.saturating_mul(2).min(longest);
    }
}

/// A set of members, by place.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Members(u64);

impl Members {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn contains(self, place: usize) -> bool {
        self.0 & bit(place) != 0
    }

    pub(crate) const fn insert(&mut self, place: usize) {
        self.0 |= bit(place);
    }

    pub(crate) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(super) fn is_read_quorum(self, config: &Config) -> bool {
        config.quorums().is_read_quorum(self.has(config))
    }

    pub(super) fn is_write_quorum(self, config: &Config) -> bool {
        config.quorums().is_write_quorum(self.has(config))
    }

    /// Whether a write quorum is possible outside this set.
    pub(super) fn spares_a_write_quorum(self, config: &Config) -> bool {
        Self(u64::MAX).without(self).is_write_quorum(config)
    }

    fn has(self, config: &Config) -> impl Fn(&NodeId) -> bool {
        move |node| {
            let place = config.place(*node);
            place.is_some_and(|place| self.contains(place))
        }
    }
}

/// Places are below [`MEMBERS_MAX`](super::MEMBERS_MAX), the width of the word.
const fn bit(place: usize) -> u64 {
    if place < 64 { 1 << place } else { 0 }
}
