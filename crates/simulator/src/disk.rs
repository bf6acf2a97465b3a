//! A node's log: what is durable, what is buffered, and what a crash leaves of it.
//!
//! 1. A record is buffered when it is persisted. One sync at a time covers all that is buffered when
//!    it starts; when it ends, these records are durable.
//! 2. A crash keeps every durable record and some first part of the buffered ones.
//! 3. A durable checkpoint stands before the records from its `keep_from` on; older records and
//!    older checkpoints are gone.

use std::collections::VecDeque;

use transport::{Stored, Token};

#[derive(Debug)]
pub(crate) struct Disk<R> {
    durable: Vec<Stored<R>>,
    has_checkpoint: bool,
    durable_to: Token,
    buffered: VecDeque<Buffered<R>>,
    sync_to: Option<Token>,
}

#[derive(Debug)]
struct Buffered<R> {
    stored: Stored<R>,
    keep_from: Option<Token>,
}

impl<R> Disk<R> {
    pub(crate) const fn new() -> Self {
        Self {
            durable: Vec::new(),
            has_checkpoint: false,
            durable_to: Token::NONE,
            buffered: VecDeque::new(),
            sync_to: None,
        }
    }

    /// Buffers a record; `false`, and nothing, when its token does not follow the one before.
    pub(crate) fn append(&mut self, token: Token, record: R, keep_from: Option<Token>) -> bool {
        let last = self
            .buffered
            .back()
            .map_or(self.durable_to, |last| last.stored.token);
        if token <= last {
            return false;
        }
        let stored = Stored { token, record };
        self.buffered.push_back(Buffered { stored, keep_from });
        true
    }

    /// Starts a sync of all that is buffered; `false` when there is nothing, or one is under way.
    pub(crate) fn start_sync(&mut self) -> bool {
        let Some(last) = self.buffered.back() else {
            return false;
        };
        if self.sync_to.is_some() {
            return false;
        }
        self.sync_to = Some(last.stored.token);
        true
    }

    /// Ends the sync under way: up to the token returned everything is durable.
    pub(crate) fn finish_sync(&mut self) -> Token {
        if let Some(sync_to) = self.sync_to.take() {
            while self
                .buffered
                .front()
                .is_some_and(|next| next.stored.token <= sync_to)
            {
                self.harden();
            }
        }
        self.durable_to
    }

    /// A crash that loses the last `lost` records of those not durable.
    pub(crate) fn crash(&mut self, lost: usize) {
        self.sync_to = None;
        while self.buffered.len() > lost {
            self.harden();
        }
        self.buffered.clear();
    }

    /// How many records are not durable.
    pub(crate) fn unsynced(&self) -> usize {
        self.buffered.len()
    }

    /// Up to which token everything is durable.
    #[inline]
    pub(crate) const fn durable_to(&self) -> Token {
        self.durable_to
    }

    /// Whether a record up to `token` still waits to be durable: the fact behind `durable_to`, by
    /// another way.
    #[inline]
    pub(crate) fn has_unsynced_up_to(&self, token: Token) -> bool {
        self.buffered
            .front()
            .is_some_and(|next| next.stored.token <= token)
    }

    /// The log as recovery would read it.
    pub(crate) fn durable(&self) -> &[Stored<R>] {
        &self.durable
    }

    /// Makes the first buffered record durable.
    fn harden(&mut self) {
        let Some(Buffered { stored, keep_from }) = self.buffered.pop_front() else {
            return;
        };
        self.durable_to = stored.token;
        let Some(keep_from) = keep_from else {
            self.durable.push(stored);
            return;
        };
        if self.has_checkpoint {
            self.durable.remove(0);
        }
        self.durable.retain(|record| record.token >= keep_from);
        self.durable.insert(0, stored);
        self.has_checkpoint = true;
    }
}
