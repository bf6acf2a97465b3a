//! What a set knows of one server's writes.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::num::NonZeroU64;

use crate::{Defect, Dot};

/// The writes of one actor: how many are known, and the values of the last few, oldest first.
///
/// There are never more values than writes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry<A, V> {
    pub(crate) actor: A,
    pub(crate) counter: NonZeroU64,
    pub(crate) values: Vec<V>,
}

/// An entry as others see it; that of a context has no values.
pub(crate) struct Walk<'a, A, V> {
    pub(super) actor: &'a A,
    pub(super) counter: NonZeroU64,
    pub(super) values: &'a [V],
}

impl<A, V> Entry<A, V> {
    /// The entry with these values, newest first.
    pub(crate) fn new(actor: A, counter: u64, mut values: Vec<V>) -> Result<Self, Defect> {
        let counter = NonZeroU64::new(counter).ok_or(Defect::ZeroCounter)?;
        if values.len() as u64 > counter.get() {
            return Err(Defect::TooMany);
        }
        values.reverse();
        Ok(Self {
            actor,
            counter,
            values,
        })
    }

    pub(crate) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &V> + '_ {
        self.values.iter().rev()
    }

    /// The values with their writes, newest first.
    pub(super) fn dots(&self) -> impl Iterator<Item = (Dot<&A>, &V)> + '_ {
        let counters = (1..=self.counter.get()).rev().filter_map(NonZeroU64::new);
        counters.zip(self.newest_first()).map(|(counter, value)| {
            let actor = &self.actor;
            (Dot { actor, counter }, value)
        })
    }

    pub(super) fn as_walk(&self) -> Walk<'_, A, V> {
        Walk {
            actor: &self.actor,
            counter: self.counter,
            values: &self.values,
        }
    }

    /// How many values the join with `other` has: those that neither knows to be overwritten.
    pub(super) fn kept(&self, other: &Walk<'_, A, V>) -> usize {
        let counter = self.counter.max(other.counter).get();
        let overwritten = overwritten(self.counter, &self.values);
        let overwritten = overwritten.max(overwritten_of(other));
        let kept = counter.saturating_sub(overwritten);
        // The side with the greater counter has the values of at least as many last writes.
        usize::try_from(kept).unwrap_or(usize::MAX)
    }

    pub(super) fn join(&mut self, other: &Walk<'_, A, V>, copy: impl Fn(&[V]) -> Vec<V>) {
        let kept = self.kept(other);
        if other.counter > self.counter {
            self.counter = other.counter;
            self.values = copy(last(other.values, kept));
        } else {
            let dropped = self.values.len().saturating_sub(kept);
            self.values.drain(..dropped);
        }
    }
}

impl<A: Clone, V> Walk<'_, A, V> {
    pub(super) fn to_entry(&self, copy: impl Fn(&[V]) -> Vec<V>) -> Entry<A, V> {
        Entry {
            actor: self.actor.clone(),
            counter: self.counter,
            values: copy(self.values),
        }
    }
}

/// How many writes are known, and how many of them to be overwritten.
pub(super) fn reach<A, V>(entry: Option<&Entry<A, V>>) -> (u64, u64) {
    entry.map_or((0, 0), |entry| {
        let overwritten = overwritten(entry.counter, &entry.values);
        (entry.counter.get(), overwritten)
    })
}

/// Calls `visit` for each actor of either list, both in the order of their actors.
pub(super) fn pairs<'a, A: Ord, V>(
    mut own: &'a [Entry<A, V>],
    mut other: &'a [Entry<A, V>],
    mut visit: impl FnMut(Option<&'a Entry<A, V>>, Option<&'a Entry<A, V>>),
) {
    loop {
        let order = match (own.first(), other.first()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.actor.cmp(&b.actor),
        };
        let (mut left, mut right) = (None, None);
        if order.is_le() {
            (left, own) = split_first(own);
        }
        if order.is_ge() {
            (right, other) = split_first(other);
        }
        visit(left, right);
    }
}

fn split_first<T>(items: &[T]) -> (Option<&T>, &[T]) {
    items
        .split_first()
        .map_or((None, items), |(first, rest)| (Some(first), rest))
}

fn overwritten_of<A, V>(entry: &Walk<'_, A, V>) -> u64 {
    overwritten(entry.counter, entry.values)
}

const fn overwritten<V>(counter: NonZeroU64, values: &[V]) -> u64 {
    counter.get().saturating_sub(values.len() as u64)
}

fn last<V>(values: &[V], count: usize) -> &[V] {
    let start = values.len().saturating_sub(count);
    values.get(start..).unwrap_or_default()
}

/// The count and the values, newest first, such as `3 [v3, v2]`.
impl<A, V: fmt::Debug> fmt::Debug for Entry<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.counter)?;
        f.debug_list().entries(self.newest_first()).finish()
    }
}
