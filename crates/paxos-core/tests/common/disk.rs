//! A disk that syncs when told, and an independent reading of what is on it.

use paxos_core::{Ballot, Proposal, Record};
use transport::{Stored, Token};

/// The records of one node: the first `synced` survive every crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    records: Vec<(Stored<Record<u64>>, Option<Token>)>,
    synced: usize,
    /// The newest token ever named, over crashes too.
    pub(crate) newest: Token,
    /// What the synced records say.
    pub(crate) durable: Durable,
    /// The most records that were ever safe at once.
    pub(crate) longest: usize,
}

/// What a node would still know after a crash: the same fact as `Paxos::recover`, on a second path.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Durable {
    pub(crate) promised: Option<Ballot>,
    pub(crate) accepted: Option<Proposal<u64>>,
    pub(crate) decided: Option<u64>,
}

impl Durable {
    fn apply(&mut self, record: &Record<u64>) {
        match record.clone() {
            Record::Promised(ballot) => self.promised = Some(ballot),
            Record::Accepted(proposal) => {
                self.promised = Some(proposal.ballot);
                self.accepted = Some(proposal);
            }
            Record::State { promised, accepted } => {
                assert_eq!(
                    (self.promised <= Some(promised), self.decided),
                    (true, None)
                );
                (self.promised, self.accepted) = (Some(promised), accepted);
            }
            Record::Decided(value) => {
                *self = Self {
                    decided: Some(value),
                    ..Self::default()
                };
            }
        }
    }
}

impl Disk {
    /// Appends a record; a checkpoint names the first older record that is still needed.
    pub(crate) fn write(&mut self, token: Token, record: Record<u64>, keep: Option<Token>) {
        assert!(token > self.newest, "tokens of one node grow");
        self.newest = token;
        self.records.push((Stored { token, record }, keep));
    }

    /// Makes at most `count` more records safe; what they say, one by one.
    pub(crate) fn sync_up_to(&mut self, count: usize) -> Vec<Record<u64>> {
        let end = self.synced.saturating_add(count).min(self.records.len());
        let fresh: Vec<_> = self.records[self.synced..end].to_vec();
        for (stored, _) in &fresh {
            self.durable.apply(&stored.record);
        }
        self.synced = end;
        let checkpoint = self.records[..end]
            .iter()
            .rposition(|(_, keep)| keep.is_some());
        if let Some(place) = checkpoint {
            let (at, keep) = (self.records[place].0.token, self.records[place].1.unwrap());
            let before = self.records.len();
            self.records
                .retain(|(stored, _)| stored.token >= keep.min(at) || stored.token >= at);
            self.synced -= before - self.records.len();
        }
        self.longest = self.longest.max(self.synced);
        fresh.into_iter().map(|(stored, _)| stored.record).collect()
    }

    /// A crash takes the records that are not safe, but for the first `keep` of them.
    pub(crate) fn crash(&mut self, keep: usize) -> Vec<Record<u64>> {
        let fresh = self.sync_up_to(keep);
        self.records.truncate(self.synced);
        fresh
    }

    pub(crate) fn unsynced(&self) -> usize {
        self.records.len() - self.synced
    }

    /// Every effect that waits for this token, or an earlier one, may go.
    pub(crate) fn synced_token(&self) -> Token {
        match self.records.get(self.synced) {
            Some((pending, _)) => Token(pending.token.0 - 1),
            None => self.newest,
        }
    }

    pub(crate) fn survivors(&self) -> Vec<Stored<Record<u64>>> {
        let safe = self.records[..self.synced].iter();
        safe.map(|(stored, _)| stored.clone()).collect()
    }
}
