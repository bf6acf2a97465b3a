//! The values of one key that nobody has overwritten yet, and what is known of all that were.
//!
//! A dotted version vector set (Almeida, Baquero, Gonçalves, Preguiça and Fonte 2014, section 4) has
//! an entry for each server that took writes: its name, the number of its last known write, and the
//! values of its last few writes. Rules, for the entry `(i, n, l)`:
//! - the writes of `i` up to `n` are known; the last `|l|` of them still have their values, the
//!   others were overwritten;
//! - a write at server `i` comes with the context of a read: it overwrites what was read and nothing
//!   else, and gets the number after `n`;
//! - in a merge, the greater `n` and the greater `n - |l|` win: what one side knows to be
//!   overwritten is overwritten. So a merge is a join, and nothing comes back to life.
//!
//! Invariants: entries are in strictly increasing order of their actors; `n` is not 0; `|l|` is at
//! most `n`; there are at most [`DvvSet::ACTORS_MAX`] entries and [`DvvSet::SIBLINGS_MAX`] values; a
//! refused operation changes nothing.

mod context;
mod entry;

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::num::NonZeroU64;

pub use context::ReadContext;
pub(crate) use entry::Entry;
use entry::Walk;

use crate::{Causality, ClockError, Defect, Dot, Refused, kernel};

/// A dotted version vector set: the concurrent values (siblings) of one key of a replicated store.
///
/// A server answers a read with the [`values`](Self::values) and their [`context`](Self::context);
/// the client hands that context back with its write, to [`update`](Self::update). Two writes of which
/// neither saw the other both stay, until a write that has seen both replaces them. So there are
/// never more siblings than concurrent writes: a client that reads before it writes has at most one.
///
/// `A` names the servers, not the clients: the set has an entry for each that ever took a write, and
/// keeps it. Servers that can lose their state must be an [`Actor`](crate::Actor), with a new
/// incarnation after each loss.
///
/// The verbs of the reference implementation (`dvvset`) are here under these names: `sync` is
/// [`merge`](Self::merge), `join` is [`context`](Self::context), `size` is [`len`](Self::len), `ids` is
/// [`actors`](Self::actors), `less` is [`happened_before`](Self::happened_before). Two differ. There are no values
/// without a dot: every write goes through [`update`](Self::update). And a winner is not kept by
/// dropping the others in place, which would give the winner's value to the last loser's dot, so that
/// replicas could differ for ever: [`reconcile`](Self::reconcile) is a write like any other.
///
/// **A forged context.** A client that invents a context can do what any client with the right to
/// write can do, overwrite every sibling, and more: it can claim writes that do not exist yet. These
/// are then taken for overwritten when they come, and a claim of the greatest number leaves a server
/// without numbers for this key. The server that is asked notices claims about itself
/// ([`ClockError::ContextAhead`]), and nothing wraps or panics. Against claims about others, let
/// clients carry contexts that they cannot change (signed, or kept by the server), or refuse what
/// this replica does not [cover](Self::covers).
///
/// Space: 32 bytes an entry, the actor, and the values.
///
/// Sources: Almeida, Baquero, Gonçalves, Preguiça and Fonte, "Scalable and Accurate Causality Tracking
/// for Eventually Consistent Stores" (2014); Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted
/// Version Vectors: Logical Clocks for Optimistic Replication" (2010).
///
/// ```
/// use clocks::{DvvSet, ReadContext};
///
/// let mut cart = DvvSet::new();
/// // Two clients write, and neither has read.
/// cart.update(&ReadContext::new(), &"server", "milk")?;
/// cart.update(&ReadContext::new(), &"server", "eggs")?;
/// assert!(cart.values().eq(&["eggs", "milk"]));
///
/// // A third has read both, and replaces both.
/// let context = cart.context();
/// cart.update(&context, &"server", "milk and eggs")?;
/// assert!(cart.values().eq(&["milk and eggs"]));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DvvSet<A, V> {
    entries: Vec<Entry<A, V>>,
}

impl<A, V> DvvSet<A, V> {
    /// The most actors of a set, also when it is decoded.
    pub const ACTORS_MAX: usize = 1 << 16;

    /// The most values of a set, also when it is decoded.
    ///
    /// Only that many writes without a read between them reach it; a write with the context of a
    /// read makes room again.
    pub const SIBLINGS_MAX: usize = 1 << 16;

    /// A key before any write.
    ///
    /// ```
    /// assert!(clocks::DvvSet::<u64, &str>::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// The siblings: by actor, and the newest of each actor first. The same order at every replica
    /// that has the same siblings.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"b", 1)?;
    /// set.update(&ReadContext::new(), &"a", 2)?;
    /// set.update(&ReadContext::new(), &"a", 3)?;
    /// assert!(set.values().eq(&[3, 2, 1]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + '_ {
        self.entries.iter().flat_map(Entry::newest_first)
    }

    /// The siblings with the writes that made them, in the order of [`values`](Self::values).
    ///
    /// ```
    /// use clocks::{Dot, DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"a", "milk")?;
    /// assert!(set.iter().eq([(Dot::new(&"a", 1).unwrap(), &"milk")]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Dot<&A>, &V)> + '_ {
        self.entries.iter().flat_map(Entry::dots)
    }

    /// Every actor that took a write, with the number of its last known one, in increasing order.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"a", "milk")?;
    /// assert!(set.actors().eq([(&"a", 1)]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn actors(&self) -> impl ExactSizeIterator<Item = (&A, u64)> + DoubleEndedIterator + '_ {
        let entries = self.entries.iter();
        entries.map(|entry| (&entry.actor, entry.counter.get()))
    }

    /// How many siblings there are: 1 if there is no conflict. O(actors).
    ///
    /// ```
    /// assert_eq!(clocks::DvvSet::<u64, &str>::new().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.iter().map(|entry| entry.values.len()).sum()
    }

    /// Whether there is no value: none was written, or all were removed. O(actors).
    ///
    /// ```
    /// assert!(clocks::DvvSet::<u64, &str>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|entry| entry.values.is_empty())
    }

    /// The entries, in the order of their actors.
    pub(crate) fn entries(&self) -> &[Entry<A, V>] {
        &self.entries
    }
}

impl<A: Ord + Clone, V> DvvSet<A, V> {
    /// What a reader of this replica has seen: to be handed back with its write. O(actors).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// let stale = set.context();
    /// let first = set.update(&stale, &"a", 1)?;
    /// assert!(set.context().contains(&first));
    /// assert!(!stale.contains(&first), "a context is of its read, and does not grow");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn context(&self) -> ReadContext<A> {
        ReadContext::from_sorted(self.entries.iter().map(|entry| Dot {
            actor: entry.actor.clone(),
            counter: entry.counter,
        }))
    }

    /// Writes a value at the server `actor`, in the place of all that the context has seen.
    ///
    /// Gives the write a name, and leaves every sibling that the writer had not seen. Each server
    /// writes under its own name only. O(actors + siblings).
    ///
    /// # Errors
    ///
    /// The value is handed back with
    /// - [`ClockError::ContextAhead`] if the context has seen writes of `actor` that this replica has
    ///   not: the context is forged, or the server has lost its state and must go on under another
    ///   [incarnation](crate::Actor);
    /// - [`ClockError::CounterExhausted`] if `actor` has no number left;
    /// - [`ClockError::TooManyActors`] or [`ClockError::TooManySiblings`] above the limits.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"server", "old")?;
    /// let context = set.context();
    /// set.update(&context, &"server", "new")?;
    /// set.update(&context, &"server", "also new")?;
    /// assert!(set.values().eq(&["also new", "new"]), "neither had seen the other");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn update(
        &mut self,
        context: &ReadContext<A>,
        actor: &A,
        value: V,
    ) -> Result<Dot<A>, Refused<V>> {
        match self.prepare(context, actor) {
            Ok(dot) => {
                self.absorb(context.seen(), |_| Vec::new());
                self.push(dot.clone(), value);
                Ok(dot)
            }
            Err(error) => Err(Refused { value, error }),
        }
    }

    /// Removes all that the context has seen, at the server `actor`, and tells if something changed.
    ///
    /// A removal needs no write of its own: what the reader saw is gone here at once, and everywhere
    /// with the next merge; what it had not seen stays. O(actors + siblings).
    ///
    /// # Errors
    ///
    /// [`ClockError::ContextAhead`] and [`ClockError::TooManyActors`] as for
    /// [`update`](Self::update).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"server", "seen")?;
    /// let context = set.context();
    /// set.update(&ReadContext::new(), &"server", "not seen")?;
    /// assert!(set.remove(&context, &"server")?);
    /// assert!(set.values().eq(&["not seen"]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn remove(&mut self, context: &ReadContext<A>, actor: &A) -> Result<bool, ClockError> {
        self.check_ahead(context, actor)?;
        let outcome = self.foresee(context.seen());
        Self::check_limits(outcome.actors, outcome.siblings)?;
        Ok(outcome.is_change && self.absorb(context.seen(), |_| Vec::new()))
    }

    /// Writes, at the server `actor`, one value in the place of all siblings: what `resolve` makes of
    /// them, newest of each actor first.
    ///
    /// The others learn of it as of any write; a sibling that they have and this replica had not
    /// stays. O(actors + siblings).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`], [`ClockError::TooManyActors`].
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"server", 3)?;
    /// set.update(&ReadContext::new(), &"server", 4)?;
    /// set.reconcile(&"server", |siblings| siblings.sum())?;
    /// assert!(set.values().eq(&[7]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn reconcile(
        &mut self,
        actor: &A,
        resolve: impl FnOnce(&mut dyn Iterator<Item = &V>) -> V,
    ) -> Result<Dot<A>, Refused<V>> {
        let value = resolve(&mut self.values());
        let context = self.context();
        self.update(&context, actor, value)
    }

    /// The greatest sibling by an order such as that of wall-clock times; of equals, the one that
    /// [`values`](Self::values) names last, at every replica the same. None without siblings.
    ///
    /// Only a choice for the reader: the others stay until a write replaces them.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// set.update(&ReadContext::new(), &"a", (1_200, "new"))?;
    /// set.update(&ReadContext::new(), &"b", (1_100, "old"))?;
    /// assert_eq!(set.last_writer_wins(|a, b| a.0.cmp(&b.0)), Some(&(1_200, "new")));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn last_writer_wins(&self, mut order: impl FnMut(&V, &V) -> Ordering) -> Option<&V> {
        self.values().max_by(|a, b| order(a, b))
    }

    /// Learns all that another replica knows, and tells if something changed.
    ///
    /// Keeps a value unless one of the two knows that it was overwritten. One dot must never stand for
    /// two values: see [`Actor`](crate::Actor). O(actors + siblings of both).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyActors`] or [`ClockError::TooManySiblings`] above the limits.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut paris = DvvSet::new();
    /// paris.update(&ReadContext::new(), &"paris", "milk")?;
    /// let mut rome = paris.clone();
    /// rome.update(&rome.context(), &"rome", "eggs")?;
    /// assert!(paris.merge(&rome)?);
    /// assert!(paris.values().eq(&["eggs"]), "rome had seen the milk");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError>
    where
        V: Clone,
    {
        let entries = || other.entries.iter().map(Entry::as_walk);
        let outcome = self.foresee(entries());
        Self::check_limits(outcome.actors, outcome.siblings)?;
        Ok(outcome.is_change && self.absorb(entries(), <[V]>::to_vec))
    }

    /// How the knowledge of this replica stands to that of the other. O(actors).
    ///
    /// A replica is before another that knows all its writes, and that they were overwritten or
    /// removed wherever it knows that itself.
    ///
    /// ```
    /// use clocks::{Causality, DvvSet, ReadContext};
    ///
    /// let mut paris = DvvSet::new();
    /// let mut rome = paris.clone();
    /// paris.update(&ReadContext::new(), &"paris", 1)?;
    /// assert_eq!(rome.compare(&paris), Causality::Before);
    /// rome.update(&ReadContext::new(), &"rome", 2)?;
    /// assert_eq!(rome.compare(&paris), Causality::Concurrent);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        let (mut less, mut greater) = (false, false);
        entry::pairs(&self.entries, &other.entries, |own, other| {
            let (own, other) = (entry::reach(own), entry::reach(other));
            less |= own.0 < other.0 || own.1 < other.1;
            greater |= own.0 > other.0 || own.1 > other.1;
        });
        match (less, greater) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (true, true) => Causality::Concurrent,
        }
    }

    /// Whether this replica is stale beside the other, which knows all that this one knows, and
    /// more. O(actors).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let old = DvvSet::new();
    /// let mut new = old.clone();
    /// new.update(&ReadContext::new(), &"server", "milk")?;
    /// assert!(old.happened_before(&new) && !new.happened_before(&old));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each replica knows something that the other does not. O(actors).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let (mut paris, mut rome) = (DvvSet::new(), DvvSet::new());
    /// paris.update(&ReadContext::new(), &"paris", 1)?;
    /// rome.update(&ReadContext::new(), &"rome", 2)?;
    /// assert!(paris.is_concurrent(&rome));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    /// Whether this replica knows every write that the context has seen. A strict server refuses
    /// other contexts until a merge has brought the writes. O(entries of the context · log actors).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut paris = DvvSet::new();
    /// let rome = paris.clone();
    /// paris.update(&ReadContext::new(), &"paris", "milk")?;
    /// assert!(paris.covers(&paris.context()));
    /// assert!(!rome.covers(&paris.context()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn covers(&self, context: &ReadContext<A>) -> bool {
        let mut seen = context.iter();
        seen.all(|(actor, counter)| counter <= self.get(actor))
    }

    /// Whether the write is known here, overwritten or not. O(log actors).
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let mut set = DvvSet::new();
    /// let first = set.update(&ReadContext::new(), &"server", "old")?;
    /// set.update(&set.context(), &"server", "new")?;
    /// assert!(set.contains(&first), "known, though its value is gone");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, write: &Dot<A>) -> bool {
        write.number() <= self.get(&write.actor)
    }

    /// The number of the last known write of the actor, 0 if there is none. O(log actors).
    ///
    /// ```
    /// assert_eq!(clocks::DvvSet::<_, &str>::new().get(&"server"), 0);
    /// ```
    #[must_use]
    pub fn get(&self, actor: &A) -> u64 {
        let entry = self.search(actor).ok().and_then(|at| self.entries.get(at));
        entry.map_or(0, |entry| entry.counter.get())
    }

    /// The set of these entries.
    pub(crate) fn from_entries(entries: Vec<Entry<A, V>>) -> Result<Self, Defect> {
        let set = Self { entries };
        if Self::check_limits(set.entries.len(), set.len()).is_err() {
            return Err(Defect::TooMany);
        }
        if !set.entries.is_sorted_by(|a, b| a.actor < b.actor) {
            return Err(Defect::NotSorted);
        }
        Ok(set)
    }

    /// The name that a write of `actor` would get, if it is allowed.
    fn prepare(&self, context: &ReadContext<A>, actor: &A) -> Result<Dot<A>, ClockError> {
        self.check_ahead(context, actor)?;
        let dot = kernel::next(actor.clone(), self.get(actor))?;
        let outcome = self.foresee(context.seen());
        // After the check above, an actor of the context that is new here is not this one.
        let is_first = usize::from(self.search(actor).is_err());
        let actors = outcome.actors.saturating_add(is_first);
        Self::check_limits(actors, outcome.siblings.saturating_add(1))?;
        Ok(dot)
    }

    fn check_ahead(&self, context: &ReadContext<A>, actor: &A) -> Result<(), ClockError> {
        let (claimed, known) = (context.get(actor), self.get(actor));
        if claimed > known {
            return Err(ClockError::ContextAhead { claimed, known });
        }
        Ok(())
    }

    fn check_limits(actors: usize, siblings: usize) -> Result<(), ClockError> {
        let (actors_max, siblings_max) = (Self::ACTORS_MAX, Self::SIBLINGS_MAX);
        if actors > actors_max {
            return Err(ClockError::TooManyActors { actors, actors_max });
        }
        if siblings > siblings_max {
            return Err(ClockError::TooManySiblings {
                siblings,
                siblings_max,
            });
        }
        Ok(())
    }

    /// What absorbing the entries, in the order of their actors, would lead to.
    fn foresee<'a>(&self, others: impl Iterator<Item = Walk<'a, A, V>>) -> Outcome
    where
        A: 'a,
        V: 'a,
    {
        let mut outcome = Outcome {
            actors: self.entries.len(),
            siblings: self.len(),
            is_change: false,
        };
        for other in others {
            let own = self.search(other.actor).ok();
            let Some(own) = own.and_then(|at| self.entries.get(at)) else {
                outcome.actors = outcome.actors.saturating_add(1);
                outcome.siblings = outcome.siblings.saturating_add(other.values.len());
                outcome.is_change = true;
                continue;
            };
            let kept = own.kept(&other);
            // The own values are part of the sum.
            outcome.siblings = (outcome.siblings - own.values.len()).saturating_add(kept);
            outcome.is_change |= other.counter > own.counter || kept < own.values.len();
        }
        outcome
    }

    /// Joins the entries, in the order of their actors, into the own ones. The values of an entry are
    /// copied by `copy`. Always true, for "changed".
    fn absorb<'a>(
        &mut self,
        others: impl Iterator<Item = Walk<'a, A, V>>,
        copy: impl Fn(&[V]) -> Vec<V>,
    ) -> bool
    where
        A: 'a,
        V: 'a,
    {
        let mut others = others.peekable();
        let mut at = 0;
        // In place, as long as no actor is new.
        while let (Some(own), Some(other)) = (self.entries.get_mut(at), others.peek()) {
            match own.actor.cmp(other.actor) {
                Ordering::Less => {}
                Ordering::Equal => {
                    own.join(other, &copy);
                    others.next();
                }
                Ordering::Greater => break,
            }
            at += 1;
        }
        if others.peek().is_none() {
            return true;
        }
        let mut own = self.entries.split_off(at).into_iter().peekable();
        for other in others {
            while let Some(entry) = own.next_if(|entry| entry.actor < *other.actor) {
                self.entries.push(entry);
            }
            self.entries
                .push(match own.next_if(|entry| entry.actor == *other.actor) {
                    Some(mut entry) => {
                        entry.join(&other, &copy);
                        entry
                    }
                    None => other.to_entry(&copy),
                });
        }
        self.entries.extend(own);
        true
    }

    /// Adds the value of a write that comes right after the last known one of its actor.
    fn push(&mut self, dot: Dot<A>, value: V) {
        let Dot { actor, counter } = dot;
        match self.search(&actor) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    debug_assert_eq!(entry.counter.get() + 1, counter.get(), "no gap");
                    entry.counter = counter;
                    entry.values.push(value);
                }
            }
            Err(at) => {
                debug_assert_eq!(counter, NonZeroU64::MIN, "no gap");
                let values = Vec::from([value]);
                self.entries.insert(
                    at,
                    Entry {
                        actor,
                        counter,
                        values,
                    },
                );
            }
        }
    }

    fn search(&self, actor: &A) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.actor.cmp(actor))
    }
}

/// What a merge would lead to.
struct Outcome {
    actors: usize,
    siblings: usize,
    is_change: bool,
}

/// The key before any write.
impl<A, V> Default for DvvSet<A, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The entries, such as `{"a": 3 [v3, v2], "b": 1 []}`.
impl<A: fmt::Debug, V: fmt::Debug> fmt::Debug for DvvSet<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DvvSet ")?;
        let entries = self.entries.iter();
        f.debug_map()
            .entries(entries.map(|entry| (&entry.actor, entry)))
            .finish()
    }
}
