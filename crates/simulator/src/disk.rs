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

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    /// Every record ever kept, and how many of them are durable.
    #[derive(Default)]
    struct Model {
        log: Vec<(Token, Option<Token>)>,
        durable: usize,
        sync_to: Option<usize>,
    }

    impl Model {
        fn tokens(&self) -> Vec<Token> {
            let durable = &self.log[..self.durable];
            let newest = durable
                .iter()
                .rev()
                .find_map(|&(token, keep)| Some((token, keep?)));
            let plain = durable
                .iter()
                .filter(|(_, keep)| keep.is_none())
                .map(|&(token, _)| token);
            match newest {
                // A record written after the checkpoint stays, wherever `keep_from` points.
                Some((checkpoint, keep)) => core::iter::once(checkpoint)
                    .chain(plain.filter(|&token| token >= keep || token > checkpoint))
                    .collect(),
                None => plain.collect(),
            }
        }
    }

    quickcheck! {
        fn a_log_is_its_newest_checkpoint_and_what_follows(steps: Vec<(u8, u8)>) -> bool {
            let (mut disk, mut model) = (Disk::new(), Model::default());
            let mut next = Token::NONE;
            for (step, amount) in steps {
                match step % 6 {
                    0 | 1 => {
                        next = next.next();
                        model.log.push((next, None));
                        if !disk.append(next, (), None) {
                            return false;
                        }
                    }
                    2 => {
                        next = next.next();
                        // A checkpoint never keeps less than an older one did.
                        let least = model.log.iter().filter_map(|&(_, keep)| keep).max();
                        let keep = Token(next.0.saturating_sub(u64::from(amount % 8)));
                        let keep = keep.max(least.unwrap_or_default());
                        model.log.push((next, Some(keep)));
                        if !disk.append(next, (), Some(keep)) {
                            return false;
                        }
                    }
                    3 => {
                        let can_start = model.sync_to.is_none() && model.log.len() > model.durable;
                        if disk.start_sync() != can_start {
                            return false;
                        }
                        if can_start {
                            model.sync_to = Some(model.log.len());
                        }
                    }
                    4 => {
                        disk.finish_sync();
                        model.durable = model.sync_to.take().unwrap_or(model.durable);
                    }
                    _ => {
                        let lost = usize::from(amount) % (disk.unsynced() + 1);
                        disk.crash(lost);
                        let kept = model.log.len() - lost;
                        model.log.truncate(kept);
                        model.durable = kept;
                        model.sync_to = None;
                        next = model.log.last().map_or(Token::NONE, |&(token, _)| token);
                    }
                }
                let tokens: Vec<Token> = disk.durable().iter().map(|stored| stored.token).collect();
                let last = model.log[..model.durable].last();
                if tokens != model.tokens()
                    || disk.unsynced() != model.log.len() - model.durable
                    || disk.durable_to() != last.map_or(Token::NONE, |&(token, _)| token)
                {
                    return false;
                }
            }
            true
        }
    }

    #[test]
    fn a_sync_covers_only_what_was_there_when_it_started() {
        let mut disk = Disk::new();
        assert!(disk.append(Token(1), 'a', None) && disk.start_sync());
        assert!(disk.append(Token(2), 'b', None) && !disk.start_sync());
        assert_eq!(disk.finish_sync(), Token(1));
        assert!(disk.has_unsynced_up_to(Token(2)) && !disk.has_unsynced_up_to(Token(1)));
        assert!(disk.start_sync());
        assert_eq!(disk.finish_sync(), Token(2));
    }

    #[test]
    fn tokens_grow_and_may_skip() {
        let mut disk = Disk::new();
        assert!(disk.append(Token(3), 'a', None) && disk.append(Token(9), 'b', None));
        assert!(!disk.append(Token(9), 'c', None) && !disk.append(Token(8), 'd', None));
        assert_eq!(disk.unsynced(), 2);
    }
}
