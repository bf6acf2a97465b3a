//! An operation under way: who was asked, who has answered, when to ask again and when to give up.

use transport::{Time, Token};

use super::{Config, Request, Version};
use crate::strong::Members;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Operation {
    pub(super) request: Request,
    /// Whether its client was answered: what goes on then is repair.
    pub(super) is_told: bool,
    /// The version to store, or the greatest that was heard of.
    pub(super) version: Version,
    pub(super) asked: Members,
    /// Who has stored it, or answered the read.
    pub(super) answered: Members,
    /// Who has answered a read with `version`.
    pub(super) holders: Members,
    /// Who has said that it has no room for the key.
    pub(super) full: Members,
    /// The record that must be durable before its messages leave.
    pub(super) gate: Token,
    /// The next wait between two attempts.
    pub(super) wait_ns: u64,
    /// When to ask again, or to give up.
    pub(super) alarm: Time,
    pub(super) give_up: Time,
}

impl Operation {
    pub(super) fn new(
        request: Request,
        version: Version,
        gate: Token,
        now: Time,
        config: &Config,
    ) -> Self {
        let mut operation = Self {
            request,
            is_told: false,
            version,
            asked: Members::NONE,
            answered: Members::NONE,
            holders: Members::NONE,
            full: Members::NONE,
            gate,
            wait_ns: config.resend_after_ns,
            alarm: now,
            give_up: now.plus_nanos(config.patience_ns),
        };
        operation.wait(now, config);
        operation
    }

    pub(super) const fn is_write(&self) -> bool {
        matches!(self.request, Request::Write { .. })
    }

    /// A member's answer to a read; the caller knows that it is the first.
    pub(super) fn hear(&mut self, place: usize, version: Version) {
        self.answered.insert(place);
        if version.timestamp > self.version.timestamp {
            self.version = version;
            self.holders = Members::NONE;
        } else if version.timestamp < self.version.timestamp {
            return;
        }
        self.holders.insert(place);
    }

    /// Whether all who were asked have answered.
    pub(super) fn is_complete(&self) -> bool {
        self.answered.len().saturating_add(self.full.len()) >= self.asked.len()
    }

    /// Sets the alarm of the next attempt.
    pub(super) fn wait(&mut self, now: Time, config: &Config) {
        self.alarm = now.plus_nanos(self.wait_ns).min(self.give_up);
        let longest = config.resend_interval_max_ns.max(config.resend_after_ns);
        self.wait_ns = self.wait_ns.saturating_mul(2).min(longest);
    }
}
