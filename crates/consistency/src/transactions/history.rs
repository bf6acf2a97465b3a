//! A history of transactions, flat: headers, micro-operations of twelve bytes, and interned keys and values.
//!
//! Lists. Reads of a list are long and mostly prefixes of one another, so each key has one *spine*, the longest list
//! read so far of which it was a continuation, and a read that is a prefix of it is stored as its length. One that is
//! not (an incompatible order) is stored whole.

use alloc::{collections::BTreeMap, string::ToString, vec::Vec};

use crate::{Error, Moment, OperationId, ProcessId, Value, history::Lines, intern::Interner};

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ending {
    /// It committed, and its reads are known.
    Committed,
    /// It definitely did not happen: whoever sees its writes saw an aborted read.
    Aborted,
    /// Nobody knows: its writes may be seen, its reads are unknown.
    Indeterminate,
}

/// One step of a transaction, owned: what a reader of files or a harness hands in.
///
/// ```
/// use consistency::transactions::MicroOperation;
///
/// let step = MicroOperation::Append { key: "x".into(), value: 1.into() };
/// assert_eq!(step.key(), &"x".into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MicroOperation {
    /// Append `value` to the list `key`.
    Append {
        /// The list.
        key: Value,
        /// The element.
        value: Value,
    },
    /// Read the list `key`; `None` when nobody heard the answer. An absent list is the empty one.
    ReadList {
        /// The list.
        key: Value,
        /// Its elements, first to last.
        values: Option<Vec<Value>>,
    },
    /// Write `value` to the register `key`.
    Write {
        /// The register.
        key: Value,
        /// Its new value.
        value: Value,
    },
    /// Read the register `key`; `None` when nobody heard the answer. `Some(Value::Nil)`: it was never written (or is an
    /// empty list, where it is one).
    Read {
        /// The register.
        key: Value,
        /// What it held.
        value: Option<Value>,
    },
}

impl MicroOperation {
    /// The key it touches.
    #[must_use]
    pub const fn key(&self) -> &Value {
        match self {
            Self::Append { key, .. }
            | Self::ReadList { key, .. }
            | Self::Write { key, .. }
            | Self::Read { key, .. } => key,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MicroKind {
    /// `value` is the element's number.
    Append,
    /// `value` is a length: the list read is that prefix of the key's spine.
    ReadPrefix,
    /// `value` is a place in the strange lists.
    ReadStrange,
    /// `value` is the value's number.
    Write,
    /// `value` is the value's number; [`Transactions::NIL`] is "never written".
    Read,
    /// A read of which nobody heard the answer.
    ReadUnheard,
}

/// One micro-operation as checkers read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Micro {
    pub(crate) kind: MicroKind,
    pub(crate) key: u32,
    pub(crate) value: u32,
}

impl Micro {
    pub(crate) fn is_write(self) -> bool {
        matches!(self.kind, MicroKind::Write | MicroKind::Append)
    }

    /// Whether it speaks of a list, or of a register; `None` where nobody can tell.
    pub(crate) fn of_list(self) -> Option<bool> {
        match self.kind {
            MicroKind::Append | MicroKind::ReadPrefix | MicroKind::ReadStrange => Some(true),
            MicroKind::Write | MicroKind::Read => Some(false),
            MicroKind::ReadUnheard => None,
        }
    }
}

/// One transaction as checkers read it. Its micro-operations are `first..first + count`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Sessions are counted from zero in the order of their first transactions.
    pub(crate) session: u32,
    pub(crate) ending: Ending,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) call: Moment,
    /// `u64::MAX` unless committed.
    pub(crate) end_position: u64,
    pub(crate) end_time_ns: Option<u64>,
}

/// [`Header::first`] of a transaction that is not complete.
const OPEN: u32 = u32::MAX;

/// A history of transactions. An [`OperationId`] names a transaction: they are counted from zero in the order of
/// their calls, and a session's own order is that order.
///
/// ```
/// use consistency::{Moment, ProcessId};
/// use consistency::transactions::{Builder, Ending, MicroOperation};
///
/// let mut builder = Builder::new();
/// let at = |position| Moment { position, time_ns: None };
/// let first = builder.invoke(ProcessId(0), at(0));
/// let steps = [MicroOperation::Append { key: "x".into(), value: 1.into() }];
/// builder.complete(first, Ending::Committed, Some(at(1)), steps)?;
/// let history = builder.finish();
/// assert_eq!(history.len(), 1);
/// assert_eq!(history.get(first).map(|it| it.process), Some(ProcessId(0)));
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Transactions {
    headers: Vec<Header>,
    micros: Vec<Micro>,
    sessions: Vec<ProcessId>,
    keys: Interner<Value>,
    values: Interner<Value>,
    spines: Vec<Vec<u32>>,
    strange: Vec<Vec<u32>>,
    /// Line of each transaction's begin; empty for a history that was not read.
    lines: Lines,
}

/// One transaction, for people: everything by value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Transaction {
    /// Whose it was.
    pub process: ProcessId,
    /// When it began.
    pub call: Moment,
    /// When it committed; `None` when it did not, or nobody knows.
    pub end: Option<Moment>,
    /// How it ended.
    pub ending: Ending,
    /// What it did.
    pub steps: Vec<MicroOperation>,
}

impl Transactions {
    /// The number of the value "never written".
    pub(crate) const NIL: u32 = 0;

    /// How many transactions.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.headers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// How many sessions.
    #[must_use]
    pub const fn sessions_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many micro-operations.
    #[must_use]
    pub const fn steps_count(&self) -> usize {
        self.micros.len()
    }

    /// One transaction, for people. O(its size).
    #[must_use]
    pub fn get(&self, id: OperationId) -> Option<Transaction> {
        let header = self.headers.get(id.0)?;
        let end = Moment {
            position: header.end_position,
            time_ns: header.end_time_ns,
        };
        Some(Transaction {
            process: self.process(header.session),
            call: header.call,
            end: (header.end_position != u64::MAX).then_some(end),
            ending: header.ending,
            steps: self
                .micros_of(id.0)
                .iter()
                .map(|micro| self.step(*micro))
                .collect(),
        })
    }

    /// The line of the file on which this transaction begins, from 1; `None` when it was not read from a file.
    #[must_use]
    pub fn line(&self, id: OperationId) -> Option<u64> {
        self.lines.get(id.0)
    }

    /// Decides for every key whether it is a list or a register. The first contradiction is the error.
    pub(crate) fn settle_kinds(&self) -> Result<(), Error> {
        let mut is_list: Vec<Option<bool>> = Vec::new();
        is_list.resize(self.keys.len(), None);
        for (place, header) in self.headers.iter().enumerate() {
            let first = header.first as usize;
            let micros = self
                .micros
                .get(first..first.saturating_add(header.count as usize));
            for micro in micros.unwrap_or_default() {
                let shown = match micro.kind {
                    MicroKind::Append | MicroKind::ReadPrefix | MicroKind::ReadStrange => true,
                    MicroKind::Write => false,
                    MicroKind::Read if micro.value != Self::NIL => false,
                    MicroKind::Read | MicroKind::ReadUnheard => continue,
                };
                if let Some(known) = is_list.get_mut(micro.key as usize)
                    && *known.get_or_insert(shown) != shown
                {
                    return Err(Error::KeyOfTwoKinds {
                        line: self.lines.get(place).unwrap_or(0),
                        key: self.key(micro.key).to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    /// "Never written" is said of lists too: there it is a read of the empty list.
    fn settle_empty_lists(&mut self) {
        let is_empty = |micro: &Micro| micro.kind == MicroKind::Read && micro.value == Self::NIL;
        if !self.micros.iter().any(is_empty) {
            return;
        }
        let mut is_list: Vec<bool> = Vec::new();
        is_list.resize(self.keys.len(), false);
        for micro in self.micros.iter().filter(|micro| !is_empty(micro)) {
            if let Some(known) = is_list.get_mut(micro.key as usize) {
                *known |= micro.of_list() == Some(true);
            }
        }
        for micro in self.micros.iter_mut().filter(|micro| is_empty(micro)) {
            if is_list.get(micro.key as usize) == Some(&true) {
                micro.kind = MicroKind::ReadPrefix;
                micro.value = 0;
            }
        }
    }

    /// Makes every read of `initial` from a key to which nobody writes it a read of "never written".
    pub(crate) fn settle_initial(&mut self, initial: Value) {
        let initial = self.values.intern_bounded(initial);
        let mut is_written: Vec<bool> = Vec::new();
        is_written.resize(self.keys.len(), false);
        for micro in &self.micros {
            if micro.kind == MicroKind::Write
                && micro.value == initial
                && let Some(known) = is_written.get_mut(micro.key as usize)
            {
                *known = true;
            }
        }
        for micro in &mut self.micros {
            let is_written = is_written.get(micro.key as usize) == Some(&true);
            if micro.kind == MicroKind::Read && micro.value == initial && !is_written {
                micro.value = Self::NIL;
            }
        }
        self.settle_empty_lists();
    }

    pub(crate) fn headers(&self) -> &[Header] {
        &self.headers
    }

    pub(crate) fn ending(&self, transaction: u32) -> Option<Ending> {
        Some(self.headers.get(transaction as usize)?.ending)
    }

    pub(crate) fn micros_of(&self, transaction: usize) -> &[Micro] {
        self.headers
            .get(transaction)
            .and_then(|header| {
                let first = header.first as usize;
                self.micros
                    .get(first..first.saturating_add(header.count as usize))
            })
            .unwrap_or_default()
    }

    pub(crate) fn process(&self, session: u32) -> ProcessId {
        self.sessions
            .get(session as usize)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn keys_count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn values_count(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn key(&self, number: u32) -> Value {
        self.keys.get(number).cloned().unwrap_or_default()
    }

    pub(crate) fn value(&self, number: u32) -> Value {
        self.values.get(number).cloned().unwrap_or_default()
    }

    /// The longest list read of this key that all its prefixes agree with.
    pub(crate) fn spine(&self, key: u32) -> &[u32] {
        self.spines.get(key as usize).map_or(&[], Vec::as_slice)
    }

    /// The list this micro-operation read; empty for what is no heard read of a list.
    pub(crate) fn list(&self, micro: Micro) -> &[u32] {
        match micro.kind {
            MicroKind::ReadPrefix => self
                .spine(micro.key)
                .get(..micro.value as usize)
                .unwrap_or_default(),
            MicroKind::ReadStrange => self
                .strange
                .get(micro.value as usize)
                .map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    fn step(&self, micro: Micro) -> MicroOperation {
        let key = self.key(micro.key);
        let is_list = !self.spine(micro.key).is_empty();
        match micro.kind {
            MicroKind::Append => MicroOperation::Append {
                key,
                value: self.value(micro.value),
            },
            MicroKind::ReadPrefix | MicroKind::ReadStrange => {
                let list = self.list(micro).iter();
                MicroOperation::ReadList {
                    key,
                    values: Some(list.map(|number| self.value(*number)).collect()),
                }
            }
            MicroKind::Write => MicroOperation::Write {
                key,
                value: self.value(micro.value),
            },
            MicroKind::Read => MicroOperation::Read {
                key,
                value: Some(self.value(micro.value)),
            },
            MicroKind::ReadUnheard if is_list => MicroOperation::ReadList { key, values: None },
            MicroKind::ReadUnheard => MicroOperation::Read { key, value: None },
        }
    }
}

/// Gathers a history of transactions. See [`Transactions`].
#[derive(Clone, Debug)]
pub struct Builder {
    history: Transactions,
    numbers: BTreeMap<ProcessId, u32>,
    scratch: Vec<u32>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        let mut values = Interner::new();
        values.intern_bounded(Value::Nil);
        Self {
            history: Transactions {
                headers: Vec::new(),
                micros: Vec::new(),
                sessions: Vec::new(),
                keys: Interner::new(),
                values,
                spines: Vec::new(),
                strange: Vec::new(),
                lines: Lines::new(),
            },
            numbers: BTreeMap::new(),
            scratch: Vec::new(),
        }
    }

    /// A transaction of `process` begins at `call`. Until it is completed it is indeterminate and has no steps.
    pub fn invoke(&mut self, process: ProcessId, call: Moment) -> OperationId {
        let fresh = self.history.sessions.len() as u32;
        let session = *self.numbers.entry(process).or_insert(fresh);
        if session == fresh {
            self.history.sessions.push(process);
        }
        let id = OperationId(self.history.headers.len());
        self.history.headers.push(Header {
            session,
            ending: Ending::Indeterminate,
            first: OPEN,
            count: 0,
            call,
            end_position: u64::MAX,
            end_time_ns: None,
        });
        id
    }

    /// Says on which line of a file the transaction invoked last begins. Either every transaction has one, or none.
    pub(crate) fn stand_on_line(&mut self, line: u64) {
        self.history.lines.push(line);
    }

    /// How it ended, and what it did: the results of a committed one, the plan of any other. O(its size).
    ///
    /// # Errors
    /// [`Error::NotOpen`] for a transaction that was never invoked or is complete. It is then unchanged.
    pub fn complete(
        &mut self,
        id: OperationId,
        ending: Ending,
        at: Option<Moment>,
        steps: impl IntoIterator<Item = MicroOperation>,
    ) -> Result<(), Error> {
        let refused = Error::NotOpen { operation: id };
        let header = self.history.headers.get(id.0);
        if header.is_none_or(|header| header.first != OPEN) {
            return Err(refused);
        }
        let first = self.history.micros.len();
        for step in steps {
            let micro = self.micro(step);
            self.history.micros.push(micro);
        }
        let count = self.history.micros.len().saturating_sub(first) as u32;
        if let Some(header) = self.history.headers.get_mut(id.0) {
            header.ending = ending;
            header.first = first as u32;
            header.count = count;
            if let (Some(at), Ending::Committed) = (at, ending) {
                header.end_position = at.position.max(header.call.position);
                header.end_time_ns = at.time_ns;
            }
        }
        Ok(())
    }

    /// The history so far. A read of "never written" from a list is one of the empty list. O(its size).
    #[must_use]
    pub fn finish(mut self) -> Transactions {
        self.history.settle_empty_lists();
        self.history
    }

    fn micro(&mut self, step: MicroOperation) -> Micro {
        let (kind, key, value) = match step {
            MicroOperation::Append { key, value } => {
                (MicroKind::Append, self.key(key), self.value(value))
            }
            MicroOperation::Write { key, value } => {
                (MicroKind::Write, self.key(key), self.value(value))
            }
            MicroOperation::Read {
                key,
                value: Some(value),
            } => (MicroKind::Read, self.key(key), self.value(value)),
            MicroOperation::Read { key, value: None }
            | MicroOperation::ReadList { key, values: None } => {
                (MicroKind::ReadUnheard, self.key(key), 0)
            }
            MicroOperation::ReadList {
                key,
                values: Some(values),
            } => return self.list(key, values),
        };
        Micro { kind, key, value }
    }

    fn key(&mut self, key: Value) -> u32 {
        let number = self.history.keys.intern_bounded(key);
        if self.history.spines.len() <= number as usize {
            self.history.spines.push(Vec::new());
        }
        number
    }

    fn value(&mut self, value: Value) -> u32 {
        self.history.values.intern_bounded(value)
    }

    fn list(&mut self, key: Value, values: Vec<Value>) -> Micro {
        let key = self.key(key);
        let mut numbers = core::mem::take(&mut self.scratch);
        numbers.clear();
        numbers.extend(values.into_iter().map(|value| self.value(value)));
        let length = numbers.len() as u32;
        let mut micro = Micro {
            kind: MicroKind::ReadPrefix,
            key,
            value: length,
        };
        if let Some(spine) = self.history.spines.get_mut(key as usize) {
            if numbers.starts_with(spine) {
                spine.extend(numbers.iter().skip(spine.len()));
            } else if !spine.starts_with(&numbers) {
                micro.kind = MicroKind::ReadStrange;
                micro.value = self.history.strange.len() as u32;
                self.history.strange.push(numbers.clone());
            }
        }
        self.scratch = numbers;
        micro
    }
}
