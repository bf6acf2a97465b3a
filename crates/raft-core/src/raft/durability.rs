//! Durability: which part of the log in memory is also on disk.
//!
//! An append that is still being written may be overtaken by a truncation. Its late acknowledgement
//! then says nothing about the entries that replaced it, so a truncation also shortens every claim
//! under way.

use alloc::collections::VecDeque;

use transport::Token;

use crate::Index;

/// The most claims under way. Further ones join the newest, and are believed a little later.
const CLAIMS_MAX: usize = 1_024;

/// Invariant: the claims' tokens rise, and no claim and not `index` lies beyond the log.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Durability {
    index: Index,
    /// "Once this token is durable, the log is durable up to here."
    claims: VecDeque<(Token, Index)>,
}

impl Durability {
    /// Of a log just read from disk.
    pub(super) const fn recovered(last: Index) -> Self {
        Self {
            index: last,
            claims: VecDeque::new(),
        }
    }

    pub(super) const fn index(&self) -> Index {
        self.index
    }

    /// The log was extended to `last` by the record `token`.
    pub(super) fn appended(&mut self, token: Token, last: Index) {
        if self.claims.len() < CLAIMS_MAX {
            self.claims.push_back((token, last));
        } else if let Some(newest) = self.claims.back_mut() {
            *newest = (token, last);
        }
    }

    /// The log was cut down to end at `last`.
    pub(super) fn truncated(&mut self, last: Index) {
        self.index = self.index.min(last);
        for (_, claim) in &mut self.claims {
            *claim = (*claim).min(last);
        }
    }

    /// Every record up to `token` is durable.
    pub(super) fn advance(&mut self, token: Token) {
        while let Some(&(written, last)) = self.claims.front()
            && written <= token
        {
            self.index = self.index.max(last);
            self.claims.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_bounded_and_a_joined_one_waits_for_the_later_record() {
        let mut durability = Durability::recovered(Index(0));
        for number in 1..=5_000 {
            durability.appended(Token(number), Index(number));
        }
        assert_eq!(durability.claims.len(), CLAIMS_MAX);
        durability.advance(Token(4_999));
        assert_eq!(durability.index(), Index(CLAIMS_MAX as u64 - 1));
        durability.advance(Token(5_000));
        assert_eq!(durability.index(), Index(5_000));
    }

    // etcd `async_storage_writes_append_aba_race`: an acknowledgement of an overwritten append must
    // not count for the entries that took its place.
    #[test]
    fn late_acknowledgement_of_an_overwritten_append_does_not_count() {
        let mut durability = Durability::recovered(Index(0));
        durability.appended(Token(1), Index(10));
        durability.truncated(Index(4));
        durability.appended(Token(2), Index(7));
        durability.advance(Token(1));
        assert_eq!(durability.index(), Index(4));
        durability.advance(Token(2));
        assert_eq!(durability.index(), Index(7));
    }
}
