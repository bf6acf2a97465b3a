//! The log: a gapless run of batches from index 1 on.
//!
//! One object per batch, not per entry, so that a log written 64 commands at a time is 64 times
//! shorter to search. Terms never fall along it.

use alloc::vec::Vec;

use crate::{Batch, Command, Entries, Index, Position, Term};

/// A replicated log in memory. Finding an entry costs O(log batches), its end O(1).
///
/// ```
/// use raft_core::{Batch, Index, Log, Term};
/// let mut log = Log::new();
/// log.append(Batch::commands(Term(1), Index(1), ["a", "b"].map(|s| s.as_bytes().to_vec())).unwrap());
/// log.append(Batch::blank(Term(2), Index(3)));
/// assert_eq!(log.last().index, Index(3));
/// assert_eq!(log.term_at(Index(2)), Some(Term(1)));
/// log.truncate(Index(2));
/// assert_eq!(log.last().index, Index(1));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Log<T> {
    batches: Vec<Batch<T>>,
}

impl<T> Log<T> {
    /// A log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            batches: Vec::new(),
        }
    }

    /// The position of the last entry; index 0 of term 0 when there is none.
    #[must_use]
    pub fn last(&self) -> Position {
        self.batches
            .last()
            .map_or_else(Position::default, |batch| Position {
                term: batch.term(),
                index: batch.last(),
            })
    }

    /// The batches in order.
    #[must_use]
    pub fn batches(&self) -> &[Batch<T>] {
        &self.batches
    }

    /// The term of the entry at `index`; term 0 at index 0; `None` past the end.
    #[must_use]
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == Index(0) {
            return Some(Term(0));
        }
        self.find(index).map(Batch::term)
    }

    /// The command at `index`: `None` past the end, `Some(None)` for a blank entry.
    #[must_use]
    pub fn command(&self, index: Index) -> Option<Option<&T>> {
        self.find(index).map(|batch| batch.command(index))
    }

    /// The greatest index, at most `limit`, whose term is at most `term`. Index 0 always qualifies.
    /// O(log batches).
    ///
    /// ```
    /// use raft_core::{Batch, Index, Log, Term};
    /// let mut log = Log::new();
    /// log.append(Batch::commands(Term(1), Index(1), [7_u64, 8]).unwrap());
    /// log.append(Batch::blank(Term(4), Index(3)));
    /// assert_eq!(log.last_index_at_most(Term(3), Index(9)), Index(2));
    /// assert_eq!(log.last_index_at_most(Term(4), Index(1)), Index(1));
    /// ```
    #[must_use]
    pub fn last_index_at_most(&self, term: Term, limit: Index) -> Index {
        let low_terms = self.batches.partition_point(|batch| batch.term() <= term);
        let end = low_terms
            .checked_sub(1)
            .and_then(|last| self.batches.get(last))
            .map_or(Index(0), Batch::last);
        end.min(limit)
    }

    fn find(&self, index: Index) -> Option<&Batch<T>> {
        // Nearly every look-up is near the end.
        if let Some(last) = self.batches.last()
            && index >= last.first()
        {
            return (index <= last.last()).then_some(last);
        }
        self.batches.get(self.slot(index)?)
    }

    /// Where the batch with `index` lies. Gallops from the end, where nearly every look-up is: the
    /// first probes stay in cached memory, and an old index still costs O(log batches).
    fn slot(&self, index: Index) -> Option<usize> {
        let (mut end, mut width) = (self.batches.len(), 1_usize);
        loop {
            let start = end.saturating_sub(width);
            let window = self.batches.get(start..end)?;
            let reached = window.first().is_some_and(|batch| batch.first() <= index);
            if reached || start == 0 {
                let inside = window.partition_point(|batch| batch.first() <= index);
                return start.checked_add(inside)?.checked_sub(1);
            }
            end = start;
            width = width.saturating_mul(2);
        }
    }
}

impl<T: Command> Log<T> {
    /// Appends a batch that begins right after the end and whose term is not lower. Anything else
    /// is not appended, and the answer is `false`.
    pub fn append(&mut self, batch: Batch<T>) -> bool {
        let last = self.last();
        let follows = batch.first() == last.index.next() && batch.term() >= last.term;
        if follows {
            self.batches.push(batch);
        }
        follows
    }

    /// Forgets every entry from `from` on.
    pub fn truncate(&mut self, from: Index) {
        let keep = self.batches.partition_point(|batch| batch.last() < from);
        let cut = self
            .batches
            .get(keep)
            .and_then(|batch| batch.slice(batch.first(), from.previous()));
        self.batches.truncate(keep);
        // A cut at index 0 or 1 leaves nothing of the first batch.
        if from > Index(1) {
            self.batches.extend(cut);
        }
    }

    /// The entries from `from` to `to`, both included, batch by batch.
    pub fn range(&self, from: Index, to: Index) -> impl Iterator<Item = Batch<T>> + '_ {
        let start = self.slot(from).unwrap_or(0);
        self.batches
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(move |batch| batch.first() <= to)
            .filter_map(move |batch| batch.slice(from, to))
    }

    /// The entries from `from` on, as one chain within both limits, but at least one entry if there
    /// is any. The commands are shared, not copied.
    ///
    /// ```
    /// use raft_core::{Batch, Index, Log, Term};
    /// let mut log = Log::new();
    /// log.append(Batch::commands(Term(1), Index(1), [7_u64, 8, 9]).unwrap());
    /// log.append(Batch::blank(Term(2), Index(4)));
    /// assert_eq!(log.chain_from(Index(2), 100, 100).len(), 3);
    /// assert_eq!(log.chain_from(Index(2), 100, 8).len(), 1, "a command of 8 bytes");
    /// assert_eq!(log.chain_from(Index(2), 100, 1).len(), 1, "at least one");
    /// assert!(log.chain_from(Index(5), 100, 100).is_empty());
    /// ```
    #[must_use]
    pub fn chain_from(&self, from: Index, entries_max: usize, bytes_max: usize) -> Entries<T> {
        let mut chain = Entries::none();
        let (mut entries_left, mut bytes_left) = (entries_max, bytes_max);
        for batch in self.range(from, self.last().index) {
            let piece = batch.beginning(entries_left, bytes_left);
            let whole = piece.len() == batch.len();
            let fits = piece.len() <= entries_left && piece.weight_bytes() <= bytes_left;
            if !chain.is_empty() && !fits {
                break;
            }
            entries_left = entries_left.saturating_sub(piece.len());
            bytes_left = bytes_left.saturating_sub(piece.weight_bytes());
            // A range of a log is a chain by construction.
            if chain.push(piece).is_err() || !whole || entries_left == 0 {
                break;
            }
        }
        chain
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_found_in_a_log_of_uneven_batches() {
        let mut log = Log::<u64>::new();
        let (mut first, mut terms) = (1, std::vec![0]);
        for length in [1, 3, 1, 7, 2, 1, 1, 5, 64, 1, 2] {
            let term = Term(first);
            let batch = Batch::commands(term, Index(first), 0..length);
            assert!(batch.is_some_and(|batch| log.append(batch)));
            terms.extend((0..length).map(|_| term.0));
            first += length;
        }
        for (index, &term) in (0..).zip(&terms) {
            assert_eq!(log.term_at(Index(index)), Some(Term(term)), "at {index}");
        }
        assert_eq!(log.term_at(Index(first)), None);
        assert_eq!(log.term_at(Index(u64::MAX)), None);
    }
}
