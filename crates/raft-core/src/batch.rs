//! Batches: runs of entries of one term that share one allocation, and chains of them.
//!
//! A batch is what a leader appends at once. The log, every message and every record hold the same
//! memory; a part of a batch is a narrower view of it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::size_of_val;

use crate::{Index, Position, Term};

/// What a log entry carries for the application.
///
/// Raft only asks for its weight, to bound the size of an append.
///
/// ```
/// use raft_core::Command;
/// struct Deposit(u64);
/// impl Command for Deposit {}
/// assert_eq!(Deposit(7).weight_bytes(), 8);
/// ```
pub trait Command: Sized {
    /// About how many bytes the command takes on a wire.
    fn weight_bytes(&self) -> usize {
        size_of_val(self)
    }
}

impl Command for () {}
impl Command for u8 {}
impl Command for u32 {}
impl Command for u64 {}

impl Command for transport::Bytes {
    fn weight_bytes(&self) -> usize {
        self.len()
    }
}

impl Command for Vec<u8> {
    fn weight_bytes(&self) -> usize {
        self.len()
    }
}

/// Consecutive entries of one term: commands, or the one blank entry with which a leader begins.
///
/// Never empty. Cloning and slicing share the commands.
///
/// ```
/// use raft_core::{Batch, Index, Term};
/// let batch = Batch::commands(Term(2), Index(5), vec![10_u64, 11, 12]).unwrap();
/// assert_eq!((batch.first(), batch.last(), batch.len()), (Index(5), Index(7), 3));
/// assert_eq!(batch.slice(Index(6), Index(9)).unwrap().entries(), &[11, 12]);
/// assert!(Batch::<u64>::commands(Term(2), Index(5), vec![]).is_none());
/// ```
pub struct Batch<T> {
    term: Term,
    first: Index,
    body: Body<T>,
}

enum Body<T> {
    Blank,
    Commands {
        shared: Arc<[T]>,
        start: usize,
        end: usize,
        weight_bytes: usize,
    },
}

impl<T: Command> Batch<T> {
    /// The blank entry of a new leader.
    #[must_use]
    pub const fn blank(term: Term, index: Index) -> Self {
        Self {
            term,
            first: index,
            body: Body::Blank,
        }
    }

    /// A batch of `commands` from index `first` on; `None` when there are none, when `first` is 0,
    /// or when the indexes would overflow.
    pub fn commands(
        term: Term,
        first: Index,
        commands: impl IntoIterator<Item = T>,
    ) -> Option<Self> {
        let shared: Arc<[T]> = commands.into_iter().collect();
        let count = u64::try_from(shared.len()).ok()?;
        if count == 0 || first == Index(0) || first.0.checked_add(count).is_none() {
            return None;
        }
        let weight_bytes = weight(&shared);
        Some(Self {
            term,
            first,
            body: Body::Commands {
                start: 0,
                end: shared.len(),
                shared,
                weight_bytes,
            },
        })
    }

    /// The part between `from` and `to`, both included; `None` when nothing lies there.
    #[must_use]
    pub fn slice(&self, from: Index, to: Index) -> Option<Self> {
        let (from, to) = (from.max(self.first), to.min(self.last()));
        if from > to {
            return None;
        }
        if from == self.first && to == self.last() {
            return Some(self.clone());
        }
        let Body::Commands { shared, start, .. } = &self.body else {
            return None;
        };
        let start = start.checked_add(usize::try_from(from.0 - self.first.0).ok()?)?;
        let count = usize::try_from(to.0 - from.0).ok()?.checked_add(1)?;
        let end = start.checked_add(count)?;
        let weight_bytes = weight(shared.get(start..end)?);
        Some(Self {
            term: self.term,
            first: from,
            body: Body::Commands {
                shared: Arc::clone(shared),
                start,
                end,
                weight_bytes,
            },
        })
    }

    /// The longest beginning of the batch within both limits, but at least its first entry: an
    /// entry heavier than the limit still has to travel.
    #[must_use]
    pub fn beginning(&self, entries_max: usize, bytes_max: usize) -> Self {
        if self.len() <= entries_max && self.weight_bytes() <= bytes_max {
            return self.clone();
        }
        let mut count = 0_u64;
        let mut bytes = 0_usize;
        for command in self.entries().iter().take(entries_max.max(1)) {
            bytes = bytes.saturating_add(command.weight_bytes());
            if count > 0 && bytes > bytes_max {
                break;
            }
            count += 1;
        }
        self.slice(self.first, self.first.plus(count.saturating_sub(1)))
            .unwrap_or_else(|| self.clone())
    }
}

fn weight<T: Command>(commands: &[T]) -> usize {
    commands
        .iter()
        .fold(0, |sum, command| sum.saturating_add(command.weight_bytes()))
}

impl<T> Batch<T> {
    /// The term of all its entries.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    /// The index of the first entry.
    #[must_use]
    pub const fn first(&self) -> Index {
        self.first
    }

    /// The index of the last entry.
    #[must_use]
    pub fn last(&self) -> Index {
        self.first.plus(self.len() as u64 - 1)
    }

    /// How many entries it holds, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Blank => 1,
            Body::Commands { start, end, .. } => end - start,
        }
    }

    /// The commands in order; none for a blank entry, which still takes one index.
    #[must_use]
    pub fn entries(&self) -> &[T] {
        match &self.body {
            Body::Blank => &[],
            Body::Commands {
                shared, start, end, ..
            } => shared.get(*start..*end).unwrap_or_default(),
        }
    }

    /// The command at `index`; `None` outside the batch and for a blank entry.
    #[must_use]
    pub fn command(&self, index: Index) -> Option<&T> {
        let offset = index.0.checked_sub(self.first.0)?;
        self.entries().get(usize::try_from(offset).ok()?)
    }

    /// Whether it is the blank entry of a new leader.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        matches!(self.body, Body::Blank)
    }

    /// The sum of the commands' weights.
    #[must_use]
    pub const fn weight_bytes(&self) -> usize {
        match &self.body {
            Body::Blank => 0,
            Body::Commands { weight_bytes, .. } => *weight_bytes,
        }
    }
}

impl<T> Clone for Batch<T> {
    fn clone(&self) -> Self {
        Self {
            term: self.term,
            first: self.first,
            body: match &self.body {
                Body::Blank => Body::Blank,
                Body::Commands {
                    shared,
                    start,
                    end,
                    weight_bytes,
                } => Body::Commands {
                    shared: Arc::clone(shared),
                    start: *start,
                    end: *end,
                    weight_bytes: *weight_bytes,
                },
            },
        }
    }
}

// Two batches are equal when they say the same, whatever memory they view.
impl<T: PartialEq> PartialEq for Batch<T> {
    fn eq(&self, other: &Self) -> bool {
        self.term == other.term
            && self.first == other.first
            && self.is_blank() == other.is_blank()
            && self.entries() == other.entries()
    }
}

impl<T: Eq> Eq for Batch<T> {}

impl<T: Hash> Hash for Batch<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.term.hash(state);
        self.first.hash(state);
        self.entries().hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}@{}", self.first, self.last(), self.term.0)?;
        if self.is_blank() {
            f.write_str(" blank")
        } else {
            write!(f, " {:?}", self.entries())
        }
    }
}

/// A gapless chain of batches with terms that never fall: the payload of an append.
///
/// It can only be built valid, from a wire too. The common chain of one batch allocates nothing.
///
/// ```
/// use raft_core::{Batch, Entries, EntriesError, Index, Term};
/// let first = Batch::commands(Term(1), Index(1), [7_u64, 8]).unwrap();
/// let blank = Batch::blank(Term(2), Index(3));
/// let chain = Entries::new([first.clone(), blank.clone()]).unwrap();
/// assert_eq!((chain.len(), chain.last().unwrap()), (3, Index(3)));
/// assert_eq!(Entries::new([blank, first]), Err(EntriesError::Gap));
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Entries<T> {
    head: Option<Batch<T>>,
    tail: Vec<Batch<T>>,
}

/// Why batches are not a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntriesError {
    /// A batch does not begin where the one before it ends.
    #[error("a batch does not begin where the one before it ends")]
    Gap,
    /// A term is lower than the one before it.
    #[error("a term is lower than the one before it")]
    TermFalls,
    /// A batch is empty, begins at index 0, or overflows the index space.
    #[error("a batch is empty, begins at index 0, or overflows the index space")]
    BadBatch,
}

impl<T> Entries<T> {
    /// No entries: a heartbeat.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            head: None,
            tail: Vec::new(),
        }
    }

    /// Chains batches.
    ///
    /// # Errors
    ///
    /// The batches have a gap, or their terms fall.
    pub fn new(batches: impl IntoIterator<Item = Batch<T>>) -> Result<Self, EntriesError> {
        let mut chain = Self::none();
        for batch in batches {
            chain.push(batch)?;
        }
        Ok(chain)
    }

    /// Adds a batch at the end.
    ///
    /// # Errors
    ///
    /// The batch does not follow; the chain stays as it was.
    pub fn push(&mut self, batch: Batch<T>) -> Result<(), EntriesError> {
        if let Some(before) = self.tail.last().or(self.head.as_ref()) {
            if before.last().0.checked_add(1) != Some(batch.first().0) {
                return Err(EntriesError::Gap);
            }
            if batch.term() < before.term() {
                return Err(EntriesError::TermFalls);
            }
            self.tail.push(batch);
        } else {
            self.head = Some(batch);
        }
        Ok(())
    }

    /// The batches in order.
    pub fn batches(&self) -> impl Iterator<Item = &Batch<T>> {
        self.head.iter().chain(&self.tail)
    }

    /// The position of the last entry.
    #[must_use]
    pub fn end(&self) -> Option<Position> {
        let batch = self.tail.last().or(self.head.as_ref())?;
        Some(Position {
            term: batch.term(),
            index: batch.last(),
        })
    }

    /// The position of the first entry.
    #[must_use]
    pub fn start(&self) -> Option<Position> {
        self.head.as_ref().map(|batch| Position {
            term: batch.term(),
            index: batch.first(),
        })
    }

    /// The index of the last entry.
    #[must_use]
    pub fn last(&self) -> Option<Index> {
        self.end().map(|end| end.index)
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches().map(Batch::len).sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.head.is_none()
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self::none()
    }
}

impl<T: fmt::Debug> fmt::Debug for Entries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.batches()).finish()
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use super::{Batch, Body, Command, Entries, EntriesError, Index, Term, Vec};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(rename = "Batch")]
    struct BatchView<'a, T> {
        term: Term,
        first: Index,
        commands: Option<&'a [T]>,
    }

    #[derive(Deserialize)]
    #[serde(rename = "Batch")]
    struct BatchParts<T> {
        term: Term,
        first: Index,
        commands: Option<Vec<T>>,
    }

    impl<T: Serialize> Serialize for Batch<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            BatchView {
                term: self.term,
                first: self.first,
                commands: match self.body {
                    Body::Blank => None,
                    Body::Commands { .. } => Some(self.entries()),
                },
            }
            .serialize(serializer)
        }
    }

    impl<'de, T: Command + Deserialize<'de>> Deserialize<'de> for Batch<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let BatchParts {
                term,
                first,
                commands,
            } = BatchParts::deserialize(deserializer)?;
            let bad = || D::Error::custom(EntriesError::BadBatch);
            match commands {
                Some(commands) => Self::commands(term, first, commands).ok_or_else(bad),
                None if first == Index(0) || first == Index(u64::MAX) => Err(bad()),
                None => Ok(Self::blank(term, first)),
            }
        }
    }

    impl<T: Serialize> Serialize for Entries<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let count = usize::from(self.head.is_some()).saturating_add(self.tail.len());
            let mut sequence = serializer.serialize_seq(Some(count))?;
            for batch in self.batches() {
                serde::ser::SerializeSeq::serialize_element(&mut sequence, batch)?;
            }
            serde::ser::SerializeSeq::end(sequence)
        }
    }

    impl<'de, T: Command + Deserialize<'de>> Deserialize<'de> for Entries<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let batches = Vec::<Batch<T>>::deserialize(deserializer)?;
            Self::new(batches).map_err(D::Error::custom)
        }
    }
}
