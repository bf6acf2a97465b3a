//! A history taken apart by key, so that keys can be checked one by one, or several at a time.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::fmt;

use super::{
    Limits, Linearization, UnknownReason, Verdict,
    fast::{self, Decision},
    partition::Partition,
    search::{Outcome, Search},
    shrink,
};
use crate::{Model, Operation, OperationId, Shape};

/// Which way a key was decided.
///
/// ```
/// use consistency::{Method, Shape};
///
/// assert_eq!(Method::Search.to_string(), "search");
/// assert_eq!(Method::Fast(Shape::Register).to_string(), "fast check of a register");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Method {
    /// The search, which knows nothing of the object but its model.
    Search,
    /// A check that knows the object, for histories whose values are distinct.
    Fast(Shape),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Search => "search",
            Self::Fast(Shape::Register) => "fast check of a register",
            Self::Fast(Shape::Set) => "fast check of a set",
            Self::Fast(Shape::Queue) => "fast check of a queue",
            Self::Fast(Shape::Stack) => "fast check of a stack",
            Self::Fast(Shape::PriorityQueue) => "fast check of a priority queue",
        })
    }
}

/// A verdict, and which way each key was decided.
///
/// ```
/// use consistency::{Checked, Method, ProcessId, Recorder, Register, RegisterInput, RegisterOutput, Value};
/// use consistency::{Limits, check_linearizable_by_search};
///
/// let mut recorder = Recorder::new();
/// let write = recorder.invoke(ProcessId(0), RegisterInput::write(1), 0)?;
/// recorder.ok(write, RegisterOutput::Done, 1)?;
/// let model = Register::new(Value::Nil);
/// let history = recorder.finish();
/// let checked = check_linearizable_by_search(&model, &history, &Limits::default(), &mut || true);
/// assert!(checked.verdict.holds());
/// assert_eq!(checked.methods, [(None, Method::Search)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checked<K> {
    /// What was found.
    pub verdict: Verdict<K>,
    /// The keys that were decided, ascending, up to the first that is violated.
    pub methods: Vec<(K, Method)>,
}

impl<K> Checked<K> {
    /// The verdict on a history from the verdicts on its keys, which must come in the order of
    /// [`Keys`]: the first violation, else the first key not decided, else the orders of all. It asks for no more
    /// of them than it needs, so an iterator that checks lazily stops at the first violation.
    ///
    /// Herlihy and Wing 1990, theorem 1: a history is linearizable if and only if its part on each object is.
    ///
    /// ```
    /// use consistency::{Checked, Verdict};
    ///
    /// assert!(Checked::<()>::combine([]).verdict.holds());
    /// ```
    pub fn combine(keys: impl IntoIterator<Item = Self>) -> Self {
        let (mut orders, mut methods, mut unknown) = (Vec::new(), Vec::new(), None);
        for checked in keys {
            methods.extend(checked.methods);
            match checked.verdict {
                Verdict::Holds(more) => orders.extend(more.orders),
                verdict @ Verdict::Violated(_) => return Self { verdict, methods },
                Verdict::Unknown { key, reason } => unknown = unknown.or(Some((key, reason))),
            }
        }
        let verdict = match unknown {
            Some((key, reason)) => Verdict::Unknown { key, reason },
            None => Verdict::Holds(Linearization { orders }),
        };
        Self { verdict, methods }
    }
}

/// The keys of a history, each with its operations: what [`split_by_key`] gives.
///
/// Nothing here changes while keys are checked, so threads may share it (it is `Sync` when the model, its keys, inputs
/// and outputs are) and check different keys at the same time. [`Checked::combine`] makes one verdict of the results,
/// the same whoever checked what.
///
/// ```
/// use consistency::{Checked, KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value, split_by_key};
///
/// let mut recorder = Recorder::new();
/// for (process, key) in ["x", "y"].into_iter().enumerate() {
///     let put = recorder.invoke(ProcessId(process as u64), KvInput::put(key, 1), 0)?;
///     recorder.ok(put, KvOutput::Done, 1)?;
/// }
/// let (model, history) = (KeyValue::new(Value::Nil), recorder.finish());
/// let keys = split_by_key(&model, &history);
/// let results: Vec<_> = std::thread::scope(|scope| {
///     let threads: Vec<_> = (0..keys.len())
///         .map(|index| {
///             let keys = &keys;
///             scope.spawn(move || keys.check(index, &Limits::default(), &mut || true))
///         })
///         .collect();
///     threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
/// });
/// assert!(Checked::combine(results).verdict.holds());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Keys<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    keys: Vec<(M::Key, Vec<OperationId>)>,
    is_by_search: bool,
}

/// Sorts the operations of a history by the object they touch: keys ascending, operations in their order.
/// O(n log keys). See [`Keys`] for what it is good for.
///
/// Only linearizability may be checked key by key.
///
/// ```
/// use consistency::{KeyValue, KvInput, OperationId, ProcessId, Recorder, Value, split_by_key};
///
/// let mut recorder = Recorder::<KvInput, _>::new();
/// let y = recorder.invoke(ProcessId(0), KvInput::get("y"), 0)?;
/// let x = recorder.invoke(ProcessId(1), KvInput::get("x"), 0)?;
/// let (model, history) = (KeyValue::new(Value::Nil), recorder.finish());
/// let keys = split_by_key(&model, &history);
/// assert_eq!(keys.keys(), [("x".into(), vec![x]), ("y".into(), vec![y])]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_by_key<'a, M: Model>(
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
) -> Keys<'a, M> {
    let mut keys: BTreeMap<M::Key, Vec<OperationId>> = BTreeMap::new();
    for (place, operation) in history.iter().enumerate() {
        let operations = keys.entry(model.key(&operation.input)).or_default();
        operations.push(OperationId(place));
    }
    Keys {
        model,
        history,
        keys: keys.into_iter().collect(),
        is_by_search: false,
    }
}

impl<M: Model> Keys<'_, M> {
    /// The same keys, all to be decided by the general search, even where a faster check applies.
    #[must_use]
    pub fn by_search(mut self) -> Self {
        self.is_by_search = true;
        self
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the history has no operation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys ascending, each with its operations.
    #[must_use]
    pub fn keys(&self) -> &[(M::Key, Vec<OperationId>)] {
        &self.keys
    }

    /// Decides the key at `index` of [`Keys::keys`]; past the last one there is nothing to decide, and it holds.
    /// `limits` and `keep_going` are as for [`check_linearizable`](crate::check_linearizable).
    pub fn check(
        &self,
        index: usize,
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Checked<M::Key> {
        let Some((key, operations)) = self.keys.get(index) else {
            return Checked::combine([]);
        };
        let fast = match self.model.shape() {
            Some(shape) if !self.is_by_search => {
                let (model, history) = (self.model, self.history);
                fast::decide(model, history, key, operations, limits, keep_going)
                    .map(|decision| (decision, Method::Fast(shape)))
            }
            _ => None,
        };
        let (decision, method) = fast.unwrap_or_else(|| {
            (
                self.search(key, operations, limits, keep_going),
                Method::Search,
            )
        });
        let (verdict, methods) = match decision {
            Decision::Holds(order) => {
                let orders = [(key.clone(), order)].into();
                (
                    Verdict::Holds(Linearization { orders }),
                    [(key.clone(), method)].into(),
                )
            }
            Decision::Violated(violation) => {
                (Verdict::Violated(violation), [(key.clone(), method)].into())
            }
            Decision::Unknown(reason) => {
                let key = key.clone();
                (Verdict::Unknown { key, reason }, Vec::new())
            }
        };
        Checked { verdict, methods }
    }

    fn search(
        &self,
        key: &M::Key,
        operations: &[OperationId],
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Decision<M::Key> {
        let partition = Partition::of(self.model, self.history, key, operations);
        let outcome = Search::new(self.model, &partition, limits, None).run(keep_going);
        match outcome {
            Outcome::Holds(order) => Decision::Holds(order),
            Outcome::Violated(stuck) => Decision::Violated(Box::new(shrink::shrink(
                self.model, partition, stuck, limits, keep_going,
            ))),
            Outcome::Unknown(reason) => Decision::Unknown(reason),
        }
    }

    /// Decides all keys, one after the other, up to the first violation. Once `keep_going` says no, no other key is
    /// begun.
    pub fn check_all(
        &self,
        limits: &Limits,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Checked<M::Key> {
        let mut is_interrupted = false;
        Checked::combine((0..self.len()).map_while(|index| {
            if is_interrupted {
                return None;
            }
            let checked = self.check(index, limits, keep_going);
            is_interrupted = matches!(
                checked.verdict,
                Verdict::Unknown {
                    reason: UnknownReason::Interrupted,
                    ..
                }
            );
            Some(checked)
        }))
    }
}
