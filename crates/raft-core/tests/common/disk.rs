//! A disk that syncs when told, and an independent reading of what is on it.

use raft_core::{Index, Record, Term};
use transport::{NodeId, Stored, Token};

/// The records of one node: the first `synced` survive every crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    records: Vec<Stored<Record<u64>>>,
    synced: usize,
    /// The newest token ever named, over crashes too.
    pub(crate) newest: Token,
    /// What the synced records say.
    pub(crate) durable: Durable,
}

/// What a node would still know after a crash: the same fact as `Raft::recover`, on a second path.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Durable {
    pub(crate) term: Term,
    pub(crate) vote: Option<NodeId>,
    /// The term and the command of each entry; the entry of index 1 comes first.
    pub(crate) log: Vec<(Term, Option<u64>)>,
}

impl Durable {
    fn apply(&mut self, record: &Record<u64>) {
        match record {
            Record::Ballot { term, vote } => (self.term, self.vote) = (*term, *vote),
            Record::Append(batch) => {
                self.log.truncate(batch.first().0 as usize - 1);
                for index in batch.first().0..=batch.last().0 {
                    let command = batch.command(Index(index)).copied();
                    self.log.push((batch.term(), command));
                }
            }
        }
    }

    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        let place = index.0.checked_sub(1)?;
        self.log.get(place as usize).map(|entry| entry.0)
    }
}

impl Disk {
    /// A disk on which these records are already safe.
    pub(crate) fn with(records: Vec<Record<u64>>) -> Self {
        let mut disk = Self::default();
        for record in records {
            disk.write(disk.newest.next(), record);
        }
        disk.sync_up_to(usize::MAX);
        disk
    }

    pub(crate) fn write(&mut self, token: Token, record: Record<u64>) {
        assert!(token > self.newest, "tokens of one node grow");
        self.newest = token;
        self.records.push(Stored { token, record });
    }

    /// Makes at most `count` more records safe.
    pub(crate) fn sync_up_to(&mut self, count: usize) {
        for stored in self.records.iter().skip(self.synced).take(count) {
            self.durable.apply(&stored.record);
        }
        self.synced = self.synced.saturating_add(count).min(self.records.len());
    }

    /// A crash takes the records that are not safe, but for the first `keep` of them.
    pub(crate) fn crash(&mut self, keep: usize) {
        self.sync_up_to(keep);
        self.records.truncate(self.synced);
    }

    /// Everything is gone.
    pub(crate) fn wipe(&mut self) {
        *self = Self {
            newest: self.newest,
            ..Self::default()
        };
    }

    pub(crate) fn unsynced(&self) -> usize {
        self.records.len() - self.synced
    }

    /// Every effect that waits for this token, or an earlier one, may go.
    ///
    /// When nothing is pending that is the newest token ever named, even if a crash took its record.
    pub(crate) fn synced_token(&self) -> Token {
        match self.records.get(self.synced) {
            Some(pending) => Token(pending.token.0 - 1),
            None => self.newest,
        }
    }

    pub(crate) fn survivors(&self) -> Vec<Stored<Record<u64>>> {
        self.records[..self.synced].to_vec()
    }
}
